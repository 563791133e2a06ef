//! What the checks along trajectories share: a case's network in doubles, and ensembles
//! of diffusions.

use super::bounds::{DescentStep, descent_step, within};
use super::case::NetworkCase;
use super::evidence::{Margin, Outcome};
use super::law::Stop;
use crate::balance::BalanceEquation;
use crate::dynamics::{
    Data, Descent, Diffusion, Network, Noise, Sampling, Schedule, Source, Stream,
};
use crate::model::{Activation, Loss, Model};
use crate::phenomenon::{Bound, Estimate, Finding, Judgement};
use crate::symmetry::Generator;
use nalgebra::DMatrix;
use sha2::{Digest, Sha256};

/// A case's network, data and constants in doubles.
pub struct Running {
    pub network: Network,
    pub data: Data,
    pub theta: Vec<f64>,
    pub generator: Generator,
    pub learning_rate: f64,
    pub gamma: f64,
    /// η/(2B).
    pub sigma2: f64,
    pub batch: usize,
    /// Of this case's own random numbers.
    pub seed: u64,
}

impl Running {
    /// `None` for what is not a network of layers.
    pub fn of(case: &NetworkCase) -> Result<Self, Stop> {
        let Model::Deep(deep) = &case.model else {
            return Err(Stop::Open("not a network of layers".to_owned()));
        };
        let (data, theta) = (Data::of(&case.samples), case.theta());
        Ok(Self {
            seed: seed_of(&[&theta, &data.x, &data.y]),
            network: Network::new(&deep.widths, deep.activation.clone()),
            data,
            theta,
            generator: case.generator.clone(),
            learning_rate: case.learning_rate.to_f64(),
            gamma: case.gamma.to_f64(),
            sigma2: case.strength()?.sigma2.to_f64(),
            batch: case.batch,
        })
    }

    /// The law of the charge at every step of a long run of SGD in doubles, against a
    /// derived bound on the rounding errors: for each step by itself, and for all steps
    /// so far. Weight decay takes `decay`·ηγ from θ. With `slope` it is the law without
    /// the symmetry, −2`slope`·η(1−2ηγ)gᵀAθ added: an identity for whatever was computed
    /// as g. Without, gᵀAθ is 0 but for the rounding errors of g.
    pub fn descend(&self, decay: f64, slope: Option<f64>, steps: u64) -> Outcome {
        let (network, data, generator) = (&self.network, &self.data, &self.generator);
        let (eta, gamma) = (self.learning_rate, self.gamma);
        let absolute = self.matrix().abs();
        let shrink = 1.0 - decay * eta * gamma;
        // The same network with every product made positive: f − y becomes |f| + |y|.
        let positive = |v: &[f64]| v.iter().map(|x| x.abs()).collect::<Vec<_>>();
        let (x, y) = (positive(&data.x), positive(&data.y));
        let y: Vec<f64> = y.iter().map(|y| -y).collect();
        let mut work = network.workspace(data.len());
        let mut sizes = vec![0.0; self.theta.len()];
        // A sum of n products and the slope or factor that follows are n + 1 roundings,
        // once forwards and once backwards for each layer; the rest are f − y, the factor
        // 2/B, and the sum over the batch.
        let widths: usize = network.widths.iter().map(|w| w + 2).sum();
        let depth = 2 * widths + self.batch + 4;

        let descent = Descent {
            network,
            source: Source::Finite(data, Sampling::WithReplacement(self.batch)),
            schedule: Schedule::Constant(eta),
            gamma,
        };
        let mut run = descent.start(self.theta.clone(), Stream::seeded(self.seed, "descent", 0));
        let mut before = self.theta.clone();
        let mut charge = generator.charge(&before);
        let (mut law, mut drift) = (charge, 0.0);
        let mut outcome = Outcome::holds("", true);
        for k in 1..=steps {
            if slope.is_none() {
                network.gradient(&positive(&before), &x, &y, &mut work, &mut sizes);
                // A batch's mean is at most the sum over all samples.
                sizes.iter_mut().for_each(|s| *s *= data.len() as f64);
            }
            run.step();
            let gradient = run.last_gradient();
            let bound = descent_step(&DescentStep {
                absolute: &absolute,
                theta: &before,
                gradient,
                sizes: &sizes,
                depth,
                learning_rate: eta,
                gamma,
            });
            let broken = slope.map_or(0.0, |slope| {
                2.0 * slope * eta * shrink * dot(gradient, &generator.apply(&before))
            });
            let pushed = eta * eta * generator.charge::<f64>(gradient) - broken;
            let after: f64 = generator.charge(&run.theta);
            let defect = after - (shrink * shrink * charge + pushed);
            law = shrink * shrink * law + pushed;
            // Each step's defect shrinks like the charge; the law's own roundings are
            // counted in each step's bound, but for those of the drift so far.
            drift = shrink * shrink * drift * (1.0 + 16.0 * f64::EPSILON) + bound;
            outcome = outcome
                .and(|| within(&format!("step {k}"), defect, bound))
                .and(|| within(&format!("all {k} steps"), after - law, drift));
            if !matches!(outcome, Outcome::Verified(_)) {
                return outcome;
            }
            charge = after;
            before.copy_from_slice(&run.theta);
        }
        outcome
    }

