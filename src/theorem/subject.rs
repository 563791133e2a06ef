//! Anybody's loss under the statements of the ledger.

use super::case::{AnyLoss, NetworkCase};
use super::draw::Draw;
use super::evidence::{Evidence, Outcome};
use super::find;
use super::law::{AnyOperands, Check, Law};
use super::replay::{self, Heading, ReplayError};
use super::suite::{self, Cases, Trial, outcome, trials};
use crate::balance::{Noise, Orbit};
use crate::model::Sample;
use crate::phenomenon::Experiment;
use crate::problem::{Body, Problem};
use crate::scalar::Rational;
use crate::symmetry::Generator;
use std::any::Any;
use std::sync::Arc;
use thiserror::Error;

/// Why a loss with samples, parameters and generators is no subject.
#[derive(Debug, Error, Clone, PartialEq)]
pub enum SubjectError {
    /// Lists that do not fit together.
    #[error("{field}: expected {expected} numbers, found {found}")]
    Shape {
        /// Which list.
        field: String,
        /// The right length.
        expected: usize,
        /// Its length.
        found: usize,
    },
    /// Nothing to look at.
    #[error("{0}: expected at least one, found none")]
    Empty(&'static str),
    /// The loss has no value at the given point, in any number system.
    #[error("loss: no value at theta for samples[{sample}]: a kink, or a division by 0?")]
    NoValue {
        /// The sample.
        sample: usize,
    },
    /// A gradient that is given and is not the derivative of the loss.
    #[error(
        "gradient: not the derivative of the loss for samples[{sample}] at θ = ({theta}): {found}"
    )]
    Gradient {
        /// What was found.
        found: String,
        /// The sample.
        sample: usize,
        /// The point.
        theta: String,
    },
    /// A generator under which the loss is not invariant.
    #[error(
        "generators[{generator}]: no symmetry of the loss for samples[{sample}] at θ = ({theta}): {found}"
    )]
    NoSymmetry {
        /// The generator.
        generator: usize,
        /// What ∇ℓ·Aθ is in place of 0.
        found: String,
        /// The sample.
        sample: usize,
        /// The point.
        theta: String,
    },
}

fn joined(theta: &[Rational]) -> String {
    let numbers = theta.iter().map(Rational::to_string);
    numbers.collect::<Vec<_>>().join(", ")
}

/// A loss with samples, parameters, and generators under which it is invariant.
#[derive(Clone, Debug)]
pub struct Subject<L> {
    loss: L,
    samples: Vec<Sample<Rational>>,
    theta: Vec<Rational>,
    generators: Vec<Generator>,
}

/// Points beside the given one at which a generator is held against the loss.
const POINTS: u64 = 8;

impl<L: AnyLoss> Subject<L> {
    /// The loss ℓ, N samples of one shape, d parameters θ, and generators on them.
    ///
    /// Each generator is held against the loss at once, sample by sample, at θ and at eight
    /// other points (T1): exactly where the loss is rational, by how the defect shrinks with
    /// the precision elsewhere. So is a gradient that the loss gives against its derivative.
    ///
    /// # Errors
    /// [`SubjectError`] with the point, the sample and what was found there.
    pub fn new(
        loss: L,
        samples: Vec<Sample<Rational>>,
        theta: Vec<Rational>,
        generators: Vec<Generator>,
    ) -> Result<Self, SubjectError> {
        let shape = |field: String, expected: usize, found: usize| match expected == found {
            true => Ok(()),
            false => Err(SubjectError::Shape {
                field,
                expected,
                found,
            }),
        };
        shape("theta".to_owned(), loss.dim(), theta.len())?;
        let Some(first) = samples.first() else {
            return Err(SubjectError::Empty("samples"));
        };
        let lengths = |z: &Sample<Rational>| (z.input.len(), z.target.len());
        let (inputs, targets) = lengths(first);
        for (i, sample) in samples.iter().enumerate() {
            shape(format!("samples[{i}].input"), inputs, sample.input.len())?;
            shape(format!("samples[{i}].target"), targets, sample.target.len())?;
        }
        if generators.is_empty() {
            return Err(SubjectError::Empty("generators"));
        }
        for (i, generator) in generators.iter().enumerate() {
            shape(format!("generators[{i}]"), theta.len(), generator.dim())?;
        }
        let subject = Self {
            loss,
            samples,
            theta,
            generators,
        };
        subject.inspect()?;
        Ok(subject)
    }

