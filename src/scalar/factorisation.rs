//! What nalgebra's factorisations ask of a real number, for [`Real`].
//!
//! This is the one file without `forbid(unsafe_code)`: nalgebra's trait declares
//! two methods as `unsafe fn`, and a safe function may not stand in for them.
//! Both bodies are safe, and there is no unsafe block in the crate.

use super::{Field, Real, RealScalar, working_precision};
use approx::{AbsDiffEq, RelativeEq, UlpsEq};
use nalgebra::{ComplexField, RealField, SimdValue};
use num_traits::{FromPrimitive, Num, One, Signed, Zero};
use rug::float::Constant;
use rug::{Float, ops::Pow};
use simba::scalar::SubsetOf;

impl Num for Real {
    type FromStrRadixErr = rug::float::ParseFloatError;
    fn from_str_radix(text: &str, radix: u32) -> Result<Self, Self::FromStrRadixErr> {
        // A radix that rug would panic on reads as a text without digits.
        let (text, radix) = match i32::try_from(radix) {
            Ok(radix @ 2..=36) => (text, radix),
            _ => ("", 10),
        };
        Float::parse_radix(text, radix).map(|x| Self(Float::with_val(working_precision(), x)))
    }
}
impl FromPrimitive for Real {
    fn from_i64(n: i64) -> Option<Self> {
        Some(Self(Float::with_val(working_precision(), n)))
    }
    fn from_u64(n: u64) -> Option<Self> {
        Some(Self(Float::with_val(working_precision(), n)))
    }
    fn from_f64(x: f64) -> Option<Self> {
        Some(Self(Float::with_val(53, x)))
    }
}
impl Signed for Real {
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
impl SimdValue for Real {
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
impl simba::scalar::Field for Real {}

macro_rules! subset {
    ($native:ty, $to:ident) => {
        impl SubsetOf<Real> for $native {
            fn to_superset(&self) -> Real {
                Real(Float::with_val(working_precision(), *self))
            }
            fn from_superset_unchecked(x: &Real) -> Self {
                x.0.$to()
            }
            fn is_in_subset(x: &Real) -> bool {
                x.0 == x.0.$to()
            }
        }
    };
}
subset!(f32, to_f32);
subset!(f64, to_f64);
impl SubsetOf<Real> for Real {
    fn to_superset(&self) -> Real {
        self.clone()
    }
    fn from_superset_unchecked(x: &Real) -> Self {
        x.clone()
    }
    fn is_in_subset(_: &Real) -> bool {
        true
    }
}

impl AbsDiffEq for Real {
    type Epsilon = Self;
    fn default_epsilon() -> Self {
        Self::unit()
    }
    fn abs_diff_eq(&self, other: &Self, epsilon: Self) -> bool {
        Signed::abs(&(self - other)) <= epsilon
    }
}
impl RelativeEq for Real {
    fn default_max_relative() -> Self {
        Self::unit()
    }
    fn relative_eq(&self, other: &Self, epsilon: Self, max_relative: Self) -> bool {
        let difference = Signed::abs(&(self - other));
        let largest = RealField::max(Signed::abs(self), Signed::abs(other));
        difference <= epsilon || difference <= largest * max_relative
    }
}
impl UlpsEq for Real {
    fn default_max_ulps() -> u32 {
        4
    }
    fn ulps_eq(&self, other: &Self, epsilon: Self, max_ulps: u32) -> bool {
        let spacing = Self::unit() * Self::from_int(i64::from(max_ulps));
        self.relative_eq(other, epsilon, spacing)
    }
}

macro_rules! unary {
    ($($name:ident: $reference:ident),*) => {
        $(fn $name(self) -> Self {
            Self(Float::with_val(working_precision(), self.0.$reference()))
        })*
    };
}
impl ComplexField for Real {
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
        Field::square(&self)
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
        Self(Float::with_val(
            working_precision(),
            self.0.hypot_ref(&other.0),
        ))
    }
    fn sin_cos(self) -> (Self, Self) {
        (ComplexField::sin(self.clone()), ComplexField::cos(self))
    }
    unary!(floor: floor_ref, ceil: ceil_ref, round: round_ref, trunc: trunc_ref, fract: fract_ref, recip: recip_ref, sin: sin_ref, cos: cos_ref, tan: tan_ref, asin: asin_ref, acos: acos_ref, atan: atan_ref, sinh: sinh_ref, cosh: cosh_ref, tanh: tanh_ref, asinh: asinh_ref, acosh: acosh_ref, atanh: atanh_ref, log2: log2_ref, log10: log10_ref, ln: ln_ref, ln_1p: ln_1p_ref, sqrt: sqrt_ref, exp: exp_ref, exp2: exp2_ref, exp_m1: exp_m1_ref, cbrt: cbrt_ref);
    fn log(self, base: Self) -> Self {
        ComplexField::ln(self) / ComplexField::ln(base)
    }
    fn powi(self, n: i32) -> Self {
        Self(Float::with_val(working_precision(), (&self.0).pow(n)))
    }
    fn powf(self, n: Self) -> Self {
        Self(Float::with_val(working_precision(), (&self.0).pow(&n.0)))
    }
    fn powc(self, n: Self) -> Self {
        Self(Float::with_val(working_precision(), (&self.0).pow(&n.0)))
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
impl RealField for Real {
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
        Self(Float::with_val(
            working_precision(),
            self.0.atan2_ref(&other.0),
        ))
    }
    fn min_value() -> Option<Self> {
        None
    }
    fn max_value() -> Option<Self> {
        None
    }
    constants! {
        pi = Self(Float::with_val(working_precision(), Constant::Pi));
        two_pi = Self::pi() * Self::from_int(2);
        frac_pi_2 = Self::pi() / Self::from_int(2);
        frac_pi_3 = Self::pi() / Self::from_int(3);
        frac_pi_4 = Self::pi() / Self::from_int(4);
        frac_pi_6 = Self::pi() / Self::from_int(6);
        frac_pi_8 = Self::pi() / Self::from_int(8);
        frac_1_pi = Self::one() / Self::pi();
        frac_2_pi = Self::from_int(2) / Self::pi();
        frac_2_sqrt_pi = Self::from_int(2) / ComplexField::sqrt(Self::pi());
        e = ComplexField::exp(Self::one());
        log2_e = Self::one() / Self::ln_2();
        log10_e = Self::one() / Self::ln_10();
        ln_2 = Self(Float::with_val(working_precision(), Constant::Log2));
        ln_10 = ComplexField::ln(Self::from_int(10));
    }
}
