//! The report as one page that needs nothing but itself: no script, no other file.

use super::report::{CheckReport, ControlReport, StatementReport};
use super::{Audit, Report, Verdict};
use crate::phenomenon::{Claim, Experiment, Finding};
use crate::theorem::{Evidence, LEDGER, Statement, find};
use askama::Template;

#[derive(Template)]
#[template(path = "audit/page.html")]
struct Page<'a> {
    report: &'a Report,
    verdict: Word,
    /// Verified, of all.
    cases: (u64, u64),
    controls: (usize, usize),
    /// The option that chooses these statements; nothing for all.
    only: String,
    kinds: Vec<Kind>,
    sections: Vec<Section<'a>>,
}

/// A kind of evidence, and how much of it there is.
struct Kind {
    evidence: Evidence,
    checks: usize,
    /// Verified, of all.
    cases: (u64, u64),
}

/// A statement with all that is known of it.
struct Section<'a> {
    report: &'a StatementReport,
    claim: Vec<Piece<'a>>,
    source: String,
    verdict: Word,
    /// The kinds of evidence, weakest first.
    evidence: Vec<Evidence>,
    checks: Vec<Checked<'a>>,
    experiment: Option<Drawn<'a>>,
}

/// A check with its controls; names as they are written.
struct Checked<'a> {
    report: &'a CheckReport,
    name: Vec<Piece<'a>>,
    controls: Vec<(&'a ControlReport, Vec<Piece<'a>>)>,
}

/// An experiment with its figure.
struct Drawn<'a> {
    findings: Vec<(&'a Finding, Word)>,
    of_paper: usize,
    panels: usize,
    svg: String,
    description: String,
}

/// A verdict as it is written, and its class in the style sheet.
struct Word {
    text: &'static str,
    class: &'static str,
}

impl Word {
    fn of(verdict: Verdict) -> Self {
        Self::labelled(match verdict {
            Verdict::Verified => "verified",
            Verdict::Refuted => "refuted",
            Verdict::Inconclusive => "inconclusive",
        })
    }

    fn labelled(text: &'static str) -> Self {
        let class = match text {
            "verified" | "caught" => "good",
            "inconclusive" => "open",
            _ => "bad",
        };
        Self { text, class }
    }

    fn control(control: &ControlReport) -> Self {
        Self::labelled(if control.is_caught() {
            "caught"
        } else {
            "not caught"
        })
    }
}

/// A piece of a text: as it is, or the identifier of a statement on this page.
enum Piece<'a> {
    Text(&'a str),
    Link(&'a str),
}

impl Audit {
    /// The page, with the figures of this run.
    ///
    /// # Errors
    /// What the drawing library or the template has to say.
    pub fn html(&self) -> Result<String, String> {
        let Self {
            report,
            experiments,
            ..
        } = self;
        let statements = &report.statements;
        let drawn = |statement: &StatementReport| {
            let own = experiments.iter().find(|(id, _)| *id == statement.id);
            own.map(|(_, experiment)| Drawn::of(experiment)).transpose()
        };
        let section = |statement| Ok(Section::of(statement, statements, drawn(statement)?));
        let sections: Result<_, String> = statements.iter().map(section).collect();
        let of_all = |count: fn(&StatementReport) -> usize| statements.iter().map(count).sum();
        let page = Page {
            report,
            verdict: Word::of(report.verdict),
            cases: (
                statements.iter().map(StatementReport::verified).sum(),
                statements.iter().map(StatementReport::cases).sum(),
            ),
            only: only(statements),
            controls: (of_all(|s| s.caught().0), of_all(|s| s.caught().1)),
            kinds: Evidence::ALL
                .into_iter()
                .filter_map(|e| Kind::of(e, statements))
                .collect(),
            sections: sections?,
        };
        page.render().map_err(|error| error.to_string())
    }
}

impl Kind {
    fn of(evidence: Evidence, statements: &[StatementReport]) -> Option<Self> {
        let all = statements.iter().flat_map(|statement| &statement.checks);
        let own: Vec<_> = all
            .filter(|check| check.evidence == evidence.label())
            .collect();
        (!own.is_empty()).then(|| Self {
            evidence,
            checks: own.len(),
            cases: (
                own.iter().map(|check| check.verified).sum(),
                own.iter().map(|check| check.cases()).sum(),
            ),
        })
    }
}

impl<'a> Section<'a> {
    fn of(
        report: &'a StatementReport,
        all: &'a [StatementReport],
        experiment: Option<Drawn<'a>>,
    ) -> Self {
        let has =
            |evidence: &Evidence| report.checks.iter().any(|c| c.evidence == evidence.label());
        let checks = report.checks.iter().map(|check| {
            let own = report.controls.iter().filter(|c| c.check == check.name);
            Checked {
                report: check,
                name: linked(check.name, report.id, all),
                controls: own
                    .map(|control| (control, linked(control.name, report.id, all)))
                    .collect(),
            }
        });
        Self {
            report,
            claim: linked(report.claim, report.id, all),
            source: find(report.id).map_or("", Statement::source).to_owned(),
            verdict: Word::of(report.verdict),
            evidence: Evidence::ALL.into_iter().filter(has).collect(),
            checks: checks.collect(),
            experiment,
        }
    }

    /// Where docs/theory.md has the statement with its proof.
    fn theory(&self) -> String {
        format!("docs/theory.md#{}", self.report.id.to_lowercase())
    }
}

impl<'a> Drawn<'a> {
    fn of(experiment: &'a Experiment) -> Result<Self, String> {
        let findings = experiment.findings.iter();
        let judged = findings.map(|finding| (finding, Word::labelled(finding.judgement().label())));
        Ok(Self {
            findings: judged.collect(),
            of_paper: experiment.of(Claim::Paper).count(),
            panels: experiment.figure.panels.len(),
            svg: experiment.figure.svg()?,
            description: experiment.figure.description(),
        })
    }
}

fn only(statements: &[StatementReport]) -> String {
    if statements.len() == LEDGER.len() {
        return String::new();
    }
    let ids: Vec<&str> = statements.iter().map(|statement| statement.id).collect();
    format!(" --only {}", ids.join(","))
}

/// The text, with the identifiers of other statements on the page set apart.
fn linked<'a>(text: &'a str, own: &str, all: &'a [StatementReport]) -> Vec<Piece<'a>> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut pieces = Vec::new();
    let mut from = 0;
    for (start, _) in text.match_indices(|c: char| c.is_ascii_uppercase()) {
        let rest = &text[start..];
        let end = rest.find(|c: char| !word(c)).unwrap_or(rest.len());
        let begins = !text[..start].ends_with(word);
        let known = all.iter().find(|s| s.id == &rest[..end] && s.id != own);
        if let (true, Some(statement)) = (begins, known) {
            pieces.push(Piece::Text(&text[from..start]));
            pieces.push(Piece::Link(statement.id));
            from = start + end;
        }
    }
    pieces.push(Piece::Text(&text[from..]));
    pieces
}
