//! T7: the balance function falls, the balance potential is convex.

use super::case::SpectrumCase;
use super::evidence::{Evidence, Identity, Margin, Outcome, precision_scaling};
use super::law::{Check, Control, Judgement, Missing, Stop};
use super::{Origin, Statement, sample};
use crate::balance::{BalanceEquation, Equilibrium, Spectrum, Term, pulls::Pulls};
use crate::scalar::{Ball, Field, RealScalar, at_precision};
use num_dual::Dual;
use std::cmp::Ordering;

pub static STATEMENT: Statement = Statement {
    id: "T7",
    name: "monotonicity",
    claim: "G′ = −Σμ²(4σ²a e^{−2μλ} + 8γc e^{2μλ}) and Φ′ = −G; G falls strictly and Φ is strictly convex unless no term is live.",
    origin: Origin::Paper,
    drawn: true,
    unproved: None,
    file: file!(),
    checks: &[
        &Check {
            name: "G′, by dual numbers",
            evidence: Evidence::Scaling,
            draw: sample::spectrum,
            judge: |case| derivative(case, Derivative::Slope, 1),
            controls: &[Control {
                name: "half the slope",
                judge: |case| derivative(case, Derivative::Slope, 2),
            }],
        },
        &Check {
            name: "Φ′ = −G, by dual numbers",
            evidence: Evidence::Scaling,
            draw: sample::spectrum,
            judge: |case| derivative(case, Derivative::Potential, 1),
            controls: &[Control {
                name: "Φ′ = −G/2 (σ² for 2σ²)",
                judge: |case| derivative(case, Derivative::Potential, 2),
            }],
        },
        &Check {
            name: "G falls",
            evidence: Evidence::Enclosure,
            draw: sample::spectrum,
            judge: |case| falls(case, Clone::clone),
            controls: &[Control {
                name: "noise that is negative",
                judge: |case| falls(case, negative),
            }],
        },
        &Check {
            name: "Φ below its chords",
            evidence: Evidence::Enclosure,
            draw: sample::spectrum,
            judge: |case| convex(case, Clone::clone),
            controls: &[Control {
                name: "noise that is negative",
                judge: |case| convex(case, negative),
            }],
        },
    ],
};

/// 256 bits decide every sign of the drawn spectra by a wide margin.
const BITS: u32 = 256;

#[derive(Clone, Copy)]
enum Derivative {
    Slope,
    Potential,
}

struct ByDuals<'a> {
    case: &'a SpectrumCase,
    which: Derivative,
    /// 1 for the claim.
    divisor: i64,
}

impl Identity for ByDuals<'_> {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Result<(S, S), Stop> {
        let lambda = S::from_rational(&self.case.lambda);
        let (plain, dual) = (self.case.balance::<S>(), self.case.balance::<Dual<S>>());
        let point = Dual::new(lambda.clone(), S::one());
        let (found, claimed) = match self.which {
            Derivative::Slope => (dual.g(&point).eps, plain.slope(&lambda)),
            Derivative::Potential => (dual.potential(&point).eps, -plain.g(&lambda)),
        };
        let claimed = claimed / S::from_int(self.divisor);
        let size = |x: &S| nalgebra::ComplexField::abs(x.clone());
        // What cancels in G: its two sides, not their difference.
        let sides = size(&plain.slope(&lambda)) + size(&plain.potential(&lambda));
        Ok((size(&(found - claimed)), sides))
    }
}

fn derivative(case: &SpectrumCase, which: Derivative, divisor: i64) -> Judgement {
    if !live(case)? {
        return Ok(Outcome::Inconclusive("no live term".to_owned()));
    }
    precision_scaling(&ByDuals {
        case,
        which,
        divisor,
    })
}

fn live(case: &SpectrumCase) -> Result<bool, Stop> {
    let pulls = Pulls::of(&case.balance::<crate::scalar::Rational>());
    Ok(pulls.or_failed("a pull of no decided sign")?.status() != Equilibrium::Degenerate)
}

fn negative(case: &SpectrumCase) -> SpectrumCase {
    let terms = case.spectrum.terms().iter().map(|t| Term {
        rate: t.rate.clone(),
        noise: -t.noise.clone(),
        charge: crate::scalar::Rational::new(),
    });
    case.with_spectrum(Spectrum::from_terms(terms.collect()))
}

/// λ, λ + ½, λ + 1.
fn points(case: &SpectrumCase) -> [Ball; 3] {
    [0, 1, 2].map(|k| {
        Ball::from_rational(&(case.lambda.clone() + crate::scalar::Rational::from((k, 2))))
    })
}

fn falls(case: &SpectrumCase, tamper: fn(&SpectrumCase) -> SpectrumCase) -> Judgement {
    compare(case, tamper, |balance, [left, middle, right]| {
        let steps = [(left.clone(), middle.clone()), (middle, right)];
        steps
            .into_iter()
            .fold(Outcome::Verified(Margin::Exact), |outcome, (x, y)| {
                let drop = balance.g(&x) - balance.g(&y);
                outcome
                    .and(|| Outcome::sign("G(λ) − G(λ + ½)", &drop, Ordering::Greater))
                    .and(|| Outcome::sign("G′", &balance.slope(&x), Ordering::Less))
            })
    })
}

fn convex(case: &SpectrumCase, tamper: fn(&SpectrumCase) -> SpectrumCase) -> Judgement {
    compare(case, tamper, |balance, [left, middle, right]| {
        let chord = balance.potential(&left) + balance.potential(&right);
        let twice = balance.potential(&middle) * Ball::from_int(2);
        Outcome::sign("chord − Φ", &(chord - twice), Ordering::Greater)
    })
}

/// Strict where a term is live; where none is, G must be 0 exactly.
fn compare(
    case: &SpectrumCase,
    tamper: fn(&SpectrumCase) -> SpectrumCase,
    strict: impl Fn(&BalanceEquation<Ball>, [Ball; 3]) -> Outcome,
) -> Judgement {
    at_precision(BITS, || {
        let (alive, case) = (live(case)?, tamper(case));
        let balance = case.balance::<Ball>();
        if alive {
            return Ok(strict(&balance, points(&case)));
        }
        let [point, ..] = points(&case);
        Ok(Outcome::sign(
            "G of a spectrum without live terms",
            &balance.g(&point),
            Ordering::Equal,
        ))
    })
}
