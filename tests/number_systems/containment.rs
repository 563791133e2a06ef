//! Containment: a rational is picked inside every operand, and the exact result must
//! lie inside the ball that comes out.
//!
//! The exact result of a transcendental function is bracketed here by integer
//! arithmetic, never by MPFR. A checker takes the operation it checks, so that a copy
//! with less radius can be handed to it: it must be refuted.

use crate::ball::{KINDS, Operand, at_every_precision, ends, holds, in_all_forms, operand};
use crate::{Draw, float, ratio, shift};
use noise_equilibrium::scalar::{
    Ball, Field, Rational, Scalar, at_precision, parse_exact, working_precision,
};
use num_traits::{One, Zero};
use rug::float::{Round, Special};
use rug::{Float, Integer};
use std::cmp::Ordering;

/// Is the exact result inside? `None` where that could not be decided.
type Test<'a> = &'a dyn Fn(&Ball, &[Operand]) -> Option<bool>;

/// Checks an operation on operands of every kind and returns the number of cases
/// decided; the first violation is an error that shows its operands.
fn check(arity: u32, op: impl Fn(&[Ball]) -> Ball, contains: Test) -> Result<u32, String> {
    let mut draw = Draw::new(u64::from(working_precision()) + 1000);
    let mut decided = 0;
    for case in 0..KINDS.pow(arity) * if arity == 1 { 48 } else { 6 } {
        let kinds = [case % KINDS, case / KINDS % KINDS];
        let operands: Vec<Operand> = kinds
            .iter()
            .take(arity as usize)
            .map(|&kind| operand(&mut draw, kind))
            .collect();
        let balls: Vec<_> = operands.iter().map(|x| x.ball.clone()).collect();
        let result = op(&balls);
        match contains(&result, &operands) {
            Some(true) => decided += 1,
            Some(false) => return Err(format!("{operands:?} gave {result:?}")),
            None => {}
        }
    }
    Ok(decided)
}

/// The result of an exact operation is known, or is not asked for (`None`).
fn exactly(
    exact: impl Fn(&[Rational]) -> Option<Rational>,
) -> impl Fn(&Ball, &[Operand]) -> Option<bool> {
    move |result, operands| {
        let inside: Vec<_> = operands.iter().map(|x| x.inside.clone()).collect();
        exact(&inside).map(|q| holds(result, &q))
    }
}

// Deliberately wrong radii.

/// Less of a radius by 2^{−share} of it.
fn shrunk(x: &Ball, share: u32) -> Ball {
    if !x.is_bounded() {
        return x.clone();
    }
    let radius = x.radius();
    let less = Float::with_val(53, &radius >> share);
    let (radius, _) = Float::with_val_round(53, &radius - &less, Round::Down);
    Ball::point(x.midpoint()).widen(&radius)
}

/// Less of a radius by what the rounding of the midpoint may lose.
fn forgetful(x: &Ball) -> Ball {
    let (Some(exponent), true) = (x.midpoint().get_exp(), x.is_bounded()) else {
        return x.clone();
    };
    let bits = i32::try_from(x.midpoint().prec()).unwrap();
    let half_unit = Float::with_val(53, 1) << (exponent - bits - 1);
    let (less, _) = Float::with_val_round(53, x.radius() - half_unit, Round::Down);
    let radius = if less > 0 { less } else { Float::new(53) };
    Ball::point(x.midpoint()).widen(&radius)
}

/// Checks `op`, and that it is refuted with a radius that is too small by 2^{−share} of
/// it, or by half a unit in the last place of the midpoint.
fn sound(
    name: &str,
    arity: u32,
    share: u32,
    op: impl Fn(&[Ball]) -> Ball,
    contains: Test,
    at_least: u32,
) {
    let decided = check(arity, &op, contains).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert!(
        decided >= at_least,
        "{name}: only {decided} cases were decided"
    );
    let control = check(arity, |x| shrunk(&op(x), share), contains);
    assert!(control.is_err(), "{name}, shrunk, was not refuted");
    let control = check(arity, |x| forgetful(&op(x)), contains);
    assert!(control.is_err(), "{name}, not rounded, was not refuted");
}

/// Radii of exact operations are too large by a few units of a double.
const UNITS: u32 = 49;
/// Those of functions by their higher derivatives.
const SHARE: u32 = 4;

at_every_precision! {
    addition subtraction multiplication division negation_and_square
    hull_and_between widening_and_shifting what_is_left_above_zero
    root exponential logarithm
    products_with_rationals quotients_by_integers
    parts_of_a_ball meetings_and_insides points_and_precision
}

/// The bodies of the tests, at the working precision.
mod run {
    use super::*;

    pub fn addition() {
        let exact = exactly(|x| Some(x[0].clone() + &x[1]));
        sound("a + b", 2, UNITS, in_all_forms!(+, +=), &exact, 1000);
    }

