//! The balance of a whole matrix group: two adjacent linear maps U and W under
//! U → UP, W → P⁻¹W for every invertible P (T17).

use super::geometric_mean::geometric_mean;
use super::refine::{CertifyError, Gap, bits_of, checked, largest, refine};
use super::source::{check_point, gram};
use super::{Noise, OrbitError, Strength};
use crate::scalar::{Ball, Field, Rational, dot, sum};
use crate::symmetry::{FactorShape, Slice, inverse, null_space, row_space, rows_of};
use nalgebra::DMatrix;
use rug::Float;
use rug::float::Round;
use std::cmp::Ordering;

/// A point θ = (U, W) with its noise, and the group GL(r) that turns the factors.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupOrbit {
    shape: FactorShape,
    theta: Vec<Rational>,
    noise: Noise,
}

/// What the balance depends on: M and N, r × r, symmetric and positive semidefinite.
///
/// M = 2γUᵀU + σ²N_W and N = 2γWWᵀ + σ²N_U, where N_U and N_W are the covariances of the
/// gradients of U and W, traced over rows and columns. A point is balanced for every
/// symmetric generator exactly when M = N. Under P they become PᵀMP and P⁻¹NP⁻ᵀ, so
/// S = PPᵀ has to solve S M S = N.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupBalance {
    /// M.
    pub left: DMatrix<Rational>,
    /// N.
    pub right: DMatrix<Rational>,
}

impl GroupOrbit {
    /// θ is U (`rows` × r) row by row, then W (r × `cols`) row by row, as for
    /// [`Factor`](crate::symmetry::Factor).
    ///
    /// # Errors
    /// [`OrbitError`] names the field and index of the first thing that is wrong.
    pub fn new(shape: FactorShape, theta: Vec<Rational>, noise: Noise) -> Result<Self, OrbitError> {
        check_point(shape.dim(), &theta, &noise)?;
        Ok(Self {
            shape,
            theta,
            noise,
        })
    }

    /// r.
    pub fn rank(&self) -> usize {
        self.shape.rank
    }

    /// The shapes of the factors.
    pub fn shape(&self) -> FactorShape {
        self.shape
    }

    /// The point θ.
    pub fn theta(&self) -> &[Rational] {
        &self.theta
    }

    /// The noise.
    pub fn noise(&self) -> &Noise {
        &self.noise
    }

    fn sides(&self) -> [Vec<Slice>; 2] {
        [false, true].map(|negated| {
            let slices = self.shape.slices().into_iter();
            slices.filter(|s| s.negated == negated).collect()
        })
    }

    /// UᵀU and WWᵀ, whose difference is the charge.
    pub fn charges(&self) -> [DMatrix<Rational>; 2] {
        let r = self.rank();
        self.sides().map(|slices| {
            let parts = slices.iter().map(|s| s.gather(r, &self.theta));
            gram(r, parts.collect())
        })
    }

    /// M and N.
    pub fn balance(&self, strength: &Strength<Rational>) -> GroupBalance {
        let r = self.rank();
        let [up, down] = self.sides();
        let [charge_up, charge_down] = self.charges();
        let side = |charge: DMatrix<Rational>, slices: &[Slice]| {
            let noise = self.noise.on_slices(slices, r);
            let decay = Rational::from(&strength.gamma * 2);
            charge * decay + noise * strength.sigma2.clone()
        };
        GroupBalance {
            left: side(charge_up, &down),
            right: side(charge_down, &up),
        }
    }

    /// (UP, P⁻¹W) for θ = (U, W), given P and its inverse (r × r).
    pub fn act<S: Field + nalgebra::Scalar>(
        &self,
        p: &DMatrix<S>,
        inverse: &DMatrix<S>,
        theta: &[S],
    ) -> Vec<S> {
        let r = self.rank();
        let mut out = theta.to_vec();
        for slice in self.shape.slices() {
            let part = slice.gather(r, theta);
            for (k, index) in slice.indices(r).enumerate() {
                // A row of U takes P from the right, a column of W its inverse from the left.
                let entry = |j: usize| {
                    if slice.negated {
                        &inverse[(k, j)]
                    } else {
                        &p[(j, k)]
                    }
                };
                out[index] = sum((0..r).map(|j| part[j].clone() * entry(j)));
            }
        }
        out
    }
}

