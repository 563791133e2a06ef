//! Charges as formulas.

use crate::scalar::{Field, Rational};

/// C(θ) = Σ_{i ≤ j} q_ij θ_iθ_j + Σ l_i θ_i, which gradient flow conserves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Charge {
    /// (i, j, q_ij), i ≤ j.
    pub quadratic: Vec<(usize, usize, Rational)>,
    /// (i, l_i).
    pub linear: Vec<(usize, Rational)>,
}

impl Charge {
    /// Its value.
    ///
    /// # Panics
    ///
    /// For fewer numbers than there are parameters in it.
    pub fn at<S: Field>(&self, theta: &[S]) -> S {
        let quadratic = self.quadratic.iter().map(|(i, j, q)| {
            let square = if i == j {
                theta[*i].square()
            } else {
                theta[*i].clone() * &theta[*j]
            };
            S::from_rational(q) * &square
        });
        let linear = self.linear.iter();
        let linear = linear.map(|(i, l)| S::from_rational(l) * &theta[*i]);
        crate::scalar::sum(quadratic.chain(linear))
    }

    /// As a formula in the names of the parameters.
    pub fn formula(&self, names: &[String]) -> String {
        let name = |i: &usize| names.get(*i).cloned().unwrap_or_else(|| format!("θ[{i}]"));
        let mut terms: Vec<(&Rational, String)> = Vec::new();
        for (i, j, q) in &self.quadratic {
            let product = if i == j {
                format!("{}^2", name(i))
            } else {
                format!("{}*{}", name(i), name(j))
            };
            terms.push((q, product));
        }
        for (i, l) in &self.linear {
            terms.push((l, name(i)));
        }
        if terms.is_empty() {
            return "0".to_owned();
        }
        let mut text = String::new();
        for (k, (factor, product)) in terms.iter().enumerate() {
            let sign = match (k, factor.cmp0().is_lt()) {
                (0, false) => "",
                (0, true) => "-",
                (_, false) => " + ",
                (_, true) => " - ",
            };
            text += sign;
            let size = Rational::from(factor.abs_ref());
            if size != 1 {
                text += &format!("{size}*");
            }
            text += product;
        }
        text
    }
}
