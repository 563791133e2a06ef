//! From the symmetries that were found to the problem of their noise equilibrium.

use super::arithmetic::{Enclosed, Exact};
use super::subject::Subject;
use super::{Discovery, GeneralLinear};
use crate::balance::family::FamilyOrbit;
use crate::balance::general_linear::GroupOrbit;
use crate::balance::{Noise, Orbit, OrbitError, Strength};
use crate::problem::{Body, Problem};
use crate::scalar::{Ball, Field, Rational, at_precision};
use crate::symmetry::{FactorShape, Family, SymmetryError};
use thiserror::Error;

/// The problem of an equilibrium, and how it was made.
#[derive(Clone, Debug)]
pub struct Posed {
    /// The problem.
    pub problem: Problem,
    /// Which parameter each coordinate of its θ is: for a group U row by row, then W.
    pub order: Vec<usize>,
    /// Are the gradients exact? Otherwise they are rounded to `bits` bits.
    pub exact: bool,
}

/// Why there is no such problem.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EquilibriumError {
    /// Nothing that noise would balance.
    #[error("loss: expected an exponential symmetry about the origin to balance, found none")]
    NoFamily,
    /// No gradient there.
    #[error(
        "samples[{index}]: expected a loss that is defined and differentiable at theta, found a kink or no value"
    )]
    NotSmooth {
        /// Which sample.
        index: usize,
    },
    /// A point that does not fit.
    #[error("{0}")]
    Orbit(#[from] OrbitError),
    /// A generator that does not fit.
    #[error("{0}")]
    Symmetry(#[from] SymmetryError),
}

/// The equilibrium along the whole group, where one GL(r) acts on all parameters and there is
/// no further exponential symmetry; else along the maximal commuting family.
///
/// # Errors
/// [`EquilibriumError`] where there is no such symmetry, or no gradient at `theta`.
pub fn equilibrium(
    discovery: &Discovery,
    subject: &Subject<'_>,
    theta: &[Rational],
    samples: &[Vec<Rational>],
    strength: Strength<Rational>,
    bits: u32,
) -> Result<Posed, EquilibriumError> {
    let mut exact = true;
    let mut gradients = Vec::with_capacity(samples.len());
    for (index, sample) in samples.iter().enumerate() {
        let gradient = gradient(subject, theta, sample, bits);
        let (gradient, own) = gradient.ok_or(EquilibriumError::NotSmooth { index })?;
        exact &= own;
        gradients.push(gradient);
    }
    let d = theta.len();
    if let [group] = &discovery.groups[..]
        && let Some((shape, order)) = whole(discovery, group, d)
    {
        let ordered = |v: &[Rational]| order.iter().map(|&i| v[i].clone()).collect();
        let noise = Noise::Gradients(gradients.iter().map(|g| ordered(g)).collect());
        let body = Body::Group(GroupOrbit::new(shape, ordered(theta), noise)?);
        return Ok(Posed {
            problem: Problem { strength, body },
            order,
            exact,
        });
    }
    let members = discovery.symmetries[..discovery.family].iter();
    let members = members.filter_map(super::Symmetry::generator);
    let mut members = members.collect::<Result<Vec<_>, _>>()?;
    let noise = Noise::Gradients(gradients);
    let theta = theta.to_vec();
    let body = match members.len() {
        0 => return Err(EquilibriumError::NoFamily),
        1 => Body::Orbit(Orbit::new(members.remove(0), theta, noise)?),
        _ => Body::Family(FamilyOrbit::new(Family::new(members)?, theta, noise)?),
    };
    Ok(Posed {
        problem: Problem { strength, body },
        order: (0..d).collect(),
        exact,
    })
}

/// The shape of a group that acts on all parameters and is all there is, and its order.
fn whole(
    discovery: &Discovery,
    group: &GeneralLinear,
    d: usize,
) -> Option<(FactorShape, Vec<usize>)> {
    let r = group.rank();
    let about_origin = discovery.symmetries.iter().filter(|symmetry| {
        matches!(&symmetry.kind, super::Kind::Exponential { centre, .. } if centre.is_empty())
    });
    let (rows, cols) = (group.up.first()?.len(), group.down.first()?.len());
    let shape = FactorShape::new(rows, r, cols).ok()?;
    if about_origin.count() != r * (r + 1) / 2 || shape.dim() != d {
        return None;
    }
    let up = (0..rows).flat_map(|a| group.up.iter().map(move |column| column[a]));
    let down = group.down.iter().flatten().copied();
    Some((shape, up.chain(down).collect()))
}

/// ∇ℓ(θ, z), and whether it is exact.
fn gradient(
    subject: &Subject<'_>,
    theta: &[Rational],
    sample: &[Rational],
    bits: u32,
) -> Option<(Vec<Rational>, bool)> {
    let point = [theta, sample].concat();
    let recorded = subject.record(&point)?;
    let d = theta.len();
    if let Some(gradient) = recorded.tape.gradient(&Exact, &point, d) {
        return Some((gradient, true));
    }
    at_precision(bits, || {
        let inputs: Vec<Ball> = point.iter().map(Ball::from_rational).collect();
        let gradient = recorded.tape.gradient(&Enclosed, &inputs, d)?;
        let middles = gradient.iter().map(|x| x.midpoint().to_rational());
        Some((middles.collect::<Option<Vec<Rational>>>()?, false))
    })
}
