//! Products of small matrices, the same to the last bit on every machine.
//!
//! Libraries for it choose fused multiply-adds where the processor has them, which
//! changes the bits. Here each entry is one sum in the order of its index; the compiler
//! is free to compute several entries at a time, in the widest registers that the
//! processor has: it never fuses what is written as two operations.

use pulp::{Arch, NullaryFnOnce};

/// Entries of a row that are computed together.
const WIDTH: usize = 8;
/// Rows that are computed together.
const HEIGHT: usize = 4;

/// Where the entries of a matrix lie: entry (i, j) at i·`row` + j·`column`.
#[derive(Clone, Copy)]
pub struct Strides {
    pub row: usize,
    pub column: usize,
}

impl Strides {
    /// A matrix of `columns` columns, row by row.
    pub fn rows(columns: usize) -> Self {
        Self {
            row: columns,
            column: 1,
        }
    }

    /// The transpose of a matrix of `columns` columns that is given row by row.
    pub fn transposed(columns: usize) -> Self {
        Self {
            row: 1,
            column: columns,
        }
    }
}

/// C = A B. B and C are given row by row, with `n` columns each; A has `inner` columns
/// and as many rows as C.
pub fn product(a: &[f64], strides: Strides, inner: usize, b: &[f64], n: usize, c: &mut [f64]) {
    Arch::new().dispatch(Product {
        a,
        strides,
        inner,
        b,
        n,
        c,
    });
}

struct Product<'a> {
    a: &'a [f64],
    strides: Strides,
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
        blocks(self.a, self.strides, self.inner, self.b, self.n, self.c);
    }
}

#[inline(always)]
fn blocks(a: &[f64], strides: Strides, inner: usize, b: &[f64], n: usize, c: &mut [f64]) {
    if n == 0 {
        return;
    }
    let mut blocks = c.chunks_exact_mut(n * HEIGHT);
    let mut i = 0;
    for block in &mut blocks {
        panel::<HEIGHT>(&a[i * strides.row..], strides, inner, b, n, block);
        i += HEIGHT;
    }
    for row in blocks.into_remainder().chunks_exact_mut(n) {
        panel::<1>(&a[i * strides.row..], strides, inner, b, n, row);
        i += 1;
    }
}

/// H rows of C.
#[inline(always)]
fn panel<const H: usize>(
    a: &[f64],
    strides: Strides,
    inner: usize,
    b: &[f64],
    n: usize,
    c: &mut [f64],
) {
    let whole = n - n % WIDTH;
    for j in (0..whole).step_by(WIDTH) {
        let mut total = [[0.0; WIDTH]; H];
        for k in 0..inner {
            let row = &b[k * n + j..k * n + j + WIDTH];
            for (h, total) in total.iter_mut().enumerate() {
                let factor = a[h * strides.row + k * strides.column];
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
        for h in 0..H {
            let terms = (0..inner).map(|k| a[h * strides.row + k * strides.column] * b[k * n + j]);
            c[h * n + j] = terms.fold(0.0, |total, x| total + x);
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
