//! One problem from end to end: the problem-1 format in, the certified solution-1
//! format out. docs/format.md describes both, field by field.

mod arrays;
pub(crate) mod read;
mod solution;

pub use read::{FORMAT, ProblemError, read_problem, read_problem_in};
pub use solution::{Bounds, Change, Finite, Solution, SolutionFile};

use crate::balance::{CertifyError, Noise, Orbit, OrbitError, Spectrum, SpectrumSource, Strength};
use crate::scalar::{Field, Rational, dot};

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

/// Gradients as far from orthogonal to Aθ as this, relative to their length, are not
/// those of a loss with the symmetry. Rounding in single precision stays far below.
const OBLIQUE: f64 = 1e-3;

impl Problem {
    /// What is legal but hardly meant: noise that no loss with this symmetry can have,
    /// since T1 makes every gradient orthogonal to Aθ.
    pub fn warning(&self) -> Option<String> {
        let Body::Orbit(orbit) = &self.body else {
            return None;
        };
        let image = orbit.generator().apply(orbit.theta());
        let length = dot(&image, &image);
        // The squared cosine of the angle to Aθ.
        let cosine2 = |along: Rational, power: Rational| {
            if power == 0 || length == 0 {
                0.0
            } else {
                (along / (power * &length)).to_f64()
            }
        };
        let (what, cosine2) = match orbit.noise() {
            Noise::Gradients(rows) => {
                let angles = rows
                    .iter()
                    .map(|g| cosine2(Field::square(&dot(g, &image)), dot(g, g)));
                let worst = angles.enumerate().max_by(|a, b| a.1.total_cmp(&b.1))?;
                (format!("gradients[{}]", worst.0), worst.1)
            }
            Noise::Covariance(sigma) => {
                let turned: Vec<Rational> = sigma.iter().map(|row| dot(row, &image)).collect();
                let trace = (0..sigma.len()).fold(Rational::new(), |t, k| t + &sigma[k][k]);
                (
                    "covariance".to_owned(),
                    cosine2(dot(&turned, &image), trace),
                )
            }
        };
        let cosine = libm::sqrt(cosine2);
        (cosine > OBLIQUE).then(|| {
            format!(
                "{what}: not orthogonal to Aθ (cosine {cosine:.3}), as the gradients of a loss with this symmetry are (T1); are the indices and the order of theta right?"
            )
        })
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
