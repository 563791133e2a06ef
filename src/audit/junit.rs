//! The report as JUnit's XML, which continuous integration shows: a suite for each statement,
//! in it a case for each check and for each negative control. Elements and attributes are those
//! that the schema of Jenkins' xUnit knows.

use super::report::{CheckReport, ControlReport, StatementReport};
use super::{Audit, Verdict};
use askama::Template;

#[derive(Template)]
#[template(path = "audit/junit.xml")]
struct File<'a> {
    all: Counts,
    suites: Vec<Suite<'a>>,
}

struct Suite<'a> {
    statement: &'a StatementReport,
    counts: Counts,
    cases: Vec<Case>,
}

/// A check or a control.
struct Case {
    name: String,
    time: Seconds,
    problem: Option<Problem>,
}

struct Problem {
    /// `failure`; or `error` where nothing was shown, since an audit that decides nothing must
    /// not look green.
    element: &'static str,
    kind: &'static str,
    counts: String,
    detail: String,
}

#[derive(Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    time: Seconds,
}

/// To the microsecond: some checks take no longer.
#[derive(Clone, Copy, Default)]
struct Seconds(f64);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.6}", self.0)
    }
}

impl Audit {
    /// The file's text.
    ///
    /// # Errors
    /// What the library that fills the template has to say.
    pub fn junit(&self) -> Result<String, String> {
        let suites: Vec<Suite<'_>> = self.report.statements.iter().map(Suite::of).collect();
        let file = File {
            all: Counts::sum(suites.iter().map(|suite| &suite.counts)),
            suites,
        };
        file.render().map_err(|error| error.to_string())
    }
}

impl Counts {
    fn of(case: &Case) -> Self {
        let element = case.problem.as_ref().map(|problem| problem.element);
        Self {
            tests: 1,
            failures: usize::from(element == Some(FAILURE)),
            errors: usize::from(element == Some(ERROR)),
            time: case.time,
        }
    }

    fn sum<'a>(counts: impl Iterator<Item = &'a Self>) -> Self {
        counts.fold(Self::default(), |sum, own| Self {
            tests: sum.tests + own.tests,
            failures: sum.failures + own.failures,
            errors: sum.errors + own.errors,
            time: Seconds(sum.time.0 + own.time.0),
        })
    }
}

const FAILURE: &str = "failure";
const ERROR: &str = "error";

impl<'a> Suite<'a> {
    fn of(statement: &'a StatementReport) -> Self {
        let undecided = statement.verdict == Verdict::Inconclusive;
        let checks = statement.checks.iter().map(|check| Case {
            name: check.name.to_owned(),
            time: Seconds(check.seconds),
            problem: of_check(check),
        });
        let controls = statement.controls.iter().map(|control| Case {
            name: format!("{}, sabotaged: {}", control.check, control.name),
            time: Seconds(control.seconds),
            problem: of_control(control, undecided),
        });
        let cases: Vec<Case> = checks.chain(controls).collect();
        let counts: Vec<Counts> = cases.iter().map(Counts::of).collect();
        Self {
            statement,
            counts: Counts::sum(counts.iter()),
            cases,
        }
    }
}

fn of_check(check: &CheckReport) -> Option<Problem> {
    let CheckReport {
        verified,
        refuted,
        inconclusive,
        ..
    } = check;
    let counts = format!("{verified} verified, {refuted} refuted, {inconclusive} inconclusive");
    if *refuted > 0 {
        Some(Problem {
            element: FAILURE,
            kind: "refuted",
            counts,
            detail: writable(check.witness.as_deref().unwrap_or_default()),
        })
    } else {
        (!check.is_verified()).then(|| inconclusive_case(counts))
    }
}

fn of_control(control: &ControlReport, undecided: bool) -> Option<Problem> {
    let ControlReport {
        caught,
        missed,
        inconclusive,
        ..
    } = control;
    if control.is_caught() {
        return None;
    }
    let counts = format!("{caught} caught, {missed} missed, {inconclusive} inconclusive");
    Some(if undecided {
        inconclusive_case(counts)
    } else {
        Problem {
            element: FAILURE,
            kind: "not caught",
            counts,
            detail: String::new(),
        }
    })
}

fn inconclusive_case(counts: String) -> Problem {
    Problem {
        element: ERROR,
        kind: "inconclusive",
        counts,
        detail: String::new(),
    }
}

/// Without the characters that XML cannot hold, not even escaped.
fn writable(text: &str) -> String {
    let allowed = |c: &char| match c {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        c => *c >= ' ',
    };
    text.chars().filter(allowed).collect()
}