    /// A, d × d.
    pub fn matrix(&self) -> DMatrix<f64> {
        let d = self.theta.len();
        let axis = |k: usize| -> Vec<f64> { (0..d).map(|i| f64::from(u8::from(i == k))).collect() };
        let columns = (0..d).flat_map(|k| self.generator.apply(&axis(k)));
        DMatrix::from_vec(d, d, columns.collect())
    }
}

/// Cases that differ have runs that differ, whatever drew them.
fn seed_of(numbers: &[&[f64]]) -> u64 {
    let mut hash = Sha256::new();
    for x in numbers.iter().copied().flatten() {
        hash.update(x.to_le_bytes());
    }
    let first = hash.finalize().into_iter().take(8);
    first.fold(0, |seed, byte| seed << 8 | u64::from(byte))
}

/// The same weights with tanh for an activation, which breaks the symmetry.
pub fn with_tanh(case: &NetworkCase) -> NetworkCase {
    let mut case = case.clone();
    if let Model::Deep(deep) = &mut case.model {
        deep.activation = Activation::Tanh;
    }
    assert_eq!(case.model.dim(), case.theta.len());
    case
}

/// The same orbit seen from θ_s.
pub fn moved(balance: &BalanceEquation<f64>, s: f64) -> BalanceEquation<f64> {
    let terms = balance.spectrum.terms().iter().cloned().map(|mut term| {
        term.noise *= libm::exp(-2.0 * term.rate * s);
        term.charge *= libm::exp(2.0 * term.rate * s);
        term
    });
    BalanceEquation {
        spectrum: crate::balance::Spectrum::from_terms(terms.collect()),
        strength: balance.strength.clone(),
    }
}

/// What a law says of the charge's next increment, given θ: a quadratic function of normal
/// numbers, ξᵀQξ + bᵀξ and a constant.
pub struct Increment {
    pub mean: f64,
    /// The variance of bᵀξ.
    pub linear: f64,
    /// That of ξᵀQξ, uncorrelated with it.
    pub quadratic: f64,
}

impl Increment {
    fn variance(&self) -> f64 {
        self.linear + self.quadratic
    }

    /// A bound on the variance of (q − Eq)²/Var q, q being the increment. In Q's eigenbasis
    /// its cumulants are κ₂ = Σ(2q² + b²) and κ₄ = 48Σq²(q² + b²), at most 12x(2 − x)κ₂² if
    /// ξᵀQξ has the share x of κ₂, and E(q − Eq)⁴ = 3κ₂² + κ₄.
    fn spread(&self) -> f64 {
        let share = self.quadratic / self.variance();
        2.0 + 12.0 * share * (2.0 - share)
    }

