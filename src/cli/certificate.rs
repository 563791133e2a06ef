//! `noise-equilibrium certificate check`.
//!
//! Coq runs what it reads: a file may load plugins, and whatever lies beside it. So none of
//! a certificate's text gets there. It is read as data, and Coq is given what `solve
//! --certificate` writes for these data, in an empty folder and with bounds.

use super::output::{self, DASH, Place};
use super::{BadInput, FAILED, HELD, SIGNALS, is_ignored, name, printable, read_text, write_text};
use clap::{Args, Subcommand, value_parser};
use indicatif::ProgressBar;
use noise_equilibrium::problem::{
    self, Claim, End, MAX_CERTIFICATE, THEOREM, read_problem_and_files,
};
use noise_equilibrium::scalar::{Direction, decimal_of_rational};
use std::cmp::Ordering;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{self, AtomicUsize};
use std::time::{Duration, Instant};

/// Certificates that `solve --certificate` writes
#[derive(Args)]
pub struct Certificate {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Have Coq check a certificate, and say what was proved and on which axioms
    Check(Check),
}

#[derive(Args)]
struct Check {
    /// The certificate, or - for standard input
    file: PathBuf,
    /// The problem-1 file that was meant: a certificate of another problem is rejected
    problem: Option<PathBuf>,
    /// Reject an interval whose width is more than 10^-DIGITS of any number in it
    #[arg(long, allow_negative_numbers = true, value_parser = value_parser!(u32).range(1..=10_000))]
    digits: Option<u32>,
    /// The compiled proofs (make proofs). They are trusted, as coqc is: use your own
    #[arg(long, default_value = "proofs")]
    proofs: PathBuf,
    /// Coq is stopped after so many seconds, and nothing is accepted
    #[arg(long, value_name = "SECONDS", default_value_t = 600, allow_negative_numbers = true, value_parser = value_parser!(u64).range(1..=1_000_000))]
    timeout: u64,
    /// Coq is stopped when it takes more memory, in GiB, and nothing is accepted
    #[arg(long, value_name = "GIB", default_value_t = 4, allow_negative_numbers = true, value_parser = value_parser!(u64).range(1..=1024))]
    memory: u64,
}

/// What Coq 8.16 prints of the axioms for the real numbers, and of excluded middle.
const REALS: &str = include_str!("axioms/reals.txt");
/// And of the axioms about the processor's integers.
const MACHINE: &str = include_str!("axioms/machine.txt");

/// What came of a run of Coq.
enum Run {
    /// It accepts the file. What it printed.
    Accepts(String),
    /// It complains of a line of ours, and says of what.
    Rejects(String),
    /// It came to no end, or failed at something else.
    Undecided(String),
    /// Somebody stopped this program.
    Stopped(i32),
}

impl Certificate {
    pub fn run(&self) -> Result<u8, BadInput> {
        let Task::Check(check) = &self.task;
        check.run()
    }
}

