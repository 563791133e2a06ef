//! [`Real`]: correctly rounded binary floating point at the working precision.

use super::{Field, Rational, RealScalar, Scalar, working_precision};
use num_traits::{One, Zero};
use rug::Float;
use std::cmp::Ordering;
use std::fmt;
use std::ops::{
    Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Rem, RemAssign, Sub, SubAssign,
};

/// A real number in floating point, every operation correctly rounded (to nearest) to the
/// [working precision](super::at_precision).
#[derive(Clone, Debug)]
pub struct Real(pub(super) Float);

impl Real {
    /// The rational `q` rounded to `bits` bits.
    pub fn at(bits: u32, q: &Rational) -> Self {
        Self(Float::with_val(bits, q))
    }

    /// The value as MPFR sees it.
    pub fn as_float(&self) -> &Float {
        &self.0
    }

    /// The same value, with as many bits as it has.
    pub fn from_float(x: Float) -> Self {
        Self(x)
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

macro_rules! binary {
    ($trait:ident, $method:ident, $assign_trait:ident, $assign:ident, $op:tt) => {
        impl $trait<&Real> for &Real {
            type Output = Real;
            fn $method(self, other: &Real) -> Real {
                Real(Float::with_val(working_precision(), &self.0 $op &other.0))
            }
        }
        impl $trait<&Real> for Real {
            type Output = Real;
            fn $method(mut self, other: &Real) -> Real {
                self.$assign(other);
                self
            }
        }
        impl $trait for Real {
            type Output = Real;
            fn $method(self, other: Real) -> Real {
                self $op &other
            }
        }
        impl $assign_trait<&Real> for Real {
            fn $assign(&mut self, other: &Real) {
                let bits = working_precision();
                if self.0.prec() == bits {
                    self.0.$assign(&other.0);
                } else {
                    self.0 = Float::with_val(bits, &self.0 $op &other.0);
                }
            }
        }
        impl $assign_trait for Real {
            fn $assign(&mut self, other: Real) {
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

impl Neg for Real {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl PartialEq for Real {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl PartialOrd for Real {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.0.partial_cmp(&other.0)
    }
}
impl fmt::Display for Real {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Zero for Real {
    fn zero() -> Self {
        Self(Float::new(53))
    }
    fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
}
impl One for Real {
    fn one() -> Self {
        Self::from_int(1)
    }
}

impl Field for Real {
    fn from_rational(q: &Rational) -> Self {
        Self(Float::with_val(working_precision(), q))
    }
    // Exact, with or without a working precision.
    fn from_int(n: i64) -> Self {
        Self(Float::with_val(64, n))
    }
    fn sign(&self) -> Option<Ordering> {
        self.0.cmp0()
    }
    fn root(&self) -> Option<Self> {
        (!self.0.is_nan() && (self.0.is_zero() || self.0.is_sign_positive()))
            .then(|| Self(Float::with_val(working_precision(), self.0.sqrt_ref())))
    }
    fn exponential(&self) -> Option<Self> {
        Some(Scalar::exp(self))
    }
    fn square(&self) -> Self {
        Self(Float::with_val(working_precision(), self.0.square_ref()))
    }
}
impl Scalar for Real {
    fn exp(&self) -> Self {
        Self(Float::with_val(working_precision(), self.0.exp_ref()))
    }
    fn ln(&self) -> Self {
        Self(Float::with_val(working_precision(), self.0.ln_ref()))
    }
}
impl RealScalar for Real {
    fn unit() -> Self {
        Self(Float::with_val(64, 1) >> (working_precision() - 1))
    }
}
