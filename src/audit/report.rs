//! The report of an audit, and its digest.

use super::Options;
use crate::phenomenon::{Experiment, FindingReport};
use crate::theorem::{Law, Margin, Outcome, Statement, is_caught, is_verified};
use gmp_mpfr_sys::{gmp, mpfr};
use schemars::JsonSchema;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The name of the format.
pub const FORMAT: &str = "noise-equilibrium/audit-1";

/// What an audit found. Everything but `experiments` and `environment` goes into the digest:
/// of an experiment its verdict and its margin do, which follow from its findings.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Report {
    /// The name of the format.
    #[schemars(extend("const" = FORMAT))]
    pub format: &'static str,
    /// The crate's version.
    pub version: &'static str,
    /// The seed of every case.
    pub seed: u64,
    /// Cases of each check.
    pub cases: u64,
    /// Were the experiments run at their full size?
    pub full: bool,
    /// In the order of the ledger.
    pub statements: Vec<StatementReport>,
    /// Do all statements hold, with every control caught?
    pub verdict: Verdict,
    /// SHA-256 over the fields above, hexadecimal.
    #[schemars(regex(pattern = "^[0-9a-f]{64}$"))]
    pub digest: String,
    /// The numbers behind the verdicts on P1 to P6.
    pub experiments: Vec<ExperimentReport>,
    /// Where and how fast it ran; not part of the digest.
    pub environment: Environment,
}

/// A three-valued verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Verified cases, none refuted, and every control caught.
    Verified,
    /// A case was refuted, or a control was not caught.
    Refuted,
    /// Some check had too few verified cases, or some control no conclusive one.
    Inconclusive,
}

/// One statement.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct StatementReport {
    /// Its identifier.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// The claim.
    pub claim: &'static str,
    /// Whose claim it is.
    #[schemars(extend("enum" = ["convention", "paper", "beyond", "limit"]))]
    pub origin: &'static str,
    /// Its checks.
    pub checks: Vec<CheckReport>,
    /// Its negative controls.
    pub controls: Vec<ControlReport>,
    /// What follows from them.
    pub verdict: Verdict,
}

/// One check, with three counts that add up to the number of cases.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CheckReport {
    /// Its name.
    pub name: &'static str,
    /// Its kind of evidence.
    #[schemars(extend("enum" = ["ensemble", "rounding", "scaling", "enclosure", "exact"]))]
    pub evidence: &'static str,
    /// Cases in which it held.
    pub verified: u64,
    /// Cases in which it did not.
    pub refuted: u64,
    /// Cases that say nothing.
    pub inconclusive: u64,
    /// The case that came closest to failing.
    #[schemars(with = "Option<String>")]
    #[serde(serialize_with = "label")]
    pub worst_margin: Option<Margin>,
    /// What the first refuted case showed.
    pub witness: Option<String>,
    /// How long its cases took, added up; for JUnit's XML alone, since no digest may depend on it.
    #[serde(skip)]
    pub seconds: f64,
}

/// One negative control.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ControlReport {
    /// What is broken.
    pub name: &'static str,
    /// The check that has to notice.
    pub check: &'static str,
    /// Cases in which it noticed.
    pub caught: u64,
    /// Cases in which it did not.
    pub missed: u64,
    /// Cases that say nothing.
    pub inconclusive: u64,
    /// As of a check.
    #[serde(skip)]
    pub seconds: f64,
}

impl CheckReport {
    /// All cases.
    pub fn cases(&self) -> u64 {
        self.verified + self.refuted + self.inconclusive
    }

    /// Did it hold in enough cases?
    pub fn is_verified(&self) -> bool {
        self.refuted == 0 && is_verified(self.verified, self.inconclusive)
    }
}

impl ControlReport {
    /// A broken check that could not even be made has noticed nothing.
    fn record<'a>(&mut self, outcomes: impl Iterator<Item = &'a Outcome>, seconds: f64) {
        self.seconds += seconds;
        for outcome in outcomes {
            match outcome {
                Outcome::Verified(_) | Outcome::Failed(_) => self.missed += 1,
                Outcome::Refuted(_) => self.caught += 1,
                Outcome::Inconclusive(_) => self.inconclusive += 1,
            }
        }
    }

    /// Was it noticed often enough?
    pub fn is_caught(&self) -> bool {
        is_caught(self.caught, self.missed)
    }
}

