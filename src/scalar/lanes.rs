//! Exponentials for many numbers at once: functions without a branch, which the compiler
//! makes vector instructions of where they stand in a loop over lanes.
//!
//! Each operation is one of IEEE 754, rounded on its own; none is fused and no sum is
//! reordered. So a lane holds the same bits in whatever [`Instructions`] it is computed.

use std::f64::consts::LOG2_E;

/// A set of instructions that the processor has.
#[derive(Clone, Copy, Debug)]
pub struct Instructions {
    #[cfg(feature = "simd")]
    arch: pulp::Arch,
}

/// Something to compute. Implementations are to be `#[inline(always)]`, with all that they
/// call: only what is inlined is compiled for the instructions that were chosen.
pub trait Kernel {
    /// Computes it.
    fn run(self);
}

#[cfg(feature = "simd")]
struct Dispatched<K>(K);

#[cfg(feature = "simd")]
impl<K: Kernel> pulp::NullaryFnOnce for Dispatched<K> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.0.run();
    }
}

#[cfg(feature = "simd")]
impl Instructions {
    /// The widest that there are.
    pub fn widest() -> Self {
        let arch = pulp::Arch::new();
        Self { arch }
    }

    /// All that there are, the narrowest first.
    pub fn all() -> Vec<Self> {
        let mut sets = vec![pulp::Arch::Scalar];
        #[cfg(target_arch = "x86_64")]
        {
            sets.extend(pulp::x86::V3::try_new().map(pulp::Arch::V3));
            sets.extend(pulp::x86::V4::try_new().map(pulp::Arch::V4));
        }
        #[cfg(target_arch = "aarch64")]
        sets.extend(pulp::aarch64::Neon::try_new().map(pulp::Arch::Neon));
        sets.into_iter().map(|arch| Self { arch }).collect()
    }

    /// What they are called.
    pub fn name(self) -> &'static str {
        match self.arch {
            #[cfg(target_arch = "x86_64")]
            pulp::Arch::V3(_) => "AVX2",
            #[cfg(target_arch = "x86_64")]
            pulp::Arch::V4(_) => "AVX-512",
            #[cfg(target_arch = "aarch64")]
            pulp::Arch::Neon(_) => "NEON",
            _ => baseline(),
        }
    }

    /// Runs the kernel in them.
    pub fn run(self, kernel: impl Kernel) {
        self.arch.dispatch(Dispatched(kernel));
    }
}

#[cfg(not(feature = "simd"))]
impl Instructions {
    /// Those that the crate was compiled for.
    pub fn widest() -> Self {
        Self {}
    }

    /// Those that the crate was compiled for.
    pub fn all() -> Vec<Self> {
        vec![Self {}]
    }

    /// What they are called.
    pub fn name(self) -> &'static str {
        baseline()
    }

    /// Runs the kernel in them.
    pub fn run(self, kernel: impl Kernel) {
        kernel.run();
    }
}

/// What every processor of the kind has.
fn baseline() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "SSE2",
        _ => "baseline",
    }
}

/// head + tail, the head of at most 26 bits, so that a product of two heads is exact, and
/// the tail below 2^−24 of it. As a number it has some 78 bits.
#[derive(Clone, Copy, Debug)]
pub struct Split {
    /// The first 26 bits.
    pub head: f64,
    /// The rest.
    pub tail: f64,
}

/// The first 26 bits of x.
#[inline(always)]
pub fn head(x: f64) -> f64 {
    f64::from_bits(x.to_bits() & !0x07ff_ffff)
}

impl Split {
    /// x, exactly.
    #[inline(always)]
    pub fn of(x: f64) -> Self {
        let head = head(x);
        Self {
            head,
            tail: x - head,
        }
    }

    /// x + y + z for a y that is small beside x, and a z small beside y or a head's last
    /// bit. All but the last addition is exact.
    #[inline(always)]
    fn of_sum(x: f64, y: f64, z: f64) -> Self {
        let head = head(x + y + z);
        Self {
            head,
            tail: ((x - head) + y) + z,
        }
    }

    /// The product as an exact one of the heads, and the rest. Error: 2^−76 of it.
    #[inline(always)]
    pub fn times(self, other: Self) -> (f64, f64) {
        let rest = self.head * other.tail + self.tail * other.value();
        (self.head * other.head, rest)
    }

    /// The product.
    #[inline(always)]
    pub fn product(self, other: Self) -> Self {
        let (heads, rest) = self.times(other);
        Self::of_sum(heads, rest, 0.0)
    }

