//! Two adjacent maps: which parts of which tensors lie on either side of a hidden space.

use super::architecture::Kind;
use super::tensors::Slice;
use super::transform::{Side, Transform};
use nalgebra::DMatrix;

/// One pair, or one head of it.
pub(super) struct Pair {
    pub name: String,
    pub kind: Kind,
    pub rank: usize,
    /// At how many positions of a sample the layers are used.
    pub positions: usize,
    pub up: Vec<Slice>,
    pub down: Vec<Slice>,
}

impl Pair {
    pub fn side(&self, side: Side) -> &[Slice] {
        match side {
            Side::Up => &self.up,
            Side::Down => &self.down,
        }
    }

    pub fn slices(&self) -> impl Iterator<Item = &Slice> {
        self.up.iter().chain(&self.down)
    }

    pub fn identity(&self) -> Transform {
        match self.kind {
            Kind::Relu => Transform::Scale(vec![1.0; self.rank]),
            _ => Transform::identity(self.rank),
        }
    }

    /// ABᵀ, or its diagonal as a column where units are scaled one by one.
    pub fn product(&self, a: &DMatrix<f64>, b: &DMatrix<f64>) -> DMatrix<f64> {
        match self.kind {
            Kind::Relu => DMatrix::from_fn(a.nrows(), 1, |j, _| a.row(j).dot(&b.row(j))),
            _ => a * b.transpose(),
        }
    }

    pub fn zero(&self) -> DMatrix<f64> {
        match self.kind {
            Kind::Relu => DMatrix::zeros(self.rank, 1),
            _ => DMatrix::zeros(self.rank, self.rank),
        }
    }

    pub fn trace(&self, m: &DMatrix<f64>) -> f64 {
        match self.kind {
            Kind::Relu => m.sum(),
            _ => m.trace(),
        }
    }
}
