//! The number systems: their algebraic laws, what their enclosures contain, and
//! what reading, printing and factorising lose.
//!
//! Every random case comes from one seed, which `NOISE_EQUILIBRIUM_TEST_SEED` replaces.

use noise_equilibrium::scalar::Rational;
use quickcheck::{Gen, QuickCheck, Testable};
use rug::{Float, Integer};

fn seed() -> u64 {
    let given = std::env::var("NOISE_EQUILIBRIUM_TEST_SEED").ok();
    let seed = given
        .and_then(|text| text.parse().ok())
        .unwrap_or(240_207_193);
    // Shown by the harness when the test fails.
    println!("NOISE_EQUILIBRIUM_TEST_SEED={seed}");
    seed
}

/// Asserts a property on random cases, shrinking the one that fails.
fn hold(property: impl Testable) {
    let random = Gen::from_size_and_seed(50, seed());
    QuickCheck::new()
        .tests(1000)
        .rng(random)
        .quickcheck(property);
}

/// [`hold`] for a closure, which quickcheck takes only as a function pointer.
macro_rules! holds {
    (|$($name:ident: $type:ty),*| $body:expr) => {
        $crate::hold((|$($name: $type),*| $body) as fn($($type),*) -> _)
    };
}

mod ball;
mod containment;
mod decimal;
mod dual;
mod exact;
mod laws;
mod matrices;
mod multiprecision;
mod precision;
mod radius;
mod tightness;
mod traits;

/// A stream of random draws (SplitMix64).
struct Draw(u64);

impl Draw {
    fn new(stream: u64) -> Self {
        Self(seed() ^ stream.wrapping_mul(0xd134_2543_de82_ef95))
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn range(&mut self, low: i64, high: i64) -> i64 {
        let span = u64::try_from(high - low + 1).unwrap();
        low + i64::try_from(self.bits() % span).unwrap()
    }

    /// A positive integer of exactly `bits` bits.
    fn integer(&mut self, bits: u32) -> Integer {
        let mut n = Integer::new();
        for _ in 0..bits.div_ceil(64) {
            n = (n << 64) + self.bits();
        }
        n.keep_bits_mut(bits);
        n.set_bit(bits - 1, true);
        n
    }

    /// ± `bits` random bits, of magnitude between 2^`exponent` and twice that.
    fn dyadic(&mut self, bits: u32, exponent: i32) -> Rational {
        let magnitude = Rational::from(self.integer(bits));
        let shifted = shift(magnitude, exponent - i32::try_from(bits).unwrap() + 1);
        if self.bits() & 1 == 0 {
            shifted
        } else {
            -shifted
        }
    }

    /// A rational that no float holds, unless by luck.
    fn rational(&mut self) -> Rational {
        let (p, q) = (
            self.range(-1_000_000_000, 1_000_000_000),
            self.range(1, 1_000_000_000),
        );
        shift(
            Rational::from((p, q)),
            i32::try_from(self.range(-40, 40)).unwrap(),
        )
    }
}

/// q·2^k.
fn shift(q: Rational, k: i32) -> Rational {
    q << k
}

/// The float that equals `q`; the test is at fault if `bits` do not hold it.
fn float(bits: u32, q: &Rational) -> Float {
    let x = Float::with_val(bits, q);
    assert_eq!(x, *q, "{q} needs more than {bits} bits");
    x
}

/// The rational that equals a finite float.
fn rational(x: &Float) -> Rational {
    x.to_rational()
        .unwrap_or_else(|| panic!("{x} is not finite"))
}

/// p/q.
fn ratio(p: i64, q: i64) -> Rational {
    Rational::from((p, q))
}
