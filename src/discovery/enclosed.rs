//! The search in a loss with roots, exponentials or logarithms.
//!
//! What holds whatever the values of those functions are is found modulo primes. That there
//! is no more is proved: as many equations, enclosed by balls, have a matrix with an
//! approximate inverse. Where that does not succeed, all is eliminated in balls, at whatever
//! precision it takes: a pivot is a ball without 0, so the rank is at least the number of
//! pivots. That each symmetry is one is seen to many digits, at points of their own.

use super::arithmetic::Enclosed;
use super::exact::{At, Candidates, PATIENCE, candidates};
use super::examined::{Draw, Examined, Points};
use super::motion::{Ansatz, Unknowns, along};
use super::sparse::Sparse;
use super::tape::{Recorded, Tape};
use super::{DiscoveryError, Found, Proof, Rank, rank};
use crate::scalar::{Ball, Field, Rational, at_precision, working_precision};
use num_traits::Zero;
use rug::{Float, Integer};
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// Unknowns whose rank is proved in doubles.
pub(super) const MAX_UNKNOWNS: usize = 2000;
/// Unknowns that an elimination in balls is offered for.
pub(super) const MAX_ELIMINATED: usize = 300;
const FIRST_BITS: u32 = 192;
const MAX_BITS: u32 = 12_288;
/// Equations beyond the unknowns.
const MORE: usize = 8;
/// So many more where each smooth piece brings its own.
const MORE_OF_PIECES: usize = 128;
/// Points of the verification.
const CHECKS: usize = 16;
const CHECKS_OF_PIECES: usize = 200;
/// Bits to which a number has to be known before it is recognised.
const NARROW: i32 = 72;
/// Bits between what counts as 0 and what does not.
const GAP: u32 = 64;

struct Search<'a> {
    examined: &'a Examined<'a>,
    tape: Option<&'a Tape>,
    points: Points,
    pieces: BTreeSet<Vec<Ordering>>,
    turn: usize,
    /// Parameters with an influence at some point.
    active: BTreeSet<usize>,
}

impl<'a> Search<'a> {
    fn new(examined: &'a Examined<'a>, first: &'a Recorded, seed: u64) -> Self {
        Self {
            examined,
            tape: first.piece.is_empty().then_some(&first.tape),
            points: Points::new(seed),
            pieces: BTreeSet::new(),
            turn: 0,
            active: BTreeSet::new(),
        }
    }

    /// A gradient at a random point, at the working precision.
    fn next(&mut self) -> Result<At<Ball>, DiscoveryError> {
        let d = self.examined.parameters();
        for _ in 0..PATIENCE {
            let mut point = self.points.rationals(d, Draw::Small);
            match self.examined.samples() {
                Some(samples) => point.extend(samples[self.turn % samples.len()].iter().cloned()),
                None => point.extend(self.points.rationals(self.examined.data(), Draw::Small)),
            }
            let inputs: Vec<Ball> = point.iter().map(Ball::from_rational).collect();
            let gradient = match self.tape {
                Some(tape) => tape.gradient(&Enclosed, &inputs, d),
                None => self.examined.record(&point).and_then(|recorded| {
                    self.pieces.insert(recorded.piece);
                    recorded.tape.gradient(&Enclosed, &inputs, d)
                }),
            };
            if let Some(gradient) = gradient
                && gradient.iter().all(Ball::is_bounded)
            {
                let moving = (0..d).filter(|&i| !gradient[i].magnitude().is_zero());
                self.active.extend(moving);
                self.turn += 1;
                let theta = inputs.into_iter().take(d).collect();
                return Ok(At { gradient, theta });
            }
        }
        Err(DiscoveryError::NowhereSmooth)
    }
}

/// All motions of the ansatz that leave the loss unchanged.
pub(super) fn search(
    examined: &Examined<'_>,
    first: &Recorded,
    ansatz: Ansatz,
    seed: u64,
) -> Result<Found, DiscoveryError> {
    let everything = (0..examined.parameters()).collect();
    let unknowns = Unknowns::new(ansatz, examined.parameters(), everything).count();
    if unknowns > MAX_UNKNOWNS {
        return Err(DiscoveryError::TooManyEnclosed { unknowns });
    }
    let mut bits = FIRST_BITS;
    let mut active = BTreeSet::new();
    if let Some(candidates) = candidates(examined, first, ansatz, seed)? {
        let mut search = Search::new(examined, first, seed);
        let found = at_precision(bits, || confirm(&mut search, candidates))?;
        if let Some(found) = found {
            return Ok(found);
        }
        active = search.active;
    }
    while bits <= MAX_BITS {
        // The same points at each precision.
        let mut search = Search::new(examined, first, seed);
        search.active = active;
        if let Some(found) = at_precision(bits, || attempt(&mut search, ansatz))? {
            return Ok(found);
        }
        active = search.active;
        bits *= 2;
    }
    Err(DiscoveryError::Precision { bits: MAX_BITS })
}

