//! Tightness: what the radius may be at most. Containment alone would be satisfied by
//! the whole line.
//!
//! The exact worst case, the largest distance of an exact result from that of the
//! midpoints, is computed from the operands; a radius may exceed it by a stated factor
//! and a stated number of units in the last place of the midpoint.

use crate::ball::{KINDS, Operand, at_every_precision, in_all_forms, operand};
use crate::{Draw, float, ratio, rational, shift};
use noise_equilibrium::scalar::{Ball, Field, Rational, Scalar, working_precision};
use num_traits::Zero;
use rug::{Float, Integer};

/// The largest radius that is allowed; `None` where nothing is said.
struct Allowed {
    /// The worst case of the exact results.
    exact: Rational,
    /// By what share it may be exceeded.
    share: Rational,
    /// And by how many halves of a unit in the last place.
    halves: u32,
}

/// What a few roundings of a double may add.
fn hair() -> Rational {
    shift(ratio(1, 1), -40)
}

fn allowed(exact: Rational, halves: u32) -> Option<Allowed> {
    Some(Allowed {
        exact,
        share: hair(),
        halves,
    })
}

/// A unit in the last place of the midpoint, 0 for 0.
fn unit(x: &Ball) -> Rational {
    let bits = i32::try_from(x.midpoint().prec()).unwrap();
    let exponent = x.midpoint().get_exp();
    exponent.map_or_else(Rational::new, |e| shift(ratio(1, 1), e - bits))
}

/// How many cases were decided, or the first that is too wide.
fn check(
    arity: u32,
    op: impl Fn(&[Ball]) -> Ball,
    limit: &dyn Fn(&[Operand]) -> Option<Allowed>,
) -> Result<u32, String> {
    let mut draw = Draw::new(u64::from(working_precision()) + 2000);
    let mut decided = 0;
    for case in 0..KINDS.pow(arity) * if arity == 1 { 48 } else { 6 } {
        let kinds = [case % KINDS, case / KINDS % KINDS];
        let operands: Vec<Operand> = kinds
            .iter()
            .take(arity as usize)
            .map(|&kind| operand(&mut draw, kind))
            .collect();
        if operands.iter().any(|x| x.radius.is_none()) {
            continue;
        }
        let Some(limit) = limit(&operands) else {
            continue;
        };
        let balls: Vec<_> = operands.iter().map(|x| x.ball.clone()).collect();
        let result = op(&balls);
        let most = (limit.exact.clone() + unit(&result) * limit.halves / 2u32)
            * (ratio(1, 1) + &limit.share);
        // Of points, to the bit.
        let most = if limit.exact == 0 {
            unit(&result) * limit.halves / 2u32
        } else {
            most
        };
        if result.radius().to_rational().is_none_or(|r| r > most) {
            let times = Float::with_val(53, result.radius() / Float::with_val(53, &most));
            return Err(format!("{times} times of {operands:?}: {result:?}"));
        }
        decided += 1;
    }
    Ok(decided)
}

/// Checks `op`, and that one more unit in the last place, or a thousandth of the radius
/// more, would be refused.
fn tight(
    name: &str,
    arity: u32,
    op: impl Fn(&[Ball]) -> Ball,
    limit: &dyn Fn(&[Operand]) -> Option<Allowed>,
    at_least: u32,
) {
    let decided = check(arity, &op, limit).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert!(decided >= at_least, "{name}: only {decided} were decided");
    let one_more = |x: &[Ball]| {
        let result = op(x);
        result.widen(&Float::with_val(53, &unit(&result)))
    };
    assert!(
        check(arity, one_more, limit).is_err(),
        "{name}: a unit more"
    );
    let wider = |x: &[Ball]| {
        let result = op(x);
        result.widen(&Float::with_val(53, result.radius() / 1000u32))
    };
    assert!(check(arity, wider, limit).is_err(), "{name}: a share more");
}

/// The midpoint's size and the radius.
fn parts(x: &Operand) -> (Rational, Rational) {
    (x.middle.clone().abs(), x.radius.clone().expect("bounded"))
}

/// A function of rationals to far more bits than any test here works with.
fn fine(f: impl Fn(u32) -> Float) -> Rational {
    rational(&f(1200))
}

