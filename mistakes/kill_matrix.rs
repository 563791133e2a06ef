//! Makes the mistakes of this folder, one at a time, in a copy of the repository, and says
//! which checks of the ledger notice: docs/kill-matrix.md is what comes out.

use clap::Parser;
use noise_equilibrium::audit::DEFAULT_SEED;
use noise_equilibrium::theorem::LEDGER;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const PAGE: &str = "docs/kill-matrix.md";

/// An audit that takes longer, under a mistake, does not come to an end: it takes seconds.
const LIMIT: Duration = Duration::from_secs(900);

/// Make mistakes on purpose in a copy of the code, and list the checks that notice each
///
/// Exit code 1 says that a mistake went unnoticed, that a check noticed one where there was
/// none, or that docs/kill-matrix.md is not what comes out; 2 that a patch does not apply or
/// that the copy does not build.
#[derive(Parser)]
struct Arguments {
    /// Cases of each check
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u64).range(1..=1000))]
    cases: u64,
    /// Seed of every case
    #[arg(long, default_value_t = DEFAULT_SEED)]
    seed: u64,
    /// Minutes that the mistakes may take once the code without one is built and audited: no
    /// other is begun that may take longer than what is left; which come first is another
    /// matter with each commit
    #[arg(long)]
    minutes: Option<u32>,
    /// Write docs/kill-matrix.md, in place of comparing with it
    #[arg(long, conflicts_with = "minutes")]
    write: bool,
}

/// A patch of this folder.
struct Mistake {
    /// The name of its file.
    file: String,
    /// Its first line, for the page.
    what: String,
    text: String,
}

/// What came of one mistake.
#[derive(Clone, Deserialize, Serialize)]
struct Row {
    /// Digest of all that it follows from.
    key: String,
    /// The checks that noticed, by statement.
    noticed: BTreeMap<String, Vec<String>>,
}

impl Row {
    /// Its line on the page.
    fn line(&self, what: &str) -> String {
        let checks: usize = self.noticed.values().map(Vec::len).sum();
        let ids: Vec<&str> = self.noticed.keys().map(String::as_str).collect();
        let by = if ids.is_empty() {
            "nobody".to_owned()
        } else {
            ids.join(" ")
        };
        format!("| {what} | {by} | {checks} |")
    }
}

/// The copy, the programs built from it, and the rows made so far.
struct Workshop {
    folder: PathBuf,
    /// The tracked files, relative to the repository, as they were when this run began.
    files: Vec<(PathBuf, Vec<u8>)>,
    /// Digest of the code among them, and of the cases asked for.
    source: String,
    cases: u64,
    seed: u64,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Does everything hold?
fn run(arguments: &Arguments) -> Result<bool, String> {
    let workshop = Workshop::new(arguments.cases, arguments.seed)?;
    let mistakes = mistakes()?;
    workshop.copy()?;
    // Every patch has to apply, also those whose turn it is not.
    let stale: Vec<String> = mistakes
        .iter()
        .filter_map(|mistake| workshop.apply(mistake, &["--check"]).err())
        .collect();
    if !stale.is_empty() {
        return Err(stale.join("\n"));
    }
    let mut rows: Vec<Option<Row>> = vec![None; mistakes.len()];
    let sound = workshop.row(None)?;
    let begun = Instant::now();
    let mut longest = Duration::ZERO;
    for i in order(mistakes.len(), arguments.minutes.is_some())? {
        let kept = workshop.kept(Some(&mistakes[i]));
        if kept.is_none()
            && let Some(minutes) = arguments.minutes
            && begun.elapsed() + longest > Duration::from_secs(60) * minutes
        {
            continue;
        }
        let own = Instant::now();
        rows[i] = Some(match kept {
            Some(row) => row,
            None => workshop.row(Some(&mistakes[i]))?,
        });
        longest = longest.max(own.elapsed());
        let made = rows.iter().flatten().count();
        eprintln!("{made} of {} mistakes made", mistakes.len());
    }
    judge(&sound, &mistakes, &rows, arguments.write)
}

/// The order of the mistakes; where not all are made, another one for each commit.
fn order(count: usize, turn: bool) -> Result<Vec<usize>, String> {
    let mut order: Vec<usize> = (0..count).collect();
    if turn && count > 0 {
        let commit = git(Path::new(ROOT), &["rev-parse", "HEAD"])?;
        let digits = commit.get(..8).unwrap_or_default();
        let number = u32::from_str_radix(digits, 16).unwrap_or_default();
        order.rotate_left(number as usize % count);
    }
    Ok(order)
}

/// What there is to say, and whether it is as it should be.
fn judge(
    sound: &Row,
    mistakes: &[Mistake],
    rows: &[Option<Row>],
    write: bool,
) -> Result<bool, String> {
    let mut good = true;
    let mut complain = |what: String| {
        println!("{what}");
        good = false;
    };
    let mut lines = vec![sound.line("none")];
    if !sound.noticed.is_empty() {
        complain(format!("noticed without a mistake: {}", lines[0]));
    }
    let mut left = Vec::new();
    for (mistake, row) in mistakes.iter().zip(rows) {
        match row {
            Some(row) => {
                if row.noticed.is_empty() {
                    complain(format!("noticed by nobody: {}", mistake.file));
                }
                lines.push(row.line(&mistake.what));
            }
            None => left.push(mistake.file.as_str()),
        }
    }
    let path = Path::new(ROOT).join(PAGE);
    let text = format!(
        "# The kill matrix

Mistakes made on purpose in a copy of the code, one at a time, and the checks that notice. Each is a patch in
[mistakes](../mistakes/README.md). A mistake that no check notices fails the command, and so does a check that notices without a
mistake. This page is the output of

    make kill-matrix

| mistake | noticed by | checks |
| --- | --- | --- |
{}
",
        lines.join("\n")
    );
    if write {
        fs::write(&path, text).map_err(|error| format!("{PAGE}: {error}"))?;
        return Ok(good);
    }
    let page = fs::read_to_string(&path).map_err(|error| format!("{PAGE}: {error}"))?;
    for line in lines {
        if !page.lines().any(|known| known == line) {
            complain(format!("not in {PAGE}: {line}"));
        }
    }
    if left.is_empty() && page != text {
        complain(format!(
            "{PAGE} is not what comes out: make kill-matrix writes it"
        ));
    }
    let made = mistakes.len() - left.len();
    println!("{made} of {} mistakes made in this run", mistakes.len());
    if !left.is_empty() {
        println!("left out for want of time: {}", left.join(" "));
    }
    Ok(good)
}

/// The patches of this folder, by name.
fn mistakes() -> Result<Vec<Mistake>, String> {
    let folder = Path::new(ROOT).join("mistakes");
    let read = || -> std::io::Result<Vec<Mistake>> {
        let mut mistakes = Vec::new();
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "patch")
            {
                let text = fs::read_to_string(&path)?;
                mistakes.push(Mistake {
                    file: path.file_name().unwrap_or_default().display().to_string(),
                    what: text.lines().next().unwrap_or_default().to_owned(),
                    text,
                });
            }
        }
        Ok(mistakes)
    };
    let mut mistakes = read().map_err(|error| format!("mistakes: {error}"))?;
    mistakes.sort_by(|a, b| a.file.cmp(&b.file));
    match mistakes.iter().find(|mistake| mistake.what.is_empty()) {
        Some(nameless) => Err(format!(
            "{}: the first line has to say what is wrong",
            nameless.file
        )),
        None => Ok(mistakes),
    }
}

