//! Many spectra of doubles at once.
//!
//! The spectra lie side by side in the lanes of vector instructions, one to a lane, and sums
//! run over the terms of each lane, in their order. So the bits depend neither on the
//! instructions nor on the neighbours.
//!
//! 1. Newton's method on H = ln U − ln D, kept inside a bracket, with exponentials to
//!    some 10 digits, until λ is known to about as many.
//! 2. One evaluation of G with 20 digits at that λ, of which the first 26 bits are taken so
//!    that exponents are exact; from there λ\* is Newton's correction of the third order.

use super::pulls::Equilibrium;
use super::solve::{SolveError, solve};
use super::spectrum::{BalanceEquation, Term};
use crate::scalar::Instructions;
use crate::scalar::lanes::{Kernel, Split, exp, head, rough_exp, two_sum};
use std::array::from_fn;
use std::f64::consts::LN_2;

/// Spectra that are solved together: two registers of the widest instructions, so that one
/// does not wait for the other.
const LANES: usize = 16;
/// One number to a lane.
type Lanes = [f64; LANES];

/// Spectra of more terms are left to [`solve`].
const MOST_TERMS: usize = 4096;
/// Rates other than 0 lie between 2^−40 and 2^40, powers and strengths between 2^−100 and
/// 2^100; then weights lie between 2^−242 and 2^242.
const RATES: f64 = (1_u64 << 40) as f64;
const POWERS: f64 = (1_u128 << 100) as f64;
/// The largest |rλ|: with a weight, its tail and r², e^{rλ} stays between 2^−920 and 2^920.
const EXPONENT: f64 = 400.0;

/// Steps of the first kind, and evaluations of the second, before [`solve`] takes over.
const ROUGH_STEPS: usize = 40;
const EXACT_STEPS: usize = 4;
/// The |H| from which one more step makes λ as good as the rough exponentials are.
const NEAR: f64 = 1.0 / (1 << 12) as f64;
/// What the correction may miss, as a fraction of λ and of (U + D)/|G′|.
const TINY: f64 = 1.0 / (1_u64 << 57) as f64;
const TINIER: f64 = 1.0 / (1_u128 << 71) as f64;
/// The rounding of a correction, as a fraction of it: sums of 4096 positive terms.
const ROUNDING: f64 = 1.0 / (1_u64 << 40) as f64;
/// The largest |rδ|: over that distance slopes change by less than half a percent.
const NARROW: f64 = 1.0 / 256.0;

/// [`solve`] for many spectra: the same statuses and errors, in their order, in a fraction of
/// the time, and closer to λ\*.
///
/// Let κ = (U + D)/|λ\*G′(λ\*)|: if each noise and charge changes by a fraction ε, λ\*
/// changes by at most the fraction κε. With n terms the error is at most 5/8 units in the last
/// place and 2^−69 (1 + n/256) κ|λ\*|: at most two units while κ (1 + n/256) ≤ 2^16.
///
/// That holds for spectra of at most 4096 terms whose rates are 0 or between 2^±40, noise,
/// charge and strengths 0 or between 2^±100, with 2|μλ\*| ≤ 400 in all live terms. All others,
/// and the rare one whose iteration does not come to an end, are given to [`solve`] one by one.
pub fn solve_many(balances: &[BalanceEquation<f64>]) -> Vec<Result<Equilibrium<f64>, SolveError>> {
    solve_many_in(Instructions::widest(), balances)
}

/// [`solve_many`] in the instructions that are given. The bits are the same in all.
pub fn solve_many_in(
    instructions: Instructions,
    balances: &[BalanceEquation<f64>],
) -> Vec<Result<Equilibrium<f64>, SolveError>> {
    let mut lambdas = vec![f64::NAN; balances.len()];
    let length = |&index: &usize| balances[index].spectrum.terms().len();
    let mut order: Vec<usize> = (0..balances.len())
        .filter(|index| (1..=MOST_TERMS).contains(&length(index)))
        .collect();
    // Lanes beside each other are as long as the longest.
    order.sort_by_key(length);
    let mut group = Group::default();
    for members in order.chunks(LANES) {
        group.load(balances, members);
        instructions.run(&mut group);
        for (&index, lambda) in members.iter().zip(group.found) {
            lambdas[index] = lambda;
        }
    }
    let result = |(balance, lambda): (&BalanceEquation<f64>, f64)| {
        if lambda.is_nan() {
            solve(balance)
        } else {
            Ok(Equilibrium::Finite(lambda))
        }
    };
    balances.iter().zip(lambdas).map(result).collect()
}

/// One term in every lane: w e^{−rλ} of U and w e^{rλ} of D. First the rate, the noise and
/// the charge stand where r and the heads of the two w will be.
#[derive(Clone)]
struct Row {
    r: Lanes,
    up_head: Lanes,
    up_tail: Lanes,
    down_head: Lanes,
    down_tail: Lanes,
}

const ZERO: Row = Row {
    r: [0.0; LANES],
    up_head: [0.0; LANES],
    up_tail: [0.0; LANES],
    down_head: [0.0; LANES],
    down_tail: [0.0; LANES],
};

