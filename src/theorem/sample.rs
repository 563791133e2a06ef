//! How cases are drawn.

use super::case::{FamilyCase, NetworkCase, SpectrumCase};

use super::draw::Draw;
use crate::balance::{Spectrum, Strength, Term};
use crate::model::{
    Activation, Adapter, Attention, Deep, DiagonalLinear, Loss, Model, Sample, ScaleInvariant,
    Symmetric, digits,
};
use crate::scalar::Rational;
use crate::symmetry::{Generator, Structure, rows_of};
use nalgebra::DMatrix;

/// The models that are drawn.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Linear,
    LeakyRelu,
    ScaleInvariant,
    DiagonalLinear,
    Adapter,
    Attention,
    Tanh,
}

/// Those that rational arithmetic decides first, then those with a symmetry at least.
const KINDS: [Kind; 7] = [
    Kind::Linear,
    Kind::LeakyRelu,
    Kind::ScaleInvariant,
    Kind::DiagonalLinear,
    Kind::Adapter,
    Kind::Attention,
    Kind::Tanh,
];
const RATIONAL: usize = 5;
const SYMMETRIC: usize = 6;

/// A small network of any model with a symmetry, with any of its symmetries.
pub fn any_network(draw: &mut Draw) -> NetworkCase {
    one_of(draw, SYMMETRIC)
}

/// A small network of any model; one whose symmetry is approximate is among them.
pub fn any_model(draw: &mut Draw) -> NetworkCase {
    one_of(draw, KINDS.len())
}

/// A small network whose loss and gradients are rational, with any of its symmetries.
pub fn rational_network(draw: &mut Draw) -> NetworkCase {
    one_of(draw, RATIONAL)
}

/// A small network with a symmetry whose weight decay makes sure that both sides pull.
pub fn any_network_with_decay(draw: &mut Draw) -> NetworkCase {
    with_decay(draw, any_network)
}

/// The same where loss and gradients are rational.
pub fn network_with_finite_equilibrium(draw: &mut Draw) -> NetworkCase {
    with_decay(draw, rational_network)
}

/// A small leaky-ReLU network with the rescaling of one neuron.
pub fn relu_network(draw: &mut Draw) -> NetworkCase {
    rescaled_network(draw, Kind::LeakyRelu)
}

/// A leaky-ReLU network with two layers and the rescaling of one neuron, whose labels
/// differ only across that neuron's outgoing weights, at one input: the incoming weights
/// have no noise.
pub fn one_sided_network(draw: &mut Draw) -> NetworkCase {
    let hidden = draw.size(1, 3);
    let outputs = draw.size(2, 3);
    let model = layered(draw.size(1, 3), vec![hidden], outputs, leaky());
    let mut case = small_data(draw, model);
    let neuron = draw.size(0, hidden - 1);
    if let Some(generator) = case.model.symmetries().into_iter().nth(neuron) {
        case.generator = generator;
    }
    let outgoing = |output: usize| case.theta[output * hidden + neuron].clone();
    let across = [outgoing(1), -outgoing(0)];
    let first = case.samples[0].clone();
    for (k, sample) in (0i64..).zip(&mut case.samples) {
        *sample = first.clone();
        for (label, direction) in sample.target.iter_mut().zip(&across) {
            *label += Rational::from(direction * k);
        }
    }
    case
}

/// The same as [`relu_network`] with weight decay.
pub fn relu_network_with_decay(draw: &mut Draw) -> NetworkCase {
    with_decay(draw, relu_network)
}

/// A small network that is invariant under the scaling of all its weights.
pub fn scale_invariant_network(draw: &mut Draw) -> NetworkCase {
    let model = scale_invariant(draw, false);
    small_data(draw, model)
}

/// A small tanh network with the rescaling of one neuron, an approximate symmetry.
pub fn tanh_network(draw: &mut Draw) -> NetworkCase {
    rescaled_network(draw, Kind::Tanh)
}

/// A small linear or leaky-ReLU network with decay whose weights, data and learning rate
/// are small enough for thousands of steps.
pub fn running_network(draw: &mut Draw) -> NetworkCase {
    let kind = if draw.flag() {
        Kind::LeakyRelu
    } else {
        Kind::Linear
    };
    running(draw, kind)
}

