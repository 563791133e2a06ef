//! From exact data (generator, θ, noise) to a [`Spectrum`], exact where the rates
//! are rational and enclosed at any precision where they are not.

use super::line::bits_lost;
use super::noise::{mean, population_variance};
use super::powers::Rate;
use super::refine::CertifyError;
use super::spectrum::{BalanceEquation, Spectrum, Strength, Term};
use crate::scalar::{Ball, Field, Rational, dot, sum};
use crate::symmetry::{
    Eigenspaces, Generator, Slice, Structure, Support, first_indefinite_pivot, support,
};
use nalgebra::DMatrix;
use num_traits::Zero;
use rug::Integer;
use std::cmp::Ordering;
use std::sync::OnceLock;
use thiserror::Error;

/// The gradient noise of a problem.
#[derive(Clone, Debug, PartialEq)]
pub enum Noise {
    /// N rows of d per-sample gradients; Σ is their population covariance.
    Gradients(Vec<Vec<Rational>>),
    /// Σ itself, d × d.
    Covariance(Vec<Vec<Rational>>),
}

/// Why an orbit is refused.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum OrbitError {
    /// θ does not fit the generator.
    #[error(
        "theta: expected {expected} numbers, one for each parameter of the generator, found {found}"
    )]
    Theta {
        /// The generator's dimension.
        expected: usize,
        /// The length of θ.
        found: usize,
    },
    /// No gradients.
    #[error("gradients: expected at least one row, found none")]
    NoGradients,
    /// A row of the wrong length.
    #[error("{field}[{row}]: expected {expected} numbers, found {found}")]
    Ragged {
        /// `gradients` or `covariance`.
        field: &'static str,
        /// The first wrong row.
        row: usize,
        /// The right length.
        expected: usize,
        /// Its length.
        found: usize,
    },
    /// The wrong number of rows.
    #[error("covariance: expected {expected} rows, found {found}")]
    CovarianceRows {
        /// The right number.
        expected: usize,
        /// What was found.
        found: usize,
    },
    /// Not symmetric.
    #[error(
        "covariance[{row}][{col}]: expected a symmetric matrix, found {left} here and {right} at [{col}][{row}]"
    )]
    CovarianceAsymmetric {
        /// Row of the first entry that differs.
        row: usize,
        /// Its column.
        col: usize,
        /// The entry.
        left: String,
        /// The entry opposite.
        right: String,
    },
    /// A negative variance.
    #[error(
        "covariance[{index}][{index}]: expected a variance that is not negative, found {found}"
    )]
    NegativeVariance {
        /// Position on the diagonal.
        index: usize,
        /// What was found.
        found: String,
    },
    /// |Σ_ij|² > Σ_ii Σ_jj.
    #[error(
        "covariance[{row}][{col}]: expected a positive semidefinite matrix, found a negative 2 × 2 minor with rows and columns {row} and {col}"
    )]
    NegativeMinor {
        /// The larger index of the minor.
        row: usize,
        /// The smaller one.
        col: usize,
    },
    /// Indefinite in a way that no 2 × 2 minor shows.
    #[error(
        "covariance: expected a positive semidefinite matrix, found one that is indefinite (exact elimination)"
    )]
    Indefinite,
}

/// A point, the generator of its orbit, and the noise there.
#[derive(Clone, Debug, PartialEq)]
pub struct Orbit {
    generator: Generator,
    theta: Vec<Rational>,
    noise: Noise,
}

impl Orbit {
    /// Checks that the shapes fit and that a covariance is one.
    ///
    /// # Errors
    /// [`OrbitError`] names the field and index of the first thing that is wrong.
    pub fn new(
        generator: Generator,
        theta: Vec<Rational>,
        noise: Noise,
    ) -> Result<Self, OrbitError> {
        check_point(generator.dim(), &theta, &noise)?;
        Ok(Self {
            generator,
            theta,
            noise,
        })
    }

    /// The generator A.
    pub fn generator(&self) -> &Generator {
        &self.generator
    }

    /// The point θ, d numbers.
    pub fn theta(&self) -> &[Rational] {
        &self.theta
    }

    /// The noise.
    pub fn noise(&self) -> &Noise {
        &self.noise
    }

