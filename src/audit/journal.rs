//! What an audit has done so far, on disk: it survives the end of the program at any moment,
//! and parts of an audit that ran apart are put together from their journals.
//!
//! The first line says what is audited, and every other one what came of one task, in the
//! order in which they were done. Each line begins with a checksum over itself and the one
//! before, so that a line that was changed, moved or taken out is noticed.

use super::plan::{Found, Part, Plan};
use super::report::Environment;
use super::{Audit, AuditError, Options, conclude, threads};
use crate::problem::read::{shorten, shorten_line};
use crate::scalar::double;
use crate::theorem::Outcome;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// The journal's name in the folder of its audit.
pub const JOURNAL: &str = "audit.journal";

/// The name of the format.
const FORMAT: &str = "noise-equilibrium/journal-1";

/// The first line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    format: String,
    version: String,
    /// Fingerprint of the plan.
    plan: String,
    statements: Vec<String>,
    cases: u64,
    seed: u64,
    full: bool,
    part: String,
    gmp: String,
    libraries: String,
    target: String,
    jobs: usize,
}

/// The format alone: of another one, nothing else is looked at.
#[derive(Deserialize)]
struct Format {
    format: String,
}

/// Any other line; `F` is [`Found`], borrowed where it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<F> {
    task: usize,
    /// Wall-clock time since the audit began, over all its runs.
    #[serde(with = "double::one")]
    seconds: f64,
    found: F,
}

/// A journal that was read.
struct Record {
    path: PathBuf,
    plan: Plan,
    part: Part,
    environment: Environment,
    found: Vec<(usize, Found)>,
    /// Of the last whole line.
    checksum: String,
    /// Bytes of the whole lines.
    length: u64,
}

/// An audit, or a part of one, that keeps a journal.
pub struct Journal {
    record: Record,
    pool: rayon::ThreadPool,
    file: File,
    /// The journal in whose place this one is, locked.
    _old: Option<File>,
}

impl Journal {
    /// Begins a new journal in the folder, which is made if need be, in place of any that
    /// is there.
    ///
    /// # Errors
    /// [`AuditError`] for options that name nothing to audit, and for a folder that cannot be
    /// written to, in which another audit is running, or which has another file of the
    /// journal's name.
    pub fn start(folder: &Path, options: &Options, part: Part) -> Result<Self, AuditError> {
        let plan = Plan::new(options)?;
        let pool = threads(options.jobs)?;
        std::fs::create_dir_all(folder).map_err(|error| AuditError::file(folder, error))?;
        let path = folder.join(JOURNAL);
        // Kept open and locked: whoever opened it before it was replaced has to notice.
        let old = regular(&path)?.then(|| File::open(&path)).transpose();
        let old = old.map_err(|error| AuditError::file(&path, error))?;
        if let Some(old) = &old {
            lock(old, &path)?;
            if !is_journal(old).map_err(|error| AuditError::file(&path, error))? {
                return Err(AuditError::file(&path, FOREIGN));
            }
        }
        let environment = Environment::here(pool.current_num_threads());
        let header = Header {
            format: FORMAT.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            plan: plan.fingerprint(),
            statements: plan.statements.iter().map(|s| s.id.to_owned()).collect(),
            cases: options.cases,
            seed: options.seed,
            full: options.full,
            part: part.to_string(),
            gmp: environment.gmp.clone(),
            libraries: environment.libraries.clone(),
            target: environment.target.clone(),
            jobs: environment.jobs,
        };
        let (text, checksum) = line("", &header);
        // There is either no journal or one with its first line.
        let file = begin(&path, old.as_ref(), &text)?;
        Ok(Self {
            record: Record {
                path,
                plan,
                part,
                environment,
                found: Vec::new(),
                checksum,
                length: text.len() as u64,
            },
            pool,
            file,
            _old: old,
        })
    }

