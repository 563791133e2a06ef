//! P2: stability and learning-rate warmup.
//!
//! The paper says that SGD at a constant rate from a Kaiming start, SGD from a Xavier start and
//! gradient descent do not improve Tr ∇²L. These claims are judged as the paper's, beside a
//! hypothesis that differs from them: at a rate that a start can not bear, SGD is thrown off
//! before the noise has balanced it; at a constant rate that it can bear SGD improves Tr ∇²L
//! just as with warmup. What Tr ∇²L does from a Xavier start, balanced in the mean, is decided by
//! the size of V, to which the factors have to grow. And gradient descent from a Kaiming start
//! lowers it by the little that the conserved charge leaves it.

use super::pair::{Pair, clean};
use super::{
    Axis, Bound, Estimate, Experiment, Figure, Finding, Panel, Phenomenon, Sabotage, Series,
    Settings, Style, ensemble,
};
use crate::dynamics::{Data, Descent, Network, Sampling, Schedule, Source, Stream, Teacher};
use crate::model::Activation;
use nalgebra::DMatrix;

/// The entry of PHENOMENA.
pub static PHENOMENON: Phenomenon = Phenomenon {
    id: "P2",
    file: file!(),
    name: "stability and learning-rate warmup",
    hypothesis: "From a Kaiming start, unbalanced, SGD at the full learning rate is mostly unstable, and most of its runs \
                 leave every bound; warmed up to it, or at a constant one that the start can bear, it stays stable \
                 (in more than 3 of 4 runs) and lowers Tr ∇²L by more than half. From a Xavier start, balanced in the mean, \
                 Tr ∇²L rises as the factors grow to fit V. Gradient descent from a Kaiming start keeps its charge, \
                 and more than 0.7 of Tr ∇²L. All SGD runs that stay stable, once they have settled at smaller \
                 rates, rest as η → 0 at T17's θ*.",
    run: |settings| run(settings, Variant::Right),
    steps: |full| {
        let arms = ARMS
            .iter()
            .map(|arm| arm.runs(full) * (arm.steps() + arm.settling()));
        RANKS.len() as u64 * arms.sum::<u64>()
    },
    sabotages: &[
        Sabotage {
            name: "gradient descent in place of SGD",
            run: |settings| run(settings, Variant::NoNoise),
        },
        Sabotage {
            name: "warmup over before the noise has balanced anything",
            run: |settings| run(settings, Variant::ShortWarmup),
        },
        Sabotage {
            name: "an equilibrium at UᵀU = WWᵀ",
            run: |settings| run(settings, Variant::EqualNorms),
        },
    ],
};

#[derive(Clone, Copy, PartialEq)]
enum Variant {
    Right,
    NoNoise,
    ShortWarmup,
    EqualNorms,
}

/// d_x = d_y.
const DIM: usize = 12;
const RANKS: [usize; 2] = [1, 2];
/// Singular values of V: larger than what a Xavier start has, 2d/(d + 1).
const SINGULAR: [f64; 2] = [3.0, 2.0];
/// A step with one sample can bear η < 1/(d·λ), λ the largest eigenvalue of UᵀU: 0.03 at θ*,
/// 0.0035 at the mean Kaiming start for r = 1.
const PEAK: f64 = 0.016;
/// Stable at nearly all Kaiming starts.
const SMALL: f64 = 0.0014;
/// The charge falls by e in 1/(4η²Tr Σ_ε) steps: 10 000 at the small rate.
const EFOLD: u64 = 10_000;
/// By the time the rising rate is what twice the mean Kaiming start can bear, 1/(4d²), the
/// charge has halved.
const WARMUP: u64 = 150_000;
/// At the full rate: more than 100 e-folds.
const PLATEAU: u64 = 20_000;
/// Runs with noise settle at these rates, one after the other, for that many e-folds of the
/// charge. The mean is over the last few of each, and extrapolated from both to η = 0: the bias
/// of a finite rate is of first order in it (T15).
const SETTLING: [Settling; 2] = [
    Settling {
        rate: 2.0 * SMALL,
        steps: 5 * EFOLD / 4,
        averaged: 2 * EFOLD / 4,
    },
    Settling {
        rate: SMALL,
        steps: 13 * EFOLD / 4,
        averaged: EFOLD,
    },
];

