//! T6: what the broken symmetry adds to the law of the charge, and that it is small
//! where the symmetry is nearly there.

use super::case::NetworkCase;
use super::evidence::{Evidence, Outcome};
use super::law::{Check, Control, Judgement, Missing, Stop};
use super::trajectory::{Increment, Moment, Running, dot as inner, scatter};
use super::{Origin, Statement, sample};
use crate::balance::{
    BalanceEquation, Spectrum,
    noise::{mean, population_covariance, population_variance},
};
use crate::dynamics::Noise;
use crate::model::{Deep, Model, Sample};
use crate::scalar::{Ball, Field, Rational, at_precision, dot, sum};
use crate::symmetry::Structure;
use std::cmp::Ordering;

pub static STATEMENT: Statement = Statement {
    id: "T6",
    name: "approximate symmetry",
    claim: "Without D1, dC = (−2∇LᵀAθ − 4γC + 2σ²Tr[ΣA])dt + 2θᵀA√(2σ²Σ)dW. For a tanh neuron with incoming weights sw, ∇LᵀAθ = O(s³) and the martingale's variance rate is O(s⁶): as s falls, the law of T4 is what remains.",
    origin: Origin::Paper,
    drawn: true,
    unproved: Some("the bounds on tanh are proved in docs/theory.md alone"),
    file: file!(),
    checks: &[
        &Check {
            name: "drift of the asymmetric twin",
            evidence: Evidence::Exact,
            draw: sample::rational_network,
            judge: |case| drift(case, 2),
            controls: &[
                Control {
                    name: "the law of T4 alone",
                    judge: |case| drift(case, 0),
                },
                Control {
                    name: "∇LᵀAθ in place of 2∇LᵀAθ",
                    judge: |case| drift(case, 1),
                },
            ],
        },
        &Check {
            name: "martingale of the asymmetric twin",
            evidence: Evidence::Exact,
            draw: sample::rational_network,
            judge: |case| martingale(case, 8, false),
            controls: &[
                Control {
                    name: "4σ² in place of 8σ²",
                    judge: |case| martingale(case, 4, false),
                },
                Control {
                    name: "second moment in place of the covariance",
                    judge: |case| martingale(case, 8, true),
                },
            ],
        },
        &Check {
            name: "∇LᵀAθ of a tanh neuron",
            evidence: Evidence::Enclosure,
            draw: sample::tanh_network,
            judge: |case| small_drift(case, Clone::clone, 3, 4),
            controls: &[
                Control {
                    name: "asymmetric twin",
                    judge: |case| small_drift(case, NetworkCase::asymmetric, 3, 4),
                },
                Control {
                    name: "s² in place of s³",
                    judge: |case| small_drift(case, Clone::clone, 2, 4),
                },
                Control {
                    name: "half the leading term",
                    judge: |case| small_drift(case, Clone::clone, 3, 2),
                },
            ],
        },
        &Check {
            name: "martingale of a tanh neuron",
            evidence: Evidence::Enclosure,
            draw: sample::tanh_network,
            judge: |case| small_martingale(case, Clone::clone, 6),
            controls: &[
                Control {
                    name: "asymmetric twin",
                    judge: |case| small_martingale(case, NetworkCase::asymmetric, 6),
                },
                Control {
                    name: "s⁴ in place of s⁶",
                    judge: |case| small_martingale(case, Clone::clone, 4),
                },
            ],
        },
        &Check {
            name: "the symmetric law leads",
            evidence: Evidence::Enclosure,
            draw: sample::tanh_network,
            judge: |case| leads(case, Clone::clone),
            controls: &[Control {
                name: "asymmetric twin",
                judge: |case| leads(case, NetworkCase::asymmetric),
            }],
        },
        &Check {
            name: "1000 steps of SGD of a tanh network, with −2η(1−2ηγ)gᵀAθ",
            evidence: Evidence::Rounding,
            draw: sample::running_tanh_network,
            judge: |case| descends(case, 1.0),
            controls: &[
                Control {
                    name: "the law of T5 alone",
                    judge: |case| descends(case, 0.0),
                },
                Control {
                    name: "η(1−2ηγ)gᵀAθ in place of 2η(1−2ηγ)gᵀAθ",
                    judge: |case| descends(case, 0.5),
                },
            ],
        },
        &Check {
            name: "variance of C along paths of a tanh network",
            evidence: Evidence::Ensemble,
            draw: sample::running_tanh_network,
            judge: |case| scattered(case, |at| increment(at, 1.0)),
            controls: &[
                Control {
                    name: "no martingale",
                    judge: |case| scattered(case, |at| increment(at, 0.0)),
                },
                Control {
                    name: "4σ² in place of 8σ²",
                    judge: |case| scattered(case, |at| increment(at, 1.0).times(0.5)),
                },
                Control {
                    name: "twice the variance",
                    judge: |case| scattered(case, |at| increment(at, 1.0).times(2.0)),
                },
            ],
        },
    ],
};

