//! Every bad input ends with exit code 2 and one line that says where and what.

use crate::program::{assert_refused, run, text};

/// Formulas in u and w, with what the message has to hold.
#[test]
fn formulas() {
    for (formula, parts) in [
        (
            "u*v",
            &["column 3", "unknown name \"v\"", "a parameter, a datum"][..],
        ),
        ("u*", &["column 3", "a number, a name", "found the end"]),
        ("", &["column 1", "found the end"]),
        ("u w", &["column 3", "an operator", "found \"w\""]),
        ("2u", &["column 1", "\"2u\" is not a number"]),
        ("1.2.3*u", &["column 1", "\"1.2.3\" is not a number"]),
        ("1e*u", &["column 1", "not a number"]),
        (
            "(u*w",
            &["column 5", "\")\" for the \"(\" in column 1", "the end"],
        ),
        ("u*w)", &["column 4", "\")\" without \"(\""]),
        ("u, w", &["column 2", "\",\" outside"]),
        (
            "exp u",
            &["column 5", "\"(\" after the function exp", "found \"u\""],
        ),
        ("exp()", &["column 5", "a number, a name", "found \")\""]),
        ("exp(u, w)", &["column 4", "1 argument of exp", "found 2"]),
        ("leaky_relu(u)", &["2 arguments of leaky_relu", "found 1"]),
        ("leaky_relu(u, w)", &["a number from 0 to 1"]),
        ("leaky_relu(u, 2)", &["a number from 0 to 1"]),
        ("max()", &["a number, a name"]),
        ("sin(u)", &["unknown name \"sin\"", "softplus"]),
        ("u*inf", &["column 3", "a finite number", "\"inf\""]),
        ("u*NaN", &["column 3", "a finite number", "\"NaN\""]),
        ("u + Infinity", &["a finite number"]),
        ("u/0", &["column 2", "a divisor other than 0"]),
        ("u/(1 - 1)", &["a divisor other than 0"]),
        ("0^-1*u", &["0 to a negative power"]),
        ("u^w", &["column 2", "a whole exponent", "an expression"]),
        ("u^(1/2)", &["a whole exponent", "sqrt(x)", "found 1/2"]),
        ("u^100000", &["a whole exponent within ±10000"]),
        ("u*9^9^9^9", &["a whole exponent"]),
        ("u*(9^9999)^9999", &["constants of at most"]),
        ("u*1e999999999", &["exponent out of range"]),
        ("u*1e1000000*1e1000000", &["constants of at most"]),
        ("((u^1000)^1000)^1000", &["degree at most 10000"]),
        ("u; w", &["found \";\""]),
        ("u & w", &["found \"&\""]),
        ("u = w", &["found \"=\""]),
        ("u*\u{7f}w", &["column 3"]),
        (
            "log(-1 - u^2)",
            &["defined and differentiable somewhere", "400 random points"],
        ),
        (
            "sqrt(-u^2*w^2) + w",
            &["defined and differentiable somewhere"],
        ),
        (
            "abs((u + w)^2 - u^2 - 2*u*w - w^2)",
            &["differentiable somewhere"],
        ),
        (
            "1/((u + w)^2 - u^2 - 2*u*w - w^2)",
            &["defined and differentiable somewhere"],
        ),
        (
            "relu(sqrt(-1 - u^2)) + w",
            &["defined and differentiable somewhere"],
        ),
    ] {
        let output = run(&[formula, "--parameters", "u,w"], b"");
        assert_refused(formula, &output, parts);
    }
    // What they are broken from is accepted.
    text(&["(u*w - 1)^2", "--parameters", "u,w"], b"");
    text(&["leaky_relu(u, 1/2)*w^-2", "--parameters", "u,w"], b"");
}

