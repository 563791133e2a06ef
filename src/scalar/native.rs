//! `f32` and `f64`, with transcendental functions from the `libm` crate so that
//! results do not depend on the platform.

use super::{Field, Rational, RealScalar, Scalar};
use rug::Float;
use rug::float::Round;
use std::cmp::Ordering;

macro_rules! native {
    ($float:ty, $to:ident, $exp:path, $ln:path, $sqrt:path) => {
        impl Field for $float {
            fn from_rational(q: &Rational) -> Self {
                // One rounding, not two: the second would be that into a subnormal.
                let bits = <$float>::MANTISSA_DIGITS;
                let (mut x, rounded) = Float::with_val_round(bits, q, Round::Nearest);
                x.subnormalize_ieee_round(rounded, Round::Nearest);
                x.$to()
            }
            // Not through a rational: this is called for every constant.
            fn from_int(n: i64) -> Self {
                n as $float
            }
            fn sign(&self) -> Option<Ordering> {
                self.partial_cmp(&0.0)
            }
            fn root(&self) -> Option<Self> {
                (*self >= 0.0).then(|| $sqrt(*self))
            }
            fn exponential(&self) -> Option<Self> {
                Some(Scalar::exp(self))
            }
        }
        impl Scalar for $float {
            fn exp(&self) -> Self {
                $exp(*self)
            }
            fn ln(&self) -> Self {
                $ln(*self)
            }
        }
        impl RealScalar for $float {
            fn unit() -> Self {
                Self::EPSILON
            }
        }
    };
}

native!(f32, to_f32, libm::expf, libm::logf, libm::sqrtf);
native!(f64, to_f64, libm::exp, libm::log, libm::sqrt);
