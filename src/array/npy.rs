//! NumPy's `.npy`, through npyz.

use super::{Array, ArrayError, count};
use npyz::{DType, Endianness, NpyHeader, Order, TypeChar};
use safetensors::Dtype;

/// NumPy's own limit on a header that it did not write itself.
const LONGEST_HEADER: usize = 10_000;

const TOO_LARGE: &str = "one whose shape is too large";

/// The array in a `.npy` file's bytes.
///
/// # Errors
/// A header that is none, another amount of data than it says, or elements that are
/// not plain numbers.
pub(crate) fn npy(bytes: &[u8]) -> Result<Array<'_>, ArrayError> {
    let broken = |found: String| ArrayError::Header {
        expected: ".npy",
        found,
    };
    check_header(bytes).map_err(|found| broken(found.to_owned()))?;
    let mut data = bytes;
    let header = NpyHeader::from_reader(&mut data).map_err(|error| broken(error.to_string()))?;
    let (dtype, endianness) = element(&header.dtype())?;
    let shape: Option<Vec<usize>> = header.shape().iter().map(|&n| n.try_into().ok()).collect();
    let shape = shape.ok_or_else(|| broken(TOO_LARGE.to_owned()))?;
    let bytes = count(&shape).and_then(|n| n.checked_mul(dtype.bitsize() / 8));
    let bytes = bytes.ok_or_else(|| broken(TOO_LARGE.to_owned()))?;
    if bytes != data.len() {
        return Err(ArrayError::Length {
            expected: bytes,
            found: data.len(),
        });
    }
    Ok(Array {
        shape,
        dtype,
        bytes: data,
        big_endian: endianness == Endianness::Big,
        fortran: header.order() == Order::Fortran,
    })
}

/// npyz believes a header: it would make room for any length, follow brackets as deep
/// as they go, and multiply lengths past 2⁶⁴. So a header has to look like the one of
/// a plain array before npyz sees it.
fn check_header(bytes: &[u8]) -> Result<(), &'static str> {
    const CUT: &str = "one that ends within its header";
    let preamble: &[u8; 8] = bytes.first_chunk().ok_or("one that is too short")?;
    let [magic @ .., major, _] = preamble;
    if magic != b"\x93NUMPY" {
        return Err("one that does not begin with NumPy's mark");
    }
    let rest = bytes.get(preamble.len()..).unwrap_or_default();
    let (length, text) = match major {
        1 => {
            let (length, text) = rest.split_first_chunk().ok_or(CUT)?;
            (usize::from(u16::from_le_bytes(*length)), text)
        }
        _ => {
            let (length, text) = rest.split_first_chunk().ok_or(CUT)?;
            let length = usize::try_from(u32::from_le_bytes(*length));
            (length.unwrap_or(usize::MAX), text)
        }
    };
    let text = text.get(..length).ok_or(CUT)?;
    if length > LONGEST_HEADER {
        return Err("one with a header of more than 10000 bytes");
    }
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b" \n'\"{}():,._<>|=".contains(b);
    let times = |what: u8| text.iter().filter(|b| **b == what).count();
    let shape = text.split(|b| *b == b'(').nth(1).unwrap_or_default();
    let shape = shape.split(|b| *b == b')').next().unwrap_or_default();
    let digits = shape.iter().filter(|b| b.is_ascii_digit()).count();
    let lengths = shape
        .iter()
        .all(|b| b.is_ascii_digit() || b", L".contains(b));
    if !text.iter().all(plain) || times(b'(') != 1 || times(b'{') != 1 || !lengths {
        return Err("one whose header is not that of a plain array");
    }
    // Below 10¹⁹ no product of the lengths passes 2⁶⁴.
    if digits > 19 {
        return Err(TOO_LARGE);
    }
    Ok(())
}

fn element(dtype: &DType) -> Result<(Dtype, Endianness), ArrayError> {
    let refused = || ArrayError::Type {
        expected: "f2, f4, f8, i1, i2, i4, i8, u1, u2, u4 or u8",
        found: dtype.descr(),
    };
    let DType::Plain(text) = dtype else {
        return Err(refused());
    };
    let dtype = match (text.type_char(), text.size_field()) {
        (TypeChar::Float, 2) => Dtype::F16,
        (TypeChar::Float, 4) => Dtype::F32,
        (TypeChar::Float, 8) => Dtype::F64,
        (TypeChar::Int, 1) => Dtype::I8,
        (TypeChar::Int, 2) => Dtype::I16,
        (TypeChar::Int, 4) => Dtype::I32,
        (TypeChar::Int, 8) => Dtype::I64,
        (TypeChar::Uint, 1) => Dtype::U8,
        (TypeChar::Uint, 2) => Dtype::U16,
        (TypeChar::Uint, 4) => Dtype::U32,
        (TypeChar::Uint, 8) => Dtype::U64,
        _ => return Err(refused()),
    };
    Ok((dtype, text.endianness()))
}
