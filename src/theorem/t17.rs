//! T17: the whole group between two linear maps.

use super::case::NetworkCase;
use super::evidence::{Evidence, Identity, Margin, Outcome, precision_scaling, vector_defect};
use super::law::{Check, Control, Judgement, Missing, Stop};
use super::{Origin, Statement, sample};
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
    unproved: None,
    file: file!(),
    checks: &[
        &Check {
            name: "M and N from Γ_U and Γ_W",
            evidence: Evidence::Exact,
            draw: sample::linear_pair,
            judge: |case| gamma_form(case, true),
            controls: &[Control {
                name: "second moment in place of the covariance",
                judge: |case| gamma_form(case, false),
            }],
        },
        &Check {
            name: "G of every direction from N − M",
            evidence: Evidence::Exact,
            draw: sample::linear_pair,
            judge: |case| directions(case, 2),
            controls: &[Control {
                name: "without the factor 2",
                judge: |case| directions(case, 1),
            }],
        },
        &Check {
            name: "Φ of the moved network is Tr MS + Tr NS⁻¹",
            evidence: Evidence::Exact,
            draw: sample::linear_pair,
            judge: |case| potential(case, false),
            controls: &[Control {
                name: "S = PᵀP",
                judge: |case| potential(case, true),
            }],
        },
        &Check {
            name: "the geometric mean solves SMS = N",
            evidence: Evidence::Scaling,
            draw: sample::regular_linear_pair,
            judge: |case| mean_solves(case, false),
            controls: &[Control {
                name: "arithmetic mean",
                judge: |case| mean_solves(case, true),
            }],
        },
        &Check {
            name: "a solution known beforehand is found",
            evidence: Evidence::Enclosure,
            draw: sample::regular_linear_pair,
            judge: |case| known(case, &Rational::new()),
            controls: &[Control {
                name: "N moved by 2^-150",
                judge: |case| known(case, &(Rational::from(1) >> 150u32)),
            }],
        },
        &Check {
            name: "the moved network is balanced",
            evidence: Evidence::Scaling,
            draw: sample::regular_linear_pair,
            judge: |case| balanced(case, false),
            controls: &[Control {
                name: "P = S in place of S^{1/2}",
                judge: |case| balanced(case, true),
            }],
        },
        &Check {
            name: "singular M or N: status and certificate",
            evidence: Evidence::Exact,
            draw: sample::linear_pair,
            judge: |case| singular(case, GroupBalance::status),
            controls: &[Control {
                name: "criterion from the ranks of M and N alone",
                judge: |case| singular(case, by_ranks_alone),
            }],
        },
        &Check {
            name: "solve: S M S = N, θ* and its charge",
            evidence: Evidence::Enclosure,
            draw: sample::linear_pair,
            judge: |case| solution(case, false),
            controls: &[Control {
                name: "W moved by P",
                judge: |case| solution(case, true),
            }],
        },
    ],
};

/// d_x, r, d_y of a two-layer linear network.
fn shape(case: &NetworkCase) -> Result<FactorShape, Stop> {
    let Model::Deep(deep) = &case.model else {
        return Err(Stop::failed("a network without layers"));
    };
    let [cols, rank, rows] = deep.widths[..] else {
        return Err(Stop::failed("a network that has not two layers"));
    };
    Ok(FactorShape::new(rows, rank, cols)?)
}

