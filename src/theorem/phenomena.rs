//! P1–P6 in the ledger: each experiment is one check, its sabotages are the controls.

use super::case::ExperimentCase;
use super::draw::Draw;
use super::evidence::{Evidence, Margin, Outcome};
use super::law::{AnyOperands, Law, Operands};
use super::replay::{self, ReplayError};
use super::{Origin, Statement};
use crate::phenomenon::{Claim, Experiment, Finding, Judgement, Phenomenon, Settings};
use std::any::Any;

/// The hypothesis of an experiment.
struct Hypothesis(&'static Phenomenon);

impl Law for Hypothesis {
    fn name(&self) -> &'static str {
        "every finding of the experiment"
    }

    fn evidence(&self) -> Evidence {
        Evidence::Ensemble
    }

    fn controls(&self) -> Vec<&'static str> {
        self.0.sabotages.iter().map(|s| s.name).collect()
    }

    fn draw(&self, draw: &mut Draw, full: bool) -> Box<dyn AnyOperands> {
        let seed = draw.size(0, usize::MAX >> 16);
        Box::new(ExperimentCase { seed, full })
    }

    fn kind(&self) -> &'static str {
        ExperimentCase::KIND
    }

    fn read(&self, text: &str) -> Result<Box<dyn AnyOperands>, ReplayError> {
        Ok(Box::new(replay::read::<ExperimentCase>(text)?))
    }

    fn run(
        &self,
        case: &dyn AnyOperands,
        control: Option<usize>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> (Outcome, Option<Experiment>) {
        let Some(case) = (case as &dyn Any).downcast_ref::<ExperimentCase>() else {
            let found = format!("a case of kind {}", case.kind());
            return (Outcome::Failed(found), None);
        };
        let run = match control {
            Some(control) => self.0.sabotages[control].run,
            None => self.0.run,
        };
        let found = run(&Settings {
            seed: u64::try_from(case.seed).unwrap_or(0),
            full: case.full,
            progress,
        });
        (judge(&found), Some(found))
    }

    fn steps(&self, full: bool) -> u64 {
        (self.0.steps)(full).max(1)
    }
}

/// The findings of its hypothesis become the outcome.
fn judge(found: &Experiment) -> Outcome {
    let those = |judgement: Judgement| {
        let findings = found.of(Claim::Hypothesis);
        let chosen = findings.filter(|finding| finding.judgement() == judgement);
        chosen
            .map(Finding::to_string)
            .collect::<Vec<_>>()
            .join("; ")
    };
    match found.judgement() {
        Judgement::Refuted => Outcome::Refuted(those(Judgement::Refuted)),
        Judgement::Inconclusive => Outcome::Inconclusive(those(Judgement::Inconclusive)),
        Judgement::Verified => {
            let findings = found.of(Claim::Hypothesis);
            let ratios = findings.map(Finding::distance_in_intervals);
            let worst = ratios.fold(f64::INFINITY, f64::min);
            Outcome::Verified(Margin::Bits(libm::log2(worst)))
        }
    }
}

macro_rules! statement {
    ($name:ident) => {
        pub static $name: Statement = Statement {
            id: crate::phenomenon::$name.id,
            name: crate::phenomenon::$name.name,
            claim: crate::phenomenon::$name.hypothesis,
            origin: Origin::Paper,
            drawn: false,
            unproved: Some("an experiment"),
            file: crate::phenomenon::$name.file,
            checks: &[&Hypothesis(&crate::phenomenon::$name)],
        };
    };
}

statement!(P1);
statement!(P2);
statement!(P3);
statement!(P4);
statement!(P5);
statement!(P6);
