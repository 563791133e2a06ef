//! How far another implementation's answers are from the reference values.

use super::entry::Entry;
use super::numbers::{Number, nearest, numbers};
use super::results::{Answered, Numbers, Results, ResultsError};
use crate::problem::read::shorten;
use crate::scalar::Rational;
use rug::Float;
use serde_json::Value;

/// All answers judged, the worst first.
#[derive(Clone, Debug, PartialEq)]
pub struct Conformance {
    /// One for each answer.
    pub judged: Vec<Judged>,
    /// Reference problems without an answer.
    pub unanswered: usize,
}

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    /// The problem.
    pub id: String,
    /// What the problem is there for.
    pub note: String,
    /// The right status.
    pub status: String,
    /// The answer's, if it is another one.
    pub wrong_status: Option<String>,
    /// The number that is farthest off, if there is a number.
    pub worst: Option<Place>,
    /// Numbers compared.
    pub compared: usize,
    /// Fields with a reference value among those that may be answered, but without an answer.
    pub left_out: Vec<&'static str>,
}

/// A number, and how far off it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Place {
    /// Where, as `theta[2]`.
    pub place: String,
    /// By how much.
    pub deviation: Deviation,
}

/// The distance of an answer from the exact number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deviation {
    /// In units in the last place of the nearest double (of 1 if the number is 0).
    pub ulps: f64,
    /// −log₁₀ of the relative error, absolute if the number is 0; infinite for the exact number.
    pub digits: f64,
}

/// The fields that may be answered.
const FIELDS: [&str; 6] = [
    "lambda",
    "theta",
    "metric",
    "rho",
    "first_gram",
    "last_gram",
];

impl Conformance {
    /// Answers whose status is wrong.
    pub fn wrong(&self) -> usize {
        let wrong = self.judged.iter().filter(|own| own.wrong_status.is_some());
        wrong.count()
    }

    /// How many numbers were compared.
    pub fn compared(&self) -> usize {
        self.judged.iter().map(|own| own.compared).sum()
    }

    /// The largest error in units in the last place; 0 where no number was compared.
    pub fn worst_ulps(&self) -> f64 {
        let errors = self.judged.iter().filter_map(|own| own.worst.as_ref());
        errors.map(|worst| worst.deviation.ulps).fold(0.0, f64::max)
    }
}

/// Judges answers by the entries.
///
/// # Errors
/// [`ResultsError`] for an answer to no problem, or of another shape than the reference value.
pub fn conform(results: &Results, entries: &[Entry]) -> Result<Conformance, ResultsError> {
    let mut judged = Vec::new();
    for (id, answer) in &results.answers {
        let entry = entries.iter().find(|entry| entry.id == *id);
        let entry = entry.ok_or_else(|| ResultsError::Unknown(shorten(id)))?;
        judged.push(judge(entry, answer)?);
    }
    let ulps = |own: &Judged| {
        own.worst
            .as_ref()
            .map_or(-1.0, |worst| worst.deviation.ulps)
    };
    judged.sort_by(|a, b| {
        let wrong = b.wrong_status.is_some().cmp(&a.wrong_status.is_some());
        wrong
            .then(ulps(b).total_cmp(&ulps(a)))
            .then(a.id.cmp(&b.id))
    });
    Ok(Conformance {
        unanswered: entries.len() - judged.len(),
        judged,
    })
}

