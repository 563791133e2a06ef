//! What the motions are: exponential, rotations, translations, shears and others.

use super::commuting::{Maps, family};
use super::elimination::{Elimination, primes};
use super::examined::Points;
use super::group::groups;
use super::rates::{Rate, blocks, rates};
use super::sparse::{Echelon, Sparse, combination, relations, sparsify};
use super::{Ansatz, Charge, Discovery, Found};
use crate::scalar::Rational;
use crate::symmetry::{Generator, SymmetryError};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// What a symmetry J = Bθ + b does.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// B = A symmetric, J = A(θ − c): an exponential symmetry about the centre c (D1).
    Exponential {
        /// The rates, in increasing order; of 0 only those within the blocks of A. Empty
        /// where the eigenvalues could not be enclosed.
        rates: Vec<Rate>,
        /// Rates of both signs: it rescales, and SGD settles without weight decay (T13). Of
        /// one sign: it scales. `None` where the rates do not say.
        rescales: Option<bool>,
        /// The entries of c other than 0.
        centre: Vec<(usize, Rational)>,
    },
    /// B = A symmetric and b outside of its range: a charge, but no centre.
    Drift,
    /// B = 0: the charge bᵀθ.
    Translation,
    /// B antisymmetric: no charge (L1).
    Rotation,
    /// B nilpotent: a shear, no charge of its own (L1).
    Shear,
    /// Any other.
    Other,
}

impl Kind {
    /// Its name in the file format.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Exponential { .. } => "exponential",
            Self::Drift => "drift",
            Self::Translation => "translation",
            Self::Rotation => "rotation",
            Self::Shear => "shear",
            Self::Other => "other",
        }
    }
}

/// One symmetry, J = Bθ + b.
#[derive(Clone, Debug, PartialEq)]
pub struct Symmetry {
    /// d.
    pub parameters: usize,
    /// (row, column, entry) of B other than 0, row by row.
    pub matrix: Vec<(usize, usize, Rational)>,
    /// (row, entry) of b other than 0.
    pub offset: Vec<(usize, Rational)>,
    /// What it does.
    pub kind: Kind,
}

impl Symmetry {
    /// C = θᵀBθ + 2bᵀθ where B is symmetric, bᵀθ for a translation; none otherwise.
    pub fn charge(&self) -> Option<Charge> {
        let symmetric = match self.kind {
            Kind::Exponential { .. } | Kind::Drift => true,
            Kind::Translation => false,
            Kind::Rotation | Kind::Shear | Kind::Other => return None,
        };
        let above = self.matrix.iter().filter(|(i, j, _)| i <= j);
        let quadratic = above.map(|(i, j, x)| {
            let times = if i == j { 1 } else { 2 };
            (*i, *j, Rational::from(x * times))
        });
        let times = if symmetric { 2 } else { 1 };
        let linear = self.offset.iter();
        Some(Charge {
            quadratic: quadratic.collect(),
            linear: linear
                .map(|(i, x)| (*i, Rational::from(x * times)))
                .collect(),
        })
    }

    /// The generator A of an exponential symmetry about the origin; `None` for any other.
    ///
    /// # Errors
    /// As those of the constructors of [`Generator`]; not expected.
    pub fn generator(&self) -> Option<Result<Generator, SymmetryError>> {
        let Kind::Exponential { centre, .. } = &self.kind else {
            return None;
        };
        if !centre.is_empty() {
            return None;
        }
        let d = self.parameters;
        if self.matrix.iter().any(|(i, j, _)| i != j) {
            let mut rows = vec![vec![Rational::new(); d]; d];
            for (i, j, x) in &self.matrix {
                rows[*i][*j] = x.clone();
            }
            return Some(Generator::dense(&rows));
        }
        let mut rates = vec![Rational::new(); d];
        for (i, _, x) in &self.matrix {
            rates[*i] = x.clone();
        }
        let all = |value: i32| -> Vec<usize> { (0..d).filter(|&i| rates[i] == value).collect() };
        let (up, down) = (all(1), all(-1));
        if up.len() == d {
            return Some(Generator::scaling(d));
        }
        let units = up.len() + down.len() == self.matrix.len();
        Some(if units && !up.is_empty() && !down.is_empty() {
            Generator::rescaling(d, up, down)
        } else {
            Generator::diagonal(rates)
        })
    }

    /// J at θ.
    ///
    /// # Panics
    ///
    /// For another number of parameters.
    pub fn at(&self, theta: &[Rational]) -> Vec<Rational> {
        assert_eq!(theta.len(), self.parameters, "a vector of d numbers");
        let mut motion = vec![Rational::new(); self.parameters];
        for (i, j, x) in &self.matrix {
            motion[*i] += Rational::from(x * &theta[*j]);
        }
        for (i, x) in &self.offset {
            motion[*i] += x;
        }
        motion
    }
}

