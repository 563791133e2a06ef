//! The search in a loss of rational operations: elimination modulo primes, rationals from
//! the residues, and each symmetry verified in exact arithmetic at points of its own.
//!
//! Every symmetry solves every equation, so none is missed, whatever the points and the
//! primes. That what is found is a symmetry everywhere has the probability of Schwartz and
//! Zippel: a polynomial of degree D that is not 0 vanishes at a point drawn from Sⁿ with
//! probability at most D/|S|.

use super::arithmetic::{Exact, Modular};
use super::elimination::{Elimination, primes};
use super::examined::{BITS, Draw, Examined, Points};
use super::lift::Residues;
use super::motion::{Ansatz, Unknowns, along};
use super::sparse::Sparse;
use super::tape::{Recorded, Tape};
use super::{DiscoveryError, Found, MAX_UNKNOWNS, Proof};
use crate::scalar::Rational;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// Equations that are added at once.
const BATCH: usize = 64;
/// Equations that have to follow from those before them until no more are looked at.
const ENOUGH: usize = 24;
/// So many more where each smooth piece brings its own.
const ENOUGH_OF_PIECES: usize = 128;
/// Points without a gradient, one after the other, until the loss is given up.
pub(super) const PATIENCE: usize = 400;
/// Primes that are tried.
const PRIMES: usize = 48;
/// The largest degree.
pub(super) const MAX_DEGREE: f64 = 1e4;
/// Points where each parameter without an influence is looked at first.
const GLANCES: usize = 16;
/// Points of the verification, of a loss in pieces.
const CHECKS_OF_PIECES: usize = 200;
/// Pieces that are looked at again.
const WITNESSES: usize = 4096;
/// Bits of the probability of an error that the verification stays below.
const CERTAINTY: f64 = 100.0;

/// A gradient at a point.
pub(super) struct At<N> {
    pub(super) gradient: Vec<N>,
    pub(super) theta: Vec<N>,
}

struct Search<'a> {
    examined: &'a Examined<'a>,
    /// The operations, where there is but one piece.
    tape: Option<&'a Tape>,
    points: Points,
    /// How points are drawn where there are pieces.
    draw: Draw,
    pieces: BTreeSet<Vec<Ordering>>,
    /// A point in each of the pieces.
    witnesses: Vec<Vec<Rational>>,
    /// Samples are taken in turn.
    turn: usize,
    /// Was a piece met that is not rational?
    irrational: bool,
}

impl<'a> Search<'a> {
    fn new(examined: &'a Examined<'a>, first: &'a Recorded, draw: Draw, seed: u64) -> Self {
        Self {
            examined,
            tape: first.piece.is_empty().then_some(&first.tape),
            points: Points::new(seed),
            draw,
            pieces: BTreeSet::new(),
            witnesses: Vec::new(),
            turn: 0,
            irrational: false,
        }
    }

    fn sample(&self) -> Option<Vec<Rational>> {
        let samples = self.examined.samples()?;
        samples.get(self.turn % samples.len()).cloned()
    }

    /// A whole point: θ and a sample. Where there are pieces, half of the points are close to
    /// one that is known to be in a piece: a rare one is seldom met otherwise.
    fn point(&mut self, draw: Draw) -> Vec<Rational> {
        if !self.witnesses.is_empty() && self.points.below(2) == 0 {
            let which = self.points.below(self.witnesses.len() as u64) as usize;
            let mut point = self.points.near(&self.witnesses[which]);
            if let Some(sample) = self.sample() {
                point.truncate(self.examined.parameters());
                point.extend(sample);
            }
            return point;
        }
        let mut point = self.points.rationals(self.examined.parameters(), draw);
        let sample = match self.sample() {
            Some(sample) => sample,
            None => self.points.rationals(self.examined.data(), draw),
        };
        point.extend(sample);
        point
    }

    fn modular(&mut self, field: Modular) -> Result<At<u64>, DiscoveryError> {
        let d = self.examined.parameters();
        for _ in 0..PATIENCE {
            let inputs = if self.tape.is_some() && self.examined.samples().is_none() {
                let count = d + self.examined.data();
                Some(self.points.residues(count, field.prime))
            } else if self.tape.is_some() {
                let mut inputs = self.points.residues(d, field.prime);
                let sample = self.sample().unwrap_or_default();
                let rest: Option<Vec<u64>> = sample.iter().map(|q| field.of(q)).collect();
                rest.map(|rest| {
                    inputs.extend(rest);
                    inputs
                })
            } else {
                None
            };
            let at = match (self.tape, inputs) {
                (Some(tape), Some(inputs)) => tape
                    .gradient(&field, &inputs, d)
                    .map(|gradient| (gradient, inputs)),
                (Some(_), None) => None,
                (None, _) => {
                    let point = self.point(self.draw);
                    self.piece(&point).and_then(|tape| {
                        let inputs: Option<Vec<u64>> = point.iter().map(|q| field.of(q)).collect();
                        let inputs = inputs?;
                        Some((tape.gradient(&field, &inputs, d)?, inputs))
                    })
                }
            };
            if let Some((gradient, mut theta)) = at {
                theta.truncate(d);
                self.turn += 1;
                return Ok(At { gradient, theta });
            }
        }
        Err(DiscoveryError::NowhereSmooth)
    }

