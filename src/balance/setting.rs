//! A point with its data: all that an equilibrium depends on, whatever the symmetry.

use super::noise::{count, mean, population_variance};
use super::spectrum::Strength;
use crate::scalar::{Field, sum};
use crate::symmetry::Generator;
use thiserror::Error;

/// Why a setting is refused.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum SettingError {
    /// Lists that do not fit together.
    #[error("{field}: expected {expected} numbers, found {found}")]
    Shape {
        /// The list.
        field: String,
        /// The right length.
        expected: usize,
        /// Its length.
        found: usize,
    },
    /// No samples.
    #[error("gradients: expected at least one row, found none")]
    NoGradients,
}

/// θ, the gradients of the samples there, γ and σ².
#[derive(Clone, Debug, PartialEq)]
pub struct Setting<S> {
    /// θ, d numbers.
    pub theta: Vec<S>,
    /// g_n, N rows of d per-sample gradients at θ.
    pub gradients: Vec<Vec<S>>,
    /// γ and σ².
    pub strength: Strength<S>,
}

impl<S: Field> Setting<S> {
    /// Φ = 2γ‖θ‖² + σ²Tr Σ, the balance potential at this point.
    pub fn potential(&self) -> S {
        let Strength { gamma, sigma2 } = &self.strength;
        let norm = sum(self.theta.iter().map(Field::square));
        S::from_int(2) * gamma * norm + sum(population_variance(&self.gradients)) * sigma2
    }

    /// G = −4γC(θ) + 2σ²Tr(ΣA), the balance function of one generator at this point.
    pub fn balance(&self, generator: &Generator) -> S {
        let Strength { gamma, sigma2 } = &self.strength;
        let rows = self.centred();
        let noise = rows.iter().map(|c| generator.charge(c));
        let mean = sum(noise) / count::<S>(rows.len());
        S::from_int(2) * sigma2 * mean - S::from_int(4) * gamma * generator.charge(&self.theta)
    }

    /// c_n = g_n − ḡ, N rows of d numbers.
    pub fn centred(&self) -> Vec<Vec<S>> {
        let mean = mean(&self.gradients);
        let centre = |g: &Vec<S>| g.iter().zip(&mean).map(|(x, m)| x.clone() - m).collect();
        self.gradients.iter().map(centre).collect()
    }

    /// Is it a setting of d = `dim` parameters?
    pub(super) fn check_shape(&self, dim: usize) -> Result<(), SettingError> {
        check_shape(&self.theta, &self.gradients, dim, None)
    }
}

/// Has θ d = `dim` numbers, and so each gradient, of which there are this many?
pub(super) fn check_shape<S>(
    theta: &[S],
    gradients: &[Vec<S>],
    dim: usize,
    rows: Option<usize>,
) -> Result<(), SettingError> {
    let shape = |field: String, expected: usize, found: usize| {
        if expected == found {
            Ok(())
        } else {
            Err(SettingError::Shape {
                field,
                expected,
                found,
            })
        }
    };
    shape("theta".to_owned(), dim, theta.len())?;
    if gradients.is_empty() {
        return Err(SettingError::NoGradients);
    }
    if let Some(rows) = rows {
        shape("gradients".to_owned(), rows, gradients.len())?;
    }
    let mut rows = gradients.iter().enumerate();
    rows.try_for_each(|(i, row)| shape(format!("gradients[{i}]"), dim, row.len()))
}
