//! The tensors of a network: their values, and the gradients of every sample.

use super::network::{Axis, Layout};
use crate::array::{Array, ArrayError, Tensors, shape_text};
use half::{bf16, f16};
use nalgebra::DMatrix;
use safetensors::Dtype;

/// A tensor with its per-sample gradients, in double precision.
#[derive(Clone, Debug)]
pub(super) struct Tensor {
    pub name: String,
    pub shape: Vec<usize>,
    pub dtype: Dtype,
    pub values: Vec<f64>,
    /// N times as many numbers: each sample's gradient less the mean, from which Σ
    /// follows without cancellation.
    pub centred: Vec<f64>,
    /// The unit roundoff of the coarser of the two types.
    pub unit: f64,
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
        let mut centred = stored.floats().map_err(other)?;
        let size = values.len();
        let mut mean = vec![0.0; size];
        for sample in centred.chunks(size.max(1)) {
            for (mean, x) in mean.iter_mut().zip(sample) {
                *mean += x / samples as f64;
            }
        }
        for sample in centred.chunks_mut(size.max(1)) {
            for (x, mean) in sample.iter_mut().zip(&mean) {
                *x -= mean;
            }
        }
        let tensor = Self {
            name: name.to_owned(),
            shape,
            dtype,
            values,
            centred,
            unit: unit(dtype).max(unit(stored.dtype)),
        };
        Ok((tensor, samples))
    }

    /// The centred gradient of one sample, of the tensor's own shape.
    pub fn sample(&self, sample: usize) -> &[f64] {
        let size = self.values.len();
        self.centred
            .get(sample * size..(sample + 1) * size)
            .unwrap_or_default()
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

    fn place(&self, row: usize, column: usize) -> usize {
        let (outer, inner) = (column / self.inner, column % self.inner);
        (outer * self.axis_length + self.start + row) * self.inner + inner
    }

    /// The matrix, from numbers of the tensor's shape.
    pub fn gather(&self, numbers: &[f64]) -> DMatrix<f64> {
        DMatrix::from_fn(self.length, self.outer * self.inner, |row, column| {
            numbers[self.place(row, column)]
        })
    }

    /// For each row of the matrix, where its numbers are.
    pub fn places(&self) -> Vec<Vec<usize>> {
        let columns = self.outer * self.inner;
        let row = |row: usize| (0..columns).map(|column| self.place(row, column)).collect();
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

/// Half the distance from 1 to the next larger number, at most: the relative error of
/// rounding to this type.
fn unit(dtype: Dtype) -> f64 {
    match dtype {
        Dtype::BF16 => f64::from(bf16::EPSILON) / 2.0,
        Dtype::F16 => f64::from(f16::EPSILON) / 2.0,
        Dtype::F32 => f64::from(f32::EPSILON) / 2.0,
        _ => f64::EPSILON / 2.0,
    }
}

/// The little-endian bytes of the nearest numbers of this type (ties to even); the
/// index of the first that is beyond its range otherwise.
pub(super) fn encode(numbers: &[f64], dtype: Dtype) -> Result<Vec<u8>, usize> {
    let mut bytes = Vec::new();
    for (i, &x) in numbers.iter().enumerate() {
        let finite = match dtype {
            Dtype::F16 => {
                let y = f16::from_f32(round_to_odd(x));
                bytes.extend(y.to_le_bytes());
                y.is_finite()
            }
            Dtype::BF16 => {
                let y = bf16::from_f32(round_to_odd(x));
                bytes.extend(y.to_le_bytes());
                y.is_finite()
            }
            Dtype::F32 => {
                let y = x as f32;
                bytes.extend(y.to_le_bytes());
                y.is_finite()
            }
            _ => {
                bytes.extend(x.to_le_bytes());
                x.is_finite()
            }
        };
        if !finite {
            return Err(i);
        }
    }
    Ok(bytes)
}

/// Of the two neighbours in single precision that one with an odd last bit, unless x is
/// one itself: then rounding once more to fewer digits is rounding once.
fn round_to_odd(x: f64) -> f32 {
    let y = x as f32;
    let wide = f64::from(y);
    let bits = y.to_bits();
    if wide == x || bits % 2 == 1 {
        y
    } else if wide.abs() > x.abs() {
        f32::from_bits(bits - 1)
    } else {
        f32::from_bits(bits + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Against the two neighbours in the small type, whose distances are exact.
    #[test]
    fn encoding_rounds_to_the_nearest_and_ties_to_even() {
        type Value = fn(u16) -> f64;
        let cases: [(Dtype, Value, u16); 2] = [
            (Dtype::F16, |bits| f16::from_bits(bits).to_f64(), 0x7bfe),
            (Dtype::BF16, |bits| bf16::from_bits(bits).to_f64(), 0x7f7e),
        ];
        for (dtype, value, last) in cases {
            for bits in (0..last).step_by(7).chain([0, 1, 2, 0x3ff, 0x400, last]) {
                let (low, high) = (value(bits), value(bits + 1));
                let middle = low + (high - low) / 2.0;
                let even = bits + bits % 2;
                let above = f64::from_bits(middle.to_bits() + 1);
                let below = f64::from_bits(middle.to_bits() - 1);
                for (x, expected) in [
                    (low, bits),
                    (below, bits),
                    (middle, even),
                    (above, bits + 1),
                    (high, bits + 1),
                ] {
                    let encoded = encode(&[x, -x], dtype).expect("in range");
                    let expected = [expected.to_le_bytes(), (expected | 0x8000).to_le_bytes()];
                    assert_eq!(encoded, expected.concat(), "{dtype} {x:e}");
                }
            }
        }
    }

    #[test]
    fn beyond_the_range_is_an_error() {
        for (dtype, largest) in [
            (Dtype::F16, 65504.0),
            (Dtype::BF16, f64::from(bf16::MAX)),
            (Dtype::F32, f64::from(f32::MAX)),
        ] {
            assert!(encode(&[largest], dtype).is_ok(), "{dtype}");
            assert_eq!(encode(&[0.0, largest * 1.01], dtype), Err(1), "{dtype}");
        }
    }
}
