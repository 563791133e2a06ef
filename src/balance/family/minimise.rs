//! The minimiser of a sum of exponentials, in floating point: damped Newton with the
//! exact Hessian.

use super::Exponential;
use crate::balance::SolveError;
use crate::scalar::{RealScalar, Scalar, dot, sum};
use nalgebra::{Cholesky, ComplexField, DMatrix, DVector, RealField};

/// Newton steps before giving up; some tens are typical.
const MAX_STEPS: usize = 5000;

/// Halvings of a step that does not descend.
const MAX_HALVINGS: usize = 60;

/// Newton steps close to the minimum, where each doubles the digits, before giving up.
const MAX_LAST_STEPS: usize = 100;

/// The minimiser of Σ W e^{⟨v, y⟩} on R^m from `start`, to about the relative error of one
/// operation. The exponents must span R^m and 0 must lie inside their hull.
///
/// Weights may differ by thousands of orders of magnitude, where each Newton step would
/// gain a single factor e. So the exponents are first divided by a temperature τ (weights
/// to the power 1/τ), which is then halved down to 1, each minimiser starting the next.
///
/// # Errors
/// [`SolveError`] for weights that are not positive and finite, or when the cap on the
/// steps was hit. A result is only returned once it converged.
pub fn minimise<S: RealScalar>(
    terms: &[Exponential<S>],
    start: &[S],
) -> Result<Vec<S>, SolveError> {
    let logarithms: Vec<S> = terms.iter().map(|t| Scalar::ln(&t.weight)).collect();
    let exponents: Vec<Vec<S>> = terms.iter().map(|t| t.exponent.clone()).collect();
    minimise_logarithmic(&exponents, logarithms, start)
}

/// The same from ln W, where W may be out of range.
pub(super) fn minimise_logarithmic<S: RealScalar>(
    exponents: &[Vec<S>],
    logarithms: Vec<S>,
    start: &[S],
) -> Result<Vec<S>, SolveError> {
    if !logarithms.iter().all(ComplexField::is_finite) {
        return Err(SolveError::InvalidSpectrum);
    }
    let problem = Problem {
        exponents,
        logarithms,
    };
    let two = S::from_int(2);
    let mut temperature = S::one();
    while problem.spread() > temperature.clone() * S::from_int(8) {
        temperature = temperature * &two;
    }
    let mut point = start.to_vec();
    for steps in 0..MAX_STEPS {
        let here = problem.at(&point, &temperature);
        let Some(step) = problem.newton(&here, &temperature) else {
            return Err(SolveError::NotConverged(steps));
        };
        // A short step for every exponent, however small its term: parts of the problem may
        // lie thousands of orders of magnitude below others.
        let near = step.reach.clone() * S::from_int(4) <= temperature;
        if !near {
            point = problem.descend(&point, &here, &step, &temperature);
        } else if temperature > S::one() {
            temperature = temperature / &two;
        } else {
            let settled = problem.settle(point);
            return settled.ok_or(SolveError::NotConverged(steps));
        }
    }
    Err(SolveError::NotConverged(MAX_STEPS))
}

struct Problem<'a, S> {
    /// v of each term.
    exponents: &'a [Vec<S>],
    /// ln W of each.
    logarithms: Vec<S>,
}

/// The sum at a point, over its largest term.
struct Value<S> {
    /// ln Σ e^{(ln W + ⟨v, y⟩)/τ}.
    logarithm: S,
    /// Each term over the largest.
    shares: Vec<S>,
}

struct Step<S> {
    direction: Vec<S>,
    /// gᵀH⁻¹g over the sum.
    decrement: S,
    /// The largest |⟨v, direction⟩|.
    reach: S,
    /// Did the Hessian take a ridge?
    shifted: bool,
}

