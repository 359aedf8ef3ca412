//! The bot as a program, and a caller who talks to it through a simulated Asterisk.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use audiosocket::asterisk::{Rules, Version};
use audiosocket::call::{Direction, End};
use audiosocket::simulator::{SimulatedAsterisk, SimulatedCaller};
use audiosocket::wav::Wav;
use audiosocket::wire::{Audio, Digit, SampleRate};
use voice_bot::{Program, at_rate};

/// After this time without what a test waits for, the test fails.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The bot, listening on a port of its own.
pub struct Served {
    child: Child,
    pub address: String,
    lines: Receiver<String>,
    errors: Receiver<String>,
}

impl Served {
    pub fn start(options: &[(&str, &str)], results: &Path) -> Served {
        let mut child = Command::new(env!("CARGO_BIN_EXE_voice_bot"))
            .args(["--listen", "127.0.0.1:0"])
            .args(options.iter().flat_map(|(option, value)| [option, value]))
            .env("VOICE_BOT_RESULTS", results)
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
        }
    }

    /// Waits until the bot has written this many lines to its standard error, stops it, and returns all of them.
    pub fn stop(mut self, count: usize) -> Vec<String> {
        let mut lines: Vec<String> = (0..count)
            .map_while(|_| self.errors.recv_timeout(PATIENCE).ok())
            .collect();
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
        loop {
            let Ok(line) = self.served.lines.recv_timeout(PATIENCE) else {
                panic!("no line '{start}' after {:#?}", self.log);
            };
            let line = line.split_once(' ').unwrap().1.to_string();
            let found = line.starts_with(start);
            self.log.push(line);
            if found {
                return;
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

/// A call that is over.
pub struct Over {
    pub log: Vec<String>,
    pub heard: Vec<i16>,
    pub end: Option<End>,
    pub uuid: String,
}

/// Calls the bot. The caller's line returns what it hears, multiplied by `echo`. When `act` has ended, the call goes on until the
/// bot hangs up.
pub fn call(
    served: &Served,
    rate: SampleRate,
    echo: f32,
    act: impl FnOnce(&mut Caller<'_>),
) -> Over {
    let uuid = SimulatedAsterisk::random_uuid();
    let mut rules = Rules::from(Version::REFERENCE);
    if rate != SampleRate::Hz8000 {
        rules = rules.in_channel_driver();
    }
    let mut asterisk = SimulatedAsterisk::connect_judged(&*served.address, uuid, rules).unwrap();
    let heard = Mutex::new(Vec::new());
    let received = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&received);
    asterisk.set_audio_hook(move |direction, audio, _| {
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
        heard: &heard,
        log: Vec::new(),
    };
    thread::scope(|scope| {
        let received = &received;
        let heard = &heard;
        scope.spawn(move || perform(caller, rate, echo, &performed, received, heard));
        let receiving = scope.spawn(move || {
            let give_up = Instant::now() + PATIENCE * 2;
            while receiver
                .receive_until(Instant::now() + Duration::from_millis(100))
                .is_some()
            {
                if Instant::now() > give_up {
                    return;
                }
            }
        });
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
    Over {
        log,
        heard,
        end,
        uuid: uuid.to_string(),
    }
}

/// Sends a frame every 20 ms until the call is over.
fn perform(
    caller: &mut SimulatedCaller,
    rate: SampleRate,
    echo: f32,
    acts: &Receiver<Act>,
    received: &Mutex<Vec<i16>>,
    heard: &Mutex<Vec<i16>>,
) {
    let len = rate.samples_in(20);
    let (mut speech, mut echoes) = (VecDeque::new(), VecDeque::new());
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
        echoes.extend(new.iter().map(|sample| (f32::from(*sample) * echo) as i16));
        heard.lock().unwrap().extend(new);
        let bytes: Vec<u8> = (0..len)
            .map(|_| {
                let echo: i16 = echoes.pop_front().unwrap_or(0);
                echo.saturating_add(speech.pop_front().unwrap_or(0))
            })
            .flat_map(i16::to_le_bytes)
            .collect();
        if caller
            .send_frame(Audio::new(rate, &bytes).unwrap())
            .is_err()
        {
            return;
        }
    }
}

/// The samples that are not zero. Silence is wherever nothing is played, so it cannot be compared.
pub fn sound_of(samples: &[i16]) -> Vec<i16> {
    samples
        .iter()
        .copied()
        .filter(|sample| *sample != 0)
        .collect()
}

/// What a synthesizer makes of a text, at this rate.
pub fn speech(synthesizer: &str, text: &str, rate: SampleRate) -> Vec<i16> {
    let program = Program {
        role: "synthesizer",
        path: synthesizer.into(),
        patience: PATIENCE,
    };
    let mut run = program.start(&[], "", rate.hz()).unwrap();
    run.feed(text.into());
    run.finish();
    loop {
        if let Some(wav) = run.answer().unwrap() {
            return at_rate(&Wav::read(&wav[..]).unwrap(), rate);
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// A folder of this test's own.
pub fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// Returns the path of a stand-in in a folder. Its name says which helper it is.
pub fn link_stand_in(folder: &Path, name: &str) -> String {
    let path = folder.join(name);
    let _ = std::fs::remove_file(&path);
    symlink(env!("CARGO_BIN_EXE_stand_in"), &path).unwrap();
    path.to_str().unwrap().into()
}
