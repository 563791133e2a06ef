//! The report as JUnit's XML, which continuous integration shows: a suite for each statement,
//! in it a case for each check and for each negative control.

use super::report::{CheckReport, ControlReport, StatementReport};
use super::{Audit, Verdict};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

impl Audit {
    /// The file's text.
    ///
    /// # Errors
    /// What the library that writes it has to say.
    pub fn junit(&self) -> Result<String, String> {
        let mut file = Report::new("noise-equilibrium audit");
        for statement in &self.report.statements {
            file.add_test_suite(suite(statement));
        }
        file.to_string().map_err(|error| error.to_string())
    }
}

fn suite(statement: &StatementReport) -> TestSuite {
    let mut suite = TestSuite::new(format!("{} {}", statement.id, statement.name));
    suite.add_property(("claim", statement.claim));
    let mut case = |name: String, status: TestCaseStatus| {
        let mut case = TestCase::new(name, status);
        case.set_classname(statement.id);
        suite.add_test_case(case);
    };
    for check in &statement.checks {
        case(check.name.to_owned(), of_check(check));
    }
    for control in &statement.controls {
        let undecided = statement.verdict == Verdict::Inconclusive;
        let name = format!("{}, sabotaged: {}", control.check, control.name);
        case(name, of_control(control, undecided));
    }
    suite
}

fn of_check(check: &CheckReport) -> TestCaseStatus {
    let CheckReport {
        verified,
        refuted,
        inconclusive,
        ..
    } = check;
    let counts = format!("{verified} verified, {refuted} refuted, {inconclusive} inconclusive");
    if *refuted > 0 {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_message(counts).set_type("refuted");
        if let Some(witness) = &check.witness {
            status.set_description(witness.as_str());
        }
        status
    } else if !check.is_verified() {
        inconclusive_case(counts)
    } else {
        TestCaseStatus::success()
    }
}

fn of_control(control: &ControlReport, undecided: bool) -> TestCaseStatus {
    if control.is_caught() {
        return TestCaseStatus::success();
    }
    let ControlReport {
        caught,
        missed,
        inconclusive,
        ..
    } = control;
    let counts = format!("{caught} caught, {missed} missed, {inconclusive} inconclusive");
    if undecided {
        return inconclusive_case(counts);
    }
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_message(counts).set_type("not caught");
    status
}

/// Nothing was shown: an error, since an audit that decides nothing must not look green.
fn inconclusive_case(counts: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_message(counts).set_type("inconclusive");
    status
}
