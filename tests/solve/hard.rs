//! Enclosures on problems chosen to break them, checked by the second computation
//! in [`crate::known`] at 50 and at 1000 digits.

use crate::known::{
    Bounds, Diagonal, Known, Numbers, answer, cayley, factor_rates, identity, q, qs, spectrum,
};
use noise_equilibrium::scalar::{Ball, Field, Rational, Scalar, at_precision, parse_exact};
use serde_json::Value;

/// Every pair of bounds in an answer, with its place.
fn pairs(value: &Value, place: &str, out: &mut Vec<(String, Bounds)>) {
    if value.get("lower").is_some() {
        out.push((place.to_owned(), Bounds::of(value)));
    } else if let Some(fields) = value.as_object() {
        for (field, value) in fields {
            pairs(value, &format!("{place}.{field}"), out);
        }
    } else if let Some(list) = value.as_array() {
        for (i, value) in list.iter().enumerate() {
            pairs(value, &format!("{place}[{i}]"), out);
        }
    }
}

/// Each enclosure of the one answer lies in (`nested`) or meets the other's.
fn compare(fine: &Value, coarse: &Value, nested: bool) {
    let (mut a, mut b) = (Vec::new(), Vec::new());
    pairs(fine, "", &mut a);
    pairs(coarse, "", &mut b);
    assert_eq!(a.len(), b.len());
    for ((place, a), (_, b)) in a.iter().zip(&b) {
        let holds = if nested { a.inside(b) } else { a.meets(b) };
        assert!(holds, "{place}: {a:?} against {b:?}");
    }
}

/// 50 and 1000 digits, each checked, the second inside the first.
fn to_50_and_1000(known: &Known) -> Value {
    let coarse = known.solve_and_check(50);
    let fine = known.solve_and_check(1000);
    compare(&fine, &coarse, true);
    coarse
}

fn lambda(answer: &Value) -> Bounds {
    Bounds::of(&answer["lambda"])
}

#[test]
fn exponents_in_the_thousands() {
    for known in [
        spectrum("0", "1", &[["1", "1e-4000", "1"], ["-1", "7", "2"]]),
        spectrum(
            "1/3",
            "1e-3000",
            &[["1", "1e-4000", "1e-2000"], ["-2", "7e3500", "2e5000"]],
        ),
        spectrum(
            "0",
            "1",
            &[
                ["1", "1e-4000", "0"],
                ["-3", "1e4000", "0"],
                ["2", "1", "5"],
            ],
        ),
        spectrum(
            "1e-100000",
            "1",
            &[["3", "1e5", "1"], ["2", "1e-9000", "1e90000"]],
        ),
    ] {
        to_50_and_1000(&known);
    }
}

#[test]
fn rates_that_differ_in_the_25th_digit() {
    let known = spectrum(
        "1/1000",
        "0.05",
        &[
            ["1", "3", "1"],
            ["1.0000000000000000000000001", "5", "2"],
            ["-1", "2", "0.5"],
            ["-0.9999999999999999999999999", "0.1", "3"],
        ],
    );
    to_50_and_1000(&known);
}

#[test]
fn fast_rates_beside_slow_ones() {
    for known in [
        spectrum("0", "1", &[["1e6", "1", "1"], ["-1e-6", "1", "1"]]),
        spectrum(
            "1",
            "1",
            &[
                ["1e6", "1e-30", "1"],
                ["1e-6", "5", "1"],
                ["-1e6", "2", "3"],
            ],
        ),
        spectrum(
            "0.1",
            "1e-9",
            &[["1e6", "1e-3000", "1"], ["-1e-6", "1", "1e300"]],
        ),
    ] {
        to_50_and_1000(&known);
    }
}

#[test]
fn lambda_near_1e8() {
    for known in [
        spectrum("0", "1", &[["1e-6", "1e400", "1"], ["-3e-6", "1", "1"]]),
        spectrum("0", "1", &[["1e-6", "1", "1"], ["-3e-6", "1e400", "1"]]),
        spectrum(
            "0",
            "1",
            &[
                ["1e-4", "1e-400", "2"],
                ["-1e-6", "1e-90", "1"],
                ["1e-6", "1e90", "1"],
            ],
        ),
    ] {
        let answer = to_50_and_1000(&known);
        assert!(lambda(&answer).lower.abs() > 40_000_000);
    }
}

