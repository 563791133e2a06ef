//! Flows against solutions that can be written down.

use noise_equilibrium::balance::{BalanceEquation, Spectrum, Strength, Term};
use noise_equilibrium::dynamics::{
    Data, Network, Stream, Teacher, charge, gradient_flow, noether_flow, pair_flow, pair_sides,
};
use noise_equilibrium::model::Activation;
use noise_equilibrium::model::Symmetric;
use std::sync::LazyLock;

/// Each of at most 100 steps (of order 8, over a few time constants) may be off by 10⁻¹¹
/// of the solution's size and as much again. Flows that contract don't make it more.
fn bound(size: f64) -> f64 {
    100.0 * 1e-11 * (1.0 + size.abs())
}

/// f = Wx with uncorrelated inputs: each w relaxes on its own,
/// ẇ = −2(s + γ)w + 2c with s = mean x² and c = mean yx.
#[test]
fn of_a_linear_problem() {
    let data = Data {
        inputs: 2,
        targets: 2,
        x: vec![1.0, 1.0, 1.0, -1.0, -1.0, 0.5, -1.0, -0.5],
        y: vec![1.0, 0.0, 2.0, -1.0, 0.5, 3.0, 1.0, 1.0],
    };
    let network = Network::new(&[2, 2], Activation::Identity);
    let start = [0.5, -1.0, 2.0, 1.0];
    let mean = |f: &dyn Fn(usize) -> f64| (0..4).map(f).sum::<f64>() / 4.0;
    let second = |j: usize| mean(&|i| data.sample(i).0[j] * data.sample(i).0[j]);
    assert_eq!(mean(&|i| data.sample(i).0[0] * data.sample(i).0[1]), 0.0);
    for gamma in [0.0, 0.3] {
        for end in [0.0, 0.1, 1.0, 3.0] {
            let found = gradient_flow(&network, &data, gamma, start.to_vec(), end).expect("smooth");
            for (k, w) in found.iter().enumerate() {
                let (i, j) = (k / 2, k % 2);
                let cross = mean(&|n| data.sample(n).1[i] * data.sample(n).0[j]);
                let rate = second(j) + gamma;
                let rest = cross / rate;
                let expected = rest + (start[k] - rest) * libm::exp(-2.0 * rate * end);
                let bound = bound(expected.abs().max(start[k].abs()));
                assert!((w - expected).abs() <= bound, "{w} and {expected}");
            }
        }
    }
}

/// Gradient flow conserves all charges of a linear network, and decay shrinks them by
/// e^{−4γt}. A charge moves by 2‖θ‖ as much as θ does.
#[test]
fn conserves_the_charges() {
    let mut stream = Stream::seeded(5, "conserves", 0);
    let network = Network::new(&[3, 2, 2, 3], Activation::Identity);
    let data = Data {
        inputs: 3,
        targets: 3,
        x: stream.normals(15, 1.0),
        y: stream.normals(15, 1.0),
    };
    let theta = stream.normals(network.dim(), 0.5);
    let size = libm::sqrt(theta.iter().map(|x| x * x).sum());
    for gamma in [0.0, 0.1] {
        let after = gradient_flow(&network, &data, gamma, theta.clone(), 1.0).expect("smooth");
        let moved = after
            .iter()
            .zip(&theta)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        let larger = after.iter().map(|x| x * x).sum::<f64>();
        let larger = libm::sqrt(larger).max(size);
        for l in 1..3 {
            let before = charge(&network, &theta, l) * libm::exp(-4.0 * gamma);
            let off = (charge(&network, &after, l) - before).norm();
            let bound = 2.0 * larger * bound(larger) * libm::sqrt(network.dim() as f64);
            assert!(off <= bound, "{off} over {bound}");
            assert!(moved > 1e3 * bound);
        }
    }
}

/// A neuron (C1) with charges c₊, c₋ and noise a₊, a₋. In s = e^{2λ}, with
/// P = 2σ²a₊ + 4γc₋ and Q = 2σ²a₋ + 4γc₊, the flow is ṡ = (P − Qs²)/(c₊s + c₋/s), so that
/// t = c₊/(2Q) ln((P − Q)/(P − Qs²)) + c₋/(2P) ln(s²(P − Q)/(P − Qs²)).
#[test]
fn of_a_neurons_charge() {
    for (noise, charges, gamma) in [
        ([16.0, 1.0], [1.0, 1.0], 0.0),
        ([16.0, 1.0], [1.0, 0.25], 0.1),
        ([1.0, 3.0], [0.5, 2.0], 0.0),
        ([1.0, 3.0], [2.0, 0.0], 0.05),
    ] {
        let sigma2 = 0.125;
        let term = |k: usize| Term {
            rate: [1.0, -1.0][k],
            noise: noise[k],
            charge: charges[k],
        };
        let balance = BalanceEquation {
            spectrum: Spectrum::from_terms(vec![term(0), term(1)]),
            strength: Strength::new(gamma, sigma2).unwrap(),
        };
        let p = 2.0 * sigma2 * noise[0] + 4.0 * gamma * charges[1];
        let q = 2.0 * sigma2 * noise[1] + 4.0 * gamma * charges[0];
        for end in [0.1, 0.5, 1.5] {
            let lambda = noether_flow(&balance, end).expect("bounded");
            let square = libm::exp(4.0 * lambda);
            let ratio = (p - q) / (p - q * square);
            let time = charges[0] / (2.0 * q) * libm::log(ratio)
                + charges[1] / (2.0 * p) * libm::log(square * ratio);
            // dt/dλ at the end, where t is most sensitive.
            let slope = (2.0 * balance.speed(&lambda) / balance.g(&lambda)).abs();
            assert!(
                (time - end).abs() <= slope * bound(lambda),
                "{time} and {end}"
            );
            assert!(lambda.abs() > 1e6 * bound(lambda));
        }
        assert_eq!(noether_flow(&balance, 0.0), Ok(0.0));
    }
}

