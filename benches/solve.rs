//! The balance equation: in doubles against bisection, certified against one
//! evaluation of G, and whole problems against the eigendecomposition inside them.
//!
//! `PYTHON=path` chooses the interpreter of SciPy; without it its part is left out.

use criterion::measurement::WallTime;
use criterion::{
    BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput, criterion_group,
    criterion_main,
};
use noise_equilibrium::balance::{
    BalanceEquation, Equilibrium, Spectrum, SpectrumSource, Strength, Term, certify,
    many::solve_many_in, solve, solve_many,
};
use noise_equilibrium::problem::{FORMAT, read_problem};
use noise_equilibrium::scalar::{Ball, Field, Instructions, Rational, Scalar, at_precision};
use noise_equilibrium::symmetry::{Eigenspaces, Generator, Structure};
use noise_equilibrium::theorem::Draw;
use std::fmt::Display;
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

/// Rates of both signs, none zero and hardly any two equal, |μ| ≤ 2.
fn spectrum(draw: &mut Draw, terms: usize) -> Spectrum<Rational> {
    let term = |_| Term {
        rate: Rational::from((2 * draw.integer(-1000, 999) + 1, 1000)),
        noise: draw.positive() / 7,
        charge: draw.positive() / 11,
    };
    Spectrum::from_terms((0..terms).map(term).collect())
}

fn strength() -> Strength<Rational> {
    Strength::new(Rational::from((1, 1000)), Rational::from((1, 320))).unwrap()
}