    fn inspect(&self) -> Result<(), SubjectError> {
        let points = (0..POINTS).map(|k| {
            let mut draw = Draw::seeded(1, "subject", k);
            (0..self.theta.len()).map(|_| draw.nonzero()).collect()
        });
        let points = std::iter::once(self.theta.clone()).chain(points);
        for (k, theta) in points.enumerate() {
            for (sample, z) in self.samples.iter().enumerate() {
                for (generator, own) in self.generators.iter().enumerate() {
                    let case = self.case(theta.clone(), own.clone(), vec![z.clone()]);
                    let theta = || joined(&theta);
                    match (NetworkCase::<L>::DIFFERENTIATED.judge)(&case) {
                        // Other points may lie on a kink; the given one may not.
                        Err(_) if k == 0 => return Err(SubjectError::NoValue { sample }),
                        Ok(Outcome::Refuted(found)) => {
                            let theta = theta();
                            return Err(SubjectError::Gradient {
                                found,
                                sample,
                                theta,
                            });
                        }
                        _ => {}
                    }
                    let exactly = (NetworkCase::<L>::ORTHOGONAL.judge)(&case);
                    let found = match exactly {
                        Err(_) => (NetworkCase::<L>::ORTHOGONAL_AT_ANY_PRECISION.judge)(&case),
                        decided => decided,
                    };
                    if let Ok(Outcome::Refuted(found)) = found {
                        return Err(SubjectError::NoSymmetry {
                            generator,
                            found,
                            sample,
                            theta: theta(),
                        });
                    }
                }
            }
        }
        Ok(())
    }

    fn case(
        &self,
        theta: Vec<Rational>,
        generator: Generator,
        samples: Vec<Sample<Rational>>,
    ) -> NetworkCase<L> {
        NetworkCase {
            model: self.loss.clone(),
            asymmetry: Rational::new(),
            samples,
            theta,
            generator,
            gamma: Rational::new(),
            learning_rate: Rational::from((1, 16)),
            batch: 1,
            lambda: Rational::from((1, 4)),
        }
    }

    /// The loss.
    pub fn loss(&self) -> &L {
        &self.loss
    }

    /// The generators.
    pub fn generators(&self) -> &[Generator] {
        &self.generators
    }

    /// What [`Problem::solve`] solves: the equilibrium on the orbit of one generator, from the
    /// exact gradients at θ. `None` where these are not rational.
    pub fn problem(
        &self,
        generator: usize,
        strength: crate::balance::Strength<Rational>,
    ) -> Option<Problem> {
        let gradients = self.samples.iter();
        let gradients = gradients.map(|z| self.loss.gradient(&self.theta, z));
        let noise = Noise::Gradients(gradients.collect::<Option<_>>()?);
        let generator = self.generators.get(generator)?.clone();
        let orbit = Orbit::new(generator, self.theta.clone(), noise).ok()?;
        let body = Body::Orbit(orbit);
        Some(Problem { strength, body })
    }

    /// θ, or another point near 1, with the samples and one of the generators.
    fn draw(&self, draw: &mut Draw) -> NetworkCase<L> {
        let theta = match draw.flag() {
            true => (0..self.theta.len()).map(|_| draw.nonzero()).collect(),
            false => self.theta.clone(),
        };
        let generator = draw.size(0, self.generators.len() - 1);
        let generator = self.generators[generator].clone();
        NetworkCase {
            gamma: match draw.flag() {
                true => draw.positive() / 8,
                false => Rational::new(),
            },
            learning_rate: draw.positive() / 16,
            batch: draw.size(1, 2.min(self.samples.len())),
            lambda: draw.nonzero() / 4,
            ..self.case(theta, generator, self.samples.clone())
        }
    }

    /// The checks that apply to any loss, with their statements.
    fn laws(subject: &Arc<Self>) -> Vec<(&'static str, OfSubject<L>)> {
        type Case<L> = NetworkCase<L>;
        let undrawn: fn(&mut Draw) -> Case<L> = |_| unreachable!("a subject draws its own cases");
        let of = |id, name, claim: super::law::Claim<Case<L>>| {
            let check = claim.drawn(name, undrawn);
            let subject = Arc::clone(subject);
            (id, OfSubject { subject, check })
        };
        vec![
            of("D1", "invariant along the orbit", Case::<L>::INVARIANT),
            of("D1", "gradient", Case::<L>::DIFFERENTIATED),
            of("T1", "exact", Case::<L>::ORTHOGONAL),
            of(
                "T1",
                "any precision",
                Case::<L>::ORTHOGONAL_AT_ANY_PRECISION,
            ),
            of("T1", "f64", Case::<L>::ORTHOGONAL_IN_F64),
            of("T1", "f32", Case::<L>::ORTHOGONAL_IN_F32),
            of("T2", "gradients", Case::<L>::GRADIENTS_MOVE),
            of("T2", "covariance", Case::<L>::COVARIANCE_MOVES),
            of("T2", "Hessian", Case::<L>::HESSIAN_MOVES),
            of("T3", "exact", Case::<L>::CHARGE_DECAYS),
            of("T4", "drift", Case::<L>::CHARGE_DRIFTS),
            of("T4", "no martingale", Case::<L>::NO_MARTINGALE),
            of("T5", "every step", Case::<L>::STEP),
            of(
                "T5",
                "mean with replacement",
                Case::<L>::MEAN_WITH_REPLACEMENT,
            ),
            of(
                "T5",
                "mean without replacement",
                Case::<L>::MEAN_WITHOUT_REPLACEMENT,
            ),
            of("T5", "any precision", Case::<L>::STEP_AT_ANY_PRECISION),
            of("T9", "loss along the path", Case::<L>::NO_BARRIER),
            of("T12", "gradients taken anew", Case::<L>::ONE_END),
        ]
    }

