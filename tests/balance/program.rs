//! Running the built program in a folder of its own.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_noise-equilibrium");

/// The three inputs of `balance`, in a folder.
pub struct Inputs {
    pub folder: tempfile::TempDir,
}

impl Inputs {
    pub fn new(checkpoint: &[u8], network: &str, gradients: &[u8]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("net.safetensors"), checkpoint).expect("a file");
        fs::write(folder.path().join("network.json"), network).expect("a file");
        fs::write(folder.path().join("grads.safetensors"), gradients).expect("a file");
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .current_dir(self.path())
            .args(["balance", "net.safetensors"]);
        command.args([
            "--network",
            "network.json",
            "--gradients",
            "grads.safetensors",
        ]);
        command
    }

    /// `balance`, with these options besides the inputs.
    pub fn run(&self, options: &[&str]) -> Output {
        self.command()
            .args(options)
            .output()
            .expect("the program ends")
    }

    /// The names of all files in the folder.
    pub fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.path()).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<String> = names.map(|name| name.display().to_string()).collect();
        names.sort();
        names
    }
}

pub const INPUTS: [&str; 3] = ["grads.safetensors", "net.safetensors", "network.json"];

/// Asserts a refusal: exit code 2, nothing on standard output, one line on standard error
/// with every one of `parts` in it, and no file besides the inputs.
pub fn assert_refused(case: &str, inputs: &Inputs, output: &Output, parts: &[&str]) {
    let error = String::from_utf8_lossy(&output.stderr);
    let context = format!("{case}\nstandard error: {error}");
    assert_eq!(output.status.code(), Some(2), "exit code of {context}");
    assert!(output.stdout.is_empty(), "standard output of {context}");
    assert_eq!(error.lines().count(), 1, "lines of {context}");
    assert!(
        error.starts_with("error: ") && error.chars().count() < 700,
        "{context}"
    );
    for part in parts {
        assert!(error.contains(part), "no {part:?} in {context}");
    }
    assert_eq!(inputs.files(), INPUTS, "{context}");
}
