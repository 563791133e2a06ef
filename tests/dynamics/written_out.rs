//! The gradient as one would write it down: in any number system, each sum in the order
//! of its index from 0 (the loss in eight partial sums). In [`Narrow`] every operation encloses what doubles round to,
//! so that the result encloses both the gradient and what doubles make of it.

use noise_equilibrium::dynamics::{Network, Normalisation};
use noise_equilibrium::model::Activation;
use noise_equilibrium::scalar::{Ball, Field, Rational, at_precision};
use num_traits::{One, Zero};
use rug::Float;
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Range, Sub};

/// A ball whose every operation is widened by what a double rounds by: 2⁻⁵³ of the largest
/// number in it (or half of 2⁻¹⁰⁷⁴, where doubles end). So it holds the exact result and
/// what doubles compute from any doubles in its operands.
#[derive(Clone, Debug, PartialEq)]
pub struct Narrow(pub Ball);

impl Narrow {
    /// The exact results of an operation, and what these round to.
    fn of(work: impl FnOnce() -> Ball) -> Self {
        // With more bits than a double has, the ball's own rounding is far below the double's.
        let exact = at_precision(96, work);
        let rounding: Float = exact.magnitude() >> 53;
        let least: Float = Float::with_val(53, 1) >> 1075;
        Self(exact.widen(&rounding.max(&least)))
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident) => {
        impl $trait for Narrow {
            type Output = Self;
            fn $method(self, other: Self) -> Self {
                Self::of(|| $trait::$method(self.0, &other.0))
            }
        }
        impl $trait<&Narrow> for Narrow {
            type Output = Self;
            fn $method(self, other: &Self) -> Self {
                Self::of(|| $trait::$method(self.0, &other.0))
            }
        }
    };
}
operator!(Add, add);
operator!(Sub, sub);
operator!(Mul, mul);
operator!(Div, div);

impl Neg for Narrow {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}
impl Zero for Narrow {
    fn zero() -> Self {
        Self(Ball::zero())
    }
    fn is_zero(&self) -> bool {
        self.0.is_zero()
    }
}
impl One for Narrow {
    fn one() -> Self {
        Self(Ball::one())
    }
}
impl Field for Narrow {
    fn from_rational(q: &Rational) -> Self {
        // A double is what it is; what is none is rounded.
        match Rational::from_f64(q.to_f64()) {
            Some(double) if double == *q => Self(Ball::at(53, q)),
            _ => Self::of(|| Ball::from_rational(q)),
        }
    }
    fn sign(&self) -> Option<Ordering> {
        self.0.sign()
    }
    fn root(&self) -> Option<Self> {
        let positive = self.0.sign().is_some_and(Ordering::is_gt);
        positive.then(|| Self::of(|| self.0.root().expect("positive")))
    }
    // That of doubles is not correctly rounded.
    fn exponential(&self) -> Option<Self> {
        None
    }
}

/// What the operations of a network need beyond a field.
pub trait Numbers: Field {
    fn tanh(&self) -> Self;
}

impl Numbers for f64 {
    fn tanh(&self) -> Self {
        libm::tanh(*self)
    }
}

impl Numbers for Narrow {
    fn tanh(&self) -> Self {
        let exact = at_precision(96, || {
            let power = (Ball::from_int(2) * &self.0).exponential().expect("finite");
            Ball::from_int(1) - Ball::from_int(2) / (power + Ball::from_int(1))
        });
        // libm's tanh keeps within 2 units in the last place, at most 2⁻⁵³ below 1 each.
        Self(exact.widen(&(Float::with_val(53, 1) >> 52)))
    }
}

pub fn exactly<S: Field>(x: &[f64]) -> Vec<S> {
    let exact = |x: &f64| S::from_rational(&Rational::from_f64(*x).expect("finite"));
    x.iter().map(exact).collect()
}

fn sum<S: Field>(terms: impl Iterator<Item = S>) -> S {
    terms.fold(S::zero(), |total, x| total + x)
}

/// What is left over of blocks of 8 first, then each place of the blocks on its own.
fn sum_of_squares<S: Field>(v: &[S]) -> S {
    let squares: Vec<S> = v.iter().map(|x| x.clone() * x).collect();
    let (blocks, rest) = squares.split_at(v.len() - v.len() % 8);
    let place = |i: usize| sum(blocks.iter().skip(i).step_by(8).cloned());
    (0..8).fold(sum(rest.iter().cloned()), |total, i| total + place(i))
}