/// Where Tr(MS) + Tr(NS⁻¹) has its minimum over positive definite S.
#[derive(Clone, Debug, PartialEq)]
pub enum GroupStatus<T> {
    /// At exactly one S: M and N are positive definite.
    Finite(T),
    /// Attained, but not at one S alone: what M annihilates may be scaled at will.
    Degenerate {
        /// Symmetric X such that S + tX, as long as it is positive definite, keeps the
        /// potential of a solution S.
        flat: Vec<DMatrix<Rational>>,
        /// The solution whose S⁻¹ is the ordinary inner product on what M annihilates.
        solution: T,
    },
    /// Not attained.
    Unbounded {
        /// X of rank one: the potential falls for ever along e^{tX}.
        direction: DMatrix<Rational>,
    },
}

impl<T> GroupStatus<T> {
    /// The name in the file format.
    pub fn status(&self) -> &'static str {
        match self {
            Self::Finite(_) => "finite",
            Self::Degenerate { .. } => "degenerate",
            Self::Unbounded { .. } => "unbounded",
        }
    }
}

/// vvᵀ.
fn dyad(v: &[Rational]) -> DMatrix<Rational> {
    DMatrix::from_fn(v.len(), v.len(), |i, j| Rational::from(&v[i] * &v[j]))
}

/// A vector that `m` annihilates, in the image of `n`, and not 0.
fn annihilated(m: &DMatrix<Rational>, n: &DMatrix<Rational>) -> Option<Vec<Rational>> {
    let image = row_space(&rows_of(n));
    let turned: Vec<Vec<Rational>> = (0..m.nrows())
        .map(|i| {
            let row: Vec<Rational> = m.row(i).iter().cloned().collect();
            image.iter().map(|v| dot(&row, v)).collect()
        })
        .collect();
    let z = null_space(&turned, image.len()).into_iter().next()?;
    let component = |i: usize| {
        let terms = z.iter().zip(&image);
        sum(terms.map(|(z, v)| Rational::from(z * &v[i])))
    };
    Some((0..m.nrows()).map(component).collect())
}

impl GroupBalance {
    /// Is there a minimum, and is it one point? Decided exactly.
    ///
    /// With M = BᵀB and N = CCᵀ it is attained exactly when the space is the direct sum of
    /// what B annihilates and the image of C. Otherwise there is a v ≠ 0 in the image of N
    /// with Mv = 0 (or the other way round): along e^{tvvᵀ} the first trace stays and the
    /// second falls, and from S M S = N would follow v = 0.
    pub fn status(&self) -> GroupStatus<()> {
        let (m, n) = (&self.left, &self.right);
        if let Some(v) = annihilated(m, n) {
            return GroupStatus::Unbounded {
                direction: dyad(&v),
            };
        }
        if let Some(v) = annihilated(n, m) {
            return GroupStatus::Unbounded {
                direction: -dyad(&v),
            };
        }
        let kernel = null_space(&rows_of(m), m.nrows());
        if kernel.is_empty() {
            return GroupStatus::Finite(());
        }
        let mut flat = Vec::new();
        for (i, v) in kernel.iter().enumerate() {
            for w in &kernel[..=i] {
                flat.push(DMatrix::from_fn(v.len(), v.len(), |a, b| {
                    Rational::from(&v[a] * &w[b]) + Rational::from(&w[a] * &v[b])
                }));
            }
        }
        GroupStatus::Degenerate { flat, solution: () }
    }

    /// Φ at the start, Tr M + Tr N.
    pub fn potential_at_start(&self) -> Rational {
        self.left.trace() + self.right.trace()
    }

    /// 2(N − M): its inner product with a symmetric generator is that generator's G(0).
    pub fn balance_at_start(&self) -> DMatrix<Rational> {
        (&self.right - &self.left) * Rational::from(2)
    }
}

/// A balanced point of the orbit, every number enclosed. All matrices are r × r.
#[derive(Clone, Debug)]
pub struct CertifiedGroup {
    /// S = PPᵀ.
    pub metric: DMatrix<Ball>,
    /// P = S^{1/2}.
    pub transform: DMatrix<Ball>,
    /// P⁻¹.
    pub inverse: DMatrix<Ball>,
    /// Φ at the solution.
    pub potential: Ball,
}

