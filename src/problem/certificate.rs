//! A solution as a statement that Coq checks, from proofs/ alone (T8).
//!
//! A certificate is data, and a text that follows from them: [`Certificate::parse`] accepts
//! nothing but what [`Certificate`]'s `Display` writes. So nobody's words reach Coq but ours.

use super::{Answer, Problem, ProblemError, Single};
use crate::balance::{BalanceEquation, Equilibrium, Spectrum, SpectrumSource, Strength, Term};
use crate::scalar::{Ball, Field, Rational, at_precision};
use rug::Integer;
use rug::ops::Pow;
use std::cmp::Ordering;
use std::fmt;
use thiserror::Error;

/// The name of the theorem in a certificate.
pub const THEOREM: &str = "certificate";

/// Why there is no certificate.
#[derive(Debug, Error)]
pub enum CertificateError {
    /// The problem itself.
    #[error(transparent)]
    Problem(#[from] ProblemError),
    /// No finite list of rational (μ, a, c).
    #[error(
        "no certificate: expected one generator with rational rates (a spectrum, or a diagonal, scaling or rescaling generator)"
    )]
    Rates,
    /// The two signs take too many bits.
    #[error("no certificate: the signs at the ends of the interval are not decided with {0} bits")]
    Bits(u32),
    /// Coq would not come back from it.
    #[error("no certificate: it would take more than {0}")]
    Size(String),
}

/// Where a text departs from what a certificate says.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line}: expected {expected}, found {found}")]
pub struct NotACertificate {
    /// Counted from 1.
    pub line: usize,
    /// What would be right.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

/// Over which integers Coq's interval arithmetic computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integers {
    /// The processor's: fast, and the standard library's axioms about them are trusted.
    Machine,
    /// Those that are defined in Coq: nothing is trusted but the axioms of the reals.
    Pure,
}

/// The end of an interval: mantissa · 10^−places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// With the sign.
    pub mantissa: Integer,
    /// Digits behind the point.
    pub places: u32,
}

/// What is proved of a problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// G has this sign for every λ: there is no equilibrium, or all are equal.
    Everywhere(Ordering),
    /// λ* = 0.
    AtStart,
    /// The one equilibrium lies strictly between these.
    Between {
        /// Below it.
        lower: End,
        /// Above it.
        upper: End,
        /// With which the signs of G at the ends are computed.
        bits: u32,
    },
}

/// A statement about one problem with its proof. `Display` is the file for Coq.
#[derive(Clone, Debug, PartialEq)]
pub struct Certificate {
    /// Of the program that wrote it: three numbers with points between them.
    pub version: String,
    /// What the proof computes with.
    pub integers: Integers,
    /// γ and σ².
    pub strength: Strength<Rational>,
    /// The triples (μ, a, c).
    pub spectrum: Spectrum<Rational>,
    /// What is proved.
    pub claim: Claim,
}

/// Beyond this many bits Coq would compute for hours.
const MAX_BITS: u32 = 1 << 14;
/// Coq rounds a little more often than this crate.
const SPARE_BITS: u32 = 24;
/// With 53 bits and fewer the tactic computes with the processor's floats, and trusts more.
const MIN_BITS: u32 = 64;
/// The longest number, and the farthest from 1. On longer ones Coq runs out of stack, or
/// comes to no end.
const MAX_DIGITS: usize = 10_000;
/// The longest text, in bytes.
pub const MAX_CERTIFICATE: usize = 16 << 20;

// What the writer and the reader have to say in the same words.
const WRITTEN_BY: &str = "(** noise-equilibrium/certificate-1, written by noise-equilibrium ";
const HEADER: &str = ".
    Have it checked by noise-equilibrium certificate check FILE: Coq alone runs
    whatever somebody else may have put into a file. *)

From Coq Require Import Reals List QArith.
From NoiseEquilibrium.analysis Require Import Balance Certificate.
";
const TACTIC: &str = "From Interval Require Import Tactic.\n";
const PROBLEM: &str = "Import ListNotations.
Local Open Scope Q_scope.

