//! Which checks to run, on how many cases, and what came of it.

mod html;
mod journal;
mod junit;
mod plan;
mod report;
mod schema;

pub use journal::{FOREIGN, JOURNAL, Journal, merge};
pub use plan::Part;
pub use report::{
    CheckReport, ControlReport, Environment, ExperimentReport, FORMAT, Report, StatementReport,
    Verdict,
};
pub use schema::schema;

use crate::phenomenon::Experiment;
use crate::theorem::{Heading, Outcome, Replay};
use plan::{Found, Plan, Task};
use std::fmt;
use std::path::Path;
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
pub const DEFAULT_CASES: u64 = 64;

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
    /// A file that cannot be read or written.
    #[error("{path}: {problem}")]
    File {
        /// The file.
        path: String,
        /// What is the matter.
        problem: String,
    },
    /// A line of a journal that cannot be taken up.
    #[error("{path}, line {number}: {problem}")]
    Line {
        /// The journal.
        path: String,
        /// Counted from 1.
        number: u64,
        /// What is the matter, and what would be right.
        problem: String,
    },
    /// Parts that do not make up an audit.
    #[error("{0}")]
    Merge(String),
}

impl AuditError {
    fn file(path: &Path, problem: impl fmt::Display) -> Self {
        Self::File {
            path: path.display().to_string(),
            problem: problem.to_string(),
        }
    }
}

/// An audit's report, and a replay file for each failing case that is kept.
#[derive(Clone, Debug)]
pub struct Audit {
    /// What to hand on.
    pub report: Report,
    /// What the experiments of this run measured, each with its statement's identifier.
    pub experiments: Vec<(&'static str, Experiment)>,
    /// Failing cases.
    pub witnesses: Vec<Replay>,
}

/// Runs the ledger, without a trace on disk. `progress` is told of the steps done,
/// and of how many there are, from any thread: those of the experiments, and 500 for each
/// other case.
///
/// # Errors
/// [`AuditError`] for options that name nothing to audit.
pub fn audit(options: &Options, progress: impl Fn(u64, u64) + Sync) -> Result<Audit, AuditError> {
    let plan = Plan::new(options)?;
    let pool = threads(options.jobs)?;
    let started = Instant::now();
    let tasks: Vec<usize> = plan.part(Part::WHOLE).collect();
    let nowhere = |_, _: &Found| Ok::<(), AuditError>(());
    let found = pool.install(|| plan.run(&tasks, &progress, &nowhere))?;
    let mut environment = Environment::here(pool.current_num_threads());
    environment.seconds = started.elapsed().as_secs_f64();
    Ok(conclude(&plan, found, environment))
}

fn threads(jobs: Option<usize>) -> Result<rayon::ThreadPool, AuditError> {
    let found = jobs.map_or(1, |jobs| u64::try_from(jobs).unwrap_or(u64::MAX));
    if !(1..=MAX_JOBS).contains(&found) {
        return Err(AuditError::Range {
            field: "jobs",
            largest: MAX_JOBS,
            found,
        });
    }
    rayon::ThreadPoolBuilder::new()
        .num_threads(jobs.unwrap_or(0))
        .build()
        .map_err(|error| AuditError::Threads(error.to_string()))
}

/// The report on what was found, in the order of the plan.
fn conclude(plan: &Plan, found: Vec<(usize, Found)>, environment: Environment) -> Audit {
    let Plan {
        options,
        statements,
        tasks,
    } = plan;
    let mut witnesses = Vec::new();
    let mut reports: Vec<StatementReport> =
        statements.iter().map(|s| StatementReport::of(s)).collect();
    let mut experiments = Vec::new();
    let results = found.into_iter().map(|(task, found)| (tasks[task], found));
    let results: Vec<(Task, Found)> = results.collect();
    for group in results.chunk_by(|(a, _), (b, _)| Task::same_run(a, b)) {
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
            group.iter().map(|(_, found)| &found.outcome),
            group.iter().map(|(_, found)| found.seconds).sum(),
        );
        let measured = group
            .iter()
            .filter_map(|(_, found)| found.experiment.as_ref());
        experiments.extend(measured.map(|experiment| (task.statement.id, experiment.clone())));
        let failing = group.iter().filter_map(|(task, found)| {
            let found = failure(task, &found.outcome)?;
            Some((task, found))
        });
        for (task, found) in failing.take(WITNESSES) {
            let law = task.law();
            let control = task.control.map(|i| law.controls()[i]);
            witnesses.push(Replay {
                heading: Heading::new(task.statement.id, law.name(), control, found),
                case: task.case(options).into(),
            });
        }
    }
    let caught_elsewhere = |replay: &Replay, reports: &[StatementReport]| {
        let Heading {
            statement,
            check,
            control,
            ..
        } = &replay.heading;
        let report = reports.iter().find(|report| report.id == statement);
        control
            .as_ref()
            .is_some_and(|name| report.is_some_and(|report| report.control_caught(check, name)))
    };
    for (report, statement) in reports.iter_mut().zip(statements) {
        report.conclude(if statement.drawn { ENOUGH_CASES } else { 1 });
    }
    // A control that was caught may still let single cases through: those are no failures.
    witnesses.retain(|replay| !caught_elsewhere(replay, &reports));
    Audit {
        report: Report::new(options, reports, &experiments, environment),
        experiments,
        witnesses,
    }
}

/// What went wrong: a check that was refuted or failed, or a sabotage that was verified.
fn failure(task: &Task, outcome: &Outcome) -> Option<String> {
    match (task.control, outcome) {
        (None, Outcome::Refuted(found) | Outcome::Failed(found)) => Some(found.clone()),
        (Some(_), Outcome::Verified(_)) => Some("the sabotage was not caught".to_owned()),
        _ => None,
    }
}
