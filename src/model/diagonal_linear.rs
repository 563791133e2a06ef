//! ℓ = (Σ_k Π_l w_{l,k} x_k − y)²: a linear network all of whose layers are diagonal.

use super::{Loss, Sample, Symmetric, squared_error};
use crate::scalar::{Field, sum};
use crate::symmetry::Generator;

/// θ = (w_D, …, w_1), from the output back to the input, each of length d_x; one output.
///
/// Invariant under w_{l+1,k} → e^{λ}w_{l+1,k}, w_{l,k} → e^{−λ}w_{l,k} for each coordinate
/// k and each pair of adjacent layers (C1).
#[derive(Clone, Debug, PartialEq)]
pub struct DiagonalLinear {
    /// d_x.
    pub inputs: usize,
    /// D, at least 1; without a second layer there is no symmetry.
    pub depth: usize,
}

impl DiagonalLinear {
    /// (h_{D−1}, …, h_0), in the order of the layers in θ; h_0 = x.
    fn hidden<S: Field>(&self, theta: &[S], x: &[S]) -> Vec<Vec<S>> {
        let mut hidden = vec![x.to_vec()];
        // All layers but the last, from the input on.
        let layers = theta.chunks(self.inputs.max(1)).skip(1);
        for w in layers.collect::<Vec<_>>().into_iter().rev() {
            let below = hidden.last().into_iter().flatten();
            let next = below.zip(w).map(|(h, w)| h.clone() * w).collect();
            hidden.push(next);
        }
        hidden.reverse();
        hidden
    }
}

/// The one output, w_D · h_{D−1}, against the target.
fn error<S: Field>(theta: &[S], hidden: &[Vec<S>], sample: &Sample<S>) -> (S, Vec<S>) {
    let terms = theta
        .iter()
        .zip(hidden.iter().flatten().take(sample.input.len()));
    let output = sum(terms.map(|(w, h)| w.clone() * h));
    squared_error(&[output], &sample.target)
}

impl Loss for DiagonalLinear {
    fn dim(&self) -> usize {
        self.inputs.saturating_mul(self.depth)
    }

    fn loss<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<S> {
        Some(error(theta, &self.hidden(theta, &sample.input), sample).0)
    }

    fn gradient<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<Vec<S>> {
        let hidden = self.hidden(theta, &sample.input);
        let (_, error) = error(theta, &hidden, sample);
        let mut back = vec![error.into_iter().next()?; self.inputs];
        let mut gradient = Vec::with_capacity(theta.len());
        for (w, h) in theta.chunks(self.inputs.max(1)).zip(&hidden) {
            gradient.extend(back.iter().zip(h).map(|(e, h)| e.clone() * h));
            back = back.into_iter().zip(w).map(|(e, w)| e * w).collect();
        }
        Some(gradient)
    }
}

impl Symmetric for DiagonalLinear {
    fn kind(&self) -> &'static str {
        "diagonal-linear"
    }

    fn shape(&self) -> (usize, usize) {
        (self.inputs, 1)
    }

    fn symmetries(&self) -> Vec<Generator> {
        let pairs = 0..self.depth.saturating_sub(1) * self.inputs;
        let pair = |up| Generator::rescaling(self.dim(), vec![up], vec![up + self.inputs]).ok();
        pairs.filter_map(pair).collect()
    }
}
