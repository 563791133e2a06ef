//! T2: gradient, covariance and Hessian turn with the orbit.

use super::case::{Case, NetworkCase};
use super::evidence::{Evidence, Identity, Outcome, precision_scaling, vector_defect};
use super::{Check, Control, Origin, Statement, sample};
use crate::balance::noise::mean;
use crate::scalar::{Field, RealScalar, dot};
use num_dual::Dual;

pub static STATEMENT: Statement = Statement {
    id: "T2",
    name: "equivariance",
    claim: "∇ℓ(θ_λ) = e^{−λA}∇ℓ(θ), Σ(θ_λ) = e^{−λA}Σ(θ)e^{−λA}, ∇²ℓ(θ_λ) = e^{−λA}∇²ℓ(θ)e^{−λA}.",
    origin: Origin::Paper,
    drawn: true,
    checks: &[
        Check {
            name: "gradients",
            evidence: Evidence::Scaling,
            draw: sample::any_network,
            run: |case| check(case, Clone::clone, Quantity::Gradient, 1),
        },
        Check {
            name: "covariance",
            evidence: Evidence::Scaling,
            draw: sample::any_network,
            run: |case| check(case, Clone::clone, Quantity::Covariance, 1),
        },
        Check {
            name: "Hessian, by dual numbers",
            evidence: Evidence::Scaling,
            draw: sample::any_network,
            run: |case| check(case, Clone::clone, Quantity::Hessian, 1),
        },
    ],
    controls: &[
        Control {
            name: "asymmetric twin",
            check: 0,
            run: |case| check(case, NetworkCase::asymmetric, Quantity::Gradient, 1),
        },
        Control {
            name: "e^{+λA} in place of e^{−λA}",
            check: 0,
            run: |case| check(case, Clone::clone, Quantity::Gradient, -1),
        },
        Control {
            name: "e^{+λA} around the covariance",
            check: 1,
            run: |case| check(case, Clone::clone, Quantity::Covariance, -1),
        },
        Control {
            name: "e^{+λA} around the Hessian",
            check: 2,
            run: |case| check(case, Clone::clone, Quantity::Hessian, -1),
        },
    ],
};

#[derive(Clone, Copy)]
enum Quantity {
    Gradient,
    /// Σ times a vector.
    Covariance,
    /// ∇²L times a vector.
    Hessian,
}

fn check(
    case: &Case,
    tamper: fn(&NetworkCase) -> NetworkCase,
    quantity: Quantity,
    sign: i64,
) -> Outcome {
    let equivariance = |case| Equivariance {
        case: tamper(case),
        quantity,
        sign,
    };
    Outcome::decided(
        case.network()
            .map(|case| precision_scaling(&equivariance(case))),
    )
}

struct Equivariance {
    case: NetworkCase,
    quantity: Quantity,
    /// 1 for the claim, −1 for its sabotage.
    sign: i64,
}

impl Identity for Equivariance {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Option<(S, S)> {
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
        Some(vector_defect(&left, &right))
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
fn hessian_times<S: RealScalar + num_dual::DualNum>(
    case: &NetworkCase,
    theta: &[S],
    v: &[S],
) -> Option<Vec<S>> {
    let point: Vec<Dual<S>> = theta
        .iter()
        .zip(v)
        .map(|(x, v)| Dual::new(x.clone(), v.clone()))
        .collect();
    Some(
        mean(&case.gradients(&point)?)
            .into_iter()
            .map(|x| x.eps)
            .collect(),
    )
}
