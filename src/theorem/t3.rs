//! T3: the charge under gradient flow.

use super::case::{Case, NetworkCase};
use super::evidence::{Evidence, Outcome};
use super::{Check, Control, Origin, Statement, sample};
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
