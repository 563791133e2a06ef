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

    /// The shapes of U and W.
    pub fn shape(&self) -> FactorShape {
        FactorShape {
            rows: self.rows,
            rank: self.rank(),
            cols: self.cols,
        }
    }
}

/// The shapes of U (`rows` × `rank`) and W (`rank` × `cols`), stored in θ as U row by row,
/// then W row by row. The whole group GL(r) acts on them by U → UP, W → P⁻¹W (T17).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactorShape {
    /// d_y.
    pub rows: usize,
    /// r.
    pub rank: usize,
    /// d_x.
    pub cols: usize,
}

impl FactorShape {
    /// The sizes, if none is 0 and the parameters can be counted.
    ///
    /// # Errors
    /// The size that is 0 or too large.
    pub fn new(rows: usize, rank: usize, cols: usize) -> Result<Self, SymmetryError> {
        for (field, size) in [("rows", rows), ("rank", rank), ("cols", cols)] {
            if size == 0 {
                return Err(SymmetryError::Empty { field });
            }
        }
        let parameters = rows.checked_add(cols).and_then(|n| n.checked_mul(rank));
        if parameters.is_none() {
            return Err(SymmetryError::TooLarge {
                field: if rows < cols { "cols" } else { "rows" },
                rank,
                rows,
                cols,
            });
        }
        Ok(Self { rows, rank, cols })
    }

    /// d = r(d_y + d_x).
    pub fn dim(self) -> usize {
        self.rank * (self.rows + self.cols)
    }

    /// The rows of U, then the columns of W, where the group acts the other way round.
    pub(crate) fn slices(self) -> Vec<Slice> {
        let u = Slice::rows(0, self.rows, self.rank);
        let w = self.rows * self.rank;
        u.chain(Slice::columns(w, self.cols).map(Slice::negated))
            .collect()
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
        let direction = symmetric("direction", direction, direction.len())?;
        FactorShape::new(rows, direction.nrows(), cols)?;
        Ok(Self::Factor(Factor {
            rows,
            cols,
            direction,
        }))
    }
}
