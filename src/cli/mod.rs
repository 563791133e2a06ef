//! Arguments, and the exit codes 0 (all held), 1 (a check failed), 2 (bad input).

mod balance;
mod certificate;
mod discover;
mod output;
mod solve;
mod stream;
#[cfg(feature = "theorems")]
mod theorems;

use clap::{Parser, Subcommand};
use comfy_table::{ContentArrangement, Table, TableComponent, presets};
use std::fmt;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The noise equilibrium of SGD along loss symmetries, to the standard of validated numerics.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Solve(solve::Solve),
    Balance(balance::Balance),
    Certificate(certificate::Certificate),
    Discover(discover::Discover),
    #[cfg(feature = "theorems")]
    #[command(flatten)]
    Theorems(theorems::Command),
}

/// Everything held.
const HELD: u8 = 0;
/// A check failed, or an equilibrium was not reached.
const FAILED: u8 = 1;
/// The user has to change something.
const BAD_INPUT: u8 = 2;

/// One line for standard error.
pub struct BadInput(String);

impl BadInput {
    fn at(path: &Path, message: impl fmt::Display) -> Self {
        Self(format!("{}: {message}", name(path)))
    }
}

/// What ends this program.
#[cfg(unix)]
const SIGNALS: &[i32] = {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    &[SIGHUP, SIGINT, SIGQUIT, SIGTERM]
};
#[cfg(not(unix))]
const SIGNALS: &[i32] = &[signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM];

/// Is it of no effect already, as a hangup under nohup? Then it stays so. Linux says it,
/// bit by bit.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// What a message calls a file.
fn name(path: &Path) -> String {
    if path.as_os_str() == "-" {
        "standard input".to_owned()
    } else {
        path.display().to_string()
    }
}

/// A name on one line: a file's may hold anything.
fn printable(name: &str) -> String {
    name.replace(char::is_control, " ")
}

/// One line on standard error that does not change the exit code.
fn warn(path: &Path, message: &str) {
    let line = printable(&format!("{}: {message}", name(path)));
    // Standard error may be closed; there is nobody left to tell.
    let _ = writeln!(io::stderr(), "warning: {line}");
}

/// One line on standard error: what the user has to change.
fn complain(message: &str) {
    // What it says must stay on one line.
    let line = shorten(&printable(message));
    // Standard error may be closed; there is nobody left to tell.
    let _ = writeln!(io::stderr(), "error: {line}");
}

/// Runs the program and says how it ended.
pub fn run() -> ExitCode {
    let outcome = match Arguments::try_parse() {
        Ok(arguments) => match arguments.command {
            Command::Solve(solve) => solve.run(),
            Command::Balance(balance) => balance.run(),
            Command::Certificate(certificate) => certificate.run(),
            Command::Discover(discover) => discover.run(),
            #[cfg(feature = "theorems")]
            Command::Theorems(command) => command.run(),
        },
        Err(error) => usage(&error),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(BadInput(message)) => {
            complain(&message);
            ExitCode::from(BAD_INPUT)
        }
    }
}

/// At most 600 characters: a message may quote names of any length.
fn shorten(line: &str) -> String {
    if line.chars().count() <= 600 {
        return line.to_owned();
    }
    let head: String = line.chars().take(400).collect();
    let tail: Vec<char> = line.chars().rev().take(150).collect();
    format!("{head} … {}", tail.into_iter().rev().collect::<String>())
}

/// Help and version as they are; of a usage error the first paragraph, on one line.
fn usage(error: &clap::Error) -> Result<u8, BadInput> {
    use clap::error::ErrorKind::{
        DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion,
    };
    match error.kind() {
        DisplayHelp | DisplayVersion | DisplayHelpOnMissingArgumentOrSubcommand => {
            // To a closed pipe there is nothing to add.
            let _ = error.print();
            return Ok(if error.use_stderr() { BAD_INPUT } else { HELD });
        }
        _ => {}
    }
    let text = error.to_string();
    let paragraph = text.lines().take_while(|line| !line.is_empty());
    let line = paragraph.map(str::trim).collect::<Vec<_>>().join(" ");
    let message = line.strip_prefix("error: ").unwrap_or(&line);
    Err(BadInput(format!("{message}; see --help")))
}

/// Columns that a table takes.
const WIDTH: u16 = 120;

/// An empty table in the one style.
fn table() -> Table {
    let mut table = Table::new();
    table.load_preset(presets::UTF8_HORIZONTAL_ONLY);
    table.remove_style(TableComponent::HorizontalLines);
    table.remove_style(TableComponent::MiddleIntersections);
    table.remove_style(TableComponent::LeftBorderIntersections);
    table.remove_style(TableComponent::RightBorderIntersections);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    // Narrower, words would be broken; a terminal wraps the lines instead.
    if table.width().is_none_or(|width| width < WIDTH) {
        table.set_width(WIDTH);
    }
    table
}

/// The text of a file, or of standard input for `-`.
fn read_text(path: &Path) -> Result<String, BadInput> {
    let mut bytes = Vec::new();
    let read = if path.as_os_str() == "-" {
        io::stdin().lock().read_to_end(&mut bytes)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_end(&mut bytes))
    };
    read.map_err(|error| BadInput::at(path, error))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        BadInput::at(
            path,
            format!("expected UTF-8 text, found another byte at offset {at}"),
        )
    })
}

/// Writes to a file, or to standard output.
fn write_text(path: Option<&PathBuf>, text: &str) -> Result<(), BadInput> {
    let path = path.map_or(Path::new(output::DASH), PathBuf::as_path);
    output::write(&[(path, text.as_bytes())])
}