/// Bits beyond a multiple of what the digits take.
const MAX_EXTRA_BITS: u32 = 32_768;

/// Solves S M S = N and encloses the answer, each number with relative width at most
/// 10^{−digits}.
///
/// # Errors
/// [`CertifyError::Precision`] when that takes more working precision than is offered.
pub fn certify_group(
    balance: &GroupBalance,
    digits: u32,
) -> Result<GroupStatus<CertifiedGroup>, CertifyError> {
    certify_group_and(balance, digits, Ok)
}

/// The same, and what else follows from the solution: `follow` may find that it takes more
/// bits.
pub(crate) fn certify_group_and<T>(
    balance: &GroupBalance,
    digits: u32,
    mut follow: impl FnMut(CertifiedGroup) -> Result<T, Gap>,
) -> Result<GroupStatus<T>, CertifyError> {
    let flat = match balance.status() {
        GroupStatus::Unbounded { direction } => return Ok(GroupStatus::Unbounded { direction }),
        GroupStatus::Degenerate { flat, .. } => Some(flat),
        GroupStatus::Finite(()) => None,
    };
    let wanted = bits_of(digits);
    let first = wanted + wanted / 2 + 192;
    // The status says that there is one.
    let split = Split::of(balance).ok_or(CertifyError::Precision {
        field: "metric",
        bits: first,
    })?;
    let most = wanted.saturating_mul(8).saturating_add(MAX_EXTRA_BITS);
    let solution = refine(first, most, |_| {
        let found = split.solve(balance).ok_or(Gap::Undecided("metric"))?;
        let size = largest(&found.metric);
        for x in &found.metric {
            checked("metric", x.clone(), Some(&size), digits)?;
        }
        checked("potential.after", found.potential.clone(), None, digits)?;
        follow(found)
    })?;
    Ok(match flat {
        Some(flat) => GroupStatus::Degenerate { flat, solution },
        None => GroupStatus::Finite(solution),
    })
}

/// The space as the image of N (columns C) and what M annihilates (columns E): there
/// S = C S₁ Cᵀ + Π, with S₁ a geometric mean and Π the projector onto E.
struct Split {
    /// (C, E) as one matrix, and its inverse.
    basis: DMatrix<Rational>,
    inverse: DMatrix<Rational>,
    /// How many columns C has.
    live: usize,
    /// EᵀE and its inverse.
    dead: [DMatrix<Rational>; 2],
}

impl Split {
    fn of(balance: &GroupBalance) -> Option<Self> {
        let r = balance.left.nrows();
        let kernel = null_space(&rows_of(&balance.left), r);
        let image = if kernel.is_empty() {
            rows_of(&DMatrix::identity(r, r))
        } else {
            row_space(&rows_of(&balance.right))
        };
        let live = image.len();
        let columns: Vec<Vec<Rational>> = image.into_iter().chain(kernel.iter().cloned()).collect();
        let basis = DMatrix::from_fn(r, r, |i, j| columns[j][i].clone());
        let gram = DMatrix::from_fn(kernel.len(), kernel.len(), |i, j| {
            dot(&kernel[i], &kernel[j])
        });
        Some(Self {
            inverse: inverse(&basis)?,
            basis,
            live,
            dead: [inverse(&gram)?, gram],
        })
    }

