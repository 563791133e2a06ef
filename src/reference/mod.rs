//! Reference values: problems with their certified answers, each number reached by a second
//! route as well; and other implementations' answers held against them.
//!
//! docs/reference has the files, docs/format.md the formats, docs/conformance.md an example.

mod catalogue;
mod check;
mod conform;
mod entry;
mod file;
mod numbers;
mod regression;
mod results;
mod second;
mod strict;

pub use catalogue::{BUILT_IN, FAMILIES, Item, catalogue};
pub use check::{Difference, check};
pub use conform::{Conformance, Deviation, Judged, Place, conform};
pub use entry::{DIGITS, Disagreement, Entry, Input};
pub use file::{Family, REFERENCE_FORMAT, ReferenceError, family_file};
pub use regression::{BalancedNetwork, DeepLinear, FORMAT as REGRESSION_FORMAT};
pub use results::{Answered, RESULTS_FORMAT, Results, ResultsError};
