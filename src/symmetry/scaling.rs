//! A = I: the loss depends on the direction of θ only (C2).

use super::{Generator, SymmetryError};
use crate::scalar::Rational;

impl Generator {
    /// A = I on `dim` parameters.
    ///
    /// # Errors
    /// [`SymmetryError::Empty`] for `dim = 0`.
    pub fn scaling(dim: usize) -> Result<Self, SymmetryError> {
        if dim == 0 {
            return Err(SymmetryError::Empty { field: "theta" });
        }
        Ok(Self::Scaling { dim })
    }
}

pub(super) fn rates(dim: usize) -> Vec<Rational> {
    vec![Rational::from(1); dim]
}
