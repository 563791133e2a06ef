//! Solving a problem, and writing solution-1.

use super::moved::{along_family, along_group, along_orbit};
use super::{Body, Problem, ProblemError};
use crate::balance::{
    Certified, Equilibrium, Gap, Orbit, SpectrumSource, Start, certify_and, checked,
    family::{CertifiedFamily, FamilyOrbit, FamilyStart, FamilyStatus, certify_family_and},
    general_linear::{
        CertifiedGroup, GroupBalance, GroupOrbit, GroupStatus, certify_group_and, enclosed,
    },
};
use crate::scalar::{Ball, Rational, decimals_of_rational};
use nalgebra::DMatrix;
use rug::Float;
use serde::Serialize;
use thiserror::Error;

/// The certified answer to a problem.
#[derive(Clone, Debug)]
pub struct Solution {
    /// Decimal digits that each enclosure has at least.
    pub digits: u32,
    /// The answer, by what the problem asked about.
    pub answer: Answer,
}

/// An answer, by what the problem asked about.
#[derive(Clone, Debug)]
pub enum Answer {
    /// One generator, or a spectrum (T8).
    Single(Single),
    /// A family of commuting generators (T16).
    Family {
        /// Before anything moves, exactly.
        start: FamilyStart,
        /// The status, and the solution where there is a minimum.
        status: FamilyStatus<FamilyFinite>,
    },
    /// The group GL(r) between two factors (T17).
    Group {
        /// Before anything moves, exactly: M and N.
        start: GroupBalance,
        /// UᵀU − WWᵀ at the start, r × r.
        charge: DMatrix<Rational>,
        /// The status, and the solution where there is a minimum.
        status: GroupStatus<GroupFinite>,
    },
}

/// The answer for one generator.
#[derive(Clone, Debug)]
pub struct Single {
    /// Before anything moves, exactly.
    pub start: Start,
    /// The status, and the solution where it is finite.
    pub equilibrium: Equilibrium<Finite>,
    /// Was the problem given by a point on an orbit?
    pub on_orbit: bool,
}

/// A finite equilibrium.
#[derive(Clone, Debug)]
pub struct Finite {
    /// λ\*, charge, potential, relaxation rate.
    pub certified: Certified,
    /// θ\*, d numbers; empty for a problem given as a spectrum.
    pub theta: Vec<Ball>,
}

/// The equilibrium of a family.
#[derive(Clone, Debug)]
pub struct FamilyFinite {
    /// λ\*, charges, potential.
    pub certified: CertifiedFamily,
    /// θ\*, d numbers.
    pub theta: Vec<Ball>,
}

/// The balanced point of a group's orbit.
#[derive(Clone, Debug)]
pub struct GroupFinite {
    /// S, P = S^{1/2}, potential.
    pub certified: CertifiedGroup,
    /// θ\* = (UP, P⁻¹W), d numbers.
    pub theta: Vec<Ball>,
    /// UᵀU − WWᵀ at θ\*, r × r.
    pub charge: DMatrix<Ball>,
}

/// There is no such number.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("expected a finite equilibrium of one generator, found the status {status} of {asked}")]
pub struct NoEquilibrium {
    /// What the problem was about.
    pub asked: &'static str,
    /// Its status.
    pub status: &'static str,
}

impl Solution {
    /// The answer for one generator, if it was about one.
    pub fn single(self) -> Option<Single> {
        match self.answer {
            Answer::Single(single) => Some(single),
            _ => None,
        }
    }

    /// λ\* of one generator: its midpoint, its radius, its decimals.
    ///
    /// # Errors
    /// [`NoEquilibrium`] where it is not finite, and of a family or a group, which have a
    /// vector or a matrix in its place.
    pub fn lambda(&self) -> Result<&Ball, NoEquilibrium> {
        Ok(&self.finite()?.certified.lambda)
    }

    /// The charge C(θ\*).
    ///
    /// # Errors
    /// As for [`lambda`](Self::lambda).
    pub fn charge(&self) -> Result<&Ball, NoEquilibrium> {
        Ok(&self.finite()?.certified.charge)
    }

