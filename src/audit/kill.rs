//! The kill matrix: every check of the ledger against every sabotage of the code.

use crate::sabotage::{ALL, Sabotage, with};
use crate::theorem::{Case, Check, Draw, LEDGER, Outcome, Statement};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Which statements' checks notice a mistake.
#[derive(Clone, Debug)]
pub struct Kill {
    /// What is wrong; `None` for nothing, which no check may notice.
    pub mistake: Option<&'static str>,
    /// The checks that notice, by statement.
    pub noticed: BTreeMap<&'static str, Vec<&'static str>>,
}

/// Every check on the same `cases` cases, first without a mistake, then with each. The
/// experiments P1 to P6 are left out: they take minutes. `progress` is told of each row.
pub fn kill_matrix(cases: u64, seed: u64, progress: impl Fn(usize, usize) + Sync) -> Vec<Kill> {
    let statements = || LEDGER.iter().copied().filter(|s| !s.id.starts_with('P'));
    let checks = statements().flat_map(|statement| {
        let cases = if statement.drawn { cases } else { 1 };
        let checks = statement.checks.iter();
        checks.flat_map(move |check| (0..cases).map(move |index| (statement, check, index)))
    });
    // Drawn before anything is wrong, so that each row is about the same cases.
    let drawn: Vec<(&Statement, &Check, Case)> = checks
        .map(|(statement, check, index)| {
            let name = format!("{}/{}", statement.id, check.name);
            let case = (check.draw)(&mut Draw::seeded(seed, &name, index));
            (statement, check, case)
        })
        .collect();
    let mistakes = std::iter::once(None).chain(ALL.iter().copied().map(Some));
    let row = |(i, mistake): (usize, Option<(Sabotage, &'static str)>)| {
        let refuted = with(mistake.map(|(sabotage, _)| sabotage), || {
            let noticed = drawn
                .par_iter()
                .map(|(_, check, case)| {
                    // A panic is noticed, too.
                    let run = AssertUnwindSafe(|| (check.run)(case));
                    catch_unwind(run).map_or(true, |o| matches!(o, Outcome::Refuted(_)))
                })
                .collect::<Vec<_>>();
            progress(i + 1, ALL.len() + 1);
            noticed
        });
        let mut noticed: BTreeMap<&'static str, Vec<&'static str>> = BTreeMap::new();
        let found = drawn.iter().zip(refuted).filter(|(_, refuted)| *refuted);
        for ((statement, check, _), _) in found {
            let checks = noticed.entry(statement.id).or_default();
            if checks.last() != Some(&check.name) {
                checks.push(check.name);
            }
        }
        Kill {
            mistake: mistake.map(|(_, name)| name),
            noticed,
        }
    };
    mistakes.enumerate().map(row).collect()
}

/// The matrix as a Markdown page: docs/kill-matrix.md is this text.
pub fn kill_markdown(matrix: &[Kill]) -> String {
    let mut page = String::from(
        "# The kill matrix\n\nMistakes made on purpose in the code, one at a time, and the checks that notice. A mistake that no\ncheck notices fails the command, and so does a check that notices without a mistake. This page is the output of\n\n    cargo run --release --features sabotage -- kill-matrix\n\n| mistake | noticed by | checks |\n| --- | --- | --- |\n",
    );
    for row in matrix {
        let ids: Vec<&str> = row.noticed.keys().copied().collect();
        let checks: usize = row.noticed.values().map(Vec::len).sum();
        let by = match ids.is_empty() {
            true => "nobody".to_owned(),
            false => ids.join(" "),
        };
        let mistake = row.mistake.unwrap_or("none");
        page += &format!("| {mistake} | {by} | {checks} |\n");
    }
    page
}

/// Does every mistake show, and no check cry without one?
pub fn all_killed(matrix: &[Kill]) -> bool {
    matrix
        .iter()
        .all(|row| row.noticed.is_empty() == row.mistake.is_none())
}
