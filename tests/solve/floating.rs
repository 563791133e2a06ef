//! The floating-point solver against certified enclosures of the same problem.
//!
//! The bound is derived, not chosen. With u twice the rounding unit, each exponent
//! ln w ± rλ carries an error of at most u(|ln w| + |rλ|) + 3u, so ln Σ of n of them at
//! most u(2·size + n + 4); H = ln U − ln D twice that. The solver stops once a Newton
//! step is below u|λ| plus the step that such an error makes, which adds at most
//! u(3·size + n). Hence |H(λ)| ≤ 8u(size + n + 4) where it stops, and λ is off by
//! at most that over the least slope of H, the sum of the smallest r of U and of D.

use crate::known::{Bounds, Known, answer, spectrum};
use noise_equilibrium::balance::{
    BalanceEquation, Equilibrium, Spectrum, Strength, Term, pulls::Pulls, solve,
};
use noise_equilibrium::scalar::{Ball, Field, Rational, Real, RealScalar, Scalar, at_precision};
use rug::Float;

/// A number system with its largest binary exponent and a way back to the rationals.
trait Floating: RealScalar {
    const EXPONENT: f64;
    fn exactly(&self) -> Option<Rational>;
}
impl Floating for f32 {
    const EXPONENT: f64 = 126.0;
    fn exactly(&self) -> Option<Rational> {
        Rational::from_f32(*self)
    }
}
impl Floating for f64 {
    const EXPONENT: f64 = 1022.0;
    fn exactly(&self) -> Option<Rational> {
        Rational::from_f64(*self)
    }
}
/// At 256 bits, where [`wide`] runs it.
impl Floating for Real {
    const EXPONENT: f64 = 1e9;
    fn exactly(&self) -> Option<Rational> {
        self.as_float().to_rational()
    }
}

fn wide<T>(work: impl FnOnce() -> T) -> T {
    at_precision(256, work)
}

/// The problem as `S` sees it: every number rounded to `S`, and then exact.
fn rounded<S: Floating>(known: &Known) -> (Known, BalanceEquation<S>) {
    let number = |q: &Rational| S::from_rational(q);
    let text = |q: &Rational| number(q).exactly().expect("finite").to_string();
    let triples: Vec<[String; 3]> = known
        .triples
        .iter()
        .map(|t| t.each_ref().map(text))
        .collect();
    let triples: Vec<[&str; 3]> = triples
        .iter()
        .map(|t| t.each_ref().map(String::as_str))
        .collect();
    let exact = spectrum(&text(&known.gamma), &text(&known.sigma2), &triples);
    let terms = known.triples.iter().map(|[rate, noise, charge]| Term {
        rate: number(rate),
        noise: number(noise),
        charge: number(charge),
    });
    let balance = BalanceEquation {
        spectrum: Spectrum::from_terms(terms.collect()),
        strength: Strength::new(number(&known.gamma), number(&known.sigma2)).unwrap(),
    };
    (exact, balance)
}

fn ln_abs(q: &Rational) -> f64 {
    at_precision(64, || {
        Ball::from_rational(&q.clone().abs()).ln().magnitude_of()
    })
}

trait Magnitude {
    fn magnitude_of(&self) -> f64;
}
impl Magnitude for Ball {
    fn magnitude_of(&self) -> f64 {
        self.magnitude().to_f64()
    }
}

/// The largest |ln w| + |rλ|; where w or a product on the way to it leaves the range
/// of `S`, w is a sum of logarithms and each of them counts.
fn size<S: Floating>(known: &Known, lambda: &Rational) -> f64 {
    let range = S::EXPONENT * std::f64::consts::LN_2;
    let mut size: f64 = 0.0;
    for [rate, noise, charge] in known.triples.iter().filter(|t| t[0] != 0) {
        for (factor, power) in [
            (Rational::from(&known.sigma2 * 2u32), noise),
            (Rational::from(&known.gamma * 4u32), charge),
        ] {
            if factor == 0 || *power == 0 {
                continue;
            }
            let rate = rate.clone().abs();
            let partial = Rational::from(&rate * &factor);
            let weight = Rational::from(&partial * power);
            let logarithm = if ln_abs(&partial) < range && ln_abs(&weight) < range {
                ln_abs(&weight)
            } else {
                ln_abs(&rate) + ln_abs(&factor) + ln_abs(power)
            };
            size = size.max(logarithm + (rate * lambda).to_f64().abs() * 2.0);
        }
    }
    size
}

