//! The balanced point of GL(r) by the iteration of Denman and Beavers, enclosed because the
//! potential is convex along geodesics (T18).
//!
//! Let T = LLᵀ approximate the solution S of S M S = N, and D = M' − N', M' = LᵀML,
//! N' = L⁻¹NL⁻ᵀ. Then S = L e^{2X} Lᵀ for a symmetric X, ‖X‖ = ε. Along t ↦ L e^{2tX/ε} Lᵀ the
//! potential Tr(M'e^{2tX/ε}) + Tr(N'e^{−2tX/ε}) has at 0 a slope of at least −2‖D‖, and at t a
//! second derivative of at least 4μe^{−2t}, μ the least eigenvalue of M' + N'. It is least at
//! t = ε, so 1 − e^{−2ε} ≤ ‖D‖/μ = q, and the entries of S lie within q/(1 − q)·√(T_iiT_jj) of
//! those of T. No eigenvalue is computed.

use super::blocks::covariance;
use super::convexity::{factor, least_eigenvalue};
use super::{Group, Status};
use crate::balance::{
    Strength,
    general_linear::{GroupOrbit, GroupStatus},
};
use crate::scalar::{Ball, Field, Rational, Real, dot, sum, working_precision};
use crate::symmetry::{Slice, inverse};
use nalgebra::{Cholesky, ComplexField, DMatrix};
use rug::Float;
use std::cmp::Ordering;

type Matrix = Vec<Vec<Ball>>;

/// Encloses S, θ\* and what follows, for a status that is not unbounded. What the first route
/// says of the flat directions is checked.
pub(super) fn solve(
    orbit: &GroupOrbit,
    strength: &Strength<Rational>,
    status: &GroupStatus<()>,
) -> Result<Group, String> {
    let r = orbit.rank();
    let Parts { squares, sides } = parts(orbit, strength);
    let [m, n] = &sides;
    let dead = match status {
        GroupStatus::Finite(()) => None,
        GroupStatus::Degenerate { flat, .. } => Some(Dead::of(m, n, flat)?),
        GroupStatus::Unbounded { direction } => {
            falls_for_ever(m, n, direction)?;
            return Ok(Group::status(Status::Unbounded));
        }
    };
    // S also solves S (M + Q) S = N + Π, where both are positive definite.
    let (whole_m, whole_n) = match &dead {
        None => (m.clone(), n.clone()),
        Some(dead) => (m + &dead.dual, n + &dead.projector),
    };
    let rows = |m: &DMatrix<Rational>| rows_of(m);
    let metric = mean(&rows(&whole_m), &rows(&whole_n))?;
    // S⁻¹ = M S N⁻¹.
    let inverse_n = inverse(&whole_n).ok_or("N is singular")?;
    let dual = product(&product(&rows(&whole_m), &metric), &rows(&inverse_n));
    let identity = rows(&DMatrix::identity(r, r));
    let transform = mean(&identity, &metric)?;
    let back = product(&dual, &transform);
    let trace = |m: &DMatrix<Rational>, s: &Matrix| {
        let rows = rows_of(m);
        sum(rows.iter().zip(s).map(|(a, b)| dot(a, b)))
    };
    let around =
        |p: &Matrix, m: &DMatrix<Rational>| product(&product(p, &rows_of(m)), &transposed(p));
    let (up, down) = (around(&transform, &squares[0]), around(&back, &squares[1]));
    let charge = up.iter().zip(&down).map(|(a, b)| {
        let entries = a.iter().zip(b);
        entries.map(|(x, y)| x.clone() - y).collect()
    });
    let charge: Matrix = charge.collect();
    let theta: Vec<Ball> = orbit.theta().iter().map(Ball::from_rational).collect();
    let theta = {
        let matrix = |m: &Matrix| DMatrix::from_fn(r, r, |i, j| m[i][j].clone());
        orbit.act(&matrix(&transform), &matrix(&back), &theta)
    };
    Ok(Group {
        status: if dead.is_some() {
            Status::Degenerate
        } else {
            Status::Finite
        },
        potential: Some(trace(m, &metric) + trace(n, &dual)),
        metric,
        theta,
        charge,
    })
}

/// UᵀU and WWᵀ; M and N.
pub(super) struct Parts {
    pub squares: [DMatrix<Rational>; 2],
    pub sides: [DMatrix<Rational>; 2],
}

