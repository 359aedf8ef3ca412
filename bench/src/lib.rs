//! What the measuring programs share: a server in a process of its own, and the frames of its callers.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// How long a frame lasts.
pub const FRAME_TIME: Duration = Duration::from_millis(20);

/// The same program again, as a server. Its first line is `listening on IP:PORT`.
pub struct ServerProcess {
    child: Child,
    output: BufReader<ChildStdout>,
    pub address: SocketAddr,
}

impl ServerProcess {
    pub fn start(arguments: &[&str]) -> ServerProcess {
        let program = std::env::current_exe().expect("this program's path");
        let mut child = Command::new(program)
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process for the server");
        let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        output.read_line(&mut line).expect("its first line");
        let address = line
            .trim()
            .strip_prefix("listening on ")
            .and_then(|text| text.parse().ok());
        ServerProcess {
            child,
            output,
            address: address.expect("its address"),
        }
    }

    /// A number of /proc/PID/status: kilobytes, or a count.
    pub fn status(&self, name: &str) -> usize {
        let path = format!("/proc/{}/status", self.child.id());
        let text = std::fs::read_to_string(path).expect("the server is alive");
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .expect("the field");
        let digits = line
            .trim_start_matches(':')
            .split_whitespace()
            .next()
            .expect("a number");
        digits.parse().expect("a number")
    }

    /// What it has still to print, until its end.
    pub fn last_words(mut self) -> String {
        let mut text = String::new();
        self.output
            .read_to_string(&mut text)
            .expect("text until its end");
        text
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn uuid_frame(number: usize) -> Vec<u8> {
    let mut frame = vec![0x01, 0, 16];
    frame.extend_from_slice(&(number as u128).to_be_bytes());
    frame
}

pub fn audio_frame() -> Vec<u8> {
    let mut frame = vec![0x10, 0x01, 0x40];
    frame.extend((0..320).map(|place| (place % 251) as u8));
    frame
}

/// Raises the limit on descriptors as far as it goes, up to so many.
pub fn allow_descriptors(count: u64) {
    rlimit::increase_nofile_limit(count).expect("a limit on descriptors that can be read");
}
