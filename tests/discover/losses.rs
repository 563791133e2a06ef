//! Any `Loss` written in Rust: the built-in ones, with and without their symmetry.

use noise_equilibrium::discovery::{Ansatz, Discovery, Subject, discover};
use noise_equilibrium::model::{
    Activation, Adapter, Attention, Deep, DiagonalLinear, Loss, ScaleInvariant, Symmetric, Twin,
};
use noise_equilibrium::scalar::{Rational, parse_exact};

fn symmetric<L: Loss + Sync>(loss: &L, shape: (usize, usize)) -> Discovery {
    discover(&Subject::loss(loss, shape), Ansatz::Symmetric, 7).expect("symmetries")
}

/// The loss has `count` symmetric generators, all those that it claims among them, and
/// broken by a billionth it has none of them left.
fn check<L: Symmetric + Sync + Clone>(loss: &L, count: usize) {
    let found = symmetric(loss, loss.shape());
    assert_eq!(found.symmetries.len(), count);
    let d = loss.dim();
    let matrix = |apply: &dyn Fn(&[Rational]) -> Vec<Rational>| -> Vec<Vec<Rational>> {
        let unit = |j: usize| (0..d).map(move |k| Rational::from(i32::from(k == j)));
        (0..d)
            .map(|j| apply(&unit(j).collect::<Vec<_>>()))
            .collect()
    };
    let span: Vec<Vec<Rational>> = found
        .symmetries
        .iter()
        .map(|symmetry| matrix(&|v| symmetry.at(v)).concat())
        .collect();
    let rank = |rows: &[Vec<Rational>]| noise_equilibrium::symmetry::row_space(rows).len();
    assert_eq!(rank(&span), count);
    for claimed in loss.symmetries() {
        let mut rows = span.clone();
        rows.push(matrix(&|v| claimed.apply(v)).concat());
        assert_eq!(rank(&rows), count, "{claimed:?}");
    }
    let twin = Twin {
        loss: loss.clone(),
        asymmetry: parse_exact("1e-9").expect("a number"),
    };
    assert!(symmetric(&twin, loss.shape()).symmetries.len() < count);
}

#[test]
fn networks() {
    let deep = |widths: &[usize], activation| Deep {
        widths: widths.to_vec(),
        activation,
    };
    check(&deep(&[2, 2, 2], Activation::Identity), 3);
    check(&deep(&[2, 2, 2, 2], Activation::Identity), 6);
    let relu = |slope: &str| Activation::LeakyRelu {
        slope: parse_exact(slope).expect("a number"),
    };
    check(&deep(&[2, 3, 2], relu("0")), 3);
    check(&deep(&[2, 2, 2, 1], relu("1/8")), 4);
    let tanh = deep(&[1, 2, 1], Activation::Tanh);
    assert!(symmetric(&tanh, tanh.shape()).symmetries.is_empty());
}

#[test]
fn others() {
    check(
        &DiagonalLinear {
            depth: 3,
            inputs: 2,
        },
        4,
    );
    for (per_row, count) in [(false, 1), (true, 2)] {
        let normalised = ScaleInvariant {
            inputs: 2,
            outputs: 2,
            per_row,
        };
        check(&normalised, count);
    }
}

#[test]
fn attention() {
    let attention = Attention {
        tokens: 2,
        embedding: 2,
        head: 2,
        outputs: 2,
    };
    let found = symmetric(&attention, attention.shape());
    // GL(2) on queries and keys, GL(2) on values and outputs.
    assert_eq!(found.symmetries.len(), 6);
    assert_eq!(found.groups.len(), 2);
    assert_eq!(found.laws, 6);
}

#[test]
fn adapters() {
    let adapter = Adapter {
        factor: Deep {
            widths: vec![2, 2, 2],
            activation: Activation::Identity,
        },
        frozen: (0..4).map(|k| Rational::from(k - 1)).collect(),
    };
    check(&adapter, 3);
}
