//! Networks of dense layers with up to 10⁷ weights, balanced in doubles, next to SciPy: L-BFGS
//! on the potential, and LAPACK's gebal where the network is one matrix.
//!
//! `PYTHON=path` chooses the interpreter; without SciPy its part is left out.

use noise_equilibrium::balance::{
    Edge, NetworkEquilibrium, Spectrum, Strength, Term, balance_network,
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
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        libm::exp(spread * ((z >> 11) as f64 / (1_u64 << 52) as f64 - 1.0))
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

/// What SciPy found.
struct Peer {
    seconds: f64,
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
    let [seconds, evaluations, imbalance, lambda @ ..] = &numbers[..] else {
        panic!("{text}");
    };
    Some(Peer {
        seconds: *seconds,
        evaluations: *evaluations as usize,
        imbalance: *imbalance,
        lambda: lambda.to_vec(),
    })
}

/// The median time of a few runs, and what they found.
fn time(
    neurons: usize,
    spectrum: &Spectrum<f64, Edge>,
    strength: &Strength<f64>,
) -> (f64, NetworkEquilibrium) {
    let run = |_| {
        let started = Instant::now();
        let found = balance_network(neurons, spectrum, strength).expect("a balanced network");
        (started.elapsed().as_secs_f64(), found)
    };
    let mut runs: Vec<(f64, NetworkEquilibrium)> = (0..RUNS).map(run).collect();
    runs.sort_by(|x, y| x.0.total_cmp(&y.0));
    runs.swap_remove(RUNS / 2)
}

fn print(
    name: &str,
    weights: usize,
    gamma: f64,
    ours: (f64, NetworkEquilibrium),
    peer: Option<Peer>,
) {
    let (seconds, found) = ours;
    print!(
        "| {name} | {weights} | {gamma} | {:.0} ms | {} | {:.1e} |",
        1e3 * seconds,
        found.passes,
        found.imbalance
    );
    match peer {
        None => println!(" no SciPy | | | |"),
        Some(peer) => {
            let pairs = found.lambda.iter().zip(&peer.lambda);
            let apart = pairs.fold(0.0, |apart, (x, y)| f64::max(apart, (x - y).abs()));
            println!(
                " {:.0} ms, {} evaluations | {:.1e} | {apart:.0e} | {:.2} |",
                1e3 * peer.seconds,
                peer.evaluations,
                peer.imbalance,
                peer.seconds / seconds
            );
        }
    }
}

fn main() {
    println!(
        "| network | weights | γ | median of {RUNS} | passes | imbalance | SciPy | its imbalance | λ apart | SciPy over ours |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
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
            let strength = Strength {
                gamma,
                sigma2: SIGMA2,
            };
            let ours = time(network.neurons(), &spectrum, &strength);
            let peer = network.peer(gamma);
            print(network.name, spectrum.terms().len(), gamma, ours, peer);
        }
    }
    let width = 3162;
    let spectrum = recurrent(width);
    let strength = Strength {
        gamma: 0.0,
        sigma2: SIGMA2,
    };
    let ours = time(width as usize, &spectrum, &strength);
    let peer = scipy("gebal", [width.to_string()]);
    print(
        "one matrix, all 3162 with all",
        spectrum.terms().len(),
        0.0,
        ours,
        peer,
    );
}
