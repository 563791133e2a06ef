//! The ledger: one file per statement, each with what it says, how a case is
//! drawn, what is measured, and what would refute it.

mod bounds;
mod c1;
mod c2;
mod c3;
mod c4;
mod case;
mod conventions;
mod d1;

mod draw;
mod evidence;
mod factorisation;
mod l1;
mod l2;
mod l3;
mod l4;
mod law;
mod phenomena;
mod proofs;
mod replay;
mod rounded;
mod sample;
mod subject;
mod suite;
mod t1;
mod t10;
mod t11;
mod t12;
mod t13;
mod t14;
mod t15;
mod t16;
mod t17;
mod t18;
mod t2;
mod t3;
mod t4;
mod t5;
mod t6;
mod t7;
mod t8;
mod t9;
mod trajectory;

pub use case::{AnyLoss, ExperimentCase, FamilyCase, NetworkCase, SpectrumCase};

pub use draw::Draw;
pub use evidence::{Evidence, Identity, Margin, Outcome, precision_scaling};
pub use law::{AnyOperands, Check, Control, Judgement, Law, Missing, Operands, Stop};
pub use proofs::{Proof, proofs};
pub use replay::{FORMAT as REPLAY_FORMAT, Heading, Replay, ReplayError};
pub use sample::{
    any_network, digits_network, network_with_finite_equilibrium, running_network, spectrum,
};
pub use subject::{Finding, Subject, SubjectError, Verdict};
pub use suite::{Cases, Trial, ledger_trials};
pub use t5::steps_in_doubles;

/// Who made a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A convention, fixed here.
    Convention,
    /// The paper.
    Paper,
    /// It goes further than the paper.
    Beyond,
    /// A counterexample: a hypothesis is needed.
    Limit,
}

impl Origin {
    /// The word for it in tables.
    pub fn label(self) -> &'static str {
        match self {
            Self::Convention => "convention",
            Self::Paper => "paper",
            Self::Beyond => "beyond",
            Self::Limit => "limit",
        }
    }
}

/// Does a check hold that held in `verified` cases, while as many as `inconclusive` say
/// nothing, and none was refuted?
///
/// A third of the cases at least must be conclusive. Where a family of generators is
/// drawn, not all of them have a minimum to look for.
pub fn is_verified(verified: u64, inconclusive: u64) -> bool {
    verified > 0 && 2 * verified >= inconclusive
}

/// Is a sabotage caught that was noticed in `caught` cases and not in `missed`?
///
/// At least a quarter of the conclusive cases must notice: some sabotage is invisible
/// in special ones (a second moment equals the covariance where the mean vanishes).
pub fn is_caught(caught: u64, missed: u64) -> bool {
    caught > 0 && 3 * caught >= missed
}

/// A statement of the theory with everything that could refute it.
pub struct Statement {
    /// The identifier that code, tests, documents and reports share.
    pub id: &'static str,
    /// A name of a few words.
    pub name: &'static str,
    /// The claim.
    pub claim: &'static str,
    /// Whose claim it is.
    pub origin: Origin,
    /// Are there many cases to draw? (The conventions have one, worked out by hand; an
    /// experiment has an ensemble of its own.)
    pub drawn: bool,
    /// Why no theorem in proofs/ is about it; nothing if there is one.
    pub unproved: Option<&'static str>,
    /// Its file.
    pub file: &'static str,
    /// The checks, at least one, each with its negative controls.
    pub checks: &'static [&'static dyn Law],
}

/// Every statement, in the order of docs/theory.md.
pub static LEDGER: [&Statement; 34] = [
    &conventions::STATEMENT,
    &d1::STATEMENT,
    &t1::STATEMENT,
    &t2::STATEMENT,
    &t3::STATEMENT,
    &t4::STATEMENT,
    &t5::STATEMENT,
    &t6::STATEMENT,
    &t7::STATEMENT,
    &t8::STATEMENT,
    &t9::STATEMENT,
    &t10::STATEMENT,
    &t11::STATEMENT,
    &t12::STATEMENT,
    &t13::STATEMENT,
    &t14::STATEMENT,
    &t15::STATEMENT,
    &t16::STATEMENT,
    &t17::STATEMENT,
    &t18::STATEMENT,
    &c1::STATEMENT,
    &c2::STATEMENT,
    &c3::STATEMENT,
    &c4::STATEMENT,
    &l1::STATEMENT,
    &l2::STATEMENT,
    &l3::STATEMENT,
    &l4::STATEMENT,
    &phenomena::P1,
    &phenomena::P2,
    &phenomena::P3,
    &phenomena::P4,
    &phenomena::P5,
    &phenomena::P6,
];

/// The statement with this identifier.
pub fn find(id: &str) -> Option<&'static Statement> {
    LEDGER
        .iter()
        .copied()
        .find(|statement| statement.id.eq_ignore_ascii_case(id))
}

/// The ledger as a Markdown page: docs/ledger.md is this text.
pub fn ledger_markdown() -> String {
    let mut page = String::from(
        "# The ledger\n\nEvery statement with the checks that verify it and the negative controls that must make\nthem fail. This page is the output of `noise-equilibrium statements`.\n",
    );
    for statement in LEDGER {
        let Statement {
            id, name, claim, ..
        } = statement;
        page += &format!("\n## {id}: {name}\n\n{claim}\n\n");
        page += &format!(
            "*Origin*: {}. *Proof*: [theory.md](theory.md#{}). *Checks*: {}. *Test*: `{}` in tests/theorems/main.rs.\n\n",
            statement.origin.label(),
            id.to_lowercase(),
            statement.source(),
            statement.test(),
        );
        page += &statement.proved();
        page += "| check | evidence | negative controls |\n| --- | --- | --- |\n";
        for check in statement.checks {
            page += &format!(
                "| {} | {} | {} |\n",
                check.name(),
                check.evidence().label(),
                check.controls().join("; ")
            );
        }
    }
    page
}

impl Statement {
    /// What Coq has checked of it, or why it has not, as a paragraph.
    fn proved(&self) -> String {
        let mut files: Vec<(&str, Vec<String>)> = Vec::new();
        for proof in proofs().filter(|proof| proof.statement == self.id) {
            let name = format!("`{}`", proof.theorem);
            match files.last_mut() {
                Some((file, names)) if *file == proof.file => names.push(name),
                _ => files.push((proof.file, vec![name])),
            }
        }
        let files = files.iter();
        let files = files.map(|(file, names)| format!("{} in proofs/{file}", names.join(", ")));
        match (self.unproved, files.collect::<Vec<_>>().join("; ")) {
            (Some(reason), _) => format!("*Not proved in Coq*: {reason}.\n\n"),
            (None, list) => format!("*Proved in Coq*: {list}.\n\n"),
        }
    }

    /// What its tests' names begin with, in tests/theorems/main.rs.
    pub fn test(&self) -> String {
        format!("{}::{}", self.id, suite::words(self.name))
    }

    /// Its file, from the crate's root.
    pub fn source(&self) -> &'static str {
        self.file
            .rfind("src/")
            .map_or(self.file, |root| &self.file[root..])
    }
}
