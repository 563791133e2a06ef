//! The phenomena as a program, and how an estimate is judged.

use noise_equilibrium::phenomenon::{
    Axis, Bound, Claim, Estimate, Experiment, Figure, Finding, FindingReport, Judgement, PHENOMENA,
    Panel, Series, Style,
};
use std::path::Path;
use std::process::{Command, Output};

fn program(arguments: &[&str], out: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_noise-equilibrium"))
        .arg("phenomenon")
        .args(arguments)
        .arg("--out")
        .arg(out)
        .output()
        .expect("the program")
}

#[test]
fn same_bytes_for_any_number_of_threads() {
    let folders = [1, 2].map(|_| tempfile::tempdir().expect("a folder"));
    for (folder, jobs) in folders.iter().zip(["1", "2"]) {
        let output = program(&["P1", "--jobs", jobs, "--seed", "3"], folder.path());
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
    for kind in ["svg", "csv", "json"] {
        let [one, two] = folders.each_ref().map(|folder| {
            std::fs::read_to_string(folder.path().join(format!("P1.{kind}"))).expect(kind)
        });
        assert!(one == two, "P1.{kind} differs");
        assert!(one.len() > 500, "P1.{kind} is short");
    }
    let svg = std::fs::read_to_string(folders[0].path().join("P1.svg")).expect("svg");
    assert!(svg.contains("<title>P1: ") && svg.contains("S(λ*)"));
}

#[test]
fn what_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    for (arguments, expected) in [
        (&["P9"][..], "expected phenomena among P1"),
        (&["--seed", "x"], "'--seed <SEED>'"),
        (&["--jobs", "0"], "'--jobs <JOBS>'"),
    ] {
        let output = program(arguments, folder.path());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let error = String::from_utf8(output.stderr).expect("UTF-8");
        assert!(error.contains(expected), "{arguments:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    }
    let file = folder.path().join("file");
    std::fs::write(&file, "").expect("a file");
    let output = program(&["P1"], &file);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_judgement_needs_the_whole_interval() {
    let estimate = |mean, half_width| Estimate {
        mean,
        half_width,
        runs: 4,
    };
    let judged =
        |mean, half_width, bound| Finding::new("x", estimate(mean, half_width), bound).judgement();
    let within = Bound::Within {
        prediction: 1.0,
        tolerance: 0.25,
    };
    for (mean, half_width, bound, expected) in [
        (2.0, 0.5, Bound::Above(1.0), Judgement::Verified),
        (2.0, 1.5, Bound::Above(1.0), Judgement::Inconclusive),
        (0.0, 1.5, Bound::Above(1.0), Judgement::Inconclusive),
        (0.0, 0.5, Bound::Above(1.0), Judgement::Refuted),
        (0.0, 0.5, Bound::Below(1.0), Judgement::Verified),
        (2.0, 0.5, Bound::Below(1.0), Judgement::Refuted),
        (1.125, 0.0625, within, Judgement::Verified),
        (1.125, 0.5, within, Judgement::Inconclusive),
        (0.5, 0.125, within, Judgement::Refuted),
        (1.5, 0.125, within, Judgement::Refuted),
        // A single run has no interval, and a run that diverged no value.
        (
            2.0,
            f64::INFINITY,
            Bound::Above(1.0),
            Judgement::Inconclusive,
        ),
        (f64::NAN, 0.5, Bound::Above(1.0), Judgement::Refuted),
        (f64::NAN, f64::NAN, within, Judgement::Refuted),
    ] {
        assert_eq!(
            judged(mean, half_width, bound),
            expected,
            "{mean} {bound:?}"
        );
    }
}

#[test]
fn claims_of_the_paper_are_judged_apart() {
    let one = Estimate::exact(1.0);
    let mut experiment = Experiment {
        findings: vec![
            Finding::new("ours", one, Bound::Above(0.0)),
            Finding::of_paper("the paper's", one, Bound::Below(0.0)),
        ],
        figure: Figure {
            title: String::new(),
            panels: Vec::new(),
        },
    };
    assert_eq!(experiment.judgement(), Judgement::Verified);
    let said = |experiment: &Experiment| {
        let all = FindingReport::all(experiment).into_iter();
        all.map(|f| (f.claim, f.verdict)).collect::<Vec<_>>()
    };
    let expected = [("hypothesis", "verified"), ("paper", "refuted")];
    assert_eq!(said(&experiment), expected);
    let paper = experiment.of(Claim::Paper).map(Finding::judgement);
    assert_eq!(paper.collect::<Vec<_>>(), [Judgement::Refuted]);

    // What the paper alone says verifies nothing.
    experiment.findings.remove(0);
    experiment.findings[0].bound = Bound::Above(0.0);
    assert_eq!(experiment.judgement(), Judgement::Inconclusive);

    // A file from before there were two kinds.
    let mut json = serde_json::to_value(Finding::new("x", one, Bound::Above(0.0))).expect("JSON");
    json.as_object_mut().expect("an object").remove("claim");
    let finding: Finding = serde_json::from_value(json).expect("a finding");
    assert_eq!(finding.claim, Claim::Hypothesis);
}

/// A journal keeps figures: to the bit, and with numbers that JSON does not know.
#[test]
fn a_figure_comes_back_from_json() {
    let points = [
        (0.1, 1.0 / 3.0),
        (-0.0, f64::INFINITY),
        (f64::MIN_POSITIVE, -1e300),
    ];
    let figure = Figure {
        title: "title".to_owned(),
        panels: vec![Panel {
            x: Axis::linear("x"),
            y: Axis::log("y"),
            series: vec![Series::new("name", Style::Points, points)],
        }],
    };
    let text = serde_json::to_string(&figure).expect("JSON");
    let back: Figure = serde_json::from_str(&text).expect("a figure");
    let numbers = |figure: &Figure| -> Vec<u64> {
        let points = figure.panels[0].series[0].points.iter().flatten();
        points.map(|x| x.to_bits()).collect()
    };
    assert_eq!(numbers(&back), numbers(&figure));
    assert_eq!(back, figure);
    for bad in ["\"one\"", "1"] {
        let bad = text.replacen("\"1e-1\"", bad, 1);
        assert_ne!(bad, text);
        assert!(serde_json::from_str::<Figure>(&bad).is_err(), "{bad}");
    }
}

#[test]
fn intervals_by_hand() {
    // 1, 3: mean 2, standard error 1, one degree of freedom.
    let two = Estimate::of(&[1.0, 3.0]);
    assert_eq!((two.mean, two.half_width, two.runs), (2.0, 12.7062, 2));
    assert_eq!(Estimate::of(&[1.0]).half_width, f64::INFINITY);
    assert_eq!(Estimate::of(&[5.0; 9]).half_width, 0.0);
}

/// The table of Student's quantiles against the integral of the density, whose shape is
/// (1 + t²/ν)^{−(ν+1)/2}: 5 % of it lie beyond.
#[test]
fn quantiles_of_student() {
    for runs in 2..=31 {
        let freedom = f64::from(runs) - 1.0;
        // ±1 around 0: the standard error is 1/√ν for an even number of values.
        let values: Vec<f64> = (0..2 * runs)
            .map(|i| if i % 2 == 0 { 1.0 } else { -1.0 })
            .collect();
        let values = &values[..runs as usize];
        let estimate = Estimate::of(values);
        let squares: f64 = values
            .iter()
            .map(|x| (x - estimate.mean) * (x - estimate.mean))
            .sum();
        let quantile = estimate.half_width / (squares / (freedom * f64::from(runs))).sqrt();
        let density = |t: f64| libm::pow(1.0 + t * t / freedom, -(freedom + 1.0) / 2.0);
        // t = tan u maps the half line to a bounded interval.
        let integral = |from: f64, to: f64| {
            let steps = 20_000;
            let width = (to - from) / f64::from(steps);
            let point = |k: i32| from + width * (f64::from(k) + 0.5);
            let slope = |u: f64| 1.0 / (libm::cos(u) * libm::cos(u));
            (0..steps)
                .map(|k| density(libm::tan(point(k))) * slope(point(k)) * width)
                .sum::<f64>()
        };
        let end = std::f64::consts::FRAC_PI_2;
        let part = integral(libm::atan(quantile), end) / integral(0.0, end);
        // Four decimals of the quantile, and the midpoint rule's h²/24.
        assert!((part - 0.05).abs() < 2e-5, "{freedom}: {part}");
    }
}

#[test]
fn what_an_entry_says() {
    for phenomenon in PHENOMENA {
        assert!(!phenomenon.sabotages.is_empty(), "{}", phenomenon.id);
        let [preset, full] = [false, true].map(|full| (phenomenon.steps)(full));
        assert!(0 < preset && preset < full, "{}", phenomenon.id);
    }
}
