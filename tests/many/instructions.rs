//! The same bits, whatever the instructions and whoever the neighbours.

use crate::{Found, everyday, examples, wide};
use noise_equilibrium::balance::{BalanceEquation, Equilibrium, many::solve_many_in, solve_many};
use noise_equilibrium::scalar::Instructions;

fn batch() -> Vec<BalanceEquation<f64>> {
    [examples(&everyday(1..50), 500), examples(&wide(), 500)].concat()
}

fn bits(found: &[Found]) -> Vec<Option<u64>> {
    let bits = |found: &Found| match found {
        Ok(Equilibrium::Finite(lambda)) => Some(lambda.to_bits()),
        _ => None,
    };
    found.iter().map(bits).collect()
}

#[test]
fn the_same_bits_in_all_instructions() {
    let batch = batch();
    let expected = bits(&solve_many(&batch));
    assert!(expected.iter().flatten().count() > 500);
    let all = Instructions::all();
    assert!(!all.is_empty());
    for instructions in all {
        println!("{}", instructions.name());
        assert_eq!(bits(&solve_many_in(instructions, &batch)), expected);
    }
}

/// The standard library finds each of them too, the narrowest first and none twice.
#[cfg(all(feature = "simd", target_arch = "x86_64"))]
#[test]
fn the_sets_are_those_of_the_processor() {
    let names: Vec<&str> = Instructions::all()
        .into_iter()
        .map(Instructions::name)
        .collect();
    let found = [
        ("SSE2", true),
        ("AVX2", is_x86_feature_detected!("avx2")),
        ("AVX-512", is_x86_feature_detected!("avx512f")),
    ];
    let found: Vec<&str> = found.iter().filter(|set| set.1).map(|set| set.0).collect();
    assert!(found.starts_with(&names), "{names:?} of {found:?}");
    assert_eq!(Some(&Instructions::widest().name()), names.last());
}

/// Another order, and one at a time.
#[test]
fn neighbours_do_not_matter() {
    let mut batch = batch();
    let mut expected = bits(&solve_many(&batch));
    let one = |balance: &BalanceEquation<f64>| bits(&solve_many(std::slice::from_ref(balance)));
    let single: Vec<Option<u64>> = batch.iter().flat_map(one).collect();
    assert_eq!(single, expected);
    batch.reverse();
    expected.reverse();
    assert_eq!(bits(&solve_many(&batch)), expected);
    batch.rotate_left(5);
    expected.rotate_left(5);
    assert_eq!(bits(&solve_many(&batch)), expected);
    // In the wrong order they would differ.
    expected.rotate_left(1);
    assert_ne!(bits(&solve_many(&batch)), expected);
}
