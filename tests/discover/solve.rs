//! What the program prints, and `--solve` from a loss to its equilibrium.

use crate::program::{json, run, text};

const NEURON: &str = r#"{ "format": "noise-equilibrium/loss-1",
    "parameters": ["u", "w"], "data": ["x", "y"], "loss": "(u*w*x - y)^2",
    "theta": ["1/2", 2], "samples": [[1, 3], [1, -1]],
    "strength": { "learning_rate": "0.1", "batch_size": 4 } }"#;

/// The example of the crate's page: gradients (4, 1) and (−4, −1) after a scaling, λ* = ln 2.
#[test]
fn a_neuron_goes_to_its_equilibrium() {
    let found = json(&["-", "--solve", "--digits", "30"], NEURON.as_bytes());
    let solution = &found["equilibrium"]["solution"];
    assert_eq!(solution["status"], "finite");
    assert_eq!(
        solution["lambda"]["lower"],
        "0.69314718055994530941723212145817"
    );
    assert_eq!(found["equilibrium"]["exact_gradients"], true);
    assert_eq!(found["symmetries"][0]["charge"], "u^2 - w^2");
    assert_eq!(found["symmetries"][0]["class"], "rescaling");
    // For a reader the same digits.
    let page = text(&["-", "--solve", "--digits", "30"], NEURON.as_bytes());
    assert!(
        page.contains("0.69314718055994530941723212145817"),
        "{page}"
    );
}

#[test]
fn a_loss_without_a_symmetry_has_no_equilibrium() {
    let broken = NEURON.replace("(u*w*x - y)^2", "(u*w*x - y)^2 + 1e-9*u*x");
    let output = run(&["-", "--solve"], broken.as_bytes());
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        error.contains("expected an exponential symmetry"),
        "{error}"
    );
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("no symmetry"));
}

#[test]
fn a_kink_at_theta_is_refused() {
    let kink = NEURON.replace("(u*w*x - y)^2", "(u*relu(w*x) - y)^2");
    text(&["-", "--solve"], kink.as_bytes());
    let kink = kink.replace("[1, -1]", "[0, -1]");
    let output = run(&["-", "--solve"], kink.as_bytes());
    crate::program::assert_refused("a kink", &output, &["samples[1]", "a kink"]);
}

/// The parameters are in an order that mixes the factors; the group's θ is U, then W.
#[test]
fn a_group_goes_to_its_equilibrium() {
    let file = r#"{ "format": "noise-equilibrium/loss-1",
        "parameters": ["a1", "b1", "a2", "b2"], "data": ["x", "y"],
        "loss": "(a1*b1*x + a2*b2*x - y)^2 + (a1*b1*y - a2*b2*x)^2 - (a1*b1)^2*y",
        "theta": [1, 2, "1/2", 1], "samples": [[1, 3], [1, -1], [2, 1]],
        "strength": { "sigma2": "0.05", "gamma": "0.01" } }"#;
    let found = json(&["-", "--solve", "--digits", "20"], file.as_bytes());
    assert_eq!(found["equilibrium"]["solution"]["status"], "finite");
    assert_eq!(
        found["equilibrium"]["solution"]["lambda"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );

    let file = r#"{ "format": "noise-equilibrium/loss-1",
        "parameters": ["w[1..2,1..2]", "u[1..2,1..2]"], "data": ["x", "y", "s", "t"],
        "let": [["h1", "w[1,1]*x + w[1,2]*y"], ["h2", "w[2,1]*x + w[2,2]*y"]],
        "loss": "(u[1,1]*h1 + u[1,2]*h2 - s)^2 + (u[2,1]*h1 + u[2,2]*h2 - t)^2",
        "theta": [1, 2, "1/2", 2, 0, 1, 1, "1/3"],
        "samples": [[1, 3, 1, 0], [1, -1, 0, 1], [2, 1, 1, 1], [0, 1, 3, 2]],
        "strength": { "sigma2": "0.05", "gamma": "0.01" } }"#;
    let found = json(&["-", "--solve", "--digits", "20"], file.as_bytes());
    let equilibrium = &found["equilibrium"];
    assert_eq!(equilibrium["solution"]["status"], "finite");
    assert!(equilibrium["solution"]["metric"].is_array());
    let order = [
        "w[1,1]", "w[2,1]", "w[1,2]", "w[2,2]", "u[1,1]", "u[2,1]", "u[1,2]", "u[2,2]",
    ];
    assert_eq!(equilibrium["order"], serde_json::json!(order));
}

#[test]
fn gradients_that_are_no_rationals_are_rounded_and_said_to_be() {
    let logistic = NEURON.replace("(u*w*x - y)^2", "log(1 + exp(-y*u*w*x))");
    let found = json(&["-", "--solve"], logistic.as_bytes());
    assert_eq!(found["equilibrium"]["exact_gradients"], false);
    // The gradients are multiples of (w, u) x: λ* = ¼ ln (w²/u²) for any loss of the product.
    let lambda = &found["equilibrium"]["solution"]["lambda"]["lower"];
    assert!(
        lambda
            .as_str()
            .is_some_and(|x| x.starts_with("0.693147180559945309417232121458"))
    );
}

#[test]
fn the_same_input_has_the_same_output() {
    let arguments = [
        "relu(u*x)*w + v*k",
        "--parameters",
        "u,w,v,k",
        "--data",
        "x",
    ];
    assert_eq!(text(&arguments, b""), text(&arguments, b""));
    let found = json(&arguments, b"");
    assert_eq!(found["format"], "noise-equilibrium/discovery-1");
    assert_eq!(found["commuting_family"], serde_json::json!([0, 1]));
    assert_eq!(found["proof"]["kind"], "pieces");
}

#[test]
fn the_proof_is_said() {
    let page = text(&["u*w*x", "--parameters", "u,w", "--data", "x"], b"");
    assert!(page.contains("certain: there are no others"), "{page}");
    assert!(
        page.contains("probability of an error below 10^-"),
        "{page}"
    );
    let page = text(&["exp(u*w*x)", "--parameters", "u,w", "--data", "x"], b"");
    assert!(page.contains("by an approximate inverse"), "{page}");
    let page = text(&["u*w*x + u*x", "--parameters", "u,w", "--data", "x"], b"");
    assert!(
        page.contains("exponential, rescales, about w = -1"),
        "{page}"
    );
    let page = text(&["u*w*x + u", "--parameters", "u,w", "--data", "x"], b"");
    assert!(page.contains("certain: there is none"), "{page}");
}
