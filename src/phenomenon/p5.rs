//! P5: matrix factorisation by SGD against gradient descent.

use super::pair::{Pair, clean, rests};
use super::{
    Axis, Bound, Estimate, Experiment, Figure, Finding, Panel, Phenomenon, Sabotage, Series,
    Settings, Style, ensemble,
};
use crate::balance::{BalanceEquation, Spectrum, Strength, solve};
use crate::dynamics::{
    Data, Descent, Network, Sampling, Schedule, Source, Stream, Teacher, pair_flow,
};
use crate::model::{Activation, Symmetric};
use nalgebra::DMatrix;

/// The entry of PHENOMENA.
pub static PHENOMENON: Phenomenon = Phenomenon {
    id: "P5",
    file: file!(),
    name: "matrix factorisation, SGD against gradient descent",
    hypothesis: "From minima anywhere on the orbit SGD, as η → 0, takes Tr(Σ_ε)WΣ_xWᵀ − Tr(Σ_x)UᵀΣ_εU to 0 \
                 as fast as the flow of the whole group says, near θ* exponentially at T14's κ, a rate ∝ η²/B per step, \
                 and ends at T17's θ*, for each learning rate, batch size and dimension; gradient descent from around such \
                 minima keeps the imbalance to within a tenth, and SGD leaves less than a tenth of it.",
    run: |settings| run(settings, Variant::Right),
    steps: |full| {
        let steps = |shape: &Shape, divisor| {
            let alone = if shape.rank == 1 { 2 * pairs(full) } else { 0 };
            let plan = Plan::of(shape, divisor);
            let [all, long] = runs(full);
            plan.map_or(0, |plan| {
                (all - long) * plan.steps(TIMED) + long * plan.steps(EFOLDS) + alone * plan.efold
            })
        };
        let shapes = SWEEP
            .iter()
            .map(|shape| steps(shape, 1.0) + steps(shape, 2.0));
        steps(&SWEEP[ONE], 0.5) + shapes.sum::<u64>()
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

/// What is varied, each at `rate` and at half of it.
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

/// Where only the batch size differs, at η = 0.04 and 0.02: the first runs at twice its rate as
/// well.
const ONE: usize = 0;
const FOUR: usize = 1;
/// B of the second over B of the first, and η² over (η/2)².
const TIMES: f64 = 4.0;

/// Pairs of runs near θ*.
fn pairs(full: bool) -> u64 {
    if full { 256 } else { 16 }
}

/// λ at the start of such a pair, and −λ; it ends an e-fold later. Along the flow the difference of
/// both charges then decays at κ up to a part of the order of NEAR².
const NEAR: f64 = 0.125;

/// Runs for the decay time, and those of them that go on until what is left is noise.
fn runs(full: bool) -> [u64; 2] {
    if full { [256, 128] } else { [20, 8] }
}

/// A teacher, and how long SGD needs.
struct Plan {
    network: Network,
    teacher: Teacher,
    moments: Data,
    clean: Data,
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
            clean: clean(&teacher),
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

    /// Steps of a run over this many e-folds.
    fn steps(&self, efolds: u64) -> u64 {
        self.efold / (PARTS * LOOKS) * (PARTS * LOOKS) * efolds
    }

    fn descent(&self, batch: Option<usize>) -> Descent<'_> {
        Descent {
            network: &self.network,
            source: match batch {
                Some(batch) => Source::Finite(&self.moments, Sampling::WithReplacement(batch)),
                None => Source::Finite(&self.clean, Sampling::Full),
            },
            schedule: Schedule::Constant(self.rate),
            gamma: 0.0,
        }
    }

    /// σ², as the prediction has it.
    fn strength(&self, variant: Variant) -> Strength<f64> {
        let mut strength = self.strength.clone();
        if variant == Variant::TwiceTheNoise {
            strength.sigma2 *= 2.0;
        }
        strength
    }

    /// T14's κ for one hidden neuron.
    fn kappa(&self, variant: Variant) -> Option<f64> {
        let theta = self.minimum.theta();
        let generator = self.network.model().symmetries().swap_remove(0);
        let gradients = self.network.per_sample(&theta, &self.moments);
        let balance = BalanceEquation {
            spectrum: Spectrum::from_gradients(&generator, &theta, &gradients)?,
            strength: self.strength(variant),
        };
        let lambda = solve(&balance).ok()?.finite()?;
        Some(balance.relaxation_rate(&lambda))
    }

    /// One of many minima on the orbit: θ* moved by P = 1 + X + X²/2 ≻ 0, ‖X‖ uniform between
    /// ¼ and 1.
    fn start(&self, stream: &mut Stream) -> Option<Vec<f64>> {
        let r = self.network.widths[1];
        let entries = stream.normals(r * r, 0.25);
        let x = DMatrix::from_row_slice(r, r, &entries);
        let x = &x + x.transpose();
        let x = &x * ((0.25 + 0.75 * stream.uniform()) / x.norm());
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
    /// ‖W‖² over the last e-fold of a long run.
    norm: f64,
}

impl Trace {
    /// ⟨D(0), D(t)⟩/‖D(0)‖².
    fn along(&self, curve: &[DMatrix<f64>]) -> Vec<f64> {
        curve.iter().map(|d| self.predicted[0].dot(d)).collect()
    }

    /// ‖D‖/‖D(0)‖ of a long run, D the mean over the last e-fold.
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
        let parts = self.along(&self.measured[..(TIMED * PARTS) as usize]);
        parts.iter().sum::<f64>() / PARTS as f64
    }

    /// That over the same of the flow.
    fn relative_time(&self) -> f64 {
        self.time() / self.predicted_time()
    }

    /// The same of the flow, by Simpson's rule.
    fn predicted_time(&self) -> f64 {
        let last = (TIMED * PARTS) as usize;
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
/// The decay time is taken over these.
const TIMED: u64 = 2;

fn trace(
    plan: &Plan,
    settings: &Settings,
    shape: &Shape,
    index: u64,
    variant: Variant,
) -> Result<Trace, String> {
    let name = format!("P5 {}, η = {}", shape.name, plan.rate);
    let mut stream = Stream::seeded(settings.seed, &name, index);
    let theta = plan.start(&mut stream).ok_or("no start")?;
    let descent = plan.descent((variant != Variant::NoNoise).then_some(shape.batch));
    let first = plan.imbalance(&theta);
    let size = first.norm();
    let strength = plan.strength(variant);
    let each = plan.efold / (PARTS * LOOKS);
    let mut run = descent.start(theta.clone(), stream);
    let mut flow = theta;
    let long = index < runs(settings.full)[1];
    let efolds = if long { EFOLDS } else { TIMED };
    let (mut measured, mut predicted) = (Vec::new(), vec![&first / size]);
    let mut norm = 0.0;
    for part in 0..PARTS * efolds {
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
    (settings.progress)(plan.steps(efolds));
    Ok(Trace {
        measured,
        predicted,
        norm,
    })
}

/// How far from the orbit gradient descent starts, in each direction.
const AROUND: f64 = 0.02;

/// Gradient descent from around a minimum: D at the start and at the end of each part of an
/// e-fold. Where it rests it stays.
fn descended(
    plan: &Plan,
    settings: &Settings,
    shape: &Shape,
    index: u64,
) -> Option<Vec<DMatrix<f64>>> {
    let name = format!("P5 {}, gradient descent", shape.name);
    let mut stream = Stream::seeded(settings.seed, &name, index);
    let minimum = plan.start(&mut stream)?;
    let off = stream.normals(minimum.len(), AROUND);
    let start: Vec<f64> = minimum.iter().zip(off).map(|(a, b)| a + b).collect();
    let mut course = vec![plan.imbalance(&start)];
    let mut run = plan.descent(None).start(start, stream);
    let mut at_rest = false;
    for _ in 0..PARTS * EFOLDS {
        for _ in 0..LOOKS {
            if !at_rest {
                let before = run.theta.clone();
                run.advance(plan.efold / (PARTS * LOOKS));
                at_rest = rests(&before, &run.theta);
            }
        }
        course.push(plan.imbalance(&run.theta));
    }
    Some(course)
}

/// The rate at which the charges of two runs approach each other, from either side of θ* and
/// over one e-fold, relative to κ. The equilibrium's own charge, and its bias at a finite rate,
/// cancel. One hidden neuron.
fn approach(
    plan: &Plan,
    settings: &Settings,
    shape: &Shape,
    index: u64,
    variant: Variant,
) -> Option<f64> {
    let balanced = plan.balanced(Variant::Right)?;
    let mut apart = [0.0; 2];
    for sign in [1.0, -1.0] {
        let name = format!("P5 {} near θ*, η = {}, {sign}", shape.name, plan.rate);
        let stream = Stream::seeded(settings.seed, &name, index);
        let p = DMatrix::from_element(1, 1, libm::exp(sign * NEAR));
        let descent = plan.descent((variant != Variant::NoNoise).then_some(shape.batch));
        let mut run = descent.start(balanced.moved(&p)?.theta(), stream);
        let charge = |theta: &[f64]| sign * Pair::of(&plan.network, theta).charge().trace();
        apart[0] += charge(&run.theta);
        run.advance(plan.efold);
        apart[1] += charge(&run.theta);
        (settings.progress)(plan.efold);
    }
    let time = plan.efold as f64 * plan.rate;
    Some(libm::log(apart[0] / apart[1]) / (time * plan.kappa(variant)?))
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
        x: Axis::linear(&format!("t = η·steps (time), {}", shape.name)),
        y: Axis::linear("D/‖D(0)‖, element by element"),
        series,
    }
}

/// How much of D is left, in the mean.
fn decaying(shape: &Shape, runs: &[Trace], still: &[Vec<DMatrix<f64>>]) -> Panel {
    let predicted: Vec<_> = runs.iter().map(|t| t.along(&t.predicted)).collect();
    let measured: Vec<_> = runs.iter().map(|t| t.along(&t.measured)).collect();
    let still: Vec<Vec<f64>> = still
        .iter()
        .map(|course| {
            let first = &course[0];
            let along = |d: &DMatrix<f64>| first.dot(d) / first.dot(first);
            course.iter().map(along).collect()
        })
        .collect();
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
            Series::new(
                "gradient descent",
                Style::Line,
                in_efolds(0.0, mean_curve(&still)),
            ),
        ],
    }
}

/// Part k lies at (k + shift)/PARTS.
fn in_efolds(shift: f64, curve: Vec<f64>) -> impl Iterator<Item = (f64, f64)> {
    let at = move |k: usize| (k as f64 + shift) / PARTS as f64;
    curve.into_iter().enumerate().map(move |(k, y)| (at(k), y))
}

/// What was measured of one shape.
struct Measured {
    plan: Plan,
    finer: Plan,
    coarse: Vec<Trace>,
    fine: Vec<Trace>,
    /// The first of these go on to EFOLDS.
    long: usize,
    still: Vec<Vec<DMatrix<f64>>>,
    balanced: Pair,
}

fn traces(
    settings: &Settings,
    plan: &Plan,
    shape: &Shape,
    variant: Variant,
) -> Result<Vec<Trace>, String> {
    let run = |index| trace(plan, settings, shape, index, variant);
    let all = ensemble(runs(settings.full)[0], run);
    all.into_iter().collect()
}

fn measure(settings: &Settings, shape: &Shape, variant: Variant) -> Result<Measured, String> {
    let none = "no equilibrium";
    let plan = Plan::of(shape, 1.0).ok_or(none)?;
    let finer = Plan::of(shape, 2.0).ok_or(none)?;
    let still = ensemble(runs(settings.full)[0], |index| {
        descended(&plan, settings, shape, index)
    });
    Ok(Measured {
        coarse: traces(settings, &plan, shape, variant)?,
        fine: traces(settings, &finer, shape, variant)?,
        still: still.into_iter().collect::<Option<_>>().ok_or(none)?,
        balanced: plan.balanced(variant).ok_or(none)?,
        long: usize::try_from(runs(settings.full)[1]).unwrap_or(0),
        plan,
        finer,
    })
}

/// The bias of a finite learning rate is of first order in it: two rates remove it.
fn limit(coarse: impl Iterator<Item = f64>, fine: impl Iterator<Item = f64>) -> Estimate {
    let pairs = coarse.zip(fine).map(|(a, b)| 2.0 * b - a);
    Estimate::of(&pairs.collect::<Vec<f64>>())
}

/// Within this part of a predicted time, or ratio of times.
const TIME: f64 = 0.15;

fn near(prediction: f64, part: f64) -> Bound {
    Bound::Within {
        prediction,
        tolerance: part * prediction,
    }
}

fn judge(shape: &Shape, measured: &Measured, findings: &mut Vec<Finding>) {
    let Measured { coarse, fine, .. } = measured;
    let long = measured.long;
    let mut add = |what: &str, estimate, bound| {
        let what = format!("{what}, {}", shape.name);
        findings.push(Finding::new(what, estimate, bound));
    };
    let times = [coarse, fine].map(|traces| traces.iter().map(Trace::relative_time));
    let [coarser, finer] = times;
    let time = limit(coarser, finer);
    add(
        "decay time over that of the flow, η → 0",
        time,
        near(1.0, TIME),
    );
    let rests: Vec<f64> = fine[..long].iter().map(Trace::rest).collect();
    let rest = Estimate::of(&rests);
    add("imbalance left after SGD", rest, Bound::Below(0.1));
    let kept = measured.still.iter().filter_map(|course| {
        let (first, last) = (course.first()?, course.last()?);
        Some(last.norm() / first.norm())
    });
    let kept = Estimate::of(&kept.collect::<Vec<f64>>());
    add(
        "imbalance left after gradient descent",
        kept,
        near(1.0, 0.1),
    );
    let w = &measured.balanced.w;
    let norms = [coarse, fine].map(|traces| traces[..long].iter().map(|t| t.norm));
    let [coarser, finer] = norms;
    let norm = limit(coarser, finer);
    add(
        "‖W‖² after SGD against θ*, η → 0",
        norm,
        near(w.dot(w), 0.05),
    );
}

/// The rate near θ*, for one hidden neuron.
fn judge_rate(
    settings: &Settings,
    shape: &Shape,
    measured: &Measured,
    variant: Variant,
) -> Finding {
    let rates = |plan: &Plan| {
        ensemble(pairs(settings.full), |index| {
            approach(plan, settings, shape, index, variant).unwrap_or(f64::NAN)
        })
    };
    let (coarse, fine) = (rates(&measured.plan), rates(&measured.finer));
    Finding::new(
        format!("rate near θ* over T14's κ, η → 0, {}", shape.name),
        limit(coarse.into_iter(), fine.into_iter()),
        near(1.0, 0.1),
    )
}

/// How decay times in steps depend on B at the same η, and on η at the same B. In each, times
/// are compared with those of the flow from the same starts.
fn judge_scaling(one: &Measured, faster: &[Trace], four: &Measured, findings: &mut Vec<Finding>) {
    let ratio = |slow: &[Trace], fast: &[Trace]| {
        let pairs = slow.iter().zip(fast);
        let ratio = |(a, b): (&Trace, &Trace)| TIMES * a.relative_time() / b.relative_time();
        pairs.map(ratio).collect::<Vec<f64>>()
    };
    for (what, coarse, fine) in [
        (
            "steps of decay, B = 4 over B = 1 at the same η, η → 0",
            ratio(&four.coarse, faster),
            ratio(&four.fine, &one.coarse),
        ),
        (
            "steps of decay, η/2 over η at B = 1, η → 0",
            ratio(&one.coarse, faster),
            ratio(&one.fine, &one.coarse),
        ),
    ] {
        let estimate = limit(coarse.into_iter(), fine.into_iter());
        findings.push(Finding::new(what, estimate, near(TIMES, TIME)));
    }
}

/// Decay times in steps, predicted and measured.
fn in_steps(plan: &Plan, traces: &[Trace]) -> (f64, Estimate) {
    let times = |f: fn(&Trace) -> f64| {
        let times: Vec<f64> = traces.iter().map(|t| f(t) * plan.efold as f64).collect();
        Estimate::of(&times)
    };
    (times(Trace::predicted_time).mean, times(Trace::time))
}

fn run(settings: &Settings, variant: Variant) -> Experiment {
    let mut findings = Vec::new();
    let mut panels = Vec::new();
    let mut times = Vec::new();
    let lost = |shape: &Shape, why: &str| {
        let what = format!("{}: {why}", shape.name);
        Finding::new(what, Estimate::exact(f64::NAN), Bound::Above(0.0))
    };
    let mut all = Vec::new();
    for shape in &SWEEP {
        let measured = match measure(settings, shape, variant) {
            Ok(measured) => measured,
            Err(why) => {
                findings.push(lost(shape, &why));
                continue;
            }
        };
        judge(shape, &measured, &mut findings);
        if shape.rank == 1 {
            findings.push(judge_rate(settings, shape, &measured, variant));
        }
        let Measured {
            plan,
            finer,
            coarse,
            fine,
            long,
            still,
            ..
        } = &measured;
        times.extend([in_steps(plan, coarse), in_steps(finer, fine)]);
        if panels.is_empty()
            && let Some(trace) = fine.first()
        {
            panels.push(elements(shape, finer, trace));
        }
        if shape.rank > 2 {
            panels.push(decaying(shape, &fine[..*long], still));
        }
        all.push(measured);
    }
    if let (Some(one), Some(four), Some(plan)) =
        (all.get(ONE), all.get(FOUR), Plan::of(&SWEEP[ONE], 0.5))
    {
        match traces(settings, &plan, &SWEEP[ONE], variant) {
            Ok(faster) => {
                judge_scaling(one, &faster, four, &mut findings);
                times.push(in_steps(&plan, &faster));
            }
            Err(why) => findings.push(lost(&SWEEP[ONE], &why)),
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
