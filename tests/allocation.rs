//! Steps allocate nothing. A binary of its own: the counter is the global allocator.

use allocation_counter::measure;
use noise_equilibrium::dynamics::{
    Data, Descent, Diffusion, Network, Noise, Normalisation, Sampling, Schedule, Source, Stream,
    Teacher,
};
use noise_equilibrium::model::{Activation, digits};
use std::hint::black_box;

#[test]
fn the_counter_counts() {
    let counted = measure(|| drop(black_box(vec![1.0])));
    assert_eq!(counted.count_total, 1);
}

#[test]
fn no_allocation_in_a_step_of_descent() {
    let data = Data::of(&digits()[..50]);
    let teacher = Teacher {
        map: vec![0.5; 64 * 10],
        input_variance: vec![1.0; 64],
        label_variance: vec![0.1; 10],
        batch: 9,
    };
    let sources = [
        Source::Finite(&data, Sampling::Full),
        Source::Finite(&data, Sampling::WithReplacement(9)),
        Source::Finite(&data, Sampling::WithoutReplacement(9)),
        Source::Fresh(&teacher),
    ];
    let slope = noise_equilibrium::scalar::Rational::from((1, 3));
    for source in sources {
        for activation in [
            Activation::Identity,
            Activation::LeakyRelu {
                slope: slope.clone(),
            },
            Activation::Tanh,
        ] {
            let mut network = Network::new(&[64, 9, 7, 10], activation);
            for normalisation in [
                Normalisation::None,
                Normalisation::Global,
                Normalisation::Layers,
            ] {
                network.normalisation = normalisation;
                let descent = Descent {
                    network: &network,
                    source: source.clone(),
                    schedule: Schedule::Constant(1e-4),
                    gamma: 1e-3,
                };
                let theta = Stream::seeded(0, "theta", 0).normals(network.dim(), 0.1);
                let mut run = descent.start(theta, Stream::seeded(0, "run", 0));
                let mut finite = run.advance(1);
                let counted = measure(|| finite &= run.advance(100));
                assert!(finite);
                assert_eq!(counted.count_total, 0, "{network:?}");
            }
        }
    }
}

#[test]
fn no_allocation_in_a_step_of_diffusion() {
    let data = Data::of(&digits()[..9]);
    let network = Network::new(&[64, 9, 10], Activation::Tanh);
    let theta = Stream::seeded(0, "theta", 0).normals(network.dim(), 0.1);
    for noise in [Noise::Gradients, Noise::Isotropic] {
        let stream = Stream::seeded(0, "run", 0);
        let theta = theta.clone();
        let mut run = Diffusion::start(&network, &data, (1e-3, 1e-2), noise, theta, stream);
        run.step(1e-3);
        let counted = measure(|| (0..100).for_each(|_| run.step(1e-3)));
        assert_eq!(counted.count_total, 0);
    }
}
