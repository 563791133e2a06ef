//! Families of commuting generators (T16).

use super::{Draw, Factors, List, apply, list, point, power_of_two, product, rows};
use crate::scalar::{Rational, sum};
use crate::symmetry::null_space;
use serde_json::{Value, json};

const FAMILY: &str = "commuting";

fn commuting(members: Vec<Value>) -> Value {
    json!({ "kind": "commuting", "generators": members })
}

fn diagonal(rates: &[Rational]) -> Value {
    json!({ "kind": "diagonal", "rates": list(rates) })
}

/// The gradients that T1 allows: orthogonal to every A_iθ, each a sum of such vectors.
fn allowed(images: &[Vec<Rational>], count: usize, draw: &mut Draw) -> Vec<Vec<Rational>> {
    let d = images.first().map_or(0, Vec::len);
    let basis = null_space(images, d);
    let one = |weights: Vec<Rational>| {
        let entry = |k: usize| {
            let terms = weights.iter().zip(&basis);
            sum(terms.map(|(w, v)| Rational::from(w * &v[k])))
        };
        (0..d).map(entry).collect()
    };
    (0..count).map(|_| one(draw.vector(basis.len()))).collect()
}

pub(super) fn add(to: &mut List) {
    diagonal_networks(to);
    layered_networks(to);
    joint_rates(to);
    matrices(to);
    factors(to);
    unbounded(to);
}

/// f = Σ u_i w_i x_i: one rescaling for each i, each with the closed form C1.
fn diagonal_networks(to: &mut List) {
    to.add(
        FAMILY,
        8,
        "a diagonal linear network: C1 for each unit",
        |index, draw| {
            let m = [1, 2, 3, 4, 5, 6, 8, 10][index];
            let theta = draw.vector(2 * m);
            let samples: Vec<[Vec<Rational>; 2]> =
                (0..4).map(|_| [draw.vector(1), draw.vector(m)]).collect();
            let gradient = |[g, x]: &[Vec<Rational>; 2]| {
                let entry = |k: usize| {
                    let product = Rational::from(&g[0] * &x[k % m]);
                    product * &theta[(k + m) % (2 * m)]
                };
                (0..2 * m).map(entry).collect()
            };
            let gradients: Vec<Vec<Rational>> = samples.iter().map(gradient).collect();
            let unit = |i: usize| json!({ "kind": "rescaling", "up": [i], "down": [m + i] });
            point(
                draw.strength(index % 2 == 1),
                commuting((0..m).map(unit).collect()),
                &theta,
                &gradients,
            )
        },
    );
}

/// A layered network of homogeneous units: one rescaling for each hidden unit. The weights
/// are ± powers of 2, and the gradients flows along paths divided by them, so that at each
/// unit Σθg of what comes in is that of what goes out, as T1 says.
fn layered(widths: &[usize], strength: Value, draw: &mut Draw) -> Value {
    let mut edges = Vec::new();
    let mut first_unit = 0;
    for pair in widths.windows(2) {
        for i in 0..pair[0] {
            for j in 0..pair[1] {
                edges.push((first_unit + i, first_unit + pair[0] + j));
            }
        }
        first_unit += pair[0];
    }
    let theta: Vec<Rational> = edges.iter().map(|_| draw.power()).collect();
    let flow = |draw: &mut Draw| {
        let mut flow = vec![Rational::new(); edges.len()];
        for _ in 0..3 * edges.len() {
            let size = Rational::from(draw.integer(-4, 4));
            let mut at = 0;
            let mut before = None;
            for &width in widths {
                let unit = at + usize::try_from(draw.integer(0, 1 << 20)).unwrap_or(0) % width;
                if let Some(before) = before
                    && let Some(edge) = edges.iter().position(|edge| *edge == (before, unit))
                {
                    flow[edge] += &size;
                }
                before = Some(unit);
                at += width;
            }
        }
        flow.into_iter()
            .zip(&theta)
            .map(|(x, w)| x / w)
            .collect::<Vec<_>>()
    };
    let gradients: Vec<Vec<Rational>> = (0..4).map(|_| flow(draw)).collect();
    let units: usize = widths.iter().sum();
    let hidden = widths[0]..units - widths.last().unwrap_or(&0);
    let unit = |unit: usize| {
        let where_is = |end: fn(&(usize, usize)) -> usize| {
            let own = edges
                .iter()
                .enumerate()
                .filter(|(_, edge)| end(edge) == unit);
            own.map(|(e, _)| e).collect::<Vec<_>>()
        };
        json!({ "kind": "rescaling", "up": where_is(|e| e.0), "down": where_is(|e| e.1) })
    };
    point(
        strength,
        commuting(hidden.map(unit).collect()),
        &theta,
        &gradients,
    )
}

fn layered_networks(to: &mut List) {
    let widths: [&[usize]; 6] = [
        &[1, 2, 1],
        &[2, 2, 2, 1],
        &[1, 3, 2, 1],
        &[2, 3, 3, 2],
        &[1, 2, 2, 2, 1],
        &[1, 5, 5, 1],
    ];
    to.add(
        FAMILY,
        widths.len(),
        "a layered network: one rescaling for each hidden unit",
        |index, draw| layered(widths[index], draw.strength(index % 2 == 1), draw),
    );
}