/// By how much the solver's λ misses, over what it may miss by: at most 1.
fn miss<S: Floating>(known: &Known) -> f64 {
    let (exact, balance) = rounded::<S>(known);
    let lambda = match solve(&balance) {
        Ok(Equilibrium::Finite(lambda)) => lambda.exactly().expect("finite"),
        other => panic!("{other:?} of {}", exact.text),
    };
    let certified = Bounds::of(&answer(&exact.text, 100)["lambda"]);
    exact.check_lambda(&certified).expect("certified");
    let terms = exact.live().count();
    let unit = S::unit().exactly().expect("finite").to_f64();
    let allowed = 8.0 * unit * (size::<S>(&exact, &lambda) + terms as f64 + 4.0);
    let least = |up: bool| {
        exact
            .live()
            .filter(|(rate, is_noise, _)| ((**rate > 0) == *is_noise) == up)
            .map(|(rate, _, _)| rate.to_f64().abs() * 2.0)
            .fold(f64::INFINITY, f64::min)
    };
    let slope = least(true) + least(false);
    let h = exact.logarithmic(&lambda, 1024).magnitude_of();
    let distance = Rational::from(&lambda - &certified.lower)
        .abs()
        .max(Rational::from(&lambda - &certified.upper).abs());
    let distance = Float::with_val(64, &distance).to_f64();
    (h / allowed).max(distance * slope / allowed)
}

fn everyday() -> Vec<Known> {
    vec![
        spectrum("0", "0.05", &[["1", "3", "1"], ["-1", "5", "2"]]),
        spectrum(
            "0.001",
            "0.05",
            &[["1", "3", "1"], ["-1", "5", "2"], ["0", "7", "7"]],
        ),
        spectrum(
            "0.001",
            "0.05",
            &[["1", "3", "1"], ["-2", "5", "2"], ["0.3", "1", "0"]],
        ),
        spectrum("1", "1e-4", &[["1", "1e-3", "1e3"], ["2", "1e3", "1e-3"]]),
        spectrum("0", "1", &[["100", "1e-6", "1"], ["-0.01", "1e6", "1"]]),
        spectrum(
            "0",
            "1",
            &[
                ["0.01", "1e10", "1"],
                ["-0.03", "1e-10", "1"],
                ["5", "1e-9", "1"],
            ],
        ),
        // λ* = 0 before rounding, and next to it.
        spectrum("0", "1", &[["1", "2", "1"], ["-2", "1", "1"]]),
        spectrum("0", "1", &[["1", "2.0001", "1"], ["-2", "1", "1"]]),
    ]
}

/// Weights, or their ratio, that leave the range of the number system in which the
/// noise, the charge and the rates themselves are at home.
fn extreme_for_f64() -> Vec<Known> {
    vec![
        spectrum(
            "0",
            "1e-20",
            &[["1e6", "1e-300", "1"], ["-1e6", "3e-300", "1"]],
        ),
        spectrum(
            "0",
            "1e-20",
            &[["1e6", "1e-300", "1"], ["-1e-6", "3e-300", "1"]],
        ),
        spectrum("0", "1", &[["1e10", "1e300", "1"], ["-1e10", "3e300", "1"]]),
        spectrum("0", "1", &[["1e10", "1e300", "1"], ["-2e10", "3e300", "1"]]),
        spectrum(
            "0",
            "1",
            &[["1e-200", "1e-200", "1"], ["-1e-200", "1e200", "1"]],
        ),
        spectrum(
            "1e-200",
            "1",
            &[["1", "1e-200", "1e-130"], ["-3", "1e-300", "1e-120"]],
        ),
        // ΣU/ΣD is subnormal: its logarithm would have but a few digits.
        spectrum("0", "1", &[["1", "1e-200", "1"], ["-1", "1e118", "1"]]),
        spectrum("0", "1", &[["1", "1e200", "1"], ["-1", "1e-118", "1"]]),
        spectrum("0", "1", &[["1", "1e-305", "1"], ["-1", "1e305", "1"]]),
        spectrum(
            "0",
            "1",
            &[["1e150", "1e300", "1"], ["-1e-150", "1e-300", "1"]],
        ),
    ]
}

