//! P5: matrix factorisation by SGD against gradient descent.

use super::pair::Pair;
use super::{
    Axis, Bound, Estimate, Experiment, Figure, Finding, Panel, Phenomenon, Sabotage, Series,
    Settings, Style, ensemble,
};
use crate::balance::Strength;
use crate::dynamics::{
    Data, Descent, Network, Sampling, Schedule, Source, Stream, Teacher, pair_flow,
};
use crate::model::Activation;
use nalgebra::DMatrix;

/// The entry of PHENOMENA.
pub static PHENOMENON: Phenomenon = Phenomenon {
    id: "P5",
    name: "matrix factorisation, SGD against gradient descent",
    hypothesis: "From minima anywhere on the orbit SGD, as η → 0, takes Tr(Σ_ε)WΣ_xWᵀ − Tr(Σ_x)UᵀΣ_εU to 0 \
                 exponentially, as fast as the flow of the whole group says, a rate ∝ η²/B per step, and ends at T17's θ*, \
                 for each learning rate, batch size and dimension; gradient descent keeps the imbalance, and more \
                 than ten times as much of it.",
    run: |settings| run(settings, Variant::Right),
    steps: |full| {
        let steps = |shape, divisor| {
            let plan = Plan::of(shape, divisor);
            plan.map_or(0, |plan| {
                plan.efold / (PARTS * LOOKS) * (PARTS * LOOKS) * EFOLDS
            })
        };
        let shapes = SWEEP
            .iter()
            .map(|shape| steps(shape, 1.0) * (runs(full) + 1) + steps(shape, 2.0) * runs(full));
        shapes.sum()
    },
    sabotages: &[
        Sabotage {
            name: "gradient descent in place of SGD",
            run: |settings| run(settings, Variant::NoNoise),
        },
        Sabotage {
            name: "σ² = η/B in place of η/(2B)",
            run: |settings| run(settings, Variant::TwiceTheNoise),
        },
        Sabotage {
            name: "Tr Σ_x and Tr Σ_ε exchanged in θ*",
            run: |settings| run(settings, Variant::Exchanged),
        },
    ],
};

#[derive(Clone, Copy, PartialEq)]
enum Variant {
    Right,
    NoNoise,
    TwiceTheNoise,
    Exchanged,
}

/// What is varied, each at `rate` and at half of it. η·Tr ∇²L/B is at most a quarter.
struct Shape {
    name: &'static str,
    /// d_x = d_y.
    dim: usize,
    rank: usize,
    rate: f64,
    batch: usize,
}

const SWEEP: [Shape; 4] = [
    Shape {
        name: "d = 2, r = 2",
        dim: 2,
        rank: 2,
        rate: 0.02,
        batch: 1,
    },
    Shape {
        name: "batches of 4",
        dim: 2,
        rank: 2,
        rate: 0.04,
        batch: 4,
    },
    Shape {
        name: "d = 4, r = 1",
        dim: 4,
        rank: 1,
        rate: 0.01,
        batch: 1,
    },
    Shape {
        name: "d = 4, r = 3",
        dim: 4,
        rank: 3,
        rate: 0.01,
        batch: 1,
    },
];

fn runs(full: bool) -> u64 {
    if full { 128 } else { 8 }
}

/// A teacher, and how long SGD needs.
struct Plan {
    network: Network,
    teacher: Teacher,
    moments: Data,
    rate: f64,
    strength: Strength<f64>,
    /// A minimum.
    minimum: Pair,
    /// Steps in which the slowest direction falls by e at θ*.
    efold: u64,
}

impl Plan {
    /// At the shape's learning rate over `divisor`.
    fn of(shape: &Shape, divisor: f64) -> Option<Self> {
        let &Shape { dim, rank, .. } = shape;
        let rate = shape.rate / divisor;
        let network = Network::new(&[dim, rank, dim], Activation::Identity);
        // V = Σ_k e_kf_kᵀ/(k + 1) with f a fixed rotation of the axes, so that nothing commutes.
        let left = DMatrix::from_fn(dim, rank, |i, k| if i == k { 1.0 } else { 0.25 });
        let right = DMatrix::from_fn(rank, dim, |k, j| {
            let sign = if (k * j) % 2 == 1 { -1.0 } else { 1.0 };
            sign * if k == j { 1.0 } else { 0.5 } / (k + 1) as f64
        });
        let map = &left * &right;
        let teacher = Teacher {
            map: map.transpose().as_slice().to_vec(),
            input_variance: (0..dim).map(|i| 1.0 / (1 + i) as f64).collect(),
            label_variance: (0..dim).map(|i| 0.02 * (1 + i) as f64).collect(),
            batch: shape.batch,
        };
        let minimum = Pair { u: left, w: right };
        let moments = teacher.moments();
        let strength = Strength::from_learning_rate(0.0, rate, shape.batch as f64).ok()?;
        let mut plan = Self {
            network,
            moments,
            teacher,
            rate,
            strength,
            minimum,
            efold: 0,
        };
        let slowest = plan.slowest(&plan.balanced(Variant::Right)?)?;
        plan.efold = libm::ceil(1.0 / (slowest * plan.rate)) as u64;
        Some(plan)
    }

