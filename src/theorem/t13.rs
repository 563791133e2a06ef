//! T13: two classes of symmetry.

use super::case::{Case, NetworkCase};
use super::draw::Draw;
use super::evidence::{Evidence, Outcome};
use super::{Check, Control, Origin, Statement, sample};
use crate::balance::{Attempt, Equilibrium, Strength, certify, population_variance};
use crate::scalar::Rational;
use crate::symmetry::{Generator, Structure};

pub static STATEMENT: Statement = Statement {
    id: "T13",
    name: "two classes of symmetry",
    claim: "At γ = 0 a rescaling settles exactly when live noise sits on both sides, and a scaling with live noise never does; with γ > 0 and live noise a scaling settles as well.",
    origin: Origin::Paper,
    drawn: true,
    checks: &[
        Check {
            name: "rescaling, γ = 0",
            evidence: Evidence::Exact,
            draw: sample::relu_network,
            run: |case| settles(case, &Rational::new(), Expected::ByNoise),
        },
        Check {
            name: "scaling, γ = 0",
            evidence: Evidence::Exact,
            draw: sample::scale_invariant_network,
            run: |case| settles(case, &Rational::new(), Expected::Never),
        },
        Check {
            name: "scaling, γ > 0",
            evidence: Evidence::Exact,
            draw: sample::scale_invariant_network,
            run: |case| settles(case, &Rational::from((1, 16)), Expected::Always),
        },
        Check {
            name: "rescaling on digits, γ = 0",
            evidence: Evidence::Exact,
            draw: relu_on_digits,
            run: |case| settles(case, &Rational::new(), Expected::ByNoise),
        },
    ],
    controls: &[
        Control {
            name: "a rescaling that never settles",
            check: 0,
            run: |case| settles(case, &Rational::new(), Expected::Never),
        },
        Control {
            name: "a scaling that settles at γ = 0",
            check: 1,
            run: |case| settles(case, &Rational::new(), Expected::Always),
        },
        Control {
            name: "a scaling that never settles at γ > 0",
            check: 2,
            run: |case| settles(case, &Rational::from((1, 16)), Expected::Never),
        },
        Control {
            name: "a rescaling on digits that never settles",
            check: 3,
            run: |case| settles(case, &Rational::new(), Expected::Never),
        },
    ],
};

fn relu_on_digits(draw: &mut Draw) -> Case {
    let case = sample::digits_network(draw);
    match case {
        Case::Network(case) => {
            let mut declared = crate::model::Loss::symmetries(&case.model);
            // A diagonal direction of a factor is a rescaling of one hidden unit, too.
            declared.retain(|generator| rates(generator).is_some());
            let pick = draw.size(0, declared.len() - 1);
            Case::Network(case.with_generator(declared.swap_remove(pick)))
        }
        other => other,
    }
}

#[derive(Clone, Copy)]
enum Expected {
    Always,
    Never,
    /// Exactly when live noise sits on both signs.
    ByNoise,
}

/// The generator's rates, if it is diagonal in θ (a dense copy of one included).
fn rates(generator: &Generator) -> Option<Vec<Rational>> {
    match generator.structure() {
        Structure::Rates(rates) => Some(rates),
        Structure::Blocks { matrix, slices, .. } => {
            let n = matrix.nrows();
            let off_diagonal = |(i, j): (usize, usize)| i != j && !matrix[(i, j)].is_zero();
            if (0..n).any(|i| (0..n).any(|j| off_diagonal((i, j)))) {
                return None;
            }
            let mut rates = vec![Rational::new(); generator.dim()];
            for slice in slices {
                for (k, index) in slice.indices(n).enumerate() {
                    let rate = matrix[(k, k)].clone();
                    rates[index] = if slice.negated { -rate } else { rate };
                }
            }
            Some(rates)
        }
    }
}

fn settles(case: &Case, gamma: &Rational, expected: Expected) -> Outcome {
    let compare = |case: &NetworkCase| {
        let rates = rates(&case.generator)?;
        let noise = population_variance(&case.gradients(&case.theta)?);
        let live = |sign: i32| {
            rates
                .iter()
                .zip(&noise)
                .any(|(rate, a)| rate.cmp0() as i32 == sign && !a.is_zero())
        };
        if !live(1) && !live(-1) {
            return Some(Outcome::Inconclusive("no live noise".to_owned()));
        }
        let strength = Strength {
            gamma: gamma.clone(),
            sigma2: case.strength()?.sigma2,
        };
        let source = case.source()?;
        let found = certify(&source, &strength, 5, |_| Ok(Attempt::Done(()))).ok()?;
        let finite = matches!(found, Equilibrium::Finite(()));
        let claimed = match expected {
            Expected::Always => true,
            Expected::Never => false,
            Expected::ByNoise => live(1) && live(-1),
        };
        Some(Outcome::equal(
            "settles",
            &Rational::from(i32::from(finite)),
            &Rational::from(i32::from(claimed)),
        ))
    };
    Outcome::decided(case.network().and_then(compare))
}
