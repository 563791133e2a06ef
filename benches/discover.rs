//! The symmetries of networks of 60 parameters and, diagonal ones alone, of 1000.

use criterion::{Criterion, criterion_group, criterion_main};
use noise_equilibrium::discovery::{Ansatz, Examined, Formula, discover, names};
use std::hint::black_box;
use std::time::Duration;

/// ‖W_L φ(… W_1 x) − y‖² between these widths.
fn network(widths: &[usize], activation: &str) -> Formula {
    let ends = [widths[0], widths[widths.len() - 1]];
    let data = names(&[format!("x[1..{}]", ends[0]), format!("y[1..{}]", ends[1])]).expect("names");
    let mut parameters = Vec::new();
    let mut definitions = Vec::new();
    let mut hidden: Vec<String> = data[..ends[0]].to_vec();
    for (l, pair) in widths.windows(2).enumerate() {
        let (l, last) = (l + 1, l + 2 == widths.len());
        parameters.push(format!("w{l}[1..{},1..{}]", pair[1], pair[0]));
        let mut next = Vec::new();
        for i in 1..=pair[1] {
            let terms = hidden.iter().enumerate();
            let terms: Vec<String> = terms
                .map(|(j, h)| format!("w{l}[{i},{}]*{h}", j + 1))
                .collect();
            let function = if last { "" } else { activation };
            definitions.push((
                format!("h{l}[{i}]"),
                format!("{function}({})", terms.join("+")),
            ));
            next.push(format!("h{l}[{i}]"));
        }
        hidden = next;
    }
    let errors = hidden.iter().zip(&data[ends[0]..]);
    let errors: Vec<String> = errors.map(|(h, y)| format!("({h}-{y})^2")).collect();
    let parameters = names(&parameters).expect("names");
    Formula::with_definitions(&definitions, &errors.join("+"), &parameters, &data)
        .expect("a formula")
}

fn symmetries(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("symmetries");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100));
    let linear = network(&[6, 5, 6], "");
    let relu = network(&[6, 5, 6], "relu");
    let deep = network(&[4, 4, 4, 4, 3], "");
    let wide = network(&[25, 20, 25], "");
    let wide_relu = network(&[25, 20, 25], "relu");
    for (name, formula, ansatz, count) in [
        ("linear, d = 60, affine", &linear, Ansatz::Affine, 25),
        ("ReLU, d = 60, affine", &relu, Ansatz::Affine, 5),
        (
            "four linear layers, d = 60, affine",
            &deep,
            Ansatz::Affine,
            48,
        ),
        ("linear, d = 60, symmetric", &linear, Ansatz::Symmetric, 15),
        ("ReLU, d = 60, symmetric", &relu, Ansatz::Symmetric, 5),
        ("linear, d = 1000, diagonal", &wide, Ansatz::Diagonal, 20),
        ("ReLU, d = 1000, diagonal", &wide_relu, Ansatz::Diagonal, 20),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let found = discover(&Examined::formula(black_box(formula)), ansatz, 0);
                assert_eq!(found.expect("symmetries").symmetries.len(), count);
            });
        });
    }
    group.finish();
}

criterion_group!(benches, symmetries);
criterion_main!(benches);
