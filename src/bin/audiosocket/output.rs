//! Standard output, line by line, from any thread.

use std::io::{self, ErrorKind, Write};

use crate::failure::Failure;
use crate::text::on_one_line;

/// Standard output. `println!` panics when the reader has closed the output, but these methods return an error. Each flushes its
/// text, also into a pipe.
#[derive(Debug)]
pub struct Output {
    _private: (),
}

impl Output {
    pub const fn new() -> Output {
        Output { _private: () }
    }

    pub fn line(&self, line: &str) -> Result<(), Failure> {
        self.text(&format!("{line}\n"))
    }

    pub fn text(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout
            .write_all(text.as_bytes())
            .and_then(|()| stdout.flush())
            .map_err(|error| match error.kind() {
                ErrorKind::BrokenPipe => Failure::NobodyReads,
                _ => Failure::Failed(format!("cannot write to standard output: {error}")),
            })
    }
}

/// Prints a message as one line on standard error. Escapes line breaks in it.
pub fn print_error(message: &str) -> io::Result<()> {
    io::stderr()
        .lock()
        .write_all(format!("audiosocket: {}\n", on_one_line(message)).as_bytes())
}
