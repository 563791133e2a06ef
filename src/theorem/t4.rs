//! T4: the Noether flow of SGD, and that it has no martingale.

use super::case::{AnyLoss, NetworkCase};
use super::evidence::{Evidence, Outcome};
use super::law::{Check, Claim, Control, Judgement};
use super::trajectory::{
    Ensemble, GROUPS, Group, Increment, Moment, Running, STANDARD_ERRORS, dot as inner, estimated,
    scatter, silent, with_tanh,
};
use super::{Origin, Statement, sample};
use crate::balance::noise::{mean, population_covariance};
use crate::dynamics::Noise;
use crate::model::Model;
use crate::phenomenon::Bound;
use crate::scalar::{Rational, dot};

pub static STATEMENT: Statement = Statement {
    id: "T4",
    name: "Noether flow",
    claim: "Under the SDE, Ċ = −4γC + 2σ²Tr[Σ(θ)A] with no martingale term: Σ(θ)Aθ = 0.",
    origin: Origin::Paper,
    drawn: true,
    unproved: None,
    file: file!(),
    checks: &[
        &NetworkCase::<Model>::CHARGE_DRIFTS
            .drawn("drift, by Itô's formula", sample::rational_network),
        &NetworkCase::<Model>::NO_MARTINGALE.drawn("no martingale", sample::rational_network),
        &NetworkCase::<Model>::CHARGE_DRIFTS.drawn("drift on digits", sample::digits_network),
        &NetworkCase::<Model>::NO_MARTINGALE
            .drawn("no martingale on digits", sample::digits_network),
        &Check {
            name: "what is left of C along paths vanishes with the step",
            evidence: Evidence::Ensemble,
            draw: sample::running_network,
            judge: |case| vanishes(case, Clone::clone, Noise::Gradients),
            controls: &[
                Control {
                    name: "isotropic noise along paths",
                    judge: |case| vanishes(case, Clone::clone, Noise::Isotropic),
                },
                Control {
                    name: "tanh in place of the activation",
                    judge: |case| vanishes(case, with_tanh, Noise::Gradients),
                },
            ],
        },
        &Check {
            name: "its variance is that of dξᵀAdξ",
            evidence: Evidence::Ensemble,
            draw: sample::running_network,
            judge: |case| scattered(case, Noise::Gradients, quadratic),
            controls: &[
                Control {
                    name: "isotropic noise along paths",
                    judge: |case| scattered(case, Noise::Isotropic, quadratic),
                },
                Control {
                    name: "σ² in place of 2σ²",
                    judge: |case| scattered(case, Noise::Gradients, |at| quadratic(at).times(0.25)),
                },
                Control {
                    name: "half the variance",
                    judge: |case| scattered(case, Noise::Gradients, |at| quadratic(at).times(0.5)),
                },
                Control {
                    name: "twice the variance",
                    judge: |case| scattered(case, Noise::Gradients, |at| quadratic(at).times(2.0)),
                },
            ],
        },
    ],
};

impl<L: AnyLoss> NetworkCase<L> {
    pub(super) const CHARGE_DRIFTS: Claim<Self> = Claim {
        evidence: Evidence::Exact,
        judge: |case| drift(case, Clone::clone, Sabotage::None),
        controls: &[
            Control {
                name: "asymmetric twin",
                judge: |case| drift(case, Self::asymmetric, Sabotage::None),
            },
            Control {
                name: "second moment in place of the covariance",
                judge: |case| drift(case, Clone::clone, Sabotage::SecondMoment),
            },
            Control {
                name: "σ² in place of 2σ²",
                judge: |case| drift(case, Clone::clone, Sabotage::HalfNoise),
            },
        ],
    };

    pub(super) const NO_MARTINGALE: Claim<Self> = Claim {
        evidence: Evidence::Exact,
        judge: |case| martingale(case, Clone::clone, false),
        controls: &[
            Control {
                name: "isotropic noise",
                judge: |case| martingale(case, Clone::clone, true),
            },
            Control {
                name: "asymmetric twin",
                judge: |case| martingale(case, Self::asymmetric, false),
            },
        ],
    };
}

#[derive(Clone, Copy, PartialEq)]
enum Sabotage {
    None,
    SecondMoment,
    HalfNoise,
}

/// The drift of C by Itô's formula, ∇C·drift + ½Tr[∇²C·2σ²Σ], from the d × d covariance,
/// against −4γC + 2σ²Tr[ΣA] as the balance function of the spectrum gives it.
fn drift<L: AnyLoss>(
    case: &NetworkCase<L>,
    tamper: fn(&NetworkCase<L>) -> NetworkCase<L>,
    sabotage: Sabotage,
) -> Judgement {
    let case = tamper(case);
    let strength = case.strength()?;
    let gradients = case.gradients(&case.theta)?;
    let sigma = match sabotage {
        Sabotage::SecondMoment => second_moment(&gradients),
        _ => population_covariance(&gradients),
    };
    let mut sigma2 = strength.sigma2.clone();
    if sabotage == Sabotage::HalfNoise {
        sigma2 /= 2;
    }
    let ito = case.drift_of_charge(&sigma, &sigma2)?;
    Ok(Outcome::equal(
        "drift of C",
        &ito,
        &case.source()?.start(&strength).balance,
    ))
}

