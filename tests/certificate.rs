//! Certificates: what they say, that Coq accepts them, and that it rejects what was
//! tampered with. Without Coq and compiled proofs (make proofs) the second half is left
//! out, and the test says so.

use noise_equilibrium::problem::{Integers, certificate, read_problem};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Ten problems of different kinds, with the status that is certified.
const PROBLEMS: [(&str, &str); 10] = [
    (
        "finite",
        r#""strength":{"gamma":"1/100","sigma2":"1/32"},"spectrum":[{"rate":1,"noise":"3/4","charge":"1/3"},{"rate":-1,"noise":"1/8","charge":2},{"rate":"-7/5","noise":"15/16","charge":"1/2"}]"#,
    ),
    (
        "finite",
        r#""strength":{"sigma2":1},"spectrum":[{"rate":2,"noise":"0.1","charge":0},{"rate":-3,"noise":"1e-30","charge":0}]"#,
    ),
    (
        "finite",
        r#""strength":{"gamma":"1/8","learning_rate":"0.1","batch_size":16},"generator":{"kind":"rescaling","up":[0,1],"down":[2]},"theta":[1,"-1/2",2],"gradients":[[1,0,"1/2"],[0,-2,"1/2"],[-1,1,"-3/4"]]"#,
    ),
    (
        "finite",
        r#""strength":{"gamma":"1/8","sigma2":1},"generator":{"kind":"scaling"},"theta":[3,4],"gradients":[[4,-3],[-8,6]]"#,
    ),
    (
        "finite",
        r#""strength":{"gamma":1,"sigma2":2},"generator":{"kind":"diagonal","rates":["1/3","-5/2",0]},"theta":[1,2,3],"covariance":[[1,0,0],[0,2,0],[0,0,3]]"#,
    ),
    (
        "finite",
        r#""strength":{"gamma":"1e-12","sigma2":"1e-9"},"spectrum":[{"rate":1,"noise":1000,"charge":1},{"rate":-1,"noise":"1e-7","charge":5}]"#,
    ),
    (
        "finite",
        r#""strength":{"gamma":1,"sigma2":2},"spectrum":[{"rate":1,"noise":5,"charge":5},{"rate":-1,"noise":1,"charge":1}]"#,
    ),
    (
        "plus-infinity",
        r#""strength":{"sigma2":1},"spectrum":[{"rate":1,"noise":2,"charge":3}]"#,
    ),
    (
        "minus-infinity",
        r#""strength":{"gamma":"1/2","sigma2":0},"spectrum":[{"rate":"2/3","noise":2,"charge":3}]"#,
    ),
    (
        "degenerate",
        r#""strength":{"gamma":0,"sigma2":1},"spectrum":[{"rate":1,"noise":0,"charge":3},{"rate":0,"noise":1,"charge":1}]"#,
    ),
];

fn written(body: &str, digits: u32, integers: Integers) -> String {
    let text = format!(r#"{{"format":"noise-equilibrium/problem-1",{body}}}"#);
    let problem = read_problem(&text).expect("a problem");
    certificate(&problem, digits, integers).expect("a certificate")
}

#[test]
fn what_they_say() {
    let text = written(PROBLEMS[0].1, 30, Integers::Pure);
    assert!(text.contains(
        "Problem (1 # 100) (1 # 32)\n  [RationalTerm (-7 # 5) (15 # 16) (1 # 2);\n   RationalTerm (-1) (1 # 8) 2;\n   RationalTerm 1 (3 # 4) (1 # 3)]."
    ), "{text}");
    // Found by another program, to 30 digits.
    assert!(
        text.contains("equilibrium_between problem_at_hand\n  (849539832896127109823975290828"),
        "{text}"
    );
    for (status, body) in PROBLEMS {
        let text = written(body, 10, Integers::Machine);
        let claim = match status {
            "plus-infinity" => "(0 < problem_balance problem_at_hand λ)",
            "minus-infinity" => "(problem_balance problem_at_hand λ < 0)",
            "degenerate" => "(problem_balance problem_at_hand λ = 0)",
            _ if text.contains("is_equilibrium problem_at_hand 0") => continue,
            _ => "equilibrium_between problem_at_hand",
        };
        assert!(text.contains(claim), "{text}");
    }
}

#[test]
fn irrational_rates_have_none() {
    let text = r#"{"format":"noise-equilibrium/problem-1","strength":{"gamma":1,"sigma2":1},"generator":{"kind":"dense","matrix":[[1,1],[1,0]]},"theta":[1,2],"covariance":[[1,0],[0,1]]}"#;
    let problem = read_problem(text).expect("a problem");
    let error = certificate(&problem, 10, Integers::Pure).expect_err("no certificate");
    assert!(error.to_string().contains("rational rates"), "{error}");
}

fn checked(text: &str, folder: &Path) -> Output {
    let file = folder.join("certificate.v");
    std::fs::write(&file, text).expect("written");
    Command::new(env!("CARGO_BIN_EXE_noise-equilibrium"))
        .args(["certificate", "check"])
        .arg(file)
        .arg("--proofs")
        .arg(proofs())
        .output()
        .expect("the program runs")
}

fn proofs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("proofs")
}

