//! T18: the general principle behind T8, T16 and T17.

use super::case::{Case, NetworkCase};
use super::draw::Draw;
use super::evidence::{Evidence, Identity, Outcome, precision_scaling, vector_defect};
use super::factorisation::few_layers;
use super::{Check, Control, Origin, Statement, c4, sample};
use crate::balance::{BalanceEquation, Spectrum, noise::population_variance};
use crate::model::Loss;
use crate::scalar::{Ball, Field, Rational, RealScalar, at_precision, convert, dot, sum};
use crate::symmetry::{Slice, Structure, act_with_rates, enclosed_exponential, map_slices};
use nalgebra::DMatrix;
use std::cmp::Ordering;

pub static STATEMENT: Statement = Statement {
    id: "T18",
    name: "general principle",
    claim: "For a group closed under transposition Φ is convex along every geodesic e^{λA}, A symmetric; where it has a minimum, this is unique up to rotations of the group.",
    origin: Origin::Beyond,
    drawn: true,
    checks: &[
        Check {
            name: "Φ of the network below its chords, along a direction of the whole group",
            evidence: Evidence::Enclosure,
            draw: sample::any_network,
            run: |case| convex(case, mixture, 1),
        },
        Check {
            name: "the same for deep linear networks",
            evidence: Evidence::Enclosure,
            draw: linear,
            run: |case| convex(case, mixture, 1),
        },
        Check {
            name: "Φ of the spectrum is that of the moved network",
            evidence: Evidence::Scaling,
            draw: sample::any_network_with_decay,
            run: |case| of_spectrum(case, 1),
        },
        Check {
            name: "one minimum for each orbit, up to rotations; balanced",
            evidence: Evidence::Scaling,
            draw: sample::any_network_with_decay,
            run: |case| unique(case, Invariants::Sizes, Rational::new()),
        },
        Check {
            name: "the same for deep linear networks, layer by layer",
            evidence: Evidence::Scaling,
            draw: linear,
            run: |case| unique(case, Invariants::Layers, Rational::new()),
        },
    ],
    controls: &[
        Control {
            name: "noise of negative power",
            check: 0,
            run: |case| convex(case, mixture, -1),
        },
        Control {
            name: "a group that is not closed under transposition",
            check: 1,
            run: |case| convex(case, ellipse, 1),
        },
        Control {
            name: "γ‖θ‖² in place of 2γ‖θ‖²",
            check: 2,
            run: |case| of_spectrum(case, 2),
        },
        Control {
            name: "start on another orbit",
            check: 3,
            run: |case| unique(case, Invariants::Sizes, Rational::from((1, 8))),
        },
        Control {
            name: "start on another orbit",
            check: 4,
            run: |case| unique(case, Invariants::Layers, Rational::from((1, 8))),
        },
    ],
};