fn fine_exp_minus_one(q: &Rational) -> Rational {
    fine(|bits| Float::with_val(bits, q).exp_m1())
}

at_every_precision! {
    sums products quotients squares hulls_and_parts roots exponentials logarithms
    products_with_rationals roundings
}

/// The bodies of the tests, at the working precision.
mod run {
    use super::*;

    pub fn sums() {
        let limit = |x: &[Operand]| {
            let ((_, r), (_, s)) = (parts(&x[0]), parts(&x[1]));
            allowed(r + s, 1)
        };
        tight("a + b", 2, in_all_forms!(+, +=), &limit, 1000);
        tight("a − b", 2, in_all_forms!(-, -=), &limit, 1000);
        // Nothing is lost by a change of sign.
        let limit = |x: &[Operand]| allowed(parts(&x[0]).1, 0);
        tight("−a", 1, |x| -x[0].clone(), &limit, 500);
    }

    pub fn products() {
        let limit = |x: &[Operand]| {
            let ((m, r), (n, s)) = (parts(&x[0]), parts(&x[1]));
            allowed(m * &s + n * &r + r * s, 1)
        };
        tight("ab", 2, in_all_forms!(*, *=), &limit, 1000);
    }

    pub fn quotients() {
        let limit = |x: &[Operand]| {
            let ((m, r), (n, s)) = (parts(&x[0]), parts(&x[1]));
            (n > s).then_some(())?;
            allowed((r + m / &n * &s) / (n - s), 1)
        };
        tight("a/b", 2, in_all_forms!(/, /=), &limit, 600);
        let n = Integer::from(-7);
        let limit = |x: &[Operand]| allowed(parts(&x[0]).1 / 7u32, 1);
        tight("a/n", 1, |x| x[0].over_integer(&n), &limit, 500);
    }

    pub fn squares() {
        let limit = |x: &[Operand]| {
            let (m, r) = parts(&x[0]);
            if m >= r.clone() * 4u32 {
                allowed(r.clone() * (m * 2u32 + r), 1)
            } else {
                // Half of what lies between the squares of the ends.
                let near = (m.clone() - &r).max(Rational::new());
                allowed(((m + r).square() - near.square()) / 2u32, 1)
            }
        };
        tight("a²", 1, |x| x[0].square(), &limit, 500);
    }

    pub fn hulls_and_parts() {
        let limit = |x: &[Operand]| {
            let low = |x: &Operand| x.middle.clone() - x.radius.clone().unwrap();
            let high = |x: &Operand| x.middle.clone() + x.radius.clone().unwrap();
            let low = low(&x[0]).min(low(&x[1]));
            let high = high(&x[0]).max(high(&x[1]));
            allowed((high - low) / 2u32, 1)
        };
        tight("a ∪ b", 2, |x| x[0].hull(&x[1]), &limit, 1000);
        let limit = |x: &[Operand]| {
            let (m, r) = parts(&x[0]);
            if m > r || r == 0 {
                return (x[0].middle >= 0).then(|| allowed(r, 0))?;
            }
            allowed((x[0].middle.clone() + r) / 2u32, 0)
        };
        let part = |x: &[Ball]| x[0].at_least_zero().unwrap();
        tight("a ∩ [0, ∞)", 1, part, &limit, 200);
        let radius = float(24, &ratio(3, 8));
        let limit = |x: &[Operand]| allowed(parts(&x[0]).1 + ratio(3, 8), 0);
        tight("a ± r", 1, |x| x[0].widen(&radius), &limit, 500);
        // The hull of a ball with itself is hardly larger, also after many of them, and
        // its midpoint does not grow.
        let mut draw = Draw::new(61);
        for kind in 0..KINDS {
            let x = operand(&mut draw, kind).ball;
            let mut hull = x.clone();
            for _ in 0..20 {
                hull = hull.hull(&x);
            }
            assert_eq!(hull.midpoint().prec(), x.midpoint().prec());
        }
    }

