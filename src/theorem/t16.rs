//! T16: families of commuting generators.

use super::case::{FamilyCase, NetworkCase};
use super::evidence::{Evidence, Identity, Margin, Outcome, precision_scaling, vector_defect};
use super::law::{Check, Control, Judgement, Missing, Stop};
use super::{Origin, Statement, sample};
use crate::balance::{
    Noise, Spectrum, Term,
    family::{
        CertifiedFamily, Edge, Existence, FamilyOrbit, FamilySource, FamilyStatus, Potential,
        balance_network, certify_family, minimise,
    },
    noise::{mean, population_variance},
};
use crate::model::Symmetric;
use crate::problem::{Answer, Body, FamilyFinite, Problem};
use crate::scalar::{Ball, Field, Rational, Real, RealScalar, at_precision, dot, sum};
use crate::symmetry::{Family, Generator, Structure};
use nalgebra::DMatrix;
use num_dual::Dual;
use rug::Float;
use std::cmp::Ordering;

pub static STATEMENT: Statement = Statement {
    id: "T16",
    name: "commuting generators",
    claim: "Φ(λ) = Σ(2γc e^{2⟨w,λ⟩} + σ²a e^{−2⟨w,λ⟩}) is convex with ∇Φ = −(G_1..G_m); it has a minimiser exactly when 0 lies in the relative interior of the hull of the live w (γc > 0) and −w (σ²a > 0), unique up to the directions orthogonal to them.",
    origin: Origin::Paper,
    drawn: true,
    unproved: None,
    file: file!(),
    checks: &[
        &Check {
            name: "Φ of the family is that of the moved network",
            evidence: Evidence::Scaling,
            draw: sample::family_network,
            judge: |case| moved(case, Clone::clone, 2),
            controls: &[
                Control {
                    name: "asymmetric twin",
                    judge: |case| moved(case, NetworkCase::asymmetric, 2),
                },
                Control {
                    name: "γ‖θ‖² in place of 2γ‖θ‖²",
                    judge: |case| moved(case, Clone::clone, 1),
                },
            ],
        },
        &Check {
            name: "∇Φ = −(G_1..G_m), by dual numbers",
            evidence: Evidence::Scaling,
            draw: sample::family_network,
            judge: |case| gradient(case, -1),
            controls: &[Control {
                name: "∇Φ = +(G_1..G_m)",
                judge: |case| gradient(case, 1),
            }],
        },
        &Check {
            name: "existence against Φ far out",
            evidence: Evidence::Enclosure,
            draw: sample::family,
            judge: |case| far_out(case, Clone::clone),
            controls: &[Control {
                name: "criterion with the noise on +w",
                judge: |case| far_out(case, FamilyCase::with_noise_mirrored),
            }],
        },
        &Check {
            name: "certificates of existence",
            evidence: Evidence::Exact,
            draw: sample::family,
            judge: |case| certificate(case, &Rational::new()),
            controls: &[Control {
                name: "certificate with one entry moved",
                judge: |case| certificate(case, &Rational::from((1, 1 << 20))),
            }],
        },
        &Check {
            name: "flat directions, and no others",
            evidence: Evidence::Exact,
            draw: sample::family,
            judge: |case| flat(case, Clone::clone),
            controls: &[Control {
                name: "first generator forgotten",
                judge: |case| flat(case, FamilyCase::without_first_generator),
            }],
        },
        &Check {
            name: "enclosed minimiser holds the zero of ∇Φ",
            evidence: Evidence::Enclosure,
            draw: sample::family,
            judge: |case| minimiser(case, &Rational::new()),
            controls: &[Control {
                name: "minimiser shifted by 2^-150",
                judge: |case| minimiser(case, &(Rational::from(1) >> 150u32)),
            }],
        },
        &Check {
            name: "one minimum from every start",
            evidence: Evidence::Scaling,
            draw: sample::family,
            judge: |case| starts(case, Clone::clone),
            controls: &[Control {
                name: "another weight at the second start",
                judge: |case| starts(case, FamilyCase::with_first_noise_doubled),
            }],
        },
        &Check {
            name: "θ* of solve, rates irrational included",
            evidence: Evidence::Enclosure,
            draw: sample::family_network,
            judge: |case| solution(case, 1),
            controls: &[Control {
                name: "λ reversed in θ*",
                judge: |case| solution(case, -1),
            }],
        },
        &Check {
            name: "sparse solver balances every neuron",
            evidence: Evidence::Rounding,
            draw: sample::rescalings,
            judge: |case| network(case, 0.0),
            controls: &[Control {
                name: "λ off by 1e-9",
                judge: |case| network(case, 1e-9),
            }],
        },
    ],
};

