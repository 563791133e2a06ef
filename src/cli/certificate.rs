//! `noise-equilibrium certificate check`.

use super::{BadInput, FAILED, HELD, read_text, write_text};
use clap::{Args, Subcommand};
use indicatif::ProgressBar;
use noise_equilibrium::problem::THEOREM;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Certificates that `solve --certificate` writes
#[derive(Args)]
pub struct Certificate {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Have Coq check a certificate, and say what was proved and on which axioms
    Check {
        /// The certificate
        file: PathBuf,
        /// The compiled proofs (make proofs)
        #[arg(long, default_value = "proofs")]
        proofs: PathBuf,
    },
}

/// The standard library's axioms for the real numbers, and excluded middle.
const REALS: [&str; 4] = [
    "ClassicalDedekindReals.sig_forall_dec",
    "ClassicalDedekindReals.sig_not_dec",
    "FunctionalExtensionality.functional_extensionality_dep",
    "Classical_Prop.classic",
];

/// Where the standard library describes the processor's integers.
const MACHINE: [&str; 3] = ["PrimInt63.", "Uint63.", "PrimFloat."];

/// Every word of a certificate, comments included. With these words, one definition and
/// one theorem nothing can be redefined, assumed, or printed as something else.
const WORDS: &str = "From Coq Require Import Reals List QArith NoiseEquilibrium analysis Balance Certificate
    Interval Tactic ListNotations Local Open Scope Q_scope Definition problem_at_hand problem Problem RationalTerm
    Theorem certificate equilibrium_between is_equilibrium problem_balance forall λ R Proof Qed exact T8_status
    eq_refl apply T8_enclosure T8_equilibrium_at_start vm_compute reflexivity expose_terms interval with i_prec
    enclose positive Written by noise equilibrium compile coqc Q proofs FILE after make γ σ² and the rate charge
    of each term";

/// What does not belong in a certificate, if anything.
fn foreign(text: &str) -> Option<String> {
    let part_of_word = |c: char| c.is_alphanumeric() || c == '_' || c == '\'' || c == '²';
    let words = || {
        let pieces = text.split(|c| !part_of_word(c));
        pieces.filter(|word| !word.chars().all(|c| c.is_ascii_digit()))
    };
    if let Some(word) = words().find(|word| !WORDS.split_whitespace().any(|known| known == *word)) {
        return Some(format!("the word {word:?}"));
    }
    for (keyword, name) in [("Definition", "problem_at_hand"), ("Theorem", THEOREM)] {
        let count = words().filter(|word| *word == keyword).count();
        let named = text.contains(&format!("{keyword} {name} :"));
        if count != 1 || !named {
            return Some(format!(
                "{count} times {keyword:?}, where one of {name} belongs"
            ));
        }
    }
    if text.contains(['"', '`', '@', '$']) {
        return Some("a quotation".to_owned());
    }
    let claim = claim(text);
    (!is_answer(&claim)).then(|| format!("the claim {claim:?}"))
}

/// What the theorem says, on one line.
fn claim(text: &str) -> String {
    let start = format!("Theorem {THEOREM} :");
    let after = text.split_once(&start).map_or("", |(_, rest)| rest);
    let claim = after.split_once("Proof.").map_or(after, |(claim, _)| claim);
    let words: Vec<&str> = claim.split_whitespace().collect();
    words.join(" ")
}

/// Does it say where the equilibrium of the problem is, or that there is none? Coq would
/// accept any theorem.
fn is_answer(claim: &str) -> bool {
    let at = "problem_balance problem_at_hand λ";
    let signs = [
        format!("0 < {at}"),
        format!("{at} < 0"),
        format!("{at} = 0"),
    ];
    let number = |c: char| c.is_ascii_digit() || " ()#^-.".contains(c);
    claim == "is_equilibrium problem_at_hand 0."
        || signs
            .iter()
            .any(|sign| claim == format!("forall λ, ({sign})%R."))
        || claim
            .strip_prefix("equilibrium_between problem_at_hand ")
            .is_some_and(|ends| ends.chars().all(number))
}

impl Certificate {
    pub fn run(&self) -> Result<u8, BadInput> {
        let Task::Check { file, proofs } = &self.task;
        check(file, proofs)
    }
}

fn check(file: &Path, proofs: &Path) -> Result<u8, BadInput> {
    let text = read_text(file)?;
    let library = proofs.join("analysis/Certificate.vo");
    if !library.is_file() {
        let message =
            "expected compiled proofs; run make proofs first, or name their folder with --proofs";
        return Err(BadInput::at(&library, message));
    }
    if let Some(found) = foreign(&text) {
        let message = format!(
            "{}: REJECTED, not as solve --certificate writes it: {found}\n",
            file.display()
        );
        write_text(None, &message)?;
        return Ok(FAILED);
    }
    let folder = tempfile::tempdir().map_err(|error| BadInput(error.to_string()))?;
    let copy = folder.path().join("checked.v");
    // What the file itself prints is kept apart from the answers by a line of our own.
    let mark = "the_end_of_the_certificate";
    let questions = format!(
        "{text}\nDefinition {mark} := tt.\nCheck {mark}.\nPrint problem_at_hand.\nCheck {THEOREM}.\nPrint Assumptions {THEOREM}.\n"
    );
    write_text(Some(&copy), &questions)?;
    let bar = ProgressBar::new_spinner().with_message("Coq checks the certificate");
    bar.enable_steady_tick(Duration::from_millis(200));
    let start = Instant::now();
    let answer = Command::new("coqc")
        .args(["-q", "-w", "none", "-Q"])
        .arg(proofs)
        .arg("NoiseEquilibrium")
        .arg(&copy)
        .output();
    bar.finish_and_clear();
    let answer = answer
        .map_err(|error| BadInput(format!("coqc: {error}; make proofs installs it on Debian")))?;
    let seconds = start.elapsed().as_secs_f64();
    let said = String::from_utf8_lossy(&answer.stdout);
    if !answer.status.success() {
        let complaint = String::from_utf8_lossy(&answer.stderr);
        let complaint = complaint.replace(&copy.display().to_string(), &file.display().to_string());
        write_text(
            None,
            &format!("{}: REJECTED by Coq\n{complaint}", file.display()),
        )?;
        return Ok(FAILED);
    }
    let (_, said) = said
        .rsplit_once(&format!("{mark}\n     : unit"))
        .unwrap_or(("", &said));
    let (statement, assumptions) = match said.split_once("Axioms:") {
        Some((statement, axioms)) => (statement, axioms),
        None => (said, ""),
    };
    // An axiom's name stands at the start of its line, its type behind it and below.
    let names = assumptions
        .lines()
        .filter(|line| !line.starts_with(char::is_whitespace));
    let names: Vec<&str> = names
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let machine = |name: &&str| MACHINE.iter().any(|module| name.starts_with(module));
    let (trusted, other): (Vec<&str>, Vec<&str>) = names
        .iter()
        .copied()
        .filter(|name| !REALS.contains(name))
        .partition(machine);
    let statement = statement.replace("Closed under the global context", "");
    let mut page = format!("{}\nchecked by Coq in {seconds:.1} s\n", statement.trim());
    page += &match trusted.len() {
        0 => "rests on the axioms of the real numbers alone\n".to_owned(),
        n => format!(
            "rests on the axioms of the real numbers, and {n} about the processor's integers\n"
        ),
    };
    if !other.is_empty() {
        page += &format!(
            "{}: REJECTED, it assumes {}\n",
            file.display(),
            other.join(", ")
        );
    }
    write_text(None, &page)?;
    Ok(if other.is_empty() { HELD } else { FAILED })
}
