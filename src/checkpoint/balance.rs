//! Sweeps over the pairs of a network, each solved exactly given the others.
//!
//! With P for the pair, U → UP and W → P⁻¹W, let M = 2γUᵀU + σ²N_W and
//! N = 2γWWᵀ + σ²N_U, where N_U and N_W are the sums of the blocks of Σ over the columns
//! of Uᵀ and of W. The potential Tr(MS) + Tr(NS⁻¹), S = PPᵀ, is least where S M S = N
//! (T17; C1 where P is diagonal). Pairs that share a tensor are coupled through it; the
//! potential of all is convex along geodesics (T18), so that sweeps lead to its minimum.

use super::architecture::{Architecture, Axis, Kind, Layout, Link, Port};
use super::mismatch::{Shaped, likely};
use super::orthogonality::{Orthogonality, orthogonality};
use super::pair::Pair;
use super::precision::Precision;
use super::report::{Change, FORMAT, Factor, PairReport, PairStatus, Report, Symmetry, Verdict};
use super::rounding::encode;
use super::tensors::{Slice, Tensor};
use super::transform::{Side, Transform, eigenvalues};
use crate::array::{Tensors, shape_text};
use crate::balance::{
    Spectrum, Strength, Term,
    family::{Edge, balance_network},
};
use crate::scalar::Field;
use nalgebra::DMatrix;
use rayon::prelude::*;
use thiserror::Error;

/// The largest relative imbalance ‖M − N‖/(‖M‖ + ‖N‖) that counts as balanced.
pub const TOLERANCE: f64 = 1e-10;
/// Sweeps over the pairs before they are given up.
pub const MAX_SWEEPS: usize = 1000;
/// Samples that one thread adds up; fixed, so that the sums are the same for any number
/// of threads.
const CHUNK: usize = 16;
/// Units of which the hidden values change by more than this factor are named.
const CHANGE: f64 = 1.1;
/// Where rounding explains a larger defect than this, much else may hide behind it.
const LOOSE: f64 = 1e-4;
/// Roundings by which the gradients of one sample may differ when they are computed again.
const AGAIN: f64 = 8.0;
/// Units that a warning lists.
const LISTED: usize = 12;
/// Eigenvalues as small as this many roundings, relative to the largest, count as 0.
const SAFETY: f64 = 16.0;

/// Why a checkpoint is refused.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum CheckpointError {
    /// A file, a tensor or its shape.
    #[error("{0}")]
    Invalid(String),
    /// The gradients are not those of a loss with the symmetry.
    #[error(
        "{pair}: the gradients are not those of a loss with this symmetry (T1 fails by {defect} at unit {unit}, where rounding in {precision} explains {explained}); are the kind, the layout and the bias right, all readers of the layer listed, the gradients taken at this checkpoint, and in no coarser precision (gradients_dtype) or at many positions (positions)?"
    )]
    Asymmetric {
        /// The pair's name.
        pair: String,
        /// The hidden unit, from 0.
        unit: usize,
        /// Relative to what should cancel.
        defect: String,
        /// The same of the largest defect that would be accepted.
        explained: String,
        /// How coarsely the gradients were computed.
        precision: &'static str,
    },
    /// The gradients are the same in all samples: there is nothing to balance.
    #[error(
        "{pair}: no noise: the gradients are the same in all samples ({samples}), up to rounding, and gamma is 0; expected one gradient for each of several samples (an optimiser's .grad is their mean)"
    )]
    NoNoise {
        /// The pair's name.
        pair: String,
        /// N.
        samples: usize,
    },
    /// A result that the tensor's type cannot hold.
    #[error("tensor \"{tensor}\": element {index} would leave the range of {dtype}")]
    Range {
        /// The tensor's name.
        tensor: String,
        /// The element, counted row by row.
        index: usize,
        /// The tensor's type.
        dtype: String,
    },
}

fn invalid(message: impl Into<String>) -> CheckpointError {
    CheckpointError::Invalid(message.into())
}

/// A network at the point where noise and weight decay balance.
#[derive(Clone, Debug)]
pub struct Balanced {
    /// What moved, and by how much.
    pub report: Report,
    /// The bytes of the new `.safetensors` file: the old ones, but for the numbers in the
    /// tensors that moved. `None` if some pair did not reach its equilibrium.
    pub checkpoint: Option<Vec<u8>>,
}

