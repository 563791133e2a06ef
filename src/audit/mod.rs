//! Which checks to run, on how many cases, and what came of it.

#[cfg(feature = "sabotage")]
mod kill;
mod report;

#[cfg(feature = "sabotage")]
pub use kill::{Kill, all_killed, kill_markdown, kill_matrix};
pub use report::{CheckReport, ControlReport, Environment, Report, StatementReport, Verdict};

use crate::theorem::{Case, Draw, LEDGER, Margin, Outcome, Replay, Statement, find};
use rayon::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;
use thiserror::Error;

/// What to audit, and how thoroughly.
#[derive(Clone, Debug)]
pub struct Options {
    /// Identifiers of the statements; empty for all.
    pub only: Vec<String>,
    /// Cases of each check.
    pub cases: u64,
    /// Where every case's randomness comes from.
    pub seed: u64,
    /// Experiments at their full size in place of the preset.
    pub full: bool,
    /// Threads; `None` for one per core.
    pub jobs: Option<usize>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            only: Vec::new(),
            cases: DEFAULT_CASES,
            seed: DEFAULT_SEED,
            full: false,
            jobs: None,
        }
    }
}

/// Cases of each check unless told otherwise.
pub const DEFAULT_CASES: u64 = 128;

/// The seed unless told otherwise: the paper's number.
pub const DEFAULT_SEED: u64 = 240_207_193;

/// Failing cases of one check or control that are written to files; the rest is counted.
const WITNESSES: usize = 3;

/// Outcomes are kept until the end: this many cases of each check fit in memory.
const MAX_CASES: u64 = 100_000;

/// Conclusive cases after which an uncaught control refutes its statement: with fewer, a
/// sabotage that shows in some cases only may go unseen.
const ENOUGH_CASES: u64 = 12;

/// More threads than any machine has cores.
const MAX_JOBS: u64 = 1024;

/// Why an audit did not start.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum AuditError {
    /// An identifier that is not in the ledger.
    #[error("--only: expected identifiers among {expected}, found {found:?}")]
    UnknownStatement {
        /// The identifiers that exist.
        expected: String,
        /// What was found.
        found: String,
    },
    /// An audit of nothing, or with more than a machine can do.
    #[error("--{field}: expected a number from 1 to {largest}, found {found}")]
    Range {
        /// `cases` or `jobs`.
        field: &'static str,
        /// The largest number that is accepted.
        largest: u64,
        /// What was found.
        found: u64,
    },
    /// The threads could not be started.
    #[error("--jobs: {0}")]
    Threads(String),
}

/// An audit's report, and a replay file for each failing case that is kept.
#[derive(Clone, Debug)]
pub struct Audit {
    /// What to hand on.
    pub report: Report,
    /// Failing cases.
    pub witnesses: Vec<Replay>,
}

/// One run of a check, or of a control on the same cases as the check.
#[derive(Clone, Copy)]
struct Task {
    statement: &'static Statement,
    check: usize,
    control: Option<usize>,
    index: u64,
}

impl Task {
    /// Cases depend on the seed, the check and the index alone, so that they are the
    /// same whatever else is run, and in whatever order.
    fn case(&self, options: &Options) -> Case {
        let check = &self.statement.checks[self.check];
        let name = format!("{}/{}", self.statement.id, check.name);
        let mut case = (check.draw)(&mut Draw::seeded(options.seed, &name, self.index));
        if let Case::Experiment(experiment) = &mut case {
            experiment.full = options.full;
        }
        case
    }

    fn run(&self, case: &Case) -> Outcome {
        let run = match self.control {
            Some(control) => self.statement.controls[control].run,
            None => self.statement.checks[self.check].run,
        };
        // A panic is a failed check, not the end of the audit; and a sabotaged check that
        // panics has noticed nothing.
        catch_unwind(AssertUnwindSafe(|| run(case))).unwrap_or_else(|_| match self.control {
            None => Outcome::Refuted(PANICKED.to_owned()),
            Some(_) => Outcome::Verified(Margin::Exact),
        })
    }
}

const PANICKED: &str = "the check panicked";

