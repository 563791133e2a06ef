//! The list of theorems: a test for each check of the ledger, for each of its negative
//! controls, and for each check on cases that proptest draws and shrinks.
//!
//! `cargo test --test theorems -- T1` runs those of T1; `--seed N` and `--cases N` choose
//! what is drawn. Every failure prints a case that `audit --replay` takes.

use libtest_mimic::{Arguments, Failed, Trial};
use noise_equilibrium::theorem::{Cases, Draw, LEDGER, Law, Outcome, ledger_trials};
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, RngSeed, TestCaseError, TestRunner};
use std::process::ExitCode;

fn main() -> ExitCode {
    let (cases, rest) = match Cases::from_arguments(std::env::args()) {
        Ok(found) => found,
        Err(message) => {
            eprintln!("error: {message}");
            return ExitCode::from(2);
        }
    };
    let trials = ledger_trials(cases).into_iter();
    let trials = trials.map(|trial| {
        let run = trial.run;
        Trial::test(trial.name, move || run().map_err(Failed::from))
    });
    let trials = trials.chain(shrinkable(cases)).collect();
    libtest_mimic::run(&Arguments::from_iter(rest), trials).exit_code()
}

/// The checks that draw many cases, but for those on digits, which take long.
fn shrinkable(cases: Cases) -> Vec<Trial> {
    let drawn = LEDGER.iter().filter(|statement| statement.drawn);
    let trials = drawn.flat_map(|statement| {
        let checks = statement.checks.iter();
        let checks = checks.filter(|check| !check.name().contains("digits"));
        checks.map(move |check| {
            let name = format!("{}::shrinkable::{}", statement.test(), check.name());
            Trial::test(name, move || shrinks(*check, cases))
        })
    });
    trials.collect()
}

/// proptest draws the choices that a case is made of, and shrinks them.
fn shrinks(check: &dyn Law, cases: Cases) -> Result<(), Failed> {
    let persistence = FileFailurePersistence::Direct("tests/theorems/regressions.txt");
    let config = Config {
        cases: u32::try_from(cases.cases).unwrap_or(u32::MAX),
        failure_persistence: Some(Box::new(persistence)),
        max_shrink_iters: 2000,
        rng_seed: RngSeed::Fixed(cases.seed),
        ..Config::default()
    };
    let choices = prop::collection::vec(any::<u64>(), 0..120);
    let result = TestRunner::new(config).run(&choices, |choices| {
        let case = check.draw(&mut Draw::from_choices(choices), false);
        match check.run(&*case, None, &|_| ()).0 {
            Outcome::Refuted(found) | Outcome::Failed(found) => {
                Err(TestCaseError::fail(format!("{found}\n{case:#?}")))
            }
            Outcome::Verified(_) | Outcome::Inconclusive(_) => Ok(()),
        }
    });
    result.map_err(|error| format!("seed {}: {error}", cases.seed).into())
}
