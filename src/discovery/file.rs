//! Reading loss-1: a formula with its parameters, and what a problem needs beside it.

use super::formula::{Formula, FormulaError, NameError, names};
use crate::balance::Strength;
use crate::problem::ProblemError;
use crate::problem::read::{
    List, StrengthFile, Table, exact, json, present, shorten, shorten_line,
};
use crate::scalar::{Exact, Rational};
use serde::Deserialize;
use thiserror::Error;

/// The name of the format.
pub const FORMAT: &str = "noise-equilibrium/loss-1";

/// A loss with what is known about its data.
#[derive(Clone, Debug)]
pub struct LossFile {
    /// The loss.
    pub formula: Formula,
    /// N samples, the numbers of the data each.
    pub samples: Option<Vec<Vec<Rational>>>,
    /// The point θ, d numbers.
    pub theta: Option<Vec<Rational>>,
    /// γ and σ².
    pub strength: Option<Strength<Rational>>,
}

/// Why a loss is refused. The text says where and what would be right.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum LossFileError {
    /// Not JSON, or JSON of another shape.
    #[error("{0}")]
    Json(String),
    /// The wrong format, or none.
    #[error("format: expected \"{FORMAT}\", found {0}")]
    Format(String),
    /// A list of names that is none.
    #[error("{field}: {error}")]
    Names {
        /// The list.
        field: &'static str,
        /// What is wrong.
        error: NameError,
    },
    /// A formula that is none.
    #[error("{field}: {error}")]
    Formula {
        /// `loss`, or a definition.
        field: String,
        /// What is wrong.
        error: FormulaError,
    },
    /// A field that is wrong in itself or against another.
    #[error("{0}")]
    Invalid(String),
}

#[derive(Deserialize)]
struct Header {
    #[serde(default, deserialize_with = "present")]
    format: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: String,
    parameters: List<String>,
    #[serde(default, deserialize_with = "present")]
    data: Option<List<String>>,
    #[serde(default, rename = "let", deserialize_with = "present")]
    definitions: Option<List<List<String>>>,
    loss: String,
    #[serde(default, deserialize_with = "present")]
    samples: Option<List<List<Exact>>>,
    #[serde(default, deserialize_with = "present")]
    theta: Option<List<Exact>>,
    #[serde(default, deserialize_with = "present")]
    strength: Option<Table<StrengthFile>>,
}

/// Reads a loss-1 text. Numbers are exact, unknown fields and duplicate keys are errors.
///
/// # Errors
/// [`LossFileError`] with the field, the column of a formula, and what would be right.
pub fn read_loss(text: &str) -> Result<LossFile, LossFileError> {
    let file = loss_file(text)?;
    let listed =
        |field, list: &[String]| names(list).map_err(|error| LossFileError::Names { field, error });
    let parameters = listed("parameters", &file.parameters.0)?;
    if parameters.is_empty() {
        return Err(invalid(
            "parameters: expected at least one name, found none",
        ));
    }
    let data = file.data.map_or(Vec::new(), |list| list.0);
    let data = listed("data", &data)?;
    let mut definitions = Vec::new();
    for (index, definition) in file
        .definitions
        .map_or(Vec::new(), |l| l.0)
        .into_iter()
        .enumerate()
    {
        match <[String; 2]>::try_from(definition.0) {
            Ok([name, text]) => definitions.push((name, text)),
            Err(other) => {
                return Err(invalid(format!(
                    "let[{index}]: expected a name and a formula, found {} texts",
                    other.len()
                )));
            }
        }
    }
    let defined: Vec<String> = definitions.iter().map(|(name, _)| name.clone()).collect();
    // Every name once, in whichever list.
    let everything = [&parameters[..], &data, &defined].concat();
    let expanded = listed("let", &everything)?;
    if expanded.len() != everything.len() {
        return Err(invalid(
            "let: expected a single name for each definition, found a range",
        ));
    }
    let definitions: Vec<(String, String)> = expanded[parameters.len() + data.len()..]
        .iter()
        .cloned()
        .zip(definitions.into_iter().map(|(_, text)| text))
        .collect();
    let formula = Formula::with_definitions(&definitions, &file.loss, &parameters, &data);
    let formula = formula.map_err(|(index, error)| LossFileError::Formula {
        field: index.map_or("loss".to_owned(), |index| format!("let[{index}][1]")),
        error,
    })?;
    let samples = file.samples.map(|list| {
        let rows = list.0.into_iter().map(exact);
        rows.collect::<Vec<Vec<Rational>>>()
    });
    for (index, sample) in samples.iter().flatten().enumerate() {
        if sample.len() != data.len() {
            return Err(invalid(format!(
                "samples[{index}]: expected {} numbers, one for each datum, found {}",
                data.len(),
                sample.len()
            )));
        }
    }
    if samples.as_ref().is_some_and(Vec::is_empty) {
        return Err(invalid("samples: expected at least one, found none"));
    }
    let theta = file.theta.map(exact);
    if let Some(theta) = &theta
        && theta.len() != parameters.len()
    {
        return Err(invalid(format!(
            "theta: expected {} numbers, one for each parameter, found {}",
            parameters.len(),
            theta.len()
        )));
    }
    let strength = file.strength.map(|Table(strength)| strength.check());
    Ok(LossFile {
        formula,
        samples,
        theta,
        strength: strength
            .transpose()
            .map_err(|error| invalid(error.to_string()))?,
    })
}

fn invalid(message: impl Into<String>) -> LossFileError {
    LossFileError::Invalid(shorten_line(&message.into()))
}

fn loss_file(text: &str) -> Result<File, LossFileError> {
    let bad = |error: ProblemError| LossFileError::Json(error.to_string());
    let read = json::<Table<File>>(text);
    let format = match &read {
        Ok(Table(file)) => Some(file.format.clone()),
        // The format first: the fields of another format would only confuse.
        Err(_) => match json::<Table<Header>>(text) {
            Ok(Table(header)) => header.format,
            Err(error) => return Err(bad(read.err().unwrap_or(error))),
        },
    };
    match format {
        Some(format) if format == FORMAT => read.map(|Table(file)| file).map_err(bad),
        Some(format) => Err(LossFileError::Format(format!("\"{}\"", shorten(&format)))),
        None => Err(LossFileError::Format("none".to_owned())),
    }
}
