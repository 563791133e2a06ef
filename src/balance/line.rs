//! Certified solution for one generator: λ\* and what follows from it, enclosed to any
//! number of digits.

use super::powers::Rate;
use super::pulls::Equilibrium;
use super::refine::{CertifyError, Gap, bits_of, checked, largest, refine};
use super::solve::Logarithmic;
use super::source::SpectrumSource;
use super::spectrum::{BalanceEquation, Spectrum, Strength, Term};
use super::vanishing::charge_vanishes;
use crate::scalar::{Ball, Field, Rational, Real, Scalar, at_precision, sum};
use crate::symmetry::Eigenspaces;
use num_traits::{One, Zero};
use rug::Float;
use rug::float::Round;
use std::cmp::Ordering;

/// The equilibrium of a problem, every number enclosed.
#[derive(Clone, Debug)]
pub struct Certified {
    /// λ\*.
    pub lambda: Ball,
    /// The charge C(θ\*).
    pub charge: Ball,
    /// The potential Φ(λ\*).
    pub potential: Ball,
    /// κ (T14), in 1/time; `None` where Aθ = 0, so that nothing moves.
    pub relaxation_rate: Option<Ball>,
    /// The eigen-spaces of K, for a dense or factor generator.
    pub(crate) spaces: Option<Eigenspaces>,
}

/// Solves G(λ) = 0 and encloses the answer, each number with relative width at
/// most 10^{−digits}.
///
/// The status is decided exactly (T8). A finite λ\* is proved by one step of the interval
/// Newton method: with a good approximation x and G′(X) over a small X around it,
/// x − G(x)/G′(X) inside X holds the root.
///
/// # Errors
/// [`CertifyError`] for a negative noise, charge or strength, when a number leaves the
/// exponent range, or when it takes more working precision than is offered.
pub fn certify(
    source: &SpectrumSource,
    strength: &Strength<Rational>,
    digits: u32,
) -> Result<Equilibrium<Certified>, CertifyError> {
    certify_and(source, strength, digits, Ok)
}

/// The same, and what else follows from the solution: `follow` may find that it takes
/// more bits.
pub(crate) fn certify_and<T>(
    source: &SpectrumSource,
    strength: &Strength<Rational>,
    digits: u32,
    mut follow: impl FnMut(Certified) -> Result<T, Gap>,
) -> Result<Equilibrium<T>, CertifyError> {
    source.check_signs()?;
    let wanted = bits_of(digits);
    let start = source.start(strength);
    let balanced = start.balance.is_zero();
    let moves = source.moves();
    let (first, beyond, lost) = match source {
        // What cancels in G(0) is lost in a λ* near 0. Exponents of ±10⁶ fit.
        SpectrumSource::Exact(spectrum) => {
            let lost = cancelled(spectrum, strength, &start.balance);
            (wanted + GUARD + lost, 16_777_216, lost)
        }
        // Projectors keep two thirds of the bits of an eigendecomposition. With as many bits
        // as exponents of ±10⁶ take it would not end.
        SpectrumSource::Blocks(blocks) => {
            let lost = blocks.cancelled(strength, &start);
            (wanted + wanted / 2 + 128, 131_072, lost)
        }
    };
    let most = wanted.saturating_mul(8).saturating_add(beyond);
    refine(first, most, |bits| {
        let zero = || match source {
            SpectrumSource::Exact(spectrum) => charge_vanishes(spectrum, strength),
            SpectrumSource::Blocks(_) => false,
        };
        let (found, spaces) = match source {
            SpectrumSource::Exact(spectrum) => {
                let terms = Terms::of(spectrum, strength).ok_or(Gap::Undecided("spectrum"))?;
                (terms.solve(balanced, bits, lost)?, None)
            }
            SpectrumSource::Blocks(blocks) => {
                let enclosed = blocks.enclose().ok_or(Gap::Undecided("spectrum"))?;
                let (spectrum, spaces) = enclosed;
                let terms = Terms::of(&spectrum, strength).ok_or(Gap::Undecided("spectrum"))?;
                (terms.solve(balanced, bits, lost)?, Some(spaces))
            }
        };
        Ok(match found {
            Equilibrium::Finite(found) => Equilibrium::Finite(follow(
                found.certified(strength, moves, zero, spaces, digits)?,
            )?),
            Equilibrium::PlusInfinity => Equilibrium::PlusInfinity,
            Equilibrium::MinusInfinity => Equilibrium::MinusInfinity,
            Equilibrium::Degenerate => Equilibrium::Degenerate,
        })
    })
}

