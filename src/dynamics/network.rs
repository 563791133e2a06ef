//! The networks of [`Deep`] in `f64`, a whole batch at a time and without allocation.

use super::data::Data;
use super::product::{Layout, product, sum_of_squares, transpose};
use crate::model::{Activation, Deep};

/// Which weights are divided by their common norm before they are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalisation {
    /// None.
    None,
    /// All by ‖θ‖: one scaling symmetry, θ → e^{λ}θ.
    Global,
    /// Those of each layer by the layer's norm: a scaling symmetry for each.
    Layers,
}

/// ℓ = ‖f(x) − y‖² with f = W_Dφ(W_{D−1} … φ(W_1x)), as [`Deep`];
/// θ = (W_D, …, W_1), each row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// d_x, the hidden widths, d_y.
    pub widths: Vec<usize>,
    /// φ.
    pub activation: Activation,
    /// What is normalised.
    pub normalisation: Normalisation,
    /// A normalised group of weights has this norm when it is used.
    pub gain: f64,
}

/// Room for the numbers of one batch.
#[derive(Clone, Debug)]
pub struct Workspace {
    /// Weights after normalisation; nothing where there is none.
    weights: Vec<f64>,
    layers: Layers,
}

#[derive(Clone, Debug)]
struct Layers {
    /// h_1, …, h_D, B rows each.
    hidden: Vec<Vec<f64>>,
    /// φ′ at h_1, …, h_{D−1}.
    slopes: Vec<Vec<f64>>,
    transposed: Vec<f64>,
}

impl Network {
    /// A network without normalisation.
    pub fn new(widths: &[usize], activation: Activation) -> Self {
        Self {
            widths: widths.to_vec(),
            activation,
            normalisation: Normalisation::None,
            gain: 1.0,
        }
    }

    /// The model whose per-sample gradients these are, where nothing is normalised.
    pub fn model(&self) -> Deep {
        Deep {
            widths: self.widths.clone(),
            activation: self.activation.clone(),
        }
    }

    /// D.
    pub fn layers(&self) -> usize {
        self.widths.len().saturating_sub(1)
    }

    /// d.
    pub fn dim(&self) -> usize {
        self.widths.windows(2).map(|w| w[0] * w[1]).sum()
    }

    /// Where W_l lies in θ, 1 ≤ l ≤ D.
    pub fn range(&self, l: usize) -> std::ops::Range<usize> {
        let start = self.widths[l..].windows(2).map(|w| w[0] * w[1]).sum();
        start..start + self.widths[l] * self.widths[l - 1]
    }

    /// Room for batches of B samples.
    pub fn workspace(&self, batch: usize) -> Workspace {
        let largest = self.widths.windows(2).map(|w| w[0] * w[1]).max();
        let rows = |widths: &[usize]| widths.iter().map(|w| vec![0.0; batch * w]).collect();
        Workspace {
            weights: match self.normalisation {
                Normalisation::None => Vec::new(),
                _ => vec![0.0; self.dim()],
            },
            layers: Layers {
                hidden: rows(&self.widths[1..]),
                slopes: rows(&self.widths[1..self.layers()]),
                transposed: vec![0.0; largest.unwrap_or(0)],
            },
        }
    }

    /// The mean loss over a batch, B rows of x and y, and its gradient (d numbers).
    /// `work` is that of this network, with room for B samples or more.
    pub fn gradient(
        &self,
        theta: &[f64],
        x: &[f64],
        y: &[f64],
        work: &mut Workspace,
        gradient: &mut [f64],
    ) -> f64 {
        let Workspace { weights, layers } = work;
        let weights = self.normalise(theta, weights);
        let loss = self.forward(weights, x, y, layers);
        self.backward(weights, x, layers, gradient);
        self.denormalise(theta, weights, gradient);
        loss
    }

