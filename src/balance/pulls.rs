//! The two sides of the balance equation, and its status (T8).

use super::spectrum::BalanceEquation;
use crate::scalar::{Field, Scalar, sum};
use std::cmp::Ordering;

/// Where G vanishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Equilibrium<T> {
    /// At exactly one λ.
    Finite(T),
    /// Nowhere: G > 0, λ runs off to +∞.
    PlusInfinity,
    /// Nowhere: G < 0, λ runs off to −∞.
    MinusInfinity,
    /// Everywhere: each point of the orbit is an equilibrium.
    Degenerate,
}

impl Equilibrium<()> {
    /// T8: which sides of the balance equation are there decides where G vanishes.
    pub(super) fn of(up: bool, down: bool) -> Self {
        match (up, down) {
            (true, true) => Self::Finite(()),
            (true, false) => Self::PlusInfinity,
            (false, true) => Self::MinusInfinity,
            (false, false) => Self::Degenerate,
        }
    }
}

impl<T> Equilibrium<T> {
    /// The name in the file format.
    pub fn status(&self) -> &'static str {
        match self {
            Self::Finite(_) => "finite",
            Self::PlusInfinity => "plus-infinity",
            Self::MinusInfinity => "minus-infinity",
            Self::Degenerate => "degenerate",
        }
    }

    /// The same status, with the finite solution converted.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Equilibrium<U> {
        match self {
            Self::Finite(x) => Equilibrium::Finite(f(x)),
            Self::PlusInfinity => Equilibrium::PlusInfinity,
            Self::MinusInfinity => Equilibrium::MinusInfinity,
            Self::Degenerate => Equilibrium::Degenerate,
        }
    }

    /// The finite solution.
    pub fn finite(self) -> Option<T> {
        match self {
            Self::Finite(x) => Some(x),
            _ => None,
        }
    }
}

/// G = U − D with U(λ) = Σ w e^{−rλ} and D(λ) = Σ w e^{rλ}, all w and r positive.
///
/// Noise on positive rates and charge on negative ones pull λ up; noise on
/// negative rates and charge on positive ones pull it down. T7 and T8 can be read
/// off: U falls, D grows, and they meet exactly when both are there.
#[derive(Clone, Debug)]
pub struct Pulls<S> {
    /// (r, w) of U.
    pub up: Vec<(S, S)>,
    /// (r, w) of D.
    pub down: Vec<(S, S)>,
}

/// One live term w e^{±rλ}, its weight w not multiplied out: that may leave the
/// range of a floating-point number where its factors do not.
pub(super) struct Pull<S> {
    /// Does it belong to U?
    pub raises: bool,
    /// r = 2|μ|.
    pub r: S,
    /// |μ|, then 2σ² and a or 4γ and c.
    pub factors: [S; 3],
}

impl<S: Field> Pull<S> {
    /// As for [`Pulls::of`].
    pub fn all(balance: &BalanceEquation<S>) -> Option<Vec<Self>> {
        let two = S::from_int(2);
        let noise_factor = two.clone() * &balance.strength.sigma2;
        let charge_factor = S::from_int(4) * &balance.strength.gamma;
        let mut pulls = Vec::new();
        for term in balance.spectrum.terms() {
            let (negative, rate) = match term.rate.sign()? {
                Ordering::Equal => continue,
                Ordering::Greater => (false, term.rate.clone()),
                Ordering::Less => (true, -term.rate.clone()),
            };
            for (power, factor, raises) in [
                (&term.noise, &noise_factor, !negative),
                (&term.charge, &charge_factor, negative),
            ] {
                match (power.sign()?, factor.sign()?) {
                    (Ordering::Less, _) | (_, Ordering::Less) => return None,
                    (Ordering::Equal, _) | (_, Ordering::Equal) => {}
                    _ => pulls.push(Self {
                        raises,
                        r: two.clone() * &rate,
                        factors: [rate.clone(), factor.clone(), power.clone()],
                    }),
                }
            }
        }
        Some(pulls)
    }
}

impl<S: Field> Pulls<S> {
    /// The live terms of a balance equation, sorted into two sides.
    ///
    /// `None` when the sign of a rate, a noise or a charge is not decided at the
    /// precision of `S`, or when a noise or a charge is negative.
    pub fn of(balance: &BalanceEquation<S>) -> Option<Self> {
        let mut pulls = Self {
            up: Vec::new(),
            down: Vec::new(),
        };
        for pull in Pull::all(balance)? {
            let [rate, factor, power] = pull.factors;
            let weight = rate * factor * power;
            if pull.raises {
                pulls.up.push((pull.r, weight))
            } else {
                pulls.down.push((pull.r, weight))
            }
        }
        Some(pulls)
    }

    /// T8, exactly: which sides are there decides where G vanishes.
    pub fn status(&self) -> Equilibrium<()> {
        Equilibrium::of(!self.up.is_empty(), !self.down.is_empty())
    }

    /// The closed form λ = ln(ΣU/ΣD)/(2r) when all live terms share one r (C1, C2).
    pub fn closed_form(&self) -> Option<S>
    where
        S: Scalar,
    {
        let r = &self.up.first()?.0;
        if self.down.is_empty()
            || !self
                .up
                .iter()
                .chain(&self.down)
                .all(|(other, _)| other == r)
        {
            return None;
        }
        let total = |side: &[(S, S)]| sum(side.iter().map(|(_, w)| w.clone()));
        Some((total(&self.up) / total(&self.down)).ln() / (S::from_int(2) * r))
    }
}
