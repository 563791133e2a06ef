//! Decimal printing with a stated direction of rounding.

use super::Rational;
use rug::float::Round;
use rug::ops::Pow;
use rug::{Float, Integer};

/// Which way a decimal may differ from the number it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// At most the number.
    Down,
    /// At least the number.
    Up,
}

/// `x` with at most `digits` significant digits, rounded in the given direction.
/// `None` for infinities and NaN.
pub fn decimal_of_float(x: &Float, digits: usize, direction: Direction) -> Option<String> {
    if !x.is_finite() {
        return None;
    }
    if x.is_zero() {
        return Some("0".to_owned());
    }
    let round = match direction {
        Direction::Down => Round::Down,
        Direction::Up => Round::Up,
    };
    let (negative, text, exponent) = x.to_sign_string_exp_round(10, Some(digits.max(1)), round);
    Some(layout(negative, &text, i64::from(exponent?)))
}

/// `q` with at most `digits` significant digits, rounded in the given direction;
/// exact where `q` has no more digits than that.
pub fn decimal_of_rational(q: &Rational, digits: usize, direction: Direction) -> String {
    let (lower, upper) = decimals_of_rational(q, digits);
    match direction {
        Direction::Down => lower,
        Direction::Up => upper,
    }
}

/// `q` as [`decimal_of_rational`] has it, rounded down and up.
pub fn decimals_of_rational(q: &Rational, digits: usize) -> (String, String) {
    if *q == 0 {
        return ("0".to_owned(), "0".to_owned());
    }
    let negative = q.is_negative();
    let digits = i64::try_from(digits.max(1)).unwrap_or(i64::MAX);
    let mut exponent = exponent_of(q);
    let (near, text, rest) = loop {
        // |q| = n · 10^{exponent + 1 − digits}, n wanted with exactly `digits` digits.
        let shift = digits - 1 - exponent;
        let scale = Integer::from(10).pow(u32::try_from(shift.unsigned_abs()).unwrap_or(u32::MAX));
        let (n, rest) = if shift >= 0 {
            Integer::from(q.numer() * &scale).div_rem(q.denom().clone())
        } else {
            q.numer().clone().div_rem(scale * q.denom())
        };
        let n = n.abs();
        let text = n.to_string();
        let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
        if length == digits {
            break (n, text, rest);
        }
        exponent += length - digits;
    };
    let inner = layout(negative, &text, exponent + 1);
    if rest == 0 {
        return (inner.clone(), inner);
    }
    let text = (near + 1u32).to_string();
    let carry = i64::try_from(text.len()).unwrap_or(i64::MAX) - digits;
    let outer = layout(negative, &text, exponent + 1 + carry);
    if negative {
        (outer, inner)
    } else {
        (inner, outer)
    }
}

/// floor(log₁₀ |q|) of a number that is not 0, or hardly less.
fn exponent_of(q: &Rational) -> i64 {
    let double = q.to_f64().abs();
    let logarithm = if double.is_normal() {
        libm::log10(double)
    } else {
        // Out of the range of doubles: |q| > 2^{p − q − 1}, of that many bits.
        let [p, q] = [q.numer(), q.denom()].map(|n| f64::from(n.significant_bits()));
        (p - q - 1.0) * std::f64::consts::LOG10_2
    };
    // Less what rounding may have added.
    libm::floor(logarithm - 1e-6) as i64
}

/// 0.`digits` · 10^`exponent` as a plain decimal, or in scientific notation when
/// that is shorter to read.
fn layout(negative: bool, digits: &str, exponent: i64) -> String {
    let sign = if negative { "-" } else { "" };
    let digits = digits.trim_end_matches('0');
    let length = i64::try_from(digits.len()).unwrap_or(i64::MAX);
    if (-5..=0).contains(&exponent) {
        let zeros = "0".repeat(usize::try_from(-exponent).unwrap_or(0));
        format!("{sign}0.{zeros}{digits}")
    } else if (1..=21).contains(&exponent) && length <= exponent {
        let zeros = "0".repeat(usize::try_from(exponent - length).unwrap_or(0));
        format!("{sign}{digits}{zeros}")
    } else if (1..=21).contains(&exponent) {
        let (whole, fraction) = digits.split_at(usize::try_from(exponent).unwrap_or(0));
        format!("{sign}{whole}.{fraction}")
    } else {
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        format!("{sign}{first}{point}{rest}e{}", exponent - 1)
    }
}

/// A finite double as a C99 hexadecimal float, spelled as Python's `float.hex` does.
pub fn hexadecimal(x: f64) -> String {
    let sign = if x.is_sign_negative() { "-" } else { "" };
    let (exponent, fraction) = ((x.to_bits() >> 52) & 0x7ff, x.to_bits() & ((1 << 52) - 1));
    match (exponent, fraction) {
        (0, 0) => format!("{sign}0x0.0p+0"),
        (0, _) => format!("{sign}0x0.{fraction:013x}p-1022"),
        _ => format!(
            "{sign}0x1.{fraction:013x}p{:+}",
            i64::try_from(exponent).unwrap_or(0) - 1023
        ),
    }
}
