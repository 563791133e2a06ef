//! T1: gradients are orthogonal to Aθ.

use super::bounds::rounds_to_zero;
use super::case::{Case, NetworkCase};
use super::evidence::{Evidence, Identity, Outcome, precision_scaling, vector_defect};
use super::{Check, Control, Origin, Statement, sample};
use crate::scalar::{Field, Interval, Rational, RealScalar, dot};
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
            run: |case| rounding::<f64, 53>(case, Clone::clone),
        },
        Check {
            name: "f32",
            evidence: Evidence::Rounding,
            draw: sample::rational_network,
            run: |case| rounding::<f32, 24>(case, Clone::clone),
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
            run: |case| rounding::<f64, 53>(case, NetworkCase::asymmetric),
        },
        Control {
            name: "asymmetric twin in f32",
            check: 4,
            run: |case| rounding::<f32, 24>(case, NetworkCase::asymmetric),
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

/// The same products in `F`, against intervals of F's own P bits. (Without exponentials,
/// which are not correctly rounded.)
fn rounding<F: RealScalar + Into<f64>, const P: u32>(
    case: &Case,
    tamper: fn(&NetworkCase) -> NetworkCase,
) -> Outcome {
    let Some(case) = case.network().map(tamper) else {
        return Outcome::decided(None);
    };
    let theta = case.theta::<F>();
    let point = |x: &F| Interval::<P>::point(&Float::with_val(P, x.clone().into()));
    let enclosed = products(&case, &theta.iter().map(point).collect::<Vec<_>>());
    Outcome::decided(
        products(&case, &theta)
            .zip(enclosed)
            .map(|(computed, enclosed)| {
                computed.into_iter().zip(&enclosed).fold(
                    Outcome::holds("", true),
                    |outcome, (x, enclosure)| {
                        outcome.and(|| rounds_to_zero("∇ℓ·Aθ", x.into(), enclosure))
                    },
                )
            }),
    )
}
