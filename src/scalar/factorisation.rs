//! What nalgebra's factorisations ask of a real number, for [`Mp<P>`].
//!
//! This is the one file without `forbid(unsafe_code)`: nalgebra's trait declares
//! two methods as `unsafe fn`, and a safe function may not stand in for them.
//! Both bodies are safe, and there is no unsafe block in the crate.

use super::{Field, Mp, RealScalar};
use approx::{AbsDiffEq, RelativeEq, UlpsEq};
use nalgebra::{ComplexField, RealField, SimdValue};
use num_traits::{FromPrimitive, Num, One, Signed, Zero};
use rug::float::Constant;
use rug::{Float, ops::Pow};
use simba::scalar::SubsetOf;

impl<const P: u32> Num for Mp<P> {
    type FromStrRadixErr = rug::float::ParseFloatError;
    fn from_str_radix(text: &str, radix: u32) -> Result<Self, Self::FromStrRadixErr> {
        // A radix that rug would panic on reads as a text without digits.
        let (text, radix) = match i32::try_from(radix) {
            Ok(radix @ 2..=36) => (text, radix),
            _ => ("", 10),
        };
        Float::parse_radix(text, radix).map(|x| Self(Float::with_val(Self::NEW, x)))
    }
}
impl<const P: u32> FromPrimitive for Mp<P> {
    fn from_i64(n: i64) -> Option<Self> {
        Some(Self(Float::with_val(Self::NEW, n)))
    }
    fn from_u64(n: u64) -> Option<Self> {
        Some(Self(Float::with_val(Self::NEW, n)))
    }
    fn from_f64(x: f64) -> Option<Self> {
        Some(Self::constant(x))
    }
}
impl<const P: u32> Signed for Mp<P> {
    fn abs(&self) -> Self {
        Self(self.0.clone().abs())
    }
    fn abs_sub(&self, other: &Self) -> Self {
        if self <= other {
            Self::zero()
        } else {
            self - other
        }
    }
    fn signum(&self) -> Self {
        Self(self.0.clone().signum())
    }
    fn is_positive(&self) -> bool {
        self.0.is_sign_positive() && !self.0.is_zero()
    }
    fn is_negative(&self) -> bool {
        self.0.is_sign_negative() && !self.0.is_zero()
    }
}
#[allow(unsafe_code)]
impl<const P: u32> SimdValue for Mp<P> {
    const LANES: usize = 1;
    type Element = Self;
    type SimdBool = bool;
    fn splat(value: Self) -> Self {
        value
    }
    fn extract(&self, _: usize) -> Self {
        self.clone()
    }
    unsafe fn extract_unchecked(&self, _: usize) -> Self {
        self.clone()
    }
    fn replace(&mut self, _: usize, value: Self) {
        *self = value;
    }
    unsafe fn replace_unchecked(&mut self, _: usize, value: Self) {
        *self = value;
    }
    fn select(self, condition: bool, other: Self) -> Self {
        if condition { self } else { other }
    }
}
impl<const P: u32> simba::scalar::Field for Mp<P> {}

macro_rules! subset {
    ($native:ty, $to:ident) => {
        impl<const P: u32> SubsetOf<Mp<P>> for $native {
            fn to_superset(&self) -> Mp<P> {
                Mp(Float::with_val(Mp::<P>::NEW, *self))
            }
            fn from_superset_unchecked(x: &Mp<P>) -> Self {
                x.0.$to()
            }
            fn is_in_subset(x: &Mp<P>) -> bool {
                x.0 == x.0.$to()
            }
        }
    };
}
subset!(f32, to_f32);
subset!(f64, to_f64);
impl<const P: u32> SubsetOf<Mp<P>> for Mp<P> {
    fn to_superset(&self) -> Mp<P> {
        self.clone()
    }
    fn from_superset_unchecked(x: &Mp<P>) -> Self {
        x.clone()
    }
    fn is_in_subset(_: &Mp<P>) -> bool {
        true
    }
}

impl<const P: u32> AbsDiffEq for Mp<P> {
    type Epsilon = Self;
    fn default_epsilon() -> Self {
        Self::unit()
    }
    fn abs_diff_eq(&self, other: &Self, epsilon: Self) -> bool {
        Signed::abs(&(self - other)) <= epsilon
    }
}
impl<const P: u32> RelativeEq for Mp<P> {
    fn default_max_relative() -> Self {
        Self::unit()
    }
    fn relative_eq(&self, other: &Self, epsilon: Self, max_relative: Self) -> bool {
        let difference = Signed::abs(&(self - other));
        let largest = RealField::max(Signed::abs(self), Signed::abs(other));
        difference <= epsilon || difference <= largest * max_relative
    }
}
impl<const P: u32> UlpsEq for Mp<P> {
    fn default_max_ulps() -> u32 {
        4
    }
    fn ulps_eq(&self, other: &Self, epsilon: Self, max_ulps: u32) -> bool {
        let spacing = Self::unit() * Self::constant(f64::from(max_ulps));
        self.relative_eq(other, epsilon, spacing)
    }
}