/// Sorts what was found.
pub(super) fn sort(d: usize, ansatz: Ansatz, found: Found, seed: u64) -> Discovery {
    let maps = Maps { parameters: d };
    let all = found.motions;
    let parts = Parts::of(&maps, ansatz, &all);

    // Exponential ones about the origin, the family first.
    let family = family(&maps, &parts.symmetric);
    let mut span = Echelon::of(&family);
    let mut exponential = family.clone();
    let mut others = sparsify(parts.symmetric.clone());
    others.sort_by_key(Vec::len);
    let space = Echelon::of(&parts.symmetric);
    let diagonal: Vec<Sparse> = family
        .iter()
        .filter(|v| maps.is_diagonal(v))
        .cloned()
        .collect();
    let groups = groups(&maps, &diagonal, &others, &space);
    for motion in others {
        if span.insert(motion.clone()) {
            exponential.push(motion);
        }
    }
    let not_commuting = pairs(&maps, &exponential);

    let mut symmetries: Vec<Symmetry> = Vec::new();
    for motion in &exponential {
        symmetries.push(exponential_about(&maps, motion, Vec::new()));
    }
    // Those about another point: what an offset adds.
    let translations = sparsify(parts.translations.clone());
    let offsets = Echelon::of(&translations);
    for translation in &translations {
        span.insert(translation.clone());
    }
    let mut centred = sparsify(parts.gradient.clone());
    centred.sort_by_key(Vec::len);
    for motion in centred {
        if span.insert(motion.clone()) {
            let motion = offsets.reduce(motion);
            symmetries.push(match centre(&maps, &motion) {
                Some(centre) => exponential_about(&maps, &motion, centre),
                None => plain(&maps, &motion, Kind::Drift),
            });
        }
    }
    for translation in &translations {
        symmetries.push(plain(&maps, translation, Kind::Translation));
    }
    let charged = symmetries.len();
    let mut rotations = sparsify(parts.rotations);
    rotations.sort_by_key(Vec::len);
    for motion in rotations {
        if span.insert(motion.clone()) {
            let motion = offsets.reduce(motion);
            symmetries.push(plain(&maps, &motion, Kind::Rotation));
        }
    }
    let mut rest = sparsify(all);
    rest.sort_by_key(Vec::len);
    for motion in rest {
        if span.insert(motion.clone()) {
            let motion = offsets.reduce(motion);
            let kind = if is_nilpotent(&maps, &motion) {
                Kind::Shear
            } else {
                Kind::Other
            };
            symmetries.push(plain(&maps, &motion, kind));
        }
    }
    let laws = independent(&symmetries[..charged], d, seed);
    Discovery {
        parameters: d,
        ansatz,
        unknowns: found.unknowns,
        equations: found.equations,
        idle: found.idle,
        symmetries,
        family: family.len(),
        not_commuting,
        groups,
        laws,
        irrational: found.irrational,
        proof: found.proof,
    }
}

/// Subspaces of the motions.
struct Parts {
    /// B symmetric, b = 0.
    symmetric: Vec<Sparse>,
    /// B symmetric: J is a gradient.
    gradient: Vec<Sparse>,
    /// B = 0.
    translations: Vec<Sparse>,
    /// B antisymmetric.
    rotations: Vec<Sparse>,
}

impl Parts {
    fn of(maps: &Maps, ansatz: Ansatz, all: &[Sparse]) -> Self {
        if ansatz != Ansatz::Affine {
            return Self {
                symmetric: all.to_vec(),
                gradient: all.to_vec(),
                translations: Vec::new(),
                rotations: Vec::new(),
            };
        }
        let d = maps.parameters;
        // B + sign Bᵀ by its upper triangle.
        let folded = |motion: &Sparse, sign: i32, offset: bool| -> Sparse {
            let mut sum: BTreeMap<usize, Rational> = BTreeMap::new();
            for (at, value) in motion {
                let (i, j) = maps.place(*at);
                let (key, value) = if j == d {
                    if !offset {
                        continue;
                    }
                    (*at, value.clone())
                } else if i <= j {
                    (*at, value.clone())
                } else {
                    (maps.at(j, i), Rational::from(value * sign))
                };
                let twice = i == j && j != d;
                let entry = sum.entry(key).or_default();
                *entry += &value;
                if twice {
                    *entry += Rational::from(&value * sign);
                }
            }
            sum.into_iter().filter(|(_, x)| *x != 0).collect()
        };
        let kernel = |image: &dyn Fn(&Sparse) -> Sparse, space: &[Sparse]| -> Vec<Sparse> {
            let images: Vec<Sparse> = space.iter().map(image).collect();
            let coefficients = relations(&images);
            coefficients.iter().map(|c| combination(c, space)).collect()
        };
        let gradient = kernel(&|v| folded(v, -1, false), all);
        let offset_of = |motion: &Sparse| -> Sparse {
            let entries = motion.iter().filter(|(at, _)| maps.place(*at).1 == d);
            entries.cloned().collect()
        };
        let matrix_of = |motion: &Sparse| -> Sparse {
            let entries = motion.iter().filter(|(at, _)| maps.place(*at).1 != d);
            entries.cloned().collect()
        };
        Self {
            symmetric: kernel(&offset_of, &gradient),
            translations: kernel(&matrix_of, &gradient),
            rotations: kernel(&|v| folded(v, 1, false), all),
            gradient,
        }
    }
}

