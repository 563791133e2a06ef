//! The rescalings of a whole network: one generator for each hidden neuron, and each
//! weight's rates touch at most the two neurons at its ends (C1, T16).

use crate::balance::{Spectrum, Strength, StrengthError};
use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use thiserror::Error;

/// The rates of one weight: +1 for the neuron that it leaves, −1 for the neuron that it
/// enters, 0 for all others. An input or an output is no neuron.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Edge {
    /// The neuron whose outgoing weight it is.
    pub from: Option<u32>,
    /// The neuron whose incoming weight it is.
    pub to: Option<u32>,
}

/// Why a network was not balanced.
#[derive(Debug, Error, Clone, PartialEq)]
pub enum NetworkError {
    /// A neuron that does not exist.
    #[error("spectrum[{term}]: expected neurons below {neurons}, found {found}")]
    Neuron {
        /// The weight.
        term: usize,
        /// How many there are.
        neurons: usize,
        /// What was found.
        found: u32,
    },
    /// A noise or charge that is negative or not finite.
    #[error("spectrum[{term}]: expected noise and charge that are finite and not negative")]
    Term {
        /// The weight.
        term: usize,
    },
    /// A negative γ or σ².
    #[error("{0}")]
    Strength(#[from] StrengthError),
    /// The potential has no minimum: it falls for ever along this direction.
    #[error(
        "the potential has no minimum: it falls for ever when neuron {neuron} is rescaled up and the others along with it"
    )]
    Unbounded {
        /// A neuron that runs off.
        neuron: usize,
        /// One whole number for each neuron, a direction of recession.
        direction: Vec<i64>,
    },
    /// The cap on the passes was hit.
    #[error(
        "not balanced in {passes} passes over the spectrum: an imbalance of {imbalance:.1e} is left"
    )]
    NotConverged {
        /// Passes over the spectrum.
        passes: usize,
        /// The largest relative imbalance of a neuron.
        imbalance: f64,
    },
}

/// The equilibrium of a network.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkEquilibrium {
    /// λ\*, one number for each neuron; of several, the one with mean 0 on each group.
    pub lambda: Vec<f64>,
    /// Groups of neurons that may be rescaled together without any effect on Φ.
    pub flat: Vec<Vec<u32>>,
    /// How often the spectrum was gone through.
    pub passes: usize,
    /// The largest |G_i| over the sum of the absolute terms of G_i: at rounding level, or
    /// below 1e-9 where the network is too ill-conditioned for that.
    pub imbalance: f64,
}

/// Passes before giving up; eight or so are typical.
const MAX_PASSES: usize = 200;

/// By what the temperature falls from stage to stage.
const COOLING: f64 = 2.0;

/// Where a step changes an exponent by more than this, Newton's own may be the shorter one.
const LONG: f64 = 2.0;

/// Steps that change no exponent by more than this let the temperature fall.
const SHORT: f64 = 1.0;

/// An imbalance that counts as balanced where the passes gain no more: rounding in the
/// solution of an ill-conditioned system may leave more than the sums themselves.
const TOLERANCE: f64 = 1e-9;

/// Factorising directly is worth this many iterations of conjugate gradients.
const WORTH: usize = 400;

