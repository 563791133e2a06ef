//! The minimiser of a sum of exponentials, enclosed: approximated in doubles where these
//! have the range, corrected with more bits, and proved by Krawczyk's operator.

use super::Exponential;
use super::minimise::{minimise, minimise_logarithmic};
use crate::balance::powers::Rate;
use crate::balance::refine::largest;
use crate::scalar::{Ball, Real, Scalar, at_precision, sum, working_precision};
use nalgebra::{Cholesky, DMatrix};
use num_traits::{One, Zero};
use rug::Float;

/// Correct bits of a minimiser in doubles, or gained by a step with an inverse in doubles.
const DOUBLES: u32 = 36;

/// Beyond this precision a new inverse of the Hessian at each step is worth its cost.
const FEW: u32 = 640;

/// Bits of an approximation that doubles have no range for.
const START: u32 = 192;

/// Bits at which the Hessian over a box is multiplied by an inverse in doubles: how good that
/// is decides whether the test succeeds.
const COARSE: u32 = 96;

/// Sizes of the box to try, each wider by a sixteenth of the bits.
const WIDENINGS: u32 = 8;

/// ∇Φ for Φ = Σ W e^{⟨v, y⟩}, with the zeros of each v left out. Near the minimum nothing
/// overflows: no term of Φ is above Φ(0) there.
struct Gradient<'a, R> {
    size: usize,
    terms: Vec<(Vec<(usize, &'a R)>, &'a R)>,
}

/// An approximate minimiser and an approximate inverse of the Hessian of 2^{−scale}Φ there.
struct Approximation {
    point: Vec<Float>,
    inverse: DMatrix<Ball>,
    scale: i32,
    /// Correct bits of the inverse, about.
    bits: u32,
}

/// A box that provably holds the one minimiser, at the working precision of `bits` bits;
/// `None` if that takes more. The exponents must span the space.
pub(super) fn enclose_minimiser<R: Rate>(terms: &[Exponential<R>], bits: u32) -> Option<Vec<Ball>> {
    let size = terms.first()?.exponent.len();
    let sparse = terms.iter().map(|t| {
        let entries = t.exponent.iter().enumerate();
        (entries.filter(|(_, v)| !v.is_zero()).collect(), &t.weight)
    });
    let problem = Gradient {
        size,
        terms: sparse.collect(),
    };
    let doubles = problem.in_doubles(terms);
    let found = doubles.and_then(|start| problem.enclose(start, bits));
    found.or_else(|| problem.enclose(problem.in_reals(terms, bits)?, bits))
}

