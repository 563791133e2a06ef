//! Running the built program.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_noise-equilibrium");

/// Runs the program with these arguments and this standard input.
pub fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(PROGRAM)
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

/// `solve` on a file with this content, in a directory of its own.
pub fn solve(content: &[u8], options: &[&str]) -> (String, Output) {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("problem.json");
    std::fs::write(&file, content).expect("a file");
    let name = file.display().to_string();
    let output = run(&[&["solve", name.as_str()], options].concat(), b"");
    (name, output)
}

/// `solve` on a file, with limits on memory (in KiB) and on the seconds of processor time.
#[cfg(unix)]
pub fn solve_within(file: &Path, kib: u64, seconds: u64) -> Output {
    let script = format!("ulimit -v {kib}; ulimit -t {seconds}; exec \"$0\" solve \"$1\"");
    Command::new("sh")
        .args(["-c", &script, PROGRAM])
        .arg(file)
        .output()
        .expect("the program ends")
}

/// Asserts a refusal: exit code 2, nothing on standard output, one line on standard
/// error with every one of `parts` in it.
pub fn assert_refused(case: &str, output: &Output, parts: &[&str]) {
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