/// What an experiment measured.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ExperimentReport {
    /// The statement that it is a check of.
    pub id: &'static str,
    /// Each part of the hypothesis, and each claim of the paper beside it, with what was measured.
    pub findings: Vec<FindingReport>,
}

/// Where and how fast an audit ran.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Environment {
    /// How GMP was built: "assembly" or "portable C"; of parts that differ, all.
    pub gmp: String,
    /// The versions of GMP, MPFR and the compiler; of parts that differ, all.
    pub libraries: String,
    /// GMP's, MPFR's and the crate's target; of parts that differ, all.
    pub target: String,
    /// Threads, of all parts together.
    pub jobs: usize,
    /// Wall-clock time, of all parts together.
    pub seconds: f64,
}

impl Environment {
    /// Before anything ran.
    pub(super) fn here(jobs: usize) -> Self {
        Self {
            gmp: env!("NOISE_EQUILIBRIUM_GMP").to_owned(),
            libraries: format!(
                "GMP {}.{}.{}, MPFR {}.{}.{}, {}",
                gmp::VERSION,
                gmp::VERSION_MINOR,
                gmp::VERSION_PATCHLEVEL,
                mpfr::VERSION_MAJOR,
                mpfr::VERSION_MINOR,
                mpfr::VERSION_PATCHLEVEL,
                env!("NOISE_EQUILIBRIUM_RUSTC"),
            ),
            target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
            jobs,
            seconds: 0.0,
        }
    }

    pub(super) fn of_parts<'a>(parts: impl Iterator<Item = &'a Self> + Clone) -> Self {
        let each = |word: fn(&'a Self) -> &'a str| {
            let words: BTreeSet<&str> = parts.clone().map(word).collect();
            words.into_iter().collect::<Vec<_>>().join(", ")
        };
        Self {
            gmp: each(|part| &part.gmp),
            libraries: each(|part| &part.libraries),
            target: each(|part| &part.target),
            jobs: parts
                .clone()
                .map(|part| part.jobs)
                .fold(0, usize::saturating_add),
            seconds: parts.clone().map(|part| part.seconds).sum(),
        }
    }
}

