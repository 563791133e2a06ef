//! ℓ = ‖Vx − y‖² with V = θ/‖θ‖, as a whole or row by row: a linear layer on a
//! normalised weight.

use super::{Loss, Sample, Symmetric, matrix_times, outer, squared_error};
use crate::scalar::{Field, dot, sum};
use crate::symmetry::Generator;

/// θ = V row by row before normalisation, d_y × d_x.
///
/// Invariant under θ → e^{λ}θ (C2), and where each row has a norm of its own, under
/// that of each row. Exact in rationals where the norms are rational.
#[derive(Clone, Debug, PartialEq)]
pub struct ScaleInvariant {
    /// d_x.
    pub inputs: usize,
    /// d_y.
    pub outputs: usize,
    /// Is each row divided by its own norm, rather than all by that of θ?
    pub per_row: bool,
}

/// Weights that share a norm.
struct Part<'a, S> {
    weights: &'a [S],
    /// What they are divided by.
    norm: S,
}

impl ScaleInvariant {
    /// The number of weights that share a norm.
    fn part(&self) -> usize {
        if self.per_row {
            self.inputs
        } else {
            self.dim()
        }
    }

    /// `None` where a norm is irrational or a weight is divided by 0.
    fn parts<'a, S: Field>(&self, theta: &'a [S]) -> Option<Vec<Part<'a, S>>> {
        let part = |weights: &'a [S]| {
            let norm = sum(weights.iter().map(Field::square)).root()?;
            (!norm.is_zero()).then_some(Part { weights, norm })
        };
        theta.chunks(self.part().max(1)).map(part).collect()
    }

    /// Vx − y squared, and its gradient in Vx.
    fn error<S: Field>(&self, parts: &[Part<'_, S>], sample: &Sample<S>) -> (S, Vec<S>) {
        let outputs = parts.iter().flat_map(|part| {
            let product = matrix_times(part.weights, &sample.input);
            product.into_iter().map(|f| f / &part.norm)
        });
        squared_error(&outputs.collect::<Vec<_>>(), &sample.target)
    }
}

impl Loss for ScaleInvariant {
    fn dim(&self) -> usize {
        self.inputs.saturating_mul(self.outputs)
    }

    fn loss<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<S> {
        Some(self.error(&self.parts(theta)?, sample).0)
    }

    fn gradient<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<Vec<S>> {
        let parts = self.parts(theta)?;
        let (_, error) = self.error(&parts, sample);
        let direct = outer(&error, &sample.input);
        // ∂(θ_i/‖θ‖)/∂θ_j = δ_ij/‖θ‖ − θ_iθ_j/‖θ‖³
        let own = direct.chunks(self.part().max(1));
        let entries = parts.iter().zip(own).flat_map(|(part, direct)| {
            let scale = part.norm.clone() * &part.norm * &part.norm;
            let radial = dot(direct, part.weights) / scale;
            let entry = move |(g, x): (&S, &S)| g.clone() / &part.norm - radial.clone() * x;
            direct.iter().zip(part.weights).map(entry)
        });
        Some(entries.collect())
    }
}

impl Symmetric for ScaleInvariant {
    fn kind(&self) -> &'static str {
        "scale-invariant"
    }

    fn shape(&self) -> (usize, usize) {
        (self.inputs, self.outputs)
    }

    fn symmetries(&self) -> Vec<Generator> {
        if !self.per_row {
            return Generator::scaling(self.dim()).into_iter().collect();
        }
        let row = |i: usize| {
            let own = i * self.inputs..(i + 1) * self.inputs;
            Generator::rescaling(self.dim(), own.collect(), Vec::new()).ok()
        };
        (0..self.outputs).filter_map(row).collect()
    }
}
