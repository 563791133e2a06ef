//! A loss that is not built in: weights before a batch normalisation, which do not see their
//! own length. Its norm is irrational, so what is exact says nothing of it; what is
//! compared at growing precisions does.
//!
//! `cargo run --example batch-normalised` puts it under the statements of the ledger.

use noise_equilibrium::model::{Loss, Sample};
use noise_equilibrium::scalar::{Field, dot, integers, sum};
use noise_equilibrium::symmetry::Generator;
use noise_equilibrium::theorem::{Cases, Subject, Verdict};

/// ℓ = Σ_i ((u_i − m)/√v − y_i)², u_i = w·x_i over a batch, with its mean m and variance v.
/// A sample is a batch: its input holds all x_i one after the other.
#[derive(Clone, Debug)]
struct Normalised {
    inputs: usize,
}

impl Loss for Normalised {
    fn dim(&self) -> usize {
        self.inputs
    }

    fn loss<S: Field>(&self, theta: &[S], batch: &Sample<S>) -> Option<S> {
        let rows = batch.input.chunks(self.inputs);
        let u: Vec<S> = rows.map(|x| dot(theta, x)).collect();
        let count = S::from_int(i64::try_from(u.len()).ok()?);
        let mean = sum(u.iter().cloned()) / &count;
        let variance = sum(u.iter().map(|u| (u.clone() - &mean).square())) / &count;
        let deviation = variance.root()?;
        let outputs = u.into_iter().map(|u| (u - &mean) / &deviation);
        let errors = outputs.zip(&batch.target).map(|(f, y)| (f - y).square());
        Some(sum(errors))
    }
}

pub fn main() {
    let samples = vec![
        Sample::of_integers(&[1, 2, 2, -1, 3, 1], &[1, 0, -1]),
        Sample::of_integers(&[0, 1, 1, 1, -2, 3], &[0, 1, 2]),
    ];
    let under = |rates: &[i64]| {
        let generator = Generator::diagonal(integers(rates)).expect("rates");
        let loss = Normalised { inputs: 2 };
        Subject::new(loss, samples.clone(), integers(&[1, 3]), vec![generator])
    };

    let subject = under(&[1, 1]).expect("a symmetry");
    let (mut held, mut silent) = (0, 0);
    for finding in subject.report(Cases::default()) {
        println!("{}: {:?}", finding.name, finding.verdict);
        match finding.verdict {
            Verdict::Holds => held += 1,
            Verdict::NotApplicable(_) => silent += 1,
            Verdict::Fails(found) => panic!("{}: {found}", finding.name),
        }
    }
    assert!(held > 0 && silent > 0);

    // One weight may not grow alone.
    println!("{}", under(&[1, 0]).expect_err("no symmetry"));
}
