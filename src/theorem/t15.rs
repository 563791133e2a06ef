//! T15: the balance at a finite learning rate.

use super::case::{Case, NetworkCase};
use super::evidence::{Evidence, Outcome};
use super::{Check, Control, Origin, Statement, sample};
use crate::balance::{
    BalanceEquation, Equilibrium, Noise, Orbit, Strength, certify,
    noise::{mean, population_covariance},
};
use crate::dynamics::{batches_with_replacement, step};
use crate::scalar::{Ball, Field, Rational, at_precision};
use std::cmp::Ordering;

pub static STATEMENT: Statement = Statement {
    id: "T15",
    name: "finite learning rate",
    claim: "E[C'] = C is the balance equation with γ(1−ηγ) for γ and ηM for 2σ²Σ, M = Σ/B + ∇L∇Lᵀ.",
    origin: Origin::Beyond,
    drawn: true,
    checks: &[
        Check {
            name: "E[C'] − C over every batch",
            evidence: Evidence::Exact,
            draw: sample::rational_network,
            run: |case| balance(case, Clone::clone, Sabotage::None),
        },
        Check {
            name: "its root is unique and certified",
            evidence: Evidence::Enclosure,
            draw: sample::network_with_finite_equilibrium,
            run: |case| root(case, 1),
        },
    ],
    controls: &[
        Control {
            name: "γ in place of γ(1−ηγ)",
            check: 0,
            run: |case| balance(case, with_decay, Sabotage::PlainDecay),
        },
        Control {
            name: "Σ/B without ∇L∇Lᵀ",
            check: 0,
            run: |case| balance(case, Clone::clone, Sabotage::NoMean),
        },
        Control {
            name: "asymmetric twin",
            check: 0,
            run: |case| balance(case, NetworkCase::asymmetric, Sabotage::None),
        },
        Control {
            name: "signs of G exchanged",
            check: 1,
            run: |case| root(case, -1),
        },
    ],
};

#[derive(Clone, Copy, PartialEq)]
enum Sabotage {
    None,
    PlainDecay,
    NoMean,
}

fn with_decay(case: &NetworkCase) -> NetworkCase {
    NetworkCase {
        gamma: case.gamma.clone() + Rational::from((1, 16)),
        ..case.clone()
    }
}

/// M = Σ/B + ∇L∇Lᵀ.
fn second_moment(case: &NetworkCase, sabotage: Sabotage) -> Option<Vec<Vec<Rational>>> {
    let gradients = case.gradients(&case.theta)?;
    let gradient = mean(&gradients);
    let batch = Rational::from(case.batch);
    let mut m = population_covariance(&gradients);
    for (i, row) in m.iter_mut().enumerate() {
        for (j, x) in row.iter_mut().enumerate() {
            *x /= &batch;
            if sabotage != Sabotage::NoMean {
                *x += Rational::from(&gradient[i] * &gradient[j]);
            }
        }
    }
    Some(m)
}

/// The problem whose balance equation E[C'] = C is.
fn equivalent(case: &NetworkCase, sabotage: Sabotage) -> Option<(Orbit, Strength<Rational>)> {
    let noise = Noise::Covariance(second_moment(case, sabotage)?);
    let orbit = Orbit::new(case.generator.clone(), case.theta.clone(), noise).ok()?;
    let shrink = Rational::from(1) - case.learning_rate.clone() * &case.gamma;
    let gamma = match sabotage {
        Sabotage::PlainDecay => case.gamma.clone(),
        _ => case.gamma.clone() * shrink,
    };
    // 2σ²Σ = ηM.
    let strength = Strength::new(gamma, case.learning_rate.clone() / 2).ok()?;
    Some((orbit, strength))
}

fn balance(case: &Case, tamper: fn(&NetworkCase) -> NetworkCase, sabotage: Sabotage) -> Outcome {
    let compare = |case: NetworkCase| {
        let gradients = case.gradients(&case.theta)?;
        let batches = batches_with_replacement(gradients.len(), case.batch);
        let charges = batches.iter().map(|batch| {
            let rows: Vec<Vec<Rational>> = batch.iter().map(|&i| gradients[i].clone()).collect();
            let next = step(&case.theta, &mean(&rows), &case.learning_rate, &case.gamma);
            vec![case.generator.charge(&next)]
        });
        let measured = mean(&charges.collect::<Vec<_>>()).pop()?;
        let change = measured - case.generator.charge(&case.theta);
        let (orbit, strength) = equivalent(&case, sabotage)?;
        let g = orbit.spectrum().ok()?.start(&strength).balance;
        Some(Outcome::equal(
            "E[C'] − C",
            &change,
            &(g * &case.learning_rate),
        ))
    };
    Outcome::decided(case.network().map(tamper).and_then(compare))
}

/// T8 holds for it unchanged: one root, with G > 0 before it and G < 0 behind.
fn root(case: &Case, sign: i64) -> Outcome {
    at_precision(256, || {
        let compare = |case: &NetworkCase| {
            let (orbit, strength) = equivalent(case, Sabotage::None)?;
            let source = orbit.spectrum().ok()?;
            let found = certify(&source, &strength, 30)
                .ok()?
                .map(|found| found.lambda);
            let Equilibrium::Finite(lambda) = found else {
                return Some(Outcome::Inconclusive("no finite root".to_owned()));
            };
            let spectrum = source.enclose()?;
            let balance = BalanceEquation {
                spectrum,
                strength: strength.map(Ball::from_rational),
            };
            // Far above the width of 30 digits, far below any feature of G.
            let step = Ball::from_rational(&(Rational::from(1) >> 80u32));
            let side = |s: i64| balance.g(&(lambda.clone() + step.clone() * Ball::from_int(s)));
            let (before, after) = if sign > 0 {
                (Ordering::Greater, Ordering::Less)
            } else {
                (Ordering::Less, Ordering::Greater)
            };
            Some(
                Outcome::sign("G before the root", &side(-1), before)
                    .and(|| Outcome::sign("G behind the root", &side(1), after))
                    .and(|| Outcome::holds("G at the root", balance.g(&lambda).contains_zero())),
            )
        };
        Outcome::decided(case.network().and_then(compare))
    })
}
