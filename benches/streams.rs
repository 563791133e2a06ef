//! Problems on lines: how many a second, and where the time goes.
//!
//! Prints problems a second and processor, of the program as a whole (a file in, another one
//! out, with --jobs 1) and of its parts, each the best of a few runs.

use noise_equilibrium::problem::{FORMAT, Problem, Solution, read_problem};
use std::fs::File;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const PROBLEMS: u64 = 50_000;
const DIGITS: u32 = 15;
const RUNS: usize = 3;

/// Three terms with rates of both signs, all numbers of 12 decimals: multiples of the golden
/// ratio, modulo 1.
fn line(k: u64) -> String {
    let decimal = |n: u64| format!("{:012}", (9 * k + n) * 618_033_988_749 % 1_000_000_000_000);
    let term = |i: u64| {
        let sign = if (k + i) % 2 == 0 { "-" } else { "" };
        let [rate, noise, charge] = [3 * i + 1, 3 * i + 2, 3 * i + 3].map(decimal);
        format!(r#"{{"rate":"{sign}1.{rate}","noise":"0.{noise}","charge":"0.{charge}"}}"#)
    };
    let terms = [0, 1, 2].map(term).join(",");
    format!(
        r#"{{"format":"{FORMAT}","strength":{{"gamma":"1/1000","sigma2":"1/320"}},"spectrum":[{terms}]}}"#
    )
}

fn best<T>(mut run: impl FnMut() -> T) -> (T, Duration) {
    let mut least = Duration::MAX;
    let mut answer = None;
    for _ in 0..RUNS {
        let start = Instant::now();
        answer = Some(black_box(run()));
        least = least.min(start.elapsed());
    }
    (answer.expect("a run"), least)
}

fn report(what: &str, time: Duration) {
    let each = time.as_secs_f64() / PROBLEMS as f64;
    println!(
        "{what:<28} {:>7.1} µs each {:>9.0} a second",
        1e6 * each,
        1.0 / each
    );
}

fn main() {
    let lines: Vec<String> = (0..PROBLEMS).map(line).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let [file, out] = ["p.jsonl", "s.jsonl"].map(|name| folder.path().join(name));
    std::fs::write(&file, lines.join("\n")).expect("a file");

    let (problems, time) = best(|| {
        let read = lines
            .iter()
            .map(|line| read_problem(line).expect("a problem"));
        read.collect::<Vec<Problem>>()
    });
    report("read", time);
    let (solutions, time) = best(|| {
        let solve = |problem: &Problem| problem.solve(DIGITS).expect("a solution");
        problems.iter().map(solve).collect::<Vec<Solution>>()
    });
    report("solve", time);
    let print = |solution: &Solution| serde_json::to_string(&solution.to_file()).expect("JSON");
    let (texts, time) = best(|| solutions.iter().map(print).collect::<Vec<String>>());
    report("print", time);

    let ((), time) = best(|| solve(&file, &out));
    report("noise-equilibrium --jobs 1", time);
    let printed = std::fs::read_to_string(&out).expect("a file");
    assert!(
        printed.lines().eq(texts.iter()),
        "the program and its parts differ"
    );
}

fn solve(file: &Path, out: &Path) {
    let status = Command::new(env!("CARGO_BIN_EXE_noise-equilibrium"))
        .args(["solve", "--jobs", "1", "--digits", &DIGITS.to_string()])
        .arg(file)
        .stdout(File::create(out).expect("a file"))
        .status();
    assert!(status.expect("the program runs").success());
}
