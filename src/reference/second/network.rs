//! The balanced minimum of a deep linear network by the closed form C4 as it stands, through
//! singular values, and whether it is one.

use crate::reference::regression::DeepLinear;
use crate::scalar::{Ball, Field, Rational, Real};
use nalgebra::DMatrix;
use rug::Float;
use std::collections::BTreeMap;

/// The working precision.
pub(super) const BITS: u32 = 768;

/// Rounding stays below this, relative to the largest entry beside it.
const SMALL: u32 = BITS - BITS / 4;

/// ρ and the Gram matrices of the outer layers, by their places in a solution. They are no
/// enclosures: each is given with 2^{−SMALL} of the largest entry as its radius.
pub(super) fn numbers(deep: &DeepLinear) -> Result<BTreeMap<String, Ball>, String> {
    let found = deep.data.convert::<Real>().balanced_minimum(&deep.hidden);
    let found = found.map_err(|error| error.to_string())?;
    check(deep, &found.layers)?;
    let (Some(first), Some(last)) = (found.layers.first(), found.layers.last()) else {
        return Err("no layers".to_owned());
    };
    let mut numbers = BTreeMap::new();
    let rho = DMatrix::from_element(1, 1, found.rho.clone());
    numbers.insert("rho".to_owned(), around(&rho, 0, 0));
    for (field, gram) in [
        ("first_gram", first.transpose() * first),
        ("last_gram", last * last.transpose()),
    ] {
        for i in 0..gram.nrows() {
            for j in 0..gram.ncols() {
                numbers.insert(format!("{field}[{i}][{j}]"), around(&gram, i, j));
            }
        }
    }
    Ok(numbers)
}

fn around(m: &DMatrix<Real>, i: usize, j: usize) -> Ball {
    let radius = Float::with_val(64, m.amax().as_float()) >> SMALL;
    Ball::point(m[(i, j)].as_float()).widen(&radius)
}

/// The product is V, and q_{i+1}P_i = p_{i−1}Q_i at every hidden layer.
fn check(deep: &DeepLinear, layers: &[DMatrix<Real>]) -> Result<(), String> {
    let convert = |m: &DMatrix<Rational>| m.map(|q| Real::from_rational(&q));
    let [map, inputs, noise] = [&deep.data.map, &deep.data.inputs, &deep.data.noise].map(convert);
    let d = map.nrows();
    let small = Real::from_float(Float::with_val(BITS, 1) >> SMALL);
    let close = |a: &DMatrix<Real>, b: &DMatrix<Real>| {
        (a - b).amax() <= small.clone() * (a.amax() + b.amax())
    };
    // E[h_ih_iᵀ] from the input on, and BᵀΣ_εB from the output back.
    let mut before = vec![inputs];
    for layer in layers {
        let last = &before[before.len() - 1];
        before.push(layer * last * layer.transpose());
    }
    let mut behind = vec![noise];
    for layer in layers.iter().rev() {
        let last = &behind[behind.len() - 1];
        behind.push(layer.transpose() * last * layer);
    }
    behind.reverse();
    for i in 1..layers.len() {
        let left = before[i].map(|x| x * behind[i + 1].trace());
        let right = behind[i].map(|x| x * before[i - 1].trace());
        if !close(&left, &right) {
            return Err(format!("hidden layer {i} is not balanced"));
        }
    }
    let product = layers
        .iter()
        .fold(DMatrix::identity(d, d), |total, layer| layer * total);
    if close(&product, &map) {
        Ok(())
    } else {
        Err("the layers do not multiply to the map".to_owned())
    }
}