/// Steps at one rate, and the last of them over which is averaged.
struct Settling {
    rate: f64,
    steps: u64,
    averaged: u64,
}

/// A run has left every bound when Tr ∇²L is that large; so it is drawn, too.
const LOST: f64 = 1e6;

#[derive(Clone, Copy, PartialEq)]
enum Start {
    Kaiming,
    Xavier,
}

/// One way to train.
struct Arm {
    name: &'static str,
    start: Start,
    schedule: Schedule,
    noisy: bool,
}

static ARMS: [Arm; 5] = [
    Arm {
        name: "SGD, warmup, Kaiming",
        start: Start::Kaiming,
        schedule: Schedule::Warmup {
            peak: PEAK,
            steps: WARMUP,
        },
        noisy: true,
    },
    Arm {
        name: "SGD, full rate, Kaiming",
        start: Start::Kaiming,
        schedule: Schedule::Constant(PEAK),
        noisy: true,
    },
    Arm {
        name: "SGD, small rate, Kaiming",
        start: Start::Kaiming,
        schedule: Schedule::Constant(SMALL),
        noisy: true,
    },
    Arm {
        name: "SGD, full rate, Xavier",
        start: Start::Xavier,
        schedule: Schedule::Constant(PEAK),
        noisy: true,
    },
    Arm {
        name: "GD, half the rate, Kaiming",
        start: Start::Kaiming,
        schedule: Schedule::Constant(PEAK / 2.0),
        noisy: false,
    },
];

impl Arm {
    /// Short ones are many. Starts differ: Tr ∇²L at the end over that at the start scatters
    /// by a third.
    fn runs(&self, full: bool) -> u64 {
        let runs = if self.steps() > PLATEAU { 24 } else { 32 };
        if full { 12 * runs } else { runs }
    }

    fn steps(&self) -> u64 {
        match self.schedule {
            Schedule::Warmup { .. } => WARMUP + PLATEAU,
            Schedule::Constant(rate) if rate <= SMALL => 6 * EFOLD,
            Schedule::Constant(_) => PLATEAU,
        }
    }

    /// Steps at smaller rates after that.
    fn settling(&self) -> u64 {
        if self.noisy {
            SETTLING.iter().map(|part| part.steps).sum()
        } else {
            0
        }
    }
}

/// The one that is not expected to be stable.
const UNSTABLE: usize = 1;

/// One rank.
struct Plan {
    network: Network,
    teacher: Teacher,
    /// Samples with the teacher's moments.
    moments: Data,
    /// V's samples without label noise: the gradient of the loss is the same, with fewer.
    clean: Data,
    balanced: Pair,
}

impl Plan {
    fn of(rank: usize, variant: Variant) -> Option<Self> {
        let network = Network::new(&[DIM, rank, DIM], Activation::Identity);
        let place = |i: usize| (i as f64 + 0.5) / DIM as f64;
        // Orthonormal: the cosine basis.
        let wave = |i: usize, k: usize| {
            let angle = std::f64::consts::PI * place(i) * (k + 1) as f64;
            libm::sqrt(2.0 / DIM as f64) * libm::cos(angle)
        };
        let minimum = Pair {
            u: DMatrix::from_fn(DIM, rank, wave),
            w: DMatrix::from_fn(rank, DIM, |k, j| SINGULAR[k] * wave(j, k + 1)),
        };
        // Σ_ε is largest where the first singular vector is.
        let noise = |i: usize| {
            let x = 2.0 * place(i) - 1.0;
            0.3 + 2.1 * x * x
        };
        let map = &minimum.u * &minimum.w;
        let teacher = Teacher {
            map: map.transpose().as_slice().to_vec(),
            input_variance: (0..DIM).map(|i| 0.75 + 0.5 * place(i)).collect(),
            label_variance: (0..DIM).map(noise).collect(),
            batch: 1,
        };
        let [mut n, mut m] = minimum.sides(&teacher);
        if variant == Variant::EqualNorms {
            n = &minimum.w * minimum.w.transpose();
            m = minimum.u.tr_mul(&minimum.u);
        }
        Some(Self {
            moments: teacher.moments(),
            clean: clean(&teacher),
            balanced: minimum.balanced(&n, &m)?,
            network,
            teacher,
        })
    }

