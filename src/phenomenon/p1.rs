//! P1: progressive sharpening and flattening.

use super::{
    Axis, Bound, Estimate, Experiment, Figure, Finding, Panel, Phenomenon, Sabotage, Series,
    Settings, Style,
};
use crate::balance::{Balance, Spectrum, Strength, solve};
use crate::dynamics::{
    Data, Descent, Network, Sampling, Schedule, Source, Stream, Teacher, hessian_trace,
};
use crate::model::{Activation, Loss};

/// The entry of PHENOMENA.
pub static PHENOMENON: Phenomenon = Phenomenon {
    id: "P1",
    name: "progressive sharpening and flattening",
    hypothesis: "From a minimum with ‖U‖ = ‖W‖, SGD with label noise moves Tr ∇²L to S(λ*), \
                 up or down as S(λ*) − S(0) says before the run; gradient descent leaves it where it is.",
    run: |settings| run(settings, Variant::Right),
    steps: |full| {
        let plans = PHI
            .iter()
            .map(|&phi| 2 * Plan::of(phi, Variant::Right).relaxation);
        (ensemble(full) + 1) * plans.sum::<u64>()
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

/// Second entries of Σ_x = diag(1, φ).
const PHI: [f64; 5] = [0.03125, 0.5, 1.5, 6.0, 16.0];
/// Relaxation times (T14) before a run is taken to have arrived: e^{−8} of the way is left.
/// The average is over as many again.
const RELAXATIONS: f64 = 8.0;
/// Label noise: Σ_ε.
const LABELS: [f64; 2] = [0.1, 0.01];

fn ensemble(full: bool) -> u64 {
    if full { 64 } else { 8 }
}

/// One value of φ.
struct Point {
    phi: f64,
    start: f64,
    predicted: f64,
    sgd: Estimate,
    descent: Estimate,
}

fn teacher(phi: f64) -> Teacher {
    Teacher {
        map: vec![1.0, 0.0, 0.0, 0.0],
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
    theta: Vec<f64>,
    rate: f64,
    /// S(0) and S(λ*).
    sharpness: [f64; 2],
    /// Steps until the charge has relaxed.
    relaxation: u64,
}

impl Plan {
    fn of(phi: f64, variant: Variant) -> Self {
        let network = Network::new(&[2, 1, 2], Activation::Identity);
        let teacher = teacher(phi);
        // U = W = (1, 0): a minimum, with C = 0.
        let theta = vec![1.0, 0.0, 1.0, 0.0];
        // The same fraction of the largest stable rate for each φ.
        let rate = 0.04 / (1.0 + phi);
        let moments = teacher.moments();
        let mut plan = Self {
            sharpness: [0.0; 2],
            relaxation: 0,
            network,
            theta,
            rate,
            moments,
            teacher,
        };
        plan.sharpness[0] = plan.sharpness(&plan.theta);
        let arrival = plan.arrival(variant);
        let (lambda, steps) = arrival.unwrap_or((f64::NAN, 1.0));
        let generator = plan.network.model().symmetries().swap_remove(0);
        plan.sharpness[1] = plan.sharpness(&generator.act(&lambda, &plan.theta));
        plan.relaxation = steps as u64;
        plan
    }

    fn sharpness(&self, theta: &[f64]) -> f64 {
        let samples = self.moments.samples();
        hessian_trace(&self.network.model(), &samples, theta).unwrap_or(f64::NAN)
    }

    /// λ* from the spectrum at the start, and the steps that it takes to get there.
    fn arrival(&self, variant: Variant) -> Option<(f64, f64)> {
        let mut teacher = self.teacher.clone();
        if variant == Variant::Isotropic {
            let mean = teacher.label_variance.iter().sum::<f64>() / 2.0;
            teacher.label_variance.fill(mean);
        }
        let generator = self.network.model().symmetries().swap_remove(0);
        let gradients = self.network.per_sample(&self.theta, &teacher.moments());
        let balance = Balance {
            spectrum: Spectrum::from_gradients(&generator, &self.theta, &gradients)?,
            strength: Strength::from_learning_rate(0.0, self.rate, teacher.batch as f64).ok()?,
        };
        let lambda = solve(&balance).ok()?.finite()?;
        let kappa = balance.relaxation_rate(&lambda);
        Some((lambda, libm::ceil(RELAXATIONS / (self.rate * kappa))))
    }

    /// The mean of Tr ∇²L after a run has arrived.
    fn sharpness_at_rest(&self, source: Source, stream: Stream) -> f64 {
        let descent = Descent {
            network: &self.network,
            source,
            schedule: Schedule::Constant(self.rate),
            gamma: 0.0,
        };
        let mut run = descent.start(self.theta.clone(), stream);
        run.advance(self.relaxation);
        let parts = 200;
        let mut total = 0.0;
        for _ in 0..parts {
            run.advance(self.relaxation / parts);
            total += self.sharpness(&run.theta) / parts as f64;
        }
        total
    }
}

fn point(settings: &Settings, variant: Variant, phi: f64) -> Point {
    let plan = Plan::of(phi, variant);
    let name = format!("P1 φ = {phi}");
    let at_rest = |source: Source, index: u64| {
        let stream = Stream::seeded(settings.seed, &name, index);
        let sharpness = plan.sharpness_at_rest(source, stream);
        (settings.progress)(2 * plan.relaxation);
        sharpness
    };
    let full = Source::Finite(&plan.moments, Sampling::Full);
    let runs = ensemble(settings.full);
    let sgd = super::ensemble(runs, |index| match variant {
        Variant::NoNoise => at_rest(full.clone(), index),
        _ => at_rest(Source::Fresh(&plan.teacher), index),
    });
    Point {
        phi,
        start: plan.sharpness[0],
        predicted: plan.sharpness[1],
        sgd: Estimate::of(&sgd),
        descent: Estimate::exact(at_rest(full, runs)),
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
        findings.push(Finding::new(
            format!("Tr ∇²L after SGD, {at}"),
            p.sgd,
            Bound::Within {
                prediction: p.predicted,
                tolerance: 0.05 * p.predicted,
            },
        ));
        findings.push(match p.predicted > p.start {
            true => Finding::new(format!("sharpened, {at}"), p.sgd, Bound::Above(p.start)),
            false => Finding::new(format!("flattened, {at}"), p.sgd, Bound::Below(p.start)),
        });
        findings.push(Finding::new(
            format!("Tr ∇²L after gradient descent, {at}"),
            p.descent,
            Bound::Within {
                prediction: p.start,
                tolerance: 0.001 * p.start,
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
    let curve = (-20..=17).map(|k| {
        let phi = libm::exp2(f64::from(k) / 4.0);
        let [start, rest] = Plan::of(phi, variant).sharpness;
        (phi, rest / start)
    });
    let figure = Figure {
        title: "P1: label noise sharpens or flattens, as S(λ*) says".to_owned(),
        panels: vec![Panel {
            x: Axis::log("φ, second entry of Σ_x"),
            y: Axis::linear("Tr ∇²L at the end / at the start"),
            series: vec![
                Series::new("theory: S(λ*)/S(0)", Style::Theory, curve),
                Series::estimates("SGD", points.iter().map(|p| relative(p, p.sgd))),
                Series::estimates(
                    "gradient descent",
                    points.iter().map(|p| relative(p, p.descent)),
                ),
            ],
        }],
    };
    Experiment { findings, figure }
}