    /// The operations of the piece at a point.
    fn piece(&mut self, point: &[Rational]) -> Option<Tape> {
        let Recorded { tape, piece } = self.examined.record(point)?;
        if self.pieces.insert(piece) && self.witnesses.len() < WITNESSES {
            self.witnesses.push(point.to_vec());
        }
        self.irrational |= !tape.is_rational();
        Some(tape)
    }

    fn exact(&mut self) -> Result<At<Rational>, DiscoveryError> {
        let d = self.examined.parameters();
        let draw = if self.tape.is_some() {
            Draw::Integers
        } else {
            self.draw
        };
        for _ in 0..PATIENCE {
            let mut point = self.point(draw);
            let gradient = match self.tape {
                Some(tape) => tape.gradient(&Exact, &point, d),
                None => self
                    .piece(&point)
                    .and_then(|tape| tape.gradient(&Exact, &point, d)),
            };
            if let Some(gradient) = gradient {
                point.truncate(d);
                self.turn += 1;
                return Ok(At {
                    gradient,
                    theta: point,
                });
            }
        }
        Err(DiscoveryError::NowhereSmooth)
    }
}

/// All motions of the ansatz that leave the loss unchanged; `None` where a piece of the loss is
/// not rational.
pub(super) fn search(
    examined: &Examined<'_>,
    first: &Recorded,
    ansatz: Ansatz,
    seed: u64,
) -> Result<Option<Found>, DiscoveryError> {
    let mut search = Search::new(examined, first, Draw::Scales, seed);
    let found = run(&mut search, first, ansatz);
    if search.irrational {
        return Ok(None);
    }
    found.map(Some)
}

/// The solutions modulo one prime.
struct Solved {
    unknowns: Unknowns,
    solutions: Vec<Vec<(usize, u64)>>,
    pivots: Vec<usize>,
    equations: usize,
}

/// Adds equations until `enough` of them say nothing new.
fn solve(
    search: &mut Search<'_>,
    active: &mut BTreeSet<usize>,
    ansatz: Ansatz,
    prime: u64,
    enough: usize,
) -> Result<Solved, DiscoveryError> {
    let d = search.examined.parameters();
    let samples = search.examined.samples().map_or(1, <[_]>::len);
    let field = Modular { prime };
    for _ in 0..GLANCES.max(2 * samples) {
        let at = search.modular(field)?;
        active.extend((0..d).filter(|&i| at.gradient[i] != 0));
    }
    let unknowns = Unknowns::new(ansatz, d, active.iter().copied().collect());
    if unknowns.count() > MAX_UNKNOWNS {
        return Err(DiscoveryError::TooMany {
            unknowns: unknowns.count(),
        });
    }
    let mut elimination = Elimination::new(prime, unknowns.count());
    let (mut followed, mut equations) = (0, 0);
    while elimination.nullity() > 0 && followed < enough + 2 * samples {
        let mut rows = Vec::with_capacity(BATCH);
        for _ in 0..BATCH {
            let at = search.modular(field)?;
            rows.push(unknowns.equation(&field, &at.gradient, &at.theta));
        }
        equations += BATCH;
        let last = elimination.add(&rows);
        followed = if last == BATCH { followed + last } else { last };
    }
    Ok(Solved {
        unknowns,
        solutions: elimination.solutions(),
        pivots: elimination.pivots(),
        equations,
    })
}

/// Solutions modulo several primes, to be lifted to the rationals.
#[derive(Default)]
struct Lift {
    known: Option<(Vec<Vec<usize>>, Residues)>,
}

impl Lift {
    /// The motions, where the primes so far determine their numbers.
    fn add(&mut self, prime: u64, solved: &Solved) -> Option<Vec<Sparse>> {
        let places = |s: &Vec<(usize, u64)>| s.iter().map(|(k, _)| *k).collect();
        let support: Vec<Vec<usize>> = solved.solutions.iter().map(places).collect();
        let values = || solved.solutions.iter().flatten().map(|(_, x)| *x);
        // An unlucky prime has more solutions, or entries that it divides.
        match &mut self.known {
            Some((own, residues)) if *own == support => residues.join(prime, values()),
            known => *known = Some((support, Residues::new(prime, values()))),
        }
        let (support, residues) = self.known.as_ref()?;
        let mut numbers = residues.rationals()?.into_iter();
        let motion = |places: &Vec<usize>| {
            let solution: Sparse = places.iter().copied().zip(&mut numbers).collect();
            solved.unknowns.motion(&solution)
        };
        Some(support.iter().map(motion).collect())
    }
}

/// What is likely to be all symmetries of a loss with roots, exponentials or logarithms.
pub(super) struct Candidates {
    pub(super) motions: Vec<Sparse>,
    pub(super) unknowns: Unknowns,
    /// As many columns as the rank, which are likely to be independent.
    pub(super) pivots: Vec<usize>,
    pub(super) equations: usize,
}

