//! The file of one case, written when it fails and read by `audit --replay`.

use super::case::{AnyLoss, ExperimentCase, FamilyCase, NetworkCase, SpectrumCase};
use super::evidence::Outcome;
use super::find;
use super::law::{AnyOperands, Law, Operands};
use crate::balance::{Spectrum, Strength, Term};
use crate::model::{
    Activation, Adapter, Attention, Deep, DiagonalLinear, Model, Sample, ScaleInvariant, Symmetric,
};
use crate::problem::ProblemError;
use crate::problem::read::{
    GeneratorFile, List, PLACE, Table, TermFile, Whole, exact, json, listed, shorten, spectrum,
};
use crate::scalar::{Exact, Rational};
use crate::symmetry::{Block, Generator, Slice};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
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
#[derive(Clone, Debug)]
pub struct Replay {
    /// Which check it is, and what was found.
    pub heading: Heading,
    /// The operands.
    pub case: Arc<dyn AnyOperands>,
}

/// What a replay file says beside the case.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Heading {
    format: String,
    /// The statement's identifier.
    pub statement: String,
    /// The check's name.
    pub check: String,
    /// The control's name, if it was one that was not caught.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub control: Option<String>,
    /// What was found.
    #[serde(default)]
    pub found: String,
}

impl Heading {
    /// That of one check.
    pub fn new(statement: &str, check: &str, control: Option<&str>, found: String) -> Self {
        Self {
            format: FORMAT.to_owned(),
            statement: statement.to_owned(),
            check: check.to_owned(),
            control: control.map(str::to_owned),
            found,
        }
    }

    /// The check in the ledger, and which of its controls is meant.
    fn law(&self) -> Result<(&'static dyn Law, Option<usize>), ReplayError> {
        let unknown = |field, expected: Vec<&str>, found: &str| ReplayError::Unknown {
            field,
            expected: expected.join(", "),
            found: shorten(found),
        };
        let statement = find(&self.statement).ok_or_else(|| {
            let all = super::LEDGER.iter().map(|statement| statement.id);
            unknown("statement", all.collect(), &self.statement)
        })?;
        let mut checks = statement.checks.iter();
        let check = checks.find(|check| check.name() == self.check);
        let check = check.ok_or_else(|| {
            let all = statement.checks.iter().map(|check| check.name());
            unknown("check", all.collect(), &self.check)
        })?;
        let Some(name) = &self.control else {
            return Ok((*check, None));
        };
        let own = check.controls();
        match own.iter().position(|control| control == name) {
            Some(control) => Ok((*check, Some(control))),
            None => Err(unknown("control", own, name)),
        }
    }
}

/// Equal files.
impl PartialEq for Replay {
    fn eq(&self, other: &Self) -> bool {
        self.write() == other.write()
    }
}

impl Replay {
    /// Reads a replay file.
    ///
    /// # Errors
    /// [`ReplayError`] names the field and what would be right.
    pub fn read(text: &str) -> Result<Self, ReplayError> {
        // The format first: the fields of another format would only confuse.
        let Table(format): Table<Format> = json(text)?;
        if format.format != FORMAT {
            return Err(ReplayError::Format(shorten(&format.format)));
        }
        let Table(file): Table<ReplayFile<IgnoredAny>> = json(text)?;
        let (law, _) = file.heading.law()?;
        let kinds: Vec<&str> = file.case.keys().map(String::as_str).collect();
        if kinds != [law.kind()] {
            return Err(ReplayError::Unknown {
                field: "case",
                expected: law.kind().to_owned(),
                found: shorten(&kinds.join(", ")),
            });
        }
        Ok(Self {
            case: law.read(text)?.into(),
            heading: file.heading,
        })
    }

    /// The file's text.
    pub fn write(&self) -> String {
        self.case.write(&self.heading)
    }

    /// Runs the check on the operands again.
    ///
    /// # Errors
    /// [`ReplayError::Unknown`] if the ledger has no such statement, check or control.
    pub fn run(&self) -> Result<Outcome, ReplayError> {
        let (law, control) = self.heading.law()?;
        Ok(law.run(&*self.case, control, &|_| ()).0)
    }
}

