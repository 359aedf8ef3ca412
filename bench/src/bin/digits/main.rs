//! Digits as sound, compared with programs that share no code with this library: spandsp and multimon-ng detect them, sox makes
//! them, and espeak-ng speaks. `cargo run --release --bin digits`, after
//! `apt-get install gcc libspandsp-dev multimon-ng sox espeak-ng`
//!
//! Prints tables: `limits` of ITU-T Q.24, faults of real `lines`, digits `over-speech`, and `speech` without digits. An argument
//! selects one of them; WAV files after `speech` are scanned too. Exits with 1 if the detector is wrong in a row of `lines`.

use std::path::PathBuf;
use std::process::ExitCode;

use audiosocket::tone::Generator;
use audiosocket::wire::{Digit, SampleRate};

use listeners::{Listeners, all_digits, common, detected, run, samples_of};

mod limits;
mod lines;
mod listeners;
#[path = "../../../../tests/it/tones/sound.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod sound;
mod speech;

fn main() -> ExitCode {
    let folder = std::env::temp_dir().join(format!("digits-{}", std::process::id()));
    std::fs::create_dir(&folder).expect("a folder for sounds");
    let listeners = Listeners::new(&folder);
    let mut arguments = std::env::args_os().skip(1);
    let part = arguments.next();
    let is_chosen = |name| part.as_ref().is_none_or(|part| part == name);
    let files: Vec<PathBuf> = arguments.map(PathBuf::from).collect();
    if is_chosen("limits") {
        generator_against_multimon(&listeners);
        detector_against_sox();
        limits::limits(&listeners);
    }
    let is_right = !is_chosen("lines") || lines::lines(&listeners);
    if is_chosen("over-speech") {
        lines::over_speech(&listeners);
    }
    if is_chosen("speech") {
        speech::speech(&listeners, &files);
    }
    std::fs::remove_dir_all(&folder).expect("the folder was made here");
    if is_right {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn generator_against_multimon(listeners: &Listeners) {
    let mut read = 0;
    for &rate in SampleRate::ALL {
        let samples: Vec<i16> = Generator::new(rate).digits(Digit::ALL).collect();
        let Some(heard) = listeners.multimon(rate, &samples) else {
            return;
        };
        read += common(&heard, &all_digits(1));
    }
    println!("the generator's digits, 16 at each of 9 rates: multimon-ng detects {read} of 144");
}

fn detector_against_sox() {
    let mut right = 0;
    for &rate in SampleRate::ALL {
        for digit in Digit::ALL {
            right += usize::from(detected(rate, &soxs(rate, digit)) == digit.to_string());
        }
    }
    println!("sox's digits, 16 at each of 9 rates: the detector detects {right} of 144");
}

/// 100 ms of two sines from sox, in silence.
fn soxs(rate: SampleRate, digit: Digit) -> Vec<i16> {
    let key = Digit::ALL.iter().position(|key| *key == digit);
    let key = key.expect("one of the sixteen");
    let raw = run(
        "sox",
        &[
            "-n",
            "-r",
            &rate.hz().to_string(),
            "-b",
            "16",
            "-c",
            "1",
            "-t",
            "raw",
            "-",
            "synth",
            "0.1",
            "sine",
            &sound::ROWS[key / 4].to_string(),
            "sine",
            &sound::COLUMNS[key % 4].to_string(),
            "remix",
            "-",
            "gain",
            "-6",
            "pad",
            "0.1",
            "0.1",
        ],
        &[],
    );
    samples_of(&raw)
}