/// The drift of C by Itô's formula, from the d × d covariance, against the balance
/// function of the spectrum less `factor`·∇LᵀAθ.
fn drift(case: &NetworkCase, factor: i64) -> Judgement {
    let case = case.asymmetric();
    let strength = case.strength()?;
    let gradients = case.gradients(&case.theta)?;
    let slope = dot(&mean(&gradients), &case.generator.apply(&case.theta));
    if slope.is_zero() {
        return Ok(Outcome::Inconclusive("∇LᵀAθ happens to vanish".to_owned()));
    }
    let sigma = population_covariance(&gradients);
    let ito = case.drift_of_charge(&sigma, &strength.sigma2)?;
    let law = case.source()?.start(&strength).balance;
    let claimed = law - slope * Rational::from_int(factor);
    Ok(Outcome::equal("drift of C", &ito, &claimed))
}

/// The variance rate of C, from the charge at θ ± (g − ḡ) for each sample, against
/// `factor`·σ²θᵀAΣAθ.
fn martingale(case: &NetworkCase, factor: i64, second_moment: bool) -> Judgement {
    let case = case.asymmetric();
    let strength = case.strength()?;
    // C is quadratic, so the central difference is its derivative along v.
    let slopes = case.centred_gradients()?.into_iter().map(|v| {
        let at = |sign: i32| {
            let moved = case.theta.iter().zip(&v);
            let moved = moved.map(|(x, v)| v.clone() * sign + x);
            case.generator.charge(&moved.collect::<Vec<_>>())
        };
        vec![Field::square(&((at(1) - at(-1)) / 2u32))]
    });
    let rate = mean(&slopes.collect::<Vec<_>>())
        .pop()
        .or_failed("no samples")?
        * &strength.sigma2
        * 2u32;
    if rate.is_zero() {
        return Ok(Outcome::Inconclusive(
            "the variance happens to vanish".to_owned(),
        ));
    }
    let mut gradients = case.gradients(&case.theta)?;
    if second_moment {
        // Of as many samples that are the opposites of these, the mean is 0.
        let opposite = |g: &Vec<Rational>| g.iter().map(|x| -x.clone()).collect();
        gradients.extend(gradients.iter().map(opposite).collect::<Vec<_>>());
    }
    let image = case.generator.apply(&case.theta);
    let sigma = population_covariance(&gradients);
    let turned: Vec<Rational> = sigma.iter().map(|row| dot(row, &image)).collect();
    let claimed = dot(&image, &turned) * &strength.sigma2 * Rational::from_int(factor);
    Ok(Outcome::equal("variance rate of C", &rate, &claimed))
}

/// s³ at s = 2⁻⁶⁴, and what cancels in it, leave more than half of these bits.
const BITS: u32 = 512;

/// Each s is 2 to minus one of these; the bounds hold from s = 1 on.
const SMALL: [u32; 3] = [0, 16, 64];

/// What a network of two layers has.
const LAYER: &str = "a layer is missing";

/// One sample's ∇ℓᵀAθ = cs³ + rs⁴ with |r| ≤ bound, for all 0 ≤ s ≤ 1.
struct Leading {
    c: Rational,
    bound: Rational,
}

