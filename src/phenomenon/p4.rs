//! P4: formation of latent representations.

use super::{
    Axis, Bound, Estimate, Experiment, Figure, Finding, Panel, Phenomenon, Sabotage, Series,
    Settings, Style, ensemble,
};
use crate::balance::geometric_mean::{geometric_mean, square_root};
use crate::dynamics::{Data, Descent, Network, Sampling, Schedule, Source, Stream, alignment};
use crate::model::{Activation, CLASSES, digits};
use nalgebra::DMatrix;

/// The entry of PHENOMENA.
pub static PHENOMENON: Phenomenon = Phenomenon {
    id: "P4",
    file: file!(),
    name: "formation of latent representations",
    hypothesis: "On digits with label noise SGD aligns E[hhᵀ] with UᵀΣ_εU, and E[g_Uᵀg_U] with E[g_Wg_Wᵀ], to above 0.9 \
                 in a linear network and in a tanh network whose units stay in their linear range, φ′ above 0.9 in the mean; \
                 gradient descent from the same starts aligns nothing. Where units leave that range the symmetry is broken, \
                 and neither gets there. (The paper has tanh networks aligned, and the linear one as T17's θ*.)",
    run: |settings| run(settings, Variant::Right),
    steps: |full| NETS.len() as u64 * runs(full) * (steps(full) + steps(full) / DESCENT),
    sabotages: &[
        Sabotage {
            name: "gradient descent in place of SGD",
            run: |settings| run(settings, Variant::NoNoise),
        },
        Sabotage {
            name: "the noise of other labels",
            run: |settings| run(settings, Variant::Reversed),
        },
    ],
};

#[derive(Clone, Copy, PartialEq)]
enum Variant {
    Right,
    /// All data at each step.
    NoNoise,
    /// What is compared takes Σ_ε in the reverse order.
    Reversed,
}

/// A network, and what its targets, label noise and start are scaled with.
struct Net {
    name: &'static str,
    activation: Activation,
    /// Targets and noise times c, weights at the start times √c, η over c: nothing changes
    /// in a linear network but the size of the hidden layer, E‖h‖² ∝ c. In tanh z = z − z³/3 + …
    /// the second term is E z² of the first.
    scale: f64,
    /// Is it expected to align?
    aligns: bool,
}

const NETS: [Net; 3] = [
    Net {
        name: "linear",
        activation: Activation::Identity,
        scale: 1.0,
        aligns: true,
    },
    Net {
        name: "tanh, targets/16",
        activation: Activation::Tanh,
        scale: 1.0 / 16.0,
        aligns: true,
    },
    Net {
        name: "tanh",
        activation: Activation::Tanh,
        scale: 1.0,
        aligns: false,
    },
];

/// Every 14th digit.
const SAMPLES: usize = 128;
const HIDDEN: usize = 8;
/// η, for c = 1 and single samples.
const RATE: f64 = 0.01;
/// Gradient descent is over when its gradient is 0: it takes this many times fewer steps,
/// each this times larger.
const DESCENT: u64 = 64;
const LARGER: f64 = 5.0;
/// Measurements: 2^{−k/4} of all steps, k < 41; the last 5 are the second half.
const MEASUREMENTS: usize = 41;
const LATE: usize = 5;
/// Means over time take so many more between two of the last.
const AVERAGED: u64 = 16;
/// Mean of φ′ from which on units are in their linear range.
const LINEAR: f64 = 0.9;
/// Alignment from which on two matrices count as aligned.
const ALIGNED: f64 = 0.9;

/// On average over modes (P5's rate with traces for matrices) the linear network relaxes in
/// (‖U‖² + ‖W‖²)/(16σ²K) of time, 32 000 steps: this is four and sixteen times that.
fn steps(full: bool) -> u64 {
    if full { 512_000 } else { 128_000 }
}

fn runs(full: bool) -> u64 {
    if full { 24 } else { 6 }
}

/// The diagonal of Σ_ε at c = 1.
fn label_variance() -> Vec<f64> {
    (1..=CLASSES).map(|k| 0.02 * k as f64).collect()
}

fn centre(rows: &mut [f64], width: usize) {
    for k in 0..width {
        let column = || rows.iter().skip(k).step_by(width);
        let mean = column().sum::<f64>() / column().count() as f64;
        rows.iter_mut()
            .skip(k)
            .step_by(width)
            .for_each(|x| *x -= mean);
    }
}

