//! When a number is precise enough, and that no more working precision is spent than the
//! digits take: the first attempt is enough wherever the digits can be had with it.

use noise_equilibrium::balance::{
    Attempt, Equilibrium, FamilyStatus, GroupStatus, Pulls, Strength, certify, certify_family,
    certify_group, resolved, vanishes,
};
use noise_equilibrium::balance::{Balance, Spectrum, Term, Torus};
use noise_equilibrium::balance::{FamilyOrbit, Noise, Orbit};
use noise_equilibrium::problem::{Body, Problem, read_problem};
use noise_equilibrium::scalar::{Enclosure, Interval, Rational};
use noise_equilibrium::symmetry::{Family, Generator};
use rug::Float;
use serde_json::{Value, json};

/// 10^e.
fn ten_to(e: i32) -> Float {
    let power = Float::with_val(256, Float::u_pow_u(10, e.unsigned_abs()));
    if e < 0 { power.recip() } else { power }
}

/// x ± radius.
fn around(x: Float, radius: &Float) -> Enclosure {
    let ends = [
        Float::with_val(20_000, &x - radius),
        Float::with_val(20_000, &x + radius),
    ];
    let [lower, upper] = ends;
    Interval::new(lower, upper).expect("an interval")
}

/// One digit more than is asked for has to be there, for the rounding into decimals.
#[test]
fn a_number_is_resolved_with_one_digit_more() {
    for digits in [1, 10, 60] {
        let radius = |more: i32| ten_to(-(digits as i32) - more) / 2u32;
        let seven = |more| around(Float::with_val(64, 7), &(radius(more) * 6u32));
        assert!(resolved(&seven(1), None, digits), "{digits}");
        assert!(!resolved(&seven(0), None, digits), "{digits}");
    }
}

/// What cancels to less than 10^{−3·digits − 1000} of its parts, and is small itself, is
/// taken to be 0.
#[test]
fn what_cancels_deeply_is_zero() {
    let zero = |e| around(Float::new(64), &ten_to(e));
    for digits in [1, 10, 60] {
        let deep = 3 * digits as i32 + 1000;
        for parts in [-40, 0, 40] {
            let scale = ten_to(parts);
            assert!(resolved(&zero(parts - deep - 1), Some(&scale), digits));
            assert!(!resolved(&zero(parts - deep + 1), Some(&scale), digits));
            // Nothing is known of a number that does not cancel at all.
            assert!(!resolved(&zero(parts - deep - 1), None, digits));
        }
        // Far below its parts, but not small.
        let huge = ten_to(deep + 1000);
        let small = -(digits as i32) - 2;
        assert!(resolved(&zero(small), Some(&huge), digits));
        assert!(!resolved(&zero(small + 2), Some(&huge), digits));
        // However small: it is known not to be 0.
        let apart = around(ten_to(-5000), &ten_to(-5001));
        assert!(!resolved(&apart, Some(&ten_to(0)), digits));
    }
}

#[test]
fn what_vanishes_is_too_small_for_an_exponent() {
    let at = |bit: i32| around(Float::new(64), &(Float::with_val(64, 1) << bit));
    let half = rug::float::exp_min() / 2;
    assert!(vanishes(&at(half - 2)) && !vanishes(&at(half + 2)));
    assert!(!vanishes(&at(0)));
    assert!(!vanishes(&around(Float::new(64), &Float::new(64))));
    let tiny = Float::with_val(64, 1) << (half - 2);
    assert!(!vanishes(&Enclosure::point(&tiny)));
}

/// The bits of the attempt that solved it, 0 where that was decided without one.
fn bits(problem: &Problem, digits: u32) -> u32 {
    let strength = &problem.strength;
    let found = match &problem.body {
        Body::Family(orbit) => {
            let source = orbit.spectrum().expect("a source");
            let done = certify_family(&source, strength, digits, |c| Ok(Attempt::Done(c.bits)));
            match done.expect("solved") {
                FamilyStatus::Bounded { solution, .. } => Some(solution),
                FamilyStatus::Unbounded { .. } => None,
            }
        }
        Body::Group(orbit) => {
            let balance = orbit.balance(strength);
            let done = certify_group(&balance, digits, |c| Ok(Attempt::Done(c.bits)));
            match done.expect("solved") {
                GroupStatus::Finite(bits) | GroupStatus::Degenerate { solution: bits, .. } => {
                    Some(bits)
                }
                GroupStatus::Unbounded { .. } => None,
            }
        }
        _ => {
            let source = problem.source().expect("one generator").expect("a source");
            let done = certify(&source, strength, digits, |c| Ok(Attempt::Done(c.bits)));
            match done.expect("solved") {
                Equilibrium::Finite(bits) => Some(bits),
                _ => None,
            }
        }
    };
    found.unwrap_or(0)
}

fn problem(fields: &Value) -> Problem {
    let mut text = fields.clone();
    text["format"] = json!("noise-equilibrium/problem-1");
    read_problem(&text.to_string()).unwrap_or_else(|error| panic!("{error}"))
}

