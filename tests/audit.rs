//! The audit as a program and as a library: digests, exit codes, replays.

use noise_equilibrium::audit::{Options, Verdict, audit};
use noise_equilibrium::model::Symmetric;
use noise_equilibrium::theorem::{
    AnyOperands, Draw, Heading, LEDGER, Law, Margin, NetworkCase, Outcome, Replay, any_network,
    find,
};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::any::Any;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_noise-equilibrium"))
        .args(arguments)
        .output()
        .expect("the program")
}

fn options(seed: u64, jobs: usize) -> Options {
    let only = ["T7", "C1", "l3"].map(String::from).to_vec();
    Options {
        only,
        cases: 16,
        seed,
        full: false,
        jobs: Some(jobs),
    }
}

fn digest(options: &Options) -> String {
    let report = audit(options, |_, _| ()).expect("an audit").report;
    assert_eq!(report.verdict, Verdict::Verified);
    report.digest
}

#[test]
fn digest_depends_on_the_seed_and_not_on_the_threads() {
    let one = digest(&options(1, 1));
    assert_eq!(one, digest(&options(1, 2)));
    assert_eq!(one, digest(&options(1, 5)));
    assert_ne!(one, digest(&options(2, 1)));
}

fn replay(statement: &str, check: &dyn Law, case: impl Into<Arc<dyn AnyOperands>>) -> Replay {
    Replay {
        heading: Heading::new(statement, check.name(), None, String::new()),
        case: case.into(),
    }
}

/// A case of every check survives the way to a file and back, and gives the same outcome.
#[test]
fn replays_round_trip() {
    for statement in LEDGER {
        for check in statement.checks {
            let name = check.name();
            if name.contains("digits") {
                continue;
            }
            let case = check.draw(&mut Draw::seeded(3, name, 0), false);
            // What is not drawn is the same in both, and takes long.
            let drawn = statement.drawn;
            let outcome = drawn.then(|| check.run(&*case, None, &|_| ()).0);
            let replay = replay(statement.id, *check, case);
            let read = Replay::read(&replay.write()).expect("what was written");
            assert_eq!(read, replay, "{} {name}", statement.id);
            if let Some(outcome) = outcome {
                assert_eq!(read.run(), Ok(outcome), "{} {name}", statement.id);
            }
        }
    }
}

/// A twin survives the way to a file and back; with an asymmetry of 0, as files had it once,
/// it is the model itself.
#[test]
fn a_twin_round_trips() {
    let check = find("T1").expect("T1").checks[0];
    let drawn = any_network(&mut Draw::seeded(3, "twin", 0));
    let own = |case: NetworkCase| replay("T1", check, Box::new(case) as Box<dyn AnyOperands>);
    let twin = own(drawn.asymmetric());
    let text = twin.write();
    assert_eq!(Replay::read(&text), Ok(twin));
    let mut file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let asymmetry = &mut file["case"]["network"]["model"]["asymmetry"];
    assert_eq!(*asymmetry, "1/8");
    *asymmetry = "0".into();
    assert_eq!(Replay::read(&file.to_string()), Ok(own(drawn)));
}

