//! Which symmetries does a loss have? All infinitesimal motions J = Bθ + b of the
//! parameters with ∇ℓ(θ, z)·J = 0 for every sample z, found by exact linear algebra, and
//! sorted by what they do to the charge (T13, L1).
//!
//! ```
//! use noise_equilibrium::discovery::{Ansatz, Formula, Kind, Examined, discover};
//!
//! let names = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
//! // A product in disguise: (a + b)² − (a − b)² = 4ab.
//! let formula = Formula::parse(
//!     "(((a + b)^2 - (a - b)^2)*x - y)^2",
//!     &names(&["a", "b"]),
//!     &names(&["x", "y"]),
//! )
//! .unwrap();
//! let found = discover(&Examined::formula(&formula), Ansatz::Affine, 0).unwrap();
//! assert_eq!(found.symmetries.len(), 1);
//! let symmetry = &found.symmetries[0];
//! assert!(matches!(symmetry.kind, Kind::Exponential { .. }));
//! let charge = symmetry.charge().unwrap();
//! assert_eq!(charge.formula(&names(&["a", "b"])), "a^2 - b^2");
//! ```
//!
//! # What is certain
//!
//! Every symmetry solves every equation that a point gives. The equations of random points
//! are reduced modulo primes until no new one is independent; as many solutions are left as
//! there are symmetries, or more, and each is then verified. So **no symmetry of the ansatz is
//! missed**, whatever the seed. That a solution which held at all points of the verification
//! is a symmetry is as certain as [`Proof`] says.

mod arithmetic;
mod charge;
mod classify;
mod commuting;
mod elimination;
mod enclosed;
mod equilibrium;
mod exact;
mod examined;
mod file;
mod formula;
mod group;
mod lift;
mod motion;
mod rank;
mod rates;
mod sparse;
mod tape;

pub use charge::Charge;
pub use classify::{Kind, Symmetry};
pub use equilibrium::{EquilibriumError, Posed, equilibrium};
pub use examined::Examined;
pub use file::{FORMAT, LossFile, LossFileError, read_loss};
pub use formula::{Formula, FormulaError, MAX_NAMES, MAX_OPERATIONS, NameError, names};
pub use group::GeneralLinear;
pub use motion::Ansatz;
pub use rates::Rate;

use crate::scalar::Rational;
use examined::{Draw, Points};
use sparse::Sparse;
use thiserror::Error;

/// Unknowns that are solved for.
pub const MAX_UNKNOWNS: usize = 20_000;

/// Why the symmetries of a loss were not found.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DiscoveryError {
    /// A loss of nothing.
    #[error("parameters: expected at least one, found none")]
    NoParameters,
    /// An empty list of samples.
    #[error("samples: expected at least one, found none")]
    NoSamples,
    /// A sample of another length.
    #[error("samples[{index}]: expected {expected} numbers, one for each datum, found {found}")]
    Sample {
        /// Which.
        index: usize,
        /// The numbers of the data.
        expected: usize,
        /// Its own.
        found: usize,
    },
    /// No point with a gradient.
    #[error(
        "loss: expected a formula that is defined and differentiable somewhere, found neither at any of {} random points",
        exact::PATIENCE
    )]
    NowhereSmooth,
    /// A sample without a point with a gradient.
    #[error(
        "samples[{index}]: expected a loss that is defined and differentiable somewhere, found neither at any of {} random points",
        exact::PATIENCE
    )]
    NowhereSmoothAt {
        /// Which sample.
        index: usize,
    },
    /// A degree that makes exact arithmetic endless.
    #[error("loss: expected a rational formula of degree at most {limit}, found a larger one")]
    Degree {
        /// The largest.
        limit: u64,
    },
    /// More unknowns than are solved for.
    #[error(
        "parameters: expected at most {MAX_UNKNOWNS} unknowns, found {unknowns}; look for symmetric or diagonal generators alone, which have fewer"
    )]
    TooMany {
        /// Of this ansatz.
        unknowns: usize,
    },
    /// More unknowns than are solved for in balls.
    #[error(
        "parameters: expected at most {} unknowns for a loss with roots, exponentials or logarithms, found {unknowns}; look for symmetric or diagonal generators alone, which have fewer",
        enclosed::MAX_UNKNOWNS
    )]
    TooManyEnclosed {
        /// Of this ansatz.
        unknowns: usize,
    },
    /// A rank that doubles do not prove, of too many unknowns for another proof.
    #[error(
        "loss: expected a rank that doubles prove, or at most {} unknowns, found {unknowns}; look for symmetric or diagonal generators alone, which have fewer",
        enclosed::MAX_ELIMINATED
    )]
    Undecided {
        /// Of this ansatz.
        unknowns: usize,
    },
    /// No rank at any precision.
    #[error("loss: expected a rank that {bits} bits decide, found one that stays open")]
    Precision {
        /// The last precision.
        bits: u32,
    },
    /// Solutions that are no symmetries, at all primes.
    #[error(
        "loss: expected symmetries with numbers of at most 500 bits that random points of every smooth piece show, found none that could be verified"
    )]
    Unverified,
}

