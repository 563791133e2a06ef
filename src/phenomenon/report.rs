//! What is said of an experiment in files.

use super::{Claim, Experiment, Finding};
use crate::scalar::double;
use schemars::JsonSchema;
use serde::Serialize;

/// A number that was measured, with what was expected of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct FindingReport {
    /// What is measured.
    pub what: String,
    /// The mean over the runs: a double as a decimal.
    #[serde(with = "double::one")]
    #[schemars(with = "String")]
    pub mean: f64,
    /// Half of the 95 % confidence interval.
    #[serde(with = "double::one")]
    #[schemars(with = "String")]
    pub half_width: f64,
    /// Runs.
    pub runs: usize,
    /// The bound that the claim gives.
    pub expected: String,
    /// "verified", "inconclusive" or "refuted".
    #[schemars(extend("enum" = ["verified", "inconclusive", "refuted"]))]
    pub verdict: &'static str,
    /// Whose claim that is: "hypothesis" where the experiment's verdict rests on it, "paper"
    /// where the paper says otherwise, or more, than the hypothesis.
    #[schemars(default = "hypothesis", extend("enum" = ["hypothesis", "paper"]))]
    pub claim: &'static str,
}

fn hypothesis() -> &'static str {
    Claim::Hypothesis.label()
}

impl FindingReport {
    /// All findings of an experiment.
    pub fn all(experiment: &Experiment) -> Vec<Self> {
        experiment.findings.iter().map(Self::from).collect()
    }
}

impl From<&Finding> for FindingReport {
    fn from(finding: &Finding) -> Self {
        Self {
            what: finding.what.clone(),
            mean: finding.estimate.mean,
            half_width: finding.estimate.half_width,
            runs: finding.estimate.runs,
            expected: finding.bound.to_string(),
            verdict: finding.judgement().label(),
            claim: finding.claim.label(),
        }
    }
}
