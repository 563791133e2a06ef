//! The rates of a symmetric generator, block by block.

use super::sparse::{Sparse, relations};
use crate::scalar::{Ball, Rational, at_precision};
use crate::symmetry::Eigenspaces;
use nalgebra::DMatrix;
use rug::Integer;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// One rate of a generator.
#[derive(Clone, Debug, PartialEq)]
pub struct Rate {
    /// It, where it is rational.
    pub exact: Option<Rational>,
    /// An enclosure.
    pub enclosure: Ball,
    /// The dimension of its eigenspace; of several that are close to each other, together.
    pub multiplicity: usize,
}

impl Rate {
    /// Its sign, where it is known.
    pub fn sign(&self) -> Option<Ordering> {
        match &self.exact {
            Some(q) => Some(q.cmp0()),
            None => crate::scalar::Field::sign(&self.enclosure),
        }
    }

    /// A short text: the rational, or seven digits.
    pub fn text(&self) -> String {
        match &self.exact {
            Some(q) => q.to_string(),
            None => {
                let middle = self.enclosure.midpoint();
                format!("{:.7}", middle.to_f64())
            }
        }
    }
}

/// Bits of the enclosures.
const BITS: u32 = 256;

/// The blocks of a symmetric matrix: its entries by rows, the coordinates of each block.
pub(super) fn blocks(entries: &BTreeMap<(usize, usize), Rational>) -> Vec<Vec<usize>> {
    let mut block: BTreeMap<usize, usize> = BTreeMap::new();
    fn root(block: &BTreeMap<usize, usize>, mut i: usize) -> usize {
        while block[&i] != i {
            i = block[&i];
        }
        i
    }
    for &(i, j) in entries.keys() {
        for k in [i, j] {
            block.entry(k).or_insert(k);
        }
        let (a, b) = (root(&block, i), root(&block, j));
        if a != b {
            block.insert(a.max(b), a.min(b));
        }
    }
    let mut blocks: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &i in block.keys() {
        blocks.entry(root(&block, i)).or_default().push(i);
    }
    blocks.into_values().collect()
}

/// The rates other than 0 of a symmetric matrix, and of 0 those within its blocks;
/// `None` where an eigenvalue iteration failed.
pub(super) fn rates(entries: &BTreeMap<(usize, usize), Rational>) -> Option<Vec<Rate>> {
    let mut all: Vec<Rate> = Vec::new();
    let mut known: Vec<(DMatrix<Rational>, Vec<Rate>)> = Vec::new();
    for block in blocks(entries) {
        let n = block.len();
        let matrix = DMatrix::from_fn(n, n, |i, j| {
            let entry = entries.get(&(block[i], block[j]));
            entry.cloned().unwrap_or_default()
        });
        let own = match known.iter().find(|(m, _)| *m == matrix) {
            Some((_, rates)) => rates.clone(),
            None => {
                let rates = of_block(&matrix)?;
                known.push((matrix, rates.clone()));
                rates
            }
        };
        for rate in own {
            let same = |other: &&mut Rate| match (&other.exact, &rate.exact) {
                (Some(a), Some(b)) => a == b,
                (None, None) => other.enclosure == rate.enclosure,
                _ => false,
            };
            match all.iter_mut().find(same) {
                Some(other) => other.multiplicity += rate.multiplicity,
                None => all.push(rate),
            }
        }
    }
    let middle = |rate: &Rate| rate.enclosure.midpoint().clone();
    all.sort_by(|a, b| middle(a).total_cmp(&middle(b)));
    Some(all)
}

fn of_block(matrix: &DMatrix<Rational>) -> Option<Vec<Rate>> {
    let exactly = |q: &Rational, multiplicity| Rate {
        enclosure: Ball::at(BITS, q),
        exact: Some(q.clone()),
        multiplicity,
    };
    if matrix.nrows() == 1 {
        return Some(vec![exactly(&matrix[(0, 0)], 1)]);
    }
    let spaces = at_precision(BITS, || Eigenspaces::of(matrix))?;
    let rate = |space: &crate::symmetry::Eigenspace| {
        let multiplicity = space.dimension();
        match near(&space.rate).filter(|q| nullity(matrix, q) == multiplicity) {
            Some(q) => exactly(&q, multiplicity),
            None => Rate {
                exact: None,
                enclosure: space.rate.clone(),
                multiplicity,
            },
        }
    };
    Some(spaces.spaces().iter().map(rate).collect())
}

/// The rational with a small denominator that a ball is close to.
fn near(ball: &Ball) -> Option<Rational> {
    let middle = ball.midpoint().to_rational()?;
    (1u32..=64).find_map(|q| {
        let scaled = Rational::from(&middle * q).round();
        let candidate = scaled / q;
        ball.contains(&candidate).then_some(candidate)
    })
}

/// The dimension of the kernel of K − q.
fn nullity(matrix: &DMatrix<Rational>, q: &Rational) -> usize {
    let n = matrix.nrows();
    let row = |i: usize| -> Sparse {
        let entries = (0..n).map(|j| {
            let diagonal = Rational::from(Integer::from(i32::from(i == j))) * q;
            (j, Rational::from(&matrix[(i, j)] - &diagonal))
        });
        entries.filter(|(_, x)| *x != 0).collect()
    };
    relations(&(0..n).map(row).collect::<Vec<_>>()).len()
}
