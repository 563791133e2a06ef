//! The same bits on every machine: digests of all that each solver gives on seeded problems,
//! intermediate precision and numbers of steps included.
//!
//! That the values are right is for other tests to say. These say that they do not depend on the
//! machine; and they notice a change of what is computed also where it leaves the result right
//! but makes it dearer. After a change that is meant, the digest in the message is the new one. In doubles only
//! what does without matrix products is here: those may fuse additions where a processor can.

use nalgebra::DMatrix;
use noise_equilibrium::balance::{
    BalanceEquation, Equilibrium, Noise, Orbit, Spectrum, SpectrumSource, Strength, Term, certify,
    deep_linear::Regression,
    family::{
        Edge, Existence, Exponential, FamilyOrbit, FamilyStatus, balance_network, certify_family,
        minimise,
    },
    general_linear::{GroupOrbit, GroupStatus, certify_group},
    geometric_mean::{geometric_mean, square_root},
    many::solve_many_in,
    sensitivity::Tangent,
    setting::Setting,
    solve,
};
use noise_equilibrium::scalar::{
    Ball, Field, Instructions, Rational, Real, RealScalar, at_precision, convert, working_precision,
};
use noise_equilibrium::symmetry::{
    Eigenspaces, FactorShape, Family, Generator, enclosed_exponential, exponential, inverse,
    null_space, row_space, support,
};
use noise_equilibrium::theorem::Draw;
use rug::Float;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The precision of what is computed in multiprecision.
const WIDE: u32 = 128;

/// A number, to the bit.
trait Bits {
    fn bits(&self) -> String;
}
impl Bits for f64 {
    fn bits(&self) -> String {
        match self.is_nan() {
            // Its sign is anybody's.
            true => "NaN".to_owned(),
            false => format!("{:016x}", self.to_bits()),
        }
    }
}
impl Bits for Real {
    /// As a number of the working precision, whether or not it has as many bits itself.
    fn bits(&self) -> String {
        let x = Float::with_val(working_precision(), self.as_float());
        x.to_string_radix(32, None)
    }
}
impl Bits for Ball {
    fn bits(&self) -> String {
        let [middle, radius] =
            [self.midpoint(), &self.radius()].map(|x| x.to_string_radix(32, None));
        format!("{middle}±{radius}@{}", self.midpoint().prec())
    }
}
impl Bits for Rational {
    fn bits(&self) -> String {
        self.to_string()
    }
}

fn list<'a, T: Bits + 'a>(numbers: impl IntoIterator<Item = &'a T>) -> String {
    let texts: Vec<String> = numbers.into_iter().map(T::bits).collect();
    texts.join(" ")
}

/// The first 8 bytes of a SHA-256, in hexadecimal.
fn digest(lines: &str) -> String {
    let bytes = Sha256::digest(lines);
    bytes.iter().take(8).map(|b| format!("{b:02x}")).collect()
}

fn same(name: &str, lines: &str, expected: &str) {
    println!("{lines}");
    assert_eq!(digest(lines), expected, "{name}: other bits than elsewhere");
}

/// The last bit of each kind of number shows, and so do the bits that an enclosure carries.
#[test]
fn another_bit_is_another_digest() {
    fn differ<T: Bits>(one: &T, other: &T) {
        assert_ne!(digest(&one.bits()), digest(&other.bits()));
    }
    differ(&1.0, &1.0_f64.next_up());
    differ(&0.0, &-0.0);
    at_precision(WIDE, || {
        let one = Real::from_int(1);
        let next = one.clone() + Real::unit();
        assert!(next != one);
        differ(&one, &next);
    });
    let at = |bits: u32, p: i64| Ball::at(bits, &Rational::from((p, 3)));
    differ(&at(64, 1), &at(65, 1));
    differ(&at(64, 1), &at(64, 2));
    differ(&at(64, 3), &at(65, 3));
    let tiny = Float::with_val(53, 1) >> 500;
    differ(&at(64, 1), &at(64, 1).widen(&tiny));
    differ(&at(64, 3), &at(64, 3).widen(&tiny));
    differ(&Rational::from((1, 3)), &Rational::from((1, 2)));
}

