//! The matrix geometric mean, which balances two adjacent linear maps (T17).

use crate::scalar::RealScalar;
use nalgebra::{Cholesky, ComplexField, DMatrix, SymmetricEigen};

/// Sweeps of the QR iteration before it is given up; a handful is typical.
const MAX_SWEEPS: usize = 10_000;

/// S = M⁻¹ # N, the one positive definite solution of S M S = N, for positive
/// definite M and N (r × r).
///
/// With M = LLᵀ it is L⁻ᵀ(LᵀNL)^{1/2}L⁻¹: one Cholesky factorisation and one
/// eigendecomposition. `None` where M or N is not positive definite to the precision
/// of `S`, or holds a number that is not finite.
pub fn geometric_mean<S: RealScalar>(m: &DMatrix<S>, n: &DMatrix<S>) -> Option<DMatrix<S>> {
    if !m.is_square() || m.shape() != n.shape() {
        return None;
    }
    // The factorisation looks at one triangle alone.
    if !m.iter().all(ComplexField::is_finite) {
        return None;
    }
    let l = Cholesky::new(m.clone())?.unpack();
    let middle = square_root(&symmetrised(&(l.transpose() * n * &l)))?;
    let right = l.solve_lower_triangular(&DMatrix::identity(l.nrows(), l.nrows()))?;
    Some(symmetrised(&(right.transpose() * middle * right)))
}

/// M^{1/2}, positive definite; `None` as for [`geometric_mean`].
pub fn square_root<S: RealScalar>(m: &DMatrix<S>) -> Option<DMatrix<S>> {
    if !m.iter().all(ComplexField::is_finite) {
        return None;
    }
    let eigen = SymmetricEigen::try_new(m.clone(), S::unit(), MAX_SWEEPS)?;
    if !eigen.eigenvalues.iter().all(|x| *x > S::zero()) {
        return None;
    }
    let roots = eigen.eigenvalues.map(ComplexField::sqrt);
    let q = eigen.eigenvectors;
    Some(symmetrised(
        &(&q * DMatrix::from_diagonal(&roots) * q.transpose()),
    ))
}

/// (M + Mᵀ)/2: rounding leaves the halves of a symmetric product different.
pub fn symmetrised<S: RealScalar>(m: &DMatrix<S>) -> DMatrix<S> {
    let two = S::from_int(2);
    (m + m.transpose()).map(|x| x / &two)
}