    /// The balance potential Φ(λ\*).
    ///
    /// # Errors
    /// As for [`lambda`](Self::lambda).
    pub fn potential(&self) -> Result<&Ball, NoEquilibrium> {
        Ok(&self.finite()?.certified.potential)
    }

    /// θ\*, d numbers; none for a problem that was given as a spectrum.
    ///
    /// # Errors
    /// [`NoEquilibrium`] where there is no balanced point.
    pub fn theta(&self) -> Result<&[Ball], NoEquilibrium> {
        let theta = match &self.answer {
            Answer::Single(_) => Some(&self.finite()?.theta),
            Answer::Family { status, .. } => match status {
                FamilyStatus::Bounded { solution, .. } => Some(&solution.theta),
                FamilyStatus::Unbounded { .. } => None,
            },
            Answer::Group { status, .. } => match status {
                GroupStatus::Finite(solution) | GroupStatus::Degenerate { solution, .. } => {
                    Some(&solution.theta)
                }
                GroupStatus::Unbounded { .. } => None,
            },
        };
        theta.map(Vec::as_slice).ok_or_else(|| self.nothing())
    }

    fn finite(&self) -> Result<&Finite, NoEquilibrium> {
        match &self.answer {
            Answer::Single(Single {
                equilibrium: Equilibrium::Finite(finite),
                ..
            }) => Ok(finite),
            _ => Err(self.nothing()),
        }
    }

    fn nothing(&self) -> NoEquilibrium {
        NoEquilibrium {
            asked: match &self.answer {
                Answer::Single(_) => "one generator",
                Answer::Family { .. } => "a family",
                Answer::Group { .. } => "a group",
            },
            status: self.status(),
        }
    }

    /// The status as files have it.
    pub fn status(&self) -> &'static str {
        match &self.answer {
            Answer::Single(single) => single.equilibrium.status(),
            Answer::Family { status, .. } => status.status(),
            Answer::Group { status, .. } => status.status(),
        }
    }
}

pub(super) fn solve(problem: &Problem, digits: u32) -> Result<Solution, ProblemError> {
    if !(1..=100_000).contains(&digits) {
        return Err(ProblemError::Digits(digits.into()));
    }
    let answer = match &problem.body {
        Body::Family(orbit) => solve_family(problem, orbit, digits)?,
        Body::Group(orbit) => solve_group(problem, orbit, digits)?,
        Body::Spectrum(spectrum) => {
            let source = SpectrumSource::Exact(spectrum.clone());
            solve_single(problem, &source, None, digits)?
        }
        Body::Orbit(orbit) => solve_single(problem, &orbit.spectrum()?, Some(orbit), digits)?,
    };
    Ok(Solution { digits, answer })
}

fn solve_single(
    problem: &Problem,
    source: &SpectrumSource,
    orbit: Option<&Orbit>,
    digits: u32,
) -> Result<Answer, ProblemError> {
    let equilibrium = certify_and(source, &problem.strength, digits, |certified| {
        let theta = match orbit {
            Some(orbit) => along_orbit(orbit, &certified, digits)?,
            None => Vec::new(),
        };
        Ok(Finite { certified, theta })
    })?;
    Ok(Answer::Single(Single {
        start: source.start(&problem.strength),
        equilibrium,
        on_orbit: orbit.is_some(),
    }))
}

fn solve_family(
    problem: &Problem,
    orbit: &FamilyOrbit,
    digits: u32,
) -> Result<Answer, ProblemError> {
    let source = orbit.spectrum()?;
    let status = certify_family_and(&source, &problem.strength, digits, |certified| {
        let theta = along_family(orbit, &certified, digits)?;
        Ok(FamilyFinite { certified, theta })
    })?;
    let start = source.start(&problem.strength);
    Ok(Answer::Family { start, status })
}

fn solve_group(problem: &Problem, orbit: &GroupOrbit, digits: u32) -> Result<Answer, ProblemError> {
    let start = orbit.balance(&problem.strength);
    let [up, down] = orbit.charges();
    let status = certify_group_and(&start, digits, |certified| {
        Ok(GroupFinite {
            theta: along_group(orbit, &certified, digits)?,
            charge: charge_after(&certified, [&up, &down], digits)?,
            certified,
        })
    })?;
    let charge = up - down;
    Ok(Answer::Group {
        start,
        charge,
        status,
    })
}

