//! A number with a derivative, over every [`Field`]: the gradients of losses that give none.

use crate::scalar::{Field, Rational};
use num_traits::{One, Zero};
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// x and ẋ.
#[derive(Clone, Debug, PartialEq)]
pub struct Derivative<S> {
    pub value: S,
    pub slope: S,
}

impl<S: Field> Derivative<S> {
    fn constant(value: S) -> Self {
        Self {
            value,
            slope: S::zero(),
        }
    }
}

/// The rule of a product, or of a sum, on both of its parts. (The rules of products have sums in
/// them.)
macro_rules! rule {
    ($trait:ident, $method:ident, |$a:ident, $b:ident| $value:expr, $slope:expr) => {
        #[allow(clippy::suspicious_arithmetic_impl)]
        impl<S: Field> $trait<&Self> for Derivative<S> {
            type Output = Self;
            fn $method(self, $b: &Self) -> Self {
                let $a = self;
                let value = $value;
                let slope = $slope(&value);
                Self { value, slope }
            }
        }
        impl<S: Field> $trait for Derivative<S> {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                $trait::$method(self, &other)
            }
        }
    };
}
rule!(Add, add, |a, b| a.value + &b.value, |_: &S| a.slope
    + &b.slope);
rule!(Sub, sub, |a, b| a.value - &b.value, |_: &S| a.slope
    - &b.slope);
rule!(Mul, mul, |a, b| a.value.clone() * &b.value, |_: &S| {
    a.slope * &b.value + a.value * &b.slope
});
rule!(Div, div, |a, b| a.value / &b.value, |quotient: &S| {
    (a.slope - quotient.clone() * &b.slope) / &b.value
});

impl<S: Field> Neg for Derivative<S> {
    type Output = Self;
    fn neg(self) -> Self {
        Self {
            value: -self.value,
            slope: -self.slope,
        }
    }
}

impl<S: Field> Zero for Derivative<S> {
    fn zero() -> Self {
        Self::constant(S::zero())
    }
    fn is_zero(&self) -> bool {
        self.value.is_zero()
    }
}

impl<S: Field> One for Derivative<S> {
    fn one() -> Self {
        Self::constant(S::one())
    }
}

impl<S: Field> Field for Derivative<S> {
    fn from_rational(q: &Rational) -> Self {
        Self::constant(S::from_rational(q))
    }

    fn sign(&self) -> Option<Ordering> {
        self.value.sign()
    }

    /// `None` at 0 as well, where it has no derivative.
    fn root(&self) -> Option<Self> {
        let root = self.value.root()?;
        if root.sign() != Some(Ordering::Greater) {
            return None;
        }
        Some(Self {
            slope: self.slope.clone() / (S::from_int(2) * &root),
            value: root,
        })
    }

    fn exponential(&self) -> Option<Self> {
        let value = self.value.exponential()?;
        Some(Self {
            slope: value.clone() * &self.slope,
            value,
        })
    }

    fn is_exactly_zero(&self) -> bool {
        self.value.is_exactly_zero() && self.slope.is_exactly_zero()
    }
}

/// The gradient of `loss` at `theta`, d evaluations; `None` where the loss is.
pub fn gradient<S: Field>(
    theta: &[S],
    loss: impl Fn(&[Derivative<S>]) -> Option<Derivative<S>>,
) -> Option<Vec<S>> {
    let mut point: Vec<_> = theta.iter().cloned().map(Derivative::constant).collect();
    (0..theta.len())
        .map(|k| {
            point[k].slope = S::one();
            let slope = loss(&point)?.slope;
            point[k].slope = S::zero();
            Some(slope)
        })
        .collect()
}
