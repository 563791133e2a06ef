//! Smallest cases with the numbers worked out by hand: each pins a sign or a factor
//! of docs/theory.md that a consistent mistake would otherwise carry through.

use noise_equilibrium::balance::{BalanceEquation, Equilibrium, Spectrum, Strength, Term, solve};
use noise_equilibrium::dynamics::{batches_with_replacement, batches_without_replacement, step};
use noise_equilibrium::model::{
    Activation, Adapter, Attention, Deep, DiagonalLinear, Loss, Model, Sample, ScaleInvariant,
    Symmetric, Twin,
};
use noise_equilibrium::problem::read_problem;
use noise_equilibrium::scalar::{Rational, dot};
use noise_equilibrium::symmetry::Generator;

fn q(p: i32, q: u32) -> Rational {
    Rational::from((p, q))
}

/// T4 at n = 2: rates ±1, gradients (1, 0) and (3, 4): Σ = diag(1, 4) on the diagonal,
/// Tr ΣA = 1 − 4, C = 4 − 1 at θ = (2, 1); γ = 1/4, σ² = 1/2: −4γC + 2σ²Tr ΣA = −3 − 3.
#[test]
fn t4_drift_of_two_parameters() {
    let problem = r#"{ "format": "noise-equilibrium/problem-1",
        "strength": { "gamma": "1/4", "sigma2": "1/2" },
        "generator": { "kind": "rescaling", "up": [0], "down": [1] },
        "theta": [2, 1], "gradients": [[1, 0], [3, 4]] }"#;
    let problem = read_problem(problem).unwrap();
    let start = problem.source().unwrap().unwrap().start(&problem.strength);
    assert_eq!(start.charge, 3);
    assert_eq!(start.balance, -6);
    // Φ(0) = 2γ‖θ‖² + σ²Tr Σ = 5/2 + 5/2.
    assert_eq!(start.potential, 5);
}

/// T5 at n = 1: θ = 2, g = 1, η = γ = ½ gives θ' = 2 − ½(1 + 2·½·2) = ½.
#[test]
fn t5_one_step_by_hand() {
    let next = step(&[q(2, 1)], &[q(1, 1)], &q(1, 2), &q(1, 2));
    assert_eq!(next, [q(1, 2)]);
}

#[test]
fn t5_batches_are_all_there() {
    assert_eq!(batches_with_replacement(3, 2).len(), 9);
    assert_eq!(batches_without_replacement(3, 2).len(), 6);
    assert!(
        batches_without_replacement(3, 2)
            .iter()
            .all(|b| b[0] != b[1])
    );
    assert_eq!(batches_without_replacement(2, 3).len(), 0);
}

fn qs(numbers: &[i32]) -> Vec<Rational> {
    numbers.iter().map(|&n| q(n, 1)).collect()
}

