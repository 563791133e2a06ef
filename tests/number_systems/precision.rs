//! The working precision: a scope that nests, ends when its work unwinds, belongs to one
//! thread, and without which nothing is computed.

use crate::{ratio, shift};
use noise_equilibrium::scalar::{
    Ball, Field, Real, RealScalar, Scalar, at_precision, working_precision,
};
use num_traits::{One, Zero};
use rug::{Float, Integer};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What a panic said.
fn message(work: impl FnOnce()) -> Option<String> {
    let panic = catch_unwind(AssertUnwindSafe(work)).err()?;
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
}

#[test]
fn scopes_nest_and_end() {
    at_precision(100, || {
        assert_eq!(working_precision(), 100);
        let inner = at_precision(300, || {
            assert_eq!(working_precision(), 300);
            at_precision(24, || assert_eq!(working_precision(), 24));
            assert_eq!(working_precision(), 300);
            Real::from_rational(&ratio(1, 3))
        });
        assert_eq!(working_precision(), 100);
        assert_eq!(inner.as_float().prec(), 300);
        // Numbers keep their bits, results have those of the scope.
        assert_eq!((inner.clone() + &inner).as_float().prec(), 100);
        assert_eq!(inner.as_float().prec(), 300);
        // Nothing less than two bits is worked with.
        for bits in [0, 1, 2] {
            at_precision(bits, || assert_eq!(working_precision(), 2));
        }
    });
    assert!(message(|| assert_eq!(working_precision(), 0)).is_some());
}

#[test]
fn a_scope_ends_also_when_its_work_panics() {
    at_precision(100, || {
        let said = message(|| at_precision(300, || panic!("on purpose")));
        assert_eq!(said.as_deref(), Some("on purpose"));
        assert_eq!(working_precision(), 100);
        let said = message(|| at_precision(300, || at_precision(500, || panic!("again"))));
        assert_eq!((said.as_deref(), working_precision()), (Some("again"), 100));
    });
    let said = message(|| at_precision(300, || panic!("on purpose")));
    assert_eq!(said.as_deref(), Some("on purpose"));
    assert!(message(|| assert_eq!(working_precision(), 0)).is_some());
}

#[test]
fn a_scope_belongs_to_its_thread() {
    at_precision(100, || {
        let other = std::thread::spawn(|| message(|| assert_eq!(working_precision(), 0)));
        assert!(other.join().unwrap().is_some());
        let other = std::thread::spawn(|| at_precision(64, working_precision));
        assert_eq!(other.join().unwrap(), 64);
        assert_eq!(working_precision(), 100);
    });
}

#[test]
fn nothing_is_computed_without_a_precision() {
    let (third, two) = (ratio(1, 3), Real::from_int(2));
    let (ball, pair) = (Ball::at(64, &third), Ball::from_int(2));
    let drops: [(&str, &dyn Fn()); 25] = [
        ("a + b", &|| drop(&two + &two)),
        ("a − b", &|| drop(two.clone() - &two)),
        ("a += b", &|| two.clone().add_to(&two)),
        ("ab", &|| drop(&two * &two)),
        ("a/b", &|| drop(&two / &two)),
        ("a²", &|| drop(two.square())),
        ("√a", &|| drop(two.root())),
        ("e^a", &|| drop(Scalar::exp(&two))),
        ("ln a", &|| drop(Scalar::ln(&two))),
        ("unit", &|| drop(Real::unit())),
        ("a rational", &|| drop(Real::from_rational(&third))),
        ("balls: a + b", &|| drop(&ball + &pair)),
        ("balls: a − b", &|| drop(&ball - &pair)),
        ("balls: a += b", &|| drop(ball.clone() + pair.clone())),
        ("balls: ab", &|| drop(&ball * &pair)),
        ("balls: a/b", &|| drop(&ball / &pair)),
        ("balls: a²", &|| drop(ball.square())),
        ("balls: √a", &|| drop(ball.root())),
        ("balls: e^a", &|| drop(ball.exp())),
        ("balls: ln a", &|| drop(ball.ln())),
        ("balls: a rational", &|| drop(Ball::from_rational(&third))),
        ("balls: qa", &|| drop(ball.times_rational(&third))),
        ("balls: a/n", &|| drop(ball.over_integer(&Integer::from(3)))),
        ("balls: rounding", &|| {
            drop(ball.rounded_to_working_precision());
        }),
        ("balls: the midpoint as a number", &|| drop(ball.middle())),
    ];
    for (name, work) in drops {
        let said = message(work).unwrap_or_else(|| panic!("{name} was computed"));
        assert_eq!(
            said, "no working precision is stated: compute inside of at_precision(bits, ..)",
            "{name}"
        );
        at_precision(64, work);
    }
}

trait AddTo {
    fn add_to(self, other: &Self);
}
impl AddTo for Real {
    fn add_to(mut self, other: &Self) {
        self += other;
    }
}

#[test]
fn what_is_exact_or_states_its_bits_needs_no_scope() {
    let third = ratio(1, 3);
    assert!(Real::zero().is_zero() && Real::one() == Real::from_int(1));
    assert!(Ball::zero().is_zero() && Ball::one() == Ball::from_int(1));
    for n in [i64::MIN, -1, 0, 7, i64::MAX] {
        assert!(*Real::from_int(n).as_float() == n && *Ball::from_int(n).midpoint() == n);
        assert!(Ball::from_int(n).radius().is_zero());
    }
    // Also where the working precision would not hold them.
    at_precision(2, || {
        assert!(*Real::from_int(1_000_001).as_float() == 1_000_001);
        assert!(*Ball::from_int(1_000_001).midpoint() == 1_000_001);
    });
    assert_eq!(
        Real::at(40, &third).as_float(),
        &Float::with_val(40, &third)
    );
    let ball = Ball::at(40, &third);
    assert!(ball.contains(&third) && ball.midpoint().prec() == 40);
    let x = Float::with_val(300, &third);
    assert!(*Ball::point(&x).midpoint() == x && Ball::point(&x).radius().is_zero());
    // What reads a number, prints it or compares it.
    let text = format!("{} {:?}", Real::from_int(3), Ball::one());
    assert!(text.starts_with('3') && ball.to_decimal(5).is_some());
    assert!(Real::at(40, &third) < Real::one() && Real::one().sign().is_some());
    assert!(Real::from_int(8).log2_abs() == 3.0 && Real::from_int(2).to_f64() == 2.0);
    assert!(ball.lower() < third && ball.upper() > third && !ball.contains_zero());
    assert!(ball.hull(&Ball::one()).contains(&ratio(1, 2)) && !ball.intersects(&Ball::one()));
    assert!(ball.widen(&x).contains(&ratio(1, 2)) && (-ball.clone()).contains(&-third.clone()));
    assert!(ball.scale_by_power_of_two(3).contains(&shift(third, 3)));
    assert!(Ball::between(&x, &x).is_some() && ball.at_least_zero().is_some());
    assert!(ball.is_inside(&Ball::whole()) && ball.has_digits(10) && ball.sign_margin() > 30.0);
    assert!(ball.magnitude() >= ball.mignitude() && ball.width() > 0);
}
