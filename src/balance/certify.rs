//! Certified solution: enclosures of λ\* and of what follows from it, to any
//! number of digits.

use super::pulls::{Equilibrium, Pulls};
use super::solve::Logarithmic;
use super::source::SpectrumSource;
use super::spectrum::{Balance, Spectrum, Strength};
use crate::scalar::{Enclosure, Field, Mp, Rational, Real, Scalar, sum};
use crate::symmetry::Eigenspaces;
use rug::Float;
use rug::float::Round;
use std::cmp::Ordering;
use thiserror::Error;

/// The equilibrium of a problem, every number enclosed.
#[derive(Clone, Debug)]
pub struct Certified {
    /// λ\*.
    pub lambda: Enclosure,
    /// The charge C(θ\*).
    pub charge: Enclosure,
    /// The potential Φ(λ\*).
    pub potential: Enclosure,
    /// κ (T14), in 1/time; `None` where Aθ = 0, so that nothing moves.
    pub relaxation_rate: Option<Enclosure>,
    /// The eigen-spaces of K, for a dense or factor generator.
    pub spaces: Option<Eigenspaces>,
    /// The bits at which the spectrum was enclosed.
    pub bits: u32,
}

/// Why nothing could be certified.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum CertifyError {
    /// e^{2μλ} is beyond the exponents of any number format.
    #[error(
        "{field}: its decimal exponent at the equilibrium is beyond ±300000000; set the charges to 0 (in a spectrum) to get lambda alone"
    )]
    OutOfRange {
        /// The field of the solution.
        field: &'static str,
    },
    /// The precision needed is beyond what is offered.
    #[error("{field}: not resolved to the digits asked for with {bits} bits of working precision")]
    Precision {
        /// The field of the solution.
        field: &'static str,
        /// Bits at the last attempt.
        bits: u32,
    },
}

/// Working precisions to try for a number that takes `wanted` bits: each half as large again
/// as the one before, up to eight times `wanted` and `beyond`.
pub(super) fn precisions(first: u32, wanted: u32, beyond: u32) -> impl Iterator<Item = u32> {
    let most = wanted.saturating_mul(8).saturating_add(beyond);
    let raised = std::iter::successors(Some(first), |bits| Some(bits + bits / 2 + 64));
    raised.take_while(move |bits| *bits <= most)
}

/// Bits of the starting approximation.
const START: u32 = 128;

/// Bits that `digits` decimal digits take.
pub(super) fn bits_of(digits: u32) -> u32 {
    // 3.3219281 > log₂ 10
    u32::try_from(u64::from(digits) * 33_219_281 / 10_000_000 + 1).unwrap_or(u32::MAX)
}