    pub fn subtraction() {
        let exact = exactly(|x| Some(x[0].clone() - &x[1]));
        sound("a − b", 2, UNITS, in_all_forms!(-, -=), &exact, 1000);
    }

    pub fn multiplication() {
        let exact = exactly(|x| Some(x[0].clone() * &x[1]));
        sound("ab", 2, UNITS, in_all_forms!(*, *=), &exact, 1000);
    }

    pub fn division() {
        let exact = exactly(|x| (!x[1].is_zero()).then(|| x[0].clone() / &x[1]));
        sound("a/b", 2, UNITS, in_all_forms!(/, /=), &exact, 900);
        // The whole line is the answer only where the divisor contains 0.
        check(2, |x| &x[0] / &x[1], &|result, x| {
            let bounded = x[0].ball.is_bounded() && !holds(&x[1].ball, &Rational::new());
            Some(result.is_bounded() == bounded)
        })
        .unwrap();
    }

    pub fn negation_and_square() {
        let minus = exactly(|x| Some(-x[0].clone()));
        sound("−a", 1, UNITS, |x| -x[0].clone(), &minus, 400);
        let square = exactly(|x| Some(x[0].clone() * &x[0]));
        sound("a²", 1, SHARE, |x| x[0].square(), &square, 400);
    }

    pub fn hull_and_between() {
        for i in [0, 1] {
            let either = exactly(move |x| Some(x[i].clone()));
            sound("a ∪ b", 2, UNITS, |x| x[0].hull(&x[1]), &either, 1000);
        }
        let mut draw = Draw::new(55);
        let mut refuted = 0;
        for case in 0..400 {
            let (exponent, apart) = ([0, 0, -1074, 13_288][case % 4], case % 300);
            let x = draw.dyadic(60, exponent);
            let y = draw.dyadic([24, 53, 200][case % 3], exponent - apart as i32);
            let (low, high) = if x <= y { (&x, &y) } else { (&y, &x) };
            let (lower, upper) = (float(300, low), float(200, high));
            let ball = Ball::between(&lower, &upper).expect("the ends are ordered");
            assert!(holds(&ball, low) && holds(&ball, high), "{low} {high}");
            let control = shrunk(&ball, UNITS);
            refuted += u32::from(!holds(&control, low) || !holds(&control, high));
            assert!(low == high || Ball::between(&upper, &lower).is_none());
            let point = Ball::between(&lower, &lower).unwrap();
            assert!(point.radius().is_zero() && *point.midpoint() == lower);
        }
        assert!(refuted > 300, "{refuted}");
    }

    pub fn widening_and_shifting() {
        for radius in [
            ratio(0, 1),
            ratio(3, 8),
            shift(ratio(1, 1), -1000),
            shift(ratio(1, 1), 1000),
        ] {
            let r = float(24, &radius);
            for side in [radius.clone(), -radius] {
                let exact = exactly(|x| Some(x[0].clone() + &side));
                sound("a ± r", 1, UNITS, |x| x[0].widen(&r), &exact, 400);
                // A radius is taken by its size, so that no end can pass the other.
                check(1, |x| x[0].widen(&-r.clone()), &exact).unwrap();
            }
        }
        for k in [0, 1, -1, 1000, -20_000] {
            let exact = exactly(move |x| Some(shift(x[0].clone(), k)));
            let op = |x: &[Ball]| x[0].scale_by_power_of_two(k);
            sound("2^k a", 1, UNITS, op, &exact, 400);
            // Nothing is rounded.
            check(1, op, &|result, x| {
                let scaled = |q: &Rational| shift(q.clone(), k);
                Some(x[0].radius.as_ref().is_none_or(|r| {
                    *result.midpoint() == scaled(&x[0].middle) && result.radius() == scaled(r)
                }))
            })
            .unwrap();
        }
    }

    pub fn what_is_left_above_zero() {
        let left = |x: &[Ball]| x[0].at_least_zero().unwrap_or_else(Ball::zero);
        let kept = exactly(|x| (x[0] >= 0).then(|| x[0].clone()));
        sound("a ∩ [0, ∞)", 1, UNITS, left, &kept, 200);
        check(1, |x| x[0].clone(), &|x, _| {
            let Some((low, high)) = ends(x) else {
                return Some(x.at_least_zero().as_ref() == Some(x));
            };
            Some(match x.at_least_zero() {
                None => high < 0,
                Some(part) if low >= 0 => part == *x,
                Some(part) => high >= 0 && ends(&part).is_some_and(|(low, _)| low >= 0),
            })
        })
        .unwrap();
    }