fn plain(maps: &Maps, motion: &Sparse, kind: Kind) -> Symmetry {
    let d = maps.parameters;
    let (mut matrix, mut offset) = (Vec::new(), Vec::new());
    for (at, value) in motion {
        let (i, j) = maps.place(*at);
        if j == d {
            offset.push((i, value.clone()));
        } else {
            matrix.push((i, j, value.clone()));
        }
    }
    Symmetry {
        parameters: d,
        matrix,
        offset,
        kind,
    }
}

fn exponential_about(maps: &Maps, motion: &Sparse, centre: Vec<(usize, Rational)>) -> Symmetry {
    let mut symmetry = plain(maps, motion, Kind::Drift);
    let entries = symmetry.matrix.iter();
    let entries = entries.map(|(i, j, x)| ((*i, *j), x.clone())).collect();
    let rates = rates(&entries);
    let rescales = rates.as_ref().and_then(|rates| {
        let signs: Option<Vec<Ordering>> = rates.iter().map(Rate::sign).collect();
        signs.map(|signs| signs.contains(&Ordering::Greater) && signs.contains(&Ordering::Less))
    });
    symmetry.kind = Kind::Exponential {
        rates: rates.unwrap_or_default(),
        rescales,
        centre,
    };
    symmetry
}

/// c with A(θ − c) = Aθ + b: −Ac = b. `None` where b is outside of the range of A.
fn centre(maps: &Maps, motion: &Sparse) -> Option<Vec<(usize, Rational)>> {
    let d = maps.parameters;
    let rows = maps.rows(motion);
    let entries: BTreeMap<(usize, usize), Rational> = rows
        .iter()
        .flat_map(|(i, row)| row.iter().map(|(j, x)| ((*i, *j), x.clone())))
        .collect();
    let coordinates: Vec<usize> = blocks(&entries).into_iter().flatten().collect();
    // A is symmetric: its rows are its columns.
    let mut columns: Vec<Sparse> = coordinates
        .iter()
        .map(|i| rows.get(i).cloned().unwrap_or_default())
        .collect();
    let offset = motion.iter().filter(|(at, _)| maps.place(*at).1 == d);
    let offset = offset.map(|(at, x)| (maps.place(*at).0, x.clone()));
    columns.push(offset.collect());
    let last = columns.len() - 1;
    let solution = relations(&columns)
        .into_iter()
        .find(|c| c.last().is_some_and(|(k, _)| *k == last))?;
    // Σ c_kA_k + s b = 0: the centre is c/s.
    let scale = solution.last()?.1.clone();
    let entries = solution.iter().filter(|(k, _)| *k != last);
    let mut centre: Vec<(usize, Rational)> = entries
        .map(|(k, x)| (coordinates[*k], Rational::from(x / &scale)))
        .collect();
    centre.sort_by_key(|(i, _)| *i);
    Some(centre)
}

/// Pairs that do not commute.
fn pairs(maps: &Maps, motions: &[Sparse]) -> Vec<(usize, usize)> {
    let diagonal: Vec<bool> = motions.iter().map(|v| maps.is_diagonal(v)).collect();
    let mut pairs = Vec::new();
    for j in 1..motions.len() {
        for i in 0..j {
            let apart = diagonal[i] && diagonal[j];
            if !apart && !maps.commutator(&motions[i], &motions[j]).is_empty() {
                pairs.push((i, j));
            }
        }
    }
    pairs
}

/// Is B to some power 0?
fn is_nilpotent(maps: &Maps, motion: &Sparse) -> bool {
    let d = maps.parameters;
    let matrix = motion.iter().filter(|(at, _)| maps.place(*at).1 != d);
    let mut power: Sparse = matrix.cloned().collect();
    let mut exponent = 1;
    while exponent < d && !power.is_empty() {
        power = maps.product(&power, &maps.rows(&power));
        exponent *= 2;
    }
    power.is_empty()
}

/// The rank of the charges' gradients at a random point, which is the rank of the motions.
fn independent(symmetries: &[Symmetry], d: usize, seed: u64) -> usize {
    let mut points = Points::new(seed ^ 1);
    let Some(prime) = primes().next() else {
        return 0;
    };
    // The rank modulo p at a point is never too large; the best of a few.
    let rank = |_| {
        let theta = points.residues(d, prime);
        let field = super::arithmetic::Modular { prime };
        let of = |q: &Rational| field.of(q).unwrap_or(0);
        let rows: Vec<Vec<u64>> = symmetries
            .iter()
            .map(|symmetry| {
                let mut row = vec![0; d];
                for (i, j, x) in &symmetry.matrix {
                    row[*i] = (row[*i] + of(x) * theta[*j]) % prime;
                }
                for (i, x) in &symmetry.offset {
                    row[*i] = (row[*i] + of(x)) % prime;
                }
                row
            })
            .collect();
        let mut elimination = Elimination::new(prime, d);
        for batch in rows.chunks(64) {
            elimination.add(batch);
        }
        d - elimination.nullity()
    };
    (0..3).map(rank).max().unwrap_or(0)
}
