//! P3: noise normalises representations, and what scale invariance does to that.

use super::{
    Axis, Bound, Estimate, Experiment, Figure, Finding, Panel, Phenomenon, Sabotage, Series,
    Settings, Style, ensemble,
};
use crate::balance::Strength;
use crate::dynamics::{
    Data, Descent, Network, Normalisation, Run, Sampling, Schedule, Source, Stream, Teacher,
    alignment, pair_flow,
};
use crate::model::Activation;
use nalgebra::DMatrix;

/// The entry of PHENOMENA.
pub static PHENOMENON: Phenomenon = Phenomenon {
    id: "P3",
    file: file!(),
    name: "representation normalisation",
    hypothesis: "As η → 0 SGD takes the covariance of the hidden representation WΣ_xWᵀ to UᵀΣ_εU times Tr Σ_x/Tr Σ_ε; gradient \
                 descent from the same starts goes to the nearest minimum with UᵀU − WWᵀ as it was, up to 2η(L(0) − L(T)), and \
                 leaves the imbalance. The norm of a scale-invariant layer grows as t^{1/4} instead, unless weight decay stops it \
                 at ‖θ*‖⁴ = ηE‖g‖²/(4γ(1 − ηγ)), g the gradient of a batch at θ/‖θ‖.",
    run: |settings| run(settings, Variant::Right),
    steps: |full| runs(full) * (6 * LINEAR + LINEAR / DESCENT + GROWTH + REST),
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

/// Steps of the linear network: by the flow of the whole group a thousandth of the imbalance is
/// left at half of them. Of growth without decay, and until rest with it.
const LINEAR: u64 = 180_000;
/// Gradient descent takes this many times fewer: e^{−17} of what is slowest is left then.
const DESCENT: u64 = 8;
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

/// A minimum with a hidden layer of two: U = V's first two columns times P, W = P⁻¹(1 0)
/// with P = diag(1, ¼), far from balance in size and in shape.
fn minimum() -> Vec<f64> {
    let up = [1.0, 0.125, -0.5, 0.25, 0.25, 0.0];
    let down = [1.0, 0.0, 0.0, 0.0, 4.0, 0.0];
    [up, down].concat()
}

/// The minimum with all its weights off by normal numbers of this deviation: U is moved by
/// a tenth of itself, and the traces by a fifth of themselves. That is a tenth of how far
/// the traces are apart, e^{2.9}.
const OFF: f64 = 0.05;

/// The same start for SGD and gradient descent.
fn start(settings: &Settings, index: u64) -> Vec<f64> {
    let mut theta = minimum();
    let off = Stream::seeded(settings.seed, "P3 start", index).normals(theta.len(), OFF);
    theta.iter_mut().zip(off).for_each(|(x, off)| *x += off);
    theta
}

/// UᵀU − WWᵀ.
fn charge(network: &Network, theta: &[f64]) -> DMatrix<f64> {
    let [u, w] = matrices(network, theta);
    u.tr_mul(&u) - &w * w.transpose()
}

/// U and W as they are used.
fn matrices(network: &Network, theta: &[f64]) -> [DMatrix<f64>; 2] {
    [2, 1].map(|l| {
        let (rows, columns) = (network.widths[l], network.widths[l - 1]);
        let own = DMatrix::from_row_slice(rows, columns, &theta[network.range(l)]);
        match network.normalisation {
            Normalisation::None => own,
            _ => own.normalize() * network.gain,
        }
    })
}

/// Two linear layers; where each is normalised, the minimum above is one still.
fn linear(normalisation: Normalisation) -> Network {
    let plain = Network::new(&[3, 2, 3], Activation::Identity);
    let [u, w] = matrices(&plain, &minimum());
    Network {
        normalisation,
        gain: libm::sqrt(u.norm() * w.norm()),
        ..plain
    }
}

/// WΣ_xWᵀ/Tr Σ_x and UᵀΣ_εU/Tr Σ_ε.
fn covariances(network: &Network, teacher: &Teacher, theta: &[f64]) -> [DMatrix<f64>; 2] {
    let scaled = |v: &[f64]| DMatrix::from_diagonal(&v.to_vec().into()) / v.iter().sum::<f64>();
    let [u, w] = matrices(network, theta);
    [
        &w * scaled(&teacher.input_variance) * w.transpose(),
        u.tr_mul(&(scaled(&teacher.label_variance) * &u)),
    ]
}

/// Ratio of traces and alignment.
fn compare([p, q]: &[DMatrix<f64>; 2]) -> [f64; 2] {
    [p.trace() / q.trace(), alignment(p, q)]
}

/// Both along a run.
struct Normalised {
    /// What [`compare`] says at the start.
    before: [f64; 2],
    /// t and what it says then.
    curve: Vec<(f64, [f64; 2])>,
    /// The same of the means over the second half.
    late: [f64; 2],
    /// How far the charges of all generators S with ‖S‖ ≤ 1 moved at most, the sum of the
    /// absolute eigenvalues of what UᵀU − WWᵀ changed by, over 2η(L(0) − L(T)).
    moved: f64,
}

/// 2^{−k/2} of all steps, down to k = 0.
fn checkpoints(steps: u64) -> impl Iterator<Item = u64> {
    let part = move |k: i32| steps as f64 * libm::exp2(-0.5 * f64::from(k));
    (0..24).rev().map(move |k| libm::round(part(k)) as u64)
}

const LINEAR_RATE: f64 = 0.02;

/// A run at the learning rate 0.02/`divisor`: relaxation takes η^{−2} steps.
fn normalised(
    network: &Network,
    settings: &Settings,
    index: u64,
    noisy: bool,
    divisor: u64,
) -> Normalised {
    let teacher = teacher();
    let moments = teacher.moments();
    let source = if noisy {
        Source::Fresh(&teacher)
    } else {
        Source::Finite(&moments, Sampling::Full)
    };
    let rate = LINEAR_RATE / divisor as f64;
    let descent = Descent {
        network,
        source,
        schedule: Schedule::Constant(rate),
        gamma: 0.0,
    };
    let stream = Stream::seeded(settings.seed, &format!("P3 linear {divisor}"), index);
    let theta = start(settings, index);
    let before = compare(&covariances(network, &teacher, &theta));
    let (loss, kept) = (network.loss(&theta, &moments), charge(network, &theta));
    let mut run = descent.start(theta, stream);
    let steps = if noisy {
        LINEAR * divisor * divisor
    } else {
        LINEAR / DESCENT
    };
    let mut curve = Vec::new();
    let point = |run: &Run| {
        let now = covariances(network, &teacher, &run.theta);
        (run.steps as f64 * rate, compare(&now))
    };
    for until in checkpoints(steps).filter(|until| *until <= steps / 2) {
        run.advance(until - run.steps);
        curve.push(point(&run));
    }
    let mut total = [DMatrix::zeros(2, 2), DMatrix::zeros(2, 2)];
    for part in 1..=50 {
        run.advance(steps / 100);
        let now = covariances(network, &teacher, &run.theta);
        total.iter_mut().zip(now).for_each(|(t, x)| *t += x);
        if part % 10 == 0 {
            curve.push(point(&run));
        }
    }
    (settings.progress)(steps);
    let change = charge(network, &run.theta) - kept;
    let moved = if change.iter().all(|x| x.is_finite()) {
        change.symmetric_eigenvalues().abs().sum()
    } else {
        f64::NAN
    };
    let descended = loss - network.loss(&run.theta, &moments);
    Normalised {
        before,
        curve,
        late: compare(&total),
        moved: moved / (2.0 * rate * descended),
    }
}

/// What the flow of the whole group says of a run at these times.
fn predicted(times: &[f64], divisor: u64) -> Option<Vec<(f64, [f64; 2])>> {
    let network = linear(Normalisation::None);
    let teacher = teacher();
    let moments = teacher.moments();
    let strength = Strength::from_learning_rate(0.0, LINEAR_RATE / divisor as f64, 1.0).ok()?;
    let (mut theta, mut now) = (minimum(), 0.0);
    let at = |time: &f64| {
        theta = pair_flow(&network, &moments, &strength, 1, theta.clone(), time - now).ok()?;
        now = *time;
        Some((now, compare(&covariances(&network, &teacher, &theta))))
    };
    times.iter().map(at).collect()
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
    let sampling = if noisy {
        Sampling::WithReplacement(1)
    } else {
        Sampling::Full
    };
    Descent {
        network,
        source: Source::Finite(data, sampling),
        schedule: Schedule::Constant(RATE),
        gamma,
    }
}

/// A run of the scale-invariant layer.
struct Scaled {
    /// t and ‖θ‖.
    curve: Vec<(f64, f64)>,
    /// By how much ‖θ‖⁴ grew in the second half, over 2η times the integral of m there (C2).
    growth: f64,
    /// The mean of ‖θ‖⁴ over the second half, and that of m: E‖g‖² at θ/‖θ‖.
    fourth: f64,
    moment: f64,
}

/// Measured 256 times in each half octave of the second half, before that once.
fn scaled(settings: &Settings, index: u64, gamma: f64, noisy: bool) -> Scaled {
    let (network, data) = (layer(), data(settings.seed));
    let (name, deviation, steps) = if gamma > 0.0 {
        ("P3 rest", 0.5, REST)
    } else {
        ("P3 growth", 0.1, GROWTH)
    };
    let mut stream = Stream::seeded(settings.seed, name, index);
    let theta = stream.normals(network.dim(), deviation);
    let mut run = descent(&network, &data, gamma, noisy).start(theta, stream);
    let mut curve = Vec::new();
    for until in checkpoints(steps).filter(|until| *until < steps / 2) {
        run.advance(until - run.steps);
        curve.push((until as f64 * RATE, libm::sqrt(squares(&run.theta))));
    }
    let (mut fourth, mut moment, mut half, mut end) = (0.0, 0.0, 0.0, 0.0);
    for k in (0..=512).rev() {
        let until = libm::round(steps as f64 * libm::exp2(-f64::from(k) / 512.0)) as u64;
        let weight = (until - run.steps) as f64 / (steps / 2) as f64;
        run.advance(until - run.steps);
        let square = squares(&run.theta);
        end = square * square;
        match k {
            512 => half = end,
            _ => {
                fourth += weight * end;
                moment += weight * second_moment(&network, &data, &run.theta);
            }
        }
        if k % 256 == 0 {
            curve.push((until as f64 * RATE, libm::sqrt(square)));
        }
    }
    (settings.progress)(steps);
    Scaled {
        curve,
        growth: (end - half) / (RATE * RATE * moment * steps as f64),
        fourth,
        moment,
    }
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

/// ‖θ*‖⁴ for a mean of m.
fn at_rest(moment: f64, gamma: f64) -> f64 {
    RATE * moment / (4.0 * gamma * (1.0 - RATE * gamma))
}

fn run(settings: &Settings, variant: Variant) -> Experiment {
    let noisy = variant != Variant::NoNoise;
    let all = runs(settings.full);
    let [plain, scaled_layers] = [Normalisation::None, Normalisation::Layers].map(linear);
    let after = ensemble(all, |index| {
        [1, 2].map(|divisor| normalised(&plain, settings, index, noisy, divisor))
    });
    // The bias of a finite learning rate is of first order in it: two rates remove it.
    let of = |k: usize| {
        let limits = after.iter().map(|[a, b]| 2.0 * b.late[k] - a.late[k]);
        Estimate::of(&limits.collect::<Vec<_>>())
    };
    let still = ensemble(all, |index| normalised(&plain, settings, index, false, 1));
    let invariant = ensemble(all, |index| {
        normalised(&scaled_layers, settings, index, noisy, 1)
    });
    let descended =
        |f: &dyn Fn(&Normalised) -> f64| Estimate::of(&still.iter().map(f).collect::<Vec<_>>());
    let growing = ensemble(all, |index| scaled(settings, index, 0.0, noisy));
    let resting = ensemble(all, |index| scaled(settings, index, DECAY, noisy));
    let claimed = match variant {
        Variant::HalfDecay => DECAY / 2.0,
        _ => DECAY,
    };
    let estimate = |runs: &[Scaled], f: &dyn Fn(&Scaled) -> f64| {
        Estimate::of(&runs.iter().map(f).collect::<Vec<_>>())
    };
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
            "ln of the ratio of traces after gradient descent, over that before",
            descended(&|run| libm::log(run.late[0]) / libm::log(run.before[0])),
            Bound::Within {
                prediction: 1.0,
                tolerance: 0.1,
            },
        ),
        Finding::new(
            "rise of the alignment under gradient descent",
            descended(&|run| run.late[1] - run.before[1]),
            Bound::Within {
                prediction: 0.0,
                tolerance: 0.1,
            },
        ),
        Finding::new(
            "change of UᵀU − WWᵀ under gradient descent over 2η(L(0) − L(T))",
            descended(&|run| run.moved),
            Bound::Below(1.0),
        ),
        Finding::new(
            "exponent of ‖θ‖ in t, scale-invariant, γ = 0",
            estimate(&growing, &|run| exponent(&run.curve)),
            Bound::Within {
                prediction: 0.25,
                tolerance: 0.02,
            },
        ),
        Finding::new(
            "growth of ‖θ‖⁴ over 2η∫E‖g(θ/‖θ‖)‖²dt, γ = 0",
            estimate(&growing, &|run| run.growth),
            Bound::Within {
                prediction: 1.0,
                tolerance: 0.05,
            },
        ),
        Finding::new(
            format!("‖θ‖⁴ at rest over ηE‖g‖²/(4γ(1 − ηγ)), γ = {DECAY}"),
            estimate(&resting, &|run| run.fourth / at_rest(run.moment, claimed)),
            Bound::Within {
                prediction: 1.0,
                tolerance: 0.05,
            },
        ),
    ];
    Experiment {
        findings,
        figure: Figure {
            title: "P3: noise normalises representations; scale-invariant weights grow".to_owned(),
            panels: vec![
                comparison(&after, &still, 0),
                comparison(&after, &still, 1),
                both(&invariant),
                norms(&growing, &resting, claimed),
            ],
        },
    }
}

