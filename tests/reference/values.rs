//! The committed values are those of the catalogue, and a sample of them is computed again.

use crate::{entries, family};
use noise_equilibrium::reference::{
    DIGITS, Disagreement, Entry, FAMILIES, Input, catalogue, check,
};
use noise_equilibrium::scalar::{hexadecimal, parse_exact};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

#[test]
fn every_kind_and_every_status_is_there() {
    let entries = entries();
    assert!(entries.len() >= 200, "{} problems", entries.len());
    let kinds: BTreeSet<&str> = entries
        .iter()
        .filter_map(|entry| entry.problem.get("generator")?.get("kind")?.as_str())
        .collect();
    let expected = [
        "commuting",
        "dense",
        "diagonal",
        "factor",
        "general-linear",
        "rescaling",
        "scaling",
    ];
    assert_eq!(kinds, BTreeSet::from(expected));
    let statuses: BTreeSet<&str> = entries.iter().map(Entry::status).collect();
    let expected = [
        "degenerate",
        "finite",
        "minus-infinity",
        "plus-infinity",
        "unbounded",
    ];
    assert_eq!(statuses, BTreeSet::from(expected));
    for family in [
        "dense",
        "factor",
        "rescaling",
        "scaling",
        "spectrum",
        "diagonal",
    ] {
        let own = entries.iter().filter(|entry| entry.id.starts_with(family));
        let statuses: BTreeSet<&str> = own.map(Entry::status).collect();
        assert_eq!(statuses.len(), 4, "{family}: {statuses:?}");
    }
    for family in ["commuting", "general-linear"] {
        let own = entries.iter().filter(|entry| entry.id.starts_with(family));
        let statuses: BTreeSet<&str> = own.map(Entry::status).collect();
        assert_eq!(statuses.len(), 3, "{family}: {statuses:?}");
    }
}

#[test]
fn the_hard_ones_are_there() {
    let entries = entries();
    let numbers = |value: &Value| -> Vec<f64> {
        let mut found = Vec::new();
        doubles(value, &mut found);
        found
    };
    let lambdas = entries
        .iter()
        .filter_map(|entry| entry.solution.get("lambda"));
    let farthest = lambdas.flat_map(numbers).map(f64::abs).fold(0.0, f64::max);
    assert!((5e7..1e12).contains(&farthest), "largest λ*: {farthest}");
    let length = |entry: &Entry| {
        entry
            .problem
            .get("theta")
            .map_or(0, |x| x.as_array().map_or(0, Vec::len))
    };
    let dimensions: Vec<usize> = entries.iter().map(length).collect();
    assert!(dimensions.contains(&64), "{dimensions:?}");
    let largest = |path: &[&str]| {
        let at = |entry: &Entry| {
            path.iter()
                .try_fold(entry.problem.clone(), |v, key| v.get(*key).cloned())
        };
        let sizes = entries.iter().filter_map(at);
        sizes
            .filter_map(|v| v.as_u64().or(v.as_array().map(|list| list.len() as u64)))
            .max()
    };
    assert_eq!(largest(&["generator", "generators"]), Some(10));
    assert_eq!(largest(&["hidden"]), Some(5), "depth 6");
    let group = entries
        .iter()
        .filter(|entry| entry.id.starts_with("general-linear"));
    let ranks = group.filter_map(|entry| entry.problem["generator"]["rank"].as_u64());
    assert_eq!(ranks.max(), Some(8));
}

fn doubles(value: &Value, to: &mut Vec<f64>) {
    match value {
        Value::Object(map) => match map.get("double").and_then(Value::as_str) {
            Some(text) => to.push(parse_exact(text).expect("a number").to_f64()),
            None => map.values().for_each(|value| doubles(value, to)),
        },
        Value::Array(list) => list.iter().for_each(|value| doubles(value, to)),
        _ => {}
    }
}

#[test]
fn the_committed_problems_are_those_of_the_catalogue() {
    let mut expected = BTreeMap::new();
    for item in catalogue() {
        Input::read(&item.problem).unwrap_or_else(|error| panic!("{}: {error}", item.id));
        let repeated = expected.insert(item.id.clone(), item);
        assert_eq!(repeated, None, "an id that occurs twice");
    }
    let found = entries();
    assert_eq!(found.len(), expected.len());
    for entry in found {
        let item = expected.remove(&entry.id);
        let item = item.unwrap_or_else(|| panic!("{}: not in the catalogue", entry.id));
        assert_eq!(entry.problem, item.problem, "{}", entry.id);
        let enough = entry
            .agreement
            .is_none_or(|digits| digits >= i64::from(DIGITS));
        assert!(enough, "{}: agreement {:?}", entry.id, entry.agreement);
    }
}

