//! nalgebra's factorisations over [`Real`], and the native floats against it.
//!
//! A factorisation is backward stable, so its defect is a modest multiple of
//! 2^{−P}; a constant of 53 or 64 bits anywhere inside would stop it there.

use crate::{Draw, ratio, shift};
use nalgebra::{Cholesky, DMatrix, LU, QR, RealField, SVD, SymmetricEigen};
use noise_equilibrium::scalar::{
    Field, Rational, Real, RealScalar, Scalar, at_precision, working_precision,
};
use rug::{Float, ops::Pow};

/// Sweeps after which a factorisation counts as hanging.
const SWEEPS: usize = 1000;

/// Random entries in [−1, 1] that no float holds, symmetric.
fn symmetric(draw: &mut Draw, n: usize) -> DMatrix<Rational> {
    let mut entries = DMatrix::from_element(n, n, Rational::new());
    for i in 0..n {
        for j in 0..=i {
            let small = ratio(draw.range(-999_999_999, 999_999_999), 999_999_999);
            entries[(i, j)] = small.clone();
            entries[(j, i)] = small;
        }
    }
    entries
}

fn general(draw: &mut Draw, n: usize) -> DMatrix<Rational> {
    let (lower, upper) = (symmetric(draw, n), symmetric(draw, n));
    DMatrix::from_fn(n, n, |i, j| {
        if i < j {
            upper[(i, j)].clone()
        } else {
            lower[(i, j)].clone()
        }
    })
}

/// log₂ of max |a − b| relative to max |a|, computed in the type itself: the
/// subtraction of nearly equal numbers is exact.
fn defect(a: &DMatrix<Real>, b: &DMatrix<Real>) -> f64 {
    let largest = |m: &DMatrix<Real>| {
        m.iter()
            .map(Real::log2_abs)
            .fold(f64::NEG_INFINITY, f64::max)
    };
    largest(&(a - b)) - largest(a)
}

fn identity(n: usize) -> DMatrix<Real> {
    DMatrix::identity(n, n)
}

/// The defects of every factorisation of random matrices, by name.
fn factorise(n: usize, stream: u64) -> Vec<(&'static str, f64)> {
    let (eps, into) = (Real::unit(), Real::from_rational);
    let mut draw = Draw::new(stream);
    let (sym, gen_) = (
        symmetric(&mut draw, n).map(|q| into(&q)),
        general(&mut draw, n).map(|q| into(&q)),
    );
    let eye = identity(n);
    let eigen = SymmetricEigen::try_new(sym.clone(), eps.clone(), SWEEPS).expect("eigen converges");
    let vectors = &eigen.eigenvectors;
    let positive = &gen_ * gen_.transpose() + &eye;
    let lower = Cholesky::new(positive.clone())
        .expect("positive definite")
        .unpack();
    let svd = SVD::try_new(gen_.clone(), true, true, eps.clone(), SWEEPS).expect("SVD converges");
    let u = svd.u.clone().expect("U was asked for");
    let qr = QR::new(gen_.clone());
    let mut permuted = gen_.clone();
    let lu = LU::new(gen_.clone());
    lu.p().permute_rows(&mut permuted);
    let solution = LU::new(positive.clone()).solve(&gen_).expect("invertible");
    vec![
        ("eigen recomposes", defect(&sym, &eigen.recompose())),
        (
            "eigenvectors are orthogonal",
            defect(&eye, &(vectors.transpose() * vectors)),
        ),
        (
            "Cholesky recomposes",
            defect(&positive, &(&lower * lower.transpose())),
        ),
        (
            "SVD recomposes",
            defect(&gen_, &svd.recompose().expect("both factors")),
        ),
        ("U is orthogonal", defect(&eye, &(u.transpose() * &u))),
        ("QR recomposes", defect(&gen_, &(qr.q() * qr.r()))),
        (
            "Q is orthogonal",
            defect(&eye, &(qr.q().transpose() * qr.q())),
        ),
        ("LU recomposes", defect(&permuted, &(lu.l() * lu.u()))),
        ("LU solves", defect(&gen_, &(&positive * solution))),
    ]
}

