//! A point whose generators act as ±K_i on slices of θ, through matrix exponentials: no
//! eigenvalue and no eigenvector takes part.

use super::Status;
use super::convexity::Expansion;
use super::coordinates::Before;
use crate::balance::{Noise, Strength};
use crate::scalar::{Ball, Field, Rational, Scalar, dot, sum};
use crate::symmetry::{Slice, enclosed_exponential, support};
use nalgebra::DMatrix;

/// Φ(λ) = Tr[M e^{2K}] + Tr[N e^{−2K}] with K = Σλ_iK_i.
#[derive(Clone, Debug)]
pub(super) struct Blocks {
    matrices: Vec<DMatrix<Rational>>,
    slices: Vec<Slice>,
    theta: Vec<Rational>,
    /// Σ over the slices that K moves, and over those that −K moves.
    noise: [DMatrix<Rational>; 2],
    /// θθᵀ over the same.
    squares: [DMatrix<Rational>; 2],
    strength: Strength<Rational>,
}

impl Blocks {
    pub fn of(
        matrices: Vec<DMatrix<Rational>>,
        slices: Vec<Slice>,
        theta: &[Rational],
        noise: &Noise,
        strength: &Strength<Rational>,
    ) -> Self {
        let n = matrices.first().map_or(0, DMatrix::nrows);
        let side = |negated: bool| slices.iter().filter(move |s| s.negated == negated);
        let squares = [false, true].map(|negated| {
            side(negated).fold(zeros(n), |total, s| total + dyad(&s.gather(n, theta)))
        });
        let noise = [false, true].map(|negated| {
            side(negated).fold(zeros(n), |total, s| total + covariance(noise, *s, n))
        });
        Self {
            slices: slices.clone(),
            theta: theta.to_vec(),
            matrices,
            noise,
            squares,
            strength: strength.clone(),
        }
    }

    pub fn members(&self) -> usize {
        self.matrices.len()
    }

    /// M = 2γθθᵀ where K acts + σ²Σ where −K acts, and N the other way round.
    fn sides(&self) -> [DMatrix<Rational>; 2] {
        [0, 1].map(|side| {
            let decay = self.squares[side].map(|x| x * Rational::from(&self.strength.gamma * 2));
            decay + self.noise[1 - side].map(|x| x * &self.strength.sigma2)
        })
    }

    /// T8 for one generator, from exact counts of live rates.
    pub fn status(&self) -> Status {
        let k = &self.matrices[0];
        let [m, n] = self.sides().map(|side| support(k, &side));
        // Tr[M e^{2λK}] grows with λ along positive rates and pulls λ down.
        let up = m.negative > 0 || n.positive > 0;
        let down = m.positive > 0 || n.negative > 0;
        match (up, down) {
            (true, true) => Status::Finite,
            (true, false) => Status::PlusInfinity,
            (false, true) => Status::MinusInfinity,
            (false, false) => Status::Degenerate,
        }
    }

    /// Is Φ constant along this direction?
    pub fn is_flat(&self, direction: &[Rational]) -> bool {
        let k = self.combination(direction);
        self.sides()
            .iter()
            .all(|side| (&k * side).iter().all(|x| *x == 0))
    }

    /// Does Φ fall for ever along this direction: no live term grows and one falls?
    pub fn recedes(&self, direction: &[Rational]) -> bool {
        let k = self.combination(direction);
        let [m, n] = self.sides().map(|side| support(&k, &side));
        let grows = m.positive > 0 || n.negative > 0;
        !grows && (m.negative > 0 || n.positive > 0)
    }

    fn combination(&self, lambda: &[Rational]) -> DMatrix<Rational> {
        let terms = self.matrices.iter().zip(lambda);
        let n = self.matrices.first().map_or(0, DMatrix::nrows);
        terms.fold(zeros(n), |total, (k, x)| total + k.map(|entry| entry * x))
    }

    pub fn start(&self) -> Before {
        let [m, n] = self.sides();
        let along = |k: &DMatrix<Rational>, x: &DMatrix<Rational>| (k * x).trace();
        Before {
            balance: self
                .matrices
                .iter()
                .map(|k| (along(k, &n) - along(k, &m)) * 2)
                .collect(),
            charge: self
                .matrices
                .iter()
                .map(|k| along(k, &self.squares[0]) - along(k, &self.squares[1]))
                .collect(),
            potential: m.trace() + n.trace(),
        }
    }

