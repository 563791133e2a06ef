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
        if let Some(found) = other_kind(bytes) {
            return Err(broken(found));
        }
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

/// What the bytes are instead, where they begin like something that people have beside
/// `.safetensors`. Nothing of a pickle is ever run.
fn other_kind(bytes: &[u8]) -> Option<&'static str> {
    // A header of .safetensors begins with its length and a brace; none of these does.
    if bytes.get(8) == Some(&b'{') {
        return None;
    }
    let text = String::from_utf8_lossy(bytes.get(..4096).unwrap_or(bytes));
    if text.trim_start().starts_with('{') {
        let index = text.contains("\"weight_map\"") || text.contains("\"total_size\"");
        return Some(if index {
            "the index of a sharded checkpoint; sharded checkpoints are not supported yet: name one of the shards that it lists, or put them into one file"
        } else {
            "JSON"
        });
    }
    // Protocols 2 to 5.
    if matches!(bytes, [0x80, 2..=5, ..]) {
        return Some(
            "a pickle; load it where it was written, and write the tensors with safetensors.torch.save_file",
        );
    }
    let kinds: [(&[u8], &str); 7] = [
        (
            b"PK\x03\x04",
            "a zip archive (PyTorch's .pt and .bin, NumPy's .npz); of a PyTorch checkpoint, write the tensors with safetensors.torch.save_file",
        ),
        (b"\x1f\x8b", "a gzip archive"),
        (b"\x93NUMPY", "a .npy file"),
        (b"\x89HDF", "an HDF5 file"),
        (b"GGUF", "a GGUF file"),
        (
            b"version https://git-lfs",
            "a pointer of Git LFS; git lfs pull brings the file",
        ),
        (b"<", "HTML or XML"),
    ];
    let found = kinds.iter().find(|(start, _)| bytes.starts_with(start));
    found.map(|(_, kind)| *kind)
}
