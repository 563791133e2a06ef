//! Which tasks an audit has, in what order, and which of them are whose part.

use super::{AuditError, MAX_CASES, Options};
use crate::phenomenon::Experiment;
use crate::problem::read::shorten;
use crate::scalar::double;
use crate::theorem::{AnyOperands, Draw, LEDGER, Law, Outcome, Statement, find};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// One of the parts into which an audit is split: the third of eight is "3/8".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    number: u64,
    of: u64,
}

/// More parts than an audit of everything has tasks of one check.
const MAX_PARTS: u64 = 1000;

impl Part {
    /// All of it.
    pub const WHOLE: Self = Self { number: 1, of: 1 };

    /// How many parts there are.
    pub fn of(self) -> u64 {
        self.of
    }

    /// Which one it is, from 1.
    pub fn number(self) -> u64 {
        self.number
    }

    /// Tasks are dealt like cards: neighbours, which cost about the same, go to different parts.
    fn holds(self, task: usize) -> bool {
        u64::try_from(task).is_ok_and(|task| task % self.of == self.number - 1)
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let part = text.split_once('/').and_then(|(number, of)| {
            let (number, of) = (number.parse().ok()?, of.parse().ok()?);
            ((1..=MAX_PARTS).contains(&of) && (1..=of).contains(&number))
                .then_some(Self { number, of })
        });
        part.ok_or_else(|| {
            format!(
                "expected a part such as 3/8, of {MAX_PARTS} at most, found {:?}",
                shorten(text)
            )
        })
    }
}

/// One run of a check, or of a control on the same cases as the check.
#[derive(Clone, Copy)]
pub(super) struct Task {
    pub statement: &'static Statement,
    pub check: usize,
    pub control: Option<usize>,
    index: u64,
}

impl Task {
    /// Cases depend on the seed, the check and the index alone, so that they are the
    /// same whatever else is run, and in whatever order.
    pub fn case(&self, options: &Options) -> Box<dyn AnyOperands> {
        let name = format!("{}/{}", self.statement.id, self.law().name());
        let mut draw = Draw::seeded(options.seed, &name, self.index);
        self.law().draw(&mut draw, options.full)
    }

    /// The check.
    pub fn law(&self) -> &'static dyn Law {
        self.statement.checks[self.check]
    }

    /// How long it takes, in steps of an experiment.
    pub fn steps(&self, options: &Options) -> u64 {
        self.law().steps(options.full)
    }

    /// `progress` is told of [`steps`](Self::steps) in all.
    fn run(&self, options: &Options, progress: &(dyn Fn(u64) + Sync)) -> Found {
        let case = self.case(options);
        let (total, told) = (self.steps(options), AtomicU64::new(0));
        let started = Instant::now();
        let some = |steps: u64| {
            let before = told.fetch_add(steps, Ordering::Relaxed).min(total);
            progress(steps.min(total - before));
        };
        let run = || self.law().run(&*case, self.control, &some);
        // A panic is a failed check, not the end of the audit.
        let panicked = |_| (Outcome::Failed("the check panicked".to_owned()), None);
        let (outcome, experiment) = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(panicked);
        progress(total - told.load(Ordering::Relaxed).min(total));
        Found {
            outcome,
            // Of a sabotaged experiment nobody wants the figure.
            experiment: experiment.filter(|_| self.control.is_none()),
            seconds: started.elapsed().as_secs_f64(),
        }
    }

    pub fn same_run(a: &Self, b: &Self) -> bool {
        a.statement.id == b.statement.id && a.check == b.check && a.control == b.control
    }
}

/// What came of a task.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Found {
    pub outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub experiment: Option<Experiment>,
    /// From its beginning to its end.
    #[serde(with = "double::one")]
    pub seconds: f64,
}

/// All tasks of an audit, in the order of the ledger.
#[derive(Clone)]
pub(super) struct Plan {
    pub options: Options,
    pub statements: Vec<&'static Statement>,
    pub tasks: Vec<Task>,
}

impl Plan {
    pub fn new(options: &Options) -> Result<Self, AuditError> {
        let statements = selected(&options.only)?;
        if !(1..=MAX_CASES).contains(&options.cases) {
            return Err(AuditError::Range {
                field: "cases",
                largest: MAX_CASES,
                found: options.cases,
            });
        }
        let mut tasks = Vec::new();
        for statement in &statements {
            let laws = statement.checks.iter().enumerate();
            let checks = laws.clone().map(|(check, _)| (check, None));
            let controls = laws.flat_map(|(check, law)| {
                let controls = 0..law.controls().len();
                controls.map(move |control| (check, Some(control)))
            });
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
        Ok(Self {
            options: options.clone(),
            statements,
            tasks,
        })
    }

    /// The numbers of a part's tasks.
    pub fn part(&self, part: Part) -> impl Iterator<Item = usize> {
        (0..self.tasks.len()).filter(move |&task| part.holds(task))
    }

    /// How long these tasks take, in steps of an experiment.
    pub fn steps(&self, tasks: &[usize]) -> u64 {
        let steps = tasks
            .iter()
            .map(|&task| self.tasks[task].steps(&self.options));
        steps.sum()
    }

    /// SHA-256 over the names of everything that is run: programs that would run something
    /// else do not agree on it.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        for statement in &self.statements {
            let checks = statement.checks.iter().map(|check| check.name());
            let controls = statement.checks.iter().flat_map(|check| check.controls());
            for name in std::iter::once(statement.id).chain(checks).chain(controls) {
                hash.update(name);
                hash.update([0]);
            }
        }
        format!("{:x}", hash.finalize())
    }

    /// Runs these tasks. `finished` is told of each from any thread, as it is done; an
    /// error of its own ends the run.
    pub fn run<E: Send>(
        &self,
        tasks: &[usize],
        progress: &(impl Fn(u64, u64) + Sync),
        finished: &(impl Fn(usize, &Found) -> Result<(), E> + Sync),
    ) -> Result<Vec<(usize, Found)>, E> {
        let total = self.steps(tasks);
        let done = AtomicU64::new(0);
        let progress = |steps| progress(done.fetch_add(steps, Ordering::Relaxed) + steps, total);
        let run = |&task: &usize| {
            let found = self.tasks[task].run(&self.options, &progress);
            finished(task, &found)?;
            Ok((task, found))
        };
        tasks.par_iter().map(run).collect()
    }
}

fn selected(only: &[String]) -> Result<Vec<&'static Statement>, AuditError> {
    for id in only {
        if find(id).is_none() {
            let expected: Vec<&str> = LEDGER.iter().map(|statement| statement.id).collect();
            return Err(AuditError::UnknownStatement {
                expected: expected.join(", "),
                found: shorten(id),
            });
        }
    }
    let wanted = |s: &&'static Statement| {
        only.is_empty() || only.iter().any(|id| s.id.eq_ignore_ascii_case(id))
    };
    Ok(LEDGER.iter().copied().filter(wanted).collect())
}
