//! The same work for each of several blocks, in parallel where rayon is at hand. Results
//! come in the order of the blocks, so that sums over them do not depend on the threads.

#[cfg(any(feature = "arrays", feature = "theorems"))]
use rayon::prelude::*;

#[cfg(any(feature = "arrays", feature = "theorems"))]
pub fn each<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync + Send) -> Vec<R> {
    items.par_iter().map(work).collect()
}

#[cfg(any(feature = "arrays", feature = "theorems"))]
pub fn each_mut<T: Send, R: Send>(
    items: &mut [T],
    work: impl Fn(&mut T) -> R + Sync + Send,
) -> Vec<R> {
    items.par_iter_mut().map(work).collect()
}

#[cfg(not(any(feature = "arrays", feature = "theorems")))]
pub fn each<T, R>(items: &[T], work: impl Fn(&T) -> R) -> Vec<R> {
    items.iter().map(work).collect()
}

#[cfg(not(any(feature = "arrays", feature = "theorems")))]
pub fn each_mut<T, R>(items: &mut [T], work: impl Fn(&mut T) -> R) -> Vec<R> {
    items.iter_mut().map(work).collect()
}
