//! T8: existence and uniqueness of the equilibrium, and the solver that finds it.

use super::bounds::{solution_error, solves};
use super::case::{NetworkCase, SpectrumCase};
use super::evidence::{Evidence, Outcome};
use super::law::{Check, Control, Judgement, Missing, Stop};
use super::{Origin, Statement, sample};
use crate::balance::{
    Certified, Equilibrium, Spectrum, SpectrumSource, Term, certify, noise::population_variance,
    pulls::Pulls, solve,
};
use crate::problem::{Body, Finite, Problem};
use crate::scalar::{Ball, Field, Rational, Real, RealScalar, at_precision, dot, sum};
use rug::Float;
use std::cmp::Ordering;

pub static STATEMENT: Statement = Statement {
    id: "T8",
    name: "one equilibrium per orbit",
    claim: "G has exactly one zero λ* if both kinds of terms pull; G > 0 everywhere if only up, G < 0 if only down; G ≡ 0 if none does.",
    origin: Origin::Paper,
    drawn: true,
    unproved: None,
    file: file!(),
    checks: &[
        &Check {
            name: "status against the signs far out",
            evidence: Evidence::Enclosure,
            draw: sample::spectrum,
            judge: |case| far_out(case, Clone::clone),
            controls: &[
                Control {
                    name: "criterion that forgets weight decay",
                    judge: |case| far_out(case, without_charge),
                },
                Control {
                    name: "criterion with the sign of A reversed",
                    judge: |case| far_out(case, reversed_rates),
                },
            ],
        },
        &Check {
            name: "certified root changes the sign of G",
            evidence: Evidence::Enclosure,
            draw: sample::finite_spectrum,
            judge: |case| root(case, &Rational::new()),
            controls: &[Control {
                name: "root shifted by 2^-150",
                judge: |case| root(case, &(Rational::from(1) >> 150u32)),
            }],
        },
        &Check {
            name: "f64 solver",
            evidence: Evidence::Rounding,
            draw: sample::finite_spectrum,
            judge: |case| floating::<f64>(case, 1.0, |x| x),
            controls: &[Control {
                name: "f64 solution off by 1e-10",
                judge: |case| floating::<f64>(case, 1.0 + 1e-10, |x| x),
            }],
        },
        &Check {
            name: "f32 solver",
            evidence: Evidence::Rounding,
            draw: sample::finite_spectrum,
            judge: |case| floating::<f32>(case, 1.0, f64::from),
            controls: &[Control {
                name: "f32 solution off by 1e-3",
                judge: |case| floating::<f32>(case, 1.0 + 1e-3, f64::from),
            }],
        },
        &Check {
            name: "256-bit solver",
            evidence: Evidence::Rounding,
            draw: sample::finite_spectrum,
            judge: |case| multiprecision(case, &Rational::new()),
            controls: &[Control {
                name: "256-bit solution shifted by 2^-150",
                judge: |case| multiprecision(case, &(Rational::from(1) >> 150u32)),
            }],
        },
        &Check {
            name: "θ*, C(θ*) and Φ of solve",
            evidence: Evidence::Enclosure,
            draw: sample::network_with_finite_equilibrium,
            judge: |case| solution(case, 1, 2),
            controls: &[
                Control {
                    name: "λ reversed in θ*",
                    judge: |case| solution(case, -1, 2),
                },
                Control {
                    name: "γ‖θ‖² in place of 2γ‖θ‖² in Φ",
                    judge: |case| solution(case, 1, 1),
                },
            ],
        },
    ],
};

const BITS: u32 = 512;

fn without_charge(case: &SpectrumCase) -> SpectrumCase {
    let terms = case.spectrum.terms().iter().map(|t| Term {
        charge: Rational::new(),
        ..t.clone()
    });
    case.with_spectrum(Spectrum::from_terms(terms.collect()))
}

fn reversed_rates(case: &SpectrumCase) -> SpectrumCase {
    let terms = case.spectrum.terms().iter().map(|t| Term {
        rate: -t.rate.clone(),
        ..t.clone()
    });
    case.with_spectrum(Spectrum::from_terms(terms.collect()))
}

/// The status of a (possibly tampered) spectrum against the certified signs of the
/// untouched G at λ = ±2^10, far outside where the drawn spectra balance.
fn far_out(case: &SpectrumCase, tamper: fn(&SpectrumCase) -> SpectrumCase) -> Judgement {
    at_precision(BITS, || {
        let balance = case.balance::<Ball>();
        let far = Ball::from_int(1 << 10);
        let (left, right) = (balance.g(&-far.clone()), balance.g(&far));
        let pulls = Pulls::of(&tamper(case).balance::<Rational>());
        let pulls = pulls.or_failed("a pull of no decided sign")?;
        use Ordering::{Equal, Greater, Less};
        let (at_left, at_right) = match pulls.status() {
            Equilibrium::Finite(()) => (Greater, Less),
            Equilibrium::PlusInfinity => (Greater, Greater),
            Equilibrium::MinusInfinity => (Less, Less),
            Equilibrium::Degenerate => (Equal, Equal),
        };
        Ok(Outcome::sign("G(−1024)", &left, at_left)
            .and(|| Outcome::sign("G(1024)", &right, at_right)))
    })
}

