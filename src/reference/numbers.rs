//! The numbers in a solution: pairs of bounds, each with the double nearest to it.

use crate::scalar::{Ball, Rational, hexadecimal, parse_exact};
use rug::Float;
use serde_json::{Value, json};

/// A number of a solution with its place, `theta[2]`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Number {
    pub place: String,
    pub lower: Rational,
    pub upper: Rational,
    /// The nearest double, if there is one.
    pub double: Option<f64>,
}

/// The numbers of a solution, in the order of the file.
///
/// # Errors
/// The place of what is no number, and what is wrong with it.
pub(super) fn numbers(solution: &Value) -> Result<Vec<Number>, String> {
    let mut found = Vec::new();
    walk(solution, "", &mut |place, bounds| {
        found.push(read(place, bounds).map_err(|error| format!("{place}: {error}"))?);
        Ok(())
    })?;
    Ok(found)
}

fn walk(
    value: &Value,
    place: &str,
    visit: &mut impl FnMut(&str, &Value) -> Result<(), String>,
) -> Result<(), String> {
    match value {
        Value::Object(map) if map.contains_key("lower") || map.contains_key("upper") => {
            visit(place, value)
        }
        Value::Object(map) => map.iter().try_for_each(|(key, value)| {
            let dot = if place.is_empty() { "" } else { "." };
            walk(value, &format!("{place}{dot}{key}"), visit)
        }),
        Value::Array(list) => list
            .iter()
            .enumerate()
            .try_for_each(|(i, value)| walk(value, &format!("{place}[{i}]"), visit)),
        _ => Ok(()),
    }
}

fn read(place: &str, bounds: &Value) -> Result<Number, String> {
    let map = bounds.as_object().ok_or("expected an object")?;
    let exact = |key: &str| {
        let text = map.get(key).and_then(Value::as_str);
        let text = text.ok_or_else(|| format!("{key}: expected a string with a number"))?;
        parse_exact(text).map_err(|error| format!("{key}: {error}"))
    };
    let known = ["lower", "upper", "double"];
    if let Some(key) = map.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(format!(
            "unknown field {key:?}, expected lower, upper and double"
        ));
    }
    let (lower, upper) = (exact("lower")?, exact("upper")?);
    if lower > upper {
        return Err("expected a lower bound that is not above the upper one".to_owned());
    }
    let double = if map.contains_key("double") {
        let value = exact("double")?;
        let double = nearest(&value);
        if Rational::from_f64(double) != Some(value) {
            return Err("double: expected a number that is one".to_owned());
        }
        Some(double)
    } else {
        None
    };
    Ok(Number {
        place: place.to_owned(),
        lower,
        upper,
        double,
    })
}

/// Bits that keep a second rounding from moving the first: no decimal here has as many
/// zeros or nines behind a double's last bit.
const GUARDED: u32 = 1200;

/// The double nearest to q, ties to even; infinite beyond their range.
pub(super) fn nearest(q: &Rational) -> f64 {
    Float::with_val(GUARDED, q).to_f64()
}

/// Puts the nearest double beside every pair of bounds that decides it.
pub(super) fn with_doubles(solution: &mut Value) {
    match solution {
        Value::Object(map) => {
            let bound = |key: &str| {
                map.get(key)?
                    .as_str()
                    .and_then(|text| parse_exact(text).ok())
            };
            if let (Some(lower), Some(upper)) = (bound("lower"), bound("upper")) {
                let (low, high) = (nearest(&lower), nearest(&upper));
                // ±0 are one number.
                if low == high && low.is_finite() {
                    map.insert("double".to_owned(), json!(hexadecimal(low + 0.0)));
                }
                return;
            }
            map.values_mut().for_each(with_doubles);
        }
        Value::Array(list) => list.iter_mut().for_each(with_doubles),
        _ => {}
    }
}

/// Does the pair of bounds decide on a double, or lie beyond all of them?
pub(super) fn is_decided(number: &Number) -> bool {
    nearest(&number.lower) == nearest(&number.upper)
}

/// How many decimal digits the bounds and the second enclosure have in common: −log₁₀ of the
/// width of both together, relative to the number (absolute where it is 0). `None` if they
/// are apart.
pub(super) fn common_digits(number: &Number, second: &Ball) -> Option<i64> {
    let low = second.lower().to_rational()?;
    let high = second.upper().to_rational()?;
    if low > number.upper || high < number.lower {
        return None;
    }
    let lowest = if low < number.lower {
        low
    } else {
        number.lower.clone()
    };
    let highest = if high > number.upper {
        high
    } else {
        number.upper.clone()
    };
    let width = Rational::from(&highest - &lowest);
    if width == 0 {
        return Some(i64::MAX);
    }
    let inside = lowest > 0 || highest < 0;
    let size = if inside {
        std::cmp::min(lowest.abs(), highest.abs())
    } else {
        Rational::from(1)
    };
    // The floor of log₁₀, from the bits: a digit too few at most.
    let ratio = Float::with_val(64, size / width);
    Some(ratio.log10().floor().to_f64() as i64)
}
