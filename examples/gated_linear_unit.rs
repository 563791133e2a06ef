//! A loss that is not built in: a gated linear unit, which is invariant under the rescaling
//! of its gate against its value.
//!
//! `cargo run --example gated-linear-unit` puts it under the statements of the ledger.

use noise_equilibrium::model::{Loss, Sample};
use noise_equilibrium::scalar::{Field, dot, integers};
use noise_equilibrium::symmetry::Generator;
use noise_equilibrium::theorem::{Cases, Subject, Verdict};

/// ℓ = (c(a·x)(b·x) − y)², θ = (a, b, c), with a and b as long as x.
#[derive(Clone, Debug)]
struct GatedUnit {
    inputs: usize,
}

impl Loss for GatedUnit {
    fn dim(&self) -> usize {
        2 * self.inputs + 1
    }

    fn loss<S: Field>(&self, theta: &[S], z: &Sample<S>) -> Option<S> {
        let (gate, rest) = theta.split_at(self.inputs);
        let (value, scale) = rest.split_at(self.inputs);
        let output = dot(gate, &z.input) * dot(value, &z.input) * &scale[0];
        Some((output - &z.target[0]).square())
    }
}

pub fn main() {
    let samples = vec![
        Sample::of_integers(&[1, 2], &[3]),
        Sample::of_integers(&[2, -1], &[1]),
        Sample::of_integers(&[-1, 1], &[2]),
    ];
    let theta = integers(&[1, 2, -1, 1, 3]);
    let under = |up: &[usize], down: &[usize]| {
        let generator = Generator::rescaling(5, up.to_vec(), down.to_vec()).expect("coordinates");
        let unit = GatedUnit { inputs: 2 };
        Subject::new(unit, samples.clone(), theta.clone(), vec![generator])
    };

    // The gate against the value.
    let subject = under(&[0, 1], &[2, 3]).expect("a symmetry");
    for finding in subject.report(Cases::default()) {
        println!("{}: {:?}", finding.name, finding.verdict);
        assert!(!matches!(finding.verdict, Verdict::Fails(_)), "{finding:?}");
    }

    // Gate and value may not both grow: only one of them can be paid for by the scale.
    let refused = under(&[0, 1, 2, 3], &[4]).expect_err("no symmetry");
    println!("{refused}");
}
