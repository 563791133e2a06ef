//! The noise of one step of the stochastic differential equation.

use crate::Z;
use nalgebra::DMatrix;
use noise_equilibrium::balance::noise::population_covariance;
use noise_equilibrium::dynamics::{Data, Diffusion, Network, Noise, Stream};
use noise_equilibrium::model::Activation;

const SIGMA2: f64 = 0.3;
const DT: f64 = 0.25;
const STEPS: u32 = 20_000;

struct Case {
    network: Network,
    data: Data,
    theta: Vec<f64>,
}

fn case() -> Case {
    let mut stream = Stream::seeded(6, "diffusion", 0);
    let network = Network::new(&[2, 1, 2], Activation::Tanh);
    Case {
        data: Data {
            inputs: 2,
            targets: 2,
            x: stream.normals(16, 1.0),
            y: stream.normals(16, 1.0),
        },
        theta: stream.normals(network.dim(), 1.0),
        network,
    }
}

/// 2σ²Σdt.
fn expected(case: &Case, noise: Noise) -> DMatrix<f64> {
    let rows = case.network.per_sample(&case.theta, &case.data);
    let sigma = population_covariance(&rows);
    let d = case.theta.len();
    let sigma = DMatrix::from_fn(d, d, |i, j| sigma[i][j]);
    let scale = 2.0 * SIGMA2 * DT;
    match noise {
        Noise::Gradients => sigma * scale,
        Noise::Isotropic => DMatrix::identity(d, d) * (sigma.trace() / d as f64 * scale),
    }
}

/// Kicks of many first steps: the step less that without noise.
fn kicks(case: &Case, noise: Noise) -> Vec<Vec<f64>> {
    let step = |sigma2: f64, index: u64| {
        let stream = Stream::seeded(6, "kicks", index);
        let Case {
            network,
            data,
            theta,
        } = case;
        let mut run = Diffusion::start(network, data, (0.1, sigma2), noise, theta.clone(), stream);
        run.step(DT);
        run.theta
    };
    let drift = step(0.0, 0);
    let kick = |index: u32| {
        let moved = step(SIGMA2, u64::from(index));
        moved.iter().zip(&drift).map(|(a, b)| a - b).collect()
    };
    (0..STEPS).map(kick).collect()
}

/// The largest |z| of means and of second moments. A kick is normal with mean 0, so
/// that Var(k_ik_j) = Σ_iiΣ_jj + Σ_ij².
fn worst(kicks: &[Vec<f64>], covariance: &DMatrix<f64>) -> f64 {
    let n = f64::from(STEPS);
    let d = covariance.nrows();
    let mut worst: f64 = 0.0;
    for i in 0..d {
        let mean = kicks.iter().map(|k| k[i]).sum::<f64>() / n;
        worst = worst.max((mean / libm::sqrt(covariance[(i, i)] / n)).abs());
        for j in 0..=i {
            let second = kicks.iter().map(|k| k[i] * k[j]).sum::<f64>() / n;
            let c = covariance[(i, j)];
            let variance = covariance[(i, i)] * covariance[(j, j)] + c * c;
            worst = worst.max(((second - c) / libm::sqrt(variance / n)).abs());
        }
    }
    worst
}

#[test]
fn kicks_have_the_covariance_of_the_gradients() {
    let case = case();
    let kicks = kicks(&case, Noise::Gradients);
    let right = worst(&kicks, &expected(&case, Noise::Gradients));
    assert!(right <= Z, "z = {right}");
    // Neither the isotropic covariance nor half of the right one would pass.
    assert!(worst(&kicks, &expected(&case, Noise::Isotropic)) > Z);
    assert!(worst(&kicks, &(expected(&case, Noise::Gradients) * 0.5)) > Z);
}

#[test]
fn isotropic_kicks_are_as_strong() {
    let case = case();
    let kicks = kicks(&case, Noise::Isotropic);
    let right = worst(&kicks, &expected(&case, Noise::Isotropic));
    assert!(right <= Z, "z = {right}");
    assert!(worst(&kicks, &expected(&case, Noise::Gradients)) > Z);
}
