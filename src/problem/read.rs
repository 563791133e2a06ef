//! Reading problem-1.

use super::arrays::Numbers;
use super::{Body, Problem};
use crate::balance::{
    Noise, Orbit, OrbitError, Spectrum, Strength, Term, family::FamilyOrbit,
    general_linear::GroupOrbit,
};
use crate::scalar::{Exact, Rational};
use crate::symmetry::{FactorShape, Family, Generator, SymmetryError};
use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, SeqAccess, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The name of the format.
pub const FORMAT: &str = "noise-equilibrium/problem-1";

/// Why a problem is refused. The text says where and what would be right.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ProblemError {
    /// Not JSON, or JSON of another shape.
    #[error("{0}")]
    Json(String),
    /// The wrong format, or none.
    #[error("format: expected \"{FORMAT}\", found {0}")]
    Format(String),
    /// Digits out of range.
    #[error("digits: expected a number from 1 to 100000, found {0}")]
    Digits(u64),
    /// A field that is wrong in itself or against another.
    #[error("{0}")]
    Invalid(String),
}

pub(crate) fn invalid(message: impl fmt::Display) -> ProblemError {
    ProblemError::Invalid(shorten_line(&message.to_string()))
}

/// Reads a problem-1 text. Numbers are exact, unknown fields and duplicate keys
/// are errors. Opens no file: arrays in files are refused.
///
/// # Errors
/// [`ProblemError`] with the path of the field, the index, and what would be right.
pub fn read_problem(text: &str) -> Result<Problem, ProblemError> {
    read(text, None).map(|(problem, _)| problem)
}

/// Reads a problem-1 text as [`read_problem`] does, and the arrays that it refers to,
/// in `.npy` and `.safetensors` files relative to `folder` (feature `arrays`).
///
/// # Errors
/// [`ProblemError`] with the path of the field, the index, and what would be right;
/// for an array also its file and tensor.
pub fn read_problem_in(text: &str, folder: &Path) -> Result<Problem, ProblemError> {
    read_problem_and_files(text, folder).map(|(problem, _)| problem)
}

/// Reads a problem-1 text as [`read_problem_in`] does; with it the files that were opened.
///
/// # Errors
/// As those of [`read_problem_in`].
pub fn read_problem_and_files(
    text: &str,
    folder: &Path,
) -> Result<(Problem, Vec<PathBuf>), ProblemError> {
    read(text, Some(folder))
}

fn read(text: &str, folder: Option<&Path>) -> Result<(Problem, Vec<PathBuf>), ProblemError> {
    let file = problem_file(text)?;
    let strength = file
        .strength
        .ok_or_else(|| invalid("strength: missing"))?
        .0
        .check()?;
    let theta = file.theta.as_ref().and_then(Numbers::file);
    let matrices = [&file.gradients, &file.covariance];
    let matrices = matrices.map(|matrix| matrix.as_ref().and_then(Numbers::file));
    let names = theta.into_iter().chain(matrices.into_iter().flatten());
    let files = names.filter_map(|name| folder.map(|folder| folder.join(name)));
    let files = files.collect();
    let body = match (file.spectrum, file.generator) {
        (Some(_), Some(_)) => {
            return Err(invalid(
                "spectrum: expected either a spectrum or a generator, found both",
            ));
        }
        (None, None) => {
            return Err(invalid(
                "spectrum: expected either a spectrum or a generator, found neither",
            ));
        }
        (Some(terms), None) => {
            for (field, present) in [
                ("theta", file.theta.is_some()),
                ("gradients", file.gradients.is_some()),
                ("covariance", file.covariance.is_some()),
            ] {
                if present {
                    return Err(invalid(format!(
                        "{field}: does not go with a spectrum; remove one"
                    )));
                }
            }
            Body::Spectrum(spectrum(
                "spectrum",
                terms.0.into_iter().map(|t| t.0).collect(),
            )?)
        }
        (None, Some(generator)) => {
            let theta = file.theta.ok_or_else(|| invalid("theta: missing"))?;
            let theta = theta.list("theta", folder)?;
            let d = theta.len();
            let symmetry = generator.0.symmetry(d)?;
            let noise = match (file.gradients, file.covariance) {
                (Some(gradients), None) => {
                    Noise::Gradients(gradients.matrix("gradients", folder, None, d)?)
                }
                (None, Some(covariance)) => {
                    Noise::Covariance(covariance.matrix("covariance", folder, Some(d), d)?)
                }
                (Some(_), Some(_)) => {
                    return Err(invalid(
                        "covariance: expected either gradients or covariance, found both",
                    ));
                }
                (None, None) => {
                    return Err(invalid(
                        "gradients: expected either gradients or covariance, found neither",
                    ));
                }
            };
            match symmetry {
                Symmetry::Single(generator) => Body::Orbit(Orbit::new(generator, theta, noise)?),
                Symmetry::Family(family) => Body::Family(FamilyOrbit::new(family, theta, noise)?),
                Symmetry::Group(_) if matches!(noise, Noise::Covariance(_)) => {
                    return Err(invalid(
                        "covariance: does not go with kind \"general-linear\"; expected gradients",
                    ));
                }
                Symmetry::Group(shape) => Body::Group(GroupOrbit::new(shape, theta, noise)?),
            }
        }
    };
    Ok((Problem { strength, body }, files))
}

