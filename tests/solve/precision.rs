//! When a number is precise enough, and that no more working precision is spent than the
//! digits take: the first attempt is enough wherever the digits can be had with it.

use noise_equilibrium::balance::{BalanceEquation, Spectrum, Term, family::Potential};
use noise_equilibrium::balance::{
    CertifyError, SpectrumSource, Strength, StrengthError, certify,
    family::{FamilyStatus, certify_family},
    general_linear::{GroupStatus, certify_group},
    pulls::Pulls,
};
use noise_equilibrium::balance::{Noise, Orbit, family::FamilyOrbit};
use noise_equilibrium::problem::{Body, Problem, read_problem};
use noise_equilibrium::scalar::{Ball, Rational, at_precision, parse_exact};
use noise_equilibrium::symmetry::{Family, Generator};
use num_traits::One;
use rug::Float;
use serde_json::{Value, json};

/// θ\* of a dense problem with γ = 0 whose matrix is (1, ε; ε, 1) and θ = (`size`, 0), so that
/// θ\* = `size`·e^λ(cosh ελ, sinh ελ): what cancels in the second coordinate is 1/(ελ) times
/// as large.
fn turned(epsilon: &str, size: &str, digits: u32) -> Vec<Ball> {
    let problem = problem(&json!({ "strength": { "gamma": "1/100", "sigma2": "1/20" },
        "generator": { "kind": "dense", "matrix": [[1, epsilon], [epsilon, 1]] },
        "theta": [size, 0], "gradients": [[1, 2], [3, -4]] }));
    let single = problem.solve(digits).expect("solved").single();
    let finite = single.and_then(|single| single.equilibrium.finite());
    finite.expect("finite").theta
}

/// One digit more than is asked for is there, for the rounding into decimals, and not
/// thousands of them.
#[test]
fn a_number_has_one_digit_more() {
    for digits in [1, 10, 60] {
        let problem = spectrum("1/7", "1/5", &[["1", "2", "3"], ["-2", "5", "7"]]);
        let single = problem.solve(digits).expect("solved").single();
        let finite = single.and_then(|single| single.equilibrium.finite());
        let found = finite.expect("finite").certified;
        let rate = found.relaxation_rate.expect("it moves");
        for x in [&found.lambda, &found.charge, &found.potential, &rate] {
            assert!(x.has_digits(digits + 1), "{digits}: {x:?}");
            assert!(!x.has_digits(digits + 100), "{digits}: {x:?}");
        }
    }
}

/// What cancels to less than 10^{−3·digits − 1000} of its parts, and is small itself, is
/// taken to be 0; what is less small has its digits.
#[test]
fn what_cancels_deeply_is_zero() {
    for digits in [1, 10] {
        let deep = 3 * digits + 1000;
        let small = format!("1e-{}", deep + 20);
        let [_, zero] = turned(&small, "1", digits).try_into().expect("two");
        let bound = Float::with_val(64, Float::i_pow_u(10, digits + 1)).recip();
        assert!(
            zero.contains_zero() && zero.magnitude() <= bound,
            "{zero:?}"
        );
        let [_, some] = turned(&format!("1e-{}", deep - 20), "1", digits)
            .try_into()
            .expect("two");
        assert!(some.has_digits(digits), "{some:?}");
        // As far below its parts, but not small: these are about 10^{deep + 1000}.
        let [_, large] = turned(&small, &format!("1e{}", 2 * deep + 2000), digits)
            .try_into()
            .expect("two");
        assert!(large.has_digits(digits), "{large:?}");
    }
}

