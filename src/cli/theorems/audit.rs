//! `noise-equilibrium audit`.

use crate::cli::output::{self, DASH};
use crate::cli::{BadInput, FAILED, HELD, name, printable, read_text, table, write_text};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use noise_equilibrium::audit::{
    Audit as Audited, AuditError, DEFAULT_CASES, DEFAULT_SEED, FOREIGN, FORMAT, JOURNAL, Journal,
    Options, Part, Report, StatementReport, Verdict, merge,
};
use noise_equilibrium::theorem::{LEDGER, Outcome, REPLAY_FORMAT, Replay};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Run every check of the ledger with its negative controls, and report
#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Audit {
    #[command(subcommand)]
    action: Option<Action>,
    /// Only these statements, by identifier (T8,C1)
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Cases of each check; with fewer than 16 some controls stay undecided
    #[arg(long, default_value_t = DEFAULT_CASES, allow_negative_numbers = true)]
    cases: u64,
    /// Seed of every case; the same seed gives the same digest
    #[arg(long, default_value_t = DEFAULT_SEED, allow_negative_numbers = true)]
    seed: u64,
    /// The experiments P1 to P6 at their full size: takes much longer
    #[arg(long)]
    full: bool,
    /// Threads; one per core if left out
    #[arg(long)]
    jobs: Option<usize>,
    /// Directory for the journal, the report and the files of failing cases
    #[arg(long, default_value = "audit-report")]
    out: PathBuf,
    /// One part of many (3/8), to be merged with the others
    #[arg(long, value_name = "PART", default_value_t = Part::WHOLE)]
    shard: Part,
    /// Go on with the audit, or the part, whose journal is in this directory
    #[arg(long, value_name = "DIR", conflicts_with_all = ["only", "cases", "seed", "full", "out", "shard"])]
    resume: Option<PathBuf>,
    /// Run one failing case again, from its file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["only", "cases", "seed", "full", "jobs", "out", "shard", "resume"])]
    replay: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Action {
    /// Put the parts of an audit together: the report is that of one run
    Merge {
        /// The parts' directories
        #[arg(required = true)]
        parts: Vec<PathBuf>,
        /// Directory for the report and the files of failing cases
        #[arg(long, default_value = "audit-report")]
        out: PathBuf,
    },
}

impl Audit {
    pub fn run(&self) -> Result<u8, BadInput> {
        if let Some(Action::Merge { parts, out }) = &self.action {
            output::folder(out)?;
            refuse_foreign(REPORT.map(|name| out.join(name)))?;
            return report(merge(parts).map_err(bad)?, out);
        }
        if let Some(path) = &self.replay {
            return replay(path);
        }
        let (mut journal, out) = match &self.resume {
            Some(out) => {
                let journal = Journal::resume(out, self.jobs).map_err(bad)?;
                let ids: Vec<&str> = journal.statements().collect();
                refuse_foreign(names_for(out, &ids)?)?;
                (journal, out)
            }
            None => (self.start()?, &self.out),
        };
        // Drawn on standard error, and only where that is a terminal.
        let bar = ProgressBar::new(0);
        if let Ok(style) =
            ProgressStyle::with_template("{bar:40} {human_pos}/{human_len} steps, {eta} left")
        {
            bar.set_style(style);
        }
        let ran = journal.run(|done, total| {
            bar.set_length(total);
            bar.set_position(done);
        });
        bar.finish_and_clear();
        ran.map_err(bad)?;
        if journal.part() == Part::WHOLE {
            return report(journal.conclude().map_err(bad)?, out);
        }
        let (done, refuted) = journal.tally();
        let part = journal.part();
        let path = out.join(JOURNAL);
        write_text(
            None,
            &format!(
                "part {part}: {done} cases, {refuted} refuted; audit merge puts the parts together\njournal {}\n",
                printable(&name(&path))
            ),
        )?;
        Ok(if refuted == 0 { HELD } else { FAILED })
    }

    fn start(&self) -> Result<Journal, BadInput> {
        let options = Options {
            only: self.only.iter().map(|id| id.trim().to_owned()).collect(),
            cases: self.cases,
            seed: self.seed,
            full: self.full,
            jobs: self.jobs,
        };
        if self.out.as_os_str() == DASH {
            output::folder(&self.out)?;
        }
        if self.out.is_dir() {
            let audited = |id: &&str| {
                let only = &options.only;
                only.is_empty() || only.iter().any(|named| named.eq_ignore_ascii_case(id))
            };
            let ids = LEDGER.iter().map(|statement| statement.id);
            let ids: Vec<&str> = ids.filter(audited).collect();
            refuse_foreign(names_for(&self.out, &ids)?)?;
        }
        let journal = Journal::start(&self.out, &options, self.shard).map_err(bad)?;
        // What an earlier audit found is not this one's.
        clear(&self.out, &[])?;
        Ok(journal)
    }
}

