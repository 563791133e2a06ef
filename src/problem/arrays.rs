//! θ, gradients and covariance as lists in the problem's text, or as arrays in files
//! beside it.

use super::ProblemError;
use super::read::{List, Table, exact, invalid, present};
use crate::scalar::{Exact, Rational};
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::marker::PhantomData;
use std::path::Path;

/// A list, or the file that holds the array.
pub(super) enum Numbers<T> {
    Here(List<T>),
    Stored(Reference),
}

/// `{ "npy": "file.npy" }` or `{ "safetensors": "file", "tensor": "name" }`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(
    not(feature = "arrays"),
    expect(dead_code, reason = "read only to be refused")
)]
pub(super) struct Reference {
    #[serde(default, deserialize_with = "present")]
    npy: Option<String>,
    #[serde(default, deserialize_with = "present")]
    safetensors: Option<String>,
    #[serde(default, deserialize_with = "present")]
    tensor: Option<String>,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Numbers<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumbersVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for NumbersVisitor<T> {
            type Value = Numbers<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a list, { \"npy\": file } or { \"safetensors\": file, \"tensor\": name }",
                )
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Numbers<T>, A::Error> {
                List::deserialize(SeqAccessDeserializer::new(seq)).map(Numbers::Here)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Numbers<T>, A::Error> {
                let Table(file) = Table::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Numbers::Stored(file))
            }
        }
        deserializer.deserialize_any(NumbersVisitor(PhantomData))
    }
}

impl<T> Numbers<T> {
    /// The name of the file, if they are in one.
    pub fn file(&self) -> Option<&str> {
        match self {
            Self::Here(_) => None,
            Self::Stored(file) => file.npy.as_deref().or(file.safetensors.as_deref()),
        }
    }
}

impl Numbers<Exact> {
    /// θ: one dimension of any length.
    pub fn list(self, field: &str, folder: Option<&Path>) -> Result<Vec<Rational>, ProblemError> {
        match self {
            Self::Here(list) => Ok(exact(list)),
            Self::Stored(file) => file.read(field, folder, "(d), one dimension", |shape| {
                matches!(shape, [_])
            }),
        }
    }
}

impl Numbers<List<Exact>> {
    /// A matrix of `cols` columns, and of so many rows if they are given.
    pub fn matrix(
        self,
        field: &str,
        folder: Option<&Path>,
        rows: Option<usize>,
        cols: usize,
    ) -> Result<Vec<Vec<Rational>>, ProblemError> {
        let file = match self {
            Self::Here(list) => return Ok(list.0.into_iter().map(exact).collect()),
            Self::Stored(file) => file,
        };
        let expected = match rows {
            Some(rows) => format!("({rows}, {cols})"),
            None => format!("(N, {cols})"),
        };
        let fits = |shape: &[usize]| match shape {
            [n, d] => *n > 0 && rows.is_none_or(|rows| *n == rows) && *d == cols,
            _ => false,
        };
        let numbers = file.read(field, folder, &expected, fits)?;
        Ok(numbers
            .chunks(cols.max(1))
            .map(<[Rational]>::to_vec)
            .collect())
    }
}

#[cfg(feature = "arrays")]
impl Reference {
    /// The array row by row, if its shape `fits`.
    fn read(
        self,
        field: &str,
        folder: Option<&Path>,
        expected: &str,
        fits: impl Fn(&[usize]) -> bool,
    ) -> Result<Vec<Rational>, ProblemError> {
        use crate::array::{Array, ArrayError, Tensors, npy, read_bytes, shape_text};

        let folder = folder.ok_or_else(|| {
            invalid(format!(
                "{field}: expected a list: an array in a file needs the folder that it is relative to (read_problem_in)"
            ))
        })?;
        let (file, tensor) = match (self.npy, self.safetensors, self.tensor) {
            (Some(file), None, None) => (file, None),
            (None, Some(file), Some(tensor)) => (file, Some(tensor)),
            (None, Some(_), None) => {
                return Err(invalid(format!(
                    "{field}.tensor: missing beside safetensors"
                )));
            }
            _ => {
                return Err(invalid(format!(
                    "{field}: expected either npy, or safetensors and tensor"
                )));
            }
        };
        let path = folder.join(file);
        let mut place = format!("{field}: {}", path.display());
        let bytes = read_bytes(&path).map_err(|error| invalid(format!("{place}: {error}")))?;
        let numbers = |array: Array<'_>| {
            if fits(&array.shape) {
                return array.exact().map_err(|error| error.to_string());
            }
            let found = shape_text(&array.shape);
            Err(format!("expected the shape {expected}, found {found}"))
        };
        let array = match &tensor {
            None => npy(&bytes),
            Some(tensor) => Tensors::read(&bytes).and_then(|tensors| {
                place += &format!(", tensor \"{tensor}\"");
                tensors.get(tensor)
            }),
        };
        array
            .map_err(|error: ArrayError| error.to_string())
            .and_then(numbers)
            .map_err(|message| invalid(format!("{place}: {message}")))
    }
}

#[cfg(not(feature = "arrays"))]
impl Reference {
    fn read(
        self,
        field: &str,
        _: Option<&Path>,
        _: &str,
        _: impl Fn(&[usize]) -> bool,
    ) -> Result<Vec<Rational>, ProblemError> {
        Err(invalid(format!(
            "{field}: expected a list: this build reads no arrays in files (feature `arrays`)"
        )))
    }
}
