//! L1: the generator must be symmetric, and its symmetric part a symmetry.

use super::case::NetworkCase;
use super::evidence::{Evidence, Outcome};
use super::law::{Check, Control, Judgement, Missing};
use super::{Origin, Statement, sample};
use crate::scalar::{Field, Rational, dot};

pub static STATEMENT: Statement = Statement {
    id: "L1",
    name: "antisymmetric and general generators",
    claim: "For antisymmetric A, C ≡ 0; for a general A only the symmetric part enters C, and C is conserved only if that part is itself a symmetry.",
    origin: Origin::Limit,
    drawn: true,
    unproved: None,
    file: file!(),
    checks: &[
        &Check {
            name: "antisymmetric: C ≡ 0",
            evidence: Evidence::Exact,
            draw: sample::any_network,
            judge: |case| antisymmetric(case, -1),
            controls: &[Control {
                name: "a symmetric matrix instead",
                judge: |case| antisymmetric(case, 1),
            }],
        },
        &Check {
            name: "only the symmetric part enters C",
            evidence: Evidence::Exact,
            draw: sample::any_network,
            judge: |case| symmetric_part(case, 2),
            controls: &[Control {
                name: "A + Aᵀ without the half",
                judge: |case| symmetric_part(case, 1),
            }],
        },
        &Check {
            name: "a shear conserves the loss and not C",
            evidence: Evidence::Exact,
            draw: sample::any_network,
            judge: |case| shear(case, 1),
            controls: &[Control {
                name: "a shear whose loss does not vary",
                judge: |case| shear(case, 0),
            }],
        },
    ],
};

/// A matrix of distinct numbers from the case's own: M_ij = θ_i(j + 1) for i > j.
fn entry(theta: &[Rational], i: usize, j: usize) -> Rational {
    theta[i].clone() * Rational::from(j + 1)
}

fn quadratic(theta: &[Rational], a: impl Fn(usize, usize) -> Rational) -> Rational {
    let row = |i: usize| (0..theta.len()).map(|j| a(i, j)).collect::<Vec<_>>();
    let image: Vec<Rational> = (0..theta.len()).map(|i| dot(&row(i), theta)).collect();
    dot(theta, &image)
}

/// θᵀAθ with A below the diagonal as drawn and `sign` times that above.
fn antisymmetric(case: &NetworkCase, sign: i64) -> Judgement {
    let theta = &case.theta;
    if theta.len() < 2 {
        return Ok(Outcome::Inconclusive("a single parameter".to_owned()));
    }
    let a = |i: usize, j: usize| match i.cmp(&j) {
        std::cmp::Ordering::Greater => entry(theta, i, j),
        std::cmp::Ordering::Less => entry(theta, j, i) * Rational::from_int(sign),
        std::cmp::Ordering::Equal => Rational::new(),
    };
    Ok(Outcome::equal(
        "θᵀAθ",
        &quadratic(theta, a),
        &Rational::new(),
    ))
}

fn symmetric_part(case: &NetworkCase, divisor: i64) -> Judgement {
    let theta = &case.theta;
    let whole = quadratic(theta, |i, j| entry(theta, i, j));
    let divisor = Rational::from_int(divisor);
    let part = quadratic(theta, |i, j| {
        (entry(theta, i, j) + entry(theta, j, i)) / &divisor
    });
    if whole.is_zero() {
        return Ok(Outcome::Inconclusive("θᵀAθ happens to vanish".to_owned()));
    }
    Ok(Outcome::equal("θᵀAθ", &whole, &part))
}

/// A = (0 1; 0 0): e^{λA}(x, y) = (x + λy, y) leaves ℓ = `amplitude`·(y − 1)² unchanged,
/// C = xy. Gradient flow gives Ċ = ẋy + xẏ = −2·amplitude·x(y − 1), which is not 0.
fn shear(case: &NetworkCase, amplitude: i64) -> Judgement {
    let (x, y) = (
        case.theta.first().or_failed("no parameters")?,
        case.theta.last().or_failed("no parameters")?,
    );
    let height = Rational::from_int(amplitude);
    let loss = |_: &Rational, y: &Rational| Field::square(&Rational::from(y - 1u32)) * &height;
    let moved = x.clone() + case.lambda.clone() * y;
    let unchanged = Outcome::equal("ℓ along the shear", &loss(&moved, y), &loss(x, y));
    let slope = Rational::from(y - 1u32) * &height * Rational::from(2);
    let velocity = -slope * x;
    let trivial = amplitude != 0 && (x.is_zero() || *y == 1);
    if trivial {
        return Ok(Outcome::Inconclusive("Ċ happens to vanish".to_owned()));
    }
    Ok(unchanged.and(|| Outcome::holds("Ċ = 0", !velocity.is_zero())))
}
