//! What the ledger is made of: checks, typed by the kind of case they take, each with the
//! wrong claims that must fail.

use super::Draw;
use super::evidence::{Evidence, Outcome};
use super::replay::{self, Heading, ReplayError};
use crate::phenomenon::Experiment;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::any::Any;
use std::error::Error;
use std::fmt::Debug;

/// What a check finds, or why it found nothing.
pub type Judgement = Result<Outcome, Stop>;

/// Why a check came to no outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The mathematics leaves it open, for this reason: the case says nothing.
    Open(String),
    /// Something that had to work did not: the check fails.
    Failed(String),
}

impl Stop {
    /// [`Failed`](Self::Failed), with what did not work.
    pub fn failed(what: &str) -> Self {
        Self::Failed(what.to_owned())
    }
}

/// What is called here has to work: an error is a failure.
impl<E: Error> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.to_string())
    }
}

/// What an [`Option`] means that is not there.
pub trait Missing<T> {
    /// The mathematics leaves the case open.
    fn or_open(self, reason: &str) -> Result<T, Stop>;

    /// It had to be there.
    fn or_failed(self, what: &str) -> Result<T, Stop>;
}

impl<T> Missing<T> for Option<T> {
    fn or_open(self, reason: &str) -> Result<T, Stop> {
        self.ok_or_else(|| Stop::Open(reason.to_owned()))
    }

    fn or_failed(self, what: &str) -> Result<T, Stop> {
        self.ok_or_else(|| Stop::failed(what))
    }
}

/// The exact operands of a check, which can be written into a replay file and read again.
pub trait Operands: Any + Debug + Send + Sync + Sized {
    /// The name of their kind, a field of a replay's case.
    const KIND: &'static str;

    /// What stands in a replay file, all numbers exact.
    type File: Serialize + DeserializeOwned;

    /// As written.
    fn file(&self) -> Self::File;

    /// What was written.
    ///
    /// # Errors
    /// [`ReplayError`] names the field and what would be right.
    fn from_file(file: Self::File) -> Result<Self, ReplayError>;
}

/// Operands of any kind.
pub trait AnyOperands: Any + Debug + Send + Sync {
    /// The name of their kind.
    fn kind(&self) -> &'static str;

    /// The replay file's text.
    fn write(&self, heading: &Heading) -> String;
}

impl<C: Operands> AnyOperands for C {
    fn kind(&self) -> &'static str {
        C::KIND
    }

    fn write(&self, heading: &Heading) -> String {
        replay::write(heading, self)
    }
}

/// One way of refuting a statement, whatever kind of case it takes.
pub trait Law: Sync {
    /// What is compared, in a few words.
    fn name(&self) -> &'static str;

    /// How strong it is.
    fn evidence(&self) -> Evidence;

    /// The names of its negative controls, at least one.
    fn controls(&self) -> Vec<&'static str>;

    /// Draws a case; of an experiment that of the full size or of the preset.
    fn draw(&self, draw: &mut Draw, full: bool) -> Box<dyn AnyOperands>;

    /// The name of the kind of case that it takes.
    fn kind(&self) -> &'static str;

    /// Reads a case of its kind from a replay file's text.
    ///
    /// # Errors
    /// [`ReplayError`] names the field and what would be right.
    fn read(&self, text: &str) -> Result<Box<dyn AnyOperands>, ReplayError>;

    /// Runs it, or one of its controls, on a case. Of an experiment it also hands out what
    /// was measured, and tells `progress` of its steps as they are done.
    fn run(
        &self,
        case: &dyn AnyOperands,
        control: Option<usize>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> (Outcome, Option<Experiment>);

    /// How long it takes, in steps of an experiment: for progress bars.
    fn steps(&self, _full: bool) -> u64 {
        500
    }
}

/// A check of a statement, with the wrong claims that must fail.
pub struct Check<C: 'static> {
    /// What is compared, in a few words.
    pub name: &'static str,
    /// How strong it is.
    pub evidence: Evidence,
    /// How a case is drawn.
    pub draw: fn(&mut Draw) -> C,
    /// The check itself.
    pub judge: fn(&C) -> Judgement,
    /// The same with something broken.
    pub controls: &'static [Control<C>],
}

/// What is claimed of a case, whatever it is drawn from.
pub(super) struct Claim<C: 'static> {
    pub evidence: Evidence,
    pub judge: fn(&C) -> Judgement,
    pub controls: &'static [Control<C>],
}

impl<C> Claim<C> {
    /// The check of it on cases that are drawn like this.
    pub const fn drawn(self, name: &'static str, draw: fn(&mut Draw) -> C) -> Check<C> {
        Check {
            name,
            evidence: self.evidence,
            draw,
            judge: self.judge,
            controls: self.controls,
        }
    }
}

/// A check with something broken: it must be refuted.
pub struct Control<C: 'static> {
    /// What is broken.
    pub name: &'static str,
    /// The broken check.
    pub judge: fn(&C) -> Judgement,
}

impl<C> Check<C> {
    /// The check, or one of its controls, on a case.
    pub fn judge(&self, case: &C, control: Option<usize>) -> Outcome {
        let judge = match control {
            Some(control) => self.controls[control].judge,
            None => self.judge,
        };
        Outcome::from(judge(case))
    }
}

impl<C: Operands> Law for Check<C> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn evidence(&self) -> Evidence {
        self.evidence
    }

    fn controls(&self) -> Vec<&'static str> {
        self.controls.iter().map(|control| control.name).collect()
    }

    fn draw(&self, draw: &mut Draw, _full: bool) -> Box<dyn AnyOperands> {
        Box::new((self.draw)(draw))
    }

    fn kind(&self) -> &'static str {
        C::KIND
    }

    fn read(&self, text: &str) -> Result<Box<dyn AnyOperands>, ReplayError> {
        Ok(Box::new(replay::read::<C>(text)?))
    }

    fn run(
        &self,
        case: &dyn AnyOperands,
        control: Option<usize>,
        _progress: &(dyn Fn(u64) + Sync),
    ) -> (Outcome, Option<Experiment>) {
        let outcome = match (case as &dyn Any).downcast_ref::<C>() {
            Some(case) => self.judge(case, control),
            None => Outcome::Failed(format!("a case of kind {}", case.kind())),
        };
        (outcome, None)
    }
}

impl From<Judgement> for Outcome {
    fn from(judgement: Judgement) -> Self {
        match judgement {
            Ok(outcome) => outcome,
            Err(Stop::Open(reason)) => Self::Inconclusive(reason),
            Err(Stop::Failed(what)) => Self::Failed(what),
        }
    }
}

impl<T: Law + ?Sized> Law for &T {
    fn name(&self) -> &'static str {
        (**self).name()
    }
    fn evidence(&self) -> Evidence {
        (**self).evidence()
    }
    fn controls(&self) -> Vec<&'static str> {
        (**self).controls()
    }
    fn draw(&self, draw: &mut Draw, full: bool) -> Box<dyn AnyOperands> {
        (**self).draw(draw, full)
    }
    fn kind(&self) -> &'static str {
        (**self).kind()
    }
    fn read(&self, text: &str) -> Result<Box<dyn AnyOperands>, ReplayError> {
        (**self).read(text)
    }
    fn run(
        &self,
        case: &dyn AnyOperands,
        control: Option<usize>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> (Outcome, Option<Experiment>) {
        (**self).run(case, control, progress)
    }
    fn steps(&self, full: bool) -> u64 {
        (**self).steps(full)
    }
}
