//! The conversations, with stand-ins for the helper programs and with the real ones, at 8 and 16 kHz: what the bot has recognized,
//! every sample that the caller has heard, and where the bot has stopped.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::line::{Caller, Served, call, folder, link_stand_in, sound_of, speech};
use audiosocket::call::End;
use audiosocket::wire::SampleRate;
use voice_bot::{GREETING, STILL_THERE};

/// The helper programs, and the rate of the call.
struct Setting {
    recognizer: String,
    synthesizer: String,
    result: String,
    results: PathBuf,
    rate: SampleRate,
}

impl Setting {
    fn stand_ins(name: &str, rate: SampleRate) -> Setting {
        let folder = folder(&format!("{name}-{}", rate.hz()));
        Setting {
            recognizer: link_stand_in(&folder, "recognize"),
            synthesizer: link_stand_in(&folder, "speak"),
            result: link_stand_in(&folder, "leave_result"),
            results: folder,
            rate,
        }
    }

    /// The real helpers, unless one of them is not installed.
    fn real(name: &str, rate: SampleRate) -> Option<Setting> {
        let helpers = concat!(env!("CARGO_MANIFEST_DIR"), "/helpers");
        for (needed, program, argument) in [
            ("espeak-ng", "espeak-ng", "--version"),
            ("sox", "sox", "--version"),
            ("pocketsphinx", "python3", "-cimport pocketsphinx"),
        ] {
            let ran = Command::new(program).arg(argument).output();
            if !ran.is_ok_and(|output| output.status.success()) {
                println!("skipped: {needed} is not installed");
                return None;
            }
        }
        Some(Setting {
            recognizer: format!("{helpers}/recognize"),
            synthesizer: format!("{helpers}/speak"),
            ..Setting::stand_ins(&format!("real-{name}"), rate)
        })
    }

    fn speech(&self, text: &str) -> Vec<i16> {
        speech(&self.synthesizer, text, self.rate)
    }

    fn serve(&self, silence: &str) -> Served {
        let options = [
            ("--recognizer", &*self.recognizer),
            ("--synthesizer", &self.synthesizer),
            ("--result", &self.result),
            ("--patience", "30"),
            ("--silence", silence),
        ];
        Served::start(&options, &self.results)
    }