/// Fails unless every defect is at most n²·2^{12−P}.
fn full_precision(bits: u32, n: usize, defects: &[(&str, f64)]) -> Result<(), String> {
    let slack = 12.0 + 2.0 * libm::log2(f64::from(u32::try_from(n).unwrap_or(u32::MAX)));
    let bound = slack - f64::from(bits);
    match defects
        .iter()
        .find(|(_, defect)| defect.is_nan() || *defect > bound)
    {
        None => Ok(()),
        Some((name, defect)) => Err(format!("{name}: 2^{defect:.1} at {bits} bits, n = {n}")),
    }
}

#[test]
fn factorisations_reach_full_precision() {
    for (n, stream) in [(2, 1), (3, 2), (5, 3), (8, 4)] {
        let narrow = at_precision(128, || factorise(n, stream));
        let wide = at_precision(256, || factorise(n, stream));
        full_precision(128, n, &narrow).unwrap();
        full_precision(256, n, &wide).unwrap();
        for ((name, narrow), (_, wide)) in narrow.iter().zip(&wide) {
            // Nothing can be said of a defect that is exactly 0.
            assert!(
                wide - narrow < -105.0 || narrow.is_infinite() || wide.is_infinite(),
                "{name}: {narrow} to {wide}"
            );
        }
    }
}

#[test]
fn every_precision_is_reached() {
    for bits in [300_u32, 1000] {
        for (n, stream) in [(2, 5), (3, 6), (6, 7)] {
            let defects = at_precision(bits, || factorise(n, stream));
            full_precision(bits, n, &defects).unwrap();
        }
    }
}

#[test]
fn a_narrow_constant_would_be_noticed() {
    // Entries that passed through a double, and one number of 64 bits among many of 300.
    let through_double =
        |q: &Rational| Real::from_rational(&Rational::from_f64(f64::from_rational(q)).unwrap());
    at_precision(128, || {
        let mut draw = Draw::new(8);
        let exact = general(&mut draw, 4).map(|q| Real::from_rational(&q));
        let mut draw = Draw::new(8);
        let rounded = general(&mut draw, 4).map(|q| through_double(&q));
        assert!(full_precision(128, 4, &[("", defect(&exact, &rounded))]).is_err());
    });
    let third = |bits| DMatrix::from_element(1, 1, Real::at(bits, &ratio(1, 3)));
    let mixed = at_precision(300, || defect(&third(300), &third(64)));
    assert!(full_precision(300, 1, &[("", mixed)]).is_err());
    assert!(full_precision(300, 1, &[("", f64::NAN)]).is_err());
}

#[test]
fn a_matrix_that_is_not_finite_is_noticed_not_looped_over() {
    at_precision(128, || {
        let mut bad = identity(4);
        bad[(2, 1)] = Real::from(f64::NAN);
        assert!(
            SymmetricEigen::try_new(bad.clone(), Real::unit(), 50)
                .is_none_or(|eigen| { eigen.eigenvalues.iter().any(|x| x.as_float().is_nan()) })
        );
        assert!(Cholesky::new(-identity(3)).is_none());
    });
}

