//! The reader of formulas: what it takes, and that nothing makes it panic.

use crate::{affine, charges, formula, listed};
use noise_equilibrium::discovery::{Formula, names, read_loss};
use proptest::prelude::*;

/// Two formulas for one loss have the same symmetries; each here has u² − w² alone.
#[test]
fn notations() {
    for text in [
        "(u*w*x-y)^2",
        " ( u * w * x - y ) ** 2 ",
        "sq(u*w*x - y)",
        "-(-(u*w*x - y)^2)",
        "(+u*-w*-x - +y)^2",
        "(u*w*x - y)^2^1",
        "1/(u*w*x - y)^-2",
        "(u*w*x - y)*(u*w*x - y)",
        "(u*w*x*1e0 - 0x1p0*y)^2",
        "(2*u*w*x/2. - .5*y/0.5)^2",
    ] {
        let found = affine(text, "u w", "x y");
        assert_eq!(charges(&found, "u w"), ["u^2 - w^2"], "{text}");
    }
}

/// −x² is −(x²), x^y^z is x^(y^z), a − b − c is (a − b) − c, a/b/c is (a/b)/c: each pair
/// has the same symmetries, with a control that has others.
#[test]
fn precedence() {
    for (text, same, other) in [
        ("(u - w - v)^2*x", "((u - w) - v)^2*x", "(u - (w - v))^2*x"),
        ("u/w/v*x", "(u/w)/v*x", "u/(w/v)*x"),
        ("(w + u*v)*x", "(w + (u*v))*x", "((w + u)*v)*x"),
        ("(w - v^2*u)*x", "(w - ((v^2)*u))*x", "((w - v)^2*u)*x"),
        ("(u + w^2^3*v)*x", "(u + w^8*v)*x", "(u + (w^2)^3*v)*x"),
        (
            "(max(-u^2, 0)*w + v)*x",
            "(max(-(u^2), 0)*w + v)*x",
            "(max((-u)^2, 0)*w + v)*x",
        ),
    ] {
        let of = |text: &str| charges(&affine(text, "u v w", "x"), "u v w");
        assert_eq!(of(text), of(same), "{text}");
        assert_ne!(of(text), of(other), "{text} and {other}");
    }
}

#[test]
fn ranges_of_names() {
    assert_eq!(listed("u w[1..3]"), ["u", "w[1]", "w[2]", "w[3]"]);
    assert_eq!(
        listed("W[0..1,2..3]"),
        ["W[0,2]", "W[0,3]", "W[1,2]", "W[1,3]"]
    );
    // Blanks among the indices of a name are none.
    let found = affine("W[ 1, 2]*W[1,1 ]*x", "W[1..1,1..2]", "x");
    assert_eq!(charges(&found, "W[1..1,1..2]"), ["W[1,1]^2 - W[1,2]^2"]);
    // Letters of any script.
    let found = affine("θ_1*λ'*x", "θ_1 λ'", "x");
    assert_eq!(charges(&found, "θ_1 λ'"), ["θ_1^2 - λ'^2"]);
}

#[test]
fn definitions_share_their_work() {
    // 2^60 products, written out; sixty written down.
    let mut definitions = vec![("h0".to_owned(), "u*w/(1 + (u*w)^2)".to_owned())];
    for k in 1..=10 {
        definitions.push((format!("h{k}"), format!("h{}*h{} + x", k - 1, k - 1)));
    }
    let formula = Formula::with_definitions(&definitions, "h10", &listed("u w"), &listed("x"));
    let formula = formula.expect("a formula");
    assert!(formula.absent().is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Any text is a formula or is refused in one line with a column in it.
    #[test]
    fn nothing_panics(text in "[uwx0-9eE.+*/^(), \\-\\[\\]a-z]{0,40}") {
        let result = Formula::parse(&text, &listed("u w"), &listed("x"));
        if let Err(error) = result {
            let message = error.to_string();
            prop_assert!(message.starts_with("column "));
            prop_assert!(message.contains("expected ") && message.contains("found "));
            prop_assert!(error.column <= text.chars().count() + 1);
        }
    }

    /// Tokens of the grammar, in any order.
    #[test]
    fn tokens_in_any_order(tokens in prop::collection::vec(
        prop::sample::select(vec![
            "u", "w", "x", "2", "1/3", "1e9", "+", "-", "*", "/", "^", "**", "(", ")", ",",
            "exp(", "max(", "relu(", "leaky_relu(", "sqrt", "inf", "[", "]", "θ",
        ]), 0..24)
    ) {
        let text = tokens.join(" ");
        if let Err(error) = Formula::parse(&text, &listed("u w"), &listed("x")) {
            prop_assert!(error.column <= text.chars().count() + 1);
        }
    }

    /// Lists of names too.
    #[test]
    fn any_list_of_names(text in "[uw0-9.,\\[\\] ]{0,20}") {
        let _ = names(&[text]);
    }

    /// And files, from pieces of one.
    #[test]
    fn pieces_of_files(pieces in prop::collection::vec(
        prop::sample::select(vec![
            "{", "}", "[", "]", ":", ",", "\"format\"", "\"noise-equilibrium/loss-1\"",
            "\"parameters\"", "\"let\"", "\"loss\"", "\"u\"", "\"u*w\"", "1e1000000", "null",
        ]), 0..24)
    ) {
        prop_assert!(read_loss(&pieces.concat()).is_err());
    }
}

#[test]
fn a_formula_knows_its_names() {
    let formula = formula("u*w*x", "u w k", "x y");
    assert_eq!(formula.parameters(), ["u", "w", "k"]);
    assert_eq!(formula.data(), ["x", "y"]);
    assert_eq!(formula.absent(), [2]);
}
