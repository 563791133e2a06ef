//! Is the charge at the equilibrium exactly 0? For rational rates this is decided by
//! algebra, since no number of digits would.

use super::spectrum::{Spectrum, Strength};
use crate::scalar::Rational;
use rug::Integer;
use std::collections::BTreeMap;

/// Degrees beyond which it is left undecided.
const MAX_DEGREE: u32 = 2000;

/// Does C(θ\*) vanish, where λ\* is finite? Undecided counts as no.
///
/// For rates p_k/q and z = e^{2λ/q} both G and C are Laurent polynomials in z, and G has one
/// positive zero z\*, a simple one (T7, T8). C vanishes there exactly when the greatest
/// common divisor of the two does; having no other positive zero, it then has opposite
/// signs at 0 and at infinity.
pub(super) fn charge_vanishes(
    spectrum: &Spectrum<Rational>,
    strength: &Strength<Rational>,
) -> bool {
    let Some([balance, charge]) = polynomials(spectrum, strength) else {
        return false;
    };
    if charge.is_empty() {
        return true;
    }
    if balance.is_empty() || are_coprime(&balance, &charge) {
        return false;
    }
    let divisor = greatest_common_divisor(balance, charge);
    match (divisor.first(), divisor.last()) {
        (Some(low), Some(high)) => low.cmp0() != high.cmp0(),
        _ => false,
    }
}

/// G and C as polynomials in z with integer coefficients, the constant term first and not
/// 0; `None` where the degrees are too high.
fn polynomials(
    spectrum: &Spectrum<Rational>,
    strength: &Strength<Rational>,
) -> Option<[Vec<Integer>; 2]> {
    let terms = || spectrum.terms().iter().filter(|t| !t.rate.is_zero());
    let q = terms().fold(Integer::from(1), |lcm, t| lcm.lcm(t.rate.denom()));
    let exponents: Vec<Integer> = terms()
        .map(|t| Rational::from(&t.rate * &q).into_numer_denom().0)
        .collect();
    let common = exponents.iter().fold(Integer::new(), |gcd, p| gcd.gcd(p));
    let decay = Rational::from(strength.gamma() * 2);
    let (mut balance, mut charge) = (BTreeMap::new(), BTreeMap::new());
    for (term, p) in terms().zip(exponents) {
        let p = i32::try_from(p / &common)
            .ok()
            .filter(|p| p.unsigned_abs() <= MAX_DEGREE / 2)?;
        let add = |to: &mut BTreeMap<i32, Rational>, p: i32, x: Rational| {
            *to.entry(p).or_default() += x;
        };
        let noise = Rational::from(&term.rate * &term.noise);
        let own = Rational::from(&term.rate * &term.charge);
        add(&mut balance, -p, noise * strength.sigma2());
        add(&mut balance, p, -Rational::from(&own * &decay));
        add(&mut charge, p, own);
    }
    Some([balance, charge].map(dense))
}

fn dense(mut sparse: BTreeMap<i32, Rational>) -> Vec<Integer> {
    sparse.retain(|_, x| !x.is_zero());
    let (Some((&low, _)), Some((&high, _))) = (sparse.first_key_value(), sparse.last_key_value())
    else {
        return Vec::new();
    };
    let denominator = sparse
        .values()
        .fold(Integer::from(1), |lcm, x| lcm.lcm(x.denom()));
    let mut coefficients = vec![Integer::new(); (high - low) as usize + 1];
    for (p, x) in sparse {
        coefficients[(p - low) as usize] = (x * &denominator).into_numer_denom().0;
    }
    coefficients
}

/// A prime below 2³².
const PRIME: u32 = 4_294_967_291;

/// Are the two coprime modulo a prime? If so, they are over the rationals; if not, they
/// mostly are not either.
fn are_coprime(a: &[Integer], b: &[Integer]) -> bool {
    let p = u64::from(PRIME);
    let reduce = |x: &[Integer]| -> Vec<u64> { x.iter().map(|c| c.mod_u(PRIME).into()).collect() };
    let (mut a, mut b) = (reduce(a), reduce(b));
    // A leading coefficient that the prime divides would hide a common factor.
    if a.last() == Some(&0) || b.last() == Some(&0) {
        return false;
    }
    while b.len() > 1 {
        let inverse = power(b[b.len() - 1], p - 2);
        while a.len() >= b.len() {
            let factor = a[a.len() - 1] * inverse % p;
            let shift = a.len() - b.len();
            for (i, c) in b.iter().enumerate() {
                a[shift + i] = (a[shift + i] + p - factor * c % p) % p;
            }
            while a.last() == Some(&0) {
                a.pop();
            }
        }
        std::mem::swap(&mut a, &mut b);
    }
    // A constant that is left divides everything; nothing left means that a divides b.
    b.len() == 1
}

/// x^n modulo the prime.
fn power(mut x: u64, mut n: u64) -> u64 {
    let p = u64::from(PRIME);
    let mut result = 1;
    while n > 0 {
        if n % 2 == 1 {
            result = result * x % p;
        }
        x = x * x % p;
        n /= 2;
    }
    result
}

/// Euclid's algorithm with pseudo-remainders, each divided by what its coefficients share.
fn greatest_common_divisor(mut a: Vec<Integer>, mut b: Vec<Integer>) -> Vec<Integer> {
    while !b.is_empty() {
        while a.len() >= b.len() {
            let (lead, own) = (a[a.len() - 1].clone(), b[b.len() - 1].clone());
            let shift = a.len() - b.len();
            a.iter_mut().for_each(|x| *x *= &own);
            for (i, c) in b.iter().enumerate() {
                a[shift + i] -= Integer::from(&lead * c);
            }
            while a.last().is_some_and(Integer::is_zero) {
                a.pop();
            }
        }
        let content = a.iter().fold(Integer::new(), |gcd, x| gcd.gcd(x));
        a.iter_mut().for_each(|x| x.div_exact_mut(&content));
        std::mem::swap(&mut a, &mut b);
    }
    a
}