    pub fn root() {
        let contains = |result: &Ball, x: &[Operand]| {
            let q = &x[0].inside;
            if *q < 0 {
                return None;
            }
            Some(ends(result).is_none_or(|(low, high)| {
                (low <= 0 || low.square() <= *q) && high >= 0 && high.square() >= *q
            }))
        };
        // A ball below 0 has none.
        let op = |x: &[Ball]| x[0].root().unwrap_or_else(Ball::zero);
        sound("√a", 1, SHARE, op, &contains, 200);
        check(1, |x| x[0].clone(), &|x, _| {
            let below = ends(x).is_some_and(|(_, high)| high < 0);
            Some(x.root().is_none() == below)
        })
        .unwrap();
    }

    pub fn exponential() {
        sound("e^a", 1, SHARE, |x| x[0].exp(), &exponential_inside, 400);
    }

    pub fn logarithm() {
        sound("ln a", 1, SHARE, |x| x[0].ln(), &logarithm_inside, 150);
    }

    pub fn products_with_rationals() {
        let mut draw = Draw::new(31);
        let long = draw.dyadic(700, 3) / draw.dyadic(650, 1);
        for q in [
            ratio(0, 1),
            ratio(1, 1),
            ratio(-3, 1),
            ratio(1, 3),
            ratio(-355, 113),
            shift(ratio(1, 7), -5000),
            shift(ratio(-1, 7), 5000),
            long.clone(),
            Rational::from(long.numer().clone()),
            Rational::from(long.denom().clone()).recip(),
        ] {
            let exact = exactly(|x| Some(x[0].clone() * &q));
            let decided = check(1, |x| x[0].times_rational(&q), &exact).unwrap();
            assert!(decided > 400);
            for wrong in [shrunk as fn(&Ball, u32) -> Ball, |x, _| forgetful(x)] {
                let op = |x: &[Ball]| wrong(&x[0].times_rational(&q), UNITS - 1);
                assert!(q == 0 || check(1, op, &exact).is_err(), "{q}");
            }
        }
    }

    pub fn quotients_by_integers() {
        let mut draw = Draw::new(32);
        let long = draw.integer(700);
        for n in [
            Integer::from(1),
            Integer::from(-3),
            Integer::from(1_000_003),
            long.clone(),
            -long,
        ] {
            let divisor = Rational::from(n.clone());
            let exact = exactly(|x| Some(x[0].clone() / &divisor));
            let op = |x: &[Ball]| x[0].over_integer(&n);
            sound("a/n", 1, UNITS, op, &exact, 400);
        }
        // Over 0, the whole line.
        check(1, |x| x[0].over_integer(&Integer::new()), &|result, _| {
            Some(!result.is_bounded())
        })
        .unwrap();
    }

    pub fn parts_of_a_ball() {
        check(1, |x| x[0].clone(), &|ball, x| {
            let (x, zero) = (&x[0], Rational::new());
            let decided = match ball.sign() {
                // The three signs and none exhaust the cases.
                None => ball.contains_zero() && !ball.is_zero(),
                Some(Ordering::Equal) => ball.is_zero(),
                Some(sign) => !ball.contains_zero() && sign == x.inside.cmp0(),
            };
            let zeros = ball.contains_zero() == holds(ball, &zero)
                && ball.is_zero() == (x.middle == 0 && x.radius == Some(Rational::new()));
            let Some((low, high)) = ends(ball) else {
                let unbounded = [ball.radius(), ball.upper(), ball.width(), ball.magnitude()];
                let infinite = unbounded.iter().all(|x| x.is_infinite() && *x > 0);
                let all = ball.lower().is_infinite() && ball.lower() < 0;
                return Some(infinite && all && decided && zeros && !ball.is_bounded());
            };
            // Exact where that takes a few bits more than the midpoint has.
            let outside = ball.lower() <= low && ball.upper() >= high;
            let exact = ball.lower() == low && ball.upper() == high;
            let middle = *ball.midpoint() == x.middle
                && *ball.middle().as_float()
                    == Float::with_val(working_precision(), ball.midpoint());
            let radius = Some(ball.radius().to_rational().unwrap()) == x.radius;
            let width = ball.width() == high.clone() - &low;
            let hair = ratio(1, 1) + shift(ratio(1, 1), -50);
            let (near, far) = if low <= 0 && high >= 0 {
                (Rational::new(), (-low.clone()).max(high.clone()))
            } else {
                let sizes = [low.clone().abs(), high.clone().abs()];
                (
                    sizes.clone().into_iter().min().unwrap(),
                    sizes.into_iter().max().unwrap(),
                )
            };
            let sizes = ball.magnitude() >= far
                && ball.magnitude() <= far * &hair
                && ball.mignitude() <= near
                && ball.mignitude() >= near / &hair;
            // Membership: at the ends, and a share of the width beyond them.
            let step = shift(high.clone() - &low, -20);
            let members = [&low, &high, &x.inside].iter().all(|q| ball.contains(q))
                && (step == 0 || x.kind == 7 || {
                    !ball.contains(&(low.clone() - &step)) && !ball.contains(&(high.clone() + step))
                });
            let printed = [1, 5, 20].iter().all(|&digits| {
                let (down, up) = ball.to_decimal(digits).expect("bounded");
                parse_exact(&down).unwrap() <= low && parse_exact(&up).unwrap() >= high
            });
            Some(
                decided
                    && zeros
                    && outside
                    && (exact || x.kind == 7)
                    && middle
                    && radius
                    && width
                    && sizes
                    && members
                    && printed
                    && ball.is_bounded(),
            )
        })
        .unwrap();
        // A share of the digits is never claimed without being there.
        for digits in [0, 1, 6, 15, 40, 200] {
            check(1, |x| x[0].clone(), &|x, _| {
                let Some((low, high)) = ends(x) else {
                    return Some(!x.has_digits(digits) && x.to_decimal(3).is_none());
                };
                let power = Rational::from(Integer::from(Integer::u_pow_u(10, digits)));
                let scaled = (high.clone() - &low) * power;
                let near = if low <= 0 && high >= 0 {
                    Rational::new()
                } else {
                    low.abs().min(high.abs())
                };
                // Rounding may refuse what is near the limit, never grant.
                let clearly = scaled.clone() * ratio(1001, 1000) <= near;
                Some(if x.has_digits(digits) {
                    scaled <= near
                } else {
                    !clearly
                })
            })
            .unwrap();
        }
    }

