//! [`Ball`]: an enclosure as a midpoint and a radius.

use super::radius::Radius;
use super::{Direction, Field, Rational, Real, Scalar, decimal_of_float, working_precision};
use num_traits::{One, Zero};
use rug::Float;
use rug::float::Round;
use rug::ops::{AddAssignRound, AssignRound, DivAssignRound, MulAssignRound, SubAssignRound};
use std::cmp::Ordering;
use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

/// The set of reals within a radius of a midpoint.
///
/// Every operation returns a ball that contains the exact result for every choice of
/// reals in its operands. The midpoint has the [working precision](super::at_precision),
/// rounded to nearest; the radius has 53 bits and an exponent of its own, rounded up.
/// For points as operands the radius is at most one unit in the last place of the
/// midpoint (half of one for +, −, ×, ÷, the root, and 0 where the result is exact). For
/// others it exceeds, by no more than that and 2⁻⁴⁰ of itself, the largest distance of an
/// exact result from that of the midpoints; a square, root, exponential or logarithm of a
/// ball that is wide is the ball between its values at the ends instead, and between
/// narrow and wide (r < |m|/4, for the exponential r ≤ ½) those may take a share more of
/// the order of r/|m| (r).
///
/// A division by a ball that contains 0, a logarithm outside its domain and what leaves
/// the exponents of MPFR give the whole line.
#[derive(Clone, Debug, PartialEq)]
pub struct Ball {
    /// Finite.
    middle: Float,
    radius: Radius,
}

/// Bits of the values at the ends of a wide ball: a double's, and what a logarithm needs
/// before its point.
const END_BITS: u32 = 96;

/// |error| of a midpoint that was rounded to nearest: half a unit in its last place.
fn rounding(middle: &Float, rounded: Ordering) -> Radius {
    if rounded.is_eq() {
        return Radius::ZERO;
    }
    let least = rug::float::exp_min();
    match middle.get_exp() {
        Some(exponent) if exponent > least => {
            Radius::power(i64::from(exponent) - i64::from(middle.prec()) - 1)
        }
        None if !middle.is_zero() => Radius::INFINITE,
        // To the smallest number, or to 0: half of the smallest.
        _ => Radius::power(i64::from(least) - 2),
    }
}

impl Ball {
    fn new_unchecked(middle: Float, radius: Radius) -> Self {
        if middle.is_finite() && !radius.is_infinite() {
            Self { middle, radius }
        } else {
            Self::whole()
        }
    }

    /// `value` rounded to `bits` bits, widened by what that loses and by `radius`.
    fn rounded<T>(bits: u32, value: T, radius: Radius) -> Self
    where
        Float: AssignRound<T, Round = Round, Ordering = Ordering>,
    {
        let (middle, rounded) = Float::with_val_round(bits, value, Round::Nearest);
        let radius = radius.plus(rounding(&middle, rounded));
        Self::new_unchecked(middle, radius)
    }

    /// The rational `q`, its midpoint at `bits` bits.
    pub fn at(bits: u32, q: &Rational) -> Self {
        Self::rounded(bits, q, Radius::ZERO)
    }

    /// The point x, exactly; the whole line if x is not a real number.
    pub fn point(x: &Float) -> Self {
        Self::new_unchecked(x.clone(), Radius::ZERO)
    }

    /// All reals.
    pub fn whole() -> Self {
        Self {
            middle: Float::new(53),
            radius: Radius::INFINITE,
        }
    }

    /// The ball from `lower` to `upper`, its midpoint with one bit more than these so that it is
    /// hardly ever wider; the whole line if one of the two is infinite, `None` unless there
    /// is a real number between the two (NaN included).
    pub fn between(lower: &Float, upper: &Float) -> Option<Self> {
        let ordered = lower.partial_cmp(upper).is_some_and(Ordering::is_le);
        if !ordered || lower.is_infinite() && lower == upper {
            return None;
        }
        if !lower.is_finite() || !upper.is_finite() {
            return Some(Self::whole());
        }
        let bits = lower.prec().max(upper.prec()) + 1;
        let middle = Float::with_val(bits, lower + upper) >> 1u32;
        let [below, above] = [lower, upper].map(|end| {
            let distance = Float::with_val_round(
                64,
                end - &middle,
                if end == lower { Round::Down } else { Round::Up },
            );
            Radius::of(&distance.0)
        });
        let radius = if below.compare(above).is_ge() {
            below
        } else {
            above
        };
        Some(Self::new_unchecked(middle, radius))
    }