    /// With the variance times `factor`.
    pub fn times(self, factor: f64) -> Self {
        Self {
            mean: self.mean,
            linear: self.linear * factor,
            quadratic: self.quadratic * factor,
        }
    }
}

/// θ with the numbers that a law is made of.
pub struct Moment<'a> {
    pub running: &'a Running,
    /// Row, column and value of what is not 0 in A.
    pub entries: &'a [(usize, usize, f64)],
    pub theta: Vec<f64>,
    /// ∇L.
    pub gradient: Vec<f64>,
    /// g_i − ∇L.
    pub centred: Vec<Vec<f64>>,
    pub dt: f64,
}

impl Moment<'_> {
    /// vᵀAw.
    pub fn form(&self, v: &[f64], w: &[f64]) -> f64 {
        let terms = self.entries.iter().map(|(i, j, a)| v[*i] * a * w[*j]);
        terms.fold(0.0, |total, term| total + term)
    }

    /// Av.
    pub fn image(&self, v: &[f64]) -> Vec<f64> {
        let mut image = vec![0.0; v.len()];
        self.entries
            .iter()
            .for_each(|(i, j, a)| image[*i] += a * v[*j]);
        image
    }

    /// −(∇L + 2γθ).
    pub fn velocity(&self) -> Vec<f64> {
        let terms = self.gradient.iter().zip(&self.theta);
        terms
            .map(|(g, x)| -g - 2.0 * self.running.gamma * x)
            .collect()
    }
}

pub fn dot(v: &[f64], w: &[f64]) -> f64 {
    v.iter().zip(w).fold(0.0, |t, (v, w)| t + v * w)
}

/// Runs from the case's θ to time [`END`].
pub struct Ensemble<'a> {
    pub running: &'a Running,
    pub noise: Noise,
    /// Of each run.
    pub steps: usize,
    /// In each of the [`GROUPS`].
    pub runs: u64,
    /// What the increments of C are measured against.
    pub law: fn(&Moment<'_>) -> Increment,
}

/// Groups of runs, one number each: their scatter gives the confidence interval.
pub const GROUPS: u64 = 16;

/// When a run ends, in units of η × steps.
const END: f64 = 0.125;

/// Sums over the runs of a group.
pub struct Group {
    /// M², M being C(T) − C(0) without the mean increments along the path.
    pub square: f64,
    /// The increments' variances along the path.
    pub variance: f64,
    /// Those of the first increments, all from the same θ.
    pub first: f64,
    /// The squares of the increments without their means, each over its variance.
    pub squares: f64,
    /// What the variances of these squares are at most.
    pub spread: f64,
    /// The smallest variance of all increments.
    pub least: f64,
}

