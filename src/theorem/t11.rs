//! T11: the equilibrium is a smooth function of everything it depends on.

use super::case::{NetworkCase, OUTSIDE, SpectrumCase};
use super::draw::Draw;
use super::evidence::{Evidence, Identity, Outcome, precision_scaling, vector_defect};
use super::law::{Check, Control, Judgement, Missing, Stop};
use super::{Origin, Statement, sample};
use crate::balance::{
    BalanceEquation, Spectrum, SpectrumSource, Strength, Term, certify,
    noise::population_variance,
    pulls::Pulls,
    sensitivity::{BalanceGradient, Motion, SensitivityError, Tangent},
    setting::Setting,
    solve,
};
use crate::model::{Loss, Sample, Symmetric};
use crate::scalar::{Ball, Field, Rational, Real, RealScalar, Scalar, at_precision, dot, sum};
use crate::symmetry::{Eigenbasis, Generator, act_with_rates};
use num_dual::{Dual, DualNum};
use std::cmp::Ordering;

pub static STATEMENT: Statement = Statement {
    id: "T11",
    name: "smooth dependence",
    claim: "Where T8 gives a finite λ*, λ* and θ* are smooth in θ, the data, γ and σ²: ∂λ*/∂p = −∂_pG/∂_λG and θ̇* = e^{λA}(θ̇ + λ̇Aθ).",
    origin: Origin::Paper,
    drawn: true,
    unproved: None,
    file: file!(),
    checks: &[
        &Check {
            name: "∂λ*/∂(μ, a, c, γ, σ²), by dual numbers through Newton's method",
            evidence: Evidence::Scaling,
            draw: sample::finite_spectrum,
            judge: |case| of_spectrum(case, Route::Newton, Clone::clone),
            controls: &[
                Control {
                    name: "∂G/∂c with 2γ in place of 4γ",
                    judge: |case| of_spectrum(case, Route::Newton, half_the_charges),
                },
                Control {
                    name: "half of ∂G/∂μ",
                    judge: |case| of_spectrum(case, Route::Newton, half_the_rates),
                },
            ],
        },
        &Check {
            name: "∂λ*/∂(a, c, γ, σ²), by dual numbers through the closed form",
            evidence: Evidence::Scaling,
            draw: one_rate,
            judge: |case| of_spectrum(case, Route::ClosedForm, Clone::clone),
            controls: &[Control {
                name: "∂G/∂c with 2γ in place of 4γ",
                judge: |case| of_spectrum(case, Route::ClosedForm, half_the_charges),
            }],
        },
        &Check {
            name: "∂λ*/∂(θ, g, γ, σ²) and θ̇*, by dual numbers through the eigenbasis",
            evidence: Evidence::Scaling,
            draw: network,
            judge: |case| of_orbit(case, Claim::Right),
            controls: &[
                Control {
                    name: "second moment in place of covariance",
                    judge: |case| of_orbit(case, Claim::SecondMoment),
                },
                Control {
                    name: "∂G/∂θ with 4γ in place of 8γ",
                    judge: |case| of_orbit(case, Claim::HalfThePoint),
                },
                Control {
                    name: "θ̇* without λ̇Aθ",
                    judge: |case| of_orbit(case, Claim::WithoutShift),
                },
            ],
        },
        &Check {
            name: "λ̇* within the truncation error of a central difference",
            evidence: Evidence::Enclosure,
            draw: sample::finite_spectrum,
            judge: |case| central_difference(case, 1),
            controls: &[Control {
                name: "sign of λ̇* reversed",
                judge: |case| central_difference(case, -1),
            }],
        },
        &Check {
            name: "λ̇* and θ̇* through a network's data, against moved data",
            evidence: Evidence::Scaling,
            draw: network,
            judge: |case| through_data(case, false),
            controls: &[Control {
                name: "gradients that do not follow the data",
                judge: |case| through_data(case, true),
            }],
        },
        &Check {
            name: "refused exactly where there is no finite λ*",
            evidence: Evidence::Exact,
            draw: sample::spectrum,
            judge: |case| refused(case, Clone::clone),
            controls: &[Control {
                name: "status that forgets weight decay",
                judge: |case| refused(case, without_decay),
            }],
        },
    ],
};