    pub fn roots() {
        let limit = |x: &[Operand]| {
            let (m, r) = parts(&x[0]);
            if x[0].middle < 0 && m > r {
                return None;
            }
            if r == 0 {
                return allowed(r, 1);
            }
            let root = |q: &Rational| fine(|bits| Float::with_val(bits, q).sqrt());
            if m.clone() >= r.clone() * 4u32 {
                // √m − √(m − r), without its cancellation.
                let exact = r.clone() / (root(&m) + root(&(m.clone() - &r)));
                let share = hair() + r / m;
                return Some(Allowed {
                    exact,
                    share,
                    halves: 1,
                });
            }
            // Half of what lies between the roots of the ends.
            let zero = Rational::new();
            let (low, high) = (x[0].middle.clone() - &r, x[0].middle.clone() + &r);
            allowed((root(&high) - root(&low.max(zero))) / 2u32, 1)
        };
        tight("√a", 1, |x| x[0].root().unwrap(), &limit, 300);
    }

    pub fn exponentials() {
        let working = i32::try_from(working_precision()).unwrap();
        let limit = |x: &[Operand]| {
            let (m, r) = parts(&x[0]);
            if m.clone() + &r > 700 {
                return None;
            }
            let at = fine(|bits| Float::with_val(bits, &x[0].middle).exp());
            if r <= ratio(1, 2) {
                // The radius takes e^m as it was rounded.
                let rounding = shift(ratio(1, 1), 1 - working);
                return Some(Allowed {
                    exact: at * fine_exp_minus_one(&r),
                    share: hair() + rounding + r.square() / 8u32,
                    halves: 1,
                });
            }
            let half = (fine_exp_minus_one(&r) - fine_exp_minus_one(&-r)) / 2u32;
            allowed(at * half, 1)
        };
        tight("e^a", 1, |x| x[0].exp(), &limit, 300);
    }

    pub fn logarithms() {
        let limit = |x: &[Operand]| {
            let (m, r) = parts(&x[0]);
            if x[0].middle <= 0 || m <= r {
                return None;
            }
            let t = r.clone() / &m;
            if t <= ratio(1, 4) {
                let exact = fine(|bits| -Float::with_val(bits, &-t.clone()).ln_1p());
                return Some(Allowed {
                    exact,
                    share: hair() + t.square() / 3u32,
                    halves: 1,
                });
            }
            let ends = (m.clone() + &r) / (m - r);
            allowed(fine(|bits| Float::with_val(bits, &ends).ln()) / 2u32, 1)
        };
        let op = |x: &[Ball]| x[0].ln();
        tight("ln a", 1, op, &limit, 150);
    }

    pub fn products_with_rationals() {
        let mut draw = Draw::new(62);
        let long = draw.dyadic(700, 3) / draw.dyadic(650, 1);
        for q in [ratio(-3, 1), ratio(1, 3), ratio(-355, 113), long] {
            let limit = |x: &[Operand]| allowed(parts(&x[0]).1 * q.clone().abs(), 2);
            tight("qa", 1, |x| x[0].times_rational(&q), &limit, 500);
        }
    }

    pub fn roundings() {
        let limit = |x: &[Operand]| allowed(parts(&x[0]).1, 1);
        let op = |x: &[Ball]| x[0].rounded_to_working_precision();
        tight("rounding", 1, op, &limit, 500);
        // Of a rational, half a unit; of what has few enough bits, nothing.
        let mut draw = Draw::new(63);
        for _ in 0..400 {
            let q = draw.rational();
            let x = Ball::from_rational(&q);
            assert!(x.radius() <= unit(&x) / 2u32, "{x:?}");
            let q = draw.dyadic(working_precision(), 5);
            assert!(Ball::from_rational(&q).radius().is_zero());
            assert!((Ball::from_rational(&q) - Ball::from_rational(&q)).is_zero());
        }
        // Between neighbours and between distant ends.
        for apart in [0, 1, 5, 100] {
            let x = float(60, &draw.dyadic(60, 5).abs());
            let mut y = x.clone();
            y.next_up();
            y <<= apart;
            let ball = Ball::between(&x, &y).unwrap();
            let half = (rational(&y) - rational(&x)) / 2u32;
            assert!(ball.radius() <= half * (ratio(1, 1) + hair()) + unit(&ball));
        }
    }
}