fn spectrum(gamma: &str, sigma2: &str, triples: &[[&str; 3]]) -> Problem {
    let terms: Vec<Value> = triples
        .iter()
        .map(|[rate, noise, charge]| json!({ "rate": rate, "noise": noise, "charge": charge }))
        .collect();
    problem(&json!({ "strength": { "gamma": gamma, "sigma2": sigma2 }, "spectrum": terms }))
}

/// log₂ 10^digits, and a bit for the remainder.
fn bits_of(digits: u32) -> u32 {
    (f64::from(digits) * std::f64::consts::LOG2_10) as u32 + 1
}

/// 64 bits more than the digits take, and as many as cancel in G(0): |G(0)| is 2^{−cancel}
/// of its largest part.
#[test]
fn a_rational_spectrum_takes_one_attempt() {
    let near = format!("1.{}1", "0".repeat(59));
    let cases = [
        // Closed forms, equal rates and others.
        (0, spectrum("0", "1", &[["1", "16", "1"], ["-1", "1", "1"]])),
        (
            0,
            spectrum("1/3", "2/7", &[["3", "5", "1"], ["3", "1", "4"]]),
        ),
        (
            0,
            spectrum(
                "1/7",
                "1/5",
                &[["1", "2", "3"], ["-2", "5", "7"], ["1/3", "1", "1"]],
            ),
        ),
        (
            0,
            spectrum("1", "1", &[["1", "1e30", "1"], ["3", "1e-9", "1e-10"]]),
        ),
        // λ* near 0: 199 bits cancel.
        (199, spectrum("1/2", "1", &[["1", &near, "1"]])),
        (
            199,
            spectrum("1/2", "1", &[["1", &near, "1"], ["-2", "1", "1"]]),
        ),
        // Far away.
        (
            0,
            spectrum(
                "0",
                "1",
                &[["1", "1e-4000", "1"], ["-2", "7", "2"], ["1/2", "1", "1"]],
            ),
        ),
        (
            0,
            spectrum("1e-2000", "1", &[["1000", "1", "1"], ["1/1000", "1", "1"]]),
        ),
    ];
    for digits in [10, 50, 300] {
        for (cancel, problem) in &cases {
            let found = bits(problem, digits);
            // The size of each of two numbers is known to within a bit, two are added for that,
            // and `cancel` is rounded down.
            let least = bits_of(digits) + 64 + cancel;
            assert!(
                (least..=least + 5).contains(&found),
                "{digits} digits: {found} bits, expected {least}, for {problem:?}"
            );
        }
    }
}

/// Factorisations lose up to a third of their bits: half as many more, and 200.
#[test]
fn eigenspaces_families_and_groups_take_one_attempt() {
    let strength = json!({ "gamma": "1/100", "sigma2": "1/20" });
    let dense = json!({ "kind": "dense", "matrix": [[1, 2, 0], [2, -1, 1], [0, 1, 3]] });
    let square = json!({ "kind": "dense", "matrix": [[5, 0, 2], [0, 6, 2], [2, 2, 10]] });
    let factor = json!({ "kind": "factor", "rows": 2, "rank": 2, "cols": 1,
        "direction": [[1, 2], [2, 5]] });
    let chain = json!([
        { "kind": "rescaling", "up": [1], "down": [0] },
        { "kind": "rescaling", "up": [2], "down": [1] }
    ]);
    let commuting = |generators: Value| json!({ "kind": "commuting", "generators": generators });
    let group = json!({ "kind": "general-linear", "rows": 2, "rank": 2, "cols": 2 });
    let three = (
        json!([1, 2, 3]),
        json!([[6, 3, 2], [-6, -3, -2], [1, "1/2", "1/3"], [0, 1, -2]]),
    );
    let six = (
        json!([1, 2, 3, -1, 2, 1]),
        json!([
            [1, 0, 2, 1, 1, 0],
            [-1, 2, 0, 1, 0, 3],
            [0, 1, 1, -2, 5, 1],
            [2, 0, 0, 1, 1, 1]
        ]),
    );
    let eight = (
        json!([1, 2, 3, -1, 2, 1, 1, 0]),
        json!([
            [1, 0, 2, 1, 1, 0, 3, 1],
            [-1, 2, 0, 1, 0, 3, 0, 1],
            [0, 1, 1, -2, 5, 1, 1, 1]
        ]),
    );
    for (generator, (theta, gradients)) in [
        (dense.clone(), &three),
        (factor, &six),
        (commuting(chain), &three),
        (commuting(json!([dense, square])), &three),
        (group, &eight),
    ] {
        let problem = problem(&json!({ "strength": strength, "generator": generator,
            "theta": theta, "gradients": gradients }));
        for digits in [10, 50, 300] {
            let found = bits(&problem, digits);
            let wanted = bits_of(digits);
            let most = wanted + wanted / 2 + 200;
            assert!(
                (wanted + 64..=most).contains(&found),
                "{digits} digits: {found} bits, at most {most}, for {generator}"
            );
        }
    }
}