/// Dyadic components of a fixed direction, none of them 0.
fn direction() -> impl Iterator<Item = Rational> {
    (1i32..).map(|k| Rational::from(((5 * k) % 7 * 2 - 7, 8)))
}

/// A network with weight decay. Dense copies of large generators add nothing but time.
fn network(draw: &mut Draw) -> NetworkCase {
    let case = sample::network_with_finite_equilibrium(draw);
    if !matches!(case.generator, Generator::Dense(_)) || case.theta.len() <= 4 {
        return case;
    }
    match case.model.symmetries().into_iter().next() {
        Some(generator) => case.with_generator(generator),
        None => case,
    }
}

/// Terms of one rate up to its sign, so that the solver has a closed form.
fn one_rate(draw: &mut Draw) -> SpectrumCase {
    let case = sample::finite_spectrum(draw);
    let rate = draw.positive();
    let terms = case.spectrum.terms().iter().map(|t| Term {
        rate: rate.clone() * t.rate.cmp0() as i32,
        ..t.clone()
    });
    case.with_spectrum(Spectrum::merged(terms.collect::<Vec<_>>()))
}

// Of a spectrum.

#[derive(Clone, Copy, PartialEq)]
enum Route {
    Newton,
    /// C1 and C2; the rates stay as they are.
    ClosedForm,
}

/// A direction in the numbers of a balance. Those that are 0 stay so: they may not
/// become negative.
fn velocity(case: &SpectrumCase, route: Route) -> SpectrumCase {
    let mut direction = direction();
    let mut along = |x: &Rational| match direction.next() {
        Some(v) if *x != 0 => v,
        _ => Rational::new(),
    };
    let terms = case.spectrum.terms().iter().map(|t| Term {
        rate: match route {
            Route::Newton => along(&t.rate),
            Route::ClosedForm => Rational::new(),
        },
        noise: along(&t.noise),
        charge: along(&t.charge),
    });
    let spectrum = Spectrum::from_terms(terms.collect());
    SpectrumCase {
        spectrum,
        strength: case.strength.map(along_strength),
        lambda: Rational::new(),
    }
}

fn along_strength(x: &Rational) -> Rational {
    if *x == 0 {
        Rational::new()
    } else {
        Rational::from((3, 8))
    }
}

/// The derivative of λ\* along a velocity of all numbers of a balance.
fn along<S: Field>(gradient: &BalanceGradient<S>, velocity: &BalanceEquation<S>) -> S {
    let numbers = |terms: &[Term<S>], gamma: &S, sigma2: &S| -> Vec<S> {
        let terms = terms.iter().flat_map(|t| [&t.rate, &t.noise, &t.charge]);
        terms.chain([gamma, sigma2]).cloned().collect()
    };
    let BalanceEquation { spectrum, strength } = velocity;
    dot(
        &numbers(&gradient.terms, &gradient.gamma, &gradient.sigma2),
        &numbers(spectrum.terms(), &strength.gamma, &strength.sigma2),
    )
}

/// The balance of two, `f` applied number by number.
fn zip<S, T>(
    left: &BalanceEquation<S>,
    right: &BalanceEquation<S>,
    f: impl Fn(&S, &S) -> T,
) -> BalanceEquation<T> {
    let terms = left.spectrum.terms().iter().zip(right.spectrum.terms());
    let term = |(a, b): (&Term<S>, &Term<S>)| Term {
        rate: f(&a.rate, &b.rate),
        noise: f(&a.noise, &b.noise),
        charge: f(&a.charge, &b.charge),
    };
    BalanceEquation {
        spectrum: Spectrum::from_terms(terms.map(term).collect()),
        strength: Strength {
            gamma: f(&left.strength.gamma, &right.strength.gamma),
            sigma2: f(&left.strength.sigma2, &right.strength.sigma2),
        },
    }
}

