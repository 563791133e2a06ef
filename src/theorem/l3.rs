//! L3: uniqueness needs a live term.

use super::case::SpectrumCase;
use super::draw::Draw;
use super::evidence::{Evidence, Outcome};
use super::law::{Check, Control, Judgement};
use super::{Origin, Statement, sample};
use crate::balance::{Equilibrium, Spectrum, SpectrumSource, Term, certify};
use crate::scalar::{Ball, Field, Rational, at_precision};
use std::cmp::Ordering;

pub static STATEMENT: Statement = Statement {
    id: "L3",
    name: "uniqueness fails",
    claim: "If σ²ΣA = 0 and γAθ = 0, then G ≡ 0: every point of the orbit is an equilibrium.",
    origin: Origin::Limit,
    drawn: true,
    unproved: None,
    file: file!(),
    checks: &[&Check {
        name: "no live term",
        evidence: Evidence::Exact,
        draw: dead,
        judge: |case| degenerate(case, Clone::clone),
        controls: &[Control {
            name: "one term brought to life",
            judge: |case| degenerate(case, revive),
        }],
    }],
};

/// A spectrum in which whatever could pull has been removed.
fn dead(draw: &mut Draw) -> SpectrumCase {
    let mut case = sample::spectrum(draw);
    case.strength.gamma = Rational::new();
    let quiet = |t: &Term<Rational>| Term {
        noise: if t.rate.is_zero() {
            t.noise.clone()
        } else {
            Rational::new()
        },
        ..t.clone()
    };
    case.spectrum = Spectrum::from_terms(case.spectrum.terms().iter().map(quiet).collect());
    case
}

fn revive(case: &SpectrumCase) -> SpectrumCase {
    let live = Term {
        rate: Rational::from(1),
        noise: Rational::from(1),
        charge: Rational::new(),
    };
    let terms = case.spectrum.terms().iter().cloned().chain([live]);
    let mut case = case.with_spectrum(Spectrum::merged(terms.collect::<Vec<_>>()));
    case.strength.sigma2 = Rational::from(1);
    case
}

fn degenerate(case: &SpectrumCase, tamper: fn(&SpectrumCase) -> SpectrumCase) -> Judgement {
    at_precision(64, || {
        let case = tamper(case);
        let source = SpectrumSource::Exact(case.spectrum.clone());
        let found = certify(&source, &case.strength, 5)?;
        let g = case.balance::<Ball>().g(&Ball::from_rational(&case.lambda));
        Ok(Outcome::holds(
            "not degenerate",
            found.map(|_| ()) == Equilibrium::Degenerate,
        )
        .and(|| Outcome::sign("G", &g, Ordering::Equal)))
    })
}