pub(super) fn parts(orbit: &GroupOrbit, strength: &Strength<Rational>) -> Parts {
    let (shape, r) = (orbit.shape(), orbit.rank());
    let u: Vec<Slice> = Slice::rows(0, shape.rows, r).collect();
    let w: Vec<Slice> = Slice::columns(shape.rows * r, shape.cols).collect();
    let zero = || DMatrix::from_element(r, r, Rational::new());
    let squares = [&u, &w].map(|side| {
        side.iter().fold(zero(), |total, slice| {
            let part = slice.gather(r, orbit.theta());
            total + DMatrix::from_fn(r, r, |i, j| Rational::from(&part[i] * &part[j]))
        })
    });
    let noise = [&w, &u].map(|side| {
        side.iter().fold(zero(), |total, slice| {
            total + covariance(orbit.noise(), *slice, r)
        })
    });
    let sides = [0, 1].map(|i| {
        let decay = squares[i].map(|x| x * Rational::from(&strength.gamma * 2));
        decay + noise[i].map(|x| x * &strength.sigma2)
    });
    Parts { squares, sides }
}

/// What M and N leave free: Π projects onto what M annihilates, and Q = S⁻¹ΠS⁻¹.
struct Dead {
    projector: DMatrix<Rational>,
    dual: DMatrix<Rational>,
}

impl Dead {
    /// The flat directions are vwᵀ + wvᵀ for a basis of what M annihilates, and N has as many
    /// dimensions fewer.
    fn of(
        m: &DMatrix<Rational>,
        n: &DMatrix<Rational>,
        flat: &[DMatrix<Rational>],
    ) -> Result<Self, String> {
        let r = m.nrows();
        for x in flat {
            if !(m * x).iter().all(|x| *x == 0) {
                return Err("a flat direction that M does not annihilate".to_owned());
            }
        }
        let columns = |m: &DMatrix<Rational>| -> Vec<Vec<Rational>> {
            m.column_iter()
                .map(|c| c.iter().cloned().collect())
                .collect()
        };
        // The kernel of M is what lies across its rows; the image of N what its columns span.
        let kernel = crate::symmetry::null_space(&columns(m), r);
        let image = crate::symmetry::row_space(&columns(n));
        let k = kernel.len();
        if image.len() + k != r || flat.len() != k * (k + 1) / 2 {
            return Err("the flat directions are not all there".to_owned());
        }
        let basis: Vec<&Vec<Rational>> = image.iter().chain(&kernel).collect();
        let basis = DMatrix::from_fn(r, r, |i, j| basis[j][i].clone());
        let dual = inverse(&basis).ok_or("the image of N meets what M annihilates")?;
        let e = DMatrix::from_fn(r, k, |i, j| kernel[j][i].clone());
        let gram = e.transpose() * &e;
        let across = inverse(&gram).ok_or("a kernel without a basis")?;
        let f = dual.rows(image.len(), k).into_owned();
        Ok(Self {
            projector: &e * across * e.transpose(),
            dual: f.transpose() * gram * f,
        })
    }
}

/// ± vvᵀ with Mv = 0 and vᵀNv > 0, or the other way round.
fn falls_for_ever(
    m: &DMatrix<Rational>,
    n: &DMatrix<Rational>,
    direction: &DMatrix<Rational>,
) -> Result<(), String> {
    let (still, falling) = if direction.trace() > 0 {
        (m, n)
    } else {
        (n, m)
    };
    let still = (still * direction).iter().all(|x| *x == 0);
    let falls = (falling * direction).trace() != 0;
    let one = crate::symmetry::row_space(
        &direction
            .row_iter()
            .map(|row| row.iter().cloned().collect())
            .collect::<Vec<_>>(),
    );
    if still && falls && one.len() == 1 {
        Ok(())
    } else {
        Err("the direction is none of recession".to_owned())
    }
}

fn rows_of(m: &DMatrix<Rational>) -> Matrix {
    let row = |i: usize| m.row(i).iter().map(Ball::from_rational).collect();
    (0..m.nrows()).map(row).collect()
}

fn transposed(m: &Matrix) -> Matrix {
    (0..m.len())
        .map(|j| m.iter().map(|row| row[j].clone()).collect())
        .collect()
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    let columns = transposed(b);
    a.iter()
        .map(|row| columns.iter().map(|c| dot(row, c)).collect())
        .collect()
}

