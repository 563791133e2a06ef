//! Batches.

use crate::{Z, bits};
use noise_equilibrium::dynamics::{
    Data, Network, Sampling, Source, Stream, Teacher, batches_with_replacement,
    batches_without_replacement,
};
use noise_equilibrium::model::{Activation, digits};
use std::collections::HashMap;

/// x_i = (i, −i), y_i = 10i.
fn numbered(n: usize) -> Data {
    let numbers = (0..n).map(|i| i as f64);
    Data {
        inputs: 2,
        targets: 1,
        x: numbers.clone().flat_map(|i| [i, -i]).collect(),
        y: numbers.map(|i| 10.0 * i).collect(),
    }
}

/// How often each ordered batch came up.
fn drawn(sampling: Sampling, n: usize, draws: u32) -> HashMap<Vec<usize>, u32> {
    let data = numbered(n);
    let source = Source::Finite(&data, sampling);
    let mut batch = source.batch();
    let mut stream = Stream::seeded(0, "batches", 0);
    let mut counts = HashMap::new();
    for _ in 0..draws {
        source.draw(&mut stream, &mut batch);
        assert_eq!(batch.y.len(), source.batch_size());
        // Whole samples, with their own targets.
        for (x, y) in batch.x.chunks(2).zip(&batch.y) {
            assert!(x[1] == -x[0] && *y == 10.0 * x[0]);
        }
        let order = batch.x.chunks(2).map(|x| x[0] as usize).collect();
        *counts.entry(order).or_default() += 1;
    }
    counts
}

/// Every ordered batch comes up, equally often, and no other does.
#[test]
fn all_batches_are_equally_likely() {
    let draws = 30_000;
    for (sampling, expected) in [
        (Sampling::WithReplacement(2), batches_with_replacement(4, 2)),
        (
            Sampling::WithoutReplacement(2),
            batches_without_replacement(4, 2),
        ),
        (
            Sampling::WithoutReplacement(3),
            batches_without_replacement(4, 3),
        ),
        // As many as there are at most.
        (
            Sampling::WithoutReplacement(9),
            batches_without_replacement(4, 4),
        ),
    ] {
        let counts = drawn(sampling, 4, draws);
        assert_eq!(counts.len(), expected.len());
        let p = 1.0 / expected.len() as f64;
        let deviation = libm::sqrt(f64::from(draws) * p * (1.0 - p));
        for batch in expected {
            let z = (f64::from(counts[&batch]) - f64::from(draws) * p) / deviation;
            assert!(z.abs() <= Z, "{sampling:?}, {batch:?}: z = {z}");
        }
    }
    let all = drawn(Sampling::Full, 4, 3);
    assert_eq!(all, HashMap::from([(vec![0, 1, 2, 3], 3)]));
}

#[test]
fn digits_as_data() {
    let data = Data::of(digits());
    assert_eq!((data.len(), data.inputs, data.targets), (1797, 64, 10));
    let samples = data.samples();
    // Pixels are sixteenths: nothing was rounded.
    for (z, exact) in samples.iter().zip(digits()) {
        assert!(z.input.iter().zip(&exact.input).all(|(a, b)| b == a));
        assert!(z.target.iter().zip(&exact.target).all(|(a, b)| b == a));
    }
    assert_eq!(data.sample(1796).0, samples[1796].input);
    assert!(!data.is_empty() && Data::of(&[]).is_empty() && Data::of(&[]).samples().is_empty());
}

/// Dyadic numbers under every root.
fn teacher() -> Teacher {
    Teacher {
        map: vec![1.0, -2.0, 0.5, 3.0, 0.0, 1.0, 2.0, -1.0],
        input_variance: vec![0.25, 1.0, 4.0, 16.0],
        label_variance: vec![2.0, 0.5],
        batch: 4,
    }
}

/// L = Tr[(A − V)Σ_x(A − V)ᵀ] + Tr Σ_ε, which all 4·2·2 numbers are exact in.
#[test]
fn moments_of_a_teacher() {
    let teacher = teacher();
    let data = teacher.moments();
    assert_eq!(data.len(), 16);
    let network = Network::new(&[4, 2], Activation::Identity);
    let theta = [2.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0];
    let mut expected = 2.5;
    for i in 0..8 {
        let off = theta[i] - teacher.map[i];
        expected += off * off * teacher.input_variance[i % 4];
    }
    assert_eq!(network.loss(&theta, &data), expected);
    let means = |rows: &[f64], width: usize| -> Vec<f64> {
        (0..width)
            .map(|j| rows.iter().skip(j).step_by(width).sum())
            .collect()
    };
    let residual: Vec<f64> = (0..16)
        .flat_map(|i| {
            let (x, y) = data.sample(i);
            let clean = |j: usize| (0..4).map(|k| teacher.map[j * 4 + k] * x[k]).sum::<f64>();
            [y[0] - clean(0), y[1] - clean(1)]
        })
        .collect();
    assert_eq!(means(&residual, 2), [0.0, 0.0]);
}

/// Second moments of fresh samples, each with the deviation of its estimate.
#[test]
fn fresh_samples_of_a_teacher() {
    let teacher = teacher();
    let source = Source::Fresh(&teacher);
    let (mut batch, mut stream) = (source.batch(), Stream::seeded(0, "teacher", 0));
    let rounds = 20_000_u32;
    let n = f64::from(rounds) * 4.0;
    let mut second = [[0.0; 6]; 6];
    for _ in 0..rounds {
        source.draw(&mut stream, &mut batch);
        for (x, y) in batch.x.chunks(4).zip(batch.y.chunks(2)) {
            let noise =
                [0, 1].map(|j| y[j] - (0..4).map(|k| teacher.map[j * 4 + k] * x[k]).sum::<f64>());
            let all: Vec<f64> = x.iter().chain(&noise).copied().collect();
            for (i, row) in second.iter_mut().enumerate() {
                for (j, entry) in row.iter_mut().enumerate() {
                    *entry += all[i] * all[j] / n;
                }
            }
        }
    }
    let variance = [0.25, 1.0, 4.0, 16.0, 2.0, 0.5];
    for i in 0..6 {
        for j in 0..=i {
            // Var(x_ix_j) is v_iv_j, and twice that for i = j.
            let (expected, factor) = if i == j {
                (variance[i], 2.0)
            } else {
                (0.0, 1.0)
            };
            let z = (second[i][j] - expected) / libm::sqrt(factor * variance[i] * variance[j] / n);
            assert!(z.abs() <= Z, "{i}, {j}: z = {z}");
        }
    }
}

/// A batch is drawn into the room of the last one.
#[test]
fn a_stream_decides_the_batches() {
    let data = numbered(100);
    let source = Source::Finite(&data, Sampling::WithReplacement(5));
    let batches = |index| {
        let (mut batch, mut stream) = (source.batch(), Stream::seeded(0, "decides", index));
        let mut seen = Vec::new();
        for _ in 0..3 {
            source.draw(&mut stream, &mut batch);
            seen.extend(bits(&batch.x));
        }
        seen
    };
    assert_eq!(batches(0), batches(0));
    assert_ne!(batches(0), batches(1));
}
