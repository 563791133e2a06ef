//! The equilibrium of a whole group of symmetries (T18): the least Φ on the orbit, by
//! Newton's method on geodesics.

use super::noise::count;
use super::setting::{Setting, SettingError};
use crate::scalar::{RealScalar, Scalar, dot, sum};
use crate::symmetry::{Generator, Slice, Structure, exponential, map_slices};
use nalgebra::{Cholesky, ComplexField, DMatrix, DVector, RealField};
use thiserror::Error;

/// Why no equilibrium was returned.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum MinimumError {
    /// A setting that does not fit the generators.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// Numbers that are not finite, or a negative γ or σ².
    #[error("setting: expected finite numbers, and γ and σ² that are not negative")]
    InvalidSetting,
    /// Φ has an infimum, but to the precision of `S` no minimum.
    #[error(
        "no balance: the potential falls ever more slowly, to the precision of the number type; the orbit seems to have no equilibrium"
    )]
    Unbounded,
    /// The iteration hit its cap.
    #[error(
        "no balance within {0} steps: the orbit may have no equilibrium, or one that is too far away for the precision of the number type"
    )]
    NotConverged(usize),
}

/// A balanced point of an orbit: G = 0 for every generator of the group.
#[derive(Clone, Debug)]
pub struct OrbitMinimum<S> {
    /// θ and the gradients of the samples at the balanced point.
    pub setting: Setting<S>,
    /// Φ there, the least on the orbit.
    pub potential: S,
    /// The largest |G_i| that was left.
    pub residual: S,
    /// Newton steps taken.
    pub steps: usize,
}

/// Newton steps before giving up. Far out a step changes λ by about ½; near the end the
/// digits double.
const MAX_STEPS: usize = 400;

/// Halvings of a step before giving up.
const MAX_HALVINGS: usize = 64;

/// Steps are cut to ‖A_x‖ ≤ 2, so that no exponential overflows before Φ is seen to grow.
const LONGEST: i64 = 2;

impl<S: RealScalar> Setting<S> {
    /// The point of the orbit at which Φ is least, for a group that is closed under
    /// transposition and whose symmetric directions the generators A_1 … A_m span. Where
    /// the orbit has one, all are equal up to a rotation of the group (T18).
    ///
    /// At a point with centred gradients c_n, Φ(e^{A_x}θ) = Φ − G·x + ½xᵀHx + …,
    ///
    /// - G_i = −4γ θᵀA_iθ + 2σ² Tr(ΣA_i),
    /// - H_ij = 8γ (A_iθ)·(A_jθ) + (4σ²/N) Σ_n (A_ic_n)·(A_jc_n).
    ///
    /// A step takes θ to e^{A_x}θ and g_n to e^{−A_x}g_n (T2), with x = (H + δ)^{−1}G. The
    /// tiny δ is for flat directions, along which G vanishes as well. Generators on different
    /// slices of θ move one after the other: if they commute, as left and right
    /// multiplication do, this is the geodesic; if not, another path in the group that
    /// leads to the same equilibrium.
    ///
    /// # Errors
    /// [`MinimumError`], in particular where no equilibrium was reached: there may be none.
    pub fn minimise(&self, generators: &[Generator]) -> Result<OrbitMinimum<S>, MinimumError> {
        for generator in generators {
            self.check_shape(generator.dim())?;
        }
        self.check_shape(self.theta.len())?;
        if !self.is_valid() {
            return Err(MinimumError::InvalidSetting);
        }
        let directions = Directions::of(generators);
        let mut here = self.clone();
        let mut potential = here.potential();
        let mut previous: Option<S> = None;
        // Below this the next step leaves an error beyond the precision of S.
        let done = S::unit() * ComplexField::sqrt(ComplexField::sqrt(S::unit()));
        let blur = S::unit() * S::from_int(64);
        for steps in 0..MAX_STEPS {
            let model = directions.expand(&here);
            let step = model.step().ok_or(MinimumError::InvalidSetting)?;
            let gain = model.g.dot(&step);
            let last = gain <= done.clone() * &potential;
            // On the way to a minimum the digits double; on the way to infinity the gain falls
            // by a constant factor.
            if last && previous.is_some_and(|before| before < gain.clone() * S::from_int(16)) {
                return Err(MinimumError::Unbounded);
            }
            previous = Some(gain.clone());
            let longest = S::from_int(LONGEST);
            let length = directions.length(&step);
            let mut factor = RealField::min(longest / length, S::one());
            let mut halvings = 0..MAX_HALVINGS;
            let (moved, lower) = loop {
                let moved = directions.act(&(&step * factor.clone()), &here);
                let lower = moved.potential();
                // A quarter of the gain is promised; below the rounding of Φ it does not show.
                let expected = potential.clone() - gain.clone() * &factor / S::from_int(4);
                if gain <= blur.clone() * &potential || lower <= expected {
                    break (moved, lower);
                }
                if halvings.next().is_none() {
                    return Err(MinimumError::NotConverged(steps));
                }
                factor /= S::from_int(2);
            };
            (here, potential) = (moved, lower);
            if last {
                let residual = directions.expand(&here).g.amax();
                return Ok(OrbitMinimum {
                    setting: here,
                    potential,
                    residual,
                    steps: steps + 1,
                });
            }
        }
        Err(MinimumError::NotConverged(MAX_STEPS))
    }

