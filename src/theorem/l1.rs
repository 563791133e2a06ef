//! L1: the generator must be symmetric, and its symmetric part a symmetry.

use super::case::{Case, NetworkCase};
use super::evidence::{Evidence, Outcome};
use super::{Check, Control, Origin, Statement, sample};
use crate::scalar::{Field, Rational, dot};

pub static STATEMENT: Statement = Statement {
    id: "L1",
    name: "antisymmetric and general generators",
    claim: "For antisymmetric A, C ≡ 0; for a general A only the symmetric part enters C, and C is conserved only if that part is itself a symmetry.",
    origin: Origin::Limit,
    drawn: true,
    checks: &[
        Check {
            name: "antisymmetric: C ≡ 0",
            evidence: Evidence::Exact,
            draw: sample::any_network,
            run: |case| antisymmetric(case, -1),
        },
        Check {
            name: "only the symmetric part enters C",
            evidence: Evidence::Exact,
            draw: sample::any_network,
            run: |case| symmetric_part(case, 2),
        },
        Check {
            name: "a shear conserves the loss and not C",
            evidence: Evidence::Exact,
            draw: sample::any_network,
            run: |case| shear(case, 1),
        },
    ],
    controls: &[
        Control {
            name: "a symmetric matrix instead",
            check: 0,
            run: |case| antisymmetric(case, 1),
        },
        Control {
            name: "A + Aᵀ without the half",
            check: 1,
            run: |case| symmetric_part(case, 1),
        },
        Control {
            name: "a shear whose loss does not vary",
            check: 2,
            run: |case| shear(case, 0),
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
fn antisymmetric(case: &Case, sign: i64) -> Outcome {
    let check = |case: &NetworkCase| {
        let theta = &case.theta;
        if theta.len() < 2 {
            return None;
        }
        let a = |i: usize, j: usize| match i.cmp(&j) {
            std::cmp::Ordering::Greater => entry(theta, i, j),
            std::cmp::Ordering::Less => entry(theta, j, i) * Rational::from_int(sign),
            std::cmp::Ordering::Equal => Rational::new(),
        };
        Some(Outcome::equal(
            "θᵀAθ",
            &quadratic(theta, a),
            &Rational::new(),
        ))
    };
    Outcome::decided(case.network().and_then(check))
}

fn symmetric_part(case: &Case, divisor: i64) -> Outcome {
    let check = |case: &NetworkCase| {
        let theta = &case.theta;
        let whole = quadratic(theta, |i, j| entry(theta, i, j));
        let divisor = Rational::from_int(divisor);
        let part = quadratic(theta, |i, j| {
            (entry(theta, i, j) + entry(theta, j, i)) / &divisor
        });
        if whole.is_zero() {
            return None;
        }
        Some(Outcome::equal("θᵀAθ", &whole, &part))
    };
    Outcome::decided(case.network().and_then(check))
}

/// A = (0 1; 0 0): e^{λA}(x, y) = (x + λy, y) leaves ℓ = `amplitude`·(y − 1)² unchanged,
/// C = xy. Gradient flow gives Ċ = ẋy + xẏ = −2·amplitude·x(y − 1), which is not 0.
fn shear(case: &Case, amplitude: i64) -> Outcome {
    let check = |case: &NetworkCase| {
        let (x, y) = (case.theta.first()?, case.theta.last()?);
        let height = Rational::from_int(amplitude);
        let loss = |_: &Rational, y: &Rational| Field::square(&Rational::from(y - 1u32)) * &height;
        let moved = x.clone() + case.lambda.clone() * y;
        let unchanged = Outcome::equal("ℓ along the shear", &loss(&moved, y), &loss(x, y));
        let slope = Rational::from(y - 1u32) * &height * Rational::from(2);
        let velocity = -slope * x;
        let trivial = amplitude != 0 && (x.is_zero() || *y == 1);
        if trivial {
            return None;
        }
        Some(unchanged.and(|| Outcome::holds("Ċ = 0", !velocity.is_zero())))
    };
    Outcome::decided(case.network().and_then(check))
}
