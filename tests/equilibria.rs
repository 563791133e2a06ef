//! Derivatives, groups and closed forms: known answers, and what is refused.

use nalgebra::{ComplexField, DMatrix, RealField, dmatrix};
use noise_equilibrium::balance::{
    BalanceEquation, Equilibrium, SolveError, Spectrum, Strength, Term,
    deep_linear::{Regression, RegressionError},
    family::{Existence, Exponential, Potential, minimise},
    geometric_mean::geometric_mean,
    noise::population_variance,
    orbit_minimum::MinimumError,
    sensitivity::{SensitivityError, Tangent},
    setting::{Setting, SettingError},
    solve,
};
use noise_equilibrium::model::Symmetric;
use noise_equilibrium::scalar::{Rational, Real, RealScalar, at_precision, dot};
use noise_equilibrium::symmetry::Generator;
use noise_equilibrium::theorem::{Draw, NetworkCase, network_with_finite_equilibrium};

fn setting(theta: &[f64], gradients: &[&[f64]], gamma: f64, sigma2: f64) -> Setting<f64> {
    Setting {
        theta: theta.to_vec(),
        gradients: gradients.iter().map(|row| row.to_vec()).collect(),
        strength: Strength::new(gamma, sigma2).unwrap(),
    }
}

fn diagonal(rates: &[i32]) -> Generator {
    Generator::diagonal(rates.iter().map(|&r| Rational::from(r)).collect()).unwrap()
}

/// Noise a₊ = 16 and a₋ = 1 on rates ±1: λ* = ¼ln(a₊/a₋) = ln 2, so that ∂λ*/∂g is
/// ¼ · 2g/(N a) on each side, with opposite signs.
#[test]
fn derivatives_of_a_rescaling_by_hand() {
    let generator = diagonal(&[1, -1]);
    let setting = setting(&[0.5, 2.0], &[&[4.0, 1.0], &[-4.0, -1.0]], 0.0, 0.0125);
    let sensitivity = setting.sensitivity(&generator).unwrap();
    assert!((sensitivity.lambda() - libm::log(2.0)).abs() < 1e-15);
    let gradient = sensitivity.gradient();
    let expected = [1.0 / 16.0, -0.25];
    for (found, expected) in gradient.gradients[0].iter().zip(expected) {
        assert!(
            (found - expected).abs() < 1e-15,
            "{found} is not {expected}"
        );
    }
    assert!(gradient.theta.iter().all(|x| *x == 0.0));
    // σ² multiplies both sides.
    assert!(gradient.sigma2.abs() < 1e-14);
    // λ* stays where it is if θ moves: θ* moves by e^{λA}.
    let mut velocity = gradient.clone();
    velocity.theta = vec![1.0, 1.0];
    velocity.gradients.iter_mut().for_each(|row| row.fill(0.0));
    (velocity.gamma, velocity.sigma2) = (0.0, 0.0);
    let motion = sensitivity.push(&velocity).unwrap();
    assert_eq!(motion.lambda, 0.0);
    assert!((motion.theta[0] - 2.0).abs() < 1e-14 && (motion.theta[1] - 0.5).abs() < 1e-14);
}

/// Φ = 2γ‖θ‖² + σ²Tr Σ and G = −4γC + 2σ²Tr(ΣA) in exact numbers, each part by hand: ‖θ‖² = 17/4,
/// C = −15/4, Σ = diag(16, 1) but for what lies off the diagonal.
#[test]
fn potential_and_balance_by_hand() {
    let ratio = |p: i32, q: i32| Rational::from((p, q));
    let setting = |gamma: Rational, sigma2: Rational| Setting {
        theta: vec![ratio(1, 2), ratio(2, 1)],
        gradients: [[7, 3], [-1, 1]]
            .map(|row| row.map(|x| ratio(x, 1)).into())
            .into(),
        strength: Strength { gamma, sigma2 },
    };
    let generator = diagonal(&[1, -1]);
    for (gamma, sigma2) in [(0, 0), (1, 0), (0, 1), (1, 3), (5, 7)] {
        let (gamma, sigma2) = (ratio(gamma, 3), ratio(sigma2, 5));
        let setting = setting(gamma.clone(), sigma2.clone());
        let potential = Rational::from(&gamma * 17) / 2 + Rational::from(&sigma2 * 17);
        let balance = gamma * 15 + sigma2 * 30;
        assert_eq!(setting.potential(), potential);
        assert_eq!(setting.balance(&generator), balance);
        let mut other = setting;
        other.gradients[1][0] += 1;
        other.strength.gamma += 1;
        assert_ne!(other.potential(), potential);
        assert_ne!(other.balance(&generator), balance);
    }
}

