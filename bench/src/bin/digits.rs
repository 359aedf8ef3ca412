//! Digits as sound, against programs that know nothing of this library: multimon-ng hears them, sox makes them, and espeak-ng
//! speaks. `cargo run --release --bin digits`, after `apt-get install multimon-ng sox espeak-ng`
//!
//! Prints two tables: what of each limit of ITU-T Q.24 is heard, and what of speech is taken for digits. WAV files of 16 bits
//! that are named on the command line are listened to as well, as speech.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use audiosocket::tone::{Detector, Generator, Signal};
use audiosocket::wire::{Digit, SampleRate};
use sound::{Pair, Sound};

#[path = "../../../tests/it/tones/sound.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod sound;

/// How often each digit is tried in each case.
const TIMES: usize = 20;
/// What multimon-ng wants.
const MULTIMON_HZ: &str = "22050";
const VOICES: [&str; 6] = [
    "en-us+f2", "en-us+f4", "en-us+m1", "en-us+m7", "de+f2", "fr+m3",
];

fn main() {
    let folder = std::env::temp_dir().join(format!("digits-{}", std::process::id()));
    std::fs::create_dir(&folder).expect("a folder for sounds");
    generator_against_multimon(&folder);
    detector_against_sox();
    limits(&folder);
    speech(&folder);
    std::fs::remove_dir_all(&folder).expect("the folder was made here");
}

fn generator_against_multimon(folder: &Path) {
    let mut read = 0;
    for &rate in SampleRate::ALL {
        let samples: Vec<i16> = Generator::new(rate).digits(Digit::ALL).collect();
        read += common(&multimon(folder, rate, &samples), &all_digits(1));
    }
    println!("the generator's digits, 16 at each of 9 rates: multimon-ng reads {read} of 144");
}

fn detector_against_sox() {
    let mut heard = 0;
    for &rate in SampleRate::ALL {
        for digit in Digit::ALL {
            heard += usize::from(ours(rate, &soxs(rate, digit)) == digit.to_string());
        }
    }
    println!("sox's digits, 16 at each of 9 rates: the detector hears {heard} of 144");
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
    raw.chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}

struct Case {
    name: &'static str,
    /// What has to be heard, or must not be; nobody says of the rest.
    should: Option<bool>,
    /// Of both tones, in decibels of 0 dBm0, and how far off they are.
    levels: (f64, f64),
    off: (f64, f64),
    ms: f64,
    pause_ms: f64,
    noise_below: Option<f64>,
}

const PLAIN: Case = Case {
    name: "100 ms, -10 dBm0",
    should: Some(true),
    levels: (-10.0, -10.0),
    off: (0.0, 0.0),
    ms: 100.0,
    pause_ms: 100.0,
    noise_below: None,
};