fn two_to(k: i64) -> Rational {
    Rational::from(1) << i32::try_from(k).expect("a small exponent")
}

/// A dyadic that is not 0, of any size between 2^±range.
fn of_any_size(draw: &mut Draw, range: i64) -> Rational {
    draw.nonzero() * two_to(draw.integer(-range, range))
}

/// 0 once in six times.
fn power(draw: &mut Draw, range: i64) -> Rational {
    match draw.integer(0, 5) {
        0 => Rational::new(),
        _ => of_any_size(draw, range).abs(),
    }
}

fn strength(draw: &mut Draw) -> Strength<Rational> {
    let gamma = match draw.integer(0, 2) {
        0 => Rational::new(),
        _ => of_any_size(draw, 20).abs(),
    };
    Strength::new(gamma, of_any_size(draw, 8).abs()).expect("a strength")
}

fn spectrum(draw: &mut Draw, range: i64) -> Spectrum<Rational> {
    let terms = (0..draw.size(1, 6)).map(|_| Term {
        rate: of_any_size(draw, range / 10),
        noise: power(draw, range),
        charge: power(draw, range),
    });
    let terms: Vec<_> = terms.collect();
    Spectrum::from_terms(terms)
}

fn symmetric(draw: &mut Draw, n: usize) -> Vec<Vec<Rational>> {
    let mut m = vec![vec![Rational::new(); n]; n];
    for i in 0..n {
        for j in 0..=i {
            m[i][j] = draw.dyadic();
            m[j][i] = m[i][j].clone();
        }
    }
    m
}

fn matrix(rows: &[Vec<Rational>]) -> DMatrix<Rational> {
    DMatrix::from_fn(rows.len(), rows.first().map_or(0, Vec::len), |i, j| {
        rows[i][j].clone()
    })
}

fn gradients(draw: &mut Draw, d: usize) -> Vec<Vec<Rational>> {
    (0..draw.size(1, 5)).map(|_| draw.vector(d)).collect()
}

fn floating<S: RealScalar + Bits>(seed: u64) -> String {
    let mut lines = String::new();
    for index in 0..250 {
        let mut draw = Draw::seeded(seed, "solve", index);
        let exact = spectrum(&mut draw, [10, 100, 990][index as usize % 3]);
        let strength = strength(&mut draw);
        let terms = exact.terms().iter().map(|t| Term {
            rate: S::from_rational(&t.rate),
            noise: S::from_rational(&t.noise),
            charge: S::from_rational(&t.charge),
        });
        let balance = BalanceEquation {
            spectrum: Spectrum::from_terms(terms.collect()),
            strength: strength.convert(),
        };
        let found = solve(&balance);
        let numbers = match &found {
            Ok(Equilibrium::Finite(x)) => vec![
                x.clone(),
                balance.g(x),
                balance.slope(x),
                balance.potential(x),
                balance.charge(x),
                balance.relaxation_rate(x),
                balance.at_start(),
                balance.potential_at_start(),
            ],
            _ => Vec::new(),
        };
        let status = found.map_or_else(|error| error.to_string(), |x| x.status().to_owned());
        let _ = writeln!(lines, "{index} {status} {}", list(&numbers));
        if let Ok((lambda, gradient)) = balance.sensitivity() {
            let terms = gradient.terms.iter();
            let terms: Vec<S> = terms
                .flat_map(|t| [t.rate.clone(), t.noise.clone(), t.charge.clone()])
                .collect();
            let strength = [&lambda, &gradient.gamma, &gradient.sigma2];
            let _ = writeln!(lines, "{} {}", list(&terms), list(strength));
        }
    }
    lines
}

#[test]
fn roots_and_their_derivatives() {
    same("doubles", &floating::<f64>(1), "98219b56cb848de4");
    let wide = at_precision(WIDE, || floating::<Real>(1));
    same("128 bits", &wide, "6ef306d62b26b46e");
}

