//! What moved, and by how much: the balance-1 format.

use serde::Serialize;

/// The name of the format.
pub const FORMAT: &str = "noise-equilibrium/balance-1";

/// A quantity before and after the move.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Change {
    /// At the checkpoint that was given.
    pub before: f64,
    /// At the one that is written, before its tensors are rounded to their types.
    pub after: f64,
}

/// Did every pair that has an equilibrium reach it?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every imbalance is within the tolerance.
    Balanced,
    /// Some is not; no checkpoint is written.
    NotBalanced,
    /// No pair has a finite equilibrium: there is no other checkpoint to write.
    NothingMoved,
}

/// What became of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PairStatus {
    /// Within the tolerance.
    Balanced,
    /// Some units are, and the others have no finite equilibrium.
    PartlyBalanced,
    /// Beyond the tolerance when the sweeps ended.
    NotBalanced,
    /// Left where it is: only one side has noise or weight decay.
    Unbounded,
    /// Left where it is: the equilibrium is not determined.
    Degenerate,
}

impl PairStatus {
    /// The status in words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Balanced => "balanced",
            Self::PartlyBalanced => "partly balanced",
            Self::NotBalanced => "NOT BALANCED",
            Self::Unbounded => "unbounded",
            Self::Degenerate => "degenerate",
        }
    }
}

/// By what factors directions of the inner dimension were scaled, on the `up` side.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Factor {
    /// The smallest eigenvalue of P.
    pub smallest: f64,
    /// The largest.
    pub largest: f64,
}

/// T1, ∇ℓ·Aθ = 0, of the gradients that were given, at the hidden unit where it holds least.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Symmetry {
    /// The root of the mean square over the samples of what should cancel and does not,
    /// relative to the two sides that should agree.
    pub defect: f64,
    /// The largest such defect that rounding explains (docs/rounding.md).
    pub explained: f64,
    /// In which precision: `float64`, `float32`, `tf32`, `float16` or `bfloat16`.
    pub precision: &'static str,
}

/// One pair, or one head of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PairReport {
    /// As in the network's file, or the names of the two weights.
    pub name: String,
    /// `linear`, `relu`, `query-key` or `value-output`.
    pub kind: &'static str,
    /// r, the inner dimension.
    pub rank: usize,
    /// What became of it.
    pub status: PairStatus,
    /// Why it, or some of its units, did not move.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Hidden units whose equilibrium is at infinity, from 0.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unbounded: Vec<usize>,
    /// Hidden units without noise and weight decay.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub degenerate: Vec<usize>,
    /// Are the gradients those of a loss with the pair's symmetry?
    pub symmetry: Symmetry,
    /// Tr(UᵀU − WWᵀ).
    pub charge: Change,
    /// ‖M − N‖/(‖M‖ + ‖N‖) in the Frobenius norm; of units their diagonals, those left
    /// aside that do not move.
    pub imbalance: Change,
    /// Tr M + Tr N = 2γ(‖U‖² + ‖W‖²) + σ²(Tr Σ_U + Tr Σ_W).
    pub potential: Change,
    /// By what it was moved.
    pub factor: Factor,
}

/// The whole network.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// [`FORMAT`].
    pub format: &'static str,
    /// Did every pair that has an equilibrium reach it?
    pub status: Verdict,
    /// Sweeps over the pairs, the last of which found nothing left to move.
    pub sweeps: usize,
    /// The largest imbalance that counts as balanced.
    pub tolerance: f64,
    /// N, the number of samples.
    pub samples: usize,
    /// 2γ‖θ‖² + σ²Tr Σ over the tensors named, each counted once.
    pub potential: Change,
    /// What passed, and is not certain, in words.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// In the order of the network's file, head by head.
    pub pairs: Vec<PairReport>,
}
