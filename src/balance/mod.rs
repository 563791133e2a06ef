//! The balance equation G(λ) = 0 and its one solution (§2 of docs/theory.md).
//!
//! Everything here depends on a problem through its [`Spectrum`] only: the list of
//! (rate μ, noise a, charge c). Where the spectrum came from is not known here.

mod certify;
mod deep_linear;
mod general_linear;
mod geometric_mean;
mod group;
mod many;
mod noise;
mod pulls;
mod sensitivity;
mod setting;
mod solve;
mod source;
mod spectrum;
mod torus;

pub use certify::{Attempt, Certified, CertifyError, certify, resolved, vanishes};
pub use deep_linear::{BalancedMinimum, Regression, RegressionError};
pub use general_linear::{CertifiedGroup, GroupBalance, GroupOrbit, GroupStatus, certify_group};
pub use geometric_mean::{geometric_mean, square_root, symmetrised};
pub use group::{GroupEquilibrium, GroupError};
pub use many::{solve_many, solve_many_in};
pub use noise::{mean, population_covariance, population_variance};
pub use pulls::{Equilibrium, Pulls};
pub use sensitivity::{Motion, Sensitivity, SensitivityError};
pub use setting::{Setting, SettingError};
pub use solve::{SolveError, solve};
pub use source::{BlockSpectrum, Noise, Orbit, OrbitError, SpectrumSource, Start};
pub use spectrum::{Balance, Spectrum, Strength, StrengthError, Term};
pub use torus::{
    CertifiedFamily, Edge, EnclosedFamily, Existence, Exponential, FamilyBlocks, FamilyOrbit,
    FamilySource, FamilyStart, FamilyStatus, NetworkEquilibrium, NetworkError, Torus,
    balance_network, certify_family, minimise,
};
