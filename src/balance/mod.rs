//! The balance equation G(λ) = 0 and its one solution (§2 of docs/theory.md).
//!
//! Everything here depends on a problem through its [`Spectrum`] only: the list of
//! (rate μ, noise a, charge c). Where the spectrum came from is not known here.
//!
//! One generator needs what stands on this page: a [`Spectrum`] and a [`Strength`] make a
//! [`BalanceEquation`], which [`solve`] solves in its own numbers, and [`certify`] with a
//! proof to any number of digits. Beyond one generator, each subject has a page: [`family`]
//! for generators that commute and for the rescalings of networks, [`general_linear`] for
//! all of GL(r), [`sensitivity`] for derivatives.

pub mod deep_linear;
pub mod family;
pub mod general_linear;
pub mod geometric_mean;
mod line;
pub mod many;
pub mod noise;
pub mod orbit_minimum;
mod powers;
pub mod pulls;
mod refine;
pub mod sensitivity;
pub mod setting;
mod solve;
pub mod source;
mod spectrum;
mod vanishing;

pub(crate) use line::certify_and;
pub use line::{Certified, certify};
pub use many::solve_many;
pub(crate) use powers::exponentials;
pub use pulls::Equilibrium;
pub use refine::CertifyError;
pub(crate) use refine::{Gap, checked, largest};
pub use solve::{SolveError, solve};
pub use source::{Noise, Orbit, OrbitError, SpectrumSource, Start};
pub use spectrum::{BalanceEquation, Spectrum, Strength, StrengthError, Term};
