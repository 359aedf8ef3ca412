//! Recordings of the sound of calls.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use audiosocket::call::Direction;
use audiosocket::wav::{Recording, RecordingError};
use audiosocket::wire::{Audio, SampleRate};

use crate::failure::Failure;
use crate::text::{counted, quoted, shown};

/// Records the sound of calls in WAV files, on a thread of its own, so that a disk that is slow or full holds up no call.
pub struct SoundRecordings {
    to_thread: Sender<Item>,
    next_call: AtomicU64,
    waiting: Arc<AtomicUsize>,
    thread: JoinHandle<usize>,
}

/// How many frames may wait for the disk, of all calls together: about 4 MB at 8 kHz, and what 100 calls say in a second.
const MOST_WAITING: usize = 10_000;
/// How often what has become old enough is written when nothing comes.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
/// For how long sounds are held until the rate of a recording is chosen.
const UNTIL_RATE_IS_CHOSEN: Duration = Duration::from_millis(500);

enum Item {
    Begin {
        call: u64,
        tape: Tape,
    },
    Sound {
        call: u64,
        sound: Sound,
    },
    End {
        call: u64,
        at: Instant,
        dropped_frames: usize,
    },
    Close,
}

struct Sound {
    direction: Direction,
    rate: SampleRate,
    bytes: Vec<u8>,
    at: Instant,
}

impl SoundRecordings {
    /// Starts the thread. It hands what goes wrong with a recording to `complain`, one line for each.
    pub fn start(complain: impl Fn(&str) + Send + 'static) -> Result<SoundRecordings, Failure> {
        let (to_thread, items) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&waiting);
        let thread = thread::Builder::new()
            .name(String::from("recordings"))
            .spawn(move || {
                Tapes {
                    running: HashMap::new(),
                    failed: 0,
                    complain,
                }
                .run(&items, &counted)
            })
            .map_err(|error| Failure::Failed(format!("cannot start a thread: {error}")))?;
        Ok(SoundRecordings {
            to_thread,
            next_call: AtomicU64::new(0),
            waiting,
            thread,
        })
    }

    /// The same, for calls to be recorded in `folder`, which is made if there is none.
    pub fn start_in(
        folder: &Path,
        complain: impl Fn(&str) + Send + 'static,
    ) -> Result<SoundRecordings, Failure> {
        fs::create_dir_all(folder).map_err(|error| {
            Failure::Failed(format!("cannot record in {}: {error}", quoted(folder)))
        })?;
        SoundRecordings::start(complain)
    }

    /// Records a call in `folder`, under `name` or, if there is such a file, `name-2` and so on.
    pub fn begin(&self, folder: &Path, name: String, started: Instant) -> SoundRecorder {
        self.add(Tape::Held {
            folder: folder.to_path_buf(),
            name,
            started,
            sounds: Vec::new(),
        })
    }

    /// Records a call in a file that has been made.
    pub fn go_on_with(&self, recording: Recording<File>, path: PathBuf) -> SoundRecorder {
        self.add(Tape::Running { recording, path })
    }

    /// Writes what is left, and answers how many recordings went wrong.
    pub fn finish(self) -> usize {
        // It waits for this.
        let _ = self.to_thread.send(Item::Close);
        // A panic has been printed, and cost some recording.
        self.thread.join().unwrap_or(1)
    }

    fn add(&self, tape: Tape) -> SoundRecorder {
        let call = self.next_call.fetch_add(1, Ordering::Relaxed);
        // The thread lasts as long as `self`.
        let _ = self.to_thread.send(Item::Begin { call, tape });
        SoundRecorder {
            call,
            to_thread: self.to_thread.clone(),
            waiting: Arc::clone(&self.waiting),
            dropped_frames: Arc::default(),
        }
    }
}

/// Records one call, until it is dropped.
pub struct SoundRecorder {
    call: u64,
    to_thread: Sender<Item>,
    waiting: Arc<AtomicUsize>,
    dropped_frames: Arc<AtomicUsize>,
}

