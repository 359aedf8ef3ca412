//! The tap forwards every byte and reports what it sees.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::common::closed_port::ClosedPort;
use crate::common::faulty::{FAULTS, Fault, place};
use crate::common::served;
use crate::common::tool::{HANGUP_FRAME, Serving, UUID_FRAME, field, run, stderr};
use crate::common::transcript::shape;
use audiosocket::asterisk::{Rule, TABLE, Version};
use audiosocket::simulator::SimulatedAsterisk;
use audiosocket::wire::Uuid;

const UUID: &str = "07070707-0707-0707-0707-070707070707";

/// Pseudo-random bytes, equal for equal seeds.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_be_bytes()[0]
    };
    (0..len).map(|_| next()).collect()
}

/// Writes the bytes in pieces of all lengths.
fn write_in_pieces(mut stream: &TcpStream, bytes: &[u8]) {
    let mut rest = bytes;
    for len in [1, 2, 3, 5, 320, 323, 4096, 70_000].iter().cycle() {
        let (piece, later) = rest.split_at(rest.len().min(*len));
        stream.write_all(piece).unwrap();
        rest = later;
        if rest.is_empty() {
            return;
        }
    }
}

fn read_all(mut stream: &TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

/// A server for one connection, and its address.
fn server<R: Send + 'static>(
    serve: impl FnOnce(TcpStream) -> R + Send + 'static,
) -> (String, thread::JoinHandle<R>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || serve(served::accept(&listener)));
    (address, server)
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    folder
}

/// The bytes of each direction in a tap recording, read according to the description of the format.
fn recorded(path: &Path) -> HashMap<u8, Vec<u8>> {
    let file = std::fs::read(path).unwrap();
    assert_eq!(file[..8], [0x89, b'A', b'S', b'T', 1, 0, 0, 0]);
    let mut directions: HashMap<u8, Vec<u8>> = HashMap::new();
    let mut rest = &file[16..];
    while !rest.is_empty() {
        let len = usize::from(u16::from_be_bytes([rest[2], rest[3]]));
        let direction = directions.entry(rest[0]).or_default();
        direction.extend(&rest[12..12 + len]);
        rest = &rest[12 + len..];
    }
    directions
}

#[test]
fn tap_forwards_and_records_every_byte() {
    let folder = folder("tap-noise");
    let to_server = [&UUID_FRAME[..], &noise(1, 1_000_000)].concat();
    let to_caller = noise(2, 1_500_000);
    let (address, server) = server({
        let to_caller = to_caller.clone();
        move |mut stream| {
            let mut uuid = UUID_FRAME;
            stream.read_exact(&mut uuid).unwrap();
            thread::scope(|scope| {
                scope.spawn(|| {
                    write_in_pieces(&stream, &to_caller);
                    stream.shutdown(Shutdown::Write).unwrap();
                });
                [&uuid[..], &read_all(&stream)].concat()
            })
        }
    });
    let record = folder.to_str().unwrap();
    let tap = Serving::tap(&address, &["--record", record, "--calls", "1"]);
    let caller = TcpStream::connect(&tap.address).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            write_in_pieces(&caller, &to_server);
            caller.shutdown(Shutdown::Write).unwrap();
        });
        assert!(read_all(&caller) == to_caller, "to the caller");
    });
    assert!(server.join().unwrap() == to_server, "to the server");
    tap.finish();
    // Its name is the UUID if the tap receives it before too many other bytes. Otherwise it is the caller's address.
    let files = std::fs::read_dir(&folder).unwrap();
    let files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    let taps = files
        .iter()
        .filter(|it| it.extension() == Some("tap".as_ref()));
    let taps: Vec<&PathBuf> = taps.collect();
    assert_eq!(taps.len(), 1, "{files:?}");
    let recorded = recorded(taps[0]);
    assert!(recorded[&b'>'] == to_server, "from the caller, recorded");
    assert!(recorded[&b'<'] == to_caller, "from the server, recorded");
}