    /// The statements as named tests: each check, and each negative control. What does not
    /// apply to this loss says why.
    pub fn trials(self, cases: Cases) -> Vec<Trial> {
        let subject = Arc::new(self);
        let laws = Self::laws(&subject).into_iter();
        let trials = laws.flat_map(|(id, law)| {
            let group = find(id).map_or_else(|| id.to_owned(), |statement| statement.test());
            let reason = law.not_applicable(id, cases);
            let mut own = trials(id, &group, law, cases);
            for trial in &mut own {
                trial.not_applicable.clone_from(&reason);
            }
            own
        });
        trials.collect()
    }

    /// The same as a report.
    pub fn report(self, cases: Cases) -> Vec<Finding> {
        let trials = self.trials(cases).into_iter();
        let run = |trial: Trial| Finding {
            name: trial.name,
            verdict: match trial.not_applicable {
                Some(reason) => Verdict::NotApplicable(reason),
                None => match (trial.run)() {
                    Ok(()) => Verdict::Holds,
                    Err(found) => Verdict::Fails(found),
                },
            },
        };
        trials.map(run).collect()
    }

    /// Runs the check of a failure's replay text again.
    ///
    /// # Errors
    /// [`ReplayError`] for a text of another check or another shape.
    pub fn replay(&self, text: &str) -> Result<Outcome, ReplayError> {
        let subject = Arc::new(self.clone());
        let heading = replay::heading(text)?;
        let mut laws = Self::laws(&subject).into_iter();
        let found = laws.find(|(id, law)| *id == heading.statement && law.name() == heading.check);
        let Some((_, law)) = found else {
            return Err(ReplayError::Unknown {
                field: "check",
                expected: "one of this subject's".to_owned(),
                found: heading.check,
            });
        };
        Ok(outcome(&law, &*law.read(text)?, None))
    }
}

/// What came of one test of a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Statement, check and control, separated by `::`.
    pub name: String,
    /// What came of it.
    pub verdict: Verdict,
}

/// Whether a test held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The check held in its cases, or the control was caught.
    Holds,
    /// What was found, with a case to replay.
    Fails(String),
    /// Why the statement says nothing of this loss.
    NotApplicable(String),
}

/// A check of a subject.
struct OfSubject<L: 'static> {
    subject: Arc<Subject<L>>,
    check: Check<NetworkCase<L>>,
}

impl<L> Clone for OfSubject<L> {
    fn clone(&self) -> Self {
        let Check {
            name,
            evidence,
            draw,
            judge,
            controls,
        } = self.check;
        Self {
            subject: Arc::clone(&self.subject),
            check: Check {
                name,
                evidence,
                draw,
                judge,
                controls,
            },
        }
    }
}

/// A case of a subject. A file of it leaves out the loss, which only its author has.
#[derive(Debug)]
struct OwnCase<L>(NetworkCase<L>);

const KIND: &str = "subject";

impl<L: AnyLoss> AnyOperands for OwnCase<L> {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn write(&self, heading: &Heading) -> String {
        replay::write_as(heading, KIND, replay::without_model(&self.0))
    }
}

/// Cases that are looked at for a sign that a check says something of a loss.
const PROBES: u64 = 8;

impl<L: AnyLoss> OfSubject<L> {
    /// Why none of the first cases is decided, if none is.
    fn not_applicable(&self, id: &str, cases: Cases) -> Option<String> {
        let mut reason = None;
        for index in 0..PROBES {
            let case = suite::case(id, self, cases.seed, index);
            match outcome(self, &*case, None) {
                Outcome::Inconclusive(why) => reason = Some(why),
                _ => return None,
            }
        }
        reason
    }
}

impl<L: AnyLoss> Law for OfSubject<L> {
    fn name(&self) -> &'static str {
        self.check.name
    }

    fn evidence(&self) -> Evidence {
        self.check.evidence
    }

    fn controls(&self) -> Vec<&'static str> {
        self.check.controls.iter().map(|c| c.name).collect()
    }

    fn draw(&self, draw: &mut Draw, _full: bool) -> Box<dyn AnyOperands> {
        Box::new(OwnCase(self.subject.draw(draw)))
    }

    fn kind(&self) -> &'static str {
        KIND
    }

    fn read(&self, text: &str) -> Result<Box<dyn AnyOperands>, ReplayError> {
        let subject = &self.subject;
        let first = subject.samples.first();
        let shape = first.map_or((0, 0), |z| (z.input.len(), z.target.len()));
        let case = replay::read_for(text, KIND, subject.loss.clone(), shape)?;
        Ok(Box::new(OwnCase(case)))
    }

    fn run(
        &self,
        case: &dyn AnyOperands,
        control: Option<usize>,
        _progress: &(dyn Fn(u64) + Sync),
    ) -> (Outcome, Option<Experiment>) {
        let outcome = match (case as &dyn Any).downcast_ref::<OwnCase<L>>() {
            Some(OwnCase(case)) => self.check.judge(case, control),
            None => Outcome::Failed(format!("a case of kind {}", case.kind())),
        };
        (outcome, None)
    }
}
