//! T15: the balance at a finite learning rate.

use super::case::NetworkCase;
use super::evidence::{Evidence, Outcome};
use super::law::{Check, Control, Judgement, Missing, Stop};
use super::{Origin, Statement, sample};
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
    unproved: None,
    file: file!(),
    checks: &[
        &Check {
            name: "E[C'] − C over every batch",
            evidence: Evidence::Exact,
            draw: sample::rational_network,
            judge: |case| balance(case, Clone::clone, Sabotage::None),
            controls: &[
                Control {
                    name: "γ in place of γ(1−ηγ)",
                    judge: |case| balance(case, NetworkCase::with_decay, Sabotage::PlainDecay),
                },
                Control {
                    name: "Σ/B without ∇L∇Lᵀ",
                    judge: |case| balance(case, Clone::clone, Sabotage::NoMean),
                },
                Control {
                    name: "asymmetric twin",
                    judge: |case| balance(case, NetworkCase::asymmetric, Sabotage::None),
                },
            ],
        },
        &Check {
            name: "its root is unique and certified",
            evidence: Evidence::Enclosure,
            draw: sample::network_with_finite_equilibrium,
            judge: |case| root(case, 1),
            controls: &[Control {
                name: "signs of G exchanged",
                judge: |case| root(case, -1),
            }],
        },
    ],
};

#[derive(Clone, Copy, PartialEq)]
enum Sabotage {
    None,
    PlainDecay,
    NoMean,
}

/// M = Σ/B + ∇L∇Lᵀ.
fn second_moment(case: &NetworkCase, sabotage: Sabotage) -> Result<Vec<Vec<Rational>>, Stop> {
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
    Ok(m)
}

/// The problem whose balance equation E[C'] = C is.
fn equivalent(case: &NetworkCase, sabotage: Sabotage) -> Result<(Orbit, Strength<Rational>), Stop> {
    let noise = Noise::Covariance(second_moment(case, sabotage)?);
    let orbit = Orbit::new(case.generator.clone(), case.theta.clone(), noise)?;
    let shrink = Rational::from(1) - case.learning_rate.clone() * &case.gamma;
    let gamma = match sabotage {
        Sabotage::PlainDecay => case.gamma.clone(),
        _ => case.gamma.clone() * shrink,
    };
    // 2σ²Σ = ηM.
    let strength = Strength::new(gamma, case.learning_rate.clone() / 2)?;
    Ok((orbit, strength))
}

fn balance(
    case: &NetworkCase,
    tamper: fn(&NetworkCase) -> NetworkCase,
    sabotage: Sabotage,
) -> Judgement {
    let case = tamper(case);
    let gradients = case.gradients(&case.theta)?;
    let batches = batches_with_replacement(gradients.len(), case.batch);
    let charges = batches.iter().map(|batch| {
        let rows: Vec<Vec<Rational>> = batch.iter().map(|&i| gradients[i].clone()).collect();
        let next = step(&case.theta, &mean(&rows), &case.learning_rate, &case.gamma);
        vec![case.generator.charge(&next)]
    });
    let measured = mean(&charges.collect::<Vec<_>>())
        .pop()
        .or_failed("no samples")?;
    let change = measured - case.generator.charge(&case.theta);
    let (orbit, strength) = equivalent(&case, sabotage)?;
    let g = orbit.spectrum()?.start(&strength).balance;
    Ok(Outcome::equal(
        "E[C'] − C",
        &change,
        &(g * &case.learning_rate),
    ))
}

/// T8 holds for it unchanged: one root, with G > 0 before it and G < 0 behind.
fn root(case: &NetworkCase, sign: i64) -> Judgement {
    at_precision(256, || {
        let (orbit, strength) = equivalent(case, Sabotage::None)?;
        let source = orbit.spectrum()?;
        let found = certify(&source, &strength, 30)?.map(|found| found.lambda);
        let Equilibrium::Finite(lambda) = found else {
            return Ok(Outcome::Inconclusive("no finite root".to_owned()));
        };
        let spectrum = source.enclose().or_failed("a spectrum without enclosure")?;
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
        Ok(Outcome::sign("G before the root", &side(-1), before)
            .and(|| Outcome::sign("G behind the root", &side(1), after))
            .and(|| Outcome::holds("G at the root", balance.g(&lambda).contains_zero())))
    })
}
