//! Problems whose answer is computed a second time here, from the formulas of
//! theory.md (§2) alone: an exact spectrum, and θ\* in a known eigenbasis.

use noise_equilibrium::problem::read_problem;
use noise_equilibrium::scalar::{Ball, Field, Rational, Scalar, at_precision, parse_exact, sum};
use num_traits::Zero;
use rug::ops::Pow;
use serde_json::{Value, json};
use std::cmp::Ordering;

pub type Matrix = Vec<Vec<Rational>>;

pub fn q(text: &str) -> Rational {
    parse_exact(text).unwrap_or_else(|error| panic!("{error}"))
}

pub fn qs(texts: &[&str]) -> Vec<Rational> {
    texts.iter().map(|text| q(text)).collect()
}

/// μ, a, c.
pub type Triple = [Rational; 3];

/// θ_λ = Σ_k (column k of `basis`) e^{μ_kλ} x_k.
pub struct Frame {
    pub basis: Matrix,
    pub rates: Vec<Rational>,
    pub coordinates: Vec<Rational>,
}

/// A problem-1 text, and what its answer depends on.
pub struct Known {
    pub text: String,
    pub gamma: Rational,
    pub sigma2: Rational,
    pub triples: Vec<Triple>,
    pub frame: Option<Frame>,
}

pub fn spectrum(gamma: &str, sigma2: &str, triples: &[[&str; 3]]) -> Known {
    let terms: Vec<Value> = triples
        .iter()
        .map(|[rate, noise, charge]| json!({ "rate": rate, "noise": noise, "charge": charge }))
        .collect();
    Known {
        text: text(&q(gamma), &q(sigma2), &[("spectrum", json!(terms))]),
        gamma: q(gamma),
        sigma2: q(sigma2),
        triples: triples.iter().map(|t| t.map(q)).collect(),
        frame: None,
    }
}

fn text(gamma: &Rational, sigma2: &Rational, fields: &[(&str, Value)]) -> String {
    let strength = json!({ "gamma": gamma.to_string(), "sigma2": sigma2.to_string() });
    let mut problem = json!({ "format": "noise-equilibrium/problem-1", "strength": strength });
    for (field, value) in fields {
        problem[*field] = value.clone();
    }
    problem.to_string()
}

fn written(rows: &Matrix) -> Value {
    let row = |row: &Vec<Rational>| row.iter().map(Rational::to_string).collect::<Vec<_>>();
    json!(rows.iter().map(row).collect::<Vec<_>>())
}

/// An orbit problem in its own eigenbasis.
#[derive(Clone)]
pub struct Diagonal {
    pub gamma: Rational,
    pub sigma2: Rational,
    pub rates: Vec<Rational>,
    pub theta: Vec<Rational>,
    pub gradients: Matrix,
}

impl Diagonal {
    /// The problem with kind "diagonal".
    pub fn plain(&self) -> Known {
        let d = self.rates.len();
        let generator =
            json!({ "kind": "diagonal", "rates": written(&vec![self.rates.clone()])[0] });
        self.turned(&identity(d), generator, false)
    }

    /// The same problem in coordinates turned by the orthogonal matrix `r`, with kind "dense".
    pub fn dense(&self, r: &Matrix) -> Known {
        self.turned(r, self.dense_generator(r), false)
    }

    /// The same, with the covariance in place of the gradients.
    pub fn dense_covariance(&self, r: &Matrix) -> Known {
        self.turned(r, self.dense_generator(r), true)
    }

    fn dense_generator(&self, r: &Matrix) -> Value {
        let matrix = product(&product(r, &diagonal(&self.rates)), &transposed(r));
        json!({ "kind": "dense", "matrix": written(&matrix) })
    }

    /// The same problem for U (rows × r) and W (r × cols), U → U Rᵀ and W → R W,
    /// with kind "factor". The rates must be S on each row of U, −S on each column of W.
    pub fn factor(&self, rows: usize, cols: usize, s: &[Rational], r: &Matrix) -> Known {
        let rank = s.len();
        let direction = product(&product(r, &diagonal(s)), &transposed(r));
        let generator = json!({
            "kind": "factor", "rows": rows, "rank": rank, "cols": cols,
            "direction": written(&direction),
        });
        self.turned(&factor_rotation(rows, cols, r), generator, false)
    }

