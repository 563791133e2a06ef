//! The rescalings of a whole network, in doubles: answers known beforehand, statuses,
//! and how many passes large networks take.

use noise_equilibrium::balance::{
    Spectrum, Strength, Term,
    family::{Edge, NetworkError, balance_network},
};
use noise_equilibrium::theorem::Draw;
use std::sync::LazyLock;

static STRENGTH: LazyLock<Strength<f64>> = LazyLock::new(|| Strength::new(0.0, 1.0).unwrap());
static DECAY: LazyLock<Strength<f64>> = LazyLock::new(|| Strength::new(0.01, 1.0).unwrap());

fn weight(from: Option<u32>, to: Option<u32>, noise: f64, charge: f64) -> Term<f64, Edge> {
    Term {
        rate: Edge { from, to },
        noise,
        charge,
    }
}

/// One neuron: λ = ¼ ln(a₊/a₋) (C1), from any imbalance in one step.
#[test]
fn one_neuron() {
    for (out, into) in [(16.0, 1.0), (1e200, 1e-100), (1.0, 1.0)] {
        let spectrum = Spectrum::from_terms(vec![
            weight(Some(0), None, out, 1.0),
            weight(None, Some(0), into, 1.0),
        ]);
        let found = balance_network(1, &spectrum, &STRENGTH).expect("balanced");
        let expected = 0.25 * (libm::log(out) - libm::log(into));
        // λ is rounded to a unit of its size, and so are both logarithms.
        assert!((found.lambda[0] - expected).abs() <= 8.0 * f64::EPSILON * (1.0 + expected.abs()));
        assert!(found.flat.is_empty());
    }
}

/// The same of several terms whose sum no double holds, and of as many whose sum is ordinary.
#[test]
fn one_neuron_with_sums_beyond_the_doubles() {
    for (out, into) in [([1.5e308; 3], 1e-300), ([1.0; 3], 1e300)] {
        for outwards in [true, false] {
            let term = |leaves: bool, noise: f64| match leaves {
                true => weight(Some(0), None, noise, 1.0),
                false => weight(None, Some(0), noise, 1.0),
            };
            let mut terms: Vec<_> = out.map(|noise| term(outwards, noise)).into();
            terms.push(term(!outwards, into));
            let found = balance_network(1, &Spectrum::from_terms(terms), &STRENGTH);
            let found = found.expect("balanced");
            let size = 0.25 * (libm::log(3.0) + libm::log(out[0]) - libm::log(into));
            let expected = if outwards { size } else { -size };
            // λ is rounded to a unit of its size, and so are the logarithms.
            let room = 8.0 * f64::EPSILON * (1.0 + libm::log(out[0]) + libm::log(into).abs());
            assert!(
                (found.lambda[0] - expected).abs() <= room,
                "{}",
                found.lambda[0]
            );
        }
    }
}

/// A chain balances where the noise of all its weights is the same: their geometric mean.
#[test]
fn a_chain_of_neurons() {
    let mut draw = Draw::seeded(1, "chain", 0);
    let noise: Vec<f64> = (0..1001)
        .map(|_| libm::exp(draw.integer(-1000, 1000) as f64 / 100.0))
        .collect();
    let end = |i: usize| u32::try_from(i).ok();
    let terms = (0..1001_usize).map(|k| {
        let from = k.checked_sub(1).and_then(end);
        let to = end(k).filter(|_| k < 1000);
        weight(from, to, noise[k], 0.0)
    });
    let spectrum = Spectrum::from_terms(terms.collect());
    let found = balance_network(1000, &spectrum, &STRENGTH).expect("balanced");
    let mean = noise.iter().map(|x| libm::log(*x)).sum::<f64>() / 1001.0;
    let at = |i: Option<usize>| i.and_then(|i| found.lambda.get(i)).copied().unwrap_or(0.0);
    let size = found.lambda.iter().fold(1.0, |s, x| f64::max(s, x.abs()));
    for (k, a) in noise.iter().enumerate() {
        let moved = libm::log(*a) - 2.0 * (at(k.checked_sub(1)) - at(Some(k)));
        // The imbalance of each of the 1000 neurons, at most a few roundings of λ, adds up.
        assert!(
            (moved - mean).abs() < 1e5 * f64::EPSILON * size,
            "{k}: {moved} and {mean}"
        );
    }
    assert!(found.passes <= 30, "{} passes", found.passes);
}