/// Newton's method in dual numbers from λ\*. The first step finds the derivative, the
/// second one rids it of what was left of G.
fn newton<S: RealScalar + DualNum>(balance: &BalanceEquation<Dual<S>>, lambda: S) -> Dual<S> {
    let step = |x: Dual<S>| x.clone() - balance.g(&x) / balance.slope(&x);
    step(step(Dual::from_re(lambda)))
}

struct OfSpectrum<'a> {
    case: &'a SpectrumCase,
    route: Route,
    tamper: fn(&SpectrumCase) -> SpectrumCase,
}

impl Identity for OfSpectrum<'_> {
    fn defect<S: RealScalar + DualNum>(&self) -> Result<(S, S), Stop> {
        let balance = self.case.balance::<S>();
        let velocity = velocity(self.case, self.route);
        let dual = zip(&balance, &velocity.balance(), |x: &S, v: &S| {
            Dual::new(x.clone(), v.clone())
        });
        let (lambda, gradient) = balance.sensitivity()?;
        let found = match self.route {
            Route::Newton => newton(&dual, lambda),
            Route::ClosedForm => Pulls::of(&dual)
                .or_failed("a pull of no decided sign")?
                .closed_form()
                .or_failed("no closed form")?,
        };
        let tampered = (self.tamper)(&velocity).balance();
        let claimed = along(&gradient, &tampered);
        Ok(vector_defect(&[found.eps], &[claimed]))
    }
}

fn of_spectrum(
    case: &SpectrumCase,
    route: Route,
    tamper: fn(&SpectrumCase) -> SpectrumCase,
) -> Judgement {
    let identity = |case| OfSpectrum {
        case,
        route,
        tamper,
    };
    precision_scaling(&identity(case))
}

fn half_the_charges(velocity: &SpectrumCase) -> SpectrumCase {
    let terms = velocity.spectrum.terms().iter().map(|t| Term {
        charge: t.charge.clone() / 2,
        ..t.clone()
    });
    velocity.with_spectrum(Spectrum::from_terms(terms.collect()))
}

fn half_the_rates(velocity: &SpectrumCase) -> SpectrumCase {
    let terms = velocity.spectrum.terms().iter().map(|t| Term {
        rate: t.rate.clone() / 2,
        ..t.clone()
    });
    velocity.with_spectrum(Spectrum::from_terms(terms.collect()))
}

/// Far more bits than the truncation error needs.
const BITS: u32 = 1024;

/// x + ẋt + … up to t³.
type Series = [Ball; 4];

fn series(from: impl Fn(usize) -> Ball) -> Series {
    std::array::from_fn(from)
}

fn product(a: &Series, b: &Series) -> Series {
    series(|k| sum((0..=k).map(|j| a[j].clone() * &b[k - j])))
}

/// e^a: E′ = a′E, coefficient by coefficient.
fn exponential(a: &Series) -> Series {
    let mut e = series(|_| a[0].exp());
    for k in 1..e.len() {
        let terms = (1..=k).map(|j| Ball::from_int(j as i64) * &a[j] * &e[k - j]);
        e[k] = sum(terms) / Ball::from_int(k as i64);
    }
    e
}

/// G along a line of balances.
fn g_along(line: &BalanceEquation<Series>, lambda: &Series) -> Series {
    let times = |factor: i64, a: &Series| series(|k| Ball::from_int(factor) * &a[k]);
    let Strength { gamma, sigma2 } = &line.strength;
    let terms = line.spectrum.terms().iter().map(|t| {
        let exponent = times(2, &product(&t.rate, lambda));
        let noise = product(&t.noise, &exponential(&times(-1, &exponent)));
        let charge = product(&t.charge, &exponential(&exponent));
        let (up, down) = (
            times(2, &product(sigma2, &noise)),
            times(4, &product(gamma, &charge)),
        );
        product(&t.rate, &series(|k| up[k].clone() - &down[k]))
    });
    let terms: Vec<Series> = terms.collect();
    series(|k| sum(terms.iter().map(|term| term[k].clone())))
}