/// What one network learns from.
struct Task {
    network: Network,
    /// Digits and classes, centred.
    clean: Data,
    /// Each of them 20 times, with ±√(10Σ_jj) added to its jth target: Σ_ε exactly, and
    /// independent of x.
    noisy: Data,
    label_variance: Vec<f64>,
    rate: f64,
    scale: f64,
}

impl Task {
    fn of(net: &Net) -> Self {
        let chosen: Vec<_> = digits().iter().step_by(14).take(SAMPLES).cloned().collect();
        let mut clean = Data::of(&chosen);
        centre(&mut clean.x, clean.inputs);
        centre(&mut clean.y, clean.targets);
        clean.y.iter_mut().for_each(|y| *y *= net.scale);
        let square = net.scale * net.scale;
        let label_variance: Vec<f64> = label_variance().iter().map(|v| v * square).collect();
        let mut noisy = Data {
            x: Vec::new(),
            y: Vec::new(),
            ..clean
        };
        for i in 0..clean.len() {
            let (x, y) = clean.sample(i);
            for (j, variance) in label_variance.iter().enumerate() {
                let noise = libm::sqrt(CLASSES as f64 * variance);
                for noise in [noise, -noise] {
                    noisy.x.extend(x);
                    noisy.y.extend(y);
                    let row = noisy.y.len() - clean.targets;
                    noisy.y[row + j] += noise;
                }
            }
        }
        Self {
            network: Network::new(&[clean.inputs, HIDDEN, CLASSES], net.activation.clone()),
            clean,
            noisy,
            label_variance,
            rate: RATE / net.scale,
            scale: net.scale,
        }
    }

    fn matrix(&self, theta: &[f64], l: usize) -> DMatrix<f64> {
        let widths = &self.network.widths;
        DMatrix::from_row_slice(widths[l], widths[l - 1], &theta[self.network.range(l)])
    }

    /// Normal with variance c over the number of inputs: Kaiming's for c = 1.
    fn start(&self, stream: &mut Stream) -> Vec<f64> {
        let mut theta = vec![0.0; self.network.dim()];
        for l in 1..=2 {
            let range = self.network.range(l);
            let variance = self.scale / self.network.widths[l - 1] as f64;
            let layer = stream.normals(range.len(), libm::sqrt(variance));
            theta[range].copy_from_slice(&layer);
        }
        theta
    }

    /// E[g_Uᵀg_U]/4 and E[g_Wg_Wᵀ]/4 for a single noisy sample, then E[hhᵀ] and UᵀΣ_εU.
    fn covariances(&self, theta: &[f64], variant: Variant) -> [DMatrix<f64>; 4] {
        let n = self.clean.len();
        let mut variances = self.label_variance.clone();
        if variant == Variant::Reversed {
            variances.reverse();
        }
        let mut work = self.network.workspace(n);
        let hidden = self.network.hidden(theta, &self.clean.x, 1, &mut work);
        let h = DMatrix::from_row_slice(n, HIDDEN, hidden);
        let outputs = self.network.outputs(theta, &self.clean.x, &mut work);
        let residual = DMatrix::from_row_slice(n, CLASSES, outputs)
            - DMatrix::from_row_slice(n, CLASSES, &self.clean.y);
        let up = self.matrix(theta, 2);
        let read = up.tr_mul(&(DMatrix::from_diagonal(&variances.clone().into()) * &up));
        let total: f64 = variances.iter().sum();
        // Each row times the root of its weight in the mean.
        let (mut of_up, mut of_down) = (h.clone(), &residual * &up);
        let mut slopes = h.map(|h| self.slope_at(h));
        of_down.component_mul_assign(&slopes);
        for i in 0..n {
            let x = self.clean.sample(i).0;
            let size = libm::sqrt(x.iter().fold(0.0, |t, x| t + x * x));
            let error = residual.row(i).iter().fold(total, |t, r| t + r * r);
            of_up.row_mut(i).scale_mut(libm::sqrt(error));
            of_down.row_mut(i).scale_mut(size);
            slopes.row_mut(i).scale_mut(size);
        }
        let mean = |rows: &DMatrix<f64>| rows.tr_mul(rows) / n as f64;
        let noise = mean(&slopes).component_mul(&read);
        [mean(&of_up), mean(&of_down) + noise, mean(&h), read]
    }

