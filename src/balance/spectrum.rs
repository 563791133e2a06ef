//! [`Spectrum`], [`Strength`], and the balance function G, its slope G′ and the
//! balance potential Φ over them.

use super::noise::population_variance;
use super::refine::CertifyError;
use crate::scalar::{Field, Rational, RealScalar, Scalar, sum};
use crate::symmetry::{Generator, Structure};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use thiserror::Error;

/// One eigendirection n of the generator, or several that share their rate.
#[derive(Clone, Debug, PartialEq)]
pub struct Term<S, R = S> {
    /// μ, the eigenvalue of A; for a family of generators one for each (T16).
    pub rate: R,
    /// a = nᵀΣn ≥ 0, the power of the gradient noise.
    pub noise: S,
    /// c = (nᵀθ)² ≥ 0, the squared coordinate.
    pub charge: S,
}

/// The triples (μ, a, c) of a problem: all that the equilibrium depends on.
///
/// The rates are numbers for one generator, vectors `Vec<S>` for a commuting family
/// and an [`Edge`](super::family::Edge) for the rescalings of a network's neurons.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum<S, R = S> {
    terms: Vec<Term<S, R>>,
}

impl<S, R> Spectrum<S, R> {
    /// The terms as they are, none merged.
    pub fn from_terms(terms: Vec<Term<S, R>>) -> Self {
        Self { terms }
    }

    /// The terms.
    pub fn terms(&self) -> &[Term<S, R>] {
        &self.terms
    }
}

impl<S> Spectrum<S> {
    /// Every number converted by `f`.
    pub fn map<T>(&self, f: impl Fn(&S) -> T) -> Spectrum<T> {
        let term = |t: &Term<S>| Term {
            rate: f(&t.rate),
            noise: f(&t.noise),
            charge: f(&t.charge),
        };
        Spectrum {
            terms: self.terms.iter().map(term).collect(),
        }
    }
}

impl<R> Spectrum<Rational, R> {
    /// Is no noise and no charge negative?
    pub(super) fn check_signs(&self) -> Result<(), CertifyError> {
        for (i, term) in self.terms.iter().enumerate() {
            for (name, x) in [("noise", &term.noise), ("charge", &term.charge)] {
                if *x < 0 {
                    return Err(CertifyError::Negative {
                        field: format!("spectrum[{i}].{name}"),
                        found: x.to_string(),
                    });
                }
            }
        }
        Ok(())
    }
}

impl<R: Ord> Spectrum<Rational, R> {
    /// The terms by increasing rate, with equal rates merged: their noise and
    /// charge add up.
    pub fn merged(terms: impl IntoIterator<Item = Term<Rational, R>>) -> Self {
        let mut by_rate: BTreeMap<R, (Rational, Rational)> = BTreeMap::new();
        for term in terms {
            let (noise, charge) = by_rate.entry(term.rate).or_default();
            *noise += term.noise;
            *charge += term.charge;
        }
        let term = |(rate, (noise, charge))| Term {
            rate,
            noise,
            charge,
        };
        Self {
            terms: by_rate.into_iter().map(term).collect(),
        }
    }
}

impl<S: Field> Spectrum<S> {
    /// The spectrum of a generator that is diagonal in θ: `noise` is the diagonal
    /// of Σ and `theta` the point, d entries each. Equal rates are merged.
    ///
    /// # Panics
    ///
    /// When the three lengths differ.
    pub fn from_rates(rates: &[Rational], noise: &[S], theta: &[S]) -> Self {
        let lengths = [noise.len(), theta.len()];
        assert_eq!(
            lengths,
            [rates.len(); 2],
            "a rate, a noise and a coordinate each"
        );
        let mut groups: BTreeMap<&Rational, Vec<usize>> = BTreeMap::new();
        for (k, rate) in rates.iter().enumerate() {
            groups.entry(rate).or_default().push(k);
        }
        let term = |(rate, members): (&Rational, Vec<usize>)| Term {
            rate: S::from_rational(rate),
            noise: sum(members.iter().map(|&k| noise[k].clone())),
            charge: sum(members.iter().map(|&k| theta[k].square())),
        };
        Self {
            terms: groups.into_iter().map(term).collect(),
        }
    }
}