    fn is_valid(&self) -> bool {
        let strength = [&self.strength.gamma, &self.strength.sigma2];
        let numbers = self.theta.iter().chain(self.gradients.iter().flatten());
        numbers.chain(strength).all(ComplexField::is_finite)
            && strength.into_iter().all(|x| *x >= S::zero())
    }
}

/// The generators in `S`, those on the same slices of θ together.
struct Directions<S> {
    count: usize,
    /// (i, rates of A_i).
    rates: Vec<(usize, Vec<S>)>,
    blocks: Vec<Block<S>>,
}

struct Block<S> {
    slices: Vec<Slice>,
    /// (i, K_i).
    members: Vec<(usize, DMatrix<S>)>,
}

/// G and the lower triangle of H at a point.
struct Expansion<S> {
    g: DVector<S>,
    h: DMatrix<S>,
}

impl<S: RealScalar> Expansion<S> {
    /// (H + δ)^{−1}G; 0 where nothing curves.
    fn step(&self) -> Option<DVector<S>> {
        let shift = ComplexField::sqrt(S::unit()) * self.h.trace();
        if shift.is_zero() {
            return Some(DVector::zeros(self.g.len()));
        }
        let mut h = self.h.clone();
        for i in 0..h.nrows() {
            h[(i, i)] += shift.clone();
        }
        Some(Cholesky::new(h)?.solve(&self.g))
    }
}

impl<S: RealScalar> Directions<S> {
    fn of(generators: &[Generator]) -> Self {
        let (mut rates, mut blocks) = (Vec::new(), Vec::<Block<S>>::new());
        for (i, generator) in generators.iter().enumerate() {
            match generator.structure() {
                Structure::Rates(own) => {
                    rates.push((i, own.iter().map(S::from_rational).collect()));
                }
                Structure::Blocks { matrix, slices, .. } => {
                    let member = (i, matrix.map(|q| S::from_rational(&q)));
                    let n = matrix.nrows();
                    let mut known = blocks.iter_mut();
                    match known.find(|b| b.slices == slices && b.size() == n) {
                        Some(block) => block.members.push(member),
                        None => blocks.push(Block {
                            slices,
                            members: vec![member],
                        }),
                    }
                }
            }
        }
        let count = generators.len();
        Self {
            count,
            rates,
            blocks,
        }
    }