/// f = U tanh(sWx), with the rescaling of hidden neuron j. Sample by sample,
///
/// ```text
/// ∇ℓᵀAθ = Σ_a 2(f_a − y_a)U_aj ψ(sz_j),    z = Wx,    ψ(t) = tanh t − t tanh′ t,
/// ```
///
/// and ψ(t) lies between ⅔t³ and ⅔t³ − (8/15)t⁵, |f_a| below sΣ_l|U_al||z_l|.
struct Neuron<'a> {
    case: &'a NetworkCase,
    deep: &'a Deep,
    /// j.
    index: usize,
}

impl<'a> Neuron<'a> {
    fn of(case: &'a NetworkCase) -> Result<Self, Stop> {
        let Model::Deep(deep) = &case.model else {
            return Err(Stop::failed("a network without layers"));
        };
        let mut neurons = deep.approximate_symmetries().into_iter();
        let index = neurons
            .position(|generator| generator == case.generator)
            .or_failed("a generator that rescales no neuron")?;
        let neuron = (deep.hidden_layers() == 1).then_some(Self { case, deep, index });
        neuron.or_failed("a network that has not two layers")
    }

    fn leading(&self) -> Result<Vec<Leading>, Stop> {
        let theta = &self.case.theta;
        let (u, w) = (
            self.deep.layer(theta, 2).or_failed(LAYER)?,
            self.deep.layer(theta, 1).or_failed(LAYER)?,
        );
        let (&inputs, &hidden) = (
            self.deep.widths.first().or_failed(LAYER)?,
            self.deep.widths.get(1).or_failed(LAYER)?,
        );
        let abs = |x: &Rational| x.clone().abs();
        let sample = |z: &Sample<Rational>| {
            let h: Vec<Rational> = w
                .chunks(inputs.max(1))
                .map(|row| dot(row, &z.input))
                .collect();
            let own = h.get(self.index).or_failed(LAYER)?;
            let cube = Rational::from(own.square_ref()) * own;
            let fifth = Rational::from(own.square_ref()) * &cube;
            let (mut c, mut bound) = (Rational::new(), Rational::new());
            for (row, y) in u.chunks(hidden.max(1)).zip(&z.target) {
                let own = row.get(self.index).or_failed(LAYER)?;
                let reach = sum(row.iter().zip(&h).map(|(u, h)| abs(u) * abs(h)));
                c -= Rational::from((4, 3)) * y * own * &cube;
                bound += Rational::from((4, 3)) * reach * abs(own) * abs(&cube);
                bound += Rational::from((16, 15)) * abs(y) * abs(own) * abs(&fifth);
            }
            Ok(Leading { c, bound })
        };
        self.case.samples.iter().map(sample).collect()
    }

    /// θ with incoming weights 2^−k times as large.
    fn shrunk(&self, k: u32) -> Result<Vec<Ball>, Stop> {
        let outgoing = self.deep.layer(&self.case.theta, 2).or_failed(LAYER)?.len();
        let entries = self.case.theta.iter().enumerate();
        let entry = |(i, x): (usize, &Rational)| {
            let shift = if i < outgoing { 0 } else { k };
            Ball::from_rational(&(x.clone() >> shift))
        };
        Ok(entries.map(entry).collect())
    }
}

/// s^n for s = 2^−k.
fn power(k: u32, n: u32) -> Ball {
    Ball::from_rational(&(Rational::from(1) >> (k * n)))
}

/// |x| < bound, certainly.
fn below(what: &str, x: &Ball, bound: &Ball) -> Outcome {
    let sides = [bound.clone() - x, bound.clone() + x];
    sides
        .iter()
        .fold(Outcome::holds("", true), |outcome, side| {
            outcome.and(|| Outcome::sign(what, side, Ordering::Greater))
        })
}