    pub fn meetings_and_insides() {
        let mut seen = [0; 4];
        let mut draw = Draw::new(41);
        for case in 0..KINDS * KINDS * 6 {
            let a = operand(&mut draw, case % KINDS);
            let b = operand(&mut draw, case / KINDS % KINDS);
            // Some in the same place, so that all answers come up.
            let b = match case % 3 {
                0 => b,
                _ => Operand::at(a.middle.clone(), shift(ratio(case.into(), 97), -4)),
            };
            let (Some(r), Some(s)) = (&a.radius, &b.radius) else {
                assert!(a.ball.intersects(&b.ball) && b.ball.intersects(&a.ball));
                assert_eq!(
                    a.ball.is_inside(&b.ball),
                    a.ball.is_bounded() && !b.ball.is_bounded()
                );
                continue;
            };
            let distance = (a.middle.clone() - &b.middle).abs();
            let meet = distance <= r.clone() + s;
            let rounded = [a.kind, b.kind].contains(&7);
            assert!(
                a.ball.intersects(&b.ball) == meet || rounded && !meet,
                "{a:?} {b:?}"
            );
            assert_eq!(a.ball.intersects(&b.ball), b.ball.intersects(&a.ball));
            let reach = distance + r;
            let inside = a.ball.is_inside(&b.ball);
            assert!(!inside || reach < *s, "{a:?} {b:?}");
            assert!(
                inside || reach > s.clone() * (ratio(1, 1) - shift(ratio(1, 1), -50)) || *s == 0
            );
            seen[usize::from(meet)] += 1;
            seen[2 + usize::from(inside)] += 1;
        }
        assert!(seen.iter().all(|&n| n > 100), "{seen:?}");
    }

    pub fn points_and_precision() {
        let mut draw = Draw::new(77);
        let working = working_precision();
        for case in 0..400 {
            let q = shift(draw.rational(), [0, -1074, 1000, -13_288][case % 4]);
            let x = Ball::from_rational(&q);
            assert!(
                holds(&x, &q) && x.midpoint().prec() == working,
                "{q}: {x:?}"
            );
            let point = float(200, &draw.dyadic(200, 3));
            assert!(*Ball::point(&point).midpoint() == point);
            assert!(Ball::point(&point).radius().is_zero());
            let n = draw.bits().cast_signed();
            assert!(*Ball::from_int(n).midpoint() == n && Ball::from_int(n).radius().is_zero());
            let bits = u32::try_from(draw.range(2, 300)).unwrap();
            let at = Ball::at(bits, &q);
            assert!(
                holds(&at, &q) && at.midpoint().prec() == bits,
                "{q}: {at:?}"
            );
            let rounded = at.rounded_to_working_precision();
            let ((a, b), (c, d)) = (ends(&at).unwrap(), ends(&rounded).unwrap());
            assert!(rounded.midpoint().prec() == working && c <= a && d >= b);
            assert!(working < bits || rounded == at);
        }
        let rounded = |x: &[Ball]| x[0].rounded_to_working_precision();
        let exact = exactly(|x| Some(x[0].clone()));
        sound("rounding", 1, UNITS, rounded, &exact, 400);
        // The control: the nearest number of few bits is not the rational.
        let third = Float::with_val(24, ratio(1, 3));
        assert!(!holds(&Ball::point(&third), &ratio(1, 3)));
        assert!(!Ball::point(&third).contains(&ratio(1, 3)));
    }
}

