//! The statuses and errors of `solve`, whatever the numbers.

use crate::{Found, balances, of_size, signed};
use noise_equilibrium::balance::{BalanceEquation, Spectrum, Strength, Term, solve, solve_many};
use proptest::prelude::*;

fn status(found: &Found) -> String {
    match found {
        Ok(found) => found.status().to_owned(),
        Err(error) => error.to_string(),
    }
}

/// Ordinary numbers mostly, and all that is not ordinary.
fn any_number() -> BoxedStrategy<f64> {
    prop_oneof![
        12 => of_size(-4.0..4.0),
        2 => of_size(-1070.0..1020.0),
        1 => of_size(-101.0..-99.0),
        1 => of_size(99.0..101.0),
        2 => Just(0.0),
        1 => Just(-0.0),
        1 => any::<f64>(),
        1 => prop::sample::select(vec![
            f64::NAN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::MIN_POSITIVE,
            5e-324,
            f64::MAX,
            -1.0,
        ]),
    ]
    .boxed()
}

fn any_balance() -> BoxedStrategy<BalanceEquation<f64>> {
    let positive = of_size(-3.0..3.0);
    let strength = prop_oneof![3 => positive.clone(), 1 => any_number()].boxed();
    let rate = signed(prop_oneof![3 => positive, 1 => any_number()].boxed());
    balances(0..5, &rate, &any_number(), &strength)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]
    #[test]
    fn as_solve_says(batch in prop::collection::vec(any_balance(), 0..40)) {
        let many = solve_many(&batch);
        prop_assert_eq!(many.len(), batch.len());
        for (balance, found) in batch.iter().zip(&many) {
            prop_assert_eq!(status(found), status(&solve(balance)), "{:?}", balance);
        }
    }
}

/// Each status and error is met, beside each other in one call.
#[test]
fn every_status() {
    let balance = |terms: &[[f64; 3]], gamma, sigma2| BalanceEquation {
        spectrum: Spectrum::from_terms(
            terms
                .iter()
                .map(|&[rate, noise, charge]| Term {
                    rate,
                    noise,
                    charge,
                })
                .collect(),
        ),
        strength: Strength::new(gamma, sigma2).unwrap(),
    };
    let cases = [
        (balance(&[[1.0, 1.0, 1.0]], 1.0, 1.0), "finite"),
        (balance(&[[1.0, 1.0, 1.0]], 0.0, 1.0), "plus-infinity"),
        (balance(&[[1.0, 1.0, 1.0]], 1.0, 0.0), "minus-infinity"),
        (balance(&[[0.0, 1.0, 1.0]], 1.0, 1.0), "degenerate"),
        (balance(&[[0.0, -1.0, f64::NAN]], 1.0, 1.0), "degenerate"),
        (balance(&[], 1.0, 1.0), "degenerate"),
        (balance(&[[1.0, 1e200, 1e-200]], 1.0, 1.0), "finite"),
        (balance(&[[1e-300, 1e-300, 1.0]], 1.0, 1.0), "finite"),
        (balance(&vec![[1.0, 1.0, 1.0]; 5000], 1.0, 1.0), "finite"),
    ];
    for (balance, expected) in &cases {
        assert_eq!(status(&solve(balance)), *expected);
    }
    let bad = [
        balance(&[[1.0, -1.0, 1.0]], 1.0, 1.0),
        balance(&[[f64::NAN, 1.0, 1.0]], 1.0, 1.0),
    ];
    let batch: Vec<BalanceEquation<f64>> = cases.iter().map(|c| c.0.clone()).chain(bad).collect();
    let many = solve_many(&batch);
    for (found, (_, expected)) in many.iter().zip(&cases) {
        assert_eq!(status(found), *expected);
    }
    assert!(many[cases.len()..].iter().all(Result::is_err));
}

/// What is out of range is solved as by `solve`, to the bit.
#[test]
fn out_of_range() {
    let balance = |rate: f64, noise: f64| BalanceEquation {
        spectrum: Spectrum::from_terms(vec![Term {
            rate,
            noise,
            charge: 1.0,
        }]),
        strength: Strength::new(0.3, 0.1).unwrap(),
    };
    let batch = [
        balance(1e-20, 1.0),
        balance(1e20, 1.0),
        balance(1.0, 1e40),
        balance(1.0, 1e-40),
    ];
    for (balance, found) in batch.iter().zip(solve_many(&batch)) {
        assert_eq!(found, solve(balance));
    }
}