    /// The midpoint.
    pub fn midpoint(&self) -> &Float {
        &self.middle
    }

    /// The midpoint, as a number of the working precision.
    pub fn middle(&self) -> Real {
        Real::from_float(Float::with_val(working_precision(), &self.middle))
    }

    /// The double nearest to the midpoint.
    pub fn to_f64(&self) -> f64 {
        self.middle.to_f64()
    }

    /// The radius; infinite for the whole line.
    pub fn radius(&self) -> Float {
        self.radius.to_float()
    }

    /// The lower end: exact where that takes few bits more than the midpoint has, else
    /// rounded down.
    pub fn lower(&self) -> Float {
        self.end(Round::Down)
    }

    /// The upper end, likewise rounded up.
    pub fn upper(&self) -> Float {
        self.end(Round::Up)
    }

    fn end(&self, round: Round) -> Float {
        let radius = self.radius.to_float();
        // So many bits hold the sum where the two overlap or nearly do.
        let bits = self.middle.prec() + 128;
        let (radius, round) = match round {
            Round::Down => (-radius, Round::Down),
            _ => (radius, Round::Up),
        };
        Float::with_val_round(bits, &self.middle + &radius, round).0
    }

    /// Upper bound of the width.
    pub fn width(&self) -> Float {
        self.radius.shifted(1).to_float()
    }

    /// Upper bound of |x| over the ball.
    pub fn magnitude(&self) -> Float {
        Radius::of(&self.middle).plus(self.radius).to_float()
    }

    /// Lower bound of |x| over the ball (0 if it contains 0).
    pub fn mignitude(&self) -> Float {
        if self.contains_zero() {
            return Float::new(53);
        }
        let (size, radius) = (self.middle.as_abs(), self.radius.to_float());
        Float::with_val_round(53, &*size - &radius, Round::Down).0
    }

    /// The same for divisors, quickly where the radius is not most of the midpoint.
    fn smallest(&self) -> Radius {
        let size = Radius::below(&self.middle);
        if self.radius.compare(size.shifted(-1)).is_le() {
            size.minus_below(self.radius)
        } else {
            Radius::below(&self.mignitude())
        }
    }

    /// Is the radius so large that a function is better taken at the ends?
    fn is_wide(&self) -> bool {
        let quarter = Radius::below(&self.middle).shifted(-2);
        self.radius.compare(quarter).is_gt()
    }

    /// The ball between the values of a growing function, from `low` to `high`. Its
    /// radius shows few of their bits.
    fn of_ends(low: &Float, high: &Float, function: impl Fn(&Float, Round) -> Float) -> Self {
        Self::between(&function(low, Round::Down), &function(high, Round::Up))
            .unwrap_or_else(Self::whole)
            .rounded_to_working_precision()
    }

    /// Does it contain the rational `q`? (Of a radius far below the midpoint's last place,
    /// as far as [`Self::lower`] and [`Self::upper`] tell.)
    pub fn contains(&self, q: &Rational) -> bool {
        self.lower() <= *q && self.upper() >= *q
    }

    /// Does it contain 0?
    pub fn contains_zero(&self) -> bool {
        self.radius.reaches(&self.middle)
    }

    /// Do the two share a point? (For certain not, if the answer is no.)
    pub fn intersects(&self, other: &Self) -> bool {
        self.lower() <= other.upper() && other.lower() <= self.upper()
    }

    /// Does it lie in the interior of `other`?
    pub fn is_inside(&self, other: &Self) -> bool {
        // |m − m'| + r < r'
        let distance = [Round::Down, Round::Up].map(|round| {
            let difference = Float::with_val_round(64, &self.middle - &other.middle, round);
            Radius::of(&difference.0)
        });
        distance
            .into_iter()
            .all(|d| d.plus(self.radius).compare(other.radius).is_lt())
    }

    /// Is it anything less than the whole line?
    pub fn is_bounded(&self) -> bool {
        !self.radius.is_infinite()
    }