const BITS: u32 = 512;

/// The commuting family of a network's case: all rescalings or scalings where these are its
/// symmetries, otherwise S, S² and I for the direction S of a factor.
fn family(case: &NetworkCase) -> Result<Family, Stop> {
    if let Generator::Factor(factor) = &case.generator {
        let s = factor.direction();
        let square: DMatrix<Rational> = s * s;
        let identity = DMatrix::identity(s.nrows(), s.nrows());
        let members = [s.clone(), square, identity].map(|s| {
            let rows: Vec<Vec<Rational>> = s
                .row_iter()
                .map(|row| row.iter().cloned().collect())
                .collect();
            Generator::factor(factor.rows(), factor.cols(), &rows)
        });
        return Ok(Family::new(members.into_iter().collect::<Result<_, _>>()?)?);
    }
    Ok(Family::new(case.model.symmetries())?)
}

/// A displacement for each member.
fn displacement(case: &NetworkCase, members: usize) -> Vec<Rational> {
    (0..members)
        .map(|i| &case.lambda / Rational::from(1 + i))
        .collect()
}

/// The orbit of the network under its family.
fn orbit(case: &NetworkCase) -> Result<FamilyOrbit, Stop> {
    let gradients = case.gradients(&case.theta)?;
    Ok(FamilyOrbit::new(
        family(case)?,
        case.theta.clone(),
        Noise::Gradients(gradients),
    )?)
}

/// e^{Σλ_iA_i}θ, one generator after the other.
fn act<S: RealScalar>(family: &Family, lambda: &[S], theta: &[S]) -> Vec<S> {
    let members = family.generators().iter().zip(lambda);
    members.fold(theta.to_vec(), |theta, (a, x)| a.act(x, &theta))
}

/// The potential in another number system, where the rates are rational.
fn potential<S: Field>(source: &FamilySource, case: &NetworkCase) -> Result<Potential<S>, Stop> {
    let FamilySource::Exact { spectrum, .. } = source else {
        return Err(Stop::Open("rates that are not rational".to_owned()));
    };
    let strength = case.strength()?.convert();
    Potential::of(&convert(spectrum), &strength).or_failed("a weight of no decided sign")
}

fn convert<S: Field>(spectrum: &Spectrum<Rational, Vec<Rational>>) -> Spectrum<S, Vec<S>> {
    let terms = spectrum.terms().iter().map(|t| Term {
        rate: crate::scalar::convert(&t.rate),
        noise: S::from_rational(&t.noise),
        charge: S::from_rational(&t.charge),
    });
    Spectrum::from_terms(terms.collect())
}

struct Moved {
    case: NetworkCase,
    /// The spectrum is that of the untouched network.
    source: FamilySource,
    family: Family,
    /// 2 for the claim.
    factor: i64,
}

impl Identity for Moved {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Result<(S, S), Stop> {
        let case = &self.case;
        let exact = displacement(case, self.family.generators().len());
        let lambda: Vec<S> = crate::scalar::convert(&exact);
        let claimed = potential::<S>(&self.source, case)?.potential(&lambda);
        let theta = act(&self.family, &lambda, &case.theta::<S>());
        let strength = case.strength()?.map(S::from_rational);
        let noise = sum(population_variance(&case.gradients(&theta)?)) * &strength.sigma2;
        let decay = dot(&theta, &theta) * &strength.gamma * S::from_int(self.factor);
        Ok(vector_defect(&[claimed], &[noise + decay]))
    }
}

