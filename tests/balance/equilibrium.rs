//! The equilibrium against independent routes, and where there is none.

use crate::network::{Data, Draw, Shape, Tensors, balanced, network, tensors};
use nalgebra::DMatrix;
use noise_equilibrium::balance::{Noise, Orbit, Strength};
use noise_equilibrium::checkpoint::{PairStatus, Verdict};
use noise_equilibrium::problem::{Body, Problem};
use noise_equilibrium::scalar::Rational;
use noise_equilibrium::symmetry::Generator;

fn rational(x: f64) -> Rational {
    Rational::from_f64(x).expect("a finite number")
}

fn setting(shape: Shape) -> (Tensors, Tensors) {
    let mut draw = Draw::new(7);
    let before = shape.tensors(&mut draw);
    let data = Data::new(shape, 12, &mut draw);
    let gradients = data.gradients(shape, &before);
    (before, gradients)
}

/// The numbers of neuron j: its row of the kernel in `dense2`, its column in `dense1` and
/// its bias; of sample s.
fn neuron(tensors: &Tensors, j: usize, sample: usize) -> (Vec<f64>, Vec<f64>) {
    let at = |name: &str, k: usize, size: usize| tensors[name].1[sample * size + k];
    let up = (0..3).map(|i| at("dense2.kernel", j * 3 + i, 18));
    let down = (0..4).map(|i| at("dense1.kernel", i * 6 + j, 24));
    (
        up.collect(),
        down.chain([at("dense1.bias", j, 6)]).collect(),
    )
}

/// C1 for each neuron on its own, certified in rationals and intervals.
#[test]
fn a_rescaled_unit_agrees_with_the_certified_solution() {
    let (before, gradients) = setting(Shape::InOut);
    let result = balanced(&before, &Shape::InOut.network(), &gradients);
    let after = tensors(&result.checkpoint.expect("balanced"));
    for j in 0..6 {
        let (up, down) = neuron(&before, j, 0);
        let (new_up, new_down) = neuron(&after, j, 0);
        let rows = (0..12).map(|sample| {
            let (up, down) = neuron(&gradients, j, sample);
            up.into_iter().chain(down).map(rational).collect()
        });
        let generator = Generator::rescaling(8, vec![0, 1, 2], vec![3, 4, 5, 6, 7]);
        let theta = up.iter().chain(&down).copied().map(rational).collect();
        let orbit = Orbit::new(
            generator.expect("a generator"),
            theta,
            Noise::Gradients(rows.collect()),
        );
        let problem = Problem {
            strength: Strength::new(Rational::from((1, 256)), Rational::from((1, 64))).unwrap(),
            body: Body::Orbit(orbit.expect("an orbit")),
        };
        let file =
            serde_json::to_value(problem.solve(30).expect("solved").to_file()).expect("JSON");
        for (new, lower) in new_up.iter().chain(&new_down).zip(0..) {
            let text = file["theta"][lower]["lower"].as_str().expect("a decimal");
            let certified: f64 = text.parse().expect("a number");
            // Each variance adds 12 samples of 3 or 5 numbers, each less a mean of 12; the
            // fourth root divides their relative error by 4, all else is a few roundings.
            let bound = (12.0 * 5.0 / 4.0 + 16.0) * f64::EPSILON * certified.abs();
            assert!(
                (new - certified).abs() <= bound,
                "neuron {j}: {new} and {text}"
            );
        }
        // The control: the opposite sign of λ is nowhere near.
        let inverse = up[0] * up[0] / new_up[0];
        assert!(
            (inverse - new_up[0]).abs() > 1e-3 * new_up[0].abs(),
            "neuron {j}"
        );
    }
}

