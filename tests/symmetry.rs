//! Generators: the group law, the charge, and three ways to the same orbit.

use nalgebra::DMatrix;
use nalgebra::proptest::matrix;
use noise_equilibrium::balance::{Noise, Orbit, Strength, noise::population_covariance};
use noise_equilibrium::model::Loss;
use noise_equilibrium::problem::{Body, Problem};
use noise_equilibrium::scalar::{
    Ball, Field, Rational, Real, RealScalar, Scalar, at_precision, convert, dot, sum,
};
use noise_equilibrium::symmetry::{
    Eigenspaces, Family, Generator, Slice, Support, SymmetryError, enclosed_exponential,
    exponential, first_indefinite_pivot, support,
};
use noise_equilibrium::theorem::{Draw, any_network};
use proptest::prelude::*;

/// The precision of what is computed here, unless it says another.
const BITS: u32 = 256;

/// Runs a property at that precision.
fn here<T>(work: impl FnOnce() -> T) -> T {
    at_precision(BITS, work)
}

/// A symmetric matrix of quarters.
fn symmetric(n: usize) -> impl Strategy<Value = DMatrix<Rational>> {
    matrix(-12i32..=12, n, n).prop_map(|m| {
        let sum = &m + m.transpose();
        sum.map(|k| Rational::from((k, 8)))
    })
}

fn rows(m: &DMatrix<Rational>) -> Vec<Vec<Rational>> {
    m.row_iter()
        .map(|row| row.iter().cloned().collect())
        .collect()
}

/// |a − b| in units of 2^−BITS, relative to the larger of 1, |a|, |b|.
fn units(a: &Real, b: &Real) -> f64 {
    let defect = (a.clone() - b).log2_abs();
    let scale = a.log2_abs().max(b.log2_abs()).max(0.0);
    defect - scale + f64::from(BITS)
}

