//! How cases are drawn.

use super::case::{Case, NetworkCase, SpectrumCase};
use super::digits::digits;
use super::draw::Draw;
use crate::balance::{Spectrum, Strength, Term};
use crate::model::{Loss, Model, Sample, ScaleInvariant, TwoLayerLeakyRelu, TwoLayerLinear};
use crate::scalar::Rational;
use crate::symmetry::{Generator, Structure};
use nalgebra::DMatrix;

/// A small network of any model, with any of its symmetries.
pub fn any_network(draw: &mut Draw) -> Case {
    Case::Network(small_network(draw, 3))
}

/// A small network whose weight decay makes sure that both sides pull.
pub fn network_with_finite_equilibrium(draw: &mut Draw) -> Case {
    let mut case = small_network(draw, 3);
    case.gamma = draw.positive() / 16;
    Case::Network(case)
}

/// A small leaky-ReLU network with the rescaling of one neuron.
pub fn relu_network(draw: &mut Draw) -> Case {
    let mut case = small_network_of(draw, 1);
    if matches!(case.generator, Generator::Dense(_)) {
        case.generator = symmetry(&case.model, draw);
    }
    Case::Network(case)
}

/// The same with weight decay.
pub fn relu_network_with_decay(draw: &mut Draw) -> Case {
    let case = relu_network(draw);
    let Case::Network(mut case) = case else {
        return case;
    };
    case.gamma = draw.positive() / 16;
    Case::Network(case)
}

/// A small scale-invariant network.
pub fn scale_invariant_network(draw: &mut Draw) -> Case {
    Case::Network(small_network_of(draw, 2))
}

fn small_network(draw: &mut Draw, kinds: i64) -> NetworkCase {
    let kind = draw.integer(0, kinds - 1);
    small_network_of(draw, kind)
}

fn small_network_of(draw: &mut Draw, kind: i64) -> NetworkCase {
    let (inputs, outputs) = (draw.size(1, 3), draw.size(1, 3));
    let count = draw.size(2, 4);
    let samples = (0..count)
        .map(|_| Sample {
            input: draw.vector(inputs),
            target: draw.vector(outputs),
        })
        .collect();
    network(draw, kind, (inputs, draw_hidden, outputs), samples)
}

fn draw_hidden(draw: &mut Draw) -> usize {
    draw.size(1, 3)
}

/// A network on a few of the digits: 64 pixels, one-hot targets.
pub fn digits_network(draw: &mut Draw) -> Case {
    let data = digits();
    let count = draw.size(3, 5);
    let samples = (0..count)
        .map(|_| data[draw.size(0, data.len() - 1)].clone())
        .collect();
    let kind = draw.integer(0, 1);
    let mut case = network(draw, kind, (64, |draw| draw.size(2, 3), 10), samples);
    // A dense copy of a 222 × 222 generator adds nothing but time.
    if matches!(case.generator, Generator::Dense(_)) {
        case.generator = symmetry(&case.model, draw);
    }
    Case::Network(case)
}

fn network(
    draw: &mut Draw,
    kind: i64,
    (inputs, hidden, outputs): (usize, fn(&mut Draw) -> usize, usize),
    samples: Vec<Sample<Rational>>,
) -> NetworkCase {
    let asymmetry = Rational::new();
    let model = match kind {
        0 => Model::TwoLayerLinear(TwoLayerLinear {
            inputs,
            hidden: hidden(draw),
            outputs,
            asymmetry,
        }),
        1 => {
            let (hidden, slope) = (hidden(draw), Rational::from((1, 8)));
            Model::TwoLayerLeakyRelu(TwoLayerLeakyRelu {
                inputs,
                hidden,
                outputs,
                slope,
                asymmetry,
            })
        }
        _ => Model::ScaleInvariant(ScaleInvariant {
            inputs,
            outputs,
            asymmetry,
        }),
    };
    let theta = match &model {
        Model::ScaleInvariant(_) => with_rational_norm(draw, model.dim()),
        _ => (0..model.dim()).map(|_| draw.nonzero()).collect(),
    };
    let mut generator = symmetry(&model, draw);
    if draw.integer(0, 3) == 3 {
        generator = as_dense(&generator);
    }
    NetworkCase {
        samples,
        theta,
        generator,
        gamma: if draw.flag() {
            draw.positive() / 8
        } else {
            Rational::new()
        },
        learning_rate: draw.positive() / 16,
        batch: draw.size(1, 2),
        lambda: draw.nonzero() / 4,
        model,
    }
}

