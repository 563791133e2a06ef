//! docs/conformance.md shows the script as it is, and the script runs.

use crate::{folder, run};
use std::fs;
use std::process::Command;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/examples/conform.py");

#[test]
fn the_page_shows_the_script() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/conformance.md"));
    let script = fs::read_to_string(SCRIPT).expect("the script");
    assert!(script.lines().count() < 60);
    let shown = format!("```python\n{script}```\n");
    assert!(
        page.expect("the page").contains(&shown),
        "docs/conformance.md shows another script"
    );
}

/// Where Python has numpy and scipy; NOISE_EQUILIBRIUM_PYTHON names another.
#[test]
fn the_script_runs() {
    let python = std::env::var("NOISE_EQUILIBRIUM_PYTHON").unwrap_or("python3".to_owned());
    let found = Command::new(&python)
        .args(["-c", "import numpy, scipy.optimize, scipy.linalg"])
        .output();
    if !found.is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: {python} has no numpy and scipy");
        return;
    }
    let out = tempfile::tempdir().expect("a folder");
    let results = out.path().join("results.json");
    let output = Command::new(&python)
        .arg(SCRIPT)
        .args([&folder(), &results])
        .output()
        .expect("Python ends");
    assert!(output.status.success(), "{output:?}");
    let output = run(&["conform", &results.display().to_string()]);
    let page = String::from_utf8_lossy(&output.stdout).into_owned();
    // Doubles lose the status where noise of 10^−4000 is 0 to them.
    assert_eq!(output.status.code(), Some(1), "{page}");
    assert!(page.contains("WRONG") && page.contains("NumPy"), "{page}");
}
