//! From exact data (family, θ, noise) to a spectrum with vector rates, and what can be
//! decided about it exactly.

use super::Existence;
use crate::balance::refine::CertifyError;
use crate::balance::source::{check_point, gram};
use crate::balance::{Noise, OrbitError, Spectrum, Strength, Term, noise::population_variance};
use crate::scalar::{Ball, Field, Rational, dot, sum};
use crate::symmetry::{
    Eigenspaces, Family, FamilyStructure, Slice, Support, first_indefinite_pivot, null_space,
    row_space, support,
};
use nalgebra::DMatrix;
use num_traits::Zero;
use rug::ops::Pow;
use std::cmp::Ordering;
use std::sync::OnceLock;

/// A point, the commuting generators of its orbit, and the noise there.
#[derive(Clone, Debug, PartialEq)]
pub struct FamilyOrbit {
    family: Family,
    theta: Vec<Rational>,
    noise: Noise,
}

impl FamilyOrbit {
    /// Checks that the shapes fit and that a covariance is one.
    ///
    /// # Errors
    /// [`OrbitError`] names the field and index of the first thing that is wrong.
    pub fn new(family: Family, theta: Vec<Rational>, noise: Noise) -> Result<Self, OrbitError> {
        check_point(family.dim(), &theta, &noise)?;
        Ok(Self {
            family,
            theta,
            noise,
        })
    }

    /// The generators.
    pub fn family(&self) -> &Family {
        &self.family
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
    pub fn spectrum(&self) -> Result<FamilySource, OrbitError> {
        let members = self.family.generators().len();
        match self.family.structure() {
            FamilyStructure::Rates(rates) => {
                let noise = match &self.noise {
                    Noise::Gradients(rows) => population_variance(rows),
                    Noise::Covariance(rows) => {
                        let diagonal = rows.iter().enumerate();
                        diagonal.map(|(k, row)| row[k].clone()).collect()
                    }
                };
                let terms = rates.into_iter().zip(noise).zip(&self.theta);
                let terms = terms.map(|((rate, noise), x)| Term {
                    rate,
                    noise,
                    charge: Rational::from(x.square_ref()),
                });
                let spectrum = Spectrum::merged(terms.collect::<Vec<_>>());
                Ok(FamilySource::Exact { members, spectrum })
            }
            FamilyStructure::Blocks { matrices, slices } => {
                let matrices: Vec<_> = matrices.into_iter().map(|k| k.into_owned()).collect();
                let n = matrices.first().map_or(0, DMatrix::nrows);
                let measures = [false, true].map(|negated| {
                    let own = slices.iter().copied();
                    let own: Vec<Slice> = own.filter(|s| s.negated == negated).collect();
                    let coordinates = own.iter().map(|s| s.gather(n, &self.theta)).collect();
                    [
                        Measure::new(negated, Kind::Noise, self.noise.on_slices(&own, n)),
                        Measure::new(negated, Kind::Charge, gram(n, coordinates)),
                    ]
                });
                let measures: Vec<Measure> = measures.into_iter().flatten().collect();
                let indefinite = |m: &Measure| {
                    m.kind == Kind::Noise && first_indefinite_pivot(&m.matrix).is_some()
                };
                if matches!(self.noise, Noise::Covariance(_)) && measures.iter().any(indefinite) {
                    return Err(OrbitError::Indefinite);
                }
                Ok(FamilySource::Blocks(Box::new(FamilyBlocks {
                    generic: VARIANTS.map(|variant| generic(&matrices, variant)),
                    matrices,
                    measures,
                })))
            }
        }
    }
}

/// Coefficients of the combinations to try.
const VARIANTS: [(u32, u32); 3] = [(7919, 6841), (104_729, 15_485_863), (6007, 5381)];

/// A combination that tells the joint eigen-spaces apart. For all but a thin set of
/// coefficients it does; where one does not, the enclosures stay wide, and the next is tried.
fn generic(matrices: &[DMatrix<Rational>], variant: (u32, u32)) -> DMatrix<Rational> {
    let n = matrices.first().map_or(0, DMatrix::nrows);
    let mut total = DMatrix::from_element(n, n, Rational::new());
    for (power, k) in (0..).zip(matrices) {
        let coefficient = Rational::from(variant).pow(power);
        total += k.map(|x| x * &coefficient);
    }
    total
}

/// A spectrum with vector rates, or what determines one whose rates are irrational.
#[derive(Clone, Debug)]
pub enum FamilySource {
    /// Rational rates, equal ones merged.
    Exact {
        /// m, the number of generators.
        members: usize,
        /// The spectrum.
        spectrum: Spectrum<Rational, Vec<Rational>>,
    },
    /// The rates are joint eigenvalues of ±K_1 … ±K_m.
    Blocks(Box<FamilyBlocks>),
}

/// The matrices behind a spectrum with vector rates.
#[derive(Clone, Debug)]
pub struct FamilyBlocks {
    matrices: Vec<DMatrix<Rational>>,
    /// Combinations whose eigen-spaces are the joint ones, but for accidents.
    generic: [DMatrix<Rational>; 3],
    measures: Vec<Measure>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Noise,
    Charge,
}

/// What weighs the joint eigen-spaces on one side: a positive semidefinite matrix.
#[derive(Clone, Debug)]
struct Measure {
    /// Do the generators act as −K_i here?
    negated: bool,
    kind: Kind,
    matrix: DMatrix<Rational>,
    /// Live eigen-spaces of each generic combination.
    supports: [OnceLock<Support>; 3],
}

impl Measure {
    fn new(negated: bool, kind: Kind, matrix: DMatrix<Rational>) -> Self {
        Self {
            negated,
            kind,
            matrix,
            supports: Default::default(),
        }
    }

