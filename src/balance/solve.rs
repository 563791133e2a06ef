//! Floating-point solution of the balance equation.

use super::pulls::{Equilibrium, Pull, Pulls};
use super::spectrum::BalanceEquation;
use crate::scalar::{RealScalar, Scalar};
use nalgebra::{ComplexField, RealField};
use thiserror::Error;

/// Why no solution was returned.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum SolveError {
    /// A noise or charge that is negative or not a number.
    #[error("spectrum: expected finite rates, and noise and charge that are not negative")]
    InvalidSpectrum,
    /// The iteration hit its cap.
    #[error("the balance equation was not solved to the precision of the number type in {0} steps")]
    NotConverged(usize),
}

/// Newton and bisection steps before giving up; some tens are typical.
const MAX_STEPS: usize = 4000;

/// The equilibrium λ\* of T8, to the precision of `S`.
///
/// Closed form where there is one (C1, C2); otherwise Newton's method, kept inside
/// a shrinking bracket, on H = ln U − ln D. H cannot overflow, falls with a slope
/// between −(r⁺max + r⁻max) and −(r⁺min + r⁻min), and vanishes with G; the first
/// value therefore brackets the root.
///
/// # Errors
/// [`SolveError`] for a spectrum with negative or non-finite numbers, or when the
/// iteration hit its cap. A result is only returned once it converged.
pub fn solve<S: RealScalar>(balance: &BalanceEquation<S>) -> Result<Equilibrium<S>, SolveError> {
    let pulls = Pulls::of(balance).ok_or(SolveError::InvalidSpectrum)?;
    match pulls.status() {
        Equilibrium::Finite(()) => {}
        other => return Ok(other.map(|()| S::zero())),
    }
    let terms = Pull::all(balance).ok_or(SolveError::InvalidSpectrum)?;
    if !terms.iter().all(Pull::in_range) {
        return Logarithmic::of_factors(terms)
            .root()
            .map(Equilibrium::Finite);
    }
    if let Some(lambda) = pulls.closed_form()
        && ratio_in_range(&terms, &lambda)
    {
        return Ok(Equilibrium::Finite(lambda));
    }
    Logarithmic::of(&pulls).root().map(Equilibrium::Finite)
}

/// Neither overflow nor (gradual) underflow, which would cost digits: zero and a
/// number far below the normal ones have no finite inverse.
fn in_range<S: RealScalar>(x: &S) -> bool {
    x.is_finite() && (S::one() / x).is_finite()
}

/// Did ΣU/ΣD, of which a closed form took the logarithm, stay in range?
fn ratio_in_range<S: RealScalar>(terms: &[Pull<S>], lambda: &S) -> bool {
    terms.first().is_some_and(|term| {
        let logarithm = S::from_int(2) * &term.r * lambda;
        in_range(&Scalar::exp(&logarithm))
    })
}

impl<S: RealScalar> Pull<S> {
    fn in_range(&self) -> bool {
        let [rate, factor, power] = &self.factors;
        let partial = rate.clone() * factor;
        in_range(&partial) && in_range(&(partial * power))
    }

    fn log_weight(&self) -> S {
        let [rate, factor, power] = &self.factors;
        if self.in_range() {
            return Scalar::ln(&(rate.clone() * factor * power));
        }
        Scalar::ln(rate) + Scalar::ln(factor) + Scalar::ln(power)
    }
}

/// H = ln U − ln D, with the weights as logarithms.
pub(super) struct Logarithmic<S> {
    /// (r, ln w) of U.
    pub up: Vec<(S, S)>,
    /// (r, ln w) of D.
    pub down: Vec<(S, S)>,
}

/// H, −H′ > 0, and the size of the exponents that H was computed from.
struct Value<S> {
    h: S,
    steepness: S,
    size: S,
}

impl<S: RealScalar> Logarithmic<S> {
    fn of(pulls: &Pulls<S>) -> Self {
        let logs = |side: &[(S, S)]| {
            side.iter()
                .map(|(r, w)| (r.clone(), Scalar::ln(w)))
                .collect()
        };
        Self {
            up: logs(&pulls.up),
            down: logs(&pulls.down),
        }
    }

    /// The same from weights that are not multiplied out.
    fn of_factors(terms: Vec<Pull<S>>) -> Self {
        let mut equation = Self {
            up: Vec::new(),
            down: Vec::new(),
        };
        for term in terms {
            let side = if term.raises {
                &mut equation.up
            } else {
                &mut equation.down
            };
            side.push((term.r.clone(), term.log_weight()));
        }
        equation
    }

    fn at(&self, lambda: &S) -> Value<S> {
        let (u, ru, su) = log_sum(&self.up, &-lambda.clone());
        let (d, rd, sd) = log_sum(&self.down, lambda);
        Value {
            h: u - d,
            steepness: ru + rd,
            size: RealField::max(su, sd),
        }
    }

