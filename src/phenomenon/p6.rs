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
    name: "scale invariance",
    hypothesis: "Under SGD the norm of a scale-invariant network grows; where each layer is scale-invariant, \
                 that of each layer grows at every step. Under gradient descent ‖θ_l‖² grows by less than 2η(L(0) − L(T)) \
                 in all, under SGD by more than ten times that, and under gradient flow it stays.",
    run: |settings| run(settings, Variant::Right),
    steps: |full| STEPS * (2 * runs(full) + 2),
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
const PARTS: u64 = 100;
const RATE: f64 = 0.02;
const WIDTHS: [usize; 4] = [4, 6, 5, 3];
const SAMPLES: usize = 64;

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
    /// At 0, T/100, …, T.
    norms: Vec<Vec<f64>>,
    /// Steps at which ‖θ_l‖ fell for some layer l, as a share of all.
    falls: f64,
    /// L(0) − L(T).
    descended: f64,
}

fn trace(network: &Network, data: &Data, settings: &Settings, index: u64, noisy: bool) -> Trace {
    let mut stream = Stream::seeded(settings.seed, "P6", index);
    let theta = start(network, &mut stream);
    let sampling = match noisy {
        true => Sampling::WithReplacement(4),
        false => Sampling::Full,
    };
    let descent = Descent {
        network,
        source: Source::Finite(data, sampling),
        schedule: Schedule::Constant(RATE),
        gamma: 0.0,
    };
    let loss = network.loss(&theta, data);
    let mut run = descent.start(theta, stream);
    let mut curve = vec![norms(network, &run.theta)];
    let mut before = curve[0].clone();
    let mut falls = 0u64;
    for _ in 0..PARTS {
        for _ in 0..STEPS / PARTS {
            run.step();
            let now = norms(network, &run.theta);
            let layers = network.layers();
            falls += u64::from(now.iter().zip(&before).take(layers).any(|(a, b)| a < b));
            before = now;
        }
        curve.push(before.clone());
    }
    (settings.progress)(STEPS);
    Trace {
        norms: curve,
        falls: falls as f64 / STEPS as f64,
        descended: loss - network.loss(&run.theta, data),
    }
}

fn run(settings: &Settings, variant: Variant) -> Experiment {
    let data = data(settings.seed);
    let kind = |normalisation| match variant {
        Variant::NotNormalised => network(Normalisation::None),
        _ => network(normalisation),
    };
    let (global, layered) = (kind(Normalisation::Global), kind(Normalisation::Layers));
    let noisy = variant != Variant::NoNoise;
    let all = runs(settings.full);
    let sgd =
        |network: &Network| ensemble(all, |index| trace(network, &data, settings, index, noisy));
    let (whole, layers) = (sgd(&global), sgd(&layered));
    // From where the first run of SGD starts.
    let descent = trace(&layered, &data, settings, 0, false);
    let depth = layered.layers();
    let end = PARTS as usize;
    let growth = |t: &Trace, l: usize| t.norms[end][l] - t.norms[0][l];
    let grown = |traces: &[Trace], l: usize| {
        Estimate::of(&traces.iter().map(|t| growth(t, l)).collect::<Vec<_>>())
    };
    // ‖θ_l‖² grows by Σ η²‖g_l‖² exactly (T5), and Σ η‖g‖² is what the loss falls by, up
    // to a factor 1 − ηκ/2 of at least ½ where descent is stable.
    let possible = |descent: &Trace| 2.0 * RATE * descent.descended;
    let mut findings = vec![Finding::new(
        "growth of ‖θ‖² under SGD, one symmetry",
        grown(&whole, depth),
        Bound::Above(10.0 * possible(&trace(&global, &data, settings, 0, false))),
    )];
    // Gradient flow from where gradient descent starts.
    let mut stream = Stream::seeded(settings.seed, "P6", 0);
    let theta = start(&layered, &mut stream);
    let flow = gradient_flow(&layered, &data, 0.0, theta.clone(), 20.0);
    let flow = flow.map_or(vec![f64::NAN; depth + 1], |flow| norms(&layered, &flow));
    let still = norms(&layered, &theta);
    for l in 0..depth {
        findings.push(Finding::new(
            format!("growth of ‖θ_{}‖² under SGD", l + 1),
            grown(&layers, l),
            Bound::Above(10.0 * possible(&descent)),
        ));
        findings.push(Finding::new(
            format!("growth of ‖θ_{}‖² under gradient descent", l + 1),
            Estimate::exact(growth(&descent, l)),
            Bound::Below(possible(&descent)),
        ));
        findings.push(Finding::new(
            format!(
                "‖θ_{}‖² at the end of gradient flow over that at the start",
                l + 1
            ),
            Estimate::exact(flow[l] / still[l]),
            Bound::Within {
                prediction: 1.0,
                tolerance: 1e-6,
            },
        ));
    }
    let falls =
        |traces: &[Trace]| Estimate::of(&traces.iter().map(|t| t.falls).collect::<Vec<_>>());
    findings.push(Finding::new(
        "share of the steps of SGD at which the norm of some layer falls",
        falls(&layers),
        Bound::Within {
            prediction: 0.0,
            tolerance: 1.0 / STEPS as f64,
        },
    ));
    let curve = |t: &Trace, l: usize| {
        let points = t.norms.iter().enumerate().map(|(k, norms)| {
            let time = RATE * (k as u64 * (STEPS / PARTS)) as f64;
            (time, norms[l])
        });
        points.collect::<Vec<_>>()
    };
    let panel = |label: &str, traces: &[Trace], descent: Option<&Trace>| {
        let mut series = Vec::new();
        for l in 0..depth {
            let name = format!("layer {}, SGD", l + 1);
            series.extend(
                traces
                    .first()
                    .map(|t| Series::new(&name, Style::Line, curve(t, l))),
            );
        }
        if let Some(t) = descent {
            for l in 0..depth {
                let name = format!("layer {}, gradient descent", l + 1);
                series.push(Series::new(&name, Style::Line, curve(t, l)));
            }
            let end = RATE * STEPS as f64;
            for l in 0..depth {
                let constant = [(0.0, still[l]), (end, still[l])];
                let name = format!("layer {}, gradient flow (T3)", l + 1);
                series.push(Series::new(&name, Style::Theory, constant));
            }
        } else {
            series.extend(
                traces
                    .first()
                    .map(|t| Series::new("all, SGD", Style::Line, curve(t, depth))),
            );
        }
        Panel {
            x: Axis::linear(&format!("t = η·steps, {label}")),
            y: Axis::log("‖θ_l‖²"),
            series,
        }
    };
    Experiment {
        findings,
        figure: Figure {
            title: "P6: noise lets scale-invariant weights grow".to_owned(),
            panels: vec![
                panel("one scaling symmetry", &whole, None),
                panel("one for each layer", &layers, Some(&descent)),
            ],
        },
    }
}
