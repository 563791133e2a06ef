//! Containment: a rational is picked inside every operand, and the exact result must
//! lie inside the interval that comes out.
//!
//! The exact result of a transcendental function is bracketed here by integer
//! arithmetic, never by MPFR. A checker takes the operation it checks, so that a copy
//! rounded the wrong way can be handed to it: it must be refuted.

use crate::{Draw, float, ratio, rational, shift};
use noise_equilibrium::scalar::{Enclosure, Field, Interval, Rational, Scalar};
use num_traits::Zero;
use rug::float::{Round, Special};
use rug::{Float, Integer};
use std::cmp::Ordering;

/// An interval, and an exact number inside.
#[derive(Clone, Debug)]
struct Operand<const P: u32> {
    interval: Interval<P>,
    inside: Rational,
}

/// The kinds of operand; [`operand`] draws one.
const KINDS: u32 = 12;

/// Bits of an operand: those of its type, or a mix for the dynamic [`Enclosure`].
fn precision<const P: u32>(draw: &mut Draw) -> u32 {
    if P == 0 {
        [24, 70, 200][usize::try_from(draw.range(0, 2)).unwrap()]
    } else {
        P
    }
}

fn end(bits: u32, q: Option<&Rational>, unbounded: Special) -> Float {
    q.map_or_else(|| Float::with_val(bits, unbounded), |q| float(bits, q))
}

fn operand<const P: u32>(draw: &mut Draw, kind: u32) -> Operand<P> {
    let bits = precision::<P>(draw);
    let near = i32::try_from(draw.range(-20, 20)).unwrap();
    let exponent = match kind {
        5 => -1074,
        6 => -1030,
        7 => 13_288,
        8 => -13_288,
        _ => near,
    };
    let x = draw.dyadic(bits, exponent);
    let y = if kind == 9 {
        // One unit in the last place apart.
        rational(&{
            let mut next = float(bits, &x);
            next.next_up();
            next
        })
    } else {
        draw.dyadic(bits, exponent)
    };
    let (x, y) = if x <= y { (x, y) } else { (y, x) };
    let zero = Rational::new();
    let (lower, upper) = match kind {
        1 => (Some(-x.abs()), Some(y.abs())),
        2 => (Some(zero), Some(y.abs())),
        3 => (Some(-x.abs()), Some(zero)),
        4 => (Some(x.clone()), Some(x)),
        10 => (Some(x), None),
        11 => (None, Some(y)),
        _ => (Some(x), Some(y)),
    };
    let weight = ratio(draw.range(0, 8), 8);
    // Far out or near the end, or the end itself.
    let far = shift(
        ratio(draw.range(0, 3), 3),
        i32::try_from(draw.range(-300, 300)).unwrap(),
    );
    let inside = match (&lower, &upper) {
        (Some(a), Some(b)) => a.clone() + (b.clone() - a) * weight,
        (Some(a), None) => a.clone() + far,
        (None, Some(b)) => b.clone() - far,
        (None, None) => far,
    };
    let (lower, upper) = (
        end(bits, lower.as_ref(), Special::NegInfinity),
        end(bits, upper.as_ref(), Special::Infinity),
    );
    Operand {
        interval: Interval::new(lower, upper).expect("the ends are ordered"),
        inside,
    }
}

/// Is the exact result inside? `None` where that could not be decided.
type Test<'a, const P: u32> = &'a dyn Fn(&Interval<P>, &[Operand<P>]) -> Option<bool>;

