//! Deep linear networks at a global minimum of data y = Vx + ε, for C3, C4 and T18.

use super::case::NetworkCase;
use super::draw::Draw;
use super::evidence::Outcome;
use super::law::{Missing, Stop};
use super::sample::direction;
use crate::balance::{deep_linear::Regression, setting::Setting};
use crate::model::{Activation, Deep, Model, Sample, Symmetric};
use crate::scalar::{Field, Rational};
use crate::symmetry::support;
use nalgebra::DMatrix;
use std::ops::{AddAssign, MulAssign};

/// Two layers, UW = V.
pub fn two_layers(draw: &mut Draw) -> NetworkCase {
    any_rank(draw, 1, 2)
}

/// Two layers, sometimes three.
pub fn few_layers(draw: &mut Draw) -> NetworkCase {
    let hidden = if draw.integer(0, 3) == 3 { 2 } else { 1 };
    any_rank(draw, hidden, 2)
}

/// Two to six layers, wider.
pub fn many_layers(draw: &mut Draw) -> NetworkCase {
    let hidden = draw.size(1, 5);
    any_rank(draw, hidden, 3)
}

/// Three layers, both hidden ones wider than the rank.
pub fn with_room(draw: &mut Draw) -> NetworkCase {
    let widths = vec![draw.size(1, 2), 2, 2, draw.size(1, 2)];
    factorisation(draw, widths, 1)
}

fn any_rank(draw: &mut Draw, hidden: usize, widest: usize) -> NetworkCase {
    let (inputs, outputs) = (draw.size(1, widest), draw.size(1, widest));
    let rank = draw.size(1, inputs.min(outputs));
    let mut widths = vec![inputs];
    widths.extend((0..hidden).map(|_| draw.size(rank, widest)));
    widths.push(outputs);
    factorisation(draw, widths, rank)
}

/// V of the given rank in layers, and all pairs (x, Vx + ε) of some inputs and some noises
/// that add up to 0: ε does not depend on x, exactly.
fn factorisation(draw: &mut Draw, widths: Vec<usize>, rank: usize) -> NetworkCase {
    let (hidden, inputs) = (widths.len() - 2, widths[0]);
    let outputs = widths[hidden + 1];
    let mut layers = balanced_core(draw, &widths, rank);
    for l in 0..hidden {
        shear(draw, &mut layers, l);
    }
    let layers_of_theta = layers.iter().rev().map(|w| w.transpose());
    // A transpose column by column is the matrix row by row.
    let theta = layers_of_theta.flat_map(|w| w.iter().cloned().collect::<Vec<_>>());
    let theta: Vec<Rational> = theta.collect();

    let model = Deep {
        widths,
        activation: Activation::Identity,
    };
    let x: Vec<Vec<Rational>> = (0..=inputs).map(|_| draw.vector(inputs)).collect();
    let mut noises: Vec<Vec<Rational>> = (0..outputs).map(|_| draw.vector(outputs)).collect();
    let total = |k: usize| noises.iter().fold(Rational::new(), |sum, e| sum + &e[k]);
    let last = (0..outputs).map(|k| -total(k)).collect();
    noises.push(last);
    let v = product(&layers);
    let samples = x.iter().flat_map(|x| {
        let mean = &v * DMatrix::from_column_slice(x.len(), 1, x);
        let pair = move |noise: &Vec<Rational>| Sample {
            input: x.clone(),
            target: mean
                .iter()
                .zip(noise)
                .map(|(y, e)| Rational::from(y + e))
                .collect(),
        };
        noises.iter().map(pair).collect::<Vec<_>>()
    });
    let samples = samples.collect();
    let direction = direction(draw, model.widths[1]);
    let generator = model.turning(1, &direction);
    NetworkCase {
        asymmetry: Rational::new(),
        generator: generator.unwrap_or_else(|_| model.symmetries().swap_remove(0)),
        model: Model::Deep(model),
        samples,
        theta,
        gamma: Rational::new(),
        learning_rate: draw.positive() / 16,
        batch: 1,
        lambda: draw.nonzero() / 4,
    }
}

