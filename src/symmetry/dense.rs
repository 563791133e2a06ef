//! Any symmetric matrix: one slice, the whole of θ.

use super::{Generator, Slice, SymmetryError, symmetric};
use crate::scalar::Rational;

impl Generator {
    /// A given row by row.
    ///
    /// # Errors
    /// The shape, or the first entry that differs from its mirror image.
    pub fn dense(rows: &[Vec<Rational>]) -> Result<Self, SymmetryError> {
        Ok(Self::Dense(symmetric(
            "generator.matrix",
            rows,
            rows.len(),
        )?))
    }
}

pub(super) fn slices() -> Vec<Slice> {
    vec![Slice {
        offset: 0,
        stride: 1,
        negated: false,
    }]
}
