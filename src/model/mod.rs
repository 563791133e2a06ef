//! Losses that carry exponential symmetries: per-sample loss, per-sample gradient,
//! and the generators under which they are invariant.
//!
//! Each model has an `asymmetry`: 0 for the model itself, anything else for its
//! twin whose symmetry is broken, which the negative controls use.

mod scale_invariant;
mod two_layer_leaky_relu;
mod two_layer_linear;

pub use scale_invariant::ScaleInvariant;
pub use two_layer_leaky_relu::TwoLayerLeakyRelu;
pub use two_layer_linear::TwoLayerLinear;

use crate::scalar::{Field, Rational, convert, sum};
use crate::symmetry::Generator;

/// One input with its target.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample<S> {
    /// x, d_x numbers.
    pub input: Vec<S>,
    /// y, d_y numbers.
    pub target: Vec<S>,
}

impl Sample<Rational> {
    /// The sample in another number system.
    pub fn convert<S: Field>(&self) -> Sample<S> {
        Sample {
            input: convert(&self.input),
            target: convert(&self.target),
        }
    }
}

/// A per-sample loss ℓ(θ, z) on d parameters.
pub trait Loss {
    /// d.
    fn dim(&self) -> usize;

    /// ℓ(θ, z). `None` where the number system can't decide it: at a kink, or at
    /// an irrational norm.
    fn loss<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<S>;

    /// ∇ℓ(θ, z), d numbers; `None` as for the loss.
    fn gradient<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<Vec<S>>;

    /// Generators that leave ℓ(·, z) unchanged for every z (D1), as long as the
    /// asymmetry is 0. Their linear combinations do too, where they commute.
    fn symmetries(&self) -> Vec<Generator>;
}

/// Any of the models.
#[derive(Clone, Debug, PartialEq)]
pub enum Model {
    /// f = UWx, the factorisation of a matrix.
    TwoLayerLinear(TwoLayerLinear),
    /// f = Uφ(Wx) with φ a leaky ReLU.
    TwoLayerLeakyRelu(TwoLayerLeakyRelu),
    /// f = Vx with V = θ/‖θ‖.
    ScaleInvariant(ScaleInvariant),
}

macro_rules! each {
    ($self:expr, $model:ident => $body:expr) => {
        match $self {
            Model::TwoLayerLinear($model) => $body,
            Model::TwoLayerLeakyRelu($model) => $body,
            Model::ScaleInvariant($model) => $body,
        }
    };
}

impl Loss for Model {
    fn dim(&self) -> usize {
        each!(self, model => model.dim())
    }
    fn loss<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<S> {
        each!(self, model => model.loss(theta, sample))
    }
    fn gradient<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<Vec<S>> {
        each!(self, model => model.gradient(theta, sample))
    }
    fn symmetries(&self) -> Vec<Generator> {
        each!(self, model => model.symmetries())
    }
}

impl Model {
    /// The name of its kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::TwoLayerLinear(_) => "two-layer-linear",
            Self::TwoLayerLeakyRelu(_) => "two-layer-leaky-relu",
            Self::ScaleInvariant(_) => "scale-invariant",
        }
    }

    /// (d_x, hidden width, d_y); the width is 0 without a hidden layer.
    pub fn shape(&self) -> (usize, usize, usize) {
        match self {
            Self::TwoLayerLinear(m) => (m.inputs, m.hidden, m.outputs),
            Self::TwoLayerLeakyRelu(m) => (m.inputs, m.hidden, m.outputs),
            Self::ScaleInvariant(m) => (m.inputs, 0, m.outputs),
        }
    }

    /// How far the symmetry is broken.
    pub fn asymmetry(&self) -> &Rational {
        each!(self, model => &model.asymmetry)
    }

    /// The same model with another asymmetry.
    pub fn with_asymmetry(&self, asymmetry: Rational) -> Self {
        let mut model = self.clone();
        *each!(&mut model, model => &mut model.asymmetry) = asymmetry;
        model
    }
}

/// M x for M given row by row, `x.len()` columns.
fn matrix_times<S: Field>(m: &[S], x: &[S]) -> Vec<S> {
    m.chunks(x.len())
        .map(|row| crate::scalar::dot(row, x))
        .collect()
}

/// Mᵀx for M given row by row, `x.len()` rows.
fn transposed_times<S: Field>(m: &[S], x: &[S]) -> Vec<S> {
    let cols = m.len() / x.len();
    (0..cols)
        .map(|j| {
            sum(x
                .iter()
                .enumerate()
                .map(|(i, xi)| xi.clone() * &m[i * cols + j]))
        })
        .collect()
}

/// x yᵀ, row by row.
fn outer<S: Field>(x: &[S], y: &[S]) -> Vec<S> {
    x.iter()
        .flat_map(|xi| y.iter().map(move |yj| xi.clone() * yj))
        .collect()
}

/// ‖f − y‖² and its gradient 2(f − y) in f.
fn squared_error<S: Field>(f: &[S], y: &[S]) -> (S, Vec<S>) {
    let error: Vec<S> = f.iter().zip(y).map(|(f, y)| f.clone() - y).collect();
    let loss = sum(error.iter().map(Field::square));
    (loss, error.into_iter().map(|e| e.clone() + &e).collect())
}