#[test]
fn one_generator_is_a_group() {
    let generator = diagonal(&[1, -1]);
    let setting = setting(&[0.5, 2.0], &[&[4.0, 1.0], &[-4.0, -1.0]], 0.0, 0.0125);
    let found = setting.minimise(&[generator]).unwrap();
    assert!((found.setting.theta[0] - 1.0).abs() < 1e-15);
    assert!((found.setting.theta[1] - 1.0).abs() < 1e-15);
    assert!(found.residual < 1e-15);
}

/// A flat descent against a steep wall: Newton's step from 0 lands on the other side of the
/// minimum, higher than it started, and has to be halved; from farther away it is cut. The
/// root of the balance equation is where both have to end.
#[test]
fn steps_that_overshoot_are_halved_and_long_ones_cut() {
    let rates = [Rational::from((1, 1000)), Rational::from(-1)];
    for gradient in [55.0, 1e4, 1e9] {
        let start = setting(
            &[0.5, 2.0],
            &[&[gradient, 1.0], &[-gradient, -1.0]],
            0.0,
            0.5,
        );
        let found = start
            .minimise(&[Generator::diagonal(rates.to_vec()).unwrap()])
            .unwrap();
        let balance = BalanceEquation {
            spectrum: Spectrum::from_rates(&rates, &[gradient * gradient, 1.0], &start.theta),
            strength: start.strength.clone(),
        };
        let Ok(Equilibrium::Finite(lambda)) = solve(&balance) else {
            panic!("not finite");
        };
        let expected = 2.0 * libm::exp(-lambda);
        // Each of fewer than 60 steps rounds once, and each λ and exponential to a unit of |λ*|.
        let off = (found.setting.theta[1] - expected).abs();
        assert!(
            off <= 64.0 * f64::EPSILON * expected * (1.0 + lambda.abs()),
            "{off}"
        );
        assert!(
            found.potential < start.potential() && found.steps < 60,
            "{}",
            found.steps
        );
    }
}

#[test]
fn orbits_without_a_minimum_are_refused() {
    // Φ = e^{−2λ}, which falls to 0, and 1 + e^{−2λ}, which flattens out.
    let scaling = setting(&[0.0, 1.0], &[&[1.0, 0.0], &[-1.0, 0.0]], 0.0, 1.0);
    let flattening = setting(&[0.0, 1.0], &[&[1.0, 0.0], &[-1.0, 0.0]], 0.5, 1.0);
    for lost in [scaling, flattening] {
        let error = lost.minimise(&[diagonal(&[1, 0])]).unwrap_err();
        assert!(
            matches!(
                error,
                MinimumError::Unbounded | MinimumError::NotConverged(_)
            ),
            "{error}"
        );
    }
    // The second hidden neuron of f = UWx has no outgoing weight.
    let rows = |i: i32, j: i32, k: i32| {
        let rows = [[i, j], [j, k]];
        rows.map(|row| row.map(Rational::from).to_vec())
    };
    let directions = [rows(1, 0, 0), rows(0, 1, 0), rows(0, 0, 1)];
    let generators = directions.map(|s| Generator::factor(1, 2, &s).unwrap());
    let dead = setting(&[1.0, 0.0, 1.0, 0.0, 0.0, 1.0], &[&[0.0; 6]], 0.5, 1.0);
    assert!(dead.minimise(&generators).is_err());
}

#[test]
fn degenerate_orbits_stay_where_they_are() {
    let still = setting(&[1.0, 1.0], &[&[0.0, 0.0]], 0.0, 1.0);
    let found = still.minimise(&[diagonal(&[1, -1])]).unwrap();
    assert_eq!(found.setting, still);
}

