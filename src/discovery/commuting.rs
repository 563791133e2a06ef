//! Which generators commute, and a maximal family of those that do.

use super::sparse::{Echelon, Sparse, combination, combine, monic, relations, sparsify};
use crate::scalar::Rational;
use num_traits::One;
use std::collections::BTreeMap;

/// Motions as linear maps on d parameters; offsets are left out.
pub(super) struct Maps {
    pub(super) parameters: usize,
}

impl Maps {
    /// Row and column of an entry; the column d is the offset.
    pub(super) fn place(&self, at: usize) -> (usize, usize) {
        (at / (self.parameters + 1), at % (self.parameters + 1))
    }

    pub(super) fn at(&self, row: usize, column: usize) -> usize {
        row * (self.parameters + 1) + column
    }

    /// The rows of B.
    pub(super) fn rows(&self, motion: &Sparse) -> BTreeMap<usize, Sparse> {
        let mut rows: BTreeMap<usize, Sparse> = BTreeMap::new();
        for (at, value) in motion {
            let (i, j) = self.place(*at);
            if j < self.parameters {
                rows.entry(i).or_default().push((j, value.clone()));
            }
        }
        rows
    }

    /// AB.
    pub(super) fn product(&self, a: &Sparse, b: &BTreeMap<usize, Sparse>) -> Sparse {
        let mut product = Sparse::new();
        for (i, row) in self.rows(a) {
            let mut sum = Sparse::new();
            for (k, value) in row {
                if let Some(own) = b.get(&k) {
                    sum = combine(&sum, &value, own);
                }
            }
            product.extend(sum.into_iter().map(|(j, x)| (self.at(i, j), x)));
        }
        product
    }

    /// AB − BA.
    pub(super) fn commutator(&self, a: &Sparse, b: &Sparse) -> Sparse {
        let ab = self.product(a, &self.rows(b));
        let ba = self.product(b, &self.rows(a));
        combine(&ab, &-Rational::one(), &ba)
    }

    pub(super) fn is_diagonal(&self, motion: &Sparse) -> bool {
        motion.iter().all(|(at, _)| {
            let (i, j) = self.place(*at);
            i == j
        })
    }
}

/// A maximal commuting family in a space of symmetric generators: diagonal ones first, then
/// whatever commutes with all before it, until nothing more does.
pub(super) fn family(maps: &Maps, space: &[Sparse]) -> Vec<Sparse> {
    let off_diagonal = |motion: &Sparse| -> Sparse {
        let entries = motion.iter().filter(|(at, _)| {
            let (i, j) = maps.place(*at);
            i != j
        });
        entries.cloned().collect()
    };
    let images: Vec<Sparse> = space.iter().map(off_diagonal).collect();
    let diagonal = relations(&images);
    let diagonal = diagonal.iter().map(|c| combination(c, space));
    let mut family = sparsify(diagonal.collect());
    let mut commuting = space.to_vec();
    for member in &family {
        commuting = centraliser(maps, &commuting, member);
    }
    let mut span = Echelon::of(&family);
    while span.dimension() < commuting.len() {
        let candidates = sparsify(commuting.clone());
        let next = candidates
            .into_iter()
            .filter(|v| !span.contains(v))
            .min_by_key(Vec::len);
        let Some(next) = next else { break };
        commuting = centraliser(maps, &commuting, &next);
        span.insert(next.clone());
        family.push(monic(next));
    }
    family
}

/// What commutes with `member`.
fn centraliser(maps: &Maps, space: &[Sparse], member: &Sparse) -> Vec<Sparse> {
    let images: Vec<Sparse> = space.iter().map(|v| maps.commutator(v, member)).collect();
    if images.iter().all(Vec::is_empty) {
        return space.to_vec();
    }
    let coefficients = relations(&images);
    coefficients.iter().map(|c| combination(c, space)).collect()
}