/// Noise and charge are sums of squares; that a number system cannot tell is no answer
/// either.
#[test]
fn negative_and_undecided_powers_have_no_pulls() {
    let strength = |gamma: i32, sigma2: i32| Strength {
        gamma: Rational::from(gamma),
        sigma2: Rational::from(sigma2),
    };
    let term = |noise: i32, charge: i32| Term {
        rate: Rational::from(2),
        noise: Rational::from(noise),
        charge: Rational::from(charge),
    };
    let both = |term: &Term<Rational>, strength: &Strength<Rational>| {
        let balance = Balance {
            spectrum: Spectrum::from_terms(vec![term.clone()]),
            strength: strength.clone(),
        };
        let vector = Term {
            rate: vec![term.rate.clone()],
            noise: term.noise.clone(),
            charge: term.charge.clone(),
        };
        let torus = Torus::of(&Spectrum::from_terms(vec![vector]), strength);
        let pulls = Pulls::of(&balance).map(|p| p.up.len() + p.down.len());
        assert_eq!(pulls, torus.map(|torus| torus.terms.len()));
        pulls
    };
    assert_eq!(both(&term(1, 1), &strength(1, 1)), Some(2));
    assert_eq!(both(&term(0, 1), &strength(1, 1)), Some(1));
    assert_eq!(both(&term(1, 1), &strength(0, 1)), Some(1));
    for (bad, at) in [
        (term(-1, 1), strength(1, 1)),
        (term(1, -1), strength(1, 1)),
        (term(1, 1), strength(-1, 1)),
        (term(1, 1), strength(1, -1)),
        // A product of two negative numbers is none the better.
        (term(-1, 1), strength(1, -1)),
    ] {
        assert_eq!(both(&bad, &at), None, "{bad:?}");
    }
    let undecided = Interval::<64>::new(Float::with_val(64, -1), Float::with_val(64, 1));
    let undecided = undecided.expect("an interval");
    let one = || Interval::<64>::point(&Float::with_val(64, 1));
    let enclosed = Balance {
        spectrum: Spectrum::from_terms(vec![Term {
            rate: one(),
            noise: undecided,
            charge: one(),
        }]),
        strength: Strength {
            gamma: one(),
            sigma2: one(),
        },
    };
    assert!(Pulls::of(&enclosed).is_none());
}

/// An eigen-space with a weight too small for the bits is not left out: none are given.
#[test]
fn a_weight_that_is_not_seen_asks_for_more_bits() {
    let whole = |v: &[i64]| -> Vec<Rational> { v.iter().map(|x| Rational::from(*x)).collect() };
    // The rates are 2 along (2, 1) and −3 along (1, −2), or both the other way round.
    for sign in [1, -1] {
        let k = [[1, 2], [2, -2]].map(|row| whole(&row.map(|x| sign * x)));
        let generator = Generator::dense(&k).expect("a generator");
        let (main, aside) = (whole(&[2, 1]), whole(&[1, -2]));
        let tiny = Rational::from(1) >> 60;
        let gradient: Vec<Rational> = main
            .iter()
            .zip(&aside)
            .map(|(x, y)| x + Rational::from(y * &tiny))
            .collect();
        let back = gradient.iter().map(|x| -x.clone()).collect();
        let noise = Noise::Gradients(vec![gradient, back]);
        let orbit = Orbit::new(generator, main, noise).expect("an orbit");
        let source = orbit.spectrum().expect("a spectrum");
        assert!(source.enclose(64).is_none(), "{sign}");
        let (spectrum, _) = source.enclose(400).expect("enough bits");
        let noises = spectrum.terms().iter().filter(|t| *t.noise.lower() > 0);
        assert_eq!(noises.count(), 2, "{sign}");
    }
}

/// A λ close to 0 takes as many bits more as it is small, not twice as many.
#[test]
fn a_family_close_to_its_balance_takes_no_more_bits_than_that() {
    let small = 3000;
    let whole = |x: i64| Rational::from(x);
    let generator = Generator::diagonal(vec![whole(1), whole(-1)]).expect("a generator");
    let family = Family::new(vec![generator]).expect("a family");
    let nearly = whole(1) + (whole(1) >> small);
    let covariance = vec![vec![whole(1), whole(0)], vec![whole(0), nearly]];
    let noise = Noise::Covariance(covariance);
    let orbit = FamilyOrbit::new(family, vec![whole(1), whole(1)], noise).expect("an orbit");
    let source = orbit.spectrum().expect("a spectrum");
    let strength = Strength::new(whole(0), whole(1)).expect("a strength");
    let found = certify_family(&source, &strength, 20, |c| Ok(Attempt::Done(c)));
    let Ok(FamilyStatus::Bounded { solution, .. }) = found else {
        panic!("bounded");
    };
    // λ = −¼ ln(1 + 2^−3000).
    let lambda = &solution.lambda[0];
    let size: Rational = Rational::from((-1, 4)) >> small;
    let [less, more] = [99, 101].map(|percent| size.clone() * Rational::from((percent, 100)));
    assert!(*lambda.upper() < less && *lambda.lower() > more);
    assert!(solution.bits < 2 * small, "{}", solution.bits);
}
