//! The file of one case, written when it fails and read by `audit --replay`.

use super::case::{Case, NetworkCase, SpectrumCase};
use super::evidence::Outcome;
use super::{Draw, Statement, find};
use crate::balance::Strength;
use crate::model::{Loss, Model, Sample, ScaleInvariant, TwoLayerLeakyRelu, TwoLayerLinear};
use crate::problem::ProblemError;
use crate::problem::read::{GeneratorFile, List, TermFile, exact, json, listed, spectrum};
use crate::scalar::{Exact, Rational};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The name of the format.
pub const FORMAT: &str = "noise-equilibrium/replay-1";

/// Why a replay file is refused.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ReplayError {
    /// The file's contents.
    #[error("{0}")]
    File(#[from] ProblemError),
    /// The wrong format.
    #[error("format: expected \"{FORMAT}\", found {0:?}")]
    Format(String),
    /// A name that is not in the ledger.
    #[error("{field}: expected one of {expected}, found {found:?}")]
    Unknown {
        /// `statement`, `check` or `control`.
        field: &'static str,
        /// The names that exist.
        expected: String,
        /// What was found.
        found: String,
    },
    /// Shapes that do not fit together.
    #[error("case.network.{0}")]
    Shape(String),
}

/// One case of one check (or of one of its negative controls), with all operands exact.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    /// The statement's identifier.
    pub statement: String,
    /// The check's name.
    pub check: String,
    /// The control's name, if it was one that was not caught.
    pub control: Option<String>,
    /// What was found.
    pub found: String,
    /// The operands.
    pub case: Case,
}

impl Replay {
    /// Reads a replay file.
    ///
    /// # Errors
    /// [`ReplayError`] names the field and what would be right.
    pub fn read(text: &str) -> Result<Self, ReplayError> {
        // The format first: the fields of another format would only confuse.
        let header: Header = json(text)?;
        if header.format != FORMAT {
            return Err(ReplayError::Format(header.format));
        }
        let file: ReplayFile = json(text)?;
        let ReplayFile {
            statement,
            check,
            control,
            found,
            case,
            ..
        } = file;
        Ok(Self {
            statement,
            check,
            control,
            found,
            case: case.case()?,
        })
    }

    /// The file's text.
    pub fn write(&self) -> String {
        let file = ReplayFile {
            format: FORMAT.to_owned(),
            statement: self.statement.clone(),
            check: self.check.clone(),
            control: self.control.clone(),
            found: self.found.clone(),
            case: CaseFile::from(&self.case),
        };
        // Strings, numbers and lists only: this cannot fail.
        let mut text = serde_json::to_string_pretty(&file).unwrap_or_default();
        text.push('\n');
        text
    }

    /// Runs the check on the operands again.
    ///
    /// # Errors
    /// [`ReplayError::Unknown`] if the ledger has no such statement, check or control.
    pub fn run(&self) -> Result<Outcome, ReplayError> {
        let unknown = |field, expected: Vec<&str>, found: &str| ReplayError::Unknown {
            field,
            expected: expected.join(", "),
            found: found.to_owned(),
        };
        let statement: &Statement = find(&self.statement).ok_or_else(|| {
            unknown(
                "statement",
                super::LEDGER.iter().map(|s| s.id).collect(),
                &self.statement,
            )
        })?;
        let checks = statement.checks;
        let check = checks
            .iter()
            .position(|check| check.name == self.check)
            .ok_or_else(|| {
                unknown(
                    "check",
                    checks.iter().map(|c| c.name).collect(),
                    &self.check,
                )
            })?;
        // What the check itself would draw says whether it takes a network or a spectrum.
        let own = (checks[check].draw)(&mut Draw::from_choices(Vec::new()));
        if std::mem::discriminant(&own) != std::mem::discriminant(&self.case) {
            let expected = if own.network().is_some() {
                "network"
            } else {
                "spectrum"
            };
            let found = if own.network().is_some() {
                "spectrum"
            } else {
                "network"
            };
            return Err(unknown("case", vec![expected], found));
        }
        match &self.control {
            None => Ok((checks[check].run)(&self.case)),
            Some(name) => {
                let own = statement
                    .controls
                    .iter()
                    .filter(|control| control.check == check);
                let found = own.clone().find(|control| control.name == name);
                let control = found.ok_or_else(|| {
                    unknown("control", own.map(|control| control.name).collect(), name)
                })?;
                Ok((control.run)(&self.case))
            }
        }
    }
}