#[test]
fn settings_that_do_not_fit_are_refused() {
    let generator = diagonal(&[1, -1]);
    let short = setting(&[1.0], &[&[1.0, 0.0]], 0.0, 1.0);
    let ragged = setting(&[1.0, 1.0], &[&[1.0, 0.0], &[1.0]], 0.0, 1.0);
    let empty = setting(&[1.0, 1.0], &[], 0.0, 1.0);
    let texts = [
        "theta: expected 2 numbers, found 1",
        "gradients[1]: expected 2 numbers, found 1",
        "gradients: expected at least one row, found none",
    ];
    for (wrong, text) in [short, ragged, empty].iter().zip(texts) {
        let of_group = wrong.minimise(std::slice::from_ref(&generator));
        assert_eq!(of_group.unwrap_err().to_string(), text);
        let of_one = wrong.sensitivity(&generator);
        assert_eq!(of_one.unwrap_err().to_string(), text);
    }
    let right = setting(&[1.0, 1.0], &[&[1.0, 1.0], &[0.0, 0.0]], 1.0, 1.0);
    let sensitivity = right.sensitivity(&generator).unwrap();
    let one_row = Tangent {
        theta: vec![1.0, 1.0],
        gradients: vec![vec![1.0, 1.0]],
        gamma: 0.0,
        sigma2: 0.0,
    };
    assert!(matches!(
        sensitivity.push(&one_row),
        Err(SensitivityError::Setting(SettingError::Shape { .. }))
    ));
    for number in [f64::NAN, f64::INFINITY] {
        let broken = setting(&[1.0, number], &[&[1.0, 0.0]], 1.0, 1.0);
        assert!(broken.sensitivity(&generator).is_err());
        let found = broken.minimise(std::slice::from_ref(&generator));
        assert_eq!(found.unwrap_err(), MinimumError::InvalidSetting);
    }
}

#[test]
fn no_derivative_where_there_is_no_equilibrium() {
    let one_sided = setting(&[1.0, 1.0], &[&[1.0, 0.0], &[-1.0, 0.0]], 0.0, 1.0);
    let error = one_sided.sensitivity(&diagonal(&[1, -1])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "λ*: expected a finite one, to which T8 gives derivatives, found the status plus-infinity"
    );
}

#[test]
fn regressions_that_do_not_fit_are_refused() {
    let identity = DMatrix::<f64>::identity(2, 2);
    let right = Regression {
        map: identity.clone(),
        inputs: identity.clone(),
        noise: identity.clone(),
    };
    let with = |map: DMatrix<f64>, inputs: DMatrix<f64>| Regression {
        map,
        inputs,
        ..right.clone()
    };
    let narrow = right.balanced_minimum(&[2, 1]).unwrap_err();
    assert!(matches!(
        narrow,
        RegressionError::Narrow {
            layer: 1,
            rank: 2,
            width: 1
        }
    ));
    let none = right.balanced_minimum(&[]).unwrap_err();
    assert_eq!(none, RegressionError::NoHiddenLayer);
    let flat = with(identity.clone(), dmatrix![1.0, 1.0; 1.0, 1.0]);
    assert!(matches!(
        flat.balanced_minimum(&[2]),
        Err(RegressionError::NotPositive { field: "inputs" })
    ));
    let shape = with(identity.clone(), DMatrix::identity(3, 3));
    assert!(matches!(
        shape.balanced_minimum(&[2]),
        Err(RegressionError::Shape {
            field: "inputs",
            expected: 2,
            ..
        })
    ));
    for map in [DMatrix::zeros(0, 2), dmatrix![f64::NAN, 0.0; 0.0, 1.0]] {
        let found = with(map, identity.clone()).balanced_minimum(&[2]);
        assert_eq!(found.unwrap_err(), RegressionError::Singular);
    }
    // V = 0 is fitted by zeros.
    let zero = with(DMatrix::zeros(2, 2), identity).balanced_minimum(&[1]);
    assert!(zero.unwrap().layers.iter().all(|w| w.norm() == 0.0));
}

/// V = 4, Σ_x = 1, Σ_ε = 4: e = 4, x = 1, s = 8, ρ = 4, so that W_1 = 2 = W_2.
#[test]
fn scalar_factorisation_by_hand() {
    let one = |x: f64| DMatrix::from_element(1, 1, x);
    let data = Regression {
        map: one(4.0),
        inputs: one(1.0),
        noise: one(4.0),
    };
    let found = data.balanced_minimum(&[1]).unwrap();
    assert!((found.rho - 4.0).abs() < 1e-14);
    // e W²x = x U²e at both: |W| = |U|.
    assert!(
        found
            .layers
            .iter()
            .all(|w| (w[(0, 0)].abs() - 2.0).abs() < 1e-14)
    );
}