fn judge(entry: &Entry, answer: &Answered) -> Result<Judged, ResultsError> {
    let mut judged = Judged {
        id: entry.id.clone(),
        note: entry.note.clone(),
        status: entry.status().to_owned(),
        wrong_status: (answer.status != entry.status()).then(|| shorten(&answer.status)),
        worst: None,
        compared: 0,
        left_out: Vec::new(),
    };
    // Of an infinite equilibrium there is nothing to compare.
    if judged.wrong_status.is_some() {
        return Ok(judged);
    }
    let exact = numbers(&entry.solution).unwrap_or_default();
    for field in FIELDS {
        let reference = entry.solution.get(field);
        match (answer.numbers.get(field), reference) {
            (None, None) => {}
            (None, Some(_)) => judged.left_out.push(field),
            (Some(own), None) => {
                return Err(ResultsError::Shape {
                    id: entry.id.clone(),
                    place: field.to_owned(),
                    expected: format!("no such field (status {})", entry.status()),
                    found: describe(own),
                });
            }
            (Some(own), Some(reference)) => {
                let mut pairs = Vec::new();
                pair(field.to_owned(), own, reference, &mut pairs).map_err(
                    |(place, expected, found)| ResultsError::Shape {
                        id: entry.id.clone(),
                        place,
                        expected,
                        found,
                    },
                )?;
                for (place, own) in pairs {
                    // Beyond the doubles there is no nearest one.
                    let number = exact.iter().find(|number| number.place == place);
                    let Some(deviation) = number.and_then(|number| deviation(own, number)) else {
                        continue;
                    };
                    judged.compared += 1;
                    let worse = |worst: &Place| deviation.ulps > worst.deviation.ulps;
                    if judged.worst.as_ref().is_none_or(worse) {
                        judged.worst = Some(Place { place, deviation });
                    }
                }
            }
        }
    }
    Ok(judged)
}

/// A place, what is expected there, and what was found.
type Misfit = (String, String, String);

fn pair<'a>(
    place: String,
    own: &'a Numbers,
    reference: &Value,
    to: &mut Vec<(String, &'a Rational)>,
) -> Result<(), Misfit> {
    match (own, reference) {
        (Numbers::List(own_list), Value::Array(list)) if own_list.len() == list.len() => {
            let items = own_list.iter().zip(list).enumerate();
            items.into_iter().try_for_each(|(i, (own, reference))| {
                pair(format!("{place}[{i}]"), own, reference, to)
            })
        }
        (Numbers::One(x), Value::Object(_)) => {
            to.push((place, x));
            Ok(())
        }
        (own, Value::Array(list)) => {
            let expected = format!("a list of length {}", list.len());
            Err((place, expected, describe(own)))
        }
        (own, _) => Err((place, "a number".to_owned(), describe(own))),
    }
}

fn describe(own: &Numbers) -> String {
    match own {
        Numbers::One(_) => "a number".to_owned(),
        Numbers::List(list) => format!("a list of length {}", list.len()),
    }
}

/// How far x is from the exact number, as far as its bounds tell; `None` beyond the doubles.
fn deviation(x: &Rational, number: &Number) -> Option<Deviation> {
    let double = number.double?;
    let middle: Rational = Rational::from(&number.lower + &number.upper) / 2;
    // Inside the bounds an answer is as exact as can be told.
    let inside = number.lower <= *x && *x <= number.upper;
    let error = if inside {
        Rational::new()
    } else {
        Rational::from(x - &middle).abs()
    };
    let scale = if middle == 0 || number.lower <= 0 && number.upper >= 0 {
        Rational::from(1)
    } else {
        middle.abs()
    };
    let exact_zero = double == 0.0 && number.lower <= 0 && number.upper >= 0;
    let unit = unit_in_last_place(if exact_zero { 1.0 } else { double });
    let digits = if error == 0 {
        f64::INFINITY
    } else {
        let relative = Float::with_val(64, Rational::from(&error / &scale));
        -relative.log10().to_f64()
    };
    Some(Deviation {
        ulps: nearest(&(error / unit)),
        digits,
    })
}

/// The distance of a double's neighbours that are farther from 0.
fn unit_in_last_place(x: f64) -> Rational {
    // The exponent field; subnormal numbers have the unit of the smallest normal ones.
    let exponent = i32::try_from((x.to_bits() >> 52) & 0x7ff)
        .unwrap_or(0)
        .max(1)
        - 1075;
    let one = Rational::from(1);
    if exponent < 0 {
        one >> exponent.unsigned_abs()
    } else {
        one << exponent.unsigned_abs()
    }
}