/// ∇LᵀAθ of the tampered network against the mean of cs³ (times `quarters`/4, and with
/// `exponent` in place of 3), within the mean bound times s⁴.
fn small_drift(
    case: &NetworkCase,
    tamper: fn(&NetworkCase) -> NetworkCase,
    exponent: u32,
    quarters: u32,
) -> Judgement {
    at_precision(BITS, || {
        let neuron = Neuron::of(case)?;
        let leading = neuron.leading()?;
        let average = |of: fn(&Leading) -> &Rational| {
            mean(
                &leading
                    .iter()
                    .map(|l| vec![of(l).clone()])
                    .collect::<Vec<_>>(),
            )
            .pop()
        };
        let (c, bound) = (
            average(|l| &l.c).or_failed("no samples")?,
            average(|l| &l.bound).or_failed("no samples")?,
        );
        if c.is_zero() {
            return Ok(Outcome::Inconclusive("the term in s³ vanishes".to_owned()));
        }
        let c = Ball::from_rational(&(c * Rational::from((quarters, 4))));
        let tampered = tamper(case);
        SMALL
            .iter()
            .try_fold(Outcome::holds("", true), |outcome, &k| {
                let theta = neuron.shrunk(k)?;
                let gradient = mean(&tampered.gradients(&theta)?);
                let slope = dot(&gradient, &case.generator.apply(&theta));
                let rest = slope - c.clone() * power(k, exponent);
                let bound = Ball::from_rational(&bound) * power(k, 4);
                Ok(outcome.and(|| below("∇LᵀAθ − cs³", &rest, &bound)))
            })
    })
}

/// The variance rate against 8σ²s⁶Var(c), with `exponent` in place of 6. From ∇ℓᵀAθ =
/// cs³ + rs⁴ with |r| ≤ R and |c| ≤ M the variances differ by at most (4MR + R²)s⁷.
fn small_martingale(
    case: &NetworkCase,
    tamper: fn(&NetworkCase) -> NetworkCase,
    exponent: u32,
) -> Judgement {
    at_precision(BITS, || {
        let neuron = Neuron::of(case)?;
        let leading = neuron.leading()?;
        let rows: Vec<Vec<Rational>> = leading.iter().map(|l| vec![l.c.clone()]).collect();
        let variance = population_variance(&rows).pop().or_failed("no samples")?;
        if variance.is_zero() {
            return Ok(Outcome::Inconclusive("the term in s⁶ vanishes".to_owned()));
        }
        let largest_c = leading
            .iter()
            .map(|l| l.c.clone().abs())
            .max()
            .or_failed("no samples")?;
        let largest_r = leading
            .iter()
            .map(|l| l.bound.clone())
            .max()
            .or_failed("no samples")?;
        let bound = (largest_c * 4u32 + &largest_r) * largest_r;
        let scale = case.strength()?.sigma2 * 8u32;
        let (variance, bound) = (variance * &scale, bound * scale);
        let noise = Ball::from_rational(&(case.strength()?.sigma2 * 2u32));
        let tampered = tamper(case);
        SMALL
            .iter()
            .try_fold(Outcome::holds("", true), |outcome, &k| {
                let theta = neuron.shrunk(k)?;
                let image = case.generator.apply(&theta);
                let along = |g: Vec<Ball>| vec![dot(&image, &g) * Ball::from_int(2)];
                let pushes = tampered.gradients(&theta)?.into_iter().map(along);
                let rate = population_variance(&pushes.collect::<Vec<_>>()).pop();
                let rate = rate.or_failed("no samples")? * &noise;
                let rest = rate - Ball::from_rational(&variance) * power(k, exponent);
                let bound = Ball::from_rational(&bound) * power(k, 7);
                Ok(outcome.and(|| below("variance rate − 8σ²Var(c)s⁶", &rest, &bound)))
            })
    })
}

