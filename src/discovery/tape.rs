//! A loss as the list of its operations: recorded once, computed again in any number
//! system, and differentiated backwards at the cost of a few evaluations.
//!
//! Where a loss asks for a sign (a ReLU, an absolute value), the number at the point of
//! the recording answers, exactly: the list is then that of the smooth piece there.

use super::arithmetic::{Arithmetic, Enclosed, Exact};
use crate::scalar::{Ball, Field, Rational, at_precision};
use num_traits::{One, Zero};
use std::cmp::Ordering;
use std::ops::{Add, Div, Mul, Neg, Sub};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One operation; operands are positions of earlier ones.
#[derive(Clone, Copy, Debug)]
enum Op {
    /// A parameter, or after them a number of the sample.
    Input(u32),
    /// A constant, by its place in the list of them.
    Constant(u32),
    Add(u32, u32),
    Subtract(u32, u32),
    Multiply(u32, u32),
    Divide(u32, u32),
    Negate(u32),
    Power(u32, i32),
    Root(u32),
    Exponential(u32),
    Logarithm(u32),
}

/// The operations of a loss, the last result being the loss.
#[derive(Clone, Debug, Default)]
pub(super) struct Tape {
    ops: Vec<Op>,
    constants: Vec<Rational>,
    output: u32,
}

/// A bound on the degrees of numerator and denominator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Degree {
    pub(super) numerator: f64,
    pub(super) denominator: f64,
}

impl Tape {
    fn push(&mut self, op: Op) -> u32 {
        self.ops.push(op);
        index(self.ops.len() - 1)
    }

    /// Are all operations rational?
    pub(super) fn is_rational(&self) -> bool {
        let irrational =
            |op: &Op| matches!(op, Op::Root(_) | Op::Exponential(_) | Op::Logarithm(_));
        !self.ops.iter().any(irrational)
    }

    /// One operation, its operands known.
    fn step<F: Arithmetic>(
        &self,
        op: Op,
        field: &F,
        inputs: &[F::Number],
        values: &[F::Number],
    ) -> Option<F::Number> {
        let at = |i: u32| &values[i as usize];
        Some(match op {
            Op::Input(i) => inputs[i as usize].clone(),
            Op::Constant(i) => field.constant(&self.constants[i as usize])?,
            Op::Add(a, b) => field.add(at(a), at(b)),
            Op::Subtract(a, b) => field.subtract(at(a), at(b)),
            Op::Multiply(a, b) => field.multiply(at(a), at(b)),
            Op::Divide(a, b) => field.divide(at(a), at(b))?,
            Op::Negate(a) => field.subtract(&field.constant(&Rational::new())?, at(a)),
            Op::Power(a, n) => field.power(at(a), n)?,
            Op::Root(a) => field.root(at(a))?,
            Op::Exponential(a) => field.exponential(at(a))?,
            Op::Logarithm(a) => field.logarithm(at(a))?,
        })
    }

    fn values<F: Arithmetic>(&self, field: &F, inputs: &[F::Number]) -> Option<Vec<F::Number>> {
        let mut values = Vec::with_capacity(self.ops.len());
        for &op in &self.ops {
            let value = self.step(op, field, inputs, &values)?;
            values.push(value);
        }
        Some(values)
    }

