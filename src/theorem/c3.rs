//! C3: matrix factorisation.

use super::case::NetworkCase;
use super::evidence::{Evidence, Identity, Outcome, precision_scaling, vector_defect};
use super::factorisation::{two_layers, without_full_moments};
use super::law::{Check, Control, Judgement, Stop};
use super::{Origin, Statement};
use crate::balance::{deep_linear::Regression, noise::mean};
use crate::model::{Sample, Symmetric};
use crate::scalar::{Field, Rational, RealScalar, dot, sum};
use nalgebra::{ComplexField, DMatrix};
use num_traits::Zero;
use std::ops::{AddAssign, MulAssign};

pub static STATEMENT: Statement = Statement {
    id: "C3",
    name: "matrix factorisation",
    claim: "For y = Vx + ε, ε independent of x, at UW = V and γ = 0 balance is Tr(Σ_ε)·WΣ_xWᵀ = Tr(Σ_x)·UᵀΣ_εU; gradient descent keeps whatever imbalance it has.",
    origin: Origin::Paper,
    drawn: true,
    unproved: None,
    file: file!(),
    checks: &[
        &Check {
            name: "noise of both factors at a global minimum",
            evidence: Evidence::Exact,
            draw: two_layers,
            judge: |case| noise(case, Clone::clone, Moments::Right),
            controls: &[
                Control {
                    name: "Tr Σ_x and Tr Σ_ε exchanged",
                    judge: |case| noise(case, Clone::clone, Moments::Exchanged),
                },
                Control {
                    name: "covariance of x in place of its second moment",
                    judge: |case| noise(case, Clone::clone, Moments::Centred),
                },
                Control {
                    name: "ε that grows with x",
                    judge: |case| noise(case, dependent, Moments::Right),
                },
            ],
        },
        &Check {
            name: "minima of any imbalance are at rest under gradient descent",
            evidence: Evidence::Exact,
            draw: two_layers,
            judge: |case| at_rest(case, &Rational::new()),
            controls: &[Control {
                name: "off the minimum",
                judge: |case| at_rest(case, &Rational::from((1, 8))),
            }],
        },
        &Check {
            name: "balance where the solver arrives",
            evidence: Evidence::Scaling,
            draw: two_layers,
            judge: |case| arrival(case, Arrival::BalanceEquation, Moments::Right),
            controls: &[Control {
                name: "Tr Σ_x and Tr Σ_ε exchanged",
                judge: |case| arrival(case, Arrival::BalanceEquation, Moments::Exchanged),
            }],
        },
        &Check {
            name: "the solver arrives at the closed form, up to a rotation",
            evidence: Evidence::Scaling,
            draw: two_layers,
            judge: |case| arrival(case, Arrival::ClosedForm, Moments::Right),
            controls: &[Control {
                name: "Tr Σ_x and Tr Σ_ε exchanged",
                judge: |case| arrival(case, Arrival::ClosedForm, Moments::Exchanged),
            }],
        },
    ],
};

#[derive(Clone, Copy, PartialEq)]
enum Moments {
    Right,
    Exchanged,
    Centred,
}

/// The data as the claim sees them.
fn regression(case: &NetworkCase, moments: Moments) -> Result<Regression<Rational>, Stop> {
    let mut data = case.regression()?;
    if moments == Moments::Centred {
        let inputs: Vec<Vec<Rational>> = case.samples.iter().map(|z| z.input.clone()).collect();
        let mean = mean(&inputs);
        let mean = DMatrix::from_column_slice(mean.len(), 1, &mean);
        data.inputs -= &mean * mean.transpose();
    }
    Ok(data)
}

/// Tr(Σ_ε)·WΣ_xWᵀ and Tr(Σ_x)·UᵀΣ_εU, r × r.
fn sides<S>(
    w: &DMatrix<S>,
    u: &DMatrix<S>,
    data: &Regression<S>,
    moments: Moments,
) -> [DMatrix<S>; 2]
where
    S: Field + nalgebra::Scalar + AddAssign + MulAssign,
{
    let trace = |m: &DMatrix<S>| sum(m.diagonal().iter().cloned());
    let (mut e, mut x) = (trace(&data.noise), trace(&data.inputs));
    if moments == Moments::Exchanged {
        std::mem::swap(&mut e, &mut x);
    }
    let of_w = w * &data.inputs * w.transpose();
    let of_u = u.transpose() * &data.noise * u;
    [of_w.map(|entry| entry * &e), of_u.map(|entry| entry * &x)]
}

/// ε times 1 + ‖x‖²: its mean stays 0 for every x, so that UW = V stays the minimum.
fn dependent(case: &NetworkCase) -> NetworkCase {
    let grow = |z: &Sample<Rational>, mean: &DMatrix<Rational>| {
        let factor = dot(&z.input, &z.input) + Rational::from(1);
        let target = z.target.iter().zip(mean.iter());
        let target = target.map(|(y, f)| Rational::from(y - f) * &factor + f);
        Sample {
            input: z.input.clone(),
            target: target.collect(),
        }
    };
    let Ok(data) = case.regression() else {
        return case.clone();
    };
    let column = |v: &[Rational]| DMatrix::from_column_slice(v.len(), 1, v);
    let samples = case.samples.iter();
    let samples = samples.map(|z| grow(z, &(&data.map * column(&z.input))));
    NetworkCase {
        samples: samples.collect(),
        ..case.clone()
    }
}

