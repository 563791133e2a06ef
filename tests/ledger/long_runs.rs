//! What the audit follows for a thousand steps, for a hundred times as many.

use noise_equilibrium::model::{Activation, Model};
use noise_equilibrium::scalar::Rational;
use noise_equilibrium::theorem::{Draw, NetworkCase, Outcome, running_network, steps_in_doubles};

const STEPS: u64 = 100_000;

/// With decay for an odd index. Without, nothing damps what has been rounded off: the
/// errors of all steps add up.
fn drawn(index: u64) -> NetworkCase {
    let mut case = running_network(&mut Draw::seeded(1, "long run", index));
    if index.is_multiple_of(2) {
        case.gamma = Rational::new();
    }
    case
}

#[test]
fn the_discrete_law_holds_for_100_000_steps() {
    for index in 0..4 {
        let case = drawn(index);
        let outcome = steps_in_doubles(&case, STEPS);
        assert!(
            matches!(outcome, Ok(Outcome::Verified(_))),
            "case {index}: {outcome:?}\n{case:#?}"
        );
    }
}

#[test]
fn tanh_breaks_it() {
    for index in 0..4 {
        let mut case = drawn(index);
        if let Model::Deep(deep) = &mut case.model {
            deep.activation = Activation::Tanh;
        }
        let outcome = steps_in_doubles(&case, STEPS);
        assert!(
            matches!(outcome, Ok(Outcome::Refuted(_))),
            "case {index}: {outcome:?}\n{case:#?}"
        );
    }
}