#[test]
fn tap_reports_a_call_from_start_to_end() {
    let (address, server) = server(|mut stream| {
        stream.read_exact(&mut [0; 19 + 9 + 9]).unwrap();
        stream.write_all(&[0x10, 0, 2, 7, 7]).unwrap();
        stream.write_all(&HANGUP_FRAME).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        read_all(&stream)
    });
    let tap = Serving::tap(&address, &["--json", "--calls", "1"]);
    let mut caller = TcpStream::connect(&tap.address).unwrap();
    caller.write_all(&UUID_FRAME[..1]).unwrap();
    caller.write_all(&UUID_FRAME[1..]).unwrap();
    caller.write_all(&[2, 0, 6, 1, b'5', 0, 0, 0, 0]).unwrap();
    caller.write_all(&[2, 0, 6, 0, b'5', 100, 0, 0, 0]).unwrap();
    assert_eq!(read_all(&caller), [0x10, 0, 2, 7, 7, 0, 0, 0]);
    drop(caller);
    server.join().unwrap();
    let lines = tap.finish();
    let events: Vec<&str> = lines.iter().map(|line| field(line, "event")).collect();
    assert_eq!(events, ["listening", "call", "dtmf", "dtmf", "hangup"]);
    for line in &lines[1..] {
        assert_eq!(field(line, "uuid"), UUID);
    }
    for (line, signal) in lines[2..4].iter().zip(["start", "stop"]) {
        assert_eq!(field(line, "signal"), signal);
        assert_eq!(field(line, "digit"), "5");
        assert_eq!(field(line, "direction"), "to-server");
    }
    assert_eq!(field(&lines[3], "duration_ms"), "100");
    let hangup = &lines[4];
    for (name, value) in [
        ("by", "server"),
        ("reason", "hangup"),
        ("frames_to_server", "3"),
        ("frames_to_caller", "2"),
        ("bytes_to_server", "37"),
        ("bytes_to_caller", "8"),
    ] {
        assert_eq!(field(hangup, name), value, "{hangup}");
    }
}

/// The output of the tap for one call to a faulty server.
fn tapped_call(fault: &Fault) -> Vec<String> {
    let (address, server) = fault.serve_once();
    let tap = Serving::tap(&address.to_string(), &["--json", "--calls", "1"]);
    let uuid = SimulatedAsterisk::random_uuid();
    let asterisk =
        SimulatedAsterisk::connect_judged(&tap.address, uuid, Version::REFERENCE).unwrap();
    place(asterisk, fault.caller);
    server.join().unwrap();
    tap.finish()
}

fn violations_of<'a>(fault: &Fault, lines: &'a [String]) -> Vec<&'a str> {
    // If a server sends more than the buffers hold, its frames are read in parts. The oldest versions do not wait for the rest.
    let is_by_buffers =
        |line: &&str| fault.name == "at-once" && field(line, "rule") == Rule::SplitPayload.name();
    let lines = lines.iter().map(String::as_str);
    lines
        .filter(|line| field(line, "event") == "violation")
        .filter(|line| !is_by_buffers(line))
        .collect()
}

fn rules_of<'a>(violations: &[&'a str]) -> Vec<&'a str> {
    let mut rules: Vec<&str> = violations.iter().map(|it| field(it, "rule")).collect();
    // Versions with different waits may find the fault in different frames.
    rules.dedup();
    rules
}

#[test]
fn readme_tap_output_is_real() {
    let fault = Fault::named("kind-03").unwrap();
    let (address, server) = fault.serve_once();
    let tap = Serving::tap(&address.to_string(), &["--calls", "1"]);
    let uuid = SimulatedAsterisk::random_uuid();
    let asterisk =
        SimulatedAsterisk::connect_judged(&tap.address, uuid, Version::REFERENCE).unwrap();
    place(asterisk, fault.caller);
    server.join().unwrap();
    let printed = tap.finish().join("\n");
    let readme = include_str!("../../README.md");
    let (_, after) = readme.split_once("$ audiosocket tap ").unwrap();
    let (shown, _) = after.split_once("```").unwrap();
    let (_, shown) = shown.split_once('\n').unwrap();
    // Two threads print the lines before it, and the lines after it depend on time.
    let report = |text: &str| {
        let text = shape(text);
        let (_, violation) = text.split_once("violation ").expect("a violation");
        let (violation, _) = violation.split_once(" ended ").expect("an end");
        String::from(violation)
    };
    assert_eq!(report(&printed), report(shown));
}

