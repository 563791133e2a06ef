//! Gauss–Jordan elimination modulo a prime, with the speed of a product of matrices of
//! doubles: residues of at most 2²² in absolute value, of whose products 256 add up exactly.

use super::arithmetic::Modular;
use nalgebra::DMatrix;

/// Primes are below this, so that the residues closest to 0 have at most 22 bits.
const BOUND: u64 = 1 << 23;
/// Products that add up below 2⁵³.
const INNER: usize = 256;

/// The primes below 2²³ that are 3 modulo 4, from the largest.
pub(super) fn primes() -> impl Iterator<Item = u64> {
    let is_prime = |n: &u64| {
        (2..)
            .take_while(|k| k * k <= *n)
            .all(|k| !n.is_multiple_of(k))
    };
    let candidates = (BOUND / 2..BOUND).rev().filter(|n| n % 4 == 3);
    candidates.filter(is_prime)
}

/// The rows seen so far, in reduced echelon form.
pub(super) struct Elimination {
    field: Modular,
    /// The column that each row leads, in the order of the rows.
    pivots: Vec<usize>,
    /// The columns that no row leads.
    free: Vec<usize>,
    /// The rows at the free columns; at the pivots they are an identity matrix.
    rest: DMatrix<f64>,
}

impl Elimination {
    pub(super) fn new(prime: u64, unknowns: usize) -> Self {
        Self {
            field: Modular { prime },
            pivots: Vec::new(),
            free: (0..unknowns).collect(),
            rest: DMatrix::zeros(0, unknowns),
        }
    }

    pub(super) fn nullity(&self) -> usize {
        self.free.len()
    }

    /// Adds equations (residues, one number an unknown); says how many of the last ones
    /// followed from those before them.
    pub(super) fn add(&mut self, rows: &[Vec<u64>]) -> usize {
        let count = rows.len();
        let part = |columns: &[usize]| {
            DMatrix::from_fn(count, columns.len(), |i, j| {
                self.balanced(rows[i].get(columns[j]).copied().unwrap_or(0))
            })
        };
        let mut fresh = part(&self.free);
        let bound = part(&self.pivots);
        self.subtract_product(&mut fresh, &bound, &self.rest);
        let found = self.reduce(&mut fresh);

        // The old rows lose the new pivots.
        let columns: Vec<usize> = found.iter().map(|(_, column)| *column).collect();
        let lead = DMatrix::from_fn(self.rest.nrows(), columns.len(), |i, j| {
            self.rest[(i, columns[j])]
        });
        let own = DMatrix::from_fn(columns.len(), self.free.len(), |i, j| {
            fresh[(found[i].0, j)]
        });
        let mut rest = std::mem::replace(&mut self.rest, DMatrix::zeros(0, 0));
        self.subtract_product(&mut rest, &lead, &own);
        let mut is_free = vec![true; self.free.len()];
        for &column in &columns {
            is_free[column] = false;
        }
        let kept: Vec<usize> = (0..self.free.len()).filter(|&j| is_free[j]).collect();
        let old = rest.nrows();
        self.rest = DMatrix::from_fn(old + columns.len(), kept.len(), |i, j| {
            if i < old {
                rest[(i, kept[j])]
            } else {
                own[(i - old, kept[j])]
            }
        });
        self.pivots.extend(columns.iter().map(|&j| self.free[j]));
        self.free = kept.iter().map(|&j| self.free[j]).collect();
        let last = found.iter().map(|(row, _)| row + 1).max().unwrap_or(0);
        count - last
    }

    /// A basis of the solutions: one for each free column, which has a 1 there and 0 at the
    /// other free columns. Entries other than 0, by increasing index.
    pub(super) fn solutions(&self) -> Vec<Vec<(usize, u64)>> {
        let p = self.field.prime;
        let solution = |(j, &column): (usize, &usize)| {
            let bound = self.pivots.iter().enumerate().filter_map(|(i, &pivot)| {
                let x = self.rest[(i, j)];
                let residue = if x > 0.0 { p - x as u64 } else { -x as u64 };
                (residue != 0).then_some((pivot, residue))
            });
            let mut entries: Vec<(usize, u64)> = bound.collect();
            entries.push((column, 1));
            entries.sort_unstable();
            entries
        };
        self.free.iter().enumerate().map(solution).collect()
    }

    /// The columns that the rows lead, in increasing order.
    pub(super) fn pivots(&self) -> Vec<usize> {
        let mut pivots = self.pivots.clone();
        pivots.sort_unstable();
        pivots
    }

    /// The residue closest to 0.
    fn balanced(&self, x: u64) -> f64 {
        let p = self.field.prime;
        if x > p / 2 {
            -((p - x) as f64)
        } else {
            x as f64
        }
    }

    /// x mod p, closest to 0, for a whole number of at most 53 bits.
    #[inline]
    fn modulo(&self, x: f64) -> f64 {
        let p = self.field.prime as f64;
        // The quotient is off by at most one, which the remainder shows.
        let rest = x - (x * (1.0 / p)).round_ties_even() * p;
        if rest > p / 2.0 {
            rest - p
        } else if rest < -p / 2.0 {
            rest + p
        } else {
            rest
        }
    }

    /// m − a b, modulo p.
    fn subtract_product(&self, m: &mut DMatrix<f64>, a: &DMatrix<f64>, b: &DMatrix<f64>) {
        if m.is_empty() {
            return;
        }
        let inner = a.ncols();
        let mut from = 0;
        while from < inner {
            let size = INNER.min(inner - from);
            m.gemm(-1.0, &a.columns(from, size), &b.rows(from, size), 1.0);
            for x in m.iter_mut() {
                *x = self.modulo(*x);
            }
            from += size;
        }
    }

    /// Brings a few rows into reduced echelon form among themselves; says which row leads
    /// which column. The others are 0 in the end.
    fn reduce(&self, m: &mut DMatrix<f64>) -> Vec<(usize, usize)> {
        // Row by row in memory.
        let mut rows: Vec<Vec<f64>> = (0..m.nrows())
            .map(|i| m.row(i).iter().copied().collect())
            .collect();
        let mut found: Vec<(usize, usize)> = Vec::new();
        for i in 0..rows.len() {
            let mut own = std::mem::take(&mut rows[i]);
            for &(row, column) in &found {
                let factor = own[column];
                if factor != 0.0 {
                    self.axpy(&mut own, factor, &rows[row]);
                }
            }
            if let Some(column) = own.iter().position(|x| *x != 0.0) {
                let lead = own[column];
                let residue = if lead < 0.0 {
                    self.field.prime - (-lead) as u64
                } else {
                    lead as u64
                };
                let inverse = self.balanced(self.field.inverse(residue));
                for x in &mut own {
                    *x = self.modulo(*x * inverse);
                }
                for &(row, _) in &found {
                    let factor = rows[row][column];
                    if factor != 0.0 {
                        self.axpy(&mut rows[row], factor, &own);
                    }
                }
                found.push((i, column));
            }
            rows[i] = own;
        }
        for (i, row) in rows.iter().enumerate() {
            for (j, x) in row.iter().enumerate() {
                m[(i, j)] = *x;
            }
        }
        found
    }

    /// x − factor · y, modulo p.
    fn axpy(&self, x: &mut [f64], factor: f64, y: &[f64]) {
        for (x, y) in x.iter_mut().zip(y) {
            *x = self.modulo(*x - factor * y);
        }
    }
}