/// What the audited program is built from: rows are kept while this is the same.
const CODE: [&str; 6] = [
    "src",
    "build",
    "build.rs",
    "Cargo.toml",
    "Cargo.lock",
    "proofs",
];

impl Workshop {
    /// In the folder of what cargo builds.
    fn new(cases: u64, seed: u64) -> Result<Self, String> {
        // This program is target/debug/examples/kill-matrix.
        let own = std::env::current_exe().map_err(|error| error.to_string())?;
        let target = own.ancestors().nth(3).ok_or("where is target?")?;
        let listed = git(Path::new(ROOT), &["ls-files", "-z"])?;
        let names = listed.split('\0').filter(|name| !name.is_empty());
        let mut files = Vec::new();
        let mut digest = Sha256::new();
        digest.update(format!("{cases} {seed}"));
        for name in names.filter(|name| Path::new(ROOT).join(name).exists()) {
            let (file, text) = (PathBuf::from(name), read(&Path::new(ROOT).join(name))?);
            if CODE.iter().any(|code| file.starts_with(code)) {
                digest.update(name);
                digest.update(Sha256::digest(&text));
            }
            files.push((file, text));
        }
        Ok(Self {
            folder: target.join("mistakes"),
            files,
            source: format!("{:x}", digest.finalize()),
            cases,
            seed,
        })
    }

    fn tree(&self) -> PathBuf {
        self.folder.join("tree")
    }

    /// The copy is the repository, without a mistake. What is as it should be is not written
    /// again, so that cargo compiles nothing for it.
    fn copy(&self) -> Result<(), String> {
        let tree = self.tree();
        // Of a file that has moved since the last copy there are not to be two.
        let list = self.folder.join("files");
        for old in fs::read_to_string(&list).unwrap_or_default().lines() {
            if !self.files.iter().any(|(file, _)| file == Path::new(old)) {
                let _ = fs::remove_file(tree.join(old));
            }
        }
        let names = self.files.iter().map(|(file, _)| file.display());
        let names: String = names.map(|name| format!("{name}\n")).collect();
        fs::create_dir_all(&tree)
            .and_then(|()| fs::write(&list, names))
            .map_err(|error| format!("{}: {error}", list.display()))?;
        for (file, text) in &self.files {
            let to = tree.join(file);
            if !fs::read(&to).is_ok_and(|old| old == *text) {
                let folder = to.parent().unwrap_or(&tree);
                fs::create_dir_all(folder)
                    .and_then(|()| fs::write(&to, text))
                    .map_err(|error| format!("{}: {error}", to.display()))?;
            }
        }
        Ok(())
    }

