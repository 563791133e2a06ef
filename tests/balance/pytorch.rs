//! docs/pytorch.md shows the script as it is, and the script runs.

use crate::program::PROGRAM;
use std::fs;
use std::process::Command;

const SCRIPT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/docs/examples/pytorch_balance.py"
);

#[test]
fn the_page_shows_the_script() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/pytorch.md"));
    let script = fs::read_to_string(SCRIPT).expect("the script");
    let shown = format!("```python\n{script}```\n");
    assert!(
        page.expect("the page").contains(&shown),
        "docs/pytorch.md shows another script"
    );
}

/// Where Python has torch, numpy and safetensors; NOISE_EQUILIBRIUM_PYTHON names another.
#[test]
fn the_script_runs() {
    let python = std::env::var("NOISE_EQUILIBRIUM_PYTHON").unwrap_or("python3".to_owned());
    let found = Command::new(&python)
        .args(["-c", "import numpy, safetensors.torch, torch.func"])
        .output();
    if !found.is_ok_and(|output| output.status.success()) {
        println!("SKIPPED: {python} has no torch, numpy and safetensors");
        return;
    }
    let output = Command::new(&python)
        .arg(SCRIPT)
        .env("NOISE_EQUILIBRIUM", PROGRAM)
        .output()
        .expect("Python ends");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    // Both pairs of layers; the difference is asserted in the script.
    assert_eq!(text.matches("balanced").count(), 2, "{text}");
    assert!(
        text.contains("largest relative difference of the outputs: "),
        "{text}"
    );
}