    /// What the equilibrium depends on.
    ///
    /// # Errors
    /// [`OrbitError::Indefinite`] for a covariance that is not positive semidefinite.
    pub fn spectrum(&self) -> Result<SpectrumSource, OrbitError> {
        match self.generator.structure() {
            Structure::Rates(rates) => {
                let noise = match &self.noise {
                    Noise::Gradients(rows) => population_variance(rows),
                    Noise::Covariance(rows) => rows
                        .iter()
                        .enumerate()
                        .map(|(k, row)| row[k].clone())
                        .collect(),
                };
                Ok(SpectrumSource::Exact(Spectrum::from_rates(
                    rates,
                    &noise,
                    &self.theta,
                )))
            }
            Structure::Blocks {
                matrix,
                slices,
                fixed,
            } => {
                let n = matrix.nrows();
                let sides = [false, true].map(|negated| {
                    let own: Vec<Slice> = slices
                        .iter()
                        .copied()
                        .filter(|slice| slice.negated == negated)
                        .collect();
                    let coordinates = own
                        .iter()
                        .map(|slice| slice.gather(n, &self.theta))
                        .collect();
                    Side {
                        negated,
                        noise: Measure::new(self.noise.on_slices(&own, n)),
                        charge: Measure::new(gram(n, coordinates)),
                    }
                });
                if matches!(self.noise, Noise::Covariance(_))
                    && sides
                        .iter()
                        .any(|side| first_indefinite_pivot(&side.noise.matrix).is_some())
                {
                    return Err(OrbitError::Indefinite);
                }
                Ok(SpectrumSource::Blocks(Box::new(BlockSpectrum {
                    matrix: matrix.clone(),
                    sides,
                    fixed: Term {
                        rate: Rational::new(),
                        noise: self.noise.on(&fixed),
                        charge: sum(fixed.iter().map(|&k| Field::square(&self.theta[k]))),
                    },
                })))
            }
        }
    }
}

impl Noise {
    /// Σ_kk over some coordinates, added up.
    fn on(&self, coordinates: &[usize]) -> Rational {
        match self {
            Noise::Gradients(rows) => {
                let pick = |row: &Vec<Rational>| -> Vec<Rational> {
                    coordinates.iter().map(|&k| row[k].clone()).collect()
                };
                sum(population_variance(
                    &rows.iter().map(pick).collect::<Vec<_>>(),
                ))
            }
            Noise::Covariance(sigma) => sum(coordinates.iter().map(|&k| sigma[k][k].clone())),
        }
    }

    /// Σ restricted to each of the slices, added up (n × n).
    pub(super) fn on_slices(&self, slices: &[Slice], n: usize) -> DMatrix<Rational> {
        match self {
            Noise::Gradients(rows) => {
                let mean = mean(rows);
                let parts = rows.iter().flat_map(|row| {
                    let centred: Vec<Rational> = row
                        .iter()
                        .zip(&mean)
                        .map(|(g, m)| Rational::from(g - m))
                        .collect();
                    slices
                        .iter()
                        .map(move |slice| slice.gather(n, &centred))
                        .collect::<Vec<_>>()
                });
                gram(n, parts.collect()) / Rational::from(rows.len())
            }
            Noise::Covariance(sigma) => DMatrix::from_fn(n, n, |i, j| {
                slices.iter().fold(Rational::new(), |total, slice| {
                    let at = |k: usize| slice.offset + k * slice.stride;
                    total + &sigma[at(i)][at(j)]
                })
            }),
        }
    }
}

/// Do θ and the noise fit d parameters?
pub(super) fn check_point(d: usize, theta: &[Rational], noise: &Noise) -> Result<(), OrbitError> {
    if theta.len() != d {
        return Err(OrbitError::Theta {
            expected: d,
            found: theta.len(),
        });
    }
    let ragged = |field, rows: &[Vec<Rational>]| match rows.iter().position(|r| r.len() != d) {
        Some(row) => Err(OrbitError::Ragged {
            field,
            row,
            expected: d,
            found: rows[row].len(),
        }),
        None => Ok(()),
    };
    match noise {
        Noise::Gradients(rows) if rows.is_empty() => return Err(OrbitError::NoGradients),
        Noise::Gradients(rows) => ragged("gradients", rows)?,
        Noise::Covariance(rows) => {
            if rows.len() != d {
                return Err(OrbitError::CovarianceRows {
                    expected: d,
                    found: rows.len(),
                });
            }
            ragged("covariance", rows)?;
            check_covariance(rows)?;
        }
    }
    Ok(())
}

/// Σ vvᵀ over vectors of length n, in integers over one common denominator.
pub(super) fn gram(n: usize, vectors: Vec<Vec<Rational>>) -> DMatrix<Rational> {
    let denominator = vectors
        .iter()
        .flatten()
        .fold(Integer::from(1), |lcm, q| lcm.lcm(q.denom()));
    let mut total = DMatrix::from_element(n, n, Integer::new());
    for vector in vectors {
        let v: Vec<Integer> = vector
            .into_iter()
            .map(|q| (q * &denominator).into_numer_denom().0)
            .collect();
        for i in 0..n {
            for j in 0..=i {
                total[(i, j)] += &v[i] * &v[j];
            }
        }
    }
    let square = denominator.square();
    DMatrix::from_fn(n, n, |i, j| {
        Rational::from((total[(i.max(j), i.min(j))].clone(), square.clone()))
    })
}

