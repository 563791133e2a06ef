//! The live weights of a network, sorted once into what a pass goes through: what is joined
//! to the outside, dense blocks, and the sparse rest.

use super::block::Block;
use super::exponentials::temperature;
use super::layers::{Finder, is_narrow};
use super::sparse::Sparse;
use super::terms::Terms;
use super::threads::each;
use super::{Edge, NetworkError};
use crate::balance::{Spectrum, Strength};

/// Factorising directly is worth this many iterations of conjugate gradients.
pub const WORTH: usize = 400;

/// All that Φ depends on, at a temperature.
pub struct Weights<'a> {
    pub neurons: usize,
    /// How many live weights each neuron has.
    pub degrees: Vec<u32>,
    pub outer: Vec<Outer>,
    pub blocks: Vec<Block>,
    pub sparse: Sparse,
    /// Is the matrix of all pairs so narrow that it is factorised?
    pub narrow: bool,
    /// The temperature is 2^heat.
    pub heat: u32,
    terms: Terms<'a>,
}

/// The weights of one neuron whose other end is outside, where λ is 0: two terms
/// `falling`·e^{−2λ} and `rising`·e^{2λ}, each to the power 1/τ and added up.
#[derive(Clone)]
pub struct Outer {
    pub neuron: usize,
    pub falling: f64,
    pub rising: f64,
}

impl<'a> Weights<'a> {
    /// At temperature 1.
    ///
    /// # Errors
    /// A neuron that does not exist, a noise or charge that is negative or not finite.
    pub fn new(
        neurons: usize,
        spectrum: &'a Spectrum<f64, Edge>,
        strength: &Strength<f64>,
    ) -> Result<Self, NetworkError> {
        let terms = Terms::new(spectrum, strength);
        let mut degrees = vec![0; neurons];
        let mut finder = Finder::default();
        for k in 0..terms.len() {
            let weight = terms.check(k, neurons)?;
            if let Some((from, to)) = weight.edge.from.zip(weight.edge.to) {
                finder.add(k, from, to);
            } else if let Some((neuron, ..)) = weight.outside()
                && weight.is_alive()
            {
                degrees[neuron as usize] += 1;
            }
        }
        let (mut layers, mut loose) = finder.end();
        let narrow = is_narrow(neurons, &terms, &layers, &loose, WORTH);
        if narrow {
            loose.extend(layers.iter().flat_map(|layer| layer.weights()));
            layers.clear();
        }
        // From a neuron to itself the rate is 0.
        loose.retain(|&k| terms.edge(k).from != terms.edge(k).to);
        let sparse = Sparse::new(&terms, &loose, &mut degrees);
        let blocks = each(&layers, |layer| Block::new(layer, &terms));
        for (block, (by_row, by_column)) in blocks.iter().zip(each(&blocks, Block::degrees)) {
            for (&row, count) in block.rows.iter().zip(by_row) {
                degrees[row as usize] += count;
            }
            for (degree, count) in degrees[block.range()].iter_mut().zip(by_column) {
                *degree += count;
            }
        }
        Ok(Self {
            neurons,
            degrees,
            outer: outer(neurons, &terms, 0),
            blocks,
            sparse,
            narrow,
            heat: 0,
            terms,
        })
    }

    /// The temperature, as a power of 2, at which the terms differ by no more than a factor e.
    pub fn hottest(&self) -> u32 {
        let weights = (0..self.terms.len()).map(|k| self.terms.weight(k));
        let inner = weights.filter(|weight| weight.edge.from != weight.edge.to);
        let live = inner.flat_map(|weight| [weight.noise, weight.charge]);
        let (low, high) = live
            .filter(|x| *x > 0.0)
            .fold((f64::INFINITY, 0.0), |(low, high), x| {
                (f64::min(low, x), f64::max(high, x))
            });
        let spread = libm::log(high) - libm::log(low);
        let mut heat = 0;
        while temperature(heat) < spread {
            heat += 1;
        }
        heat
    }

    /// Changes the temperature.
    pub fn set_heat(&mut self, heat: u32) {
        if heat != self.heat {
            self.heat = heat;
            self.outer = outer(self.neurons, &self.terms, heat);
        }
    }
}

/// Whatever has one end outside.
fn outer(neurons: usize, terms: &Terms, heat: u32) -> Vec<Outer> {
    let none = |neuron| Outer {
        neuron,
        falling: 0.0,
        rising: 0.0,
    };
    let mut sums: Vec<Outer> = (0..neurons).map(none).collect();
    let mut beyond = Vec::new();
    for k in 0..terms.len() {
        let Some((neuron, falling, rising)) = terms.weight(k).outside() else {
            continue;
        };
        let (falling, rising) = (cooled(falling, heat), cooled(rising, heat));
        let sum = &mut sums[neuron as usize];
        let more = Outer {
            neuron: sum.neuron,
            falling: sum.falling + falling,
            rising: sum.rising + rising,
        };
        if more.falling.is_finite() && more.rising.is_finite() {
            *sum = more;
        } else {
            // Finite again once it is rescaled.
            beyond.push(Outer {
                falling,
                rising,
                ..more
            });
        }
    }
    sums.retain(|sum| sum.falling > 0.0 || sum.rising > 0.0);
    sums.extend(beyond);
    sums
}

/// x to the power 1/τ for τ = 2^heat.
pub fn cooled(x: f64, heat: u32) -> f64 {
    (0..heat).fold(x, |x, _| x.sqrt())
}
