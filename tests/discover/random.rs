//! Losses drawn with a symmetry built in: it is found, and gone where it is broken.

use crate::{affine, search};
use noise_equilibrium::discovery::Ansatz;
use noise_equilibrium::scalar::Rational;
use proptest::prelude::*;

/// Σ_k (Π_i θ_i^{p_ki}) x_k with exponents orthogonal to the rates.
fn monomials(rates: &[i32], seeds: &[[i32; 4]]) -> String {
    let last = rates.len() - 1;
    let terms = seeds.iter().enumerate().map(|(k, seed)| {
        // The last exponent settles the balance: all others times the last rate.
        let mut powers: Vec<i32> = (0..last).map(|i| seed[i] * rates[last]).collect();
        let sum: i32 = powers.iter().zip(rates).map(|(p, r)| p * r).sum();
        powers.push(-sum / rates[last]);
        let factors = powers.iter().enumerate().filter(|(_, p)| **p != 0);
        let factors: Vec<String> = factors.map(|(i, p)| format!("t{i}^({p})")).collect();
        format!(
            "{}*x{k}",
            if factors.is_empty() {
                "1".into()
            } else {
                factors.join("*")
            }
        )
    });
    format!("({} - y)^2", terms.collect::<Vec<_>>().join(" + "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn diagonal_symmetries_are_found(
        rates in prop::array::uniform4(prop::sample::select(vec![-2, -1, 1, 2])),
        seeds in prop::array::uniform3(prop::array::uniform4(-2..=2i32)),
    ) {
        let text = monomials(&rates, &seeds);
        let parameters = "t0 t1 t2 t3";
        let data = "x0 x1 x2 y";
        let found = search(&text, parameters, data, Ansatz::Diagonal);
        // Parameters that cancelled move at will; the others have to move by the rates.
        let theta: Vec<Rational> = (0..4).map(|_| Rational::from(1)).collect();
        let mut rows: Vec<Vec<Rational>> = found.symmetries.iter().map(|s| s.at(&theta)).collect();
        for &i in &found.idle {
            rows.push((0..4).map(|k| Rational::from(i32::from(k == i))).collect());
        }
        let rank = |rows: &[Vec<Rational>]| noise_equilibrium::symmetry::row_space(rows).len();
        let own = rank(&rows);
        rows.push(rates.iter().map(|r| Rational::from(*r)).collect());
        prop_assert_eq!(rank(&rows), own, "{}", text);

        // A billionth of what has another weight breaks it.
        let broken = format!("{text} + 1e-9*(t0*y + t1*x0 + t2*x1 + t3*x2)");
        prop_assert!(search(&broken, parameters, data, Ansatz::Diagonal).symmetries.is_empty());
    }

    /// In other coordinates θ = Mφ the generator is M⁻¹AM, not symmetric in general: the
    /// space of all motions has the same dimension.
    #[test]
    fn coordinates_do_not_matter(m in prop::array::uniform4(-3..=3i32)) {
        let [a, b, c, d] = m;
        prop_assume!(a * d != b * c);
        let text = format!("(({a}*u + ({b})*w)*(({c})*u + ({d})*w)*x - y)^2");
        prop_assert_eq!(affine(&text, "u w", "x y").symmetries.len(), 1);
    }
}
