//! `noise-equilibrium balance`.

use super::output::{self, DASH, Place};
use super::{BadInput, FAILED, HELD, read_text, table, warn, write_text};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use noise_equilibrium::checkpoint::{
    Balanced, Change, MAX_SWEEPS, PairReport, PairStatus, Report, TOLERANCE, Verdict, balance,
    read_architecture,
};
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Move a checkpoint to the point where noise and weight decay balance; the function stays
#[derive(Args)]
pub struct Balance {
    /// The network's tensors, a .safetensors file
    checkpoint: PathBuf,
    /// A network-1 file (see docs/format.md): which tensors share an inner dimension
    #[arg(long)]
    network: PathBuf,
    /// Per-sample gradients, a .safetensors file with a tensor (N, shape) for each named one
    #[arg(long)]
    gradients: PathBuf,
    /// The new checkpoint; - for standard output, and the table goes to standard error
    #[arg(long)]
    out: PathBuf,
    /// Write the report as JSON too (-: as above)
    #[arg(long)]
    report: Option<PathBuf>,
}

impl Balance {
    pub fn run(&self) -> Result<u8, BadInput> {
        self.check_places()?;
        let text = read_text(&self.network)?;
        let network =
            read_architecture(&text).map_err(|error| BadInput::at(&self.network, error))?;
        let read = |path: &Path| fs::read(path).map_err(|error| BadInput::at(path, error));
        let (checkpoint, gradients) = (read(&self.checkpoint)?, read(&self.gradients)?);
        // Drawn on standard error, and only where that is a terminal.
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} sweep {pos}, imbalance {msg}") {
            bar.set_style(style);
        }
        let outcome = balance(&checkpoint, &network, &gradients, |sweep, worst| {
            bar.set_position(sweep as u64);
            bar.set_message(format!("{worst:.1e}"));
        });
        bar.finish_and_clear();
        let bad = |error| BadInput::at(&self.checkpoint, error);
        let Balanced { report, checkpoint } = outcome.map_err(bad)?;
        let mut json =
            serde_json::to_string_pretty(&report).map_err(|error| BadInput(error.to_string()))?;
        json.push('\n');
        let mut files: Vec<(&Path, &[u8])> = Vec::new();
        // A report without its checkpoint does less harm than the other way round.
        files.extend(
            self.report
                .iter()
                .map(|path| (path.as_path(), json.as_bytes())),
        );
        files.extend(
            checkpoint
                .iter()
                .map(|bytes| (self.out.as_path(), bytes.as_slice())),
        );
        output::write(&files)?;
        match self.takes_standard_output() {
            // Standard error may be closed; the results are written all the same.
            true => drop(io::stderr().write_all(page(&report).as_bytes())),
            false => write_text(None, &page(&report))?,
        }
        for warning in &report.warnings {
            warn(&self.checkpoint, warning);
        }
        match report.status {
            Verdict::Balanced => return Ok(HELD),
            Verdict::NothingMoved => {
                let message = "nothing moved: no pair has a finite equilibrium that is determined; no checkpoint is written";
                warn(&self.checkpoint, message);
                return Ok(FAILED);
            }
            Verdict::NotBalanced => {}
        }
        let left = report.pairs.iter().map(|pair| pair.imbalance.after);
        let worst = left.fold(0.0, f64::max);
        let message = format!(
            "not balanced after {} of at most {MAX_SWEEPS} sweeps: the largest imbalance is {worst:.1e}, above {TOLERANCE:e}; no checkpoint is written",
            report.sweeps
        );
        warn(&self.checkpoint, &message);
        Ok(FAILED)
    }

    /// Nothing that is read may be written over, nor one result over the other.
    fn check_places(&self) -> Result<(), BadInput> {
        let inputs: [Place<'_>; 3] = [
            ("the checkpoint", &self.checkpoint),
            ("--network", &self.network),
            ("--gradients", &self.gradients),
        ];
        if let Some((what, path)) = inputs.iter().find(|(_, path)| path.as_os_str() == DASH) {
            let message = format!("{what}: expected the name of a file (./- for one of that name)");
            return Err(BadInput::at(path, message));
        }
        let mut outputs: Vec<Place<'_>> = vec![("--out", &self.out)];
        outputs.extend(self.report.iter().map(|path| ("--report", path.as_path())));
        if !self.takes_standard_output() {
            outputs.push(("the table", Path::new(DASH)));
        }
        output::check(&inputs, &outputs)
    }

    /// Does a result go where the table would?
    fn takes_standard_output(&self) -> bool {
        let mut files = std::iter::once(&self.out).chain(&self.report);
        files.any(|path| output::is_standard(path))
    }
}

fn page(report: &Report) -> String {
    let mut table = table();
    table.set_header([
        "pair",
        "kind",
        "r",
        "charge",
        "imbalance",
        "potential",
        "status",
    ]);
    for pair in &report.pairs {
        table.add_row(row(pair));
    }
    let mut page = format!("{table}\n");
    for pair in &report.pairs {
        if let Some(reason) = &pair.reason {
            page += &format!("{}: {reason}{}\n", name(pair), units(pair));
        }
    }
    page + &format!(
        "potential of all {}, {} samples, {} {}\n",
        change(report.potential),
        report.samples,
        report.sweeps,
        if report.sweeps == 1 {
            "sweep"
        } else {
            "sweeps"
        }
    )
}

/// A name may hold anything, and must stay on its line.
fn name(pair: &PairReport) -> String {
    pair.name.replace(char::is_control, " ")
}

fn row(pair: &PairReport) -> [String; 7] {
    let Change { before, after } = pair.imbalance;
    let unmoved = pair.unbounded.len() + pair.degenerate.len();
    let status = match pair.status {
        PairStatus::PartlyBalanced => format!("balanced but for {unmoved} units"),
        status => status.name().to_owned(),
    };
    [
        name(pair),
        pair.kind.to_owned(),
        pair.rank.to_string(),
        change(pair.charge),
        format!("{before:.1e} → {after:.1e}"),
        change(pair.potential),
        status,
    ]
}

fn change(change: Change) -> String {
    format!("{:.4e} → {:.4e}", change.before, change.after)
}

/// Units that a line lists.
const LISTED: usize = 12;

fn units(pair: &PairReport) -> String {
    let list = |word: &str, units: &[usize]| {
        let shown: Vec<String> = units.iter().take(LISTED).map(usize::to_string).collect();
        let more = if units.len() > LISTED { ", …" } else { "" };
        if units.is_empty() {
            String::new()
        } else {
            format!("; {} {word}: {}{more}", units.len(), shown.join(", "))
        }
    };
    list("unbounded", &pair.unbounded) + &list("degenerate", &pair.degenerate)
}
