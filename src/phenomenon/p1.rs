//! P1: progressive sharpening and flattening.

use super::pair::{Pair, clean, rest};
use super::{
    Axis, Bound, Estimate, Experiment, Figure, Finding, Panel, Phenomenon, Sabotage, Series,
    Settings, Style,
};
use crate::balance::{BalanceEquation, Spectrum, Strength, solve};
use crate::dynamics::{
    Data, Descent, Network, Sampling, Schedule, Source, Stream, Teacher, hessian_trace,
};
use crate::model::{Activation, Symmetric};

/// The entry of PHENOMENA.
pub static PHENOMENON: Phenomenon = Phenomenon {
    id: "P1",
    file: file!(),
    name: "progressive sharpening and flattening",
    hypothesis: "From a minimum with ‖U‖ = ‖W‖, SGD with label noise, as η → 0, moves Tr ∇²L to S(λ*), within a quarter of \
                 S(λ*) − S(0), up or down as its sign says; gradient descent from around it ends where the charge \
                 of its start says, within a twentieth.",
    run: |settings| run(settings, Variant::Right),
    steps: |full| {
        let steps = |phi| {
            let [coarse, fine] =
                [1.0, 2.0].map(|divisor| Plan::of(phi, divisor, Variant::Right).relaxation);
            3 * coarse + 2 * fine
        };
        ensemble(full) * PHI.iter().map(|&phi| steps(phi)).sum::<u64>()
    },
    sabotages: &[
        Sabotage {
            name: "gradient descent in place of SGD",
            run: |settings| run(settings, Variant::NoNoise),
        },
        Sabotage {
            name: "λ* of isotropic label noise",
            run: |settings| run(settings, Variant::Isotropic),
        },
    ],
};

#[derive(Clone, Copy, PartialEq)]
enum Variant {
    Right,
    /// Batches of all data.
    NoNoise,
    /// The prediction ignores how the label noise is distributed.
    Isotropic,
}

/// Second entries of Σ_x = diag(1, φ). With d_y and Σ_ε below, S(λ*) differs from S(0) by more
/// than a tenth of it at each: up where 1 < φ < 17, down elsewhere.
const PHI: [f64; 5] = [0.03125, 0.25, 3.0, 6.0, 31.0];
/// d_y. The more outputs, the further the flattest minimum is from ‖U‖ = ‖W‖.
const OUTPUTS: usize = 6;
/// Σ_ε: half of its trace lies where V reads.
const LABELS: [f64; OUTPUTS] = [1.0, 0.2, 0.2, 0.2, 0.2, 0.2];
/// η·Tr ∇²L, at the larger of both ends; runs at half of it as well.
const RATE: f64 = 0.1;
/// Relaxation times (T14) before a run is taken to have arrived: e^{−6} of the way is left.
/// The average is over as many again.
const RELAXATIONS: f64 = 6.0;
/// The part of the way from S(0) to S(λ*) that a value may be off. SGD that has not moved is
/// off by all of it, SGD that has gone elsewhere by as much as that is away.
const RESOLUTION: f64 = 0.25;
/// Gradient descent starts that far from the minimum, in each direction.
const AROUND: f64 = 0.1;
/// The part of that way that gradient descent may be off. It moves C by 2η(L(0) − L(T)) at most
/// (P6), which is 0.01·L(0), and L(0) is about AROUND²·Tr ∇²L/2.
const KEPT: f64 = 0.05;

fn ensemble(full: bool) -> u64 {
    if full { 64 } else { 8 }
}

/// One value of φ.
struct Point {
    phi: f64,
    start: f64,
    predicted: f64,
    /// At η, and extrapolated to η = 0.
    sgd: [Estimate; 2],
    /// Tr ∇²L at the end, over and less what the start's charge says.
    descent: [Estimate; 2],
}

fn teacher(phi: f64) -> Teacher {
    let mut map = vec![0.0; 2 * OUTPUTS];
    map[0] = 1.0;
    Teacher {
        map,
        input_variance: vec![1.0, phi],
        label_variance: LABELS.to_vec(),
        batch: 1,
    }
}

/// What theory says before a run.
struct Plan {
    network: Network,
    teacher: Teacher,
    /// Samples with the teacher's moments.
    moments: Data,
    clean: Data,
    /// U = W = e₁: a minimum, with C = 0.
    theta: Vec<f64>,
    rate: f64,
    /// S(0) and S(λ*).
    sharpness: [f64; 2],
    /// Steps until the charge has relaxed.
    relaxation: u64,
}

