//! T5: the exact law of the charge for discrete steps.

use super::case::{Case, NetworkCase};
use super::evidence::{Evidence, Identity, Outcome, precision_scaling, vector_defect};
use super::trajectory::{Running, with_tanh};
use super::{Check, Control, Origin, Statement, sample};
use crate::balance::{Strength, noise::mean};
use crate::dynamics::{Stream, batches_with_replacement, batches_without_replacement, step};
use crate::model::{Loss, Sample};
use crate::scalar::{Field, Rational, RealScalar, dot};

pub static STATEMENT: Statement = Statement {
    id: "T5",
    name: "exact discrete law",
    claim: "θ' = θ − η(g + 2γθ) gives C(θ') = (1−2ηγ)²C(θ) + η²gᵀAg exactly; over all batches, E[C'] = (1−2ηγ)²C + η²(Tr[ΣA]/B + ∇LᵀA∇L), with (N−B)/(N−1) on Tr[ΣA] without replacement.",
    origin: Origin::Beyond,
    drawn: true,
    checks: &[
        Check {
            name: "every step",
            evidence: Evidence::Exact,
            draw: sample::rational_network,
            run: |case| steps(case, Clone::clone, 2),
        },
        Check {
            name: "mean with replacement",
            evidence: Evidence::Exact,
            draw: sample::rational_network,
            run: |case| batch_mean(case, true, Sabotage::None),
        },
        Check {
            name: "mean without replacement",
            evidence: Evidence::Exact,
            draw: sample::rational_network,
            run: |case| batch_mean(case, false, Sabotage::None),
        },
        Check {
            name: "every step on digits",
            evidence: Evidence::Exact,
            draw: sample::digits_network,
            run: |case| steps(case, Clone::clone, 2),
        },
        Check {
            name: "mean on digits",
            evidence: Evidence::Exact,
            draw: sample::digits_network,
            run: |case| batch_mean(case, true, Sabotage::None),
        },
        Check {
            name: "every sample, any model, at any precision",
            evidence: Evidence::Scaling,
            draw: sample::any_network,
            run: |case| scaling(case, Clone::clone),
        },
        Check {
            name: "six steps of SGD",
            evidence: Evidence::Exact,
            draw: sample::small_run,
            run: |case| run(case, Clone::clone, 2),
        },
        Check {
            name: "1000 steps of SGD in doubles, one by one and accumulated",
            evidence: Evidence::Rounding,
            draw: sample::running_network,
            run: |case| descends(case, Clone::clone, 2.0, 1000),
        },
    ],
    controls: &[
        Control {
            name: "asymmetric twin",
            check: 0,
            run: |case| steps(case, NetworkCase::asymmetric, 2),
        },
        Control {
            name: "gradient γθ in place of 2γθ",
            check: 0,
            run: |case| steps(case, with_decay, 1),
        },
        Control {
            name: "second moment in place of the covariance",
            check: 1,
            run: |case| batch_mean(case, true, Sabotage::SecondMoment),
        },
        Control {
            name: "covariance not divided by B",
            check: 1,
            run: |case| batch_mean(case, true, Sabotage::NotDivided),
        },
        Control {
            name: "without replacement counted as with",
            check: 2,
            run: |case| batch_mean(case, false, Sabotage::Replacement),
        },
        Control {
            name: "asymmetric twin on digits",
            check: 3,
            run: |case| steps(case, NetworkCase::asymmetric, 2),
        },
        Control {
            name: "second moment on digits",
            check: 4,
            run: |case| batch_mean(case, true, Sabotage::SecondMoment),
        },
        Control {
            name: "asymmetric twin at any precision",
            check: 5,
            run: |case| scaling(case, NetworkCase::asymmetric),
        },
        Control {
            name: "asymmetric twin along a run",
            check: 6,
            run: |case| run(case, NetworkCase::asymmetric, 2),
        },
        Control {
            name: "decay γθ in place of 2γθ",
            check: 6,
            run: |case| run(case, with_decay, 1),
        },
        Control {
            name: "tanh in place of the activation",
            check: 7,
            run: |case| descends(case, with_tanh, 2.0, 1000),
        },
        Control {
            name: "decay γθ in place of 2γθ",
            check: 7,
            run: |case| descends(case, Clone::clone, 1.0, 1000),
        },
    ],
};

