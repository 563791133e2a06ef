//! The numbers of a network's spectrum at a strength.

use super::{Edge, NetworkError};
use crate::balance::{Spectrum, Strength, Term};

/// A spectrum over weights, read as σ²a and 2γc.
pub struct Terms<'a> {
    terms: &'a [Term<f64, Edge>],
    sigma2: f64,
    decay: f64,
}

/// A weight between two neurons, or between one and the outside.
pub struct Weight {
    pub edge: Edge,
    /// σ²a and 2γc.
    pub noise: f64,
    pub charge: f64,
}

impl<'a> Terms<'a> {
    pub fn new(spectrum: &'a Spectrum<f64, Edge>, strength: &Strength<f64>) -> Self {
        Self {
            terms: spectrum.terms(),
            sigma2: strength.sigma2,
            decay: 2.0 * strength.gamma,
        }
    }

    pub fn len(&self) -> usize {
        self.terms.len()
    }

    pub fn edge(&self, k: usize) -> Edge {
        self.terms[k].rate
    }

    pub fn weight(&self, k: usize) -> Weight {
        let term = &self.terms[k];
        Weight {
            edge: term.rate,
            noise: self.sigma2 * term.noise,
            charge: self.decay * term.charge,
        }
    }

    /// # Errors
    /// A neuron that does not exist, a noise or charge that is negative or not finite.
    pub fn check(&self, k: usize, neurons: usize) -> Result<Weight, NetworkError> {
        let (term, weight) = (&self.terms[k], self.weight(k));
        for found in [term.rate.from, term.rate.to].into_iter().flatten() {
            if found as usize >= neurons {
                return Err(NetworkError::Neuron {
                    term: k,
                    neurons,
                    found,
                });
            }
        }
        let numbers = [term.noise, term.charge, weight.noise, weight.charge];
        if numbers.iter().all(|x| *x >= 0.0 && x.is_finite()) {
            Ok(weight)
        } else {
            Err(NetworkError::Term { term: k })
        }
    }
}

impl Weight {
    pub fn is_alive(&self) -> bool {
        self.noise > 0.0 || self.charge > 0.0
    }

    /// Of a weight with one end outside: its neuron, and what falls and rises as that is
    /// rescaled up.
    pub fn outside(&self) -> Option<(u32, f64, f64)> {
        match (self.edge.from, self.edge.to) {
            (Some(from), None) => Some((from, self.noise, self.charge)),
            (None, Some(to)) => Some((to, self.charge, self.noise)),
            _ => None,
        }
    }

    /// Of a weight between two neurons: the later and the earlier one, and what falls and
    /// rises as the later one is rescaled up.
    pub fn inside(&self) -> Option<(u32, u32, f64, f64)> {
        let (from, to) = self.edge.from.zip(self.edge.to)?;
        Some(if from > to {
            (from, to, self.noise, self.charge)
        } else {
            (to, from, self.charge, self.noise)
        })
    }
}