fn check_covariance(rows: &[Vec<Rational>]) -> Result<(), OrbitError> {
    let d = rows.len();
    for i in 0..d {
        if rows[i][i] < 0 {
            return Err(OrbitError::NegativeVariance {
                index: i,
                found: rows[i][i].to_string(),
            });
        }
    }
    for i in 0..d {
        for j in 0..i {
            if rows[i][j] != rows[j][i] {
                let (left, right) = (rows[i][j].to_string(), rows[j][i].to_string());
                return Err(OrbitError::CovarianceAsymmetric {
                    row: i,
                    col: j,
                    left,
                    right,
                });
            }
            if Rational::from(rows[i][j].square_ref()) > Rational::from(&rows[i][i] * &rows[j][j]) {
                return Err(OrbitError::NegativeMinor { row: i, col: j });
            }
        }
    }
    Ok(())
}

/// A spectrum, or what determines one whose rates are irrational.
#[derive(Clone, Debug)]
pub enum SpectrumSource {
    /// Rational rates, equal ones merged.
    Exact(Spectrum<Rational>),
    /// The rates are eigenvalues of ±K.
    Blocks(Box<BlockSpectrum>),
}

/// The matrices behind a spectrum: K, and what noise and charge weigh its
/// eigen-directions with.
#[derive(Clone, Debug)]
pub struct BlockSpectrum {
    matrix: DMatrix<Rational>,
    /// The slices on which K acts, then those on which −K does.
    sides: [Side; 2],
    /// The coordinates in no slice: rate 0.
    fixed: Term<Rational>,
}

#[derive(Clone, Debug)]
struct Side {
    negated: bool,
    noise: Measure,
    charge: Measure,
}

/// A positive semidefinite matrix M as a measure on the rates of K.
#[derive(Clone, Debug)]
struct Measure {
    matrix: DMatrix<Rational>,
    support: OnceLock<Support>,
}

impl Measure {
    fn new(matrix: DMatrix<Rational>) -> Self {
        Self {
            matrix,
            support: OnceLock::new(),
        }
    }

    /// (rate, weight) of each eigen-space, every sign decided; `None` if that
    /// takes more bits.
    fn terms(&self, k: &DMatrix<Rational>, spaces: &Eigenspaces) -> Option<Vec<(Ball, Ball)>> {
        let weights = spaces.weights(&self.matrix)?;
        let rates = spaces.spaces().iter().map(|space| space.rate.clone());
        // Where there is no weight, the rate may stay undecided.
        let terms: Vec<_> = rates
            .zip(weights)
            .filter(|(_, weight)| !weight.is_zero())
            .collect();
        let live = |weight: &Ball| weight.sign() == Some(Ordering::Greater);
        let decided = |(rate, weight): &(Ball, Ball)| live(weight) && rate.sign().is_some();
        if terms.iter().all(decided) {
            return Some(terms);
        }
        // Exact counts tell whether all that is live has been seen; the rest is zero then.
        let support = *self.support.get_or_init(|| support(k, &self.matrix));
        let seen = |sign| {
            terms
                .iter()
                .filter(|(rate, weight)| live(weight) && rate.sign() == Some(sign))
                .count()
        };
        if seen(Ordering::Greater) != support.positive || seen(Ordering::Less) != support.negative {
            return None;
        }
        let settle = |(rate, weight): (Ball, Ball)| match rate.sign() {
            Some(Ordering::Less | Ordering::Greater) => live(&weight).then_some((rate, weight)),
            _ => support.zero.then(|| (Ball::zero(), weight)),
        };
        Some(terms.into_iter().filter_map(settle).collect())
    }
}

/// A balance equation at its start, exactly: G(0), Φ(0) and C(θ).
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    /// G(0).
    pub balance: Rational,
    /// Φ(0).
    pub potential: Rational,
    /// C(θ).
    pub charge: Rational,
}

impl SpectrumSource {
    /// The spectrum at the working precision, every sign of a rate, a noise and a charge
    /// decided; `None` if that takes a higher one.
    pub fn enclose(&self) -> Option<Spectrum<Ball>> {
        match self {
            Self::Exact(spectrum) => Some(spectrum.map(Ball::from_rational)),
            Self::Blocks(blocks) => Some(blocks.enclose()?.0),
        }
    }

