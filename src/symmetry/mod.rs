//! Generators of exponential symmetries θ → e^{λA}θ (D1), A real symmetric.
//!
//! Whatever its kind, a generator has one of two structures: it is diagonal in
//! the coordinates of θ, or it repeats ±K, for one small symmetric matrix K, over
//! slices of θ and leaves the rest alone. Everything a generator can do is defined once, on the structure;
//! none of it builds a d × d matrix unless the generator was given as one.

mod block;
mod dense;
mod diagonal;
mod eigenbasis;
mod eigenspaces;
mod elimination;
mod exponential;
mod factor;
mod family;
mod rescaling;
mod scaling;
mod support;

pub use block::Block;
pub use dense::Dense;
pub use diagonal::Diagonal;
pub use eigenbasis::Eigenbasis;
pub use eigenspaces::{Eigenspace, Eigenspaces};
pub use elimination::{inverse, null_space, row_space, rows_of};
pub use exponential::{enclosed_exponential, exponential};
pub use factor::{Factor, FactorShape};
pub use family::{Family, FamilyStructure};
pub use rescaling::Rescaling;
pub use scaling::Scaling;
pub use support::{Support, first_indefinite_pivot, support};

use crate::scalar::{Field, Rational, RealScalar, Scalar, convert, dot};
use nalgebra::DMatrix;
use thiserror::Error;

/// A real symmetric matrix A with rational entries, given by its structure. Each kind is
/// built, and checked, by the constructor of its name.
#[derive(Clone, Debug, PartialEq)]
pub enum Generator {
    /// A = diag(rates).
    Diagonal(Diagonal),
    /// Any symmetric matrix.
    Dense(Dense),
    /// A = I: the loss depends on θ/‖θ‖ only.
    Scaling(Scaling),
    /// Rates +1, −1 and 0: a homogeneous unit.
    Rescaling(Rescaling),
    /// U → Ue^{λS}, W → e^{−λS}W for one symmetric direction S.
    Factor(Factor),
    /// K on some slices of θ, −K on others, 0 on the rest.
    Block(Block),
}

/// Why a generator is refused. `field` is the argument of the constructor at fault; where that
/// came from is for the reader to say.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum SymmetryError {
    /// A generator of no parameters.
    #[error("expected at least one parameter, found none")]
    NoParameters,
    /// An empty list.
    #[error("{field}: expected at least one parameter, found none")]
    Empty {
        /// The field that is empty.
        field: &'static str,
    },
    /// A matrix with the wrong number of rows.
    #[error("{field}: expected a {expected} × {expected} matrix, found {rows} rows")]
    Shape {
        /// The field that holds the matrix.
        field: &'static str,
        /// The right number of rows and columns.
        expected: usize,
        /// The rows that were found.
        rows: usize,
    },
    /// A matrix with a row of the wrong length.
    #[error("{field}[{row}]: expected {expected} numbers, found {found}")]
    Ragged {
        /// The field that holds the matrix.
        field: &'static str,
        /// The first wrong row.
        row: usize,
        /// The right length.
        expected: usize,
        /// Its length.
        found: usize,
    },
    /// More parameters than can be counted.
    #[error(
        "{field}: expected rank · (rows + cols) to be a number of parameters below {}, found {rank} · ({rows} + {cols})",
        usize::MAX
    )]
    TooLarge {
        /// The field that holds the larger size.
        field: &'static str,
        /// r.
        rank: usize,
        /// d_y.
        rows: usize,
        /// d_x.
        cols: usize,
    },
    /// A matrix that differs from its transpose.
    #[error(
        "{field}[{row}][{col}]: expected a symmetric matrix, found {left} here and {right} at [{col}][{row}]"
    )]
    Asymmetric {
        /// The field that holds the matrix.
        field: &'static str,
        /// Row of the first entry that differs.
        row: usize,
        /// Its column.
        col: usize,
        /// The entry.
        left: String,
        /// The entry opposite.
        right: String,
    },
    /// A member of a family on another number of parameters.
    #[error(
        "generators[{index}]: expected a generator of {expected} parameters like the first, found one of {found}"
    )]
    Size {
        /// Which member.
        index: usize,
        /// The parameters of the first.
        expected: usize,
        /// Its own.
        found: usize,
    },
    /// Two members of a family that do not commute.
    #[error(
        "generators: expected generators that commute, found that {left} and {right} do not: their commutator has {entry} at [{row}][{col}]"
    )]
    NotCommuting {
        /// Index of one.
        left: usize,
        /// Index of the other.
        right: usize,
        /// Row of the first entry that is not 0.
        row: usize,
        /// Its column.
        col: usize,
        /// The entry.
        entry: String,
    },
    /// An index beyond the parameters.
    #[error("{field}[{position}]: expected an index below {dim}, found {index}")]
    IndexOutOfRange {
        /// `up` or `down`.
        field: &'static str,
        /// Where in the list.
        position: usize,
        /// What was found.
        index: usize,
        /// Number of parameters.
        dim: usize,
    },
    /// An index that occurs twice.
    #[error(
        "{field}[{position}]: expected each index once in `up` and `down` together, found {index} again"
    )]
    IndexRepeated {
        /// `up` or `down`.
        field: &'static str,
        /// Where in the list.
        position: usize,
        /// What was found.
        index: usize,
    },
    /// A slice with a coordinate beyond the parameters.
    #[error("slices[{position}]: expected coordinates below {dim}")]
    SliceOutOfRange {
        /// Where in the list.
        position: usize,
        /// Number of parameters.
        dim: usize,
    },
    /// A slice with a coordinate that occurred before.
    #[error("slices[{position}]: expected each coordinate once in all slices together")]
    SlicesMeet {
        /// Where in the list.
        position: usize,
    },
}

