//! The tool as scripts and people use it: its output, its exit codes, its one-line errors.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Output, Stdio};

const CAPTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures");

fn audiosocket(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_audiosocket"));
    command.args(arguments).stdin(Stdio::null());
    command
}

#[track_caller]
fn run(arguments: &[&str]) -> Output {
    audiosocket(arguments).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A `serve` under way, and the lines it prints.
struct Serving {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    address: String,
}

impl Serving {
    #[track_caller]
    fn start(arguments: &[&str]) -> Serving {
        let mut child = audiosocket(&["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let address = String::from(first.strip_prefix("listening on ").unwrap());
        Serving {
            child,
            lines,
            address,
        }
    }

    /// Waits for the end and answers the lines after the first, with the UUIDs, ports and times blotted out.
    fn finish(mut self) -> Vec<String> {
        let lines = self.lines.by_ref().map(|line| line.unwrap()).collect();
        assert!(self.child.wait().unwrap().success());
        lines
    }
}

/// The value of a JSON field, as it is written. The tool's objects are flat, so this is enough of a parser.
#[track_caller]
fn field<'a>(line: &'a str, name: &str) -> &'a str {
    let start = line
        .find(&format!("\"{name}\":"))
        .unwrap_or_else(|| panic!("{name} in {line}"));
    let value = &line[start + name.len() + 3..];
    match value.strip_prefix('"') {
        Some(text) => &text[..text.find('"').unwrap()],
        None => &value[..value.find([',', '}']).unwrap()],
    }
}

#[test]
fn the_demo_runs_a_call_and_finds_nothing_lost() {
    let output = run(&["demo"]);
    let text = stdout(&output);
    assert!(output.status.success(), "{text}{}", stderr(&output));
    assert!(text.contains("150 frames of audio, 3 digits\n"), "{text}");
    assert!(
        text.contains("150 frames, 150 of them equal in place\n"),
        "{text}"
    );
    assert!(
        text.ends_with("\nok: nothing was lost or altered\n"),
        "{text}"
    );
    for digit in ['4', '2', '#'] {
        assert!(
            text.contains(&format!("server    hears digit {digit}\n")),
            "{text}"
        );
    }
    assert!(
        text.lines().all(|line| line.chars().count() <= 60),
        "{text}"
    );
}

#[test]
fn inspect_prints_every_frame_of_a_capture() {
    let output = run(&[
        "inspect",
        "--json",
        &format!("{CAPTURES}/seed-none-dtmflong.bin"),
    ]);
    assert!(output.status.success());
    assert_eq!(
        stdout(&output),
        r##"{"event":"frame","offset":0,"kind":1,"name":"uuid","len":16,"uuid":"11223344-5566-7788-99aa-bbccddeeff00"}
{"event":"frame","offset":19,"kind":2,"name":"dtmf","len":6,"signal":"start","digit":"5"}
{"event":"frame","offset":28,"kind":2,"name":"dtmf","len":6,"signal":"stop","digit":"5","duration_ms":1000}
{"event":"frame","offset":37,"kind":2,"name":"dtmf","len":6,"signal":"start","digit":"6"}
{"event":"frame","offset":46,"kind":2,"name":"dtmf","len":6,"signal":"stop","digit":"6","duration_ms":100}
{"event":"end","frames":5,"bytes":55,"truncated":0}
"##
    );
}

#[test]
fn inspect_counts_the_frames_of_every_capture_and_finds_none_cut() {
    let mut captures = 0;
    for file in std::fs::read_dir(CAPTURES).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "bin") {
            continue;
        }
        captures += 1;
        let output = run(&["inspect", "--json", path.to_str().unwrap()]);
        assert!(output.status.success());
        let text = stdout(&output);
        let (last, frames) = text
            .lines()
            .collect::<Vec<_>>()
            .split_last()
            .map(|(l, f)| (*l, f.len()))
            .unwrap();
        let bytes = std::fs::metadata(&path).unwrap().len();
        assert_eq!(
            last,
            format!("{{\"event\":\"end\",\"frames\":{frames},\"bytes\":{bytes},\"truncated\":0}}")
        );
    }
    assert_eq!(captures, 18);
}

