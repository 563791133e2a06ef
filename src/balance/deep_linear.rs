//! The balanced minima of deep linear networks, in closed form (C4; C3 is depth 2).

use super::geometric_mean::square_root;
use crate::scalar::{Rational, RealScalar, sum};
use nalgebra::{ComplexField, DMatrix, DVector, SVD};
use thiserror::Error;

/// Regression data y = Vx + ε with ε independent of x and of mean 0.
#[derive(Clone, Debug, PartialEq)]
pub struct Regression<S> {
    /// V, d_y × d_x, of any rank.
    pub map: DMatrix<S>,
    /// Σ_x, the mean of xxᵀ, the second moment of the inputs, d_x × d_x, positive definite.
    pub inputs: DMatrix<S>,
    /// Σ_ε, the mean of εεᵀ, d_y × d_y, positive definite.
    pub noise: DMatrix<S>,
}

/// A point where f = W_D…W_1x fits the data best and every hidden layer is balanced.
#[derive(Clone, Debug, PartialEq)]
pub struct BalancedMinimum<S> {
    /// W_1, …, W_D.
    pub layers: Vec<DMatrix<S>>,
    /// ρ; each layer between the first and the last is ρ^{1/2} times a partial isometry.
    pub rho: S,
}

/// Why there is no such point.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum RegressionError {
    /// A matrix that does not fit V.
    #[error("{field}: expected a {expected} × {expected} matrix, found {rows} × {cols}")]
    Shape {
        /// `inputs` or `noise`.
        field: &'static str,
        /// Its right size.
        expected: usize,
        /// Its rows.
        rows: usize,
        /// Its columns.
        cols: usize,
    },
    /// A moment that is not one of full rank.
    #[error("{field}: expected a positive definite matrix")]
    NotPositive {
        /// `inputs` or `noise`.
        field: &'static str,
    },
    /// No layer to balance.
    #[error("hidden: expected at least one hidden layer, found none")]
    NoHiddenLayer,
    /// A network that cannot represent V.
    #[error("hidden[{layer}]: expected a width of at least {rank}, the rank of V, found {width}")]
    Narrow {
        /// The first such layer.
        layer: usize,
        /// The rank of V.
        rank: usize,
        /// The layer's width.
        width: usize,
    },
    /// The singular values were not found.
    #[error(
        "map: expected a matrix of finite numbers whose singular value decomposition converges"
    )]
    Singular,
}

impl Regression<Rational> {
    /// The same data in another number system.
    pub fn convert<S: RealScalar>(&self) -> Regression<S> {
        let matrix = |m: &DMatrix<Rational>| m.map(|q| S::from_rational(&q));
        Regression {
            map: matrix(&self.map),
            inputs: matrix(&self.inputs),
            noise: matrix(&self.noise),
        }
    }
}

/// Sweeps of the QR iteration before it is given up; a handful is typical.
const MAX_SWEEPS: usize = 10_000;

