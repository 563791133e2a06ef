//! T3: the charge under gradient flow.

use super::bounds::{flow_step, within};
use super::case::{AnyLoss, NetworkCase};
use super::evidence::{Evidence, Outcome};
use super::law::{Check, Claim, Control, Judgement};
use super::trajectory::{Running, with_tanh};
use super::{Origin, Statement, sample};
use crate::dynamics::gradient_path;
use crate::model::Model;
use crate::scalar::{Field, Rational, dot};

pub static STATEMENT: Statement = Statement {
    id: "T3",
    name: "charge under gradient flow",
    claim: "θ̇ = −∇L_γ gives Ċ = −4γC, so that C(t) = C(0)e^{−4γt}, conserved at γ = 0.",
    origin: Origin::Paper,
    drawn: true,
    unproved: None,
    file: file!(),
    checks: &[
        &NetworkCase::<Model>::CHARGE_DECAYS.drawn("drawn networks", sample::rational_network),
        &NetworkCase::<Model>::CHARGE_DECAYS.drawn("digits", sample::digits_network),
        &Check {
            name: "C(0)e^{−4γt} along the flow, within its tolerance",
            evidence: Evidence::Rounding,
            draw: sample::smooth_network,
            judge: |case| flows(case, Clone::clone, 4.0),
            controls: &[
                Control {
                    name: "tanh in place of the identity",
                    judge: |case| flows(case, with_tanh, 4.0),
                },
                Control {
                    name: "e^{−2γt} in place of e^{−4γt}",
                    judge: |case| flows(case, Clone::clone, 2.0),
                },
            ],
        },
    ],
};

impl<L: AnyLoss> NetworkCase<L> {
    pub(super) const CHARGE_DECAYS: Claim<Self> = Claim {
        evidence: Evidence::Exact,
        judge: |case| check(case, Clone::clone, 4),
        controls: &[
            Control {
                name: "asymmetric twin",
                judge: |case| check(case, Self::asymmetric, 4),
            },
            Control {
                name: "gradient γθ in place of 2γθ",
                judge: |case| check(case, Self::with_decay, 2),
            },
        ],
    };
}

/// Ċ = 2(Aθ)·θ̇ against −`factor`·γC.
fn check<L: AnyLoss>(
    case: &NetworkCase<L>,
    tamper: fn(&NetworkCase<L>) -> NetworkCase<L>,
    factor: i32,
) -> Judgement {
    let case = tamper(case);
    let left = dot(&case.generator.apply(&case.theta), &case.flow()?) * 2u32;
    let right =
        case.generator.charge(&case.theta) * &case.gamma * Rational::from_int((-factor).into());
    Ok(Outcome::equal("Ċ", &left, &right))
}

/// C after each step of gradient flow up to t = 1, against `factor` for 4: from the step
/// before, and from the start.
fn flows(case: &NetworkCase, tamper: fn(&NetworkCase) -> NetworkCase, factor: f64) -> Judgement {
    let case = tamper(case);
    let running = Running::of(&case)?;
    let Running {
        network,
        data,
        theta,
        generator,
        gamma,
        ..
    } = &running;
    let path = gradient_path(network, data, *gamma, theta.clone(), 1.0)?;
    let absolute = running.matrix().abs();
    let law = |charge: f64, time: f64| charge * libm::exp(-factor * gamma * time);
    let charges: Vec<f64> = path.states.iter().map(|x| generator.charge(x)).collect();
    let mut total = 0.0;
    let mut outcome = Outcome::holds("", true);
    for k in 1..charges.len() {
        let (t, charge) = (path.times[k], charges[k]);
        let bound = flow_step(&absolute, &path.states[k - 1], &path.states[k]);
        total += bound;
        let one = law(charges[k - 1], t - path.times[k - 1]);
        outcome = outcome
            .and(|| within(&format!("step {k}"), charge - one, bound))
            .and(|| within(&format!("t = {t}"), charge - law(charges[0], t), total));
    }
    Ok(outcome)
}
