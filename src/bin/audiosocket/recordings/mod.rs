//! Recordings of calls, written on one thread.

mod bytes;
mod sound;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime};

use audiosocket::wav::Recording;

use crate::failure::{Failure, cannot_start_a_thread};
use crate::tap_file::OwnedEntry;
use crate::text::{quoted, shown};

pub use bytes::BytesRecorder;
use bytes::BytesTape;
pub use sound::SoundRecorder;
use sound::{Sound, SoundTape};

/// Recordings of one command, both sound and bytes. One thread writes them, so a slow or full disk delays no call.
pub struct Recordings {
    to_thread: Sender<Item>,
    next_tape: AtomicUsize,
    queued: Arc<AtomicUsize>,
    thread: JoinHandle<usize>,
}

/// Limit of the bytes queued for the disk, for all calls together. 100 calls send and receive this much in 20 s at 8 kHz.
const MOST_QUEUED: usize = 64 << 20;

/// Interval at which held sound is written when nothing new arrives.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

enum Item {
    Begin {
        tape: usize,
        file: Box<dyn Tape>,
    },
    Piece {
        tape: usize,
        piece: Piece,
    },
    End {
        tape: usize,
        at: Instant,
        dropped: usize,
    },
    Close,
}

/// Data that a recorder sends to the thread.
enum Piece {
    Sound(Sound),
    Entry(OwnedEntry),
}

/// What a piece takes in the queue beside its bytes, so that a flood of tiny frames does not fill the memory.
const PIECE_LEN: usize = 128;

impl Piece {
    fn len(&self) -> usize {
        match self {
            Piece::Sound(sound) => sound.bytes.len(),
            Piece::Entry(entry) => entry.len(),
        }
        .saturating_add(PIECE_LEN)
    }
}

/// File of one recording, written on the recording thread.
trait Tape: Send {
    fn add(&mut self, piece: Piece) -> Result<(), TapeError>;

    /// Writes the held data that is old enough.
    fn look(&mut self, _now: Instant) -> Result<(), TapeError> {
        Ok(())
    }

    /// Ends the file. Returns a sentence about missing data, if the recorder dropped pieces or the recording dropped frames.
    fn finish(self: Box<Self>, at: Instant, dropped: usize) -> Result<Option<String>, TapeError>;
}

struct TapeError {
    path: PathBuf,
    error: Box<dyn std::error::Error>,
}

impl TapeError {
    fn new(path: &Path, error: impl Into<Box<dyn std::error::Error>>) -> TapeError {
        TapeError {
            path: path.to_path_buf(),
            error: error.into(),
        }
    }
}

impl Recordings {
    /// Starts the thread. `complain` receives one line for each error of a recording.
    pub fn start(complain: impl Fn(&str) + Send + 'static) -> Result<Recordings, Failure> {
        let (to_thread, items) = mpsc::channel();
        let queued = Arc::new(AtomicUsize::new(0));
        let thread = thread::Builder::new()
            .name(String::from("recordings"))
            .spawn({
                let queued = Arc::clone(&queued);
                move || {
                    Tapes {
                        running: HashMap::new(),
                        failed: 0,
                        complain,
                    }
                    .run(&items, &queued)
                }
            })
            .map_err(|error| cannot_start_a_thread(&error))?;
        Ok(Recordings {
            to_thread,
            next_tape: AtomicUsize::new(0),
            queued,
            thread,
        })
    }

    /// Starts the thread for recordings in `folder`. Creates the folder if it does not exist.
    pub fn start_in(
        folder: &Path,
        complain: impl Fn(&str) + Send + 'static,
    ) -> Result<Recordings, Failure> {
        fs::create_dir_all(folder).map_err(|error| {
            Failure::Failed(format!("cannot record in {}: {error}", quoted(folder)))
        })?;
        Recordings::start(complain)
    }

    /// Records the sound of a call in `folder`, in the file `name.wav`. If that file exists, the name is `name-2.wav` and so on.
    pub fn sound(&self, folder: &Path, name: String, started: Instant) -> SoundRecorder {
        let tape = SoundTape::held(folder.to_path_buf(), name, started);
        SoundRecorder::new(self.begin(Box::new(tape)))
    }

    /// Records the sound of a call in an existing file.
    pub fn sound_in(&self, recording: Recording<File>, path: PathBuf) -> SoundRecorder {
        let tape = SoundTape::running(recording, path);
        SoundRecorder::new(self.begin(Box::new(tape)))
    }

    /// Records the bytes of a call in `folder`, in the new file `name.tap`. If a recording of that name exists, of bytes or of
    /// sound, the name is `name-2.tap` and so on. Returns the name without its extension, so that the sound recording can have it
    /// too.
    pub fn bytes(
        &self,
        folder: &Path,
        name: &str,
        started: SystemTime,
    ) -> io::Result<(BytesRecorder, String)> {
        let (tape, name) = BytesTape::create(folder, name, started)?;
        let recorder = BytesRecorder::new(self.begin(Box::new(tape)));
        Ok((recorder, name))
    }

