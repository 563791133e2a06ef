//! T13: two classes of symmetry.

use super::bounds::{orbit_flow, solution_error, within};
use super::case::NetworkCase;
use super::draw::Draw;
use super::evidence::{Evidence, Outcome};
use super::law::{Check, Control, Judgement, Missing, Stop};
use super::{Origin, Statement, sample};
use crate::balance::{
    BalanceEquation, Equilibrium, Spectrum, Strength, Term, certify, noise::population_variance,
    solve,
};
use crate::dynamics::{TOLERANCE, noether_path};
use crate::scalar::{Field, Rational, sum};
use crate::symmetry::{Generator, Structure};

pub static STATEMENT: Statement = Statement {
    id: "T13",
    name: "two classes of symmetry",
    claim: "At γ = 0 a rescaling settles exactly when live noise sits on both sides, and a scaling with live noise never does; with γ > 0 and live noise a scaling settles as well.",
    origin: Origin::Paper,
    drawn: true,
    unproved: None,
    file: file!(),
    checks: &[
        &Check {
            name: "rescaling, γ = 0",
            evidence: Evidence::Exact,
            draw: sample::relu_network,
            judge: |case| settles(case, &Rational::new(), Expected::ByNoise),
            controls: &[Control {
                name: "a rescaling that never settles",
                judge: |case| settles(case, &Rational::new(), Expected::Never),
            }],
        },
        &Check {
            name: "scaling, γ = 0",
            evidence: Evidence::Exact,
            draw: sample::scale_invariant_network,
            judge: |case| settles(case, &Rational::new(), Expected::Never),
            controls: &[Control {
                name: "a scaling that settles at γ = 0",
                judge: |case| settles(case, &Rational::new(), Expected::Always),
            }],
        },
        &Check {
            name: "scaling, γ > 0",
            evidence: Evidence::Exact,
            draw: sample::scale_invariant_network,
            judge: |case| settles(case, &Rational::from((1, 16)), Expected::Always),
            controls: &[Control {
                name: "a scaling that never settles at γ > 0",
                judge: |case| settles(case, &Rational::from((1, 16)), Expected::Never),
            }],
        },
        &Check {
            name: "rescaling on digits, γ = 0",
            evidence: Evidence::Exact,
            draw: relu_on_digits,
            judge: |case| settles(case, &Rational::new(), Expected::ByNoise),
            controls: &[Control {
                name: "a rescaling on digits that never settles",
                judge: |case| settles(case, &Rational::new(), Expected::Never),
            }],
        },
        &Check {
            name: "λ(t) of a rescaling reaches λ*, γ = 0",
            evidence: Evidence::Rounding,
            draw: sample::relu_network,
            judge: |case| arrives(case, 0.0),
            controls: &[Control {
                name: "the λ* of γ = 0 with decay in the flow",
                judge: |case| arrives(case, 1.0 / 16.0),
            }],
        },
        &Check {
            name: "λ(t) of a scaling runs off, γ = 0",
            evidence: Evidence::Rounding,
            draw: sample::scale_invariant_network,
            judge: |case| runs_off(case, 0.0),
            controls: &[Control {
                name: "decay in the flow",
                judge: |case| runs_off(case, 1.0 / 16.0),
            }],
        },
        &Check {
            name: "λ(t) of a rescaling with noise on one side runs off, γ = 0",
            evidence: Evidence::Rounding,
            draw: sample::one_sided_network,
            judge: |case| one_side_runs_off(case, 0.0, 0.0),
            controls: &[
                Control {
                    name: "decay in the flow",
                    judge: |case| one_side_runs_off(case, 1.0 / 16.0, 0.0),
                },
                Control {
                    name: "a little noise on the other side",
                    judge: |case| one_side_runs_off(case, 0.0, 1.0 / 1024.0),
                },
            ],
        },
        &Check {
            name: "λ(t) of a scaling reaches λ*, γ > 0",
            evidence: Evidence::Rounding,
            draw: sample::scale_invariant_network,
            judge: |case| rests(case, 1.0),
            controls: &[
                Control {
                    name: "no decay in the flow",
                    judge: |case| rests(case, 0.0),
                },
                Control {
                    name: "decay γθ in place of 2γθ",
                    judge: |case| rests(case, 0.5),
                },
            ],
        },
    ],
};

