//! An audit in pieces: killed at any moment and taken up again, or dealt to several machines,
//! it has the digest of one run; and a journal that was tampered with is refused.

use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Small, and with several kinds of outcomes and margins.
const SMALL: [&str; 6] = ["audit", "--only", "T1,T3,C1", "--cases", "64", "--seed"];

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_noise-equilibrium"));
    command.args(arguments);
    command
}

fn run(arguments: &[&str]) -> Output {
    program(arguments).output().expect("the program")
}

/// The small audit of a seed, and what else is said.
fn small(seed: &str, more: &[&str]) -> Output {
    run(&[&SMALL[..], &[seed], more].concat())
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn digest(folder: &Path) -> String {
    let json = fs::read_to_string(folder.join("audit.json")).expect("audit.json");
    let report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(report["verdict"], "verified");
    report["digest"].as_str().expect("a digest").to_owned()
}

/// Bad input: exit code 2, nothing on standard output, one line that says what.
fn refused(output: &Output, expected: &str) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert!(output.stdout.is_empty(), "{output:?}");
    assert_eq!(message.lines().count(), 1, "{message}");
    assert!(message.contains(expected), "no {expected:?} in {message}");
}

fn folders<const N: usize>() -> (tempfile::TempDir, [PathBuf; N]) {
    let root = tempfile::tempdir().expect("a folder");
    let folders = std::array::from_fn(|i| root.path().join(format!("{i}")));
    (root, folders)
}

#[test]
fn killed_at_any_moment_and_resumed() {
    const KILLS: u32 = 20;
    let (_root, [whole]) = folders();
    let started = Instant::now();
    assert!(small("5", &["--out", text(&whole)]).status.success());
    let duration = started.elapsed();
    let expected = digest(&whole);

    let mut state = 240_207_193_u64;
    let mut random = || {
        // Knuth's MMIX generator: the upper half is random enough for instants.
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 32) as u32
    };
    let (mut kills, mut in_the_middle) = (0, 0);
    while in_the_middle < KILLS {
        assert!(
            kills < 20 * KILLS,
            "{in_the_middle} of {kills} kills came in the middle"
        );
        let (_root, [folder]) = folders();
        let begin = |jobs: &str| {
            let journal = folder.join("audit.journal");
            let arguments = match journal.exists() {
                true => vec!["audit", "--resume", text(&folder)],
                // Killed before anything was begun.
                false => [&SMALL[..], &["5", "--out", text(&folder)]].concat(),
            };
            let mut command = program(&[&arguments[..], &["--jobs", jobs]].concat());
            let quiet = command.stdout(Stdio::null()).stderr(Stdio::null());
            quiet.spawn().expect("the program")
        };
        loop {
            let mut child = begin(["1", "2", "3"][random() as usize % 3]);
            let instant = duration.mul_f64(0.4 * f64::from(random()) / f64::from(u32::MAX));
            if let Some(ended) = ends_within(&mut child, instant) {
                assert!(ended, "a resumed audit failed");
                break;
            }
            child.kill().expect("a running program");
            child.wait().expect("an end");
            kills += 1;
            let lines = fs::read(folder.join("audit.journal")).unwrap_or_default();
            in_the_middle += u32::from(lines.iter().filter(|&&byte| byte == b'\n').count() > 1);
        }
        assert_eq!(digest(&folder), expected);
    }
}

