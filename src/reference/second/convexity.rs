//! The minimum of the potential by a quasi-Newton method, enclosed because Φ is convex.
//!
//! Φ(λ) = Σ W_k e^{⟨v_k, λ⟩}, all W_k > 0. Let ‖v_k‖ ≤ V, let m be a lower bound of the
//! eigenvalues of ∇²Φ at λ̂ and g an upper bound of ‖∇Φ‖ there. Along a unit vector from λ̂ to
//! the minimum at the distance ε the second derivative at t is at least m e^{−Vt}, so that
//! 0 ≥ −g + m(1 − e^{−Vε})/V, and ε ≤ (g/m)/(1 − gV/m) if gV < m. No Newton operator, no
//! fixed point and no eigenvector takes part.

use super::blocks::Blocks;
use super::coordinates::Coordinates;
use super::{Reached, Status};
use crate::scalar::{
    Ball, Field, Rational, Real, Scalar, at_precision, dot, sum, working_precision,
};
use nalgebra::{DMatrix, DVector};
use rug::Float;
use rug::float::Round;
use std::cmp::Ordering;

/// Where the potential comes from.
pub(super) enum System<'a> {
    Coordinates(&'a Coordinates),
    Blocks(&'a Blocks),
}

/// Φ and what is needed with it, at a rational λ.
pub(super) struct Expansion {
    pub potential: Ball,
    /// ∇Φ = −G.
    pub gradient: Vec<Ball>,
    pub hessian: Vec<Vec<Ball>>,
    /// C_i.
    pub charge: Vec<Ball>,
    /// ‖θ_λ‖², over all that may move.
    pub size: Ball,
    /// Σ_i ‖A_iθ_λ‖².
    pub speed: Ball,
}

impl Expansion {
    pub fn new(m: usize) -> Self {
        let zero = Ball::from_int(0);
        Self {
            potential: zero.clone(),
            gradient: vec![zero.clone(); m],
            hessian: vec![vec![zero.clone(); m]; m],
            charge: vec![zero.clone(); m],
            size: zero.clone(),
            speed: zero,
        }
    }
}

impl System<'_> {
    fn members(&self) -> usize {
        match self {
            Self::Coordinates(own) => own.members(),
            Self::Blocks(own) => own.members(),
        }
    }

    fn expand(&self, lambda: &[Rational]) -> Expansion {
        match self {
            Self::Coordinates(own) => own.expand(lambda),
            Self::Blocks(own) => own.expand(lambda),
        }
    }

    /// An upper bound of ‖w‖ over all live and dead rates.
    fn steepness(&self) -> Option<Ball> {
        let square = match self {
            Self::Coordinates(own) => own.steepness(),
            Self::Blocks(own) => own.steepness(),
        };
        Ball::from_rational(&square).root()
    }

    fn start_is_balanced(&self) -> bool {
        let start = match self {
            Self::Coordinates(own) => own.start(),
            Self::Blocks(own) => own.start(),
        };
        start.balance.iter().all(|g| *g == 0)
    }
}