/// Bits lost at most: e^{λA} with ‖λA‖ ≤ 64 takes 10 squarings and some 60 products
/// of 3 × 3 matrices, each off by a few units relative to its norm e^{64} ≈ 2^92.
const LOST: f64 = 92.0 + 10.0 + 8.0;

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn exponential_inverts_itself(a in symmetric(3)) {
        here(|| {
            let a = a.map(|q| Real::from_rational(&q));
            let product = exponential(&a) * exponential(&-a);
            let identity = DMatrix::<Real>::identity(3, 3);
            for (x, y) in product.iter().zip(identity.iter()) {
                prop_assert!(units(x, y) < LOST, "{}", units(x, y));
            }
            Ok(())
        })?;
    }

    /// Of any matrix, twice: at 100 bits it contains what 256 bits narrow down, and e^M e^{−M}
    /// contains the identity.
    #[test]
    fn enclosed_exponential_contains_the_exponential(
        m in matrix(-24i32..=24, 3, 3),
        t in -3i32..=3,
    ) {
        let (m, t) = (m.map(|k| Rational::from((k, 8))), Rational::from((t, 2)));
        let wide = at_precision(100, || enclosed_exponential(&m, &t));
        let narrow = here(|| exponential(&m.map(|q| Real::from_rational(&(q * &t)))));
        for (x, y) in wide.iter().zip(narrow.iter()) {
            // The point is off by less than the bits that are lost at most.
            let slack = x.magnitude() >> (BITS - 120);
            prop_assert!(x.widen(&slack).intersects(&Ball::point(y.as_float())));
            prop_assert!(x.width() <= (x.magnitude() + 1u32) >> 30);
        }
        let product = at_precision(100, || &wide * enclosed_exponential(&m, &-t));
        for i in 0..3 {
            for j in 0..3 {
                let exact = Rational::from(i32::from(i == j));
                prop_assert!(product[(i, j)].contains(&exact));
            }
        }
    }

    /// e^{λA}θ through the matrix exponential against the eigenbasis.
    #[test]
    fn eigenbasis_and_exponential_agree(a in symmetric(3), theta in prop::collection::vec(-20i32..=20, 3)) {
        let generator = Generator::dense(&rows(&a)).unwrap();
        here(|| {
            let theta: Vec<Real> = theta.iter().map(|&k| Real::from_int(k.into())).collect();
            let lambda = Real::from_rational(&Rational::from((1, 2)));
            let moved = generator.act(&lambda, &theta);
            let basis = generator.eigenbasis::<Real>().unwrap();
            let (start, end) = (basis.coordinates(&theta), basis.coordinates(&moved));
            for ((rate, x), y) in basis.rates().iter().zip(&start).zip(&end) {
                let grown = Scalar::exp(&(rate.clone() * &lambda)) * x;
                prop_assert!(units(&grown, y) < LOST, "{}", units(&grown, y));
            }
            Ok(())
        })?;
    }

    /// The enclosed rates add up to the trace, and the weights of M to its trace.
    #[test]
    fn eigenspaces_contain_the_traces(a in symmetric(4), root in symmetric(4)) {
        let m = &root * &root;
        here(|| {
            let spaces = Eigenspaces::of(&a).unwrap();
            let weights = spaces.weights(&m).unwrap();
            prop_assert!(sum(weights.iter().cloned()).contains(&m.trace()));
            // Tr(AM) = Σ μ Tr(PM), and a vector is the sum of its projections.
            let paired = spaces.spaces().iter().zip(&weights);
            let paired = sum(paired.map(|(space, w)| space.rate.clone() * w));
            prop_assert!(paired.contains(&(&a * &m).trace()));
            let v: Vec<Rational> = (1..=4).map(Rational::from).collect();
            let parts = spaces.projections(&convert(&v));
            for (i, x) in v.iter().enumerate() {
                prop_assert!(sum(parts.iter().map(|p| p[i].clone())).contains(x));
            }
            Ok(())
        })?;
    }

    /// Exact counts of live rates against the enclosed ones, where these are decided.
    #[test]
    fn support_agrees_with_enclosures(a in symmetric(3), v in prop::collection::vec(-3i32..=3, 3)) {
        let v: Vec<Rational> = v.into_iter().map(Rational::from).collect();
        let m = DMatrix::from_fn(3, 3, |i, j| Rational::from(&v[i] * &v[j]));
        let Support { positive, negative, zero } = support(&a, &m);
        let (spaces, weights) = here(|| {
            let spaces = Eigenspaces::of(&a).unwrap();
            let weights = spaces.weights(&m).unwrap();
            (spaces, weights)
        });
        let mut seen = (0, 0);
        for (space, w) in spaces.spaces().iter().zip(&weights) {
            if w.sign() == Some(std::cmp::Ordering::Greater) {
                match space.rate.sign() {
                    Some(std::cmp::Ordering::Greater) => seen.0 += 1,
                    Some(std::cmp::Ordering::Less) => seen.1 += 1,
                    _ => prop_assert!(zero),
                }
            }
        }
        prop_assert_eq!(seen, (positive, negative));
    }

    #[test]
    fn squares_are_semidefinite_and_their_negatives_are_not(root in symmetric(4)) {
        let square = &root * &root;
        prop_assert_eq!(first_indefinite_pivot(&square), None);
        if square.trace() != 0 {
            prop_assert!(first_indefinite_pivot(&-square).is_some());
        }
    }
}

/// A diagonal of zeros shows it too, before any elimination and after.
#[test]
fn a_zero_pivot_with_something_beside_it_is_indefinite() {
    let pivot = |rows: [[i32; 3]; 3]| {
        first_indefinite_pivot(&DMatrix::from_fn(3, 3, |i, j| Rational::from(rows[i][j])))
    };
    assert_eq!(pivot([[0, 1, 0], [1, 0, 0], [0, 0, 0]]), Some(0));
    assert_eq!(pivot([[0, 0, 1], [0, 1, 0], [1, 0, 5]]), Some(0));
    assert_eq!(pivot([[1, 1, 1], [1, 1, 2], [1, 2, 9]]), Some(1));
    assert_eq!(pivot([[0, 0, 0], [0, 1, 1], [0, 1, 1]]), None);
    assert_eq!(pivot([[0, 0, 0], [0, 0, 0], [0, 0, -1]]), Some(2));
}