/// The balance of a network with a spectrum over its weights, in double precision.
///
/// Newton's method on Φ, with three changes. The terms are first raised to the power 1/τ
/// for a temperature τ at which they differ by no more than a factor e; τ then falls to 1
/// while the solution follows, since a network of many layers may have to move far. The
/// gradient of a neuron, U − D, is replaced by (U + D)·½ln(U/D), which agrees with it to
/// second order near the solution and balances a neuron on its own in one step from
/// anywhere. And the Hessian, the Laplacian of the network with one entry for each pair of
/// neurons that share a weight, is factorised within its envelope where layers are narrow,
/// and used in conjugate gradients where they are wide.
///
/// # Errors
/// [`NetworkError`] for bad input, where there is no minimum (decided by the strongly
/// connected components of the network, exactly), or when the cap was hit.
pub fn balance_network(
    neurons: usize,
    spectrum: &Spectrum<f64, Edge>,
    strength: &Strength<f64>,
) -> Result<NetworkEquilibrium, NetworkError> {
    let strength = Strength::new(strength.gamma, strength.sigma2)?;
    let network = Network::new(neurons, spectrum, &strength)?;
    let flat = network.flat_groups()?;
    let mut laplacian = Laplacian::new(&network, &flat);
    let mut lambda = vec![0.0; neurons];
    let mut temperature = 1.0;
    while temperature < network.spread() {
        temperature *= COOLING;
    }
    let mut state = network.pass(&lambda, temperature);
    let mut passes = 1;
    let mut idle = 0;
    let balanced = |state: &Pass, idle: usize| {
        let gains = idle < 3;
        let most = if gains { state.resolution } else { TOLERANCE };
        state.imbalance <= f64::min(most, TOLERANCE)
    };
    while temperature > 1.0 || !balanced(&state, idle) {
        if passes == MAX_PASSES {
            return Err(NetworkError::NotConverged {
                passes,
                imbalance: state.imbalance,
            });
        }
        laplacian.fill(&network, &state);
        let mut step = laplacian.solve(&state.logarithmic(), temperature);
        let mut reach = network.reach(&step) / temperature;
        if reach > LONG {
            let plain = laplacian.solve(&state.plain(), temperature);
            let plain_reach = network.reach(&plain) / temperature;
            if plain_reach < reach {
                (step, reach) = (plain, plain_reach);
            }
        }
        if reach <= SHORT && temperature > 1.0 {
            temperature /= COOLING;
        }
        for (x, dx) in lambda.iter_mut().zip(&step) {
            *x += dx;
        }
        let last = state.imbalance;
        state = network.pass(&lambda, temperature);
        passes += 1;
        idle = if state.imbalance > 0.5 * last {
            idle + 1
        } else {
            0
        };
    }
    for group in &flat {
        let total: f64 = group.iter().map(|&i| lambda[i as usize]).sum();
        let mean = total / group.len() as f64;
        group.iter().for_each(|&i| lambda[i as usize] -= mean);
    }
    Ok(NetworkEquilibrium {
        lambda,
        flat,
        passes,
        imbalance: state.imbalance,
    })
}

/// The live part of a spectrum: (from, to, σ²a, 2γc) for each pair of ends. The number of
/// neurons stands for what is no neuron.
struct Network {
    neurons: usize,
    weights: Vec<(u32, u32, f64, f64)>,
}

/// One pass over the weights.
struct Pass {
    /// What pulls each neuron up, U, and down, D.
    up: Vec<f64>,
    down: Vec<f64>,
    /// Each weight's terms at this point, added up.
    values: Vec<f64>,
    imbalance: f64,
    /// The imbalance that rounding alone may leave.
    resolution: f64,
}

impl Pass {
    /// (U + D)·½ln(U/D) for each neuron.
    fn logarithmic(&self) -> Vec<f64> {
        let sides = self.up.iter().zip(&self.down);
        sides
            .map(|(&u, &d)| (u + d) * 0.5 * (libm::log(u) - libm::log(d)))
            // Without any live weight, or out of range: stay.
            .map(|force| if force.is_finite() { force } else { 0.0 })
            .collect()
    }

    /// U − D for each neuron.
    fn plain(&self) -> Vec<f64> {
        self.up.iter().zip(&self.down).map(|(u, d)| u - d).collect()
    }
}

impl Network {
    fn new(
        neurons: usize,
        spectrum: &Spectrum<f64, Edge>,
        strength: &Strength<f64>,
    ) -> Result<Self, NetworkError> {
        let outside = neurons as u32;
        let mut weights = Vec::with_capacity(spectrum.terms().len());
        for (term, t) in spectrum.terms().iter().enumerate() {
            let end = |end: Option<u32>| match end {
                Some(found) if found as usize >= neurons => Err(NetworkError::Neuron {
                    term,
                    neurons,
                    found,
                }),
                end => Ok(end.unwrap_or(outside)),
            };
            let (from, to) = (end(t.rate.from)?, end(t.rate.to)?);
            let noise = strength.sigma2 * t.noise;
            let charge = 2.0 * strength.gamma * t.charge;
            let valid = |x: f64| x >= 0.0 && x.is_finite();
            if !(valid(t.noise) && valid(t.charge) && valid(noise) && valid(charge)) {
                return Err(NetworkError::Term { term });
            }
            // A weight from a neuron to itself has the rate 0.
            if from != to && (noise > 0.0 || charge > 0.0) {
                weights.push((from, to, noise, charge));
            }
        }
        Ok(Self { neurons, weights })
    }

