//! ℓ(θ, z) + ε·w(z)·θ: any loss with its symmetry broken.

use super::{Loss, Sample};
use crate::scalar::{Field, Rational, dot};

/// The twin of a loss, with its d parameters and its samples.
///
/// w(z) holds the numbers of the sample, those of the input before those of the target,
/// again and again until there are d of them. A generator A that leaves the loss alone
/// leaves the twin alone only where Aw = 0. The term is a polynomial, so that it is exact
/// in every number system, and differs from sample to sample, so that the gradients' noise
/// lacks the symmetry as well as their mean (T6, L2).
#[derive(Clone, Debug, PartialEq)]
pub struct Twin<L> {
    /// ℓ.
    pub loss: L,
    /// ε; the loss itself at 0.
    pub asymmetry: Rational,
}

/// εw(z).
fn slope<S: Field>(asymmetry: &Rational, sample: &Sample<S>, dim: usize) -> Vec<S> {
    let asymmetry = S::from_rational(asymmetry);
    let numbers = sample.input.iter().chain(&sample.target);
    let terms = numbers.cycle().take(dim);
    terms.map(|z| asymmetry.clone() * z).collect()
}

impl<L: Loss> Loss for Twin<L> {
    fn dim(&self) -> usize {
        self.loss.dim()
    }

    fn loss<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<S> {
        let loss = self.loss.loss(theta, sample)?;
        if self.asymmetry.is_zero() {
            return Some(loss);
        }
        Some(loss + dot(&slope(&self.asymmetry, sample, theta.len()), theta))
    }

    fn gradient<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<Vec<S>> {
        let gradient = self.loss.gradient(theta, sample)?;
        if self.asymmetry.is_zero() {
            return Some(gradient);
        }
        let slope = slope(&self.asymmetry, sample, gradient.len());
        Some(
            gradient
                .into_iter()
                .zip(slope)
                .map(|(g, w)| g + w)
                .collect(),
        )
    }
}
