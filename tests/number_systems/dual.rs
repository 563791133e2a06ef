//! Derivatives by dual numbers against closed forms. A defect that is only rounding
//! shrinks like 2^{−P}; no tolerance is involved beyond the few bits of slack.

use crate::{Draw, ratio};
use noise_equilibrium::scalar::{Ball, Field, Rational, Real, Scalar, at_precision};
use num_dual::Dual;

/// A function in every number system, and its derivative by hand.
trait Sample {
    fn value<S: Scalar>(x: S) -> S;
    fn slope<S: Scalar>(x: S) -> S;
}

fn third<S: Field>() -> S {
    S::from_rational(&ratio(1, 3))
}

fn root<S: Field>(x: S) -> S {
    x.root().expect("x is positive")
}

/// e^{x/3}.
struct Exponential;
impl Sample for Exponential {
    fn value<S: Scalar>(x: S) -> S {
        (x * third::<S>()).exp()
    }
    fn slope<S: Scalar>(x: S) -> S {
        (x * third::<S>()).exp() * third::<S>()
    }
}

/// ln(x + 1/3).
struct Logarithm;
impl Sample for Logarithm {
    fn value<S: Scalar>(x: S) -> S {
        (x + third::<S>()).ln()
    }
    fn slope<S: Scalar>(x: S) -> S {
        S::one() / (x + third::<S>())
    }
}

/// √x.
struct Root;
impl Sample for Root {
    fn value<S: Scalar>(x: S) -> S {
        root(x)
    }
    fn slope<S: Scalar>(x: S) -> S {
        S::one() / (root(x) * S::from_int(2))
    }
}

/// x^x = e^{x ln x}.
struct Power;
impl Sample for Power {
    fn value<S: Scalar>(x: S) -> S {
        (x.ln() * &x).exp()
    }
    fn slope<S: Scalar>(x: S) -> S {
        (x.ln() * &x).exp() * (x.ln() + S::one())
    }
}

/// (x² − 1/3)/(x + 1).
struct Quotient;
impl Sample for Quotient {
    fn value<S: Scalar>(x: S) -> S {
        (x.square() - third::<S>()) / (x + S::one())
    }
    fn slope<S: Scalar>(x: S) -> S {
        let below = x.clone() + S::one();
        (S::from_int(2) * &x * &below - (x.square() - third::<S>())) / below.square()
    }
}

/// An exponential whose closed form carries a double: the negative control.
struct Contaminated;
impl Sample for Contaminated {
    fn value<S: Scalar>(x: S) -> S {
        Exponential::value(x)
    }
    fn slope<S: Scalar>(x: S) -> S {
        let nearly_one = Rational::from_f64(1.0 + f64::EPSILON).unwrap_or_default();
        Exponential::slope(x) * S::from_rational(&nearly_one)
    }
}

/// log₂ of the relative defects of value and slope at a working precision of `bits`,
/// against a reference with 200 bits more than any of these here.
fn defects<F: Sample>(bits: u32, x: &Rational) -> [f64; 2] {
    // A slope other than 1 on the way in, so that a dropped factor shows.
    let inner = ratio(-7, 5);
    let (at, result) = at_precision(bits, || {
        let at = Real::from_rational(x);
        let dual = Dual::new(at.clone(), Real::from_rational(&inner));
        (at, F::value(dual))
    });
    // The reference is taken at x as it was rounded.
    at_precision(456, || {
        let value = F::value(at.clone());
        let slope = F::slope(at) * Real::from_rational(&inner);
        [(result.re, value), (result.eps, slope)].map(|(found, wanted)| {
            assert_eq!(found.as_float().prec(), bits);
            ((found - &wanted) / wanted).log2_abs()
        })
    })
}

/// Fails unless every defect is rounding: at most 2^{8−P}.
fn check<F: Sample>(stream: u64) -> Result<(), String> {
    let mut draw = Draw::new(stream);
    for _ in 0..40 {
        // Away from 1/e and from the zeros of the samples, which cancel.
        let x = ratio(draw.range(1_000_000, 9_000_000), 999_999);
        for bits in [64, 128, 256] {
            let defects = defects::<F>(bits, &x);
            if defects
                .iter()
                .any(|defect| defect.is_nan() || *defect > 8.0 - f64::from(bits))
            {
                return Err(format!(
                    "at x = {x}: log₂ of the defects at {bits} bits are {defects:?}"
                ));
            }
        }
    }
    Ok(())
}