/// Layers W_1, …, each of the given rank, whose product has it too: W_1 begins with an upper
/// triangle and W_D with a lower one. Hidden neurons beyond the rank are disconnected on
/// both sides. (One that is connected on one side only loses its weights on the way to a
/// minimum of Φ, which then does not exist on the orbit.)
fn balanced_core(draw: &mut Draw, widths: &[usize], rank: usize) -> Vec<DMatrix<Rational>> {
    let last = widths.len() - 2;
    let pairs = widths.iter().zip(&widths[1..]).enumerate();
    let mut layer = |(l, (&cols, &rows)): (usize, (&usize, &usize))| {
        DMatrix::from_fn(rows, cols, |i, j| match l {
            0 if i < rank && j >= i => draw.nonzero(),
            _ if l == last && j < rank && i >= j => draw.nonzero(),
            _ if 0 < l && l < last && i == j && i < rank => Rational::from(1),
            _ => Rational::new(),
        })
    };
    pairs.map(&mut layer).collect()
}

/// Turns the hidden layer between W_{l+1} and W_{l+2} by random shears, an element of GL.
fn shear(draw: &mut Draw, layers: &mut [DMatrix<Rational>], l: usize) {
    let [before, behind, ..] = &mut layers[l..] else {
        return;
    };
    let r = before.nrows();
    for a in 0..r {
        for b in (0..r).filter(|&b| b != a) {
            let t = draw.nonzero() / 2;
            for j in 0..before.ncols() {
                let step = Rational::from(&t * &before[(b, j)]);
                before[(a, j)] += step;
            }
            for i in 0..behind.nrows() {
                let step = Rational::from(&t * &behind[(i, a)]);
                behind[(i, b)] -= step;
            }
        }
    }
}

/// … W_2W_1.
pub fn product<S>(layers: &[DMatrix<S>]) -> DMatrix<S>
where
    S: Field + nalgebra::Scalar + AddAssign + MulAssign,
{
    let mut layers = layers.iter();
    let first = layers.next().cloned();
    let first = first.unwrap_or_else(|| DMatrix::from_element(0, 0, S::zero()));
    layers.fold(first, |product, w| w * product)
}

impl NetworkCase {
    /// W_1, …, W_D of a deep network at `theta`.
    pub fn layers<S: Field + nalgebra::Scalar>(
        &self,
        theta: &[S],
    ) -> Result<Vec<DMatrix<S>>, Stop> {
        let Model::Deep(deep) = &self.model else {
            return Err(Stop::failed("a network without layers"));
        };
        let shapes = deep.widths.iter().zip(deep.widths.iter().skip(1));
        let layer = |(l, (&cols, &rows)): (usize, (&usize, &usize))| {
            let weights = deep.layer(theta, l + 1).or_failed("a layer is missing")?;
            Ok(DMatrix::from_row_slice(rows, cols, weights))
        };
        shapes.enumerate().map(layer).collect()
    }

    /// V, Σ_x and Σ_ε of the data, V being the map at θ.
    pub fn regression(&self) -> Result<Regression<Rational>, Stop> {
        let map = product(&self.layers(&self.theta)?);
        let column = |v: &[Rational]| DMatrix::from_column_slice(v.len(), 1, v);
        let count = Rational::from(self.samples.len());
        let moment = |vectors: Vec<DMatrix<Rational>>| {
            let squares = vectors.into_iter().map(|v| &v * v.transpose());
            let total = squares.reduce(|total, square| total + square)?;
            Some(total.map(|x| x / &count))
        };
        let inputs = self.samples.iter().map(|z| column(&z.input));
        let noise = self
            .samples
            .iter()
            .map(|z| column(&z.target) - &map * column(&z.input));
        Ok(Regression {
            inputs: moment(inputs.collect()).or_failed("no samples")?,
            noise: moment(noise.collect()).or_failed("no samples")?,
            map,
        })
    }

    /// θ and its gradients in another number system.
    pub fn setting<S: Field>(&self) -> Result<Setting<S>, Stop> {
        self.setting_at(self.theta())
    }

    /// Another point and its gradients.
    pub fn setting_at<S: Field>(&self, theta: Vec<S>) -> Result<Setting<S>, Stop> {
        let gradients = self.gradients(&theta)?;
        Ok(Setting {
            theta,
            gradients,
            strength: self.strength()?.convert(),
        })
    }
}

/// The outcome for data that leave out a direction of inputs or noises.
pub fn without_full_moments(data: &Regression<Rational>) -> Option<Outcome> {
    let full = |m: &DMatrix<Rational>| {
        let identity = DMatrix::from_diagonal_element(m.nrows(), m.nrows(), Rational::from(1));
        !support(m, &identity).zero
    };
    let reason = "moments that are not of full rank";
    (!full(&data.inputs) || !full(&data.noise)).then(|| Outcome::Inconclusive(reason.to_owned()))
}