impl<R: Rate> Gradient<'_, R> {
    /// Each term at y.
    fn values(&self, y: &[Ball]) -> Vec<Ball> {
        let value = |(exponent, weight): &(Vec<(usize, &R)>, &R)| {
            let exponent = sum(exponent.iter().map(|(i, v)| v.times(&y[*i])));
            weight.times(&exponent.exp())
        };
        self.terms.iter().map(value).collect()
    }

    fn at(&self, y: &[Ball]) -> Vec<Ball> {
        let mut gradient = vec![Ball::zero(); self.size];
        for ((exponent, _), value) in self.terms.iter().zip(self.values(y)) {
            for (i, v) in exponent {
                gradient[*i] += v.times(&value);
            }
        }
        gradient
    }

    /// The Hessian over a box.
    fn slope(&self, y: &[Ball]) -> DMatrix<Ball> {
        let mut slope = DMatrix::zeros(self.size, self.size);
        for ((exponent, _), value) in self.terms.iter().zip(self.values(y)) {
            for (i, v) in exponent {
                let part = v.times(&value);
                for (j, w) in exponent {
                    slope[(*i, *j)] += w.times(&part);
                }
            }
        }
        slope
    }

    /// The minimiser and the inverse Hessian in doubles.
    fn in_doubles(&self, terms: &[Exponential<R>]) -> Option<Approximation> {
        let double = |t: &Exponential<R>| {
            let exponent = t.exponent.iter().map(R::to_f64).collect::<Vec<f64>>();
            (exponent, t.weight.log2_abs() * std::f64::consts::LN_2)
        };
        let (exponents, logarithms): (Vec<Vec<f64>>, Vec<f64>) = terms.iter().map(double).unzip();
        let in_range = |x: &f64| *x == 0.0 || x.is_normal();
        if !exponents.iter().flatten().all(in_range) {
            return None;
        }
        let y = minimise_logarithmic(&exponents, logarithms, &vec![0.0; self.size]).ok()?;
        let point: Vec<Float> = y.iter().map(|x| Float::with_val(53, x)).collect();
        self.approximation(point, DOUBLES)
    }

    /// The same with more bits, for problems that doubles have no range for.
    fn in_reals(&self, terms: &[Exponential<R>], bits: u32) -> Option<Approximation> {
        let number = |x: &R| x.times(&Ball::one()).middle();
        let convert = || -> Vec<Exponential<Real>> {
            let term = |t: &Exponential<R>| Exponential {
                exponent: t.exponent.iter().map(number).collect(),
                weight: number(&t.weight),
            };
            terms.iter().map(term).collect()
        };
        let zero = vec![Real::zero(); self.size];
        let rough = at_precision(START.min(bits), || minimise(&convert(), &zero));
        let found = minimise(&convert(), &rough.unwrap_or(zero)).ok()?;
        let point = found.iter().map(|x| x.as_float().clone()).collect();
        self.approximation(point, bits)
    }

    fn approximation(&self, point: Vec<Float>, bits: u32) -> Option<Approximation> {
        let mut found = Approximation {
            point,
            inverse: DMatrix::zeros(0, 0),
            scale: 0,
            bits,
        };
        found.invert(self, bits)?;
        Some(found)
    }

    fn enclose(&self, mut found: Approximation, bits: u32) -> Option<Vec<Ball>> {
        let mut correct = found.bits.min(bits);
        while correct < bits {
            let next = if bits <= FEW {
                correct + DOUBLES
            } else {
                at_precision(correct + 64, || found.invert(self, correct))?;
                2 * correct
            };
            correct = next.min(bits);
            at_precision(correct + 32, || found.step(self))?;
        }
        let centre: Vec<Ball> = found.point.iter().map(Ball::point).collect();
        let shift = found.shift(self, &centre);
        // The smallest box that the test succeeds on, from as far away as rounding may leave the
        // centre: half of the bits of that, or of the step from it, may be lost.
        let mut radius = (largest(&centre) >> bits).max(&(largest(&shift) * 2u32));
        for _ in 0..WIDENINGS {
            if let Some(image) = self.krawczyk(&found, &centre, &shift, &radius) {
                return Some(image);
            }
            radius <<= bits.div_ceil(16);
        }
        None
    }

    /// K(X) = y − Rf(y) + (I − Rf′(X))(X − y) over the box X = y ± radius. If it lies inside
    /// X, then X holds exactly one zero of f, and K(X) holds it too.
    fn krawczyk(
        &self,
        found: &Approximation,
        centre: &[Ball],
        shift: &[Ball],
        radius: &Float,
    ) -> Option<Vec<Ball>> {
        let region: Vec<Ball> = centre.iter().map(|y| y.widen(radius)).collect();
        // |(I − Rf′(X))(X − y)|, of which few digits matter; but what cancels in the product
        // takes as many bits as the inverse has.
        let bits = if found.bits <= DOUBLES {
            COARSE
        } else {
            working_precision()
        };
        let rest = at_precision(bits, || {
            let mut contraction = DMatrix::<Ball>::identity(self.size, self.size);
            let slope = self.slope(&region);
            for (j, column) in slope.column_iter().enumerate() {
                for (k, x) in column.iter().enumerate().filter(|(_, x)| !x.is_zero()) {
                    let x = x.scale_by_power_of_two(-found.scale);
                    for i in 0..self.size {
                        contraction[(i, j)] -= &found.inverse[(i, k)] * &x;
                    }
                }
            }
            let reach = |i: usize| {
                let row = contraction.row(i);
                let total = sum(row.iter().map(|x| Ball::point(&x.magnitude())));
                (total * Ball::point(radius)).magnitude()
            };
            (0..self.size).map(reach).collect::<Vec<Float>>()
        });
        let image = (0..self.size).map(|i| {
            let value = (&centre[i] - &shift[i]).widen(&rest[i]);
            value.is_inside(&region[i]).then_some(value)
        });
        image.collect()
    }
}

impl Approximation {
    /// R f(y) for f = 2^{−scale}∇Φ.
    fn shift<R: Rate>(&self, problem: &Gradient<'_, R>, y: &[Ball]) -> Vec<Ball> {
        let gradient: Vec<Ball> = problem
            .at(y)
            .iter()
            .map(|g| g.scale_by_power_of_two(-self.scale))
            .collect();
        let rows = self.inverse.row_iter();
        rows.map(|row| sum(row.iter().zip(&gradient).map(|(r, g)| r * g)))
            .collect()
    }

    /// y − R f(y), at the working precision.
    fn step<R: Rate>(&mut self, problem: &Gradient<'_, R>) -> Option<()> {
        let y: Vec<Ball> = self.point.iter().map(Ball::point).collect();
        let shift = self.shift(problem, &y);
        for ((point, y), step) in self.point.iter_mut().zip(&y).zip(&shift) {
            if !step.is_bounded() {
                return None;
            }
            *point = (y - step).midpoint().clone();
        }
        Some(())
    }

    /// Inverts the Hessian at the point, with as many bits as are correct.
    fn invert<R: Rate>(&mut self, problem: &Gradient<'_, R>, bits: u32) -> Option<()> {
        let y: Vec<Ball> = self.point.iter().map(Ball::point).collect();
        let slope = at_precision(bits + 32, || problem.slope(&y));
        let top = largest(slope.diagonal().iter()).get_exp()?;
        let middle = |x: &Ball| Real::from_float(x.scale_by_power_of_two(-top).midpoint().clone());
        let inverse = if bits <= DOUBLES {
            let inverse = Cholesky::new(slope.map(|x| middle(&x).to_f64()))?.inverse();
            if !inverse.iter().all(|x| x.is_finite()) {
                return None;
            }
            inverse.map(|x| Ball::point(&Float::with_val(53, x)))
        } else {
            let inverse = at_precision(bits + 32, || {
                Some(Cholesky::new(slope.map(|x| middle(&x)))?.inverse())
            })?;
            inverse.map(|x| Ball::point(x.as_float()))
        };
        (self.inverse, self.scale, self.bits) = (inverse, top, bits);
        Some(())
    }
}