/// The linear ones: their gradient flow is smooth.
pub fn smooth_network(draw: &mut Draw) -> NetworkCase {
    running(draw, Kind::Linear)
}

/// A small tanh network with the rescaling of one neuron, as [`running_network`].
pub fn running_tanh_network(draw: &mut Draw) -> NetworkCase {
    running(draw, Kind::Tanh)
}

fn running(draw: &mut Draw, kind: Kind) -> NetworkCase {
    let mut case = rescaled_network(draw, kind);
    let shrink = |row: &mut Vec<Rational>, factor: u32| row.iter_mut().for_each(|x| *x /= factor);
    shrink(&mut case.theta, 4);
    for sample in &mut case.samples {
        shrink(&mut sample.input, 2);
        shrink(&mut sample.target, 2);
    }
    case.gamma = draw.positive() / 16;
    case.learning_rate /= 4;
    case
}

/// A network of two layers so small that its parameters can be followed as fractions:
/// they have three times as many digits after each step.
pub fn small_run(draw: &mut Draw) -> NetworkCase {
    let activation = if draw.flag() {
        leaky()
    } else {
        Activation::Identity
    };
    let model = layered(
        draw.size(1, 2),
        vec![draw.size(1, 2)],
        draw.size(1, 2),
        activation,
    );
    small_data(draw, model)
}

/// With the rescaling itself, not a dense copy of it.
fn rescaled_network(draw: &mut Draw, kind: Kind) -> NetworkCase {
    let mut case = small_network(draw, kind);
    if matches!(case.generator, Generator::Dense(_)) {
        case.generator = symmetry(&case.model, draw);
    }
    case
}

fn with_decay(draw: &mut Draw, network: fn(&mut Draw) -> NetworkCase) -> NetworkCase {
    let mut case = network(draw);
    case.gamma = draw.positive() / 16;
    case
}

/// Of one of the first `kinds` kinds.
fn one_of(draw: &mut Draw, kinds: usize) -> NetworkCase {
    let kind = KINDS[draw.size(0, kinds - 1)];
    small_network(draw, kind)
}

fn small_network(draw: &mut Draw, kind: Kind) -> NetworkCase {
    let model = small_model(draw, kind);
    small_data(draw, model)
}

/// A few samples and the rest of a case.
fn small_data(draw: &mut Draw, model: Model) -> NetworkCase {
    let (inputs, outputs) = model.shape();
    let count = draw.size(2, 4);
    let samples = (0..count).map(|_| Sample {
        input: draw.vector(inputs),
        target: draw.vector(outputs),
    });
    let samples = samples.collect();
    network(draw, model, samples)
}

/// At most 20 parameters, at most four layers.
fn small_model(draw: &mut Draw, kind: Kind) -> Model {
    match kind {
        Kind::Linear | Kind::LeakyRelu => {
            // Mostly two layers; the hidden ones of deeper networks are narrower.
            let hidden = match draw.integer(0, 3) {
                2 => vec![draw.size(1, 2), draw.size(1, 2)],
                3 => vec![draw.size(1, 2), draw.size(1, 2), draw.size(1, 2)],
                _ => vec![draw.size(1, 3)],
            };
            let activation = match kind {
                Kind::Linear => Activation::Identity,
                _ => leaky(),
            };
            layered(draw.size(1, 3), hidden, draw.size(1, 3), activation)
        }
        Kind::Tanh => {
            let hidden = vec![draw.size(1, 3)];
            layered(draw.size(1, 3), hidden, draw.size(1, 3), Activation::Tanh)
        }
        Kind::ScaleInvariant => {
            let per_row = draw.flag();
            scale_invariant(draw, per_row)
        }
        Kind::DiagonalLinear => Model::DiagonalLinear(DiagonalLinear {
            inputs: draw.size(1, 3),
            depth: draw.size(2, 4),
        }),
        Kind::Adapter => {
            let widths = vec![draw.size(1, 3), draw.size(1, 2), draw.size(1, 3)];
            Model::Adapter(Adapter {
                frozen: draw.vector(widths[0] * widths[2]),
                factor: Deep {
                    widths,
                    activation: Activation::Identity,
                },
            })
        }
        Kind::Attention => Model::Attention(Attention {
            tokens: draw.size(2, 3),
            embedding: draw.size(1, 2),
            head: draw.size(1, 2),
            outputs: draw.size(1, 2),
        }),
    }
}

