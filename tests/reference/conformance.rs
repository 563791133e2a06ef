//! Other implementations' answers: exact ones, slightly wrong ones, and files that are none.

use crate::{assert_refused, entries, run};
use noise_equilibrium::reference::{Conformance, Entry, Results, conform};
use serde_json::{Map, Value, json};
use std::fs;
use std::process::Output;

/// The doubles of a solution in place of its numbers; `None` where one has none.
fn doubles(value: &Value) -> Option<Value> {
    match value {
        Value::Array(list) => list.iter().map(doubles).collect(),
        Value::Object(map) => map.get("double").cloned(),
        _ => None,
    }
}

fn answer(entry: &Entry) -> Value {
    let mut answer = Map::new();
    answer.insert("status".to_owned(), json!(entry.status()));
    for field in [
        "lambda",
        "theta",
        "metric",
        "rho",
        "first_gram",
        "last_gram",
    ] {
        if let Some(value) = entry.solution.get(field).and_then(doubles) {
            answer.insert(field.to_owned(), value);
        }
    }
    Value::Object(answer)
}

fn results(answers: impl IntoIterator<Item = (String, Value)>) -> Value {
    let answers: Map<String, Value> = answers.into_iter().collect();
    json!({ "format": "noise-equilibrium/results-1", "results": answers })
}

fn perfect() -> Value {
    results(
        entries()
            .iter()
            .map(|entry| (entry.id.clone(), answer(entry))),
    )
}

fn judged(results: &Value) -> Conformance {
    let results = Results::read(&results.to_string()).unwrap_or_else(|error| panic!("{error}"));
    conform(&results, &entries()).unwrap_or_else(|error| panic!("{error}"))
}

fn program(results: &str, options: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("results.json");
    fs::write(&path, results).expect("a file");
    let path = path.display().to_string();
    run(&[&["conform", path.as_str()], options].concat())
}

