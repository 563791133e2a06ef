//! Exact reading of every number notation of the file formats, as rationals.

use super::Rational;
use rug::Integer;
use rug::ops::Pow;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use thiserror::Error;

/// Decimal exponents are read up to this absolute value.
pub const MAX_DECIMAL_EXPONENT: i64 = 1_000_000;
/// Binary exponents of hexadecimal floats, to about the same magnitude.
pub const MAX_BINARY_EXPONENT: i64 = 3_321_928;

/// Why a text is not a number.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum NumberError {
    /// Not one of the notations.
    #[error(
        "{0:?} is not a number: write a decimal (\"-0.25e-3\"), a fraction (\"1/3\") or a hexadecimal float (\"0x1.8p-2\")"
    )]
    Malformed(String),
    /// NaN or an infinity.
    #[error("{0:?} is refused: only finite numbers are accepted")]
    NotFinite(String),
    /// A fraction over zero.
    #[error("{0:?} has a zero denominator: write a fraction with a positive one")]
    ZeroDenominator(String),
    /// An exponent out of range.
    #[error(
        "{0:?} has an exponent out of range: decimal exponents go up to ±1000000, binary ones to ±3321928"
    )]
    Exponent(String),
}

/// The exact value of a decimal, a fraction `p/q`, or a C99 hexadecimal float.
///
/// # Errors
/// [`NumberError`] says which notation was tried and what would be right.
pub fn parse_exact(text: &str) -> Result<Rational, NumberError> {
    let malformed = || NumberError::Malformed(shorten(text));
    let (negative, body) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if ["nan", "inf", "infinity"]
        .iter()
        .any(|word| body.eq_ignore_ascii_case(word))
    {
        return Err(NumberError::NotFinite(shorten(text)));
    }
    let magnitude = if let Some((p, q)) = body.split_once('/') {
        let (p, q) = (
            digits([p, ""], 10).ok_or_else(malformed)?,
            digits([q, ""], 10).ok_or_else(malformed)?,
        );
        if q == 0 {
            return Err(NumberError::ZeroDenominator(shorten(text)));
        }
        Rational::from((p, q))
    } else if let Some(hex) = body.strip_prefix("0x").or_else(|| body.strip_prefix("0X")) {
        positional(hex, text, 16, ['p', 'P'])?
    } else {
        positional(body, text, 10, ['e', 'E'])?
    };
    Ok(if negative { -magnitude } else { magnitude })
}

/// `int.frac` in `radix`, times 10 or 2 to the exponent after one of `marks`.
fn positional(
    body: &str,
    text: &str,
    radix: u32,
    marks: [char; 2],
) -> Result<Rational, NumberError> {
    let malformed = || NumberError::Malformed(shorten(text));
    let (mantissa, exponent) = match body.split_once(marks) {
        Some((mantissa, exponent)) => (mantissa, exponent),
        None => (body, "0"),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let value = digits([whole, fraction], radix).ok_or_else(malformed)?;
    let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
        return Err(malformed());
    }
    let (base, limit, per_digit) = match radix {
        16 => (2, MAX_BINARY_EXPONENT, 4),
        _ => (10, MAX_DECIMAL_EXPONENT, 1),
    };
    let exponent = exponent
        .parse::<i64>()
        .ok()
        .filter(|e| e.abs() <= limit)
        .ok_or_else(|| NumberError::Exponent(shorten(text)))?;
    let shift = exponent - per_digit * i64::try_from(fraction.len()).unwrap_or_default();
    let power =
        u32::try_from(shift.unsigned_abs()).map_err(|_| NumberError::Exponent(shorten(text)))?;
    let power = Integer::from(base).pow(power);
    Ok(if shift.is_negative() {
        Rational::from((value, power))
    } else {
        Rational::from(value * power)
    })
}

/// A run of digits in two parts, not both of them empty; nothing else.
fn digits(parts: [&str; 2], radix: u32) -> Option<Integer> {
    // So many of them fit into 64 bits.
    let short = if radix == 16 { 16 } else { 19 };
    let length = parts[0].len() + parts[1].len();
    let mut value = 0;
    for byte in parts[0].bytes().chain(parts[1].bytes()) {
        let digit = char::from(byte).to_digit(radix)?;
        if length <= short {
            value = value * u64::from(radix) + u64::from(digit);
        }
    }
    match length {
        0 => None,
        _ if length <= short => Some(Integer::from(value)),
        _ => Integer::from_str_radix(&parts.concat(), radix.cast_signed()).ok(),
    }
}

/// At most 40 characters of what was read, for a one-line message.
fn shorten(text: &str) -> String {
    if text.chars().count() <= 40 {
        return text.to_owned();
    }
    let head: String = text.chars().take(40).collect();
    format!("{head}…")
}

/// A rational that reads itself from any notation of the file formats and
/// writes itself as an integer or a fraction in a string.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Exact(pub Rational);

impl<'de> Deserialize<'de> for Exact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The raw text: a JSON number is the decimal that is written, not a double.
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        let parsed = match text.as_bytes().first() {
            Some(b'"') => {
                if text.contains('\\') {
                    let inner: String = serde_json::from_str(text).map_err(D::Error::custom)?;
                    // What limits the exponents of a file reads its text as it is.
                    if inner.contains(['e', 'E', 'p', 'P']) {
                        let word = shorten(text);
                        return Err(D::Error::custom(format!(
                            "expected an exponent without escapes, found {word}"
                        )));
                    }
                    parse_exact(&inner)
                } else {
                    parse_exact(text.trim_matches('"'))
                }
            }
            Some(b'[' | b'{' | b't' | b'f' | b'n') => {
                let word = shorten(text);
                return Err(D::Error::custom(format!(
                    "expected a number or a string that holds one, found {word}"
                )));
            }
            _ => parse_exact(text),
        };
        parsed.map(Exact).map_err(D::Error::custom)
    }
}

impl Serialize for Exact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}
