//! Each example runs as a process and receives a call from a simulated Asterisk 22.10. The tests check what the caller receives and
//! that no rule is violated. `test_your_server` is itself a test, and `faults.rs` tests the faults of `faulty_server`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::program::Program;
use crate::common::test_file::TestFile;
use crate::common::wav_file::WavFile;
use audiosocket::asterisk::Version;
use audiosocket::call::{Direction, End};
use audiosocket::simulator::{SimulatedAsterisk, SimulatedCaller};
use audiosocket::wire::{Audio, Digit, SampleRate};

/// If an example sends nothing for this long, it is broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running example.
struct Example(Program);

impl Example {
    #[track_caller]
    fn start(name: &str, arguments: &[&str]) -> Example {
        Example(Program::start(Command::new(program(name)).args(arguments)).unwrap())
    }

    #[track_caller]
    fn line(&mut self) -> String {
        self.0.lines.next().unwrap().unwrap()
    }

    /// Calls the example. `perform` controls the caller. It can ask how many samples other than silence were received so far. The
    /// caller hangs up when the samples received are `enough`, unless the example hangs up first.
    #[track_caller]
    fn call(
        &self,
        perform: impl FnOnce(&mut SimulatedCaller, &dyn Fn() -> usize) + Send,
        enough: impl Fn(&CallResult) -> bool,
    ) -> CallResult {
        let uuid = SimulatedAsterisk::random_uuid();
        let address = &self.0.address;
        let mut asterisk =
            SimulatedAsterisk::connect_judged(address, uuid, Version::REFERENCE).unwrap();
        let samples = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&samples);
        asterisk.set_audio_hook(move |direction, audio, _| {
            if direction == Direction::Received {
                noted.lock().unwrap().extend(audio.samples());
            }
        });
        let result = |end| CallResult {
            samples: samples.lock().unwrap().clone(),
            end,
        };
        let (listener, caller) = asterisk.split();
        thread::scope(|scope| {
            let received = || result(None).sound().len();
            let performing = scope.spawn(move || perform(caller, &received));
            let give_up = Instant::now() + PATIENCE;
            while listener.end().is_none() {
                listener.receive_until(Instant::now() + Duration::from_millis(20));
                if performing.is_finished() && enough(&result(None)) {
                    break;
                }
                assert!(Instant::now() < give_up, "{:?}", listener.stats());
            }
        });
        let result = result(asterisk.end());
        assert_eq!(asterisk.hang_up(), [], "Asterisk reports no violation");
        result
    }
}

/// Cargo builds the examples when it builds all tests, into a folder beside the tests' folder. It does not when it runs this test
/// alone.
#[track_caller]
fn program(name: &str) -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    let program = this.ancestors().nth(2).unwrap().join("examples").join(file);
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("examples/{name}.rs"));
    let changed = |path: &Path| fs::metadata(path).and_then(|it| it.modified()).ok();
    assert!(
        changed(&program) >= changed(&source),
        "{name} has not been built as it is now: cargo build --examples"
    );
    program
}

/// What a caller received, and how the call ended if the caller did not hang up.
struct CallResult {
    samples: Vec<i16>,
    end: Option<End>,
}

impl CallResult {
    /// The samples without the surrounding silence. The audio in these tests has no zero sample.
    fn sound(&self) -> Vec<i16> {
        self.samples.iter().copied().filter(|it| *it != 0).collect()
    }

    /// The server has sent the hangup frame, so the dialplan continues.
    #[track_caller]
    fn assert_hung_up(&self) {
        assert_eq!(self.end, Some(End::RemoteHangup));
    }
}

/// The first samples of a sound in which no sample is zero or equal to its neighbours.
fn sound(samples: usize) -> Vec<i16> {
    (1..=30_000).cycle().take(samples).collect()
}

fn wav(name: &str, samples: usize) -> TestFile {
    let audio = sound(samples).into_iter().flat_map(i16::to_le_bytes);
    let file = WavFile {
        audio: audio.collect(),
        ..WavFile::default()
    };
    TestFile::new(name, &file.bytes())
}

