//! `audiosocket serve`: its reports, when it ends, and that no peer and no reader of its output delays it.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use crate::common::tool::{HANGUP_FRAME, Serving, UUID_FRAME, field, run, stderr, stdout};
use crate::common::transcript::shape;

#[test]
fn serve_reports_a_call_and_ends_after_the_last() {
    let serving = Serving::start(&["--echo", "--json", "--calls", "2"]);
    let uuid = "40325ec2-5efd-4bd3-805f-53576e581d13";
    for (dialect, digits) in [("asterisk", "0d"), ("start-stop", "*")] {
        let output = run(&[
            "call",
            &serving.address,
            "--json",
            "--uuid",
            uuid,
            "--dtmf",
            digits,
            "--dialect",
            dialect,
        ]);
        assert!(output.status.success(), "{}", stderr(&output));
        let text = stdout(&output);
        let summary = text.lines().last().unwrap();
        assert_eq!(field(summary, "event"), "summary");
        assert_eq!(field(summary, "reason"), "local-hangup");
        // One frame for a digit or its start and stop, which an echo server does not send back. The server's greeting counts as a
        // frame sent. If the machine stands still for a second, the server also sends silence.
        let sent: usize = field(summary, "frames_sent").parse().unwrap();
        let received: usize = field(summary, "frames_received").parse().unwrap();
        assert!(received >= sent - 1, "{received} of {sent}");
        assert!(field(summary, "late_ms_p99").parse::<f64>().is_ok());
    }
    let lines = serving.finish();
    let events: Vec<&str> = lines.iter().map(|line| field(line, "event")).collect();
    assert_eq!(
        events,
        [
            "listening",
            "call",
            "dtmf",
            "dtmf",
            "hangup",
            "call",
            "dtmf",
            "dtmf",
            "hangup"
        ],
        "{lines:#?}"
    );
    assert!(lines[1..].iter().all(|line| field(line, "uuid") == uuid));
    assert_eq!(
        (field(&lines[2], "signal"), field(&lines[2], "digit")),
        ("digit", "0")
    );
    assert_eq!(
        (field(&lines[3], "signal"), field(&lines[3], "digit")),
        ("digit", "D")
    );
    assert_eq!(
        (field(&lines[6], "signal"), field(&lines[6], "digit")),
        ("start", "*")
    );
    assert_eq!(
        (field(&lines[7], "signal"), field(&lines[7], "duration_ms")),
        ("stop", "100")
    );
    let (frames_in, frames_out) = (
        field(&lines[4], "frames_in"),
        field(&lines[4], "frames_out"),
    );
    assert_eq!(field(&lines[4], "reason"), "closed");
    // One frame is the digit. If the machine stands still for a second, the server also sends silence.
    assert!(frames_in.parse::<usize>().unwrap() <= frames_out.parse::<usize>().unwrap() + 1);
}

#[test]
fn serve_hangs_up_after_max_duration() {
    let serving = Serving::start(&[
        "--silence",
        "--json",
        "--calls",
        "1",
        "--hang-up-after",
        "0.5",
    ]);
    let output = run(&["call", &serving.address, "--json", "--seconds", "60"]);
    assert!(output.status.success());
    let text = stdout(&output);
    let summary = text.lines().last().unwrap();
    assert_eq!(field(summary, "reason"), "remote-hangup");
    assert!(
        field(summary, "frames_received").parse::<usize>().unwrap() > 0,
        "silence came"
    );
    let lines = serving.finish();
    assert_eq!(field(lines.last().unwrap(), "reason"), "local-hangup");
}

#[test]
fn serve_reports_refused_callers_with_reasons() {
    let mut serving = Serving::start(&["--echo", "--json", "--calls", "1"]);
    let mut stranger = TcpStream::connect(&serving.address).unwrap();
    stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stranger.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, [0, 0, 0]);
    // The server reports the refusal after it made it, on the stranger's own thread.
    let mut lines: Vec<String> = serving
        .lines
        .by_ref()
        .take(2)
        .map(|line| line.unwrap())
        .collect();
    let mut peer = TcpStream::connect(&serving.address).unwrap();
    peer.write_all(&[1, 0, 16, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7])
        .unwrap();
    peer.write_all(&[0x10, 0, 0, 0x77, 0, 1, 1, 0x00, 0, 0])
        .unwrap();
    peer.read_to_end(&mut answer).unwrap();
    drop(peer);
    lines.extend(serving.finish());
    assert_eq!(field(&lines[1], "event"), "refused");
    assert_eq!(
        field(&lines[1], "peer"),
        stranger.local_addr().unwrap().to_string()
    );
    assert_eq!(
        field(&lines[1], "reason"),
        "the first frame is unknown kind 0x47, payload length 17748: expected a UUID of 16 bytes"
    );
    assert_eq!(
        field(&lines[2], "uuid"),
        "07070707-0707-0707-0707-070707070707"
    );
    assert_eq!(
        field(&lines[3], "text"),
        "audio (0x10) without a sample: expected at least 2 bytes"
    );
    assert_eq!(
        field(&lines[4], "text"),
        "unknown kind 0x77, payload length 1"
    );
    assert_eq!(
        (field(&lines[5], "event"), field(&lines[5], "reason")),
        ("hangup", "remote-hangup")
    );
}