/// Moves a checkpoint to the point of its orbit where noise and weight decay balance.
///
/// `checkpoint` and `gradients` are `.safetensors` files; of each tensor that the network
/// names, of shape s, `gradients` holds the per-sample gradients of the loss, of shape
/// (N, s). All is computed in double precision; the numbers written are rounded to their
/// tensor's type. `progress` is told each sweep and its largest imbalance. The result
/// does not depend on the number of threads.
///
/// # Errors
/// [`CheckpointError`] with the field, the tensor, and what would be right.
pub fn balance(
    checkpoint: &[u8],
    network: &Architecture,
    gradients: &[u8],
    mut progress: impl FnMut(usize, f64),
) -> Result<Balanced, CheckpointError> {
    let mut model = Model::new(checkpoint, network, gradients)?;
    // Before the mean is taken off: T1 holds for each sample, and says nothing where only
    // what varies between them is left.
    let symmetries = model.check_symmetries()?;
    let silent = model.silent_pairs()?;
    model.tensors.iter_mut().for_each(Tensor::centre);
    let mut moves: Vec<Transform> = model.pairs.iter().map(Pair::identity).collect();
    let start: Vec<Measure> = (0..moves.len()).map(|k| model.measure(k, &moves)).collect();
    for (pair, measure) in model.pairs.iter().zip(&start) {
        if !measure.is_finite() {
            return Err(out_of_range(pair));
        }
    }
    let fates: Vec<Fate> = model
        .pairs
        .iter()
        .zip(&start)
        .map(|(pair, measure)| Fate::of(pair, measure, model.precision))
        .collect();
    if let Some(rescaled) = model.rescaled(&fates) {
        moves = rescaled;
    }
    let mut sweeps = 0;
    let mut worst = f64::INFINITY;
    // The last sweep moves nothing: what it measures is what is written.
    while worst > TOLERANCE && sweeps < MAX_SWEEPS {
        worst = 0.0;
        sweeps += 1;
        for (k, fate) in fates.iter().enumerate().filter(|(_, fate)| fate.moves()) {
            let measure = model.measure(k, &moves);
            let imbalance = measure.imbalance(fate);
            worst = f64::max(worst, imbalance);
            if imbalance > TOLERANCE {
                match moves[k].then_balance(&measure.m, &measure.n, &fate.moving) {
                    Some(next) => moves[k] = next,
                    // Singular to double precision on its way: not to be mended by more sweeps.
                    None => sweeps = MAX_SWEEPS,
                }
            }
        }
        progress(sweeps, worst);
    }
    let mut report = model.report(&moves, &fates, &start, &symmetries, sweeps);
    report.warnings = silent;
    if report.status == Verdict::Balanced {
        for ((pair, own), symmetry) in model.pairs.iter().zip(&moves).zip(&symmetries) {
            report.warnings.extend(symmetry.warnings(pair, own));
            report.warnings.extend(changed(pair, own));
        }
        report.warnings.extend(mixed(&model.pairs, &moves));
    }
    let checkpoint = match report.status {
        Verdict::Balanced => Some(model.write(checkpoint, &moves)?),
        Verdict::NotBalanced | Verdict::NothingMoved => None,
    };
    Ok(Balanced { report, checkpoint })
}

fn out_of_range(pair: &Pair) -> CheckpointError {
    invalid(format!(
        "{}: beyond the range of double precision",
        pair.name
    ))
}

/// T1 of a pair's gradients.
struct Judged {
    found: Orthogonality,
    /// That of the tensors and gradients, or a coarser one that the network's file states.
    precision: Precision,
    /// Would the gradients be refused, had they been computed in single precision?
    only_coarsely: bool,
}

impl Judged {
    fn warnings(&self, pair: &Pair, own: &Transform) -> Vec<String> {
        let Orthogonality {
            defect, explained, ..
        } = self.found;
        let (name, allowed) = (&pair.name, percent(explained));
        let mut said = Vec::new();
        if self.only_coarsely {
            said.push(format!(
                "{name}: accepted only because the precision is {}: T1 fails by {}, and {allowed} is allowed; a reader that is not listed, or another activation, with as small a part in the gradients would pass too: compare the outputs",
                self.precision.name(),
                percent(defect),
            ));
        } else if explained > LOOSE {
            said.push(format!(
                "{name}: rounding explains up to {allowed} of a defect of T1 (it is {}); a reader that is not listed with as small a part in the gradients would pass too: compare the outputs",
                percent(defect),
            ));
        }
        let moved = |unit: &&usize| own.moves(**unit);
        let unseen: Vec<String> = self
            .found
            .silent
            .iter()
            .filter(moved)
            .map(usize::to_string)
            .collect();
        if !unseen.is_empty() {
            said.push(format!(
                "{name}: the gradients say nothing of the symmetry of {} of {} units that move, since they are 0 in every sample (unit {}): compare the outputs",
                unseen.len(),
                pair.rank,
                listed(&unseen)
            ));
        }
        said
    }
}

