//! `noise-equilibrium solve`.

use super::output::{self, DASH, Place};
use super::{BadInput, HELD, read_text, stream, warn};
use clap::Args;
use noise_equilibrium::problem::{Integers, certificate, read_problem_and_files};
use serde::de::IgnoredAny;
use std::path::{Path, PathBuf};

/// Solve a problem, or one on each line: λ*, θ* and what follows, every number enclosed
#[derive(Args, Clone)]
pub struct Solve {
    /// A problem-1 file (see docs/format.md), or - for standard input
    pub(super) problem: PathBuf,
    /// Read a problem from each line and write each solution on one, in their order, errors in
    /// their places (see docs/format.md); so it is for a file named .jsonl or .ndjson
    #[arg(long)]
    lines: bool,
    /// Threads for problems on lines; one per core if left out
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(super) jobs: Option<u16>,
    /// Decimal digits of every enclosure, 1 to 100000
    #[arg(long, default_value_t = 50, allow_negative_numbers = true, value_parser = digits)]
    pub(super) digits: u32,
    /// Write the solution to a file instead of standard output (-)
    #[arg(long)]
    out: Option<PathBuf>,
    /// Write a proof of the status, or of lambda's interval, for Coq (see proofs/README.md), or -
    #[arg(long, value_name = "FILE.v")]
    certificate: Option<PathBuf>,
    /// The proof computes with Coq's own integers: slower, and no axioms about the processor's
    #[arg(long, requires = "certificate")]
    pure: bool,
}

/// More than one line, and the first is JSON by itself.
fn is_line_by_line(text: &str) -> bool {
    let mut lines = text.lines().filter(|line| !line.trim().is_empty());
    let first = lines.next().unwrap_or_default();
    lines.next().is_some() && serde_json::from_str::<IgnoredAny>(first).is_ok()
}

pub(super) fn digits(text: &str) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|n| (1..=100_000).contains(n))
        .ok_or_else(|| "expected a whole number from 1 to 100000".to_owned())
}

impl Solve {
    pub fn run(&self) -> Result<u8, BadInput> {
        if self.is_on_lines() {
            if self.certificate.is_some() {
                let message = "--certificate: expected one problem, found problems on lines";
                return Err(BadInput::at(&self.problem, message));
            }
            return stream::solve(self);
        }
        let bad = |error| BadInput::at(&self.problem, error);
        let text = read_text(&self.problem)?;
        let read = read_problem_and_files(&text, self.folder());
        let (problem, arrays) = read.map_err(|error| {
            if is_line_by_line(&text) {
                let message = format!("{error}; problems on lines need --lines");
                BadInput::at(&self.problem, message)
            } else {
                bad(error)
            }
        })?;
        self.check_places(&arrays)?;
        let solution = problem.solve(self.digits).map_err(bad)?;
        if let Some(warning) = problem.warning() {
            warn(&self.problem, &warning);
        }
        let mut text = serde_json::to_string_pretty(&solution.to_file())
            .map_err(|error| BadInput::at(&self.problem, error))?;
        text.push('\n');
        let solution = (self.solution().1, text.as_bytes());
        if let Some(path) = &self.certificate {
            let integers = if self.pure {
                Integers::Pure
            } else {
                Integers::Machine
            };
            let proof = certificate(&problem, self.digits, integers)
                .map_err(|error| BadInput::at(&self.problem, error))?;
            // A proof without its solution does less harm than a new solution beside an old proof.
            output::write(&[(path, proof.as_bytes()), solution])?;
        } else {
            output::write(&[solution])?;
        }
        Ok(HELD)
    }

    fn is_on_lines(&self) -> bool {
        let ending = self.problem.extension().and_then(|ending| ending.to_str());
        let named = ending.is_some_and(|ending| {
            ["jsonl", "ndjson"]
                .iter()
                .any(|lines| ending.eq_ignore_ascii_case(lines))
        });
        self.lines || named
    }

    /// What files of arrays are relative to: of "problem.json" and of "-" the working directory.
    pub(super) fn folder(&self) -> &Path {
        self.problem.parent().unwrap_or(Path::new(""))
    }

    /// Where the solution goes.
    pub(super) fn solution(&self) -> Place<'_> {
        match &self.out {
            Some(path) => ("--out", path),
            None => ("the solution", Path::new(DASH)),
        }
    }

    pub(super) fn check_places(&self, arrays: &[PathBuf]) -> Result<(), BadInput> {
        let mut inputs: Vec<Place<'_>> = vec![("the problem", &self.problem)];
        inputs.extend(arrays.iter().map(|path| ("the array", path.as_path())));
        let certificate = self.certificate.iter();
        let certificate = certificate.map(|path| ("--certificate", path.as_path()));
        let outputs: Vec<Place<'_>> = [self.solution()].into_iter().chain(certificate).collect();
        output::check(&inputs, &outputs)
    }
}