/// The step of the central difference is 2^−200.
const STEP: u32 = 200;

/// (λ(h) − λ(−h))/2h − λ̇ = h²λ⃛(ξ)/6 for some |ξ| ≤ h. The ends are certified roots of
/// the displaced problems. λ⃛ is enclosed for all |t| ≤ h at once, order by order, from
/// G(λ(t), t) = 0.
fn central_difference(case: &SpectrumCase, sign: i64) -> Judgement {
    at_precision(BITS, || {
        let h = Rational::from(1) >> STEP;
        let velocity = velocity(case, Route::Newton);
        let end = |h: &Rational| {
            let moved = zip(&case.balance(), &velocity.balance(), |x: &Rational, v| {
                x.clone() + Rational::from(v * h)
            });
            // 250 digits are 830 bits, of which the difference loses 200.
            let source = SpectrumSource::Exact(moved.spectrum);
            let root = certify(&source, &moved.strength, 250)?.finite();
            Ok::<Ball, Stop>(root.or_failed("a root that is gone")?.lambda)
        };
        let difference = (end(&h)? - end(&-h.clone())?) / Ball::from_rational(&(h.clone() * 2u32));

        let (lambda, gradient) = case.balance::<Real>().sensitivity()?;
        let claimed = along(&gradient, &velocity.balance());
        let claimed = Ball::point(claimed.as_float()) * Ball::from_int(sign);

        let interval = |x: &Rational, v: &Rational| {
            let reach = Ball::from_rational(&Rational::from(v * &h));
            Ball::from_rational(x).widen(&reach.magnitude())
        };
        let boxed = zip(&case.balance(), &velocity.balance(), interval);
        let line = zip(&case.balance(), &velocity.balance(), |x, v| {
            let mut line = series(|_| Ball::from_int(0));
            (line[0], line[1]) = (interval(x, v), Ball::from_rational(v));
            line
        });
        // Where the root stays while |t| ≤ h: G changes its sign for every such t.
        let radius = Ball::from_rational(&(Rational::from(1) >> (STEP / 2)));
        let centre = Ball::point(lambda.as_float());
        let (left, right) = (centre.clone() - &radius, centre.clone() + &radius);
        let stays = Outcome::sign("G(λ* − 2^−100)", &boxed.g(&left), Ordering::Greater)
            .and(|| Outcome::sign("G(λ* + 2^−100)", &boxed.g(&right), Ordering::Less));
        let mut root = series(|_| Ball::from_int(0));
        root[0] = left.hull(&right);
        let slope = boxed.slope(&root[0]);
        for k in 1..root.len() {
            root[k] = -(g_along(&line, &root)[k].clone() / &slope);
        }
        let truncation = root[3].clone() * Ball::from_rational(&h).square();
        // The claim is computed with 1024 bits; half of them are beyond doubt.
        let rounding = claimed.magnitude() >> 512;
        let allowed = (claimed + truncation).widen(&rounding);
        let text = "λ̇* is not within the truncation error of the difference";
        Ok(stays.and(|| Outcome::holds(text, allowed.intersects(&difference))))
    })
}

// Of an orbit.

/// A velocity of θ, of the data, of γ and of σ², in rationals.
struct Course {
    theta: Vec<Rational>,
    samples: Vec<Sample<Rational>>,
    strength: Strength<Rational>,
}

impl Course {
    fn of(case: &NetworkCase) -> Result<Self, Stop> {
        let mut direction = direction();
        let mut along = |x: &Vec<Rational>| direction.by_ref().take(x.len()).collect();
        Ok(Self {
            theta: along(&case.theta),
            samples: case
                .samples
                .iter()
                .map(|z| Sample {
                    input: along(&z.input),
                    target: along(&z.target),
                })
                .collect(),
            strength: case.strength()?.map(along_strength),
        })
    }
}

