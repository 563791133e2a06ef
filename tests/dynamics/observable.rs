//! What is measured, in whole numbers that round nowhere.

use crate::small;
use nalgebra::DMatrix;
use noise_equilibrium::balance::{Strength, setting::Setting};
use noise_equilibrium::dynamics::{Network, Stream, alignment, charge, pair_sides};
use noise_equilibrium::model::Activation;
use noise_equilibrium::scalar::Rational;
use std::sync::LazyLock;

static STRENGTH: LazyLock<Strength<f64>> = LazyLock::new(|| Strength::new(0.25, 0.5).unwrap());

fn directions(r: usize) -> Vec<DMatrix<f64>> {
    let pairs = (0..r).flat_map(|i| (0..=i).map(move |j| (i, j)));
    pairs
        .map(|(i, j)| {
            DMatrix::from_fn(r, r, |a, b| f64::from((a, b) == (i, j) || (a, b) == (j, i)))
        })
        .collect()
}

/// G of the generator of S is Tr[S·2(N − M)], and its charge Tr[S·C].
#[test]
fn the_two_sides_hold_every_generator() {
    for widths in [&[3, 2, 4][..], &[2, 3, 1, 2], &[1, 2, 3, 2]] {
        let network = Network::new(widths, Activation::Identity);
        let model = network.model();
        let mut stream = Stream::seeded(4, "sides", widths.len() as u64);
        let theta = small(&mut stream, network.dim());
        let gradients: Vec<Vec<f64>> = (0..4).map(|_| small(&mut stream, network.dim())).collect();
        let setting = Setting {
            theta: theta.clone(),
            gradients: gradients.clone(),
            strength: STRENGTH.clone(),
        };
        let mut seen = 0;
        for l in 1..network.layers() {
            let (m, n) = pair_sides(&network, &theta, &gradients, &STRENGTH, l);
            let c = charge(&network, &theta, l);
            for s in directions(widths[l]) {
                let rows: Vec<Vec<Rational>> = s
                    .row_iter()
                    .map(|row| row.iter().map(|x| Rational::from(*x as i64)).collect())
                    .collect();
                let generator = model.turning(l, &rows).expect("symmetric");
                let balance = setting.balance(&generator);
                assert_eq!(
                    (&s * (&n - &m)).trace() * 2.0,
                    balance,
                    "{widths:?}, {l}, {s}"
                );
                assert_eq!((&s * &c).trace(), generator.charge(&theta));
                seen += usize::from(balance != 0.0);
            }
        }
        assert!(seen >= 3, "{seen} generators that are off balance");
    }
}

#[test]
fn alignments() {
    let p = DMatrix::from_row_slice(2, 2, &[3.0, 0.0, 0.0, 4.0]);
    let q = DMatrix::from_row_slice(2, 2, &[0.0, 1.0, 1.0, 0.0]);
    assert_eq!(alignment(&p, &p), 1.0);
    assert_eq!(alignment(&p, &(&p * -2.0)), -1.0);
    assert_eq!(alignment(&p, &q), 0.0);
    assert_eq!(alignment(&p, &DMatrix::zeros(2, 2)), 0.0);
    let half = DMatrix::from_row_slice(2, 2, &[5.0, 0.0, 0.0, 0.0]);
    assert_eq!(alignment(&p, &half), 0.6);
}