/// Coordinates of θ that one copy of ±K acts on: `offset`, `offset + stride`, ….
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Index of the first coordinate.
    pub offset: usize,
    /// Distance from one coordinate to the next.
    pub stride: usize,
    /// Does −K act here instead of K?
    pub negated: bool,
}

impl Slice {
    /// The rows of a matrix with `rows` rows and n columns that is stored row by row
    /// from `offset`. M → Me^{λK} moves each of them by K.
    pub fn rows(offset: usize, rows: usize, n: usize) -> impl Iterator<Item = Self> {
        (0..rows).map(move |i| Self {
            offset: offset + i * n,
            stride: 1,
            negated: false,
        })
    }

    /// The columns of a matrix with `cols` columns that is stored row by row from
    /// `offset`. M → e^{λK}M moves each of them by K.
    pub fn columns(offset: usize, cols: usize) -> impl Iterator<Item = Self> {
        (0..cols).map(move |j| Self {
            offset: offset + j,
            stride: cols,
            negated: false,
        })
    }

    /// The same coordinates moved by −K.
    pub fn negated(self) -> Self {
        Self {
            negated: true,
            ..self
        }
    }

    /// The indices of its `n` coordinates in θ.
    pub fn indices(self, n: usize) -> impl Iterator<Item = usize> {
        (0..n).map(move |i| self.offset + i * self.stride)
    }

    /// Its `n` entries of `v`.
    pub fn gather<S: Clone>(self, n: usize, v: &[S]) -> Vec<S> {
        self.indices(n).map(|i| v[i].clone()).collect()
    }
}

/// How a generator sits in the coordinates of θ.
pub enum Structure<'a> {
    /// A = diag(rates).
    Rates(&'a [Rational]),
    /// A is K on some disjoint slices of θ, −K on others, and 0 on the rest.
    Blocks {
        /// K, symmetric.
        matrix: &'a DMatrix<Rational>,
        /// The slices, in the order of their coordinates.
        slices: Vec<Slice>,
        /// The coordinates in no slice: they do not move.
        fixed: Vec<usize>,
    },
}

impl Generator {
    /// The number d of parameters it acts on.
    pub fn dim(&self) -> usize {
        match self {
            Self::Diagonal(own) => own.rates().len(),
            Self::Dense(own) => own.matrix().nrows(),
            Self::Scaling(own) => own.rates().len(),
            Self::Rescaling(own) => own.rates().len(),
            Self::Factor(factor) => factor.dim(),
            Self::Block(block) => block.dim(),
        }
    }

