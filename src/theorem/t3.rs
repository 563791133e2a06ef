//! T3: the charge under gradient flow.

use super::bounds::{flow_step, within};
use super::case::{Case, NetworkCase};
use super::evidence::{Evidence, Outcome};
use super::trajectory::{Running, stopped, with_tanh};
use super::{Check, Control, Origin, Statement, sample};
use crate::dynamics::gradient_path;
use crate::scalar::{Field, Rational, dot};

pub static STATEMENT: Statement = Statement {
    id: "T3",
    name: "charge under gradient flow",
    claim: "θ̇ = −∇L_γ gives Ċ = −4γC, so that C(t) = C(0)e^{−4γt}, conserved at γ = 0.",
    origin: Origin::Paper,
    drawn: true,
    checks: &[
        Check {
            name: "drawn networks",
            evidence: Evidence::Exact,
            draw: sample::rational_network,
            run: |case| check(case, Clone::clone, 4),
        },
        Check {
            name: "digits",
            evidence: Evidence::Exact,
            draw: sample::digits_network,
            run: |case| check(case, Clone::clone, 4),
        },
        Check {
            name: "C(0)e^{−4γt} along the flow, within its tolerance",
            evidence: Evidence::Rounding,
            draw: sample::smooth_network,
            run: |case| flows(case, Clone::clone, 4.0),
        },
    ],
    controls: &[
        Control {
            name: "asymmetric twin",
            check: 0,
            run: |case| check(case, NetworkCase::asymmetric, 4),
        },
        Control {
            name: "gradient γθ in place of 2γθ",
            check: 0,
            run: |case| check(case, with_decay, 2),
        },
        Control {
            name: "asymmetric twin on digits",
            check: 1,
            run: |case| check(case, NetworkCase::asymmetric, 4),
        },
        Control {
            name: "tanh in place of the identity",
            check: 2,
            run: |case| flows(case, with_tanh, 4.0),
        },
        Control {
            name: "e^{−2γt} in place of e^{−4γt}",
            check: 2,
            run: |case| flows(case, Clone::clone, 2.0),
        },
    ],
};

/// Some weight decay, so that its convention matters.
fn with_decay(case: &NetworkCase) -> NetworkCase {
    NetworkCase {
        gamma: case.gamma.clone() + Rational::from((1, 16)),
        ..case.clone()
    }
}

/// Ċ = 2(Aθ)·θ̇ against −`factor`·γC.
fn check(case: &Case, tamper: fn(&NetworkCase) -> NetworkCase, factor: i32) -> Outcome {
    let derivative = |case: NetworkCase| {
        let left = dot(&case.generator.apply(&case.theta), &case.flow()?) * 2u32;
        let right =
            case.generator.charge(&case.theta) * &case.gamma * Rational::from_int((-factor).into());
        Some(Outcome::equal("Ċ", &left, &right))
    };
    Outcome::decided(case.network().map(tamper).and_then(derivative))
}

/// C after each step of gradient flow up to t = 1, against `factor` for 4: from the step
/// before, and from the start.
fn flows(case: &Case, tamper: fn(&NetworkCase) -> NetworkCase, factor: f64) -> Outcome {
    let follow = |case: NetworkCase| {
        let running = Running::of(&case)?;
        let Running {
            network,
            data,
            theta,
            generator,
            gamma,
            ..
        } = &running;
        let path = match gradient_path(network, data, *gamma, theta.clone(), 1.0) {
            Ok(path) => path,
            Err(error) => return Some(stopped(&error)),
        };
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
        Some(outcome)
    };
    Outcome::decided(case.network().map(tamper).and_then(follow))
}
