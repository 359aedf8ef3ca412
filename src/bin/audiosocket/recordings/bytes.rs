//! Recording of a call's bytes as a tap file.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime};

use super::{Piece, Recorder, Room, Tape, TapeError};
use crate::tap_file::{Entry, OwnedEntry, TapWriter};
use crate::text::{counted, shown};

/// Recorder of one call's bytes. Dropping it ends the recording.
pub struct BytesRecorder {
    recorder: Recorder,
}

impl BytesRecorder {
    pub(super) fn new(recorder: Recorder) -> BytesRecorder {
        BytesRecorder { recorder }
    }

    /// Records an entry, or drops it if the disk is far behind. After the first dropped entry, all others are dropped too,
    /// because frame boundaries are lost after a hole.
    pub fn add(&self, entry: Entry<'_>) {
        let entry = OwnedEntry::from(entry);
        if self.recorder.has_dropped() || !self.recorder.has_room() {
            return self.recorder.drop_piece(entry.len());
        }
        self.recorder.add(Piece::Entry(entry));
    }
}

impl Drop for BytesRecorder {
    fn drop(&mut self) {
        self.recorder.end();
    }
}

pub(super) struct BytesTape {
    file: State,
    path: PathBuf,
}

enum State {
    /// New file without a header. The recording thread writes the header.
    Created(File, SystemTime),
    Running(TapWriter<File>),
    Failed,
}

impl BytesTape {
    pub(super) fn create(
        folder: &Path,
        name: &str,
        started: SystemTime,
    ) -> io::Result<(BytesTape, String)> {
        let (file, path, name) = create_numbered(folder, name)?;
        let file = State::Created(file, started);
        Ok((BytesTape { file, path }, name))
    }

    fn writer(&mut self) -> io::Result<&mut TapWriter<File>> {
        if let State::Created(..) = self.file {
            if let State::Created(file, started) = std::mem::replace(&mut self.file, State::Failed)
            {
                let writer = TapWriter::begin(file, started).inspect_err(|_| {
                    // It has not even a header.
                    let _ = fs::remove_file(&self.path);
                })?;
                self.file = State::Running(writer);
            }
        }
        match &mut self.file {
            State::Running(writer) => Ok(writer),
            _ => Err(ErrorKind::Other.into()),
        }
    }
}

impl Tape for BytesTape {
    fn add(&mut self, piece: Piece, _room: Room) -> Result<(), TapeError> {
        let Piece::Entry(entry) = piece else {
            return Ok(());
        };
        let added = self.writer().and_then(|writer| writer.add(entry.entry()));
        added.map_err(|error| TapeError::new(&self.path, error))
    }

    fn finish(
        mut self: Box<Self>,
        _at: Instant,
        dropped: usize,
    ) -> Result<Option<String>, TapeError> {
        if let Err(error) = self.writer() {
            return Err(TapeError::new(&self.path, error));
        }
        Ok((dropped > 0).then(|| {
            let bytes = counted(dropped, "byte");
            format!(
                "{} lacks its last {bytes}: the disk is too slow",
                shown(&self.path)
            )
        }))
    }
}

/// Limit of the recordings with the same name.
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
