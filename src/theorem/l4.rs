//! L4: existence needs something that pulls back.

use super::case::{Case, SpectrumCase};
use super::draw::Draw;
use super::evidence::{Evidence, Outcome};
use super::{Check, Control, Origin, Statement, sample};
use crate::balance::{Equilibrium, Spectrum, SpectrumSource, Term, certify};
use crate::scalar::{Ball, Field, Rational, at_precision};
use std::cmp::Ordering;

pub static STATEMENT: Statement = Statement {
    id: "L4",
    name: "existence fails",
    claim: "If γ = 0 and A ⪰ 0, A ≠ 0, with live noise, then G > 0 everywhere: λ* = +∞.",
    origin: Origin::Limit,
    drawn: true,
    checks: &[Check {
        name: "only one side pulls",
        evidence: Evidence::Enclosure,
        draw: one_sided,
        run: |case| runs_off(case, Clone::clone),
    }],
    controls: &[Control {
        name: "noise on a negative rate",
        check: 0,
        run: |case| runs_off(case, pull_back),
    }],
};

fn one_sided(draw: &mut Draw) -> Case {
    let case = sample::finite_spectrum(draw);
    let Case::Spectrum(mut case) = case else {
        return case;
    };
    case.strength.gamma = Rational::new();
    let terms = case.spectrum.terms().iter().map(|t| Term {
        rate: t.rate.clone().abs(),
        ..t.clone()
    });
    case.spectrum = Spectrum::merged(terms.collect::<Vec<_>>());
    Case::Spectrum(case)
}

fn pull_back(case: &SpectrumCase) -> SpectrumCase {
    let back = Term {
        rate: Rational::from(-1),
        noise: Rational::from(1),
        charge: Rational::new(),
    };
    let terms = case.spectrum.terms().iter().cloned().chain([back]);
    case.with_spectrum(Spectrum::merged(terms.collect::<Vec<_>>()))
}

fn runs_off(case: &Case, tamper: fn(&SpectrumCase) -> SpectrumCase) -> Outcome {
    at_precision(256, || {
        let check = |case: SpectrumCase| {
            let source = SpectrumSource::Exact(case.spectrum.clone());
            let found = certify(&source, &case.strength, 5).ok()?;
            let balance = case.balance::<Ball>();
            let at = |lambda: &Rational| balance.g(&Ball::from_rational(lambda));
            Some(
                Outcome::holds(
                    "not running off to +∞",
                    found.map(|_| ()) == Equilibrium::PlusInfinity,
                )
                .and(|| Outcome::sign("G(λ)", &at(&case.lambda), Ordering::Greater))
                .and(|| Outcome::sign("G(1000)", &at(&Rational::from(1000)), Ordering::Greater)),
            )
        };
        Outcome::decided(case.spectrum().map(tamper).and_then(check))
    })
}
