//! The algebraic laws of each number system, on cases where they hold exactly.
//!
//! Rounding breaks associativity and distributivity, so floating point is asked for
//! them only on small dyadics, where nothing is rounded; the rest holds everywhere.

use crate::{float, ratio, shift};
use noise_equilibrium::scalar::{Ball, Field, Rational, Real, Scalar, at_precision, dot, sum};
use num_dual::Dual;
use quickcheck::{Arbitrary, Gen};
use std::cmp::Ordering;
use std::fmt::Debug;

/// A fraction of 64-bit integers.
#[derive(Clone, Debug)]
struct Fraction(i64, i64);

impl Fraction {
    fn get(&self) -> Rational {
        ratio(self.0, self.1)
    }
}
impl Arbitrary for Fraction {
    fn arbitrary(g: &mut Gen) -> Self {
        Self(
            i64::arbitrary(g),
            i64::arbitrary(g).checked_abs().unwrap_or(1).max(1),
        )
    }
    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        Box::new(
            (self.0, self.1)
                .shrink()
                .filter(|&(_, q)| q > 0)
                .map(|(p, q)| Self(p, q)),
        )
    }
}

/// m·2^e, so small that no sum of two products of three of them is rounded, even in `f32`.
#[derive(Clone, Debug)]
struct Small(i8, i8);

impl Small {
    fn get<S: Field>(&self) -> S {
        S::from_rational(&shift(ratio(self.0.into(), 1), self.1.into()))
    }
}
impl Arbitrary for Small {
    fn arbitrary(g: &mut Gen) -> Self {
        Self(i8::arbitrary(g) % 32, i8::arbitrary(g) % 3)
    }
    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        Box::new((self.0, self.1).shrink().map(|(m, e)| Self(m, e)))
    }
}

/// Any double that is a number.
#[derive(Clone, Debug)]
struct Finite(f64);

impl Arbitrary for Finite {
    fn arbitrary(g: &mut Gen) -> Self {
        let x = f64::arbitrary(g);
        Self(if x.is_finite() { x } else { 0.0 })
    }
    fn shrink(&self) -> Box<dyn Iterator<Item = Self>> {
        Box::new(self.0.shrink().filter(|x| x.is_finite()).map(Self))
    }
}

/// A fraction as a number of any precision: all its bits are in use.
fn dense<S: Field>(q: &Fraction) -> S {
    S::from_rational(&q.get())
}

/// A ball with two numbers at its ends.
fn between(a: &Rational, b: &Rational) -> Ball {
    Ball::from_rational(a).hull(&Ball::from_rational(b))
}

fn same<S: PartialEq + Debug>(law: &str, left: &S, right: &S) -> Result<(), String> {
    if left == right {
        Ok(())
    } else {
        Err(format!("{law}: {left:?} against {right:?}"))
    }
}

/// What holds in every number system, rounded or not.
fn symmetric_laws<S: Field>(a: &S, b: &S) -> Result<(), String> {
    laws_up_to(a, b, same)
}

/// The same, with what counts as equal: the radii of balls differ by their roundings.
fn laws_up_to<S: Field>(
    a: &S,
    b: &S,
    alike: impl Fn(&str, &S, &S) -> Result<(), String>,
) -> Result<(), String> {
    let (a, b) = (|| a.clone(), || b.clone());
    alike("a + b = b + a", &(a() + b()), &(b() + a()))?;
    alike("ab = ba", &(a() * b()), &(b() * a()))?;
    alike("a + 0 = a", &(a() + S::zero()), &a())?;
    alike("a·1 = a", &(a() * S::one()), &a())?;
    alike("a/1 = a", &(a() / S::one()), &a())?;
    alike("a·0 = 0", &(a() * S::zero()), &S::zero())?;
    alike("−(−a) = a", &-(-a()), &a())?;
    alike("a − b = a + (−b)", &(a() - b()), &(a() + (-b())))?;
    alike("a − b = −(b − a)", &(a() - b()), &-(b() - a()))?;
    alike("(−a)b = −(ab)", &(-a() * b()), &-(a() * b()))?;
    alike("a + &b = a + b", &(a() + &b()), &(a() + b()))?;
    alike("a − &b = a − b", &(a() - &b()), &(a() - b()))?;
    alike("a·&b = ab", &(a() * &b()), &(a() * b()))?;
    if !b().is_zero() && b().sign().is_some() {
        alike("a/&b = a/b", &(a() / &b()), &(a() / b()))?;
        alike("(−a)/b = −(a/b)", &(-a() / b()), &-(a() / b()))?;
    }
    same(
        "sign(−a) = −sign(a)",
        &(-a()).sign(),
        &a().sign().map(Ordering::reverse),
    )
}