/// λ\* of a spectrum with a finite one, at a working precision of `bits` bits; `None` if that
/// is too little.
pub(super) fn root(
    spectrum: &Spectrum<Rational>,
    strength: &Strength<Rational>,
    bits: u32,
) -> Option<Ball> {
    let total = BalanceEquation {
        spectrum: spectrum.clone(),
        strength: strength.clone(),
    };
    let lost = cancelled(spectrum, strength, &total.at_start());
    let bits = bits + lost;
    at_precision(bits, || {
        let terms = Terms::of(spectrum, strength)?;
        let found = terms.solve(false, bits, lost).ok()?;
        Some(found.finite()?.lambda)
    })
}

/// About how many leading bits cancel in the sum G(0) = `total`; 0 where it vanishes.
fn cancelled(
    spectrum: &Spectrum<Rational>,
    strength: &Strength<Rational>,
    total: &Rational,
) -> u32 {
    let size = |t: &Term<Rational>| {
        let noise = 1.0 + t.noise.log2_abs() + strength.sigma2().log2_abs();
        let charge = 2.0 + t.charge.log2_abs() + strength.gamma().log2_abs();
        t.rate.log2_abs() + noise.max(charge)
    };
    let sizes = spectrum.terms().iter().map(size);
    bits_lost(sizes.fold(f64::NEG_INFINITY, f64::max), total)
}

/// log₂ of a sum's largest term less that of the sum, and two more.
pub(super) fn bits_lost(largest: f64, sum: &Rational) -> u32 {
    if sum.is_zero() || largest.is_infinite() {
        return 0;
    }
    // A double goes to the nearest u32; a negative one, to 0.
    (largest - sum.log2_abs() + 2.0) as u32
}

/// One exponential of the balance equation: w e^{2νλ} with ν = −μ for a noise w = a and
/// ν = μ for a charge w = c.
struct Pull<R> {
    is_noise: bool,
    /// μ.
    rate: R,
    /// ν.
    growth: R,
    weight: R,
}

/// The balance equation of one generator, its terms that are not 0 one by one.
struct Terms<'a, R: Rate> {
    pulls: Vec<Pull<R>>,
    /// All ν.
    growths: R::Rates,
    strength: &'a Strength<Rational>,
}

/// λ\* with the moments there.
struct Found {
    lambda: Ball,
    moments: Moments,
}

/// Sums of μ^j a e^{−2μλ} and of μ^j c e^{2μλ} for j = 0, 1, 2, 3: G, G′, G″, Φ, C and ‖Aθ‖² are
/// combinations of these.
#[derive(Clone)]
struct Moments {
    noise: [Ball; 4],
    charge: [Ball; 4],
}

impl Moments {
    /// σ² and 2γ times the j-th moments.
    fn both(&self, j: usize, strength: &Strength<Rational>) -> [Ball; 2] {
        let decay = Rational::from(strength.gamma() * 2);
        let noise = self.noise[j].times_rational(strength.sigma2());
        [noise, self.charge[j].times_rational(&decay)]
    }

    /// Φ.
    fn potential(&self, strength: &Strength<Rational>) -> Ball {
        let [noise, charge] = self.both(0, strength);
        noise + charge
    }

    /// G/2.
    fn half_balance(&self, strength: &Strength<Rational>) -> Ball {
        let [noise, charge] = self.both(1, strength);
        noise - charge
    }

    /// −G′/4 > 0.
    fn quarter_steepness(&self, strength: &Strength<Rational>) -> Ball {
        let [noise, charge] = self.both(2, strength);
        noise + charge
    }

    /// G″/8.
    fn eighth_bend(&self, strength: &Strength<Rational>) -> Ball {
        let [noise, charge] = self.both(3, strength);
        noise - charge
    }

