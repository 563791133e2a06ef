//! L2: what happens without the symmetry, or without gradient noise.

use super::case::NetworkCase;
use super::evidence::{Evidence, Outcome};
use super::law::{Check, Control, Judgement, Missing};
use super::trajectory::{Increment, Moment, Running, dot as inner, scatter};
use super::{Origin, Statement, sample};
use crate::balance::noise::{mean, population_covariance};
use crate::dynamics::Noise;
use crate::scalar::{Field, Rational, dot};

pub static STATEMENT: Statement = Statement {
    id: "L2",
    name: "broken symmetry",
    claim: "Without D1, dC acquires the drift −2∇LᵀAθ and a martingale of variance rate 8σ²θᵀAΣAθ; isotropic noise in place of the gradients' gives it such a martingale even under D1.",
    origin: Origin::Limit,
    drawn: true,
    unproved: None,
    file: file!(),
    checks: &[
        &Check {
            name: "drift of the asymmetric twin",
            evidence: Evidence::Exact,
            draw: sample::rational_network,
            judge: |case| drift(case, NetworkCase::asymmetric),
            controls: &[Control {
                name: "the model itself has no such drift",
                judge: |case| drift(case, Clone::clone),
            }],
        },
        &Check {
            name: "martingale of the asymmetric twin",
            evidence: Evidence::Exact,
            draw: sample::rational_network,
            judge: |case| martingale(case, NetworkCase::asymmetric, 8, false),
            controls: &[
                Control {
                    name: "the model itself has no martingale",
                    judge: |case| martingale(case, Clone::clone, 8, false),
                },
                Control {
                    name: "4σ² in place of 8σ²",
                    judge: |case| martingale(case, NetworkCase::asymmetric, 4, false),
                },
            ],
        },
        &Check {
            name: "martingale of isotropic noise",
            evidence: Evidence::Exact,
            draw: sample::rational_network,
            judge: |case| martingale(case, Clone::clone, 8, true),
            controls: &[Control {
                name: "4σ² in place of 8σ²",
                judge: |case| martingale(case, Clone::clone, 4, true),
            }],
        },
        &Check {
            name: "variance of C along paths with isotropic noise",
            evidence: Evidence::Ensemble,
            draw: sample::running_network,
            judge: |case| scattered(case, Noise::Isotropic, isotropic),
            controls: &[
                Control {
                    name: "gradient noise along paths",
                    judge: |case| scattered(case, Noise::Gradients, isotropic),
                },
                Control {
                    name: "4σ² in place of 8σ²",
                    judge: |case| scattered(case, Noise::Isotropic, |at| isotropic(at).times(0.5)),
                },
                Control {
                    name: "twice the variance",
                    judge: |case| scattered(case, Noise::Isotropic, |at| isotropic(at).times(2.0)),
                },
            ],
        },
    ],
};

/// What gradient flow adds to −4γC: −2∇LᵀAθ, and it must not vanish.
fn drift(case: &NetworkCase, tamper: fn(&NetworkCase) -> NetworkCase) -> Judgement {
    let case = tamper(case);
    let gradient = mean(&case.gradients(&case.theta)?);
    let image = case.generator.apply(&case.theta);
    let velocity = dot(&image, &case.flow()?) * 2u32;
    let law = case.generator.charge(&case.theta) * &case.gamma * Rational::from(-4);
    let surplus = dot(&gradient, &image) * Rational::from(-2);
    Ok(Outcome::equal("Ċ + 4γC", &(velocity - law), &surplus)
        .and(|| present("drift", &case, &surplus)))
}

/// The variance rate of ∇C·√(2σ²Σ)dW, sample by sample, against `factor`·σ²θᵀAΣAθ.
fn martingale(
    case: &NetworkCase,
    tamper: fn(&NetworkCase) -> NetworkCase,
    factor: i64,
    isotropic: bool,
) -> Judgement {
    let case = tamper(case);
    let strength = case.strength()?;
    let image = case.generator.apply(&case.theta);
    let gradients = if isotropic {
        axes(case.theta.len())
    } else {
        case.centred_gradients()?
    };
    // 2σ² times the mean of (2Aθ·(g − ḡ))² over the samples.
    let pushes = gradients
        .iter()
        .map(|g| vec![Field::square(&(dot(&image, g) * 2u32))]);
    let rate = mean(&pushes.collect::<Vec<_>>())
        .pop()
        .or_failed("no samples")?
        * &strength.sigma2
        * Rational::from(2);
    let sigma = population_covariance(&gradients);
    let turned: Vec<Rational> = sigma.iter().map(|row| dot(row, &image)).collect();
    let claimed = dot(&image, &turned) * &strength.sigma2 * Rational::from_int(factor);
    Ok(Outcome::equal("variance rate of C", &rate, &claimed)
        .and(|| present("variance", &case, &rate)))
}

/// What the broken symmetry adds is there. It may happen to vanish at a special point of
/// the twin; in the model itself it vanishes always.
fn present(what: &str, case: &NetworkCase, x: &Rational) -> Outcome {
    if x.is_zero() && !case.asymmetry.is_zero() {
        return Outcome::Inconclusive(format!("the {what} happens to vanish"));
    }
    Outcome::holds(&format!("the {what} vanishes"), !x.is_zero())
}

/// Noise of the same power in every direction: ±e_k for each axis.
fn axes(d: usize) -> Vec<Vec<Rational>> {
    let axis = |k: usize, sign: i32| {
        (0..d)
            .map(|i| Rational::from(if i == k { sign } else { 0 }))
            .collect()
    };
    (0..d).flat_map(|k| [axis(k, 1), axis(k, -1)]).collect()
}

/// The increment of C in one step of Euler and Maruyama with the covariance vI in place
/// of Σ, v = Tr Σ/d. With b = −∇L_γ and w = A(θ + b dt) its variance is
/// 8σ²v‖w‖²dt + 8σ⁴v²Tr[A²]dt².
fn isotropic(at: &Moment<'_>) -> Increment {
    let Running { gamma, sigma2, .. } = *at.running;
    let dt = at.dt;
    let powers = at.centred.iter().map(|row| inner(row, row));
    let entries = at.centred.len() * at.theta.len();
    let power = powers.sum::<f64>() / entries as f64;
    let velocity = at.velocity();
    let reached = at.theta.iter().zip(&velocity);
    let reached: Vec<f64> = reached.map(|(x, b)| x + b * dt).collect();
    let image = at.image(&reached);
    let diagonal = at.entries.iter().filter(|(i, j, _)| i == j);
    let trace: f64 = diagonal.map(|(_, _, a)| a).sum();
    let square: f64 = at.entries.iter().map(|(_, _, a)| a * a).sum();
    let drift = 2.0 * sigma2 * power * trace - 4.0 * gamma * at.form(&at.theta, &at.theta);
    let strength = 8.0 * sigma2 * power * dt;
    Increment {
        mean: drift * dt + at.form(&velocity, &velocity) * dt * dt,
        linear: strength * inner(&image, &image),
        quadratic: strength * sigma2 * power * dt * square,
    }
}

/// The variance of C over an ensemble of paths.
fn scattered(case: &NetworkCase, noise: Noise, law: fn(&Moment<'_>) -> Increment) -> Judgement {
    Ok(scatter(&Running::of(case)?, noise, law))
}
