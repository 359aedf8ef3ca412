//! The programs that are compared: the detector, spandsp and multimon-ng.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use audiosocket::tone::{Detector, Signal};
use audiosocket::wire::{Digit, SampleRate};

/// The detector and the installed peers.
pub struct Listeners {
    folder: PathBuf,
    has_multimon: bool,
    spandsp: Option<PathBuf>,
}

/// The names of the columns.
pub const NAMES: [&str; 3] = ["the detector", "spandsp", "multimon-ng"];

const SPANDSP_SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/spandsp_digits.c");
const MULTIMON_HZ: u32 = 22_050;
const SPANDSP_HZ: u32 = 8000;

impl Listeners {
    /// Compiles the program for spandsp into the folder. Prints the reason if a peer is left out.
    pub fn new(folder: &Path) -> Listeners {
        let multimon = Command::new("multimon-ng")
            .arg("-h")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if multimon.is_err() {
            println!("multimon-ng is left out: not installed, try apt-get install multimon-ng");
        }
        let spandsp = folder.join("spandsp_digits");
        let compiled = Command::new("cc")
            .args(["-O2", "-o"])
            .arg(&spandsp)
            .args([SPANDSP_SOURCE, "-lspandsp"])
            .stderr(Stdio::null())
            .status();
        let is_compiled = compiled.is_ok_and(|status| status.success());
        if !is_compiled {
            println!(
                "spandsp is left out: {SPANDSP_SOURCE} does not compile, try apt-get install gcc libspandsp-dev"
            );
        }
        Listeners {
            folder: folder.to_path_buf(),
            has_multimon: multimon.is_ok(),
            spandsp: is_compiled.then_some(spandsp),
        }
    }

    /// The digits that each program detects, in the order of [`NAMES`]; `None` if the program is not installed.
    pub fn heard(&self, rate: SampleRate, samples: &[i16]) -> [Option<String>; 3] {
        [
            Some(detected(rate, samples)),
            self.spandsp(rate, samples),
            self.multimon(rate, samples),
        ]
    }

    pub fn multimon(&self, rate: SampleRate, samples: &[i16]) -> Option<String> {
        if !self.has_multimon {
            return None;
        }
        let file = self.folder.join("sound.raw");
        std::fs::write(&file, resampled(rate, samples, MULTIMON_HZ)).expect("room for a sound");
        let file = file.to_str().expect("a plain name");
        let lines = run("multimon-ng", &["-q", "-a", "DTMF", "-t", "raw", file], &[]);
        let lines = String::from_utf8_lossy(&lines);
        Some(
            lines
                .lines()
                .filter_map(|line| line.strip_prefix("DTMF: "))
                .collect(),
        )
    }

    fn spandsp(&self, rate: SampleRate, samples: &[i16]) -> Option<String> {
        let program = self.spandsp.as_ref()?.to_str().expect("a plain name");
        let digits = run(program, &[], &resampled(rate, samples, SPANDSP_HZ));
        Some(String::from_utf8_lossy(&digits).into_owned())
    }
}

/// Returns the digits that the detector reports.
pub fn detected(rate: SampleRate, samples: &[i16]) -> String {
    let mut detector = Detector::new(rate);
    let mut signals: Vec<Signal> = detector.feed(samples).collect();
    signals.extend(detector.finish());
    signals
        .iter()
        .filter(|signal| matches!(signal, Signal::Start { .. }))
        .map(|signal| signal.digit().to_char())
        .collect()
}

/// Returns a row of a table: the name, and `cell`'s text for the digits that each program detects.
pub fn row(
    name: &str,
    heard: impl IntoIterator<Item = Option<String>>,
    cell: impl Fn(&str) -> String,
) -> String {
    let cells = heard
        .into_iter()
        .map(|heard| heard.map_or(String::from("-"), |heard| cell(&heard)));
    format!("| {name} | {} |", cells.collect::<Vec<_>>().join(" | "))
}

pub fn all_digits(times: usize) -> String {
    let once: String = Digit::ALL.into_iter().map(Digit::to_char).collect();
    once.repeat(times)
}

/// Returns the number of digits detected in the right order: the length of the longest common subsequence.
pub fn common(heard: &str, made: &str) -> usize {
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

fn resampled(rate: SampleRate, samples: &[i16], hz: u32) -> Vec<u8> {
    let bytes: Vec<u8> = samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    if rate.hz() == hz {
        return bytes;
    }
    let (from, to) = (rate.hz().to_string(), hz.to_string());
    let raw = ["-t", "raw", "-e", "signed", "-b", "16", "-c", "1"];
    let arguments = [&raw[..], &["-r", &from, "-"], &raw, &["-r", &to, "-"]].concat();
    run("sox", &arguments, &bytes)
}

/// Returns the samples of a WAV file at this rate.
pub fn of_wav(wav: &[u8], rate: SampleRate) -> Vec<i16> {
    let hz = rate.hz().to_string();
    let raw = [
        "-r", &hz, "-e", "signed", "-b", "16", "-c", "1", "-t", "raw", "-",
    ];
    samples_of(&run("sox", &[&["-t", "wav", "-"][..], &raw].concat(), wav))
}

pub fn samples_of(raw: &[u8]) -> Vec<i16> {
    raw.chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect()
}

/// Runs a program and returns its standard output.
pub fn run(program: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
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
        // A program that does not need all of its input closes the pipe.
        scope.spawn(move || stdin.write_all(input).ok());
        child.wait_with_output().expect("an end").stdout
    })
}
