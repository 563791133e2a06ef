//! One problem from end to end: the problem-1 format in, the certified solution-1
//! format out.

pub(crate) mod read;
mod solution;

pub use read::{FORMAT, ProblemError, read_problem};
pub use solution::{Bounds, Change, Solution, SolutionFile};

use crate::balance::{CertifyError, Orbit, OrbitError, Spectrum, SpectrumSource, Strength};
use crate::scalar::Rational;

/// A problem with exact data.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// γ and σ².
    pub strength: Strength<Rational>,
    /// Where the spectrum comes from.
    pub body: Body,
}

/// A spectrum as it is, or a point on an orbit with its noise.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// The triples (μ, a, c).
    Spectrum(Spectrum<Rational>),
    /// Generator, θ, and gradients or covariance.
    Orbit(Orbit),
}

impl Problem {
    /// What its equilibrium depends on.
    ///
    /// # Errors
    /// A covariance that is not positive semidefinite.
    pub fn source(&self) -> Result<SpectrumSource, OrbitError> {
        match &self.body {
            Body::Spectrum(spectrum) => Ok(SpectrumSource::Exact(spectrum.clone())),
            Body::Orbit(orbit) => orbit.spectrum(),
        }
    }

    /// The equilibrium, every number enclosed to `digits` digits (1 to 100 000).
    ///
    /// # Errors
    /// [`ProblemError`] as for the parts.
    pub fn solve(&self, digits: u32) -> Result<Solution, ProblemError> {
        solution::solve(self, digits)
    }
}

impl From<OrbitError> for ProblemError {
    fn from(error: OrbitError) -> Self {
        read::invalid(error)
    }
}
impl From<CertifyError> for ProblemError {
    fn from(error: CertifyError) -> Self {
        read::invalid(error)
    }
}