    /// Tr(Σ_ε)WΣ_xWᵀ − Tr(Σ_x)UᵀΣ_εU, relative to the trace of the sum.
    fn imbalance(&self, theta: &[f64]) -> DMatrix<f64> {
        let [n, m] = Pair::of(&self.network, theta).sides(&self.teacher);
        let size = n.trace() + m.trace();
        (n - m) / size
    }

    /// T17's θ*.
    fn balanced(&self, variant: Variant) -> Option<Pair> {
        let [mut n, mut m] = self.minimum.sides(&self.teacher);
        if variant == Variant::Exchanged {
            let ratio = self.teacher.input_variance.iter().sum::<f64>()
                / self.teacher.label_variance.iter().sum::<f64>();
            n *= ratio;
            m /= ratio;
        }
        self.minimum.balanced(&n, &m)
    }

    /// The slowest rate at a balanced point. With K = N = M and H = UᵀU + WWᵀ the flow
    /// {Ẋ, H} = −2·8σ²{X, K} is linear in X, { , } the anticommutator.
    fn slowest(&self, balanced: &Pair) -> Option<f64> {
        let [k, _] = balanced.sides(&self.teacher);
        let Pair { u, w } = balanced;
        let h = u.tr_mul(u) + w * w.transpose();
        let r = h.nrows();
        // As matrices on vec(X): 1⊗A + A⊗1, on symmetric and antisymmetric X alike.
        let one = DMatrix::<f64>::identity(r, r);
        let both = |a: &DMatrix<f64>| one.kronecker(a) + a.kronecker(&one);
        let root = both(&h).cholesky()?.unpack();
        let half = root.solve_lower_triangular(&both(&k))?;
        let whole = root.solve_lower_triangular(&half.transpose())?;
        let symmetric = (&whole + whole.transpose()) * 0.5;
        let eigen = nalgebra::SymmetricEigen::try_new(symmetric, f64::EPSILON, 1000)?;
        let slowest = eigen.eigenvalues.iter().copied().reduce(f64::min)?;
        Some(16.0 * self.strength.sigma2 * slowest)
    }

    /// Part k of an e-fold lies at t = (k + shift)·η·efold/PARTS.
    fn timed(&self, shift: f64, curve: Vec<f64>) -> impl Iterator<Item = (f64, f64)> {
        let step = self.rate * self.efold as f64;
        in_efolds(shift, curve).map(move |(x, y)| (x * step, y))
    }

    /// One of many minima on the orbit: θ* moved by P = 1 + X + X²/2 ≻ 0, ‖X‖ = ¾.
    fn start(&self, stream: &mut Stream) -> Option<Vec<f64>> {
        let r = self.network.widths[1];
        let entries = stream.normals(r * r, 0.25);
        let x = DMatrix::from_row_slice(r, r, &entries);
        let x = &x + x.transpose();
        let x = &x * (0.75 / x.norm());
        let p = DMatrix::identity(r, r) + &x + &x * &x * 0.5;
        Some(self.balanced(Variant::Right)?.moved(&p)?.theta())
    }
}

/// One run and what the flow says of it.
struct Trace {
    /// D in the middle of each part of an e-fold, as a mean over it, and by the flow at
    /// the ends of each part, from 0 on. Divided by ‖D(0)‖.
    measured: Vec<DMatrix<f64>>,
    predicted: Vec<DMatrix<f64>>,
    /// ‖W‖² over the last e-fold.
    norm: f64,
}

impl Trace {
    /// ⟨D(0), D(t)⟩/‖D(0)‖².
    fn along(&self, curve: &[DMatrix<f64>]) -> Vec<f64> {
        curve.iter().map(|d| self.predicted[0].dot(d)).collect()
    }

    /// ‖D‖/‖D(0)‖, D the mean over the last e-fold.
    fn rest(&self) -> f64 {
        let last = self.measured.iter().rev().take(PARTS as usize);
        let mean = last.fold(DMatrix::zeros(0, 0), |sum: DMatrix<f64>, d| {
            match sum.len() {
                0 => d.clone(),
                _ => sum + d,
            }
        });
        mean.norm() / PARTS as f64
    }

    /// ∫⟨D(0), D⟩/‖D(0)‖² over the first two e-folds, in e-folds: the longer, the slower D
    /// decays. Unlike the logarithm of D it is not biased by fluctuations.
    fn time(&self) -> f64 {
        let parts = self.along(&self.measured[..2 * PARTS as usize]);
        parts.iter().sum::<f64>() / PARTS as f64
    }

