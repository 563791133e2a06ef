//! D1: exponential symmetry of the models.

use super::case::{AnyLoss, NetworkCase};
use super::evidence::{Evidence, Identity, precision_scaling, vector_defect};
use super::law::{Claim, Control, Judgement, Stop};
use super::{Origin, Statement, sample};
use crate::balance::noise::mean;
use crate::model::Model;
use crate::scalar::{RealScalar, sum};
use num_dual::Dual;

pub static STATEMENT: Statement = Statement {
    id: "D1",
    name: "exponential symmetry",
    claim: "ℓ(e^{λA}θ, z) = ℓ(θ, z) for every λ, z and θ, for each model and each generator it declares; its gradient is the derivative of its loss.",
    origin: Origin::Paper,
    drawn: true,
    unproved: None,
    file: file!(),
    checks: &[
        &NetworkCase::<Model>::INVARIANT.drawn("drawn networks", sample::any_network),
        &NetworkCase::<Model>::INVARIANT.drawn("digits", sample::digits_network),
        &NetworkCase::<Model>::DIFFERENTIATED
            .drawn("hand-written gradients, by dual numbers", sample::any_model),
    ],
};

impl<L: AnyLoss> NetworkCase<L> {
    pub(super) const INVARIANT: Claim<Self> = Claim {
        evidence: Evidence::Scaling,
        judge: run,
        controls: &[
            Control {
                name: "asymmetric twin",
                judge: |case| check(case, Self::asymmetric),
            },
            Control {
                name: "signs of the rates forgotten",
                judge: |case| check(case, Self::with_wrong_generator),
            },
        ],
    };

    pub(super) const DIFFERENTIATED: Claim<Self> = Claim {
        evidence: Evidence::Scaling,
        judge: |case| gradients(case, Clone::clone),
        controls: &[Control {
            name: "gradient of the twin against the loss of the model",
            judge: |case| gradients(case, Self::asymmetric),
        }],
    };
}

fn run<L: AnyLoss>(case: &NetworkCase<L>) -> Judgement {
    check(case, Clone::clone)
}

fn check<L: AnyLoss>(
    case: &NetworkCase<L>,
    tamper: fn(&NetworkCase<L>) -> NetworkCase<L>,
) -> Judgement {
    precision_scaling(&Invariance(tamper(case)))
}

struct Invariance<L>(NetworkCase<L>);

impl<L: AnyLoss> Identity for Invariance<L> {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Result<(S, S), Stop> {
        let theta = self.0.theta::<S>();
        let moved = self
            .0
            .generator
            .act(&S::from_rational(&self.0.lambda), &theta);
        Ok(vector_defect(
            &self.0.losses(&moved)?,
            &self.0.losses(&theta)?,
        ))
    }
}

/// Every ∂ℓ/∂θ_k that is written by hand against the derivative of the loss.
struct Derivative<L> {
    case: NetworkCase<L>,
    /// The case whose gradients are taken.
    written: NetworkCase<L>,
}

impl<L: AnyLoss> Identity for Derivative<L> {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Result<(S, S), Stop> {
        let theta = self.case.theta::<S>();
        let written = mean(&self.written.gradients(&theta)?);
        let derivative = |k: usize| {
            let seed = |(i, x): (usize, &S)| {
                Dual::new(x.clone(), if i == k { S::one() } else { S::zero() })
            };
            let point: Vec<Dual<S>> = theta.iter().enumerate().map(seed).collect();
            let losses = self.case.losses(&point)?;
            let count = S::from_int(i64::try_from(losses.len())?);
            Ok(sum(losses.into_iter().map(|loss| loss.eps)) / count)
        };
        let found: Result<Vec<S>, Stop> = (0..theta.len()).map(derivative).collect();
        let found = found?;
        Ok(vector_defect(&found, &written))
    }
}

fn gradients<L: AnyLoss>(
    case: &NetworkCase<L>,
    tamper: fn(&NetworkCase<L>) -> NetworkCase<L>,
) -> Judgement {
    let derivative = |case: &NetworkCase<L>| Derivative {
        case: case.clone(),
        written: tamper(case),
    };
    precision_scaling(&derivative(case))
}
