//! The radius of a ball: a double with an exponent of its own, every result rounded up.

use rug::float::Round;
use rug::{Float, Integer};
use std::cmp::Ordering;

/// m·2^e with ½ ≤ m < 1; 0 has m = 0, and an infinite radius e = [`Radius::BEYOND`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Radius {
    mantissa: f64,
    exponent: i64,
}

/// 2^k for −1022 ≤ k ≤ 0.
fn power_of_two(k: i64) -> f64 {
    f64::from_bits(((1023 + k) as u64) << 52)
}

impl Radius {
    pub const ZERO: Self = Self {
        mantissa: 0.0,
        exponent: 0,
    };
    /// Far beyond the exponents of MPFR, so that sums of exponents stay in range.
    const BEYOND: i64 = 1 << 40;
    pub const INFINITE: Self = Self {
        mantissa: 0.5,
        exponent: Self::BEYOND,
    };

    /// 2^`exponent`.
    pub fn power(exponent: i64) -> Self {
        Self {
            mantissa: 0.5,
            exponent: exponent + 1,
        }
    }

    /// At least |x|; infinite for what is not finite.
    pub fn of(x: &Float) -> Self {
        if x.is_zero() {
            return Self::ZERO;
        }
        if !x.is_finite() {
            return Self::INFINITE;
        }
        let away = if x.is_sign_negative() {
            Round::Down
        } else {
            Round::Up
        };
        let (mantissa, exponent) = x.to_f64_exp_round(away);
        Self::normal(mantissa.abs(), i64::from(exponent))
    }

    /// At most |x|, for finite x.
    pub fn below(x: &Float) -> Self {
        if x.is_zero() {
            return Self::ZERO;
        }
        let (mantissa, exponent) = x.to_f64_exp_round(Round::Zero);
        Self::normal(mantissa.abs(), i64::from(exponent))
    }

    /// At least |n|.
    pub fn of_integer(n: &Integer) -> Self {
        let (mantissa, exponent) = n.to_f64_exp();
        if mantissa == 0.0 {
            return Self::ZERO;
        }
        // It is cut off towards 0.
        Self::normal(mantissa.abs().next_up(), i64::from(exponent))
    }

    /// At most |n|.
    pub fn of_integer_below(n: &Integer) -> Self {
        let (mantissa, exponent) = n.to_f64_exp();
        if mantissa == 0.0 {
            return Self::ZERO;
        }
        Self::normal(mantissa.abs(), i64::from(exponent))
    }

    /// From a mantissa in [¼, 2].
    fn normal(mut mantissa: f64, mut exponent: i64) -> Self {
        while mantissa >= 1.0 {
            mantissa *= 0.5;
            exponent += 1;
        }
        if mantissa < 0.5 {
            mantissa *= 2.0;
            exponent -= 1;
        }
        if exponent >= Self::BEYOND {
            return Self::INFINITE;
        }
        // Below every number that MPFR holds: the bound may be larger.
        Self {
            mantissa,
            exponent: exponent.max(-Self::BEYOND),
        }
    }

    pub fn is_zero(self) -> bool {
        self.mantissa == 0.0
    }

    pub fn is_infinite(self) -> bool {
        self.exponent == Self::BEYOND
    }

    /// At least a + b.
    pub fn plus(self, other: Self) -> Self {
        if self.is_zero() {
            return other;
        }
        if other.is_zero() {
            return self;
        }
        if self.is_infinite() || other.is_infinite() {
            return Self::INFINITE;
        }
        let (large, small) = if self.exponent >= other.exponent {
            (self, other)
        } else {
            (other, self)
        };
        let shift = (large.exponent - small.exponent).min(100);
        let sum = large.mantissa + small.mantissa * power_of_two(-shift);
        Self::normal(sum.next_up(), large.exponent)
    }

    /// At least a·b, where 0·∞ = 0.
    pub fn times(self, other: Self) -> Self {
        if self.is_zero() || other.is_zero() {
            return Self::ZERO;
        }
        if self.is_infinite() || other.is_infinite() {
            return Self::INFINITE;
        }
        let product = self.mantissa * other.mantissa;
        Self::normal(product.next_up(), self.exponent + other.exponent)
    }

    /// At least a/b for b > 0; infinite for b = 0.
    pub fn over(self, other: Self) -> Self {
        if self.is_zero() {
            return Self::ZERO;
        }
        if self.is_infinite() || other.is_zero() {
            return Self::INFINITE;
        }
        // In (½, 2).
        let quotient = self.mantissa / other.mantissa;
        Self::normal(quotient.next_up(), self.exponent - other.exponent)
    }

    /// At most a − b for a ≥ b, else 0.
    pub fn minus_below(self, other: Self) -> Self {
        if self.compare(other).is_le() || other.is_infinite() {
            return Self::ZERO;
        }
        let shift = self.exponent - other.exponent;
        if shift > 100 {
            // Less by 2⁻⁵³ of itself is more than enough.
            return Self::trimmed(self.mantissa.next_down(), self.exponent);
        }
        let rest = self.mantissa - other.mantissa * power_of_two(-shift);
        Self::trimmed(rest.next_down().max(0.0), self.exponent)
    }

    /// As [`Self::normal`], for any mantissa below 2.
    fn trimmed(mantissa: f64, exponent: i64) -> Self {
        if mantissa == 0.0 {
            return Self::ZERO;
        }
        let (mantissa, shift) = libm::frexp(mantissa);
        Self {
            mantissa,
            exponent: exponent + i64::from(shift),
        }
    }

    /// |x| ≤ the radius, for finite x?
    pub fn reaches(self, x: &Float) -> bool {
        let Some(exponent) = x.get_exp() else {
            return x.is_zero();
        };
        if self.is_zero() {
            return false;
        }
        match i64::from(exponent).cmp(&self.exponent) {
            Ordering::Less => true,
            Ordering::Greater => false,
            Ordering::Equal => x.cmp_abs(&self.to_float()).is_some_and(Ordering::is_le),
        }
    }

    /// 2^k times as large.
    pub fn shifted(self, k: i64) -> Self {
        if self.is_zero() || self.is_infinite() {
            self
        } else {
            Self::normal(self.mantissa, self.exponent + k)
        }
    }

    pub fn compare(self, other: Self) -> Ordering {
        match (self.is_zero(), other.is_zero()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            _ => {
                (self.exponent.cmp(&other.exponent)).then(self.mantissa.total_cmp(&other.mantissa))
            }
        }
    }

    /// The same number, exactly (where MPFR's exponents end, rounded up).
    pub fn to_float(self) -> Float {
        if self.is_zero() {
            return Float::new(53);
        }
        match i32::try_from(self.exponent) {
            Ok(exponent) => {
                let mantissa = Float::with_val(53, self.mantissa);
                Float::with_val_round(53, &mantissa << exponent, Round::Up).0
            }
            Err(_) if self.exponent > 0 => Float::with_val(53, rug::float::Special::Infinity),
            Err(_) => Float::with_val(53, 1) << (rug::float::exp_min() - 1),
        }
    }
}