/// The first few of a list.
fn listed(items: &[String]) -> String {
    let more = if items.len() > LISTED { ", …" } else { "" };
    format!("{}{more}", items[..items.len().min(LISTED)].join(", "))
}

/// A relative number for a reader.
fn percent(x: f64) -> String {
    if x >= 1e-3 {
        format!("{:.1}%", 100.0 * x)
    } else {
        format!("{:.0e}", x)
    }
}

/// The units whose hidden values change by a large factor. T1 sees what the samples reach: a
/// kink that none of them had reached may be reached now.
fn changed(pair: &Pair, own: &Transform) -> Option<String> {
    let Transform::Scale(factors) = own else {
        return None;
    };
    let size = |factor: f64| f64::max(factor, 1.0 / factor);
    let far = |(_, factor): &(usize, f64)| size(*factor) > CHANGE;
    let mut far: Vec<(usize, f64)> = factors.iter().copied().enumerate().filter(far).collect();
    far.sort_by(|x, y| size(y.1).total_cmp(&size(x.1)).then(x.0.cmp(&y.0)));
    let units: Vec<String> = far
        .iter()
        .map(|(unit, factor)| format!("{unit} by {:.3e}", 1.0 / factor))
        .collect();
    (!units.is_empty()).then(|| {
        format!(
            "{}: the hidden values of {} of {} units are multiplied (unit {}): ReLU and leaky ReLU do not mind; an activation with another kink (ReLU6, hard-swish, JumpReLU), or that compares units (top-k, maxout), may change the function where no sample shows it: compare the outputs",
            pair.name,
            units.len(),
            pair.rank,
            listed(&units)
        )
    })
}

/// The linear pairs whose hidden values are mixed: what lies between must be a sum.
fn mixed(pairs: &[Pair], moves: &[Transform]) -> Option<String> {
    let far = |(pair, own): &(&Pair, &Transform)| {
        let (smallest, largest) = own.range();
        pair.kind == Kind::Linear && (smallest < 1.0 / CHANGE || largest > CHANGE)
    };
    let far: Vec<String> = pairs
        .iter()
        .zip(moves)
        .filter(far)
        .map(|(pair, _)| pair.name.clone())
        .collect();
    (!far.is_empty()).then(|| {
        format!(
            "the hidden values of {} linear pairs are mixed ({}): right where nothing but a sum lies between the layers; an activation that is linear in all samples (ReLU of positive values) passes T1, and may change the function: compare the outputs",
            far.len(),
            listed(&far)
        )
    })
}

/// What is to become of a pair.
struct Fate {
    status: PairStatus,
    reason: Option<String>,
    /// For each unit: does it have a finite equilibrium?
    moving: Vec<bool>,
    unbounded: Vec<usize>,
    degenerate: Vec<usize>,
}

impl Fate {
    /// Which units have a finite equilibrium, decided once where the checkpoint is.
    fn of(pair: &Pair, measure: &Measure, precision: Precision) -> Self {
        let (m, n) = (&measure.m, &measure.n);
        if pair.kind == Kind::Relu {
            let pulls = |x: &DMatrix<f64>, j| x.get(j).is_some_and(|x: &f64| *x > 0.0);
            let units = |up, down| {
                let own = |j: &usize| (pulls(n, *j), pulls(m, *j)) == (up, down);
                (0..pair.rank).filter(own).collect::<Vec<_>>()
            };
            let one_sided = [units(true, false), units(false, true)].concat();
            return Self::units(pair.rank, one_sided, units(false, false));
        }
        let zero = |x: &DMatrix<f64>| x.iter().all(|x| *x == 0.0);
        let (none, reason) = match (zero(m), zero(n)) {
            (false, false) => {
                let unit = precision.unit();
                let limit = SAFETY * f64::max(pair.rank as f64 * f64::EPSILON, unit * unit);
                let definite = |x: &DMatrix<f64>| {
                    eigenvalues(x).is_some_and(|values| values.min() > limit * values.max())
                };
                let what = match (definite(m), definite(n)) {
                    (true, true) => return Self::all(pair.rank),
                    (false, true) => "2γUᵀU + σ²N_W is",
                    (true, false) => "2γWWᵀ + σ²N_U is",
                    (false, false) => "2γUᵀU + σ²N_W and 2γWWᵀ + σ²N_U are",
                };
                (
                    PairStatus::Degenerate,
                    format!("{what} not positive definite to the precision of the tensors"),
                )
            }
            (true, true) => (
                PairStatus::Degenerate,
                "neither side has noise or weight decay".to_owned(),
            ),
            _ => (
                PairStatus::Unbounded,
                "one side has neither noise nor weight decay".to_owned(),
            ),
        };
        Self::none(pair.rank, none, reason)
    }

