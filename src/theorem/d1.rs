//! D1: exponential symmetry of the models.

use super::case::{Case, NetworkCase};
use super::evidence::{Evidence, Identity, Outcome, precision_scaling, vector_defect};
use super::{Check, Control, Origin, Statement, sample};
use crate::balance::noise::mean;
use crate::scalar::{RealScalar, sum};
use num_dual::Dual;

pub static STATEMENT: Statement = Statement {
    id: "D1",
    name: "exponential symmetry",
    claim: "ℓ(e^{λA}θ, z) = ℓ(θ, z) for every λ, z and θ, for each model and each generator it declares; its gradient is the derivative of its loss.",
    origin: Origin::Paper,
    drawn: true,
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
        Check {
            name: "hand-written gradients, by dual numbers",
            evidence: Evidence::Scaling,
            draw: sample::any_model,
            run: |case| gradients(case, Clone::clone),
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
        Control {
            name: "gradient of the twin against the loss of the model",
            check: 2,
            run: |case| gradients(case, NetworkCase::asymmetric),
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

/// Every ∂ℓ/∂θ_k that is written by hand against the derivative of the loss.
struct Derivative {
    case: NetworkCase,
    /// The case whose gradients are taken.
    written: NetworkCase,
}

impl Identity for Derivative {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Option<(S, S)> {
        let theta = self.case.theta::<S>();
        let written = mean(&self.written.gradients(&theta)?);
        let derivative = |k: usize| {
            let seed = |(i, x): (usize, &S)| {
                Dual::new(x.clone(), if i == k { S::one() } else { S::zero() })
            };
            let point: Vec<Dual<S>> = theta.iter().enumerate().map(seed).collect();
            let losses = self.case.losses(&point)?;
            let count = S::from_int(i64::try_from(losses.len()).ok()?);
            Some(sum(losses.into_iter().map(|loss| loss.eps)) / count)
        };
        let found: Vec<S> = (0..theta.len()).map(derivative).collect::<Option<_>>()?;
        Some(vector_defect(&found, &written))
    }
}

fn gradients(case: &Case, tamper: fn(&NetworkCase) -> NetworkCase) -> Outcome {
    let derivative = |case: &NetworkCase| Derivative {
        case: case.clone(),
        written: tamper(case),
    };
    Outcome::decided(
        case.network()
            .map(|case| precision_scaling(&derivative(case))),
    )
}
