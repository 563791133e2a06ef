//! Rate +1 on some parameters, −1 on others: a homogeneous unit such as a ReLU
//! neuron, whose outgoing weights grow while the incoming ones shrink (C1).

use super::{Generator, SymmetryError};
use crate::scalar::Rational;

impl Generator {
    /// Rate +1 on `up`, −1 on `down`, 0 on the other of `dim` parameters.
    ///
    /// # Errors
    /// The first index that is out of range or repeated.
    pub fn rescaling(dim: usize, up: Vec<usize>, down: Vec<usize>) -> Result<Self, SymmetryError> {
        let mut seen = vec![false; dim];
        for (field, list) in [("generator.up", &up), ("generator.down", &down)] {
            for (position, &index) in list.iter().enumerate() {
                let slot = seen.get_mut(index).ok_or(SymmetryError::IndexOutOfRange {
                    field,
                    position,
                    index,
                    dim,
                })?;
                if std::mem::replace(slot, true) {
                    return Err(SymmetryError::IndexRepeated {
                        field,
                        position,
                        index,
                    });
                }
            }
        }
        if dim == 0 {
            return Err(SymmetryError::Empty { field: "theta" });
        }
        Ok(Self::Rescaling { dim, up, down })
    }
}

pub(super) fn rates(dim: usize, up: &[usize], down: &[usize]) -> Vec<Rational> {
    let mut rates = vec![Rational::new(); dim];
    for &i in up {
        rates[i] = Rational::from(1);
    }
    for &i in down {
        rates[i] = Rational::from(-1);
    }
    rates
}
