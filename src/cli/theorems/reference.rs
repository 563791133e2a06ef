//! `noise-equilibrium reference`.

use crate::cli::output;
use crate::cli::{BadInput, FAILED, HELD, read_text, table, write_text};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use noise_equilibrium::reference::{
    BUILT_IN, Difference, Disagreement, Entry, FAMILIES, Family, Item, catalogue, check,
    family_file,
};
use rayon::prelude::*;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Write the reference values, or compute all of them again and compare to the digit
#[derive(Args)]
pub struct Reference {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Write one file for each family of problems
    Write(Directory),
    /// Compute everything in the files again, by both routes
    Check(Directory),
}

#[derive(Args)]
struct Directory {
    /// The folder of the files
    directory: PathBuf,
    /// Only these families (spectrum,dense)
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Threads; one per core if left out
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
}

/// The families in a folder, or those that the program was built with.
pub(super) fn families(directory: Option<&Path>) -> Result<Vec<Family>, BadInput> {
    let Some(directory) = directory else {
        let read = BUILT_IN.iter().map(|text| Family::read(text));
        return read
            .collect::<Result<_, _>>()
            .map_err(|error| BadInput(format!("built-in reference values: {error}")));
    };
    read(directory, &FAMILIES)
}

fn read(directory: &Path, chosen: &[&'static str]) -> Result<Vec<Family>, BadInput> {
    let read = |family: &&str| {
        let path = directory.join(family_file(family));
        let found = Family::read(&read_text(&path)?).map_err(|error| BadInput::at(&path, error))?;
        if found.family == **family {
            Ok(found)
        } else {
            Err(BadInput::at(
                &path,
                format!("family: expected {family:?}, found {:?}", found.family),
            ))
        }
    };
    chosen.iter().map(read).collect()
}

impl Directory {
    fn chosen(&self) -> Result<Vec<&'static str>, BadInput> {
        if self.only.is_empty() {
            return Ok(FAMILIES.to_vec());
        }
        let family = |name: &String| {
            let known = FAMILIES.iter().find(|family| *family == name);
            known.copied().ok_or_else(|| {
                let known = FAMILIES.join(", ");
                BadInput(format!(
                    "--only: expected families among {known}, found {name:?}"
                ))
            })
        };
        self.only.iter().map(family).collect()
    }
}

impl Reference {
    pub fn run(&self) -> Result<u8, BadInput> {
        let (Action::Write(directory) | Action::Check(directory)) = &self.action;
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(directory.jobs.map_or(0, usize::from))
            .build()
            .map_err(|error| BadInput(format!("--jobs: {error}")))?;
        let chosen = directory.chosen()?;
        let mut items = catalogue();
        items.retain(|item| chosen.contains(&item.family));
        let folder = &directory.directory;
        match &self.action {
            Action::Write(_) => write(folder, &chosen, &items, &pool),
            Action::Check(_) => compare(&read(folder, &chosen)?, folder, &items, &pool),
        }
    }
}

/// Drawn on standard error, and only where that is a terminal.
fn progress(count: usize) -> ProgressBar {
    let bar = ProgressBar::new(count as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} problems, {eta} left") {
        bar.set_style(style);
    }
    bar
}

fn write(
    folder: &Path,
    chosen: &[&'static str],
    items: &[Item],
    pool: &rayon::ThreadPool,
) -> Result<u8, BadInput> {
    output::folder(folder)?;
    let start = Instant::now();
    let bar = progress(items.len());
    let solve = |item: &Item| {
        let entry = Entry::of(item).map_err(|error| (item.id.clone(), error));
        bar.inc(1);
        entry
    };
    let solved: Vec<Result<Entry, (String, Disagreement)>> =
        pool.install(|| items.par_iter().map(solve).collect());
    bar.finish_and_clear();
    let mut entries = Vec::new();
    let mut page = String::new();
    for outcome in solved {
        match outcome {
            Ok(entry) => entries.push(entry),
            Err((id, error)) => page += &format!("the routes do not agree: {id}: {error}\n"),
        }
    }
    if !page.is_empty() {
        write_text(None, &(page + "nothing written\n"))?;
        return Ok(FAILED);
    }
    let mut files = Vec::new();
    let mut table = table();
    table.set_header(["family", "problems", "statuses", "agreement", "bytes"]);
    for &family in chosen {
        // There is an entry for each problem, in the same order.
        let own = entries
            .iter()
            .zip(items)
            .filter(|(_, item)| item.family == family);
        let path = folder.join(family_file(family));
        let file = Family {
            family: family.to_owned(),
            program: concat!("noise-equilibrium ", env!("CARGO_PKG_VERSION")).to_owned(),
            entries: own.map(|(entry, _)| entry.clone()).collect(),
        };
        let text = file.write().map_err(|error| BadInput::at(&path, error))?;
        let statuses: BTreeSet<&str> = file.entries.iter().map(Entry::status).collect();
        let least = file
            .entries
            .iter()
            .filter_map(|entry| entry.agreement)
            .min();
        table.add_row([
            family.to_owned(),
            file.entries.len().to_string(),
            statuses.into_iter().collect::<Vec<_>>().join(", "),
            least.map_or(String::new(), |digits| format!("{digits} digits")),
            text.len().to_string(),
        ]);
        files.push((path, text));
    }
    output::write_texts(&files)?;
    let seconds = start.elapsed().as_secs_f64();
    let page = format!(
        "{table}\n{} problems in {seconds:.1} s with {} threads, written to {}\n",
        items.len(),
        pool.current_num_threads(),
        folder.display()
    );
    write_text(None, &page)?;
    Ok(HELD)
}

fn compare(
    families: &[Family],
    folder: &Path,
    items: &[Item],
    pool: &rayon::ThreadPool,
) -> Result<u8, BadInput> {
    let start = Instant::now();
    let count = families.iter().map(|family| family.entries.len()).sum();
    let bar = progress(count);
    let differences = pool.install(|| check(families, items, || bar.inc(1)));
    bar.finish_and_clear();
    let line = |difference: &Difference| {
        let path = folder.join(family_file(&difference.family));
        format!("{}: {difference}\n", path.display())
    };
    let mut page: String = differences.iter().map(line).collect();
    page += &match differences.len() {
        0 => format!("{count} reference values hold, each by two routes"),
        1 => "1 difference".to_owned(),
        n => format!("{n} differences"),
    };
    page += &format!(
        ", {:.1} s with {} threads\n",
        start.elapsed().as_secs_f64(),
        pool.current_num_threads()
    );
    write_text(None, &page)?;
    Ok(if differences.is_empty() { HELD } else { FAILED })
}