/// D1: what the models compute, from the order of θ to the term of a twin.
#[test]
fn d1_losses_by_hand() {
    let deep = |widths: &[usize], activation| {
        Model::Deep(Deep {
            widths: widths.to_vec(),
            activation,
        })
    };
    let leaky = || Activation::LeakyRelu { slope: q(1, 2) };
    let diagonal = Model::DiagonalLinear(DiagonalLinear {
        inputs: 2,
        depth: 2,
    });
    let normalised = |per_row| {
        Model::ScaleInvariant(ScaleInvariant {
            inputs: 2,
            outputs: 2,
            per_row,
        })
    };
    let attention = Model::Attention(Attention {
        tokens: 2,
        embedding: 1,
        head: 1,
        outputs: 1,
    });
    let adapter = Model::Adapter(Adapter {
        factor: Deep {
            widths: vec![1, 1, 1],
            activation: Activation::Identity,
        },
        frozen: qs(&[2]),
    });
    let twin = |loss: &Model, asymmetry| Twin {
        loss: loss.clone(),
        asymmetry: q(asymmetry, 1),
    };
    let itself = |loss: Model| twin(&loss, 0);
    for (model, theta, input, target, loss) in [
        // 2·(3 4)(5; 6) = 78, with the output layer first in θ.
        (
            itself(deep(&[1, 2, 1, 1], Activation::Identity)),
            &[2, 3, 4, 5, 6][..],
            &[1][..],
            &[76][..],
            q(4, 1),
        ),
        // φ(2, −2) = (2, −1).
        (
            itself(deep(&[1, 2, 1], leaky())),
            &[1, 1, 2, -2],
            &[1],
            &[0],
            q(1, 1),
        ),
        // 1·3·1 + 2·4·2; the twin adds 3·(1, 2, 18, 1)·θ.
        (twin(&diagonal, 3), &[1, 2, 3, 4], &[1, 2], &[18], q(190, 1)),
        (itself(diagonal), &[1, 2, 3, 4], &[1, 2], &[18], q(1, 1)),
        // Rows over 5 and 13, and over their common norm 5; the twin adds 2·5·1.
        (
            itself(normalised(true)),
            &[3, 4, 5, 12],
            &[5, 0],
            &[0, 0],
            q(9, 1) + q(625, 169),
        ),
        (
            itself(normalised(false)),
            &[1, 2, 2, 4],
            &[5, 0],
            &[0, 0],
            q(5, 1),
        ),
        (
            twin(&normalised(false), 2),
            &[1, 2, 2, 4],
            &[5, 0],
            &[0, 0],
            q(15, 1),
        ),
        // Without queries both tokens look at their mean 2: 2·3·5.
        (
            itself(attention),
            &[0, 1, 3, 5],
            &[1, 3],
            &[30, 29],
            q(1, 1),
        ),
        // 2 + 3·4.
        (itself(adapter), &[3, 4], &[1], &[13], q(1, 1)),
    ] {
        let sample = Sample {
            input: qs(input),
            target: qs(target),
        };
        let found = model.loss(&qs(theta), &sample);
        assert_eq!(found, Some(loss), "{model:?}");
    }
}

/// D1: softmax and tanh at ln 2, where they are rational, up to a few roundings.
#[test]
fn d1_exponentials_by_hand() {
    let ln2 = std::f64::consts::LN_2;
    // Queries (ln 2, 0) against keys (1, 0): the first token looks at (2/3, 1/3) of the
    // values (3, 0), the second at half of them.
    let attention = Attention {
        tokens: 2,
        embedding: 1,
        head: 1,
        outputs: 1,
    };
    let sample = Sample {
        input: vec![1.0, 0.0],
        target: vec![1.0, 0.5],
    };
    let loss = attention.loss(&[ln2, 1.0, 3.0, 1.0], &sample).unwrap();
    assert!((loss - 2.0).abs() <= 32.0 * f64::EPSILON, "{loss}");
    // tanh ln 2 = (2 − ½)/(2 + ½).
    let tanh = Deep {
        widths: vec![1, 1, 1],
        activation: Activation::Tanh,
    };
    let sample = Sample {
        input: vec![ln2],
        target: vec![0.0],
    };
    let loss = tanh.loss(&[5.0, 1.0], &sample).unwrap();
    assert!((loss - 9.0).abs() <= 256.0 * f64::EPSILON, "{loss}");
}

/// T6 for the twin of f = uwx at u = w = x = 1, y = 0 with ε = 3: ∇ℓ = (2, 2) + 3·(1, 0)
/// and Aθ = (1, −1), so that ∇ℓᵀAθ = 3: the term is what the symmetry lacks.
#[test]
fn t6_drift_of_a_twin() {
    let model = Twin {
        loss: Deep {
            widths: vec![1, 1, 1],
            activation: Activation::Identity,
        },
        asymmetry: q(3, 1),
    };
    let sample = Sample {
        input: vec![q(1, 1)],
        target: vec![q(0, 1)],
    };
    let theta = [q(1, 1), q(1, 1)];
    let gradient = model.gradient(&theta, &sample).unwrap();
    assert_eq!(gradient, [q(5, 1), q(2, 1)]);
    let rescaling = Generator::rescaling(2, vec![0], vec![1]).unwrap();
    assert_eq!(dot(&gradient, &rescaling.apply(&theta)), 3);
}

