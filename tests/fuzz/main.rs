//! Readers against input that nobody would write: each one takes what a seeded mutation of
//! its corpus gives and answers with a value, or with a message that says what is wrong (the
//! program puts it on one line). It never panics, and its memory is bounded by the size of
//! the input.
//!
//! Two seconds each, or `FUZZ_SECONDS`; `FUZZ_SEED` chooses the mutations. An input that
//! fails is written to a file, whose name the message has.

use noise_equilibrium::audit::{JOURNAL, Journal, Options, Part, merge};
use noise_equilibrium::checkpoint::{balance, read_architecture};
use noise_equilibrium::dynamics::Stream;
use noise_equilibrium::problem::{
    Certificate, Integers, Lines, certificate, read_problem, read_problem_in,
};
use noise_equilibrium::reference::{Family, Results, conform};
use noise_equilibrium::theorem::Replay;
use sha2::{Digest, Sha256};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Bytes that any input may take, and more for each of its own: a number of a few bytes
/// may stand for a million digits.
const MEMORY: (u64, u64) = (256 << 20, 4096);

/// Inputs that are tried at least.
const LEAST: u64 = 2000;

/// What a reader said: nothing, or its message.
type Answer = Result<(), String>;

struct Target<'a> {
    name: &'static str,
    /// Pieces that mutations insert.
    words: &'static [&'static str],
    read: &'a dyn Fn(&[u8]) -> Answer,
}

const JSON: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ":",
    ",",
    "null",
    "true",
    "-",
    "1e1000000",
    "1e-1000000",
    "1e1000001",
    "\"+.5e1000000\"",
    "\"\\u0031e1000000\"",
    "0x1p-1074",
    "\"1/0\"",
    "\"-7/3\"",
    "NaN",
    "Infinity",
    "1.",
    ".5",
    "\"\\u0000\"",
    "\u{feff}",
    "\"format\":",
    "\"theta\"",
    "\"rates\"",
    "\"gradients\"",
    "\"npy\"",
    "\"kind\"",
    "\"dense\"",
    "\"factor\"",
    "\"rows\"",
    "18446744073709551616",
    "-1",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
    "\"strength\"",
    "\"pairs\"",
    "\"up\"",
    "\"sigma2\":0,",
    "\"lambda\"",
    "\"status\":\"finite\"",
    "\"results\":{",
    "\"entries\"",
];

const BYTES: &[&str] = &[
    "\0",
    "\0\0\0\0\0\0\0\0",
    "\u{7f}",
    "'descr': '<f8'",
    "'fortran_order': True",
    "'shape': (3,)",
    "(0,)",
    "(99999999999,)",
    "(-1,)",
    "{",
    "}",
    "\"dtype\":\"F64\"",
    "\"BF16\"",
    "\"shape\":[2]",
    "\"data_offsets\":[0,16]",
    "18446744073709551615",
    "\u{93}NUMPY",
];

const COQ: &[&str] = &[
    "(",
    ")",
    "0",
    "-",
    " # ",
    " # 10 ^ 10000",
    "9999999999",
    "\n",
    " ",
    "λ",
    "(* *)",
    ";\n   RationalTerm 1 1 1",
    "From Interval Require Import Tactic.\n",
    "Require Import Certificate.\n",
    "is_equilibrium problem_at_hand 0.\nProof. apply T8_equilibrium_at_start; reflexivity. Qed.\n",
    "forall λ, (0 < problem_balance problem_at_hand λ)%R.\nProof. exact (T8_status problem_at_hand eq_refl). Qed.\n",
    "Theorem certificate : ",
    "Qed.\n",
];

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fuzz/corpus")
        .join(name);
    let entries = std::fs::read_dir(&folder).expect("a corpus");
    let mut paths: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{}", folder.display());
    paths
        .iter()
        .map(|path| std::fs::read(path).expect("a file"))
        .collect()
}