/// What a precision was enough for.
pub enum Attempt<T> {
    /// Everything.
    Done(T),
    /// Not for this field of the solution; more bits will help.
    Unresolved(&'static str),
}

/// Solves G(λ) = 0 and encloses the answer, each number with relative width at
/// most 10^{−digits}. `follow` computes what else follows from a candidate, and
/// may find that it takes more bits.
///
/// The status is decided exactly (T8). A finite λ\* is proved by interval
/// evaluation: G > 0 below, G < 0 above, and G is monotone (T7).
///
/// # Errors
/// [`CertifyError`] when a number leaves the exponent range or needs more working
/// precision than is offered.
pub fn certify<T>(
    source: &SpectrumSource,
    strength: &Strength<Rational>,
    digits: u32,
    mut follow: impl FnMut(Certified) -> Result<Attempt<T>, CertifyError>,
) -> Result<Equilibrium<T>, CertifyError> {
    let wanted = bits_of(digits);
    // Projectors keep two thirds of the bits of an eigendecomposition; what cancels in
    // G(0) is lost in a λ\* near 0. Beyond that, exponents of ±10⁶ fit; an eigendecomposition
    // with as many bits would not end.
    let (first, beyond) = match source {
        SpectrumSource::Exact(spectrum) => {
            (wanted + 64 + cancelled(spectrum, strength), 16_777_216)
        }
        SpectrumSource::Blocks(_) => (wanted + wanted / 2 + 128, 131_072),
    };
    let mut failure = CertifyError::Precision {
        field: "lambda",
        bits: first,
    };
    for bits in precisions(first, wanted, beyond) {
        let field = match attempt(source, strength, digits, bits)? {
            Attempt::Unresolved(field) => field,
            Attempt::Done(Equilibrium::Finite(candidate)) => match follow(candidate)? {
                Attempt::Unresolved(field) => field,
                Attempt::Done(solution) => return Ok(Equilibrium::Finite(solution)),
            },
            Attempt::Done(Equilibrium::PlusInfinity) => return Ok(Equilibrium::PlusInfinity),
            Attempt::Done(Equilibrium::MinusInfinity) => return Ok(Equilibrium::MinusInfinity),
            Attempt::Done(Equilibrium::Degenerate) => return Ok(Equilibrium::Degenerate),
        };
        failure = CertifyError::Precision { field, bits };
    }
    Err(failure)
}

/// Leading bits that cancel in the sum G(0), where it does not vanish.
fn cancelled(spectrum: &Spectrum<Rational>, strength: &Strength<Rational>) -> u32 {
    let balance = Balance {
        spectrum: spectrum.clone(),
        strength: strength.clone(),
    };
    let total = balance.at_start();
    let weights = Pulls::of(&balance)
        .into_iter()
        .flat_map(|pulls| pulls.up.into_iter().chain(pulls.down));
    let largest = weights.map(|(_, weight)| weight).max().unwrap_or_default();
    if total == 0 {
        return 0;
    }
    // log₂ of each, to within one, is the size of its numerator less that of its denominator.
    let above = largest.numer().significant_bits() + total.denom().significant_bits();
    let below = largest.denom().significant_bits() + total.numer().significant_bits();
    (above + 2).saturating_sub(below)
}

fn attempt(
    source: &SpectrumSource,
    strength: &Strength<Rational>,
    digits: u32,
    bits: u32,
) -> Result<Attempt<Equilibrium<Certified>>, CertifyError> {
    let Some((spectrum, spaces)) = source.enclose(bits) else {
        return Ok(Attempt::Unresolved("spectrum"));
    };
    let balance = Balance {
        spectrum,
        strength: strength.map(|q| Enclosure::at(bits, q)),
    };
    let Some(pulls) = Pulls::of(&balance) else {
        return Ok(Attempt::Unresolved("spectrum"));
    };
    let lambda = match pulls.status() {
        Equilibrium::PlusInfinity => return Ok(Attempt::Done(Equilibrium::PlusInfinity)),
        Equilibrium::MinusInfinity => return Ok(Attempt::Done(Equilibrium::MinusInfinity)),
        Equilibrium::Degenerate => return Ok(Attempt::Done(Equilibrium::Degenerate)),
        Equilibrium::Finite(()) if source.start(strength).balance.is_zero() => {
            Enclosure::at(bits, &Rational::new())
        }
        Equilibrium::Finite(()) => match enclose_root(&pulls, bits)? {
            Some(lambda) => lambda,
            None => return Ok(Attempt::Unresolved("lambda")),
        },
    };
    if !resolved(&lambda, None, digits) {
        return Ok(Attempt::Unresolved("lambda"));
    }
    let moves = source.moves();
    let candidate = Certified {
        charge: balance.charge(&lambda),
        potential: balance.potential(&lambda),
        relaxation_rate: moves.then(|| balance.relaxation_rate(&lambda)),
        lambda,
        spaces,
        bits,
    };
    let terms = balance.spectrum.terms().iter().map(|term| {
        let exponent = (Enclosure::from_int(2) * &term.rate * &candidate.lambda).exp();
        (exponent * &term.charge * &term.rate).magnitude()
    });
    let scale = terms.fold(Float::new(64), |total, x| total + x);
    if !scale.is_finite() {
        return Err(CertifyError::OutOfRange {
            field: "charge.after",
        });
    }
    if !resolved(&candidate.charge, Some(&scale), digits) {
        if vanishes(&candidate.charge) {
            return Err(CertifyError::OutOfRange {
                field: "charge.after",
            });
        }
        return Ok(Attempt::Unresolved("charge.after"));
    }
    if !resolved(&candidate.potential, None, digits) {
        return Ok(Attempt::Unresolved("potential.after"));
    }
    if candidate
        .relaxation_rate
        .as_ref()
        .is_some_and(|rate| !resolved(rate, None, digits))
    {
        return Ok(Attempt::Unresolved("relaxation_rate"));
    }
    Ok(Attempt::Done(Equilibrium::Finite(candidate)))
}

/// Narrow enough to print with `digits` digits? Relative to the value; absolute
/// where it lies so far below `scale`, the size of what cancels in it, that it is
/// taken to be zero (three times the digits and a thousand more).
pub fn resolved(value: &Enclosure, scale: Option<&Float>, digits: u32) -> bool {
    // One more digit than asked for, for the decimal rounding.
    if value.has_digits(digits + 1) {
        return true;
    }
    let Some(scale) = scale else { return false };
    if !value.contains_zero() {
        return false;
    }
    let deep = Float::with_val(64, Float::u_pow_u(10, 3 * digits + 1000));
    let absolute = Float::with_val(64, Float::u_pow_u(10, digits + 1));
    let magnitude = Float::with_val_round(64, value.magnitude(), Round::Up).0;
    Float::with_val_round(64, &magnitude * &deep, Round::Up).0 <= *scale
        && Float::with_val_round(64, &magnitude * &absolute, Round::Up).0 <= 1
}

/// Is it too small for the exponents of MPFR, so that more bits will not resolve it?
pub fn vanishes(value: &Enclosure) -> bool {
    let exponent = value.magnitude().get_exp();
    value.contains_zero() && exponent.is_some_and(|e| e < rug::float::exp_min() / 2)
}

/// An enclosure of the root about as narrow as `bits` bits allow; `None` if they
/// do not prove one.
fn enclose_root(pulls: &Pulls<Enclosure>, bits: u32) -> Result<Option<Enclosure>, CertifyError> {
    if let Some(lambda) = pulls.closed_form() {
        return Ok(Some(lambda));
    }
    // What fails with few bits fails with more: there is no point in going on.
    let unsolved = CertifyError::Precision {
        field: "lambda",
        bits,
    };
    let approximation = approximate_root(pulls, bits).ok_or(unsolved)?;
    Ok(prove_root(pulls, &approximation, bits))
}

/// The narrowest interval around an approximation over which G is seen to change its sign.
fn prove_root(pulls: &Pulls<Enclosure>, approximation: &Real, bits: u32) -> Option<Enclosure> {
    let centre = approximation.as_float().clone();
    let exponent = centre.get_exp()?;
    // e^{±rλ} loses as many bits as its exponent has, and where that is tiny, λ as many as it
    // is smaller than 1; start a little above that.
    let largest = pulls
        .up
        .iter()
        .chain(&pulls.down)
        .map(|(r, _)| r.magnitude());
    let largest = largest.fold(Float::new(64), |a, b| a.max(&b));
    let lost = Float::with_val(64, &largest * &centre)
        .get_exp()
        .unwrap_or(0)
        .abs();
    let mut margin = 16 + lost;
    while margin < i32::try_from(bits).unwrap_or(i32::MAX) {
        let radius = Float::with_val(bits, 1) << (exponent - i32::try_from(bits).ok()? + margin);
        let low = Float::with_val_round(bits, &centre - &radius, Round::Down).0;
        let high = Float::with_val_round(bits, &centre + &radius, Round::Up).0;
        let signs = [&low, &high].map(|end| sign_of_g(pulls, end));
        if signs == [Some(Ordering::Greater), Some(Ordering::Less)] {
            return Enclosure::new(low, high);
        }
        margin += margin / 2;
    }
    None
}

/// The root in floating point: solved with few bits, then by Newton's method with
/// twice the bits at each step.
fn approximate_root(pulls: &Pulls<Enclosure>, bits: u32) -> Option<Real> {
    let at = |q: u32| {
        let side = |side: &[(Enclosure, Enclosure)]| {
            let middle = |x: &Enclosure| Real::from_float(Float::with_val(q, x.midpoint()));
            side.iter().map(|(r, w)| (middle(r), middle(w))).collect()
        };
        Pulls {
            up: side(&pulls.up),
            down: side(&pulls.down),
        }
    };
    let narrow = at(START);
    let fixed = |side: &[(Real, Real)]| {
        let number = |x: &Real| Mp::<START>::from_float(x.as_float().clone());
        side.iter().map(|(r, w)| (number(r), number(w))).collect()
    };
    let first = Pulls {
        up: fixed(&narrow.up),
        down: fixed(&narrow.down),
    };
    let root = Logarithmic::of(&first).root().ok()?;
    let mut lambda = Real::from_float(root.as_float().clone());
    let mut precision = START;
    while precision < bits {
        precision = (2 * precision).min(bits);
        let equation = Logarithmic::of(&at(precision));
        lambda = equation.newton(&lambda.round_to(precision));
        if precision < bits {
            continue;
        }
        // A root close to 0 starts with few correct bits: go on while the steps shrink.
        let mut last = f64::INFINITY;
        loop {
            let next = equation.newton(&lambda);
            let step = (next.clone() - &lambda).log2_abs();
            lambda = next;
            if step >= last - 1.0 || step < lambda.log2_abs() - f64::from(bits) {
                break;
            }
            last = step;
        }
    }
    Some(lambda)
}

/// The sign of G(λ), proved by interval evaluation. Near λ\* nothing overflows: U falls and D
/// rises, so that both lie between U(0) and D(0) there.
fn sign_of_g(pulls: &Pulls<Enclosure>, lambda: &Float) -> Option<Ordering> {
    let (forward, back) = (Enclosure::point(lambda), Enclosure::point(&-lambda.clone()));
    let total = |side: &[(Enclosure, Enclosure)], point: &Enclosure| {
        sum(side.iter().map(|(r, w)| (r.clone() * point).exp() * w))
    };
    (total(&pulls.up, &back) - total(&pulls.down, &forward)).sign()
}