    /// The mean of φ′ over all samples and hidden units.
    fn slope(&self, theta: &[f64]) -> f64 {
        let mut work = self.network.workspace(self.clean.len());
        let hidden = self.network.hidden(theta, &self.clean.x, 1, &mut work);
        hidden.iter().map(|h| self.slope_at(*h)).sum::<f64>() / hidden.len() as f64
    }

    /// φ′, where φ is h.
    fn slope_at(&self, h: f64) -> f64 {
        match self.network.activation {
            Activation::Tanh => 1.0 - h * h,
            _ => 1.0,
        }
    }

    /// Alignment of E[hhᵀ] with UᵀΣ_εU, and of the noise of U with that of W.
    fn alignments(&self, theta: &[f64], variant: Variant) -> [f64; 2] {
        let [up, down, hidden, read] = self.covariances(theta, variant);
        [alignment(&hidden, &read), alignment(&up, &down)]
    }

    /// T17's point on the orbit of θ, in a linear network.
    fn balanced(&self, theta: &[f64]) -> Option<Vec<f64>> {
        let [n, m, ..] = self.covariances(theta, Variant::Right);
        let p = square_root(&geometric_mean(&m, &n)?)?;
        let rows = |m: DMatrix<f64>| m.transpose().as_slice().to_vec();
        let up = self.matrix(theta, 2) * &p;
        let down = p.try_inverse()? * self.matrix(theta, 1);
        Some([rows(up), rows(down)].concat())
    }
}

/// What is measured of a run.
struct Trace {
    /// t·c and both alignments.
    curve: Vec<(f64, [f64; 2])>,
    start: [f64; 2],
    theta: Vec<f64>,
    /// The mean of φ′ over the data and the hidden units at the end.
    slope: f64,
    /// The alignment of E[hhᵀ] with UᵀΣ_εU, of the means of both over the second half.
    averaged: f64,
}

impl Trace {
    /// The mean over the second half.
    fn late(&self, k: usize) -> f64 {
        let late = &self.curve[self.curve.len() - LATE..];
        late.iter().map(|(_, both)| both[k]).sum::<f64>() / LATE as f64
    }
}

fn trace(task: &Task, settings: &Settings, index: u64, variant: Variant, noisy: bool) -> Trace {
    // The same start for SGD and gradient descent.
    let theta = task.start(&mut Stream::seeded(settings.seed, "P4 start", index));
    let all = steps(settings.full);
    let (source, rate, steps) = if noisy {
        (
            Source::Finite(&task.noisy, Sampling::WithReplacement(1)),
            task.rate,
            all,
        )
    } else {
        (
            Source::Finite(&task.clean, Sampling::Full),
            task.rate * LARGER,
            all / DESCENT,
        )
    };
    let descent = Descent {
        network: &task.network,
        source,
        schedule: Schedule::Constant(rate),
        gamma: 0.0,
    };
    let start = task.alignments(&theta, variant);
    let mut run = descent.start(theta, Stream::seeded(settings.seed, "P4", index));
    let mut curve = Vec::new();
    let mut sums = [
        DMatrix::zeros(HIDDEN, HIDDEN),
        DMatrix::zeros(HIDDEN, HIDDEN),
    ];
    for k in (0..MEASUREMENTS).rev() {
        let part = libm::exp2(-(k as f64) / 4.0);
        let (from, until) = (run.steps, libm::round(steps as f64 * part) as u64);
        if k + 1 < LATE {
            for part in 1..=AVERAGED {
                run.advance(from + (until - from) * part / AVERAGED - run.steps);
                let [.., hidden, read] = task.covariances(&run.theta, variant);
                sums.iter_mut()
                    .zip([hidden, read])
                    .for_each(|(t, x)| *t += x);
            }
        } else {
            run.advance(until - run.steps);
        }
        let time = run.steps as f64 * rate * task.scale;
        curve.push((time, task.alignments(&run.theta, variant)));
    }
    (settings.progress)(steps);
    Trace {
        curve,
        start,
        slope: task.slope(&run.theta),
        averaged: alignment(&sums[0], &sums[1]),
        theta: run.theta,
    }
}

/// The runs of a network.
struct Measured {
    sgd: Vec<Trace>,
    descent: Vec<Trace>,
}

