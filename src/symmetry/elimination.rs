//! Exact linear algebra on lists of rational rows.

use crate::scalar::{Field, Rational};
use nalgebra::DMatrix;

/// A basis of the space that the rows (of equal length) span, in reduced echelon form.
pub fn row_space(rows: &[Vec<Rational>]) -> Vec<Vec<Rational>> {
    let mut rows = rows.to_vec();
    let columns = rows.first().map_or(0, Vec::len);
    let mut rank = 0;
    for column in 0..columns {
        let Some(pivot) = (rank..rows.len()).find(|&i| rows[i][column] != 0) else {
            continue;
        };
        rows.swap(rank, pivot);
        let lead = rows[rank][column].clone();
        for x in &mut rows[rank] {
            *x /= &lead;
        }
        let own = rows[rank].clone();
        for (i, row) in rows.iter_mut().enumerate() {
            let factor = row[column].clone();
            if i != rank && factor != 0 {
                for (x, y) in row.iter_mut().zip(&own) {
                    *x -= Rational::from(&factor * y);
                }
            }
        }
        rank += 1;
    }
    rows.truncate(rank);
    rows
}

/// A basis of the vectors of length `columns` that are orthogonal to every row.
pub fn null_space(rows: &[Vec<Rational>], columns: usize) -> Vec<Vec<Rational>> {
    let reduced = row_space(rows);
    let leads: Vec<usize> = reduced
        .iter()
        .filter_map(|row| row.iter().position(|x| *x != 0))
        .collect();
    let free = (0..columns).filter(|column| !leads.contains(column));
    let vector = |column: usize| {
        let mut v = vec![Rational::new(); columns];
        v[column] = Rational::from(1);
        for (row, &lead) in reduced.iter().zip(&leads) {
            v[lead] = -row[column].clone();
        }
        v
    };
    free.map(vector).collect()
}

/// The inverse of a square matrix, if it has one.
pub fn inverse(m: &DMatrix<Rational>) -> Option<DMatrix<Rational>> {
    let n = m.nrows();
    let rows: Vec<Vec<Rational>> = (0..n)
        .map(|i| {
            let unit = (0..n).map(|j| Rational::from_int(i64::from(i == j)));
            m.row(i).iter().cloned().chain(unit).collect()
        })
        .collect();
    let reduced = row_space(&rows);
    // Row i of the reduced form leads with column i, unless the rows were dependent.
    let regular = reduced.iter().enumerate().all(|(i, row)| row[i] == 1);
    regular.then(|| DMatrix::from_fn(n, n, |i, j| reduced[i][n + j].clone()))
}

/// The rows of a matrix.
pub fn rows_of(m: &DMatrix<Rational>) -> Vec<Vec<Rational>> {
    let row = |i: usize| m.row(i).iter().cloned().collect();
    (0..m.nrows()).map(row).collect()
}
