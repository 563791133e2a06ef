//! The point that an equilibrium moves θ to, every coordinate enclosed.

use crate::balance::{
    Certified, CertifiedFamily, CertifiedGroup, CertifyError, FamilyOrbit, GroupOrbit, Orbit,
    resolved, vanishes,
};
use crate::scalar::{Enclosure, Field, Rational, Scalar, dot, sum};
use crate::symmetry::{Eigenspace, Eigenspaces, FamilyStructure, Slice, Structure, act_with_rates};
use num_traits::Zero;
use rug::Float;
use rug::float::{Round, Special};

/// θ\* = e^{λ\*A}θ; `None` if it takes more bits to have the digits.
pub(super) fn along_orbit(
    orbit: &Orbit,
    certified: &Certified,
    digits: u32,
) -> Result<Option<Vec<Enclosure>>, CertifyError> {
    let theta = enclosed(orbit.theta(), certified.bits);
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
            let rates = enclosed(&rates, certified.bits);
            act_with_rates(&rates, &certified.lambda, &theta)
                .into_iter()
                .map(|value| checked(value, None, digits))
                .collect()
        }
        (Structure::Blocks { .. }, None) => Ok(None),
    }
}

/// θ\* = e^{Σλ_iA_i}θ; `None` if it takes more bits to have the digits.
pub(super) fn along_family(
    orbit: &FamilyOrbit,
    certified: &CertifiedFamily,
    digits: u32,
) -> Result<Option<Vec<Enclosure>>, CertifyError> {
    let theta = enclosed(orbit.theta(), certified.bits);
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
                let exponent = dot(&enclosed(w, certified.bits), lambda);
                checked(exponent.exp() * &x, None, digits)
            })
            .collect(),
        (FamilyStructure::Blocks { .. }, None) => Ok(None),
    }
}

/// θ\* = (UP, P⁻¹W); `None` if it takes more bits to have the digits.
pub(super) fn along_group(
    orbit: &GroupOrbit,
    certified: &CertifiedGroup,
    digits: u32,
) -> Result<Option<Vec<Enclosure>>, CertifyError> {
    let theta = enclosed(orbit.theta(), certified.bits);
    let moved = orbit.act(&certified.transform, &certified.inverse, &theta);
    // What may cancel in a coordinate: no entry of the product is larger than this.
    let size = |m: &[Vec<Enclosure>]| {
        let entries = m.iter().flatten().map(Enclosure::magnitude);
        entries.fold(Float::new(64), |total, x| total + x)
    };
    let largest = theta.iter().map(Enclosure::magnitude);
    let largest = largest.fold(Float::new(64), |a, b| a.max(&b));
    let scale = (size(&certified.transform) + size(&certified.inverse)) * largest;
    moved
        .into_iter()
        .map(|value| checked(value, Some(&scale), digits))
        .collect()
}

fn enclosed(numbers: &[Rational], bits: u32) -> Vec<Enclosure> {
    numbers.iter().map(|q| Enclosure::at(bits, q)).collect()
}

/// The value if it has the digits; `None` if more bits will help.
fn checked(
    value: Enclosure,
    scale: Option<&Float>,
    digits: u32,
) -> Result<Option<Enclosure>, CertifyError> {
    if resolved(&value, scale, digits) {
        return Ok(Some(value));
    }
    if !value.is_bounded() || vanishes(&value) {
        return Err(CertifyError::OutOfRange { field: "theta" });
    }
    Ok(None)
}

/// Each slice of θ, of length n, with its part in each eigen-space times that space's
/// factor (the factors of a negated slice are others). A `simple` space certainly has one
/// factor for all of it.
fn along_blocks(
    theta: &[Enclosure],
    n: usize,
    slices: &[Slice],
    (spaces, simple): (&Eigenspaces, impl Fn(&Eigenspace) -> bool),
    factors: impl Fn(bool) -> Vec<Enclosure>,
    digits: u32,
) -> Result<Option<Vec<Enclosure>>, CertifyError> {
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
                total + product_above(e.upper(), norm)
            });
            match checked(sum(terms), Some(&scale), digits)? {
                Some(value) => out[index] = value,
                None => return Ok(None),
            }
        }
    }
    Ok(Some(out))
}

/// An upper bound of ‖v‖₂.
fn norm_above(v: &[Enclosure]) -> Float {
    match sum(v.iter().map(Field::square)).root() {
        Some(norm) => norm.upper().clone(),
        None => Float::with_val(64, Special::Infinity),
    }
}

/// An upper bound of xy.
fn product_above(x: &Float, y: &Float) -> Float {
    Float::with_val_round(x.prec(), x * y, Round::Up).0
}
