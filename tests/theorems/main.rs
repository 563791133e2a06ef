//! The list of theorems: a module for each statement of the ledger.
//!
//! Each module holds three tests that are the same for all: every check holds on seeded
//! cases, every check holds on cases that proptest draws and shrinks (where cases are
//! drawn), every negative control is caught. Smallest cases, worked out by hand, are in
//! guards.rs.

mod guards;
mod ledger;
mod long_runs;

use noise_equilibrium::theorem::{Check, Control, Draw, Outcome, Statement, find};
use proptest::prelude::*;
use proptest::test_runner::{Config, FileFailurePersistence, RngSeed, TestCaseError, TestRunner};

/// Cases of each check that draws them; the audit runs more.
const CASES: u32 = 16;

fn cases(statement: &Statement) -> u64 {
    if statement.drawn { CASES.into() } else { 1 }
}

/// Another seed is taken from the environment; every failure prints the one it had.
fn seed() -> u64 {
    let given = std::env::var("NOISE_EQUILIBRIUM_TEST_SEED").ok();
    given.and_then(|text| text.parse().ok()).unwrap_or(1)
}

fn statement(id: &str) -> &'static Statement {
    find(id).unwrap_or_else(|| panic!("{id} is not in the ledger"))
}

fn checks_hold(id: &str) {
    let statement = statement(id);
    for check in statement.checks {
        let (mut verified, mut inconclusive) = (0, 0);
        for index in 0..cases(statement) {
            let name = format!("{}/{}", statement.id, check.name);
            let case = (check.draw)(&mut Draw::seeded(seed(), &name, index));
            match (check.run)(&case) {
                Outcome::Verified(_) => verified += 1,
                Outcome::Refuted(found) => {
                    panic!("{name}, seed {}, case {index}: {found}\n{case:#?}", seed())
                }
                Outcome::Inconclusive(_) => inconclusive += 1,
            }
        }
        assert!(
            Check::is_verified(verified, inconclusive),
            "{id} {}: verified in {verified}, inconclusive in {inconclusive}",
            check.name
        );
    }
}

fn controls_are_caught(id: &str) {
    let statement = statement(id);
    assert!(
        !statement.controls.is_empty(),
        "{id} has no negative control"
    );
    for control in statement.controls {
        let check = &statement.checks[control.check];
        let (mut caught, mut missed) = (0, 0);
        for index in 0..cases(statement) {
            let name = format!("{}/{}", statement.id, check.name);
            match (control.run)(&(check.draw)(&mut Draw::seeded(seed(), &name, index))) {
                Outcome::Refuted(_) => caught += 1,
                Outcome::Verified(_) => missed += 1,
                Outcome::Inconclusive(_) => {}
            }
        }
        assert!(
            Control::is_caught(caught, missed),
            "{id} {}, sabotaged: {}: caught in {caught}, missed in {missed}",
            check.name,
            control.name
        );
    }
}

/// proptest draws the choices that a case is made of, and shrinks them.
fn checks_hold_on_shrinkable_cases(id: &str) {
    let statement = statement(id);
    let persistence = FileFailurePersistence::Direct("tests/theorems/regressions.txt");
    for check in statement
        .checks
        .iter()
        .filter(|check| !check.name.contains("digits"))
    {
        let config = Config {
            cases: CASES,
            failure_persistence: Some(Box::new(persistence)),
            max_shrink_iters: 2000,
            rng_seed: RngSeed::Fixed(seed()),
            ..Config::default()
        };
        let choices = prop::collection::vec(any::<u64>(), 0..120);
        let result = TestRunner::new(config).run(&choices, |choices| {
            let case = (check.draw)(&mut Draw::from_choices(choices));
            match (check.run)(&case) {
                Outcome::Refuted(found) => Err(TestCaseError::fail(format!("{found}\n{case:#?}"))),
                _ => Ok(()),
            }
        });
        if let Err(error) = result {
            panic!("{id} {}, seed {}: {error}", check.name, seed());
        }
    }
}

macro_rules! theorems {
    (
        drawn { $($module:ident $id:literal,)* }
        fixed { $($fixed_module:ident $fixed_id:literal,)* }
    ) => {
        /// The statements that have a module here.
        const LISTED: &[(&str, &str)] = &[
            $(($id, stringify!($module)),)* $(($fixed_id, stringify!($fixed_module))),*
        ];
        /// Those whose cases are drawn; the others have one, and nothing to shrink.
        const DRAWN: &[&str] = &[$($id),*];
        $(
            mod $module {
                #[test]
                fn every_check_holds() {
                    super::checks_hold($id);
                }
                #[test]
                fn every_check_holds_on_shrinkable_cases() {
                    super::checks_hold_on_shrinkable_cases($id);
                }
                #[test]
                fn every_negative_control_is_caught() {
                    super::controls_are_caught($id);
                }
            }
        )*
        $(
            mod $fixed_module {
                #[test]
                fn every_check_holds() {
                    super::checks_hold($fixed_id);
                }
                #[test]
                fn every_negative_control_is_caught() {
                    super::controls_are_caught($fixed_id);
                }
            }
        )*
    };
}

theorems! {
    drawn {
        d1_exponential_symmetry "D1",
        t1_orthogonality "T1",
        t2_equivariance "T2",
        t3_charge_under_gradient_flow "T3",
        t4_noether_flow "T4",
        t5_exact_discrete_law "T5",
        t6_approximate_symmetry "T6",
        t7_monotonicity "T7",
        t8_one_equilibrium_per_orbit "T8",
        t9_no_barrier "T9",
        t10_direction "T10",
        t11_smooth_dependence "T11",
        t12_initialisation_independence "T12",
        t13_two_classes_of_symmetry "T13",
        t14_relaxation_rate "T14",
        t15_finite_learning_rate "T15",
        t16_commuting_generators "T16",
        t17_a_whole_matrix_group "T17",
        t18_general_principle "T18",
        c1_rescaling "C1",
        c2_scaling "C2",
        c3_matrix_factorisation "C3",
        c4_deep_linear_networks "C4",
        l1_antisymmetric_and_general_generators "L1",
        l2_broken_symmetry "L2",
        l3_uniqueness_fails "L3",
        l4_existence_fails "L4",
    }
    fixed {
        n0_conventions "N0",
        p1_progressive_sharpening_and_flattening "P1",
        p2_stability_and_learning_rate_warmup "P2",
        p3_representation_normalisation "P3",
        p4_formation_of_latent_representations "P4",
        p5_matrix_factorisation_sgd_against_gradient_descent "P5",
        p6_scale_invariance "P6",
    }
}
