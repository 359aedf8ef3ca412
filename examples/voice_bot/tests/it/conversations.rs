//! The conversations, with stand-ins for the helpers and with the real ones, at 8 and 16 kHz: what the bot has recognized, every
//! sample that the caller has heard, and where the bot has stopped.

use std::path::PathBuf;

use crate::line::{
    Caller, Line, REAL_RECOGNIZE, REAL_SPEAK, STAND_IN, Served, call, helpers, sound_of, speech,
};
use audiosocket::call::End;
use audiosocket::wire::{Digit, SampleRate};

/// The folder of the helpers, and the rate of the call.
struct Setting {
    helpers: PathBuf,
    rate: SampleRate,
}

impl Setting {
    fn stand_ins(name: &str, rate: SampleRate) -> Setting {
        let name = format!("{name}-{}", rate.hz());
        Setting {
            helpers: helpers(&name, [STAND_IN; 3]),
            rate,
        }
    }

    fn real(name: &str, rate: SampleRate) -> Setting {
        let name = format!("real-{name}-{}", rate.hz());
        Setting {
            helpers: helpers(&name, [REAL_RECOGNIZE, REAL_SPEAK, STAND_IN]),
            rate,
        }
    }

    fn speech(&self, text: &str) -> Vec<i16> {
        speech(&self.helpers, text, self.rate)
    }