#[test]
fn the_nearest_doubles_are_within_half_a_unit() {
    let found = judged(&perfect());
    assert_eq!((found.wrong(), found.unanswered), (0, 0));
    let worst = found.worst_ulps();
    assert!(worst <= 0.5 && worst > 0.4, "{worst}");
    let compared: usize = found.judged.iter().map(|own| own.compared).sum();
    assert!(compared > 1000, "{compared}");
    let output = program(&perfect().to_string(), &["--max-ulps", "0.5"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

#[test]
fn one_unit_in_the_last_place_is_seen() {
    let mut wrong = perfect();
    let lambda = &mut wrong["results"]["spectrum-01"]["lambda"];
    let text = lambda.as_str().expect("a double");
    let exact = noise_equilibrium::scalar::parse_exact(text)
        .expect("a number")
        .to_f64();
    *lambda = json!(f64::from_bits(exact.to_bits() + 2));
    let found = judged(&wrong);
    // The worst first: two units, and up to a half on top.
    assert_eq!(found.judged[0].id, "spectrum-01");
    let worst = found.judged[0].worst.as_ref().expect("a number");
    assert_eq!(worst.place, "lambda");
    assert!((1.5..=2.5).contains(&worst.deviation.ulps), "{worst:?}");
    assert!((15.0..16.5).contains(&worst.deviation.digits), "{worst:?}");
    let text = wrong.to_string();
    assert_eq!(program(&text, &["--max-ulps", "3"]).status.code(), Some(0));
    assert_eq!(program(&text, &["--max-ulps", "1"]).status.code(), Some(1));
    assert_eq!(program(&text, &[]).status.code(), Some(0));
}

/// The distance is that from the exact number, not from its double: √2 in 40 digits.
#[test]
fn numbers_are_read_exactly() {
    let entry = entries()
        .into_iter()
        .find(|entry| entry.id == "spectrum-01")
        .expect("an entry");
    let exact = entry.solution["lambda"]["lower"]
        .as_str()
        .expect("a number")
        .to_owned();
    let found = judged(&results([(
        "spectrum-01".to_owned(),
        json!({ "status": "finite", "lambda": exact }),
    )]));
    let worst = found.judged[0].worst.as_ref().expect("a number");
    assert_eq!(worst.deviation.ulps, 0.0);
    assert!(worst.deviation.digits.is_infinite());
}

#[test]
fn a_wrong_status_comes_first_and_fails() {
    let mut wrong = perfect();
    wrong["results"]["dense-01"] = json!({ "status": "plus-infinity" });
    let found = judged(&wrong);
    assert_eq!(
        (found.judged[0].id.as_str(), found.wrong()),
        ("dense-01", 1)
    );
    let output = program(&wrong.to_string(), &[]);
    assert_eq!(output.status.code(), Some(1));
    let page = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        page.contains("WRONG: plus-infinity") && page.contains("wrong status: 1"),
        "{page}"
    );
}

#[test]
fn what_is_left_out_is_counted_and_not_wrong() {
    let few = results([("diagonal-01".to_owned(), json!({ "status": "finite" }))]);
    let found = judged(&few);
    assert_eq!(found.unanswered, entries().len() - 1);
    assert_eq!(found.judged[0].left_out, ["lambda", "theta"]);
    assert_eq!(found.judged[0].compared, 0);
}

/// An export that broke is not an implementation that is right.
#[test]
fn nothing_answered_or_compared_fails() {
    let nothing = results([]).to_string();
    let output = program(&nothing, &[]);
    let page = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{page}");
    assert!(page.contains("NO PROBLEM"), "{page}");
    let few = results([("diagonal-01".to_owned(), json!({ "status": "finite" }))]).to_string();
    assert_eq!(program(&few, &[]).status.code(), Some(0));
    let output = program(&few, &["--max-ulps", "5"]);
    let page = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{page}");
    assert!(page.contains("NO NUMBER"), "{page}");
}

#[test]
fn the_values_built_in_are_those_in_the_folder() {
    let folder = crate::folder().display().to_string();
    let text = perfect().to_string();
    let (here, there) = (
        program(&text, &[]),
        program(&text, &["--reference", &folder]),
    );
    assert_eq!(here.stdout, there.stdout);
    assert_eq!(here.status.code(), Some(0));
}

#[test]
fn files_that_are_none_are_refused() {
    let one = |answer: &str| {
        format!(
            "{{\"format\": \"noise-equilibrium/results-1\", \"results\": {{\"diagonal-01\": {answer}}}}}"
        )
    };
    for (text, parts) in [
        (String::new(), &["expected JSON"][..]),
        ("{\"format\": \"noise-equilibrium/results-2\", \"results\": {}}".to_owned(), &["results-1"]),
        ("{\"format\": \"noise-equilibrium/results-1\"}".to_owned(), &["results"]),
        ("{\"format\": \"noise-equilibrium/results-1\", \"results\": {}, \"x\": 1}".to_owned(), &["`x`"]),
        ("{\"format\": \"noise-equilibrium/results-1\", \"results\": {\"none-01\": {\"status\": \"finite\"}}}".to_owned(), &["none-01"]),
        (one("{}"), &["results.diagonal-01", "status"]),
        (one("{\"status\": \"finite\", \"theta\": [1]}"), &["results.diagonal-01.theta", "length 2", "length 1"]),
        (one("{\"status\": \"finite\", \"lambda\": [1]}"), &["lambda", "expected a number"]),
        (one("{\"status\": \"finite\", \"theta\": 1}"), &["theta", "length 2", "found a number"]),
        (one("{\"status\": \"finite\", \"theta\": [1, [2]]}"), &["theta[1]", "expected a number"]),
        (one("{\"status\": \"finite\", \"metric\": [[1]]}"), &["metric", "no such field"]),
        (one("{\"status\": \"finite\", \"lambda\": NaN}"), &["expected JSON"]),
        (one("{\"status\": \"finite\", \"lambda\": \"inf\"}"), &["lambda", "finite"]),
        (one("{\"status\": \"finite\", \"lambda\": null}"), &["lambda", "expected a number"]),
        (one("{\"status\": \"finite\", \"status\": \"finite\"}"), &["duplicate field"]),
        (one("{\"status\": \"finite\"}, \"diagonal-01\": {\"status\": \"finite\"}"), &["duplicate field `diagonal-01`"]),
        (one("{\"status\": \"finite\", \"mu\": 1}"), &["mu"]),
        (one("{\"status\": \"finite\", \"theta\": [[[1]]]}"), &["theta", "deeper brackets"]),
        (one(&format!("{{\"status\": \"finite\", \"theta\": {}{}}}", "[".repeat(100_000), "]".repeat(100_000))), &["theta"]),
        (one("[\"finite\"]"), &["results.diagonal-01"]),
    ] {
        let output = program(&text, &[]);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(error.contains("results.json"), "{text}: {error}");
        assert_refused(&output, parts);
    }
    assert_refused(&program("{}", &["--max-ulps", "-1"]), &["--max-ulps"]);
    assert_refused(&run(&["conform", "/no/such/file"]), &["/no/such/file"]);
}
