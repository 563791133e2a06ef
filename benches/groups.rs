//! Many symmetries at once: the rescalings of deep ReLU networks of 10³ to 10⁶ hidden
//! neurons, and the group GL(r) for r from 4 to 256 against plain factorisations.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use nalgebra::{DMatrix, SymmetricEigen};
use noise_equilibrium::balance::{Edge, Spectrum, Strength, Term, balance_network, geometric_mean};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// A number in (0, 1).
fn uniform(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u32() as f64 + 0.5) / 4_294_967_296.0
}

/// e^{s·(−1…1)}.
fn spread(rng: &mut ChaCha8Rng, s: f64) -> f64 {
    libm::exp(s * (2.0 * uniform(rng) - 1.0))
}

fn term(rng: &mut ChaCha8Rng, from: Option<u32>, to: Option<u32>) -> Term<f64, Edge> {
    Term {
        rate: Edge { from, to },
        noise: spread(rng, 5.0),
        charge: spread(rng, 2.0),
    }
}

/// Layers of `width` neurons, fully connected: depth = neurons / width.
fn narrow(neurons: u32, width: u32) -> Spectrum<f64, Edge> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut terms = Vec::new();
    for j in 0..neurons {
        let layer = j / width;
        let before: Vec<Option<u32>> = match layer.checked_sub(1) {
            Some(l) => (l * width..(l + 1) * width).map(Some).collect(),
            None => vec![None; width as usize],
        };
        terms.extend(before.into_iter().map(|i| term(&mut rng, i, Some(j))));
        if layer == (neurons - 1) / width {
            terms.push(term(&mut rng, Some(j), None));
        }
    }
    Spectrum::from_terms(terms)
}

/// Ten layers, each neuron with eight incoming weights from anywhere in the layer before.
fn wide(neurons: u32) -> Spectrum<f64, Edge> {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let width = neurons / 10;
    let mut terms = Vec::new();
    for j in 0..neurons {
        for _ in 0..8 {
            let layer = (j / width).checked_sub(1);
            let i = layer.map(|l| l * width + rng.next_u32() % width);
            terms.push(term(&mut rng, i, Some(j)));
        }
        // A neuron that none of the next layer picked has an output of its own.
        terms.push(term(&mut rng, Some(j), None));
    }
    Spectrum::from_terms(terms)
}

fn potential(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("deep ReLU network, passes over its weights");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100));
    for gamma in [0.0, 1e-2] {
        let strength = Strength {
            gamma,
            sigma2: 0.05,
        };
        for neurons in [1_000, 10_000, 100_000, 1_000_000] {
            for (shape, spectrum) in [
                ("width 4", narrow(neurons, 4)),
                ("10 layers", wide(neurons)),
            ] {
                let started = Instant::now();
                let found = balance_network(neurons as usize, &spectrum, &strength);
                let found = found.expect("a balanced network");
                println!(
                    "{neurons} neurons, {shape}, γ = {gamma}: {} weights, {} passes, imbalance {:.1e}, {:.1} s",
                    spectrum.terms().len(),
                    found.passes,
                    found.imbalance,
                    started.elapsed().as_secs_f64()
                );
                // Criterion takes ten samples at least: the largest is run once.
                if neurons == 1_000_000 {
                    continue;
                }
                group.throughput(Throughput::Elements(neurons.into()));
                let name = format!("{shape}, γ = {gamma}");
                group.bench_with_input(BenchmarkId::new(name, neurons), &spectrum, |bencher, s| {
                    bencher.iter(|| balance_network(neurons as usize, black_box(s), &strength));
                });
            }
        }
    }
    group.finish();
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

criterion_group!(benches, potential, general_linear);
criterion_main!(benches);