#[test]
fn derivatives_reach_full_precision() {
    check::<Exponential>(1).unwrap();
    check::<Logarithm>(2).unwrap();
    check::<Root>(3).unwrap();
    check::<Power>(4).unwrap();
    check::<Quotient>(5).unwrap();
}

#[test]
fn a_contaminated_derivative_stops_shrinking() {
    let message = check::<Contaminated>(1).unwrap_err();
    assert!(message.contains("at 64 bits"), "{message}");
    let [value, slope] = defects::<Contaminated>(256, &ratio(5, 3));
    assert!(
        value < -240.0 && (-53.0..-51.0).contains(&slope),
        "{value} {slope}"
    );
}

#[test]
fn derivatives_of_polynomials_are_exact() {
    let mut draw = Draw::new(6);
    for _ in 0..200 {
        let x = draw.range(-1000, 1000);
        let coefficients: Vec<i64> = (0..8).map(|_| draw.range(-50, 50)).collect();
        let point = Dual::new(Real::from_int(x), Real::from_int(1));
        let mut value = Dual::from_re(Real::from_int(0));
        let (mut exact, mut slope) = (Rational::new(), Rational::new());
        for &c in &coefficients {
            value = at_precision(128, || value * &point + Dual::from_re(Real::from_int(c)));
            slope = slope * ratio(x, 1) + &exact;
            exact = exact * ratio(x, 1) + ratio(c, 1);
        }
        assert_eq!(*value.re.as_float(), exact, "{coefficients:?} at {x}");
        assert_eq!(*value.eps.as_float(), slope, "{coefficients:?} at {x}");
    }
}

#[test]
fn duals_of_doubles_agree_with_multiprecision() {
    for (p, q) in [(1, 2), (3, 1), (7, 5)] {
        let x = ratio(p, q);
        let double = Power::value(Dual::new(f64::from_rational(&x), 1.0));
        let wide = at_precision(128, || Power::slope(Real::from_rational(&x)).to_f64());
        assert!(
            (double.eps - wide).abs() <= 8.0 * f64::EPSILON * wide.abs(),
            "{p}/{q}"
        );
    }
}

#[test]
fn a_negative_dual_has_no_root() {
    let below = Dual::new(Real::from_int(-1), Real::from_int(1));
    assert!(at_precision(64, || below.root()).is_none());
    assert!(Dual::new(-1.0, 1.0).root().is_none());
    assert_eq!(Dual::new(-1.0, 1.0).sign(), Some(std::cmp::Ordering::Less));
}

/// What models are given: where a number system has exponentials they are those of
/// `Scalar`; rationals have the one at 0, which is enough for its derivative there.
#[test]
fn exponentials_that_a_field_may_decline() {
    let q = |p: i32| Rational::from((p, 3));
    assert_eq!(q(0).exponential(), Some(q(3)));
    assert_eq!(q(1).exponential(), None);
    assert_eq!(0.5f64.exponential(), Some(Scalar::exp(&0.5)));
    assert_eq!(0.5f32.exponential(), Some(Scalar::exp(&0.5f32)));
    at_precision(128, || {
        let x = Real::from_rational(&q(1));
        assert_eq!(x.exponential(), Some(Scalar::exp(&x)));
        let x = Ball::from_rational(&q(1));
        assert_eq!(x.exponential(), Some(Scalar::exp(&x)));
    });
    let x = Dual::new(0.5f64, 3.0);
    assert_eq!(x.exponential(), Some(Scalar::exp(&x)));
    assert_eq!(x.exponential().map(|e| e.eps), Some(3.0 * libm::exp(0.5)));
}

/// Zero in every respect: the value and the derivative.
#[test]
fn a_dual_with_a_derivative_is_not_zero() {
    let dual = |re: i64, eps: i64| Dual::new(Real::from_int(re), Real::from_int(eps));
    assert!(dual(0, 0).is_exactly_zero());
    for (re, eps) in [(0, 1), (1, 0), (1, 1)] {
        assert!(!dual(re, eps).is_exactly_zero());
    }
}
