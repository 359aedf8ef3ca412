//! The tool as a process, and its output.

// Each test program uses a part of this file.
#![allow(dead_code)]

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

pub fn audiosocket(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_audiosocket"));
    command.args(arguments).stdin(Stdio::null());
    command
}

#[track_caller]
pub fn run(arguments: &[&str]) -> Output {
    audiosocket(arguments).output().unwrap()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub const UUID_FRAME: [u8; 19] = [1, 0, 16, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7];
pub const HANGUP_FRAME: [u8; 3] = [0, 0, 0];

/// A running `serve` or `tap`, and the lines it prints.
pub struct Serving {
    pub child: Option<Child>,
    pub lines: std::io::Lines<BufReader<ChildStdout>>,
    pub address: String,
}

/// A failed test leaves no server behind.
impl Drop for Serving {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Serving {
    #[track_caller]
    pub fn start(arguments: &[&str]) -> Serving {
        Serving::start_command(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat())
    }

    /// Starts a `tap` instead.
    #[track_caller]
    pub fn tap(to: &str, arguments: &[&str]) -> Serving {
        let tap = &["tap", "--listen", "127.0.0.1:0", "--to", to];
        Serving::start_command(&[tap, arguments].concat())
    }

    #[track_caller]
    fn start_command(arguments: &[&str]) -> Serving {
        let mut child = audiosocket(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let address = String::from(first.strip_prefix("listening on ").unwrap());
        Serving {
            child: Some(child),
            lines,
            address,
        }
    }

    /// Waits for the end and returns the lines after the first.
    #[track_caller]
    pub fn finish(self) -> Vec<String> {
        self.finish_with_errors().0
    }

    /// Waits for the end and returns the lines after the first, and the lines on standard error.
    #[track_caller]
    pub fn finish_with_errors(self) -> (Vec<String>, String) {
        self.finish_with_code(0)
    }

    /// Waits for the end, checks the exit code, and returns the lines after the first and the lines on standard error.
    #[track_caller]
    pub fn finish_with_code(mut self, code: i32) -> (Vec<String>, String) {
        let lines = self.lines.by_ref().map(|line| line.unwrap()).collect();
        let output = self.child.take().unwrap().wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        (lines, stderr(&output))
    }

    /// A connection that has sent its UUID.
    pub fn peer(&self) -> TcpStream {
        let mut peer = TcpStream::connect(&self.address).unwrap();
        peer.write_all(&UUID_FRAME).unwrap();
        peer
    }
}

/// Returns the value of a JSON field as text. The tool's objects are flat, so this simple parser is enough.
#[track_caller]
pub fn field<'a>(line: &'a str, name: &str) -> &'a str {
    let start = line
        .find(&format!("\"{name}\":"))
        .unwrap_or_else(|| panic!("{name} in {line}"));
    let value = &line[start + name.len() + 3..];
    match value.strip_prefix('"') {
        Some(text) => &text[..text.find('"').unwrap()],
        None => &value[..value.find([',', '}']).unwrap()],
    }
}
