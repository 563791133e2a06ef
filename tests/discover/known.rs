//! Formulas whose symmetries are known.

use crate::{affine, charges, formula, kinds, listed, rates, search};
use noise_equilibrium::discovery::{Ansatz, Examined, Kind, Proof, Rank, discover};
use noise_equilibrium::scalar::Rational;

#[test]
fn a_product_has_one_rescaling() {
    let found = affine("(u*w*x - y)^2", "u w", "x y");
    assert_eq!(charges(&found, "u w"), ["u^2 - w^2"]);
    assert_eq!(rates(&found.symmetries[0]), ["-1", "1"]);
    let rescales = matches!(
        found.symmetries[0].kind,
        Kind::Exponential {
            rescales: Some(true),
            ..
        }
    );
    assert!(rescales);
    let Proof::Polynomial { degree, error, .. } = found.proof else {
        panic!("a polynomial");
    };
    assert_eq!(degree, 6);
    assert!(error < -30.0, "{error}");
}

#[test]
fn a_product_in_disguise_is_found() {
    for text in [
        "(((a + b)^2 - (a - b)^2)*x - y)^2",
        "((a^3*b - a*b^3)/(a^2 - b^2)*x - y)^2",
        "(exp(log(a^2*b^2))*x - y)^2",
    ] {
        let found = affine(text, "a b", "x y");
        assert_eq!(charges(&found, "a b"), ["a^2 - b^2"], "{text}");
    }
    // In turned coordinates a = u + w, b = u − w the generator is not diagonal.
    let found = affine("((u + w)*(u - w)*x - y)^2", "u w", "x y");
    assert_eq!(charges(&found, "u w"), ["u*w"].map(|c| format!("2*{c}")));
    assert_eq!(rates(&found.symmetries[0]), ["-1", "1"]);
}

#[test]
fn a_symmetry_broken_by_a_billionth_is_none() {
    for text in [
        "(u*w*x - y)^2 + 1e-9*u*x",
        "(u*w*x - y)^2 + u^2/1000000000",
        "(u*w*x + 1e-9*relu(u) - y)^2",
        "log(1 + exp(-y*u*w*x)) + 1e-9*w*x",
        "(u*w*x - y)^2 + 1e-40*u*x",
        "log(1 + exp(-y*u*w*x)) + 1e-40*w*x",
    ] {
        let found = affine(text, "u w", "x y");
        assert!(found.symmetries.is_empty(), "{text}: {:?}", kinds(&found));
        assert_eq!(found.laws, 0);
    }
    // And without the breaking term it is there.
    for text in ["(u*w*x - y)^2", "log(1 + exp(-y*u*w*x))"] {
        assert_eq!(affine(text, "u w", "x y").symmetries.len(), 1, "{text}");
    }
}

#[test]
fn scalings_have_rates_of_one_sign() {
    for text in [
        "(u/w*x - y)^2",
        "(u/sqrt(u^2 + w^2)*x - y)^2",
        "(u/(u + w)*x - y)^2",
    ] {
        let found = affine(text, "u w", "x y");
        assert_eq!(charges(&found, "u w"), ["u^2 + w^2"], "{text}");
        let scales = matches!(
            found.symmetries[0].kind,
            Kind::Exponential {
                rescales: Some(false),
                ..
            }
        );
        assert!(scales, "{text}");
    }
}

#[test]
fn rates_need_not_be_one() {
    // u² w³: 3 log u − 2 log w moves.
    let found = affine("(u^2*w^3*x - y)^2", "u w", "x y");
    assert_eq!(charges(&found, "u w"), ["u^2 - 2/3*w^2"]);
    assert_eq!(rates(&found.symmetries[0]), ["-2/3", "1"]);
}

#[test]
fn numbers_of_many_digits_are_lifted_from_several_primes() {
    let found = affine("((u + 123456789/987654321*w)*x - y)^2", "u w", "x y");
    let charges = charges(&found, "u w");
    // A translation along (−13717421/109739369, 1), and what scales it.
    assert!(
        charges.contains(&"u - 109739369/13717421*w".to_owned()),
        "{charges:?}"
    );
    let translations = found.symmetries.iter();
    let translations = translations.filter(|s| s.kind == Kind::Translation);
    assert_eq!(translations.count(), 1);
}

#[test]
fn a_rotation_has_no_charge() {
    let found = affine("((u^2 + w^2)*x - y)^2", "u w", "x y");
    assert_eq!(kinds(&found), ["rotation"]);
    assert!(found.symmetries[0].charge().is_none());
    assert_eq!(found.laws, 0);
}

