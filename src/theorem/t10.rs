//! T10: the charge moves towards that of the equilibrium.

use super::case::{NetworkCase, SpectrumCase};
use super::evidence::{Evidence, Outcome};
use super::law::{Check, Control, Judgement, Stop};
use super::{Origin, Statement, sample};
use crate::balance::{BalanceEquation, SpectrumSource, certify, noise::population_covariance};
use crate::scalar::{Ball, Field, Rational, at_precision};
use std::cmp::Ordering;

pub static STATEMENT: Statement = Statement {
    id: "T10",
    name: "direction",
    claim: "sign Ċ(θ) = sign G(0) = sign λ*; C(θ_λ) increases with λ, dC/dλ = 2‖Aθ_λ‖²: the charge moves towards C(θ*).",
    origin: Origin::Paper,
    drawn: true,
    unproved: None,
    file: file!(),
    checks: &[
        &Check {
            name: "sign of Ċ, λ* and C(θ*) − C(θ)",
            evidence: Evidence::Enclosure,
            draw: sample::network_with_finite_equilibrium,
            judge: |case| direction(case, 1),
            controls: &[Control {
                name: "λ reversed",
                judge: |case| direction(case, -1),
            }],
        },
        &Check {
            name: "C increases along the orbit",
            evidence: Evidence::Enclosure,
            draw: sample::finite_spectrum,
            judge: |case| increases(case, 1),
            controls: &[Control {
                name: "λ reversed",
                judge: |case| increases(case, -1),
            }],
        },
    ],
};

/// Ċ from the d × d covariance, without a spectrum.
const BITS: u32 = 256;

fn charge_velocity(case: &NetworkCase) -> Result<Rational, Stop> {
    let strength = case.strength()?;
    let gradients = case.gradients(&case.theta)?;
    case.drift_of_charge(&population_covariance(&gradients), &strength.sigma2)
}

fn direction(case: &NetworkCase, reversed: i64) -> Judgement {
    at_precision(BITS, || {
        let source = case.source()?;
        let strength = case.strength()?;
        let velocity = charge_velocity(case)?.cmp0();
        let found = certify(&source, &strength, 30);
        let Some(solution) = found?.finite() else {
            return Ok(Outcome::Inconclusive("no finite λ*".to_owned()));
        };
        let lambda = solution.lambda * Ball::from_int(reversed);
        let start = Ball::from_rational(&source.start(&strength).charge);
        let moved = (solution.charge - start) * Ball::from_int(reversed);
        Ok(
            Outcome::sign("λ*", &lambda, velocity).and(|| match velocity {
                Ordering::Equal => Outcome::holds("C moves though Ċ = 0", moved.contains_zero()),
                // Where Aθ = 0 the charge has nowhere to go.
                _ if !source.moves() => {
                    Outcome::holds("C moves though Aθ = 0", moved.contains_zero())
                }
                _ => Outcome::sign("C(θ*) − C(θ)", &moved, velocity),
            }),
        )
    })
}

fn increases(case: &SpectrumCase, sign: i64) -> Judgement {
    Ok(at_precision(BITS, || {
        let balance: BalanceEquation<Ball> = case.balance();
        let at = |case: &SpectrumCase, shift: i64| {
            Ball::from_rational(&(case.lambda.clone() + Rational::from(shift)))
        };
        if !SpectrumSource::Exact(case.spectrum.clone()).moves() {
            return Outcome::Inconclusive("nothing moves".to_owned());
        }
        let growth = balance.charge(&at(case, sign)) - balance.charge(&at(case, 0));
        Outcome::sign("C(θ_{λ+1}) − C(θ_λ)", &growth, Ordering::Greater)
            .and(|| Outcome::sign("‖Aθ_λ‖²", &balance.speed(&at(case, 0)), Ordering::Greater))
    }))
}
