//! T5: the exact law of the charge for discrete steps.

use super::case::{AnyLoss, NetworkCase, OUTSIDE};
use super::evidence::{Evidence, Identity, Outcome, precision_scaling, vector_defect};
use super::law::{Check, Claim, Control, Judgement, Missing, Stop};
use super::trajectory::{Running, with_tanh};
use super::{Origin, Statement, sample};
use crate::balance::{Strength, noise::mean};
use crate::dynamics::{Stream, batches_with_replacement, batches_without_replacement, step};
use crate::model::{Loss, Model, Sample};
use crate::scalar::{Field, Rational, RealScalar, dot};

pub static STATEMENT: Statement = Statement {
    id: "T5",
    name: "exact discrete law",
    claim: "θ' = θ − η(g + 2γθ) gives C(θ') = (1−2ηγ)²C(θ) + η²gᵀAg exactly; over all batches, E[C'] = (1−2ηγ)²C + η²(Tr[ΣA]/B + ∇LᵀA∇L), with (N−B)/(N−1) on Tr[ΣA] without replacement.",
    origin: Origin::Beyond,
    drawn: true,
    unproved: None,
    file: file!(),
    checks: &[
        &NetworkCase::<Model>::STEP.drawn("every step", sample::rational_network),
        &NetworkCase::<Model>::MEAN_WITH_REPLACEMENT
            .drawn("mean with replacement", sample::rational_network),
        &NetworkCase::<Model>::MEAN_WITHOUT_REPLACEMENT
            .drawn("mean without replacement", sample::rational_network),
        &NetworkCase::<Model>::STEP.drawn("every step on digits", sample::digits_network),
        &NetworkCase::<Model>::MEAN_WITH_REPLACEMENT
            .drawn("mean on digits", sample::digits_network),
        &NetworkCase::<Model>::STEP_AT_ANY_PRECISION.drawn(
            "every sample, any model, at any precision",
            sample::any_network,
        ),
        &Check {
            name: "six steps of SGD",
            evidence: Evidence::Exact,
            draw: sample::small_run,
            judge: |case| run(case, Clone::clone, 2),
            controls: &[
                Control {
                    name: "asymmetric twin along a run",
                    judge: |case| run(case, NetworkCase::asymmetric, 2),
                },
                Control {
                    name: "decay γθ in place of 2γθ",
                    judge: |case| run(case, NetworkCase::with_decay, 1),
                },
            ],
        },
        &Check {
            name: "1000 steps of SGD in doubles, one by one and accumulated",
            evidence: Evidence::Rounding,
            draw: sample::running_network,
            judge: |case| descends(case, Clone::clone, 2.0, 1000),
            controls: &[
                Control {
                    name: "tanh in place of the activation",
                    judge: |case| descends(case, with_tanh, 2.0, 1000),
                },
                Control {
                    name: "decay γθ in place of 2γθ",
                    judge: |case| descends(case, Clone::clone, 1.0, 1000),
                },
            ],
        },
    ],
};

impl<L: AnyLoss> NetworkCase<L> {
    pub(super) const STEP: Claim<Self> = Claim {
        evidence: Evidence::Exact,
        judge: |case| steps(case, Clone::clone, 2),
        controls: &[
            Control {
                name: "asymmetric twin",
                judge: |case| steps(case, Self::asymmetric, 2),
            },
            Control {
                name: "gradient γθ in place of 2γθ",
                judge: |case| steps(case, Self::with_decay, 1),
            },
        ],
    };

    pub(super) const MEAN_WITH_REPLACEMENT: Claim<Self> = Claim {
        evidence: Evidence::Exact,
        judge: |case| batch_mean(case, true, Sabotage::None),
        controls: &[
            Control {
                name: "second moment in place of the covariance",
                judge: |case| batch_mean(case, true, Sabotage::SecondMoment),
            },
            Control {
                name: "covariance not divided by B",
                judge: |case| batch_mean(case, true, Sabotage::NotDivided),
            },
        ],
    };

    pub(super) const MEAN_WITHOUT_REPLACEMENT: Claim<Self> = Claim {
        evidence: Evidence::Exact,
        judge: |case| batch_mean(case, false, Sabotage::None),
        controls: &[Control {
            name: "without replacement counted as with",
            judge: |case| batch_mean(case, false, Sabotage::Replacement),
        }],
    };

    pub(super) const STEP_AT_ANY_PRECISION: Claim<Self> = Claim {
        evidence: Evidence::Scaling,
        judge: |case| scaling(case, Clone::clone),
        controls: &[Control {
            name: "asymmetric twin at any precision",
            judge: |case| scaling(case, Self::asymmetric),
        }],
    };
}

/// The batch's gradient and the charge after a step along it.
fn after<L: AnyLoss>(
    case: &NetworkCase<L>,
    gradients: &[Vec<Rational>],
    batch: &[usize],
) -> (Vec<Rational>, Rational) {
    let rows: Vec<Vec<Rational>> = batch.iter().map(|&i| gradients[i].clone()).collect();
    let g = mean(&rows);
    let next = step(&case.theta, &g, &case.learning_rate, &case.gamma);
    (g, case.generator.charge(&next))
}

/// (1 − `decay`·ηγ)²C.
fn decayed<L: AnyLoss>(case: &NetworkCase<L>, decay: i64) -> Rational {
    let shrink =
        Rational::from(1) - case.learning_rate.clone() * &case.gamma * Rational::from_int(decay);
    Field::square(&shrink) * case.generator.charge(&case.theta)
}