/// The entries of each family that are quick to compute.
const QUICK: [(&str, &[usize]); 10] = [
    ("spectrum", &[1, 6, 17, 21, 24, 29, 32]),
    ("diagonal", &[1, 16, 23]),
    ("scaling", &[1, 12, 14, 16]),
    ("rescaling", &[1, 11, 23, 28]),
    ("finite-learning-rate", &[1, 6, 9]),
    ("dense", &[1, 21, 22]),
    ("factor", &[1, 2, 20, 23]),
    ("commuting", &[2, 9, 20, 30]),
    ("general-linear", &[1, 3, 24]),
    ("deep-linear", &[5, 1]),
];

#[test]
fn a_sample_is_computed_again_to_the_digit() {
    let mut catalogue = catalogue();
    let mut families = Vec::new();
    let chosen = |id: &str| {
        QUICK
            .iter()
            .any(|(name, numbers)| numbers.iter().any(|n| id == format!("{name}-{n:02}")))
    };
    for name in FAMILIES {
        let mut own = family(name);
        own.entries.retain(|entry| chosen(&entry.id));
        families.push(own);
    }
    catalogue.retain(|item| chosen(&item.id));
    let wanted: usize = QUICK.iter().map(|(_, numbers)| numbers.len()).sum();
    assert_eq!(catalogue.len(), wanted);
    let differences = check(&families, &catalogue, || ());
    assert!(differences.is_empty(), "{differences:#?}");
}

/// The second route alone refutes a solution with one digit changed.
#[test]
fn the_second_route_refutes_a_wrong_digit() {
    for (name, numbers) in QUICK {
        let entry = &family(name).entries[numbers[0] - 1];
        assert_eq!(entry.confirm(), Ok(entry.agreement), "{}", entry.id);
        let field = if name == "deep-linear" {
            "rho"
        } else {
            "potential"
        };
        let mut wrong = entry.clone();
        let bounds = match field {
            "rho" => &mut wrong.solution["rho"],
            _ => &mut wrong.solution["potential"]["after"],
        };
        for bound in ["lower", "upper"] {
            let text = bounds[bound].as_str().expect("a number");
            // The tenth significant digit.
            let at = text
                .find(|c: char| ('1'..='9').contains(&c))
                .expect("a digit")
                + 11;
            let digit = text.as_bytes()[at];
            let other = if digit == b'7' { '3' } else { '7' };
            let mut changed = text.to_owned();
            changed.replace_range(at..=at, &other.to_string());
            bounds[bound] = Value::from(changed);
        }
        let found = wrong.confirm();
        let refuted =
            matches!(&found, Err(Disagreement::Apart { place, .. }) if place.starts_with(field));
        assert!(refuted, "{}: {found:?}", entry.id);
    }
}

#[test]
fn the_second_route_refutes_a_wrong_status() {
    let mut entry = family("scaling").entries[13].clone();
    assert_eq!(entry.status(), "plus-infinity");
    entry.solution["status"] = Value::from("minus-infinity");
    let found = entry.confirm();
    assert!(
        matches!(found, Err(Disagreement::Status { .. })),
        "{found:?}"
    );
}

#[test]
fn doubles_are_spelled_as_python_does() {
    for (x, text) in [
        (0.0, "0x0.0p+0"),
        (1.0, "0x1.0000000000000p+0"),
        (-0.1, "-0x1.999999999999ap-4"),
        (f64::MAX, "0x1.fffffffffffffp+1023"),
        (f64::MIN_POSITIVE, "0x1.0000000000000p-1022"),
        (5e-324, "0x0.0000000000001p-1022"),
        (1e300, "0x1.7e43c8800759cp+996"),
    ] {
        assert_eq!(hexadecimal(x), text);
        let exact = parse_exact(text).expect("a number");
        assert_eq!(rug::Rational::from_f64(x), Some(exact));
    }
}
