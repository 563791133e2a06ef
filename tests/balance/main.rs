//! `noise-equilibrium balance`: the function stays, the noise balances, and what is wrong
//! is refused.

mod bad_input;
mod equilibrium;
mod files;
mod function;
mod layouts;
mod network;
mod program;
mod pytorch;
mod rounding;
mod symmetry;
