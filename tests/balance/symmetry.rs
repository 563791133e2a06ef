//! T1 as it is judged: gradients in rounded arithmetic of a network that has the symmetry
//! pass, those of one that only looks like it do not, however few the samples.

use crate::network::{Data, Draw, Shape, Tensors, network, serialize};
use crate::program::{Inputs, assert_refused};
use half::{bf16, f16};
use noise_equilibrium::checkpoint::{
    Balanced, CheckpointError, PairStatus, Verdict, balance, read_architecture,
};
use safetensors::Dtype;

const PAIR: &str = r#"{ "kind": "relu", "up": "up", "down": "down", "bias": "bias" }"#;
const OUT: [&str; 2] = ["--out", "new.safetensors"];

/// What a layer of units does, and its derivative.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Activation {
    Relu,
    LeakyRelu,
    Relu6,
    Tanh,
    Silu,
    Gelu,
    /// Of this sharpness: further from its kink, closer to ReLU.
    Softplus(f64),
}

impl Activation {
    fn at(self, a: f64) -> (f64, f64) {
        let sigmoid = |x: f64| 1.0 / (1.0 + libm::exp(-x));
        match self {
            Self::Relu => (a.max(0.0), f64::from(a > 0.0)),
            Self::LeakyRelu if a > 0.0 => (a, 1.0),
            Self::LeakyRelu => (0.125 * a, 0.125),
            Self::Relu6 => (a.clamp(0.0, 6.0), f64::from(a > 0.0 && a < 6.0)),
            Self::Tanh => (libm::tanh(a), 1.0 - libm::pow(libm::tanh(a), 2.0)),
            Self::Silu => {
                let s = sigmoid(a);
                (a * s, s + a * s * (1.0 - s))
            }
            Self::Gelu => {
                let below = 0.5 * libm::erfc(-a / std::f64::consts::SQRT_2);
                let density = libm::exp(-0.5 * a * a) / libm::sqrt(2.0 * std::f64::consts::PI);
                (a * below, below + a * density)
            }
            Self::Softplus(sharp) => (
                libm::log1p(libm::exp(-(sharp * a).abs())) / sharp + a.max(0.0),
                sigmoid(sharp * a),
            ),
        }
    }
}

/// A number as it is stored in this type.
fn stored(dtype: Dtype, x: f64) -> f64 {
    match dtype {
        Dtype::F16 => f16::from_f64(x).to_f64(),
        Dtype::BF16 => bf16::from_f64(x).to_f64(),
        Dtype::F32 => f64::from(x as f32),
        _ => x,
    }
}

/// A sum of products as hardware has it: factors in their type, added in single precision.
fn inner(dtype: Dtype, pairs: impl Iterator<Item = (f64, f64)>) -> f64 {
    let added = |sum, (x, y)| match dtype {
        Dtype::F64 => sum + x * y,
        _ => f64::from((sum + stored(dtype, x) * stored(dtype, y)) as f32),
    };
    stored(dtype, pairs.fold(0.0, added))
}

/// f = U φ(Wx + b) with the loss ½|f − y|², and a second reader V of the hidden units that
/// the pair does not name, whose loss has the weight `second`.
#[derive(Clone, Copy, Debug)]
struct Setting {
    activation: Activation,
    width: usize,
    samples: usize,
    /// How far from 0 the inputs and U's numbers are.
    size: f64,
    up: f64,
    /// The weights' type, and that in which the gradients are computed.
    dtype: Dtype,
    computed: Dtype,
    second: f64,
}

const INPUTS: usize = 12;
const OUTPUTS: usize = 5;

impl Setting {
    fn new(activation: Activation, dtype: Dtype) -> Self {
        Self {
            activation,
            width: 48,
            samples: 24,
            size: 1.0,
            up: 0.4,
            dtype,
            computed: dtype,
            second: 0.0,
        }
    }