/// In each set of instructions that this machine has: the others have theirs.
#[test]
fn many_roots() {
    let batch = (0..1000).map(|index| {
        let mut draw = Draw::seeded(1, "solve_many", index);
        let range = [10, 40, 100][index as usize % 3];
        BalanceEquation {
            spectrum: spectrum(&mut draw, range).map(f64::from_rational),
            strength: strength(&mut draw).convert(),
        }
    });
    let batch: Vec<BalanceEquation<f64>> = batch.collect();
    for instructions in Instructions::all() {
        let mut lines = String::new();
        for (index, found) in solve_many_in(instructions, &batch).into_iter().enumerate() {
            let line = match found {
                Ok(Equilibrium::Finite(lambda)) => lambda.bits(),
                Ok(other) => other.status().to_owned(),
                Err(error) => error.to_string(),
            };
            let _ = writeln!(lines, "{index} {line}");
        }
        same(instructions.name(), &lines, "ebe2455d0b6c8753");
    }
}

fn certified(
    lines: &mut String,
    source: &SpectrumSource,
    strength: &Strength<Rational>,
    digits: u32,
) {
    match certify(source, strength, digits) {
        Ok(Equilibrium::Finite(c)) => {
            let rate = c.relaxation_rate.as_ref().map_or(String::new(), Bits::bits);
            let numbers = list([&c.lambda, &c.charge, &c.potential]);
            let _ = writeln!(lines, "{numbers} {rate}");
        }
        Ok(other) => {
            let _ = writeln!(lines, "{}", other.status());
        }
        Err(error) => {
            let _ = writeln!(lines, "{error}");
        }
    }
}

#[test]
fn certified_roots() {
    let mut lines = String::new();
    for index in 0..60 {
        let mut draw = Draw::seeded(1, "certify", index);
        let source =
            SpectrumSource::Exact(spectrum(&mut draw, [10, 100, 2000][index as usize % 3]));
        let strength = strength(&mut draw);
        certified(
            &mut lines,
            &source,
            &strength,
            [5, 20, 150][index as usize / 20],
        );
    }
    same("spectra", &lines, "ff54c24b65d745e3");

    let mut lines = String::new();
    for index in 0..24 {
        // What pulls up and down is nearly the same: a root close to 0.
        let mut draw = Draw::seeded(1, "near zero", index);
        let mut terms = Vec::new();
        for _ in 0..draw.size(1, 3) {
            let (rate, power) = (of_any_size(&mut draw, 3), of_any_size(&mut draw, 10).abs());
            let off = two_to(-draw.integer(0, 400)) + Rational::from(1);
            for (rate, power) in [(rate.clone(), power.clone()), (-rate, power * off)] {
                terms.push(Term {
                    rate,
                    noise: power,
                    charge: Rational::new(),
                });
            }
        }
        let source = SpectrumSource::Exact(Spectrum::from_terms(terms));
        certified(
            &mut lines,
            &source,
            &strength(&mut draw),
            [5, 20, 150, 600][index as usize % 4],
        );
    }
    same("roots near 0", &lines, "57f7d8c832ab94a2");

    let mut lines = String::new();
    for index in 0..24 {
        let mut draw = Draw::seeded(1, "orbit", index);
        let generator = match index % 4 {
            0 | 1 => Generator::dense(&symmetric(&mut draw, 3)),
            2 => Generator::factor(2, 1, &symmetric(&mut draw, 2)),
            _ => Generator::dense(&symmetric(&mut draw, 4)),
        };
        let generator = generator.expect("a generator");
        let d = generator.dim();
        let (theta, noise) = (draw.vector(d), Noise::Gradients(gradients(&mut draw, d)));
        let orbit = Orbit::new(generator, theta, noise).expect("an orbit");
        let source = orbit.spectrum().expect("a spectrum");
        let start = source.start(&strength(&mut draw));
        let _ = writeln!(
            lines,
            "{}",
            list([&start.balance, &start.potential, &start.charge])
        );
        certified(
            &mut lines,
            &source,
            &strength(&mut draw),
            [5, 30][index as usize % 2],
        );
    }
    same("orbits", &lines, "1f1816e6157508b1");
}

