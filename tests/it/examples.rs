//! The examples, each as a process with a simulated Asterisk 22.10 on the line: what its caller hears, and that it takes no
//! offence. But for `test_your_server`, which is its own test, and `faulty_server`, whose faults are tried in `faults.rs`.

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

/// So long and nothing: the example is broken.
const PATIENCE: Duration = Duration::from_secs(30);

/// An example under way.
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

    /// Calls it. The caller performs, with a function that returns how many samples were received so far that are not silence, and
    /// hangs up when what was received is `enough`, unless the example hangs up before.
    #[track_caller]
    fn call(
        &self,
        perform: impl FnOnce(&mut SimulatedCaller, &dyn Fn() -> usize) + Send,
        enough: impl Fn(&Heard) -> bool,
    ) -> Heard {
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
        let heard = |end| Heard {
            samples: samples.lock().unwrap().clone(),
            end,
        };
        let (listener, caller) = asterisk.split();
        thread::scope(|scope| {
            let received = || heard(None).sound().len();
            let performing = scope.spawn(move || perform(caller, &received));
            let give_up = Instant::now() + PATIENCE;
            while listener.end().is_none() {
                listener.receive_until(Instant::now() + Duration::from_millis(20));
                if performing.is_finished() && enough(&heard(None)) {
                    break;
                }
                assert!(Instant::now() < give_up, "{:?}", listener.stats());
            }
        });
        let heard = heard(asterisk.end());
        assert_eq!(asterisk.hang_up(), [], "no Asterisk objects");
        heard
    }
}

/// Cargo builds the examples when it tests all, into a folder beside that of the tests; when it runs this test alone, it does
/// not.
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

/// What a caller has heard, and how the call ended if it was not the caller who hung up.
struct Heard {
    samples: Vec<i16>,
    end: Option<End>,
}

impl Heard {
    /// Without the silence in which it lies. What is said here has no sample of zero.
    fn sound(&self) -> Vec<i16> {
        self.samples.iter().copied().filter(|it| *it != 0).collect()
    }

    /// The server has sent the hangup frame, upon which the dialplan goes on.
    #[track_caller]
    fn assert_hung_up(&self) {
        assert_eq!(self.end, Some(End::RemoteHangup));
    }
}

/// So much of a sound in which every sample is another one than those near it, and none is zero.
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

