//! T14: how fast the charge relaxes.

use super::bounds::{orbit_flow, solution_error, within};
use super::case::SpectrumCase;
use super::evidence::{Evidence, Identity, Outcome, precision_scaling};
use super::law::{Check, Control, Judgement, Missing, Stop};
use super::trajectory::moved;
use super::{Origin, Statement, sample};
use crate::balance::{BalanceEquation, solve};
use crate::dynamics::noether_path;
use crate::scalar::RealScalar;
use num_dual::Dual;

pub static STATEMENT: Statement = Statement {
    id: "T14",
    name: "relaxation rate",
    claim: "λ̇ = G(λ)/(2‖Aθ_λ‖²); near λ* the charge relaxes as e^{−κt}, κ = −G′(λ*)/(2Σμ²c e^{2μλ*}).",
    origin: Origin::Beyond,
    drawn: true,
    unproved: None,
    file: file!(),
    checks: &[
        &Check {
            name: "dC/dλ = 2‖Aθ_λ‖², by dual numbers",
            evidence: Evidence::Scaling,
            draw: sample::finite_spectrum,
            judge: |case| check(case, Law::Speed, 1),
            controls: &[Control {
                name: "without the factor 2",
                judge: |case| check(case, Law::Speed, 2),
            }],
        },
        &Check {
            name: "κ = −dĊ/dC at λ*, by dual numbers",
            evidence: Evidence::Scaling,
            draw: sample::finite_spectrum,
            judge: |case| check(case, Law::Rate, 1),
            controls: &[Control {
                name: "without the factor 2",
                judge: |case| check(case, Law::Rate, 2),
            }],
        },
        &Check {
            name: "the flow linearised at λ* decays at κ",
            evidence: Evidence::Scaling,
            draw: sample::finite_spectrum,
            judge: |case| check(case, Law::Decay, 1),
            controls: &[Control {
                name: "without the factor 2",
                judge: |case| check(case, Law::Decay, 2),
            }],
        },
        &Check {
            name: "λ(t) − λ* between two late times falls as e^{−κt}",
            evidence: Evidence::Rounding,
            draw: sample::finite_spectrum,
            judge: |case| relaxes(case, 1.0),
            controls: &[Control {
                name: "without the factor 2",
                judge: |case| relaxes(case, 2.0),
            }],
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
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Result<(S, S), Stop> {
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
                let lambda = solve(&balance)?.finite().or_failed("no finite λ*")?;
                let point = Dual::new(lambda.clone(), S::one());
                // Ċ = G along the flow, so dĊ/dC = (dG/dλ)/(dC/dλ).
                let found = -(dual.g(&point).eps / dual.charge(&point).eps);
                (found, balance.relaxation_rate(&lambda))
            }
            Law::Decay => {
                // The flow λ̇ = G/(2‖Aθ_λ‖²), linearised at its rest point.
                let lambda = solve(&balance)?.finite().or_failed("no finite λ*")?;
                let kappa = balance.relaxation_rate(&lambda);
                let point = Dual::new(lambda, S::one());
                let velocity =
                    dual.g(&point) / (dual.speed(&point) * Dual::from_re(S::from_int(2)));
                (-velocity.eps, kappa)
            }
        };
        let claimed = claimed * factor;
        Ok((
            size(&(found.clone() - &claimed)),
            size(&found) + size(&claimed),
        ))
    }
}

fn check(case: &SpectrumCase, law: Law, factor: i64) -> Judgement {
    let relaxation = |case| Relaxation { case, law, factor };
    precision_scaling(&relaxation(case))
}

/// The flow from both sides of λ\*, from a distance ε = 1/(64m) with m the largest |μ|,
/// followed to 1/κ and 3/κ.
///
/// Over a distance δ each e^{±2μλ} changes by a factor between e^{−2m|δ|} and e^{2m|δ|};
/// so do −G′ and ‖Aθ_λ‖², and −G is the integral of −G′. Hence λ̇ = −κδr with r between
/// e^{−4m|δ|} and e^{4m|δ|}, and over a time t with |δ| ≤ ε the logarithm of |δ| falls by
/// κt up to κt(e^{4mε} − 1). The steps' own errors do not grow: the flow contracts there.
fn relaxes(case: &SpectrumCase, factor: f64) -> Judgement {
    let rate = |balance: &BalanceEquation<f64>, star: &f64| factor * balance.relaxation_rate(star);
    relaxation(&case.balance(), rate)
}

fn relaxation(
    balance: &BalanceEquation<f64>,
    rate: impl Fn(&BalanceEquation<f64>, &f64) -> f64,
) -> Result<Outcome, Stop> {
    let equilibrium = solve(balance)?.finite().or_failed("no finite λ*")?;
    let live = balance.spectrum.terms().iter();
    let largest = live.fold(0.0, |m: f64, term| m.max(term.rate.abs()));
    let epsilon = 1.0 / (64.0 * largest);
    let mut outcome = Outcome::holds("", true);
    for side in [1.0, -1.0] {
        // The same orbit with its origin at the start of the flow (T12).
        let start = moved(balance, equilibrium + side * epsilon);
        let star = solve(&start)?.finite().or_failed("no finite λ*")?;
        let kappa = start.relaxation_rate(&star);
        let mut distances = [0.0; 2];
        let mut blur = 0.0;
        for (distance, time) in distances.iter_mut().zip([1.0, 3.0]) {
            let path = noether_path(&start, time / kappa)?;
            *distance = path
                .end()
                .or_failed("an empty path")?
                .first()
                .or_failed("an empty path")?
                - star;
            let speeds = libm::exp(4.0 * largest * epsilon);
            let error = orbit_flow(path.steps(), star, speeds)
                + solution_error(&start, &star).or_failed("no bound on the rounding errors")?;
            // To first order; the second is far below the first's own slack.
            blur += error / distance.abs();
        }
        let fallen = libm::log(distances[0] / distances[1]);
        let claimed = 2.0 / kappa * rate(&start, &star);
        let bound = 2.0 * libm::expm1(4.0 * largest * star.abs()) + blur;
        outcome = outcome.and(|| within("ln|λ − λ*| + κt", fallen - claimed, bound));
    }
    Ok(outcome)
}