impl SoundRecorder {
    /// What is to be told of the call's audio.
    pub fn hook(&self) -> impl FnMut(Direction, Audio<'_>, Instant) + Send + 'static {
        let (call, to_thread) = (self.call, self.to_thread.clone());
        let (waiting, dropped_frames) =
            (Arc::clone(&self.waiting), Arc::clone(&self.dropped_frames));
        move |direction, audio, at| {
            if waiting.fetch_add(1, Ordering::Relaxed) >= MOST_WAITING {
                waiting.fetch_sub(1, Ordering::Relaxed);
                dropped_frames.fetch_add(1, Ordering::Relaxed);
                return;
            }
            let sound = Sound {
                direction,
                rate: audio.rate(),
                bytes: audio.bytes().to_vec(),
                at,
            };
            // After the end of the recordings nobody wants it.
            let _ = to_thread.send(Item::Sound { call, sound });
        }
    }
}

impl Drop for SoundRecorder {
    fn drop(&mut self) {
        let _ = self.to_thread.send(Item::End {
            call: self.call,
            at: Instant::now(),
            dropped_frames: self.dropped_frames.load(Ordering::Relaxed),
        });
    }
}

/// The thread's side of it.
struct Tapes<F> {
    running: HashMap<u64, Tape>,
    failed: usize,
    complain: F,
}

/// A recording, or what will be one.
enum Tape {
    /// Not made yet: the file has the higher of the two sides' rates, and that is known once both have been heard.
    Held {
        folder: PathBuf,
        name: String,
        started: Instant,
        sounds: Vec<Sound>,
    },
    Running {
        recording: Recording<File>,
        path: PathBuf,
    },
}

impl<F: Fn(&str)> Tapes<F> {
    fn run(mut self, items: &Receiver<Item>, waiting: &AtomicUsize) -> usize {
        let mut looked = Instant::now();
        loop {
            match items.recv_timeout(BETWEEN_LOOKS) {
                Ok(Item::Begin { call, tape }) => {
                    self.running.insert(call, tape);
                }
                Ok(Item::Sound { call, sound }) => {
                    waiting.fetch_sub(1, Ordering::Relaxed);
                    self.on_tape(call, |tape| tape.add(sound));
                }
                Ok(Item::End {
                    call,
                    at,
                    dropped_frames,
                }) => self.end(call, at, dropped_frames),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Item::Close) | Err(RecvTimeoutError::Disconnected) => break,
            }
            let now = Instant::now();
            if now.saturating_duration_since(looked) >= BETWEEN_LOOKS {
                looked = now;
                let calls: Vec<u64> = self.running.keys().copied().collect();
                for call in calls {
                    self.on_tape(call, |tape| tape.look(now));
                }
            }
        }
        let calls: Vec<u64> = self.running.keys().copied().collect();
        for call in calls {
            self.end(call, Instant::now(), 0);
        }
        self.failed
    }

    /// Does something with the tape of a call. One that fails is the end of it.
    fn on_tape(&mut self, call: u64, work: impl FnOnce(&mut Tape) -> Result<(), TapeError>) {
        let Some(tape) = self.running.get_mut(&call) else {
            return;
        };
        if let Err(error) = work(tape) {
            self.running.remove(&call);
            self.complain_of(&error);
        }
    }

    fn end(&mut self, call: u64, at: Instant, dropped_frames: usize) {
        let Some(tape) = self.running.remove(&call) else {
            return;
        };
        match tape.finish(at) {
            Err(error) => self.complain_of(&error),
            Ok((_, 0)) if dropped_frames == 0 => {}
            Ok((path, too_fast)) => {
                let frames = counted(
                    dropped_frames + usize::try_from(too_fast).unwrap_or(0),
                    "frame",
                );
                let why = match dropped_frames {
                    0 => "they came seconds ahead of their time",
                    _ => "the disk is too slow",
                };
                self.failed += 1;
                (self.complain)(&format!("{} lacks {frames}: {why}", shown(&path)));
            }
        }
    }

    fn complain_of(&mut self, error: &TapeError) {
        self.failed += 1;
        let TapeError { path, error } = error;
        (self.complain)(&format!("recording {} stopped: {error}", shown(path)));
    }
}

struct TapeError {
    path: PathBuf,
    error: RecordingError,
}

impl Tape {
    fn add(&mut self, sound: Sound) -> Result<(), TapeError> {
        match self {
            Tape::Held { sounds, .. } => {
                sounds.push(sound);
                Ok(())
            }
            Tape::Running { recording, path } => {
                put(recording, &sound).map_err(|error| TapeError {
                    path: path.clone(),
                    error,
                })
            }
        }
    }

    fn look(&mut self, now: Instant) -> Result<(), TapeError> {
        match self {
            Tape::Held { started, .. }
                if now.saturating_duration_since(*started) >= UNTIL_RATE_IS_CHOSEN =>
            {
                self.make()
            }
            Tape::Held { .. } => Ok(()),
            Tape::Running { recording, path } => recording.tick(now).map_err(|error| TapeError {
                path: path.clone(),
                error,
            }),
        }
    }

    /// Makes the file, if that has not been done, and writes what was held.
    fn make(&mut self) -> Result<(), TapeError> {
        let Tape::Held {
            folder,
            name,
            started,
            sounds,
        } = self
        else {
            return Ok(());
        };
        let rate = sounds.iter().map(|sound| sound.rate).max();
        let rate = rate.unwrap_or(SampleRate::Hz8000);
        let (mut recording, path) = Recording::create_numbered(&*folder, name, rate, *started)
            .map_err(|error| TapeError {
                path: folder.join(format!("{name}.wav")),
                error,
            })?;
        for sound in sounds {
            put(&mut recording, sound).map_err(|error| TapeError {
                path: path.clone(),
                error,
            })?;
        }
        *self = Tape::Running { recording, path };
        Ok(())
    }

    /// Answers where the recording is and how many frames it had to leave out.
    fn finish(mut self, at: Instant) -> Result<(PathBuf, u64), TapeError> {
        self.make()?;
        match self {
            // Made just now.
            Tape::Held { folder, .. } => Ok((folder, 0)),
            Tape::Running { recording, path } => {
                let dropped_frames = recording.dropped_frames();
                match recording.finish(at) {
                    Ok(()) => Ok((path, dropped_frames)),
                    Err(error) => Err(TapeError { path, error }),
                }
            }
        }
    }
}

fn put(recording: &mut Recording<File>, sound: &Sound) -> Result<(), RecordingError> {
    let Ok(audio) = Audio::new(sound.rate, &sound.bytes) else {
        return Ok(());
    };
    match sound.direction {
        Direction::Received => recording.received(audio, sound.at),
        _ => recording.sent(audio, sound.at),
    }
}
