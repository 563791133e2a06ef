//! T18: the general principle behind T8, T16 and T17.

use super::case::NetworkCase;
use super::draw::Draw;
use super::evidence::{Evidence, Identity, Outcome, precision_scaling, vector_defect};
use super::factorisation::few_layers;
use super::law::{Check, Control, Judgement, Missing, Stop};
use super::{Origin, Statement, c4, sample};
use crate::balance::{BalanceEquation, Spectrum, noise::population_variance};
use crate::model::Symmetric;
use crate::scalar::{Ball, Field, Rational, RealScalar, at_precision, convert, dot, sum};
use crate::symmetry::{
    Generator, Slice, Structure, act_with_rates, enclosed_exponential, map_slices, row_space,
};
use nalgebra::DMatrix;
use std::cmp::Ordering;

pub static STATEMENT: Statement = Statement {
    id: "T18",
    name: "general principle",
    claim: "For a group closed under transposition Φ is convex along every geodesic e^{λA}, A symmetric; where it has a minimum, this is unique up to rotations of the group.",
    origin: Origin::Beyond,
    drawn: true,
    unproved: Some("geodesic convexity is proved in docs/theory.md alone"),
    file: file!(),
    checks: &[
        &Check {
            name: "Φ of the network below its chords, along a direction of the whole group",
            evidence: Evidence::Enclosure,
            draw: sample::any_network,
            judge: |case| convex(case, mixture, 1),
            controls: &[Control {
                name: "noise of negative power",
                judge: |case| convex(case, mixture, -1),
            }],
        },
        &Check {
            name: "the same for deep linear networks",
            evidence: Evidence::Enclosure,
            draw: linear,
            judge: |case| convex(case, mixture, 1),
            controls: &[Control {
                name: "a group that is not closed under transposition",
                judge: |case| convex(case, ellipse, 1),
            }],
        },
        &Check {
            name: "Φ of the spectrum is that of the moved network",
            evidence: Evidence::Scaling,
            draw: sample::any_network_with_decay,
            judge: |case| of_spectrum(case, 1),
            controls: &[Control {
                name: "γ‖θ‖² in place of 2γ‖θ‖²",
                judge: |case| of_spectrum(case, 2),
            }],
        },
        &Check {
            name: "one minimum for each orbit, up to rotations; balanced",
            evidence: Evidence::Scaling,
            draw: sample::any_network_with_decay,
            judge: |case| unique(case, Invariants::Sizes, Rational::new()),
            controls: &[Control {
                name: "start on another orbit",
                judge: |case| unique(case, Invariants::Sizes, Rational::from((1, 8))),
            }],
        },
        &Check {
            name: "the same for deep linear networks, layer by layer",
            evidence: Evidence::Scaling,
            draw: linear,
            judge: |case| unique(case, Invariants::Layers, Rational::new()),
            controls: &[Control {
                name: "start on another orbit",
                judge: |case| unique(case, Invariants::Layers, Rational::from((1, 8))),
            }],
        },
    ],
};

/// A deep linear network off its minimum, with weight decay. Its hidden neurons are
/// connected on both sides or on none, so that Φ has a minimum on the orbit.
fn linear(draw: &mut Draw) -> NetworkCase {
    let mut case = few_layers(draw);
    case.gamma = draw.positive() / 16;
    for z in &mut case.samples {
        let shift = draw.vector(z.target.len());
        for (y, shift) in z.target.iter_mut().zip(shift) {
            *y += shift;
        }
    }
    case
}

const BITS: u32 = 256;

/// One of several commuting directions.
enum Direction {
    /// A rate for each coordinate.
    Rates(Vec<Rational>),
    /// Kᵀ on some slices of θ, −K on others.
    Blocks {
        k: DMatrix<Rational>,
        slices: Vec<Slice>,
    },
}

impl Direction {
    /// e^{λA}θ, enclosed.
    fn act(&self, lambda: &Rational, theta: &[Ball]) -> Vec<Ball> {
        match self {
            Self::Rates(rates) => {
                act_with_rates(&convert(rates), &Ball::from_rational(lambda), theta)
            }
            Self::Blocks { k, slices } => {
                let plus = enclosed_exponential(&k.transpose(), lambda);
                let minus = enclosed_exponential(k, &-lambda.clone());
                map_slices(slices, k.nrows(), theta, theta.to_vec(), |negated, part| {
                    let e: &DMatrix<Ball> = if negated { &minus } else { &plus };
                    let row = |i: usize| e.row(i).iter().cloned().collect::<Vec<_>>();
                    (0..e.nrows()).map(|i| dot(&row(i), part)).collect()
                })
            }
        }
    }
}