/// Encloses the minimum orthogonal to the `flat` directions, and what follows from it. That
/// Φ is constant along those is for the caller to decide; that they are all, and that there
/// is a minimum, is proved here.
pub(super) fn solve(system: &System<'_>, flat: &[Vec<Rational>]) -> Result<Reached, String> {
    let m = system.members();
    let zero = vec![Rational::new(); m];
    let lambda = if system.start_is_balanced() {
        zero
    } else {
        let rough = at_precision(ROUGH, || search(system, flat, zero, None));
        let (start, inverse) = rough.ok_or("the rough search for a minimum did not start")?;
        let fine = search(system, flat, start, Some(inverse));
        fine.ok_or("the search for a minimum did not start")?.0
    };
    let expansion = system.expand(&lambda);
    let at = Ball::from_rational;
    let spread = |i: usize, j: usize| sum(flat.iter().map(|f| Rational::from(&f[i] * &f[j])));
    // Φ + ½Σ⟨f, λ⟩² has its minimum at the one orthogonal to the flat directions.
    let gradient = (0..m).map(|i| {
        let flat = sum((0..m).map(|j| spread(i, j) * &lambda[j]));
        expansion.gradient[i].clone() + at(&flat)
    });
    let hessian = (0..m).map(|i| {
        let entry = |j: usize| expansion.hessian[i][j].clone() + at(&spread(i, j));
        (0..m).map(entry).collect()
    });
    let gradient: Vec<Ball> = gradient.collect();
    let hessian: Vec<Vec<Ball>> = hessian.collect();
    let least = least_eigenvalue(&hessian).ok_or("the Hessian is not seen to be positive")?;
    let slope = sum(gradient.iter().map(Field::square)).root();
    let slope = slope.ok_or("the gradient is not a number")?;
    let rate = system.steepness().ok_or("the rates are not numbers")?;
    let step = slope / &least;
    let steep = rate.clone() * Ball::from_int(2);
    let rest = Ball::from_int(1) - step.clone() * &steep;
    if rest.sign() != Some(Ordering::Greater) {
        return Err("too far from the minimum to enclose it".to_owned());
    }
    let radius = (step / rest).upper();
    let reach = Ball::point(&radius);

    // Each term of Φ changes by a factor of at most e^{±2‖w‖ε}.
    let change = steep * &reach;
    let stretch = (-change.clone()).exp().hull(&change.exp());
    let beyond = (change.exp() - Ball::from_int(1)) * &rate * &expansion.size;
    let half = rate * reach;
    let stretch_theta = (-half.clone()).exp().hull(&half.exp());
    let theta = match system {
        System::Coordinates(own) => own.moved(&lambda, &stretch_theta),
        System::Blocks(own) => Some(own.moved(&lambda, &(half.exp() - Ball::from_int(1)))),
    };
    let charge = expansion.charge.iter();
    let charge = charge.map(|c| c.widen(&beyond.upper()));
    let two = Ball::from_int(2);
    let relaxation_rate = (m == 1 && !expansion.speed.is_exactly_zero()).then(|| {
        let slope = expansion.hessian[0][0].clone() * &stretch;
        slope / (two * &expansion.speed * &stretch)
    });
    Ok(Reached {
        status: if flat.is_empty() {
            Status::Finite
        } else {
            Status::Degenerate
        },
        lambda: lambda.iter().map(|x| at(x).widen(&radius)).collect(),
        theta,
        charge: charge.collect(),
        potential: Some(expansion.potential * stretch),
        relaxation_rate,
    })
}

/// Bits of the first search, which is cheap.
const ROUGH: u32 = 192;

/// Steps before the search is given up.
const MAX_STEPS: usize = 600;

/// Halvings of a step.
const MAX_HALVINGS: usize = 80;

/// BFGS on ln Φ + ½Σ⟨f, λ⟩² from `start`, until nothing more is gained at P bits; the inverse
/// Hessian is guessed from its diagonal if not given. How near it comes shows in what is
/// proved afterwards.
fn search(
    system: &System<'_>,
    flat: &[Vec<Rational>],
    start: Vec<Rational>,
    inverse: Option<DMatrix<Rational>>,
) -> Option<(Vec<Rational>, DMatrix<Rational>)> {
    let mut point = start;
    let Value {
        mut value,
        mut gradient,
        diagonal,
    } = objective(system, flat, &point)?;
    let given = inverse.is_some();
    let mut inverse = match inverse {
        Some(inverse) => inverse.map(|q| Real::from_rational(&q)),
        None => DMatrix::from_diagonal(&diagonal.map(|x| Real::from_int(1) / x)),
    };
    let bits = working_precision();
    let tiny = Real::from_float(Float::with_val(64, 1) >> (bits - bits / 8));
    let steepness = system.steepness()?.middle();
    for step in 0..MAX_STEPS {
        let direction = -(&inverse * &gradient);
        let downhill = direction.dot(&gradient);
        let length = direction.norm() * &steepness;
        if length <= tiny || downhill >= Real::from_int(0) {
            break;
        }
        // No exponent by more than 64; with the first guess by no more than 2.
        let longest = Real::from_int(if step == 0 && !given { 1 } else { 32 });
        let mut fraction = if length > longest {
            longest / length
        } else {
            Real::from_int(1)
        };
        let mut taken = None;
        for _ in 0..MAX_HALVINGS {
            // As many bits as the search has: a sum of rationals would keep them all.
            let entries = point.iter().zip(direction.iter());
            let next = entries.map(|(x, dx)| {
                let moved = Real::from_rational(x) + dx.clone() * &fraction;
                moved.as_float().to_rational()
            });
            let next: Vec<Rational> = next.collect::<Option<_>>()?;
            if let Some(found) = objective(system, flat, &next) {
                let gained = downhill.clone() * &fraction / Real::from_int(10_000);
                let halved = found.gradient.norm() < gradient.norm() / Real::from_int(2);
                if found.value <= value.clone() + gained || halved {
                    taken = Some((next, found));
                    break;
                }
            }
            fraction /= Real::from_int(2);
        }
        let Some((next, found)) = taken else { break };
        let shifts = next.iter().zip(&point);
        let shifts = shifts.map(|(a, b)| Real::from_rational(&Rational::from(a - b)));
        let moved = DVector::from_iterator(point.len(), shifts);
        let change = &found.gradient - &gradient;
        let product = moved.dot(&change);
        inverse = if product > Real::from_int(0) {
            updated(&inverse, &moved, &change, &product)
        } else {
            inverse.map(|x| x * Real::from_int(4))
        };
        (point, value, gradient) = (next, found.value, found.gradient);
    }
    let exact = |x: &Real| x.as_float().to_rational();
    let (rows, cols) = inverse.shape();
    let entries: Option<Vec<Rational>> = inverse.iter().map(exact).collect();
    Some((point, DMatrix::from_vec(rows, cols, entries?)))
}