fn say(caller: &mut SimulatedCaller, rate: SampleRate, samples: &[i16]) {
    for frame in samples.chunks(rate.samples_in(20)) {
        let mut bytes = vec![0; 2 * frame.len()];
        let audio = Audio::from_samples(rate, frame, &mut bytes).unwrap();
        // If the server has hung up, what was heard says so.
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

/// A second of 8 kHz, in whole frames.
const SECOND: usize = 8000;

#[test]
fn echo_says_back_what_the_caller_says() {
    let echo = Example::start("echo", &["127.0.0.1:0"]);
    let said = sound(SECOND);
    let heard = echo.call(
        |caller, _| say(caller, SampleRate::Hz8000, &said),
        |heard| heard.sound().len() >= said.len(),
    );
    assert_eq!(heard.sound(), said);
}

#[test]
fn two_threads_say_each_second_backwards() {
    let example = Example::start("two_threads", &["127.0.0.1:0"]);
    let mut said = sound(SECOND);
    let heard = example.call(
        |caller, _| say(caller, SampleRate::Hz8000, &said),
        |heard| heard.sound().len() >= SECOND,
    );
    said.reverse();
    assert_eq!(heard.sound(), said);
}

#[test]
fn the_announcement_is_said_whole_and_hung_up_behind() {
    let prompt = wav("announcement-whole.wav", SECOND);
    let example = Example::start("announcement", &[prompt.path(), "127.0.0.1:0"]);
    let heard = example.call(|_, _| {}, |_| false);
    assert_eq!(heard.sound(), sound(SECOND));
    heard.assert_hung_up();
}

#[test]
fn a_key_stops_the_announcement() {
    let prompt = wav("announcement-stopped.wav", 200 * SECOND);
    let mut example = Example::start("announcement", &[prompt.path(), "127.0.0.1:0"]);
    let heard = example.call(
        |caller, received| {
            while received() <= 320 {
                say(caller, SampleRate::Hz8000, &sound(160));
            }
            press(caller, "5");
        },
        |_| false,
    );
    heard.assert_hung_up();
    assert!(heard.sound().len() > 320, "it had started");
    assert_eq!(heard.sound(), sound(heard.sound().len()));
    assert!(example.line().contains("stopped it"));
}

#[test]
fn the_menu_collects_digits_up_to_the_hash() {
    let prompt = wav("menu.wav", 200 * SECOND);
    let mut example = Example::start("menu", &[prompt.path(), "127.0.0.1:0"]);
    let heard = example.call(|caller, _| press(caller, "40*2#"), |_| false);
    heard.assert_hung_up();
    assert!(example.line().ends_with(": 40*2"));
}

#[test]
fn the_recorder_records_both_sides() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recorder");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let mut example = Example::start("recorder", &[folder.to_str().unwrap(), "127.0.0.1:0"]);
    let said = sound(SECOND);
    let heard = example.call(
        |caller, _| {
            say(caller, SampleRate::Hz8000, &said);
            press(caller, "#");
        },
        |_| false,
    );
    heard.assert_hung_up();
    // The beep: 0.3 s, a quarter of whose samples are zero.
    assert_eq!(heard.sound().len(), 1800);

    let file = fs::read(example.line()).unwrap();
    let sides = |place| -> Vec<i16> {
        let pairs = file[44..].chunks_exact(4);
        let samples = pairs.map(|pair| i16::from_le_bytes([pair[place], pair[place + 1]]));
        samples.filter(|sample| *sample != 0).collect()
    };
    assert_eq!(sides(0), said);
    assert_eq!(sides(2), heard.sound());
}

// The programs behind the bridge are those of Unix, here and below.
#[cfg(unix)]
#[test]
fn the_bridge_hands_a_program_what_is_heard_and_says_what_it_writes() {
    let mut example = Example::start("bridge", &["127.0.0.1:0", "cat"]);
    let said = sound(SECOND);
    let heard = example.call(
        |caller, _| say(caller, SampleRate::Hz8000, &said),
        |heard| heard.sound().len() >= said.len(),
    );
    assert_eq!(heard.sound(), said);
    assert!(example.line().ends_with("exit status: 0, 0 frames missed"));
}

#[cfg(unix)]
#[test]
fn a_program_that_ends_ends_the_call_behind_its_last_word() {
    let mut example = Example::start("bridge", &["127.0.0.1:0", "head", "-c", "3200"]);
    let heard = example.call(
        |caller, _| say(caller, SampleRate::Hz8000, &sound(2 * SECOND)),
        |_| false,
    );
    assert_eq!(heard.sound(), sound(1600));
    heard.assert_hung_up();
    assert!(example.line().contains("exit status: 0"));
}

#[cfg(unix)]
#[test]
fn a_program_that_fails_at_once_ends_the_call() {
    for (program, what_happens) in [("false", "exit status: 1"), ("no/such/program", "")] {
        let mut example = Example::start("bridge", &["127.0.0.1:0", program]);
        let heard = example.call(|_, _| {}, |_| false);
        heard.assert_hung_up();
        if !what_happens.is_empty() {
            assert!(example.line().contains(what_happens));
        }
    }
}

// More than a pipe and the queue before it hold: 2 s at 192 kHz.
#[cfg(unix)]
#[test]
fn a_program_that_does_not_read_misses_what_is_said_and_is_killed() {
    let mut example = Example::start("bridge", &["127.0.0.1:0", "sleep", "1000"]);
    let rate = SampleRate::Hz192000;
    let heard = example.call(
        |caller, _| say(caller, rate, &sound(100 * rate.samples_in(20))),
        |_| true,
    );
    assert_eq!(heard.end, None);
    let line = example.line();
    assert!(line.contains("signal: 9"), "{line}");
    assert!(!line.contains(", 0 frames missed"), "{line}");
}

#[cfg(unix)]
#[test]
fn a_program_that_never_stops_writing_ends_with_the_call() {
    let mut example = Example::start("bridge", &["127.0.0.1:0", "yes"]);
    let heard = example.call(|_, _| {}, |heard| heard.sound().len() > SECOND);
    assert_eq!(heard.end, None);
    assert!(heard.sound().iter().all(|sample| *sample == 0x0a79));
    assert!(example.line().contains("over: signal: "));
}