fn activate<S: Numbers>(activation: &Activation, z: S) -> (S, S) {
    match activation {
        Activation::Identity => (z, S::one()),
        Activation::LeakyRelu { slope } => match z.sign().expect("away from the kink") {
            Ordering::Greater => (z, S::one()),
            _ => (z * &S::from_rational(slope), S::from_rational(slope)),
        },
        Activation::Tanh => {
            let h = z.tanh();
            let slope = S::one() - h.clone() * &h;
            (h, slope)
        }
    }
}

/// The loss and its gradient, for weights that are used as they are.
fn plain<S: Numbers>(network: &Network, theta: &[S], x: &[S], y: &[S]) -> (S, Vec<S>) {
    let widths = &network.widths;
    let size = x.len() / widths[0];
    let (mut hidden, mut slopes) = (vec![x.to_vec()], vec![vec![]]);
    for l in 1..=network.layers() {
        let (before, width) = (widths[l - 1], widths[l]);
        let (w, h) = (&theta[network.range(l)], &hidden[l - 1]);
        let entry = |b: usize, j: usize| {
            sum((0..before).map(|k| h[b * before + k].clone() * &w[j * before + k]))
        };
        let z = (0..size * width).map(|i| entry(i / width, i % width));
        let (h, slope) = z
            .map(|z| match l == network.layers() {
                true => (z, S::one()),
                false => activate(&network.activation, z),
            })
            .unzip();
        hidden.push(h);
        slopes.push(slope);
    }
    let size = i64::try_from(size).expect("few samples");
    let scale = S::from_int(2) / S::from_int(size);
    let residual: Vec<S> = hidden[network.layers()]
        .iter()
        .zip(y)
        .map(|(f, y)| f.clone() - y)
        .collect();
    let loss = sum_of_squares(&residual) / S::from_int(size);
    let mut error: Vec<S> = residual.into_iter().map(|r| r * &scale).collect();
    let mut gradient = Vec::new();
    for l in (1..=network.layers()).rev() {
        let (before, width) = (widths[l - 1], widths[l]);
        let (w, h, rows) = (
            &theta[network.range(l)],
            &hidden[l - 1],
            error.len() / width,
        );
        for (i, j) in (0..width).flat_map(|i| (0..before).map(move |j| (i, j))) {
            let terms = (0..rows).map(|b| error[b * width + i].clone() * &h[b * before + j]);
            gradient.push(sum(terms));
        }
        if l > 1 {
            let back = |b: usize, j: usize| {
                sum((0..width).map(|k| error[b * width + k].clone() * &w[k * before + j]))
            };
            error = (0..rows * before)
                .map(|i| back(i / before, i % before) * &slopes[l - 1][i])
                .collect();
        }
    }
    (loss, gradient)
}

/// Groups of weights that share a norm.
pub fn groups(network: &Network) -> Vec<Range<usize>> {
    match network.normalisation {
        Normalisation::None => vec![],
        Normalisation::Global => std::iter::once(0..network.dim()).collect(),
        Normalisation::Layers => (1..=network.layers()).map(|l| network.range(l)).collect(),
    }
}

/// The loss and its gradient.
pub fn gradient<S: Numbers>(network: &Network, theta: &[S], x: &[S], y: &[S]) -> (S, Vec<S>) {
    let gain: S = exactly(&[network.gain]).swap_remove(0);
    let groups = groups(network);
    let scale = |group: &Range<usize>| {
        let squares = theta[group.clone()].iter().map(|x| x.clone() * x);
        gain.clone() / sum(squares).root().expect("a positive norm")
    };
    let mut weights = theta.to_vec();
    for group in &groups {
        let scale = scale(group);
        for w in &mut weights[group.clone()] {
            *w = w.clone() * &scale;
        }
    }
    let (loss, mut gradient) = plain(network, &weights, x, y);
    for group in &groups {
        let scale = scale(group);
        let pairs = group.clone().map(|i| weights[i].clone() * &gradient[i]);
        let along = sum(pairs) / (gain.clone() * &gain);
        for i in group.clone() {
            gradient[i] = (gradient[i].clone() - along.clone() * &weights[i]) * &scale;
        }
    }
    (loss, gradient)
}
