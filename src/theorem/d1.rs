//! D1: exponential symmetry of the models.

use super::case::{Case, NetworkCase};
use super::evidence::{Evidence, Identity, Outcome, precision_scaling, vector_defect};
use super::{Check, Control, Origin, Statement, sample};
use crate::scalar::RealScalar;

pub static STATEMENT: Statement = Statement {
    id: "D1",
    name: "exponential symmetry",
    claim: "ℓ(e^{λA}θ, z) = ℓ(θ, z) for every λ, z and θ, for each model and each generator it declares.",
    origin: Origin::Paper,
    checks: &[
        Check {
            name: "drawn networks",
            evidence: Evidence::Scaling,
            draw: sample::any_network,
            run,
        },
        Check {
            name: "digits",
            evidence: Evidence::Scaling,
            draw: sample::digits_network,
            run,
        },
    ],
    controls: &[
        Control {
            name: "asymmetric twin",
            check: 0,
            run: |case| check(case, NetworkCase::asymmetric),
        },
        Control {
            name: "signs of the rates forgotten",
            check: 0,
            run: |case| check(case, NetworkCase::with_wrong_generator),
        },
        Control {
            name: "asymmetric twin on digits",
            check: 1,
            run: |case| check(case, NetworkCase::asymmetric),
        },
    ],
};

fn run(case: &Case) -> Outcome {
    check(case, Clone::clone)
}

fn check(case: &Case, tamper: fn(&NetworkCase) -> NetworkCase) -> Outcome {
    Outcome::decided(
        case.network()
            .map(|case| precision_scaling(&Invariance(tamper(case)))),
    )
}

struct Invariance(NetworkCase);

impl Identity for Invariance {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Option<(S, S)> {
        let theta = self.0.theta::<S>();
        let moved = self
            .0
            .generator
            .act(&S::from_rational(&self.0.lambda), &theta);
        Some(vector_defect(
            &self.0.losses(&moved)?,
            &self.0.losses(&theta)?,
        ))
    }
}