/// S M S = N with S = P² read off the tensors: T17, without the code that solved it.
#[test]
fn a_turned_pair_satisfies_the_matrix_equation() {
    let (before, gradients) = setting(Shape::Linear);
    let result = balanced(&before, &Shape::Linear.network(), &gradients);
    let after = tensors(&result.checkpoint.expect("balanced"));
    let u = |tensors: &Tensors, sample: usize| {
        DMatrix::from_row_slice(
            4,
            3,
            &tensors["up.weight"].1[12 * sample..12 * (sample + 1)],
        )
    };
    let w = |tensors: &Tensors, sample: usize| {
        let weight = DMatrix::from_row_slice(
            3,
            5,
            &tensors["down.weight"].1[15 * sample..15 * (sample + 1)],
        );
        let bias = &tensors["down.bias"].1[3 * sample..3 * (sample + 1)];
        DMatrix::from_fn(3, 6, |i, j| if j < 5 { weight[(i, j)] } else { bias[i] })
    };
    let average = |f: &dyn Fn(usize) -> DMatrix<f64>| {
        let sum = (1..12).fold(f(0), |sum, sample| sum + f(sample));
        sum / 12.0
    };
    let (mean_u, mean_w) = (
        average(&|s| u(&gradients, s)),
        average(&|s| w(&gradients, s)),
    );
    let noise_u = average(&|s| u(&gradients, s).transpose() * u(&gradients, s))
        - mean_u.transpose() * &mean_u;
    let noise_w = average(&|s| w(&gradients, s) * w(&gradients, s).transpose())
        - &mean_w * mean_w.transpose();
    let (u0, w0) = (u(&before, 0), w(&before, 0));
    let m = u0.transpose() * &u0 / 128.0 + noise_w / 64.0;
    let n = &w0 * w0.transpose() / 128.0 + noise_u / 64.0;
    // U' = UP, so that P = (UᵀU)⁻¹UᵀU'.
    let p = (u0.transpose() * &u0)
        .cholesky()
        .expect("full rank")
        .solve(&(u0.transpose() * u(&after, 0)));
    assert!(
        (&p - p.transpose()).norm() < 1e-12 * p.norm(),
        "P is not symmetric"
    );
    assert!(
        (&p * w(&after, 0) - &w0).norm() < 1e-12 * w0.norm(),
        "W is not P⁻¹W"
    );
    let defect = |s: &DMatrix<f64>| (s * &m * s - &n).norm() / n.norm();
    let s = &p * &p;
    let factor = result.report.pairs[0].factor;
    let condition = libm::pow(factor.largest / factor.smallest, 4.0);
    // P and its square lose the condition of UᵀU and of S.
    let u_values = u0.singular_values();
    let loss = condition * libm::pow(u_values.max() / u_values.min(), 2.0);
    assert!(
        defect(&s) < 64.0 * f64::EPSILON * loss,
        "{:e} with loss {loss:e}",
        defect(&s)
    );
    // The controls: P itself, and the inverse, do not.
    assert!(defect(&p) > 1e-3 && defect(&s.try_inverse().expect("regular")) > 1e-3);
}

/// γ = 0, and a unit that is dead, one whose outgoing weights vanish, and one that lives.
#[test]
fn units_without_an_equilibrium_stay_where_they_are() {
    let shape = Shape::InOut;
    let mut draw = Draw::new(3);
    let mut before = shape.tensors(&mut draw);
    let data = Data::new(shape, 12, &mut draw);
    before.get_mut("dense1.bias").expect("a bias").1[2] = -100.0;
    before.get_mut("dense2.kernel").expect("a kernel").1[12..15].fill(0.0);
    let text = shape.network().replace("1/256", "0");
    let result = balanced(&before, &text, &data.gradients(shape, &before));
    let pair = &result.report.pairs[0];
    assert_eq!(pair.status, PairStatus::PartlyBalanced);
    assert_eq!((&pair.degenerate, &pair.unbounded), (&vec![2], &vec![4]));
    assert!(pair.reason.is_some() && pair.imbalance.after < 1e-12);
    let after = tensors(&result.checkpoint.expect("balanced"));
    for j in 0..6 {
        let still = neuron(&after, j, 0) == neuron(&before, j, 0);
        assert_eq!(still, [2, 4].contains(&j), "neuron {j}");
    }
}

