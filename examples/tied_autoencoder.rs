//! A loss that is not built in: an autoencoder whose decoder is its encoder, transposed, with
//! a scale for each hidden unit. Of the invariance of two free factors under all of GL(r)
//! only the rescaling of each unit against its scale is left.
//!
//! `cargo run --example tied-autoencoder` puts it under the statements of the ledger.

use noise_equilibrium::model::{Loss, Sample};
use noise_equilibrium::scalar::{Field, dot, integers, sum};
use noise_equilibrium::symmetry::Generator;
use noise_equilibrium::theorem::{Cases, Subject, Verdict};

/// ℓ = ‖Wᵀdiag(s)Wx − x‖², θ = (W, s), W row by row: a row for each hidden unit.
#[derive(Clone, Debug)]
struct Autoencoder {
    inputs: usize,
    hidden: usize,
}

impl Loss for Autoencoder {
    fn dim(&self) -> usize {
        self.hidden * (self.inputs + 1)
    }

    fn loss<S: Field>(&self, theta: &[S], z: &Sample<S>) -> Option<S> {
        let (weights, scales) = theta.split_at(self.hidden * self.inputs);
        let rows = weights.chunks(self.inputs);
        let hidden = rows.clone().zip(scales);
        let hidden: Vec<S> = hidden.map(|(w, s)| dot(w, &z.input) * s).collect();
        let error = |i: usize| {
            let output = rows.clone().zip(&hidden).map(|(w, h)| h.clone() * &w[i]);
            (sum(output) - &z.input[i]).square()
        };
        Some(sum((0..self.inputs).map(error)))
    }
}

pub fn main() {
    let samples = vec![
        Sample::of_integers(&[1, 2], &[]),
        Sample::of_integers(&[2, -1], &[]),
        Sample::of_integers(&[1, 1], &[]),
    ];
    let theta = integers(&[1, 2, -1, 1, 1, 2]);
    let loss = || Autoencoder {
        inputs: 2,
        hidden: 2,
    };
    let under = |generator| Subject::new(loss(), samples.clone(), theta.clone(), vec![generator]);

    // w_1 grows as e^λ and s_1 falls as e^{−2λ}.
    let rescaling = Generator::diagonal(integers(&[1, 1, 0, 0, -2, 0])).expect("rates");
    let subject = under(rescaling).expect("a symmetry");
    for finding in subject.report(Cases::default()) {
        println!("{}: {:?}", finding.name, finding.verdict);
        assert!(!matches!(finding.verdict, Verdict::Fails(_)), "{finding:?}");
    }

    // Two free factors could be turned by diag(1, −1); tied ones cannot.
    let turning = Generator::diagonal(integers(&[1, 1, -1, -1, 0, 0])).expect("rates");
    println!("{}", under(turning).expect_err("no symmetry"));
}
