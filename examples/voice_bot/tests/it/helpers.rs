//! A helper that is missing, dies or is too slow ends its own call, with one line.

use crate::line::{STAND_IN, Served, call, helpers, speech};
use audiosocket::call::End;
use audiosocket::wire::SampleRate;

/// Has two calls fail because of their helpers, and returns the line that the bot has printed about each of them, without the
/// folder.
#[track_caller]
fn lines_about(test: &str, targets: [&str; 3]) -> Vec<String> {
    let folder = helpers(test, targets);
    let served = Served::start(&folder, "30", "2");
    for _ in 0..2 {
        let over = call(&served, SampleRate::Hz8000, |caller| {
            if targets[1] == STAND_IN {
                caller.wait_for("listens");
                caller.say(&speech(&folder, "operator", SampleRate::Hz8000));
            }
        });
        assert_eq!(over.end, Some(End::RemoteHangup), "{:?}", over.log);
    }
    let lines = served.stop(2);
    let reason = |line: &String| line.split_once("failed: ").unwrap().1.to_string();
    let folder = format!("{}/", folder.display());
    lines
        .iter()
        .map(|line| reason(line).replace(&folder, ""))
        .collect()
}

const MISSING: &str = "/nowhere/helper";
const FAILS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/failing/fails");
const KILLED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/failing/killed");
const SLOW: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/failing/slow");

#[test]
fn missing_recognizer_ends_its_call() {
    let line = "cannot start recognize: No such file or directory (os error 2); check HELPERS";
    let targets = [MISSING, STAND_IN, STAND_IN];
    assert_eq!(lines_about("missing_recognizer", targets), [line, line]);
}

#[test]
fn failing_recognizer_ends_its_call() {
    let line = "recognize: exit status: 3: the model is missing";
    let targets = [FAILS, STAND_IN, STAND_IN];
    assert_eq!(lines_about("failing_recognizer", targets), [line, line]);
}

#[test]
fn killed_recognizer_ends_its_call() {
    let line = "recognize: signal: 9 (SIGKILL): no message; run it in a shell";
    let targets = [KILLED, STAND_IN, STAND_IN];
    assert_eq!(lines_about("killed_recognizer", targets), [line, line]);
}

#[test]
fn slow_recognizer_ends_its_call() {
    let line = "recognize: no answer in time; raise PATIENCE";
    let targets = [SLOW, STAND_IN, STAND_IN];
    assert_eq!(lines_about("slow_recognizer", targets), [line, line]);
}

#[test]
fn missing_synthesizer_ends_its_call() {
    let line = "cannot start speak: No such file or directory (os error 2); check HELPERS";
    let targets = [STAND_IN, MISSING, STAND_IN];
    assert_eq!(lines_about("missing_synthesizer", targets), [line, line]);
}

#[test]
fn synthesizer_without_a_wav_file_ends_its_call() {
    let lines = lines_about("no_wav", [STAND_IN, "/bin/cat", STAND_IN]);
    assert_eq!(lines.len(), 2);
    for line in lines {
        assert!(line.starts_with("speak: "), "{line}");
    }
}

#[test]
fn failing_result_program_ends_its_call() {
    let line = "leave_result: exit status: 3: the model is missing";
    let targets = [STAND_IN, STAND_IN, FAILS];
    assert_eq!(lines_about("failing_result", targets), [line, line]);
}