    /// The same of the flow, by Simpson's rule.
    fn predicted_time(&self) -> f64 {
        let last = 2 * PARTS as usize;
        let values = self.along(&self.predicted[..=last]);
        let weight = |i: usize| if i % 2 == 1 { 4.0 } else { 2.0 };
        let inner: f64 = (1..last).map(|i| weight(i) * values[i]).sum();
        (values[0] + inner + values[last]) / (3 * PARTS) as f64
    }
}

/// Looks at a run in each part. D(θ) of a run fluctuates around its orbit's, quickly: the
/// mean over many looks is what moves along the orbit.
const LOOKS: u64 = 50;
const PARTS: u64 = 8;
/// Then e^{−5} is left of the slowest direction, in the mean over the last.
const EFOLDS: u64 = 6;

fn trace(
    plan: &Plan,
    settings: &Settings,
    shape: &Shape,
    index: u64,
    variant: Variant,
    noisy: bool,
) -> Result<Trace, String> {
    let name = format!("P5 {}, η = {}", shape.name, plan.rate);
    let mut stream = Stream::seeded(settings.seed, &name, index);
    let theta = plan.start(&mut stream).ok_or("no start")?;
    let source = match noisy {
        true => Source::Finite(&plan.moments, Sampling::WithReplacement(shape.batch)),
        false => Source::Finite(&plan.moments, Sampling::Full),
    };
    let descent = Descent {
        network: &plan.network,
        source,
        schedule: Schedule::Constant(plan.rate),
        gamma: 0.0,
    };
    let first = plan.imbalance(&theta);
    let size = first.norm();
    let mut strength = plan.strength.clone();
    if variant == Variant::TwiceTheNoise {
        strength.sigma2 *= 2.0;
    }
    let each = plan.efold / (PARTS * LOOKS);
    let mut run = descent.start(theta.clone(), stream);
    let mut flow = theta;
    let (mut measured, mut predicted) = (Vec::new(), vec![&first / size]);
    let mut norm = 0.0;
    for part in 0..PARTS * EFOLDS {
        let mut mean = DMatrix::zeros(first.nrows(), first.nrows());
        for _ in 0..LOOKS {
            run.advance(each);
            mean += plan.imbalance(&run.theta) / (size * LOOKS as f64);
            if part >= PARTS * (EFOLDS - 1) {
                let w = Pair::of(&plan.network, &run.theta).w;
                norm += w.dot(&w) / (PARTS * LOOKS) as f64;
            }
        }
        measured.push(mean);
        let time = (each * LOOKS) as f64 * plan.rate;
        flow = pair_flow(&plan.network, &plan.moments, &strength, 1, flow, time)
            .map_err(|error| error.to_string())?;
        predicted.push(plan.imbalance(&flow) / size);
    }
    (settings.progress)(each * LOOKS * PARTS * EFOLDS);
    Ok(Trace {
        measured,
        predicted,
        norm,
    })
}

/// Means over the runs, at each time.
fn mean_curve(curves: &[Vec<f64>]) -> Vec<f64> {
    let length = curves.first().map_or(0, Vec::len);
    (0..length)
        .map(|k| curves.iter().map(|curve| curve[k]).sum::<f64>() / curves.len() as f64)
        .collect()
}

/// The elements of D in one run.
fn elements(shape: &Shape, plan: &Plan, trace: &Trace) -> Panel {
    let mut series = Vec::new();
    for (i, j) in [(0, 0), (0, 1), (1, 1)] {
        let curve = |curve: &[DMatrix<f64>]| curve.iter().map(|d| d[(i, j)]).collect::<Vec<_>>();
        let name = |what: &str| format!("D{}{}, {what}", i + 1, j + 1);
        series.push(Series::new(
            &name("flow"),
            Style::Theory,
            plan.timed(0.0, curve(&trace.predicted)),
        ));
        series.push(Series::new(
            &name("one run of SGD"),
            Style::Points,
            plan.timed(0.5, curve(&trace.measured)),
        ));
    }
    Panel {
        x: Axis::linear(&format!("t = η·steps, {}", shape.name)),
        y: Axis::linear("D/‖D(0)‖, element by element"),
        series,
    }
}

/// How much of D is left, in the mean.
fn decaying(shape: &Shape, runs: &[Trace], still: &Trace) -> Panel {
    let predicted: Vec<_> = runs.iter().map(|t| t.along(&t.predicted)).collect();
    let measured: Vec<_> = runs.iter().map(|t| t.along(&t.measured)).collect();
    let still = still.along(&still.measured);
    Panel {
        x: Axis::linear(&format!("steps/(steps per e-fold), {}", shape.name)),
        y: Axis::log("⟨D(0), D(t)⟩/‖D(0)‖²"),
        series: vec![
            Series::new(
                "flow of the group",
                Style::Theory,
                in_efolds(0.0, mean_curve(&predicted)),
            ),
            Series::new("SGD", Style::Points, in_efolds(0.5, mean_curve(&measured))),
            Series::new("gradient descent", Style::Line, in_efolds(0.5, still)),
        ],
    }
}

