//! Shared code of the measuring programs: a server in a separate process, and the frames of its callers.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// The duration of a frame.
pub const FRAME_TIME: Duration = Duration::from_millis(20);

/// A second process of this program, as a server. Its first line is `listening on IP:PORT`.
pub struct ServerProcess {
    child: Child,
    output: BufReader<ChildStdout>,
    pub address: SocketAddr,
}

impl ServerProcess {
    pub fn start(arguments: &[&str]) -> ServerProcess {
        let program = std::env::current_exe().expect("this program's path");
        ServerProcess::of(Command::new(program).args(arguments))
    }

    /// Starts any other program with this first line.
    pub fn of(command: &mut Command) -> ServerProcess {
        let mut child = command
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

    /// Returns a number from /proc/PID/status: kilobytes, or a count.
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

    /// Returns the CPU time used so far, user and system.
    pub fn cpu_seconds(&self) -> f64 {
        cpu_seconds(&self.child.id().to_string())
    }

    /// Waits for the end of the server, and returns the rest of its output.
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

/// Returns the user and system time of a process, given as its number or "self".
pub fn cpu_seconds(process: &str) -> f64 {
    let path = format!("/proc/{process}/stat");
    let text = std::fs::read_to_string(path).expect("the process is alive");
    // These are fields 14 and 15, in hundredths of a second on every current Linux. The search starts after the name, because the
    // name can contain spaces.
    let fields: Vec<&str> = text
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .collect();
    let ticks = |place: usize| {
        fields
            .get(place)
            .and_then(|field| field.parse().ok())
            .unwrap_or(0.0)
    };
    (ticks(11) + ticks(12)) / 100.0
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

/// Returns the median, the 10th and the 90th percentile.
pub fn spread(mut figures: Vec<f64>) -> [f64; 3] {
    figures.sort_by(f64::total_cmp);
    [50, 10, 90].map(|percent| figures[((figures.len() - 1) * percent + 50) / 100])
}

/// Raises the limit on descriptors to `count`, or to the system's maximum if that is less.
pub fn allow_descriptors(count: u64) {
    rlimit::increase_nofile_limit(count).expect("a limit on descriptors that can be read");
}
