//! Networks with dense layers, in doubles: what their matrices give is what their weights
//! one by one give, with the same bits for any number of threads.

use noise_equilibrium::balance::{
    Spectrum, Strength, Term,
    family::{Edge, NetworkEquilibrium, NetworkError, balance_network},
};
use std::sync::LazyLock;

static NOISE: LazyLock<Strength<f64>> = LazyLock::new(|| Strength::new(0.0, 1.0).unwrap());
static DECAY: LazyLock<Strength<f64>> = LazyLock::new(|| Strength::new(0.01, 1.0).unwrap());

/// SplitMix64: the same numbers in every run.
struct Draw(u64);

impl Draw {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// In (−1, 1).
    fn number(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }

    fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }
}

type Weight = Term<f64, Edge>;

fn weight(from: Option<u32>, to: Option<u32>, noise: f64, charge: f64) -> Weight {
    Term {
        rate: Edge { from, to },
        noise,
        charge,
    }
}

/// Layers of these widths, all connected, each neuron of the first with an input and each of
/// the last with an output; row by row of the later layer, or of the earlier one.
fn layers(draw: &mut Draw, widths: &[u32], spread: f64, by_later: bool) -> (usize, Vec<Weight>) {
    let mut any = || libm::exp(spread * draw.number());
    let mut terms = Vec::new();
    let mut first = 0;
    for (layer, &width) in widths.iter().enumerate() {
        for j in first..first + width {
            if layer == 0 {
                terms.push(weight(None, Some(j), any(), any()));
            }
            if layer + 1 == widths.len() {
                terms.push(weight(Some(j), None, any(), any()));
            }
        }
        if layer > 0 {
            let before = first - widths[layer - 1]..first;
            let own = first..first + width;
            let (outer, inner) = if by_later {
                (own, before)
            } else {
                (before, own)
            };
            for a in outer {
                for b in inner.clone() {
                    let (from, to) = if by_later { (b, a) } else { (a, b) };
                    terms.push(weight(Some(from), Some(to), any(), any()));
                }
            }
        }
        first += width;
    }
    (first as usize, terms)
}

/// In another order, in which no weight goes on from the one before.
fn shuffled(draw: &mut Draw, terms: &[Weight]) -> Vec<Weight> {
    let mut terms = terms.to_vec();
    for k in (1..terms.len()).rev() {
        terms.swap(k, draw.below(k + 1));
    }
    terms
}

fn solve(
    neurons: usize,
    terms: &[Weight],
    strength: &Strength<f64>,
) -> Result<NetworkEquilibrium, NetworkError> {
    balance_network(neurons, &Spectrum::from_terms(terms.to_vec()), strength)
}

/// The largest relative imbalance of a neuron and the bound on what rounding leaves of it,
/// weight by weight, each with its own exponential.
fn imbalance(
    neurons: usize,
    terms: &[Weight],
    strength: &Strength<f64>,
    lambda: &[f64],
) -> (f64, f64) {
    let at = |end: Option<u32>| end.map_or(0.0, |i| lambda[i as usize]);
    let (mut up, mut down) = (vec![0.0; neurons], vec![0.0; neurons]);
    let mut degrees = vec![0_u32; neurons];
    for t in terms.iter().filter(|t| t.rate.from != t.rate.to) {
        let exponent = 2.0 * (at(t.rate.from) - at(t.rate.to));
        let noise = strength.sigma2() * t.noise * libm::exp(-exponent);
        let charge = 2.0 * strength.gamma() * t.charge * libm::exp(exponent);
        for (end, raises, lowers) in [(t.rate.from, noise, charge), (t.rate.to, charge, noise)] {
            if let Some(i) = end {
                up[i as usize] += raises;
                down[i as usize] += lowers;
                degrees[i as usize] += 1;
            }
        }
    }
    let relative = up.iter().zip(&down).map(|(u, d)| match u + d {
        0.0 => 0.0,
        total => (u - d).abs() / total,
    });
    let size = lambda.iter().fold(0.0, |size, x| f64::max(size, x.abs()));
    let largest = degrees.iter().copied().max().unwrap_or(0);
    // One rounding for each addition, two for each term, and those of λ in an exponent.
    let bound = f64::EPSILON * (f64::from(largest) + 4.0 * size + 8.0);
    (relative.fold(0.0, f64::max), bound)
}