/// A deep linear network off its minimum, with weight decay. Its hidden neurons are
/// connected on both sides or on none, so that Φ has a minimum on the orbit.
fn linear(draw: &mut Draw) -> Case {
    let case = few_layers(draw);
    let Case::Network(mut case) = case else {
        return case;
    };
    case.gamma = draw.positive() / 16;
    for z in &mut case.samples {
        let shift = draw.vector(z.target.len());
        for (y, shift) in z.target.iter_mut().zip(shift) {
            *y += shift;
        }
    }
    Case::Network(case)
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
fn mixture(case: &NetworkCase) -> Option<Vec<Direction>> {
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
    Some(directions)
}

/// The hidden layer turns along an ellipse: a symmetry, but its transpose is none. In
/// suitable coordinates it is a rotation, and Φ is periodic.
fn ellipse(case: &NetworkCase) -> Option<Vec<Direction>> {
    let mut symmetries = case.model.symmetries().into_iter();
    let slices = symmetries.find_map(|generator| match generator.structure() {
        Structure::Blocks { matrix, slices, .. } if matrix.nrows() == 2 => Some(slices),
        _ => None,
    })?;
    let entry = |i: usize, j: usize| match (i, j) {
        (0, 1) => Rational::from(2),
        (1, 0) => Rational::from((-1, 2)),
        _ => Rational::new(),
    };
    let k = DMatrix::from_fn(2, 2, entry);
    Some(vec![Direction::Blocks { k, slices }])
}

/// Φ of the network itself at 0, 1, 2 and at the same points a quarter of the
/// ellipse's period later.
fn convex(
    case: &Case,
    directions: fn(&NetworkCase) -> Option<Vec<Direction>>,
    noise_sign: i64,
) -> Outcome {
    at_precision(BITS, || {
        let compare = |case: &NetworkCase| {
            let directions = directions(case)?;
            let potential = |lambda: &Rational| {
                let start = case.theta::<Ball>();
                let theta = directions
                    .iter()
                    .fold(start, |theta, direction| direction.act(lambda, &theta));
                let mut setting = case.setting_at(theta)?;
                setting.strength.sigma2 *= Ball::from_int(noise_sign);
                Some(setting.potential())
            };
            let chord = |start: &Rational| {
                let at = |shift: i64| potential(&(start.clone() + Rational::from((shift, 2))));
                let twice = at(1)? * Ball::from_int(2);
                let rise = at(0)? + at(2)? - twice;
                Some(Outcome::sign("chord − Φ", &rise, Ordering::Greater))
            };
            let (first, second) = (chord(&Rational::new())?, chord(&Rational::from((11, 14)))?);
            Some(first.and(|| second))
        };
        Outcome::decided(case.network().and_then(compare))
    })
}

struct OfSpectrum<'a> {
    case: &'a NetworkCase,
    divisor: i64,
}

impl Identity for OfSpectrum<'_> {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Option<(S, S)> {
        let case = self.case;
        let start = case.setting::<S>()?;
        let lambda = S::from_rational(&case.lambda);
        let moved = case.setting_at(case.generator.act(&lambda, &start.theta))?;
        let mut strength = start.strength.clone();
        strength.gamma /= S::from_int(self.divisor);
        let spectrum = Spectrum::from_gradients(&case.generator, &start.theta, &start.gradients)?;
        let of_spectrum = BalanceEquation { spectrum, strength }.potential(&lambda);
        Some(vector_defect(&[of_spectrum], &[moved.potential()]))
    }
}

fn of_spectrum(case: &Case, divisor: i64) -> Outcome {
    let identity = |case| OfSpectrum { case, divisor };
    Outcome::decided(
        case.network()
            .map(|case| precision_scaling(&identity(case))),
    )
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
    fn reached<S: RealScalar>(&self, theta: Vec<S>) -> Option<(Vec<S>, Vec<S>)> {
        let start = self.case.setting_at(theta)?;
        let symmetries = self.case.model.symmetries();
        let found = start.minimise(&symmetries).ok()?;
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
        Some((invariants, balance.collect()))
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
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Option<(S, S)> {
        let (mut one, balance) = self.reached::<S>(self.case.theta())?;
        let (mut two, _) = self.reached(self.second_start())?;
        two.extend(balance.iter().map(|_| S::zero()));
        one.extend(balance);
        Some(vector_defect(&one, &two))
    }
}

fn unique(case: &Case, invariants: Invariants, shift: Rational) -> Outcome {
    let compare = |case: &NetworkCase| {
        let found = case.setting::<f64>()?.minimise(&case.model.symmetries());
        match (found, invariants) {
            (Err(error), Invariants::Layers) => Some(Outcome::Refuted(error.to_string())),
            // An orbit without a minimum.
            (Err(error), Invariants::Sizes) => Some(Outcome::Inconclusive(error.to_string())),
            (Ok(_), _) => Some(precision_scaling(&Unique {
                case,
                invariants,
                shift,
            })),
        }
    };
    Outcome::decided(case.network().and_then(compare))
}
