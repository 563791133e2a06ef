//! Products in every set of instructions that the processor has: the same bits, which are
//! those of the sums written out. The file itself is taken in here; it is private.

#[allow(dead_code)]
#[path = "../../src/dynamics/product.rs"]
mod private;

use crate::bits;
use noise_equilibrium::dynamics::Stream;
use private::{Layout, product_with};
use pulp::Arch;

/// What the processor has, down to instructions on single numbers.
fn instruction_sets() -> Vec<Arch> {
    let mut sets = vec![Arch::Scalar];
    #[cfg(target_arch = "x86_64")]
    {
        sets.extend(pulp::x86::V3::try_new().map(Arch::V3));
        sets.extend(pulp::x86::V4::try_new().map(Arch::V4));
    }
    #[cfg(target_arch = "aarch64")]
    sets.extend(pulp::aarch64::Neon::try_new().map(Arch::Neon));
    sets
}

#[test]
fn the_same_bits_in_every_set_of_instructions() {
    let mut stream = Stream::seeded(1, "product", 0);
    for (rows, inner, n) in [
        (1, 1, 1),
        (4, 3, 8),
        (5, 7, 10),
        (9, 16, 16),
        (3, 5, 17),
        (8, 33, 25),
        (13, 2, 31),
        (32, 32, 32),
    ] {
        let (a, b) = (
            stream.normals(rows * inner, 1.0),
            stream.normals(inner * n, 1.0),
        );
        let turned: Vec<f64> = (0..inner * rows)
            .map(|k| a[k % rows * inner + k / rows])
            .collect();
        let entry = |i: usize, j: usize| {
            (0..inner).fold(0.0, |total, k| total + a[i * inner + k] * b[k * n + j])
        };
        let expected: Vec<f64> = (0..rows * n).map(|k| entry(k / n, k % n)).collect();
        // Two roundings are another number than one: the order and the rounding show.
        let fused = |i: usize, j: usize| {
            (0..inner).fold(0.0, |total, k| {
                libm::fma(a[i * inner + k], b[k * n + j], total)
            })
        };
        let fused: Vec<f64> = (0..rows * n).map(|k| fused(k / n, k % n)).collect();
        assert!(inner < 5 || bits(&fused) != bits(&expected));
        for set in instruction_sets() {
            for (a, layout) in [(&a, Layout::Rows), (&turned, Layout::Columns)] {
                let mut c = vec![f64::NAN; rows * n];
                product_with(set, a, layout, inner, &b, n, &mut c);
                assert_eq!(bits(&c), bits(&expected), "{set:?}, {rows} × {inner} × {n}");
            }
        }
    }
}
