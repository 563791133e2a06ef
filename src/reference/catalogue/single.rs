//! One generator: spectra, and points with a generator of every kind (T8, C1, C2, T15).

use super::{
    Draw, Factors, List, apply, identity, list, point, power_of_two, problem, product, rows,
    strength, whole,
};
use crate::balance::noise::{mean, population_covariance};
use crate::scalar::Rational;
use serde_json::{Value, json};

pub(super) fn add(to: &mut List) {
    spectra(to);
    diagonal(to);
    scaling(to);
    rescaling(to);
    finite_learning_rate(to);
    dense(to);
    factor(to);
}

/// μ, a, c.
type Triple = [String; 3];

fn spectrum(strength: Value, triples: &[Triple]) -> Value {
    let term =
        |[rate, noise, charge]: &Triple| json!({ "rate": rate, "noise": noise, "charge": charge });
    problem([
        ("strength", strength),
        ("spectrum", triples.iter().map(term).collect()),
    ])
}

fn triple(rate: impl ToString, noise: impl ToString, charge: impl ToString) -> Triple {
    [rate.to_string(), noise.to_string(), charge.to_string()]
}

fn texts(triples: &[[&str; 3]]) -> Vec<Triple> {
    let triple = |t: &[&str; 3]| t.map(str::to_owned);
    triples.iter().map(triple).collect()
}

fn spectra(to: &mut List) {
    const FAMILY: &str = "spectrum";
    to.add(
        FAMILY,
        5,
        "C1: rates ±1 without weight decay",
        |_, draw| {
            let triples = [1, -1].map(|rate| triple(rate, draw.positive(), draw.positive()));
            spectrum(draw.strength(false), &triples)
        },
    );
    to.add(FAMILY, 5, "C1 with weight decay", |_, draw| {
        let triples = [1, -1].map(|rate| triple(rate, draw.positive(), draw.positive()));
        spectrum(draw.strength(true), &triples)
    });
    to.add(FAMILY, 6, "several rates of both signs", |index, draw| {
        let triples = (0..3 + 2 * index).map(|_| {
            let rate = draw.nonzero();
            triple(rate, draw.positive(), draw.positive())
        });
        let triples: Vec<Triple> = triples.collect();
        spectrum(draw.strength(index % 2 == 0), &triples)
    });
    let near = [
        ["1", "1.0000000000000000000000001", "-1"],
        ["-3", "-3.000000000000000000000000000000000000001", "3"],
        ["0.5", "0.50000000000000000001", "-0.5"],
        ["7/3", "2.3333333333333333333333333", "-7/3"],
    ];
    to.add(
        FAMILY,
        near.len(),
        "rates that differ in a late digit",
        |index, draw| {
            let [a, b, c] = near[index];
            let triples = [a, b, c].map(|rate| triple(rate, draw.positive(), draw.positive()));
            spectrum(draw.strength(true), &triples)
        },
    );
    let far = [
        [["1e-8", "54", "1"], ["-1e-8", "1", "2"]],
        [["1e-8", "1/60", "3"], ["-1e-8", "1", "2"]],
        [["3e-9", "7", "1"], ["-2e-9", "1/4", "2"]],
    ];
    to.add(
        FAMILY,
        far.len(),
        "λ* of the order of 10^8",
        |index, draw| spectrum(draw.strength(false), &texts(&far[index])),
    );
    let large = [
        vec![["4000", "1", "2"], ["-3000", "3", "1"]],
        vec![["1", "1e-4000", "0"], ["-1", "1", "1e-3000"]],
        vec![
            ["2500", "1e-4000", "1"],
            ["-1/2", "1", "1e3000"],
            ["3", "1/7", "2"],
        ],
        vec![["1", "1e3000", "1"], ["2", "1", "1e-2500"]],
        vec![["1", "1e600", "0"], ["-1", "1e-600", "0"]],
    ];
    to.add(
        FAMILY,
        large.len(),
        "exponents in the thousands",
        |index, draw| {
            spectrum(
                draw.strength(index == 0 || index == 3),
                &texts(&large[index]),
            )
        },
    );
    let balanced = [
        vec![
            ["1", "1.000000000000000000000000000001", "1"],
            ["-1", "1", "1"],
        ],
        vec![["2", "1", "1"], ["-1", "2.00000000000000000001", "5"]],
        vec![["1", "3", "1/2"], ["-3", "1", "1/2"]],
    ];
    to.add(
        FAMILY,
        balanced.len(),
        "G(0) nearly or exactly 0",
        |index, draw| spectrum(draw.strength(false), &texts(&balanced[index])),
    );
    let one_sided = [
        vec![["1", "3", "2"], ["2", "1", "1"]],
        vec![["-1", "3", "2"], ["-5", "1", "0"]],
        vec![["1", "0", "2"], ["-1", "0", "0"]],
        vec![["0", "3", "2"]],
    ];
    to.add(
        FAMILY,
        one_sided.len(),
        "one side alone pulls, or none",
        |index, draw| spectrum(draw.strength(false), &texts(&one_sided[index])),
    );
}

