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

fn balanceable() -> Inputs {
    let (before, gradients) = setting();
    Inputs::new(
        &file(&before),
        &Shape::DeepRelu.network(),
        &file(&gradients),
    )
}

/// `balance`, which must succeed.
#[cfg(unix)]
fn succeeds(inputs: &Inputs, options: &[&str]) -> std::process::Output {
    let output = inputs.run(options);
    assert_eq!(output.status.code(), Some(0), "{options:?}: {output:?}");
    output
}

#[cfg(unix)]
#[test]
fn links_and_modes_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let inputs = balanceable();
    let at = |name: &str| inputs.path().join(name);
    for name in ["target", "target.json"] {
        fs::write(at(name), "old").expect("a file");
        fs::set_permissions(at(name), fs::Permissions::from_mode(0o600)).expect("a mode");
    }
    symlink("target", at("new")).expect("a link");
    symlink("target.json", at("report")).expect("a link");
    succeeds(&inputs, &["--out", "new", "--report", "report"]);
    for (link, target) in [("new", "target"), ("report", "target.json")] {
        assert!(at(link).is_symlink(), "{link}");
        let mode = fs::metadata(at(target)).expect("a file").permissions();
        assert_eq!(mode.mode() & 0o7777, 0o600, "{target}");
        assert_ne!(fs::read(at(target)).expect("a file"), b"old", "{target}");
    }
    assert_eq!(inputs.files().len(), INPUTS.len() + 4);
}

#[cfg(unix)]
#[test]
fn pipes_and_standard_output_are_written_to() {
    use std::os::unix::fs::{FileTypeExt, symlink};
    use std::process::Command;
    let inputs = balanceable();
    let at = |name: &str| inputs.path().join(name);
    let read = |name: &str| fs::read(at(name)).expect("a file");
    let table = succeeds(&inputs, &["--out", "new", "--report", "report"]).stdout;
    let made = Command::new("mkfifo").arg(at("pipe")).status();
    assert!(made.expect("mkfifo").success());
    let reader = std::thread::spawn({
        let pipe = at("pipe");
        move || fs::read(pipe)
    });
    succeeds(&inputs, &["--out", "pipe"]);
    let kind = fs::symlink_metadata(at("pipe")).expect("a pipe");
    assert!(kind.file_type().is_fifo());
    let bytes = reader.join().expect("a thread").expect("a pipe");
    assert_eq!(bytes, read("new"));
    // Where a result takes standard output, the table does not mix with it.
    symlink("/dev/stdout", at("stdout")).expect("a link");
    for (options, result) in [
        (&["--out", "-"][..], "new"),
        (&["--out", "stdout"], "new"),
        (&["--out", "new", "--report", "-"], "report"),
    ] {
        let output = succeeds(&inputs, options);
        assert_eq!(output.stdout, read(result), "{options:?}");
        // Warnings follow.
        assert!(output.stderr.starts_with(&table), "{options:?}");
    }
    assert!(at("stdout").is_symlink() && !at("-").exists());
}

#[test]
fn what_a_killed_run_left_does_not_matter() {
    let inputs = balanceable();
    let mut child = inputs.command();
    let mut child = child
        .args(["--out", "new.safetensors"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    // In a container the process number is the same every time.
    let left = format!("new.safetensors.partial-{}", child.id());
    fs::write(inputs.path().join(&left), "half").expect("a file");
    let status = child.wait().expect("the program ends");
    assert_eq!(status.code(), Some(0));
    assert_eq!(fs::read(inputs.path().join(left)).expect("a file"), b"half");
}

#[cfg(unix)]
#[test]
fn a_full_disk_leaves_both_old_files() {
    use crate::program::PROGRAM;
    let inputs = balanceable();
    let at = |name: &str| inputs.path().join(name);
    for name in ["new", "report"] {
        fs::write(at(name), "old").expect("a file");
    }
    let before = inputs.files();
    // Files of at most one block, as on a disk with no more room.
    let script = "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"";
    let output = std::process::Command::new("sh")
        .current_dir(inputs.path())
        .args(["-c", script, PROGRAM, "balance", "net.safetensors"])
        .args(["--network", "network.json"])
        .args(["--gradients", "grads.safetensors"])
        .args(["--out", "new", "--report", "report"])
        .output()
        .expect("the program ends");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(error.contains("too large"), "{error}");
    for name in ["new", "report"] {
        assert_eq!(fs::read(at(name)).expect("a file"), b"old", "{name}");
    }
    assert_eq!(inputs.files(), before);
}
