//! The Hessian of a network, and Newton's linear systems.

use super::pass::Pass;
use super::threads::each;
use super::weights::{WORTH, Weights};

/// A quarter of the Hessian of Φ, a symmetric matrix on the neurons: the sum of each
/// neuron's values on the diagonal, less the values of the weights that two share.
pub struct Laplacian<'a> {
    weights: &'a Weights<'a>,
    /// The values of the sparse pairs.
    values: &'a [f64],
    diagonal: Vec<f64>,
}

impl<'a> Laplacian<'a> {
    /// At a pass, with a neuron of each flat group held in place.
    pub fn new(weights: &'a Weights<'a>, pass: &'a Pass, flat: &[Vec<u32>]) -> Self {
        let sides = pass.up.iter().zip(&pass.down);
        // A neuron without any live weight stays where it is.
        let entry = |x: f64| if x == 0.0 { 1.0 } else { x };
        let mut diagonal: Vec<f64> = sides.map(|(up, down)| entry(up + down)).collect();
        for first in flat.iter().filter_map(|group| group.first()) {
            diagonal[*first as usize] *= 2.0;
        }
        Self {
            weights,
            values: &pass.values,
            diagonal,
        }
    }

    /// (i, entries before the diagonal) row by row.
    fn row(&self, i: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let sparse = &self.weights.sparse;
        sparse
            .row(i)
            .map(|k| (sparse.columns[k] as usize, -self.values[k]))
    }

    /// λ's Newton step for the forces U − D: with G = 2(U − D)/τ and the Hessian 4L/τ² it
    /// is τL⁻¹(U − D)/2. Where it is found by iteration, the residual is at most
    /// `tolerance` times the forces.
    pub fn solve(&self, forces: &[f64], temperature: f64, tolerance: f64) -> Vec<f64> {
        let mut half: Vec<f64> = forces.iter().map(|f| 0.5 * temperature * f).collect();
        if self.weights.narrow && self.solve_directly(&mut half) {
            return half;
        }
        self.conjugate_gradients(&half, tolerance)
    }

    /// Cholesky factorisation within the envelope: in row i from its first neighbour on.
    /// False if the matrix is not positive definite in double precision.
    fn solve_directly(&self, x: &mut [f64]) -> bool {
        let n = self.diagonal.len();
        let mut rows: Vec<(usize, Vec<f64>)> = Vec::with_capacity(n);
        for i in 0..n {
            let first = self.row(i).next().map_or(i, |(j, _)| j);
            let mut row = vec![0.0; i - first + 1];
            self.row(i).for_each(|(j, entry)| row[j - first] += entry);
            row[i - first] = self.diagonal[i];
            for j in first..=i {
                let (other_first, other): (usize, &[f64]) = if j == i {
                    (first, &row)
                } else {
                    (rows[j].0, &rows[j].1)
                };
                let from = first.max(other_first);
                let known: f64 = (from..j)
                    .map(|k| row[k - first] * other[k - other_first])
                    .sum();
                let rest = row[j - first] - known;
                row[j - first] = if j < i {
                    rest / other[j - other_first]
                } else if rest > 0.0 {
                    libm::sqrt(rest)
                } else {
                    return false;
                };
            }
            rows.push((first, row));
        }
        for (i, (first, row)) in rows.iter().enumerate() {
            let known: f64 = (*first..i).map(|k| row[k - first] * x[k]).sum();
            x[i] = (x[i] - known) / row[i - first];
        }
        for (i, (first, row)) in rows.iter().enumerate().rev() {
            x[i] /= row[i - first];
            for k in *first..i {
                x[k] -= row[k - first] * x[i];
            }
        }
        true
    }

    fn times(&self, x: &[f64]) -> Vec<f64> {
        let mut y: Vec<f64> = self.diagonal.iter().zip(x).map(|(d, x)| d * x).collect();
        for i in 0..x.len() {
            let mut own = 0.0;
            for (j, entry) in self.row(i) {
                own += entry * x[j];
                y[j] += entry * x[i];
            }
            y[i] += own;
        }
        let blocks = &self.weights.blocks;
        for (block, (by_row, by_column)) in blocks.iter().zip(each(blocks, |b| b.times(x))) {
            for (&row, sum) in block.rows.iter().zip(by_row) {
                y[row as usize] -= sum;
            }
            for (y, sum) in y[block.range()].iter_mut().zip(by_column) {
                *y -= sum;
            }
        }
        y
    }

    /// Conjugate gradients, scaled by the diagonal.
    fn conjugate_gradients(&self, b: &[f64], tolerance: f64) -> Vec<f64> {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let scaled =
            |r: &[f64]| -> Vec<f64> { r.iter().zip(&self.diagonal).map(|(r, d)| r / d).collect() };
        let mut x = vec![0.0; b.len()];
        let mut residual = b.to_vec();
        let mut z = scaled(&residual);
        let mut direction = z.clone();
        let mut power = dot(&residual, &z);
        let enough = tolerance * tolerance * power;
        for _ in 0..WORTH {
            if power <= enough {
                break;
            }
            let image = self.times(&direction);
            let step = power / dot(&direction, &image);
            for i in 0..x.len() {
                x[i] += step * direction[i];
                residual[i] -= step * image[i];
            }
            z = scaled(&residual);
            let next = dot(&residual, &z);
            let keep = next / power;
            power = next;
            for (d, z) in direction.iter_mut().zip(&z) {
                *d = z + keep * *d;
            }
        }
        x
    }
}
