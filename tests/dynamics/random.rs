//! Streams of random numbers.

use crate::{Z, bits};
use noise_equilibrium::dynamics::Stream;

fn first(seed: u64, name: &str, index: u64) -> Vec<u64> {
    let mut stream = Stream::seeded(seed, name, index);
    (0..8).map(|_| stream.bits()).collect()
}

#[test]
fn a_stream_depends_on_seed_name_and_index() {
    let base = first(7, "run", 3);
    assert_eq!(base, first(7, "run", 3));
    for other in [first(8, "run", 3), first(7, "Run", 3), first(7, "run", 4)] {
        assert!(base.iter().zip(&other).all(|(a, b)| a != b));
    }
}

/// ChaCha, SHA-256 and libm are the same everywhere.
#[test]
fn pinned() {
    let mut stream = Stream::seeded(0, "pinned", 0);
    let drawn = [stream.normal(), stream.normal(), stream.uniform()];
    assert_eq!(bits(&drawn), PINNED);
}

const PINNED: [u64; 3] = [
    0xbfdd_2406_b31d_3af5,
    0x3fc1_e561_fcb0_0bc9,
    0x3fe9_2251_1a07_a71f,
];

/// Each z = (estimate − expectation)/(standard deviation of the estimate).
#[test]
fn moments_of_normals() {
    let n = 100_000_u32;
    let count = f64::from(n);
    let x = Stream::seeded(0, "moments", 0).normals(n as usize, 1.0);
    let mean = |f: &dyn Fn(f64) -> f64| x.iter().map(|x| f(*x)).sum::<f64>() / count;
    // The variances of x^k are 1, 2, 15 and 96.
    for (k, expected, variance) in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)] {
        let moment = mean(&|x| libm::pow(x, f64::from(k)));
        let z = (moment - expected) / libm::sqrt(variance / count);
        assert!(z.abs() <= Z, "moment {k}: z = {z}");
    }
    // Neighbours, which share a radius, and those of the next pair.
    for lag in 1..4 {
        let products = x.iter().zip(&x[lag..]).map(|(a, b)| a * b);
        let z = products.sum::<f64>() / libm::sqrt(count);
        assert!(z.abs() <= Z, "lag {lag}: z = {z}");
        // Squares are as independent as the numbers are.
        let squares = x
            .iter()
            .zip(&x[lag..])
            .map(|(a, b)| (a * a - 1.0) * (b * b - 1.0));
        let z = squares.sum::<f64>() / (2.0 * libm::sqrt(count));
        assert!(z.abs() <= Z, "squares, lag {lag}: z = {z}");
    }
    // Uniform numbers would not pass: their fourth moment is 9/5.
    let z = (1.8 - 3.0) / libm::sqrt(96.0 / count);
    assert!(z.abs() > Z);
}

#[test]
fn two_streams_are_uncorrelated() {
    let n = 100_000;
    let [a, b] = [0, 1].map(|index| Stream::seeded(0, "pair", index).normals(n, 1.0));
    let z = a.iter().zip(&b).map(|(a, b)| a * b).sum::<f64>() / libm::sqrt(n as f64);
    assert!(z.abs() <= Z, "z = {z}");
}

#[test]
fn whole_numbers_and_signs_are_even() {
    let mut stream = Stream::seeded(0, "even", 0);
    let (n, sides) = (60_000, 6);
    let mut counts = vec![0_u32; sides];
    for _ in 0..n {
        counts[stream.below(sides)] += 1;
    }
    let p = 1.0 / sides as f64;
    for count in counts {
        let z = (f64::from(count) - f64::from(n) * p) / libm::sqrt(f64::from(n) * p * (1.0 - p));
        assert!(z.abs() <= Z, "z = {z}");
    }
    let signs: f64 = (0..n).map(|_| stream.sign()).sum();
    assert!((signs / libm::sqrt(f64::from(n))).abs() <= Z);
    assert!((0..100).all(|_| stream.below(1) == 0 && stream.below(0) == 0));
    let uniform: Vec<f64> = (0..n).map(|_| stream.uniform()).collect();
    assert!(uniform.iter().all(|x| (0.0..1.0).contains(x)));
    let mean = uniform.iter().sum::<f64>() / f64::from(n);
    assert!(((mean - 0.5) * libm::sqrt(12.0 * f64::from(n))).abs() <= Z);
}