fn with_decay(case: &NetworkCase) -> NetworkCase {
    NetworkCase {
        gamma: case.gamma.clone() + Rational::from((1, 16)),
        ..case.clone()
    }
}

/// The batch's gradient and the charge after a step along it.
fn after(
    case: &NetworkCase,
    gradients: &[Vec<Rational>],
    batch: &[usize],
) -> (Vec<Rational>, Rational) {
    let rows: Vec<Vec<Rational>> = batch.iter().map(|&i| gradients[i].clone()).collect();
    let g = mean(&rows);
    let next = step(&case.theta, &g, &case.learning_rate, &case.gamma);
    (g, case.generator.charge(&next))
}

/// (1 − `decay`·ηγ)²C.
fn decayed(case: &NetworkCase, decay: i64) -> Rational {
    let shrink =
        Rational::from(1) - case.learning_rate.clone() * &case.gamma * Rational::from_int(decay);
    Field::square(&shrink) * case.generator.charge(&case.theta)
}

fn steps(case: &Case, tamper: fn(&NetworkCase) -> NetworkCase, decay: i64) -> Outcome {
    let law = |case: NetworkCase| {
        let gradients = case.gradients(&case.theta)?;
        let kept = decayed(&case, decay);
        let eta2 = Field::square(&case.learning_rate);
        let batches = batches_with_replacement(gradients.len(), case.batch);
        Some(
            batches
                .iter()
                .fold(Outcome::holds("", true), |outcome, batch| {
                    outcome.and(|| {
                        let (g, charge) = after(&case, &gradients, batch);
                        let pushed = case.generator.charge(&g) * &eta2;
                        Outcome::equal("C after one step", &charge, &(kept.clone() + pushed))
                    })
                }),
        )
    };
    Outcome::decided(case.network().map(tamper).and_then(law))
}

/// The law of a step along the gradient of each sample.
struct Steps(NetworkCase);

impl Identity for Steps {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Option<(S, S)> {
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
        Some(vector_defect(&found, &claimed))
    }
}

fn scaling(case: &Case, tamper: fn(&NetworkCase) -> NetworkCase) -> Outcome {
    let steps = |case| precision_scaling(&Steps(tamper(case)));
    Outcome::decided(case.network().map(steps))
}

#[derive(Clone, Copy, PartialEq)]
enum Sabotage {
    None,
    SecondMoment,
    NotDivided,
    Replacement,
}

fn batch_mean(case: &Case, replacement: bool, sabotage: Sabotage) -> Outcome {
    let law = |case: &NetworkCase| {
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
        let measured = mean(&charges).pop()?;

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
        Some(Outcome::equal("E[C']", &measured, &predicted))
    };
    Outcome::decided(case.network().and_then(law))
}

/// Six steps of SGD along batches drawn at random; the law's own charge is carried along.
fn run(case: &Case, tamper: fn(&NetworkCase) -> NetworkCase, decay: i64) -> Outcome {
    let follow = |case: NetworkCase| {
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
                case.model.gradient(&theta, z)
            });
            let g = mean(&batch.collect::<Option<Vec<_>>>()?);
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
        Some(outcome)
    };
    Outcome::decided(case.network().map(tamper).and_then(follow))
}

/// The law at every step of a long run of SGD in doubles, against a derived bound on the
/// rounding errors: for each step by itself, and for all steps so far.
pub fn steps_in_doubles(case: &Case, steps: u64) -> Outcome {
    descends(case, Clone::clone, 2.0, steps)
}

fn descends(
    case: &Case,
    tamper: fn(&NetworkCase) -> NetworkCase,
    decay: f64,
    steps: u64,
) -> Outcome {
    let follow = |case: NetworkCase| Some(Running::of(&case)?.descend(decay, None, steps));
    Outcome::decided(case.network().map(tamper).and_then(follow))
}