// Brackets of the exponential in integers.

/// Rationals around e^q, relatively about 2^{−bits} apart; equal for q = 0.
///
/// For q ≥ 0, r = q/2^k is below 2^{−8}; the partial sums of its Taylor series and
/// the remainder (at most twice the first term left out) are in fixed point, one
/// sequence rounded down and one up; then e^q = (e^r)^{2^k}.
fn exponential_bracket(q: &Rational, bits: u32) -> (Rational, Rational) {
    if q.is_zero() {
        return (ratio(1, 1), ratio(1, 1));
    }
    if *q < 0 {
        let (low, high) = exponential_bracket(&-q.clone(), bits);
        return (high.recip(), low.recip());
    }
    let whole = Integer::from(q.trunc_ref());
    let halvings = whole.significant_bits() + 8;
    let places = bits + halvings + 32;
    let one = Integer::from(1) << places;
    let r = shift(
        q.clone(),
        i32::try_from(places).unwrap() - i32::try_from(halvings).unwrap(),
    );
    let (r_low, r_high) = (r.clone().floor(), r.ceil());
    let (r_low, r_high) = (r_low.numer().clone(), r_high.numer().clone());
    let up = |n: Integer| -(-n >> places);
    let (mut low, mut high) = (one.clone(), one.clone());
    let (mut term_low, mut term_high) = (one.clone(), one);
    for n in 1_u32.. {
        term_low = ((term_low * &r_low) >> places)
            .div_rem_floor(Integer::from(n))
            .0;
        term_high = up(term_high * &r_high).div_rem_ceil(Integer::from(n)).0;
        low += &term_low;
        high += &term_high;
        if term_high <= 1 {
            // Terms shrink by more than half: what is left is below this one.
            high += &term_high;
            break;
        }
    }
    for _ in 0..halvings {
        low = low.square() >> places;
        high = up(high.square());
    }
    let scale = -i32::try_from(places).unwrap();
    (
        shift(Rational::from(low), scale),
        shift(Rational::from(high), scale),
    )
}

/// Compares a ball with a bracket of the exact result.
fn encloses(result: &Ball, low: &Rational, high: &Rational) -> Option<bool> {
    let Some((below, above)) = ends(result) else {
        return Some(true);
    };
    if below <= *low && *high <= above {
        Some(true)
    } else if below > *high || above < *low {
        Some(false)
    } else {
        None
    }
}

/// Is e^x in the result?
fn exponential_inside(result: &Ball, x: &[Operand]) -> Option<bool> {
    let q = &x[0].inside;
    if q.clone().abs() > 20_000 {
        // Neither end of the bracket could be written out: e^q > q² for q > 0.
        let size = q.clone().square();
        let (lower, upper) = (result.lower(), result.upper());
        return Some(if *q > 0 {
            upper > size
        } else {
            lower < size.recip() && upper > 0
        });
    }
    // Below 2^{−P} the result is 1 and a bit: the bit is q itself.
    let small = q
        .denom()
        .significant_bits()
        .saturating_sub(q.numer().significant_bits());
    let bits = result.midpoint().prec() + small.min(14_000) + 64;
    let (low, high) = exponential_bracket(q, bits);
    encloses(result, &low, &high)
}

/// Is ln x in the result, that is, x between the exponentials of its ends?
fn logarithm_inside(result: &Ball, x: &[Operand]) -> Option<bool> {
    let q = &x[0].inside;
    if *q <= 0 {
        return None;
    }
    let Some((lower, upper)) = ends(result) else {
        return Some(true);
    };
    let mut decided = true;
    for (end, side) in [(lower, Ordering::Less), (upper, Ordering::Greater)] {
        if end.clone().abs() > 20_000 {
            // Far beyond the logarithm of every operand here.
            if end.cmp0() != side {
                return Some(false);
            }
            continue;
        }
        let (low, high) = exponential_bracket(&end, 2 * result.midpoint().prec() + 200);
        let (near, far) = if side == Ordering::Less {
            (high, low)
        } else {
            (low, high)
        };
        // e^end is between the two: on the right side of q, or on the wrong one.
        if far.cmp(q) == side.reverse() {
            return Some(false);
        }
        decided &= near.cmp(q) != side.reverse();
    }
    decided.then_some(true)
}