/// A loss that drives θ to infinity in finite time is refused, not answered.
#[test]
fn that_leaves_every_bound() {
    let data = Data {
        inputs: 1,
        targets: 1,
        x: vec![f64::MAX],
        y: vec![-f64::MAX],
    };
    let network = Network::new(&[1, 1, 1], Activation::Identity);
    assert!(gradient_flow(&network, &data, 0.0, vec![1.0, 1.0], 1.0).is_err());
}

/// A minimum of a linear teacher, with samples that have its moments.
fn minimum(rank: usize) -> (Network, Data, Vec<f64>) {
    let (up, down) = ([1.0, 0.25, 0.5, -1.0], [0.75, -0.5, 0.5, 1.0]);
    let network = Network::new(&[2, rank, 2], Activation::Identity);
    let entry = |m: &[f64; 4], i: usize, k: usize| m[2 * i + k];
    let product =
        |i: usize, j: usize| (0..rank).fold(0.0, |t, k| t + entry(&up, i, k) * entry(&down, k, j));
    let teacher = Teacher {
        map: (0..4).map(|k| product(k / 2, k % 2)).collect(),
        input_variance: vec![1.0, 0.5],
        label_variance: vec![0.5, 0.25],
        batch: 1,
    };
    let up = (0..2).flat_map(|i| (0..rank).map(move |k| (i, k)));
    let down = (0..rank).flat_map(|k| (0..2).map(move |j| (k, j)));
    let theta = up.map(|(i, k)| [1.0, 0.25, 0.5, -1.0][2 * i + k]);
    let theta = theta.chain(down.map(|(k, j)| [0.75, -0.5, 0.5, 1.0][2 * k + j]));
    (network.clone(), teacher.moments(), theta.collect())
}

static STRENGTH: LazyLock<Strength<f64>> = LazyLock::new(|| Strength::new(0.01, 0.05).unwrap());

/// With one hidden neuron the flow of the group is that of its one generator.
#[test]
fn of_a_pair_with_one_neuron_is_that_of_its_charge() {
    let (network, data, theta) = minimum(1);
    let generator = network.model().symmetries().swap_remove(0);
    let gradients = network.per_sample(&theta, &data);
    let balance = BalanceEquation {
        spectrum: Spectrum::from_gradients(&generator, &theta, &gradients).expect("rates"),
        strength: STRENGTH.clone(),
    };
    for end in [0.5, 5.0] {
        let lambda = noether_flow(&balance, end).expect("bounded");
        assert!(lambda.abs() > 1e-3);
        let expected = generator.act(&lambda, &theta);
        let found = pair_flow(&network, &data, &STRENGTH, 1, theta.clone(), end).expect("smooth");
        for (a, b) in found.iter().zip(&expected) {
            // The coordinate turns by as much as λ, times its size.
            assert!(
                (a - b).abs() <= 2.0 * (1.0 + b.abs()) * bound(lambda),
                "{a} and {b}"
            );
        }
    }
}

/// The velocity of the charge is 2(N − M), and the function stays as it is.
#[test]
fn of_a_pair_moves_the_charge_and_not_the_function() {
    let (network, data, theta) = minimum(2);
    let gradients = network.per_sample(&theta, &data);
    let (m, n) = pair_sides(&network, &theta, &gradients, &STRENGTH, 1);
    let velocity = (&n - &m) * 2.0;
    // A central difference of width 2h is off by h² times a third derivative of order one.
    for h in [1e-2, 1e-3] {
        let at = |t: f64| {
            let moved = pair_flow(&network, &data, &STRENGTH, 1, theta.clone(), t).expect("smooth");
            charge(&network, &moved, 1)
        };
        let found = (at(h) - at(-h)) / (2.0 * h);
        let distance = (found - &velocity).norm();
        assert!(distance <= h * h + bound(4.0) / h, "{distance} for h = {h}");
        assert!(velocity.norm() > 1e3 * h * h);
    }
    let moved = pair_flow(&network, &data, &STRENGTH, 1, theta.clone(), 10.0).expect("smooth");
    let mut work = network.workspace(data.len());
    let before = network.outputs(&theta, &data.x, &mut work).to_vec();
    let after = network.outputs(&moved, &data.x, &mut work);
    for (a, b) in before.iter().zip(after) {
        assert!((a - b).abs() <= 10.0 * bound(4.0), "{a} and {b}");
    }
    assert!((moved[0] - theta[0]).abs() > 1e-3);
}

/// The stepper's times are sums that round: what is left of the last step may be too
/// short for it.
#[test]
fn to_ends_that_are_no_sums_of_steps() {
    let (network, data, theta) = minimum(2);
    for k in 1..300 {
        let end = 0.315 * f64::from(k);
        let found = pair_flow(&network, &data, &STRENGTH, 1, theta.clone(), end);
        assert!(found.is_ok(), "{end}: {found:?}");
    }
}
