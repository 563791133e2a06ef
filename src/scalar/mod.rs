//! The number systems, and the traits they satisfy.
//!
//! | type | [`Field`] | [`Scalar`] | [`RealScalar`] | for |
//! | --- | --- | --- | --- | --- |
//! | `f32`, `f64` | yes | yes | yes | speed |
//! | [`Real`] | yes | yes | yes | cross-checks, precision scaling |
//! | [`Ball`] | yes | yes | no | enclosures |
//! | [`Rational`] | yes | no | no | exact identities |
//! | [`num_dual::Dual`] | yes | yes | no | derivatives |
//!
//! [`Real`] and [`Ball`] compute at the working precision, that of the innermost
//! [`at_precision`] around them.

#[forbid(unsafe_code)]
mod ball;
#[forbid(unsafe_code)]
pub(crate) mod double;
#[forbid(unsafe_code)]
mod dual;
#[forbid(unsafe_code)]
mod exact;
mod factorisation;
#[forbid(unsafe_code)]
pub(crate) mod lanes;
#[forbid(unsafe_code)]
mod multiprecision;
#[forbid(unsafe_code)]
mod native;
#[forbid(unsafe_code)]
mod precision;
#[forbid(unsafe_code)]
mod print;
#[forbid(unsafe_code)]
mod radius;
#[forbid(unsafe_code)]
mod rational;

pub use ball::Ball;
pub use exact::{Exact, NumberError, parse_exact};
pub use lanes::Instructions;
pub use multiprecision::Real;
pub use precision::{at_precision, working_precision};
pub use print::{
    Direction, decimal_of_float, decimal_of_rational, decimals_of_rational, hexadecimal,
};
pub use rug::Rational;

use num_traits::{One, Zero};
use std::cmp::Ordering;
use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// Numbers that add, multiply and divide, and that can be built from a rational.
///
/// The construction from a rational is exact where the number system can hold
/// it, correctly rounded for floating point, and enclosing for intervals.
pub trait Field:
    Clone
    + Debug
    + PartialEq
    + Send
    + Sync
    + Zero
    + One
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + for<'a> Add<&'a Self, Output = Self>
    + for<'a> Sub<&'a Self, Output = Self>
    + for<'a> Mul<&'a Self, Output = Self>
    + for<'a> Div<&'a Self, Output = Self>
{
    /// The number nearest to, equal to, or enclosing `q`.
    fn from_rational(q: &Rational) -> Self;

    /// The sign, where it is decided; `None` for an interval that straddles 0
    /// and for NaN.
    fn sign(&self) -> Option<Ordering>;

    /// The square root; `None` for a negative number, and for a rational whose
    /// root is irrational.
    fn root(&self) -> Option<Self>;

    /// e^x; `None` for a rational other than 0, whose exponential is irrational.
    fn exponential(&self) -> Option<Self>;

    /// The integer `n`.
    fn from_int(n: i64) -> Self {
        Self::from_rational(&Rational::from(n))
    }

    /// Is it 0 in every respect? (A dual number also has to have no derivative.)
    fn is_exactly_zero(&self) -> bool {
        self.is_zero()
    }

    /// The square, where an interval's own square is narrower than a product.
    fn square(&self) -> Self {
        self.clone() * self
    }
}

/// A [`Field`] with the exponential and its inverse: all the balance equation needs.
pub trait Scalar: Field {
    /// e^x.
    fn exp(&self) -> Self;

    /// The natural logarithm. Outside the domain the result is NaN, or the
    /// whole line for intervals.
    fn ln(&self) -> Self;
}

/// A [`Scalar`] that is ordered and that nalgebra's factorisations accept.
pub trait RealScalar: Scalar + nalgebra::RealField {
    /// Twice the relative error of one correctly rounded operation (2^{1−P}).
    fn unit() -> Self;
}

/// Σ x_i, zero for an empty sum.
pub fn sum<S: Field>(terms: impl IntoIterator<Item = S>) -> S {
    let mut terms = terms.into_iter();
    let Some(first) = terms.next() else {
        return S::zero();
    };
    terms.fold(first, |total, x| total + x)
}

/// The inner product Σ a_i b_i of vectors of equal length.
///
/// # Panics
///
/// When the lengths differ.
pub fn dot<S: Field>(a: &[S], b: &[S]) -> S {
    assert_eq!(a.len(), b.len());
    sum(a.iter().zip(b).map(|(x, y)| x.clone() * y))
}

/// The integers as rationals.
pub fn integers(numbers: &[i64]) -> Vec<Rational> {
    numbers.iter().copied().map(Rational::from).collect()
}

/// Every entry of `q` in the number system `S`.
pub fn convert<S: Field>(q: &[Rational]) -> Vec<S> {
    q.iter().map(S::from_rational).collect()
}
