//! Deep linear networks (C4; C3 is depth 2).

use super::{List, identity, product, rows, transposed};
use crate::reference::regression::FORMAT;
use serde_json::json;

pub(super) fn add(to: &mut List) {
    to.add(
        "deep-linear",
        15,
        "C4: the balanced minimum of a deep linear network",
        |index, draw| {
            let depth = 2 + index % 5;
            let d = 1 + index / 3;
            let map = draw.matrix(d, d);
            // Positive definite: a square and a little more.
            let mut moment = |size: i64| {
                let root = draw.matrix(d, d);
                let mut square = product(&root, &transposed(&root));
                for (row, unit) in square.iter_mut().zip(identity(d)) {
                    for (x, one) in row.iter_mut().zip(unit) {
                        *x += one;
                        *x *= crate::scalar::Rational::from(size);
                    }
                }
                square
            };
            let (inputs, noise) = (moment(1), moment(1 + i64::from(index > 7)));
            let hidden: Vec<usize> = (1..depth).map(|layer| d + (index + layer) % 3).collect();
            json!({
                "format": FORMAT,
                "map": rows(&map),
                "inputs": rows(&inputs),
                "noise": rows(&noise),
                "hidden": hidden,
            })
        },
    );
}