    /// Writes the queued data. Returns how many recordings failed.
    pub fn finish(self) -> usize {
        // The thread waits for this item.
        let _ = self.to_thread.send(Item::Close);
        // The panic has been printed, and at least one recording has failed.
        self.thread.join().unwrap_or(1)
    }

    fn begin(&self, file: Box<dyn Tape>) -> Recorder {
        let tape = self.next_tape.fetch_add(1, Ordering::Relaxed);
        // The thread lasts as long as `self`.
        let _ = self.to_thread.send(Item::Begin { tape, file });
        Recorder {
            tape,
            to_thread: self.to_thread.clone(),
            queued: Arc::clone(&self.queued),
            dropped: AtomicUsize::new(0),
            has_dropped: AtomicBool::new(false),
        }
    }
}

/// Sender of one recording's pieces to the thread.
struct Recorder {
    tape: usize,
    to_thread: Sender<Item>,
    queued: Arc<AtomicUsize>,
    /// Amount dropped because the queue was full, in the unit of the tape.
    dropped: AtomicUsize,
    /// Also where what was dropped has no length: an end.
    has_dropped: AtomicBool,
}

impl Recorder {
    fn has_room(&self) -> bool {
        self.queued.load(Ordering::Relaxed) < MOST_QUEUED
    }

    fn end(&self) {
        let _ = self.to_thread.send(Item::End {
            tape: self.tape,
            at: Instant::now(),
            dropped: self.dropped.load(Ordering::Relaxed),
        });
    }

    fn drop_piece(&self, amount: usize) {
        self.has_dropped.store(true, Ordering::Relaxed);
        self.dropped.fetch_add(amount, Ordering::Relaxed);
    }

    fn has_dropped(&self) -> bool {
        self.has_dropped.load(Ordering::Relaxed)
    }

    fn add(&self, piece: Piece) {
        self.queued.fetch_add(piece.len(), Ordering::Relaxed);
        // An error means that all recordings have ended.
        let _ = self.to_thread.send(Item::Piece {
            tape: self.tape,
            piece,
        });
    }
}

/// State of the recording thread.
struct Tapes<F> {
    running: HashMap<usize, Box<dyn Tape>>,
    failed: usize,
    complain: F,
}

impl<F: Fn(&str)> Tapes<F> {
    fn run(mut self, items: &Receiver<Item>, queued: &AtomicUsize) -> usize {
        let mut looked = Instant::now();
        loop {
            match items.recv_timeout(BETWEEN_LOOKS) {
                Ok(Item::Begin { tape, file }) => {
                    self.running.insert(tape, file);
                }
                Ok(Item::Piece { tape, piece }) => {
                    queued.fetch_sub(piece.len(), Ordering::Relaxed);
                    self.on_tape(tape, |file| file.add(piece));
                }
                Ok(Item::End { tape, at, dropped }) => self.end(tape, at, dropped),
                Err(RecvTimeoutError::Timeout) => {}
                Ok(Item::Close) | Err(RecvTimeoutError::Disconnected) => break,
            }
            let now = Instant::now();
            if now.saturating_duration_since(looked) >= BETWEEN_LOOKS {
                looked = now;
                for tape in self.tapes() {
                    self.on_tape(tape, |file| file.look(now));
                }
            }
        }
        for tape in self.tapes() {
            self.end(tape, Instant::now(), 0);
        }
        self.failed
    }

    fn tapes(&self) -> Vec<usize> {
        self.running.keys().copied().collect()
    }

    /// Runs `work` on a tape. A tape that fails is ended.
    fn on_tape(&mut self, tape: usize, work: impl FnOnce(&mut dyn Tape) -> Result<(), TapeError>) {
        let Some(file) = self.running.get_mut(&tape) else {
            return;
        };
        if let Err(error) = work(file.as_mut()) {
            self.running.remove(&tape);
            self.stopped(&error);
        }
    }

    fn end(&mut self, tape: usize, at: Instant, dropped: usize) {
        let Some(file) = self.running.remove(&tape) else {
            return;
        };
        match file.finish(at, dropped) {
            Err(error) => self.stopped(&error),
            Ok(None) => {}
            Ok(Some(lack)) => {
                self.failed += 1;
                (self.complain)(&lack);
            }
        }
    }

    fn stopped(&mut self, error: &TapeError) {
        self.failed += 1;
        let TapeError { path, error } = error;
        (self.complain)(&format!("recording {} stopped: {error}", shown(path)));
    }
}