    /// The moments for j ≤ 2 after a step of λ, where no |μ| exceeds `fastest` and no
    /// exponential changes by more than the factor `stretch`: a moment's derivative is
    /// ±2 times the next, so that Taylor's formula of second order needs bounds of the
    /// moments up to j = 4 alone.
    ///
    /// What is added takes as many bits as the step is known to, `half`.
    fn moved(mut self, step: &Ball, fastest: &Ball, stretch: &Ball, half: u32) -> Self {
        for (sign, own) in [(-2, &mut self.noise), (2, &mut self.charge)] {
            let changes = at_precision(half, || {
                let [_, first, second, third] = &*own;
                let near = [first, second, third].map(Ball::rounded_to_working_precision);
                let slope = step * &Ball::from_int(sign);
                let twice_square = step.square().scale_by_power_of_two(1);
                let second = &near[1] * stretch;
                let third = (&second * fastest).around_zero();
                let fourth = (&third * fastest).around_zero();
                let bends = [second, third, fourth];
                [0, 1, 2].map(|j| &near[j] * &slope + &bends[j] * &twice_square)
            });
            own.iter_mut()
                .zip(&changes)
                .for_each(|(m, change)| *m += change);
        }
        self
    }

    /// At least Σ|μ| c e^{2μλ}, what may cancel in C, by the Cauchy–Schwarz inequality.
    fn size(&self) -> Float {
        // Root by root: a product of the two may leave the exponents.
        let [count, squares] = [0, 2].map(|j| {
            let magnitude = self.charge[j].magnitude();
            Float::with_val_round(53, magnitude.sqrt_ref(), Round::Up).0
        });
        Float::with_val_round(53, &count * &squares, Round::Up).0
    }
}

impl<'a, R: Rate> Terms<'a, R> {
    /// `None` when the sign of a rate, a noise or a charge is not decided.
    fn of(spectrum: &Spectrum<R>, strength: &'a Strength<Rational>) -> Option<Self> {
        let mut pulls = Vec::new();
        for term in spectrum.terms() {
            term.rate.sign()?;
            for (is_noise, weight) in [(true, &term.noise), (false, &term.charge)] {
                match weight.sign()? {
                    Ordering::Less => return None,
                    Ordering::Equal => {}
                    Ordering::Greater => pulls.push(Pull {
                        is_noise,
                        rate: term.rate.clone(),
                        growth: if is_noise {
                            -term.rate.clone()
                        } else {
                            term.rate.clone()
                        },
                        weight: weight.clone(),
                    }),
                }
            }
        }
        let growths = pulls.iter().map(|pull| pull.growth.clone());
        Some(Self {
            growths: R::rates(growths.collect()),
            pulls,
            strength,
        })
    }

    /// Does it enter G, with a factor σ² or γ that is not 0 and a rate that is not 0?
    fn is_live(&self, pull: &Pull<R>) -> bool {
        let factor = if pull.is_noise {
            self.strength.sigma2()
        } else {
            self.strength.gamma()
        };
        !factor.is_zero() && pull.rate.sign() != Some(Ordering::Equal)
    }

    fn live(&self) -> impl Iterator<Item = &Pull<R>> {
        self.pulls.iter().filter(|pull| self.is_live(pull))
    }

    /// T8: noise on positive rates and charge on negative ones pull λ up.
    fn status(&self) -> Equilibrium<()> {
        let side = |raises: bool| {
            let mut signs = self
                .live()
                .map(|pull| pull.growth.sign() == Some(Ordering::Less));
            signs.any(|up| up == raises)
        };
        Equilibrium::of(side(true), side(false))
    }

    fn moments(&self, lambda: &Ball) -> Moments {
        let grown = R::exponentials(&self.growths, &lambda.scale_by_power_of_two(1));
        let zeros = || [Ball::zero(), Ball::zero(), Ball::zero(), Ball::zero()];
        let mut moments = Moments {
            noise: zeros(),
            charge: zeros(),
        };
        for (pull, grown) in self.pulls.iter().zip(grown) {
            let own = if pull.is_noise {
                &mut moments.noise
            } else {
                &mut moments.charge
            };
            let mut value = pull.weight.times(&grown);
            for (j, moment) in own.iter_mut().enumerate() {
                if j > 0 {
                    value = pull.rate.times(&value);
                }
                *moment += &value;
            }
        }
        moments
    }

    /// λ* and the moments there. `lost` bits of λ cancel.
    fn solve(&self, balanced: bool, bits: u32, lost: u32) -> Result<Equilibrium<Found>, Gap> {
        match self.status() {
            Equilibrium::Finite(()) => {}
            other => return Ok(other.map(|()| self.at(Ball::zero()))),
        }
        let found = if balanced {
            self.at(Ball::zero())
        } else if let Some(lambda) = self.closed_form() {
            self.at(lambda)
        } else {
            self.root(bits, lost).ok_or(Gap::Undecided("lambda"))?
        };
        Ok(Equilibrium::Finite(found))
    }

