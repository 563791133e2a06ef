//! Every bad input ends with exit code 2 and one line that says where and what.

use crate::program::{assert_refused, run, solve};
use std::io::Write;

const HEAD: &str =
    r#""format": "noise-equilibrium/problem-1", "strength": { "gamma": 1, "sigma2": 1 }"#;
const NUMBER: &str =
    r#"write a decimal ("-0.25e-3"), a fraction ("1/3") or a hexadecimal float ("0x1.8p-2")"#;
const OBJECT: &str = "expected an object";

fn with(fields: &str) -> String {
    format!("{{ {HEAD}, {fields} }}")
}

fn spectrum(terms: &str) -> String {
    with(&format!(r#""spectrum": [{terms}]"#))
}

fn strength(strength: &str) -> String {
    format!(
        r#"{{ "format": "noise-equilibrium/problem-1", "strength": {strength},
            "spectrum": [{{ "rate": 1, "noise": 1, "charge": 1 }}] }}"#
    )
}

/// A problem in two parameters with this generator.
fn generator(generator: &str) -> String {
    with(&format!(
        r#""generator": {generator}, "theta": [1, 2], "gradients": [[1, 2], [2, 1]]"#
    ))
}

fn diagonal(fields: &str) -> String {
    with(&format!(
        r#""generator": {{ "kind": "diagonal", "rates": [1, -1] }}, {fields}"#
    ))
}

fn covariance(kind: &str, rows: &str) -> String {
    with(&format!(
        r#""generator": {kind}, "theta": [1, 1, 1], "covariance": {rows}"#
    ))
}

/// Each row: the input, and what the message has to hold beside the file's name.
fn refuse(rows: &[(String, &[&str])]) {
    for (text, parts) in rows {
        let (name, output) = solve(text.as_bytes(), &[]);
        assert_refused(text, &output, parts);
        assert_refused(text, &output, &[&name]);
    }
}

