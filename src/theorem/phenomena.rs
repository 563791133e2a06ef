//! P1–P6 in the ledger: each experiment is one check, its sabotages are the controls.

use super::case::{Case, ExperimentCase};
use super::draw::Draw;
use super::evidence::{Evidence, Margin, Outcome};
use super::{Check, Control, Origin, Statement};
use crate::phenomenon::{Claim, Experiment, Finding, Judgement, Settings};

/// A seed, and the preset's size.
fn experiment(draw: &mut Draw) -> Case {
    Case::Experiment(ExperimentCase {
        seed: draw.size(0, usize::MAX >> 16),
        full: false,
    })
}

/// Runs it; `None` for a case of another kind.
fn measure(
    case: &Case,
    run: fn(&Settings) -> Experiment,
    progress: &(dyn Fn(u64) + Sync),
) -> Option<Experiment> {
    let case = case.experiment()?;
    Some(run(&Settings {
        seed: u64::try_from(case.seed).unwrap_or(0),
        full: case.full,
        progress,
    }))
}

/// The findings of its hypothesis become the outcome.
pub(super) fn judge(found: &Experiment) -> Outcome {
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

/// What the experiment behind a check or a control of P1 to P6 finds; `None` for any other.
pub(super) fn measured(
    statement: &Statement,
    control: Option<usize>,
    case: &Case,
    progress: &(dyn Fn(u64) + Sync),
) -> Option<Experiment> {
    let phenomenon = crate::phenomenon::find(statement.id)?;
    let run = match control {
        None => phenomenon.run,
        Some(i) => {
            let name = statement.controls[i].name;
            phenomenon.sabotages.iter().find(|s| s.name == name)?.run
        }
    };
    measure(case, run, progress)
}

fn run(case: &Case, run: fn(&Settings) -> Experiment) -> Outcome {
    Outcome::decided(measure(case, run, &|_| ()).as_ref().map(judge))
}

macro_rules! statement {
    ($name:ident, $phenomenon:path, $($sabotage:literal)*) => {
        pub static $name: Statement = Statement {
            id: $phenomenon.id,
            name: $phenomenon.name,
            claim: $phenomenon.hypothesis,
            origin: Origin::Paper,
            drawn: false,
            checks: &[Check {
                name: "every finding of the experiment",
                evidence: Evidence::Ensemble,
                draw: experiment,
                run: |case| run(case, $phenomenon.run),
            }],
            controls: &[$(Control {
                name: $phenomenon.sabotages[$sabotage].name,
                check: 0,
                run: |case| run(case, $phenomenon.sabotages[$sabotage].run),
            }),*],
        };
    };
}

statement!(P1, crate::phenomenon::P1, 0 1);
statement!(P2, crate::phenomenon::P2, 0 1 2);
statement!(P3, crate::phenomenon::P3, 0 1);
statement!(P4, crate::phenomenon::P4, 0 1);
statement!(P5, crate::phenomenon::P5, 0 1 2);
statement!(P6, crate::phenomenon::P6, 0 1);