    fn all(rank: usize) -> Self {
        Self {
            status: PairStatus::Balanced,
            reason: None,
            moving: vec![true; rank],
            unbounded: Vec::new(),
            degenerate: Vec::new(),
        }
    }

    fn none(rank: usize, status: PairStatus, reason: String) -> Self {
        Self {
            status,
            reason: Some(reason),
            moving: vec![false; rank],
            ..Self::all(0)
        }
    }

    fn units(rank: usize, unbounded: Vec<usize>, degenerate: Vec<usize>) -> Self {
        let mut all = Self::all(rank);
        for j in unbounded.iter().chain(&degenerate) {
            if let Some(moving) = all.moving.get_mut(*j) {
                *moving = false;
            }
        }
        let moves = all.moving.contains(&true);
        let mut reasons = Vec::new();
        if !unbounded.is_empty() {
            reasons.push("one side of some units has neither noise nor weight decay");
        }
        if !degenerate.is_empty() {
            reasons.push("neither side of some units has noise or weight decay");
        }
        Self {
            status: match (moves, reasons.is_empty(), unbounded.is_empty()) {
                (_, true, _) => PairStatus::Balanced,
                (true, false, _) => PairStatus::PartlyBalanced,
                (false, _, false) => PairStatus::Unbounded,
                (false, _, true) => PairStatus::Degenerate,
            },
            reason: (!reasons.is_empty()).then(|| reasons.join("; ")),
            unbounded,
            degenerate,
            ..all
        }
    }

    fn moves(&self) -> bool {
        self.moving.contains(&true)
    }
}

/// M and N of a pair (their diagonals where units are scaled), and its charge.
struct Measure {
    m: DMatrix<f64>,
    n: DMatrix<f64>,
    charge: f64,
}

impl Measure {
    fn is_finite(&self) -> bool {
        [&self.m, &self.n]
            .iter()
            .all(|x| (*x).iter().all(|x| x.is_finite()) && x.norm_squared().is_finite())
    }

    /// ‖M − N‖/(‖M‖ + ‖N‖), over the units that move.
    fn imbalance(&self, fate: &Fate) -> f64 {
        let moving = |x: &DMatrix<f64>| {
            DMatrix::from_fn(x.nrows(), x.ncols(), |i, j| match fate.moving.get(i) {
                Some(true) => x[(i, j)],
                _ => 0.0,
            })
        };
        // All of a pair that stays where it is.
        let own = |x: &DMatrix<f64>| if fate.moves() { moving(x) } else { x.clone() };
        let (m, n) = (own(&self.m), own(&self.n));
        let total = m.norm() + n.norm();
        if total > 0.0 {
            (&m - &n).norm() / total
        } else {
            0.0
        }
    }
}

/// What is moved: gradients move as the values of the other side do (T2).
#[derive(Clone, Copy)]
enum Quantity {
    Value,
    Gradient,
}

/// A transform that acts on a tensor.
#[derive(Clone, Copy)]
struct Touch {
    pair: usize,
    side: Side,
    slice: Slice,
}

struct Model {
    strength: Strength<f64>,
    samples: usize,
    /// The coarsest of the tensors' types, the gradients' and what the network's file states.
    precision: Precision,
    tensors: Vec<Tensor>,
    pairs: Vec<Pair>,
    /// For each tensor, what acts on it.
    touches: Vec<Vec<Touch>>,
}

impl Model {
    fn new(
        checkpoint: &[u8],
        network: &Architecture,
        gradients: &[u8],
    ) -> Result<Self, CheckpointError> {
        let [gamma, sigma2] =
            [&network.strength.gamma, &network.strength.sigma2].map(f64::from_rational);
        if !(gamma.is_finite() && sigma2.is_finite()) {
            return Err(invalid("strength: beyond the range of double precision"));
        }
        let checkpoint =
            Tensors::read(checkpoint).map_err(|error| invalid(format!("checkpoint: {error}")))?;
        let gradients =
            Tensors::read(gradients).map_err(|error| invalid(format!("gradients: {error}")))?;
        let mut model = Self {
            strength: Strength { gamma, sigma2 },
            samples: 0,
            precision: network.gradients_dtype.unwrap_or(Precision::Double),
            tensors: Vec::new(),
            pairs: Vec::new(),
            touches: Vec::new(),
        };
        for link in &network.links {
            for port in link.up.iter().chain(&link.down) {
                model.load(port, &checkpoint, &gradients)?;
            }
            model.add(link, network.layout)?;
        }
        Ok(model)
    }

