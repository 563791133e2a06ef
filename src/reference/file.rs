//! Files of reference values: one for each family of problems.

use super::entry::Entry;
use super::numbers::numbers;
use super::strict::{Strict, canonical};
use crate::problem::ProblemError;
use crate::problem::read::{List, Table, invalid, json, present, shorten};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use thiserror::Error;

/// The name of the format.
pub const REFERENCE_FORMAT: &str = "noise-equilibrium/reference-1";

/// Why a file is refused.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ReferenceError {
    /// Not JSON, or JSON of another shape.
    #[error("{0}")]
    File(#[from] ProblemError),
    /// The wrong format.
    #[error("format: expected \"{REFERENCE_FORMAT}\", found {0:?}")]
    Format(String),
    /// A field that is wrong in itself.
    #[error("{0}")]
    Invalid(String),
}

/// The reference values of one family.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// Its name, and the file's.
    pub family: String,
    /// The program that wrote it, with its version.
    pub program: String,
    /// The entries.
    pub entries: Vec<Entry>,
}

/// The name of a family's file.
pub fn family_file(family: &str) -> String {
    format!("{family}.json")
}

#[derive(Deserialize)]
struct Header {
    #[serde(default)]
    format: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadFile {
    #[serde(rename = "format")]
    _format: String,
    family: String,
    program: String,
    entries: List<Table<ReadEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReadEntry {
    id: String,
    note: String,
    problem: Strict,
    sha256: String,
    route: String,
    second_route: String,
    #[serde(default, deserialize_with = "present")]
    agreement: Option<i64>,
    solution: Strict,
}

#[derive(Serialize)]
struct WrittenFile<'a> {
    format: &'a str,
    family: &'a str,
    program: &'a str,
    entries: Vec<WrittenEntry<'a>>,
}

#[derive(Serialize)]
struct WrittenEntry<'a> {
    id: &'a str,
    note: &'a str,
    problem: Box<RawValue>,
    sha256: &'a str,
    route: &'a str,
    second_route: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    agreement: Option<i64>,
    solution: BTreeMap<&'a str, Box<RawValue>>,
}

impl Family {
    /// Reads a file.
    ///
    /// # Errors
    /// [`ReferenceError`] with the entry, the field and what would be right.
    pub fn read(text: &str) -> Result<Self, ReferenceError> {
        // The format first: the fields of another format would only confuse.
        let Table(header): Table<Header> = json(text)?;
        if header.format != REFERENCE_FORMAT {
            return Err(ReferenceError::Format(shorten(&header.format)));
        }
        let Table(file): Table<ReadFile> = json(text)?;
        let mut entries: Vec<Entry> = Vec::new();
        for Table(own) in file.entries.0 {
            let wrong = |message: String| {
                let id = shorten(&own.id);
                ReferenceError::from(invalid(format!("{id}: {message}")))
            };
            if entries.iter().any(|entry| entry.id == own.id) {
                return Err(wrong("expected each id once, found it again".to_owned()));
            }
            let solution = own.solution.0;
            numbers(&solution).map_err(|error| wrong(format!("solution.{error}")))?;
            if solution.get("status").and_then(Value::as_str).is_none() {
                return Err(wrong("solution.status: expected a string".to_owned()));
            }
            entries.push(Entry {
                id: own.id,
                note: own.note,
                problem: own.problem.0,
                sha256: own.sha256,
                solution,
                route: own.route,
                second_route: own.second_route,
                agreement: own.agreement,
            });
        }
        Ok(Self {
            family: file.family,
            program: file.program,
            entries,
        })
    }

    /// The file's text.
    ///
    /// # Errors
    /// What serde says; nothing here should make it.
    pub fn write(&self) -> Result<String, serde_json::Error> {
        let raw = |value: &Value| RawValue::from_string(canonical(value));
        let mut entries = Vec::new();
        for own in &self.entries {
            let fields = own.solution.as_object().into_iter().flatten();
            let fields = fields.map(|(key, value)| Ok((key.as_str(), raw(value)?)));
            let solution = fields.collect::<Result<_, serde_json::Error>>()?;
            entries.push(WrittenEntry {
                id: &own.id,
                note: &own.note,
                problem: raw(&own.problem)?,
                sha256: &own.sha256,
                route: &own.route,
                second_route: &own.second_route,
                agreement: own.agreement,
                solution,
            });
        }
        let mut text = serde_json::to_string_pretty(&WrittenFile {
            format: REFERENCE_FORMAT,
            family: &self.family,
            program: &self.program,
            entries,
        })?;
        text.push('\n');
        Ok(text)
    }
}
