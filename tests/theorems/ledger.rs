//! The ledger is complete: nothing is claimed without a check, a control and a page.

use noise_equilibrium::phenomenon::PHENOMENA;
use noise_equilibrium::theorem::{LEDGER, find, ledger_markdown, proofs};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_statement_has_a_module_here() {
    let ledger: BTreeSet<(&str, String)> = LEDGER.iter().map(|s| (s.id, s.test())).collect();
    let listed = super::LISTED.iter();
    let listed: BTreeSet<_> = listed.map(|(id, test)| (*id, (*test).to_owned())).collect();
    assert_eq!(ledger, listed);
    assert_eq!(ledger.len(), LEDGER.len(), "an identifier occurs twice");
    for statement in LEDGER {
        let shrunk = super::DRAWN.contains(&statement.id);
        assert_eq!(statement.drawn, shrunk, "{}", statement.id);
    }
}

#[test]
fn every_check_has_a_negative_control_or_shares_one() {
    for statement in LEDGER {
        assert!(
            !statement.checks.is_empty(),
            "{} has no check",
            statement.id
        );
        let names: BTreeSet<&str> = statement.checks.iter().map(|check| check.name).collect();
        assert_eq!(
            names.len(),
            statement.checks.len(),
            "{}: a check's name occurs twice",
            statement.id
        );
        for control in statement.controls {
            assert!(
                control.check < statement.checks.len(),
                "{} {}",
                statement.id,
                control.name
            );
        }
        for (i, check) in statement.checks.iter().enumerate() {
            let own: Vec<_> = statement
                .controls
                .iter()
                .filter(|control| control.check == i)
                .collect();
            let names: BTreeSet<&str> = own.iter().map(|control| control.name).collect();
            assert_eq!(
                names.len(),
                own.len(),
                "{} {}: a control's name occurs twice",
                statement.id,
                check.name
            );
            assert!(
                !own.is_empty(),
                "{} {}: no negative control",
                statement.id,
                check.name
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

#[test]
fn every_sabotage_of_an_experiment_is_a_control() {
    for phenomenon in PHENOMENA {
        let statement = super::statement(phenomenon.id);
        let controls: Vec<&str> = statement.controls.iter().map(|c| c.name).collect();
        let sabotages: Vec<&str> = phenomenon.sabotages.iter().map(|s| s.name).collect();
        assert_eq!(controls, sabotages, "{}", phenomenon.id);
    }
    let ledger = LEDGER.iter().filter(|s| s.id.starts_with('P')).count();
    assert_eq!(ledger, PHENOMENA.len());
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
        let excused = statement.unproved().is_some();
        assert_eq!(!excused, proved.contains(statement.id), "{}", statement.id);
    }
}