impl Ensemble<'_> {
    pub fn groups(&self) -> Vec<Group> {
        let matrix = self.running.matrix();
        let (rows, columns) = matrix.shape();
        let all = (0..columns).flat_map(|j| (0..rows).map(move |i| (i, j)));
        let entries = all.map(|(i, j)| (i, j, matrix[(i, j)]));
        let entries: Vec<_> = entries.filter(|(_, _, a)| *a != 0.0).collect();
        let group = |g: u64| {
            let mut total = Group {
                square: 0.0,
                variance: 0.0,
                first: 0.0,
                squares: 0.0,
                spread: 0.0,
                least: f64::INFINITY,
            };
            for run in 0..self.runs {
                let name = format!("diffusion in {} steps", self.steps);
                let index = g * self.runs + run;
                let stream = Stream::seeded(self.running.seed, &name, index);
                self.run(&entries, stream, &mut total);
            }
            total
        };
        (0..GROUPS).map(group).collect()
    }

    fn run(&self, entries: &[(usize, usize, f64)], stream: Stream, total: &mut Group) {
        let Running {
            network,
            data,
            theta,
            generator,
            gamma,
            sigma2,
            ..
        } = self.running;
        let dt = END / self.steps as f64;
        let strength = (*gamma, *sigma2);
        let mut run = Diffusion::start(network, data, strength, self.noise, theta.clone(), stream);
        let (mut charge, mut rest): (f64, f64) = (generator.charge(theta), 0.0);
        let mut work = network.workspace(1);
        let mut at = Moment {
            running: self.running,
            entries,
            theta: theta.clone(),
            gradient: vec![0.0; theta.len()],
            centred: vec![vec![0.0; theta.len()]; data.len()],
            dt,
        };
        for step in 0..self.steps {
            at.theta.copy_from_slice(&run.theta);
            at.gradient.fill(0.0);
            let count = data.len() as f64;
            for (i, row) in at.centred.iter_mut().enumerate() {
                let (x, y) = data.sample(i);
                network.gradient(&run.theta, x, y, &mut work, row);
                let sums = at.gradient.iter_mut().zip(row.iter());
                sums.for_each(|(m, g)| *m += g / count);
            }
            for row in &mut at.centred {
                row.iter_mut().zip(&at.gradient).for_each(|(g, m)| *g -= m);
            }
            let increment = (self.law)(&at);
            let variance = increment.variance();
            run.step(dt);
            let after = generator.charge(&run.theta);
            let own = after - charge - increment.mean;
            charge = after;
            rest += own;
            total.variance += variance;
            total.squares += own * own / variance;
            total.spread += increment.spread();
            total.least = total.least.min(variance);
            if step == 0 {
                total.first += variance;
            }
        }
        total.square += rest * rest;
    }
}

/// No estimate is taken for wrong that is less than this many standard errors off, over
/// and above its confidence interval.
pub const STANDARD_ERRORS: f64 = 5.0;

/// The increments of C without their means, each squared and over its variance: 1 in the
/// mean over all 2048 of an ensemble of 512 runs of 4 steps. Nothing is left out: the law is
/// that of one step of Euler and Maruyama. So the tolerance is that of the mean itself, from
/// the derived variances of the squares.
pub fn scatter(running: &Running, noise: Noise, law: fn(&Moment<'_>) -> Increment) -> Outcome {
    let (runs, steps) = (32, 4);
    let ensemble = Ensemble {
        running,
        noise,
        steps,
        runs,
        law,
    };
    let groups = ensemble.groups();
    if let Some(outcome) = silent(running, &groups) {
        return outcome;
    }
    let own = runs as f64 * steps as f64;
    let ratios: Vec<f64> = groups.iter().map(|g| g.squares / own).collect();
    let spread: f64 = groups.iter().map(|g| g.spread).sum();
    let claimed = Bound::Within {
        prediction: 1.0,
        tolerance: STANDARD_ERRORS * libm::sqrt(spread) / (GROUPS as f64 * own),
    };
    estimated("Var C over the predicted one", &ratios, claimed)
}

/// Steps whose increments are rounding errors, below 2⁻⁴⁰ of the charges at hand, leave
/// no noise to measure.
pub fn silent(running: &Running, groups: &[Group]) -> Option<Outcome> {
    let size = 1.0 + dot(&running.theta, &running.theta);
    let floor = libm::exp2(-40.0) * size;
    let silent = groups.iter().any(|group| group.least <= floor * floor);
    silent.then(|| Outcome::Inconclusive("there is no noise to measure".to_owned()))
}

/// One number a group against what is claimed of their mean.
pub fn estimated(what: &str, values: &[f64], bound: Bound) -> Outcome {
    if values.iter().any(|x| !x.is_finite()) {
        return within(what, f64::NAN, 0.0);
    }
    let finding = Finding::new(what, Estimate::of(values), bound);
    match finding.judgement() {
        Judgement::Verified => {
            Outcome::Verified(Margin::Bits(libm::log2(finding.distance_in_intervals())))
        }
        Judgement::Inconclusive => Outcome::Inconclusive(finding.to_string()),
        Judgement::Refuted => Outcome::Refuted(finding.to_string()),
    }
}
