//! What is measured along a trajectory.

use super::network::Network;
use crate::balance::Strength;
use nalgebra::DMatrix;

/// W_{l+1}ᵀW_{l+1} − W_lW_lᵀ of the hidden layer 1 ≤ l < D, r × r: the charges of all its
/// symmetric generators. Gradient flow conserves it in a linear network.
pub fn charge(network: &Network, theta: &[f64], l: usize) -> DMatrix<f64> {
    let (up, down) = pair(network, theta, l);
    up.tr_mul(&up) - &down * down.transpose()
}

/// U = W_{l+1} and W = W_l, or what else has the shape of θ.
pub(super) fn pair(network: &Network, theta: &[f64], l: usize) -> (DMatrix<f64>, DMatrix<f64>) {
    let widths = &network.widths;
    let matrix =
        |l: usize| DMatrix::from_row_slice(widths[l], widths[l - 1], &theta[network.range(l)]);
    (matrix(l + 1), matrix(l))
}

/// M and N of the hidden layer 1 ≤ l < D, r × r each: M = 2γUᵀU + σ²N_W and
/// N = 2γWWᵀ + σ²N_U, with the noise of W and U from per-sample gradients (N rows of d).
/// The layer is balanced where M = N (T17); 2(N − M) holds G of each generator.
pub fn pair_sides(
    network: &Network,
    theta: &[f64],
    gradients: &[Vec<f64>],
    strength: &Strength<f64>,
    l: usize,
) -> (DMatrix<f64>, DMatrix<f64>) {
    let (up, down) = pair(network, theta, l);
    let count = gradients.len() as f64;
    let r = network.widths[l];
    let mut mean = vec![0.0; theta.len()];
    for row in gradients {
        mean.iter_mut().zip(row).for_each(|(m, g)| *m += g / count);
    }
    let (mut noise_up, mut noise_down) = (DMatrix::zeros(r, r), DMatrix::zeros(r, r));
    for row in gradients {
        let centred: Vec<f64> = row.iter().zip(&mean).map(|(g, m)| g - m).collect();
        let (u, w) = pair(network, &centred, l);
        noise_up += u.tr_mul(&u) / count;
        noise_down += &w * w.transpose() / count;
    }
    let Strength { gamma, sigma2 } = strength;
    (
        up.tr_mul(&up) * (2.0 * gamma) + noise_down * *sigma2,
        &down * down.transpose() * (2.0 * gamma) + noise_up * *sigma2,
    )
}

/// ⟨P, Q⟩/(‖P‖‖Q‖) in the Frobenius inner product: 1 where P and Q are multiples of each
/// other. 0 if one vanishes.
pub fn alignment(p: &DMatrix<f64>, q: &DMatrix<f64>) -> f64 {
    let size = libm::sqrt(p.dot(p)) * libm::sqrt(q.dot(q));
    if size > 0.0 { p.dot(q) / size } else { 0.0 }
}