    /// An upper bound of ‖w‖²: Σ‖K_i‖² in the Frobenius norm.
    pub fn steepness(&self) -> Rational {
        let squares = self
            .matrices
            .iter()
            .flatten()
            .map(|x| Rational::from(x.square_ref()));
        sum(squares)
    }

    pub fn expand(&self, lambda: &[Rational]) -> Expansion {
        let m = self.members();
        let k = self.combination(lambda);
        let grown = [2, -2].map(|sign| enclosed_exponential(&k, &Rational::from(sign)));
        let trace = |x: &DMatrix<Rational>, e: &DMatrix<Ball>| {
            // Tr(XE) for symmetric E, entry by entry.
            let terms = x.iter().zip(e.iter()).filter(|(x, _)| **x != 0);
            sum(terms.map(|(x, e)| Ball::from_rational(x) * e))
        };
        let sides = self.sides();
        let mut expansion = Expansion::new(m);
        expansion.potential = trace(&sides[0], &grown[0]) + trace(&sides[1], &grown[1]);
        expansion.size = trace(&self.squares[0], &grown[0]) + trace(&self.squares[1], &grown[1]);
        let twice = Ball::from_int(2);
        let four = Ball::from_int(4);
        let both = |f: &dyn Fn(&DMatrix<Rational>) -> DMatrix<Rational>,
                    x: &[DMatrix<Rational>; 2]| {
            [trace(&f(&x[0]), &grown[0]), trace(&f(&x[1]), &grown[1])]
        };
        for (i, own) in self.matrices.iter().enumerate() {
            let [up, down] = both(&|x| own * x, &sides);
            expansion.gradient[i] = (up - down) * &twice;
            let [up, down] = both(&|x| own * x, &self.squares);
            expansion.charge[i] = up - down;
            for (j, other) in self.matrices.iter().enumerate().take(i + 1) {
                let product = own * other;
                let [up, down] = both(&|x| &product * x, &sides);
                expansion.hessian[i][j] = (up + down) * &four;
                expansion.hessian[j][i] = expansion.hessian[i][j].clone();
            }
            let square = own * own;
            let [up, down] = both(&|x| &square * x, &self.squares);
            expansion.speed = expansion.speed + up + down;
        }
        expansion
    }

    /// θ_λ, each slice within `beyond` times its length.
    pub fn moved(&self, lambda: &[Rational], beyond: &Ball) -> Vec<Ball> {
        let k = self.combination(lambda);
        let n = k.nrows();
        let grown = [1, -1].map(|sign| enclosed_exponential(&k, &Rational::from(sign)));
        let mut theta: Vec<Ball> = self.theta.iter().map(Ball::from_rational).collect();
        for slice in &self.slices {
            let part = slice.gather(n, &theta);
            let e = &grown[usize::from(slice.negated)];
            let image = (0..n).map(|i| {
                let row: Vec<Ball> = e.row(i).iter().cloned().collect();
                dot(&row, &part)
            });
            let image: Vec<Ball> = image.collect();
            let length = sum(image.iter().map(Field::square)).root();
            let length = length.unwrap_or_else(|| Ball::from_int(0).ln());
            let radius = length * beyond;
            for (index, x) in slice.indices(n).zip(image) {
                theta[index] = x.widen(&radius.upper());
            }
        }
        theta
    }
}

fn zeros(n: usize) -> DMatrix<Rational> {
    DMatrix::from_element(n, n, Rational::new())
}

fn dyad(v: &[Rational]) -> DMatrix<Rational> {
    DMatrix::from_fn(v.len(), v.len(), |i, j| Rational::from(&v[i] * &v[j]))
}

/// Σ on one slice: E[ggᵀ] − E[g]E[g]ᵀ.
pub(super) fn covariance(noise: &Noise, slice: Slice, n: usize) -> DMatrix<Rational> {
    let indices: Vec<usize> = slice.indices(n).collect();
    match noise {
        Noise::Covariance(rows) => {
            DMatrix::from_fn(n, n, |i, j| rows[indices[i]][indices[j]].clone())
        }
        Noise::Gradients(rows) => {
            let count = Rational::from(rows.len());
            let parts: Vec<Vec<Rational>> = rows.iter().map(|row| slice.gather(n, row)).collect();
            let squares = parts
                .iter()
                .fold(zeros(n), |total, part| total + dyad(part));
            let mean = |i: usize| sum(parts.iter().map(|part| part[i].clone())) / &count;
            let mean: Vec<Rational> = (0..n).map(mean).collect();
            squares.map(|x| x / &count) - dyad(&mean)
        }
    }
}
