//! Mistakes on purpose, one at a time: what the ledger has to notice.
//!
//! The hooks ask [`is`]. Without the feature `sabotage` it is `false` at compile time and
//! nothing of them is left. With it, one mistake at a time can be made in the whole
//! process, which the kill matrix does.

use crate::scalar::{Field, Rational, RealScalar};
use nalgebra::ComplexField;

/// A mistake that one could have made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Sabotage {
    /// Rescalings act the other way round.
    SignOfGenerator = 1,
    /// σ² = η/B in place of η/(2B).
    NoiseStrength,
    /// The second moment of the gradients in place of their covariance.
    SecondMoment,
    /// A step decays by γθ in place of 2γθ.
    StepDecay,
    /// The gradient flow decays by γθ in place of 2γθ.
    FlowDecay,
    /// W of a factor is read by rows in place of columns.
    TransposedFactor,
    /// e^{−λA} in place of e^{λA}.
    DirectionOfOrbit,
    /// The first rate of an eigenbasis is off by 2⁻⁴⁰ of itself.
    Eigenvalue,
    /// The upper end of a sum of intervals is rounded down.
    RoundingOfSum,
    /// The upper end of a product of intervals is rounded down.
    RoundingOfProduct,
    /// Newton's method stops at 2⁻²⁶ of λ.
    EarlyNewton,
    /// A bias of 10⁻⁹ at every hidden neuron.
    BrokenSymmetry,
    /// A batch without replacement is drawn with it.
    Replacement,
    /// G with 2γc in place of 4γc.
    BalanceDecay,
    /// Φ with the weight of the noise doubled.
    PotentialNoise,
    /// κ without its factor ½.
    RelaxationRate,
    /// M # N in place of M⁻¹ # N.
    GeometricMean,
    /// ρ with the exponent 1/(D+1) in place of 1/D in the balanced minimum of a deep
    /// linear network.
    DeepExponent,
    /// The noise of the stochastic differential equation is √2 times too weak.
    WeakNoise,
    /// The closed form has ½ ln in place of ¼ ln.
    ClosedForm,
}

/// x off by 2^−`bits` of itself.
pub(crate) fn off<S: RealScalar>(x: &S, bits: u32) -> S {
    x.clone() + S::from_rational(&(Rational::from(1) >> bits)) * x
}

/// 2⁻²⁶ of |x|.
pub(crate) fn early<S: RealScalar>(x: &S) -> S {
    ComplexField::abs(x.clone()) * S::from_rational(&(Rational::from(1) >> 26))
}

/// −x.
pub(crate) fn negated<S: Field>(x: &S) -> S {
    -x.clone()
}

/// 2x.
pub(crate) fn doubled<S: Field>(x: S) -> S {
    x * S::from_int(2)
}

#[cfg(not(feature = "sabotage"))]
pub(crate) const fn is(_: Sabotage) -> bool {
    false
}

#[cfg(feature = "sabotage")]
pub(crate) use active::is;
#[cfg(feature = "sabotage")]
pub use active::{ALL, with};

#[cfg(feature = "sabotage")]
mod active {
    use super::Sabotage;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU8, Ordering};

    /// All of them, with what a reader is told.
    pub const ALL: [(Sabotage, &str); 20] = [
        (Sabotage::SignOfGenerator, "sign of A in a rescaling"),
        (Sabotage::NoiseStrength, "σ² = η/B"),
        (
            Sabotage::SecondMoment,
            "second moment in place of the covariance",
        ),
        (Sabotage::StepDecay, "a step decays by γθ"),
        (Sabotage::FlowDecay, "gradient flow decays by γθ"),
        (Sabotage::TransposedFactor, "W of a factor transposed"),
        (Sabotage::DirectionOfOrbit, "e^{−λA} in place of e^{λA}"),
        (Sabotage::Eigenvalue, "one eigenvalue off by 2⁻⁴⁰"),
        (Sabotage::RoundingOfSum, "interval sums rounded inwards"),
        (
            Sabotage::RoundingOfProduct,
            "interval products rounded inwards",
        ),
        (Sabotage::EarlyNewton, "Newton's method stopped early"),
        (Sabotage::BrokenSymmetry, "a bias of 10⁻⁹ in every neuron"),
        (
            Sabotage::Replacement,
            "batches with in place of without replacement",
        ),
        (Sabotage::BalanceDecay, "2γc in place of 4γc in G"),
        (Sabotage::PotentialNoise, "2σ²a in place of σ²a in Φ"),
        (Sabotage::RelaxationRate, "κ without its ½"),
        (Sabotage::GeometricMean, "M # N in place of M⁻¹ # N"),
        (Sabotage::DeepExponent, "ρ with 1/(D+1) in place of 1/D"),
        (Sabotage::WeakNoise, "SDE with σ² in place of 2σ²"),
        (
            Sabotage::ClosedForm,
            "½ ln in place of ¼ ln in the closed form",
        ),
    ];

    static ACTIVE: AtomicU8 = AtomicU8::new(0);
    static TURN: Mutex<()> = Mutex::new(());

    pub(crate) fn is(sabotage: Sabotage) -> bool {
        ACTIVE.load(Ordering::Relaxed) == sabotage as u8
    }

    /// Runs `work` with one mistake, or none, in the whole process; others wait.
    pub fn with<T>(sabotage: Option<Sabotage>, work: impl FnOnce() -> T) -> T {
        struct Clean;
        impl Drop for Clean {
            fn drop(&mut self) {
                ACTIVE.store(0, Ordering::Relaxed);
            }
        }
        let _turn = TURN
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let _clean = Clean;
        ACTIVE.store(sabotage.map_or(0, |s| s as u8), Ordering::Relaxed);
        work()
    }
}