fn send_audio(caller: &mut SimulatedCaller, rate: SampleRate, samples: &[i16]) {
    for frame in samples.chunks(rate.samples_in(20)) {
        let mut bytes = vec![0; 2 * frame.len()];
        let audio = Audio::from_samples(rate, frame, &mut bytes).unwrap();
        // If the server hung up, `end` shows it.
        let _ = caller.send_frame(audio);
    }
}

fn press(caller: &mut SimulatedCaller, digits: &str) {
    for digit in digits.chars() {
        let digit = Digit::try_from(digit).unwrap();
        caller.press(digit, Duration::from_millis(100)).unwrap();
        caller.keep_silent(Duration::from_millis(40));
    }
}

/// One second at 8 kHz, in whole frames.
const SECOND: usize = 8000;

#[test]
fn echo_example_returns_the_audio() {
    let echo = Example::start("echo", &["127.0.0.1:0"]);
    let sent = sound(SECOND);
    let result = echo.call(
        |caller, _| send_audio(caller, SampleRate::Hz8000, &sent),
        |result| result.sound().len() >= sent.len(),
    );
    assert_eq!(result.sound(), sent);
}

#[test]
fn two_threads_example_reverses_each_second() {
    let example = Example::start("two_threads", &["127.0.0.1:0"]);
    let mut sent = sound(SECOND);
    let result = example.call(
        |caller, _| send_audio(caller, SampleRate::Hz8000, &sent),
        |result| result.sound().len() >= SECOND,
    );
    sent.reverse();
    assert_eq!(result.sound(), sent);
}

#[test]
fn announcement_plays_whole_and_hangs_up() {
    let prompt = wav("announcement-whole.wav", SECOND);
    let example = Example::start("announcement", &[prompt.path(), "127.0.0.1:0"]);
    let result = example.call(|_, _| {}, |_| false);
    assert_eq!(result.sound(), sound(SECOND));
    result.assert_hung_up();
}

#[test]
fn key_stops_the_announcement() {
    let prompt = wav("announcement-stopped.wav", 200 * SECOND);
    let mut example = Example::start("announcement", &[prompt.path(), "127.0.0.1:0"]);
    let result = example.call(
        |caller, received| {
            while received() <= 320 {
                send_audio(caller, SampleRate::Hz8000, &sound(160));
            }
            press(caller, "5");
        },
        |_| false,
    );
    result.assert_hung_up();
    assert!(result.sound().len() > 320, "it had started");
    assert_eq!(result.sound(), sound(result.sound().len()));
    assert!(example.line().contains("stopped it"));
}

#[test]
fn menu_collects_digits_up_to_the_hash() {
    let prompt = wav("menu.wav", 200 * SECOND);
    let mut example = Example::start("menu", &[prompt.path(), "127.0.0.1:0"]);
    let result = example.call(|caller, _| press(caller, "40*2#"), |_| false);
    result.assert_hung_up();
    assert!(example.line().ends_with(": 40*2"));
}

#[test]
fn recorder_records_both_sides() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recorder");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let mut example = Example::start("recorder", &[folder.to_str().unwrap(), "127.0.0.1:0"]);
    let sent = sound(SECOND);
    let result = example.call(
        |caller, _| {
            send_audio(caller, SampleRate::Hz8000, &sent);
            press(caller, "#");
        },
        |_| false,
    );
    result.assert_hung_up();
    // The beep of 0.3 s. A quarter of its samples are zero.
    assert_eq!(result.sound().len(), 1800);

    let file = fs::read(example.line()).unwrap();
    let sides = |place| -> Vec<i16> {
        let pairs = file[44..].chunks_exact(4);
        let samples = pairs.map(|pair| i16::from_le_bytes([pair[place], pair[place + 1]]));
        samples.filter(|sample| *sample != 0).collect()
    };
    assert_eq!(sides(0), sent);
    assert_eq!(sides(2), result.sound());
}