/// P UᵀU P − P⁻¹WWᵀP⁻¹, for the symmetric P.
fn charge_after(
    certified: &CertifiedGroup,
    [up, down]: [&DMatrix<Rational>; 2],
    digits: u32,
) -> Result<DMatrix<Ball>, Gap> {
    let around = |p: &DMatrix<Ball>, m: &DMatrix<Rational>| p * enclosed(m) * p;
    let left = around(&certified.transform, up);
    let right = around(&certified.inverse, down);
    // No entry of a positive semidefinite matrix is larger than its trace.
    let traces = left
        .diagonal()
        .iter()
        .chain(right.diagonal().iter())
        .map(Ball::magnitude)
        .collect::<Vec<_>>();
    let scale = traces
        .into_iter()
        .fold(Float::new(64), |total, x| total + x);
    let mut charge = left - right;
    for x in charge.iter_mut() {
        *x = checked("charge.after", x.clone(), Some(&scale), digits)?;
    }
    Ok(charge)
}

/// A pair of decimals that encloses a real number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Bounds {
    /// At most the number.
    pub lower: String,
    /// At least the number.
    pub upper: String,
}

/// A number, a vector or a matrix of numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Numbers {
    /// For one generator.
    One(Bounds),
    /// For a family, one for each generator.
    List(Vec<Bounds>),
    /// For a group, row by row.
    Matrix(Vec<Vec<Bounds>>),
}

/// The same quantity at θ and at θ\*.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// At θ.
    pub before: Numbers,
    /// At θ\*.
    pub after: Numbers,
}

/// Exact numbers, each a whole number or a fraction `p/q`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Exactly {
    /// A vector.
    List(Vec<String>),
    /// A matrix, row by row.
    Matrix(Vec<Vec<String>>),
}

/// The solution-1 format. Fields that do not apply are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SolutionFile {
    format: &'static str,
    status: &'static str,
    digits: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<Exactly>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    flat_directions: Vec<Exactly>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lambda: Option<Numbers>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metric: Option<Numbers>,
    #[serde(skip_serializing_if = "Option::is_none")]
    theta: Option<Vec<Bounds>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    charge: Option<Change>,
    #[serde(skip_serializing_if = "Option::is_none")]
    balance_before: Option<Numbers>,
    #[serde(skip_serializing_if = "Option::is_none")]
    potential: Option<Change>,
    #[serde(skip_serializing_if = "Option::is_none")]
    relaxation_rate: Option<Bounds>,
}

/// Numbers as decimals that enclose them.
struct Printer {
    digits: usize,
}

impl Printer {
    fn exact(&self, q: &Rational) -> Bounds {
        let (lower, upper) = decimals_of_rational(q, self.digits);
        Bounds { lower, upper }
    }

    fn exact_list(&self, numbers: &[Rational]) -> Numbers {
        Numbers::List(numbers.iter().map(|q| self.exact(q)).collect())
    }

    fn exact_matrix(&self, m: &DMatrix<Rational>) -> Numbers {
        let rows = m.row_iter();
        Numbers::Matrix(
            rows.map(|row| row.iter().map(|q| self.exact(q)).collect())
                .collect(),
        )
    }

    fn one(&self, x: &Ball) -> Option<Bounds> {
        let (lower, upper) = x.to_decimal(self.digits)?;
        Some(Bounds { lower, upper })
    }

    fn list(&self, numbers: &[Ball]) -> Option<Vec<Bounds>> {
        numbers.iter().map(|x| self.one(x)).collect()
    }

    fn matrix(&self, m: &DMatrix<Ball>) -> Option<Numbers> {
        let row = |i: usize| m.row(i).iter().map(|x| self.one(x)).collect();
        let rows: Option<Vec<_>> = (0..m.nrows()).map(row).collect();
        rows.map(Numbers::Matrix)
    }
}

fn change(before: Numbers, after: Option<Numbers>) -> Option<Change> {
    after.map(|after| Change { before, after })
}