    /// The groups without a fixed end, if there is a minimum.
    ///
    /// The exponents are differences of unit vectors, arcs of a graph whose nodes are the
    /// neurons and the outside. Strictly positive weights that add up to 0 are a circulation
    /// through every arc: it exists exactly when no arc leaves its strongly connected
    /// component. Otherwise the order of the components is a direction of recession.
    fn flat_groups(&self) -> Result<Vec<Vec<u32>>, NetworkError> {
        let mut graph = DiGraph::<(), (), u32>::with_capacity(self.neurons + 1, self.weights.len());
        for _ in 0..=self.neurons {
            graph.add_node(());
        }
        for &(from, to, noise, charge) in &self.weights {
            let (from, to) = (NodeIndex::new(from as usize), NodeIndex::new(to as usize));
            if noise > 0.0 {
                graph.add_edge(from, to, ());
            }
            if charge > 0.0 {
                graph.add_edge(to, from, ());
            }
        }
        // In reverse topological order: arcs lead to earlier components or stay.
        let components = kosaraju_scc(&graph);
        let mut place = vec![0; self.neurons + 1];
        for (i, component) in components.iter().enumerate() {
            for node in component {
                place[node.index()] = i;
            }
        }
        let escape = graph
            .raw_edges()
            .iter()
            .find(|arc| place[arc.source().index()] != place[arc.target().index()]);
        if let Some(arc) = escape {
            // The term of an arc a → b is e^{2(λ_b − λ_a)}: it falls as the place of b.
            let signed = |i: usize| i64::try_from(place[i]).unwrap_or(i64::MAX);
            let fixed = signed(self.neurons);
            let direction = (0..self.neurons).map(|i| signed(i) - fixed);
            let end = if arc.source().index() < self.neurons {
                arc.source()
            } else {
                arc.target()
            };
            return Err(NetworkError::Unbounded {
                neuron: end.index(),
                direction: direction.collect(),
            });
        }
        let fixed = place[self.neurons];
        let free = components.into_iter().enumerate();
        let mut groups: Vec<Vec<u32>> = free
            .filter(|(i, _)| *i != fixed)
            .map(|(_, nodes)| {
                let mut group: Vec<u32> = nodes.iter().map(|n| n.index() as u32).collect();
                group.sort_unstable();
                group
            })
            .collect();
        groups.sort_unstable();
        Ok(groups)
    }

