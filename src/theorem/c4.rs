//! C4: deep linear networks.

use super::case::NetworkCase;
use super::evidence::{Evidence, Identity, Outcome, precision_scaling, vector_defect};
use super::factorisation::{few_layers, many_layers, product, with_room, without_full_moments};
use super::law::{Check, Control, Judgement, Missing, Stop};
use super::{Origin, Statement};
use crate::balance::deep_linear::{BalancedMinimum, Regression};
use crate::model::{Model, Symmetric};
use crate::scalar::{Rational, RealScalar};
use nalgebra::{ComplexField, DMatrix};

pub static STATEMENT: Statement = Statement {
    id: "C4",
    name: "deep linear networks",
    claim: "For f = W_D…W_1x and the data of C3, the balanced minima are W_1 = U_1(xρ/s·S)^{1/2}RΣ_x^{−1/2}, W_i = ρ^{1/2}U_iU_{i−1}ᵀ, W_D = Σ_ε^{−1/2}L(s/(xρ^{D−1})·S)^{1/2}U_{D−1}ᵀ, up to weights between neurons that are connected to neither end.",
    origin: Origin::Paper,
    drawn: true,
    unproved: None,
    file: file!(),
    checks: &[
        &Check {
            name: "the layers multiply to V",
            evidence: Evidence::Scaling,
            draw: many_layers,
            judge: |case| closed_form(case, Law::Minimum, Form::Right),
            controls: &[Control {
                name: "xρ/s in W_1 without its counterpart in W_D",
                judge: |case| closed_form(case, Law::Minimum, Form::OneSided),
            }],
        },
        &Check {
            name: "q_{i+1}P_i = p_{i−1}Q_i for every hidden layer",
            evidence: Evidence::Scaling,
            draw: many_layers,
            judge: |case| closed_form(case, Law::Layers, Form::Right),
            controls: &[
                Control {
                    name: "D + 1 in place of D in ρ",
                    judge: |case| closed_form(case, Law::Layers, Form::Exponent),
                },
                Control {
                    name: "s in place of xρ/s",
                    judge: |case| closed_form(case, Law::Layers, Form::Constant),
                },
                Control {
                    name: "Σ_x and Σ_ε exchanged",
                    judge: |case| closed_form(case, Law::Layers, Form::Exchanged),
                },
            ],
        },
        &Check {
            name: "middle layers are ρ^{1/2} times partial isometries",
            evidence: Evidence::Scaling,
            draw: many_layers,
            judge: |case| closed_form(case, Law::Isometries, Form::Right),
            controls: &[Control {
                name: "D + 1 in place of D in ρ",
                judge: |case| closed_form(case, Law::Isometries, Form::Exponent),
            }],
        },
        &Check {
            name: "G = 0 for every generator, from the network's gradients",
            evidence: Evidence::Scaling,
            draw: few_layers,
            judge: |case| closed_form(case, Law::Gradients, Form::Right),
            controls: &[Control {
                name: "D + 1 in place of D in ρ",
                judge: |case| closed_form(case, Law::Gradients, Form::Exponent),
            }],
        },
        &Check {
            name: "the solver arrives there from elsewhere on the orbit, up to rotations",
            evidence: Evidence::Scaling,
            draw: few_layers,
            judge: |case| closed_form(case, Law::Arrival, Form::Right),
            controls: &[
                Control {
                    name: "Σ_x and Σ_ε exchanged",
                    judge: |case| closed_form(case, Law::Arrival, Form::Exchanged),
                },
                Control {
                    name: "s in place of xρ/s",
                    judge: |case| closed_form(case, Law::Arrival, Form::Constant),
                },
            ],
        },
        &Check {
            name: "weights between neurons connected to neither end stay free",
            evidence: Evidence::Scaling,
            draw: with_room,
            judge: |case| closed_form(case, Law::Gradients, Form::Loose(1)),
            controls: &[Control {
                name: "weights that end at a connected neuron",
                judge: |case| closed_form(case, Law::Gradients, Form::Loose(0)),
            }],
        },
    ],
};

#[derive(Clone, Copy, PartialEq)]
enum Law {
    Minimum,
    Layers,
    Isometries,
    Gradients,
    Arrival,
}

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Right,
    Exponent,
    Constant,
    Exchanged,
    OneSided,
    /// W_2 with a weight of 1 more from the second neuron to this one.
    Loose(usize),
}

struct ClosedForm<'a> {
    case: &'a NetworkCase,
    data: Regression<Rational>,
    law: Law,
    form: Form,
}

/// W_1 times √`first`, W_i times √`between`, W_D times what is left: V stays as it is.
fn rescale<S: RealScalar>(minimum: &mut BalancedMinimum<S>, first: S, between: S) {
    let last = minimum.layers.len() - 1;
    let mut rest = S::one();
    for (l, layer) in minimum.layers.iter_mut().enumerate() {
        let factor = match l {
            0 => ComplexField::sqrt(first.clone()),
            _ if l < last => ComplexField::sqrt(between.clone()),
            _ => S::one() / &rest,
        };
        rest *= factor.clone();
        *layer = layer.map(|x| x * &factor);
    }
}