fn problem_file(text: &str) -> Result<ProblemFile, ProblemError> {
    let read = json::<Table<ProblemFile>>(text);
    let format = match &read {
        Ok(Table(file)) => Some(file.format.clone()),
        // The format first: the fields of another format would only confuse. Whoever looks
        // for it alone passes over the other fields, so only the whole knows where it broke.
        Err(_) => match json::<Table<Header>>(text) {
            Ok(Table(header)) => header.format,
            Err(error) => return Err(read.err().unwrap_or(error)),
        },
    };
    match format {
        Some(format) if format == FORMAT => read.map(|Table(file)| file),
        Some(format) => Err(ProblemError::Format(format!("\"{}\"", shorten(&format)))),
        None => Err(ProblemError::Format("none".to_owned())),
    }
}

/// Decimal digits that all numbers of a file may have together once they are written
/// out: exponents are short to write, and each may ask for a million digits.
const MAX_DIGITS: u64 = 100_000_000;

/// The digits that the exponents of a text stand for, in one pass over its bytes.
fn written_out(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let (mut start, mut total) = (0, 0);
    let starts = |b: &u8| b.is_ascii_digit() || *b == b'.';
    for (i, byte) in bytes.iter().enumerate() {
        if !(byte.is_ascii_alphanumeric() || b".+-".contains(byte)) {
            start = i + 1;
        } else if b"eEpP".contains(byte) {
            let body = bytes[start..i].trim_ascii_start();
            let signed = body.first().is_some_and(|b| b"+-".contains(b));
            let body = &body[usize::from(signed)..];
            let hexadecimal = body.starts_with(b"0x") || body.starts_with(b"0X");
            let power = b"pP".contains(byte);
            if hexadecimal != power || !body.first().is_some_and(starts) {
                continue;
            }
            let tail = &bytes[i + 1..];
            let signed = tail.first().is_some_and(|b| b"+-".contains(b));
            let digits = tail.iter().skip(usize::from(signed));
            // Seven digits are more than any exponent that is accepted.
            let digits = digits.take_while(|b| b.is_ascii_digit()).take(7);
            let exponent = digits.fold(0, |n, b| n * 10 + u64::from(b - b'0'));
            // log₁₀ 2 is 0.301….
            total += if power {
                exponent * 302 / 1000
            } else {
                exponent
            };
        }
    }
    total
}

/// JSON with the path of what is wrong in the message.
pub(crate) fn json<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, ProblemError> {
    let digits = written_out(text);
    if digits > MAX_DIGITS {
        return Err(ProblemError::Json(format!(
            "numbers: expected exponents that stand for at most {MAX_DIGITS} digits in all, found {digits}"
        )));
    }
    // Whoever writes down the path as well takes longer, so only where something is wrong.
    if let Ok(value) = serde_json::from_str(text) {
        return Ok(value);
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        // A broken key has no name: its segment is "?".
        let path = error.path().to_string();
        let path = path.trim_end_matches('?').trim_end_matches('.');
        let message = describe(error.inner());
        ProblemError::Json(if path.is_empty() {
            message
        } else {
            shorten_line(&format!("{path}: {message}"))
        })
    })?;
    deserializer
        .end()
        .map_err(|error| ProblemError::Json(describe(&error)))?;
    Ok(value)
}

