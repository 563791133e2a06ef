//! [`Interval<P>`]: enclosures with outward-rounded end points.

use super::{Direction, Field, Rational, Scalar, decimal_of_float};
use num_traits::{One, Zero};
use rug::Float;
use rug::float::{Round, Special};
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// The set of reals between two end points of `P` bits, end points included.
///
/// Every operation returns an interval that contains the exact result for every
/// choice of reals in its operands. A division by an interval that contains 0,
/// and a logarithm outside its domain, give the whole line. End points may be
/// infinite: then the interval is unbounded on that side.
///
/// With `P = 0` ([`Enclosure`]) the precision travels with the value, as in
/// [`Mp`](super::Mp); constants then have 64 bits, or as many as they need to be
/// exact when they are dyadic.
#[derive(Clone, Debug, PartialEq)]
pub struct Interval<const P: u32> {
    lower: Float,
    upper: Float,
}

/// An enclosure whose precision is chosen at run time.
pub type Enclosure = Interval<0>;

fn down<T>(bits: u32, value: T) -> Float
where
    Float: rug::ops::AssignRound<T, Round = Round, Ordering = Ordering>,
{
    Float::with_val_round(bits, value, Round::Down).0
}

fn up<T>(bits: u32, value: T) -> Float
where
    Float: rug::ops::AssignRound<T, Round = Round, Ordering = Ordering>,
{
    Float::with_val_round(bits, value, Round::Up).0
}

/// x·y, where 0·∞ = 0: an end point 0 is attained, an infinite one is not.
fn product(bits: u32, x: &Float, y: &Float, round: Round) -> Float {
    if x.is_zero() || y.is_zero() {
        Float::new(bits)
    } else {
        Float::with_val_round(bits, x * y, round).0
    }
}

/// The smallest interval that holds all of these, each given by a lower and an upper bound.
fn hull_of<const P: u32>(
    bits: u32,
    bounds: impl IntoIterator<Item = (Float, Float)>,
) -> Interval<P> {
    let mut lower = Float::with_val(bits, Special::Infinity);
    let mut upper = Float::with_val(bits, Special::NegInfinity);
    for (low, high) in bounds {
        if low < lower {
            lower = low;
        }
        if high > upper {
            upper = high;
        }
    }
    Interval { lower, upper }
}

impl<const P: u32> Interval<P> {
    fn bits(&self, other: &Self) -> u32 {
        if P == 0 {
            self.precision().max(other.precision())
        } else {
            P
        }
    }

    /// Bits of the end points.
    pub fn precision(&self) -> u32 {
        self.lower.prec().max(self.upper.prec())
    }

    /// The interval from `lower` to `upper`, widened outwards to `P` bits;
    /// `None` unless there is a real number between the two (NaN included).
    pub fn new(lower: Float, upper: Float) -> Option<Self> {
        let ordered = lower.partial_cmp(&upper).is_some_and(Ordering::is_le);
        // [∞, ∞] holds no real, and ∞ − ∞ would make NaN of it.
        if !ordered || lower.is_infinite() && lower == upper {
            return None;
        }
        Some(if P == 0 {
            Self { lower, upper }
        } else {
            Self {
                lower: down(P, &lower),
                upper: up(P, &upper),
            }
        })
    }

    /// The point x; the whole line if x is not a real number.
    pub fn point(x: &Float) -> Self {
        if !x.is_finite() {
            return Self::whole(x.prec());
        }
        let bits = if P == 0 { x.prec() } else { P };
        Self {
            lower: down(bits, x),
            upper: up(bits, x),
        }
    }

    fn whole(bits: u32) -> Self {
        Self {
            lower: Float::with_val(bits, Special::NegInfinity),
            upper: Float::with_val(bits, Special::Infinity),
        }
    }

    /// The lower end point.
    pub fn lower(&self) -> &Float {
        &self.lower
    }

    /// The upper end point.
    pub fn upper(&self) -> &Float {
        &self.upper
    }

    /// A point inside, near the middle.
    pub fn midpoint(&self) -> Float {
        let middle = Float::with_val(self.precision(), &self.lower + &self.upper) / 2u32;
        if middle.is_finite() {
            middle
        } else if self.lower.is_finite() {
            self.lower.clone()
        } else if self.upper.is_finite() {
            self.upper.clone()
        } else {
            Float::new(self.precision())
        }
    }

    /// Upper bound of the width.
    pub fn width(&self) -> Float {
        up(self.precision(), &self.upper - &self.lower)
    }

    /// Upper bound of |x| over the interval.
    pub fn magnitude(&self) -> Float {
        let (low, high) = (self.lower.clone().abs(), self.upper.clone().abs());
        if low < high { high } else { low }
    }