    /// Has a conversation in which the bot hangs up, and returns what the bot has printed. The caller must have heard every sample
    /// that the bot has played, and no other.
    #[track_caller]
    fn converse(&self, silence: &str, echo: f32, act: impl FnOnce(&mut Caller<'_>)) -> Vec<String> {
        let served = self.serve(silence);
        let over = call(&served, self.rate, echo, act);
        assert_eq!(over.end, Some(End::RemoteHangup), "{:#?}", over.log);
        assert_eq!(served.stop(0), [""; 0], "{:#?}", over.log);
        assert!(
            sound_of(&over.heard) == self.played(&over.log),
            "the caller heard something else: {:#?}",
            over.log
        );
        let result = std::fs::read_to_string(self.results.join(&over.uuid)).ok();
        over.log
            .into_iter()
            .chain(result.map(|result| format!("left: {result}")))
            .collect()
    }

    /// What the bot has played according to the lines that it has printed.
    fn played(&self, log: &[String]) -> Vec<i16> {
        let mut played = Vec::new();
        let (mut text, mut rest) = (Vec::new(), Vec::new());
        for line in log {
            let stopped = line
                .strip_suffix(" frames")
                .and_then(|line| line.split_once("after "));
            if let Some(said) = line.strip_prefix("plays: ") {
                text = self.speech(said);
            } else if let Some((_, frames)) = stopped {
                let count = frames.parse::<usize>().unwrap() * self.rate.samples_in(20);
                rest = text.split_off(count.min(text.len()));
                played.append(&mut text);
            } else if line == "goes on" {
                text = std::mem::take(&mut rest);
            } else if line.starts_with("played it") {
                played.append(&mut text);
            }
        }
        sound_of(&played)
    }
}

/// The printed lines, with the numbers of frames that depend on the moment left out.
fn told(log: &[String]) -> Vec<String> {
    let without_frames = |line: &String| match line.split_once(" after ") {
        Some((start, frames)) if frames.ends_with(" frames") => start.to_string(),
        _ => match line.starts_with("played it") {
            true => "played it".into(),
            false => line.clone(),
        },
    };
    log.iter().map(without_frames).collect()
}

fn plays(text: &str) -> String {
    format!("plays: {text}")
}

fn says_operator(setting: &Setting) {
    let log = setting.converse("3", 0.0, |caller| {
        caller.wait_for("played it");
        caller.say(&setting.speech("operator"));
        caller.wait_for("result: operator");
    });
    let expected = [
        &plays(GREETING),
        "played it",
        "recognized: operator",
        "plays: I connect you to the operator.",
        "played it",
        "result: operator",
        "left: operator",
    ];
    assert_eq!(told(&log), expected);
}

fn says_digits(setting: &Setting) {
    let log = setting.converse("3", 0.0, |caller| {
        caller.wait_for("played it");
        caller.say(&setting.speech("one two three"));
        caller.wait_for("played it");
        say_goodbye(setting, caller);
    });
    let expected = [
        &plays(GREETING),
        "played it",
        "recognized: one two three",
        "plays: You said one two three. What else?",
        "played it",
        "recognized: goodbye",
        "plays: Goodbye.",
        "played it",
    ];
    assert_eq!(told(&log), expected);
}

fn interrupts_by_voice(setting: &Setting) {
    let log = setting.converse("3", 0.0, |caller| {
        caller.wait_until_heard(setting.rate.hz() as usize);
        caller.say(&setting.speech("yes"));
        caller.wait_for("played it");
        say_goodbye(setting, caller);
    });
    let expected = [
        &plays(GREETING),
        "stopped by voice",
        "recognized: yes",
        "plays: You said yes. What else?",
        "played it",
        "recognized: goodbye",
        "plays: Goodbye.",
        "played it",
    ];
    assert_eq!(told(&log), expected);
}

fn interrupts_by_key(setting: &Setting) {
    let log = setting.converse("3", 0.0, |caller| {
        caller.wait_until_heard(setting.rate.hz() as usize);
        caller.press('5');
        caller.wait_for("played it");
        say_goodbye(setting, caller);
    });
    let expected = [
        &plays(GREETING),
        "stopped by key",
        "pressed: 5",
        "plays: You pressed 5. What else?",
        "played it",
        "recognized: goodbye",
        "plays: Goodbye.",
        "played it",
    ];
    assert_eq!(told(&log), expected);
}

fn returns_an_echo(setting: &Setting) {
    // 12 dB down.
    let log = setting.converse("30", 0.25, |caller| {
        caller.wait_for("played it");
        // The echo of the greeting's end has decayed.
        std::thread::sleep(Duration::from_millis(1100));
        say_goodbye(setting, caller);
    });
    let expected = [
        &plays(GREETING),
        "played it",
        "recognized: goodbye",
        "plays: Goodbye.",
        "played it",
    ];
    assert_eq!(told(&log), expected);
}

fn coughs(setting: &Setting) {
    let log = setting.converse("3", 0.0, |caller| {
        caller.wait_until_heard(setting.rate.hz() as usize);
        caller.say(&setting.speech("uh"));
        caller.wait_for("played it");
        say_goodbye(setting, caller);
    });
    let expected = [
        &plays(GREETING),
        "stopped by voice",
        "recognized no word",
        "goes on",
        "played it",
        "recognized: goodbye",
        "plays: Goodbye.",
        "played it",
    ];
    assert_eq!(told(&log), expected);
}

fn never_speaks(setting: &Setting) {
    let log = setting.converse("0.5", 0.0, |caller| {
        caller.wait_for("silence 3");
        caller.wait_for("played it");
    });
    let expected = [
        &plays(GREETING),
        "played it",
        "silence 1",
        &plays(STILL_THERE),
        "played it",
        "silence 2",
        &plays(STILL_THERE),
        "played it",
        "silence 3",
        "plays: I cannot hear you. Goodbye.",
        "played it",
    ];
    assert_eq!(told(&log), expected);
}

/// Ends a conversation, so that the bot hangs up.
fn say_goodbye(setting: &Setting, caller: &mut Caller<'_>) {
    caller.say(&setting.speech("goodbye"));
    caller.wait_for("plays: Goodbye");
    caller.wait_for("played it");
}

macro_rules! conversations {
    ($($name:ident)*) => {
        mod stand_ins_8_khz {
            $(#[test] fn $name() { super::$name(&super::Setting::stand_ins(stringify!($name), super::SampleRate::Hz8000)); })*
        }
        mod stand_ins_16_khz {
            $(#[test] fn $name() { super::$name(&super::Setting::stand_ins(stringify!($name), super::SampleRate::Hz16000)); })*
        }
        mod real_8_khz {
            $(#[test] fn $name() {
                if let Some(setting) = super::Setting::real(stringify!($name), super::SampleRate::Hz8000) { super::$name(&setting); }
            })*
        }
        mod real_16_khz {
            $(#[test] fn $name() {
                if let Some(setting) = super::Setting::real(stringify!($name), super::SampleRate::Hz16000) { super::$name(&setting); }
            })*
        }
    };
}

conversations! { says_operator says_digits interrupts_by_voice interrupts_by_key returns_an_echo coughs never_speaks }
