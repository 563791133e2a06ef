//! Many spectra of doubles at once: the promised error against multiprecision, the same bits
//! in every set of instructions, the statuses of `solve`.

mod accuracy;
mod exponential;
mod instructions;
mod status;

use noise_equilibrium::balance::{
    BalanceEquation, Equilibrium, SolveError, Spectrum, Strength, Term,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use std::f64::consts::LN_2;
use std::ops::Range;

type Found = Result<Equilibrium<f64>, SolveError>;

/// 2^x for x in the range.
fn of_size(octaves: Range<f64>) -> BoxedStrategy<f64> {
    octaves.prop_map(|x| libm::exp(x * LN_2)).boxed()
}

fn signed(size: BoxedStrategy<f64>) -> BoxedStrategy<f64> {
    (size, any::<bool>())
        .prop_map(|(x, negative)| if negative { -x } else { x })
        .boxed()
}

/// The number, or 0 once in eight times.
fn often(number: BoxedStrategy<f64>) -> BoxedStrategy<f64> {
    prop_oneof![7 => number, 1 => Just(0.0)].boxed()
}

/// Spectra of that many terms from strategies for rates, powers and strengths.
fn balances(
    terms: Range<usize>,
    rate: &BoxedStrategy<f64>,
    power: &BoxedStrategy<f64>,
    strength: &BoxedStrategy<f64>,
) -> BoxedStrategy<BalanceEquation<f64>> {
    let term =
        (rate.clone(), power.clone(), power.clone()).prop_map(|(rate, noise, charge)| Term {
            rate,
            noise,
            charge,
        });
    (
        prop::collection::vec(term, terms),
        strength.clone(),
        strength.clone(),
    )
        .prop_filter_map("a strength", |(terms, gamma, sigma2)| {
            Some(BalanceEquation {
                spectrum: Spectrum::from_terms(terms),
                strength: Strength::new(gamma, sigma2).ok()?,
            })
        })
        .boxed()
}

/// The same examples in each run.
fn examples(
    strategy: &BoxedStrategy<BalanceEquation<f64>>,
    count: usize,
) -> Vec<BalanceEquation<f64>> {
    let mut runner = TestRunner::deterministic();
    let mut example = || {
        strategy
            .new_tree(&mut runner)
            .expect("an example")
            .current()
    };
    (0..count).map(|_| example()).collect()
}

/// Rates up to 2, powers up to 1.
fn everyday(terms: Range<usize>) -> BoxedStrategy<BalanceEquation<f64>> {
    let rate = signed((0.001..2.0).boxed());
    balances(terms, &rate, &(0.0..1.0).boxed(), &of_size(-12.0..-4.0))
}

/// Rates, powers and strengths of any size in the range that is promised for, some of them 0.
fn wide() -> BoxedStrategy<BalanceEquation<f64>> {
    (-36.0..36.0, 0.0..4.0, 0.0..100.0)
        .prop_flat_map(|(rate, rates, powers): (f64, f64, f64)| {
            let rate = often(signed(of_size(rate - rates - 1e-3..rate + rates)));
            let power = often(of_size(-powers - 1e-3..powers));
            balances(1..40, &rate, &power, &power)
        })
        .boxed()
}