    /// How far the logarithms of the terms lie apart.
    fn spread(&self) -> f64 {
        let terms = self
            .weights
            .iter()
            .flat_map(|&(_, _, noise, charge)| [noise, charge]);
        let live = terms.filter(|x| *x > 0.0).map(libm::log);
        let (low, high) = live.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| {
            (low.min(x), high.max(x))
        });
        high - low
    }

    /// The largest change of an exponent along a step.
    fn reach(&self, step: &[f64]) -> f64 {
        let at = |i: u32| step.get(i as usize).copied().unwrap_or(0.0);
        let changes = self.weights.iter();
        changes.fold(0.0, |reach, &(from, to, _, _)| {
            f64::max(reach, 2.0 * (at(from) - at(to)).abs())
        })
    }

    /// Every term at λ, to the power 1/τ.
    fn pass(&self, lambda: &[f64], temperature: f64) -> Pass {
        let at = |i: u32| lambda.get(i as usize).copied().unwrap_or(0.0);
        let mut up = vec![0.0; self.neurons + 1];
        let mut down = vec![0.0; self.neurons + 1];
        let mut degree = vec![0_u32; self.neurons + 1];
        let mut values = Vec::with_capacity(self.weights.len());
        for &(from, to, noise, charge) in &self.weights {
            let factor = libm::exp(2.0 * (at(from) - at(to)) / temperature);
            let cooled = |x: f64| {
                if temperature > 1.0 {
                    libm::exp(libm::log(x) / temperature)
                } else {
                    x
                }
            };
            let (noise, charge) = (cooled(noise) / factor, cooled(charge) * factor);
            let (from, to) = (from as usize, to as usize);
            // Noise on an outgoing weight raises its neuron and lowers the next.
            up[from] += noise;
            down[from] += charge;
            up[to] += charge;
            down[to] += noise;
            for end in [from, to] {
                degree[end] += 1;
            }
            values.push(noise + charge);
        }
        let neurons = 0..self.neurons;
        let live = neurons.clone().filter(|&i| degree[i] != 0);
        let imbalance = live.map(|i| {
            let relative = (up[i] - down[i]).abs() / (up[i] + down[i]);
            // Sums that overflowed, or both underflowed, are as far from balance as can be.
            if relative.is_nan() { 1.0 } else { relative }
        });
        let imbalance = imbalance.fold(0.0, f64::max);
        let largest = neurons.map(|i| degree[i]).max().unwrap_or(0);
        let size = lambda.iter().fold(0.0, |size, x| f64::max(size, x.abs()));
        up.truncate(self.neurons);
        down.truncate(self.neurons);
        Pass {
            up,
            down,
            values,
            imbalance,
            // Each addition rounds once, exp and the product or quotient once; both ends of an
            // exponent 2(λ_i − λ_j) are rounded to a unit of their size.
            resolution: f64::EPSILON * (f64::from(largest) + 4.0 * size + 8.0),
        }
    }
}

/// A quarter of the Hessian of Φ, a symmetric matrix on the neurons: the sum of each
/// neuron's values on the diagonal, less the values of the weights that two share.
struct Laplacian {
    diagonal: Vec<f64>,
    /// For each neuron its earlier neighbours and the entries, by neighbour.
    starts: Vec<usize>,
    neighbours: Vec<u32>,
    entries: Vec<f64>,
    /// Where each weight's value goes; none for a weight with one end outside.
    places: Vec<Option<usize>>,
    /// A neuron of each flat group, held in place.
    pinned: Vec<u32>,
    direct: bool,
}

impl Laplacian {
    fn new(network: &Network, flat: &[Vec<u32>]) -> Self {
        let n = network.neurons;
        let outside = n as u32;
        let pair = |&(from, to, _, _): &(u32, u32, f64, f64)| {
            (from != outside && to != outside).then(|| (from.max(to), from.min(to)))
        };
        let mut pairs: Vec<(u32, u32)> = network.weights.iter().filter_map(pair).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut starts = vec![0; n + 1];
        for &(row, _) in &pairs {
            starts[row as usize + 1] += 1;
        }
        for i in 0..n {
            starts[i + 1] += starts[i];
        }
        let neighbours: Vec<u32> = pairs.iter().map(|&(_, column)| column).collect();
        let place = |weight| {
            let (row, column) = pair(weight)?;
            let range = starts[row as usize]..starts[row as usize + 1];
            let found = neighbours[range.clone()].binary_search(&column).ok()?;
            Some(range.start + found)
        };
        let places = network.weights.iter().map(place).collect();
        let reach = |i: usize| {
            let first = neighbours
                .get(starts[i])
                .filter(|_| starts[i] < starts[i + 1]);
            first.map_or(0, |&first| i - first as usize)
        };
        let work: usize = (0..n).map(|i| reach(i) * reach(i)).sum();
        Self {
            diagonal: vec![0.0; n],
            entries: vec![0.0; neighbours.len()],
            direct: work <= WORTH * (n + neighbours.len()),
            pinned: flat
                .iter()
                .filter_map(|group| group.first().copied())
                .collect(),
            starts,
            neighbours,
            places,
        }
    }

    fn fill(&mut self, network: &Network, state: &Pass) {
        self.diagonal.fill(0.0);
        self.entries.fill(0.0);
        let weights = network.weights.iter().zip(&state.values).zip(&self.places);
        for ((&(from, to, _, _), &value), place) in weights {
            for end in [from, to] {
                if let Some(entry) = self.diagonal.get_mut(end as usize) {
                    *entry += value;
                }
            }
            if let Some(place) = *place {
                self.entries[place] -= value;
            }
        }
        for entry in &mut self.diagonal {
            // A neuron without any live weight stays where it is.
            if *entry == 0.0 {
                *entry = 1.0;
            }
        }
        for &i in &self.pinned {
            self.diagonal[i as usize] *= 2.0;
        }
    }