#[test]
fn names() {
    for (options, parts) in [
        (
            &["--parameters", ""][..],
            &["--parameters", "expected a name"][..],
        ),
        (
            &["--parameters", "u,,w"],
            &["--parameters", "expected a name"],
        ),
        (&["--parameters", "u w"], &["\"u w\""]),
        (&["--parameters", "1u"], &["\"1u\""]),
        (&["--parameters", "u,u"], &["each name once", "\"u\""]),
        (
            &["--parameters", "u,w", "--data", "w"],
            &["--data", "each name once"],
        ),
        (&["--parameters", "exp"], &["another name than \"exp\""]),
        (&["--parameters", "Inf"], &["another name than \"Inf\""]),
        (&["--parameters", "u[3..1]"], &["\"u[3..1]\""]),
        (
            &["--parameters", "u[1..99999999]"],
            &["at most 100000 names"],
        ),
        (
            &["--parameters", "u[1..9999,1..9999]"],
            &["at most 100000 names"],
        ),
        (&["--parameters", "u[1"], &["\"u[1\""]),
        (&["--parameters", "u[-1]"], &["\"u[-1]\""]),
        (&["--parameters", "u[99999999999999999999]"], &["\"u[9999"]),
        (&["--data", "x"], &["--parameters"]),
        (&["--parameters", "u", "--solve"], &["--solve"]),
        (&["--parameters", "u", "--seed", "x"], &["--seed"]),
        (
            &["--parameters", "u", "--symmetric", "--diagonal"],
            &["--diagonal"],
        ),
    ] {
        let output = run(&[&["u"], options].concat(), b"");
        assert_refused(&options.join(" "), &output, parts);
    }
}

const HEAD: &str =
    r#""format": "noise-equilibrium/loss-1", "parameters": ["u", "w"], "data": ["x"]"#;

