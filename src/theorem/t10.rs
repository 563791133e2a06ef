//! T10: the charge moves towards that of the equilibrium.

use super::case::{Case, NetworkCase, SpectrumCase};
use super::evidence::{Evidence, Outcome};
use super::{Check, Control, Origin, Statement, sample};
use crate::balance::{BalanceEquation, SpectrumSource, certify, noise::population_covariance};
use crate::scalar::{Ball, Field, Rational, at_precision};
use std::cmp::Ordering;

pub static STATEMENT: Statement = Statement {
    id: "T10",
    name: "direction",
    claim: "sign Ċ(θ) = sign G(0) = sign λ*; C(θ_λ) increases with λ, dC/dλ = 2‖Aθ_λ‖²: the charge moves towards C(θ*).",
    origin: Origin::Paper,
    drawn: true,
    checks: &[
        Check {
            name: "sign of Ċ, λ* and C(θ*) − C(θ)",
            evidence: Evidence::Enclosure,
            draw: sample::network_with_finite_equilibrium,
            run: |case| direction(case, 1),
        },
        Check {
            name: "C increases along the orbit",
            evidence: Evidence::Enclosure,
            draw: sample::finite_spectrum,
            run: |case| increases(case, 1),
        },
    ],
    controls: &[
        Control {
            name: "λ reversed",
            check: 0,
            run: |case| direction(case, -1),
        },
        Control {
            name: "λ reversed",
            check: 1,
            run: |case| increases(case, -1),
        },
    ],
};

/// Ċ from the d × d covariance, without a spectrum.
const BITS: u32 = 256;

fn charge_velocity(case: &NetworkCase) -> Option<Rational> {
    let strength = case.strength()?;
    let gradients = case.gradients(&case.theta)?;
    case.drift_of_charge(&population_covariance(&gradients), &strength.sigma2)
}

fn direction(case: &Case, reversed: i64) -> Outcome {
    at_precision(BITS, || {
        let compare = |case: &NetworkCase| {
            let source = case.source()?;
            let strength = case.strength()?;
            let velocity = charge_velocity(case)?.cmp0();
            let found = certify(&source, &strength, 30);
            let Some(solution) = found.ok()?.finite() else {
                return Some(Outcome::Inconclusive("no finite λ*".to_owned()));
            };
            let lambda = solution.lambda * Ball::from_int(reversed);
            let start = Ball::from_rational(&source.start(&strength).charge);
            let moved = (solution.charge - start) * Ball::from_int(reversed);
            Some(
                Outcome::sign("λ*", &lambda, velocity).and(|| match velocity {
                    Ordering::Equal => {
                        Outcome::holds("C moves though Ċ = 0", moved.contains_zero())
                    }
                    // Where Aθ = 0 the charge has nowhere to go.
                    _ if !source.moves() => {
                        Outcome::holds("C moves though Aθ = 0", moved.contains_zero())
                    }
                    _ => Outcome::sign("C(θ*) − C(θ)", &moved, velocity),
                }),
            )
        };
        Outcome::decided(case.network().and_then(compare))
    })
}

fn increases(case: &Case, sign: i64) -> Outcome {
    at_precision(BITS, || {
        let Some(case) = case.spectrum() else {
            return Outcome::decided(None);
        };
        let balance: BalanceEquation<Ball> = case.balance();
        let at = |case: &SpectrumCase, shift: i64| {
            Ball::from_rational(&(case.lambda.clone() + Rational::from(shift)))
        };
        if !SpectrumSource::Exact(case.spectrum.clone()).moves() {
            return Outcome::decided(None);
        }
        let growth = balance.charge(&at(case, sign)) - balance.charge(&at(case, 0));
        Outcome::sign("C(θ_{λ+1}) − C(θ_λ)", &growth, Ordering::Greater)
            .and(|| Outcome::sign("‖Aθ_λ‖²", &balance.speed(&at(case, 0)), Ordering::Greater))
    })
}
