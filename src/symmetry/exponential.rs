//! The matrix exponential: to full precision in every [`RealScalar`], and enclosed.

use crate::scalar::{Ball, Field, Rational, RealScalar, working_precision};
use nalgebra::{ComplexField, DMatrix};
use rug::Float;

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

/// Ball of e^{tK}, entry by entry, for any square rational K.
///
/// Halved until the largest row sum q is at most ½, the series is cut after n terms; what
/// is left of each entry is at most q^{n+1}/(n+1)! (1 + ½ + ¼ + …). Then it is squared back.
pub fn enclosed_exponential(k: &DMatrix<Rational>, t: &Rational) -> DMatrix<Ball> {
    let n = k.nrows();
    let mut m = k.map(|x| x * t);
    let row_sum = |m: &DMatrix<Rational>| {
        let sums = m.row_iter().map(|row| {
            row.iter()
                .fold(Rational::new(), |sum, x| sum + x.clone().abs())
        });
        sums.fold(Rational::new(), |a, b| if a < b { b } else { a })
    };
    let mut squarings = 0;
    let mut size = row_sum(&m);
    while size > 0.5 {
        m.apply(|x| *x /= 2);
        size /= 2;
        squarings += 1;
    }
    let m = m.map(|x| Ball::from_rational(&x));
    let entry = |i: usize, j: usize| Ball::from_int(i64::from(i == j));
    let mut total = DMatrix::from_fn(n, n, entry);
    let mut term = total.clone();
    let mut rest = Ball::from_rational(&size);
    let size = rest.clone();
    // q ≤ ½: as many terms as bits are always enough.
    let bits = working_precision();
    for count in 1..=i64::from(bits) {
        term = (&term * &m).map(|x| x / Ball::from_int(count));
        total += &term;
        rest = rest * &size / Ball::from_int(count + 1);
        if rest.upper() < Float::with_val(64, 1) >> bits {
            break;
        }
    }
    let slack = rest.scale_by_power_of_two(1);
    let mut total = total.map(|x| x.widen(&slack.upper()));
    for _ in 0..squarings {
        total = &total * &total;
    }
    total
}
