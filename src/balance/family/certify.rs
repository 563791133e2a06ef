//! Certified solution for a family, to any number of digits.

use super::enclose::enclose_minimiser;
use super::parts::{Part, parts};
use super::source::{EnclosedFamily, FamilySource, combine};
use super::{Existence, Exponential, Potential};
use crate::balance::line::root;
use crate::balance::powers::Rate;
use crate::balance::refine::{CertifyError, Gap, bits_of, checked, largest, refine};
use crate::balance::vanishing::charge_vanishes;
use crate::balance::{Spectrum, Strength, Term};
use crate::scalar::{Ball, Field, Rational, Scalar, at_precision, sum};
use crate::symmetry::Eigenspaces;
use num_traits::Zero;
use rug::{Float, Integer};

/// Where the potential of a family has its minimum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FamilyStatus<T> {
    /// At one point, up to the flat directions (none for a unique one).
    Bounded {
        /// A basis of the directions along which Φ is constant.
        flat: Vec<Vec<Rational>>,
        /// The minimiser orthogonal to them.
        solution: T,
    },
    /// Nowhere: Φ falls for ever along this direction.
    Unbounded {
        /// u, certified: no live term grows along it and one falls.
        direction: Vec<Rational>,
    },
}

impl<T> FamilyStatus<T> {
    /// The name in the file format.
    pub fn status(&self) -> &'static str {
        match self {
            Self::Bounded { flat, .. } if flat.is_empty() => "finite",
            Self::Bounded { .. } => "degenerate",
            Self::Unbounded { .. } => "unbounded",
        }
    }
}

/// The equilibrium of a family, every number enclosed.
#[derive(Clone, Debug)]
pub struct CertifiedFamily {
    /// λ\*, m numbers.
    pub lambda: Vec<Ball>,
    /// C_i(θ\*), m numbers.
    pub charge: Vec<Ball>,
    /// Φ(λ\*).
    pub potential: Ball,
    /// The joint eigen-spaces with their m rates each, where these are irrational.
    pub(crate) spaces: Option<(Eigenspaces, Vec<Vec<Ball>>)>,
}

/// Bits beyond a multiple of what the digits take.
const MAX_EXTRA_BITS: u32 = 32_768;

/// Solves ∇Φ = 0 for a family and encloses the answer, each number with relative width
/// at most 10^{−digits}.
///
/// For rational rates the family is solved part by part, and the status of each is decided
/// exactly ([`Existence`]). For irrational ones an enclosed zero of ∇Φ proves that there is
/// a minimum (Φ is convex), and a rational direction of recession, decided exactly, that
/// there is none.
///
/// # Errors
/// [`CertifyError`] when a number leaves the exponent range or needs more working
/// precision than is offered; also where irrational rates have 0 on the very boundary of
/// their hull and no rational direction shows it.
pub fn certify_family(
    source: &FamilySource,
    strength: &Strength<Rational>,
    digits: u32,
) -> Result<FamilyStatus<CertifiedFamily>, CertifyError> {
    certify_family_and(source, strength, digits, Ok)
}

/// The same, and what else follows from the solution: `follow` may find that it takes more
/// bits.
pub(crate) fn certify_family_and<T>(
    source: &FamilySource,
    strength: &Strength<Rational>,
    digits: u32,
    mut follow: impl FnMut(CertifiedFamily) -> Result<T, Gap>,
) -> Result<FamilyStatus<T>, CertifyError> {
    source.check_signs()?;
    let wanted = bits_of(digits);
    let most = wanted.saturating_mul(8).saturating_add(MAX_EXTRA_BITS);
    match source {
        FamilySource::Exact { members, spectrum } => {
            let undecided = CertifyError::Precision {
                field: "spectrum",
                bits: 0,
            };
            let potential = Potential::of(spectrum, strength).ok_or(undecided)?;
            let parts = parts(&potential.terms, *members);
            for part in &parts {
                if let Some(direction) = part.recession() {
                    let direction = part.embedded(direction, *members);
                    return Ok(FamilyStatus::Unbounded { direction });
                }
            }
            let start = source.start(strength).balance;
            let solution = refine(wanted + 64, most, |bits| {
                let mut lambda = vec![Ball::zero(); *members];
                for part in &parts {
                    let found = part.solve(&start, bits).ok_or(Gap::Undecided("lambda"))?;
                    part.members
                        .iter()
                        .zip(found)
                        .for_each(|(&i, x)| lambda[i] = x);
                }
                let vanishes = |i: usize| {
                    let alone = |part: &Part| part.members == [i] && !strength.gamma().is_zero();
                    parts.iter().any(alone) && charge_vanishes(&along(spectrum, i), strength)
                };
                follow(certified(
                    spectrum, lambda, strength, vanishes, None, digits,
                )?)
            })?;
            let flat = parts.iter().flat_map(|part| {
                let own = part.flat.iter().cloned();
                own.map(|u| part.embedded(u, *members))
            });
            let mut flat: Vec<Vec<Rational>> = flat.collect();
            // As exact elimination of all terms at once would order them.
            flat.sort_by_key(|u| u.iter().rposition(|x| !x.is_zero()));
            Ok(FamilyStatus::Bounded { flat, solution })
        }
        FamilySource::Blocks(blocks) => {
            let (flat, span) = source.flat_directions(strength);
            let balanced = source.start(strength).balance.iter().all(Zero::is_zero);
            let mut attempts = 0..;
            refine(wanted + wanted / 2 + 192, most, |bits| {
                let undecided = || Gap::Undecided("spectrum");
                let count = attempts.next().unwrap_or_default();
                let EnclosedFamily { spectrum, spaces } =
                    blocks.enclose(count).ok_or_else(undecided)?;
                let enclosed_strength = strength.map(Ball::from_rational);
                let potential =
                    Potential::of(&spectrum, &enclosed_strength).ok_or_else(undecided)?;
                let lambda = if balanced {
                    vec![Ball::zero(); source.members()]
                } else {
                    match enclose_minimiser(&reduce(&potential.terms, &span), bits) {
                        Some(y) => combine(&span, &y, source.members()),
                        None => {
                            let direction = recession(source, strength, &potential);
                            let direction = direction.ok_or(Gap::Undecided("lambda"))?;
                            return Ok(FamilyStatus::Unbounded { direction });
                        }
                    }
                };
                let found =
                    certified(&spectrum, lambda, strength, |_| false, Some(spaces), digits)?;
                Ok(FamilyStatus::Bounded {
                    flat: flat.clone(),
                    solution: follow(found)?,
                })
            })
        }
    }
}