fn scale_invariant(draw: &mut Draw, per_row: bool) -> Model {
    Model::ScaleInvariant(ScaleInvariant {
        inputs: draw.size(1, 3),
        outputs: draw.size(1, 3),
        per_row,
    })
}

fn leaky() -> Activation {
    Activation::LeakyRelu {
        slope: Rational::from((1, 8)),
    }
}

fn layered(inputs: usize, hidden: Vec<usize>, outputs: usize, activation: Activation) -> Model {
    Model::Deep(Deep {
        widths: [vec![inputs], hidden, vec![outputs]].concat(),
        activation,
    })
}

/// A network of two layers on a few of the digits: 64 pixels, one-hot targets.
pub fn digits_network(draw: &mut Draw) -> NetworkCase {
    let activation = if draw.flag() {
        leaky()
    } else {
        Activation::Identity
    };
    on_digits(draw, activation)
}

/// The leaky-ReLU one among them, with the rescaling of one neuron.
pub fn relu_digits_network(draw: &mut Draw) -> NetworkCase {
    on_digits(draw, leaky())
}

fn on_digits(draw: &mut Draw, activation: Activation) -> NetworkCase {
    let data = digits();
    let count = draw.size(3, 5);
    let samples = (0..count).map(|_| data[draw.size(0, data.len() - 1)].clone());
    let samples = samples.collect();
    let model = layered(64, vec![draw.size(2, 3)], 10, activation);
    let mut case = network(draw, model, samples);
    // A dense copy of a 222 × 222 generator adds nothing but time.
    if matches!(case.generator, Generator::Dense(_)) {
        case.generator = symmetry(&case.model, draw);
    }
    case
}

