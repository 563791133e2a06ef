//! T17: the whole group between two linear maps.

use super::case::{Case, NetworkCase};
use super::evidence::{Evidence, Identity, Margin, Outcome, precision_scaling, vector_defect};
use super::{Check, Control, Origin, Statement, sample};
use crate::balance::{
    Noise, Strength,
    general_linear::{GroupBalance, GroupOrbit, GroupStatus, certify_group, enclosed},
    geometric_mean::{geometric_mean, square_root},
    noise::{mean, population_variance},
};
use crate::model::Model;
use crate::problem::{Answer, Body, Problem};
use crate::scalar::{Ball, Field, Rational, RealScalar, at_precision, convert, dot, sum};
use crate::symmetry::{FactorShape, Generator, inverse, null_space, row_space, rows_of};
use nalgebra::DMatrix;
use std::cmp::Ordering;

pub static STATEMENT: Statement = Statement {
    id: "T17",
    name: "a whole matrix group",
    claim: "Under U → UP, W → P⁻¹W every symmetric generator balances exactly when M = N, M = Uᵀ(2γI + σ²Γ_U)U, N = W(2γI + σ²Γ_W)Wᵀ; S = PPᵀ solves SMS = N, so that S = M⁻¹ # N is the one solution for M, N ≻ 0. Attained at all exactly when rank M = rank N = rank MN.",
    origin: Origin::Paper,
    drawn: true,
    checks: &[
        Check {
            name: "M and N from Γ_U and Γ_W",
            evidence: Evidence::Exact,
            draw: sample::linear_pair,
            run: |case| gamma_form(case, true),
        },
        Check {
            name: "G of every direction from N − M",
            evidence: Evidence::Exact,
            draw: sample::linear_pair,
            run: |case| directions(case, 2),
        },
        Check {
            name: "Φ of the moved network is Tr MS + Tr NS⁻¹",
            evidence: Evidence::Exact,
            draw: sample::linear_pair,
            run: |case| potential(case, false),
        },
        Check {
            name: "the geometric mean solves SMS = N",
            evidence: Evidence::Scaling,
            draw: sample::regular_linear_pair,
            run: |case| mean_solves(case, false),
        },
        Check {
            name: "a solution known beforehand is found",
            evidence: Evidence::Enclosure,
            draw: sample::regular_linear_pair,
            run: |case| known(case, &Rational::new()),
        },
        Check {
            name: "the moved network is balanced",
            evidence: Evidence::Scaling,
            draw: sample::regular_linear_pair,
            run: |case| balanced(case, false),
        },
        Check {
            name: "singular M or N: status and certificate",
            evidence: Evidence::Exact,
            draw: sample::linear_pair,
            run: |case| singular(case, GroupBalance::status),
        },
        Check {
            name: "solve: S M S = N, θ* and its charge",
            evidence: Evidence::Enclosure,
            draw: sample::linear_pair,
            run: |case| solution(case, false),
        },
    ],
    controls: &[
        Control {
            name: "second moment in place of the covariance",
            check: 0,
            run: |case| gamma_form(case, false),
        },
        Control {
            name: "without the factor 2",
            check: 1,
            run: |case| directions(case, 1),
        },
        Control {
            name: "S = PᵀP",
            check: 2,
            run: |case| potential(case, true),
        },
        Control {
            name: "arithmetic mean",
            check: 3,
            run: |case| mean_solves(case, true),
        },
        Control {
            name: "N moved by 2^-150",
            check: 4,
            run: |case| known(case, &(Rational::from(1) >> 150u32)),
        },
        Control {
            name: "P = S in place of S^{1/2}",
            check: 5,
            run: |case| balanced(case, true),
        },
        Control {
            name: "criterion from the ranks of M and N alone",
            check: 6,
            run: |case| singular(case, by_ranks_alone),
        },
        Control {
            name: "W moved by P",
            check: 7,
            run: |case| solution(case, true),
        },
    ],
};

/// d_x, r, d_y of a two-layer linear network.
fn shape(case: &NetworkCase) -> Option<FactorShape> {
    let Model::Deep(deep) = &case.model else {
        return None;
    };
    let [cols, rank, rows] = deep.widths[..] else {
        return None;
    };
    FactorShape::new(rows, rank, cols).ok()
}