/// Ratio of traces (k = 0) or alignment (k = 1) against time, in the mean over runs.
fn mean<'a>(runs: impl Iterator<Item = &'a Normalised>, k: usize) -> Vec<(f64, Estimate)> {
    let runs: Vec<&Normalised> = runs.collect();
    let curve = runs.first().map_or(&[][..], |run| &run.curve);
    let at = |(i, (t, _)): (usize, &(f64, [f64; 2]))| {
        let values: Vec<f64> = runs.iter().map(|run| run.curve[i].1[k]).collect();
        (*t, Estimate::of(&values))
    };
    curve.iter().enumerate().map(at).collect()
}

/// Both, of the weights that are used where each layer is normalised.
fn both(runs: &[Normalised]) -> Panel {
    Panel {
        x: Axis::log("t = η·steps (time), each layer scale-invariant"),
        y: Axis::linear("ratio of traces and alignment, of the weights in use"),
        series: vec![
            Series::estimates("ratio of traces, SGD", mean(runs.iter(), 0)),
            Series::estimates("alignment, SGD", mean(runs.iter(), 1)),
        ],
    }
}

/// One of the two at the smaller learning rate, beside the flow and gradient descent.
fn comparison(after: &[[Normalised; 2]], still: &[Normalised], k: usize) -> Panel {
    let sgd = mean(after.iter().map(|[_, fine]| fine), k);
    let descent = mean(still.iter(), k);
    let descent = descent.into_iter().map(|(t, estimate)| (t, estimate.mean));
    let times: Vec<f64> = sgd.iter().map(|(t, _)| *t).collect();
    let line = |curve: Vec<(f64, [f64; 2])>| curve.into_iter().map(move |(t, both)| (t, both[k]));
    let theory = line(predicted(&times, 2).unwrap_or_default());
    let label = "t = η·steps (time), η = 0.01";
    Panel {
        x: Axis::log(label),
        y: match k {
            0 => Axis::log("Tr(WΣ_xWᵀ)/Tr Σ_x over Tr(UᵀΣ_εU)/Tr Σ_ε"),
            _ => Axis::linear("alignment of WΣ_xWᵀ and UᵀΣ_εU"),
        },
        series: vec![
            Series::new("flow of the group (T17)", Style::Theory, theory),
            Series::estimates("SGD", sgd),
            Series::new("gradient descent", Style::Line, descent),
        ],
    }
}

