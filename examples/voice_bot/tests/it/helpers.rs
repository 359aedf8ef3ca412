//! A helper program that is missing, dies or is too slow ends its own call, with one line.

use crate::line::{Served, call, folder, link_stand_in, speech};
use audiosocket::call::End;
use audiosocket::wire::SampleRate;

/// Has two calls fail because of a helper, and returns the line that the bot has printed about each of them.
#[track_caller]
fn lines_about(test: &str, option: &str, helper: &str) -> Vec<String> {
    let folder = folder(test);
    let link = |name| link_stand_in(&folder, name);
    let helper = match helper {
        "missing" => "/nowhere/helper".into(),
        name => link(name),
    };
    let speak = link("speak");
    let served = Served::start(
        &[
            ("--recognizer", &link("recognize")),
            ("--synthesizer", &speak),
            ("--result", &link("leave_result")),
            ("--patience", "2"),
            ("--silence", "30"),
            (option, &helper),
        ],
        &folder,
    );
    for _ in 0..2 {
        let over = call(&served, SampleRate::Hz8000, 0.0, |caller| {
            if option != "--synthesizer" {
                caller.wait_for("played it");
                caller.say(&speech(&speak, "operator", SampleRate::Hz8000));
            }
        });
        assert_eq!(over.end, Some(End::RemoteHangup), "{:?}", over.log);
    }
    let errors = served.stop(2);
    let reason = |line: &str| {
        line.split_once("failed: ")
            .map(|(_, reason)| reason.to_string())
    };
    let folder = format!("{}/", folder.display());
    errors
        .iter()
        .map(|line| reason(line).unwrap_or(line.clone()).replace(&folder, ""))
        .collect()
}

#[test]
fn missing_recognizer_ends_its_call() {
    let line = "recognizer /nowhere/helper: cannot start: No such file or directory (os error 2)";
    assert_eq!(
        lines_about("missing_recognizer", "--recognizer", "missing"),
        [line, line]
    );
}

#[test]
fn failing_recognizer_ends_its_call() {
    let line = "recognizer failing: exit status: 3: the model is missing";
    assert_eq!(
        lines_about("failing_recognizer", "--recognizer", "failing"),
        [line, line]
    );
}

#[test]
fn killed_recognizer_ends_its_call() {
    let line = "recognizer killed: signal: 9 (SIGKILL): no message";
    assert_eq!(
        lines_about("killed_recognizer", "--recognizer", "killed"),
        [line, line]
    );
}

#[test]
fn slow_recognizer_ends_its_call() {
    let line = "recognizer slow: no answer within 2s";
    assert_eq!(
        lines_about("slow_recognizer", "--recognizer", "slow"),
        [line, line]
    );
}

#[test]
fn missing_synthesizer_ends_its_call() {
    let line = "synthesizer /nowhere/helper: cannot start: No such file or directory (os error 2)";
    assert_eq!(
        lines_about("missing_synthesizer", "--synthesizer", "missing"),
        [line, line]
    );
}

#[test]
fn synthesizer_without_a_wav_file_ends_its_call() {
    let lines = lines_about("no_wav", "--synthesizer", "recognize");
    assert_eq!(lines.len(), 2);
    for line in lines {
        assert!(line.starts_with("synthesizer recognize: "), "{line}");
    }
}

#[test]
fn failing_result_program_ends_its_call() {
    let line = "result program failing: exit status: 3: the model is missing";
    assert_eq!(
        lines_about("failing_result", "--result", "failing"),
        [line, line]
    );
}
