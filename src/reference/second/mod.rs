//! The second route to every number: other algorithms on the same exact input. With the first
//! they share the number systems, exact elimination and the exact count of live rates, but no
//! solver, no proof and no eigenvector.
//!
//! | problem | first route | second route |
//! | --- | --- | --- |
//! | one generator, rational rates | closed form or Newton's method, proved by signs | bisection in interval arithmetic |
//! | one generator, irrational rates | enclosed eigenspaces | secant steps on enclosed matrix exponentials |
//! | commuting generators | Newton's method, proved by Krawczyk's operator | quasi-Newton minimisation, enclosed by convexity |
//! | GL(r) | eigendecomposition, proved by a Löwner order | Denman and Beavers, enclosed by geodesic convexity |
//! | deep linear network | certified geometric mean | singular values with 768 bits |

mod bisection;
mod blocks;
mod convexity;
mod coordinates;
mod geodesic;
mod network;

use super::Input;
use super::regression::DeepLinear;
use crate::balance::{
    Orbit,
    family::{FamilyOrbit, FamilyStatus},
    general_linear::{GroupOrbit, GroupStatus},
};
use crate::problem::{Answer, Body, Problem};
use crate::scalar::{Ball, Rational, at_precision};
use crate::symmetry::{FamilyStructure, Structure};
use blocks::Blocks;
use convexity::System;
use coordinates::{Before, Coordinate, Coordinates};
use nalgebra::DMatrix;
use std::collections::BTreeMap;

/// What the second route found.
#[derive(Clone, Debug)]
pub(super) struct Second {
    /// The algorithm, in a few words.
    pub route: &'static str,
    /// As files have it.
    pub status: &'static str,
    /// Each number by its place in a solution, as `theta[2]`.
    pub numbers: BTreeMap<String, Ball>,
}

/// The statuses of all kinds of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Finite,
    PlusInfinity,
    MinusInfinity,
    Degenerate,
    Unbounded,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Finite => "finite",
            Self::PlusInfinity => "plus-infinity",
            Self::MinusInfinity => "minus-infinity",
            Self::Degenerate => "degenerate",
            Self::Unbounded => "unbounded",
        }
    }
}

/// An equilibrium of one generator or of a family.
struct Reached {
    status: Status,
    lambda: Vec<Ball>,
    theta: Option<Vec<Ball>>,
    charge: Vec<Ball>,
    potential: Option<Ball>,
    relaxation_rate: Option<Ball>,
}

impl Reached {
    fn status(status: Status) -> Self {
        Self {
            status,
            lambda: Vec::new(),
            theta: None,
            charge: Vec::new(),
            potential: None,
            relaxation_rate: None,
        }
    }
}

/// A balanced point of a group.
struct Group {
    status: Status,
    metric: Vec<Vec<Ball>>,
    theta: Vec<Ball>,
    charge: Vec<Vec<Ball>>,
    potential: Option<Ball>,
}

impl Group {
    fn status(status: Status) -> Self {
        Self {
            status,
            metric: Vec::new(),
            theta: Vec::new(),
            charge: Vec::new(),
            potential: None,
        }
    }
}

/// Attempts of [`run`], the second with more bits.
pub(super) const ATTEMPTS: u32 = 2;

/// Runs the second route. Of what the first found it uses the directions alone, flat or of
/// recession, which it checks.
///
/// # Errors
/// What could not be shown.
pub(super) fn run(input: &Input, answer: Option<&Answer>, attempt: u32) -> Result<Second, String> {
    match (input, answer) {
        (Input::Regression(deep), None) => regression(deep),
        (Input::Problem(problem), Some(answer)) => of_problem(problem, answer, attempt),
        _ => Err("an answer to another kind of problem".to_owned()),
    }
}

fn regression(deep: &DeepLinear) -> Result<Second, String> {
    Ok(Second {
        route: "C4 by a singular value decomposition with 768 bits, its balance and its product checked",
        status: Status::Finite.name(),
        numbers: at_precision(network::BITS, || network::numbers(deep))?,
    })
}