/// What holds besides where nothing is rounded and every number has a negative.
fn ring_laws<S: Field>(a: &S, b: &S, c: &S) -> Result<(), String> {
    symmetric_laws(a, b)?;
    let (a, b, c) = (|| a.clone(), || b.clone(), || c.clone());
    same(
        "(a + b) + c = a + (b + c)",
        &((a() + b()) + c()),
        &(a() + (b() + c())),
    )?;
    same("(ab)c = a(bc)", &((a() * b()) * c()), &(a() * (b() * c())))?;
    same(
        "a(b + c) = ab + ac",
        &(a() * (b() + c())),
        &(a() * b() + a() * c()),
    )?;
    same("a − a = 0", &(a() - a()), &S::zero())?;
    same("a² = aa", &a().square(), &(a() * a()))?;
    same("Σ", &sum([a(), b(), c()]), &(a() + b() + c()))?;
    same(
        "Σ a_i b_i",
        &dot(&[a(), b()], &[b(), c()]),
        &(a() * b() + b() * c()),
    )?;
    if a().sign() == Some(Ordering::Less) {
        same("no root of a < 0", &a().root(), &None)?;
    }
    match a().square().root() {
        Some(root) => same("√(a²)² = a²", &root.square(), &a().square()),
        None => Err(format!("a² has no root for a = {:?}", a())),
    }
}

fn field_laws<S: Field>(a: &S, b: &S, c: &S) -> Result<(), String> {
    ring_laws(a, b, c)?;
    if b.is_zero() {
        return Ok(());
    }
    let (a, b, c) = (|| a.clone(), || b.clone(), || c.clone());
    same("(a/b)b = a", &(a() / b() * b()), &a())?;
    same("b/b = 1", &(b() / b()), &S::one())?;
    same(
        "(a + c)/b = a/b + c/b",
        &((a() + c()) / b()),
        &(a() / b() + c() / b()),
    )
}

/// Equality of the derivatives too: num-dual's own compares real parts only.
#[derive(Clone, Debug)]
struct Whole(Dual<Real>);
impl PartialEq for Whole {
    fn eq(&self, other: &Self) -> bool {
        self.0.re == other.0.re && self.0.eps == other.0.eps
    }
}

fn dual_laws(a: &Whole, b: &Whole, c: &Whole) -> Result<(), String> {
    ring_laws(&a.0, &b.0, &c.0)?;
    let (a, b, c) = (|| a.0.clone(), || b.0.clone(), || c.0.clone());
    let whole = |law: &str, x, y| same(law, &Whole(x), &Whole(y));
    whole("a + b = b + a", a() + b(), b() + a())?;
    whole("ab = ba", a() * b(), b() * a())?;
    whole("(ab)c = a(bc)", (a() * b()) * c(), a() * (b() * c()))?;
    whole(
        "a(b + c) = ab + ac",
        a() * (b() + c()),
        a() * b() + a() * c(),
    )?;
    whole("a − b = a + (−b)", a() - b(), a() + (-b()))?;
    whole("a² = aa", a().square(), a() * a())?;
    let derivative = a().eps * b().re + a().re * b().eps;
    same("(ab)' = a'b + ab'", &(a() * b()).eps, &derivative)
}

#[test]
fn rationals_are_a_field() {
    holds!(|a: Fraction, b: Fraction, c: Fraction| field_laws(&a.get(), &b.get(), &c.get()));
}

#[test]
fn rational_roots_are_exact_or_absent() {
    holds!(|a: Fraction| {
        let root = a.get().square().root();
        root == Some(a.get().abs())
            && (a.0 == 0 || (a.get().square() * ratio(2, 1)).root().is_none())
    });
}

