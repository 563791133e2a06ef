//! e^{μx} for many rates μ at one x, with as few exponentials as possible.

use crate::scalar::{Ball, Field, Rational, Real, Scalar, at_precision, working_precision};
use rug::Integer;

/// Rates of a spectrum in the number system that they are known in, for use with balls.
pub(crate) trait Rate: Field {
    /// Rates as [`Self::exponentials`] takes them.
    type Rates;

    /// Prepared for exponentials at many x.
    fn rates(rates: Vec<Self>) -> Self::Rates;

    /// e^{μx} for each of these rates.
    fn exponentials(rates: &Self::Rates, x: &Ball) -> Vec<Ball>;

    /// The number times a ball.
    fn times(&self, x: &Ball) -> Ball;

    /// log₂|x|, about; −∞ at 0.
    fn log2_abs(&self) -> f64;

    /// The nearest double, about.
    fn to_f64(&self) -> f64;
}

impl Rate for Ball {
    type Rates = Vec<Self>;

    fn rates(rates: Vec<Self>) -> Self::Rates {
        rates
    }

    fn exponentials(rates: &Self::Rates, x: &Ball) -> Vec<Ball> {
        rates.iter().map(|rate| (rate * x).exp()).collect()
    }

    fn times(&self, x: &Ball) -> Ball {
        self * x
    }

    fn log2_abs(&self) -> f64 {
        Real::from_float(self.midpoint().clone()).log2_abs()
    }

    fn to_f64(&self) -> f64 {
        self.midpoint().to_f64()
    }
}

/// Rates p_k/q with their common denominator.
pub(crate) struct Fractions {
    rates: Vec<Rational>,
    /// q.
    denominator: Integer,
    /// The different |p_k|, and which of them each rate has.
    distinct: Vec<Integer>,
    places: Vec<usize>,
    plan: Plan,
}

impl Rate for Rational {
    type Rates = Fractions;

    fn rates(rates: Vec<Self>) -> Fractions {
        let denominators = rates.iter().map(Rational::denom);
        let denominator = denominators.fold(Integer::from(1), |lcm, q| lcm.lcm(q));
        let power = |rate: &Rational| {
            let factor = Integer::from(&denominator / rate.denom());
            (rate.numer() * factor).abs()
        };
        let powers: Vec<Integer> = rates.iter().map(power).collect();
        let mut distinct = powers.clone();
        distinct.sort_unstable();
        distinct.dedup();
        let place = |p: &Integer| distinct.partition_point(|known| known < p);
        let longest = distinct.last().map_or(0, Integer::significant_bits);
        let live = distinct.iter().filter(|p| **p != 0).count();
        Fractions {
            places: powers.iter().map(place).collect(),
            plan: Windows::plan(longest, live),
            rates,
            denominator,
            distinct,
        }
    }

    /// They share the exponential e^{x/q}: e^{p_kx/q} is its p_k-th power, where that is
    /// cheaper than an exponential for each.
    fn exponentials(rates: &Fractions, x: &Ball) -> Vec<Ball> {
        let Fractions {
            denominator, plan, ..
        } = rates;
        let scaled = |p: &Integer| x.times_rational(&Rational::from((p, denominator)));
        let grown: Vec<Ball> = if plan.is_worth_it() {
            // The p-th power multiplies a relative error by p.
            let bits = working_precision() + plan.longest + 4;
            let powers = at_precision(bits, || {
                let base = x.over_integer(denominator).exp();
                let mut windows = Windows::new(base, plan.width);
                let powers = rates.distinct.iter().map(|p| windows.power(p));
                powers.collect::<Vec<Ball>>()
            });
            powers
                .iter()
                .map(Ball::rounded_to_working_precision)
                .collect()
        } else {
            rates.distinct.iter().map(|p| scaled(p).exp()).collect()
        };
        let mut shrunk: Vec<Option<Ball>> = vec![None; grown.len()];
        let one = Ball::from_int(1);
        let places = rates.places.iter().zip(&rates.rates);
        let power = |(&place, rate): (&usize, &Rational)| {
            if *rate >= 0 {
                return grown[place].clone();
            }
            let reciprocal = || {
                if grown[place].is_bounded() {
                    &one / &grown[place]
                } else {
                    // That of what is too large for an exponent is not.
                    (-scaled(&rates.distinct[place])).exp()
                }
            };
            shrunk[place].get_or_insert_with(reciprocal).clone()
        };
        places.map(power).collect()
    }

