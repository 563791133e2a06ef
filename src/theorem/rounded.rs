//! What correctly rounded arithmetic may make of a number: a ball that holds the exact
//! value and every value that f32 or f64 may compute.

use crate::scalar::{Ball, Field, Rational, working_precision};
use num_traits::{One, Zero};
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A ball whose every operation is widened by the rounding of a number of as many bits as
/// the working precision has: 2^{−bits} of the largest number in it (no underflow). So it
/// holds what these numbers compute, and what is exact.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rounded(pub Ball);

impl Rounded {
    fn of(x: Ball) -> Self {
        let rounding = x.magnitude() >> working_precision();
        Self(x.widen(&rounding))
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident) => {
        impl $trait for Rounded {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                Self::of($trait::$method(self.0, &other.0))
            }
        }
        impl $trait<&Rounded> for Rounded {
            type Output = Self;
            fn $method(self, other: &Self) -> Self {
                Self::of($trait::$method(self.0, &other.0))
            }
        }
    };
}
operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);

impl Neg for Rounded {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}
impl Zero for Rounded {
    fn zero() -> Self {
        Self(Ball::zero())
    }
    fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
}
impl One for Rounded {
    fn one() -> Self {
        Self(Ball::one())
    }
}
impl Field for Rounded {
    fn from_rational(q: &Rational) -> Self {
        Self::of(Ball::from_rational(q))
    }
    fn from_int(n: i64) -> Self {
        Self::of(Ball::from_int(n))
    }
    fn sign(&self) -> Option<Ordering> {
        self.0.sign()
    }
    fn root(&self) -> Option<Self> {
        self.0.root().map(Self::of)
    }
    // That of a native number is not correctly rounded.
    fn exponential(&self) -> Option<Self> {
        None
    }
}
