//! The Hessian of the loss, by dual numbers.

use super::random::Stream;
use crate::model::{Loss, Sample};
use nalgebra::{DMatrix, SymmetricEigen};
use num_dual::Dual;

/// ∇²L(θ)v, d numbers, for the mean loss over `samples`; `None` at a kink.
pub fn hessian_product(
    model: &impl Loss,
    samples: &[Sample<f64>],
    theta: &[f64],
    v: &[f64],
) -> Option<Vec<f64>> {
    let point: Vec<Dual<f64>> = theta
        .iter()
        .zip(v)
        .map(|(x, v)| Dual::new(*x, *v))
        .collect();
    let lift = |row: &[f64]| row.iter().map(|x| Dual::from_re(*x)).collect();
    let mut total = vec![0.0; theta.len()];
    for z in samples {
        let sample = Sample {
            input: lift(&z.input),
            target: lift(&z.target),
        };
        let gradient = model.gradient(&point, &sample)?;
        for (total, g) in total.iter_mut().zip(gradient) {
            *total += g.eps / samples.len() as f64;
        }
    }
    Some(total)
}

/// Tr ∇²L(θ), from d products.
pub fn hessian_trace(model: &impl Loss, samples: &[Sample<f64>], theta: &[f64]) -> Option<f64> {
    let mut trace = 0.0;
    for k in 0..theta.len() {
        let mut unit = vec![0.0; theta.len()];
        unit[k] = 1.0;
        trace += hessian_product(model, samples, theta, &unit)?[k];
    }
    Some(trace)
}

/// Hutchinson's estimates vᵀ∇²L(θ)v of Tr ∇²L(θ), one for each of `probes` random sign
/// vectors v. Their mean has the trace for its expectation.
pub fn hutchinson_trace(
    model: &impl Loss,
    samples: &[Sample<f64>],
    theta: &[f64],
    probes: usize,
    stream: &mut Stream,
) -> Option<Vec<f64>> {
    let probe = |_| {
        let v: Vec<f64> = theta.iter().map(|_| stream.sign()).collect();
        let product = hessian_product(model, samples, theta, &v)?;
        Some(dot(&v, &product))
    };
    (0..probes).map(probe).collect()
}

/// The largest eigenvalue of ∇²L(θ), by Lanczos with full orthogonalisation: from below,
/// exact (to rounding) once `steps` reaches d or an invariant subspace is exhausted.
pub fn largest_eigenvalue(
    model: &impl Loss,
    samples: &[Sample<f64>],
    theta: &[f64],
    steps: usize,
    stream: &mut Stream,
) -> Option<f64> {
    let mut basis: Vec<Vec<f64>> = Vec::new();
    let (mut diagonal, mut beside) = (Vec::new(), Vec::new());
    let mut next: Vec<f64> = theta.iter().map(|_| stream.normal()).collect();
    let mut length = libm::sqrt(dot(&next, &next));
    for step in 0..steps.min(theta.len()) {
        next.iter_mut().for_each(|x| *x /= length);
        let v = next.clone();
        basis.push(v.clone());
        let mut w = hessian_product(model, samples, theta, &v)?;
        diagonal.push(dot(&v, &w));
        let size = libm::sqrt(dot(&w, &w));
        // Twice: once leaves rounding errors of the size of what is taken away.
        for _ in 0..2 {
            for b in &basis {
                let along = dot(b, &w);
                w.iter_mut().zip(b).for_each(|(w, b)| *w -= along * b);
            }
        }
        length = libm::sqrt(dot(&w, &w));
        // What is left is rounding: the subspace is invariant.
        if length <= size * f64::EPSILON * theta.len() as f64 || step + 1 == theta.len() {
            break;
        }
        beside.push(length);
        next = w;
    }
    let n = diagonal.len();
    let tridiagonal = DMatrix::from_fn(n, n, |i, j| match i.abs_diff(j) {
        0 => diagonal[i],
        1 => beside[i.min(j)],
        _ => 0.0,
    });
    if tridiagonal.iter().any(|x| !x.is_finite()) {
        return None;
    }
    let eigen = SymmetricEigen::try_new(tridiagonal, f64::EPSILON, 1000)?;
    eigen.eigenvalues.iter().copied().reduce(f64::max)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |total, (a, b)| total + a * b)
}