fn family(draw: &mut Draw, index: u64) -> Family {
    let generators: Vec<Generator> = match index % 3 {
        // Rescalings in a row.
        0 => (1..4)
            .map(|k| Generator::rescaling(4, vec![k], vec![k - 1]).expect("a rescaling"))
            .collect(),
        1 => (0..draw.size(1, 3))
            .map(|_| Generator::diagonal(draw.vector(5)).expect("rates"))
            .collect(),
        // A matrix and a polynomial of it.
        _ => {
            let k = symmetric(draw, 3);
            let square = matrix(&k) * matrix(&k) + DMatrix::identity(3, 3) * draw.dyadic();
            let rows: Vec<Vec<Rational>> = square
                .row_iter()
                .map(|row| row.iter().cloned().collect())
                .collect();
            [k, rows]
                .iter()
                .map(|m| Generator::dense(m).expect("symmetric"))
                .collect()
        }
    };
    Family::new(generators).expect("a family")
}

#[test]
fn certified_families() {
    let mut lines = String::new();
    for index in 0..45 {
        let mut draw = Draw::seeded(1, "family", index);
        let family = family(&mut draw, index);
        let d = family.dim();
        let scale = two_to(draw.integer(-40, 40));
        let theta = draw.vector(d).into_iter().map(|x| x * &scale).collect();
        let noise = Noise::Gradients(gradients(&mut draw, d));
        let source = FamilyOrbit::new(family, theta, noise)
            .expect("an orbit")
            .spectrum();
        let source = source.expect("a source");
        let strength = strength(&mut draw);
        let start = source.start(&strength);
        let _ = write!(
            lines,
            "{index} {} {}: ",
            list(&start.balance),
            list(&start.charge)
        );
        let _ = match certify_family(&source, &strength, [5, 30][index as usize % 2]) {
            Ok(FamilyStatus::Bounded { flat, solution: c }) => {
                let flat: Vec<String> = flat.iter().map(list).collect();
                let numbers = list(c.lambda.iter().chain(&c.charge).chain([&c.potential]));
                writeln!(lines, "{flat:?} {numbers}")
            }
            Ok(FamilyStatus::Unbounded { direction }) => writeln!(lines, "{}", list(&direction)),
            Err(error) => writeln!(lines, "{error}"),
        };
    }
    same("families", &lines, "7a89d317708c0995");
}

#[test]
fn certified_groups() {
    let mut lines = String::new();
    for index in 0..24 {
        let mut draw = Draw::seeded(1, "group", index);
        let [rows, rank, cols] = [1, 1, 1].map(|low| draw.size(low, 3));
        let shape = FactorShape::new(rows, rank, cols).expect("a shape");
        let theta = draw.vector(shape.dim());
        let noise = Noise::Gradients(gradients(&mut draw, shape.dim()));
        let orbit = GroupOrbit::new(shape, theta, noise).expect("an orbit");
        let balance = orbit.balance(&strength(&mut draw));
        let _ = write!(lines, "{index} {}: ", balance.potential_at_start());
        let (flat, c) = match certify_group(&balance, [5, 30][index as usize % 2]) {
            Ok(GroupStatus::Finite(c)) => (String::new(), c),
            Ok(GroupStatus::Degenerate { flat, solution }) => (format!("{flat:?}"), solution),
            Ok(GroupStatus::Unbounded { direction }) => {
                let _ = writeln!(lines, "{direction:?}");
                continue;
            }
            Err(error) => {
                let _ = writeln!(lines, "{error}");
                continue;
            }
        };
        let entries = [&c.metric, &c.transform, &c.inverse].into_iter().flatten();
        let numbers = list(entries.chain([&c.potential]));
        let _ = writeln!(lines, "{flat} {numbers}");
    }
    same("groups", &lines, "b51ef27d64fd3578");
}

/// Layers of some width, with weights of any size, some of them missing; a closed one has
/// neither inputs nor outputs.
fn network(
    draw: &mut Draw,
    widths: &[u32],
    range: i64,
    closed: bool,
) -> (usize, Spectrum<f64, Edge>) {
    let mut terms = Vec::new();
    let mut first = 0;
    let neurons: u32 = widths.iter().sum();
    let mut side = |draw: &mut Draw, from: Option<u32>, to: Option<u32>| {
        let mut any = || match draw.integer(0, 9) {
            0 => 0.0,
            _ => libm::exp(draw.integer(-range, range) as f64 / 8.0),
        };
        let (noise, charge) = (any(), any());
        terms.push(Term {
            rate: Edge { from, to },
            noise,
            charge,
        });
    };
    for (layer, &width) in widths.iter().enumerate() {
        for i in first..first + width {
            if layer == 0 && !closed {
                side(draw, None, Some(i));
                side(draw, None, Some(i));
            }
            match widths.get(layer + 1) {
                Some(&next) => {
                    for j in 0..next {
                        side(draw, Some(i), Some(first + width + j));
                    }
                }
                None if closed => side(draw, Some(i), Some(0)),
                None => side(draw, Some(i), None),
            }
        }
        first += width;
    }
    (neurons as usize, Spectrum::from_terms(terms))
}

