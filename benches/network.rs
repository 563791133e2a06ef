//! Per-sample gradients and spectra of networks of 740 parameters on the digits.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, criterion_group, criterion_main};
use nalgebra::DMatrix;
use noise_equilibrium::balance::{Noise, Orbit, Spectrum};
use noise_equilibrium::model::{Activation, Deep, Loss, Model, Sample, Symmetric, digits};
use noise_equilibrium::scalar::{Field, Rational, convert};
use noise_equilibrium::symmetry::Generator;
use noise_equilibrium::theorem::Draw;
use std::hint::black_box;
use std::time::Duration;

const INPUTS: usize = 64;
const HIDDEN: usize = 10;
const OUTPUTS: usize = 10;
/// Samples for exact arithmetic.
const FEW: usize = 100;

/// A network, a point, and a generator that leaves the loss unchanged.
struct Network {
    name: &'static str,
    model: Model,
    /// φ′ below 0; 1 for the linear network.
    slope: f64,
    theta: Vec<Rational>,
    generator: Generator,
}

/// Odd multiples of 2⁻²⁰: no pre-activation of a digit is exactly at the kink.
fn numbers(draw: &mut Draw, n: usize) -> Vec<Rational> {
    let number = |_| Rational::from((2 * draw.integer(-(1 << 19), (1 << 19) - 1) + 1, 1 << 20));
    (0..n).map(number).collect()
}

fn networks() -> [Network; 2] {
    let mut draw = Draw::seeded(0, "networks", 0);
    let two_layers = |activation| {
        Model::Deep(Deep {
            widths: vec![INPUTS, HIDDEN, OUTPUTS],
            activation,
        })
    };
    let linear = two_layers(Activation::Identity);
    let leaky = two_layers(Activation::LeakyRelu {
        slope: Rational::from((1, 8)),
    });
    let entries = draw.vector(HIDDEN * HIDDEN);
    let entry = |i: usize, j: usize| entries[i.max(j) * HIDDEN + i.min(j)].clone();
    let direction: Vec<Vec<Rational>> = (0..HIDDEN)
        .map(|i| (0..HIDDEN).map(|j| entry(i, j)).collect())
        .collect();
    let rescaling = leaky.symmetries().swap_remove(0);
    [
        Network {
            name: "linear",
            slope: 1.0,
            theta: numbers(&mut draw, linear.dim()),
            model: linear,
            generator: Generator::factor(OUTPUTS, INPUTS, &direction).expect("a symmetric matrix"),
        },
        Network {
            name: "leaky ReLU",
            slope: 0.125,
            theta: numbers(&mut draw, leaky.dim()),
            model: leaky,
            generator: rescaling,
        },
    ]
}

fn gradients<S: Field>(model: &Model, theta: &[S], samples: &[Sample<S>]) -> Vec<Vec<S>> {
    let gradient = |z| model.gradient(theta, z).expect("away from the kink");
    samples.iter().map(gradient).collect()
}

/// The gradient of one sample, written out for doubles.
fn plain_gradient(slope: f64, theta: &[f64], z: &Sample<f64>) -> Vec<f64> {
    let (u, w) = theta.split_at(OUTPUTS * HIDDEN);
    let mut gradient = vec![0.0; theta.len()];
    let (mut hidden, mut factor, mut back) = ([0.0; HIDDEN], [1.0; HIDDEN], [0.0; HIDDEN]);
    for (j, row) in w.chunks(INPUTS).enumerate() {
        let h: f64 = row.iter().zip(&z.input).map(|(w, x)| w * x).sum();
        factor[j] = if h > 0.0 { 1.0 } else { slope };
        hidden[j] = factor[j] * h;
    }
    let (gradient_u, gradient_w) = gradient.split_at_mut(OUTPUTS * HIDDEN);
    for (i, row) in u.chunks(HIDDEN).enumerate() {
        let f: f64 = row.iter().zip(&hidden).map(|(u, h)| u * h).sum();
        let error = 2.0 * (f - z.target[i]);
        for j in 0..HIDDEN {
            gradient_u[i * HIDDEN + j] = error * hidden[j];
            back[j] += row[j] * error;
        }
    }
    for (j, row) in gradient_w.chunks_mut(INPUTS).enumerate() {
        for (g, x) in row.iter_mut().zip(&z.input) {
            *g = back[j] * factor[j] * x;
        }
    }
    gradient
}