    /// Takes up the journal that is in the folder, with its own options but for the threads.
    ///
    /// # Errors
    /// [`AuditError`] if there is none, or if it was changed or written by another version,
    /// with the line's number.
    pub fn resume(folder: &Path, jobs: Option<usize>) -> Result<Self, AuditError> {
        let pool = threads(jobs)?;
        let path = folder.join(JOURNAL);
        let failed = |error| AuditError::file(&path, error);
        regular(&path)?;
        let mut options = OpenOptions::new();
        let file = options.append(true).read(true).open(&path);
        let file = file.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => AuditError::file(&path, "no audit was begun here"),
            _ => failed(error),
        })?;
        lock(&file, &path)?;
        let mut record = Record::read(folder)?;
        record.environment.jobs = pool.current_num_threads();
        // What the end of the program tore is done again.
        file.set_len(record.length).map_err(failed)?;
        Ok(Self {
            record,
            pool,
            file,
            _old: None,
        })
    }

    /// Identifiers of the statements that are audited.
    pub fn statements(&self) -> impl Iterator<Item = &'static str> {
        self.record.plan.statements.iter().map(|s| s.id)
    }

    /// The part that is run.
    pub fn part(&self) -> Part {
        self.record.part
    }

    /// Runs what the journal does not have yet. `progress` is told of the steps
    /// done, and of how many there are, from any thread.
    ///
    /// # Errors
    /// [`AuditError::File`] if the journal cannot be written.
    pub fn run(&mut self, progress: impl Fn(u64, u64) + Sync) -> Result<(), AuditError> {
        let record = &mut self.record;
        let missing = record.missing();
        let all: Vec<usize> = record.plan.part(record.part).collect();
        let total = record.plan.steps(&all);
        let before = record.environment.seconds;
        let started = Instant::now();
        let seconds = || before + started.elapsed().as_secs_f64();
        let end = Mutex::new((&self.file, Ok(std::mem::take(&mut record.checksum))));
        let write = |task, found: &Found| {
            let mut end = end.lock().unwrap_or_else(PoisonError::into_inner);
            let (file, checksum) = &mut *end;
            let failed = |error: &String| AuditError::file(&record.path, error);
            let before = checksum.as_ref().map_err(failed)?;
            let line = Line {
                task,
                seconds: seconds(),
                found,
            };
            let (text, next) = self::line(before, &line);
            // In one piece, and nothing after a failure: no more than the last line is ever
            // torn.
            let written = file.write_all(text.as_bytes());
            *checksum = written.map(|()| next).map_err(|error| error.to_string());
            checksum.as_ref().map(drop).map_err(failed)
        };
        let offset = total - record.plan.steps(&missing);
        let progress = |done, _| progress(offset + done, total);
        let plan = &record.plan;
        let found = self
            .pool
            .install(|| plan.run(&missing, &progress, &write))?;
        record.found.extend(found);
        record.environment.seconds = seconds();
        Ok(())
    }

    /// Finished tasks, and how many of them found a check refuted.
    pub fn tally(&self) -> (usize, usize) {
        let Record { plan, found, .. } = &self.record;
        let refuted = |(task, found): &&(usize, Found)| {
            let control = plan.tasks[*task].control;
            control.is_none() && matches!(found.outcome, Outcome::Refuted(_) | Outcome::Failed(_))
        };
        (found.len(), found.iter().filter(refuted).count())
    }

    /// The report of an audit that ran in one piece.
    ///
    /// # Errors
    /// [`AuditError::Merge`] if this is a part, or not finished.
    pub fn conclude(self) -> Result<Audit, AuditError> {
        together(vec![self.record])
    }
}

/// Puts the parts of an audit together, from the folders with their journals.
///
/// # Errors
/// [`AuditError`] if a journal cannot be read or was changed, and for parts that are missing,
/// not finished, there twice, or of different audits.
pub fn merge(folders: &[PathBuf]) -> Result<Audit, AuditError> {
    let records = folders.iter().map(|folder| Record::read(folder));
    together(records.collect::<Result<_, _>>()?)
}

fn together(mut records: Vec<Record>) -> Result<Audit, AuditError> {
    let merge = |problem: String| Err(AuditError::Merge(problem));
    let Some(first) = records.first() else {
        return merge("expected the folders of an audit's parts, found none".to_owned());
    };
    let of = first.part.of();
    for (i, record) in records.iter().enumerate() {
        let path = record.path.display();
        for ((what, own), (_, expected)) in record.terms().into_iter().zip(first.terms()) {
            if own != expected {
                let first = first.path.display();
                return merge(format!(
                    "{path}: expected {what} {expected}, as in {first}, found {own}"
                ));
            }
        }
        if let Some(twin) = records[..i].iter().find(|known| known.part == record.part) {
            let (part, twin) = (record.part, twin.path.display());
            return merge(format!("{path}: part {part} is in {twin} already"));
        }
        let missing = record.missing().len();
        if missing > 0 {
            return merge(format!(
                "{path}: {missing} tasks of part {} are not done: finish it with --resume",
                record.part
            ));
        }
    }
    if let Some(missing) = (1..=of).find(|n| records.iter().all(|r| r.part.number() != *n)) {
        return merge(format!("part {missing}/{of} is missing"));
    }
    // The same order whatever the parts and the threads were.
    let found = records
        .iter_mut()
        .flat_map(|r| std::mem::take(&mut r.found));
    let mut found: Vec<(usize, Found)> = found.collect();
    found.sort_unstable_by_key(|(task, _)| *task);
    let environments = records.iter().map(|record| &record.environment);
    let environment = Environment::of_parts(environments);
    Ok(conclude(&records[0].plan, found, environment))
}

