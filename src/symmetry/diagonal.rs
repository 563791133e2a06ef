//! A = diag(rates).

use super::{Generator, SymmetryError};
use crate::scalar::Rational;

/// A = diag(rates).
#[derive(Clone, Debug, PartialEq)]
pub struct Diagonal {
    rates: Vec<Rational>,
}

impl Diagonal {
    /// The d rates.
    pub fn rates(&self) -> &[Rational] {
        &self.rates
    }
}

impl Generator {
    /// The generator diag(rates) on d = `rates.len()` parameters.
    ///
    /// # Errors
    /// [`SymmetryError::Empty`] without rates.
    pub fn diagonal(rates: Vec<Rational>) -> Result<Self, SymmetryError> {
        if rates.is_empty() {
            return Err(SymmetryError::Empty { field: "rates" });
        }
        Ok(Self::Diagonal(Diagonal { rates }))
    }
}