/// Halves a bracket of the root until no double is inside it.
fn bisect(balance: &BalanceEquation<f64>) -> f64 {
    let [gamma, sigma2] = [*balance.strength.gamma(), *balance.strength.sigma2()];
    let term = |t: &Term<f64>| {
        let (up, down) = (2.0 * sigma2 * t.noise, 4.0 * gamma * t.charge);
        (2.0 * t.rate, t.rate * up, t.rate * down)
    };
    let terms: Vec<(f64, f64, f64)> = balance.spectrum.terms().iter().map(term).collect();
    let g = |lambda: f64| -> f64 {
        let pull = |&(r, up, down): &(f64, f64, f64)| {
            up * Scalar::exp(&(-r * lambda)) - down * Scalar::exp(&(r * lambda))
        };
        terms.iter().map(pull).sum()
    };
    let (mut low, mut high) = (-1.0, 1.0);
    while g(low) < 0.0 {
        low *= 2.0;
    }
    while g(high) > 0.0 {
        high *= 2.0;
    }
    loop {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            return middle;
        }
        if g(middle) > 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// SciPy in a process of its own that waits for orders.
struct SciPy {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl SciPy {
    /// With the spectra that it is to solve.
    fn start(batch: &[BalanceEquation<f64>]) -> Option<Self> {
        let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let import = Command::new(&python)
            .args(["-c", "import scipy.optimize"])
            .stderr(Stdio::null())
            .status();
        if !import.is_ok_and(|status| status.success()) {
            println!("{python} has no SciPy: its solver is left out");
            return None;
        }
        let mut process = Command::new(python)
            .arg("-c")
            .arg(include_str!("scipy_brentq.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let mut orders = process.stdin.take()?;
        for BalanceEquation { spectrum, strength } in batch {
            let terms = spectrum.terms().iter();
            let numbers = terms.flat_map(|t| [t.rate, t.noise, t.charge]);
            let line: Vec<String> = [*strength.gamma(), *strength.sigma2()]
                .into_iter()
                .chain(numbers)
                .map(|x| x.to_string())
                .collect();
            writeln!(orders, "{}", line.join(" ")).ok()?;
        }
        writeln!(orders).ok()?;
        Some(Self {
            orders,
            answers: BufReader::new(process.stdout.take()?),
            process,
        })
    }

    fn answer(&mut self) -> f64 {
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("SciPy answers");
        answer.trim().parse().expect("a number")
    }

    fn time(&mut self, solves: u64) -> Duration {
        writeln!(self.orders, "{solves}").expect("SciPy listens");
        Duration::from_secs_f64(self.answer())
    }
}

impl Drop for SciPy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn doubles(criterion: &mut Criterion) {
    const BATCH: u64 = 10_000;
    const TERMS: usize = 32;
    let balance = |index| BalanceEquation {
        spectrum: spectrum(&mut Draw::seeded(0, "doubles", index), TERMS).map(f64::from_rational),
        strength: strength().convert(),
    };
    let batch: Vec<BalanceEquation<f64>> = (0..BATCH).map(balance).collect();
    let newton = |balance: &BalanceEquation<f64>| match solve(balance) {
        Ok(Equilibrium::Finite(lambda)) => lambda,
        other => panic!("not finite: {other:?}"),
    };
    // With SciPy the first hundred: one of them takes as long as 200 of ours.
    let mut scipy = SciPy::start(&batch[..100]);
    for (balance, many) in batch.iter().zip(solve_many(&batch)) {
        let many = many.ok().and_then(Equilibrium::finite).expect("finite");
        for other in [newton(balance), bisect(balance)] {
            assert!((many - other).abs() <= 1e-12, "{many} {other}");
        }
    }
    if let Some(scipy) = &mut scipy {
        for balance in &batch[..100] {
            let (found, expected) = (newton(balance), scipy.answer());
            assert!((found - expected).abs() <= 1e-12, "{found} {expected}");
        }
    }

    let mut group = group(criterion, "10000 spectra of 32 terms, f64", 3);
    group.throughput(Throughput::Elements(BATCH));
    for instructions in Instructions::all() {
        let name = BenchmarkId::new("solve_many", instructions.name());
        group.bench_function(name, |bencher| {
            bencher.iter(|| solve_many_in(instructions, black_box(&batch)));
        });
    }
    group.bench_function("solve", |bencher| {
        bencher.iter(|| black_box(&batch).iter().map(newton).sum::<f64>());
    });
    group.bench_function("bisection", |bencher| {
        bencher.iter(|| black_box(&batch).iter().map(bisect).sum::<f64>());
    });
    if let Some(scipy) = &mut scipy {
        group.throughput(Throughput::Elements(1));
        group.bench_function("SciPy's brentq, one spectrum", |bencher| {
            bencher.iter_custom(|solves| scipy.time(solves));
        });
    }
    group.finish();
}

fn certified(criterion: &mut Criterion) {
    for (terms, all_digits) in [(3, &[50, 1000, 10_000][..]), (60, &[50, 1000])] {
        let spectrum = spectrum(&mut Draw::seeded(0, "certified", 0), terms);
        let source = SpectrumSource::Exact(spectrum.clone());
        let strength = strength();
        let mut group = group(criterion, &format!("certify {terms} terms"), 2);
        for &digits in all_digits {
            let run = || {
                certify(&source, &strength, digits)
                    .ok()
                    .and_then(Equilibrium::finite)
                    .expect("a finite equilibrium")
            };
            let found = run();
            // What it was solved with.
            let bits = found.lambda.midpoint().prec();
            let at = |q: &Rational| Ball::at(bits, q);
            let balance = BalanceEquation {
                spectrum: spectrum.map(at),
                strength: at_precision(bits, || strength.convert()),
            };
            let g = || at_precision(bits, || black_box(&balance).g(black_box(&found.lambda)));
            assert!(g().contains_zero());
            group.bench_function(BenchmarkId::new("certify", digits), |bencher| {
                bencher.iter(run);
            });
            group.bench_function(BenchmarkId::new("one G", digits), |bencher| {
                bencher.iter(g);
            });
        }
        group.finish();
    }
}

/// A JSON list.
fn list<T: Display>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|x| x.to_string()).collect();
    format!("[{}]", items.join(","))
}

/// Numbers as strings, `rows` × `cols`.
fn rows(draw: &mut Draw, rows: usize, cols: usize) -> String {
    let row = |draw: &mut Draw| list(draw.vector(cols).iter().map(|q| format!("\"{q}\"")));
    list((0..rows).map(|_| row(draw)))
}

/// A symmetric matrix, n × n.
fn symmetric(draw: &mut Draw, n: usize) -> String {
    let entries = draw.vector(n * n);
    let entry = |i: usize, j: usize| format!("\"{}\"", entries[i.max(j) * n + i.min(j)]);
    list((0..n).map(|i| list((0..n).map(|j| entry(i, j)))))
}

fn problems(criterion: &mut Criterion) {
    const DIM: usize = 14;
    const SAMPLES: usize = 20;
    const DIGITS: u32 = 50;
    let mut draw = Draw::seeded(0, "problems", 0);
    let dense = format!(
        r#"{{"kind":"dense","matrix":{}}}"#,
        symmetric(&mut draw, DIM)
    );
    // U is 3 × 2 and W is 2 × 4.
    let factor = format!(
        r#"{{"kind":"factor","rows":3,"rank":2,"cols":4,"direction":{}}}"#,
        symmetric(&mut draw, 2)
    );
    let mut group = group(criterion, "problem of 14 parameters, 50 digits", 2);
    for (kind, generator) in [("dense", dense), ("factor", factor)] {
        let theta = list(draw.vector(DIM).iter().map(|q| format!("\"{q}\"")));
        let gradients = rows(&mut draw, SAMPLES, DIM);
        let text = format!(
            r#"{{"format":"{FORMAT}","strength":{{"gamma":"1/1000","sigma2":"1/320"}},
            "generator":{generator},"theta":{theta},"gradients":{gradients}}}"#
        );
        let problem = read_problem(&text).expect("a valid problem");
        let found = problem.solve(DIGITS).expect("a certified solution");
        let found = found.single().and_then(|found| found.equilibrium.finite());
        let lambda = found.expect("a finite equilibrium").certified.lambda;
        let bits = lambda.midpoint().prec();
        group.bench_function(BenchmarkId::new("read and solve", kind), |bencher| {
            bencher.iter(|| read_problem(black_box(&text)).map(|problem| problem.solve(DIGITS)));
        });
        let matrix = problem_matrix(&text);
        group.bench_function(BenchmarkId::new("eigen-spaces", kind), |bencher| {
            bencher.iter(|| at_precision(bits, || Eigenspaces::of(black_box(&matrix))));
        });
    }
    group.finish();
}

/// The small matrix K of a problem's generator.
fn problem_matrix(text: &str) -> nalgebra::DMatrix<Rational> {
    use noise_equilibrium::problem::Body;
    let generator: Generator = match read_problem(text).map(|problem| problem.body) {
        Ok(Body::Orbit(orbit)) => orbit.generator().clone(),
        _ => panic!("not an orbit"),
    };
    match generator.structure() {
        Structure::Blocks { matrix, .. } => matrix.clone(),
        Structure::Rates(_) => panic!("not a matrix"),
    }
}

fn group<'a>(
    criterion: &'a mut Criterion,
    name: &str,
    seconds: u64,
) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group
        .sample_size(10)
        .sampling_mode(SamplingMode::Flat)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(seconds));
    group
}

criterion_group!(benches, doubles, certified, problems);
criterion_main!(benches);