fn exactly(v: &[Rational]) -> Vec<String> {
    v.iter().map(Rational::to_string).collect()
}

fn exact_matrix(m: &DMatrix<Rational>) -> Exactly {
    let row = |row: usize| m.row(row).iter().map(Rational::to_string).collect();
    Exactly::Matrix((0..m.nrows()).map(row).collect())
}

impl Solution {
    /// The answer as it is written to a file.
    pub fn to_file(&self) -> SolutionFile {
        let mut file = SolutionFile {
            format: "noise-equilibrium/solution-1",
            status: self.status(),
            digits: self.digits,
            direction: None,
            flat_directions: Vec::new(),
            lambda: None,
            metric: None,
            theta: None,
            charge: None,
            balance_before: None,
            potential: None,
            relaxation_rate: None,
        };
        // Two digits more than promised: outward rounding costs up to one unit at each end.
        let print = Printer {
            digits: self.digits as usize + 2,
        };
        match &self.answer {
            Answer::Single(single) => single.fill(&mut file, &print),
            Answer::Family { start, status } => fill_family(start, status, &mut file, &print),
            Answer::Group {
                start,
                charge,
                status,
            } => fill_group(start, charge, status, &mut file, &print),
        }
        file
    }
}

impl Single {
    fn fill(&self, file: &mut SolutionFile, print: &Printer) {
        let Equilibrium::Finite(Finite { certified, theta }) = &self.equilibrium else {
            return;
        };
        let start = &self.start;
        let one = |before: &Rational, after: &Ball| {
            let before = Numbers::One(print.exact(before));
            change(before, print.one(after).map(Numbers::One))
        };
        file.lambda = print.one(&certified.lambda).map(Numbers::One);
        if self.on_orbit {
            file.theta = print.list(theta);
            file.charge = one(&start.charge, &certified.charge);
        }
        file.balance_before = Some(Numbers::One(print.exact(&start.balance)));
        file.potential = one(&start.potential, &certified.potential);
        let rate = certified.relaxation_rate.as_ref();
        file.relaxation_rate = rate.and_then(|x| print.one(x));
    }
}

fn fill_family(
    start: &FamilyStart,
    status: &FamilyStatus<FamilyFinite>,
    file: &mut SolutionFile,
    print: &Printer,
) {
    let (flat, solution) = match status {
        FamilyStatus::Unbounded { direction } => {
            file.direction = Some(Exactly::List(exactly(direction)));
            return;
        }
        FamilyStatus::Bounded { flat, solution } => (flat, solution),
    };
    let certified = &solution.certified;
    file.flat_directions = flat.iter().map(|v| Exactly::List(exactly(v))).collect();
    file.lambda = print.list(&certified.lambda).map(Numbers::List);
    file.theta = print.list(&solution.theta);
    file.charge = change(
        print.exact_list(&start.charge),
        print.list(&certified.charge).map(Numbers::List),
    );
    file.balance_before = Some(print.exact_list(&start.balance));
    file.potential = change(
        Numbers::One(print.exact(&start.potential)),
        print.one(&certified.potential).map(Numbers::One),
    );
}

fn fill_group(
    start: &GroupBalance,
    charge: &DMatrix<Rational>,
    status: &GroupStatus<GroupFinite>,
    file: &mut SolutionFile,
    print: &Printer,
) {
    let solution = match status {
        GroupStatus::Unbounded { direction } => {
            file.direction = Some(exact_matrix(direction));
            return;
        }
        GroupStatus::Degenerate { flat, solution } => {
            file.flat_directions = flat.iter().map(exact_matrix).collect();
            solution
        }
        GroupStatus::Finite(solution) => solution,
    };
    file.metric = print.matrix(&solution.certified.metric);
    file.theta = print.list(&solution.theta);
    file.charge = change(print.exact_matrix(charge), print.matrix(&solution.charge));
    file.balance_before = Some(print.exact_matrix(&start.balance_at_start()));
    let potential = start.potential_at_start();
    file.potential = change(
        Numbers::One(print.exact(&potential)),
        print.one(&solution.certified.potential).map(Numbers::One),
    );
}
