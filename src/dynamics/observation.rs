//! All that is measured along a trajectory, at one moment.

use super::curvature::{hessian_trace, hutchinson_trace, largest_eigenvalue};
use super::data::Data;
use super::descent::Run;
use super::network::{Network, Normalisation};
use super::observable::{alignment, pair, pair_sides};
use super::random::Stream;
use crate::balance::{BalanceEquation, Spectrum, Strength, Term, setting::Setting, solve};
use crate::model::Symmetric;
use crate::symmetry::Generator;
use nalgebra::DMatrix;

/// What is measured, and how thoroughly.
#[derive(Clone, Debug)]
pub struct Observer<'a> {
    /// The network.
    pub network: &'a Network,
    /// The data that the loss, the noise and the Hessian are taken over.
    pub data: &'a Data,
    /// γ and σ².
    pub strength: Strength<f64>,
    /// Up to this many parameters Tr ∇²L takes d Hessian products, beyond it [`PROBES`].
    pub exact_trace: usize,
    /// Lanczos steps for the largest eigenvalue; 0 leaves all curvature out.
    pub lanczos: usize,
    /// Is θ\* to be looked for at each moment?
    pub equilibrium: bool,
    /// Of the random vectors of both.
    pub seed: u64,
}

/// Random sign vectors of Hutchinson's estimate.
pub const PROBES: usize = 64;

/// One moment of a trajectory. What does not exist there is `None`: curvature at a kink or
/// under a normalisation, θ\* where there is no symmetry or no equilibrium.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// Steps taken.
    pub step: u64,
    /// L, without weight decay.
    pub loss: f64,
    /// ‖W_1‖ … ‖W_D‖. Their squares are the charges of the layers' scalings.
    pub layer_norms: Vec<f64>,
    /// One for each hidden layer.
    pub pairs: Vec<PairObservation>,
    /// Tr ∇²L.
    pub trace: Option<f64>,
    /// Its standard error: 0 where it is exact.
    pub trace_error: Option<f64>,
    /// The largest eigenvalue of ∇²L, from below.
    pub sharpness: Option<f64>,
    /// Where θ is, seen from θ\*.
    pub equilibrium: Option<Distance>,
}

/// Two adjacent layers, W = W_l before and U = W_{l+1} behind the hidden layer l.
#[derive(Clone, Debug, PartialEq)]
pub struct PairObservation {
    /// ‖U‖² − ‖W‖².
    pub charge: f64,
    /// The same of each hidden neuron, the weights behind it less those before it. They are
    /// charges of symmetries where φ is linear or a leaky ReLU, not where it is tanh.
    pub neurons: Vec<f64>,
    /// ‖M − N‖/(‖M‖ + ‖N‖) for the two sides of T17; 0 in balance, at most 1.
    pub imbalance: f64,
    /// Of E\[hhᵀ\] with BᵀΣ_rB: h the hidden layer, B = W_D…W_{l+1}, Σ_r the covariance of
    /// the residuals. (WΣ_xWᵀ and UᵀΣ_εU in a linear network of two layers at its minimum.)
    pub alignment: f64,
    /// 1/κ of T14, in units of time, for U → e^{λ}U, W → e^{−λ}W: SGD needs some 1/(ηκ)
    /// steps. `None` where that orbit has no finite equilibrium.
    pub relaxation_time: Option<f64>,
}

/// θ against the balanced point θ\* of its orbit that [`Setting::minimise`] finds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distance {
    /// ‖θ − θ\*‖. θ\* is unique but for rotations of the hidden layers of a linear
    /// network (T17, T18), to which other choices may be nearer.
    pub euclidean: f64,
    /// Φ(θ) − Φ(θ\*) ≥ 0, which no rotation changes.
    pub potential: f64,
}