/// −2∇LᵀAθ is less than s² times the law of T4, G(0), at the smallest s.
fn leads(case: &NetworkCase, tamper: fn(&NetworkCase) -> NetworkCase) -> Judgement {
    at_precision(BITS, || {
        let neuron = Neuron::of(case)?;
        let k = *SMALL.last().or_failed("no samples")?;
        let theta = neuron.shrunk(k)?;
        let tampered = tamper(case);
        let gradients = tampered.gradients(&theta)?;
        let slope = dot(&mean(&gradients), &case.generator.apply(&theta));
        let Structure::Rates(rates) = case.generator.structure() else {
            return Err(Stop::failed("a generator that is not diagonal"));
        };
        let noise = population_variance(&gradients);
        let balance = BalanceEquation {
            spectrum: Spectrum::from_rates(rates, &noise, &theta),
            strength: case.strength()?.map(Ball::from_rational),
        };
        if neuron.limit_of_the_law()?.is_zero() {
            return Ok(Outcome::Inconclusive(
                "the law of T4 vanishes with s".to_owned(),
            ));
        }
        // Neither decay nor noise pulls up where there are no incoming weights.
        let law = -balance.at_start() * power(k, 2);
        Ok(below("2∇LᵀAθ", &(slope * Ball::from_int(2)), &law))
    })
}

impl Neuron<'_> {
    /// −G(0) at s = 0: 4γ‖u‖² from the outgoing weights u, and twice σ² the variances of
    /// the incoming ones' gradients, −2(uᵀy)x.
    fn limit_of_the_law(&self) -> Result<Rational, Stop> {
        let strength = self.case.strength()?;
        let u = self.deep.layer(&self.case.theta, 2).or_failed(LAYER)?;
        let hidden = self.deep.widths.get(1).copied().or_failed(LAYER)?.max(1);
        let own = u.iter().skip(self.index).step_by(hidden);
        let own: Vec<Rational> = own.cloned().collect();
        let gradient = |z: &Sample<Rational>| -> Vec<Rational> {
            let back = dot(&own, &z.target) * 2u32;
            z.input.iter().map(|x| Rational::from(x * &back)).collect()
        };
        let rows: Vec<Vec<Rational>> = self.case.samples.iter().map(gradient).collect();
        let noise = sum(population_variance(&rows)) * strength.sigma2 * 2u32;
        Ok(dot(&own, &own) * strength.gamma * 4u32 + noise)
    }
}

/// The law of one step, T5's with −2`slope`·η(1−2ηγ)gᵀAθ, along a run in doubles.
fn descends(case: &NetworkCase, slope: f64) -> Judgement {
    Ok(Running::of(case)?.descend(2.0, Some(slope), 1000))
}

/// The increment of C in one step of Euler and Maruyama. With b = −∇L_γ, dξ of covariance
/// 2σ²Σdt and w = A(θ + b dt)
///
/// ```text
/// C' − C = 2dt θᵀAb + dt² bᵀAb + 2wᵀdξ + dξᵀAdξ,
/// ```
///
/// so its variance is 8σ²dt wᵀΣw, the martingale, and 8σ⁴dt²Tr[(ΣA)²].
fn increment(at: &Moment<'_>, martingale: f64) -> Increment {
    let (sigma2, dt) = (at.running.sigma2, at.dt);
    let count = at.centred.len() as f64;
    let velocity = at.velocity();
    let reached = at.theta.iter().zip(&velocity);
    let reached: Vec<f64> = reached.map(|(x, b)| x + b * dt).collect();
    let pull = at.image(&reached);
    let (mut trace, mut square, mut along) = (0.0, 0.0, 0.0);
    for row in &at.centred {
        let image = at.image(row);
        trace += inner(row, &image) / count;
        along += inner(&pull, row) * inner(&pull, row) / count;
        for other in &at.centred {
            let form = inner(other, &image);
            square += form * form / (count * count);
        }
    }
    let drift = 2.0 * at.form(&at.theta, &velocity) + 2.0 * sigma2 * trace;
    Increment {
        mean: drift * dt + at.form(&velocity, &velocity) * dt * dt,
        linear: 8.0 * sigma2 * dt * martingale * along,
        quadratic: 8.0 * sigma2 * sigma2 * dt * dt * square,
    }
}

/// The variance of C over an ensemble of paths.
fn scattered(case: &NetworkCase, law: fn(&Moment<'_>) -> Increment) -> Judgement {
    Ok(scatter(&Running::of(case)?, Noise::Gradients, law))
}