#[test]
fn serve_ends_after_its_time_and_hangs_up() {
    let serving = Serving::start(&["--echo", "--json", "--seconds", "1"]);
    let mut peer = TcpStream::connect(&serving.address).unwrap();
    peer.write_all(&[1, 0, 16, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7])
        .unwrap();
    let mut answer = Vec::new();
    peer.read_to_end(&mut answer).unwrap();
    assert!(answer.ends_with(&HANGUP_FRAME));
    drop(peer);
    let lines = serving.finish();
    assert_eq!(field(lines.last().unwrap(), "reason"), "local-hangup");
}

#[test]
fn serve_prints_calls_on_stdout_warnings_on_stderr() {
    let serving = Serving::start(&["--echo", "--calls", "1"]);
    let mut peer = serving.peer();
    for frame in [
        &[0x10, 0, 2, 1, 1][..],
        &[0x03, 0, 1, b'5'],
        &[0x02, 0, 6, 1, b'a', 0, 0, 0, 0],
        &[0x02, 0, 6, 0, b'a', 100, 0, 0, 0],
        &[0x02, 0, 0],
        &[0x01, 0, 16, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7],
        &[0xff, 0, 1, 4],
        &[0x10, 0, 0],
        &[0x77, 0, 0],
        &[0x77, 0, 0],
        &[0x77, 0],
    ] {
        peer.write_all(frame).unwrap();
    }
    peer.shutdown(Shutdown::Write).unwrap();
    peer.read_to_end(&mut Vec::new()).unwrap();
    let (lines, errors) = serving.finish_with_errors();
    assert_eq!(
        shape(&lines.join("\n")),
        "SHORT call UUID
SHORT from ADDRESS
SHORT digit 5
SHORT digit A starts
SHORT digit A stops after N ms
SHORT ended: the peer closed inside a frame, which lacks
SHORT N of its bytes
SHORT N s, N frames received, N sent
SHORT first sound after N ms
"
    );
    assert_eq!(
        errors,
        "audiosocket: 07070707 received silence without payload
audiosocket: 07070707 received UUID 07070707-0707-0707-0707-070707070707
audiosocket: 07070707 received error: memory (0x04)
audiosocket: 07070707 received audio (0x10) without a sample: expected at least 2 bytes
audiosocket: 07070707 received unknown kind 0x77, payload length 0
audiosocket: 07070707 1 more warning not printed
"
    );
    assert!(lines.iter().all(|line| line.chars().count() <= 60));
}

#[test]
fn serve_prints_first_warnings_and_counts_the_rest() {
    let serving = Serving::start(&["--echo", "--json", "--calls", "1"]);
    let mut peer = serving.peer();
    peer.write_all(&[0x20, 0, 0].repeat(100_000)).unwrap();
    peer.write_all(&HANGUP_FRAME).unwrap();
    // Reads the end of the call. The test has read none of the reports yet.
    peer.read_to_end(&mut Vec::new()).unwrap();
    let lines = serving.finish();
    let texts: Vec<&str> = lines[2..8].iter().map(|line| field(line, "text")).collect();
    assert_eq!(texts[..5], ["unknown kind 0x20, payload length 0"; 5]);
    assert_eq!(texts[5], "99995 more warnings not printed");
    assert_eq!(field(&lines[8], "event"), "hangup");
    assert_eq!(field(&lines[8], "frames_in"), "100000");
    assert_eq!(lines.len(), 9);
}