/// The spectrum of one generator of a family.
fn along(spectrum: &Spectrum<Rational, Vec<Rational>>, i: usize) -> Spectrum<Rational> {
    Spectrum::merged(spectrum.terms().iter().map(|t| Term {
        rate: t.rate[i].clone(),
        noise: t.noise.clone(),
        charge: t.charge.clone(),
    }))
}

impl Part {
    /// A vector over the members as one over the whole family.
    fn embedded(&self, own: Vec<Rational>, members: usize) -> Vec<Rational> {
        let mut whole = vec![Rational::new(); members];
        self.members
            .iter()
            .zip(own)
            .for_each(|(&i, x)| whole[i] = x);
        whole
    }

    /// The minimiser orthogonal to the flat directions; `start` is the balance of the whole
    /// family at λ = 0.
    fn solve(&self, start: &[Rational], bits: u32) -> Option<Vec<Ball>> {
        if self.members.iter().all(|&i| start[i].is_zero()) {
            return Some(vec![Ball::zero(); self.members.len()]);
        }
        let reduced = reduce(&self.terms, &self.span);
        let y = match self.span.len() {
            1 => vec![zero_of_sum(&reduced, bits)?],
            _ => enclose_minimiser(&reduced, bits)?,
        };
        Some(combine(&self.span, &y, self.members.len()))
    }
}

/// Potential and charges at λ, each number to its digits; `vanishes` tells of a charge that
/// it is exactly 0.
fn certified<R: Rate>(
    spectrum: &Spectrum<R, Vec<R>>,
    lambda: Vec<Ball>,
    strength: &Strength<Rational>,
    vanishes: impl Fn(usize) -> bool,
    spaces: Option<(Eigenspaces, Vec<Vec<Ball>>)>,
    digits: u32,
) -> Result<CertifiedFamily, Gap> {
    let size = largest(&lambda);
    let lambda = lambda.into_iter();
    let lambda = lambda.map(|x| checked("lambda", x, Some(&size), digits));
    let lambda: Vec<Ball> = lambda.collect::<Result<_, _>>()?;
    let decay = Rational::from(strength.gamma() * 2);
    let mut potential = Ball::zero();
    let mut charge = vec![Ball::zero(); lambda.len()];
    let mut scale = vec![Float::new(53); lambda.len()];
    // G_i = 0 makes C_i exactly 0 where there is decay and no noise moves C_i.
    let mut is_still = vec![!strength.gamma().is_zero(); lambda.len()];
    for term in spectrum.terms() {
        let live = || {
            term.rate
                .iter()
                .zip(&lambda)
                .enumerate()
                .filter(|(_, (w, _))| !w.is_zero())
        };
        let exponent = sum(live().map(|(_, (w, x))| w.times(x))).scale_by_power_of_two(1);
        if !term.noise.is_zero() && !strength.sigma2().is_zero() {
            let noise = term.noise.times(&(-exponent.clone()).exp());
            potential += noise.times_rational(strength.sigma2());
            live().for_each(|(i, _)| is_still[i] = false);
        }
        if !term.charge.is_zero() {
            let own = term.charge.times(&exponent.exp());
            for (i, (w, _)) in live() {
                let part = w.times(&own);
                scale[i] += part.magnitude();
                charge[i] += part;
            }
            potential += own.times_rational(&decay);
        }
    }
    let potential = checked("potential.after", potential, None, digits)?;
    let charge = charge.into_iter().enumerate().map(|(i, x)| {
        if !scale[i].is_finite() {
            return Err(Gap::OutOfRange("charge.after"));
        }
        if x.contains_zero() && (is_still[i] || vanishes(i)) {
            return Ok(Ball::zero());
        }
        checked("charge.after", x, Some(&scale[i]), digits)
    });
    let charge = charge.collect::<Result<_, _>>()?;
    Ok(CertifiedFamily {
        lambda,
        charge,
        potential,
        spaces,
    })
}