    fn live(&self, strength: &Strength<Rational>) -> bool {
        let factor = match self.kind {
            Kind::Noise => &strength.sigma2,
            Kind::Charge => &strength.gamma,
        };
        *factor != 0
    }
}

/// A family's balance at its start, exactly.
#[derive(Clone, Debug, PartialEq)]
pub struct FamilyStart {
    /// G_i(0), m numbers.
    pub balance: Vec<Rational>,
    /// Φ(0).
    pub potential: Rational,
    /// C_i(θ) = θᵀA_iθ, m numbers.
    pub charge: Vec<Rational>,
}

/// A spectrum enclosed, and the joint eigen-spaces that it was read off.
pub(super) struct EnclosedFamily {
    /// Every weight is positive or exactly 0.
    pub spectrum: Spectrum<Ball, Vec<Ball>>,
    /// The spaces with their m rates each.
    pub spaces: (Eigenspaces, Vec<Vec<Ball>>),
}

impl FamilySource {
    /// m, the number of generators.
    pub fn members(&self) -> usize {
        match self {
            Self::Exact { members, .. } => *members,
            Self::Blocks(blocks) => blocks.matrices.len(),
        }
    }

    /// Half the exponents, w of live charges and −w of live noises, where they are rational.
    pub fn live_exponents(&self, strength: &Strength<Rational>) -> Option<Vec<Vec<Rational>>> {
        let Self::Exact { spectrum, .. } = self else {
            return None;
        };
        let mut exponents = Vec::new();
        for term in spectrum.terms() {
            if term.rate.iter().all(Zero::is_zero) {
                continue;
            }
            if !term.charge.is_zero() && !strength.gamma.is_zero() {
                exponents.push(term.rate.clone());
            }
            if !term.noise.is_zero() && !strength.sigma2.is_zero() {
                exponents.push(term.rate.iter().map(|w| -w.clone()).collect());
            }
        }
        Some(exponents)
    }

    /// A basis of the directions orthogonal to every live rate, along which Φ is
    /// constant, and one of what is orthogonal to those. Both are rational even where the
    /// rates are not: λ is flat exactly where Σλ_iK_i vanishes on the live matrices.
    pub fn flat_directions(
        &self,
        strength: &Strength<Rational>,
    ) -> (Vec<Vec<Rational>>, Vec<Vec<Rational>>) {
        let rows = match self {
            Self::Exact { .. } => self.live_exponents(strength).unwrap_or_default(),
            Self::Blocks(blocks) => {
                let live = blocks.measures.iter().filter(|m| m.live(strength));
                let rows = live.flat_map(|measure| {
                    let images: Vec<DMatrix<Rational>> = blocks
                        .matrices
                        .iter()
                        .map(|k| k * &measure.matrix)
                        .collect();
                    let entries = measure.matrix.len();
                    (0..entries)
                        .map(|e| images.iter().map(|image| image[e].clone()).collect())
                        .collect::<Vec<Vec<Rational>>>()
                });
                rows.collect()
            }
        };
        (null_space(&rows, self.members()), row_space(&rows))
    }

    /// Is `direction` one of recession: does no live term grow along it and one fall?
    /// Decided exactly, also where the rates are irrational.
    pub fn recedes(&self, direction: &[Rational], strength: &Strength<Rational>) -> bool {
        match self {
            Self::Exact { .. } => {
                let certificate = Existence::Unbounded {
                    direction: direction.to_vec(),
                };
                self.live_exponents(strength)
                    .is_some_and(|exponents| certificate.holds(&exponents))
            }
            Self::Blocks(blocks) => {
                let n = blocks.generic[0].nrows();
                let mut k = DMatrix::from_element(n, n, Rational::new());
                for (u, own) in direction.iter().zip(&blocks.matrices) {
                    k += own.map(|x| x * u);
                }
                let (mut grows, mut falls) = (false, false);
                for measure in blocks.measures.iter().filter(|m| m.live(strength)) {
                    let support = support(&k, &measure.matrix);
                    let (up, down) = (support.positive > 0, support.negative > 0);
                    // A charge grows where its rate is positive, a noise where it is negative;
                    // −K turns both round.
                    if (measure.kind == Kind::Charge) != measure.negated {
                        (grows, falls) = (grows || up, falls || down);
                    } else {
                        (grows, falls) = (grows || down, falls || up);
                    }
                }
                falls && !grows
            }
        }
    }