/// x + ẋt for each number.
fn advance<S: Field>(x: &[Rational], v: &[Rational], t: &S) -> Vec<S> {
    let pairs = x.iter().zip(v);
    pairs
        .map(|(x, v)| S::from_rational(x) + S::from_rational(v) * t)
        .collect()
}

/// The setting of a network that has followed its course for a time t.
fn setting_at<S: Scalar>(case: &NetworkCase, course: &Course, t: &S) -> Result<Setting<S>, Stop> {
    let theta = advance(&case.theta, &course.theta, t);
    let samples = case.samples.iter().zip(&course.samples);
    let gradient = |(z, v): (&Sample<Rational>, &Sample<Rational>)| {
        let moved = Sample {
            input: advance(&z.input, &v.input, t),
            target: advance(&z.target, &v.target, t),
        };
        case.loss().gradient(&theta, &moved)
    };
    let gradients = samples
        .map(gradient)
        .collect::<Option<_>>()
        .or_open(OUTSIDE)?;
    let (start, v) = (case.strength()?, &course.strength);
    let strength = Strength {
        gamma: S::from_rational(&start.gamma) + S::from_rational(&v.gamma) * t,
        sigma2: S::from_rational(&start.sigma2) + S::from_rational(&v.sigma2) * t,
    };
    Ok(Setting {
        theta,
        gradients,
        strength,
    })
}

/// A network at time 0 of its course; dual parts are velocities.
fn start<S: RealScalar + DualNum>(
    case: &NetworkCase,
    course: &Course,
) -> Result<Setting<Dual<S>>, Stop> {
    setting_at(case, course, &Dual::new(S::zero(), S::one()))
}

/// The setting of a network at time 0, and its velocity.
fn point_and_velocity<S: RealScalar + DualNum>(
    dual: &Setting<Dual<S>>,
) -> (Setting<S>, Tangent<S>) {
    let vector = |v: &Vec<Dual<S>>, f: fn(&Dual<S>) -> &S| v.iter().map(|x| f(x).clone()).collect();
    let rows = |f| dual.gradients.iter().map(|g| vector(g, f)).collect();
    let re: fn(&Dual<S>) -> &S = |x| &x.re;
    let eps: fn(&Dual<S>) -> &S = |x| &x.eps;
    let Strength { gamma, sigma2 } = &dual.strength;
    let point = Setting {
        theta: vector(&dual.theta, re),
        gradients: rows(re),
        strength: dual.strength.map(|x| x.re.clone()),
    };
    let velocity = Tangent {
        theta: vector(&dual.theta, eps),
        gradients: rows(eps),
        gamma: gamma.eps.clone(),
        sigma2: sigma2.eps.clone(),
    };
    (point, velocity)
}

/// Rounding must not decide which terms are live.
fn is_finite(case: &NetworkCase) -> Result<bool, Stop> {
    let found = certify(&case.source()?, &case.strength()?, 5)?;
    Ok(found.finite().is_some())
}

#[derive(Clone, Copy, PartialEq)]
enum Claim {
    Right,
    SecondMoment,
    HalfThePoint,
    WithoutShift,
}

struct OfOrbit<'a> {
    case: &'a NetworkCase,
    course: &'a Course,
    claim: Claim,
}