    /// Both parts times a power of two.
    #[inline(always)]
    fn scaled(self, by: f64) -> Self {
        Self {
            head: self.head * by,
            tail: self.tail * by,
        }
    }

    /// 1/x. Error: 2^−76 of it.
    #[inline(always)]
    pub fn reciprocal(self) -> Self {
        let y = 1.0 / self.value();
        let head = head(y);
        // 1/x = h + (1 − h·x)/x.
        let missing = (1.0 - head * self.head) - head * self.tail;
        Self {
            head,
            tail: y * missing,
        }
    }

    /// The nearest double.
    #[inline(always)]
    pub fn value(self) -> f64 {
        self.head + self.tail
    }
}

/// a + b as the nearest double, and the exact rest.
#[inline(always)]
pub fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let of_b = sum - a;
    let of_a = sum - of_b;
    (sum, (a - of_a) + (b - of_b))
}

/// ln 2 in two parts: 42 bits, whose products with exponents are exact, and 53 more.
const LN_2: [f64; 2] = [
    f64::from_bits(0x3fe6_2e42_fefa_3800),
    f64::from_bits(0x3d2e_f357_93c7_6730),
];

/// Added to a number below 2^51, this rounds it to an integer, in the last bits of the sum.
const ROUND: f64 = 6_755_399_441_055_744.0;

/// 2^k, from a sum k + [`ROUND`], for a normal 2^k.
#[inline(always)]
fn two_to(rounded: f64) -> f64 {
    f64::from_bits(rounded.to_bits().wrapping_add(1023) << 52)
}

/// 1/n! for n = 3, …, 7.
pub const TAYLOR: [f64; 5] = [
    1.0 / 6.0,
    1.0 / 24.0,
    1.0 / 120.0,
    1.0 / 720.0,
    1.0 / 5040.0,
];

/// t³/3! + t⁴/4! + … with the coefficients that are given.
#[inline(always)]
fn beyond_square(coefficients: &[f64; 5], t: f64) -> f64 {
    let [c3, c4, c5, c6, c7] = *coefficients;
    let square = t * t;
    square * t * (c3 + t * (c4 + t * (c5 + t * (c6 + t * c7))))
}

/// e^x to 2^−32 of it, for |x| < 700.
#[inline(always)]
pub fn rough_exp(x: f64) -> f64 {
    let rounded = x * LOG2_E + ROUND;
    let t = (x - (rounded - ROUND) * std::f64::consts::LN_2) * 0.5;
    let root = 1.0 + t + 0.5 * t * t + beyond_square(&TAYLOR, t);
    root * root * two_to(rounded)
}

/// How often e^t is squared.
const SQUARINGS: usize = 7;

/// e^{x+y} for |x| < 700 of at most 52 bits and |y| ≤ 2^−25 |x|. Error: 2^−71 of it, and as
/// much as an error of x by a fraction 2^−77 makes.
#[inline(always)]
pub fn exp(x: f64, y: f64) -> Split {
    exp_by(&TAYLOR, x, y)
}

/// [`exp`] with the coefficients that are given.
///
/// x + y = k ln 2 + 2^7 t, so |t| < 0.0028, and e^t − 1 = q is squared seven times:
/// (1 + q)² = 1 + 2q + q². A relative error of q stays what it is, and an absolute one is
/// multiplied by 2^7 in all. It comes from the cubic term, 2^−28, whose rounding makes it
/// 2^−79; what the polynomial leaves out is t^8/8! < 2^−83.
#[inline(always)]
pub fn exp_by(coefficients: &[f64; 5], x: f64, y: f64) -> Split {
    const STEP: f64 = 1.0 / (1 << SQUARINGS) as f64;
    let rounded = x * LOG2_E + ROUND;
    let k = rounded - ROUND;
    // The first difference is exact: both are multiples of 2^−54, and it is below 1/2.
    let high = (x - k * LN_2[0]) * STEP;
    let low = (y - k * LN_2[1]) * STEP;
    let a = head(high);
    let b = (high - a) + low;
    // (a + b)²/2 = a²/2 + b(a + b/2), and a² is exact.
    let rest = (b + b * (a + 0.5 * b)) + beyond_square(coefficients, high + low);
    let mut q = Split::of_sum(a, 0.5 * a * a, rest);
    for _ in 0..SQUARINGS {
        let twice = q.head + q.head;
        let rest = q.tail * (2.0 + twice + q.tail);
        q = Split::of_sum(twice, q.head * q.head, rest);
    }
    Split::of_sum(1.0, q.head, q.tail).scaled(two_to(rounded))
}