impl Record {
    fn read(folder: &Path) -> Result<Self, AuditError> {
        let path = folder.join(JOURNAL);
        regular(&path)?;
        let bytes = std::fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => AuditError::file(&path, "no audit was begun here"),
            _ => AuditError::file(&path, error),
        })?;
        // What follows the last line break was torn off.
        let length = bytes
            .iter()
            .rposition(|&byte| byte == b'\n')
            .map_or(0, |end| end + 1);
        let mut lines = bytes[..length].split_inclusive(|&byte| byte == b'\n');
        let mut checksum = String::new();
        let bad = |number, problem: String| AuditError::Line {
            path: path.display().to_string(),
            number,
            problem,
        };

        let first = lines.next().unwrap_or_default();
        let text = checked(first, &mut checksum).map_err(|problem| bad(1, problem))?;
        let (plan, part, environment) = opening(text).map_err(|problem| bad(1, problem))?;
        let mut record = Self {
            path: path.clone(),
            plan,
            part,
            environment,
            found: Vec::new(),
            checksum: String::new(),
            length: length as u64,
        };
        let expected: BTreeSet<usize> = record.plan.part(part).collect();
        let mut seen = BTreeSet::new();
        for (bytes, number) in lines.zip(2..) {
            let text = checked(bytes, &mut checksum).map_err(|problem| bad(number, problem))?;
            let Line {
                task,
                seconds,
                found,
            }: Line<Found> = serde_json::from_str(text)
                .map_err(|error| bad(number, shorten_line(&error.to_string())))?;
            for seconds in [seconds, found.seconds] {
                if !seconds.is_finite() || seconds < 0.0 {
                    return Err(bad(number, format!("{seconds} seconds")));
                }
            }
            if !expected.contains(&task) || !seen.insert(task) {
                return Err(bad(number, format!("task {task} is not expected here")));
            }
            record.environment.seconds = seconds;
            record.found.push((task, found));
        }
        record.checksum = checksum;
        Ok(record)
    }

    /// The part's tasks that are not done.
    fn missing(&self) -> Vec<usize> {
        let done: BTreeSet<usize> = self.found.iter().map(|(task, _)| *task).collect();
        let all = self.plan.part(self.part);
        all.filter(|task| !done.contains(task)).collect()
    }

    /// What the parts of one audit have in common.
    fn terms(&self) -> [(&'static str, String); 5] {
        let Options {
            cases, seed, full, ..
        } = &self.plan.options;
        let statements: Vec<&str> = self.plan.statements.iter().map(|s| s.id).collect();
        [
            ("seed", seed.to_string()),
            ("cases", cases.to_string()),
            ("full", full.to_string()),
            ("statements", statements.join(",")),
            ("a part of", self.part.of().to_string()),
        ]
    }
}

/// What the first line says, if it is of this version.
fn opening(text: &str) -> Result<(Plan, Part, Environment), String> {
    let json = |error: serde_json::Error| shorten_line(&error.to_string());
    let Format { format } = serde_json::from_str(text).map_err(json)?;
    if format != FORMAT {
        let found = shorten(&format);
        return Err(format!("format: expected {FORMAT:?}, found {found:?}"));
    }
    let header: Header = serde_json::from_str(text).map_err(json)?;
    let version = env!("CARGO_PKG_VERSION");
    if header.version != version {
        let found = shorten(&header.version);
        return Err(format!("version: expected {version:?}, found {found:?}"));
    }
    let options = Options {
        only: header.statements,
        cases: header.cases,
        seed: header.seed,
        full: header.full,
        jobs: None,
    };
    let plan = Plan::new(&options).map_err(|error| error.to_string())?;
    if plan.fingerprint() != header.plan {
        return Err("plan: this program has other checks than the one that began".to_owned());
    }
    let environment = Environment {
        gmp: header.gmp,
        libraries: header.libraries,
        target: header.target,
        jobs: header.jobs,
        seconds: 0.0,
    };
    Ok((plan, header.part.parse()?, environment))
}

