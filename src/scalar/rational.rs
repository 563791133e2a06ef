//! Exact rationals: a [`Field`] without transcendental functions.

use super::{Field, Rational};
use num_traits::One;
use std::cmp::Ordering;

impl Field for Rational {
    fn from_rational(q: &Rational) -> Self {
        q.clone()
    }
    fn sign(&self) -> Option<Ordering> {
        Some(self.cmp0())
    }
    fn root(&self) -> Option<Self> {
        let (p, q) = (self.numer(), self.denom());
        (p.is_perfect_square() && q.is_perfect_square())
            .then(|| Rational::from((p.clone().sqrt(), q.clone().sqrt())))
    }
    fn exponential(&self) -> Option<Self> {
        self.is_zero().then(Self::one)
    }
    fn square(&self) -> Self {
        Rational::from(self.square_ref())
    }
}
