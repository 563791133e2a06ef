//! Estimates from ensembles, and what they say about a prediction.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A mean over independent runs with its 95 % confidence interval, mean ± `half_width`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// The mean.
    #[serde(with = "crate::scalar::double::one")]
    pub mean: f64,
    /// Student's t times the standard error; infinite for a single run.
    #[serde(with = "crate::scalar::double::one")]
    pub half_width: f64,
    /// Runs.
    pub runs: usize,
}

impl Estimate {
    /// From one number a run.
    pub fn of(values: &[f64]) -> Self {
        let n = values.len();
        let mean = values.iter().sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|x| (x - mean) * (x - mean)).sum();
        let freedom = n.saturating_sub(1);
        let half_width = match freedom {
            0 => f64::INFINITY,
            _ => student(freedom) * libm::sqrt(squares / (freedom * n) as f64),
        };
        Self {
            mean,
            half_width,
            runs: n,
        }
    }

    /// A value that a computation without randomness gives.
    pub fn exact(mean: f64) -> Self {
        Self {
            mean,
            half_width: 0.0,
            runs: 1,
        }
    }
}

/// The 97.5 % quantile of Student's t for 1 to 30 degrees of freedom.
const STUDENT: [f64; 30] = [
    12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622, 2.2281, 2.2010,
    2.1788, 2.1604, 2.1448, 2.1314, 2.1199, 2.1098, 2.1009, 2.0930, 2.0860, 2.0796, 2.0739, 2.0687,
    2.0639, 2.0595, 2.0555, 2.0518, 2.0484, 2.0452, 2.0423,
];

/// The quantile; beyond the table that of 30, which is larger.
fn student(freedom: usize) -> f64 {
    STUDENT[freedom.clamp(1, STUDENT.len()) - 1]
}

/// What a hypothesis says of a number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Bound {
    /// It is above this.
    Above(#[serde(with = "crate::scalar::double::one")] f64),
    /// It is below this.
    Below(#[serde(with = "crate::scalar::double::one")] f64),
    /// It differs from the prediction by `tolerance` at most: the resolution that the
    /// hypothesis claims, said beforehand.
    Within {
        /// What theory says.
        #[serde(with = "crate::scalar::double::one")]
        prediction: f64,
        /// In the same unit.
        #[serde(with = "crate::scalar::double::one")]
        tolerance: f64,
    },
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Above(x) => write!(f, "> {x:.4e}"),
            Self::Below(x) => write!(f, "< {x:.4e}"),
            Self::Within {
                prediction,
                tolerance,
            } => write!(f, "{prediction:.4e} ± {tolerance:.1e}"),
        }
    }
}

/// A three-valued judgement, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Judgement {
    /// The whole interval agrees with the hypothesis.
    Verified,
    /// A part of it does.
    Inconclusive,
    /// Nothing of it does.
    Refuted,
}

impl Judgement {
    /// The word for it in tables.
    pub fn label(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Inconclusive => "inconclusive",
            Self::Refuted => "refuted",
        }
    }
}

/// Whose words a finding is held against.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Claim {
    /// The experiment's hypothesis: its verdict rests on these findings.
    #[default]
    Hypothesis,
    /// The paper's, where the hypothesis differs or is silent: judged alike, but apart.
    Paper,
}

impl Claim {
    /// The word for it in tables.
    pub fn label(self) -> &'static str {
        match self {
            Self::Hypothesis => "hypothesis",
            Self::Paper => "paper",
        }
    }
}

/// One number with what is claimed of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// What is measured.
    pub what: String,
    /// What was found.
    pub estimate: Estimate,
    /// What was expected.
    pub bound: Bound,
    /// By whom.
    #[serde(default)]
    pub claim: Claim,
}

impl Finding {
    /// Puts a measurement beside what is expected of it.
    pub fn new(what: impl Into<String>, estimate: Estimate, bound: Bound) -> Self {
        Self {
            what: what.into(),
            estimate,
            bound,
            claim: Claim::Hypothesis,
        }
    }

    /// Puts a measurement beside what the paper claims of it.
    pub fn of_paper(what: impl Into<String>, estimate: Estimate, bound: Bound) -> Self {
        Self {
            claim: Claim::Paper,
            ..Self::new(what, estimate, bound)
        }
    }

    /// Verified only if the whole confidence interval agrees, refuted only if none of it does.
    /// What is not a number (a run that diverged) is refuted.
    pub fn judgement(&self) -> Judgement {
        let half_width = self.estimate.half_width;
        let beyond = self.beyond();
        if beyond.is_nan() || beyond > half_width {
            Judgement::Refuted
        } else if beyond < -half_width {
            Judgement::Verified
        } else {
            Judgement::Inconclusive
        }
    }
}

impl Finding {
    /// How far beyond its bound the mean lies; negative inside.
    fn beyond(&self) -> f64 {
        let mean = self.estimate.mean;
        match self.bound {
            Bound::Above(x) => x - mean,
            Bound::Below(x) => mean - x,
            Bound::Within {
                prediction,
                tolerance,
            } => (mean - prediction).abs() - tolerance,
        }
    }

    /// How far inside its bound the mean lies, in half widths of its confidence interval:
    /// above 1 where it is verified, infinite where there is no uncertainty.
    pub fn distance_in_intervals(&self) -> f64 {
        -self.beyond() / self.estimate.half_width
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Estimate {
            mean,
            half_width,
            runs,
        } = self.estimate;
        write!(
            f,
            "{}: {mean:.4e} ± {half_width:.1e} ({runs} runs), ",
            self.what
        )?;
        write!(f, "expected {}", self.bound)
    }
}