/// Is there anything to check with? Where there has to be, `REQUIRE_COQ` is set.
fn coq() -> bool {
    let there = Command::new("coqc").arg("--version").output().is_ok()
        && proofs().join("analysis/Certificate.vo").is_file();
    assert!(
        there || std::env::var_os("REQUIRE_COQ").is_none(),
        "no Coq, or no compiled proofs"
    );
    if !there {
        println!("no Coq, or no compiled proofs (make proofs): certificates are not checked");
    }
    there
}

#[test]
fn coq_accepts_them() {
    if !coq() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    for (i, (status, body)) in PROBLEMS.iter().enumerate() {
        let integers = match i % 2 {
            0 => Integers::Machine,
            _ => Integers::Pure,
        };
        let output = checked(&written(body, 20, integers), folder.path());
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{i} {status}: {said}");
        let alone = said.contains("rests on the axioms of the real numbers alone");
        assert!(alone || integers == Integers::Machine, "{said}");
    }
}

/// The interval moved by one unit in the last place of either end; a number of the
/// problem changed; the proof left out; another theorem, which Coq accepts, in its place.
#[test]
fn coq_rejects_what_was_tampered_with() {
    if !coq() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let text = written(PROBLEMS[0].1, 20, Integers::Machine);
    assert!(checked(&text, folder.path()).status.success());
    let ends: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("# 10 ^"))
        .collect();
    let [lower, upper] = ends[..] else {
        panic!("{text}")
    };
    let upper_bare = upper.trim_end_matches('.');
    let other_than = |from: &str, to: &str| text.replacen(from, to, 1);
    let shifted = |text: &str, by: i128| -> String {
        let digits: String = text
            .chars()
            .skip_while(|c| *c != '(')
            .skip(1)
            .take_while(|c| *c != ' ')
            .collect();
        let moved = digits.parse::<i128>().expect("a whole number") + by;
        text.replacen(&digits, &moved.to_string(), 1)
    };
    let claiming = |claim: &str, proof: &str| {
        let (head, _) = text.split_once("Theorem").expect("a theorem");
        format!("{head}Theorem certificate : {claim}.\nProof. {proof}. Qed.\n")
    };
    for tampered in [
        // Up by the width, so that the equilibrium is just below.
        text.replacen(lower, upper_bare, 1)
            .replacen(upper, &shifted(upper, 1), 1),
        text.replacen(upper_bare, &shifted(lower, 0), 1)
            .replacen(lower, &shifted(lower, -1), 1),
        other_than("(3 # 4)", "(3 # 5)"),
        other_than("(1 # 100)", "(1 # 101)"),
        {
            let (head, _) = text.split_once("Proof.").expect("a proof");
            format!("{head}Admitted.\n")
        },
        format!(
            "Axiom wrong : False.\n{}",
            text.replace("Proof.", "Proof. destruct wrong. (*")
                .replace("Qed.", "*) Qed.")
        ),
        // What is said is redefined, or an axiom goes by the name of a known one.
        text.replace(
            "Theorem",
            "Definition equilibrium_between (p : problem) (a b : Q) := True.\nTheorem",
        ),
        text.replace(
            "Theorem",
            "Module Classical_Prop. Axiom classic : False. End Classical_Prop.\nTheorem",
        ),
        // True, and no answer.
        claiming("problem", "exact problem_at_hand"),
        claiming(
            "forall λ : R, problem_balance problem_at_hand λ = problem_balance problem_at_hand λ",
            "reflexivity",
        ),
        claiming(
            "is_equilibrium (Problem 1 2 [RationalTerm 1 5 5; RationalTerm (-1) 1 1]) 0",
            "apply T8_equilibrium_at_start; reflexivity",
        ),
    ] {
        assert_ne!(tampered, text);
        let output = checked(&tampered, folder.path());
        let said = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(1), "{tampered}\n{said}");
        assert!(said.contains("REJECTED"), "{said}");
    }
}
