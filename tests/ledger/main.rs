//! The ledger is complete; smallest cases by hand; what the audit follows, for longer.

mod guards;
mod ledger;
mod long_runs;