/// Weights between the same two neurons add up, also where no double holds their sum.
#[test]
fn weights_side_by_side_with_sums_beyond_the_doubles() {
    for (between, outer) in [(1.5e308, 1e300), (2.0, 3.0)] {
        for [first, second] in [[0, 1], [1, 0]] {
            let inner = weight(Some(first), Some(second), between, 0.0);
            let spectrum = Spectrum::from_terms(vec![
                weight(None, Some(first), outer, 0.0),
                inner.clone(),
                weight(Some(second), None, outer, 0.0),
                inner.clone(),
                inner,
            ]);
            let found = balance_network(2, &spectrum, &STRENGTH).expect("balanced");
            // A chain of ln a, ln 3b and ln a: each is moved to their mean.
            let off = (libm::log(3.0) + libm::log(between) - libm::log(outer)) / 3.0;
            let room = 16.0 * f64::EPSILON * (1.0 + libm::log(between));
            let [a, b] = [first, second].map(|i| found.lambda[i as usize]);
            assert!((a - off / 2.0).abs() <= room, "{a} and {off}");
            assert!((b + off / 2.0).abs() <= room, "{b} and {off}");
        }
    }
}

#[test]
fn statuses() {
    // Neuron 1 has noise on its incoming weight alone: it runs off.
    let terms = vec![
        weight(None, Some(0), 1.0, 1.0),
        weight(Some(0), None, 1.0, 1.0),
        weight(Some(0), Some(1), 1.0, 1.0),
        weight(Some(1), None, 0.0, 1.0),
    ];
    let spectrum = Spectrum::from_terms(terms.clone());
    let Err(NetworkError::Unbounded { neuron, direction }) =
        balance_network(2, &spectrum, &STRENGTH)
    else {
        panic!("unbounded");
    };
    assert_eq!(neuron, 0);
    // Along the direction no live term grows and one falls: −2(u_from − u_to) for noise.
    let at = |end: Option<u32>| end.map_or(0, |i| direction[i as usize]);
    let slopes = terms.iter().filter(|t| t.noise > 0.0);
    let slopes: Vec<i64> = slopes.map(|t| at(t.rate.to) - at(t.rate.from)).collect();
    assert!(
        slopes.iter().all(|s| *s <= 0) && slopes.iter().any(|s| *s < 0),
        "{slopes:?}"
    );
    // One side alone, of noise or of charge, makes it run off.
    for (noise, charge) in [(1.0, 0.0), (0.0, 1.0)] {
        for term in [
            weight(None, Some(0), noise, charge),
            weight(Some(0), None, noise, charge),
        ] {
            assert!(matches!(
                balance_network(1, &Spectrum::from_terms(vec![term]), &DECAY),
                Err(NetworkError::Unbounded { neuron: 0, .. })
            ));
        }
    }
    // With weight decay both sides of every neuron pull.
    assert!(balance_network(2, &spectrum, &DECAY).is_ok());

    // Two neurons that are connected with each other alone may be rescaled together; a
    // third without any weight stays.
    let spectrum = Spectrum::from_terms(vec![
        weight(Some(0), Some(1), 4.0, 0.0),
        weight(Some(1), Some(0), 1.0, 0.0),
    ]);
    let found = balance_network(3, &spectrum, &STRENGTH).expect("balanced");
    assert_eq!(found.flat, [vec![0, 1], vec![2]]);
    // 4e^{−2(λ₀−λ₁)} = e^{2(λ₀−λ₁)}.
    let difference = found.lambda[0] - found.lambda[1];
    assert!((difference - 0.25 * libm::log(4.0)).abs() < 8.0 * f64::EPSILON);
    assert!((found.lambda[0] + found.lambda[1]).abs() < f64::EPSILON);
    assert_eq!(found.lambda[2], 0.0);
}

#[test]
fn bad_networks() {
    let one = |term| Spectrum::from_terms(vec![term]);
    let refused = |spectrum: &Spectrum<f64, Edge>, strength: &Strength<f64>| {
        balance_network(1, spectrum, strength)
            .expect_err("refused")
            .to_string()
    };
    let message = refused(&one(weight(Some(1), None, 1.0, 1.0)), &STRENGTH);
    assert!(
        message.contains("spectrum[0]: expected neurons below 1, found 1"),
        "{message}"
    );
    for (noise, charge) in [(-1.0, 1.0), (1.0, f64::NAN), (f64::INFINITY, 0.0)] {
        let message = refused(&one(weight(Some(0), None, noise, charge)), &STRENGTH);
        assert!(
            message.contains("spectrum[0]: expected noise and charge"),
            "{message}"
        );
    }
    let negative = Strength::new(-1.0, 1.0).unwrap_err().to_string();
    assert!(negative.contains("strength.gamma"), "{negative}");
}

