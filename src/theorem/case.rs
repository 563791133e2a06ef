//! The operands of a check, exact.

use super::law::{Missing, Stop};
use crate::balance::{
    BalanceEquation, Noise, Orbit, Spectrum, SpectrumSource, Strength, Term, family::FamilySource,
    noise::mean,
};
use crate::model::{Loss, Model, Sample, Twin};
use crate::scalar::{Field, Rational, convert, dot, sum};
use crate::symmetry::Generator;
use std::fmt::Debug;

/// A seeded experiment: all else is in the phenomenon's file.
#[derive(Clone, Debug, PartialEq)]
pub struct ExperimentCase {
    /// Where all its randomness comes from.
    pub seed: usize,
    /// The full size in place of the preset.
    pub full: bool,
}

/// A network with data at a point, and a generator.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkCase<L = Model> {
    /// The loss.
    pub model: L,
    /// ε of its [`Twin`]; 0 for the loss itself.
    pub asymmetry: Rational,
    /// N samples.
    pub samples: Vec<Sample<Rational>>,
    /// θ, d numbers.
    pub theta: Vec<Rational>,
    /// A, on d parameters.
    pub generator: Generator,
    /// γ ≥ 0.
    pub gamma: Rational,
    /// η > 0.
    pub learning_rate: Rational,
    /// B ≥ 1.
    pub batch: usize,
    /// A displacement along the orbit.
    pub lambda: Rational,
}

/// A spectrum and its strength.
#[derive(Clone, Debug, PartialEq)]
pub struct SpectrumCase {
    /// The triples (μ, a, c).
    pub spectrum: Spectrum<Rational>,
    /// γ and σ².
    pub strength: Strength<Rational>,
    /// A point on the orbit.
    pub lambda: Rational,
}

/// A spectrum with vector rates, and its strength.
#[derive(Clone, Debug, PartialEq)]
pub struct FamilyCase {
    /// m, the number of generators.
    pub members: usize,
    /// The triples (w, a, c), m rates each.
    pub spectrum: Spectrum<Rational, Vec<Rational>>,
    /// γ and σ².
    pub strength: Strength<Rational>,
}

/// A loss that can be put under the statements.
pub trait AnyLoss: Loss + Clone + Debug + Send + Sync + 'static {}

impl<L: Loss + Clone + Debug + Send + Sync + 'static> AnyLoss for L {}

/// Why a loss or its gradient has no value: at a kink, at an irrational norm, or where a
/// rational meets an exponential.
pub(super) const OUTSIDE: &str = "outside the domain of the number system";

impl<L: AnyLoss> NetworkCase<L> {
    /// ℓ.
    pub fn loss(&self) -> Twin<&L> {
        Twin {
            loss: &self.model,
            asymmetry: self.asymmetry.clone(),
        }
    }

    /// θ in another number system.
    pub fn theta<S: Field>(&self) -> Vec<S> {
        convert(&self.theta)
    }

    /// ℓ(θ, z_i) for each sample.
    pub fn losses<S: Field>(&self, theta: &[S]) -> Result<Vec<S>, Stop> {
        let (loss, samples) = (self.loss(), self.samples.iter());
        let losses = samples.map(|z| loss.loss(theta, &z.convert()));
        losses.collect::<Option<_>>().or_open(OUTSIDE)
    }

    /// ∇ℓ(θ, z_i) for each sample.
    pub fn gradients<S: Field>(&self, theta: &[S]) -> Result<Vec<Vec<S>>, Stop> {
        let (loss, samples) = (self.loss(), self.samples.iter());
        let gradients = samples.map(|z| loss.gradient(theta, &z.convert()));
        gradients.collect::<Option<_>>().or_open(OUTSIDE)
    }

    /// θ̇ = −(∇L + 2γθ), gradient flow with weight decay.
    pub fn flow(&self) -> Result<Vec<Rational>, Stop> {
        let gradient = mean(&self.gradients(&self.theta)?);
        let decay = Rational::from(&self.gamma * 2u32);
        let terms = gradient.iter().zip(&self.theta);
        Ok(terms.map(|(g, x)| -(decay.clone() * x + g)).collect())
    }

    /// The drift of C by Itô's formula, ∇C·θ̇ + ½Tr[∇²C·2σ²Σ], with ∇C = 2Aθ and
    /// ∇²C = 2A, from Σ as a d × d matrix.
    pub fn drift_of_charge(
        &self,
        sigma: &[Vec<Rational>],
        sigma2: &Rational,
    ) -> Result<Rational, Stop> {
        let along = dot(&self.generator.apply(&self.theta), &self.flow()?);
        // Row k of Σ, turned by A, has the k-th diagonal entry of ΣA at k.
        let rows = sigma.iter().enumerate();
        let trace = sum(rows.map(|(k, row)| self.generator.apply(row)[k].clone()));
        Ok((along + trace * sigma2) * 2u32)
    }

