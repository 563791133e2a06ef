//! Solving a problem, and writing solution-1.

use super::{Body, Problem, ProblemError};
use crate::balance::{
    Attempt, Certified, CertifyError, Equilibrium, Orbit, Start, certify, resolved, vanishes,
};
use crate::scalar::{Direction, Enclosure, Field, Rational, Scalar, decimal_of_rational, sum};
use crate::symmetry::{Structure, act_with_rates};
use num_traits::Zero;
use rug::Float;
use rug::float::{Round, Special};
use serde::Serialize;

/// The certified answer to a problem.
#[derive(Clone, Debug)]
pub struct Solution {
    /// Decimal digits that each enclosure has at least.
    pub digits: u32,
    /// Before anything moves, exactly.
    pub start: Start,
    /// The status, and the solution where it is finite.
    pub equilibrium: Equilibrium<Finite>,
    /// Was the problem given by a point on an orbit?
    pub on_orbit: bool,
}

/// A finite equilibrium.
#[derive(Clone, Debug)]
pub struct Finite {
    /// λ\*, charge, potential, relaxation rate.
    pub certified: Certified,
    /// θ\*, d numbers; empty for a problem given as a spectrum.
    pub theta: Vec<Enclosure>,
}

pub(super) fn solve(problem: &Problem, digits: u32) -> Result<Solution, ProblemError> {
    if !(1..=100_000).contains(&digits) {
        return Err(ProblemError::Digits(digits.into()));
    }
    let source = problem.source()?;
    let equilibrium = certify(&source, &problem.strength, digits, |certified| {
        let Body::Orbit(orbit) = &problem.body else {
            return Ok(Attempt::Done(Finite {
                certified,
                theta: Vec::new(),
            }));
        };
        match moved(orbit, &certified, digits)? {
            Some(theta) => Ok(Attempt::Done(Finite { certified, theta })),
            None => Ok(Attempt::Unresolved("theta")),
        }
    })?;
    let on_orbit = matches!(problem.body, Body::Orbit(_));
    Ok(Solution {
        digits,
        start: source.start(&problem.strength),
        equilibrium,
        on_orbit,
    })
}

/// θ\* = e^{λ\*A}θ; `None` if it takes more bits to have the digits.
fn moved(
    orbit: &Orbit,
    certified: &Certified,
    digits: u32,
) -> Result<Option<Vec<Enclosure>>, CertifyError> {
    let enclosed = |numbers: &[Rational]| -> Vec<Enclosure> {
        let at = |q| Enclosure::at(certified.bits, q);
        numbers.iter().map(at).collect()
    };
    let theta = enclosed(orbit.theta());
    let check = |value: Enclosure, scale: Option<&Float>| {
        if resolved(&value, scale, digits) {
            return Ok(Some(value));
        }
        if !value.is_bounded() || vanishes(&value) {
            return Err(CertifyError::OutOfRange { field: "theta" });
        }
        Ok(None)
    };
    match (orbit.generator().structure(), &certified.spaces) {
        (Structure::Blocks { matrix, slices, .. }, Some(spaces)) => {
            let n = matrix.nrows();
            // What no slice holds stays; so does a part that is 0.
            let mut out = theta.clone();
            for slice in slices {
                let lambda = match slice.negated {
                    true => -certified.lambda.clone(),
                    false => certified.lambda.clone(),
                };
                let part = slice.gather(n, &theta);
                if part.iter().all(Zero::is_zero) {
                    continue;
                }
                let projections = spaces.projections(&part);
                let factors = spaces
                    .spaces()
                    .iter()
                    .map(|space| (space.rate.clone() * &lambda).exp());
                let factors: Vec<Enclosure> = factors.collect();
                let norms: Vec<Float> = projections.iter().map(|p| norm_above(p)).collect();
                for (k, index) in slice.indices(n).enumerate() {
                    let terms = factors
                        .iter()
                        .zip(&projections)
                        .zip(&norms)
                        .zip(spaces.spaces());
                    let terms = terms.map(|(((e, p), norm), space)| {
                        let moved = e.clone() * &p[k];
                        if space.is_simple() {
                            return moved;
                        }
                        // Rates not told apart move parts of Pv that may differ in sign:
                        // |Σ e^{μλ}P_μv − t·Pv| ≤ width(e)·‖Pv‖ for any t in e.
                        moved.widen(&product_above(&e.width(), norm))
                    });
                    // What may cancel in this coordinate.
                    let scale = factors.iter().zip(&norms);
                    let scale = scale.fold(Float::new(64), |total, (e, norm)| {
                        total + product_above(e.upper(), norm)
                    });
                    match check(sum(terms), Some(&scale))? {
                        Some(value) => out[index] = value,
                        None => return Ok(None),
                    }
                }
            }
            Ok(Some(out))
        }
        (Structure::Rates(rates), _) => {
            act_with_rates(&enclosed(&rates), &certified.lambda, &theta)
                .into_iter()
                .map(|value| check(value, None))
                .collect()
        }
        (Structure::Blocks { .. }, None) => Ok(None),
    }
}

