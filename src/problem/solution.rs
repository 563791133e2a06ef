//! Solving a problem, and writing solution-1.

use super::moved::{along_family, along_group, along_orbit};
use super::{Body, Problem, ProblemError};
use crate::balance::{
    Attempt, Certified, CertifiedFamily, CertifiedGroup, Equilibrium, FamilyOrbit, FamilyStart,
    FamilyStatus, GroupBalance, GroupOrbit, GroupStatus, Orbit, SpectrumSource, Start, certify,
    certify_family, certify_group, resolved,
};
use crate::scalar::{Enclosure, Rational, decimals_of_rational, dot, sum};
use nalgebra::DMatrix;
use rug::Float;
use serde::Serialize;

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
    pub theta: Vec<Enclosure>,
}

/// The equilibrium of a family.
#[derive(Clone, Debug)]
pub struct FamilyFinite {
    /// λ\*, charges, potential.
    pub certified: CertifiedFamily,
    /// θ\*, d numbers.
    pub theta: Vec<Enclosure>,
}

/// The balanced point of a group's orbit.
#[derive(Clone, Debug)]
pub struct GroupFinite {
    /// S, P = S^{1/2}, potential.
    pub certified: CertifiedGroup,
    /// θ\* = (UP, P⁻¹W), d numbers.
    pub theta: Vec<Enclosure>,
    /// UᵀU − WWᵀ at θ\*, r × r.
    pub charge: Vec<Vec<Enclosure>>,
}

impl Solution {
    /// The answer for one generator, if it was about one.
    pub fn single(self) -> Option<Single> {
        match self.answer {
            Answer::Single(single) => Some(single),
            _ => None,
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
    let equilibrium = certify(source, &problem.strength, digits, |certified| {
        let Some(orbit) = orbit else {
            return Ok(Attempt::Done(Finite {
                certified,
                theta: Vec::new(),
            }));
        };
        match along_orbit(orbit, &certified, digits)? {
            Some(theta) => Ok(Attempt::Done(Finite { certified, theta })),
            None => Ok(Attempt::Unresolved("theta")),
        }
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
    let status = certify_family(
        &source,
        &problem.strength,
        digits,
        |certified| match along_family(orbit, &certified, digits)? {
            Some(theta) => Ok(Attempt::Done(FamilyFinite { certified, theta })),
            None => Ok(Attempt::Unresolved("theta")),
        },
    )?;
    let start = source.start(&problem.strength);
    Ok(Answer::Family { start, status })
}

fn solve_group(problem: &Problem, orbit: &GroupOrbit, digits: u32) -> Result<Answer, ProblemError> {
    let start = orbit.balance(&problem.strength);
    let [up, down] = orbit.charges();
    let status = certify_group(&start, digits, |certified| {
        let Some(theta) = along_group(orbit, &certified, digits)? else {
            return Ok(Attempt::Unresolved("theta"));
        };
        Ok(match charge_after(&certified, [&up, &down], digits) {
            Some(charge) => Attempt::Done(GroupFinite {
                certified,
                theta,
                charge,
            }),
            None => Attempt::Unresolved("charge.after"),
        })
    })?;
    let charge = up - down;
    Ok(Answer::Group {
        start,
        charge,
        status,
    })
}

/// P UᵀU P − P⁻¹WWᵀP⁻¹, for the symmetric P; `None` if it takes more bits.
fn charge_after(
    certified: &CertifiedGroup,
    [up, down]: [&DMatrix<Rational>; 2],
    digits: u32,
) -> Option<Vec<Vec<Enclosure>>> {
    let at = |q: &Rational| Enclosure::at(certified.bits, q);
    let around = |p: &[Vec<Enclosure>], m: &DMatrix<Rational>| {
        let rows: Vec<Vec<Enclosure>> = m
            .row_iter()
            .map(|row| row.iter().map(at).collect())
            .collect();
        let turned: Vec<Vec<Enclosure>> = p
            .iter()
            .map(|column| rows.iter().map(|row| dot(row, column)).collect())
            .collect();
        move |i: usize, j: usize, p: &[Vec<Enclosure>]| dot(&turned[i], &p[j])
    };
    let (left, right) = (
        around(&certified.transform, up),
        around(&certified.inverse, down),
    );
    let r = certified.metric.len();
    let parts = |i: usize, j: usize| {
        [
            left(i, j, &certified.transform),
            -right(i, j, &certified.inverse),
        ]
    };
    // No entry of a positive semidefinite matrix is larger than its trace.
    let traces = (0..r).flat_map(|i| parts(i, i));
    let scale = traces.fold(Float::new(64), |total, x| total + x.magnitude());
    let entry = |i: usize, j: usize| {
        let value = sum(parts(i, j));
        resolved(&value, Some(&scale), digits).then_some(value)
    };
    (0..r)
        .map(|i| (0..r).map(|j| entry(i, j)).collect())
        .collect()
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

    fn one(&self, x: &Enclosure) -> Option<Bounds> {
        let (lower, upper) = x.to_decimal(self.digits)?;
        Some(Bounds { lower, upper })
    }

    fn list(&self, numbers: &[Enclosure]) -> Option<Vec<Bounds>> {
        numbers.iter().map(|x| self.one(x)).collect()
    }

    fn matrix(&self, rows: &[Vec<Enclosure>]) -> Option<Numbers> {
        let rows: Option<Vec<_>> = rows.iter().map(|row| self.list(row)).collect();
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
        let one = |before: &Rational, after: &Enclosure| {
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