#[test]
fn networks() {
    let mut lines = String::new();
    let shapes: [&[u32]; 6] = [&[1], &[3], &[2, 3], &[4, 4, 4, 4], &[1, 5, 1, 5], &[40, 30]];
    let wide: &[u32] = &[20, 400];
    for (index, widths) in (0..).zip(shapes.iter().cycle().take(60).chain([&wide])) {
        let mut draw = Draw::seeded(1, "network", index);
        let range = [2, 40, 1500][draw.size(0, 2)];
        let (neurons, spectrum) = network(&mut draw, widths, range, index >= 42);
        let strength = Strength::new(
            [0.0, 0.01, 3.0][draw.size(0, 2)],
            [1.0, 0.125][draw.size(0, 1)],
        )
        .unwrap();
        let _ = match balance_network(neurons, &spectrum, &strength) {
            Ok(found) => writeln!(
                lines,
                "{index} {} passes, {}, {:?}: {}",
                found.passes,
                found.imbalance.bits(),
                found.flat,
                list(&found.lambda)
            ),
            Err(error) => writeln!(lines, "{index} {error}"),
        };
    }
    same("networks", &lines, "5e36f02574bc3ee0");
}

fn minimised<S: RealScalar + Bits>(
    lines: &mut String,
    vectors: &[Vec<Rational>],
    weights: &[Rational],
) {
    let terms = vectors.iter().zip(weights).map(|(v, w)| Exponential {
        exponent: v.iter().map(S::from_rational).collect(),
        weight: S::from_rational(w),
    });
    let start = vec![S::zero(); vectors[0].len()];
    let _ = match minimise(&terms.collect::<Vec<_>>(), &start) {
        Ok(point) => writeln!(lines, "{}", list(&point)),
        Err(error) => writeln!(lines, "{error}"),
    };
}

#[test]
fn minima_of_sums_of_exponentials() {
    let mut lines = String::new();
    for index in 0..120 {
        let mut draw = Draw::seeded(1, "minimise", index);
        let m = draw.size(1, 3);
        let mut vectors: Vec<Vec<Rational>> =
            (0..m + draw.size(0, 4)).map(|_| draw.vector(m)).collect();
        if index >= 60 {
            // Exponents that hardly differ, and one that holds them.
            let thin = two_to(-draw.integer(0, 80));
            for v in &mut vectors {
                v[0] *= &thin;
                if let [first, second, ..] = v.as_mut_slice() {
                    *first += &*second;
                }
            }
            let total = |i: usize| -vectors.iter().map(|v| v[i].clone()).sum::<Rational>();
            vectors.push((0..m).map(total).collect());
        }
        let existence = Existence::of(&vectors, m);
        let _ = writeln!(lines, "{index} {existence:?} {}", existence.holds(&vectors));
        let Existence::Bounded { .. } = existence else {
            continue;
        };
        let range = [4, 400][index as usize % 2];
        let weights: Vec<Rational> = vectors
            .iter()
            .map(|_| of_any_size(&mut draw, range).abs())
            .collect();
        for bits in [WIDE, 53] {
            at_precision(bits, || {
                minimised::<Real>(&mut lines, &vectors, &weights);
            });
        }
    }
    same("sums", &lines, "b0bce917aff15bfb");
}

#[test]
fn minima_over_groups_and_their_motion() {
    let lines = at_precision(WIDE, settings);
    same("settings", &lines, "b95414b920a838be");
}