impl StatementReport {
    pub(super) fn of(statement: &Statement) -> Self {
        let check = |check: &&dyn Law| CheckReport {
            name: check.name(),
            evidence: check.evidence().label(),
            verified: 0,
            refuted: 0,
            inconclusive: 0,
            worst_margin: None,
            witness: None,
            seconds: 0.0,
        };
        let controls = |check: &&'static dyn Law| {
            let check = *check;
            check.controls().into_iter().map(|name| ControlReport {
                name,
                check: check.name(),
                caught: 0,
                missed: 0,
                inconclusive: 0,
                seconds: 0.0,
            })
        };
        Self {
            id: statement.id,
            name: statement.name,
            claim: statement.claim,
            origin: statement.origin.label(),
            checks: statement.checks.iter().map(check).collect(),
            controls: statement.checks.iter().flat_map(controls).collect(),
            verdict: Verdict::Inconclusive,
        }
    }

    /// The outcomes of all cases of a check, or of a control, and how long they took.
    pub(super) fn record<'a>(
        &mut self,
        check: usize,
        control: Option<usize>,
        outcomes: impl Iterator<Item = &'a Outcome>,
        seconds: f64,
    ) {
        let name = self.checks[check].name;
        if let Some(control) = control {
            let mut own = self.controls.iter_mut().filter(|own| own.check == name);
            if let Some(control) = own.nth(control) {
                control.record(outcomes, seconds);
            }
            return;
        }
        let check = &mut self.checks[check];
        check.seconds += seconds;
        let mut worst: Option<Margin> = None;
        for outcome in outcomes {
            match outcome {
                Outcome::Verified(margin) => {
                    check.verified += 1;
                    worst = Some(worst.map_or(*margin, |known| known.worse(*margin)));
                }
                Outcome::Refuted(found) | Outcome::Failed(found) => {
                    check.refuted += 1;
                    check.witness.get_or_insert_with(|| shorten(found));
                }
                Outcome::Inconclusive(_) => check.inconclusive += 1,
            }
        }
        check.worst_margin = worst;
    }

    /// The verdict, once everything is recorded. A control that was not caught refutes the
    /// statement after `enough` conclusive cases.
    pub(super) fn conclude(&mut self, enough: u64) {
        let refuted = self.checks.iter().any(|check| check.refuted > 0);
        let blind = self
            .controls
            .iter()
            .any(|c| !c.is_caught() && c.caught + c.missed >= enough);
        let undecided = self.checks.iter().any(|check| !check.is_verified())
            || self.controls.iter().any(|c| !c.is_caught());
        self.verdict = if refuted || blind {
            Verdict::Refuted
        } else if undecided {
            Verdict::Inconclusive
        } else {
            Verdict::Verified
        };
    }

    /// Was this control of this check caught?
    pub(super) fn control_caught(&self, check: &str, name: &str) -> bool {
        let own = self
            .controls
            .iter()
            .find(|c| c.check == check && c.name == name);
        own.is_some_and(ControlReport::is_caught)
    }

    /// Verified cases of all checks.
    pub fn verified(&self) -> u64 {
        self.checks.iter().map(|check| check.verified).sum()
    }

    /// Cases of all checks, those that say nothing too.
    pub fn cases(&self) -> u64 {
        self.checks.iter().map(CheckReport::cases).sum()
    }

    /// The margins that came closest to failing, one for each kind of margin; "exact"
    /// only where nothing was measured.
    pub fn worst_margins(&self) -> String {
        let margins = self.checks.iter().filter_map(|check| check.worst_margin);
        let (slopes, bits): (Vec<Margin>, Vec<Margin>) = margins
            .filter(|margin| margin.label() != Margin::Exact.label())
            .partition(|margin| matches!(margin, Margin::Slope(_)));
        let worst = [slopes, bits]
            .into_iter()
            .filter_map(|kind| kind.into_iter().reduce(Margin::worse));
        let worst: Vec<String> = worst.map(Margin::label).collect();
        if worst.is_empty() {
            Margin::Exact.label()
        } else {
            worst.join(", ")
        }
    }

    /// Controls caught, of all.
    pub fn caught(&self) -> (usize, usize) {
        (
            self.controls.iter().filter(|c| c.is_caught()).count(),
            self.controls.len(),
        )
    }
}

/// Margins are digested as they are printed.
fn label<S: serde::Serializer>(margin: &Option<Margin>, serializer: S) -> Result<S::Ok, S::Error> {
    margin.map(Margin::label).serialize(serializer)
}

fn shorten(text: &str) -> String {
    let head: String = text.chars().take(300).collect();
    if head.len() < text.len() {
        format!("{head}…")
    } else {
        head
    }
}

impl Report {
    pub(super) fn new(
        options: &Options,
        statements: Vec<StatementReport>,
        experiments: &[(&'static str, Experiment)],
        environment: Environment,
    ) -> Self {
        let experiments = experiments.iter().map(|(id, experiment)| ExperimentReport {
            id,
            findings: FindingReport::all(experiment),
        });
        let verdict = if statements.iter().any(|s| s.verdict == Verdict::Refuted) {
            Verdict::Refuted
        } else if statements
            .iter()
            .any(|s| s.verdict == Verdict::Inconclusive)
        {
            Verdict::Inconclusive
        } else {
            Verdict::Verified
        };
        let mut report = Self {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION"),
            seed: options.seed,
            cases: options.cases,
            full: options.full,
            statements,
            verdict,
            digest: String::new(),
            experiments: experiments.collect(),
            environment,
        };
        report.digest = report.compute_digest();
        report
    }

    /// SHA-256 over the JSON of everything but the digest and the environment.
    fn compute_digest(&self) -> String {
        let digested = (
            self.format,
            self.version,
            self.seed,
            self.cases,
            self.full,
            &self.statements,
            self.verdict,
        );
        // Numbers, strings and lists only: this cannot fail.
        let bytes = serde_json::to_vec(&digested).unwrap_or_default();
        format!("{:x}", Sha256::digest(bytes))
    }
}