(** γ, σ², and the rate, noise and charge of each term. *)
Definition problem_at_hand : problem := Problem ";
const TERMS: &str = "\n  [";
const TERM: &str = "RationalTerm ";
const NEXT_TERM: &str = ";\n   ";
const CLAIM: &str = "].\n\nTheorem certificate : ";
const EVERYWHERE: &str = "forall λ, (";
const SIGNS: [(Ordering, &str); 3] = [
    (Ordering::Greater, "0 < problem_balance problem_at_hand λ"),
    (Ordering::Less, "problem_balance problem_at_hand λ < 0"),
    (Ordering::Equal, "problem_balance problem_at_hand λ = 0"),
];
const STATUS: &str = ")%R.\nProof. exact (T8_status problem_at_hand eq_refl). Qed.\n";
const AT_START: &str = "is_equilibrium problem_at_hand 0.
Proof. apply T8_equilibrium_at_start; reflexivity. Qed.
";
const BETWEEN: &str = "equilibrium_between problem_at_hand\n  ";
const UPPER: &str = "\n  ";
const PROOF: &str = ".\nProof. ";
const PURE: [&str; 2] = ["enclose ", "%positive."];
const MACHINE: [&str; 3] = [
    "apply T8_enclosure; [vm_compute; reflexivity | expose_terms; interval with (i_prec ",
    ") | expose_terms; interval with (i_prec ",
    ")].",
];
const QED: &str = " Qed.\n";

/// A Coq file that states the answer to `digits` digits for the exact problem and proves
/// it: the status, or that the one equilibrium lies in the interval that `solve` prints.
///
/// # Errors
/// [`CertificateError`] where the problem has none.
pub fn certificate(
    problem: &Problem,
    digits: u32,
    integers: Integers,
) -> Result<String, CertificateError> {
    Ok(Certificate::new(problem, digits, integers)?.to_string())
}