/// The update of Broyden, Fletcher, Goldfarb and Shanno.
fn updated(
    inverse: &DMatrix<Real>,
    moved: &DVector<Real>,
    change: &DVector<Real>,
    product: &Real,
) -> DMatrix<Real> {
    let image = inverse * change;
    let stretch = (product.clone() + change.dot(&image)) / (product.clone() * product);
    let n = moved.len();
    DMatrix::from_fn(n, n, |i, j| {
        let outer = stretch.clone() * &moved[i] * &moved[j];
        let mixed = image[i].clone() * &moved[j] + moved[i].clone() * &image[j];
        inverse[(i, j)].clone() + outer - mixed / product
    })
}

/// What the search makes small.
struct Value {
    value: Real,
    gradient: DVector<Real>,
    /// ∂²Φ/∂λ_i² over Φ and what the flat directions add; 1 where that is 0.
    diagonal: DVector<Real>,
}

/// ln Φ + ½Σ⟨f, λ⟩²; `None` where it overflows.
fn objective(system: &System<'_>, flat: &[Vec<Rational>], point: &[Rational]) -> Option<Value> {
    let expansion = system.expand(point);
    let middle = |x: &Ball| x.is_bounded().then(|| x.middle());
    let potential = middle(&expansion.potential)?;
    let m = point.len();
    let along: Vec<Rational> = flat.iter().map(|f| dot(f, point)).collect();
    let mut value = potential.ln();
    for x in &along {
        value += Real::from_rational(&(Rational::from(x.square_ref()) / 2));
    }
    let mut gradient = DVector::from_element(m, Real::from_int(0));
    let mut diagonal = gradient.clone();
    for i in 0..m {
        let shift = sum(flat
            .iter()
            .zip(&along)
            .map(|(f, x)| Rational::from(&f[i] * x)));
        gradient[i] = middle(&expansion.gradient[i])? / &potential + Real::from_rational(&shift);
        let stiff = sum(flat.iter().map(|f| Rational::from(f[i].square_ref())));
        let curvature = middle(&expansion.hessian[i][i])? / &potential;
        diagonal[i] = curvature + Real::from_rational(&stiff);
        if diagonal[i] <= Real::from_int(0) {
            diagonal[i] = Real::from_int(1);
        }
    }
    Some(Value {
        value,
        gradient,
        diagonal,
    })
}

/// A lower bound of the least eigenvalue of every symmetric matrix in the enclosure, within
/// a factor of about 2; `None` if it is not seen to be positive.
pub(super) fn least_eigenvalue(m: &[Vec<Ball>]) -> Option<Ball> {
    let diagonal = (0..m.len()).map(|i| m[i][i].lower());
    let mut bound = diagonal.reduce(|a, b| a.min(&b))?;
    if bound <= 0 {
        return None;
    }
    for _ in 0..2 * working_precision() {
        let shift = Ball::point(&bound);
        let mut shifted = m.to_vec();
        for (i, row) in shifted.iter_mut().enumerate() {
            row[i] = row[i].clone() - &shift;
        }
        if is_positive(&shifted) {
            return Some(shift);
        }
        bound = Float::with_val_round(64, bound / 2u32, Round::Down).0;
    }
    None
}

/// Is every symmetric matrix in the enclosure positive definite? Cholesky's pivots.
fn is_positive(m: &[Vec<Ball>]) -> bool {
    factor(m).is_some()
}

/// L with LLᵀ = M.
pub(super) fn factor(m: &[Vec<Ball>]) -> Option<Vec<Vec<Ball>>> {
    let n = m.len();
    let mut l = vec![vec![Ball::from_int(0); n]; n];
    for i in 0..n {
        for j in 0..=i {
            let rest = m[i][j].clone() - dot(&l[i][..j], &l[j][..j]);
            if i != j {
                l[i][j] = rest / &l[j][j];
            } else if rest.sign() == Some(Ordering::Greater) {
                l[i][i] = rest.root()?;
            } else {
                return None;
            }
        }
    }
    Some(l)
}