fn describe(error: &serde_json::Error) -> String {
    let message = shorten_line(&error.to_string());
    if error.is_syntax() || error.is_eof() {
        // Other languages write bare NaN and Infinity, quote with ', or lead with a mark.
        format!("expected JSON: {message} (finite numbers only, double quotes, no byte order mark)")
    } else {
        message
    }
}

pub(crate) fn shorten(text: &str) -> String {
    let head: String = text.chars().take(60).collect();
    if head.len() < text.len() {
        format!("{head}…")
    } else {
        head
    }
}

/// One line of at most 400 characters: a message may quote the input.
pub(crate) fn shorten_line(text: &str) -> String {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if line.chars().count() <= 400 {
        return line;
    }
    let head: String = line.chars().take(200).collect();
    let tail: Vec<char> = line.chars().rev().take(100).collect();
    format!("{head} … {}", tail.into_iter().rev().collect::<String>())
}

pub(crate) fn exact(list: List<Exact>) -> Vec<Rational> {
    list.0.into_iter().map(|x| x.0).collect()
}

#[derive(Deserialize)]
struct Header {
    #[serde(default, deserialize_with = "present")]
    format: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProblemFile {
    format: String,
    #[serde(default, deserialize_with = "present")]
    strength: Option<Table<StrengthFile>>,
    #[serde(default, deserialize_with = "present")]
    spectrum: Option<List<Table<TermFile>>>,
    #[serde(default, deserialize_with = "present")]
    generator: Option<Table<GeneratorFile>>,
    #[serde(default, deserialize_with = "present")]
    theta: Option<Numbers<Exact>>,
    #[serde(default, deserialize_with = "present")]
    gradients: Option<Numbers<List<Exact>>>,
    #[serde(default, deserialize_with = "present")]
    covariance: Option<Numbers<List<Exact>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StrengthFile {
    #[serde(default)]
    gamma: Exact,
    #[serde(default, deserialize_with = "present")]
    sigma2: Option<Exact>,
    #[serde(default, deserialize_with = "present")]
    learning_rate: Option<Exact>,
    #[serde(default, deserialize_with = "present")]
    batch_size: Option<Exact>,
}

impl StrengthFile {
    pub(crate) fn check(self) -> Result<Strength<Rational>, ProblemError> {
        let strength = match (self.sigma2, self.learning_rate, self.batch_size) {
            (Some(sigma2), None, None) => Strength::new(self.gamma.0, sigma2.0),
            (None, Some(rate), Some(batch)) => {
                Strength::from_learning_rate(self.gamma.0, rate.0, batch.0)
            }
            (Some(_), _, _) => {
                return Err(invalid(
                    "strength.sigma2: expected either sigma2, or learning_rate and batch_size, found both",
                ));
            }
            (None, Some(_), None) => {
                return Err(invalid("strength.batch_size: missing beside learning_rate"));
            }
            (None, None, Some(_)) => {
                return Err(invalid("strength.learning_rate: missing beside batch_size"));
            }
            (None, None, None) => {
                return Err(invalid(
                    "strength.sigma2: expected either sigma2, or learning_rate and batch_size, found neither",
                ));
            }
        };
        strength.map_err(invalid)
    }
}

/// A term of a spectrum as files have it.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TermFile {
    rate: Exact,
    noise: Exact,
    charge: Exact,
}

impl From<&Term<Rational>> for TermFile {
    fn from(term: &Term<Rational>) -> Self {
        let [rate, noise, charge] =
            [&term.rate, &term.noise, &term.charge].map(|q| Exact(q.clone()));
        Self {
            rate,
            noise,
            charge,
        }
    }
}

pub(crate) fn spectrum(
    list: &str,
    terms: Vec<TermFile>,
) -> Result<Spectrum<Rational>, ProblemError> {
    if terms.is_empty() {
        return Err(invalid(format!(
            "{list}: expected at least one term, found none"
        )));
    }
    for (i, term) in terms.iter().enumerate() {
        for (field, x) in [("noise", &term.noise.0), ("charge", &term.charge.0)] {
            if *x < 0 {
                return Err(invalid(format!(
                    "{list}[{i}].{field}: expected a number that is not negative, found a negative one"
                )));
            }
        }
    }
    let term = |t: TermFile| Term {
        rate: t.rate.0,
        noise: t.noise.0,
        charge: t.charge.0,
    };
    Ok(Spectrum::merged(terms.into_iter().map(term)))
}

/// A generator as files have it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GeneratorFile {
    kind: String,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    rates: Option<List<Exact>>,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    matrix: Option<List<List<Exact>>>,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    up: Option<List<Whole>>,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    down: Option<List<Whole>>,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    rows: Option<Whole>,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    rank: Option<Whole>,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    cols: Option<Whole>,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    direction: Option<List<List<Exact>>>,
    #[serde(
        default,
        deserialize_with = "present",
        skip_serializing_if = "Option::is_none"
    )]
    generators: Option<List<Table<GeneratorFile>>>,
}

