//! What a check can find, and the two kinds of checks that many statements share.

use super::law::{Judgement, Stop};
use crate::scalar::{Ball, Field, Real, RealScalar, at_precision};
use serde::{Deserialize, Serialize};
use std::cmp::Ordering;

/// The kinds of evidence, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// Seeded runs: the 95 % confidence interval of what is measured agrees with the claim.
    Ensemble,
    /// f64 or f32 against a derived rounding bound.
    Rounding,
    /// The defect of an identity shrinks like 2^{−P} over P = 64 … 1024.
    Scaling,
    /// Interval arithmetic proves a sign or brackets a value.
    Enclosure,
    /// Rational arithmetic, equality without tolerance.
    Exact,
}

impl Evidence {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Ensemble,
        Self::Rounding,
        Self::Scaling,
        Self::Enclosure,
        Self::Exact,
    ];

    /// The numbers that it computes with.
    pub fn numbers(self) -> &'static str {
        match self {
            Self::Ensemble => "double precision",
            Self::Rounding => "single or double precision",
            Self::Scaling => "multiprecision, 64 to 1024 bits",
            Self::Enclosure => "intervals with outward rounding",
            Self::Exact => "rational numbers",
        }
    }

    /// What it means that a check holds.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Ensemble => {
                "the 95 % confidence interval of what seeded runs measure agrees with the claim"
            }
            Self::Rounding => "both sides agree within a derived rounding bound",
            Self::Scaling => "the defect of an identity shrinks like 2^−P over P bits",
            Self::Enclosure => "a sign is proved, or a value is bracketed",
            Self::Exact => "both sides are equal, without tolerance",
        }
    }

    /// The word for it in tables.
    pub fn label(self) -> &'static str {
        match self {
            Self::Ensemble => "ensemble",
            Self::Rounding => "rounding",
            Self::Scaling => "scaling",
            Self::Enclosure => "enclosure",
            Self::Exact => "exact",
        }
    }
}

/// By how much a case held.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Margin {
    /// Equality, nothing to measure.
    Exact,
    /// Slope of log₂(defect) over the precision; −1 for a true identity.
    Slope(#[serde(with = "crate::scalar::double::one")] f64),
    /// Bits by which a sign was certain, or a bound was kept: a rounding bound, or one on
    /// an estimate, in half widths of its confidence interval.
    Bits(#[serde(with = "crate::scalar::double::one")] f64),
}

impl Margin {
    /// The one that came closer to failing.
    pub fn worse(self, other: Self) -> Self {
        match (self, other) {
            (Self::Slope(a), Self::Slope(b)) => {
                Self::Slope(if (a + 1.0).abs() >= (b + 1.0).abs() {
                    a
                } else {
                    b
                })
            }
            (Self::Bits(a), Self::Bits(b)) => Self::Bits(a.min(b)),
            (Self::Exact, other) => other,
            (this, _) => this,
        }
    }

    /// For tables.
    pub fn label(self) -> String {
        match self {
            Self::Exact => "exact".to_owned(),
            Self::Slope(slope) => format!("slope {slope:.3}"),
            Self::Bits(bits) if bits.is_finite() => format!("{bits:.0} bits"),
            Self::Bits(_) => "exact".to_owned(),
        }
    }
}

/// What a check found on one case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It held.
    Verified(Margin),
    /// It did not; the text shows what was found.
    Refuted(String),
    /// The case says nothing, for this reason.
    Inconclusive(String),
    /// The check could not be made: something that had to work did not.
    Failed(String),
}

impl Outcome {
    /// Equality in an exact number system.
    pub fn equal<S: Field>(what: &str, left: &S, right: &S) -> Self {
        if left == right {
            Self::Verified(Margin::Exact)
        } else {
            Self::Refuted(format!("{what}: {left:?} is not {right:?}"))
        }
    }

    /// A certified sign.
    pub fn sign(what: &str, x: &Ball, expected: Ordering) -> Self {
        match x.sign() {
            Some(Ordering::Equal) if expected.is_eq() => Self::Verified(Margin::Exact),
            Some(sign) if sign == expected => Self::Verified(Margin::Bits(x.sign_margin())),
            Some(sign) => Self::Refuted(format!(
                "{what}: expected {expected:?} against 0, found {sign:?}"
            )),
            None => Self::Inconclusive(format!("{what}: the sign is not decided")),
        }
    }

