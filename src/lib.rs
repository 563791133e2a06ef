//! The noise equilibrium of SGD along the symmetries of a loss, to the standard of
//! validated numerics.
//!
//! When a loss is unchanged by θ → e^{λA}θ (rescaling a ReLU unit, turning the factors
//! of UW, scaling a normalised weight), gradient flow conserves the charge C = θᵀAθ.
//! The noise of SGD moves it, until the noise on the two sides balances. This crate
//! finds that point, certifies it to any number of digits, and checks every statement
//! of the theory (arXiv 2402.07193) in several number systems, each check beside a
//! negative control that must fail. The statements carry identifiers, T8 or C1, that
//! `docs/theory.md`, the code, the tests and the reports share.
//!
//! # From gradients to a certified equilibrium
//!
//! Take two samples' gradients at a point θ, and a generator A = diag(1, −1):
//!
//! ```
//! use noise_equilibrium::balance::{Noise, Orbit, Strength};
//! use noise_equilibrium::problem::{Body, Problem};
//! use noise_equilibrium::scalar::{Rational, parse_exact};
//! use noise_equilibrium::symmetry::Generator;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let numbers = |texts: [&str; 2]| texts.map(parse_exact).into_iter().collect::<Result<Vec<_>, _>>();
//! let generator = Generator::rescaling(2, vec![0], vec![1])?;
//! let theta = numbers(["0.5", "2"])?;
//! let gradients = vec![numbers(["4", "1"])?, numbers(["-4", "-1"])?];
//! let orbit = Orbit::new(generator, theta, Noise::Gradients(gradients))?;
//!
//! // Learning rate 1/10, batches of 4, no weight decay: σ² = η/(2B) = 1/80.
//! let strength = Strength::from_learning_rate(Rational::new(), parse_exact("0.1")?, parse_exact("4")?)?;
//! let problem = Problem { strength, body: Body::Orbit(orbit) };
//!
//! // λ* = ¼ ln(16/1) = ln 2 (C1): the first weight doubles, the second halves.
//! let solution = serde_json::to_value(problem.solve(30)?.to_file())?;
//! assert_eq!(solution["status"], "finite");
//! assert_eq!(solution["lambda"]["lower"], "0.69314718055994530941723212145817");
//! assert_eq!(solution["lambda"]["upper"], "0.69314718055994530941723212145818");
//! # Ok(())
//! # }
//! ```
//!
//! Every `lower` and `upper` encloses the exact real number for the exact rational
//! input. The same problem as a file is what `noise-equilibrium solve` reads.
//!
//! # In floating point
//!
//! The equilibrium depends on a problem through its [`Spectrum`](balance::Spectrum)
//! alone, the list of (rate μ, noise a, charge c). [`solve`](balance::solve) is generic
//! over `f32`, `f64` and, [at a stated precision](scalar::at_precision),
//! [`Real`](scalar::Real); [`solve_many`](balance::solve_many) takes many spectra of `f64` at
//! once, is faster and closer:
//!
//! ```
//! use noise_equilibrium::balance::{BalanceEquation, Equilibrium, Spectrum, Strength, Term, solve};
//!
//! let terms = vec![
//!     Term { rate: 1.0, noise: 3.0, charge: 1.0 },
//!     Term { rate: -2.0, noise: 1.0, charge: 0.5 },
//! ];
//! let balance = BalanceEquation {
//!     spectrum: Spectrum::from_terms(terms),
//!     strength: Strength::new(0.01, 0.05).unwrap(),
//! };
//! let Ok(Equilibrium::Finite(lambda)) = solve(&balance) else { panic!("both sides pull") };
//! // G falls through 0 at λ*.
//! assert!(balance.g(&(lambda - 1e-9)) > 0.0 && balance.g(&(lambda + 1e-9)) < 0.0);
//! ```
//!
//! # The statements
//!
//! [`theorem::LEDGER`] holds each statement with its checks and their sabotages;
//! [`audit::audit`] runs them:
//!
//! ```
//! # #[cfg(feature = "theorems")] {
//! use noise_equilibrium::audit::{Options, Verdict, audit};
//!
//! let options = Options { only: vec!["C1".into()], cases: 8, ..Options::default() };
//! let report = audit(&options, |_, _| ()).unwrap().report;
//! assert_eq!(report.verdict, Verdict::Verified);
//! # }
//! ```
//!
//! # Rooms
//!
//! Each module imports only from those before it: [`scalar`], [`symmetry`], [`balance`],
//! [`problem`], `checkpoint`, [`model`], `discovery`, [`dynamics`], [`phenomenon`],
//! [`reference`](mod@reference), [`theorem`], [`audit`].
//!
//! Features, all on by default: `theorems`, everything from [`dynamics`] on, which is not
//! needed to solve a problem; `simd`, which it brings, vector instructions for many spectra of
//! doubles; `arrays`, arrays in files and the balancing of checkpoints; `discovery`, the search
//! for the symmetries of a loss; `cli`, the program (with `cli` alone it has `solve`, `balance`,
//! `certificate` and `discover`).

#![deny(unsafe_code)]
#![warn(missing_docs)]
// What only they use stays in the rooms below them.
#![cfg_attr(not(feature = "theorems"), allow(dead_code))]

#[cfg(feature = "arrays")]
#[forbid(unsafe_code)]
mod array;
#[cfg(feature = "theorems")]
#[forbid(unsafe_code)]
pub mod audit;
#[forbid(unsafe_code)]
pub mod balance;
#[cfg(feature = "arrays")]
#[forbid(unsafe_code)]
pub mod checkpoint;
#[cfg(feature = "discovery")]
#[forbid(unsafe_code)]
pub mod discovery;
#[cfg(feature = "theorems")]
#[forbid(unsafe_code)]
pub mod dynamics;
#[forbid(unsafe_code)]
pub mod model;
#[cfg(feature = "theorems")]
#[forbid(unsafe_code)]
pub mod phenomenon;
#[forbid(unsafe_code)]
pub mod problem;
#[cfg(feature = "theorems")]
#[forbid(unsafe_code)]
pub mod reference;
// All but one of its files forbid unsafe code themselves; that one says why.
pub mod scalar;
#[forbid(unsafe_code)]
pub mod symmetry;
#[cfg(feature = "theorems")]
#[forbid(unsafe_code)]
pub mod theorem;