    /// Encloses S, S⁻¹ and their square roots; `None` if that takes more bits.
    fn solve(&self, balance: &GroupBalance) -> Option<CertifiedGroup> {
        let live = |m: DMatrix<Rational>| m.view((0, 0), (self.live, self.live)).into_owned();
        let m = live(self.basis.transpose() * &balance.left * &self.basis);
        let n = live(&self.inverse * &balance.right * self.inverse.transpose());
        let (m, n) = (enclosed(&m), enclosed(&n));
        let around = |outer: &DMatrix<Rational>, live: DMatrix<Ball>, dead: &DMatrix<Rational>| {
            let (outer, dead) = (enclosed(outer), enclosed(dead));
            let mut inner = DMatrix::zeros(outer.nrows(), outer.nrows());
            inner.view_mut((0, 0), live.shape()).copy_from(&live);
            inner.view_mut(live.shape(), dead.shape()).copy_from(&dead);
            &outer * inner * outer.transpose()
        };
        let metric = around(&self.basis, riccati(&m, &n)?, &self.dead[0]);
        let dual = around(&self.inverse.transpose(), riccati(&n, &m)?, &self.dead[1]);
        let trace = |m: &DMatrix<Rational>, s: &DMatrix<Ball>| {
            sum(m.iter().zip(s.iter()).map(|(q, x)| x.times_rational(q)))
        };
        let r = balance.left.nrows();
        let identity = DMatrix::identity(r, r);
        Some(CertifiedGroup {
            transform: riccati(&identity, &metric)?,
            inverse: riccati(&identity, &dual)?,
            potential: trace(&balance.left, &metric) + trace(&balance.right, &dual),
            metric,
        })
    }
}

/// Every entry enclosed at the working precision.
pub(crate) fn enclosed(m: &DMatrix<Rational>) -> DMatrix<Ball> {
    m.map(|q| Ball::from_rational(&q))
}

/// L with LLᵀ = M, for every M in the enclosure; `None` if one may not be positive definite.
fn cholesky(m: &DMatrix<Ball>) -> Option<DMatrix<Ball>> {
    let n = m.nrows();
    let mut l = DMatrix::<Ball>::zeros(n, n);
    for i in 0..n {
        for j in 0..=i {
            let known = sum((0..j).map(|k| &l[(i, k)] * &l[(j, k)]));
            let rest = &m[(i, j)] - &known;
            l[(i, j)] = if i == j {
                let pivot = rest.sign().is_some_and(Ordering::is_gt);
                pivot.then(|| rest.root()).flatten()?
            } else {
                rest / &l[(j, j)]
            };
        }
    }
    Some(l)
}

/// L⁻¹B for lower triangular L.
fn forward(l: &DMatrix<Ball>, b: &DMatrix<Ball>) -> DMatrix<Ball> {
    let mut x = b.clone();
    for i in 0..b.nrows() {
        for j in 0..b.ncols() {
            let known = sum((0..i).map(|k| &l[(i, k)] * &x[(k, j)]));
            x[(i, j)] = (&b[(i, j)] - &known) / &l[(i, i)];
        }
    }
    x
}

/// Encloses the positive definite solution S of S M S = N, for all positive definite M
/// and N in their enclosures; `None` if that takes more bits.
///
/// An approximation T ≻ 0 solves T M T = N + R exactly. If −εN ≼ R ≼ εN then, since
/// S = M⁻¹ # N grows with N and M⁻¹ # cN = √c S, T lies between √(1−ε)S and √(1+ε)S.
/// For ε ≤ ½ so S lies between (1−ε)T and (1+ε)T, and its entries within ε√(T_ii T_jj)
/// of those of T.
fn riccati(m: &DMatrix<Ball>, n: &DMatrix<Ball>) -> Option<DMatrix<Ball>> {
    if m.is_empty() {
        return Some(m.clone());
    }
    let solution = geometric_mean(&m.map(|x| x.middle()), &n.map(|x| x.middle()))?;
    let t = solution.map(|x| Ball::point(x.as_float()));
    cholesky(&t)?;
    let l = cholesky(n)?;
    let residual = &t * m * &t - n;
    let half = forward(&l, &residual);
    let relative = forward(&l, &half.transpose());
    let epsilon = sum(relative.iter().map(Field::square)).root()?.upper();
    // Not even a comparison holds for NaN.
    if !epsilon.partial_cmp(&0.5).is_some_and(Ordering::is_le) {
        return None;
    }
    let diagonal = t
        .diagonal()
        .iter()
        .map(Ball::root)
        .collect::<Option<Vec<Ball>>>()?;
    Some(DMatrix::from_fn(t.nrows(), t.ncols(), |i, j| {
        let size = (&diagonal[i] * &diagonal[j]).magnitude();
        let radius = Float::with_val_round(64, &size * &epsilon, Round::Up).0;
        t[(i, j)].widen(&radius)
    }))
}
