//! A = I: the loss depends on the direction of θ only (C2).

use super::{Generator, SymmetryError};
use crate::scalar::Rational;

/// A = I on d parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaling {
    rates: Vec<Rational>,
}

impl Scaling {
    /// The d rates, all 1.
    pub fn rates(&self) -> &[Rational] {
        &self.rates
    }
}

impl Generator {
    /// A = I on `dim` parameters.
    ///
    /// # Errors
    /// [`SymmetryError::NoParameters`] for `dim = 0`.
    pub fn scaling(dim: usize) -> Result<Self, SymmetryError> {
        if dim == 0 {
            return Err(SymmetryError::NoParameters);
        }
        let rates = vec![Rational::from(1); dim];
        Ok(Self::Scaling(Scaling { rates }))
    }
}