impl Certificate {
    /// The answer to `digits` digits for the exact problem.
    ///
    /// # Errors
    /// [`CertificateError`] where the problem has none.
    pub fn new(
        problem: &Problem,
        digits: u32,
        integers: Integers,
    ) -> Result<Self, CertificateError> {
        let spectrum = rational(problem)?;
        let strength = problem.strength.clone();
        let long = |q: &Rational| length(q.numer()).max(length(q.denom())) > MAX_DIGITS;
        let long_term =
            |term: &Term<Rational>| long(&term.rate) || long(&term.noise) || long(&term.charge);
        if long(&strength.gamma) || long(&strength.sigma2) || spectrum.terms().iter().any(long_term)
        {
            return Err(too_long());
        }
        let solution = problem.solve(digits)?;
        let claim = match solution.status() {
            "plus-infinity" => Claim::Everywhere(Ordering::Greater),
            "minus-infinity" => Claim::Everywhere(Ordering::Less),
            "degenerate" => Claim::Everywhere(Ordering::Equal),
            _ => finite(&solution.answer, &spectrum, &strength, digits)?,
        };
        let certificate = Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            integers,
            strength,
            spectrum,
            claim,
        };
        if certificate.to_string().len() > MAX_CERTIFICATE {
            return Err(CertificateError::Size(format!("{MAX_CERTIFICATE} bytes")));
        }
        Ok(certificate)
    }

    /// The certificate that a text is, to the letter.
    ///
    /// # Errors
    /// [`NotACertificate`] says where the text departs from what `Display` writes, or
    /// which of its numbers is too large to have it checked.
    pub fn parse(text: &str) -> Result<Self, NotACertificate> {
        if text.len() > MAX_CERTIFICATE {
            return Err(NotACertificate {
                line: 1,
                expected: format!("at most {MAX_CERTIFICATE} bytes"),
                found: format!("{}", text.len()),
            });
        }
        let certificate = Reader { text, at: 0 }.certificate()?;
        // Whatever the reader let pass (1/3 written as 2/6, zeros before a number).
        let again = certificate.to_string();
        if again != text {
            let mut reader = Reader { text, at: 0 };
            reader.literal(&again)?;
            reader.end()?;
        }
        Ok(certificate)
    }

    /// Where it speaks of another problem than `problem`; terms of equal rate are merged.
    ///
    /// # Errors
    /// [`CertificateError::Rates`] where the problem has no rational spectrum.
    pub fn difference(&self, problem: &Problem) -> Result<Option<String>, CertificateError> {
        let meant = Spectrum::merged(rational(problem)?.terms().iter().cloned());
        let here = Spectrum::merged(self.spectrum.terms().iter().cloned());
        let differ = |what: &str, here: &Rational, meant: &Rational| {
            let [here, meant] = [here, meant].map(|q| shorten(&q.to_string()));
            (here != meant).then(|| format!("{what} is {here}, and {meant} in the problem"))
        };
        let of_strength = [
            ("γ", &self.strength.gamma, &problem.strength.gamma),
            ("σ²", &self.strength.sigma2, &problem.strength.sigma2),
        ];
        for (what, here, meant) in of_strength {
            if here != meant {
                let long = format!("{what} differs from the problem's");
                return Ok(Some(differ(what, here, meant).unwrap_or(long)));
            }
        }
        for (a, b) in here.terms().iter().zip(meant.terms()) {
            let of_term = [
                ("a rate", &a.rate, &b.rate),
                ("the noise", &a.noise, &b.noise),
                ("the charge", &a.charge, &b.charge),
            ];
            for (what, here, meant) in of_term {
                if here != meant {
                    let what = match what {
                        "a rate" => what.to_owned(),
                        _ => format!("{what} of the rate {}", shorten(&a.rate.to_string())),
                    };
                    let long = format!("{what} differs from the problem's");
                    return Ok(Some(differ(&what, here, meant).unwrap_or(long)));
                }
            }
        }
        let [here, meant] = [&here, &meant].map(|spectrum| spectrum.terms().len());
        Ok((here != meant).then(|| {
            format!("it has {here} terms of different rates, and the problem has {meant}")
        }))
    }
}

impl Claim {
    /// The width of the interval, where there is one.
    pub fn width(&self) -> Option<Rational> {
        match self {
            Self::Between { lower, upper, .. } => Some(upper.value() - lower.value()),
            _ => None,
        }
    }

    /// The largest d for which the interval's width is at most 10^−d relative to every
    /// number in it; `None` where it is wider than that for every d ≥ 0, or no interval.
    pub fn digits(&self) -> Option<usize> {
        let Self::Between { lower, upper, .. } = self else {
            return None;
        };
        let (lower, upper) = (lower.value(), upper.value());
        // Between numbers of both signs the smallest is 0.
        if lower >= upper || (lower <= 0 && upper >= 0) {
            return None;
        }
        let width = Rational::from(&upper - &lower);
        let smallest = lower.abs().min(upper.abs());
        let (_, ratio) = Rational::from(&smallest / &width).fract_floor(Integer::new());
        if ratio >= 1 {
            Some(ratio.to_string().len() - 1)
        } else {
            None
        }
    }
}

impl End {
    /// The number.
    pub fn value(&self) -> Rational {
        Rational::from((&self.mantissa, Integer::from(10).pow(self.places)))
    }

    /// A decimal as this crate prints it, its digits as they are.
    fn from_decimal(text: &str) -> Result<Self, CertificateError> {
        let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
        let exponent: i64 = exponent.parse().map_err(|_| too_long())?;
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let places = i64::try_from(part.len()).unwrap_or(i64::MAX) - exponent;
        let away = usize::try_from(places.unsigned_abs()).unwrap_or(usize::MAX);
        if away.saturating_add(mantissa.len()) > MAX_DIGITS {
            return Err(too_long());
        }
        let digits: Integer = format!("{whole}{part}").parse().map_err(|_| too_long())?;
        let power = u32::try_from(places.unsigned_abs()).map_err(|_| too_long())?;
        Ok(if places >= 0 {
            Self {
                mantissa: digits,
                places: power,
            }
        } else {
            Self {
                mantissa: digits * Integer::from(10).pow(power),
                places: 0,
            }
        })
    }
}

