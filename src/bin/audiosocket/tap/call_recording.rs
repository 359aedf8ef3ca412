//! Recording of a tapped call.

use std::path::Path;
use std::time::{Instant, SystemTime};

use audiosocket::call::{Direction, RecordingTarget};
use audiosocket::wire::Audio;

use super::log::Log;
use crate::recordings::{BytesRecorder, Recordings};
use crate::tap_file::{Entry, OwnedEntry, Sender};
use crate::text::quoted;

/// Recordings of a call, with the entries held until the call has a name.
pub struct CallRecording<'a> {
    folder: Option<Folder<'a>>,
    started: Instant,
    started_at: SystemTime,
    held: Vec<OwnedEntry>,
    held_len: usize,
    running: Option<Running>,
}

struct Running {
    bytes: BytesRecorder,
    sound: Option<audiosocket::call::CallRecording>,
}

/// Limit of the bytes held while the call has no UUID. A UUID never arrives that late.
const MOST_HELD: usize = 64 << 10;
/// What an entry takes beside its bytes.
const ENTRY_LEN: usize = std::mem::size_of::<OwnedEntry>();

impl<'a> CallRecording<'a> {
    pub fn new(folder: Option<Folder<'a>>, started: Instant) -> CallRecording<'a> {
        CallRecording {
            folder,
            started,
            started_at: SystemTime::now(),
            held: Vec::new(),
            held_len: 0,
            running: None,
        }
    }

    pub fn add(&mut self, entry: Entry<'_>) {
        match &self.running {
            Some(running) => running.bytes.add(entry),
            None if self.folder.is_some() => {
                let entry = OwnedEntry::from(entry);
                self.held_len += entry.len() + ENTRY_LEN;
                self.held.push(entry);
            }
            None => {}
        }
    }

    pub fn add_sound(&mut self, sender: Sender, audio: Audio<'_>, at: Instant) {
        let direction = match sender {
            Sender::Caller => Direction::Received,
            Sender::Server => Direction::Sent,
        };
        if let Some(sound) = self.running.as_ref().and_then(|it| it.sound.as_ref()) {
            sound.add(direction, audio, at);
        }
    }

    /// Returns whether enough bytes are held to start recording without a UUID.
    pub fn holds_too_much(&self) -> bool {
        self.held_len > MOST_HELD
    }

    /// Starts recording, unless it has started. Call this when the UUID is known, or when the call will have no UUID.
    pub fn begin(&mut self, log: &mut Log<'_>) {
        let Some(folder) = self.folder.take() else {
            return;
        };
        let name = log
            .uuid()
            .map_or_else(|| String::from("no-uuid"), |uuid| uuid.to_string());
        let (bytes, name) = match folder.recordings.bytes(folder.path, &name, self.started_at) {
            Ok(started) => started,
            Err(error) => {
                let path = quoted(folder.path);
                log.warn(&format!("cannot record in {path}: {error}"));
                return;
            }
        };
        for held in self.held.drain(..) {
            bytes.add(held.entry());
        }
        let target = RecordingTarget::numbered(folder.path, name);
        let sound = folder.recordings.sound().record(target, self.started);
        let sound = sound.map_err(|error| folder.recordings.not_created(&error));
        let sound = sound.ok();
        self.running = Some(Running { bytes, sound });
    }
}

/// Folder for the recordings of calls.
#[derive(Clone, Copy)]
pub struct Folder<'a> {
    pub path: &'a Path,
    pub recordings: &'a Recordings,
}