macro_rules! unary {
    ($($name:ident),*) => { $(fn $name(self) -> Self { Self(self.0.$name()) })* };
}
impl<const P: u32> ComplexField for Mp<P> {
    type RealField = Self;
    fn from_real(x: Self) -> Self {
        x
    }
    fn real(self) -> Self {
        self
    }
    fn imaginary(self) -> Self {
        Self::zero()
    }
    fn modulus(self) -> Self {
        Self(self.0.abs())
    }
    fn modulus_squared(self) -> Self {
        Self(self.0.square())
    }
    fn argument(self) -> Self {
        if Signed::is_negative(&self) {
            Self::pi()
        } else {
            Self::zero()
        }
    }
    fn norm1(self) -> Self {
        Self(self.0.abs())
    }
    fn scale(self, factor: Self) -> Self {
        self * factor
    }
    fn unscale(self, factor: Self) -> Self {
        self / factor
    }
    fn conjugate(self) -> Self {
        self
    }
    fn abs(self) -> Self {
        Self(self.0.abs())
    }
    fn mul_add(self, a: Self, b: Self) -> Self {
        self * a + b
    }
    fn hypot(self, other: Self) -> Self {
        Self(self.raised(&other).hypot(&other.0))
    }
    fn sin_cos(self) -> (Self, Self) {
        let bits = self.0.prec();
        let (s, c) = self.0.sin_cos(Float::new(bits));
        (Self(s), Self(c))
    }
    unary!(
        floor, ceil, round, trunc, fract, recip, sin, cos, tan, asin, acos, atan
    );
    unary!(sinh, cosh, tanh, asinh, acosh, atanh);
    unary!(log2, log10, ln, ln_1p, sqrt, exp, exp2, exp_m1, cbrt);
    fn log(self, base: Self) -> Self {
        ComplexField::ln(self) / ComplexField::ln(base)
    }
    fn powi(self, n: i32) -> Self {
        Self(self.0.pow(n))
    }
    fn powf(self, n: Self) -> Self {
        Self(self.raised(&n).pow(&n.0))
    }
    fn powc(self, n: Self) -> Self {
        Self(self.raised(&n).pow(&n.0))
    }
    fn is_finite(&self) -> bool {
        self.0.is_finite()
    }
    fn try_sqrt(self) -> Option<Self> {
        self.root()
    }
}

macro_rules! constants {
    ($($name:ident = $value:expr;)*) => { $(fn $name() -> Self { $value })* };
}
impl<const P: u32> RealField for Mp<P> {
    fn is_sign_positive(&self) -> bool {
        self.0.is_sign_positive()
    }
    fn is_sign_negative(&self) -> bool {
        self.0.is_sign_negative()
    }
    fn copysign(self, sign: Self) -> Self {
        Self(self.0.copysign(&sign.0))
    }
    fn max(self, other: Self) -> Self {
        if self < other { other } else { self }
    }
    fn min(self, other: Self) -> Self {
        if other < self { other } else { self }
    }
    fn clamp(self, low: Self, high: Self) -> Self {
        RealField::min(RealField::max(self, low), high)
    }
    fn atan2(self, other: Self) -> Self {
        Self(self.raised(&other).atan2(&other.0))
    }
    fn min_value() -> Option<Self> {
        None
    }
    fn max_value() -> Option<Self> {
        None
    }
    constants! {
        pi = Self::constant(Constant::Pi);
        two_pi = Self::pi() * Self::constant(2.0);
        frac_pi_2 = Self::pi() / Self::constant(2.0);
        frac_pi_3 = Self::pi() / Self::constant(3.0);
        frac_pi_4 = Self::pi() / Self::constant(4.0);
        frac_pi_6 = Self::pi() / Self::constant(6.0);
        frac_pi_8 = Self::pi() / Self::constant(8.0);
        frac_1_pi = Self::one() / Self::pi();
        frac_2_pi = Self::constant(2.0) / Self::pi();
        frac_2_sqrt_pi = Self::constant(2.0) / ComplexField::sqrt(Self::pi());
        e = ComplexField::exp(Self::one());
        log2_e = Self::one() / Self::ln_2();
        log10_e = Self::one() / Self::ln_10();
        ln_2 = Self::constant(Constant::Log2);
        ln_10 = ComplexField::ln(Self::constant(10.0));
    }
}
