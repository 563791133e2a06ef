//! Reference values and the conformance of other implementations.
//!
//! All of them are computed again by `noise-equilibrium reference check docs/reference`;
//! here, of each family, those that take no time.

mod conformance;
mod python;
mod tampering;
mod values;

use noise_equilibrium::reference::{Entry, FAMILIES, Family};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_noise-equilibrium");

/// docs/reference.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference")
}

pub fn text(family: &str) -> String {
    fs::read_to_string(folder().join(format!("{family}.json"))).expect("a file")
}

pub fn family(name: &str) -> Family {
    Family::read(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

pub fn entries() -> Vec<Entry> {
    FAMILIES
        .iter()
        .flat_map(|name| family(name).entries)
        .collect()
}

pub fn run(arguments: &[&str]) -> Output {
    let output = Command::new(PROGRAM).args(arguments).output();
    output.expect("the program ends")
}

/// Exit code 2, nothing on standard output, one line on standard error with these parts.
pub fn assert_refused(output: &Output, parts: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(output.stdout.is_empty(), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.starts_with("error: "), "{error}");
    for part in parts {
        assert!(error.contains(part), "no {part:?} in {error}");
    }
}