fn orbit(case: &NetworkCase) -> Option<GroupOrbit> {
    let noise = Noise::Gradients(case.gradients(&case.theta)?);
    GroupOrbit::new(shape(case)?, case.theta.clone(), noise).ok()
}

/// U (rows × r) and W (r × cols) out of a vector in the order of θ.
fn factors<S>(shape: FactorShape, v: &[S]) -> (DMatrix<S>, DMatrix<S>)
where
    S: nalgebra::Scalar,
{
    let FactorShape { rows, rank, cols } = shape;
    (
        DMatrix::from_fn(rows, rank, |i, j| v[i * rank + j].clone()),
        DMatrix::from_fn(rank, cols, |i, j| v[rows * rank + i * cols + j].clone()),
    )
}

/// M and N as the paper has them, from g = ∂ℓ/∂f and x: Γ_U = E[‖x‖²ggᵀ] − ḠḠᵀ and
/// Γ_W = E[‖g‖²xxᵀ] − ḠᵀḠ, Ḡ = E[gxᵀ].
fn gamma_form(case: &Case, centred: bool) -> Outcome {
    let compare = |case: &NetworkCase| {
        let shape = shape(case)?;
        let strength = case.strength()?;
        let (u, w) = factors(shape, &case.theta);
        let product = &u * &w;
        let n = Rational::from(case.samples.len());
        let (rows, cols) = (shape.rows, shape.cols);
        let zero = |r, c| DMatrix::from_element(r, c, Rational::new());
        let (mut gamma_u, mut gamma_w, mut average) =
            (zero(rows, rows), zero(cols, cols), zero(rows, cols));
        for z in &case.samples {
            let x = DMatrix::from_column_slice(cols, 1, &z.input);
            let y = DMatrix::from_column_slice(rows, 1, &z.target);
            let g = (&product * &x - y) * Rational::from(2);
            let square = |v: &DMatrix<Rational>| sum(v.iter().map(Field::square));
            gamma_u += (&g * g.transpose()) * square(&x);
            gamma_w += (&x * x.transpose()) * square(&g);
            average += &g * x.transpose();
        }
        let divide = |m: DMatrix<Rational>| m.map(|x| x / &n);
        let average = divide(average);
        let (mut gamma_u, mut gamma_w) = (divide(gamma_u), divide(gamma_w));
        if centred {
            gamma_u -= &average * average.transpose();
            gamma_w -= average.transpose() * &average;
        }
        let around = |gamma: DMatrix<Rational>| {
            let d = gamma.nrows();
            let decay = Rational::from(&strength.gamma * 2);
            DMatrix::<Rational>::identity(d, d) * decay + gamma * strength.sigma2.clone()
        };
        let m = u.transpose() * around(gamma_u) * &u;
        let n = &w * around(gamma_w) * w.transpose();
        let found = orbit(case)?.balance(&strength);
        Some(
            Outcome::holds("M is not Uᵀ(2γI + σ²Γ_U)U", found.left == m)
                .and(|| Outcome::holds("N is not W(2γI + σ²Γ_W)Wᵀ", found.right == n)),
        )
    };
    Outcome::decided(case.network().and_then(compare))
}

/// Every pair (i, j) as a symmetric direction.
fn basis(r: usize) -> Vec<DMatrix<Rational>> {
    let pairs = (0..r).flat_map(|i| (0..=i).map(move |j| (i, j)));
    let entry = |(i, j): (usize, usize), (a, b)| i32::from((a, b) == (i, j) || (a, b) == (j, i));
    pairs
        .map(|pair| DMatrix::from_fn(r, r, |a, b| Rational::from(entry(pair, (a, b)))))
        .collect()
}