impl<S: RealScalar> Spectrum<S> {
    /// The spectrum at `theta` (d entries) from N per-sample gradients (d entries each).
    ///
    /// `None` when the eigendecomposition of a dense or factor generator did not converge.
    pub fn from_gradients(
        generator: &Generator,
        theta: &[S],
        gradients: &[Vec<S>],
    ) -> Option<Self> {
        if let Structure::Rates(rates) = generator.structure() {
            return Some(Self::from_rates(
                rates,
                &population_variance(gradients),
                theta,
            ));
        }
        let basis = generator.eigenbasis::<S>()?;
        let rows: Vec<Vec<S>> = gradients.iter().map(|g| basis.coordinates(g)).collect();
        let noise = population_variance(&rows);
        let coordinates = basis.coordinates(theta);
        let terms = basis.rates().iter().zip(noise).zip(coordinates);
        let term = |((rate, noise), x): ((&S, S), S)| Term {
            rate: rate.clone(),
            noise,
            charge: x.square(),
        };
        Some(Self {
            terms: terms.map(term).collect(),
        })
    }
}

/// How strong weight decay and noise are: γ ≥ 0 in L + γ‖θ‖² (its gradient is 2γθ), in
/// 1/time, and σ² ≥ 0 with 2σ² = η/B.
#[derive(Clone, Debug, PartialEq)]
pub struct Strength<S> {
    pub(crate) gamma: S,
    pub(crate) sigma2: S,
}

/// Why a strength is refused.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum StrengthError {
    /// A negative number.
    #[error("strength.{field}: expected a number that is not negative, found {found}")]
    Negative {
        /// Which number.
        field: &'static str,
        /// What was found.
        found: String,
    },
    /// No samples in a batch.
    #[error("strength.batch_size: expected a positive number, found {found}")]
    BatchSize {
        /// What was found.
        found: String,
    },
}

impl Strength<Rational> {
    /// The same in another number system.
    pub fn convert<S: Field>(&self) -> Strength<S> {
        self.map(S::from_rational)
    }
}

impl<S: Field> Strength<S> {
    /// γ and σ², neither negative.
    ///
    /// # Errors
    /// [`StrengthError::Negative`] names the one that is.
    pub fn new(gamma: S, sigma2: S) -> Result<Self, StrengthError> {
        for (field, x) in [("gamma", &gamma), ("sigma2", &sigma2)] {
            negative(field, x)?;
        }
        Ok(Self { gamma, sigma2 })
    }

    /// γ, and σ² = η/(2B) for a learning rate η and a batch size B.
    ///
    /// # Errors
    /// A negative γ or η, or B ≤ 0.
    pub fn from_learning_rate(
        gamma: S,
        learning_rate: S,
        batch_size: S,
    ) -> Result<Self, StrengthError> {
        negative("learning_rate", &learning_rate)?;
        if batch_size.sign() != Some(Ordering::Greater) {
            return Err(StrengthError::BatchSize {
                found: format!("{batch_size:?}"),
            });
        }
        Self::new(gamma, learning_rate / (S::from_int(2) * batch_size))
    }

    /// γ.
    pub fn gamma(&self) -> &S {
        &self.gamma
    }

    /// σ².
    pub fn sigma2(&self) -> &S {
        &self.sigma2
    }

    /// Both numbers converted by `f`, which keeps signs.
    pub(crate) fn map<T>(&self, f: impl Fn(&S) -> T) -> Strength<T> {
        Strength {
            gamma: f(&self.gamma),
            sigma2: f(&self.sigma2),
        }
    }
}

fn negative<S: Field>(field: &'static str, x: &S) -> Result<(), StrengthError> {
    match x.sign() {
        Some(Ordering::Less) => Err(StrengthError::Negative {
            field,
            found: format!("{x:?}"),
        }),
        _ => Ok(()),
    }
}