#[test]
fn the_bracket_of_the_exponential_is_right() {
    // e to 50 digits, from the literature.
    let e = parse_exact("2.71828182845904523536028747135266249775724709369995").unwrap();
    let (low, high) = exponential_bracket(&ratio(1, 1), 150);
    let digit = shift(ratio(1, 1), -164);
    assert!(low < high && low < e.clone() + &digit && high > e - digit);
    let mut draw = Draw::new(99);
    for _ in 0..50 {
        let (p, q) = (
            ratio(draw.range(-9000, 9000), 97),
            ratio(draw.range(-9000, 9000), 89),
        );
        let (a, b) = (exponential_bracket(&p, 100), exponential_bracket(&q, 100));
        let c = exponential_bracket(&(p + q), 100);
        // e^p e^q = e^{p+q}: the brackets of both sides overlap, and are narrow.
        assert!(a.0.clone() * &b.0 <= c.1 && c.0 <= a.1 * &b.1);
        assert!((c.1.clone() - &c.0) / c.0 < shift(ratio(1, 1), -90));
    }
}

// What rationals cannot reach.

/// A ball of ordinary size.
fn ordinary(draw: &mut Draw) -> Ball {
    let kind = [0, 1, 2, 3][usize::try_from(draw.range(0, 3)).unwrap()];
    operand(draw, kind).ball
}

#[test]
fn operations_are_homogeneous_at_huge_exponents() {
    at_precision(128, || {
        let mut draw = Draw::new(123);
        for _ in 0..50 {
            let (a, b) = (ordinary(&mut draw), ordinary(&mut draw));
            for k in [100_000_000, -100_000_000, 500_000_000, -500_000_000] {
                let (x, y) = (a.scale_by_power_of_two(k), b.scale_by_power_of_two(k));
                assert_eq!(&x + &y, (&a + &b).scale_by_power_of_two(k));
                assert_eq!(&x - &y, (&a - &b).scale_by_power_of_two(k));
                assert_eq!(&x * &b, (&a * &b).scale_by_power_of_two(k));
                assert_eq!(&x / &y, &a / &b);
                assert_eq!(x.hull(&y), a.hull(&b).scale_by_power_of_two(k));
                assert_eq!(x.square(), a.square().scale_by_power_of_two(2 * k));
                assert_eq!(x.root().map(|r| r.scale_by_power_of_two(-k / 2)), a.root());
                assert_eq!(x.contains_zero(), a.contains_zero());
                assert_eq!(x.intersects(&y), a.intersects(&b));
                assert_eq!(x.is_inside(&y), a.is_inside(&b));
                assert_eq!(x.sign(), a.sign());
                assert_eq!(x.has_digits(3), a.has_digits(3));
                assert_eq!(x.sign_margin(), a.sign_margin());
                let third = ratio(1, 3);
                let scaled = a.times_rational(&third).scale_by_power_of_two(k);
                assert_eq!(x.times_rational(&third), scaled);
            }
        }
    });
}

/// The ball in units of (twice) the smallest number, where its ends can be written out.
fn lifted(x: &Ball) -> Ball {
    x.scale_by_power_of_two(-rug::float::exp_min())
}

#[test]
fn what_underflows_stays_enclosed() {
    let least = rug::float::exp_min();
    let (mut draw, mut refuted) = (Draw::new(321), 0);
    let mut holding = |name: &str, result: Ball, exact: Rational| {
        // What the ball is, and what it says of itself.
        assert!(holds(&lifted(&result), &exact), "{name}: {result:?}");
        let told = Ball::point(result.midpoint()).widen(&result.radius());
        assert!(holds(&lifted(&told), &exact), "{name}, as told: {result:?}");
        let ends = [result.lower(), result.upper()].map(|end| lifted(&Ball::point(&end)));
        assert!(
            *ends[0].midpoint() <= exact && *ends[1].midpoint() >= exact,
            "{name}"
        );
        let near = lifted(&Ball::point(&result.mignitude()));
        let far = lifted(&Ball::point(&result.magnitude()));
        let size = exact.clone().abs();
        assert!(
            *near.midpoint() <= size && *far.midpoint() >= size,
            "{name}"
        );
        refuted += u32::from(!holds(&lifted(&Ball::point(result.midpoint())), &exact));
    };
    for bits in [2, 53, 200] {
        at_precision(bits, || {
            for _ in 0..400 {
                let mut ball = |exponent: i32, radius: bool| {
                    let q = draw.dyadic(bits, 0);
                    let r = if radius {
                        shift(ratio(1, 1), -3)
                    } else {
                        ratio(0, 1)
                    };
                    let inside = q.clone() + &r;
                    let x = Operand::at(q, r).ball.scale_by_power_of_two(exponent);
                    (x, inside)
                };
                let half = least / 2;
                let (x, p) = ball(half, false);
                let (y, q) = ball(least - half, true);
                // All of these are within a few bits of the smallest number.
                for k in -3..=4 {
                    let x = x.scale_by_power_of_two(k);
                    let exact = shift(p.clone() * &q, k);
                    holding("xy", &x * &y, exact.clone());
                    let mut product = x.clone();
                    product *= &y;
                    holding("x *= y", product, exact.clone());
                    holding("yx", &y * &x, exact);
                    let divisor = y.scale_by_power_of_two(-2 * (least - half));
                    let exact = shift(p.clone() / &q, k);
                    holding("x/y", &x / &divisor, exact);
                    holding(
                        "x²",
                        x.square(),
                        shift(p.clone().square(), 2 * k + 2 * half - least),
                    );
                    let small = x.scale_by_power_of_two(least - half);
                    let exact = shift(p.clone(), k);
                    holding("2^k x", small.clone(), exact.clone());
                    let wide = y.scale_by_power_of_two(half + k);
                    let other = shift(q.clone(), k);
                    holding("2^k y", wide.clone(), other.clone());
                    holding(
                        "x/3",
                        small.over_integer(&Integer::from(3)),
                        exact.clone() / 3u32,
                    );
                    let third = ratio(1, 3);
                    holding("y/3", wide.times_rational(&third), other.clone() / 3u32);
                    holding("x ∪ y", small.hull(&wide), exact.clone());
                    holding("y ∪ x", small.hull(&wide), other.clone());
                    holding(
                        "rounded",
                        wide.rounded_to_working_precision(),
                        other.clone(),
                    );
                    if other >= 0 {
                        holding("above 0", wide.at_least_zero().unwrap(), other);
                    }
                }
                // Differences of numbers just above the smallest.
                let (x, p) = ball(least + 1, false);
                let (y, q) = ball(least, false);
                let (exact, other) = (p.clone() * 2u32 + &q, p * 2u32 - &q);
                holding("x + y", &x + &y, exact);
                holding("x − y", &x - &y, other);
            }
        });
    }
    assert!(refuted > 1000, "{refuted}");
}