    /// Holds when `condition` does, without a margin.
    pub fn holds(what: &str, condition: bool) -> Self {
        if condition {
            Self::Verified(Margin::Exact)
        } else {
            Self::Refuted(what.to_owned())
        }
    }

    /// Both: verified if both are, refuted or failed if one is.
    pub fn and(self, other: impl FnOnce() -> Self) -> Self {
        match self {
            Self::Verified(margin) => match other() {
                Self::Verified(second) => Self::Verified(margin.worse(second)),
                rest => rest,
            },
            Self::Inconclusive(reason) => match other() {
                red @ (Self::Refuted(_) | Self::Failed(_)) => red,
                _ => Self::Inconclusive(reason),
            },
            red => red,
        }
    }
}

/// An identity between two sides that can be evaluated at any precision.
pub trait Identity {
    /// |left − right| and the size of what was compared.
    ///
    /// # Errors
    /// [`Stop`] where one of the sides is open, or could not be computed.
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Result<(S, S), Stop>;
}

/// The precisions in bits.
pub const PRECISIONS: [u32; 5] = [64, 128, 256, 512, 1024];

/// Slopes this close to −1 verify an identity. Over 960 bits a defect that wanders
/// by 2^{±24} between the precisions stays within it; one that stops shrinking, even
/// at 2^{−900}, does not.
const SLOPE_TOLERANCE: f64 = 0.05;

/// Evaluates both sides at 64 to 1024 bits. The defect of a true identity falls
/// with slope −1 in log₂; that of a false one stays put.
pub fn precision_scaling(identity: &impl Identity) -> Judgement {
    let point = |bits: u32| {
        let (defect, scale) = at_precision(bits, || identity.defect::<Real>())?;
        let logarithm = defect.log2_abs() - scale.log2_abs();
        // A vanishing defect counts as half a unit in the last place; NaN as no shrinking.
        let floor = -f64::from(bits) - 1.0;
        Ok(if logarithm.is_nan() {
            0.0
        } else {
            logarithm.max(floor)
        })
    };
    let defects = PRECISIONS.into_iter().map(point);
    let defects = defects.collect::<Result<Vec<f64>, Stop>>()?;
    let slope = slope(&defects);
    if (slope + 1.0).abs() <= SLOPE_TOLERANCE {
        Ok(Outcome::Verified(Margin::Slope(slope)))
    } else {
        let list: Vec<String> = PRECISIONS
            .iter()
            .zip(&defects)
            .map(|(p, d)| format!("2^{d:.0} at {p} bits"))
            .collect();
        Ok(Outcome::Refuted(format!(
            "the defect does not shrink like 2^-P: {}",
            list.join(", ")
        )))
    }
}

/// Least-squares slope of `y` over [`PRECISIONS`].
fn slope(y: &[f64]) -> f64 {
    let n = y.len() as f64;
    let x: Vec<f64> = PRECISIONS.iter().map(|&p| f64::from(p)).collect();
    let (mean_x, mean_y) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let covariance: f64 = x
        .iter()
        .zip(y)
        .map(|(x, y)| (x - mean_x) * (y - mean_y))
        .sum();
    let variance: f64 = x.iter().map(|x| (x - mean_x) * (x - mean_x)).sum();
    covariance / variance
}

/// The largest |a_i − b_i|, and the largest of 1, |a_i|, |b_i|: the defect of an equality
/// of vectors. Drawn data are of order 1, so where both sides vanish, numbers of order
/// 1 cancelled in them.
pub fn vector_defect<S: RealScalar>(a: &[S], b: &[S]) -> (S, S) {
    let size = |x: &S| nalgebra::ComplexField::abs(x.clone());
    let larger = |x: S, y: S| nalgebra::RealField::max(x, y);
    a.iter()
        .zip(b)
        .fold((S::zero(), S::one()), |(defect, scale), (x, y)| {
            (
                larger(defect, size(&(x.clone() - y))),
                larger(larger(scale, size(x)), size(y)),
            )
        })
}
