//! draft
#![deny(unsafe_code)]
#![warn(missing_docs)]
pub mod scalar;
