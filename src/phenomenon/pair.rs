//! Two adjacent linear maps that a linear teacher trains: the sides of the balance at a
//! global minimum, and the balanced minimum.

use crate::balance::geometric_mean::{geometric_mean, square_root};
use crate::dynamics::{Data, Network, Run, Teacher};
use nalgebra::DMatrix;

/// U (d_y × r) and W (r × d_x).
#[derive(Clone)]
pub struct Pair {
    pub u: DMatrix<f64>,
    pub w: DMatrix<f64>,
}

impl Pair {
    /// Of θ = (U, W), each row by row.
    pub fn of(network: &Network, theta: &[f64]) -> Self {
        let matrix = |l: usize| {
            let (rows, columns) = (network.widths[l], network.widths[l - 1]);
            DMatrix::from_row_slice(rows, columns, &theta[network.range(l)])
        };
        Self {
            u: matrix(2),
            w: matrix(1),
        }
    }

    /// θ.
    pub fn theta(&self) -> Vec<f64> {
        let rows = |m: &DMatrix<f64>| m.transpose().as_slice().to_vec();
        [rows(&self.u), rows(&self.w)].concat()
    }

    /// Tr(Σ_ε)WΣ_xWᵀ and Tr(Σ_x)UᵀΣ_εU: at a global minimum N and M up to the factor 4σ².
    pub fn sides(&self, teacher: &Teacher) -> [DMatrix<f64>; 2] {
        let diagonal = |v: &[f64]| DMatrix::from_diagonal(&v.to_vec().into());
        let (x, e) = (&teacher.input_variance, &teacher.label_variance);
        [
            &self.w * diagonal(x) * self.w.transpose() * e.iter().sum::<f64>(),
            self.u.tr_mul(&(diagonal(e) * &self.u)) * x.iter().sum::<f64>(),
        ]
    }

    /// (UP, P⁻¹W).
    pub fn moved(&self, p: &DMatrix<f64>) -> Option<Self> {
        Some(Self {
            u: &self.u * p,
            w: p.clone().try_inverse()? * &self.w,
        })
    }

    /// The point of the orbit where PᵀMP = P⁻¹NP⁻ᵀ.
    pub fn balanced(&self, n: &DMatrix<f64>, m: &DMatrix<f64>) -> Option<Self> {
        self.moved(&square_root(&geometric_mean(m, n)?)?)
    }

    /// UᵀU − WWᵀ.
    pub fn charge(&self) -> DMatrix<f64> {
        self.u.tr_mul(&self.u) - &self.w * self.w.transpose()
    }

    /// Tr ∇²L = 2(d_y Tr[WΣ_xWᵀ] + ‖U‖²Tr Σ_x), for y = Vx + ε.
    pub fn sharpness(&self, teacher: &Teacher) -> f64 {
        let x = &teacher.input_variance;
        let columns = self.w.column_iter().zip(x);
        let hidden: f64 = columns.map(|(w, x)| w.dot(&w) * x).sum();
        2.0 * (self.u.nrows() as f64 * hidden + self.u.dot(&self.u) * x.iter().sum::<f64>())
    }
}

/// V's samples without label noise: the gradient of the loss is that of the teacher's moments,
/// with d_x samples in place of 2·d_x·d_y.
pub fn clean(teacher: &Teacher) -> Data {
    let (inputs, targets) = (teacher.input_variance.len(), teacher.label_variance.len());
    let noiseless = Teacher {
        label_variance: vec![0.0; targets],
        ..teacher.clone()
    };
    // Without label noise the samples are alike in runs of 2·d_y.
    let all = noiseless.moments();
    let alike = |rows: &[f64], width: usize| {
        let rows = rows.chunks(width).step_by(2 * targets);
        rows.flatten().copied().collect()
    };
    Data {
        inputs,
        targets,
        x: alike(&all.x, inputs),
        y: alike(&all.y, targets),
    }
}

/// Some dozens of roundings of a parameter, which are of the order of 1.
const ROUNDINGS: f64 = 1e-14;

/// Has a descent without noise come to rest? What many steps do not move by more than
/// rounding, as many more do not either: it approaches a minimum exponentially.
pub fn rests(before: &[f64], after: &[f64]) -> bool {
    let moved = before.iter().zip(after).map(|(a, b)| (a - b).abs());
    moved.fold(0.0, f64::max) < ROUNDINGS
}

/// Advances a descent without noise until a hundredth of `steps` leaves it at rest, or all
/// are taken.
pub fn rest(run: &mut Run, steps: u64) {
    let part = steps.div_ceil(100);
    for _ in 0..100 {
        let before = run.theta.clone();
        if !run.advance(part) || rests(&before, &run.theta) {
            return;
        }
    }
}