    /// A ball that contains both, its midpoint with as many bits as one of theirs.
    pub fn hull(&self, other: &Self) -> Self {
        let (a, b) = (self.lower(), other.lower());
        let (c, d) = (self.upper(), other.upper());
        let (lower, upper) = (if a < b { a } else { b }, if c > d { c } else { d });
        let hull = Self::between(&lower, &upper).unwrap_or_else(Self::whole);
        let bits = self.middle.prec().max(other.middle.prec());
        Self::rounded(bits, &hull.middle, hull.radius)
    }

    /// Widened by |`radius`| on each side; the whole line if that is NaN.
    pub fn widen(&self, radius: &Float) -> Self {
        Self::new_unchecked(self.middle.clone(), self.radius.plus(Radius::of(radius)))
    }

    /// The smallest ball around 0 that contains it.
    pub fn around_zero(&self) -> Self {
        let radius = Radius::of(&self.middle).plus(self.radius);
        Self::new_unchecked(Float::new(53), radius)
    }

    /// What is left of it in [0, ∞); `None` if it lies below 0 entirely.
    pub fn at_least_zero(&self) -> Option<Self> {
        match self.sign() {
            Some(Ordering::Less) => None,
            Some(_) => Some(self.clone()),
            None if !self.is_bounded() => Some(self.clone()),
            None => {
                // So few bits that the radius holds half of it.
                let upper = Float::with_val_round(53, self.upper(), Round::Up).0;
                Self::between(&Float::new(53), &upper)
            }
        }
    }

    /// 2^k times the ball, exact but for overflow and underflow.
    pub fn scale_by_power_of_two(&self, k: i32) -> Self {
        Self::rounded(
            self.middle.prec(),
            &self.middle << k,
            self.radius.shifted(i64::from(k)),
        )
    }

    /// log₂ of how many times 0 could be moved towards the ball before it touches:
    /// distance over width. Infinite for a non-zero point, −∞ when 0 is inside.
    pub fn sign_margin(&self) -> f64 {
        let near = self.mignitude();
        if near.is_zero() {
            return f64::NEG_INFINITY;
        }
        let width = self.width();
        if width.is_zero() {
            return f64::INFINITY;
        }
        Real::from_float(near / width).log2_abs()
    }

    /// Is its width at most 10^{−digits} relative to every number in it?
    pub fn has_digits(&self, digits: u32) -> bool {
        let near = self.mignitude();
        if near.is_zero() {
            return self.is_zero();
        }
        let power = Float::with_val_round(64, Float::u_pow_u(10, digits), Round::Up).0;
        Float::with_val_round(64, &self.width() * &power, Round::Up).0 <= near
    }

    /// Decimal bounds (lower, upper) with `digits` significant digits, rounded outwards.
    /// `None` for the whole line.
    pub fn to_decimal(&self, digits: usize) -> Option<(String, String)> {
        Some((
            decimal_of_float(&self.lower(), digits, Direction::Down)?,
            decimal_of_float(&self.upper(), digits, Direction::Up)?,
        ))
    }

    /// The same set, its midpoint rounded to the working precision.
    pub fn rounded_to_working_precision(&self) -> Self {
        Self::rounded(working_precision(), &self.middle, self.radius)
    }
}

impl Zero for Ball {
    fn zero() -> Self {
        Self {
            middle: Float::new(53),
            radius: Radius::ZERO,
        }
    }
    fn is_zero(&self) -> bool {
        self.middle.is_zero() && self.radius.is_zero()
    }
}
impl One for Ball {
    fn one() -> Self {
        Self::from_int(1)
    }
}

impl Ball {
    /// Bounds |x + y − (m + n)| over two balls around m and n.
    fn radius_of_sum(&self, other: &Self) -> Radius {
        self.radius.plus(other.radius)
    }

    /// Bounds |xy − mn|.
    fn radius_of_product(&self, other: &Self) -> Radius {
        if self.radius.is_zero() && other.radius.is_zero() {
            return Radius::ZERO;
        }
        let largest = Radius::of(&other.middle).plus(other.radius);
        let first = self.radius.times(largest);
        first.plus(Radius::of(&self.middle).times(other.radius))
    }