/// G_S(0) of each direction, by the drift of its charge, against Tr(S·2(N − M)).
fn directions(case: &Case, factor: i32) -> Outcome {
    let compare = |case: &NetworkCase| {
        let strength = case.strength()?;
        let shape = shape(case)?;
        let GroupBalance { left, right } = orbit(case)?.balance(&strength);
        let gradients = case.gradients(&case.theta)?;
        let average = mean(&gradients);
        let difference = (right - left) * Rational::from(factor);
        let mut outcome = Outcome::Verified(Margin::Exact);
        for s in basis(shape.rank) {
            let rows: Vec<Vec<Rational>> = s
                .row_iter()
                .map(|row| row.iter().cloned().collect())
                .collect();
            let generator = Generator::factor(shape.rows, shape.cols, &rows).ok()?;
            let power = gradients.iter().map(|g| {
                let centred = g.iter().zip(&average).map(|(x, m)| Rational::from(x - m));
                generator.charge(&centred.collect::<Vec<_>>())
            });
            let trace = sum(power) / Rational::from(gradients.len());
            let drift = trace * &strength.sigma2 * Rational::from(2)
                - generator.charge(&case.theta) * &strength.gamma * Rational::from(4);
            let claimed = sum(s
                .iter()
                .zip(&difference)
                .map(|(a, b)| Rational::from(a * b)));
            outcome = outcome.and(|| Outcome::equal("G of a direction", &drift, &claimed));
        }
        Some(outcome)
    };
    Outcome::decided(case.network().and_then(compare))
}

/// An invertible matrix: I + strictly upper triangle, times a diagonal.
fn invertible(case: &NetworkCase, r: usize) -> Option<(DMatrix<Rational>, DMatrix<Rational>)> {
    let entries = &case.theta;
    let pick = |k: usize| entries[k % entries.len()].clone();
    let upper = DMatrix::from_fn(r, r, |i, j| match i.cmp(&j) {
        Ordering::Equal => Rational::from((2 + i, 3)),
        Ordering::Less => pick(i * r + j),
        Ordering::Greater => Rational::new(),
    });
    let inverse = inverse(&upper)?;
    Some((upper, inverse))
}

/// Φ = 2γ‖θ‖² + σ²Tr Σ of the network moved by P, against Tr(MS) + Tr(NS⁻¹).
fn potential(case: &Case, transposed: bool) -> Outcome {
    let compare = |case: &NetworkCase| {
        let strength = case.strength()?;
        let orbit = orbit(case)?;
        let (p, inverse) = invertible(case, orbit.rank())?;
        if transposed && p == p.transpose() {
            return Some(Outcome::Inconclusive("P is symmetric".to_owned()));
        }
        let theta = orbit.act(&p, &inverse, &case.theta);
        let noise = sum(population_variance(&case.gradients(&theta)?)) * &strength.sigma2;
        let found = noise + dot(&theta, &theta) * &strength.gamma * Rational::from(2);
        let GroupBalance { left, right } = orbit.balance(&strength);
        let (s, dual) = if transposed {
            (p.transpose() * &p, &inverse * inverse.transpose())
        } else {
            (&p * p.transpose(), inverse.transpose() * &inverse)
        };
        let claimed = (left * s).trace() + (right * dual).trace();
        Some(Outcome::equal("Φ", &found, &claimed))
    };
    Outcome::decided(case.network().and_then(compare))
}

fn converted<S: Field + nalgebra::Scalar>(m: &DMatrix<Rational>) -> DMatrix<S> {
    m.map(|q| S::from_rational(&q))
}

struct MeanSolves {
    balance: GroupBalance,
    arithmetic: bool,
}

impl Identity for MeanSolves {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Option<(S, S)> {
        let (m, n) = (
            converted::<S>(&self.balance.left),
            converted::<S>(&self.balance.right),
        );
        let s = if self.arithmetic {
            (m.clone().try_inverse()? + &n).map(|x| x / S::from_int(2))
        } else {
            geometric_mean(&m, &n)?
        };
        let found = &s * m * &s;
        Some(vector_defect(found.as_slice(), n.as_slice()))
    }
}

/// M and N of a network, if both are positive definite.
fn regular(case: &NetworkCase) -> Option<Result<GroupBalance, Outcome>> {
    let balance = orbit(case)?.balance(&case.strength()?);
    Some(match balance.status() {
        GroupStatus::Finite(()) => Ok(balance),
        _ => Err(Outcome::Inconclusive("M or N is singular".to_owned())),
    })
}

fn mean_solves(case: &Case, arithmetic: bool) -> Outcome {
    let compare = |case: &NetworkCase| {
        Some(match regular(case)? {
            Ok(balance) => precision_scaling(&MeanSolves {
                balance,
                arithmetic,
            }),
            Err(outcome) => outcome,
        })
    };
    Outcome::decided(case.network().and_then(compare))
}