/// The JSON of a line whose checksum is right; `checksum` goes on from that of the line before.
fn checked<'a>(line: &'a [u8], checksum: &mut String) -> Result<&'a str, String> {
    let text = line
        .strip_suffix(b"\n")
        .and_then(|line| std::str::from_utf8(line).ok());
    let (found, json) = text
        .and_then(|text| text.split_once(' '))
        .ok_or("expected a checksum, a space and JSON")?;
    let expected = chained(checksum, json);
    if found != expected {
        let found = shorten(found);
        return Err(format!(
            "expected the checksum {expected}, found {found:?}: this line, or the one before, was changed"
        ));
    }
    *checksum = expected;
    Ok(json)
}

/// A line of the journal, and its checksum.
fn line(before: &str, content: &impl Serialize) -> (String, String) {
    // Strings, numbers and lists only: this cannot fail.
    let json = serde_json::to_string(content).unwrap_or_default();
    let checksum = chained(before, &json);
    (format!("{checksum} {json}\n"), checksum)
}

/// The first 16 digits of the SHA-256 of the checksum before and the line.
fn chained(before: &str, json: &str) -> String {
    let hash = Sha256::new().chain_update(before).chain_update(json);
    let mut digits = format!("{:x}", hash.finalize());
    digits.truncate(16);
    digits
}

/// Is there a journal? Another thing of its name, as a pipe, might never answer.
fn regular(path: &Path) -> Result<bool, AuditError> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_file() => Ok(true),
        Ok(_) => Err(AuditError::file(path, "expected a regular file")),
        Err(_) if path.is_symlink() => Err(AuditError::file(path, "a link that leads nowhere")),
        Err(_) => Ok(false),
    }
}

/// Does it begin as a journal does, of any version and damaged or not? An empty file has
/// nothing to lose.
fn is_journal(file: &File) -> io::Result<bool> {
    let mut first = Vec::new();
    io::BufReader::new(file.take(LONGEST_OPENING)).read_until(b'\n', &mut first)?;
    let json = std::str::from_utf8(&first)
        .ok()
        .and_then(|line| line.split_once(' '))
        .and_then(|(_, json)| serde_json::from_str::<Format>(json).ok());
    let format = json.map(|json| json.format).unwrap_or_default();
    Ok(first.is_empty() || format.starts_with("noise-equilibrium/journal-"))
}

/// Longer, in bytes, than any first line.
const LONGEST_OPENING: u64 = 1 << 16;

/// Of a file that somebody else wrote, in the place of an audit's.
pub const FOREIGN: &str =
    "expected an audit's file or none, found another; move it or name another folder";

/// A journal with its first line, open and locked, under its name. Its name while it is not
/// complete is another one every time: what a killed program left is in nobody's way.
fn begin(path: &Path, old: Option<&File>, text: &str) -> Result<File, AuditError> {
    let failed = |error: io::Error| AuditError::file(path, error);
    // Behind a symbolic link is the file that is meant.
    let place = match old {
        Some(_) => path.canonicalize().map_err(failed)?,
        None => path.to_owned(),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".noise-equilibrium-").suffix(".partial");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // The mode that every new file gets.
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let folder = place.parent().unwrap_or(Path::new("."));
    let mut new = builder.tempfile_in(folder).map_err(failed)?;
    lock(new.as_file(), path)?;
    new.as_file_mut()
        .write_all(text.as_bytes())
        .map_err(failed)?;
    let Some(old) = old else {
        // Of two that begin at once, one has the name.
        return new
            .persist_noclobber(&place)
            .map_err(|error| match error.error.kind() {
                io::ErrorKind::AlreadyExists => AuditError::file(path, RUNNING),
                _ => failed(error.error),
            });
    };
    let permissions = old.metadata().map_err(failed)?.permissions();
    new.as_file().set_permissions(permissions).map_err(failed)?;
    new.persist(&place).map_err(|error| failed(error.error))
}

const RUNNING: &str = "another audit is running here";

/// Two audits in one folder would mix their lines.
fn lock(file: &File, path: &Path) -> Result<(), AuditError> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(AuditError::file(path, RUNNING)),
        // Some file systems have no locks.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}