/// The covariance of U's gradients, summed over its rows, and of W's, over its columns:
/// what Tr[ΣA] is made of. They are 4 times the two sides.
fn noise(
    case: &NetworkCase,
    tamper: fn(&NetworkCase) -> NetworkCase,
    moments: Moments,
) -> Judgement {
    let case = tamper(case);
    let layers = case.layers(&case.theta)?;
    let [w, u] = layers.as_slice() else {
        return Err(Stop::failed("a network that has not two layers"));
    };
    let zero = DMatrix::from_element(w.nrows(), w.nrows(), Rational::new());
    let (mut of_u, mut of_w) = (zero.clone(), zero);
    for row in case.centred_gradients()? {
        let gradient = case.layers(&row)?;
        let [in_w, in_u] = gradient.as_slice() else {
            return Err(Stop::failed("a network that has not two layers"));
        };
        of_u += in_u.transpose() * in_u;
        of_w += in_w * in_w.transpose();
    }
    let count = Rational::from(case.samples.len());
    let [claimed_u, claimed_w] = sides(w, u, &regression(&case, moments)?, moments);
    let four = |m: DMatrix<Rational>| m.map(|x| x * &count * 4);
    Ok(
        Outcome::holds("noise on U is not 4Tr(Σ_ε)WΣ_xWᵀ", of_u == four(claimed_u))
            .and(|| Outcome::holds("noise on W is not 4Tr(Σ_x)UᵀΣ_εU", of_w == four(claimed_w))),
    )
}

/// At (tU, W/t) all of ∇L vanishes for every t, while the sides go as t^{−2} and t².
fn at_rest(case: &NetworkCase, shift: &Rational) -> Judgement {
    let (mut still, mut imbalances) = (true, Vec::new());
    let data = case.regression()?;
    for t in [1u32, 2, 3] {
        let layers = case.layers(&case.theta)?;
        let [w, u] = layers.as_slice() else {
            return Err(Stop::failed("a network that has not two layers"));
        };
        let (w, u) = (w.map(|x| x / t), u.map(|x| x * t));
        let rows = |m: &DMatrix<Rational>| m.transpose().iter().cloned().collect::<Vec<_>>();
        let mut theta = [rows(&u), rows(&w)].concat();
        if let Some(first) = theta.first_mut() {
            *first += shift;
        }
        let gradient = mean(&case.gradients(&theta)?);
        still &= gradient.iter().all(Zero::is_zero);
        let [left, right] = sides(&w, &u, &data, Moments::Right);
        imbalances.push(left - right);
    }
    let differ = imbalances.windows(2).all(|pair| pair[0] != pair[1]);
    if !differ {
        return Ok(Outcome::Inconclusive("no noise or no input".to_owned()));
    }
    Ok(Outcome::holds("∇L is not 0 at UW = V", still))
}

#[derive(Clone, Copy, PartialEq)]
enum Arrival {
    BalanceEquation,
    ClosedForm,
}

struct Arrives<'a> {
    case: &'a NetworkCase,
    data: Regression<Rational>,
    arrival: Arrival,
    moments: Moments,
}

impl Identity for Arrives<'_> {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Result<(S, S), Stop> {
        let generators = self.case.model.symmetries();
        let found = self.case.setting::<S>()?.minimise(&generators)?;
        let layers = self.case.layers(&found.setting.theta)?;
        let [w, u] = layers.as_slice() else {
            return Err(Stop::failed("a network that has not two layers"));
        };
        let data = self.data.convert::<S>();
        let [left, right] = match self.arrival {
            Arrival::BalanceEquation => sides(w, u, &data, self.moments),
            Arrival::ClosedForm => {
                let closed = data.balanced_minimum(&[w.nrows()])?;
                let [closed_w, closed_u] = closed.layers.as_slice() else {
                    return Err(Stop::failed("a network that has not two layers"));
                };
                // (WᵀW, UUᵀ) fixes (U, W) up to a rotation, as UW = V is known.
                let invariants = |w: &DMatrix<S>, u: &DMatrix<S>| -> DMatrix<S> {
                    let (w, u) = (w.transpose() * w, u * u.transpose());
                    let entries: Vec<S> = w.iter().chain(u.iter()).cloned().collect();
                    DMatrix::from_column_slice(entries.len(), 1, &entries)
                };
                let mut factor = S::one();
                if self.moments == Moments::Exchanged {
                    factor = ComplexField::sqrt(data.inputs.trace() / data.noise.trace());
                }
                let claimed_w = closed_w.map(|x| x * &factor);
                let claimed_u = closed_u.map(|x| x / &factor);
                [invariants(w, u), invariants(&claimed_w, &claimed_u)]
            }
        };
        Ok(vector_defect(left.as_slice(), right.as_slice()))
    }
}

fn arrival(case: &NetworkCase, arrival: Arrival, moments: Moments) -> Judgement {
    if let Some(outcome) = without_full_moments(&case.regression()?) {
        return Ok(outcome);
    }
    let data = regression(case, moments)?;
    precision_scaling(&Arrives {
        case,
        data,
        arrival,
        moments,
    })
}
