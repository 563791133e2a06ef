//! C1: closed form for rescalings.

use super::case::NetworkCase;
use super::evidence::{Evidence, Outcome};
use super::law::{Check, Control, Judgement, Missing};
use super::{Origin, Statement, sample};
use crate::balance::{
    BalanceEquation, Spectrum,
    noise::{mean, population_variance},
    pulls::Pulls,
};
use crate::scalar::{Ball, Field, Rational, Scalar, at_precision, dot};
use crate::symmetry::{Generator, Structure};
use std::cmp::Ordering;

pub static STATEMENT: Statement = Statement {
    id: "C1",
    name: "rescaling",
    claim: "For rates ±1, e^{4λ*} = (2γc₋ + σ²a₊)/(2γc₊ + σ²a₋), at γ = 0 λ* = ¼ln(a₊/a₋); for a neuron d/dt(‖u‖²−‖w‖²) = −4γ(‖u‖²−‖w‖²) + 2σ²(Tr Σ_u − Tr Σ_w).",
    origin: Origin::Paper,
    drawn: true,
    unproved: None,
    file: file!(),
    checks: &[
        &Check {
            name: "closed form is the root of G, γ = 0",
            evidence: Evidence::Enclosure,
            draw: sample::relu_network,
            judge: |case| closed(case, false, Form::Right),
            controls: &[
                Control {
                    name: "½ln in place of ¼ln",
                    judge: |case| closed(case, false, Form::HalfLog),
                },
                Control {
                    name: "a₋/a₊",
                    judge: |case| closed(case, false, Form::Swapped),
                },
            ],
        },
        &Check {
            name: "closed form is the root of G, γ > 0",
            evidence: Evidence::Enclosure,
            draw: sample::relu_network_with_decay,
            judge: |case| closed(case, true, Form::Right),
            controls: &[Control {
                name: "½ln in place of ¼ln",
                judge: |case| closed(case, true, Form::HalfLog),
            }],
        },
        &Check {
            name: "law of a neuron",
            evidence: Evidence::Exact,
            draw: sample::relu_network,
            judge: |case| neuron(case, Clone::clone, 2),
            controls: &[
                Control {
                    name: "σ² in place of 2σ²",
                    judge: |case| neuron(case, Clone::clone, 1),
                },
                Control {
                    name: "asymmetric twin",
                    judge: |case| neuron(case, NetworkCase::asymmetric, 2),
                },
            ],
        },
        &Check {
            name: "law of a neuron on digits",
            evidence: Evidence::Exact,
            draw: sample::relu_digits_network,
            judge: |case| neuron(case, Clone::clone, 2),
            controls: &[Control {
                name: "σ² in place of 2σ² on digits",
                judge: |case| neuron(case, Clone::clone, 1),
            }],
        },
    ],
};

const BITS: u32 = 512;

#[derive(Clone, Copy)]
enum Form {
    Right,
    HalfLog,
    Swapped,
}

/// Rates of a generator that is diagonal in θ with rates ±1 and 0.
fn unit_rates(generator: &Generator) -> Option<&[Rational]> {
    match generator.structure() {
        Structure::Rates(rates) => Some(rates),
        Structure::Blocks { .. } => None,
    }
}

/// G changes its sign within 2^−400 of the closed form.
fn closed(case: &NetworkCase, decay: bool, form: Form) -> Judgement {
    at_precision(BITS, || {
        let rates = unit_rates(&case.generator).or_open("a generator that is not diagonal")?;
        let noise = population_variance(&case.gradients(&case.theta)?);
        let total = |sign: Ordering, of: &dyn Fn(usize) -> Rational| {
            let own = (0..rates.len()).filter(|&k| rates[k].cmp0() == sign);
            own.fold(Rational::new(), |total, k| total + of(k))
        };
        let mut strength = case.strength()?;
        if !decay {
            strength.gamma = Rational::new();
        }
        let noise_on = |sign| total(sign, &|k| noise[k].clone()) * &strength.sigma2;
        let charge_on = |sign| {
            total(sign, &|k| Field::square(&case.theta[k])) * &strength.gamma * Rational::from(2)
        };
        let mut up = charge_on(Ordering::Less) + noise_on(Ordering::Greater);
        let mut down = charge_on(Ordering::Greater) + noise_on(Ordering::Less);
        if up.is_zero() || down.is_zero() {
            return Ok(Outcome::Inconclusive("only one side pulls".to_owned()));
        }
        let mut factor = 4;
        match form {
            Form::Right => {}
            Form::HalfLog => factor = 2,
            Form::Swapped => std::mem::swap(&mut up, &mut down),
        }
        let lambda = Ball::from_rational(&(up / down)).ln() / Ball::from_int(factor);
        let spectrum = Spectrum::from_rates(rates, &noise, &case.theta);
        let balance = BalanceEquation {
            spectrum: spectrum.map(Ball::from_rational),
            strength: strength.map(Ball::from_rational),
        };
        let radius = Ball::from_rational(&(Rational::from(1) >> 400u32));
        let side = |lambda: Ball| balance.g(&lambda);
        // The solver has to use the same closed form.
        let solver = Pulls::of(&balance).and_then(|pulls| pulls.closed_form());
        let shared = solver.is_some_and(|own| own.intersects(&lambda));
        let solver = Outcome::holds("the solver has another closed form", shared);
        Ok(solver
            .and(|| {
                let below = side(lambda.clone() - &radius);
                Outcome::sign("G below the closed form", &below, Ordering::Greater)
            })
            .and(|| {
                let above = side(lambda + &radius);
                Outcome::sign("G above the closed form", &above, Ordering::Less)
            }))
    })
}

/// The Itô drift of ‖u‖² − ‖w‖², with u and w picked out by hand.
fn neuron(case: &NetworkCase, tamper: fn(&NetworkCase) -> NetworkCase, factor: i32) -> Judgement {
    let case = tamper(case);
    let Generator::Rescaling(rescaling) = &case.generator else {
        return Ok(Outcome::Inconclusive(
            "not the rescaling of a neuron".to_owned(),
        ));
    };
    let strength = case.strength()?;
    let gradients = case.gradients(&case.theta)?;
    let (gradient, noise) = (mean(&gradients), population_variance(&gradients));
    let pick = |v: &[Rational], indices: &[usize]| -> Vec<Rational> {
        indices.iter().map(|&i| v[i].clone()).collect()
    };
    let (u, w) = (
        pick(&case.theta, rescaling.up()),
        pick(&case.theta, rescaling.down()),
    );
    let balance = dot(&u, &u) - dot(&w, &w);
    let trace = |indices: &[usize]| {
        pick(&noise, indices)
            .into_iter()
            .fold(Rational::new(), |t, x| t + x)
    };
    let difference = trace(rescaling.up()) - trace(rescaling.down());
    // d‖u‖² = 2u·du + Tr of the noise's covariance, 2σ²Tr Σ_u dt.
    let along =
        dot(&u, &pick(&gradient, rescaling.up())) - dot(&w, &pick(&gradient, rescaling.down()));
    let decay = balance.clone() * &case.gamma * Rational::from(4);
    let drift = -along * Rational::from(2) - &decay
        + difference.clone() * &strength.sigma2 * Rational::from(2);
    let claimed = -decay + difference * &strength.sigma2 * Rational::from(factor);
    let start = case.source()?.start(&strength);
    Ok(Outcome::equal("drift of ‖u‖² − ‖w‖²", &drift, &claimed)
        .and(|| Outcome::equal("G(0)", &start.balance, &claimed)))
}
