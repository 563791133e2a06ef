//! `noise-equilibrium solve` on a stream: a problem on each line in, its solution on one out.
//!
//! One thread reads, a pool solves, and whoever finds the answer that is next in order adds it
//! to the output, with those that waited for it. Nobody waits for more than is needed: lines
//! are read as long as there is room for them, and answers are written when nothing else is in
//! work, when there are many, or after a moment.

use super::output::Growing;
use super::solve::Solve;
use super::{BAD_INPUT, BadInput, HELD, SIGNALS, complain, is_ignored, name, warn};
use noise_equilibrium::problem::{Line, Lines, MAX_LINE, ProblemError, read_problem_and_files};
use serde::Serialize;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Bytes of lines and answers at which no further line is read: as many as the longest line
/// may have.
const ROOM: usize = MAX_LINE;
/// Bytes that a line takes beside its text and its solution, at most.
const OVERHEAD: usize = 1024;
/// Bytes of answers that are written at once.
const PIECE: usize = 1 << 16;
/// Bytes that are read at once.
const BUFFER: usize = 1 << 16;
/// Bytes of a solving thread's stack, as many as the first thread of a program has: what is
/// solved alone is solved in a stream.
const STACK: usize = 8 << 20;
/// How long answers may wait to be written, and signals to be noticed.
const MOMENT: Duration = Duration::from_millis(20);
/// How long after a signal a line may take to be written to its end.
const GRACE: Duration = Duration::from_secs(1);

/// What becomes of a line.
enum Answer {
    Solved {
        solution: String,
        warning: Option<String>,
    },
    /// An error of the line: the others go on.
    Refused(String),
    /// An error of all that follows.
    Stopped(BadInput),
}

/// An error in the place of a solution.
#[derive(Serialize)]
struct Refusal<'a> {
    format: &'static str,
    line: u64,
    error: &'a str,
}

/// Solves what is on the lines of `options.problem`.
pub fn solve(options: &Solve) -> Result<u8, BadInput> {
    let path = &options.problem;
    let input: Box<dyn Read + Send> = if path.as_os_str() == "-" {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path).map_err(|error| BadInput::at(path, error))?)
    };
    options.check_places(&[])?;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.jobs.map_or(0, usize::from))
        .stack_size(STACK)
        .build()
        .map_err(|error| BadInput(format!("--jobs: {error}")))?;
    let caught = catch_signals().map_err(|error| BadInput(format!("signals: {error}")))?;
    let work = Arc::new(Work {
        options: options.clone(),
        room: Room::default(),
        output: Mutex::new(Output::open(options)?),
    });
    // Nothing is sent: when all who could send are gone, all is done.
    let (working, idle) = channel();
    let [reader, writer] = [Arc::clone(&work), Arc::clone(&work)];
    let spawned = thread::Builder::new()
        .spawn(move || reader.read(input, &pool, &working))
        .and_then(|_| thread::Builder::new().spawn(move || writer.write_after_a_moment()));
    spawned.map_err(|error| BadInput(format!("threads: {error}")))?;
    // No thread is waited for: each may hang on a pipe when there is nothing left to do.
    loop {
        let all_done = idle.recv_timeout(MOMENT) == Err(RecvTimeoutError::Disconnected);
        if let Some(signal) = signal(&caught) {
            work.abandon();
            // As if it had not been caught.
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
        if all_done || work.has_ended() {
            return work.output().finish();
        }
    }
}

/// Where the signal that came will stand, 0 before one does.
fn catch_signals() -> io::Result<Arc<AtomicUsize>> {
    let caught = Arc::new(AtomicUsize::new(0));
    for &signal in SIGNALS.iter().filter(|&&signal| !is_ignored(signal)) {
        let number = usize::try_from(signal).unwrap_or(0);
        signal_hook::flag::register_usize(signal, Arc::clone(&caught), number)?;
    }
    Ok(caught)
}