#[test]
fn lambda_tiny() {
    let one = |tail: &str| format!("1.{}{tail}", "0".repeat(199));
    for known in [
        // Closed form, and not.
        spectrum("0", "1", &[["1", &one("4"), "1"], ["-1", "1", "1"]]),
        spectrum(
            "0",
            "1",
            &[
                ["2", "1", "1"],
                ["-1", &format!("2.{}1", "0".repeat(199)), "1"],
            ],
        ),
        spectrum("1", "2", &[["3", &one("1"), "1"], ["2", "1", "1"]]),
    ] {
        let answer = to_50_and_1000(&known);
        assert!(lambda(&answer).upper.abs() < q("1e-199"));
    }
}

#[test]
fn lambda_exactly_zero() {
    let zero = Value::from("0");
    let known = [
        spectrum("0", "1", &[["1", "2", "1"], ["-2", "1", "1"]]),
        spectrum("1", "2", &[["3", "1", "1"], ["1/7", "5", "5"]]),
        balanced().plain(),
        balanced().dense(&cayley(4, &mut Numbers(3))),
        balanced().dense_covariance(&cayley(4, &mut Numbers(4))),
        balanced_factor(&identity(2)),
        balanced_factor(&cayley(2, &mut Numbers(5))),
    ];
    for known in known {
        let answer = known.solve_and_check(50);
        assert_eq!(
            (&answer["lambda"]["lower"], &answer["lambda"]["upper"]),
            (&zero, &zero)
        );
        known.solve_and_check(1000);
    }
}

/// G(0) = 0: gradients ±1 where θ = ±1 and σ² = 2γ.
fn balanced() -> Diagonal {
    Diagonal {
        gamma: q("1/3"),
        sigma2: q("2/3"),
        rates: qs(&["1", "-5", "0", "1/7"]),
        theta: qs(&["1", "-1", "3", "1"]),
        gradients: vec![qs(&["1", "1", "2", "-1"]), qs(&["-1", "-1", "0", "1"])],
    }
}

fn balanced_factor(r: &crate::known::Matrix) -> Known {
    let s = qs(&["2", "-1"]);
    let ones = |sign: i32| vec![Rational::from(sign); 6];
    let diagonal = Diagonal {
        gamma: q("1"),
        sigma2: q("2"),
        rates: factor_rates(1, 2, &s),
        theta: ones(-1),
        gradients: vec![ones(1), ones(-1)],
    };
    diagonal.factor(1, 2, &s, r)
}

/// The closed forms C1 and C2.
#[test]
fn closed_forms() {
    for digits in [50, 1000] {
        // ln(ratio)/n
        let logarithm_over = |ratio: &str, n: i64| {
            at_precision(4 * digits + 512, || {
                Ball::from_rational(&q(ratio)).ln() / Ball::from_int(n)
            })
        };
        for (known, exact) in [
            (
                spectrum(
                    "0",
                    "3",
                    &[["1", "7/2", "1"], ["-1", "5", "1"], ["0", "3", "9"]],
                ),
                logarithm_over("7/10", 4),
            ),
            // x = (2γc₋ + σ²a₊) / (2γc₊ + σ²a₋)
            (
                spectrum("1/5", "3", &[["1", "7", "2"], ["-1", "5", "4"]]),
                logarithm_over("113/79", 4),
            ),
            (
                spectrum("1e-3", "2", &[["5", "7", "11"]]),
                logarithm_over("7000/11", 20),
            ),
        ] {
            let printed = lambda(&known.solve_and_check(digits));
            assert!(exact.lower() > printed.lower && exact.upper() < printed.upper);
        }
    }
}

/// An orbit in its own eigenbasis, with dull numbers.
fn orbit(seed: u64, rates: &[&str], samples: usize, gamma: &str) -> Diagonal {
    let mut numbers = Numbers(seed);
    Diagonal {
        gamma: q(gamma),
        sigma2: q("0.05"),
        rates: qs(rates),
        theta: numbers.list(rates.len()),
        gradients: numbers.rows(samples, rates.len()),
    }
}