    /// All r.
    pub(super) fn rates(&self) -> impl Iterator<Item = &S> {
        self.up.iter().chain(&self.down).map(|(r, _)| r)
    }

    /// The root, by safeguarded Newton from λ = 0.
    pub(super) fn root(&self) -> Result<S, SolveError> {
        let terms = self.up.iter().chain(&self.down).count();
        let terms = S::from_int(i64::try_from(terms).unwrap_or(i64::MAX));
        let extreme = |side: &[(S, S)], pick: fn(S, S) -> S| {
            side.iter()
                .map(|(r, _)| r.clone())
                .reduce(pick)
                .unwrap_or_else(S::one)
        };
        let slowest = extreme(&self.up, RealField::min) + extreme(&self.down, RealField::min);
        let fastest = extreme(&self.up, RealField::max) + extreme(&self.down, RealField::max);
        let two = S::from_int(2);

        let mut lambda = S::zero();
        let mut value = self.at(&lambda);
        if ![&value.h, &slowest, &fastest]
            .into_iter()
            .all(ComplexField::is_finite)
        {
            return Err(SolveError::InvalidSpectrum);
        }
        let (near, far) = (value.h.clone() / fastest, value.h.clone() / slowest);
        let mut bracket = Bracket {
            low: RealField::min(near.clone(), far.clone()),
            high: RealField::max(near, far),
        };
        for _ in 0..MAX_STEPS {
            bracket.narrow(&lambda, &value.h);
            // What rounding alone can make of H near its root, as a step in λ.
            let blur = S::unit() * (value.size.clone() + &terms) / &value.steepness;
            let step = value.h.clone() / &value.steepness;
            let newton = lambda.clone() + &step;
            let resolution = S::unit() * ComplexField::abs(lambda.clone()) + &blur;
            if ComplexField::abs(step.clone()) <= resolution {
                return Ok(newton);
            }
            if bracket.high.clone() - &bracket.low <= resolution {
                return Ok(bracket.midpoint());
            }
            let candidate = if bracket.holds(&newton) {
                newton
            } else {
                bracket.midpoint()
            };
            let next = self.at(&candidate);
            // A Newton step that does not at least halve H hands over to bisection.
            let halved =
                ComplexField::abs(next.h.clone()) * &two <= ComplexField::abs(value.h.clone());
            (lambda, value) = (candidate, next);
            if !halved {
                bracket.narrow(&lambda, &value.h);
                lambda = bracket.midpoint();
                value = self.at(&lambda);
            }
        }
        Err(SolveError::NotConverged(MAX_STEPS))
    }
}

/// Two numbers of one sign with the root between them; one may have underflowed to 0.
struct Bracket<S> {
    low: S,
    high: S,
}

impl<S: RealScalar> Bracket<S> {
    /// H falls: the root is not below λ where H(λ) is positive, else not above.
    fn narrow(&mut self, lambda: &S, h: &S) {
        if h.is_sign_positive() {
            self.low = RealField::max(self.low.clone(), lambda.clone())
        } else {
            self.high = RealField::min(self.high.clone(), lambda.clone())
        }
    }

    fn holds(&self, lambda: &S) -> bool {
        self.low < *lambda && *lambda < self.high
    }

    /// The geometric mean: the two may lie many orders of magnitude apart.
    fn midpoint(&self) -> S {
        let root = |x: &S| ComplexField::sqrt(ComplexField::abs(x.clone()));
        RealField::copysign(root(&self.low) * root(&self.high), self.low.clone())
    }
}

/// ln Σ w e^{r x}, its derivative in x, and the largest |exponent| met.
fn log_sum<S: RealScalar>(side: &[(S, S)], x: &S) -> (S, S, S) {
    let mut exponents = Vec::with_capacity(side.len());
    let mut largest: Option<S> = None;
    let mut size = S::zero();
    for (r, log_weight) in side {
        let moved = r.clone() * x;
        size = RealField::max(
            size,
            ComplexField::abs(moved.clone()) + ComplexField::abs(log_weight.clone()),
        );
        let exponent = moved + log_weight;
        largest = Some(match largest {
            Some(top) => RealField::max(top, exponent.clone()),
            None => exponent.clone(),
        });
        exponents.push(exponent);
    }
    let top = largest.unwrap_or_else(S::zero);
    let (mut total, mut slope) = (S::zero(), S::zero());
    for ((r, _), exponent) in side.iter().zip(exponents) {
        let share = Scalar::exp(&(exponent - &top));
        slope += share.clone() * r;
        total += share;
    }
    (Scalar::ln(&total) + &top, slope / &total, size)
}
