//! A server that is a separate program, in any language.

// Each test program uses a part of this file.
#![allow(dead_code)]

use std::io::{self, BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

/// A running server. It prints `listening on` and its address first.
pub struct Program {
    child: Child,
    pub lines: Lines<BufReader<ChildStdout>>,
    pub address: String,
}

impl Program {
    /// Returns an error if the program does not exist or prints nothing. Where a shell starts programs, a missing one seems to start.
    #[track_caller]
    pub fn start(command: &mut Command) -> io::Result<Program> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let Some(first) = lines.next() else {
            child.wait()?;
            return Err(io::ErrorKind::UnexpectedEof.into());
        };
        let first = first?;
        let address = first.strip_prefix("listening on ").unwrap().into();
        Ok(Program {
            child,
            lines,
            address,
        })
    }
}

/// A failed test leaves no server behind.
impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