/// T6 for f = tanh(sx) at u = w = x = 1, y = −1: ∇ℓᵀAθ = (4/3)s³ up to (4/3 + 16/15)s⁴.
#[test]
fn t6_leading_term_of_a_tanh_unit() {
    let model = Deep {
        widths: vec![1, 1, 1],
        activation: Activation::Tanh,
    };
    let sample = Sample {
        input: vec![1.0],
        target: vec![-1.0],
    };
    let neuron = model.approximate_symmetries().swap_remove(0);
    let s = 1.0 / 1024.0;
    let theta = [1.0, s];
    let gradient = model.gradient(&theta, &sample).unwrap();
    let slope = dot(&gradient, &neuron.apply(&theta));
    // Four roundings of at most a unit each in tanh and in its slope, times 2(f − y) ≤ 4.
    let rounding = 16.0 * f64::EPSILON / (s * s * s);
    let error = slope / (s * s * s) - 4.0 / 3.0;
    assert!(error.abs() <= 2.4 * s + rounding, "{error}");
    assert!(model.symmetries().is_empty());
}

fn two(rates: [i32; 2], noise: [i32; 2], charge: [i32; 2]) -> Spectrum<Rational> {
    let term = |k: usize| Term {
        rate: q(rates[k], 1),
        noise: q(noise[k], 1),
        charge: q(charge[k], 1),
    };
    Spectrum::merged([term(0), term(1)])
}

/// C1 at γ = 0: λ* = ¼ ln(16/1) = ln 2.
#[test]
fn c1_quarter_logarithm() {
    let balance = BalanceEquation {
        spectrum: two([1, -1], [16, 1], [0, 0]),
        strength: Strength::new(q(0, 1), q(1, 1)).unwrap(),
    };
    let text = balance.spectrum.map(Rational::to_f64);
    let floating = BalanceEquation {
        spectrum: text,
        strength: balance.strength.convert(),
    };
    let Ok(Equilibrium::Finite(lambda)) = solve(&floating) else {
        panic!("finite")
    };
    // One rounding each of ln and the division.
    assert!(
        (lambda - std::f64::consts::LN_2).abs() <= 2.0 * f64::EPSILON,
        "{lambda}"
    );
}

/// C2 from a unit θ with Tr Σ = 4, σ² = 4, γ = 1: ‖θ*‖⁴ = 4·4/2 = 8, C(θ*) = ‖θ*‖² = √8.
#[test]
fn c2_equilibrium_norm() {
    let problem = r#"{ "format": "noise-equilibrium/problem-1",
        "strength": { "gamma": 1, "sigma2": 4 },
        "generator": { "kind": "scaling" },
        "theta": [1, 0], "gradients": [[0, 2], [0, -2], [2, 0], [-2, 0]] }"#;
    let problem = read_problem(problem).unwrap();
    let solution = problem.solve(30).unwrap();
    let file = serde_json::to_value(solution.to_file()).unwrap();
    let lower = file["charge"]["after"]["lower"].as_str().unwrap();
    assert!(
        lower.starts_with("2.8284271247461900976033774484"),
        "{lower}"
    );
}

/// L1: θᵀAθ of the rotation generator (0 −1; 1 0) is not even expressible: A must be symmetric.
#[test]
fn l1_antisymmetric_generator_is_refused() {
    let rows = [vec![q(0, 1), q(-1, 1)], vec![q(1, 1), q(0, 1)]];
    let error = Generator::dense(&rows).unwrap_err().to_string();
    assert!(
        error.contains("matrix[1][0]") && error.contains("symmetric"),
        "{error}"
    );
}
