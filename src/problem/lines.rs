//! Problems line by line: one JSON text on each line, in a stream of any length.

use super::ProblemError;
use super::read::invalid;
use std::io::{self, BufRead, Read};

/// Bytes that a line may have: its problem is read, and answered, in memory.
pub const MAX_LINE: usize = 16 << 20;

/// The lines that are not blank, each with its number. They end with a line feed, or with a
/// carriage return and one; the last one may go without. Memory is that of one line, of at
/// most [`MAX_LINE`] bytes: what is longer is passed over.
#[derive(Debug)]
pub struct Lines<R> {
    reader: R,
    number: u64,
}

/// One of many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Counted from 1, blank ones included.
    pub number: u64,
    /// Its text; an error if it is too long, or not UTF-8.
    pub text: Result<String, ProblemError>,
}

impl<R: BufRead> Lines<R> {
    /// The lines of all that comes.
    pub fn of(reader: R) -> Self {
        Self { reader, number: 0 }
    }

    /// The bytes of the next line; `None` at the end.
    fn bytes(&mut self) -> io::Result<Option<Result<Vec<u8>, ProblemError>>> {
        let mut bytes = Vec::new();
        let room = MAX_LINE as u64 + 1;
        self.reader
            .by_ref()
            .take(room)
            .read_until(b'\n', &mut bytes)?;
        if bytes.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        if bytes.last() == Some(&b'\n') {
            bytes.pop();
        } else if bytes.len() > MAX_LINE {
            self.reader.skip_until(b'\n')?;
            return Ok(Some(Err(invalid(format!(
                "expected a line of at most {MAX_LINE} bytes, found a longer one"
            )))));
        }
        Ok(Some(Ok(bytes)))
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<Line>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let bytes = match self.bytes() {
                Ok(None) => return None,
                Ok(Some(Ok(bytes))) if bytes.trim_ascii().is_empty() => continue,
                Ok(Some(bytes)) => bytes,
                Err(error) => return Some(Err(error)),
            };
            let number = self.number;
            let text = bytes.and_then(text);
            return Some(Ok(Line { number, text }));
        }
    }
}

fn text(bytes: Vec<u8>) -> Result<String, ProblemError> {
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        invalid(format!(
            "expected UTF-8 text, found another byte at offset {at}"
        ))
    })
}
