//! How λ\* and θ\* move when the problem does (T11): ∂λ\*/∂p = −∂_pG/∂_λG, with every
//! derivative of G written out.

use super::noise::count;
use super::pulls::Equilibrium;
use super::setting::{Setting, SettingError, check_shape};
use super::solve::{SolveError, solve};
use super::spectrum::{BalanceEquation, Spectrum, Strength, Term};
use crate::scalar::{Field, RealScalar, Scalar, dot, sum};
use crate::symmetry::Generator;
use nalgebra::ComplexField;
use thiserror::Error;

/// Why there is no derivative.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum SensitivityError {
    /// No λ\* that could move.
    #[error("λ*: expected a finite one, to which T8 gives derivatives, found the status {status}")]
    NoEquilibrium {
        /// The status of T8.
        status: &'static str,
    },
    /// λ\* was not found.
    #[error(transparent)]
    Solve(#[from] SolveError),
    /// The generator's rates were not found.
    #[error("generator: the eigendecomposition did not converge")]
    Eigenbasis,
    /// A setting that does not fit.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A number too large or too small for `S`.
    #[error("the derivative of λ* is beyond the range of the number type")]
    OutOfRange,
}

/// The derivative of λ\* by every number of a [`BalanceEquation`].
#[derive(Clone, Debug, PartialEq)]
pub struct BalanceGradient<S> {
    /// ∂λ\*/∂μ, ∂λ\*/∂a and ∂λ\*/∂c, term by term.
    pub terms: Vec<Term<S>>,
    /// ∂λ\*/∂γ.
    pub gamma: S,
    /// ∂λ\*/∂σ².
    pub sigma2: S,
}

/// A velocity of a [`Setting`], or a gradient with respect to it: numbers of any sign.
#[derive(Clone, Debug, PartialEq)]
pub struct Tangent<S> {
    /// By θ, d numbers.
    pub theta: Vec<S>,
    /// By g_n, N rows of d numbers.
    pub gradients: Vec<Vec<S>>,
    /// By γ.
    pub gamma: S,
    /// By σ².
    pub sigma2: S,
}

impl<S: Field> Tangent<S> {
    /// Σ of products, number by number: the derivative along a velocity.
    fn pair(&self, velocity: &Self) -> S {
        let rows = self.gradients.iter().zip(&velocity.gradients);
        dot(&self.theta, &velocity.theta)
            + sum(rows.map(|(a, b)| dot(a, b)))
            + (self.gamma.clone() * &velocity.gamma + self.sigma2.clone() * &velocity.sigma2)
    }
}

/// λ\* of a [`Setting`] with its gradient, from which every derivative follows (T11).
#[derive(Clone, Debug)]
pub struct Sensitivity<'a, S> {
    generator: &'a Generator,
    theta: Vec<S>,
    lambda: S,
    gradient: Tangent<S>,
}

/// The velocity of the equilibrium.
#[derive(Clone, Debug, PartialEq)]
pub struct Motion<S> {
    /// λ̇\*.
    pub lambda: S,
    /// θ̇\*, d numbers.
    pub theta: Vec<S>,
}

fn in_range<'a, S: RealScalar>(
    mut numbers: impl Iterator<Item = &'a S>,
) -> Result<(), SensitivityError> {
    if numbers.all(ComplexField::is_finite) {
        Ok(())
    } else {
        Err(SensitivityError::OutOfRange)
    }
}

impl<S: RealScalar> BalanceEquation<S> {
    /// λ\* and its gradient.
    ///
    /// # Errors
    /// [`SensitivityError`], in particular where T8 gives no finite λ\*.
    pub fn sensitivity(&self) -> Result<(S, BalanceGradient<S>), SensitivityError> {
        let lambda = match solve(self)? {
            Equilibrium::Finite(lambda) => lambda,
            other => {
                return Err(SensitivityError::NoEquilibrium {
                    status: other.status(),
                });
            }
        };
        let steepness = -self.slope(&lambda);
        let Strength { gamma, sigma2 } = &self.strength;
        let (two, four) = (S::from_int(2), S::from_int(4));
        let term = |t: &Term<S>| {
            let (noise, charge) = Self::moved(t, &lambda);
            let shift = two.clone() * &t.rate * &lambda;
            // e^{∓2μλ} itself: what a number that is 0 would be multiplied by.
            let grown = Scalar::exp(&shift);
            let up = two.clone() * sigma2;
            let down = four.clone() * gamma;
            let by_rate = up.clone() * noise * (S::one() - &shift)
                - down.clone() * charge * (S::one() + &shift);
            Term {
                rate: by_rate / &steepness,
                noise: up * &t.rate / &grown / &steepness,
                charge: -(down * &t.rate * grown / &steepness),
            }
        };
        let total = |f: &dyn Fn(&Term<S>) -> S| sum(self.spectrum.terms().iter().map(f));
        let noise = total(&|t| Self::moved(t, &lambda).0 * &t.rate);
        let gradient = BalanceGradient {
            terms: self.spectrum.terms().iter().map(term).collect(),
            gamma: -(four.clone() * self.charge(&lambda)) / &steepness,
            sigma2: two.clone() * noise / &steepness,
        };
        let terms = gradient.terms.iter();
        let terms = terms.flat_map(|t| [&t.rate, &t.noise, &t.charge]);
        in_range(terms.chain([&gradient.gamma, &gradient.sigma2]))?;
        Ok((lambda, gradient))
    }
}

