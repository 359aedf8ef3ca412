//! Out of descriptors: the tool reports it, serves its calls, recovers, and still ends on time.
//!
//! Unix only, because a shell's `ulimit` sets the limit.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use crate::common::served::{self, PATIENCE};

const DESCRIPTORS: usize = 64;

/// A `serve` with few descriptors. It is killed with the test, however that ends.
struct Serving {
    child: Child,
    lines: Receiver<String>,
    address: SocketAddr,
}

impl Serving {
    fn start(more_options: &[&str]) -> Serving {
        let script = format!(
            "ulimit -n {DESCRIPTORS}; exec \"$0\" serve --echo --json --listen 127.0.0.1:0 \"$@\""
        );
        let mut child = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_audiosocket")])
            .args(more_options)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (line, lines) = mpsc::channel();
        thread::spawn(move || {
            for text in stdout.lines().map_while(Result::ok) {
                if line.send(text).is_err() {
                    return;
                }
            }
        });
        let mut serving = Serving {
            child,
            lines,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        let first = serving.next_line_with("listening on ");
        serving.address = first["listening on ".len()..].parse().unwrap();
        serving
    }

    #[track_caller]
    fn next_line_with(&self, text: &str) -> String {
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(text) => return line,
                Ok(_) => {}
                Err(error) => panic!("no line with {text}: {error}"),
            }
        }
    }

    fn call(&self, number: u8) -> TcpStream {
        use std::io::Write;

        let mut stream = served::connect(self.address);
        let frame = served::uuid_frame(served::uuid(number));
        stream.write_all(&frame).unwrap();
        stream
    }

    /// Makes calls that are served, and more connections than there are descriptors left.
    fn exhaust(&self) -> (Vec<TcpStream>, Vec<TcpStream>) {
        let calls: Vec<TcpStream> = (0..3).map(|number| self.call(number)).collect();
        calls.iter().for_each(hear_the_echo_after_silence);
        let crowd = (0..DESCRIPTORS)
            .map(|_| served::connect(self.address))
            .collect();
        let warning = self.next_line_with("cannot accept a connection");
        assert!(warning.contains(r#""event":"warning""#), "{warning}");
        (calls, crowd)
    }

    fn wait(&mut self) -> ExitStatus {
        served::eventually("the end of the program", || self.child.try_wait().unwrap())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // If the program has ended, there is nothing to kill. In both cases the test waits for it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a sample and reads up to its echo, past the frames of silence that the server sends on its own.
#[track_caller]
fn hear_the_echo_after_silence(mut stream: &TcpStream) {
    use std::io::{Read, Write};

    stream.write_all(&served::SAMPLE).unwrap();
    loop {
        let mut header = [0; 3];
        stream.read_exact(&mut header).unwrap();
        let mut payload = vec![0; usize::from(u16::from_be_bytes([header[1], header[2]]))];
        stream.read_exact(&mut payload).unwrap();
        assert_eq!(header[0], 0x10, "only audio");
        if payload == served::SAMPLE[3..] {
            return;
        }
        assert!(payload.iter().all(|byte| *byte == 0), "{payload:?}");
    }
}

#[test]
fn out_of_descriptors_calls_continue_and_recover() {
    let server = Serving::start(&[]);
    let (calls, crowd) = server.exhaust();
    for _ in 0..10 {
        calls.iter().for_each(hear_the_echo_after_silence);
    }
    // It waits in the backlog until the silent connections are gone.
    let newcomer = server.call(9);
    drop(crowd);
    hear_the_echo_after_silence(&newcomer);
    calls.iter().for_each(hear_the_echo_after_silence);
    server.next_line_with(&served::uuid(9).to_string());
}

/// The crowd neither sends nor closes, even after a hangup.
#[test]
fn new_caller_is_served_while_many_linger() {
    let server = Serving::start(&[]);
    let (calls, crowd) = server.exhaust();
    let started = std::time::Instant::now();
    hear_the_echo_after_silence(&server.call(9));
    println!("the newcomer waited for {:?}", started.elapsed());
    calls.iter().for_each(hear_the_echo_after_silence);
    drop(crowd);
}

#[test]
fn exits_on_time_when_out_of_descriptors() {
    let mut server = Serving::start(&["--seconds", "3"]);
    let (calls, crowd) = server.exhaust();
    assert!(server.wait().success());
    drop((calls, crowd));
}

/// The accepting thread holds the last descriptor for the next caller while it waits, so its `accept` does not fail. No other
/// connection can wake it.
#[cfg(target_os = "linux")]
#[test]
fn exits_on_time_with_last_descriptor_in_use() {
    let mut server = Serving::start(&["--seconds", "3"]);
    let call = server.call(1);
    hear_the_echo_after_silence(&call);
    // Counted by number, because inherited descriptors may have higher numbers than the limit allows.
    let process = server.child.id();
    let is_free =
        |number: &usize| std::fs::symlink_metadata(format!("/proc/{process}/fd/{number}")).is_err();
    let count_free = || (0..DESCRIPTORS).filter(is_free).count();
    let crowd: Vec<TcpStream> = (1..count_free())
        .map(|_| served::connect(server.address))
        .collect();
    served::eventually("one descriptor left", || (count_free() == 1).then_some(()));
    assert!(server.wait().success());
    let warnings = (server.lines.iter()).filter(|line| line.contains("cannot accept"));
    assert_eq!(warnings.count(), 0, "there was one for everybody");
    drop((call, crowd));
}

/// The accept loop may hold the last descriptor, so that no connection can wake it.
#[test]
fn tap_ends_on_time_with_few_descriptors() {
    let taps = (4..=9).map(|descriptors| {
        let script = format!("ulimit -n {descriptors}; exec \"$0\" \"$@\"");
        let child = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_audiosocket"), "tap"])
            .args([
                "--listen",
                "127.0.0.1:0",
                "--to",
                "127.0.0.1:9",
                "--seconds",
                "0.2",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        (descriptors, Kill(child))
    });
    let taps: Vec<_> = taps.collect();
    for (descriptors, mut tap) in taps {
        let what = format!("the end of a tap with {descriptors} descriptors");
        served::eventually(&what, || tap.0.try_wait().unwrap());
    }
}

/// A program that ends with the test.
struct Kill(Child);

impl Drop for Kill {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
