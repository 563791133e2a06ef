//! `noise-equilibrium solve`.

use super::output::{self, DASH, Place};
use super::{BadInput, HELD, read_text, warn};
use clap::Args;
use noise_equilibrium::problem::{Integers, certificate, read_problem_and_files};
use std::path::{Path, PathBuf};

/// Solve one problem: λ*, θ* and what follows, every number enclosed
#[derive(Args)]
pub struct Solve {
    /// A problem-1 file (see docs/format.md), or - for standard input
    problem: PathBuf,
    /// Decimal digits of every enclosure, 1 to 100000
    #[arg(long, default_value_t = 50, allow_negative_numbers = true, value_parser = digits)]
    digits: u32,
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

fn digits(text: &str) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|n| (1..=100_000).contains(n))
        .ok_or_else(|| "expected a whole number from 1 to 100000".to_owned())
}

impl Solve {
    pub fn run(&self) -> Result<u8, BadInput> {
        let bad = |error| BadInput::at(&self.problem, error);
        let text = read_text(&self.problem)?;
        // Of "problem.json" and of "-" the folder is the working directory.
        let folder = self.problem.parent().unwrap_or(Path::new(""));
        let (problem, arrays) = read_problem_and_files(&text, folder).map_err(bad)?;
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
            let integers = match self.pure {
                true => Integers::Pure,
                false => Integers::Machine,
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

    /// Where the solution goes.
    fn solution(&self) -> Place<'_> {
        match &self.out {
            Some(path) => ("--out", path),
            None => ("the solution", Path::new(DASH)),
        }
    }

    fn check_places(&self, arrays: &[PathBuf]) -> Result<(), BadInput> {
        let mut inputs: Vec<Place<'_>> = vec![("the problem", &self.problem)];
        inputs.extend(arrays.iter().map(|path| ("the array", path.as_path())));
        let certificate = self.certificate.iter();
        let certificate = certificate.map(|path| ("--certificate", path.as_path()));
        let outputs: Vec<Place<'_>> = [self.solution()].into_iter().chain(certificate).collect();
        output::check(&inputs, &outputs)
    }
}
