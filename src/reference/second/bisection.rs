//! The root of G by bisection in interval arithmetic: G is monotone (T7), so a sign at each
//! end is a proof, and nothing else is used.

use super::coordinates::Coordinates;
use super::{Reached, Status};
use crate::scalar::{Ball, Field, Rational, Scalar, sum};
use rug::Float;
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// Doublings or halvings of λ until its sign of G is on the other side.
const MAX_DOUBLINGS: i32 = 400;

/// Decides where G vanishes and encloses what follows, with end points of `bits` bits.
pub(super) fn solve(system: &Coordinates, bits: u32) -> Result<Reached, String> {
    match system.status() {
        Status::Finite => {}
        status => return Ok(Reached::status(status)),
    }
    let lambda = root(system, bits)?;
    Ok(follow(system, &lambda, bits))
}

/// The rate, 2σ²a and 4γc of the live terms, times the rate.
type Terms = Vec<(Ball, Ball, Ball)>;

fn root(system: &Coordinates, bits: u32) -> Result<Ball, String> {
    let mut by_rate: BTreeMap<&Rational, (Rational, Rational)> = BTreeMap::new();
    for own in &system.list {
        let (up, down) = by_rate.entry(&own.rates[0]).or_default();
        *up += Rational::from(&own.noise * &system.strength.sigma2) * 2;
        *down += Rational::from(&own.charge * &system.strength.gamma) * 4;
    }
    let at = |q: &Rational| Ball::at(bits, q);
    let live = by_rate.iter().filter(|(rate, _)| ***rate != 0);
    let terms = live.map(|(rate, (up, down))| {
        let weight = |x: &Rational| at(&Rational::from(x * *rate));
        (at(&Rational::from(*rate * 2)), weight(up), weight(down))
    });
    let terms: Terms = terms.collect();
    let start = system.start();
    let start = start.balance[0].cmp0();
    if start == Ordering::Equal {
        return Ok(at(&Rational::new()));
    }
    let sign = |x: &Float| sign(&terms, x).ok_or_else(|| format!("no sign of G at λ = {x:.6}"));
    // From ±1 to the ends of an interval between two powers of two.
    let point = |k: i32| {
        let power = Float::with_val(bits, 1) << k;
        if start == Ordering::Greater {
            power
        } else {
            -power
        }
    };
    let mut k = 0;
    if sign(&point(0))? == start {
        while sign(&point(k + 1))? == start {
            k += 1;
            if k > MAX_DOUBLINGS {
                return Err("no change of sign of G".to_owned());
            }
        }
    } else {
        k -= 1;
        while sign(&point(k))? != start {
            k -= 1;
            if k < -MAX_DOUBLINGS {
                return Err("no change of sign of G".to_owned());
            }
        }
    }
    let (mut near, mut far) = (point(k), point(k + 1));
    // Half of the bits are left for rounding.
    for _ in 0..bits / 2 {
        let middle = Float::with_val(bits, &near + &far) / 2u32;
        match sign(&middle)? {
            Ordering::Equal => return Ok(Ball::point(&middle)),
            found if found == start => near = middle,
            _ => far = middle,
        }
    }
    let (low, high) = if near < far { (near, far) } else { (far, near) };
    Ball::between(&low, &high).ok_or_else(|| "no interval".to_owned())
}

fn sign(terms: &Terms, lambda: &Float) -> Option<Ordering> {
    let point = Ball::point(lambda);
    let drive = terms.iter().map(|(twice, up, down)| {
        let exponent = twice.clone() * &point;
        (-exponent.clone()).exp() * up - exponent.exp() * down
    });
    sum(drive).sign()
}

fn follow(system: &Coordinates, lambda: &Ball, bits: u32) -> Reached {
    let at = |q: &Rational| Ball::at(bits, q);
    let [two, four] = [2, 4].map(|n| at(&Rational::from(n)));
    let (gamma, sigma2) = (at(&system.strength.gamma), at(&system.strength.sigma2));
    let zero = || at(&Rational::new());
    let (mut charge, mut potential, mut slope, mut speed) = (zero(), zero(), zero(), zero());
    for own in &system.list {
        let rate = at(&own.rates[0]);
        let grown = (two.clone() * &rate * lambda).exp();
        let square = at(&own.charge) * &grown;
        let noise = at(&own.noise) / &grown;
        charge += rate.clone() * &square;
        speed += rate.square() * &square;
        slope += rate.square()
            * (four.clone() * &sigma2 * &noise + four.clone() * &two * &gamma * &square);
        potential = potential + two.clone() * &gamma * &square + sigma2.clone() * &noise;
    }
    let theta = system.theta.as_ref().map(|theta| {
        let moved = theta.iter().zip(&system.list);
        let moved = moved.map(|(x, own)| (at(&own.rates[0]) * lambda).exp() * at(x));
        moved.collect()
    });
    Reached {
        status: Status::Finite,
        lambda: vec![lambda.clone()],
        theta,
        charge: vec![charge],
        potential: Some(potential),
        relaxation_rate: (!speed.is_exactly_zero()).then(|| slope / (two * speed)),
    }
}
