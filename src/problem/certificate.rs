//! A solution as a statement that Coq checks, from proofs/ alone (T8).

use super::{Answer, Problem, ProblemError, Single};
use crate::balance::{Balance, Equilibrium, Spectrum, SpectrumSource};
use crate::scalar::{Enclosure, Field, Rational, parse_exact};
use std::cmp::Ordering;
use std::fmt::Write;
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
}

/// Over which integers Coq's interval arithmetic computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integers {
    /// The processor's: fast, and the standard library's axioms about them are trusted.
    Machine,
    /// Those that are defined in Coq: nothing is trusted but the axioms of the reals.
    Pure,
}

/// Beyond this many bits Coq would compute for hours.
const MAX_BITS: u32 = 1 << 14;

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
    let Some(Ok(SpectrumSource::Exact(spectrum))) = problem.source() else {
        return Err(CertificateError::Rates);
    };
    let strength = &problem.strength;
    let solution = problem.solve(digits)?;
    let mut text = format!(
        "(** Written by noise-equilibrium {}; compile with\n    coqc -Q proofs NoiseEquilibrium FILE, after make proofs. *)\n\nFrom Coq Require Import Reals List QArith.\nFrom NoiseEquilibrium.analysis Require Import Balance Certificate.\n",
        env!("CARGO_PKG_VERSION")
    );
    if integers == Integers::Machine {
        text += "From Interval Require Import Tactic.\n";
    }
    text += "Import ListNotations.\nLocal Open Scope Q_scope.\n\n";
    let terms = spectrum.terms().iter().map(|term| {
        let [rate, noise, charge] = [&term.rate, &term.noise, &term.charge].map(fraction);
        format!("RationalTerm {rate} {noise} {charge}")
    });
    let terms: Vec<String> = terms.collect();
    let [gamma, sigma2] = [&strength.gamma, &strength.sigma2].map(fraction);
    let _ = writeln!(
        text,
        "(** γ, σ², and the rate, noise and charge of each term. *)\nDefinition problem_at_hand : problem := Problem {gamma} {sigma2}\n  [{}].\n",
        terms.join(";\n   ")
    );
    let everywhere = |sign: &str| {
        format!(
            "Theorem {THEOREM} : forall λ, ({sign})%R.\nProof. exact (T8_status problem_at_hand eq_refl). Qed.\n"
        )
    };
    let at = "problem_balance problem_at_hand λ";
    text += &match solution.status() {
        "plus-infinity" => everywhere(&format!("0 < {at}")),
        "minus-infinity" => everywhere(&format!("{at} < 0")),
        "degenerate" => everywhere(&format!("{at} = 0")),
        _ => finite(&solution.answer, &spectrum, problem, digits, integers)?,
    };
    Ok(text)
}

fn finite(
    answer: &Answer,
    spectrum: &Spectrum<Rational>,
    problem: &Problem,
    digits: u32,
    integers: Integers,
) -> Result<String, CertificateError> {
    let exact = Balance {
        spectrum: spectrum.clone(),
        strength: problem.strength.clone(),
    };
    if exact.at_start() == 0 {
        return Ok(format!(
            "Theorem {THEOREM} : is_equilibrium problem_at_hand 0.\nProof. apply T8_equilibrium_at_start; reflexivity. Qed.\n"
        ));
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
    let number = |text: &str| parse_exact(text).map_err(|_| CertificateError::Rates);
    let bits = bits(&exact, digits, [&number(&lower)?, &number(&upper)?])?;
    let proof = match integers {
        Integers::Pure => format!("enclose {bits}%positive."),
        Integers::Machine => {
            let sign = format!("expose_terms; interval with (i_prec {bits})");
            format!("apply T8_enclosure; [vm_compute; reflexivity | {sign} | {sign}].")
        }
    };
    let [lower, upper] = [&lower, &upper].map(|text| decimal(text));
    Ok(format!(
        "Theorem {THEOREM} : equilibrium_between problem_at_hand\n  {lower}\n  {upper}.\nProof. {proof} Qed.\n"
    ))
}

/// Bits with which interval arithmetic decides that G is positive at the one end and
/// negative at the other, and some to spare: Coq's rounds a little more often.
fn bits(
    exact: &Balance<Rational>,
    digits: u32,
    [lower, upper]: [&Rational; 2],
) -> Result<u32, CertificateError> {
    let mut bits = 40 + digits * 10 / 3;
    while bits <= MAX_BITS {
        let balance = Balance {
            spectrum: exact.spectrum.map(|q| Enclosure::at(bits, q)),
            strength: exact.strength.map(|q| Enclosure::at(bits, q)),
        };
        let sign = |q: &Rational| balance.g(&Enclosure::at(bits, q)).sign();
        if sign(lower) == Some(Ordering::Greater) && sign(upper) == Some(Ordering::Less) {
            return Ok(bits + 24);
        }
        bits += bits / 4;
    }
    Err(CertificateError::Bits(MAX_BITS))
}

/// A rational as Coq reads it.
fn fraction(q: &Rational) -> String {
    match (q.is_integer(), q.cmp0()) {
        (true, Ordering::Less) => format!("({})", q.numer()),
        (true, _) => q.numer().to_string(),
        (false, _) => format!("({} # {})", q.numer(), q.denom()),
    }
}

/// A decimal as Coq reads it, its digits as they are printed.
fn decimal(text: &str) -> String {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let exponent: i64 = exponent.parse().unwrap_or(0);
    let (sign, magnitude) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let (whole, part) = magnitude.split_once('.').unwrap_or((magnitude, ""));
    let digits = format!("{whole}{part}");
    let digits = match digits.trim_start_matches('0') {
        "" => "0",
        trimmed => trimmed,
    };
    let places = i64::try_from(part.len()).unwrap_or(i64::MAX) - exponent;
    match places {
        0 => format!("({sign}{digits})"),
        1.. => format!("({sign}{digits} # 10 ^ {places})"),
        _ => {
            let zeros = usize::try_from(-places).unwrap_or(0);
            format!("({sign}{digits}{})", "0".repeat(zeros))
        }
    }
}
