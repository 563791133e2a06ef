//! ℓ = ‖Vx − y‖² with V = θ/‖θ‖: a linear layer on a normalised weight.

use super::{Loss, Sample, matrix_times, outer, squared_error};
use crate::scalar::{Field, Rational, dot, sum};
use crate::symmetry::Generator;

/// θ = V row by row before normalisation, d_y × d_x.
///
/// Invariant under θ → e^{λ}θ (C2). The twin divides by ‖θ‖ + asymmetry, as layers
/// do that guard against a division by zero. Exact in rationals where ‖θ‖ is one.
#[derive(Clone, Debug, PartialEq)]
pub struct ScaleInvariant {
    /// d_x.
    pub inputs: usize,
    /// d_y.
    pub outputs: usize,
    /// 0 for the model itself.
    pub asymmetry: Rational,
}

impl Loss for ScaleInvariant {
    fn dim(&self) -> usize {
        self.inputs * self.outputs
    }

    fn loss<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<S> {
        let norm = sum(theta.iter().map(Field::square)).root()? + S::from_rational(&self.asymmetry);
        let f = matrix_times(theta, &sample.input)
            .into_iter()
            .map(|f| f / &norm);
        Some(squared_error(&f.collect::<Vec<_>>(), &sample.target).0)
    }

    fn gradient<S: Field>(&self, theta: &[S], sample: &Sample<S>) -> Option<Vec<S>> {
        let norm = sum(theta.iter().map(Field::square)).root()?;
        let divisor = norm.clone() + S::from_rational(&self.asymmetry);
        let f = matrix_times(theta, &sample.input)
            .into_iter()
            .map(|f| f / &divisor);
        let (_, error) = squared_error(&f.collect::<Vec<_>>(), &sample.target);
        // ∂(θ_i/divisor)/∂θ_j = δ_ij/divisor − θ_iθ_j/(norm · divisor²)
        let direct = outer(&error, &sample.input);
        let radial = dot(&direct, theta) / (norm * &divisor * &divisor);
        let entries = direct.into_iter().zip(theta);
        Some(
            entries
                .map(|(g, x)| g / &divisor - radial.clone() * x)
                .collect(),
        )
    }

    fn symmetries(&self) -> Vec<Generator> {
        Generator::scaling(self.dim()).into_iter().collect()
    }
}
