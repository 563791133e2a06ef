//! The only home of tolerances for f32 and f64, each with its derivation.

use super::evidence::{Margin, Outcome};
use crate::balance::{BalanceEquation, pulls::Pulls};
use crate::dynamics::TOLERANCE;
use crate::scalar::{Ball, RealScalar};
use nalgebra::DMatrix;
use rug::Float;

/// A computation in correctly rounded arithmetic stays inside the same computation in
/// balls that are widened by the rounding of each operation
/// ([`Rounded`](super::rounded::Rounded)). So both the computed value and the exact one lie
/// in `enclosure`, whose width bounds the rounding error.
///
/// The exact value is claimed to be 0; `computed` is the f32 or f64 result.
pub fn rounds_to_zero(what: &str, computed: f64, enclosure: &Ball) -> Outcome {
    if !enclosure.contains_zero() {
        return Outcome::Refuted(format!("{what}: 0 is not in {enclosure:?}"));
    }
    let inside = enclosure.lower() <= computed && enclosure.upper() >= computed;
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
pub fn solution_error<S: RealScalar>(balance: &BalanceEquation<S>, lambda: &S) -> Option<S> {
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
pub fn solves(what: &str, computed: f64, bound: f64, enclosure: &Ball) -> Outcome {
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

/// nu/(1 − nu) with u = 2⁻⁵³: n roundings, each by a factor 1 + δ with |δ| ≤ u, multiply a
/// number by 1 + ε with |ε| at most this.
fn roundings(n: usize) -> f64 {
    let nu = n as f64 * f64::EPSILON / 2.0;
    nu / (1.0 - nu)
}

/// vᵀ|A|w.
fn form(absolute: &DMatrix<f64>, v: &[f64], w: &[f64]) -> f64 {
    let rows = absolute.column_iter().zip(w);
    rows.fold(0.0, |total, (column, w)| {
        let dot = column.iter().zip(v).fold(0.0, |t, (a, v)| t + a * v.abs());
        total + dot * w.abs()
    })
}

/// One step θ' = θ − η(g + 2γθ) in f64, and what it was taken from.
pub struct DescentStep<'a> {
    /// |A|, entry by entry.
    pub absolute: &'a DMatrix<f64>,
    /// θ.
    pub theta: &'a [f64],
    /// g, as computed.
    pub gradient: &'a [f64],
    /// At least the sum of the absolute values of all products that g adds up; zeros where
    /// gᵀAθ is no error.
    pub sizes: &'a [f64],
    /// The roundings that one of these products goes through.
    pub depth: usize,
    /// η.
    pub learning_rate: f64,
    /// γ.
    pub gamma: f64,
}

/// Bound on |C(θ') − (1−2ηγ)²C(θ) − η²gᵀAg|, all of it computed in f64.
///
/// Write γ_n for [`roundings`].
///
/// - The gradient of a network of linear maps, slopes fixed, is a sum of products. Each
///   goes through at most `depth` roundings, so g is off by at most γ_depth·`sizes`. For
///   the exact gradient with these slopes gᵀAθ = 0 (a network with fixed slopes has the
///   same rescalings), so the cross term 2η(1−2ηγ)gᵀAθ is at most 2ηγ_depth·sizesᵀ|A||θ|.
/// - With e = |θ| + η(2γ|θ| + |g|), θ' is off by at most γ_4·e: a product, a sum, a
///   product, a difference. Its charge is off by at most (2γ_4 + γ_4²)eᵀ|A|e ≤ γ_9·eᵀ|A|e.
/// - A computed charge vᵀAv goes through 2d + 1 roundings, one of them that of A's
///   entries. The charges of θ', θ and ηg, each at most eᵀ|A|e(1 + γ_9), take at most
///   eight more for the factors, the sum and the difference.
///
///
/// Where the law has the cross term, because the symmetry is broken, it is no error: it is
/// computed from the g at hand, and `sizes` is 0. It goes through at most 2d + 8 roundings,
/// and with the charges of θ and ηg it adds up to eᵀ|A|e at most.
///
/// Together γ_{2d+20}·3eᵀ|A|e + 2ηγ_depth·sizesᵀ|A||θ|. The sums here have positive terms
/// only; 1.01 is for their own roundings, the smallest normal number for underflow.
pub fn descent_step(step: &DescentStep<'_>) -> f64 {
    let DescentStep {
        absolute,
        theta,
        gradient,
        sizes,
        depth,
        learning_rate,
        gamma,
    } = *step;
    let extents = theta.iter().zip(gradient);
    let extents = extents.map(|(x, g)| x.abs() + learning_rate * (2.0 * gamma * x.abs() + g.abs()));
    let extents: Vec<f64> = extents.collect();
    let arithmetic = 3.0 * roundings(2 * theta.len() + 20) * form(absolute, &extents, &extents);
    let cross = 2.0 * learning_rate * roundings(depth) * form(absolute, sizes, theta);
    1.01 * (arithmetic + cross) + f64::MIN_POSITIVE
}

/// Bound on |C(θ') − e^{−4γh}C(θ)| for one step from θ to θ' along gradient flow.
///
/// The exact flow from θ obeys the law. The stepper accepts θ' when its estimate of the
/// errors ε has ‖ε/s‖ ≤ √d, with s_k = [`TOLERANCE`]·(1 + max(|θ_k|, |θ'_k|)). So C is
/// off by 2ε·Aθ' ≤ 2√d‖s·|A||θ'|‖ (entry by entry under the norm), to first order; what
/// is of second order, and all roundings, are some 10⁻⁴ of this, for which 1.01.
///
/// From there on the exact flow multiplies the error of C by e^{−4γt} ≤ 1 wherever it is:
/// over many steps these bounds add up, and nothing amplifies them.
pub fn flow_step(absolute: &DMatrix<f64>, before: &[f64], after: &[f64]) -> f64 {
    let d = after.len() as f64;
    let squares = absolute.column_iter().zip(before.iter().zip(after));
    let squares = squares.map(|(column, (x, y))| {
        let pull = column.iter().zip(after);
        let pull = pull.fold(0.0, |t, (a, y)| t + a * y.abs());
        let scaled = pull * TOLERANCE * (1.0 + x.abs().max(y.abs()));
        scaled * scaled
    });
    1.01 * 2.0 * libm::sqrt(d * squares.sum::<f64>())
}

/// Bound on the error of λ after some steps of the flow along the orbit: each is off by
/// [`TOLERANCE`]·(1 + |λ|) at most, as far as the stepper can tell.
///
/// C(θ_λ) obeys Ċ = G with dG/dC < 0, so the flow contracts in C: an error of λ at one
/// place, times the speed there, is at least the later error times the speed there. So
/// the sum is multiplied by the largest speed on the way over the one at the end.
pub fn orbit_flow(steps: usize, farthest: f64, speeds: f64) -> f64 {
    steps as f64 * TOLERANCE * (1.0 + farthest.abs()) * speeds
}

/// |x| ≤ bound?
pub fn within(what: &str, x: f64, bound: f64) -> Outcome {
    if !x.is_finite() || !bound.is_finite() {
        return Outcome::Inconclusive(format!("{what}: left the range of doubles"));
    }
    if x.abs() > bound {
        return Outcome::Refuted(format!("{what}: {x:e}, the bound is {bound:e}"));
    }
    let bits = if x == 0.0 {
        f64::INFINITY
    } else {
        libm::log2(bound / x.abs())
    };
    Outcome::Verified(Margin::Bits(bits))
}