#[derive(Deserialize)]
struct Format {
    #[serde(default)]
    format: String,
}

/// A replay file with a case of one kind.
#[derive(Deserialize, Serialize)]
struct ReplayFile<F> {
    #[serde(flatten)]
    heading: Heading,
    case: BTreeMap<String, F>,
}

/// The text of a replay file.
pub(super) fn write<C: Operands>(heading: &Heading, case: &C) -> String {
    write_as(heading, C::KIND, case.file())
}

/// The text of a replay file with a case of this kind.
pub(super) fn write_as(heading: &Heading, kind: &str, case: impl Serialize) -> String {
    let file = ReplayFile {
        heading: heading.clone(),
        case: BTreeMap::from([(kind.to_owned(), case)]),
    };
    // Strings, numbers and lists only: this cannot fail.
    let mut text = serde_json::to_string_pretty(&file).unwrap_or_default();
    text.push('\n');
    text
}

/// What a replay file says beside the case.
pub(super) fn heading(text: &str) -> Result<Heading, ReplayError> {
    let Table(file): Table<ReplayFile<IgnoredAny>> = json(text)?;
    Ok(file.heading)
}

/// The case in a replay file's text.
pub(super) fn read<C: Operands>(text: &str) -> Result<C, ReplayError> {
    C::from_file(read_as(text, C::KIND)?)
}

fn read_as<F: DeserializeOwned>(text: &str, kind: &str) -> Result<F, ReplayError> {
    #[derive(Deserialize)]
    struct CaseFile<F> {
        case: BTreeMap<String, F>,
    }
    let mut file: CaseFile<Table<F>> = json(text)?;
    match file.case.remove(kind) {
        Some(Table(case)) => Ok(case),
        None => Err(ReplayError::Unknown {
            field: "case",
            expected: kind.to_owned(),
            found: "another".to_owned(),
        }),
    }
}

/// A case without its model, for a loss that files know nothing of.
pub(super) fn without_model<L: AnyLoss>(case: &NetworkCase<L>) -> NetworkFile {
    NetworkFile::of(case, None)
}

