//! Printing decimals: outwards, no further than one unit of the last digit.

use crate::{Draw, ratio, rational, shift};
use noise_equilibrium::scalar::{
    Ball, Direction, Rational, decimal_of_float, decimal_of_rational, parse_exact,
};
use rug::Float;
use rug::float::Special;
use rug::ops::Pow;

fn ten_to(n: i32) -> Rational {
    Rational::from(10).pow(n)
}

/// Significant digits of a decimal as it is written, zeros at either end left out.
fn significant(text: &str) -> usize {
    let mantissa = text
        .split('e')
        .next()
        .unwrap_or(text)
        .replace(['-', '.'], "");
    mantissa.trim_start_matches('0').trim_end_matches('0').len()
}

/// Do the two printed bounds of `x` enclose it, within a unit of the last digit?
fn check(x: &Rational, digits: usize, low: &str, high: &str) -> Result<(), String> {
    let problem = |what: &str| Err(format!("{what}: {low} ≤ {x} ≤ {high} to {digits} digits"));
    let (Ok(down), Ok(up)) = (parse_exact(low), parse_exact(high)) else {
        return problem("not a number");
    };
    if down > *x || up < *x {
        return problem("not outwards");
    }
    if significant(low) > digits || significant(high) > digits {
        return problem("too many digits");
    }
    let unit = ten_to(1 - i32::try_from(digits).unwrap());
    if up.clone() - &down > unit * x.clone().abs() {
        return problem("not tight");
    }
    // A number that is itself such a decimal is printed as it is.
    if (down == *x) != (up == *x) {
        return problem("exact on one side only");
    }
    Ok(())
}

fn both(x: &Rational, digits: usize) -> (String, String) {
    (
        decimal_of_rational(x, digits, Direction::Down),
        decimal_of_rational(x, digits, Direction::Up),
    )
}

fn both_of_float(x: &Float, digits: usize) -> (String, String) {
    (
        decimal_of_float(x, digits, Direction::Down).unwrap(),
        decimal_of_float(x, digits, Direction::Up).unwrap(),
    )
}

#[test]
fn rationals_are_enclosed_by_their_decimals() {
    let mut draw = Draw::new(1);
    for case in 0..600 {
        let exponent = [0, 0, 25, -25, 1100, -1100, 13_288, -13_288][case % 8];
        let x = shift(draw.rational(), exponent);
        for digits in [1, 2, 3, 7, 17, 40] {
            let (low, high) = both(&x, digits);
            check(&x, digits, &low, &high).unwrap();
        }
    }
}

#[test]
fn floats_are_enclosed_by_their_decimals() {
    let mut draw = Draw::new(2);
    for case in 0..400 {
        let exponent = [0, 3, 60, -60, -1070, 13_288, -13_288, 1][case % 8];
        for bits in [24, 53, 200] {
            let x = crate::float(bits, &draw.dyadic(bits, exponent));
            for digits in [1, 2, 3, 16, 60] {
                let (low, high) = both_of_float(&x, digits);
                check(&rational(&x), digits, &low, &high).unwrap();
                assert_eq!(
                    (low, high),
                    both(&rational(&x), digits),
                    "{x} to {digits} digits"
                );
            }
        }
    }
}

#[test]
fn decimals_near_powers_of_ten_are_enclosed() {
    for exponent in [
        -4000, -1000, -310, -22, -6, -5, -1, 0, 1, 5, 20, 21, 22, 309, 4000,
    ] {
        for nudge in [-1, 0, 1] {
            for sign in [-1, 1] {
                let power = ten_to(exponent) * ratio(sign, 1);
                let x = power.clone() + power * ratio(nudge, 1) * ten_to(-30);
                for digits in [1, 2, 5, 29, 30, 31, 32] {
                    let (low, high) = both(&x, digits);
                    check(&x, digits, &low, &high).unwrap();
                    assert!(nudge != 0 || low == high, "{low} and {high}");
                }
            }
        }
    }
}