/// The terms in the coordinates y of λ = Σ y_i e_i, without those that are constant.
fn reduce<R: Rate>(terms: &[Exponential<R>], span: &[Vec<Rational>]) -> Vec<Exponential<R>> {
    let along = |e: &Vec<Rational>, v: &[R]| {
        let entries = e
            .iter()
            .zip(v)
            .filter(|(e, v)| !e.is_zero() && !v.is_zero());
        sum(entries.map(|(e, v)| R::from_rational(e) * v))
    };
    let reduced = terms.iter().map(|t| Exponential {
        exponent: span
            .iter()
            .map(|e| along(e, &t.exponent))
            .collect::<Vec<R>>(),
        weight: t.weight.clone(),
    });
    reduced
        .filter(|t| !t.exponent.iter().all(Zero::is_zero))
        .collect()
}

/// The zero of ∇Φ where there is one coordinate: a balance equation of its own, with a charge
/// for each growing term and a noise for each falling one.
fn zero_of_sum(terms: &[Exponential<Rational>], bits: u32) -> Option<Ball> {
    let half = Rational::from((1, 2));
    let term = |t: &Exponential<Rational>| {
        let rate = t.exponent[0].clone().abs() * &half;
        let grows = t.exponent[0] > 0;
        let of = |own: bool| {
            if own {
                t.weight.clone()
            } else {
                Rational::new()
            }
        };
        Term {
            rate,
            noise: of(!grows),
            charge: of(grows),
        }
    };
    let spectrum = Spectrum::merged(terms.iter().map(term));
    // Φ = Σ (2γc e^{2wλ} + σ²a e^{−2wλ}) with 2γ = σ² = 1.
    let strength = Strength::new(half.clone(), Rational::from(1)).ok()?;
    root(&spectrum, &strength, bits)
}

/// A rational direction of recession, decided exactly: from the simplest rationals in the
/// enclosures of the exponents (the exponents themselves, should they be rational), or a
/// simple one nearby.
fn recession(
    source: &FamilySource,
    strength: &Strength<Rational>,
    potential: &Potential<Ball>,
) -> Option<Vec<Rational>> {
    // What cannot be told from 0 would only mislead.
    let live = potential.terms.iter().map(|t| &t.exponent);
    let live = live.filter(|v| v.iter().any(|x| !x.contains_zero()));
    let simple = |x: &Ball| {
        simplest(&at_precision(SIMPLE_BITS, || {
            x.rounded_to_working_precision()
        }))
    };
    let exponents: Option<Vec<Vec<Rational>>> =
        live.map(|v| v.iter().map(simple).collect()).collect();
    let existence = Existence::of(&exponents?, source.members());
    let Existence::Unbounded { direction } = existence else {
        return None;
    };
    let largest = direction.iter().map(|x| x.clone().abs()).max()?;
    let at = |denominator: u32| -> Vec<Rational> {
        let round = |x: &Rational| {
            let scaled = Rational::from(x / &largest) * denominator;
            scaled.round() / Rational::from(denominator)
        };
        direction.iter().map(round).collect()
    };
    let nearby = [1, 2, 3, 4, 6, 12, 60, 256, 1 << 12, 1 << 20].map(at);
    let candidates = nearby.into_iter().chain([direction.clone()]);
    candidates.into_iter().find(|u| source.recedes(u, strength))
}

/// Bits of the enclosures that a simple rational is looked for in.
const SIMPLE_BITS: u32 = 128;

/// The rational with the smallest denominator in an interval; `None` if it is unbounded.
fn simplest(x: &Ball) -> Option<Rational> {
    if x.contains_zero() {
        return Some(Rational::new());
    }
    let (mut low, mut high) = (x.lower().to_rational()?, x.upper().to_rational()?);
    // The continued fractions of both ends agree up to where the simplest number ends.
    let mut convergents = [
        (Integer::from(0), Integer::from(1)),
        (Integer::from(1), Integer::from(0)),
    ];
    loop {
        let ceiling = low.clone().ceil();
        let last = ceiling <= high;
        let whole = if last { ceiling } else { low.clone().floor() };
        let digit = whole.numer().clone();
        let [(p, q), (r, s)] = convergents;
        let next = (
            Integer::from(&digit * &r) + p,
            Integer::from(&digit * &s) + q,
        );
        convergents = [(r, s), next];
        if last {
            let [_, (p, q)] = convergents;
            return Some(Rational::from((p, q)));
        }
        // Both ends lie strictly between two whole numbers.
        (low, high) = ((high - &whole).recip(), (low - whole).recip());
    }
}
