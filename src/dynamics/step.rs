//! One step in any number system, and the batches it can be taken along.

use crate::scalar::Field;

/// One step of (stochastic) gradient descent with weight decay:
/// θ − η(g + 2γθ), for the loss L + γ‖θ‖² (T5).
pub fn step<S: Field>(theta: &[S], gradient: &[S], learning_rate: &S, gamma: &S) -> Vec<S> {
    let decay = S::from_int(2) * gamma;
    theta
        .iter()
        .zip(gradient)
        .map(|(x, g)| x.clone() - (decay.clone() * x + g) * learning_rate)
        .collect()
}

/// Every ordered batch of `size` among `n` samples, drawn with replacement; all are
/// equally likely.
pub fn batches_with_replacement(n: usize, size: usize) -> Vec<Vec<usize>> {
    (0..size).fold(vec![Vec::new()], |batches, _| {
        let extend = |batch: Vec<usize>| {
            (0..n).map(move |i| batch.iter().copied().chain([i]).collect::<Vec<_>>())
        };
        batches.into_iter().flat_map(extend).collect()
    })
}

/// Every ordered batch of `size` distinct samples among `n`; all are equally likely.
pub fn batches_without_replacement(n: usize, size: usize) -> Vec<Vec<usize>> {
    let distinct = |batch: &Vec<usize>| (1..batch.len()).all(|i| !batch[..i].contains(&batch[i]));
    batches_with_replacement(n, size)
        .into_iter()
        .filter(distinct)
        .collect()
}