/// Runs the ledger. `progress` is called once after each finished case, from any thread.
///
/// # Errors
/// [`AuditError`] for options that name nothing to audit.
pub fn audit(options: &Options, progress: impl Fn(u64, u64) + Sync) -> Result<Audit, AuditError> {
    let statements = selected(&options.only)?;
    let jobs = options
        .jobs
        .map_or(1, |jobs| u64::try_from(jobs).unwrap_or(u64::MAX));
    for (field, found, largest) in [
        ("cases", options.cases, MAX_CASES),
        ("jobs", jobs, MAX_JOBS),
    ] {
        if !(1..=largest).contains(&found) {
            return Err(AuditError::Range {
                field,
                largest,
                found,
            });
        }
    }
    let started = Instant::now();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.jobs.unwrap_or(0))
        .build()
        .map_err(|error| AuditError::Threads(error.to_string()))?;

    let mut tasks = Vec::new();
    for statement in &statements {
        let checks = (0..statement.checks.len()).map(|check| (check, None));
        let controls = statement.controls.iter().enumerate();
        let controls = controls.map(|(i, control)| (control.check, Some(i)));
        for (check, control) in checks.chain(controls) {
            let cases = 0..if statement.drawn { options.cases } else { 1 };
            tasks.extend(cases.map(|index| Task {
                statement,
                check,
                control,
                index,
            }));
        }
    }
    let total = u64::try_from(tasks.len()).unwrap_or(u64::MAX);
    let done = std::sync::atomic::AtomicU64::new(0);
    let outcomes: Vec<Outcome> = pool.install(|| {
        let run = |task: &Task| {
            let outcome = task.run(&task.case(options));
            let count = done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
            progress(count, total);
            outcome
        };
        tasks.par_iter().map(run).collect()
    });

    let mut witnesses = Vec::new();
    let mut reports: Vec<StatementReport> =
        statements.iter().map(|s| StatementReport::of(s)).collect();
    let results: Vec<(Task, Outcome)> = tasks.into_iter().zip(outcomes).collect();
    for group in results.chunk_by(|(a, _), (b, _)| same_run(a, b)) {
        let Some((task, _)) = group.first() else {
            continue;
        };
        let Some(report) = reports
            .iter_mut()
            .find(|report| report.id == task.statement.id)
        else {
            continue;
        };
        report.record(
            task.check,
            task.control,
            group.iter().map(|(_, outcome)| outcome),
        );
        let failing = group.iter().filter_map(|(task, outcome)| {
            let found = failure(task, outcome)?;
            Some((task, found))
        });
        for (task, found) in failing.take(WITNESSES) {
            witnesses.push(Replay {
                statement: task.statement.id.to_owned(),
                check: task.statement.checks[task.check].name.to_owned(),
                control: task
                    .control
                    .map(|i| task.statement.controls[i].name.to_owned()),
                found,
                case: task.case(options),
            });
        }
    }
    let caught_elsewhere = |replay: &Replay, reports: &[StatementReport]| {
        let report = reports.iter().find(|report| report.id == replay.statement);
        replay.control.as_ref().is_some_and(|name| {
            report.is_some_and(|report| report.control_caught(&replay.check, name))
        })
    };
    for (report, statement) in reports.iter_mut().zip(&statements) {
        report.conclude(if statement.drawn { ENOUGH_CASES } else { 1 });
    }
    // A control that was caught may still let single cases through: those are no failures.
    witnesses.retain(|replay| !caught_elsewhere(replay, &reports));
    let environment = Environment::here(pool.current_num_threads(), started.elapsed());
    Ok(Audit {
        report: Report::new(options, reports, environment),
        witnesses,
    })
}

fn same_run(a: &Task, b: &Task) -> bool {
    a.statement.id == b.statement.id && a.check == b.check && a.control == b.control
}

/// What went wrong: a check that was refuted, or a sabotage that was verified.
fn failure(task: &Task, outcome: &Outcome) -> Option<String> {
    match (task.control, outcome) {
        (None, Outcome::Refuted(found)) => Some(found.clone()),
        (Some(_), Outcome::Verified(_)) => Some("the sabotage was not caught".to_owned()),
        _ => None,
    }
}

fn selected(only: &[String]) -> Result<Vec<&'static Statement>, AuditError> {
    for id in only {
        if find(id).is_none() {
            let expected: Vec<&str> = LEDGER.iter().map(|statement| statement.id).collect();
            return Err(AuditError::UnknownStatement {
                expected: expected.join(", "),
                found: id.clone(),
            });
        }
    }
    let wanted = |s: &&'static Statement| {
        only.is_empty() || only.iter().any(|id| s.id.eq_ignore_ascii_case(id))
    };
    Ok(LEDGER.iter().copied().filter(wanted).collect())
}