/// A point with rates for its coordinates, and gradients that T1 allows.
fn with_rates(strength: Value, rates: &[Rational], draw: &mut Draw) -> Value {
    let theta = draw.vector(rates.len());
    let gradients = allowed(rates, &theta, draw);
    let generator = json!({ "kind": "diagonal", "rates": list(rates) });
    point(strength, generator, &theta, &gradients)
}

fn allowed(rates: &[Rational], theta: &[Rational], draw: &mut Draw) -> Vec<Vec<Rational>> {
    let image = rates.iter().zip(theta).map(|(r, x)| Rational::from(r * x));
    draw.orthogonal(3, &image.collect::<Vec<_>>())
}

fn diagonal(to: &mut List) {
    const FAMILY: &str = "diagonal";
    to.add(FAMILY, 12, "rates of both signs", |index, draw| {
        let rates = draw.vector(2 + index);
        with_rates(draw.strength(index % 2 == 0), &rates, draw)
    });
    to.add(FAMILY, 3, "many parameters", |index, draw| {
        let rates: Vec<Rational> = (0..[32, 64, 64][index]).map(|_| draw.nonzero()).collect();
        with_rates(draw.strength(index < 2), &rates, draw)
    });
    to.add(FAMILY, 4, "rates in the thousands", |index, draw| {
        let rates = (0..2 + index).map(|k| {
            let sign = if k % 2 == 0 { 1 } else { -1 };
            Rational::from(sign * draw.integer(1500, 6000))
        });
        let rates: Vec<Rational> = rates.collect();
        with_rates(draw.strength(true), &rates, draw)
    });
    to.add(
        FAMILY,
        3,
        "rates that differ by 2^−40, 2^−60 and 2^−80",
        |index, draw| {
            let close = Rational::from(1) + power_of_two([-40, -60, -80][index]);
            let rates = [Rational::from(1), close.clone(), -close, Rational::from(-1)];
            with_rates(draw.strength(true), &rates, draw)
        },
    );
    to.add(FAMILY, 2, "λ* of the order of 10^8", |_, draw| {
        let small = power_of_two(-27);
        let rates = [small.clone(), -small];
        let theta = draw.vector(2);
        // T1 fixes the ratio of the gradients: θ_1 g_1 = θ_2 g_2.
        let g = [&theta[1], &theta[0]].map(|x| Rational::from(x * 64));
        let generator = json!({ "kind": "diagonal", "rates": list(&rates) });
        let gradients = [g.to_vec(), g.map(|x| -x).to_vec()];
        point(draw.strength(false), generator, &theta, &gradients)
    });
    to.add(
        FAMILY,
        2,
        "a covariance in place of gradients",
        |index, draw| {
            let rates = draw.vector(4 + index);
            let theta = draw.vector(rates.len());
            let gradients = allowed(&rates, &theta, draw);
            let covariance = population_covariance(&gradients);
            problem([
                ("strength", draw.strength(true)),
                (
                    "generator",
                    json!({ "kind": "diagonal", "rates": list(&rates) }),
                ),
                ("theta", list(&theta)),
                ("covariance", rows(&covariance)),
            ])
        },
    );
    to.add(FAMILY, 3, "one side alone pulls", |index, draw| {
        let rates: Vec<Rational> = (0..3).map(|_| draw.positive()).collect();
        let rates: Vec<Rational> = match index {
            0 => rates,
            _ => rates.into_iter().map(|x| -x).collect(),
        };
        with_rates(draw.strength(false), &rates, draw)
    });
    to.add(
        FAMILY,
        1,
        "neither side pulls: no noise and no weight decay",
        |_, draw| {
            let rates = draw.vector(3);
            let theta = draw.vector(3);
            let row = draw.vector(3);
            let generator = json!({ "kind": "diagonal", "rates": list(&rates) });
            point(draw.strength(false), generator, &theta, &[row.clone(), row])
        },
    );
}

