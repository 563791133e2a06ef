//! Rigorous enclosures of the rates and eigen-spaces of a rational symmetric matrix.

use crate::scalar::Field;
use crate::scalar::{Enclosure, Rational, Real, dot, sum};
use nalgebra::{DMatrix, SymmetricEigen};
use rug::Float;
use rug::float::Round;
use std::cmp::Ordering;

/// Rates that lie too close together to be told apart at the working precision,
/// and the space that they span.
#[derive(Clone, Debug)]
pub struct Eigenspace {
    /// Contains every rate of the cluster.
    pub rate: Enclosure,
    columns: std::ops::Range<usize>,
    /// Bound on ‖P − P̃‖₂, the projector against its approximation.
    tilt: Float,
}

/// All eigen-spaces of K (n × n), by increasing rate, with enough kept to enclose
/// projections onto them.
///
/// An exactly orthogonal Q lies within ω = ‖Q̃ᵀQ̃ − I‖ of the computed Q̃ (its polar
/// factor). B = QᵀKQ is enclosed entry by entry and split as D + E, D diagonal.
/// Weyl's inequality puts the rates within ‖E‖ of D, and the Davis–Kahan theorem
/// puts each spectral projector of B within ‖E‖/gap of a coordinate projector.
#[derive(Clone, Debug)]
pub struct Eigenspaces {
    /// Q, one enclosed eigenvector of K a row.
    vectors: Vec<Vec<Enclosure>>,
    spaces: Vec<Eigenspace>,
    bits: u32,
}

/// Sweeps of the QR iteration before it is given up; a few for each eigenvalue are typical.
const MAX_SWEEPS: usize = 100_000;

impl Eigenspace {
    /// The number of eigenvectors that span it.
    pub fn dimension(&self) -> usize {
        self.columns.len()
    }

    /// Is it certain that it has a single rate? (Or one that is known exactly.)
    pub fn is_simple(&self) -> bool {
        self.columns.len() == 1 || self.rate.width().is_zero()
    }
}

