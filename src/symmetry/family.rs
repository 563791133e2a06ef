//! Generators that commute pairwise: λ is then a vector (T16).

use super::{Generator, Slice, Structure, SymmetryError, dense};
use crate::scalar::{Field, Rational};
use nalgebra::DMatrix;

/// Generators A_1 … A_m on the same d parameters, A_iA_j = A_jA_i.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    generators: Vec<Generator>,
}

/// How a family sits in the coordinates of θ: as for one generator, with one number
/// or matrix for each member.
pub enum FamilyStructure<'a> {
    /// The d vectors of m rates, where every member is diagonal in θ.
    Rates(Vec<Vec<Rational>>),
    /// Every member is ±K_i on the same slices, which cover θ.
    Blocks {
        /// K_1 … K_m, symmetric, of one size.
        matrices: Vec<std::borrow::Cow<'a, DMatrix<Rational>>>,
        /// The slices, in the order of their coordinates.
        slices: Vec<Slice>,
    },
}

impl Family {
    /// At least one generator, all on the same number of parameters, that commute.
    ///
    /// # Errors
    /// The first generator of another size, or the first two that do not commute,
    /// with an entry of their commutator.
    pub fn new(generators: Vec<Generator>) -> Result<Self, SymmetryError> {
        let Some(first) = generators.first() else {
            return Err(SymmetryError::Empty {
                field: "generators",
            });
        };
        let d = first.dim();
        if let Some(index) = generators.iter().position(|a| a.dim() != d) {
            return Err(SymmetryError::Size {
                index,
                expected: d,
                found: generators[index].dim(),
            });
        }
        for right in 1..generators.len() {
            for left in 0..right {
                if let Some((row, col, entry)) = commutator(&generators[left], &generators[right]) {
                    return Err(SymmetryError::NotCommuting {
                        left,
                        right,
                        row,
                        col,
                        entry: entry.to_string(),
                    });
                }
            }
        }
        Ok(Self { generators })
    }

    /// A_1 … A_m.
    pub fn generators(&self) -> &[Generator] {
        &self.generators
    }

    /// The number d of parameters.
    pub fn dim(&self) -> usize {
        self.generators.first().map_or(0, Generator::dim)
    }

    /// How it sits in the coordinates of θ. A family without a common structure is
    /// taken as d × d matrices.
    pub fn structure(&self) -> FamilyStructure<'_> {
        use std::borrow::Cow;
        let rates: Option<Vec<&[Rational]>> = self.generators.iter().map(rates).collect();
        if let Some(rates) = rates {
            let joint = |k: usize| rates.iter().map(|own| own[k].clone()).collect();
            return FamilyStructure::Rates((0..self.dim()).map(joint).collect());
        }
        let blocks = |a| match Generator::structure(a) {
            Structure::Blocks {
                matrix,
                slices,
                fixed,
            } => fixed.is_empty().then_some((matrix, slices)),
            Structure::Rates(_) => None,
        };
        let parts: Option<Vec<_>> = self.generators.iter().map(blocks).collect();
        if let Some(parts) = parts
            && let Some((_, slices)) = parts.first()
            && parts.iter().all(|(_, own)| own == slices)
        {
            let slices = slices.clone();
            let matrices = parts.into_iter().map(|(k, _)| Cow::Borrowed(k)).collect();
            return FamilyStructure::Blocks { matrices, slices };
        }
        let matrices = self.generators.iter().map(|a| Cow::Owned(matrix(a)));
        FamilyStructure::Blocks {
            matrices: matrices.collect(),
            slices: dense::slices(),
        }
    }
}

fn rates(generator: &Generator) -> Option<&[Rational]> {
    match generator.structure() {
        Structure::Rates(rates) => Some(rates),
        Structure::Blocks { .. } => None,
    }
}

/// The j-th unit vector.
fn unit(d: usize, j: usize) -> Vec<Rational> {
    (0..d)
        .map(|k| Rational::from_int(i64::from(k == j)))
        .collect()
}

/// A as a d × d matrix.
fn matrix(generator: &Generator) -> DMatrix<Rational> {
    let d = generator.dim();
    let columns = (0..d).flat_map(|j| generator.apply(&unit(d, j)));
    DMatrix::from_iterator(d, d, columns)
}

/// The first entry of AB − BA that is not 0.
fn commutator(a: &Generator, b: &Generator) -> Option<(usize, usize, Rational)> {
    if rates(a).is_some() && rates(b).is_some() {
        return None;
    }
    // On the same slices K_1K_2 decides, whatever their signs and however many they are.
    if let (
        Structure::Blocks {
            matrix: k, slices, ..
        },
        Structure::Blocks {
            matrix: l,
            slices: others,
            ..
        },
    ) = (a.structure(), b.structure())
        && slices == others
    {
        let difference = k * l - l * k;
        let slice = slices.first()?;
        let n = k.nrows();
        let indices: Vec<usize> = slice.indices(n).collect();
        let entries = (0..n).flat_map(|col| (0..n).map(move |row| (row, col)));
        let mut entries = entries.filter(|at| difference[*at] != 0);
        return entries
            .next()
            .map(|at| (indices[at.0], indices[at.1], difference[at].clone()));
    }
    let d = a.dim();
    (0..d).find_map(|col| {
        let e = unit(d, col);
        let (left, right) = (a.apply(&b.apply(&e)), b.apply(&a.apply(&e)));
        let mut entries = left.into_iter().zip(right).enumerate();
        entries.find_map(|(row, (x, y))| (x != y).then(|| (row, col, x - y)))
    })
}