/// A case of every kind of model, and with a block, survives the way to a file and back;
/// what is wrong with such a file is refused with the name of the field.
#[test]
fn every_kind_of_model_round_trips() {
    let checks = find("D1").expect("D1").checks;
    let check = checks
        .iter()
        .find(|check| check.name().contains("gradients"))
        .expect("the check of all models");
    let mut files = BTreeMap::new();
    for index in 0..64 {
        let case = check.draw(&mut Draw::seeded(5, "kinds", index), false);
        let network = (&*case as &dyn Any).downcast_ref::<NetworkCase>();
        let network = network.expect("a network");
        let (kind, generator) = (network.model.kind(), network.generator.kind());
        let replay = replay("D1", *check, case);
        let text = replay.write();
        let read = Replay::read(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(read, replay);
        files.insert(kind, text.clone());
        if generator == "block" {
            files.insert(generator, text);
        }
    }
    let kinds =
        "adapter attention block deep-leaky-relu deep-linear diagonal-linear scale-invariant tanh";
    assert_eq!(files.keys().copied().collect::<Vec<_>>().join(" "), kinds);

    let refused = |kind: &str, tamper: &dyn Fn(&mut serde_json::Value), expected: &str| {
        let mut file: serde_json::Value = serde_json::from_str(&files[kind]).expect("JSON");
        tamper(&mut file["case"]["network"]);
        let error = match Replay::read(&file.to_string()) {
            Err(error) => error.to_string(),
            Ok(_) => panic!("{kind}: {file} is accepted, expected: {expected}"),
        };
        assert!(error.contains(expected), "no {expected:?} in {error}");
    };
    // A list of the values stands for no object.
    for (kind, field) in [
        ("tanh", "model"),
        ("tanh", "samples"),
        ("tanh", "generator"),
        ("block", "block"),
    ] {
        let listed = |network: &mut serde_json::Value| {
            let slot = match field {
                "samples" => &mut network["samples"][0],
                _ => &mut network[field],
            };
            let values = slot.as_object().expect("an object").values();
            *slot = values.cloned().collect();
        };
        refused(kind, &listed, "expected an object");
    }
    // Each kind needs its own fields and no others; all sizes are within the file's lists.
    for (kind, field) in [
        ("adapter", "widths"),
        ("adapter", "frozen"),
        ("attention", "tokens"),
        ("attention", "embedding"),
        ("attention", "head"),
        ("attention", "outputs"),
        ("deep-leaky-relu", "slope"),
        ("deep-leaky-relu", "widths"),
        ("deep-linear", "widths"),
        ("diagonal-linear", "depth"),
        ("diagonal-linear", "inputs"),
        ("scale-invariant", "per_row"),
        ("scale-invariant", "outputs"),
        ("tanh", "widths"),
    ] {
        let remove = |network: &mut serde_json::Value| {
            network["model"]
                .as_object_mut()
                .expect("a model")
                .remove(field);
        };
        refused(
            kind,
            &remove,
            &format!("case.network.model.{field}: missing"),
        );
        let number = |file: &serde_json::Value| file["model"][field].is_u64();
        for size in [0, usize::MAX] {
            let resize = |network: &mut serde_json::Value| {
                if number(network) {
                    network["model"][field] = size.into();
                } else {
                    network["model"]["widths"] = vec![size; 3].into();
                }
            };
            if !["slope", "frozen", "per_row"].contains(&field) {
                refused(kind, &resize, "case.network.");
            }
        }
    }
    let set = |field: &'static str, value: serde_json::Value| {
        move |network: &mut serde_json::Value| network["model"][field] = value.clone()
    };
    refused(
        "tanh",
        &set("slope", 1.into()),
        "model.slope: does not go with kind \"tanh\"",
    );
    refused("tanh", &set("bias", 1.into()), "unknown field `bias`");
    refused(
        "tanh",
        &set("kind", "relu".into()),
        "model.kind: expected deep-linear",
    );
    refused(
        "tanh",
        &set("widths", vec![1].into()),
        "model.widths: expected those of",
    );
    refused(
        "adapter",
        &set("widths", vec![1, 1].into()),
        "model.widths: expected three",
    );
    refused(
        "adapter",
        &set("frozen", vec![1; 10].into()),
        "model.frozen: expected",
    );
    refused(
        "attention",
        &set("tokens", 0.into()),
        "model.tokens: expected at least one",
    );
    let twice = |network: &mut serde_json::Value| {
        network["generator"] = serde_json::json!({ "kind": "scaling" });
    };
    refused("block", &twice, "either a generator or a block");
    let kind = |network: &mut serde_json::Value| {
        network["generator"] = serde_json::json!({ "kind": "block" });
    };
    refused("tanh", &kind, "generator.kind: expected diagonal");
    let far = |network: &mut serde_json::Value| {
        network["block"]["slices"][0]["offset"] = usize::MAX.into();
    };
    refused(
        "block",
        &far,
        "generator.slices[0]: expected coordinates below",
    );
}

/// Cases that once were refuted for a wrong reason, kept.
#[test]
fn kept_cases_are_not_refuted() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/replays");
    let mut seen = 0;
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("a file");
        let outcome = Replay::read(&text)
            .expect("a replay")
            .run()
            .expect("a check");
        assert!(
            !matches!(outcome, Outcome::Refuted(_) | Outcome::Failed(_)),
            "{}: {outcome:?}",
            path.display()
        );
        seen += 1;
    }
    assert!(seen > 0);
}

fn spectrum_replay(statement: &str, check: &str, control: Option<&str>, noise: &str) -> String {
    let control = control
        .map(|c| format!(r#""control": "{c}","#))
        .unwrap_or_default();
    format!(
        r#"{{ "format": "noise-equilibrium/replay-1", "statement": "{statement}", "check": "{check}", {control}
            "case": {{ "spectrum": {{ "gamma": 0, "sigma2": 1, "lambda": "1/2",
              "terms": [{{ "rate": 1, "noise": {noise}, "charge": 0 }}] }} }} }}"#
    )
}

