//! Any symmetric matrix: one slice, the whole of θ.

use super::{Generator, Slice, SymmetryError, symmetric};
use crate::scalar::Rational;
use nalgebra::DMatrix;

/// A itself, d × d.
#[derive(Clone, Debug, PartialEq)]
pub struct Dense {
    matrix: DMatrix<Rational>,
}

impl Dense {
    /// A.
    pub fn matrix(&self) -> &DMatrix<Rational> {
        &self.matrix
    }
}

impl Generator {
    /// A given row by row.
    ///
    /// # Errors
    /// The shape, or the first entry that differs from its mirror image.
    pub fn dense(rows: &[Vec<Rational>]) -> Result<Self, SymmetryError> {
        let matrix = symmetric("matrix", rows, rows.len())?;
        Ok(Self::Dense(Dense { matrix }))
    }
}

pub(super) fn slices() -> Vec<Slice> {
    vec![Slice {
        offset: 0,
        stride: 1,
        negated: false,
    }]
}
