//! `audiosocket call`: its reports about a server, the violations it finds, and how it ends.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use audiosocket::asterisk::{Rule, TABLE, Version};

use crate::common::served;
use crate::common::tool::{HANGUP_FRAME, UUID_FRAME, audiosocket, field, run, stderr, stdout};
use crate::common::transcript::shape;

/// A server for one call that runs `then` after the UUID and a first frame of audio. Returns its thread and its address.
fn server(then: impl FnOnce(TcpStream) + Send + 'static) -> (thread::JoinHandle<()>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let thread = thread::spawn(move || {
        let mut stream = served::accept(&listener);
        stream.read_exact(&mut [0; UUID_FRAME.len()]).unwrap();
        stream.read_exact(&mut [0; 3]).unwrap();
        then(stream);
    });
    (thread, address)
}

#[test]
fn call_reports_frames_and_end() {
    let (thread, address) = server(|mut stream| {
        stream
            .write_all(&[0x03, 0, 1, b'5', 0x77, 0, 1, 9, 0x10, 0, 2, 1, 2, 0, 0, 0])
            .unwrap();
        // Reads to the end, so that the close is no reset.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let output = run(&["call", &address, "--seconds", "600", "--asterisk", "none"]);
    thread.join().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert_eq!(
        shape(&text.replacen("1 frame sent", "1 frames sent", 1)),
        "connected to ADDRESS
call UUID
the server sent digit 5
the server sent unknown kind 0x77, payload length N
ended after N s: the peer hung up
N frames sent, N received
sent N ms late at the median, p99 N ms
first sound after N ms
"
    );
    assert!(text.lines().all(|line| line.chars().count() <= 60));
}

/// Sends several violations. The last one ends a call with Asterisk 22.10.
const FAULTY: [u8; 11] = [0x10, 0, 1, 9, 0x10, 0, 2, 1, 2, 0xff, 0];

#[test]
fn call_reports_violations_and_consequences() {
    let (thread, address) = server(|mut stream| {
        stream.write_all(&[&FAULTY[..], &[0]].concat()).unwrap();
        // Reads until Asterisk hangs up.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let output = run(&["call", &address, "--seconds", "600"]);
    thread.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    let unbroken = text.replace("\n    ", " ").replace("\n  ", " ");
    // The judge has its own thread, so its report may come before or after the report of the frame.
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(String::from).collect();
        lines.sort();
        lines
    };
    assert_eq!(
        sorted(&shape(&unbroken.replacen("1 frame sent", "1 frames sent", 1))),
        sorted("connected to ADDRESS
call UUID
the server sent audio (0x10) with payload length N: expected an even length
violation odd-length at N s: audio with half a sample (at byte N: N N N 09); Asterisk N records noise from there on remedy: keep an odd last byte for the next frame, and check that the length is big-endian
violation forbidden-kind at N s: neither audio nor a hangup (at byte N: ff N 00); Asterisk N hangs up the caller remedy: send only audio and hangups, and digits as tones (if you do, an earlier length was wrong)
ended after N s: Asterisk N hangs up the caller
N frames sent, N received
sent N ms late at the median, p99 N ms
first sound after N ms
")
    );
    assert!(text.lines().all(|line| line.chars().count() <= 60));
    assert_eq!(
        stderr(&output),
        "audiosocket: Asterisk 22.10 reports violations: odd-length, forbidden-kind\n"
    );
}

#[test]
fn call_judges_by_the_chosen_version() {
    for (version, rules, ends) in [
        ("22.10", &["odd-length", "forbidden-kind"][..], "true"),
        ("20.13", &["odd-length"], "false"),
        ("start-stop", &["odd-length"], "false"),
        ("none", &[], "false"),
    ] {
        let (thread, address) = server(|mut stream| {
            stream
                .write_all(&[&FAULTY[..], &[0], &HANGUP_FRAME].concat())
                .unwrap();
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let arguments = [
            "call",
            &address,
            "--json",
            "--seconds",
            "600",
            "--asterisk",
            version,
        ];
        let output = run(&arguments);
        thread.join().unwrap();
        assert_eq!(output.status.success(), rules.is_empty(), "{version}");
        let text = stdout(&output);
        let violations: Vec<&str> = text
            .lines()
            .filter(|line| field(line, "event") == "violation")
            .collect();
        let found: Vec<&str> = violations.iter().map(|line| field(line, "rule")).collect();
        assert_eq!(found, rules, "{text}");
        let summary = text.lines().last().unwrap();
        if version == "none" {
            assert!(
                !summary.contains("asterisk") && !summary.contains("violations"),
                "{summary}"
            );
            continue;
        }
        assert_eq!(field(summary, "asterisk"), version);
        // The JSON objects without their event.
        let objects: Vec<String> = violations
            .iter()
            .map(|line| line.replace("\"event\":\"violation\",", ""))
            .collect();
        let listed = format!("\"violations\":[{}]}}", objects.join(","));
        assert!(summary.ends_with(&listed), "{summary}");
        let last = violations.last().unwrap();
        assert_eq!(field(last, "ends_call"), ends);
        assert_eq!(field(violations[0], "offset"), "0");
        assert_eq!(field(violations[0], "bytes"), "10000109");
        assert_eq!(field(violations[0], "consequence"), "records-noise");
        assert!(field(last, "at_ms").parse::<f64>().is_ok());
        let noun = match rules.len() {
            1 => "a violation",
            _ => "violations",
        };
        assert_eq!(
            stderr(&output),
            format!(
                "audiosocket: Asterisk {version} reports {noun}: {}\n",
                rules.join(", ")
            )
        );
    }
}

#[test]
fn call_lists_versions_and_rules_without_server() {
    let output = run(&["call", "--asterisk", "list"]);
    assert!(output.status.success() && output.stderr.is_empty());
    let text = stdout(&output);
    for line in text.lines() {
        assert!(line.chars().count() <= 60, "{line}");
    }
    for row in TABLE {
        let versions = row.versions();
        let (_, reactions) = text.split_once(&format!("\n{versions}\n  (")).unwrap();
        let reactions = reactions.split("\n\n").nth(1).unwrap();
        for rule in Rule::ALL {
            let start = format!("  {:<16}", rule.name());
            let mut lines = reactions.lines();
            let Some(line) = lines.find_map(|line| line.strip_prefix(&start)) else {
                continue;
            };
            let is_violation = row.consequence(*rule).is_some();
            assert_eq!(!line.starts_with("no violation: "), is_violation, "{line}");
        }
    }
    assert!(text.contains("\nReactions of all versions:\n\n  odd-length "));
    let output = run(&["call", "--asterisk=list", "--json"]);
    let text = stdout(&output);
    let (rules, versions): (Vec<&str>, Vec<&str>) = text
        .lines()
        .partition(|line| field(line, "event") == "rule");
    // Each version once for each way.
    assert_eq!((rules.len(), versions.len()), (14, 16));
    for rule in rules {
        let name = field(rule, "rule");
        assert!(versions.iter().all(|line| !field(line, name).is_empty()));
    }
    let measured_name = Version::REFERENCE.behaviour().versions();
    let measured = versions
        .iter()
        .find(|line| field(line, "versions") == measured_name);
    assert_eq!(field(measured.unwrap(), "empty-audio"), "hangs-up");
    let in_driver = versions
        .iter()
        .find(|line| field(line, "versions") == measured_name && field(line, "through") == "dial")
        .unwrap();
    assert_eq!(field(in_driver, "empty-audio"), "ends-leg");
    assert_eq!(field(in_driver, "idle"), "none");
}

/// Runs `serve` on each connection, after its UUID. Returns the address, and what `serve` returns for each connection.
fn server_of_many<R: Send + 'static>(serve: fn(TcpStream) -> R) -> (String, mpsc::Receiver<R>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (results, received) = mpsc::channel();
    // The threads end with the test program.
    thread::spawn(move || {
        loop {
            let mut stream = served::accept(&listener);
            let results = results.clone();
            thread::spawn(move || {
                stream.read_exact(&mut [0; UUID_FRAME.len()]).unwrap();
                let _ = results.send(serve(stream));
            });
        }
    });
    (address, received)
}

/// Echoes audio until the caller hangs up, or hangs up after this number of frames. Returns the number of frames.
fn echo_frames(mut stream: TcpStream, most: usize) -> usize {
    let mut count = 0;
    let mut header = [0; 3];
    while count < most && stream.read_exact(&mut header).is_ok() {
        let mut payload = vec![0; usize::from(u16::from_be_bytes([header[1], header[2]]))];
        stream.read_exact(&mut payload).unwrap();
        if header[0] == 0x10 {
            count += 1;
            // An error means that the caller has hung up.
            let _ = stream.write_all(&[&header[..], &payload].concat());
        }
    }
    let _ = stream.write_all(&HANGUP_FRAME);
    // Reads to the end, so that the close is no reset.
    let _ = stream.read_to_end(&mut Vec::new());
    count
}

fn echo(stream: TcpStream) -> usize {
    echo_frames(stream, usize::MAX)
}

const ALL: [&str; 2] = ["--asterisk", "all"];

#[test]
fn call_to_all_versions_passes_with_an_echo() {
    let (address, frames) = server_of_many(echo);
    let arguments = [&["call", &address, "--dtmf", "4"], &ALL[..]].concat();
    let output = run(&arguments);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.lines().all(|line| line.chars().count() <= 60));
    let unbroken = text.replace("\n  ", " ");
    let lines: Vec<&str> = unbroken.lines().collect();
    assert_eq!(lines.len(), TABLE.len(), "{text}");
    for (line, version) in lines.iter().zip(Version::REPRESENTATIVES) {
        let sends_digits =
            *version == Version::START_STOP || version.behaviour().application.digits.is_some();
        let verdict = match sends_digits {
            true => ": no violations",
            false => ": no violations; this version sends no digits",
        };
        assert!(line.ends_with(verdict), "{line}");
    }
    let output = run(&[&arguments[..], &["--json"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    for (line, version) in text.lines().zip(Version::REPRESENTATIVES) {
        assert_eq!(field(line, "event"), "verdict");
        assert_eq!(field(line, "asterisk"), version.to_string());
        assert_eq!(field(line, "passed"), "true");
        assert_eq!(field(line, "reason"), "local-hangup");
        assert!(line.ends_with("\"violations\":[]}"), "{line}");
    }
    assert_eq!(text.lines().count(), TABLE.len());
    // 1 s before the digit and 1 s after it.
    let frames: Vec<usize> = frames.iter().take(2 * TABLE.len()).collect();
    assert_eq!(frames, vec![100; 2 * TABLE.len()]);
}

#[test]
fn seconds_of_all_versions_include_the_digits() {
    let (address, frames) = server_of_many(echo);
    let arguments = ["call", &address, "--dtmf", "42", "--seconds", "1.5"];
    let output = run(&[&arguments[..], &ALL[..]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    // 1.5 s less two digits of 0.1 s.
    let frames: Vec<usize> = frames.iter().take(TABLE.len()).collect();
    assert_eq!(frames, vec![65; TABLE.len()]);
}

#[test]
fn call_to_all_versions_counts_digits_not_pressed() {
    let (address, _) = server_of_many(|stream| echo_frames(stream, 25));
    let arguments = [&["call", &address, "--dtmf", "42"], &ALL[..]].concat();
    let output = run(&arguments);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output).replace("\n  ", " ");
    let verdict = ": no violations; digits 42 were not pressed: the server ended the call";
    for line in text.lines() {
        assert!(line.contains(verdict), "{line}");
    }
    let versions: Vec<String> = Version::REPRESENTATIVES
        .iter()
        .map(Version::to_string)
        .collect();
    assert_eq!(
        stderr(&output),
        format!(
            "audiosocket: the server fails with these versions of Asterisk: {}\n",
            versions.join(", ")
        )
    );
    let output = run(&[&arguments[..], &["--json"]].concat());
    assert_eq!(output.status.code(), Some(1));
    for line in stdout(&output).lines() {
        assert_eq!(field(line, "passed"), "false");
        assert_eq!(field(line, "reason"), "remote-hangup");
        assert_eq!(field(line, "digits_not_pressed"), "42");
    }
}

#[test]
fn call_to_all_versions_names_one_way() {
    // The kernel accepts the connections.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let arguments = [&["call", &address, "--seconds", "0.1"], &ALL[..]].concat();
    let output = run(&arguments);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output).replace("\n  ", " ");
    let verdict =
        ": the server sent nothing: check that it runs, or add --one-way if it only receives";
    for line in text.lines() {
        assert!(line.ends_with(verdict), "{line}");
    }
    for (options, code, passed) in [(&[][..], 1, "false"), (&["--one-way"], 0, "true")] {
        let output = run(&[&arguments[..], &["--json"], options].concat());
        assert_eq!(output.status.code(), Some(code));
        for line in stdout(&output).lines() {
            assert_eq!(field(line, "passed"), passed);
            assert_eq!(field(line, "frames_received"), "0");
        }
    }
}

/// Certified releases and newer ones are judged too, newer ones as the newest row.
#[test]
fn call_judges_newer_and_certified_releases() {
    for (version, shown, is_newer, ends_call) in [
        ("18.9-cert17", "18.9-cert17", false, false),
        ("certified-22.8-cert4", "22.8-cert4", false, true),
        ("19.3", "19.3", false, false),
        ("22.11", "22.11", false, true),
        ("22.99", "22.99", true, true),
        ("24.0", "24.0", true, true),
        ("25.1", "25.1", true, true),
    ] {
        let place = |json: &[&str]| {
            let (thread, address) = server(|mut stream| {
                stream
                    .write_all(&[&[0x10, 0, 0][..], &HANGUP_FRAME].concat())
                    .unwrap();
                let _ = stream.read_to_end(&mut Vec::new());
            });
            let arguments = ["call", &address, "--seconds", "600", "--asterisk", version];
            let output = run(&[&arguments[..], json].concat());
            thread.join().unwrap();
            assert_eq!(output.status.success(), !ends_call, "{version}");
            output
        };
        let text = stdout(&place(&["--json"]));
        assert_eq!(field(text.lines().last().unwrap(), "asterisk"), shown);
        assert_eq!(
            text.contains("is not known yet: using the rules of"),
            is_newer,
            "{text}"
        );
        let error = stderr(&place(&[]));
        let warning =
            format!("audiosocket: warning: Asterisk {shown} is not known yet: using the rules of ");
        assert_eq!(error.starts_with(&warning), is_newer, "{error}");
    }
}

#[test]
fn call_through_dial_judges_by_the_channel_driver() {
    for (options, through, consequence) in [
        (&["--asterisk", "22.10"][..], "application", "hangs-up"),
        (
            &["--asterisk", "22.10", "--through", "dial"],
            "dial",
            "ends-leg",
        ),
        (&["--rate", "16000"], "dial", "ends-leg"),
    ] {
        let (thread, address) = server(|mut stream| {
            stream.write_all(&[0x10, 0, 0]).unwrap();
            let _ = stream.read_to_end(&mut Vec::new());
        });
        let arguments = ["call", &address, "--json", "--seconds", "600"];
        let output = run(&[&arguments[..], options].concat());
        thread.join().unwrap();
        let text = stdout(&output);
        let summary = text.lines().last().unwrap();
        assert_eq!(field(summary, "through"), through, "{text}");
        let violation = format!("\"consequence\":\"{consequence}\",\"ends_call\":true");
        assert!(summary.contains(&violation), "{summary}");
    }
}

#[test]
fn call_fails_if_the_server_resets_the_connection() {
    let (thread, address) = server(|mut stream| {
        stream.write_all(&[0x10, 0, 2, 1, 2]).unwrap();
        // With the rest of the frame unread, a close is a reset.
        stream.peek(&mut [0]).unwrap();
    });
    let output = run(&["call", &address, "--json", "--seconds", "600"]);
    thread.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert_eq!(field(text.lines().last().unwrap(), "reason"), "reset");
    assert!(text.contains("\"rule\":\"reset\""), "{text}");
    assert_eq!(
        stderr(&output),
        "audiosocket: the server reset the connection: Asterisk would have hung up the caller\n"
    );
}

#[test]
fn server_closing_at_once_is_always_reported_alike() {
    let with_fin = |mut stream: TcpStream| {
        stream.shutdown(Shutdown::Write).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    };
    // With the rest of the frame unread, a close is a reset.
    let with_rst = |stream: TcpStream| {
        stream.peek(&mut [0]).unwrap();
    };
    let servers: [fn(TcpStream); 2] = [with_fin, with_rst];
    for (number, then) in servers.into_iter().enumerate() {
        let (thread, address) = server(then);
        let path = format!("{}/closed-{number}.wav", env!("CARGO_TARGET_TMPDIR"));
        let _ = fs::remove_file(&path);
        let output = run(&[
            "call",
            &address,
            "--json",
            "--seconds",
            "60",
            "--record",
            &path,
        ]);
        thread.join().unwrap();
        assert_eq!(output.status.code(), Some(1));
        let text = stdout(&output);
        assert_eq!(field(text.lines().last().unwrap(), "reason"), "closed");
        assert_eq!(
            stderr(&output),
            "audiosocket: the peer closed before sending a frame\n"
        );
        assert!(!fs::exists(&path).unwrap(), "a recording of nothing");
    }
    // A server that only receives may close this way.
    let (thread, address) = server(with_fin);
    let output = run(&["call", &address, "--seconds", "60", "--one-way"]);
    thread.join().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
}

// At the highest rate, because megabytes have to fill the buffers of both sides. It takes about 15 s.
#[test]
fn call_fails_if_the_server_stops_reading() {
    let (keep, kept) = std::sync::mpsc::channel();
    let (thread, address) = server(move |stream| keep.send(stream).unwrap());
    let output = run(&[
        "call",
        &address,
        "--json",
        "--rate",
        "192000",
        "--seconds",
        "600",
    ]);
    thread.join().unwrap();
    drop(kept);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    assert_eq!(
        field(text.lines().last().unwrap(), "reason"),
        "write-timed-out"
    );
    assert!(text.contains("\"rule\":\"not-reading\""), "{text}");
    assert_eq!(
        stderr(&output),
        "audiosocket: the server stopped reading: its receive buffer is full\n"
    );
}

#[test]
fn call_names_digits_it_had_no_time_to_press() {
    // 42# starts after 1 s and takes 0.5 s. There is time for one digit, and on a machine that stalls perhaps for another.
    let (thread, address) = server(|mut stream| {
        stream.write_all(&[0x10, 0, 2, 1, 2]).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let output = run(&["call", &address, "--dtmf", "42#", "--seconds", "1.15"]);
    thread.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = stderr(&output);
    assert!(
        error.starts_with("audiosocket: digits ")
            && error.ends_with("# were not pressed: --seconds 1.15 is too short\n"),
        "{error}"
    );
    assert_eq!(error.lines().count(), 1, "{error}");
}

#[test]
fn call_names_digits_not_pressed_before_a_hangup() {
    let (thread, address) = server(|mut stream| {
        stream.write_all(&[0x10, 0, 2, 1, 2, 0, 0, 0]).unwrap();
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let output = run(&["call", &address, "--json", "--dtmf", "42#"]);
    thread.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    let summary = text.lines().last().unwrap();
    assert_eq!(field(summary, "digits_not_pressed"), "42#");
    assert_eq!(
        stderr(&output),
        "audiosocket: digits 42# were not pressed: the server ended the call\n"
    );
}

#[test]
fn call_hangs_up_and_fails_when_stdout_closes() {
    let (go, may_go) = std::sync::mpsc::channel();
    let (thread, address) = server(move |mut stream| {
        may_go.recv().unwrap();
        // Sends until the caller has gone, long before the 600 s are over. One digit is not enough: while another test starts a
        // program, that program holds a copy of the pipe's reading end for a moment, and a report can still be written.
        while stream.write_all(&[0x03, 0, 1, b'5']).is_ok() {
            thread::sleep(Duration::from_millis(20));
        }
    });
    // A judged call would end at the first digit, which violates a rule of Asterisk.
    let options = ["--json", "--seconds", "600", "--asterisk", "none"];
    let mut child = audiosocket(&[&["call", &address][..], &options].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(field(&lines.next().unwrap().unwrap(), "event"), "connected");
    drop(lines);
    go.send(()).unwrap();
    let output = child.wait_with_output().unwrap();
    thread.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        stderr(&output),
        "audiosocket: cannot write to standard output: its reader has closed it\n"
    );
}

#[test]
fn call_to_a_dead_server_fails_unless_one_way() {
    // The kernel accepts the connections.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let short = ["call", &address, "--seconds", "0.1"];
    for judges in [&[][..], &["--asterisk", "none"]] {
        let output = run(&[&short[..], judges].concat());
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(
            stderr(&output),
            "audiosocket: the server sent nothing: check that it runs, or add --one-way if it only receives\n"
        );
        let output = run(&[&short[..], judges, &["--one-way"]].concat());
        assert!(output.status.success(), "{}", stderr(&output));
    }
}