fn orbit(case: &NetworkCase) -> Result<GroupOrbit, Stop> {
    let noise = Noise::Gradients(case.gradients(&case.theta)?);
    Ok(GroupOrbit::new(shape(case)?, case.theta.clone(), noise)?)
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
fn gamma_form(case: &NetworkCase, centred: bool) -> Judgement {
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
    Ok(Outcome::holds("M is not Uᵀ(2γI + σ²Γ_U)U", found.left == m)
        .and(|| Outcome::holds("N is not W(2γI + σ²Γ_W)Wᵀ", found.right == n)))
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
fn directions(case: &NetworkCase, factor: i32) -> Judgement {
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
        let generator = Generator::factor(shape.rows, shape.cols, &rows)?;
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
    Ok(outcome)
}

/// An invertible matrix: I + strictly upper triangle, times a diagonal.
fn invertible(
    case: &NetworkCase,
    r: usize,
) -> Result<(DMatrix<Rational>, DMatrix<Rational>), Stop> {
    let entries = &case.theta;
    let pick = |k: usize| entries[k % entries.len()].clone();
    let upper = DMatrix::from_fn(r, r, |i, j| match i.cmp(&j) {
        Ordering::Equal => Rational::from((2 + i, 3)),
        Ordering::Less => pick(i * r + j),
        Ordering::Greater => Rational::new(),
    });
    let inverse = inverse(&upper).or_failed("a singular matrix")?;
    Ok((upper, inverse))
}

/// Φ = 2γ‖θ‖² + σ²Tr Σ of the network moved by P, against Tr(MS) + Tr(NS⁻¹).
fn potential(case: &NetworkCase, transposed: bool) -> Judgement {
    let strength = case.strength()?;
    let orbit = orbit(case)?;
    let (p, inverse) = invertible(case, orbit.rank())?;
    if transposed && p == p.transpose() {
        return Ok(Outcome::Inconclusive("P is symmetric".to_owned()));
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
    Ok(Outcome::equal("Φ", &found, &claimed))
}

fn converted<S: Field + nalgebra::Scalar>(m: &DMatrix<Rational>) -> DMatrix<S> {
    m.map(|q| S::from_rational(&q))
}

struct MeanSolves {
    balance: GroupBalance,
    arithmetic: bool,
}

impl Identity for MeanSolves {
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Result<(S, S), Stop> {
        let (m, n) = (
            converted::<S>(&self.balance.left),
            converted::<S>(&self.balance.right),
        );
        let s = if self.arithmetic {
            (m.clone().try_inverse().or_failed("a singular matrix")? + &n)
                .map(|x| x / S::from_int(2))
        } else {
            geometric_mean(&m, &n).or_failed("no geometric mean")?
        };
        let found = &s * m * &s;
        Ok(vector_defect(found.as_slice(), n.as_slice()))
    }
}

/// M and N of a network, if both are positive definite.
fn regular(case: &NetworkCase) -> Result<GroupBalance, Stop> {
    let balance = orbit(case)?.balance(&case.strength()?);
    match balance.status() {
        GroupStatus::Finite(()) => Ok(balance),
        _ => Err(Stop::Open("M or N is singular".to_owned())),
    }
}

fn mean_solves(case: &NetworkCase, arithmetic: bool) -> Judgement {
    let balance = regular(case)?;
    precision_scaling(&MeanSolves {
        balance,
        arithmetic,
    })
}

/// For N = S₀MS₀, moved by `shift` in its first entry, the enclosure holds S₀.
fn known(case: &NetworkCase, shift: &Rational) -> Judgement {
    let balance = regular(case)?;
    let (p, _) = invertible(case, balance.left.nrows())?;
    let s = &p * p.transpose();
    let mut right = &s * &balance.left * &s;
    right[(0, 0)] += shift;
    let built = GroupBalance {
        left: balance.left,
        right,
    };
    let GroupStatus::Finite(found) = certify_group(&built, 60)? else {
        return Err(Stop::failed("no solution where there is one"));
    };
    let mut pairs = found.metric.iter().zip(s.iter());
    let holds = pairs.all(|(x, q)| x.contains(q));
    Ok(Outcome::holds("the enclosure of S misses it", holds))
}

struct Balanced<'a> {
    case: &'a NetworkCase,
    balance: GroupBalance,
    /// P = S in place of its square root.
    whole: bool,
}

impl Identity for Balanced<'_> {
    /// M and N of the moved network, its gradients computed afresh.
    fn defect<S: RealScalar + num_dual::DualNum>(&self) -> Result<(S, S), Stop> {
        let case = self.case;
        let shape = shape(case)?;
        let metric = geometric_mean(
            &converted::<S>(&self.balance.left),
            &converted::<S>(&self.balance.right),
        )
        .or_failed("no geometric mean")?;
        let p = if self.whole {
            metric
        } else {
            square_root(&metric).or_failed("no square root")?
        };
        let inverse = p.clone().try_inverse().or_failed("a singular matrix")?;
        let (u, w) = factors(shape, &case.theta::<S>());
        let theta = vectorised(&(u * p), &(inverse * w));
        let gradients = case.gradients(&theta)?;
        let average = mean(&gradients);
        let strength: Strength<S> = case.strength()?.map(S::from_rational);
        let (u, w) = factors(shape, &theta);
        let decay = S::from_int(2) * &strength.gamma;
        let scale = strength.sigma2 / S::from_int(i64::try_from(gradients.len())?);
        let mut m = (u.transpose() * &u).map(|x| x * &decay);
        let mut n = (&w * w.transpose()).map(|x| x * &decay);
        for g in &gradients {
            let centred = g.iter().zip(&average).map(|(x, a)| x.clone() - a);
            let (gu, gw) = factors(shape, &centred.collect::<Vec<S>>());
            m += (&gw * gw.transpose()).map(|x| x * &scale);
            n += (gu.transpose() * &gu).map(|x| x * &scale);
        }
        Ok(vector_defect(m.as_slice(), n.as_slice()))
    }
}

/// (U, W) in the order of θ.
fn vectorised<S: RealScalar>(u: &DMatrix<S>, w: &DMatrix<S>) -> Vec<S> {
    let rows = |m: &DMatrix<S>| m.transpose().iter().cloned().collect::<Vec<S>>();
    rows(u).into_iter().chain(rows(w)).collect()
}

fn balanced(case: &NetworkCase, whole: bool) -> Judgement {
    let balance = regular(case)?;
    precision_scaling(&Balanced {
        case,
        balance,
        whole,
    })
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
fn singular(case: &NetworkCase, status: fn(&GroupBalance) -> GroupStatus<()>) -> Judgement {
    let mut strength = case.strength()?;
    strength.gamma = Rational::new();
    let balance = orbit(case)?.balance(&strength);
    let (m, n) = (&balance.left, &balance.right);
    let r = m.nrows();
    let kernel = |m: &DMatrix<Rational>| null_space(&rows_of(m), r);
    let singular = !kernel(m).is_empty() || !kernel(n).is_empty();
    Ok(match status(&balance) {
        GroupStatus::Finite(()) => Outcome::holds("M or N is singular", !singular),
        GroupStatus::Unbounded { direction } => {
            // S = I + tX: a trace stays, the other falls with every t.
            let traces =
                |t: i32, m: &DMatrix<Rational>, n: &DMatrix<Rational>, x: &DMatrix<Rational>| {
                    let s = DMatrix::<Rational>::identity(r, r) + x * Rational::from(t);
                    let dual = inverse(&s)?;
                    Some((m * s).trace() + (n * dual).trace())
                };
            // A negative direction is a positive one with the parts of M and N exchanged.
            let up = direction.trace() > 0;
            let x = if up { direction } else { -direction };
            let (m, n) = if up { (m, n) } else { (n, m) };
            let values = [0, 1, 16, 1 << 20].map(|t| traces(t, m, n, &x));
            let values: Vec<Rational> = values
                .into_iter()
                .collect::<Option<_>>()
                .or_failed("a singular matrix")?;
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
}

/// What `solve` prints: S M S = N entry by entry, and θ* = (UP, P⁻¹W).
fn solution(case: &NetworkCase, wrong: bool) -> Judgement {
    at_precision(256, || {
        let strength = case.strength()?;
        let orbit = orbit(case)?;
        let balance = orbit.balance(&strength);
        let problem = Problem {
            strength,
            body: Body::Group(orbit.clone()),
        };
        let Answer::Group { status, .. } = problem.solve(30)?.answer else {
            return Err(Stop::failed("an answer of another kind"));
        };
        let found = match status {
            GroupStatus::Finite(found) => found,
            GroupStatus::Degenerate { solution, .. } => solution,
            GroupStatus::Unbounded { .. } => {
                return Ok(Outcome::Inconclusive("no minimum".to_owned()));
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
        Ok(Outcome::holds("S M S is not N", solves)
            .and(|| Outcome::holds("P² is not S", meets(&root, s)))
            .and(|| Outcome::holds("P P⁻¹ is not I", inverts))
            .and(|| Outcome::holds("θ* is not (UP, P⁻¹W)", followed)))
    })
}
