//! Rigorous enclosures of the rates and eigen-spaces of a rational symmetric matrix.

use crate::scalar::{Ball, Field, Rational, Real, RealScalar, dot, sum, working_precision};
use nalgebra::{DMatrix, SymmetricEigen};
use num_traits::Zero;
use rug::Float;
use rug::float::Round;
use std::cmp::Ordering;

/// Rates that lie too close together to be told apart at the working precision,
/// and the space that they span.
#[derive(Clone, Debug)]
pub struct Eigenspace {
    /// Contains every rate of the cluster.
    pub rate: Ball,
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
    vectors: Vec<Vec<Ball>>,
    spaces: Vec<Eigenspace>,
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
    /// Encloses the eigen-spaces of `k` at the working precision.
    ///
    /// `None` when that was not enough to say anything; more bits then help.
    pub fn of(k: &DMatrix<Rational>) -> Option<Self> {
        let approximate = k.map(|q| Real::from_rational(&q));
        let eigen = SymmetricEigen::try_new(approximate, Real::unit(), MAX_SWEEPS)?;
        if eigen.eigenvalues.iter().any(|x| !x.as_float().is_finite()) {
            return None;
        }
        let column = |column: nalgebra::DVectorView<'_, Real>| {
            column.iter().map(|x| x.as_float().clone()).collect()
        };
        let computed: Vec<Vec<Float>> = eigen.eigenvectors.column_iter().map(column).collect();
        Self::verify(k, &computed)
    }

    /// Encloses the eigen-spaces of `k`, given n approximate eigenvectors of length n
    /// from anywhere: how good they are decides how narrow the enclosures get, not
    /// whether they hold.
    pub fn verify(k: &DMatrix<Rational>, computed: &[Vec<Float>]) -> Option<Self> {
        let bits = working_precision();
        let n = k.nrows();
        let computed: Vec<Vec<Ball>> = computed
            .iter()
            .map(|v| v.iter().map(Ball::point).collect())
            .collect();

        let mut defect = Vec::new();
        for i in 0..n {
            for j in 0..n {
                let product = dot(&computed[i], &computed[j]);
                defect.push(if i == j {
                    product - Ball::from_int(1)
                } else {
                    product
                });
            }
        }
        let omega = frobenius(&defect);
        if omega.partial_cmp(&0.5).is_none_or(Ordering::is_ge) {
            return None;
        }
        let vectors: Vec<Vec<Ball>> = computed
            .iter()
            .map(|v| v.iter().map(|x| x.widen(&omega)).collect())
            .collect();

        let b = congruence(&vectors, k);
        let centre: Vec<Float> = (0..n)
            .map(|i| Float::with_val(bits, b[i][i].midpoint()))
            .collect();
        let mut rest = Vec::new();
        for (i, row) in b.iter().enumerate() {
            for (j, x) in row.iter().enumerate() {
                rest.push(if i == j {
                    x.clone() - Ball::point(&centre[i])
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
        Some(Self { vectors, spaces })
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
    pub fn rates_of(&self, k: &DMatrix<Rational>) -> Vec<Ball> {
        let rows = enclosed(k);
        let rate = |space: &Eigenspace| {
            let columns = &self.vectors[space.columns.clone()];
            let images: Vec<Vec<Ball>> = columns
                .iter()
                .map(|q| rows.iter().map(|row| dot(row, q)).collect())
                .collect();
            let centre = columns.iter().zip(&images).map(|(q, image)| dot(q, image));
            let a = centre.map(|x| Ball::point(x.midpoint())).next();
            let a = a.unwrap_or_else(Ball::zero);
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
            let slack = up(&whole * &space.tilt);
            a.widen(&up(&outside + &slack))
        };
        self.spaces.iter().map(rate).collect()
    }

    /// Tr(P M) ≥ 0 for each eigen-space's projector P, M positive semidefinite (n × n).
    ///
    /// `None` if a weight is certainly negative, so that M was not semidefinite.
    pub fn weights(&self, m: &DMatrix<Rational>) -> Option<Vec<Ball>> {
        let trace = Ball::from_rational(&m.trace());
        let entries: Vec<Vec<Ball>> = enclosed(m);
        let diagonal: Vec<Ball> = self
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
                let slack = trace.clone() * Ball::point(&space.tilt);
                weight.widen(&slack.upper()).at_least_zero()
            })
            .collect()
    }

    /// P v for each eigen-space, v of length n.
    pub fn projections(&self, v: &[Ball]) -> Vec<Vec<Ball>> {
        let norm = frobenius(v);
        let coordinates: Vec<Ball> = self.vectors.iter().map(|q| dot(q, v)).collect();
        self.spaces
            .iter()
            .map(|space| {
                let slack = up(&norm * &space.tilt);
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

fn up<T>(value: T) -> Float
where
    Float: rug::ops::AssignRound<T, Round = Round, Ordering = Ordering>,
{
    Float::with_val_round(64, value, Round::Up).0
}

/// Upper bound of the Euclidean norm of a list of numbers.
fn frobenius(entries: &[Ball]) -> Float {
    let squares = sum(entries.iter().map(Field::square));
    up(squares.upper().sqrt_ref())
}

fn enclosed(m: &DMatrix<Rational>) -> Vec<Vec<Ball>> {
    m.row_iter()
        .map(|row| row.iter().map(Ball::from_rational).collect())
        .collect()
}

/// QᵀKQ for the eigenvectors given as rows.
fn congruence(vectors: &[Vec<Ball>], k: &DMatrix<Rational>) -> Vec<Vec<Ball>> {
    let rows = enclosed(k);
    let images: Vec<Vec<Ball>> = vectors
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
                let distance = Ball::point(&centre[inside]) - Ball::point(&centre[outside]);
                let gap =
                    Float::with_val_round(bits, &distance.mignitude() - epsilon, Round::Down).0;
                if gap <= 0 {
                    return None;
                }
                tilt = tilt.max(&up(epsilon / &gap));
            }
            let rate = Ball::between(&centre[from], &centre[to - 1])?.widen(epsilon);
            Some(Eigenspace {
                rate,
                columns: from..to,
                tilt,
            })
        })
        .collect()
}
