//! The whole group GL(r) between two factors (T17, C3).

use super::{Factors, List, point, power_of_two};
use crate::scalar::Rational;
use serde_json::{Value, json};

const FAMILY: &str = "general-linear";

fn kind([rows, rank, cols]: [usize; 3]) -> Value {
    json!({ "kind": "general-linear", "rows": rows, "rank": rank, "cols": cols })
}

fn whole_group(strength: Value, sizes: [usize; 3], factors: &Factors) -> Value {
    point(
        strength,
        kind(sizes),
        &factors.theta(),
        &factors.gradients(),
    )
}

pub(super) fn add(to: &mut List) {
    to.add(
        FAMILY,
        10,
        "two factors with weight decay",
        |index, draw| {
            let r = [1, 1, 2, 2, 3, 3, 4, 5, 6, 8][index];
            let sizes = [r + index % 2, r, r + (index + 1) % 3];
            let factors = Factors::draw(sizes, r + 3, draw);
            whole_group(draw.strength(true), sizes, &factors)
        },
    );
    to.add(
        FAMILY,
        7,
        "two factors without weight decay",
        |index, draw| {
            let r = [1, 2, 3, 4, 5, 6, 8][index];
            let sizes = [r + index % 2, r, r + 1];
            let factors = Factors::draw(sizes, r + 3, draw);
            whole_group(draw.strength(false), sizes, &factors)
        },
    );
    to.add(
        FAMILY,
        3,
        "factors that differ by 2^40, 2^200 and 2^1500",
        |index, draw| {
            let size = power_of_two([40, 200, 1500][index]);
            let sizes = [3, 3, 3];
            let mut factors = Factors::draw(sizes, 6, draw);
            factors.u.iter_mut().flatten().for_each(|x| *x *= &size);
            factors.w.iter_mut().flatten().for_each(|x| *x /= &size);
            whole_group(draw.strength(index == 0), sizes, &factors)
        },
    );
    to.add(
        FAMILY,
        2,
        "columns of U that differ by about 2^−30",
        |index, draw| {
            let sizes = [3, 2 + index, 3];
            let mut factors = Factors::draw(sizes, 6, draw);
            for row in &mut factors.u {
                row[1] = row[0].clone() + power_of_two(-30) * &row[1];
            }
            whole_group(draw.strength(false), sizes, &factors)
        },
    );
    to.add(
        FAMILY,
        2,
        "U is 0 without weight decay: unbounded",
        |index, draw| {
            let sizes = [2, 2 + index, 2 + index];
            let mut factors = Factors::draw(sizes, 5, draw);
            factors
                .u
                .iter_mut()
                .flatten()
                .for_each(|x| *x = Rational::new());
            whole_group(draw.strength(false), sizes, &factors)
        },
    );
    to.add(
        FAMILY,
        2,
        "a direction that neither factor uses: degenerate",
        |index, draw| {
            let sizes = [3, 3, 3];
            let mut factors = Factors::draw(sizes, 6, draw);
            // Column 2 of U and row 2 of W; the second time in a sheared basis.
            for row in &mut factors.u {
                row[2] = match index {
                    0 => Rational::new(),
                    _ => row[0].clone() + &row[1],
                };
            }
            factors.w[2].iter_mut().for_each(|x| *x = Rational::new());
            whole_group(draw.strength(index == 0), sizes, &factors)
        },
    );
}
