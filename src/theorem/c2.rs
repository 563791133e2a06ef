//! C2: the equilibrium norm of a scale-invariant weight.

use super::case::NetworkCase;
use super::evidence::{Evidence, Identity, Outcome, precision_scaling};
use super::law::{Check, Control, Judgement, Missing, Stop};
use super::{Origin, Statement, sample};
use crate::balance::{BalanceEquation, Spectrum, Strength, noise::population_variance, solve};
use crate::scalar::{Field, Rational, RealScalar, sum};

pub static STATEMENT: Statement = Statement {
    id: "C2",
    name: "scaling",
    claim: "For A = I, ‖θ*‖⁴ = σ²Tr Σ(θ/‖θ‖)/(2γ); at γ = 0, d‖θ‖⁴/dt = 4σ²Tr Σ(θ/‖θ‖).",
    origin: Origin::Paper,
    drawn: true,
    unproved: None,
    file: file!(),
    checks: &[
        &Check {
            name: "equilibrium norm",
            evidence: Evidence::Scaling,
            draw: sample::scale_invariant_network,
            judge: |case| norm(case, Clone::clone, 2),
            controls: &[
                Control {
                    name: "γ in place of 2γ",
                    judge: |case| norm(case, Clone::clone, 1),
                },
                Control {
                    name: "asymmetric twin",
                    judge: |case| norm(case, NetworkCase::asymmetric, 2),
                },
            ],
        },
        &Check {
            name: "growth at γ = 0",
            evidence: Evidence::Exact,
            draw: sample::scale_invariant_network,
            judge: |case| growth(case, Clone::clone, 4),
            controls: &[
                Control {
                    name: "2σ² in place of 4σ²",
                    judge: |case| growth(case, Clone::clone, 2),
                },
                Control {
                    name: "asymmetric twin",
                    judge: |case| growth(case, NetworkCase::asymmetric, 4),
                },
            ],
        },
    ],
};

/// Tr Σ at θ/‖θ‖, from gradients taken there.
fn unit_noise<S: Field>(case: &NetworkCase, theta: &[S]) -> Result<S, Stop> {
    let norm = sum(theta.iter().map(Field::square))
        .root()
        .or_open("an irrational norm")?;
    let unit: Vec<S> = theta.iter().map(|x| x.clone() / &norm).collect();
    Ok(sum(population_variance(&case.gradients(&unit)?)))
}

struct EquilibriumNorm {
    case: NetworkCase,
    /// 2 for the claim.
    factor: i64,
}

impl Identity for EquilibriumNorm {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Result<(S, S), Stop> {
        let case = &self.case;
        let theta = case.theta::<S>();
        let gamma = S::from_rational(&Rational::from((1, 16)));
        let sigma2 = S::from_rational(&case.strength()?.sigma2);
        let claimed = unit_noise(case, &theta)? * &sigma2 / (S::from_int(self.factor) * &gamma);
        let spectrum = Spectrum::from_gradients(&case.generator, &theta, &case.gradients(&theta)?)
            .or_failed("the eigendecomposition did not converge")?;
        let lambda = solve(&BalanceEquation {
            spectrum,
            strength: Strength { gamma, sigma2 },
        })?
        .finite()
        .or_failed("no finite λ*")?;
        let goal = case.generator.act(&lambda, &theta);
        let found = sum(goal.iter().map(Field::square)).square();
        let size = |x: &S| nalgebra::ComplexField::abs(x.clone());
        Ok((
            size(&(found.clone() - &claimed)),
            size(&found) + size(&claimed),
        ))
    }
}

fn norm(case: &NetworkCase, tamper: fn(&NetworkCase) -> NetworkCase, factor: i64) -> Judgement {
    let case = tamper(case);
    if unit_noise(&case, &case.theta)? == 0 {
        return Ok(Outcome::Inconclusive("no noise".to_owned()));
    }
    precision_scaling(&EquilibriumNorm { case, factor })
}

/// d‖θ‖⁴/dt = 2‖θ‖²Ċ with Ċ = G(0).
fn growth(case: &NetworkCase, tamper: fn(&NetworkCase) -> NetworkCase, factor: i64) -> Judgement {
    let case = tamper(case);
    let strength = Strength {
        gamma: Rational::new(),
        sigma2: case.strength()?.sigma2,
    };
    let start = case.source()?.start(&strength);
    let claimed = unit_noise(&case, &case.theta)? * &strength.sigma2 * Rational::from_int(factor);
    if claimed == 0 {
        return Ok(Outcome::Inconclusive("no noise".to_owned()));
    }
    Ok(Outcome::equal(
        "d‖θ‖⁴/dt",
        &(start.charge * start.balance * 2u32),
        &claimed,
    ))
}
