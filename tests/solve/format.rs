//! solution-1 as it is written, and the options of `solve`.

use crate::program::{run, solve};
use serde_json::Value;

const FULL: &[&str] = &[
    "format",
    "status",
    "digits",
    "lambda",
    "theta",
    "charge",
    "balance_before",
    "potential",
    "relaxation_rate",
];

fn orbit(generator: &str, theta: &str, gradients: &str) -> String {
    format!(
        r#"{{ "format": "noise-equilibrium/problem-1", "strength": {{ "gamma": "1/10", "sigma2": 0.05 }},
            "generator": {generator}, "theta": {theta}, "gradients": {gradients} }}"#
    )
}

fn spectrum(strength: &str, terms: &str) -> String {
    format!(
        r#"{{ "format": "noise-equilibrium/problem-1", "strength": {strength}, "spectrum": [{terms}] }}"#
    )
}

/// What the program writes, with the exit code 0 and nothing but warnings beside it
/// (made-up gradients are seldom orthogonal to Aθ).
fn written(problem: &str, options: &[&str]) -> String {
    let (_, output) = solve(problem.as_bytes(), options);
    assert_eq!(output.status.code(), Some(0), "{problem}: {output:?}");
    let beside = String::from_utf8(output.stderr.clone()).expect("UTF-8");
    assert!(
        beside.lines().all(|line| line.starts_with("warning: ")),
        "{output:?}"
    );
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The fields of the outermost object, in the order in which they are written:
/// they alone are indented by two.
fn fields(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("  \"")?.split_once('"'))
        .map(|(field, _)| field)
        .collect()
}

