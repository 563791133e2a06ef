//! The arithmetic of radii, which is the crate's own: never below the exact bound, and
//! hardly above.

#[allow(dead_code)]
#[path = "../../src/scalar/radius.rs"]
mod arithmetic;

use crate::{Draw, ratio, rational, shift};
use arithmetic::Radius;
use noise_equilibrium::scalar::Rational;
use rug::float::Special;
use rug::{Float, Integer};
use std::cmp::Ordering;

fn exact(r: Radius) -> Rational {
    rational(&r.to_float())
}

/// A positive double in steps that matter: few bits, all bits, powers of two and next to
/// them.
fn number(draw: &mut Draw) -> Float {
    let bits = [1, 2, 30, 53][usize::try_from(draw.range(0, 3)).unwrap()];
    let exponent = i32::try_from(match draw.range(0, 2) {
        0 => draw.range(-3, 3),
        1 => draw.range(-60, 60),
        _ => draw.range(-250, 250),
    })
    .unwrap();
    let mut x = crate::float(53, &draw.dyadic(bits, exponent).abs());
    match draw.range(0, 5) {
        0 => x.next_up(),
        1 => x.next_down(),
        _ => {}
    }
    x
}

/// At least the bound and at most 2^{−50} of it more?
fn just_above(r: Radius, bound: &Rational) -> bool {
    let found = exact(r);
    found >= *bound && found <= bound.clone() * (ratio(1, 1) + shift(ratio(1, 1), -50))
}

/// At most the bound and at most 2^{−50} of it less?
fn just_below(r: Radius, bound: &Rational) -> bool {
    let found = exact(r);
    found <= *bound && found >= bound.clone() * (ratio(1, 1) - shift(ratio(1, 1), -50))
}

#[test]
fn sums_products_and_quotients_are_rounded_up() {
    let mut draw = Draw::new(201);
    let mut refuted = [0; 3];
    for _ in 0..20_000 {
        let (x, y) = (number(&mut draw), number(&mut draw));
        let (a, b) = (Radius::of(&x), Radius::of(&y));
        let (p, q) = (rational(&x), rational(&y));
        assert!(exact(a) == p && exact(b) == q, "a double is its own radius");
        let bounds = [p.clone() + &q, p.clone() * &q, p.clone() / &q];
        for (found, bound) in [a.plus(b), a.times(b), a.over(b)].into_iter().zip(&bounds) {
            assert!(just_above(found, bound), "{x} {y}: {found:?}");
        }
        assert!(a.plus(b) == b.plus(a) && a.times(b) == b.times(a));
        let less = a.minus_below(b);
        if p > q {
            assert!(just_below(less, &(p - q)), "{x} − {y}: {less:?}");
        } else {
            assert!(less.is_zero());
        }
        // Rounded to nearest, as doubles are, each would be refuted.
        let doubles = [
            Float::with_val(53, &x + &y),
            Float::with_val(53, &x * &y),
            Float::with_val(53, &x / &y),
        ];
        for i in 0..3 {
            refuted[i] += u32::from(doubles[i] < bounds[i]);
        }
    }
    assert!(refuted.iter().all(|&n| n > 1000), "{refuted:?}");
}

#[test]
fn sizes_are_bounded_on_their_side() {
    let mut draw = Draw::new(202);
    for _ in 0..5000 {
        let bits = u32::try_from(draw.range(1, 300)).unwrap();
        let exponent = i32::try_from(draw.range(-400, 400)).unwrap();
        let q = draw.dyadic(bits, exponent);
        let x = crate::float(bits.max(2), &q);
        let size = q.clone().abs();
        assert!(just_above(Radius::of(&x), &size) && just_below(Radius::below(&x), &size));
        let n: Integer = draw.integer(bits) * if q > 0 { 1 } else { -1 };
        let size = Rational::from(n.clone().abs());
        assert!(just_above(Radius::of_integer(&n), &size), "{n}");
        assert!(just_below(Radius::of_integer_below(&n), &size), "{n}");
        // Does it reach? Exactly, the two alike being the case that decides.
        let r = number(&mut draw);
        let radius = Radius::of(&r);
        assert_eq!(radius.reaches(&x), rational(&r) >= q.clone().abs());
        let mut beyond = Float::with_val(200, &r);
        assert!(radius.reaches(&beyond) && radius.reaches(&-beyond.clone()));
        beyond.next_up();
        assert!(!radius.reaches(&beyond) && !radius.reaches(&-beyond));
        // Order and scaling are exact.
        let s = number(&mut draw);
        let order = radius.compare(Radius::of(&s));
        assert_eq!(Some(order), r.partial_cmp(&s));
        let k = i32::try_from(draw.range(-500, 500)).unwrap();
        assert_eq!(exact(radius.shifted(k.into())), shift(rational(&r), k));
        assert_eq!(exact(Radius::power(k.into())), shift(ratio(1, 1), k));
    }
    for n in [Integer::new(), Integer::from(1), Integer::from(-4)] {
        let size = Rational::from(n.clone().abs());
        assert!(
            exact(Radius::of_integer(&n)) >= size && exact(Radius::of_integer_below(&n)) == size
        );
    }
    assert!(
        !just_above(Radius::power(1), &ratio(1, 1)) && !just_below(Radius::power(-1), &ratio(1, 1))
    );
}