    fn expand(&self, at: &Setting<S>) -> Expansion<S> {
        let mut expansion = Expansion {
            g: DVector::zeros(self.count),
            h: DMatrix::zeros(self.count, self.count),
        };
        let rows = at.centred();
        let by_noise = S::from_int(2) * &at.strength.sigma2 / count::<S>(rows.len());
        let by_charge = S::from_int(4) * &at.strength.gamma;
        self.add(&mut expansion, &at.theta, -by_charge.clone(), by_charge);
        for row in &rows {
            self.add(&mut expansion, row, by_noise.clone(), by_noise.clone());
        }
        expansion
    }

    /// Adds `in_g` vᵀA_iv to G and 2 `in_h` (A_iv)·(A_jv) to H.
    fn add(&self, to: &mut Expansion<S>, v: &[S], in_g: S, in_h: S) {
        if in_h.is_zero() {
            return;
        }
        let mut images = vec![Vec::new(); self.count];
        for (i, rates) in &self.rates {
            images[*i] = rates.iter().zip(v).map(|(r, x)| r.clone() * x).collect();
        }
        for block in &self.blocks {
            for (i, k) in &block.members {
                images[*i] = block.map(v, vec![S::zero(); v.len()], k, &-k);
            }
        }
        let twice = S::from_int(2) * in_h;
        for (i, image) in images.iter().enumerate() {
            to.g[i] += dot(v, image) * &in_g;
            for (j, other) in images.iter().enumerate().take(i + 1) {
                to.h[(i, j)] += dot(image, other) * &twice;
            }
        }
    }

    /// Σ x_i rates_i.
    fn rates(&self, x: &DVector<S>, dim: usize) -> Vec<S> {
        let entry = |k: usize| sum(self.rates.iter().map(|(i, r)| r[k].clone() * &x[*i]));
        (0..dim).map(entry).collect()
    }

    /// An upper bound of ‖A_x‖ for each block.
    fn length(&self, x: &DVector<S>) -> S {
        let dim = self.rates.first().map_or(0, |(_, rates)| rates.len());
        let rates = self.rates(x, dim).into_iter().map(ComplexField::abs);
        let blocks = self.blocks.iter().map(|block| block.combine(x).norm());
        rates.chain(blocks).fold(S::zero(), RealField::max)
    }

    /// e^{A_x}θ and e^{−A_x}g_n.
    fn act(&self, x: &DVector<S>, at: &Setting<S>) -> Setting<S> {
        let mut moved = at.clone();
        if !self.rates.is_empty() {
            let rates = self.rates(x, at.theta.len());
            let grown: Vec<S> = rates.iter().map(Scalar::exp).collect();
            for (value, factor) in moved.theta.iter_mut().zip(&grown) {
                *value *= factor.clone();
            }
            for row in &mut moved.gradients {
                for (value, factor) in row.iter_mut().zip(&grown) {
                    *value /= factor.clone();
                }
            }
        }
        for block in &self.blocks {
            let k = block.combine(x);
            let (plus, minus) = (exponential(&k), exponential(&-k));
            let turn = |v: &mut Vec<S>, plus, minus| *v = block.map(v, v.clone(), plus, minus);
            turn(&mut moved.theta, &plus, &minus);
            for row in &mut moved.gradients {
                turn(row, &minus, &plus);
            }
        }
        moved
    }
}

impl<S: RealScalar> Block<S> {
    fn size(&self) -> usize {
        self.members.first().map_or(0, |(_, k)| k.nrows())
    }

    /// Σ x_iK_i.
    fn combine(&self, x: &DVector<S>) -> DMatrix<S> {
        let start = DMatrix::zeros(self.size(), self.size());
        let members = self.members.iter();
        members.fold(start, |total, (i, k)| total + k.map(|entry| entry * &x[*i]))
    }

    /// `plus` on the slices and `minus` on the negated ones; the rest of `out` stays.
    fn map(&self, v: &[S], out: Vec<S>, plus: &DMatrix<S>, minus: &DMatrix<S>) -> Vec<S> {
        map_slices(&self.slices, self.size(), v, out, |negated, part| {
            let matrix = if negated { minus } else { plus };
            let part = DVector::from_column_slice(part);
            (matrix * part).iter().cloned().collect()
        })
    }
}
