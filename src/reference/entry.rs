//! One problem with its answer, by both routes.

use super::catalogue::Item;
use super::numbers::{common_digits, is_decided, numbers, with_doubles};
use super::regression::{DeepLinear, FORMAT as REGRESSION};
use super::second::{self, Second};
use super::strict::canonical;
use crate::problem::{Answer, Problem, ProblemError, read_problem};
use crate::scalar::Ball;
use nalgebra::DMatrix;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use thiserror::Error;

/// Decimal digits of every enclosure.
pub const DIGITS: u32 = 60;

/// What an entry is about, read.
#[derive(Clone, Debug)]
pub enum Input {
    /// problem-1.
    Problem(Box<Problem>),
    /// regression-1.
    Regression(DeepLinear),
}

impl Input {
    /// Reads either format.
    ///
    /// # Errors
    /// As for the format that the text names.
    pub fn read(problem: &Value) -> Result<Self, ProblemError> {
        let text = canonical(problem);
        match problem.get("format").and_then(Value::as_str) {
            Some(REGRESSION) => DeepLinear::read(&text).map(Self::Regression),
            _ => read_problem(&text).map(|problem| Self::Problem(Box::new(problem))),
        }
    }
}

/// A reference value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The problem's name.
    pub id: String,
    /// What it is there for.
    pub note: String,
    /// problem-1 or regression-1.
    pub problem: Value,
    /// SHA-256 of the problem's canonical text.
    pub sha256: String,
    /// solution-1, with the nearest double beside the bounds of every number.
    pub solution: Value,
    /// How the solution was found.
    pub route: String,
    /// How it was found again.
    pub second_route: String,
    /// Decimal digits that both have in common, at least; `None` where there is no number,
    /// or none that is not exact.
    pub agreement: Option<i64>,
}

/// Why there is no entry.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum Disagreement {
    /// The problem is none.
    #[error("problem.{0}")]
    Problem(#[from] ProblemError),
    /// The second route did not end.
    #[error("second route: {0}")]
    NotReached(String),
    /// Another status.
    #[error("status: {first} by the first route, {second} by the second")]
    Status {
        /// By the first route.
        first: String,
        /// By the second.
        second: String,
    },
    /// The enclosures have no number in common.
    #[error("{place}: {lower} to {upper} by the first route, {second} by the second")]
    Apart {
        /// Which number.
        place: String,
        /// By the first route.
        lower: String,
        /// By the first route.
        upper: String,
        /// By the second.
        second: String,
    },
    /// Too few digits in common.
    #[error("{place}: the two routes have {digits} digits in common, expected at least {DIGITS}")]
    Vague {
        /// Which number.
        place: String,
        /// Digits in common.
        digits: i64,
    },
    /// One of them has a number that the other has not.
    #[error("{place}: by one of the two routes alone")]
    Alone {
        /// Which number.
        place: String,
    },
    /// The double nearest to it is not known.
    #[error("{place}: the bounds do not decide which double is nearest")]
    Undecided {
        /// Which number.
        place: String,
    },
}

/// SHA-256 of a problem's canonical text.
pub(super) fn fingerprint(problem: &Value) -> String {
    format!("{:x}", Sha256::digest(canonical(problem).as_bytes()))
}

/// What the first route found.
struct First {
    solution: Value,
    answer: Option<Answer>,
    route: &'static str,
}

impl Entry {
    /// Solves a problem by both routes.
    ///
    /// # Errors
    /// [`Disagreement`], above all where the routes differ.
    pub fn of(item: &Item) -> Result<Self, Disagreement> {
        Self::compute(&item.id, &item.note, &item.problem)
    }

    /// The same, for a problem from a file.
    pub(super) fn compute(id: &str, note: &str, problem: &Value) -> Result<Self, Disagreement> {
        let input = Input::read(problem)?;
        let First {
            mut solution,
            answer,
            route,
        } = first(&input)?;
        let (agreement, second_route) = confirm(&input, answer.as_ref(), &solution)?;
        with_doubles(&mut solution);
        Ok(Self {
            id: id.to_owned(),
            note: note.to_owned(),
            problem: problem.clone(),
            sha256: fingerprint(problem),
            solution,
            route: route.to_owned(),
            second_route: second_route.to_owned(),
            agreement,
        })
    }

    /// Does the second route lead to the numbers of this entry, whatever the first says?
    /// Returns the digits in common, as for [`agreement`](Self::agreement).
    ///
    /// # Errors
    /// [`Disagreement`] where it leads elsewhere.
    pub fn confirm(&self) -> Result<Option<i64>, Disagreement> {
        let input = Input::read(&self.problem)?;
        let answer = first(&input)?.answer;
        Ok(confirm(&input, answer.as_ref(), &self.solution)?.0)
    }

