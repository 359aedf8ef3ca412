//! `audiosocket load`: its results for servers that echo, and for servers that change frames.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use audiosocket::call::{Call, Voice};
use audiosocket::server::Server;

use crate::common::closed_port::ClosedPort;
use crate::common::served::{self, HandlerResult, Served};
use crate::common::tool::{self, HANGUP_FRAME, Serving, UUID_FRAME, field, run, stderr, stdout};

const FRAMES_A_SECOND: usize = 50;

/// The output of the load in JSON, and its exit code.
struct Told {
    lines: Vec<String>,
    error: String,
    code: Option<i32>,
}

impl Told {
    fn of(output: &Output) -> Told {
        Told {
            lines: stdout(output).lines().map(String::from).collect(),
            error: stderr(output),
            code: output.status.code(),
        }
    }

    #[track_caller]
    fn number(&self, name: &str) -> usize {
        field(self.lines.last().unwrap(), name).parse().unwrap()
    }

    /// Asserts that all frames were sent, that exactly these faults were counted, and that everything else is right.
    #[track_caller]
    fn assert_faults(&self, sent: usize, faults: &[(&str, usize)], expected_error: &str) {
        let summary = self.lines.last().unwrap();
        assert_eq!(field(summary, "event"), "summary");
        assert_eq!(self.number("frames_sent"), sent, "{summary}");
        for name in [
            "lost",
            "corrupt",
            "doubled",
            "out_of_order",
            "crossed",
            "foreign",
            "unexpected",
            "refused",
            "ended_early",
            "not_closed",
            "still_playing",
        ] {
            let fault = faults.iter().find(|fault| fault.0 == name);
            let count = fault.map_or(0, |fault| fault.1);
            assert_eq!(self.number(name), count, "{name}: {summary}");
        }
        let code = if faults.is_empty() { 0 } else { 1 };
        assert_eq!(self.code, Some(code), "{summary}");
        let error = match expected_error {
            "" => String::new(),
            expected_error => format!("audiosocket: {expected_error}\n"),
        };
        assert_eq!(self.error, error);
    }

    /// Asserts that `count` calls or frames had this problem, with these words in each reason.
    #[track_caller]
    fn assert_problem(&self, what: &str, reason: &str, counted: &str, count: usize) {
        let mut found = 0;
        for line in &self.lines {
            if field(line, "event") == "problem" && field(line, "what") == what {
                assert!(field(line, "reason").contains(reason), "{line}");
                found += field(line, counted).parse::<usize>().unwrap();
            }
        }
        assert_eq!(found, count, "{what}: {:?}", self.lines);
    }
}

fn load(address: &str, calls: usize, seconds: usize) -> Told {
    let (calls, seconds) = (calls.to_string(), seconds.to_string());
    Told::of(&run(&[
        "load",
        address,
        "--json",
        "--calls",
        &calls,
        "--seconds",
        &seconds,
    ]))
}

/// A server that returns `spoil(frame)` instead of each frame. Frames are numbered from 0 across all calls.
fn spoiling(spoil: impl Fn(usize, Vec<u8>) -> Vec<Vec<u8>> + Send + Sync + 'static) -> Served {
    let heard = AtomicUsize::new(0);
    each_frame(move |voice, sound| {
        let number = heard.fetch_add(1, Ordering::Relaxed);
        for sound in spoil(number, sound) {
            voice.send_now(served::audio(&sound))?;
        }
        Ok(())
    })
}

fn each_frame(answer: impl Fn(&Voice, Vec<u8>) -> HandlerResult + Send + Sync + 'static) -> Served {
    Served::start(Server::builder(), move |call| {
        let voice = call.voice();
        while let Some(event) = call.receive() {
            if let Some(audio) = event.audio() {
                let sound = audio.bytes().to_vec();
                answer(&voice, sound)?;
            }
        }
        Ok(())
    })
}

#[test]
fn load_loses_nothing_of_an_echo() {
    let server = Served::start(Server::builder(), served::echo);
    let report = load(&server.address.to_string(), 20, 2);
    let sent = 20 * 2 * FRAMES_A_SECOND;
    report.assert_faults(sent, &[], "");
    assert_eq!(report.number("calls"), 20);
    assert_eq!(report.number("frames_received"), sent);
    let summary = report.lines.last().unwrap();
    let mut last = 0.0;
    for name in ["rtt_ms_p50", "rtt_ms_p90", "rtt_ms_p99", "rtt_ms_max"] {
        let time: f64 = field(summary, name).parse().unwrap();
        assert!(time >= last, "{summary}");
        last = time;
    }
    let before = &report.lines[..report.lines.len() - 1];
    assert!(!before.is_empty(), "one after each second");
    assert!(before.iter().all(|line| field(line, "event") == "progress"));
    let ended = server.stop().ended;
    assert_eq!(ended.len(), 20);
    // All callers sent a hangup. None just closed.
    for call in ended {
        assert_eq!(call.end, Some(audiosocket::call::End::RemoteHangup));
    }
}

