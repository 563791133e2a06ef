//! The exponentials against MPFR's. The file itself is taken in here; it is private.

#[allow(dead_code, unreachable_pub)]
#[path = "../../src/scalar/lanes.rs"]
mod lanes;

use lanes::{Instructions, Kernel, TAYLOR, exp, exp_by, head, rough_exp};
use proptest::prelude::*;
use rug::Float;

const BITS: u32 = 200;

/// How far one number is from another, as a fraction of the latter.
fn apart(found: &Float, expected: &Float) -> f64 {
    let distance = Float::with_val(BITS, found - expected);
    (distance / expected).to_f64().abs()
}

fn value(split: lanes::Split) -> Float {
    Float::with_val(BITS, split.head) + split.tail
}

/// How far e^{rλ}, with λ of 26 bits, misses as a fraction of what is promised.
fn miss(coefficients: &[f64; 5], r: f64, lambda: f64) -> f64 {
    let lambda = head(lambda);
    let [high, low] = [head(r) * lambda, (r - head(r)) * lambda];
    let found = exp_by(coefficients, high, low);
    assert!(found.tail.abs() <= found.head * libm::exp2(-24.0));
    assert_eq!(found.head, head(found.head));
    let x = Float::with_val(BITS, r) * lambda;
    let expected = x.clone().exp();
    apart(&value(found), &expected) / (libm::exp2(-71.0) + x.to_f64().abs() * libm::exp2(-77.0))
}

/// Rates and λ whose product is of every size up to 700, and on both sides of where the
/// power of two changes.
fn places() -> Vec<(f64, f64)> {
    let mut places = Vec::new();
    for k in 1..4000 {
        let r = 1.0 + f64::from(k).sqrt().fract();
        let size = 700.0 * libm::exp2(-f64::from(k % 80));
        places.push((r, size * f64::from(k % 97 - 48) / 96.0));
    }
    for k in -1009..1009 {
        let edge = (f64::from(k) + 0.5) * std::f64::consts::LN_2;
        for near in [-1e-7, 0.0, 1e-7] {
            places.push((
                1.25 + f64::from(k) * 1e-4,
                (edge + near) / (1.25 + f64::from(k) * 1e-4),
            ));
        }
    }
    places
}

fn worst(coefficients: &[f64; 5]) -> f64 {
    let miss = |(r, lambda)| miss(coefficients, r, lambda);
    places().into_iter().map(miss).fold(0.0, f64::max)
}

#[test]
fn exponential_has_twenty_digits() {
    let worst = worst(&TAYLOR);
    assert!(worst <= 1.0, "{worst}");
}

/// Each coefficient shows, the last one too.
#[test]
fn a_wrong_coefficient_is_noticed() {
    for k in 0..TAYLOR.len() {
        let mut wrong = TAYLOR;
        wrong[k] *= 1.0625;
        assert!(worst(&wrong) > 1.0, "coefficient {k}");
    }
}

#[test]
fn rough_exponential_has_nine_digits() {
    for (r, lambda) in places() {
        let x = r * lambda;
        let expected = Float::with_val(BITS, x).exp();
        let fraction = apart(&Float::with_val(BITS, rough_exp(x)), &expected);
        // The second part is the rounding of k ln 2 and of the sums.
        let allowed = libm::exp2(-33.0) + (x.abs() + 8.0) * f64::EPSILON;
        assert!(fraction <= allowed, "{x}: {fraction}");
    }
}

/// Head and tail of e^x for many x, and one step of a polynomial as fused and not.
struct Many<'a> {
    x: &'a [f64],
    out: &'a mut [[f64; 4]],
}

impl Kernel for Many<'_> {
    #[inline(always)]
    fn run(self) {
        for (x, out) in self.x.iter().zip(self.out) {
            let e = exp(head(*x), 0.0);
            let [c, d, ..] = TAYLOR;
            *out = [e.head, e.tail, c + x * d, x.mul_add(d, c)];
        }
    }
}

/// The compiler has fused nothing, in whatever instructions; if it had, that would show.
#[test]
fn the_same_bits_in_all_instructions() {
    let x: Vec<f64> = places().iter().map(|(r, lambda)| r * lambda).collect();
    let single: Vec<[f64; 2]> = x
        .iter()
        .map(|x| exp(head(*x), 0.0))
        .map(|e| [e.head, e.tail])
        .collect();
    for instructions in Instructions::all() {
        let mut out = vec![[0.0; 4]; x.len()];
        let kernel = Many {
            x: &x,
            out: &mut out,
        };
        instructions.run(kernel);
        let found: Vec<[f64; 2]> = out.iter().map(|&[head, tail, ..]| [head, tail]).collect();
        assert!(found == single, "{}", instructions.name());
        let steps = out.iter().zip(&x);
        let apart = steps.filter(|(out, x)| out[2] != TAYLOR[0] + *x * TAYLOR[1]);
        assert_eq!(apart.count(), 0, "{}", instructions.name());
        let fused = out.iter().filter(|out| out[2] != out[3]);
        assert!(fused.count() > 100, "{}", instructions.name());
    }
}

proptest! {
    #[test]
    fn a_split_number_is_the_number(x in any::<f64>()) {
        let split = lanes::Split::of(x);
        prop_assert!(x.is_nan() || x.is_infinite() || split.value() == x);
    }

    #[test]
    fn split_products_and_reciprocals(x in 0.1..10.0, y in 0.1..10.0) {
        let inverse = lanes::Split::of(x).product(lanes::Split::of(y)).reciprocal();
        let expected = (Float::with_val(BITS, x) * y).recip();
        let fraction = apart(&value(inverse), &expected);
        prop_assert!(fraction <= libm::exp2(-75.0), "{fraction}");
    }
}
