//! Exact linear algebra on vectors that are mostly 0.

use crate::scalar::Rational;
use num_traits::One;
use std::collections::BTreeMap;

/// The entries other than 0, by increasing index.
pub(super) type Sparse = Vec<(usize, Rational)>;

/// a + factor · b.
pub(super) fn combine(
    a: &[(usize, Rational)],
    factor: &Rational,
    b: &[(usize, Rational)],
) -> Sparse {
    let mut sum = Vec::with_capacity(a.len() + b.len());
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let left = a.get(i).map_or(usize::MAX, |(k, _)| *k);
        let right = b.get(j).map_or(usize::MAX, |(k, _)| *k);
        let mut value = Rational::new();
        if left <= right {
            value += &a[i].1;
            i += 1;
        }
        if right <= left {
            value += Rational::from(factor * &b[j].1);
            j += 1;
        }
        if value != 0 {
            sum.push((left.min(right), value));
        }
    }
    sum
}

/// The sum of multiples of vectors.
pub(super) fn combination(coefficients: &[(usize, Rational)], vectors: &[Sparse]) -> Sparse {
    coefficients.iter().fold(Sparse::new(), |sum, (k, factor)| {
        combine(&sum, factor, &vectors[*k])
    })
}

/// `v` over its first entry.
pub(super) fn monic(mut v: Sparse) -> Sparse {
    if let Some((_, lead)) = v.first().cloned() {
        for (_, x) in &mut v {
            *x /= &lead;
        }
    }
    v
}

/// A subspace by vectors in echelon form, each leading with 1.
#[derive(Clone, Debug, Default)]
pub(super) struct Echelon {
    rows: BTreeMap<usize, Sparse>,
}

impl Echelon {
    pub(super) fn of(vectors: &[Sparse]) -> Self {
        let mut echelon = Self::default();
        for v in vectors {
            echelon.insert(v.clone());
        }
        echelon
    }

    pub(super) fn dimension(&self) -> usize {
        self.rows.len()
    }

    /// What is left of `v` modulo the subspace.
    pub(super) fn reduce(&self, mut v: Sparse) -> Sparse {
        let mut done = 0;
        while let Some((lead, value)) = v.get(done).cloned() {
            match self.rows.get(&lead) {
                Some(row) => v = combine(&v, &-value, row),
                None => done += 1,
            }
        }
        v
    }

    pub(super) fn contains(&self, v: &Sparse) -> bool {
        self.reduce(v.clone()).is_empty()
    }

    /// Adds `v`, unless it is in the subspace already.
    pub(super) fn insert(&mut self, v: Sparse) -> bool {
        let rest = monic(self.reduce(v));
        match rest.first() {
            Some((lead, _)) => {
                self.rows.insert(*lead, rest);
                true
            }
            None => false,
        }
    }

    /// The reduced echelon form: no row has an entry where another one leads.
    pub(super) fn reduced(self) -> Vec<Sparse> {
        let mut done = Self::default();
        for (lead, row) in self.rows.into_iter().rev() {
            let mut row = row;
            let head = row.remove(0);
            let mut reduced = vec![head];
            reduced.extend(done.reduce(row));
            done.rows.insert(lead, reduced);
        }
        done.rows.into_values().collect()
    }
}

/// A basis of the combinations of the vectors that are 0, as coefficients.
pub(super) fn relations(vectors: &[Sparse]) -> Vec<Sparse> {
    // Where the coefficients stand, behind all entries.
    let last = |v: &Sparse| v.last().map_or(0, |(k, _)| *k + 1);
    let behind = vectors.iter().map(last).max().unwrap_or(0);
    let mut echelon = Echelon::default();
    let mut relations = Echelon::default();
    for (i, v) in vectors.iter().enumerate() {
        let mut marked = v.clone();
        marked.push((behind + i, Rational::one()));
        let rest = echelon.reduce(marked);
        if rest.first().is_some_and(|(k, _)| *k < behind) {
            echelon.insert(rest);
        } else {
            relations.insert(rest.into_iter().map(|(k, x)| (k - behind, x)).collect());
        }
    }
    relations.reduced()
}

/// Another basis of the same space, with fewer entries: a vector is replaced by its sum
/// with a multiple of another one for as long as that has fewer.
pub(super) fn sparsify(mut basis: Vec<Sparse>) -> Vec<Sparse> {
    // Each round removes entries; a bound on them all the same.
    for _ in 0..64 {
        let mut changed = false;
        for i in 0..basis.len() {
            for j in 0..basis.len() {
                if i == j {
                    continue;
                }
                if let Some(shorter) = shorten(&basis[i], &basis[j]) {
                    basis[i] = shorter;
                    changed = true;
                }
            }
        }
        if !changed {
            break;
        }
    }
    basis.into_iter().map(monic).collect()
}

/// v + factor · w with fewer entries than v, for the best factor.
fn shorten(v: &Sparse, w: &Sparse) -> Option<Sparse> {
    // How often each ratio would cancel an entry.
    let mut ratios: Vec<(Rational, usize)> = Vec::new();
    let (mut i, mut j, mut common) = (0, 0, 0);
    while i < v.len() && j < w.len() {
        match v[i].0.cmp(&w[j].0) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                let ratio = Rational::from(&v[i].1 / &w[j].1);
                match ratios.iter_mut().find(|(own, _)| *own == ratio) {
                    Some((_, count)) => *count += 1,
                    None => ratios.push((ratio, 1)),
                }
                common += 1;
                i += 1;
                j += 1;
            }
        }
    }
    let (ratio, cancelled) = ratios.into_iter().max_by_key(|(_, count)| *count)?;
    // What w brings in has to be less than what cancels.
    (w.len() - common < cancelled).then(|| combine(v, &-ratio, w))
}