fn relu_on_digits(draw: &mut Draw) -> NetworkCase {
    let case = sample::digits_network(draw);
    let mut declared = crate::model::Symmetric::symmetries(&case.model);
    // A diagonal direction of a factor is a rescaling of one hidden unit, too.
    declared.retain(|generator| rates(generator).is_some());
    let pick = draw.size(0, declared.len() - 1);
    case.with_generator(declared.swap_remove(pick))
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
        Structure::Rates(rates) => Some(rates.to_vec()),
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

fn settles(case: &NetworkCase, gamma: &Rational, expected: Expected) -> Judgement {
    let rates = rates(&case.generator).or_open("a generator that is not diagonal")?;
    let noise = population_variance(&case.gradients(&case.theta)?);
    let live = |sign: i32| {
        rates
            .iter()
            .zip(&noise)
            .any(|(rate, a)| rate.cmp0() as i32 == sign && !a.is_zero())
    };
    if !live(1) && !live(-1) {
        return Ok(Outcome::Inconclusive("no live noise".to_owned()));
    }
    let strength = Strength {
        gamma: gamma.clone(),
        sigma2: case.strength()?.sigma2,
    };
    let source = case.source()?;
    let found = certify(&source, &strength, 5)?;
    let finite = matches!(found, Equilibrium::Finite(_));
    let claimed = match expected {
        Expected::Always => true,
        Expected::Never => false,
        Expected::ByNoise => live(1) && live(-1),
    };
    Ok(Outcome::equal(
        "settles",
        &Rational::from(i32::from(finite)),
        &Rational::from(i32::from(claimed)),
    ))
}

/// The balance equation in doubles, at γ = 0.
fn undamped(case: &NetworkCase) -> Result<BalanceEquation<f64>, Stop> {
    let gradients = case.gradients(&case.theta::<f64>())?;
    Ok(BalanceEquation {
        spectrum: Spectrum::from_gradients(&case.generator, &case.theta(), &gradients)
            .or_failed("the eigendecomposition did not converge")?,
        strength: Strength {
            gamma: 0.0,
            sigma2: case.strength()?.sigma2.to_f64(),
        },
    })
}

fn with_gamma(balance: &BalanceEquation<f64>, gamma: f64) -> BalanceEquation<f64> {
    let mut balance = balance.clone();
    balance.strength.gamma = gamma;
    balance
}

/// Rates ±1 with noise a₊ and a₋ on them: −G′ = 4σ²(a₊e^{−2λ} + a₋e^{2λ}) is at least
/// 8σ²√(a₊a₋), and ‖Aθ_λ‖² is convex, so at most its larger value s at the two ends. By
/// dG/dC = G′/(2‖Aθ_λ‖²) the flow from 0 has |G| ≤ |G(0)|e^{−κt} with
/// κ = 4σ²√(a₊a₋)/s, and |λ − λ\*| ≤ |G|/(8σ²√(a₊a₋)): that gives the time after which
/// λ is within the stepper's tolerance.
fn arrives(case: &NetworkCase, gamma: f64) -> Judgement {
    let balance = undamped(case)?;
    let noise = |side: f64| -> f64 {
        let terms = balance.spectrum.terms().iter();
        let own = terms.filter(|t| t.rate * side > 0.0);
        own.map(|t| t.noise).sum()
    };
    let (up, down) = (noise(1.0), noise(-1.0));
    if up == 0.0 || down == 0.0 {
        return Ok(Outcome::Inconclusive("no noise on one side".to_owned()));
    }
    let star = solve(&balance)?.finite().or_failed("no finite λ*")?;
    let least = 8.0 * balance.strength.sigma2 * libm::sqrt(up * down);
    let speed = balance.speed(&0.0).max(balance.speed(&star));
    let away = (balance.g(&0.0).abs() / (least * TOLERANCE)).max(2.0);
    let time = libm::log(away) * 2.0 * speed / least;
    let path = noether_path(&with_gamma(&balance, gamma), time)?;
    let lambda = *path
        .end()
        .or_failed("an empty path")?
        .first()
        .or_failed("an empty path")?;
    let bound = TOLERANCE
        + orbit_flow(path.steps(), star, speed / balance.speed(&star))
        + solution_error(&balance, &star).or_failed("no bound on the rounding errors")?;
    Ok(within("λ(t) − λ*", lambda - star, bound))
}

/// Rate 1 alone: λ̇ = e^{−4λ}/(4τ) with τ = c/(4σ²a), so λ(t) = ¼ln(1 + t/τ). It grows by
/// ¼ln 2 whenever t doubles, without end: followed through 32 doublings. The flow
/// contracts, −4λ̇ being its slope.
fn runs_off(case: &NetworkCase, gamma: f64) -> Judgement {
    let balance = undamped(case)?;
    let (pull, speed) = (balance.g(&0.0), balance.speed(&0.0));
    // Noise that is the rounding of gradients that agree takes for ever.
    if pull <= f64::EPSILON * speed {
        return Ok(Outcome::Inconclusive("no live noise".to_owned()));
    }
    let tau = speed / (2.0 * pull);
    let damped = with_gamma(&balance, gamma);
    let mut outcome = Outcome::holds("", true);
    for doublings in [1.0, 4.0, 16.0, 32.0] {
        let ratio = libm::exp2(doublings);
        let path = noether_path(&damped, ratio * tau)?;
        let claimed = libm::log1p(ratio) / 4.0;
        let lambda = *path
            .end()
            .or_failed("an empty path")?
            .first()
            .or_failed("an empty path")?;
        let bound = orbit_flow(path.steps(), claimed, 1.0);
        outcome = outcome.and(|| within("λ(t) − ¼ln(1 + t/τ)", lambda - claimed, bound));
        // A flow that does settle takes ever more steps to stay where it is.
        if !matches!(outcome, Outcome::Verified(_)) {
            break;
        }
    }
    Ok(outcome)
}

/// Rate 1 alone at γ > 0: x = e^{4λ} obeys ẋ = 8γ(x\* − x) with x\* = σ²a/(2γc), so λ(t) =
/// ¼ln(x\* + (1 − x\*)e^{−8γt}). Followed until what is left of 1 − x\* is below the
/// stepper's tolerance; there λ is λ\* = ¼ln x\*. `decay` times γ is what the flow has.
fn rests(case: &NetworkCase, decay: f64) -> Judgement {
    const GAMMA: f64 = 1.0 / 16.0;
    let balance = undamped(case)?;
    let (pull, speed) = (balance.g(&0.0), balance.speed(&0.0));
    if pull <= f64::EPSILON * speed {
        return Ok(Outcome::Inconclusive("no live noise".to_owned()));
    }
    let rest = pull / (4.0 * GAMMA * speed);
    let damped = with_gamma(&balance, GAMMA);
    let star = solve(&damped)?.finite().or_failed("no finite λ*")?;
    let away = (1.0 - rest).abs() / (4.0 * rest * TOLERANCE);
    let time = libm::log(away.max(2.0)) / (8.0 * GAMMA);
    let mut outcome = Outcome::holds("", true);
    for part in [1.0 / 64.0, 1.0 / 8.0, 1.0] {
        let path = noether_path(&with_gamma(&balance, decay * GAMMA), part * time)?;
        let left = libm::exp(-8.0 * GAMMA * part * time);
        let claimed = libm::log(rest + (1.0 - rest) * left) / 4.0;
        let lambda = *path
            .end()
            .or_failed("an empty path")?
            .first()
            .or_failed("an empty path")?;
        let slowest = libm::exp(-2.0 * claimed).max(1.0);
        let bound = orbit_flow(path.steps(), claimed, slowest);
        outcome = outcome.and(|| within("λ(t)", lambda - claimed, bound));
        if part == 1.0 {
            let bound = TOLERANCE
                + bound
                + solution_error(&damped, &star).or_failed("no bound on the rounding errors")?;
            outcome = outcome.and(|| within("λ(t) − λ*", lambda - star, bound));
        }
    }
    Ok(outcome)
}

/// Noise a on rate 1 and none on rate −1: λ̇ = σ²a/(c₊e^{4λ} + c₋), so λ is reached at
/// the time (c₊(e^{4λ} − 1)/4 + c₋λ)/(σ²a), whatever λ. `other` is the part of the noise
/// that a sabotage puts on rate −1.
fn one_side_runs_off(case: &NetworkCase, gamma: f64, other: f64) -> Judgement {
    let rates = rates(&case.generator).or_open("a generator that is not diagonal")?;
    let noise = population_variance(&case.gradients(&case.theta)?);
    let side = |sign: i32, values: &[Rational]| -> Rational {
        let own = rates.iter().zip(values);
        let own = own.filter(|(rate, _)| rate.cmp0() as i32 == sign);
        sum(own.map(|(_, x)| x.clone()))
    };
    let squares: Vec<Rational> = case.theta.iter().map(Field::square).collect();
    // The orbit run through backwards, where the noise is on the other side.
    let live = if side(1, &noise) != 0 { 1 } else { -1 };
    if side(live, &noise) == 0 || side(-live, &noise) != 0 {
        return Ok(Outcome::Inconclusive("not one live side".to_owned()));
    }
    let a = side(live, &noise).to_f64();
    let [up, down] = [live, -live].map(|sign| side(sign, &squares).to_f64());
    let term = |rate: f64, noise: f64, charge: f64| Term {
        rate,
        noise,
        charge,
    };
    let sigma2 = case.strength()?.sigma2.to_f64();
    let balance = BalanceEquation {
        spectrum: Spectrum::from_terms(vec![term(1.0, a, up), term(-1.0, other * a, down)]),
        strength: Strength { gamma, sigma2 },
    };
    let mut outcome = Outcome::holds("", true);
    for claimed in [0.25, 1.0, 4.0] {
        let time = up * libm::expm1(4.0 * claimed) / 4.0 + down * claimed;
        let path = noether_path(&balance, time / (sigma2 * a))?;
        let lambda = *path
            .end()
            .or_failed("an empty path")?
            .first()
            .or_failed("an empty path")?;
        let [start, end] = [0.0, claimed].map(|lambda| balance.speed(&lambda));
        let bound = orbit_flow(path.steps(), claimed, start.max(end) / end);
        outcome = outcome.and(|| within("λ(t)", lambda - claimed, bound));
        if !matches!(outcome, Outcome::Verified(_)) {
            break;
        }
    }
    Ok(outcome)
}