    /// Has a conversation in which the bot hangs up, and returns what the bot has printed. The caller must have heard every sample
    /// that the bot has played, and no other.
    #[track_caller]
    fn converse(
        &self,
        silence: &str,
        line: impl Into<Line>,
        act: impl FnOnce(&mut Caller<'_>),
    ) -> Vec<String> {
        let served = Served::start(&self.helpers, silence, "30");
        let over = call(&served, line, act);
        assert_eq!(over.end, Some(End::RemoteHangup), "{:#?}", over.log);
        assert_eq!(served.stop(0), [""; 0], "{:#?}", over.log);
        assert!(
            sound_of(&over.heard) == self.played(&over.log),
            "the caller heard something else: {:#?}",
            over.log
        );
        let result = std::fs::read_to_string(self.helpers.join(&over.uuid)).ok();
        over.log
            .into_iter()
            .chain(result.map(|result| format!("left: {result}")))
            .collect()
    }

    /// What the bot has played according to the lines that it has printed.
    fn played(&self, log: &[String]) -> Vec<i16> {
        let frame = self.rate.samples_in(20);
        let mut played = Vec::new();
        let (mut text, mut rest) = (Vec::new(), Vec::new());
        for line in log {
            if let Some(said) = line.strip_prefix("plays: ") {
                text = self.speech(said);
            } else if let Some((_, seconds)) = interruption(line) {
                // Whole frames were sent.
                let left = seconds * f64::from(self.rate.hz());
                let frames = ((text.len() as f64 - left) / frame as f64).round();
                rest = text.split_off((frames as usize * frame).min(text.len()));
                played.append(&mut text);
            } else if line == "goes on" {
                text = std::mem::take(&mut rest);
            } else if line == "listens" || line.starts_with("result: ") {
                played.append(&mut text);
            }
        }
        sound_of(&played)
    }
}

/// Returns the reason of an interruption, and how many seconds were not played.
fn interruption(line: &str) -> Option<(&str, f64)> {
    let (reason, left) = line.strip_prefix("stopped by ")?.split_once(", ")?;
    Some((reason, left.strip_suffix(" s left")?.parse().ok()?))
}

/// The printed lines, without the seconds, which depend on the moment.
fn told(log: &[String]) -> Vec<String> {
    let without_seconds = |line: &String| match interruption(line) {
        Some((reason, _)) => format!("stopped by {reason}"),
        None => line.clone(),
    };
    log.iter().map(without_seconds).collect()
}

const GREETING: &str = "plays: Hello. Say yes, no, operator, goodbye, or digits.";
const STILL_THERE: &str = "plays: Are you still there?";

/// The lines at the end of each conversation in which the caller says goodbye.
const GOODBYE: [&str; 4] = [
    "recognized: 'goodbye'",
    "plays: Goodbye.",
    "result: goodbye",
    "left: goodbye",
];

/// Longer than any conversation needs.
const NEVER: &str = "60";

fn says_operator(setting: &Setting) {
    let log = setting.converse(NEVER, setting.rate, |caller| {
        caller.wait_for("listens");
        caller.say(&setting.speech("operator"));
        caller.wait_for("result: operator");
    });
    let expected = [
        GREETING,
        "listens",
        "recognized: 'operator'",
        "plays: I connect you to the operator.",
        "result: operator",
        "left: operator",
    ];
    assert_eq!(told(&log), expected);
}

fn says_digits(setting: &Setting) {
    let log = setting.converse(NEVER, setting.rate, |caller| {
        caller.wait_for("listens");
        caller.say(&setting.speech("one two three"));
        caller.wait_for("listens");
        say_goodbye(setting, caller);
    });
    let expected = [
        GREETING,
        "listens",
        "recognized: 'one two three'",
        "plays: You chose one two three. What else?",
        "listens",
    ];
    assert_eq!(told(&log), [&expected[..], &GOODBYE].concat());
}

fn interrupts_by_voice(setting: &Setting) {
    let log = setting.converse(NEVER, setting.rate, |caller| {
        caller.wait_until_heard(setting.rate.hz() as usize);
        caller.say(&setting.speech("yes"));
        caller.wait_for("listens");
        say_goodbye(setting, caller);
    });
    let expected = [
        GREETING,
        "stopped by voice",
        "recognized: 'yes'",
        "plays: You chose yes. What else?",
        "listens",
    ];
    assert_eq!(told(&log), [&expected[..], &GOODBYE].concat());
}

fn interrupts_by_key(setting: &Setting) {
    let log = setting.converse(NEVER, setting.rate, |caller| {
        caller.wait_until_heard(setting.rate.hz() as usize);
        caller.press('5');
        caller.wait_for("listens");
        say_goodbye(setting, caller);
    });
    let expected = [
        GREETING,
        "stopped by key",
        "pressed: 5",
        "plays: You chose 5. What else?",
        "listens",
    ];
    assert_eq!(told(&log), [&expected[..], &GOODBYE].concat());
}

fn presses_a_key_first(setting: &Setting) {
    let line = Line {
        first_key: Digit::try_from('5').ok(),
        ..setting.rate.into()
    };
    let log = setting.converse(NEVER, line, |caller| {
        caller.wait_for("listens");
        say_goodbye(setting, caller);
    });
    let expected = [
        GREETING,
        "pressed: 5",
        "plays: You chose 5. What else?",
        "listens",
    ];
    assert_eq!(told(&log), [&expected[..], &GOODBYE].concat());
}

fn returns_an_echo(setting: &Setting) {
    // 12 dB down.
    let line = Line {
        echo: 0.25,
        ..setting.rate.into()
    };
    let log = setting.converse(NEVER, line, |caller| {
        caller.wait_for("listens");
        // A caller who speaks within a second of the bot has to be louder than the echo.
        caller.say(&vec![0; setting.rate.samples_in(1100)]);
        say_goodbye(setting, caller);
    });
    let expected = [GREETING, "listens"];
    assert_eq!(told(&log), [&expected[..], &GOODBYE].concat());
}

fn coughs(setting: &Setting) {
    let log = setting.converse(NEVER, setting.rate, |caller| {
        caller.wait_until_heard(setting.rate.hz() as usize);
        caller.say(&setting.speech("uh"));
        caller.wait_for("listens");
        say_goodbye(setting, caller);
    });
    let expected = [
        GREETING,
        "stopped by voice",
        "recognized: ''",
        "goes on",
        "listens",
    ];
    assert_eq!(told(&log), [&expected[..], &GOODBYE].concat());
}

fn suppresses_silence(setting: &Setting) {
    let line = Line {
        suppresses_silence: true,
        ..setting.rate.into()
    };
    let log = setting.converse(NEVER, line, |caller| {
        caller.wait_for("listens");
        say_goodbye(setting, caller);
    });
    assert_eq!(told(&log), [&[GREETING, "listens"][..], &GOODBYE].concat());
}

fn never_speaks(setting: &Setting) {
    let log = setting.converse("0.5", setting.rate, |caller| {
        caller.wait_for("result: silence")
    });
    let expected = [
        GREETING,
        "listens",
        "silence",
        STILL_THERE,
        "listens",
        "silence",
        STILL_THERE,
        "listens",
        "silence",
        "plays: I cannot hear you. Goodbye.",
        "result: silence",
        "left: silence",
    ];
    assert_eq!(told(&log), expected);
}

/// Says two words after the greeting, or during it. The recognizer of the first one answers after the other recognizer.
#[track_caller]
fn says_two_words(test: &str, words: [&str; 2], greeted: bool, expected: &[&str]) {
    let setting = Setting::stand_ins(test, SampleRate::Hz8000);
    std::fs::write(setting.helpers.join("slow"), "").unwrap();
    let log = setting.converse(NEVER, setting.rate, |caller| {
        if greeted {
            caller.wait_for("listens");
        } else {
            caller.wait_until_heard(setting.rate.hz() as usize);
        }
        caller.say(&setting.speech(words[0]));
        // Longer than the pause that ends speech.
        caller.say(&vec![0; setting.rate.samples_in(800)]);
        caller.say(&setting.speech(words[1]));
        caller.wait_for("listens");
        say_goodbye(&setting, caller);
    });
    assert_eq!(told(&log), [expected, &GOODBYE].concat());
}

#[test]
fn second_speech_before_an_answer_loses_no_words() {
    let expected = [
        GREETING,
        "listens",
        "recognized: 'yes'",
        "plays: You chose yes. What else?",
        "recognized: 'one'",
        "plays: You chose one. What else?",
        "listens",
    ];
    says_two_words("two_words", ["yes", "one"], true, &expected);
}

#[test]
fn playback_after_two_coughs_goes_on_once() {
    let expected = [
        GREETING,
        "stopped by voice",
        "recognized: ''",
        "recognized: ''",
        "goes on",
        "listens",
    ];
    says_two_words("two_coughs", ["uh", "uh"], false, &expected);
}

/// Ends a conversation, so that the bot hangs up.
fn say_goodbye(setting: &Setting, caller: &mut Caller<'_>) {
    caller.say(&setting.speech("goodbye"));
    caller.wait_for("result: goodbye");
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
            $(
                #[test]
                #[ignore = "with the real helpers: cargo test -- --ignored conversations"]
                fn $name() { super::$name(&super::Setting::real(stringify!($name), super::SampleRate::Hz8000)); }
            )*
        }
        mod real_16_khz {
            $(
                #[test]
                #[ignore = "with the real helpers: cargo test -- --ignored conversations"]
                fn $name() { super::$name(&super::Setting::real(stringify!($name), super::SampleRate::Hz16000)); }
            )*
        }
    };
}

conversations! { says_operator says_digits interrupts_by_voice interrupts_by_key presses_a_key_first returns_an_echo
suppresses_silence coughs never_speaks }
