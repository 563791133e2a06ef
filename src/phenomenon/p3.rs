//! P3: noise normalises representations, and what scale invariance does to that.

use super::{
    Axis, Bound, Estimate, Experiment, Figure, Finding, Panel, Phenomenon, Sabotage, Series,
    Settings, Style, ensemble,
};
use crate::dynamics::{
    Data, Descent, Network, Normalisation, Sampling, Schedule, Source, Stream, Teacher, alignment,
};
use crate::model::Activation;
use nalgebra::DMatrix;

/// The entry of PHENOMENA.
pub static PHENOMENON: Phenomenon = Phenomenon {
    id: "P3",
    name: "representation normalisation",
    hypothesis: "As η → 0 SGD takes the covariance of the hidden representation WΣ_xWᵀ to UᵀΣ_εU times Tr Σ_x/Tr Σ_ε, gradient \
                 descent does not. The norm of a scale-invariant layer grows as t^{1/4} instead, unless weight decay stops it \
                 at ‖θ*‖⁴ = ηE‖g‖²/(4γ(1 − ηγ)), g the gradient of a batch at θ/‖θ‖.",
    run: |settings| run(settings, Variant::Right),
    steps: |full| runs(full) * (5 * LINEAR + GROWTH + REST) + LINEAR,
    sabotages: &[
        Sabotage {
            name: "gradient descent in place of SGD",
            run: |settings| run(settings, Variant::NoNoise),
        },
        Sabotage {
            name: "γ in place of 2γ",
            run: |settings| run(settings, Variant::HalfDecay),
        },
    ],
};

#[derive(Clone, Copy, PartialEq)]
enum Variant {
    Right,
    NoNoise,
    HalfDecay,
}

/// Steps of the linear network, of growth without decay, and until rest with it.
const LINEAR: u64 = 60_000;
const GROWTH: u64 = 200_000;
const REST: u64 = 100_000;

fn runs(full: bool) -> u64 {
    if full { 48 } else { 8 }
}

fn teacher() -> Teacher {
    Teacher {
        map: vec![1.0, 0.5, 0.0, -0.5, 1.0, 0.0, 0.25, 0.0, 0.0],
        input_variance: vec![1.0, 0.5, 0.25],
        label_variance: vec![0.02, 0.04, 0.06],
        batch: 1,
    }
}

/// A minimum with rank-two hidden layer: U = V's first two columns times P, W = P⁻¹(1 0).
fn minimum() -> Vec<f64> {
    // P = diag(2, ½), by which representation and its readout differ by a factor of 16.
    let up = [2.0, 0.25, -1.0, 0.5, 0.5, 0.0];
    let down = [0.5, 0.0, 0.0, 0.0, 2.0, 0.0];
    [up, down].concat()
}

/// WΣ_xWᵀ/Tr Σ_x and UᵀΣ_εU/Tr Σ_ε.
fn covariances(network: &Network, teacher: &Teacher, theta: &[f64]) -> [DMatrix<f64>; 2] {
    let matrix = |l: usize| {
        let (rows, columns) = (network.widths[l], network.widths[l - 1]);
        DMatrix::from_row_slice(rows, columns, &theta[network.range(l)])
    };
    let scaled = |v: &[f64]| DMatrix::from_diagonal(&v.to_vec().into()) / v.iter().sum::<f64>();
    let (u, w) = (matrix(2), matrix(1));
    [
        &w * scaled(&teacher.input_variance) * w.transpose(),
        u.tr_mul(&(scaled(&teacher.label_variance) * &u)),
    ]
}

/// Ratio of traces and alignment of the two, with the mean over the second half of a run,
/// at the learning rate 0.02/`divisor`: relaxation takes η^{−2} steps.
fn normalised(settings: &Settings, index: u64, noisy: bool, divisor: u64) -> [f64; 2] {
    let network = Network::new(&[3, 2, 3], Activation::Identity);
    let teacher = teacher();
    let moments = teacher.moments();
    let source = match noisy {
        true => Source::Fresh(&teacher),
        false => Source::Finite(&moments, Sampling::Full),
    };
    let descent = Descent {
        network: &network,
        source,
        schedule: Schedule::Constant(0.02 / divisor as f64),
        gamma: 0.0,
    };
    let stream = Stream::seeded(settings.seed, &format!("P3 linear {divisor}"), index);
    let mut run = descent.start(minimum(), stream);
    let steps = LINEAR * divisor * divisor;
    run.advance(steps / 2);
    let mut total = [DMatrix::zeros(2, 2), DMatrix::zeros(2, 2)];
    for _ in 0..50 {
        run.advance(steps / 100);
        let now = covariances(&network, &teacher, &run.theta);
        total.iter_mut().zip(now).for_each(|(t, x)| *t += x);
    }
    (settings.progress)(steps);
    let [p, q] = total;
    [p.trace() / q.trace(), alignment(&p, &q)]
}