#[test]
fn dense_against_diagonal() {
    for (seed, rates, samples, gamma) in [
        (1, &["2", "-1"][..], 3, "0"),
        (2, &["1", "1", "-3"], 2, "1/7"),
        // Repeated and zero rates, and fewer samples than parameters.
        (3, &["0", "0", "1", "1", "-1", "-1"], 3, "0.001"),
        (4, &["1e6", "1e-6", "-1e-6", "0"], 5, "1/3"),
        (5, &["1", "1.0000000000000000000000001", "-1"], 4, "0"),
        (6, &["5", "5", "5"], 4, "0.2"),
        (
            7,
            &[
                "1000000000000000000000000000001",
                "1000000000000000000000000000000",
                "-1",
            ],
            4,
            "1",
        ),
    ] {
        let diagonal = orbit(seed, rates, samples, gamma);
        let rotation = cayley(rates.len(), &mut Numbers(100 + seed));
        let plain = diagonal.plain().solve_and_check(50);
        let dense = diagonal.dense(&rotation).solve_and_check(50);
        let covariance = diagonal.dense_covariance(&rotation).solve_and_check(50);
        compare(&dense, &covariance, false);
        for field in [
            "lambda",
            "charge",
            "potential",
            "balance_before",
            "relaxation_rate",
        ] {
            compare(&dense[field], &plain[field], false);
        }
    }
}

/// Noise and charge of 10^{±2000}, a tiny λ\* and a large one behind irrational-looking
/// coordinates.
#[test]
fn dense_extremes() {
    let problem = |gamma: &str, rates: &[&str], theta: &[&str], gradient: &[&str]| {
        let row = qs(gradient);
        let mirrored = row.iter().map(|x| Rational::from(-x)).collect();
        Diagonal {
            gamma: q(gamma),
            sigma2: q("1"),
            rates: qs(rates),
            theta: qs(theta),
            gradients: vec![row, mirrored],
        }
    };
    let near = format!("1.{}1", "0".repeat(119));
    for problem in [
        problem("0", &["1", "-2"], &["1", "2"], &["1e-1000", "3"]),
        problem("1e-500", &["1", "-2"], &["1e-300", "2"], &["1e-200", "0"]),
        problem(
            "0",
            &["2", "-1", "-1"],
            &["1", "2", "1"],
            &["1", "1", &near],
        ),
        problem("0", &["1e-6", "-3e-6"], &["1", "2"], &["1e100", "1"]),
    ] {
        for digits in [50, 300] {
            problem.plain().solve_and_check(digits);
            let rotation = cayley(problem.rates.len(), &mut Numbers(91));
            problem.dense(&rotation).solve_and_check(digits);
        }
    }
}

#[test]
fn dense_to_1000_digits() {
    let diagonal = orbit(11, &["1", "-2", "1/3"], 4, "1/7");
    let rotation = cayley(3, &mut Numbers(12));
    to_50_and_1000(&diagonal.plain());
    to_50_and_1000(&diagonal.dense(&rotation));
}

/// The rates of a matrix with integer entries are irrational here; its answer is
/// compared with the same problem scaled: A → 2A halves λ* and keeps θ*.
#[test]
fn dense_with_irrational_rates() {
    let problem = |scale: i64| {
        let entry = |n: i64| n * scale;
        format!(
            r#"{{ "format": "noise-equilibrium/problem-1", "strength": {{ "gamma": "1/9", "sigma2": 1 }},
                "generator": {{ "kind": "dense", "matrix": [[{}, {}, 0], [{}, {}, {}], [0, {}, {}]] }},
                "theta": [1, 2, "-1/3"], "gradients": [[1, 0, 2], [0, "1/7", 1], [3, 1, 1]] }}"#,
            entry(1),
            entry(3),
            entry(3),
            entry(-1),
            entry(1),
            entry(1),
            entry(2),
        )
    };
    for digits in [50, 300] {
        let (once, twice) = (answer(&problem(1), digits), answer(&problem(2), digits));
        let half = lambda(&twice);
        let half = Bounds {
            lower: half.lower * 2u32,
            upper: half.upper * 2u32,
        };
        assert!(half.meets(&lambda(&once)));
        let off = (half.width() + lambda(&once).width()) * 2u32;
        let shifted = Bounds {
            lower: half.lower + &off,
            upper: half.upper + &off,
        };
        assert!(!shifted.meets(&lambda(&once)));
        compare(&once["theta"], &twice["theta"], false);
        compare(&once["potential"], &twice["potential"], false);
    }
}