/// Did it succeed, if it ends within this time?
fn ends_within(child: &mut Child, time: Duration) -> Option<bool> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("a child") {
            return Some(status.success());
        }
        if started.elapsed() >= time {
            return None;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn parts_make_up_the_whole() {
    let (_root, [whole, a, b, c, merged]) = folders();
    assert!(small("5", &["--out", text(&whole)]).status.success());
    for (folder, part, jobs) in [(&a, "1/3", "1"), (&b, "2/3", "2"), (&c, "3/3", "3")] {
        let output = small(
            "5",
            &["--shard", part, "--jobs", jobs, "--out", text(folder)],
        );
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(!folder.join("audit.json").exists(), "a part has no report");
    }
    // Every task is in one part, and no part is nearly everything.
    let [parts @ .., total] = [&a, &b, &c, &whole].map(|folder| lines(folder).len() - 1);
    assert_eq!(parts.iter().sum::<usize>(), total);
    assert!(parts.iter().all(|part| 3 * part + 3 > total));

    let merge = |folders: &[&Path]| {
        let folders: Vec<&str> = folders.iter().map(|folder| text(folder)).collect();
        run(&[&["audit", "merge"], &folders[..], &["--out", text(&merged)]].concat())
    };
    // In any order.
    let output = merge(&[&c, &a, &b]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(digest(&merged), digest(&whole));
    let [one, other] = [&whole, &merged].map(|folder| {
        let json = fs::read_to_string(folder.join("audit.json")).expect("audit.json");
        let mut report: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        report
            .as_object_mut()
            .expect("a report")
            .remove("environment")
            .expect("an environment");
        report
    });
    assert_eq!(one, other);
    // A whole is its only part.
    assert_eq!(merge(&[&whole]).status.code(), Some(0));

    refused(&merge(&[&a, &b]), "part 3/3 is missing");
    refused(&merge(&[&a, &b, &a]), "part 1/3 is in");
    refused(&merge(&[&a, &b, &c, &c]), "part 3/3 is in");
    refused(&merge(&[&a, &b, &whole]), "expected a part of 3");
    refused(&merge(&[&a, &b, &merged]), "no audit was begun here");
    let (_root, others) = folders::<4>();
    for (folder, (seed, more, expected)) in others.iter().zip([
        ("6", &["--shard", "3/3"][..], "expected seed 5"),
        ("5", &["--shard", "3/3", "--full"], "expected full false"),
        ("5", &["--shard", "3/4"], "expected a part of 3"),
    ]) {
        small(seed, &[more, &["--out", text(folder)]].concat());
        refused(&merge(&[&a, &b, folder]), expected);
    }
    for (only, cases, expected) in [
        ("T1,T3,C1", "65", "expected cases 64"),
        ("T1,T3", "64", "expected statements T1,T3,C1"),
    ] {
        let arguments = ["audit", "--only", only, "--cases", cases, "--seed", "5"];
        run(&[
            &arguments[..],
            &["--shard", "3/3", "--out", text(&others[3])],
        ]
        .concat());
        refused(&merge(&[&a, &b, &others[3]]), expected);
    }
    // A part that was interrupted, until it is finished.
    let all = lines(&c);
    write(&c, &all[..all.len() - 2].concat());
    refused(&merge(&[&a, &b, &c]), "2 tasks of part 3/3 are not done");
    assert!(run(&["audit", "--resume", text(&c)]).status.success());
    merge(&[&a, &b, &c]);
    assert_eq!(digest(&merged), digest(&whole));

    for (part, expected) in [
        ("0/3", "such as 3/8"),
        ("4/3", "such as 3/8"),
        ("1/1001", "1000"),
    ] {
        refused(&small("5", &["--shard", part]), expected);
    }
}

fn lines(folder: &Path) -> Vec<String> {
    let text = fs::read_to_string(folder.join("audit.journal")).expect("a journal");
    text.split_inclusive('\n').map(str::to_owned).collect()
}

fn write(folder: &Path, text: &str) {
    fs::write(folder.join("audit.journal"), text).expect("a journal");
}

/// The journal with checksums that are right again: what somebody would have to do on purpose.
fn signed(lines: &[String]) -> String {
    let mut before = String::new();
    let sign = |line: &String| {
        let (_, json) = line.trim_end().split_once(' ').expect("a checksum");
        let hash = Sha256::new()
            .chain_update(&before)
            .chain_update(json)
            .finalize();
        before = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{before} {json}\n")
    };
    lines.iter().map(sign).collect()
}

#[test]
fn a_journal_that_was_changed_is_refused() {
    let (_root, [folder]) = folders();
    let arguments = [
        "audit",
        "--only",
        "L3,L4",
        "--cases",
        "16",
        "--out",
        text(&folder),
    ];
    assert!(run(&arguments).status.success());
    let expected = digest(&folder);
    let all = lines(&folder);
    assert_eq!(
        signed(&all),
        all.concat(),
        "the checksum is what the test takes it for"
    );
    let resume = |text_of_journal: &str| {
        write(&folder, text_of_journal);
        run(&["audit", "--resume", text(&folder)])
    };
    assert_eq!(resume(&all.concat()).status.code(), Some(0));

    // One digit or letter, anywhere.
    for (number, line) in all.iter().enumerate().step_by(7) {
        for at in [3, line.len() / 2, line.len() - 3] {
            let mut changed = all.clone();
            let replacement = if line.as_bytes()[at] == b'1' {
                "2"
            } else {
                "1"
            };
            changed[number].replace_range(at..=at, replacement);
            refused(
                &resume(&changed.concat()),
                &format!("line {}: ", number + 1),
            );
        }
    }
    // A refuted case made a verified one, with the rest as it was.
    let refuted = all
        .iter()
        .position(|line| line.contains("refuted"))
        .expect("a control");
    let mut changed = all.clone();
    changed[refuted] = changed[refuted].replace("refuted", "verified");
    refused(
        &resume(&changed.concat()),
        &format!("line {}: ", refuted + 1),
    );
    // Taken out, moved, doubled, emptied.
    let mut fewer = all.clone();
    fewer.remove(4);
    refused(&resume(&fewer.concat()), "line 5: ");
    let mut moved = all.clone();
    moved.swap(4, 5);
    refused(&resume(&moved.concat()), "line 5: ");
    let mut doubled = all.clone();
    doubled.insert(5, all[4].clone());
    refused(&resume(&doubled.concat()), "line 6: ");
    let mut emptied = all.clone();
    emptied[5] = "\n".to_owned();
    refused(&resume(&emptied.concat()), "line 6: ");
    refused(&resume(""), "line 1: ");
    refused(&resume("hello\n"), "line 1: ");
    // With checksums to match, what is said still has to make sense.
    refused(&resume(&signed(&doubled)), "line 6: task");
    let header = |from: &str, to: &str| {
        let mut changed = all.clone();
        assert!(changed[0].contains(from), "{from} in {}", changed[0]);
        changed[0] = changed[0].replace(from, to);
        signed(&changed)
    };
    let version = concat!("\"version\":\"", env!("CARGO_PKG_VERSION"), "\"");
    for (from, to, expected) in [
        (
            version,
            "\"version\":\"0.0.1\"",
            "line 1: version: expected",
        ),
        ("journal-1", "journal-2", "line 1: format: expected"),
        ("\"L4\"", "\"L5\"", "line 1: --only: expected"),
        (
            "\"plan\":\"",
            "\"plan\":\"0",
            "line 1: plan: this program has other checks",
        ),
        (
            "\"part\":\"1/1\"",
            "\"part\":\"2/1\"",
            "line 1: expected a part",
        ),
        ("\"cases\":16", "\"cases\":0", "line 1: --cases: expected"),
        ("\"cases\":16", "\"cases\":1", "is not expected here"),
        ("\"seed\"", "\"seeds\"", "line 1: unknown field"),
    ] {
        refused(&resume(&header(from, to)), expected);
    }

    // What cannot be refused, since whoever signs it means it, shows in the digest.
    let mut other = all.clone();
    other[refuted] = other[refuted].replace("{\"refuted\":", "{\"inconclusive\":");
    assert_eq!(resume(&signed(&other)).status.code(), Some(0));
    assert_ne!(digest(&folder), expected);

    // Torn anywhere in its last line, it is taken up.
    let (last, rest) = all.split_last().expect("lines");
    for end in [0, 1, 16, 17, last.len() / 2, last.len() - 1] {
        let output = resume(&(rest.concat() + &last[..end]));
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(digest(&folder), expected);
        assert_eq!(lines(&folder).len(), all.len());
    }
    // The options are the journal's own.
    refused(
        &run(&["audit", "--resume", text(&folder), "--cases", "64"]),
        "cannot be used with",
    );
    let nothing = folder.join("nothing");
    refused(
        &run(&["audit", "--resume", text(&nothing)]),
        "no audit was begun here",
    );
    // Two at once would mix their lines.
    let journal = fs::File::open(folder.join("audit.journal")).expect("a journal");
    journal.try_lock().expect("nobody runs");
    refused(
        &run(&["audit", "--resume", text(&folder)]),
        "another audit is running here",
    );
    refused(&run(&arguments), "another audit is running here");
    drop(journal);
    // Without --resume it is begun again.
    assert_eq!(run(&arguments).status.code(), Some(0));
    assert_eq!(digest(&folder), expected);
}
