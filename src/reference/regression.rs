//! The input of a deep linear network (C4), and its balanced minimum enclosed.

use crate::balance::{
    checked,
    deep_linear::Regression,
    general_linear::{GroupBalance, GroupStatus, certify_group_and, enclosed},
    largest,
};
use crate::problem::ProblemError;
use crate::problem::read::{List, Table, Whole, exact, invalid, json};
use crate::scalar::{Ball, Exact, Field, Rational, Scalar};
use crate::symmetry::inverse;
use nalgebra::DMatrix;
use num_traits::One;
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
    pub rho: Ball,
    /// W_1ᵀW_1, d × d.
    pub first_gram: DMatrix<Ball>,
    /// W_DW_Dᵀ, d × d.
    pub last_gram: DMatrix<Ball>,
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
        let status = certify_group_and(&balance, digits, |certified| {
            let metric = &certified.metric;
            let at = Ball::from_rational;
            let s = (enclosed(inputs) * metric).trace();
            let (x, e) = (at(&inputs.trace()), at(&noise.trace()));
            let depth = at(&Rational::from(self.depth()));
            let ratio = &s * &s / (&x * &e);
            let rho = (ratio.ln() / &depth).exp();
            let power = self.hidden.iter().fold(Ball::one(), |p, _| p * &rho);
            let first_gram = metric * (&x * &rho / &s);
            let last_gram = enclosed(&before) * metric * enclosed(&after) * (s / (x * power));
            let sharp = |field, m: DMatrix<Ball>| {
                let scale = largest(&m);
                let entries = m
                    .iter()
                    .map(|x| checked(field, x.clone(), Some(&scale), digits));
                let entries = entries.collect::<Result<Vec<_>, _>>()?;
                Ok(DMatrix::from_vec(m.nrows(), m.ncols(), entries))
            };
            Ok(BalancedNetwork {
                rho: checked("rho", rho, None, digits)?,
                first_gram: sharp("first_gram", first_gram)?,
                last_gram: sharp("last_gram", last_gram)?,
            })
        });
        match status? {
            GroupStatus::Finite(network) => Ok(network),
            // V is invertible and Σ_x, Σ_ε are positive definite.
            _ => Err(invalid("map: expected an invertible matrix")),
        }
    }
}
