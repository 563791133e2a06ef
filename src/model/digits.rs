//! The 1797 hand-written digits that ship with the crate.

use super::Sample;
use crate::scalar::Rational;
use std::sync::OnceLock;

/// Source and licence stand beside the file.
const CSV: &str = include_str!("../../tests/data/digits.csv");

/// Classes.
pub const CLASSES: usize = 10;

/// The digits as samples: 64 pixels k/16 in row order, and a one-hot target of 10.
pub fn digits() -> &'static [Sample<Rational>] {
    static DIGITS: OnceLock<Vec<Sample<Rational>>> = OnceLock::new();
    DIGITS.get_or_init(|| {
        let mut reader = csv::ReaderBuilder::new()
            .has_headers(false)
            .from_reader(CSV.as_bytes());
        reader
            .deserialize()
            .flatten()
            .filter_map(|row: Vec<u8>| {
                let (class, pixels) = row.split_last()?;
                let input = pixels.iter().map(|&k| Rational::from((k, 16))).collect();
                let one_hot = |c| Rational::from(i32::from(c == usize::from(*class)));
                Some(Sample {
                    input,
                    target: (0..CLASSES).map(one_hot).collect(),
                })
            })
            .collect()
    })
}
