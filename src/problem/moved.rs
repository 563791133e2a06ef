//! The point that an equilibrium moves θ to, every coordinate enclosed.

use crate::balance::{
    Certified, Gap, Orbit, checked, exponentials,
    family::{CertifiedFamily, FamilyOrbit},
    general_linear::{CertifiedGroup, GroupOrbit},
    largest,
};
use crate::scalar::{Ball, Field, Scalar, convert, dot, sum};
use crate::symmetry::{Eigenspace, Eigenspaces, FamilyStructure, Slice, Structure};
use nalgebra::DMatrix;
use num_traits::Zero;
use rug::Float;
use rug::float::{Round, Special};

/// θ\* = e^{λ\*A}θ.
pub(super) fn along_orbit(
    orbit: &Orbit,
    certified: &Certified,
    digits: u32,
) -> Result<Vec<Ball>, Gap> {
    let theta: Vec<Ball> = convert(orbit.theta());
    match (orbit.generator().structure(), &certified.spaces) {
        (Structure::Blocks { matrix, slices, .. }, Some(spaces)) => {
            let factors = |negated: bool| {
                let lambda = certified.lambda.clone();
                let lambda = if negated { -lambda } else { lambda };
                let rates = spaces.spaces().iter();
                rates.map(|s| (s.rate.clone() * &lambda).exp()).collect()
            };
            let n = matrix.nrows();
            let simple = Eigenspace::is_simple;
            along_blocks(&theta, n, &slices, (spaces, simple), factors, digits)
        }
        (Structure::Rates(rates), _) => {
            let factors = exponentials(rates, &certified.lambda);
            let moved = factors.into_iter().zip(orbit.theta());
            moved
                .map(|(e, x)| checked("theta", e.times_rational(x), None, digits))
                .collect()
        }
        (Structure::Blocks { .. }, None) => Err(Gap::Undecided("theta")),
    }
}

/// θ\* = e^{Σλ_iA_i}θ.
pub(super) fn along_family(
    orbit: &FamilyOrbit,
    certified: &CertifiedFamily,
    digits: u32,
) -> Result<Vec<Ball>, Gap> {
    let theta: Vec<Ball> = convert(orbit.theta());
    let lambda = &certified.lambda;
    match (orbit.family().structure(), &certified.spaces) {
        (FamilyStructure::Blocks { matrices, slices }, Some((spaces, rates))) => {
            let n = matrices.first().map_or(0, |k| k.nrows());
            let factors = |negated: bool| {
                let exponents = rates.iter().map(|w| dot(w, lambda));
                exponents
                    .map(|x| if negated { (-x).exp() } else { x.exp() })
                    .collect()
            };
            // A single rate of the combination may hide several of the members.
            let simple = |space: &Eigenspace| space.dimension() == 1;
            along_blocks(&theta, n, &slices, (spaces, simple), factors, digits)
        }
        (FamilyStructure::Rates(rates), _) => rates
            .iter()
            .zip(theta)
            .map(|(w, x)| {
                let exponent = sum(w.iter().zip(lambda).map(|(w, l)| l.times_rational(w)));
                checked("theta", exponent.exp() * &x, None, digits)
            })
            .collect(),
        (FamilyStructure::Blocks { .. }, None) => Err(Gap::Undecided("theta")),
    }
}

/// θ\* = (UP, P⁻¹W).
pub(super) fn along_group(
    orbit: &GroupOrbit,
    certified: &CertifiedGroup,
    digits: u32,
) -> Result<Vec<Ball>, Gap> {
    let theta: Vec<Ball> = convert(orbit.theta());
    let moved = orbit.act(&certified.transform, &certified.inverse, &theta);
    // What may cancel in a coordinate: no entry of the product is larger than this.
    let size = |m: &DMatrix<Ball>| {
        let entries = m.iter().map(Ball::magnitude);
        entries.fold(Float::new(64), |total, x| total + x)
    };
    let scale = (size(&certified.transform) + size(&certified.inverse)) * largest(&theta);
    moved
        .into_iter()
        .map(|value| checked("theta", value, Some(&scale), digits))
        .collect()
}

/// Each slice of θ, of length n, with its part in each eigen-space times that space's
/// factor (the factors of a negated slice are others). A `simple` space certainly has one
/// factor for all of it.
fn along_blocks(
    theta: &[Ball],
    n: usize,
    slices: &[Slice],
    (spaces, simple): (&Eigenspaces, impl Fn(&Eigenspace) -> bool),
    factors: impl Fn(bool) -> Vec<Ball>,
    digits: u32,
) -> Result<Vec<Ball>, Gap> {
    // What no slice holds stays; so does a part that is 0.
    let mut out = theta.to_vec();
    let both = [factors(false), factors(true)];
    for slice in slices {
        let part = slice.gather(n, theta);
        if part.iter().all(Zero::is_zero) {
            continue;
        }
        let factors = &both[usize::from(slice.negated)];
        let projections = spaces.projections(&part);
        let norms: Vec<Float> = projections.iter().map(|p| norm_above(p)).collect();
        for (k, index) in slice.indices(n).enumerate() {
            let terms = factors
                .iter()
                .zip(&projections)
                .zip(&norms)
                .zip(spaces.spaces());
            let terms = terms.map(|(((e, p), norm), space)| {
                let moved = e.clone() * &p[k];
                if simple(space) {
                    return moved;
                }
                // Rates not told apart move parts of Pv that may differ in sign:
                // |Σ e^{μλ}P_μv − t·Pv| ≤ width(e)·‖Pv‖ for any t in e.
                moved.widen(&product_above(&e.width(), norm))
            });
            // What may cancel in this coordinate.
            let scale = factors.iter().zip(&norms);
            let scale = scale.fold(Float::new(64), |total, (e, norm)| {
                total + product_above(&e.magnitude(), norm)
            });
            out[index] = checked("theta", sum(terms), Some(&scale), digits)?;
        }
    }
    Ok(out)
}

/// An upper bound of ‖v‖₂.
fn norm_above(v: &[Ball]) -> Float {
    match sum(v.iter().map(Field::square)).root() {
        Some(norm) => norm.upper(),
        None => Float::with_val(64, Special::Infinity),
    }
}

/// An upper bound of xy.
fn product_above(x: &Float, y: &Float) -> Float {
    Float::with_val_round(64, x * y, Round::Up).0
}