impl Eigenspaces {
    /// Encloses the eigen-spaces of `k` with `bits` bits of working precision.
    ///
    /// `None` when the precision was not enough to say anything; more bits then help.
    pub fn of(k: &DMatrix<Rational>, bits: u32) -> Option<Self> {
        let approximate = k.map(|q| Real::at(bits, &q));
        let unit = Real::from_float(Float::with_val(bits, 1) >> bits);
        let eigen = SymmetricEigen::try_new(approximate, unit, MAX_SWEEPS)?;
        if eigen.eigenvalues.iter().any(|x| !x.as_float().is_finite()) {
            return None;
        }
        let column = |column: nalgebra::DVectorView<'_, Real>| {
            let entries = column.iter();
            entries
                .map(|x| Float::with_val(bits, x.as_float()))
                .collect()
        };
        let computed: Vec<Vec<Float>> = eigen.eigenvectors.column_iter().map(column).collect();
        Self::verify(k, &computed, bits)
    }

    /// Encloses the eigen-spaces of `k`, given n approximate eigenvectors of length n
    /// from anywhere: how good they are decides how narrow the enclosures get, not
    /// whether they hold.
    pub fn verify(k: &DMatrix<Rational>, computed: &[Vec<Float>], bits: u32) -> Option<Self> {
        let n = k.nrows();
        let computed: Vec<Vec<Enclosure>> = computed
            .iter()
            .map(|v| v.iter().map(Enclosure::point).collect())
            .collect();

        let mut defect = Vec::new();
        for i in 0..n {
            for j in 0..n {
                let product = dot(&computed[i], &computed[j]);
                defect.push(if i == j {
                    product - Enclosure::at(bits, &Rational::from(1))
                } else {
                    product
                });
            }
        }
        let omega = frobenius(&defect);
        if omega.partial_cmp(&0.5).is_none_or(Ordering::is_ge) {
            return None;
        }
        let vectors: Vec<Vec<Enclosure>> = computed
            .iter()
            .map(|v| v.iter().map(|x| x.widen(&omega)).collect())
            .collect();

        let b = congruence(&vectors, k, bits);
        let centre: Vec<Float> = (0..n)
            .map(|i| Float::with_val(bits, b[i][i].midpoint()))
            .collect();
        let mut rest = Vec::new();
        for (i, row) in b.iter().enumerate() {
            for (j, x) in row.iter().enumerate() {
                rest.push(if i == j {
                    x.clone() - Enclosure::point(&centre[i])
                } else {
                    x.clone()
                });
            }
        }
        let epsilon = frobenius(&rest);
        // Weyl's inequality pairs the sorted D with the sorted rates.
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|&i, &j| centre[i].total_cmp(&centre[j]));
        let centre: Vec<Float> = order.iter().map(|&i| centre[i].clone()).collect();
        let vectors = order.iter().map(|&i| vectors[i].clone()).collect();
        let spaces = clusters(&centre, &epsilon, bits)?;
        Some(Self {
            vectors,
            spaces,
            bits,
        })
    }

    /// The eigen-spaces, by increasing rate.
    pub fn spaces(&self) -> &[Eigenspace] {
        &self.spaces
    }

    /// For each eigen-space, what `k` multiplies it by, where `k` commutes with the matrix
    /// whose spaces these are. Contains every rate of `k` on the space.
    ///
    /// A unit vector v of the space lies within the tilt of one in the span of the columns
    /// Q, so |w − a| = ‖(k − a)v‖ ≤ ‖(k − a)Q‖ + ‖k − a‖·tilt for any number a.
    pub fn rates_of(&self, k: &DMatrix<Rational>) -> Vec<Enclosure> {
        let rows = rows_at(k, self.bits);
        let rate = |space: &Eigenspace| {
            let columns = &self.vectors[space.columns.clone()];
            let images: Vec<Vec<Enclosure>> = columns
                .iter()
                .map(|q| rows.iter().map(|row| dot(row, q)).collect())
                .collect();
            let centre = columns.iter().zip(&images).map(|(q, image)| dot(q, image));
            let centre = centre.map(|x| x.midpoint()).next();
            let centre = Float::with_val(self.bits, centre.unwrap_or_else(|| Float::new(64)));
            let a = Enclosure::point(&centre);
            let outside = columns.iter().zip(&images).flat_map(|(q, image)| {
                let entries = q.iter().zip(image);
                entries.map(|(x, y)| y.clone() - a.clone() * x)
            });
            let outside = frobenius(&outside.collect::<Vec<_>>());
            let mut whole = Vec::new();
            for (i, row) in rows.iter().enumerate() {
                for (j, x) in row.iter().enumerate() {
                    whole.push(if i == j { x.clone() - &a } else { x.clone() });
                }
            }
            let whole = frobenius(&whole);
            let slack = up(&whole * &space.tilt, self.bits);
            a.widen(&up(&outside + &slack, self.bits))
        };
        self.spaces.iter().map(rate).collect()
    }

    /// Tr(P M) ≥ 0 for each eigen-space's projector P, M positive semidefinite (n × n).
    ///
    /// `None` if a weight is certainly negative, so that M was not semidefinite.
    pub fn weights(&self, m: &DMatrix<Rational>) -> Option<Vec<Enclosure>> {
        let trace = Enclosure::at(self.bits, &m.trace());
        let entries: Vec<Vec<Enclosure>> = rows_at(m, self.bits);
        let diagonal: Vec<Enclosure> = self
            .vectors
            .iter()
            .map(|q| {
                dot(
                    q,
                    &entries.iter().map(|row| dot(row, q)).collect::<Vec<_>>(),
                )
            })
            .collect();
        self.spaces
            .iter()
            .map(|space| {
                let weight = sum(diagonal[space.columns.clone()].iter().cloned());
                let slack = trace.clone() * Enclosure::point(&space.tilt);
                weight.widen(slack.upper()).at_least_zero()
            })
            .collect()
    }

    /// P v for each eigen-space, v of length n.
    pub fn projections(&self, v: &[Enclosure]) -> Vec<Vec<Enclosure>> {
        let norm = frobenius(v);
        let coordinates: Vec<Enclosure> = self.vectors.iter().map(|q| dot(q, v)).collect();
        self.spaces
            .iter()
            .map(|space| {
                let slack = up(&norm * &space.tilt, self.bits);
                (0..v.len())
                    .map(|i| {
                        let columns = space.columns.clone();
                        sum(columns.map(|j| self.vectors[j][i].clone() * &coordinates[j]))
                            .widen(&slack)
                    })
                    .collect()
            })
            .collect()
    }
}