/// Φ, ‖θ‖² and Tr Σ of the minimum that is reached from each of many starts on one orbit
/// (the first coordinate of the last moved by `shift` before), and their largest distance
/// from those of the first, relative to it.
fn spread<S: RealScalar>(case: &NetworkCase, starts: i64, shift: &Rational) -> Option<S> {
    let symmetries = case.model.symmetries();
    let strength = case.strength().ok()?.convert::<S>();
    let mut reached: Vec<[S; 3]> = Vec::new();
    for k in 0..starts {
        let mut theta = case.theta.clone();
        if k + 1 == starts {
            theta[0] += shift;
        }
        let start = symmetries.iter().zip(0i64..).fold(
            theta.iter().map(S::from_rational).collect::<Vec<S>>(),
            |theta, (generator, i)| {
                // Between −1 and 1, another for each start and generator.
                let weight = Rational::from(((7 * k + 5 * i * (k + 1)) % 17 - 8, 8));
                let weight = if k == 0 { Rational::new() } else { weight };
                generator.act(&S::from_rational(&weight), &theta)
            },
        );
        let setting = Setting {
            gradients: case.gradients(&start).ok()?,
            theta: start,
            strength: strength.clone(),
        };
        let found = setting.minimise(&symmetries).ok()?;
        let norm = dot(&found.setting.theta, &found.setting.theta);
        let noise = population_variance(&found.setting.gradients);
        let noise = noise.into_iter().fold(S::zero(), |total, x| total + x);
        reached.push([found.potential, norm, noise]);
    }
    let first = reached.first()?.clone();
    let distances = reached.iter().flat_map(|other| {
        let pairs = other.iter().zip(&first);
        pairs.map(|(a, b)| {
            let size = ComplexField::abs(b.clone()) + S::unit();
            ComplexField::abs(a.clone() - b) / size
        })
    });
    distances.reduce(RealField::max)
}

/// T18: from many starts on an orbit the same minimum, up to rotations.
#[test]
fn one_minimum_from_many_starts() {
    let (mut seen, mut shown) = (0, 0);
    for index in 0..12 {
        let drawn = network_with_finite_equilibrium(&mut Draw::seeded(5, "many starts", index));
        let case = &drawn;
        let still = Rational::new();
        let (Some(coarse), Some(fine)) = (
            at_precision(96, || spread::<Real>(case, 16, &still)),
            at_precision(192, || spread::<Real>(case, 16, &still)),
        ) else {
            continue;
        };
        // The invariants are stationary or turn with the residual: half of the bits at
        // least, and twice as many with twice the precision.
        assert!(coarse.log2_abs() < -48.0, "{index}: {}", coarse.log2_abs());
        assert!(fine.log2_abs() < -96.0, "{index}: {}", fine.log2_abs());
        seen += 1;
        // A start off the orbit leads elsewhere, however precise.
        let shift = Rational::from((1, 8));
        let elsewhere = at_precision(192, || spread::<Real>(case, 16, &shift));
        shown += usize::from(elsewhere.is_some_and(|x| x.log2_abs() > -30.0));
    }
    assert!(seen >= 6, "{seen} orbits with a minimum");
    assert!(shown >= seen / 2, "{shown} of {seen}");
}

/// What proves that a sum of exponentials has a minimum or has none, forged.
#[test]
fn forged_certificates_of_existence_do_not_hold() {
    let vectors = |rows: &[[i32; 2]]| -> Vec<Vec<Rational>> {
        rows.iter()
            .map(|row| row.map(Rational::from).to_vec())
            .collect()
    };
    let numbers = |x: &[i32]| x.iter().map(|&x| Rational::from(x)).collect::<Vec<_>>();
    let star = vectors(&[[1, 0], [0, 1], [-1, -1]]);
    let bounded = |p: &[i32]| Existence::Bounded {
        combination: numbers(p),
    };
    assert!(bounded(&[2, 2, 2]).holds(&star));
    for forged in [
        &[1, 1, 2][..],
        &[0, 0, 0],
        &[-1, -1, -1],
        &[1, 1],
        &[1, 1, 1, 1],
        &[1, 2, 1],
    ] {
        assert!(!bounded(forged).holds(&star), "{forged:?}");
    }
    let half = vectors(&[[1, 0], [-1, 0], [0, -1]]);
    let unbounded = |u: &[i32]| Existence::Unbounded {
        direction: numbers(u),
    };
    assert!(unbounded(&[0, 1]).holds(&half));
    // Uphill, to one side and nowhere at all.
    for forged in [&[0, -1][..], &[1, 1], &[-1, 1], &[0, 0], &[1, 0]] {
        assert!(!unbounded(forged).holds(&half), "{forged:?}");
    }
    assert_eq!(Existence::of(&half, 2), unbounded(&[0, 1]));
    assert!(Existence::of(&star, 2).holds(&star));
    // Flat: nothing falls, and 0 is in the hull of no exponents.
    assert!(Existence::of(&[], 2).holds(&[]));
}