fn settings() -> String {
    let mut lines = String::new();
    for index in 0..90 {
        let mut draw = Draw::seeded(1, "setting", index);
        // Far from balance, so that steps are cut and halved.
        let range = [0, 4, 30][index as usize / 30];
        let of_size = |v: Vec<Rational>, draw: &mut Draw| -> Vec<Real> {
            let scale = two_to(draw.integer(-range, range));
            v.iter()
                .map(|x| Real::from_rational(&Rational::from(x * &scale)))
                .collect()
        };
        let generators: Vec<Generator> = match index % 3 {
            0 => vec![Generator::diagonal(draw.vector(4)).expect("rates")],
            1 => vec![
                Generator::dense(&symmetric(&mut draw, 4)).expect("symmetric"),
                Generator::scaling(4).expect("a scaling"),
            ],
            _ => [[[1, 0], [0, 0]], [[0, 0], [0, 1]], [[0, 1], [1, 0]]]
                .map(|m| m.map(|row| row.map(Rational::from).to_vec()).to_vec())
                .iter()
                .map(|m| Generator::factor(1, 1, m).expect("a factor"))
                .collect(),
        };
        let theta = draw.vector(4);
        let rows = gradients(&mut draw, 4);
        let setting = Setting {
            theta: of_size(theta, &mut draw),
            gradients: rows
                .into_iter()
                .map(|row| of_size(row, &mut draw))
                .collect(),
            strength: strength(&mut draw).convert(),
        };
        let _ = match setting.minimise(&generators) {
            Ok(found) => {
                let numbers = found
                    .setting
                    .gradients
                    .iter()
                    .flatten()
                    .chain(&found.setting.theta);
                let numbers = list(numbers.chain([&found.potential, &found.residual]));
                writeln!(lines, "{index} {} steps: {numbers}", found.steps)
            }
            Err(error) => writeln!(lines, "{index} {error}"),
        };
        if let Ok(sensitivity) = setting.sensitivity(&generators[0]) {
            let gradient = sensitivity.gradient();
            let velocity = Tangent {
                theta: setting.theta.clone(),
                gradients: setting.gradients.clone(),
                gamma: setting.strength.gamma().clone(),
                sigma2: setting.strength.sigma2().clone(),
            };
            let motion = sensitivity.push(&velocity).expect("the same shape");
            let numbers = gradient.gradients.iter().flatten().chain(&gradient.theta);
            let rest = [sensitivity.lambda(), &motion.lambda];
            let _ = writeln!(lines, "{}", list(numbers.chain(rest).chain(&motion.theta)));
        }
    }
    lines
}

/// A positive definite matrix.
fn moment(draw: &mut Draw, n: usize) -> DMatrix<Rational> {
    let m = matrix(&(0..n).map(|_| draw.vector(n)).collect::<Vec<_>>());
    &m * m.transpose() + DMatrix::identity(n, n)
}

#[test]
fn balanced_regressions_and_means() {
    let lines = at_precision(WIDE, regressions);
    same("regressions", &lines, "c5d262905b150799");
}

fn regressions() -> String {
    let mut lines = String::new();
    for index in 0..40 {
        let mut draw = Draw::seeded(1, "regression", index);
        let (outputs, inputs) = (draw.size(1, 3), draw.size(1, 3));
        let mut map: Vec<Vec<Rational>> = (0..outputs).map(|_| draw.vector(inputs)).collect();
        match index % 4 {
            0 => map[0] = vec![Rational::new(); inputs],
            // Of rank 1 but for 2^−50 of itself, or for nothing, and of any size.
            1 | 2 => {
                let scale = two_to([60, -60][index as usize / 4 % 2]);
                let first: Vec<Rational> =
                    map[0].iter().map(|x| Rational::from(x * &scale)).collect();
                map.fill(first);
                if index % 4 == 2 {
                    map[0][0] *= Rational::from(1) + two_to(-50);
                }
            }
            _ => {}
        }
        let regression = Regression {
            map: matrix(&map),
            inputs: moment(&mut draw, inputs),
            noise: moment(&mut draw, outputs),
        };
        let hidden: Vec<usize> = (0..draw.size(1, 3)).map(|_| draw.size(1, 4)).collect();
        let _ = match regression.convert::<Real>().balanced_minimum(&hidden) {
            Ok(found) => {
                let entries = found.layers.iter().flat_map(|layer| layer.iter());
                writeln!(lines, "{index} {}", list(entries.chain([&found.rho])))
            }
            Err(error) => writeln!(lines, "{index} {error}"),
        };
        let [m, n] = [moment(&mut draw, 3), moment(&mut draw, 3)];
        let [m, n] = [m, n].map(|m| m.map(|q| Real::from_rational(&q)));
        let mean = geometric_mean(&m, &n).expect("positive definite");
        let root = square_root(&m).expect("positive definite");
        let _ = writeln!(lines, "{} {}", list(mean.iter()), list(root.iter()));
    }
    lines
}