#[test]
fn tap_reports_each_fault_with_its_consequence() {
    thread::scope(|scope| {
        for fault in &FAULTS {
            scope.spawn(|| {
                let expected: Vec<&str> = fault.breaks.iter().map(|rule| rule.name()).collect();
                let mut lines = tapped_call(fault);
                for _ in 0..5 {
                    // On a busy machine the tap may see the start of the call so late that, by its own clock, the caller did not
                    // wait for 2 s.
                    let is_too_short =
                        fault.name == "mute" && rules_of(&violations_of(fault, &lines)).is_empty();
                    // The tap may also be delayed between a server's half frame and its end, so that the frame really is split.
                    let is_split = fault.breaks == [Rule::Truncated]
                        && lines.iter().any(|line| line.contains("\"rule\":\"split-"));
                    // On Windows, a program that starts while this one accepts may inherit the connection. Then it is closed only
                    // when that program ends.
                    let is_held =
                        cfg!(windows) && rules_of(&violations_of(fault, &lines)) != expected;
                    if !is_too_short && !is_split && !is_held {
                        break;
                    }
                    lines = tapped_call(fault);
                }
                let violations = violations_of(fault, &lines);
                assert_eq!(
                    rules_of(&violations),
                    expected,
                    "{}: {lines:#?}",
                    fault.name
                );
                for (place, (line, rule)) in violations.iter().zip(fault.breaks).enumerate() {
                    for row in TABLE {
                        let ends = |rule: &Rule| {
                            let consequence = row.consequence(*rule);
                            consequence.is_some_and(|it| it.ends_call())
                        };
                        // For that version the call was over.
                        if fault.breaks[..place].iter().any(ends) {
                            continue;
                        }
                        let Some(consequence) = row.consequence(*rule) else {
                            continue;
                        };
                        let part = line
                            .split("{\"consequence\":")
                            .skip(1)
                            .find(|part| part.contains(&row.versions()));
                        let Some(part) = part else {
                            // A busy machine can be late for a wait this short.
                            assert_eq!(fault.name, "nagle", "{} in {line}", row.versions());
                            continue;
                        };
                        assert!(
                            part.starts_with(&format!("\"{}\"", consequence.name())),
                            "{line}"
                        );
                    }
                }
            });
        }
    });
}

#[test]
fn tap_through_dial_judges_by_the_channel_driver() {
    for (options, consequence) in [
        (&[][..], "hangs-up"),
        (&["--through", "application"], "hangs-up"),
        (&["--through", "dial"], "ends-leg"),
    ] {
        let (address, server) = server(|mut stream| {
            stream.read_exact(&mut [0; UUID_FRAME.len()]).unwrap();
            stream.write_all(&[0x10, 0, 0]).unwrap();
            read_all(&stream);
        });
        let tap = Serving::tap(&address, &[&["--json", "--calls", "1"], options].concat());
        let mut caller = TcpStream::connect(&tap.address).unwrap();
        caller.write_all(&UUID_FRAME).unwrap();
        caller.read_exact(&mut [0; 3]).unwrap();
        drop(caller);
        server.join().unwrap();
        let lines = tap.finish();
        let is_violation = |line: &&String| field(line, "event") == "violation";
        let violation = lines.iter().find(is_violation).unwrap();
        assert_eq!(field(violation, "rule"), Rule::EmptyAudio.name());
        assert_eq!(field(violation, "consequence"), consequence, "{options:?}");
    }
}

/// The number of calls for each version and each of the two rules about splits.
const SPLIT_CALLS: u8 = 200;

/// One call of the test below. Its UUID holds all of the fields.
#[derive(Clone, Copy)]
struct SplitCall {
    row: u8,
    is_in_header: bool,
    number: u8,
}

