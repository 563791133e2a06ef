//! Reading numbers: every notation by its exact value, every refusal by its reason.

use crate::{ratio, shift};
use noise_equilibrium::scalar::{Exact, NumberError, Rational, parse_exact};
use rug::Integer;
use rug::ops::Pow;

fn ten_to(n: u32) -> Rational {
    Rational::from(Integer::from(10).pow(n))
}

#[test]
fn every_notation_has_its_exact_value() {
    let cases = [
        ("0", ratio(0, 1)),
        ("-0", ratio(0, 1)),
        ("0e5", ratio(0, 1)),
        ("0/7", ratio(0, 1)),
        ("0x0p0", ratio(0, 1)),
        ("007", ratio(7, 1)),
        ("+7", ratio(7, 1)),
        ("0.1", ratio(1, 10)),
        (".5", ratio(1, 2)),
        ("5.", ratio(5, 1)),
        ("-0.25e-3", ratio(-1, 4000)),
        ("1e-0", ratio(1, 1)),
        ("1E+2", ratio(100, 1)),
        ("12.50e1", ratio(125, 1)),
        ("1e0000000000000000000000002", ratio(100, 1)),
        ("1/3", ratio(1, 3)),
        ("-2/6", ratio(-1, 3)),
        ("+10/5", ratio(2, 1)),
        ("0x1.8p-2", ratio(3, 8)),
        ("0X1.8P-2", ratio(3, 8)),
        ("0x.8p1", ratio(1, 1)),
        ("0x8.p1", ratio(16, 1)),
        ("0x1e5", ratio(0x1e5, 1)),
        ("0xAbC", ratio(0xabc, 1)),
        ("-0x1.999999999999ap-4", Rational::from_f64(-0.1).unwrap()),
        ("0x1p-1074", shift(ratio(1, 1), -1074)),
        ("1e400", ten_to(400)),
        ("1e-400", ten_to(400).recip()),
        ("1e1000000", ten_to(1_000_000)),
        ("1e-1000000", ten_to(1_000_000).recip()),
        ("0x1p3321928", shift(ratio(1, 1), 3_321_928)),
        ("0x1p-3321928", shift(ratio(1, 1), -3_321_928)),
    ];
    for (text, value) in cases {
        assert_eq!(parse_exact(text), Ok(value), "{text}");
    }
}

#[test]
fn a_refusal_names_its_reason() {
    let malformed = [
        "",
        "+",
        "-",
        ".",
        "e5",
        "1e",
        "1e+",
        "1e-",
        "1e5e5",
        "1.2.3",
        "--1",
        "+-1",
        "1 ",
        " 1",
        "1 /2",
        "1/",
        "/2",
        "/",
        "1/2/3",
        "1/-2",
        "1.5/2",
        "1/2e3",
        "0x",
        "0x.",
        "0xp1",
        "0x1p",
        "0x1p+",
        "0x1.8.8",
        "0xg",
        "1f",
        "1_000",
        "1,5",
        "１",
        "−1",
        "½",
        "0b1",
        "#1",
        "\0",
        "1\n",
        "nano",
        "infinit",
        "1e１",
        "0x1p1.5",
        "1e1.5",
        "\u{feff}1",
    ];
    for text in malformed {
        assert_eq!(
            parse_exact(text),
            Err(NumberError::Malformed(text.into())),
            "{text:?}"
        );
    }
    for text in ["NaN", "nan", "-NaN", "Infinity", "-Infinity", "+inf", "INF"] {
        assert_eq!(
            parse_exact(text),
            Err(NumberError::NotFinite(text.into())),
            "{text:?}"
        );
    }
    for text in ["1/0", "0/0", "-1/000"] {
        assert_eq!(
            parse_exact(text),
            Err(NumberError::ZeroDenominator(text.into())),
            "{text:?}"
        );
    }
    for text in [
        "1e1000001",
        "1e-1000001",
        "0e1000001",
        "1e99999999999999999999",
        "0x1p3321929",
        "0x1p-3321929",
    ] {
        assert_eq!(
            parse_exact(text),
            Err(NumberError::Exponent(text.into())),
            "{text:?}"
        );
    }
}

#[test]
fn a_long_refusal_is_cut_to_one_line() {
    let text = "é".repeat(1000);
    let Err(NumberError::Malformed(shown)) = parse_exact(&text) else {
        panic!("accepted");
    };
    assert_eq!(shown.chars().count(), 41);
    assert!(
        parse_exact(&text)
            .unwrap_err()
            .to_string()
            .contains("write a decimal")
    );
}