#[test]
fn translations_and_centres_are_told_apart() {
    let found = affine("((u + 3)*(w - 1/2)*x - y)^2", "u w", "x y");
    let Kind::Exponential { centre, .. } = &found.symmetries[0].kind else {
        panic!("{:?}", kinds(&found));
    };
    let expected = [(0, Rational::from(-3)), (1, Rational::from((1, 2)))];
    assert_eq!(centre, &expected);
    assert_eq!(charges(&found, "u w"), ["u^2 - w^2 + 6*u + w"]);
    // A generator needs the origin.
    assert!(found.symmetries[0].generator().is_none());
    assert_eq!(found.family, 0);

    // A softmax of two logits: both shifted alike.
    let found = affine("log(1 + exp(b - a)) + x*(a - b)", "a b", "x");
    assert!(kinds(&found).contains(&"translation"));
    assert!(charges(&found, "a b").contains(&"a + b".to_owned()));
}

#[test]
fn a_shear_is_found_and_has_no_charge() {
    // v + ux with w = −x u would stay: (u, v) → (u, v + tu) moves x's coefficient alone.
    let found = affine("((u*b - v*a)*x - y)^2", "a b u v", "x y");
    // sl(2) on both columns, and the two opposite scalings: dimension 3 + 4 − 1 + …
    assert!(kinds(&found).contains(&"exponential"));
    for symmetry in &found.symmetries {
        let charged = matches!(symmetry.kind, Kind::Exponential { .. });
        assert_eq!(symmetry.charge().is_some(), charged);
    }
    // A pure one: ℓ depends on u and on v − u²/2 … not affine; on u alone it is.
    let found = affine("(u*x - y)^2 + (v*x - w*x + u)^2", "u v w", "x y");
    assert_eq!(kinds(&found)[0], "exponential");
    assert!(kinds(&found).contains(&"shear"), "{:?}", kinds(&found));
}

#[test]
fn parameters_without_an_influence_are_said() {
    let loss = formula("(u*w*x - y)^2 + 0*k + (m - m)", "u k w m", "x y");
    assert_eq!(loss.absent(), [] as [usize; 0]);
    let found = discover(&Examined::formula(&loss), Ansatz::Affine, 7).expect("symmetries");
    assert_eq!(found.idle, [1, 3]);
    assert_eq!(charges(&found, "u k w m"), ["u^2 - w^2"]);
    let loss = formula("(u*w*x - y)^2", "u k w", "x y");
    assert_eq!(loss.absent(), [1]);
}

#[test]
fn a_parameter_that_moves_one_piece_alone_is_not_idle() {
    // One point in some hundred is beyond the threshold.
    let found = affine("relu(k - 500) + (u*w*x - y)^2", "u k w", "x y");
    assert!(found.idle.is_empty());
    assert_eq!(charges(&found, "u k w"), ["u^2 - w^2"]);
}

#[test]
fn pieces_are_met() {
    for (text, count) in [
        ("(u*relu(w*x) - y)^2", 1),
        ("(u*abs(w*x) - y)^2", 1),
        ("(u*leaky_relu(w*x, 1/10) - y)^2", 1),
        ("(u*relu(w*x + 1) - y)^2", 0),
        ("(u*tanh(w*x) - y)^2", 0),
        ("max(u*w*x, -1) + y", 1),
        // Each piece has a symmetry, both together have none.
        ("max(u*w*x, u/w*y)", 0),
    ] {
        let found = affine(text, "u w", "x y");
        assert_eq!(found.symmetries.len(), count, "{text}: {:?}", kinds(&found));
    }
}

#[test]
fn a_group_is_recognised() {
    // U is 2 × 2, W is 2 × 2, in an order that mixes them.
    let parameters = "w[1..2,1..2] u[1..2,1..2]";
    let text = "((u[1,1]*w[1,1] + u[1,2]*w[2,1])*x + (u[1,1]*w[1,2] + u[1,2]*w[2,2])*y - z)^2 \
                + ((u[2,1]*w[1,1] + u[2,2]*w[2,1])*x + (u[2,1]*w[1,2] + u[2,2]*w[2,2])*y - t)^2";
    let found = affine(text, parameters, "x y z t");
    assert_eq!(found.groups.len(), 1);
    assert_eq!(found.groups[0].rank(), 2);
    let names = listed(parameters);
    let named = |lists: &[Vec<usize>]| -> Vec<Vec<String>> {
        let one = |list: &Vec<usize>| list.iter().map(|&i| names[i].clone()).collect();
        lists.iter().map(one).collect()
    };
    assert_eq!(
        named(&found.groups[0].up),
        [["w[1,1]", "w[1,2]"], ["w[2,1]", "w[2,2]"]]
    );
    assert_eq!(
        named(&found.groups[0].down),
        [["u[1,1]", "u[2,1]"], ["u[1,2]", "u[2,2]"]]
    );
    assert_eq!(found.family, 2);
    assert_eq!(found.not_commuting, [(0, 2), (1, 2)]);
    // One entry tied to another: what is left is no group.
    let tied = text.replace("u[2,2]", "w[2,2]");
    assert!(affine(&tied, parameters, "x y z t").groups.is_empty());
}

