//! T1: gradients are orthogonal to Aθ.

use super::bounds::rounds_to_zero;
use super::case::{Case, NetworkCase};
use super::evidence::{Evidence, Identity, Outcome, precision_scaling, vector_defect};
use super::rounded::Rounded;
use super::{Check, Control, Origin, Statement, sample};
use crate::scalar::{Ball, Field, Rational, RealScalar, at_precision, dot};
use rug::Float;

pub static STATEMENT: Statement = Statement {
    id: "T1",
    name: "orthogonality",
    claim: "∇ℓ(θ, z)·Aθ = 0 for every sample.",
    origin: Origin::Paper,
    drawn: true,
    checks: &[
        Check {
            name: "drawn networks",
            evidence: Evidence::Exact,
            draw: sample::rational_network,
            run: exact,
        },
        Check {
            name: "digits",
            evidence: Evidence::Exact,
            draw: sample::digits_network,
            run: exact,
        },
        Check {
            name: "any model, at any precision",
            evidence: Evidence::Scaling,
            draw: sample::any_network,
            run: |case| scaling(case, Clone::clone),
        },
        Check {
            name: "f64",
            evidence: Evidence::Rounding,
            draw: sample::rational_network,
            run: |case| rounding::<f64>(case, 53, Clone::clone),
        },
        Check {
            name: "f32",
            evidence: Evidence::Rounding,
            draw: sample::rational_network,
            run: |case| rounding::<f32>(case, 24, Clone::clone),
        },
    ],
    controls: &[
        Control {
            name: "asymmetric twin",
            check: 0,
            run: |case| exactly(case, NetworkCase::asymmetric),
        },
        Control {
            name: "signs of the rates forgotten",
            check: 0,
            run: |case| exactly(case, NetworkCase::with_wrong_generator),
        },
        Control {
            name: "asymmetric twin on digits",
            check: 1,
            run: |case| exactly(case, NetworkCase::asymmetric),
        },
        Control {
            name: "asymmetric twin at any precision",
            check: 2,
            run: |case| scaling(case, NetworkCase::asymmetric),
        },
        Control {
            name: "asymmetric twin in f64",
            check: 3,
            run: |case| rounding::<f64>(case, 53, NetworkCase::asymmetric),
        },
        Control {
            name: "asymmetric twin in f32",
            check: 4,
            run: |case| rounding::<f32>(case, 24, NetworkCase::asymmetric),
        },
    ],
};

/// ∇ℓ(θ, z)·Aθ for every sample.
fn products<S: Field>(case: &NetworkCase, theta: &[S]) -> Option<Vec<S>> {
    let direction = case.generator.apply(theta);
    Some(
        case.gradients(theta)?
            .iter()
            .map(|g| dot(g, &direction))
            .collect(),
    )
}

fn exact(case: &Case) -> Outcome {
    exactly(case, Clone::clone)
}

fn exactly(case: &Case, tamper: fn(&NetworkCase) -> NetworkCase) -> Outcome {
    let products = case
        .network()
        .map(tamper)
        .and_then(|case| products(&case, &case.theta));
    Outcome::decided(products.map(|products| {
        products
            .iter()
            .fold(Outcome::holds("", true), |outcome, x| {
                outcome.and(|| Outcome::equal("∇ℓ·Aθ", x, &Rational::new()))
            })
    }))
}

struct Orthogonality(NetworkCase);

impl Identity for Orthogonality {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Option<(S, S)> {
        let products = products(&self.0, &self.0.theta::<S>())?;
        Some(vector_defect(&products, &vec![S::zero(); products.len()]))
    }
}

fn scaling(case: &Case, tamper: fn(&NetworkCase) -> NetworkCase) -> Outcome {
    let orthogonality = |case| precision_scaling(&Orthogonality(tamper(case)));
    Outcome::decided(case.network().map(orthogonality))
}

/// The same products in `F`, of `bits` bits, against what rounding may make of them.
/// (Without exponentials, which are not correctly rounded.)
fn rounding<F: RealScalar + Into<f64>>(
    case: &Case,
    bits: u32,
    tamper: fn(&NetworkCase) -> NetworkCase,
) -> Outcome {
    let Some(case) = case.network().map(tamper) else {
        return Outcome::decided(None);
    };
    let theta = case.theta::<F>();
    let point = |x: &F| Rounded(Ball::point(&Float::with_val(bits, x.clone().into())));
    let points: Vec<Rounded> = theta.iter().map(point).collect();
    let enclosed = at_precision(bits, || products(&case, &points));
    let pairs = products(&case, &theta).zip(enclosed);
    Outcome::decided(pairs.map(|(computed, enclosed)| {
        let pairs = computed.into_iter().zip(&enclosed);
        pairs.fold(
            Outcome::holds("", true),
            |outcome, (x, Rounded(enclosure))| {
                outcome.and(|| rounds_to_zero("∇ℓ·Aθ", x.into(), enclosure))
            },
        )
    }))
}