    /// (i, entries before the diagonal) row by row.
    fn row(&self, i: usize) -> impl Iterator<Item = (usize, f64)> + '_ {
        let range = self.starts[i]..self.starts[i + 1];
        range.map(|k| (self.neighbours[k] as usize, self.entries[k]))
    }

    /// λ's Newton step for the forces U − D: with G = 2(U − D)/τ and the Hessian 4L/τ² it
    /// is τL⁻¹(U − D)/2.
    fn solve(&self, forces: &[f64], temperature: f64) -> Vec<f64> {
        let mut half: Vec<f64> = forces.iter().map(|f| 0.5 * temperature * f).collect();
        if self.direct && self.solve_directly(&mut half) {
            return half;
        }
        self.conjugate_gradients(&half)
    }

    /// Cholesky factorisation within the envelope: in row i from its first neighbour on.
    /// False if the matrix is not positive definite in double precision.
    fn solve_directly(&self, x: &mut [f64]) -> bool {
        let n = self.diagonal.len();
        let mut rows: Vec<(usize, Vec<f64>)> = Vec::with_capacity(n);
        for i in 0..n {
            let first = self.row(i).next().map_or(i, |(j, _)| j);
            let mut row = vec![0.0; i - first + 1];
            self.row(i).for_each(|(j, entry)| row[j - first] = entry);
            row[i - first] = self.diagonal[i];
            for j in first..=i {
                let (other_first, other): (usize, &[f64]) = if j == i {
                    (first, &row)
                } else {
                    (rows[j].0, &rows[j].1)
                };
                let from = first.max(other_first);
                let known: f64 = (from..j)
                    .map(|k| row[k - first] * other[k - other_first])
                    .sum();
                let rest = row[j - first] - known;
                row[j - first] = if j < i {
                    rest / other[j - other_first]
                } else if rest > 0.0 {
                    libm::sqrt(rest)
                } else {
                    return false;
                };
            }
            rows.push((first, row));
        }
        for (i, (first, row)) in rows.iter().enumerate() {
            let known: f64 = (*first..i).map(|k| row[k - first] * x[k]).sum();
            x[i] = (x[i] - known) / row[i - first];
        }
        for (i, (first, row)) in rows.iter().enumerate().rev() {
            x[i] /= row[i - first];
            for k in *first..i {
                x[k] -= row[k - first] * x[i];
            }
        }
        true
    }

    fn times(&self, x: &[f64]) -> Vec<f64> {
        let mut y: Vec<f64> = self.diagonal.iter().zip(x).map(|(d, x)| d * x).collect();
        for i in 0..x.len() {
            for (j, entry) in self.row(i) {
                y[i] += entry * x[j];
                y[j] += entry * x[i];
            }
        }
        y
    }

    /// Conjugate gradients, scaled by the diagonal, until the residual is small enough for
    /// Newton's method to gain six digits.
    fn conjugate_gradients(&self, b: &[f64]) -> Vec<f64> {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let scaled =
            |r: &[f64]| -> Vec<f64> { r.iter().zip(&self.diagonal).map(|(r, d)| r / d).collect() };
        let mut x = vec![0.0; b.len()];
        let mut residual = b.to_vec();
        let mut z = scaled(&residual);
        let mut direction = z.clone();
        let mut power = dot(&residual, &z);
        let enough = 1e-12 * power;
        for _ in 0..WORTH {
            if power <= enough {
                break;
            }
            let image = self.times(&direction);
            let step = power / dot(&direction, &image);
            for i in 0..x.len() {
                x[i] += step * direction[i];
                residual[i] -= step * image[i];
            }
            z = scaled(&residual);
            let next = dot(&residual, &z);
            let keep = next / power;
            power = next;
            for (d, z) in direction.iter_mut().zip(&z) {
                *d = z + keep * *d;
            }
        }
        x
    }
}
