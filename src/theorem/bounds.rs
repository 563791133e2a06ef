//! The only home of tolerances for f32 and f64, each with its derivation.

use super::evidence::{Margin, Outcome};
use crate::balance::{Balance, Pulls};
use crate::scalar::{Interval, RealScalar};
use rug::Float;

/// A computation in correctly rounded arithmetic stays inside the same computation in
/// intervals whose end points have as many bits: each operation rounds to a number
/// between the directed roundings of the same operands. So both the computed value and
/// the exact one lie in `enclosure`, whose width bounds the rounding error.
///
/// The exact value is claimed to be 0; `computed` is the f32 or f64 result.
pub fn rounds_to_zero<const P: u32>(what: &str, computed: f64, enclosure: &Interval<P>) -> Outcome {
    if !enclosure.contains_zero() {
        return Outcome::Refuted(format!("{what}: 0 is not in {enclosure:?}"));
    }
    let inside = *enclosure.lower() <= computed && *enclosure.upper() >= computed;
    if !inside {
        return Outcome::Refuted(format!(
            "{what}: {computed:e} left its rounding bound {enclosure:?}"
        ));
    }
    let width = enclosure.width().to_f64();
    let bits = if computed == 0.0 {
        f64::INFINITY
    } else {
        libm::log2(width / computed.abs())
    };
    Outcome::Verified(Margin::Bits(bits))
}

/// Bound on |computed − λ\*| for a floating-point solution near λ\*.
///
/// H = ln U − ln D is computed from exponents of size s with n terms: each exponent
/// carries at most 4 rounding units relative to s (rate, weight, logarithm, product),
/// each of exp and ln one more, each of the n additions one. So H is off by at most
/// u(4s + n + 4), and λ by that over |H′| ≥ r⁺min + r⁻min, plus a unit of λ for its own
/// rounding; the iteration stops within one further step of that size.
pub fn solution_error<S: RealScalar>(balance: &Balance<S>, lambda: &S) -> Option<S> {
    let pulls = Pulls::of(balance)?;
    let abs = |x: S| nalgebra::ComplexField::abs(x);
    let larger = |a: S, b: S| nalgebra::RealField::max(a, b);
    let smaller = |a: S, b: S| nalgebra::RealField::min(a, b);
    let terms = pulls.up.iter().chain(&pulls.down);
    let size = terms.clone().fold(S::zero(), |size, (r, w)| {
        let exponent = abs(r.clone() * lambda) + abs(crate::scalar::Scalar::ln(w));
        larger(size, exponent)
    });
    let slowest = |side: &[(S, S)]| side.iter().map(|(r, _)| r.clone()).reduce(smaller);
    let steepness = slowest(&pulls.up)? + slowest(&pulls.down)?;
    let count = S::from_int(i64::try_from(terms.count()).ok()? + 4);
    let blur = S::unit() * (S::from_int(4) * size + count) / steepness;
    Some(S::from_int(2) * (blur + S::unit() * abs(lambda.clone())))
}

/// Is the f32 or f64 solution within its bound of the enclosed one?
pub fn solves<const P: u32>(
    what: &str,
    computed: f64,
    bound: f64,
    enclosure: &Interval<P>,
) -> Outcome {
    let distance = Float::with_val(64, computed - enclosure.midpoint())
        .abs()
        .to_f64();
    if distance <= bound {
        let bits = if distance == 0.0 {
            f64::INFINITY
        } else {
            libm::log2(bound / distance)
        };
        Outcome::Verified(Margin::Bits(bits))
    } else {
        Outcome::Refuted(format!(
            "{what}: {computed:e} is {distance:e} away, the bound is {bound:e}"
        ))
    }
}
