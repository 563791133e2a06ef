//! The group GL(r) for r from 4 to 256 against plain factorisations.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use nalgebra::{DMatrix, SymmetricEigen};
use noise_equilibrium::balance::geometric_mean::geometric_mean;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use std::hint::black_box;
use std::time::Duration;

/// A number in (0, 1).
fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u32() as f64 + 0.5) / 4_294_967_296.0
}

fn positive(rng: &mut ChaCha8Rng, r: usize) -> DMatrix<f64> {
    let b = DMatrix::from_fn(r, r, |_, _| uniform(rng) - 0.5);
    &b * b.transpose() + DMatrix::identity(r, r) * 0.1
}

fn general_linear(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("GL(r)");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100));
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    for r in [4, 8, 16, 32, 64, 128, 256] {
        let (m, n) = (positive(&mut rng, r), positive(&mut rng, r));
        group.bench_with_input(BenchmarkId::new("geometric mean", r), &r, |bencher, _| {
            bencher.iter(|| geometric_mean(black_box(&m), black_box(&n)));
        });
        // The peer in the same run: one eigendecomposition of the same size.
        group.bench_with_input(
            BenchmarkId::new("eigendecomposition", r),
            &r,
            |bencher, _| {
                bencher.iter(|| SymmetricEigen::new(black_box(m.clone())));
            },
        );
    }
    group.finish();
}

criterion_group!(benches, general_linear);
criterion_main!(benches);
