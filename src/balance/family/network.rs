//! The rescalings of a whole network: one generator for each hidden neuron, and each
//! weight's rates touch at most the two neurons at its ends (C1, T16).

mod block;
mod exponentials;
mod groups;
mod laplacian;
mod layers;
mod pass;
mod sparse;
mod terms;
mod threads;
mod weights;

use crate::balance::{Spectrum, Strength};
use exponentials::temperature;
use groups::flat_groups;
use laplacian::Laplacian;
use pass::Pass;
use thiserror::Error;
use weights::Weights;

/// The rates of one weight: +1 for the neuron that it leaves, −1 for the neuron that it
/// enters, 0 for all others. An input or an output is no neuron.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// The neuron whose outgoing weight it is.
    pub from: Option<u32>,
    /// The neuron whose incoming weight it is.
    pub to: Option<u32>,
}

/// Why a network was not balanced.
#[derive(Debug, Error, Clone, PartialEq)]
pub enum NetworkError {
    /// A neuron that does not exist.
    #[error("spectrum[{term}]: expected neurons below {neurons}, found {found}")]
    Neuron {
        /// The weight.
        term: usize,
        /// How many there are.
        neurons: usize,
        /// What was found.
        found: u32,
    },
    /// A noise or charge that is negative or not finite.
    #[error("spectrum[{term}]: expected noise and charge that are finite and not negative")]
    Term {
        /// The weight.
        term: usize,
    },
    /// The potential has no minimum: it falls for ever along this direction.
    #[error(
        "the potential has no minimum: it falls for ever when neuron {neuron} is rescaled up and the others along with it"
    )]
    Unbounded {
        /// A neuron that runs off.
        neuron: usize,
        /// One whole number for each neuron, a direction of recession.
        direction: Vec<i64>,
    },
    /// The cap on the passes was hit.
    #[error(
        "not balanced in {passes} passes over the spectrum: an imbalance of {imbalance:.1e} is left"
    )]
    NotConverged {
        /// Passes over the spectrum.
        passes: usize,
        /// The largest relative imbalance of a neuron.
        imbalance: f64,
    },
}

/// The equilibrium of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkEquilibrium {
    /// λ\*, one number for each neuron; of several, the one with mean 0 on each group.
    pub lambda: Vec<f64>,
    /// Groups of neurons that may be rescaled together without any effect on Φ.
    pub flat: Vec<Vec<u32>>,
    /// How often the spectrum was gone through.
    pub passes: usize,
    /// The largest |G_i| over the sum of the absolute terms of G_i: at rounding level, or
    /// below 1e-9 where the network is too ill-conditioned for that.
    pub imbalance: f64,
}

/// Passes before giving up; eight or so are typical.
const MAX_PASSES: usize = 200;

/// Steps that change no exponent by more than this let the temperature fall.
const SHORT: f64 = 1.0;

/// Where a step changes an exponent by more than this, Newton's own may be the shorter one.
const LONG: f64 = 2.0;

/// Far out on an exponential Newton's own step changes the exponent by 1, however far it
/// has to go: steps of about that size creep, and those of the logarithms are faster
/// unless they are as long as `WILD`.
const CREEPING: f64 = 1.1;
const WILD: f64 = 8.0;

/// At temperature 1, steps that change an exponent by more than this lead to where nothing is
/// known, and long ones have to become shorter by `SHRINK` from one to the next.
const FAR: f64 = 64.0;
const SHRINK: f64 = 0.7;

/// An imbalance that counts as balanced where the passes gain no more: rounding in the
/// solution of an ill-conditioned system may leave more than the sums themselves.
const TOLERANCE: f64 = 1e-9;

/// Passes that do not halve the imbalance before that is so.
const IDLE: usize = 3;

/// How well linear systems are solved: to this share of the imbalance, about what
/// Newton's step leaves of it, but no better than `FINE` and no worse than `COARSE`.
const SHARE: f64 = 0.1;
const FINE: f64 = 1e-6;
const COARSE: f64 = 0.05;