    fn turned(&self, r: &Matrix, generator: Value, as_covariance: bool) -> Known {
        let gradients: Matrix = self.gradients.iter().map(|g| apply(r, g)).collect();
        let theta = apply(r, &self.theta);
        let noise = if as_covariance {
            ("covariance", written(&covariance(&gradients)))
        } else {
            ("gradients", written(&gradients))
        };
        let variance = covariance(&self.gradients);
        let triple = |k: usize| {
            let charge = Rational::from(&self.theta[k] * &self.theta[k]);
            [self.rates[k].clone(), variance[k][k].clone(), charge]
        };
        Known {
            text: text(
                &self.gamma,
                &self.sigma2,
                &[
                    ("generator", generator),
                    ("theta", written(&vec![theta])[0].clone()),
                    noise,
                ],
            ),
            gamma: self.gamma.clone(),
            sigma2: self.sigma2.clone(),
            triples: (0..self.rates.len()).map(triple).collect(),
            frame: Some(Frame {
                basis: r.clone(),
                rates: self.rates.clone(),
                coordinates: self.theta.clone(),
            }),
        }
    }
}

/// The rates of U and W for S = diag(s).
pub fn factor_rates(rows: usize, cols: usize, s: &[Rational]) -> Vec<Rational> {
    let u = (0..rows).flat_map(|_| s.iter().cloned());
    let w = s
        .iter()
        .flat_map(|x| (0..cols).map(move |_| Rational::from(-x)));
    u.chain(w).collect()
}

/// θ = (U row by row, W row by row) under U → U Rᵀ, W → R W.
fn factor_rotation(rows: usize, cols: usize, r: &Matrix) -> Matrix {
    let rank = r.len();
    let mut out = vec![vec![Rational::new(); rank * (rows + cols)]; rank * (rows + cols)];
    for i in 0..rank {
        for j in 0..rank {
            for row in 0..rows {
                out[row * rank + i][row * rank + j] = r[i][j].clone();
            }
            for col in 0..cols {
                out[rows * rank + i * cols + col][rows * rank + j * cols + col] = r[i][j].clone();
            }
        }
    }
    out
}

pub fn identity(n: usize) -> Matrix {
    diagonal(&vec![Rational::from(1); n])
}

fn diagonal(entries: &[Rational]) -> Matrix {
    let n = entries.len();
    (0..n)
        .map(|i| {
            let entry = |j| {
                if i == j {
                    entries[i].clone()
                } else {
                    Rational::new()
                }
            };
            (0..n).map(entry).collect()
        })
        .collect()
}

fn transposed(m: &Matrix) -> Matrix {
    (0..m[0].len())
        .map(|j| m.iter().map(|row| row[j].clone()).collect())
        .collect()
}

fn apply(m: &Matrix, v: &[Rational]) -> Vec<Rational> {
    m.iter()
        .map(|row| row.iter().zip(v).map(|(a, b)| Rational::from(a * b)).sum())
        .collect()
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    let columns = transposed(b);
    a.iter().map(|row| apply(&columns, row)).collect()
}

/// E[ggᵀ] − E[g]E[g]ᵀ, the formula of §0 as it stands.
fn covariance(rows: &Matrix) -> Matrix {
    let n = Rational::from(rows.len());
    let mean = |f: &dyn Fn(&Vec<Rational>) -> Rational| -> Rational {
        rows.iter().map(f).sum::<Rational>() / &n
    };
    let d = rows[0].len();
    (0..d)
        .map(|i| {
            let entry = |j: usize| {
                let both = mean(&|g| Rational::from(&g[i] * &g[j]));
                both - mean(&|g| g[i].clone()) * mean(&|g| g[j].clone())
            };
            (0..d).map(entry).collect()
        })
        .collect()
}

/// The Cayley transform (I − X)⁻¹(I + X) of an antisymmetric X: orthogonal and rational.
pub fn cayley(n: usize, numbers: &mut Numbers) -> Matrix {
    let mut plus = identity(n);
    let mut minus = identity(n);
    for i in 0..n {
        for j in 0..i {
            let x = numbers.next();
            plus[i][j] += &x;
            plus[j][i] -= &x;
            minus[i][j] -= &x;
            minus[j][i] += &x;
        }
    }
    // Gauss–Jordan elimination of [minus | plus].
    for k in 0..n {
        let pivot = (k..n).find(|&i| minus[i][k] != 0).expect("invertible");
        minus.swap(k, pivot);
        plus.swap(k, pivot);
        let scale = minus[k][k].clone();
        for row in [&mut minus[k], &mut plus[k]] {
            row.iter_mut().for_each(|x| *x /= &scale);
        }
        for i in (0..n).filter(|&i| i != k) {
            let factor = minus[i][k].clone();
            for m in [&mut minus, &mut plus] {
                let source = m[k].clone();
                for (x, y) in m[i].iter_mut().zip(source) {
                    *x -= y * &factor;
                }
            }
        }
    }
    assert_eq!(product(&plus, &transposed(&plus)), identity(n));
    plus
}

