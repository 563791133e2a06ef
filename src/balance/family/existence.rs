//! When a sum of exponentials has a minimiser: decided exactly, with a certificate (T16).

use crate::scalar::{Field, Rational, dot, sum};

/// Does Σ W_j e^{⟨v_j, λ⟩}, all W_j > 0, have a minimiser? Stiemke's alternative.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Existence {
    /// Yes: Σ p_j v_j = 0 with these p_j > 0, so that 0 lies in the relative interior
    /// of the hull of the exponents.
    Bounded {
        /// p_j, one for each exponent.
        combination: Vec<Rational>,
    },
    /// No: ⟨u, v_j⟩ ≤ 0 for every j and < 0 for one, so that the sum falls for ever
    /// along u.
    Unbounded {
        /// u, a direction of recession.
        direction: Vec<Rational>,
    },
}

impl Existence {
    /// Decides for exponents of length m.
    ///
    /// A strictly positive combination p = 1 + q is a solution of Σ q_j v_j = −Σ v_j with
    /// q ≥ 0: the first phase of the simplex method, in rationals and by Bland's rule, so
    /// that it ends. Where there is none, its multipliers are the direction.
    pub fn of(exponents: &[Vec<Rational>], m: usize) -> Self {
        let target: Vec<Rational> = (0..m)
            .map(|i| -sum(exponents.iter().map(|v| v[i].clone())))
            .collect();
        let mut tableau = Tableau::new(exponents, &target);
        while tableau.pivot() {}
        let n = exponents.len();
        if tableau.is_feasible() {
            let mut combination = vec![Rational::from(1); n];
            for (row, &column) in tableau.basis.iter().enumerate() {
                if column < n {
                    combination[column] += &tableau.rows[row][n + m];
                }
            }
            return Self::Bounded { combination };
        }
        // The multiplier of an equation is 1 less the reduced cost of its artificial
        // variable, its sign that of the equation as it entered the tableau.
        let direction = (0..m).map(|i| {
            let multiplier = Rational::from(1 - &tableau.costs[n + i]);
            if target[i] < 0 {
                -multiplier
            } else {
                multiplier
            }
        });
        Self::Unbounded {
            direction: direction.collect(),
        }
    }

    /// Does the certificate prove what it says? Looks at nothing but the exponents.
    pub fn holds(&self, exponents: &[Vec<Rational>]) -> bool {
        match self {
            Self::Bounded { combination } => {
                let m = exponents.first().map_or(0, Vec::len);
                let total = |i: usize| {
                    let terms = combination.iter().zip(exponents);
                    sum(terms.map(|(p, v)| Rational::from(p * &v[i])))
                };
                combination.len() == exponents.len()
                    && combination.iter().all(|p| *p > 0)
                    && (0..m).all(|i| total(i) == 0)
            }
            Self::Unbounded { direction } => {
                let slopes = exponents.iter().map(|v| dot(direction, v));
                let slopes: Vec<Rational> = slopes.collect();
                slopes.iter().all(|x| *x <= 0) && slopes.iter().any(|x| *x < 0)
            }
        }
    }
}

/// The simplex tableau of "minimise the artificial variables": columns for the n
/// unknowns, the m artificial variables and the right-hand side.
struct Tableau {
    rows: Vec<Vec<Rational>>,
    costs: Vec<Rational>,
    basis: Vec<usize>,
}

impl Tableau {
    fn new(columns: &[Vec<Rational>], target: &[Rational]) -> Self {
        let (n, m) = (columns.len(), target.len());
        let row = |i: usize| {
            let sign = Rational::from(if target[i] < 0 { -1 } else { 1 });
            let unknowns = columns.iter().map(|v| Rational::from(&v[i] * &sign));
            let artificial = (0..m).map(|j| Rational::from_int(i64::from(i == j)));
            let right = [Rational::from(&target[i] * &sign)];
            unknowns.chain(artificial).chain(right).collect()
        };
        let rows: Vec<Vec<Rational>> = (0..m).map(row).collect();
        // The cost of a basis of artificial variables, their own columns priced out.
        let costs = (0..=n + m).map(|j| {
            let priced = sum(rows.iter().map(|row| row[j].clone()));
            Rational::from(i32::from((n..n + m).contains(&j))) - priced
        });
        let costs = costs.collect();
        let basis = (n..n + m).collect();
        Self { rows, costs, basis }
    }

    /// Do the artificial variables add up to 0?
    fn is_feasible(&self) -> bool {
        self.costs.last().is_none_or(|x| *x == 0)
    }

    /// One exchange; false at the optimum. An artificial variable never comes back.
    fn pivot(&mut self) -> bool {
        let right = self.costs.len() - 1;
        let unknowns = right - self.rows.len();
        let Some(entering) = (0..unknowns).find(|&j| self.costs[j] < 0) else {
            return false;
        };
        let candidates = (0..self.rows.len()).filter(|&i| self.rows[i][entering] > 0);
        let ratio = |i: usize| Rational::from(&self.rows[i][right] / &self.rows[i][entering]);
        // The sum of artificial variables is bounded below, so some row limits the exchange.
        let Some(leaving) = candidates.min_by_key(|&i| (ratio(i), self.basis[i])) else {
            return false;
        };
        let lead = self.rows[leaving][entering].clone();
        for x in &mut self.rows[leaving] {
            *x /= &lead;
        }
        let own = self.rows[leaving].clone();
        let others = self.rows.iter_mut().enumerate();
        let others = others.filter_map(|(i, row)| (i != leaving).then_some(row));
        for row in others.chain([&mut self.costs]) {
            let factor = row[entering].clone();
            if factor != 0 {
                for (x, y) in row.iter_mut().zip(&own) {
                    *x -= Rational::from(&factor * y);
                }
            }
        }
        self.basis[leaving] = entering;
        true
    }
}