/// One to eight changes: bytes flipped, removed, repeated, moved, words inserted, some of
/// them thousands of times, another
/// input's end appended, the end cut off.
fn mutate(stream: &mut Stream, inputs: &[Vec<u8>], words: &[&str]) -> Vec<u8> {
    let mut data = inputs[stream.below(inputs.len())].clone();
    for _ in 0..=stream.below(8) {
        let at = stream.below(data.len() + 1);
        let length = 1 + stream.below(16);
        let end = (at + length).min(data.len());
        match stream.below(8) {
            0 if at < data.len() => data[at] ^= 1 << stream.below(8),
            1 if at < data.len() => data[at] = stream.bits() as u8,
            2 => drop(data.drain(at..end)),
            3 => {
                let part = data[at..end].to_vec();
                let place = stream.below(data.len() + 1);
                data.splice(place..place, part);
            }
            4 => data.truncate(at),
            5 => {
                let other = &inputs[stream.below(inputs.len())];
                let start = stream.below(other.len() + 1);
                data.truncate(at);
                data.extend_from_slice(&other[start..]);
            }
            6 if at < data.len() && data[at].is_ascii_digit() => {
                data[at] = b'0' + stream.below(10) as u8
            }
            _ => {
                let word = words[stream.below(words.len())];
                // Now and then thousands of them: brackets get deep.
                let many = match stream.below(64) {
                    0 => 1 << stream.below(13),
                    _ => 1,
                };
                data.splice(at..at, word.repeat(many).bytes());
            }
        }
    }
    data
}

fn fuzz(target: &Target<'_>) {
    fuzz_from(target, corpus(target.name));
}

fn fuzz_from(target: &Target<'_>, inputs: Vec<Vec<u8>>) {
    let number = |name: &str, default| {
        std::env::var(name).map_or(default, |text| text.parse::<u64>().expect("a number"))
    };
    let (seconds, seed) = (number("FUZZ_SECONDS", 2), number("FUZZ_SEED", 1));
    let (mut accepted, mut refused, mut most) = (0u64, 0u64, 0u64);
    let start = Instant::now();
    let mut check = |data: &[u8]| {
        let mut answer = None;
        let used = allocation_counter::measure(|| {
            answer = Some(catch_unwind(AssertUnwindSafe(|| (target.read)(data))));
        });
        most = most.max(used.bytes_max);
        let complaint = match answer.expect("measured") {
            Err(_) => Some("panicked".to_owned()),
            Ok(Err(message)) if message.trim().is_empty() => Some("an empty message".to_owned()),
            Ok(Err(message)) if message.chars().count() > 2000 => {
                Some(format!("too long: {message}"))
            }
            _ if used.bytes_max > MEMORY.0 + MEMORY.1 * data.len() as u64 => {
                Some(format!("{} bytes of memory", used.bytes_max))
            }
            Ok(Err(_)) => {
                refused += 1;
                None
            }
            Ok(Ok(())) => {
                accepted += 1;
                None
            }
        };
        if let Some(complaint) = complaint {
            let path = std::env::temp_dir().join(format!("fuzz-{}", target.name));
            std::fs::write(&path, data).expect("a place for the input");
            panic!("{}: {complaint}; see {}", target.name, path.display());
        }
    };
    for data in &inputs {
        check(data);
    }
    for index in 0.. {
        // On a busy machine seconds may be few inputs.
        if start.elapsed() >= Duration::from_secs(seconds) && index >= LEAST {
            break;
        }
        check(&mutate(
            &mut Stream::seeded(seed, target.name, index),
            &inputs,
            target.words,
        ));
    }
    println!(
        "{}: {accepted} accepted, {refused} refused, at most {most} bytes, seed {seed}",
        target.name
    );
    // Mutations that are all refused at the door test the door alone.
    assert!(
        accepted as usize > inputs.len(),
        "{}: {accepted} accepted",
        target.name
    );
    assert!(refused > 0, "{}", target.name);
}

fn text(data: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(data).map_err(|error| error.to_string())
}

#[test]
fn problem() {
    let read = |data: &[u8]| {
        read_problem(text(data)?)
            .map(drop)
            .map_err(|e| e.to_string())
    };
    fuzz(&Target {
        name: "problem",
        words: JSON,
        read: &read,
    });
}

/// Lines are what is between line feeds, and no more; whether one of them is a problem.
#[test]
fn lines() {
    let read = |data: &[u8]| {
        let mut answer = Err("no problem".to_owned());
        let mut lines = Lines::of(data).map(|line| line.expect("no file to fail"));
        let between = data.split(|byte| *byte == b'\n');
        for (number, bytes) in (1..).zip(between) {
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            let line = lines.next().expect("a line");
            assert_eq!(line.number, number);
            let text = line.text.map_err(|e| e.to_string());
            assert_eq!(text.as_deref().ok(), std::str::from_utf8(bytes).ok());
            answer = answer
                .or(text.and_then(|text| read_problem(&text).map(drop).map_err(|e| e.to_string())));
        }
        assert_eq!(lines.next(), None);
        answer
    };
    fuzz(&Target {
        name: "lines",
        words: JSON,
        read: &read,
    });
}