/// The bits of the attempt that solved it, which its numbers have; 0 where that was decided
/// without one.
fn bits(problem: &Problem, digits: u32) -> u32 {
    let strength = &problem.strength;
    let potential = match &problem.body {
        Body::Family(orbit) => {
            let source = orbit.spectrum().expect("a source");
            match certify_family(&source, strength, digits).expect("solved") {
                FamilyStatus::Bounded { solution, .. } => Some(solution.potential),
                FamilyStatus::Unbounded { .. } => None,
            }
        }
        Body::Group(orbit) => {
            match certify_group(&orbit.balance(strength), digits).expect("solved") {
                GroupStatus::Finite(solution) | GroupStatus::Degenerate { solution, .. } => {
                    Some(solution.potential)
                }
                GroupStatus::Unbounded { .. } => None,
            }
        }
        _ => {
            let source = problem.source().expect("one generator").expect("a source");
            let found = certify(&source, strength, digits).expect("solved");
            found.finite().map(|found| found.potential)
        }
    };
    potential.map_or(0, |x| x.midpoint().prec())
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
    let strength = |gamma: i32, sigma2: i32| {
        Strength::new(Rational::from(gamma), Rational::from(sigma2)).unwrap()
    };
    let term = |noise: i32, charge: i32| Term {
        rate: Rational::from(2),
        noise: Rational::from(noise),
        charge: Rational::from(charge),
    };
    let both = |term: &Term<Rational>, strength: &Strength<Rational>| {
        let balance = BalanceEquation {
            spectrum: Spectrum::from_terms(vec![term.clone()]),
            strength: strength.clone(),
        };
        let vector = Term {
            rate: vec![term.rate.clone()],
            noise: term.noise.clone(),
            charge: term.charge.clone(),
        };
        let potential = Potential::of(&Spectrum::from_terms(vec![vector]), strength);
        let pulls = Pulls::of(&balance).map(|p| p.up.len() + p.down.len());
        assert_eq!(pulls, potential.map(|potential| potential.terms.len()));
        pulls
    };
    assert_eq!(both(&term(1, 1), &strength(1, 1)), Some(2));
    assert_eq!(both(&term(0, 1), &strength(1, 1)), Some(1));
    assert_eq!(both(&term(1, 1), &strength(0, 1)), Some(1));
    for (bad, at) in [(term(-1, 1), strength(1, 1)), (term(1, -1), strength(1, 1))] {
        assert_eq!(both(&bad, &at), None, "{bad:?}");
    }
    for (gamma, sigma2, field) in [(-1, 1, "gamma"), (1, -1, "sigma2")] {
        let refused = Strength::new(Rational::from(gamma), Rational::from(sigma2));
        let found = "-1".to_owned();
        assert_eq!(
            refused.err(),
            Some(StrengthError::Negative { field, found })
        );
    }
    let undecided = Ball::between(&Float::with_val(64, -1), &Float::with_val(64, 1));
    let undecided = undecided.expect("a ball");
    let one = Ball::one;
    let enclosed = BalanceEquation {
        spectrum: Spectrum::from_terms(vec![Term {
            rate: one(),
            noise: undecided,
            charge: one(),
        }]),
        strength: Strength::new(one(), one()).unwrap(),
    };
    at_precision(64, || assert!(Pulls::of(&enclosed).is_none()));
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
        let enclose = |bits| at_precision(bits, || source.enclose());
        assert!(enclose(64).is_none(), "{sign}");
        let spectrum = enclose(400).expect("enough bits");
        let noises = spectrum.terms().iter().filter(|t| t.noise.lower() > 0);
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
    let found = certify_family(&source, &strength, 20);
    let Ok(FamilyStatus::Bounded { solution, .. }) = found else {
        panic!("bounded");
    };
    // λ = −¼ ln(1 + 2^−3000).
    let lambda = &solution.lambda[0];
    let size: Rational = Rational::from((-1, 4)) >> small;
    let [less, more] = [99, 101].map(|percent| size.clone() * Rational::from((percent, 100)));
    assert!(lambda.upper() < less && lambda.lower() > more);
    let bits = lambda.midpoint().prec();
    assert!(bits < 2 * small, "{bits}");
}

/// What is wrong is said: no such problem, a number beyond every exponent, or digits that take
/// more bits than are offered.
#[test]
fn errors_say_what_is_wrong() {
    let number = |text: &str| parse_exact(text).expect("a number");
    let found = |triples: &[[&str; 3]], digits| {
        let terms = triples.iter().map(|[rate, noise, charge]| Term {
            rate: number(rate),
            noise: number(noise),
            charge: number(charge),
        });
        let source = SpectrumSource::Exact(Spectrum::from_terms(terms.collect()));
        let strength = Strength::new(number("0"), number("1")).expect("a strength");
        certify(&source, &strength, digits).map(|found| found.status())
    };
    assert_eq!(
        found(&[["1", "1", "1"], ["-2", "3", "1"]], 10),
        Ok("finite")
    );
    for bad in [["1", "-1", "1"], ["1", "1", "-1"]] {
        let error = found(&[["-2", "1", "1"], bad], 10);
        let Err(CertifyError::Negative { field, found }) = error else {
            panic!("{error:?}");
        };
        assert!(field.contains('1') && found == "-1", "{field}: {found}");
    }
    // λ = ½·10⁹·ln 10, and e^{20λ} in the charge.
    let far = [["1e-9", "100", "0"], ["-1e-9", "1", "0"], ["10", "0", "1"]];
    let field = "charge.after";
    assert_eq!(found(&far, 10), Err(CertifyError::OutOfRange { field }));
    assert_eq!(found(&far[..2], 10), Ok("finite"));
}
