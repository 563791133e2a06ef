//! Certified solution for a family: existence decided exactly, the minimiser enclosed
//! to any number of digits by Krawczyk's operator.

use super::source::{EnclosedFamily, FamilySource, combine};
use super::{Existence, Exponential, Torus, minimise};
use crate::balance::certify::{bits_of, precisions, resolved, vanishes};
use crate::balance::{Attempt, CertifyError, Spectrum, Strength, Term};
use crate::scalar::{Enclosure, Field, Rational, Real, Scalar, dot, sum};
use crate::symmetry::Eigenspaces;
use nalgebra::{Cholesky, DMatrix};
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
    pub lambda: Vec<Enclosure>,
    /// C_i(θ\*), m numbers.
    pub charge: Vec<Enclosure>,
    /// Φ(λ\*).
    pub potential: Enclosure,
    /// The joint eigen-spaces with their m rates each, where these are irrational.
    pub spaces: Option<(Eigenspaces, Vec<Vec<Enclosure>>)>,
    /// The bits at which the spectrum was enclosed.
    pub bits: u32,
}

/// Bits beyond a multiple of what the digits take.
const MAX_EXTRA_BITS: u32 = 32_768;

/// Sizes of the box to try around an approximation, each wider by a sixteenth of the bits.
const WIDENINGS: u32 = 8;

/// Bits of the first approximation.
const START: u32 = 192;

/// Solves ∇Φ = 0 for a family and encloses the answer, each number with relative width
/// at most 10^{−digits}. `follow` computes what else follows from a candidate, and may
/// find that it takes more bits.
///
/// For rational rates the status is decided exactly ([`Existence`]). For irrational ones
/// an enclosed zero of ∇Φ proves that there is a minimum (Φ is convex), and a rational
/// direction of recession, decided exactly, that there is none.
///
/// # Errors
/// [`CertifyError`] when a number leaves the exponent range or needs more working
/// precision than is offered; also where irrational rates have 0 on the very boundary of
/// their hull and no rational direction shows it.
pub fn certify_family<T>(
    source: &FamilySource,
    strength: &Strength<Rational>,
    digits: u32,
    mut follow: impl FnMut(CertifiedFamily) -> Result<Attempt<T>, CertifyError>,
) -> Result<FamilyStatus<T>, CertifyError> {
    let (flat, span) = source.flat_directions(strength);
    if let Some(exponents) = source.live_exponents(strength) {
        let existence = Existence::of(&exponents, source.members());
        if let Existence::Unbounded { direction } = existence {
            return Ok(FamilyStatus::Unbounded { direction });
        }
    }
    let wanted = bits_of(digits);
    let first = wanted + wanted / 2 + 192;
    let mut failure = CertifyError::Precision {
        field: "lambda",
        bits: first,
    };
    for (count, bits) in precisions(first, wanted, MAX_EXTRA_BITS).enumerate() {
        let field = match attempt(source, strength, &span, digits, (bits, count))? {
            Found::Unresolved(field) => field,
            Found::Unbounded(direction) => return Ok(FamilyStatus::Unbounded { direction }),
            Found::Candidate(candidate) => match follow(*candidate)? {
                Attempt::Unresolved(field) => field,
                Attempt::Done(solution) => return Ok(FamilyStatus::Bounded { flat, solution }),
            },
        };
        failure = CertifyError::Precision { field, bits };
    }
    Err(failure)
}