    /// Lower bound of |x| over the interval (0 if it contains 0).
    pub fn mignitude(&self) -> Float {
        match self.sign() {
            Some(Ordering::Greater) => self.lower.clone(),
            Some(Ordering::Less) => self.upper.clone().abs(),
            _ => Float::new(self.precision()),
        }
    }

    /// Does it contain the rational `q`?
    pub fn contains(&self, q: &Rational) -> bool {
        self.lower <= *q && self.upper >= *q
    }

    /// Does it contain 0?
    pub fn contains_zero(&self) -> bool {
        !self.lower.is_sign_positive() && !self.upper.is_sign_negative()
            || self.lower.is_zero()
            || self.upper.is_zero()
    }

    /// Do the two share a point?
    pub fn intersects(&self, other: &Self) -> bool {
        self.lower <= other.upper && other.lower <= self.upper
    }

    /// Does it lie in the interior of `other`?
    pub fn is_inside(&self, other: &Self) -> bool {
        other.lower < self.lower && self.upper < other.upper
    }

    /// Are both end points finite?
    pub fn is_bounded(&self) -> bool {
        self.lower.is_finite() && self.upper.is_finite()
    }

    /// The smallest interval that contains both.
    pub fn hull(&self, other: &Self) -> Self {
        let lower = if self.lower <= other.lower {
            &self.lower
        } else {
            &other.lower
        };
        let upper = if self.upper >= other.upper {
            &self.upper
        } else {
            &other.upper
        };
        Self {
            lower: lower.clone(),
            upper: upper.clone(),
        }
    }

    /// Widened by |`radius`| on each side; the whole line if that is NaN.
    pub fn widen(&self, radius: &Float) -> Self {
        let bits = self.precision();
        if radius.is_nan() {
            return Self::whole(bits);
        }
        let radius = &*radius.as_abs();
        Self {
            lower: down(bits, &self.lower - radius),
            upper: up(bits, &self.upper + radius),
        }
    }

    /// What is left of it in [0, ∞); `None` if it lies below 0 entirely.
    pub fn at_least_zero(&self) -> Option<Self> {
        match self.sign() {
            Some(Ordering::Less) => None,
            Some(_) => Some(self.clone()),
            None => Some(Self {
                lower: Float::new(self.precision()),
                upper: self.upper.clone(),
            }),
        }
    }

    /// 2^k times the interval, exact but for overflow and underflow.
    pub fn scale_by_power_of_two(&self, k: i32) -> Self {
        let bits = self.precision();
        Self {
            lower: down(bits, &self.lower << k),
            upper: up(bits, &self.upper << k),
        }
    }

    /// log₂ of how many times 0 could be moved towards the interval before it
    /// touches: |midpoint| / radius. Infinite for a non-zero point, −∞ when 0 is inside.
    pub fn sign_margin(&self) -> f64 {
        let near = self.mignitude();
        if near.is_zero() {
            return f64::NEG_INFINITY;
        }
        let width = self.width();
        if width.is_zero() {
            return f64::INFINITY;
        }
        super::Mp::<64>::from_float(near / width).log2_abs()
    }

    /// Is its width at most 10^{−digits} relative to every number in it?
    pub fn has_digits(&self, digits: u32) -> bool {
        let near = self.mignitude();
        if near.is_zero() {
            return self.lower.is_zero() && self.upper.is_zero();
        }
        let scaled = up(64, &self.width() * &up(64, Float::u_pow_u(10, digits)));
        scaled <= near
    }

    /// Decimal bounds (lower, upper) with `digits` significant digits, rounded outwards.
    /// `None` if an end point is infinite.
    pub fn to_decimal(&self, digits: usize) -> Option<(String, String)> {
        Some((
            decimal_of_float(&self.lower, digits, Direction::Down)?,
            decimal_of_float(&self.upper, digits, Direction::Up)?,
        ))
    }
}

impl Enclosure {
    /// The rational `q` to `bits` bits.
    pub fn at(bits: u32, q: &Rational) -> Self {
        Self {
            lower: down(bits, q),
            upper: up(bits, q),
        }
    }

    /// The same set, its end points rounded outwards to `bits` bits.
    pub fn round_to(&self, bits: u32) -> Self {
        Self {
            lower: down(bits, &self.lower),
            upper: up(bits, &self.upper),
        }
    }
}

impl<const P: u32> Zero for Interval<P> {
    fn zero() -> Self {
        Self::from_rational(&Rational::new())
    }
    fn is_zero(&self) -> bool {
        self.lower.is_zero() && self.upper.is_zero()
    }
}
impl<const P: u32> One for Interval<P> {
    fn one() -> Self {
        Self::from_rational(&Rational::from(1))
    }
}

