//! T1: gradients are orthogonal to Aθ.

use super::bounds::rounds_to_zero;
use super::case::{AnyLoss, NetworkCase};
use super::evidence::{Evidence, Identity, Outcome, precision_scaling, vector_defect};
use super::law::{Claim, Control, Judgement, Stop};
use super::rounded::Rounded;
use super::{Origin, Statement, sample};
use crate::model::Model;
use crate::scalar::{Ball, Field, Rational, RealScalar, at_precision, dot};
use rug::Float;

pub static STATEMENT: Statement = Statement {
    id: "T1",
    name: "orthogonality",
    claim: "∇ℓ(θ, z)·Aθ = 0 for every sample.",
    origin: Origin::Paper,
    drawn: true,
    unproved: None,
    file: file!(),
    checks: &[
        &NetworkCase::<Model>::ORTHOGONAL.drawn("drawn networks", sample::rational_network),
        &NetworkCase::<Model>::ORTHOGONAL.drawn("digits", sample::digits_network),
        &NetworkCase::<Model>::ORTHOGONAL_AT_ANY_PRECISION
            .drawn("any model, at any precision", sample::any_network),
        &NetworkCase::<Model>::ORTHOGONAL_IN_F64.drawn("f64", sample::rational_network),
        &NetworkCase::<Model>::ORTHOGONAL_IN_F32.drawn("f32", sample::rational_network),
    ],
};

impl<L: AnyLoss> NetworkCase<L> {
    pub(super) const ORTHOGONAL: Claim<Self> = Claim {
        evidence: Evidence::Exact,
        judge: |case| exactly(case, Clone::clone),
        controls: &[
            Control {
                name: "asymmetric twin",
                judge: |case| exactly(case, Self::asymmetric),
            },
            Control {
                name: "signs of the rates forgotten",
                judge: |case| exactly(case, Self::with_wrong_generator),
            },
        ],
    };

    pub(super) const ORTHOGONAL_AT_ANY_PRECISION: Claim<Self> = Claim {
        evidence: Evidence::Scaling,
        judge: |case| scaling(case, Clone::clone),
        controls: &[Control {
            name: "asymmetric twin at any precision",
            judge: |case| scaling(case, Self::asymmetric),
        }],
    };

    pub(super) const ORTHOGONAL_IN_F64: Claim<Self> = Claim {
        evidence: Evidence::Rounding,
        judge: |case| rounding::<f64, _>(case, 53, Clone::clone),
        controls: &[Control {
            name: "asymmetric twin in f64",
            judge: |case| rounding::<f64, _>(case, 53, Self::asymmetric),
        }],
    };

    pub(super) const ORTHOGONAL_IN_F32: Claim<Self> = Claim {
        evidence: Evidence::Rounding,
        judge: |case| rounding::<f32, _>(case, 24, Clone::clone),
        controls: &[Control {
            name: "asymmetric twin in f32",
            judge: |case| rounding::<f32, _>(case, 24, Self::asymmetric),
        }],
    };
}

/// ∇ℓ(θ, z)·Aθ for every sample.
fn products<S: Field, L: AnyLoss>(case: &NetworkCase<L>, theta: &[S]) -> Result<Vec<S>, Stop> {
    let direction = case.generator.apply(theta);
    Ok(case
        .gradients(theta)?
        .iter()
        .map(|g| dot(g, &direction))
        .collect())
}

fn exactly<L: AnyLoss>(
    case: &NetworkCase<L>,
    tamper: fn(&NetworkCase<L>) -> NetworkCase<L>,
) -> Judgement {
    let case = tamper(case);
    let products = products(&case, &case.theta)?;
    let holds = |x| Outcome::equal("∇ℓ·Aθ", x, &Rational::new());
    let all = Outcome::holds("", true);
    Ok(products
        .iter()
        .fold(all, |outcome, x| outcome.and(|| holds(x))))
}

struct Orthogonality<L>(NetworkCase<L>);

impl<L: AnyLoss> Identity for Orthogonality<L> {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Result<(S, S), Stop> {
        let products = products(&self.0, &self.0.theta::<S>())?;
        Ok(vector_defect(&products, &vec![S::zero(); products.len()]))
    }
}

fn scaling<L: AnyLoss>(
    case: &NetworkCase<L>,
    tamper: fn(&NetworkCase<L>) -> NetworkCase<L>,
) -> Judgement {
    precision_scaling(&Orthogonality(tamper(case)))
}

/// The same products in `F`, of `bits` bits, against what rounding may make of them.
/// (Without exponentials, which are not correctly rounded.)
fn rounding<F: RealScalar + Into<f64>, L: AnyLoss>(
    case: &NetworkCase<L>,
    bits: u32,
    tamper: fn(&NetworkCase<L>) -> NetworkCase<L>,
) -> Judgement {
    let case = tamper(case);
    let theta = case.theta::<F>();
    let point = |x: &F| Rounded(Ball::point(&Float::with_val(bits, x.clone().into())));
    let points: Vec<Rounded> = theta.iter().map(point).collect();
    let enclosed = at_precision(bits, || products(&case, &points))?;
    let pairs = products(&case, &theta)?.into_iter().zip(&enclosed);
    Ok(pairs.fold(
        Outcome::holds("", true),
        |outcome, (x, Rounded(enclosure))| {
            outcome.and(|| rounds_to_zero("∇ℓ·Aθ", x.into(), enclosure))
        },
    ))
}
