//! T9: the path to the equilibrium crosses no barrier.

use super::case::{AnyLoss, NetworkCase};
use super::evidence::{Evidence, Identity, Outcome, precision_scaling, vector_defect};
use super::law::{Check, Claim, Control, Judgement, Missing, Stop};
use super::{Origin, Statement, sample};
use crate::balance::{BalanceEquation, Spectrum, certify, solve};
use crate::model::Model;
use crate::scalar::{Ball, Field, Rational, RealScalar, at_precision};
use num_traits::Zero;
use std::cmp::Ordering;

pub static STATEMENT: Statement = Statement {
    id: "T9",
    name: "no barrier",
    claim: "λ ↦ θ_λ joins θ to θ* with every ℓ(·, z) constant, and with L_γ at or below the chord between its ends.",
    origin: Origin::Paper,
    drawn: true,
    unproved: None,
    file: file!(),
    checks: &[
        &NetworkCase::<Model>::NO_BARRIER
            .drawn("loss along the path", sample::any_network_with_decay),
        &Check {
            name: "‖θ_λ‖² below its chord",
            evidence: Evidence::Enclosure,
            draw: sample::network_with_finite_equilibrium,
            judge: |case| chord(case, 1),
            controls: &[Control {
                name: "above the chord",
                judge: |case| chord(case, -1),
            }],
        },
    ],
};

impl<L: AnyLoss> NetworkCase<L> {
    pub(super) const NO_BARRIER: Claim<Self> = Claim {
        evidence: Evidence::Scaling,
        judge: |case| path(case, Clone::clone, false),
        controls: &[
            Control {
                name: "straight line from θ to θ*",
                judge: |case| path(case, Clone::clone, true),
            },
            Control {
                name: "asymmetric twin",
                judge: |case| path(case, Self::asymmetric, false),
            },
        ],
    };
}

struct Path<L> {
    case: NetworkCase<L>,
    straight: bool,
}

impl<L: AnyLoss> Identity for Path<L> {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Result<(S, S), Stop> {
        let case = &self.case;
        let theta = case.theta::<S>();
        let spectrum = Spectrum::from_gradients(&case.generator, &theta, &case.gradients(&theta)?)
            .or_failed("the eigendecomposition did not converge")?;
        let balance = BalanceEquation {
            spectrum,
            strength: case.strength()?.map(S::from_rational),
        };
        // λ* where it is finite; anywhere on the orbit will do for the rest.
        let lambda = solve(&balance)?
            .finite()
            .unwrap_or_else(|| S::from_rational(&case.lambda));
        let goal = case.generator.act(&lambda, &theta);
        let start = case.losses(&theta)?;
        let quarter = S::from_rational(&Rational::from((1, 4)));
        (1..=4).try_fold((S::zero(), S::zero()), |(defect, scale), k| {
            let t = quarter.clone() * S::from_int(k);
            let point = if self.straight {
                let ends = theta.iter().zip(&goal);
                ends.map(|(a, b)| (b.clone() - a) * &t + a).collect()
            } else {
                case.generator.act(&(lambda.clone() * &t), &theta)
            };
            let (d, s) = vector_defect(&case.losses(&point)?, &start);
            let larger = |a: S, b: S| nalgebra::RealField::max(a, b);
            Ok((larger(defect, d), larger(scale, s)))
        })
    }
}

fn path<L: AnyLoss>(
    case: &NetworkCase<L>,
    tamper: fn(&NetworkCase<L>) -> NetworkCase<L>,
    straight: bool,
) -> Judgement {
    let path = |case| Path {
        case: tamper(case),
        straight,
    };
    precision_scaling(&path(case))
}

/// γ‖θ_λ‖² at the middle of [0, λ] against the mean of its ends, strictly where Aθ ≠ 0.
fn chord(case: &NetworkCase, sign: i64) -> Judgement {
    at_precision(256, || {
        let source = case.source()?;
        let spectrum = source.enclose().or_failed("a spectrum without enclosure")?;
        let zero = Ball::zero();
        // With γ = ½ and σ² = 0 the potential is the squared norm.
        let strength = crate::balance::Strength {
            gamma: Ball::from_rational(&Rational::from((1, 2))),
            sigma2: zero.clone(),
        };
        let norm = BalanceEquation { spectrum, strength };
        // To λ* where it is finite and not 0; anywhere on the orbit will do for the rest.
        let found = certify(&source, &case.strength()?, 60);
        let end = match found?.finite().map(|found| found.lambda) {
            Some(lambda) if lambda.sign() != Some(Ordering::Equal) => lambda,
            _ => Ball::from_rational(&case.lambda),
        };
        let middle = end.scale_by_power_of_two(-1);
        let sag = norm.potential(&zero) + norm.potential(&end)
            - norm.potential(&middle) * Ball::from_int(2);
        if !source.moves() {
            return Ok(Outcome::holds(
                "Aθ = 0 and yet the norm changes",
                sag.contains_zero(),
            ));
        }
        if case.lambda.is_zero() {
            return Err(Stop::Open("λ = 0 spans no chord".to_owned()));
        }
        Ok(Outcome::sign(
            "chord − ‖θ_λ‖²",
            &(sag * Ball::from_int(sign)),
            Ordering::Greater,
        ))
    })
}
