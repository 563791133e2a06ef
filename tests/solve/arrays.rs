//! θ, gradients and covariance as arrays in files: the same solution as with the
//! numbers written out, and one line for everything that is wrong.

use crate::program::{assert_refused, run};
use half::{bf16, f16};
use noise_equilibrium::problem::{read_problem, read_problem_in};
use safetensors::Dtype;
use safetensors::tensor::TensorView;
use std::fs;
use std::path::Path;
use std::process::Output;

/// Exact in every type of float, and (times 4) in every signed integer.
const THETA: [f64; 3] = [0.5, -1.25, 2.0];
const GRADIENTS: [[f64; 3]; 2] = [[1.0, 0.5, -0.25], [-3.0, 0.75, 1.5]];
const GENERATOR: &str = r#"{ "kind": "diagonal", "rates": [1, -1, 2] }"#;

fn problem(theta: &str, noise: &str) -> String {
    format!(
        r#"{{ "format": "noise-equilibrium/problem-1", "strength": {{ "gamma": "1/8", "sigma2": 1 }},
            "generator": {GENERATOR}, "theta": {theta}, {noise} }}"#
    )
}

fn gradients() -> Vec<f64> {
    GRADIENTS.concat()
}

/// A `.npy` file: version 1, the header padded as NumPy pads it.
pub fn npy(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let order = if fortran { "True" } else { "False" };
    npy_with(
        &format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}"),
        data,
    )
}

fn npy_with(header: &str, data: &[u8]) -> Vec<u8> {
    let length = (10 + header.len() + 1).next_multiple_of(64) - 10;
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend(u16::try_from(length).expect("a short header").to_le_bytes());
    file.extend(format!("{header:<width$}\n", width = length - 1).bytes());
    file.extend(data);
    file
}

fn tensors(name: &str, dtype: Dtype, shape: &[usize], data: &[u8]) -> Vec<u8> {
    let view = TensorView::new(dtype, shape.to_vec(), data).expect("a tensor");
    safetensors::serialize([(name, view)], None).expect("a file")
}

type Encode = fn(f64) -> Vec<u8>;

/// Each type of element: its names in both formats, how it is written, and whether
/// it holds whole numbers only.
const TYPES: [(&str, Option<Dtype>, Encode, bool); 16] = [
    (
        "<f2",
        Some(Dtype::F16),
        |x| f16::from_f64(x).to_le_bytes().to_vec(),
        false,
    ),
    (
        ">f2",
        None,
        |x| f16::from_f64(x).to_be_bytes().to_vec(),
        false,
    ),
    (
        "",
        Some(Dtype::BF16),
        |x| bf16::from_f64(x).to_le_bytes().to_vec(),
        false,
    ),
    (
        "<f4",
        Some(Dtype::F32),
        |x| (x as f32).to_le_bytes().to_vec(),
        false,
    ),
    (">f4", None, |x| (x as f32).to_be_bytes().to_vec(), false),
    ("<f8", Some(Dtype::F64), |x| x.to_le_bytes().to_vec(), false),
    (">f8", None, |x| x.to_be_bytes().to_vec(), false),
    (
        "|i1",
        Some(Dtype::I8),
        |x| (x as i8).to_le_bytes().to_vec(),
        true,
    ),
    (
        "<i2",
        Some(Dtype::I16),
        |x| (x as i16).to_le_bytes().to_vec(),
        true,
    ),
    (">i2", None, |x| (x as i16).to_be_bytes().to_vec(), true),
    (
        "<i4",
        Some(Dtype::I32),
        |x| (x as i32).to_le_bytes().to_vec(),
        true,
    ),
    (">i8", None, |x| (x as i64).to_be_bytes().to_vec(), true),
    (
        "|u1",
        Some(Dtype::U8),
        |x| (x.abs() as u8).to_le_bytes().to_vec(),
        true,
    ),
    (
        "<u2",
        Some(Dtype::U16),
        |x| (x.abs() as u16).to_le_bytes().to_vec(),
        true,
    ),
    (
        "<u4",
        Some(Dtype::U32),
        |x| (x.abs() as u32).to_le_bytes().to_vec(),
        true,
    ),
    (
        "<u8",
        Some(Dtype::U64),
        |x| (x.abs() as u64).to_le_bytes().to_vec(),
        true,
    ),
];