    fn find(&self, port: &Port) -> Option<(usize, &Tensor)> {
        let mut tensors = self.tensors.iter().enumerate();
        tensors.find(|(_, tensor)| tensor.name == port.tensor)
    }

    fn load(
        &mut self,
        port: &Port,
        checkpoint: &Tensors<'_>,
        gradients: &Tensors<'_>,
    ) -> Result<(), CheckpointError> {
        if self.find(port).is_some() {
            return Ok(());
        }
        let (tensor, samples) = Tensor::load(&port.tensor, checkpoint, gradients)
            .map_err(|message| invalid(format!("{}: {message}", port.field)))?;
        match self.tensors.first() {
            Some(first) if self.samples != samples => {
                return Err(invalid(format!(
                    "gradients: tensor \"{}\": expected {} samples, as of \"{}\", found {samples}",
                    tensor.name, self.samples, first.name
                )));
            }
            _ => self.samples = samples,
        }
        self.precision = self.precision.coarser(tensor.precision);
        self.tensors.push(tensor);
        self.touches.push(Vec::new());
        Ok(())
    }

    /// T1 for each pair, from the gradients as they were given.
    fn check_symmetries(&self) -> Result<Vec<Judged>, CheckpointError> {
        let units = self.pairs.iter().map(|pair| pair.rank).sum();
        let judge = |pair: &Pair, precision| {
            let of = (self.samples, CHUNK);
            orthogonality(pair, &self.tensors, precision, of, units)
                .ok_or_else(|| out_of_range(pair))
        };
        let judged = self.pairs.iter().map(|pair| {
            let precision = self.precision;
            let found = judge(pair, precision)?;
            if !found.holds() {
                return Err(CheckpointError::Asymmetric {
                    pair: pair.name.clone(),
                    unit: found.unit,
                    defect: percent(found.defect),
                    explained: percent(found.explained),
                    precision: precision.name(),
                });
            }
            if self.is_unseen(pair) {
                return Err(invalid(format!(
                    "{}: all gradients are 0 in all samples ({}): they cannot show that the function has this symmetry",
                    pair.name, self.samples
                )));
            }
            let coarse = precision.unit() > Precision::Single.unit();
            let only_coarsely = coarse && !judge(pair, Precision::Single)?.holds();
            Ok(Judged {
                found,
                precision,
                only_coarsely,
            })
        });
        judged.collect()
    }

    /// The largest gradient in a slice, and the largest distance of one from the first sample's.
    fn spread(&self, slice: &Slice) -> (f64, f64) {
        let Some(tensor) = self.tensors.get(slice.tensor) else {
            return (0.0, 0.0);
        };
        let first = slice.gather(tensor.sample(0));
        (0..self.samples).fold((0.0, 0.0), |(largest, spread), sample| {
            let g = slice.gather(tensor.sample(sample));
            (
                f64::max(largest, g.amax()),
                f64::max(spread, (g - &first).amax()),
            )
        })
    }

    fn is_unseen(&self, pair: &Pair) -> bool {
        pair.slices().all(|slice| self.spread(slice).0 == 0.0)
    }

    /// What is to be said of pairs whose gradients, as they were given, are the same in all
    /// samples.
    fn silent_pairs(&self) -> Result<Vec<String>, CheckpointError> {
        // What one sample's gradients differ by when they are computed again is no noise.
        let varies = |slice: &Slice| {
            let (largest, spread) = self.spread(slice);
            spread > AGAIN * self.precision.unit() * largest
        };
        let mut said = Vec::new();
        for pair in &self.pairs {
            if self.strength.sigma2 == 0.0 || pair.slices().any(varies) {
                continue;
            }
            let (name, samples) = (&pair.name, self.samples);
            if self.strength.gamma == 0.0 {
                let pair = name.clone();
                return Err(CheckpointError::NoNoise { pair, samples });
            }
            said.push(format!(
                "{name}: no noise on either side: the gradients are the same in all samples ({samples}), up to rounding, so weight decay alone is balanced"
            ));
        }
        Ok(said)
    }

