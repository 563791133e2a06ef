//! Running the built program.

use std::io::Write;
use std::process::{Command, Output, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_noise-equilibrium");

/// `discover` with these arguments and this standard input.
pub fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(PROGRAM)
        .arg("discover")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // A program that refuses its arguments closes its input unread.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    child.wait_with_output().expect("the program ends")
}

/// Standard output of a run that succeeds.
pub fn text(arguments: &[&str], input: &[u8]) -> String {
    let output = run(arguments, input);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {error}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// The JSON of a run that succeeds.
pub fn json(arguments: &[&str], input: &[u8]) -> serde_json::Value {
    let arguments = [arguments, &["--json"]].concat();
    serde_json::from_str(&text(&arguments, input)).expect("JSON")
}

/// Asserts a refusal: exit code 2, nothing on standard output, one line on standard
/// error with every one of `parts` in it.
pub fn assert_refused(case: &str, output: &Output, parts: &[&str]) {
    let case: String = case.chars().take(200).collect();
    let error = String::from_utf8_lossy(&output.stderr);
    let context = format!("{case}\nstandard error: {error}");
    assert_eq!(output.status.code(), Some(2), "exit code of {context}");
    assert!(output.stdout.is_empty(), "standard output of {context}");
    assert_eq!(error.lines().count(), 1, "lines of {context}");
    assert!(
        error.starts_with("error: ") && error.ends_with('\n'),
        "{context}"
    );
    assert!(error.chars().count() < 700, "length of {context}");
    for part in parts {
        assert!(error.contains(part), "no {part:?} in {context}");
    }
}
