//! T12: one equilibrium per orbit, wherever on it one starts.

use super::case::{Case, NetworkCase};
use super::evidence::{Evidence, Identity, Outcome, precision_scaling};
use super::{Check, Control, Origin, Statement, sample};
use crate::balance::{BalanceEquation, Equilibrium, Spectrum, certify, solve};
use crate::scalar::RealScalar;

pub static STATEMENT: Statement = Statement {
    id: "T12",
    name: "initialisation independence",
    claim: "λ*(e^{sA}θ) = λ*(θ) − s, so θ* is one point per orbit.",
    origin: Origin::Paper,
    drawn: true,
    checks: &[Check {
        name: "gradients taken anew at e^{sA}θ",
        evidence: Evidence::Scaling,
        draw: sample::network_with_finite_equilibrium,
        run: |case| check(case, Clone::clone, Start::OnOrbit),
    }],
    controls: &[
        Control {
            name: "λ* + s",
            check: 0,
            run: |case| check(case, Clone::clone, Start::WrongSign),
        },
        Control {
            name: "a start off the orbit",
            check: 0,
            run: |case| check(case, Clone::clone, Start::OffOrbit),
        },
        Control {
            name: "asymmetric twin",
            check: 0,
            run: |case| check(case, NetworkCase::asymmetric, Start::OnOrbit),
        },
    ],
};

#[derive(Clone, Copy, PartialEq)]
enum Start {
    OnOrbit,
    WrongSign,
    OffOrbit,
}

struct Restart {
    case: NetworkCase,
    start: Start,
}

impl Restart {
    /// λ* of the orbit through `theta`, where it is finite.
    fn equilibrium<S: RealScalar>(&self, theta: &[S]) -> Option<S> {
        let gradients = self.case.gradients(theta)?;
        let spectrum = Spectrum::from_gradients(&self.case.generator, theta, &gradients)?;
        let strength = self.case.strength()?.map(S::from_rational);
        solve(&BalanceEquation { spectrum, strength })
            .ok()?
            .finite()
    }
}

impl Identity for Restart {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Option<(S, S)> {
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
        Some((size(&(found.clone() - &expected)), size(&found) + size(&s)))
    }
}

fn check(case: &Case, tamper: fn(&NetworkCase) -> NetworkCase, start: Start) -> Outcome {
    let restart = |case: &NetworkCase| {
        // The exact status: rounding would make vanishing noise pull.
        let source = case.source()?;
        let found = certify(&source, &case.strength()?, 5).ok()?.map(|_| ());
        if found != Equilibrium::Finite(()) {
            return Some(Outcome::Inconclusive("no finite λ*".to_owned()));
        }
        Some(precision_scaling(&Restart {
            case: tamper(case),
            start,
        }))
    };
    Outcome::decided(case.network().and_then(restart))
}