fn signal(caught: &AtomicUsize) -> Option<i32> {
    let signal = i32::try_from(caught.load(Ordering::SeqCst));
    signal.ok().filter(|&signal| signal != 0)
}

/// What all threads share.
struct Work {
    options: Solve,
    room: Room,
    output: Mutex<Output>,
}

impl Work {
    fn output(&self) -> MutexGuard<'_, Output> {
        self.output.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has the output come to its end before the input? Not while somebody writes.
    fn has_ended(&self) -> bool {
        let output = self.output.try_lock();
        output.is_ok_and(|output| output.growing.is_none())
    }

    /// Writes nothing more. What is being written is written to its end, unless nobody takes it.
    fn abandon(&self) {
        let start = Instant::now();
        while start.elapsed() < GRACE {
            if let Ok(mut output) = self.output.try_lock() {
                output.growing = None;
                return;
            }
            thread::sleep(MOMENT / 10);
        }
    }

    fn write_after_a_moment(&self) {
        loop {
            thread::sleep(MOMENT);
            self.output().flush();
        }
    }

    /// Hands on line after line.
    fn read(
        self: Arc<Self>,
        input: Box<dyn Read + Send>,
        pool: &rayon::ThreadPool,
        working: &Sender<Infallible>,
    ) {
        let lines = Lines::of(BufReader::with_capacity(BUFFER, input));
        for (place, line) in (0..).zip(lines) {
            let Line { number, text } = match line {
                Ok(line) => line,
                Err(error) => {
                    let error = BadInput::at(&self.options.problem, error);
                    self.output().add(place, 0, Answer::Stopped(error));
                    return;
                }
            };
            let size = OVERHEAD + text.as_ref().map_or(0, String::len);
            self.room.enter(size);
            let (work, working) = (Arc::clone(&self), working.clone());
            pool.spawn_fifo(move || {
                let _working = working;
                let answer = catch_unwind(AssertUnwindSafe(|| answer(text, number, &work.options)));
                let answer = answer.unwrap_or_else(|_| {
                    Answer::Refused("the program failed, which is a mistake in it".to_owned())
                });
                work.add(place, number, answer, size);
            });
        }
    }

    /// The answer to a line that had `size` bytes of room.
    fn add(&self, place: u64, line: u64, answer: Answer, size: usize) {
        // Until it is written, the answer has the line's place.
        self.room.resize(size, answer.size());
        let mut output = self.output();
        let written = output.add(place, line, answer);
        if self.room.resize(written, 0) == 0 {
            // Whoever waits for these may be whom the reader waits for.
            output.flush();
        }
    }
}

fn answer(text: Result<String, ProblemError>, line: u64, options: &Solve) -> Answer {
    let solved = text.and_then(|text| {
        let (problem, arrays) = read_problem_and_files(&text, options.folder())?;
        // Where nothing but the line is read, nothing else can be written over.
        if !arrays.is_empty()
            && let Err(BadInput(error)) = options.check_places(&arrays)
        {
            let error = format!("line {line}: {error}");
            return Ok(Answer::Stopped(BadInput::at(&options.problem, error)));
        }
        let solution = problem.solve(options.digits)?;
        Ok(match serde_json::to_string(&solution.to_file()) {
            Ok(solution) => Answer::Solved {
                solution,
                warning: problem.warning(),
            },
            Err(error) => Answer::Refused(error.to_string()),
        })
    });
    solved.unwrap_or_else(|error| {
        // JSON has lines of its own, and here one.
        let error = error
            .to_string()
            .replace(" at line 1 column ", " at column ");
        Answer::Refused(error)
    })
}

impl Answer {
    /// Bytes of room that it takes.
    fn size(&self) -> usize {
        OVERHEAD
            + match self {
                Self::Solved { solution, .. } => solution.len(),
                Self::Refused(_) | Self::Stopped(_) => 0,
            }
    }
}