/// Checks an operation on operands of every kind and returns the number of cases
/// decided; the first violation is an error that shows its operands.
fn check<const P: u32>(
    arity: u32,
    op: impl Fn(&[Interval<P>]) -> Interval<P>,
    contains: Test<P>,
) -> Result<u32, String> {
    let mut draw = Draw::new(u64::from(P) + 1000);
    let mut decided = 0;
    for case in 0..KINDS.pow(arity) * if arity == 1 { 48 } else { 6 } {
        let kinds = [case % KINDS, case / KINDS % KINDS];
        let operands: Vec<Operand<P>> = kinds
            .iter()
            .take(arity as usize)
            .map(|&kind| operand(&mut draw, kind))
            .collect();
        let intervals: Vec<_> = operands.iter().map(|x| x.interval.clone()).collect();
        let result = op(&intervals);
        match contains(&result, &operands) {
            Some(true) => decided += 1,
            Some(false) => return Err(format!("{operands:?} gave {result:?}")),
            None => {}
        }
    }
    Ok(decided)
}

/// The result of an exact operation is known, or is not asked for (`None`).
fn exactly<const P: u32>(
    exact: impl Fn(&[Rational]) -> Option<Rational>,
) -> impl Fn(&Interval<P>, &[Operand<P>]) -> Option<bool> {
    move |result, operands| {
        let inside: Vec<_> = operands.iter().map(|x| x.inside.clone()).collect();
        exact(&inside).map(|q| result.contains(&q))
    }
}

// Deliberately wrong roundings.

/// Both ends moved inwards by one unit in the last place, but for 0 and the infinities:
/// a rational equal to what is next to them would fill the memory.
fn inwards<const P: u32>(x: &Interval<P>) -> Interval<P> {
    let (mut lower, mut upper) = (x.lower().clone(), x.upper().clone());
    if lower.is_normal() {
        lower.next_up();
    }
    if upper.is_normal() {
        upper.next_down();
    }
    Interval::new(lower, upper).unwrap_or_else(|| Interval::point(x.upper()))
}

/// `op` at the two ends, rounded to nearest.
fn nearest<const P: u32>(x: &Interval<P>, op: impl Fn(&Float) -> Float) -> Interval<P> {
    Interval::new(op(x.lower()), op(x.upper())).unwrap_or_else(|| x.clone())
}

/// `op` at the four corners, rounded to nearest.
fn corners<const P: u32>(
    x: &Interval<P>,
    y: &Interval<P>,
    op: impl Fn(&Float, &Float) -> Float,
) -> Interval<P> {
    let mut values: Vec<Float> = Vec::new();
    for a in [x.lower(), x.upper()] {
        values.extend([y.lower(), y.upper()].map(|b| op(a, b)));
    }
    let wide = Interval::<P>::new(
        Float::with_val(24, Special::NegInfinity),
        Float::with_val(24, Special::Infinity),
    );
    let (low, high) = (
        values.iter().min_by(|a, b| a.total_cmp(b)),
        values.iter().max_by(|a, b| a.total_cmp(b)),
    );
    // NaN at a corner: no claim is made.
    low.zip(high)
        .and_then(|(a, b)| Interval::new(a.clone(), b.clone()))
        .or(wide)
        .expect("whole")
}

/// Checks `op`, and that it is refuted when rounded inwards.
fn sound<const P: u32>(
    name: &str,
    arity: u32,
    op: impl Fn(&[Interval<P>]) -> Interval<P>,
    contains: Test<P>,
    at_least: u32,
) {
    let decided = check(arity, &op, contains).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert!(
        decided >= at_least,
        "{name}: only {decided} cases were decided"
    );
    let control = check(arity, |x| inwards(&op(x)), contains);
    assert!(control.is_err(), "{name}, rounded inwards, was not refuted");
}

macro_rules! at_every_precision {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            run::$name::<24>();
            run::$name::<53>();
            run::$name::<128>();
            run::$name::<500>();
            run::$name::<0>();
        })*
    };
}
at_every_precision! {
    addition subtraction multiplication division negation_square_and_hull
    widening_and_shifting root exponential logarithm parts_of_an_interval points_and_precision
    points_give_neighbouring_ends nearest_rounding_is_refuted
}

/// The bodies of the tests, for any precision.
mod run {
    use super::*;