/// The positive definite S with S M S = N, for all M and N in their enclosures.
fn mean(m: &Matrix, n: &Matrix) -> Result<Matrix, String> {
    let r = m.len();
    let middle = |m: &Matrix| DMatrix::from_fn(r, r, |i, j| m[i][j].middle());
    let approximation = denman_beavers(&middle(m), &middle(n))?;
    let lower = Cholesky::new(approximation).ok_or("the iteration left the positive matrices")?;
    let lower = lower.unpack();
    let l: Matrix = (0..r)
        .map(|i| {
            (0..r)
                .map(|j| Ball::point(lower[(i, j)].as_float()))
                .collect()
        })
        .collect();
    let t = product(&l, &transposed(&l));
    let turned_m = product(&product(&transposed(&l), m), &l);
    let half = solve_lower(&l, n);
    let turned_n = solve_lower(&l, &transposed(&half));
    let combine = |f: fn(Ball, &Ball) -> Ball| -> Matrix {
        let rows = turned_m.iter().zip(&turned_n);
        rows.map(|(a, b)| a.iter().zip(b).map(|(x, y)| f(x.clone(), y)).collect())
            .collect()
    };
    let defect = combine(|x, y| x - y);
    let defect = sum(defect.iter().flatten().map(Field::square)).root();
    let defect = defect.ok_or("the defect is not a number")?;
    let least =
        least_eigenvalue(&combine(|x, y| x + y)).ok_or("M + N is not seen to be positive")?;
    let q = defect / least;
    let rest = Ball::from_int(1) - &q;
    if rest.sign() != Some(Ordering::Greater) || factor(&t).is_none() {
        return Err("too far from S to enclose it".to_owned());
    }
    let relative = (q / rest).upper();
    let roots: Option<Vec<Ball>> = (0..r).map(|i| t[i][i].root()).collect();
    let roots = roots.ok_or("the diagonal of S is not positive")?;
    let entry = |i: usize, j: usize| {
        let radius = roots[i].clone() * &roots[j] * Ball::point(&relative);
        t[i][j].widen(&radius.upper())
    };
    Ok((0..r)
        .map(|i| (0..r).map(|j| entry(i, j)).collect())
        .collect())
}

/// L⁻¹B for lower triangular L.
fn solve_lower(l: &Matrix, b: &Matrix) -> Matrix {
    let mut x: Matrix = Vec::with_capacity(b.len());
    for i in 0..b.len() {
        let row = (0..b.len()).map(|j| {
            let known = sum((0..i).map(|k| l[i][k].clone() * &x[k][j]));
            (b[i][j].clone() - known) / &l[i][i]
        });
        let row = row.collect();
        x.push(row);
    }
    x
}

/// Steps before the iteration is given up; it doubles the digits.
const MAX_STEPS: usize = 200;

/// S = M⁻¹(MN)^{1/2}, the root by Y ← (Y + Z⁻¹)/2, Z ← (Z + Y⁻¹)/2 from Y = MN, Z = 1, each
/// side first scaled by the determinant.
fn denman_beavers(m: &DMatrix<Real>, n: &DMatrix<Real>) -> Result<DMatrix<Real>, String> {
    let r = m.nrows();
    let lost = "the iteration met a singular matrix";
    let (mut y, mut z) = (m * n, DMatrix::<Real>::identity(r, r));
    let two = Real::from_int(2);
    let bits = working_precision();
    let done = Real::from_float(Float::with_val(64, 1) >> (bits - bits / 8));
    let mut near = false;
    for _ in 0..MAX_STEPS {
        let inverse_y = y.clone().try_inverse().ok_or(lost)?;
        let inverse_z = z.clone().try_inverse().ok_or(lost)?;
        // |det Y det Z|^{−1/2r} speeds up the first steps; near the end it is 1.
        let scale = if near {
            Real::from_int(1)
        } else {
            let size = ComplexField::abs(y.determinant() * z.determinant());
            let exponent = Real::from_int(-2 * i64::try_from(r).unwrap_or(1));
            ComplexField::exp(ComplexField::ln(size) / exponent)
        };
        let halve = |a: &DMatrix<Real>, b: &DMatrix<Real>| {
            a.zip_map(b, |a, b| (a * &scale + b / &scale) / &two)
        };
        let (next_y, next_z) = (halve(&y, &inverse_z), halve(&z, &inverse_y));
        let change = (&next_y - &y).norm() / next_y.norm();
        (y, z) = (next_y, next_z);
        if change <= done {
            let s = m.clone().try_inverse().ok_or(lost)? * y;
            return Ok(s.zip_map(&s.transpose(), |a, b| (a + b) / &two));
        }
        near = change < Real::from_int(1) / Real::from_int(16);
    }
    Err("the iteration of Denman and Beavers did not converge".to_owned())
}
