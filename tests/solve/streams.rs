//! `solve --lines`: a problem on each line, one answer for each in its place.

use crate::arrays::npy;
use crate::program::{PROGRAM, assert_refused, run, solve};
use noise_equilibrium::problem::MAX_LINE;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

const HEAD: &str =
    r#""format":"noise-equilibrium/problem-1","strength":{"gamma":"1/10","sigma2":1}"#;

/// A spectrum of so many terms: the more, the longer it takes.
fn problem(terms: i32) -> String {
    let term = |k| {
        format!(
            r#"{{"rate":"{}/7","noise":{k},"charge":"1/{k}"}}"#,
            2 * k - 7
        )
    };
    let terms: Vec<String> = (1..=terms).map(term).collect();
    format!("{{{HEAD},\"spectrum\":[{}]}}", terms.join(","))
}

/// Gradients that are not orthogonal to Aθ: solved with a warning.
fn oblique() -> String {
    format!(
        r#"{{{HEAD},"generator":{{"kind":"diagonal","rates":[1,-1]}},"theta":[1,2],"gradients":[[1,2],[3,1]]}}"#
    )
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("UTF-8")
}

fn values(output: &[u8]) -> Vec<Value> {
    let lines = text(output).lines();
    lines
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

/// Standard input, line by line.
fn lines(input: &[u8], options: &[&str]) -> Output {
    run(&[&["solve", "--lines", "-"], options].concat(), input)
}

fn refusal(line: u64, error: &str) -> Value {
    json!({ "format": "noise-equilibrium/error-1", "line": line, "error": error })
}

/// Errors on these lines and no others: each on standard error too, and the exit code is 2.
fn assert_errors(output: &Output, expected: &[(usize, u64, &str)]) {
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let answers = values(&output.stdout);
    let refused = answers.iter().enumerate();
    let refused = refused.filter(|(_, answer)| answer["format"] == "noise-equilibrium/error-1");
    let errors: Vec<&str> = text(&output.stderr).lines().collect();
    assert_eq!(refused.count(), expected.len(), "{output:?}");
    assert_eq!(errors.len(), expected.len(), "{output:?}");
    for (&(index, line, part), error) in expected.iter().zip(errors) {
        let message = answers[index]["error"].as_str().expect("a message");
        assert_eq!(answers[index], refusal(line, message));
        assert!(message.contains(part), "no {part:?} in {message}");
        assert_eq!(
            error,
            format!("error: standard input: line {line}: {message}")
        );
    }
}

#[test]
fn each_answer_is_that_of_its_problem_alone() {
    let problems = [problem(40), problem(1), oblique(), problem(3)];
    let output = lines(problems.join("\n").as_bytes(), &["--digits", "20"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let alone = problems.each_ref().map(|problem| {
        let (_, output) = solve(problem.as_bytes(), &["--digits", "20"]);
        serde_json::from_slice::<Value>(&output.stdout).expect("JSON")
    });
    assert_eq!(values(&output.stdout), alone);
    // The order of fields too, and no white space.
    let (_, pretty) = solve(problems[3].as_bytes(), &["--digits", "20"]);
    let compact: String = text(&pretty.stdout).split_whitespace().collect();
    assert_eq!(text(&output.stdout).lines().last(), Some(&*compact));
    let warning = text(&output.stderr);
    assert!(
        warning.starts_with("warning: standard input: line 3: gradients["),
        "{warning}"
    );
    assert_eq!(warning.lines().count(), 1, "{warning}");
}

#[test]
fn any_number_of_jobs_gives_the_same_bytes() {
    // Long ones before short ones, so that answers come out of order.
    let mut input = String::new();
    for k in 0..60 {
        input += &match k % 6 {
            0 => problem(60),
            1 => "{".to_owned(),
            2 => oblique(),
            3 => String::new(),
            _ => problem(k % 5 + 1),
        };
        input += "\n";
    }
    let [one, two, five] =
        ["1", "2", "5"].map(|jobs| lines(input.as_bytes(), &["--digits", "15", "--jobs", jobs]));
    let answers = values(&one.stdout);
    assert_eq!(answers.len(), 50);
    for (k, answer) in answers.iter().enumerate() {
        // Five of six lines are not empty, and the second of them is refused.
        assert_eq!(answer.get("line").is_some(), k % 5 == 1, "{k}: {answer}");
    }
    for other in [two, five] {
        assert_eq!(other.status.code(), one.status.code());
        assert!(other.stdout == one.stdout);
        assert!(other.stderr == one.stderr);
    }
    let refused = run(&["solve", "--lines", "-", "--jobs", "0"], b"");
    assert_refused("no jobs", &refused, &["--jobs"]);
}

#[test]
fn an_error_stays_in_its_line() {
    let good = problem(2);
    let mut input = Vec::new();
    let rows: [&[u8]; 12] = [
        b"\xef\xbb\xbf{}",
        good.as_bytes(),
        b"",
        b"{}",
        b" \t",
        b"{\"format\": \"a\xff\"}",
        b"{\"format\": \"\0\"}",
        b"[1, 2",
        br#"{"format":"noise-equilibrium/problem-1"}"#,
        b"1 2",
        good.as_bytes(),
        &good.as_bytes()[..40],
    ];
    for row in rows {
        input.extend_from_slice(row);
        input.push(b'\n');
    }
    // Cut off in the middle of a line.
    input.pop();
    let output = lines(&input, &[]);
    assert_errors(
        &output,
        &[
            (0, 1, "no byte order mark"),
            (2, 4, "format: expected"),
            (3, 6, "expected UTF-8 text, found another byte at offset 13"),
            (4, 7, "control character"),
            (5, 8, "expected an object"),
            (6, 9, "strength: missing"),
            (7, 10, "expected an object"),
            (9, 12, "EOF"),
        ],
    );
    // A column, but no second number of a line.
    assert!(!text(&output.stdout).contains("at line"), "{output:?}");
    let answers = values(&output.stdout);
    assert_eq!(answers.len(), 10);
    assert_eq!(answers[1], answers[8]);
    assert_eq!(answers[1]["status"], "finite");
}

/// The documentation shows what is printed.
#[test]
fn the_documented_error() {
    let negative = problem(2).replace("\"noise\":1,", "\"noise\":-1,");
    let output = lines(format!("\n\n\n\n\n\n{negative}").as_bytes(), &[]);
    assert_errors(&output, &[(0, 7, "negative")]);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/format.md");
    let page = std::fs::read_to_string(page).expect("docs/format.md");
    assert!(page.contains(text(&output.stdout)), "{output:?}");
}

#[test]
fn lines_end_in_either_way_or_not_at_all() {
    let good = problem(2);
    let expected = lines(format!("{good}\n{good}\n").as_bytes(), &[]);
    assert_eq!(expected.status.code(), Some(0), "{expected:?}");
    assert_eq!(values(&expected.stdout).len(), 2);
    for input in [
        format!("{good}\n{good}"),
        format!("{good}\r\n{good}\r\n"),
        format!("\r\n\n{good}\n \n\r\n{good}\r\n\r\n"),
    ] {
        assert!(
            lines(input.as_bytes(), &[]).stdout == expected.stdout,
            "{input:?}"
        );
    }
    for nothing in ["", "\n", "\r\n \n\t"] {
        let output = lines(nothing.as_bytes(), &[]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(
            output.stdout.is_empty() && output.stderr.is_empty(),
            "{output:?}"
        );
    }
}

#[test]
fn a_line_has_a_limit() {
    let good = problem(2);
    let long = |bytes| format!("{good}{}", " ".repeat(bytes - good.len()));
    let input = [
        long(MAX_LINE),
        long(MAX_LINE + 1),
        good.clone(),
        long(MAX_LINE + 1),
    ];
    let output = lines(input.join("\n").as_bytes(), &[]);
    let error = format!("expected a line of at most {MAX_LINE} bytes, found a longer one");
    assert_errors(&output, &[(1, 2, &error), (3, 4, &error)]);
    let answers = values(&output.stdout);
    assert_eq!(answers[0], answers[2]);
}

#[test]
fn names_and_options() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let good = problem(2);
    let two = format!("{good}\n{good}\n");
    for name in ["p.jsonl", "p.ndjson", "p.JSONL", "p.json"] {
        std::fs::write(at(name), &two).expect("a file");
    }
    let expected = run(&["solve", "--lines", &at("p.json")], b"");
    assert_eq!(values(&expected.stdout).len(), 2);
    for name in ["p.jsonl", "p.ndjson", "p.JSONL"] {
        let output = run(&["solve", &at(name)], b"");
        assert!(output.stdout == expected.stdout, "{name}: {output:?}");
    }
    // What is one problem otherwise says what it lacks, and only where that would help.
    let hint = "problems on lines need --lines";
    let output = run(&["solve", &at("p.json")], b"");
    assert_refused("p.json", &output, &["trailing characters", hint]);
    let output = run(&["solve", "-"], two.as_bytes());
    assert_refused("standard input", &output, &["trailing characters", hint]);
    let output = run(&["solve", "-"], b"{\n}\n");
    assert_refused("one object", &output, &["format: expected"]);
    assert!(!text(&output.stderr).contains(hint), "{output:?}");

    let options = ["solve", &at("p.jsonl"), "--certificate", &at("proof.v")];
    let parts = ["p.jsonl: --certificate: expected one problem, found problems on lines"];
    assert_refused("a certificate", &run(&options, b""), &parts);
    assert!(!Path::new(&at("proof.v")).exists());
    let missing = run(&["solve", &at("missing.jsonl")], b"");
    assert_refused("no file", &missing, &["missing.jsonl: "]);
    let output = run(
        &["solve", "--lines", &folder.path().display().to_string()],
        b"",
    );
    assert_refused("a folder", &output, &["directory"]);
}

#[test]
fn the_output_is_a_file_as_for_one_problem() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let names = || {
        let entries = std::fs::read_dir(folder.path()).expect("a folder");
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("an entry").file_name())
            .collect();
        names.sort();
        names
    };
    let input = format!("{}\n{{}}\n", problem(2));
    std::fs::write(at("p.jsonl"), &input).expect("a file");
    let printed = run(&["solve", &at("p.jsonl")], b"");
    assert_eq!(printed.status.code(), Some(2));
    let output = run(&["solve", &at("p.jsonl"), "--out", &at("s.jsonl")], b"");
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
    assert!(std::fs::read(at("s.jsonl")).expect("a file") == printed.stdout);
    assert_eq!(names(), ["p.jsonl", "s.jsonl"]);

    let over = run(&["solve", &at("p.jsonl"), "--out", &at("p.jsonl")], b"");
    assert_refused(
        "itself",
        &over,
        &["--out: expected another file than the problem's"],
    );
    assert_eq!(
        std::fs::read_to_string(at("p.jsonl")).expect("a file"),
        input
    );

    // Arrays are where the lines' file is. One that would be written over ends it all: the
    // output is as it was.
    let gradients = [2.0_f64, 1.0, -2.0, -1.0].map(f64::to_le_bytes);
    let array = npy("<f8", false, "(2, 2)", gradients.as_flattened());
    std::fs::write(at("g.npy"), &array).expect("a file");
    let stored = format!(
        r#"{{{HEAD},"generator":{{"kind":"diagonal","rates":[1,-1]}},"theta":[1,2],"gradients":{{"npy":"g.npy"}}}}"#
    );
    std::fs::write(at("a.jsonl"), format!("{}\n{stored}\n{stored}", problem(2))).expect("a file");
    let output = run(&["solve", &at("a.jsonl"), "--out", &at("s.jsonl")], b"");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let answers = values(&std::fs::read(at("s.jsonl")).expect("a file"));
    assert_eq!(answers.len(), 3);
    assert_eq!(answers[1]["status"], "finite");
    let output = run(&["solve", &at("a.jsonl"), "--out", &at("g.npy")], b"");
    let parts = [
        "a.jsonl: line 2: ",
        "g.npy: --out: expected another file than the array's",
    ];
    assert_refused("an array", &output, &parts);
    assert!(std::fs::read(at("g.npy")).expect("a file") == array);
    assert_eq!(names(), ["a.jsonl", "g.npy", "p.jsonl", "s.jsonl"]);
}

/// The program with pipes on all sides.
struct Running {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Running {
    fn with(arguments: &[&str]) -> Self {
        let mut child = Command::new(PROGRAM)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        Self {
            child,
            input,
            output,
        }
    }

    fn write(&mut self, text: &str) {
        let input = self.input.as_mut().expect("a pipe");
        input.write_all(text.as_bytes()).expect("it reads");
    }

    fn line(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it writes");
        serde_json::from_str(&line).expect("JSON")
    }

    /// The exit code, or the signal below 0, and what is left of both outputs.
    fn end(mut self) -> (i32, String, String) {
        drop(self.input.take());
        let [mut rest, mut errors] = [String::new(), String::new()];
        self.output.read_to_string(&mut rest).expect("text");
        let stderr = self.child.stderr.as_mut().expect("a pipe");
        stderr.read_to_string(&mut errors).expect("text");
        let status = self.child.wait().expect("it ends");
        #[cfg(unix)]
        let signal = std::os::unix::process::ExitStatusExt::signal(&status);
        #[cfg(not(unix))]
        let signal: Option<i32> = None;
        let code = status.code().or(signal.map(|signal| -signal));
        (code.expect("a code"), rest, errors)
    }
}

/// Nobody sends a second problem before the first one is answered.
#[test]
fn who_waits_for_an_answer_gets_it() {
    for jobs in ["1", "2", "5"] {
        let mut running =
            Running::with(&["solve", "--lines", "-", "--digits", "5", "--jobs", jobs]);
        for terms in 1..20 {
            running.write(&format!("{}\n", problem(terms)));
            assert_eq!(running.line()["status"], "finite");
        }
        running.write("{}\n");
        assert_eq!(running.line()["line"], 20);
        // Half a line is no reason to wait either.
        let next = problem(3);
        running.write(&format!("{}\n{}", problem(2), &next[..50]));
        assert_eq!(running.line()["status"], "finite");
        running.write(&format!("{}\n", &next[50..]));
        assert_eq!(running.line()["status"], "finite");
        let (code, rest, errors) = running.end();
        assert_eq!((code, &*rest), (2, ""));
        assert_eq!(errors.lines().count(), 1, "{errors}");
    }
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("p.jsonl");
    std::fs::write(&file, format!("{}\n", problem(2)).repeat(10_000)).expect("a file");
    let file = file.display().to_string();
    let mut command = Command::new(PROGRAM);
    command
        .args(["solve", &file, "--digits", "5"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    output.read_line(&mut String::new()).expect("a line");
    drop(output);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_output_that_takes_nothing_is_an_error() {
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .expect("a device");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("p.jsonl");
    std::fs::write(&file, format!("{}\n", problem(2))).expect("a file");
    let file = file.display().to_string();
    let mut command = Command::new(PROGRAM);
    let output = command
        .args(["solve", &file])
        .stdout(full)
        .output()
        .expect("it ends");
    assert_refused(
        "standard output",
        &output,
        &["standard output: No space left"],
    );
    let output = run(&["solve", &file, "--out", "/dev/full"], b"");
    assert_refused("a device", &output, &["/dev/full: No space left"]);
}

#[cfg(unix)]
#[test]
fn an_interrupt_leaves_whole_lines_and_files_as_they_were() {
    // Where these tests are run without effect of one (in the background, under nohup), so is
    // the program.
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.map_or(0, |mask| {
        u64::from_str_radix(mask.trim(), 16).expect("bits")
    });
    let signals = [("INT", 2), ("TERM", 15)];
    for (name, signal) in signals
        .into_iter()
        .filter(|(_, n)| ignored >> (n - 1) & 1 == 0)
    {
        let interrupt = |running: &Running| {
            let process = running.child.id().to_string();
            let kill = Command::new("kill").args(["-s", name, &process]).status();
            assert!(kill.expect("kill").success());
        };
        let mut running = Running::with(&["solve", "--lines", "-", "--digits", "5"]);
        running.write(&format!("{}\n", problem(2)).repeat(300));
        running.line();
        interrupt(&running);
        let mut rest = String::new();
        running.output.read_to_string(&mut rest).expect("text");
        assert!(rest.is_empty() || rest.ends_with("}\n"), "{rest}");
        values(rest.as_bytes());
        let (code, _, errors) = running.end();
        assert_eq!((code, &*errors), (-signal, ""));

        let folder = tempfile::tempdir().expect("a folder");
        let names = || {
            let entries = std::fs::read_dir(folder.path()).expect("a folder");
            entries
                .map(|entry| entry.expect("an entry").file_name())
                .collect::<Vec<_>>()
        };
        let out = folder.path().join("out");
        std::fs::write(&out, "old").expect("a file");
        let arguments = ["solve", "--lines", "-", "--out", &out.display().to_string()];
        let mut running = Running::with(&arguments);
        running.write(&format!("{}\n", problem(2)));
        // It is being written, beside its place.
        while names().len() < 2 {
            assert!(running.child.try_wait().expect("a child").is_none());
            std::thread::yield_now();
        }
        interrupt(&running);
        running.output.read_to_string(&mut rest).expect("text");
        assert_eq!(names(), ["out"]);
        assert_eq!(std::fs::read_to_string(&out).expect("a file"), "old");
        assert_eq!(running.end().0, -signal);
    }
}

/// A pipe with a name opens when somebody reads it: until then the program can be stopped, and
/// then it gets the lines, or none.
#[cfg(unix)]
#[test]
fn a_pipe_with_a_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    let name = pipe.display().to_string();
    let arguments = ["solve", "--lines", "-", "--digits", "5", "--out", &name];
    let mut running = Running::with(&arguments);
    running.write(&format!("{}\n", problem(2)));
    let process = running.child.id().to_string();
    let kill = Command::new("kill").args(["-s", "TERM", &process]).status();
    assert!(kill.expect("kill").success());
    assert_eq!(running.child.wait().expect("it ends").code(), None);
    for problems in [0, 2] {
        let mut running = Running::with(&arguments);
        running.write(&format!("{}\n", problem(2)).repeat(problems));
        drop(running.input.take());
        let read = std::fs::read_to_string(&pipe).expect("text");
        assert_eq!(values(read.as_bytes()).len(), problems);
        assert_eq!(running.end(), (0, String::new(), String::new()));
    }
}

/// Bytes that the program may take, at most, in a stream of any length: lines and answers
/// make up 16 MiB, and allocators have as much again of what was freed; the rest is the
/// program itself, with its threads.
#[cfg(target_os = "linux")]
const MEMORY: u64 = 64 << 20;

/// The most memory that the program has had by the time at which it has read all of a long
/// stream and waits for more. Its answers are counted.
#[cfg(target_os = "linux")]
fn peak(arguments: &[&str], count: usize, answers: usize) -> u64 {
    let mut child = Command::new(PROGRAM)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut input = child.stdin.take().expect("a pipe");
    let output = child.stdout.take().expect("a pipe");
    let feeder = std::thread::spawn(move || {
        // The first one takes longer than all that have room behind it.
        let first = format!("{}\n", problem(400));
        input.write_all(first.as_bytes()).expect("it reads");
        let line = format!("{{}}{}\n", " ".repeat(297));
        let many = line.repeat(1000);
        for _ in 0..count / 1000 {
            input.write_all(many.as_bytes()).expect("it reads");
        }
        input
    });
    let mut output = BufReader::new(output);
    let mut line = Vec::new();
    for _ in 0..answers {
        line.clear();
        output.read_until(b'\n', &mut line).expect("a line");
        assert!(line.ends_with(b"}\n"), "{line:?}");
    }
    // What was written is read, but for what a pipe holds.
    let input = feeder.join().expect("it reads");
    let status = format!("/proc/{}/status", child.id());
    let status = std::fs::read_to_string(status).expect("it runs");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|peak| peak.trim().strip_suffix(" kB"));
    drop(input);
    child.wait().expect("it ends");
    1024 * kib
        .and_then(|kib| kib.parse::<u64>().ok())
        .expect("a number")
}

/// A million lines of 300 bytes, and the same as one text.
#[cfg(target_os = "linux")]
#[test]
fn memory_is_constant() {
    const COUNT: usize = 1_000_000;
    let lines = peak(&["solve", "--lines", "-", "--jobs", "2"], COUNT, COUNT + 1);
    assert!(lines <= MEMORY, "{lines} bytes");
    // The measurement can fail: whoever reads all before anything else has all of it.
    let whole = peak(&["solve", "-"], COUNT, 0);
    assert!(whole >= 300 * COUNT as u64 - (1 << 20), "{whole} bytes");
    assert!(whole > MEMORY);
}
