//! The equilibrium of a family of commuting generators (T16): λ is a vector, and the
//! balance potential a convex sum of exponentials on R^m.

mod certify;
mod enclose;
mod existence;
mod minimise;
mod network;
mod parts;
mod source;

pub(crate) use certify::certify_family_and;
pub use certify::{CertifiedFamily, FamilyStatus, certify_family};
pub use existence::Existence;
pub use minimise::minimise;
pub use network::{Edge, NetworkEquilibrium, NetworkError, balance_network};
pub use source::{FamilyBlocks, FamilyOrbit, FamilySource, FamilyStart};

use super::spectrum::{Spectrum, Strength};
use crate::scalar::{Field, Scalar, dot, sum};
use std::cmp::Ordering;

/// One live term W e^{⟨v, λ⟩} of the potential.
#[derive(Clone, Debug, PartialEq)]
pub struct Exponential<S> {
    /// v, m numbers: 2w for a charge, −2w for a noise at the rates w.
    pub exponent: Vec<S>,
    /// W > 0: 2γc or σ²a.
    pub weight: S,
}

/// Φ(λ) = Σ (2γc e^{2⟨w,λ⟩} + σ²a e^{−2⟨w,λ⟩}) over a spectrum with vector rates.
#[derive(Clone, Debug, PartialEq)]
pub struct Potential<S> {
    /// The terms that are there, those at the rate 0 included.
    pub terms: Vec<Exponential<S>>,
}

impl<S: Field> Potential<S> {
    /// The live terms of a spectrum at a strength.
    ///
    /// `None` when the sign of a weight is not decided at the precision of `S`, or when
    /// one is negative.
    pub fn of(spectrum: &Spectrum<S, Vec<S>>, strength: &Strength<S>) -> Option<Self> {
        let two = S::from_int(2);
        let decay = two.clone() * &strength.gamma;
        let mut terms = Vec::new();
        for term in spectrum.terms() {
            for (power, factor, side) in [
                (&term.charge, &decay, two.clone()),
                (&term.noise, &strength.sigma2, -two.clone()),
            ] {
                match (power.sign()?, factor.sign()?) {
                    (Ordering::Less, _) | (_, Ordering::Less) => return None,
                    (Ordering::Equal, _) | (_, Ordering::Equal) => {}
                    _ => terms.push(Exponential {
                        exponent: term.rate.iter().map(|w| side.clone() * w).collect(),
                        weight: power.clone() * factor,
                    }),
                }
            }
        }
        Some(Self { terms })
    }
}

impl<S: Scalar> Potential<S> {
    /// Each term at λ.
    pub fn values(&self, lambda: &[S]) -> Vec<S> {
        let value = |t: &Exponential<S>| dot(&t.exponent, lambda).exp() * &t.weight;
        self.terms.iter().map(value).collect()
    }

    /// Φ(λ).
    pub fn potential(&self, lambda: &[S]) -> S {
        sum(self.values(lambda))
    }

    /// G_i(λ) = −∂Φ/∂λ_i, m numbers.
    pub fn balance(&self, lambda: &[S]) -> Vec<S> {
        let values = self.values(lambda);
        let component = |i: usize| {
            let terms = self.terms.iter().zip(&values);
            -sum(terms.map(|(t, value)| t.exponent[i].clone() * value))
        };
        (0..lambda.len()).map(component).collect()
    }
}