#[test]
fn every_ansatz_finds_its_part() {
    let text = "((u1*w1 + u2*w2)*x - y)^2";
    let counts = [Ansatz::Affine, Ansatz::Symmetric, Ansatz::Diagonal].map(|ansatz| {
        let found = search(text, "u1 u2 w1 w2", "x y", ansatz);
        (found.unknowns, found.symmetries.len(), found.family)
    });
    // o(2, 2): dimension 6, of which 4 are symmetric and 2 commute.
    assert_eq!(counts, [(20, 6, 2), (10, 4, 2), (4, 2, 2)]);
}

#[test]
fn every_motion_annihilates_the_gradient() {
    // Independent of the search: differences along J of the formula's own value.
    let found = affine("(u*w*x - y)^2/(1 + (u*w)^2)", "u w", "x y");
    let [symmetry] = &found.symmetries[..] else {
        panic!("{:?}", kinds(&found));
    };
    let theta = [Rational::from((3, 7)), Rational::from((5, 2))];
    let motion = symmetry.at(&theta);
    // d(uw) = u'w + uw'.
    let change = Rational::from(&motion[0] * &theta[1]) + Rational::from(&motion[1] * &theta[0]);
    assert_eq!(change, 0);
    assert!(motion.iter().any(|x| *x != 0));
}

#[test]
fn given_samples_alone_have_more_symmetries() {
    let loss = formula("((u*x + w*z) - y)^2", "u w", "x z y");
    let numbers = |row: [i32; 3]| row.map(Rational::from).to_vec();
    let all = discover(&Examined::formula(&loss), Ansatz::Affine, 7).expect("symmetries");
    assert!(all.symmetries.is_empty());
    // Both inputs are multiples of (1, 2): 2u − w moves nothing.
    let samples = vec![numbers([1, 2, 5]), numbers([-3, -6, 1])];
    let examined = Examined::formula(&loss)
        .on_samples(samples)
        .expect("samples");
    let found = discover(&examined, Ansatz::Affine, 7).expect("symmetries");
    assert!(kinds(&found).contains(&"translation"));
    assert!(
        charges(&found, "u w").contains(&"u - 1/2*w".to_owned()),
        "{:?}",
        charges(&found, "u w")
    );
}

#[test]
fn seeds_agree() {
    let loss = formula("(u*relu(w*x) - y)^2 + (a*b*x)^2", "u w a b", "x y");
    let of = |seed| {
        let found = discover(&Examined::formula(&loss), Ansatz::Affine, seed).expect("symmetries");
        charges(&found, "u w a b")
    };
    assert_eq!(of(0), ["u^2 - w^2", "a^2 - b^2"]);
    assert_eq!(of(0), of(1));
    assert_eq!(of(0), of(u64::MAX));
}

/// e^a e^{−a} = 1 is a relation between values: modulo primes it is not seen, in balls it is.
#[test]
fn relations_between_exponentials_are_seen() {
    let nothing = "(exp(u*w)*exp(-u*w) - 1)*(3*u + x)";
    let found = affine(&format!("({nothing} + u*w*x - y)^2"), "u w", "x y");
    let plain = affine("(u*w*x - y)^2", "u w", "x y");
    assert_eq!(charges(&found, "u w"), charges(&plain, "u w"));
    assert_eq!(kinds(&found), kinds(&plain));
    assert_eq!(found.irrational, 0);
    let by_balls = |proof: &Proof| {
        matches!(
            proof,
            Proof::Digits {
                by: Rank::Pivots { .. },
                ..
            }
        )
    };
    assert!(by_balls(&found.proof) && !by_balls(&plain.proof));
}

/// (√2 u w − w²)x has the symmetry u' = −u + √2 w, w' = w, counted and not listed.
#[test]
fn irrational_symmetries_are_counted() {
    let found = affine("(sqrt(2)*u*w - w^2)*x", "u w", "x");
    assert!(found.symmetries.is_empty());
    assert_eq!(found.irrational, 1);
}