/// All that the eigen-spaces of K say of a measure and a vector.
fn eigenspaces(
    lines: &mut String,
    k: &DMatrix<Rational>,
    measure: &DMatrix<Rational>,
    v: &[Rational],
) {
    let Some(spaces) = Eigenspaces::of(k) else {
        let _ = writeln!(lines, "none at {}", working_precision());
        return;
    };
    let rates: Vec<Ball> = spaces.spaces().iter().map(|s| s.rate.clone()).collect();
    let weights = spaces.weights(measure).unwrap_or_default();
    let projections = spaces.projections(&convert::<Ball>(v)).into_iter();
    let projections: Vec<Ball> = projections.flatten().collect();
    let others = spaces.rates_of(&(k * k));
    let _ = writeln!(
        lines,
        "{} {} {} {} {}",
        spaces.spaces().len(),
        list(&rates),
        list(&weights),
        list(&projections),
        list(&others)
    );
}

#[test]
fn symmetries() {
    let (lines, enclosed) = at_precision(WIDE, matrices);
    same("symmetries", &lines, "9595e38973d89413");
    same("enclosed symmetries", &enclosed, "03e7ddb4999f4970");
}

/// What is computed at the working precision, with what is exact; and what is enclosed.
fn matrices() -> (String, String) {
    let (mut lines, mut enclosed) = (String::new(), String::new());
    for index in 0..40 {
        let mut draw = Draw::seeded(1, "symmetry", index);
        let n = draw.size(1, 4);
        let mut rows = symmetric(&mut draw, n);
        if index % 5 == 0 {
            // Eigenvalues that come twice, and 0.
            rows = (0..n)
                .map(|i| {
                    (0..n)
                        .map(|j| Rational::from(i32::from(i / 2 == j / 2)))
                        .collect()
                })
                .collect();
        }
        let k = matrix(&rows);
        let wide = k.map(|q| Real::from_rational(&q));
        let _ = writeln!(lines, "{index} {}", list(exponential(&wide).iter()));
        let e = at_precision(100, || enclosed_exponential(&k, &draw.dyadic()));
        let _ = writeln!(enclosed, "{index} {}", list(e.iter()));
        let measure = moment(&mut draw, n) - DMatrix::identity(n, n);
        let _ = writeln!(lines, "{:?}", support(&k, &measure));
        for bits in [64, 200] {
            let v = draw.vector(n);
            at_precision(bits, || eigenspaces(&mut enclosed, &k, &measure, &v));
        }
        let generator = Generator::dense(&rows).expect("symmetric");
        let basis = generator.eigenbasis::<Real>().expect("an eigenbasis");
        let v = draw.vector(n);
        let lambda = draw.dyadic();
        let v: Vec<Real> = v.iter().map(Real::from_rational).collect();
        let moved = generator.act(&Real::from_rational(&lambda), &v);
        let _ = writeln!(
            lines,
            "{} {} {}",
            list(basis.rates()),
            list(&basis.coordinates(&v)),
            list(&moved)
        );
        let wide: Vec<Vec<Rational>> = (0..draw.size(1, 3)).map(|_| draw.vector(4)).collect();
        let spaces = [null_space(&wide, 4), row_space(&wide)];
        let spaces: Vec<String> = spaces.iter().flatten().map(list).collect();
        let inverse = inverse(&k).map(|m| list(m.iter()));
        let _ = writeln!(lines, "{spaces:?} {inverse:?}");
    }
    (lines, enclosed)
}
