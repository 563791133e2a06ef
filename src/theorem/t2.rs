//! T2: gradient, covariance and Hessian turn with the orbit.

use super::case::{AnyLoss, NetworkCase};
use super::evidence::{Evidence, Identity, precision_scaling, vector_defect};
use super::law::{Claim, Control, Judgement, Stop};
use super::{Origin, Statement, sample};
use crate::balance::noise::mean;
use crate::model::Model;
use crate::scalar::{Field, RealScalar, dot};
use num_dual::Dual;

pub static STATEMENT: Statement = Statement {
    id: "T2",
    name: "equivariance",
    claim: "∇ℓ(θ_λ) = e^{−λA}∇ℓ(θ), Σ(θ_λ) = e^{−λA}Σ(θ)e^{−λA}, ∇²ℓ(θ_λ) = e^{−λA}∇²ℓ(θ)e^{−λA}.",
    origin: Origin::Paper,
    drawn: true,
    unproved: None,
    file: file!(),
    checks: &[
        &NetworkCase::<Model>::GRADIENTS_MOVE.drawn("gradients", sample::any_network),
        &NetworkCase::<Model>::COVARIANCE_MOVES.drawn("covariance", sample::any_network),
        &NetworkCase::<Model>::HESSIAN_MOVES.drawn("Hessian, by dual numbers", sample::any_network),
    ],
};

impl<L: AnyLoss> NetworkCase<L> {
    pub(super) const GRADIENTS_MOVE: Claim<Self> = Claim {
        evidence: Evidence::Scaling,
        judge: |case| check(case, Clone::clone, Quantity::Gradient, 1),
        controls: &[
            Control {
                name: "asymmetric twin",
                judge: |case| check(case, Self::asymmetric, Quantity::Gradient, 1),
            },
            Control {
                name: "e^{+λA} in place of e^{−λA}",
                judge: |case| check(case, Clone::clone, Quantity::Gradient, -1),
            },
        ],
    };

    pub(super) const COVARIANCE_MOVES: Claim<Self> = Claim {
        evidence: Evidence::Scaling,
        judge: |case| check(case, Clone::clone, Quantity::Covariance, 1),
        controls: &[Control {
            name: "e^{+λA} around the covariance",
            judge: |case| check(case, Clone::clone, Quantity::Covariance, -1),
        }],
    };

    pub(super) const HESSIAN_MOVES: Claim<Self> = Claim {
        evidence: Evidence::Scaling,
        judge: |case| check(case, Clone::clone, Quantity::Hessian, 1),
        controls: &[Control {
            name: "e^{+λA} around the Hessian",
            judge: |case| check(case, Clone::clone, Quantity::Hessian, -1),
        }],
    };
}

#[derive(Clone, Copy)]
enum Quantity {
    Gradient,
    /// Σ times a vector.
    Covariance,
    /// ∇²L times a vector.
    Hessian,
}

fn check<L: AnyLoss>(
    case: &NetworkCase<L>,
    tamper: fn(&NetworkCase<L>) -> NetworkCase<L>,
    quantity: Quantity,
    sign: i64,
) -> Judgement {
    let equivariance = |case| Equivariance {
        case: tamper(case),
        quantity,
        sign,
    };
    precision_scaling(&equivariance(case))
}

struct Equivariance<L> {
    case: NetworkCase<L>,
    quantity: Quantity,
    /// 1 for the claim, −1 for its sabotage.
    sign: i64,
}

impl<L: AnyLoss> Identity for Equivariance<L> {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Result<(S, S), Stop> {
        let Self {
            case,
            quantity,
            sign,
        } = self;
        let theta = case.theta::<S>();
        let lambda = S::from_rational(&case.lambda);
        let moved = case.generator.act(&lambda, &theta);
        let back = |v: &[S]| {
            case.generator
                .act(&(-lambda.clone() * S::from_int(*sign)), v)
        };
        // Any vector tells two symmetric matrices apart; θ's own entries are at hand.
        let v: Vec<S> = theta.iter().rev().map(|x| x.clone() + S::one()).collect();
        let (left, right) = match quantity {
            Quantity::Gradient => (
                mean(&case.gradients(&moved)?),
                back(&mean(&case.gradients(&theta)?)),
            ),
            Quantity::Covariance => {
                let left = covariance_times(&case.gradients(&moved)?, &v);
                (
                    left,
                    back(&covariance_times(&case.gradients(&theta)?, &back(&v))),
                )
            }
            Quantity::Hessian => (
                hessian_times(case, &moved, &v)?,
                back(&hessian_times(case, &theta, &back(&v))?),
            ),
        };
        Ok(vector_defect(&left, &right))
    }
}

/// Σv = E[(g − ḡ)((g − ḡ)·v)], without Σ.
fn covariance_times<S: Field>(gradients: &[Vec<S>], v: &[S]) -> Vec<S> {
    let mean_gradient = mean(gradients);
    let rows = gradients.iter().map(|g| {
        let centred: Vec<S> = g
            .iter()
            .zip(&mean_gradient)
            .map(|(x, m)| x.clone() - m)
            .collect();
        let along = dot(&centred, v);
        centred.into_iter().map(|x| x * &along).collect()
    });
    mean(&rows.collect::<Vec<Vec<S>>>())
}

/// ∇²L v as the derivative of the hand-written gradient in direction v.
fn hessian_times<S: RealScalar + num_dual::DualNum, L: AnyLoss>(
    case: &NetworkCase<L>,
    theta: &[S],
    v: &[S],
) -> Result<Vec<S>, Stop> {
    let point: Vec<Dual<S>> = theta
        .iter()
        .zip(v)
        .map(|(x, v)| Dual::new(x.clone(), v.clone()))
        .collect();
    Ok(mean(&case.gradients(&point)?)
        .into_iter()
        .map(|x| x.eps)
        .collect())
}
