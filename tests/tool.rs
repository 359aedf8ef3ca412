//! The tool as scripts and people use it: its output, its exit codes, its one-line errors.

#[path = "common/tool.rs"]
mod tool;
#[path = "common/transcript.rs"]
mod transcript;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::thread;

use tool::{HANGUP_FRAME, Serving, UUID_FRAME, audiosocket, field, run, stderr, stdout};
use transcript::shape;

const CAPTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/captures");

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
       10  error    hangup of the calling party, memory
                    (0x05)
       14  error    code of 2 bytes
       19  dtmf     digit D
       23  audio    1 x 4 bytes, 8000 Hz, 0.00 s
       30  audio    MALFORMED: audio (0x12) with payload
                    length 1, an even length is due
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
        "audiosocket: standard input ends inside a frame (bytes of it there: 1, missing: 2)\n"
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
        // A frame each for a digit or its start and stop, which an echo server does not send back; but its greeting is. A machine
        // that stands still for a second has it send silence, too.
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
    // One is the digit. A machine that stands still for a second adds silence to what goes out.
    assert!(frames_in.parse::<usize>().unwrap() <= frames_out.parse::<usize>().unwrap() + 1);
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
    let mut serving = Serving::start(&["--echo", "--json", "--calls", "1"]);
    let mut stranger = TcpStream::connect(&serving.address).unwrap();
    stranger.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stranger.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, [0, 0, 0]);
    // The refusal is reported after it was made, on the stranger's own thread.
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
    assert!(answer.ends_with(&HANGUP_FRAME));
    drop(peer);
    let lines = serving.finish();
    assert_eq!(field(lines.last().unwrap(), "reason"), "hung-up-here");
}

