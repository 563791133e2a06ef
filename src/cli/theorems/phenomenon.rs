//! `noise-equilibrium phenomenon`.

use crate::cli::output;
use crate::cli::{BadInput, FAILED, HELD, table, write_text};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use noise_equilibrium::audit::DEFAULT_SEED;
use noise_equilibrium::phenomenon::{
    Claim, Experiment, FindingReport, Judgement, PHENOMENA, Phenomenon as Entry, Settings, find,
};
use serde_json::json;
use std::path::PathBuf;

/// Run the experiments P1 to P6: a verdict, a figure and its data for each
#[derive(Args)]
pub struct Phenomenon {
    /// Which ones (P1 P5); all if left out
    ids: Vec<String>,
    /// More runs, longer and larger
    #[arg(long)]
    full: bool,
    /// Run the sabotaged versions as well: each has to be refuted
    #[arg(long)]
    controls: bool,
    /// Seed of every run; the same seed gives the same numbers
    #[arg(long, default_value_t = DEFAULT_SEED)]
    seed: u64,
    /// Threads; one per core if left out
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Directory for P1.svg, P1.csv, P1.json, …
    #[arg(long, default_value = "phenomena")]
    out: PathBuf,
}

impl Phenomenon {
    pub fn run(&self) -> Result<u8, BadInput> {
        let chosen = self.chosen()?;
        output::folder(&self.out)?;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.jobs.map_or(0, usize::from))
            .build()
            .map_err(|error| BadInput(format!("--jobs: {error}")))?;
        let mut held = true;
        for entry in chosen {
            held &= self.experiment(&pool, entry)?;
        }
        Ok(if held { HELD } else { FAILED })
    }

    fn chosen(&self) -> Result<Vec<&'static Entry>, BadInput> {
        if self.ids.is_empty() {
            return Ok(PHENOMENA.to_vec());
        }
        let entry = |id: &String| {
            find(id).ok_or_else(|| {
                let known: Vec<&str> = PHENOMENA.iter().map(|entry| entry.id).collect();
                let known = known.join(", ");
                BadInput(format!("expected phenomena among {known}, found {id:?}"))
            })
        };
        self.ids.iter().map(entry).collect()
    }

    /// One run with its files; did everything turn out as it has to?
    fn experiment(&self, pool: &rayon::ThreadPool, entry: &Entry) -> Result<bool, BadInput> {
        let bar = ProgressBar::new((entry.steps)(self.full));
        let template = format!(
            "{} {{bar:40}} {{pos}}/{{len}} steps, {{eta}} left",
            entry.id
        );
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        let progress = |steps| bar.inc(steps);
        let settings = Settings {
            seed: self.seed,
            full: self.full,
            progress: &progress,
        };
        let run = |run: fn(&Settings) -> Experiment| {
            bar.set_position(0);
            pool.install(|| run(&settings))
        };
        let experiment = run(entry.run);
        let mut controls = Vec::new();
        for sabotage in entry.sabotages.iter().filter(|_| self.controls) {
            controls.push((sabotage.name, run(sabotage.run).judgement()));
        }
        bar.finish_and_clear();

        let drawing = experiment.figure.svg().map_err(BadInput)?;
        let report = report(entry, self, &experiment, &controls);
        let mut json = serde_json::to_string_pretty(&report)
            .map_err(|error| BadInput(format!("{}: {error}", entry.id)))?;
        json.push('\n');
        let file = |kind: &str| self.out.join(format!("{}.{kind}", entry.id));
        output::write_texts(&[
            (file("svg"), drawing),
            (file("csv"), experiment.figure.csv()),
            (file("json"), json),
        ])?;
        write_text(None, &page(entry, &experiment, &controls))?;
        let caught = controls.iter().all(|(_, j)| *j == Judgement::Refuted);
        Ok(caught && experiment.judgement() == Judgement::Verified)
    }
}

fn page(entry: &Entry, experiment: &Experiment, controls: &[(&str, Judgement)]) -> String {
    let mut table = table();
    table.set_header([
        "", "measured", "± 95 %", "runs", "expected", "verdict", "claim of",
    ]);
    for finding in &experiment.findings {
        table.add_row([
            finding.what.clone(),
            format!("{:.4e}", finding.estimate.mean),
            format!("{:.1e}", finding.estimate.half_width),
            finding.estimate.runs.to_string(),
            finding.bound.to_string(),
            finding.judgement().label().to_owned(),
            finding.claim.label().to_owned(),
        ]);
    }
    let mut page = format!(
        "{}: {}\n{}\n{table}\n",
        entry.id, entry.name, entry.hypothesis
    );
    for (name, judgement) in controls {
        let word = match judgement {
            Judgement::Refuted => "caught",
            _ => "NOT CAUGHT",
        };
        page += &format!("sabotaged, {name}: {word}\n");
    }
    for finding in experiment.of(Claim::Paper) {
        page += &format!(
            "the paper's claim {}: {finding}\n",
            finding.judgement().label()
        );
    }
    page + &format!("{}: {}\n\n", entry.id, experiment.judgement().label())
}

fn report(
    entry: &Entry,
    options: &Phenomenon,
    experiment: &Experiment,
    controls: &[(&str, Judgement)],
) -> serde_json::Value {
    let control = |(name, judgement): &(&str, Judgement)| json!({ "name": name, "caught": *judgement == Judgement::Refuted });
    json!({
        "format": "noise-equilibrium/phenomenon-1",
        "version": env!("CARGO_PKG_VERSION"),
        "id": entry.id,
        "hypothesis": entry.hypothesis,
        "seed": options.seed,
        "full": options.full,
        "verdict": experiment.judgement().label(),
        "findings": FindingReport::all(experiment),
        "controls": controls.iter().map(control).collect::<Vec<_>>(),
    })
}
