//! Dual numbers over every [`Scalar`] that num-dual can run over, [`Real`] included.

use super::{Field, Rational, Real, Scalar, working_precision};
use nalgebra::{ComplexField, RealField};
use num_dual::{Dual, DualNum, DualStruct, Mappable};
use num_traits::{Inv, One, Zero};
use rug::{Float, ops::Pow};
use std::cmp::Ordering;
use std::iter::{Product, Sum};
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Rem, RemAssign, Sub, SubAssign};

impl<T: DualNum + Field> Field for Dual<T> {
    fn from_rational(q: &Rational) -> Self {
        Dual::from_re(T::from_rational(q))
    }
    fn sign(&self) -> Option<Ordering> {
        self.re.sign()
    }
    fn is_exactly_zero(&self) -> bool {
        self.re.is_exactly_zero() && self.eps.is_exactly_zero()
    }
    fn root(&self) -> Option<Self> {
        self.re.root().map(|_| DualNum::sqrt(self))
    }
    fn exponential(&self) -> Option<Self> {
        let value = self.re.exponential()?;
        Some(Dual::new(value.clone(), value * &self.eps))
    }
}
impl<T: DualNum + Scalar> Scalar for Dual<T> {
    fn exp(&self) -> Self {
        let value = Scalar::exp(&self.re);
        Dual::new(value.clone(), value * &self.eps)
    }
    fn ln(&self) -> Self {
        Dual::new(Scalar::ln(&self.re), self.eps.clone() / &self.re)
    }
}

// What num-dual asks of the numbers it runs over.

macro_rules! with_double {
    ($trait:ident, $method:ident, $assign_trait:ident, $assign:ident) => {
        impl $trait<f64> for Real {
            type Output = Self;
            fn $method(self, other: f64) -> Self {
                $trait::$method(self, Self::from(other))
            }
        }
        impl $assign_trait<f64> for Real {
            fn $assign(&mut self, other: f64) {
                $assign_trait::$assign(self, Self::from(other));
            }
        }
    };
}
with_double!(Add, add, AddAssign, add_assign);
with_double!(Sub, sub, SubAssign, sub_assign);
with_double!(Mul, mul, MulAssign, mul_assign);
with_double!(Div, div, DivAssign, div_assign);
with_double!(Rem, rem, RemAssign, rem_assign);

impl From<f64> for Real {
    fn from(x: f64) -> Self {
        Self::from_float(Float::with_val(53, x))
    }
}
impl PartialEq<f64> for Real {
    fn eq(&self, other: &f64) -> bool {
        self.as_float() == other
    }
}
impl PartialOrd<f64> for Real {
    fn partial_cmp(&self, other: &f64) -> Option<Ordering> {
        self.as_float().partial_cmp(other)
    }
}
impl Inv for Real {
    type Output = Self;
    fn inv(self) -> Self {
        ComplexField::recip(self)
    }
}
impl Sum for Real {
    fn sum<I: Iterator<Item = Self>>(terms: I) -> Self {
        terms.fold(Self::zero(), |total, x| total + x)
    }
}
impl Product for Real {
    fn product<I: Iterator<Item = Self>>(factors: I) -> Self {
        factors.fold(Self::one(), |total, x| total * x)
    }
}
impl DualStruct for Real {
    type Real = f64;
    type Inner = Self;
    fn re(&self) -> f64 {
        self.to_f64()
    }
    fn from_inner(inner: &Self) -> Self {
        inner.clone()
    }
}
impl Mappable<Self> for Real {
    type Output<O> = O;
    fn map_dual<M: Fn(Self) -> O, O>(self, f: M) -> O {
        f(self)
    }
}

macro_rules! forward {
    ($($name:ident),*) => {
        $(fn $name(&self) -> Self { ComplexField::$name(self.clone()) })*
    };
}
impl DualNum for Real {
    type Primitive = f64;
    const NDERIV: usize = 0;
    type InnerDual = Self;
    fn from_re(re: Self) -> Self {
        re
    }
    fn scale(self, factor: &Self) -> Self {
        self * factor
    }
    fn powi(&self, n: i32) -> Self {
        ComplexField::powi(self.clone(), n)
    }
    fn powf(&self, n: f64) -> Self {
        Self::from_float(Float::with_val(working_precision(), self.as_float().pow(n)))
    }
    fn log(&self, base: f64) -> Self {
        ComplexField::log(self.clone(), Self::from(base))
    }
    fn sin_cos(&self) -> (Self, Self) {
        ComplexField::sin_cos(self.clone())
    }
    fn atan2(&self, other: Self) -> Self {
        RealField::atan2(self.clone(), other)
    }
    forward!(recip, sqrt, cbrt, exp, exp2, exp_m1, ln, log2, log10, ln_1p);
    forward!(
        sin, cos, tan, asin, acos, atan, sinh, cosh, tanh, asinh, acosh, atanh
    );
    // Spherical Bessel functions of the first kind; the argument 0 is their limit.
    fn sph_j0(&self) -> Self {
        ComplexField::sinc(self.clone())
    }
    fn sph_j1(&self) -> Self {
        if self.is_zero() {
            return Self::zero();
        }
        let (s, c) = DualNum::sin_cos(self);
        (s / self - c) / self
    }
    fn sph_j2(&self) -> Self {
        if self.is_zero() {
            return Self::zero();
        }
        let three = Self::from(3.0);
        self.sph_j1() * three / self - self.sph_j0()
    }
}