/// How certain it is that what was found is a symmetry.
#[derive(Clone, Debug, PartialEq)]
pub enum Proof {
    /// A rational loss: exact at random points (Schwartz–Zippel).
    Polynomial {
        /// A bound on the degree of the numerator of ∇ℓ·J.
        degree: u64,
        /// Points at which each was verified; of each sample, if samples are given.
        checks: usize,
        /// log₁₀ of a bound on the probability that any of them is wrong.
        error: f64,
    },
    /// A rational loss in smooth pieces: exact at random points of those that were met.
    Pieces {
        /// How many were met.
        pieces: usize,
        /// Points at which each was verified.
        checks: usize,
    },
    /// A loss with roots, exponentials or logarithms: that there are no more is proved, each
    /// symmetry was seen to hold to many digits.
    Digits {
        /// The equations have at least this rank.
        rank: usize,
        /// How that was proved.
        by: Rank,
        /// |∇ℓ·J| was below 2^{−zero} max|∇ℓ|.
        zero: u32,
        /// Points at which each was verified.
        checks: usize,
        /// The smooth pieces that were met; 0 for a loss that has but one.
        pieces: usize,
    },
}

/// How a rank was proved, from equations that are enclosed.
#[derive(Clone, Debug, PartialEq)]
pub enum Rank {
    /// By an approximate inverse: ‖I − RA‖∞ is at most this, which is below 1.
    Inverse {
        /// The bound.
        defect: f64,
    },
    /// By elimination in balls.
    Pivots {
        /// The precision.
        bits: u32,
        /// Bits between the smallest pivot and the largest number that counts as 0.
        gap: i64,
    },
}

/// What a search found, not yet sorted.
struct Found {
    /// A basis of the motions, as vectors of d(d + 1) numbers.
    motions: Vec<Sparse>,
    /// Parameters without an influence on the loss.
    idle: Vec<usize>,
    unknowns: usize,
    equations: usize,
    /// Directions of which some entry is no rational with few digits.
    irrational: usize,
    proof: Proof,
}

/// The symmetries of a loss.
#[derive(Clone, Debug)]
pub struct Discovery {
    /// d.
    pub parameters: usize,
    /// What was looked for.
    pub ansatz: Ansatz,
    /// Unknowns that were solved for.
    pub unknowns: usize,
    /// Equations that were looked at, modulo all primes.
    pub equations: usize,
    /// Parameters that the loss does not depend on, by their indices. Any motion of them is a
    /// symmetry; these are left out of everything else.
    pub idle: Vec<usize>,
    /// A basis of the symmetries: exponential ones first, those of the commuting family
    /// before the others.
    pub symmetries: Vec<Symmetry>,
    /// How many of `symmetries`, from the first, are a maximal commuting family of
    /// exponential ones without an offset.
    pub family: usize,
    /// Pairs among the exponential symmetries without an offset that do not commute.
    pub not_commuting: Vec<(usize, usize)>,
    /// Pairs of factors between which a whole group GL(r), r ≥ 2, acts (T17).
    pub groups: Vec<GeneralLinear>,
    /// How many of the charges are independent: the rank of their gradients at a random
    /// point.
    pub laws: usize,
    /// Symmetries with irrational entries, which are not listed.
    pub irrational: usize,
    /// How certain it is.
    pub proof: Proof,
}

/// All symmetries of a loss within an ansatz, sorted. The seed decides at which points it
/// is looked at.
///
/// # Errors
/// A loss without parameters, without a point where it is differentiable, or too large.
pub fn discover(
    examined: &Examined<'_>,
    ansatz: Ansatz,
    seed: u64,
) -> Result<Discovery, DiscoveryError> {
    let d = examined.parameters();
    if d == 0 {
        return Err(DiscoveryError::NoParameters);
    }
    let mut points = Points::new(seed);
    // A stream of its own: the search starts another one.
    let mut record = |sample: Option<&Vec<Rational>>| {
        (0..exact::PATIENCE).find_map(|_| {
            let mut point = points.rationals(d, Draw::Small);
            match sample {
                Some(sample) => point.extend(sample.iter().cloned()),
                None => point.extend(points.rationals(examined.data(), Draw::Small)),
            }
            examined.record(&point)
        })
    };
    let first = match examined.samples() {
        None => record(None).ok_or(DiscoveryError::NowhereSmooth)?,
        Some(samples) => {
            let mut first = None;
            for (index, sample) in samples.iter().enumerate() {
                let recorded = record(Some(sample));
                let recorded = recorded.ok_or(DiscoveryError::NowhereSmoothAt { index })?;
                // One that has pieces speaks for all.
                first = match first {
                    Some(first) if recorded.piece.is_empty() => Some(first),
                    _ => Some(recorded),
                };
            }
            first.ok_or(DiscoveryError::NoSamples)?
        }
    };
    let mut found = None;
    if first.tape.is_rational() {
        found = exact::search(examined, &first, ansatz, seed)?;
    }
    let found = match found {
        Some(found) => found,
        None => enclosed::search(examined, &first, ansatz, seed)?,
    };
    Ok(classify::sort(d, ansatz, found, seed))
}