    /// g_i − ḡ for each sample.
    pub fn centred_gradients(&self) -> Result<Vec<Vec<Rational>>, Stop> {
        let gradients = self.gradients(&self.theta)?;
        let mean = mean(&gradients);
        let centre = |g: Vec<Rational>| g.into_iter().zip(&mean).map(|(x, m)| x - m).collect();
        Ok(gradients.into_iter().map(centre).collect())
    }

    /// γ, and σ² = η/(2B).
    pub fn strength(&self) -> Result<Strength<Rational>, Stop> {
        let batch = Rational::from(self.batch);
        Ok(Strength::from_learning_rate(
            self.gamma.clone(),
            self.learning_rate.clone(),
            batch,
        )?)
    }

    /// The orbit with its exact gradients, where they are rational.
    pub fn orbit(&self) -> Result<Orbit, Stop> {
        let gradients = self.gradients(&self.theta)?;
        Ok(Orbit::new(
            self.generator.clone(),
            self.theta.clone(),
            Noise::Gradients(gradients),
        )?)
    }

    /// What the equilibrium depends on, exactly.
    pub fn source(&self) -> Result<SpectrumSource, Stop> {
        Ok(self.orbit()?.spectrum()?)
    }

    /// With another generator.
    pub fn with_generator(&self, generator: Generator) -> Self {
        Self {
            generator,
            ..self.clone()
        }
    }

    /// Some weight decay, so that its convention matters.
    pub fn with_decay(&self) -> Self {
        Self {
            gamma: self.gamma.clone() + Rational::from((1, 16)),
            ..self.clone()
        }
    }

    /// The twin whose symmetry is broken.
    pub fn asymmetric(&self) -> Self {
        Self {
            asymmetry: Rational::from((1, 8)),
            ..self.clone()
        }
    }

    /// A with the sign of its rates forgotten, so that both sides of a rescaling grow
    /// and the symmetry is lost. For a scaling, one coordinate shrinks instead.
    pub fn with_wrong_generator(&self) -> Self {
        let d = self.generator.dim();
        let rate = |k: usize| Rational::from(if k == 0 { -1 } else { 1 });
        match Generator::diagonal((0..d).map(rate).collect()) {
            Ok(generator) => self.with_generator(generator),
            // There is no point without parameters.
            Err(_) => self.clone(),
        }
    }
}

impl SpectrumCase {
    /// The balance equation in another number system.
    pub fn balance<S: Field>(&self) -> BalanceEquation<S> {
        BalanceEquation {
            spectrum: self.spectrum.map(S::from_rational),
            strength: self.strength.map(S::from_rational),
        }
    }

    /// With other terms.
    pub fn with_spectrum(&self, spectrum: Spectrum<Rational>) -> Self {
        Self {
            spectrum,
            ..self.clone()
        }
    }
}

impl FamilyCase {
    /// What its equilibrium depends on.
    pub fn source(&self) -> FamilySource {
        FamilySource::Exact {
            members: self.members,
            spectrum: self.spectrum.clone(),
        }
    }

    fn with_terms(
        &self,
        change: impl Fn(usize, Term<Rational, Vec<Rational>>) -> Term<Rational, Vec<Rational>>,
    ) -> Self {
        let terms = self.spectrum.terms().iter().cloned().enumerate();
        let terms = terms.map(|(k, term)| change(k, term)).collect();
        Self {
            spectrum: Spectrum::from_terms(terms),
            ..self.clone()
        }
    }

    /// The noise at −w in place of w.
    pub fn with_noise_mirrored(&self) -> Self {
        let terms = self.spectrum.terms().iter().flat_map(|t| {
            let mirrored = t.rate.iter().map(|w| Rational::from(-w)).collect();
            [
                Term {
                    noise: Rational::new(),
                    ..t.clone()
                },
                Term {
                    rate: mirrored,
                    noise: t.noise.clone(),
                    charge: Rational::new(),
                },
            ]
        });
        Self {
            spectrum: Spectrum::from_terms(terms.collect()),
            ..self.clone()
        }
    }

    /// All rates of the first generator 0.
    pub fn without_first_generator(&self) -> Self {
        self.with_terms(|_, mut term| {
            if let Some(rate) = term.rate.first_mut() {
                *rate = Rational::new();
            }
            term
        })
    }

    /// The first live noise or charge doubled.
    pub fn with_first_noise_doubled(&self) -> Self {
        let live = |t: &Term<Rational, Vec<Rational>>| {
            let noise = t.noise != 0 && self.strength.sigma2 != 0;
            let charge = t.charge != 0 && self.strength.gamma != 0;
            t.rate.iter().any(|w| *w != 0) && (noise || charge)
        };
        let first = self.spectrum.terms().iter().position(live);
        self.with_terms(|k, term| match first == Some(k) {
            true if term.noise != 0 && self.strength.sigma2 != 0 => Term {
                noise: term.noise * 2u32,
                ..term
            },
            true => Term {
                charge: term.charge * 2u32,
                ..term
            },
            false => term,
        })
    }
}
