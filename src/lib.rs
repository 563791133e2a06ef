//! draft
#![deny(unsafe_code)]
#![warn(missing_docs)]
pub mod balance;
pub mod problem;
pub mod scalar;
pub mod symmetry;