/// Where the generator of a problem stands.
pub(crate) const PLACE: &str = "generator";

/// What a generator file describes.
pub(crate) enum Symmetry {
    /// One generator.
    Single(Generator),
    /// `commuting`.
    Family(Family),
    /// `general-linear`.
    Group(FactorShape),
}

impl GeneratorFile {
    /// `None` for a block, which this format does not have.
    pub(crate) fn of(generator: &Generator) -> Option<Self> {
        let kind = generator.kind().to_owned();
        let file = Self {
            kind,
            ..Self::default()
        };
        let rows = |m: &nalgebra::DMatrix<Rational>| {
            Some(List(m.row_iter().map(|row| listed(row.iter())).collect()))
        };
        let indices = |list: &[usize]| Some(List(list.iter().copied().map(Whole).collect()));
        Some(match generator {
            Generator::Diagonal(own) => Self {
                rates: Some(listed(own.rates())),
                ..file
            },
            Generator::Dense(own) => Self {
                matrix: rows(own.matrix()),
                ..file
            },
            Generator::Scaling(_) => file,
            Generator::Rescaling(own) => Self {
                up: indices(own.up()),
                down: indices(own.down()),
                ..file
            },
            Generator::Factor(factor) => Self {
                rows: Some(Whole(factor.rows())),
                rank: Some(Whole(factor.rank())),
                cols: Some(Whole(factor.cols())),
                direction: rows(factor.direction()),
                ..file
            },
            Generator::Block(_) => return None,
        })
    }
}

/// Rationals on their way to a file.
pub(crate) fn listed<'a>(numbers: impl IntoIterator<Item = &'a Rational>) -> List<Exact> {
    List(numbers.into_iter().cloned().map(Exact).collect())
}

impl GeneratorFile {
    /// A family or a group, or one generator as for [`GeneratorFile::check`].
    pub(crate) fn symmetry(self, d: usize) -> Result<Symmetry, ProblemError> {
        match self.kind.as_str() {
            "commuting" => {
                self.refuse_foreign_fields(PLACE)?;
                let members = self
                    .generators
                    .ok_or_else(|| missing(PLACE, "generators"))?;
                let members = members.0.into_iter().enumerate();
                let members = members
                    .map(|(i, Table(file))| file.check(&format!("{PLACE}.generators[{i}]"), d));
                let members: Vec<Generator> = members.collect::<Result<_, _>>()?;
                // Before anything of their size is built: θ is what the file has room for.
                if let Some(expected) = members.iter().map(Generator::dim).find(|n| *n != d) {
                    return Err(OrbitError::Theta { expected, found: d }.into());
                }
                let family = Family::new(members);
                family.map(Symmetry::Family).map_err(|e| refused(PLACE, &e))
            }
            "general-linear" => {
                self.refuse_foreign_fields(PLACE)?;
                let rows = self.rows.ok_or_else(|| missing(PLACE, "rows"))?.0;
                let rank = self.rank.ok_or_else(|| missing(PLACE, "rank"))?.0;
                let cols = self.cols.ok_or_else(|| missing(PLACE, "cols"))?.0;
                FactorShape::new(rows, rank, cols)
                    .map(Symmetry::Group)
                    .map_err(|e| refused(PLACE, &e))
            }
            _ => self.check(PLACE, d).map(Symmetry::Single),
        }
    }

