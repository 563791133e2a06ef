//! Infinitesimal motions J = Bθ + b of the parameters, and the equation that each point
//! puts on them.

use super::arithmetic::Arithmetic;
use super::sparse::Sparse;
use crate::scalar::Rational;

/// Which motions are looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ansatz {
    /// All J = Bθ + b: d(d + 1) unknowns.
    #[default]
    Affine,
    /// J = Aθ with A symmetric: d(d + 1)/2 unknowns.
    Symmetric,
    /// J = Aθ with A diagonal: d unknowns.
    Diagonal,
}

/// The unknowns of an ansatz on some of the parameters.
///
/// A motion of all d parameters is a vector of d(d + 1) numbers, row i of B followed by b_i.
#[derive(Clone, Debug)]
pub(super) struct Unknowns {
    ansatz: Ansatz,
    /// d.
    parameters: usize,
    /// Those that the loss depends on.
    active: Vec<usize>,
}

impl Unknowns {
    pub(super) fn new(ansatz: Ansatz, parameters: usize, active: Vec<usize>) -> Self {
        Self {
            ansatz,
            parameters,
            active,
        }
    }

    pub(super) fn active(&self) -> &[usize] {
        &self.active
    }

    pub(super) fn count(&self) -> usize {
        let m = self.active.len();
        match self.ansatz {
            Ansatz::Affine => m * (m + 1),
            Ansatz::Symmetric => m * (m + 1) / 2,
            Ansatz::Diagonal => m,
        }
    }

    /// The coefficients of ∇ℓ·J = 0 at one point.
    pub(super) fn equation<F: Arithmetic>(
        &self,
        field: &F,
        gradient: &[F::Number],
        theta: &[F::Number],
    ) -> Vec<F::Number> {
        let mut row = Vec::with_capacity(self.count());
        let product = |i: usize, j: usize| field.multiply(&gradient[i], &theta[j]);
        match self.ansatz {
            Ansatz::Affine => {
                for &i in &self.active {
                    row.extend(self.active.iter().map(|&j| product(i, j)));
                    row.push(gradient[i].clone());
                }
            }
            Ansatz::Symmetric => {
                for (at, &i) in self.active.iter().enumerate() {
                    row.push(product(i, i));
                    let others = self.active[at + 1..].iter();
                    row.extend(others.map(|&j| field.add(&product(i, j), &product(j, i))));
                }
            }
            Ansatz::Diagonal => row.extend(self.active.iter().map(|&i| product(i, i))),
        }
        row
    }

    /// The motion that a solution stands for.
    pub(super) fn motion(&self, solution: &[(usize, Rational)]) -> Sparse {
        let m = self.active.len();
        let place = |i: usize, j: usize| i * (self.parameters + 1) + j;
        let mut motion = Sparse::new();
        for (unknown, value) in solution {
            match self.ansatz {
                Ansatz::Affine => {
                    let (i, j) = (unknown / (m + 1), unknown % (m + 1));
                    let column = self.active.get(j).copied().unwrap_or(self.parameters);
                    motion.push((place(self.active[i], column), value.clone()));
                }
                Ansatz::Symmetric => {
                    let (i, j) = pair(*unknown, m);
                    let (i, j) = (self.active[i], self.active[j]);
                    motion.push((place(i, j), value.clone()));
                    if i != j {
                        motion.push((place(j, i), value.clone()));
                    }
                }
                Ansatz::Diagonal => {
                    let i = self.active[*unknown];
                    motion.push((place(i, i), value.clone()));
                }
            }
        }
        motion.sort_by_key(|(k, _)| *k);
        motion
    }
}

/// The pair (i, j), i ≤ j < m, at a place in the order of the rows.
fn pair(mut place: usize, m: usize) -> (usize, usize) {
    let mut i = 0;
    while place >= m - i {
        place -= m - i;
        i += 1;
    }
    (i, i + place)
}

/// ∇ℓ·J at one point.
pub(super) fn along<F: Arithmetic>(
    field: &F,
    motion: &[(usize, Rational)],
    gradient: &[F::Number],
    theta: &[F::Number],
) -> Option<F::Number> {
    let d = theta.len();
    let mut sum = field.constant(&Rational::new())?;
    for (place, value) in motion {
        let (i, j) = (place / (d + 1), place % (d + 1));
        let mut term = field.multiply(&field.constant(value)?, &gradient[i]);
        if j < d {
            term = field.multiply(&term, &theta[j]);
        }
        sum = field.add(&sum, &term);
    }
    Some(sum)
}
