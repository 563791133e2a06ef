//! `noise-equilibrium balance`.

use super::{BadInput, FAILED, HELD, read_text, table, warn, write_text};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use noise_equilibrium::checkpoint::{
    Balanced, Change, MAX_SWEEPS, PairReport, PairStatus, Report, TOLERANCE, Verdict, balance,
    read_network,
};
use std::fs::{self, File};
use std::io::Write;
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
    /// The new checkpoint
    #[arg(long)]
    out: PathBuf,
    /// Write the report as JSON too
    #[arg(long)]
    report: Option<PathBuf>,
}

impl Balance {
    pub fn run(&self) -> Result<u8, BadInput> {
        self.check_places()?;
        let text = read_text(&self.network)?;
        let network = read_network(&text).map_err(|error| BadInput::at(&self.network, error))?;
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
        // Both or neither: nothing gets its name before all is written.
        let mut files = Vec::new();
        if let Some(bytes) = &checkpoint {
            files.push(Partial::write(&self.out, bytes)?);
        }
        if let Some(path) = &self.report {
            let mut json =
                serde_json::to_string_pretty(&report).map_err(|error| BadInput::at(path, error))?;
            json.push('\n');
            files.push(Partial::write(path, json.as_bytes())?);
        }
        files.into_iter().try_for_each(Partial::finish)?;
        write_text(None, &page(&report))?;
        for warning in &report.warnings {
            warn(&self.checkpoint, warning);
        }
        match report.status {
            Verdict::Balanced => return Ok(HELD),
            Verdict::NothingMoved => {
                let message =
                    "nothing moved: no pair has a finite equilibrium; no checkpoint is written";
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
        let mut taken: Vec<(&str, PathBuf)> = Vec::new();
        for (what, path) in [
            ("the checkpoint", &self.checkpoint),
            ("--network", &self.network),
            ("--gradients", &self.gradients),
        ] {
            if path.as_os_str() != "-" {
                taken.push((what, place(path)?));
            }
        }
        for (what, path) in [
            ("--out", Some(&self.out)),
            ("--report", self.report.as_ref()),
        ] {
            let Some(path) = path else { continue };
            if path.as_os_str() == "-" {
                let message = format!("{what}: expected the name of a file");
                return Err(BadInput::at(path, message));
            }
            let place = place(path)?;
            if let Some((other, _)) = taken.iter().find(|(_, taken)| *taken == place) {
                let message = format!("{what}: expected another file than {other}'s");
                return Err(BadInput::at(path, message));
            }
            taken.push((what, place));
        }
        Ok(())
    }
}

/// Where a file is, or will be.
fn place(path: &Path) -> Result<PathBuf, BadInput> {
    if let Ok(place) = path.canonicalize() {
        return Ok(place);
    }
    let bad = |error| BadInput::at(path, error);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let name = path
        .file_name()
        .ok_or_else(|| BadInput::at(path, "expected the name of a file"))?;
    Ok(folder.canonicalize().map_err(bad)?.join(name))
}

/// A file under another name, until it is complete: whoever reads it never sees half of it.
struct Partial<'a> {
    path: &'a Path,
    partial: PathBuf,
}

impl<'a> Partial<'a> {
    fn write(path: &'a Path, bytes: &[u8]) -> Result<Self, BadInput> {
        if path.is_dir() {
            return Err(BadInput::at(path, "expected a file, found a folder"));
        }
        let mut partial = path.as_os_str().to_owned();
        partial.push(format!(".partial-{}", std::process::id()));
        let partial = PathBuf::from(partial);
        let bad = |error| BadInput::at(path, error);
        let mut file = File::create_new(&partial).map_err(bad)?;
        // From here on the file goes away with this value unless it is finished.
        let written = Self { path, partial };
        file.write_all(bytes)
            .and_then(|()| file.sync_all())
            .map_err(bad)?;
        Ok(written)
    }

    fn finish(self) -> Result<(), BadInput> {
        fs::rename(&self.partial, self.path).map_err(|error| BadInput::at(self.path, error))
    }
}

impl Drop for Partial<'_> {
    fn drop(&mut self) {
        // Gone already where it was finished.
        let _ = fs::remove_file(&self.partial);
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
            page += &format!("{}: {reason}{}\n", pair.name, units(pair));
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

fn row(pair: &PairReport) -> [String; 7] {
    let Change { before, after } = pair.imbalance;
    let unmoved = pair.unbounded.len() + pair.degenerate.len();
    let status = match pair.status {
        PairStatus::PartlyBalanced => format!("balanced but for {unmoved} units"),
        status => status.name().to_owned(),
    };
    [
        pair.name.clone(),
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
        match units.is_empty() {
            true => String::new(),
            false => format!("; {} {word}: {}{more}", units.len(), shown.join(", ")),
        }
    };
    list("unbounded", &pair.unbounded) + &list("degenerate", &pair.degenerate)
}
