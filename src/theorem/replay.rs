//! The file of one case, written when it fails and read by `audit --replay`.

use super::case::{Case, ExperimentCase, FamilyCase, NetworkCase, SpectrumCase};
use super::evidence::Outcome;
use super::{Draw, Statement, find};
use crate::balance::{Spectrum, Strength, Term};
use crate::model::{
    Activation, Adapter, Attention, Deep, DiagonalLinear, Loss, Model, Sample, ScaleInvariant, Twin,
};
use crate::problem::ProblemError;
use crate::problem::read::{
    GeneratorFile, List, PLACE, Table, TermFile, Whole, exact, json, listed, shorten, spectrum,
};
use crate::scalar::{Exact, Rational};
use crate::symmetry::{Block, Generator, Slice};
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
        let Table(header): Table<Header> = json(text)?;
        if header.format != FORMAT {
            return Err(ReplayError::Format(shorten(&header.format)));
        }
        let Table(file): Table<ReplayFile> = json(text)?;
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
            found: shorten(found),
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
        // What the check itself would draw says which kind of case it takes.
        let own = (checks[check].draw)(&mut Draw::from_choices(Vec::new()));
        if std::mem::discriminant(&own) != std::mem::discriminant(&self.case) {
            return Err(unknown("case", vec![own.kind()], self.case.kind()));
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
#[serde(rename_all = "lowercase")]
enum CaseFile {
    Network(Box<Table<NetworkFile>>),
    Spectrum(Table<SpectrumFile>),
    Family(Table<FamilyFile>),
    Experiment(Table<ExperimentFile>),
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ExperimentFile {
    seed: Whole,
    full: bool,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct FamilyFile {
    members: Whole,
    terms: List<Table<FamilyTermFile>>,
    gamma: Exact,
    sigma2: Exact,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct FamilyTermFile {
    rates: List<Exact>,
    noise: Exact,
    charge: Exact,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SpectrumFile {
    terms: List<Table<TermFile>>,
    gamma: Exact,
    sigma2: Exact,
    lambda: Exact,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct NetworkFile {
    model: Table<ModelFile>,
    samples: List<Table<SampleFile>>,
    theta: List<Exact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generator: Option<Table<GeneratorFile>>,
    /// In place of a generator of problem-1.
    #[serde(skip_serializing_if = "Option::is_none")]
    block: Option<Table<BlockFile>>,
    gamma: Exact,
    learning_rate: Exact,
    batch: usize,
    lambda: Exact,
}

/// A model of any kind; each has some of the fields.
#[derive(Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct ModelFile {
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    widths: Option<List<Whole>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    slope: Option<Exact>,
    #[serde(skip_serializing_if = "Option::is_none")]
    frozen: Option<List<Exact>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens: Option<Whole>,
    #[serde(skip_serializing_if = "Option::is_none")]
    embedding: Option<Whole>,
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<Whole>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inputs: Option<Whole>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outputs: Option<Whole>,
    #[serde(skip_serializing_if = "Option::is_none")]
    depth: Option<Whole>,
    #[serde(skip_serializing_if = "Option::is_none")]
    per_row: Option<bool>,
    /// ε of a twin.
    #[serde(skip_serializing_if = "Option::is_none")]
    asymmetry: Option<Exact>,
}

/// K on slices of θ, which only replays have.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct BlockFile {
    direction: List<List<Exact>>,
    slices: List<Table<SliceFile>>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct SliceFile {
    offset: Whole,
    stride: Whole,
    negated: bool,
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
            Case::Experiment(case) => Self::Experiment(Table(ExperimentFile {
                seed: Whole(case.seed),
                full: case.full,
            })),
            Case::Spectrum(case) => {
                let terms = case.spectrum.terms().iter();
                Self::Spectrum(Table(SpectrumFile {
                    terms: List(terms.map(TermFile::from).map(Table).collect()),
                    gamma: number(&case.strength.gamma),
                    sigma2: number(&case.strength.sigma2),
                    lambda: number(&case.lambda),
                }))
            }
            Case::Family(case) => {
                let terms = case.spectrum.terms().iter().map(|t| {
                    Table(FamilyTermFile {
                        rates: listed(&t.rate),
                        noise: number(&t.noise),
                        charge: number(&t.charge),
                    })
                });
                Self::Family(Table(FamilyFile {
                    members: Whole(case.members),
                    terms: List(terms.collect()),
                    gamma: number(&case.strength.gamma),
                    sigma2: number(&case.strength.sigma2),
                }))
            }
            Case::Network(case) => {
                let sample = |z: &Sample<Rational>| {
                    Table(SampleFile {
                        input: listed(&z.input),
                        target: listed(&z.target),
                    })
                };
                let block = match &case.generator {
                    Generator::Block(block) => Some(Table(BlockFile::from(block))),
                    _ => None,
                };
                let network = NetworkFile {
                    model: Table(ModelFile::from(&case.model)),
                    samples: List(case.samples.iter().map(sample).collect()),
                    theta: listed(&case.theta),
                    generator: GeneratorFile::of(&case.generator).map(Table),
                    block,
                    gamma: number(&case.gamma),
                    learning_rate: number(&case.learning_rate),
                    batch: case.batch,
                    lambda: number(&case.lambda),
                };
                Self::Network(Box::new(Table(network)))
            }
        }
    }
}

impl From<&Model> for ModelFile {
    fn from(model: &Model) -> Self {
        let whole = |n: usize| Some(Whole(n));
        let file = Self {
            kind: model.kind().to_owned(),
            ..Self::default()
        };
        let widths = |deep: &Deep| Some(List(deep.widths.iter().copied().map(Whole).collect()));
        match model {
            Model::Deep(deep) => Self {
                widths: widths(deep),
                slope: match &deep.activation {
                    Activation::LeakyRelu { slope } => Some(Exact(slope.clone())),
                    Activation::Identity | Activation::Tanh => None,
                },
                ..file
            },
            Model::DiagonalLinear(model) => Self {
                inputs: whole(model.inputs),
                depth: whole(model.depth),
                ..file
            },
            Model::ScaleInvariant(model) => Self {
                inputs: whole(model.inputs),
                outputs: whole(model.outputs),
                per_row: Some(model.per_row),
                ..file
            },
            Model::Attention(model) => Self {
                tokens: whole(model.tokens),
                embedding: whole(model.embedding),
                head: whole(model.head),
                outputs: whole(model.outputs),
                ..file
            },
            Model::Adapter(model) => Self {
                widths: widths(&model.factor),
                frozen: Some(listed(&model.frozen)),
                ..file
            },
            Model::Twin(twin) => {
                let loss = Self::from(&twin.loss);
                // The terms of a twin's twin add up.
                let inner = loss.asymmetry.map_or_else(Rational::new, |own| own.0);
                Self {
                    asymmetry: Some(Exact(inner + &twin.asymmetry)),
                    ..loss
                }
            }
        }
    }
}

impl From<&Block> for BlockFile {
    fn from(block: &Block) -> Self {
        let direction = block.direction().row_iter();
        let slice = |slice: &Slice| {
            Table(SliceFile {
                offset: Whole(slice.offset),
                stride: Whole(slice.stride),
                negated: slice.negated,
            })
        };
        Self {
            direction: List(direction.map(|row| listed(row.iter())).collect()),
            slices: List(block.slices().iter().map(slice).collect()),
        }
    }
}

impl ModelFile {
    /// The names of the fields that are there.
    fn fields(&self) -> Vec<String> {
        let value = serde_json::to_value(self).unwrap_or_default();
        let fields = value.as_object().into_iter().flatten();
        fields.map(|(name, _)| name.clone()).collect()
    }

    /// The model, of whatever sizes the file says.
    fn model(mut self) -> Result<Model, ReplayError> {
        let asymmetry = self
            .asymmetry
            .take()
            .map_or_else(Rational::new, |own| own.0);
        let given = self.fields();
        let missing = |field: &str| ReplayError::Shape(format!("model.{field}: missing"));
        let whole = |field: &str, n: Option<Whole>| match n {
            Some(Whole(n)) => Ok(n),
            None => Err(missing(field)),
        };
        let deep = |widths: Option<List<Whole>>, activation| {
            let widths = widths.ok_or_else(|| missing("widths"))?;
            Ok::<Deep, ReplayError>(Deep {
                widths: widths.0.into_iter().map(|n| n.0).collect(),
                activation,
            })
        };
        let model = match self.kind.as_str() {
            "deep-linear" => Model::Deep(deep(self.widths, Activation::Identity)?),
            "deep-leaky-relu" => {
                let slope = self.slope.ok_or_else(|| missing("slope"))?.0;
                Model::Deep(deep(self.widths, Activation::LeakyRelu { slope })?)
            }
            "tanh" => Model::Deep(deep(self.widths, Activation::Tanh)?),
            "diagonal-linear" => Model::DiagonalLinear(DiagonalLinear {
                inputs: whole("inputs", self.inputs)?,
                depth: whole("depth", self.depth)?,
            }),
            "scale-invariant" => Model::ScaleInvariant(ScaleInvariant {
                inputs: whole("inputs", self.inputs)?,
                outputs: whole("outputs", self.outputs)?,
                per_row: self.per_row.ok_or_else(|| missing("per_row"))?,
            }),
            "attention" => Model::Attention(Attention {
                tokens: whole("tokens", self.tokens)?,
                embedding: whole("embedding", self.embedding)?,
                head: whole("head", self.head)?,
                outputs: whole("outputs", self.outputs)?,
            }),
            "adapter" => Model::Adapter(Adapter {
                factor: deep(self.widths, Activation::Identity)?,
                frozen: exact(self.frozen.ok_or_else(|| missing("frozen"))?),
            }),
            kind => {
                return Err(ReplayError::Shape(format!(
                    "model.kind: expected deep-linear, deep-leaky-relu, tanh, diagonal-linear, scale-invariant, attention or adapter, found {:?}",
                    shorten(kind)
                )));
            }
        };
        let own = Self::from(&model).fields();
        match given.into_iter().find(|field| !own.contains(field)) {
            Some(field) => Err(ReplayError::Shape(format!(
                "model.{field}: does not go with kind \"{}\"",
                model.kind()
            ))),
            // What has no twin was written with an asymmetry of 0 once.
            None if asymmetry.is_zero() => Ok(model),
            None => Ok(Model::Twin(Box::new(Twin {
                loss: model,
                asymmetry,
            }))),
        }
    }
}

/// Sizes are bounded by the file's own lists before anything is allocated.
fn check_sizes(model: &Model, theta: usize) -> Result<(), ReplayError> {
    let shape = |message: String| Err(ReplayError::Shape(message));
    let sizes = match model {
        Model::Deep(deep) => &deep.widths[..],
        Model::DiagonalLinear(model) => &[model.inputs, model.depth],
        Model::ScaleInvariant(model) => &[model.inputs, model.outputs],
        Model::Attention(model) => &[model.embedding, model.head, model.outputs],
        Model::Adapter(adapter) => &adapter.factor.widths,
        Model::Twin(twin) => return check_sizes(&twin.loss, theta),
    };
    if !sizes.iter().all(|size| (1..=theta).contains(size)) {
        return shape(format!(
            "model: expected sizes from 1 to {theta}, the length of theta"
        ));
    }
    match model {
        Model::Deep(deep) if deep.widths.len() < 2 => {
            shape("model.widths: expected those of the input and of the output at least".to_owned())
        }
        Model::Adapter(Adapter { factor, .. }) if factor.widths.len() != 3 => {
            shape("model.widths: expected three: input, rank, output".to_owned())
        }
        Model::Adapter(Adapter { factor, frozen }) => {
            let (inputs, outputs) = factor.shape();
            let entries = inputs.saturating_mul(outputs);
            if frozen.len() != entries {
                return shape(format!(
                    "model.frozen: expected {entries} numbers, found {}",
                    frozen.len()
                ));
            }
            Ok(())
        }
        Model::Attention(model) if model.tokens == 0 => {
            shape("model.tokens: expected at least one, found none".to_owned())
        }
        _ => Ok(()),
    }
}

impl BlockFile {
    /// `dim` is the length of θ.
    fn check(self, dim: usize) -> Result<Generator, ReplayError> {
        let direction: Vec<_> = self.direction.0.into_iter().map(exact).collect();
        let slice = |Table(file): Table<SliceFile>| Slice {
            offset: file.offset.0,
            stride: file.stride.0,
            negated: file.negated,
        };
        let slices = self.slices.0.into_iter().map(slice).collect();
        Generator::block(dim, &direction, slices)
            .map_err(|error| ReplayError::Shape(format!("{PLACE}.{error}")))
    }
}

impl CaseFile {
    fn case(self) -> Result<Case, ReplayError> {
        let strength = |gamma: Exact, sigma2: Exact| {
            Strength::new(gamma.0, sigma2.0)
                .map_err(|error| ProblemError::Invalid(error.to_string()))
        };
        match self {
            Self::Network(file) => Ok(Case::Network(file.0.case()?)),
            Self::Experiment(Table(file)) => Ok(Case::Experiment(ExperimentCase {
                seed: file.seed.0,
                full: file.full,
            })),
            Self::Spectrum(Table(file)) => {
                let strength = strength(file.gamma, file.sigma2)?;
                displacement(&file.lambda.0)?;
                let spectrum = spectrum(
                    "case.spectrum.terms",
                    file.terms.0.into_iter().map(|term| term.0).collect(),
                )?;
                Ok(Case::Spectrum(SpectrumCase {
                    spectrum,
                    strength,
                    lambda: file.lambda.0,
                }))
            }
            Self::Family(Table(file)) => {
                let strength = strength(file.gamma, file.sigma2)?;
                let members = file.members.0;
                let mut terms = Vec::new();
                for (i, Table(term)) in file.terms.0.into_iter().enumerate() {
                    let place = format!("case.family.terms[{i}]");
                    let found = term.rates.0.len();
                    if found != members {
                        let message =
                            format!("{place}.rates: expected {members} numbers, found {found}");
                        return Err(ProblemError::Invalid(message).into());
                    }
                    if term.noise.0 < 0 || term.charge.0 < 0 {
                        let message =
                            format!("{place}: expected noise and charge that are not negative");
                        return Err(ProblemError::Invalid(message).into());
                    }
                    terms.push(Term {
                        rate: exact(term.rates),
                        noise: term.noise.0,
                        charge: term.charge.0,
                    });
                }
                if members == 0 || terms.is_empty() {
                    let message = "case.family: expected at least one generator and one term";
                    return Err(ProblemError::Invalid(message.to_owned()).into());
                }
                Ok(Case::Family(FamilyCase {
                    members,
                    spectrum: Spectrum::merged(terms),
                    strength,
                }))
            }
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
        let theta = exact(self.theta);
        let model = self.model.0.model()?;
        check_sizes(&model, theta.len())?;
        if theta.len() != model.dim() {
            return shape(format!(
                "theta: expected {} numbers, found {}",
                model.dim(),
                theta.len()
            ));
        }
        if self.samples.0.is_empty() {
            return shape("samples: expected at least one, found none".to_owned());
        }
        let (inputs, outputs) = model.shape();
        let mut samples = Vec::new();
        for (i, Table(file)) in self.samples.0.into_iter().enumerate() {
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
        let generator = match (self.generator, self.block) {
            (Some(Table(file)), None) => file.check(PLACE, theta.len())?,
            (None, Some(Table(file))) => file.check(theta.len())?,
            _ => {
                return shape(
                    "generator: expected either a generator or a block, found both or neither"
                        .to_owned(),
                );
            }
        };
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
