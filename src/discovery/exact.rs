//! The search in a loss of rational operations: elimination modulo primes, rationals from
//! the residues, and each symmetry verified in exact arithmetic at points of its own.
//!
//! Every symmetry solves every equation, so none is missed, whatever the points and the
//! primes. That what is found is a symmetry everywhere has the probability of Schwartz and
//! Zippel: a polynomial of degree D that is not 0 vanishes at a point drawn from Sⁿ with
//! probability at most D/|S|.

use super::arithmetic::{Exact, Modular};
use super::elimination::{Elimination, primes};
use super::lift::Residues;
use super::motion::{Ansatz, Unknowns, along};
use super::sparse::Sparse;
use super::subject::{BITS, Draw, Points, Subject};
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
/// Bits of the probability of an error that the verification stays below.
const CERTAINTY: f64 = 100.0;

/// A gradient at a point.
pub(super) struct At<N> {
    pub(super) gradient: Vec<N>,
    pub(super) theta: Vec<N>,
}

struct Search<'a> {
    subject: &'a Subject<'a>,
    /// The operations, where there is but one piece.
    tape: Option<&'a Tape>,
    points: Points,
    pieces: BTreeSet<Vec<Ordering>>,
    /// Samples are taken in turn.
    turn: usize,
    /// Was a piece met that is not rational?
    irrational: bool,
}

impl Search<'_> {
    fn sample(&self) -> Option<Vec<Rational>> {
        let samples = self.subject.samples()?;
        samples.get(self.turn % samples.len()).cloned()
    }

    /// A whole point: θ and a sample.
    fn point(&mut self, draw: Draw) -> Vec<Rational> {
        let mut point = self.points.rationals(self.subject.parameters(), draw);
        let sample = match self.sample() {
            Some(sample) => sample,
            None => self.points.rationals(self.subject.data(), draw),
        };
        point.extend(sample);
        point
    }

    fn modular(&mut self, field: Modular) -> Result<At<u64>, DiscoveryError> {
        let d = self.subject.parameters();
        for _ in 0..PATIENCE {
            let inputs = if self.tape.is_some() && self.subject.samples().is_none() {
                let count = d + self.subject.data();
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
                    let point = self.point(Draw::Scales);
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
        let Recorded { tape, piece } = self.subject.record(point)?;
        self.pieces.insert(piece);
        self.irrational |= !tape.is_rational();
        Some(tape)
    }

    fn exact(&mut self) -> Result<At<Rational>, DiscoveryError> {
        let d = self.subject.parameters();
        let draw = if self.tape.is_some() {
            Draw::Integers
        } else {
            Draw::Scales
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
    subject: &Subject<'_>,
    first: &Recorded,
    ansatz: Ansatz,
    seed: u64,
) -> Result<Option<Found>, DiscoveryError> {
    let mut search = Search {
        subject,
        tape: first.piece.is_empty().then_some(&first.tape),
        points: Points::new(seed),
        pieces: BTreeSet::new(),
        turn: 0,
        irrational: false,
    };
    let found = run(&mut search, first, ansatz);
    if search.irrational {
        return Ok(None);
    }
    found.map(Some)
}

fn run(search: &mut Search<'_>, first: &Recorded, ansatz: Ansatz) -> Result<Found, DiscoveryError> {
    let subject = search.subject;
    let d = subject.parameters();
    let variables = if subject.samples().is_some() {
        d
    } else {
        d + subject.data()
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
    let samples = subject.samples().map_or(1, <[_]>::len);
    let mut enough = ENOUGH + if smooth { 0 } else { ENOUGH_OF_PIECES };
    let mut active: BTreeSet<usize> = BTreeSet::new();
    let mut lifted: Option<(Vec<Vec<usize>>, Residues)> = None;
    let mut equations = 0;
    for prime in primes().take(PRIMES) {
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
        let mut followed = 0;
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
        let solutions = elimination.solutions();
        let support: Vec<Vec<usize>> = solutions
            .iter()
            .map(|s| s.iter().map(|(k, _)| *k).collect())
            .collect();
        let values = || solutions.iter().flatten().map(|(_, x)| *x);
        // An unlucky prime has more solutions, or entries that it divides.
        match &mut lifted {
            Some((own, residues)) if *own == support => residues.join(prime, values()),
            _ => lifted = Some((support, Residues::new(prime, values()))),
        }
        let Some((support, residues)) = &lifted else {
            continue;
        };
        let Some(numbers) = residues.rationals() else {
            continue;
        };
        let mut numbers = numbers.into_iter();
        let motions: Vec<Sparse> = support
            .iter()
            .map(|places| {
                let solution: Sparse = places.iter().copied().zip(&mut numbers).collect();
                unknowns.motion(&solution)
            })
            .collect();
        let at_random = |n: f64| 1.0 + libm::log2(n.max(1.0)) - f64::from(BITS);
        let bits = -at_random(degree);
        let claims = motions.len() + d - active.len();
        let wanted = CERTAINTY + libm::log2(claims.max(1) as f64);
        let checks = if smooth {
            libm::ceil(wanted / bits) as usize
        } else {
            CHECKS_OF_PIECES
        };
        match verify(search, &motions, &active, checks * samples)? {
            Verdict::Held => {
                let proof = if smooth {
                    Proof::Polynomial {
                        degree: degree as u64,
                        checks,
                        error: libm::log10(claims.max(1) as f64)
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
                    unknowns: unknowns.count(),
                    equations,
                    irrational: 0,
                    proof,
                });
            }
            Verdict::Active(parameters) => {
                active.extend(parameters);
                lifted = None;
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
