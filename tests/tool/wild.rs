//! Echo servers in other languages with typical faults, and the reports of `audiosocket call` for their authors.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use audiosocket::asterisk::{TABLE, Version};

use crate::common::program::Program;
use crate::common::tool_page::transcript_of;
use crate::common::transcript::shape;

/// A running server.
struct Wild(Program);

impl Wild {
    /// `None` if the language is not installed and the test may be skipped.
    fn start(program: impl AsRef<OsStr>, arguments: &[&str]) -> Option<Wild> {
        let program = program.as_ref();
        let started = Program::start(Command::new(program).args(arguments).arg("0"));
        started.ok().map(Wild).or_else(|| is_missing(program))
    }

    fn judged_by(&self, version: &str) -> Output {
        Command::new(env!("CARGO_BIN_EXE_audiosocket"))
            .args([
                "call",
                &self.0.address,
                "--seconds",
                "5",
                "--asterisk",
                version,
            ])
            .output()
            .unwrap()
    }
}

fn is_missing<T>(program: &OsStr) -> Option<T> {
    // .ci/run installs them all.
    let must_be_there = std::env::var_os("AUDIOSOCKET_EVERY_LANGUAGE").is_some();
    assert!(!must_be_there, "{program:?} is not installed");
    eprintln!("skipped: {program:?} is not installed");
    None
}

fn source(name: &str) -> String {
    format!("{}/tests/wild/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Returns the compiled C program.
fn compiled(name: &str) -> Option<PathBuf> {
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let status = Command::new("cc")
        .args(["-Wall", "-o"])
        .args([program.as_os_str(), OsStr::new(&source(name))])
        .status();
    match status {
        Ok(status) => {
            assert!(status.success());
            Some(program)
        }
        Err(_) => is_missing(OsStr::new("cc")),
    }
}

/// Returns the tool's lines about violations and its error message, each whole, without the parts that differ between calls.
#[track_caller]
fn verdict(output: &Output) -> (Vec<String>, String) {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    assert!(
        text.lines().all(|line| line.chars().count() <= 60),
        "{text}"
    );
    let violations = shape(&text.replace("\n    ", " ").replace("\n  ", " "))
        .lines()
        .filter(|line| line.starts_with("violation "))
        .map(String::from)
        .collect();
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    (violations, error)
}

/// Asserts that a violation has this start and this end.
#[track_caller]
fn assert_violation(violation: &str, beginning: &str, end: &str) {
    let matches = violation.starts_with(beginning) && violation.ends_with(end);
    assert!(matches, "{violation}");
}

#[test]
fn two_writes_per_frame_report_the_hangup() {
    let Some(server) = Wild::start("python3", &[&source("two_writes.py")]) else {
        return;
    };
    let (violations, error) = verdict(&server.judged_by("22.10"));
    assert_eq!(violations.len(), 1, "{violations:?}");
    assert_violation(
        &violations[0],
        "violation split-payload at N s: a payload apart from its header, or in parts (at byte ",
        "); Asterisk N hangs up the caller remedy: send each frame in one write, set TCP_NODELAY, and check that the length is big-endian",
    );
    assert_eq!(
        error,
        "audiosocket: Asterisk 22.10 reports a violation: split-payload\n"
    );
}

#[test]
fn two_writes_violate_rules_of_all_versions() {
    let Some(server) = Wild::start("python3", &[&source("two_writes.py")]) else {
        return;
    };
    let output = Command::new(env!("CARGO_BIN_EXE_audiosocket"))
        .args(["call", &server.0.address, "--asterisk", "all"])
        .output()
        .unwrap();
    let (_, error) = verdict(&output);
    let text = String::from_utf8(output.stdout)
        .unwrap()
        .replace("\n  ", " ");
    for (line, row) in text.lines().zip(TABLE) {
        let versions = row.versions();
        let start = format!("Asterisk {versions}");
        assert!(line.starts_with(&start), "{line}");
        assert!(line.contains(": violation split-payload at "), "{line}");
    }
    assert_eq!(text.lines().count(), TABLE.len() + 1);
    assert_eq!(
        text.lines().last(),
        Some(
            "remedy for split-payload: send each frame in one write, set TCP_NODELAY, and check that the length is big-endian"
        )
    );
    let versions: Vec<String> = (Version::REPRESENTATIVES.iter())
        .map(Version::to_string)
        .collect();
    assert_eq!(
        error,
        format!(
            "audiosocket: the server fails with these versions of Asterisk: {}\n",
            versions.join(", ")
        )
    );
}

#[test]
fn tool_page_shows_the_report_of_two_writes() {
    let Some(server) = Wild::start("python3", &[&source("two_writes.py")]) else {
        return;
    };
    let (_, shown) = transcript_of("call 127.0.0.1:9092 --asterisk 22.10");
    let output = server.judged_by("22.10");
    let printed = [output.stdout, output.stderr].concat();
    let normalized = |text: &str| -> Vec<String> {
        let text = text.replace("\n  remedy", "\nremedy");
        let lines = shape(&text.replace("\n  ", " "))
            .lines()
            .map(String::from)
            .collect::<Vec<_>>();
        // The kernel decides which frame it is, and so how many frames were received and whether there is jitter.
        let words = |line: &String| String::from(line.split([',', '(']).next().unwrap());
        let lines = lines.iter().filter(|line| !line.contains("jitter"));
        lines.map(words).collect()
    };
    assert_eq!(
        normalized(&String::from_utf8(printed).unwrap()),
        normalized(shown)
    );
}

#[test]
fn unpaced_greeting_reports_dropped_frames() {
    let Some(server) = Wild::start("node", &[&source("at_once.js")]) else {
        return;
    };
    let (violations, error) = verdict(&server.judged_by("22.10"));
    assert_eq!(violations.len(), 2, "{violations:?}");
    assert_violation(
        &violations[0],
        "violation too-fast at N s: audio more than N s ahead of real time (at byte ",
        "; Asterisk N plays it too fast remedy: send N ms of audio every N ms, by a clock (320 bytes at N kHz)",
    );
    assert_violation(
        &violations[1],
        "violation queue-overflow at N s: more than N frames of audio at once (at byte ",
        "; Asterisk N drops the oldest N frames remedy: do not send a whole file or sentence at once, but N ms of audio every N ms",
    );
    assert_eq!(
        error,
        "audiosocket: Asterisk 22.10 reports violations: too-fast, queue-overflow\n"
    );
}

#[test]
fn close_without_hangup_reports_the_hangup() {
    let Some(program) = compiled("bare_close.c") else {
        return;
    };
    let server = Wild::start(program, &[]).unwrap();
    for version in ["22.10", "20.13"] {
        let (violations, error) = verdict(&server.judged_by(version));
        assert_eq!(violations.len(), 1, "{violations:?}");
        assert_violation(
            &violations[0],
            "violation reset at N s: closed with audio unread, which is a reset (at byte ",
            "); Asterisk N hangs up the caller remedy: send N N N, close the sending direction, read to the end, then close",
        );
        let expected = "audiosocket: the server reset the connection: Asterisk would have hung up the caller\n";
        assert_eq!(error, expected);
    }
}