fn too_long() -> CertificateError {
    CertificateError::Size(format!("{MAX_DIGITS} digits for a number"))
}

/// At least the number of digits, and at most one more.
fn length(n: &Integer) -> usize {
    n.significant_bits() as usize * 30_103 / 100_000 + 1
}

/// The problem's terms, where these are finitely many rational ones.
fn rational(problem: &Problem) -> Result<Spectrum<Rational>, CertificateError> {
    match problem.source() {
        Some(Ok(SpectrumSource::Exact(spectrum))) => Ok(spectrum),
        _ => Err(CertificateError::Rates),
    }
}

fn finite(
    answer: &Answer,
    spectrum: &Spectrum<Rational>,
    strength: &Strength<Rational>,
    digits: u32,
) -> Result<Claim, CertificateError> {
    let exact = BalanceEquation {
        spectrum: spectrum.clone(),
        strength: strength.clone(),
    };
    if exact.at_start() == 0 {
        return Ok(Claim::AtStart);
    }
    let Answer::Single(Single {
        equilibrium: Equilibrium::Finite(found),
        ..
    }) = answer
    else {
        return Err(CertificateError::Rates);
    };
    // As many digits as a solution prints.
    let places = usize::try_from(digits).unwrap_or(usize::MAX - 2) + 2;
    let ends = found.certified.lambda.to_decimal(places);
    let (lower, upper) = ends.ok_or(CertificateError::Rates)?;
    let [lower, upper] = [End::from_decimal(&lower)?, End::from_decimal(&upper)?];
    let bits = bits(&exact, digits, [&lower.value(), &upper.value()])?;
    Ok(Claim::Between { lower, upper, bits })
}

/// Bits with which interval arithmetic decides that G is positive at the one end and
/// negative at the other, and some to spare: Coq's rounds a little more often.
fn bits(
    exact: &BalanceEquation<Rational>,
    digits: u32,
    [lower, upper]: [&Rational; 2],
) -> Result<u32, CertificateError> {
    let mut bits = 40 + digits * 10 / 3;
    while bits <= MAX_BITS {
        let signs = at_precision(bits, || {
            let balance = BalanceEquation {
                spectrum: exact.spectrum.map(Ball::from_rational),
                strength: exact.strength.map(Ball::from_rational),
            };
            [lower, upper].map(|q| balance.g(&Ball::from_rational(q)).sign())
        });
        if signs == [Some(Ordering::Greater), Some(Ordering::Less)] {
            return Ok(bits + SPARE_BITS);
        }
        bits += bits / 4;
    }
    Err(CertificateError::Bits(MAX_BITS))
}

impl fmt::Display for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{WRITTEN_BY}{}{HEADER}", self.version)?;
        if self.integers == Integers::Machine {
            f.write_str(TACTIC)?;
        }
        let [gamma, sigma2] = [&self.strength.gamma, &self.strength.sigma2].map(fraction);
        write!(f, "{PROBLEM}{gamma} {sigma2}{TERMS}")?;
        for (i, term) in self.spectrum.terms().iter().enumerate() {
            let [rate, noise, charge] = [&term.rate, &term.noise, &term.charge].map(fraction);
            let before = if i == 0 { "" } else { NEXT_TERM };
            write!(f, "{before}{TERM}{rate} {noise} {charge}")?;
        }
        f.write_str(CLAIM)?;
        match &self.claim {
            Claim::Everywhere(sign) => {
                let says = SIGNS.iter().find(|(known, _)| known == sign);
                write!(
                    f,
                    "{EVERYWHERE}{}{STATUS}",
                    says.map_or("", |(_, says)| says)
                )
            }
            Claim::AtStart => f.write_str(AT_START),
            Claim::Between { lower, upper, bits } => {
                write!(f, "{BETWEEN}{lower}{UPPER}{upper}{PROOF}")?;
                match self.integers {
                    Integers::Pure => write!(f, "{}{bits}{}", PURE[0], PURE[1])?,
                    Integers::Machine => {
                        write!(f, "{}{bits}{}{bits}{}", MACHINE[0], MACHINE[1], MACHINE[2])?
                    }
                }
                f.write_str(QED)
            }
        }
    }
}

