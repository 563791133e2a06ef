//! Losses that carry exponential symmetries: per-sample loss, per-sample gradient,
//! and the generators under which they are invariant.
//!
//! [`Twin`] breaks the symmetry of any of them, which the negative controls use.

mod adapter;
mod attention;
mod deep;
mod derivative;
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

use crate::scalar::{Field, Rational, convert, integers, sum};
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
    /// x and y of whole numbers.
    pub fn of_integers(input: &[i64], target: &[i64]) -> Self {
        Self {
            input: integers(input),
            target: integers(target),
        }
    }

    /// The sample in another number system.
    pub fn convert<S: Field>(&self) -> Sample<S> {
        Sample {
            input: convert(&self.input),
            target: convert(&self.target),
        }
    }
}

/// A per-sample loss ℓ(θ, z) on d parameters: what has to be known of it.
pub trait Loss {
    /// d.
    fn dim(&self) -> usize;

    /// ℓ(θ, z) for d numbers θ. `None` where the number system can't decide it: at a kink,
    /// at an irrational norm, or where a rational meets an exponential.
    fn loss<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<S>;

    /// ∇ℓ(θ, z), d numbers; `None` as for the loss. Unless it is given, by as many
    /// evaluations of the loss with a derivative. What is given is held against that.
    fn gradient<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<Vec<S>> {
        self.differentiate(theta, sample)
    }

    /// The derivative of [`loss`](Self::loss), whatever [`gradient`](Self::gradient) says.
    fn differentiate<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<Vec<S>> {
        let constant = |x: &S| derivative::Derivative {
            value: x.clone(),
            slope: S::zero(),
        };
        let sample = Sample {
            input: sample.input.iter().map(constant).collect(),
            target: sample.target.iter().map(constant).collect(),
        };
        derivative::gradient(theta, |theta| self.loss(theta, &sample))
    }
}

impl<L: Loss> Loss for &L {
    fn dim(&self) -> usize {
        (**self).dim()
    }
    fn loss<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<S> {
        (**self).loss(theta, sample)
    }
    fn gradient<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<Vec<S>> {
        (**self).gradient(theta, sample)
    }
}

/// A built-in loss: it knows its symmetries and what its samples look like.
pub trait Symmetric: Loss {
    /// The name of its kind.
    fn kind(&self) -> &'static str;

    /// The lengths of a sample's input and of its target.
    fn shape(&self) -> (usize, usize);

    /// Generators that leave ℓ(·, z) unchanged for every z (D1). Their linear combinations
    /// do too, where they commute.
    fn symmetries(&self) -> Vec<Generator>;
}

/// The enumeration of the built-in losses: a line for each.
macro_rules! models {
    ($($(#[$about:meta])* $name:ident,)*) => {
        /// Any of the built-in losses.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Model {
            $($(#[$about])* $name($name),)*
        }

        impl Loss for Model {
            fn dim(&self) -> usize {
                match self { $(Self::$name(model) => model.dim(),)* }
            }
            fn loss<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<S> {
                match self { $(Self::$name(model) => model.loss(theta, sample),)* }
            }
            fn gradient<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<Vec<S>> {
                match self { $(Self::$name(model) => model.gradient(theta, sample),)* }
            }
        }

        impl Symmetric for Model {
            fn kind(&self) -> &'static str {
                match self { $(Self::$name(model) => model.kind(),)* }
            }
            fn shape(&self) -> (usize, usize) {
                match self { $(Self::$name(model) => model.shape(),)* }
            }
            fn symmetries(&self) -> Vec<Generator> {
                match self { $(Self::$name(model) => model.symmetries(),)* }
            }
        }
    };
}

models! {
    /// A deep network: linear, leaky ReLU or tanh.
    Deep,
    /// f = Σ_k Π_l w_{l,k} x_k.
    DiagonalLinear,
    /// f = Vx with V = θ/‖θ‖.
    ScaleInvariant,
    /// One head of attention.
    Attention,
    /// f = (F + UW)x with F frozen.
    Adapter,
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
