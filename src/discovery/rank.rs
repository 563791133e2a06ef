//! A proof in doubles that a matrix has full rank.

use crate::scalar::Ball;
use nalgebra::DMatrix;
use rug::Float;

/// Rounding of one operation, 2⁻⁵³.
const UNIT: f64 = f64::EPSILON / 2.0;

/// More than all products that underflow add up to.
const UNDERFLOW: f64 = 1e-290;

/// A bound below 1 on ‖I − RA‖∞ for some matrix R and so many of the rows as there are
/// columns, which proves that A is regular; `None` where no such R is found. The rows are
/// enclosed.
pub(super) fn inverse_defect(rows: &[Vec<Ball>]) -> Option<f64> {
    let n = rows.first().map_or(0, Vec::len);
    if n == 0 {
        return Some(0.0);
    }
    let (numbers, sound) = doubles(rows, n);
    if !sound {
        return None;
    }
    // The rows that pivoting takes first are independent, if any are.
    let lu = numbers.clone().lu();
    let mut order = DMatrix::from_fn(rows.len(), 1, |i, _| i as f64);
    lu.p().permute_rows(&mut order);
    let a = DMatrix::from_fn(n, n, |i, j| numbers[(order[(i, 0)] as usize, j)]);
    let r = a.clone().try_inverse()?;
    if r.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let product = &r * &a;
    // Each entry of A is off by at most two roundings, and a product of n terms by n of
    // them and one for the difference, relative to the sum of the absolute terms.
    let rounding = (n as f64 + 8.0) * UNIT;
    let sums: Vec<f64> = a
        .row_iter()
        .map(|row| row.iter().map(|x| x.abs()).sum())
        .collect();
    let mut worst = 0.0f64;
    for i in 0..n {
        let mut defect = 0.0;
        for j in 0..n {
            let one = if i == j { 1.0 } else { 0.0 };
            defect += (product[(i, j)] - one).abs();
        }
        let scale: f64 = (0..n).map(|k| r[(i, k)].abs() * sums[k]).sum();
        // What the sums themselves were rounded by is far below a thousandth.
        worst = worst.max((defect + 2.0 * rounding * scale) * 1.001 + UNDERFLOW);
    }
    (worst < 1.0).then_some(worst)
}

/// The numbers, rows and columns scaled by powers of two so that the largest entry of each is
/// about 1, to the nearest double or one beside it; are they as narrow as that?
fn doubles(rows: &[Vec<Ball>], n: usize) -> (DMatrix<f64>, bool) {
    let exponent = |x: &Float| x.get_exp();
    let by_row: Vec<i32> = rows
        .iter()
        .map(|row| {
            row.iter()
                .filter_map(|x| exponent(x.midpoint()))
                .max()
                .unwrap_or(0)
        })
        .collect();
    let by_column: Vec<i32> = (0..n)
        .map(|j| {
            let entries = rows.iter().zip(&by_row);
            let exponents = entries.filter_map(|(row, e)| Some(exponent(row[j].midpoint())? - e));
            exponents.max().unwrap_or(0)
        })
        .collect();
    let mut sound = true;
    let numbers = DMatrix::from_fn(rows.len(), n, |i, j| {
        let x = rows[i][j].scale_by_power_of_two(-by_row[i] - by_column[j]);
        let value = x.midpoint().to_f64();
        // Relative to the entry itself, and never so small that a double loses digits.
        let narrow = x.radius() <= Float::with_val(64, x.midpoint().abs_ref()) * UNIT;
        sound &= narrow && (value == 0.0 || value.is_normal());
        value
    });
    (numbers, sound)
}