const CASES: [Case; 22] = [
    PLAIN,
    Case {
        name: "both tones 1.5 % too high",
        off: (0.015, 0.015),
        ..PLAIN
    },
    Case {
        name: "both tones 1.5 % too low",
        off: (-0.015, -0.015),
        ..PLAIN
    },
    Case {
        name: "low tone 3.5 % too high",
        should: Some(false),
        off: (0.035, 0.0),
        ..PLAIN
    },
    Case {
        name: "low tone 3.5 % too low",
        should: Some(false),
        off: (-0.035, 0.0),
        ..PLAIN
    },
    Case {
        name: "high tone 3.5 % too high",
        should: Some(false),
        off: (0.0, 0.035),
        ..PLAIN
    },
    Case {
        name: "high tone 3.5 % too low",
        should: Some(false),
        off: (0.0, -0.035),
        ..PLAIN
    },
    Case {
        name: "40 ms of tone, 40 ms of pause",
        ms: 40.0,
        pause_ms: 40.0,
        ..PLAIN
    },
    Case {
        name: "23 ms of tone",
        should: Some(false),
        ms: 23.0,
        ..PLAIN
    },
    Case {
        name: "0 dBm0, clipped",
        levels: (0.0, 0.0),
        ..PLAIN
    },
    Case {
        name: "-25 dBm0",
        levels: (-25.0, -25.0),
        ..PLAIN
    },
    Case {
        name: "-29 dBm0",
        should: Some(false),
        levels: (-29.0, -29.0),
        ..PLAIN
    },
    Case {
        name: "-55 dBm0",
        should: Some(false),
        levels: (-55.0, -55.0),
        ..PLAIN
    },
    Case {
        name: "high tone 4 dB louder",
        levels: (-12.0, -8.0),
        ..PLAIN
    },
    Case {
        name: "high tone 8 dB weaker",
        levels: (-8.0, -16.0),
        ..PLAIN
    },
    Case {
        name: "high tone 6 dB louder",
        should: None,
        levels: (-14.0, -8.0),
        ..PLAIN
    },
    Case {
        name: "high tone 10 dB weaker",
        should: None,
        levels: (-8.0, -18.0),
        ..PLAIN
    },
    Case {
        name: "noise 15 dB below",
        noise_below: Some(15.0),
        ..PLAIN
    },
    Case {
        name: "noise 15 dB below, 40 ms",
        noise_below: Some(15.0),
        ms: 40.0,
        pause_ms: 40.0,
        ..PLAIN
    },
    Case {
        name: "noise 15 dB below, high tone 8 dB weaker, both 1.5 % off",
        off: (0.015, -0.015),
        levels: (-8.0, -16.0),
        noise_below: Some(15.0),
        ..PLAIN
    },
    Case {
        name: "noise 10 dB below",
        should: None,
        noise_below: Some(10.0),
        ..PLAIN
    },
    Case {
        name: "noise 10 dB below, 40 ms",
        should: None,
        noise_below: Some(10.0),
        ms: 40.0,
        pause_ms: 40.0,
        ..PLAIN
    },
];

fn limits(folder: &Path) {
    let all = 16 * TIMES;
    println!(
        "\n| digits at 8 kHz, {all} in each case | should be heard | the detector hears | also | multimon-ng hears | also |"
    );
    println!("|---|---|---|---|---|---|");
    for case in &CASES {
        let mut sound = Sound::new(SampleRate::Hz8000, 1).silence(100.0);
        for time in 0..TIMES {
            for digit in Digit::ALL {
                let (low_dbm0, high_dbm0) = case.levels;
                let (low_off, high_off) = case.off;
                let pair = Pair {
                    digit,
                    low_dbm0,
                    high_dbm0,
                    low_off,
                    high_off,
                };
                // Not always at the same place with regard to any grid of time.
                let later = time as f64 * 0.71;
                sound = sound.pair(pair, case.ms).silence(case.pause_ms + later);
            }
        }
        if let Some(decibels) = case.noise_below {
            let (low_dbm0, high_dbm0) = case.levels;
            let pair = Pair {
                low_dbm0,
                high_dbm0,
                ..Pair::of(Digit::ALL[0], 0.0)
            };
            sound = sound.noise_below(pair, decibels);
        }
        let samples = sound.samples();
        let heard = [
            ours(sound.rate, &samples),
            multimon(folder, sound.rate, &samples),
        ];
        let [ours, multimons] = heard.map(|heard| {
            let right = common(&heard, &all_digits(TIMES));
            format!("{right} | {}", heard.len() - right)
        });
        let should = case
            .should
            .map_or("", |should| if should { "all" } else { "none" });
        println!("| {} | {should} | {ours} | {multimons} |", case.name);
    }
}

