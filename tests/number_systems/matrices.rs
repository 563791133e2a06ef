//! nalgebra's matrices of balls: what comes out holds the exact product.

use crate::Draw;
use crate::ball::{KINDS, at_every_precision, holds, operand};
use nalgebra::{DMatrix, DVector, SMatrix};
use noise_equilibrium::scalar::{Ball, Rational, at_precision};

/// A matrix of balls and one of numbers inside.
type Pair = (DMatrix<Ball>, DMatrix<Rational>);

fn matrix(draw: &mut Draw, rows: usize, columns: usize, kinds: &[u32]) -> Pair {
    let mut inside = DMatrix::from_element(rows, columns, Rational::new());
    let balls = DMatrix::from_fn(rows, columns, |i, j| {
        let kind = kinds[usize::try_from(draw.range(0, kinds.len() as i64 - 1)).unwrap()];
        let entry = operand(draw, kind);
        inside[(i, j)] = entry.inside;
        entry.ball
    });
    (balls, inside)
}

/// Entries outside of their balls.
fn outside(balls: &DMatrix<Ball>, exact: &DMatrix<Rational>) -> usize {
    assert_eq!(balls.shape(), exact.shape());
    let pairs = balls.iter().zip(exact.iter());
    pairs.filter(|(x, q)| !holds(x, q)).count()
}

fn points(balls: &DMatrix<Ball>) -> DMatrix<Ball> {
    balls.map(|x| Ball::point(x.midpoint()))
}

at_every_precision! { products_and_sums_hold_the_exact_ones }

/// The bodies of the tests, at the working precision.
mod run {
    use super::*;

    pub fn products_and_sums_hold_the_exact_ones() {
        let mut draw = Draw::new(301);
        let all: Vec<u32> = (0..KINDS).collect();
        let mut refuted = [0; 4];
        for (case, n) in [1, 2, 3, 5, 8].into_iter().cycle().take(40).enumerate() {
            let kinds: &[u32] = if case % 2 == 0 { &[0, 1, 2] } else { &all };
            let (a, p) = matrix(&mut draw, n, n + 1, kinds);
            let (b, q) = matrix(&mut draw, n + 1, n, kinds);
            let (c, r) = matrix(&mut draw, n, n, kinds);
            let exact = &p * &q;
            let product = &a * &b;
            assert_eq!(outside(&product, &exact), 0);
            assert_eq!(outside(&(a.clone() * b.clone()), &exact), 0);
            let mut into = c.clone();
            a.mul_to(&b, &mut into);
            assert_eq!(outside(&into, &exact), 0);
            let mut sum = product.clone();
            sum += &c;
            let total = &exact + &r;
            assert_eq!(outside(&sum, &total), 0);
            assert_eq!(outside(&(&product + &c), &total), 0);
            let mut difference = product.clone();
            difference -= &c;
            assert_eq!(outside(&difference, &(&exact - &r)), 0);
            let transposed = b.transpose() * a.transpose();
            assert_eq!(outside(&transposed, &exact.transpose()), 0);
            let (v, w) = (b.column(0).into_owned(), q.column(0).into_owned());
            let image: DVector<Ball> = &a * &v;
            let exact_image = &p * &w;
            assert!(
                image
                    .iter()
                    .zip(exact_image.iter())
                    .all(|(x, q)| holds(x, q))
            );
            let scaled = &a * c[(0, 0)].clone();
            let multiples = &p * r[(0, 0)].clone();
            assert_eq!(outside(&scaled, &multiples), 0);
            let negative = -c.clone();
            assert_eq!(outside(&negative, &-r), 0);
            // Midpoints alone do not hold them.
            refuted[0] += outside(&points(&product), &exact);
            refuted[1] += outside(&points(&into), &exact);
            refuted[2] += outside(&points(&sum), &total);
            refuted[3] += outside(&points(&scaled), &multiples);
        }
        assert!(refuted.iter().all(|&n| n > 100), "{refuted:?}");
    }
}

#[test]
fn the_identity_and_zeros_are_exact() {
    at_precision(53, || {
        let mut draw = Draw::new(302);
        let (a, _) = matrix(&mut draw, 3, 3, &[0]);
        let eye = SMatrix::<Ball, 3, 3>::identity();
        // Entries of other precisions are rounded.
        let a = SMatrix::<Ball, 3, 3>::from_fn(|i, j| {
            Ball::at(53, &a[(i, j)].midpoint().to_rational().unwrap())
        });
        assert_eq!(
            (&a * &eye).map(|x| x.midpoint().clone()),
            a.map(|x| x.midpoint().clone())
        );
        assert!(
            (&a * SMatrix::<Ball, 3, 3>::zeros())
                .iter()
                .all(|x| *x == Ball::at(53, &Rational::new()))
        );
    });
}