#[test]
fn dense_in_14_dimensions() {
    let rates = [
        "1", "-1", "2", "-2", "1/2", "-1/2", "3", "0", "0", "1", "1", "-3", "7/5", "1/100",
    ];
    let diagonal = orbit(21, &rates, 5, "0.01");
    // A full turn has entries of a hundred digits; a turn in planes has zeros as well.
    for rotation in [cayley(14, &mut Numbers(22)), planes(14)] {
        let dense = diagonal.dense(&rotation).solve_and_check(50);
        compare(
            &dense["lambda"],
            &diagonal.plain().solve_and_check(50)["lambda"],
            false,
        );
    }
}

/// A turn by (3, 4, 5) in each pair of coordinates.
fn planes(n: usize) -> crate::known::Matrix {
    let mut out = identity(n);
    for i in (0..n - 1).step_by(2) {
        out[i][i] = q("3/5");
        out[i + 1][i + 1] = q("3/5");
        out[i][i + 1] = q("-4/5");
        out[i + 1][i] = q("4/5");
    }
    out
}

#[test]
fn factor_against_diagonal() {
    for (seed, rows, cols, s, gamma) in [
        (31, 1, 1, &["1"][..], "0"),
        (32, 2, 3, &["1", "-2"], "1/100"),
        (33, 3, 2, &["1", "1", "0"], "0"),
        (34, 2, 2, &["1", "1.0000000000000000000000001"], "1/100"),
        (35, 1, 2, &["3", "-1/2", "2"], "0"),
    ] {
        let s = qs(s);
        let mut numbers = Numbers(seed);
        let d = s.len() * (rows + cols);
        let diagonal = Diagonal {
            gamma: q(gamma),
            sigma2: q("1/8"),
            rates: factor_rates(rows, cols, &s),
            theta: numbers.list(d),
            gradients: numbers.rows(3, d),
        };
        let plain = diagonal.plain().solve_and_check(50);
        let same = diagonal
            .factor(rows, cols, &s, &identity(s.len()))
            .solve_and_check(50);
        compare(&same, &plain, false);
        let rotation = cayley(s.len(), &mut numbers);
        let turned = diagonal
            .factor(rows, cols, &s, &rotation)
            .solve_and_check(50);
        for field in [
            "lambda",
            "charge",
            "potential",
            "balance_before",
            "relaxation_rate",
        ] {
            compare(&turned[field], &plain[field], false);
        }
    }
}

#[test]
fn factor_to_1000_digits() {
    let s = qs(&["1", "-2"]);
    let mut numbers = Numbers(41);
    let diagonal = Diagonal {
        gamma: q("1/100"),
        sigma2: q("1/8"),
        rates: factor_rates(1, 2, &s),
        theta: numbers.list(6),
        gradients: numbers.rows(3, 6),
    };
    to_50_and_1000(&diagonal.factor(1, 2, &s, &cayley(2, &mut numbers)));
}

/// Sixty terms with rates, noise and charge over many orders of magnitude.
#[test]
fn sixty_terms_to_1000_digits() {
    let terms: Vec<[String; 3]> = (1..=60)
        .map(|k: i32| {
            let sign = if k % 3 == 0 { "-" } else { "" };
            [
                format!("{sign}{k}/7"),
                format!("{k}e{}", (k * 37) % 101 - 50),
                format!("1/{k}"),
            ]
        })
        .collect();
    let terms: Vec<[&str; 3]> = terms
        .iter()
        .map(|t| t.each_ref().map(String::as_str))
        .collect();
    to_50_and_1000(&spectrum("1/1000", "0.05", &terms));
}