/// Σ as a d × d matrix, by one matrix product.
fn dense_covariance(gradients: &[Vec<f64>]) -> DMatrix<f64> {
    let d = gradients[0].len();
    let mut g = DMatrix::from_fn(gradients.len(), d, |i, j| gradients[i][j]);
    for mut column in g.column_iter_mut() {
        let mean = column.mean();
        column.add_scalar_mut(-mean);
    }
    #[expect(clippy::cast_precision_loss, reason = "a few thousand rows")]
    let n = gradients.len() as f64;
    g.tr_mul(&g) / n
}

fn one_by_one<S, T>(samples: &[Sample<S>], f: impl Fn(&Sample<S>) -> T) {
    for sample in samples {
        black_box(f(black_box(sample)));
    }
}

fn doubles(criterion: &mut Criterion) {
    let samples: Vec<Sample<f64>> = digits().iter().map(Sample::convert).collect();
    for network in networks() {
        let Network {
            name,
            model,
            slope,
            theta,
            generator,
        } = &network;
        let theta: Vec<f64> = convert(theta);
        let rows = gradients(model, &theta, &samples);
        for (z, row) in samples.iter().zip(&rows) {
            let plain = plain_gradient(*slope, &theta, z);
            let close = |(x, y): (&f64, &f64)| (x - y).abs() <= 1e-9 * (1.0 + y.abs());
            assert!(row.iter().zip(&plain).all(close));
        }
        let title = format!("{name}, 740 parameters, {} samples, f64", samples.len());

        let mut group = group(criterion, &title);
        // One at a time: all of them together would measure the allocator.
        group.bench_function("gradients", |bencher| {
            bencher.iter(|| one_by_one(&samples, |z| model.gradient(black_box(&theta), z)));
        });
        group.bench_function("gradients written out", |bencher| {
            bencher.iter(|| one_by_one(&samples, |z| plain_gradient(*slope, &theta, z)));
        });
        group.bench_function("spectrum", |bencher| {
            bencher.iter(|| Spectrum::from_gradients(generator, &theta, black_box(&rows)));
        });
        group.bench_function("dense covariance", |bencher| {
            bencher.iter(|| dense_covariance(black_box(&rows)));
        });
        group.finish();
    }
}

fn rationals(criterion: &mut Criterion) {
    let samples = &digits()[..FEW];
    let doubles: Vec<Sample<f64>> = samples.iter().map(Sample::convert).collect();
    for network in networks() {
        let Network {
            name,
            model,
            theta,
            generator,
            ..
        } = &network;
        let theta_f64: Vec<f64> = convert(theta);
        let rows = gradients(model, theta, samples);
        let rows_f64 = gradients(model, &theta_f64, &doubles);
        let orbit = Orbit::new(
            generator.clone(),
            theta.clone(),
            Noise::Gradients(rows.clone()),
        )
        .expect("shapes that fit");

        let title = format!("{name}, 740 parameters, {FEW} samples");
        let mut group = group(criterion, &title);
        group.bench_function("gradients, rational", |bencher| {
            bencher.iter(|| one_by_one(samples, |z| model.gradient(black_box(theta), z)));
        });
        group.bench_function("gradients, f64", |bencher| {
            bencher.iter(|| one_by_one(&doubles, |z| model.gradient(black_box(&theta_f64), z)));
        });
        group.bench_function("spectrum, rational", |bencher| {
            bencher.iter(|| black_box(&orbit).spectrum());
        });
        group.bench_function("spectrum, f64", |bencher| {
            bencher.iter(|| Spectrum::from_gradients(generator, &theta_f64, black_box(&rows_f64)));
        });
        group.finish();
    }
}

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group
        .sample_size(10)
        .sampling_mode(SamplingMode::Flat)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    group
}

criterion_group!(benches, doubles, rationals);
criterion_main!(benches);