    /// The derivatives in the first `count` inputs; `None` where an operation has no
    /// result at this point.
    pub(super) fn gradient<F: Arithmetic>(
        &self,
        field: &F,
        inputs: &[F::Number],
        count: usize,
    ) -> Option<Vec<F::Number>> {
        let values = self.values(field, inputs)?;
        let zero = field.constant(&Rational::new())?;
        let one = field.constant(&Rational::one())?;
        let mut gradient = vec![zero.clone(); count];
        // What has no influence on the result stays `None`.
        let mut adjoints: Vec<Option<F::Number>> = vec![None; self.ops.len()];
        if let Some(last) = adjoints.get_mut(self.output as usize) {
            *last = Some(one);
        }
        for (position, &op) in self.ops.iter().enumerate().rev() {
            let Some(own) = adjoints[position].take() else {
                continue;
            };
            let at = |i: u32| &values[i as usize];
            let mut give = |to: u32, term: F::Number| {
                let slot = &mut adjoints[to as usize];
                *slot = Some(match slot.take() {
                    Some(sum) => field.add(&sum, &term),
                    None => term,
                });
            };
            match op {
                Op::Input(i) => {
                    if let Some(entry) = gradient.get_mut(i as usize) {
                        *entry = field.add(entry, &own);
                    }
                }
                Op::Constant(_) => {}
                Op::Add(a, b) => {
                    give(a, own.clone());
                    give(b, own);
                }
                Op::Subtract(a, b) => {
                    let negated = field.subtract(&zero, &own);
                    give(a, own);
                    give(b, negated);
                }
                Op::Multiply(a, b) => {
                    give(a, field.multiply(&own, at(b)));
                    give(b, field.multiply(&own, at(a)));
                }
                Op::Divide(a, b) => {
                    let share = field.divide(&own, at(b))?;
                    let fall = field.multiply(&share, &values[position]);
                    give(a, share);
                    give(b, field.subtract(&zero, &fall));
                }
                Op::Negate(a) => give(a, field.subtract(&zero, &own)),
                Op::Power(a, n) => {
                    let slope = field.constant(&Rational::from(n))?;
                    let slope = field.multiply(&slope, &field.power(at(a), n - 1)?);
                    give(a, field.multiply(&own, &slope));
                }
                Op::Root(a) => {
                    let twice = field.add(&values[position], &values[position]);
                    give(a, field.divide(&own, &twice)?);
                }
                Op::Exponential(a) => give(a, field.multiply(&own, &values[position])),
                Op::Logarithm(a) => give(a, field.divide(&own, at(a))?),
            }
        }
        Some(gradient)
    }

    /// Bounds on the degrees, in the inputs before `fixed`; those from there on count as
    /// constants. Infinite where they are out of range.
    pub(super) fn degree(&self, fixed: usize) -> Degree {
        let mut degrees: Vec<Degree> = Vec::with_capacity(self.ops.len());
        let of = |numerator, denominator| Degree {
            numerator,
            denominator,
        };
        for op in &self.ops {
            let at = |i: &u32| degrees[*i as usize];
            let sum = |a: Degree, b: Degree| {
                if a.denominator == 0.0 && b.denominator == 0.0 {
                    return of(a.numerator.max(b.numerator), 0.0);
                }
                let left = a.numerator + b.denominator;
                of(
                    left.max(b.numerator + a.denominator),
                    a.denominator + b.denominator,
                )
            };
            let degree = match op {
                Op::Input(i) => of(if (*i as usize) < fixed { 1.0 } else { 0.0 }, 0.0),
                Op::Constant(_) => of(0.0, 0.0),
                Op::Add(a, b) | Op::Subtract(a, b) => sum(at(a), at(b)),
                Op::Multiply(a, b) => {
                    let (a, b) = (at(a), at(b));
                    of(a.numerator + b.numerator, a.denominator + b.denominator)
                }
                Op::Divide(a, b) => {
                    let (a, b) = (at(a), at(b));
                    of(a.numerator + b.denominator, a.denominator + b.numerator)
                }
                Op::Negate(a) => at(a),
                Op::Power(a, n) => {
                    let (a, times) = (at(a), f64::from(n.unsigned_abs()));
                    let (up, down) = (a.numerator * times, a.denominator * times);
                    if *n < 0 { of(down, up) } else { of(up, down) }
                }
                Op::Root(_) | Op::Exponential(_) | Op::Logarithm(_) => of(f64::INFINITY, 0.0),
            };
            degrees.push(degree);
        }
        let last = degrees.get(self.output as usize);
        last.copied().unwrap_or(of(0.0, 0.0))
    }
}