    /// G, Φ and the charges before anything moves.
    pub fn start(&self, strength: &Strength<Rational>) -> FamilyStart {
        let m = self.members();
        let mut start = FamilyStart {
            balance: vec![Rational::new(); m],
            potential: Rational::new(),
            charge: vec![Rational::new(); m],
        };
        let mut add = |kind: Kind, total: &Rational, along: &[Rational]| {
            let (factor, of_balance) = match kind {
                Kind::Noise => (
                    strength.sigma2.clone(),
                    Rational::from(&strength.sigma2 * 2),
                ),
                Kind::Charge => (
                    Rational::from(&strength.gamma * 2),
                    Rational::from(&strength.gamma * -4),
                ),
            };
            start.potential += Rational::from(total * &factor);
            for (i, x) in along.iter().enumerate() {
                start.balance[i] += Rational::from(x * &of_balance);
                if kind == Kind::Charge {
                    start.charge[i] += x;
                }
            }
        };
        match self {
            Self::Exact { spectrum, .. } => {
                for term in spectrum.terms() {
                    for (kind, power) in [(Kind::Noise, &term.noise), (Kind::Charge, &term.charge)]
                    {
                        let along = term.rate.iter().map(|w| Rational::from(w * power));
                        add(kind, power, &along.collect::<Vec<_>>());
                    }
                }
            }
            Self::Blocks(blocks) => {
                for measure in &blocks.measures {
                    let signed = |x: Rational| if measure.negated { -x } else { x };
                    let flat: Vec<Rational> = measure.matrix.iter().cloned().collect();
                    let along = blocks
                        .matrices
                        .iter()
                        .map(|k| signed(dot(&k.iter().cloned().collect::<Vec<_>>(), &flat)));
                    let along: Vec<Rational> = along.collect();
                    add(measure.kind, &measure.matrix.trace(), &along);
                }
            }
        }
        start
    }

    /// Is no noise and no charge negative?
    pub(super) fn check_signs(&self) -> Result<(), CertifyError> {
        match self {
            Self::Exact { spectrum, .. } => spectrum.check_signs(),
            // A covariance was checked when its orbit was made.
            Self::Blocks(_) => Ok(()),
        }
    }
}

impl FamilyBlocks {
    /// The spectrum with every sign of a noise and a charge decided; `None` if that takes
    /// a higher working precision. Attempts differ in the combination that tells joint
    /// eigen-spaces apart.
    pub(super) fn enclose(&self, attempt: usize) -> Option<EnclosedFamily> {
        let variant = attempt % VARIANTS.len();
        let spaces = Eigenspaces::of(&self.generic[variant])?;
        let by_member: Vec<Vec<Ball>> = self.matrices.iter().map(|k| spaces.rates_of(k)).collect();
        let rates: Vec<Vec<Ball>> = (0..spaces.spaces().len())
            .map(|s| by_member.iter().map(|own| own[s].clone()).collect())
            .collect();
        let mut terms = Vec::new();
        for measure in &self.measures {
            let place = |rate: &Ball| {
                if measure.negated {
                    -rate.clone()
                } else {
                    rate.clone()
                }
            };
            // A member that annihilates the matrix has the rate 0, exactly, where it is live.
            let still = self.matrices.iter().map(|k| {
                let image = k * &measure.matrix;
                image.iter().all(|x| *x == 0)
            });
            let still: Vec<bool> = still.collect();
            for (s, weight) in measure.live_spaces(&self.generic, variant, &spaces)? {
                let (noise, charge) = match measure.kind {
                    Kind::Noise => (weight, Ball::zero()),
                    Kind::Charge => (Ball::zero(), weight),
                };
                let rate = rates[s]
                    .iter()
                    .zip(&still)
                    .map(|(rate, still)| if *still { Ball::zero() } else { place(rate) });
                terms.push(Term {
                    rate: rate.collect(),
                    noise,
                    charge,
                });
            }
        }
        Some(EnclosedFamily {
            spectrum: Spectrum::from_terms(terms),
            spaces: (spaces, rates),
        })
    }
}

impl Measure {
    /// The spaces with weight, by index; an exact count says when all have been seen.
    fn live_spaces(
        &self,
        generic: &[DMatrix<Rational>],
        variant: usize,
        spaces: &Eigenspaces,
    ) -> Option<Vec<(usize, Ball)>> {
        let weights = spaces.weights(&self.matrix)?;
        let all = weights.len();
        let seen: Vec<(usize, Ball)> = weights
            .into_iter()
            .enumerate()
            .filter(|(_, weight)| weight.sign() == Some(Ordering::Greater))
            .collect();
        if seen.len() == all {
            return Some(seen);
        }
        let count = || support(&generic[variant], &self.matrix);
        let support = self.supports[variant].get_or_init(count);
        let total = support.positive + support.negative + usize::from(support.zero);
        (seen.len() == total).then_some(seen)
    }
}

/// Σ_i y_i e_i for a basis e and coefficients y.
pub(super) fn combine(basis: &[Vec<Rational>], y: &[Ball], m: usize) -> Vec<Ball> {
    let component = |i: usize| {
        let terms = basis.iter().zip(y);
        sum(terms.map(|(e, y)| y.times_rational(&e[i])))
    };
    (0..m).map(component).collect()
}
