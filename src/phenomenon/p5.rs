//! P5: matrix factorisation by SGD against gradient descent.

use super::{
    Axis, Bound, Estimate, Experiment, Figure, Finding, Panel, Phenomenon, Sabotage, Series,
    Settings, Style, ensemble,
};
use crate::balance::{Strength, geometric_mean};
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
                 exponentially, as fast as the flow of the whole group says, and ends at T17's θ*, for \
                 each learning rate and batch size (and with --full each dimension); gradient descent keeps the imbalance.",
    run: |settings| run(settings, Variant::Right),
    steps: |full| {
        let steps = |shape, divisor| {
            let plan = Plan::of(shape, divisor);
            plan.map_or(0, |plan| plan.efold / PARTS * PARTS * EFOLDS)
        };
        let shapes = sweep(full)
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

/// What is varied. The learning rate for d = 4 is half that for d = 2: about the same
/// fraction of the largest stable one.
struct Shape {
    name: &'static str,
    /// d_x = d_y.
    dim: usize,
    rank: usize,
    rate: f64,
    batch: usize,
}

static SWEEP: [Shape; 5] = [
    Shape {
        name: "d = 2, r = 2",
        dim: 2,
        rank: 2,
        rate: 0.02,
        batch: 1,
    },
    Shape {
        name: "half the learning rate",
        dim: 2,
        rank: 2,
        rate: 0.01,
        batch: 1,
    },
    Shape {
        name: "batches of 4",
        dim: 2,
        rank: 2,
        rate: 0.02,
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

/// Four-dimensional data take more runs than a preset has: there the intervals of 16 are
/// as wide as what is claimed.
fn sweep(full: bool) -> &'static [Shape] {
    if full { &SWEEP } else { &SWEEP[..3] }
}

fn runs(full: bool) -> u64 {
    if full { 64 } else { 16 }
}

/// A teacher, and how long SGD needs.
struct Plan {
    network: Network,
    teacher: Teacher,
    moments: Data,
    rate: f64,
    strength: Strength<f64>,
    /// A minimum.
    theta: Vec<f64>,
    /// Steps in which the slowest direction falls by e at θ*.
    efold: u64,
}

fn matrix(network: &Network, theta: &[f64], l: usize) -> DMatrix<f64> {
    let (rows, columns) = (network.widths[l], network.widths[l - 1]);
    DMatrix::from_row_slice(rows, columns, &theta[network.range(l)])
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
        let rows = |m: &DMatrix<f64>| m.transpose().as_slice().to_vec();
        let theta = [rows(&left), rows(&right)].concat();
        let moments = teacher.moments();
        let strength = Strength::from_learning_rate(0.0, rate, shape.batch as f64).ok()?;
        let mut plan = Self {
            network,
            moments,
            teacher,
            rate,
            strength,
            theta,
            efold: 0,
        };
        let slowest = plan.slowest(&plan.balanced(Variant::Right)?)?;
        plan.efold = libm::ceil(1.0 / (slowest * plan.rate)) as u64;
        Some(plan)
    }

    /// Tr(Σ_ε)WΣ_xWᵀ and Tr(Σ_x)UᵀΣ_εU: N and M up to the factor 4σ².
    fn sides(&self, theta: &[f64]) -> [DMatrix<f64>; 2] {
        let diagonal = |v: &[f64]| DMatrix::from_diagonal(&v.to_vec().into());
        let Teacher {
            input_variance: x,
            label_variance: e,
            ..
        } = &self.teacher;
        let (u, w) = (
            matrix(&self.network, theta, 2),
            matrix(&self.network, theta, 1),
        );
        [
            &w * diagonal(x) * w.transpose() * e.iter().sum::<f64>(),
            u.tr_mul(&(diagonal(e) * &u)) * x.iter().sum::<f64>(),
        ]
    }

    /// Their difference, relative to their sum.
    fn imbalance(&self, theta: &[f64]) -> DMatrix<f64> {
        let [n, m] = self.sides(theta);
        let size = n.trace() + m.trace();
        (n - m) / size
    }

    /// (UP, P⁻¹W).
    fn moved(&self, theta: &[f64], p: &DMatrix<f64>) -> Option<Vec<f64>> {
        let (u, w) = (
            matrix(&self.network, theta, 2),
            matrix(&self.network, theta, 1),
        );
        let rows = |m: DMatrix<f64>| m.transpose().as_slice().to_vec();
        Some([rows(u * p), rows(p.clone().try_inverse()? * w)].concat())
    }

    /// T17's θ*.
    fn balanced(&self, variant: Variant) -> Option<Vec<f64>> {
        let [mut n, mut m] = self.sides(&self.theta);
        if variant == Variant::Exchanged {
            let ratio = self.teacher.input_variance.iter().sum::<f64>()
                / self.teacher.label_variance.iter().sum::<f64>();
            n *= ratio;
            m /= ratio;
        }
        let metric = geometric_mean(&m, &n)?;
        self.moved(&self.theta, &crate::balance::square_root(&metric)?)
    }

    /// The slowest rate at a balanced point. With K = N = M and H = UᵀU + WWᵀ the flow
    /// {Ẋ, H} = −2·8σ²{X, K} is linear in X, { , } the anticommutator.
    fn slowest(&self, balanced: &[f64]) -> Option<f64> {
        let [k, _] = self.sides(balanced);
        let (u, w) = (
            matrix(&self.network, balanced, 2),
            matrix(&self.network, balanced, 1),
        );
        let h = u.tr_mul(&u) + &w * w.transpose();
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

    /// One of many minima on the orbit: θ* moved by P = 1 + X + X²/2 ≻ 0, ‖X‖ = ¾.
    fn start(&self, stream: &mut Stream) -> Option<Vec<f64>> {
        let r = self.network.widths[1];
        let entries = stream.normals(r * r, 0.25);
        let x = DMatrix::from_row_slice(r, r, &entries);
        let x = &x + x.transpose();
        let x = &x * (0.75 / x.norm());
        let p = DMatrix::identity(r, r) + &x + &x * &x * 0.5;
        self.moved(&self.balanced(Variant::Right)?, &p)
    }
}

/// One run and what the flow says of it.
struct Trace {
    /// ⟨D(0), D(t)⟩/‖D(0)‖², of the run and of the flow, at 0, ⅛, ¼, … e-folds.
    measured: Vec<f64>,
    predicted: Vec<f64>,
    /// The imbalance over the last e-fold, relative to the start's.
    rest: f64,
    /// ‖W‖² over the last e-fold.
    norm: f64,
}

const PARTS: u64 = 8;
const EFOLDS: u64 = 4;

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
        true => Source::Fresh(&plan.teacher),
        false => Source::Finite(&plan.moments, Sampling::Full),
    };
    let descent = Descent {
        network: &plan.network,
        source,
        schedule: Schedule::Constant(plan.rate),
        gamma: 0.0,
    };
    let first = plan.imbalance(&theta);
    let along = |theta: &[f64]| first.dot(&plan.imbalance(theta)) / first.dot(&first);
    let mut strength = plan.strength.clone();
    if variant == Variant::TwiceTheNoise {
        strength.sigma2 *= 2.0;
    }
    let each = plan.efold / PARTS;
    let mut run = descent.start(theta.clone(), stream);
    let mut flow = theta;
    let (mut measured, mut predicted) = (vec![1.0], vec![1.0]);
    let mut rest = DMatrix::zeros(first.nrows(), first.nrows());
    let mut norm = 0.0;
    for part in 1..=PARTS * EFOLDS {
        run.advance(each);
        measured.push(along(&run.theta));
        let time = each as f64 * plan.rate;
        flow = pair_flow(&plan.network, &plan.moments, &strength, 1, flow, time)
            .map_err(|error| error.to_string())?;
        predicted.push(along(&flow));
        if part > PARTS * (EFOLDS - 1) {
            rest += plan.imbalance(&run.theta) / PARTS as f64;
            let w = matrix(&plan.network, &run.theta, 1);
            norm += w.dot(&w) / PARTS as f64;
        }
    }
    (settings.progress)(each * PARTS * EFOLDS);
    Ok(Trace {
        measured,
        predicted,
        rest: rest.norm() / first.norm(),
        norm,
    })
}