impl ClosedForm<'_> {
    fn minimum<S: RealScalar>(&self, data: &Regression<S>) -> Result<BalancedMinimum<S>, Stop> {
        let Model::Deep(deep) = &self.case.model else {
            return Err(Stop::failed("a network without layers"));
        };
        let hidden = deep
            .widths
            .get(1..deep.widths.len() - 1)
            .or_failed("a layer is missing")?;
        let mut minimum = data.balanced_minimum(hidden)?;
        let (x, e) = (data.inputs.trace(), data.noise.trace());
        let rho = minimum.rho.clone();
        let depth = S::from_int(i64::try_from(minimum.layers.len())?);
        match self.form {
            Form::Right => {}
            Form::Exponent => {
                // ρ^{D/(D+1)} over ρ.
                let wrong = ComplexField::powf(rho, -(S::one() / (depth + S::one())));
                rescale(&mut minimum, wrong.clone(), wrong);
            }
            Form::Constant => {
                // s over xρ/s, with s² = exρ^D.
                let power = minimum
                    .layers
                    .iter()
                    .fold(S::one(), |power, _| power * &rho);
                rescale(&mut minimum, e * power / rho, S::one());
            }
            Form::Exchanged => rescale(&mut minimum, e / x, S::one()),
            Form::Loose(to) => {
                *minimum
                    .layers
                    .get_mut(1)
                    .or_failed("a layer is missing")?
                    .get_mut((to, 1))
                    .or_failed("a layer is missing")? += S::one()
            }
            Form::OneSided => {
                let first = minimum.layers.first_mut().or_failed("a layer is missing")?;
                *first = first.map(|entry| entry * &x);
            }
        }
        Ok(minimum)
    }
}

/// P_0 … P_{D−1} and Q_1 … Q_D: the second moments of h_i, and those of the noise
/// as layer i sees it.
fn moments<S: RealScalar>(
    layers: &[DMatrix<S>],
    data: &Regression<S>,
) -> (Vec<DMatrix<S>>, Vec<DMatrix<S>>) {
    let mut p = vec![data.inputs.clone()];
    for w in layers {
        p.extend(p.last().map(|p| w * p * w.transpose()));
    }
    let mut q = vec![data.noise.clone()];
    for w in layers.iter().rev() {
        q.extend(q.last().map(|q| w.transpose() * q * w));
    }
    q.reverse();
    (p, q)
}

impl Identity for ClosedForm<'_> {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Result<(S, S), Stop> {
        let data = self.data.convert::<S>();
        let BalancedMinimum { layers, rho } = self.minimum(&data)?;
        let (mut left, mut right) = (Vec::new(), Vec::new());
        let mut compare = |a: DMatrix<S>, b: DMatrix<S>| {
            left.extend(a.iter().cloned());
            right.extend(b.iter().cloned());
        };
        match self.law {
            Law::Minimum => compare(product(&layers), data.map),
            Law::Layers => {
                let (p, q) = moments(&layers, &data);
                for i in 1..layers.len() {
                    let (behind, before) = (q[i + 1].trace(), p[i - 1].trace());
                    compare(p[i].map(|x| x * &behind), q[i].map(|x| x * &before));
                }
            }
            Law::Isometries => {
                for w in &layers[1..layers.len() - 1] {
                    let gram = w.transpose() * w;
                    let scaled = gram.map(|x| x * &rho);
                    compare(&gram * &gram, scaled);
                }
            }
            Law::Gradients => {
                let setting = self.case.setting_at(row_by_row(&layers))?;
                for generator in self.case.model.symmetries() {
                    let balance = setting.balance(&generator);
                    compare(DMatrix::from_element(1, 1, balance), DMatrix::zeros(1, 1));
                }
            }
            Law::Arrival => {
                let generators = self.case.model.symmetries();
                let found = self.case.setting::<S>()?.minimise(&generators)?;
                let reached = self.case.layers(&found.setting.theta)?;
                for (a, b) in invariants(&reached).into_iter().zip(invariants(&layers)) {
                    compare(a, b);
                }
            }
        }
        Ok(vector_defect(&left, &right))
    }
}

/// θ of a deep network: W_D, …, W_1, each row by row.
fn row_by_row<S: RealScalar>(layers: &[DMatrix<S>]) -> Vec<S> {
    let rows = layers.iter().rev().map(DMatrix::transpose);
    rows.flat_map(|w| w.iter().cloned().collect::<Vec<_>>())
        .collect()
}

/// (W_i…W_1)ᵀ(W_i…W_1) and (W_D…W_{i+1})(W_D…W_{i+1})ᵀ, i = 1 … D − 1, and the W_iW_iᵀ's
/// traces: rotations of hidden layers leave them as they are.
pub(super) fn invariants<S: RealScalar>(layers: &[DMatrix<S>]) -> Vec<DMatrix<S>> {
    let mut invariants = Vec::new();
    for i in 1..layers.len() {
        let (before, behind) = (product(&layers[..i]), product(&layers[i..]));
        invariants.push(before.transpose() * before);
        invariants.push(&behind * behind.transpose());
    }
    let norm = |w: &DMatrix<S>| DMatrix::from_element(1, 1, w.norm_squared());
    invariants.extend(layers.iter().map(norm));
    invariants
}

fn closed_form(case: &NetworkCase, law: Law, form: Form) -> Judgement {
    let data = case.regression()?;
    let refusal = match law {
        Law::Isometries if case.layers(&case.theta)?.len() == 2 => Some(Outcome::Inconclusive(
            "no layer between the first and the last".to_owned(),
        )),
        _ => without_full_moments(&data),
    };
    if let Some(outcome) = refusal {
        return Ok(outcome);
    }
    precision_scaling(&ClosedForm {
        case,
        data,
        law,
        form,
    })
}
