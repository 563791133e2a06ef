//! The problems: each one a formula, or drawn from a stream that its name seeds.
//!
//! Every number is rational, and nearly all are dyadic: a double holds them exactly, so
//! that another implementation starts from the very same problem.

mod deep;
mod family;
mod group;
mod single;

use crate::dynamics::Stream;
use crate::scalar::{Field, Rational, dot};
use crate::symmetry::rows_of;
use nalgebra::DMatrix;
use serde_json::{Map, Value, json};

/// One problem with its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// The file that it is in.
    pub family: &'static str,
    /// Its name, the family and a number.
    pub id: String,
    /// What it is there for.
    pub note: String,
    /// problem-1, or regression-1.
    pub problem: Value,
}

macro_rules! families {
    ($($family:literal),*) => {
        /// The families, by the names of their files.
        pub const FAMILIES: [&str; [$($family),*].len()] = [$($family),*];
        /// Their files as of when the crate was built, in this order.
        pub const BUILT_IN: [&str; FAMILIES.len()] =
            [$(include_str!(concat!("../../../docs/reference/", $family, ".json"))),*];
    };
}
families!(
    "spectrum",
    "diagonal",
    "scaling",
    "rescaling",
    "finite-learning-rate",
    "dense",
    "factor",
    "commuting",
    "general-linear",
    "deep-linear"
);

/// Every problem, family by family.
pub fn catalogue() -> Vec<Item> {
    let mut list = List::default();
    single::add(&mut list);
    family::add(&mut list);
    group::add(&mut list);
    deep::add(&mut list);
    list.items
}

/// The problems so far.
#[derive(Default)]
struct List {
    items: Vec<Item>,
}

impl List {
    /// `count` problems, each built from a stream of its own.
    fn add(
        &mut self,
        family: &'static str,
        count: usize,
        note: &str,
        build: impl Fn(usize, &mut Draw) -> Value,
    ) {
        for index in 0..count {
            let own = self.items.iter().filter(|item| item.family == family);
            let id = format!("{family}-{:02}", own.count() + 1);
            let mut draw = Draw(Stream::seeded(SEED, &id, 0));
            let problem = build(index, &mut draw);
            self.items.push(Item {
                family,
                id,
                note: note.to_owned(),
                problem,
            });
        }
    }
}

/// The audit's seed.
const SEED: u64 = 240_207_193;

/// Small dyadic numbers from a stream.
struct Draw(Stream);

impl Draw {
    /// A whole number from `low` to `high`, both included.
    fn integer(&mut self, low: i64, high: i64) -> i64 {
        let span = usize::try_from(high - low + 1).unwrap_or(1);
        low + i64::try_from(self.0.below(span)).unwrap_or(0)
    }

    /// k/16, 1 ≤ k ≤ 40.
    fn positive(&mut self) -> Rational {
        Rational::from((self.integer(1, 40), 16))
    }

    /// ± k/16, 1 ≤ k ≤ 40.
    fn nonzero(&mut self) -> Rational {
        let sign = if self.integer(0, 1) == 0 { -1 } else { 1 };
        self.positive() * sign
    }

    /// ± 2^k, |k| ≤ 2.
    fn power(&mut self) -> Rational {
        let sign = if self.integer(0, 1) == 0 { -1 } else { 1 };
        power_of_two(self.integer(-2, 2)) * sign
    }

    fn vector(&mut self, n: usize) -> Vec<Rational> {
        (0..n).map(|_| self.nonzero()).collect()
    }

    fn matrix(&mut self, rows: usize, cols: usize) -> Vec<Vec<Rational>> {
        (0..rows).map(|_| self.vector(cols)).collect()
    }

    /// A symmetric matrix of whole numbers up to `size`.
    fn symmetric(&mut self, n: usize, size: i64) -> Vec<Vec<Rational>> {
        let mut m = vec![vec![Rational::new(); n]; n];
        for i in 0..n {
            for j in 0..=i {
                let entry = Rational::from(self.integer(-size, size));
                m[i][j] = entry.clone();
                m[j][i] = entry;
            }
        }
        m
    }

    /// Vectors of length n, as many as asked for, orthogonal to v (T1) without a division:
    /// h(v·v) − v(h·v).
    fn orthogonal(&mut self, count: usize, v: &[Rational]) -> Vec<Vec<Rational>> {
        let square = dot(v, v);
        let one = |h: Vec<Rational>| {
            let along = dot(&h, v);
            let entries = h.iter().zip(v);
            entries
                .map(|(h, v)| Rational::from(h * &square) - Rational::from(v * &along))
                .collect()
        };
        (0..count).map(|_| one(self.vector(v.len()))).collect()
    }