/// The answers on their way out.
struct Output {
    problem: PathBuf,
    /// None once it has ended: all is written, nobody reads it, or there is an error.
    growing: Option<Growing>,
    error: Option<BadInput>,
    /// Answers before whose time it is, with their lines, by their places.
    early: BTreeMap<u64, (u64, Answer)>,
    next: u64,
    /// Whole lines that are not written yet.
    piece: Vec<u8>,
    /// Was there an error in any line?
    refused: bool,
}

impl Output {
    fn open(options: &Solve) -> Result<Self, BadInput> {
        Ok(Self {
            problem: options.problem.clone(),
            growing: Some(Growing::open(options.solution().1)?),
            error: None,
            early: BTreeMap::new(),
            next: 0,
            piece: Vec::new(),
            refused: false,
        })
    }

    /// Adds an answer, and those after it that are there. How much room they took.
    fn add(&mut self, place: u64, line: u64, answer: Answer) -> usize {
        self.early.insert(place, (line, answer));
        let mut taken = 0;
        while let Some((line, answer)) = self.early.remove(&self.next) {
            taken += answer.size();
            self.next += 1;
            self.append(line, answer);
            if self.piece.len() >= PIECE {
                self.flush();
            }
        }
        taken
    }

    fn append(&mut self, line: u64, answer: Answer) {
        if self.growing.is_none() {
            return;
        }
        match answer {
            Answer::Solved { solution, warning } => {
                if let Some(warning) = warning {
                    warn(&self.problem, &format!("line {line}: {warning}"));
                }
                self.piece.extend_from_slice(solution.as_bytes());
                self.piece.push(b'\n');
            }
            Answer::Refused(error) => {
                complain(&format!("{}: line {line}: {error}", name(&self.problem)));
                self.refused = true;
                let refusal = Refusal {
                    format: "noise-equilibrium/error-1",
                    line,
                    error: &error,
                };
                match serde_json::to_vec(&refusal) {
                    Ok(refusal) => self.piece.extend(refusal),
                    Err(error) => self.end(Some(BadInput::at(&self.problem, error))),
                }
                self.piece.push(b'\n');
            }
            Answer::Stopped(error) => {
                self.flush();
                self.end(Some(error));
            }
        }
    }

    /// Writes what is there.
    fn flush(&mut self) {
        let Some(growing) = &mut self.growing else {
            return;
        };
        if self.piece.is_empty() {
            return;
        }
        match growing.write(&self.piece) {
            Ok(true) => {}
            Ok(false) => self.end(None),
            Err(error) => self.end(Some(error)),
        }
        self.piece.clear();
    }

    /// What is to be a file and is not complete goes away.
    fn end(&mut self, error: Option<BadInput>) {
        self.growing = None;
        self.error = error;
    }

    /// The exit code, if all went well.
    fn finish(&mut self) -> Result<u8, BadInput> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        if let Some(growing) = self.growing.take() {
            growing.finish()?;
        }
        Ok(if self.refused { BAD_INPUT } else { HELD })
    }
}

/// Bytes of lines that are being solved, and of answers that wait for those before them.
#[derive(Default)]
struct Room {
    taken: Mutex<usize>,
    half: Condvar,
}

impl Room {
    fn taken(&self) -> MutexGuard<'_, usize> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is room. When there was none, half of it has to be free.
    fn enter(&self, size: usize) {
        let mut taken = self.taken();
        if *taken + size > ROOM {
            let full = |taken: &mut usize| *taken != 0 && *taken + size > ROOM / 2;
            let waited = self.half.wait_while(taken, full);
            taken = waited.unwrap_or_else(PoisonError::into_inner);
        }
        *taken += size;
    }

    /// What took `old` bytes takes `new` ones. How much is taken in all.
    fn resize(&self, old: usize, new: usize) -> usize {
        let mut taken = self.taken();
        *taken = *taken - old + new;
        if *taken <= ROOM / 2 {
            self.half.notify_one();
        }
        *taken
    }
}
