//! ℓ = ‖UWx − y‖²: a two-layer linear network, or the factorisation of a matrix.

use super::{Loss, Sample, matrix_times, outer, squared_error, transposed_times};
use crate::scalar::{Field, Rational};
use crate::symmetry::Generator;

/// θ = (U row by row, W row by row), U of shape d_y × r, W of shape r × d_x.
///
/// Invariant under U → Ue^{λS}, W → e^{−λS}W for every symmetric S (T17). The twin
/// has a fixed bias in the hidden layer: h = Wx + asymmetry.
#[derive(Clone, Debug, PartialEq)]
pub struct TwoLayerLinear {
    /// d_x.
    pub inputs: usize,
    /// r.
    pub hidden: usize,
    /// d_y.
    pub outputs: usize,
    /// 0 for the model itself.
    pub asymmetry: Rational,
}

impl TwoLayerLinear {
    fn hidden<S: Field>(&self, w: &[S], x: &[S]) -> Vec<S> {
        let bias = S::from_rational(&self.asymmetry);
        matrix_times(w, x).into_iter().map(|h| h + &bias).collect()
    }
}

impl Loss for TwoLayerLinear {
    fn dim(&self) -> usize {
        self.hidden * (self.inputs + self.outputs)
    }

    fn loss<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<S> {
        let (u, w) = theta.split_at(self.outputs * self.hidden);
        let f = matrix_times(u, &self.hidden(w, &sample.input));
        Some(squared_error(&f, &sample.target).0)
    }

    fn gradient<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<Vec<S>> {
        let (u, w) = theta.split_at(self.outputs * self.hidden);
        let h = self.hidden(w, &sample.input);
        let (_, error) = squared_error(&matrix_times(u, &h), &sample.target);
        let mut gradient = outer(&error, &h);
        gradient.extend(outer(&transposed_times(u, &error), &sample.input));
        Some(gradient)
    }

    fn symmetries(&self) -> Vec<Generator> {
        let pairs = (0..self.hidden).flat_map(|i| (0..=i).map(move |j| (i, j)));
        let direction = |(i, j): (usize, usize)| {
            let entry = |a: usize, b: usize| i32::from((a, b) == (i, j) || (a, b) == (j, i));
            (0..self.hidden)
                .map(|a| {
                    (0..self.hidden)
                        .map(|b| Rational::from(entry(a, b)))
                        .collect()
                })
                .collect::<Vec<Vec<_>>>()
        };
        pairs
            .filter_map(|pair| Generator::factor(self.outputs, self.inputs, &direction(pair)).ok())
            .collect()
    }
}
