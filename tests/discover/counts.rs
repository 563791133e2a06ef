//! How many independent charges networks have, against what is published and against the
//! rank of the published laws.

use crate::{Network, affine, charges, network, search};
use noise_equilibrium::discovery::Ansatz;
use noise_equilibrium::scalar::Rational;
use noise_equilibrium::symmetry::row_space;

/// The rank of the published laws at a point: the gradients of all entries of
/// W_lW_lᵀ − W_{l+1}ᵀW_{l+1}, computed here, without the search.
fn published_linear(widths: &[usize]) -> usize {
    let sizes: Vec<usize> = widths.windows(2).map(|pair| pair[0] * pair[1]).collect();
    let offset = |l: usize| -> usize { sizes[..l].iter().sum() };
    let d: usize = sizes.iter().sum();
    // Some point without a pattern.
    let theta: Vec<Rational> = (0..d as i64)
        .map(|k| Rational::from(k * k * 7919 % 1009 - 400))
        .collect();
    let place = |l: usize, i: usize, j: usize| offset(l) + i * widths[l] + j;
    let mut rows = Vec::new();
    for l in 0..widths.len() - 2 {
        for a in 0..widths[l + 1] {
            for b in 0..=a {
                let mut gradient = vec![Rational::new(); d];
                for j in 0..widths[l] {
                    gradient[place(l, a, j)] += &theta[place(l, b, j)];
                    gradient[place(l, b, j)] += &theta[place(l, a, j)];
                }
                for i in 0..widths[l + 2] {
                    gradient[place(l + 1, i, a)] -= &theta[place(l + 1, i, b)];
                    gradient[place(l + 1, i, b)] -= &theta[place(l + 1, i, a)];
                }
                rows.push(gradient);
            }
        }
    }
    row_space(&rows).len()
}

fn laws(widths: &[usize], activation: &str) -> usize {
    let network: Network = network(widths, activation);
    let symmetric = network.search(Ansatz::Symmetric).laws;
    // Offsets and everything else add none.
    assert_eq!(
        network.search(Ansatz::Affine).laws,
        symmetric,
        "{widths:?} {activation}"
    );
    symmetric
}

#[test]
fn linear_networks_have_as_many_as_published() {
    for widths in [
        &[1, 1, 1][..],
        &[2, 1, 3],
        &[2, 2, 2],
        &[2, 3, 2],
        &[1, 2, 1],
        &[1, 4, 1],
        &[2, 5, 1],
        &[2, 2, 2, 2],
        &[3, 2, 2, 2],
        &[2, 2, 3, 2],
        &[1, 3, 2, 1],
        &[1, 2, 3, 1],
        &[2, 2, 2, 2, 2],
    ] {
        assert_eq!(laws(widths, ""), published_linear(widths), "{widths:?}");
    }
}

/// Of two layers it is ½ k(2r + 1 − k), k = min(r, n + m): S ↦ (US, −SW) annihilates the S
/// with [Uᵀ W] S = 0.
#[test]
fn two_layers_have_a_closed_form() {
    for [n, r, m] in [[1, 1, 1], [2, 2, 2], [1, 4, 1], [2, 5, 1], [3, 4, 2]] {
        let k = r.min(n + m);
        assert_eq!(published_linear(&[n, r, m]), k * (2 * r + 1 - k) / 2);
    }
}

#[test]
fn relu_networks_have_one_a_neuron() {
    for widths in [
        &[2, 3, 2][..],
        &[1, 2, 1],
        &[3, 2, 1],
        &[2, 2, 3, 2],
        &[2, 2, 2, 2, 1],
    ] {
        let hidden: usize = widths[1..widths.len() - 1].iter().sum();
        assert_eq!(laws(widths, "relu"), hidden, "{widths:?}");
    }
}

/// A bias counts with the weights of its neuron.
#[test]
fn biases_add_none() {
    let text = "(v[1]*relu(w[1]*x + b[1]) + v[2]*relu(w[2]*x + b[2]) - y)^2";
    let parameters = "v[1..2] w[1..2] b[1..2]";
    let found = affine(text, parameters, "x y");
    assert_eq!(found.laws, 2);
    assert_eq!(charges(&found, parameters)[0], "v[1]^2 - w[1]^2 - b[1]^2");
    // The last layer's bias, with an error of all the same scale, has none of its own.
    let found = affine(
        &text.replace("- y", "+ c - y"),
        "v[1..2] w[1..2] b[1..2] c",
        "x y",
    );
    assert_eq!(found.laws, 2);
}

/// Layers behind a normalisation, each with a norm of its own: one law each.
#[test]
fn normalised_layers_have_one_a_norm() {
    // Weights divided by their norm; a batch of two divided by its spread.
    for (text, parameters, data, laws) in [
        (
            "(g*(w1*x1 + w2*x2)/sqrt(w1^2 + w2^2) - y)^2",
            "g w1 w2",
            "x1 x2 y",
            1,
        ),
        (
            "(a*(w1*x1 + w2*x2)/sqrt((w1*x1 + w2*x2)^2 + (w1*z1 + w2*z2)^2) - y)^2",
            "a w1 w2",
            "x1 x2 z1 z2 y",
            1,
        ),
        (
            "((w1*x1 + w2*x2)/sqrt(w1^2 + w2^2) + (v1*x1 + v2*x2)/sqrt(v1^2 + v2^2) - y)^2",
            "w1 w2 v1 v2",
            "x1 x2 y",
            2,
        ),
        // With the ε of practice there is none.
        (
            "((w1*x1 + w2*x2)/sqrt(w1^2 + w2^2 + 1/100000) - y)^2",
            "w1 w2",
            "x1 x2 y",
            0,
        ),
    ] {
        assert_eq!(affine(text, parameters, data).laws, laws, "{text}");
    }
}

/// Scores QᵀK and values OV between tokens of two numbers, the softmax over two of them.
#[test]
fn attention_has_those_of_its_two_pairs() {
    // Heads of dimension 1; losses.rs has one of dimension 2.
    let head = |k: usize| {
        let score =
            |z: &str| format!("(q[{k},1]*x[1]+q[{k},2]*x[2])*(k[{k},1]*{z}[1]+k[{k},2]*{z}[2])");
        let value = |z: &str| format!("o[{k}]*(v[{k},1]*{z}[1]+v[{k},2]*{z}[2])");
        let (a, b) = (score("x"), score("z"));
        format!(
            "({}*exp({a})+{}*exp({b}))/(exp({a})+exp({b}))",
            value("x"),
            value("z")
        )
    };
    let data = "x[1..2] z[1..2] y";
    let found = affine(
        &format!("({} - y)^2", head(1)),
        "q[1..1,1..2] k[1..1,1..2] v[1..1,1..2] o[1]",
        data,
    );
    assert_eq!(found.laws, 2);
    let two = format!("({} + {} - y)^2", head(1), head(2));
    let found = search(
        &two,
        "q[1..2,1..2] k[1..2,1..2] v[1..2,1..2] o[1..2]",
        data,
        Ansatz::Symmetric,
    );
    assert_eq!(found.laws, 4);
}

#[test]
fn a_tanh_network_has_none() {
    assert_eq!(laws(&[1, 2, 1], "tanh"), 0);
}