enum Found {
    Candidate(Box<CertifiedFamily>),
    Unbounded(Vec<Rational>),
    Unresolved(&'static str),
}

fn attempt(
    source: &FamilySource,
    strength: &Strength<Rational>,
    span: &[Vec<Rational>],
    digits: u32,
    (bits, count): (u32, usize),
) -> Result<Found, CertifyError> {
    let Some(EnclosedFamily { spectrum, spaces }) = source.enclose(bits, count) else {
        return Ok(Found::Unresolved("spectrum"));
    };
    let enclosed_strength = strength.map(|q| Enclosure::at(bits, q));
    let Some(torus) = Torus::of(&spectrum, &enclosed_strength) else {
        return Ok(Found::Unresolved("spectrum"));
    };
    let members = source.members();
    let balanced = source.start(strength).balance.iter().all(Zero::is_zero);
    let lambda = if balanced {
        vec![Enclosure::at(bits, &Rational::new()); members]
    } else {
        let reduced = reduce(&torus, span, bits);
        match enclose_minimiser(&reduced, bits) {
            Some(y) => combine(span, &y, members),
            None => {
                let found = recession(source, strength, &torus);
                return Ok(found.map_or(Found::Unresolved("lambda"), Found::Unbounded));
            }
        }
    };
    let size = lambda.iter().map(Enclosure::magnitude);
    let size = size.fold(Float::new(64), |a, b| a.max(&b));
    if !lambda.iter().all(|x| resolved(x, Some(&size), digits)) {
        return Ok(Found::Unresolved("lambda"));
    }
    let candidate = CertifiedFamily {
        charge: charges(&spectrum, &lambda),
        potential: torus.potential(&lambda),
        lambda,
        spaces,
        bits,
    };
    if !candidate.potential.is_bounded() {
        return Err(CertifyError::OutOfRange {
            field: "potential.after",
        });
    }
    if !resolved(&candidate.potential, None, digits) {
        return Ok(Found::Unresolved("potential.after"));
    }
    for i in 0..members {
        let parts = charge_parts(&spectrum, &candidate.lambda, i);
        let scale = parts.iter().map(Enclosure::magnitude);
        let scale = scale.fold(Float::new(64), |total, x| total + x);
        if !scale.is_finite() || vanishes(&candidate.charge[i]) {
            return Err(CertifyError::OutOfRange {
                field: "charge.after",
            });
        }
        if !resolved(&candidate.charge[i], Some(&scale), digits) {
            return Ok(Found::Unresolved("charge.after"));
        }
    }
    Ok(Found::Candidate(Box::new(candidate)))
}

/// w_i c e^{2⟨w, λ⟩} for each term.
fn charge_parts(
    spectrum: &Spectrum<Enclosure, Vec<Enclosure>>,
    lambda: &[Enclosure],
    i: usize,
) -> Vec<Enclosure> {
    let live = spectrum.terms().iter().filter(|t| !t.charge.is_zero());
    let part = |t: &Term<Enclosure, Vec<Enclosure>>| {
        let exponent = Enclosure::from_int(2) * dot(&t.rate, lambda);
        exponent.exp() * &t.charge * &t.rate[i]
    };
    live.map(part).collect()
}

fn charges(spectrum: &Spectrum<Enclosure, Vec<Enclosure>>, lambda: &[Enclosure]) -> Vec<Enclosure> {
    (0..lambda.len())
        .map(|i| sum(charge_parts(spectrum, lambda, i)))
        .collect()
}

/// The terms in the coordinates y of λ = Σ y_i e_i, without those that are constant.
fn reduce(
    torus: &Torus<Enclosure>,
    span: &[Vec<Rational>],
    bits: u32,
) -> Vec<Exponential<Enclosure>> {
    let basis: Vec<Vec<Enclosure>> = span
        .iter()
        .map(|e| e.iter().map(|q| Enclosure::at(bits, q)).collect())
        .collect();
    let terms = torus.terms.iter().map(|t| Exponential {
        exponent: basis.iter().map(|e| dot(e, &t.exponent)).collect(),
        weight: t.weight.clone(),
    });
    terms
        .filter(|t: &Exponential<Enclosure>| !t.exponent.iter().all(Zero::is_zero))
        .collect()
}

/// The terms at the midpoints of their enclosures, with `bits` bits.
fn rounded(terms: &[Exponential<Enclosure>], bits: u32) -> Vec<Exponential<Real>> {
    let middle = |x: &Enclosure| Real::from_float(Float::with_val(bits, x.midpoint()));
    let term = |t: &Exponential<Enclosure>| Exponential {
        exponent: t.exponent.iter().map(middle).collect(),
        weight: middle(&t.weight),
    };
    terms.iter().map(term).collect()
}

fn unit(bits: u32) -> Real {
    Real::from_float(Float::with_val(bits, 1) >> bits)
}

/// A box that provably holds the one zero of the gradient.
fn enclose_minimiser(terms: &[Exponential<Enclosure>], bits: u32) -> Option<Vec<Enclosure>> {
    let n = terms.first()?.exponent.len();
    let zero = |bits| vec![Real::at(bits, &Rational::new()); n];
    let start = START.min(bits);
    let full = rounded(terms, bits);
    let rough = minimise(&rounded(terms, start), &zero(start), &unit(start));
    let start = rough.unwrap_or_else(|_| zero(bits));
    let start: Vec<Real> = start.iter().map(|x| x.round_to(bits)).collect();
    let centre = minimise(&full, &start, &unit(bits)).ok()?;
    let centre: Vec<Enclosure> = centre
        .iter()
        .map(|x| Enclosure::point(&Float::with_val(bits, x.as_float())))
        .collect();
    let problem = Gradient { terms };
    let value = problem.at(&centre);
    let inverse = problem.approximate_inverse(&centre)?;
    let shift: Vec<Enclosure> = inverse.iter().map(|row| dot(row, &value)).collect();
    // The smallest box that the test succeeds on: half of the bits of what the centre, or the
    // step from it, is large by may be lost.
    let largest = |numbers: &[Enclosure]| {
        let sizes = numbers.iter().map(Enclosure::magnitude);
        sizes.fold(Float::new(64), |a, b| a.max(&b))
    };
    let mut radius = (largest(&centre) >> bits).max(&largest(&shift));
    for _ in 0..WIDENINGS {
        radius <<= bits.div_ceil(16);
        if let Some(image) = problem.krawczyk(&centre, &shift, &inverse, &radius) {
            return Some(image);
        }
    }
    None
}

/// ∇Φ. Near the minimum nothing overflows: no term of Φ is above Φ(0) there.
struct Gradient<'a> {
    terms: &'a [Exponential<Enclosure>],
}

