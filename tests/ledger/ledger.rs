//! The ledger is complete: nothing is claimed without a check, a control and a page.

use noise_equilibrium::theorem::{Cases, LEDGER, find, ledger_markdown, ledger_trials, proofs};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn identifiers_and_names_occur_once() {
    let ids: BTreeSet<&str> = LEDGER.iter().map(|s| s.id).collect();
    assert_eq!(ids.len(), LEDGER.len(), "an identifier occurs twice");
    let trials = ledger_trials(Cases::default()).into_iter();
    let names: Vec<String> = trials.map(|trial| trial.name).collect();
    let different: BTreeSet<&String> = names.iter().collect();
    assert_eq!(different.len(), names.len(), "a test's name occurs twice");
}

#[test]
fn every_check_has_a_negative_control() {
    for statement in LEDGER {
        assert!(!statement.checks.is_empty(), "{}: no check", statement.id);
        let names: BTreeSet<&str> = statement.checks.iter().map(|check| check.name()).collect();
        assert_eq!(
            names.len(),
            statement.checks.len(),
            "{}: a check's name occurs twice",
            statement.id
        );
        for check in statement.checks {
            let own = check.controls();
            let names: BTreeSet<&&str> = own.iter().collect();
            let name = check.name();
            assert_eq!(
                names.len(),
                own.len(),
                "{} {name}: a control's name occurs twice",
                statement.id
            );
            assert!(
                !own.is_empty(),
                "{} {name}: no negative control",
                statement.id
            );
        }
    }
}

#[test]
fn every_statement_has_its_file_and_its_section() {
    let theory = fs::read_to_string(root().join("docs/theory.md")).expect("docs/theory.md");
    for statement in LEDGER {
        let file = root().join(statement.source());
        assert!(file.exists(), "{} is missing", file.display());
        // With the anchor that the ledger links to.
        let id = statement.id;
        let heading = format!("<a id=\"{}\"></a>\n\n### {id}:", id.to_lowercase());
        assert!(
            theory.contains(&heading),
            "docs/theory.md has no section \"{heading}\""
        );
    }
}

#[test]
fn ledger_page_is_up_to_date() {
    let page = fs::read_to_string(root().join("docs/ledger.md")).expect("docs/ledger.md");
    assert!(
        page == ledger_markdown(),
        "docs/ledger.md is stale: run `make docs`, or `cargo run -- statements > docs/ledger.md`"
    );
}

/// Each theorem that Coq checks belongs to a statement and exists where the table says;
/// each statement has one, or is listed as having none.
#[test]
fn every_statement_is_proved_or_said_not_to_be() {
    let mut proved = BTreeSet::new();
    for proof in proofs() {
        assert!(
            find(proof.statement).is_some(),
            "{proof:?}: no such statement"
        );
        let path = root().join("proofs").join(proof.file);
        let text = fs::read_to_string(&path).expect("a file of proofs");
        let stated = text.lines().any(|line| {
            let name = line.trim_start().strip_prefix("Theorem ");
            let end = |rest: &str| {
                !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '\'')
            };
            name.and_then(|line| line.strip_prefix(proof.theorem))
                .is_some_and(end)
        });
        assert!(stated, "{}: no Theorem {}", path.display(), proof.theorem);
        proved.insert(proof.statement);
    }
    assert!(proved.len() > 20, "{proved:?}");
    for statement in LEDGER {
        let excused = statement.unproved.is_some();
        assert_eq!(!excused, proved.contains(statement.id), "{}", statement.id);
    }
}
