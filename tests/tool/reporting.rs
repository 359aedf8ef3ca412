//! A failed report of `tap` or `serve` harms no call.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::thread;
use std::time::Duration;

use crate::common::served;
use crate::common::small_disk::SmallDisk;
use crate::common::tool::{HANGUP_FRAME, UUID_FRAME, audiosocket};

/// A `tap` or `serve` whose output will fail.
struct Reporter {
    child: Child,
    address: String,
    errors: Receiver<String>,
}

impl Reporter {
    fn new(mut child: Child, first_line: &str) -> Reporter {
        let address = first_line.trim_end().strip_prefix("listening on ").unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (tell, errors) = mpsc::channel();
        thread::spawn(move || stderr.lines().try_for_each(|line| tell.send(line.unwrap())));
        Reporter {
            child,
            address: String::from(address),
            errors,
        }
    }

    /// Starts the command. The reader of its output closes after the first line.
    fn unread(arguments: &[&str]) -> Reporter {
        let mut child = audiosocket(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        Reporter::new(child, &line)
    }

    /// Starts the command with a log on the disk, which is full after the first line.
    fn logging(arguments: &[&str], folder: &Path, disk: &SmallDisk) -> Reporter {
        let log = folder.join("log");
        let child = audiosocket(arguments)
            .stdout(File::create(&log).unwrap())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let line = loop {
            let text = fs::read_to_string(&log).unwrap();
            if text.ends_with('\n') {
                break text;
            }
            thread::sleep(Duration::from_millis(5));
        };
        disk.fill();
        Reporter::new(child, &line)
    }

    /// Runs `work` until the output has failed, and returns the error. One time is not enough: while another test starts a
    /// program, that program holds a copy of the pipe's reading end for a moment, and a report can still be written.
    fn until_output_fails(&self, mut work: impl FnMut()) -> String {
        loop {
            work();
            match self.errors.try_recv() {
                Ok(line) => return line,
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => panic!("it ended without an error"),
            }
        }
    }

    /// Waits for the end and checks that it fails without another error.
    fn finish(mut self) {
        assert_eq!(self.child.wait().unwrap().code(), Some(1));
        assert_eq!(self.errors.recv(), Err(mpsc::RecvError));
    }
}

/// A failed test leaves no process behind.
impl Drop for Reporter {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns the address of a server that sends back every byte of its first `calls` connections.
fn byte_echo(calls: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for _ in 0..calls {
            let mut stream = served::accept(&listener);
            let mut back = stream.try_clone().unwrap();
            thread::spawn(move || std::io::copy(&mut stream, &mut back));
        }
    });
    address
}

/// A caller that checks what comes back.
struct Caller {
    stream: TcpStream,
    rounds: u8,
}

impl Caller {
    fn call(address: &str) -> Caller {
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream.write_all(&UUID_FRAME).unwrap();
        stream.read_exact(&mut [0; UUID_FRAME.len()]).unwrap();
        Caller { stream, rounds: 0 }
    }

    /// Sends a frame of audio and a digit, which is reported, and receives them.
    fn check(&mut self) {
        self.rounds = self.rounds.wrapping_add(1);
        let sent = [0x10, 0, 4, 1, 2, 3, self.rounds, 0x03, 0, 1, b'5'];
        self.stream.write_all(&sent).unwrap();
        let mut received = [0; 11];
        self.stream.read_exact(&mut received).unwrap();
        assert_eq!(received, sent);
    }
}

const CALLS: usize = 20;

/// Checks that calls in progress and new ones lose nothing when the output of the tap that carries them fails.
fn calls_through_a_tap_go_on(start: impl FnOnce(&[&str]) -> Reporter, reason: &str) {
    let server = byte_echo(2 * CALLS);
    let calls = (2 * CALLS).to_string();
    let listen = ["tap", "--listen", "127.0.0.1:0"];
    let tap = start(&[&listen[..], &["--to", &server, "--calls", &calls]].concat());
    let mut callers: Vec<Caller> = (0..CALLS).map(|_| Caller::call(&tap.address)).collect();
    let error = tap.until_output_fails(|| callers.iter_mut().for_each(Caller::check));
    assert_eq!(
        error,
        format!(
            "audiosocket: cannot write to standard output: {reason}; the tap forwards calls without reports"
        )
    );
    callers.extend((0..CALLS).map(|_| Caller::call(&tap.address)));
    callers.iter_mut().for_each(Caller::check);
    drop(callers);
    tap.finish();
}

#[test]
fn tap_carries_calls_after_its_reader_has_gone() {
    calls_through_a_tap_go_on(Reporter::unread, "its reader has closed it");
}

#[test]
fn tap_carries_calls_after_its_log_disk_is_full() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("full-log");
    fs::create_dir_all(&folder).unwrap();
    let Some(disk) = SmallDisk::mount(&folder) else {
        return;
    };
    calls_through_a_tap_go_on(
        |arguments| Reporter::logging(arguments, &folder, &disk),
        "No space left on device (os error 28)",
    );
}

#[test]
fn serve_finishes_calls_after_its_reader_has_gone() {
    let server = Reporter::unread(&["serve", "--listen", "127.0.0.1:0", "--echo"]);
    let mut caller = TcpStream::connect(&server.address).unwrap();
    caller.write_all(&UUID_FRAME).unwrap();
    // The greeting, 20 ms of silence.
    caller.read_exact(&mut [0; 323]).unwrap();
    let error = server.until_output_fails(|| {
        caller.write_all(&[0x03, 0, 1, b'5']).unwrap();
        thread::sleep(Duration::from_millis(5));
    });
    assert_eq!(
        error,
        "audiosocket: cannot write to standard output: its reader has closed it; \
         calls in progress continue, and no more are accepted"
    );
    // When further callers are refused, the server is about to end. The call must continue.
    while TcpStream::connect(&server.address).is_ok() {}
    let audio = [0x10, 0, 2, 1, 2];
    let mut received = Vec::new();
    for _ in 0..50 {
        caller.write_all(&audio).unwrap();
    }
    caller.write_all(&HANGUP_FRAME).unwrap();
    caller.read_to_end(&mut received).unwrap();
    let echoed = received.windows(audio.len()).filter(|five| *five == audio);
    assert_eq!(echoed.count(), 50);
    drop(caller);
    server.finish();
}
