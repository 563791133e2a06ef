//! Dynamics in doubles: against exact arithmetic, against closed forms, and the same to
//! the last bit.

mod curvature;
mod data;
mod diffusion;
mod flow;
mod gradient;
mod normalised;
mod observable;
mod observation;
mod product;
mod random;
mod runs;
mod written_out;

/// Estimates may be this many standard deviations off. The seeds are fixed, so a test that
/// passes once always does; of the choices of a seed, one in 150 000 would fail a normal
/// estimate.
const Z: f64 = 4.5;

use noise_equilibrium::dynamics::Stream;

/// Whole numbers from −3 to 3: sums and products of a few of them are exact.
fn small(stream: &mut Stream, n: usize) -> Vec<f64> {
    (0..n).map(|_| stream.below(7) as f64 - 3.0).collect()
}

fn bits(numbers: &[f64]) -> Vec<u64> {
    numbers.iter().map(|x| x.to_bits()).collect()
}
