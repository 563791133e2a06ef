//! Every bad input ends with exit code 2, one line, and no file.

use crate::network::{Data, Draw, Shape, Tensors, file, network, serialize};
use crate::program::{Inputs, assert_refused};
use safetensors::Dtype;
use std::fs;

struct Good {
    before: Tensors,
    gradients: Tensors,
    network: String,
}

fn good() -> Good {
    let mut draw = Draw::new(2);
    let shape = Shape::DeepRelu;
    let before = shape.tensors(&mut draw);
    let gradients = Data::new(shape, 6, &mut draw).gradients(shape, &before);
    let network = shape.network();
    Good {
        before,
        gradients,
        network,
    }
}

impl Good {
    fn inputs(&self) -> Inputs {
        Inputs::new(&file(&self.before), &self.network, &file(&self.gradients))
    }
}

/// What is wrong with one tensor: its shape or its numbers.
type Change<'a> = &'a dyn Fn(&mut (Vec<usize>, Vec<f64>));

const OUT: [&str; 2] = ["--out", "new.safetensors"];
const PAIR: &str =
    r#"{ "kind": "relu", "up": "fc2.weight", "down": "fc1.weight", "bias": "fc1.bias" }"#;

#[test]
fn networks() {
    let pair = |text: &str| network("", text);
    let head = |text: &str| network(text, PAIR);
    let rows: Vec<(String, &[&str])> = vec![
        ("{".into(), &["expected JSON"]),
        ("[]".into(), &["expected an object"]),
        (
            "{}".into(),
            &["format: expected \"noise-equilibrium/network-1\", found none"],
        ),
        (
            r#"{ "format": "noise-equilibrium/problem-1" }"#.into(),
            &["format: expected", "problem-1"],
        ),
        (head(r#""layers": 2,"#), &["unknown field `layers`"]),
        (
            head(r#""layout": "in-out", "layout": "out-in","#),
            &["duplicate field `layout`"],
        ),
        (
            head(r#""layout": "NCHW","#),
            &["layout: expected out-in (PyTorch) or in-out (JAX), found \"NCHW\""],
        ),
        (head(r#""layout": null,"#), &["layout", "null"]),
        (head("").replace("1/64", "-1"), &["sigma2"]),
        (
            head("").replace("\"sigma2\"", "\"sigma\""),
            &["strength", "unknown field `sigma`"],
        ),
        (
            head("").replace("1/64", "1e400"),
            &["strength: beyond the range of double precision"],
        ),
        (
            r#"{ "format": "noise-equilibrium/network-1", "pairs": [] }"#.into(),
            &["strength: missing"],
        ),
        (pair(""), &["pairs: expected at least one, found none"]),
        (pair("3"), &["pairs[0]", "expected an object"]),
        (pair("{}"), &["pairs[0]", "missing field `kind`"]),
        (
            pair(r#"{ "kind": "tanh" }"#),
            &["pairs[0].kind: expected linear, relu or attention, found \"tanh\""],
        ),
        (
            pair(r#"{ "kind": "relu", "down": "fc1.weight" }"#),
            &["pairs[0].up: missing"],
        ),
        (
            pair(r#"{ "kind": "relu", "up": "fc2.weight", "down": "fc1.weight", "heads": 1 }"#),
            &["pairs[0].heads: does not go with kind \"relu\""],
        ),
        (
            pair(r#"{ "kind": "relu", "up": "fc2.weight", "down": "fc1.weight", "gate": "a" }"#),
            &["pairs[0]", "unknown field `gate`"],
        ),
        (
            pair(r#"{ "kind": "attention", "query": "fc1.weight" }"#),
            &["pairs[0].heads: missing"],
        ),
        (
            pair(r#"{ "kind": "attention", "heads": 0 }"#),
            &["pairs[0].heads: expected at least 1, found 0"],
        ),
        (
            pair(r#"{ "kind": "attention", "heads": -1 }"#),
            &["pairs[0].heads", "expected a whole number"],
        ),
        (
            pair(&PAIR.replace("fc2.weight", "fc9.weight")),
            &[
                "pairs[0].up: checkpoint: tensor \"fc9.weight\": expected one of \"fc1.bias\", \"fc1.weight\"",
            ],
        ),
        (
            pair(&PAIR.replace("fc2.weight", "fc3.weight")),
            &[
                "pairs[0].down: expected the inner dimension 5 of pairs[0].up (\"fc3.weight\"), found 6 in \"fc1.weight\"; is the layout right?",
            ],
        ),
        (
            head(r#""layout": "in-out","#),
            &[
                "pairs[0].down: expected the inner dimension 5",
                "is the layout right?",
            ],
        ),
        (
            pair(&PAIR.replace("fc1.bias", "fc2.bias")),
            &[
                "pairs[0].bias: expected the inner dimension 6",
                "found 5 in \"fc2.bias\"",
            ],
        ),
        (
            pair(&PAIR.replace("fc1.bias", "fc1.weight")),
            &[
                "pairs[0].bias: tensor \"fc1.weight\": expected one dimension, found the shape (6, 4)",
            ],
        ),
        (
            pair(&PAIR.replace("\"fc2.weight\"", "\"fc1.bias\"")),
            &[
                "pairs[0].up: tensor \"fc1.bias\": expected two dimensions or more, found the shape (6)",
            ],
        ),
        (
            pair(&format!("{PAIR}, {PAIR}")),
            &["tensor \"fc2.weight\": its axis 1 is already moved by another pair"],
        ),
        // The network is another one than the file says: T1 notices.
        (
            pair(r#"{ "kind": "relu", "up": "fc2.weight", "down": "fc1.weight" }"#),
            &[
                "fc2.weight, fc1.weight: the gradients are not those of a loss with this symmetry (T1 fails by",
                "bias",
            ],
        ),
        (pair(&PAIR.replace("relu", "linear")), &["T1 fails by"]),
    ];
    let mut good = good();
    for (text, parts) in rows {
        good.network = text;
        let inputs = good.inputs();
        let output = inputs.run(&OUT);
        assert_refused(&good.network, &inputs, &output, parts);
    }
}

#[test]
fn tensors_and_gradients() {
    let Good {
        before,
        gradients,
        network,
    } = good();
    let with = |name: &str, change: Change<'_>, tensors: &Tensors| {
        let mut changed = tensors.clone();
        change(changed.get_mut(name).expect("a tensor"));
        file(&changed)
    };
    let without = |name: &str, tensors: &Tensors| {
        let mut changed = tensors.clone();
        changed.remove(name);
        file(&changed)
    };
    let good_net = file(&before);
    let good_grads = file(&gradients);
    let integers = serialize([("fc2.weight", Dtype::I64, &[1_usize, 1][..], &[0_u8; 8][..])]);
    let empty = serialize([("fc2.weight", Dtype::F32, &[0_usize, 6][..], &[][..])]);
    let rows: Vec<(Vec<u8>, Vec<u8>, &[&str])> = vec![
        (
            Vec::new(),
            good_grads.clone(),
            &["checkpoint: expected a .safetensors file, found one that is too short"],
        ),
        (
            b"not a file of tensors".to_vec(),
            good_grads.clone(),
            &["checkpoint: expected a .safetensors file"],
        ),
        (
            good_net[..good_net.len() - 3].to_vec(),
            good_grads.clone(),
            &[
                "checkpoint: expected",
                "bytes of data, as its header says, found",
            ],
        ),
        (
            good_net.clone(),
            good_grads[..100].to_vec(),
            &["gradients: expected a .safetensors file, found one that ends within its header"],
        ),
        (
            without("fc1.bias", &before),
            good_grads.clone(),
            &["pairs[0].bias: checkpoint: tensor \"fc1.bias\": expected one of"],
        ),
        (
            good_net.clone(),
            without("fc1.bias", &gradients),
            &["pairs[0].bias: gradients: tensor \"fc1.bias\": expected one of"],
        ),
        (
            integers,
            good_grads.clone(),
            &[
                "checkpoint: tensor \"fc2.weight\": expected elements of type F16, BF16, F32 or F64, found I64",
            ],
        ),
        (
            with("fc2.weight", &|t| t.1[7] = f64::NAN, &before),
            good_grads.clone(),
            &["checkpoint: tensor \"fc2.weight\": [1][1]: expected a finite number, found NaN"],
        ),
        (
            good_net.clone(),
            with("fc2.weight", &|t| t.1[31] = f64::INFINITY, &gradients),
            &["gradients: tensor \"fc2.weight\": [1][0][1]: expected a finite number, found inf"],
        ),
        (
            good_net.clone(),
            with("fc2.weight", &|t| t.0 = vec![6, 6, 5], &gradients),
            &[
                "gradients: tensor \"fc2.weight\": expected the shape (N, 5, 6) with N samples, found (6, 6, 5)",
            ],
        ),
        (
            good_net.clone(),
            with("fc2.weight", &|t| t.0 = vec![180], &gradients),
            &["expected the shape (N, 5, 6) with N samples, found (180)"],
        ),
        (
            good_net.clone(),
            with(
                "fc1.weight",
                &|t| {
                    t.0[0] = 5;
                    t.1.truncate(5 * 24);
                },
                &gradients,
            ),
            &[
                "gradients: tensor \"fc1.weight\": expected 6 samples, as of \"fc2.weight\", found 5",
            ],
        ),
        (
            good_net.clone(),
            with(
                "fc2.weight",
                &|t| {
                    t.0[0] = 0;
                    t.1.clear();
                },
                &gradients,
            ),
            &["expected the shape (N, 5, 6) with N samples, found (0, 5, 6)"],
        ),
        (
            empty,
            good_grads.clone(),
            &["gradients: tensor \"fc2.weight\""],
        ),
        (
            with("fc2.weight", &|t| t.1[0] = 1e200, &before),
            good_grads.clone(),
            &["beyond the range of double precision"],
        ),
        // Gradients of another point.
        (
            with(
                "fc2.weight",
                &|t| t.1.iter_mut().for_each(|x| *x *= 2.0),
                &before,
            ),
            good_grads.clone(),
            &["T1 fails by"],
        ),
    ];
    for (case, (net, grads, parts)) in rows.into_iter().enumerate() {
        let inputs = Inputs::new(&net, &network, &grads);
        let output = inputs.run(&OUT);
        assert_refused(&format!("case {case}"), &inputs, &output, parts);
    }
}

/// A moved number beyond the range of half precision is not written as an infinity.
#[test]
fn a_result_beyond_its_type_is_refused() {
    // u = (60000, 0), w = 1, and ±: u·∇u = w·∇w = 1, but across u the noise is 10⁶ times
    // that of w, so that u grows by √1000.
    let gradients: Tensors = [
        (
            "up",
            vec![2, 2, 1],
            vec![1.0 / 60000.0, 1000.0, -1.0 / 60000.0, -1000.0],
        ),
        ("down", vec![2, 1, 1], vec![1.0, -1.0]),
    ]
    .into_iter()
    .map(|(name, shape, xs)| (name.to_owned(), (shape, xs)))
    .collect();
    let text =
        network("", r#"{ "kind": "relu", "up": "up", "down": "down" }"#).replace("1/256", "0");
    let half = |x: f64| half::f16::from_f64(x).to_le_bytes();
    let single = |x: f32| x.to_le_bytes();
    let narrow = serialize([
        (
            "up",
            Dtype::F16,
            &[2, 1][..],
            &[half(60000.0), half(0.0)].concat()[..],
        ),
        ("down", Dtype::F16, &[1, 1][..], &half(1.0)[..]),
    ]);
    let wide = serialize([
        (
            "up",
            Dtype::F32,
            &[2, 1][..],
            &[single(60000.0), single(0.0)].concat()[..],
        ),
        ("down", Dtype::F32, &[1, 1][..], &single(1.0)[..]),
    ]);
    let inputs = Inputs::new(&narrow, &text, &file(&gradients));
    let parts: &[&str] =
        &["net.safetensors: tensor \"up\": element 0 would leave the range of F16"];
    assert_refused("half precision", &inputs, &inputs.run(&OUT), parts);
    let inputs = Inputs::new(&wide, &text, &file(&gradients));
    assert_eq!(inputs.run(&OUT).status.code(), Some(0));
}

#[test]
fn places() {
    let good = good();
    let inputs = good.inputs();
    let run = |options: &[&str], parts: &[&str]| {
        let output = inputs.run(options);
        assert_refused(&format!("{options:?}"), &inputs, &output, parts);
    };
    run(
        &["--out", "net.safetensors"],
        &["net.safetensors: --out: expected another file than the checkpoint's"],
    );
    run(
        &["--out", "./net.safetensors"],
        &["--out: expected another file than the checkpoint's"],
    );
    run(
        &["--out", "grads.safetensors"],
        &["--out: expected another file than --gradients's"],
    );
    run(
        &["--out", "network.json"],
        &["--out: expected another file than --network's"],
    );
    run(
        &["--out", "new.safetensors", "--report", "net.safetensors"],
        &["--report: expected another file than the checkpoint's"],
    );
    run(
        &["--out", "new", "--report", "new"],
        &["--report: expected another file than --out's"],
    );
    run(
        &["--out", "no-such-folder/new.safetensors"],
        &["no-such-folder/new.safetensors: No such file"],
    );
    run(&["--out", ".."], &["..: "]);
    fs::copy(
        inputs.path().join("grads.safetensors"),
        inputs.path().join("-"),
    )
    .expect("a file");
    let output = std::process::Command::new(crate::program::PROGRAM)
        .current_dir(inputs.path())
        .args(["balance", "-", "--network", "network.json"])
        .args(["--gradients", "grads.safetensors", "--out", "./-"])
        .output()
        .expect("the program ends");
    fs::remove_file(inputs.path().join("-")).expect("a file");
    assert_refused(
        "a dash",
        &inputs,
        &output,
        &["the checkpoint: expected the name of a file (./- for one of that name)"],
    );
    run(&[], &["--out"]);
    let before = fs::read(inputs.path().join("net.safetensors")).expect("a file");
    assert_eq!(before, file(&good.before));
    fs::remove_file(inputs.path().join("grads.safetensors")).expect("a file");
    let output = inputs.run(&OUT);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(error.contains("grads.safetensors: No such file"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_link_to_the_checkpoint_is_the_checkpoint() {
    let inputs = good().inputs();
    let link = inputs.path().join("link.safetensors");
    std::os::unix::fs::symlink("net.safetensors", &link).expect("a link");
    let output = inputs.run(&["--out", "link.safetensors"]);
    fs::remove_file(link).expect("a link");
    assert_refused(
        "a link",
        &inputs,
        &output,
        &["--out: expected another file than the checkpoint's"],
    );
}