/// Reads such a case again, for the loss that it was of, and for samples of this shape.
pub(super) fn read_for<L: AnyLoss>(
    text: &str,
    kind: &str,
    loss: L,
    shape: (usize, usize),
) -> Result<NetworkCase<L>, ReplayError> {
    let file: NetworkFile = read_as(text, kind)?;
    file.complete(loss, Rational::new(), shape)
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExperimentFile {
    seed: Whole,
    full: bool,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FamilyFile {
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
pub struct SpectrumFile {
    terms: List<Table<TermFile>>,
    gamma: Exact,
    sigma2: Exact,
    lambda: Exact,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkFile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<Table<ModelFile>>,
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

fn number(q: &Rational) -> Exact {
    Exact(q.clone())
}

fn strength(gamma: Exact, sigma2: Exact) -> Result<Strength<Rational>, ReplayError> {
    let strength = Strength::new(gamma.0, sigma2.0);
    Ok(strength.map_err(|error| ProblemError::Invalid(error.to_string()))?)
}

impl Operands for ExperimentCase {
    const KIND: &'static str = "experiment";
    type File = ExperimentFile;

    fn file(&self) -> Self::File {
        ExperimentFile {
            seed: Whole(self.seed),
            full: self.full,
        }
    }

    fn from_file(file: Self::File) -> Result<Self, ReplayError> {
        Ok(Self {
            seed: file.seed.0,
            full: file.full,
        })
    }
}

impl Operands for SpectrumCase {
    const KIND: &'static str = "spectrum";
    type File = SpectrumFile;

    fn file(&self) -> Self::File {
        let terms = self.spectrum.terms().iter();
        SpectrumFile {
            terms: List(terms.map(TermFile::from).map(Table).collect()),
            gamma: number(&self.strength.gamma),
            sigma2: number(&self.strength.sigma2),
            lambda: number(&self.lambda),
        }
    }

    fn from_file(file: Self::File) -> Result<Self, ReplayError> {
        let strength = strength(file.gamma, file.sigma2)?;
        displacement(&file.lambda.0)?;
        let spectrum = spectrum(
            "case.spectrum.terms",
            file.terms.0.into_iter().map(|term| term.0).collect(),
        )?;
        Ok(Self {
            spectrum,
            strength,
            lambda: file.lambda.0,
        })
    }
}

impl Operands for FamilyCase {
    const KIND: &'static str = "family";
    type File = FamilyFile;

    fn file(&self) -> Self::File {
        let terms = self.spectrum.terms().iter().map(|t| {
            Table(FamilyTermFile {
                rates: listed(&t.rate),
                noise: number(&t.noise),
                charge: number(&t.charge),
            })
        });
        FamilyFile {
            members: Whole(self.members),
            terms: List(terms.collect()),
            gamma: number(&self.strength.gamma),
            sigma2: number(&self.strength.sigma2),
        }
    }

    fn from_file(file: Self::File) -> Result<Self, ReplayError> {
        let strength = strength(file.gamma, file.sigma2)?;
        let members = file.members.0;
        let invalid = |message: String| Err(ProblemError::Invalid(message).into());
        let mut terms = Vec::new();
        for (i, Table(term)) in file.terms.0.into_iter().enumerate() {
            let place = format!("case.family.terms[{i}]");
            let found = term.rates.0.len();
            if found != members {
                return invalid(format!(
                    "{place}.rates: expected {members} numbers, found {found}"
                ));
            }
            if term.noise.0 < 0 || term.charge.0 < 0 {
                return invalid(format!(
                    "{place}: expected noise and charge that are not negative"
                ));
            }
            terms.push(Term {
                rate: exact(term.rates),
                noise: term.noise.0,
                charge: term.charge.0,
            });
        }
        if members == 0 || terms.is_empty() {
            let message = "case.family: expected at least one generator and one term";
            return invalid(message.to_owned());
        }
        Ok(Self {
            members,
            spectrum: Spectrum::merged(terms),
            strength,
        })
    }
}

impl Operands for NetworkCase {
    const KIND: &'static str = "network";
    type File = NetworkFile;

    fn file(&self) -> Self::File {
        let model = ModelFile {
            asymmetry: (!self.asymmetry.is_zero()).then(|| number(&self.asymmetry)),
            ..ModelFile::from(&self.model)
        };
        NetworkFile::of(self, Some(Table(model)))
    }

    fn from_file(file: Self::File) -> Result<Self, ReplayError> {
        file.case()
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
    fn model(self) -> Result<Model, ReplayError> {
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
            None => Ok(model),
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
    fn of<L>(case: &NetworkCase<L>, model: Option<Table<ModelFile>>) -> Self {
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
        Self {
            model,
            samples: List(case.samples.iter().map(sample).collect()),
            theta: listed(&case.theta),
            generator: GeneratorFile::of(&case.generator).map(Table),
            block,
            gamma: number(&case.gamma),
            learning_rate: number(&case.learning_rate),
            batch: case.batch,
            lambda: number(&case.lambda),
        }
    }

    fn case(mut self) -> Result<NetworkCase, ReplayError> {
        let missing = || ReplayError::Shape("model: missing".to_owned());
        let Table(mut model) = self.model.take().ok_or_else(missing)?;
        let asymmetry = model.asymmetry.take();
        let model = model.model()?;
        check_sizes(&model, self.theta.0.len())?;
        let shape = model.shape();
        // What has no twin was written with an asymmetry of 0 once.
        let asymmetry = asymmetry.map_or_else(Rational::new, |own| own.0);
        self.complete(model, asymmetry, shape)
    }

    /// The case of a loss with samples of this shape.
    fn complete<L: AnyLoss>(
        self,
        model: L,
        asymmetry: Rational,
        (inputs, outputs): (usize, usize),
    ) -> Result<NetworkCase<L>, ReplayError> {
        let shape = |message: String| Err(ReplayError::Shape(message));
        let theta = exact(self.theta);
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
            asymmetry,
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
