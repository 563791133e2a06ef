//! Multiplication and e^x: what the number types add to MPFR, and intervals to both.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use noise_equilibrium::scalar::{Field, Interval, Mp, Rational, Scalar};
use noise_equilibrium::theorem::Draw;
use rug::Float;
use std::hint::black_box;
use std::time::Duration;

/// Two numbers that fill their mantissas, below 1 and 2.
fn operands() -> [Rational; 2] {
    let mut draw = Draw::seeded(0, "number systems", 0);
    [draw.positive() / 7, draw.positive() / 11]
}

fn at<const P: u32>(criterion: &mut Criterion) {
    let [x, y] = operands();
    let floats = [Float::with_val(P, &x), Float::with_val(P, &y)];
    let numbers = [&x, &y].map(Mp::<P>::from_rational);
    let intervals = [&x, &y].map(Interval::<P>::from_rational);
    // Around zero, all four products of end points count.
    let around_zero = intervals.clone().map(|i| i.clone() - i.square() - i);

    let mut group = group(criterion, &format!("multiply/{P} bits"));
    let [a, b] = &floats;
    group.bench_function("rug", |bencher| {
        bencher.iter(|| Float::with_val(P, black_box(a) * black_box(b)));
    });
    let [a, b] = &numbers;
    group.bench_function("Mp", |bencher| {
        bencher.iter(|| black_box(a) * black_box(b));
    });
    let [a, b] = &intervals;
    group.bench_function("Interval", |bencher| {
        bencher.iter(|| black_box(a) * black_box(b));
    });
    let [a, b] = &around_zero;
    group.bench_function("Interval of any sign", |bencher| {
        bencher.iter(|| black_box(a) * black_box(b));
    });
    group.finish();

    let mut group = self::group(criterion, &format!("exp/{P} bits"));
    let a = &floats[0];
    group.bench_function("rug", |bencher| {
        bencher.iter(|| Float::with_val(P, black_box(a).exp_ref()));
    });
    let a = &numbers[0];
    group.bench_function("Mp", |bencher| bencher.iter(|| black_box(a).exp()));
    let a = &intervals[0];
    group.bench_function("Interval", |bencher| bencher.iter(|| black_box(a).exp()));
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
