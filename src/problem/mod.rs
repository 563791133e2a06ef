//! One problem from end to end: the problem-1 format in, the certified solution-1
//! format out. docs/format.md describes both, field by field.

mod arrays;
mod certificate;
mod lines;
mod moved;
pub(crate) mod read;
mod solution;

pub use certificate::{
    Certificate, CertificateError, Claim, End, Integers, MAX_CERTIFICATE, NotACertificate, THEOREM,
    certificate,
};
pub use lines::{Line, Lines, MAX_LINE};
pub use read::{FORMAT, ProblemError, read_problem, read_problem_and_files, read_problem_in};
pub use solution::{
    Answer, Bounds, Change, Exactly, FamilyFinite, Finite, GroupFinite, NoEquilibrium, Numbers,
    Single, Solution, SolutionFile,
};

use crate::balance::{
    CertifyError, Noise, Orbit, OrbitError, Spectrum, SpectrumSource, Strength,
    family::FamilyOrbit, general_linear::GroupOrbit,
};
use crate::scalar::{Field, Rational, dot};
use crate::symmetry::{FactorShape, Generator};

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
    /// Commuting generators, θ, and gradients or covariance.
    Family(FamilyOrbit),
    /// The group GL(r) between two factors, θ and gradients.
    Group(GroupOrbit),
}

impl Problem {
    /// What the equilibrium of one generator depends on; `None` for a family or a group.
    ///
    /// # Errors
    /// A covariance that is not positive semidefinite.
    pub fn source(&self) -> Option<Result<SpectrumSource, OrbitError>> {
        match &self.body {
            Body::Spectrum(spectrum) => Some(Ok(SpectrumSource::Exact(spectrum.clone()))),
            Body::Orbit(orbit) => Some(orbit.spectrum()),
            Body::Family(_) | Body::Group(_) => None,
        }
    }

    /// The equilibrium, every number enclosed to `digits` digits (1 to 100 000).
    ///
    /// # Errors
    /// [`ProblemError`] as for the parts.
    pub fn solve(&self, digits: u32) -> Result<Solution, ProblemError> {
        solution::solve(self, digits)
    }

    /// What is legal but hardly meant: noise that no loss with this symmetry can have,
    /// since T1 makes every gradient orthogonal to Aθ.
    pub fn warning(&self) -> Option<String> {
        let worst = match &self.body {
            Body::Spectrum(_) => None,
            Body::Orbit(orbit) => oblique(orbit.generator(), orbit.theta(), orbit.noise()),
            Body::Family(orbit) => orbit
                .family()
                .generators()
                .iter()
                .filter_map(|a| oblique(a, orbit.theta(), orbit.noise()))
                .max_by(|x, y| x.1.total_cmp(&y.1)),
            Body::Group(orbit) => directions(orbit.shape())
                .iter()
                .filter_map(|a| oblique(a, orbit.theta(), orbit.noise()))
                .max_by(|x, y| x.1.total_cmp(&y.1)),
        };
        let (what, cosine) = worst?;
        (cosine > OBLIQUE).then(|| {
            format!(
                "{what}: not orthogonal to Aθ (cosine {cosine:.3}), as the gradients of a loss with this symmetry are (T1); are the indices and the order of theta right?"
            )
        })
    }
}

/// Gradients as far from orthogonal to Aθ as this, relative to their length, are not
/// those of a loss with the symmetry. Rounding in single precision stays far below.
const OBLIQUE: f64 = 1e-3;

/// The gradients that are farthest from orthogonal to Aθ, and the cosine of their angle.
fn oblique(generator: &Generator, theta: &[Rational], noise: &Noise) -> Option<(String, f64)> {
    let image = generator.apply(theta);
    let length = dot(&image, &image);
    // The squared cosine of the angle to Aθ.
    let cosine2 = |along: Rational, power: Rational| {
        if power == 0 || length == 0 {
            0.0
        } else {
            (along / (power * &length)).to_f64()
        }
    };
    let (what, cosine2) = match noise {
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
    Some((what, libm::sqrt(cosine2)))
}

/// Generators that span the symmetric directions of GL(r).
fn directions(shape: FactorShape) -> Vec<Generator> {
    let r = shape.rank;
    let pairs = (0..r).flat_map(|i| (0..=i).map(move |j| (i, j)));
    let direction = |(i, j): (usize, usize)| {
        let entry = |a: usize, b: usize| i32::from((a, b) == (i, j) || (a, b) == (j, i));
        let row = |a: usize| (0..r).map(|b| Rational::from(entry(a, b))).collect();
        (0..r).map(row).collect::<Vec<Vec<Rational>>>()
    };
    let generators = pairs.map(|p| Generator::factor(shape.rows, shape.cols, &direction(p)));
    generators.flatten().collect()
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
