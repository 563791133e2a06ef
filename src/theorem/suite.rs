//! Statements as named tests, for a harness such as libtest-mimic: one for each check on
//! seeded cases, and one for each of its negative controls.

use super::evidence::Outcome;
use super::law::{AnyOperands, Law};
use super::replay::Heading;
use super::{Draw, LEDGER, is_caught, is_verified};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What the cases are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cases {
    /// Where all randomness comes from.
    pub seed: u64,
    /// How many for each check.
    pub cases: u64,
}

impl Default for Cases {
    fn default() -> Self {
        Self { seed: 1, cases: 16 }
    }
}

impl Cases {
    /// Takes `--seed N` and `--cases N` out of a program's arguments; the rest is the
    /// harness's.
    ///
    /// # Errors
    /// One line, for a number that is missing or is none.
    pub fn from_arguments(
        arguments: impl IntoIterator<Item = String>,
    ) -> Result<(Self, Vec<String>), String> {
        let (mut cases, mut rest) = (Self::default(), Vec::new());
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (argument.as_str(), None),
            };
            let (least, number) = match name {
                "--seed" => (0, &mut cases.seed),
                "--cases" => (1, &mut cases.cases),
                _ => {
                    rest.push(argument);
                    continue;
                }
            };
            let found = value.or_else(|| arguments.next());
            let whole = found.as_deref().and_then(|text| text.parse().ok());
            *number = whole.filter(|number| *number >= least).ok_or_else(|| {
                let found = found.map_or("nothing".to_owned(), |text| format!("{text:?}"));
                format!("{name}: expected a whole number from {least}, found {found}")
            })?;
        }
        Ok((cases, rest))
    }
}

/// One named test.
pub struct Trial {
    /// Statement, check and control, separated by `::`.
    pub name: String,
    /// Why it does not apply, if it does not: it is not run then.
    pub not_applicable: Option<String>,
    /// Runs it; what is wrong, with a case to replay.
    pub run: Box<dyn FnOnce() -> Result<(), String> + Send>,
}

/// Every check of the ledger, and every negative control.
pub fn ledger_trials(cases: Cases) -> Vec<Trial> {
    let trials = LEDGER.iter().flat_map(|statement| {
        let cases = Cases {
            cases: if statement.drawn { cases.cases } else { 1 },
            ..cases
        };
        let checks = statement.checks.iter();
        checks.flat_map(move |check| trials(statement.id, &statement.test(), *check, cases))
    });
    trials.collect()
}

/// A check and its controls as tests.
pub(super) fn trials(
    id: &'static str,
    group: &str,
    law: impl Law + Clone + Send + 'static,
    cases: Cases,
) -> Vec<Trial> {
    let name = format!("{group}::{}", words(law.name()));
    let check = Trial {
        name: name.clone(),
        not_applicable: None,
        run: {
            let law = law.clone();
            Box::new(move || holds(id, &law, cases))
        },
    };
    let controls = law.controls().into_iter().enumerate();
    let controls = controls.map(|(control, wrong)| Trial {
        name: format!("{name}::sabotaged::{}", words(wrong)),
        not_applicable: None,
        run: {
            let law = law.clone();
            Box::new(move || caught(id, &law, control, cases))
        },
    });
    std::iter::once(check).chain(controls).collect()
}

/// What a test is called: letters and digits, `_` for all between them.
pub(super) fn words(text: &str) -> String {
    let signs = [("=", " is "), (">", " above "), ("<", " below ")];
    let told = |text: String, (sign, word): (&str, &str)| text.replace(sign, word);
    let text = signs.into_iter().fold(text.to_owned(), told);
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("_")
}

/// The case that an audit with this seed draws.
pub(super) fn case(id: &str, law: &impl Law, seed: u64, index: u64) -> Box<dyn AnyOperands> {
    let name = format!("{id}/{}", law.name());
    law.draw(&mut Draw::seeded(seed, &name, index), false)
}

/// A panic is a failure of the check.
pub(super) fn outcome(law: &impl Law, case: &dyn AnyOperands, control: Option<usize>) -> Outcome {
    let run = AssertUnwindSafe(|| law.run(case, control, &|_| ()).0);
    catch_unwind(run).unwrap_or_else(|_| Outcome::Failed("the check panicked".to_owned()))
}

fn holds(id: &str, law: &impl Law, cases: Cases) -> Result<(), String> {
    let (mut verified, mut inconclusive, mut reason) = (0, 0, String::new());
    for index in 0..cases.cases {
        let case = case(id, law, cases.seed, index);
        match outcome(law, &*case, None) {
            Outcome::Verified(_) => verified += 1,
            Outcome::Inconclusive(why) => {
                inconclusive += 1;
                reason = why;
            }
            Outcome::Refuted(found) | Outcome::Failed(found) => {
                let heading = Heading::new(id, law.name(), None, found.clone());
                return Err(format!(
                    "seed {}, case {index}: {found}\n{}",
                    cases.seed,
                    case.write(&heading)
                ));
            }
        }
    }
    if is_verified(verified, inconclusive) {
        return Ok(());
    }
    Err(format!(
        "verified in {verified} cases, inconclusive in {inconclusive}, the last one because of this: {reason}"
    ))
}

fn caught(id: &str, law: &impl Law, control: usize, cases: Cases) -> Result<(), String> {
    let (mut caught, mut missed) = (0, 0);
    for index in 0..cases.cases {
        match outcome(law, &*case(id, law, cases.seed, index), Some(control)) {
            Outcome::Refuted(_) => caught += 1,
            Outcome::Verified(_) | Outcome::Failed(_) => missed += 1,
            Outcome::Inconclusive(_) => {}
        }
    }
    if is_caught(caught, missed) {
        return Ok(());
    }
    Err(format!(
        "seed {}: the sabotage was caught in {caught} cases and missed in {missed}",
        cases.seed
    ))
}
