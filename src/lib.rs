//! draft
#![deny(unsafe_code)]
#![warn(missing_docs)]
pub mod audit;
pub mod balance;
pub mod dynamics;
pub mod model;
pub mod problem;
pub mod scalar;
pub mod symmetry;
pub mod theorem;
