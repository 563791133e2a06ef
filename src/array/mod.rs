//! Arrays of numbers in files: `.npy` and `.safetensors`. What is stored is read
//! exactly; a file that is not what it says is refused.

mod npy;
mod tensors;

pub(crate) use npy::npy;
pub(crate) use tensors::Tensors;

use crate::scalar::Rational;
use half::{bf16, f16};
use safetensors::Dtype;
use std::fs;
use std::path::Path;
use thiserror::Error;

/// Why an array is refused. Whoever names the file adds its name.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum ArrayError {
    /// The file cannot be read.
    #[error("{0}")]
    File(String),
    /// Not a file of this kind, or a broken one.
    #[error("expected a {expected} file, found {found}")]
    Header {
        /// `.npy` or `.safetensors`.
        expected: &'static str,
        /// What is wrong with its header.
        found: String,
    },
    /// Another amount of data than the header says.
    #[error("expected {expected} bytes of data, as its header says, found {found}")]
    Length {
        /// Bytes by the header.
        expected: usize,
        /// Bytes in the file.
        found: usize,
    },
    /// A type of element that is not read.
    #[error("expected elements of type {expected}, found {found}")]
    Type {
        /// The types that are read.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// NaN or an infinity.
    #[error("{index}: expected a finite number, found {found}")]
    NotFinite {
        /// Where, as `[row][column]`.
        index: String,
        /// What was found.
        found: String,
    },
    /// No tensor of this name.
    #[error("expected one of {expected}, found none of that name")]
    Missing {
        /// The names there are.
        expected: String,
    },
}

/// The bytes of a regular file; anything else could go on for ever.
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, ArrayError> {
    let read = || {
        if !fs::metadata(path)?.is_file() {
            return Err(std::io::Error::other("expected a regular file"));
        }
        fs::read(path)
    };
    read().map_err(|error| ArrayError::File(error.to_string()))
}

/// An array as it lies in a file's bytes.
#[derive(Clone, Debug)]
pub(crate) struct Array<'a> {
    /// Its dimensions.
    pub shape: Vec<usize>,
    /// The type of its elements.
    pub dtype: Dtype,
    bytes: &'a [u8],
    big_endian: bool,
    /// Is the first index the fastest?
    fortran: bool,
}

impl Array<'_> {
    /// The elements row by row, exactly.
    pub fn exact(&self) -> Result<Vec<Rational>, ArrayError> {
        let integers = match self.dtype {
            Dtype::I8 => self.each(|b: [u8; 1]| Rational::from(i8::from_le_bytes(b))),
            Dtype::I16 => self.each(|b: [u8; 2]| Rational::from(i16::from_le_bytes(b))),
            Dtype::I32 => self.each(|b: [u8; 4]| Rational::from(i32::from_le_bytes(b))),
            Dtype::I64 => self.each(|b: [u8; 8]| Rational::from(i64::from_le_bytes(b))),
            Dtype::U8 => self.each(|b: [u8; 1]| Rational::from(u8::from_le_bytes(b))),
            Dtype::U16 => self.each(|b: [u8; 2]| Rational::from(u16::from_le_bytes(b))),
            Dtype::U32 => self.each(|b: [u8; 4]| Rational::from(u32::from_le_bytes(b))),
            Dtype::U64 => self.each(|b: [u8; 8]| Rational::from(u64::from_le_bytes(b))),
            _ => {
                let floats = self.read_floats("F16, BF16, F32, F64 or whole numbers")?;
                // Finite numbers are rational; none is left out.
                return Ok(floats.into_iter().filter_map(Rational::from_f64).collect());
            }
        };
        Ok(integers)
    }

    /// The elements row by row, exactly: each of the four types is a part of f64.
    pub fn floats(&self) -> Result<Vec<f64>, ArrayError> {
        self.read_floats("F16, BF16, F32 or F64")
    }

    fn read_floats(&self, expected: &'static str) -> Result<Vec<f64>, ArrayError> {
        let floats = match self.dtype {
            Dtype::F16 => self.each(|b| f16::from_le_bytes(b).to_f64()),
            Dtype::BF16 => self.each(|b| bf16::from_le_bytes(b).to_f64()),
            Dtype::F32 => self.each(|b| f64::from(f32::from_le_bytes(b))),
            Dtype::F64 => self.each(f64::from_le_bytes),
            other => {
                return Err(ArrayError::Type {
                    expected,
                    found: other.to_string(),
                });
            }
        };
        match floats.iter().position(|x| !x.is_finite()) {
            Some(at) => Err(ArrayError::NotFinite {
                index: self.index(at),
                found: floats.get(at).map_or_else(String::new, f64::to_string),
            }),
            None => Ok(floats),
        }
    }

    fn each<const N: usize, T: Clone>(&self, read: impl Fn([u8; N]) -> T) -> Vec<T> {
        let elements = self.bytes.as_chunks::<N>().0.iter();
        let stored: Vec<T> = elements
            .map(|&chunk| {
                let mut bytes = chunk;
                if self.big_endian {
                    bytes.reverse();
                }
                read(bytes)
            })
            .collect();
        if !self.fortran {
            return stored;
        }
        // The k-th element row by row lies at Σ iₐ·(product of the lengths before a).
        let place = |k: usize| {
            let mut place = 0;
            for (i, a) in self.indices(k).into_iter().zip(0..) {
                place += i * self.shape.iter().take(a).product::<usize>();
            }
            place
        };
        (0..stored.len())
            .filter_map(|k| stored.get(place(k)).cloned())
            .collect()
    }

    /// The indices of the k-th element row by row.
    fn indices(&self, mut k: usize) -> Vec<usize> {
        let mut indices: Vec<usize> = self
            .shape
            .iter()
            .rev()
            .map(|&length| {
                let index = k % length.max(1);
                k /= length.max(1);
                index
            })
            .collect();
        indices.reverse();
        indices
    }

    fn index(&self, k: usize) -> String {
        let indices = self.indices(k);
        indices.iter().map(|i| format!("[{i}]")).collect()
    }
}

/// A shape as messages show it: `(2, 3)`.
pub(crate) fn shape_text(shape: &[usize]) -> String {
    let lengths: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("({})", lengths.join(", "))
}

/// The number of elements, where it can be counted.
fn count(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |n, &k| n.checked_mul(k))
}