fn up<T>(value: T, bits: u32) -> Float
where
    Float: rug::ops::AssignRound<T, Round = Round, Ordering = Ordering>,
{
    Float::with_val_round(bits, value, Round::Up).0
}

/// Upper bound of the Euclidean norm of a list of numbers.
fn frobenius(entries: &[Enclosure]) -> Float {
    let squares = sum(entries.iter().map(Field::square));
    up(squares.upper().sqrt_ref(), squares.precision())
}

fn rows_at(m: &DMatrix<Rational>, bits: u32) -> Vec<Vec<Enclosure>> {
    m.row_iter()
        .map(|row| row.iter().map(|q| Enclosure::at(bits, q)).collect())
        .collect()
}

/// QᵀKQ for the eigenvectors given as rows.
fn congruence(vectors: &[Vec<Enclosure>], k: &DMatrix<Rational>, bits: u32) -> Vec<Vec<Enclosure>> {
    let rows = rows_at(k, bits);
    let images: Vec<Vec<Enclosure>> = vectors
        .iter()
        .map(|q| rows.iter().map(|row| dot(row, q)).collect())
        .collect();
    vectors
        .iter()
        .map(|q| images.iter().map(|image| dot(q, image)).collect())
        .collect()
}

/// Splits the sorted diagonal wherever a gap is wide enough to separate projectors.
fn clusters(centre: &[Float], epsilon: &Float, bits: u32) -> Option<Vec<Eigenspace>> {
    let n = centre.len();
    let largest = centre
        .iter()
        .map(|x| x.clone().abs())
        .fold(Float::new(bits), |a, b| a.max(&b));
    // A third of the bits for the gap leaves two thirds for the projector.
    let resolvable =
        Float::with_val(bits, &largest >> (bits / 3)).max(&Float::with_val(bits, epsilon * 4u32));
    let separated = |j: usize| Float::with_val(bits, &centre[j] - &centre[j - 1]) > resolvable;
    let mut starts: Vec<usize> = vec![0];
    starts.extend((1..n).filter(|&j| separated(j)));
    starts.push(n);
    starts
        .windows(2)
        .map(|pair| {
            let (from, to) = (pair[0], pair[1]);
            let mut tilt = Float::new(bits);
            for (inside, outside) in [
                (from, from.checked_sub(1)),
                (to - 1, (to < n).then_some(to)),
            ] {
                let Some(outside) = outside else { continue };
                let distance =
                    Enclosure::point(&centre[inside]) - Enclosure::point(&centre[outside]);
                let gap =
                    Float::with_val_round(bits, &distance.mignitude() - epsilon, Round::Down).0;
                if gap <= 0 {
                    return None;
                }
                tilt = tilt.max(&up(epsilon / &gap, bits));
            }
            let rate = Enclosure::new(centre[from].clone(), centre[to - 1].clone())?.widen(epsilon);
            Some(Eigenspace {
                rate,
                columns: from..to,
                tilt,
            })
        })
        .collect()
}
