//! T7: the balance function falls, the balance potential is convex.

use super::case::{Case, SpectrumCase};
use super::evidence::{Evidence, Identity, Margin, Outcome, precision_scaling};
use super::{Check, Control, Origin, Statement, sample};
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
    checks: &[
        Check {
            name: "G′, by dual numbers",
            evidence: Evidence::Scaling,
            draw: sample::spectrum,
            run: |case| derivative(case, Derivative::Slope, 1),
        },
        Check {
            name: "Φ′ = −G, by dual numbers",
            evidence: Evidence::Scaling,
            draw: sample::spectrum,
            run: |case| derivative(case, Derivative::Potential, 1),
        },
        Check {
            name: "G falls",
            evidence: Evidence::Enclosure,
            draw: sample::spectrum,
            run: |case| falls(case, Clone::clone),
        },
        Check {
            name: "Φ below its chords",
            evidence: Evidence::Enclosure,
            draw: sample::spectrum,
            run: |case| convex(case, Clone::clone),
        },
    ],
    controls: &[
        Control {
            name: "half the slope",
            check: 0,
            run: |case| derivative(case, Derivative::Slope, 2),
        },
        Control {
            name: "Φ′ = −G/2 (σ² for 2σ²)",
            check: 1,
            run: |case| derivative(case, Derivative::Potential, 2),
        },
        Control {
            name: "noise that is negative",
            check: 2,
            run: |case| falls(case, negative),
        },
        Control {
            name: "noise that is negative",
            check: 3,
            run: |case| convex(case, negative),
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
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Option<(S, S)> {
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
        Some((size(&(found - claimed)), sides))
    }
}

fn derivative(case: &Case, which: Derivative, divisor: i64) -> Outcome {
    let Some(case) = case.spectrum() else {
        return Outcome::decided(None);
    };
    match live(case) {
        Some(true) => precision_scaling(&ByDuals {
            case,
            which,
            divisor,
        }),
        _ => Outcome::Inconclusive("no live term".to_owned()),
    }
}

fn live(case: &SpectrumCase) -> Option<bool> {
    Some(Pulls::of(&case.balance::<crate::scalar::Rational>())?.status() != Equilibrium::Degenerate)
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

fn falls(case: &Case, tamper: fn(&SpectrumCase) -> SpectrumCase) -> Outcome {
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

fn convex(case: &Case, tamper: fn(&SpectrumCase) -> SpectrumCase) -> Outcome {
    compare(case, tamper, |balance, [left, middle, right]| {
        let chord = balance.potential(&left) + balance.potential(&right);
        let twice = balance.potential(&middle) * Ball::from_int(2);
        Outcome::sign("chord − Φ", &(chord - twice), Ordering::Greater)
    })
}

/// Strict where a term is live; where none is, G must be 0 exactly.
fn compare(
    case: &Case,
    tamper: fn(&SpectrumCase) -> SpectrumCase,
    strict: impl Fn(&BalanceEquation<Ball>, [Ball; 3]) -> Outcome,
) -> Outcome {
    at_precision(BITS, || {
        let Some(case) = case.spectrum() else {
            return Outcome::decided(None);
        };
        let (alive, case) = (live(case), tamper(case));
        let balance = case.balance::<Ball>();
        match alive {
            Some(true) => strict(&balance, points(&case)),
            Some(false) => {
                let [point, ..] = points(&case);
                Outcome::sign(
                    "G of a spectrum without live terms",
                    &balance.g(&point),
                    Ordering::Equal,
                )
            }
            None => Outcome::decided(None),
        }
    })
}