    /// The tensors and their per-sample gradients.
    fn make(self) -> (Tensors, Tensors) {
        let width = self.width;
        let mut draw = Draw::new(5);
        let shapes = [
            ("up", vec![OUTPUTS, width], self.up),
            ("down", vec![width, INPUTS], 1.0),
            ("bias", vec![width], 0.5),
        ];
        let tensors: Tensors = shapes
            .into_iter()
            .map(|(name, shape, size)| {
                let draws = draw.numbers(shape.iter().product()).into_iter();
                let xs = draws.map(|x| stored(self.dtype, size * x)).collect();
                (name.to_owned(), (shape, xs))
            })
            .collect();
        let gradients = self.gradients(&tensors, draw);
        (tensors, gradients)
    }

    /// The gradients of each sample at these tensors.
    fn gradients(self, tensors: &Tensors, mut draw: Draw) -> Tensors {
        let (width, dtype) = (self.width, self.computed);
        let [up, down, bias] = ["up", "down", "bias"].map(|name| tensors[name].1.clone());
        let mut numbers = |n: usize, size: f64| -> Vec<f64> {
            let draws = draw.numbers(n).into_iter();
            draws.map(|x| stored(self.dtype, size * x)).collect()
        };
        let other = numbers(OUTPUTS * width, 0.4);
        let mut gradients = [Vec::new(), Vec::new(), Vec::new()];
        for _ in 0..self.samples {
            let x = numbers(INPUTS, self.size);
            let y = numbers(OUTPUTS, 1.0);
            let row = |m: &[f64], j: usize| m[j * INPUTS..(j + 1) * INPUTS].to_vec();
            let hidden: Vec<(f64, f64)> = (0..width)
                .map(|j| {
                    let a = inner(dtype, row(&down, j).into_iter().zip(x.iter().copied()));
                    let (h, slope) = self.activation.at(stored(dtype, a + bias[j]));
                    (stored(dtype, h), stored(dtype, slope))
                })
                .collect();
            let behind = |m: &[f64], weight: f64| -> Vec<f64> {
                let out = |k: usize| {
                    let units = hidden.iter().enumerate();
                    inner(dtype, units.map(|(j, (h, _))| (m[k * width + j], *h)))
                };
                (0..OUTPUTS)
                    .map(|k| stored(dtype, weight * (out(k) - y[k])))
                    .collect()
            };
            let (delta, second) = (behind(&up, 1.0), behind(&other, self.second));
            for g in &delta {
                gradients[0].extend(hidden.iter().map(|(h, _)| stored(dtype, g * h)));
            }
            for (j, (_, slope)) in hidden.iter().enumerate() {
                let column = |m: &[f64], d: &[f64]| {
                    let terms = (0..OUTPUTS).map(|k| (m[k * width + j], d[k]));
                    inner(dtype, terms.collect::<Vec<_>>().into_iter())
                };
                let back = stored(dtype, column(&up, &delta) + column(&other, &second));
                let back = stored(dtype, back * slope);
                gradients[1].extend(x.iter().map(|x| stored(dtype, back * stored(dtype, *x))));
                gradients[2].push(back);
            }
        }
        let named = ["up", "down", "bias"].into_iter().zip(gradients);
        named
            .map(|(name, xs)| {
                let shape = std::iter::once(self.samples).chain(tensors[name].0.iter().copied());
                (name.to_owned(), (shape.collect(), xs))
            })
            .collect()
    }

    fn balance(self, head: &str) -> Result<Balanced, CheckpointError> {
        let (tensors, gradients) = self.make();
        let network = read_architecture(&network(head, PAIR)).expect("a network");
        let (checkpoint, gradients) = (file(&tensors, self.dtype), file(&gradients, Dtype::F32));
        balance(&checkpoint, &network, &gradients, |_, _| ())
    }
}

fn file(tensors: &Tensors, dtype: Dtype) -> Vec<u8> {
    let bytes: Vec<Vec<u8>> = tensors
        .values()
        .map(|(_, xs)| {
            let bytes = xs.iter().map(|&x| match dtype {
                Dtype::F16 => f16::from_f64(x).to_le_bytes().to_vec(),
                Dtype::BF16 => bf16::from_f64(x).to_le_bytes().to_vec(),
                Dtype::F32 => (x as f32).to_le_bytes().to_vec(),
                _ => x.to_le_bytes().to_vec(),
            });
            bytes.collect::<Vec<_>>().concat()
        })
        .collect();
    let named = tensors.iter().zip(&bytes);
    serialize(named.map(|((name, (shape, _)), bytes)| {
        (name.as_str(), dtype, shape.as_slice(), bytes.as_slice())
    }))
}