#[test]
fn exit_codes_of_a_replay() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("case.json");
    let replay = |text: &str| {
        std::fs::write(&file, text).expect("a file");
        run(&["audit", "--replay", file.to_str().expect("UTF-8")])
    };
    // L4 holds where only one side pulls; L3 is false where noise is live; its control is caught there.
    let l4 = "only one side pulls";
    assert_eq!(
        replay(&spectrum_replay("L4", l4, None, "1")).status.code(),
        Some(0)
    );
    let l3 = "no live term";
    assert_eq!(
        replay(&spectrum_replay("L3", l3, None, "1")).status.code(),
        Some(1)
    );
    assert_eq!(
        replay(&spectrum_replay("L3", l3, None, "0")).status.code(),
        Some(0)
    );
    let control = Some("one term brought to life");
    assert_eq!(
        replay(&spectrum_replay("L3", l3, control, "0"))
            .status
            .code(),
        Some(0)
    );

    let huge = r#"{"format":"noise-equilibrium/replay-1","statement":"T1","check":"drawn networks","case":{"network":{
        "model":{"kind":"deep-linear","widths":[1000000000,1000000000,1000000000]},
        "samples":[],"theta":[1],"generator":{"kind":"scaling"},"gamma":0,"learning_rate":1,"batch":1,"lambda":0}}}"#;
    for (text, expected) in [
        ("{", "expected JSON"),
        (
            r#"{ "format": "noise-equilibrium/problem-1" }"#,
            "format: expected",
        ),
        (
            &spectrum_replay("T99", l4, None, "1"),
            "statement: expected one of",
        ),
        (
            &spectrum_replay("L4", "nothing", None, "1"),
            "check: expected one of",
        ),
        (
            &spectrum_replay("L4", l4, Some("nothing"), "1"),
            "control: expected one of",
        ),
        (
            &spectrum_replay("T1", "drawn networks", None, "1"),
            "case: expected one of network",
        ),
        (&spectrum_replay("L4", l4, None, "-1"), "terms[0].noise"),
        (
            &spectrum_replay("L4", l4, None, "1").replace("1/2", "1e999999"),
            "lambda: expected",
        ),
        (huge, "model: expected sizes"),
    ] {
        let output = replay(text);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{text}: {message}");
        assert!(output.stdout.is_empty(), "{text}");
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(message.contains(expected), "no {expected:?} in {message}");
    }
}

/// As docs/audit.md says, from the text of audit.json: its fields have an order.
/// Its outcome does not go into the case that is read.
#[test]
fn a_replay_is_not_written_to() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("case.json");
    std::fs::write(&path, "{}").expect("written");
    let end = std::fs::OpenOptions::new().append(true).open(&path);
    let output = Command::new(env!("CARGO_BIN_EXE_noise-equilibrium"))
        .args(["audit", "--replay"])
        .arg(&path)
        .stdout(end.expect("opened"))
        .output()
        .expect("the program");
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(
        message.contains("expected another file than the case's"),
        "{message}"
    );
}

fn digest_of(json: &str) -> String {
    #[derive(serde::Deserialize)]
    struct Fields<'a> {
        #[serde(borrow)]
        format: &'a RawValue,
        version: &'a RawValue,
        seed: &'a RawValue,
        cases: &'a RawValue,
        full: &'a RawValue,
        statements: &'a RawValue,
        verdict: &'a RawValue,
    }
    let fields: Fields = serde_json::from_str(json).expect("JSON");
    let own = [
        fields.format,
        fields.version,
        fields.seed,
        fields.cases,
        fields.full,
        fields.statements,
        fields.verdict,
    ];
    // Without the white space between tokens.
    let bare = own.map(|field| {
        let mut inside = false;
        let mut escaped = false;
        field.get().chars().filter(move |&c| {
            let quote = c == '"' && !escaped;
            escaped = inside && c == '\\' && !escaped;
            inside ^= quote;
            inside || quote || !c.is_ascii_whitespace()
        })
    });
    let parts: Vec<String> = bare.map(|part| part.collect()).to_vec();
    let text = format!("[{}]", parts.join(","));
    let hash = Sha256::digest(text.as_bytes());
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What an earlier audit left in the folder does not pass for the next one's.
#[test]
fn an_old_report_is_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("UTF-8");
    let names = || {
        let entries = std::fs::read_dir(folder.path()).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<String> = names
            .map(|name| name.into_string().expect("UTF-8"))
            .collect();
        names.sort();
        names
    };
    let own_replay = "{ \"format\": \"noise-equilibrium/replay-1\" }";
    std::fs::write(folder.path().join("T8-1.json"), own_replay).expect("written");
    // Of another name, or not by an audit.
    let kept = [
        "T8-.json",
        "T8-01.json",
        "T8-2.json",
        "T8-a.json",
        "X8-1.json",
        "notes.txt",
    ];
    for kept in kept {
        let text = if kept == "T8-2.json" {
            "{}"
        } else {
            own_replay
        };
        std::fs::write(folder.path().join(kept), text).expect("written");
    }
    run(&["audit", "--only", "L4", "--cases", "16", "--out", out]);
    let sorted = |more: &[&'static str]| {
        let mut all = [&kept[..], more].concat();
        all.sort_unstable();
        all
    };
    let own = sorted(&["audit.journal"]);
    let all = sorted(&["audit.journal", "audit.json", "junit.xml", "report.html"]);
    assert_eq!(names(), all);
    run(&[
        "audit", "--only", "L4", "--cases", "16", "--shard", "1/2", "--out", out,
    ]);
    assert_eq!(names(), own);
    // An audit that is refused touches nothing.
    let none = folder.path().join("none");
    let none = none.to_str().expect("UTF-8");
    let output = run(&["audit", "--cases", "0", "--out", none]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(names(), own);
}

