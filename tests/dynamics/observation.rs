//! What an observer sees, against the same numbers found another way.

use crate::small;
use noise_equilibrium::balance::{BalanceEquation, Spectrum, Strength, setting::Setting, solve};
use noise_equilibrium::dynamics::{
    Data, Descent, Network, Normalisation, Observer, Sampling, Schedule, Source, Stream,
    hessian_product,
};
use noise_equilibrium::model::{Activation, Symmetric};
use noise_equilibrium::scalar::Rational;
use std::sync::LazyLock;

static STRENGTH: LazyLock<Strength<f64>> = LazyLock::new(|| Strength::new(0.25, 0.5).unwrap());

/// Whole numbers, and as many samples as a power of 2: no sum rounds.
fn whole(widths: &[usize], activation: Activation, seed: u64) -> (Network, Data, Vec<f64>) {
    let network = Network::new(widths, activation);
    let mut stream = Stream::seeded(seed, "observed", 0);
    let targets = widths[network.layers()];
    let data = Data {
        inputs: widths[0],
        targets,
        x: small(&mut stream, 4 * widths[0]),
        y: small(&mut stream, 4 * targets),
    };
    let theta = small(&mut stream, network.dim());
    (network, data, theta)
}

fn observer<'a>(network: &'a Network, data: &'a Data) -> Observer<'a> {
    Observer {
        network,
        data,
        strength: STRENGTH.clone(),
        exact_trace: 64,
        lanczos: 64,
        equilibrium: true,
        seed: 1,
    }
}

/// The pair's charge and relaxation time are those of the generator U → e^{λ}U,
/// W → e^{−λ}W, as a spectrum over all weights has them.
#[test]
fn a_pair_is_its_generator() {
    let (mut finite, mut missing) = (0, 0);
    for seed in 0..8 {
        let (network, data, theta) = whole(&[2, 3, 1, 2], Activation::Identity, seed);
        let seen = observer(&network, &data).observe(0, &theta);
        let gradients = network.per_sample(&theta, &data);
        assert_eq!(seen.pairs.len(), 2);
        for (l, pair) in (1..).zip(&seen.pairs) {
            let r = network.widths[l];
            let entry = |i, j| Rational::from(i32::from(i == j));
            let rows: Vec<Vec<_>> = (0..r)
                .map(|i| (0..r).map(|j| entry(i, j)).collect())
                .collect();
            let generator = network.model().turning(l, &rows).expect("symmetric");
            assert_eq!(pair.charge, generator.charge(&theta));
            let balance = BalanceEquation {
                spectrum: Spectrum::from_gradients(&generator, &theta, &gradients)
                    .expect("rates ±1"),
                strength: STRENGTH.clone(),
            };
            let star = solve(&balance).expect("solvable").finite();
            let time = star.map(|star| 1.0 / balance.relaxation_rate(&star));
            // From the same exact numbers with some tens of roundings each: the spectrum's
            // eigenbasis is computed.
            let time = time.filter(|t| t.is_finite());
            assert_eq!(pair.relaxation_time.is_some(), time.is_some());
            if let (Some(a), Some(b)) = (pair.relaxation_time, time) {
                assert!((a - b).abs() <= 64.0 * f64::EPSILON * b, "{a:e}, {b:e}");
            }
            match time {
                Some(_) => finite += 1,
                None => missing += 1,
            }
        }
    }
    assert!(finite >= 8, "{finite} finite, {missing} not");
}

/// Each neuron of a leaky ReLU network has the charge of its rescaling; together they have
/// the pair's.
#[test]
fn a_neuron_is_its_rescaling() {
    let relu = Activation::LeakyRelu {
        slope: Rational::from((1, 2)),
    };
    for seed in 0..4 {
        let (network, data, theta) = whole(&[2, 3, 1, 2], relu.clone(), seed);
        let seen = observer(&network, &data).observe(0, &theta);
        let symmetries = network.model().symmetries();
        let mut charges: Vec<f64> = symmetries.iter().map(|a| a.charge(&theta)).collect();
        let mut neurons: Vec<f64> = seen.pairs.iter().flat_map(|p| p.neurons.clone()).collect();
        for pair in &seen.pairs {
            assert_eq!(pair.neurons.iter().sum::<f64>(), pair.charge);
        }
        charges.sort_by(f64::total_cmp);
        neurons.sort_by(f64::total_cmp);
        assert_eq!(charges, neurons);
    }
}

/// Hutchinson's estimate says how far it may be off, the exact trace that it is not.
#[test]
fn an_estimated_trace_has_its_error() {
    let (network, data, theta) = whole(&[2, 3, 2], Activation::Tanh, 1);
    let exact = observer(&network, &data).observe(0, &theta);
    let estimated = Observer {
        exact_trace: 0,
        ..observer(&network, &data)
    };
    let estimated = estimated.observe(0, &theta);
    assert_eq!(exact.trace_error, Some(0.0));
    let (trace, near) = (
        exact.trace.expect("smooth"),
        estimated.trace.expect("smooth"),
    );
    let error = estimated.trace_error.expect("estimated");
    // The seed is fixed; five standard errors are exceeded once in a million seeds.
    assert!(
        error > 0.0 && (trace - near).abs() <= 5.0 * error,
        "{trace} {near} {error}"
    );
}

