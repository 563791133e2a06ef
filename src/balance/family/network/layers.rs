//! Dense layers in a spectrum: weights that follow each other as the entries of a matrix.

use super::block::ENTRIES;
use super::terms::Terms;
use std::collections::HashMap;

/// Fewer weights in a row than this are not worth a matrix, and neither are blocks with
/// fewer entries.
const SHORTEST: usize = 32;
const LEAST: usize = 1 << 12;

/// Rows over the same columns.
pub struct Layer {
    pub rows: Vec<Row>,
    /// The first neuron of the columns, which follow each other.
    pub column: u32,
    pub width: usize,
}

/// The weights between one neuron and some others.
#[derive(Clone, Copy)]
pub struct Row {
    pub neuron: u32,
    /// Where its weights start in the spectrum.
    pub start: usize,
    /// Do they leave the row, or enter it?
    pub leaving: bool,
}

impl Layer {
    pub fn entries(&self) -> usize {
        self.rows.len() * self.width
    }

    /// Where its weights are in the spectrum.
    pub fn weights(&self) -> impl Iterator<Item = usize> {
        let rows = self.rows.iter();
        rows.flat_map(|row| row.start..row.start + self.width)
    }
}

/// Weights of which each goes on from the last: all leave the same neuron for one after the
/// other, or enter the same neuron from one after the other.
struct Run {
    start: usize,
    len: usize,
    from: u32,
    to: u32,
    leaving: bool,
}

/// Finds layers while a spectrum is read.
#[derive(Default)]
pub struct Finder {
    run: Option<Run>,
    layers: Vec<Layer>,
    /// The layer that rows over these columns (first, how many) go to.
    open: HashMap<(u32, usize), usize>,
    /// Weights that are in none.
    loose: Vec<usize>,
}

impl Finder {
    /// The weight at `place` in the spectrum. Dead ones too, since they may be some of a layer.
    pub fn add(&mut self, place: usize, from: u32, to: u32) {
        if !self
            .run
            .as_mut()
            .is_some_and(|run| run.take(place, from, to))
        {
            self.end_run();
            self.run = Some(Run {
                start: place,
                len: 1,
                from,
                to,
                leaving: true,
            });
        }
    }

    fn end_run(&mut self) {
        let Some(run) = self.run.take() else { return };
        if run.len < SHORTEST {
            self.loose.extend(run.start..run.start + run.len);
            return;
        }
        let (neuron, column) = if run.leaving {
            (run.from, run.to)
        } else {
            (run.to, run.from)
        };
        let key = (column, run.len);
        let fits = |place: &usize| self.layers[*place].entries() + run.len <= ENTRIES;
        let place = self.open.get(&key).copied().filter(fits);
        let place = place.unwrap_or_else(|| {
            self.layers.push(Layer {
                rows: Vec::new(),
                column,
                width: run.len,
            });
            self.layers.len() - 1
        });
        self.open.insert(key, place);
        self.layers[place].rows.push(Row {
            neuron,
            start: run.start,
            leaving: run.leaving,
        });
    }

    /// The layers, none with more entries than a block may have unless it is one row, and
    /// all other weights.
    pub fn end(mut self) -> (Vec<Layer>, Vec<usize>) {
        self.end_run();
        let large = |layer: &Layer| layer.entries() >= LEAST;
        let (layers, small): (Vec<Layer>, Vec<Layer>) = self.layers.into_iter().partition(large);
        self.loose.extend(small.iter().flat_map(Layer::weights));
        (layers, self.loose)
    }
}

impl Run {
    /// Takes a weight, if it goes on from the last.
    fn take(&mut self, place: usize, from: u32, to: u32) -> bool {
        let along = u32::try_from(self.len).ok();
        let leaving = from == self.from && to.checked_sub(self.to) == along;
        let entering = to == self.to && from.checked_sub(self.from) == along;
        let goes_on = match self.len {
            1 => leaving || entering,
            _ if self.leaving => leaving,
            _ => entering,
        };
        let taken = goes_on && place == self.start + self.len;
        if taken {
            self.leaving = leaving;
            self.len += 1;
        }
        taken
    }
}

/// Is it cheaper to factorise the matrix of all pairs within its envelope, in row i from its
/// first neighbour on, than to go through it `often`?
pub fn is_narrow(
    neurons: usize,
    terms: &Terms,
    layers: &[Layer],
    loose: &[usize],
    often: usize,
) -> bool {
    let mut reach = vec![0_u32; neurons];
    let mut pair = |a: u32, b: u32| {
        let known = &mut reach[a.max(b) as usize];
        *known = u32::max(*known, a.abs_diff(b));
    };
    for &place in loose {
        if let Some((row, column, ..)) = terms.weight(place).inside() {
            pair(row, column);
        }
    }
    for layer in layers {
        // The farthest pair of each neuron that comes later than one of the other side.
        let rows = layer.rows.iter().map(|row| row.neuron);
        let earliest = rows.clone().min().unwrap_or(0);
        rows.for_each(|row| pair(row, layer.column));
        let columns = (layer.column..).take(layer.width);
        columns.for_each(|column| pair(earliest, column));
    }
    let work: f64 = reach.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    let entries = loose.len() + layers.iter().map(Layer::entries).sum::<usize>();
    work <= (often * (neurons + entries)) as f64
}