/// Small rationals p/8, |p| ≤ 12, without a pattern (a linear congruential generator).
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> Rational {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        let p = i64::try_from((self.0 >> 33) % 25).expect("small") - 12;
        Rational::from((if p == 0 { 1 } else { p }, 8))
    }
    pub fn list(&mut self, n: usize) -> Vec<Rational> {
        (0..n).map(|_| self.next()).collect()
    }
    pub fn rows(&mut self, n: usize, d: usize) -> Matrix {
        (0..n).map(|_| self.list(d)).collect()
    }
}

/// What the program writes for a problem.
pub fn answer(text: &str, digits: u32) -> Value {
    let problem = read_problem(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let solution = problem
        .solve(digits)
        .unwrap_or_else(|error| panic!("{error}: {text}"));
    serde_json::to_value(solution.to_file()).expect("JSON")
}

#[derive(Clone, Debug)]
pub struct Bounds {
    pub lower: Rational,
    pub upper: Rational,
}

impl Bounds {
    pub fn of(value: &Value) -> Self {
        let number = |end: &str| {
            q(value[end]
                .as_str()
                .unwrap_or_else(|| panic!("{end} in {value}")))
        };
        Self {
            lower: number("lower"),
            upper: number("upper"),
        }
    }
    pub fn width(&self) -> Rational {
        Rational::from(&self.upper - &self.lower)
    }
    /// Both bounds moved up by the width (one unit in the last place, as they are printed).
    pub fn moved_up(&self) -> Self {
        let width = self.width();
        Self {
            lower: self.upper.clone(),
            upper: Rational::from(&self.upper + &width),
        }
    }
    pub fn moved_down(&self) -> Self {
        let width = self.width();
        Self {
            lower: Rational::from(&self.lower - &width),
            upper: self.lower.clone(),
        }
    }
    fn holds(&self, x: &Rational) -> bool {
        self.lower <= *x && self.upper >= *x
    }
    pub fn meets(&self, other: &Self) -> bool {
        self.lower <= other.upper && other.lower <= self.upper
    }
    pub fn inside(&self, other: &Self) -> bool {
        other.lower <= self.lower && self.upper <= other.upper
    }
    fn smallest(&self) -> Rational {
        if self.holds(&Rational::new()) {
            return Rational::new();
        }
        self.lower.clone().abs().min(self.upper.clone().abs())
    }
    /// lower ≤ upper, and 10^{−digits} wide: relative to every number inside, or absolutely around 0.
    pub fn check_width(&self, digits: u32) -> Result<(), String> {
        let unit = Rational::from((1, rug::Integer::from(10).pow(digits)));
        let near = self.smallest();
        let allowed = if near == 0 { unit } else { unit * near };
        if self.lower > self.upper || self.width() > allowed {
            return Err(format!("wider than {digits} digits: {self:?}"));
        }
        Ok(())
    }
}

/// The bounds of a printed value, as narrow as they have to be.
fn checked_bounds(value: &Value, digits: u32) -> Result<Bounds, String> {
    let bounds = Bounds::of(value);
    bounds.check_width(digits).map(|()| bounds)
}

fn holds(field: &str, bounds: &Bounds, exact: Rational) -> Result<(), String> {
    if bounds.holds(&exact) {
        Ok(())
    } else {
        Err(format!("{field}: {exact} is not in {bounds:?}"))
    }
}

/// A second enclosure of a printed value, much narrower: the two must meet.
fn agree(field: &str, printed: &Bounds, second: &Ball) -> Result<(), String> {
    let meets = second.lower() <= printed.upper && second.upper() >= printed.lower;
    if !meets {
        return Err(format!("{field}: {printed:?} does not hold {second:?}"));
    }
    let narrow = printed.width() == 0 || second.width() <= printed.width() / 1_000_000u32;
    if !narrow {
        return Err(format!(
            "{field}: the second enclosure is too wide to tell: {second:?}"
        ));
    }
    Ok(())
}

impl Known {
    /// Each live term of G, before its exponential: its rate, is it noise, |μ|·2σ²a or |μ|·4γc.
    pub fn live(&self) -> impl Iterator<Item = (&Rational, bool, Rational)> {
        self.triples
            .iter()
            .filter(|t| t[0] != 0)
            .flat_map(|[rate, noise, charge]| {
                let noise = Rational::from(&self.sigma2 * noise) * 2u32;
                let charge = Rational::from(&self.gamma * charge) * 4u32;
                [(true, noise), (false, charge)]
                    .into_iter()
                    .filter(|(_, power)| *power != 0)
                    .map(move |(is_noise, power)| (rate, is_noise, power * rate.clone().abs()))
            })
    }

    /// T8.
    pub fn status(&self) -> &'static str {
        let up = self
            .live()
            .any(|(rate, is_noise, _)| (*rate > 0) == is_noise);
        let down = self
            .live()
            .any(|(rate, is_noise, _)| (*rate > 0) != is_noise);
        match (up, down) {
            (true, true) => "finite",
            (true, false) => "plus-infinity",
            (false, true) => "minus-infinity",
            (false, false) => "degenerate",
        }
    }

    /// G(0), exactly.
    fn balance(&self) -> Rational {
        let sign = |rate: &Rational, is_noise| if (*rate > 0) == is_noise { 1 } else { -1 };
        self.live()
            .map(|(rate, is_noise, w)| w * sign(rate, is_noise))
            .sum()
    }

    /// ln U − ln D with G = U − D, both positive: it has the sign of G and cannot overflow.
    pub fn logarithmic(&self, lambda: &Rational, bits: u32) -> Ball {
        at_precision(bits, || self.logarithmic_here(lambda))
    }

    /// The same at the working precision.
    fn logarithmic_here(&self, lambda: &Rational) -> Ball {
        let at = Ball::from_rational;
        let side = |wanted: bool| {
            let exponents: Vec<Ball> = self
                .live()
                .filter(|(rate, is_noise, _)| ((**rate > 0) == *is_noise) == wanted)
                .map(|(rate, is_noise, w)| {
                    let twice = Rational::from(rate * lambda) * if is_noise { -2 } else { 2 };
                    at(&twice) + at(&w).ln()
                })
                .collect();
            let middles = exponents.iter().map(|e| e.midpoint().clone());
            let top = middles.reduce(|a, b| a.max(&b));
            let top = Ball::point(&top.expect("a live term"));
            sum(exponents.into_iter().map(|e| (e - &top).exp())).ln() + top
        };
        side(true) - side(false)
    }

    /// The sign of G(λ) for a finite problem, by an enclosure of ln U − ln D.
    fn sign_of_g(&self, lambda: &Rational) -> Ordering {
        let mut bits = 512;
        loop {
            if let Some(sign) = self.logarithmic(lambda, bits).sign() {
                return sign;
            }
            bits *= 2;
            assert!(bits < 1 << 20, "the sign of G at {lambda} is not decided");
        }
    }

    /// Does λ* lie between these bounds?
    pub fn check_lambda(&self, printed: &Bounds) -> Result<(), String> {
        let inside = if self.balance() == 0 {
            printed.holds(&Rational::new())
        } else {
            self.sign_of_g(&printed.lower).is_gt() && self.sign_of_g(&printed.upper).is_lt()
        };
        inside
            .then_some(())
            .ok_or_else(|| format!("lambda is not in {printed:?}"))
    }

    /// Everything in an answer, against a second computation.
    pub fn check(&self, answer: &Value, digits: u32) -> Result<(), String> {
        if answer["status"] != self.status() {
            return Err(format!(
                "expected {}, found {}",
                self.status(),
                answer["status"]
            ));
        }
        if self.status() != "finite" {
            let fields = answer.as_object().map_or(0, serde_json::Map::len);
            return if fields == 3 {
                Ok(())
            } else {
                Err(format!("surplus fields: {answer}"))
            };
        }
        let printed = |value: &Value| checked_bounds(value, digits);
        self.check_lambda(&printed(&answer["lambda"])?)?;
        let before = |field: &str, value: &Value, exact| holds(field, &printed(value)?, exact);
        before("balance_before", &answer["balance_before"], self.balance())?;
        let two = |x: &Rational, y: &Rational| Rational::from(x * y) * 2u32;
        let potential = self
            .triples
            .iter()
            .map(|[_, a, c]| two(&self.gamma, c) + two(&self.sigma2, a) / 2u32);
        before(
            "potential.before",
            &answer["potential"]["before"],
            potential.sum(),
        )?;

        // λ* with 30 digits more, proved here too.
        let narrow = Bounds::of(&self::answer(&self.text, digits + 30)["lambda"]);
        self.check_lambda(&narrow)?;
        at_precision(4 * digits + 512, || {
            self.check_beside(answer, &narrow, digits)
        })
    }

    /// What follows from λ\* in an answer, by the working precision and bounds of λ\* that are
    /// much narrower than the answer's.
    fn check_beside(&self, answer: &Value, narrow: &Bounds, digits: u32) -> Result<(), String> {
        let at = Ball::from_rational;
        let printed = |value: &Value| checked_bounds(value, digits);
        let lambda = at(&narrow.lower).hull(&at(&narrow.upper));
        let grown =
            |rate: &Rational, factor: i32| (at(&Rational::from(rate * factor)) * &lambda).exp();
        let over = |f: &dyn Fn(&Triple, Ball, Ball) -> Ball| {
            sum(self.triples.iter().map(|t| {
                let noise = if t[1] == 0 {
                    Ball::zero()
                } else {
                    at(&t[1]) * grown(&t[0], -2)
                };
                let charge = if t[2] == 0 {
                    Ball::zero()
                } else {
                    at(&t[2]) * grown(&t[0], 2)
                };
                f(t, noise, charge)
            }))
        };
        let (gamma, sigma2) = (at(&self.gamma), at(&self.sigma2));
        let number = |n: i64| Ball::from_int(n);
        let potential = over(&|_, a, c| number(2) * &gamma * c + sigma2.clone() * a);
        agree(
            "potential.after",
            &printed(&answer["potential"]["after"])?,
            &potential,
        )?;
        let slope = over(&|t, a, c| {
            at(&t[0]).square() * (number(4) * &sigma2 * a + number(8) * &gamma * c)
        });
        let speed = over(&|t, _, c| at(&t[0]).square() * c);
        if speed.is_zero() {
            if answer.get("relaxation_rate").is_some() {
                return Err("relaxation_rate where nothing moves".to_owned());
            }
        } else {
            let rate = slope / (number(2) * speed);
            agree(
                "relaxation_rate",
                &printed(&answer["relaxation_rate"])?,
                &rate,
            )?;
        }
        let Some(frame) = &self.frame else {
            let absent = answer.get("theta").is_none() && answer.get("charge").is_none();
            return if absent {
                Ok(())
            } else {
                Err("theta or charge of a spectrum".to_owned())
            };
        };
        let charge = self
            .triples
            .iter()
            .map(|[rate, _, c]| Rational::from(rate * c));
        let before = printed(&answer["charge"]["before"])?;
        holds("charge.before", &before, charge.sum())?;
        let charge = over(&|t, _, c| at(&t[0]) * c);
        agree_or_zero(
            "charge.after",
            &printed(&answer["charge"]["after"])?,
            &charge,
        )?;
        let coordinates: Vec<Ball> = frame
            .rates
            .iter()
            .zip(&frame.coordinates)
            .map(|(rate, x)| {
                if *x == 0 {
                    Ball::zero()
                } else {
                    grown(rate, 1) * at(x)
                }
            })
            .collect();
        let theta = answer["theta"].as_array().ok_or("theta: missing")?;
        if theta.len() != frame.basis.len() {
            return Err("theta: wrong length".to_owned());
        }
        for (i, (value, row)) in theta.iter().zip(&frame.basis).enumerate() {
            let live = row
                .iter()
                .zip(&coordinates)
                .filter(|(r, x)| **r != 0 && !x.is_zero());
            let second = sum(live.map(|(r, x)| at(r) * x));
            agree_or_zero(&format!("theta[{i}]"), &printed(value)?, &second)?;
        }
        Ok(())
    }

    /// Solves to this many digits, checks everything, and hands back the answer.
    pub fn solve_and_check(&self, digits: u32) -> Value {
        let answer = answer(&self.text, digits);
        if let Err(error) = self.check(&answer, digits) {
            panic!("{error}\nof {}\nat {digits} digits", self.text);
        }
        answer
    }
}

/// As [`agree`], but a value that is printed as zero may be narrower than the second enclosure.
fn agree_or_zero(field: &str, printed: &Bounds, second: &Ball) -> Result<(), String> {
    if printed.holds(&Rational::new()) {
        let meets = second.lower() <= printed.upper && second.upper() >= printed.lower;
        return if meets {
            Ok(())
        } else {
            Err(format!("{field}: {second:?} is not zero"))
        };
    }
    agree(field, printed, second)
}