fn bad(error: AuditError) -> BadInput {
    BadInput(error.to_string())
}

const REPORT: [&str; 3] = ["audit.json", "report.html", "junit.xml"];

/// Removes the files of an earlier report, those of failing cases too, but for `kept`. What
/// has a name like theirs and was not written by an audit stays, as do links.
fn clear(folder: &Path, kept: &[PathBuf]) -> Result<(), BadInput> {
    for path in names_for(folder, &LEDGER.map(|statement| statement.id))? {
        let bad = |error| BadInput::at(&path, error);
        let file = path.symlink_metadata().is_ok_and(|found| found.is_file());
        if file && !kept.contains(&path) && is_own(&path, &std::fs::read(&path).map_err(bad)?) {
            std::fs::remove_file(&path).map_err(bad)?;
        }
    }
    Ok(())
}

/// What the folder has under the names of a report, and of these statements' failing cases.
fn names_for(folder: &Path, ids: &[&str]) -> Result<Vec<PathBuf>, BadInput> {
    let bad = |error| BadInput::at(folder, error);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(bad)? {
        let name = entry.map_err(bad)?.file_name();
        let named = |name: &str| {
            REPORT.contains(&name) || statement_of(name).is_some_and(|id| ids.contains(&id))
        };
        if name.to_str().is_some_and(named) {
            paths.push(folder.join(name));
        }
    }
    paths.sort();
    Ok(paths)
}

/// The T8 of T8-1.json and its like.
fn statement_of(name: &str) -> Option<&'static str> {
    let (id, number) = name.strip_suffix(".json")?.split_once('-')?;
    let statement = LEDGER.iter().find(|statement| statement.id == id)?;
    let n: usize = number.parse().ok()?;
    (n > 0 && n.to_string() == number).then_some(statement.id)
}

/// Nothing that somebody else wrote is written over. Links lead where they lead, and pipes
/// and empty files have nothing to lose.
fn refuse_foreign(paths: impl IntoIterator<Item = PathBuf>) -> Result<(), BadInput> {
    for path in paths {
        let foreign = match std::fs::metadata(&path) {
            Ok(found) if found.is_file() && found.len() > 0 => {
                let bytes = std::fs::read(&path).map_err(|error| BadInput::at(&path, error))?;
                !is_own(&path, &bytes)
            }
            Ok(found) => found.is_dir(),
            // Not there, or a link that leads to a new file.
            Err(_) => false,
        };
        if foreign {
            return Err(BadInput::at(&path, FOREIGN));
        }
    }
    Ok(())
}

/// A file's format, whatever else it has.
#[derive(Deserialize)]
struct Marked {
    format: String,
}

/// What every audit.json has.
#[derive(Deserialize)]
struct Summary {
    format: String,
    #[serde(rename = "statements")]
    _statements: Vec<IgnoredAny>,
    #[serde(rename = "digest")]
    _digest: String,
}

/// Did an audit write it? Its name alone does not say so.
fn is_own(path: &Path, bytes: &[u8]) -> bool {
    let [json, html, junit] = REPORT;
    let text = String::from_utf8_lossy(bytes);
    let name = path.file_name().unwrap_or_default();
    if name == json {
        serde_json::from_str(&text).is_ok_and(|file: Summary| file.format == FORMAT)
    } else if name == html {
        let head = text.trim_start().split_once("</head>");
        head.is_some_and(|(head, _)| {
            head.starts_with("<!doctype html>\n<html lang=\"en\">\n<head>")
                && head.contains("\n<meta name=\"generator\" content=\"noise-equilibrium ")
                && head.contains("\n<title>Audit ")
        })
    } else if name == junit {
        let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
        let rest = text.strip_prefix(declaration);
        rest.is_some_and(|rest| rest.starts_with("<testsuites name=\"noise-equilibrium audit\""))
    } else {
        serde_json::from_str(&text).is_ok_and(|file: Marked| file.format == REPLAY_FORMAT)
    }
}

/// Writes the report's files, and prints its table.
fn report(audited: Audited, out: &Path) -> Result<u8, BadInput> {
    let [json_name, ..] = REPORT;
    let path = out.join(json_name);
    let json = serde_json::to_string_pretty(&audited.report).map(|json| json + "\n");
    let texts = [
        json.map_err(|error| error.to_string()),
        audited.html(),
        audited.junit(),
    ];
    let mut written = Vec::new();
    for (name, text) in REPORT.into_iter().zip(texts) {
        let path = out.join(name);
        let text = text.map_err(|error| BadInput::at(&path, error))?;
        written.push((path, text));
    }
    let Audited {
        report, witnesses, ..
    } = audited;
    let mut files = Vec::new();
    for (i, witness) in witnesses.iter().enumerate() {
        let file = out.join(format!("{}-{}.json", witness.heading.statement, i + 1));
        written.push((file.clone(), witness.write()));
        files.push((file, witness));
    }
    // Somebody may have put a file there in the meantime.
    refuse_foreign(written.iter().map(|(path, _)| path.clone()))?;
    // audit.json last: where it is, the rest is too.
    written.reverse();
    output::write_texts(&written)?;
    let kept: Vec<PathBuf> = written.into_iter().map(|(path, _)| path).collect();
    clear(out, &kept)?;
    write_text(None, &page(&report, &path, &files))?;
    Ok(match report.verdict {
        Verdict::Verified => HELD,
        Verdict::Refuted | Verdict::Inconclusive => FAILED,
    })
}