#[test]
fn what_overflows_is_the_whole_line() {
    at_precision(64, || {
        let one = Ball::one();
        let huge = one.scale_by_power_of_two(1_000_000_000);
        let tiny = one.scale_by_power_of_two(-1_000_000_000);
        let wide = Ball::zero().widen(&huge.upper());
        for result in [
            huge.square(),
            &huge * &huge,
            &huge / &tiny,
            // In place, at the working precision.
            huge.clone() * &huge,
            huge.clone() / &tiny,
            huge.exp(),
            wide.square(),
            &wide * &wide,
            &wide * &huge,
            wide.exp(),
            huge.scale_by_power_of_two(1_000_000_000),
            wide.scale_by_power_of_two(1_000_000_000),
            huge.times_rational(&shift(ratio(1, 1), 100_000_000)),
        ] {
            // A radius may be larger than every number of MPFR; to tell it, none is.
            assert!(result.radius().is_infinite(), "{result:?}");
            assert!(result.lower() < 0 && result.lower().is_infinite());
            assert!(result.upper() > 0 && result.upper().is_infinite());
            // What came out is fit to go in again.
            assert!((&result - &result).contains(&Rational::new()));
            assert!((&result / &result).contains(&ratio(1, 1)));
            assert!((&result * &Ball::zero()).contains(&Rational::new()));
            assert!(result.root().unwrap().upper().is_infinite());
            assert!(result.exp().upper().is_infinite() && result.ln().upper().is_infinite());
        }
        for result in [
            tiny.square(),
            &tiny * &tiny,
            &tiny / &huge,
            (-huge.clone()).exp(),
        ] {
            assert!(result.lower() <= 0 && result.upper() > 0, "{result:?}");
            assert!(result.upper() < tiny.lower());
        }
        // e^{2^−1000000000} is 1 and less than a unit in the last place more.
        let unit = shift(ratio(1, 1), -63);
        let near_one = tiny.exp();
        assert!(near_one.lower() <= 1 && near_one.upper() > 1);
        assert!(near_one.upper() <= ratio(1, 1) + &unit);
        let below_one = (-tiny).exp();
        assert!(below_one.upper() >= 1 && below_one.lower() < 1);
        assert!(below_one.lower() >= ratio(1, 1) - unit);
        // ln 2^k = k ln 2, with ln 2 from 30 digits of the literature.
        let low = parse_exact("0.693147180559945309417232121458").unwrap();
        for k in [1_000_000_000, 100_000_000, -100_000_000, -1_000_000_000] {
            let ln = one.scale_by_power_of_two(k).ln();
            let (a, b) = (low.clone() * k, (low.clone() + shift(ratio(1, 1), -99)) * k);
            let (a, b) = if a <= b { (a, b) } else { (b, a) };
            assert_eq!(encloses(&ln, &a, &b), Some(true), "{k}: {ln:?}");
        }
    });
}

fn between(lower: f64, upper: f64) -> Option<Ball> {
    Ball::between(&Float::with_val(53, lower), &Float::with_val(53, upper))
}

