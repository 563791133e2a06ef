//! One pass over the weights of a network.

use super::exponentials::{Exponentials, scaled};
use super::threads::each_mut;
use super::weights::{Weights, cooled};

/// The terms at some λ and temperature.
pub struct Pass {
    /// What pulls each neuron up, U, and down, D.
    pub up: Vec<f64>,
    pub down: Vec<f64>,
    /// The two terms of each sparse pair, added up. Those of blocks are kept with them.
    pub values: Vec<f64>,
    pub imbalance: f64,
    /// The imbalance that rounding alone may leave.
    pub resolution: f64,
}

impl Pass {
    /// (U + D)·½ln(U/D) for each neuron.
    pub fn logarithmic(&self) -> Vec<f64> {
        let sides = self.up.iter().zip(&self.down);
        sides
            .map(|(&u, &d)| (u + d) * 0.5 * (libm::log(u) - libm::log(d)))
            // Without any live weight, or out of range: stay.
            .map(|force| if force.is_finite() { force } else { 0.0 })
            .collect()
    }

    /// U − D for each neuron.
    pub fn plain(&self) -> Vec<f64> {
        self.up.iter().zip(&self.down).map(|(u, d)| u - d).collect()
    }
}

impl Weights<'_> {
    /// Every term at λ, to the power 1/τ.
    pub fn pass(&mut self, lambda: &[f64]) -> Pass {
        let heat = self.heat;
        let exponentials = Exponentials::new(lambda, heat);
        let mut up = vec![0.0; self.neurons];
        let mut down = vec![0.0; self.neurons];
        for outer in &self.outer {
            let (rising, falling) = exponentials.against_outside(outer.neuron);
            up[outer.neuron] += scaled(outer.falling, falling);
            down[outer.neuron] += scaled(outer.rising, rising);
        }
        let sparse = &self.sparse;
        let mut values = Vec::with_capacity(sparse.columns.len());
        for row in 0..self.neurons {
            let (mut row_up, mut row_down) = (0.0, 0.0);
            for k in sparse.row(row) {
                let column = sparse.columns[k] as usize;
                let [falling, rising] =
                    [sparse.falling[k], sparse.rising[k]].map(|x| cooled(x, heat));
                let falling = scaled(falling, exponentials.ratio(column, row));
                let rising = scaled(rising, exponentials.ratio(row, column));
                // What falls pulls its row up and its column down.
                row_up += falling;
                row_down += rising;
                up[column] += rising;
                down[column] += falling;
                values.push(falling + rising);
            }
            up[row] += row_up;
            down[row] += row_down;
        }
        let sums = each_mut(&mut self.blocks, |block| block.pass(&exponentials, heat));
        for (block, sums) in self.blocks.iter().zip(sums) {
            for (k, &row) in block.rows.iter().enumerate() {
                up[row as usize] += sums.row_up[k];
                down[row as usize] += sums.row_down[k];
            }
            for (k, column) in block.range().enumerate() {
                up[column] += sums.column_up[k];
                down[column] += sums.column_down[k];
            }
        }
        let live = (0..self.neurons).filter(|&i| self.degrees[i] != 0);
        let imbalance = live.map(|i| {
            let relative = (up[i] - down[i]).abs() / (up[i] + down[i]);
            // Sums that overflowed, or both underflowed, are as far from balance as can be.
            if relative.is_nan() { 1.0 } else { relative }
        });
        let imbalance = imbalance.fold(0.0, f64::max);
        let largest = self.degrees.iter().copied().max().unwrap_or(0);
        let size = lambda.iter().fold(0.0, |size, x| f64::max(size, x.abs()));
        Pass {
            up,
            down,
            values,
            imbalance,
            // Each addition rounds once, exp and the products once; both ends of an
            // exponent 2(λ_i − λ_j) are rounded to a unit of their size.
            resolution: f64::EPSILON * (f64::from(largest) + 4.0 * size + 8.0),
        }
    }

    /// The largest change of an exponent along a step.
    pub fn reach(&self, step: &[f64]) -> f64 {
        let far = |reach: f64, a: f64, b: f64| {
            // No step is longer than one that is not a number.
            if (a - b).is_nan() {
                f64::INFINITY
            } else {
                reach.max(2.0 * (a - b).abs())
            }
        };
        let outer = self.outer.iter();
        let mut reach = outer.fold(0.0, |reach, outer| far(reach, step[outer.neuron], 0.0));
        for row in 0..self.neurons {
            for &column in &self.sparse.columns[self.sparse.row(row)] {
                reach = far(reach, step[row], step[column as usize]);
            }
        }
        let range = |steps: &mut dyn Iterator<Item = f64>| {
            steps.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
                (low.min(x), high.max(x))
            })
        };
        for block in &self.blocks {
            let rows = range(&mut block.rows.iter().map(|&row| step[row as usize]));
            let columns = range(&mut step[block.range()].iter().copied());
            reach = far(reach, rows.1, columns.0);
            reach = far(reach, rows.0, columns.1);
        }
        reach
    }
}