fn of_problem(problem: &Problem, answer: &Answer, attempt: u32) -> Result<Second, String> {
    match (&problem.body, answer) {
        (Body::Spectrum(spectrum), _) => {
            let list = spectrum.terms().iter().map(|t| Coordinate {
                rates: vec![t.rate.clone()],
                noise: t.noise.clone(),
                charge: t.charge.clone(),
            });
            let system = Coordinates {
                list: list.collect(),
                theta: None,
                strength: problem.strength.clone(),
            };
            bisect(&system, attempt)
        }
        (Body::Orbit(orbit), _) => single(problem, orbit, attempt),
        (Body::Family(orbit), Answer::Family { status, .. }) => {
            family(problem, orbit, &directions(status), attempt)
        }
        (Body::Group(orbit), Answer::Group { status, .. }) => {
            group(problem, orbit, &bare(status), attempt)
        }
        _ => Err("an answer to another kind of problem".to_owned()),
    }
}

fn bisect(system: &Coordinates, attempt: u32) -> Result<Second, String> {
    let bits = 512 << (2 * attempt);
    let found = at_precision(bits, || bisection::solve(system, bits))?;
    let route = "bisection of G in interval arithmetic, coordinate by coordinate";
    Ok(solution(
        route,
        found,
        &system.start(),
        true,
        system.theta.is_some(),
    ))
}

fn single(problem: &Problem, orbit: &Orbit, attempt: u32) -> Result<Second, String> {
    match orbit.generator().structure() {
        Structure::Rates(rates) => {
            let rates = rates.iter().map(|rate| vec![rate.clone()]).collect();
            let system = Coordinates::of(rates, orbit.theta(), orbit.noise(), &problem.strength);
            bisect(&system, attempt)
        }
        Structure::Blocks { matrix, slices, .. } => {
            let matrices = vec![matrix.clone()];
            let system = Blocks::of(
                matrices,
                slices,
                orbit.theta(),
                orbit.noise(),
                &problem.strength,
            );
            let status = system.status();
            let found = match status {
                Status::Finite => minimise(&System::Blocks(&system), &[], attempt)?,
                _ => Reached::status(status),
            };
            let route =
                "secant steps on matrix exponentials in interval arithmetic, enclosed by convexity";
            Ok(solution(route, found, &system.start(), true, true))
        }
    }
}

/// Flat directions, or one of recession.
enum Directions {
    Flat(Vec<Vec<Rational>>),
    Recession(Vec<Rational>),
}

fn family(
    problem: &Problem,
    orbit: &FamilyOrbit,
    directions: &Directions,
    attempt: u32,
) -> Result<Second, String> {
    let (theta, noise, strength) = (orbit.theta(), orbit.noise(), &problem.strength);
    let (mut found, before, route) = match orbit.family().structure() {
        FamilyStructure::Rates(rates) => {
            let system = Coordinates::of(rates, theta, noise, strength);
            let exponents = system.exponents();
            let along = |u: &Vec<Rational>| {
                let products = exponents.iter().map(|v| crate::scalar::dot(u, v));
                products.collect::<Vec<Rational>>()
            };
            let found = match directions {
                Directions::Recession(u) => {
                    let slopes = along(u);
                    let recedes = slopes.iter().all(|x| *x <= 0) && slopes.iter().any(|x| *x < 0);
                    unbounded(recedes)?
                }
                Directions::Flat(flat) => {
                    all_flat(flat.iter().all(|u| along(u).iter().all(|x| *x == 0)))?;
                    minimise(&System::Coordinates(&system), flat, attempt)?
                }
            };
            let route = "quasi-Newton minimisation coordinate by coordinate, enclosed by convexity";
            (found, system.start(), route)
        }
        FamilyStructure::Blocks { matrices, slices } => {
            let matrices: Vec<DMatrix<Rational>> =
                matrices.into_iter().map(|k| k.into_owned()).collect();
            let system = Blocks::of(matrices, slices, theta, noise, strength);
            let found = match directions {
                Directions::Recession(u) => unbounded(system.recedes(u))?,
                Directions::Flat(flat) => {
                    all_flat(flat.iter().all(|u| system.is_flat(u)))?;
                    minimise(&System::Blocks(&system), flat, attempt)?
                }
            };
            let route = "quasi-Newton minimisation on matrix exponentials in interval arithmetic, enclosed by convexity";
            (found, system.start(), route)
        }
    };
    // A rate belongs to one generator (T14).
    found.relaxation_rate = None;
    Ok(solution(route, found, &before, false, true))
}

fn unbounded(recedes: bool) -> Result<Reached, String> {
    if recedes {
        Ok(Reached::status(Status::Unbounded))
    } else {
        Err("the direction is none of recession".to_owned())
    }
}

fn all_flat(flat: bool) -> Result<(), String> {
    if flat {
        Ok(())
    } else {
        Err("Φ is not constant along a direction said to be flat".to_owned())
    }
}

