//! Hessians against closed forms of f = UWx, in whole numbers that round nowhere.

use crate::{Z, small};
use nalgebra::{DMatrix, SymmetricEigen};
use noise_equilibrium::dynamics::{
    Data, Network, Stream, hessian_product, hessian_trace, hutchinson_trace, largest_eigenvalue,
};
use noise_equilibrium::model::{Activation, Sample};

const WIDTHS: [usize; 3] = [3, 2, 4];
/// A power of 2: means are exact.
const SAMPLES: usize = 8;

struct Case {
    network: Network,
    data: Data,
    theta: Vec<f64>,
}

impl Case {
    fn drawn(index: u64) -> Self {
        let mut stream = Stream::seeded(3, "curvature", index);
        let network = Network::new(&WIDTHS, Activation::Identity);
        Self {
            data: Data {
                inputs: WIDTHS[0],
                targets: WIDTHS[2],
                x: small(&mut stream, SAMPLES * WIDTHS[0]),
                y: small(&mut stream, SAMPLES * WIDTHS[2]),
            },
            theta: small(&mut stream, network.dim()),
            network,
        }
    }

    fn samples(&self) -> Vec<Sample<f64>> {
        self.data.samples()
    }

    /// U and W of numbers in the shape of θ.
    fn factors(&self, v: &[f64]) -> (DMatrix<f64>, DMatrix<f64>) {
        let [x, r, y] = WIDTHS;
        let (u, w) = v.split_at(y * r);
        (
            DMatrix::from_row_slice(y, r, u),
            DMatrix::from_row_slice(r, x, w),
        )
    }

    /// Σ_x = mean xxᵀ and mean yxᵀ.
    fn moments(&self) -> (DMatrix<f64>, DMatrix<f64>) {
        let x = DMatrix::from_row_slice(SAMPLES, WIDTHS[0], &self.data.x);
        let y = DMatrix::from_row_slice(SAMPLES, WIDTHS[2], &self.data.y);
        let n = SAMPLES as f64;
        (x.tr_mul(&x) / n, y.tr_mul(&x) / n)
    }

    /// With R = UWΣ_x − Σ_yx: ∇L = (2RWᵀ, 2UᵀR), and its derivative along (V, Z).
    fn closed_form(&self, v: &[f64]) -> Vec<f64> {
        let ((u, w), (du, dw)) = (self.factors(&self.theta), self.factors(v));
        let (input, cross) = self.moments();
        let r = &u * &w * &input - cross;
        let dr = (&du * &w + &u * &dw) * &input;
        let up = (&dr * w.transpose() + &r * dw.transpose()) * 2.0;
        let down = (du.transpose() * &r + u.transpose() * &dr) * 2.0;
        let row_by_row = |m: DMatrix<f64>| m.transpose().iter().copied().collect::<Vec<_>>();
        [row_by_row(up), row_by_row(down)].concat()
    }

    /// The whole Hessian, column by column.
    fn hessian(&self) -> DMatrix<f64> {
        let d = self.theta.len();
        let column = |k: usize| {
            let mut unit = vec![0.0; d];
            unit[k] = 1.0;
            self.closed_form(&unit)
        };
        let columns: Vec<f64> = (0..d).flat_map(column).collect();
        DMatrix::from_vec(d, d, columns)
    }
}

#[test]
fn products_with_the_hessian() {
    for index in 0..20 {
        let case = Case::drawn(index);
        let model = case.network.model();
        let mut stream = Stream::seeded(3, "direction", index);
        let v = small(&mut stream, case.theta.len());
        let product = hessian_product(&model, &case.samples(), &case.theta, &v);
        let expected = case.closed_form(&v);
        assert_eq!(product, Some(expected.clone()));
        assert!(expected.iter().any(|x| *x != 0.0));
    }
}

/// Tr ∇²L = 2(d_y Tr[WΣ_xWᵀ] + ‖U‖²Tr Σ_x).
#[test]
fn trace() {
    for index in 0..20 {
        let case = Case::drawn(index);
        let (u, w) = case.factors(&case.theta);
        let (input, _) = case.moments();
        let inner = (&w * &input * w.transpose()).trace();
        let expected = 2.0 * (WIDTHS[2] as f64 * inner + u.norm_squared() * input.trace());
        let model = case.network.model();
        assert_eq!(
            hessian_trace(&model, &case.samples(), &case.theta),
            Some(expected)
        );
        assert_eq!(case.hessian().trace(), expected);
    }
}

