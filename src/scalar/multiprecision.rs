//! [`Mp<P>`]: correctly rounded binary floating point with `P` bits.

use super::{Field, Rational, RealScalar, Scalar};
use num_traits::{One, Zero};
use rug::Float;
use rug::float::Constant;
use std::cmp::Ordering;
use std::fmt;
use std::ops::{
    Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, RemAssign, Sub, SubAssign,
};

/// A real number of `P` bits, every operation correctly rounded (to nearest).
///
/// With `P = 0` ([`Real`]) the precision travels with the value: an operation
/// is done at the larger precision of its operands, and constants have 64 bits.
#[derive(Clone, Debug)]
pub struct Mp<const P: u32>(pub(super) Float);

/// A real number whose precision is chosen at run time.
pub type Real = Mp<0>;

impl<const P: u32> Mp<P> {
    /// Bits of a new constant.
    pub(super) const NEW: u32 = if P == 0 { 64 } else { P };

    fn bits(a: &Float, b: &Float) -> u32 {
        if P == 0 { a.prec().max(b.prec()) } else { P }
    }

    /// The float, with the bits an operation with `other` is done at: MPFR's own
    /// functions round to those of their first operand.
    pub(super) fn raised(self, other: &Self) -> Float {
        let bits = Self::bits(&self.0, &other.0);
        let mut x = self.0;
        if x.prec() != bits {
            x.set_prec(bits);
        }
        x
    }

    pub(super) fn constant(value: impl Rounds) -> Self {
        Self(value.at(Self::NEW))
    }

    /// The value as MPFR sees it.
    pub fn as_float(&self) -> &Float {
        &self.0
    }

    /// Rounds to nearest into the precision of this type (kept as it is for `P = 0`).
    pub fn from_float(x: Float) -> Self {
        if P == 0 || x.prec() == P {
            Self(x)
        } else {
            Self(Float::with_val(P, x))
        }
    }

    /// The nearest double.
    pub fn to_f64(&self) -> f64 {
        self.0.to_f64()
    }

    /// log₂|x| as a double, −∞ at 0; does not overflow or underflow.
    pub fn log2_abs(&self) -> f64 {
        match self.0.get_exp() {
            Some(exponent) => {
                let mantissa = Float::with_val(53, &self.0 >> exponent).to_f64().abs();
                f64::from(exponent) + libm::log2(mantissa)
            }
            _ if self.0.is_zero() => f64::NEG_INFINITY,
            _ => f64::INFINITY,
        }
    }
}

impl Real {
    /// The rational `q` rounded to `bits` bits.
    pub fn at(bits: u32, q: &Rational) -> Self {
        Self(Float::with_val(bits, q))
    }

    /// The same value, rounded to `bits` bits.
    pub fn round_to(&self, bits: u32) -> Self {
        Self(Float::with_val(bits, &self.0))
    }
}

/// What MPFR can round into a float of given precision.
pub(super) trait Rounds {
    fn at(self, bits: u32) -> Float;
}
impl Rounds for Constant {
    fn at(self, bits: u32) -> Float {
        Float::with_val(bits, self)
    }
}
impl Rounds for f64 {
    fn at(self, bits: u32) -> Float {
        Float::with_val(bits, self)
    }
}

macro_rules! binary {
    ($trait:ident, $method:ident, $assign_trait:ident, $assign:ident, $op:tt) => {
        impl<const P: u32> $trait<&Mp<P>> for &Mp<P> {
            type Output = Mp<P>;
            fn $method(self, other: &Mp<P>) -> Mp<P> {
                Mp(Float::with_val(Mp::<P>::bits(&self.0, &other.0), &self.0 $op &other.0))
            }
        }
        impl<const P: u32> $trait<&Mp<P>> for Mp<P> {
            type Output = Mp<P>;
            fn $method(mut self, other: &Mp<P>) -> Mp<P> {
                self.$assign(other);
                self
            }
        }
        impl<const P: u32> $trait for Mp<P> {
            type Output = Mp<P>;
            fn $method(self, other: Mp<P>) -> Mp<P> {
                self $op &other
            }
        }
        impl<const P: u32> $assign_trait<&Mp<P>> for Mp<P> {
            fn $assign(&mut self, other: &Mp<P>) {
                if P == 0 && self.0.prec() < other.0.prec() {
                    self.0.set_prec(other.0.prec());
                }
                self.0.$assign(&other.0);
            }
        }
        impl<const P: u32> $assign_trait for Mp<P> {
            fn $assign(&mut self, other: Mp<P>) {
                self.$assign(&other);
            }
        }
    };
}
binary!(Add, add, AddAssign, add_assign, +);
binary!(Sub, sub, SubAssign, sub_assign, -);
binary!(Mul, mul, MulAssign, mul_assign, *);
binary!(Div, div, DivAssign, div_assign, /);
binary!(Rem, rem, RemAssign, rem_assign, %);

impl<const P: u32> Neg for Mp<P> {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl<const P: u32> PartialEq for Mp<P> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<const P: u32> PartialOrd for Mp<P> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.0.partial_cmp(&other.0)
    }
}
impl<const P: u32> fmt::Display for Mp<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl<const P: u32> Zero for Mp<P> {
    fn zero() -> Self {
        Self::constant(0.0)
    }
    fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
}
impl<const P: u32> One for Mp<P> {
    fn one() -> Self {
        Self::constant(1.0)
    }
}

impl<const P: u32> Field for Mp<P> {
    fn from_rational(q: &Rational) -> Self {
        Self(Float::with_val(Self::NEW, q))
    }
    fn sign(&self) -> Option<Ordering> {
        self.0.cmp0()
    }
    fn root(&self) -> Option<Self> {
        (!self.0.is_nan() && (self.0.is_zero() || self.0.is_sign_positive()))
            .then(|| Self(Float::with_val(self.0.prec(), self.0.sqrt_ref())))
    }
    fn exponential(&self) -> Option<Self> {
        Some(Scalar::exp(self))
    }
    fn square(&self) -> Self {
        Self(Float::with_val(self.0.prec(), self.0.square_ref()))
    }
}
impl<const P: u32> Scalar for Mp<P> {
    fn exp(&self) -> Self {
        Self(Float::with_val(self.0.prec(), self.0.exp_ref()))
    }
    fn ln(&self) -> Self {
        Self(Float::with_val(self.0.prec(), self.0.ln_ref()))
    }
}
impl<const P: u32> RealScalar for Mp<P> {
    fn unit() -> Self {
        Self(Float::with_val(Self::NEW, 1) >> (Self::NEW - 1))
    }
}
