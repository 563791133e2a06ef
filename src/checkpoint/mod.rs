//! A whole network at once: which of its tensors share an inner dimension, and the
//! checkpoint moved to the point of its orbit where noise and weight decay balance.
//!
//! The same function is computed there; only the scale of units (C1) and the basis of
//! hidden spaces (T17) has moved. Everything is double precision: no enclosures here.

mod architecture;
mod balance;
mod mismatch;
mod orthogonality;
mod pair;
mod precision;
mod report;
mod rounding;
mod tensors;
mod transform;

pub use architecture::{
    Architecture, ArchitectureError, Axis, FORMAT as ARCHITECTURE_FORMAT, Kind, Layout, Link, Port,
    read_architecture,
};
pub use balance::{Balanced, CheckpointError, MAX_SWEEPS, TOLERANCE, balance};
pub use precision::Precision;
pub use report::{
    Change, FORMAT as REPORT_FORMAT, Factor, PairReport, PairStatus, Report, Symmetry, Verdict,
};