/// For N = S₀MS₀, moved by `shift` in its first entry, the enclosure holds S₀.
fn known(case: &Case, shift: &Rational) -> Outcome {
    let compare = |case: &NetworkCase| {
        let balance = match regular(case)? {
            Ok(balance) => balance,
            Err(outcome) => return Some(outcome),
        };
        let (p, _) = invertible(case, balance.left.nrows())?;
        let s = &p * p.transpose();
        let mut right = &s * &balance.left * &s;
        right[(0, 0)] += shift;
        let built = GroupBalance {
            left: balance.left,
            right,
        };
        let GroupStatus::Finite(found) = certify_group(&built, 60).ok()? else {
            return Some(Outcome::Refuted(
                "no solution where there is one".to_owned(),
            ));
        };
        let mut pairs = found.metric.iter().zip(s.iter());
        let holds = pairs.all(|(x, q)| x.contains(q));
        Some(Outcome::holds("the enclosure of S misses it", holds))
    };
    Outcome::decided(case.network().and_then(compare))
}

struct Balanced<'a> {
    case: &'a NetworkCase,
    balance: GroupBalance,
    /// P = S in place of its square root.
    whole: bool,
}

impl Identity for Balanced<'_> {
    /// M and N of the moved network, its gradients computed afresh.
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Option<(S, S)> {
        let case = self.case;
        let shape = shape(case)?;
        let metric = geometric_mean(
            &converted::<S>(&self.balance.left),
            &converted::<S>(&self.balance.right),
        )?;
        let p = if self.whole {
            metric
        } else {
            square_root(&metric)?
        };
        let inverse = p.clone().try_inverse()?;
        let (u, w) = factors(shape, &case.theta::<S>());
        let theta = vectorised(&(u * p), &(inverse * w));
        let gradients = case.gradients(&theta)?;
        let average = mean(&gradients);
        let strength: Strength<S> = case.strength()?.map(S::from_rational);
        let (u, w) = factors(shape, &theta);
        let decay = S::from_int(2) * &strength.gamma;
        let scale = strength.sigma2 / S::from_int(i64::try_from(gradients.len()).ok()?);
        let mut m = (u.transpose() * &u).map(|x| x * &decay);
        let mut n = (&w * w.transpose()).map(|x| x * &decay);
        for g in &gradients {
            let centred = g.iter().zip(&average).map(|(x, a)| x.clone() - a);
            let (gu, gw) = factors(shape, &centred.collect::<Vec<S>>());
            m += (&gw * gw.transpose()).map(|x| x * &scale);
            n += (gu.transpose() * &gu).map(|x| x * &scale);
        }
        Some(vector_defect(m.as_slice(), n.as_slice()))
    }
}

/// (U, W) in the order of θ.
fn vectorised<S: RealScalar>(u: &DMatrix<S>, w: &DMatrix<S>) -> Vec<S> {
    let rows = |m: &DMatrix<S>| m.transpose().iter().cloned().collect::<Vec<S>>();
    rows(u).into_iter().chain(rows(w)).collect()
}

fn balanced(case: &Case, whole: bool) -> Outcome {
    let compare = |case: &NetworkCase| {
        Some(match regular(case)? {
            Ok(balance) => precision_scaling(&Balanced {
                case,
                balance,
                whole,
            }),
            Err(outcome) => outcome,
        })
    };
    Outcome::decided(case.network().and_then(compare))
}

/// Attained, says this sabotage, wherever M and N have the same rank.
fn by_ranks_alone(balance: &GroupBalance) -> GroupStatus<()> {
    let rank = |m: &DMatrix<Rational>| row_space(&rows_of(m)).len();
    if rank(&balance.left) == rank(&balance.right) {
        return GroupStatus::Finite(());
    }
    GroupStatus::Degenerate {
        flat: Vec::new(),
        solution: (),
    }
}

