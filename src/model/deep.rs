//! ℓ = ‖W_Dφ(W_{D−1} … φ(W_1x)) − y‖²: a network of D layers. With the identity for φ
//! and D = 2 it is the factorisation of a matrix.

use super::{
    Loss, Sample, Symmetric, matrix_times, outer, squared_error, symmetric_directions,
    transposed_times,
};
use crate::scalar::{Field, Rational};
use crate::symmetry::{Generator, Slice, SymmetryError};
use std::cmp::Ordering;

/// θ = (W_D, …, W_1), from the output back to the input, each row by row; W_l has the
/// shape `widths[l]` × `widths[l − 1]`. For D = 2 this is (U, W).
#[derive(Clone, Debug, PartialEq)]
pub struct Deep {
    /// d_x, the hidden widths, d_y; D + 1 numbers, none of them 0.
    pub widths: Vec<usize>,
    /// φ.
    pub activation: Activation,
}

/// What happens between two layers.
#[derive(Clone, Debug, PartialEq)]
pub enum Activation {
    /// φ(z) = z. Invariant under W_{l+1} → W_{l+1}e^{λS}, W_l → e^{−λS}W_l for every
    /// hidden layer l and every symmetric S (T17).
    Identity,
    /// φ(z) = z for z > 0 and `slope`·z below. Invariant under the rescaling of each
    /// hidden neuron: its outgoing weights by e^{λ}, its incoming ones by e^{−λ} (C1).
    LeakyRelu {
        /// φ′ below 0; a ReLU has 0.
        slope: Rational,
    },
    /// φ = tanh. Close to the identity where its argument is small, so that the
    /// rescalings are approximate symmetries there (T6).
    Tanh,
}

impl Activation {
    /// φ(z) and φ′(z).
    fn apply<S: Field>(&self, z: S) -> Option<(S, S)> {
        match self {
            Self::Identity => Some((z, S::one())),
            Self::LeakyRelu { slope } => match z.sign()? {
                Ordering::Greater => Some((z, S::one())),
                Ordering::Less => {
                    let slope = S::from_rational(slope);
                    Some((z * &slope, slope))
                }
                Ordering::Equal => None,
            },
            Self::Tanh => {
                // z occurs once: no overflow, and tight in intervals.
                let two = S::from_int(2);
                let tanh = S::one() - two.clone() / ((two * z).exponential()? + S::one());
                let slope = S::one() - tanh.square();
                Some((tanh, slope))
            }
        }
    }
}

/// Layer by layer from the input: h_0 = x, h_1, …, and φ′ at h_1, h_2, ….
struct Pass<S> {
    hidden: Vec<Vec<S>>,
    slopes: Vec<Vec<S>>,
    output: Vec<S>,
}

impl Deep {
    /// The number of hidden layers, D − 1.
    pub fn hidden_layers(&self) -> usize {
        self.widths.len().saturating_sub(2)
    }