fn scaling(to: &mut List) {
    const FAMILY: &str = "scaling";
    let kind = || json!({ "kind": "scaling" });
    to.add(
        FAMILY,
        10,
        "C2: weight decay against noise",
        |index, draw| {
            let theta = draw.vector([2, 3, 4, 5, 6, 8, 12, 16, 32, 64][index]);
            let gradients = draw.orthogonal(4, &theta);
            point(draw.strength(true), kind(), &theta, &gradients)
        },
    );
    to.add(
        FAMILY,
        3,
        "C2 with very little weight decay, or very little noise",
        |index, draw| {
            let theta = draw.vector(4);
            let gradients = draw.orthogonal(4, &theta);
            let [gamma, sigma2] = [[-60, -3], [-1000, -3], [-5, -900]][index];
            let strength = strength(&power_of_two(gamma), &power_of_two(sigma2));
            point(strength, kind(), &theta, &gradients)
        },
    );
    to.add(
        FAMILY,
        2,
        "no weight decay: the norm grows for ever",
        |index, draw| {
            let theta = draw.vector(3 + index);
            let gradients = draw.orthogonal(3, &theta);
            point(draw.strength(false), kind(), &theta, &gradients)
        },
    );
    to.add(FAMILY, 1, "no noise: weight decay alone", |_, draw| {
        let theta = draw.vector(3);
        let gradients = vec![draw.orthogonal(1, &theta).remove(0); 2];
        point(draw.strength(true), kind(), &theta, &gradients)
    });
    to.add(FAMILY, 1, "neither noise nor weight decay", |_, draw| {
        let theta = draw.vector(2);
        let gradients = vec![draw.orthogonal(1, &theta).remove(0); 2];
        point(draw.strength(false), kind(), &theta, &gradients)
    });
}

/// The first `up` of d coordinates up, the next `down` down.
fn unit(up: usize, down: usize) -> Value {
    let indices = |range: std::ops::Range<usize>| range.collect::<Vec<_>>();
    json!({ "kind": "rescaling", "up": indices(0..up), "down": indices(up..up + down) })
}

fn signs([d, up, down]: [usize; 3]) -> Vec<Rational> {
    let rate = |k: usize| i64::from(k < up) - i64::from(k >= up && k < up + down);
    (0..d).map(|k| Rational::from(rate(k))).collect()
}

fn neuron(strength: Value, sizes: [usize; 3], draw: &mut Draw) -> Value {
    let theta = draw.vector(sizes[0]);
    let gradients = allowed(&signs(sizes), &theta, draw);
    point(strength, unit(sizes[1], sizes[2]), &theta, &gradients)
}

fn rescaling(to: &mut List) {
    const FAMILY: &str = "rescaling";
    for (note, decay) in [
        ("C1: a homogeneous unit without weight decay", false),
        ("C1 with weight decay", true),
    ] {
        to.add(FAMILY, 10, note, |index, draw| {
            let (up, down) = (1 + index % 4, 1 + index / 2);
            let strength = draw.strength(decay);
            neuron(strength, [up + down + index % 3, up, down], draw)
        });
    }
    to.add(FAMILY, 2, "a wide unit", |index, draw| {
        neuron(draw.strength(index == 0), [64, 60, 4], draw)
    });
    to.add(
        FAMILY,
        4,
        "gradients that differ by hundreds of orders of magnitude",
        |index, draw| {
            let theta = draw.vector(4);
            let mut gradients = allowed(&signs([4, 2, 2]), &theta, draw);
            let size = power_of_two([100, -300, 500, 900][index]);
            // T1 holds to within the smaller side; what is tested here is the range.
            for row in &mut gradients {
                row[..2].iter_mut().for_each(|x| *x *= &size);
            }
            point(
                draw.strength(index % 2 == 1),
                unit(2, 2),
                &theta,
                &gradients,
            )
        },
    );
    to.add(FAMILY, 3, "noise on one side alone", |index, draw| {
        let theta = draw.vector(3);
        let mut gradients = draw.matrix(3, 3);
        for row in &mut gradients {
            let silent = if index == 1 { 0..1 } else { 1..3 };
            row[silent].iter_mut().for_each(|x| *x = Rational::new());
        }
        point(draw.strength(index == 2), unit(1, 2), &theta, &gradients)
    });
    to.add(FAMILY, 1, "neither noise nor weight decay", |_, draw| {
        let theta = draw.vector(3);
        let row = draw.vector(3);
        point(
            draw.strength(false),
            unit(1, 2),
            &theta,
            &[row.clone(), row],
        )
    });
}

