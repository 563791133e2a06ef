//! T4: the Noether flow of SGD, and that it has no martingale.

use super::case::{Case, NetworkCase};
use super::evidence::{Evidence, Outcome};
use super::{Check, Control, Origin, Statement, sample};
use crate::balance::{mean, population_covariance};
use crate::scalar::{Rational, dot};

pub static STATEMENT: Statement = Statement {
    id: "T4",
    name: "Noether flow",
    claim: "Under the SDE, Ċ = −4γC + 2σ²Tr[Σ(θ)A] with no martingale term: Σ(θ)Aθ = 0.",
    origin: Origin::Paper,
    drawn: true,
    checks: &[
        Check {
            name: "drift, by Itô's formula",
            evidence: Evidence::Exact,
            draw: sample::rational_network,
            run: |case| drift(case, Clone::clone, Sabotage::None),
        },
        Check {
            name: "no martingale",
            evidence: Evidence::Exact,
            draw: sample::rational_network,
            run: |case| martingale(case, Clone::clone, false),
        },
        Check {
            name: "drift on digits",
            evidence: Evidence::Exact,
            draw: sample::digits_network,
            run: |case| drift(case, Clone::clone, Sabotage::None),
        },
        Check {
            name: "no martingale on digits",
            evidence: Evidence::Exact,
            draw: sample::digits_network,
            run: |case| martingale(case, Clone::clone, false),
        },
    ],
    controls: &[
        Control {
            name: "asymmetric twin",
            check: 0,
            run: |case| drift(case, NetworkCase::asymmetric, Sabotage::None),
        },
        Control {
            name: "second moment in place of the covariance",
            check: 0,
            run: |case| drift(case, Clone::clone, Sabotage::SecondMoment),
        },
        Control {
            name: "σ² in place of 2σ²",
            check: 0,
            run: |case| drift(case, Clone::clone, Sabotage::HalfNoise),
        },
        Control {
            name: "isotropic noise",
            check: 1,
            run: |case| martingale(case, Clone::clone, true),
        },
        Control {
            name: "asymmetric twin",
            check: 1,
            run: |case| martingale(case, NetworkCase::asymmetric, false),
        },
        Control {
            name: "asymmetric twin on digits",
            check: 2,
            run: |case| drift(case, NetworkCase::asymmetric, Sabotage::None),
        },
        Control {
            name: "isotropic noise on digits",
            check: 3,
            run: |case| martingale(case, Clone::clone, true),
        },
    ],
};

#[derive(Clone, Copy, PartialEq)]
enum Sabotage {
    None,
    SecondMoment,
    HalfNoise,
}

/// The drift of C by Itô's formula, ∇C·drift + ½Tr[∇²C·2σ²Σ], from the d × d covariance,
/// against −4γC + 2σ²Tr[ΣA] as the balance function of the spectrum gives it.
fn drift(case: &Case, tamper: fn(&NetworkCase) -> NetworkCase, sabotage: Sabotage) -> Outcome {
    let compare = |case: NetworkCase| {
        let strength = case.strength()?;
        let gradients = case.gradients(&case.theta)?;
        let sigma = match sabotage {
            Sabotage::SecondMoment => second_moment(&gradients),
            _ => population_covariance(&gradients),
        };
        let mut sigma2 = strength.sigma2.clone();
        if sabotage == Sabotage::HalfNoise {
            sigma2 /= 2;
        }
        let ito = case.drift_of_charge(&sigma, &sigma2)?;
        Some(Outcome::equal(
            "drift of C",
            &ito,
            &case.source()?.start(&strength).balance,
        ))
    };
    Outcome::decided(case.network().map(tamper).and_then(compare))
}

fn second_moment(gradients: &[Vec<Rational>]) -> Vec<Vec<Rational>> {
    let outer = gradients.iter().map(|g| {
        g.iter()
            .flat_map(|x| g.iter().map(move |y| Rational::from(x * y)))
            .collect()
    });
    let flat = mean(&outer.collect::<Vec<_>>());
    let d = gradients.first().map_or(1, Vec::len);
    flat.chunks(d).map(<[_]>::to_vec).collect()
}

/// dC has the noise 2θᵀA√(2σ²Σ)dW, which vanishes when ΣAθ = 0.
fn martingale(case: &Case, tamper: fn(&NetworkCase) -> NetworkCase, isotropic: bool) -> Outcome {
    let vanish = |case: NetworkCase| {
        let image = case.generator.apply(&case.theta);
        let noise = if isotropic {
            image
        } else {
            // ΣAθ = E[(g − ḡ)((g − ḡ)·Aθ)].
            let along = case.centred_gradients()?.into_iter().map(|g| {
                let along = dot(&g, &image);
                g.into_iter().map(|x| x * &along).collect()
            });
            mean(&along.collect::<Vec<Vec<Rational>>>())
        };
        Some(noise.iter().fold(Outcome::holds("", true), |outcome, x| {
            outcome.and(|| Outcome::equal("ΣAθ", x, &Rational::new()))
        }))
    };
    Outcome::decided(case.network().map(tamper).and_then(vanish))
}
