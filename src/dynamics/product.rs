//! Products of small matrices, the same to the last bit on every machine.
//!
//! Libraries for it choose fused multiply-adds where the processor has them, which
//! changes the bits. Here each entry is one sum in the order of its index; the compiler
//! is free to compute several entries at a time, in the widest registers that the
//! processor has: it never fuses what is written as two operations.

use pulp::{Arch, NullaryFnOnce};
use std::array::from_fn;

/// Entries of a row that are computed together.
const WIDTH: usize = 8;
/// Rows that are computed together.
const HEIGHT: usize = 4;

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
    let (a, b) = (&a[..c.len() / n.max(1) * inner], &b[..inner * n]);
    Arch::new().dispatch(Product {
        a,
        layout,
        inner,
        b,
        n,
        c,
    });
}

struct Product<'a> {
    a: &'a [f64],
    layout: Layout,
    inner: usize,
    b: &'a [f64],
    n: usize,
    c: &'a mut [f64],
}

impl NullaryFnOnce for Product<'_> {
    type Output = ();

    // Inlined into a function for each instruction set.
    #[inline(always)]
    fn call(self) {
        if self.n == 0 {
            return;
        }
        let mut blocks = self.c.chunks_exact_mut(self.n * HEIGHT);
        let mut i = 0;
        for block in &mut blocks {
            block_of::<HEIGHT>(self.a, self.layout, (self.inner, i), self.b, self.n, block);
            i += HEIGHT;
        }
        for row in blocks.into_remainder().chunks_exact_mut(self.n) {
            block_of::<1>(self.a, self.layout, (self.inner, i), self.b, self.n, row);
            i += 1;
        }
    }
}

/// H rows of C, from row i on.
#[inline(always)]
fn block_of<const H: usize>(
    a: &[f64],
    layout: Layout,
    (inner, i): (usize, usize),
    b: &[f64],
    n: usize,
    c: &mut [f64],
) {
    match layout {
        Layout::Rows => {
            let rows: [&[f64]; H] = from_fn(|h| &a[(i + h) * inner..][..inner]);
            let entries = || (0..inner).map(|k| from_fn(|h| rows[h][k]));
            panel::<H, _>(entries, b, n, c);
        }
        Layout::Columns => {
            let columns = a.chunks_exact((a.len() / inner.max(1)).max(1));
            let entries = || {
                columns
                    .clone()
                    .map(|column| from_fn(|h| column[i..i + H][h]))
            };
            panel::<H, _>(entries, b, n, c);
        }
    }
}

/// H rows of C; `entries` are those rows of A, column by column.
#[inline(always)]
fn panel<const H: usize, I: Iterator<Item = [f64; H]>>(
    entries: impl Fn() -> I,
    b: &[f64],
    n: usize,
    c: &mut [f64],
) {
    let whole = n - n % WIDTH;
    for j in (0..whole).step_by(WIDTH) {
        let mut total = [[0.0; WIDTH]; H];
        for (factors, row) in entries().zip(b.chunks_exact(n)) {
            let row = &row[j..j + WIDTH];
            for (factor, total) in factors.iter().zip(&mut total) {
                for (t, x) in total.iter_mut().zip(row) {
                    *t += factor * x;
                }
            }
        }
        for (h, total) in total.iter().enumerate() {
            c[h * n + j..h * n + j + WIDTH].copy_from_slice(total);
        }
    }
    for j in whole..n {
        let mut total = [0.0; H];
        for (factors, row) in entries().zip(b.chunks_exact(n)) {
            for (factor, t) in factors.iter().zip(&mut total) {
                *t += factor * row[j];
            }
        }
        for (h, t) in total.iter().enumerate() {
            c[h * n + j] = *t;
        }
    }
}

/// The transpose of a matrix of `columns` columns, both row by row.
pub fn transpose(m: &[f64], columns: usize, out: &mut [f64]) {
    let rows = m.len() / columns.max(1);
    let turned = out[..m.len()].chunks_exact_mut(rows.max(1));
    for (j, column) in turned.enumerate() {
        for (x, entry) in column.iter_mut().zip(m[j..].iter().step_by(columns)) {
            *x = *entry;
        }
    }
}

/// Σx², added up in as many partial sums as there are entries computed together: a single
/// one would wait for each of its additions.
pub fn sum_of_squares(v: &[f64]) -> f64 {
    Arch::new().dispatch(|| {
        let mut total = [0.0; WIDTH];
        let blocks = v.chunks_exact(WIDTH);
        let rest = blocks.remainder().iter().fold(0.0, |t, x| t + x * x);
        for block in blocks {
            for (t, x) in total.iter_mut().zip(block) {
                *t += x * x;
            }
        }
        total.iter().fold(rest, |sum, t| sum + t)
    })
}
