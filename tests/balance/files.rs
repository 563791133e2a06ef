//! What the program writes: only the numbers that moved, in their own types, the same for
//! any number of threads.

use crate::equilibrium::chain;
use crate::network::{Data, Draw, Shape, Tensors, balanced, file, header, serialize, tensors};
use crate::program::{INPUTS, Inputs};
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors};
use std::fs;

fn setting() -> (Tensors, Tensors) {
    let mut draw = Draw::new(11);
    let shape = Shape::DeepRelu;
    // Numbers that every type holds exactly, so that all types start at one point.
    let mut before = shape.tensors(&mut draw);
    for (_, xs) in before.values_mut() {
        for x in xs {
            *x = bf16::from_f64(*x).to_f64();
        }
    }
    let gradients = Data::new(shape, 12, &mut draw).gradients(shape, &before);
    (before, gradients)
}

fn encoded(x: f64, dtype: Dtype) -> Vec<u8> {
    match dtype {
        Dtype::BF16 => bf16::from_f64(x).to_le_bytes().to_vec(),
        Dtype::F16 => f16::from_f64(x).to_le_bytes().to_vec(),
        Dtype::F32 => (x as f32).to_le_bytes().to_vec(),
        _ => x.to_le_bytes().to_vec(),
    }
}

/// The checkpoint in this type, with tensors of other types that nothing names.
fn checkpoint(tensors: &Tensors, dtype: Dtype) -> Vec<u8> {
    let bytes: Vec<(&String, &Vec<usize>, Vec<u8>)> = tensors
        .iter()
        .map(|(name, (shape, xs))| {
            (
                name,
                shape,
                xs.iter().flat_map(|x| encoded(*x, dtype)).collect(),
            )
        })
        .collect();
    let others: [(&str, Dtype, &[usize], &[u8]); 3] = [
        ("step", Dtype::I64, &[], &[1, 2, 3, 4, 5, 6, 7, 8]),
        ("scale", Dtype::F8_E4M3, &[3], &[7, 8, 9]),
        ("norm.weight", Dtype::F32, &[1], &[0, 0, 192, 127]),
    ];
    let named = bytes
        .iter()
        .map(|(name, shape, bytes)| (name.as_str(), dtype, shape.as_slice(), bytes.as_slice()));
    serialize(named.chain(others))
}

#[test]
fn every_type_is_rounded_once_and_all_else_is_left() {
    let (before, gradients) = setting();
    let exact = balanced(&before, &Shape::DeepRelu.network(), &gradients);
    let exact = tensors(&exact.checkpoint.expect("balanced"));
    for dtype in [Dtype::F64, Dtype::F32, Dtype::F16, Dtype::BF16] {
        let old = checkpoint(&before, dtype);
        let inputs = Inputs::new(&old, &Shape::DeepRelu.network(), &file(&gradients));
        let output = inputs.run(&["--out", "new.safetensors", "--report", "report.json"]);
        assert_eq!(output.status.code(), Some(0), "{dtype}: {output:?}");
        assert_eq!(
            inputs.files().len(),
            INPUTS.len() + 2,
            "{:?}",
            inputs.files()
        );
        assert_eq!(
            fs::read(inputs.path().join("net.safetensors")).expect("a file"),
            old
        );
        let new = fs::read(inputs.path().join("new.safetensors")).expect("a file");
        let (length, metadata) = header(&new);
        assert_eq!(metadata.metadata(), header(&old).1.metadata());
        assert_eq!(
            new[..8 + length],
            old[..8 + length],
            "{dtype}: another header"
        );
        let (new, old) = [&new, &old]
            .map(|file| SafeTensors::deserialize(file).expect("a file"))
            .into();
        for (name, view) in new.iter() {
            match exact.get(name) {
                Some((_, xs)) => {
                    let expected: Vec<u8> = xs.iter().flat_map(|x| encoded(*x, dtype)).collect();
                    assert_eq!(view.data(), expected, "{dtype}: {name}");
                    // fc3.bias belongs to no pair.
                    let moved = view != old.tensor(name).expect("a tensor");
                    assert_eq!(moved, name != "fc3.bias", "{dtype}: {name}");
                }
                None => assert_eq!(view, old.tensor(name).expect("a tensor"), "{dtype}: {name}"),
            }
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let mut draw = Draw::new(5);
    let shape = Shape::Attention { heads: 2 };
    let before = shape.tensors(&mut draw);
    // More samples than one thread adds up.
    let gradients = Data::new(shape, 50, &mut draw).gradients(shape, &before);
    let inputs = Inputs::new(&file(&before), &shape.network(), &file(&gradients));
    let results: Vec<_> = ["1", "2", "5"]
        .iter()
        .map(|threads| {
            let mut command = inputs.command();
            command.env("RAYON_NUM_THREADS", threads);
            command.args(["--out", "new.safetensors", "--report", "report.json"]);
            let output = command.output().expect("the program ends");
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            let read = |name: &str| fs::read(inputs.path().join(name)).expect("a file");
            (output.stdout, read("new.safetensors"), read("report.json"))
        })
        .collect();
    assert!(results.iter().all(|result| *result == results[0]));
}

#[test]
fn the_report_says_the_same_as_the_table() {
    let mut draw = Draw::new(5);
    let shape = Shape::Attention { heads: 2 };
    let before = shape.tensors(&mut draw);
    let gradients = Data::new(shape, 12, &mut draw).gradients(shape, &before);
    let inputs = Inputs::new(&file(&before), &shape.network(), &file(&gradients));
    let output = inputs.run(&["--out", "new.safetensors", "--report", "report.json"]);
    assert!(output.stderr.is_empty(), "{output:?}");
    let table = String::from_utf8(output.stdout).expect("text");
    let text = fs::read_to_string(inputs.path().join("report.json")).expect("a file");
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(report["format"], "noise-equilibrium/balance-1");
    assert_eq!(report["status"], "balanced");
    assert_eq!(report["samples"], 12);
    let pairs = report["pairs"].as_array().expect("a list");
    assert_eq!(pairs.len(), 4);
    for (pair, (kind, head)) in pairs.iter().zip([
        ("query-key", 0),
        ("query-key", 1),
        ("value-output", 0),
        ("value-output", 1),
    ]) {
        assert_eq!(pair["kind"], kind);
        assert_eq!(pair["rank"], 2);
        assert_eq!(pair["status"], "balanced");
        assert_eq!(pair["name"], format!("attn {kind}, head {head}"));
        let charge = pair["charge"]["before"].as_f64().expect("a number");
        assert!(table.contains(&format!("{charge:.4e}")), "{table}");
    }
}

#[test]
fn what_cannot_be_balanced_is_reported_and_not_written() {
    let (before, network, gradients) = chain("linear", 60);
    let inputs = Inputs::new(&file(&before), &network, &file(&gradients));
    let output = inputs.run(&["--out", "new.safetensors", "--report", "report.json"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(
        error.contains("not balanced after 1000") && error.contains("no checkpoint is written"),
        "{error}"
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("NOT BALANCED"));
    assert!(!inputs.path().join("new.safetensors").exists());
    let text = fs::read_to_string(inputs.path().join("report.json")).expect("a file");
    assert!(text.contains(r#""status": "not-balanced""#), "{text}");
}
