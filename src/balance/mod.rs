//! The balance equation G(λ) = 0 and its one solution (§2 of docs/theory.md).
//!
//! Everything here depends on a problem through its [`Spectrum`] only: the list of
//! (rate μ, noise a, charge c). Where the spectrum came from is not known here.

mod deep_linear;
mod family;
mod general_linear;
mod geometric_mean;
mod line;
mod many;
mod noise;
mod orbit_minimum;
mod powers;
mod pulls;
mod refine;
mod sensitivity;
mod setting;
mod solve;
mod source;
mod spectrum;
mod vanishing;

pub use deep_linear::{BalancedMinimum, Regression, RegressionError};
pub(crate) use family::certify_family_and;
pub use family::{
    CertifiedFamily, Edge, Existence, Exponential, FamilyBlocks, FamilyOrbit, FamilySource,
    FamilyStart, FamilyStatus, NetworkEquilibrium, NetworkError, Potential, balance_network,
    certify_family, minimise,
};
pub use general_linear::{CertifiedGroup, GroupBalance, GroupOrbit, GroupStatus, certify_group};
pub(crate) use general_linear::{certify_group_and, enclosed};
pub use geometric_mean::{geometric_mean, square_root, symmetrised};
pub(crate) use line::certify_and;
pub use line::{Certified, certify};
pub use many::{solve_many, solve_many_in};
pub use noise::{mean, population_covariance, population_variance};
pub use orbit_minimum::{MinimumError, OrbitMinimum};
pub(crate) use powers::exponentials;
pub use pulls::{Equilibrium, Pulls};
pub use refine::CertifyError;
pub(crate) use refine::{Gap, checked, largest};
pub use sensitivity::{Motion, Sensitivity, SensitivityError};
pub use setting::{Setting, SettingError};
pub use solve::{SolveError, solve};
pub use source::{BlockSpectrum, Noise, Orbit, OrbitError, SpectrumSource, Start};
pub use spectrum::{BalanceEquation, Spectrum, Strength, StrengthError, Term};