/// Is it balanced as far as two sums of as many roundings can tell?
fn is_balanced(neurons: usize, terms: &[Weight], strength: &Strength<f64>, lambda: &[f64]) -> bool {
    let (left, bound) = imbalance(neurons, terms, strength, lambda);
    left <= 2.0 * bound
}

#[test]
fn dense_layers_balance_as_their_weights_do() {
    let mut draw = Draw(1);
    let shapes: [&[u32]; 6] = [
        &[200, 200, 200],
        &[150, 40, 300],
        &[33, 500],
        &[40, 400, 40, 400],
        &[400],
        // Narrow enough to be solved as if it were sparse.
        &[70, 70],
    ];
    for widths in shapes {
        for spread in [1.0, 5.0, 40.0] {
            for by_later in [true, false] {
                let (neurons, terms) = layers(&mut draw, widths, spread, by_later);
                for strength in [&NOISE, &DECAY] {
                    let name = format!("{widths:?} {spread} {by_later} {}", strength.gamma());
                    let found = solve(neurons, &terms, strength)
                        .unwrap_or_else(|error| panic!("{name}: {error}"));
                    assert!(
                        is_balanced(neurons, &terms, strength, &found.lambda),
                        "{name}: {:?}",
                        imbalance(neurons, &terms, strength, &found.lambda)
                    );
                    assert!(found.passes <= 40, "{name}: {} passes", found.passes);
                    let other = shuffled(&mut draw, &terms);
                    let other = solve(neurons, &other, strength).expect("balanced");
                    assert!(
                        is_balanced(neurons, &terms, strength, &other.lambda),
                        "{name}"
                    );
                    assert_eq!(found.flat, other.flat, "{name}");
                }
                // The check notices one neuron that is off by a millionth.
                let found = solve(neurons, &terms, &DECAY).expect("balanced");
                let mut off = found.lambda;
                off[neurons / 2] += 1e-6;
                assert!(!is_balanced(neurons, &terms, &DECAY, &off));
            }
        }
    }
}

