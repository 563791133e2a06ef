//! Small networks with exact per-sample gradients, by dual numbers.

use noise_equilibrium::checkpoint::{Balanced, balance, read_architecture};
use num_dual::{Dual64, DualNum};
use safetensors::tensor::{Metadata, TensorView};
use safetensors::{Dtype, SafeTensors};
use std::collections::{BTreeMap, HashMap};

/// Tensors by name: shape and numbers, row by row.
pub type Tensors = BTreeMap<String, (Vec<usize>, Vec<f64>)>;

/// Numbers in (−1, 1) that differ from each other, the same in every run.
pub struct Draw(u64);

impl Draw {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn number(&mut self) -> f64 {
        // Knuth's MMIX constants; the upper bits are the good ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 32) as f64 / f64::from(1_u32 << 31) - 1.0
    }

    pub fn numbers(&mut self, n: usize) -> Vec<f64> {
        (0..n).map(|_| self.number()).collect()
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// U(Wx + b).
    Linear,
    /// Three layers with biases.
    DeepRelu,
    /// Two layers, kernels stored (in, out).
    InOut,
    /// Softmax attention over three tokens, with biases.
    Attention { heads: usize },
}

pub const SHAPES: [Shape; 5] = [
    Shape::Linear,
    Shape::DeepRelu,
    Shape::InOut,
    Shape::Attention { heads: 1 },
    Shape::Attention { heads: 2 },
];

/// Width of a token, and of a head.
const WIDTH: usize = 5;
const HEAD: usize = 2;
const TOKENS: usize = 3;

impl Shape {
    pub fn tensors(self, draw: &mut Draw) -> Tensors {
        let shapes: Vec<(&str, Vec<usize>)> = match self {
            Self::Linear => vec![
                ("up.weight", vec![4, 3]),
                ("down.weight", vec![3, 5]),
                ("down.bias", vec![3]),
            ],
            Self::DeepRelu => vec![
                ("fc1.weight", vec![6, 4]),
                ("fc1.bias", vec![6]),
                ("fc2.weight", vec![5, 6]),
                ("fc2.bias", vec![5]),
                ("fc3.weight", vec![3, 5]),
                ("fc3.bias", vec![3]),
            ],
            Self::InOut => vec![
                ("dense1.kernel", vec![4, 6]),
                ("dense1.bias", vec![6]),
                ("dense2.kernel", vec![6, 3]),
            ],
            Self::Attention { heads } => {
                let inner = heads * HEAD;
                vec![
                    ("q.weight", vec![inner, WIDTH]),
                    ("q.bias", vec![inner]),
                    ("k.weight", vec![inner, WIDTH]),
                    ("k.bias", vec![inner]),
                    ("v.weight", vec![inner, WIDTH]),
                    ("v.bias", vec![inner]),
                    ("o.weight", vec![WIDTH, inner]),
                ]
            }
        };
        shapes
            .into_iter()
            .enumerate()
            .map(|(i, (name, shape))| {
                // Layers of different sizes, so that there is something to balance.
                let scale = [2.0, 0.5, 0.7, 1.5][i % 4];
                let n = shape.iter().product();
                let numbers = draw.numbers(n).into_iter().map(|x| scale * x).collect();
                (name.to_owned(), (shape, numbers))
            })
            .collect()
    }

    pub fn inputs(self) -> usize {
        match self {
            Self::Linear => 5,
            Self::DeepRelu | Self::InOut => 4,
            Self::Attention { .. } => TOKENS * WIDTH,
        }
    }

    pub fn outputs(self) -> usize {
        match self {
            Self::Linear => 4,
            Self::DeepRelu | Self::InOut => 3,
            Self::Attention { .. } => TOKENS * WIDTH,
        }
    }