/// More hidden units than outputs: the equilibrium of GL(r) is not determined.
#[test]
fn a_singular_pair_stays_where_it_is() {
    let thin: Tensors = [
        ("up.weight", vec![1, 2], vec![1.0, 2.0]),
        ("down.weight", vec![2, 2], vec![1.0, 0.5, -1.0, 3.0]),
    ]
    .into_iter()
    .map(|(name, shape, xs)| (name.to_owned(), (shape, xs)))
    .collect();
    // ∇_U = g(Wx)ᵀ and ∇_W = Uᵀgxᵀ with g = 1 and x = (1, 0), (0, 1), (1, 1).
    let gradients: Tensors = [
        (
            "up.weight",
            vec![3, 1, 2],
            vec![1.0, -1.0, 0.5, 3.0, 1.5, 2.0],
        ),
        (
            "down.weight",
            vec![3, 2, 2],
            vec![1., 0., 2., 0., 0., 1., 0., 2., 1., 1., 2., 2.],
        ),
    ]
    .into_iter()
    .map(|(name, shape, xs)| (name.to_owned(), (shape, xs)))
    .collect();
    let pair = r#"{ "kind": "linear", "up": "up.weight", "down": "down.weight" }"#;
    let result = balanced(&thin, &network("", pair), &gradients);
    assert_eq!(result.report.pairs[0].status, PairStatus::Degenerate);
    let reason = result.report.pairs[0].reason.as_deref().unwrap_or_default();
    assert!(
        reason.contains("2γUᵀU + σ²N_W is not positive definite"),
        "{reason}"
    );
    assert_eq!(result.report.status, Verdict::NothingMoved);
    assert!(result.checkpoint.is_none());
}

/// A chain of single units: as a ReLU network it balances at once, but sweeps over linear
/// pairs from one end of a long one to the other take too long.
pub fn chain(kind: &str, layers: usize) -> (Tensors, String, Tensors) {
    let name = |k: usize| format!("fc{k}.weight");
    let weight = |k: usize| if k == 0 { 16.0 } else { 1.0 };
    let tensor = |k: usize| (name(k), (vec![1, 1], vec![weight(k)]));
    // T1: the product of a weight with its gradient is the same for all of a chain.
    let gradient = |k: usize| {
        (
            name(k),
            (vec![2, 1, 1], vec![1.0 / weight(k), -1.0 / weight(k)]),
        )
    };
    let pair = |k: usize| {
        format!(
            r#"{{ "kind": "{kind}", "up": "{}", "down": "{}" }}"#,
            name(k + 1),
            name(k)
        )
    };
    let pairs: Vec<String> = (0..layers - 1).map(pair).collect();
    (
        (0..layers).map(tensor).collect(),
        network("", &pairs.join(", ")).replace("1/256", "0"),
        (0..layers).map(gradient).collect(),
    )
}

#[test]
fn a_chain_ends_with_equal_factors_or_says_that_it_does_not() {
    // The product 16 in equal parts.
    for (kind, layers) in [("relu", 4), ("linear", 4), ("relu", 60)] {
        let (before, network, gradients) = chain(kind, layers);
        let result = balanced(&before, &network, &gradients);
        let part = libm::pow(16.0, 1.0 / layers as f64);
        for (_, xs) in tensors(&result.checkpoint.expect("balanced")).values() {
            // An imbalance of 1e-10 between neighbours, over all of the chain.
            assert!(
                (xs[0] - part).abs() < 1e-10 * part * layers as f64,
                "{xs:?}"
            );
        }
    }
    let (before, network, gradients) = chain("linear", 60);
    let result = balanced(&before, &network, &gradients);
    assert_eq!(result.report.status, Verdict::NotBalanced);
    assert!(result.checkpoint.is_none());
    assert!(
        result
            .report
            .pairs
            .iter()
            .any(|pair| pair.status == PairStatus::NotBalanced)
    );
}