    fn at(&self, lambda: Ball) -> Found {
        let moments = self.moments(&lambda);
        Found { lambda, moments }
    }

    /// λ = ln(U/D)/(4|μ|) when all live terms share one |μ| (C1, C2).
    fn closed_form(&self) -> Option<Ball> {
        let size = |pull: &Pull<R>| match pull.rate.sign() {
            Some(Ordering::Less) => -pull.rate.clone(),
            _ => pull.rate.clone(),
        };
        let rate = size(self.live().next()?);
        if !self.live().all(|pull| size(pull) == rate) {
            return None;
        }
        let decay = Rational::from(self.strength.gamma() * 2);
        let total = |raises: bool| {
            let own = self
                .live()
                .filter(|pull| (pull.growth.sign() == Some(Ordering::Less)) == raises);
            let weights = own.map(|pull| {
                let factor = if pull.is_noise {
                    self.strength.sigma2()
                } else {
                    &decay
                };
                pull.weight.times(&Ball::one()).times_rational(factor)
            });
            sum(weights)
        };
        let logarithm = (total(true) / total(false)).ln();
        Some(logarithm.scale_by_power_of_two(-2) / rate.times(&Ball::one()))
    }

    /// The root: Halley's steps with about three times the bits each, and a last one of
    /// Newton, proved. `None` if that takes more bits.
    fn root(&self, bits: u32, lost: u32) -> Option<Found> {
        let mut lambda = self.start()?;
        // Correct bits to aim at, from the last step backwards: half of them for Newton's,
        // beyond what is kept for rounding.
        let mut aims = Vec::new();
        let lost = lost.min(bits);
        let mut aim = (bits - lost).saturating_sub(GUARD) / 2 + 16;
        while aim > DOUBLES {
            aims.push(aim);
            aim = aim / 3 + 8;
        }
        if lost > 8 || aims.is_empty() {
            aims.push(24);
        }
        for aim in aims.into_iter().rev() {
            let mut steps = 0..MAX_STEPS;
            loop {
                steps.next()?;
                let step = at_precision(aim + lost + 24, || self.step(&lambda))?;
                lambda = Float::with_val(aim + 16, &lambda + &step);
                // A step of a third of the bits leaves all of them.
                let relative = Float::with_val(53, &step / &lambda).get_exp();
                if relative.is_none_or(|e| i64::from(e) <= -i64::from(aim / 3 + 4)) {
                    break;
                }
            }
        }
        (0..3).find_map(|_| match self.prove(&lambda, bits, lost) {
            Ok(found) => Some(found),
            Err(step) => {
                lambda = Float::with_val(bits, &lambda + step?);
                None
            }
        })
    }

    /// An approximate root: in doubles where these have the range, else with more bits.
    fn start(&self) -> Option<Float> {
        let logarithm = |pull: &Pull<R>| {
            let factor = if pull.is_noise {
                self.strength.sigma2().clone()
            } else {
                Rational::from(self.strength.gamma() * 2)
            };
            (pull.rate.log2_abs() + pull.weight.log2_abs() + Rate::log2_abs(&factor))
                * std::f64::consts::LN_2
        };
        let side = |raises: bool| {
            let own = self
                .live()
                .filter(move |pull| (pull.growth.sign() == Some(Ordering::Less)) == raises);
            own.map(|pull| (2.0 * pull.rate.to_f64().abs(), logarithm(pull)))
                .collect::<Vec<_>>()
        };
        let doubles = Logarithmic {
            up: side(true),
            down: side(false),
        };
        if doubles.rates().all(|r| r.is_normal()) {
            let root = doubles.root().ok()?;
            if root.is_normal() {
                return Some(Float::with_val(53, root));
            }
        }
        at_precision(START, || {
            let side = |raises: bool| {
                let own = self
                    .live()
                    .filter(move |pull| (pull.growth.sign() == Some(Ordering::Less)) == raises);
                let number = |pull: &Pull<R>| {
                    let one = Ball::one();
                    let factor = if pull.is_noise {
                        self.strength.sigma2().clone()
                    } else {
                        Rational::from(self.strength.gamma() * 2)
                    };
                    let weight = pull
                        .weight
                        .times(&pull.rate.times(&one))
                        .times_rational(&factor)
                        .middle();
                    let rate = pull.rate.times(&one).middle().as_float().clone().abs() * 2u32;
                    let weight = Real::from_float(weight.as_float().clone().abs());
                    (Real::from_float(rate), Scalar::ln(&weight))
                };
                own.map(number).collect::<Vec<_>>()
            };
            let numbers = Logarithmic {
                up: side(true),
                down: side(false),
            };
            Some(numbers.root().ok()?.as_float().clone())
        })
    }