/// The certified solution at 60 digits.
fn certified(case: &SpectrumCase) -> Result<Certified, Stop> {
    let source = SpectrumSource::Exact(case.spectrum.clone());
    let found = certify(&source, &case.strength, 60);
    found?
        .finite()
        .or_failed("no root where both kinds of terms pull")
}

/// G > 0 at the lower end and G < 0 at the upper, by an evaluation of its own.
fn root(case: &SpectrumCase, shift: &Rational) -> Judgement {
    at_precision(BITS, || {
        let Certified { lambda, .. } = certified(case)?;
        let balance = case.balance::<Ball>();
        let end = |x: &Float| balance.g(&(Ball::point(x) + Ball::from_rational(shift)));
        if lambda.width().is_zero() {
            return Ok(Outcome::sign(
                "G at the exact root",
                &end(lambda.midpoint()),
                Ordering::Equal,
            ));
        }
        // Widen by one part in 2^180, still far below the 60 digits: a closed form may
        // have the root as its end point.
        let nudge = Ball::from_rational(&(Rational::from(1) >> 180u32)) * &lambda;
        let wide = lambda.widen(&nudge.magnitude());
        let lower = Outcome::sign("G at the lower end", &end(&wide.lower()), Ordering::Greater);
        Ok(lower.and(|| Outcome::sign("G at the upper end", &end(&wide.upper()), Ordering::Less)))
    })
}

const NO_SOLUTION: &str = "no solution where both kinds of terms pull";
const NO_BOUND: &str = "no bound on the rounding errors";

fn floating<F: RealScalar>(case: &SpectrumCase, factor: f64, to_f64: fn(F) -> f64) -> Judgement {
    let balance = case.balance::<F>();
    let lambda = solve(&balance)?.finite().or_failed(NO_SOLUTION)?;
    let bound = solution_error(&balance, &lambda).or_failed(NO_BOUND)?;
    let exact = certified(case)?.lambda;
    Ok(solves("λ*", to_f64(lambda) * factor, to_f64(bound), &exact))
}

fn multiprecision(case: &SpectrumCase, shift: &Rational) -> Judgement {
    at_precision(256, || {
        let balance = case.balance::<Real>();
        let lambda = solve(&balance)?.finite().or_failed(NO_SOLUTION)?;
        let bound = solution_error(&balance, &lambda).or_failed(NO_BOUND)?;
        let exact = certified(case)?;
        let near =
            (Ball::point(lambda.as_float()) + Ball::from_rational(shift)).widen(bound.as_float());
        let inside = near.intersects(&exact.lambda);
        Ok(Outcome::holds(
            "the 256-bit solution leaves its bound of the certified one",
            inside,
        ))
    })
}

/// What `solve` prints, against the orbit followed by the matrix exponential and the
/// potential and charge added up by hand.
fn solution(case: &NetworkCase, direction: i64, factor: i64) -> Judgement {
    at_precision(256, || {
        let strength = case.strength()?;
        let problem = Problem {
            strength: strength.clone(),
            body: Body::Orbit(case.orbit()?),
        };
        let solution = problem
            .solve(30)?
            .single()
            .or_failed("no solution of one generator")?;
        let Equilibrium::Finite(Finite { certified, theta }) = solution.equilibrium else {
            return Ok(Outcome::Inconclusive("no finite λ*".to_owned()));
        };
        // Φ(0) = 2γ‖θ‖² + σ²Tr Σ, exactly.
        let trace = sum(population_variance(&case.gradients(&case.theta)?));
        let norm = dot(&case.theta, &case.theta);
        let potential =
            norm * &strength.gamma * Rational::from_int(factor) + trace * &strength.sigma2;
        let start = Outcome::equal("Φ(0)", &solution.start.potential, &potential);
        // e^{λA}θ at a point of the enclosure of λ*, to 256 bits.
        let lambda = certified.lambda.middle() * Real::from_int(direction);
        let moved = case.generator.act(&lambda, &case.theta::<Real>());
        // The exponential of matrices this small loses fewer than 56 bits.
        let slack = Float::with_val(256, 1) >> 200;
        let near = |x: &Real| Ball::point(x.as_float()).widen(&slack);
        let followed = moved
            .iter()
            .zip(&theta)
            .all(|(x, found)| near(x).intersects(found));
        let charge = case.generator.charge(&moved);
        // dC/dλ = 2‖Aθ‖² (T10), doubled for its growth: a charge that vanishes at λ* does not
        // do so elsewhere in its enclosure.
        let image = case.generator.apply(&moved);
        let drift = dot(&image, &image) * Real::from_int(4);
        let reach = Float::with_val(64, drift.as_float() * &certified.lambda.radius());
        let charged = near(&charge).widen(&reach).intersects(&certified.charge);
        // Φ is flat at λ*: half of its curvature and the enclosure's square, which is below
        // 30 digits twice over, are within this part of it.
        let potential = near(&case.setting_at(moved)?.potential());
        let flat = potential.magnitude() >> 180;
        let settled = potential.widen(&flat).intersects(&certified.potential);
        Ok(start
            .and(|| Outcome::holds("θ* is not on the orbit at λ*", followed))
            .and(|| Outcome::holds("C(θ*) is not the charge there", charged))
            .and(|| Outcome::holds("Φ(λ*) is not the potential there", settled)))
    })
}