fn second_moment(gradients: &[Vec<Rational>]) -> Vec<Vec<Rational>> {
    let outer = gradients.iter().map(|g| {
        g.iter()
            .flat_map(|x| g.iter().map(move |y| Rational::from(x * y)))
            .collect()
    });
    let flat = mean(&outer.collect::<Vec<_>>());
    let d = gradients.first().map_or(1, Vec::len);
    flat.chunks(d).map(<[_]>::to_vec).collect()
}

/// dC has the noise 2θᵀA√(2σ²Σ)dW, which vanishes when ΣAθ = 0.
fn martingale<L: AnyLoss>(
    case: &NetworkCase<L>,
    tamper: fn(&NetworkCase<L>) -> NetworkCase<L>,
    isotropic: bool,
) -> Judgement {
    let case = tamper(case);
    let image = case.generator.apply(&case.theta);
    let noise = if isotropic {
        image
    } else {
        // ΣAθ = E[(g − ḡ)((g − ḡ)·Aθ)].
        let along = case.centred_gradients()?.into_iter().map(|g| {
            let along = dot(&g, &image);
            g.into_iter().map(|x| x * &along).collect()
        });
        mean(&along.collect::<Vec<Vec<Rational>>>())
    };
    Ok(noise.iter().fold(Outcome::holds("", true), |outcome, x| {
        outcome.and(|| Outcome::equal("ΣAθ", x, &Rational::new()))
    }))
}

/// The increment of C in one step of Euler and Maruyama, as T1 leaves it: with dξ of
/// covariance 2σ²Σdt,
///
/// ```text
/// C' − C = −4γCdt + dt²(∇LᵀA∇L + 4γ²C) − 2dt ∇LᵀAdξ + dξᵀAdξ,
/// ```
///
/// so its mean is (−4γC + 2σ²Tr[ΣA])dt + O(dt²) and its variance, 8σ⁴dt²Tr[(ΣA)²] +
/// 8σ²dt³∇LᵀAΣA∇L, adds up to O(dt) over all steps.
fn quadratic(at: &Moment<'_>) -> Increment {
    let Running { gamma, sigma2, .. } = *at.running;
    let (dt, count) = (at.dt, at.centred.len() as f64);
    let charge = at.form(&at.theta, &at.theta);
    let images: Vec<Vec<f64>> = at.centred.iter().map(|row| at.image(row)).collect();
    let (mut trace, mut square, mut along) = (0.0, 0.0, 0.0);
    for (row, image) in at.centred.iter().zip(&images) {
        trace += inner(row, image) / count;
        let pull = inner(&at.gradient, image);
        along += pull * pull / count;
        for other in &at.centred {
            let form = inner(other, image);
            square += form * form / (count * count);
        }
    }
    let pushed = at.form(&at.gradient, &at.gradient) + 4.0 * gamma * gamma * charge;
    Increment {
        mean: (2.0 * sigma2 * trace - 4.0 * gamma * charge) * dt + pushed * dt * dt,
        linear: 8.0 * sigma2 * dt * dt * dt * along,
        quadratic: 8.0 * sigma2 * sigma2 * dt * dt * square,
    }
}

/// What C(T) − C(0) has beyond the drift along the path, in ensembles with 1 and with 32
/// steps: the variance of a martingale would stay, this one falls like dt or faster. The
/// order is ln(V/V′)/ln 32 in each group of runs.
///
/// It is 1 or more if the noise stays what it is at the start. If it grows along the path,
/// V′ is larger by the factor q of [`quadratic`]'s variances, and the order may be
/// ln q/ln 32 less. What is left are the standard errors of V and V′: κ₄ of an increment is
/// at most 12κ₂² (see `Increment`), and that of the sum of n a part 1/n of this.
fn vanishes(
    case: &NetworkCase,
    tamper: fn(&NetworkCase) -> NetworkCase,
    noise: Noise,
) -> Judgement {
    const STEPS: usize = 32;
    let case = tamper(case);
    let running = Running::of(&case)?;
    let groups = |steps: usize, runs: u64| {
        Ensemble {
            running: &running,
            noise,
            steps,
            runs,
            law: quadratic,
        }
        .groups()
    };
    let (coarse_runs, fine_runs) = (64, 8);
    let (coarse, fine) = (groups(1, coarse_runs), groups(STEPS, fine_runs));
    if let Some(outcome) = silent(&running, &fine) {
        return Ok(outcome);
    }
    let unit = libm::log(STEPS as f64);
    let orders = coarse.iter().zip(&fine);
    let orders = orders.map(|(a, b)| {
        let [a, b] = [a.square / coarse_runs as f64, b.square / fine_runs as f64];
        libm::log(a / b) / unit
    });
    let orders: Vec<f64> = orders.collect();
    let all = |part: fn(&Group) -> f64| fine.iter().map(part).sum::<f64>();
    let growth = all(|group| group.variance) / (STEPS as f64 * all(|group| group.first));
    let square = |excess: f64, runs: u64| (2.0 + excess) / (GROUPS * runs) as f64;
    let relative = square(12.0, coarse_runs) + square(12.0 / STEPS as f64, fine_runs);
    let tolerance = STANDARD_ERRORS * libm::sqrt(relative) + libm::log(growth).max(0.0);
    Ok(estimated(
        "order in dt of Var C",
        &orders,
        Bound::Above(1.0 - tolerance / unit),
    ))
}

/// The variance itself, against that of [`quadratic`].
fn scattered(case: &NetworkCase, noise: Noise, law: fn(&Moment<'_>) -> Increment) -> Judgement {
    let running = Running::of(case)?;
    Ok(scatter(&running, noise, law))
}