/// Generators that are diagonal, with any rates.
fn joint_rates(to: &mut List) {
    to.add(
        FAMILY,
        5,
        "diagonal generators with any rates",
        |index, draw| {
            let (m, d) = (2 + index / 2, 6 + index);
            let theta = draw.vector(d);
            let rates: Vec<Vec<Rational>> = (0..m).map(|_| draw.vector(d)).collect();
            let image = |rates: &Vec<Rational>| {
                let entries = rates.iter().zip(&theta);
                entries.map(|(r, x)| Rational::from(r * x)).collect()
            };
            let images: Vec<Vec<Rational>> = rates.iter().map(image).collect();
            let gradients = allowed(&images, 4, draw);
            let members = rates.iter().map(|r| diagonal(r)).collect();
            point(draw.strength(true), commuting(members), &theta, &gradients)
        },
    );
    to.add(
        FAMILY,
        2,
        "a generator that depends on the others: a flat direction",
        |index, draw| {
            let d = 5;
            let theta = draw.vector(d);
            let mut rates: Vec<Vec<Rational>> = (0..1 + index).map(|_| draw.vector(d)).collect();
            let double = rates[0].iter().map(|x| Rational::from(x * 2)).collect();
            rates.push(double);
            let images: Vec<Vec<Rational>> = rates
                .iter()
                .map(|r| {
                    r.iter()
                        .zip(&theta)
                        .map(|(r, x)| Rational::from(r * x))
                        .collect()
                })
                .collect();
            let gradients = allowed(&images, 4, draw);
            let members = rates.iter().map(|r| diagonal(r)).collect();
            point(draw.strength(true), commuting(members), &theta, &gradients)
        },
    );
    to.add(
        FAMILY,
        1,
        "units whose weights differ by a hundred orders of magnitude",
        |_, draw| {
            let m = 2;
            let theta: Vec<Rational> = (0..2 * m)
                .map(|k| draw.nonzero() * power_of_two(if k % 2 == 0 { 160 } else { -160 }))
                .collect();
            // T1: θ_ig_i is the same for both ends of a unit.
            let gradient = |draw: &mut Draw| {
                let flow = draw.vector(m);
                (0..2 * m)
                    .map(|k| theta[(k + m) % (2 * m)].clone() * &flow[k % m])
                    .collect()
            };
            let gradients: Vec<Vec<Rational>> = (0..3).map(|_| gradient(draw)).collect();
            let unit = |i: usize| json!({ "kind": "rescaling", "up": [i], "down": [m + i] });
            point(
                draw.strength(true),
                commuting((0..m).map(unit).collect()),
                &theta,
                &gradients,
            )
        },
    );
}

/// K and K² − sI, symmetric and commuting, with irrational joint rates.
fn pair(n: usize, draw: &mut Draw) -> [Vec<Vec<Rational>>; 2] {
    let mut k = draw.symmetric(n, 2);
    k[0][n - 1] = Rational::from(1);
    k[n - 1][0] = Rational::from(1);
    let mut square = product(&k, &k);
    for (i, row) in square.iter_mut().enumerate() {
        row[i] -= Rational::from(3);
    }
    [k, square]
}

fn matrices(to: &mut List) {
    to.add(
        FAMILY,
        3,
        "two matrices with irrational joint rates",
        |index, draw| {
            let matrices = pair(3 + index, draw);
            let theta = draw.vector(3 + index);
            let images: Vec<Vec<Rational>> = matrices.iter().map(|k| apply(k, &theta)).collect();
            let gradients = allowed(&images, 3, draw);
            let members = matrices
                .iter()
                .map(|k| json!({ "kind": "dense", "matrix": rows(k) }));
            point(
                draw.strength(true),
                commuting(members.collect()),
                &theta,
                &gradients,
            )
        },
    );
}

fn factors(to: &mut List) {
    to.add(FAMILY, 3, "two directions of two factors", |index, draw| {
        let sizes = [[2, 3, 2], [3, 2, 2], [2, 4, 3]][index];
        let directions = pair(sizes[1], draw);
        let factors = Factors::draw(sizes, 4, draw);
        let members = directions.iter().map(|s| {
            json!({ "kind": "factor", "rows": sizes[0], "rank": sizes[1], "cols": sizes[2], "direction": rows(s) })
        });
        point(draw.strength(true), commuting(members.collect()), &factors.theta(), &factors.gradients())
    });
}

fn unbounded(to: &mut List) {
    to.add(
        FAMILY,
        3,
        "noise that nothing holds: unbounded",
        |index, draw| {
            let m = 2 + index;
            let theta = draw.vector(2 * m);
            let mut gradients = draw.matrix(3, 2 * m);
            for row in &mut gradients {
                row[0] = Rational::new();
            }
            let unit = |i: usize| json!({ "kind": "rescaling", "up": [i], "down": [m + i] });
            point(
                draw.strength(false),
                commuting((0..m).map(unit).collect()),
                &theta,
                &gradients,
            )
        },
    );
    to.add(
        FAMILY,
        1,
        "two directions of two factors, one of them 0: unbounded",
        |_, draw| {
            let sizes = [2, 2, 2];
            let mut factors = Factors::draw(sizes, 4, draw);
            factors
                .u
                .iter_mut()
                .flatten()
                .for_each(|x| *x = Rational::new());
            let directions = [[[2, 1], [1, 1]], [[5, 3], [3, 2]]];
            let members = directions.map(|s| {
                let s = s.map(|row| row.map(Rational::from).to_vec());
                json!({ "kind": "factor", "rows": 2, "rank": 2, "cols": 2, "direction": rows(&s) })
            });
            point(
                draw.strength(false),
                commuting(members.to_vec()),
                &factors.theta(),
                &factors.gradients(),
            )
        },
    );
}