    fn pair(&self, theta: &[f64]) -> Pair {
        Pair::of(&self.network, theta)
    }

    fn sharpness(&self, theta: &[f64]) -> f64 {
        self.pair(theta).sharpness(&self.teacher)
    }

    /// Normal entries with variance 2/fan_in or 2/(fan_in + fan_out).
    fn start(&self, start: Start, stream: &mut Stream) -> Vec<f64> {
        let rank = self.network.widths[1];
        let draw = |stream: &mut Stream, inputs: usize| {
            let fan = match start {
                Start::Kaiming => inputs,
                Start::Xavier => DIM + rank,
            };
            stream.normals(DIM * rank, libm::sqrt(2.0 / fan as f64))
        };
        let u = draw(stream, rank);
        let w = draw(stream, DIM);
        [u, w].concat()
    }
}

/// One run.
struct Trace {
    /// Tr ∇²L at the times of `times`, up to LOST.
    sharpness: Vec<f64>,
    /// It left every bound.
    lost: bool,
    /// Not lost, and Tr ∇²L never more than twice what it is at the start and at θ*.
    stable: bool,
    /// Tr ∇²L and Tr C over the last quarter at the run's own rate.
    own: [f64; 2],
    /// That relative to the start.
    gain: f64,
    /// ‖C(T) − C(0)‖/‖C(0)‖.
    charge: f64,
    /// Tr ∇²L and Tr C after settling, η → 0.
    rest: [f64; 2],
}

const POINTS: u64 = 40;

/// The steps of a run when it is looked at: evenly in their logarithm.
fn times(arm: &Arm) -> Vec<u64> {
    let all = arm.steps();
    let mut times: Vec<u64> = (0..=POINTS)
        .map(|k| libm::round(libm::pow(all as f64, k as f64 / POINTS as f64)) as u64)
        .collect();
    times.dedup();
    times
}

fn trace(plan: &Plan, settings: &Settings, arm: &Arm, index: u64, variant: Variant) -> Trace {
    let rank = plan.network.widths[1];
    let what = match arm.start {
        Start::Kaiming => "Kaiming",
        Start::Xavier => "Xavier",
    };
    // The same starts for each arm.
    let name = format!("P2 start, r = {rank}, {what}");
    let theta = plan.start(arm.start, &mut Stream::seeded(settings.seed, &name, index));
    let stream = Stream::seeded(
        settings.seed,
        &format!("P2 r = {rank}, {}", arm.name),
        index,
    );
    let descent = Descent {
        network: &plan.network,
        source: if arm.noisy && variant != Variant::NoNoise {
            Source::Finite(&plan.moments, Sampling::WithReplacement(1))
        } else {
            Source::Finite(&plan.clean, Sampling::Full)
        },
        schedule: match arm.schedule {
            Schedule::Warmup { peak, .. } if variant == Variant::ShortWarmup => {
                Schedule::Warmup { peak, steps: 1 }
            }
            schedule => schedule,
        },
        gamma: 0.0,
    };
    let first = plan.pair(&theta).charge();
    let before = plan.sharpness(&theta);
    let mut run = descent.clone().start(theta, stream);
    let mut sharpness = Vec::new();
    let mut alive = true;
    let calm = 2.0 * before.max(plan.balanced.sharpness(&plan.teacher));
    let mut highest = before;
    let mut last = [0.0; 3];
    for time in times(arm) {
        while alive && run.steps < time {
            // Finer than the figure, for the mean at the end.
            alive = run.advance((time - run.steps).min(100));
            let pair = plan.pair(&run.theta);
            let now = pair.sharpness(&plan.teacher);
            alive &= now < LOST;
            highest = highest.max(now);
            if 4 * run.steps > 3 * arm.steps() {
                let looked = [now, pair.charge().trace(), 1.0];
                last = [0, 1, 2].map(|k| last[k] + looked[k]);
            }
        }
        sharpness.push(if alive {
            plan.sharpness(&run.theta)
        } else {
            LOST
        });
    }
    let charge = (plan.pair(&run.theta).charge() - &first).norm() / first.norm();
    let stable = alive && highest < calm;
    let own = [0, 1].map(|k| last[k] / last[2]);
    let mut rest = [f64::NAN; 2];
    if stable && arm.settling() > 0 {
        // Other streams than before.
        let stream = |rate| {
            let name = format!("P2 settling, r = {rank}, {}, η = {rate}", arm.name);
            Stream::seeded(settings.seed, &name, index)
        };
        rest = settled(plan, &descent, run.theta, stream);
    }
    (settings.progress)(arm.steps() + arm.settling());
    Trace {
        gain: own[0] / before,
        own,
        sharpness,
        lost: !alive,
        stable,
        charge,
        rest,
    }
}

