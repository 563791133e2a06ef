//! What another implementation answered.

use super::strict::Unique;
use crate::problem::ProblemError;
use crate::problem::read::{Table, json, present, shorten};
use crate::scalar::{Exact, Rational};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use thiserror::Error;

/// The name of the format.
pub const RESULTS_FORMAT: &str = "noise-equilibrium/results-1";

/// Why results are refused.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ResultsError {
    /// Not JSON, or JSON of another shape.
    #[error("{0}")]
    File(#[from] ProblemError),
    /// The wrong format.
    #[error("format: expected \"{RESULTS_FORMAT}\", found {0:?}")]
    Format(String),
    /// An answer to no problem.
    #[error("results.{0}: expected the id of a reference problem")]
    Unknown(String),
    /// An answer of another shape than the reference value.
    #[error("results.{id}.{place}: expected {expected}, found {found}")]
    Shape {
        /// The problem.
        id: String,
        /// The field, with its index.
        place: String,
        /// What the reference has there.
        expected: String,
        /// What was found.
        found: String,
    },
}

/// Answers to reference problems.
#[derive(Clone, Debug, PartialEq)]
pub struct Results {
    /// Whose they are, if it says so.
    pub implementation: Option<String>,
    /// By the problem's id.
    pub answers: BTreeMap<String, Answered>,
}

/// An answer to one problem.
#[derive(Clone, Debug, PartialEq)]
pub struct Answered {
    /// Its status.
    pub status: String,
    /// Its numbers, by the name of their field in a solution.
    pub numbers: BTreeMap<&'static str, Numbers>,
}

/// A number, or a list of such, exactly as written.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers {
    /// One.
    One(Rational),
    /// Several, or lists of several.
    List(Vec<Numbers>),
}

/// Nothing in a solution is deeper than a matrix.
const MAX_DEPTH: u32 = 2;

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        // The position inside of the raw text would only confuse.
        Self::read(raw.get(), MAX_DEPTH).map_err(|error| {
            let text = error.to_string();
            serde::de::Error::custom(text.split(" at line ").next().unwrap_or_default())
        })
    }
}

impl Numbers {
    fn read(text: &str, depth: u32) -> Result<Self, serde_json::Error> {
        if !text.starts_with('[') {
            return serde_json::from_str::<Exact>(text).map(|x| Self::One(x.0));
        }
        if depth == 0 {
            let message = "expected a number, a list or a matrix, found deeper brackets";
            return Err(serde::de::Error::custom(message));
        }
        let entries: Vec<&RawValue> = serde_json::from_str(text)?;
        let entries = entries.iter().map(|x| Self::read(x.get(), depth - 1));
        entries.collect::<Result<_, _>>().map(Self::List)
    }
}

#[derive(Deserialize)]
struct Header {
    #[serde(default)]
    format: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "format")]
    _format: String,
    #[serde(default, deserialize_with = "present")]
    implementation: Option<String>,
    results: Unique<Table<AnswerFile>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerFile {
    status: String,
    #[serde(default, deserialize_with = "present")]
    lambda: Option<Numbers>,
    #[serde(default, deserialize_with = "present")]
    theta: Option<Numbers>,
    #[serde(default, deserialize_with = "present")]
    metric: Option<Numbers>,
    #[serde(default, deserialize_with = "present")]
    rho: Option<Numbers>,
    #[serde(default, deserialize_with = "present")]
    first_gram: Option<Numbers>,
    #[serde(default, deserialize_with = "present")]
    last_gram: Option<Numbers>,
}

impl Results {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ResultsError`] with the place and what would be right.
    pub fn read(text: &str) -> Result<Self, ResultsError> {
        let Table(header): Table<Header> = json(text)?;
        if header.format != RESULTS_FORMAT {
            return Err(ResultsError::Format(shorten(&header.format)));
        }
        let Table(file): Table<File> = json(text)?;
        let answers = file.results.0.into_iter().map(|(id, Table(own))| {
            let numbers = [
                ("lambda", own.lambda),
                ("theta", own.theta),
                ("metric", own.metric),
                ("rho", own.rho),
                ("first_gram", own.first_gram),
                ("last_gram", own.last_gram),
            ];
            let given = numbers
                .into_iter()
                .filter_map(|(field, x)| Some((field, x?)));
            let answer = Answered {
                status: own.status,
                numbers: given.collect(),
            };
            (id, answer)
        });
        Ok(Self {
            implementation: file.implementation,
            answers: answers.collect(),
        })
    }
}