/// Candidates that hold to many digits, and are as many as the rank leaves: the rank is
/// proved in doubles. `None` where that does not succeed.
fn confirm(
    search: &mut Search<'_>,
    candidates: Candidates,
) -> Result<Option<Found>, DiscoveryError> {
    let Candidates {
        motions,
        unknowns,
        pivots,
        equations,
    } = candidates;
    let d = search.examined.parameters();
    let samples = search.examined.samples().map_or(1, <[_]>::len);
    let smooth = search.tape.is_some();
    let more = MORE + 2 * samples + if smooth { 0 } else { MORE_OF_PIECES };
    let mut rows = Vec::with_capacity(pivots.len() + more);
    for _ in 0..pivots.len() + more {
        let at = search.next()?;
        let row = unknowns.equation(&Enclosed, &at.gradient, &at.theta);
        rows.push(
            pivots
                .iter()
                .map(|&k| row[k].clone())
                .collect::<Vec<Ball>>(),
        );
    }
    let Some(defect) = rank::inverse_defect(&rows) else {
        return Ok(None);
    };
    let zero = working_precision() / 2;
    let checks = if smooth { CHECKS } else { CHECKS_OF_PIECES } * samples;
    let active: BTreeSet<usize> = unknowns.active().iter().copied().collect();
    if !holds(search, &motions, checks, zero)? || !search.active.is_subset(&active) {
        return Ok(None);
    }
    Ok(Some(Found {
        motions,
        idle: (0..d).filter(|i| !active.contains(i)).collect(),
        unknowns: unknowns.count(),
        equations: equations + rows.len(),
        irrational: 0,
        proof: Proof::Digits {
            rank: pivots.len(),
            by: Rank::Inverse { defect },
            zero,
            checks,
            pieces: search.pieces.len(),
        },
    }))
}

