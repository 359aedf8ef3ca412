//! Recordings of calls.

mod bytes;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::SystemTime;

use audiosocket::call::{CallRecordingError, RecordingWriter};

use crate::failure::{Failure, cannot_start_a_thread};
use crate::tap_file::OwnedEntry;
use crate::text::quoted;

pub use bytes::BytesRecorder;
use bytes::{BytesTape, TapeError};

/// Recordings of one command. One thread writes the sound of all calls and another one the bytes, so a slow or full disk delays no
/// call.
pub struct Recordings {
    sound: RecordingWriter,
    complaints: Arc<Complaints>,
    to_thread: Sender<Item>,
    next_tape: AtomicUsize,
    queued: Arc<AtomicUsize>,
    thread: JoinHandle<()>,
}

/// Limit of the bytes queued for the disk, for all calls together. 100 calls send and receive this much in 20 s at 8 kHz.
const MOST_QUEUED: usize = 64 << 20;

enum Item {
    Begin { tape: usize, file: BytesTape },
    Entry { tape: usize, entry: OwnedEntry },
    End { tape: usize, dropped: usize },
    Close,
}

/// What an entry takes in the queue beside its bytes, so that a flood of tiny frames does not fill the memory.
const ENTRY_LEN: usize = 128;

impl Recordings {
    /// Starts the threads. `complain` receives one line for each error of a recording.
    pub fn start(complain: impl Fn(&str) + Send + Sync + 'static) -> Result<Recordings, Failure> {
        let cannot_start = |error| cannot_start_a_thread(&error);
        let complaints = Arc::new(Complaints {
            failed: AtomicUsize::new(0),
            complain: Box::new(complain),
        });
        let sound = RecordingWriter::start({
            let complaints = Arc::clone(&complaints);
            move |error| complaints.add(&error.to_string())
        })
        .map_err(cannot_start)?;
        let (to_thread, items) = mpsc::channel();
        let queued = Arc::new(AtomicUsize::new(0));
        let thread = thread::Builder::new()
            .name(String::from("bytes"))
            .spawn({
                let (complaints, queued) = (Arc::clone(&complaints), Arc::clone(&queued));
                move || Tapes::new(&complaints).run(&items, &queued)
            })
            .map_err(cannot_start)?;
        Ok(Recordings {
            sound,
            complaints,
            to_thread,
            next_tape: AtomicUsize::new(0),
            queued,
            thread,
        })
    }

    /// Starts the threads for recordings in `folder`. Creates the folder if it does not exist, and checks that a file can be
    /// created in it.
    pub fn start_in(
        folder: &Path,
        complain: impl Fn(&str) + Send + Sync + 'static,
    ) -> Result<Recordings, Failure> {
        fs::create_dir_all(folder)
            .and_then(|()| check_is_writable(folder))
            .map_err(|error| {
                Failure::Failed(format!("cannot record in {}: {error}", quoted(folder)))
            })?;
        Recordings::start(complain)
    }

    /// Returns the thread that writes the sound of calls.
    pub fn sound(&self) -> &RecordingWriter {
        &self.sound
    }

    /// Complains about a recording that could not be created.
    pub fn not_created(&self, error: &CallRecordingError) {
        self.complaints.add(&error.to_string());
    }

    /// Records the bytes of a call in `folder`, in the new file `name.tap`. If a recording of that name exists, of bytes or of
    /// sound, the name is `name-2.tap` and so on. Returns the name without its extension, so that the sound recording can have it
    /// too. An error counts as a failed recording.
    pub fn bytes(
        &self,
        folder: &Path,
        name: &str,
        started: SystemTime,
    ) -> io::Result<(BytesRecorder, String)> {
        let (file, name) = BytesTape::create(folder, name, started).inspect_err(|_| {
            self.complaints.failed.fetch_add(1, Ordering::Relaxed);
        })?;
        let tape = self.next_tape.fetch_add(1, Ordering::Relaxed);
        // The thread lasts as long as `self`.
        let _ = self.to_thread.send(Item::Begin { tape, file });
        let recorder = BytesRecorder::new(Recorder {
            tape,
            to_thread: self.to_thread.clone(),
            queued: Arc::clone(&self.queued),
            dropped: AtomicUsize::new(0),
            has_dropped: AtomicBool::new(false),
        });
        Ok((recorder, name))
    }

