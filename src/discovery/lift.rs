//! Rational numbers from their residues modulo several primes.

use crate::scalar::Rational;
use rug::Integer;

/// Numbers known modulo a product of primes.
#[derive(Clone, Debug)]
pub(super) struct Residues {
    modulus: Integer,
    values: Vec<Integer>,
}

impl Residues {
    pub(super) fn new(prime: u64, values: impl Iterator<Item = u64>) -> Self {
        Self {
            modulus: Integer::from(prime),
            values: values.map(Integer::from).collect(),
        }
    }

    /// The same numbers modulo another prime as well (Chinese remainders).
    pub(super) fn join(&mut self, prime: u64, values: impl Iterator<Item = u64>) {
        let p = Integer::from(prime);
        let Ok(inverse) = Integer::from(&self.modulus % &p).invert(&p) else {
            return;
        };
        for (own, other) in self.values.iter_mut().zip(values) {
            let step = (Integer::from(other) - &*own) * &inverse;
            let step = step.rem_euc(&p);
            *own += step * &self.modulus;
        }
        self.modulus *= p;
    }

    /// The rationals with numerator and denominator of at most √(modulus/2), which are
    /// unique; `None` if one of the numbers has none.
    pub(super) fn rationals(&self) -> Option<Vec<Rational>> {
        let bound = Integer::from(&self.modulus / 2u32).sqrt();
        self.values
            .iter()
            .map(|value| rational(value, &self.modulus, &bound))
            .collect()
    }
}

trait RemEuc {
    fn rem_euc(self, modulus: &Integer) -> Integer;
}
impl RemEuc for Integer {
    fn rem_euc(self, modulus: &Integer) -> Integer {
        let rest = self % modulus;
        if rest < 0 { rest + modulus } else { rest }
    }
}

/// p/q ≡ value with |p|, |q| ≤ bound, by Euclid's algorithm stopped half way (Wang).
fn rational(value: &Integer, modulus: &Integer, bound: &Integer) -> Option<Rational> {
    let (mut r, mut s) = (modulus.clone(), value.clone());
    let (mut t, mut u) = (Integer::new(), Integer::from(1));
    while s > *bound {
        let (quotient, rest) = r.div_rem(s.clone());
        r = s;
        s = rest;
        let next = t - quotient * &u;
        t = u;
        u = next;
    }
    if u == 0 || u.clone().abs() > *bound || s.clone().gcd(&u) != 1 {
        return None;
    }
    Some(Rational::from((s, u)))
}