#[test]
fn inspect_shows_whatever_a_frame_may_hold() {
    let stream: &[u8] = &[
        0x02, 0, 0, // legacy silence
        0x20, 0, 1, 9, // unknown
        0xff, 0, 0, // error without code
        0xff, 0, 1, 5, // flags
        0xff, 0, 2, 0xab, 0x01, // application code
        0x03, 0, 1, b'd', // digit
        0x10, 0, 4, 1, 2, 3, 4, // audio
        0x12, 0, 1, 7, // odd audio
        0x00, 0, 0, // hangup
    ];
    let feed = |arguments: &[&str], bytes: &[u8]| {
        let mut child = audiosocket(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        child.wait_with_output().unwrap()
    };
    let output = feed(&["inspect", "--json", "-"], stream);
    assert!(output.status.success());
    assert_eq!(
        stdout(&output),
        r##"{"event":"frame","offset":0,"kind":2,"name":"silence","len":0}
{"event":"frame","offset":3,"kind":32,"name":"unknown","len":1}
{"event":"frame","offset":7,"kind":255,"name":"error","len":0,"payload":""}
{"event":"frame","offset":10,"kind":255,"name":"error","len":1,"code":5}
{"event":"frame","offset":14,"kind":255,"name":"error","len":2,"payload":"ab01"}
{"event":"frame","offset":19,"kind":3,"name":"dtmf","len":1,"signal":"digit","digit":"D"}
{"event":"frame","offset":23,"kind":16,"name":"audio","len":4,"rate":8000,"samples":2}
{"event":"frame","offset":30,"kind":18,"name":"audio","len":1,"malformed":"audio (0x12) with payload length 1, an even length is due"}
{"event":"frame","offset":34,"kind":0,"name":"hangup","len":0}
{"event":"end","frames":9,"bytes":37,"truncated":0}
"##
    );
    let output = feed(&["inspect", "-"], stream);
    assert_eq!(
        stdout(&output),
        "        0  silence
        3  unknown  kind 0x20, payload length 1
        7  error    no code
       10  error    hangup of the calling party, memory (0x05)
       14  error    code of 2 bytes
       19  dtmf     digit D
       23  audio    1 x 4 bytes, 8000 Hz, 0.00 s
       30  audio    MALFORMED: audio (0x12) with payload length 1, an even length is due
       34  hangup
       37  end      9 frames
"
    );
    let output = feed(&["inspect", "--json", "-"], &stream[..35]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stdout(&output)
            .ends_with("{\"event\":\"end\",\"frames\":8,\"bytes\":35,\"truncated\":1}\n")
    );
    assert_eq!(
        stderr(&output),
        "audiosocket: - ends inside a frame (bytes of it there: 1, missing: 2)\n"
    );
}

#[test]
fn inspect_says_when_a_capture_is_cut() {
    let whole = std::fs::read(format!("{CAPTURES}/app-play.bin")).unwrap();
    let path = std::env::temp_dir().join(format!("audiosocket-cut-{}.bin", std::process::id()));
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let output = run(&["inspect", "--json", path.to_str().unwrap()]);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(output.status.code(), Some(1));
    let last = stdout(&output).lines().last().map(String::from);
    assert_eq!(
        last.as_deref(),
        Some("{\"event\":\"end\",\"frames\":149,\"bytes\":48145,\"truncated\":322}")
    );
    let error = stderr(&output);
    assert!(
        error.contains("ends inside a frame (bytes of it there: 322, missing: 1)"),
        "{error}"
    );
}

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
        assert_eq!(field(summary, "reason"), "hung-up-here");
        // A frame each for a digit or its start and stop, which an echo server does not send back.
        let sent: usize = field(summary, "frames_sent").parse().unwrap();
        assert_eq!(field(summary, "frames_received"), (sent - 2).to_string());
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
        ]
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
    assert_eq!(
        frames_in.parse::<usize>().unwrap(),
        frames_out.parse::<usize>().unwrap() + 2
    );
}

#[test]
fn serve_hangs_up_after_the_time_it_was_given() {
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
    assert_eq!(field(summary, "reason"), "hung-up");
    assert!(
        field(summary, "frames_received").parse::<usize>().unwrap() > 0,
        "silence came"
    );
    let lines = serving.finish();
    assert_eq!(field(lines.last().unwrap(), "reason"), "hung-up-here");
}

