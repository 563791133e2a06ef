//! P1–P6 of docs/theory.md as experiments: a hypothesis, seeded ensembles, estimates with
//! confidence intervals, a verdict, a figure, and sabotages that have to refute it.

mod estimate;
mod figure;
mod p1;
mod p2;
mod p3;
mod p4;
mod p5;
mod p6;
mod pair;
mod report;
mod svg;

pub use estimate::{Bound, Claim, Estimate, Finding, Judgement};
pub use figure::{Axis, Figure, Panel, Series, Style};
pub use p1::PHENOMENON as P1;
pub use p2::PHENOMENON as P2;
pub use p3::PHENOMENON as P3;
pub use p4::PHENOMENON as P4;
pub use p5::PHENOMENON as P5;
pub use p6::PHENOMENON as P6;
pub use report::FindingReport;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// What an experiment is run with.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    /// Where all randomness comes from.
    pub seed: u64,
    /// The full size in place of the preset.
    pub full: bool,
    /// Told of steps as they are done, from any thread.
    pub progress: &'a (dyn Fn(u64) + Sync),
}

/// What an experiment found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    /// Each part of the hypothesis, and each claim of the paper that is held beside it, with
    /// what was measured.
    pub findings: Vec<Finding>,
    /// What one would look at.
    pub figure: Figure,
}

impl Experiment {
    /// The findings that are held against this claim.
    pub fn of(&self, claim: Claim) -> impl Iterator<Item = &Finding> {
        let findings = self.findings.iter();
        findings.filter(move |finding| finding.claim == claim)
    }

    /// Refuted if a finding of the hypothesis is, verified if all are.
    pub fn judgement(&self) -> Judgement {
        let all = self.of(Claim::Hypothesis).map(Finding::judgement);
        all.max().unwrap_or(Judgement::Inconclusive)
    }
}

/// The experiment with something broken: it must be refuted.
pub struct Sabotage {
    /// What is broken.
    pub name: &'static str,
    /// Runs it.
    pub run: fn(&Settings) -> Experiment,
}

/// A phenomenon of the paper.
pub struct Phenomenon {
    /// P1 to P6.
    pub id: &'static str,
    /// Its file.
    pub file: &'static str,
    /// A name of a few words.
    pub name: &'static str,
    /// What is expected of a run.
    pub hypothesis: &'static str,
    /// The experiment.
    pub run: fn(&Settings) -> Experiment,
    /// Steps of one run, preset and full: for progress bars.
    pub steps: fn(full: bool) -> u64,
    /// Sabotages, at least one.
    pub sabotages: &'static [Sabotage],
}

/// All phenomena.
pub static PHENOMENA: [&Phenomenon; 6] = [&P1, &P2, &P3, &P4, &P5, &P6];

/// One number, or whatever it is, from each of the independent runs, in order.
fn ensemble<T: Send>(runs: u64, run: impl Fn(u64) -> T + Sync + Send) -> Vec<T> {
    (0..runs).into_par_iter().map(run).collect()
}

/// The phenomenon with this identifier.
pub fn find(id: &str) -> Option<&'static Phenomenon> {
    PHENOMENA
        .iter()
        .copied()
        .find(|phenomenon| phenomenon.id.eq_ignore_ascii_case(id))
}