#[test]
fn nothing_and_infinity() {
    let (none, all, one) = (Radius::ZERO, Radius::INFINITE, Radius::power(0));
    for r in [none, one, all] {
        assert!(r.plus(none) == r && none.plus(r) == r);
        assert!(r.times(none).is_zero() && none.times(r).is_zero());
        assert!(r.plus(all).is_infinite() && all.plus(r).is_infinite());
        assert!(r.over(none).is_infinite() || r.is_zero());
        assert!(none.over(r).is_zero() && none.minus_below(r).is_zero());
        assert!(r.minus_below(all).is_zero() && r.minus_below(r).is_zero());
        assert_eq!(r.minus_below(none).is_zero(), r.is_zero());
        assert_eq!(r.compare(r), Ordering::Equal);
        assert!(r.reaches(&Float::new(53)) && r.shifted(7).is_zero() == r.is_zero());
    }
    assert!(one.times(all).is_infinite() && all.times(all).is_infinite());
    assert!(all.over(one).is_infinite() && all.shifted(-1_000_000).is_infinite());
    assert_eq!(none.compare(one), Ordering::Less);
    assert_eq!(one.compare(none), Ordering::Greater);
    assert_eq!(one.compare(all), Ordering::Less);
    assert_eq!(none.compare(none), Ordering::Equal);
    assert!(none.is_zero() && !one.is_zero() && all.is_infinite() && !one.is_infinite());
    assert!(none.to_float().is_zero() && all.to_float().is_infinite());
    for special in [Special::Nan, Special::Infinity, Special::NegInfinity] {
        assert!(Radius::of(&Float::with_val(53, special)).is_infinite());
    }
    for zero in [Special::Zero, Special::NegZero] {
        let zero = Float::with_val(53, zero);
        assert!(Radius::of(&zero).is_zero() && Radius::below(&zero).is_zero());
    }
    let smallest = Float::with_val(53, 1) << (rug::float::exp_min() - 1);
    assert!(!none.reaches(&smallest) && all.reaches(&smallest));
}

/// Exponents of a radius go far beyond those of MPFR, so that no product is lost.
#[test]
fn extreme_exponents_keep_their_order() {
    let mut draw = Draw::new(203);
    let far = 5_000_000_000;
    for _ in 0..1000 {
        let (x, y) = (number(&mut draw), number(&mut draw));
        let (a, b) = (Radius::of(&x), Radius::of(&y));
        for k in [far, -far] {
            let there = |r: Radius| r.shifted(k);
            let back = |r: Radius| r.shifted(-k);
            assert_eq!(back(there(a)), a);
            assert_eq!(back(there(a).plus(there(b))), a.plus(b));
            assert_eq!(back(there(a).minus_below(there(b))), a.minus_below(b));
            assert_eq!(back(there(a).times(b)), a.times(b));
            assert_eq!(there(a).over(there(b)), a.over(b));
            assert_eq!(there(a).compare(there(b)), a.compare(b));
        }
        // One beside the other: the small one is felt, upwards and downwards.
        let (large, small) = (a.shifted(far), b.shifted(-far));
        assert_eq!(large.plus(small).compare(large), Ordering::Greater);
        assert_eq!(small.plus(large), large.plus(small));
        assert_eq!(large.minus_below(small).compare(large), Ordering::Less);
        assert!(just_above(large.plus(small).shifted(-far), &rational(&x)));
        assert!(just_below(
            large.minus_below(small).shifted(-far),
            &rational(&x)
        ));
        // Told as numbers of MPFR, they are rounded up.
        let mut smallest = Float::new(53);
        smallest.next_up();
        assert!(large.to_float().is_infinite() && small.to_float() == smallest);
        let least = i64::from(rug::float::exp_min());
        for k in -60..3 {
            let told = Radius::power(least + k).to_float();
            let told = Float::with_val(53, told >> rug::float::exp_min());
            assert!(
                told >= shift(ratio(1, 1), i32::try_from(k).unwrap()),
                "{k}: {told}"
            );
        }
        let most = i64::from(rug::float::exp_max());
        assert!(Radius::power(most - 1).to_float().is_finite());
        for k in [0, 1, far] {
            assert!(Radius::power(most + k).to_float().is_infinite(), "{k}");
        }
    }
    // At the ends of the exponents of a radius itself.
    let end = 1 << 40;
    assert!(Radius::power(end - 1).is_infinite() && !Radius::power(-end).is_zero());
    let tiny = Radius::power(-end + 2);
    assert!(!tiny.times(tiny).is_zero() && !tiny.over(Radius::power(end - 2)).is_zero());
    let huge = Radius::power(end - 2);
    assert!(huge.times(huge).is_infinite() && huge.plus(huge).plus(huge).is_infinite());
    assert!(huge.over(tiny).is_infinite());
}