/// T8 in each generator kind: noise up to `a` and charge up to `c` choose the status.
#[test]
fn statuses() {
    let status = |gamma: &str, rates: &[&str], theta: &[&str], gradient: &[&str]| {
        let row = qs(gradient);
        let mirrored = row.iter().map(|x| Rational::from(-x)).collect();
        Diagonal {
            gamma: q(gamma),
            sigma2: q("1/2"),
            rates: qs(rates),
            theta: qs(theta),
            gradients: vec![row, mirrored],
        }
    };
    // Each with repeated and zero rates; live noise and charge also where the rate is 0.
    let rates = &["2", "2", "0", "-1", "-1", "0"];
    for (problem, expected) in [
        (
            status("0", rates, &["1"; 6], &["1", "0", "1", "1", "0", "1"]),
            "finite",
        ),
        (
            status("0", rates, &["1"; 6], &["1", "1", "1", "0", "0", "1"]),
            "plus-infinity",
        ),
        (
            status("0", rates, &["1"; 6], &["0", "0", "1", "1", "2", "1"]),
            "minus-infinity",
        ),
        (
            status("0", rates, &["1"; 6], &["0", "0", "1", "0", "0", "1"]),
            "degenerate",
        ),
        (
            status(
                "1",
                rates,
                &["0", "0", "1", "1", "1", "1"],
                &["1", "0", "1", "0", "0", "1"],
            ),
            "plus-infinity",
        ),
        (
            status(
                "1",
                rates,
                &["0", "1", "1", "0", "0", "1"],
                &["0", "0", "1", "1", "0", "1"],
            ),
            "minus-infinity",
        ),
        (
            status(
                "1",
                rates,
                &["0", "0", "1", "0", "0", "1"],
                &["0", "0", "1", "0", "0", "1"],
            ),
            "degenerate",
        ),
        (
            status(
                "1",
                rates,
                &["0", "1", "1", "0", "0", "1"],
                &["1", "0", "1", "0", "0", "1"],
            ),
            "finite",
        ),
        (status("1", &["0"; 6], &["1"; 6], &["1"; 6]), "degenerate"),
        (status("1", rates, &["0"; 6], &["1"; 6]), "finite"),
    ] {
        assert_eq!(problem.plain().status(), expected);
        problem.plain().solve_and_check(50);
        let rotation = cayley(6, &mut Numbers(51));
        problem.dense(&rotation).solve_and_check(50);
        problem.dense_covariance(&rotation).solve_and_check(50);
        // The same numbers as a pair of factors, r = 2.
        let s = qs(&["2", "0"]);
        let factor = Diagonal {
            rates: factor_rates(2, 1, &s),
            ..problem
        };
        factor.plain().solve_and_check(50);
        factor
            .factor(2, 1, &s, &cayley(2, &mut Numbers(52)))
            .solve_and_check(50);
    }
}

#[test]
fn statuses_to_1000_digits() {
    for (noise, expected) in [
        (["1", "0", "1"], "plus-infinity"),
        (["0", "1", "1"], "minus-infinity"),
        (["0", "0", "1"], "degenerate"),
        (["1", "1", "1"], "finite"),
    ] {
        let problem = Diagonal {
            gamma: q("0"),
            sigma2: q("1"),
            rates: qs(&["1", "-1", "0"]),
            theta: qs(&["1", "2", "3"]),
            gradients: vec![qs(&noise), qs(&["0"; 3])],
        };
        assert_eq!(problem.plain().status(), expected);
        problem.plain().solve_and_check(1000);
        problem
            .dense(&cayley(3, &mut Numbers(61)))
            .solve_and_check(1000);
    }
}

/// C(θ*) = 0 without a single term being zero.
#[test]
fn charge_that_vanishes() {
    let problem = Diagonal {
        gamma: q("0"),
        sigma2: q("1"),
        rates: qs(&["1", "-1"]),
        theta: qs(&["1", "3"]),
        gradients: vec![qs(&["3", "1"]), qs(&["-3", "-1"])],
    };
    // γ = 0 and c₊a₊ = c₋a₋.
    for known in [problem.plain(), problem.dense(&cayley(2, &mut Numbers(71)))] {
        let after = Bounds::of(&known.solve_and_check(50)["charge"]["after"]);
        assert!(after.lower <= 0 && after.upper >= 0);
    }
}