/// `solve` on problem.json in this folder.
fn solve_in(folder: &Path, problem: &str) -> Output {
    let file = folder.join("problem.json");
    fs::write(&file, problem).expect("a file");
    run(
        &["solve", &file.display().to_string(), "--digits", "20"],
        b"",
    )
}

fn solution(folder: &Path, problem: &str) -> String {
    let output = solve_in(folder, problem);
    assert_eq!(output.status.code(), Some(0), "{problem}: {output:?}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn every_type_order_and_endianness_gives_the_solution_of_the_numbers_themselves() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for (descr, dtype, encode, whole) in TYPES {
        let stored = |x: f64| match (whole, descr.contains('u')) {
            (false, _) => x,
            (true, false) => 4.0 * x,
            (true, true) => (4.0 * x).abs(),
        };
        let theta: Vec<f64> = THETA.map(stored).to_vec();
        let rows: Vec<f64> = gradients().into_iter().map(stored).collect();
        let bytes = |xs: &[f64]| xs.iter().flat_map(|x| encode(*x)).collect::<Vec<u8>>();
        let inline = problem(
            &format!("{theta:?}"),
            &format!(r#""gradients": [{:?}, {:?}]"#, &rows[..3], &rows[3..]),
        );
        let expected = solution(folder, &inline);
        if !descr.is_empty() {
            let by_columns: Vec<f64> = (0..6).map(|k| rows[k / 2 + k % 2 * 3]).collect();
            for (fortran, data) in [(false, &rows), (true, &by_columns)] {
                fs::write(
                    folder.join("theta.npy"),
                    npy(descr, fortran, "(3,)", &bytes(&theta)),
                )
                .expect("a file");
                fs::write(
                    folder.join("g.npy"),
                    npy(descr, fortran, "(2, 3)", &bytes(data)),
                )
                .expect("a file");
                let stored = problem(
                    r#"{ "npy": "theta.npy" }"#,
                    r#""gradients": { "npy": "g.npy" }"#,
                );
                assert_eq!(solution(folder, &stored), expected, "{descr} {fortran}");
            }
            // The order matters: columns read as rows are another problem.
            fs::write(
                folder.join("g.npy"),
                npy(descr, false, "(2, 3)", &bytes(&by_columns)),
            )
            .expect("a file");
            let wrong = problem(
                r#"{ "npy": "theta.npy" }"#,
                r#""gradients": { "npy": "g.npy" }"#,
            );
            assert_ne!(solution(folder, &wrong), expected, "{descr}");
        }
        if let Some(dtype) = dtype {
            fs::write(
                folder.join("t.safetensors"),
                tensors("θ", dtype, &[3], &bytes(&theta)),
            )
            .expect("a file");
            fs::write(
                folder.join("g.safetensors"),
                tensors("g", dtype, &[2, 3], &bytes(&rows)),
            )
            .expect("a file");
            let stored = problem(
                r#"{ "safetensors": "t.safetensors", "tensor": "θ" }"#,
                r#""gradients": { "tensor": "g", "safetensors": "g.safetensors" }"#,
            );
            assert_eq!(solution(folder, &stored), expected, "{dtype}");
        }
    }
}

#[test]
fn bits_that_no_decimal_of_seventeen_digits_has_are_kept() {
    // 2⁻¹⁰⁷⁴ and the largest double, whose quotient a float would lose.
    let folder = tempfile::tempdir().expect("a folder");
    let values = [f64::from_bits(1), f64::MAX, 0.1];
    let data: Vec<u8> = values.iter().flat_map(|x| x.to_le_bytes()).collect();
    fs::write(
        folder.path().join("t.npy"),
        npy("<f8", false, "(3,)", &data),
    )
    .expect("a file");
    let noise = r#""gradients": [[1, 1, 1], [2, 3, 4]]"#;
    let stored = read_problem_in(&problem(r#"{ "npy": "t.npy" }"#, noise), folder.path());
    let inline = problem(
        r#"["0x1p-1074", "0x1.fffffffffffffp1023", "0x1.999999999999ap-4"]"#,
        noise,
    );
    assert_eq!(
        stored.expect("a problem"),
        read_problem(&inline).expect("a problem")
    );
}

#[test]
fn a_covariance_mixed_with_lists_and_an_absolute_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let data: Vec<u8> = [2.0_f32, 0.5, 0.0, 0.5, 1.0, 0.0, 0.0, 0.0, 3.0]
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect();
    let file = folder.path().join("sigma.npy");
    fs::write(&file, npy("<f4", false, "(3, 3)", &data)).expect("a file");
    let list = r#""covariance": [[2, 0.5, 0], [0.5, 1, 0], [0, 0, 3]]"#;
    let stored = format!(
        r#""covariance": {{ "npy": {:?} }}"#,
        file.display().to_string()
    );
    let elsewhere = tempfile::tempdir().expect("a folder");
    assert_eq!(
        solution(elsewhere.path(), &problem("[1, 2, 3]", &stored)),
        solution(elsewhere.path(), &problem("[1, 2, 3]", list)),
    );
}

#[test]
fn standard_input_is_relative_to_the_working_directory() {
    let text = problem(
        r#"{ "npy": "no-such-file.npy" }"#,
        r#""gradients": [[1, 1, 1]]"#,
    );
    let output = run(&["solve", "-"], text.as_bytes());
    assert_refused(
        &text,
        &output,
        &["standard input: theta: no-such-file.npy: "],
    );
}

#[test]
fn a_text_without_a_folder_opens_no_file() {
    let text = problem(r#"{ "npy": "t.npy" }"#, r#""gradients": [[1, 1, 1]]"#);
    let error = read_problem(&text).expect_err("refused").to_string();
    assert!(
        error.starts_with("theta: expected a list") && error.contains("read_problem_in"),
        "{error}"
    );
}

#[test]
fn everything_wrong_is_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let floats = |n: usize| vec![0_u8; 4 * n];
    let mut nan = floats(6);
    nan[16..20].copy_from_slice(&f32::NAN.to_le_bytes());
    let infinite = [1.0_f64, f64::NEG_INFINITY, 0.0]
        .iter()
        .flat_map(|x| x.to_le_bytes())
        .collect::<Vec<u8>>();
    let good = npy("<f4", false, "(2, 3)", &floats(6));
    let mut forged_length = good.clone();
    forged_length[6..12].copy_from_slice(&[2, 0, 255, 255, 255, 255]);
    let many: Vec<(String, TensorView<'_>)> = (0..20)
        .map(|k| {
            (
                format!("w{k:02}"),
                TensorView::new(Dtype::U8, vec![0], &[]).expect("a tensor"),
            )
        })
        .collect();
    let forged = |header: &str| {
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header.bytes());
        file
    };
    let files: Vec<(&str, Vec<u8>)> = vec![
        ("good.npy", good.clone()),
        ("flat.npy", npy("<f4", false, "(6,)", &floats(6))),
        ("wide.npy", npy("<f4", false, "(2, 4)", &floats(8))),
        ("cube.npy", npy("<f4", true, "(2, 3, 1)", &floats(6))),
        ("empty.npy", npy("<f4", false, "(0, 3)", &[])),
        ("nan.npy", npy("<f4", false, "(2, 3)", &nan)),
        ("infinite.npy", npy("<f8", false, "(3,)", &infinite)),
        ("complex.npy", npy("<c8", false, "(2, 3)", &floats(12))),
        ("bool.npy", npy("|b1", false, "(2, 3)", &[0; 6])),
        ("object.npy", npy("|O", false, "(2, 3)", &floats(6))),
        ("bf16.npy", npy("<V2", false, "(2, 3)", &[0; 12])),
        (
            "record.npy",
            npy_with(
                "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3), }",
                &floats(6),
            ),
        ),
        ("short.npy", good[..good.len() - 1].to_vec()),
        ("long.npy", [&good[..], b"x"].concat()),
        ("cut.npy", good[..40].to_vec()),
        ("tiny.npy", b"\x93NUM".to_vec()),
        ("text.npy", b"0.5 1.5 2.5\n0.5 1.5 2.5\n".to_vec()),
        ("forged.npy", forged_length),
        (
            "version.npy",
            [&b"\x93NUMPY\x09\x00"[..], &good[8..]].concat(),
        ),
        (
            "keys.npy",
            npy_with("{'descr': '<f4', 'shape': (2, 3), }", &floats(6)),
        ),
        (
            "huge.npy",
            npy(
                "<f4",
                false,
                "(9999999999, 9999999999, 9999999999)",
                &floats(6),
            ),
        ),
        (
            "large.npy",
            npy("<f8", false, "(9999999999, 999999999)", &floats(6)),
        ),
        ("deep.npy", npy_with(&"(".repeat(9000), &[])),
        (
            "good.safetensors",
            tensors("g", Dtype::F32, &[2, 3], &floats(6)),
        ),
        (
            "flat.safetensors",
            tensors("g", Dtype::F32, &[6], &floats(6)),
        ),
        ("nan.safetensors", tensors("g", Dtype::F32, &[2, 3], &nan)),
        (
            "f8.safetensors",
            tensors("g", Dtype::F8_E4M3, &[2, 3], &[0; 6]),
        ),
        (
            "many.safetensors",
            safetensors::serialize(many, None).expect("a file"),
        ),
        ("none.safetensors", forged("{}")),
        (
            "short.safetensors",
            tensors("g", Dtype::F32, &[2, 3], &floats(6))[..90].to_vec(),
        ),
        ("tiny.safetensors", b"abc".to_vec()),
        ("garbage.safetensors", b"garbage garbage garbage".to_vec()),
        ("json.safetensors", forged("{ \"g\": 3 }")),
        (
            "deep.safetensors",
            forged(&format!("{{ \"g\": {}", "[".repeat(100_000))),
        ),
        ("overflow.safetensors", {
            // Lengths that add up to nearly 2⁶⁴: with the header's they would pass it.
            let eighth = u64::MAX / 8;
            let tensor = |k: u64| {
                let (from, to) = (k * eighth, (k + 1) * eighth);
                format!(
                    r#""g{k}": {{ "dtype": "U8", "shape": [{eighth}], "data_offsets": [{from}, {to}] }}"#
                )
            };
            forged(&format!(
                "{{ {} }}",
                (0..8).map(tensor).collect::<Vec<_>>().join(", ")
            ))
        }),
    ];
    for (name, bytes) in &files {
        fs::write(folder.path().join(name), bytes).expect("a file");
    }
    let allowed = "expected elements of type f2, f4, f8, i1, i2, i4, i8, u1, u2, u4 or u8, found";
    let npy_file = "expected a .npy file, found one";
    let tensor_file = "expected a .safetensors file, found";
    let rows: &[(&str, &[&str])] = &[
        ("flat.npy", &["expected the shape (N, 3), found (6)"]),
        ("wide.npy", &["expected the shape (N, 3), found (2, 4)"]),
        ("cube.npy", &["expected the shape (N, 3), found (2, 3, 1)"]),
        ("empty.npy", &["expected the shape (N, 3), found (0, 3)"]),
        ("nan.npy", &["[1][1]: expected a finite number, found NaN"]),
        ("complex.npy", &[allowed, "c8"]),
        ("bool.npy", &[allowed, "b1"]),
        ("object.npy", &[allowed, "O"]),
        ("bf16.npy", &[allowed, "V2"]),
        ("record.npy", &[npy_file, "plain array"]),
        (
            "short.npy",
            &["expected 24 bytes of data, as its header says, found 23"],
        ),
        (
            "long.npy",
            &["expected 24 bytes of data, as its header says, found 25"],
        ),
        ("cut.npy", &[npy_file, "ends within its header"]),
        ("tiny.npy", &[npy_file, "too short"]),
        ("text.npy", &[npy_file, "NumPy's mark"]),
        ("forged.npy", &[npy_file, "ends within its header"]),
        ("version.npy", &["expected a .npy file, found"]),
        (
            "keys.npy",
            &["expected a .npy file, found", "fortran_order"],
        ),
        ("huge.npy", &[npy_file, "too large"]),
        ("large.npy", &[npy_file, "too large"]),
        ("deep.npy", &[npy_file, "plain array"]),
        ("missing.npy", &["No such file"]),
        (".", &["expected a regular file"]),
        ("good.safetensors", &[npy_file]),
        (
            "flat.safetensors",
            &["expected the shape (N, 3), found (6)"],
        ),
        (
            "nan.safetensors",
            &["[1][1]: expected a finite number, found NaN"],
        ),
        (
            "f8.safetensors",
            &["expected elements of type F16, BF16, F32, F64 or whole numbers, found F8_E4M3"],
        ),
        (
            "many.safetensors",
            &[
                r#"expected one of "w00", "#,
                "(20 tensors), found none of that name",
            ],
        ),
        ("none.safetensors", &["no tensors"]),
        ("short.safetensors", &["bytes of data, as its header says"]),
        ("tiny.safetensors", &[tensor_file, "too short"]),
        (
            "garbage.safetensors",
            &[tensor_file, "ends within its header"],
        ),
        ("json.safetensors", &[tensor_file]),
        ("deep.safetensors", &[tensor_file, "recursion"]),
        (
            "overflow.safetensors",
            &["bytes of data, as its header says, found 0"],
        ),
        ("missing.safetensors", &["No such file"]),
        ("good.npy", &[]),
    ];
    for (file, parts) in rows {
        let kinds = if file.ends_with(".safetensors") && *file != "good.safetensors" {
            format!(r#"{{ "safetensors": "{file}", "tensor": "g" }}"#)
        } else {
            format!(r#"{{ "npy": "{file}" }}"#)
        };
        let text = problem("[1, 2, 3]", &format!(r#""gradients": {kinds}"#));
        let output = solve_in(folder.path(), &text);
        if parts.is_empty() {
            assert_eq!(output.status.code(), Some(0), "{file}: {output:?}");
            continue;
        }
        assert_refused(&text, &output, parts);
        assert_refused(&text, &output, &["gradients: ", file]);
    }
    let others: &[(&str, &str, &[&str])] = &[
        (
            r#"{ "npy": "good.npy" }"#,
            r#""gradients": [[1, 1, 1]]"#,
            &[
                "theta: ",
                "expected the shape (d), one dimension, found (2, 3)",
            ],
        ),
        (
            r#"{ "npy": "infinite.npy" }"#,
            r#""gradients": [[1, 1, 1]]"#,
            &["theta: ", "[1]: expected a finite number, found -inf"],
        ),
        (
            r#"{ "npy": "flat.npy" }"#,
            r#""gradients": [[1, 1, 1]]"#,
            &["theta: expected 3 numbers", "found 6"],
        ),
        (
            "[1, 2, 3]",
            r#""covariance": { "npy": "good.npy" }"#,
            &["covariance: ", "expected the shape (3, 3), found (2, 3)"],
        ),
        (
            "[1, 2, 3]",
            r#""gradients": { }"#,
            &["gradients: expected either npy, or safetensors and tensor"],
        ),
        (
            "[1, 2, 3]",
            r#""gradients": { "safetensors": "good.safetensors" }"#,
            &["gradients.tensor: missing"],
        ),
        (
            "[1, 2, 3]",
            r#""gradients": { "npy": "good.npy", "tensor": "g" }"#,
            &["gradients: expected either npy, or safetensors"],
        ),
        (
            "[1, 2, 3]",
            r#""gradients": { "npz": "good.npz" }"#,
            &["gradients", "unknown field `npz`"],
        ),
        (
            "[1, 2, 3]",
            r#""gradients": { "npy": "good.npy", "npy": "good.npy" }"#,
            &["gradients", "duplicate field"],
        ),
        (
            "[1, 2, 3]",
            r#""gradients": { "npy": null }"#,
            &["gradients.npy", "null"],
        ),
        (
            "3",
            r#""gradients": [[1, 1, 1]]"#,
            &["theta: ", "expected a list"],
        ),
    ];
    for (theta, noise, parts) in others {
        let text = problem(theta, noise);
        assert_refused(&text, &solve_in(folder.path(), &text), parts);
    }
}
