//! K on some slices of θ, −K on others, 0 on the rest: what two adjacent layers of a
//! deeper network share.

use super::{Generator, Slice, SymmetryError, symmetric};
use crate::scalar::Rational;
use nalgebra::DMatrix;

/// A direction K (n × n, symmetric), the slices of θ that ±K acts on, and the
/// coordinates that stay where they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    dim: usize,
    direction: DMatrix<Rational>,
    slices: Vec<Slice>,
    fixed: Vec<usize>,
}

impl Block {
    /// d.
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// K.
    pub fn direction(&self) -> &DMatrix<Rational> {
        &self.direction
    }

    /// The slices, disjoint, each of the length of K.
    pub fn slices(&self) -> &[Slice] {
        &self.slices
    }

    /// The coordinates in no slice, in increasing order.
    pub fn fixed(&self) -> &[usize] {
        &self.fixed
    }
}

impl Generator {
    /// K, row by row, on the given slices of `dim` parameters.
    ///
    /// # Errors
    /// The shape of K, its first asymmetric entry, or the first slice that leaves the
    /// parameters or meets another.
    pub fn block(
        dim: usize,
        direction: &[Vec<Rational>],
        slices: Vec<Slice>,
    ) -> Result<Self, SymmetryError> {
        let direction = symmetric("direction", direction, direction.len())?;
        if slices.is_empty() {
            return Err(SymmetryError::Empty { field: "slices" });
        }
        let n = direction.nrows();
        let mut covered = vec![false; dim];
        for (position, slice) in slices.iter().enumerate() {
            for k in 0..n {
                let index = k.checked_mul(slice.stride);
                let index = index.and_then(|step| step.checked_add(slice.offset));
                let Some(seen) = index.and_then(|index| covered.get_mut(index)) else {
                    return Err(SymmetryError::SliceOutOfRange { position, dim });
                };
                if std::mem::replace(seen, true) {
                    return Err(SymmetryError::SlicesMeet { position });
                }
            }
        }
        let fixed = (0..dim).filter(|&index| !covered[index]).collect();
        Ok(Self::Block(Block {
            dim,
            direction,
            slices,
            fixed,
        }))
    }
}
