//! A dense block: some neurons, each connected with all of a range of others.

use super::exponentials::{Exponentials, scaled};
use super::layers::Layer;
use super::terms::Terms;
use std::ops::Range;

/// At most as many entries, so that several threads have something to do, and so many that
/// what a pass writes for the columns stays little beside it. Fixed: sums are the same for
/// any number of threads.
pub const ENTRIES: usize = 1 << 17;

/// Numbers that are added up side by side.
const LANES: usize = 8;

/// Matrices of one row for each of `rows`, and one column for each neuron from `column` on.
pub struct Block {
    pub rows: Vec<u32>,
    pub column: usize,
    pub width: usize,
    /// What falls and rises as the row is scaled up; none if all are 0.
    pub falling: Vec<f64>,
    pub rising: Vec<f64>,
    /// The terms at the last pass, added up in pairs.
    values: Vec<f64>,
}

/// What a pass adds to the neurons of a block.
pub struct Sums {
    pub row_up: Vec<f64>,
    pub row_down: Vec<f64>,
    pub column_up: Vec<f64>,
    pub column_down: Vec<f64>,
}

impl Block {
    pub fn new(layer: &Layer, terms: &Terms) -> Self {
        let entries = layer.entries();
        let [mut falling, mut rising] = [(); 2].map(|()| Vec::with_capacity(entries));
        for row in &layer.rows {
            for (k, column) in (row.start..).zip(layer.column..).take(layer.width) {
                let weight = terms.weight(k);
                let (f, r) = if column == row.neuron {
                    // From a neuron to itself the rate is 0.
                    (0.0, 0.0)
                } else if row.leaving {
                    (weight.noise, weight.charge)
                } else {
                    (weight.charge, weight.noise)
                };
                falling.push(f);
                rising.push(r);
            }
        }
        for side in [&mut falling, &mut rising] {
            if side.iter().all(|x| *x == 0.0) {
                *side = Vec::new();
            }
        }
        Self {
            rows: layer.rows.iter().map(|row| row.neuron).collect(),
            column: layer.column as usize,
            width: layer.width,
            falling,
            rising,
            values: vec![0.0; entries],
        }
    }

    /// How many live weights the neurons of the rows and of the columns have.
    pub fn degrees(&self) -> (Vec<u32>, Vec<u32>) {
        let mut by_column = vec![0; self.width];
        let by_row = (0..self.rows.len()).map(|k| {
            let own = k * self.width..(k + 1) * self.width;
            let alive = |side: &[f64], k: usize| side.get(k).is_some_and(|x| *x > 0.0);
            let live = own.map(|k| u32::from(alive(&self.falling, k) || alive(&self.rising, k)));
            let counted = live.zip(&mut by_column).map(|(live, column)| {
                *column += live;
                live
            });
            counted.sum()
        });
        (by_row.collect(), by_column)
    }

    /// Where the columns are among all neurons.
    pub fn range(&self) -> Range<usize> {
        self.column..self.column + self.width
    }

    /// Every term at some λ and temperature.
    pub fn pass(&mut self, exponentials: &Exponentials, heat: u32) -> Sums {
        let (n, m) = (self.rows.len(), self.width);
        let columns = self.range();
        let mut sums = Sums {
            row_up: vec![0.0; n],
            row_down: vec![0.0; n],
            column_up: vec![0.0; m],
            column_down: vec![0.0; m],
        };
        let (mut ratios, mut terms) = (vec![0.0; m], vec![0.0; m]);
        for (k, &row) in self.rows.iter().enumerate() {
            let (row, own) = (row as usize, k * m..(k + 1) * m);
            let values = &mut self.values[own.clone()];
            values.fill(0.0);
            if !self.falling.is_empty() {
                exponentials.ratios(row, columns.clone(), false, &mut ratios);
                cool(&self.falling[own.clone()], heat, &mut terms);
                sums.row_up[k] = spread(&mut terms, &ratios, values, &mut sums.column_down);
            }
            if !self.rising.is_empty() {
                exponentials.ratios(row, columns.clone(), true, &mut ratios);
                cool(&self.rising[own], heat, &mut terms);
                sums.row_down[k] = spread(&mut terms, &ratios, values, &mut sums.column_up);
            }
        }
        sums
    }

    /// The products of the values with a vector over all neurons: one sum for each row, and
    /// one for each column.
    pub fn times(&self, x: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut by_column = vec![0.0; self.width];
        let own = &x[self.range()];
        let rows = self.rows.iter().zip(self.values.chunks_exact(self.width));
        let by_row = rows
            .map(|(&row, values)| row_times(values, own, x[row as usize], &mut by_column))
            .collect();
        (by_row, by_column)
    }
}

/// Each number to the power 1/τ.
fn cool(from: &[f64], heat: u32, to: &mut [f64]) {
    to.copy_from_slice(from);
    for _ in 0..heat {
        to.iter_mut().for_each(|x| *x = x.sqrt());
    }
}

/// Multiplies the terms of a row by their ratios, adds them to the values and the columns, and
/// gives the sum of all.
fn spread(terms: &mut [f64], ratios: &[f64], values: &mut [f64], columns: &mut [f64]) -> f64 {
    for (term, ratio) in terms.iter_mut().zip(ratios) {
        *term = scaled(*term, *ratio);
    }
    for ((term, value), column) in terms.iter().zip(values).zip(columns) {
        *value += term;
        *column += term;
    }
    let (whole, rest) = terms.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for chunk in whole {
        for k in 0..LANES {
            lanes[k] += chunk[k];
        }
    }
    lanes.iter().chain(rest).sum()
}

/// ⟨values, x⟩, and values·own added to the columns.
fn row_times(values: &[f64], x: &[f64], own: f64, columns: &mut [f64]) -> f64 {
    let (values, last_values) = values.as_chunks::<LANES>();
    let (x, last_x) = x.as_chunks::<LANES>();
    let (columns, last_columns) = columns.as_chunks_mut::<LANES>();
    let mut lanes = [0.0; LANES];
    for ((values, x), columns) in values.iter().zip(x).zip(columns) {
        for k in 0..LANES {
            lanes[k] += values[k] * x[k];
            columns[k] += values[k] * own;
        }
    }
    let mut total: f64 = lanes.iter().sum();
    for ((value, x), column) in last_values.iter().zip(last_x).zip(last_columns) {
        total += value * x;
        *column += value * own;
    }
    total
}