impl SplitCall {
    fn uuid(self) -> [u8; 16] {
        let SplitCall {
            row,
            is_in_header,
            number,
        } = self;
        [
            7,
            7,
            7,
            7,
            7,
            7,
            7,
            7,
            7,
            7,
            7,
            7,
            7,
            row,
            u8::from(is_in_header),
            number,
        ]
    }

    /// The number of bytes of a frame before the pause.
    fn split_at(uuid: [u8; 16]) -> usize {
        let number = usize::from(uuid[15]);
        match uuid[14] {
            1 => 1 + number % 2,
            _ => 3 + number,
        }
    }

    /// Plays Asterisk's part: receives the first bytes, waits as long as the version does, and closes.
    fn place(self, address: &str) {
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .write_all(&[&[1, 0, 16][..], &self.uuid()].concat())
            .unwrap();
        let mut bytes = vec![0; SplitCall::split_at(self.uuid())];
        stream.read_exact(&mut bytes).unwrap();
        let row = &TABLE[usize::from(self.row)];
        thread::sleep(match self.is_in_header {
            true => row.header_wait,
            false => row.payload_wait,
        });
    }
}

/// The tap knows the verdict of the version that ends the call, however soon the caller's end follows.
#[test]
fn split_that_ends_a_call_at_once_is_always_named() {
    let calls: Vec<SplitCall> = (0..TABLE.len() as u8)
        .flat_map(|row| [true, false].map(|is_in_header| (row, is_in_header)))
        .flat_map(|(row, is_in_header)| {
            (0..SPLIT_CALLS).map(move |number| SplitCall {
                row,
                is_in_header,
                number,
            })
        })
        .collect();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let connections = calls.len();
    thread::spawn(move || {
        for stream in listener.incoming().take(connections) {
            thread::spawn(move || {
                let mut stream = stream.unwrap();
                let mut uuid = [0; UUID_FRAME.len()];
                stream.read_exact(&mut uuid).unwrap();
                let mut frame = [0; 323];
                (frame[0], frame[1], frame[2]) = (0x10, 1, 64);
                let split_at = SplitCall::split_at(uuid[3..].try_into().unwrap());
                stream.write_all(&frame[..split_at]).unwrap();
                let _ = stream.read(&mut [0]);
            });
        }
    });
    let tap = Serving::tap(&address, &["--json", "--calls", &connections.to_string()]);
    let address = tap.address.clone();
    // Reads from the start, because the tap drops reports when too many wait.
    let reports = thread::spawn(|| tap.finish());
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                while let Some(call) = calls.get(next.fetch_add(1, Ordering::Relaxed)) {
                    call.place(&address);
                }
            });
        }
    });
    let lines = reports.join().unwrap();
    let mut violations: HashMap<&str, Vec<&String>> = HashMap::new();
    for line in &lines {
        if field(line, "event") == "violation" {
            violations
                .entry(field(line, "uuid"))
                .or_default()
                .push(line);
        }
    }
    let mut missed = Vec::new();
    for call in &calls {
        let rule = match call.is_in_header {
            true => Rule::SplitHeader,
            false => Rule::SplitPayload,
        };
        let versions = TABLE[usize::from(call.row)].versions();
        let uuid = Uuid::from_bytes(call.uuid()).to_string();
        let lines = violations.get(&*uuid).map_or(&[][..], Vec::as_slice);
        let is_named =
            |line: &&String| field(line, "rule") == rule.name() && line.contains(&versions);
        if !lines.iter().any(is_named) {
            missed.push((versions, rule, call.number));
        }
    }
    assert!(
        missed.is_empty(),
        "{} of {}: {missed:?}",
        missed.len(),
        calls.len()
    );
}