/// The rate, per e-fold of the slowest direction: how much less there is of the imbalance
/// in the second e-fold than in the first.
fn decay(curve: &[f64]) -> f64 {
    let part = |k: usize| {
        curve[k * PARTS as usize..(k + 1) * PARTS as usize]
            .iter()
            .sum::<f64>()
    };
    libm::log(part(0) / part(1))
}

fn mean_curve(curves: &[&Vec<f64>]) -> Vec<f64> {
    let length = curves.first().map_or(0, |curve| curve.len());
    (0..length)
        .map(|k| curves.iter().map(|curve| curve[k]).sum::<f64>() / curves.len() as f64)
        .collect()
}

fn run(settings: &Settings, variant: Variant) -> Experiment {
    let mut findings = Vec::new();
    let mut panels = Vec::new();
    for shape in sweep(settings.full) {
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
            format!(
                "decay per e-fold, measured − predicted, η → 0, {}",
                shape.name
            ),
            limit(|t| decay(&t.measured) - decay(&t.predicted)),
            Bound::Within {
                prediction: 0.0,
                tolerance: 0.25,
            },
        ));
        let rests: Vec<f64> = fine.iter().map(|t| t.rest).collect();
        findings.push(Finding::new(
            format!("imbalance left after SGD, {}", shape.name),
            Estimate::of(&rests),
            Bound::Below(0.25),
        ));
        findings.push(Finding::new(
            format!("imbalance left after gradient descent, {}", shape.name),
            Estimate::exact(still.rest),
            Bound::Within {
                prediction: 1.0,
                tolerance: 0.01,
            },
        ));
        let w = matrix(&plan.network, &balanced, 1);
        findings.push(Finding::new(
            format!("‖W‖² after SGD against θ*, η → 0, {}", shape.name),
            limit(|t| t.norm),
            Bound::Within {
                prediction: w.dot(&w),
                tolerance: 0.1 * w.dot(&w),
            },
        ));
        if panels.len() < 2 || shape.dim > 2 {
            let time = |plan: &Plan, curve: Vec<f64>| {
                let step = plan.rate * (plan.efold / PARTS) as f64;
                curve
                    .into_iter()
                    .enumerate()
                    .map(move |(k, y)| (k as f64 * step, y))
            };
            let measured: Vec<&Vec<f64>> = fine.iter().map(|t| &t.measured).collect();
            let predicted: Vec<&Vec<f64>> = fine.iter().map(|t| &t.predicted).collect();
            panels.push(Panel {
                x: Axis::linear(&format!("t = η·steps, {}", shape.name)),
                y: Axis::log("⟨D(0), D(t)⟩/‖D(0)‖²"),
                series: vec![
                    Series::new(
                        "flow of the group",
                        Style::Theory,
                        time(&finer, mean_curve(&predicted)),
                    ),
                    Series::new("SGD", Style::Points, time(&finer, mean_curve(&measured))),
                    Series::new("gradient descent", Style::Line, time(&plan, still.measured)),
                ],
            });
        }
    }
    panels.truncate(3);
    Experiment {
        findings,
        figure: Figure {
            title: "P5: noise removes D = Tr(Σ_ε)WΣ_xWᵀ − Tr(Σ_x)UᵀΣ_εU, gradient descent does not"
                .to_owned(),
            panels,
        },
    }
}