/// E[C'] = C at a finite learning rate, as the balance equation of T15: γ(1 − ηγ) for γ
/// and η(Σ/B + ∇L∇Lᵀ) for 2σ²Σ.
fn finite_learning_rate(to: &mut List) {
    const FAMILY: &str = "finite-learning-rate";
    let equation = |gamma: Rational, generator: Value, rates: &[Rational], draw: &mut Draw| {
        let (eta, batch) = (power_of_two(-draw.integer(1, 5)), draw.integer(1, 8));
        let theta = draw.vector(rates.len());
        let gradients = allowed(rates, &theta, draw);
        let gradient = mean(&gradients);
        let mut second = population_covariance(&gradients);
        for (i, row) in second.iter_mut().enumerate() {
            for (j, x) in row.iter_mut().enumerate() {
                *x /= Rational::from(batch);
                *x += Rational::from(&gradient[i] * &gradient[j]);
            }
        }
        let shrunk = Rational::from(1) - eta.clone() * &gamma;
        problem([
            ("strength", strength(&(gamma * shrunk), &(eta / 2))),
            ("generator", generator),
            ("theta", list(&theta)),
            ("covariance", rows(&second)),
        ])
    };
    to.add(
        FAMILY,
        5,
        "T15 with C1: a homogeneous unit",
        |index, draw| {
            let sizes = [4, 2, 2];
            let gamma = power_of_two(-draw.integer(3, 9)) * i64::from(index != 0);
            equation(gamma, unit(2, 2), &signs(sizes), draw)
        },
    );
    to.add(
        FAMILY,
        3,
        "T15 with C2: a scale-invariant weight",
        |_, draw| {
            let gamma = power_of_two(-draw.integer(3, 9));
            equation(
                gamma,
                json!({ "kind": "scaling" }),
                &vec![Rational::from(1); 3],
                draw,
            )
        },
    );
    to.add(FAMILY, 4, "T15 with several rates", |index, draw| {
        let rates = draw.vector(3 + index);
        let gamma = power_of_two(-draw.integer(3, 9));
        let generator = json!({ "kind": "diagonal", "rates": list(&rates) });
        equation(gamma, generator, &rates, draw)
    });
}

fn with_matrix(
    strength: Value,
    matrix: &[Vec<Rational>],
    theta: &[Rational],
    gradients: &[Vec<Rational>],
) -> Value {
    let generator = json!({ "kind": "dense", "matrix": rows(matrix) });
    point(strength, generator, theta, gradients)
}

fn turned(strength: Value, matrix: &[Vec<Rational>], draw: &mut Draw) -> Value {
    let theta = draw.vector(matrix.len());
    let gradients = draw.orthogonal(3, &apply(matrix, &theta));
    with_matrix(strength, matrix, &theta, &gradients)
}

fn scaled(matrix: Vec<Vec<Rational>>, factor: &Rational) -> Vec<Vec<Rational>> {
    let row = |row: Vec<Rational>| row.into_iter().map(|x| x * factor).collect();
    matrix.into_iter().map(row).collect()
}