/// Each estimate is a whole number over 8 here, and their variance is 2Σ_{i≠j}H_ij².
#[test]
fn random_signs_estimate_the_trace() {
    let case = Case::drawn(0);
    let (model, h) = (case.network.model(), case.hessian());
    let probes = 4000;
    let mut stream = Stream::seeded(3, "probes", 0);
    let estimates = hutchinson_trace(&model, &case.samples(), &case.theta, probes, &mut stream)
        .expect("a smooth loss");
    let n = probes as f64;
    let mean = estimates.iter().sum::<f64>() / n;
    let diagonal: f64 = h.diagonal().norm_squared();
    let variance = 2.0 * (h.norm_squared() - diagonal);
    let z = (mean - h.trace()) / libm::sqrt(variance / n);
    assert!(z.abs() <= Z, "z = {z}");
    // Of four-fold symmetric signs, the fourth moment of vᵀHv is at most 15²-fold its
    // variance squared: the empirical variance is within 5·15/√n of the true one.
    let spread = estimates
        .iter()
        .map(|e| (e - mean) * (e - mean))
        .sum::<f64>()
        / n;
    assert!((spread / variance - 1.0).abs() <= 75.0 / libm::sqrt(n));
    assert!(spread > 0.0);
}

/// Two backward stable methods: each has the eigenvalues of a matrix that differs from H
/// by a few roundings of each entry in each of d steps, d²ε‖H‖ in the Frobenius norm.
#[test]
fn largest_of_the_eigenvalues() {
    for index in 0..20 {
        let case = Case::drawn(index);
        let (model, samples, h) = (case.network.model(), case.samples(), case.hessian());
        let d = case.theta.len();
        let eigenvalues = SymmetricEigen::new(h.clone()).eigenvalues;
        let expected = eigenvalues.max();
        let lanczos = |steps| {
            let mut stream = Stream::seeded(3, "lanczos", index);
            largest_eigenvalue(&model, &samples, &case.theta, steps, &mut stream).expect("smooth")
        };
        let bound = 2.0 * (d * d) as f64 * f64::EPSILON * h.norm();
        let found = lanczos(d);
        assert!((found - expected).abs() <= bound, "{found} and {expected}");
        // Fewer steps see less of it.
        let few: Vec<f64> = [1, 2, 4, 8].into_iter().map(lanczos).collect();
        assert!(few.windows(2).all(|w| w[0] <= w[1] + bound));
        assert!(few[0] < expected - 1e6 * bound);
        assert!(few[3] <= expected + bound);
    }
}

/// H = 0: an invariant subspace at once.
#[test]
fn flat() {
    let case = Case::drawn(0);
    let zero = vec![0.0; case.theta.len()];
    let samples = [Sample {
        input: vec![0.0; WIDTHS[0]],
        target: vec![0.0; WIDTHS[2]],
    }];
    let mut stream = Stream::seeded(3, "flat", 0);
    let model = case.network.model();
    let largest = largest_eigenvalue(&model, &samples, &zero, 8, &mut stream);
    assert_eq!(largest, Some(0.0));
    assert_eq!(hessian_trace(&model, &samples, &zero), Some(0.0));
}

#[test]
fn no_hessian_at_a_kink() {
    let slope = noise_equilibrium::scalar::Rational::from((1, 8));
    let network = Network::new(&[1, 1, 1], Activation::LeakyRelu { slope });
    let (model, mut stream) = (network.model(), Stream::seeded(3, "kink", 0));
    let samples = [Sample {
        input: vec![0.0],
        target: vec![1.0],
    }];
    let theta = [1.0, 1.0];
    assert_eq!(hessian_product(&model, &samples, &theta, &[1.0, 0.0]), None);
    assert_eq!(hessian_trace(&model, &samples, &theta), None);
    assert_eq!(
        hutchinson_trace(&model, &samples, &theta, 1, &mut stream),
        None
    );
    assert_eq!(
        largest_eigenvalue(&model, &samples, &theta, 2, &mut stream),
        None
    );
}