#[test]
fn what_is_wrong_is_said_in_one_line_with_the_right_exit_code() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = free.local_addr().unwrap().to_string();
    let table: [(&[&str], i32, &str); 47] = [
        (
            &[],
            2,
            "no command given: demo, serve, call, tap, inspect or load",
        ),
        (
            &["dance"],
            2,
            "no such command: 'dance'; there are demo, serve, call, tap, inspect and load",
        ),
        (&["--loud"], 2, "unknown option '--loud'"),
        (&["demo", "now"], 2, "unexpected argument 'now'"),
        (
            &["serve"],
            2,
            "how are calls to be answered: --echo, --play FILE or --silence?",
        ),
        (
            &["serve", "--echo", "--silence"],
            2,
            "one of --echo, --play and --silence, not two",
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
        (
            &["serve", "--silence", "--dialect", "asterisk"],
            2,
            "--dialect is of use with --echo only: digits are sent back",
        ),
        (
            &["serve", "--play", "x.wav", "--echo"],
            2,
            "one of --echo, --play and --silence, not two",
        ),
        (
            &["serve", "--play", "no such file.wav"],
            1,
            "cannot be read: No such file or directory",
        ),
        (
            &["serve", "--echo", "--record", "/dev/null/calls"],
            1,
            "cannot record in '/dev/null/calls': Not a directory",
        ),
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
        (
            &["call", "127.0.0.1:9", "--asterisk", "22.99"],
            2,
            "--asterisk '22.99': Asterisk 22.99 is not known, 22.0 to 22.10 are",
        ),
        (
            &["call", "127.0.0.1:9", "--asterisk", "22"],
            2,
            "--asterisk '22': which 22? 22.0 to 22.10 differ",
        ),
        (
            &["call", "127.0.0.1:9", "--asterisk", "new"],
            2,
            "--asterisk 'new': a version is due, such as 22.10 or start-stop",
        ),
        (
            &["call", "127.0.0.1:9", "--asterisk", "20.13", "--dtmf", "5"],
            2,
            "--dtmf: Asterisk 20.13 sends no digits",
        ),
        (
            &[
                "call",
                "127.0.0.1:9",
                "--asterisk",
                "20.13",
                "--rate",
                "16000",
            ],
            2,
            "Asterisk 20.13 knows no other rate than 8000 Hz, not 16000 Hz",
        ),
        (
            &["call", "--asterisk", "none"],
            2,
            "which server? an address like 127.0.0.1:9092 is due",
        ),
        (&["inspect"], 2, "which file? - is standard input"),
        (
            &["inspect", "/no/such/file"],
            1,
            "cannot read '/no/such/file': No such file or directory",
        ),
        (&["inspect", "a", "b"], 2, "unexpected argument 'b'"),
        (
            &["load"],
            2,
            "which server? an address like 127.0.0.1:9092 is due",
        ),
        (
            &["load", "there"],
            2,
            "'there' is no address: invalid socket address",
        ),
        (
            &["load", "127.0.0.1:9", "--calls", "0"],
            2,
            "--calls '0': a whole number of 1 or more is due",
        ),
        (
            &["load", "127.0.0.1:9", "--calls", "65536"],
            2,
            "--calls '65536': at most 65535, for each takes a port",
        ),
        (
            &["load", "127.0.0.1:9", "--seconds=-1"],
            2,
            "--seconds '-1': seconds are due, such as 5 or 0.5",
        ),
        (&["load", "a:1", "b:2"], 2, "unexpected argument 'b:2'"),
        (&["inspect", ""], 1, "cannot read '': No such file"),
        (&[""], 2, "no such command: ''; there"),
        // An argument may hold anything; the message stays one line, and moves no cursor.
        (
            &["inspect", "a\nb\r\u{1b}[2Jc"],
            1,
            "cannot read 'a\\nb\\r\\u{1b}[2Jc': No such file",
        ),
        (&["a\nb"], 2, "no such command: 'a\\nb'; there"),
        (
            &["call", "127.0.0.1:9", "--dtmf="],
            2,
            "--dtmf '': digits are due: 0-9, *, #, A-D",
        ),
        (
            &["call", "127.0.0.1:9", "--uuid", "x"],
            2,
            "--uuid 'x': a UUID is 36 bytes of text, or 32 without its hyphens, not 1",
        ),
        (&["--help=1"], 2, "--help takes no value, not '1'"),
        (&["-h=1"], 2, "-h takes no value, not '1'"),
        (
            &["--version", "x"],
            2,
            "nothing may follow --version, not 'x'",
        ),
        (
            &["demo", "--help", "x"],
            2,
            "nothing may follow --help, not 'x'",
        ),
        (&["serve", "--help=1"], 2, "--help takes no value, not '1'"),
        (
            &["inspect", "-h", "--json"],
            2,
            "nothing may follow -h, not '--json'",
        ),
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
        &["tap", "--help"],
        &["inspect", "--help"],
        &["load", "--help"],
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
fn a_reader_who_has_read_enough_hears_no_more() {
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
    assert_eq!(stderr(&output), "");
}

#[test]
fn serve_tells_a_call_in_short_lines_and_warnings_on_standard_error() {
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
    peer.shutdown(std::net::Shutdown::Write).unwrap();
    peer.read_to_end(&mut Vec::new()).unwrap();
    let (lines, errors) = serving.finish_with_errors();
    assert_eq!(
        shape(&lines.join("\n")),
        "SHORT call UUID
SHORT from ADDRESS
SHORT digit 5
SHORT digit A starts
SHORT digit A stops after N ms
SHORT over: the peer closed inside a frame, which lacks N
SHORT of its bytes
SHORT N s, N frames in, N out
SHORT first sound after N ms
"
    );
    assert_eq!(
        errors,
        "audiosocket: 07070707 silence without payload
audiosocket: 07070707 UUID 07070707-0707-0707-0707-070707070707
audiosocket: 07070707 error: memory (0x04)
audiosocket: 07070707 audio (0x10) without a sample, at least 2 bytes are due
audiosocket: 07070707 unknown kind 0x77, payload length 0
audiosocket: 07070707 1 more warning like these
"
    );
    assert!(lines.iter().all(|line| line.chars().count() <= 60));
}

#[test]
fn serve_reports_the_first_warnings_of_a_flood_and_counts_the_rest() {
    let serving = Serving::start(&["--echo", "--json", "--calls", "1"]);
    let mut peer = serving.peer();
    peer.write_all(&[0x20, 0, 0].repeat(100_000)).unwrap();
    peer.write_all(&HANGUP_FRAME).unwrap();
    // The end of the call, of which nothing has been read yet on the tool's side.
    peer.read_to_end(&mut Vec::new()).unwrap();
    let lines = serving.finish();
    let said: Vec<&str> = lines[2..8].iter().map(|line| field(line, "text")).collect();
    assert_eq!(said[..5], ["unknown kind 0x20, payload length 0"; 5]);
    assert_eq!(said[5], "99995 more warnings like these");
    assert_eq!(field(&lines[8], "event"), "hangup");
    assert_eq!(field(&lines[8], "frames_in"), "100000");
    assert_eq!(lines.len(), 9);
}

#[test]
fn serve_holds_up_no_call_for_a_reader_who_does_not_read_and_loses_nothing_silently() {
    let serving = Serving::start(&["--echo", "--json", "--calls", "1"]);
    let mut peer = serving.peer();
    peer.write_all(&[0x03, 0, 1, b'5'].repeat(50_000)).unwrap();
    let audio = [0x10, 0, 2, 1, 2];
    peer.write_all(&audio).unwrap();
    // The echo comes though not a line has been read after the first, and a pipe has no room for 50,000.
    // Before it comes the greeting, 20 ms of silence.
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
fn serve_ends_after_its_time_though_nobody_reads_and_a_peer_floods() {
    let mut serving = Serving::start(&["--echo", "--json", "--seconds", "2"]);
    let mut peer = serving.peer();
    let digits = [0x03, 0, 1, b'5'].repeat(1000);
    // Until the server has ended the connection.
    while peer.write_all(&digits).is_ok() {}
    let mut child = serving.child.take().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    drop(serving);
    let error = stderr(&child.wait_with_output().unwrap());
    assert!(
        error.starts_with("audiosocket: time is over and ")
            && error.ends_with(" reports not printed: nobody reads the output\n"),
        "{error}"
    );
}

#[test]
fn serve_ends_and_fails_when_nobody_reads_any_more() {
    let mut serving = Serving::start(&["--echo"]);
    let mut peer = TcpStream::connect(&serving.address).unwrap();
    let child = serving.child.take().unwrap();
    drop(serving);
    // Only now is there something to print.
    peer.write_all(&UUID_FRAME).unwrap();
    let mut answer = Vec::new();
    peer.read_to_end(&mut answer).unwrap();
    assert!(answer.ends_with(&HANGUP_FRAME));
    drop(peer);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        stderr(&output),
        "audiosocket: cannot write to standard output: nobody reads it any more\n"
    );
}

#[test]
fn serve_reports_a_caller_over_the_number_it_was_to_take() {
    let serving = Serving::start(&["--echo", "--json", "--calls", "1"]);
    // Accepted first, so that it is on its way when the other takes the only place.
    let mut late = TcpStream::connect(&serving.address).unwrap();
    let mut taken = serving.peer();
    taken.write_all(&[0x10, 0, 2, 1, 2]).unwrap();
    // The greeting of 20 ms comes with the call; the echo, only from its handler, which has the place then.
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

/// A server of one call that does what it is told once the UUID and a first frame of audio have come, and its address.
fn server(then: impl FnOnce(TcpStream) + Send + 'static) -> (thread::JoinHandle<()>, String) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.read_exact(&mut [0; UUID_FRAME.len()]).unwrap();
        stream.read_exact(&mut [0; 3]).unwrap();
        then(stream);
    });
    (thread, address)
}

#[test]
fn call_tells_what_the_server_sends_and_how_it_ends() {
    let (thread, address) = server(|mut stream| {
        stream
            .write_all(&[0x03, 0, 1, b'5', 0x77, 0, 1, 9, 0x10, 0, 2, 1, 2, 0, 0, 0])
            .unwrap();
        // Read to the end, so that it is no reset.
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
the server sends digit 5
the server sends unknown kind 0x77, payload length N
over after N s: the peer hung up
N frames sent, N received
sent late by N ms at the median, p99 N ms
first sound after N ms
"
    );
    assert!(text.lines().all(|line| line.chars().count() <= 60));
}

/// What a server sends that does several things wrong, the last of which ends a call with Asterisk 22.10.
const FAULTY: [u8; 11] = [0x10, 0, 1, 9, 0x10, 0, 2, 1, 2, 0xff, 0];

#[test]
fn call_tells_what_asterisk_objects_to_and_what_it_does_then() {
    let (thread, address) = server(|mut stream| {
        stream.write_all(&[&FAULTY[..], &[0]].concat()).unwrap();
        // Until Asterisk hangs up.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let output = run(&["call", &address, "--seconds", "600"]);
    thread.join().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    let unbroken = text.replace("\n  ", " ");
    // The judge has a thread of its own, so what it says can come before what was received, or after it.
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(String::from).collect();
        lines.sort();
        lines
    };
    assert_eq!(
        sorted(&shape(&unbroken.replacen("1 frame sent", "1 frames sent", 1))),
        sorted("connected to ADDRESS
call UUID
the server sends audio (0x10) with payload length N, an even length is due
at N s: odd-length, audio with half a sample (byte N: N N 01). Asterisk N records noise from there on
at N s: forbidden-kind, neither audio nor a hangup (byte N: ff N 00). Asterisk N hangs up the caller
over after N s: Asterisk N hangs up the caller
N frames sent, N received
sent late by N ms at the median, p99 N ms
first sound after N ms
")
    );
    assert!(text.lines().all(|line| line.chars().count() <= 60));
    assert_eq!(
        stderr(&output),
        "audiosocket: Asterisk 22.10 objects: odd-length, forbidden-kind\n"
    );
}

#[test]
fn call_judges_by_the_version_it_is_told_and_lists_the_violations() {
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
        // The same objects, without their event.
        let objects: Vec<String> = violations
            .iter()
            .map(|line| line.replace("\"event\":\"violation\",", ""))
            .collect();
        let listed = format!("\"violations\":[{}]}}", objects.join(","));
        assert!(summary.ends_with(&listed), "{summary}");
        let last = violations.last().unwrap();
        assert_eq!(field(last, "ends_call"), ends);
        assert_eq!(field(violations[0], "offset"), "0");
        assert_eq!(field(violations[0], "bytes"), "100001");
        assert_eq!(field(violations[0], "consequence"), "records-noise");
        assert!(field(last, "at_ms").parse::<f64>().is_ok());
        assert_eq!(
            stderr(&output),
            format!(
                "audiosocket: Asterisk {version} objects: {}\n",
                rules.join(", ")
            )
        );
    }
}

#[test]
fn call_lists_the_versions_and_their_rules_without_a_server() {
    let output = run(&["call", "--asterisk", "list"]);
    assert!(output.status.success() && output.stderr.is_empty());
    let text = stdout(&output);
    for line in text.lines() {
        assert!(line.chars().count() <= 60, "{line}");
    }
    for row in ["20.14, 21.9, 22.4", "20.20, 22.10, 23.4", "start-stop"] {
        assert!(text.contains(&format!("\n{row}\n")), "{row}");
    }
    let output = run(&["call", "--asterisk=list", "--json"]);
    let text = stdout(&output);
    let (rules, versions): (Vec<&str>, Vec<&str>) = text
        .lines()
        .partition(|line| field(line, "event") == "rule");
    assert_eq!((rules.len(), versions.len()), (13, 8));
    for rule in rules {
        let name = field(rule, "rule");
        assert!(versions.iter().all(|line| !field(line, name).is_empty()));
    }
    let measured = versions.iter().find(|line| line.contains("22.10, 23.4"));
    assert_eq!(field(measured.unwrap(), "empty-audio"), "hangs-up");
}

#[test]
fn call_fails_if_the_server_resets_the_connection() {
    let (thread, address) = server(|stream| {
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

// At the highest rate, since megabytes have to fill the buffers of both sides: some 15 s.
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
        "audiosocket: the server does not read: its side is full\n"
    );
}

#[test]
fn call_hangs_up_and_fails_when_nobody_reads_what_it_reports() {
    let (go, may_go) = std::sync::mpsc::channel();
    let (thread, address) = server(move |mut stream| {
        may_go.recv().unwrap();
        stream.write_all(&[0x03, 0, 1, b'5']).unwrap();
        // Until the caller has gone, long before the 600 s are over.
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let mut child = audiosocket(&["call", &address, "--json", "--seconds", "600"])
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
        "audiosocket: cannot write to standard output: nobody reads it any more\n"
    );
}

#[test]
fn inspect_prints_no_line_over_60_columns_whatever_it_meets() {
    let path = std::env::temp_dir().join(format!("audiosocket-wide-{}.bin", std::process::id()));
    let mut stream = Vec::new();
    for kind in 0..=255 {
        for payload in [&[][..], &[9], &[7; 6], &[7; 16], &[1; 301]] {
            stream.extend([kind, (payload.len() >> 8) as u8, payload.len() as u8]);
            stream.extend(payload);
        }
    }
    std::fs::write(&path, &stream).unwrap();
    let output = run(&["inspect", path.to_str().unwrap()]);
    std::fs::remove_file(&path).unwrap();
    assert!(output.status.success());
    let text = stdout(&output);
    assert!(text.ends_with("1280 frames\n"), "{text}");
    for line in text.lines() {
        assert!(line.chars().count() <= 60, "{line}");
    }
}