/// What the status says of M and N, tested on the potential itself: along a direction vvᵀ
/// it falls for ever; a unique minimum needs both positive definite; and of a degenerate
/// one the flat directions keep both M and N.
fn singular(case: &Case, status: fn(&GroupBalance) -> GroupStatus<()>) -> Outcome {
    let compare = |case: &NetworkCase| {
        let mut strength = case.strength()?;
        strength.gamma = Rational::new();
        let balance = orbit(case)?.balance(&strength);
        let (m, n) = (&balance.left, &balance.right);
        let r = m.nrows();
        let kernel = |m: &DMatrix<Rational>| null_space(&rows_of(m), r);
        let singular = !kernel(m).is_empty() || !kernel(n).is_empty();
        Some(match status(&balance) {
            GroupStatus::Finite(()) => Outcome::holds("M or N is singular", !singular),
            GroupStatus::Unbounded { direction } => {
                // S = I + tX: a trace stays, the other falls with every t.
                let traces = |t: i32,
                              m: &DMatrix<Rational>,
                              n: &DMatrix<Rational>,
                              x: &DMatrix<Rational>| {
                    let s = DMatrix::<Rational>::identity(r, r) + x * Rational::from(t);
                    let dual = inverse(&s)?;
                    Some((m * s).trace() + (n * dual).trace())
                };
                // A negative direction is a positive one with the parts of M and N exchanged.
                let up = direction.trace() > 0;
                let x = if up { direction } else { -direction };
                let (m, n) = if up { (m, n) } else { (n, m) };
                let values = [0, 1, 16, 1 << 20].map(|t| traces(t, m, n, &x));
                let values: Vec<Rational> = values.into_iter().collect::<Option<_>>()?;
                let falling = values.windows(2).all(|pair| pair[1] < pair[0]);
                Outcome::holds("Φ does not fall along the direction", falling)
            }
            GroupStatus::Degenerate { flat, .. } => {
                // Where the minimum is attained S carries the image of N onto that of M; on
                // their complements nothing is weighed.
                let annihilates = flat.iter().all(|x| (m * x).iter().all(|q| *q == 0));
                let k = kernel(m).len();
                let complete = flat.len() == k * (k + 1) / 2 && k == kernel(n).len();
                let joint = row_space(&rows_of(&(m * n))).len() == r - k;
                Outcome::holds(
                    "a flat direction changes M",
                    annihilates && complete && k > 0,
                )
                .and(|| Outcome::holds("rank MN is smaller", joint))
            }
        })
    };
    Outcome::decided(case.network().and_then(compare))
}

/// What `solve` prints: S M S = N entry by entry, and θ* = (UP, P⁻¹W).
fn solution(case: &Case, wrong: bool) -> Outcome {
    at_precision(256, || {
        let compare = |case: &NetworkCase| {
            let strength = case.strength()?;
            let orbit = orbit(case)?;
            let balance = orbit.balance(&strength);
            let problem = Problem {
                strength,
                body: Body::Group(orbit.clone()),
            };
            let Answer::Group { status, .. } = problem.solve(30).ok()?.answer else {
                return None;
            };
            let found = match status {
                GroupStatus::Finite(found) => found,
                GroupStatus::Degenerate { solution, .. } => solution,
                GroupStatus::Unbounded { .. } => {
                    return Some(Outcome::Inconclusive("no minimum".to_owned()));
                }
            };
            let certified = &found.certified;
            let s = &certified.metric;
            let product = s * enclosed(&balance.left) * s;
            let meets = |a: &DMatrix<Ball>, b: &DMatrix<Ball>| {
                a.iter().zip(b.iter()).all(|(x, y)| x.intersects(y))
            };
            let solves = meets(&product, &enclosed(&balance.right));
            let root = &certified.transform * &certified.transform;
            let theta: Vec<Ball> = convert(&case.theta);
            let inverse = if wrong {
                &certified.transform
            } else {
                &certified.inverse
            };
            let identity = DMatrix::identity(s.nrows(), s.nrows());
            let inverts = meets(&(&certified.transform * inverse), &identity);
            let moved = orbit.act(&certified.transform, inverse, &theta);
            let followed = moved.iter().zip(&found.theta).all(|(x, y)| x.intersects(y));
            Some(
                Outcome::holds("S M S is not N", solves)
                    .and(|| Outcome::holds("P² is not S", meets(&root, s)))
                    .and(|| Outcome::holds("P P⁻¹ is not I", inverts))
                    .and(|| Outcome::holds("θ* is not (UP, P⁻¹W)", followed)),
            )
        };
        Outcome::decided(case.network().and_then(compare))
    })
}