impl Plan {
    /// At the learning rate over `divisor`.
    fn of(phi: f64, divisor: f64, variant: Variant) -> Self {
        let teacher = teacher(phi);
        let network = Network::new(&[2, 1, OUTPUTS], Activation::Identity);
        let mut theta = vec![0.0; network.dim()];
        (theta[0], theta[OUTPUTS]) = (1.0, 1.0);
        let mut plan = Self {
            sharpness: [0.0; 2],
            relaxation: 0,
            rate: 0.0,
            moments: teacher.moments(),
            clean: clean(&teacher),
            network,
            theta,
            teacher,
        };
        plan.sharpness[0] = plan.sharpness(&plan.theta);
        if let Some((lambda, kappa)) = plan.arrival(variant) {
            let generator = plan.network.model().symmetries().swap_remove(0);
            plan.sharpness[1] = plan.sharpness(&generator.act(&lambda, &plan.theta));
            let [start, end] = plan.sharpness;
            plan.rate = RATE / (divisor * start.max(end));
            // κ is that of σ² = 1, and 2σ² = η.
            plan.relaxation =
                libm::ceil(2.0 * RELAXATIONS / (plan.rate * plan.rate * kappa)) as u64;
        } else {
            plan.sharpness[1] = f64::NAN;
        }
        plan
    }

    fn sharpness(&self, theta: &[f64]) -> f64 {
        let samples = self.clean.samples();
        hessian_trace(&self.network.model(), &samples, theta).unwrap_or(f64::NAN)
    }

    /// λ* from the spectrum at the start, and κ, both at σ² = 1: at γ = 0, λ* is the same for all
    /// σ², and κ is proportional to it.
    fn arrival(&self, variant: Variant) -> Option<(f64, f64)> {
        let mut teacher = self.teacher.clone();
        if variant == Variant::Isotropic {
            let mean = teacher.label_variance.iter().sum::<f64>() / OUTPUTS as f64;
            teacher.label_variance.fill(mean);
        }
        let generator = self.network.model().symmetries().swap_remove(0);
        let gradients = self.network.per_sample(&self.theta, &teacher.moments());
        let balance = BalanceEquation {
            spectrum: Spectrum::from_gradients(&generator, &self.theta, &gradients)?,
            strength: Strength::from_learning_rate(0.0, 2.0, teacher.batch as f64).ok()?,
        };
        let lambda = solve(&balance).ok()?.finite()?;
        Some((lambda, balance.relaxation_rate(&lambda)))
    }

    fn descent<'a>(&'a self, source: Source<'a>) -> Descent<'a> {
        Descent {
            network: &self.network,
            source,
            schedule: Schedule::Constant(self.rate),
            gamma: 0.0,
        }
    }

    /// The mean of Tr ∇²L after a run has arrived.
    fn sharpness_at_rest(&self, source: Source, stream: Stream) -> f64 {
        let mut run = self.descent(source).start(self.theta.clone(), stream);
        run.advance(self.relaxation);
        let parts = 200;
        let mut total = 0.0;
        for _ in 0..parts {
            run.advance(self.relaxation / parts);
            total += self.sharpness(&run.theta) / parts as f64;
        }
        total
    }

    /// Tr ∇²L at the minimum U = (p, 0, …), W = (1/p, 0) that has θ's charge.
    fn sharpness_by_charge(&self, theta: &[f64]) -> f64 {
        let charge = Pair::of(&self.network, theta).charge().trace();
        // p² − 1/p² = C.
        let square = (charge + libm::sqrt(charge * charge + 4.0)) / 2.0;
        let mut minimum = self.theta.clone();
        minimum[0] = libm::sqrt(square);
        minimum[OUTPUTS] = 1.0 / minimum[0];
        self.sharpness(&minimum)
    }

    /// Gradient descent from around the minimum, until it rests or as long as SGD takes to
    /// arrive: Tr ∇²L at the end, and what the start's charge says of it.
    fn descended(&self, mut stream: Stream) -> [f64; 2] {
        let off = stream.normals(self.theta.len(), AROUND);
        let start: Vec<f64> = self.theta.iter().zip(off).map(|(a, b)| a + b).collect();
        let expected = self.sharpness_by_charge(&start);
        let full = Source::Finite(&self.clean, Sampling::Full);
        let mut run = self.descent(full).start(start, stream);
        rest(&mut run, self.relaxation);
        [self.sharpness(&run.theta), expected]
    }
}

