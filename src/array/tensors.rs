//! Hugging Face's `.safetensors`.

use super::{Array, ArrayError};
use safetensors::tensor::Metadata;
use std::ops::Range;

/// Names that a message lists.
const LISTED: usize = 8;

/// The tensors in the bytes of a `.safetensors` file.
#[derive(Clone, Debug)]
pub(crate) struct Tensors<'a> {
    metadata: Metadata,
    /// Where the data begins in the file.
    start: usize,
    data: &'a [u8],
}

impl<'a> Tensors<'a> {
    /// # Errors
    /// A header that is none, or another amount of data than it says.
    pub fn read(bytes: &'a [u8]) -> Result<Self, ArrayError> {
        let broken = |found: &str| ArrayError::Header {
            expected: ".safetensors",
            found: found.to_owned(),
        };
        // Not through the crate's own entry, whose sum of lengths can overflow.
        let (length, rest) = bytes
            .split_first_chunk()
            .ok_or_else(|| broken("one that is too short"))?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok();
        let (header, data) = length
            .and_then(|length| rest.split_at_checked(length))
            .ok_or_else(|| broken("one that ends within its header"))?;
        let metadata: Metadata =
            serde_json::from_slice(header).map_err(|error| broken(&error.to_string()))?;
        if metadata.data_len() != data.len() {
            return Err(ArrayError::Length {
                expected: metadata.data_len(),
                found: data.len(),
            });
        }
        Ok(Self {
            metadata,
            start: bytes.len() - data.len(),
            data,
        })
    }

    /// The tensor of this name.
    ///
    /// # Errors
    /// [`ArrayError::Missing`] with the names that there are.
    pub fn get(&self, name: &str) -> Result<Array<'a>, ArrayError> {
        let info = self.metadata.info(name);
        let found = info.and_then(|info| {
            let (from, to) = info.data_offsets;
            Some((info, self.data.get(from..to)?))
        });
        let (info, bytes) = found.ok_or_else(|| ArrayError::Missing {
            expected: self.names(),
        })?;
        Ok(Array {
            shape: info.shape.clone(),
            dtype: info.dtype,
            bytes,
            big_endian: false,
            fortran: false,
        })
    }

    /// Where in the file the bytes of a tensor lie.
    pub fn place(&self, name: &str) -> Option<Range<usize>> {
        let (from, to) = self.metadata.info(name)?.data_offsets;
        Some(self.start + from..self.start + to)
    }

    /// The first few names in alphabetical order.
    fn names(&self) -> String {
        let mut names = self.metadata.offset_keys();
        names.sort();
        let quoted = names.iter().take(LISTED).map(|name| format!("\"{name}\""));
        let listed = quoted.collect::<Vec<_>>().join(", ");
        match names.len() {
            0 => "no tensors (the file is empty)".to_owned(),
            n if n > LISTED => format!("{listed}, … ({n} tensors)"),
            _ => listed,
        }
    }
}