    /// The axis of a port: tensor, axis, length.
    fn axis(&self, port: &Port, layout: Layout) -> Result<(usize, usize, usize), CheckpointError> {
        let field = &port.field;
        let (place, tensor) = self
            .find(port)
            .ok_or_else(|| invalid(format!("{field}: missing")))?;
        let axis = tensor.axis(port.axis, layout).ok_or_else(|| {
            let expected = match port.axis {
                Axis::Bias => "one dimension",
                _ => "two dimensions or more",
            };
            invalid(format!(
                "{field}: tensor \"{}\": expected {expected}, found the shape {}",
                port.tensor,
                shape_text(&tensor.shape)
            ))
        })?;
        let length = tensor.shape.get(axis).copied().unwrap_or_default();
        if tensor.values.is_empty() {
            return Err(invalid(format!(
                "{field}: tensor \"{}\" is empty",
                port.tensor
            )));
        }
        Ok((place, axis, length))
    }

    fn shaped<'a>(&'a self, port: &'a Port, length: usize) -> Shaped<'a> {
        Shaped {
            port,
            shape: self.find(port).map_or(&[], |(_, tensor)| &tensor.shape),
            length,
        }
    }

    /// The pairs of a link, one for each head.
    fn add(&mut self, link: &Link, layout: Layout) -> Result<(), CheckpointError> {
        let axes = |ports: &[Port]| {
            let axes = ports.iter().map(|port| self.axis(port, layout));
            axes.collect::<Result<Vec<_>, _>>()
        };
        let (up, down) = (axes(&link.up)?, axes(&link.down)?);
        let ports = || link.up.iter().chain(&link.down);
        let (first, inner) = ports()
            .zip(up.iter().chain(&down))
            .map(|(port, axis)| (port, axis.2))
            .next()
            .ok_or_else(|| invalid(format!("{}: no tensors", link.name)))?;
        for (port, (.., length)) in ports().zip(up.iter().chain(&down)) {
            if *length != inner {
                let why = likely(&self.shaped(first, inner), &self.shaped(port, *length));
                return Err(invalid(format!(
                    "{}: expected the inner dimension {inner} of {} (\"{}\"), found {length} in \"{}\"; {why}",
                    port.field, first.field, first.tensor, port.tensor
                )));
            }
        }
        if inner % link.heads != 0 {
            return Err(invalid(format!(
                "{}: expected an inner dimension that {} heads divide, found {inner}",
                first.field, link.heads
            )));
        }
        let rank = inner / link.heads;
        for head in 0..link.heads {
            let slices = |axes: &[(usize, usize, usize)]| {
                let slice = |&(tensor, axis, _): &(usize, usize, usize)| {
                    let shape = self.tensors.get(tensor).map(|t| t.shape.as_slice());
                    Slice::new(tensor, shape.unwrap_or_default(), axis, head * rank, rank)
                };
                axes.iter().map(slice).collect::<Vec<_>>()
            };
            let pair = Pair {
                name: match link.heads {
                    1 => link.name.clone(),
                    _ => format!("{}, head {head}", link.name),
                },
                kind: link.kind,
                rank,
                positions: link.positions,
                up: slices(&up),
                down: slices(&down),
            };
            for (side, slice) in [Side::Up, Side::Down]
                .into_iter()
                .flat_map(|side| pair.side(side).iter().map(move |slice| (side, *slice)))
            {
                let Some(touches) = self.touches.get_mut(slice.tensor) else {
                    continue;
                };
                if touches.iter().any(|touch| touch.slice.overlaps(&slice)) {
                    let tensor = self.tensors.get(slice.tensor).map(|t| t.name.as_str());
                    return Err(invalid(format!(
                        "{}: tensor \"{}\": its axis {} is already moved by another pair, or another part of this one",
                        pair.name,
                        tensor.unwrap_or_default(),
                        slice.axis
                    )));
                }
                touches.push(Touch {
                    pair: self.pairs.len(),
                    side,
                    slice,
                });
            }
            self.pairs.push(pair);
        }
        Ok(())
    }

    /// A tensor's numbers after the moves, in the rows of a slice if one is given and
    /// anywhere otherwise. Transforms on different axes commute.
    fn moved(
        &self,
        tensor: usize,
        rows: Option<&Slice>,
        numbers: &[f64],
        moves: &[Transform],
        quantity: Quantity,
    ) -> Vec<f64> {
        let mut numbers = numbers.to_vec();
        for touch in self.touches.get(tensor).into_iter().flatten() {
            let elsewhere =
                |rows: &Slice| rows.axis == touch.slice.axis && !rows.overlaps(&touch.slice);
            let Some(transform) = moves
                .get(touch.pair)
                .filter(|_| !rows.is_some_and(elsewhere))
            else {
                continue;
            };
            let side = match quantity {
                Quantity::Value => touch.side,
                Quantity::Gradient => touch.side.other(),
            };
            let mut matrix = touch.slice.gather(&numbers);
            transform.apply(side, &mut matrix);
            touch.slice.scatter(&matrix, &mut numbers);
        }
        numbers
    }

