//! A recognizer, a synthesizer and a result program for the tests, chosen by the name of the link that starts it.
//!
//! A word is a vowel with a pitch of its own, so the recognizer has to receive each word whole to recognize it.

use std::env::Args;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use audiosocket::resample::Resampler;
use audiosocket::wire::SampleRate;

const RATE: usize = 16_000;
const WORD: usize = 4800;
const PAUSE: usize = 1600;

/// The words of the callers, with the period of their pitch in samples of 16 kHz. All others have the period of the bot.
const WORDS: [(&str, usize); 8] = [
    ("uh", 70),
    ("yes", 78),
    ("no", 87),
    ("operator", 97),
    ("goodbye", 108),
    ("one", 120),
    ("two", 134),
    ("three", 149),
];
const BOT: usize = 166;

fn main() {
    let mut arguments = std::env::args();
    let program = PathBuf::from(arguments.next().unwrap());
    let name = program.file_name().unwrap();
    let timed = program.with_file_name("timed").join(name);
    if timed.exists() {
        return time(&timed, arguments);
    }
    match name.to_str().unwrap() {
        "recognize" => recognize(program.parent().unwrap()),
        "speak" => speak(arguments.next().unwrap().parse().unwrap()),
        // Leaves the result in a file beside the link.
        "leave_result" => {
            let call = program.with_file_name(arguments.next().unwrap());
            std::fs::write(call, arguments.next().unwrap()).unwrap();
        }
        name => panic!("'{name}' is not a helper"),
    }
}

/// Runs another helper, and notes beside it when its input and its run ended.
fn time(helper: &Path, arguments: Args) {
    let mut child = Command::new(helper)
        .args(arguments)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = Vec::new();
    std::io::stdin().read_to_end(&mut input).unwrap();
    let asked = SystemTime::now();
    child.stdin.take().unwrap().write_all(&input).unwrap();
    let status = child.wait().unwrap();
    let answered = SystemTime::now();
    let mut notes = OpenOptions::new()
        .create(true)
        .append(true)
        .open(helper.with_extension("times"))
        .unwrap();
    let [asked, answered] = [asked, answered].map(|it| it.duration_since(UNIX_EPOCH).unwrap());
    writeln!(notes, "{} {}", asked.as_micros(), answered.as_micros()).unwrap();
    std::process::exit(status.code().unwrap());
}

fn speak(hz: u32) {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).unwrap();
    let mut samples = Vec::new();
    for word in text.split_whitespace() {
        let known = WORDS.iter().find(|(name, _)| *name == word);
        samples.extend(vowel(known.map_or(BOT, |(_, period)| *period)));
        samples.extend([0; PAUSE]);
    }
    let rate = SampleRate::from_hz(hz).unwrap();
    let mut resampler = Resampler::new(SampleRate::Hz16000, rate);
    let samples: Vec<i16> = resampler.feed(samples).collect();
    let len = samples.len() as u32 * 2;
    let mut wav = Vec::new();
    wav.extend(b"RIFF");
    wav.extend((len + 36).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(hz.to_le_bytes());
    wav.extend((hz * 2).to_le_bytes());
    wav.extend(b"\x02\0\x10\0data");
    wav.extend(len.to_le_bytes());
    wav.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    std::io::stdout().write_all(&wav).unwrap();
}

/// Pulses of this period through the formants of an open vowel, rising and falling.
fn vowel(period: usize) -> Vec<i16> {
    let mut sound: Vec<f64> = (0..WORD)
        .map(|n| f64::from(u8::from(n % period == 0)))
        .collect();
    for (formant, bandwidth) in [(700.0, 80.0), (1220.0, 90.0), (2600.0, 120.0)] {
        let turn = std::f64::consts::TAU / RATE as f64;
        let radius = (-turn / 2.0 * bandwidth).exp();
        let (mut last, mut before) = (0.0, 0.0);
        for sample in &mut sound {
            let now =
                *sample + 2.0 * radius * (turn * formant).cos() * last - radius * radius * before;
            (before, last) = (last, now);
            *sample = now;
        }
    }
    let peak = sound
        .iter()
        .fold(1.0, |peak: f64, sample| peak.max(sample.abs()));
    let envelope = |n: usize| (std::f64::consts::PI * n as f64 / WORD as f64).sin().sqrt();
    sound
        .iter()
        .enumerate()
        .map(|(n, sample)| (sample / peak * envelope(n) * 16_000.0) as i16)
        .collect()
}

/// In a folder with the file `slow`, the first recognizer answers after the second one.
fn recognize(folder: &Path) {
    let is_slow = std::fs::rename(folder.join("slow"), folder.join("waits")).is_ok();
    let mut bytes = Vec::new();
    std::io::stdin().read_to_end(&mut bytes).unwrap();
    let samples: Vec<f64> = bytes
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]).into())
        .collect();
    // 20 ms each, loud or not.
    let loud: Vec<bool> = samples
        .chunks(320)
        .map(|piece| piece.iter().map(|sample| sample.abs()).sum::<f64>() > 320.0 * 500.0)
        .collect();
    let mut words = Vec::new();
    let mut place = 0;
    while let Some(start) = loud[place..]
        .iter()
        .position(|loud| *loud)
        .map(|count| place + count)
    {
        let end = loud[start..]
            .iter()
            .position(|loud| !loud)
            .map_or(loud.len(), |count| start + count);
        // At least 0.2 s of the 0.3 s of a word.
        if end - start >= 10 {
            let middle = (start + end) / 2 * 320;
            words.push(word_of(
                &samples[middle - 1280..(middle + 1280).min(samples.len())],
            ));
        }
        place = end;
    }
    words.retain(|word| *word != "uh");
    while is_slow && !folder.join("answered").exists() {
        thread::sleep(Duration::from_millis(10));
    }
    println!("{}", words.join(" "));
    std::fs::write(folder.join("answered"), "").unwrap();
}

/// The word whose period fits best.
fn word_of(samples: &[f64]) -> &'static str {
    let likeness = |period: usize| -> f64 {
        samples
            .iter()
            .zip(&samples[period..])
            .map(|(one, other)| one * other)
            .sum()
    };
    let fits =
        |(_, period): &&(&str, usize)| (period - 1..=period + 1).map(likeness).fold(0.0, f64::max);
    WORDS
        .iter()
        .max_by(|one, other| fits(one).total_cmp(&fits(other)))
        .unwrap()
        .0
}