/// With −A in place of A everything is mirrored, to the bit, where λ is iterated for: nothing
/// in that prefers a side. (ln U/D is not −ln D/U to the bit.)
#[test]
fn mirrored_problems_have_mirrored_solutions() {
    fn mirrored<S: Floating>(known: &Known) {
        let (_, balance) = rounded::<S>(known);
        if Pulls::of(&balance).is_some_and(|pulls| pulls.closed_form().is_some()) {
            return;
        }
        let terms = balance.spectrum.terms().iter().map(|t| Term {
            rate: -t.rate.clone(),
            ..t.clone()
        });
        let mirror = BalanceEquation {
            spectrum: Spectrum::from_terms(terms.collect()),
            strength: balance.strength.clone(),
        };
        match (solve(&balance), solve(&mirror)) {
            (Ok(Equilibrium::Finite(one)), Ok(Equilibrium::Finite(other))) => {
                assert!(one == -other.clone(), "{one} and {other} of {}", known.text);
            }
            others => panic!("{others:?} of {}", known.text),
        }
    }
    for known in everyday().iter().chain(&extreme_for_f64()) {
        mirrored::<f64>(known);
        wide(|| mirrored::<Real>(known));
    }
}

#[test]
fn f64_and_256_bits() {
    for known in everyday().iter().chain(&extreme_for_f64()) {
        let worst = miss::<f64>(known).max(wide(|| miss::<Real>(known)));
        assert!(worst <= 1.0, "{worst} of {}", known.text);
    }
}

#[test]
fn f32() {
    let extreme = [
        spectrum(
            "0",
            "1e-10",
            &[["1e6", "1e-36", "1"], ["-1e6", "3e-36", "1"]],
        ),
        spectrum(
            "0",
            "1e-10",
            &[["1e6", "1e-36", "1"], ["-2e-6", "3e-36", "1"]],
        ),
        spectrum("0", "1", &[["1", "1e-25", "1"], ["-1", "1e18", "1"]]),
        spectrum("0", "1", &[["1e10", "1e35", "1"], ["-1e10", "3e35", "1"]]),
    ];
    for known in everyday().iter().chain(&extreme) {
        let worst = miss::<f32>(known);
        assert!(worst <= 1.0, "{worst} of {}", known.text);
    }
}

/// The statuses do not depend on the number system.
#[test]
fn statuses() {
    for known in [
        spectrum("0", "1", &[["1", "2", "1"], ["2", "1", "1"]]),
        spectrum("0", "1", &[["-1", "2", "1"], ["0", "1", "1"]]),
        spectrum("0", "1", &[["0", "2", "1"], ["1", "0", "1"]]),
    ] {
        fn status<S: Floating>(known: &Known) -> &'static str {
            solve(&rounded::<S>(known).1).expect("a status").status()
        }
        assert_eq!(status::<f32>(&known), known.status());
        assert_eq!(status::<f64>(&known), known.status());
        assert_eq!(wide(|| status::<Real>(&known)), known.status());
    }
}

/// A λ that is off by more than the bound is noticed: f32's, by the bound of f64.
#[test]
fn the_bound_can_fail() {
    let known = &everyday()[2];
    let (exact, balance) = rounded::<f32>(known);
    let Ok(Equilibrium::Finite(lambda)) = solve(&balance) else {
        panic!("not finite");
    };
    let lambda = lambda.exactly().expect("finite");
    let h = exact.logarithmic(&lambda, 1024).magnitude_of();
    let allowed = |unit: f64| 8.0 * unit * (size::<f64>(&exact, &lambda) + 8.0);
    assert!(h <= allowed(f64::from(f32::EPSILON)) && h > allowed(f64::EPSILON));
}
