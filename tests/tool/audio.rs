//! The audio that the tool plays and records: WAV files.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use audiosocket::call::End;
use audiosocket::simulator::SimulatedAsterisk;
use audiosocket::tone::Generator;
use audiosocket::wire::{Audio, Digit, Message, SampleRate, Uuid};

use crate::common::small_disk::SmallDisk;
use crate::common::tool::{Serving, audiosocket, field, run, stderr, stdout};
use crate::common::wav_file::WavFile;

const UUID: Uuid = Uuid::from_bytes(*b"sixteen bytes it");

/// A folder that is deleted with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A WAV file, built without the library.
fn wav(channels: u16, hz: u32, samples: &[i16]) -> Vec<u8> {
    let file = WavFile {
        channels,
        hz,
        audio: samples
            .iter()
            .flat_map(|sample| sample.to_le_bytes())
            .collect(),
        ..WavFile::default()
    };
    file.bytes()
}

/// Both sides of a recording and its rate. Fails if its header counts more than the file has.
#[track_caller]
fn sides(path: &str) -> (Vec<i16>, Vec<i16>, u32) {
    let bytes = fs::read(path).unwrap();
    let number = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let (hz, len) = (number(24), number(40) as usize);
    assert!(bytes.len() >= 44 + len, "{path}: {len} of {}", bytes.len());
    let samples: Vec<i16> = bytes[44..44 + len]
        .chunks_exact(2)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    assert!(
        bytes.starts_with(&wav(2, hz, &samples)),
        "the header of {path}"
    );
    let side = |first: usize| samples.iter().skip(first).step_by(2).copied().collect();
    (side(0), side(1), hz)
}

/// The samples of a side other than silence. A recording also has silence where a stalled machine was more than 60 ms late.
fn without_silence(side: &[i16]) -> Vec<i16> {
    side.iter().copied().filter(|sample| *sample != 0).collect()
}

/// Samples without a zero, each different from its neighbours.
fn speech(count: i32) -> Vec<i16> {
    (0..count).map(|place| (place % 8001 + 1) as i16).collect()
}

#[test]
fn serve_plays_a_file_at_its_rate_and_hangs_up() {
    let folder = Folder::new("play");
    // Longer than the pieces in which it is queued, and not a whole number of frames.
    let played = speech(16_000 * 11 + 7);
    fs::write(folder.path("speech.wav"), wav(1, 16_000, &played)).unwrap();
    let serving = Serving::start(&[
        "--play",
        &folder.path("speech.wav"),
        "--calls",
        "1",
        "--json",
    ]);
    let mut asterisk = SimulatedAsterisk::connect(&serving.address, UUID).unwrap();
    let mut received = Vec::new();
    while let Some(event) = asterisk.receive() {
        let audio = event.audio().unwrap();
        if audio.rate() == SampleRate::Hz16000 {
            assert_eq!(audio.samples().len(), 320);
            received.extend(audio.samples());
        }
    }
    assert_eq!(asterisk.end(), Some(End::RemoteHangup));
    assert_eq!(received.len(), 320 * 551);
    assert!(received[played.len()..].iter().all(|sample| *sample == 0));
    received.truncate(played.len());
    assert!(received == played, "altered");
    asterisk.hang_up();
    let lines = serving.finish();
    assert_eq!(field(lines.last().unwrap(), "reason"), "local-hangup");
}