    /// Halley's step from λ, not proved.
    fn step(&self, lambda: &Float) -> Option<Float> {
        let moments = self.moments(&Ball::point(lambda));
        let steepness = moments.quarter_steepness(self.strength);
        let newton = (moments.half_balance(self.strength) / &steepness).scale_by_power_of_two(-1);
        let bend = moments.eighth_bend(self.strength) / &steepness;
        let step = &newton / &(Ball::one() - &newton * &bend);
        step.is_bounded().then(|| step.midpoint().clone())
    }

    /// The root near x, by one evaluation at full precision and a slope of half of it. Where
    /// x is not good enough, a step towards the root, if that can be told.
    fn prove(&self, x: &Float, bits: u32, lost: u32) -> Result<Found, Option<Float>> {
        let moments = self.moments(&Ball::point(x));
        let balance = moments.half_balance(self.strength);
        let fastest = largest(
            &self
                .pulls
                .iter()
                .map(|pull| pull.rate.times(&Ball::one()))
                .collect::<Vec<_>>(),
        );
        let fastest = Ball::point(&fastest);
        // Over a wider X the slope is known to fewer bits, and so is the step.
        let half = (bits - lost.min(bits)) / 2 + GUARD;
        let (step, stretch) = at_precision(half, || {
            let steepness = moments.quarter_steepness(self.strength);
            let guess = (&balance / &steepness).scale_by_power_of_two(-1);
            if !guess.is_bounded() {
                return Err(None);
            }
            let mut radius = guess.magnitude() * 2u32;
            for _ in 0..WIDENINGS {
                // All terms of G′ have one sign: it changes by no larger factor than they do.
                let change = (&fastest * &Ball::point(&radius)).scale_by_power_of_two(1);
                let stretch = change.around_zero().exp();
                let step = &guess / &stretch;
                if step.magnitude() <= radius {
                    return Ok((step, stretch));
                }
                radius *= 4u32;
            }
            Err(Some(guess.midpoint().clone()))
        })?;
        let lambda = Ball::point(x) + &step;
        let moments = moments.moved(&step, &fastest, &stretch, half);
        Ok(Found { lambda, moments })
    }
}

/// Steps at one precision before giving up; one is typical.
const MAX_STEPS: usize = 60;

/// Sizes of X to try, each four times as wide; the first is typical.
const WIDENINGS: u32 = 6;

/// Bits of an approximation that doubles have no range for.
const START: u32 = 128;

/// Correct bits of a root in doubles, about.
const DOUBLES: u32 = 44;

/// Bits beyond those asked for, against rounding.
const GUARD: u32 = 64;

impl Found {
    /// The rest of the solution, each number to its digits.
    fn certified(
        self,
        strength: &Strength<Rational>,
        moves: bool,
        zero: impl Fn() -> bool,
        spaces: Option<Eigenspaces>,
        digits: u32,
    ) -> Result<Certified, Gap> {
        let Self { lambda, moments } = self;
        let lambda = checked("lambda", lambda, None, digits)?;
        let [_, charge, speed, _] = &moments.charge;
        let size = moments.size();
        if !size.is_finite() {
            return Err(Gap::OutOfRange("charge.after"));
        }
        let charge = if charge.contains_zero() && zero() {
            Ball::zero()
        } else {
            checked("charge.after", charge.clone(), Some(&size), digits)?
        };
        let potential = checked("potential.after", moments.potential(strength), None, digits)?;
        let relaxation_rate = if moves {
            // −G′/(2‖Aθ‖²)
            let rate = moments.quarter_steepness(strength) / speed;
            let rate = rate.scale_by_power_of_two(1);
            Some(checked("relaxation_rate", rate, None, digits)?)
        } else {
            None
        };
        Ok(Certified {
            lambda,
            charge,
            potential,
            relaxation_rate,
            spaces,
        })
    }
}