/// The balance of a network with a spectrum over its weights, in double precision.
///
/// Newton's method on Φ, with three changes. The gradient of a neuron, U − D, is replaced
/// by (U + D)·½ln(U/D), which agrees with it to second order near the solution and balances
/// a neuron on its own in one step from anywhere. Where such steps are long and do not become
/// shorter, as in a network of many layers that has to move far, the terms are raised to the
/// power 1/τ for a temperature τ at which they differ by no more than a factor e; τ then
/// falls to 1 while the solution follows. And the Hessian, the Laplacian of the network with
/// one entry for each pair of neurons that share a weight, is factorised within its envelope
/// where layers are narrow, and used in conjugate gradients where they are wide.
///
/// Weights that follow each other in the spectrum as the entries of a matrix do, all from or
/// all to one neuron and then all of another, are gone through as dense blocks, in parallel
/// where the crate has threads (feature `arrays`). The result does not depend on the number
/// of threads.
///
/// # Errors
/// [`NetworkError`] for bad input, where there is no minimum (decided by the strongly
/// connected components of the network, exactly), or when the cap was hit.
pub fn balance_network(
    neurons: usize,
    spectrum: &Spectrum<f64, Edge>,
    strength: &Strength<f64>,
) -> Result<NetworkEquilibrium, NetworkError> {
    let mut weights = Weights::new(neurons, spectrum, strength)?;
    let flat = flat_groups(&weights)?;
    let mut lambda = vec![0.0; neurons];
    let mut pass = weights.pass(&lambda);
    let mut passes = 1;
    let mut idle = 0;
    let mut heated = false;
    let mut last_reach = f64::INFINITY;
    let balanced = |pass: &Pass, idle: usize| {
        let gains = idle < IDLE;
        let most = if gains { pass.resolution } else { TOLERANCE };
        pass.imbalance <= f64::min(most, TOLERANCE)
    };
    while weights.heat > 0 || !balanced(&pass, idle) {
        if passes == MAX_PASSES {
            return Err(NetworkError::NotConverged {
                passes,
                imbalance: pass.imbalance,
            });
        }
        let (step, reach) = newton(&weights, &pass, &flat, heated);
        let lost = reach > FAR || (reach > LONG && reach > SHRINK * last_reach) || idle > IDLE;
        let last_imbalance = pass.imbalance;
        last_reach = reach;
        if lost && !heated {
            heated = true;
            lambda.fill(0.0);
            weights.set_heat(weights.hottest());
        } else {
            for (x, dx) in lambda.iter_mut().zip(&step) {
                *x += dx;
            }
            if reach <= SHORT {
                weights.set_heat(weights.heat.saturating_sub(1));
            }
        }
        pass = weights.pass(&lambda);
        passes += 1;
        idle = if pass.imbalance > 0.5 * last_imbalance {
            idle + 1
        } else {
            0
        };
    }
    for group in &flat {
        let total: f64 = group.iter().map(|&i| lambda[i as usize]).sum();
        let mean = total / group.len() as f64;
        group.iter().for_each(|&i| lambda[i as usize] -= mean);
    }
    Ok(NetworkEquilibrium {
        lambda,
        flat,
        passes,
        imbalance: pass.imbalance,
    })
}

/// A step of λ, and the largest change of an exponent along it. Once the weights have been
/// `heated`, long steps may give way to Newton's own.
fn newton(weights: &Weights, pass: &Pass, flat: &[Vec<u32>], heated: bool) -> (Vec<f64>, f64) {
    let laplacian = Laplacian::new(weights, pass, flat);
    let tau = temperature(weights.heat);
    let enough = f64::clamp(SHARE * pass.imbalance, FINE, COARSE);
    let solve = |forces: &[f64]| {
        let step = laplacian.solve(forces, tau, enough);
        let reach = weights.reach(&step) / tau;
        (step, reach)
    };
    let logarithmic = solve(&pass.logarithmic());
    let reach = logarithmic.1;
    if heated && reach > LONG {
        let plain = solve(&pass.plain());
        let creeps = plain.1 <= CREEPING && reach <= WILD;
        if plain.1 < reach && !creeps {
            return plain;
        }
    }
    logarithmic
}
