//! Steps of SGD, of the stochastic differential equation and of gradient descent, next to
//! the same steps in NumPy and to the most multiplications and additions that the
//! processor does in the instructions that the steps are compiled to.
//!
//! `PYTHON=path` chooses the interpreter; without NumPy its part is left out.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use noise_equilibrium::dynamics::{
    Data, Descent, Diffusion, Network, Noise, Sampling, Schedule, Source, Stream, Teacher,
};
use noise_equilibrium::model::{Activation, digits};
use std::hint::black_box;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

const BATCH: usize = 32;
const RATE: f64 = 1e-3;
/// Multiplications and additions of one step of 32 × 32 × 32: five products.
const FLOPS: usize = 5 * 2 * 32 * 32 * 32;

/// NumPy in a process of its own that waits for orders.
struct NumPy {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl NumPy {
    fn start() -> Option<Self> {
        let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let import = Command::new(&python)
            .args(["-c", "import numpy"])
            .stderr(Stdio::null())
            .status();
        if !import.is_ok_and(|status| status.success()) {
            println!("{python} has no NumPy: its steps are left out");
            return None;
        }
        let mut process = Command::new(python)
            .arg("-c")
            .arg(include_str!("numpy_steps.py"))
            // As here: one thread.
            .envs(["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"].map(|v| (v, "1")))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        Some(Self {
            orders: process.stdin.take()?,
            answers: BufReader::new(process.stdout.take()?),
            process,
        })
    }

    fn time(&mut self, kind: &str, steps: u64) -> Duration {
        writeln!(self.orders, "{kind} {steps}").expect("NumPy listens");
        let mut answer = String::new();
        self.answers.read_line(&mut answer).expect("NumPy answers");
        Duration::from_secs_f64(answer.trim().parse().expect("seconds"))
    }
}

impl Drop for NumPy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn teacher() -> Teacher {
    Teacher {
        map: Stream::seeded(0, "teacher", 0).normals(32 * 32, 0.2),
        input_variance: vec![1.0; 32],
        label_variance: vec![0.1; 32],
        batch: BATCH,
    }
}

fn normal_data(n: usize) -> Data {
    let mut stream = Stream::seeded(0, "data", 0);
    Data {
        inputs: 32,
        targets: 32,
        x: stream.normals(n * 32, 1.0),
        y: stream.normals(n * 32, 1.0),
    }
}

fn descend(group: &mut BenchmarkGroup<WallTime>, name: &str, network: &Network, source: Source) {
    let theta = Stream::seeded(0, "theta", 0).normals(network.dim(), 0.1);
    let descent = Descent {
        network,
        source,
        schedule: Schedule::Constant(RATE),
        gamma: 0.0,
    };
    let mut run = descent.start(theta, Stream::seeded(0, name, 0));
    group.bench_function(name, |bencher| bencher.iter(|| black_box(run.step())));
    assert!(run.theta.iter().all(|x| x.is_finite()));
}

fn diffuse(group: &mut BenchmarkGroup<WallTime>, name: &str, network: &Network, data: &Data) {
    let theta = Stream::seeded(0, "theta", 0).normals(network.dim(), 0.1);
    let stream = Stream::seeded(0, name, 0);
    let mut run = Diffusion::start(network, data, (0.0, 1e-3), Noise::Gradients, theta, stream);
    group.bench_function(name, |bencher| bencher.iter(|| run.step(black_box(RATE))));
    assert!(run.theta.iter().all(|x| x.is_finite()));
}

/// Independent chains t ← t·a + b: as many as hide the latency of an addition after a
/// multiplication, and as few as the registers hold.
#[inline(always)]
fn chains<const N: usize>(rounds: usize) -> [f64; N] {
    let (a, b) = (black_box(0.5), black_box(1.0));
    let mut t = [0.0; N];
    for _ in 0..rounds {
        for t in &mut t {
            *t = *t * a + b;
        }
    }
    t
}

/// The instructions that the steps choose, where the processor has them; the compiler
/// fuses nothing.
struct Limit<const N: usize>(usize);

impl<const N: usize> pulp::NullaryFnOnce for Limit<N> {
    type Output = [f64; N];

    #[inline(always)]
    fn call(self) -> [f64; N] {
        chains(self.0 / (2 * N))
    }
}

fn steps(criterion: &mut Criterion) {
    let mut numpy = NumPy::start();

    let mut group = group(criterion, "32-32-32 linear, batch 32");
    let linear = Network::new(&[32, 32, 32], Activation::Identity);
    let data = normal_data(1024);
    let batches = Source::Finite(&data, Sampling::WithReplacement(BATCH));
    descend(&mut group, "SGD", &linear, batches);
    if let Some(numpy) = &mut numpy {
        group.bench_function("SGD, NumPy", |bencher| {
            bencher.iter_custom(|steps| numpy.time("factorisation", steps));
        });
    }
    // As many multiplications and additions as a step has.
    // The faster of the two is the limit: registers of 512 bits want 96 chains, those of 256
    // bits hold no more than 48.
    group.bench_function("flop limit, 48 chains", |bencher| {
        bencher.iter(|| black_box(pulp::Arch::new().dispatch(Limit::<48>(black_box(FLOPS)))));
    });
    group.bench_function("flop limit, 96 chains", |bencher| {
        bencher.iter(|| black_box(pulp::Arch::new().dispatch(Limit::<96>(black_box(FLOPS)))));
    });
    group.bench_function("flop limit, baseline", |bencher| {
        bencher.iter(|| black_box(chains::<24>(black_box(FLOPS / 48))));
    });
    descend(
        &mut group,
        "SGD, fresh samples",
        &linear,
        Source::Fresh(&teacher()),
    );
    diffuse(&mut group, "SDE, 32 samples", &linear, &normal_data(BATCH));
    let full = Source::Finite(&data, Sampling::Full);
    descend(&mut group, "GD, 1024 samples", &linear, full);
    group.finish();

    let mut group = self::group(criterion, "64-10-10 tanh on digits, batch 32");
    let tanh = Network::new(&[64, 10, 10], Activation::Tanh);
    let data = Data::of(digits());
    let batches = Source::Finite(&data, Sampling::WithReplacement(BATCH));
    descend(&mut group, "SGD", &tanh, batches);
    if let Some(numpy) = &mut numpy {
        group.bench_function("SGD, NumPy", |bencher| {
            bencher.iter_custom(|steps| numpy.time("tanh", steps));
        });
    }
    let some = Data::of(&digits()[..BATCH]);
    diffuse(&mut group, "SDE, 32 samples", &tanh, &some);
    let full = Source::Finite(&data, Sampling::Full);
    descend(&mut group, "GD, 1797 samples", &tanh, full);
    group.finish();
}

fn group<'a>(criterion: &'a mut Criterion, name: &str) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(name);
    group
        .sample_size(20)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2));
    group
}

criterion_group!(benches, steps);
criterion_main!(benches);