#[test]
fn files() {
    let with = |fields: &str| format!("{{ {HEAD}, {fields} }}");
    let loss = |fields: &str| with(&format!(r#""loss": "u*w*x", {fields}"#));
    for (file, parts) in [
        (String::new(), &["expected JSON"][..]),
        ("[]".into(), &["expected an object"]),
        (
            "{}".into(),
            &["format: expected \"noise-equilibrium/loss-1\", found none"],
        ),
        (
            r#"{ "format": "noise-equilibrium/problem-1" }"#.into(),
            &["loss-1", "problem-1"],
        ),
        (with(r#""lose": """#), &["unknown field `lose`"]),
        (with(r#""data": []"#), &["duplicate field `data`"]),
        (format!("{{ {HEAD} }}"), &["missing field `loss`"]),
        (with(r#""loss": 1"#), &["loss", "expected a string"]),
        (
            with(r#""loss": "u*v""#),
            &["loss: column 3", "unknown name \"v\""],
        ),
        (
            loss(r#""let": [["h"]]"#),
            &["let[0]: expected a name and a formula, found 1"],
        ),
        (loss(r#""let": [["h", "u", "w"]]"#), &["let[0]", "found 3"]),
        (
            loss(r#""let": [["u", "w"]]"#),
            &["let", "each name once", "\"u\""],
        ),
        (
            loss(r#""let": [["h[1..2]", "w"]]"#),
            &["let", "a single name"],
        ),
        (
            loss(r#""let": [["h", "k"], ["k", "u"]]"#),
            &["let[0][1]: column 1", "\"k\""],
        ),
        (
            loss(r#""samples": []"#),
            &["samples: expected at least one"],
        ),
        (
            loss(r#""samples": [[1], [1, 2]]"#),
            &["samples[1]: expected 1 numbers", "found 2"],
        ),
        (
            loss(r#""samples": [["x"]]"#),
            &["samples[0][0]", "\"x\" is not a number"],
        ),
        (
            loss(r#""theta": [1]"#),
            &["theta: expected 2 numbers", "found 1"],
        ),
        (loss(r#""theta": [1, null]"#), &["theta[1]"]),
        (loss(r#""strength": { "sigma2": -1 }"#), &["sigma2"]),
        (
            r#"{ "format": "noise-equilibrium/loss-1", "parameters": [], "loss": "1" }"#.into(),
            &["parameters: expected at least one name"],
        ),
    ] {
        assert_refused(&file, &run(&["-"], file.as_bytes()), parts);
        assert_refused(&file, &run(&["-"], file.as_bytes()), &["standard input: "]);
    }
    // What is missing for --solve, field by field.
    for (fields, field) in [
        (r#""samples": [[1]], "strength": { "sigma2": 1 }"#, "theta"),
        (r#""theta": [1, 2], "strength": { "sigma2": 1 }"#, "samples"),
        (r#""theta": [1, 2], "samples": [[1]]"#, "strength"),
    ] {
        let output = run(&["-", "--solve"], loss(fields).as_bytes());
        assert_refused(
            fields,
            &output,
            &[&format!("{field}: missing, for --solve")],
        );
    }
    let output = run(&["-", "--samples"], with(r#""loss": "u*w*x""#).as_bytes());
    assert_refused("no samples", &output, &["samples: missing, for --samples"]);
    assert_refused(
        "no file",
        &run(&["/nowhere/loss.json"], b""),
        &["/nowhere/loss.json"],
    );
    text(
        &["-"],
        loss(r#""samples": [[1]], "theta": [1, 2]"#).as_bytes(),
    );
}

#[test]
fn losses_beyond_the_limits() {
    let output = run(
        &[
            "u[1]*u[2]",
            "--parameters",
            "u[1..2]",
            "--out",
            "/nowhere/out",
        ],
        b"",
    );
    assert_refused("a place that is none", &output, &["/nowhere/out"]);
    let terms: Vec<String> = (1..=200).map(|i| format!("u[{i}]^2")).collect();
    let output = run(&[&terms.join("+"), "--parameters", "u[1..200]"], b"");
    assert_refused(
        "200 parameters",
        &output,
        &["at most 20000 unknowns, found 40200"],
    );
    let terms: Vec<String> = (1..=60).map(|i| format!("exp(u[{i}])")).collect();
    let output = run(&[&terms.join("+"), "--parameters", "u[1..60]"], b"");
    assert_refused(
        "60 exponentials",
        &output,
        &["at most 2000 unknowns", "found 3660"],
    );
    // Alone they are few enough.
    let output = run(
        &[&terms.join("+"), "--parameters", "u[1..60]", "--diagonal"],
        b"",
    );
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn ten_megabytes_of_brackets() {
    let n = 5 << 20;
    let file = |loss: &str| format!(r#"{{ {HEAD}, "loss": "{loss}" }}"#);
    let open = "(".repeat(2 * n);
    assert_refused(
        "open",
        &run(&["-"], file(&open).as_bytes()),
        &["column 10485761", "the end"],
    );
    let close = ")".repeat(2 * n);
    assert_refused(
        "close",
        &run(&["-"], file(&close).as_bytes()),
        &["column 1", "\")\""],
    );
    let calls = "relu(".repeat(n);
    assert_refused("calls", &run(&["-"], file(&calls).as_bytes()), &["the end"]);
    let signs = "-".repeat(2 * n);
    assert_refused("signs", &run(&["-"], file(&signs).as_bytes()), &["the end"]);
    let powers = format!("u{}", "^2".repeat(n));
    assert_refused(
        "powers",
        &run(&["-"], file(&powers).as_bytes()),
        &["a whole exponent"],
    );
    // Balanced ones are a formula.
    let balanced = format!("{}u*w*x{}", "(".repeat(n), ")".repeat(n));
    let found = text(&["-"], file(&balanced).as_bytes());
    assert!(found.starts_with("1 symmetry"), "{found}");
    // As long, and no bracket in it.
    let sum = format!("u*w*x{}", "+u".repeat(n));
    assert_refused(
        "sum",
        &run(&["-"], file(&sum).as_bytes()),
        &["at most 1000000 operations"],
    );
    let nested = format!("{}u{}", "relu(".repeat(n / 3), ")".repeat(n / 3));
    assert_refused(
        "nested",
        &run(&["-"], file(&nested).as_bytes()),
        &["1000000 operations"],
    );
    let lists = format!("{}{}", "[".repeat(n), "]".repeat(n));
    assert_refused(
        "JSON",
        &run(&["-"], lists.as_bytes()),
        &["standard input: "],
    );
}