impl Check {
    fn run(&self) -> Result<u8, BadInput> {
        let dash = Path::new("-");
        if self.file == dash && self.problem.as_deref() == Some(dash) {
            let message = "expected one of FILE and PROBLEM from standard input, found both";
            return Err(BadInput(message.to_owned()));
        }
        self.check_places(&[])?;
        // What needs no Coq comes first.
        let Some(text) = read_bounded(&self.file)? else {
            let why = format!("longer than a certificate of at most {MAX_CERTIFICATE} bytes");
            return self.rejected(&why);
        };
        let certificate = match problem::Certificate::parse(&text) {
            Ok(certificate) => certificate,
            Err(error) => {
                return self.rejected(&format!("not as solve --certificate writes it: {error}"));
            }
        };
        let mut page = String::new();
        match &self.problem {
            Some(path) => {
                let bad = |error| BadInput::at(path, error);
                let text = read_text(path)?;
                let folder = path.parent().unwrap_or(Path::new(""));
                let (problem, arrays) = read_problem_and_files(&text, folder).map_err(bad)?;
                self.check_places(&arrays)?;
                let difference = certificate.difference(&problem);
                if let Some(what) = difference.map_err(|error| BadInput::at(path, error))? {
                    return self.rejected(&format!("of another problem: {what}"));
                }
                let _ = writeln!(page, "problem: the one of {}", printable(&name(path)));
            }
            None => page += &described(&certificate),
        }
        let _ = writeln!(page, "claim: {}", said(&certificate.claim));
        if let Some(width) = certificate.claim.width() {
            let found = certificate.claim.digits().unwrap_or(0);
            let shown = decimal_of_rational(&width, 2, Direction::Up);
            let counted = |n: usize| match n {
                0 => "no digits".to_owned(),
                1 => "1 digit".to_owned(),
                n => format!("{n} digits"),
            };
            let digits = counted(found);
            let _ = writeln!(page, "width {shown} ({digits})");
            if let Some(wanted) = self.digits
                && found < wanted as usize
            {
                let wanted = counted(wanted as usize);
                return self.rejected(&format!(
                    "expected an interval with {wanted}, found one of width {shown} ({digits})"
                ));
            }
        }
        let library = self.proofs.join("analysis/Certificate.vo");
        if !library.is_file() {
            let message = "expected compiled proofs; run make proofs first, or name their folder with --proofs";
            return Err(BadInput::at(&library, message));
        }
        let proofs =
            fs::canonicalize(&self.proofs).map_err(|error| BadInput::at(&self.proofs, error))?;
        let start = Instant::now();
        let printed = match self.coq(&certificate.to_string(), &proofs)? {
            Run::Accepts(printed) if is_readable(&printed) => printed,
            Run::Accepts(_) => {
                return self.undecided("Coq did not say what the proof rests on");
            }
            Run::Rejects(complaint) => {
                return self.rejected(&format!("by Coq\n{complaint}"));
            }
            Run::Undecided(why) => {
                return self.undecided(&why);
            }
            Run::Stopped(signal) => {
                // As if it had not been caught: what was started is stopped and cleared.
                let _ = signal_hook::low_level::emulate_default_handler(signal);
                return Ok(FAILED);
            }
        };
        let _ = writeln!(
            page,
            "proved, says Coq after {:.1} s, with the proofs in {} (trusted, as coqc is)",
            start.elapsed().as_secs_f64(),
            printable(&proofs.display().to_string())
        );
        match assumptions(&printed) {
            Ok(0) => page += "rests on the axioms of the real numbers alone\n",
            Ok(n) => {
                let _ = writeln!(
                    page,
                    "rests on the axioms of the real numbers, and {n} about the processor's integers"
                );
            }
            Err(other) => return self.rejected(&format!("it assumes {other}")),
        }
        write_text(None, &page)?;
        Ok(HELD)
    }

    /// What is read is not written to.
    fn check_places(&self, arrays: &[PathBuf]) -> Result<(), BadInput> {
        let mut inputs: Vec<Place<'_>> = vec![("the certificate", &self.file)];
        let problem = self.problem.iter();
        inputs.extend(problem.map(|path| ("the problem", path.as_path())));
        inputs.extend(arrays.iter().map(|path| ("the array", path.as_path())));
        output::check(&inputs, &[("the result", Path::new(DASH))])
    }

    fn shown(&self) -> String {
        printable(&name(&self.file))
    }

    fn rejected(&self, why: &str) -> Result<u8, BadInput> {
        write_text(None, &format!("{}: REJECTED, {why}\n", self.shown()))?;
        Ok(FAILED)
    }

    fn undecided(&self, why: &str) -> Result<u8, BadInput> {
        let message = format!("{}: NOT ACCEPTED, undecided: {why}\n", self.shown());
        write_text(None, &message)?;
        Ok(FAILED)
    }