/// The checks themselves must be able to fail.
#[test]
fn a_bound_off_by_one_unit_in_the_last_place_is_noticed() {
    let diagonal = orbit(81, &["1", "-2", "1/3"], 4, "1/7");
    let rotation = cayley(3, &mut Numbers(82));
    for known in [
        spectrum("0", "1", &[["1", "1e-4000", "1"], ["-2", "7", "2"]]),
        diagonal.plain(),
        diagonal.dense(&rotation),
    ] {
        for digits in [50, 200] {
            let answer = known.solve_and_check(digits);
            let mut places = Vec::new();
            pairs(&answer, "", &mut places);
            for (place, bounds) in places {
                if bounds.width() == 0 {
                    continue;
                }
                for moved in [bounds.moved_up(), bounds.moved_down()] {
                    let mut broken = answer.clone();
                    let pointer = place.replace(['.', '['], "/").replace(']', "");
                    let slot = broken.pointer_mut(&pointer).expect("a place");
                    slot["lower"] = moved.lower.to_string().into();
                    slot["upper"] = moved.upper.to_string().into();
                    assert!(
                        known.check(&broken, digits).is_err(),
                        "{place} moved to {moved:?}"
                    );
                }
            }
            let lambda = lambda(&answer);
            let places = ["lower", "upper"].map(|end| {
                let text = answer["lambda"][end].as_str().expect("text");
                text.split_once('.')
                    .map_or(0, |(_, fraction)| fraction.len())
            });
            let places = places.into_iter().max().unwrap_or(0);
            assert_eq!(
                lambda.width(),
                q(&format!("1e-{places}")),
                "one unit in the last place"
            );
        }
    }
    // And a wrong status, width, or answer to another problem.
    let known = spectrum("0", "1", &[["1", "2", "1"], ["-2", "7", "2"]]);
    let other = spectrum(
        "0",
        "1",
        &[
            ["1", "2", "1"],
            [
                "-2",
                "7.0000000000000000000000000000000000000000000000000000001",
                "2",
            ],
        ],
    );
    let mut answer = known.solve_and_check(50);
    assert!(known.check(&answer, 53).is_err());
    assert!(other.check(&answer, 50).is_err());
    answer["status"] = "degenerate".into();
    assert!(known.check(&answer, 50).is_err());
}

/// Where a number of the answer leaves every exponent range, the program says so
/// instead of searching for it: e^{±10λ} at λ* ≈ 10⁹.
#[test]
fn answers_out_of_range() {
    let orbit = |kind: &str| {
        format!(
            r#"{{ "format": "noise-equilibrium/problem-1", "strength": {{ "sigma2": 1 }},
                "generator": {kind}, "theta": [1, 1, 1], "gradients": [[10, 1, 0], [-10, -1, 0]] }}"#
        )
    };
    for rate in [10, -10] {
        for kind in [
            format!(r#"{{ "kind": "diagonal", "rates": ["1e-9", "-1e-9", {rate}] }}"#),
            format!(
                r#"{{ "kind": "dense", "matrix": [["1e-9", 0, 0], [0, "-1e-9", 0], [0, 0, {rate}]] }}"#
            ),
        ] {
            let (_, output) = crate::program::solve(orbit(&kind).as_bytes(), &[]);
            // A dense problem's small coordinate is zero beside what may cancel in it.
            if rate < 0 && kind.contains("dense") {
                assert_eq!(output.status.code(), Some(0));
                continue;
            }
            let field = if rate < 0 {
                "theta: "
            } else {
                "charge.after: "
            };
            let parts = [field, "its decimal exponent at the equilibrium is beyond"];
            crate::program::assert_refused(&kind, &output, &parts);
        }
        let alone = |charge: &str| {
            let rate = rate.to_string();
            let terms = [
                ["1e-9", "100", "0"],
                ["-1e-9", "1", "0"],
                [rate.as_str(), "0", charge],
            ];
            spectrum("0", "1", &terms)
        };
        let (_, output) = crate::program::solve(alone("1").text.as_bytes(), &[]);
        let parts = ["charge.after: ", "set the charges to 0"];
        crate::program::assert_refused("spectrum", &output, &parts);
        // What the message recommends works.
        assert!(lambda(&alone("0").solve_and_check(50)).lower > 1_000_000_000);
    }
}

/// With z = e^{2λ} both G and C are multiples of a polynomial that vanishes at z = 2, and
/// nowhere else: the charge is 0, not a number below what is printed. A coordinate off by
/// 10⁻⁴⁰ leaves a charge of that size, all of whose digits are asked for.
#[test]
fn a_charge_that_is_exactly_zero_and_one_that_is_not() {
    let charge = |theta: &str| {
        let problem = format!(
            r#"{{ "format": "noise-equilibrium/problem-1", "strength": {{ "gamma": "1/2", "sigma2": 1 }},
                "generator": {{ "kind": "diagonal", "rates": [1, -2] }},
                "theta": [1, "{theta}"], "gradients": [[4, 1], [-4, -1]] }}"#
        );
        let problem = noise_equilibrium::problem::read_problem(&problem).expect("a problem");
        let solution = problem.solve(20).expect("a solution").single();
        let found = solution.and_then(|single| single.equilibrium.finite());
        found.expect("a finite equilibrium").certified.charge
    };
    let zero = charge("2");
    assert!(zero.contains_zero() && zero.width().is_zero(), "{zero:?}");
    let tiny = charge(&format!("2.{}1", "0".repeat(39)));
    assert!(!tiny.contains_zero() && tiny.has_digits(20), "{tiny:?}");
    assert!(tiny.magnitude() < 1e-38, "{tiny:?}");
}