/// Every generator of every model: e^{(s+t)A} = e^{sA}e^{tA}, and a dense copy does the same.
#[test]
fn group_law() {
    for index in 0..40 {
        let case = any_network(&mut Draw::seeded(5, "group law", index));
        here(|| {
            let theta: Vec<Real> = convert(&case.theta);
            let (s, t) = (
                Real::from_rational(&case.lambda),
                Real::from_rational(&Rational::from((1, 3))),
            );
            let once = case.generator.act(&(s.clone() + &t), &theta);
            let twice = case.generator.act(&s, &case.generator.act(&t, &theta));
            for (x, y) in once.iter().zip(&twice) {
                assert!(units(x, y) < LOST, "case {index}: {}", units(x, y));
            }
        });
        assert_eq!(case.model.dim(), case.generator.dim());
    }
}

/// The generator as a matrix, column by column from the images of the axes.
fn as_matrix(generator: &Generator) -> Generator {
    let d = generator.dim();
    let axis = |k: usize| (0..d).map(move |i| Rational::from(i32::from(i == k)));
    let columns = (0..d).map(|k| generator.apply(&axis(k).collect::<Vec<_>>()));
    Generator::dense(&columns.collect::<Vec<_>>()).unwrap()
}

/// Eight parameters: K on 1 and 2, −K on 3 and 5, and four that do not move.
fn block() -> Generator {
    let s = [[3, -1], [-1, 2]].map(|row| row.map(|k| Rational::from((k, 4))).to_vec());
    let slice = |offset, stride, negated| Slice {
        offset,
        stride,
        negated,
    };
    Generator::block(8, &s, vec![slice(1, 1, false), slice(3, 2, true)]).unwrap()
}

