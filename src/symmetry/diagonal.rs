//! A = diag(rates).

use super::{Generator, SymmetryError};
use crate::scalar::Rational;

impl Generator {
    /// The generator diag(rates) on d = `rates.len()` parameters.
    ///
    /// # Errors
    /// [`SymmetryError::Empty`] without rates.
    pub fn diagonal(rates: Vec<Rational>) -> Result<Self, SymmetryError> {
        if rates.is_empty() {
            return Err(SymmetryError::Empty {
                field: "generator.rates",
            });
        }
        Ok(Self::Diagonal(rates))
    }
}
