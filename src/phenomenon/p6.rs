//! P6: scale invariance, as a whole and layer by layer.

use super::{
    Axis, Bound, Estimate, Experiment, Figure, Finding, Panel, Phenomenon, Sabotage, Series,
    Settings, Style, ensemble,
};
use crate::dynamics::{
    Data, Descent, Network, Normalisation, Sampling, Schedule, Source, Stream, gradient_flow,
};
use crate::model::Activation;

/// The entry of PHENOMENA.
pub static PHENOMENON: Phenomenon = Phenomenon {
    id: "P6",
    file: file!(),
    name: "scale invariance",
    hypothesis: "Under SGD the norm of a scale-invariant network grows; where each layer is scale-invariant, \
                 that of each layer grows at every step. Under gradient descent these norms' squares grow by less than \
                 2η(L(0) − L(T)) in all, under SGD by more than ten times that, and under gradient flow they stay. Where only \
                 the whole is scale-invariant, gradient descent moves more than ten times that from layer to layer.",
    run: |settings| run(settings, Variant::Right),
    steps: |full| 2 * runs(full) * (STEPS + STEPS / DESCENT),
    sabotages: &[
        Sabotage {
            name: "gradient descent in place of SGD",
            run: |settings| run(settings, Variant::NoNoise),
        },
        Sabotage {
            name: "weights that are not normalised",
            run: |settings| run(settings, Variant::NotNormalised),
        },
    ],
};

#[derive(Clone, Copy, PartialEq)]
enum Variant {
    Right,
    NoNoise,
    NotNormalised,
}

const STEPS: u64 = 20_000;
/// Gradient descent takes this many times fewer steps, each with sixteen times the samples.
const DESCENT: u64 = 4;
const PARTS: u64 = 100;
const RATE: f64 = 0.02;
const WIDTHS: [usize; 4] = [4, 6, 5, 3];
const SAMPLES: usize = 64;

/// How long gradient flow is followed.
const FLOW: f64 = 10.0;
/// So many times what gradient descent can do is something else.
const FAR: f64 = 10.0;

fn runs(full: bool) -> u64 {
    if full { 64 } else { 8 }
}

/// A tanh network.
fn network(normalisation: Normalisation) -> Network {
    Network {
        normalisation,
        gain: 2.0,
        ..Network::new(&WIDTHS, Activation::Tanh)
    }
}

/// Inputs and targets that have nothing to do with each other: the gradients of the samples
/// never agree, so that there is noise for ever.
fn data(seed: u64) -> Data {
    let mut stream = Stream::seeded(seed, "P6 data", 0);
    let (inputs, targets) = (WIDTHS[0], WIDTHS[WIDTHS.len() - 1]);
    Data {
        inputs,
        targets,
        x: stream.normals(SAMPLES * inputs, 1.0),
        y: stream.normals(SAMPLES * targets, 0.5),
    }
}

/// The same for SGD, gradient descent and gradient flow.
fn start(network: &Network, stream: &mut Stream) -> Vec<f64> {
    let mut theta = vec![0.0; network.dim()];
    for l in 1..=network.layers() {
        let deviation = libm::sqrt(1.0 / network.widths[l - 1] as f64);
        let range = network.range(l);
        let layer = stream.normals(range.len(), deviation);
        theta[range].copy_from_slice(&layer);
    }
    theta
}

fn squares(v: &[f64]) -> f64 {
    v.iter().fold(0.0, |total, x| total + x * x)
}

/// ‖θ_l‖² for each layer, then ‖θ‖².
fn norms(network: &Network, theta: &[f64]) -> Vec<f64> {
    let layers = (1..=network.layers()).map(|l| squares(&theta[network.range(l)]));
    layers.chain([squares(theta)]).collect()
}

struct Trace {
    /// t, then what [`norms`] says: at 0, T/100, …, T.
    curve: Vec<(f64, Vec<f64>)>,
    /// Steps at which ‖θ_l‖ fell for some layer l.
    falls: u64,
    /// L(0) − L(T).
    descended: f64,
}

impl Trace {
    fn change(&self, l: usize) -> f64 {
        let ends = [self.curve.last(), self.curve.first()];
        let [end, start] = ends.map(|at| at.map_or(f64::NAN, |(_, norms)| norms[l]));
        end - start
    }
}

fn trace(network: &Network, data: &Data, settings: &Settings, index: u64, noisy: bool) -> Trace {
    let mut stream = Stream::seeded(settings.seed, "P6", index);
    let theta = start(network, &mut stream);
    let (sampling, steps) = if noisy {
        (Sampling::WithReplacement(4), STEPS)
    } else {
        (Sampling::Full, STEPS / DESCENT)
    };
    let descent = Descent {
        network,
        source: Source::Finite(data, sampling),
        schedule: Schedule::Constant(RATE),
        gamma: 0.0,
    };
    let loss = network.loss(&theta, data);
    let mut run = descent.start(theta, stream);
    let mut before = norms(network, &run.theta);
    let mut curve = vec![(0.0, before.clone())];
    let mut falls = 0;
    for _ in 0..PARTS {
        for _ in 0..steps / PARTS {
            run.step();
            let now = norms(network, &run.theta);
            let layers = network.layers();
            falls += u64::from(now.iter().zip(&before).take(layers).any(|(a, b)| a < b));
            before = now;
        }
        curve.push((run.steps as f64 * RATE, before.clone()));
    }
    (settings.progress)(steps);
    Trace {
        curve,
        falls,
        descended: loss - network.loss(&run.theta, data),
    }
}

/// The runs of one network, each trio from one start.
struct Measured {
    sgd: Vec<Trace>,
    descent: Vec<Trace>,
    /// What [`norms`] says at the end of gradient flow, over what it says at its start.
    flow: Vec<Vec<f64>>,
}