/// A user's own files of an audit's names are neither removed nor written over: nothing is
/// computed before that is said.
#[test]
fn files_of_others_stay() {
    let problem = r#"{"format":"noise-equilibrium/problem-1","strength":{"gamma":0,"sigma2":1},"spectrum":[]}"#;
    let audit = ["audit", "--only", "L4", "--cases", "16"];
    for (name, text) in [
        ("L4-1.json", problem),
        ("L4-7.json", "of noise-equilibrium/replay-1"),
        ("audit.json", r#"{"format":"noise-equilibrium/audit-1"}"#),
        ("audit.json", "noise-equilibrium"),
        ("report.html", "<!doctype html>\n<p>noise-equilibrium</p>"),
        ("junit.xml", "<testsuites name=\"mine\"/> noise-equilibrium"),
        ("audit.journal", "my own journal\n"),
        ("audit.journal", "0123456789abcdef {}"),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        let out = folder.path().to_str().expect("UTF-8");
        let old = "{ \"format\": \"noise-equilibrium/replay-1\" }";
        std::fs::write(folder.path().join("T8-1.json"), old).expect("written");
        std::fs::write(&path, text).expect("written");
        for more in [&[][..], &["--shard", "1/2"]] {
            let output = run(&[&audit[..], more, &["--out", out]].concat());
            let message = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{name}: {message}");
            assert!(output.stdout.is_empty());
            assert_eq!(
                message,
                format!(
                    "error: {}: expected an audit's file or none, found another; move it or name another folder\n",
                    path.display()
                )
            );
            assert_eq!(std::fs::read_to_string(&path).expect("a file"), text);
            assert_eq!(
                std::fs::read_dir(folder.path()).expect("a folder").count(),
                2
            );
        }
    }
    // A problem of another statement's name is in nobody's way, and stays; merging and going
    // on refuse as well.
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("UTF-8");
    let mine = folder.path().join("T8-1.json");
    std::fs::write(&mine, problem).expect("written");
    let output = run(&[&audit[..], &["--out", out]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let page = folder.path().join("report.html");
    let own = std::fs::read_to_string(&page).expect("a file");
    for arguments in [
        &["audit", "--resume", out][..],
        &["audit", "merge", out, "--out", out],
    ] {
        std::fs::write(&page, "mine").expect("written");
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
        assert_eq!(std::fs::read_to_string(&page).expect("a file"), "mine");
        std::fs::write(&page, &own).expect("written");
        assert_eq!(run(arguments).status.code(), Some(0), "{arguments:?}");
    }
    let output = run(&[&audit[..], &["--out", out]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(std::fs::read_to_string(&mine).expect("a file"), problem);
}

/// A line break in a folder's name breaks no line.
#[cfg(unix)]
#[test]
fn printed_paths_stay_on_their_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("a\nb\u{1b}[2J");
    let out = out.to_str().expect("UTF-8");
    let shown = out.replace(char::is_control, " ");
    let audit = ["audit", "--only", "L4", "--cases", "16", "--out", out];
    for (more, line) in [
        (&[][..], format!("\nreport {shown}/audit.json\n")),
        (
            &["--shard", "1/2"],
            format!("\njournal {shown}/audit.journal\n"),
        ),
    ] {
        let output = run(&[&audit[..], more].concat());
        let page = String::from_utf8_lossy(&output.stdout);
        assert!(page.contains(&line), "{page}");
        assert!(!page.contains('\u{1b}'), "{page}");
    }
}

/// What is a link stays one: the report goes where it leads, and nothing behind it is removed.
#[cfg(unix)]
#[test]
fn links_in_the_folder_stay() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let replay = "{ \"format\": \"noise-equilibrium/replay-1\" }";
    std::fs::write(at("mine.json"), replay).expect("written");
    std::fs::create_dir(at("out")).expect("a folder");
    symlink("../mine.json", at("out/T8-1.json")).expect("a link");
    for (link, target) in [
        ("out/audit.json", "latest.json"),
        ("out/audit.journal", "latest.journal"),
    ] {
        std::fs::write(at(target), "").expect("written");
        symlink(at(target), at(link)).expect("a link");
    }
    // Left by a program that was killed.
    std::fs::write(at("out/audit.journal.new"), "half").expect("written");
    let out = at("out");
    let out = out.to_str().expect("UTF-8");
    let output = run(&["audit", "--only", "L4", "--cases", "16", "--out", out]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    for name in ["T8-1.json", "audit.json", "audit.journal"] {
        assert!(at("out").join(name).is_symlink(), "{name}");
    }
    let text = |name: &str| std::fs::read_to_string(at(name)).expect("a file");
    assert_eq!(text("mine.json"), replay);
    assert_eq!(text("out/audit.journal.new"), "half");
    assert!(text("latest.json").contains("audit-1"));
    assert!(text("latest.journal").contains("journal-1"));
}

/// A pipe in the journal's place would never answer.
#[cfg(unix)]
#[test]
fn a_journal_is_a_file_and_a_folder_no_stream() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().to_str().expect("UTF-8");
    let pipe = folder.path().join("audit.journal");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    for (arguments, part) in [
        (&["audit", "--only", "L4", "--out", out][..], "regular file"),
        (&["audit", "--resume", out], "regular file"),
        (&["audit", "merge", out, "--out", out], "regular file"),
        (
            &["audit", "--only", "L4", "--out", "-"],
            "expected a folder",
        ),
        (&["phenomenon", "P6", "--out", "-"], "expected a folder"),
    ] {
        let output = run(arguments);
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {message}");
        assert_eq!(message.lines().count(), 1, "{message}");
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn the_program_audits_and_refuses() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("report");
    let out = out.to_str().expect("UTF-8");
    let output = run(&["audit", "--only", "L4, t3", "--cases", "16", "--out", out]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let page = String::from_utf8(output.stdout).expect("UTF-8");
    let json = std::fs::read_to_string(Path::new(out).join("audit.json")).expect("audit.json");
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(report["statements"].as_array().map(Vec::len), Some(2));
    assert_eq!(report["verdict"], "verified");
    let digest = report["digest"].as_str().expect("a digest");
    assert!(page.contains(digest));
    assert_eq!(digest, digest_of(&json));
    let changed = json.replacen("\"inconclusive\": 0", "\"inconclusive\": 1", 1);
    assert_ne!(digest, digest_of(&changed));
    assert!(page.contains("every statement verified, every negative control caught"));

    for (arguments, expected) in [
        (["--only", "T99"], "--only: expected identifiers among"),
        (["--cases", "0"], "--cases: expected a number from 1"),
        (["--jobs", "100000"], "--jobs: expected a number from 1"),
    ] {
        let output = run(&[&["audit", "--out", out][..], &arguments].concat());
        let message = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{message}");
        assert!(
            output.stdout.is_empty() && message.lines().count() == 1,
            "{message}"
        );
        assert!(message.contains(expected), "{message}");
    }
}

/// What a journal keeps of a margin is what was measured, whatever double it is.
#[test]
fn every_margin_comes_back_to_the_bit() {
    let through = |x: f64| {
        let text = serde_json::to_string(&Margin::Bits(x)).expect("JSON");
        match serde_json::from_str(&text).expect("what was written") {
            Margin::Bits(back) => back,
            other => panic!("{other:?}"),
        }
    };
    for x in [
        0.0,
        -0.0,
        0.1,
        1.0 / 3.0,
        f64::MAX,
        f64::MIN_POSITIVE,
        5e-324,
        -1.234_567_890_123_456_7e-200,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ] {
        assert_eq!(through(x).to_bits(), x.to_bits(), "{x:e}");
    }
    assert!(through(f64::NAN).is_nan());
    // And a neighbour is another number.
    assert_ne!(through(0.1).to_bits(), 0.1_f64.next_up().to_bits());
    for text in ["1", "\"\"", "\"one\"", "\"0x1p3\""] {
        let margin = format!("{{\"bits\":{text}}}");
        assert!(serde_json::from_str::<Margin>(&margin).is_err(), "{text}");
    }
}