    /// Has Coq check the text, which is our own, and say what it rests on.
    fn coq(&self, text: &str, proofs: &Path) -> Result<Run, BadInput> {
        let io = |error: io::Error| BadInput(format!("a temporary folder: {error}"));
        let folder = private_folder().map_err(io)?;
        // The current folder is on Coq's load path: nothing but the text is in it.
        let place = folder.path().join("place");
        make_private(&place).map_err(io)?;
        let file = place.join("checked.v");
        let questions = format!("{text}\nPrint Assumptions {THEOREM}.\n");
        fs::write(&file, questions).map_err(io)?;
        let [output, complaints] = ["output", "complaints"].map(|name| folder.path().join(name));
        // The shell sets the bounds that it can set, in KiB, seconds and blocks; those on
        // time and files are for a Coq that outlives this program.
        let mut command = Command::new("sh");
        command
            .args([
                "-c",
                "ulimit -v \"$1\"; ulimit -t \"$2\"; ulimit -f 2097152; shift 2; exec coqc \"$@\"",
                "sh",
            ])
            .arg((self.memory << 20).to_string())
            .arg((self.timeout + 10).to_string())
            .args(["-q", "-w", "none", "-noglob", "-Q"])
            .arg(proofs)
            .arg("NoiseEquilibrium")
            .arg(&file)
            .current_dir(&place)
            // Where Coq and OCaml look for libraries and settings, in variables of many
            // names and below the home folder.
            .env_clear()
            .env("HOME", &place)
            .stdin(Stdio::null())
            .stdout(File::create(&output).map_err(io)?)
            .stderr(File::create(&complaints).map_err(io)?);
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        // Its own group, so that it ends with all that it starts.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let stopped = Arc::new(AtomicUsize::new(0));
        let signals = SIGNALS.iter().filter(|&&signal| !is_ignored(signal));
        let handlers = signals.map(|&signal| {
            let number = usize::try_from(signal).unwrap_or(0);
            signal_hook::flag::register_usize(signal, Arc::clone(&stopped), number)
        });
        let handlers: Vec<_> = handlers.collect();
        let bar = ProgressBar::new_spinner().with_message("Coq checks the certificate");
        bar.enable_steady_tick(Duration::from_millis(200));
        let ended = command
            .spawn()
            .and_then(|child| wait(child, Duration::from_secs(self.timeout), &stopped));
        bar.finish_and_clear();
        for handler in handlers.into_iter().flatten() {
            signal_hook::low_level::unregister(handler);
        }
        let ended = ended.map_err(|error| BadInput(format!("sh: {error}")))?;
        let signal = i32::try_from(stopped.load(atomic::Ordering::SeqCst)).unwrap_or(0);
        if signal != 0 {
            return Ok(Run::Stopped(signal));
        }
        let Some(status) = ended else {
            return Ok(Run::Undecided(format!(
                "Coq took more than {} s (--timeout)",
                self.timeout
            )));
        };
        let complaint = beginning(&complaints).map_err(io)?;
        Ok(match status.code() {
            Some(0) => Run::Accepts(beginning(&output).map_err(io)?),
            Some(126 | 127) => {
                let message =
                    "coqc: not found on PATH, or not a program; make proofs installs it on Debian";
                return Err(BadInput(message.to_owned()));
            }
            _ if no_space(&complaint) => {
                Run::Undecided(format!("Coq failed: {}", printable(&excerpt(&complaint))))
            }
            _ if out_of_bounds(status, &complaint) => Run::Undecided(format!(
                "Coq ran out of memory ({} GiB, --memory) or stack, or was killed",
                self.memory
            )),
            _ => {
                let said = || complaint.split_whitespace().collect::<Vec<_>>().join(" ");
                match complained_of(&complaint) {
                    // A library that does not load says nothing about the certificate.
                    Some(line) if line <= imports(text) => {
                        let message = "expected proofs compiled by the coqc on PATH, with its libraries; it says: ";
                        return Err(BadInput::at(proofs, format!("{message}{}", said())));
                    }
                    Some(_) => {
                        let file = file.display().to_string();
                        Run::Rejects(excerpt(&complaint.replace(&file, &self.shown())))
                    }
                    // A full disk, for one.
                    None => Run::Undecided(match said() {
                        said if said.is_empty() => format!("Coq failed: {status}"),
                        said => format!("Coq failed: {}", printable(&excerpt(&said))),
                    }),
                }
            }
        })
    }
}

/// A temporary folder into which nobody else can put anything, whatever the umask: with
/// another text or another output in the place of ours anything would be accepted.
fn private_folder() -> io::Result<tempfile::TempDir> {
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(0o700));
    }
    builder.tempdir()
}