    pub fn network(self) -> String {
        let pairs = match self {
            Self::Linear => {
                r#"{ "kind": "linear", "up": "up.weight", "down": "down.weight", "bias": "down.bias" }"#
                    .to_owned()
            }
            Self::DeepRelu => r#"
                { "kind": "relu", "up": "fc2.weight", "down": "fc1.weight", "bias": "fc1.bias" },
                { "kind": "relu", "up": "fc3.weight", "down": "fc2.weight", "bias": "fc2.bias" }"#
                .to_owned(),
            Self::InOut => {
                r#"{ "kind": "relu", "up": "dense2.kernel", "down": "dense1.kernel", "bias": "dense1.bias" }"#
                    .to_owned()
            }
            Self::Attention { heads } => format!(
                r#"{{ "kind": "attention", "name": "attn", "heads": {heads},
                    "query": "q.weight", "query_bias": "q.bias", "key": "k.weight", "key_bias": "k.bias",
                    "value": "v.weight", "value_bias": "v.bias", "output": "o.weight" }}"#
            ),
        };
        let layout = match self {
            Self::InOut => r#""layout": "in-out","#,
            _ => "",
        };
        network(layout, &pairs)
    }

    /// The outputs for one input, in any number system.
    pub fn forward<T: DualNum<Primitive = f64> + Copy>(
        self,
        tensors: &BTreeMap<String, Vec<T>>,
        x: &[f64],
    ) -> Vec<T> {
        let x: Vec<T> = x.iter().map(|x| T::from(*x)).collect();
        let get = |name: &str| tensors[name].as_slice();
        match self {
            Self::Linear => {
                let h = affine(get("down.weight"), Some(get("down.bias")), &x);
                affine(get("up.weight"), None, &h)
            }
            Self::DeepRelu => {
                let h = relu(affine(get("fc1.weight"), Some(get("fc1.bias")), &x));
                let h = relu(affine(get("fc2.weight"), Some(get("fc2.bias")), &h));
                affine(get("fc3.weight"), Some(get("fc3.bias")), &h)
            }
            Self::InOut => {
                let h = affine(
                    &transposed(get("dense1.kernel"), 4),
                    Some(get("dense1.bias")),
                    &x,
                );
                affine(&transposed(get("dense2.kernel"), 6), None, &relu(h))
            }
            Self::Attention { heads } => {
                let all = |part: &str| -> Vec<Vec<T>> {
                    let (weight, bias) = (format!("{part}.weight"), format!("{part}.bias"));
                    x.chunks(WIDTH)
                        .map(|token| affine(get(&weight), Some(get(&bias)), token))
                        .collect()
                };
                let (q, k, v) = (all("q"), all("k"), all("v"));
                let mixed = q.iter().flat_map(|q| {
                    let heads = (0..heads).flat_map(|head| {
                        let own = head * HEAD..(head + 1) * HEAD;
                        let scores = k
                            .iter()
                            .map(|k| inner(&q[own.clone()], &k[own.clone()]).exp());
                        let scores: Vec<T> = scores.collect();
                        let total = scores.iter().fold(T::from(0.0), |a, b| a + *b);
                        let own_v = |j: usize| {
                            let terms = scores.iter().zip(&v).map(|(s, v)| *s / total * v[j]);
                            terms.fold(T::from(0.0), |a, b| a + b)
                        };
                        own.map(own_v).collect::<Vec<T>>()
                    });
                    let heads: Vec<T> = heads.collect();
                    affine(get("o.weight"), None, &heads)
                });
                mixed.collect()
            }
        }
    }
}

/// A network-1 text with a strength.
pub fn network(layout: &str, pairs: &str) -> String {
    format!(
        r#"{{ "format": "noise-equilibrium/network-1", {layout}
            "strength": {{ "gamma": "1/256", "sigma2": "1/64" }}, "pairs": [{pairs}] }}"#
    )
}

fn inner<T: DualNum<Primitive = f64> + Copy>(a: &[T], b: &[T]) -> T {
    a.iter()
        .zip(b)
        .fold(T::from(0.0), |sum, (a, b)| sum + *a * *b)
}

fn affine<T: DualNum<Primitive = f64> + Copy>(weight: &[T], bias: Option<&[T]>, x: &[T]) -> Vec<T> {
    let rows = weight.chunks(x.len()).map(|row| inner(row, x)).enumerate();
    rows.map(|(i, y)| bias.map_or(y, |bias| y + bias[i]))
        .collect()
}

fn relu<T: DualNum<Primitive = f64> + Copy>(xs: Vec<T>) -> Vec<T> {
    let positive = |x: T| if x.re() > 0.0 { x } else { T::from(0.0) };
    xs.into_iter().map(positive).collect()
}

fn transposed<T: Copy>(kernel: &[T], rows: usize) -> Vec<T> {
    let cols = kernel.len() / rows;
    (0..cols)
        .flat_map(|j| (0..rows).map(move |i| kernel[i * cols + j]))
        .collect()
}

/// The outputs for one input.
pub fn outputs(shape: Shape, tensors: &Tensors, x: &[f64]) -> Vec<f64> {
    let plain = tensors
        .iter()
        .map(|(name, (_, xs))| (name.clone(), xs.clone()));
    shape.forward(&plain.collect(), x)
}