#[derive(Default)]
struct Group {
    rows: Vec<Row>,
    /// 2σ² and 4γ.
    noise_factor: Lanes,
    charge_factor: Lanes,
    /// λ\*; NaN where it was not found.
    found: Lanes,
}

impl Group {
    fn load(&mut self, balances: &[BalanceEquation<f64>], members: &[usize]) {
        let terms = |&index: &usize| balances[index].spectrum.terms();
        let longest = members.iter().map(|index| terms(index).len()).max();
        self.rows.clear();
        self.rows.resize(longest.unwrap_or(0), ZERO);
        for (lane, index) in members.iter().enumerate() {
            let strength = &balances[*index].strength;
            self.noise_factor[lane] = 2.0 * strength.sigma2;
            self.charge_factor[lane] = 4.0 * strength.gamma;
            for (row, term) in self.rows.iter_mut().zip(terms(index)) {
                let Term {
                    rate,
                    noise,
                    charge,
                } = *term;
                row.r[lane] = rate;
                row.up_head[lane] = noise;
                row.down_head[lane] = charge;
            }
        }
    }
}

/// 0, or not negative and between 1/limit and limit? Not so for NaN.
#[inline(always)]
fn within(x: f64, limit: f64) -> bool {
    (x == 0.0) | ((x >= 1.0 / limit) & (x <= limit))
}

/// U, D and the sums of r w e^{∓rλ} in them.
struct Sums {
    u: Lanes,
    d: Lanes,
    slope_u: Lanes,
    slope_d: Lanes,
}

/// G, −G′, G″ and U + D.
struct Exact {
    g: Lanes,
    slope: Lanes,
    curvature: Lanes,
    total: Lanes,
}

impl Kernel for &mut Group {
    #[inline(always)]
    fn run(self) {
        let fastest = self.weigh();
        let start = self.approach(&fastest);
        self.correct(&fastest, start);
    }
}

impl Group {
    /// Turns rates, noise and charges into r and weights. Returns the largest live r; NaN
    /// where there is no U or no D, or a number is out of range.
    #[inline(always)]
    fn weigh(&mut self) -> Lanes {
        let (noise_factor, charge_factor) = (self.noise_factor, self.charge_factor);
        let mut fastest = [0.0; LANES];
        let (mut u, mut d) = ([0.0; LANES], [0.0; LANES]);
        let mut strange: Lanes = from_fn(|i| {
            let fits = within(noise_factor[i], POWERS) & within(charge_factor[i], POWERS);
            if fits { 0.0 } else { f64::NAN }
        });
        for row in &mut self.rows {
            for i in 0..LANES {
                let (rate, noise, charge) = (row.r[i], row.up_head[i], row.down_head[i]);
                let r = rate.abs();
                let fits = within(r, RATES) & within(noise, POWERS) & within(charge, POWERS);
                let noise = weight(r, noise_factor[i], noise);
                let charge = weight(r, charge_factor[i], charge);
                let up = if rate > 0.0 { noise } else { charge };
                let down = if rate > 0.0 { charge } else { noise };
                row.up_head[i] = up.head;
                row.up_tail[i] = up.tail;
                row.down_head[i] = down.head;
                row.down_tail[i] = down.tail;
                let live = if up.head + down.head > 0.0 {
                    2.0 * r
                } else {
                    0.0
                };
                row.r[i] = live;
                fastest[i] = if live > fastest[i] { live } else { fastest[i] };
                u[i] += up.head;
                d[i] += down.head;
                strange[i] = if fits { strange[i] } else { f64::NAN };
            }
        }
        from_fn(|i| {
            let both = u[i] > 0.0 && d[i] > 0.0;
            if both {
                fastest[i] + strange[i]
            } else {
                f64::NAN
            }
        })
    }

    /// λ\* to some 8 digits.
    #[inline(always)]
    fn approach(&self, fastest: &Lanes) -> Lanes {
        // The root lies between them, or is not found.
        let mut high = fastest.map(|r| EXPONENT / r);
        let mut low = high.map(|x| -x);
        let mut lambda = [0.0; LANES];
        let mut searching = [true; LANES];
        let mut sums = self.at_start();
        for _ in 0..ROUGH_STEPS {
            for i in 0..LANES {
                if !searching[i] {
                    continue;
                }
                let h = difference_of_logarithms(sums.u[i], sums.d[i]);
                let steepness = sums.slope_u[i] / sums.u[i] + sums.slope_d[i] / sums.d[i];
                let newton = lambda[i] + h / steepness;
                // H falls.
                if h > 0.0 {
                    low[i] = lambda[i];
                } else {
                    high[i] = lambda[i];
                }
                let inside = low[i] <= newton && newton <= high[i];
                lambda[i] = if inside {
                    newton
                } else {
                    f64::midpoint(low[i], high[i])
                };
                // A lane whose numbers are out of range holds NaN, and is not searched.
                searching[i] = h.abs() > NEAR;
            }
            if searching == [false; LANES] {
                break;
            }
            sums = self.rough(&lambda);
        }
        lambda
    }

