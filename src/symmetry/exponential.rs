//! The matrix exponential, to full precision in every [`RealScalar`].

use crate::scalar::RealScalar;
use nalgebra::{ComplexField, DMatrix};

/// e^M for a square matrix, by scaling and squaring of the Taylor series.
///
/// (nalgebra's own is a Padé approximant sized for doubles.) The squarings lose
/// about log₂‖M‖ bits.
pub fn exponential<S: RealScalar>(m: &DMatrix<S>) -> DMatrix<S> {
    let n = m.nrows();
    let identity = DMatrix::<S>::identity(n, n);
    let norm = |m: &DMatrix<S>| {
        m.iter()
            .fold(S::zero(), |total, x| total + ComplexField::abs(x.clone()))
    };
    // Halve until the norm is at most 1/16, so that the series converges fast.
    let two = S::from_int(2);
    let mut scale = S::one();
    let mut squarings = 0;
    let size = norm(m) * S::from_int(16);
    while size > scale {
        scale = scale * &two;
        squarings += 1;
    }
    let small = m.map(|x| x / &scale);
    let mut total = identity.clone();
    let mut term = identity;
    let mut k = 0;
    // The identity dominates the sum, so terms below the rounding unit no longer count.
    while norm(&term) > S::unit() / S::from_int(256) {
        k += 1;
        term = (&term * &small).map(|x| x / S::from_int(k));
        total += &term;
    }
    for _ in 0..squarings {
        total = &total * &total;
    }
    total
}