    /// The status of its solution.
    pub fn status(&self) -> &str {
        self.solution
            .get("status")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

/// The digits that the second route has in common with a solution, and its name.
fn confirm(
    input: &Input,
    answer: Option<&Answer>,
    solution: &Value,
) -> Result<(Option<i64>, &'static str), Disagreement> {
    let mut outcome = Err(Disagreement::NotReached("no attempt".to_owned()));
    for attempt in 0..second::ATTEMPTS {
        outcome = second::run(input, answer, attempt)
            .map_err(Disagreement::NotReached)
            .and_then(|second| Ok((agreement(solution, &second)?, second.route)));
        // More bits may help against these two, and against nothing else.
        let again = matches!(
            outcome,
            Err(Disagreement::NotReached(_) | Disagreement::Vague { .. })
        );
        if !again {
            break;
        }
    }
    outcome
}

fn first(input: &Input) -> Result<First, Disagreement> {
    match input {
        Input::Problem(problem) => {
            let found = problem.solve(DIGITS)?;
            let solution = serde_json::to_value(found.to_file()).unwrap_or_default();
            let route = match &found.answer {
                Answer::Single(_) => {
                    "the closed form, or a step of the interval Newton method (T7)"
                }
                Answer::Family { .. } => "Krawczyk's operator around Newton's minimum (T16)",
                Answer::Group { .. } => "geometric mean by eigenvalues, Löwner bounds (T17)",
            };
            Ok(First {
                solution,
                answer: Some(found.answer),
                route,
            })
        }
        Input::Regression(deep) => {
            let network = deep.solve(DIGITS)?;
            let one = |x: &Ball| {
                let bounds = x.to_decimal(DIGITS as usize + 2);
                bounds.map(|(lower, upper)| json!({ "lower": lower, "upper": upper }))
            };
            let matrix = |m: &DMatrix<Ball>| {
                let rows = m
                    .row_iter()
                    .map(|row| row.iter().map(one).collect::<Option<Value>>());
                rows.collect::<Option<Value>>()
            };
            Ok(First {
                solution: json!({
                    "format": "noise-equilibrium/solution-1",
                    "status": "finite",
                    "digits": DIGITS,
                    "rho": one(&network.rho),
                    "first_gram": matrix(&network.first_gram),
                    "last_gram": matrix(&network.last_gram),
                }),
                answer: None,
                route: "C4 through the certified geometric mean Σ_x⁻¹ # VᵀΣ_εV",
            })
        }
    }
}

/// The digits that all numbers have in common at least, if each has enough of them.
fn agreement(solution: &Value, second: &Second) -> Result<Option<i64>, Disagreement> {
    let status = solution
        .get("status")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if status != second.status {
        return Err(Disagreement::Status {
            first: status.to_owned(),
            second: second.status.to_owned(),
        });
    }
    let found = numbers(solution).map_err(Disagreement::NotReached)?;
    let mut others: BTreeMap<&str, &Ball> = second
        .numbers
        .iter()
        .map(|(place, x)| (place.as_str(), x))
        .collect();
    let mut least = None;
    for number in &found {
        let place = || number.place.clone();
        let Some(other) = others.remove(number.place.as_str()) else {
            return Err(Disagreement::Alone { place: place() });
        };
        if !other.is_bounded() {
            return Err(Disagreement::Vague {
                place: place(),
                digits: 0,
            });
        }
        let Some(digits) = common_digits(number, other) else {
            let decimal =
                |q| crate::scalar::decimal_of_rational(q, 40, crate::scalar::Direction::Down);
            return Err(Disagreement::Apart {
                place: place(),
                lower: decimal(&number.lower),
                upper: decimal(&number.upper),
                second: format!("{:.40}", other.midpoint()),
            });
        };
        if digits < i64::from(DIGITS) {
            return Err(Disagreement::Vague {
                place: place(),
                digits,
            });
        }
        if !is_decided(number) {
            return Err(Disagreement::Undecided { place: place() });
        }
        // What both have exactly has no end of digits.
        if digits < i64::MAX {
            least = Some(least.map_or(digits, |least: i64| least.min(digits)));
        }
    }
    match others.keys().next() {
        Some(place) => Err(Disagreement::Alone {
            place: (*place).to_owned(),
        }),
        None => Ok(least),
    }
}