impl Measured {
    fn of(network: &Network, data: &Data, settings: &Settings, noisy: bool) -> Self {
        let all = runs(settings.full);
        let traces = |noisy| ensemble(all, |i| trace(network, data, settings, i, noisy));
        let flow = |index| {
            let theta = start(network, &mut Stream::seeded(settings.seed, "P6", index));
            let before = norms(network, &theta);
            let flow = gradient_flow(network, data, 0.0, theta, FLOW);
            let after = flow.map_or(vec![f64::NAN; before.len()], |theta| norms(network, &theta));
            let ratios = after.iter().zip(&before);
            ratios.map(|(after, before)| after / before).collect()
        };
        Self {
            sgd: traces(noisy),
            descent: traces(false),
            flow: ensemble(all, flow),
        }
    }

    /// One number for each start, from its index and what ‖θ_l‖² may grow by under gradient
    /// descent: it grows by Σ η²‖g_l‖² exactly (T5), and Σ η‖g‖² is what the loss falls by, up
    /// to a factor 1 − ηκ/2 of at least ½ where descent is stable.
    fn each(&self, number: impl Fn(usize, f64) -> f64) -> Estimate {
        let starts = self.descent.iter().enumerate();
        let numbers = starts.map(|(i, descent)| number(i, 2.0 * RATE * descent.descended));
        Estimate::of(&numbers.collect::<Vec<_>>())
    }

    /// How the `l`th of [`norms`] changes under each of the three.
    fn of_one(&self, l: usize, what: &str) -> [Finding; 3] {
        let flow: Vec<f64> = self.flow.iter().map(|ratios| ratios[l]).collect();
        [
            Finding::new(
                format!("growth of {what} under SGD, less 20η(L(0) − L(T)) of gradient descent"),
                self.each(|i, possible| self.sgd[i].change(l) - FAR * possible),
                Bound::Above(0.0),
            ),
            Finding::new(
                format!("growth of {what} under gradient descent over 2η(L(0) − L(T))"),
                self.each(|i, possible| self.descent[i].change(l) / possible),
                Bound::Below(1.0),
            ),
            Finding::new(
                format!("{what} at the end of gradient flow over that at the start"),
                Estimate::of(&flow),
                // Some hundred steps within 10⁻¹¹, times 2√d (see `flow_step`).
                Bound::Within {
                    prediction: 1.0,
                    tolerance: 1e-6,
                },
            ),
        ]
    }
}

fn run(settings: &Settings, variant: Variant) -> Experiment {
    let data = data(settings.seed);
    let kind = |normalisation| match variant {
        Variant::NotNormalised => network(Normalisation::None),
        _ => network(normalisation),
    };
    let noisy = variant != Variant::NoNoise;
    let [whole, layers] = [Normalisation::Global, Normalisation::Layers]
        .map(|normalisation| Measured::of(&kind(normalisation), &data, settings, noisy));
    let depth = WIDTHS.len() - 1;
    let mut findings = Vec::from(whole.of_one(depth, "‖θ‖², one symmetry,"));
    findings.push(Finding::new(
        "the largest change of some ‖θ_l‖² under gradient descent, one symmetry, less 20η(L(0) − L(T))",
        whole.each(|i, possible| {
            let changes = (0..depth).map(|l| whole.descent[i].change(l).abs());
            changes.fold(0.0, f64::max) - FAR * possible
        }),
        Bound::Above(0.0),
    ));
    for l in 0..depth {
        findings.extend(layers.of_one(l, &format!("‖θ_{}‖²", l + 1)));
    }
    // A step adds some 10⁻⁴ to a square and rounds off 10⁻¹⁵ of it: not a single fall.
    let falls = layers.sgd.iter().map(|t| t.falls as f64);
    let falls = Estimate::of(&falls.collect::<Vec<_>>());
    findings.push(Finding::new(
        "steps of a run of SGD at which the norm of some layer falls",
        falls,
        Bound::Below(1.0 / falls.runs as f64),
    ));
    Experiment {
        findings,
        figure: Figure {
            title: "P6: noise lets scale-invariant weights grow".to_owned(),
            panels: vec![
                panel("one scaling symmetry", &whole, &[depth]),
                panel("one for each layer", &layers, &[0, 1, 2]),
            ],
        },
    }
}

/// The first run of each kind; `kept` are the norms that gradient flow keeps.
fn panel(label: &str, measured: &Measured, kept: &[usize]) -> Panel {
    let depth = WIDTHS.len() - 1;
    let all = if kept.contains(&depth) {
        depth + 1
    } else {
        depth
    };
    let name = |l: usize, what: &str| match l {
        l if l == depth => format!("all layers, {what}"),
        l => format!("layer {}, {what}", l + 1),
    };
    let mut series = Vec::new();
    let kinds = [
        (&measured.sgd, "SGD"),
        (&measured.descent, "gradient descent"),
    ];
    for (traces, what) in kinds {
        let curve = traces.first().map_or(&[][..], |t| &t.curve);
        for l in 0..all {
            let points = curve.iter().map(|(time, norms)| (*time, norms[l]));
            series.push(Series::new(&name(l, what), Style::Line, points));
        }
    }
    let start = measured.sgd.first().and_then(|t| t.curve.first());
    for l in kept {
        let level = start.map_or(f64::NAN, |(_, norms)| norms[*l]);
        let ends = [0.0, RATE * STEPS as f64].map(|time| (time, level));
        series.push(Series::new(
            &name(*l, "gradient flow (T3)"),
            Style::Theory,
            ends,
        ));
    }
    Panel {
        x: Axis::linear(&format!("t = η·steps (time), {label}")),
        y: Axis::log("‖θ_l‖² (p²)"),
        series,
    }
}
