//! Addition, multiplication and e^x: what the number types add to MPFR, and balls to both.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use noise_equilibrium::scalar::{Ball, Field, Rational, Real, Scalar, at_precision};
use noise_equilibrium::theorem::Draw;
use rug::Float;
use std::hint::black_box;
use std::time::Duration;

/// Two numbers that fill their mantissas, below 1 and 2.
fn operands() -> [Rational; 2] {
    let mut draw = Draw::seeded(0, "number systems", 0);
    [draw.positive() / 7, draw.positive() / 11]
}

fn at<const BITS: u32>(criterion: &mut Criterion) {
    at_precision(BITS, || compare(criterion, BITS));
}

fn compare(criterion: &mut Criterion, bits: u32) {
    let [x, y] = operands();
    let floats = [&x, &y].map(|q| Float::with_val(bits, q));
    let numbers = [&x, &y].map(Real::from_rational);
    let balls = [&x, &y].map(Ball::from_rational);
    // In place, as nalgebra's products do.
    let sums = |a: &Ball, b: &Ball| {
        let mut total = a.clone();
        total += b;
        total
    };

    let mut group = group(criterion, &format!("add/{bits} bits"));
    let [a, b] = &floats;
    group.bench_function("rug", |bencher| {
        bencher.iter(|| Float::with_val(bits, black_box(a) + black_box(b)));
    });
    let [a, b] = &numbers;
    group.bench_function("Real", |bencher| {
        bencher.iter(|| black_box(a) + black_box(b));
    });
    let [a, b] = &balls;
    group.bench_function("Ball", |bencher| {
        bencher.iter(|| black_box(a) + black_box(b));
    });
    group.bench_function("Ball, in place", |bencher| {
        bencher.iter(|| sums(black_box(a), black_box(b)));
    });
    group.finish();

    let mut group = self::group(criterion, &format!("multiply/{bits} bits"));
    let [a, b] = &floats;
    group.bench_function("rug", |bencher| {
        bencher.iter(|| Float::with_val(bits, black_box(a) * black_box(b)));
    });
    let [a, b] = &numbers;
    group.bench_function("Real", |bencher| {
        bencher.iter(|| black_box(a) * black_box(b));
    });
    let [a, b] = &balls;
    group.bench_function("Ball", |bencher| {
        bencher.iter(|| black_box(a) * black_box(b));
    });
    group.finish();

    let mut group = self::group(criterion, &format!("exp/{bits} bits"));
    let a = &floats[0];
    group.bench_function("rug", |bencher| {
        bencher.iter(|| Float::with_val(bits, black_box(a).exp_ref()));
    });
    let a = &numbers[0];
    group.bench_function("Real", |bencher| bencher.iter(|| black_box(a).exp()));
    let a = &balls[0];
    group.bench_function("Ball", |bencher| bencher.iter(|| black_box(a).exp()));
    group.finish();
}

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group
        .sample_size(30)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1));
    group
}

criterion_group!(benches, at::<256>, at::<4096>);
criterion_main!(benches);
