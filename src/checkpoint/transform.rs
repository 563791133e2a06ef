//! The element of the group by which a pair is moved.

use crate::balance::geometric_mean::{geometric_mean, square_root, symmetrised};
use nalgebra::{Cholesky, DMatrix, DVector, Dyn, SymmetricEigen};

/// Steps of the QR iteration before it is given up; a handful per row is typical.
const MAX_STEPS: usize = 100_000;

/// The eigenvalues of a symmetric matrix, in no order; `None` if it holds a number that
/// is not finite.
pub(super) fn eigenvalues(matrix: &DMatrix<f64>) -> Option<DVector<f64>> {
    if !matrix.iter().all(|x| x.is_finite()) {
        return None;
    }
    SymmetricEigen::try_new(matrix.clone(), f64::EPSILON, MAX_STEPS).map(|e| e.eigenvalues)
}

/// The two sides of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Up,
    Down,
}

impl Side {
    pub fn other(self) -> Self {
        match self {
            Self::Up => Self::Down,
            Self::Down => Self::Up,
        }
    }
}

/// A positive definite P, r × r, that acts on the inner dimension.
#[derive(Clone, Debug)]
pub(super) enum Transform {
    /// P diagonal: one factor for each unit.
    Scale(Vec<f64>),
    /// P = S^{1/2}, of a metric S, and the Cholesky factors that divide by it.
    Metric {
        p: DMatrix<f64>,
        cholesky: Cholesky<f64, Dyn>,
    },
}

impl Transform {
    /// The identity as a matrix.
    pub fn identity(rank: usize) -> Self {
        let p = DMatrix::identity(rank, rank);
        // Unchecked: the identity is positive definite.
        let cholesky = Cholesky::new_unchecked(p.clone());
        Self::Metric { p, cholesky }
    }

    /// P of this metric S; `None` where it is not positive definite to double precision.
    pub fn metric(s: &DMatrix<f64>) -> Option<Self> {
        let p = square_root(s)?;
        let cholesky = Cholesky::new(p.clone())?;
        Some(Self::Metric { p, cholesky })
    }

    /// A matrix with the r rows of the inner dimension: P times it on the one side, P⁻¹
    /// on the other. Gradients move as the values of the other side do.
    pub fn apply(&self, side: Side, matrix: &mut DMatrix<f64>) {
        match (self, side) {
            (Self::Scale(factors), side) => {
                for (mut row, factor) in matrix.row_iter_mut().zip(factors) {
                    match side {
                        Side::Up => row *= *factor,
                        Side::Down => row /= *factor,
                    }
                }
            }
            (Self::Metric { p, .. }, Side::Up) => *matrix = p * &*matrix,
            // Solved, not multiplied by an inverse: P times the result is what was there.
            (Self::Metric { cholesky, .. }, Side::Down) => cholesky.solve_mut(matrix),
        }
    }

    /// The transform that balances what is seen after this one, M and N (r × r, or their
    /// diagonals as columns for a scale). Units that are not `moving` stay.
    pub fn then_balance(
        &self,
        m: &DMatrix<f64>,
        n: &DMatrix<f64>,
        moving: &[bool],
    ) -> Option<Self> {
        match self {
            Self::Scale(factors) => {
                let step =
                    |(m, n): (&f64, &f64)| libm::sqrt(libm::sqrt(*n)) / libm::sqrt(libm::sqrt(*m));
                let steps = m.iter().zip(n.iter()).map(step).zip(moving);
                let factors: Vec<f64> = factors
                    .iter()
                    .zip(steps)
                    .map(|(factor, (step, moving))| if *moving { factor * step } else { *factor })
                    .collect();
                let sane = factors.iter().all(|x| x.is_normal());
                sane.then_some(Self::Scale(factors))
            }
            Self::Metric { p, .. } => {
                let step = geometric_mean(m, n)?;
                Self::metric(&symmetrised(&(p * step * p)))
            }
        }
    }

    /// Does it change this unit, or mix it with others?
    pub fn moves(&self, unit: usize) -> bool {
        match self {
            Self::Scale(factors) => factors.get(unit).is_some_and(|factor| *factor != 1.0),
            Self::Metric { p, .. } => p
                .row(unit)
                .iter()
                .enumerate()
                .any(|(j, x)| *x != f64::from(j == unit)),
        }
    }

    /// The smallest and the largest factor by which P scales a direction.
    pub fn range(&self) -> (f64, f64) {
        let bounds = |xs: &[f64]| {
            let ends = (f64::INFINITY, 0.0);
            xs.iter().fold(ends, |(low, high): (f64, f64), x| {
                (low.min(*x), high.max(*x))
            })
        };
        match self {
            Self::Scale(factors) => bounds(factors),
            Self::Metric { p, .. } => {
                eigenvalues(p).map_or((f64::NAN, f64::NAN), |x| bounds(x.as_slice()))
            }
        }
    }
}