fn speech(folder: &Path) {
    println!("\n| speech | minutes | digits, the detector | digits, multimon-ng |");
    println!("|---|---|---|---|");
    let text = include_str!("../../../README.md").repeat(4);
    for voice in VOICES {
        let spoken = run(
            "espeak-ng",
            &["-v", voice, "--stdout", "--stdin"],
            text.as_bytes(),
        );
        report(folder, voice, &[at_8_khz(&spoken)]);
    }
    let files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if !files.is_empty() {
        let sounds: Vec<Vec<i16>> = files
            .iter()
            .map(|file| at_8_khz(&std::fs::read(file).expect("a file that can be read")))
            .collect();
        report(folder, &format!("{} files", files.len()), &sounds);
    }
}

fn report(folder: &Path, name: &str, sounds: &[Vec<i16>]) {
    let rate = SampleRate::Hz8000;
    let samples: usize = sounds.iter().map(Vec::len).sum();
    let minutes = samples as f64 / f64::from(rate.hz()) / 60.0;
    let heard = |hear: &dyn Fn(&[i16]) -> String| -> usize {
        sounds.iter().map(|sound| hear(sound).len()).sum()
    };
    let by_ours = heard(&|sound| ours(rate, sound));
    let by_multimon = heard(&|sound| multimon(folder, rate, sound));
    println!("| {name} | {minutes:.1} | {by_ours} | {by_multimon} |");
}

fn ours(rate: SampleRate, samples: &[i16]) -> String {
    let mut detector = Detector::new(rate);
    let mut signals: Vec<Signal> = detector.feed(samples).collect();
    signals.extend(detector.finish());
    signals
        .iter()
        .filter(|signal| matches!(signal, Signal::Start { .. }))
        .map(|signal| signal.digit().to_char())
        .collect()
}

fn multimon(folder: &Path, rate: SampleRate, samples: &[i16]) -> String {
    let bytes: Vec<u8> = samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    let rate = rate.hz().to_string();
    let raw = [
        "-t", "raw", "-r", &rate, "-e", "signed", "-b", "16", "-c", "1", "-",
    ];
    let resampled = [
        "-t",
        "raw",
        "-r",
        MULTIMON_HZ,
        "-e",
        "signed",
        "-b",
        "16",
        "-",
    ];
    let resampled = run("sox", &[&raw[..], &resampled].concat(), &bytes);
    let file = folder.join("sound.raw");
    std::fs::write(&file, resampled).expect("room for a sound");
    let file = file.to_str().expect("a plain name");
    let lines = run("multimon-ng", &["-q", "-a", "DTMF", "-t", "raw", file], &[]);
    String::from_utf8_lossy(&lines)
        .lines()
        .filter_map(|line| line.strip_prefix("DTMF: "))
        .collect()
}

fn at_8_khz(wav: &[u8]) -> Vec<i16> {
    let raw = [
        "-r", "8000", "-e", "signed", "-b", "16", "-c", "1", "-t", "raw", "-",
    ];
    let raw = run("sox", &[&["-t", "wav", "-"][..], &raw].concat(), wav);
    raw.chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}

/// What the program writes to its standard output.
fn run(program: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    use std::io::Write;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} has to be installed: {error}"));
    let mut stdin = child.stdin.take().expect("a pipe");
    std::thread::scope(|scope| {
        // A program that needs no input, or not all of it, closes the pipe.
        scope.spawn(move || stdin.write_all(input).ok());
        child.wait_with_output().expect("an end").stdout
    })
}

fn all_digits(times: usize) -> String {
    let once: String = Digit::ALL.into_iter().map(Digit::to_char).collect();
    once.repeat(times)
}

/// How many digits of both are the same, in order: their longest common subsequence.
fn common(heard: &str, made: &str) -> usize {
    let made = made.as_bytes();
    let mut lengths = vec![0; made.len() + 1];
    for code in heard.bytes() {
        let mut diagonal = 0;
        for (index, other) in made.iter().enumerate() {
            let above = lengths[index + 1];
            lengths[index + 1] = if code == *other {
                diagonal + 1
            } else {
                above.max(lengths[index])
            };
            diagonal = above;
        }
    }
    lengths[made.len()]
}