/// Noise alone pushes its coordinate up, and decay down: G = −∇Φ.
#[test]
fn the_balance_points_to_where_the_potential_falls() {
    let balance = |noise: f64, charge: f64| {
        let spectrum = Spectrum::from_terms(vec![Term {
            rate: vec![1.0, -2.0],
            noise,
            charge,
        }]);
        let strength = Strength::new(0.5, 1.0).unwrap();
        let potential = Potential::of(&spectrum, &strength).expect("a potential");
        potential.balance(&[0.0, 0.0])
    };
    // Φ = a e^{−2(λ₁ − 2λ₂)} + c e^{2(λ₁ − 2λ₂)}.
    assert_eq!(balance(3.0, 0.0), [6.0, -12.0]);
    assert_eq!(balance(0.0, 3.0), [-6.0, 12.0]);
    assert_eq!(balance(3.0, 3.0), [0.0, 0.0]);
}

/// A Hessian that overflows has no Newton step, and nothing is called a minimum.
#[test]
fn exponents_whose_squares_overflow_are_refused() {
    let minimum = |size: f64| {
        let term = |exponent: f64, weight: f64| Exponential {
            exponent: vec![exponent],
            weight,
        };
        let terms = [term(size, 1.0), term(-size, 2.0)];
        minimise(&terms, &[0.0]).ok()
    };
    assert_eq!(minimum(1e160), None);
    // e^{y} = 2e^{−y}; a few roundings.
    let found = minimum(1e100).expect("a minimum")[0] * 1e100;
    assert!(
        (found - 0.5 * libm::log(2.0)).abs() < 8.0 * f64::EPSILON,
        "{found}"
    );
}

/// Numbers that leave the range of a double on the way are refused, not iterated over.
#[test]
fn spectra_beyond_the_doubles_are_refused() {
    let found = |triples: &[[f64; 3]]| {
        let terms = triples.iter().map(|&[rate, noise, charge]| Term {
            rate,
            noise,
            charge,
        });
        solve(&BalanceEquation {
            spectrum: Spectrum::from_terms(terms.collect()),
            strength: Strength::new(0.0, 1.0).unwrap(),
        })
    };
    // One r, or only the sum of the fastest, or nothing.
    let infinite = [[1e308, 1.0, 1.0], [-1.0, 1.0, 1.0]];
    let fastest = [
        [8e307, 1.0, 1.0],
        [1.0, 1.0, 1.0],
        [-8e307, 1.0, 1.0],
        [-1.0, 1.0, 1.0],
    ];
    let fine = [
        [1e300, 1.0, 1.0],
        [1.0, 1.0, 1.0],
        [-1e300, 1.0, 1.0],
        [-1.0, 1.0, 1.0],
    ];
    assert_eq!(found(&infinite), Err(SolveError::InvalidSpectrum));
    assert_eq!(found(&fastest), Err(SolveError::InvalidSpectrum));
    assert!(matches!(found(&fine), Ok(Equilibrium::Finite(_))));
    for bad in [f64::INFINITY, f64::NAN, -1.0] {
        assert_eq!(
            found(&[[1.0, bad, 1.0], [-2.0, 1.0, 1.0]]),
            Err(SolveError::InvalidSpectrum),
            "{bad}"
        );
    }
}

#[test]
fn matrices_without_a_geometric_mean_are_refused() {
    let one = dmatrix![2.0, 1.0; 1.0, 3.0];
    assert!(geometric_mean(&one, &one).is_some());
    let flat = DMatrix::from_element(2, 3, 1.0);
    for (m, n) in [
        (dmatrix![1.0], one.clone()),
        (flat.clone(), flat),
        (dmatrix![1.0, 2.0; 2.0, 1.0], one.clone()),
        (one.clone(), dmatrix![1.0, 2.0; 2.0, 1.0]),
        (dmatrix![f64::INFINITY, 0.0; 0.0, 1.0], one.clone()),
        (one.clone(), dmatrix![f64::INFINITY, 0.0; 0.0, 1.0]),
        (one.clone(), dmatrix![f64::NAN, 0.0; 0.0, 1.0]),
        (one.clone(), dmatrix![0.0, 0.0; 0.0, 0.0]),
        (dmatrix![1.0, f64::NAN; 0.0, 1.0], one.clone()),
    ] {
        assert_eq!(geometric_mean(&m, &n), None, "{m} {n}");
    }
}