#[test]
fn doubles_and_singles_keep_the_symmetric_laws() {
    holds!(|a: Finite, b: Finite| {
        let singles = (a.0 as f32, b.0 as f32);
        // Overflow would make NaN of 0·∞ and ∞ − ∞, which equals nothing.
        let finite = |x: f64, y: f64| [x, x - y, x + y, x * y].iter().all(|z| z.is_finite());
        let quotient = |x: f64, y: f64| y == 0.0 || (x / y).is_finite();
        if finite(a.0, b.0) && quotient(a.0, b.0) {
            symmetric_laws(&a.0, &b.0)?;
        }
        let (x, y) = (f64::from(singles.0), f64::from(singles.1));
        if finite(x, y) && quotient(x, y) && singles.0.is_finite() && singles.1.is_finite() {
            symmetric_laws(&singles.0, &singles.1)?;
        }
        Ok::<(), String>(())
    });
}

#[test]
fn floating_point_is_a_ring_where_nothing_is_rounded() {
    holds!(|a: Small, b: Small, c: Small| {
        ring_laws::<f32>(&a.get(), &b.get(), &c.get())?;
        ring_laws::<f64>(&a.get(), &b.get(), &c.get())?;
        for bits in [24, 64, 256] {
            at_precision(bits, || {
                ring_laws::<Real>(&a.get(), &b.get(), &c.get())?;
                // Points are exact where nothing is rounded.
                ring_laws::<Ball>(&a.get(), &b.get(), &c.get())
            })?;
        }
        Ok::<(), String>(())
    });
}

#[test]
fn multiprecision_keeps_the_symmetric_laws() {
    fn laws(a: &Fraction, b: &Fraction) -> Result<(), String> {
        let (x, y) = (dense::<Real>(a), dense::<Real>(b));
        symmetric_laws(&x, &y)?;
        same("a² = aa", &x.square(), &(x.clone() * &x))?;
        let ordered = (x.clone() - &y).sign() == x.partial_cmp(&y);
        same("sign(a − b) orders a and b", &ordered, &true)
    }
    holds!(|a: Fraction, b: Fraction| {
        at_precision(64, || laws(&a, &b))?;
        at_precision(256, || laws(&a, &b))
    });
}

/// Is `inner` a subset of `outer`, but for the rounding of its radius?
fn within(law: &str, inner: &Ball, outer: &Ball) -> Result<(), String> {
    let wider = outer.widen(&(outer.radius() >> 48u32));
    if wider.lower() <= inner.lower() && inner.upper() <= wider.upper() {
        Ok(())
    } else {
        Err(format!("{law}: {inner:?} sticks out of {outer:?}"))
    }
}

/// Are the two the same ball, but for the rounding of their radii?
fn alike(law: &str, a: &Ball, b: &Ball) -> Result<(), String> {
    same(law, a.midpoint(), b.midpoint())?;
    within(law, a, b)?;
    within(law, b, a)
}

/// a(b + c) ⊆ ab + ac, for midpoints that are not rounded.
fn sub_distributive(a: &Ball, b: &Ball, c: &Ball) -> Result<(), String> {
    let (a, b, c) = (|| a.clone(), || b.clone(), || c.clone());
    within(
        "a(b + c) ⊆ ab + ac",
        &(a() * (b() + c())),
        &(a() * b() + a() * c()),
    )
}

fn ball_laws(ends: &[Rational; 4]) -> Result<(), String> {
    let [p, q, r, s] = ends;
    // At the working precision, so that sums with 0 and products with 1 are exact.
    let ball = |a, b| between(a, b).rounded_to_working_precision();
    let (a, b) = (ball(p, q), ball(r, s));
    laws_up_to(&a, &b, alike)?;
    same("a + b = b + a", &(a.clone() + &b), &(b.clone() + &a))?;
    same("a ∪ b = b ∪ a", &a.hull(&b), &b.hull(&a))?;
    within("a ⊆ a ∪ b", &a, &a.hull(&b))?;
    within("a² ⊆ aa", &a.square(), &(a.clone() * &a))?;
    same("(−a)² = a²", &(-a.clone()).square(), &a.square())?;
    let nothing = Rational::new();
    same("0 ∈ a − a", &(a.clone() - &a).contains(&nothing), &true)?;
    same("1 ∈ a/a", &(a.clone() / &a).contains(&ratio(1, 1)), &true)?;
    same(
        "a meets b as b meets a",
        &a.intersects(&b),
        &b.intersects(&a),
    )?;
    same("a meets itself", &a.intersects(&a), &true)?;
    same("0 ∈ a", &a.contains_zero(), &a.contains(&nothing))?;
    // The image of a ball within, around the same midpoint, lies within the image.
    let part = Ball::point(a.midpoint()).widen(&(a.radius() / 3u32));
    within("part", &part, &a)?;
    within("+", &(part.clone() + &b), &(a.clone() + &b))?;
    within("−", &(part.clone() - &b), &(a.clone() - &b))?;
    within("·", &(part.clone() * &b), &(a.clone() * &b))?;
    within("/", &(part.clone() / &b), &(a.clone() / &b))?;
    within("1/", &(b.clone() / &part), &(b.clone() / &a))?;
    let outside = !a.contains_zero() || part.contains_zero();
    if outside {
        within("square", &part.square(), &a.square())?;
    }
    if a.radius() <= 0.5 {
        within("exp", &part.exp(), &a.exp())?;
    }
    Ok(())
}