/// Nothing is left to move at θ*: Φ is least there, both sides agree, and θ is close to
/// where it was found. Elsewhere all of these are seen to be off.
#[test]
fn the_equilibrium_is_seen() {
    for activation in [
        Activation::Identity,
        Activation::LeakyRelu {
            slope: Rational::from((1, 2)),
        },
    ] {
        let mut seen = 0;
        for seed in 0..6 {
            let (network, data, theta) = whole(&[2, 2, 2], activation.clone(), seed);
            let here = observer(&network, &data).observe(0, &theta);
            let setting = Setting {
                theta: theta.clone(),
                gradients: network.per_sample(&theta, &data),
                strength: STRENGTH.clone(),
            };
            let Ok(star) = setting.minimise(&network.model().symmetries()) else {
                assert_eq!(here.equilibrium, None);
                continue;
            };
            let away = here.equilibrium.expect("the same search");
            let there = observer(&network, &data).observe(0, &star.setting.theta);
            let left = there.equilibrium.expect("it is balanced");
            // Φ is flat to second order at its minimum: Newton's method leaves a distance of
            // some rounding units times what amplifies them, the potential but their square.
            let unit = f64::EPSILON * setting.potential();
            assert!(left.potential.abs() <= 64.0 * unit, "{left:?}");
            assert!(left.euclidean <= libm::sqrt(64.0 * unit), "{left:?}");
            if away.potential > 1.0 {
                seen += 1;
                assert!(away.euclidean > 64.0 * left.euclidean, "{away:?} {left:?}");
                if activation == Activation::Identity {
                    let imbalance =
                        |o: &noise_equilibrium::dynamics::Observation| o.pairs[0].imbalance;
                    assert!(imbalance(&there) < libm::sqrt(unit), "{there:?}");
                    assert!(imbalance(&here) > 64.0 * imbalance(&there), "{here:?}");
                }
            }
        }
        assert!(seen >= 2, "{seen} points away from equilibrium");
    }
}

/// Trace and largest eigenvalue against the whole Hessian.
#[test]
fn curvature_is_that_of_the_hessian() {
    let (network, data, theta) = whole(&[2, 2, 1], Activation::Identity, 3);
    let (model, samples) = (network.model(), data.samples());
    let column = |k: usize| {
        let unit: Vec<f64> = (0..theta.len()).map(|i| f64::from(i == k)).collect();
        hessian_product(&model, &samples, &theta, &unit).expect("smooth")
    };
    let d = theta.len();
    let hessian = nalgebra::DMatrix::from_columns(
        &(0..d)
            .map(|k| column(k).into())
            .collect::<Vec<nalgebra::DVector<f64>>>(),
    );
    let seen = observer(&network, &data).observe(0, &theta);
    assert_eq!(seen.trace, Some(hessian.trace()));
    let largest = hessian.clone().symmetric_eigenvalues().max();
    let error = seen.sharpness.expect("smooth") - largest;
    // Both are computed with some d² operations on numbers of the Hessian's size.
    let bound = (d * d) as f64 * f64::EPSILON * hessian.norm();
    assert!(error.abs() <= bound, "{error:e}, {bound:e}");
    assert!(largest > 64.0 * bound, "{largest}");
}

#[test]
fn what_is_not_there_is_left_out() {
    let (mut network, data, theta) = whole(&[2, 2, 2], Activation::Tanh, 0);
    assert_eq!(
        observer(&network, &data).observe(0, &theta).equilibrium,
        None
    );
    network.activation = Activation::Identity;
    network.normalisation = Normalisation::Layers;
    let seen = observer(&network, &data).observe(0, &theta);
    assert_eq!(
        (seen.trace, seen.sharpness, seen.equilibrium),
        (None, None, None)
    );
}

/// Moments come every so many steps, the last one at the end; a run that leaves the
/// doubles ends where it was last seen whole.
#[test]
fn a_run_is_followed() {
    let (network, data, theta) = whole(&[2, 2, 2], Activation::Identity, 1);
    let watched = |rate: f64| {
        let descent = Descent {
            network: &network,
            source: Source::Finite(&data, Sampling::WithReplacement(2)),
            schedule: Schedule::Constant(rate),
            gamma: 0.25,
        };
        let mut run = descent.start(theta.clone(), Stream::seeded(2, "run", 0));
        let seen = observer(&network, &data).follow(&mut run, 25, 10);
        (seen, run.theta)
    };
    let (seen, end) = watched(1.0 / 1024.0);
    let steps: Vec<u64> = seen.iter().map(|o| o.step).collect();
    assert_eq!(steps, [0, 10, 20, 25]);
    let last = seen.last().expect("four");
    assert_eq!(last.loss, network.loss(&end, &data));
    let norm = |l: usize| end[network.range(l)].iter().fold(0.0, |t, x| t + x * x);
    assert_eq!(last.layer_norms, [1, 2].map(|l| libm::sqrt(norm(l))));
    assert!(last.loss < seen[0].loss);

    let (seen, end) = watched(1e3);
    assert!(end.iter().any(|x| !x.is_finite()));
    assert!(seen.iter().all(|o| o.loss.is_finite()), "{seen:?}");
}