fn index(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A number known where the recording stands.
#[derive(Clone, Debug)]
enum Value {
    Exact(Rational),
    Enclosed(Ball),
    /// The operation has no result there.
    None,
}

/// Bits with which a sign is decided where the number is irrational.
const SIGN_BITS: u32 = 256;

impl Value {
    fn enclosed(&self) -> Option<Ball> {
        match self {
            Self::Exact(q) => Some(Ball::from_rational(q)),
            Self::Enclosed(ball) => Some(ball.clone()),
            Self::None => None,
        }
    }
}

#[derive(Debug)]
struct State {
    tape: Tape,
    point: Vec<Rational>,
    /// Those of the first operations, as far as a sign asked for them.
    values: Vec<Value>,
    /// The signs that were asked for.
    decisions: Vec<Ordering>,
}

impl State {
    fn sign(&mut self, id: u32) -> Option<Ordering> {
        while self.values.len() <= id as usize {
            let value = self.value(self.tape.ops[self.values.len()]);
            self.values.push(value);
        }
        let sign = match &self.values[id as usize] {
            Value::Exact(q) => Some(q.cmp0()),
            Value::Enclosed(ball) => at_precision(SIGN_BITS, || Field::sign(ball)),
            Value::None => None,
        }?;
        self.decisions.push(sign);
        Some(sign)
    }

    /// The next value: exact if it can be.
    fn value(&self, op: Op) -> Value {
        let exact = |i: u32| match &self.values[i as usize] {
            Value::Exact(q) => Some(q),
            _ => None,
        };
        let result = match op {
            Op::Input(i) => self.point.get(i as usize).cloned(),
            Op::Constant(i) => self.tape.constants.get(i as usize).cloned(),
            Op::Add(a, b) => exact(a).zip(exact(b)).map(|(a, b)| Exact.add(a, b)),
            Op::Subtract(a, b) => exact(a).zip(exact(b)).map(|(a, b)| Exact.subtract(a, b)),
            Op::Multiply(a, b) => exact(a).zip(exact(b)).map(|(a, b)| Exact.multiply(a, b)),
            Op::Divide(a, b) => exact(a).zip(exact(b)).and_then(|(a, b)| Exact.divide(a, b)),
            Op::Negate(a) => exact(a).map(|a| Rational::from(-a)),
            Op::Power(a, n) => exact(a).and_then(|a| Exact.power(a, n)),
            Op::Root(a) => exact(a).and_then(|a| Exact.root(a)),
            Op::Exponential(a) => exact(a).and_then(|a| Exact.exponential(a)),
            Op::Logarithm(a) => exact(a).and_then(|a| Exact.logarithm(a)),
        };
        if let Some(q) = result {
            return Value::Exact(q);
        }
        let enclosed = at_precision(SIGN_BITS, || {
            let at = |i: u32| self.values[i as usize].enclosed();
            match op {
                Op::Input(_) | Op::Constant(_) => None,
                Op::Add(a, b) => Some(Enclosed.add(&at(a)?, &at(b)?)),
                Op::Subtract(a, b) => Some(Enclosed.subtract(&at(a)?, &at(b)?)),
                Op::Multiply(a, b) => Some(Enclosed.multiply(&at(a)?, &at(b)?)),
                Op::Divide(a, b) => Enclosed.divide(&at(a)?, &at(b)?),
                Op::Negate(a) => Some(-at(a)?),
                Op::Power(a, n) => Enclosed.power(&at(a)?, n),
                Op::Root(a) => Enclosed.root(&at(a)?),
                Op::Exponential(a) => Enclosed.exponential(&at(a)?),
                Op::Logarithm(a) => Enclosed.logarithm(&at(a)?),
            }
        });
        enclosed.map_or(Value::None, Value::Enclosed)
    }
}

/// Where the operations of one evaluation go.
#[derive(Clone, Debug)]
pub(super) struct Recording(Arc<Mutex<State>>);

/// What a recording became.
pub(super) struct Recorded {
    pub(super) tape: Tape,
    /// The signs that were asked for: which smooth piece it is. Empty where there is one.
    pub(super) piece: Vec<Ordering>,
}

impl Recording {
    /// The loss at `point`, a parameter or number of the sample each; `None` where it is
    /// undefined or not smooth.
    pub(super) fn of(
        point: &[Rational],
        loss: impl FnOnce(&[Number]) -> Option<Number>,
    ) -> Option<Recorded> {
        let recording = Self(Arc::new(Mutex::new(State {
            tape: Tape::default(),
            point: point.to_vec(),
            values: Vec::new(),
            decisions: Vec::new(),
        })));
        let inputs: Vec<Number> = (0..point.len())
            .map(|i| recording.push(Op::Input(index(i))))
            .collect();
        let output = recording.place(&loss(&inputs)?)?;
        let mut state = recording.state();
        state.tape.output = output;
        Some(Recorded {
            tape: std::mem::take(&mut state.tape),
            piece: std::mem::take(&mut state.decisions),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A loss that panicked has left nothing half done here.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, op: Op) -> Number {
        let id = self.state().tape.push(op);
        Number::Recorded {
            recording: self.clone(),
            id,
        }
    }

    /// Where an operand stands; a constant gets a place.
    fn place(&self, number: &Number) -> Option<u32> {
        match number {
            Number::Recorded { id, .. } => Some(*id),
            Number::Constant(q) => {
                let mut state = self.state();
                let at = index(state.tape.constants.len());
                state.tape.constants.push(q.clone());
                Some(state.tape.push(Op::Constant(at)))
            }
            Number::Undefined => None,
        }
    }
}

/// A number that remembers how it was computed.
#[derive(Clone, Debug)]
pub(super) enum Number {
    /// One that depends on no parameter and on no sample.
    Constant(Rational),
    /// The result of an operation, and its place in the recording.
    Recorded { recording: Recording, id: u32 },
    /// A constant over 0, and all that is computed with it.
    Undefined,
}

impl Number {
    fn recording<'a>(&'a self, other: &'a Self) -> Option<&'a Recording> {
        [self, other].into_iter().find_map(|number| match number {
            Self::Recorded { recording, .. } => Some(recording),
            _ => None,
        })
    }

    fn binary(&self, other: &Self, op: impl FnOnce(u32, u32) -> Op) -> Self {
        let result = self.recording(other).and_then(|recording| {
            let (a, b) = (recording.place(self)?, recording.place(other)?);
            Some(recording.push(op(a, b)))
        });
        result.unwrap_or(Self::Undefined)
    }

    fn unary(&self, op: impl FnOnce(u32) -> Op) -> Option<Self> {
        match self {
            Self::Recorded { recording, id } => Some(recording.push(op(*id))),
            _ => None,
        }
    }

    fn is_constant(&self, value: u32) -> bool {
        matches!(self, Self::Constant(q) if *q == value)
    }

    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Recorded { id: a, .. }, Self::Recorded { id: b, .. }) => a == b,
            _ => false,
        }
    }

    fn plus(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Undefined, _) | (_, Self::Undefined) => Self::Undefined,
            (Self::Constant(a), Self::Constant(b)) => Self::Constant(Rational::from(a + b)),
            _ if self.is_constant(0) => other.clone(),
            _ if other.is_constant(0) => self.clone(),
            _ => self.binary(other, Op::Add),
        }
    }

    fn minus(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Undefined, _) | (_, Self::Undefined) => Self::Undefined,
            (Self::Constant(a), Self::Constant(b)) => Self::Constant(Rational::from(a - b)),
            _ if other.is_constant(0) => self.clone(),
            _ if self.is_same(other) => Self::zero(),
            _ => self.binary(other, Op::Subtract),
        }
    }

    fn times(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Undefined, _) | (_, Self::Undefined) => Self::Undefined,
            (Self::Constant(a), Self::Constant(b)) => Self::Constant(Rational::from(a * b)),
            _ if self.is_constant(0) || other.is_constant(1) => self.clone(),
            _ if other.is_constant(0) || self.is_constant(1) => other.clone(),
            _ => self.binary(other, Op::Multiply),
        }
    }

    fn over(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Constant(a), Self::Constant(b)) if b.cmp0() != Ordering::Equal => {
                Self::Constant(Rational::from(a / b))
            }
            (Self::Undefined, _) | (_, Self::Undefined) => Self::Undefined,
            _ if other.is_constant(0) => Self::Undefined,
            _ if other.is_constant(1) => self.clone(),
            _ => self.binary(other, Op::Divide),
        }
    }

    /// The whole power n; `None` for a constant 0 and n < 0.
    pub(super) fn power(&self, n: i32) -> Option<Self> {
        match (self, n) {
            (_, 0) => Some(Self::one()),
            (_, 1) => Some(self.clone()),
            (Self::Constant(q), _) => Exact.power(q, n).map(Self::Constant),
            _ => self.unary(|a| Op::Power(a, n)),
        }
    }

    /// The natural logarithm; `None` for a constant without a rational one, unless `like`
    /// is no constant.
    pub(super) fn logarithm(&self, like: &Self) -> Option<Self> {
        self.function(like, Op::Logarithm, |q| Exact.logarithm(q))
    }

    /// As [`Number::logarithm`], e^x.
    pub(super) fn exponential_like(&self, like: &Self) -> Option<Self> {
        self.function(like, Op::Exponential, |q| Exact.exponential(q))
    }

    /// As [`Number::logarithm`], √x.
    pub(super) fn root_like(&self, like: &Self) -> Option<Self> {
        self.function(like, Op::Root, |q| Exact.root(q))
    }

    fn function(
        &self,
        like: &Self,
        op: impl FnOnce(u32) -> Op,
        exact: impl FnOnce(&Rational) -> Option<Rational>,
    ) -> Option<Self> {
        if let Self::Constant(q) = self
            && let Some(value) = exact(q)
        {
            return Some(Self::Constant(value));
        }
        let recording = self.recording(like)?;
        let a = recording.place(self)?;
        Some(recording.push(op(a)))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.is_same(other) || self.minus(other).sign() == Some(Ordering::Equal)
    }
}

