//! Certificates: what they say, that nothing else is taken for one, that Coq accepts them,
//! and that it rejects what was tampered with. Without Coq and compiled proofs (make proofs)
//! what needs them is left out, and the test says so.

use noise_equilibrium::problem::{Certificate, Integers, certificate, read_problem};
use proptest::prelude::*;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};
use tempfile::TempDir;

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

fn problem(body: &str) -> String {
    format!(r#"{{"format":"noise-equilibrium/problem-1",{body}}}"#)
}

fn written(body: &str, digits: u32, integers: Integers) -> String {
    let problem = read_problem(&problem(body)).expect("a problem");
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

/// Neither writer nor reader take numbers on which Coq would fail or not end.
#[test]
fn longest_numbers() {
    let of = |zeros: usize| {
        let body = format!(
            r#""strength":{{"gamma":"1/1{}","sigma2":1}},"spectrum":[{{"rate":1,"noise":1,"charge":1}}]"#,
            "0".repeat(zeros)
        );
        let problem = read_problem(&problem(&body)).expect("a problem");
        certificate(&problem, 10, Integers::Pure)
    };
    let text = of(9_990).expect("a certificate");
    assert!(Certificate::parse(&text).is_ok());
    let error = of(10_010).expect_err("no certificate").to_string();
    assert!(error.contains("10000 digits for a number"), "{error}");
}

fn coin() -> impl Strategy<Value = Integers> {
    prop_oneof![Just(Integers::Machine), Just(Integers::Pure)]
}

/// p/q with p of either sign, or not negative.
fn fraction(least: i64) -> impl Strategy<Value = String> {
    (least..1_000_000, 1..1_000i64).prop_map(|(p, q)| format!("\"{p}/{q}\""))
}

fn spectrum() -> impl Strategy<Value = String> {
    let term =
        (fraction(-1_000_000), fraction(0), fraction(0)).prop_map(|(rate, noise, charge)| {
            format!(r#"{{"rate":{rate},"noise":{noise},"charge":{charge}}}"#)
        });
    let terms = proptest::collection::vec(term, 1..5);
    (fraction(0), fraction(0), terms).prop_map(|(gamma, sigma2, terms)| {
        let terms = terms.join(",");
        format!(r#""strength":{{"gamma":{gamma},"sigma2":{sigma2}}},"spectrum":[{terms}]"#)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is written is read as what it says, and one byte more or less or another one is
    /// not read, or says something else.
    #[test]
    fn read_as_written(
        body in spectrum(),
        digits in 1..40u32,
        integers in coin(),
        at in any::<prop::sample::Index>(),
        byte in prop_oneof![b' '..b'~', Just(b'\n'), b'0'..=b'9'],
        kind in 0..3,
    ) {
        let problem = read_problem(&problem(&body)).expect("a problem");
        let certificate = Certificate::new(&problem, digits, integers).expect("a certificate");
        let text = certificate.to_string();
        let read = Certificate::parse(&text);
        prop_assert_eq!(read.as_ref(), Ok(&certificate));
        prop_assert_eq!(certificate.difference(&problem).expect("a spectrum"), None);
        let found = certificate.claim.digits();
        prop_assert!(certificate.claim.width().is_none() || found >= Some(digits as usize));
        let mut bytes = text.clone().into_bytes();
        let at = at.index(bytes.len());
        match kind {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            _ => drop(bytes.remove(at)),
        }
        if let Ok(changed) = String::from_utf8(bytes)
            && let Ok(other) = Certificate::parse(&changed)
        {
            prop_assert_eq!(other == certificate, changed == text);
            prop_assert_eq!(other.to_string(), changed);
        }
    }
}

#[test]
fn of_every_kind() {
    for (_, body) in PROBLEMS {
        for integers in [Integers::Machine, Integers::Pure] {
            let text = written(body, 25, integers);
            let read = Certificate::parse(&text).expect("a certificate");
            assert_eq!(read.to_string(), text);
            assert_eq!(read.integers, integers);
        }
    }
    // As another version of the program writes it.
    let text = written(PROBLEMS[0].1, 25, Integers::Pure);
    let other = text.replacen(env!("CARGO_PKG_VERSION"), "12.0.345", 1);
    assert_ne!(text, other);
    assert_eq!(Certificate::parse(&other).expect("read").to_string(), other);
}

/// Whatever is not to the letter what the program writes, with the line that says so.
#[test]
fn nothing_else_is_read() {
    let text = written(PROBLEMS[0].1, 20, Integers::Machine);
    let pure = written(PROBLEMS[0].1, 20, Integers::Pure);
    let version = env!("CARGO_PKG_VERSION");
    let import = "Certificate.\n";
    for (changed, line, expected) in [
        // Beside a file Certificate.v this made a false theorem of a true proof.
        (
            text.replacen(import, "Certificate.\nRequire Import Certificate.\n", 1),
            7,
            "ListNotations",
        ),
        (text.replacen(" Reals", "  Reals", 1), 5, "Reals"),
        (
            text.replacen("List QArith", "List\tQArith", 1),
            5,
            " QArith",
        ),
        (text.replacen("γ, σ²", "γ, σ² (* *)", 1), 11, "and the rate"),
        (text.replacen("Qed.", "Qed. (* *)", 1), 20, "\\n"),
        (text.replacen("Qed.\n", "Qed.", 1), 20, "\\n"),
        (format!("{text}\n"), 21, "the end of the file"),
        (
            format!("{text}Print certificate.\n"),
            21,
            "the end of the file",
        ),
        (
            format!("\u{feff}{text}"),
            1,
            "(** noise-equilibrium/certificate-1",
        ),
        (text.replace('\n', "\r\n"), 1, "\\n"),
        (String::new(), 1, "(** noise-equilibrium/certificate-1"),
        (
            text.lines().take(11).collect::<Vec<_>>().join("\n"),
            11,
            "\\n",
        ),
        (text.replacen(version, "1.2", 1), 1, "a whole number"),
        (text.replacen(version, "1.2.x", 1), 1, "a whole number"),
        (text.replacen(version, "1.2.3-rc.1", 1), 1, "\".\\n\""),
        (text.replacen("(3 # 4)", "(6 # 8)", 1), 15, "3 # 4"),
        (text.replacen("(3 # 4)", "(03 # 4)", 1), 15, "3 # 4"),
        (
            text.replacen("(3 # 4)", "(3 # 0)", 1),
            15,
            "a denominator that is not 0",
        ),
        (
            text.replacen("(3 # 4)", "(3 # -4)", 1),
            15,
            "a whole number",
        ),
        (
            text.replacen("(3 # 4)", "(Qopp 3)", 1),
            15,
            "a whole number",
        ),
        (text.replacen("(3 # 4)", "", 1), 15, "a whole number"),
        (text.replacen("10 ^", "10^", 1), 18, ")"),
        (text.replacen("Qed.", "Admitted.", 1), 20, "Qed"),
        (
            pure.replacen("Proof.", "Proof. enclose 1%positive.", 1),
            19,
            "a whole number from 64",
        ),
        (
            text.replacen("Theorem certificate", "Theorem other", 1),
            17,
            "certificate",
        ),
        (
            text.replacen("equilibrium_between", "problem (* ", 1),
            17,
            "equilibrium_between",
        ),
    ] {
        assert_ne!(changed, text);
        let error = Certificate::parse(&changed).expect_err("no certificate");
        assert_eq!(error.line, line, "{error}");
        assert!(error.expected.contains(expected), "{error}");
        assert!(!error.to_string().contains('\n'), "{error}");
        assert!(error.to_string().chars().count() < 300, "{error}");
    }
}

/// A program that goes by the name of coqc, notes with what it was called, and does what it
/// is told; proofs that it need not read; and a folder for the caller to stand in.
struct Stand {
    folder: TempDir,
}

impl Stand {
    fn new(script: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let make = |name: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(&path).expect("a folder");
            path
        };
        make("caller");
        fs::write(make("proofs/analysis").join("Certificate.vo"), "").expect("written");
        let noted = make("noted").display().to_string();
        let coqc = make("bin").join("coqc");
        let text = format!(
            "#!/bin/sh\nenv > {noted}/env\npwd > {noted}/pwd\nls -a > {noted}/ls\ncp checked.v {noted}\nulimit -v > {noted}/memory\nfor a in \"$@\"; do echo \"$a\"; done > {noted}/arguments\n{script}\n"
        );
        fs::write(&coqc, text).expect("written");
        let executable = Command::new("chmod").arg("+x").arg(&coqc).status();
        assert!(executable.expect("chmod").success());
        Self { folder }
    }

    /// One that accepts everything.
    fn credulous() -> Self {
        Self::new("echo Closed under the global context")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn noted(&self, name: &str) -> String {
        fs::read_to_string(self.path("noted").join(name)).expect("noted")
    }

    /// Was the false coqc called?
    fn called(&self) -> bool {
        self.path("noted/env").exists()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path("caller").join(name), text).expect("written");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut path = self.path("bin").into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut command = Command::new(env!("CARGO_BIN_EXE_noise-equilibrium"));
        command
            .args(["certificate", "check"])
            .args(arguments)
            .arg("--proofs")
            .arg("../proofs")
            .env("PATH", path)
            .current_dir(self.path("caller"));
        command
    }

    /// Exit code, standard output, standard error.
    fn check(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        told(&self.command(arguments).output().expect("the program runs"))
    }
}

fn told(output: &Output) -> (Option<i32>, String, String) {
    let [said, complained] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    (output.status.code(), said, complained)
}

/// Coq gets our text and nothing of the caller's: not the folder, not the environment.
#[test]
#[cfg(unix)]
fn coq_sees_our_text_alone() {
    let stand = Stand::credulous();
    let text = written(PROBLEMS[0].1, 20, Integers::Pure);
    stand.write("certificate.v", &text);
    stand.write("Certificate.vo", "");
    stand.write("Balance.vo", "");
    let mut command = stand.command(&["certificate.v", "--memory", "3"]);
    let foreign = [
        "COQPATH",
        "COQLIB",
        "COQCORELIB",
        "COQBIN",
        "COQ_COLORS",
        "ROCQPATH",
        "ROCQLIB",
        "OCAMLPATH",
        "OCAMLFIND_CONF",
        "CAML_LD_LIBRARY_PATH",
        "OCAMLRUNPARAM",
        "XDG_DATA_HOME",
        "XDG_DATA_DIRS",
        "XDG_CONFIG_HOME",
        "LD_LIBRARY_PATH",
    ];
    for variable in foreign {
        command.env(variable, stand.path("caller"));
    }
    command.env("HOME", stand.path("caller"));
    let (code, said, complained) = told(&command.output().expect("the program runs"));
    assert_eq!(code, Some(0), "{said}{complained}");
    assert_eq!(
        stand.noted("checked.v"),
        format!("{text}\nPrint Assumptions certificate.\n")
    );
    assert_eq!(stand.noted("ls"), ".\n..\nchecked.v\n");
    let environment = stand.noted("env");
    let caller = stand.path("caller").display().to_string();
    for line in environment.lines() {
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        assert!(
            ["PATH", "HOME", "PWD", "OLDPWD", "SHLVL", "_"].contains(&name),
            "{environment}"
        );
        assert!(
            name == "OLDPWD" || !value.contains(&caller),
            "{environment}"
        );
    }
    let proofs = fs::canonicalize(stand.path("proofs")).expect("a folder");
    let proofs = proofs.display().to_string();
    let place = stand.noted("pwd");
    let arguments = stand.noted("arguments");
    let arguments: Vec<&str> = arguments.lines().collect();
    assert!(arguments.contains(&"-q"));
    let [.., q, from, to, file] = arguments[..] else {
        panic!("{arguments:?}")
    };
    assert_eq!([q, from, to], ["-Q", &proofs, "NoiseEquilibrium"]);
    assert_eq!(file, format!("{}/checked.v", place.trim()));
    assert_eq!(stand.noted("memory").trim(), (3 << 20).to_string());
    // Nothing is left behind, and it is said whose proofs were believed.
    assert!(!Path::new(place.trim()).exists());
    assert!(
        said.contains(&format!("with the proofs in {proofs} (trusted")),
        "{said}"
    );
}

/// Whoever could write there could have anything accepted.
#[test]
#[cfg(unix)]
fn nobody_else_gets_at_the_text() {
    let stand = Stand::new("stat -c %a . .. > ../../modes\necho Closed under the global context");
    let modes = stand.path("noted/modes");
    let script = fs::read_to_string(stand.path("bin/coqc")).expect("read");
    let script = script.replace("../../modes", &modes.display().to_string());
    fs::write(stand.path("bin/coqc"), script).expect("written");
    stand.write("certificate.v", &written(PROBLEMS[0].1, 20, Integers::Pure));
    let check = stand.command(&["certificate.v"]);
    let mut open = Command::new("sh");
    open.args(["-c", "umask 000; exec \"$@\"", "sh"])
        .arg(check.get_program())
        .args(check.get_args())
        .envs(
            check
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .current_dir(stand.path("caller"));
    let (code, said, complained) = told(&open.output().expect("the program runs"));
    assert_eq!(code, Some(0), "{said}{complained}");
    assert_eq!(stand.noted("modes"), "700\n700\n");
}

/// What is not a certificate is rejected in one line, and Coq is not asked.
#[test]
#[cfg(unix)]
fn foreign_text_never_reaches_coq() {
    let stand = Stand::credulous();
    let text = written(PROBLEMS[0].1, 20, Integers::Pure);
    let (head, _) = text.split_once("equilibrium_between").expect("an interval");
    let ends = |lower: &str, upper: &str| {
        format!(
            "{head}equilibrium_between problem_at_hand\n  {lower}\n  {upper}.\nProof. enclose 100%positive. Qed.\n"
        )
    };
    let nines = "9".repeat(10_001);
    for (changed, why) in [
        (
            text.replacen("Import List", "Require Import Certificate.\nImport List", 1),
            "line 7",
        ),
        (text.replacen("Reals", "Reals ", 1), "line 5"),
        // 10^9 digits, that Coq would write out.
        (ends("(-10 ^ 1000000000)", "(1)"), "expected"),
        (
            ends("(-1 # 10 ^ 1000000000)", "(1)"),
            "expected a whole number from 1 to 10000",
        ),
        (
            ends("(0)", &format!("({nines})")),
            "expected at most 10000 digits",
        ),
        (
            text.replacen("(1 # 100)", &format!("(1 # {nines})"), 1),
            "expected at most 10000 digits",
        ),
        (
            text.replacen("enclose ", "enclose 99", 1),
            "expected a whole number from 64 to 16408",
        ),
        (
            ends("(0)", "(1)").replacen("100%", "53%", 1),
            "expected a whole number from 64 to 16408",
        ),
        (
            format!("{text}{}", " ".repeat(16 << 20)),
            "at most 16777216 bytes",
        ),
    ] {
        assert_ne!(changed, text);
        stand.write("certificate.v", &changed);
        let start = Instant::now();
        let (code, said, complained) = stand.check(&["certificate.v"]);
        assert_eq!(code, Some(1), "{why}: {said}{complained}");
        assert!(
            said.contains("REJECTED") && said.contains(why),
            "{why}: {said}"
        );
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(
            said.chars().count() < 400 && complained.is_empty(),
            "{said}{complained}"
        );
        assert!(start.elapsed() < Duration::from_secs(20));
        assert!(!stand.called());
    }
    let (code, said, _) = stand.check(&["/dev/zero"]);
    assert_eq!(code, Some(1), "{said}");
    stand.write("certificate.v", &text);
    assert_eq!(stand.check(&["certificate.v"]).0, Some(0));
    assert!(stand.called());
}

#[test]
#[cfg(unix)]
fn the_problem_that_was_meant() {
    let stand = Stand::credulous();
    let [strength, terms] = [
        r#""strength":{"gamma":"1/100","sigma2":"1/32"}"#,
        r#"{"rate":1,"noise":"3/4","charge":"1/3"},{"rate":-1,"noise":"1/8","charge":2}"#,
    ];
    let body = format!(r#"{strength},"spectrum":[{terms}]"#);
    stand.write("certificate.v", &written(&body, 20, Integers::Pure));
    // Numbers in another notation, terms in another order, a term in two parts.
    for same in [
        body.clone(),
        body.replace("\"1/100\"", "0.01"),
        format!(
            r#"{strength},"spectrum":[{{"rate":-1,"noise":"1/16","charge":1}},{{"rate":1,"noise":"3/4","charge":"1/3"}},{{"rate":-1,"noise":"1/16","charge":1}}]"#
        ),
    ] {
        stand.write("problem.json", &problem(&same));
        let (code, said, _) = stand.check(&["certificate.v", "problem.json"]);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("problem: the one of problem.json"), "{said}");
        assert!(!said.contains("not compared"), "{said}");
    }
    for (from, to, why) in [
        ("1/100", "1/101", "γ is 1/100, and 1/101 in the problem"),
        ("1/32", "1/31", "σ² is 1/32, and 1/31"),
        ("\"rate\":1", "\"rate\":2", "a rate is 1, and 2"),
        ("3/4", "3/5", "the noise of the rate 1 is 3/4, and 3/5"),
        (
            "\"charge\":2",
            "\"charge\":3",
            "the charge of the rate -1 is 2, and 3",
        ),
        (
            "{\"rate\":1,\"noise\":\"3/4\",\"charge\":\"1/3\"},",
            "",
            "it has 2 terms of different rates, and the problem has 1",
        ),
    ] {
        let other = body.replacen(from, to, 1);
        assert_ne!(other, body);
        stand.write("problem.json", &problem(&other));
        let (code, said, _) = stand.check(&["certificate.v", "problem.json"]);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("REJECTED, of another problem"), "{said}");
        assert!(said.contains(why), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    // Without one it is said that nothing was compared, and with what to compare.
    let (code, said, _) = stand.check(&["certificate.v"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("γ = 1/100, σ² = 1/32"), "{said}");
    assert!(said.contains("  -1  1/8  2\n  1  3/4  1/3\n"), "{said}");
    assert!(
        said.contains("not compared with the problem that was meant"),
        "{said}"
    );
}

#[test]
#[cfg(unix)]
fn width_and_digits() {
    let stand = Stand::credulous();
    let text = written(PROBLEMS[0].1, 20, Integers::Pure);
    stand.write("certificate.v", &text);
    let (code, said, _) = stand.check(&["certificate.v", "--digits", "20"]);
    assert_eq!(code, Some(0), "{said}");
    let (head, _) = text.split_once("equilibrium_between").expect("an interval");
    for (lower, upper, shown, digits) in [
        (
            "(1000 # 10 ^ 3)",
            "(1001 # 10 ^ 3)",
            "width 0.001 (3 digits)",
            3,
        ),
        (
            "(-1001 # 10 ^ 3)",
            "(-1000 # 10 ^ 3)",
            "width 0.001 (3 digits)",
            3,
        ),
        (
            "(999 # 10 ^ 3)",
            "(1000 # 10 ^ 3)",
            "width 0.001 (2 digits)",
            2,
        ),
        // As wide as a number in it: not even the first digit.
        ("(1)", "(2)", "width 1 (no digits)", 0),
        ("(1)", "(3)", "width 2 (no digits)", 0),
        ("(-1000000)", "(1000000)", "width 2000000 (no digits)", 0),
        ("(0)", "(1 # 10 ^ 50)", "width 1e-50 (no digits)", 0),
        // Rounded up.
        (
            "(100000 # 10 ^ 5)",
            "(100121 # 10 ^ 5)",
            "width 0.0013 (2 digits)",
            2,
        ),
        (
            "(10 # 10 ^ 60)",
            "(11 # 10 ^ 60)",
            "width 1e-60 (1 digit)",
            1,
        ),
    ] {
        let changed = format!(
            "{head}equilibrium_between problem_at_hand\n  {lower}\n  {upper}.\nProof. enclose 100%positive. Qed.\n"
        );
        stand.write("certificate.v", &changed);
        let (code, said, _) = stand.check(&["certificate.v"]);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains(shown), "{said}");
        let (more, enough) = ((digits + 1).to_string(), digits.to_string());
        let (code, said, _) = stand.check(&["certificate.v", "--digits", &more]);
        assert_eq!(code, Some(1), "{said}");
        assert!(
            said.contains("REJECTED, expected an interval with"),
            "{said}"
        );
        let singular = said.contains("an interval with 1 digit, ");
        assert_eq!(singular, digits == 0, "{said}");
        if digits > 0 {
            let (code, said, _) = stand.check(&["certificate.v", "--digits", &enough]);
            assert_eq!(code, Some(0), "{said}");
        }
    }
}

/// Coq and what it started are ended, and nothing is accepted.
#[test]
#[cfg(unix)]
fn without_end() {
    let stand = Stand::new("echo started; sleep 1000 & echo $! > ../../sleeper; wait");
    let script = fs::read_to_string(stand.path("bin/coqc")).expect("read");
    let sleeper = stand.path("noted/sleeper");
    let script = script.replace("../../sleeper", &sleeper.display().to_string());
    fs::write(stand.path("bin/coqc"), script).expect("written");
    stand.write("certificate.v", &written(PROBLEMS[0].1, 20, Integers::Pure));
    let gone = || {
        let sleeper = fs::read_to_string(&sleeper).expect("it started");
        // A zombie that nobody waits for counts as gone.
        let state = fs::read_to_string(format!("/proc/{}/stat", sleeper.trim()));
        state.is_err() || state.is_ok_and(|state| state.contains(") Z "))
    };
    let start = Instant::now();
    let (code, said, _) = stand.check(&["certificate.v", "--timeout", "1"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("NOT ACCEPTED, undecided: Coq took more than 1 s"),
        "{said}"
    );
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(start.elapsed() < Duration::from_secs(30));
    std::thread::sleep(Duration::from_millis(200));
    assert!(gone());
    assert!(!Path::new(stand.noted("pwd").trim()).exists());
    // So are they when this program is told to end, in whichever way.
    let begin = |mut command: Command| {
        fs::remove_file(&sleeper).expect("removed");
        let child = command.spawn().expect("the program runs");
        let start = Instant::now();
        while !sleeper.exists() && start.elapsed() < Duration::from_secs(60) {
            std::thread::sleep(Duration::from_millis(20));
        }
        std::thread::sleep(Duration::from_millis(100));
        child
    };
    let tell = |child: &std::process::Child, signal: &str| {
        let mut kill = Command::new("kill");
        kill.args(["-s", signal, &child.id().to_string()]);
        assert!(kill.status().expect("kill").success());
    };
    for signal in ["TERM", "INT", "HUP", "QUIT"] {
        let mut child = begin(stand.command(&["certificate.v"]));
        tell(&child, signal);
        let status = child.wait().expect("it ends");
        assert_eq!(status.code(), None, "ended by {signal}");
        std::thread::sleep(Duration::from_millis(200));
        assert!(gone(), "{signal}");
        assert!(!Path::new(stand.noted("pwd").trim()).exists(), "{signal}");
    }
    // What was without effect stays so, as under nohup.
    let check = stand.command(&["certificate.v"]);
    let mut deaf = Command::new("sh");
    deaf.args(["-c", "trap '' HUP; exec \"$@\"", "sh"])
        .arg(check.get_program())
        .args(check.get_args())
        .envs(
            check
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .current_dir(stand.path("caller"));
    let mut child = begin(deaf);
    tell(&child, "HUP");
    std::thread::sleep(Duration::from_millis(300));
    assert!(child.try_wait().expect("a child").is_none() && !gone());
    tell(&child, "TERM");
    assert_eq!(child.wait().expect("it ends").code(), None);
    std::thread::sleep(Duration::from_millis(200));
    assert!(gone());
}

/// Whatever Coq says in the end: only the known axioms, by name and type.
#[test]
#[cfg(unix)]
fn what_it_may_rest_on() {
    let classic = "Classical_Prop.classic : forall P : Prop, P \\/ ~ P";
    for (script, expected, why) in [
        (
            format!("echo Axioms:\necho '{classic}'"),
            0,
            "axioms of the real numbers alone",
        ),
        (
            format!("echo Axioms:\necho '{classic}'\necho 'PrimInt63.int : Set'"),
            0,
            "and 1 about the processor's integers",
        ),
        (
            "echo Axioms:\necho 'wrong : False'".to_owned(),
            1,
            "it assumes wrong : False",
        ),
        (
            "echo Axioms:\necho 'Classical_Prop.classic : forall P : Prop, P'".to_owned(),
            1,
            "it assumes Classical_Prop.classic : forall P : Prop, P",
        ),
        (
            "echo Axioms:\necho 'PrimInt63.wrong : False'".to_owned(),
            1,
            "it assumes PrimInt63.wrong",
        ),
        ("echo Closed".to_owned(), 1, "undecided: Coq did not say"),
        (String::new(), 1, "undecided: Coq did not say"),
        (
            "echo \"File \\\"$PWD/checked.v\\\", line 18, characters 0-3:\" >&2; echo 'Error: no.' >&2; exit 1".to_owned(),
            1,
            "REJECTED, by Coq\nFile \"certificate.v\", line 18, characters 0-3:\nError: no.",
        ),
        // Nothing of ours is said to be wrong.
        (
            "echo 'Error: no.' >&2; exit 1".to_owned(),
            1,
            "NOT ACCEPTED, undecided: Coq failed: Error: no.\n",
        ),
        (
            "exit 3".to_owned(),
            1,
            "NOT ACCEPTED, undecided: Coq failed: exit status: 3\n",
        ),
        (
            "echo \"Error: Can't open $PWD/checked.vo.\" >&2; exit 1".to_owned(),
            1,
            "NOT ACCEPTED, undecided: Coq failed: Error: Can't open",
        ),
        (
            "echo \"File \\\"$PWD/checked.v\\\", line 18, characters 0-3:\" >&2; echo 'Error: System error: No space left on device' >&2; exit 1".to_owned(),
            1,
            "NOT ACCEPTED, undecided: Coq failed: File",
        ),
        (
            "echo 'Error: Out of memory.' >&2; exit 1".to_owned(),
            1,
            "NOT ACCEPTED, undecided",
        ),
        (
            "echo 'Fatal error: not enough memory' >&2; exit 2".to_owned(),
            1,
            "(4 GiB, --memory)",
        ),
        ("kill -9 $$".to_owned(), 1, "NOT ACCEPTED, undecided"),
    ] {
        let stand = Stand::new(&script);
        stand.write("certificate.v", &written(PROBLEMS[7].1, 20, Integers::Pure));
        let (code, said, complained) = stand.check(&["certificate.v"]);
        assert_eq!(code, Some(expected), "{script}: {said}{complained}");
        assert!(said.contains(why), "{script}: {said}");
    }
}

/// One line, and exit code 2.
#[test]
#[cfg(unix)]
fn bad_input() {
    let stand = Stand::credulous();
    stand.write("certificate.v", &written(PROBLEMS[0].1, 20, Integers::Pure));
    stand.write("problem.json", &problem(PROBLEMS[0].1));
    stand.write("broken.json", "{");
    stand.write("dense.json", r#"{"format":"noise-equilibrium/problem-1","strength":{"gamma":1,"sigma2":1},"generator":{"kind":"dense","matrix":[[1,1],[1,0]]},"theta":[1,2],"covariance":[[1,0],[0,1]]}"#);
    fs::write(stand.path("caller/latin.v"), b"(** No\xebl *)").expect("written");
    let empty = stand.path("caller").display().to_string();
    for (arguments, why) in [
        (vec!["none.v"], "none.v: "),
        (vec!["."], ".: "),
        (
            vec!["latin.v"],
            "latin.v: expected UTF-8 text, found another byte at offset 6",
        ),
        (vec!["certificate.v", "none.json"], "none.json: "),
        (vec!["certificate.v", "broken.json"], "broken.json: "),
        (
            vec!["certificate.v", "dense.json"],
            "dense.json: no certificate: expected one generator with rational rates",
        ),
        (
            vec!["-", "-"],
            "expected one of FILE and PROBLEM from standard input, found both",
        ),
        (vec!["certificate.v", "--digits", "0"], "--digits"),
        (vec!["certificate.v", "--digits", "-1"], "--digits"),
        (vec!["certificate.v", "--timeout", "0"], "--timeout"),
        (vec!["certificate.v", "--memory", "many"], "--memory"),
        (vec!["certificate.v", "problem.json", "more"], "more"),
    ] {
        let (code, said, complained) = stand.check(&arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {said}{complained}");
        assert!(complained.contains(why), "{complained}");
        assert_eq!(complained.lines().count(), 1, "{complained}");
        assert!(said.is_empty(), "{said}");
    }
    // No proofs, and no Coq.
    let program = || Command::new(env!("CARGO_BIN_EXE_noise-equilibrium"));
    let check = ["certificate", "check", "certificate.v", "--proofs"];
    let mut unproved = program();
    unproved.args(check).arg(&empty).current_dir(&empty);
    let (code, _, complained) = told(&unproved.output().expect("the program runs"));
    assert_eq!(code, Some(2), "{complained}");
    assert!(complained.contains("run make proofs first"), "{complained}");
    let bare = stand.path("bare");
    fs::create_dir(&bare).expect("a folder");
    std::os::unix::fs::symlink("/bin/sh", bare.join("sh")).expect("a link");
    let mut without = program();
    without
        .args(check)
        .arg("../proofs")
        .env("PATH", &bare)
        .current_dir(&empty);
    let (code, _, complained) = told(&without.output().expect("the program runs"));
    assert_eq!(code, Some(2), "{complained}");
    assert!(
        complained.contains("coqc: not found on PATH"),
        "{complained}"
    );
}

/// What is read is not written to, by way of standard output either.
#[test]
#[cfg(unix)]
fn standard_output_is_no_input() {
    let stand = Stand::credulous();
    let text = written(PROBLEMS[0].1, 20, Integers::Pure);
    stand.write("certificate.v", &text);
    stand.write("problem.json", &problem(PROBLEMS[0].1));
    let at = |name: &str| stand.path("caller").join(name);
    for name in ["certificate.v", "problem.json"] {
        let before = fs::read_to_string(at(name)).expect("read");
        let end = fs::OpenOptions::new().append(true).open(at(name));
        let mut command = stand.command(&["certificate.v", "problem.json"]);
        let output = command.stdout(end.expect("opened")).output();
        let (code, _, complained) = told(&output.expect("the program runs"));
        assert_eq!(code, Some(2), "{complained}");
        let why = "error: standard output: expected another file than the ";
        assert!(complained.starts_with(why), "{complained}");
        assert_eq!(fs::read_to_string(at(name)).expect("read"), before);
    }
    assert!(!stand.called());
}

fn checked(text: &str, folder: &Path) -> Output {
    checked_with(text, folder, &[])
}

fn checked_with(text: &str, folder: &Path, more: &[&str]) -> Output {
    fs::write(folder.join("certificate.v"), text).expect("written");
    Command::new(env!("CARGO_BIN_EXE_noise-equilibrium"))
        .args(["certificate", "check", "certificate.v"])
        .args(more)
        .arg("--proofs")
        .arg(proofs())
        .current_dir(folder)
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
        let text = written(body, 20, integers);
        fs::write(folder.path().join("problem.json"), problem(body)).expect("written");
        let more = ["problem.json", "--digits", "20"];
        let output = checked_with(&text, folder.path(), &more);
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

/// A false certificate beside a file Certificate.v, whose names it takes: it was believed,
/// and said to rest on the axioms of the real numbers alone.
#[test]
fn names_of_the_callers_folder() {
    if !coq() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let library = "From Coq Require Import Reals List QArith Lra.
From NoiseEquilibrium.analysis Require Export Balance.
Require NoiseEquilibrium.analysis.Certificate.
Export NoiseEquilibrium.analysis.Certificate.
Definition problem_balance (p : problem) (λ : R) : R := (-1)%R.
Lemma T8_status (p : problem) : forall (H : true = true) λ, (problem_balance p λ < 0)%R.
Proof. intros. unfold problem_balance. lra. Qed.
";
    fs::write(folder.path().join("Certificate.v"), library).expect("written");
    let coqc = |file: &str| {
        let mut command = Command::new("coqc");
        command.args(["-q", "-w", "none", "-Q"]).arg(proofs());
        command
            .args(["NoiseEquilibrium", file])
            .current_dir(folder.path());
        command.output().expect("coqc runs")
    };
    let built = coqc("Certificate.v");
    assert!(
        built.status.success(),
        "{}",
        String::from_utf8_lossy(&built.stderr)
    );
    let text = written(PROBLEMS[7].1, 20, Integers::Pure);
    let claims_less = text.replacen(
        "(0 < problem_balance problem_at_hand λ)",
        "(problem_balance problem_at_hand λ < 0)",
        1,
    );
    let import = "Import ListNotations.";
    let forged = claims_less.replacen(import, &format!("Require Import Certificate.\n{import}"), 1);
    for (text, why) in [
        (&forged, "REJECTED, not as solve"),
        (&claims_less, "REJECTED, by Coq"),
    ] {
        let (code, said, _) = told(&checked(text, folder.path()));
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(why), "{said}");
    }
    // Coq itself believes it: that is why it does not get the text.
    assert!(coqc("certificate.v").status.code() != Some(0));
    fs::write(folder.path().join("certificate.v"), &forged).expect("written");
    assert!(coqc("certificate.v").status.success());
}

/// Files that Coq would load in place of its libraries, and fail on: in the caller's folder,
/// on COQPATH, and where Coq looks below the home folder.
#[test]
fn libraries_of_the_callers_environment() {
    if !coq() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let text = written(PROBLEMS[0].1, 20, Integers::Machine);
    fs::write(folder.path().join("certificate.v"), &text).expect("written");
    for place in [
        "",
        "Interval",
        "data/coq/Interval",
        ".local/share/coq/Interval",
    ] {
        let place = folder.path().join(place);
        fs::create_dir_all(&place).expect("a folder");
        for name in ["Balance.vo", "Certificate.vo", "Tactic.vo", "Reals.vo"] {
            fs::write(place.join(name), "no library").expect("written");
        }
    }
    let poisoned = |command: &mut Command| {
        command
            .current_dir(folder.path())
            .env("COQPATH", folder.path())
            .env("OCAMLPATH", folder.path())
            .env("COQLIB", folder.path())
            .env("HOME", folder.path())
            .env("XDG_DATA_HOME", folder.path().join("data"))
            .env("XDG_DATA_DIRS", folder.path().join("data"))
            .output()
            .expect("it runs")
    };
    let mut coqc = Command::new("coqc");
    coqc.args(["-q", "-w", "none", "-Q"]).arg(proofs());
    coqc.args(["NoiseEquilibrium", "certificate.v"]);
    assert!(!poisoned(&mut coqc).status.success());
    let mut check = Command::new(env!("CARGO_BIN_EXE_noise-equilibrium"));
    check
        .args(["certificate", "check", "certificate.v", "--proofs"])
        .arg(proofs());
    let (code, said, complained) = told(&poisoned(&mut check));
    assert_eq!(code, Some(0), "{said}{complained}");
}

#[test]
fn a_proof_that_takes_long() {
    if !coq() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let text = written(PROBLEMS[0].1, 400, Integers::Pure);
    let start = Instant::now();
    let (code, said, _) = told(&checked_with(&text, folder.path(), &["--timeout", "1"]));
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("NOT ACCEPTED, undecided: Coq took more than 1 s"),
        "{said}"
    );
    assert!(start.elapsed() < Duration::from_secs(20));
}

/// Ends in the wrong order, and an interval without a number: Coq decides.
#[test]
fn intervals_that_are_none() {
    if !coq() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let text = written(PROBLEMS[0].1, 20, Integers::Pure);
    let (head, _) = text.split_once("equilibrium_between").expect("an interval");
    for (lower, upper) in [
        ("(1)", "(-1)"),
        ("(1)", "(1)"),
        ("(84 # 10 ^ 3)", "(84 # 10 ^ 3)"),
    ] {
        let changed = format!(
            "{head}equilibrium_between problem_at_hand\n  {lower}\n  {upper}.\nProof. enclose 100%positive. Qed.\n"
        );
        let (code, said, _) = told(&checked(&changed, folder.path()));
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("REJECTED, by Coq"), "{said}");
    }
}