fn refused(setting: Setting, head: &str) -> String {
    let error = setting.balance(head).map(|result| result.report);
    let message = error.expect_err(&format!("{setting:?}")).to_string();
    assert!(message.contains("T1 fails by"), "{setting:?}: {message}");
    message
}

/// Right networks, narrow and wide, for few samples and many: what is left of T1 is
/// rounding, and nothing is to be warned of but units that changed.
#[test]
fn rounding_is_no_defect() {
    for activation in [Activation::Relu, Activation::LeakyRelu] {
        for (width, samples) in [(4, 2), (48, 24), (1024, 6), (48, 400)] {
            let setting = Setting {
                width,
                samples,
                ..Setting::new(activation, Dtype::F32)
            };
            let report = setting.balance("").expect("accepted").report;
            let symmetry = report.pairs[0].symmetry;
            assert_eq!(symmetry.precision, "float32");
            // Not only below the bound: within reach of it, or it would notice nothing.
            assert!(
                symmetry.defect > 0.0 && symmetry.explained < 1e-4,
                "{setting:?}: {symmetry:?}"
            );
            // A unit that no sample reaches is dead, and said to be.
            let other = |warning: &&String| {
                !warning.contains("are multiplied") && !warning.contains("say nothing of")
            };
            assert_eq!(report.warnings.iter().find(other), None, "{setting:?}");
        }
    }
}

/// A reader of the layer that the network's file forgets, at any weight.
#[test]
fn a_forgotten_reader_is_noticed() {
    for second in [1.0, 0.01, 0.001, 1e-4] {
        for (width, samples) in [(48, 24), (1024, 6)] {
            let setting = Setting {
                second,
                width,
                samples,
                ..Setting::new(Activation::Relu, Dtype::F32)
            };
            refused(setting, "");
        }
    }
}

/// Smooth activations far from their bend are nearly ReLU.
#[test]
fn another_activation_is_noticed() {
    let others = [
        Activation::Tanh,
        Activation::Silu,
        Activation::Gelu,
        Activation::Softplus(1.0),
        Activation::Softplus(20.0),
    ];
    for activation in others {
        for size in [1.0, 8.0] {
            for dtype in [Dtype::F64, Dtype::F32, Dtype::F16, Dtype::BF16] {
                let setting = Setting {
                    size,
                    ..Setting::new(activation, dtype)
                };
                // In half precision a sharp softplus cannot be told from ReLU: said below.
                let half = matches!(dtype, Dtype::F16 | Dtype::BF16);
                if half && activation == Activation::Softplus(20.0) {
                    continue;
                }
                refused(setting, "");
            }
        }
    }
}

/// The natural mistake: an optimiser's gradient with an axis added.
#[test]
fn one_sample_is_judged_by_itself() {
    for activation in [Activation::Tanh, Activation::Silu, Activation::Gelu] {
        let setting = Setting {
            samples: 1,
            ..Setting::new(activation, Dtype::F32)
        };
        refused(setting, "");
    }
}

/// As many rows as one likes, all the same.
fn repeated(gradients: &Tensors, times: usize) -> Tensors {
    let mut gradients = gradients.clone();
    for (shape, xs) in gradients.values_mut() {
        shape[0] = times;
        *xs = xs.repeat(times);
    }
    gradients
}

