//! Flows in continuous time: of θ along the gradient, and of the charge along an orbit.
//!
//! The steppers are those of the differential-equations crate (Dormand and Prince, order
//! 8). Its powers go through simba, and so through the libm crate.

use super::data::Data;
use super::network::Network;
use super::observable::{pair, pair_sides};
use crate::balance::{BalanceEquation, Strength};
use differential_equations::error::Error;
use differential_equations::prelude::*;
use nalgebra::{DMatrix, SymmetricEigen};
use std::cell::RefCell;
use thiserror::Error;

/// Why a flow did not reach its end.
#[derive(Debug, Error, Clone, PartialEq)]
pub enum FlowError {
    /// The stepper gave up.
    #[error("flow: stopped before t = {end}: {reason}")]
    Stopped {
        /// Where it should have ended.
        end: f64,
        /// What the stepper says.
        reason: String,
    },
}

/// Relative and absolute tolerance of one step: the root mean square of its estimated
/// errors is at most 1, each divided by `TOLERANCE`·(1 + |y_k|).
pub const TOLERANCE: f64 = 1e-11;
/// The last steps' rounding of t, relative to the end: thousands of units.
const ROUNDING: f64 = 1e-12;

/// A flow, step by step.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// When; the first is 0.
    pub times: Vec<f64>,
    /// Where, at each of these times.
    pub states: Vec<Vec<f64>>,
}

impl Path {
    /// The steps that were taken.
    pub fn steps(&self) -> usize {
        self.times.len().saturating_sub(1)
    }

    /// Where it ended.
    pub fn end(&self) -> Option<&[f64]> {
        self.states.last().map(Vec::as_slice)
    }
}

fn solve<F>(equation: &F, y: Vec<f64>, end: f64) -> Result<Vec<f64>, FlowError>
where
    F: ODE<f64, Vec<f64>>,
{
    let last = follow(equation, y, end)?.states.pop();
    last.ok_or_else(|| FlowError::Stopped {
        end,
        reason: "no solution".to_owned(),
    })
}

fn follow<F>(equation: &F, y: Vec<f64>, end: f64) -> Result<Path, FlowError>
where
    F: ODE<f64, Vec<f64>>,
{
    if end == 0.0 {
        return Ok(Path {
            times: vec![0.0],
            states: vec![y],
        });
    }
    let method = ExplicitRungeKutta::dop853()
        .rtol(TOLERANCE)
        .atol(TOLERANCE)
        .max_steps(1_000_000);
    let stopped = |reason: &str| FlowError::Stopped {
        end,
        reason: reason.to_owned(),
    };
    match IVP::ode(equation, 0.0, end, y.clone())
        .method(method)
        .solve()
    {
        Ok(solution) => Ok(Path {
            times: solution.t,
            states: solution.y,
        }),
        // Its times add up with rounding: what is then left to the end may be shorter than
        // the shortest step that it takes. One of Euler's is exact enough for that.
        Err(Error::StepSize { t, .. })
            if t.abs() < end.abs() && (end - t).abs() <= ROUNDING * end.abs() =>
        {
            let mut path = follow(equation, y, t)?;
            let mut last = path.end().unwrap_or_default().to_vec();
            let mut velocity = vec![0.0; last.len()];
            equation.diff(t, &last, &mut velocity);
            last.iter_mut()
                .zip(velocity)
                .for_each(|(y, v)| *y += (end - t) * v);
            path.times.push(end);
            path.states.push(last);
            Ok(path)
        }
        Err(Error::StepSize { .. }) => Err(stopped("steps became too small")),
        Err(Error::MaxSteps { .. }) => Err(stopped("it took too many steps")),
        Err(Error::Stiffness { .. }) => Err(stopped("it is stiff")),
        Err(_) => Err(stopped("the stepper gave up")),
    }
}

struct Gradient<'a> {
    network: &'a Network,
    data: &'a Data,
    gamma: f64,
    work: RefCell<super::network::Workspace>,
}

impl<'a> Gradient<'a> {
    fn of(network: &'a Network, data: &'a Data, gamma: f64) -> Self {
        Self {
            work: RefCell::new(network.workspace(data.len())),
            network,
            data,
            gamma,
        }
    }
}

impl ODE<f64, Vec<f64>> for Gradient<'_> {
    fn diff(&self, _t: f64, y: &Vec<f64>, dydt: &mut Vec<f64>) {
        let Data { x, y: targets, .. } = self.data;
        let mut work = self.work.borrow_mut();
        self.network.gradient(y, x, targets, &mut work, dydt);
        let decay = 2.0 * self.gamma;
        for (v, theta) in dydt.iter_mut().zip(y) {
            *v = -*v - decay * theta;
        }
    }
}