    /// Bounds |x/y − m/n| = |(x − m) + (m/n)(n − y)|/|y|, given m/n rounded.
    fn radius_of_quotient(&self, other: &Self, quotient: Radius) -> Radius {
        if self.radius.is_zero() && other.radius.is_zero() {
            return Radius::ZERO;
        }
        self.radius
            .plus(quotient.times(other.radius))
            .over(other.smallest())
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, $assign_trait:ident, $assign:ident, $round:ident, $op:tt, $radius:ident) => {
        impl $trait<&Ball> for &Ball {
            type Output = Ball;
            fn $method(self, other: &Ball) -> Ball {
                let radius = self.$radius(other);
                Ball::rounded(working_precision(), &self.middle $op &other.middle, radius)
            }
        }
        impl $assign_trait<&Ball> for Ball {
            fn $assign(&mut self, other: &Ball) {
                let bits = working_precision();
                if self.middle.prec() != bits {
                    *self = &*self $op other;
                    return;
                }
                let radius = self.$radius(other);
                let rounded = self.middle.$round(&other.middle, Round::Nearest);
                self.settle(radius, rounded);
            }
        }
    };
}
operator!(Add, add, AddAssign, add_assign, add_assign_round, +, radius_of_sum);
operator!(Sub, sub, SubAssign, sub_assign, sub_assign_round, -, radius_of_sum);
operator!(Mul, mul, MulAssign, mul_assign, mul_assign_round, *, radius_of_product);

impl Ball {
    /// After an operation in place: `rounded` tells what became of the midpoint.
    fn settle(&mut self, radius: Radius, rounded: Ordering) {
        self.radius = radius.plus(rounding(&self.middle, rounded));
        if self.radius.is_infinite() || !self.middle.is_finite() {
            *self = Self::whole();
        }
    }
}

impl Div<&Ball> for &Ball {
    type Output = Ball;
    fn div(self, other: &Ball) -> Ball {
        let mut quotient = self.clone();
        quotient /= other;
        quotient
    }
}
impl DivAssign<&Ball> for Ball {
    fn div_assign(&mut self, other: &Ball) {
        if other.contains_zero() {
            *self = Self::whole();
            return;
        }
        let bits = working_precision();
        let numerator = Radius::of(&self.middle);
        // At least |m/n|.
        let quotient = numerator.over(Radius::below(&other.middle));
        let radius = self.radius_of_quotient(other, quotient);
        let rounded = if self.middle.prec() == bits {
            self.middle.div_assign_round(&other.middle, Round::Nearest)
        } else {
            let quotient = &self.middle / &other.middle;
            let (middle, rounded) = Float::with_val_round(bits, quotient, Round::Nearest);
            self.middle = middle;
            rounded
        };
        self.settle(radius, rounded);
    }
}
macro_rules! owned {
    ($trait:ident, $method:ident, $assign_trait:ident, $assign:ident) => {
        impl $trait<&Ball> for Ball {
            type Output = Ball;
            fn $method(mut self, other: &Ball) -> Ball {
                self.$assign(other);
                self
            }
        }
        impl $trait for Ball {
            type Output = Ball;
            fn $method(mut self, other: Ball) -> Ball {
                self.$assign(&other);
                self
            }
        }
        impl $assign_trait for Ball {
            fn $assign(&mut self, other: Ball) {
                self.$assign(&other);
            }
        }
    };
}
owned!(Add, add, AddAssign, add_assign);
owned!(Sub, sub, SubAssign, sub_assign);
owned!(Mul, mul, MulAssign, mul_assign);
owned!(Div, div, DivAssign, div_assign);

impl Neg for Ball {
    type Output = Self;
    fn neg(self) -> Self {
        Self {
            middle: -self.middle,
            radius: self.radius,
        }
    }
}

impl Field for Ball {
    fn from_rational(q: &Rational) -> Self {
        Self::at(working_precision(), q)
    }

    fn from_int(n: i64) -> Self {
        Self {
            middle: Float::with_val(64, n),
            radius: Radius::ZERO,
        }
    }

    fn sign(&self) -> Option<Ordering> {
        if self.is_zero() {
            return Some(Ordering::Equal);
        }
        if self.contains_zero() {
            None
        } else {
            self.middle.cmp0()
        }
    }