impl<const P: u32> Add<&Interval<P>> for &Interval<P> {
    type Output = Interval<P>;
    fn add(self, other: &Interval<P>) -> Interval<P> {
        let bits = self.bits(other);
        Interval {
            lower: down(bits, &self.lower + &other.lower),
            upper: up(bits, &self.upper + &other.upper),
        }
    }
}
impl<const P: u32> Sub<&Interval<P>> for &Interval<P> {
    type Output = Interval<P>;
    fn sub(self, other: &Interval<P>) -> Interval<P> {
        let bits = self.bits(other);
        let (lower, upper) = (
            down(bits, &self.lower - &other.upper),
            up(bits, &self.upper - &other.lower),
        );
        Interval { lower, upper }
    }
}
impl<const P: u32> Mul<&Interval<P>> for &Interval<P> {
    type Output = Interval<P>;
    fn mul(self, other: &Interval<P>) -> Interval<P> {
        let bits = self.bits(other);
        let (a, b, c, d) = (&self.lower, &self.upper, &other.lower, &other.upper);
        if a.is_sign_positive() && c.is_sign_positive() {
            return Interval {
                lower: product(bits, a, c, Round::Down),
                upper: product(bits, b, d, Round::Up),
            };
        }
        let corners = [(a, c), (a, d), (b, c), (b, d)];
        let products = corners.map(|(x, y)| {
            let low = product(bits, x, y, Round::Down);
            (low, product(bits, x, y, Round::Up))
        });
        hull_of(bits, products)
    }
}
impl<const P: u32> Div<&Interval<P>> for &Interval<P> {
    type Output = Interval<P>;
    fn div(self, other: &Interval<P>) -> Interval<P> {
        let bits = self.bits(other);
        if other.contains_zero() {
            return Interval::whole(bits);
        }
        let (a, b, c, d) = (&self.lower, &self.upper, &other.lower, &other.upper);
        // ∞/∞ is not attained, and the other corners span the quotients: a finite end of the
        // numerator over ∞ is the 0 that they approach.
        let corners = [(a, c), (a, d), (b, c), (b, d)].into_iter();
        let attained = corners.filter(|(x, y)| !(x.is_infinite() && y.is_infinite()));
        let quotients = attained.map(|(x, y)| (down(bits, x / y), up(bits, x / y)));
        hull_of(bits, quotients)
    }
}
macro_rules! forward {
    ($trait:ident, $method:ident) => {
        impl<const P: u32> $trait<&Interval<P>> for Interval<P> {
            type Output = Interval<P>;
            fn $method(self, other: &Interval<P>) -> Interval<P> {
                $trait::$method(&self, other)
            }
        }
        impl<const P: u32> $trait for Interval<P> {
            type Output = Interval<P>;
            fn $method(self, other: Interval<P>) -> Interval<P> {
                $trait::$method(&self, &other)
            }
        }
    };
}
forward!(Add, add);
forward!(Sub, sub);
forward!(Mul, mul);
forward!(Div, div);

impl<const P: u32> Neg for Interval<P> {
    type Output = Self;
    fn neg(self) -> Self {
        Self {
            lower: -self.upper,
            upper: -self.lower,
        }
    }
}

impl<const P: u32> Field for Interval<P> {
    fn from_rational(q: &Rational) -> Self {
        let bits = if P != 0 {
            P
        } else if q.denom().is_power_of_two() {
            q.numer().significant_bits().max(64)
        } else {
            64
        };
        Self {
            lower: down(bits, q),
            upper: up(bits, q),
        }
    }

    fn sign(&self) -> Option<Ordering> {
        if self.is_zero() {
            Some(Ordering::Equal)
        } else if self.lower > 0 {
            Some(Ordering::Greater)
        } else if self.upper < 0 {
            Some(Ordering::Less)
        } else {
            None
        }
    }

    fn root(&self) -> Option<Self> {
        let bits = self.precision();
        let inside = self.at_least_zero()?;
        Some(Self {
            lower: down(bits, inside.lower.sqrt_ref()),
            upper: up(bits, inside.upper.sqrt_ref()),
        })
    }

    fn exponential(&self) -> Option<Self> {
        Some(Scalar::exp(self))
    }

    fn square(&self) -> Self {
        let bits = self.precision();
        let (near, far) = (self.mignitude(), self.magnitude());
        Self {
            lower: down(bits, near.square_ref()),
            upper: up(bits, far.square_ref()),
        }
    }
}

impl<const P: u32> Scalar for Interval<P> {
    fn exp(&self) -> Self {
        let bits = self.precision();
        Self {
            lower: down(bits, self.lower.exp_ref()),
            upper: up(bits, self.upper.exp_ref()),
        }
    }

    fn ln(&self) -> Self {
        let bits = self.precision();
        match self.at_least_zero() {
            // ln 0 = −∞.
            Some(inside) if !inside.upper.is_zero() => Self {
                lower: down(bits, inside.lower.ln_ref()),
                upper: up(bits, inside.upper.ln_ref()),
            },
            _ => Self::whole(bits),
        }
    }
}