/// ‖θ‖ of the scale-invariant layer: the first run with and without weight decay.
fn norms(growing: &[Scaled], resting: &[Scaled], gamma: f64) -> Panel {
    let root = |x: f64| libm::sqrt(libm::sqrt(x));
    let curve = |runs: &[Scaled]| runs.first().map_or(Vec::new(), |run| run.curve.clone());
    let (up, flat) = (curve(growing), curve(resting));
    let moment = |runs: &[Scaled]| runs.first().map_or(f64::NAN, |run| run.moment);
    // Without the start, which is forgotten.
    let law = |t: f64| root(2.0 * RATE * moment(growing) * t);
    let growth: Vec<_> = up.iter().map(|(t, _)| (*t, law(*t))).collect();
    let rest = root(at_rest(moment(resting), gamma));
    let rest: Vec<_> = flat.iter().map(|(t, _)| (*t, rest)).collect();
    Panel {
        x: Axis::log("t = η·steps (time), scale-invariant layer"),
        y: Axis::log("‖θ‖ (p)"),
        series: vec![
            Series::new("C2, γ = 0: ∝ t^{1/4}", Style::Theory, growth),
            Series::new("SGD, γ = 0", Style::Points, up),
            Series::new("C2, γ = 0.005", Style::Theory, rest),
            Series::new("SGD, γ = 0.005", Style::Points, flat),
        ],
    }
}
