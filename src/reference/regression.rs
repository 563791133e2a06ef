//! The input of a deep linear network (C4), and its balanced minimum enclosed.

use crate::balance::{Attempt, GroupBalance, GroupStatus, Regression, certify_group, resolved};
use crate::problem::ProblemError;
use crate::problem::read::{List, Table, Whole, exact, invalid, json};
use crate::scalar::{Enclosure, Exact, Rational, Scalar, dot, sum};
use crate::symmetry::inverse;
use nalgebra::DMatrix;
use serde::Deserialize;

/// The name of the format.
pub const FORMAT: &str = "noise-equilibrium/regression-1";

/// y = Vx + ε with V square and invertible, and the widths of the hidden layers.
#[derive(Clone, Debug, PartialEq)]
pub struct DeepLinear {
    /// V, Σ_x and Σ_ε, all d × d.
    pub data: Regression<Rational>,
    /// The widths of the D − 1 hidden layers, none below d.
    pub hidden: Vec<usize>,
}

/// What all balanced minima share, whatever the rotations of their hidden layers.
#[derive(Clone, Debug)]
pub struct BalancedNetwork {
    /// ρ: each layer between the first and the last is ρ^{1/2} times a partial isometry.
    pub rho: Enclosure,
    /// W_1ᵀW_1, d × d.
    pub first_gram: Vec<Vec<Enclosure>>,
    /// W_DW_Dᵀ, d × d.
    pub last_gram: Vec<Vec<Enclosure>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(rename = "format")]
    _format: String,
    map: List<List<Exact>>,
    inputs: List<List<Exact>>,
    noise: List<List<Exact>>,
    hidden: List<Whole>,
}

impl DeepLinear {
    /// Reads a regression-1 text.
    ///
    /// # Errors
    /// [`ProblemError`] with the field and what would be right.
    pub fn read(text: &str) -> Result<Self, ProblemError> {
        let Table(file): Table<File> = json(text)?;
        let d = file.map.0.len();
        let square = |field: &str, rows: List<List<Exact>>| {
            let rows: Vec<Vec<Rational>> = rows.0.into_iter().map(exact).collect();
            if d == 0 || rows.len() != d || rows.iter().any(|row| row.len() != d) {
                return Err(invalid(format!(
                    "{field}: expected a square matrix of the size of map"
                )));
            }
            Ok(DMatrix::from_fn(d, d, |i, j| rows[i][j].clone()))
        };
        let data = Regression {
            map: square("map", file.map)?,
            inputs: square("inputs", file.inputs)?,
            noise: square("noise", file.noise)?,
        };
        if inverse(&data.map).is_none() {
            return Err(invalid("map: expected an invertible matrix"));
        }
        for (field, m) in [("inputs", &data.inputs), ("noise", &data.noise)] {
            let definite = inverse(m).is_some()
                && *m == m.transpose()
                && crate::symmetry::first_indefinite_pivot(m).is_none();
            if !definite {
                return Err(invalid(format!(
                    "{field}: expected a positive definite matrix"
                )));
            }
        }
        let hidden: Vec<usize> = file.hidden.0.into_iter().map(|width| width.0).collect();
        if hidden.is_empty() || hidden.iter().any(|width| *width < d) {
            return Err(invalid(format!(
                "hidden: expected at least one width, and none below {d}"
            )));
        }
        Ok(Self { data, hidden })
    }

    /// D.
    pub fn depth(&self) -> usize {
        self.hidden.len() + 1
    }

    /// ρ and the Gram matrices of the outer layers, enclosed to `digits` digits.
    ///
    /// With S = Σ_x⁻¹ # (VᵀΣ_εV), certified as the solution of S Σ_x S = VᵀΣ_εV, the
    /// closed form C4 reads s = Tr(Σ_xS), W_1ᵀW_1 = (xρ/s)S and
    /// W_DW_Dᵀ = s/(xρ^{D−1}) V S⁻¹ Vᵀ, where V S⁻¹ Vᵀ = V Σ_x S V⁻¹ Σ_ε⁻¹.
    ///
    /// # Errors
    /// [`ProblemError`] when that takes more working precision than is offered.
    pub fn solve(&self, digits: u32) -> Result<BalancedNetwork, ProblemError> {
        let Regression { map, inputs, noise } = &self.data;
        let balance = GroupBalance {
            left: inputs.clone(),
            right: map.transpose() * noise * map,
        };
        let [Some(map_inverse), Some(noise_inverse)] = [inverse(map), inverse(noise)] else {
            return Err(invalid("map: expected an invertible matrix"));
        };
        let after = map_inverse * noise_inverse;
        let before = map * inputs;
        let status = certify_group(&balance, digits, |certified| {
            let at = |q: &Rational| Enclosure::at(certified.bits, q);
            let rows = |m: &DMatrix<Rational>| {
                let row = |i: usize| m.row(i).iter().map(at).collect();
                (0..m.nrows()).map(row).collect::<Vec<Vec<Enclosure>>>()
            };
            let metric = &certified.metric;
            let moment = rows(inputs);
            let s = sum(moment.iter().zip(metric).map(|(a, b)| dot(a, b)));
            let (x, e) = (at(&inputs.trace()), at(&noise.trace()));
            let depth = at(&Rational::from(self.depth()));
            let ratio = s.clone() * &s / (x.clone() * &e);
            let rho = (ratio.ln() / &depth).exp();
            let power = self
                .hidden
                .iter()
                .fold(at(&Rational::from(1)), |p, _| p * &rho);
            let scaled = |m: Vec<Vec<Enclosure>>, factor: Enclosure| {
                let row = |row: Vec<Enclosure>| row.into_iter().map(|x| x * &factor).collect();
                m.into_iter().map(row).collect::<Vec<Vec<Enclosure>>>()
            };
            let first_gram = scaled(metric.clone(), x.clone() * &rho / &s);
            let dual = product(&product(&rows(&before), metric), &rows(&after));
            let last_gram = scaled(dual, s / (x * power));
            let network = BalancedNetwork {
                rho,
                first_gram,
                last_gram,
            };
            Ok(match network.unresolved(digits) {
                Some(field) => Attempt::Unresolved(field),
                None => Attempt::Done(network),
            })
        });
        match status? {
            GroupStatus::Finite(network) => Ok(network),
            // V is invertible and Σ_x, Σ_ε are positive definite.
            _ => Err(invalid("map: expected an invertible matrix")),
        }
    }
}

impl BalancedNetwork {
    /// A field that has not all its digits yet.
    fn unresolved(&self, digits: u32) -> Option<&'static str> {
        let sharp = |m: &[Vec<Enclosure>]| {
            let scale = m.iter().flatten().map(Enclosure::magnitude);
            let scale = scale.fold(rug::Float::new(64), |a, b| a.max(&b));
            m.iter()
                .flatten()
                .all(|x| resolved(x, Some(&scale), digits))
        };
        match () {
            () if !resolved(&self.rho, None, digits) => Some("rho"),
            () if !sharp(&self.first_gram) => Some("first_gram"),
            () if !sharp(&self.last_gram) => Some("last_gram"),
            () => None,
        }
    }
}

fn product(a: &[Vec<Enclosure>], b: &[Vec<Enclosure>]) -> Vec<Vec<Enclosure>> {
    let column = |j: usize| b.iter().map(|row| row[j].clone()).collect::<Vec<_>>();
    let columns: Vec<Vec<Enclosure>> = (0..b.len()).map(column).collect();
    a.iter()
        .map(|row| columns.iter().map(|c| dot(row, c)).collect())
        .collect()
}