/// θ(t) of θ̇ = −∇L_γ with θ(0) = `theta`, d numbers; t in units of η × steps (T3).
///
/// # Errors
/// [`FlowError`] if the solution is not smooth or leaves every bound before `end`.
pub fn gradient_flow(
    network: &Network,
    data: &Data,
    gamma: f64,
    theta: Vec<f64>,
    end: f64,
) -> Result<Vec<f64>, FlowError> {
    solve(&Gradient::of(network, data, gamma), theta, end)
}

/// [`gradient_flow`] with every step on the way.
///
/// # Errors
/// As for [`gradient_flow`].
pub fn gradient_path(
    network: &Network,
    data: &Data,
    gamma: f64,
    theta: Vec<f64>,
    end: f64,
) -> Result<Path, FlowError> {
    follow(&Gradient::of(network, data, gamma), theta, end)
}

struct Noether<'a>(&'a BalanceEquation<f64>);

impl ODE<f64, Vec<f64>> for Noether<'_> {
    fn diff(&self, _t: f64, y: &Vec<f64>, dydt: &mut Vec<f64>) {
        dydt[0] = self.0.g(&y[0]) / (2.0 * self.0.speed(&y[0]));
    }
}

/// λ(t) of λ̇ = G(λ)/(2‖Aθ_λ‖²) with λ(0) = 0 (T14); t in units of η × steps.
///
/// # Errors
/// [`FlowError`] if λ leaves every bound before `end`.
pub fn noether_flow(balance: &BalanceEquation<f64>, end: f64) -> Result<f64, FlowError> {
    let lambda = solve(&Noether(balance), vec![0.0], end)?;
    Ok(lambda.first().copied().unwrap_or(0.0))
}

/// [`noether_flow`] with every step on the way; each state is λ alone.
///
/// # Errors
/// As for [`noether_flow`].
pub fn noether_path(balance: &BalanceEquation<f64>, end: f64) -> Result<Path, FlowError> {
    follow(&Noether(balance), vec![0.0], end)
}

struct Pair<'a> {
    network: &'a Network,
    data: &'a Data,
    strength: &'a Strength<f64>,
    layer: usize,
}

impl ODE<f64, Vec<f64>> for Pair<'_> {
    fn diff(&self, _t: f64, theta: &Vec<f64>, velocity: &mut Vec<f64>) {
        let gradients = self.network.per_sample(theta, self.data);
        let (m, n) = pair_sides(self.network, theta, &gradients, self.strength, self.layer);
        let (up, down) = pair(self.network, theta, self.layer);
        let x = anticommutator_solution(&(up.tr_mul(&up) + &down * down.transpose()), &(n - m));
        velocity.fill(f64::NAN);
        if let Some(x) = x {
            velocity.fill(0.0);
            let l = self.layer;
            let rows = |m: DMatrix<f64>| m.transpose().as_slice().to_vec();
            velocity[self.network.range(l + 1)].copy_from_slice(&rows(&up * &x));
            velocity[self.network.range(l)].copy_from_slice(&rows(-&x * &down));
        }
    }
}

/// The symmetric X with XH + HX = 2R, for H ≻ 0.
fn anticommutator_solution(h: &DMatrix<f64>, r: &DMatrix<f64>) -> Option<DMatrix<f64>> {
    if h.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let SymmetricEigen {
        eigenvalues: d,
        eigenvectors: q,
    } = SymmetricEigen::try_new(h.clone(), f64::EPSILON, 1000)?;
    let turned = q.tr_mul(r) * &q;
    let x = DMatrix::from_fn(h.nrows(), h.nrows(), |i, j| {
        2.0 * turned[(i, j)] / (d[i] + d[j])
    });
    Some(&q * x * q.transpose())
}

/// The flow of the whole group along the orbit, θ(t) of U̇ = UX, Ẇ = −XW for the hidden
/// layer 1 ≤ `layer` < D of a linear network: X is the symmetric matrix for which
/// d(UᵀU − WWᵀ)/dt = 2(N − M), as the SDE has it (T4 for every generator). For one hidden
/// neuron this is [`noether_flow`].
///
/// # Errors
/// [`FlowError`] if θ leaves every bound before `end`, or UᵀU + WWᵀ is singular.
pub fn pair_flow(
    network: &Network,
    data: &Data,
    strength: &Strength<f64>,
    layer: usize,
    theta: Vec<f64>,
    end: f64,
) -> Result<Vec<f64>, FlowError> {
    let flow = Pair {
        network,
        data,
        strength,
        layer,
    };
    solve(&flow, theta, end)
}
