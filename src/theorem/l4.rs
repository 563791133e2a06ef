//! L4: existence needs something that pulls back.

use super::case::SpectrumCase;
use super::draw::Draw;
use super::evidence::{Evidence, Outcome};
use super::law::{Check, Control, Judgement};
use super::{Origin, Statement, sample};
use crate::balance::{Equilibrium, Spectrum, SpectrumSource, Term, certify};
use crate::scalar::{Ball, Field, Rational, at_precision};
use std::cmp::Ordering;

pub static STATEMENT: Statement = Statement {
    id: "L4",
    name: "existence fails",
    claim: "If γ = 0 and A ⪰ 0, A ≠ 0, with live noise, then G > 0 everywhere: λ* = +∞.",
    origin: Origin::Limit,
    drawn: true,
    unproved: None,
    file: file!(),
    checks: &[&Check {
        name: "only one side pulls",
        evidence: Evidence::Enclosure,
        draw: one_sided,
        judge: |case| runs_off(case, Clone::clone),
        controls: &[Control {
            name: "noise on a negative rate",
            judge: |case| runs_off(case, pull_back),
        }],
    }],
};

fn one_sided(draw: &mut Draw) -> SpectrumCase {
    let mut case = sample::finite_spectrum(draw);
    case.strength.gamma = Rational::new();
    let terms = case.spectrum.terms().iter().map(|t| Term {
        rate: t.rate.clone().abs(),
        ..t.clone()
    });
    case.spectrum = Spectrum::merged(terms.collect::<Vec<_>>());
    case
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

fn runs_off(case: &SpectrumCase, tamper: fn(&SpectrumCase) -> SpectrumCase) -> Judgement {
    at_precision(256, || {
        let case = tamper(case);
        let source = SpectrumSource::Exact(case.spectrum.clone());
        let found = certify(&source, &case.strength, 5)?;
        let balance = case.balance::<Ball>();
        let at = |lambda: &Rational| balance.g(&Ball::from_rational(lambda));
        Ok(Outcome::holds(
            "not running off to +∞",
            found.map(|_| ()) == Equilibrium::PlusInfinity,
        )
        .and(|| Outcome::sign("G(λ)", &at(&case.lambda), Ordering::Greater))
        .and(|| Outcome::sign("G(1000)", &at(&Rational::from(1000)), Ordering::Greater)))
    })
}