fn moved(case: &NetworkCase, tamper: fn(&NetworkCase) -> NetworkCase, factor: i64) -> Judgement {
    let source = orbit(case)?.spectrum()?;
    let family = family(case)?;
    if !matches!(source, FamilySource::Exact { .. }) {
        return Ok(Outcome::Inconclusive("irrational rates".to_owned()));
    }
    precision_scaling(&Moved {
        case: tamper(case),
        source,
        family,
        factor,
    })
}

struct Gradient<'a> {
    case: &'a NetworkCase,
    sign: i64,
}

impl Identity for Gradient<'_> {
    /// Φ by dual numbers against −4γC_i + 2σ²Tr[ΣA_i] of the moved network.
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Result<(S, S), Stop> {
        let case = self.case;
        let source = orbit(case)?.spectrum()?;
        let family = family(case)?;
        let members = family.generators().len();
        let lambda: Vec<S> = crate::scalar::convert(&displacement(case, members));
        let dual = potential::<Dual<S>>(&source, case)?;
        let slope = |i: usize| {
            let point: Vec<Dual<S>> = lambda
                .iter()
                .enumerate()
                .map(|(j, x)| Dual::new(x.clone(), S::from_int(i64::from(i == j))))
                .collect();
            dual.potential(&point).eps
        };
        let slopes: Vec<S> = (0..members).map(slope).collect();
        let theta = act(&family, &lambda, &case.theta::<S>());
        let gradients = case.gradients(&theta)?;
        let average = mean(&gradients);
        let strength = case.strength()?.map(S::from_rational);
        let balance = family.generators().iter().map(|a| {
            let power = gradients.iter().map(|g| {
                let centred = g.iter().zip(&average).map(|(x, m)| x.clone() - m);
                a.charge(&centred.collect::<Vec<S>>())
            });
            let count = S::from_int(i64::try_from(gradients.len()).unwrap_or(1));
            let trace = sum(power) / count;
            let noise = S::from_int(2) * &strength.sigma2 * trace;
            let decay = S::from_int(4) * &strength.gamma * a.charge(&theta);
            (noise - decay) * S::from_int(self.sign)
        });
        Ok(vector_defect(&slopes, &balance.collect::<Vec<S>>()))
    }
}

fn gradient(case: &NetworkCase, sign: i64) -> Judgement {
    let identity = |case| Gradient { case, sign };
    precision_scaling(&identity(case))
}

/// What the criterion says of the (possibly tampered) case, against the slope of the
/// untouched Φ far out: along the direction of recession it falls, and where there is none
/// it rises along every direction that is not flat.
fn far_out(case: &FamilyCase, tamper: fn(&FamilyCase) -> FamilyCase) -> Judgement {
    at_precision(BITS, || {
        let potential = Potential::<Ball>::of(
            &convert(&case.spectrum),
            &case.strength.map(Ball::from_rational),
        )
        .or_failed("a weight of no decided sign")?;
        let tampered = tamper(case);
        let source = tampered.source();
        let exponents = source
            .live_exponents(&tampered.strength)
            .or_failed("an exponent of no decided sign")?;
        let members = case.members;
        // dΦ/du at a distance along u; a term that does not change along u counts as exactly 0.
        let slope = |direction: &[Rational], distance: i64| {
            let along: Vec<Ball> = crate::scalar::convert(direction);
            let far = along.iter().map(|x| x.clone() * Ball::from_int(distance));
            let values = potential.values(&far.collect::<Vec<_>>());
            let terms = potential.terms.iter().zip(values);
            sum(terms.map(|(t, value)| dot(&t.exponent, &along) * value))
        };
        match Existence::of(&exponents, members) {
            Existence::Unbounded { direction } => {
                let ends = [0, 1 << 10].map(|distance| slope(&direction, distance));
                let [near, far] = ends;
                Ok(Outcome::sign("dΦ/du at 0", &near, Ordering::Less)
                    .and(|| Outcome::sign("dΦ/du far out", &far, Ordering::Less)))
            }
            Existence::Bounded { .. } => {
                let mut outcome = Outcome::Verified(Margin::Exact);
                let mut seen = false;
                for i in 0..members {
                    for sign in [1, -1] {
                        let mut u = vec![Rational::new(); members];
                        u[i] = Rational::from(sign);
                        let exact = case
                            .source()
                            .live_exponents(&case.strength)
                            .or_failed("an exponent of no decided sign")?;
                        if exact.iter().all(|v| dot(v, &u) == 0) {
                            continue;
                        }
                        seen = true;
                        let far = slope(&u, 1 << 12);
                        outcome =
                            outcome.and(|| Outcome::sign("dΦ/du far out", &far, Ordering::Greater));
                    }
                }
                if !seen {
                    return Ok(Outcome::Inconclusive("everything is flat".to_owned()));
                }
                Ok(outcome)
            }
        }
    })
}