/// What is read is what would be written, to the last byte: Coq gets no text of others.
#[test]
fn certificates() {
    let read = |data: &[u8]| {
        let text = text(data)?;
        let read = Certificate::parse(text).map_err(|e| e.to_string())?;
        assert_eq!(read.to_string(), text);
        Ok(())
    };
    let inputs = [
        r#""spectrum":[{"rate":1,"noise":2,"charge":3},{"rate":"-2/3","noise":4,"charge":"1/7"}]"#,
        r#""spectrum":[{"rate":1,"noise":5,"charge":5},{"rate":-1,"noise":5,"charge":5}]"#,
        r#""spectrum":[{"rate":1,"noise":0,"charge":3}]"#,
    ];
    let inputs = inputs.map(|body| {
        let text = format!(
            r#"{{"format":"noise-equilibrium/problem-1","strength":{{"gamma":"1/2","sigma2":1}},{body}}}"#
        );
        let problem = read_problem(&text).expect("a problem");
        let written = [Integers::Machine, Integers::Pure]
            .map(|integers| certificate(&problem, 10, integers).expect("a certificate"));
        written.map(String::into_bytes)
    });
    let target = Target {
        name: "certificate",
        words: COQ,
        read: &read,
    };
    fuzz_from(&target, inputs.concat());
}

#[test]
fn replay() {
    let read = |data: &[u8]| {
        let replay = Replay::read(text(data)?).map_err(|e| e.to_string())?;
        let again = Replay::read(&replay.write()).map_err(|e| e.to_string());
        assert_eq!(again.as_ref(), Ok(&replay));
        Ok(())
    };
    fuzz(&Target {
        name: "replay",
        words: JSON,
        read: &read,
    });
}

#[test]
fn network() {
    let read = |data: &[u8]| {
        read_architecture(text(data)?)
            .map(drop)
            .map_err(|e| e.to_string())
    };
    fuzz(&Target {
        name: "network",
        words: JSON,
        read: &read,
    });
}

/// What is read is compared with the reference values: a family with one λ, one with
/// matrices.
#[test]
fn results() {
    let family = |text: &str| Family::read(text).expect("a family").entries;
    let mut entries = family(include_str!("../../docs/reference/scaling.json"));
    entries.extend(family(include_str!(
        "../../docs/reference/general-linear.json"
    )));
    let read = |data: &[u8]| {
        let results = Results::read(text(data)?).map_err(|e| e.to_string())?;
        conform(&results, &entries)
            .map(drop)
            .map_err(|e| e.to_string())
    };
    fuzz(&Target {
        name: "results",
        words: JSON,
        read: &read,
    });
}

/// What is read is written and read again as the same.
#[test]
fn reference() {
    let read = |data: &[u8]| {
        let family = Family::read(text(data)?).map_err(|e| e.to_string())?;
        let again = Family::read(&family.write().expect("JSON"));
        assert_eq!(again.as_ref(), Ok(&family));
        Ok(())
    };
    fuzz(&Target {
        name: "reference",
        words: JSON,
        read: &read,
    });
}

/// Some file systems write to the disk at once where a file is cut and filled again, which
/// takes tens of times as long.
fn write_anew(path: &Path, data: &[u8]) {
    let _ = std::fs::remove_file(path);
    std::fs::write(path, data).expect("written");
}

/// A problem whose θ is the file.
fn array(name: &'static str, theta: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let problem = format!(
        "{{\"format\":\"noise-equilibrium/problem-1\",\"strength\":{{\"sigma2\":1}},\"generator\":{{\"kind\":\"scaling\"}},\"theta\":{theta},\"gradients\":[[1,0],[0,1]]}}"
    );
    let read = |data: &[u8]| {
        write_anew(&folder.path().join("array"), data);
        read_problem_in(&problem, folder.path())
            .map(drop)
            .map_err(|e| e.to_string())
    };
    fuzz(&Target {
        name,
        words: BYTES,
        read: &read,
    });
}

#[test]
fn npy() {
    array("npy", "{\"npy\":\"array\"}");
}