/// A combination of all symmetries of the model, λ times A, those on the same slices of θ
/// added up.
fn mixture(case: &NetworkCase) -> Result<Vec<Direction>, Stop> {
    let mut directions: Vec<Direction> = Vec::new();
    for (i, generator) in case.model.symmetries().iter().enumerate() {
        let weight = Rational::from(((3 * i) % 8 + 1, 8)) * &case.lambda;
        match generator.structure() {
            Structure::Rates(rates) => {
                let own = rates.iter().map(|rate| Rational::from(rate * &weight));
                directions.push(Direction::Rates(own.collect()));
            }
            Structure::Blocks { matrix, slices, .. } => {
                let own = matrix.map(|x| x * &weight);
                let known = directions.iter_mut().find_map(|direction| match direction {
                    Direction::Blocks { k, slices: known } if *known == slices => Some(k),
                    _ => None,
                });
                match known {
                    Some(k) => *k += own,
                    None => directions.push(Direction::Blocks { k: own, slices }),
                }
            }
        }
    }
    Ok(directions)
}

/// The hidden layer turns along an ellipse: a symmetry, but its transpose is none. In
/// suitable coordinates it is a rotation, and Φ is periodic.
fn ellipse(case: &NetworkCase) -> Result<Vec<Direction>, Stop> {
    let mut symmetries = case.model.symmetries().into_iter();
    let slices = symmetries
        .find_map(|generator| match generator.structure() {
            Structure::Blocks { matrix, slices, .. } if matrix.nrows() == 2 => Some(slices),
            _ => None,
        })
        .or_open("no hidden layer of two neurons")?;
    let entry = |i: usize, j: usize| match (i, j) {
        (0, 1) => Rational::from(2),
        (1, 0) => Rational::from((-1, 2)),
        _ => Rational::new(),
    };
    let k = DMatrix::from_fn(2, 2, entry);
    Ok(vec![Direction::Blocks { k, slices }])
}

/// Φ of the network itself at 0, 1, 2 and at the same points a quarter of the
/// ellipse's period later.
fn convex(
    case: &NetworkCase,
    directions: fn(&NetworkCase) -> Result<Vec<Direction>, Stop>,
    noise_sign: i64,
) -> Judgement {
    at_precision(BITS, || {
        let directions = directions(case)?;
        let potential = |lambda: &Rational| {
            let start = case.theta::<Ball>();
            let theta = directions
                .iter()
                .fold(start, |theta, direction| direction.act(lambda, &theta));
            let mut setting = case.setting_at(theta)?;
            setting.strength.sigma2 *= Ball::from_int(noise_sign);
            Ok::<Ball, Stop>(setting.potential())
        };
        let chord = |start: &Rational| {
            let at = |shift: i64| potential(&(start.clone() + Rational::from((shift, 2))));
            let twice = at(1)? * Ball::from_int(2);
            let rise = at(0)? + at(2)? - twice;
            Ok::<_, Stop>(Outcome::sign("chord − Φ", &rise, Ordering::Greater))
        };
        let (first, second) = (chord(&Rational::new())?, chord(&Rational::from((11, 14)))?);
        Ok(first.and(|| second))
    })
}

struct OfSpectrum<'a> {
    case: &'a NetworkCase,
    divisor: i64,
}

impl Identity for OfSpectrum<'_> {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Result<(S, S), Stop> {
        let case = self.case;
        let start = case.setting::<S>()?;
        let lambda = S::from_rational(&case.lambda);
        let moved = case.setting_at(case.generator.act(&lambda, &start.theta))?;
        let mut strength = start.strength.clone();
        strength.gamma /= S::from_int(self.divisor);
        let spectrum = Spectrum::from_gradients(&case.generator, &start.theta, &start.gradients)
            .or_failed("the eigendecomposition did not converge")?;
        let of_spectrum = BalanceEquation { spectrum, strength }.potential(&lambda);
        Ok(vector_defect(&[of_spectrum], &[moved.potential()]))
    }
}

fn of_spectrum(case: &NetworkCase, divisor: i64) -> Judgement {
    let identity = |case| OfSpectrum { case, divisor };
    precision_scaling(&identity(case))
}

/// What rotations of the group leave as it is.
#[derive(Clone, Copy, PartialEq)]
enum Invariants {
    /// Φ, ‖θ‖² and Tr Σ.
    Sizes,
    /// The Gram matrices and norms of layers.
    Layers,
}