    /// Σ XXᵀ over the slices of one side.
    fn gram(&self, pair: &Pair, side: Side, moves: &[Transform]) -> DMatrix<f64> {
        let grams = pair.side(side).iter().filter_map(|slice| {
            let tensor = self.tensors.get(slice.tensor)?;
            let x = slice.gather(&self.moved(
                slice.tensor,
                Some(slice),
                &tensor.values,
                moves,
                Quantity::Value,
            ));
            Some(pair.product(&x, &x))
        });
        grams.fold(pair.zero(), |sum, gram| sum + gram)
    }

    /// The sum of Σ's blocks over the slices of one side.
    fn noise(&self, pair: &Pair, side: Side, moves: &[Transform]) -> DMatrix<f64> {
        let mut total = pair.zero();
        for slice in pair.side(side) {
            let Some(tensor) = self.tensors.get(slice.tensor) else {
                continue;
            };
            let samples: Vec<usize> = (0..self.samples).collect();
            let parts: Vec<DMatrix<f64>> = samples
                .par_chunks(CHUNK)
                .map(|chunk| {
                    chunk.iter().fold(pair.zero(), |sum, &sample| {
                        let g = self.moved(
                            slice.tensor,
                            Some(slice),
                            tensor.sample(sample),
                            moves,
                            Quantity::Gradient,
                        );
                        let g = slice.gather(&g);
                        sum + pair.product(&g, &g)
                    })
                })
                .collect();
            total = parts.into_iter().fold(total, |sum, part| sum + part);
        }
        total / self.samples as f64
    }

    /// All units that are scaled one by one, balanced together by Newton's method on the
    /// network: sweeps of deep networks then have little left to do. `None` where there
    /// are none, or where they have no common minimum.
    fn rescaled(&self, fates: &[Fate]) -> Option<Vec<Transform>> {
        let mut first = Vec::with_capacity(self.pairs.len());
        let mut neurons = 0;
        for pair in &self.pairs {
            first.push(neurons);
            if pair.kind == Kind::Relu {
                neurons += pair.rank;
            }
        }
        // The unit at each end of a weight, if it has one that moves.
        let ends = |touches: &[Touch], side: Side, count: usize| {
            let mut ends: Vec<Option<u32>> = vec![None; count];
            for touch in touches.iter().filter(|touch| touch.side == side) {
                let (pair, fate) = (&self.pairs[touch.pair], &fates[touch.pair]);
                if pair.kind != Kind::Relu {
                    continue;
                }
                for (unit, places) in touch.slice.places().into_iter().enumerate() {
                    let end = u32::try_from(first[touch.pair] + unit).ok();
                    let end = end.filter(|_| fate.moving[unit]);
                    places.into_iter().for_each(|place| ends[place] = end);
                }
            }
            ends
        };
        let mut terms = Vec::new();
        for (tensor, touches) in self.tensors.iter().zip(&self.touches) {
            let count = tensor.values.len();
            let (from, to) = (
                ends(touches, Side::Up, count),
                ends(touches, Side::Down, count),
            );
            let mut noise = vec![0.0; count];
            for sample in 0..self.samples {
                for (total, g) in noise.iter_mut().zip(tensor.sample(sample)) {
                    *total += g * g;
                }
            }
            for (k, value) in tensor.values.iter().enumerate() {
                terms.push(Term {
                    rate: Edge {
                        from: from[k],
                        to: to[k],
                    },
                    noise: noise[k] / self.samples as f64,
                    charge: value * value,
                });
            }
        }
        let spectrum = Spectrum::from_terms(terms);
        let found = balance_network(neurons, &spectrum, &self.strength).ok()?;
        let transform = |(k, pair): (usize, &Pair)| match pair.kind {
            Kind::Relu => {
                let own = found.lambda[first[k]..].iter().take(pair.rank);
                Transform::Scale(own.map(|x| libm::exp(*x)).collect())
            }
            _ => pair.identity(),
        };
        Some(self.pairs.iter().enumerate().map(transform).collect())
    }

