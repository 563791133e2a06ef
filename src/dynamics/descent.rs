//! Gradient descent, with batches or with all data.

use super::data::{Batch, Source};
use super::network::{Network, Workspace};
use super::random::Stream;

/// The learning rate of each step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schedule {
    /// The same for all.
    Constant(f64),
    /// Rising in equal parts from 0 to `peak` over the first `steps`, then constant.
    Warmup {
        /// η from step `steps` on.
        peak: f64,
        /// How long it rises.
        steps: u64,
    },
}

impl Schedule {
    /// η of step `k`, the first being 0.
    pub fn at(&self, k: u64) -> f64 {
        match *self {
            Self::Constant(rate) => rate,
            Self::Warmup { peak, steps } if k < steps => peak * (k + 1) as f64 / steps as f64,
            Self::Warmup { peak, .. } => peak,
        }
    }
}

/// θ' = θ − η(g + 2γθ), g the mean gradient of a batch.
#[derive(Clone, Debug)]
pub struct Descent<'a> {
    /// The network.
    pub network: &'a Network,
    /// Where the batches come from.
    pub source: Source<'a>,
    /// η.
    pub schedule: Schedule,
    /// γ.
    pub gamma: f64,
}

/// A descent under way.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    descent: Descent<'a>,
    /// θ, d numbers.
    pub theta: Vec<f64>,
    /// Steps taken.
    pub steps: u64,
    stream: Stream,
    batch: Batch,
    work: Workspace,
    gradient: Vec<f64>,
}

impl<'a> Descent<'a> {
    /// Starts at θ, d numbers, with a stream of its own.
    pub fn start(self, theta: Vec<f64>, stream: Stream) -> Run<'a> {
        Run {
            batch: self.source.batch(),
            work: self.network.workspace(self.source.batch_size()),
            gradient: vec![0.0; theta.len()],
            steps: 0,
            theta,
            stream,
            descent: self,
        }
    }
}

impl Run<'_> {
    /// One step. Returns the loss of its batch before the step, without weight decay.
    pub fn step(&mut self) -> f64 {
        let Descent {
            network,
            source,
            schedule,
            gamma,
        } = &self.descent;
        source.draw(&mut self.stream, &mut self.batch);
        let Batch { x, y, .. } = &self.batch;
        let loss = network.gradient(&self.theta, x, y, &mut self.work, &mut self.gradient);
        let rate = schedule.at(self.steps);
        let decay = 2.0 * gamma;
        let (theta, gradient) = (&mut self.theta, &self.gradient);
        // In the widest registers, as the products.
        pulp::Arch::new().dispatch(|| {
            for (theta, g) in theta.iter_mut().zip(gradient) {
                *theta -= rate * (decay * *theta + g);
            }
        });
        self.steps += 1;
        loss
    }

    /// The gradient of the last step's batch, d numbers.
    pub fn last_gradient(&self) -> &[f64] {
        &self.gradient
    }

    /// Many steps; stops early, and says false, once a parameter is no longer finite.
    pub fn advance(&mut self, steps: u64) -> bool {
        for _ in 0..steps {
            if !self.step().is_finite() {
                return false;
            }
        }
        self.theta.iter().all(|x| x.is_finite())
    }
}
