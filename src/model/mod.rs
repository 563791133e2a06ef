//! Losses that carry exponential symmetries: per-sample loss, per-sample gradient,
//! and the generators under which they are invariant.
//!
//! [`Twin`] breaks the symmetry of any of them, which the negative controls use.

mod adapter;
mod attention;
mod deep;
mod diagonal_linear;
mod digits;
mod scale_invariant;
mod twin;

pub use adapter::Adapter;
pub use attention::Attention;
pub use deep::{Activation, Deep};
pub use diagonal_linear::DiagonalLinear;
pub use digits::{CLASSES, digits};
pub use scale_invariant::ScaleInvariant;
pub use twin::Twin;

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

    /// The lengths of a sample's input and of its target.
    fn shape(&self) -> (usize, usize);

    /// ℓ(θ, z). `None` where the number system can't decide it: at a kink, at an
    /// irrational norm, or where a rational meets an exponential.
    fn loss<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<S>;

    /// ∇ℓ(θ, z), d numbers; `None` as for the loss.
    fn gradient<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<Vec<S>>;

    /// Generators that leave ℓ(·, z) unchanged for every z (D1). Their linear combinations
    /// do too, where they commute.
    fn symmetries(&self) -> Vec<Generator>;
}

/// Any of the models.
#[derive(Clone, Debug, PartialEq)]
pub enum Model {
    /// A deep network: linear, leaky ReLU or tanh.
    Deep(Deep),
    /// f = Σ_k Π_l w_{l,k} x_k.
    DiagonalLinear(DiagonalLinear),
    /// f = Vx with V = θ/‖θ‖.
    ScaleInvariant(ScaleInvariant),
    /// One head of attention.
    Attention(Attention),
    /// f = (F + UW)x with F frozen.
    Adapter(Adapter),
    /// Another one with its symmetry broken.
    Twin(Box<Twin<Model>>),
}

macro_rules! each {
    ($self:expr, $model:ident => $body:expr) => {
        match $self {
            Model::Deep($model) => $body,
            Model::DiagonalLinear($model) => $body,
            Model::ScaleInvariant($model) => $body,
            Model::Attention($model) => $body,
            Model::Adapter($model) => $body,
            Model::Twin($model) => $body,
        }
    };
}

impl Loss for Model {
    fn dim(&self) -> usize {
        each!(self, model => model.dim())
    }
    fn shape(&self) -> (usize, usize) {
        each!(self, model => model.shape())
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
    /// The name of its kind; a twin's is that of the model it is a twin of.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Deep(model) => match model.activation {
                Activation::Identity => "deep-linear",
                Activation::LeakyRelu { .. } => "deep-leaky-relu",
                Activation::Tanh => "tanh",
            },
            Self::DiagonalLinear(_) => "diagonal-linear",
            Self::ScaleInvariant(_) => "scale-invariant",
            Self::Attention(_) => "attention",
            Self::Adapter(_) => "adapter",
            Self::Twin(twin) => twin.loss.kind(),
        }
    }
}

/// M x for M given row by row, `x.len()` columns.
fn matrix_times<S: Field>(m: &[S], x: &[S]) -> Vec<S> {
    m.chunks(x.len().max(1))
        .map(|row| crate::scalar::dot(row, x))
        .collect()
}

/// Mᵀx for M given row by row, `x.len()` rows.
fn transposed_times<S: Field>(m: &[S], x: &[S]) -> Vec<S> {
    let cols = m.len() / x.len().max(1);
    (0..cols)
        .map(|j| {
            sum(x
                .iter()
                .enumerate()
                .map(|(i, xi)| xi.clone() * &m[i * cols + j]))
        })
        .collect()
}

/// A B, with `inner` columns of A and rows of B; all matrices row by row.
fn product<S: Field>(a: &[S], b: &[S], inner: usize) -> Vec<S> {
    a.chunks(inner.max(1))
        .flat_map(|row| transposed_times(b, row))
        .collect()
}

/// Mᵀ for M with `cols` columns, both row by row.
fn transposed<S: Clone>(m: &[S], cols: usize) -> Vec<S> {
    let column = |j: usize| m.iter().skip(j).step_by(cols.max(1)).cloned();
    (0..cols).flat_map(column).collect()
}

/// The matrices e_ie_jᵀ + e_je_iᵀ (e_ie_iᵀ for i = j), row by row: a basis of the
/// symmetric r × r matrices.
fn symmetric_directions(r: usize) -> Vec<Vec<Vec<Rational>>> {
    let pairs = (0..r).flat_map(|i| (0..=i).map(move |j| (i, j)));
    let direction = |(i, j): (usize, usize)| {
        let entry = |a, b| Rational::from(i32::from((a, b) == (i, j) || (a, b) == (j, i)));
        let row = |a| (0..r).map(|b| entry(a, b)).collect();
        (0..r).map(row).collect()
    };
    pairs.map(direction).collect()
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
