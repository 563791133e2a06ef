//! Networks that use their weights after normalisation.

use crate::bits;
use crate::gradient::{Case, holds};
use crate::written_out::{Narrow, exactly, groups};
use noise_equilibrium::dynamics::Normalisation;
use noise_equilibrium::model::{Activation, Loss};
use noise_equilibrium::scalar::{Field, Rational, Real, at_precision};
use std::ops::Range;

/// Bits of the losses that are differenced.
const FINE: u32 = 512;

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for normalisation in [Normalisation::Global, Normalisation::Layers] {
        let slope = Rational::from((1, 8));
        for activation in [
            Activation::Identity,
            Activation::LeakyRelu { slope },
            Activation::Tanh,
        ] {
            for (widths, batch) in [(&[3, 2][..], 1), (&[7, 3, 9], 8), (&[3, 8, 7, 1], 9)] {
                let mut case = Case::drawn(widths, activation.clone(), batch);
                case.network.normalisation = normalisation;
                case.network.gain = 3.0;
                cases.push(case);
            }
        }
    }
    cases
}

#[test]
fn the_same_bits_as_written_out() {
    for case in cases() {
        let (loss, gradient) = case.computed();
        let (plain_loss, plain) = case.written_out::<f64>();
        assert_eq!(loss.to_bits(), plain_loss.to_bits());
        assert_eq!(bits(&gradient), bits(&plain));
    }
}

/// The model's mean loss at the normalised weights.
fn loss(case: &Case, theta: &[Real]) -> Real {
    let mut weights = theta.to_vec();
    let gain = exactly::<Real>(&[case.network.gain]).swap_remove(0);
    for group in groups(&case.network) {
        let squares = theta[group.clone()].iter().map(Field::square);
        let norm = squares.fold(Real::from_int(0), |t, x| t + x).root();
        let scale = gain.clone() / norm.expect("a positive norm");
        weights[group].iter_mut().for_each(|w| *w *= &scale);
    }
    let (model, samples) = (case.network.model(), case.samples::<Real>());
    let losses = samples
        .iter()
        .map(|z| model.loss(&weights, z).expect("away from the kink"));
    losses.fold(Real::from_int(0), |t, x| t + x) / Real::from_int(samples.len() as i64)
}

/// Central differences at h = 2⁻⁸⁰ in 512 bits are off by h²|L‴|/6 and by 2⁻⁴³²|L|: less
/// than 2⁻¹⁰⁰ as long as the third derivatives stay below 2⁶⁰.
#[test]
fn the_derivative_of_the_loss() {
    at_precision(FINE, || {
        let h = exactly::<Real>(&[libm::exp2(-80.0)]).swap_remove(0);
        let slack = rug::Float::with_val(53, 1) >> 100;
        for case in cases() {
            let (_, gradient) = case.computed();
            let (_, bounds) = case.written_out::<Narrow>();
            for i in (0..gradient.len()).step_by(5) {
                let at = |h: Real| {
                    let mut theta = exactly::<Real>(&case.theta);
                    theta[i] += &h;
                    loss(&case, &theta)
                };
                let slope = (at(h.clone()) - at(-h.clone())) / (Real::from_int(2) * &h);
                let bound = Narrow(bounds[i].0.widen(&slack));
                assert!(holds(&bound, gradient[i]));
                let slope = Rational::try_from(slope.as_float()).expect("finite");
                assert!(bound.0.contains(&slope));
                // Narrow: a gradient that is off by 2⁻³⁰ would not pass.
                assert!(bound.0.width() <= libm::exp2(-30.0) * (1.0 + gradient[i].abs()));
            }
        }
    });
}

/// θᵀg = 0 up to the rounding of its terms. With w = gain·θ/‖θ‖ and g₀ the gradient at w,
/// g_i = (g₀_i − ⟨w, g₀⟩w_i/gain²)·gain/‖θ‖: a norm of n terms, an inner product of n, five
/// operations on each entry, and the n of θᵀg; each rounds by ε/2 of at most
/// |θ_i|(|g₀_i| + Σ|w g₀||w_i|/gain²)·gain/‖θ‖.
#[test]
fn orthogonal_to_the_group() {
    for case in cases() {
        let (_, gradient) = case.computed();
        let gain = case.network.gain;
        let groups = groups(&case.network);
        let norm = |group: &Range<usize>| {
            libm::sqrt(case.theta[group.clone()].iter().map(|x| x * x).sum::<f64>())
        };
        let mut plain = Case {
            network: case.network.clone(),
            theta: case.theta.clone(),
            x: case.x.clone(),
            y: case.y.clone(),
        };
        plain.network.normalisation = Normalisation::None;
        for group in &groups {
            let scale = gain / norm(group);
            plain.theta[group.clone()]
                .iter_mut()
                .for_each(|w| *w *= scale);
        }
        let (_, inner) = plain.computed();
        for group in groups {
            let scale = gain / norm(&group);
            let along: f64 = group
                .clone()
                .map(|i| (plain.theta[i] * inner[i]).abs())
                .sum();
            let size: f64 = group
                .clone()
                .map(|i| {
                    let w = plain.theta[i].abs();
                    case.theta[i].abs() * (inner[i].abs() + along * w / (gain * gain)) * scale
                })
                .sum();
            let product: f64 = group.clone().map(|i| case.theta[i] * gradient[i]).sum();
            let roundings = (3 * group.len() + 16) as f64;
            let bound = roundings * f64::EPSILON * size;
            assert!(product.abs() <= bound, "{product} over {bound}");
            // The gradient at w is not orthogonal: the bound is far below its product.
            if case.network.activation != Activation::Tanh {
                let plain: f64 = group.map(|i| case.theta[i] * inner[i]).sum();
                assert!(plain.abs() > 1e6 * bound);
            }
        }
    }
}

/// 4θ has the same normalised weights and a quarter of the gradient, without rounding.
#[test]
fn inversely_proportional_to_the_norm() {
    for mut case in cases() {
        let (loss, gradient) = case.computed();
        case.theta.iter_mut().for_each(|x| *x *= 4.0);
        let (same, quarter) = case.computed();
        assert_eq!(loss.to_bits(), same.to_bits());
        let quarter: Vec<f64> = quarter.iter().map(|g| 4.0 * g).collect();
        assert_eq!(bits(&gradient), bits(&quarter));
        // Layers alone have a norm of their own: one of them on its own changes nothing
        // in the loss if, and only if, they do.
        case.theta[0..case.network.range(case.network.layers()).end]
            .iter_mut()
            .for_each(|x| *x *= 2.0);
        let alone = case.computed().0.to_bits() == loss.to_bits();
        let one_group = groups(&case.network).len() == 1 && case.network.layers() > 1;
        assert_eq!(alone, !one_group);
    }
}
