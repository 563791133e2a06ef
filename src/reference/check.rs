//! Everything in the files computed again and compared to the digit.

use super::catalogue::Item;
use super::entry::{Entry, fingerprint};
use super::file::Family;
use super::numbers::numbers;
use crate::scalar::{Direction, Rational, decimal_of_rational};
use rayon::prelude::*;
use rug::Float;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt;

/// Something in a file that is not as it has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The family, and its file.
    pub family: String,
    /// The entry.
    pub id: String,
    /// What differs, where, and by how much.
    pub what: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.id, self.what)
    }
}

/// Compares families of entries with the problems that they have to hold. `done` is called
/// after each entry.
pub fn check(families: &[Family], catalogue: &[Item], done: impl Fn() + Sync) -> Vec<Difference> {
    let mut differences = Vec::new();
    for family in families {
        let difference = |id: &str, what: &str| Difference {
            family: family.family.clone(),
            id: id.to_owned(),
            what: what.to_owned(),
        };
        let expected: Vec<&Item> = catalogue
            .iter()
            .filter(|item| item.family == family.family)
            .collect();
        for item in &expected {
            if !family.entries.iter().any(|entry| entry.id == item.id) {
                differences.push(difference(&item.id, "missing"));
            }
        }
        let found = family.entries.par_iter().map(|entry| {
            let item = expected.iter().find(|item| item.id == entry.id);
            let found = match item {
                None => vec!["not one of the problems of this version".to_owned()],
                Some(item) => compare(entry, item),
            };
            done();
            found
                .into_iter()
                .map(|what| difference(&entry.id, &what))
                .collect::<Vec<_>>()
        });
        differences.extend(found.collect::<Vec<_>>().into_iter().flatten());
    }
    differences
}

fn compare(entry: &Entry, item: &Item) -> Vec<String> {
    let mut found = Vec::new();
    let own = fingerprint(&entry.problem);
    if own != entry.sha256 {
        found.push(format!(
            "sha256: {} in the file, {own} of its problem",
            entry.sha256
        ));
    }
    if own != fingerprint(&item.problem) {
        found.push("problem: not the one of this version".to_owned());
    }
    if entry.note != item.note {
        found.push(format!("note: expected {:?}", item.note));
    }
    let again = match Entry::compute(&entry.id, &entry.note, &entry.problem) {
        Ok(again) => again,
        Err(error) => {
            found.push(error.to_string());
            return found;
        }
    };
    for (field, ours, theirs) in [
        ("route", &again.route, &entry.route),
        ("second_route", &again.second_route, &entry.second_route),
    ] {
        if ours != theirs {
            found.push(format!(
                "{field}: {theirs:?} in the file, {ours:?} by this version"
            ));
        }
    }
    if again.agreement != entry.agreement {
        let [file, again] = [entry.agreement, again.agreement]
            .map(|digits| digits.map_or("none".to_owned(), |n| format!("{n} digits")));
        found.push(format!(
            "agreement: {file} in the file, {again} computed again"
        ));
    }
    if again.solution != entry.solution {
        found.extend(solutions(&entry.solution, &again.solution));
    }
    found
}

/// What two solutions that are not equal differ in.
fn solutions(file: &Value, again: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let (mut left, mut right) = (BTreeMap::new(), BTreeMap::new());
    leaves(file, "", &mut left);
    leaves(again, "", &mut right);
    let places: std::collections::BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    for place in places {
        match (left.get(place), right.get(place)) {
            (Some(a), Some(b)) if a == b => {}
            (Some(a), Some(b)) => found.push(format!(
                "{place}: {a} in the file, {b} computed again{}",
                distance(file, again, place)
            )),
            (Some(a), None) => found.push(format!("{place}: {a} in the file alone")),
            (None, Some(b)) => found.push(format!("{place}: {b} is missing in the file")),
            (None, None) => {}
        }
    }
    if found.is_empty() {
        found.push("solution: lists of another length".to_owned());
    }
    found
}

fn leaves(value: &Value, place: &str, to: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(map) => {
            let dot = if place.is_empty() { "" } else { "." };
            for (key, value) in map {
                leaves(value, &format!("{place}{dot}{key}"), to);
            }
        }
        Value::Array(list) => {
            for (i, value) in list.iter().enumerate() {
                leaves(value, &format!("{place}[{i}]"), to);
            }
        }
        Value::String(text) => {
            to.insert(place.to_owned(), text.clone());
        }
        other => {
            to.insert(place.to_owned(), other.to_string());
        }
    }
}

/// By how much a number differs, in its own last places if it is a double.
fn distance(file: &Value, again: &Value, place: &str) -> String {
    let Some((number, end)) = place.rsplit_once('.') else {
        return String::new();
    };
    let of = |solution: &Value| {
        let all = numbers(solution).ok()?;
        all.into_iter().find(|own| own.place == number)
    };
    let (Some(a), Some(b)) = (of(file), of(again)) else {
        return String::new();
    };
    let apart = |a: &Rational, b: &Rational| {
        let size = Rational::from(a - b).abs();
        let relative = if *b == 0 {
            Rational::new()
        } else {
            size.clone() / b.clone().abs()
        };
        format!(
            " (they differ by {}, relatively {:.1e})",
            decimal_of_rational(&size, 2, Direction::Up),
            Float::with_val(53, relative)
        )
    };
    match (end, a.double, b.double) {
        ("lower", _, _) => apart(&a.lower, &b.lower),
        ("upper", _, _) => apart(&a.upper, &b.upper),
        ("double", Some(a), Some(b)) if a.signum() == b.signum() => {
            format!(" ({} in the last place)", a.to_bits().abs_diff(b.to_bits()))
        }
        _ => String::new(),
    }
}
