//! A loss that is not built in: a softmax classifier behind a linear hidden unit. The unit
//! can be rescaled; and adding one number to all biases changes nothing, which is a
//! translation: its charge Σb is linear, and SGD conserves it.
//!
//! `cargo run --example softmax-bias` puts the rescaling under the statements of the ledger,
//! and shows the translation beside it.

use noise_equilibrium::model::{Loss, Sample};
use noise_equilibrium::scalar::{
    Field, Real, RealScalar, at_precision, convert, dot, integers, sum,
};
use noise_equilibrium::symmetry::Generator;
use noise_equilibrium::theorem::{Cases, Subject, Verdict};

/// ℓ = ‖softmax(u(w·x) + b) − y‖², θ = (u, w, b).
#[derive(Clone, Debug)]
struct Classifier {
    inputs: usize,
    classes: usize,
}

impl Loss for Classifier {
    fn dim(&self) -> usize {
        2 * self.classes + self.inputs
    }

    fn loss<S: Field>(&self, theta: &[S], z: &Sample<S>) -> Option<S> {
        let (out, rest) = theta.split_at(self.classes);
        let (weights, bias) = rest.split_at(self.inputs);
        let unit = dot(weights, &z.input);
        let logits = out.iter().zip(bias).map(|(u, b)| u.clone() * &unit + b);
        let powers: Vec<S> = logits.map(|x| x.exponential()).collect::<Option<_>>()?;
        let total = sum(powers.iter().cloned());
        let errors = powers.into_iter().zip(&z.target);
        Some(sum(errors.map(|(p, y)| (p / &total - y).square())))
    }
}

pub fn main() {
    let classifier = Classifier {
        inputs: 2,
        classes: 3,
    };
    let samples = vec![
        Sample::of_integers(&[1, 2], &[1, 0, 0]),
        Sample::of_integers(&[2, -1], &[0, 1, 0]),
        Sample::of_integers(&[-1, 1], &[0, 0, 1]),
    ];
    let theta = integers(&[1, -1, 2, 1, 1, 0, 1, -1]);
    let under = |rates: &[i64]| {
        let generator = Generator::diagonal(integers(rates)).expect("rates");
        Subject::new(
            classifier.clone(),
            samples.clone(),
            theta.clone(),
            vec![generator],
        )
    };

    let subject = under(&[1, 1, 1, -1, -1, 0, 0, 0]).expect("a symmetry");
    for finding in subject.report(Cases::default()) {
        println!("{}: {:?}", finding.name, finding.verdict);
        assert!(!matches!(finding.verdict, Verdict::Fails(_)), "{finding:?}");
    }

    // ∇ℓ·(0, 0, 1, 1, 1), in numbers of 200 bits. The biases' derivatives add up to 0; those
    // of the outgoing weights, which a wrong claim would take, do not.
    at_precision(200, || {
        let gradient = classifier.gradient::<Real>(&convert(&theta), &samples[0].convert());
        let gradient = gradient.expect("a value");
        let along = |part: &[Real]| nalgebra::ComplexField::abs(sum(part.iter().cloned()));
        let rounding = Real::unit() * Real::from_int(1 << 10);
        assert!(along(&gradient[5..]) < rounding && along(&gradient[..2]) > rounding);
        println!("∇ℓ along the biases: {:?}", along(&gradient[5..]));
    });

    // The biases may not grow.
    let refused = under(&[0, 0, 0, 0, 0, 1, 1, 1]).expect_err("no symmetry");
    println!("{refused}");
}
