//! Rounding to the types of tensors, which is private to the crate: the file itself is
//! taken in here.

#[path = "../../src/checkpoint/rounding.rs"]
mod private;

use half::{bf16, f16};
use noise_equilibrium::checkpoint::Precision;
use private::encode;
use safetensors::Dtype;

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

/// The next number after 1 is twice the unit away: a little less than half of that is lost,
/// a little more is not.
#[test]
fn the_unit_is_half_the_distance_from_one_to_the_next_number() {
    for (dtype, precision) in [
        (Dtype::F16, Precision::Half),
        (Dtype::BF16, Precision::Brain),
        (Dtype::F32, Precision::Single),
        (Dtype::F64, Precision::Double),
    ] {
        let (one, unit) = (encode(&[1.0], dtype), precision.unit());
        assert_eq!(
            encode(&[1.0 + unit], dtype),
            one,
            "{dtype}: a tie goes to the even 1"
        );
        assert_ne!(encode(&[1.0 + unit * 2.0], dtype), one, "{dtype}");
        if dtype != Dtype::F64 {
            assert_ne!(encode(&[1.0 + unit * 1.01], dtype), one, "{dtype}");
        }
    }
}