#[test]
fn gradients_that_do_not_vary_are_no_noise() {
    let setting = Setting {
        samples: 1,
        ..Setting::new(Activation::Relu, Dtype::F32)
    };
    let (tensors, gradients) = setting.make();
    let checkpoint = file(&tensors, Dtype::F32);
    for times in [1, 2, 7] {
        let gradients = file(&repeated(&gradients, times), Dtype::F32);
        let with_decay = network("", PAIR);
        let parsed = read_architecture(&with_decay).expect("a network");
        let result = balance(&checkpoint, &parsed, &gradients, |_, _| ()).expect("weight decay");
        let said = format!(
            "up, down: no noise on either side: the gradients are the same in all samples ({times})"
        );
        assert!(
            result.report.warnings[0].starts_with(&said),
            "{:?}",
            result.report.warnings
        );
        let without = with_decay.replace("1/256", "0");
        let inputs = Inputs::new(&checkpoint, &without, &gradients);
        let parts: &[&str] = &["up, down: no noise", "gamma is 0", ".grad"];
        assert_refused("γ = 0", &inputs, &inputs.run(&OUT), parts);
    }
    // The control: two samples that differ are noise.
    let (tensors, gradients) = Setting {
        samples: 2,
        ..setting
    }
    .make();
    let text = network("", PAIR).replace("1/256", "0");
    let network = read_architecture(&text).expect("a network");
    let (checkpoint, gradients) = (file(&tensors, Dtype::F32), file(&gradients, Dtype::F32));
    let result = balance(&checkpoint, &network, &gradients, |_, _| ()).expect("noise");
    assert!(
        !result
            .report
            .warnings
            .iter()
            .any(|x| x.contains("no noise"))
    );
}

