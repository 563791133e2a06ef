//! Exact decisions about a rational symmetric matrix: which signs of rates a
//! positive semidefinite matrix puts weight on, and whether it is semidefinite.

use crate::scalar::Rational;
use nalgebra::DMatrix;
use num_traits::{One, Zero};
use rug::Integer;
use std::cmp::Ordering;

/// How many distinct rates of each sign carry weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Support {
    /// Distinct rates above 0 with positive weight.
    pub positive: usize,
    /// Distinct rates below 0 with positive weight.
    pub negative: usize,
    /// Does the rate 0 carry weight?
    pub zero: bool,
}

/// The support of the measure Σ_k (n_kᵀMn_k) δ_{μ_k} for K = Σ_k μ_k n_k n_kᵀ and
/// M positive semidefinite, decided exactly and without computing a single rate.
///
/// The moments Tr(K^jM) obey a linear recurrence whose shortest characteristic
/// polynomial has the live rates as its roots, each once. It is real-rooted, so
/// Descartes' rule of signs counts its positive roots exactly.
pub fn support(k: &DMatrix<Rational>, m: &DMatrix<Rational>) -> Support {
    let n = k.nrows();
    // Scaling K or M by a positive number does not move signs: use integers.
    let (k, m) = (integral(k), integral(m));
    let mut moments = Vec::with_capacity(2 * n);
    let mut power = m;
    for _ in 0..2 * n {
        moments.push(Rational::from(
            (0..n).map(|i| &power[(i, i)]).sum::<Integer>(),
        ));
        power = &k * power;
    }
    // Coefficients of 1 + c_1x + … + c_Lx^L; the characteristic polynomial is its reverse.
    let recurrence = shortest_recurrence(&moments);
    let zero = recurrence.last().is_some_and(|c| *c == 0);
    let signs = recurrence.iter().map(Rational::cmp0);
    let signs: Vec<Ordering> = signs.filter(|sign| sign.is_ne()).collect();
    let positive = signs.windows(2).filter(|pair| pair[0] != pair[1]).count();
    Support {
        positive,
        // All L roots are real and differ.
        negative: recurrence.len() - 1 - positive - usize::from(zero),
        zero,
    }
}

/// The matrix times the least common denominator of its entries.
fn integral(m: &DMatrix<Rational>) -> DMatrix<Integer> {
    let denominator = m.iter().fold(Integer::from(1), |lcm, q| lcm.lcm(q.denom()));
    m.map(|q| (q * &denominator).into_numer_denom().0)
}

/// Berlekamp–Massey over the rationals: the connection polynomial, constant term
/// first, with exactly L + 1 coefficients.
fn shortest_recurrence(s: &[Rational]) -> Vec<Rational> {
    let mut current = vec![Rational::one()];
    let mut previous = vec![Rational::one()];
    let mut previous_discrepancy = Rational::one();
    let mut length = 0;
    let mut gap = 1;
    for i in 0..s.len() {
        let known = current.iter().enumerate().skip(1).take(length);
        let discrepancy = known.fold(s[i].clone(), |total, (j, c)| {
            total + Rational::from(c * &s[i - j])
        });
        if discrepancy.is_zero() {
            gap += 1;
            continue;
        }
        let factor = Rational::from(&discrepancy / &previous_discrepancy);
        let mut next = current.clone();
        next.resize(next.len().max(previous.len() + gap), Rational::zero());
        for (j, c) in previous.iter().enumerate() {
            next[j + gap] -= Rational::from(&factor * c);
        }
        if 2 * length <= i {
            length = i + 1 - length;
            previous = std::mem::replace(&mut current, next);
            previous_discrepancy = discrepancy;
            gap = 1;
        } else {
            current = next;
            gap += 1;
        }
    }
    current.resize(length + 1, Rational::zero());
    current
}

/// The first diagonal index at which exact elimination shows that a symmetric
/// matrix is not positive semidefinite; `None` when it is.
pub fn first_indefinite_pivot(m: &DMatrix<Rational>) -> Option<usize> {
    let n = m.nrows();
    let mut a = m.clone();
    for k in 0..n {
        let pivot = a[(k, k)].clone();
        match pivot.cmp0() {
            Ordering::Less => return Some(k),
            // A zero pivot of a semidefinite matrix has a zero row.
            Ordering::Equal if (k..n).any(|j| !a[(k, j)].is_zero()) => return Some(k),
            Ordering::Equal => continue,
            Ordering::Greater => {}
        }
        for i in k + 1..n {
            if a[(i, k)].is_zero() {
                continue;
            }
            let factor = Rational::from(&a[(i, k)] / &pivot);
            for j in i..n {
                let step = Rational::from(&factor * &a[(k, j)]);
                a[(i, j)] -= step;
                a[(j, i)] = a[(i, j)].clone();
            }
        }
    }
    None
}