#[test]
fn an_operation_is_done_at_the_working_precision() {
    // Two sevenths and five thirds, with operands wider and narrower than the result.
    let (narrow, wide) = (Real::at(64, &ratio(2, 7)), Real::at(300, &ratio(5, 3)));
    for bits in [53, 64, 200, 300, 1000] {
        at_precision(bits, || {
            let (a, b) = (narrow.as_float(), wide.as_float());
            let assigned = |op: fn(&mut Real, &Real), x: &Real, y: &Real| {
                let mut x = x.clone();
                op(&mut x, y);
                x
            };
            let cases = [
                ("+", narrow.clone() + &wide, Float::with_val(bits, a + b)),
                ("−", narrow.clone() - &wide, Float::with_val(bits, a - b)),
                ("·", narrow.clone() * &wide, Float::with_val(bits, a * b)),
                ("/", narrow.clone() / &wide, Float::with_val(bits, a / b)),
                ("%", wide.clone() % &narrow, Float::with_val(bits, b % a)),
                ("& +", &narrow + &wide, Float::with_val(bits, a + b)),
                ("& −", &wide - &narrow, Float::with_val(bits, b - a)),
                ("& ·", &wide * &narrow, Float::with_val(bits, b * a)),
                ("& /", &wide / &narrow, Float::with_val(bits, b / a)),
                (
                    "+=",
                    assigned(|x, y| *x += y, &wide, &narrow),
                    Float::with_val(bits, b + a),
                ),
                (
                    "−=",
                    assigned(|x, y| *x -= y, &wide, &narrow),
                    Float::with_val(bits, b - a),
                ),
                (
                    "*=",
                    assigned(|x, y| *x *= y, &wide, &narrow),
                    Float::with_val(bits, b * a),
                ),
                (
                    "/=",
                    assigned(|x, y| *x /= y, &wide, &narrow),
                    Float::with_val(bits, b / a),
                ),
                (
                    "square",
                    wide.square(),
                    Float::with_val(bits, b.square_ref()),
                ),
                (
                    "root",
                    wide.root().unwrap(),
                    Float::with_val(bits, b.sqrt_ref()),
                ),
                (
                    "exp",
                    Scalar::exp(&wide),
                    Float::with_val(bits, b.exp_ref()),
                ),
                ("ln", Scalar::ln(&wide), Float::with_val(bits, b.ln_ref())),
                (
                    "hypot",
                    hypot(&narrow, &wide),
                    Float::with_val(bits, a.hypot_ref(b)),
                ),
                (
                    "atan2",
                    RealField::atan2(narrow.clone(), wide.clone()),
                    Float::with_val(bits, a.atan2_ref(b)),
                ),
                (
                    "powf",
                    powf(&narrow, &wide),
                    Float::with_val(bits, a.pow(b)),
                ),
            ];
            for (name, found, wanted) in cases {
                assert_eq!(found.as_float().prec(), bits, "{name}");
                assert_eq!(found.as_float(), &wanted, "{name} at {bits} bits");
            }
            let q = ratio(1, 3);
            assert_eq!(Real::from_rational(&q), Real::at(bits, &q));
            assert_ne!(Real::from_rational(&q), Real::at(bits + 1, &q));
        });
    }
}

fn hypot<T: RealField>(x: &T, y: &T) -> T {
    x.clone().hypot(y.clone())
}

fn powf<T: RealField>(x: &T, y: &T) -> T {
    x.clone().powf(y.clone())
}

#[test]
fn the_unit_is_the_spacing_at_one() {
    fn spacing() {
        let unit = Real::unit();
        let one = Real::from_int(1);
        let half = unit.clone() / Real::from_int(2);
        assert!(one.clone() + &unit > one);
        assert!(one.clone() + &half == one);
        assert_eq!(unit.log2_abs(), 1.0 - f64::from(working_precision()));
    }
    for bits in [2, 24, 64, 500] {
        at_precision(bits, spacing);
    }
    assert_eq!(f64::unit(), f64::EPSILON);
}

#[test]
fn log2_abs_neither_overflows_nor_underflows() {
    for k in [-100_000_000, -5000, -1, 0, 1, 5000, 100_000_000] {
        let x = Real::from_float(rug::Float::with_val(64, -3) << k);
        let wanted = f64::from(k) + libm::log2(3.0);
        assert!(
            (x.log2_abs() - wanted).abs() <= 1e-15 * wanted.abs().max(1.0),
            "{k}"
        );
    }
    assert_eq!(Real::from_int(0).log2_abs(), f64::NEG_INFINITY);
}

/// Numbers of doubles between `x` and the double nearest to `wanted`.
fn ulps(x: f64, wanted: &Real) -> u64 {
    // Monotone from doubles to integers: the bits, mirrored below 0.
    let key = |x: f64| {
        let magnitude = x.abs().to_bits().cast_signed();
        if x < 0.0 { -magnitude } else { magnitude }
    };
    key(x).abs_diff(key(wanted.to_f64()))
}