fn point(settings: &Settings, variant: Variant, phi: f64) -> Point {
    let plan = Plan::of(phi, 1.0, variant);
    let finer = Plan::of(phi, 2.0, variant);
    let runs = ensemble(settings.full);
    let sgd = super::ensemble(runs, |index| {
        let [coarse, fine] = [&plan, &finer].map(|plan| {
            let name = format!("P1 φ = {phi}, η = {}", plan.rate);
            let source = match variant {
                Variant::NoNoise => Source::Finite(&plan.moments, Sampling::Full),
                _ => Source::Fresh(&plan.teacher),
            };
            let stream = Stream::seeded(settings.seed, &name, index);
            let sharpness = plan.sharpness_at_rest(source, stream);
            (settings.progress)(2 * plan.relaxation);
            sharpness
        });
        // The bias of a finite learning rate is of first order in it: two rates remove it.
        [coarse, 2.0 * fine - coarse]
    });
    let descent = super::ensemble(runs, |index| {
        let name = format!("P1 φ = {phi}, gradient descent");
        let [end, expected] = plan.descended(Stream::seeded(settings.seed, &name, index));
        (settings.progress)(plan.relaxation);
        [end / expected, end - expected]
    });
    let each = |values: &[[f64; 2]]| {
        [0, 1].map(|k| Estimate::of(&values.iter().map(|v| v[k]).collect::<Vec<f64>>()))
    };
    Point {
        phi,
        start: plan.sharpness[0],
        predicted: plan.sharpness[1],
        sgd: each(&sgd),
        descent: each(&descent),
    }
}

fn run(settings: &Settings, variant: Variant) -> Experiment {
    let points: Vec<Point> = PHI
        .iter()
        .map(|&phi| point(settings, variant, phi))
        .collect();
    let mut findings = Vec::new();
    for p in &points {
        let at = format!("φ = {}", p.phi);
        let way = p.predicted - p.start;
        let limit = p.sgd[1];
        findings.push(Finding::new(
            format!("Tr ∇²L after SGD, η → 0, {at}"),
            limit,
            Bound::Within {
                prediction: p.predicted,
                tolerance: RESOLUTION * way.abs(),
            },
        ));
        findings.push(if way > 0.0 {
            Finding::new(format!("sharpened, {at}"), limit, Bound::Above(p.start))
        } else {
            Finding::new(format!("flattened, {at}"), limit, Bound::Below(p.start))
        });
        findings.push(Finding::new(
            format!("Tr ∇²L after gradient descent less that of its start's charge, {at}"),
            p.descent[1],
            Bound::Within {
                prediction: 0.0,
                tolerance: KEPT * way.abs(),
            },
        ));
    }
    let relative = |p: &Point, estimate: Estimate| {
        let Estimate {
            mean,
            half_width,
            runs,
        } = estimate;
        let relative = Estimate {
            mean: mean / p.start,
            half_width: half_width / p.start,
            runs,
        };
        (p.phi, relative)
    };
    let curve = (-20..=20).map(|k| {
        let phi = libm::exp2(f64::from(k) / 4.0);
        let [start, rest] = Plan::of(phi, 1.0, variant).sharpness;
        (phi, rest / start)
    });
    let figure = Figure {
        title: "P1: label noise sharpens or flattens, as S(λ*) says".to_owned(),
        panels: vec![Panel {
            x: Axis::log("φ, second entry of Σ_x, over the first"),
            y: Axis::linear("Tr ∇²L at the end / at the start"),
            series: vec![
                Series::new("theory: S(λ*)/S(0)", Style::Theory, curve),
                Series::estimates("SGD", points.iter().map(|p| relative(p, p.sgd[0]))),
                Series::estimates("SGD, η → 0", points.iter().map(|p| relative(p, p.sgd[1]))),
                Series::estimates(
                    "gradient descent / by its start's charge",
                    points.iter().map(|p| (p.phi, p.descent[0])),
                ),
            ],
        }],
    };
    Experiment { findings, figure }
}