    pub fn addition<const P: u32>() {
        let exact = exactly(|x| Some(x[0].clone() + &x[1]));
        sound::<P>("a + b", 2, |x| x[0].clone() + &x[1], &exact, 400);
    }

    pub fn subtraction<const P: u32>() {
        let exact = exactly(|x| Some(x[0].clone() - &x[1]));
        sound::<P>("a − b", 2, |x| x[0].clone() - &x[1], &exact, 400);
    }

    pub fn multiplication<const P: u32>() {
        let exact = exactly(|x| Some(x[0].clone() * &x[1]));
        sound::<P>("ab", 2, |x| x[0].clone() * &x[1], &exact, 400);
    }

    pub fn division<const P: u32>() {
        let exact = exactly(|x| (!x[1].is_zero()).then(|| x[0].clone() / &x[1]));
        sound::<P>("a/b", 2, |x| x[0].clone() / &x[1], &exact, 300);
        // The whole line is the answer only where the divisor contains 0.
        check::<P>(2, |x| x[0].clone() / &x[1], &|result, x| {
            let whole = result.lower().is_infinite() && result.upper().is_infinite();
            let bounded = x[0].interval.is_bounded();
            Some(if x[1].interval.contains_zero() {
                whole
            } else {
                !bounded || !whole
            })
        })
        .unwrap();
    }

    pub fn negation_square_and_hull<const P: u32>() {
        sound::<P>(
            "−a",
            1,
            |x| -x[0].clone(),
            &exactly(|x| Some(-x[0].clone())),
            200,
        );
        let square = exactly(|x| Some(x[0].clone() * &x[0]));
        sound::<P>("a²", 1, |x| x[0].square(), &square, 200);
        for i in [0, 1] {
            let either = exactly(move |x| Some(x[i].clone()));
            sound::<P>("a ∪ b", 2, |x| x[0].hull(&x[1]), &either, 400);
        }
    }

    pub fn widening_and_shifting<const P: u32>() {
        for radius in [
            ratio(0, 1),
            ratio(3, 8),
            shift(ratio(1, 1), -1000),
            shift(ratio(1, 1), 1000),
        ] {
            let r = float(24, &radius);
            for side in [radius.clone(), -radius] {
                let exact = exactly(|x| Some(x[0].clone() + &side));
                sound::<P>("a ± r", 1, |x| x[0].widen(&r), &exact, 200);
                // A radius is taken by its size, so that no end can pass the other.
                check::<P>(1, |x| x[0].widen(&-r.clone()), &exact).unwrap();
            }
        }
        for k in [0, 1, -1, 1000, -20_000] {
            let exact = exactly(move |x| Some(shift(x[0].clone(), k)));
            sound::<P>("2^k a", 1, |x| x[0].scale_by_power_of_two(k), &exact, 200);
        }
    }

    pub fn root<const P: u32>() {
        let contains = |result: &Interval<P>, x: &[Operand<P>]| {
            let square = |end: &Float| rational(end) * rational(end);
            let q = &x[0].inside;
            if *q < 0 {
                return None;
            }
            let below = *result.lower() <= 0 || square(result.lower()) <= *q;
            let above = result.upper().is_infinite()
                || *result.upper() >= 0 && square(result.upper()) >= *q;
            Some(below && above)
        };
        // An interval below 0 has none.
        let op = |x: &[Interval<P>]| x[0].root().unwrap_or_else(Interval::zero);
        sound::<P>("√a", 1, op, &contains, 90);
        check::<P>(1, |x| x[0].clone(), &|x, _| {
            Some(x.root().is_none() == (*x.upper() < 0))
        })
        .unwrap();
    }

    pub fn exponential<const P: u32>() {
        sound::<P>("e^a", 1, |x| x[0].exp(), &exponential_inside, 150);
    }

    pub fn logarithm<const P: u32>() {
        sound::<P>("ln a", 1, |x| x[0].ln(), &logarithm_inside, 90);
    }

