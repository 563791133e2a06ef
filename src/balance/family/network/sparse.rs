//! Pairs of neurons that are in no dense block.

use super::terms::Terms;

/// Pairs with the later neuron as the row, row by row and by column. Their terms are
/// `falling`·e^{−2(λ_row − λ_column)} and `rising`·e^{2(λ_row − λ_column)}.
pub struct Sparse {
    /// Where each row starts, and the end of the last.
    pub starts: Vec<usize>,
    pub columns: Vec<u32>,
    pub falling: Vec<f64>,
    pub rising: Vec<f64>,
}

impl Sparse {
    /// The live pairs among some weights; those of the same two neurons are added up. Counts
    /// the weights of each neuron.
    pub fn new(terms: &Terms, places: &[usize], degrees: &mut [u32]) -> Self {
        let neurons = degrees.len();
        let pairs = || {
            let weights = places.iter().map(|&place| terms.weight(place));
            weights.filter(|w| w.is_alive()).filter_map(|w| w.inside())
        };
        let mut ends = vec![0; neurons + 1];
        for (row, column, ..) in pairs() {
            ends[row as usize + 1] += 1;
            degrees[row as usize] += 1;
            degrees[column as usize] += 1;
        }
        for i in 0..neurons {
            ends[i + 1] += ends[i];
        }
        let mut sorted = vec![(0, 0.0, 0.0); ends[neurons]];
        let mut next = ends.clone();
        for (row, column, falling, rising) in pairs() {
            let place = &mut next[row as usize];
            sorted[*place] = (column, falling, rising);
            *place += 1;
        }
        let mut sparse = Self {
            starts: vec![0],
            columns: Vec::with_capacity(sorted.len()),
            falling: Vec::with_capacity(sorted.len()),
            rising: Vec::with_capacity(sorted.len()),
        };
        for i in 0..neurons {
            let row = &mut sorted[ends[i]..ends[i + 1]];
            row.sort_by_key(|(column, ..)| *column);
            for &mut (column, falling, rising) in row {
                sparse.push(i, column, falling, rising);
            }
            sparse.starts.push(sparse.columns.len());
        }
        sparse
    }

    /// Adds a pair to the last row, or to the last pair.
    fn push(&mut self, row: usize, column: u32, falling: f64, rising: f64) {
        let own = self.columns.get(self.starts[row]..);
        if own.and_then(|own| own.last()) == Some(&column)
            && let Some((f, r)) = self.falling.last_mut().zip(self.rising.last_mut())
            && (*f + falling).is_finite()
            && (*r + rising).is_finite()
        {
            *f += falling;
            *r += rising;
            return;
        }
        self.columns.push(column);
        self.falling.push(falling);
        self.rising.push(rising);
    }

    /// The pairs of a row.
    pub fn row(&self, row: usize) -> std::ops::Range<usize> {
        self.starts[row]..self.starts[row + 1]
    }
}
