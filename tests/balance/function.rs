//! The moved network computes the same function, to within rounding.

use crate::network::{Data, Draw, SHAPES, Shape, Tensors, balanced, derivatives, outputs, tensors};
use noise_equilibrium::checkpoint::{Factor, Report, Verdict};

/// Unit roundoff.
const U: f64 = f64::EPSILON / 2.0;
/// The longest inner product of the networks here is of 6 terms; a row of attention adds
/// three exponentials, a quotient and a product.
const OPERATIONS: f64 = 16.0;

/// How far apart two evaluations of the same function may lie, for each output.
///
/// To first order the difference is Σ|∂f/∂θᵢ|δᵢ. A rescaled number has one rounding for
/// each of at most two rescalings. A turned one, from rank r: PU has r; P⁻¹W comes from
/// Cholesky's solution, whose relative error is at most r(3r + 1)uκ (Higham, Accuracy and
/// Stability of Numerical Algorithms, theorem 10.4). Inner products are backward stable in
/// the weights. Twice that, for what is of second order.
fn bound(shape: Shape, after: &Tensors, report: &Report, x: &[f64]) -> Vec<f64> {
    let (mut rank, mut condition) = (1.0_f64, 1.0_f64);
    if !matches!(shape, Shape::DeepRelu | Shape::InOut) {
        for pair in &report.pairs {
            let Factor { smallest, largest } = pair.factor;
            rank = rank.max(pair.rank as f64);
            condition = condition.max(largest / smallest);
        }
    }
    let relative = (rank * (3.0 * rank + 1.0) * condition + 2.0 + OPERATIONS) * U;
    let mut bound = vec![0.0; shape.outputs()];
    for (name, rows) in derivatives(shape, after, x) {
        let (_, numbers) = &after[&name];
        // The error of a turned number is relative to its column, not to itself.
        let size = match shape {
            Shape::DeepRelu | Shape::InOut => None,
            _ => Some(numbers.iter().map(|x| x * x).sum::<f64>().sqrt()),
        };
        for (row, number) in rows.iter().zip(numbers) {
            for (bound, derivative) in bound.iter_mut().zip(row) {
                *bound += 2.0 * derivative.abs() * size.unwrap_or(number.abs()) * relative;
            }
        }
    }
    // Softmax weighs the values with probabilities, each of which has its own error.
    if let Shape::Attention { .. } = shape {
        let largest = |name: &str| after[name].1.iter().fold(0.0, |a: f64, b| a.max(b.abs()));
        let value = largest("v.weight") * x.len() as f64 + largest("v.bias");
        let score = (largest("q.weight") * x.len() as f64 + largest("q.bias"))
            * (largest("k.weight") * x.len() as f64 + largest("k.bias"));
        let width = after["o.weight"].0[1] as f64;
        for bound in &mut bound {
            *bound += 2.0 * OPERATIONS * U * (1.0 + score) * width * largest("o.weight") * value;
        }
    }
    bound
}

/// The largest ratio of a difference to its bound.
fn excess(shape: Shape, before: &Tensors, after: &Tensors, report: &Report, data: &Data) -> f64 {
    let mut worst = 0.0_f64;
    for x in &data.inputs {
        let (f, g) = (outputs(shape, before, x), outputs(shape, after, x));
        let bound = bound(shape, after, report, x);
        for ((f, g), bound) in f.iter().zip(&g).zip(&bound) {
            // A bound that lets anything pass would show nothing.
            assert!(*bound < 1e-9, "{shape:?}: bound {bound:e}");
            worst = worst.max((f - g).abs() / bound);
        }
    }
    worst
}

struct Case {
    shape: Shape,
    data: Data,
    before: Tensors,
    after: Tensors,
    report: Report,
}

fn cases() -> impl Iterator<Item = Case> {
    SHAPES.into_iter().flat_map(|shape| {
        (0..4).map(move |seed| {
            let mut draw = Draw::new(seed);
            let before = shape.tensors(&mut draw);
            let data = Data::new(shape, 12, &mut draw);
            let gradients = data.gradients(shape, &before);
            let result = balanced(&before, &shape.network(), &gradients);
            let after = tensors(&result.checkpoint.expect("balanced"));
            Case {
                shape,
                data,
                before,
                after,
                report: result.report,
            }
        })
    })
}