#[derive(Deserialize)]
struct Header {
    #[serde(default)]
    format: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ReplayFile {
    format: String,
    statement: String,
    check: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    control: Option<String>,
    #[serde(default)]
    found: String,
    case: CaseFile,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct CaseFile {
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<NetworkFile>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spectrum: Option<SpectrumFile>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SpectrumFile {
    terms: Vec<TermFile>,
    gamma: Exact,
    sigma2: Exact,
    lambda: Exact,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct NetworkFile {
    model: ModelFile,
    samples: Vec<SampleFile>,
    theta: List<Exact>,
    generator: GeneratorFile,
    gamma: Exact,
    learning_rate: Exact,
    batch: usize,
    lambda: Exact,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ModelFile {
    kind: String,
    inputs: usize,
    hidden: usize,
    outputs: usize,
    #[serde(default)]
    slope: Exact,
    #[serde(default)]
    asymmetry: Exact,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SampleFile {
    input: List<Exact>,
    target: List<Exact>,
}

impl From<&Case> for CaseFile {
    fn from(case: &Case) -> Self {
        let number = |q: &Rational| Exact(q.clone());
        match case {
            Case::Spectrum(case) => Self {
                network: None,
                spectrum: Some(SpectrumFile {
                    terms: case.spectrum.terms().iter().map(TermFile::from).collect(),
                    gamma: number(&case.strength.gamma),
                    sigma2: number(&case.strength.sigma2),
                    lambda: number(&case.lambda),
                }),
            },
            Case::Network(case) => {
                let (inputs, hidden, outputs) = case.model.shape();
                let slope = match &case.model {
                    Model::TwoLayerLeakyRelu(model) => model.slope.clone(),
                    _ => Rational::new(),
                };
                let sample = |z: &Sample<Rational>| SampleFile {
                    input: listed(&z.input),
                    target: listed(&z.target),
                };
                let network = NetworkFile {
                    model: ModelFile {
                        kind: case.model.kind().to_owned(),
                        inputs,
                        hidden,
                        outputs,
                        slope: Exact(slope),
                        asymmetry: number(case.model.asymmetry()),
                    },
                    samples: case.samples.iter().map(sample).collect(),
                    theta: listed(&case.theta),
                    generator: GeneratorFile::from(&case.generator),
                    gamma: number(&case.gamma),
                    learning_rate: number(&case.learning_rate),
                    batch: case.batch,
                    lambda: number(&case.lambda),
                };
                Self {
                    network: Some(network),
                    spectrum: None,
                }
            }
        }
    }
}

impl CaseFile {
    fn case(self) -> Result<Case, ReplayError> {
        match (self.network, self.spectrum) {
            (Some(file), None) => Ok(Case::Network(file.case()?)),
            (None, Some(file)) => {
                let strength = Strength::new(file.gamma.0, file.sigma2.0)
                    .map_err(|error| ProblemError::Invalid(error.to_string()))?;
                displacement(&file.lambda.0)?;
                let spectrum = spectrum("case.spectrum.terms", file.terms)?;
                Ok(Case::Spectrum(SpectrumCase {
                    spectrum,
                    strength,
                    lambda: file.lambda.0,
                }))
            }
            _ => Err(ProblemError::Invalid(
                "case: expected either a network or a spectrum, found both or neither".to_owned(),
            )
            .into()),
        }
    }
}

/// Batches that are enumerated at the most.
const MAX_BATCHES: usize = 10_000;

/// Exponentials of larger displacements take too long to be worth a replay.
fn displacement(lambda: &Rational) -> Result<(), ReplayError> {
    if lambda.clone().abs() > 1_000_000 {
        let message = "case: lambda: expected a number within ±1000000".to_owned();
        return Err(ProblemError::Invalid(message).into());
    }
    Ok(())
}

impl NetworkFile {
    fn case(self) -> Result<NetworkCase, ReplayError> {
        let shape = |message: String| Err(ReplayError::Shape(message));
        let ModelFile {
            kind,
            inputs,
            hidden,
            outputs,
            slope,
            asymmetry,
        } = self.model;
        let (slope, asymmetry) = (slope.0, asymmetry.0);
        let model = match kind.as_str() {
            "two-layer-linear" => Model::TwoLayerLinear(TwoLayerLinear {
                inputs,
                hidden,
                outputs,
                asymmetry,
            }),
            "two-layer-leaky-relu" => Model::TwoLayerLeakyRelu(TwoLayerLeakyRelu {
                inputs,
                hidden,
                outputs,
                slope,
                asymmetry,
            }),
            "scale-invariant" => Model::ScaleInvariant(ScaleInvariant {
                inputs,
                outputs,
                asymmetry,
            }),
            kind => {
                return shape(format!(
                    "model.kind: expected two-layer-linear, two-layer-leaky-relu or scale-invariant, found {kind:?}"
                ));
            }
        };
        // Sizes are bounded by the file's own lists before anything is allocated.
        let theta = exact(self.theta);
        let plausible = |n: usize| (1..=theta.len()).contains(&n);
        let layered = !matches!(model, Model::ScaleInvariant(_));
        if !plausible(inputs) || !plausible(outputs) || (layered && !plausible(hidden)) {
            return shape(format!(
                "model: expected sizes from 1 to {}, the length of theta",
                theta.len()
            ));
        }
        if theta.len() != model.dim() {
            return shape(format!(
                "theta: expected {} numbers, found {}",
                model.dim(),
                theta.len()
            ));
        }
        if self.samples.is_empty() {
            return shape("samples: expected at least one, found none".to_owned());
        }
        let mut samples = Vec::new();
        for (i, file) in self.samples.into_iter().enumerate() {
            let sample = Sample {
                input: exact(file.input),
                target: exact(file.target),
            };
            for (field, expected, found) in [
                ("input", inputs, sample.input.len()),
                ("target", outputs, sample.target.len()),
            ] {
                if expected != found {
                    return shape(format!(
                        "samples[{i}].{field}: expected {expected} numbers, found {found}"
                    ));
                }
            }
            samples.push(sample);
        }
        let generator = self.generator.check(theta.len())?;
        if generator.dim() != theta.len() {
            return shape(format!(
                "generator: expected one of {} parameters, found {}",
                theta.len(),
                generator.dim()
            ));
        }
        // Every batch is enumerated: N^B of them.
        let batches = u32::try_from(self.batch)
            .ok()
            .and_then(|b| samples.len().checked_pow(b));
        if self.batch == 0 || batches.is_none_or(|count| count > MAX_BATCHES) {
            return shape(format!(
                "batch: expected a number from 1 with at most {MAX_BATCHES} batches of {} samples, found {}",
                samples.len(),
                self.batch
            ));
        }
        if self.learning_rate.0 <= 0 {
            return shape("learning_rate: expected a positive number".to_owned());
        }
        if self.gamma.0 < 0 {
            return shape("gamma: expected a number that is not negative".to_owned());
        }
        displacement(&self.lambda.0)?;
        Ok(NetworkCase {
            model,
            samples,
            theta,
            generator,
            gamma: self.gamma.0,
            learning_rate: self.learning_rate.0,
            batch: self.batch,
            lambda: self.lambda.0,
        })
    }
}
