//! How coarse the types are in which networks are stored and computed with.

use half::{bf16, f16};
use safetensors::Dtype;

/// How finely numbers are stored or computed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// `float64`.
    Double,
    /// `float32`.
    Single,
    /// `tf32`: products of `float32` numbers that are rounded to 11 bits first.
    Tensor,
    /// `float16`.
    Half,
    /// `bfloat16`.
    Brain,
}

impl Precision {
    /// All of them, the finest first.
    pub const ALL: [Self; 5] = [
        Self::Double,
        Self::Single,
        Self::Tensor,
        Self::Half,
        Self::Brain,
    ];

    /// That of numbers of this type.
    pub(crate) fn of(dtype: Dtype) -> Self {
        match dtype {
            Dtype::BF16 => Self::Brain,
            Dtype::F16 => Self::Half,
            Dtype::F32 => Self::Single,
            _ => Self::Double,
        }
    }

    /// The name in files: PyTorch's and NumPy's.
    pub fn name(self) -> &'static str {
        match self {
            Self::Double => "float64",
            Self::Single => "float32",
            Self::Tensor => "tf32",
            Self::Half => "float16",
            Self::Brain => "bfloat16",
        }
    }

    /// Half the distance from 1 to the next larger number: the relative error of rounding.
    pub fn unit(self) -> f64 {
        match self {
            Self::Double => f64::EPSILON / 2.0,
            Self::Single => f64::from(f32::EPSILON) / 2.0,
            Self::Tensor | Self::Half => f64::from(f16::EPSILON) / 2.0,
            Self::Brain => f64::from(bf16::EPSILON) / 2.0,
        }
    }

    /// The smallest number above 0: at most half of it is lost where the relative error says
    /// too little.
    pub fn smallest(self) -> f64 {
        match self {
            Self::Double => f64::from_bits(1),
            Self::Single | Self::Tensor => f64::from(f32::from_bits(1)),
            Self::Half => f64::from(f16::from_bits(1)),
            Self::Brain => f64::from(bf16::from_bits(1)),
        }
    }

    /// In which products are added up: not below single precision, on all usual hardware.
    pub(crate) fn of_sums(self) -> Self {
        match self {
            Self::Double => Self::Double,
            _ => Self::Single,
        }
    }

    /// The coarser of the two.
    pub(crate) fn coarser(self, other: Self) -> Self {
        let place = |x| Self::ALL.iter().position(|y| *y == x);
        if place(self) < place(other) {
            other
        } else {
            self
        }
    }
}
