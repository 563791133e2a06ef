//! Finds out which GMP is being linked, with or without assembly, and which compiler is used.

use std::process::Command;
use std::{env, fs, path::Path};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // gmp-mpfr-sys says where it put the libraries that it built.
    println!("cargo:rerun-if-env-changed=DEP_GMP_LIB_DIR");
    let archive = env::var("DEP_GMP_LIB_DIR").map(|dir| Path::new(&dir).join("libgmp.a"));
    let kind = match archive.map(fs::read) {
        // The table of processor-specific routines exists only in a build with assembly.
        Ok(Ok(bytes)) if contains(&bytes, b"__gmpn_cpuvec") => "assembly",
        Ok(Ok(_)) => "portable C",
        _ => "unknown",
    };
    println!("cargo:rustc-env=NOISE_EQUILIBRIUM_GMP={kind}");
    // The first two words: "rustc 1.89.0".
    let compiler = env::var("RUSTC").map(|rustc| Command::new(rustc).arg("--version").output());
    let compiler = match compiler {
        Ok(Ok(output)) => String::from_utf8_lossy(&output.stdout).into_owned(),
        _ => "rustc unknown".to_owned(),
    };
    let words: Vec<&str> = compiler.split_whitespace().take(2).collect();
    println!(
        "cargo:rustc-env=NOISE_EQUILIBRIUM_RUSTC={}",
        words.join(" ")
    );
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack
        .windows(needle.len())
        .any(|window| window == needle)
}
