//! A point whose coordinates have rational rates, one coordinate after the other.

use super::Status;
use super::convexity::Expansion;
use crate::balance::{Noise, Strength};
use crate::scalar::{Ball, Field, Rational, Scalar, dot, sum};

/// One coordinate.
#[derive(Clone, Debug)]
pub(super) struct Coordinate {
    /// m rates, one for each generator.
    pub rates: Vec<Rational>,
    /// Σ_kk.
    pub noise: Rational,
    /// θ_k².
    pub charge: Rational,
}

/// All of them.
#[derive(Clone, Debug)]
pub(super) struct Coordinates {
    pub list: Vec<Coordinate>,
    /// θ; `None` for a problem given as a spectrum.
    pub theta: Option<Vec<Rational>>,
    pub strength: Strength<Rational>,
}

/// G, C and Φ before anything moves, exactly.
#[derive(Clone, Debug)]
pub(super) struct Before {
    pub balance: Vec<Rational>,
    pub charge: Vec<Rational>,
    pub potential: Rational,
}

impl Coordinates {
    pub fn of(
        rates: Vec<Vec<Rational>>,
        theta: &[Rational],
        noise: &Noise,
        strength: &Strength<Rational>,
    ) -> Self {
        let list = rates.into_iter().enumerate().map(|(k, rates)| Coordinate {
            rates,
            noise: variance(noise, k),
            charge: Rational::from(theta[k].square_ref()),
        });
        Self {
            list: list.collect(),
            theta: Some(theta.to_vec()),
            strength: strength.clone(),
        }
    }

    pub fn members(&self) -> usize {
        self.list.first().map_or(0, |own| own.rates.len())
    }

    /// T8 word for word, for one generator.
    pub fn status(&self) -> Status {
        let pulls = |up: bool| {
            self.list.iter().any(|own| {
                let rising = own.rates[0] > 0;
                let noise = own.noise != 0 && self.strength.sigma2 != 0;
                let charge = own.charge != 0 && self.strength.gamma != 0;
                own.rates[0] != 0 && if rising == up { noise } else { charge }
            })
        };
        match (pulls(true), pulls(false)) {
            (true, true) => Status::Finite,
            (true, false) => Status::PlusInfinity,
            (false, true) => Status::MinusInfinity,
            (false, false) => Status::Degenerate,
        }
    }

    /// The live exponents ±2w of the potential, where they are not 0.
    pub fn exponents(&self) -> Vec<Vec<Rational>> {
        let mut exponents = Vec::new();
        for own in &self.list {
            let noise = own.noise != 0 && self.strength.sigma2 != 0;
            let charge = own.charge != 0 && self.strength.gamma != 0;
            for (live, twice) in [(noise, -2), (charge, 2)] {
                if live && own.rates.iter().any(|w| *w != 0) {
                    exponents.push(
                        own.rates
                            .iter()
                            .map(|w| Rational::from(w * twice))
                            .collect(),
                    );
                }
            }
        }
        exponents
    }

    pub fn start(&self) -> Before {
        let part = |weigh: &dyn Fn(&Coordinate) -> Rational| {
            let entry = |i: usize| {
                let terms = self.list.iter();
                sum(terms.map(|own| weigh(own) * &own.rates[i]))
            };
            (0..self.members()).map(entry).collect::<Vec<Rational>>()
        };
        let Strength { gamma, sigma2 } = &self.strength;
        Before {
            balance: part(&|own| {
                let down = Rational::from(&own.charge * gamma) * 4;
                Rational::from(&own.noise * sigma2) * 2 - down
            }),
            charge: part(&|own| own.charge.clone()),
            potential: sum(self.list.iter().map(|own| {
                Rational::from(&own.charge * gamma) * 2 + Rational::from(&own.noise * sigma2)
            })),
        }
    }

    /// An upper bound of ‖w‖² over all coordinates.
    pub fn steepness(&self) -> Rational {
        let squares = self.list.iter().map(|own| dot(&own.rates, &own.rates));
        squares.max().unwrap_or_default()
    }

    pub fn expand(&self, lambda: &[Rational]) -> Expansion {
        let m = self.members();
        let at = Ball::from_rational;
        let mut expansion = Expansion::new(m);
        for own in &self.list {
            let exponent = at(&(dot(&own.rates, lambda) * 2));
            let square = at(&own.charge) * exponent.exp();
            let noise = at(&own.noise) * (-exponent).exp();
            let decay = at(&(self.strength.gamma.clone() * 2)) * &square;
            let noise = at(&self.strength.sigma2) * noise;
            let rates: Vec<_> = own.rates.iter().map(at).collect();
            for i in 0..m {
                let twice = Ball::from_int(2) * &rates[i];
                let slope = decay.clone() - &noise;
                expansion.gradient[i] = expansion.gradient[i].clone() + slope * &twice;
                expansion.charge[i] = expansion.charge[i].clone() + square.clone() * &rates[i];
                for j in 0..m {
                    let product = twice.clone() * &rates[j] * Ball::from_int(2);
                    let both = decay.clone() + &noise;
                    expansion.hessian[i][j] = expansion.hessian[i][j].clone() + both * product;
                }
            }
            let rate = sum(rates.iter().map(Field::square));
            expansion.speed += square.clone() * rate;
            expansion.size += square;
            expansion.potential = expansion.potential + decay + noise;
        }
        expansion
    }

    /// θ_λ, relative to each coordinate within the factor `stretch`.
    pub fn moved(&self, lambda: &[Rational], stretch: &Ball) -> Option<Vec<Ball>> {
        let theta = self.theta.as_ref()?.iter().zip(&self.list);
        let moved = theta.map(|(x, own)| {
            let exponent = Ball::from_rational(&dot(&own.rates, lambda));
            exponent.exp() * Ball::from_rational(x) * stretch
        });
        Some(moved.collect())
    }
}

/// Σ_kk = E[g²] − E[g]².
fn variance(noise: &Noise, k: usize) -> Rational {
    match noise {
        Noise::Covariance(rows) => rows[k][k].clone(),
        Noise::Gradients(rows) => {
            let n = Rational::from(rows.len());
            let mean = sum(rows.iter().map(|row| row[k].clone())) / &n;
            let squares = sum(rows.iter().map(|row| Rational::from(row[k].square_ref())));
            squares / n - mean.square()
        }
    }
}