/// The rows are wrong in one place each: what they are built from is accepted.
#[test]
fn the_unbroken_inputs_are_accepted() {
    for text in [
        spectrum(r#"{ "rate": 1, "noise": 1, "charge": 1 }"#),
        strength(r#"{ "gamma": 1, "sigma2": 1 }"#),
        strength(r#"{ "gamma": 1, "learning_rate": 1, "batch_size": 1 }"#),
        generator(r#"{ "kind": "diagonal", "rates": [1, -1] }"#),
        generator(r#"{ "kind": "dense", "matrix": [[1, 2], [2, -1]] }"#),
        generator(r#"{ "kind": "scaling" }"#),
        generator(r#"{ "kind": "rescaling", "up": [0], "down": [1] }"#),
        generator(r#"{ "kind": "factor", "rows": 1, "rank": 1, "cols": 1, "direction": [[1]] }"#),
        diagonal(r#""theta": [1, 1], "covariance": [[1, 0], [0, 1]]"#),
        covariance(
            r#"{ "kind": "diagonal", "rates": [1, 0, -1] }"#,
            "[[1, 1, 1], [1, 1, 1], [1, 1, 1]]",
        ),
    ] {
        let (_, output) = solve(text.as_bytes(), &["--digits", "5"]);
        assert_eq!(output.status.code(), Some(0), "{text}: {output:?}");
    }
}

#[test]
fn not_json_or_another_shape() {
    refuse(&[
        (String::new(), &["expected JSON", "EOF"]),
        ("hello".into(), &["expected JSON", "line 1 column 1"]),
        ("{".into(), &["expected JSON", "EOF"]),
        ("{ 1: 2 }".into(), &["expected JSON", "key must be a string"]),
        (with(r#""spectrum": ["#), &["spectrum", "expected JSON"]),
        (with(r#""spectrum": [] } x { "y": 1"#), &["expected JSON: trailing characters"]),
        ("\u{feff}{}".into(), &["expected JSON", "line 1 column 1"]),
        ("[]".into(), &[OBJECT]),
        ("null".into(), &[OBJECT]),
        ("3".into(), &[OBJECT]),
        (r#""text""#.into(), &[OBJECT]),
        (
            r#"["noise-equilibrium/problem-1", { "sigma2": 1 }, [[1, 1, 1]], null, null, null, null]"#.into(),
            &[OBJECT],
        ),
    ]);
}

#[test]
fn format() {
    let expected = r#"format: expected "noise-equilibrium/problem-1", found"#;
    refuse(&[
        ("{}".into(), &[expected, "none"]),
        (
            r#"{ "format": "problem-1" }"#.into(),
            &[expected, r#""problem-1""#],
        ),
        (
            r#"{ "format": "noise-equilibrium/solution-1", "other": 1 }"#.into(),
            &[expected, "solution-1"],
        ),
        (
            r#"{ "format": 1 }"#.into(),
            &["format: invalid type", "expected a string"],
        ),
        (
            r#"{ "format": null }"#.into(),
            &["format: ", "expected a string"],
        ),
        (r#"{ "format": "a\nb\u001b[31mc" }"#.into(), &[expected]),
        (
            format!(r#"{{ "format": "{}" }}"#, "x".repeat(100_000)),
            &[expected, "xxx…"],
        ),
    ]);
}

#[test]
fn unknown_duplicate_and_missing_fields() {
    refuse(&[
        (
            with(r#""foo": 1"#),
            &["foo: unknown field", "expected one of `format`, `strength`"],
        ),
        (
            strength(r#"{ "sigma": 1 }"#),
            &[
                "strength.sigma: unknown field",
                "expected one of `gamma`, `sigma2`",
            ],
        ),
        (
            spectrum(
                r#"{ "rate": 1, "noise": 1, "charge": 1 }, { "rate": 1, "noise": 1, "charge": 1, "x": 1 }"#,
            ),
            &[
                "spectrum[1].x: unknown field",
                "expected one of `rate`, `noise`, `charge`",
            ],
        ),
        (
            generator(r#"{ "kind": "diagonal", "rates": [1, 1], "rate": 1 }"#),
            &["generator.rate: unknown field", "`rates`"],
        ),
        (
            with(&format!("{HEAD}, {}", r#""spectrum": []"#)),
            &["duplicate field `format`"],
        ),
        (
            with(r#""theta": [1], "theta": [1]"#),
            &["duplicate field `theta`"],
        ),
        (
            strength(r#"{ "sigma2": 1, "sigma2": 1 }"#),
            &["strength: duplicate field `sigma2`"],
        ),
        (
            spectrum(r#"{ "rate": 1, "noise": 1, "charge": 1, "noise": 1 }"#),
            &["spectrum[0]: duplicate field `noise`"],
        ),
        (
            generator(r#"{ "kind": "scaling", "kind": "scaling" }"#),
            &["generator: duplicate field `kind`"],
        ),
        (
            generator(r#"{ "kind": "diagonal", "rates": [1, -1], "rates": [1, -1] }"#),
            &["generator: duplicate field `rates`"],
        ),
        (
            spectrum(r#"{ "rate": 1, "noise": 1 }"#),
            &["spectrum[0]: missing field `charge`"],
        ),
        (
            generator(r#"{ "rates": [1, 1] }"#),
            &["generator: missing field `kind`"],
        ),
        (
            generator(r#"{ "kind": "diagonal" }"#),
            &["generator.rates: missing"],
        ),
        (
            generator(r#"{ "kind": "dense" }"#),
            &["generator.matrix: missing"],
        ),
        (
            generator(r#"{ "kind": "rescaling", "up": [0] }"#),
            &["generator.down: missing"],
        ),
        (
            generator(r#"{ "kind": "factor", "rows": 1, "cols": 1, "direction": [[1]] }"#),
            &["generator.rank: missing"],
        ),
        (
            r#"{ "format": "noise-equilibrium/problem-1", "spectrum": [] }"#.into(),
            &["strength: missing"],
        ),
        (
            with(r#""generator": { "kind": "scaling" }, "gradients": [[1]]"#),
            &["theta: missing"],
        ),
        // Neither null nor a list of the values in order stands for a field or an object.
        (strength("null"), &["strength: ", OBJECT]),
        (strength("[1, 1, 1, 1]"), &["strength: ", OBJECT]),
        (strength("3"), &["strength: ", OBJECT]),
        (spectrum("[1, 1, 1]"), &["spectrum[0]: ", OBJECT]),
        (generator(r#"["scaling", null]"#), &["generator: ", OBJECT]),
        (generator(r#""diagonal""#), &["generator: ", OBJECT]),
        (
            with(r#""spectrum": [{ "rate": 1, "noise": 1, "charge": 1 }], "theta": null"#),
            &["theta: ", "expected a list"],
        ),
    ]);
}

#[test]
fn one_source_of_noise_and_one_of_rates() {
    let term = r#"[{ "rate": 1, "noise": 1, "charge": 1 }]"#;
    refuse(&[
        (
            with(&format!(
                r#""spectrum": {term}, "generator": {{ "kind": "scaling" }}"#
            )),
            &["spectrum: expected either a spectrum or a generator, found both"],
        ),
        (
            with(r#""theta": [1]"#),
            &["spectrum: expected either a spectrum or a generator, found neither"],
        ),
        (
            with(&format!(r#""spectrum": {term}, "theta": [1]"#)),
            &["theta: does not go with a spectrum"],
        ),
        (
            with(&format!(r#""spectrum": {term}, "gradients": [[1]]"#)),
            &["gradients: does not go with a spectrum"],
        ),
        (
            with(&format!(r#""spectrum": {term}, "covariance": [[1]]"#)),
            &["covariance: does not go with a spectrum"],
        ),
        (
            diagonal(r#""theta": [1, 1], "gradients": [[1, 2]], "covariance": [[1, 0], [0, 1]]"#),
            &["covariance: expected either gradients or covariance, found both"],
        ),
        (
            diagonal(r#""theta": [1, 1]"#),
            &["gradients: expected either gradients or covariance, found neither"],
        ),
        (
            with(r#""spectrum": []"#),
            &["spectrum: expected at least one term, found none"],
        ),
        (with(r#""spectrum": 3"#), &["spectrum: ", "expected a list"]),
        (
            with(r#""spectrum": {}"#),
            &["spectrum: invalid type: map, expected a list"],
        ),
    ]);
}

/// What is wrong with a number, and what the message says about it. The first
/// group is JSON, the second is not.
const NUMBERS: &[(&str, &str)] = &[
    (r#""NaN""#, "only finite numbers"),
    (r#""-nan""#, "only finite numbers"),
    (r#""Infinity""#, "only finite numbers"),
    (r#""-inf""#, "only finite numbers"),
    (r#""1/0""#, "write a fraction with a positive one"),
    (r#""0/0""#, "write a fraction with a positive one"),
    (r#""1/-2""#, NUMBER),
    (r#""1/2/3""#, NUMBER),
    (r#""1/2e3""#, NUMBER),
    (r#""abc""#, NUMBER),
    (r#""""#, NUMBER),
    (r#"" 1""#, NUMBER),
    (r#""1 ""#, NUMBER),
    (r#""1\n""#, NUMBER),
    (r#""--1""#, NUMBER),
    (r#""+-1""#, NUMBER),
    (r#""1e""#, NUMBER),
    (r#""e5""#, NUMBER),
    (r#"".""#, NUMBER),
    (r#""1.2.3""#, NUMBER),
    (r#""1_000""#, NUMBER),
    (r#""0x""#, NUMBER),
    (r#""0x1.8p""#, NUMBER),
    (r#""0xg""#, NUMBER),
    (r#""١""#, NUMBER),
    (r#""1e1000001""#, "decimal exponents go up to ±1000000"),
    (r#""-1e-1000001""#, "decimal exponents go up to ±1000000"),
    (
        r#""1e99999999999999999999""#,
        "decimal exponents go up to ±1000000",
    ),
    (r#""0x1p3321929""#, "binary ones to ±3321928"),
    ("1e1000001", "decimal exponents go up to ±1000000"),
    (
        "true",
        "expected a number or a string that holds one, found true",
    ),
    (
        "null",
        "expected a number or a string that holds one, found null",
    ),
    (
        "{}",
        "expected a number or a string that holds one, found {}",
    ),
    (
        "[]",
        "expected a number or a string that holds one, found []",
    ),
    (
        "[[1]]",
        "expected a number or a string that holds one, found [[1]]",
    ),
    (
        r#"{ "a": 1 }"#,
        "expected a number or a string that holds one",
    ),
    ("NaN", "expected JSON"),
    ("Infinity", "expected JSON"),
    ("-Infinity", "expected JSON"),
    ("01", "expected JSON"),
    ("1.", "expected JSON"),
    (".5", "expected JSON"),
    ("+1", "expected JSON"),
    ("'1'", "expected JSON"),
];

#[test]
fn malformed_numbers_in_a_spectrum() {
    let rows = NUMBERS.iter().map(|(number, message)| {
        let text = spectrum(&format!(
            r#"{{ "rate": 1, "noise": 1, "charge": 1 }}, {{ "rate": 1, "noise": {number}, "charge": 1 }}"#
        ));
        (text, ["spectrum[1].noise: ", message])
    });
    for (text, parts) in rows {
        refuse(&[(text, &parts)]);
    }
}

#[test]
fn malformed_numbers_in_other_places() {
    // A few of each kind; the reader is the same everywhere.
    for (number, message) in NUMBERS.iter().step_by(5) {
        for (text, place) in [
            (
                strength(&format!(r#"{{ "sigma2": {number} }}"#)),
                "strength.sigma2: ",
            ),
            (
                strength(&format!(r#"{{ "sigma2": 1, "gamma": {number} }}"#)),
                "strength.gamma: ",
            ),
            (
                generator(&format!(
                    r#"{{ "kind": "diagonal", "rates": [1, {number}] }}"#
                )),
                "generator.rates[1]: ",
            ),
            (
                generator(&format!(
                    r#"{{ "kind": "dense", "matrix": [[1, 0], [{number}, 1]] }}"#
                )),
                "generator.matrix[1][0]: ",
            ),
            (
                diagonal(&format!(r#""theta": [1, {number}], "gradients": [[1, 2]]"#)),
                "theta[1]: ",
            ),
            (
                diagonal(&format!(
                    r#""theta": [1, 2], "gradients": [[1, 2], [{number}, 2]]"#
                )),
                "gradients[1][0]: ",
            ),
            (
                diagonal(&format!(
                    r#""theta": [1, 2], "covariance": [[1, {number}], [0, 1]]"#
                )),
                "covariance[0][1]: ",
            ),
        ] {
            refuse(&[(text, &[place, message])]);
        }
    }
}

#[test]
fn negative_where_that_makes_no_sense() {
    let negative = "expected a number that is not negative, found";
    refuse(&[
        (
            strength(r#"{ "gamma": -1, "sigma2": 1 }"#),
            &["strength.gamma: ", negative, "-1"],
        ),
        (
            strength(r#"{ "sigma2": "-1/3" }"#),
            &["strength.sigma2: ", negative, "-1/3"],
        ),
        // The number found may be long, its message not.
        (
            strength(r#"{ "sigma2": -1e-1000000 }"#),
            &["strength.sigma2: ", negative],
        ),
        (
            strength(r#"{ "learning_rate": -1, "batch_size": 1 }"#),
            &["strength.learning_rate: ", negative],
        ),
        (
            strength(r#"{ "learning_rate": 1, "batch_size": 0 }"#),
            &["strength.batch_size: expected a positive number, found 0"],
        ),
        (
            strength(r#"{ "learning_rate": 1, "batch_size": -2 }"#),
            &["strength.batch_size: expected a positive number, found -2"],
        ),
        (
            spectrum(r#"{ "rate": 1, "noise": "-0x1p-5000", "charge": 1 }"#),
            &["spectrum[0].noise: ", negative],
        ),
        (
            spectrum(
                r#"{ "rate": 1, "noise": 1, "charge": 1 }, { "rate": -1, "noise": 1, "charge": -0.1 }"#,
            ),
            &["spectrum[1].charge: ", negative],
        ),
    ]);
}

#[test]
fn strength_given_twice_or_by_half() {
    let either = "strength.sigma2: expected either sigma2, or learning_rate and batch_size, found";
    refuse(&[
        (
            strength(r#"{ "sigma2": 1, "learning_rate": 1, "batch_size": 1 }"#),
            &[either, "both"],
        ),
        (
            strength(r#"{ "sigma2": 1, "learning_rate": 1 }"#),
            &[either, "both"],
        ),
        (
            strength(r#"{ "sigma2": 1, "batch_size": 1 }"#),
            &[either, "both"],
        ),
        (strength(r#"{ "gamma": 1 }"#), &[either, "neither"]),
        (
            strength(r#"{ "learning_rate": 1 }"#),
            &["strength.batch_size: missing"],
        ),
        (
            strength(r#"{ "batch_size": 1 }"#),
            &["strength.learning_rate: missing"],
        ),
    ]);
}

#[test]
fn shapes() {
    refuse(&[
        (
            diagonal(r#""theta": [1, 2, 3], "gradients": [[1, 2, 3]]"#),
            &["theta: expected 2 numbers", "found 3"],
        ),
        (
            diagonal(r#""theta": [], "gradients": [[]]"#),
            &["theta: expected 2 numbers", "found 0"],
        ),
        (
            diagonal(r#""theta": [1, 2], "gradients": [[1, 2], [1]]"#),
            &["gradients[1]: expected 2 numbers, found 1"],
        ),
        (
            diagonal(r#""theta": [1, 2], "gradients": [[1, 2, 3], [1, 2]]"#),
            &["gradients[0]: expected 2 numbers, found 3"],
        ),
        (
            diagonal(r#""theta": [1, 2], "gradients": []"#),
            &["gradients: expected at least one row, found none"],
        ),
        (
            diagonal(r#""theta": [1, 2], "gradients": [1, 2]"#),
            &["gradients[0]: ", "expected a list"],
        ),
        (
            diagonal(r#""theta": [1, 2], "covariance": [[1, 0]]"#),
            &["covariance: expected 2 rows, found 1"],
        ),
        (
            diagonal(r#""theta": [1, 2], "covariance": [[1, 0], [0]]"#),
            &["covariance[1]: expected 2 numbers, found 1"],
        ),
        (
            generator(r#"{ "kind": "dense", "matrix": [[1, 2], [2]] }"#),
            &["generator.matrix[1]: expected 2 numbers, found 1"],
        ),
        (
            generator(r#"{ "kind": "dense", "matrix": [[1, 2, 3], [2, 1, 3]] }"#),
            &["generator.matrix[0]: expected 2 numbers, found 3"],
        ),
        (
            generator(r#"{ "kind": "dense", "matrix": [[1, 2], [3, 1]] }"#),
            &["generator.matrix[1][0]: expected a symmetric matrix, found 3 here and 2 at [0][1]"],
        ),
        (
            generator(
                r#"{ "kind": "dense", "matrix": [[1, 2], ["20000000000000000000000001e-25", 1]] }"#,
            ),
            &["generator.matrix[1][0]: expected a symmetric matrix"],
        ),
        (
            generator(r#"{ "kind": "dense", "matrix": [] }"#),
            &["generator.matrix: expected at least one parameter, found none"],
        ),
        (
            generator(r#"{ "kind": "dense", "matrix": [[]] }"#),
            &["generator.matrix[0]: expected 1 numbers, found 0"],
        ),
        (
            generator(r#"{ "kind": "diagonal", "rates": [] }"#),
            &["generator.rates: expected at least one parameter, found none"],
        ),
        (
            with(r#""generator": { "kind": "scaling" }, "theta": [], "gradients": [[]]"#),
            &["theta: expected at least one parameter, found none"],
        ),
    ]);
}

#[test]
fn covariance_that_is_none() {
    let diagonal = r#"{ "kind": "diagonal", "rates": [1, 0, -1] }"#;
    let dense = r#"{ "kind": "dense", "matrix": [[1, 0, 0], [0, 0, 1], [0, 1, 0]] }"#;
    // Every 2 × 2 minor of the last is positive, its determinant is not.
    for kind in [diagonal, dense] {
        refuse(&[
            (
                covariance(kind, "[[1, 0, 0], [0, 1, 0.5], [0, 0.25, 1]]"),
                &[
                    "covariance[2][1]: expected a symmetric matrix, found 1/4 here and 1/2 at [1][2]",
                ],
            ),
            (
                covariance(kind, "[[1, 0, 0], [0, -2, 0], [0, 0, 1]]"),
                &["covariance[1][1]: expected a variance that is not negative, found -2"],
            ),
            (
                covariance(kind, "[[1, 0, 0], [0, 1, 2], [0, 2, 1]]"),
                &[
                    "covariance[2][1]: expected a positive semidefinite matrix",
                    "minor",
                ],
            ),
            (
                covariance(kind, "[[0, 1, 0], [1, 1, 0], [0, 0, 1]]"),
                &[
                    "covariance[1][0]: expected a positive semidefinite matrix",
                    "minor",
                ],
            ),
        ]);
    }
    refuse(&[(
        covariance(dense, "[[2, -1.9, -1.9], [-1.9, 2, -1.9], [-1.9, -1.9, 2]]"),
        &["covariance: expected a positive semidefinite matrix, found one that is indefinite"],
    )]);
}

#[test]
fn factor() {
    let factor = |rows: &str, rank: &str, cols: &str, direction: &str| {
        generator(&format!(
            r#"{{ "kind": "factor", "rows": {rows}, "rank": {rank}, "cols": {cols}, "direction": {direction} }}"#
        ))
    };
    let whole = "expected a whole number from 0";
    refuse(&[
        (
            factor("1", "3", "1", "[[1]]"),
            &["generator.direction: expected a 3 × 3 matrix (rank 3), found 1 rows"],
        ),
        (
            factor("1", "1", "1", "[[1, 2]]"),
            &["generator.direction[0]: expected 1 numbers, found 2"],
        ),
        (
            factor("1", "2", "1", "[[1, 2], [3, 1]]"),
            &["generator.direction[1][0]: expected a symmetric matrix"],
        ),
        (
            factor("1", "0", "1", "[]"),
            &["generator.direction: expected at least one parameter"],
        ),
        (
            factor("0", "1", "2", "[[1]]"),
            &["generator.rows: expected at least one parameter"],
        ),
        (
            factor("2", "1", "0", "[[1]]"),
            &["generator.cols: expected at least one parameter"],
        ),
        (
            factor("1", "1", "2", "[[1]]"),
            &["theta: expected 3 numbers, one for each parameter of the generator, found 2"],
        ),
        (
            factor("1000000000000000000", "1", "2", "[[1]]"),
            &["theta: expected 1000000000000000002 numbers"],
        ),
        (
            factor("18446744073709551615", "1", "2", "[[1]]"),
            &["generator.rows: expected rank · (rows + cols)"],
        ),
        (
            factor("1", "2", "9223372036854775807", "[[1, 0], [0, 1]]"),
            &["generator.cols: expected rank · (rows + cols)"],
        ),
        (
            factor("18446744073709551616", "1", "1", "[[1]]"),
            &["generator.rows: ", whole],
        ),
        (
            factor("-1", "1", "1", "[[1]]"),
            &["generator.rows: ", whole],
        ),
        (
            factor("1", "1.5", "1", "[[1]]"),
            &["generator.rank: ", whole],
        ),
        (
            factor("1", "1", r#""1""#, "[[1]]"),
            &["generator.cols: ", whole],
        ),
        (
            factor("1", "1", "null", "[[1]]"),
            &["generator.cols: ", whole],
        ),
    ]);
}

#[test]
fn indices() {
    let rescaling = |up: &str, down: &str| {
        generator(&format!(
            r#"{{ "kind": "rescaling", "up": {up}, "down": {down} }}"#
        ))
    };
    let whole = "expected a whole number from 0";
    refuse(&[
        (
            rescaling("[0, 2]", "[]"),
            &["generator.up[1]: expected an index below 2, found 2"],
        ),
        (
            rescaling("[]", "[18446744073709551615]"),
            &["generator.down[0]: expected an index below 2"],
        ),
        (
            rescaling("[1, 1]", "[]"),
            &["generator.up[1]: expected each index once", "found 1 again"],
        ),
        (
            rescaling("[0]", "[1, 0]"),
            &[
                "generator.down[1]: expected each index once",
                "found 0 again",
            ],
        ),
        (rescaling("[0, -1]", "[1]"), &["generator.up[1]: ", whole]),
        (rescaling("[0.5]", "[1]"), &["generator.up[0]: ", whole]),
        (rescaling(r#"["0"]"#, "[1]"), &["generator.up[0]: ", whole]),
        (
            rescaling("[18446744073709551616]", "[1]"),
            &["generator.up[0]: ", whole],
        ),
        (
            rescaling("0", "[1]"),
            &["generator.up: ", "expected a list"],
        ),
    ]);
}

#[test]
fn kinds() {
    let kinds = "expected diagonal, dense, scaling, rescaling, factor, commuting or general-linear";
    refuse(&[
        (
            generator(r#"{ "kind": "orthogonal" }"#),
            &["generator.kind: ", kinds, r#""orthogonal""#],
        ),
        (generator(r#"{ "kind": "" }"#), &["generator.kind: ", kinds]),
        // Replay files alone have blocks.
        (
            generator(r#"{ "kind": "block", "direction": [[1]] }"#),
            &["generator.kind: ", kinds, r#""block""#],
        ),
        (
            generator(r#"{ "kind": 3 }"#),
            &["generator.kind: ", "expected a string"],
        ),
        (
            generator(r#"{ "kind": "scaling", "rates": [1, 1] }"#),
            &[r#"generator.rates: does not go with kind "scaling""#],
        ),
        (
            generator(r#"{ "kind": "diagonal", "rates": [1, 1], "up": [0] }"#),
            &[r#"generator.up: does not go with kind "diagonal""#],
        ),
        (
            generator(r#"{ "kind": "dense", "matrix": [[1, 0], [0, 1]], "generators": [] }"#),
            &[r#"generator.generators: does not go with kind "dense""#],
        ),
    ]);
}

#[test]
fn arguments() {
    let good = spectrum(r#"{ "rate": 1, "noise": 1, "charge": 1 }"#);
    let range = "expected a whole number from 1 to 100000";
    for digits in [
        "0",
        "100001",
        "abc",
        "",
        "-5",
        "1.5",
        "99999999999999999999",
    ] {
        let (_, output) = solve(good.as_bytes(), &["--digits", digits]);
        assert_refused(
            digits,
            &output,
            &["--digits", range, &format!("'{digits}'")],
        );
    }
    for (arguments, part) in [
        (&["solve", "x", "--frobnicate"][..], "--frobnicate"),
        (&["solve", "x", "y"], "'y'"),
        (&["solve"], "<PROBLEM>"),
        (&["unsolve", "x"], "unsolve"),
        (&["--frobnicate"], "--frobnicate"),
    ] {
        assert_refused(
            &format!("{arguments:?}"),
            &run(arguments, b""),
            &[part, "--help"],
        );
    }
    // An output that cannot be written is named.
    let (_, output) = solve(good.as_bytes(), &["--out", "/no/such/directory/file"]);
    assert_refused("--out", &output, &["/no/such/directory/file"]);
    assert_refused(
        "standard input",
        &run(&["solve", "-"], b"{"),
        &["standard input: expected JSON"],
    );
}

#[test]
fn files_that_cannot_be_read() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().display().to_string();
    assert_refused("a directory", &run(&["solve", &path], b""), &[&path]);
    let missing = format!("{path}/missing.json");
    assert_refused("no file", &run(&["solve", &missing], b""), &[&missing]);
    assert_refused(
        "a name with a line break",
        &run(&["solve", &format!("{path}/two\nlines\u{1b}[31m")], b""),
        &["two lines"],
    );
    let (name, output) = solve(b"{ \"format\": \"\xff\" }", &[]);
    assert_refused(
        "not UTF-8",
        &output,
        &[&name, "expected UTF-8 text", "offset 13"],
    );
}

#[test]
fn deep_nesting() {
    let deep = |n: usize| format!("{}1{}", "[".repeat(n), "]".repeat(n));
    for n in [2, 100, 200, 100_000] {
        let place = &[
            "spectrum[0].noise: ",
            "expected a number or a string that holds one",
        ];
        refuse(&[
            (
                spectrum(&format!(
                    r#"{{ "rate": 1, "noise": {}, "charge": 1 }}"#,
                    deep(n)
                )),
                place,
            ),
            (
                strength(&format!(r#"{{ "sigma2": {} }}"#, deep(n))),
                &["strength.sigma2: "],
            ),
            (
                with(&format!(r#""foo": {}"#, deep(n))),
                &["foo: unknown field"],
            ),
            (with(&format!(r#""theta": {}"#, deep(n))), &["theta[0]: "]),
            (
                generator(&format!(
                    r#"{{ "kind": "commuting", "generators": {} }}"#,
                    deep(n)
                )),
                &["generator.generators[0]: "],
            ),
        ]);
    }
}

/// 200 MB that are no problem: the answer comes fast and the memory stays within a
/// small multiple of the file.
#[cfg(unix)]
#[test]
fn a_large_file() {
    let directory = tempfile::tempdir().expect("a directory");
    for (head, byte, part) in [
        ("", b'[', "expected an object"),
        ("{ \"theta\": [", b'[', "theta[0]: "),
        ("{ \"", b'x', "expected JSON"),
    ] {
        let path = directory.path().join("large.json");
        let mut file = std::fs::File::create(&path).expect("a file");
        file.write_all(head.as_bytes()).expect("written");
        let block = vec![byte; 1 << 20];
        for _ in 0..200 {
            file.write_all(&block).expect("written");
        }
        drop(file);
        let output = crate::program::solve_within(&path, 2 << 20, 10);
        assert_refused(head, &output, &["large.json", part]);
    }
}
