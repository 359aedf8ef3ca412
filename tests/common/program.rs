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
    /// Returns an error if the program does not exist.
    #[track_caller]
    pub fn start(command: &mut Command) -> io::Result<Program> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
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