    /// Its name in the file formats (a block occurs in replays only).
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Diagonal(_) => "diagonal",
            Self::Dense(_) => "dense",
            Self::Scaling(_) => "scaling",
            Self::Rescaling(_) => "rescaling",
            Self::Factor(_) => "factor",
            Self::Block(_) => "block",
        }
    }

    /// How it sits in the coordinates of θ.
    pub fn structure(&self) -> Structure<'_> {
        match self {
            Self::Diagonal(own) => Structure::Rates(own.rates()),
            Self::Dense(own) => Structure::Blocks {
                matrix: own.matrix(),
                slices: dense::slices(),
                fixed: Vec::new(),
            },
            Self::Scaling(own) => Structure::Rates(own.rates()),
            Self::Rescaling(own) => Structure::Rates(own.rates()),
            Self::Factor(factor) => Structure::Blocks {
                matrix: factor.direction(),
                slices: factor.shape().slices(),
                fixed: Vec::new(),
            },
            Self::Block(block) => Structure::Blocks {
                matrix: block.direction(),
                slices: block.slices().to_vec(),
                fixed: block.fixed().to_vec(),
            },
        }
    }

    /// A v, for a vector of length d.
    ///
    /// # Panics
    ///
    /// For a vector of another length.
    pub fn apply<S: Field>(&self, v: &[S]) -> Vec<S> {
        assert_eq!(v.len(), self.dim(), "a vector of d numbers");
        match self.structure() {
            Structure::Rates(rates) => rates
                .iter()
                .zip(v)
                .map(|(rate, x)| S::from_rational(rate) * x)
                .collect(),
            Structure::Blocks { matrix, slices, .. } => {
                let n = matrix.nrows();
                let k: Vec<S> = row_major(matrix).map(S::from_rational).collect();
                let still = vec![S::zero(); v.len()];
                map_slices(&slices, n, v, still, |negated, part| {
                    let image = k.chunks(n).map(|row| dot(row, part));
                    if negated {
                        image.map(|x| -x).collect()
                    } else {
                        image.collect()
                    }
                })
            }
        }
    }

    /// The Noether charge C(θ) = θᵀAθ.
    pub fn charge<S: Field>(&self, theta: &[S]) -> S {
        dot(theta, &self.apply(theta))
    }

    /// The point e^{λA}θ of the orbit. Blocks go through the matrix exponential,
    /// never through eigenvectors, so that the two can check each other.
    ///
    /// # Panics
    ///
    /// For a point of another length than d.
    pub fn act<S: RealScalar>(&self, lambda: &S, theta: &[S]) -> Vec<S> {
        assert_eq!(theta.len(), self.dim(), "a point of d numbers");
        match self.structure() {
            Structure::Rates(rates) => act_with_rates(&convert(rates), lambda, theta),
            Structure::Blocks { matrix, slices, .. } => {
                let n = matrix.nrows();
                let k = matrix.map(|q| S::from_rational(&q) * lambda);
                let (plus, minus) = (exponential(&k), exponential(&-k));
                map_slices(&slices, n, theta, theta.to_vec(), |negated, part| {
                    let e = if negated { &minus } else { &plus };
                    (0..n)
                        .map(|i| dot(&e.row(i).iter().cloned().collect::<Vec<_>>(), part))
                        .collect()
                })
            }
        }
    }

    /// The eigenbasis in floating point: rates, and coordinates of vectors.
    ///
    /// `None` when the eigendecomposition did not converge.
    pub fn eigenbasis<S: RealScalar>(&self) -> Option<Eigenbasis<S>> {
        Eigenbasis::of(&self.structure())
    }
}

/// (e^{λ rate_i} θ_i): the action of a generator that is diagonal in θ.
///
/// # Panics
///
/// When there are not as many rates as coordinates.
pub fn act_with_rates<S: Scalar>(rates: &[S], lambda: &S, theta: &[S]) -> Vec<S> {
    assert_eq!(rates.len(), theta.len(), "a rate for each coordinate");
    let mut last: Option<(&S, S)> = None;
    rates
        .iter()
        .zip(theta)
        .map(|(rate, x)| {
            // Neighbours mostly share their rate: one exponential for the run.
            let factor = match &last {
                Some((known, factor)) if *known == rate => factor.clone(),
                _ => (rate.clone() * lambda).exp(),
            };
            last = Some((rate, factor.clone()));
            factor * x
        })
        .collect()
}

/// Applies `f(negated, part)` to each slice of `v` and puts the images in their places
/// in `out`.
pub(crate) fn map_slices<S: Clone>(
    slices: &[Slice],
    n: usize,
    v: &[S],
    mut out: Vec<S>,
    f: impl Fn(bool, &[S]) -> Vec<S>,
) -> Vec<S> {
    for slice in slices {
        let image = f(slice.negated, &slice.gather(n, v));
        for (i, x) in slice.indices(n).zip(image) {
            out[i] = x;
        }
    }
    out
}

/// The entries row by row (nalgebra stores them column by column).
pub(crate) fn row_major<T>(matrix: &DMatrix<T>) -> impl Iterator<Item = &T> {
    (0..matrix.nrows()).flat_map(move |i| (0..matrix.ncols()).map(move |j| &matrix[(i, j)]))
}

/// A symmetric matrix from its rows, or the first entry that is wrong.
pub(crate) fn symmetric(
    field: &'static str,
    rows: &[Vec<Rational>],
    expected: usize,
) -> Result<DMatrix<Rational>, SymmetryError> {
    if rows.len() != expected {
        return Err(SymmetryError::Shape {
            field,
            expected,
            rows: rows.len(),
        });
    }
    if let Some(row) = rows.iter().position(|row| row.len() != expected) {
        return Err(SymmetryError::Ragged {
            field,
            row,
            expected,
            found: rows[row].len(),
        });
    }
    if expected == 0 {
        return Err(SymmetryError::Empty { field });
    }
    for i in 0..expected {
        for j in 0..i {
            if rows[i][j] != rows[j][i] {
                return Err(SymmetryError::Asymmetric {
                    field,
                    row: i,
                    col: j,
                    left: rows[i][j].to_string(),
                    right: rows[j][i].to_string(),
                });
            }
        }
    }
    Ok(DMatrix::from_fn(expected, expected, |i, j| {
        rows[i][j].clone()
    }))
}