    /// γ and σ² as SGD has them.
    fn strength(&mut self, decay: bool) -> Value {
        let gamma = if decay {
            power_of_two(-self.integer(5, 12))
        } else {
            Rational::new()
        };
        strength(&gamma, &power_of_two(-self.integer(2, 8)))
    }
}

fn power_of_two(k: i64) -> Rational {
    let shift = u32::try_from(k.unsigned_abs()).unwrap_or(0);
    if k < 0 {
        Rational::from(1) >> shift
    } else {
        Rational::from(1) << shift
    }
}

fn whole(n: usize) -> Rational {
    Rational::from_int(i64::try_from(n).unwrap_or(i64::MAX))
}

fn strength(gamma: &Rational, sigma2: &Rational) -> Value {
    json!({ "gamma": gamma.to_string(), "sigma2": sigma2.to_string() })
}

fn list(numbers: &[Rational]) -> Value {
    numbers.iter().map(Rational::to_string).collect()
}

fn rows(matrix: &[Vec<Rational>]) -> Value {
    matrix.iter().map(|row| list(row)).collect()
}

fn problem(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let fields = fields.into_iter().map(|(k, v)| (k.to_owned(), v));
    let mut map: Map<String, Value> = fields.collect();
    map.insert("format".to_owned(), json!(crate::problem::FORMAT));
    Value::Object(map)
}

/// A point on an orbit with per-sample gradients.
fn point(
    strength: Value,
    generator: Value,
    theta: &[Rational],
    gradients: &[Vec<Rational>],
) -> Value {
    problem([
        ("strength", strength),
        ("generator", generator),
        ("theta", list(theta)),
        ("gradients", rows(gradients)),
    ])
}

fn identity(n: usize) -> Vec<Vec<Rational>> {
    let entry = |i: usize, j: usize| Rational::from(i32::from(i == j));
    (0..n)
        .map(|i| (0..n).map(|j| entry(i, j)).collect())
        .collect()
}

/// M v.
fn apply(m: &[Vec<Rational>], v: &[Rational]) -> Vec<Rational> {
    m.iter().map(|row| dot(row, v)).collect()
}

fn transposed(m: &[Vec<Rational>]) -> Vec<Vec<Rational>> {
    rows_of(&matrix(m).transpose())
}

fn product(a: &[Vec<Rational>], b: &[Vec<Rational>]) -> Vec<Vec<Rational>> {
    rows_of(&(matrix(a) * matrix(b)))
}

fn matrix(rows: &[Vec<Rational>]) -> DMatrix<Rational> {
    let columns = rows.first().map_or(0, Vec::len);
    DMatrix::from_fn(rows.len(), columns, |i, j| rows[i][j].clone())
}

/// Two factors U (d_y × r) and W (r × d_x) with the gradients of some samples of a loss of
/// UWx: ∂ℓ/∂U = g(Wx)ᵀ and ∂ℓ/∂W = (Uᵀg)xᵀ.
struct Factors {
    u: Vec<Vec<Rational>>,
    w: Vec<Vec<Rational>>,
    samples: Vec<[Vec<Rational>; 2]>,
}

impl Factors {
    fn draw([d_y, r, d_x]: [usize; 3], samples: usize, draw: &mut Draw) -> Self {
        Self {
            u: draw.matrix(d_y, r),
            w: draw.matrix(r, d_x),
            samples: (0..samples)
                .map(|_| [draw.vector(d_y), draw.vector(d_x)])
                .collect(),
        }
    }

    fn theta(&self) -> Vec<Rational> {
        self.u.iter().chain(&self.w).flatten().cloned().collect()
    }

    fn gradients(&self) -> Vec<Vec<Rational>> {
        let outer = |a: &[Rational], b: &[Rational]| {
            let entries = a
                .iter()
                .flat_map(|a| b.iter().map(move |b| Rational::from(a * b)));
            entries.collect::<Vec<_>>()
        };
        let gradient = |[g, x]: &[Vec<Rational>; 2]| {
            let mut gradient = outer(g, &apply(&self.w, x));
            gradient.extend(outer(&apply(&transposed(&self.u), g), x));
            gradient
        };
        self.samples.iter().map(gradient).collect()
    }
}