fn replay(path: &Path) -> Result<u8, BadInput> {
    output::check(&[("the case", path)], &[("the result", Path::new(DASH))])?;
    let text = read_text(path)?;
    let replay = Replay::read(&text).map_err(|error| BadInput::at(path, error))?;
    let outcome = replay.run().map_err(|error| BadInput::at(path, error))?;
    let heading = &replay.heading;
    let what = match &heading.control {
        Some(control) => format!(
            "{} {}, sabotaged: {control}",
            heading.statement, heading.check
        ),
        None => format!("{} {}", heading.statement, heading.check),
    };
    let (word, detail) = match &outcome {
        Outcome::Verified(_) if heading.control.is_some() => {
            ("verified", "the sabotage was not noticed".to_owned())
        }
        Outcome::Verified(margin) => ("verified", margin.label()),
        Outcome::Refuted(found) => ("refuted", found.clone()),
        Outcome::Inconclusive(reason) => ("inconclusive", reason.clone()),
        Outcome::Failed(what) => ("failed", what.clone()),
    };
    write_text(None, &format!("{what}: {word} ({detail})\n"))?;
    // A control has to be refuted, a check verified.
    let held = match outcome {
        Outcome::Verified(_) => heading.control.is_none(),
        Outcome::Refuted(_) => heading.control.is_some(),
        Outcome::Inconclusive(_) | Outcome::Failed(_) => false,
    };
    Ok(if held { HELD } else { FAILED })
}

fn page(report: &Report, path: &Path, files: &[(PathBuf, &Replay)]) -> String {
    let mut table = table();
    table.set_header([
        "",
        "statement",
        "evidence",
        "cases",
        "worst margin",
        "controls",
        "verdict",
    ]);
    for statement in &report.statements {
        table.add_row(row(statement));
    }
    let mut page = format!("{table}\n");
    for statement in &report.statements {
        for check in &statement.checks {
            if let Some(witness) = &check.witness {
                page += &format!("refuted: {} {}: {witness}\n", statement.id, check.name);
            }
            if check.refuted == 0 && !check.is_verified() {
                page += &format!(
                    "too few verified cases: {} {} ({} of {})\n",
                    statement.id,
                    check.name,
                    check.verified,
                    check.verified + check.inconclusive
                );
            }
        }
        for control in statement
            .controls
            .iter()
            .filter(|control| !control.is_caught())
        {
            page += &format!(
                "not caught: {} {}, sabotaged: {} ({} of {} conclusive cases)\n",
                statement.id,
                control.check,
                control.name,
                control.caught,
                control.caught + control.missed
            );
        }
    }
    for (file, replay) in files {
        let what = match replay.heading.control {
            Some(_) => "sabotage not noticed in a case of",
            None => "failing case of",
        };
        page += &format!(
            "{what} {} {}: {}\n",
            replay.heading.statement,
            replay.heading.check,
            printable(&name(file))
        );
    }
    let environment = &report.environment;
    let verdict = match report.verdict {
        Verdict::Verified => "every statement verified, every negative control caught",
        Verdict::Refuted => "REFUTED: see above",
        Verdict::Inconclusive => "INCONCLUSIVE: see above",
    };
    page + &format!(
        "{verdict}\nseed {}, {} cases a check, {:.1} s with {} threads, GMP built from {}\nreport {}\ndigest {}\n",
        report.seed,
        report.cases,
        environment.seconds,
        environment.jobs,
        environment.gmp,
        printable(&name(path)),
        report.digest
    )
}

fn row(statement: &StatementReport) -> [String; 7] {
    let evidence: BTreeSet<&str> = statement
        .checks
        .iter()
        .map(|check| check.evidence)
        .collect();
    let (caught, controls) = statement.caught();
    let verdict = match statement.verdict {
        Verdict::Verified => "verified",
        Verdict::Refuted => "REFUTED",
        Verdict::Inconclusive => "INCONCLUSIVE",
    };
    [
        statement.id.to_owned(),
        statement.name.to_owned(),
        evidence.into_iter().collect::<Vec<_>>().join(", "),
        statement.verified().to_string(),
        statement.worst_margins(),
        format!("{caught}/{controls} caught"),
        verdict.to_owned(),
    ]
}