    /// Writes the queued data. Returns how many recordings failed.
    pub fn finish(self) -> usize {
        self.sound.finish();
        // The thread waits for this item.
        let _ = self.to_thread.send(Item::Close);
        // The panic has been printed, and at least one recording has failed.
        let panicked = usize::from(self.thread.join().is_err());
        self.complaints.failed.load(Ordering::Relaxed) + panicked
    }
}

/// Creates a file in the folder and removes it.
fn check_is_writable(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".audiosocket-{}", std::process::id()));
    File::create_new(&path)?;
    fs::remove_file(&path)
}

/// Errors of recordings.
struct Complaints {
    failed: AtomicUsize,
    complain: Box<dyn Fn(&str) + Send + Sync>,
}

impl Complaints {
    fn add(&self, text: &str) {
        self.failed.fetch_add(1, Ordering::Relaxed);
        (self.complain)(text);
    }
}

/// Sender of one recording's entries to the thread.
struct Recorder {
    tape: usize,
    to_thread: Sender<Item>,
    queued: Arc<AtomicUsize>,
    /// Bytes dropped because the queue was full.
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
            dropped: self.dropped.load(Ordering::Relaxed),
        });
    }

    fn drop_bytes(&self, count: usize) {
        self.has_dropped.store(true, Ordering::Relaxed);
        self.dropped.fetch_add(count, Ordering::Relaxed);
    }

    fn has_dropped(&self) -> bool {
        self.has_dropped.load(Ordering::Relaxed)
    }

    fn add(&self, entry: OwnedEntry) {
        self.queued
            .fetch_add(entry.len() + ENTRY_LEN, Ordering::Relaxed);
        // An error means that all recordings have ended.
        let _ = self.to_thread.send(Item::Entry {
            tape: self.tape,
            entry,
        });
    }
}

/// State of the thread that writes bytes.
struct Tapes<'a> {
    running: HashMap<usize, BytesTape>,
    complaints: &'a Complaints,
}

impl Tapes<'_> {
    fn new(complaints: &Complaints) -> Tapes<'_> {
        Tapes {
            running: HashMap::new(),
            complaints,
        }
    }

    fn run(mut self, items: &Receiver<Item>, queued: &AtomicUsize) {
        while let Ok(item) = items.recv() {
            match item {
                Item::Begin { tape, file } => {
                    self.running.insert(tape, file);
                }
                Item::Entry { tape, entry } => {
                    queued.fetch_sub(entry.len() + ENTRY_LEN, Ordering::Relaxed);
                    self.add(tape, &entry);
                }
                Item::End { tape, dropped } => self.end(tape, dropped),
                Item::Close => break,
            }
        }
        let running: Vec<usize> = self.running.keys().copied().collect();
        for tape in running {
            self.end(tape, 0);
        }
    }

    /// Adds an entry. A tape that fails is ended.
    fn add(&mut self, tape: usize, entry: &OwnedEntry) {
        let Some(file) = self.running.get_mut(&tape) else {
            return;
        };
        if let Err(error) = file.add(entry) {
            self.running.remove(&tape);
            self.stopped(&error);
        }
    }

    fn end(&mut self, tape: usize, dropped: usize) {
        let Some(file) = self.running.remove(&tape) else {
            return;
        };
        match file.finish(dropped) {
            Err(error) => self.stopped(&error),
            Ok(None) => {}
            Ok(Some(lack)) => self.complaints.add(&lack),
        }
    }

    fn stopped(&self, error: &TapeError) {
        self.complaints.add(&error.to_string());
    }
}