impl Identity for OfOrbit<'_> {
    fn defect<S: RealScalar + DualNum>(&self) -> Result<(S, S), Stop> {
        let generator = &self.case.generator;
        let dual = start::<S>(self.case, self.course)?;
        let (point, velocity) = point_and_velocity(&dual);
        let sensitivity = point.sensitivity(generator)?;
        let mut claimed = sensitivity.push(&velocity)?;
        let reread = |point: Setting<S>, velocity: Tangent<S>| -> Result<S, Stop> {
            let sensitivity = point.sensitivity(generator)?;
            Ok(sensitivity.push(&velocity)?.lambda)
        };
        match self.claim {
            Claim::Right => {}
            Claim::SecondMoment => {
                let point = Setting {
                    gradients: mirrored(&point.gradients),
                    ..point
                };
                let velocity = Tangent {
                    gradients: mirrored(&velocity.gradients),
                    ..velocity
                };
                claimed.lambda = reread(point, velocity)?;
            }
            Claim::HalfThePoint => {
                let theta = velocity.theta.iter().map(|v| v.clone() / S::from_int(2));
                let half = Tangent {
                    theta: theta.collect(),
                    ..velocity
                };
                claimed.lambda = reread(point, half)?;
            }
            Claim::WithoutShift => {
                claimed.theta = generator.act(sensitivity.lambda(), &velocity.theta);
            }
        }

        let basis = generator
            .eigenbasis::<S>()
            .or_failed("the eigendecomposition did not converge")?;
        let coordinates = coordinates(&basis, &dual.theta);
        let rates: Vec<Dual<S>> = basis.rates().iter().cloned().map(Dual::from_re).collect();
        let rows = dual.gradients.iter().map(|g| self::coordinates(&basis, g));
        let noise = population_variance(&rows.collect::<Vec<_>>());
        let terms = rates.iter().zip(noise).zip(&coordinates);
        let term = |((rate, noise), x): ((&Dual<S>, Dual<S>), &Dual<S>)| Term {
            rate: rate.clone(),
            noise,
            charge: x.square(),
        };
        let balance = BalanceEquation {
            spectrum: Spectrum::from_terms(terms.map(term).collect()),
            strength: dual.strength.clone(),
        };
        let lambda = newton(&balance, sensitivity.lambda().clone());
        let moved = act_with_rates(&rates, &lambda, &coordinates);

        let found: Vec<S> = moved.into_iter().chain([lambda]).map(|x| x.eps).collect();
        let mut right = basis.coordinates(&claimed.theta);
        right.push(claimed.lambda);
        Ok(vector_defect(&found, &right))
    }
}

/// Coordinates of a dual vector: a linear map of both of its parts.
fn coordinates<S: RealScalar + DualNum>(basis: &Eigenbasis<S>, v: &[Dual<S>]) -> Vec<Dual<S>> {
    let turned = |f: fn(&Dual<S>) -> S| basis.coordinates(&v.iter().map(f).collect::<Vec<_>>());
    let (re, eps) = (turned(|x| x.re.clone()), turned(|x| x.eps.clone()));
    re.into_iter()
        .zip(eps)
        .map(|(x, e)| Dual::new(x, e))
        .collect()
}

/// The samples and their negatives: the mean is 0, the covariance the second moment.
fn mirrored<S: Field>(gradients: &[Vec<S>]) -> Vec<Vec<S>> {
    let negatives = gradients.iter().map(|row| {
        let negative = row.iter().map(|x| -x.clone());
        negative.collect::<Vec<S>>()
    });
    gradients.iter().cloned().chain(negatives).collect()
}

fn of_orbit(case: &NetworkCase, claim: Claim) -> Judgement {
    if !is_finite(case)? {
        return Ok(Outcome::Inconclusive("no finite λ*".to_owned()));
    }
    let course = &Course::of(case)?;
    precision_scaling(&OfOrbit {
        case,
        course,
        claim,
    })
}

/// Enough bits for a difference quotient of steps down to 2^−512.
const WIDE: u32 = 1700;

/// The central difference with step h = 2^{−P/2} is off by O(h²) = O(2^{−P}), rounding
/// by less: against the derivative, the defect falls with slope −1 in P.
struct Difference<'a> {
    case: &'a NetworkCase,
    course: &'a Course,
    claimed: Motion<Real>,
}

impl Difference<'_> {
    /// θ\* and λ\* of the network at time t.
    fn end(&self, t: &Rational) -> Result<Vec<Real>, Stop> {
        let generator = &self.case.generator;
        let setting = setting_at::<Real>(self.case, self.course, &Real::from_rational(t))?;
        let Setting {
            theta,
            gradients,
            strength,
        } = setting;
        let spectrum = Spectrum::from_gradients(generator, &theta, &gradients)
            .or_failed("the eigendecomposition did not converge")?;
        let lambda = solve(&BalanceEquation { spectrum, strength })?
            .finite()
            .or_failed("no finite λ*")?;
        let mut end = generator.act(&lambda, &theta);
        end.push(lambda);
        Ok(end)
    }
}