fn steps<L: AnyLoss>(
    case: &NetworkCase<L>,
    tamper: fn(&NetworkCase<L>) -> NetworkCase<L>,
    decay: i64,
) -> Judgement {
    let case = tamper(case);
    let gradients = case.gradients(&case.theta)?;
    let kept = decayed(&case, decay);
    let eta2 = Field::square(&case.learning_rate);
    let batches = batches_with_replacement(gradients.len(), case.batch);
    Ok(batches
        .iter()
        .fold(Outcome::holds("", true), |outcome, batch| {
            outcome.and(|| {
                let (g, charge) = after(&case, &gradients, batch);
                let pushed = case.generator.charge(&g) * &eta2;
                Outcome::equal("C after one step", &charge, &(kept.clone() + pushed))
            })
        }))
}

/// The law of a step along the gradient of each sample.
struct Steps<L>(NetworkCase<L>);

impl<L: AnyLoss> Identity for Steps<L> {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Result<(S, S), Stop> {
        let case = &self.0;
        let theta = case.theta::<S>();
        let [eta, gamma] = [&case.learning_rate, &case.gamma].map(S::from_rational);
        let shrink = S::one() - S::from_int(2) * &eta * &gamma;
        let kept = Field::square(&shrink) * case.generator.charge(&theta);
        let laws = case.gradients(&theta)?.into_iter().map(|g| {
            let next = step(&theta, &g, &eta, &gamma);
            let pushed = case.generator.charge(&g) * Field::square(&eta);
            (case.generator.charge(&next), kept.clone() + pushed)
        });
        let (found, claimed): (Vec<S>, Vec<S>) = laws.unzip();
        Ok(vector_defect(&found, &claimed))
    }
}

fn scaling<L: AnyLoss>(
    case: &NetworkCase<L>,
    tamper: fn(&NetworkCase<L>) -> NetworkCase<L>,
) -> Judgement {
    let steps = |case| precision_scaling(&Steps(tamper(case)));
    steps(case)
}

#[derive(Clone, Copy, PartialEq)]
enum Sabotage {
    None,
    SecondMoment,
    NotDivided,
    Replacement,
}

fn batch_mean<L: AnyLoss>(
    case: &NetworkCase<L>,
    replacement: bool,
    sabotage: Sabotage,
) -> Judgement {
    let gradients = case.gradients(&case.theta)?;
    let n = gradients.len();
    // A batch of one would hide what depends on B.
    let size = if sabotage == Sabotage::None {
        case.batch
    } else {
        2
    };
    let batches = if replacement {
        batches_with_replacement(n, size)
    } else {
        batches_without_replacement(n, size)
    };
    let charges: Vec<Vec<Rational>> = batches
        .iter()
        .map(|batch| vec![after(case, &gradients, batch).1])
        .collect();
    let measured = mean(&charges).pop().or_failed("no samples")?;

    // Tr[ΣA] as the spectrum has it: G(0) at γ = 0 and 2σ² = 1.
    let half = Strength {
        gamma: Rational::new(),
        sigma2: Rational::from((1, 2)),
    };
    let mut noise = case.source()?.start(&half).balance;
    let gradient = mean(&gradients);
    let pull = dot(&gradient, &case.generator.apply(&gradient));
    if sabotage == Sabotage::SecondMoment {
        noise += &pull;
    }
    if sabotage != Sabotage::NotDivided {
        noise /= Rational::from(size);
    }
    if !replacement && sabotage != Sabotage::Replacement {
        noise *= Rational::from((n - size, n - 1));
    }
    let predicted = decayed(case, 2) + Field::square(&case.learning_rate) * (noise + pull);
    Ok(Outcome::equal("E[C']", &measured, &predicted))
}

/// Six steps of SGD along batches drawn at random; the law's own charge is carried along.
fn run(case: &NetworkCase, tamper: fn(&NetworkCase) -> NetworkCase, decay: i64) -> Judgement {
    let case = tamper(case);
    let eta2 = Field::square(&case.learning_rate);
    let lost = case.learning_rate.clone() * &case.gamma * Rational::from_int(decay);
    let kept = Field::square(&(Rational::from(1) - lost));
    let mut stream = Stream::seeded(0, "T5", 0);
    let mut theta = case.theta.clone();
    let mut law = case.generator.charge(&theta);
    let mut outcome = Outcome::holds("", true);
    for k in 1..=6 {
        let batch = (0..case.batch).map(|_| {
            let z: &Sample<Rational> = &case.samples[stream.below(case.samples.len())];
            case.loss().gradient(&theta, z)
        });
        let g = mean(&batch.collect::<Option<Vec<_>>>().or_open(OUTSIDE)?);
        theta = step(&theta, &g, &case.learning_rate, &case.gamma);
        law = law * &kept + case.generator.charge(&g) * &eta2;
        let charge = case.generator.charge(&theta);
        outcome = outcome.and(|| {
            // Its digits would fill pages.
            Outcome::holds(
                &format!("C after {k} steps is not the law's"),
                charge == law,
            )
        });
    }
    Ok(outcome)
}

/// The law at every step of a long run of SGD in doubles, against a derived bound on the
/// rounding errors: for each step by itself, and for all steps so far.
pub fn steps_in_doubles(case: &NetworkCase, steps: u64) -> Judgement {
    descends(case, Clone::clone, 2.0, steps)
}

fn descends(
    case: &NetworkCase,
    tamper: fn(&NetworkCase) -> NetworkCase,
    decay: f64,
    steps: u64,
) -> Judgement {
    Ok(Running::of(&tamper(case))?.descend(decay, None, steps))
}