#[test]
fn load_loses_nothing_of_serve_echo() {
    let serving = Serving::start(&["--echo", "--calls", "10"]);
    let output = run(&["load", &serving.address, "--seconds", "1"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = stdout(&output);
    assert!(
        text.starts_with("10 calls of 1.0 s to 127.0.0.1:"),
        "{text}"
    );
    assert!(
        text.contains(
            "\n500 frames sent, 500 received\n0 lost, 0 corrupt, 0 doubled, 0 out of order, 0 crossed\nround trip "
        ),
        "{text}"
    );
    assert!(
        text.ends_with("\nok: nothing was lost or altered\n"),
        "{text}"
    );
    assert!(
        text.lines().all(|line| line.chars().count() <= 60),
        "{text}"
    );
    assert!(!text.contains('\r'), "this is no terminal");
    serving.finish();
}

#[test]
fn load_loses_nothing_of_python_echo() {
    let python = Command::new("python3")
        .args([
            concat!(env!("CARGO_MANIFEST_DIR"), "/tests/wild/echo.py"),
            "0",
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    let mut server = match python {
        Ok(server) => server,
        Err(error) => {
            // .ci/run installs it.
            assert!(
                std::env::var_os("AUDIOSOCKET_EVERY_LANGUAGE").is_none(),
                "{error}"
            );
            eprintln!("skipped: python3 is not installed");
            return;
        }
    };
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let report = line
        .trim_end()
        .strip_prefix("listening on ")
        .map(|address| load(address, 50, 2));
    server.kill().unwrap();
    server.wait().unwrap();
    let Some(report) = report else {
        // It may seem to start although it is not installed.
        assert!(
            std::env::var_os("AUDIOSOCKET_EVERY_LANGUAGE").is_none() && line.is_empty(),
            "{line}"
        );
        eprintln!("skipped: python3 prints nothing");
        return;
    };
    report.assert_faults(50 * 2 * FRAMES_A_SECOND, &[], "");
}

#[test]
fn load_counts_exactly_lost_and_altered_frames() {
    exactly_those_are_counted(100, 2);
}

#[test]
#[ignore = "500 calls for 20 s; with --release, --ignored and --nocapture it prints the report"]
fn load_counts_lost_and_altered_frames_of_500_calls() {
    exactly_those_are_counted(500, 20);
}

fn exactly_those_are_counted(calls: usize, seconds: usize) {
    let server = spoiling(|number, mut sound| match number {
        _ if number % 1000 == 999 => vec![],
        _ if number % 10_000 == 5000 => {
            let place = number / 10_000 * 7 % sound.len();
            sound[place] ^= 0x40;
            vec![sound]
        }
        _ => vec![sound],
    });
    let report = load(&server.address.to_string(), calls, seconds);
    let sent = calls * seconds * FRAMES_A_SECOND;
    let (lost, altered) = (sent / 1000, sent / 10_000);
    let expected_error = format!("{lost} frames lost, {altered} corrupt");
    println!("{}", report.lines.last().unwrap());
    report.assert_faults(
        sent,
        &[("lost", lost), ("corrupt", altered)],
        &expected_error,
    );
    assert_eq!(report.number("frames_received"), sent - lost);
    server.stop();
}

#[test]
fn load_of_a_server_that_plays_reports_no_echo() {
    let address = raw_server(2, |mut stream| {
        stream.read_exact(&mut [0; UUID_FRAME.len()]).unwrap();
        // Twice as fast as the calls, until they have ended.
        let frame = [&[0x10, 1, 64][..], &[77; 320]].concat();
        while stream.write_all(&frame).is_ok() {
            thread::sleep(Duration::from_millis(10));
        }
    });
    let output = run(&["load", &address, "--calls", "2", "--seconds", "1"]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(
        lines[1..3],
        [
            "the server does not echo",
            "2 calls still playing: the server still sent audio 2 s after",
        ],
        "{text}"
    );
    let received = text.split_once("100 frames sent, ").unwrap().1;
    let (received, rest) = received.split_once(" received\n").unwrap();
    let faults =
        format!("100 lost, 0 corrupt, 0 doubled, 0 out of order, 0 crossed, {received} foreign\n");
    assert!(rest.replace("\n  ", " ").starts_with(&faults), "{text}");
    assert_eq!(
        stderr(&output),
        format!(
            "audiosocket: the server does not echo: 100 frames lost, {received} foreign, 2 calls still playing\n"
        )
    );
}

#[test]
fn load_of_a_silent_server_reports_no_echo() {
    let server = Served::start(Server::builder(), |call| {
        while call.receive().is_some() {}
        Ok(())
    });
    let report = load(&server.address.to_string(), 2, 1);
    let expected_error = "the server does not echo: 100 frames lost";
    report.assert_faults(100, &[("lost", 100)], expected_error);
    report.assert_problem("no-echo", "does not echo", "calls", 2);
    server.stop();
}

#[test]
fn cut_last_frame_is_altered_and_not_lost() {
    let last = FRAMES_A_SECOND - 1;
    let server = spoiling(move |number, mut sound| {
        if number == last {
            sound.truncate(318);
        }
        vec![sound]
    });
    let report = load(&server.address.to_string(), 1, 1);
    report.assert_faults(FRAMES_A_SECOND, &[("corrupt", 1)], "1 frame corrupt");
}

#[test]
fn echo_in_other_frame_sizes_loses_nothing() {
    // Each call may have its own frame size, so each starts its own pieces.
    let server = each_frame(|voice, sound| {
        for piece in sound.chunks(46) {
            voice.send_now(served::audio(piece))?;
        }
        Ok(())
    });
    let report = load(&server.address.to_string(), 5, 1);
    report.assert_faults(5 * FRAMES_A_SECOND, &[], "");
    server.stop();
}

#[test]
fn frames_sent_twice_are_counted() {
    let server = spoiling(|number, sound| match number % 100 {
        99 => vec![sound; 2],
        _ => vec![sound],
    });
    let report = load(&server.address.to_string(), 10, 1);
    report.assert_faults(500, &[("doubled", 5)], "5 frames doubled");
    assert_eq!(report.number("frames_received"), 505);
    server.stop();
}

#[test]
fn reordered_frames_are_counted() {
    let server = Served::start(Server::builder(), |call| {
        let voice = call.voice();
        let (mut heard, mut held) = (0, None);
        while let Some(event) = call.receive() {
            let Some(audio) = event.audio() else { continue };
            if heard % 10 == 4 {
                held = Some(audio.bytes().to_vec());
            } else {
                voice.send_now(audio)?;
                if let Some(sound) = held.take() {
                    voice.send_now(served::audio(&sound))?;
                }
            }
            heard += 1;
        }
        Ok(())
    });
    let report = load(&server.address.to_string(), 4, 1);
    report.assert_faults(200, &[("out_of_order", 20)], "20 frames out of order");
    server.stop();
}

#[test]
fn frames_of_another_call_count_as_crossed_and_lost() {
    let (give, given) = mpsc::channel();
    let given = Mutex::new(Some(given));
    let started = AtomicUsize::new(0);
    let server = Served::start(Server::builder(), move |call: &mut Call| {
        let voice = call.voice();
        let is_first = started.fetch_add(1, Ordering::Relaxed) == 0;
        let mut heard = 0;
        while let Some(event) = call.receive() {
            let Some(audio) = event.audio() else { continue };
            heard += 1;
            if is_first && heard <= 3 {
                give.send(audio.bytes().to_vec())?;
                continue;
            }
            voice.send_now(audio)?;
            if let Some(given) = given.lock().unwrap().take_if(|_| !is_first) {
                for sound in given.iter().take(3) {
                    voice.send_now(served::audio(&sound))?;
                }
            }
        }
        Ok(())
    });
    let report = load(&server.address.to_string(), 2, 1);
    report.assert_faults(
        100,
        &[("lost", 3), ("crossed", 3)],
        "3 frames lost, 3 crossed",
    );
    server.stop();
}

#[test]
fn frames_other_than_audio_are_counted_by_kind() {
    let address = raw_server(2, |mut stream| {
        stream.write_all(&[0x03, 0, 1, b'5', 0x77, 0, 0]).unwrap();
        echo_to_the_end(stream);
    });
    let report = load(&address, 2, 1);
    report.assert_faults(100, &[("unexpected", 4)], "4 frames unexpected");
    report.assert_problem("unexpected", "DTMF (0x03), unknown kind 0x77", "frames", 4);
}

#[test]
fn calls_over_the_server_limit_count_as_refused() {
    let server = Served::start(Server::builder().max_calls(2), served::echo);
    let report = load(&server.address.to_string(), 5, 2);
    assert_eq!(report.code, Some(1));
    assert_eq!(report.number("refused"), 3);
    assert_eq!(report.number("frames_received"), 2 * 2 * FRAMES_A_SECOND);
    assert_eq!(
        (report.number("ended_early"), report.number("not_closed")),
        (0, 0)
    );
    report.assert_problem("refused", "the peer hung up", "calls", 3);
    assert!(
        report.error.ends_with("3 calls refused\n"),
        "{}",
        report.error
    );
    server.stop();
}

#[test]
fn close_after_the_uuid_counts_as_refused() {
    let address = raw_server(3, |mut stream| {
        stream.read_exact(&mut [0; UUID_FRAME.len()]).unwrap();
    });
    let report = load(&address, 3, 1);
    assert_eq!(report.code, Some(1));
    assert_eq!(report.number("refused"), 3);
    assert_eq!(report.number("frames_received"), 0);
    report.assert_problem(
        "refused",
        "the peer closed before sending a frame",
        "calls",
        3,
    );
}

#[test]
fn calls_ended_by_the_server_keep_their_counts() {
    let server = Served::start(Server::builder(), |call| {
        let voice = call.voice();
        let mut heard = 0;
        while heard < 10 {
            let Some(event) = call.receive() else { break };
            if let Some(audio) = event.audio() {
                voice.send_now(audio)?;
                heard += 1;
            }
        }
        Ok(())
    });
    let report = load(&server.address.to_string(), 3, 10);
    assert_eq!(report.code, Some(1));
    assert_eq!(report.number("ended_early"), 3);
    assert_eq!(report.number("frames_received"), 30);
    assert_eq!(report.number("lost"), report.number("frames_sent") - 30);
    report.assert_problem("ended-early", "the peer hung up", "calls", 3);
    server.stop();
}

#[test]
fn random_bytes_are_no_echo_and_no_panic() {
    let address = raw_server(2, |mut stream| {
        stream.read_exact(&mut [0; UUID_FRAME.len()]).unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let report = load(&address, 2, 1);
    assert_eq!(report.code, Some(1));
    assert_eq!(
        (report.number("refused"), report.number("frames_received")),
        (2, 0)
    );
    report.assert_problem("refused", "inside a frame", "calls", 2);
}

#[test]
fn server_that_stays_open_after_hangup_is_reported() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&kept);
    let address = raw_server(2, move |stream| {
        keep.lock().unwrap().push(stream.try_clone().unwrap());
        echo_to_the_end(stream);
    });
    let report = load(&address, 2, 1);
    report.assert_faults(100, &[("not_closed", 2)], "2 calls not closed");
    report.assert_problem("not-closed", "within 2 s of the hangup", "calls", 2);
    drop(kept);
}

/// A server for `calls` calls, each on a thread. Returns its address.
fn raw_server(calls: usize, call: impl Fn(TcpStream) + Clone + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for _ in 0..calls {
            let (call, stream) = (call.clone(), served::accept(&listener));
            thread::spawn(move || call(stream));
        }
    });
    address
}

/// Sends back all frames except the UUID and the hangup, at which it ends.
fn echo_to_the_end(mut stream: TcpStream) {
    stream.read_exact(&mut [0; UUID_FRAME.len()]).unwrap();
    let mut frame = [0; 323];
    while stream.read_exact(&mut frame[..3]).is_ok() && frame[..3] != HANGUP_FRAME {
        stream.read_exact(&mut frame[3..]).unwrap();
        stream.write_all(&frame).unwrap();
    }
}

#[test]
fn load_without_a_server_fails_at_once() {
    let closed = ClosedPort::new();
    let address = closed.address.to_string();
    let refused = TcpStream::connect(&address).unwrap_err();
    let output = run(&["load", &address, "--calls", "100", "--seconds", "600"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stdout(&output), "");
    assert_eq!(
        stderr(&output),
        format!(
            "audiosocket: cannot call '{address}': {refused}: check the address, and that the server runs\n"
        )
    );
}

#[cfg(target_os = "linux")]
#[test]
fn too_few_descriptors_are_reported_before_any_call() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let address = server.local_addr().unwrap().to_string();
    for (limit, remedy) in [
        ("ulimit -S -n 64", "raise it with 'ulimit -n 10"),
        (
            "ulimit -n 64",
            "use fewer --calls, or raise the hard limit of 64\n",
        ),
    ] {
        let script = format!("{limit}; exec \"$0\" load {address} --calls 100");
        let output = Command::new("sh")
            .args(["-c", &script, env!("CARGO_BIN_EXE_audiosocket")])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(stdout(&output), "");
        let error = stderr(&output);
        assert!(
            error.starts_with("audiosocket: too few file descriptors: 100 calls need 10")
                && error.contains(", the limit is 64: ")
                && error.contains(remedy),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(server.accept().is_err(), "the server must receive no call");
    }
}

#[test]
fn load_hangs_up_and_fails_when_stdout_closes() {
    let server = Served::start(Server::builder(), served::echo);
    let address = server.address.to_string();
    let mut child = tool::audiosocket(&["load", &address, "--json", "--seconds", "600"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(field(&lines.next().unwrap().unwrap(), "event"), "progress");
    drop(lines);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        stderr(&output),
        "audiosocket: cannot write to standard output: its reader has closed it\n"
    );
    let ended = server.stop().ended;
    for call in &ended {
        assert_eq!(call.end, Some(audiosocket::call::End::RemoteHangup));
    }
    assert!(!ended.is_empty());
}