#[test]
fn decimals_are_laid_out_to_be_read() {
    let down = |text: &str, digits| {
        decimal_of_rational(&parse_exact(text).unwrap(), digits, Direction::Down)
    };
    let up = |text: &str, digits| {
        decimal_of_rational(&parse_exact(text).unwrap(), digits, Direction::Up)
    };
    for (text, digits, low, high) in [
        ("0", 5, "0", "0"),
        ("1", 1, "1", "1"),
        ("-1", 3, "-1", "-1"),
        ("1/3", 1, "0.3", "0.4"),
        ("-1/3", 3, "-0.334", "-0.333"),
        ("2/3", 3, "0.666", "0.667"),
        ("0.999", 2, "0.99", "1"),
        ("-0.999", 2, "-1", "-0.99"),
        ("12345", 2, "12000", "13000"),
        ("12345", 9, "12345", "12345"),
        ("1234.5", 5, "1234.5", "1234.5"),
        ("1e20", 4, "100000000000000000000", "100000000000000000000"),
        ("1e21", 4, "1e21", "1e21"),
        ("12e21", 4, "1.2e22", "1.2e22"),
        ("1e-6", 4, "0.000001", "0.000001"),
        ("1e-7", 4, "1e-7", "1e-7"),
        ("-0.00000012345", 3, "-1.24e-7", "-1.23e-7"),
        ("9.99e-7", 2, "9.9e-7", "0.000001"),
        ("99e20", 1, "9e21", "1e22"),
        ("1e-4000", 3, "1e-4000", "1e-4000"),
        // No digits at all is read as one.
        ("0.25", 0, "0.2", "0.3"),
    ] {
        assert_eq!(
            (&*down(text, digits), &*up(text, digits)),
            (low, high),
            "{text} to {digits} digits"
        );
    }
}

#[test]
fn huge_exponents_print_without_being_written_out() {
    // 2^(10^8) ≈ 10^30102999.566…: mantissa 10^0.566 = 3.68….
    for (exponent, low, high) in [
        (100_000_000, "3.6e30102999", "3.7e30102999"),
        (-100_000_000, "2.7e-30103000", "2.8e-30103000"),
    ] {
        let x = Float::with_val(53, 1) << exponent;
        assert_eq!(both_of_float(&x, 2), (low.into(), high.into()));
        let negative = (format!("-{high}"), format!("-{low}"));
        assert_eq!(both_of_float(&-x, 2), negative);
    }
}

#[test]
fn what_is_not_a_number_is_not_printed() {
    for special in [Special::Nan, Special::Infinity, Special::NegInfinity] {
        assert_eq!(
            decimal_of_float(&Float::with_val(53, special), 5, Direction::Down),
            None
        );
    }
    for zero in [Special::Zero, Special::NegZero] {
        assert_eq!(
            both_of_float(&Float::with_val(53, zero), 5),
            ("0".into(), "0".into())
        );
    }
}

#[test]
fn decimal_bounds_of_an_enclosure_hold_it() {
    let third = Ball::at(200, &ratio(-1, 3));
    for digits in [1, 2, 10, 50] {
        let (low, high) = third.to_decimal(digits).unwrap();
        assert!(parse_exact(&low).unwrap() < ratio(-1, 3), "{low}");
        assert!(parse_exact(&high).unwrap() > ratio(-1, 3), "{high}");
    }
    assert_eq!(
        third.to_decimal(3),
        Some(("-0.334".into(), "-0.333".into()))
    );
    assert_eq!(Ball::whole().to_decimal(3), None);
}

#[test]
fn the_check_can_fail() {
    let x = ratio(2, 3);
    assert!(
        check(&x, 3, "0.667", "0.667")
            .unwrap_err()
            .starts_with("not outwards")
    );
    assert!(
        check(&x, 3, "0.666", "0.666")
            .unwrap_err()
            .starts_with("not outwards")
    );
    assert!(
        check(&x, 3, "0.66", "0.67")
            .unwrap_err()
            .starts_with("not tight")
    );
    assert!(
        check(&x, 3, "0.6666", "0.6667")
            .unwrap_err()
            .starts_with("too many digits")
    );
    assert!(
        check(&ratio(1, 2), 3, "0.5", "0.501")
            .unwrap_err()
            .starts_with("exact on one side")
    );
    assert!(
        check(&x, 3, "0.666", "0,667")
            .unwrap_err()
            .starts_with("not a number")
    );
    // Rounding to nearest, as the standard library prints, is caught.
    let nearest = format!("{:.2e}", 2.0 / 3.0);
    assert!(check(&x, 3, &nearest, &nearest).is_err());
    assert_eq!(significant("-0.01020e5"), 3);
}