/// The symmetries that hold whatever the values of exponentials and logarithms are, which
/// are hardly ever fewer than all; `None` where nothing is found that way.
pub(super) fn candidates(
    examined: &Examined<'_>,
    first: &Recorded,
    ansatz: Ansatz,
    seed: u64,
) -> Result<Option<Candidates>, DiscoveryError> {
    let mut search = Search::new(examined, first, Draw::Small, seed);
    let smooth = search.tape.is_some();
    let enough = ENOUGH + if smooth { 0 } else { ENOUGH_OF_PIECES };
    let mut active = BTreeSet::new();
    let mut lift = Lift::default();
    let mut primes = primes().take(PRIMES).peekable();
    while let Some(prime) = primes.next() {
        let solved = match solve(&mut search, &mut active, ansatz, prime, enough) {
            Ok(solved) => solved,
            // Too many roots for one point to have all of them modulo p.
            Err(DiscoveryError::NowhereSmooth) => return Ok(None),
            Err(error) => return Err(error),
        };
        let (Some(motions), Some(&next)) = (lift.add(prime, &solved), primes.peek()) else {
            continue;
        };
        let field = Modular { prime: next };
        let mut holds = true;
        for _ in 0..GLANCES {
            let Ok(at) = search.modular(field) else {
                return Ok(None);
            };
            holds &= motions.iter().all(|motion| {
                along(&field, motion, &at.gradient, &at.theta).is_none_or(|x| x == 0)
            });
        }
        if holds {
            return Ok(Some(Candidates {
                motions,
                unknowns: solved.unknowns,
                pivots: solved.pivots,
                equations: solved.equations,
            }));
        }
    }
    Ok(None)
}

fn run(search: &mut Search<'_>, first: &Recorded, ansatz: Ansatz) -> Result<Found, DiscoveryError> {
    let examined = search.examined;
    let d = examined.parameters();
    let variables = if examined.samples().is_some() {
        d
    } else {
        d + examined.data()
    };
    let degree = first.tape.degree(variables);
    // ∇ℓ·J over the square of the denominator.
    let degree = degree.numerator + degree.denominator;
    if degree.is_nan() || degree > MAX_DEGREE {
        return Err(DiscoveryError::Degree {
            limit: MAX_DEGREE as u64,
        });
    }
    let smooth = first.piece.is_empty();
    let samples = examined.samples().map_or(1, <[_]>::len);
    let mut enough = ENOUGH + if smooth { 0 } else { ENOUGH_OF_PIECES };
    let mut active: BTreeSet<usize> = BTreeSet::new();
    let mut lift = Lift::default();
    let mut equations = 0;
    for prime in primes().take(PRIMES) {
        let solved = solve(search, &mut active, ansatz, prime, enough)?;
        equations += solved.equations;
        let Some(motions) = lift.add(prime, &solved) else {
            continue;
        };
        // The bits of one point, where the denominators' zeros were drawn again.
        let bits = f64::from(BITS) - 1.0 - libm::log2(degree.max(1.0));
        let claims = (motions.len() + d - active.len()).max(1) as f64;
        let checks = if smooth {
            libm::ceil((CERTAINTY + libm::log2(claims)) / bits) as usize
        } else {
            CHECKS_OF_PIECES
        };
        match verify(search, &motions, &active, checks * samples)? {
            Verdict::Held => {
                let proof = if smooth {
                    Proof::Polynomial {
                        degree: degree as u64,
                        checks,
                        error: libm::log10(claims)
                            - bits * checks as f64 * std::f64::consts::LOG10_2,
                    }
                } else {
                    Proof::Pieces {
                        pieces: search.pieces.len(),
                        checks: checks * samples,
                    }
                };
                return Ok(Found {
                    motions,
                    idle: (0..d).filter(|i| !active.contains(i)).collect(),
                    unknowns: solved.unknowns.count(),
                    equations,
                    irrational: 0,
                    proof,
                });
            }
            Verdict::Active(parameters) => {
                active.extend(parameters);
                lift = Lift::default();
            }
            Verdict::Failed => enough *= 2,
        }
    }
    Err(DiscoveryError::Unverified)
}

enum Verdict {
    Held,
    /// These have an influence after all.
    Active(Vec<usize>),
    Failed,
}

fn verify(
    search: &mut Search<'_>,
    motions: &[Sparse],
    active: &BTreeSet<usize>,
    checks: usize,
) -> Result<Verdict, DiscoveryError> {
    for _ in 0..checks {
        let at = search.exact()?;
        let moving = (0..at.theta.len()).filter(|i| at.gradient[*i] != 0 && !active.contains(i));
        let moving: Vec<usize> = moving.collect();
        if !moving.is_empty() {
            return Ok(Verdict::Active(moving));
        }
        let holds = |motion: &Sparse| {
            along(&Exact, motion, &at.gradient, &at.theta).is_some_and(|x| x == 0)
        };
        if !motions.iter().all(holds) {
            return Ok(Verdict::Failed);
        }
    }
    Ok(Verdict::Held)
}