/// Tr ∇²L and Tr C at rest, extrapolated to η = 0.
fn settled(
    plan: &Plan,
    descent: &Descent,
    mut theta: Vec<f64>,
    stream: impl Fn(f64) -> Stream,
) -> [f64; 2] {
    let parts = 100;
    let mut at = [[0.0; 2]; 2];
    for (part, at) in SETTLING.iter().zip(&mut at) {
        let settling = Descent {
            schedule: Schedule::Constant(part.rate),
            ..descent.clone()
        };
        let mut run = settling.start(theta, stream(part.rate));
        if !run.advance(part.steps - part.averaged) {
            return [f64::NAN; 2];
        }
        for _ in 0..parts {
            run.advance(part.averaged / parts);
            let pair = plan.pair(&run.theta);
            at[0] += pair.sharpness(&plan.teacher) / parts as f64;
            at[1] += pair.charge().trace() / parts as f64;
        }
        theta = run.theta;
    }
    let [coarse, fine] = at;
    [0, 1].map(|k| 2.0 * fine[k] - coarse[k])
}

fn estimate<'a>(
    traces: impl IntoIterator<Item = &'a Trace>,
    value: impl Fn(&Trace) -> f64,
) -> Estimate {
    let values: Vec<f64> = traces.into_iter().map(value).collect();
    Estimate::of(&values)
}

/// What the paper calls an improvement is a lower Tr ∇²L. No improvement is granted from this
/// fraction of the start's on.
const UNIMPROVED: f64 = 0.95;