    /// W_l of `theta`, for 1 ≤ l ≤ D; `None` if there is no such layer.
    pub fn layer<'a, S>(&self, theta: &'a [S], l: usize) -> Option<&'a [S]> {
        let size = self.widths.get(l)? * self.widths.get(l.checked_sub(1)?)?;
        let start = self.offset(l);
        theta.get(start..start + size)
    }

    /// Where W_l begins in θ: behind the layers that follow it.
    fn offset(&self, l: usize) -> usize {
        parameters(self.widths.get(l..).unwrap_or_default())
    }

    /// The generator of W_{l+1} → W_{l+1}e^{λS}, W_l → e^{−λS}W_l, for the hidden layer
    /// 1 ≤ l < D and S given row by row. A symmetry if φ is the identity.
    ///
    /// # Errors
    /// The shape of S, its first asymmetric entry, or a layer that does not exist.
    pub fn turning(&self, l: usize, s: &[Vec<Rational>]) -> Result<Generator, SymmetryError> {
        let neighbours = match l {
            0 => None,
            _ => self.widths.get(l - 1..l + 2),
        };
        let Some(&[before, _, behind]) = neighbours else {
            return Err(SymmetryError::Empty { field: "widths" });
        };
        if self.hidden_layers() == 1 {
            return Generator::factor(behind, before, s);
        }
        let outgoing = Slice::rows(self.offset(l + 1), behind, s.len());
        let incoming = Slice::columns(self.offset(l), before).map(Slice::negated);
        Generator::block(self.dim(), s, outgoing.chain(incoming).collect())
    }

    /// Rescalings that are symmetries only as far as φ is homogeneous: those of every
    /// hidden neuron where φ = tanh, none otherwise.
    pub fn approximate_symmetries(&self) -> Vec<Generator> {
        match self.activation {
            Activation::Tanh => self.rescalings(),
            _ => Vec::new(),
        }
    }

    /// For each hidden neuron, outgoing weights up and incoming weights down.
    fn rescalings(&self) -> Vec<Generator> {
        let layers = self.widths.windows(3).enumerate();
        let neurons = layers.flat_map(|(below, widths)| {
            let &[before, width, behind] = widths else {
                return Vec::new();
            };
            let (outgoing, incoming) = (self.offset(below + 2), self.offset(below + 1));
            let neuron = |j: usize| {
                let up = (0..behind).map(|i| outgoing + i * width + j).collect();
                let first = incoming + j * before;
                Generator::rescaling(self.dim(), up, (first..first + before).collect()).ok()
            };
            (0..width).filter_map(neuron).collect()
        });
        neurons.collect()
    }

    fn pass<S: Field>(&self, theta: &[S], x: &[S]) -> Option<Pass<S>> {
        let (mut hidden, mut slopes) = (vec![x.to_vec()], Vec::new());
        for l in 1..=self.hidden_layers() {
            let z = matrix_times(self.layer(theta, l)?, hidden.last()?);
            let activated = z.into_iter().map(|z| self.activation.apply(z));
            let (h, slope) = activated.collect::<Option<_>>()?;
            hidden.push(h);
            slopes.push(slope);
        }
        let last = self.layer(theta, self.hidden_layers() + 1)?;
        let output = matrix_times(last, hidden.last()?);
        Some(Pass {
            hidden,
            slopes,
            output,
        })
    }
}

/// Σ over adjacent layers of the product of their widths.
fn parameters(widths: &[usize]) -> usize {
    let sizes = widths.iter().zip(widths.iter().skip(1));
    sizes.fold(0, |total, (a, b)| {
        total.saturating_add(a.saturating_mul(*b))
    })
}

impl Loss for Deep {
    fn dim(&self) -> usize {
        parameters(&self.widths)
    }

    fn loss<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<S> {
        let output = self.pass(theta, &sample.input)?.output;
        Some(squared_error(&output, &sample.target).0)
    }

    fn gradient<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<Vec<S>> {
        let pass = self.pass(theta, &sample.input)?;
        // From the output back, which is the order of θ.
        let (_, mut error) = squared_error(&pass.output, &sample.target);
        let mut gradient = Vec::with_capacity(theta.len());
        for (l, h) in pass.hidden.iter().enumerate().rev() {
            gradient.extend(outer(&error, h));
            if let Some(slopes) = l.checked_sub(1).and_then(|l| pass.slopes.get(l)) {
                let back = transposed_times(self.layer(theta, l + 1)?, &error);
                error = back.into_iter().zip(slopes).map(|(e, s)| e * s).collect();
            }
        }
        Some(gradient)
    }
}

impl Symmetric for Deep {
    fn kind(&self) -> &'static str {
        match self.activation {
            Activation::Identity => "deep-linear",
            Activation::LeakyRelu { .. } => "deep-leaky-relu",
            Activation::Tanh => "tanh",
        }
    }

    fn shape(&self) -> (usize, usize) {
        let end = |width: Option<&usize>| width.copied().unwrap_or(0);
        (end(self.widths.first()), end(self.widths.last()))
    }

    fn symmetries(&self) -> Vec<Generator> {
        match self.activation {
            Activation::Identity => {
                let layers = 1..=self.hidden_layers();
                let turnings = layers.flat_map(|l| {
                    let directions = symmetric_directions(self.widths[l]);
                    directions.into_iter().map(move |s| self.turning(l, &s))
                });
                turnings.filter_map(Result::ok).collect()
            }
            Activation::LeakyRelu { .. } => self.rescalings(),
            Activation::Tanh => Vec::new(),
        }
    }
}
