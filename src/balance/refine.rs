//! The one loop behind every certified number: try at a working precision, and where
//! something is not decided yet, at a higher one.

use crate::scalar::{Ball, at_precision};
use rug::Float;
use rug::float::Round;
use thiserror::Error;

/// Why nothing could be certified.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum CertifyError {
    /// A noise or a charge below 0: there is no such problem.
    #[error("{field}: expected a number that is not negative, found {found}")]
    Negative {
        /// Where it stands.
        field: String,
        /// What was found.
        found: String,
    },
    /// e^{2μλ} is beyond the exponents of any number format.
    #[error(
        "{field}: its decimal exponent at the equilibrium is beyond ±300000000; set the charges to 0 (in a spectrum) to get lambda alone"
    )]
    OutOfRange {
        /// The field of the solution.
        field: &'static str,
    },
    /// Undecided: the precision needed is beyond what is offered.
    #[error("{field}: not resolved to the digits asked for with {bits} bits of working precision")]
    Precision {
        /// The field of the solution.
        field: &'static str,
        /// Bits at the last attempt.
        bits: u32,
    },
}

/// Why an attempt at one precision gave no solution.
#[derive(Debug)]
pub(crate) enum Gap {
    /// This field of the solution is not decided, or not narrow enough; more bits will help.
    Undecided(&'static str),
    /// This field has left the exponents of MPFR; more bits will not help.
    OutOfRange(&'static str),
}

/// Bits that `digits` decimal digits take.
pub(crate) fn bits_of(digits: u32) -> u32 {
    // 3.3219281 > log₂ 10
    u32::try_from(u64::from(digits) * 33_219_281 / 10_000_000 + 1).unwrap_or(u32::MAX)
}

/// The first solution of `attempt` at `first` bits of working precision, then half as many
/// again each time, up to `most`.
pub(crate) fn refine<T>(
    first: u32,
    most: u32,
    mut attempt: impl FnMut(u32) -> Result<T, Gap>,
) -> Result<T, CertifyError> {
    let mut bits = first;
    loop {
        let field = match at_precision(bits, || attempt(bits)) {
            Ok(solution) => return Ok(solution),
            Err(Gap::OutOfRange(field)) => return Err(CertifyError::OutOfRange { field }),
            Err(Gap::Undecided(field)) => field,
        };
        let next = bits.saturating_add(bits / 2 + 64);
        if next > most {
            return Err(CertifyError::Precision { field, bits });
        }
        bits = next;
    }
}

/// Narrow enough to print with `digits` digits? Relative to the value; absolute
/// where it lies so far below `scale`, the size of what cancels in it, that it is
/// taken to be zero (three times the digits and a thousand more).
pub(crate) fn resolved(value: &Ball, scale: Option<&Float>, digits: u32) -> bool {
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
    let magnitude = value.magnitude();
    Float::with_val_round(64, &magnitude * &deep, Round::Up).0 <= *scale
        && Float::with_val_round(64, &magnitude * &absolute, Round::Up).0 <= 1
}

/// Is it too small for the exponents of MPFR, so that more bits will not resolve it?
pub(crate) fn vanishes(value: &Ball) -> bool {
    let exponent = value.magnitude().get_exp();
    value.contains_zero() && exponent.is_some_and(|e| e < rug::float::exp_min() / 2)
}

/// `value` where it has its digits.
pub(crate) fn checked(
    field: &'static str,
    value: Ball,
    scale: Option<&Float>,
    digits: u32,
) -> Result<Ball, Gap> {
    if resolved(&value, scale, digits) {
        Ok(value)
    } else if !value.is_bounded() || vanishes(&value) {
        Err(Gap::OutOfRange(field))
    } else {
        Err(Gap::Undecided(field))
    }
}

/// The largest magnitude of these; 0 of none.
pub(crate) fn largest<'a>(numbers: impl IntoIterator<Item = &'a Ball>) -> Float {
    let sizes = numbers.into_iter().map(Ball::magnitude);
    sizes.fold(Float::new(53), |a, b| a.max(&b))
}