fn run(settings: &Settings, variant: Variant) -> Experiment {
    let noisy = variant != Variant::NoNoise;
    let all = runs(settings.full);
    let mut findings = Vec::new();
    let mut panels = Vec::new();
    let mut predicted = f64::NAN;
    for net in &NETS {
        let task = Task::of(net);
        let traces = |noisy| ensemble(all, |index| trace(&task, settings, index, variant, noisy));
        let found = Measured {
            sgd: traces(noisy),
            descent: traces(false),
        };
        let of = |traces: &[Trace], f: &dyn Fn(&Trace) -> f64| {
            Estimate::of(&traces.iter().map(f).collect::<Vec<_>>())
        };
        if net.activation == Activation::Identity {
            let minimum = found.descent.first().map(|t| &t.theta);
            let balanced = minimum.and_then(|theta| task.balanced(theta));
            predicted = balanced.map_or(f64::NAN, |theta| task.alignments(&theta, variant)[0]);
            for (what, measured) in [
                ("alignment", of(&found.sgd, &|t| t.late(0))),
                (
                    "alignment of the means over time",
                    of(&found.sgd, &|t| t.averaged),
                ),
            ] {
                findings.push(Finding::of_paper(
                    format!(
                        "{what} of E[hhᵀ] and UᵀΣ_εU after SGD, {}, as at T17's θ*",
                        net.name
                    ),
                    measured,
                    // As near to it as it is to 1.
                    Bound::Within {
                        prediction: predicted,
                        tolerance: 1.0 - predicted,
                    },
                ));
            }
        } else {
            findings.push(Finding::new(
                format!("mean of φ′ after SGD, {}", net.name),
                of(&found.sgd, &|t| t.slope),
                if net.aligns {
                    Bound::Above(LINEAR)
                } else {
                    Bound::Below(LINEAR)
                },
            ));
            findings.push(Finding::of_paper(
                format!(
                    "alignment of E[hhᵀ] and UᵀΣ_εU after SGD, {}, as in any tanh network",
                    net.name
                ),
                of(&found.sgd, &|t| t.late(0)),
                Bound::Above(ALIGNED),
            ));
        }
        for (k, what) in ["E[hhᵀ] and UᵀΣ_εU", "E[g_Uᵀg_U] and E[g_Wg_Wᵀ]"]
            .iter()
            .enumerate()
        {
            findings.push(Finding::new(
                format!("alignment of {what} after SGD, {}", net.name),
                of(&found.sgd, &|t| t.late(k)),
                if net.aligns {
                    Bound::Above(ALIGNED)
                } else {
                    Bound::Below(ALIGNED)
                },
            ));
            findings.push(Finding::new(
                format!("its rise under gradient descent, {}", net.name),
                of(&found.descent, &|t| t.late(k) - t.start[k]),
                Bound::Below(0.0),
            ));
        }
        panels.push(panel(net, &found, predicted));
    }
    Experiment {
        findings,
        figure: Figure {
            title: "P4: label noise aligns the hidden layer with its readout, in so far as it is linear"
                .to_owned(),
            panels,
        },
    }
}

fn panel(net: &Net, found: &Measured, predicted: f64) -> Panel {
    let mean = |traces: &[Trace], k: usize| {
        let first = traces.first().map_or(&[][..], |t| &t.curve);
        let at = |(i, (time, _)): (usize, &(f64, [f64; 2]))| {
            let values: Vec<f64> = traces.iter().map(|t| t.curve[i].1[k]).collect();
            (*time, Estimate::of(&values))
        };
        first.iter().enumerate().map(at).collect::<Vec<_>>()
    };
    let line = |traces: &[Trace], k| {
        let points = mean(traces, k).into_iter();
        points
            .map(|(t, estimate)| (t, estimate.mean))
            .collect::<Vec<_>>()
    };
    let sgd = mean(&found.sgd, 0);
    let ends = [sgd.first(), sgd.last()].into_iter().flatten();
    let theory: Vec<_> = ends.map(|(t, _)| (*t, predicted)).collect();
    Panel {
        x: Axis::log(&format!("t = η·steps·c (time), {}", net.name)),
        y: Axis::linear("alignment, 1 for multiples of each other"),
        series: vec![
            Series::new("E[hhᵀ], UᵀΣ_εU at T17's θ*", Style::Theory, theory),
            Series::estimates("E[hhᵀ], UᵀΣ_εU, SGD", sgd),
            Series::new(
                "E[hhᵀ], UᵀΣ_εU, gradient descent",
                Style::Line,
                line(&found.descent, 0),
            ),
            Series::new("noise of U and W, SGD", Style::Line, line(&found.sgd, 1)),
        ],
    }
}
