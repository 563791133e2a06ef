//! The gradient covariance Σ = E[∇ℓ∇ℓᵀ] − ∇L∇Lᵀ of N samples: the population's,
//! divided by N. This file is the only home of that convention.

use crate::scalar::{Field, sum};

/// The mean of N rows, entry by entry; no rows, no entries.
///
/// # Panics
///
/// When the rows differ in length, as all functions of rows here.
pub fn mean<S: Field>(rows: &[Vec<S>]) -> Vec<S> {
    let Some(first) = rows.first() else {
        return Vec::new();
    };
    let same = rows.iter().all(|row| row.len() == first.len());
    assert!(same, "rows of one length");
    let n = count::<S>(rows.len());
    (0..first.len())
        .map(|k| sum(rows.iter().map(|row| row[k].clone())) / &n)
        .collect()
}

/// Population variance of each of the d entries over the N rows (the diagonal of Σ).
pub fn population_variance<S: Field>(rows: &[Vec<S>]) -> Vec<S> {
    let n = count::<S>(rows.len());
    mean(rows)
        .iter()
        .enumerate()
        .map(|(k, mean)| sum(rows.iter().map(|row| (row[k].clone() - mean).square())) / &n)
        .collect()
}

/// Σ, d × d, from N rows of d per-sample gradients.
pub fn population_covariance<S: Field>(rows: &[Vec<S>]) -> Vec<Vec<S>> {
    let mean = mean(rows);
    let n = count::<S>(rows.len());
    let centred: Vec<Vec<S>> = rows
        .iter()
        .map(|row| row.iter().zip(&mean).map(|(x, m)| x.clone() - m).collect())
        .collect();
    let entry =
        |i: usize, j: usize| sum(centred.iter().map(|row: &Vec<S>| row[i].clone() * &row[j])) / &n;
    (0..mean.len())
        .map(|i| (0..mean.len()).map(|j| entry(i, j)).collect())
        .collect()
}

pub(super) fn count<S: Field>(n: usize) -> S {
    S::from_int(i64::try_from(n).unwrap_or(i64::MAX))
}