    fn root(&self) -> Option<Self> {
        let inside = self.at_least_zero()?;
        if !self.is_bounded() || inside.is_zero() {
            return Some(inside);
        }
        let bits = working_precision();
        if self.is_wide() {
            let low = Float::max(inside.lower(), &Float::new(53));
            return Some(Self::of_ends(&low, &inside.upper(), |end, round| {
                Float::with_val_round(END_BITS, end.sqrt_ref(), round).0
            }));
        }
        let mut radius = Radius::ZERO;
        if !self.radius.is_zero() {
            // √m − √(m − r) = r/(√m + √(m − r)) ≤ r/(2√m − r/√m), and √(m + r) − √m is less.
            let (root, _) = Float::with_val_round(53, self.middle.sqrt_ref(), Round::Down);
            let root = Radius::below(&root);
            let both = root.shifted(1).minus_below(self.radius.over(root));
            radius = self.radius.over(both);
        }
        Some(Self::rounded(bits, self.middle.sqrt_ref(), radius))
    }

    fn exponential(&self) -> Option<Self> {
        Some(Scalar::exp(self))
    }

    fn square(&self) -> Self {
        if self.is_wide() {
            return Self::of_ends(&self.mignitude(), &self.magnitude(), |end, round| {
                Float::with_val_round(END_BITS, end.square_ref(), round).0
            });
        }
        let twice = Radius::of(&self.middle).shifted(1).plus(self.radius);
        let radius = self.radius.times(twice);
        Self::rounded(working_precision(), self.middle.square_ref(), radius)
    }
}

impl Scalar for Ball {
    fn exp(&self) -> Self {
        let bits = working_precision();
        if !self.is_bounded() {
            return Self::whole();
        }
        if self.radius.compare(Radius::power(-1)).is_gt() {
            return Self::of_ends(&self.lower(), &self.upper(), |end, round| {
                Float::with_val_round(END_BITS, end.exp_ref(), round).0
            });
        }
        let (middle, rounded) = Float::with_val_round(bits, self.middle.exp_ref(), Round::Nearest);
        let rounding = rounding(&middle, rounded);
        let top = Radius::of(&middle).plus(rounding);
        let radius = top.times(growth(self.radius)).plus(rounding);
        Self::new_unchecked(middle, radius)
    }

    fn ln(&self) -> Self {
        if !self.sign().is_some_and(Ordering::is_gt) {
            return Self::whole();
        }
        if self.is_wide() {
            return Self::of_ends(&self.lower(), &self.upper(), |end, round| {
                Float::with_val_round(END_BITS, end.ln_ref(), round).0
            });
        }
        // With t = r/m, ln m − ln(m − r) = t + t²/2 + … ≤ t + t·(t/(1 − t))/2, and
        // ln(m + r) − ln m is less.
        let share = self.radius.over(Radius::below(&self.middle));
        let rest = share.times(self.radius.over(self.smallest())).shifted(-1);
        Self::rounded(working_precision(), self.middle.ln_ref(), share.plus(rest))
    }
}

/// At least e^r − 1 = r + r²/2 + r³/6 + … for r ≤ ½.
fn growth(r: Radius) -> Radius {
    let half = r.shifted(-1);
    r.plus(r.times(half.plus(half.times(half))))
}

/// Products with exact numbers, which cost little where these are short.
impl Ball {
    /// q times the ball.
    pub fn times_rational(&self, q: &Rational) -> Self {
        let bits = working_precision();
        let (p, d) = (q.numer(), q.denom());
        if p.significant_bits().max(d.significant_bits()) > bits {
            return self * &Self::at(bits + 64, q);
        }
        let product = Self::rounded(
            if *d == 1 { bits } else { bits + 64 },
            &self.middle * p,
            self.radius.times(Radius::of_integer(p)),
        );
        if *d == 1 {
            product
        } else {
            product.over_integer(d)
        }
    }

    /// The ball over n ≠ 0; the whole line for n = 0.
    pub fn over_integer(&self, n: &rug::Integer) -> Self {
        let below = Radius::of_integer_below(n);
        Self::rounded(
            working_precision(),
            &self.middle / n,
            self.radius.over(below),
        )
    }
}