/// θ\* of a problem, enclosed.
fn theta_of(problem: &str, digits: u32) -> (Ball, Vec<Ball>) {
    let problem = noise_equilibrium::problem::read_problem(problem).expect("a problem");
    let solution = problem.solve(digits).expect("a solution");
    let finite = solution
        .single()
        .and_then(|s| s.equilibrium.finite())
        .expect("finite");
    (finite.certified.lambda, finite.theta)
}

/// Rates 1 ± ε that the working precision does not tell apart: θ = (1, 0) turns into
/// (e^λ cosh ελ, e^λ sinh ελ), whose second entry must not come out as 0.
#[test]
fn rates_that_are_not_told_apart_still_turn_theta() {
    for (epsilon, digits) in [("1e-80", 20), ("1e-130", 50)] {
        let problem = format!(
            r#"{{ "format": "noise-equilibrium/problem-1",
                "strength": {{ "gamma": "1/100", "sigma2": "1/20" }},
                "generator": {{ "kind": "dense", "matrix": [[1, {epsilon}], [{epsilon}, 1]] }},
                "theta": [1, 0], "gradients": [[1, 2], [3, -4]] }}"#
        );
        let (lambda, theta) = theta_of(&problem, digits);
        assert!(theta[1].has_digits(digits), "{epsilon}: {:?}", theta[1]);
        at_precision(4096, || {
            let epsilon = Ball::from_rational(&parse_exact(epsilon).expect("a number"));
            let power = (epsilon * lambda * Ball::from_int(2)).exp();
            let one = Ball::from_int(1);
            let tanh = (power.clone() - &one) / (power + &one);
            let ratio = theta[1].clone() / &theta[0];
            assert!(ratio.intersects(&tanh), "{ratio:?} and {tanh:?}");
        });
    }
}

/// The same with three rates, two of them 1e-42 apart: more digits must only narrow θ\*.
#[test]
fn more_digits_narrow_theta_of_close_rates() {
    // Eigenvectors (2, 2, 1)/3, (−2, 1, 2)/3, (1, −2, 2)/3 with rates −1, 1, 1 + 1e-42.
    let v = [[2i64, 2, 1], [-2, 1, 2], [1, -2, 2]];
    let close = parse_exact("1e-42").expect("a number") + 1u32;
    let rates = [Rational::from(-1), 1.into(), close];
    let entry = |i: usize, j: usize| {
        let parts = v
            .iter()
            .zip(&rates)
            .map(|(v, rate)| rate.clone() * (v[i] * v[j]) / 9u32);
        parts
            .reduce(|a, b| a + b)
            .expect("three of them")
            .to_string()
    };
    let row = |i: usize| {
        format!(
            r#"["{}", "{}", "{}"]"#,
            entry(i, 0),
            entry(i, 1),
            entry(i, 2)
        )
    };
    let problem = format!(
        r#"{{ "format": "noise-equilibrium/problem-1", "strength": {{ "gamma": "1/100", "sigma2": "1/20" }},
            "generator": {{ "kind": "dense", "matrix": [{}, {}, {}] }},
            "theta": [1, "1/2", -3], "gradients": [[1, 2, 0], [3, -4, 1], [0, 1, 5]] }}"#,
        row(0),
        row(1),
        row(2)
    );
    let (wide_lambda, wide) = theta_of(&problem, 50);
    let (narrow_lambda, narrow) = theta_of(&problem, 150);
    assert!(wide_lambda.intersects(&narrow_lambda));
    for (w, n) in wide.iter().zip(&narrow) {
        assert!(
            w.lower() <= n.lower() && n.upper() <= w.upper(),
            "{n:?} not in {w:?}"
        );
    }
}
