//! Rates and eigen-directions in floating point.

use super::{Slice, Structure};
use crate::scalar::{RealScalar, dot};
use nalgebra::{DMatrix, SymmetricEigen};

/// An orthonormal eigenbasis of a generator: d rates, and the d coordinates of
/// any vector of length d, in the same order.
pub struct Eigenbasis<S: RealScalar> {
    rates: Vec<S>,
    rotation: Option<Rotation<S>>,
}

struct Rotation<S> {
    /// Eigenvectors of K, one a row.
    vectors: Vec<Vec<S>>,
    slices: Vec<Slice>,
    /// Coordinates that are eigen-directions of rate 0.
    fixed: Vec<usize>,
}

/// Sweeps of the QR iteration before it is given up; a handful is typical.
const MAX_SWEEPS: usize = 10_000;

impl<S: RealScalar> Eigenbasis<S> {
    pub(super) fn of(structure: &Structure<'_>) -> Option<Self> {
        match structure {
            Structure::Rates(rates) => {
                let rates = rates.iter().map(S::from_rational).collect();
                Some(Self {
                    rates,
                    rotation: None,
                })
            }
            Structure::Blocks {
                matrix,
                slices,
                fixed,
            } => {
                let k: DMatrix<S> = matrix.map(|q| S::from_rational(&q));
                let eigen = SymmetricEigen::try_new(k, S::unit(), MAX_SWEEPS)?;
                let vectors: Vec<Vec<S>> = eigen
                    .eigenvectors
                    .column_iter()
                    .map(|v| v.iter().cloned().collect())
                    .collect();
                let rates = slices
                    .iter()
                    .flat_map(|slice| {
                        let negated = slice.negated;
                        eigen.eigenvalues.iter().map(
                            move |mu| {
                                if negated { -mu.clone() } else { mu.clone() }
                            },
                        )
                    })
                    .chain(fixed.iter().map(|_| S::zero()))
                    .collect();
                let rotation = Rotation {
                    vectors,
                    slices: slices.clone(),
                    fixed: fixed.clone(),
                };
                Some(Self {
                    rates,
                    rotation: Some(rotation),
                })
            }
        }
    }

    /// The rates μ_k, d of them.
    pub fn rates(&self) -> &[S] {
        &self.rates
    }

    /// The coordinates n_kᵀv, in the order of the rates.
    pub fn coordinates(&self, v: &[S]) -> Vec<S> {
        let Some(Rotation {
            vectors,
            slices,
            fixed,
        }) = &self.rotation
        else {
            return v.to_vec();
        };
        slices
            .iter()
            .flat_map(|slice| {
                let part = slice.gather(vectors.len(), v);
                vectors.iter().map(move |n| dot(n, &part))
            })
            .chain(fixed.iter().map(|&k| v[k].clone()))
            .collect()
    }
}