/// float32 gradients of a right network under bfloat16 autocast: refused until their
/// precision is stated, and then accepted with a word.
#[test]
fn a_coarser_precision_is_stated_and_said() {
    let setting = Setting {
        computed: Dtype::BF16,
        ..Setting::new(Activation::Relu, Dtype::F32)
    };
    let message = refused(setting, "");
    assert!(message.contains("rounding in float32"), "{message}");
    let report = setting
        .balance(r#""gradients_dtype": "bfloat16","#)
        .expect("accepted")
        .report;
    assert_eq!(report.pairs[0].symmetry.precision, "bfloat16");
    let said = |report: &noise_equilibrium::checkpoint::Report| {
        let coarse = "up, down: accepted only because the precision is bfloat16";
        report.warnings.iter().any(|x| x.starts_with(coarse))
    };
    assert!(said(&report), "{:?}", report.warnings);
    // A coarse checkpoint states it by its own type.
    let own = Setting::new(Activation::Relu, Dtype::BF16);
    assert!(said(&own.balance("").expect("accepted").report));
    // Gradients that single precision explains need no such word.
    let fine = Setting::new(Activation::Relu, Dtype::F32);
    let report = fine
        .balance(r#""gradients_dtype": "bfloat16","#)
        .expect("accepted")
        .report;
    assert!(!said(&report), "{:?}", report.warnings);
    // A coarser precision is no licence.
    let wrong = Setting {
        activation: Activation::Gelu,
        ..setting
    };
    refused(wrong, r#""gradients_dtype": "bfloat16","#);
    // A sharp softplus lies within it: said too.
    let near = Setting {
        activation: Activation::Softplus(200.0),
        ..setting
    };
    let report = near.balance(r#""gradients_dtype": "bfloat16","#);
    assert!(said(&report.expect("accepted").report));
}

#[test]
fn a_precision_that_there_is_not() {
    let setting = Setting::new(Activation::Relu, Dtype::F32);
    let (tensors, gradients) = setting.make();
    let text = network(r#""gradients_dtype": "fp8","#, PAIR);
    let (checkpoint, gradients) = (file(&tensors, Dtype::F32), file(&gradients, Dtype::F32));
    let inputs = Inputs::new(&checkpoint, &text, &gradients);
    let parts: &[&str] = &[
        "gradients_dtype: expected one of float64, float32, tf32, float16, bfloat16, found \"fp8\"",
    ];
    assert_refused("fp8", &inputs, &inputs.run(&OUT), parts);
}

/// No sample reaches the second kink of ReLU6 before the move, or the values below which
/// another activation would be 0: T1 cannot see either.
#[test]
fn units_that_change_are_named() {
    for (up, grows) in [(4.0, true), (0.05, false)] {
        let setting = Setting {
            size: 0.25,
            up,
            ..Setting::new(Activation::Relu6, Dtype::F32)
        };
        let result = setting.balance("").expect("nothing to see");
        assert_eq!(result.report.status, Verdict::Balanced);
        let said = result.report.warnings.iter();
        let said = said.clone().find(|x| x.contains("are multiplied"));
        let said = said.expect("a warning");
        assert!(
            said.contains("ReLU6") && said.starts_with("up, down: the hidden values of"),
            "{said}"
        );
        // What it says is what happened: W → P⁻¹W.
        let factor = result.report.pairs[0].factor;
        let most = if grows {
            factor.smallest
        } else {
            factor.largest
        };
        assert_eq!(1.0 / most > 1.1, grows);
        assert!(said.contains(&format!("by {:.3e}", 1.0 / most)), "{said}");
    }
}

/// A linear pair over ReLU whose units are positive in all samples.
#[test]
fn mixed_units_are_said() {
    let setting = Setting {
        width: 3,
        ..Setting::new(Activation::Relu, Dtype::F64)
    };
    let (mut tensors, _) = setting.make();
    for x in &mut tensors.get_mut("bias").expect("a tensor").1 {
        *x += 100.0;
    }
    let draw = Draw::new(5);
    let gradients = setting.gradients(&tensors, draw);
    let pair = PAIR.replace("relu", "linear");
    let parsed = read_architecture(&network("", &pair)).expect("a network");
    let (checkpoint, gradients) = (file(&tensors, Dtype::F64), file(&gradients, Dtype::F64));
    let result = balance(&checkpoint, &parsed, &gradients, |_, _| ());
    let result = result.expect("linear in all samples");
    let said = "the hidden values of 1 linear pairs are mixed (up, down)";
    let warnings = &result.report.warnings;
    assert!(warnings.iter().any(|x| x.starts_with(said)), "{warnings:?}");
}

/// Units, and pairs, without any gradient: nothing shows their symmetry.
#[test]
fn what_no_gradient_shows_is_said() {
    let setting = Setting::new(Activation::Relu, Dtype::F32);
    let (tensors, mut gradients) = setting.make();
    let width = setting.width;
    let dead = [3, 7];
    for (name, columns) in [("up", OUTPUTS), ("down", INPUTS), ("bias", 1)] {
        let xs = &mut gradients.get_mut(name).expect("a tensor").1;
        for (k, x) in xs.iter_mut().enumerate() {
            let unit = match name {
                "up" => k % width,
                _ => k / columns % width,
            };
            if dead.contains(&unit) {
                *x = 0.0;
            }
        }
    }
    let text = network("", PAIR);
    let parsed = read_architecture(&text).expect("a network");
    let checkpoint = file(&tensors, Dtype::F32);
    let some = file(&gradients, Dtype::F32);
    let result = balance(&checkpoint, &parsed, &some, |_, _| ()).expect("accepted");
    let said = "up, down: the gradients say nothing of the symmetry of 2 of 48 units that move, since they are 0 in every sample (unit 3, 7)";
    let warnings = &result.report.warnings;
    assert!(warnings.iter().any(|x| x.starts_with(said)), "{warnings:?}");
    gradients.values_mut().for_each(|(_, xs)| xs.fill(0.0));
    let inputs = Inputs::new(&checkpoint, &text, &file(&gradients, Dtype::F32));
    let parts: &[&str] = &["up, down: all gradients are 0 in all samples (24)"];
    assert_refused("no gradients", &inputs, &inputs.run(&OUT), parts);
}

/// The sum over many positions rounds once for each of them: stated, it is explained.
#[test]
fn positions_are_stated() {
    let setting = Setting::new(Activation::Relu, Dtype::F32);
    let (tensors, mut gradients) = setting.make();
    // Each number off by forty roundings, as after a sum over some thousand positions.
    let mut sign = Draw::new(9);
    for x in gradients.values_mut().flat_map(|(_, xs)| xs) {
        *x *= 1.0 + 40.0 * f64::from(f32::EPSILON) * sign.number();
    }
    let (checkpoint, gradients) = (file(&tensors, Dtype::F32), file(&gradients, Dtype::F32));
    let run = |positions: &str| {
        let pair = PAIR.replace("\"up\":", &format!("{positions}\"up\":"));
        let parsed = read_architecture(&network("", &pair)).expect("a network");
        balance(&checkpoint, &parsed, &gradients, |_, _| ()).map(|result| result.report)
    };
    let message = run("").expect_err("refused").to_string();
    assert!(message.contains("at many positions"), "{message}");
    let report = run(r#""positions": 4096, "#).expect("accepted");
    assert!(report.pairs[0].symmetry.explained < 1e-4);
    let zero = network("", &PAIR.replace("\"up\":", "\"positions\": 0, \"up\":"));
    let message = read_architecture(&zero).expect_err("refused").to_string();
    assert_eq!(message, "pairs[0].positions: expected at least 1, found 0");
}

/// The same sample again and again, computed in another order each time.
#[test]
fn rounding_is_no_noise() {
    let setting = Setting {
        samples: 1,
        ..Setting::new(Activation::Relu, Dtype::F32)
    };
    let (tensors, gradients) = setting.make();
    let mut gradients = repeated(&gradients, 7);
    let mut sign = Draw::new(9);
    for x in gradients.values_mut().flat_map(|(_, xs)| xs) {
        *x = stored(
            Dtype::F32,
            *x * (1.0 + f64::from(f32::EPSILON) * sign.number()),
        );
    }
    let text = network("", PAIR).replace("1/256", "0");
    let inputs = Inputs::new(
        &file(&tensors, Dtype::F32),
        &text,
        &file(&gradients, Dtype::F32),
    );
    let parts: &[&str] = &["up, down: no noise", "up to rounding"];
    assert_refused("rounding", &inputs, &inputs.run(&OUT), parts);
}

/// A head of which the gradients are small beside another's has its own noise.
#[test]
fn a_small_head_has_noise() {
    let shape = Shape::Attention { heads: 2 };
    let mut draw = Draw::new(4);
    let mut tensors = shape.tensors(&mut draw);
    let (shape_of_o, xs) = tensors.get_mut("o.weight").expect("a tensor");
    let columns = shape_of_o[1];
    for (k, x) in xs.iter_mut().enumerate() {
        if k % columns >= columns / 2 {
            *x *= 1e-3;
        }
    }
    let data = Data::new(shape, 12, &mut draw);
    let gradients = file(&data.gradients(shape, &tensors), Dtype::F64);
    let coarse = shape.network().replace("1/256", "0").replace(
        "\"strength\"",
        "\"gradients_dtype\": \"bfloat16\", \"strength\"",
    );
    let network = read_architecture(&coarse).expect("a network");
    let checkpoint = file(&tensors, Dtype::F64);
    let result = balance(&checkpoint, &network, &gradients, |_, _| ());
    let report = result.expect("noise in both heads").report;
    assert_eq!(report.pairs.len(), 4);
    assert!(!report.warnings.iter().any(|x| x.contains("no noise")));
}

/// Only one side has noise, and there is no weight decay: no unit has an equilibrium.
#[test]
fn nothing_moved_is_not_balanced() {
    let setting = Setting::new(Activation::Relu, Dtype::F32);
    let (mut tensors, mut gradients) = setting.make();
    tensors.get_mut("up").expect("a tensor").1.fill(0.0);
    for name in ["down", "bias"] {
        gradients.get_mut(name).expect("a tensor").1.fill(0.0);
    }
    let text = network("", PAIR).replace("1/256", "0");
    let parsed = read_architecture(&text).expect("a network");
    let (checkpoint, gradients) = (file(&tensors, Dtype::F32), file(&gradients, Dtype::F32));
    let result = balance(&checkpoint, &parsed, &gradients, |_, _| ()).expect("a report");
    assert_eq!(result.report.status, Verdict::NothingMoved);
    assert_eq!(result.report.pairs[0].status, PairStatus::Unbounded);
    assert!(result.checkpoint.is_none());
    let inputs = Inputs::new(&checkpoint, &text, &gradients);
    let output = inputs.run(&["--out", "new.safetensors", "--report", "report.json"]);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("nothing moved"), "{error}");
    assert!(!inputs.path().join("new.safetensors").exists());
    let report = std::fs::read_to_string(inputs.path().join("report.json")).expect("a report");
    assert!(report.contains(r#""status": "nothing-moved""#), "{report}");
}