    /// λ\* from the λ nearby, where the error is as promised.
    #[inline(always)]
    fn correct(&mut self, fastest: &Lanes, mut lambda: Lanes) {
        self.found = [f64::NAN; LANES];
        for _ in 0..EXACT_STEPS {
            lambda = lambda.map(head);
            let Exact {
                g,
                slope,
                curvature,
                total,
            } = self.exact(&lambda);
            let mut again = false;
            for i in 0..LANES {
                if !self.found[i].is_nan() {
                    continue;
                }
                // 0 = G + G′δ + G″δ²/2. What is left out is below (rδ)²δ, also of the
                // iteration.
                let newton = g[i] / slope[i];
                let bend = 0.5 * curvature[i] / slope[i];
                let delta = newton + bend * (newton * newton);
                let delta = newton + bend * (delta * delta);
                let turn = fastest[i] * delta;
                let error = (turn * turn + ROUNDING) * delta.abs();
                lambda[i] += delta;
                let allowed = TINY * lambda[i].abs() + TINIER * total[i] / slope[i];
                let in_range = lambda[i].abs() * fastest[i] <= EXPONENT;
                let promised = error <= allowed && turn.abs() <= NARROW;
                if promised && in_range {
                    self.found[i] = lambda[i];
                }
                again |= in_range && !promised;
            }
            if !again {
                break;
            }
        }
    }

    /// [`Group::rough`] at λ = 0.
    #[inline(always)]
    fn at_start(&self) -> Sums {
        let mut sums = Sums::ZERO;
        for row in &self.rows {
            for i in 0..LANES {
                sums.add(i, row.r[i], row.up_head[i], row.down_head[i]);
            }
        }
        sums
    }

    /// U, D and their slopes, to some 10 digits.
    #[inline(always)]
    fn rough(&self, lambda: &Lanes) -> Sums {
        let mut sums = Sums::ZERO;
        for row in &self.rows {
            for i in 0..LANES {
                let e = rough_exp(row.r[i] * lambda[i]);
                let up = (row.up_head[i] + row.up_tail[i]) / e;
                let down = (row.down_head[i] + row.down_tail[i]) * e;
                sums.add(i, row.r[i], up, down);
            }
        }
        sums
    }

    /// G to a fraction 2^−70 + n 2^−77 of U + D for n terms, and what an error of λ by a
    /// fraction 2^−77 would make. λ has 26 bits.
    #[inline(always)]
    fn exact(&self, lambda: &Lanes) -> Exact {
        let (mut heads, mut tails) = ([0.0; LANES], [0.0; LANES]);
        let (mut slope, mut curvature) = ([0.0; LANES], [0.0; LANES]);
        let mut total = [0.0; LANES];
        for row in &self.rows {
            for i in 0..LANES {
                let r = Split::of(row.r[i]);
                // Both products are exact.
                let e = exp(r.head * lambda[i], r.tail * lambda[i]);
                let up = Split {
                    head: row.up_head[i],
                    tail: row.up_tail[i],
                };
                let down = Split {
                    head: row.down_head[i],
                    tail: row.down_tail[i],
                };
                let (up, up_rest) = up.times(e.reciprocal());
                let (down, down_rest) = down.times(e);
                let (sum, lost) = two_sum(heads[i], up);
                let (sum, more) = two_sum(sum, -down);
                heads[i] = sum;
                tails[i] += (lost + more) + (up_rest - down_rest);
                let (up, down) = (up + up_rest, down + down_rest);
                let r = row.r[i];
                total[i] += up + down;
                slope[i] += r * (up + down);
                curvature[i] += r * r * (up - down);
            }
        }
        Exact {
            g: from_fn(|i| heads[i] + tails[i]),
            slope,
            curvature,
            total,
        }
    }
}

/// |μ| · factor · power.
#[inline(always)]
fn weight(rate: f64, factor: f64, power: f64) -> Split {
    let partial = Split::of(rate).product(Split::of(power));
    partial.product(Split::of(factor))
}

impl Sums {
    const ZERO: Self = Self {
        u: [0.0; LANES],
        d: [0.0; LANES],
        slope_u: [0.0; LANES],
        slope_d: [0.0; LANES],
    };

    #[inline(always)]
    fn add(&mut self, i: usize, r: f64, up: f64, down: f64) {
        self.u[i] += up;
        self.d[i] += down;
        self.slope_u[i] += r * up;
        self.slope_d[i] += r * down;
    }
}

/// ln u − ln d: to 2^−18 of it while one is at most twice the other, and further off with
/// the mantissas in place of their logarithms, which is wrong by less than 0.06.
#[inline(always)]
fn difference_of_logarithms(u: f64, d: f64) -> f64 {
    let z = (u - d) / (u + d);
    if z.abs() <= 1.0 / 3.0 {
        let s = z * z;
        return 2.0 * z * (1.0 + s * (1.0 / 3.0 + s * (1.0 / 5.0 + s * (1.0 / 7.0 + s / 9.0))));
    }
    let bits = |x: f64| x.to_bits() as i64;
    bits(u).wrapping_sub(bits(d)) as f64 * (LN_2 / (1_u64 << 52) as f64)
}