#[test]
fn any_text_is_read_or_refused() {
    holds!(|text: String| parse_exact(&text).is_ok() == looks_like_a_number(&text));
    // Texts near the grammar, where random Unicode never gets.
    holds!(|picks: Vec<u8>| {
        let alphabet = "01.eExXpP+-/9fAnN ".as_bytes();
        let pick = |&i: &u8| char::from(alphabet[usize::from(i) % alphabet.len()]);
        let text: String = picks.iter().take(9).map(pick).collect();
        parse_exact(&text).is_ok() == looks_like_a_number(&text)
    });
}

/// The grammar a second time, as a scanner over characters.
fn looks_like_a_number(text: &str) -> bool {
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    let run = |s: &str, hex: bool| {
        s.chars()
            .take_while(|c| c.is_digit(if hex { 16 } else { 10 }))
            .count()
    };
    if let Some((p, q)) = body.split_once('/') {
        let all = |s: &str| !s.is_empty() && run(s, false) == s.len();
        return all(p) && all(q) && q.contains(|c| c != '0');
    }
    let hex = body
        .get(..2)
        .is_some_and(|head| head.eq_ignore_ascii_case("0x"));
    let mut rest = if hex { &body[2..] } else { body };
    let whole = run(rest, hex);
    rest = &rest[whole..];
    let mut fraction = 0;
    if let Some(tail) = rest.strip_prefix('.') {
        fraction = run(tail, hex);
        rest = &tail[fraction..];
    }
    if whole + fraction == 0 {
        return false;
    }
    let Some(exponent) = rest.strip_prefix(if hex { ['p', 'P'] } else { ['e', 'E'] }) else {
        return rest.is_empty();
    };
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let limit = if hex { 3_321_928 } else { 1_000_000 };
    run(exponent, false) == exponent.len() && exponent.parse::<u64>().is_ok_and(|e| e <= limit)
}

#[test]
fn rationals_come_back_from_their_own_notation() {
    holds!(|p: i64, q: u64| {
        let value = Rational::from((p, q.max(1)));
        let json = serde_json::to_string(&Exact(value.clone())).unwrap();
        parse_exact(&value.to_string()) == Ok(value.clone())
            && serde_json::from_str::<Exact>(&json).unwrap().0 == value
    });
}

/// C99's `%a`.
fn hexadecimal(x: f64) -> String {
    let bits = x.to_bits();
    let (sign, biased) = (
        if x.is_sign_negative() { "-" } else { "" },
        (bits >> 52) & 0x7ff,
    );
    let fraction = bits & ((1 << 52) - 1);
    match biased {
        0 => format!("{sign}0x0.{fraction:013x}p-1022"),
        _ => format!("{sign}0x1.{fraction:013x}p{}", biased.cast_signed() - 1023),
    }
}

#[test]
fn doubles_come_back_from_hexadecimal() {
    holds!(|x: f64| !x.is_finite()
        || parse_exact(&hexadecimal(x)) == Ok(Rational::from_f64(x).unwrap()));
    for x in [
        0.0,
        -0.0,
        5e-324,
        f64::MIN_POSITIVE,
        f64::MAX,
        f64::MIN,
        0.1,
    ] {
        assert_eq!(
            parse_exact(&hexadecimal(x)),
            Ok(Rational::from_f64(x).unwrap()),
            "{x}"
        );
    }
}

#[test]
fn decimals_of_doubles_are_read_as_decimals() {
    // The shortest decimal of a double is not the double, except by luck.
    holds!(|x: f64| {
        let Ok(decimal) = parse_exact(&format!("{x:e}")) else {
            return !x.is_finite();
        };
        decimal.denom().is_power_of_two() || decimal != Rational::from_f64(x).unwrap()
    });
    assert_ne!(parse_exact("0.1"), Ok(Rational::from_f64(0.1).unwrap()));
}

#[test]
fn json_numbers_are_the_decimals_that_are_written() {
    let read = |text: &str| serde_json::from_str::<Exact>(text);
    for (text, value) in [
        ("0.1", ratio(1, 10)),
        ("-1e-2", ratio(-1, 100)),
        (
            "123456789012345678901",
            parse_exact("123456789012345678901").unwrap(),
        ),
        ("\"1/3\"", ratio(1, 3)),
        ("\"0x1.8p1\"", ratio(3, 1)),
        ("\"\\u0031\"", ratio(1, 1)),
        ("1e400", ten_to(400)),
    ] {
        assert_eq!(read(text).unwrap().0, value, "{text}");
    }
    for text in [
        "null",
        "true",
        "[1]",
        "{}",
        "\"x\"",
        "\"\"",
        "NaN",
        "1e1000001",
        "\"1/0\"",
        "01",
        "+1",
        ".5",
    ] {
        assert!(read(text).is_err(), "{text}");
    }
    assert!(
        read("[1]")
            .unwrap_err()
            .to_string()
            .contains("expected a number")
    );
    assert!(
        read("\"1/0\"")
            .unwrap_err()
            .to_string()
            .contains("zero denominator")
    );
}