macro_rules! operators {
    ($($trait:ident $name:ident $own:ident),*) => {
        $(impl $trait for Number {
            type Output = Self;
            fn $name(self, other: Self) -> Self {
                self.$own(&other)
            }
        }
        impl $trait<&Number> for Number {
            type Output = Self;
            fn $name(self, other: &Self) -> Self {
                self.$own(other)
            }
        })*
    };
}
operators!(Add add plus, Sub sub minus, Mul mul times, Div div over);

impl Neg for Number {
    type Output = Self;
    fn neg(self) -> Self {
        match &self {
            Self::Constant(q) => Self::Constant(Rational::from(-q)),
            Self::Recorded { recording, id } => recording.push(Op::Negate(*id)),
            Self::Undefined => Self::Undefined,
        }
    }
}
impl Zero for Number {
    fn zero() -> Self {
        Self::Constant(Rational::new())
    }
    fn is_zero(&self) -> bool {
        self.sign() == Some(Ordering::Equal)
    }
}
impl One for Number {
    fn one() -> Self {
        Self::Constant(Rational::one())
    }
}
impl Field for Number {
    fn from_rational(q: &Rational) -> Self {
        Self::Constant(q.clone())
    }
    fn sign(&self) -> Option<Ordering> {
        match self {
            Self::Constant(q) => Some(q.cmp0()),
            Self::Recorded { recording, id } => recording.state().sign(*id),
            Self::Undefined => None,
        }
    }
    fn root(&self) -> Option<Self> {
        self.root_like(self)
    }
    fn exponential(&self) -> Option<Self> {
        self.exponential_like(self)
    }
}
