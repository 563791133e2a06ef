//! N0: the conventions of docs/theory.md §0, pinned at the smallest size that can
//! tell right from wrong, against numbers worked out by hand.

use super::case::NetworkCase;
use super::draw::Draw;
use super::evidence::{Evidence, Outcome};
use super::law::{Check, Control, Judgement};
use super::{Origin, Statement, sample};
use crate::balance::{
    BalanceEquation, Noise, Orbit, Spectrum, SpectrumSource, Strength, Term,
    noise::{population_covariance, population_variance},
    pulls::Pulls,
    solve,
};
use crate::dynamics::step;
use crate::model::{Activation, Deep, Loss, Sample};
use crate::scalar::{Ball, Field, Rational, at_precision};
use crate::symmetry::Generator;
use rug::Float;

pub static STATEMENT: Statement = Statement {
    id: "N0",
    name: "conventions",
    claim: "Sign of A, direction of λ, order of (U, W), 2σ² = η/B, population covariance, gradient of γ‖θ‖² is 2γθ, enclosures round outwards.",
    origin: Origin::Convention,
    drawn: false,
    unproved: Some("conventions of the program"),
    file: file!(),
    checks: &[&Check {
        name: "by hand, n = 2",
        evidence: Evidence::Exact,
        draw: nothing,
        judge: guards,
        controls: &[Control {
            name: "each guard with the value of the wrong convention",
            judge: wrong_guards,
        }],
    }],
};

/// The guards have operands of their own.
fn nothing(_: &mut Draw) -> NetworkCase {
    sample::any_network(&mut Draw::from_choices(Vec::new()))
}

fn q(n: i32) -> Rational {
    Rational::from(n)
}

fn list(numbers: &[i32]) -> Vec<Rational> {
    numbers.iter().map(|&n| q(n)).collect()
}

/// What is computed, what it must be, and what the wrong convention would give.
struct Guard {
    what: &'static str,
    found: Option<Rational>,
    right: Rational,
    wrong: Rational,
}

