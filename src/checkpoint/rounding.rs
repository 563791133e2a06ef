//! Doubles rounded to the types that tensors are stored in.

use half::{bf16, f16};
use safetensors::Dtype;

/// The little-endian bytes of the nearest numbers of this type (ties to even); the
/// index of the first that is beyond its range otherwise.
pub fn encode(numbers: &[f64], dtype: Dtype) -> Result<Vec<u8>, usize> {
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