impl Observer<'_> {
    /// What there is to see at θ, d numbers, after `step` steps.
    pub fn observe(&self, step: u64, theta: &[f64]) -> Observation {
        let network = self.network;
        let gradients = network.per_sample(theta, self.data);
        let (trace, sharpness) = self.curvature(theta).unzip();
        let (trace, trace_error) = trace.unzip();
        let norm = |l: usize| libm::sqrt(theta[network.range(l)].iter().fold(0.0, squares));
        Observation {
            step,
            loss: network.loss(theta, self.data),
            layer_norms: (1..=network.layers()).map(norm).collect(),
            pairs: (1..network.layers())
                .map(|l| self.pair(theta, &gradients, l))
                .collect(),
            trace,
            trace_error,
            sharpness,
            equilibrium: self.distance(theta, gradients),
        }
    }

    /// Observes a run now and after every `every` ≥ 1 steps, `steps` in all. Ends early
    /// once a parameter is no longer finite; then the last moment is one where all were.
    pub fn follow(&self, run: &mut Run<'_>, steps: u64, every: u64) -> Vec<Observation> {
        let end = run.steps + steps;
        let mut seen = vec![self.observe(run.steps, &run.theta)];
        while run.steps < end {
            if !run.advance(every.max(1).min(end - run.steps)) {
                break;
            }
            seen.push(self.observe(run.steps, &run.theta));
        }
        seen
    }

    /// Tr ∇²L with its standard error, and the largest eigenvalue.
    fn curvature(&self, theta: &[f64]) -> Option<((f64, f64), f64)> {
        if self.lanczos == 0 || self.network.normalisation != Normalisation::None {
            return None;
        }
        let (model, samples) = (self.network.model(), self.data.samples());
        let mut stream = Stream::seeded(self.seed, "curvature", 0);
        let trace = if theta.len() <= self.exact_trace {
            (hessian_trace(&model, &samples, theta)?, 0.0)
        } else {
            let estimates = hutchinson_trace(&model, &samples, theta, PROBES, &mut stream)?;
            let mean = estimates.iter().sum::<f64>() / PROBES as f64;
            let apart = estimates
                .iter()
                .map(|x| x - mean)
                .fold(0.0, |t, x| squares(t, &x));
            (mean, libm::sqrt(apart / ((PROBES - 1) * PROBES) as f64))
        };
        let sharpness = largest_eigenvalue(&model, &samples, theta, self.lanczos, &mut stream)?;
        Some((trace, sharpness))
    }

    fn pair(&self, theta: &[f64], gradients: &[Vec<f64>], l: usize) -> PairObservation {
        let (up, down) = pair(self.network, theta, l);
        let (m, n) = pair_sides(self.network, theta, gradients, &self.strength, l);
        let sizes = m.norm() + n.norm();
        PairObservation {
            charge: up.norm_squared() - down.norm_squared(),
            neurons: (0..down.nrows())
                .map(|j| up.column(j).norm_squared() - down.row(j).norm_squared())
                .collect(),
            imbalance: if sizes > 0.0 {
                (&m - &n).norm() / sizes
            } else {
                0.0
            },
            alignment: self.alignment(theta, l),
            relaxation_time: self.relaxation_time(&up, &down, &m, &n),
        }
    }

    fn alignment(&self, theta: &[f64], l: usize) -> f64 {
        let (network, data) = (self.network, self.data);
        let mut work = network.workspace(data.len());
        let rows = |width: usize, values: &[f64]| {
            DMatrix::from_row_slice(values.len() / width.max(1), width, values)
        };
        let hidden = rows(
            network.widths[l],
            network.hidden(theta, &data.x, l, &mut work),
        );
        let outputs = rows(data.targets, network.outputs(theta, &data.x, &mut work));
        let residual = outputs - rows(data.targets, &data.y);
        let mean = residual.row_mean();
        let centred = DMatrix::from_fn(residual.nrows(), residual.ncols(), |i, j| {
            residual[(i, j)] - mean[j]
        });
        let mut read = pair(network, theta, l).0;
        for above in l + 1..network.layers() {
            read = pair(network, theta, above).0 * read;
        }
        let pulled = centred * read;
        alignment(&hidden.tr_mul(&hidden), &pulled.tr_mul(&pulled))
    }

    /// The pair's orbit has two terms: rate 1 with the noise and charge of U, rate −1 with
    /// those of W; M and N hold them.
    fn relaxation_time(
        &self,
        up: &DMatrix<f64>,
        down: &DMatrix<f64>,
        m: &DMatrix<f64>,
        n: &DMatrix<f64>,
    ) -> Option<f64> {
        let Strength { gamma, sigma2 } = self.strength;
        let charges = [up, down].map(DMatrix::norm_squared);
        // Noise times σ²; that of W stands in M beside the charge of U.
        let noise = [
            n.trace() - 2.0 * gamma * charges[1],
            m.trace() - 2.0 * gamma * charges[0],
        ];
        let term = |side: usize, rate: f64| Term {
            rate,
            noise: if sigma2 > 0.0 {
                (noise[side] / sigma2).max(0.0)
            } else {
                0.0
            },
            charge: charges[side],
        };
        let balance = BalanceEquation {
            spectrum: Spectrum::from_terms(vec![term(0, 1.0), term(1, -1.0)]),
            strength: self.strength.clone(),
        };
        let star = solve(&balance).ok()?.finite()?;
        let time = 1.0 / balance.relaxation_rate(&star);
        time.is_finite().then_some(time)
    }

    fn distance(&self, theta: &[f64], gradients: Vec<Vec<f64>>) -> Option<Distance> {
        let generators: Vec<Generator> = match self.network.normalisation {
            Normalisation::None if self.equilibrium => self.network.model().symmetries(),
            _ => Vec::new(),
        };
        if generators.is_empty() {
            return None;
        }
        let setting = Setting {
            theta: theta.to_vec(),
            gradients,
            strength: self.strength.clone(),
        };
        let found = setting.minimise(&generators).ok()?;
        let apart = theta.iter().zip(&found.setting.theta).map(|(a, b)| a - b);
        Some(Distance {
            euclidean: libm::sqrt(apart.fold(0.0, |t, x| t + x * x)),
            potential: setting.potential() - found.potential,
        })
    }
}

fn squares(total: f64, x: &f64) -> f64 {
    total + x * x
}
