//! The symmetries of a loss, found: known ones, counts, broken ones, bad input.

mod bad_input;
mod counts;
mod formula;
mod known;
mod losses;
mod program;
mod random;
mod solve;

use noise_equilibrium::discovery::{
    Ansatz, Discovery, Examined, Formula, Kind, Symmetry, discover, names,
};

/// The names of a list such as `u,w[1..3]`, split at blanks.
fn listed(text: &str) -> Vec<String> {
    let list: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    names(&list).expect("names")
}

fn formula(text: &str, parameters: &str, data: &str) -> Formula {
    Formula::parse(text, &listed(parameters), &listed(data)).expect("a formula")
}

fn search(text: &str, parameters: &str, data: &str, ansatz: Ansatz) -> Discovery {
    discover(
        &Examined::formula(&formula(text, parameters, data)),
        ansatz,
        7,
    )
    .expect("symmetries")
}

/// All affine symmetries.
fn affine(text: &str, parameters: &str, data: &str) -> Discovery {
    search(text, parameters, data, Ansatz::Affine)
}

/// The charges of all symmetries that have one, in the names of the parameters.
fn charges(found: &Discovery, parameters: &str) -> Vec<String> {
    let names = listed(parameters);
    let charges = found.symmetries.iter().filter_map(Symmetry::charge);
    charges.map(|charge| charge.formula(&names)).collect()
}

fn kinds(found: &Discovery) -> Vec<&'static str> {
    found.symmetries.iter().map(|s| s.kind.name()).collect()
}

/// The rates of an exponential symmetry, as often as they occur.
fn rates(symmetry: &Symmetry) -> Vec<String> {
    let Kind::Exponential { rates, .. } = &symmetry.kind else {
        return Vec::new();
    };
    let all = rates.iter();
    all.flat_map(|rate| vec![rate.text(); rate.multiplicity])
        .collect()
}

/// A network as definitions and a loss: layers of weights `w1[i,j]`, … between these widths.
struct Network {
    parameters: Vec<String>,
    data: Vec<String>,
    definitions: Vec<(String, String)>,
    loss: String,
}

fn network(widths: &[usize], activation: &str) -> Network {
    let mut network = Network {
        parameters: Vec::new(),
        data: Vec::new(),
        definitions: Vec::new(),
        loss: String::new(),
    };
    let ends = [widths.first(), widths.last()].map(|n| *n.expect("a width"));
    let mut hidden: Vec<String> = (1..=ends[0]).map(|i| format!("x[{i}]")).collect();
    network.data.extend(hidden.iter().cloned());
    let outputs: Vec<String> = (1..=ends[1]).map(|i| format!("y[{i}]")).collect();
    network.data.extend(outputs.iter().cloned());
    for (l, pair) in widths.windows(2).enumerate() {
        let mut next = Vec::new();
        for i in 1..=pair[1] {
            let weights: Vec<String> = (1..=pair[0])
                .map(|j| format!("w{}[{i},{j}]", l + 1))
                .collect();
            let terms = weights.iter().zip(&hidden);
            let terms: Vec<String> = terms.map(|(w, h)| format!("{w}*{h}")).collect();
            let sum = terms.join("+");
            let last = l + 2 == widths.len();
            let sum = if last || activation.is_empty() {
                sum
            } else {
                format!("{activation}({sum})")
            };
            let name = format!("h{}[{i}]", l + 1);
            network.definitions.push((name.clone(), sum));
            network.parameters.extend(weights);
            next.push(name);
        }
        hidden = next;
    }
    let errors = hidden.iter().zip(&outputs);
    let errors: Vec<String> = errors.map(|(h, y)| format!("({h}-{y})^2")).collect();
    network.loss = errors.join("+");
    network
}

impl Network {
    fn formula(&self) -> Formula {
        Formula::with_definitions(&self.definitions, &self.loss, &self.parameters, &self.data)
            .expect("a formula")
    }

    fn search(&self, ansatz: Ansatz) -> Discovery {
        discover(&Examined::formula(&self.formula()), ansatz, 7).expect("symmetries")
    }
}
