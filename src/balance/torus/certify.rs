//! Certified solution for a family: existence decided exactly, the minimiser enclosed
//! to any number of digits by Krawczyk's operator.

use super::source::{EnclosedFamily, FamilySource, combine};
use super::{Existence, Exponential, Torus, minimise};
use crate::balance::refine::{CertifyError, Gap, bits_of, checked, largest, refine};
use crate::balance::{Spectrum, Strength, Term};
use crate::scalar::{Ball, Field, Rational, Real, Scalar, at_precision, dot, sum};
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

/// Sizes of the box to try around an approximation, each wider by a sixteenth of the bits.
const WIDENINGS: u32 = 8;

/// Bits of the first approximation.
const START: u32 = 192;

/// Solves ∇Φ = 0 for a family and encloses the answer, each number with relative width
/// at most 10^{−digits}.
///
/// For rational rates the status is decided exactly ([`Existence`]). For irrational ones
/// an enclosed zero of ∇Φ proves that there is a minimum (Φ is convex), and a rational
/// direction of recession, decided exactly, that there is none.
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
    let (flat, span) = source.flat_directions(strength);
    if let Some(exponents) = source.live_exponents(strength) {
        let existence = Existence::of(&exponents, source.members());
        if let Existence::Unbounded { direction } = existence {
            return Ok(FamilyStatus::Unbounded { direction });
        }
    }
    let wanted = bits_of(digits);
    let most = wanted.saturating_mul(8).saturating_add(MAX_EXTRA_BITS);
    let mut attempts = 0..;
    refine(wanted + wanted / 2 + 192, most, |bits| {
        let count = attempts.next().unwrap_or_default();
        Ok(
            match attempt(source, strength, &span, digits, (bits, count))? {
                FamilyStatus::Unbounded { direction } => FamilyStatus::Unbounded { direction },
                FamilyStatus::Bounded { solution, .. } => FamilyStatus::Bounded {
                    flat: flat.clone(),
                    solution: follow(solution)?,
                },
            },
        )
    })
}

fn attempt(
    source: &FamilySource,
    strength: &Strength<Rational>,
    span: &[Vec<Rational>],
    digits: u32,
    (bits, count): (u32, usize),
) -> Result<FamilyStatus<CertifiedFamily>, Gap> {
    let undecided = || Gap::Undecided("spectrum");
    let EnclosedFamily { spectrum, spaces } = source.enclose(count).ok_or_else(undecided)?;
    let enclosed_strength = strength.map(Ball::from_rational);
    let torus = Torus::of(&spectrum, &enclosed_strength).ok_or_else(undecided)?;
    let members = source.members();
    let balanced = source.start(strength).balance.iter().all(Zero::is_zero);
    let lambda = if balanced {
        vec![Ball::zero(); members]
    } else {
        let reduced = reduce(&torus, span);
        match enclose_minimiser(&reduced, bits) {
            Some(y) => combine(span, &y, members),
            None => {
                let direction = recession(source, strength, &torus);
                let direction = direction.ok_or(Gap::Undecided("lambda"))?;
                return Ok(FamilyStatus::Unbounded { direction });
            }
        }
    };
    let size = largest(&lambda);
    let lambda = lambda.into_iter();
    let lambda = lambda.map(|x| checked("lambda", x, Some(&size), digits));
    let lambda: Vec<Ball> = lambda.collect::<Result<_, _>>()?;
    let potential = checked("potential.after", torus.potential(&lambda), None, digits)?;
    let charge = (0..members).map(|i| {
        let parts = charge_parts(&spectrum, &lambda, i);
        let scale = parts.iter().map(Ball::magnitude);
        let scale = scale.fold(Float::new(64), |total, x| total + x);
        if !scale.is_finite() {
            return Err(Gap::OutOfRange("charge.after"));
        }
        checked("charge.after", sum(parts), Some(&scale), digits)
    });
    let charge = charge.collect::<Result<_, _>>()?;
    let solution = CertifiedFamily {
        lambda,
        charge,
        potential,
        spaces,
    };
    Ok(FamilyStatus::Bounded {
        flat: Vec::new(),
        solution,
    })
}

/// w_i c e^{2⟨w, λ⟩} for each term.
fn charge_parts(spectrum: &Spectrum<Ball, Vec<Ball>>, lambda: &[Ball], i: usize) -> Vec<Ball> {
    let live = spectrum.terms().iter().filter(|t| !t.charge.is_zero());
    let part = |t: &Term<Ball, Vec<Ball>>| {
        let exponent = Ball::from_int(2) * dot(&t.rate, lambda);
        exponent.exp() * &t.charge * &t.rate[i]
    };
    live.map(part).collect()
}

