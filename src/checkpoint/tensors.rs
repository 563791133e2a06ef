//! The tensors of a network: their values, and the gradients of every sample.

use super::architecture::{Axis, Layout};
use super::precision::Precision;
use crate::array::{Array, ArrayError, Tensors, shape_text};
use nalgebra::DMatrix;
use safetensors::Dtype;

/// A tensor with its per-sample gradients, in double precision.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    pub name: String,
    pub shape: Vec<usize>,
    pub dtype: Dtype,
    pub values: Vec<f64>,
    /// N times as many numbers: each sample's gradient; once [`centre`](Self::centre)d, less
    /// the mean, so that Σ follows without cancellation.
    gradients: Vec<f64>,
    /// The coarser of the two types.
    pub precision: Precision,
}

impl Tensor {
    /// The tensor of this name in both files, and the number of samples N.
    ///
    /// # Errors
    /// What is wrong, and in which of the two files it is.
    pub fn load(
        name: &str,
        checkpoint: &Tensors<'_>,
        gradients: &Tensors<'_>,
    ) -> Result<(Self, usize), String> {
        let inside = |file: &str, error: ArrayError| format!("{file}: tensor \"{name}\": {error}");
        let own = |error| inside("checkpoint", error);
        let stored = checkpoint.get(name).map_err(own)?;
        let values = stored.floats().map_err(own)?;
        let Array { shape, dtype, .. } = stored;
        let other = |error| inside("gradients", error);
        let stored = gradients.get(name).map_err(other)?;
        let samples = match stored.shape.split_first() {
            Some((&n, rest)) if n > 0 && rest == shape.as_slice() => n,
            _ => {
                let lengths = shape.iter().map(usize::to_string);
                let expected = std::iter::once("N".to_owned()).chain(lengths);
                return Err(format!(
                    "gradients: tensor \"{name}\": expected the shape ({}) with N samples, found {}",
                    expected.collect::<Vec<_>>().join(", "),
                    shape_text(&stored.shape)
                ));
            }
        };
        let gradients = stored.floats().map_err(other)?;
        let tensor = Self {
            name: name.to_owned(),
            shape,
            dtype,
            values,
            gradients,
            precision: Precision::of(dtype).coarser(Precision::of(stored.dtype)),
        };
        Ok((tensor, samples))
    }

    /// The gradient of one sample, of the tensor's own shape.
    pub fn sample(&self, sample: usize) -> &[f64] {
        let size = self.values.len();
        self.gradients
            .get(sample * size..(sample + 1) * size)
            .unwrap_or_default()
    }

    /// Takes the mean off each sample's gradient. What is the same in all samples becomes
    /// exactly 0.
    pub fn centre(&mut self) {
        let size = self.values.len().max(1);
        let samples = self.gradients.len() / size;
        let first: Vec<f64> = self.sample(0).to_vec();
        let mut mean = vec![0.0; size];
        for sample in self.gradients.chunks_mut(size) {
            for ((x, first), mean) in sample.iter_mut().zip(&first).zip(&mut mean) {
                *x -= first;
                *mean += *x / samples as f64;
            }
        }
        for sample in self.gradients.chunks_mut(size) {
            for (x, mean) in sample.iter_mut().zip(&mean) {
                *x -= mean;
            }
        }
    }

    /// Which of the axes is meant; `None` if the tensor has too few of them.
    pub fn axis(&self, axis: Axis, layout: Layout) -> Option<usize> {
        let n = self.shape.len();
        match (axis, layout) {
            (Axis::Bias, _) => (n == 1).then_some(0),
            _ if n < 2 => None,
            (Axis::Output, Layout::OutIn) => Some(0),
            (Axis::Input, Layout::OutIn) => Some(1),
            (Axis::Input, Layout::InOut) => Some(n - 2),
            (Axis::Output, Layout::InOut) => Some(n - 1),
        }
    }
}

/// A part of one axis of a tensor as the rows of a matrix; its columns are all other
/// indices.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slice {
    /// The tensor's place in the list of tensors.
    pub tensor: usize,
    pub axis: usize,
    start: usize,
    length: usize,
    /// The axis's own length, and the products of those before and behind it.
    axis_length: usize,
    outer: usize,
    inner: usize,
}

impl Slice {
    pub fn new(tensor: usize, shape: &[usize], axis: usize, start: usize, length: usize) -> Self {
        Self {
            tensor,
            axis,
            start,
            length,
            axis_length: shape.get(axis).copied().unwrap_or_default(),
            outer: shape.iter().take(axis).product(),
            inner: shape.iter().skip(axis + 1).product(),
        }
    }

    /// Do the two share an element's index along one axis?
    pub fn overlaps(&self, other: &Self) -> bool {
        self.tensor == other.tensor
            && self.axis == other.axis
            && self.start < other.start + other.length
            && other.start < self.start + self.length
    }

    /// How many columns the matrix has.
    pub fn columns(&self) -> usize {
        self.outer * self.inner
    }

    fn place(&self, row: usize, column: usize) -> usize {
        let (outer, inner) = (column / self.inner, column % self.inner);
        (outer * self.axis_length + self.start + row) * self.inner + inner
    }

    /// The matrix, from numbers of the tensor's shape.
    pub fn gather(&self, numbers: &[f64]) -> DMatrix<f64> {
        DMatrix::from_fn(self.length, self.columns(), |row, column| {
            numbers[self.place(row, column)]
        })
    }

    /// For each row of the matrix, where its numbers are.
    pub fn places(&self) -> Vec<Vec<usize>> {
        let row = |row: usize| {
            (0..self.columns())
                .map(|column| self.place(row, column))
                .collect()
        };
        (0..self.length).map(row).collect()
    }

    /// The matrix back to where it came from.
    pub fn scatter(&self, matrix: &DMatrix<f64>, numbers: &mut [f64]) {
        for (column, entries) in matrix.column_iter().enumerate() {
            for (row, x) in entries.iter().enumerate() {
                numbers[self.place(row, column)] = *x;
            }
        }
    }
}