#[test]
fn safetensors() {
    array(
        "safetensors",
        "{\"safetensors\":\"array\",\"tensor\":\"theta\"}",
    );
}

/// A checkpoint with a pair that fits the corpus, or its gradients, with the other as it is.
fn pair(name: &'static str, other: &str) {
    let network = read_architecture(
        "{\"format\":\"noise-equilibrium/network-1\",\"strength\":{\"gamma\":\"1/8\",\"sigma2\":1},\"pairs\":[{\"kind\":\"relu\",\"up\":\"u\",\"down\":\"w\"}]}",
    )
    .expect("a network");
    let other = corpus(other).swap_remove(0);
    let read = |data: &[u8]| {
        let (checkpoint, gradients) = match name {
            "checkpoint" => (data, &other[..]),
            _ => (&other[..], data),
        };
        balance(checkpoint, &network, gradients, |_, _| ())
            .map(drop)
            .map_err(|e| e.to_string())
    };
    fuzz(&Target {
        name,
        words: BYTES,
        read: &read,
    });
}

#[test]
fn checkpoint() {
    pair("checkpoint", "gradients");
}

#[test]
fn gradients() {
    pair("gradients", "checkpoint");
}

/// What an audit left behind, with checksums that are right: only then are the lines read.
#[test]
fn journal() {
    let folder = tempfile::tempdir().expect("a folder");
    let options = Options {
        only: vec!["L3".to_owned(), "T7".to_owned()],
        cases: 2,
        seed: 1,
        full: false,
        jobs: Some(1),
    };
    let mut journal = Journal::start(folder.path(), &options, Part::WHOLE).expect("a journal");
    journal.run(|_, _| ()).expect("an audit");
    drop(journal);
    let path = folder.path().join(JOURNAL);
    let text = std::fs::read_to_string(&path).expect("a journal");
    let bare = text
        .lines()
        .map(|line| line.split_once(' ').expect("a checksum").1);
    let bare = bare.collect::<Vec<_>>().join("\n");
    let read = |data: &[u8]| {
        let text = String::from_utf8_lossy(data);
        let mut before = String::new();
        let mut journal = String::new();
        for line in text.lines() {
            let hash = Sha256::new().chain_update(&before).chain_update(line);
            let hash = hash.finalize();
            before = hash[..8].iter().map(|byte| format!("{byte:02x}")).collect();
            journal += &format!("{before} {line}\n");
        }
        write_anew(&path, journal.as_bytes());
        merge(&[folder.path().to_owned()])
            .map(drop)
            .map_err(|e| e.to_string())
    };
    let target = Target {
        name: "journal",
        words: JSON,
        read: &read,
    };
    fuzz_from(&target, vec![bare.into_bytes()]);
}

/// The harness itself sees a panic, an empty message, and too much memory.
#[test]
fn the_harness_can_fail() {
    let caught = |read: &dyn Fn(&[u8]) -> Answer| {
        let target = Target {
            name: "network",
            words: JSON,
            read,
        };
        catch_unwind(AssertUnwindSafe(|| fuzz(&target))).is_err()
    };
    assert!(caught(&|_| panic!("on purpose")));
    assert!(caught(&|_| Err(" ".to_owned())));
    assert!(caught(&|_| {
        std::hint::black_box(Vec::<u8>::with_capacity(1 << 29));
        Ok(())
    }));
}

/// A few bytes may ask for a million digits, a hundred times that is refused.
#[test]
fn exponents_are_limited_together() {
    let read = |number: &str, terms: usize| {
        let term = format!("{{\"rate\":1,\"noise\":\"{number}\",\"charge\":0}}");
        let terms = vec![term; terms].join(",");
        let text = format!(
            "{{\"format\":\"noise-equilibrium/problem-1\",\"strength\":{{\"sigma2\":1}},\"spectrum\":[{terms}]}}"
        );
        read_problem(&text).map(drop).map_err(|e| e.to_string())
    };
    assert_eq!(read("1e1000000", 2), Ok(()));
    for number in ["1e1000000", "+1e1000000", ".5e1000000", "0x.8p3321928"] {
        let error = read(number, 101).expect_err("too many digits");
        assert!(error.contains("at most 100000000 digits"), "{error}");
    }
    let error = read("\\u0031e1000000", 1).expect_err("hidden");
    assert!(error.contains("without escapes"), "{error}");
}