    /// f(x) of each row of x; B rows of d_y.
    pub fn outputs<'a>(&self, theta: &[f64], x: &[f64], work: &'a mut Workspace) -> &'a [f64] {
        let Workspace { weights, layers } = work;
        let size = self.activate(self.normalise(theta, weights), x, layers);
        let outputs = layers.hidden.last().map_or(&[][..], Vec::as_slice);
        &outputs[..size * self.widths[self.layers()]]
    }

    /// h_l of each row of x, 1 ≤ l < D; B rows.
    pub fn hidden<'a>(
        &self,
        theta: &[f64],
        x: &[f64],
        l: usize,
        work: &'a mut Workspace,
    ) -> &'a [f64] {
        let Workspace { weights, layers } = work;
        let size = self.activate(self.normalise(theta, weights), x, layers);
        &layers.hidden[l - 1][..size * self.widths[l]]
    }

    /// The mean loss over all data.
    pub fn loss(&self, theta: &[f64], data: &Data) -> f64 {
        let Workspace {
            mut weights,
            mut layers,
        } = self.workspace(data.len());
        let weights = self.normalise(theta, &mut weights);
        self.forward(weights, &data.x, &data.y, &mut layers)
    }

    /// ∇ℓ(θ, z_i), N rows of d.
    pub fn per_sample(&self, theta: &[f64], data: &Data) -> Vec<Vec<f64>> {
        let mut work = self.workspace(1);
        let gradient = |i| {
            let (x, y) = data.sample(i);
            let mut gradient = vec![0.0; self.dim()];
            self.gradient(theta, x, y, &mut work, &mut gradient);
            gradient
        };
        (0..data.len()).map(gradient).collect()
    }

    /// Groups of weights that share a norm.
    fn groups(&self) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
        let layers = match self.normalisation {
            Normalisation::Layers => 1..self.layers() + 1,
            _ => 1..1,
        };
        let whole = (self.normalisation == Normalisation::Global).then(|| 0..self.dim());
        layers.map(|l| self.range(l)).chain(whole)
    }

    /// The weights that are used: those of θ where nothing is normalised.
    fn normalise<'a>(&self, theta: &'a [f64], weights: &'a mut [f64]) -> &'a [f64] {
        if self.normalisation == Normalisation::None {
            return theta;
        }
        weights.copy_from_slice(theta);
        for group in self.groups() {
            let scale = self.gain / norm(&theta[group.clone()]);
            weights[group].iter_mut().for_each(|w| *w *= scale);
        }
        weights
    }

    /// (1 − vvᵀ)g·gain/‖θ‖ with v = θ/‖θ‖, for each group.
    fn denormalise(&self, theta: &[f64], weights: &[f64], gradient: &mut [f64]) {
        for group in self.groups() {
            let scale = self.gain / norm(&theta[group.clone()]);
            let (w, g) = (&weights[group.clone()], &mut gradient[group]);
            let along = w.iter().zip(g.iter()).fold(0.0, |t, (w, g)| t + w * g);
            let along = along / (self.gain * self.gain);
            for (g, w) in g.iter_mut().zip(w) {
                *g = (*g - along * w) * scale;
            }
        }
    }

    /// All h_l; the number of rows.
    fn activate(&self, weights: &[f64], x: &[f64], work: &mut Layers) -> usize {
        let size = x.len() / self.widths[0].max(1);
        let layers = self.layers();
        for l in 1..=layers {
            let (before, width) = (self.widths[l - 1], self.widths[l]);
            transpose(&weights[self.range(l)], before, &mut work.transposed);
            let (done, rest) = work.hidden.split_at_mut(l - 1);
            let h = done.last().map_or(x, Vec::as_slice);
            let out = &mut rest[0][..size * width];
            let w = &work.transposed[..before * width];
            product(h, Layout::Rows, before, w, width, out);
            if l < layers {
                activate(&self.activation, out, &mut work.slopes[l - 1]);
            }
        }
        size
    }

    /// The loss; the last of `work.hidden` becomes its derivative.
    fn forward(&self, weights: &[f64], x: &[f64], y: &[f64], work: &mut Layers) -> f64 {
        let size = self.activate(weights, x, work);
        let outputs = work
            .hidden
            .last_mut()
            .map_or(&mut [][..], Vec::as_mut_slice);
        let error = &mut outputs[..y.len()];
        for (e, y) in error.iter_mut().zip(y) {
            *e -= y;
        }
        let total = sum_of_squares(error);
        let scale = 2.0 / size as f64;
        error.iter_mut().for_each(|e| *e *= scale);
        total / size as f64
    }

    /// Each of `work.hidden`, once it is used, becomes the loss's derivative by it: the
    /// numbers of a step are few enough for the caches then.
    fn backward(&self, weights: &[f64], x: &[f64], work: &mut Layers, gradient: &mut [f64]) {
        let size = x.len() / self.widths[0].max(1);
        for l in (1..=self.layers()).rev() {
            let (before, width) = (self.widths[l - 1], self.widths[l]);
            let (below, above) = work.hidden.split_at_mut(l - 1);
            let error = &above[0][..size * width];
            let out = &mut gradient[self.range(l)];
            let Some(h) = below.last_mut() else {
                product(error, Layout::Columns, size, x, before, out);
                continue;
            };
            let h = &mut h[..size * before];
            product(error, Layout::Columns, size, h, before, out);
            product(
                error,
                Layout::Rows,
                width,
                &weights[self.range(l)],
                before,
                h,
            );
            if self.activation != Activation::Identity {
                for (h, slope) in h.iter_mut().zip(&work.slopes[l - 2]) {
                    *h *= slope;
                }
            }
        }
    }
}

/// φ in place, and φ′. At a kink the slope is that of the left.
fn activate(activation: &Activation, z: &mut [f64], slopes: &mut [f64]) {
    match activation {
        Activation::Identity => {}
        Activation::LeakyRelu { slope } => {
            let below = slope.to_f64();
            for (z, slope) in z.iter_mut().zip(slopes) {
                *slope = if *z > 0.0 { 1.0 } else { below };
                *z *= *slope;
            }
        }
        Activation::Tanh => {
            for (z, slope) in z.iter_mut().zip(slopes) {
                *z = libm::tanh(*z);
                *slope = 1.0 - *z * *z;
            }
        }
    }
}

fn norm(v: &[f64]) -> f64 {
    libm::sqrt(v.iter().fold(0.0, |total, x| total + x * x))
}