impl<S: RealScalar> Problem<'_, S> {
    /// How far the logarithms of the weights lie apart.
    fn spread(&self) -> S {
        let mut all = self.logarithms.iter().cloned();
        let first = all.next().unwrap_or_else(S::zero);
        let (low, high) = all.fold((first.clone(), first), |(low, high), x| {
            (RealField::min(low, x.clone()), RealField::max(high, x))
        });
        high - low
    }

    fn at(&self, point: &[S], temperature: &S) -> Value<S> {
        let terms = self.exponents.iter().zip(&self.logarithms);
        let exponents = terms.map(|(v, w)| (dot(v, point) + w) / temperature);
        let exponents: Vec<S> = exponents.collect();
        let top = exponents.iter().cloned().reduce(RealField::max);
        let top = top.unwrap_or_else(S::zero);
        let shares = exponents.into_iter().map(|e| Scalar::exp(&(e - &top)));
        let shares: Vec<S> = shares.collect();
        let total = sum(shares.iter().cloned());
        Value {
            logarithm: Scalar::ln(&total) + &top,
            shares,
        }
    }

    /// The largest |exponent|, what cancels in it counted: it is rounded to a unit of this.
    fn size(&self, point: &[S]) -> S {
        let abs = |x: S| ComplexField::abs(x);
        let terms = self.exponents.iter().zip(&self.logarithms);
        let sizes = terms.flat_map(|(v, w)| {
            let products = v.iter().zip(point);
            let parts = products.map(|(v, y)| abs(v.clone() * y));
            [sum(parts), abs(w.clone())]
        });
        sizes.fold(S::one(), RealField::max)
    }

    /// The last digits, from close by: Newton steps while they shrink, which they do down to
    /// what rounding makes of them; `None` where that is too much.
    fn settle(&self, mut point: Vec<S>) -> Option<Vec<S>> {
        let mut last: Option<S> = None;
        for _ in 0..MAX_LAST_STEPS {
            let here = self.at(&point, &S::one());
            let step = self.newton(&here, &S::one())?;
            // Along what the precision does not resolve it would be short far from the minimum.
            if step.shifted {
                return None;
            }
            let resolution = self.size(&point) * S::unit();
            let small = step.reach <= resolution * S::from_int(65_536);
            point = moved(&point, &step, &S::one());
            if small && last.is_some_and(|last| step.reach >= last) {
                return Some(point);
            }
            last = Some(step.reach);
        }
        None
    }

    /// −H⁻¹g, where a ridge stands in for what rounding took from the Hessian.
    fn newton(&self, here: &Value<S>, temperature: &S) -> Option<Step<S>> {
        let m = self.exponents.first()?.len();
        let mut gradient = DVector::<S>::from_element(m, S::zero());
        let mut hessian = DMatrix::<S>::from_element(m, m, S::zero());
        for (exponent, share) in self.exponents.iter().zip(&here.shares) {
            // Most entries are 0 where many generators touch few parameters each.
            let live: Vec<usize> = (0..m).filter(|&i| !exponent[i].is_zero()).collect();
            for (k, &i) in live.iter().enumerate() {
                let part = exponent[i].clone() * share;
                for &j in &live[..=k] {
                    hessian[(i, j)] += part.clone() * &exponent[j];
                }
                gradient[i] += part;
            }
        }
        for i in 0..m {
            for j in 0..i {
                hessian[(j, i)] = hessian[(i, j)].clone();
            }
        }
        if !hessian.iter().all(ComplexField::is_finite) {
            return None;
        }
        let ridges = [S::zero(), ComplexField::sqrt(S::unit()), S::one()];
        let (shifted, cholesky) = ridges.iter().find_map(|ridge| {
            let mut hessian = hessian.clone();
            for i in 0..m {
                hessian[(i, i)] *= S::one() + ridge;
            }
            Some((!ridge.is_zero(), Cholesky::new(hessian)?))
        })?;
        let solution = cholesky.solve(&gradient);
        let decrement = gradient.dot(&solution) / sum(here.shares.iter().cloned());
        let direction = solution.iter().map(|x| -x.clone() * temperature);
        let direction: Vec<S> = direction.collect();
        let along = |v: &Vec<S>| ComplexField::abs(dot(v, &direction));
        let reach = self.exponents.iter().map(along);
        let reach = reach.fold(S::zero(), RealField::max);
        ComplexField::is_finite(&reach).then_some(Step {
            direction,
            decrement,
            reach,
            shifted,
        })
    }

    /// Along the step, no exponent by more than 4τ, and halved until the sum falls.
    fn descend(&self, point: &[S], here: &Value<S>, step: &Step<S>, temperature: &S) -> Vec<S> {
        let longest = S::from_int(4) * temperature;
        let whole = RealField::min(longest / &step.reach, S::one());
        // What is left to gain no longer shows in the sum.
        let settled = step.decrement.clone() * S::from_int(64) <= S::one();
        let mut fraction = whole.clone();
        for _ in 0..MAX_HALVINGS {
            let next = moved(point, step, &fraction);
            if settled || self.at(&next, temperature).logarithm < here.logarithm {
                return next;
            }
            fraction /= S::from_int(2);
        }
        // Differences of the sum are below rounding: the step itself is still sound.
        moved(point, step, &whole)
    }
}

fn moved<S: RealScalar>(point: &[S], step: &Step<S>, fraction: &S) -> Vec<S> {
    let entries = point.iter().zip(&step.direction);
    entries
        .map(|(x, dx)| x.clone() + dx.clone() * fraction)
        .collect()
}