#[test]
fn balls_keep_the_symmetric_laws_and_inclusion() {
    holds!(|a: Fraction, b: Fraction, c: Fraction, d: Fraction| {
        let ends = [a, b, c, d].map(|q| shift(q.get(), -58));
        at_precision(53, || ball_laws(&ends))?;
        at_precision(128, || ball_laws(&ends))
    });
}

#[test]
fn multiplication_of_balls_is_sub_distributive() {
    fn law(ends: &[Small; 6]) -> Result<(), String> {
        let [a, b, c, d, e, f] = ends.each_ref().map(Small::get);
        sub_distributive(&between(&a, &b), &between(&c, &d), &between(&e, &f))
    }
    holds!(|a: (Small, Small), b: (Small, Small), c: (Small, Small)| {
        let ends = [a.0, a.1, b.0, b.1, c.0, c.1];
        at_precision(53, || law(&ends))?;
        at_precision(128, || law(&ends))
    });
}

#[test]
fn duals_are_a_ring_with_the_product_rule() {
    holds!(|a: (Small, Small), b: (Small, Small), c: (Small, Small)| {
        // The root's derivative is infinite at 0.
        if a.0.0 == 0 {
            return Ok(());
        }
        let dual = |(value, slope): (Small, Small)| Whole(Dual::new(value.get(), slope.get()));
        at_precision(128, || dual_laws(&dual(a), &dual(b), &dual(c)))
    });
}

#[test]
fn the_laws_can_fail() {
    let large = 1e30_f32;
    assert!(
        ring_laws(&large, &-large, &1.0)
            .unwrap_err()
            .starts_with("(a + b) + c")
    );
    assert!(symmetric_laws(&f64::NAN, &1.0).is_err());
    assert!(symmetric_laws(&0.0_f64, &f64::INFINITY).is_err());
    at_precision(64, || {
        let irrational_looking = Real::from_rational(&ratio(1, 3));
        let (many, one) = (Real::from_int(49), Real::from_int(1));
        assert!(field_laws(&irrational_looking, &many, &one).is_err());
        // Ball arithmetic is no ring, and sub-distributivity is no equality.
        let (a, one) = (between(&ratio(-1, 1), &ratio(1, 1)), Ball::from_int(1));
        assert!(ring_laws(&a, &one, &one).is_err());
        let minus = -one.clone();
        let (inner, outer) = (
            a.clone() * (one.clone() + &minus),
            a.clone() * &one + a * &minus,
        );
        assert!(within("reversed", &outer, &inner).is_err());
        // A radius that is off by one bit in forty, a midpoint by one in 64.
        let wide = outer.widen(&(outer.radius() >> 40u32));
        assert!(alike("", &outer, &outer).is_ok() && alike("", &outer, &wide).is_err());
        let mut next = float(64, &ratio(1, 1));
        next.next_up();
        assert!(alike("", &one, &Ball::point(&next)).is_err());
    });
    // A derivative that is off by one bit in 128.
    let x = Dual::new(Real::from_int(3), Real::from_int(1));
    let mut off = x.clone();
    off.eps = Real::from_float(float(128, &(ratio(1, 1) + shift(ratio(1, 1), -127))));
    assert!(same("", &Whole(x), &Whole(off)).is_err());
}