/// As Coq reads it.
impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.places {
            0 => write!(f, "({})", self.mantissa),
            places => write!(f, "({} # 10 ^ {places})", self.mantissa),
        }
    }
}

/// A rational as Coq reads it.
fn fraction(q: &Rational) -> String {
    match (q.is_integer(), q.cmp0()) {
        (true, Ordering::Less) => format!("({})", q.numer()),
        (true, _) => q.numer().to_string(),
        (false, _) => format!("({} # {})", q.numer(), q.denom()),
    }
}

/// A text, and how far it has been read.
struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn certificate(mut self) -> Result<Certificate, NotACertificate> {
        self.literal(WRITTEN_BY)?;
        let version = self.version()?;
        self.literal(HEADER)?;
        let integers = if self.is_next(TACTIC) {
            Integers::Machine
        } else {
            Integers::Pure
        };
        self.literal(PROBLEM)?;
        let gamma = self.fraction()?;
        self.literal(" ")?;
        let sigma2 = self.fraction()?;
        self.literal(TERMS)?;
        let mut terms = Vec::new();
        // A problem has at least one.
        while terms.is_empty() || self.is_next(NEXT_TERM) {
            self.literal(TERM)?;
            let rate = self.fraction()?;
            self.literal(" ")?;
            let noise = self.fraction()?;
            self.literal(" ")?;
            let charge = self.fraction()?;
            terms.push(Term {
                rate,
                noise,
                charge,
            });
        }
        self.literal(CLAIM)?;
        let claim = self.claim(integers)?;
        self.end()?;
        Ok(Certificate {
            version,
            integers,
            strength: Strength { gamma, sigma2 },
            spectrum: Spectrum::from_terms(terms),
            claim,
        })
    }

    fn claim(&mut self, integers: Integers) -> Result<Claim, NotACertificate> {
        if self.is_next(EVERYWHERE) {
            for (sign, says) in SIGNS {
                if self.is_next(says) {
                    self.literal(STATUS)?;
                    return Ok(Claim::Everywhere(sign));
                }
            }
            return Err(self.other("the sign of problem_balance problem_at_hand λ"));
        }
        if self.rest().starts_with("is_equilibrium") {
            self.literal(AT_START)?;
            return Ok(Claim::AtStart);
        }
        if !self.is_next(BETWEEN) {
            return Err(self.other(
                "\"forall λ, (\", \"is_equilibrium problem_at_hand 0\" or \"equilibrium_between problem_at_hand\"",
            ));
        }
        let lower = self.interval_end()?;
        self.literal(UPPER)?;
        let upper = self.interval_end()?;
        self.literal(PROOF)?;
        let bits = match integers {
            Integers::Pure => {
                self.literal(PURE[0])?;
                let bits = self.bits()?;
                self.literal(PURE[1])?;
                bits
            }
            // The second time it is the same, or not what would be written.
            Integers::Machine => {
                self.literal(MACHINE[0])?;
                let bits = self.bits()?;
                self.literal(MACHINE[1])?;
                self.bits()?;
                self.literal(MACHINE[2])?;
                bits
            }
        };
        self.literal(QED)?;
        Ok(Claim::Between { lower, upper, bits })
    }

    fn version(&mut self) -> Result<String, NotACertificate> {
        let from = self.at;
        for part in 0..3 {
            if part > 0 {
                self.literal(".")?;
            }
            self.whole(0..=999_999_999)?;
        }
        Ok(self.text[from..self.at].to_owned())
    }

    fn bits(&mut self) -> Result<u32, NotACertificate> {
        self.whole(MIN_BITS..=MAX_BITS + SPARE_BITS)
    }

    /// p, (−p) or (p # q).
    fn fraction(&mut self) -> Result<Rational, NotACertificate> {
        if !self.is_next("(") {
            return Ok(Rational::from(self.natural()?));
        }
        let numerator = self.integer()?;
        let q = if self.is_next(" # ") {
            let start = self.at;
            let denominator = self.natural()?;
            if denominator == 0 {
                self.at = start;
                return Err(self.other("a denominator that is not 0"));
            }
            Rational::from((numerator, denominator))
        } else {
            Rational::from(numerator)
        };
        self.literal(")")?;
        Ok(q)
    }

    /// (m) or (m # 10 ^ places).
    fn interval_end(&mut self) -> Result<End, NotACertificate> {
        self.literal("(")?;
        let mantissa = self.integer()?;
        let places = if self.is_next(" # 10 ^ ") {
            self.whole(1..=MAX_DIGITS as u32)?
        } else {
            0
        };
        self.literal(")")?;
        Ok(End { mantissa, places })
    }

    fn integer(&mut self) -> Result<Integer, NotACertificate> {
        let negative = self.is_next("-");
        let n = self.natural()?;
        Ok(if negative { -n } else { n })
    }

    fn natural(&mut self) -> Result<Integer, NotACertificate> {
        let digits = self.digits();
        if digits.len() > MAX_DIGITS {
            return Err(NotACertificate {
                line: self.line(),
                expected: format!("at most {MAX_DIGITS} digits for a number"),
                found: digits.len().to_string(),
            });
        }
        let number = digits.parse().map_err(|_| self.other("a whole number"))?;
        self.at += digits.len();
        Ok(number)
    }

    /// A small number within limits.
    fn whole(&mut self, range: std::ops::RangeInclusive<u32>) -> Result<u32, NotACertificate> {
        let digits = self.digits();
        let number = digits.parse().ok().filter(|n| range.contains(n));
        let number = number.ok_or_else(|| {
            let (least, most) = (range.start(), range.end());
            self.other(&format!("a whole number from {least} to {most}"))
        })?;
        self.at += digits.len();
        Ok(number)
    }

    /// The digits that come next, perhaps none. They are not passed by.
    fn digits(&self) -> &'a str {
        let rest = self.rest();
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        &rest[..length]
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// Passes by what is expected, if it comes next.
    fn is_next(&mut self, expected: &str) -> bool {
        let there = self.rest().starts_with(expected);
        if there {
            self.at += expected.len();
        }
        there
    }

    fn literal(&mut self, expected: &str) -> Result<(), NotACertificate> {
        if self.is_next(expected) {
            return Ok(());
        }
        // Up to the first character that differs, to name its line.
        let pairs = self.rest().chars().zip(expected.chars());
        let common: usize = pairs
            .take_while(|(found, expected)| found == expected)
            .map(|(found, _)| found.len_utf8())
            .sum();
        self.at += common;
        let expected = expected[common..].split_inclusive('\n').next();
        Err(self.other(&format!("{:?}", shorten(expected.unwrap_or("")))))
    }

    fn end(&self) -> Result<(), NotACertificate> {
        match self.rest() {
            "" => Ok(()),
            _ => Err(self.other("the end of the file")),
        }
    }

    fn line(&self) -> usize {
        self.text[..self.at].matches('\n').count() + 1
    }

    /// Something else stands here.
    fn other(&self, expected: &str) -> NotACertificate {
        let found = match self.rest().split_inclusive('\n').next() {
            Some(found) => format!("{:?}", shorten(found)),
            None => "the end of the file".to_owned(),
        };
        NotACertificate {
            line: self.line(),
            expected: expected.to_owned(),
            found,
        }
    }
}

/// At most 60 characters, for a message of one line.
fn shorten(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}
