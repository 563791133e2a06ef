//! T14: how fast the charge relaxes.

use super::case::{Case, SpectrumCase};
use super::evidence::{Evidence, Identity, Outcome, precision_scaling};
use super::{Check, Control, Origin, Statement, sample};
use crate::balance::solve;
use crate::scalar::RealScalar;
use num_dual::Dual;

pub static STATEMENT: Statement = Statement {
    id: "T14",
    name: "relaxation rate",
    claim: "λ̇ = G(λ)/(2‖Aθ_λ‖²); near λ* the charge relaxes as e^{−κt}, κ = −G′(λ*)/(2Σμ²c e^{2μλ*}).",
    origin: Origin::Beyond,
    drawn: true,
    checks: &[
        Check {
            name: "dC/dλ = 2‖Aθ_λ‖², by dual numbers",
            evidence: Evidence::Scaling,
            draw: sample::finite_spectrum,
            run: |case| check(case, Law::Speed, 1),
        },
        Check {
            name: "κ = −dĊ/dC at λ*, by dual numbers",
            evidence: Evidence::Scaling,
            draw: sample::finite_spectrum,
            run: |case| check(case, Law::Rate, 1),
        },
        Check {
            name: "the flow linearised at λ* decays at κ",
            evidence: Evidence::Scaling,
            draw: sample::finite_spectrum,
            run: |case| check(case, Law::Decay, 1),
        },
    ],
    controls: &[
        Control {
            name: "without the factor 2",
            check: 0,
            run: |case| check(case, Law::Speed, 2),
        },
        Control {
            name: "without the factor 2",
            check: 1,
            run: |case| check(case, Law::Rate, 2),
        },
        Control {
            name: "without the factor 2",
            check: 2,
            run: |case| check(case, Law::Decay, 2),
        },
    ],
};

#[derive(Clone, Copy)]
enum Law {
    Speed,
    Rate,
    Decay,
}

struct Relaxation<'a> {
    case: &'a SpectrumCase,
    law: Law,
    /// 1 for the claim.
    factor: i64,
}

impl Identity for Relaxation<'_> {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Option<(S, S)> {
        let balance = self.case.balance::<S>();
        let dual = self.case.balance::<Dual<S>>();
        let factor = S::from_int(self.factor);
        let size = |x: &S| nalgebra::ComplexField::abs(x.clone());
        let (found, claimed) = match self.law {
            Law::Speed => {
                let lambda = S::from_rational(&self.case.lambda);
                let point = Dual::new(lambda.clone(), S::one());
                (
                    dual.charge(&point).eps,
                    balance.speed(&lambda) * S::from_int(2),
                )
            }
            Law::Rate => {
                let lambda = solve(&balance).ok()?.finite()?;
                let point = Dual::new(lambda.clone(), S::one());
                // Ċ = G along the flow, so dĊ/dC = (dG/dλ)/(dC/dλ).
                let found = -(dual.g(&point).eps / dual.charge(&point).eps);
                (found, balance.relaxation_rate(&lambda))
            }
            Law::Decay => {
                // The flow λ̇ = G/(2‖Aθ_λ‖²), linearised at its rest point.
                let lambda = solve(&balance).ok()?.finite()?;
                let kappa = balance.relaxation_rate(&lambda);
                let point = Dual::new(lambda, S::one());
                let velocity =
                    dual.g(&point) / (dual.speed(&point) * Dual::from_re(S::from_int(2)));
                (-velocity.eps, kappa)
            }
        };
        let claimed = claimed * factor;
        Some((
            size(&(found.clone() - &claimed)),
            size(&found) + size(&claimed),
        ))
    }
}

fn check(case: &Case, law: Law, factor: i64) -> Outcome {
    let relaxation = |case| Relaxation { case, law, factor };
    Outcome::decided(
        case.spectrum()
            .map(|case| precision_scaling(&relaxation(case))),
    )
}
