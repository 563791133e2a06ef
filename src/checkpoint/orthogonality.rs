//! T1 for gradients that were computed in rounded arithmetic: do the two sides of a pair
//! agree for each sample, as far as rounding explains? docs/rounding.md derives the bound.

use super::pair::Pair;
use super::precision::Precision;
use super::tensors::{Slice, Tensor};
use super::transform::Side;
use nalgebra::DMatrix;
use rayon::prelude::*;

/// Roundings that each number of a product may carry: of a weight, a hidden value or what is
/// propagated back, and of the gradient, with one to spare.
const ROUNDINGS: f64 = 4.0;
/// The variance of a rounding error that lies anywhere between −u and u, over u².
const UNIFORM: f64 = 1.0 / 3.0;
/// With this probability the gradients of some right network are refused.
const REFUSED: f64 = 1e-9;

/// The largest defect of T1 among the units of a pair, and what rounding explains of it,
/// both relative to the two sides that should agree.
#[derive(Clone, Debug)]
pub(super) struct Orthogonality {
    /// The hidden unit (of a head) where the defect is largest beside what is explained.
    pub unit: usize,
    pub defect: f64,
    pub explained: f64,
    /// Units whose two sides are 0 in every sample: of these T1 says nothing.
    pub silent: Vec<usize>,
}

impl Orthogonality {
    pub fn holds(&self) -> bool {
        self.defect <= self.explained
    }
}

/// What one sample, or several, say of each unit.
#[derive(Clone, Debug)]
struct Sums {
    /// Σ of the squares of the two sides.
    sides: Vec<f64>,
    /// Σ of the squares of their difference.
    defect: Vec<f64>,
    /// Σe, Σe² and max e, where e bounds the variance of one sample's defect.
    variance: Vec<f64>,
    squared: Vec<f64>,
    largest: Vec<f64>,
}

impl Sums {
    fn zero(rank: usize) -> Self {
        let zeros = || vec![0.0; rank];
        Self {
            sides: zeros(),
            defect: zeros(),
            variance: zeros(),
            squared: zeros(),
            largest: zeros(),
        }
    }

    fn add(mut self, other: &Self) -> Self {
        let add = |xs: &mut [f64], ys: &[f64]| xs.iter_mut().zip(ys).for_each(|(x, y)| *x += y);
        add(&mut self.sides, &other.sides);
        add(&mut self.defect, &other.defect);
        add(&mut self.variance, &other.variance);
        add(&mut self.squared, &other.squared);
        let largest = self.largest.iter_mut().zip(&other.largest);
        largest.for_each(|(x, y)| *x = x.max(*y));
        self
    }
}

/// T1 for every generator of the pair: U's (∇_Uᵀ U)ᵀ and W's ∇_W Wᵀ agree for each
/// sample. `None` beyond the range of double precision. `chunk` samples are added up by one
/// thread. `units` are those of all pairs.
pub(super) fn orthogonality(
    pair: &Pair,
    tensors: &[Tensor],
    precision: Precision,
    (samples, chunk): (usize, usize),
    units: usize,
) -> Option<Orthogonality> {
    let starts: Vec<usize> = (0..samples).step_by(chunk).collect();
    let parts: Vec<Sums> = starts
        .par_iter()
        .map(|&start| {
            let own = start..samples.min(start + chunk);
            own.fold(Sums::zero(pair.rank), |sums, sample| {
                sums.add(&of_sample(pair, tensors, precision, sample))
            })
        })
        .collect();
    let sums = parts.iter().fold(Sums::zero(pair.rank), Sums::add);
    let t = libm::log(units as f64 / REFUSED);
    let mut worst = (-1.0, 0, 0.0, 0.0);
    let mut silent = Vec::new();
    for unit in 0..pair.rank {
        let [sides, defect, variance, squared, largest] = [
            &sums.sides,
            &sums.defect,
            &sums.variance,
            &sums.squared,
            &sums.largest,
        ]
        .map(|xs| xs[unit]);
        let explained = variance + 2.0 * libm::sqrt(t * squared) + 2.0 * t * largest;
        if !(explained.is_finite() && defect.is_finite()) {
            return None;
        }
        if sides == 0.0 {
            silent.push(unit);
            continue;
        }
        let ratio = defect / explained;
        if ratio > worst.0 {
            let [defect, explained] = [defect, explained].map(|x| libm::sqrt(x / sides));
            worst = (ratio, unit, defect, explained);
        }
    }
    let (_, unit, defect, explained) = worst;
    Some(Orthogonality {
        unit,
        defect,
        explained,
        silent,
    })
}

fn of_sample(pair: &Pair, tensors: &[Tensor], precision: Precision, sample: usize) -> Sums {
    let (unit, smallest) = (precision.unit(), precision.smallest());
    let added = precision.of_sums().unit();
    // Products are added once where the gradients were computed, and once here.
    let sums = added * added;
    let added = sums + f64::EPSILON * f64::EPSILON / 4.0;
    let positions = (pair.positions - 1) as f64;
    let mut defect = pair.zero();
    let mut sides = pair.zero();
    let mut variance = pair.zero();
    for side in [Side::Up, Side::Down] {
        let sum = |of: &dyn Fn(&Slice, &Tensor) -> DMatrix<f64>| {
            let slices = pair.side(side).iter();
            let parts = slices.filter_map(|slice| Some(of(slice, tensors.get(slice.tensor)?)));
            parts.fold(pair.zero(), |sum, part| sum + part)
        };
        // The generator's row is the one that U's values and W's gradients have.
        let product = |of: &dyn Fn(f64) -> f64| {
            sum(&|slice, tensor| {
                let x = slice.gather(&tensor.values).map(of);
                let g = slice.gather(tensor.sample(sample)).map(of);
                match side {
                    Side::Up => pair.product(&x, &g),
                    Side::Down => pair.product(&g, &x),
                }
            })
        };
        let own = product(&|x| x);
        let own_squared = own.map(|x| x * x);
        // Each term with a rounding of its own, and all of them with one in common.
        let terms = product(&|x| x * x);
        // No partial sum is larger than this, and each addition rounds one.
        let absolute = product(&f64::abs);
        let additions: usize = pair.side(side).iter().map(Slice::columns).sum();
        // Numbers below the range of relative errors.
        let values = sum(&|slice, tensor| {
            let x = slice.gather(&tensor.values).map(|x| x * x);
            let one = DMatrix::from_element(x.nrows(), x.ncols(), 1.0);
            match side {
                Side::Up => pair.product(&x, &one),
                Side::Down => pair.product(&one, &x),
            }
        });
        variance += (&own_squared * (ROUNDINGS * unit * unit)
            + terms * (ROUNDINGS * unit * unit + positions * sums)
            + absolute.map(|x| x * x) * (additions as f64 * added)
            + values * (ROUNDINGS * smallest * smallest))
            * UNIFORM;
        sides += own_squared;
        match side {
            Side::Up => defect += own,
            Side::Down => defect -= own,
        }
    }
    let rows = |m: &DMatrix<f64>| m.row_iter().map(|row| row.sum()).collect::<Vec<f64>>();
    let variance = rows(&variance);
    Sums {
        sides: rows(&sides),
        defect: rows(&defect.map(|x| x * x)),
        squared: variance.iter().map(|x| x * x).collect(),
        largest: variance.clone(),
        variance,
    }
}