#[test]
fn both_ends_record_and_overwrite_nothing() {
    let folder = Folder::new("record");
    let played = speech(8_000);
    fs::write(folder.path("speech.wav"), wav(1, 8_000, &played)).unwrap();
    let calls = folder.path("new/calls");
    let serving = Serving::start(&["--echo", "--calls", "2", "--record", &calls]);
    for name in ["first.wav", "second.wav"] {
        let output = run(&[
            "call",
            &serving.address,
            "--uuid",
            &UUID.to_string(),
            "--play",
            &folder.path("speech.wav"),
            "--record",
            &folder.path(name),
        ]);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let again = run(&["call", "127.0.0.1:1", "--record", &folder.path("first.wav")]);
    assert_eq!(again.status.code(), Some(1));
    let error = stderr(&again);
    assert!(
        error.contains("first.wav': the file exists: choose another name"),
        "{error}"
    );

    serving.finish();
    for path in [
        format!("{calls}/{UUID}.wav"),
        format!("{calls}/{UUID}-2.wav"),
        folder.path("first.wav"),
        folder.path("second.wav"),
    ] {
        let (left, right, hz) = sides(&path);
        assert_eq!(hz, 8_000);
        assert!(without_silence(&left) == played, "the caller in {path}");
        assert!(without_silence(&right) == played, "the echo in {path}");
    }
}

#[test]
fn recording_has_the_higher_rate_of_its_sides() {
    let folder = Folder::new("rates");
    fs::write(folder.path("speech.wav"), wav(1, 16_000, &speech(8_000))).unwrap();
    let serving = Serving::start(&[
        "--play",
        &folder.path("speech.wav"),
        "--calls",
        "1",
        "--record",
        &folder.path("calls"),
    ]);
    let output = run(&[
        "call",
        &serving.address,
        "--uuid",
        &UUID.to_string(),
        "--seconds",
        "1",
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    serving.finish();
    let (_, right, hz) = sides(&folder.path(&format!("calls/{UUID}.wav")));
    assert_eq!(hz, 16_000);
    assert!(without_silence(&right) == speech(8_000));
}

#[test]
fn recording_is_whole_when_the_server_is_killed() {
    let folder = Folder::new("killed");
    let mut serving = Serving::start(&["--silence", "--record", &folder.path("calls")]);
    let mut asterisk = SimulatedAsterisk::connect(&serving.address, UUID).unwrap();
    let path = folder.path(&format!("calls/{UUID}.wav"));
    let mut received = 0;
    let mut len = 0;
    // Receives until a second has been recorded.
    while len < 44 + 8_000 * 4 {
        assert!(
            asterisk
                .receive()
                .is_some_and(|event| event.audio().is_some())
        );
        received += 1;
        len = fs::metadata(&path).map_or(0, |file| file.len());
        assert!(received < 1000, "20 s, and {len} bytes recorded");
    }
    let mut child = serving.child.take().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    let (left, right, _) = sides(&path);
    assert!(left.len() >= 8_000 && left.len() == right.len());
}

#[test]
fn full_disk_ends_the_recording_and_not_the_call() {
    let folder = Folder::new("full");
    let Some(_disk) = SmallDisk::mount(&folder.0) else {
        return;
    };
    let mut serving = Serving::start(&[
        "--silence",
        "--calls",
        "1",
        "--hang-up-after",
        "3",
        "--record",
        &folder.path("calls"),
    ]);
    let mut asterisk = SimulatedAsterisk::connect(&serving.address, UUID).unwrap();
    let mut received = 0;
    while let Some(event) = asterisk.receive() {
        received += usize::from(event.audio().is_some());
    }
    assert_eq!(asterisk.end(), Some(End::RemoteHangup));
    assert!(received > 100, "{received} frames in 3 s");
    asterisk.hang_up();
    let output = serving.child.take().unwrap().wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let error = stderr(&output);
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(
        error.contains("stopped: cannot write: No space left on device"),
        "{error}"
    );
    // The part that exists can be played.
    sides(&folder.path(&format!("calls/{UUID}.wav")));
}

#[test]
fn unplayable_file_is_refused_with_the_remedy() {
    let folder = Folder::new("refused");
    for (name, bytes, complaint) in [
        (
            "stereo.wav",
            wav(2, 44_100, &[1, 2]),
            "is stereo, 16-bit, 44100 Hz; convert it: sox ",
        ),
        (
            "22.wav",
            wav(1, 22_050, &[1, 2]),
            "is mono, 16-bit, 22050 Hz; convert it: sox ",
        ),
        ("text.wav", b"hello".to_vec(), "is not a WAV file"),
        (
            "cut.wav",
            wav(1, 8_000, &[1, 2])[..46].to_vec(),
            "convert the audio that it has: sox ",
        ),
    ] {
        let path = folder.path(name);
        fs::write(&path, bytes).unwrap();
        for command in [
            &["serve", "--play", &path][..],
            &["call", "127.0.0.1:1", "--play", &path],
        ] {
            let output = run(command);
            assert_eq!(output.status.code(), Some(1), "{name}");
            assert_eq!(stdout(&output), "");
            let error = stderr(&output);
            assert!(error.contains(complaint), "{error}");
            assert_eq!(error.lines().count(), 1, "{error}");
        }
    }
    let path = folder.path("speech.wav");
    fs::write(&path, wav(1, 16_000, &[1, 2])).unwrap();
    let output = run(&["call", "127.0.0.1:1", "--rate", "8000", "--play", &path]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("--rate is 8000 Hz, but "),
        "{}",
        stderr(&output)
    );
}

#[test]
fn call_lasts_one_second_longer_than_its_file() {
    let folder = Folder::new("length");
    fs::write(folder.path("speech.wav"), wav(1, 8_000, &speech(8_000))).unwrap();
    let serving = Serving::start(&["--echo", "--calls", "1"]);
    let mut call = audiosocket(&["call", &serving.address, "--json", "--dtmf", "5", "--play"]);
    let output = call.arg(folder.path("speech.wav")).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    let summary = text.lines().last().unwrap();
    // A second of the file, the digit, and a second of silence.
    assert_eq!(field(summary, "frames_sent"), "101");
    serving.finish();
}

#[test]
fn nothing_waits_for_a_recording_that_was_never_made() {
    let folder = Folder::new("short");
    let serving = Serving::start(&["--echo", "--calls", "1", "--record", &folder.path("calls")]);
    SimulatedAsterisk::connect(&serving.address, UUID)
        .unwrap()
        .hang_up();
    serving.finish();
    // Shorter than the time in which the tool looks for a rate, but a call.
    let (left, _, hz) = sides(&folder.path(&format!("calls/{UUID}.wav")));
    assert_eq!(hz, 8_000);
    assert!(Duration::from_secs(1) > Duration::from_micros(left.len() as u64 * 125));
}

#[test]
fn echo_returns_digits_in_the_chosen_dialect() {
    for (dialect, expected) in [
        (
            "start-stop",
            &[("start", "1"), ("stop", "1"), ("start", "#"), ("stop", "#")][..],
        ),
        ("asterisk", &[]),
    ] {
        let serving = Serving::start(&["--echo", "--dialect", dialect, "--calls", "1"]);
        let output = run(&[
            "call",
            &serving.address,
            "--json",
            "--dialect",
            dialect,
            "--dtmf",
            "1#",
        ]);
        assert!(output.status.success(), "{}", stderr(&output));
        let text = stdout(&output);
        let signals: Vec<(&str, &str)> = text
            .lines()
            .filter(|line| field(line, "event") == "dtmf")
            .map(|line| (field(line, "signal"), field(line, "digit")))
            .collect();
        assert_eq!(signals, expected);
        serving.finish();
    }
}

#[test]
fn inspect_finds_digits_in_audio_with_times() {
    let folder = Folder::new("tones");
    let mut stream = Vec::new();
    for rate in [SampleRate::Hz8000, SampleRate::Hz16000] {
        let digits = "4#".chars().map(|digit| Digit::try_from(digit).unwrap());
        let samples: Vec<i16> = vec![0; rate.samples_in(200)]
            .into_iter()
            .chain(Generator::new(rate).digits(digits))
            .collect();
        for frame in samples.chunks(rate.samples_in(20)) {
            let mut buffer = [0; 640];
            let audio = Audio::from_samples(rate, frame, &mut buffer).unwrap();
            let mut encoded = [0; 643];
            stream.extend_from_slice(Message::Audio(audio).encode(&mut encoded).unwrap());
        }
    }
    fs::write(folder.path("tones.bin"), &stream).unwrap();

    let output = run(&["inspect", "--json", &folder.path("tones.bin")]);
    let text = stdout(&output);
    let tones: Vec<(&str, f64)> = text
        .lines()
        .filter(|line| field(line, "event") == "tone")
        .map(|line| {
            let duration: f64 = field(line, "duration_ms").parse().unwrap();
            assert!((95.0..=105.0).contains(&duration), "{line}");
            (field(line, "digit"), field(line, "at_ms").parse().unwrap())
        })
        .collect();
    assert_eq!(tones.len(), 4, "{text}");
    for ((digit, at_ms), (expected, expected_at)) in
        tones
            .into_iter()
            .zip([("4", 200.0), ("#", 400.0), ("4", 800.0), ("#", 1000.0)])
    {
        assert_eq!(digit, expected);
        assert!((at_ms - expected_at).abs() < 5.0, "{digit} at {at_ms} ms");
    }

    let text = stdout(&run(&["inspect", &folder.path("tones.bin")]));
    assert_eq!(text.matches("  tone     digit ").count(), 4, "{text}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 60),
        "{text}"
    );
}
