//! Recording of a call's bytes as a tap file.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::Recorder;
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
            return self.recorder.drop_bytes(entry.len());
        }
        self.recorder.add(entry);
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

    pub(super) fn add(&mut self, entry: &OwnedEntry) -> Result<(), TapeError> {
        let added = self.writer().and_then(|writer| writer.add(entry.entry()));
        added.map_err(|error| TapeError::new(&self.path, error))
    }

    /// Ends the file. Returns a sentence about missing data, if the recorder dropped entries.
    pub(super) fn finish(mut self, dropped: usize) -> Result<Option<String>, TapeError> {
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

pub(super) struct TapeError {
    path: PathBuf,
    error: io::Error,
}

impl TapeError {
    fn new(path: &Path, error: io::Error) -> TapeError {
        TapeError {
            path: path.to_path_buf(),
            error,
        }
    }
}

impl fmt::Display for TapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let TapeError { path, error } = self;
        write!(f, "recording {} stopped: {error}", shown(path))
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
