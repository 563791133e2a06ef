//! Products of small matrices, the same to the last bit on every machine.
//!
//! Libraries for it choose fused multiply-adds where the processor has them, which
//! changes the bits. Here each entry is one sum in the order of its index, of products
//! that are rounded; several entries are computed at a time, in the widest registers that
//! the processor has.

use pulp::{Arch, Simd, WithSimd};
use std::array::from_fn;

/// Rows that are computed together.
const HEIGHT: usize = 4;
/// Registers of a row that are computed together: with [`HEIGHT`] as many sums as hide an
/// addition's latency, which fit into the 16 registers of AVX2.
const REGISTERS: usize = 2;
/// Partial sums of a total, and rows that are transposed together.
const PARTS: usize = 8;

/// How the entries of a matrix lie.
#[derive(Clone, Copy)]
pub enum Layout {
    /// Row by row.
    Rows,
    /// Column by column: the transpose of a matrix that is given row by row.
    Columns,
}

/// C = A B with `inner` columns of A. B and C are given row by row, with `n` columns each.
pub fn product(a: &[f64], layout: Layout, inner: usize, b: &[f64], n: usize, c: &mut [f64]) {
    product_with(Arch::new(), a, layout, inner, b, n, c);
}

/// [`product`] in the instructions that are given.
pub fn product_with(
    instructions: Arch,
    a: &[f64],
    layout: Layout,
    inner: usize,
    b: &[f64],
    n: usize,
    c: &mut [f64],
) {
    if n == 0 {
        return;
    }
    let factors = Factors {
        a: &a[..c.len() / n * inner],
        layout,
        inner,
        b: &b[..inner * n],
        n,
    };
    instructions.dispatch(Product { factors, c });
}

#[derive(Clone, Copy)]
struct Factors<'a> {
    a: &'a [f64],
    layout: Layout,
    inner: usize,
    b: &'a [f64],
    n: usize,
}

struct Product<'a> {
    factors: Factors<'a>,
    c: &'a mut [f64],
}

impl WithSimd for Product<'_> {
    type Output = ();

    // This and what it calls is inlined into a function for each instruction set.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { factors, c } = self;
        let mut blocks = c.chunks_exact_mut(factors.n * HEIGHT);
        let mut i = 0;
        for block in &mut blocks {
            factors.rows::<HEIGHT, S>(simd, i, block);
            i += HEIGHT;
        }
        for row in blocks.into_remainder().chunks_exact_mut(factors.n) {
            factors.rows::<1, S>(simd, i, row);
            i += 1;
        }
    }
}

impl Factors<'_> {
    /// H rows of C, from row i on.
    #[inline(always)]
    fn rows<const H: usize, S: Simd>(self, simd: S, i: usize, c: &mut [f64]) {
        let Self { a, inner, .. } = self;
        match self.layout {
            Layout::Rows => {
                let rows: [&[f64]; H] = from_fn(|h| &a[(i + h) * inner..][..inner]);
                let entries = || (0..inner).map(|k| from_fn(|h| rows[h][k]));
                self.panel::<H, S, _>(simd, entries, c);
            }
            Layout::Columns => {
                let columns = a.chunks_exact((a.len() / inner.max(1)).max(1));
                let block = |column: &[f64]| from_fn(|h| column[i..i + H][h]);
                let entries = || columns.clone().map(block);
                self.panel::<H, S, _>(simd, entries, c);
            }
        }
    }

    /// H rows of C; `entries` are those rows of A, column by column.
    #[inline(always)]
    fn panel<const H: usize, S: Simd, I: Iterator<Item = [f64; H]>>(
        self,
        simd: S,
        entries: impl Fn() -> I,
        c: &mut [f64],
    ) {
        let Self { b, n, .. } = self;
        let j = self.columns::<H, REGISTERS, S, I>(simd, &entries, 0, c);
        let j = self.columns::<H, 1, S, I>(simd, &entries, j, c);
        if j < n {
            let mut total = [simd.splat_f64s(0.0); H];
            for (factors, row) in entries().zip(b.chunks_exact(n)) {
                let x = simd.partial_load_f64s(&row[j..]);
                for (factor, t) in factors.iter().zip(&mut total) {
                    *t = simd.add_f64s(*t, simd.mul_f64s(simd.splat_f64s(*factor), x));
                }
            }
            for (t, row) in total.iter().zip(c.chunks_exact_mut(n)) {
                simd.partial_store_f64s(&mut row[j..], *t);
            }
        }
    }

    /// As many columns of C from `from` on as fill R registers at a time. Returns where they end.
    #[inline(always)]
    fn columns<const H: usize, const R: usize, S: Simd, I: Iterator<Item = [f64; H]>>(
        self,
        simd: S,
        entries: &impl Fn() -> I,
        from: usize,
        c: &mut [f64],
    ) -> usize {
        let Self { b, n, .. } = self;
        let width = R * S::F64_LANES;
        let end = n - (n - from) % width;
        for j in (from..end).step_by(width) {
            let mut total = [[simd.splat_f64s(0.0); R]; H];
            for (factors, row) in entries().zip(b.chunks_exact(n)) {
                let (x, _) = S::as_simd_f64s(&row[j..j + width]);
                let x: [S::f64s; R] = from_fn(|r| x[r]);
                for (factor, total) in factors.iter().zip(&mut total) {
                    let factor = simd.splat_f64s(*factor);
                    for (t, x) in total.iter_mut().zip(x) {
                        *t = simd.add_f64s(*t, simd.mul_f64s(factor, x));
                    }
                }
            }
            for (total, row) in total.iter().zip(c.chunks_exact_mut(n)) {
                let (out, _) = S::as_mut_simd_f64s(&mut row[j..j + width]);
                out.copy_from_slice(total);
            }
        }
        end
    }
}

/// The transpose of a matrix of `columns` columns, both row by row.
pub fn transpose(m: &[f64], columns: usize, out: &mut [f64]) {
    let rows = m.len() / columns.max(1);
    let mut i = 0;
    while i + PARTS <= rows {
        turn::<PARTS>(m, columns, rows, i, out);
        i += PARTS;
    }
    for i in i..rows {
        turn::<1>(m, columns, rows, i, out);
    }
}

/// H of `rows` rows, from row i on, become columns.
fn turn<const H: usize>(m: &[f64], columns: usize, rows: usize, i: usize, out: &mut [f64]) {
    let block: [&[f64]; H] = from_fn(|h| &m[(i + h) * columns..][..columns]);
    for (j, row) in out.chunks_exact_mut(rows).take(columns).enumerate() {
        let entries: [f64; H] = from_fn(|h| block[h][j]);
        row[i..i + H].copy_from_slice(&entries);
    }
}

/// Σx², added up in as many partial sums as there are entries computed together: a single
/// one would wait for each of its additions.
pub fn sum_of_squares(v: &[f64]) -> f64 {
    Arch::new().dispatch(|| {
        let mut total = [0.0; PARTS];
        let blocks = v.chunks_exact(PARTS);
        let rest = blocks.remainder().iter().fold(0.0, |t, x| t + x * x);
        for block in blocks {
            for (t, x) in total.iter_mut().zip(block) {
                *t += x * x;
            }
        }
        total.iter().fold(rest, |sum, t| sum + t)
    })
}