fn judge(plan: &Plan, arms: &[Vec<Trace>], findings: &mut Vec<Finding>) {
    let rank = plan.network.widths[1];
    let theta = plan.balanced.sharpness(&plan.teacher);
    let charge = plan.balanced.charge().trace();
    let near = |prediction: f64, part: f64| Bound::Within {
        prediction,
        tolerance: part * prediction.abs(),
    };
    for (k, (arm, traces)) in ARMS.iter().zip(arms).enumerate() {
        let named = |what: &str| format!("{what}: {}, r = {rank}", arm.name);
        let fraction =
            |holds: fn(&Trace) -> bool| estimate(traces, |t| if holds(t) { 1.0 } else { 0.0 });
        let stable = |value: fn(&Trace) -> f64| estimate(traces.iter().filter(|t| t.stable), value);
        let mut add = |what: &str, estimate, bound| {
            findings.push(Finding::new(named(what), estimate, bound));
        };
        let unstable = fraction(|t| !t.stable);
        let lost = fraction(|t| t.lost);
        if k == UNSTABLE {
            add("fraction that is unstable", unstable, Bound::Above(0.5));
            add("fraction that leaves every bound", lost, Bound::Above(0.5));
            findings.push(Finding::of_paper(
                named("fraction that improves Tr ∇²L"),
                fraction(|t| !t.lost && t.gain < UNIMPROVED),
                Bound::Below(0.5),
            ));
            continue;
        }
        add("fraction that is unstable", unstable, Bound::Below(0.25));
        add("fraction that leaves every bound", lost, Bound::Below(0.25));
        let [ours, paper] = match k {
            0 => [Bound::Below(0.5), Bound::Below(UNIMPROVED)],
            3 => [Bound::Above(1.0), Bound::Above(UNIMPROVED)],
            4 => [Bound::Above(0.7), Bound::Above(UNIMPROVED)],
            _ => [Bound::Below(0.5), Bound::Above(UNIMPROVED)],
        };
        let gain = stable(|t| t.gain);
        add("Tr ∇²L at the end over that at the start", gain, ours);
        if arm.noisy {
            add(
                "Tr ∇²L at rest, η → 0",
                stable(|t| t.rest[0]),
                near(theta, 0.05),
            );
            add(
                "‖U‖² − ‖W‖² at rest, η → 0",
                stable(|t| t.rest[1]),
                near(charge, 0.1),
            );
        } else {
            // P6's bound, 2ηL(0), is 0.05 of ‖C‖ in the mean.
            add(
                "change of the charge",
                stable(|t| t.charge),
                Bound::Below(0.1),
            );
        }
        let what = named("Tr ∇²L at the end over that at the start");
        findings.push(Finding::of_paper(what, gain, paper));
        if arm.noisy {
            for (what, own, bound) in [
                (
                    "Tr ∇²L at the run's own rate",
                    stable(|t| t.own[0]),
                    near(theta, 0.05),
                ),
                (
                    "‖U‖² − ‖W‖² at the run's own rate",
                    stable(|t| t.own[1]),
                    near(charge, 0.1),
                ),
            ] {
                findings.push(Finding::of_paper(named(what), own, bound));
            }
        }
    }
}

/// The median of the runs.
fn curve(name: &str, arm: &Arm, traces: &[Trace]) -> Series {
    let points = times(arm).into_iter().enumerate().map(|(k, time)| {
        let mut values: Vec<f64> = traces.iter().map(|t| t.sharpness[k]).collect();
        values.sort_by(f64::total_cmp);
        (time as f64, values[values.len() / 2])
    });
    Series::new(name, Style::Line, points)
}

fn run(settings: &Settings, variant: Variant) -> Experiment {
    let mut findings = Vec::new();
    let mut panels = Vec::new();
    for rank in RANKS {
        let Some(plan) = Plan::of(rank, variant) else {
            let what = format!("no equilibrium, r = {rank}");
            let lost = Estimate::exact(f64::NAN);
            findings.push(Finding::new(what, lost, Bound::Above(0.0)));
            continue;
        };
        let arms: Vec<Vec<Trace>> = ARMS
            .iter()
            .map(|arm| {
                ensemble(arm.runs(settings.full), |index| {
                    trace(&plan, settings, arm, index, variant)
                })
            })
            .collect();
        judge(&plan, &arms, &mut findings);
        let level = |name: &str, y: f64| {
            let ends = [1.0, (WARMUP + PLATEAU) as f64];
            Series::new(name, Style::Theory, ends.map(|x| (x, y)))
        };
        let mut series = vec![level("θ* (T17)", plan.balanced.sharpness(&plan.teacher))];
        let curves = ARMS.iter().zip(&arms);
        series.extend(curves.map(|(arm, traces)| curve(arm.name, arm, traces)));
        panels.push(Panel {
            x: Axis::log(&format!("steps, r = {rank}")),
            y: Axis::log("Tr ∇²L (1/time)"),
            series,
        });
    }
    Experiment {
        findings,
        figure: Figure {
            title: "P2: noise lowers Tr ∇²L from a Kaiming start, if the rate leaves it the time"
                .to_owned(),
            panels,
        },
    }
}