/// An upper bound of ‖v‖₂.
fn norm_above(v: &[Enclosure]) -> Float {
    match sum(v.iter().map(Field::square)).root() {
        Some(norm) => norm.upper().clone(),
        None => Float::with_val(64, Special::Infinity),
    }
}

/// An upper bound of xy.
fn product_above(x: &Float, y: &Float) -> Float {
    Float::with_val_round(x.prec(), x * y, Round::Up).0
}

/// A pair of decimals that encloses a real number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bounds {
    /// At most the number.
    pub lower: String,
    /// At least the number.
    pub upper: String,
}

/// The same quantity at θ and at θ\*.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// At θ.
    pub before: Bounds,
    /// At θ\*.
    pub after: Bounds,
}

/// The solution-1 format. Fields that do not apply are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SolutionFile {
    format: &'static str,
    status: &'static str,
    digits: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    lambda: Option<Bounds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    theta: Option<Vec<Bounds>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    charge: Option<Change>,
    #[serde(skip_serializing_if = "Option::is_none")]
    balance_before: Option<Bounds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    potential: Option<Change>,
    #[serde(skip_serializing_if = "Option::is_none")]
    relaxation_rate: Option<Bounds>,
}

impl Solution {
    /// The answer as it is written to a file.
    pub fn to_file(&self) -> SolutionFile {
        let mut file = SolutionFile {
            format: "noise-equilibrium/solution-1",
            status: self.equilibrium.status(),
            digits: self.digits,
            lambda: None,
            theta: None,
            charge: None,
            balance_before: None,
            potential: None,
            relaxation_rate: None,
        };
        let Equilibrium::Finite(Finite { certified, theta }) = &self.equilibrium else {
            return file;
        };
        // Two digits more than promised: outward rounding costs up to one unit at each end.
        let digits = self.digits as usize + 2;
        let exact = |q: &Rational| Bounds {
            lower: decimal_of_rational(q, digits, Direction::Down),
            upper: decimal_of_rational(q, digits, Direction::Up),
        };
        let enclosed = |x: &Enclosure| {
            x.to_decimal(digits)
                .map(|(lower, upper)| Bounds { lower, upper })
        };
        let change = |before: &Rational, after: &Enclosure| {
            enclosed(after).map(|after| Change {
                before: exact(before),
                after,
            })
        };
        file.lambda = enclosed(&certified.lambda);
        if self.on_orbit {
            file.theta = theta.iter().map(enclosed).collect();
            file.charge = change(&self.start.charge, &certified.charge);
        }
        file.balance_before = Some(exact(&self.start.balance));
        file.potential = change(&self.start.potential, &certified.potential);
        file.relaxation_rate = certified.relaxation_rate.as_ref().and_then(enclosed);
        file
    }
}