/// Layers of four fully connected neurons, weights spread over e^{±spread}.
fn deep(layers: u32, spread: i64) -> Spectrum<f64, Edge> {
    let mut draw = Draw::seeded(2, "deep", 0);
    let mut any = || libm::exp(draw.integer(-1000 * spread, 1000 * spread) as f64 / 1000.0);
    let mut terms = Vec::new();
    for layer in 0..=layers {
        for i in 0..4 {
            for j in 0..4 {
                let from = layer.checked_sub(1).map(|l| 4 * l + i);
                let to = (layer < layers).then_some(4 * layer + j);
                terms.push(weight(from, to, any(), any()));
            }
        }
    }
    Spectrum::from_terms(terms)
}

#[test]
fn large_networks_take_few_passes() {
    for (layers, spread) in [(5_000, 3), (5_000, 8), (50, 100), (2, 300)] {
        for strength in [&STRENGTH, &DECAY] {
            let spectrum = deep(layers, spread);
            let found = balance_network(4 * layers as usize, &spectrum, strength);
            let found = found.unwrap_or_else(|error| panic!("{layers} {spread}: {error}"));
            assert!(
                found.passes <= 30,
                "{layers} {spread}: {} passes",
                found.passes
            );
            assert!(
                found.imbalance < 1e-9,
                "{layers} {spread}: {}",
                found.imbalance
            );
        }
    }
}

/// Two layers of 250 neurons, all connected: too wide for a factorisation. At λ = 0 each
/// neuron of a balanced network has 500 of noise, half of it on weights from or to no
/// neuron; then every neuron is rescaled by some t, which λ has to undo.
#[test]
fn wide_layers_are_put_back() {
    const WIDTH: u32 = 250;
    let mut draw = Draw::seeded(1, "wide", 0);
    let t: Vec<f64> = (0..2 * WIDTH)
        .map(|_| draw.integer(-100, 100) as f64 / 32.0)
        .collect();
    let at = |end: Option<u32>| end.map_or(0.0, |i| t[i as usize]);
    let moved = |from: Option<u32>, to: Option<u32>, noise: f64| {
        weight(from, to, noise * libm::exp(2.0 * (at(from) - at(to))), 0.0)
    };
    let mut terms = Vec::new();
    for i in 0..WIDTH {
        terms.push(moved(None, Some(i), f64::from(WIDTH)));
        terms.push(moved(Some(WIDTH + i), None, f64::from(WIDTH)));
        terms.extend((0..WIDTH).map(|j| moved(Some(i), Some(WIDTH + j), 1.0)));
    }
    let spectrum = Spectrum::from_terms(terms);
    let found = balance_network(2 * WIDTH as usize, &spectrum, &STRENGTH).expect("balanced");
    assert!(found.passes <= 20, "{} passes", found.passes);
    let size = t.iter().fold(1.0, |size: f64, x| size.max(x.abs()));
    // Sums of 250 terms, each with an exponential of twice λ; and because half of each
    // neuron's noise stays where it is, an imbalance makes at most twice itself of λ.
    let rounding = (2.0 * f64::from(WIDTH) + 8.0 * size) * f64::EPSILON;
    for (lambda, t) in found.lambda.iter().zip(&t) {
        let off = (lambda - t).abs();
        assert!(
            off <= 2.0 * (found.imbalance + rounding),
            "{lambda} is not {t}: {off} with an imbalance of {}",
            found.imbalance
        );
    }
}

/// What one neuron moves may take all terms of another out of the doubles: then nothing is
/// known of its balance, and nothing is answered.
#[test]
fn neurons_whose_terms_all_underflow_are_not_balanced() {
    let [p, q, i] = [Some(0), Some(1), Some(2)];
    let spectrum = |between: f64| {
        Spectrum::from_terms(vec![
            weight(None, p, 1e-300, 0.0),
            weight(p, None, 1e300, 0.0),
            weight(None, q, 1e300, 0.0),
            weight(q, None, 1e-300, 0.0),
            weight(p, i, between, 0.0),
            weight(p, i, between, 0.0),
            weight(i, q, between, 0.0),
        ])
    };
    let found = balance_network(3, &spectrum(1e-100), &STRENGTH);
    assert!(
        matches!(found, Err(NetworkError::NotConverged { .. })),
        "{found:?}"
    );
    // e^{2λ} of two terms against e^{−2λ} of one, moved by p and q alike.
    let found = balance_network(3, &spectrum(1e200), &STRENGTH).expect("balanced");
    let shift = found.lambda[2] - 0.5 * (found.lambda[0] + found.lambda[1]);
    // What is left of imbalance at three neurons, and λ rounded to a unit of its size.
    let size = found.lambda[0].abs() + found.lambda[1].abs();
    let off = (shift + 0.25 * libm::log(2.0)).abs();
    assert!(
        off <= 3.0 * found.imbalance + 4.0 * f64::EPSILON * size,
        "{shift}"
    );
}
