//! ℓ = ‖Uφ(Wx) − y‖² with a leaky ReLU φ: one rescaling for each hidden neuron.

use super::{Loss, Sample, matrix_times, outer, squared_error, transposed_times};
use crate::scalar::{Field, Rational};
use crate::symmetry::Generator;
use std::cmp::Ordering;

/// θ = (U row by row, W row by row), U of shape d_y × r, W of shape r × d_x;
/// φ(z) = z for z > 0 and `slope`·z below.
///
/// Invariant under U_{·j} → e^{λ}U_{·j}, W_{j·} → e^{−λ}W_{j·} for each neuron j (C1).
/// The twin has a fixed bias before φ.
#[derive(Clone, Debug, PartialEq)]
pub struct TwoLayerLeakyRelu {
    /// d_x.
    pub inputs: usize,
    /// r.
    pub hidden: usize,
    /// d_y.
    pub outputs: usize,
    /// φ′ below 0; a ReLU has 0.
    pub slope: Rational,
    /// 0 for the model itself.
    pub asymmetry: Rational,
}

impl TwoLayerLeakyRelu {
    /// φ(z) and φ′(z) for every neuron; `None` at the kink.
    fn hidden<S: Field>(&self, w: &[S], x: &[S]) -> Option<(Vec<S>, Vec<S>)> {
        let (bias, slope) = (
            S::from_rational(&self.asymmetry),
            S::from_rational(&self.slope),
        );
        let activate = |z: S| {
            let z = z + &bias;
            match z.sign()? {
                Ordering::Greater => Some((z, S::one())),
                Ordering::Less => Some((z * &slope, slope.clone())),
                Ordering::Equal => None,
            }
        };
        matrix_times(w, x).into_iter().map(activate).collect()
    }
}

impl Loss for TwoLayerLeakyRelu {
    fn dim(&self) -> usize {
        self.hidden * (self.inputs + self.outputs)
    }

    fn loss<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<S> {
        let (u, w) = theta.split_at(self.outputs * self.hidden);
        let (h, _) = self.hidden(w, &sample.input)?;
        Some(squared_error(&matrix_times(u, &h), &sample.target).0)
    }

    fn gradient<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<Vec<S>> {
        let (u, w) = theta.split_at(self.outputs * self.hidden);
        let (h, slopes) = self.hidden(w, &sample.input)?;
        let (_, error) = squared_error(&matrix_times(u, &h), &sample.target);
        let mut gradient = outer(&error, &h);
        let back = transposed_times(u, &error)
            .into_iter()
            .zip(slopes)
            .map(|(e, s)| e * s);
        gradient.extend(outer(&back.collect::<Vec<_>>(), &sample.input));
        Some(gradient)
    }

    fn symmetries(&self) -> Vec<Generator> {
        let neuron = |j: usize| {
            let up = (0..self.outputs).map(|i| i * self.hidden + j).collect();
            let first = self.outputs * self.hidden + j * self.inputs;
            Generator::rescaling(self.dim(), up, (first..first + self.inputs).collect()).ok()
        };
        (0..self.hidden).filter_map(neuron).collect()
    }
}
