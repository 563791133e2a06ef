//! Problems on lines: how many a second, and where the time goes.
//!
//! Prints problems a second of one processor, of the program as a whole (a file in, another
//! one out, with --jobs 1) and of its parts. What counts is processor time, of all threads and
//! of the system for them, so that neighbours on the machine change little. Linux tells it.

use noise_equilibrium::problem::{FORMAT, Problem, Solution, read_problem};
use std::fs::File;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;

const PROBLEMS: u64 = 50_000;
const DIGITS: u32 = 15;
const RUNS: usize = 3;

/// Three terms with rates of both signs, all numbers of 12 decimals: multiples of the golden
/// ratio, modulo 1.
fn line(k: u64) -> String {
    let decimal = |n: u64| format!("{:012}", (9 * k + n) * 618_033_988_749 % 1_000_000_000_000);
    let term = |i: u64| {
        let sign = if (k + i).is_multiple_of(2) { "-" } else { "" };
        let [rate, noise, charge] = [3 * i + 1, 3 * i + 2, 3 * i + 3].map(decimal);
        format!(r#"{{"rate":"{sign}1.{rate}","noise":"0.{noise}","charge":"0.{charge}"}}"#)
    };
    let terms = [0, 1, 2].map(term).join(",");
    format!(
        r#"{{"format":"{FORMAT}","strength":{{"gamma":"1/1000","sigma2":"1/320"}},"spectrum":[{terms}]}}"#
    )
}

/// Seconds of processor time, of this process and of those that it has waited for.
fn processor_time() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    // After the name in brackets: user and system time of its own, and of the others, in
    // hundredths of a second.
    let (_, fields) = stat.rsplit_once(')').expect("a name");
    let times = fields.split_whitespace().skip(11).take(4);
    let ticks: f64 = times.map(|n| n.parse::<f64>().expect("ticks")).sum();
    ticks / 100.0
}

/// Runs it a few times, prints what a problem takes, and returns the last answer.
fn measure<T>(what: &str, mut run: impl FnMut() -> T) -> T {
    let start = processor_time();
    for _ in 1..RUNS {
        black_box(run());
    }
    let answer = run();
    let each = (processor_time() - start) / (RUNS as u64 * PROBLEMS) as f64;
    println!(
        "{what:<28} {:>7.1} µs each {:>9.0} a second",
        1e6 * each,
        1.0 / each
    );
    answer
}

fn main() {
    let lines: Vec<String> = (0..PROBLEMS).map(line).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let [file, out] = ["p.jsonl", "s.jsonl"].map(|name| folder.path().join(name));
    std::fs::write(&file, lines.join("\n")).expect("a file");

    let read = |line: &String| read_problem(line).expect("a problem");
    let problems = measure("read", || lines.iter().map(read).collect::<Vec<Problem>>());
    let solve = |problem: &Problem| problem.solve(DIGITS).expect("a solution");
    let solutions = measure("solve", || {
        problems.iter().map(solve).collect::<Vec<Solution>>()
    });
    let print = |solution: &Solution| serde_json::to_string(&solution.to_file()).expect("JSON");
    let texts = measure("print", || {
        solutions.iter().map(print).collect::<Vec<String>>()
    });
    measure("noise-equilibrium --jobs 1", || run(&file, &out));
    let printed = std::fs::read_to_string(&out).expect("a file");
    assert!(
        printed.lines().eq(texts.iter()),
        "the program and its parts differ"
    );
}

fn run(file: &Path, out: &Path) {
    let status = Command::new(env!("CARGO_BIN_EXE_noise-equilibrium"))
        .args(["solve", "--jobs", "1", "--digits", &DIGITS.to_string()])
        .arg(file)
        .stdout(File::create(out).expect("a file"))
        .status();
    assert!(status.expect("the program runs").success());
}