fn table() -> Vec<Guard> {
    at_precision(53, || {
        let mut guards = Vec::new();
        let mut add = |what, found: Option<Rational>, right: Rational, wrong: Rational| {
            guards.push(Guard {
                what,
                found,
                right,
                wrong,
            });
        };

        // θ = (3, 2), rate +1 on the first, −1 on the second: C = 9 − 4.
        let rescaling = Generator::rescaling(2, vec![0], vec![1]).ok();
        let charge = rescaling.as_ref().map(|a| a.charge(&list(&[3, 2])));
        add("charge of a rescaling at (3, 2)", charge, q(5), q(-5));
        // λ > 0 moves `up` upwards: |e^{λ}·1| > 1.
        let moved = rescaling.as_ref().map(|a| a.act(&1.0, &[1.0, 1.0]));
        let grows = moved.map(|theta| q(i32::from(theta[0] > 1.0 && theta[1] < 1.0)));
        add("positive λ grows the rate +1", grows, q(1), q(0));
        // The same as a matrix, and turned: A = (0 1; 1 0) mixes the coordinates with λ's sign.
        let dense = Generator::dense(&[list(&[1, 0]), list(&[0, -1])]).ok();
        let charge = dense.as_ref().map(|a| a.charge(&list(&[3, 2])));
        add("charge of dense diag(1, −1) at (3, 2)", charge, q(5), q(-5));
        let turn = Generator::dense(&[list(&[0, 1]), list(&[1, 0])]).ok();
        let moved = turn.as_ref().map(|a| a.act(&1.0, &[1.0, 1.0]));
        let grows = moved.map(|theta| q(i32::from(theta[0] > 1.0 && theta[1] > 1.0)));
        add("positive λ grows the dense rate +1", grows, q(1), q(0));
        let scaling = Generator::scaling(1).ok();
        add(
            "charge of a scaling at 3",
            scaling.as_ref().map(|a| a.charge(&list(&[3]))),
            q(9),
            q(-9),
        );
        let moved = scaling.as_ref().map(|a| a.act(&1.0, &[1.0]));
        add(
            "positive λ grows under scaling",
            moved.map(|theta| q(i32::from(theta[0] > 1.0))),
            q(1),
            q(0),
        );
        // U = (1 2; 3 4), W = (5 6; 7 8), S = diag(1, 0): column 0 of U against row 0 of W.
        let factor = Generator::factor(2, 2, &[list(&[1, 0]), list(&[0, 0])]).ok();
        let theta = list(&[1, 2, 3, 4, 5, 6, 7, 8]);
        let charge = factor.as_ref().map(|a| a.charge(&theta));
        add(
            "charge of a factor: |U_0|² − |W_0|²",
            charge,
            q(10 - 61),
            q(5 - 74),
        );
        // S = (0 1; 1 0): A(U, W) = (US, −SW).
        let swap = Generator::factor(2, 2, &[list(&[0, 1]), list(&[1, 0])]).ok();
        let image = swap.map(|a| a.apply(&theta));
        add(
            "A(U, W) = (US, −SW): entry U_01",
            image.as_ref().map(|v| v[1].clone()),
            q(1),
            q(3),
        );
        add(
            "A(U, W) = (US, −SW): entry W_00",
            image.map(|v| v[4].clone()),
            q(-7),
            q(7),
        );
        // f = UWx with U = (1 2), W = (3; 4): f = 11x; ℓ = (11·1 − 1)² = 100, not 50.
        let model = Deep {
            widths: vec![1, 2, 1],
            activation: Activation::Identity,
        };
        let sample = Sample {
            input: list(&[1]),
            target: list(&[1]),
        };
        add(
            "ℓ = ‖f − y‖², without a half",
            model.loss(&list(&[1, 2, 3, 4]), &sample),
            q(100),
            q(50),
        );
        // ∂ℓ/∂U_0 = 2·10·3.
        let gradient = model.gradient(&list(&[1, 2, 3, 4]), &sample);
        add("∂ℓ/∂U_0", gradient.map(|g| g[0].clone()), q(60), q(30));

        // η = 1, B = 2: σ² = η/(2B).
        let strength = Strength::from_learning_rate(q(0), q(1), q(2)).ok();
        add(
            "2σ² = η/B at η = 1, B = 2",
            strength.map(|s| s.sigma2 * 2),
            q(1) / 2,
            q(1),
        );
        // g = 2, 6: mean 4, population variance 4 (sample variance 8, second moment 20).
        let rows = [list(&[2]), list(&[6])];
        let variance = population_variance(&rows);
        add(
            "variance of (2, 6) is divided by N",
            variance.first().cloned(),
            q(4),
            q(8),
        );
        add(
            "variance of (2, 6) is centred",
            variance.first().cloned(),
            q(4),
            q(20),
        );
        let covariance = population_covariance(&[list(&[2, 1]), list(&[6, 3])]);
        add(
            "covariance of ((2, 1), (6, 3))",
            covariance.first().map(|row| row[1].clone()),
            q(2),
            q(4),
        );
        // Weight decay alone: θ' = (1 − 2ηγ)θ; PyTorch's weight_decay w is γ = w/2.
        let next = step(&list(&[8]), &list(&[0]), &(q(1) / 2), &(q(1) / 2));
        add(
            "one step of decay, η = γ = 1/2, from 8",
            next.first().cloned(),
            q(4),
            q(6),
        );

        // One term μ = 1, a = 3, c = 5 at γ = 1, σ² = 1: G = 2·3 − 4·5, Φ = 2·5 + 3.
        let one = BalanceEquation {
            spectrum: Spectrum::from_terms(vec![Term {
                rate: q(1),
                noise: q(3),
                charge: q(5),
            }]),
            strength: Strength {
                gamma: q(1),
                sigma2: q(1),
            },
        };
        add(
            "G(0) = 2σ²Tr[ΣA] − 4γC",
            Some(one.at_start()),
            q(-14),
            q(-17),
        );
        add(
            "Φ(0) = 2γ‖θ‖² + σ²Tr Σ",
            Some(one.potential_at_start()),
            q(13),
            q(8),
        );
        // The noise of g = 2, 6 on the rate −1, through a problem: G(0) = −2·4.
        let down = Generator::diagonal(list(&[-1])).ok();
        let orbit =
            down.and_then(|a| Orbit::new(a, list(&[0]), Noise::Gradients(rows.to_vec())).ok());
        let start = orbit
            .and_then(|o| o.spectrum().ok())
            .map(|s: SpectrumSource| {
                s.start(&Strength {
                    gamma: q(0),
                    sigma2: q(1),
                })
                .balance
            });
        add("noise on a negative rate pulls down", start, q(-8), q(8));
        // Rates ±1, a = 16 up against 1 down, γ = 0: more noise above moves λ up.
        let pair = BalanceEquation {
            spectrum: Spectrum::from_terms(vec![
                Term {
                    rate: 1.0,
                    noise: 16.0,
                    charge: 1.0,
                },
                Term {
                    rate: -1.0,
                    noise: 1.0,
                    charge: 1.0,
                },
            ]),
            strength: Strength {
                gamma: 0.0,
                sigma2: 0.5,
            },
        };
        let up = solve(&pair)
            .ok()
            .and_then(|e| e.finite())
            .map(|lambda| q(i32::from(lambda > 0.0)));
        add("λ* > 0 when there is more noise above", up, q(1), q(0));
        let sides = Pulls::of(&one).map(|p| q(i32::from(p.up.len() == 1 && p.down.len() == 1)));
        add(
            "on a positive rate noise pulls up and charge down",
            sides,
            q(1),
            q(0),
        );
        // Enclosures of 53 bits round outwards: each exact result lies between two doubles.
        let third = Rational::from((1, 3));
        let [tiny, near] = [60u32, 30].map(|k| Rational::from(1) >> k);
        let near = near + 1u32;
        let point = |x: &Rational| Ball::from_rational(x);
        let holds =
            |enclosure: Ball, exact: &Rational| Some(q(i32::from(enclosure.contains(exact))));
        let one = q(1);
        for (what, enclosure, exact) in [
            (
                "1 + 2⁻⁶⁰ is enclosed",
                point(&one) + point(&tiny),
                Rational::from(&one + &tiny),
            ),
            (
                "1 − 2⁻⁶⁰ is enclosed",
                point(&one) - point(&tiny),
                Rational::from(&one - &tiny),
            ),
            (
                "(1 + 2⁻³⁰)² is enclosed",
                point(&near) * point(&near),
                Rational::from(&near * &near),
            ),
            ("1/3 is enclosed", point(&one) / point(&q(3)), third),
            (
                "1/(3 + 2⁻³¹) is enclosed by 1/(3 ± 2⁻³⁰)",
                point(&one) / point(&q(3)).widen(&(Float::with_val(53, 1) >> 30)),
                Rational::from(1) / (q(3) + (Rational::from(1) >> 31u32)),
            ),
        ] {
            add(what, holds(enclosure, &exact), q(1), q(0));
        }
        guards
    })
}

fn guards(_: &NetworkCase) -> Judgement {
    let outcome = table()
        .into_iter()
        .fold(Outcome::holds("", true), |outcome, guard| {
            outcome.and(|| match &guard.found {
                Some(found) => Outcome::equal(guard.what, found, &guard.right),
                None => Outcome::Failed(format!("{}: nothing was computed", guard.what)),
            })
        });
    Ok(outcome)
}

/// Refuted only if every guard tells the wrong value from what is computed.
fn wrong_guards(_: &NetworkCase) -> Judgement {
    let blind = table().into_iter().find(|guard| {
        guard
            .found
            .as_ref()
            .is_none_or(|found| *found == guard.wrong)
    });
    Ok(match blind {
        Some(guard) => Outcome::holds(guard.what, true),
        None => Outcome::Refuted("no guard takes the wrong value".to_owned()),
    })
}
