//! The working precision: a scope in which [`Real`](super::Real) and
//! [`Ball`](super::Ball) compute, as in MPFR's own default and in mpmath.
//!
//! Numbers do not hand their precision on to results: an operation is done at the
//! precision of the scope it stands in, and so are constants and conversions. Integers,
//! 0 and 1 included, are exact wherever they are made.

use std::cell::Cell;

thread_local! {
    /// Bits of the innermost scope on this thread; 0 outside of all.
    static BITS: Cell<u32> = const { Cell::new(0) };
}

/// Runs `work` at a working precision of `bits` bits (at least 2). The scope is that of
/// the calling thread, and ends with `work` also when that unwinds.
pub fn at_precision<T>(bits: u32, work: impl FnOnce() -> T) -> T {
    struct Outer(u32);
    impl Drop for Outer {
        fn drop(&mut self) {
            BITS.set(self.0);
        }
    }
    let _outer = Outer(BITS.replace(bits.max(2)));
    work()
}

/// The working precision, in bits.
///
/// # Panics
///
/// Outside of [`at_precision`]: no precision is taken silently.
#[inline]
pub fn working_precision() -> u32 {
    let bits = BITS.get();
    assert!(
        bits != 0,
        "no working precision is stated: compute inside of at_precision(bits, ..)"
    );
    bits
}