#[test]
fn ends_without_a_number_between_them_are_refused() {
    let infinity = f64::INFINITY;
    for (lower, upper) in [
        (2.0, 1.0),
        (f64::NAN, 1.0),
        (1.0, f64::NAN),
        (f64::NAN, f64::NAN),
        (infinity, infinity),
        (-infinity, -infinity),
        (infinity, -infinity),
    ] {
        assert_eq!(between(lower, upper), None, "[{lower}, {upper}]");
    }
    let whole = Ball::whole();
    for (lower, upper) in [(-infinity, infinity), (1.0, infinity), (-infinity, 1.0)] {
        assert_eq!(between(lower, upper), Some(whole.clone()));
    }
    for special in [Special::Nan, Special::Infinity, Special::NegInfinity] {
        assert_eq!(Ball::point(&Float::with_val(53, special)), whole);
        assert_eq!(Ball::one().widen(&Float::with_val(53, special)), whole);
    }
    at_precision(53, || {
        let one = Ball::one();
        for nothing in [Ball::zero(), -Ball::zero(), between(0.0, 1.0).unwrap()] {
            assert_eq!(&one / &nothing, whole);
            assert_eq!(&Ball::zero() / &nothing, whole);
        }
        assert_eq!((-one).ln(), whole);
    });
}

#[test]
fn the_whole_line_goes_through_every_operation() {
    at_precision(53, || {
        let (whole, two) = (Ball::whole(), Ball::from_int(2));
        for result in [
            &whole + &two,
            &two - &whole,
            &whole * &two,
            &whole / &two,
            &two / &whole,
            whole.square(),
            whole.exp(),
            whole.ln(),
            whole.root().unwrap(),
            whole.at_least_zero().unwrap(),
            whole.hull(&two),
            two.hull(&whole),
            whole.widen(&Float::with_val(53, 1)),
            whole.times_rational(&ratio(1, 3)),
            whole.over_integer(&Integer::from(7)),
            whole.scale_by_power_of_two(-2_000_000_000),
            whole.rounded_to_working_precision(),
            -whole.clone(),
        ] {
            assert_eq!(result, whole);
        }
        // 0·∞ is 0.
        assert!((&whole * &Ball::zero()).is_zero() && (&Ball::zero() * &whole).is_zero());
        assert!(!whole.is_inside(&whole) && two.is_inside(&whole) && !whole.is_inside(&two));
        assert!(whole.intersects(&whole) && whole.contains_zero());
        assert_eq!(
            (whole.sign(), whole.sign_margin()),
            (None, f64::NEG_INFINITY)
        );
    });
}

#[test]
fn digits_are_not_granted_for_want_of_a_hair() {
    at_precision(200, || {
        let one = Ball::one();
        let millionth = ratio(1, 1_000_000);
        let nearly = |q: &Rational| one.hull(&(&one + &Ball::from_rational(q)));
        assert!(!nearly(&(millionth.clone() + shift(ratio(1, 1), -60))).has_digits(6));
        assert!(nearly(&(millionth.clone() - shift(ratio(1, 1), -60))).has_digits(6));
        assert!(nearly(&millionth).has_digits(5));
        assert!(Ball::zero().has_digits(1000) && one.has_digits(1000));
    });
}

#[test]
fn inside_means_off_both_ends() {
    let inside = |a: (f64, f64), b: (f64, f64)| {
        let [a, b] = [a, b].map(|(low, high)| between(low, high).unwrap());
        a.is_inside(&b)
    };
    assert!(inside((1.0, 2.0), (0.0, 3.0)));
    for other in [
        (1.0, 3.0),
        (0.0, 2.0),
        (1.0, 2.0),
        (1.5, 3.0),
        (0.0, 1.5),
        (5.0, 6.0),
    ] {
        assert!(!inside((1.0, 2.0), other), "{other:?}");
    }
}

#[test]
fn logarithms_end_at_zero() {
    at_precision(53, || {
        for (low, high) in [
            (-2.0, -1.0),
            (-1.0, 0.0),
            (0.0, 0.0),
            (-1.0, 1.0),
            (0.0, 1.0),
        ] {
            let logarithm = between(low, high).unwrap().ln();
            assert_eq!(logarithm, Ball::whole(), "{low} to {high}");
        }
        assert!(Ball::one().ln().is_zero());
    });
}

#[test]
fn the_margin_of_a_sign_counts_bits() {
    let margin = |lower, upper| between(lower, upper).unwrap().sign_margin();
    assert_eq!(margin(-1.0, 1.0), f64::NEG_INFINITY);
    assert_eq!(margin(0.0, 1.0), f64::NEG_INFINITY);
    assert_eq!(margin(3.0, 3.0), f64::INFINITY);
    assert_eq!(margin(8.0, 10.0), 2.0);
    assert_eq!(margin(-10.0, -8.0), 2.0);
    assert_eq!(margin(1.0, f64::INFINITY), f64::NEG_INFINITY);
}