/// Part k lies at (k + shift)/PARTS.
fn in_efolds(shift: f64, curve: Vec<f64>) -> impl Iterator<Item = (f64, f64)> {
    let at = move |k: usize| (k as f64 + shift) / PARTS as f64;
    curve.into_iter().enumerate().map(move |(k, y)| (at(k), y))
}

fn run(settings: &Settings, variant: Variant) -> Experiment {
    let mut findings = Vec::new();
    let mut panels = Vec::new();
    let mut times = Vec::new();
    for shape in &SWEEP {
        let lost = |why: &str| {
            let what = format!("{}: {why}", shape.name);
            Finding::new(what, Estimate::exact(f64::NAN), Bound::Above(0.0))
        };
        let plans = (Plan::of(shape, 1.0), Plan::of(shape, 2.0));
        let (Some(plan), Some(finer)) = plans else {
            findings.push(lost("no equilibrium"));
            continue;
        };
        let all = runs(settings.full);
        let noisy = variant != Variant::NoNoise;
        let traces = |plan: &Plan| {
            let run = |index| trace(plan, settings, shape, index, variant, noisy);
            ensemble(all, run)
                .into_iter()
                .collect::<Result<Vec<Trace>, String>>()
        };
        let measured = || {
            let still = trace(&plan, settings, shape, all, variant, false)?;
            let balanced = plan.balanced(variant).ok_or("no equilibrium")?;
            Ok::<_, String>((traces(&plan)?, traces(&finer)?, still, balanced))
        };
        let (coarse, fine, still, balanced) = match measured() {
            Ok(measured) => measured,
            Err(why) => {
                findings.push(lost(&why));
                continue;
            }
        };
        // The bias of a finite learning rate is of first order in it: two rates remove it.
        let limit = |f: fn(&Trace) -> f64| {
            let pairs = coarse.iter().zip(&fine).map(|(a, b)| 2.0 * f(b) - f(a));
            Estimate::of(&pairs.collect::<Vec<f64>>())
        };
        findings.push(Finding::new(
            format!("decay time over that of the flow, η → 0, {}", shape.name),
            limit(|t| t.time() / t.predicted_time()),
            Bound::Within {
                prediction: 1.0,
                tolerance: 0.15,
            },
        ));
        let rests: Vec<f64> = fine.iter().map(Trace::rest).collect();
        findings.push(Finding::new(
            format!("imbalance left after SGD, {}", shape.name),
            Estimate::of(&rests),
            Bound::Below(0.1),
        ));
        findings.push(Finding::new(
            format!("imbalance left after gradient descent, {}", shape.name),
            Estimate::exact(still.rest()),
            Bound::Within {
                prediction: 1.0,
                tolerance: 0.01,
            },
        ));
        let w = &balanced.w;
        findings.push(Finding::new(
            format!("‖W‖² after SGD against θ*, η → 0, {}", shape.name),
            limit(|t| t.norm),
            Bound::Within {
                prediction: w.dot(w),
                tolerance: 0.05 * w.dot(w),
            },
        ));
        for (plan, traces) in [(&plan, &coarse), (&finer, &fine)] {
            let in_steps = |f: fn(&Trace) -> f64| {
                let times: Vec<f64> = traces.iter().map(|t| f(t) * plan.efold as f64).collect();
                Estimate::of(&times)
            };
            let predicted = in_steps(Trace::predicted_time).mean;
            times.push((predicted, in_steps(Trace::time)));
        }
        if panels.is_empty()
            && let Some(trace) = fine.first()
        {
            panels.push(elements(shape, &finer, trace));
        }
        if shape.rank > 2 {
            panels.push(decaying(shape, &fine, &still));
        }
    }
    times.sort_by(|a, b| a.0.total_cmp(&b.0));
    let same = times.iter().map(|(predicted, _)| (*predicted, *predicted));
    panels.push(Panel {
        x: Axis::log("decay time of the flow (steps)"),
        y: Axis::log("measured decay time (steps)"),
        series: vec![
            Series::new("as predicted", Style::Theory, same.collect::<Vec<_>>()),
            Series::estimates("SGD, all", times),
        ],
    });
    Experiment {
        findings,
        figure: Figure {
            title: "P5: noise removes D = Tr(Σ_ε)WΣ_xWᵀ − Tr(Σ_x)UᵀΣ_εU, gradient descent does not"
                .to_owned(),
            panels,
        },
    }
}
