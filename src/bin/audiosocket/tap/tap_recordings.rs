//! Recordings of all that passes the tap.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender as ToThread};
use std::thread::{self, JoinHandle};
use std::time::SystemTime;

use crate::failure::Failure;
use crate::tap_file::{Entry, OwnedEntry, TapWriter};
use crate::text::{counted, shown};

/// Writes what is seen on calls in tap files, on a thread of its own, so that a disk that is slow or full holds up no call.
pub struct TapRecordings {
    to_thread: ToThread<Item>,
    next_call: AtomicU64,
    waiting: Arc<AtomicUsize>,
    thread: JoinHandle<usize>,
}

/// How many bytes may wait for the disk, of all calls together: what 100 calls say and hear in 20 s at 8 kHz.
const MOST_WAITING: usize = 64 << 20;

enum Item {
    Begin {
        call: u64,
        file: File,
        path: PathBuf,
        started: SystemTime,
    },
    Entry {
        call: u64,
        entry: OwnedEntry,
    },
    End {
        call: u64,
        dropped_frames: usize,
    },
    Close,
}

impl TapRecordings {
    /// Starts the thread. It hands what goes wrong with a recording to `complain`, one line for each.
    pub fn start(complain: impl Fn(&str) + Send + 'static) -> Result<TapRecordings, Failure> {
        let (to_thread, items) = mpsc::channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&waiting);
        let thread = thread::Builder::new()
            .name(String::from("tap recordings"))
            .spawn(move || {
                Files {
                    running: HashMap::new(),
                    failed: 0,
                    complain,
                }
                .run(&items, &counted)
            })
            .map_err(|error| Failure::Failed(format!("cannot start a thread: {error}")))?;
        Ok(TapRecordings {
            to_thread,
            next_call: AtomicU64::new(0),
            waiting,
            thread,
        })
    }

    /// Records a call that began at the given time in a new file in `folder`, `name.tap`. If a recording of that name is there,
    /// of the bytes or of the sound, it is `name-2.tap` and so on. Answers that name, without its end, so that the two bear the
    /// same.
    pub fn begin(
        &self,
        folder: &Path,
        name: &str,
        started: SystemTime,
    ) -> io::Result<(TapRecorder, String)> {
        let (file, path, name) = create_numbered(folder, name)?;
        let call = self.next_call.fetch_add(1, Ordering::Relaxed);
        // The thread lasts as long as `self`.
        let _ = self.to_thread.send(Item::Begin {
            call,
            file,
            path,
            started,
        });
        let recorder = TapRecorder {
            call,
            to_thread: self.to_thread.clone(),
            waiting: Arc::clone(&self.waiting),
            dropped_frames: AtomicUsize::new(0),
        };
        Ok((recorder, name))
    }

    /// Writes what is left, and answers how many recordings went wrong.
    pub fn finish(self) -> usize {
        // It waits for this.
        let _ = self.to_thread.send(Item::Close);
        // A panic has been printed, and cost some recording.
        self.thread.join().unwrap_or(1)
    }
}

/// Records one call, until it is dropped.
pub struct TapRecorder {
    call: u64,
    to_thread: ToThread<Item>,
    waiting: Arc<AtomicUsize>,
    dropped_frames: AtomicUsize,
}

impl TapRecorder {
    /// Adds what was seen, unless the disk is far behind: then the recording is over, for behind a hole it would be out of step.
    pub fn add(&self, entry: Entry<'_>) {
        let entry = OwnedEntry::from(entry);
        let len = entry.len();
        let is_too_much = self.dropped_frames.load(Ordering::Relaxed) > 0
            || self.waiting.load(Ordering::Relaxed) >= MOST_WAITING;
        if is_too_much {
            self.dropped_frames.fetch_add(len, Ordering::Relaxed);
            return;
        }
        self.waiting.fetch_add(len, Ordering::Relaxed);
        // After the end of the recordings nobody wants it.
        let _ = self.to_thread.send(Item::Entry {
            call: self.call,
            entry,
        });
    }
}

impl Drop for TapRecorder {
    fn drop(&mut self) {
        let _ = self.to_thread.send(Item::End {
            call: self.call,
            dropped_frames: self.dropped_frames.load(Ordering::Relaxed),
        });
    }
}

/// The thread's side of it.
struct Files<F> {
    running: HashMap<u64, (TapWriter<File>, PathBuf)>,
    failed: usize,
    complain: F,
}

impl<F: Fn(&str)> Files<F> {
    fn run(mut self, items: &Receiver<Item>, waiting: &AtomicUsize) -> usize {
        while let Ok(item) = items.recv() {
            match item {
                Item::Begin {
                    call,
                    file,
                    path,
                    started,
                } => match TapWriter::begin(file, started) {
                    Ok(writer) => {
                        self.running.insert(call, (writer, path));
                    }
                    Err(error) => self.complain_of(&path, &error),
                },
                Item::Entry { call, entry } => {
                    waiting.fetch_sub(entry.len(), Ordering::Relaxed);
                    self.add(call, entry.entry());
                }
                Item::End {
                    call,
                    dropped_frames,
                } => self.end(call, dropped_frames),
                Item::Close => break,
            }
        }
        self.failed
    }

    fn add(&mut self, call: u64, entry: Entry<'_>) {
        let Some((writer, _)) = self.running.get_mut(&call) else {
            return;
        };
        if let Err(error) = writer.add(entry) {
            if let Some((_, path)) = self.running.remove(&call) {
                self.complain_of(&path, &error);
            }
        }
    }

    fn end(&mut self, call: u64, dropped_frames: usize) {
        if let Some((_, path)) = self.running.remove(&call) {
            if dropped_frames > 0 {
                self.failed += 1;
                let lack = counted(dropped_frames, "byte");
                (self.complain)(&format!(
                    "{} lacks its last {lack}: the disk is too slow",
                    shown(&path)
                ));
            }
        }
    }

    fn complain_of(&mut self, path: &Path, error: &io::Error) {
        self.failed += 1;
        (self.complain)(&format!("recording {} stopped: {error}", shown(path)));
    }
}

/// How often a name may have been taken.
const MOST_OF_A_NAME: usize = 1_000_000;

fn create_numbered(folder: &Path, name: &str) -> io::Result<(File, PathBuf, String)> {
    for number in 1..=MOST_OF_A_NAME {
        let name = match number {
            1 => String::from(name),
            _ => format!("{name}-{number}"),
        };
        if folder.join(format!("{name}.wav")).exists() {
            continue;
        }
        let path = folder.join(format!("{name}.tap"));
        match File::create_new(&path) {
            Ok(file) => return Ok((file, path, name)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(ErrorKind::AlreadyExists.into())
}