#[test]
fn libm_is_within_two_units_in_the_last_place() {
    let mut draw = Draw::new(9);
    let mut worst = [0, 0];
    for _ in 0..4000 {
        let x = f64::from_rational(&shift(
            draw.dyadic(53, -1),
            i32::try_from(draw.range(-60, 10)).unwrap(),
        ));
        let positive = f64::from_rational(&shift(
            draw.dyadic(53, 0),
            i32::try_from(draw.range(-1000, 1000)).unwrap(),
        ))
        .abs();
        let exp = |x: f64| at_precision(200, || Scalar::exp(&Real::from(x)));
        let ln = |x: f64| at_precision(200, || Scalar::ln(&Real::from(x)));
        worst[0] = worst[0].max(ulps(Scalar::exp(&x), &exp(x)));
        worst[1] = worst[1].max(ulps(Scalar::ln(&positive), &ln(positive)));
        let near_one = 1.0 + x.clamp(-0.5, 0.5) / 1024.0;
        worst[1] = worst[1].max(ulps(Scalar::ln(&near_one), &ln(near_one)));
    }
    assert!(
        worst.iter().all(|&units| units <= 2),
        "exp and ln: {worst:?} ulp"
    );
    // The measure sees three units.
    let e = Scalar::exp(&1.0_f64);
    let off = e.next_up().next_up().next_up();
    let wide = at_precision(200, || Scalar::exp(&Real::from_int(1)));
    assert!(ulps(off, &wide) >= 2);
    assert_eq!(ulps(-5e-324, &Real::from(5e-324)), 2);
}

#[test]
fn single_precision_libm_is_within_two_units_in_the_last_place() {
    let mut draw = Draw::new(10);
    for _ in 0..2000 {
        let x = f32::from_rational(&shift(
            draw.dyadic(24, 0),
            i32::try_from(draw.range(-20, 5)).unwrap(),
        ));
        let wide = |x: f32| Real::from(f64::from(x));
        let wanted = at_precision(200, || [Scalar::exp(&wide(x)), Scalar::ln(&wide(x.abs()))]);
        let found = [Scalar::exp(&x), Scalar::ln(&x.abs())];
        for (value, wanted) in found.into_iter().zip(wanted) {
            let wanted = f32::from_rational(&wanted.as_float().to_rational().unwrap());
            let two_up = wanted.next_up().next_up();
            let two_down = wanted.next_down().next_down();
            assert!(
                (two_down..=two_up).contains(&value),
                "x = {x}: {value} for {wanted}"
            );
        }
    }
}

/// Is `x` a double nearest to `q`?
fn nearest(x: f64, q: &Rational) -> bool {
    let distance = |x: f64| Rational::from_f64(x).map(|x| (x - q).abs());
    [x.next_up(), x.next_down()]
        .into_iter()
        .filter_map(distance)
        .all(|d| distance(x).is_some_and(|best| best <= d))
}

#[test]
fn rationals_are_rounded_once_into_doubles() {
    let mut draw = Draw::new(11);
    for exponent in [
        0, -300, -1000, -1022, -1030, -1050, -1070, -1073, -1074, -1075,
    ] {
        for _ in 0..50 {
            let q = shift(draw.dyadic(90, 0), exponent);
            assert!(nearest(f64::from_rational(&q), &q), "{q}");
        }
        // Just above the middle of two subnormals: a first rounding to 53 bits lands on
        // the middle, a second one then goes to even, which is down.
        let middle = shift(ratio(5, 1), -1075) + shift(ratio(1, 1), -1075 - 80);
        assert_eq!(f64::from_rational(&middle), 3.0 * 5e-324);
    }
    let middle = shift(ratio(5, 1), -150) + shift(ratio(1, 1), -150 - 80);
    assert_eq!(f32::from_rational(&middle), f32::from_bits(3));
    assert_eq!(f64::from_rational(&shift(ratio(1, 1), -1075)), 0.0);
    assert_eq!(f64::from_rational(&shift(ratio(1, 1), 1024)), f64::INFINITY);
    assert!(!nearest(0.1_f64.next_up(), &ratio(1, 10)));
}
