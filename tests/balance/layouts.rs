//! What people have that is not supported: the message names it, and sends nobody to look
//! for a wrong layout.

use crate::network::{Tensors, file, network};
use crate::program::{Inputs, assert_refused};
use std::fs;

const OUT: [&str; 2] = ["--out", "new.safetensors"];

/// Tensors of ones, and two samples of gradients.
fn ones(shapes: &[(&str, &[usize])]) -> (Vec<u8>, Vec<u8>) {
    let of = |samples: Option<usize>| -> Tensors {
        let tensor = |(name, shape): &(&str, &[usize])| {
            let shape: Vec<usize> = samples.into_iter().chain(shape.iter().copied()).collect();
            let count = shape.iter().product();
            ((*name).to_owned(), (shape, vec![1.0; count]))
        };
        shapes.iter().map(tensor).collect()
    };
    (file(&of(None)), file(&of(Some(2))))
}

type Row<'a> = (
    &'a str,
    &'a [(&'a str, &'a [usize])],
    &'a str,
    &'a [&'a str],
);

#[test]
fn each_architecture_is_called_by_its_name() {
    let attention = r#"{ "kind": "attention", "heads": 4, "query": "q", "key": "k", "value": "v", "output": "o" }"#;
    let pair = r#"{ "kind": "relu", "up": "up", "down": "down" }"#;
    let rows: [Row<'_>; 8] = [
        (
            "fused QKV",
            &[("qkv", &[24, 8]), ("o", &[8, 8])],
            r#"{ "kind": "attention", "heads": 4, "query": "qkv", "key": "qkv", "value": "qkv", "output": "o" }"#,
            &[
                "pairs[0].key: names \"qkv\" like pairs[0].query",
                "fused QKV",
                "not supported yet",
            ],
        ),
        (
            "fused keys and values",
            &[("q", &[8, 8]), ("kv", &[16, 8]), ("o", &[8, 8])],
            r#"{ "kind": "attention", "heads": 4, "query": "q", "key": "kv", "value": "kv", "output": "o" }"#,
            &[
                "pairs[0].value: names \"kv\" like pairs[0].key",
                "not supported yet",
            ],
        ),
        (
            "grouped queries",
            &[
                ("q", &[8, 8]),
                ("k", &[4, 8]),
                ("v", &[4, 8]),
                ("o", &[8, 8]),
            ],
            attention,
            &[
                "pairs[0].key",
                "do 2 heads share one of \"k\" (grouped or multi-query attention)? That is not supported yet",
            ],
        ),
        (
            "heads that do not divide",
            &[
                ("q", &[6, 8]),
                ("k", &[6, 8]),
                ("v", &[6, 8]),
                ("o", &[8, 6]),
            ],
            attention,
            &["pairs[0].query: expected an inner dimension that 4 heads divide, found 6"],
        ),
        (
            "a depthwise convolution",
            &[("up", &[6, 1, 3, 3]), ("down", &[6, 4])],
            pair,
            &[
                "\"up\" reads one channel for each output (a depthwise convolution), which is not supported yet",
            ],
        ),
        (
            "a grouped convolution",
            &[("up", &[6, 3, 3, 3]), ("down", &[6, 4])],
            pair,
            &[
                "does \"up\" read its channels in 2 groups (a grouped convolution)? Those are not supported yet",
            ],
        ),
        (
            "flattened channels",
            &[("up", &[5, 54]), ("down", &[6, 4, 3, 3])],
            pair,
            &[
                "are the 6 channels flattened, with 9 positions each, before \"up\"? That is not supported yet",
            ],
        ),
        (
            "nothing that we know",
            &[("up", &[5, 7]), ("down", &[6, 4])],
            pair,
            &["expected the inner dimension 7", "is the layout right?"],
        ),
    ];
    for (case, shapes, text, parts) in rows {
        let (checkpoint, gradients) = ones(shapes);
        let inputs = Inputs::new(&checkpoint, &network("", text), &gradients);
        let output = inputs.run(&OUT);
        assert_refused(case, &inputs, &output, parts);
        let error = String::from_utf8_lossy(&output.stderr);
        let expected = case == "nothing that we know";
        assert_eq!(error.contains("layout"), expected, "{case}: {error}");
    }
}

#[test]
fn each_kind_of_file_is_called_by_its_name() {
    let index = r#"{ "metadata": { "total_size": 8 }, "weight_map": { "up": "model-00001-of-00002.safetensors" } }"#;
    let rows: [(&[u8], &str); 10] = [
        (
            b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00}\x94\x8c",
            "a pickle",
        ),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00", "a gzip archive"),
        (
            index.as_bytes(),
            "the index of a sharded checkpoint; sharded checkpoints are not supported yet",
        ),
        (
            b"PK\x03\x04\x00\x00\x00\x00\x00\x00",
            "a zip archive (PyTorch's .pt and .bin, NumPy's .npz)",
        ),
        (b"\x80\x02}q\x00X\x01\x00\x00\x00aq\x01K\x01s.", "a pickle"),
        (b"\x93NUMPY\x01\x00v\x00{'descr': '<f4'", "a .npy file"),
        (b"\x89HDF\r\n\x1a\n\x00\x00", "an HDF5 file"),
        (b"GGUF\x03\x00\x00\x00\x00\x00", "a GGUF file"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid",
            "a pointer of Git LFS; git lfs pull brings the file",
        ),
        (b"{ \"format\": 3 }", "JSON"),
    ];
    let pair = r#"{ "kind": "relu", "up": "up", "down": "down" }"#;
    let (checkpoint, gradients) = ones(&[("up", &[5, 6]), ("down", &[6, 4])]);
    for (bytes, expected) in rows {
        let found = format!("expected a .safetensors file, found {expected}");
        for (net, grads, which) in [
            (bytes, gradients.as_slice(), "checkpoint"),
            (checkpoint.as_slice(), bytes, "gradients"),
        ] {
            let inputs = Inputs::new(net, &network("", pair), grads);
            let parts = [which, found.as_str()];
            assert_refused(expected, &inputs, &inputs.run(&OUT), &parts);
        }
    }
    // The control: a length in the header that looks like the start of a pickle.
    let padded = {
        let length = u64::from_le_bytes(checkpoint[..8].try_into().expect("eight bytes"));
        let header = &checkpoint[8..8 + usize::try_from(length).expect("a length")];
        let wide = 0x0280;
        let mut bytes = (wide as u64).to_le_bytes().to_vec();
        bytes.extend(header);
        bytes.resize(8 + wide, b' ');
        bytes.extend(&checkpoint[8 + header.len()..]);
        bytes
    };
    assert!(padded.starts_with(b"\x80\x02"));
    let text = network("", pair);
    let [wide, narrow] = [&padded, &checkpoint].map(|bytes| {
        let inputs = Inputs::new(bytes, &text, &gradients);
        let output = inputs.run(&OUT);
        assert!(fs::exists(inputs.path()).expect("a folder"));
        String::from_utf8_lossy(&output.stderr).into_owned()
    });
    assert_eq!(wide, narrow);
}
