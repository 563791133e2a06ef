//! What nalgebra, num-traits, approx and num-dual ask of a number. At 53 bits, where
//! nothing is rounded, [`Real`] has to answer as a double does.

use approx::UlpsEq;
use nalgebra::{ComplexField, RealField, convert, try_convert};
use noise_equilibrium::scalar::{Field, Rational, Real, RealScalar, at_precision};
use num_dual::{DualNum, DualStruct};
use num_traits::{Num, Signed};
use simba::scalar::SubsetOf;
use std::cmp::Ordering;

const NUMBERS: [f64; 8] = [-8.0, -2.5, -0.125, 0.0, 0.125, 0.75, 2.0, 8.0];

/// An answer: a number, or yes or no.
#[derive(Debug, PartialEq)]
enum Answer {
    Number(f64),
    Truth(bool),
}

fn answers<T: RealField>() -> Vec<Answer> {
    let mut found = Vec::new();
    let number = |x: T| Answer::Number(try_convert(x).expect("a double"));
    for a in NUMBERS {
        let x: T = convert(a);
        found.extend(
            [number(Signed::abs(&x)), number(Signed::signum(&x))].map(|n| match a {
                // Zero has a sign in one of the two and none in the other.
                0.0 => Answer::Number(0.0),
                _ => n,
            }),
        );
        found.push(Answer::Truth(a != 0.0 && Signed::is_positive(&x)));
        found.push(Answer::Truth(a != 0.0 && Signed::is_negative(&x)));
        found.push(Answer::Truth(x.is_sign_positive()));
        found.push(Answer::Truth(x.is_sign_negative()));
        found.push(number(T::from_f64(a).expect("a number")));
        let whole = T::from_i64(a as i64).expect("a number");
        found.push(number(whole));
        found.push(number(T::from_u64(a.abs() as u64).expect("a number")));
        for b in NUMBERS {
            let y: T = convert(b);
            found.push(number(x.abs_sub(&y)));
            let mut replaced = x.clone();
            replaced.replace(0, y.clone());
            found.push(number(replaced));
            for c in NUMBERS {
                let z: T = convert(c);
                found.push(number(x.clone().mul_add(y.clone(), z.clone())));
                let epsilon = Signed::abs(&z);
                found.push(Answer::Truth(x.abs_diff_eq(&y, epsilon.clone())));
                for relative in [0.0, 0.25, 0.875, 2.0] {
                    let relative = x.relative_eq(&y, epsilon.clone(), convert(relative));
                    found.push(Answer::Truth(relative));
                }
            }
        }
    }
    found
}

#[test]
fn multiprecision_answers_as_doubles_do() {
    let (expected, found) = (answers::<f64>(), at_precision(53, answers::<Real>));
    assert_eq!(expected.len(), found.len());
    for (at, pair) in expected.iter().zip(&found).enumerate() {
        assert_eq!(pair.0, pair.1, "answer {at}");
    }
    // Here zero has no sign.
    let zero = Real::from(0.0);
    assert!(!Signed::is_positive(&zero) && !Signed::is_negative(&zero));
}

#[test]
fn what_is_not_finite_is_told_apart() {
    let number = |x: f64| Real::from(x);
    assert!(ComplexField::is_finite(&number(-1e300)) && ComplexField::is_finite(&number(0.0)));
    for x in [f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        assert!(!ComplexField::is_finite(&number(x)), "{x}");
        assert_eq!(number(x).log2_abs(), f64::INFINITY);
    }
    assert_eq!(number(0.0).log2_abs(), f64::NEG_INFINITY);
}

#[test]
fn spacings_are_counted_relative_to_the_larger_number() {
    assert_eq!(Real::default_max_ulps(), f64::default_max_ulps());
    at_precision(53, || {
        let unit = Real::unit();
        for x in [-3.0, 1.0, 1024.0].map(Real::from) {
            let near = x.clone() + x.clone() * &unit * 3.0;
            let far = x.clone() + x.clone() * &unit * 9.0;
            let equal = |y: &Real, spacings| x.ulps_eq(y, Real::from(0.0), spacings);
            assert!(equal(&x, 0) && equal(&near, 4) && equal(&far, 10));
            assert!(!equal(&near, 2) && !equal(&far, 4));
        }
    });
}

#[test]
fn a_radix_reads_its_digits_or_refuses() {
    let read =
        |text, radix| at_precision(53, || Real::from_str_radix(text, radix)).map(|x| x.to_f64());
    for (text, radix, expected) in [("-101.1", 2, -5.5), ("ff", 16, 255.0), ("1z", 36, 71.0)] {
        assert_eq!(read(text, radix).expect("a number"), expected);
    }
    for radix in [0, 1, 37, u32::MAX] {
        assert!(read("1", radix).is_err(), "{radix}");
    }
    assert!(read("2", 2).is_err());
}

#[test]
fn sums_products_and_comparisons_with_doubles() {
    at_precision(100, || {
        let numbers = || [1.5, -4.0, 8.0].into_iter().map(Real::from);
        let (total, product) = (numbers().sum::<Real>(), numbers().product::<Real>());
        assert!(total == 5.5 && product == -48.0 && total != 5.0);
        assert_eq!(total.partial_cmp(&6.0), Some(Ordering::Less));
        assert_eq!(total.partial_cmp(&f64::NAN), None);
        assert_eq!(DualStruct::re(&total), 5.5);
        assert!(DualNum::scale(total, &product) == -264.0);
        assert!(<Real as SubsetOf<Real>>::is_in_subset(&product));
        // log_4(32), whose quotient of logarithms is rounded three times.
        let log = DualNum::log(&Real::from(32.0), 4.0);
        assert!(Signed::abs(&(log - 2.5)) <= Real::unit() * 8.0);
        // What is displayed is read back as the same number.
        let third = Real::from_rational(&Rational::from((1, 3)));
        let text = third.to_string();
        assert_eq!(Real::from_str_radix(&text, 10).ok(), Some(third), "{text}");
    });
}

/// x^n Σ (−x²/2)^k/(k! (2n + 2k + 1)!!), the spherical Bessel function j_n.
fn bessel(n: i32, x: &Real) -> Real {
    let mut term = ComplexField::powi(x.clone(), n);
    for odd in (1..=n).map(|k| 2 * k + 1) {
        term /= f64::from(odd);
    }
    let half = x.clone() * x / -2.0;
    let mut total = Real::from(0.0);
    for k in 1..200 {
        total += term.clone();
        term = term * &half / f64::from(k * (2 * (n + k) + 1));
    }
    total
}

#[test]
fn spherical_bessel_functions_are_their_series() {
    fn defects() {
        for x in [0.0, 0.5, -1.25, 3.0].map(Real::from) {
            let found = [x.sph_j0(), x.sph_j1(), x.sph_j2()];
            for (n, found) in (0..).zip(found) {
                // Divisions by x ≥ 1/2 and differences of numbers below 24.
                let off = Signed::abs(&(found - bessel(n, &x)));
                assert!(off <= Real::unit() * 256.0, "j_{n}({x}) is off by {off}");
            }
        }
    }
    at_precision(53, defects);
    at_precision(200, defects);
}