    /// Is no noise and no charge negative?
    pub(super) fn check_signs(&self) -> Result<(), CertifyError> {
        match self {
            Self::Exact(spectrum) => spectrum.check_signs(),
            // A covariance was checked when its orbit was made.
            Self::Blocks(_) => Ok(()),
        }
    }

    /// G, Φ and C before anything moves, as exact rationals.
    pub fn start(&self, strength: &Strength<Rational>) -> Start {
        match self {
            Self::Exact(spectrum) => {
                let charge = sum(spectrum.terms().iter().map(|t| t.charge.clone() * &t.rate));
                let balance = BalanceEquation {
                    spectrum: spectrum.clone(),
                    strength: strength.clone(),
                };
                Start {
                    balance: balance.at_start(),
                    potential: balance.potential_at_start(),
                    charge,
                }
            }
            Self::Blocks(blocks) => blocks.start(strength),
        }
    }

    /// Does the point move at all along its orbit, Aθ ≠ 0?
    pub fn moves(&self) -> bool {
        match self {
            Self::Exact(spectrum) => spectrum
                .terms()
                .iter()
                .any(|t| !t.rate.is_zero() && !t.charge.is_zero()),
            Self::Blocks(blocks) => {
                let k = &blocks.matrix;
                blocks.sides.iter().any(|side| {
                    let moved = k * &side.charge.matrix;
                    moved.iter().any(|x| !x.is_zero())
                })
            }
        }
    }
}

impl BlockSpectrum {
    /// At most so many leading bits cancel in G(0), each of whose terms is at most 2‖K‖ times
    /// Φ(0) without what stays fixed.
    pub(super) fn cancelled(&self, strength: &Strength<Rational>, start: &Start) -> u32 {
        let fixed = Rational::from(&self.fixed.charge * strength.gamma()) * 2
            + Rational::from(&self.fixed.noise * strength.sigma2());
        let rows = self
            .matrix
            .row_iter()
            .map(|row| row.iter().map(|x| x.clone().abs()).sum());
        let norm: Rational = rows.max().unwrap_or_default();
        let moved = Rational::from(&start.potential - &fixed);
        let largest = 1.0 + norm.log2_abs() + moved.log2_abs();
        bits_lost(largest, &start.balance)
    }

    /// The spectrum with every sign of a rate, a noise and a charge decided, and the
    /// eigen-spaces it was read off; `None` if that takes a higher working precision.
    pub(super) fn enclose(&self) -> Option<(Spectrum<Ball>, Eigenspaces)> {
        let spaces = Eigenspaces::of(&self.matrix)?;
        let mut terms = vec![Term {
            rate: Ball::zero(),
            noise: Ball::from_rational(&self.fixed.noise),
            charge: Ball::from_rational(&self.fixed.charge),
        }];
        for side in &self.sides {
            let place = |rate: Ball| if side.negated { -rate } else { rate };
            for (rate, noise) in side.noise.terms(&self.matrix, &spaces)? {
                terms.push(Term {
                    rate: place(rate),
                    noise,
                    charge: Ball::zero(),
                });
            }
            for (rate, charge) in side.charge.terms(&self.matrix, &spaces)? {
                terms.push(Term {
                    rate: place(rate),
                    noise: Ball::zero(),
                    charge,
                });
            }
        }
        Some((Spectrum::from_terms(terms), spaces))
    }

    fn start(&self, strength: &Strength<Rational>) -> Start {
        let mut start = Start {
            balance: Rational::new(),
            potential: Rational::from(&self.fixed.charge * &strength.gamma) * 2
                + Rational::from(&self.fixed.noise * &strength.sigma2),
            charge: Rational::new(),
        };
        let k: Vec<Rational> = self.matrix.iter().cloned().collect();
        for side in &self.sides {
            // Both matrices are symmetric, so Tr(KM) is the inner product of their entries.
            let paired = |m: &Measure| dot(&k, &m.matrix.iter().cloned().collect::<Vec<_>>());
            let (noise, charge) = (paired(&side.noise), paired(&side.charge));
            let signed = |x: Rational| if side.negated { -x } else { x };
            let up = Rational::from(&strength.sigma2 * &noise) * 2;
            let down = Rational::from(&strength.gamma * &charge) * 4;
            start.balance += signed(up - down);
            start.charge += signed(charge);
            start.potential += side.charge.matrix.trace() * &strength.gamma * 2;
            start.potential += side.noise.matrix.trace() * &strength.sigma2;
        }
        start
    }
}