impl<S: RealScalar> Setting<S> {
    /// λ\* on the orbit of A, and its gradient:
    ///
    /// - ∂G/∂θ = −8γ A e^{2λA}θ,
    /// - ∂G/∂g_n = (4σ²/N) A e^{−2λA}(g_n − ḡ),
    /// - ∂G/∂γ = −4C(θ_λ), ∂G/∂σ² = 2Tr(Σ(θ_λ)A),
    ///
    /// each over −∂G/∂λ. The gradients count as data of their own here: that they
    /// are functions of θ, where they are, belongs into a velocity.
    ///
    /// Which terms are live is decided in `S`. A dense or factor generator leaves noise
    /// of the size of rounding where there is none: decide its status exactly first.
    ///
    /// # Errors
    /// [`SensitivityError`], in particular where T8 gives no finite λ\*.
    pub fn sensitivity<'a>(
        &self,
        generator: &'a Generator,
    ) -> Result<Sensitivity<'a, S>, SensitivityError> {
        self.check_shape(generator.dim())?;
        let spectrum = Spectrum::from_gradients(generator, &self.theta, &self.gradients)
            .ok_or(SensitivityError::Eigenbasis)?;
        let balance = BalanceEquation {
            spectrum,
            strength: self.strength.clone(),
        };
        let (lambda, by_balance) = balance.sensitivity()?;
        let steepness = -balance.slope(&lambda);
        let Strength { gamma, sigma2 } = &self.strength;

        let twice = S::from_int(2) * &lambda;
        let pull = |lambda: &S, v: &[S], factor: &S| -> Vec<S> {
            let pulled = generator.apply(&generator.act(lambda, v));
            pulled.into_iter().map(|x| x * factor).collect()
        };
        let count = count::<S>(self.gradients.len());
        let by_noise = S::from_int(4) * sigma2 / (count * &steepness);
        let by_charge = -(S::from_int(8) * gamma / &steepness);
        let centred = self.centred();
        let by_gradient = centred.iter().map(|c| pull(&-twice.clone(), c, &by_noise));
        let gradient = Tangent {
            theta: pull(&twice, &self.theta, &by_charge),
            gradients: by_gradient.collect(),
            gamma: by_balance.gamma,
            sigma2: by_balance.sigma2,
        };
        let rows = gradient.gradients.iter().flatten();
        in_range(gradient.theta.iter().chain(rows))?;
        Ok(Sensitivity {
            generator,
            theta: self.theta.clone(),
            lambda,
            gradient,
        })
    }
}

impl<S: RealScalar> Sensitivity<'_, S> {
    /// λ\*.
    pub fn lambda(&self) -> &S {
        &self.lambda
    }

    /// ∂λ\*/∂θ, ∂λ\*/∂g_n, ∂λ\*/∂γ and ∂λ\*/∂σ².
    pub fn gradient(&self) -> &Tangent<S> {
        &self.gradient
    }

    /// λ̇\* and θ̇\* = e^{λA}(θ̇ + λ̇Aθ), for a velocity of the setting.
    ///
    /// # Errors
    /// [`SettingError`] for a velocity of another shape.
    pub fn push(&self, velocity: &Tangent<S>) -> Result<Motion<S>, SensitivityError> {
        let (dim, rows) = (self.theta.len(), self.gradient.gradients.len());
        check_shape(&velocity.theta, &velocity.gradients, dim, Some(rows))?;
        let lambda = self.gradient.pair(velocity);
        let image = self.generator.apply(&self.theta);
        let shifted: Vec<S> = velocity
            .theta
            .iter()
            .zip(image)
            .map(|(v, x)| v.clone() + x * &lambda)
            .collect();
        Ok(Motion {
            theta: self.generator.act(&self.lambda, &shifted),
            lambda,
        })
    }
}
