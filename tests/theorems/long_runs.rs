//! What the audit follows for a thousand steps, for a hundred times as many.

use noise_equilibrium::theorem::{Draw, Outcome, running_network, steps_in_doubles};

#[test]
fn the_discrete_law_holds_for_100_000_steps() {
    for index in 0..3 {
        let case = running_network(&mut Draw::seeded(super::seed(), "long run", index));
        let outcome = steps_in_doubles(&case, 100_000);
        assert!(
            matches!(outcome, Outcome::Verified(_)),
            "case {index}: {outcome:?}\n{case:#?}"
        );
    }
}