/// A linear layer on a normalised weight.
fn layer() -> Network {
    Network {
        normalisation: Normalisation::Global,
        ..Network::new(&[4, 3], Activation::Identity)
    }
}

fn data(seed: u64) -> Data {
    let mut stream = Stream::seeded(seed, "P3 data", 0);
    Data {
        inputs: 4,
        targets: 3,
        x: stream.normals(4 * 64, 1.0),
        y: stream.normals(3 * 64, 1.0),
    }
}

const RATE: f64 = 0.02;
const DECAY: f64 = 0.005;

fn squares(v: &[f64]) -> f64 {
    v.iter().fold(0.0, |total, x| total + x * x)
}

/// E‖g‖² of a single sample at θ/‖θ‖.
fn second_moment(network: &Network, data: &Data, theta: &[f64]) -> f64 {
    let norm = libm::sqrt(squares(theta));
    let direction: Vec<f64> = theta.iter().map(|x| x / norm).collect();
    let gradients = network.per_sample(&direction, data);
    gradients.iter().map(|g| squares(g)).sum::<f64>() / data.len() as f64
}

fn descent<'a>(network: &'a Network, data: &'a Data, gamma: f64, noisy: bool) -> Descent<'a> {
    let sampling = match noisy {
        true => Sampling::WithReplacement(1),
        false => Sampling::Full,
    };
    Descent {
        network,
        source: Source::Finite(data, sampling),
        schedule: Schedule::Constant(RATE),
        gamma,
    }
}

/// ‖θ‖ at steps that grow by a factor of 2^{1/2}, up to [`GROWTH`].
fn growth(settings: &Settings, index: u64, noisy: bool) -> Vec<(f64, f64)> {
    let (network, data) = (layer(), data(settings.seed));
    let mut stream = Stream::seeded(settings.seed, "P3 growth", index);
    let theta = stream.normals(network.dim(), 0.1);
    let mut run = descent(&network, &data, 0.0, noisy).start(theta, stream);
    let mut curve = Vec::new();
    for k in 0.. {
        let until = libm::floor(16.0 * libm::exp2(f64::from(k) / 2.0)) as u64;
        if until > GROWTH {
            break;
        }
        run.advance(until - run.steps);
        curve.push((until as f64 * RATE, libm::sqrt(squares(&run.theta))));
    }
    (settings.progress)(GROWTH);
    curve
}

/// The slope in the logarithms over the last factor of 64 in time, by least squares.
fn exponent(curve: &[(f64, f64)]) -> f64 {
    let late = &curve[curve.len().saturating_sub(13)..];
    let points: Vec<(f64, f64)> = late
        .iter()
        .map(|(t, y)| (libm::log(*t), libm::log(*y)))
        .collect();
    let n = points.len() as f64;
    let mean = |f: fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>() / n;
    let (x, y) = (mean(|p| p.0), mean(|p| p.1));
    let both = points.iter().map(|p| (p.0 - x) * (p.1 - y)).sum::<f64>();
    both / points.iter().map(|p| (p.0 - x) * (p.0 - x)).sum::<f64>()
}

/// ‖θ‖⁴ at rest with weight decay, over what the directions of θ on the way predict.
fn rest(settings: &Settings, index: u64, variant: Variant) -> f64 {
    let (network, data) = (layer(), data(settings.seed));
    let mut stream = Stream::seeded(settings.seed, "P3 rest", index);
    let theta = stream.normals(network.dim(), 0.5);
    let noisy = variant != Variant::NoNoise;
    let mut run = descent(&network, &data, DECAY, noisy).start(theta, stream);
    run.advance(REST / 2);
    let claimed = if variant == Variant::HalfDecay {
        DECAY / 2.0
    } else {
        DECAY
    };
    let (mut found, mut predicted) = (0.0, 0.0);
    for _ in 0..500 {
        run.advance(REST / 1000);
        let square = squares(&run.theta);
        found += square * square;
        let moment = second_moment(&network, &data, &run.theta);
        predicted += RATE * moment / (4.0 * claimed * (1.0 - RATE * claimed));
    }
    (settings.progress)(REST);
    found / predicted
}

