//! Rate +1 on some parameters, −1 on others: a homogeneous unit such as a ReLU
//! neuron, whose outgoing weights grow while the incoming ones shrink (C1).

use super::{Generator, SymmetryError};
use crate::scalar::Rational;

/// Rate +1 on some parameters, −1 on others, 0 on the rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Rescaling {
    up: Vec<usize>,
    down: Vec<usize>,
    rates: Vec<Rational>,
}

impl Rescaling {
    /// The parameters of rate +1.
    pub fn up(&self) -> &[usize] {
        &self.up
    }

    /// Those of rate −1.
    pub fn down(&self) -> &[usize] {
        &self.down
    }

    /// The d rates.
    pub fn rates(&self) -> &[Rational] {
        &self.rates
    }
}

impl Generator {
    /// Rate +1 on `up`, −1 on `down`, 0 on the other of `dim` parameters.
    ///
    /// # Errors
    /// The first index that is out of range or repeated.
    pub fn rescaling(dim: usize, up: Vec<usize>, down: Vec<usize>) -> Result<Self, SymmetryError> {
        let mut rates = vec![Rational::new(); dim];
        for (field, list, rate) in [("up", &up, 1), ("down", &down, -1)] {
            for (position, &index) in list.iter().enumerate() {
                let slot = rates.get_mut(index).ok_or(SymmetryError::IndexOutOfRange {
                    field,
                    position,
                    index,
                    dim,
                })?;
                if *slot != 0 {
                    return Err(SymmetryError::IndexRepeated {
                        field,
                        position,
                        index,
                    });
                }
                *slot = Rational::from(rate);
            }
        }
        if dim == 0 {
            return Err(SymmetryError::NoParameters);
        }
        Ok(Self::Rescaling(Rescaling { up, down, rates }))
    }
}