/// The certificate proves what it says, and one that is moved by `shift` does not.
fn certificate(case: &FamilyCase, shift: &Rational) -> Judgement {
    let exponents = case
        .source()
        .live_exponents(&case.strength)
        .or_failed("an exponent of no decided sign")?;
    if exponents.is_empty() {
        return Ok(Outcome::Inconclusive("nothing is live".to_owned()));
    }
    let moved = |mut v: Vec<Rational>| {
        if let Some(x) = v.first_mut() {
            *x += shift;
        }
        v
    };
    let certificate = match Existence::of(&exponents, case.members) {
        Existence::Bounded { combination } => Existence::Bounded {
            combination: moved(combination),
        },
        Existence::Unbounded { direction } => {
            // Of a direction only its rays matter: turn it round instead.
            let turned = direction
                .into_iter()
                .map(|x| if *shift == 0 { x } else { -x });
            Existence::Unbounded {
                direction: turned.collect(),
            }
        }
    };
    // Added up by hand, term by term.
    let proves = match &certificate {
        Existence::Bounded { combination } => {
            let mut total = vec![Rational::new(); case.members];
            for (p, v) in combination.iter().zip(&exponents) {
                for (t, x) in total.iter_mut().zip(v) {
                    *t += Rational::from(p * x);
                }
            }
            combination.len() == exponents.len()
                && combination.iter().all(|p| *p > 0)
                && total.iter().all(|t| *t == 0)
        }
        Existence::Unbounded { direction } => {
            let slopes: Vec<Rational> = exponents.iter().map(|v| dot(v, direction)).collect();
            slopes.iter().all(|x| *x <= 0) && sum(slopes) < 0
        }
    };
    let agrees = certificate.holds(&exponents) == proves;
    Ok(
        Outcome::holds("the certificate does not prove what it says", proves)
            .and(|| Outcome::holds("`holds` disagrees with the sum by hand", agrees)),
    )
}

/// Along what the (possibly tampered) case calls flat no live exponent changes, and there
/// are as many such directions as the rank of the exponents leaves.
fn flat(case: &FamilyCase, tamper: fn(&FamilyCase) -> FamilyCase) -> Judgement {
    let exponents = case
        .source()
        .live_exponents(&case.strength)
        .or_failed("an exponent of no decided sign")?;
    let tampered = tamper(case);
    let (flat, span) = tampered.source().flat_directions(&tampered.strength);
    let still = flat
        .iter()
        .all(|u| exponents.iter().all(|v| dot(u, v) == 0));
    let rows = exponents.len();
    let matrix = DMatrix::from_fn(rows, case.members, |i, j| exponents[i][j].to_f64());
    // Small dyadic numbers: the rank in double precision is the rank.
    let rank = if rows == 0 { 0 } else { matrix.rank(1e-9) };
    let complete = flat.len() == case.members - rank && span.len() == rank;
    Ok(Outcome::holds("Φ changes along a flat direction", still)
        .and(|| Outcome::holds("the flat directions do not fill the kernel", complete)))
}

fn certified(case: &FamilyCase) -> Result<CertifiedFamily, Stop> {
    match certify_family(&case.source(), &case.strength, 60)? {
        FamilyStatus::Bounded { solution, .. } => Ok(solution),
        FamilyStatus::Unbounded { .. } => Err(Stop::Open("no minimum".to_owned())),
    }
}