/// Do all of these leave the loss unchanged, to so many bits, at points of their own?
fn holds(
    search: &mut Search<'_>,
    motions: &[Sparse],
    checks: usize,
    bits: u32,
) -> Result<bool, DiscoveryError> {
    for _ in 0..checks {
        let at = search.next()?;
        let scale = at.gradient.iter().map(Ball::magnitude);
        let scale = scale.fold(Float::new(64), |a, b| a.max(&b));
        let tiny = Float::with_val(64, &scale >> bits);
        let fails = |motion: &Sparse| {
            along(&Enclosed, motion, &at.gradient, &at.theta)
                .is_none_or(|defect| defect.magnitude() > tiny)
        };
        if motions.iter().any(fails) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// `None` where the working precision does not decide.
fn attempt(search: &mut Search<'_>, ansatz: Ansatz) -> Result<Option<Found>, DiscoveryError> {
    let d = search.examined.parameters();
    let samples = search.examined.samples().map_or(1, <[_]>::len);
    for _ in 0..MORE.max(2 * samples) {
        search.next()?;
    }
    let active = search.active.clone();
    let unknowns = Unknowns::new(ansatz, d, active.iter().copied().collect());
    let count = unknowns.count();
    if count > MAX_ELIMINATED {
        return Err(DiscoveryError::Undecided { unknowns: count });
    }
    let smooth = search.tape.is_some();
    let extra = MORE + 2 * samples + if smooth { 0 } else { MORE_OF_PIECES };
    let mut rows = Vec::with_capacity(count + extra);
    for _ in 0..count + extra {
        let at = search.next()?;
        rows.push(unknowns.equation(&Enclosed, &at.gradient, &at.theta));
    }
    let equations = rows.len();
    let Some(reduced) = Reduced::of(rows, count) else {
        return Ok(None);
    };
    let mut motions: Vec<Sparse> = Vec::new();
    let mut irrational = 0;
    for free in reduced.free() {
        let mut entries = Sparse::new();
        let mut rational = true;
        for (k, ball) in reduced.solution(free).iter().enumerate() {
            match recognise(ball) {
                Entry::Rational(x) if x == 0 => {}
                Entry::Rational(x) => entries.push((k, x)),
                Entry::Irrational => rational = false,
                Entry::Wide => return Ok(None),
            }
        }
        if rational {
            motions.push(unknowns.motion(&entries));
        } else {
            irrational += 1;
        }
    }
    // Half of the digits have to vanish.
    let zero = working_precision() / 2;
    let checks = if smooth { CHECKS } else { CHECKS_OF_PIECES } * samples;
    if !holds(search, &motions, checks, zero)? {
        return Ok(None);
    }
    // A piece that was met late moves what seemed idle.
    if search.active != active {
        return Ok(None);
    }
    let proof = Proof::Digits {
        rank: reduced.pivots.len(),
        by: Rank::Pivots {
            bits: working_precision(),
            gap: reduced.gap,
        },
        zero,
        checks,
        pieces: search.pieces.len(),
    };
    Ok(Some(Found {
        motions,
        idle: (0..d).filter(|i| !active.contains(i)).collect(),
        unknowns: count,
        equations,
        irrational,
        proof,
    }))
}

/// An echelon form: rows that lead with a ball without 0.
struct Reduced {
    rows: Vec<Vec<Ball>>,
    pivots: Vec<usize>,
    columns: usize,
    /// The bits between the smallest pivot and the largest that counts as 0.
    gap: i64,
}

impl Reduced {
    fn of(mut rows: Vec<Vec<Ball>>, columns: usize) -> Option<Self> {
        // Each equation to the length 1, by a power of two.
        for row in &mut rows {
            let largest = row.iter().map(Ball::magnitude);
            let largest = largest.fold(Float::new(64), |a, b| a.max(&b));
            let exponent = largest.get_exp().unwrap_or(0);
            for x in row.iter_mut() {
                *x = x.scale_by_power_of_two(-exponent);
            }
        }
        let mut pivots: Vec<usize> = Vec::new();
        let mut smallest: Option<i32> = None;
        let mut discarded: Option<i32> = None;
        for column in 0..columns {
            let rank = pivots.len();
            let best = (rank..rows.len()).max_by(|&i, &j| {
                let [a, b] = [i, j].map(|i| rows[i][column].mignitude());
                a.total_cmp(&b)
            });
            let Some(best) = best else { break };
            let size = rows[best][column].mignitude();
            if size.is_zero() {
                let left = rows[rank..].iter().map(|row| row[column].magnitude());
                let left = left.fold(Float::new(64), |a, b| a.max(&b));
                discarded = discarded.max(left.get_exp());
                continue;
            }
            smallest = match (smallest, size.get_exp()) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
            rows.swap(rank, best);
            let (head, tail) = rows.split_at_mut(rank + 1);
            let own = &head[rank];
            for row in tail {
                if row[column].magnitude().is_zero() {
                    continue;
                }
                let factor = row[column].clone() / &own[column];
                for k in column + 1..columns {
                    row[k] = row[k].clone() - factor.clone() * &own[k];
                }
                row[column] = Ball::zero();
            }
            pivots.push(column);
        }
        let smallest = smallest.unwrap_or(0);
        let gap = discarded.map_or(i64::from(working_precision()), |d| {
            i64::from(smallest) - i64::from(d)
        });
        rows.truncate(pivots.len());
        (gap >= i64::from(GAP)).then_some(Self {
            rows,
            pivots,
            columns,
            gap,
        })
    }

    fn free(&self) -> impl Iterator<Item = usize> + '_ {
        (0..self.columns).filter(|column| self.pivots.binary_search(column).is_err())
    }

    /// The solution with 1 at one free column and 0 at the others.
    fn solution(&self, free: usize) -> Vec<Ball> {
        let mut solution = vec![Ball::zero(); self.columns];
        solution[free] = Ball::from_int(1);
        for (row, &pivot) in self.rows.iter().zip(&self.pivots).rev() {
            if pivot > free {
                continue;
            }
            let mut sum = Ball::zero();
            for k in pivot + 1..=free {
                if !solution[k].is_zero() {
                    sum += row[k].clone() * &solution[k];
                }
            }
            solution[pivot] = -sum / &row[pivot];
        }
        solution
    }
}

/// What a ball says of the number in it.
enum Entry {
    Rational(Rational),
    /// No rational with few digits for the width of the ball.
    Irrational,
    /// The ball is too wide to tell.
    Wide,
}

/// The only rational in the ball with few digits for its width.
fn recognise(ball: &Ball) -> Entry {
    let width = ball.width();
    let exponent = |x: &Float| x.get_exp().unwrap_or(i32::MIN / 2);
    if exponent(&width) > -NARROW {
        return Entry::Wide;
    }
    if ball.contains_zero() {
        return Entry::Rational(Rational::new());
    }
    let ends = ball.lower().to_rational().zip(ball.upper().to_rational());
    let Some((lower, upper)) = ends else {
        return Entry::Wide;
    };
    let width = Rational::from(&upper - &lower);
    let simplest = simplest(&lower, &upper);
    // Rationals with denominators up to q are 1/q² apart: chance would need 2⁻³² of that.
    let own = Rational::from((1, Integer::from(simplest.denom() * simplest.denom())));
    if (width << 32u32) < own {
        Entry::Rational(simplest)
    } else {
        Entry::Irrational
    }
}

/// The rational with the smallest denominator between two of the same sign.
fn simplest(lower: &Rational, upper: &Rational) -> Rational {
    if *upper < 0 {
        let [lower, upper] = [upper, lower].map(|q| Rational::from(-q));
        return -simplest(&lower, &upper);
    }
    // Continued fractions, as long as both ends share their digits.
    let (mut lower, mut upper) = (lower.clone(), upper.clone());
    let mut digits: Vec<Integer> = Vec::new();
    let last = loop {
        let whole = lower.clone().ceil();
        if whole <= upper {
            break whole;
        }
        let digit = lower.clone().floor();
        let inner = Rational::from(&upper - &digit).recip();
        let outer = Rational::from(&lower - &digit);
        digits.push(digit.into_numer_denom().0);
        // The lower end is no whole number here.
        upper = outer.recip();
        lower = inner;
    };
    digits.iter().rev().fold(last, |x, digit| x.recip() + digit)
}
