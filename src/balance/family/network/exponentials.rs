//! e^{2λ} at a temperature, one for each neuron.

use std::ops::Range;

/// An exponent as small as this may be split into two factors and put together again.
const CALM: f64 = 300.0;

/// The factors of all terms at some λ, at the temperature 2^heat.
pub struct Exponentials {
    /// 2λ/τ.
    exponents: Vec<f64>,
    /// e^{2λ/τ} and its reciprocal.
    rising: Vec<f64>,
    falling: Vec<f64>,
}

impl Exponentials {
    pub fn new(lambda: &[f64], heat: u32) -> Self {
        let scale = 2.0 / temperature(heat);
        let exponents: Vec<f64> = lambda.iter().map(|x| scale * x).collect();
        let rising: Vec<f64> = exponents.iter().map(|x| libm::exp(*x)).collect();
        let falling = rising.iter().map(|x| 1.0 / x).collect();
        Self {
            exponents,
            rising,
            falling,
        }
    }

    fn calm(&self, i: usize) -> bool {
        self.exponents[i].abs() <= CALM
    }

    /// e^{2(λ_a − λ_b)/τ}.
    pub fn ratio(&self, a: usize, b: usize) -> f64 {
        if self.calm(a) && self.calm(b) {
            self.rising[a] * self.falling[b]
        } else {
            libm::exp(self.exponents[a] - self.exponents[b])
        }
    }

    /// e^{2λ/τ} of one neuron against the outside, and its reciprocal.
    pub fn against_outside(&self, a: usize) -> (f64, f64) {
        (self.rising[a], self.falling[a])
    }

    /// e^{2(λ_row − λ_column)/τ} for each column where terms are rising, its reciprocal where
    /// they are falling.
    pub fn ratios(&self, row: usize, columns: Range<usize>, rising: bool, ratios: &mut [f64]) {
        if self.calm(row) && columns.clone().all(|column| self.calm(column)) {
            let (own, others) = if rising {
                (self.rising[row], &self.falling[columns])
            } else {
                (self.falling[row], &self.rising[columns])
            };
            for (ratio, other) in ratios.iter_mut().zip(others) {
                *ratio = own * other;
            }
        } else {
            for (ratio, column) in ratios.iter_mut().zip(columns) {
                let (above, below) = if rising { (row, column) } else { (column, row) };
                *ratio = self.ratio(above, below);
            }
        }
    }
}

/// A term at its ratio; what is not there stays 0 where the ratio overflows.
pub fn scaled(x: f64, ratio: f64) -> f64 {
    if x == 0.0 { 0.0 } else { x * ratio }
}

/// τ = 2^heat.
pub fn temperature(heat: u32) -> f64 {
    f64::from_bits((1023 + u64::from(heat)) << 52)
}