/// ∇Φ over the enclosure (moved by `shift` along every live axis) holds 0 in each component.
fn minimiser(case: &FamilyCase, shift: &Rational) -> Judgement {
    at_precision(BITS, || {
        let Ok(found) = certified(case) else {
            return Ok(Outcome::Inconclusive("no minimum".to_owned()));
        };
        let exponents = case
            .source()
            .live_exponents(&case.strength)
            .or_failed("an exponent of no decided sign")?;
        let Some(live) = exponents.first() else {
            return Ok(Outcome::Inconclusive("everything is flat".to_owned()));
        };
        let potential = Potential::<Ball>::of(
            &convert(&case.spectrum),
            &case.strength.map(Ball::from_rational),
        )
        .or_failed("a weight of no decided sign")?;
        let lambda = found.lambda.iter().zip(live).map(|(x, v)| {
            let step = Ball::from_rational(&Rational::from(v * shift));
            x + &step
        });
        let lambda: Vec<Ball> = lambda.collect();
        let balance = potential.balance(&lambda);
        let holds = balance.iter().all(Ball::contains_zero);
        // The enclosure has to be a narrow one to say something.
        let narrow = found.lambda.iter().map(|x| x.width().to_f64());
        let narrow = narrow.fold(0.0, f64::max);
        Ok(Outcome::holds("∇Φ has no zero in the enclosure", holds)
            .and(|| Outcome::holds("the enclosure is wide", narrow < 1e-50)))
    })
}

struct Starts<'a> {
    case: &'a FamilyCase,
    /// The case for the second start: the same, or a sabotage.
    other: FamilyCase,
    span: Vec<Vec<Rational>>,
}

impl Identity for Starts<'_> {
    /// The minimiser from 0 and from (1, 2, …), in the coordinates of the live span.
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Result<(S, S), Stop> {
        let reduced = |case: &FamilyCase| {
            let mut potential = Potential::<S>::of(
                &convert(&case.spectrum),
                &case.strength.map(S::from_rational),
            )?;
            for term in &mut potential.terms {
                let own = self.span.iter().map(|e| {
                    let e: Vec<S> = crate::scalar::convert(e);
                    dot(&e, &term.exponent)
                });
                term.exponent = own.collect();
            }
            Some(potential.terms)
        };
        let n = self.span.len();
        let origin = vec![S::zero(); n];
        let away: Vec<S> = (0..n)
            .map(|i| S::from_int(i64::try_from(i).unwrap_or(0) + 1))
            .collect();
        let left = minimise(
            &reduced(self.case).or_failed("a weight of no decided sign")?,
            &origin,
        )?;
        let right = minimise(
            &reduced(&self.other).or_failed("a weight of no decided sign")?,
            &away,
        )?;
        Ok(vector_defect(&left, &right))
    }
}

fn starts(case: &FamilyCase, tamper: fn(&FamilyCase) -> FamilyCase) -> Judgement {
    let source = case.source();
    let exponents = source
        .live_exponents(&case.strength)
        .or_failed("an exponent of no decided sign")?;
    let (_, span) = source.flat_directions(&case.strength);
    let bounded = matches!(
        Existence::of(&exponents, case.members),
        Existence::Bounded { .. }
    );
    if !bounded || span.is_empty() {
        return Ok(Outcome::Inconclusive("no minimum to reach".to_owned()));
    }
    let other = tamper(case);
    precision_scaling(&Starts { case, other, span })
}

/// What `solve` prints for a family, against one generator's matrix exponential after the
/// other, and the balance of every generator there.
fn solution(case: &NetworkCase, direction: i64) -> Judgement {
    at_precision(256, || {
        let problem = Problem {
            strength: case.strength()?,
            body: Body::Family(orbit(case)?),
        };
        let Answer::Family { status, .. } = problem.solve(30)?.answer else {
            return Err(Stop::failed("an answer of another kind"));
        };
        let FamilyStatus::Bounded { solution, .. } = status else {
            return Ok(Outcome::Inconclusive("no minimum".to_owned()));
        };
        let FamilyFinite { certified, theta } = solution;
        if certified.lambda.iter().all(|x| x.magnitude() < 1e-20) {
            return Ok(Outcome::Inconclusive("nothing moves".to_owned()));
        }
        let family = family(case)?;
        let lambda = certified
            .lambda
            .iter()
            .map(|x| x.middle() * <Real as Field>::from_int(direction));
        let moved = act(&family, &lambda.collect::<Vec<_>>(), &case.theta::<Real>());
        // 30 digits of λ and what the exponentials of small matrices lose.
        let slack = Float::with_val(256, 1) >> 70;
        let near = |x: &Real| Ball::point(x.as_float()).widen(&slack);
        let followed = moved
            .iter()
            .zip(&theta)
            .all(|(x, found)| near(x).intersects(found));
        let charged = family.generators().iter().zip(&certified.charge);
        let charged = charged
            .into_iter()
            .all(|(a, charge)| near(&a.charge(&moved)).intersects(charge));
        Ok(Outcome::holds("θ* is not on the orbit at λ*", followed)
            .and(|| Outcome::holds("C(θ*) is not the charge there", charged)))
    })
}