    pub fn parts_of_an_interval<const P: u32>() {
        let inside = |q: &Rational, x: &[Operand<P>]| Some(x[0].interval.contains(q));
        check::<P>(1, |x| Interval::point(&x[0].midpoint()), &|m, x| {
            inside(&rational(&x[0].interval.midpoint()), x).map(|ok| ok && m.is_bounded())
        })
        .unwrap();
        check::<P>(1, |x| x[0].clone(), &|result, x| {
            let q = &x[0].inside;
            let size = q.clone().abs();
            let sign = result.sign().is_none_or(|sign| sign == q.cmp0());
            let zero = result.contains_zero() == result.contains(&Rational::new());
            let sizes = result.magnitude() >= size && result.mignitude() <= size;
            // The two signs and the zero exhaust the cases.
            let decided = result.sign().is_none() == (result.contains_zero() && !result.is_zero());
            let kept = match result.at_least_zero() {
                Some(part) => *part.lower() >= 0 && (*q < 0 || part.contains(q)),
                None => *result.upper() < 0,
            };
            let width = !result.is_bounded() || {
                result.width() >= rational(result.upper()) - rational(result.lower())
            };
            Some(sign && zero && sizes && decided && kept && width)
        })
        .unwrap();
        // A share of the digits is never claimed without being there.
        for digits in [0, 1, 6, 15, 40, 200] {
            check::<P>(1, |x| x[0].clone(), &|x, _| {
                if !x.is_bounded() {
                    return Some(!x.has_digits(digits));
                }
                let width = rational(x.upper()) - rational(x.lower());
                let scaled = width * Rational::from(Integer::from(Integer::u_pow_u(10, digits)));
                let near = rational(&x.mignitude());
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
        // Whatever shares the number inside, meets.
        check::<P>(2, |x| x[0].clone(), &|a, x| {
            let b = &x[1].interval;
            let apart = *a.upper() < *b.lower() || *b.upper() < *a.lower();
            let shared = a.contains(&x[1].inside);
            Some(a.intersects(b) != apart && (!shared || a.intersects(b)))
        })
        .unwrap();
    }

    pub fn points_and_precision<const P: u32>() {
        let mut draw = Draw::new(77);
        for case in 0..400 {
            let q = shift(draw.rational(), [0, -1074, 1000, -13_288][case % 4]);
            for (name, x) in [
                ("from_rational", Interval::<P>::from_rational(&q)),
                ("point", {
                    Interval::point(&float(200, &draw.dyadic(200, 3)))
                }),
            ] {
                let exact = if name == "point" {
                    rational(&x.midpoint())
                } else {
                    q.clone()
                };
                assert!(x.contains(&exact), "{name}({exact}) gave {x:?}");
            }
            let bits = u32::try_from(draw.range(2, 300)).unwrap();
            let at = Enclosure::at(bits, &q);
            assert!(
                at.contains(&q) && at.precision() == bits,
                "{q} at {bits} bits gave {at:?}"
            );
            for narrower in [1, bits.div_ceil(2), bits, 400] {
                let rounded = at.round_to(narrower);
                assert!(rounded.contains(&q) && rounded.precision() == narrower);
                assert!(rounded.lower() <= at.lower() && rounded.upper() >= at.upper());
                assert!(narrower < bits || rounded == at);
            }
        }
        // The control: the nearest number of few bits is not the rational.
        let third = Float::with_val(24, ratio(1, 3));
        assert!(!Enclosure::point(&third).contains(&ratio(1, 3)));
    }

    /// Containment alone would be satisfied by the whole line: at a point the two ends
    /// are the same float or neighbours.
    pub fn points_give_neighbouring_ends<const P: u32>() {
        let tight = |result: &Interval<P>, x: &[Operand<P>]| {
            if x.iter()
                .any(|x| !x.interval.width().is_zero() || x.interval.contains_zero())
            {
                return None;
            }
            let mut above = result.lower().clone();
            above.next_up();
            Some(above >= *result.upper())
        };
        let points = |x: &[Interval<P>]| -> Vec<Interval<P>> {
            x.iter().map(|x| Interval::point(x.lower())).collect()
        };
        let all = |arity, op: &dyn Fn(&[Interval<P>]) -> Interval<P>| {
            check::<P>(arity, |x| op(x), &|_, x| {
                let ends: Vec<_> = x.iter().map(|x| x.interval.clone()).collect();
                let unbounded = ends.iter().any(|x| x.lower().is_infinite());
                let points: Vec<_> = points(&ends)
                    .into_iter()
                    .map(|interval| Operand {
                        interval,
                        inside: Rational::new(),
                    })
                    .collect();
                let intervals: Vec<_> = points.iter().map(|x| x.interval.clone()).collect();
                if unbounded {
                    None
                } else {
                    tight(&op(&intervals), &points)
                }
            })
        };
        let decided = [
            all(2, &|x| x[0].clone() + &x[1]),
            all(2, &|x| x[0].clone() - &x[1]),
            all(2, &|x| x[0].clone() * &x[1]),
            all(2, &|x| x[0].clone() / &x[1]),
            all(1, &|x| x[0].square()),
            all(1, &|x| x[0].exp()),
            all(1, &|x| {
                if *x[0].lower() > 0 {
                    x[0].ln()
                } else {
                    Interval::zero()
                }
            }),
            all(1, &|x| x[0].root().unwrap_or_else(Interval::zero)),
        ];
        for (index, decided) in decided.into_iter().enumerate() {
            assert!(
                decided.unwrap_or_else(|e| panic!("operation {index}: {e}")) >= 100,
                "operation {index}"
            );
        }
        let wide = all(1, &|x| x[0].clone() / &Interval::zero());
        assert!(wide.is_err(), "the whole line was called tight");
    }

    pub fn nearest_rounding_is_refuted<const P: u32>() {
        let bits = |x: &Float| if P == 0 { x.prec() } else { P };
        let add = exactly::<P>(|x| Some(x[0].clone() + &x[1]));
        let multiply = exactly::<P>(|x| Some(x[0].clone() * &x[1]));
        let divide = exactly::<P>(|x| (!x[1].is_zero()).then(|| x[0].clone() / &x[1]));
        let refuted = [
            (
                "a + b",
                check::<P>(
                    2,
                    |x| corners(&x[0], &x[1], |a, b| Float::with_val(bits(a), a + b)),
                    &add,
                ),
            ),
            (
                "ab",
                check::<P>(
                    2,
                    |x| corners(&x[0], &x[1], |a, b| Float::with_val(bits(a), a * b)),
                    &multiply,
                ),
            ),
            (
                "a/b",
                check::<P>(
                    2,
                    |x| {
                        if x[1].contains_zero() {
                            return x[0].clone() / &x[1];
                        }
                        corners(&x[0], &x[1], |a, b| Float::with_val(bits(a), a / b))
                    },
                    &divide,
                ),
            ),
            (
                "√a",
                check::<P>(
                    1,
                    |x| nearest(&x[0], |a| Float::with_val(bits(a), a.sqrt_ref())),
                    &|r, x| {
                        let square = |end: &Float| rational(end) * rational(end);
                        if !x[0].interval.is_bounded() || *x[0].interval.lower() < 0 {
                            return None;
                        }
                        Some(square(r.lower()) <= x[0].inside && x[0].inside <= square(r.upper()))
                    },
                ),
            ),
            (
                "e^a",
                check::<P>(
                    1,
                    |x| nearest(&x[0], |a| Float::with_val(bits(a), a.exp_ref())),
                    &exponential_inside,
                ),
            ),
            (
                "ln a",
                check::<P>(
                    1,
                    |x| {
                        if *x[0].lower() <= 0 {
                            return x[0].ln();
                        }
                        nearest(&x[0], |a| Float::with_val(bits(a), a.ln_ref()))
                    },
                    &logarithm_inside,
                ),
            ),
        ];
        for (name, result) in refuted {
            assert!(
                result.is_err(),
                "{name}, rounded to nearest, was not refuted: {result:?}"
            );
        }
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

/// Compares an interval with a bracket of the exact result.
fn encloses<const P: u32>(result: &Interval<P>, low: &Rational, high: &Rational) -> Option<bool> {
    if result.contains(low) && result.contains(high) {
        Some(true)
    } else if *result.lower() > *high || *result.upper() < *low {
        Some(false)
    } else {
        None
    }
}

/// Is e^x in the result?
fn exponential_inside<const P: u32>(result: &Interval<P>, x: &[Operand<P>]) -> Option<bool> {
    let q = &x[0].inside;
    if q.clone().abs() > 20_000 {
        // Neither end of the bracket could be written out: e^q > q² for q > 0.
        let size = q.clone().square();
        return Some(if *q > 0 {
            *result.upper() > size
        } else {
            *result.lower() < size.recip() && *result.upper() > 0
        });
    }
    // Below 2^{−P} the result is 1 and a bit: the bit is q itself.
    let small = q
        .denom()
        .significant_bits()
        .saturating_sub(q.numer().significant_bits());
    let (low, high) = exponential_bracket(q, result.precision() + small.min(14_000) + 64);
    encloses(result, &low, &high)
}

/// Is ln x in the result, that is, x between the exponentials of its ends?
fn logarithm_inside<const P: u32>(result: &Interval<P>, x: &[Operand<P>]) -> Option<bool> {
    let q = &x[0].inside;
    if *q <= 0 {
        return None;
    }
    let mut decided = true;
    for (end, side) in [
        (result.lower(), Ordering::Less),
        (result.upper(), Ordering::Greater),
    ] {
        if end.is_infinite() {
            continue;
        }
        let (low, high) = exponential_bracket(&rational(end), 2 * result.precision() + 64);
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
    let e = noise_equilibrium::scalar::parse_exact(
        "2.71828182845904523536028747135266249775724709369995",
    )
    .unwrap();
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

/// A bounded interval of ordinary size and its ends.
fn ordinary(draw: &mut Draw) -> Interval<128> {
    operand::<128>(draw, 0).interval
}

#[test]
fn operations_are_homogeneous_at_huge_exponents() {
    let mut draw = Draw::new(123);
    for _ in 0..50 {
        let (a, b) = (ordinary(&mut draw), ordinary(&mut draw));
        for k in [100_000_000, -100_000_000, 500_000_000, -500_000_000] {
            let (x, y) = (a.scale_by_power_of_two(k), b.scale_by_power_of_two(k));
            assert_eq!(x.clone() + &y, (a.clone() + &b).scale_by_power_of_two(k));
            assert_eq!(x.clone() - &y, (a.clone() - &b).scale_by_power_of_two(k));
            assert_eq!(x.clone() * &b, (a.clone() * &b).scale_by_power_of_two(k));
            assert_eq!(x.hull(&y), a.hull(&b).scale_by_power_of_two(k));
            assert_eq!(x.contains_zero(), a.contains_zero());
            let quotient = x.clone() / &y;
            assert_eq!(quotient, a.clone() / &b);
            assert_eq!(x.root().map(|r| r.scale_by_power_of_two(-k / 2)), a.root());
            assert_eq!(x.has_digits(3), a.has_digits(3));
        }
    }
}

#[test]
fn what_overflows_and_underflows_stays_enclosed() {
    let one = Interval::<64>::from_int(1);
    let (huge, tiny) = (
        one.scale_by_power_of_two(1_000_000_000),
        one.scale_by_power_of_two(-1_000_000_000),
    );
    for product in [
        huge.square(),
        huge.clone() * &huge,
        huge.clone() / &tiny,
        huge.exp(),
    ] {
        assert!(
            product.lower().is_finite() && *product.lower() >= *huge.lower(),
            "{product:?}"
        );
        assert!(product.upper().is_infinite(), "{product:?}");
        // What came out is fit to go in again.
        assert!((product.clone() - &product).contains(&Rational::new()));
        assert!((product.clone() / &product).contains(&ratio(1, 1)));
    }
    for product in [
        tiny.square(),
        tiny.clone() * &tiny,
        tiny.clone() / &huge,
        (-huge.clone()).exp(),
    ] {
        assert!(
            product.lower().is_zero() && *product.upper() > 0,
            "{product:?}"
        );
        assert!(*product.upper() < *tiny.lower());
    }
    let negative = -huge.clone() * &huge;
    assert!(negative.lower().is_infinite() && *negative.upper() <= *(-huge.clone()).upper());
    // e^{2^−1000000000} is 1 and less than a unit in the last place more.
    let near_one = tiny.exp();
    assert!(*near_one.lower() == 1 && *near_one.upper() == ratio(1, 1) + shift(ratio(1, 1), -63));
    let below_one = (-tiny).exp();
    assert!(*below_one.upper() == 1 && *below_one.lower() == ratio(1, 1) - shift(ratio(1, 1), -64));
    // ln 2^k = k ln 2, with ln 2 from 30 digits of the literature.
    let low = noise_equilibrium::scalar::parse_exact("0.693147180559945309417232121458").unwrap();
    for k in [1_000_000_000, 100_000_000, -100_000_000, -1_000_000_000] {
        let ln = one.scale_by_power_of_two(k).ln();
        let (a, b) = (low.clone() * k, (low.clone() + shift(ratio(1, 1), -99)) * k);
        let (a, b) = if a <= b { (a, b) } else { (b, a) };
        assert_eq!(encloses(&ln, &a, &b), Some(true), "{k}: {ln:?}");
    }
}

fn ends(lower: f64, upper: f64) -> Option<Interval<53>> {
    Interval::new(Float::with_val(53, lower), Float::with_val(53, upper))
}

#[test]
fn ends_without_a_number_between_them_are_refused() {
    let infinity = f64::INFINITY;
    for (lower, upper) in [
        (2.0, 1.0),
        (f64::NAN, 1.0),
        (1.0, f64::NAN),
        (infinity, infinity),
        (-infinity, -infinity),
        (infinity, -infinity),
    ] {
        assert_eq!(ends(lower, upper), None, "[{lower}, {upper}]");
    }
    let whole = ends(-infinity, infinity);
    for special in [Special::Nan, Special::Infinity, Special::NegInfinity] {
        assert_eq!(Some(Interval::point(&Float::with_val(53, special))), whole);
    }
    let one = Interval::<53>::from_int(1);
    assert_eq!(Some(one.widen(&Float::with_val(53, Special::Nan))), whole);
    assert_eq!(Some(one.widen(&Float::with_val(53, infinity))), whole);
    assert_eq!(Some(one.clone() / &Interval::zero()), whole);
    assert_eq!(Some((-one).ln()), whole);
}

#[test]
fn division_with_unbounded_operands_is_exact_at_its_corners() {
    let infinity = f64::INFINITY;
    for (a, b, wanted) in [
        ((1.0, 2.0), (4.0, infinity), (0.0, 0.5)),
        ((-1.0, 2.0), (4.0, infinity), (-0.25, 0.5)),
        ((1.0, infinity), (2.0, 4.0), (0.25, infinity)),
        ((1.0, infinity), (2.0, infinity), (0.0, infinity)),
        ((-8.0, infinity), (2.0, infinity), (-4.0, infinity)),
        ((-infinity, 8.0), (2.0, infinity), (-infinity, 4.0)),
        ((-infinity, -8.0), (-infinity, -2.0), (0.0, infinity)),
        (
            (-infinity, infinity),
            (2.0, infinity),
            (-infinity, infinity),
        ),
        ((0.0, 0.0), (2.0, infinity), (0.0, 0.0)),
        ((0.0, infinity), (2.0, 4.0), (0.0, infinity)),
        ((1.0, 2.0), (0.0, 1.0), (-infinity, infinity)),
        ((1.0, 2.0), (-0.0, 1.0), (-infinity, infinity)),
        ((1.0, 2.0), (-1.0, -0.0), (-infinity, infinity)),
    ] {
        let quotient = ends(a.0, a.1).unwrap() / ends(b.0, b.1).unwrap();
        assert_eq!(Some(quotient), ends(wanted.0, wanted.1), "{a:?}/{b:?}");
    }
    // Multiplication, likewise: 0·∞ is 0.
    for (a, b, wanted) in [
        ((0.0, 0.0), (-infinity, infinity), (0.0, 0.0)),
        ((0.0, 1.0), (2.0, infinity), (0.0, infinity)),
        ((-1.0, 0.0), (2.0, infinity), (-infinity, 0.0)),
        ((-infinity, 2.0), (-3.0, 1.0), (-infinity, infinity)),
        ((-infinity, -2.0), (-infinity, -3.0), (6.0, infinity)),
    ] {
        let product = ends(a.0, a.1).unwrap() * ends(b.0, b.1).unwrap();
        assert_eq!(Some(product), ends(wanted.0, wanted.1), "{a:?}·{b:?}");
    }
}

#[test]
fn digits_are_not_granted_for_want_of_a_hair() {
    let one = Interval::<200>::from_int(1);
    let millionth = ratio(1, 1_000_000);
    let nearly = |q: Rational| one.hull(&(one.clone() + &Interval::from_rational(&q)));
    // The sum is rounded up: the width is above the millionth by less than 2^−190.
    assert!(!nearly(millionth.clone()).has_digits(6));
    assert!(nearly(millionth.clone() - shift(ratio(1, 1), -80)).has_digits(6));
    assert!(nearly(millionth).has_digits(5));
    assert!(Interval::<53>::zero().has_digits(1000) && one.has_digits(1000));
}

#[test]
fn inside_means_off_both_ends() {
    let inside = |a: (f64, f64), b: (f64, f64)| {
        let [a, b] = [a, b].map(|(low, high)| ends(low, high).unwrap());
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
    let logarithm = |low, high| ends(low, high).unwrap().ln();
    let whole = ends(f64::NEG_INFINITY, f64::INFINITY).unwrap();
    for (low, high) in [(-2.0, -1.0), (-1.0, 0.0), (0.0, 0.0)] {
        assert_eq!(logarithm(low, high), whole, "{low} to {high}");
    }
    for low in [-1.0, 0.0] {
        assert_eq!(Some(logarithm(low, 1.0)), ends(f64::NEG_INFINITY, 0.0));
    }
    assert_eq!(Some(logarithm(1.0, 1.0)), ends(0.0, 0.0));
}

#[test]
fn the_margin_of_a_sign_counts_bits() {
    let margin = |lower, upper| ends(lower, upper).unwrap().sign_margin();
    assert_eq!(margin(-1.0, 1.0), f64::NEG_INFINITY);
    assert_eq!(margin(0.0, 1.0), f64::NEG_INFINITY);
    assert_eq!(margin(3.0, 3.0), f64::INFINITY);
    assert_eq!(margin(8.0, 10.0), 2.0);
    assert_eq!(margin(-10.0, -8.0), 2.0);
    assert_eq!(margin(1.0, f64::INFINITY), f64::NEG_INFINITY);
    let directed = Float::with_val_round(53, ratio(1, 3), Round::Down).0;
    assert!(Enclosure::at(53, &ratio(1, 3)).lower() == &directed);
}
