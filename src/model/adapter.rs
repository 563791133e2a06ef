//! ℓ = ‖(F + UW)x − y‖²: a low-rank adapter beside a frozen layer.

use super::{Deep, Loss, Sample, Symmetric, matrix_times};
use crate::scalar::{Field, Rational, convert};
use crate::symmetry::Generator;

/// θ is that of the factor, (U, W); F does not move.
///
/// The loss is the factor's for the target y − Fx, and so are its symmetries.
#[derive(Clone, Debug, PartialEq)]
pub struct Adapter {
    /// UW, of three widths (d_x, rank, d_y) and without an activation.
    pub factor: Deep,
    /// F, d_y × d_x, row by row.
    pub frozen: Vec<Rational>,
}

impl Adapter {
    /// What is left of the target for the factor.
    fn rest<S: Field>(&self, sample: &Sample<S>) -> Sample<S> {
        let known = matrix_times(&convert(&self.frozen), &sample.input);
        let target = sample.target.iter().zip(known);
        Sample {
            input: sample.input.clone(),
            target: target.map(|(y, f)| y.clone() - f).collect(),
        }
    }
}

impl Loss for Adapter {
    fn dim(&self) -> usize {
        self.factor.dim()
    }

    fn loss<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<S> {
        self.factor.loss(theta, &self.rest(sample))
    }

    fn gradient<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<Vec<S>> {
        self.factor.gradient(theta, &self.rest(sample))
    }
}

impl Symmetric for Adapter {
    fn kind(&self) -> &'static str {
        "adapter"
    }

    fn shape(&self) -> (usize, usize) {
        self.factor.shape()
    }

    fn symmetries(&self) -> Vec<Generator> {
        self.factor.symmetries()
    }
}