/// The balance equation of a spectrum at a given strength.
#[derive(Clone, Debug, PartialEq)]
pub struct BalanceEquation<S> {
    /// The triples (μ, a, c).
    pub spectrum: Spectrum<S>,
    /// γ and σ².
    pub strength: Strength<S>,
}

impl<S: Field> BalanceEquation<S> {
    /// G(0) = −4γC(θ) + 2σ²Tr[Σ(θ)A] (T4), without an exponential.
    pub fn at_start(&self) -> S {
        self.sum(|t| self.drive(t, t.noise.clone(), t.charge.clone()))
    }

    /// Φ(0) = 2γ‖θ‖² + σ²Tr Σ(θ), without an exponential.
    pub fn potential_at_start(&self) -> S {
        self.sum(|t| self.cost(t.noise.clone(), t.charge.clone()))
    }

    fn sum(&self, f: impl Fn(&Term<S>) -> S) -> S {
        sum(self.spectrum.terms.iter().map(f))
    }

    /// μ(2σ²a − 4γc).
    fn drive(&self, term: &Term<S>, noise: S, charge: S) -> S {
        let up = S::from_int(2) * &self.strength.sigma2 * noise;
        let down = S::from_int(4) * &self.strength.gamma * charge;
        (up - down) * &term.rate
    }

    /// 2γc + σ²a.
    fn cost(&self, noise: S, charge: S) -> S {
        S::from_int(2) * &self.strength.gamma * charge + noise * &self.strength.sigma2
    }
}

impl<S: Scalar> BalanceEquation<S> {
    /// a e^{−2μλ} and c e^{2μλ}: noise falls where the coordinate grows (T2).
    pub(super) fn moved(term: &Term<S>, lambda: &S) -> (S, S) {
        let exponent = S::from_int(2) * &term.rate * lambda;
        // Exponentials dominate the cost, and half of the terms lack one of the two.
        let scaled = |x: &S, exponent: S| {
            if x.is_exactly_zero() {
                x.clone()
            } else {
                x.clone() * exponent.exp()
            }
        };
        (
            scaled(&term.noise, -exponent.clone()),
            scaled(&term.charge, exponent),
        )
    }

    /// The balance function G(λ) = Σ μ(2σ²a e^{−2μλ} − 4γc e^{2μλ}).
    pub fn g(&self, lambda: &S) -> S {
        self.sum(|t| {
            let (noise, charge) = Self::moved(t, lambda);
            self.drive(t, noise, charge)
        })
    }

    /// Its slope G′(λ) = −Σ μ²(4σ²a e^{−2μλ} + 8γc e^{2μλ}) ≤ 0 (T7).
    pub fn slope(&self, lambda: &S) -> S {
        -self.sum(|t| {
            let (noise, charge) = Self::moved(t, lambda);
            let a = S::from_int(4) * &self.strength.sigma2 * noise;
            let c = S::from_int(8) * &self.strength.gamma * charge;
            (a + c) * t.rate.square()
        })
    }

    /// The balance potential Φ(λ) = Σ (2γc e^{2μλ} + σ²a e^{−2μλ}), Φ′ = −G.
    pub fn potential(&self, lambda: &S) -> S {
        self.sum(|t| {
            let (noise, charge) = Self::moved(t, lambda);
            self.cost(noise, charge)
        })
    }

    /// The Noether charge C(θ_λ) = Σ μ c e^{2μλ}.
    pub fn charge(&self, lambda: &S) -> S {
        self.sum(|t| Self::moved(t, lambda).1 * &t.rate)
    }

    /// ‖Aθ_λ‖² = Σ μ² c e^{2μλ}; half of dC/dλ (T10).
    pub fn speed(&self, lambda: &S) -> S {
        self.sum(|t| Self::moved(t, lambda).1 * t.rate.square())
    }

    /// κ = −G′(λ)/(2‖Aθ_λ‖²) at an equilibrium λ: the charge relaxes as e^{−κt} (T14), in 1/time.
    pub fn relaxation_rate(&self, lambda: &S) -> S {
        -self.slope(lambda) / (S::from_int(2) * self.speed(lambda))
    }
}
