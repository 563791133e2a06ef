//! One direction S of the group that turns the factors of UW:
//! U → Ue^{λS}, W → e^{−λS}W.

use super::{Generator, Slice, SymmetryError, symmetric};
use crate::scalar::Rational;
use nalgebra::DMatrix;

/// A direction S (r × r, symmetric) for U (d_y × r) and W (r × d_x), stored in θ
/// as U row by row, then W row by row.
///
/// S acts on each row of U, −S on each column of W, so θ is covered by d_y + d_x
/// slices of length r.
#[derive(Clone, Debug, PartialEq)]
pub struct Factor {
    rows: usize,
    cols: usize,
    direction: DMatrix<Rational>,
}

impl Factor {
    /// d = r(d_y + d_x).
    pub fn dim(&self) -> usize {
        self.rank() * (self.rows + self.cols)
    }

    /// r, the inner dimension of UW.
    pub fn rank(&self) -> usize {
        self.direction.nrows()
    }

    /// d_y, the rows of U.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// d_x, the columns of W.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// S.
    pub fn direction(&self) -> &DMatrix<Rational> {
        &self.direction
    }

    pub(super) fn slices(&self) -> Vec<Slice> {
        let r = self.rank();
        let u = Slice::rows(0, self.rows, r);
        let w = Slice::columns(self.rows * r, self.cols).map(Slice::negated);
        u.chain(w).collect()
    }
}

impl Generator {
    /// The direction S, row by row, for U of shape `rows` × r and W of shape r × `cols`.
    ///
    /// # Errors
    /// The shape of S, its first asymmetric entry, or a factor that is empty or too large.
    pub fn factor(
        rows: usize,
        cols: usize,
        direction: &[Vec<Rational>],
    ) -> Result<Self, SymmetryError> {
        let direction = symmetric("generator.direction", direction, direction.len())?;
        if rows == 0 {
            return Err(SymmetryError::Empty {
                field: "generator.rows",
            });
        }
        if cols == 0 {
            return Err(SymmetryError::Empty {
                field: "generator.cols",
            });
        }
        let rank = direction.nrows();
        let parameters = rows.checked_add(cols).and_then(|n| n.checked_mul(rank));
        if parameters.is_none() {
            return Err(SymmetryError::TooLarge {
                field: if rows < cols {
                    "generator.cols"
                } else {
                    "generator.rows"
                },
                rank,
                rows,
                cols,
            });
        }
        Ok(Self::Factor(Factor {
            rows,
            cols,
            direction,
        }))
    }
}