/// A new folder like that.
fn make_private(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Waits until it has ended by itself; `None` if it had to be ended.
fn wait(
    mut child: Child,
    limit: Duration,
    stopped: &AtomicUsize,
) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() >= limit || stopped.load(atomic::Ordering::SeqCst) != 0 {
            end(&mut child);
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Ends it, with all that it started. It may be gone already.
#[cfg(unix)]
fn end(child: &mut Child) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
}

/// Ends it. It may be gone already.
#[cfg(not(unix))]
fn end(child: &mut Child) {
    let _ = child.kill();
}

/// Could it not write?
fn no_space(complaint: &str) -> bool {
    let complaint = complaint.to_lowercase();
    let words = ["no space left", "system error", "sys_error"];
    words.iter().any(|word| complaint.contains(word))
}

/// Was it the lack of time, memory or stack, and not the proof?
fn out_of_bounds(status: ExitStatus, complaint: &str) -> bool {
    let words = [
        "out of memory",
        "out_of_memory",
        "not enough memory",
        "cannot allocate",
        "stack overflow",
        "stack_overflow",
    ];
    let complaint = complaint.to_lowercase();
    status.code().is_none() || words.iter().any(|word| complaint.contains(word))
}

/// The line of the text that Coq complains of, if it does.
fn complained_of(complaint: &str) -> Option<usize> {
    let (_, rest) = complaint.split_once("checked.v\", line ")?;
    rest.split_once(',')?.0.parse().ok()
}

/// How many lines of the text load libraries.
fn imports(text: &str) -> usize {
    text.lines()
        .take_while(|line| *line != "Import ListNotations.")
        .count()
}

/// At most 1 MiB of what Coq wrote.
fn beginning(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(1 << 20).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The end of a long complaint says what is wrong, after numbers of any length.
fn excerpt(complaint: &str) -> String {
    let complaint = complaint.trim();
    let chars: Vec<char> = complaint.chars().collect();
    if chars.len() <= 2000 {
        return complaint.to_owned();
    }
    let head: String = chars[..1000].iter().collect();
    let tail: String = chars[chars.len() - 1000..].iter().collect();
    format!("{head} … {tail}")
}

const NO_AXIOMS: &str = "Closed under the global context";
const AXIOMS: &str = "Axioms:\n";

/// Is it an answer to Print Assumptions? On a full disk there may be none.
fn is_readable(printed: &str) -> bool {
    printed.trim() == NO_AXIOMS || printed.starts_with(AXIOMS)
}

/// How many axioms are about the processor's integers, or what does not belong there.
fn assumptions(printed: &str) -> Result<usize, String> {
    let axioms = printed.strip_prefix(AXIOMS).unwrap_or_default();
    let (reals, machine) = (entries(REALS), entries(MACHINE));
    let axioms = entries(axioms);
    let other = |axiom: &&String| !reals.contains(axiom) && !machine.contains(axiom);
    let other: Vec<&str> = axioms.iter().filter(other).map(String::as_str).collect();
    if other.is_empty() {
        Ok(axioms
            .iter()
            .filter(|axiom| machine.contains(axiom))
            .count())
    } else {
        Err(excerpt(&other.join(", ")))
    }
}

/// Axioms with their types, one each: a name stands at the start of its line, its type
/// behind it and below.
fn entries(text: &str) -> Vec<String> {
    let mut entries: Vec<String> = Vec::new();
    for line in text.lines() {
        match entries.last_mut() {
            Some(entry) if line.starts_with(char::is_whitespace) => {
                *entry += " ";
                *entry += line.trim();
            }
            _ => entries.push(line.trim().to_owned()),
        }
    }
    entries
}

/// The problem, for the reader to compare.
fn described(certificate: &problem::Certificate) -> String {
    let terms = certificate.spectrum.terms();
    let strength = &certificate.strength;
    let mut text = format!(
        "problem: γ = {}, σ² = {}; rate, noise and charge of {} terms:\n",
        strength.gamma(),
        strength.sigma2(),
        terms.len()
    );
    for term in terms {
        let _ = writeln!(text, "  {}  {}  {}", term.rate, term.noise, term.charge);
    }
    text +=
        "not compared with the problem that was meant: name its file behind the certificate's\n";
    text
}

/// What is claimed, in words.
fn said(claim: &Claim) -> String {
    match claim {
        Claim::Everywhere(Ordering::Greater) => {
            "0 < G(λ) for every λ: no equilibrium, plus-infinity".to_owned()
        }
        Claim::Everywhere(Ordering::Less) => {
            "G(λ) < 0 for every λ: no equilibrium, minus-infinity".to_owned()
        }
        Claim::Everywhere(Ordering::Equal) => {
            "G(λ) = 0 for every λ: every point is an equilibrium, degenerate".to_owned()
        }
        Claim::AtStart => "the one equilibrium is λ = 0".to_owned(),
        Claim::Between { lower, upper, .. } => format!(
            "the one equilibrium lies between\n  {} and\n  {}",
            decimal(lower),
            decimal(upper)
        ),
    }
}

/// Every digit of it: the direction does not matter.
fn decimal(end: &End) -> String {
    let digits = end.mantissa.to_string().len();
    decimal_of_rational(&end.value(), digits, Direction::Down)
}

/// The text of a file that may be of any size, of standard input for `-`; `None` if it is
/// longer than a certificate.
fn read_bounded(path: &Path) -> Result<Option<String>, BadInput> {
    let mut bytes = Vec::new();
    // One byte more shows that it is too long.
    let most = MAX_CERTIFICATE as u64 + 1;
    let read = if path.as_os_str() == "-" {
        io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    read.map_err(|error| BadInput::at(path, error))?;
    if bytes.len() > MAX_CERTIFICATE {
        return Ok(None);
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        BadInput::at(
            path,
            format!("expected UTF-8 text, found another byte at offset {at}"),
        )
    })?;
    Ok(Some(text))
}