struct Unique<'a> {
    case: &'a NetworkCase,
    invariants: Invariants,
    /// Added to a coordinate of the second start.
    shift: Rational,
}

impl Unique<'_> {
    /// The invariants of the minimum that is reached from a start, and G for each generator
    /// from the network's own gradients there.
    fn reached<S: RealScalar>(&self, theta: Vec<S>) -> Result<(Vec<S>, Vec<S>), Stop> {
        let start = self.case.setting_at(theta)?;
        let symmetries = self.case.model.symmetries();
        let found = start.minimise(&symmetries)?;
        let own = self.case.setting_at(found.setting.theta.clone())?;
        let balance = symmetries.iter().map(|generator| own.balance(generator));
        let invariants = match self.invariants {
            Invariants::Sizes => {
                let theta = &found.setting.theta;
                let noise = sum(population_variance(&found.setting.gradients));
                vec![dot(theta, theta), noise, found.potential]
            }
            Invariants::Layers => {
                let layers = self.case.layers(&found.setting.theta)?;
                let matrices = c4::invariants(&layers);
                matrices.iter().flatten().cloned().collect()
            }
        };
        Ok((invariants, balance.collect()))
    }

    /// θ, moved by one symmetry after the other: these do not commute.
    fn second_start<S: RealScalar>(&self) -> Vec<S> {
        let mut start = self.case.theta.clone();
        if let Some(first) = start.first_mut() {
            *first += &self.shift;
        }
        let weights = [3, -2, 1, -3, 2].into_iter().cycle();
        let symmetries = self.case.model.symmetries().into_iter().zip(weights);
        symmetries.fold(convert(&start), |theta, (generator, weight)| {
            let lambda = &self.case.lambda * Rational::from((weight, 4));
            generator.act(&S::from_rational(&lambda), &theta)
        })
    }
}

impl Identity for Unique<'_> {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Result<(S, S), Stop> {
        let (mut one, balance) = self.reached::<S>(self.case.theta())?;
        let (mut two, _) = self.reached(self.second_start())?;
        two.extend(balance.iter().map(|_| S::zero()));
        one.extend(balance);
        Ok(vector_defect(&one, &two))
    }
}

/// Is there a minimum for certain? With decay and noise there is where, on both sides of each
/// symmetry, the weights and what the other side's gradients scatter over span the same
/// directions: then Φ grows along every geodesic on which it is not constant.
fn has_minimum(case: &NetworkCase) -> Result<bool, Stop> {
    let noise = population_variance(&case.gradients::<Ball>(&case.theta())?);
    // Where gradients are irrational the weights alone have to.
    let scatter = case.centred_gradients().unwrap_or_default();
    let spans = |generator: &Generator| match generator.structure() {
        Structure::Rates(rates) => [Ordering::Greater, Ordering::Less].iter().all(|sign| {
            let mut own = (0..rates.len()).filter(|&k| rates[k].cmp0() == *sign);
            let mut other = (0..rates.len()).filter(|&k| rates[k].cmp0() == sign.reverse());
            own.any(|k| !case.theta[k].is_zero())
                || other.any(|k| noise[k].sign() == Some(Ordering::Greater))
        }),
        Structure::Blocks { matrix, slices, .. } => {
            let part = |slice: &Slice, v: &[Rational]| -> Vec<Rational> {
                let indices = slice.indices(matrix.nrows());
                indices.map(|k| v[k].clone()).collect()
            };
            let [one, other] = [false, true].map(|side| {
                let rows = slices.iter().flat_map(|slice| match slice.negated == side {
                    true => vec![part(slice, &case.theta)],
                    false => scatter.iter().map(|g| part(slice, g)).collect(),
                });
                rows.collect::<Vec<_>>()
            });
            let rank = |rows: &[Vec<Rational>]| row_space(rows).len();
            let both = rank(&[one.clone(), other.clone()].concat());
            rank(&one) == both && rank(&other) == both
        }
    };
    Ok(case.gamma > 0 && case.model.symmetries().iter().all(spans))
}

fn unique(case: &NetworkCase, invariants: Invariants, shift: Rational) -> Judgement {
    // Those that are built layer by layer have one (C4).
    if invariants == Invariants::Sizes && !at_precision(BITS, || has_minimum(case))? {
        let reason = "weights that leave out a direction: there need not be a minimum";
        return Ok(Outcome::Inconclusive(reason.to_owned()));
    }
    precision_scaling(&Unique {
        case,
        invariants,
        shift,
    })
}