    /// Makes a mistake in the copy, or only looks whether it can be made.
    fn apply(&self, mistake: &Mistake, options: &[&str]) -> Result<(), String> {
        let patch = Path::new(ROOT).join("mistakes").join(&mistake.file);
        let patch = patch.display().to_string();
        let arguments = [&["apply"], options, &[patch.as_str()]].concat();
        match git(&self.tree(), &arguments) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!("{} does not apply: {error}", mistake.file)),
        }
    }

    fn key(&self, mistake: Option<&Mistake>) -> String {
        let patch = mistake.map_or("", |mistake| &mistake.text);
        format!("{:x}", Sha256::digest(format!("{}{patch}", self.source)))
    }

    fn file(&self, mistake: Option<&Mistake>) -> PathBuf {
        let name = mistake.map_or("none", |mistake| &mistake.file);
        self.folder.join("rows").join(format!("{name}.json"))
    }

    /// The row, if it was made for the same code and the same patch.
    fn kept(&self, mistake: Option<&Mistake>) -> Option<Row> {
        let text = fs::read(self.file(mistake)).ok()?;
        let row: Row = serde_json::from_slice(&text).ok()?;
        (row.key == self.key(mistake)).then_some(row)
    }

    /// Builds and audits the copy with one mistake.
    fn row(&self, mistake: Option<&Mistake>) -> Result<Row, String> {
        if let Some(row) = self.kept(mistake) {
            return Ok(row);
        }
        let name = mistake.map_or("no mistake", |mistake| &mistake.file);
        let begun = Instant::now();
        self.copy()?;
        if let Some(mistake) = mistake {
            self.apply(mistake, &[])?;
        }
        self.build()
            .map_err(|error| format!("{name}: the copy does not build\n{error}"))?;
        let built = begun.elapsed();
        let noticed = self.audit().map_err(|error| format!("{name}: {error}"))?;
        let row = Row {
            key: self.key(mistake),
            noticed,
        };
        let what = mistake.map_or("none", |mistake| &mistake.what);
        let (build, all) = (built.as_secs(), begun.elapsed().as_secs());
        eprintln!(
            "{} {build} s to build, {} s to audit",
            row.line(what),
            all - build
        );
        let file = self.file(mistake);
        let text = serde_json::to_vec(&row).map_err(|error| error.to_string())?;
        fs::create_dir_all(self.folder.join("rows"))
            .and_then(|()| fs::write(&file, text))
            .map_err(|error| format!("{}: {error}", file.display()))?;
        Ok(row)
    }

    /// The program of the copy, in a folder of its own: no program with a mistake in it ever
    /// lies where cargo puts the right one.
    fn build(&self) -> Result<(), String> {
        let output = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
            .args(["build", "--locked", "--quiet", "--bin", "noise-equilibrium"])
            .arg("--target-dir")
            .arg(self.folder.join("build"))
            .current_dir(self.tree())
            .env("CARGO_INCREMENTAL", "1")
            .output()
            .map_err(|error| format!("cargo: {error}"))?;
        if output.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }

    /// The checks that are refuted, by statement. The experiments P1 to P6 are left out: they
    /// take minutes.
    fn audit(&self) -> Result<BTreeMap<String, Vec<String>>, String> {
        let report = self.folder.join("report");
        let _ = fs::remove_dir_all(&report);
        let experiment = |id: &str| noise_equilibrium::phenomenon::find(id).is_some();
        let ids = LEDGER.iter().map(|statement| statement.id);
        let drawn: Vec<&str> = ids.filter(|id| !experiment(id)).collect();
        let mut program = Command::new(self.folder.join("build/debug/noise-equilibrium"))
            .args(["audit", "--only", &drawn.join(",")])
            .args(["--cases", &self.cases.to_string()])
            .args(["--seed", &self.seed.to_string()])
            .arg("--out")
            .arg(&report)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("the program does not start: {error}"))?;
        let begun = Instant::now();
        while matches!(program.try_wait(), Ok(None)) {
            if begun.elapsed() > LIMIT {
                let _ = program.kill();
                let _ = program.wait();
                return Err("the audit does not come to an end".to_owned());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let text = read(&report.join("audit.json"))?;
        let report: Value = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
        Ok(refuted(&report))
    }
}

/// The checks of a report that are refuted in a case at least, by statement.
fn refuted(report: &Value) -> BTreeMap<String, Vec<String>> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut noticed = BTreeMap::new();
    for statement in list(&report["statements"]) {
        let checks = list(&statement["checks"]).into_iter();
        let refuted = checks.filter(|check| check["refuted"].as_u64() != Some(0));
        let names: Vec<String> = refuted.map(|check| text(&check["name"])).collect();
        if !names.is_empty() {
            noticed.insert(text(&statement["id"]), names);
        }
    }
    noticed
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Git in `folder`; what it prints. It takes the copy, which may lie inside of a repository,
/// for no part of it: there `git apply` would pass over every file without a word.
fn git(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let above = folder.parent().unwrap_or(folder);
    let output = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CEILING_DIRECTORIES", above)
        .output()
        .map_err(|error| format!("git: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }
}