#[test]
fn serve_with_blocked_stdout_delays_no_call() {
    let serving = Serving::start(&["--echo", "--json", "--calls", "1"]);
    let mut peer = serving.peer();
    peer.write_all(&[0x03, 0, 1, b'5'].repeat(50_000)).unwrap();
    let audio = [0x10, 0, 2, 1, 2];
    peer.write_all(&audio).unwrap();
    // The echo arrives although the test has read only the first line, and a pipe has no room for 50,000 lines. The greeting of 20
    // ms of silence comes first.
    let mut echo = [0; 328];
    peer.read_exact(&mut echo).unwrap();
    assert_eq!(echo[323..], audio);
    peer.write_all(&HANGUP_FRAME).unwrap();
    peer.read_to_end(&mut Vec::new()).unwrap();
    let lines = serving.finish();
    let count_of = |event| {
        let lines = lines.iter().filter(|line| field(line, "event") == event);
        lines.count()
    };
    let dropped: usize = lines
        .iter()
        .filter(|line| field(line, "event") == "warning")
        .map(|line| field(line, "dropped").parse::<usize>().unwrap())
        .sum();
    assert!(dropped > 0);
    assert_eq!(count_of("dtmf") + dropped, 50_000);
    assert_eq!((count_of("call"), count_of("hangup")), (1, 1));
}

#[test]
fn serve_ends_on_time_with_blocked_stdout_and_flood() {
    let mut serving = Serving::start(&["--echo", "--json", "--seconds", "2"]);
    let mut peer = serving.peer();
    let digits = [0x03, 0, 1, b'5'].repeat(1000);
    // Sends until the server has ended the connection.
    while peer.write_all(&digits).is_ok() {}
    let mut child = serving.child.take().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    drop(serving);
    let error = stderr(&child.wait_with_output().unwrap());
    assert!(
        error.starts_with("audiosocket: the time is up with ")
            && error.ends_with(" reports not printed: read the output faster\n"),
        "{error}"
    );
}

#[test]
fn caller_closing_at_once_is_always_reported_alike() {
    let serving = Serving::start(&["--echo", "--calls", "2"]);
    // A close is no reset after the greeting was read, and a reset while it is unread.
    let mut closing = serving.peer();
    closing.read_exact(&mut [0; 323]).unwrap();
    closing.shutdown(Shutdown::Write).unwrap();
    closing.read_to_end(&mut Vec::new()).unwrap();
    let resetting = serving.peer();
    resetting.peek(&mut [0]).unwrap();
    drop(resetting);
    let lines = serving.finish();
    let ended = "07070707 ended: the peer closed before sending a frame";
    let ends = lines.iter().filter(|line| *line == ended);
    assert_eq!(ends.count(), 2, "{lines:?}");
}

#[test]
fn caller_closing_before_its_uuid_is_reported() {
    let serving = Serving::start(&["--echo", "--calls", "1"]);
    let mut cut = TcpStream::connect(&serving.address).unwrap();
    cut.write_all(&UUID_FRAME[..7]).unwrap();
    cut.shutdown(Shutdown::Write).unwrap();
    cut.read_to_end(&mut Vec::new()).unwrap();
    let mut whole = serving.peer();
    whole.write_all(&HANGUP_FRAME).unwrap();
    whole.read_to_end(&mut Vec::new()).unwrap();
    let (_, errors) = serving.finish_with_errors();
    let peer = cut.local_addr().unwrap();
    assert_eq!(
        errors,
        format!("audiosocket: {peer} refused: closed inside its first frame\n")
    );
}

#[test]
fn failed_start_leaves_no_record_folder() {
    let serving = Serving::start(&["--echo"]);
    let folder = format!("{}/failed-start", env!("CARGO_TARGET_TMPDIR"));
    let _ = std::fs::remove_dir(&folder);
    let output = run(&[
        "serve",
        "--echo",
        "--listen",
        &serving.address,
        "--record",
        &folder,
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(!std::fs::exists(&folder).unwrap());
}

#[test]
fn serve_reports_a_caller_over_the_call_limit() {
    let serving = Serving::start(&["--echo", "--json", "--calls", "1"]);
    // Connected first, so that it is already accepted when the other call takes the only place.
    let mut late = TcpStream::connect(&serving.address).unwrap();
    let mut taken = serving.peer();
    taken.write_all(&[0x10, 0, 2, 1, 2]).unwrap();
    // The greeting of 20 ms comes when the call starts. The echo comes from the handler, when the call has its place.
    taken.read_exact(&mut [0; 323]).unwrap();
    taken.read_exact(&mut [0; 5]).unwrap();
    late.write_all(&UUID_FRAME).unwrap();
    let mut answer = Vec::new();
    late.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, HANGUP_FRAME);
    taken.write_all(&HANGUP_FRAME).unwrap();
    taken.read_to_end(&mut Vec::new()).unwrap();
    let late_address = late.local_addr().unwrap().to_string();
    drop((late, taken));
    let lines = serving.finish();
    let refused: Vec<&String> = lines
        .iter()
        .filter(|line| field(line, "event") == "refused")
        .collect();
    assert_eq!(refused.len(), 1, "{lines:?}");
    assert_eq!(field(refused[0], "peer"), late_address);
    assert_eq!(field(refused[0], "reason"), "shutting down");
}
