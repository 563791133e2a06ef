//! T12: one equilibrium per orbit, wherever on it one starts.

use super::case::{AnyLoss, NetworkCase};
use super::evidence::{Evidence, Identity, Outcome, precision_scaling};
use super::law::{Claim, Control, Judgement, Missing, Stop};
use super::{Origin, Statement, sample};
use crate::balance::{BalanceEquation, Equilibrium, Spectrum, certify, solve};
use crate::model::Model;
use crate::scalar::RealScalar;

pub static STATEMENT: Statement = Statement {
    id: "T12",
    name: "initialisation independence",
    claim: "λ*(e^{sA}θ) = λ*(θ) − s, so θ* is one point per orbit.",
    origin: Origin::Paper,
    drawn: true,
    unproved: None,
    file: file!(),
    checks: &[&NetworkCase::<Model>::ONE_END.drawn(
        "gradients taken anew at e^{sA}θ",
        sample::network_with_finite_equilibrium,
    )],
};

impl<L: AnyLoss> NetworkCase<L> {
    pub(super) const ONE_END: Claim<Self> = Claim {
        evidence: Evidence::Scaling,
        judge: |case| check(case, Clone::clone, Start::OnOrbit),
        controls: &[
            Control {
                name: "λ* + s",
                judge: |case| check(case, Clone::clone, Start::WrongSign),
            },
            Control {
                name: "a start off the orbit",
                judge: |case| check(case, Clone::clone, Start::OffOrbit),
            },
            Control {
                name: "asymmetric twin",
                judge: |case| check(case, Self::asymmetric, Start::OnOrbit),
            },
        ],
    };
}

#[derive(Clone, Copy, PartialEq)]
enum Start {
    OnOrbit,
    WrongSign,
    OffOrbit,
}

struct Restart<L> {
    case: NetworkCase<L>,
    start: Start,
}

impl<L: AnyLoss> Restart<L> {
    /// λ* of the orbit through `theta`, where it is finite.
    fn equilibrium<S: RealScalar>(&self, theta: &[S]) -> Result<S, Stop> {
        let gradients = self.case.gradients(theta)?;
        let spectrum = Spectrum::from_gradients(&self.case.generator, theta, &gradients)
            .or_failed("the eigendecomposition did not converge")?;
        let strength = self.case.strength()?.map(S::from_rational);
        let lambda = solve(&BalanceEquation { spectrum, strength })?.finite();
        lambda.or_failed("no finite λ*")
    }
}

impl<L: AnyLoss> Identity for Restart<L> {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Result<(S, S), Stop> {
        let theta = self.case.theta::<S>();
        let s = S::from_rational(&self.case.lambda);
        let mut moved = self.case.generator.act(&s, &theta);
        let expected = match self.start {
            Start::WrongSign => self.equilibrium(&theta)? + &s,
            Start::OnOrbit | Start::OffOrbit => self.equilibrium(&theta)? - &s,
        };
        if self.start == Start::OffOrbit {
            moved[0] = moved[0].clone() + S::one();
        }
        let found = self.equilibrium(&moved)?;
        let size = |x: &S| nalgebra::ComplexField::abs(x.clone());
        Ok((size(&(found.clone() - &expected)), size(&found) + size(&s)))
    }
}

fn check<L: AnyLoss>(
    case: &NetworkCase<L>,
    tamper: fn(&NetworkCase<L>) -> NetworkCase<L>,
    start: Start,
) -> Judgement {
    // The exact status: rounding would make vanishing noise pull.
    let source = case.source()?;
    let found = certify(&source, &case.strength()?, 5)?.map(|_| ());
    if found != Equilibrium::Finite(()) {
        return Ok(Outcome::Inconclusive("no finite λ*".to_owned()));
    }
    precision_scaling(&Restart {
        case: tamper(case),
        start,
    })
}