#[test]
fn serve_reports_who_was_refused_and_what_was_wrong() {
    let serving = Serving::start(&["--echo", "--json", "--calls", "1"]);
    let mut stranger = TcpStream::connect(&serving.address).unwrap();
    stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stranger.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, [0, 0, 0]);
    let mut peer = TcpStream::connect(&serving.address).unwrap();
    peer.write_all(&[1, 0, 16, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7])
        .unwrap();
    peer.write_all(&[0x10, 0, 0, 0x77, 0, 1, 1, 0x00, 0, 0])
        .unwrap();
    peer.read_to_end(&mut answer).unwrap();
    drop(peer);
    let lines = serving.finish();
    assert_eq!(field(&lines[1], "event"), "refused");
    assert_eq!(
        field(&lines[1], "peer"),
        stranger.local_addr().unwrap().to_string()
    );
    assert_eq!(
        field(&lines[1], "reason"),
        "the first frame is unknown kind 0x47, payload length 17748, not a UUID of 16 bytes"
    );
    assert_eq!(
        field(&lines[2], "uuid"),
        "07070707-0707-0707-0707-070707070707"
    );
    assert_eq!(
        field(&lines[3], "text"),
        "audio (0x10) without a sample, at least 2 bytes are due"
    );
    assert_eq!(
        field(&lines[4], "text"),
        "unknown kind 0x77, payload length 1"
    );
    assert_eq!(
        (field(&lines[5], "event"), field(&lines[5], "reason")),
        ("hangup", "hung-up")
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
    assert_eq!(answer, [0, 0, 0]);
    drop(peer);
    let lines = serving.finish();
    assert_eq!(field(lines.last().unwrap(), "reason"), "hung-up-here");
}

#[test]
fn what_is_wrong_is_said_in_one_line_with_the_right_exit_code() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = free.local_addr().unwrap().to_string();
    let table: [(&[&str], i32, &str); 20] = [
        (&[], 2, "no command given: demo, serve, call or inspect"),
        (
            &["dance"],
            2,
            "no such command: dance; there are demo, serve, call and inspect",
        ),
        (&["--loud"], 2, "unknown option --loud"),
        (&["demo", "now"], 2, "unexpected argument 'now'"),
        (
            &["serve"],
            2,
            "how are calls to be answered: --echo or --silence?",
        ),
        (
            &["serve", "--echo", "--silence"],
            2,
            "--echo or --silence, not both",
        ),
        (
            &["serve", "--echo", "--listen"],
            2,
            "--listen needs a value",
        ),
        (
            &["serve", "--echo", "--listen", "here"],
            2,
            "--listen 'here' is no address: invalid socket address",
        ),
        (
            &["serve", "--echo", "--listen", &taken],
            1,
            "Address already in use",
        ),
        (
            &["serve", "--echo", "--calls", "none"],
            2,
            "--calls 'none': a whole number of 1 or more is due",
        ),
        (
            &["serve", "--echo", "--json=yes"],
            2,
            "--json takes no value, not 'yes'",
        ),
        // Options of the contract that are still to come are unknown, not ignored.
        (&["serve", "--play", "x.wav"], 2, "unknown option --play"),
        (
            &["call"],
            2,
            "which server? an address like 127.0.0.1:9092 is due",
        ),
        (
            &["call", "there"],
            2,
            "'there' is no address: invalid socket address",
        ),
        (
            &["call", "127.0.0.1:9", "--dtmf", "1x"],
            2,
            "--dtmf '1x': 'x' is no DTMF digit: 0-9, *, #, A-D",
        ),
        (
            &["call", "127.0.0.1:9", "--rate", "22050"],
            2,
            "--rate '22050': the rates are 8000, 12000",
        ),
        (
            &["call", "127.0.0.1:9", "--dialect", "x"],
            2,
            "--dialect 'x': the dialects are asterisk and start-stop",
        ),
        (&["inspect"], 2, "which file? - is standard input"),
        (
            &["inspect", "/no/such/file"],
            1,
            "cannot read /no/such/file: No such file or directory",
        ),
        (&["inspect", "a", "b"], 2, "unexpected argument 'b'"),
    ];
    for (arguments, code, message) in table {
        let output = run(arguments);
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {error}");
        assert!(
            error.starts_with("audiosocket: ") && error.contains(message),
            "{arguments:?}: {error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn every_command_has_a_help_text_of_no_more_than_60_columns() {
    for arguments in [
        &["--help"][..],
        &["-h"],
        &["demo", "-h"],
        &["serve", "--help"],
        &["call", "--help"],
        &["inspect", "--help"],
    ] {
        let output = run(arguments);
        assert!(output.status.success() && output.stderr.is_empty());
        let text = stdout(&output);
        assert!(text.starts_with("audiosocket"), "{text}");
        assert!(
            text.lines().all(|line| line.chars().count() <= 60),
            "{text}"
        );
    }
}

#[test]
fn a_reader_who_has_gone_is_no_panic() {
    let mut child = audiosocket(&["inspect", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    // Only now is there something to print.
    child.stdin.take().unwrap().write_all(&[0, 0, 0]).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        stderr(&output),
        "audiosocket: cannot write to standard output: Broken pipe (os error 32)\n"
    );
}