impl Gradient<'_> {
    fn values(&self, y: &[Enclosure]) -> Vec<Enclosure> {
        let value = |t: &Exponential<Enclosure>| dot(&t.exponent, y).exp() * &t.weight;
        self.terms.iter().map(value).collect()
    }

    fn at(&self, y: &[Enclosure]) -> Vec<Enclosure> {
        let values = self.values(y);
        let component = |i: usize| {
            let terms = self.terms.iter().zip(&values);
            sum(terms.map(|(t, value)| t.exponent[i].clone() * value))
        };
        (0..y.len()).map(component).collect()
    }

    /// The Hessian over a box.
    fn slope(&self, y: &[Enclosure]) -> Vec<Vec<Enclosure>> {
        let n = y.len();
        let mut slope = vec![vec![Enclosure::zero(); n]; n];
        for (t, value) in self.terms.iter().zip(self.values(y)) {
            for i in 0..n {
                let part = t.exponent[i].clone() * &value;
                for j in 0..=i {
                    let entry = if i == j {
                        t.exponent[i].square() * &value
                    } else {
                        part.clone() * &t.exponent[j]
                    };
                    slope[i][j] = slope[i][j].clone() + entry;
                }
            }
        }
        for i in 0..n {
            for j in 0..i {
                slope[j][i] = slope[i][j].clone();
            }
        }
        slope
    }

    /// An approximate inverse of the Hessian at a point: how good it is decides whether
    /// the test succeeds, not whether it holds.
    fn approximate_inverse(&self, y: &[Enclosure]) -> Option<Vec<Vec<Enclosure>>> {
        let slope = self.slope(y);
        let n = y.len();
        let middle = DMatrix::from_fn(n, n, |i, j| {
            let bits = slope[i][j].precision();
            Real::from_float(Float::with_val(bits, slope[i][j].midpoint()))
        });
        let inverse = Cholesky::new(middle)?.inverse();
        let rows = inverse.row_iter().map(|row| {
            let entries = row.iter();
            entries.map(|x| Enclosure::point(x.as_float())).collect()
        });
        Some(rows.collect())
    }

    /// K(X) = y − Rf(y) + (I − Rf′(X))(X − y) over the box X = y ± radius. If it lies
    /// inside X, then X holds exactly one zero of f, and K(X) holds it too.
    fn krawczyk(
        &self,
        centre: &[Enclosure],
        shift: &[Enclosure],
        inverse: &[Vec<Enclosure>],
        radius: &Float,
    ) -> Option<Vec<Enclosure>> {
        let n = centre.len();
        let region: Vec<Enclosure> = centre.iter().map(|y| y.widen(radius)).collect();
        let around = region.iter().zip(centre).map(|(x, y)| x.clone() - y);
        let around: Vec<Enclosure> = around.collect();
        let slope = self.slope(&region);
        let mut image = Vec::with_capacity(n);
        for i in 0..n {
            let rest = (0..n).map(|j| {
                let product = sum((0..n).map(|k| inverse[i][k].clone() * &slope[k][j]));
                let identity = Enclosure::from_int(i64::from(i == j));
                (identity - product) * &around[j]
            });
            // X − y lies around 0, and so does the rest.
            let value = (centre[i].clone() - &shift[i]).widen(&sum(rest).magnitude());
            if !value.is_inside(&region[i]) {
                return None;
            }
            image.push(value);
        }
        Some(image)
    }
}

/// A rational direction of recession, decided exactly: from the simplest rationals in the
/// enclosures of the exponents (the exponents themselves, should they be rational), or a
/// simple one nearby.
fn recession(
    source: &FamilySource,
    strength: &Strength<Rational>,
    torus: &Torus<Enclosure>,
) -> Option<Vec<Rational>> {
    // What cannot be told from 0 would only mislead.
    let live = torus.terms.iter().map(|t| &t.exponent);
    let live = live.filter(|v| v.iter().any(|x| !x.contains_zero()));
    let simple = |x: &Enclosure| simplest(&x.round_to(SIMPLE_BITS));
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
fn simplest(x: &Enclosure) -> Option<Rational> {
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
