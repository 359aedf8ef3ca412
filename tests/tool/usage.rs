//! The tool in general, as scripts and people use it: its help, the demo, and folders without write access.

use std::io::Write;
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
        text.contains("150 frames, 150 of them unaltered and in place\n"),
        "{text}"
    );
    assert!(
        text.ends_with("\nok: nothing was lost or altered\n"),
        "{text}"
    );
    for digit in ['4', '2', '#'] {
        assert!(
            text.contains(&format!("server    receives digit {digit}\n")),
            "{text}"
        );
    }
    assert!(
        text.lines().all(|line| line.chars().count() <= 60),
        "{text}"
    );
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
        text.contains("is interrupted (Ctrl-C) prints no report")
            && text.contains("recording can be played"),
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