    fn measure(&self, k: usize, moves: &[Transform]) -> Measure {
        let pair = &self.pairs[k];
        let Strength { gamma, sigma2 } = self.strength;
        let [u, w] = [Side::Up, Side::Down].map(|side| self.gram(pair, side, moves));
        let [noise_u, noise_w] = [Side::Up, Side::Down].map(|side| self.noise(pair, side, moves));
        Measure {
            m: &u * (2.0 * gamma) + noise_w * sigma2,
            n: &w * (2.0 * gamma) + noise_u * sigma2,
            charge: pair.trace(&u) - pair.trace(&w),
        }
    }

    /// 2γ‖θ‖² + σ²Tr Σ over the tensors, each once.
    fn potential(&self, moves: &[Transform]) -> f64 {
        let squares = |xs: &[f64]| xs.iter().map(|x| x * x).sum::<f64>();
        let parts = self.tensors.iter().enumerate().map(|(t, tensor)| {
            let values = squares(&self.moved(t, None, &tensor.values, moves, Quantity::Value));
            let noise: f64 = (0..self.samples)
                .map(|sample| {
                    squares(&self.moved(t, None, tensor.sample(sample), moves, Quantity::Gradient))
                })
                .sum();
            2.0 * self.strength.gamma * values + self.strength.sigma2 * noise / self.samples as f64
        });
        parts.sum()
    }

    fn report(
        &self,
        moves: &[Transform],
        fates: &[Fate],
        start: &[Measure],
        symmetries: &[Judged],
        sweeps: usize,
    ) -> Report {
        let unmoved: Vec<Transform> = self.pairs.iter().map(Pair::identity).collect();
        let pairs = self.pairs.iter().zip(moves).zip(fates.iter().zip(start));
        let pairs: Vec<PairReport> = pairs
            .zip(symmetries)
            .enumerate()
            .map(|(k, (((pair, own), (fate, before)), symmetry))| {
                let after = self.measure(k, moves);
                let imbalance = Change {
                    before: before.imbalance(fate),
                    after: after.imbalance(fate),
                };
                let potential = |x: &Measure| pair.trace(&x.m) + pair.trace(&x.n);
                let (smallest, largest) = own.range();
                PairReport {
                    name: pair.name.clone(),
                    kind: pair.kind.name(),
                    rank: pair.rank,
                    status: if fate.moves() && imbalance.after > TOLERANCE {
                        PairStatus::NotBalanced
                    } else {
                        fate.status
                    },
                    reason: fate.reason.clone(),
                    unbounded: fate.unbounded.clone(),
                    degenerate: fate.degenerate.clone(),
                    symmetry: Symmetry {
                        defect: symmetry.found.defect,
                        explained: symmetry.found.explained,
                        precision: symmetry.precision.name(),
                    },
                    charge: Change {
                        before: before.charge,
                        after: after.charge,
                    },
                    imbalance,
                    potential: Change {
                        before: potential(before),
                        after: potential(&after),
                    },
                    factor: Factor { smallest, largest },
                }
            })
            .collect();
        let left = |pair: &PairReport| pair.status == PairStatus::NotBalanced;
        Report {
            format: FORMAT,
            status: if pairs.iter().any(left) {
                Verdict::NotBalanced
            } else if fates.iter().any(Fate::moves) {
                Verdict::Balanced
            } else {
                Verdict::NothingMoved
            },
            warnings: Vec::new(),
            sweeps,
            tolerance: TOLERANCE,
            samples: self.samples,
            potential: Change {
                before: self.potential(&unmoved),
                after: self.potential(moves),
            },
            pairs,
        }
    }

    /// The checkpoint's bytes with the moved tensors in their places.
    fn write(&self, checkpoint: &[u8], moves: &[Transform]) -> Result<Vec<u8>, CheckpointError> {
        let mut bytes = checkpoint.to_vec();
        let broken = |error: crate::array::ArrayError| invalid(format!("checkpoint: {error}"));
        let tensors = Tensors::read(checkpoint).map_err(broken)?;
        for (t, tensor) in self.tensors.iter().enumerate() {
            let values = self.moved(t, None, &tensor.values, moves, Quantity::Value);
            let encoded =
                encode(&values, tensor.dtype).map_err(|index| CheckpointError::Range {
                    tensor: tensor.name.clone(),
                    index,
                    dtype: tensor.dtype.to_string(),
                })?;
            let place = tensors.place(&tensor.name);
            if let Some(place) = place.and_then(|place| bytes.get_mut(place))
                && place.len() == encoded.len()
            {
                place.copy_from_slice(&encoded);
            }
        }
        Ok(bytes)
    }
}