#[test]
fn tap_names_the_side_that_resets() {
    // A server that closes with unread bytes resets the connection.
    let (address, server) = server(|mut stream| {
        stream.peek(&mut [0]).unwrap();
        stream.write_all(&[0x10, 0, 2, 7, 7]).unwrap();
    });
    let tap = Serving::tap(&address, &["--json", "--calls", "1"]);
    let mut caller = TcpStream::connect(&tap.address).unwrap();
    caller.write_all(&UUID_FRAME).unwrap();
    read_all(&caller);
    drop(caller);
    server.join().unwrap();
    let lines = tap.finish();
    let last = lines.last().unwrap();
    assert_eq!(
        (field(last, "by"), field(last, "reason")),
        ("server", "reset")
    );
    let reset = lines
        .iter()
        .find(|line| line.contains("violation"))
        .unwrap();
    assert_eq!(field(reset, "rule"), Rule::Reset.name());
}

#[test]
fn caller_closing_with_audio_unread_hung_up() {
    let (address, server) = server(|mut stream| {
        stream.write_all(&[0x10, 0, 2, 7, 7]).unwrap();
        // Reads until the tap ends the connection in any way.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let tap = Serving::tap(&address, &["--calls", "1"]);
    let mut caller = TcpStream::connect(&tap.address).unwrap();
    caller.write_all(&UUID_FRAME).unwrap();
    // With audio unread, a close is a reset.
    caller.peek(&mut [0]).unwrap();
    drop(caller);
    server.join().unwrap();
    let lines = tap.finish();
    let ends = lines
        .iter()
        .filter(|line| line.ends_with(" s: the caller hung up"));
    assert_eq!(ends.count(), 1, "{lines:?}");
}

#[test]
fn pause_is_a_gap_only_without_a_digit() {
    for (behind_pause, gaps) in [(&[0x03, 0, 1, b'5'][..], 0), (&[], 1)] {
        let (is_through, has_come) = mpsc::channel();
        let (address, server) = server(move |mut stream| {
            stream.read_exact(&mut [0; UUID_FRAME.len() + 323]).unwrap();
            is_through.send(()).unwrap();
            read_all(&stream).len()
        });
        let tap = Serving::tap(&address, &["--json", "--calls", "1"]);
        let mut caller = TcpStream::connect(&tap.address).unwrap();
        let audio = [&[0x10, 1, 64][..], &[7; 320]].concat();
        caller.write_all(&UUID_FRAME).unwrap();
        caller.write_all(&audio).unwrap();
        has_come.recv().unwrap();
        thread::sleep(Duration::from_millis(200));
        caller.write_all(&[behind_pause, &audio].concat()).unwrap();
        caller.shutdown(Shutdown::Write).unwrap();
        server.join().unwrap();
        let lines = tap.finish();
        let gap_lines = lines.iter().filter(|line| field(line, "event") == "gap");
        assert_eq!(gap_lines.count(), gaps, "{lines:#?}");
    }
}

#[test]
fn reset_after_a_hangup_is_reported() {
    let (has_gone, may_close) = mpsc::channel();
    let (address, server) = server(move |mut stream| {
        stream.write_all(&HANGUP_FRAME).unwrap();
        may_close.recv().unwrap();
        // Closes with the UUID unread.
    });
    let tap = Serving::tap(&address, &["--json", "--calls", "1"]);
    let mut caller = TcpStream::connect(&tap.address).unwrap();
    caller.write_all(&UUID_FRAME).unwrap();
    caller.read_exact(&mut [0; 3]).unwrap();
    drop(caller);
    // Gives the tap time to notice. If the tap takes longer, the reset comes first and must be reported too.
    thread::sleep(Duration::from_millis(200));
    has_gone.send(()).unwrap();
    server.join().unwrap();
    let lines = tap.finish();
    let rules: Vec<&str> = lines
        .iter()
        .filter(|line| field(line, "event") == "violation")
        .map(|line| field(line, "rule"))
        .collect();
    assert_eq!(rules, [Rule::Reset.name()], "{lines:#?}");
}

#[test]
fn server_that_stops_reading_is_reported_by_its_end() {
    const CALLS: usize = 40;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = thread::spawn(move || {
        for _ in 0..CALLS {
            let mut stream = served::accept(&listener);
            stream.read_exact(&mut [0; 5000]).unwrap();
            // Closes with audio unread, and more on its way.
            stream.peek(&mut [0]).unwrap();
        }
    });
    let tap = Serving::tap(&address, &["--json", "--calls", &CALLS.to_string()]);
    for _ in 0..CALLS {
        let mut caller = TcpStream::connect(&tap.address).unwrap();
        caller.write_all(&UUID_FRAME).unwrap();
        // Sends all the time, so that in the tap sometimes the receiving thread meets the reset first, and sometimes the sending
        // thread.
        while caller.write_all(&[0x10, 0, 2, 7, 7]).is_ok() {}
    }
    server.join().unwrap();
    let lines = tap.finish();
    let ends: Vec<&String> = lines
        .iter()
        .filter(|line| field(line, "event") == "hangup")
        .collect();
    assert_eq!(ends.len(), CALLS);
    for end in ends {
        // On a busy machine, the receiving thread may find the end of the stream before the sending thread reports the reset.
        assert!(["reset", "closed"].contains(&field(end, "reason")), "{end}");
        assert_eq!(field(end, "by"), "server", "{end}");
    }
}

#[test]
fn end_of_a_server_not_reading_reaches_the_caller() {
    let (is_full, may_end) = mpsc::channel();
    let (address, server) = server(move |mut stream| {
        may_end.recv().unwrap();
        stream.write_all(&HANGUP_FRAME).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        // Waits until the caller has received it and the test is over.
        may_end.recv().unwrap();
    });
    let tap = Serving::tap(&address, &["--json", "--calls", "1"]);
    let mut caller = TcpStream::connect(&tap.address).unwrap();
    caller.write_all(&UUID_FRAME).unwrap();
    caller
        .set_write_timeout(Some(Duration::from_secs(2)))
        .unwrap();
    let audio = [0x10, 0, 2, 7, 7].repeat(10_000);
    while caller.write_all(&audio).is_ok() {}
    is_full.send(()).unwrap();
    caller
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    assert_eq!(read_all(&caller), HANGUP_FRAME);
    is_full.send(()).unwrap();
    server.join().unwrap();
    drop(caller);
    let lines = tap.finish();
    let last = lines.last().unwrap();
    assert_eq!(
        (field(last, "by"), field(last, "reason")),
        ("server", "hangup")
    );
}

#[test]
fn bytes_before_the_uuid_are_recorded_and_released() {
    let folder = folder("tap-no-caller");
    let to_caller = [0x10, 0, 2, 7, 7].repeat(40_000);
    let (address, server) = server({
        let to_caller = to_caller.clone();
        move |mut stream| {
            stream.write_all(&to_caller).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
            read_all(&stream)
        }
    });
    let record = folder.to_str().unwrap();
    let tap = Serving::tap(&address, &["--json", "--calls", "1", "--record", record]);
    let mut caller = TcpStream::connect(&tap.address).unwrap();
    caller.write_all(&UUID_FRAME[..2]).unwrap();
    assert!(read_all(&caller) == to_caller);
    caller.shutdown(Shutdown::Write).unwrap();
    assert_eq!(server.join().unwrap(), UUID_FRAME[..2]);
    let lines = tap.finish();
    let call = lines
        .iter()
        .find(|line| field(line, "event") == "call")
        .unwrap();
    assert_eq!(call.matches("\"peer\"").count(), 1, "{call}");
    let path = folder.join("no-uuid.tap");
    assert!(recorded(&path)[&b'<'] == to_caller);
    let inspected = run(&["inspect", path.to_str().unwrap()]);
    let text = String::from_utf8(inspected.stdout).unwrap();
    assert!(text.contains("server closed the connection"), "{text}");
}

// Elsewhere, 127.0.0.1 is the only loopback address, and its free ports can become those of other tests.
#[cfg(any(target_os = "linux", windows))]
#[test]
fn tap_of_itself_is_refused() {
    let free = TcpListener::bind("127.0.7.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let output = run(&["tap", "--listen", &address, "--to", &address]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        stderr(&output),
        format!(
            "audiosocket: --to address {address} is the tap's own: use that of your server (see --help)\n"
        )
    );
}

#[test]
fn tap_to_a_dead_server_reports_it_and_fails() {
    let closed = ClosedPort::new();
    let address = closed.address;
    let tap = Serving::tap(&address.to_string(), &["--calls", "1"]);
    let caller = TcpStream::connect(&tap.address).unwrap();
    assert_eq!(read_all(&caller), []);
    let (lines, errors) = tap.finish_with_code(1);
    assert_eq!(lines, [""; 0]);
    let start = "audiosocket: cannot forward the call from ";
    let reason = format!(": no connection to the server at {address}: ");
    assert!(
        errors.starts_with(start) && errors.contains(&reason),
        "{errors}"
    );
    assert!(errors.ends_with(": check that it runs\n"), "{errors}");
}

#[test]
fn tap_fails_when_its_record_folder_is_gone() {
    let folder = folder("tap-folder-gone");
    let echo = Serving::start(&["--echo"]);
    let record = folder.to_str().unwrap();
    let tap = Serving::tap(&echo.address, &["--calls", "1", "--record", record]);
    std::fs::remove_dir_all(&folder).unwrap();
    let mut caller = TcpStream::connect(&tap.address).unwrap();
    caller.write_all(&UUID_FRAME).unwrap();
    caller.shutdown(Shutdown::Write).unwrap();
    read_all(&caller);
    let (_, errors) = tap.finish_with_code(1);
    assert!(errors.contains("cannot record in '"), "{errors}");
    assert_eq!(errors.lines().count(), 1, "{errors}");
}

#[test]
fn connection_without_a_byte_is_no_call() {
    let (address, server) = server(|stream| read_all(&stream));
    let folder = folder("tap-probe");
    let record = folder.to_str().unwrap();
    let tap = Serving::tap(&address, &["--json", "--calls", "1", "--record", record]);
    drop(TcpStream::connect(&tap.address).unwrap());
    assert_eq!(server.join().unwrap(), []);
    let lines = tap.finish();
    assert_eq!(field(&lines[1], "event"), "probe");
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
}

#[test]
fn repeated_and_missing_uuids_are_recorded_apart() {
    let folder = folder("tap-names");
    let record = folder.to_str().unwrap();
    let echo = Serving::start(&["--echo"]);
    let tap = Serving::tap(&echo.address, &["--calls", "3", "--record", record]);
    for first in [&UUID_FRAME[..], &UUID_FRAME[..], &[0x10, 0, 2, 7, 7]] {
        let mut caller = TcpStream::connect(&tap.address).unwrap();
        caller.write_all(first).unwrap();
        caller.write_all(&[0x10, 0, 2, 7, 7]).unwrap();
        caller.shutdown(Shutdown::Write).unwrap();
        read_all(&caller);
    }
    tap.finish();
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            &format!("{UUID}-2.tap")[..],
            &format!("{UUID}-2.wav"),
            &format!("{UUID}.tap"),
            &format!("{UUID}.wav"),
            "no-uuid.tap",
            "no-uuid.wav",
        ]
    );
}

#[test]
fn tap_at_its_time_limit_leaves_whole_recordings() {
    let folder = folder("tap-seconds");
    let record = folder.to_str().unwrap();
    let echo = Serving::start(&["--echo"]);
    let tap = Serving::tap(&echo.address, &["--seconds", "0.5", "--record", record]);
    let mut caller = TcpStream::connect(&tap.address).unwrap();
    caller.write_all(&UUID_FRAME).unwrap();
    let mut received = Vec::new();
    // The end is a close or, if bytes are on their way, a reset.
    let _ = caller.read_to_end(&mut received);
    let lines = tap.finish();
    assert!(lines[2].ends_with("the tap was stopped"), "{lines:?}");
    assert!(lines[3].ends_with("caller: 1 frame, no audio"), "{lines:?}");
    let recorded = recorded(&folder.join(format!("{UUID}.tap")));
    assert_eq!(recorded[&b'>'], UUID_FRAME);
    // The server sends more after its caller has closed. The caller does not receive it.
    assert!(recorded[&b'<'].starts_with(&received));
}