/// What leaves the parameters, meets another slice, or is nothing at all.
#[test]
fn blocks_are_refused() {
    let s = [
        vec![Rational::from(1), Rational::from(0)],
        vec![Rational::from(0); 2],
    ];
    let slice = |offset, stride| Slice {
        offset,
        stride,
        negated: false,
    };
    for (direction, slices, expected) in [
        (
            &s[..],
            vec![slice(0, 1), slice(7, 1)],
            "slices[1]: expected coordinates below 8",
        ),
        (
            &s[..],
            vec![slice(1, usize::MAX)],
            "slices[0]: expected coordinates below 8",
        ),
        (
            &s[..],
            vec![slice(0, 2), slice(1, 1)],
            "slices[1]: expected each coordinate once",
        ),
        (
            &s[..],
            vec![slice(0, 0)],
            "slices[0]: expected each coordinate once",
        ),
        (&s[..], Vec::new(), "slices: expected at least one"),
        (
            &s[..1],
            vec![slice(0, 1)],
            "direction[0]: expected 1 numbers",
        ),
        (&[], vec![slice(0, 1)], "direction: expected at least one"),
    ] {
        let error = Generator::block(8, direction, slices)
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
}

/// A block and the same generator as a matrix: same start, exactly, and enclosures of one
/// and the same solution; from gradients, and from their covariance.
#[test]
fn blocks_solve_like_their_matrices() {
    let mut draw = Draw::seeded(7, "blocks", 0);
    let theta = draw.vector(8);
    let gradients: Vec<_> = (0..3).map(|_| draw.vector(8)).collect();
    let sigma = population_covariance(&gradients);
    for noise in [Noise::Gradients(gradients), Noise::Covariance(sigma)] {
        let solve = |generator: Generator| {
            let orbit = Orbit::new(generator, theta.clone(), noise.clone()).unwrap();
            let strength = Strength::new(Rational::from((1, 8)), Rational::from((1, 3))).unwrap();
            let body = Body::Orbit(orbit);
            let solution = Problem { strength, body }.solve(40).unwrap();
            solution.single().unwrap()
        };
        let (block, dense) = (solve(block()), solve(as_matrix(&block())));
        assert_eq!(block.start, dense.start);
        let [block, dense] = [block, dense].map(|s| s.equilibrium.finite().unwrap());
        let pairs = block.theta.iter().zip(&dense.theta);
        for (x, y) in pairs.chain([
            (&block.certified.lambda, &dense.certified.lambda),
            (&block.certified.charge, &dense.certified.charge),
            (&block.certified.potential, &dense.certified.potential),
        ]) {
            assert!(x.intersects(y), "{x:?} {y:?}");
        }
        for fixed in [0, 4, 6, 7] {
            assert!(block.theta[fixed].contains(&theta[fixed]));
        }
    }
}

/// A basis of the whole space: it keeps the inner product, and gives the charge.
#[test]
fn eigenbasis_of_a_block() {
    here(|| {
        let theta: Vec<Real> = (1..=8).map(Real::from_int).collect();
        let basis = block().eigenbasis::<Real>().unwrap();
        let coordinates = basis.coordinates(&theta);
        assert!(units(&dot(&coordinates, &coordinates), &dot(&theta, &theta)) < 16.0);
        let charge = basis.rates().iter().zip(&coordinates);
        let charge = charge.fold(Real::from_int(0), |c, (rate, x)| c + rate.clone() * x * x);
        assert!(units(&charge, &block().charge(&theta)) < 16.0);
    });
}

/// A generator of each kind and the same one as a full matrix: same image, same charge, exactly.
#[test]
fn structured_generators_agree_with_their_matrices() {
    let q = |k: i32| Rational::from((k, 4));
    let s = [vec![q(3), q(-1)], vec![q(-1), q(2)]];
    let generators = [
        Generator::diagonal(vec![q(1), q(-5), q(0), q(2), q(7), q(1), q(1), q(-3)]).unwrap(),
        Generator::scaling(8).unwrap(),
        Generator::rescaling(8, vec![0, 3], vec![7, 2]).unwrap(),
        Generator::factor(1, 3, &s).unwrap(),
        Generator::factor(3, 1, &s).unwrap(),
        block(),
    ];
    let theta: Vec<Rational> = (1..=8).map(|k| q(k * k - 9)).collect();
    for generator in generators {
        let dense = as_matrix(&generator);
        assert_eq!(
            dense.apply(&theta),
            generator.apply(&theta),
            "{}",
            generator.kind()
        );
        assert_eq!(
            dense.charge(&theta),
            generator.charge(&theta),
            "{}",
            generator.kind()
        );
        assert_eq!(
            dot(&theta, &generator.apply(&theta)),
            generator.charge(&theta)
        );
    }
}

/// The unit of every number system is twice its relative error.
#[test]
fn units_of_the_number_systems() {
    assert_eq!(f64::unit(), f64::EPSILON);
    assert_eq!(f32::unit(), f32::EPSILON);
    let unit = at_precision(128, Real::unit);
    assert_eq!(unit.log2_abs(), -127.0);
}

/// K = QDQᵀ for a rational rotation Q (Cayley) and D = diag(1, 2, 2 + 1/2^20): exact
/// projectors to compare with.
fn rotated() -> (DMatrix<Rational>, Vec<DMatrix<Rational>>, Vec<Rational>) {
    let q = |p: i32, d: u32| Rational::from((p, d));
    let zero = Rational::new;
    let s = DMatrix::from_row_slice(
        3,
        3,
        &[
            zero(),
            q(1, 2),
            q(-1, 3),
            q(-1, 2),
            zero(),
            q(2, 5),
            q(1, 3),
            q(-2, 5),
            zero(),
        ],
    );
    let identity = DMatrix::from_fn(3, 3, |i, j| Rational::from(i32::from(i == j)));
    let q_matrix = inverse(&(&identity + &s)) * (&identity - &s);
    let rates = vec![q(1, 1), q(2, 1), q((2 << 20) + 1, 1 << 20)];
    let projectors: Vec<DMatrix<Rational>> = (0..3)
        .map(|k| {
            DMatrix::from_fn(3, 3, |i, j| {
                Rational::from(&q_matrix[(i, k)] * &q_matrix[(j, k)])
            })
        })
        .collect();
    let k = projectors
        .iter()
        .zip(&rates)
        .fold(DMatrix::from_element(3, 3, zero()), |total, (p, r)| {
            total + p.map(|x| x * r)
        });
    (k, projectors, rates)
}

/// Gauss–Jordan in rationals, for a matrix whose pivots do not vanish.
fn inverse(m: &DMatrix<Rational>) -> DMatrix<Rational> {
    let n = m.nrows();
    let mut a = m.clone();
    let mut b = DMatrix::from_fn(n, n, |i, j| Rational::from(i32::from(i == j)));
    for k in 0..n {
        let pivot = a[(k, k)].clone();
        for j in 0..n {
            a[(k, j)] /= &pivot;
            b[(k, j)] /= &pivot;
        }
        for i in (0..n).filter(|&i| i != k) {
            let factor = a[(i, k)].clone();
            for j in 0..n {
                let (x, y) = (
                    Rational::from(&factor * &a[(k, j)]),
                    Rational::from(&factor * &b[(k, j)]),
                );
                a[(i, j)] -= x;
                b[(i, j)] -= y;
            }
        }
    }
    b
}

/// Eigenvectors that are off by far more than the precision still give enclosures that
/// hold: the bounds of Weyl and Davis–Kahan and of the polar factor carry them.
#[test]
fn eigenspaces_hold_for_poor_eigenvectors() {
    let (k, projectors, rates) = rotated();
    let bits = 160;
    let v: Vec<Rational> = [3, -1, 2].map(Rational::from).to_vec();
    let m = DMatrix::from_fn(3, 3, |i, j| Rational::from(&v[i] * &v[j]));
    let float = |x: &Real| rug::Float::with_val(bits, x.as_float());
    let eigen = here(|| nalgebra::SymmetricEigen::new(k.map(|q| Real::from_rational(&q))));
    // Turned, they stay orthogonal, so that only the tilt of the projectors shows it; scaled,
    // they keep their directions, so that only the distance to an orthogonal matrix does.
    let turn = |size: u32| {
        let t = Rational::from(1) >> size;
        let half = DMatrix::from_fn(3, 3, |i, j| match i.cmp(&j) {
            std::cmp::Ordering::Less => t.clone(),
            std::cmp::Ordering::Equal => Rational::new(),
            std::cmp::Ordering::Greater => -t.clone(),
        });
        let identity = DMatrix::from_fn(3, 3, |i, j| Rational::from(i32::from(i == j)));
        inverse(&(&identity + &half)) * (identity - half)
    };
    let stretch = |size: u32| {
        let long = Rational::from(1) + (Rational::from(1) >> size);
        DMatrix::from_fn(3, 3, |i, j| {
            if i == j {
                long.clone()
            } else {
                Rational::new()
            }
        })
    };
    let both = |size: u32| {
        turn(size) * stretch(size) + DMatrix::from_element(3, 3, Rational::from(1) >> (size + 1))
    };
    for spoiled in [
        turn(150),
        turn(90),
        turn(40),
        stretch(90),
        stretch(40),
        both(90),
        both(40),
    ] {
        let vectors = here(|| &eigen.eigenvectors * spoiled.map(|q| Real::from_rational(&q)));
        let columns: Vec<Vec<rug::Float>> = vectors
            .column_iter()
            .map(|c| c.iter().map(float).collect())
            .collect();
        let spoiled = spoiled.map(|q| q.to_f64());
        let spaces = at_precision(bits, || Eigenspaces::verify(&k, &columns));
        let spaces = spaces.expect("good enough to say something");
        assert_eq!(spaces.spaces().len(), 3, "{spoiled}");
        let weights = at_precision(bits, || spaces.weights(&m)).expect("semidefinite");
        let projections = at_precision(bits, || spaces.projections(&convert(&v)));
        for i in 0..3 {
            assert!(
                spaces.spaces()[i].rate.contains(&rates[i]),
                "rate {i}, {spoiled}"
            );
            assert!(
                weights[i].contains(&(&projectors[i] * &m).trace()),
                "weight {i}, {spoiled}"
            );
            for (row, x) in projections[i].iter().enumerate() {
                let exact = (0..3).fold(Rational::new(), |t, j| {
                    t + Rational::from(&projectors[i][(row, j)] * &v[j])
                });
                assert!(x.contains(&exact), "projection {i}, entry {row}, {spoiled}");
            }
        }
    }
}

/// The first entry of AB − BA that is not 0, column by column, written out.
fn first_of_commutator(a: &Generator, b: &Generator) -> Option<(usize, usize, Rational)> {
    let d = a.dim();
    let unit =
        |j: usize| -> Vec<Rational> { (0..d).map(|k| Rational::from(i32::from(k == j))).collect() };
    (0..d).find_map(|col| {
        let (ab, ba) = (a.apply(&b.apply(&unit(col))), b.apply(&a.apply(&unit(col))));
        (0..d).find_map(|row| {
            let entry = Rational::from(&ab[row] - &ba[row]);
            (entry != 0).then_some((row, col, entry))
        })
    })
}

#[test]
fn generators_that_do_not_commute_are_named_with_an_entry() {
    let m = |rows: [[i32; 2]; 2]| rows.map(|row| row.map(Rational::from).to_vec()).to_vec();
    let [first, second] = [m([[1, 2], [2, 0]]), m([[0, 1], [1, 3]])];
    let factor = |k: &Vec<Vec<Rational>>| Generator::factor(3, 2, k).expect("a factor");
    let dense = |k: &Vec<Vec<Rational>>| Generator::dense(k).expect("dense");
    let pairs = [
        (dense(&first), dense(&second)),
        (factor(&first), factor(&second)),
        // Slices that are not contiguous, at an offset.
        (
            Generator::factor(1, 2, &first).expect("a factor"),
            as_matrix(&Generator::factor(1, 2, &second).expect("a factor")),
        ),
    ];
    for (a, b) in pairs {
        let expected = first_of_commutator(&a, &b).expect("they do not commute");
        let identity = Generator::diagonal(vec![Rational::from(1); a.dim()]).expect("diagonal");
        let refused = Family::new(vec![identity.clone(), a.clone(), b]).expect_err("refused");
        let SymmetryError::NotCommuting {
            left,
            right,
            row,
            col,
            entry,
        } = refused
        else {
            panic!("{refused}");
        };
        assert_eq!((left, right), (1, 2));
        assert_eq!(
            (row, col, entry),
            (expected.0, expected.1, expected.2.to_string())
        );
        assert!(Family::new(vec![identity, a]).is_ok());
    }
}

/// An eigenvalue that comes twice has a space of two dimensions.
#[test]
fn the_dimensions_of_eigenspaces_add_up() {
    for (entries, mut expected) in [
        ([[2, 1, 1], [1, 2, 1], [1, 1, 2]], vec![1, 2]),
        ([[2, 0, 0], [0, 2, 0], [0, 0, 2]], vec![3]),
        ([[1, 2, 0], [2, -1, 1], [0, 1, 3]], vec![1, 1, 1]),
    ] {
        let k = DMatrix::from_fn(3, 3, |i, j| Rational::from(entries[i][j]));
        let spaces = at_precision(128, || Eigenspaces::of(&k)).expect("eigenspaces");
        let mut found: Vec<usize> = spaces.spaces().iter().map(|s| s.dimension()).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "{entries:?}");
    }
}
