//! What is searched: a loss, and the points at which it is looked at.

use super::DiscoveryError;
use super::formula::Formula;
use super::tape::{Number, Recorded, Recording};
use crate::model::{Loss, Sample};
use crate::scalar::Rational;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// ℓ(θ, z) as a function of d parameters followed by the numbers of a sample.
type Value<'a> = Box<dyn Fn(&[Number]) -> Option<Number> + Sync + 'a>;

/// A loss whose symmetries are looked for: a [`Formula`], or any [`Loss`].
///
/// "For every sample" means every value of the data, or each of the samples that are given.
pub struct Subject<'a> {
    value: Value<'a>,
    parameters: usize,
    data: usize,
    samples: Option<Vec<Vec<Rational>>>,
}

impl<'a> Subject<'a> {
    /// A formula, its data drawn at random.
    pub fn formula(formula: &'a Formula) -> Self {
        Self {
            value: Box::new(|inputs| formula.value(inputs)),
            parameters: formula.parameters().len(),
            data: formula.data().len(),
            samples: None,
        }
    }

    /// A loss, its samples drawn at random; the lengths of a sample's input and target.
    pub fn loss<L: Loss + Sync>(loss: &'a L, (input, target): (usize, usize)) -> Self {
        let d = loss.dim();
        let value = move |inputs: &[Number]| {
            let (theta, sample) = inputs.split_at_checked(d)?;
            let (input, target) = sample.split_at_checked(input)?;
            let sample = Sample {
                input: input.to_vec(),
                target: target.to_vec(),
            };
            loss.loss(theta, &sample)
        };
        Self {
            value: Box::new(value),
            parameters: d,
            data: input + target,
            samples: None,
        }
    }

    /// Each of these samples in place of all: the numbers of the data each, for a [`Loss`]
    /// those of the input before those of the target.
    ///
    /// # Errors
    /// No sample, or the first that has another number of numbers.
    pub fn on_samples(mut self, samples: Vec<Vec<Rational>>) -> Result<Self, DiscoveryError> {
        if samples.is_empty() {
            return Err(DiscoveryError::NoSamples);
        }
        if let Some(index) = samples.iter().position(|z| z.len() != self.data) {
            return Err(DiscoveryError::Sample {
                index,
                expected: self.data,
                found: samples[index].len(),
            });
        }
        self.samples = Some(samples);
        Ok(self)
    }

    /// d.
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    pub(super) fn samples(&self) -> Option<&[Vec<Rational>]> {
        self.samples.as_deref()
    }

    pub(super) fn data(&self) -> usize {
        self.data
    }

    /// The operations at a point; `None` where the loss is undefined or has a kink.
    pub(super) fn record(&self, point: &[Rational]) -> Option<Recorded> {
        Recording::of(point, |inputs| (self.value)(inputs))
    }
}

/// How the coordinates of a point are drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Draw {
    /// Whole numbers of 32 bits with a sign.
    Integers,
    /// Multiples of a power of two, from thousandths to thousands: all pieces of a loss that
    /// has some are to be met, near 0 and far from it.
    Scales,
    /// The same below 2 in absolute value, for exponentials.
    Small,
}

/// Bits of a random whole number.
pub(super) const BITS: u32 = 32;

/// Random points, from a seed.
pub(super) struct Points {
    source: ChaCha20Rng,
}

impl Points {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            source: ChaCha20Rng::seed_from_u64(seed),
        }
    }

    /// Below `n`, which is far below 2⁶⁴.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.source.next_u64()) * u128::from(n)) >> 64) as u64
    }

    fn integer(&mut self) -> i64 {
        i64::from(self.source.next_u32()) - (1 << (BITS - 1))
    }

    pub(super) fn rationals(&mut self, count: usize, draw: Draw) -> Vec<Rational> {
        let scale = |points: &mut Self| match draw {
            Draw::Integers => 0,
            // 31 bits and a sign: 2³¹ over 2^41 … 2^21.
            Draw::Scales => 21 + points.below(21),
            Draw::Small => 30 + points.below(6),
        };
        // Half of the points have one scale, half have one for each coordinate.
        let common = scale(self);
        let mixed = self.below(2) == 0;
        let mut number = || {
            let shift = if mixed { scale(self) } else { common };
            Rational::from((self.integer(), 1i64 << shift))
        };
        (0..count).map(|_| number()).collect()
    }

    /// A point whose coordinates differ by a sixteenth at most, on a grid on which they stay
    /// short.
    pub(super) fn near(&mut self, point: &[Rational]) -> Vec<Rational> {
        let shift = 15 + self.below(8) as u32;
        let mut factor = || {
            let step = self.below(1 << 12) as i64 - (1 << 11);
            Rational::from((step, 1i64 << shift)) + 1u32
        };
        let grid = 44u32;
        let near = |x: &Rational| -> Rational { ((factor() * x) << grid).round() >> grid };
        point.iter().map(near).collect()
    }

    pub(super) fn residues(&mut self, count: usize, prime: u64) -> Vec<u64> {
        (0..count).map(|_| self.below(prime)).collect()
    }
}