/// FNV-1a over the bits of numbers.
fn digest(numbers: &[f64]) -> u64 {
    let bytes = numbers.iter().flat_map(|x| x.to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Several blocks to a layer, more than there are threads.
#[test]
fn the_same_bits_for_any_number_of_threads() {
    let (neurons, mut terms) = layers(&mut Draw(2), &[700, 900, 800], 3.0, true);
    let with_threads = |threads: usize, terms: &[Weight]| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let found = pool
            .expect("threads")
            .install(|| solve(neurons, terms, &DECAY));
        let found = found.expect("balanced");
        digest(&[&found.lambda[..], &[found.imbalance, found.passes as f64]].concat())
    };
    let [one, two, five] = [1, 2, 5].map(|threads| with_threads(threads, &terms));
    assert_eq!(one, two);
    assert_eq!(one, five);
    assert_eq!(one, 0x5621_7180_e4d9_f1a3, "the digest is {one:#018x}");
    // One weight of more than a million that is larger by a millionth changes the digest.
    let one_weight = terms.len() / 2;
    terms[one_weight].noise *= 1.0 + 1e-6;
    assert_ne!(with_threads(2, &terms), one);
}

/// Two layers of 300 neurons of which each has a factor of its own, up to e^{±170}: at λ = 0
/// some terms are beyond the doubles' range of each other by hundreds of orders. A balanced
/// network has 600 of noise at each neuron, half of it on weights from or to no neuron.
#[test]
fn terms_that_differ_by_hundreds_of_orders_of_magnitude() {
    const WIDTH: u32 = 300;
    for largest in [100.0, 170.0] {
        let mut draw = Draw(3);
        let t: Vec<f64> = (0..2 * WIDTH).map(|_| largest * draw.number()).collect();
        let at = |end: Option<u32>| end.map_or(0.0, |i| t[i as usize]);
        let moved = |from: Option<u32>, to: Option<u32>, noise: f64| {
            weight(from, to, noise * libm::exp(2.0 * (at(from) - at(to))), 0.0)
        };
        let mut terms = Vec::new();
        for i in 0..WIDTH {
            terms.push(moved(None, Some(i), f64::from(WIDTH)));
            terms.push(moved(Some(WIDTH + i), None, f64::from(WIDTH)));
            terms.extend((0..WIDTH).map(|j| moved(Some(i), Some(WIDTH + j), 1.0)));
        }
        let found = solve(2 * WIDTH as usize, &terms, &NOISE).expect("balanced");
        // Each exponent 2(t_i − t_j) was rounded to a unit of its size, and so is λ; sums have
        // 300 terms. Half of each neuron's noise stays where it is, so that an imbalance
        // makes at most twice itself of λ.
        let rounding = (2.0 * f64::from(WIDTH) + 8.0 * largest) * f64::EPSILON;
        for (lambda, t) in found.lambda.iter().zip(&t) {
            let off = (lambda - t).abs();
            assert!(
                off <= 2.0 * (found.imbalance + rounding),
                "{lambda} is not {t}: {off} with an imbalance of {}",
                found.imbalance
            );
        }
    }
}

/// Dead weights, rows and columns in dense layers leave groups without a fixed end, or no
/// minimum: the same as for the weights one by one.
#[test]
fn statuses_of_dense_layers() {
    let mut draw = Draw(4);
    let (neurons, full) = layers(&mut draw, &[40, 400, 30], 2.0, true);
    // How many weights die at random, and which neurons lose all of them, or all that enter.
    let dead_neurons: [&[u32]; 3] = [&[], &[5, 130], &[0, 39, 250, 469]];
    let (mut flat, mut unbounded) = (0, 0);
    for share in [0.0, 0.02, 0.5] {
        for dead in dead_neurons {
            for entering_only in [false, true] {
                let is_dead = |end: Option<u32>| end.is_some_and(|i| dead.contains(&i));
                let mut terms = full.clone();
                for t in &mut terms {
                    let lost = is_dead(t.rate.to) || (is_dead(t.rate.from) && !entering_only);
                    if lost || draw.number() < 2.0 * share - 1.0 {
                        (t.noise, t.charge) = (0.0, 0.0);
                    } else if draw.number() < 2.0 * share - 1.0 {
                        t.charge = 0.0;
                    }
                }
                let other = shuffled(&mut draw, &terms);
                for strength in [&NOISE, &DECAY] {
                    let name = format!("{share} {dead:?} {entering_only} {}", strength.gamma());
                    let answers = [&terms, &other].map(|terms| solve(neurons, terms, strength));
                    match answers {
                        [Ok(found), Ok(other)] => {
                            assert!(
                                is_balanced(neurons, &terms, strength, &found.lambda),
                                "{name}"
                            );
                            assert_eq!(found.flat, other.flat, "{name}");
                            flat += usize::from(!found.flat.is_empty());
                        }
                        [
                            Err(NetworkError::Unbounded { neuron, direction }),
                            Err(NetworkError::Unbounded { .. }),
                        ] => {
                            assert!(
                                recedes(&terms, strength, &direction),
                                "{name}: {direction:?}"
                            );
                            assert!(neuron < neurons, "{name}: {neuron}");
                            unbounded += 1;
                        }
                        answers => panic!("{name}: {answers:?}"),
                    }
                }
            }
        }
    }
    assert!(flat > 0 && unbounded > 0, "{flat} {unbounded}");
}

/// Does no term of Φ grow along the direction, and one fall?
fn recedes(terms: &[Weight], strength: &Strength<f64>, direction: &[i64]) -> bool {
    let at = |end: Option<u32>| end.map_or(0, |i| direction[i as usize]);
    let slopes = terms.iter().flat_map(|t| {
        let slope = at(t.rate.from) - at(t.rate.to);
        let noise = (strength.sigma2() * t.noise > 0.0).then_some(-slope);
        let charge = (strength.gamma() * t.charge > 0.0).then_some(slope);
        [noise, charge].into_iter().flatten()
    });
    let slopes: Vec<i64> = slopes.collect();
    slopes.iter().all(|s| *s <= 0) && slopes.iter().any(|s| *s < 0)
}

/// All of some neurons connected with all, themselves included: what a weight from a neuron to
/// itself has does not matter, and all may be rescaled together. More neurons, connected to
/// and from the first alone, make the network too wide for a factorisation.
#[test]
fn a_recurrent_layer() {
    const WIDTH: u32 = 180;
    const ALL: u32 = 1000;
    let mut draw = Draw(5);
    let mut terms = Vec::new();
    for i in 0..WIDTH {
        for j in 0..WIDTH {
            let noise = libm::exp(3.0 * draw.number());
            terms.push(weight(Some(i), Some(j), noise, libm::exp(draw.number())));
        }
    }
    for i in WIDTH..ALL {
        terms.push(weight(Some(0), Some(i), 1.0, 1.0));
        terms.push(weight(Some(i), Some(0), 2.0, 1.0));
        terms.push(weight(Some(i), Some(i), 3.0, 1.0));
    }
    for strength in [&NOISE, &DECAY] {
        let found = solve(ALL as usize, &terms, strength).expect("balanced");
        assert!(is_balanced(ALL as usize, &terms, strength, &found.lambda));
        assert_eq!(found.flat, [(0..ALL).collect::<Vec<u32>>()]);
        let mut other = terms.clone();
        for t in other.iter_mut().filter(|t| t.rate.from == t.rate.to) {
            (t.noise, t.charge) = (1e300, 1e300);
        }
        let other = solve(ALL as usize, &other, strength).expect("balanced");
        assert_eq!(found, other);
    }
}

/// The errors name the weight where it stands in the spectrum.
#[test]
fn bad_weights_in_dense_layers() {
    let (neurons, terms) = layers(&mut Draw(6), &[100, 100], 1.0, false);
    let place = terms.len() - 1234;
    let mut negative = terms.clone();
    negative[place].charge = -1.0;
    assert_eq!(
        solve(neurons, &negative, &DECAY),
        Err(NetworkError::Term { term: place })
    );
    let mut missing = terms;
    missing[place].rate.to = Some(200);
    assert_eq!(
        solve(neurons, &missing, &DECAY),
        Err(NetworkError::Neuron {
            term: place,
            neurons,
            found: 200
        })
    );
}

/// Small networks with noise and charges spread over e^±spread, some of them missing. None is
/// refused up to e^±16; beyond, terms that decide may be lost in the sums of others. The
/// counts are what this solver does, not what it should: fewer refused would be better.
#[test]
fn networks_far_from_balance() {
    let mut draw = Draw(7);
    let (mut balanced, mut refused, mut without_minimum) = (0, 0, 0);
    for _ in 0..4000 {
        let spread = [0.25, 1.0, 4.0, 16.0, 50.0, 100.0, 200.0, 300.0, 500.0][draw.below(9)];
        let missing = if draw.below(2) == 0 { 10 } else { usize::MAX };
        let widths: Vec<u32> = (0..1 + draw.below(5))
            .map(|_| 1 + draw.below(6) as u32)
            .collect();
        let (neurons, mut terms) = layers(&mut draw, &widths, spread, true);
        for t in &mut terms {
            for x in [&mut t.noise, &mut t.charge] {
                if draw.below(missing) == 0 {
                    *x = 0.0;
                }
            }
        }
        let strength = [&NOISE, &DECAY][draw.below(2)];
        match solve(neurons, &terms, strength) {
            Ok(found) => {
                balanced += 1;
                let (left, bound) = imbalance(neurons, &terms, strength, &found.lambda);
                // Where the passes gain no more, 1e-9 is enough.
                assert!(
                    left <= f64::max(2.0 * bound, 1e-9 + bound),
                    "{left} {bound}"
                );
            }
            Err(NetworkError::NotConverged { .. }) => {
                refused += 1;
                assert!(spread > 16.0, "{widths:?} {spread}");
            }
            Err(NetworkError::Unbounded { direction, .. }) => {
                without_minimum += 1;
                assert!(recedes(&terms, strength, &direction));
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!((balanced, refused, without_minimum), (3336, 26, 638));
}