/// For each number of each tensor the derivatives of the outputs for one input.
pub fn derivatives(shape: Shape, tensors: &Tensors, x: &[f64]) -> BTreeMap<String, Vec<Vec<f64>>> {
    let mut duals: BTreeMap<String, Vec<Dual64>> = tensors
        .iter()
        .map(|(name, (_, xs))| (name.clone(), xs.iter().map(|x| Dual64::from(*x)).collect()))
        .collect();
    let mut all = BTreeMap::new();
    for (name, (_, xs)) in tensors {
        let mut own = Vec::new();
        for i in 0..xs.len() {
            duals.get_mut(name).expect("a tensor")[i].eps = 1.0;
            own.push(shape.forward(&duals, x).iter().map(|y| y.eps).collect());
            duals.get_mut(name).expect("a tensor")[i].eps = 0.0;
        }
        all.insert(name.clone(), own);
    }
    all
}

/// Inputs and targets of N samples.
pub struct Data {
    pub inputs: Vec<Vec<f64>>,
    pub targets: Vec<Vec<f64>>,
}

impl Data {
    pub fn new(shape: Shape, n: usize, draw: &mut Draw) -> Self {
        Self {
            inputs: (0..n).map(|_| draw.numbers(shape.inputs())).collect(),
            targets: (0..n).map(|_| draw.numbers(shape.outputs())).collect(),
        }
    }

    /// Per-sample gradients of ½‖f − y‖², of shape (N, shape).
    pub fn gradients(&self, shape: Shape, tensors: &Tensors) -> Tensors {
        let mut all: Tensors = tensors
            .iter()
            .map(|(name, (shape, _))| {
                let with_samples = [&[self.inputs.len()], shape.as_slice()].concat();
                (name.clone(), (with_samples, Vec::new()))
            })
            .collect();
        for (x, y) in self.inputs.iter().zip(&self.targets) {
            let f = outputs(shape, tensors, x);
            for (name, rows) in derivatives(shape, tensors, x) {
                let gradient = rows.iter().map(|row| {
                    let terms = row.iter().zip(f.iter().zip(y));
                    terms.map(|(d, (f, y))| d * (f - y)).sum::<f64>()
                });
                all.get_mut(&name).expect("a tensor").1.extend(gradient);
            }
        }
        all
    }
}

/// A `.safetensors` file.
pub fn file(tensors: &Tensors) -> Vec<u8> {
    let bytes: Vec<(&String, &Vec<usize>, Vec<u8>)> = tensors
        .iter()
        .map(|(name, (shape, xs))| {
            (
                name,
                shape,
                xs.iter().flat_map(|x| x.to_le_bytes()).collect(),
            )
        })
        .collect();
    serialize(bytes.iter().map(|(name, shape, bytes)| {
        (
            name.as_str(),
            Dtype::F64,
            shape.as_slice(),
            bytes.as_slice(),
        )
    }))
}

/// A `.safetensors` file with metadata.
pub fn serialize<'a>(
    tensors: impl IntoIterator<Item = (&'a str, Dtype, &'a [usize], &'a [u8])>,
) -> Vec<u8> {
    let views = tensors.into_iter().map(|(name, dtype, shape, bytes)| {
        let view = TensorView::new(dtype, shape.to_vec(), bytes);
        (name, view.expect("a tensor"))
    });
    let metadata = HashMap::from([("format".to_owned(), "pt".to_owned())]);
    safetensors::serialize(views.collect::<Vec<_>>(), Some(metadata)).expect("a file")
}

/// The tensors of a file of doubles.
pub fn tensors(file: &[u8]) -> Tensors {
    let read = SafeTensors::deserialize(file).expect("a file");
    let all = read.iter().map(|(name, view)| {
        let numbers = view
            .data()
            .as_chunks()
            .0
            .iter()
            .map(|b| f64::from_le_bytes(*b));
        (name.to_owned(), (view.shape().to_vec(), numbers.collect()))
    });
    all.collect()
}

/// The header of a file, with its length.
pub fn header(file: &[u8]) -> (usize, Metadata) {
    SafeTensors::read_metadata(file).expect("a file")
}

/// The library's `balance`, on files of doubles.
pub fn balanced(checkpoint: &Tensors, network: &str, gradients: &Tensors) -> Balanced {
    let network = read_architecture(network).expect("a network");
    balance(&file(checkpoint), &network, &file(gradients), |_, _| ()).expect("balanced")
}
