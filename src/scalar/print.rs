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
    if *q == 0 {
        return "0".to_owned();
    }
    let negative = q.is_negative();
    let away_from_zero = (direction == Direction::Up) != negative;
    let (p, q) = (q.numer().clone().abs(), q.denom().clone());
    let digits = i64::try_from(digits.max(1)).unwrap_or(i64::MAX);
    // |q| > 2^{bits}; less 1 for the rounding of the product, at most floor(log₁₀ |q|).
    let bits = f64::from(p.significant_bits()) - f64::from(q.significant_bits()) - 1.0;
    let mut exponent = libm::floor(bits * std::f64::consts::LOG10_2) as i64 - 1;
    loop {
        // |q| = n · 10^{exponent + 1 − digits}, n wanted with exactly `digits` digits.
        let shift = digits - 1 - exponent;
        let scale = Integer::from(10).pow(u32::try_from(shift.unsigned_abs()).unwrap_or(u32::MAX));
        let (n, rest) = if shift >= 0 {
            Integer::from(&p * &scale).div_rem(q.clone())
        } else {
            p.clone().div_rem(Integer::from(&q * &scale))
        };
        let text = n.to_string();
        let length = i64::try_from(text.len()).unwrap_or(i64::MAX);
        if length != digits {
            exponent += length - digits;
            continue;
        }
        if !away_from_zero || rest == 0 {
            return layout(negative, &text, exponent + 1);
        }
        let text = (n + 1u32).to_string();
        let carry = i64::try_from(text.len()).unwrap_or(i64::MAX) - digits;
        return layout(negative, &text, exponent + 1 + carry);
    }
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
