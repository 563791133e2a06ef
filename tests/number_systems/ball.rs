//! Balls to test with: every kind of operand, what a ball holds exactly, and an operation
//! in all the forms it can be written in.

use crate::{Draw, float, ratio, rational, shift};
use noise_equilibrium::scalar::{Ball, Rational, working_precision};

/// A ball, and an exact number inside.
#[derive(Clone, Debug)]
pub struct Operand {
    pub ball: Ball,
    pub middle: Rational,
    /// `None` for the whole line.
    pub radius: Option<Rational>,
    pub inside: Rational,
    pub kind: u32,
}

/// The kinds of operand; [`operand`] draws one.
pub const KINDS: u32 = 14;

impl Operand {
    /// The ball around `middle`, of whatever precision that takes; `radius` is dyadic or
    /// rounded up.
    pub fn at(middle: Rational, radius: Rational) -> Self {
        let bits = middle.numer().significant_bits().max(2);
        Self::of(bits, middle, &radius, 14)
    }

    fn of(bits: u32, middle: Rational, radius: &Rational, kind: u32) -> Self {
        let up = rug::float::Round::Up;
        let (radius, _) = rug::Float::with_val_round(53, radius, up);
        let ball = Ball::point(&float(bits, &middle)).widen(&radius);
        Self {
            ball,
            inside: middle.clone(),
            middle,
            radius: Some(rational(&radius)),
            kind,
        }
    }
}

/// A ball of one kind, its midpoint at the working precision or at another one, and a
/// number inside: one of its ends in half of the cases.
pub fn operand(draw: &mut Draw, kind: u32) -> Operand {
    let working = working_precision();
    let bits = [working, working, 24, 70, 200][usize::try_from(draw.range(0, 4)).unwrap()];
    let last = |exponent: i32| exponent - i32::try_from(bits).unwrap();
    let mut between = |low, high| i32::try_from(draw.range(low, high)).unwrap();
    let near = between(-20, 20);
    let exponent = match kind {
        8 => 13_288,
        9 => -13_288,
        10 => -1074,
        _ => near,
    };
    // The radius, where it is a random double, has this exponent.
    let size = match kind {
        1 | 8 | 9 => last(exponent) + between(-3, 3),
        2 | 10 => exponent - between(1, 6),
        3 => exponent + between(1, 5),
        7 => last(exponent) - between(100, 400),
        _ => exponent,
    };
    let apart = between(1, 180);
    let random = draw.dyadic(53, size).abs();
    let zero = Rational::new();
    let (bits, middle, radius) = match kind {
        0 => (bits, draw.dyadic(bits, exponent), zero),
        4 => (bits, zero, random),
        // It touches 0, or ends just before it.
        5 => (53, draw.dyadic(53, exponent), zero),
        6 => {
            let beyond = random.clone() + shift(ratio(1, 1), exponent - apart);
            let side = draw.dyadic(2, 0).cmp0() as i64;
            (300, beyond * ratio(side, 1), random)
        }
        11 => (bits, zero.clone(), zero),
        13 => (64, ratio(draw.range(-9, 9), 1), zero),
        _ => (bits, draw.dyadic(bits, exponent), random),
    };
    let radius = if kind == 5 {
        middle.clone().abs()
    } else {
        radius
    };
    if kind == 12 {
        let far = i32::try_from(draw.range(-300, 300)).unwrap();
        return Operand {
            ball: Ball::whole(),
            middle: Rational::new(),
            radius: None,
            inside: shift(ratio(draw.range(-3, 3), 3), far),
            kind,
        };
    }
    let weight = [ratio(-1, 1), ratio(1, 1), ratio(draw.range(-8, 8), 8)]
        [usize::try_from(draw.range(0, 2)).unwrap()]
    .clone();
    let mut operand = Operand::of(bits, middle, &radius, kind);
    operand.inside = operand.middle.clone() + weight * radius;
    operand
}

/// The exact ends of a ball; `None` for the whole line.
pub fn ends(x: &Ball) -> Option<(Rational, Rational)> {
    let radius = x.radius().to_rational()?;
    let middle = rational(x.midpoint());
    Some((middle.clone() - &radius, middle + radius))
}

/// Is `q` in the ball, exactly?
pub fn holds(x: &Ball, q: &Rational) -> bool {
    ends(x).is_none_or(|(low, high)| low <= *q && high >= *q)
}

/// An operation, after all the forms it can be written in were seen to agree.
macro_rules! in_all_forms {
    ($op:tt, $assign:tt) => {
        |x: &[Ball]| {
            let (a, b) = (&x[0], &x[1]);
            let result = a $op b;
            let (mut by_reference, mut by_value) = (a.clone(), a.clone());
            by_reference $assign b;
            by_value $assign b.clone();
            let forms = [a.clone() $op b, a.clone() $op b.clone(), by_reference, by_value];
            for form in forms {
                assert_eq!(form, result);
                assert_eq!(form.midpoint().prec(), result.midpoint().prec());
            }
            let working = noise_equilibrium::scalar::working_precision();
            assert!(!result.is_bounded() || result.midpoint().prec() == working);
            result
        }
    };
}
pub(crate) use in_all_forms;

/// Tests whose bodies stand in a module `run`, at several working precisions.
macro_rules! at_every_precision {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            for bits in [2, 24, 53, 128, 500] {
                noise_equilibrium::scalar::at_precision(bits, run::$name);
            }
        })*
    };
}
pub(crate) use at_every_precision;