/// One of the model's symmetries: for a factor any direction S, otherwise one of those declared.
fn symmetry(model: &Model, draw: &mut Draw) -> Generator {
    let (inputs, r, outputs) = model.shape();
    if matches!(model, Model::TwoLayerLinear(_)) && draw.flag() {
        let mut s = vec![vec![Rational::new(); r]; r];
        for i in 0..r {
            for j in 0..=i {
                let x = draw.nonzero();
                (s[i][j], s[j][i]) = (x.clone(), x);
            }
        }
        if let Ok(generator) = Generator::factor(outputs, inputs, &s) {
            return generator;
        }
    }
    let mut declared = model.symmetries();
    let pick = draw.size(0, declared.len() - 1);
    declared.swap_remove(pick)
}

/// The same generator as a d × d matrix.
pub(super) fn as_dense(generator: &Generator) -> Generator {
    let d = generator.dim();
    let mut matrix = DMatrix::from_element(d, d, Rational::new());
    match generator.structure() {
        Structure::Rates(rates) => matrix.set_diagonal(&rates.into()),
        Structure::Blocks { matrix: k, slices } => {
            for slice in slices {
                for (i, row) in slice.indices(k.nrows()).enumerate() {
                    for (j, col) in slice.indices(k.nrows()).enumerate() {
                        let x = k[(i, j)].clone();
                        matrix[(row, col)] = if slice.negated { -x } else { x };
                    }
                }
            }
        }
    }
    Generator::Dense(matrix)
}

/// A vector of rational norm: the inverse stereographic image of a dyadic one, scaled.
fn with_rational_norm(draw: &mut Draw, d: usize) -> Vec<Rational> {
    let t = draw.vector(d - 1);
    let square = t.iter().fold(Rational::new(), |total, x| {
        total + Rational::from(x.square_ref())
    });
    let scale = draw.positive() / Rational::from(&square + 1u32);
    let mut theta: Vec<Rational> = t.into_iter().map(|x| x * &scale * 2u32).collect();
    theta.push((square - 1u32) * scale);
    theta
}

/// A spectrum of one or two terms, each with or without noise and charge, so that
/// every status of T8 comes up.
pub fn spectrum(draw: &mut Draw) -> Case {
    Case::Spectrum(any_spectrum(draw, 2))
}

fn any_spectrum(draw: &mut Draw, largest: usize) -> SpectrumCase {
    let terms = (0..draw.size(1, largest)).map(|_| {
        let rate = if draw.integer(0, 7) == 7 {
            Rational::new()
        } else {
            draw.nonzero()
        };
        let noise = if draw.flag() {
            draw.positive()
        } else {
            Rational::new()
        };
        let charge = if draw.integer(0, 3) > 0 {
            draw.positive()
        } else {
            Rational::new()
        };
        Term {
            rate,
            noise,
            charge,
        }
    });
    let spectrum = Spectrum::merged(terms.collect::<Vec<_>>());
    let gamma = if draw.integer(0, 7) > 0 {
        draw.positive()
    } else {
        Rational::new()
    };
    let sigma2 = if draw.integer(0, 7) == 7 {
        Rational::new()
    } else {
        draw.positive()
    };
    SpectrumCase {
        spectrum,
        strength: Strength { gamma, sigma2 },
        lambda: draw.nonzero(),
    }
}

/// A spectrum in which both sides pull: T8 gives it a finite λ\*.
pub fn finite_spectrum(draw: &mut Draw) -> Case {
    let mut case = any_spectrum(draw, 6);
    case.strength.sigma2 = draw.positive();
    let own = case.spectrum.terms().iter().cloned();
    let live = [1, -1].map(|sign| Term {
        rate: draw.positive() * sign,
        noise: draw.positive(),
        charge: draw.positive(),
    });
    case.spectrum = Spectrum::merged(own.chain(live).collect::<Vec<_>>());
    Case::Spectrum(case)
}
