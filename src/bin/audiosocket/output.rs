//! Lines on standard output, from any thread.

use std::io::{self, ErrorKind, Write};

use crate::failure::Failure;
use crate::text::on_one_line;

/// Standard output. Unlike `println!` it answers with an error when nobody reads any more, instead of a panic, and every line is
/// out when it returns, also into a pipe.
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

/// One line on standard error, whatever the message holds.
pub fn print_error(message: &str) -> io::Result<()> {
    io::stderr()
        .lock()
        .write_all(format!("audiosocket: {}\n", on_one_line(message)).as_bytes())
}