impl Identity for Difference<'_> {
    fn defect<S: RealScalar + DualNum>(&self) -> Result<(S, S), Stop> {
        let (mut h, mut unit) = (Rational::from(1), S::one());
        while unit > S::unit() {
            h /= 2;
            unit /= S::from_int(4);
        }
        let (defect, scale) = at_precision(WIDE, || {
            let ends = self.end(&h)?.into_iter().zip(self.end(&-h.clone())?);
            let width = Real::from_rational(&(h * 2u32));
            let found: Vec<Real> = ends.map(|(a, b)| (a - b) / &width).collect();
            let mut claimed = self.claimed.theta.clone();
            claimed.push(self.claimed.lambda.clone());
            Ok::<_, Stop>(vector_defect(&found, &claimed))
        })?;
        let narrow = |x: Real| {
            let exact = x
                .as_float()
                .to_rational()
                .or_failed("a defect that is not finite")?;
            Ok::<S, Stop>(S::from_rational(&exact))
        };
        Ok((narrow(defect)?, narrow(scale)?))
    }
}

fn through_data(case: &NetworkCase, frozen: bool) -> Judgement {
    if !is_finite(case)? {
        return Ok(Outcome::Inconclusive("no finite λ*".to_owned()));
    }
    let course = &Course::of(case)?;
    let claimed = at_precision(WIDE, || {
        let dual = start::<Real>(case, course)?;
        let (point, mut velocity) = point_and_velocity(&dual);
        if frozen {
            let still = |row: &mut Vec<Real>| row.fill(Real::from_int(0));
            velocity.gradients.iter_mut().for_each(still);
        }
        let sensitivity = point.sensitivity(&case.generator)?;
        Ok::<_, Stop>(sensitivity.push(&velocity)?)
    })?;
    precision_scaling(&Difference {
        case,
        course,
        claimed,
    })
}

// Refusals.

fn without_decay(case: &SpectrumCase) -> SpectrumCase {
    let strength = Strength {
        gamma: Rational::new(),
        ..case.strength.clone()
    };
    SpectrumCase {
        strength,
        ..case.clone()
    }
}

/// The status of the exact spectrum against the answer for numbers of 128 bits: of the
/// spectrum, and of a point with two samples that has this spectrum.
fn refused(case: &SpectrumCase, tamper: fn(&SpectrumCase) -> SpectrumCase) -> Judgement {
    at_precision(128, || {
        let expected = Pulls::of(&case.balance::<Rational>())
            .or_failed("a pull of no decided sign")?
            .status()
            .status();
        let balance = tamper(case).balance::<Real>();
        let status = |refusal: Option<SensitivityError>| match refusal {
            None => "finite".to_owned(),
            Some(SensitivityError::NoEquilibrium { status }) => status.to_owned(),
            Some(error) => error.to_string(),
        };
        let of_spectrum = status(balance.sensitivity().err());

        let terms = case.spectrum.terms();
        let generator = Generator::diagonal(terms.iter().map(|t| t.rate.clone()).collect())?;
        let roots = |f: fn(&Term<Real>) -> &Real| -> Option<Vec<Real>> {
            balance
                .spectrum
                .terms()
                .iter()
                .map(|t| f(t).root())
                .collect()
        };
        let noise = roots(|t| &t.noise).or_failed("a power without a root")?;
        let setting = Setting {
            theta: roots(|t| &t.charge).or_failed("a power without a root")?,
            gradients: vec![noise.iter().map(|x| -x.clone()).collect(), noise],
            strength: balance.strength.clone(),
        };
        let of_point = status(setting.sensitivity(&generator).err());
        let text = format!("status {expected}, but {of_spectrum} and {of_point} were found");
        let agree = of_spectrum == expected && of_point == expected;
        Ok(Outcome::holds(&text, agree))
    })
}