/// The terms in the coordinates y of λ = Σ y_i e_i, without those that are constant.
fn reduce(torus: &Torus<Ball>, span: &[Vec<Rational>]) -> Vec<Exponential<Ball>> {
    let basis: Vec<Vec<Ball>> = span
        .iter()
        .map(|e| e.iter().map(Ball::from_rational).collect())
        .collect();
    let terms = torus.terms.iter().map(|t| Exponential {
        exponent: basis.iter().map(|e| dot(e, &t.exponent)).collect(),
        weight: t.weight.clone(),
    });
    terms
        .filter(|t: &Exponential<Ball>| !t.exponent.iter().all(Zero::is_zero))
        .collect()
}

/// The terms at the midpoints of their enclosures, at the working precision.
fn rounded(terms: &[Exponential<Ball>]) -> Vec<Exponential<Real>> {
    let term = |t: &Exponential<Ball>| Exponential {
        exponent: t.exponent.iter().map(Ball::middle).collect(),
        weight: t.weight.middle(),
    };
    terms.iter().map(term).collect()
}

/// A box that provably holds the one zero of the gradient.
fn enclose_minimiser(terms: &[Exponential<Ball>], bits: u32) -> Option<Vec<Ball>> {
    let n = terms.first()?.exponent.len();
    let zero = vec![Real::zero(); n];
    let rough = at_precision(START.min(bits), || minimise(&rounded(terms), &zero));
    let centre = minimise(&rounded(terms), &rough.unwrap_or(zero)).ok()?;
    let centre: Vec<Ball> = centre.iter().map(|x| Ball::point(x.as_float())).collect();
    let problem = Gradient { terms };
    let value = problem.at(&centre);
    let inverse = problem.approximate_inverse(&centre)?;
    let shift: Vec<Ball> = inverse.iter().map(|row| dot(row, &value)).collect();
    // The smallest box that the test succeeds on: half of the bits of what the centre, or the
    // step from it, is large by may be lost.
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
    terms: &'a [Exponential<Ball>],
}

impl Gradient<'_> {
    fn values(&self, y: &[Ball]) -> Vec<Ball> {
        let value = |t: &Exponential<Ball>| dot(&t.exponent, y).exp() * &t.weight;
        self.terms.iter().map(value).collect()
    }

    fn at(&self, y: &[Ball]) -> Vec<Ball> {
        let values = self.values(y);
        let component = |i: usize| {
            let terms = self.terms.iter().zip(&values);
            sum(terms.map(|(t, value)| t.exponent[i].clone() * value))
        };
        (0..y.len()).map(component).collect()
    }

    /// The Hessian over a box.
    fn slope(&self, y: &[Ball]) -> Vec<Vec<Ball>> {
        let n = y.len();
        let mut slope = vec![vec![Ball::zero(); n]; n];
        for (t, value) in self.terms.iter().zip(self.values(y)) {
            for i in 0..n {
                let part = t.exponent[i].clone() * &value;
                for j in 0..=i {
                    let entry = if i == j {
                        t.exponent[i].square() * &value
                    } else {
                        part.clone() * &t.exponent[j]
                    };
                    slope[i][j] += entry;
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
    fn approximate_inverse(&self, y: &[Ball]) -> Option<Vec<Vec<Ball>>> {
        let slope = self.slope(y);
        let n = y.len();
        let middle = DMatrix::from_fn(n, n, |i, j| slope[i][j].middle());
        let inverse = Cholesky::new(middle)?.inverse();
        let rows = inverse.row_iter().map(|row| {
            let entries = row.iter();
            entries.map(|x| Ball::point(x.as_float())).collect()
        });
        Some(rows.collect())
    }

    /// K(X) = y − Rf(y) + (I − Rf′(X))(X − y) over the box X = y ± radius. If it lies
    /// inside X, then X holds exactly one zero of f, and K(X) holds it too.
    fn krawczyk(
        &self,
        centre: &[Ball],
        shift: &[Ball],
        inverse: &[Vec<Ball>],
        radius: &Float,
    ) -> Option<Vec<Ball>> {
        let n = centre.len();
        let region: Vec<Ball> = centre.iter().map(|y| y.widen(radius)).collect();
        let around = region.iter().zip(centre).map(|(x, y)| x.clone() - y);
        let around: Vec<Ball> = around.collect();
        let slope = self.slope(&region);
        let mut image = Vec::with_capacity(n);
        for i in 0..n {
            let rest = (0..n).map(|j| {
                let product = sum((0..n).map(|k| inverse[i][k].clone() * &slope[k][j]));
                let identity = Ball::from_int(i64::from(i == j));
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
    torus: &Torus<Ball>,
) -> Option<Vec<Rational>> {
    // What cannot be told from 0 would only mislead.
    let live = torus.terms.iter().map(|t| &t.exponent);
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