fn dense(to: &mut List) {
    const FAMILY: &str = "dense";
    to.add(FAMILY, 12, "a symmetric matrix", |index, draw| {
        let matrix = draw.symmetric(2 + index / 2, 3);
        turned(draw.strength(index % 2 == 0), &matrix, draw)
    });
    to.add(FAMILY, 2, "larger matrices", |index, draw| {
        let matrix = draw.symmetric([10, 12][index], 2);
        turned(draw.strength(true), &matrix, draw)
    });
    to.add(FAMILY, 2, "rates in the hundreds", |index, draw| {
        let matrix = scaled(draw.symmetric(3 + index, 3), &Rational::from(200));
        turned(draw.strength(true), &matrix, draw)
    });
    to.add(
        FAMILY,
        2,
        "two rates that differ by about 2^−50 and 2^−100",
        |index, draw| {
            let small = power_of_two([-50, -100][index]);
            let mut matrix = identity(3);
            matrix[2][2] = Rational::from(-1);
            matrix[0][1] = small.clone();
            matrix[1][0] = small;
            turned(draw.strength(true), &matrix, draw)
        },
    );
    to.add(
        FAMILY,
        1,
        "a matrix with rational rates in a turned basis",
        |_, draw| {
            // I − 2vvᵀ/‖v‖² with v = (1, 1, 1, 1): a reflection.
            let mut matrix = identity(4);
            for x in matrix.iter_mut().flatten() {
                *x -= Rational::from((1, 2));
            }
            turned(draw.strength(true), &matrix, draw)
        },
    );
    to.add(
        FAMILY,
        2,
        "a definite matrix without weight decay",
        |index, draw| {
            let root = draw.symmetric(3, 3);
            let square = product(&root, &root);
            let sign = Rational::from(if index == 0 { 1 } else { -1 });
            turned(draw.strength(false), &scaled(square, &sign), draw)
        },
    );
    to.add(FAMILY, 1, "noise that the matrix annihilates", |_, draw| {
        let matrix = [[1, 1, 0], [1, 1, 0], [0, 0, 2]];
        let matrix = matrix.map(|row| row.map(Rational::from).to_vec());
        let theta = draw.vector(3);
        let along = [1, -1, 0].map(Rational::from).to_vec();
        let gradients = [along.clone(), along.into_iter().map(|x| -x).collect()];
        with_matrix(draw.strength(false), &matrix, &theta, &gradients)
    });
}

fn factor(to: &mut List) {
    const FAMILY: &str = "factor";
    let problem =
        |strength: Value, sizes: [usize; 3], direction: &[Vec<Rational>], factors: &Factors| {
            let generator = json!({
                "kind": "factor", "rows": sizes[0], "rank": sizes[1], "cols": sizes[2],
                "direction": rows(direction),
            });
            point(strength, generator, &factors.theta(), &factors.gradients())
        };
    to.add(FAMILY, 14, "one direction of two factors", |index, draw| {
        let sizes = [1 + index % 3, 1 + index % 4, 1 + (index + 1) % 3];
        let direction = draw.symmetric(sizes[1], 2);
        let mut direction = direction;
        if sizes[1] == 1 {
            direction[0][0] = draw.power();
        }
        let factors = Factors::draw(sizes, 4, draw);
        problem(draw.strength(index % 2 == 0), sizes, &direction, &factors)
    });
    to.add(FAMILY, 2, "many parameters", |index, draw| {
        let sizes = [[8, 4, 8], [4, 6, 6]][index];
        let direction = draw.symmetric(sizes[1], 2);
        let factors = Factors::draw(sizes, 3, draw);
        problem(draw.strength(index == 0), sizes, &direction, &factors)
    });
    to.add(
        FAMILY,
        2,
        "rates that differ by about 2^−60",
        |_, draw| {
            let sizes = [2, 2, 3];
            let mut direction = identity(2);
            direction[1][1] += power_of_two(-60);
            direction[0][1] = power_of_two(-60);
            direction[1][0] = power_of_two(-60);
            let factors = Factors::draw(sizes, 4, draw);
            problem(draw.strength(true), sizes, &direction, &factors)
        },
    );
    to.add(FAMILY, 2, "rates in the hundreds", |_, draw| {
        let sizes = [2, 3, 2];
        let direction = scaled(draw.symmetric(3, 3), &whole(150));
        let factors = Factors::draw(sizes, 4, draw);
        problem(draw.strength(true), sizes, &direction, &factors)
    });
    to.add(
        FAMILY,
        2,
        "a semidefinite direction with one factor 0",
        |index, draw| {
            let sizes = [2, 2, 2];
            let direction = [[2, 1], [1, 1]].map(|row| row.map(Rational::from).to_vec());
            let mut factors = Factors::draw(sizes, 4, draw);
            let silent = if index == 0 {
                &mut factors.u
            } else {
                &mut factors.w
            };
            silent
                .iter_mut()
                .flatten()
                .for_each(|x| *x = Rational::new());
            problem(draw.strength(false), sizes, &direction, &factors)
        },
    );
    to.add(FAMILY, 1, "no noise and no weight decay", |_, draw| {
        let sizes = [2, 2, 2];
        let direction = draw.symmetric(2, 3);
        let mut factors = Factors::draw(sizes, 1, draw);
        factors.samples.push(factors.samples[0].clone());
        problem(draw.strength(false), sizes, &direction, &factors)
    });
}
