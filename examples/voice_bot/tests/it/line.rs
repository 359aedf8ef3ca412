//! The bot as a program, and a caller who talks to it through a simulated Asterisk.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use audiosocket::asterisk::{Rules, Version};
use audiosocket::call::{Direction, End};
use audiosocket::simulator::{SimulatedAsterisk, SimulatedCaller};
use audiosocket::wav::Wav;
use audiosocket::wire::{Audio, Digit, SampleRate, Uuid};

/// After this time without what a test waits for, the test fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The bot, listening on a port of its own.
pub struct Served {
    child: Child,
    pub address: String,
    lines: Receiver<String>,
    errors: Receiver<String>,
    seen_errors: RefCell<Vec<String>>,
}

impl Served {
    /// Starts the bot with the helpers of a folder, and these seconds as its limits.
    pub fn start(helpers: &Path, silence: &str, patience: &str) -> Served {
        let mut child = Command::new(env!("CARGO_BIN_EXE_voice_bot"))
            .arg("127.0.0.1:0")
            .arg(helpers)
            .args([silence, patience])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = lines_of(child.stdout.take().unwrap());
        let errors = lines_of(child.stderr.take().unwrap());
        let first = lines.recv_timeout(PATIENCE).unwrap();
        let address = first.strip_prefix("listening on ").unwrap().into();
        Served {
            child,
            address,
            lines,
            errors,
            seen_errors: RefCell::default(),
        }
    }

    /// Returns the line on the bot's standard error about a call.
    fn error_of(&self, uuid: Uuid) -> Option<String> {
        let mut seen = self.seen_errors.borrow_mut();
        seen.extend(self.errors.try_iter());
        let mut errors = seen.iter();
        errors
            .find(|line| line.contains(&uuid.to_string()))
            .cloned()
    }

    /// Waits until the bot has written this many lines to its standard error, stops it, and returns all of them.
    pub fn stop(mut self, count: usize) -> Vec<String> {
        let mut lines = self.seen_errors.take();
        let missing = count.saturating_sub(lines.len());
        lines.extend((0..missing).map_while(|_| self.errors.recv_timeout(PATIENCE).ok()));
        self.child.kill().unwrap();
        lines.extend(self.errors.iter());
        lines
    }
}

/// Reads lines on a thread of its own.
fn lines_of(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        let mut lines = BufReader::new(pipe).lines().map_while(Result::ok);
        lines.all(|line| sender.send(line).is_ok())
    });
    lines
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

enum Act {
    Say(Vec<i16>),
    Press(Digit),
}

/// What a caller does, and what the bot prints meanwhile.
pub struct Caller<'a> {
    acts: Sender<Act>,
    served: &'a Served,
    uuid: Uuid,
    heard: &'a Mutex<Vec<i16>>,
    pub log: Vec<String>,
}

impl Caller<'_> {
    pub fn say(&self, speech: &[i16]) {
        self.acts.send(Act::Say(speech.into())).unwrap();
    }

    pub fn press(&self, digit: char) {
        self.acts
            .send(Act::Press(Digit::try_from(digit).unwrap()))
            .unwrap();
    }

    /// Waits for a line of the bot that starts like this, without the UUID.
    #[track_caller]
    pub fn wait_for(&mut self, start: &str) {
        let give_up = Instant::now() + PATIENCE;
        loop {
            if let Ok(line) = self.served.lines.recv_timeout(Duration::from_millis(100)) {
                let line = line.split_once(' ').unwrap().1.to_string();
                let found = line.starts_with(start);
                self.log.push(line);
                if found {
                    return;
                }
            } else if let Some(error) = self.served.error_of(self.uuid) {
                panic!("{error}");
            } else if Instant::now() > give_up {
                panic!("no line '{start}' after {:#?}", self.log);
            }
        }
    }

    /// Waits until the caller has heard this many samples that are not zero.
    pub fn wait_until_heard(&self, count: usize) {
        let give_up = Instant::now() + PATIENCE;
        while sound_of(&self.heard.lock().unwrap()).len() < count {
            assert!(
                Instant::now() < give_up,
                "the caller does not hear {count} samples: {:?}",
                self.log
            );
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// The caller's line.
#[derive(Clone, Copy)]
pub struct Line {
    pub rate: SampleRate,
    /// The line returns what the caller hears, multiplied by this.
    pub echo: f32,
    /// The line sends nothing instead of silence, after one frame, which shows the rate of the call.
    pub suppresses_silence: bool,
    /// The caller presses this key ahead of the first audio.
    pub first_key: Option<Digit>,
}

impl From<SampleRate> for Line {
    fn from(rate: SampleRate) -> Line {
        Line {
            rate,
            echo: 0.0,
            suppresses_silence: false,
            first_key: None,
        }
    }
}

/// A call that is over.
pub struct Over {
    pub log: Vec<String>,
    pub heard: Vec<i16>,
    /// The frames in which there was sound, with the times at which they were sent or received.
    pub sounds: Vec<(Direction, Instant)>,
    pub end: Option<End>,
    pub uuid: String,
}

/// Calls the bot. When `act` has ended, the call goes on until the bot hangs up.
pub fn call(served: &Served, line: impl Into<Line>, act: impl FnOnce(&mut Caller<'_>)) -> Over {
    let line = line.into();
    let rate = line.rate;
    let uuid = SimulatedAsterisk::random_uuid();
    let mut rules = Rules::from(Version::REFERENCE);
    if rate != SampleRate::Hz8000 {
        rules = rules.in_channel_driver();
    }
    let mut asterisk = SimulatedAsterisk::connect_judged(&*served.address, uuid, rules).unwrap();
    let heard = Mutex::new(Vec::new());
    let received = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&received);
    let sounds = Arc::new(Mutex::new(Vec::new()));
    let noted_sounds = Arc::clone(&sounds);
    asterisk.set_audio_hook(move |direction, audio, at| {
        if audio.samples().any(is_sound) {
            noted_sounds.lock().unwrap().push((direction, at));
        }
        // The frame of silence at the start can be of another rate.
        if direction == Direction::Received && audio.rate() == rate {
            noted.lock().unwrap().extend(audio.samples());
        }
    });
    let (receiver, caller) = asterisk.split();
    let (acts, performed) = channel();
    let mut caller_of_test = Caller {
        acts,
        served,
        uuid,
        heard: &heard,
        log: Vec::new(),
    };
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let over = &over;
        let received = &received;
        let heard = &heard;
        scope.spawn(move || perform(caller, line, &performed, received, heard, over));
        let receiving = scope.spawn(move || {
            let _over = SetOnDrop(over);
            let tick = || Instant::now() + Duration::from_millis(100);
            let give_up = Instant::now() + PATIENCE * 2;
            while receiver.receive_until(tick()).is_some() {
                if over.load(Ordering::Relaxed) || Instant::now() > give_up {
                    break;
                }
            }
        });
        // If the test fails, the other threads end.
        let _over = SetOnDrop(over);
        act(&mut caller_of_test);
        receiving.join().unwrap();
        caller_of_test.log.extend(
            served
                .lines
                .try_iter()
                .map(|line| line.split_once(' ').unwrap().1.to_string()),
        );
    });
    let log = caller_of_test.log;
    let end = asterisk.end();
    assert_eq!(asterisk.hang_up(), [], "{log:#?}");
    let mut heard = heard.into_inner().unwrap();
    heard.extend(received.lock().unwrap().iter());
    let sounds = sounds.lock().unwrap().clone();
    Over {
        log,
        heard,
        sounds,
        end,
        uuid: uuid.to_string(),
    }
}

struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Sends a frame every 20 ms until the call is over.
fn perform(
    caller: &mut SimulatedCaller,
    line: Line,
    acts: &Receiver<Act>,
    received: &Mutex<Vec<i16>>,
    heard: &Mutex<Vec<i16>>,
    over: &AtomicBool,
) {
    let len = line.rate.samples_in(20);
    let (mut speech, mut echoes) = (VecDeque::new(), VecDeque::new());
    let mut has_sent = false;
    if let Some(digit) = line.first_key {
        let _ = caller.press(digit, Duration::from_millis(100));
    }
    loop {
        for act in acts.try_iter() {
            match act {
                Act::Say(samples) => speech.extend(samples),
                Act::Press(digit) => {
                    if caller.press(digit, Duration::from_millis(100)).is_err() {
                        return;
                    }
                }
            }
        }
        let new = std::mem::take(&mut *received.lock().unwrap());
        echoes.extend(
            new.iter()
                .map(|sample| (f32::from(*sample) * line.echo) as i16),
        );
        heard.lock().unwrap().extend(new);
        let bytes: Vec<u8> = (0..len)
            .map(|_| {
                let echo: i16 = echoes.pop_front().unwrap_or(0);
                echo.saturating_add(speech.pop_front().unwrap_or(0))
            })
            .flat_map(i16::to_le_bytes)
            .collect();
        if over.load(Ordering::Relaxed) {
            return;
        }
        if line.suppresses_silence && has_sent && bytes.iter().all(|byte| *byte == 0) {
            thread::sleep(Duration::from_millis(20));
        } else if caller
            .send_frame(Audio::new(line.rate, &bytes).unwrap())
            .is_err()
        {
            return;
        }
        has_sent = true;
    }
}

/// Whether a sample is louder than what surrounds the speech of a synthesizer.
pub fn is_sound(sample: i16) -> bool {
    sample.unsigned_abs() > 100
}

/// The samples that are not zero. Silence is wherever nothing is played, so it cannot be compared.
pub fn sound_of(samples: &[i16]) -> Vec<i16> {
    samples
        .iter()
        .copied()
        .filter(|sample| *sample != 0)
        .collect()
}

/// What the synthesizer of a folder makes of a text, at this rate.
pub fn speech(helpers: &Path, text: &str, rate: SampleRate) -> Vec<i16> {
    let mut speak = Command::new(helpers.join("speak"))
        .arg(rate.hz().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    speak
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let wav = speak.wait_with_output().unwrap().stdout;
    Wav::read(&wav[..]).unwrap().samples().collect()
}

/// The program that stands in for each helper.
pub const STAND_IN: &str = env!("CARGO_BIN_EXE_stand_in");

pub const REAL_RECOGNIZE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/helpers/recognize");
pub const REAL_SPEAK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/helpers/speak");

/// Returns a folder of this test's own, with links to the helpers `recognize`, `speak` and `leave_result`.
pub fn helpers(name: &str, targets: [&str; 3]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    for (name, target) in ["recognize", "speak", "leave_result"]
        .into_iter()
        .zip(targets)
    {
        symlink(target, folder.join(name)).unwrap();
    }
    folder
}