    /// `place` is where in the file it stands, `d` the length of θ, which the kinds without a
    /// size of their own take.
    pub(crate) fn check(self, place: &str, d: usize) -> Result<Generator, ProblemError> {
        self.refuse_foreign_fields(place)?;
        let missing = |field| missing(place, field);
        let rows = |rows: List<List<Exact>>| rows.0.into_iter().map(exact).collect::<Vec<_>>();
        let generator = match self.kind.as_str() {
            "diagonal" => Generator::diagonal(exact(self.rates.ok_or_else(|| missing("rates"))?)),
            "dense" => Generator::dense(&rows(self.matrix.ok_or_else(|| missing("matrix"))?)),
            "scaling" => Generator::scaling(d),
            "rescaling" => {
                let up = self.up.ok_or_else(|| missing("up"))?;
                let down = self.down.ok_or_else(|| missing("down"))?;
                let indices = |list: List<Whole>| list.0.into_iter().map(|i| i.0).collect();
                Generator::rescaling(d, indices(up), indices(down))
            }
            "factor" => {
                let d_y = self.rows.ok_or_else(|| missing("rows"))?.0;
                let rank = self.rank.ok_or_else(|| missing("rank"))?.0;
                let d_x = self.cols.ok_or_else(|| missing("cols"))?.0;
                let direction = rows(self.direction.ok_or_else(|| missing("direction"))?);
                if direction.len() != rank {
                    return Err(invalid(format!(
                        "{place}.direction: expected a {rank} × {rank} matrix (rank {rank}), found {} rows",
                        direction.len()
                    )));
                }
                Generator::factor(d_y, d_x, &direction)
            }
            kind => {
                return Err(invalid(format!(
                    "{place}.kind: expected one generator (diagonal, dense, scaling, rescaling or factor), found \"{}\"",
                    shorten(kind)
                )));
            }
        };
        generator.map_err(|e| refused(place, &e))
    }

    fn refuse_foreign_fields(&self, place: &str) -> Result<(), ProblemError> {
        let own: &[&str] = match self.kind.as_str() {
            "diagonal" => &["rates"],
            "dense" => &["matrix"],
            "scaling" => &[],
            "rescaling" => &["up", "down"],
            "factor" => &["rows", "rank", "cols", "direction"],
            "commuting" => &["generators"],
            "general-linear" => &["rows", "rank", "cols"],
            kind => {
                return Err(invalid(format!(
                    "{place}.kind: expected diagonal, dense, scaling, rescaling, factor, commuting or general-linear, found \"{}\"",
                    shorten(kind)
                )));
            }
        };
        for (field, present) in [
            ("rates", self.rates.is_some()),
            ("matrix", self.matrix.is_some()),
            ("up", self.up.is_some()),
            ("down", self.down.is_some()),
            ("rows", self.rows.is_some()),
            ("rank", self.rank.is_some()),
            ("cols", self.cols.is_some()),
            ("direction", self.direction.is_some()),
            ("generators", self.generators.is_some()),
        ] {
            if present && !own.contains(&field) {
                return Err(invalid(format!(
                    "{place}.{field}: does not go with kind \"{}\"",
                    self.kind
                )));
            }
        }
        Ok(())
    }
}

fn missing(place: &str, field: &str) -> ProblemError {
    invalid(format!("{place}.{field}: missing"))
}

/// What is wrong with a generator, and where it stands. Its number of parameters is that of θ.
fn refused(place: &str, error: &SymmetryError) -> ProblemError {
    match error {
        SymmetryError::NoParameters => invalid(format!("theta: {error}")),
        _ => invalid(format!("{place}.{error}")),
    }
}

/// A field that is there; null does not stand for one that is not.
pub(crate) fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A JSON object. (Derived code alone would also take a list of the values, in order.)
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Table<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TableVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for TableVisitor<T> {
            type Value = Table<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object in braces, { \"field\": value, … }")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Table<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Table)
            }
        }
        deserializer.deserialize_any(TableVisitor(PhantomData))
    }
}

/// An index or a size.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct Whole(pub(crate) usize);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WholeVisitor;
        impl Visitor<'_> for WholeVisitor {
            type Value = Whole;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a whole number from 0 to {}", usize::MAX)
            }
            fn visit_u64<E: serde::de::Error>(self, n: u64) -> Result<Whole, E> {
                let whole = usize::try_from(n).map(Whole);
                whole.map_err(|_| E::invalid_value(Unexpected::Unsigned(n), &self))
            }
        }
        deserializer.deserialize_any(WholeVisitor)
    }
}

/// A JSON list.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub(crate) struct List<T>(pub(crate) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
            type Value = List<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(x) = seq.next_element()? {
                    list.push(x);
                }
                Ok(List(list))
            }
        }
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}