    fn times(&self, x: &Ball) -> Ball {
        x.times_rational(self)
    }

    fn log2_abs(&self) -> f64 {
        let ((p, up), (q, down)) = (self.numer().to_f64_exp(), self.denom().to_f64_exp());
        libm::log2(p.abs() / q) + f64::from(up) - f64::from(down)
    }

    fn to_f64(&self) -> f64 {
        Rational::to_f64(self)
    }
}

/// e^{μx} for each of these rates.
pub(crate) fn exponentials(rates: &[Rational], x: &Ball) -> Vec<Ball> {
    Rational::exponentials(&Rational::rates(rates.to_vec()), x)
}

/// About as many products as an exponential costs: measured, 17 at 200 bits, 64 at 3000 and
/// 87 at 30 000.
fn cost_of_exponential() -> usize {
    (13 + working_precision() as usize / 64).min(85)
}

/// Powers of one base: the exponent is cut into digits of `width` bits, and the powers
/// base^{d·2^{width·i}} are kept for all that share them.
struct Windows {
    width: u32,
    /// For each place i the powers d = 0, 1, 2, … as far as they were needed.
    places: Vec<Vec<Ball>>,
}

struct Plan {
    width: u32,
    /// At most so many products.
    products: usize,
    /// The bits of the largest exponent, and how many there are.
    longest: u32,
    count: usize,
}

impl Plan {
    /// Do the products cost less than an exponential for each exponent but one?
    fn is_worth_it(&self) -> bool {
        self.products < self.count.saturating_sub(1) * cost_of_exponential()
    }
}

impl Windows {
    /// The width with the fewest products for `count` exponents of `longest` bits.
    fn plan(longest: u32, count: usize) -> Plan {
        let plan = |width: u32| {
            let places = longest.div_ceil(width) as usize;
            let table = places * ((1_usize << width) - 1).min(count + width as usize);
            Plan {
                width,
                products: table + count * places.saturating_sub(1),
                longest,
                count,
            }
        };
        let others = (2..=8).map(plan);
        others.fold(plan(1), |best, other| {
            if other.products < best.products {
                other
            } else {
                best
            }
        })
    }

    fn new(base: Ball, width: u32) -> Self {
        Self {
            width,
            places: vec![vec![Ball::from_int(1), base]],
        }
    }

    /// base^p for p ≥ 0.
    fn power(&mut self, p: &Integer) -> Ball {
        let digits = p.significant_bits().div_ceil(self.width);
        let mut power: Option<Ball> = None;
        for place in 0..digits {
            let digit = (0..self.width).fold(0_usize, |digit, bit| {
                digit | usize::from(p.get_bit(place * self.width + bit)) << bit
            });
            if digit == 0 {
                continue;
            }
            let factor = self.entry(place as usize, digit);
            power = Some(match power {
                Some(power) => power * factor,
                None => factor.clone(),
            });
        }
        power.unwrap_or_else(|| Ball::from_int(1))
    }

    fn entry(&mut self, place: usize, digit: usize) -> &Ball {
        while self.places.len() <= place {
            let last = self.places.len() - 1;
            let base = (0..self.width).fold(self.places[last][1].clone(), |x, _| x.square());
            self.places.push(vec![Ball::from_int(1), base]);
        }
        let own = &mut self.places[place];
        while own.len() <= digit {
            let d = own.len();
            let next = if d.is_multiple_of(2) {
                own[d / 2].square()
            } else {
                &own[d - 1] * &own[1]
            };
            own.push(next);
        }
        &own[digit]
    }
}
