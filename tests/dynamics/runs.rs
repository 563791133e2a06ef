//! Runs of descent and diffusion: what a step is, and the same bits every time.

use crate::bits;
use noise_equilibrium::dynamics::{
    Data, Descent, Diffusion, Network, Noise, Normalisation, Sampling, Schedule, Source, Stream,
    step,
};
use noise_equilibrium::model::{Activation, digits};
use rayon::prelude::*;

const SCHEDULE: Schedule = Schedule::Warmup {
    peak: 0.05,
    steps: 8,
};

#[test]
fn learning_rates() {
    let rates: Vec<f64> = (0..10).map(|k| SCHEDULE.at(k)).collect();
    let rising = (1..=8).map(|k| 0.05 * f64::from(k) / 8.0);
    let expected: Vec<f64> = rising.chain([0.05, 0.05]).collect();
    assert_eq!(rates, expected);
    assert_eq!(Schedule::Constant(0.1).at(0), 0.1);
    assert_eq!(Schedule::Constant(0.1).at(u64::MAX), 0.1);
    let at_once = Schedule::Warmup {
        peak: 0.1,
        steps: 0,
    };
    assert_eq!(at_once.at(0), 0.1);
}

fn theta(network: &Network, index: u64) -> Vec<f64> {
    Stream::seeded(2, "start", index).normals(network.dim(), 0.3)
}

/// θ after 50 steps of SGD with warm-up and decay on the digits.
fn descended(activation: Activation, normalisation: Normalisation, index: u64) -> Vec<f64> {
    let data = Data::of(&digits()[..100]);
    let mut network = Network::new(&[64, 9, 10], activation);
    network.normalisation = normalisation;
    let descent = Descent {
        network: &network,
        source: Source::Finite(&data, Sampling::WithoutReplacement(13)),
        schedule: SCHEDULE,
        gamma: 1e-3,
    };
    let mut run = descent.start(theta(&network, index), Stream::seeded(2, "run", index));
    assert!(run.advance(50));
    assert_eq!(run.steps, 50);
    run.theta
}

fn diffused(noise: Noise, index: u64) -> Vec<f64> {
    let data = Data::of(&digits()[..13]);
    let network = Network::new(&[64, 9, 10], Activation::Tanh);
    let (theta, stream) = (theta(&network, index), Stream::seeded(2, "sde", index));
    let mut run = Diffusion::start(&network, &data, (1e-3, 1e-2), noise, theta, stream);
    (0..10).for_each(|_| run.step(1e-3));
    run.theta
}

/// A run's step is [`step`], with the rate of the schedule and the batch's gradient.
#[test]
fn each_step_is_the_step_of_the_theory() {
    let data = Data::of(&digits()[..100]);
    let network = Network::new(&[64, 9, 10], Activation::Tanh);
    let source = Source::Finite(&data, Sampling::WithReplacement(7));
    let mut batch = source.batch();
    let (mut stream, mut work) = (Stream::seeded(2, "same", 0), network.workspace(7));
    let mut expected = theta(&network, 0);
    let mut gradient = vec![0.0; network.dim()];
    let descent = Descent {
        network: &network,
        source: source.clone(),
        schedule: SCHEDULE,
        gamma: 1e-3,
    };
    let mut run = descent.start(expected.clone(), stream.clone());
    for k in 0..20 {
        source.draw(&mut stream, &mut batch);
        let loss = network.gradient(&expected, &batch.x, &batch.y, &mut work, &mut gradient);
        expected = step(&expected, &gradient, &SCHEDULE.at(k), &1e-3);
        assert_eq!(run.step().to_bits(), loss.to_bits());
        assert_eq!(bits(run.last_gradient()), bits(&gradient));
        assert_eq!(bits(&run.theta), bits(&expected));
    }
}

/// Without noise a diffusion is gradient descent, up to the order of its sums.
#[test]
fn a_diffusion_without_noise_follows_its_drift() {
    let data = Data {
        inputs: 1,
        targets: 1,
        x: vec![1.0, 2.0],
        y: vec![1.0, -1.0],
    };
    // ∇L = mean 2(θx − y)x = ½(2(θ − 1) + 4(2θ + 1)) = 5θ + 1, here without rounding.
    let network = Network::new(&[1, 1], Activation::Identity);
    for noise in [Noise::Gradients, Noise::Isotropic] {
        let stream = Stream::seeded(2, "drift", 0);
        let mut run = Diffusion::start(&network, &data, (0.5, 0.0), noise, vec![3.0], stream);
        run.step(0.125);
        assert_eq!(run.theta, [3.0 - 0.125 * (16.0 + 3.0)]);
    }
}

#[test]
fn a_run_that_diverges_stops() {
    let data = Data {
        inputs: 1,
        targets: 1,
        x: vec![1.0],
        y: vec![1.0],
    };
    let network = Network::new(&[1, 1, 1], Activation::Identity);
    let descent = |rate| Descent {
        network: &network,
        source: Source::Finite(&data, Sampling::Full),
        schedule: Schedule::Constant(rate),
        gamma: 0.0,
    };
    let stream = Stream::seeded(0, "diverges", 0);
    let mut run = descent(1e3).start(vec![2.0, 2.0], stream.clone());
    assert!(!run.advance(1000));
    assert!(run.steps < 1000);
    assert!(descent(0.01).start(vec![2.0, 2.0], stream).advance(1000));
}

fn ensemble(threads: usize) -> Vec<Vec<u64>> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let run = |index: u64| match index % 3 {
        0 => diffused(Noise::Gradients, index),
        1 => descended(Activation::Tanh, Normalisation::None, index),
        _ => descended(Activation::Identity, Normalisation::Layers, index),
    };
    let runs = || (0..12).into_par_iter().map(|i| bits(&run(i))).collect();
    pool.expect("threads").install(runs)
}

#[test]
fn threads_do_not_change_a_bit() {
    let one = ensemble(1);
    assert_eq!(one, ensemble(2));
    assert!((0..one.len()).all(|i| !one[..i].contains(&one[i])));
}

/// Any change in the arithmetic of a step, in its order or in its random numbers shows.
#[test]
fn pinned() {
    let slope = noise_equilibrium::scalar::Rational::from((1, 8));
    let leaky = Activation::LeakyRelu { slope };
    let runs = [
        descended(Activation::Identity, Normalisation::None, 0),
        descended(leaky, Normalisation::Global, 0),
        descended(Activation::Tanh, Normalisation::Layers, 0),
        diffused(Noise::Gradients, 0),
        diffused(Noise::Isotropic, 0),
    ];
    let checksums = runs.map(|theta| {
        // FNV-1a, number by number.
        bits(&theta)
            .iter()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, x| {
                (hash ^ x).wrapping_mul(0x0100_0000_01b3)
            })
    });
    assert_eq!(checksums, PINNED);
}

const PINNED: [u64; 5] = [
    0xcb8d_d921_f016_b84b,
    0x9189_b90b_80a4_e1fe,
    0x9228_8d2d_472a_505b,
    0x520f_9e1b_e503_acdd,
    0x632e_855e_2f3e_1fea,
];
