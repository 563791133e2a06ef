//! The rescalings of networks, balanced in doubles: dense layers with up to 10⁷ weights next to
//! SciPy (L-BFGS on the potential, and LAPACK's gebal where the network is one matrix), and
//! sparse ones of 10³ to 10⁶ neurons.
//!
//! `PYTHON=path` chooses the interpreter; without SciPy its part is left out.

use noise_equilibrium::balance::{
    Spectrum, Strength, Term,
    family::{Edge, NetworkEquilibrium, balance_network},
};
use std::process::{Command, Stdio};
use std::time::Instant;

const SIGMA2: f64 = 0.05;
const RUNS: usize = 5;

/// SplitMix64, which NumPy draws as well.
struct Draw(u64);

impl Draw {
    /// e^{spread·(−1…1)}.
    fn spread(&mut self, spread: f64) -> f64 {
        libm::exp(spread * ((self.bits() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0))
    }

    fn below(&mut self, n: u32) -> u32 {
        (self.bits() % u64::from(n)) as u32
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// All weights between two ranges, those that enter one neuron after the other; `None` for
/// inputs and outputs.
fn layer(
    draw: &mut Draw,
    terms: &mut Vec<Term<f64, Edge>>,
    from: &[Option<u32>],
    to: &[Option<u32>],
) {
    for &to in to {
        for &from in from {
            let [noise, charge] = [(); 2].map(|()| draw.spread(1.0));
            terms.push(Term {
                rate: Edge { from, to },
                noise: libm::pow(noise, 5.0),
                charge: charge * charge,
            });
        }
    }
}

struct Network {
    name: &'static str,
    widths: Vec<u32>,
    /// Inputs and outputs.
    ends: usize,
}

impl Network {
    fn neurons(&self) -> usize {
        self.widths.iter().sum::<u32>() as usize
    }

    fn spectrum(&self) -> Spectrum<f64, Edge> {
        let mut draw = Draw(0);
        let mut terms = Vec::new();
        let outside = vec![None; self.ends];
        let mut before = outside.clone();
        let mut first = 0;
        for &width in &self.widths {
            let own: Vec<Option<u32>> = (first..first + width).map(Some).collect();
            layer(&mut draw, &mut terms, &before, &own);
            before = own;
            first += width;
        }
        layer(&mut draw, &mut terms, &before, &outside);
        Spectrum::from_terms(terms)
    }

    fn peer(&self, gamma: f64) -> Option<Peer> {
        let numbers = [
            gamma.to_string(),
            self.ends.to_string(),
            self.ends.to_string(),
        ];
        let widths = self.widths.iter().map(u32::to_string);
        scipy("minimise", numbers.into_iter().chain(widths))
    }
}

/// All neurons connected with all.
fn recurrent(width: u32) -> Spectrum<f64, Edge> {
    let mut draw = Draw(0);
    let mut terms = Vec::new();
    for from in 0..width {
        for to in 0..width {
            terms.push(Term {
                rate: Edge {
                    from: Some(from),
                    to: Some(to),
                },
                noise: draw.spread(5.0),
                charge: 0.0,
            });
        }
    }
    Spectrum::from_terms(terms)
}

/// Layers of four neurons, fully connected.
fn narrow(neurons: u32) -> Spectrum<f64, Edge> {
    let mut draw = Draw(1);
    let mut terms = Vec::new();
    let mut before = vec![None; 4];
    for first in (0..neurons).step_by(4) {
        let own: Vec<Option<u32>> = (first..first + 4).map(Some).collect();
        layer(&mut draw, &mut terms, &before, &own);
        before = own;
    }
    layer(&mut draw, &mut terms, &before, &[None]);
    Spectrum::from_terms(terms)
}

/// Ten layers, each neuron with eight incoming weights from anywhere in the layer before.
fn wide(neurons: u32) -> Spectrum<f64, Edge> {
    let mut draw = Draw(2);
    let mut terms = Vec::new();
    let width = neurons / 10;
    for to in 0..neurons {
        let before = (to / width).checked_sub(1);
        let from: Vec<Option<u32>> = (0..8)
            .map(|_| before.map(|l| l * width + draw.below(width)))
            .collect();
        layer(&mut draw, &mut terms, &from, &[Some(to)]);
        // A neuron that none of the next layer picked has an output of its own.
        layer(&mut draw, &mut terms, &[Some(to)], &[None]);
    }
    Spectrum::from_terms(terms)
}

/// What SciPy found.
struct Peer {
    seconds: f64,
    /// Of all processors.
    work: f64,
    evaluations: usize,
    imbalance: f64,
    lambda: Vec<f64>,
}

fn scipy(kind: &str, numbers: impl IntoIterator<Item = String>) -> Option<Peer> {
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let import = Command::new(&python)
        .args(["-c", "import scipy"])
        .stderr(Stdio::null())
        .status();
    if !import.is_ok_and(|status| status.success()) {
        return None;
    }
    let output = Command::new(python)
        .args(["-c", include_str!("layers_peers.py"), kind])
        .args(numbers)
        .stderr(Stdio::inherit())
        .output();
    let text = String::from_utf8(output.expect("Python runs").stdout).expect("numbers");
    let numbers: Vec<f64> = text
        .split_whitespace()
        .map(|word| word.parse().expect("a number"))
        .collect();
    let [seconds, work, evaluations, imbalance, lambda @ ..] = &numbers[..] else {
        panic!("{text}");
    };
    Some(Peer {
        seconds: *seconds,
        work: *work,
        evaluations: *evaluations as usize,
        imbalance: *imbalance,
        lambda: lambda.to_vec(),
    })
}

/// The run of median time of a few.
struct Timed {
    least: f64,
    seconds: f64,
    /// Of all processors.
    work: f64,
    found: NetworkEquilibrium,
}

/// Seconds that this process has used of all processors; 0 where there is no /proc.
fn work() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // User and system time in hundredths, after the name in parentheses.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    ticks.filter_map(|x| x.parse::<f64>().ok()).sum::<f64>() / 100.0
}

fn time(
    neurons: usize,
    spectrum: &Spectrum<f64, Edge>,
    strength: &Strength<f64>,
    runs: usize,
) -> Timed {
    let run = |_| {
        let (started, before) = (Instant::now(), work());
        let found = balance_network(neurons, spectrum, strength).expect("a balanced network");
        let seconds = started.elapsed().as_secs_f64();
        Timed {
            least: seconds,
            seconds,
            work: work() - before,
            found,
        }
    };
    let mut all: Vec<Timed> = (0..runs).map(run).collect();
    all.sort_by(|x, y| x.seconds.total_cmp(&y.seconds));
    Timed {
        least: all[0].seconds,
        ..all.swap_remove(runs / 2)
    }
}

fn print(name: &str, weights: usize, gamma: f64, ours: &Timed, peer: Option<Peer>) {
    let Timed {
        least,
        seconds,
        work,
        found,
    } = ours;
    print!(
        "| {name} | {weights} | {gamma} | {least:.2} s | {seconds:.2} s | {work:.2} s | {} | {:.0e} |",
        found.passes, found.imbalance
    );
    let Some(peer) = peer else {
        println!(" no SciPy | | | | | |");
        return;
    };
    let pairs = found.lambda.iter().zip(&peer.lambda);
    let apart = pairs.fold(0.0, |apart, (x, y)| f64::max(apart, (x - y).abs()));
    println!(
        " {:.2} s | {:.2} s | {} | {:.0e} | {apart:.0e} | {:.2} |",
        peer.seconds,
        peer.work,
        peer.evaluations,
        peer.imbalance,
        peer.seconds / seconds
    );
}

fn dense() {
    println!(
        "| network | weights | γ | least of {RUNS} | median | processors | passes | imbalance | SciPy | processors | evaluations | imbalance | λ apart | SciPy over ours |"
    );
    println!("|{}", " --- |".repeat(14));
    let networks = [
        Network {
            name: "ten dense layers of 1000",
            widths: vec![1000; 10],
            ends: 10,
        },
        Network {
            name: "two dense layers of 3162",
            widths: vec![3162; 2],
            ends: 10,
        },
        Network {
            name: "one hidden layer, 1000-5000-1000",
            widths: vec![5000],
            ends: 1000,
        },
    ];
    for network in networks {
        let spectrum = network.spectrum();
        for gamma in [0.0, 0.01] {
            let strength = Strength::new(gamma, SIGMA2).unwrap();
            let ours = time(network.neurons(), &spectrum, &strength, RUNS);
            let peer = network.peer(gamma);
            print(network.name, spectrum.terms().len(), gamma, &ours, peer);
        }
    }
    let width = 3162;
    let spectrum = recurrent(width);
    let strength = Strength::new(0.0, SIGMA2).unwrap();
    let ours = time(width as usize, &spectrum, &strength, RUNS);
    let peer = scipy("gebal", [width.to_string()]);
    print(
        "one matrix, all 3162 with all",
        spectrum.terms().len(),
        0.0,
        &ours,
        peer,
    );
}

fn sparse() {
    println!(
        "| neurons | weights | γ | least of {RUNS} | median | processors | passes | imbalance |"
    );
    println!("|{}", " --- |".repeat(8));
    for neurons in [1_000, 10_000, 100_000, 1_000_000] {
        let shapes = [("width 4", narrow(neurons)), ("ten layers", wide(neurons))];
        for (shape, spectrum) in shapes {
            // The largest once: it takes half a minute.
            let runs = if neurons == 1_000_000 { 1 } else { RUNS };
            for gamma in [0.0, 0.01] {
                let strength = Strength::new(gamma, SIGMA2).unwrap();
                let Timed {
                    least,
                    seconds,
                    work,
                    found,
                } = time(neurons as usize, &spectrum, &strength, runs);
                println!(
                    "| {neurons}, {shape} | {} | {gamma} | {least:.4} s | {seconds:.4} s | {work:.2} s | {} | {:.0e} |",
                    spectrum.terms().len(),
                    found.passes,
                    found.imbalance
                );
            }
        }
    }
}

fn main() {
    dense();
    println!();
    sparse();
}