#[test]
fn the_function_is_the_same() {
    for case in cases() {
        let Case {
            shape,
            data,
            before,
            after,
            report,
        } = &case;
        assert_eq!(report.status, Verdict::Balanced);
        let worst = excess(*shape, before, after, report, data);
        assert!(worst <= 1.0, "{shape:?}: {worst}");
    }
}

/// Its name, and what it does to the tensors.
type Mistake<'a> = (&'a str, &'a dyn Fn(&mut Tensors));

/// What a mistake in the code would do to the numbers; each must be far beyond the bound.
#[test]
fn another_move_is_noticed() {
    for case in cases() {
        let Case {
            shape,
            data,
            before,
            after,
            report,
        } = &case;
        let (up, down) = match shape {
            Shape::Linear => ("up.weight", "down.weight"),
            Shape::DeepRelu => ("fc2.weight", "fc1.weight"),
            Shape::InOut => ("dense2.kernel", "dense1.kernel"),
            Shape::Attention { .. } => ("q.weight", "k.weight"),
        };
        let wrong: [Mistake<'_>; 4] = [
            ("one side left behind", &|tensors| {
                tensors.insert(up.to_owned(), before[up].clone());
            }),
            // For a rescaling exactly the other sign of λ.
            ("inverse factors on one side", &|tensors| {
                let pairs = before[down].1.iter().zip(&after[down].1);
                tensors.get_mut(down).expect("a tensor").1 =
                    pairs.map(|(x, y)| x * x / y).collect();
            }),
            ("the factors of the wrong axis", &|tensors| {
                let (shape, numbers) = tensors.get_mut(up).expect("a tensor");
                let ratio: Vec<f64> = numbers
                    .iter()
                    .zip(&before[up].1)
                    .map(|(y, x)| y / x)
                    .collect();
                let cols = shape[1];
                for (k, number) in numbers.iter_mut().enumerate() {
                    let (i, j) = (k / cols, k % cols);
                    *number = before[up].1[k] * ratio[j % shape[0] * cols + i % cols];
                }
            }),
            ("the bias left behind", &|tensors| {
                for (name, old) in before.iter().filter(|(name, _)| name.ends_with("bias")) {
                    tensors.insert(name.clone(), old.clone());
                }
            }),
        ];
        for (what, make) in wrong {
            let mut moved = after.clone();
            make(&mut moved);
            let worst = excess(*shape, before, &moved, report, data);
            assert!(worst > 1e3, "{shape:?}, {what}: {worst}");
        }
    }
}

/// The imbalance at the new point, from gradients taken afresh there: nothing is left to
/// move, and the equilibrium is one point for the orbit (T12).
#[test]
fn the_new_point_is_balanced_by_its_own_gradients() {
    for case in cases() {
        let Case {
            shape,
            data,
            before,
            after,
            report,
        } = &case;
        let again = balanced(after, &shape.network(), &data.gradients(*shape, after)).report;
        for (first, second) in report.pairs.iter().zip(&again.pairs) {
            assert!(
                first.imbalance.before > 1e-3,
                "{shape:?}: nothing to balance"
            );
            // The gradients there have their own rounding, beyond what was balanced.
            assert!(second.imbalance.before < 1e-9, "{shape:?}: {second:?}");
            assert!(first.potential.after <= first.potential.before || report.pairs.len() > 1);
        }
        assert!(
            report.potential.after < report.potential.before,
            "{shape:?}"
        );
        // The control: the old gradients do not belong to the new point.
        let network =
            noise_equilibrium::checkpoint::read_architecture(&shape.network()).expect("a network");
        let stale = crate::network::file(&data.gradients(*shape, before));
        let refused = noise_equilibrium::checkpoint::balance(
            &crate::network::file(after),
            &network,
            &stale,
            |_, _| (),
        );
        let message = refused.expect_err("refused").to_string();
        assert!(message.contains("T1 fails"), "{message}");
    }
}
