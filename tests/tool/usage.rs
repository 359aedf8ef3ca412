//! The tool in general, as scripts and people use it: its one-line errors, its exit codes, its help, and the demo.

use std::io::Write;
use std::net::TcpListener;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use crate::common::tool::{audiosocket, run, stderr, stdout};

#[test]
fn demo_runs_a_call_and_loses_nothing() {
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

/// Removes the words for a system's error, which other systems have others for.
fn without_words_of_unix(message: &str) -> &str {
    let words = ["No such file", "Not a directory"];
    let place = words.iter().find_map(|words| message.find(words));
    match place {
        Some(place) if !cfg!(unix) => &message[..place],
        _ => message,
    }
}

#[test]
fn errors_are_one_line_with_the_right_exit_code() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = free.local_addr().unwrap().to_string();
    let table: &[(&[&str], i32, &str)] = &[
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
        (
            &["serve", "--echo", "--listen", ":9092"],
            2,
            "--listen ':9092' is no address: the host is missing, as in 127.0.0.1:9092 or, for all interfaces, 0.0.0.0:9092",
        ),
        (
            &["tap", "--listen", "127.0.0.1:0", "--to", ":9092"],
            2,
            "--to ':9092' is no address: the host is missing, as in 127.0.0.1:9092",
        ),
        (
            &["call", "9092"],
            2,
            "'9092' is no address: the host is missing, as in 127.0.0.1:9092",
        ),
        (
            &["serve", "--echo", "--record", ""],
            2,
            "--record '': expected a path",
        ),
        (&["tap", "--record="], 2, "--record '': expected a path"),
        (
            &["call", "127.0.0.1:9", "--record", ""],
            2,
            "--record '': expected a path",
        ),
        (
            &["inspect", "x.tap", "--svg", ""],
            2,
            "--svg '': expected a path",
        ),
        (
            &["serve", "--play", "-"],
            2,
            "--play '-': standard input is not read, name a file",
        ),
        (
            &["call", "127.0.0.1:9", "--play", "-"],
            2,
            "--play '-': standard input is not read, name a file",
        ),
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
            "--listen 'here' is no address: the port is missing, as in here:9092",
        ),
        (
            &["serve", "--echo", "--listen", &taken],
            1,
            ": another program listens there, choose another port",
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
            &[
                "serve",
                "--echo",
                "--listen",
                "127.0.0.1:0",
                "--record",
                "/dev/null/calls",
            ],
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
            "'there' is no address: the port is missing, as in there:9092",
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
            &["call", "127.0.0.1:9", "--asterisk", "17.9"],
            2,
            "--asterisk '17.9': Asterisk 17 is not known; 18, 19, 20, ",
        ),
        (
            &["call", "127.0.0.1:9", "--asterisk", "22"],
            2,
            "--asterisk '22': which 22? 22.0 to 22.",
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
            &["call", "127.0.0.1:9", "--through", "tunnel"],
            2,
            "--through 'tunnel': expected application or dial",
        ),
        (
            &[
                "call",
                "127.0.0.1:9",
                "--through",
                "application",
                "--rate",
                "16000",
            ],
            2,
            "--through application: AudioSocket() sends 8000 Hz, not 16000 Hz: use --through dial",
        ),
        (
            &[
                "call",
                "127.0.0.1:9",
                "--asterisk",
                "start-stop",
                "--through",
                "application",
                "--dtmf",
                "5",
            ],
            2,
            "--dtmf: the application of Asterisk start-stop sends no digits: use --through dial",
        ),
        (
            &[
                "call",
                "127.0.0.1:9",
                "--asterisk",
                "none",
                "--through",
                "dial",
            ],
            2,
            "--through dial has no effect without a version: remove --asterisk none",
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
            "'there' is no address: the port is missing, as in there:9092",
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
        // An argument may hold any characters. The message stays one line and moves no cursor.
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
    for &(arguments, code, message) in table {
        let message = without_words_of_unix(message);
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

/// Not even root may create files in this folder.
#[cfg(target_os = "linux")]
#[test]
fn record_folder_without_write_access_is_refused() {
    for command in [
        &["serve", "--echo", "--listen", "127.0.0.1:0"][..],
        &["tap", "--to", "127.0.0.1:1", "--listen", "127.0.0.1:0"],
    ] {
        // With a time limit, in case the command starts.
        let output = run(&[command, &["--seconds", "1", "--record", "/proc"]].concat());
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{command:?}: {error}");
        assert!(
            error.starts_with("audiosocket: cannot record in '/proc': "),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn call_help_names_what_an_interruption_loses() {
    let text = stdout(&run(&["call", "--help"])).replace('\n', " ");
    assert!(
        text.contains("is interrupted (Ctrl-C) prints no report"),
        "{text}"
    );
}

#[test]
fn help_of_every_command_fits_60_columns() {
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
fn inspect_ends_quietly_when_stdout_closes() {
    let mut child = audiosocket(&["inspect", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    // Sends frames until the program ends, because it may still write the first line: while another test starts a program, that
    // program holds a copy of the pipe's reading end for a moment.
    let mut stdin = child.stdin.take().unwrap();
    while stdin.write_all(&[0, 0, 0]).is_ok() {
        thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output), "");
}