fn network(draw: &mut Draw, model: Model, samples: Vec<Sample<Rational>>) -> NetworkCase {
    let theta = match &model {
        Model::ScaleInvariant(model) if model.per_row => {
            let rows = (0..model.outputs).map(|_| with_rational_norm(draw, model.inputs));
            rows.collect::<Vec<_>>().concat()
        }
        Model::ScaleInvariant(_) => with_rational_norm(draw, model.dim()),
        _ => (0..model.dim()).map(|_| draw.nonzero()).collect(),
    };
    let mut generator = symmetry(&model, draw);
    if draw.integer(0, 3) == 3 {
        generator = as_dense(&generator);
    }
    NetworkCase {
        asymmetry: Rational::new(),
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

/// One of the model's symmetries: for two factors any direction S, otherwise one of those
/// declared, or of the approximate ones.
fn symmetry(model: &Model, draw: &mut Draw) -> Generator {
    let turned = match model {
        Model::Deep(deep) if deep.activation == Activation::Identity && draw.flag() => {
            let l = draw.size(1, deep.hidden_layers());
            deep.turning(l, &direction(draw, deep.widths[l])).ok()
        }
        Model::Attention(model) if draw.flag() => {
            let s = direction(draw, model.head);
            let scores = draw.flag();
            let turning = [Attention::turning_values, Attention::turning_scores];
            turning[usize::from(scores)](model, &s).ok()
        }
        _ => None,
    };
    if let Some(generator) = turned {
        return generator;
    }
    let mut declared = match model {
        Model::Deep(deep) if deep.activation == Activation::Tanh => deep.approximate_symmetries(),
        _ => model.symmetries(),
    };
    let pick = draw.size(0, declared.len() - 1);
    declared.swap_remove(pick)
}

/// A symmetric r × r matrix.
pub(super) fn direction(draw: &mut Draw, r: usize) -> Vec<Vec<Rational>> {
    let mut s = vec![vec![Rational::new(); r]; r];
    for i in 0..r {
        for j in 0..=i {
            let x = draw.nonzero();
            (s[i][j], s[j][i]) = (x.clone(), x);
        }
    }
    s
}

/// The same generator as a d × d matrix.
pub(super) fn as_dense(generator: &Generator) -> Generator {
    let d = generator.dim();
    let mut matrix = DMatrix::from_element(d, d, Rational::new());
    match generator.structure() {
        Structure::Rates(rates) => matrix.set_diagonal(&rates.to_vec().into()),
        Structure::Blocks {
            matrix: k, slices, ..
        } => {
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
    // It is symmetric.
    Generator::dense(&rows_of(&matrix)).unwrap_or_else(|_| generator.clone())
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
pub fn spectrum(draw: &mut Draw) -> SpectrumCase {
    any_spectrum(draw, 2)
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
pub fn finite_spectrum(draw: &mut Draw) -> SpectrumCase {
    let mut case = any_spectrum(draw, 6);
    case.strength.sigma2 = draw.positive();
    let own = case.spectrum.terms().iter().cloned();
    let live = [1, -1].map(|sign| Term {
        rate: draw.positive() * sign,
        noise: draw.positive(),
        charge: draw.positive(),
    });
    case.spectrum = Spectrum::merged(own.chain(live).collect::<Vec<_>>());
    case
}

/// A small network with several generators that commute: ReLU or diagonal rescalings, the
/// scalings of rows, or a two-layer linear network with one direction of its factor.
pub fn family_network(draw: &mut Draw) -> NetworkCase {
    let kind = draw.integer(0, 3);
    let case = match kind {
        0 => small_network(draw, Kind::LeakyRelu),
        1 => small_network(draw, Kind::DiagonalLinear),
        2 => {
            let model = scale_invariant(draw, true);
            small_data(draw, model)
        }
        _ => {
            let mut case = linear_pair_case(draw);
            if let Model::Deep(deep) = &case.model
                && let [inputs, hidden, outputs] = deep.widths[..]
                && let Ok(generator) = Generator::factor(outputs, inputs, &direction(draw, hidden))
            {
                case.generator = generator;
            }
            case
        }
    };
    let mut case = case;
    // Without weight decay small networks with few samples often lack a minimum.
    if draw.flag() {
        case.gamma = draw.positive() / 16;
    }
    case
}

/// A small ReLU or diagonal network with all its rescalings.
pub fn rescalings(draw: &mut Draw) -> NetworkCase {
    let kind = if draw.flag() {
        Kind::DiagonalLinear
    } else {
        Kind::LeakyRelu
    };
    small_network(draw, kind)
}

/// A small two-layer linear network.
pub fn linear_pair(draw: &mut Draw) -> NetworkCase {
    linear_pair_case(draw)
}

/// The same with weight decay, and with as many samples and as wide ends as it takes for
/// both sides of the balance to be positive definite.
pub fn regular_linear_pair(draw: &mut Draw) -> NetworkCase {
    let hidden = draw.size(1, 2);
    let model = layered(
        draw.size(hidden, 3),
        vec![hidden],
        draw.size(hidden, 3),
        Activation::Identity,
    );
    let mut case = small_data(draw, model);
    case.gamma = draw.positive() / 16;
    case
}

fn linear_pair_case(draw: &mut Draw) -> NetworkCase {
    let model = layered(
        draw.size(1, 3),
        vec![draw.size(1, 3)],
        draw.size(1, 3),
        Activation::Identity,
    );
    small_data(draw, model)
}

/// A spectrum with one to three rates a term, of small whole numbers so that exponents
/// often lie on a face of their hull, and every status comes up.
pub fn family(draw: &mut Draw) -> FamilyCase {
    let members = draw.size(1, 3);
    let whole = |draw: &mut Draw| Rational::from(draw.integer(-2, 2));
    let count = draw.size(1, 3) + members;
    let terms: Vec<Term<Rational, Vec<Rational>>> = (0..count)
        .map(|_| Term {
            rate: (0..members).map(|_| whole(draw)).collect(),
            noise: match draw.integer(0, 3) {
                0 => Rational::new(),
                _ => draw.positive(),
            },
            // Most terms pull both ways: with fewer, most families lack a minimum.
            charge: match draw.integer(0, 3) {
                0 => Rational::new(),
                _ => draw.positive(),
            },
        })
        .collect();
    FamilyCase {
        members,
        spectrum: Spectrum::merged(terms),
        strength: Strength {
            gamma: if draw.integer(0, 3) > 0 {
                draw.positive() / 8
            } else {
                Rational::new()
            },
            sigma2: draw.positive() / 4,
        },
    }
}