#[test]
fn fields_and_their_order() {
    let diagonal = r#"{ "kind": "diagonal", "rates": [1, -1] }"#;
    let text = written(&orbit(diagonal, "[1, 2]", "[[1, 2], [3, 1]]"), &[]);
    assert_eq!(fields(&text), FULL);
    assert!(text.ends_with("}\n"));

    // Nothing moves: no rate.
    let text = written(&orbit(diagonal, "[0, 0]", "[[1, 2], [3, 1]]"), &[]);
    assert_eq!(fields(&text), &FULL[..8]);

    // A spectrum knows no θ.
    let term = |rate: &str| format!(r#"{{ "rate": {rate}, "noise": 1, "charge": 1 }}"#);
    let both = format!("{}, {}", term("1"), term("-1"));
    let sigma = r#"{ "sigma2": 1 }"#;
    let text = written(&spectrum(sigma, &both), &[]);
    let without = |field: &&&str| !["theta", "charge"].contains(*field);
    let expected: Vec<&str> = FULL.iter().filter(without).copied().collect();
    assert_eq!(fields(&text), expected);

    for (terms, status) in [
        (term("1"), "plus-infinity"),
        (term("-1"), "minus-infinity"),
        (term("0"), "degenerate"),
    ] {
        let text = written(&spectrum(sigma, &terms), &["--digits", "7"]);
        assert_eq!(fields(&text), &FULL[..3]);
        let answer: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(answer["status"], status);
        assert_eq!(answer["digits"], 7);
    }
}

/// Every number but `digits` is a string that holds a decimal.
fn numbers(value: &Value, field: &str, count: &mut usize) {
    match value {
        Value::Object(map) => map
            .iter()
            .for_each(|(key, value)| numbers(value, key, count)),
        Value::Array(list) => list.iter().for_each(|value| numbers(value, field, count)),
        Value::String(text) if field == "lower" || field == "upper" => {
            *count += 1;
            assert!(
                text.bytes().all(|b| b"0123456789+-.e".contains(&b)),
                "{text}"
            );
            crate::known::q(text);
        }
        Value::String(_) => assert!(["format", "status"].contains(&field)),
        other => assert!(field == "digits" && other.is_u64(), "{field}: {other}"),
    }
}

#[test]
fn numbers_are_strings() {
    let dense = r#"{ "kind": "dense", "matrix": [[1, 2], [2, -1]] }"#;
    let answer: Value =
        serde_json::from_str(&written(&orbit(dense, "[1, 2]", "[[1, 2], [3, 1]]"), &[]))
            .expect("JSON");
    let mut count = 0;
    numbers(&answer, "", &mut count);
    assert_eq!(count, 2 * (1 + 2 + 2 + 1 + 2 + 1));
    assert_eq!(answer["theta"].as_array().map(Vec::len), Some(2));
    assert_eq!(answer["digits"], 50);
}

#[test]
fn out_and_standard_input() {
    let problem = orbit(r#"{ "kind": "scaling" }"#, "[1, 2]", "[[1, 2], [3, 1]]");
    let expected = written(&problem, &["--digits", "20"]);
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("solution.json").display().to_string();
    assert_eq!(written(&problem, &["--digits", "20", "--out", &file]), "");
    assert_eq!(std::fs::read_to_string(&file).expect("a file"), expected);
    let output = run(&["solve", "-", "--digits", "20"], problem.as_bytes());
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    // A refusal leaves an old answer alone.
    let output = run(&["solve", "-", "--out", &file], b"{}");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(&file).expect("a file"), expected);
}

#[test]
fn every_notation_is_the_same_number() {
    let term = |rate: &str, noise: &str, charge: &str| {
        format!(
            r#"{{ "rate": {rate}, "noise": {noise}, "charge": {charge} }}, {{ "rate": -3, "noise": 2, "charge": 1 }}"#
        )
    };
    let sigma = r#"{ "gamma": 1, "sigma2": 1 }"#;
    let expected = written(&spectrum(sigma, &term("0.75", "1.25", "0.0625")), &[]);
    for numbers in [
        [r#""3/4""#, r#""5/4""#, r#""1/16""#],
        [r#""6/8""#, r#""+125/100""#, r#""0001/0016""#],
        [r#""0x1.8p-1""#, r#""0x1.4p0""#, r#""0X.1""#],
        [r#""0xCp-4""#, r#""0x.Ap1""#, r#""0x1P-4""#],
        ["75e-2", "1.25e0", "6.25E-2"],
        [r#"".75""#, r#""+1.2500000""#, r#""625E-4""#],
        [
            "0.75000000000000000000000000000000000000",
            "12.5e-1",
            "0.000625e2",
        ],
    ] {
        let [rate, noise, charge] = numbers;
        let text = written(&spectrum(sigma, &term(rate, noise, charge)), &[]);
        assert_eq!(text, expected, "{numbers:?}");
    }
    // Read exactly: what no double holds makes a difference, and 0.1 is not the double.
    let exact = written(&spectrum(sigma, &term("0.1", "1", "1")), &[]);
    let fraction = written(&spectrum(sigma, &term(r#""1/10""#, "1", "1")), &[]);
    let double = written(
        &spectrum(sigma, &term(r#""0x1.999999999999ap-4""#, "1", "1")),
        &[],
    );
    let near = "0.1000000000000000000000000000000000000001";
    assert_eq!(exact, fraction);
    assert_ne!(exact, double);
    assert_ne!(exact, written(&spectrum(sigma, &term(near, "1", "1")), &[]));
}

#[test]
fn learning_rate_and_batch_size() {
    let terms =
        r#"{ "rate": 1, "noise": 2, "charge": 3 }, { "rate": -1, "noise": 5, "charge": 1 }"#;
    let solved = |strength: &str| written(&spectrum(strength, terms), &[]);
    let expected = solved(r#"{ "gamma": 0.01, "sigma2": "1/640" }"#);
    // σ² = η/(2B)
    assert_eq!(
        solved(r#"{ "gamma": 0.01, "learning_rate": "0.1", "batch_size": 32 }"#),
        expected
    );
    assert_ne!(solved(r#"{ "gamma": 0.01, "sigma2": "1/320" }"#), expected);
    // γ is 0 unless it is given.
    let without = solved(r#"{ "sigma2": 1 }"#);
    assert_eq!(solved(r#"{ "gamma": 0, "sigma2": 1 }"#), without);
}

#[test]
fn the_order_of_fields_and_of_terms_does_not_matter() {
    let first = r#"{ "rate": 1, "noise": 2, "charge": 3 }"#;
    let second = r#"{ "charge": 1, "noise": 5, "rate": -2 }"#;
    let strength = r#"{ "gamma": 1, "sigma2": 1 }"#;
    let one = written(&spectrum(strength, &format!("{first}, {second}")), &[]);
    assert_eq!(
        one,
        written(&spectrum(strength, &format!("{second}, {first}")), &[])
    );
    // Equal rates add up.
    let split =
        r#"{ "rate": 1, "noise": 1.5, "charge": 1 }, { "rate": "2/2", "noise": 0.5, "charge": 2 }"#;
    assert_eq!(
        one,
        written(&spectrum(strength, &format!("{split}, {second}")), &[])
    );
    let turned = format!(
        r#"{{ "spectrum": [{first}, {second}], "strength": {strength}, "format": "noise-equilibrium/problem-1" }}"#
    );
    assert_eq!(one, written(&turned, &[]));
}

/// The structured kinds are the diagonal one with their rates written out.
#[test]
fn kinds_agree() {
    let theta = "[1, 2, \"-1/3\"]";
    let gradients = "[[1, 2, 0], [3, 1, 1], [0, 0, \"1/7\"]]";
    let diagonal = |rates: &str| {
        let generator = format!(r#"{{ "kind": "diagonal", "rates": {rates} }}"#);
        written(&orbit(&generator, theta, gradients), &[])
    };
    for (generator, rates) in [
        (r#"{ "kind": "scaling" }"#, "[1, 1, 1]"),
        (
            r#"{ "kind": "rescaling", "up": [2], "down": [0] }"#,
            "[-1, 0, 1]",
        ),
        (
            r#"{ "kind": "rescaling", "up": [], "down": [0, 1, 2] }"#,
            "[-1, -1, -1]",
        ),
    ] {
        assert_eq!(
            written(&orbit(generator, theta, gradients), &[]),
            diagonal(rates)
        );
    }
}

#[test]
fn help_and_version() {
    for arguments in [&["--help"][..], &["--version"], &["solve", "--help"]] {
        let output = run(arguments, b"");
        assert_eq!(output.status.code(), Some(0));
        assert!(!output.stdout.is_empty() && output.stderr.is_empty());
    }
}

/// T1: gradients that are not orthogonal to Aθ are solved, with a warning on standard error.
#[test]
fn oblique_gradients_are_warned_of() {
    let orbit = |gradients: &str| {
        format!(
            r#"{{ "format": "noise-equilibrium/problem-1", "strength": {{ "sigma2": 1 }},
                "generator": {{ "kind": "rescaling", "up": [0], "down": [1] }},
                "theta": [1, 2], "gradients": {gradients} }}"#
        )
    };
    // Aθ = (1, −2).
    for (gradients, warned) in [("[[2, 1], [-4, -2]]", false), ("[[2, 1], [-4, -3]]", true)] {
        let (_, output) = solve(orbit(gradients).as_bytes(), &[]);
        assert_eq!(output.status.code(), Some(0));
        let beside = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(
            beside.contains("gradients[1]: not orthogonal to Aθ"),
            warned,
            "{beside}"
        );
        assert_eq!(beside.lines().count(), usize::from(warned));
    }
}

/// The examples of the documentation are solved, without a warning.
#[test]
fn documented_examples() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/format.md")).expect("docs/format.md");
    let example = page
        .split("```json\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next());
    let neuron =
        std::fs::read_to_string(root.join("docs/examples/neuron.json")).expect("the example");
    for problem in [example.expect("an example"), &neuron] {
        let (_, output) = solve(problem.as_bytes(), &["--digits", "20"]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(text.contains(r#""status": "finite""#), "{text}");
    }
    // The README shows what the program prints.
    let readme = std::fs::read_to_string(root.join("README.md")).expect("README.md");
    let (_, output) = solve(neuron.as_bytes(), &["--digits", "20"]);
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        readme.contains(&printed),
        "README.md does not show {printed}"
    );
}
