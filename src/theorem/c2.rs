//! C2: the equilibrium norm of a scale-invariant weight.

use super::case::{Case, NetworkCase};
use super::evidence::{Evidence, Identity, Outcome, precision_scaling};
use super::{Check, Control, Origin, Statement, sample};
use crate::balance::{BalanceEquation, Spectrum, Strength, noise::population_variance, solve};
use crate::scalar::{Field, Rational, RealScalar, sum};

pub static STATEMENT: Statement = Statement {
    id: "C2",
    name: "scaling",
    claim: "For A = I, ‖θ*‖⁴ = σ²Tr Σ(θ/‖θ‖)/(2γ); at γ = 0, d‖θ‖⁴/dt = 4σ²Tr Σ(θ/‖θ‖).",
    origin: Origin::Paper,
    drawn: true,
    checks: &[
        Check {
            name: "equilibrium norm",
            evidence: Evidence::Scaling,
            draw: sample::scale_invariant_network,
            run: |case| norm(case, Clone::clone, 2),
        },
        Check {
            name: "growth at γ = 0",
            evidence: Evidence::Exact,
            draw: sample::scale_invariant_network,
            run: |case| growth(case, Clone::clone, 4),
        },
    ],
    controls: &[
        Control {
            name: "γ in place of 2γ",
            check: 0,
            run: |case| norm(case, Clone::clone, 1),
        },
        Control {
            name: "asymmetric twin",
            check: 0,
            run: |case| norm(case, NetworkCase::asymmetric, 2),
        },
        Control {
            name: "2σ² in place of 4σ²",
            check: 1,
            run: |case| growth(case, Clone::clone, 2),
        },
        Control {
            name: "asymmetric twin",
            check: 1,
            run: |case| growth(case, NetworkCase::asymmetric, 4),
        },
    ],
};

/// Tr Σ at θ/‖θ‖, from gradients taken there.
fn unit_noise<S: Field>(case: &NetworkCase, theta: &[S]) -> Option<S> {
    let norm = sum(theta.iter().map(Field::square)).root()?;
    let unit: Vec<S> = theta.iter().map(|x| x.clone() / &norm).collect();
    Some(sum(population_variance(&case.gradients(&unit)?)))
}

struct EquilibriumNorm {
    case: NetworkCase,
    /// 2 for the claim.
    factor: i64,
}

impl Identity for EquilibriumNorm {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Option<(S, S)> {
        let case = &self.case;
        let theta = case.theta::<S>();
        let gamma = S::from_rational(&Rational::from((1, 16)));
        let sigma2 = S::from_rational(&case.strength()?.sigma2);
        let claimed = unit_noise(case, &theta)? * &sigma2 / (S::from_int(self.factor) * &gamma);
        let spectrum = Spectrum::from_gradients(&case.generator, &theta, &case.gradients(&theta)?)?;
        let lambda = solve(&BalanceEquation {
            spectrum,
            strength: Strength { gamma, sigma2 },
        })
        .ok()?
        .finite()?;
        let goal = case.generator.act(&lambda, &theta);
        let found = sum(goal.iter().map(Field::square)).square();
        let size = |x: &S| nalgebra::ComplexField::abs(x.clone());
        Some((
            size(&(found.clone() - &claimed)),
            size(&found) + size(&claimed),
        ))
    }
}

fn norm(case: &Case, tamper: fn(&NetworkCase) -> NetworkCase, factor: i64) -> Outcome {
    let compare = |case: NetworkCase| {
        if unit_noise(&case, &case.theta)? == 0 {
            return Some(Outcome::Inconclusive("no noise".to_owned()));
        }
        Some(precision_scaling(&EquilibriumNorm { case, factor }))
    };
    Outcome::decided(case.network().map(tamper).and_then(compare))
}

/// d‖θ‖⁴/dt = 2‖θ‖²Ċ with Ċ = G(0).
fn growth(case: &Case, tamper: fn(&NetworkCase) -> NetworkCase, factor: i64) -> Outcome {
    let compare = |case: NetworkCase| {
        let strength = Strength {
            gamma: Rational::new(),
            sigma2: case.strength()?.sigma2,
        };
        let start = case.source()?.start(&strength);
        let claimed =
            unit_noise(&case, &case.theta)? * &strength.sigma2 * Rational::from_int(factor);
        if claimed == 0 {
            return Some(Outcome::Inconclusive("no noise".to_owned()));
        }
        Some(Outcome::equal(
            "d‖θ‖⁴/dt",
            &(start.charge * start.balance * 2u32),
            &claimed,
        ))
    };
    Outcome::decided(case.network().map(tamper).and_then(compare))
}