/// The f64 solution for all neurons of a ReLU network, its imbalance evaluated in intervals.
fn network(case: &NetworkCase, shift: f64) -> Judgement {
    at_precision(BITS, || {
        let family = family(case)?;
        let members = family.generators().len();
        let rates = family.generators().iter().map(|a| match a.structure() {
            Structure::Rates(rates) => Some(rates),
            Structure::Blocks { .. } => None,
        });
        let rates: Vec<&[Rational]> = rates
            .collect::<Option<_>>()
            .or_open("a generator that is not diagonal")?;
        let noise = population_variance(&case.gradients(&case.theta)?);
        let neuron = |k: usize, sign: Ordering| {
            let found = (0..members).find(|&i| rates[i][k].cmp0() == sign);
            found.and_then(|i| u32::try_from(i).ok())
        };
        let edge = |k: usize| Edge {
            from: neuron(k, Ordering::Greater),
            to: neuron(k, Ordering::Less),
        };
        let terms = (0..case.theta.len()).map(|k| Term {
            rate: edge(k),
            noise: noise[k].to_f64(),
            charge: Field::square(&case.theta[k]).to_f64(),
        });
        let spectrum = Spectrum::from_terms(terms.collect());
        let strength = case.strength()?;
        let found = balance_network(members, &spectrum, &strength.map(Rational::to_f64));
        let source = orbit(case)?.spectrum()?;
        let exponents = source
            .live_exponents(&strength)
            .or_failed("an exponent of no decided sign")?;
        let existence = Existence::of(&exponents, members);
        let Ok(found) = found else {
            let unbounded = matches!(existence, Existence::Unbounded { .. });
            return Ok(Outcome::holds(
                "not balanced, though there is a minimum",
                unbounded,
            ));
        };
        if matches!(existence, Existence::Unbounded { .. }) {
            return Ok(Outcome::Refuted(
                "balanced, though there is no minimum".to_owned(),
            ));
        }
        let potential = potential::<Ball>(&source, case)?;
        let lambda = found.lambda.iter().map(|x| Float::with_val(512, x + shift));
        let lambda: Vec<Ball> = lambda.map(|x| Ball::point(&x)).collect();
        let values = potential.values(&lambda);
        let size = found
            .lambda
            .iter()
            .fold(0.0, |size, x| f64::max(size, x.abs()));
        let mut worst: f64 = 0.0;
        for i in 0..members {
            let parts: Vec<Ball> = potential
                .terms
                .iter()
                .zip(&values)
                .map(|(t, value)| t.exponent[i].clone() * value)
                .collect();
            let total = sum(parts.iter().map(|x| Ball::point(&x.magnitude())));
            if total.is_exactly_zero() {
                continue;
            }
            let relative = sum(parts) / total;
            worst = worst.max(relative.magnitude().to_f64());
        }
        // The solver's own bound (one rounding for each weight of a neuron, and what the
        // rounding of λ does to an exponent), and as much again for the rounding of its input.
        let weights = case.theta.len();
        let bound = 2.0 * f64::EPSILON * (weights as f64 + 4.0 * size + 8.0);
        if worst <= bound {
            let bits = if worst == 0.0 {
                f64::INFINITY
            } else {
                libm::log2(bound / worst)
            };
            Ok(Outcome::Verified(Margin::Bits(bits)))
        } else {
            Ok(Outcome::Refuted(format!(
                "an imbalance of {worst:e} is left, the bound is {bound:e}"
            )))
        }
    })
}
