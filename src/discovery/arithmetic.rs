//! The number systems in which a recorded loss is computed again.

use crate::scalar::{Ball, Field, Rational, Scalar};
use num_traits::One;
use rug::Integer;
use std::cmp::Ordering;

/// One number system. Operations that have no result at a point say `None`.
pub(super) trait Arithmetic {
    /// Its numbers.
    type Number: Clone;

    fn constant(&self, q: &Rational) -> Option<Self::Number>;
    fn add(&self, a: &Self::Number, b: &Self::Number) -> Self::Number;
    fn subtract(&self, a: &Self::Number, b: &Self::Number) -> Self::Number;
    fn multiply(&self, a: &Self::Number, b: &Self::Number) -> Self::Number;
    fn divide(&self, a: &Self::Number, b: &Self::Number) -> Option<Self::Number>;
    fn root(&self, a: &Self::Number) -> Option<Self::Number>;
    fn exponential(&self, a: &Self::Number) -> Option<Self::Number>;
    fn logarithm(&self, a: &Self::Number) -> Option<Self::Number>;

    /// a^n, by repeated squaring.
    fn power(&self, a: &Self::Number, n: i32) -> Option<Self::Number> {
        let one = self.constant(&Rational::one())?;
        let (mut square, mut result) = (a.clone(), one.clone());
        let mut rest = n.unsigned_abs();
        while rest > 0 {
            if rest % 2 == 1 {
                result = self.multiply(&result, &square);
            }
            rest /= 2;
            if rest > 0 {
                square = self.multiply(&square, &square);
            }
        }
        if n < 0 {
            self.divide(&one, &result)
        } else {
            Some(result)
        }
    }
}

/// The rational numbers.
pub(super) struct Exact;

impl Arithmetic for Exact {
    type Number = Rational;

    fn constant(&self, q: &Rational) -> Option<Rational> {
        Some(q.clone())
    }
    fn add(&self, a: &Rational, b: &Rational) -> Rational {
        Rational::from(a + b)
    }
    fn subtract(&self, a: &Rational, b: &Rational) -> Rational {
        Rational::from(a - b)
    }
    fn multiply(&self, a: &Rational, b: &Rational) -> Rational {
        Rational::from(a * b)
    }
    fn divide(&self, a: &Rational, b: &Rational) -> Option<Rational> {
        (b.cmp0() != Ordering::Equal).then(|| Rational::from(a / b))
    }
    fn root(&self, a: &Rational) -> Option<Rational> {
        a.root()
    }
    fn exponential(&self, a: &Rational) -> Option<Rational> {
        a.exponential()
    }
    fn logarithm(&self, a: &Rational) -> Option<Rational> {
        a.is_one().then(Rational::new)
    }
}

/// Balls, at the working precision. A function that the ball may leave the domain of, or
/// that has a kink in it, has no result.
pub(super) struct Enclosed;

impl Arithmetic for Enclosed {
    type Number = Ball;

    fn constant(&self, q: &Rational) -> Option<Ball> {
        Some(Ball::from_rational(q))
    }
    fn add(&self, a: &Ball, b: &Ball) -> Ball {
        a.clone() + b
    }
    fn subtract(&self, a: &Ball, b: &Ball) -> Ball {
        a.clone() - b
    }
    fn multiply(&self, a: &Ball, b: &Ball) -> Ball {
        a.clone() * b
    }
    fn divide(&self, a: &Ball, b: &Ball) -> Option<Ball> {
        (!b.contains_zero()).then(|| a.clone() / b)
    }
    fn root(&self, a: &Ball) -> Option<Ball> {
        positive(a).then(|| Field::root(a))?
    }
    fn exponential(&self, a: &Ball) -> Option<Ball> {
        let result = Scalar::exp(a);
        result.is_bounded().then_some(result)
    }
    fn logarithm(&self, a: &Ball) -> Option<Ball> {
        positive(a).then(|| Scalar::ln(a))
    }
}

fn positive(a: &Ball) -> bool {
    Field::sign(a) == Some(Ordering::Greater)
}

/// The integers modulo a prime below 2³¹, with roots, and with stand-ins for the functions
/// that have no meaning there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Modular {
    pub(super) prime: u64,
}

impl Modular {
    /// q mod p; `None` where p divides the denominator.
    pub(super) fn of(self, q: &Rational) -> Option<u64> {
        let p = self.prime;
        let rest = |n: &Integer| u64::from(n.mod_u(u32::try_from(p).unwrap_or(u32::MAX)));
        let denominator = rest(q.denom());
        let numerator = rest(q.numer());
        if denominator == 1 {
            return Some(numerator);
        }
        (denominator != 0).then(|| numerator * self.inverse(denominator) % p)
    }

    /// 1/a for a ≠ 0, by Fermat.
    pub(super) fn inverse(self, a: u64) -> u64 {
        self.raise(a, self.prime - 2)
    }

    /// A value that looks random, and depends on its arguments alone.
    fn any_value(self, function: u64, a: u64) -> u64 {
        // The finaliser of splitmix64.
        let mut x = (a + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (function << 59);
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (x ^ (x >> 31)) % self.prime
    }

    fn raise(self, a: u64, mut exponent: u64) -> u64 {
        let p = self.prime;
        let (mut base, mut result) = (a % p, 1);
        while exponent > 0 {
            if exponent % 2 == 1 {
                result = result * base % p;
            }
            base = base * base % p;
            exponent /= 2;
        }
        result
    }
}

impl Arithmetic for Modular {
    type Number = u64;

    fn constant(&self, q: &Rational) -> Option<u64> {
        self.of(q)
    }
    fn add(&self, a: &u64, b: &u64) -> u64 {
        (a + b) % self.prime
    }
    fn subtract(&self, a: &u64, b: &u64) -> u64 {
        (a + self.prime - b) % self.prime
    }
    fn multiply(&self, a: &u64, b: &u64) -> u64 {
        a * b % self.prime
    }
    fn divide(&self, a: &u64, b: &u64) -> Option<u64> {
        (*b != 0).then(|| a * self.inverse(*b) % self.prime)
    }
    // A root is one modulo p, where there is one; which of the two depends on the number, and
    // is the same wherever it occurs. Primes here are 3 modulo 4.
    fn root(&self, a: &u64) -> Option<u64> {
        let p = self.prime;
        let root = self.raise(*a, p.div_ceil(4));
        if root == 0 || root * root % p != *a {
            return None;
        }
        Some(if self.any_value(1, *a).is_multiple_of(2) {
            root
        } else {
            p - root
        })
    }
    // Of e^x and ln x nothing is used but their derivatives: any value stands for them, the
    // same for the same argument.
    fn exponential(&self, a: &u64) -> Option<u64> {
        Some(self.any_value(2, *a))
    }
    fn logarithm(&self, a: &u64) -> Option<u64> {
        (*a != 0).then(|| self.any_value(3, *a))
    }
}