impl<S: RealScalar> Regression<S> {
    /// The balanced minimum with hidden layers of the given widths (C4). All others are
    /// W_i → R_iW_iR_{i−1}ᵀ, R_i a rotation or reflection of hidden layer i.
    ///
    /// With Σ_ε^{1/2}VΣ_x^{1/2} = LSR (thin, rank d), s = Tr S, x = Tr Σ_x, e = Tr Σ_ε and
    /// ρ = (s²/(ex))^{1/D}:
    ///
    /// - W_1 = I_1(xρ/s·S)^{1/2}RΣ_x^{−1/2},
    /// - W_i = ρ^{1/2}I_iI_{i−1}ᵀ for 1 < i < D,
    /// - W_D = Σ_ε^{−1/2}L(s/(xρ^{D−1})·S)^{1/2}I_{D−1}ᵀ,
    ///
    /// I_i the first d columns of the identity. Singular values below unit^{3/4} of the
    /// largest count as 0.
    ///
    /// # Errors
    /// [`RegressionError`] says what does not fit.
    pub fn balanced_minimum(
        &self,
        hidden: &[usize],
    ) -> Result<BalancedMinimum<S>, RegressionError> {
        let (outputs, inputs) = self.map.shape();
        if self.map.is_empty() || !self.map.iter().all(ComplexField::is_finite) {
            return Err(RegressionError::Singular);
        }
        let root_x = root("inputs", &self.inputs, inputs)?;
        let root_e = root("noise", &self.noise, outputs)?;
        let [Some(&first), Some(&last)] = [hidden.first(), hidden.last()] else {
            return Err(RegressionError::NoHiddenLayer);
        };
        let whitened = &root_e.matrix * &self.map * &root_x.matrix;
        // With one rounding unit nalgebra returns wrong factors of matrices without full
        // rank; with a few it does not, and loses no digits.
        let negligible = S::unit() * S::from_int(64);
        let svd = SVD::try_new(whitened, true, true, negligible, MAX_SWEEPS);
        let svd = svd.ok_or(RegressionError::Singular)?;
        let (Some(left), Some(right)) = (svd.u, svd.v_t) else {
            return Err(RegressionError::Singular);
        };
        // Sorted: the largest first.
        let values: Vec<S> = svd.singular_values.iter().cloned().collect();
        let root_unit = ComplexField::sqrt(S::unit());
        let cut = root_unit.clone() * ComplexField::sqrt(root_unit) * svd.singular_values.amax();
        let rank = values.iter().take_while(|value| **value > cut).count();
        if let Some(layer) = hidden.iter().position(|&width| width < rank) {
            return Err(RegressionError::Narrow {
                layer,
                rank,
                width: hidden[layer],
            });
        }

        let depth = hidden.len() + 1;
        let s = sum(values.iter().take(rank).cloned());
        let (x, e) = (self.inputs.trace(), self.noise.trace());
        let depth_inverse = S::one() / S::from_int(i64::try_from(depth).unwrap_or(i64::MAX));
        let rho = if rank == 0 {
            S::zero()
        } else {
            ComplexField::powf(s.square() / (e * &x), depth_inverse)
        };
        // ρ^{D−1}
        let power = hidden.iter().fold(S::one(), |power, _| power * &rho);
        let scaled = |factor: S| {
            let roots = values.iter().take(rank);
            let roots = roots.map(|value| ComplexField::sqrt(factor.clone() * value));
            DMatrix::from_diagonal(&DVector::from_iterator(rank, roots))
        };
        let frame = |width: usize| DMatrix::<S>::identity(width, rank);
        let w_1 =
            frame(first) * scaled(x.clone() * &rho / &s) * right.rows(0, rank) * &root_x.inverse;
        let w_last = &root_e.inverse
            * left.columns(0, rank)
            * scaled(s / (x * power))
            * frame(last).transpose();
        let factor = ComplexField::sqrt(rho.clone());
        let widths = hidden.iter().zip(hidden.iter().skip(1));
        let between = widths.map(|(&before, &width)| {
            let isometry = frame(width) * frame(before).transpose();
            isometry.map(|entry| entry * &factor)
        });
        let layers = std::iter::once(w_1)
            .chain(between)
            .chain([w_last])
            .collect();
        Ok(BalancedMinimum { layers, rho })
    }
}

/// M^{1/2} and M^{−1/2}.
struct Root<S> {
    matrix: DMatrix<S>,
    inverse: DMatrix<S>,
}

fn root<S: RealScalar>(
    field: &'static str,
    m: &DMatrix<S>,
    expected: usize,
) -> Result<Root<S>, RegressionError> {
    let (rows, cols) = m.shape();
    if (rows, cols) != (expected, expected) {
        return Err(RegressionError::Shape {
            field,
            expected,
            rows,
            cols,
        });
    }
    let finite = m.iter().all(ComplexField::is_finite);
    let matrix = finite.then(|| square_root(m)).flatten();
    let found = matrix.and_then(|matrix| {
        let inverse = matrix.clone().cholesky()?.inverse();
        Some(Root { matrix, inverse })
    });
    found.ok_or(RegressionError::NotPositive { field })
}
