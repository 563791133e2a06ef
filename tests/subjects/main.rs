//! Losses that are not built in, under the statements of the ledger.

use noise_equilibrium::model::{Loss, Sample};
use noise_equilibrium::scalar::{Field, Rational, dot, integers};
use noise_equilibrium::symmetry::Generator;
use noise_equilibrium::theorem::{Cases, Subject, SubjectError, Verdict};

#[allow(dead_code, reason = "its main is a test here")]
#[path = "../../examples/batch_normalised.rs"]
mod batch_normalised;
#[allow(dead_code, reason = "its main is a test here")]
#[path = "../../examples/gated_linear_unit.rs"]
mod gated_linear_unit;
#[allow(dead_code, reason = "its main is a test here")]
#[path = "../../examples/softmax_bias.rs"]
mod softmax_bias;
#[allow(dead_code, reason = "its main is a test here")]
#[path = "../../examples/tied_autoencoder.rs"]
mod tied_autoencoder;

#[test]
fn the_examples_run() {
    batch_normalised::main();
    gated_linear_unit::main();
    softmax_bias::main();
    tied_autoencoder::main();
}

/// ℓ = (uvx − y)², perhaps with its symmetry broken a little, or a gradient that is wrong.
#[derive(Clone, Debug)]
struct Product {
    broken: Rational,
    wrong_gradient: bool,
}

impl Loss for Product {
    fn dim(&self) -> usize {
        2
    }

    fn loss<S: Field>(&self, theta: &[S], z: &Sample<S>) -> Option<S> {
        let output = theta[0].clone() * &theta[1] * &z.input[0];
        let broken = S::from_rational(&self.broken) * &theta[0];
        Some((output - &z.target[0]).square() + broken)
    }

    fn gradient<S: Field>(&self, theta: &[S], z: &Sample<S>) -> Option<Vec<S>> {
        let mut gradient = self.differentiate(theta, z)?;
        if self.wrong_gradient {
            gradient[1] = gradient[1].clone() * S::from_int(2);
        }
        Some(gradient)
    }
}

fn product(
    broken: Rational,
    wrong_gradient: bool,
    rates: &[i64],
) -> Result<Subject<Product>, SubjectError> {
    Subject::new(
        Product {
            broken,
            wrong_gradient,
        },
        vec![
            Sample::of_integers(&[1], &[3]),
            Sample::of_integers(&[2], &[-1]),
        ],
        integers(&[2, 1]),
        vec![Generator::diagonal(integers(rates)).expect("rates")],
    )
}

#[test]
fn a_symmetry_is_accepted_and_its_statements_hold() {
    let subject = product(Rational::new(), false, &[1, -1]).expect("a symmetry");
    let findings = subject.report(Cases::default());
    for finding in &findings {
        assert_eq!(finding.verdict, Verdict::Holds, "{}", finding.name);
    }
    let names: Vec<&str> = findings.iter().map(|f| f.name.as_str()).collect();
    assert!(names.contains(&"T1::orthogonality::exact"), "{names:?}");
    assert!(names.contains(&"T1::orthogonality::exact::sabotaged::asymmetric_twin"));
}

/// What is no symmetry is told with the point, the sample and the number.
#[test]
fn a_wrong_generator_is_refused_with_its_witness() {
    let error = product(Rational::new(), false, &[1, 1]).expect_err("no symmetry");
    let text = error.to_string();
    // ∇ℓ·θ = 2(uv − y)·2uv at (2, 1), x = 1, y = 3: 2·(−1)·4.
    for part in ["generators[0]", "samples[0]", "θ = (2, 1)", "-8 is not 0"] {
        assert!(text.contains(part), "no {part:?} in {text}");
    }
    // A symmetry that is broken by 10⁻⁹ is none.
    let little = Rational::from((1, 1_000_000_000));
    let error = product(little, false, &[1, -1]).expect_err("no symmetry");
    assert!(matches!(error, SubjectError::NoSymmetry { .. }), "{error}");
}

#[test]
fn a_gradient_that_is_not_the_derivative_is_refused() {
    let error = product(Rational::new(), true, &[1, -1]).expect_err("a wrong gradient");
    assert!(matches!(error, SubjectError::Gradient { .. }), "{error}");
}

#[test]
fn shapes_that_do_not_fit_are_refused() {
    let loss = || Product {
        broken: Rational::new(),
        wrong_gradient: false,
    };
    let generator = || vec![Generator::diagonal(integers(&[1, -1])).expect("rates")];
    let sample = || Sample::of_integers(&[1], &[3]);
    let text = |found: Result<Subject<Product>, SubjectError>| found.expect_err("bad").to_string();
    let two = || integers(&[2, 1]);
    for (found, expected) in [
        (
            Subject::new(loss(), vec![sample()], integers(&[1]), generator()),
            "theta: expected 2 numbers, found 1",
        ),
        (
            Subject::new(loss(), vec![], two(), generator()),
            "samples: expected at least one",
        ),
        (
            Subject::new(loss(), vec![sample()], two(), vec![]),
            "generators: expected at least one",
        ),
        (
            Subject::new(
                loss(),
                vec![sample(), Sample::of_integers(&[1, 2], &[3])],
                two(),
                generator(),
            ),
            "samples[1].input: expected 1 numbers, found 2",
        ),
        (
            Subject::new(
                loss(),
                vec![sample()],
                two(),
                vec![Generator::scaling(3).expect("one")],
            ),
            "generators[0]: expected 2 numbers, found 3",
        ),
    ] {
        let text = text(found);
        assert!(text.contains(expected), "no {expected:?} in {text}");
    }
}

/// |u|: no value at the kink.
#[derive(Clone, Debug)]
struct Kink;

impl Loss for Kink {
    fn dim(&self) -> usize {
        1
    }

    fn loss<S: Field>(&self, theta: &[S], z: &Sample<S>) -> Option<S> {
        let x = dot(theta, &z.input);
        match x.sign()? {
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater => Some(x),
            std::cmp::Ordering::Less => Some(-x),
        }
    }
}

#[test]
fn a_point_without_a_value_is_refused() {
    let sample = Sample::of_integers(&[1], &[]);
    let still = Generator::diagonal(integers(&[0])).expect("rates");
    let found = Subject::new(Kink, vec![sample], integers(&[0]), vec![still]);
    let error = found.expect_err("a kink");
    assert_eq!(error, SubjectError::NoValue { sample: 0 });
}

#[test]
fn cases_are_taken_out_of_the_arguments() {
    let of = |text: &str| Cases::from_arguments(text.split_whitespace().map(str::to_owned));
    let (cases, rest) = of("program --seed 7 T1 --cases=3 --list").expect("arguments");
    assert_eq!(cases, Cases { seed: 7, cases: 3 });
    assert_eq!(rest, ["program", "T1", "--list"]);
    for (bad, expected) in [
        (
            "program --seed",
            "--seed: expected a whole number from 0, found nothing",
        ),
        (
            "program --cases 0",
            "--cases: expected a whole number from 1, found \"0\"",
        ),
        (
            "program --seed -1",
            "--seed: expected a whole number from 0, found \"-1\"",
        ),
    ] {
        assert_eq!(of(bad), Err(expected.to_owned()));
    }
}