fn minimise(system: &System<'_>, flat: &[Vec<Rational>], attempt: u32) -> Result<Reached, String> {
    let bits = if attempt == 0 { 512 } else { 2048 };
    at_precision(bits, || convexity::solve(system, flat))
}

fn group(
    problem: &Problem,
    orbit: &GroupOrbit,
    status: &GroupStatus<()>,
    attempt: u32,
) -> Result<Second, String> {
    let strength = &problem.strength;
    let bits = if attempt == 0 { 768 } else { 4096 };
    let found = at_precision(bits, || geodesic::solve(orbit, strength, status))?;
    let mut numbers = BTreeMap::new();
    if let Some(potential) = &found.potential {
        let geodesic::Parts { squares, sides } = geodesic::parts(orbit, strength);
        let put = &mut numbers;
        matrix(put, "metric", &found.metric);
        list(put, "theta", &found.theta);
        matrix(put, "charge.after", &found.charge);
        matrix(
            put,
            "charge.before",
            &exact_matrix(&(&squares[0] - &squares[1])),
        );
        let balance = (&sides[1] - &sides[0]).map(|x| x * Rational::from(2));
        matrix(put, "balance_before", &exact_matrix(&balance));
        put.insert("potential.after".to_owned(), potential.clone());
        let before = sides[0].trace() + sides[1].trace();
        put.insert("potential.before".to_owned(), exact(&before));
    }
    Ok(Second {
        route: "the iteration of Denman and Beavers in multiprecision, enclosed by geodesic convexity",
        status: found.status.name(),
        numbers,
    })
}

/// Bits of what is known exactly.
const EXACT: u32 = 1024;

fn exact(q: &Rational) -> Ball {
    Ball::at(EXACT, q)
}

fn exact_matrix(m: &DMatrix<Rational>) -> Vec<Vec<Ball>> {
    let row = |i: usize| m.row(i).iter().map(exact).collect();
    (0..m.nrows()).map(row).collect()
}

fn list(to: &mut BTreeMap<String, Ball>, field: &str, numbers: &[Ball]) {
    for (i, x) in numbers.iter().enumerate() {
        to.insert(format!("{field}[{i}]"), x.clone());
    }
}

fn matrix(to: &mut BTreeMap<String, Ball>, field: &str, rows: &[Vec<Ball>]) {
    for (i, row) in rows.iter().enumerate() {
        list(to, &format!("{field}[{i}]"), row);
    }
}

/// By the places that the numbers have in a solution; of one generator without an index.
fn solution(
    route: &'static str,
    found: Reached,
    before: &Before,
    single: bool,
    on_orbit: bool,
) -> Second {
    let mut numbers = BTreeMap::new();
    let mut put = |field: &str, list_of: &[Ball]| match (single, list_of) {
        (true, [x]) => {
            numbers.insert(field.to_owned(), x.clone());
        }
        _ => list(&mut numbers, field, list_of),
    };
    if let Some(potential) = &found.potential {
        let exactly = |list: &[Rational]| list.iter().map(exact).collect::<Vec<_>>();
        put("lambda", &found.lambda);
        put("balance_before", &exactly(&before.balance));
        if on_orbit {
            put("charge.before", &exactly(&before.charge));
            put("charge.after", &found.charge);
        }
        numbers.insert("potential.before".to_owned(), exact(&before.potential));
        numbers.insert("potential.after".to_owned(), potential.clone());
        list(
            &mut numbers,
            "theta",
            found.theta.as_deref().unwrap_or_default(),
        );
        if let Some(rate) = found.relaxation_rate {
            numbers.insert("relaxation_rate".to_owned(), rate);
        }
    }
    Second {
        route,
        status: found.status.name(),
        numbers,
    }
}

fn directions<T>(status: &FamilyStatus<T>) -> Directions {
    match status {
        FamilyStatus::Unbounded { direction } => Directions::Recession(direction.clone()),
        FamilyStatus::Bounded { flat, .. } => Directions::Flat(flat.clone()),
    }
}

/// The status of a group without its solution.
fn bare<T>(status: &GroupStatus<T>) -> GroupStatus<()> {
    match status {
        GroupStatus::Finite(_) => GroupStatus::Finite(()),
        GroupStatus::Degenerate { flat, .. } => GroupStatus::Degenerate {
            flat: flat.clone(),
            solution: (),
        },
        GroupStatus::Unbounded { direction } => GroupStatus::Unbounded {
            direction: direction.clone(),
        },
    }
}