fn run(settings: &Settings, variant: Variant) -> Experiment {
    let noisy = variant != Variant::NoNoise;
    let all = runs(settings.full);
    let network = Network::new(&[3, 2, 3], Activation::Identity);
    let [p, q] = covariances(&network, &teacher(), &minimum());
    let before = [p.trace() / q.trace(), alignment(&p, &q)];
    let after = ensemble(all, |index| {
        [1, 2].map(|divisor| normalised(settings, index, noisy, divisor))
    });
    // The bias of a finite learning rate is of first order in it: two rates remove it.
    let of = |k: usize| {
        let limits = after.iter().map(|[coarse, fine]| 2.0 * fine[k] - coarse[k]);
        Estimate::of(&limits.collect::<Vec<_>>())
    };
    let still = normalised(settings, all, false, 1);
    let curves = ensemble(all, |index| growth(settings, index, noisy));
    let exponents: Vec<f64> = curves.iter().map(|curve| exponent(curve)).collect();
    let rests = ensemble(all, |index| rest(settings, index, variant));
    let findings = vec![
        Finding::new(
            "Tr(WΣ_xWᵀ)/Tr Σ_x over Tr(UᵀΣ_εU)/Tr Σ_ε after SGD, η → 0",
            of(0),
            Bound::Within {
                prediction: 1.0,
                tolerance: 0.05,
            },
        ),
        Finding::new(
            "alignment of the two after SGD, η → 0",
            of(1),
            Bound::Above(0.99),
        ),
        Finding::new(
            "the ratio of traces after gradient descent, over that before",
            Estimate::exact(still[0] / before[0]),
            Bound::Within {
                prediction: 1.0,
                tolerance: 0.01,
            },
        ),
        Finding::new(
            "the alignment after gradient descent",
            Estimate::exact(still[1]),
            Bound::Within {
                prediction: before[1],
                tolerance: 0.01,
            },
        ),
        Finding::new(
            "exponent of ‖θ‖ in t, scale-invariant, γ = 0",
            Estimate::of(&exponents),
            Bound::Within {
                prediction: 0.25,
                tolerance: 0.02,
            },
        ),
        Finding::new(
            format!("‖θ‖⁴ at rest over ηE‖g‖²/(4γ(1 − ηγ)), γ = {DECAY}"),
            Estimate::of(&rests),
            Bound::Within {
                prediction: 1.0,
                tolerance: 0.05,
            },
        ),
    ];
    let points = |rate: usize| {
        let ratios = after.iter().map(move |rates| rates[rate][0]);
        ratios.enumerate().map(|(i, ratio)| (i as f64 + 1.0, ratio))
    };
    let first = curves.first().cloned().unwrap_or_default();
    let anchor = first.last().copied().unwrap_or((1.0, 1.0));
    let law = first
        .iter()
        .map(|(t, _)| (*t, anchor.1 * libm::pow(t / anchor.0, 0.25)));
    let ends = [1.0, all as f64];
    Experiment {
        findings,
        figure: Figure {
            title: "P3: noise normalises representations; scale-invariant weights grow".to_owned(),
            panels: vec![
                Panel {
                    x: Axis::linear("run"),
                    y: Axis::log("Tr(WΣ_xWᵀ)/Tr Σ_x over Tr(UᵀΣ_εU)/Tr Σ_ε"),
                    series: vec![
                        Series::new("theory (C3)", Style::Theory, ends.map(|x| (x, 1.0))),
                        Series::new("before", Style::Line, ends.map(|x| (x, before[0]))),
                        Series::new("SGD, η = 0.02", Style::Points, points(0)),
                        Series::new("SGD, η = 0.01", Style::Points, points(1)),
                    ],
                },
                Panel {
                    x: Axis::log("t = η·steps, scale-invariant layer, γ = 0"),
                    y: Axis::log("‖θ‖"),
                    series: vec![
                        Series::new("t^{1/4} (C2)", Style::Theory, law),
                        Series::new("SGD", Style::Points, first.clone()),
                    ],
                },
            ],
        },
    }
}