#[test]
fn voicemail_keeps_the_second_message() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("voicemail");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let greeting = wav("greeting.wav", SECOND / 5);
    let arguments = [greeting.path(), folder.to_str().unwrap(), "127.0.0.1:0"];
    let mut example = Example::start("voicemail", &arguments);
    let (first, second) = (sound(SECOND), sound(SECOND / 2));
    let result = example.call(
        |caller, received| {
            let mut expected = 0;
            for (message, answer) in [(&first, "2"), (&second, "1")] {
                expected += SECOND / 5;
                wait_for_samples(caller, received, expected);
                send_audio(caller, SampleRate::Hz8000, message);
                press(caller, "#");
                expected += message.len();
                wait_for_samples(caller, received, expected);
                press(caller, answer);
            }
        },
        |_| false,
    );
    result.assert_hung_up();
    let greeting = sound(SECOND / 5);
    let expected = [&greeting[..], &first, &greeting, &second].concat();
    assert_eq!(result.sound(), expected);

    let path = example.line();
    let file = fs::read(&path).unwrap();
    let left: Vec<i16> = file[44..]
        .chunks_exact(4)
        .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
        .filter(|sample| *sample != 0)
        .collect();
    assert_eq!(left, second);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "one is kept");
}

/// Stays silent until `count` samples other than silence were received.
fn wait_for_samples(caller: &mut SimulatedCaller, received: &dyn Fn() -> usize, count: usize) {
    let give_up = Instant::now() + PATIENCE;
    while received() < count {
        assert!(Instant::now() < give_up, "{} of {count}", received());
        caller.keep_silent(Duration::from_millis(10));
    }
}

// The programs behind the bridge are those of Unix, here and below.
#[cfg(unix)]
#[test]
fn bridge_carries_audio_to_and_from_a_program() {
    let mut example = Example::start("bridge", &["127.0.0.1:0", "cat"]);
    let sent = sound(SECOND);
    let result = example.call(
        |caller, _| send_audio(caller, SampleRate::Hz8000, &sent),
        |result| result.sound().len() >= sent.len(),
    );
    assert_eq!(result.sound(), sent);
    assert!(example.line().ends_with("exit status: 0, 0 frames missed"));
}

#[cfg(unix)]
#[test]
fn bridge_plays_all_audio_after_its_program_ends() {
    let mut example = Example::start("bridge", &["127.0.0.1:0", "head", "-c", "3200"]);
    let result = example.call(
        |caller, _| send_audio(caller, SampleRate::Hz8000, &sound(2 * SECOND)),
        |_| false,
    );
    assert_eq!(result.sound(), sound(1600));
    result.assert_hung_up();
    assert!(example.line().contains("exit status: 0"));
}

#[cfg(unix)]
#[test]
fn bridge_ends_the_call_if_its_program_fails() {
    for (program, what_happens) in [("false", "exit status: 1"), ("no/such/program", "")] {
        let mut example = Example::start("bridge", &["127.0.0.1:0", program]);
        let result = example.call(|_, _| {}, |_| false);
        result.assert_hung_up();
        if !what_happens.is_empty() {
            assert!(example.line().contains(what_happens));
        }
    }
}

// More than a pipe and its queue hold: 2 s at 192 kHz.
#[cfg(unix)]
#[test]
fn bridge_kills_a_program_that_does_not_read() {
    let mut example = Example::start("bridge", &["127.0.0.1:0", "sleep", "1000"]);
    let rate = SampleRate::Hz192000;
    let result = example.call(
        |caller, _| send_audio(caller, rate, &sound(100 * rate.samples_in(20))),
        |_| true,
    );
    assert_eq!(result.end, None);
    let line = example.line();
    assert!(line.contains("signal: 9"), "{line}");
    assert!(!line.contains(", 0 frames missed"), "{line}");
}

#[cfg(unix)]
#[test]
fn bridge_ends_an_endless_program_with_the_call() {
    let mut example = Example::start("bridge", &["127.0.0.1:0", "yes"]);
    let result = example.call(|_, _| {}, |result| result.sound().len() > SECOND);
    assert_eq!(result.end, None);
    assert!(result.sound().iter().all(|sample| *sample == 0x0a79));
    assert!(example.line().contains("over: signal: "));
}
