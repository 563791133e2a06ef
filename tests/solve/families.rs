//! Families of commuting generators and whole groups: answers known beforehand, and
//! what is refused.

use crate::program::{assert_refused, solve};
use noise_equilibrium::scalar::{Ball, Field, Rational, Scalar, at_precision, parse_exact, sum};
use rug::Float;
use rug::float::Round;
use serde_json::{Value, json};

/// What printed bounds are read and computed with.
const BITS: u32 = 512;

fn problem(gamma: &str, generator: &Value, theta: &Value, gradients: &Value) -> Value {
    json!({ "format": "noise-equilibrium/problem-1",
        "strength": { "gamma": gamma, "sigma2": "1/20" },
        "generator": generator, "theta": theta, "gradients": gradients })
}

/// The solution that the program prints.
fn solved(problem: &Value, digits: u32) -> Value {
    let (_, output) = solve(
        problem.to_string().as_bytes(),
        &["--digits", &digits.to_string()],
    );
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{error}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// A printed pair as a ball.
fn bounds(pair: &Value) -> Ball {
    let end = |field: &str, round| {
        let text = pair[field].as_str().unwrap_or_else(|| panic!("{pair}"));
        Float::with_val_round(BITS, parse_exact(text).expect("a number"), round).0
    };
    Ball::between(&end("lower", Round::Down), &end("upper", Round::Up)).expect("a ball")
}

fn list(pairs: &Value) -> Vec<Ball> {
    let pairs = pairs.as_array().unwrap_or_else(|| panic!("{pairs}"));
    pairs.iter().map(bounds).collect()
}

fn agree(left: &Value, right: &Value) {
    let (left, right) = (list(left), list(right));
    assert_eq!(left.len(), right.len());
    for (x, y) in left.iter().zip(&right) {
        assert!(x.intersects(y), "{x:?} and {y:?}");
    }
}

fn rescaling(up: &[usize], down: &[usize]) -> Value {
    json!({ "kind": "rescaling", "up": up, "down": down })
}

fn commuting(generators: &[Value]) -> Value {
    json!({ "kind": "commuting", "generators": generators })
}

fn factor(direction: Value) -> Value {
    json!({ "kind": "factor", "rows": 2, "rank": 2, "cols": 2, "direction": direction })
}

/// ℓ = (w₂w₁w₀ − y)²: gradients are multiples of (w₁w₂, w₀w₂, w₀w₁).
fn chain() -> (Value, Value) {
    (
        json!([1, 2, 3]),
        json!([[6, 3, 2], [-6, -3, -2], [1, "1/2", "1/3"]]),
    )
}

/// A network of three weights in a row balances where all three are equal (γ = 0): their
/// product is 6, so each is the cube root of 6.
#[test]
fn three_weights_in_a_row() {
    let (theta, gradients) = chain();
    let generator = commuting(&[rescaling(&[1], &[0]), rescaling(&[2], &[1])]);
    let solution = solved(&problem("0", &generator, &theta, &gradients), 40);
    assert_eq!(solution["status"], "finite");
    for x in list(&solution["theta"]) {
        let cube = at_precision(BITS, || x.square() * &x);
        assert!(cube.contains(&Rational::from(6)), "{x:?}");
        assert!(x.has_digits(40));
    }
    // θ₁/1 = e^{−λ₁}, θ₂/2 = e^{λ₁ − λ₂}, θ₃/3 = e^{λ₂}.
    let lambda = list(&solution["lambda"]);
    let third = list(&solution["theta"])[2].clone();
    let found = at_precision(BITS, || lambda[1].exp() * Ball::from_int(3));
    assert!(found.intersects(&third));
}

/// The gradient of Φ over the printed λ, from the formulas alone, holds 0.
#[test]
fn gradient_vanishes() {
    let rates = [[1, 0, -2], [0, 1, 1], [-1, 3, 1], [2, -1, 0], [-3, 1, 1]];
    let member = |i: usize| json!({ "kind": "diagonal", "rates": rates.iter().map(|w| w[i]).collect::<Vec<_>>() });
    let theta = ["0.3", "-1", "2", "1/7", "0.01"];
    let gradients = [
        ["1", "2", "-1", "0.5", "3"],
        ["-2", "0.1", "0", "1", "1"],
        ["0.5", "-4", "2", "0.25", "-1"],
    ];
    let generator = commuting(&[member(0), member(1), member(2)]);
    let solution = solved(
        &problem("1/100", &generator, &json!(theta), &json!(gradients)),
        60,
    );
    let lambda = list(&solution["lambda"]);
    let exact = |text: &str| parse_exact(text).expect("a number");
    let enclosed = Ball::from_rational;
    let (gamma, sigma2) = (exact("1/100"), exact("1/20"));
    let mut potential = Ball::from_int(0);
    let mut balance = vec![Ball::from_int(0); 3];
    at_precision(BITS, || {
        for k in 0..5 {
            let column: Vec<Rational> = gradients.iter().map(|g| exact(g[k])).collect();
            let mean = sum(column.iter().cloned()) / Rational::from(3);
            let variance =
                sum(column.iter().map(|x| Rational::from(x - &mean).square())) / Rational::from(3);
            let charge = exact(theta[k]).square();
            let exponent = sum((0..3).map(|i| lambda[i].clone() * Ball::from_int(2 * rates[k][i])));
            let c = exponent.exp() * enclosed(&(charge * &gamma * Rational::from(2)));
            let a = (-exponent).exp() * enclosed(&(variance * &sigma2));
            for i in 0..3 {
                let rate = Ball::from_int(2 * rates[k][i]);
                balance[i] += (a.clone() - &c) * &rate;
            }
            potential += a + c;
        }
    });
    for g in balance {
        assert!(g.contains_zero(), "{g:?}");
        assert!(g.magnitude() < 1e-55, "{g:?}");
    }
    assert!(potential.intersects(&bounds(&solution["potential"]["after"])));
}

/// A family of one is its generator.
#[test]
fn family_of_one() {
    let theta = json!([1, 2, 3, 1, 1, 0, 2, 1]);
    let gradients = json!([[6, 3, 2, 1, 1, 0, 2, 1], [-6, -3, -2, 1, 1, 2, 1, 2]]);
    for generator in [
        json!({ "kind": "scaling" }),
        rescaling(&[0, 1, 2, 3], &[4, 5]),
        json!({ "kind": "diagonal", "rates": [1, 2, -3, 0, "1/2", -1, 1, 7] }),
        // Golden rates.
        factor(json!([[0, 1], [1, 1]])),
    ] {
        let single = solved(&problem("1/3", &generator, &theta, &gradients), 30);
        let family = commuting(std::slice::from_ref(&generator));
        let family = solved(&problem("1/3", &family, &theta, &gradients), 30);
        assert_eq!(family["status"], "finite");
        assert!(bounds(&single["lambda"]).intersects(&list(&family["lambda"])[0]));
        agree(&single["theta"], &family["theta"]);
        let after = |solution: &Value| solution["potential"]["after"].clone();
        assert!(bounds(&after(&single)).intersects(&bounds(&after(&family))));
        assert_eq!(single["balance_before"], family["balance_before"][0]);
    }
}

/// The same potential in another basis: λ changes linearly, θ* not at all. Rates are golden.
#[test]
fn another_basis() {
    let theta = json!([1, 2, 3, 1, 1, 0, 2, 1]);
    let gradients = json!([
        [6, 3, 2, 1, 1, 0, 2, 1],
        [-6, -3, -2, 1, 1, 2, 1, 2],
        [1, "1/2", "1/3", 4, 5, 1, 0, 0]
    ]);
    let solve = |first: Value, second: Value| {
        let generator = commuting(&[factor(first), factor(second)]);
        solved(&problem("1/100", &generator, &theta, &gradients), 30)
    };
    let one = solve(json!([[0, 1], [1, 1]]), json!([[1, 0], [0, 1]]));
    // K + 2I and K − I.
    let two = solve(json!([[2, 1], [1, 3]]), json!([[-1, 1], [1, 0]]));
    agree(&one["theta"], &two["theta"]);
    let (x, y) = (list(&one["lambda"]), list(&two["lambda"]));
    assert!(x[0].intersects(&at_precision(BITS, || y[0].clone() + &y[1])));
    let second = at_precision(BITS, || Ball::from_int(2) * &y[0] - &y[1]);
    assert!(x[1].intersects(&second));
}

/// The same generator twice: one direction is flat, θ* is that of one.
#[test]
fn the_same_twice() {
    let theta = json!([1, 2, 3, 1, 1, 0, 2, 1]);
    let gradients = json!([[6, 3, 2, 1, 1, 0, 2, 1], [-6, -3, -2, 1, 1, 2, 1, 2]]);
    for generator in [rescaling(&[0, 1], &[2, 3]), factor(json!([[0, 1], [1, 1]]))] {
        let single = solved(&problem("1/3", &generator, &theta, &gradients), 30);
        let family = commuting(&[generator.clone(), generator]);
        let twice = solved(&problem("1/3", &family, &theta, &gradients), 30);
        assert_eq!(twice["status"], "degenerate");
        assert_eq!(twice["flat_directions"], json!([["-1", "1"]]));
        agree(&single["theta"], &twice["theta"]);
        let lambda = list(&twice["lambda"]);
        let both = at_precision(BITS, || lambda[0].clone() + &lambda[1]);
        assert!(bounds(&single["lambda"]).intersects(&both));
    }
}

/// Kinds without a common structure are taken as matrices.
#[test]
fn mixed_kinds() {
    let theta = json!([1, 2, 3, "1/2"]);
    let gradients = json!([[1, 0, 2, 1], [3, 1, 0, -1], [0, 2, 1, 1]]);
    let dense = json!({ "kind": "dense", "matrix": [[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 2, 0], [0, 0, 0, -1]] });
    let family = commuting(&[dense, json!({ "kind": "diagonal", "rates": [1, 1, -1, 0] })]);
    let solution = solved(&problem("1/10", &family, &theta, &gradients), 25);
    assert_eq!(solution["status"], "finite");
    // The first two coordinates in the basis (1, ±1)/√2 have the rates (±1, 1).
    let (lambda, theta) = (list(&solution["lambda"]), list(&solution["theta"]));
    at_precision(BITS, || {
        let plus = (lambda[0].clone() + &lambda[1]).exp() * Ball::from_int(3);
        assert!(plus.intersects(&(theta[0].clone() + &theta[1])));
        let minus = (lambda[1].clone() - &lambda[0]).exp() * Ball::from_int(-1);
        assert!(minus.intersects(&(theta[0].clone() - &theta[1])));
    });
}

/// Weights that differ by thousands of orders of magnitude; rates that differ in the 30th
/// digit; ten generators at once.
#[test]
fn hard_families() {
    let family = |first: Value, second: Value| {
        commuting(&[
            json!({ "kind": "diagonal", "rates": first }),
            json!({ "kind": "diagonal", "rates": second }),
        ])
    };
    let far = family(json!([1, 1, -1, -1]), json!([1, -2, -1, 3]));
    let gradients = json!([["1", "2e-4000", "3", "1e100"], ["-1", "0", "5", "-1e100"]]);
    let theta = json!(["1e500", 1, 2, 3]);
    let solution = solved(&problem("1e-50", &far, &theta, &gradients), 20);
    assert_eq!(solution["status"], "finite");
    assert!(list(&solution["lambda"]).iter().all(|x| x.has_digits(20)));

    let near = family(
        json!([1, 1, -1, -1]),
        json!([
            1,
            "1.000000000000000000000000000001",
            -1,
            "-1.000000000000000000000000000002"
        ]),
    );
    let gradients = json!([[1, 2, 3, 1], [-1, 0, 5, -1]]);
    let solution = solved(
        &problem("1/100", &near, &json!([5, 1, 2, 3]), &gradients),
        20,
    );
    let lambda = list(&solution["lambda"]);
    assert!(lambda.iter().all(|x| x.has_digits(20)));
    // The second generator is the first but for 10⁻³⁰: to balance both takes a λ near 10³⁰.
    assert!(lambda[1].mignitude() > 1e29);

    let d = 11;
    let member = |i: usize| rescaling(&[i + 1], &[i]);
    let generator = commuting(&(0..10).map(member).collect::<Vec<_>>());
    // Eleven weights in a row whose product is 11!, so each ends at its eleventh root.
    let theta: Vec<String> = (1..=d).map(|k: i32| k.to_string()).collect();
    let row: Vec<String> = (1..=d).map(|k| format!("1/{k}")).collect();
    let gradients = json!([row, vec!["0"; 11]]);
    let solution = solved(&problem("0", &generator, &json!(theta), &gradients), 30);
    let factorial = (1..=d).fold(Rational::from(1), |product, k| product * k);
    for x in list(&solution["theta"]) {
        let power = at_precision(BITS, || {
            (0..d).fold(Ball::from_int(1), |power, _| power * &x)
        });
        assert!(power.contains(&factorial), "{x:?}");
    }
}

/// Two rates of both signs are a circle of two members only if they are opposite.
#[test]
fn a_circle_of_two_members() {
    let theta = json!([1, 1]);
    let gradients = json!([[1, 2], [-1, -1]]);
    let pair = |first: [i32; 2], second: [i32; 2]| {
        commuting(&[
            json!({ "kind": "diagonal", "rates": first }),
            json!({ "kind": "diagonal", "rates": second }),
        ])
    };
    let solution = solved(
        &problem("0", &pair([-1, 2], [2, -1]), &theta, &gradients),
        20,
    );
    assert_eq!(solution["status"], "unbounded");
    let [u, v] = [0, 1].map(|i| parse_exact(solution["direction"][i].as_str().expect("a string")));
    let (u, v) = (u.expect("a number"), v.expect("a number"));
    let [a, b] = [Rational::from(&v * 2) - &u, Rational::from(&u * 2) - &v];
    assert!(a >= 0 && b >= 0 && a + b > 0, "{u} {v}");
    let solution = solved(
        &problem("0", &pair([-1, 3], [1, -3]), &theta, &gradients),
        20,
    );
    assert_eq!(solution["status"], "degenerate");
}

#[test]
fn unbounded_families() {
    let (theta, gradients) = chain();
    // The last weight's rate is 1 in the second generator alone, and nothing decays.
    let generator = commuting(&[
        json!({ "kind": "diagonal", "rates": [1, -1, 0] }),
        json!({ "kind": "diagonal", "rates": [0, 0, 1] }),
    ]);
    let solution = solved(&problem("0", &generator, &theta, &gradients), 20);
    assert_eq!(solution["status"], "unbounded");
    assert_eq!(solution["direction"], json!(["0", "1"]));
    assert!(solution.get("lambda").is_none());

    // Golden rates with noise on U alone: U may grow for ever.
    let theta = json!([1, 2, 3, 1, 1, 0, 2, 1]);
    let gradients = json!([[6, 3, 2, 1, 0, 0, 0, 0], [-6, -3, -2, 1, 0, 0, 0, 0]]);
    let generator = commuting(&[
        factor(json!([[0, 1], [1, 1]])),
        factor(json!([[1, 0], [0, 1]])),
    ]);
    let solution = solved(&problem("0", &generator, &theta, &gradients), 20);
    assert_eq!(solution["status"], "unbounded");
    let direction: Vec<Rational> = solution["direction"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|x| parse_exact(x.as_str().expect("a string")).expect("a number"))
        .collect();
    // u₀K + u₁I is positive semidefinite, and not 0.
    let (u, v) = (&direction[0], &direction[1]);
    let determinant = Rational::from(v * v) + Rational::from(u * v) - Rational::from(u * u);
    let trace = Rational::from(v * 2) + u;
    assert!(trace > 0 && determinant >= 0, "{direction:?}");

    // Nothing is live: every direction is flat, and θ stays.
    let nothing = json!([[0, 0, 0, 0, 0, 0, 0, 0]]);
    let solution = solved(&problem("0", &generator, &theta, &nothing), 20);
    assert_eq!(solution["status"], "degenerate");
    assert_eq!(
        solution["flat_directions"].as_array().map(Vec::len),
        Some(2)
    );
    assert!(list(&solution["theta"])[0].contains(&Rational::from(1)));
}

fn general_linear(rows: usize, rank: usize, cols: usize) -> Value {
    json!({ "kind": "general-linear", "rows": rows, "rank": rank, "cols": cols })
}

/// r = 1 is a rescaling: S = e^{2λ*}.
#[test]
fn group_of_one_neuron() {
    let theta = json!([1, 2, 3]);
    let gradients = json!([[1, 0, 2], [3, 1, 0], [0, 2, 1]]);
    let single = solved(
        &problem("1/7", &rescaling(&[0, 1], &[2]), &theta, &gradients),
        40,
    );
    let group = solved(
        &problem("1/7", &general_linear(2, 1, 1), &theta, &gradients),
        40,
    );
    assert_eq!(group["status"], "finite");
    let metric = list(&group["metric"][0])[0].clone();
    let lambda = bounds(&single["lambda"]);
    let expected = at_precision(BITS, || (lambda * Ball::from_int(2)).exp());
    assert!(metric.intersects(&expected) && metric.has_digits(40));
    agree(&single["theta"], &group["theta"]);
    let after = |solution: &Value| solution["charge"]["after"].clone();
    assert!(bounds(&after(&single)).intersects(&list(&after(&group)[0])[0]));
    assert_eq!(single["balance_before"], group["balance_before"][0][0]);
}

/// Diagonal data: every neuron balances on its own, S is diagonal.
#[test]
fn group_without_coupling() {
    let theta = json!([1, 0, 0, 2, 3, 0, 0, 1]);
    let gradients = json!([
        [1, 0, 0, 2, 2, 0, 0, 3],
        [-1, 0, 0, 2, -2, 0, 0, 3],
        [1, 0, 0, -2, 2, 0, 0, -3],
        [-1, 0, 0, -2, -2, 0, 0, -3]
    ]);
    let group = solved(
        &problem("1/10", &general_linear(2, 2, 2), &theta, &gradients),
        40,
    );
    let metric: Vec<Vec<Ball>> = (0..2).map(|i| list(&group["metric"][i])).collect();
    // M = 2γu² + σ²·(noise of w), N = 2γw² + σ²·(noise of u); S = √(N/M).
    let square = |n: i32, m: i32| Rational::from((n, m));
    let zero = Rational::new();
    let expected = [
        (square(9, 5) + square(1, 20)) / (square(1, 5) + square(4, 20)),
        (square(1, 5) + square(4, 20)) / (square(4, 5) + square(9, 20)),
    ];
    for (i, expected) in expected.iter().enumerate() {
        assert!(
            at_precision(BITS, || metric[i][i].square()).contains(expected),
            "{metric:?}"
        );
        assert!(metric[i][1 - i].contains(&zero), "{metric:?}");
    }
}

#[test]
fn singular_groups() {
    // One output, two hidden neurons: M has rank 1 (gradients of W are multiples of Uᵀ), N
    // has rank 2, and nothing decays.
    let theta = json!([1, 2, 1, 0, 2, 1]);
    let gradients = json!([[6, 3, 1, 2, 2, 4], [-6, -3, 2, 1, 4, 2], [1, 5, 0, 1, 0, 2]]);
    let solution = solved(
        &problem("0", &general_linear(1, 2, 2), &theta, &gradients),
        20,
    );
    assert_eq!(solution["status"], "unbounded");
    let entry = |i: usize, j: usize| {
        let text = solution["direction"][i][j].as_str().expect("a string");
        parse_exact(text).expect("a number")
    };
    // ±vvᵀ: of rank one.
    assert_eq!(entry(0, 0) * entry(1, 1), entry(0, 1) * entry(1, 0));
    assert_ne!(entry(0, 0) + entry(1, 1), 0);
    assert!(solution.get("metric").is_none());

    // No noise, and U, W of rank one with UW = 2: attained, and free on the second neuron.
    let solution = solved(
        &problem(
            "1",
            &general_linear(1, 2, 1),
            &json!([1, 0, 2, 1]),
            &json!([[0, 0, 0, 0]]),
        ),
        20,
    );
    assert_eq!(solution["status"], "degenerate");
    assert_eq!(
        solution["flat_directions"],
        json!([[["0", "0"], ["0", "2"]]])
    );
    let theta = list(&solution["theta"]);
    let product = at_precision(BITS, || {
        theta[0].clone() * &theta[2] + theta[1].clone() * &theta[3]
    });
    assert!(product.contains(&Rational::from(2)));
    // At the minimum of ‖U‖² + ‖W‖² on the orbit U = Wᵀ.
    assert!(theta[0].intersects(&theta[2]) && theta[1].intersects(&theta[3]));
}

fn refused(generator: &Value, theta: &Value, parts: &[&str]) {
    let width = theta.as_array().map_or(0, Vec::len);
    let problem = problem("1", generator, theta, &json!([vec![1; width]]));
    let (name, output) = solve(problem.to_string().as_bytes(), &[]);
    assert_refused(&name, &output, parts);
}

#[test]
fn bad_families() {
    let theta = json!([1, 2, 3, 1]);
    let dense = |m: Value| json!({ "kind": "dense", "matrix": m });
    let swap = dense(json!([
        [0, 1, 0, 0],
        [1, 0, 0, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 0]
    ]));
    let cases: [(Value, &[&str]); 13] = [
        (
            json!({ "kind": "commuting" }),
            &["generator.generators: missing"],
        ),
        (
            commuting(&[]),
            &["generator.generators: expected at least one"],
        ),
        (
            commuting(&[
                json!({ "kind": "diagonal", "rates": [1, 2, 0, 0] }),
                swap.clone(),
            ]),
            &[
                "generator.generators: expected generators that commute",
                "0 and 1",
                "has 1 at [1][0]",
            ],
        ),
        (
            commuting(&[
                json!({ "kind": "scaling" }),
                json!({ "kind": "diagonal", "rates": [1] }),
            ]),
            &["theta: expected 1 numbers", "found 4"],
        ),
        (
            commuting(&[json!({ "kind": "scaling" }), commuting(&[])]),
            &[
                "generator.generators[1].kind: expected one generator",
                "\"commuting\"",
            ],
        ),
        (
            commuting(&[general_linear(1, 2, 1)]),
            &[
                "generator.generators[0].kind: expected one generator",
                "\"general-linear\"",
            ],
        ),
        (
            commuting(&[json!({ "kind": "rescaling", "up": [0], "down": [9] })]),
            &["generator.generators[0].down[0]: expected an index below 4"],
        ),
        (
            commuting(&[dense(json!([[0, 1], [2, 0]]))]),
            &["generator.generators[0].matrix[1][0]: expected a symmetric matrix"],
        ),
        (
            commuting(&[json!({ "kind": "scaling", "rates": [] })]),
            &["generator.generators[0].rates: does not go with kind \"scaling\""],
        ),
        (
            json!({ "kind": "commuting", "generators": [[1]] }),
            &["generator.generators[0]: ", "expected an object"],
        ),
        (
            json!({ "kind": "commuting", "generators": { "kind": "scaling" } }),
            &["generator.generators: ", "a list"],
        ),
        (
            json!({ "kind": "commuting", "generators": [], "rates": [1] }),
            &["generator.rates: does not go with kind \"commuting\""],
        ),
        (
            json!({ "kind": "scaling", "generators": [swap] }),
            &["generator.generators: does not go with kind \"scaling\""],
        ),
    ];
    for (generator, parts) in cases {
        refused(&generator, &theta, parts);
    }
}

#[test]
fn bad_groups() {
    let theta = json!([1, 2, 3, 1]);
    let cases: [(Value, &[&str]); 6] = [
        (
            json!({ "kind": "general-linear", "rows": 1, "rank": 2 }),
            &["generator.cols: missing"],
        ),
        (
            general_linear(0, 2, 2),
            &["generator.rows: expected at least one"],
        ),
        (
            general_linear(1, 0, 3),
            &["generator.rank: expected at least one"],
        ),
        (
            general_linear(1, usize::MAX, 2),
            &["generator.cols: expected rank · (rows + cols)"],
        ),
        (
            general_linear(1, 2, 2),
            &["theta: expected 6 numbers", "found 4"],
        ),
        (
            json!({ "kind": "general-linear", "rows": 1, "rank": 2, "cols": 1, "direction": [] }),
            &["generator.direction: does not go with kind \"general-linear\""],
        ),
    ];
    for (generator, parts) in cases {
        refused(&generator, &theta, parts);
    }
    let covariance = json!({ "format": "noise-equilibrium/problem-1", "strength": { "sigma2": 1 },
        "generator": general_linear(1, 1, 1), "theta": [1, 2], "covariance": [[1, 0], [0, 1]] });
    let (name, output) = solve(covariance.to_string().as_bytes(), &[]);
    let parts = ["covariance: does not go with kind \"general-linear\"; expected gradients"];
    assert_refused(&name, &output, &parts);
}

/// Two members that tie in a combination that is used to tell eigen-spaces apart: B = I +
/// 10⁻⁸·(1 1; 1 0), K₁ = diag(1, −1) ⊕ cB, K₂ = 0 ⊕ (−B). The part of (0, 1) along the
/// first axis comes out of a difference, and must not be printed as 0.
#[test]
fn members_that_tie() {
    let c = parse_exact("7997112/6902569").expect("a number");
    let epsilon = parse_exact("1e-8").expect("a number");
    let one = Rational::from(1);
    let b = [
        [Rational::from(&one + &epsilon), epsilon.clone()],
        [epsilon, one],
    ];
    let matrix = |head: [i32; 2], factor: &Rational| {
        let entry = |i: usize, j: usize| match (i < 2, j < 2) {
            (true, true) if i == j => head[i].to_string(),
            (false, false) => Rational::from(&b[i - 2][j - 2] * factor).to_string(),
            _ => "0".to_owned(),
        };
        let rows: Vec<Vec<String>> = (0..4)
            .map(|i| (0..4).map(|j| entry(i, j)).collect())
            .collect();
        json!({ "kind": "dense", "matrix": rows })
    };
    let generator = commuting(&[matrix([1, -1], &c), matrix([0, 0], &Rational::from(-1))]);
    let gradients = json!([[8, 0, 0, 0], [-8, 0, 0, 0], [0, 1, 0, 0], [0, -1, 0, 0]]);
    let problem = json!({ "format": "noise-equilibrium/problem-1",
        "strength": { "sigma2": 1 }, "generator": generator,
        "theta": [0, 0, 0, 1], "gradients": gradients });
    let solution = solved(&problem, 5);
    let theta = list(&solution["theta"]);
    // By a matrix exponential at 60 digits, with another program.
    let expected = parse_exact("4.01777673673830e-8").expect("a number");
    assert!(theta[2].contains(&expected), "{:?}", theta[2]);
}

/// Rational rates in a dense matrix, rates of any size, θ in the kernel of a member.
#[test]
fn dense_families_at_their_limits() {
    let dense = |rows: Value| json!({ "kind": "dense", "matrix": rows });
    let generator = commuting(&[
        dense(json!([[6, 0], [0, 1]])),
        dense(json!([[7, 0], [0, 0]])),
    ]);
    let solution = solved(
        &problem("1", &generator, &json!([1, 0]), &json!([[1, 1], [-1, 2]])),
        5,
    );
    assert_eq!(solution["status"], "unbounded");
    assert_eq!(solution["direction"], json!(["1", "-6/7"]));

    for size in ["e-300", "e400"] {
        let entry = |n: i32| format!("{n}{size}");
        let generator = commuting(&[dense(json!([[entry(2), entry(1)], [entry(1), entry(3)]]))]);
        let solution = solved(
            &problem("0", &generator, &json!([1, 0]), &json!([[1, 2], [-1, 0]])),
            5,
        );
        assert_eq!(solution["status"], "unbounded");
        assert_eq!(solution["direction"], json!(["1"]));
    }

    let generator = commuting(&[dense(json!([[1, 1, 1], [1, 1, 1], [1, 1, 1]]))]);
    let solution = solved(
        &problem("1", &generator, &json!([1, -1, 0]), &json!([[0, 0, 0]])),
        20,
    );
    assert_eq!(solution["status"], "degenerate");
    let zero = json!({ "lower": "0", "upper": "0" });
    assert_eq!(solution["charge"]["after"], json!([zero]));

    // One λ far below the other has its digits all the same.
    let member = |i: usize| {
        let rates: Vec<&str> = (0..2)
            .map(|k| if k == i { "1e1372" } else { "0" })
            .collect();
        json!({ "kind": "diagonal", "rates": rates })
    };
    let far = json!({ "format": "noise-equilibrium/problem-1",
        "strength": { "gamma": "1/2", "sigma2": 1 },
        "generator": commuting(&[member(0), member(1)]),
        "theta": [1, 1], "covariance": [[2, 0], [0, "1.000000001"]] });
    assert!(
        list(&solved(&far, 5)["lambda"])
            .iter()
            .all(|x| x.has_digits(5))
    );
}

/// M = diag(1, 0), N = (1 1; 1 1): the kernels differ, and S = (1 1; 1 s) attains Φ = 2 for
/// every s > 1. S + tX stays at the minimum for the flat X that is printed.
#[test]
fn flat_directions_of_a_group_add() {
    let theta = json!([1, 0, 1, 1]);
    let problem = json!({ "format": "noise-equilibrium/problem-1",
        "strength": { "gamma": "1/2", "sigma2": 0 },
        "generator": general_linear(1, 2, 1), "theta": theta, "gradients": [[0, 0, 0, 0]] });
    let solution = solved(&problem, 20);
    assert_eq!(solution["status"], "degenerate");
    let number = |value: &Value| parse_exact(value.as_str().expect("a string")).expect("a number");
    for t in 0..4 {
        let entry = |i: usize, j: usize| {
            let s = number(&solution["metric"][i][j]["lower"]);
            let x = number(&solution["flat_directions"][0][i][j]);
            // The metric is (1 1; 1 2), and printed exactly.
            s + x * Rational::from(t)
        };
        let (a, b, c, d) = (entry(0, 0), entry(0, 1), entry(1, 0), entry(1, 1));
        let determinant = Rational::from(&a * &d) - Rational::from(&b * &c);
        // Tr(MS) + Tr(NS⁻¹).
        let potential = a.clone() + (a + d - b - c) / determinant;
        assert_eq!(potential, 2, "t = {t}");
    }
}

/// Sizes that no θ has are refused before anything of theirs is built.
#[test]
fn a_family_of_giants() {
    for rows in [1_000_000_000_000_u64, 1 << 62] {
        let giant =
            json!({ "kind": "factor", "rows": rows, "rank": 1, "cols": 1, "direction": [[1]] });
        let parts = ["theta: expected ", "found 2"];
        refused(&commuting(&[giant.clone(), giant]), &json!([1, 2]), &parts);
    }
}

/// The same noise as gradients and as their covariance, where the rates are irrational; and
/// a covariance that is none.
#[test]
fn families_of_matrices_take_a_covariance() {
    let one = json!({ "kind": "dense", "matrix": [[1, 2, 0], [2, -1, 1], [0, 1, 3]] });
    let square = json!({ "kind": "dense", "matrix": [[5, 0, 2], [0, 6, 2], [2, 2, 10]] });
    let generator = commuting(&[one, square]);
    let theta = json!([1, 2, 3]);
    // Their mean is 0.
    let gradients = json!([
        [6, 3, 2],
        [-6, -3, -2],
        [1, 0, 1],
        [-1, 0, -1],
        [0, 1, -2],
        [0, -1, 2]
    ]);
    let rows = [[6, 3, 2], [1, 0, 1], [0, 1, -2]];
    let entry = |i: usize, j: usize| {
        let total: i32 = rows.iter().map(|row| row[i] * row[j]).sum();
        format!("{total}/3")
    };
    let covariance = json!(
        (0..3)
            .map(|i| (0..3).map(|j| entry(i, j)).collect())
            .collect::<Vec<Vec<_>>>()
    );
    let by_gradients = problem("1/100", &generator, &theta, &gradients);
    let mut by_covariance = by_gradients.clone();
    by_covariance
        .as_object_mut()
        .expect("an object")
        .remove("gradients");
    by_covariance["covariance"] = covariance;
    let (first, second) = (solved(&by_gradients, 30), solved(&by_covariance, 30));
    assert_eq!(first["status"], "finite");
    agree(&first["lambda"], &second["lambda"]);
    agree(&first["theta"], &second["theta"]);
    // Of the second all 2 × 2 minors are positive.
    for bad in [
        json!([[1, 2, 0], [2, 1, 0], [0, 0, 1]]),
        json!([[10, -9, -9], [-9, 10, -9], [-9, -9, 10]]),
    ] {
        by_covariance["covariance"] = bad;
        let (name, output) = solve(by_covariance.to_string().as_bytes(), &[]);
        assert_refused(&name, &output, &["covariance"]);
    }
}
