//! The stochastic differential equation of SGD, by Euler and Maruyama.

use super::data::Data;
use super::network::{Network, Workspace};
use super::random::Stream;

/// The covariance of the noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Noise {
    /// Σ(θ), that of the per-sample gradients.
    Gradients,
    /// (Tr Σ(θ)/d)·1: as strong, but the same in every direction.
    Isotropic,
}

/// dθ = −∇L_γdt + √(2σ²Σ)dW on finite data.
///
/// With c_i = g_i − ḡ and N independent normal ξ_i, Σ_i c_iξ_i/√N has exactly the
/// covariance Σ: no root of a matrix is needed.
#[derive(Clone, Debug)]
pub struct Diffusion<'a> {
    network: &'a Network,
    data: &'a Data,
    gamma: f64,
    sigma2: f64,
    noise: Noise,
    /// θ, d numbers.
    pub theta: Vec<f64>,
    stream: Stream,
    work: Workspace,
    rows: Vec<f64>,
    mean: Vec<f64>,
    kick: Vec<f64>,
}

impl<'a> Diffusion<'a> {
    /// Starts at θ, d numbers.
    pub fn start(
        network: &'a Network,
        data: &'a Data,
        (gamma, sigma2): (f64, f64),
        noise: Noise,
        theta: Vec<f64>,
        stream: Stream,
    ) -> Self {
        let d = theta.len();
        Self {
            work: network.workspace(1),
            rows: vec![0.0; data.len() * d],
            mean: vec![0.0; d],
            kick: vec![0.0; d],
            network,
            data,
            gamma,
            sigma2,
            noise,
            theta,
            stream,
        }
    }

    /// One step of length `dt`, a time in units of η × steps.
    pub fn step(&mut self, dt: f64) {
        let d = self.theta.len();
        let n = self.data.len();
        let count = n as f64;
        self.mean.fill(0.0);
        for (i, row) in self.rows.chunks_exact_mut(d).enumerate() {
            let (x, y) = self.data.sample(i);
            self.network
                .gradient(&self.theta, x, y, &mut self.work, row);
            for (mean, g) in self.mean.iter_mut().zip(row.iter()) {
                *mean += g / count;
            }
        }
        self.kick.fill(0.0);
        match self.noise {
            Noise::Gradients => {
                let scale = libm::sqrt(2.0 * self.sigma2 * dt / count);
                for row in self.rows.chunks_exact(d) {
                    let xi = scale * self.stream.normal();
                    for ((kick, g), mean) in self.kick.iter_mut().zip(row).zip(&self.mean) {
                        *kick += xi * (g - mean);
                    }
                }
            }
            Noise::Isotropic => {
                let mut trace = 0.0;
                for row in self.rows.chunks_exact(d) {
                    for (g, mean) in row.iter().zip(&self.mean) {
                        trace += (g - mean) * (g - mean) / count;
                    }
                }
                let scale = libm::sqrt(2.0 * self.sigma2 * dt * trace / d as f64);
                for kick in &mut self.kick {
                    *kick = scale * self.stream.normal();
                }
            }
        }
        let decay = 2.0 * self.gamma;
        for ((theta, mean), kick) in self.theta.iter_mut().zip(&self.mean).zip(&self.kick) {
            *theta += kick - dt * (decay * *theta + mean);
        }
    }
}
