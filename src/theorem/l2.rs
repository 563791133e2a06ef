//! L2: what happens without the symmetry, or without gradient noise.

use super::case::{Case, NetworkCase};
use super::evidence::{Evidence, Outcome};
use super::trajectory::{Increment, Moment, Running, dot as inner, scatter};
use super::{Check, Control, Origin, Statement, sample};
use crate::balance::noise::{mean, population_covariance};
use crate::dynamics::Noise;
use crate::model::Model;
use crate::scalar::{Field, Rational, dot};

pub static STATEMENT: Statement = Statement {
    id: "L2",
    name: "broken symmetry",
    claim: "Without D1, dC acquires the drift −2∇LᵀAθ and a martingale of variance rate 8σ²θᵀAΣAθ; isotropic noise in place of the gradients' gives it such a martingale even under D1.",
    origin: Origin::Limit,
    drawn: true,
    checks: &[
        Check {
            name: "drift of the asymmetric twin",
            evidence: Evidence::Exact,
            draw: sample::rational_network,
            run: |case| drift(case, NetworkCase::asymmetric),
        },
        Check {
            name: "martingale of the asymmetric twin",
            evidence: Evidence::Exact,
            draw: sample::rational_network,
            run: |case| martingale(case, NetworkCase::asymmetric, 8, false),
        },
        Check {
            name: "martingale of isotropic noise",
            evidence: Evidence::Exact,
            draw: sample::rational_network,
            run: |case| martingale(case, Clone::clone, 8, true),
        },
        Check {
            name: "variance of C along paths with isotropic noise",
            evidence: Evidence::Ensemble,
            draw: sample::running_network,
            run: |case| scattered(case, Noise::Isotropic, isotropic),
        },
    ],
    controls: &[
        Control {
            name: "the model itself has no such drift",
            check: 0,
            run: |case| drift(case, Clone::clone),
        },
        Control {
            name: "the model itself has no martingale",
            check: 1,
            run: |case| martingale(case, Clone::clone, 8, false),
        },
        Control {
            name: "4σ² in place of 8σ²",
            check: 1,
            run: |case| martingale(case, NetworkCase::asymmetric, 4, false),
        },
        Control {
            name: "4σ² in place of 8σ²",
            check: 2,
            run: |case| martingale(case, Clone::clone, 4, true),
        },
        Control {
            name: "gradient noise along paths",
            check: 3,
            run: |case| scattered(case, Noise::Gradients, isotropic),
        },
        Control {
            name: "4σ² in place of 8σ²",
            check: 3,
            run: |case| scattered(case, Noise::Isotropic, |at| isotropic(at).times(0.5)),
        },
        Control {
            name: "twice the variance",
            check: 3,
            run: |case| scattered(case, Noise::Isotropic, |at| isotropic(at).times(2.0)),
        },
    ],
};

/// What gradient flow adds to −4γC: −2∇LᵀAθ, and it must not vanish.
fn drift(case: &Case, tamper: fn(&NetworkCase) -> NetworkCase) -> Outcome {
    let check = |case: NetworkCase| {
        let gradient = mean(&case.gradients(&case.theta)?);
        let image = case.generator.apply(&case.theta);
        let velocity = dot(&image, &case.flow()?) * 2u32;
        let law = case.generator.charge(&case.theta) * &case.gamma * Rational::from(-4);
        let surplus = dot(&gradient, &image) * Rational::from(-2);
        Some(
            Outcome::equal("Ċ + 4γC", &(velocity - law), &surplus)
                .and(|| present("drift", &case, &surplus)),
        )
    };
    Outcome::decided(case.network().map(tamper).and_then(check))
}

/// The variance rate of ∇C·√(2σ²Σ)dW, sample by sample, against `factor`·σ²θᵀAΣAθ.
fn martingale(
    case: &Case,
    tamper: fn(&NetworkCase) -> NetworkCase,
    factor: i64,
    isotropic: bool,
) -> Outcome {
    let check = |case: NetworkCase| {
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
        let rate = mean(&pushes.collect::<Vec<_>>()).pop()? * &strength.sigma2 * Rational::from(2);
        let sigma = population_covariance(&gradients);
        let turned: Vec<Rational> = sigma.iter().map(|row| dot(row, &image)).collect();
        let claimed = dot(&image, &turned) * &strength.sigma2 * Rational::from_int(factor);
        Some(
            Outcome::equal("variance rate of C", &rate, &claimed)
                .and(|| present("variance", &case, &rate)),
        )
    };
    Outcome::decided(case.network().map(tamper).and_then(check))
}

/// What the broken symmetry adds is there. It may happen to vanish at a special point of
/// the twin; in the model itself it vanishes always.
fn present(what: &str, case: &NetworkCase, x: &Rational) -> Outcome {
    if x.is_zero() && matches!(case.model, Model::Twin(_)) {
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
fn scattered(case: &Case, noise: Noise, law: fn(&Moment<'_>) -> Increment) -> Outcome {
    let running = case.network().and_then(Running::of);
    Outcome::decided(running.map(|running| scatter(&running, noise, law)))
}
