//! The destination of a recording.

use core::fmt;
use std::boxed::Box;
use std::fs::File;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::string::String;

use super::CallRecordingError;
use crate::wav::{create_new_file, create_numbered_file};

/// The destination of a recording: a new file, or anything that can be written like a file.
///
/// A path converts into a target: `call.record("calls/7.wav")`. No file is ever overwritten.
pub struct RecordingTarget(Target);

enum Target {
    File(PathBuf),
    Numbered { folder: PathBuf, name: String },
    Sink { path: PathBuf, sink: Box<dyn Sink> },
}

/// A file, or anything that can be written like a file.
pub(super) trait Sink: Write + Seek + Send {}

impl<S: Write + Seek + Send> Sink for S {}

impl RecordingTarget {
    /// Returns the target of a new file at `path`, which must not exist when the recording starts.
    pub fn file(path: impl Into<PathBuf>) -> RecordingTarget {
        RecordingTarget(Target::File(path.into()))
    }

    /// Returns the target of a new file in `folder`: `NAME.wav` or, if that exists, `NAME-2.wav`, `NAME-3.wav` and so on.
    ///
    /// Two recordings that start at once get two files, even in two programs.
    pub fn numbered(folder: impl Into<PathBuf>, name: impl Into<String>) -> RecordingTarget {
        RecordingTarget(Target::Numbered {
            folder: folder.into(),
            name: name.into(),
        })
    }

    /// Returns a target that writes to your sink, which must be empty.
    ///
    /// [`CallRecording::path`](super::CallRecording::path) and errors name it by `path`. The sink is written by the thread of the
    /// recording: first the header, and the header again whenever samples have been written.
    pub fn sink(
        path: impl Into<PathBuf>,
        sink: impl Write + Seek + Send + 'static,
    ) -> RecordingTarget {
        RecordingTarget(Target::Sink {
            path: path.into(),
            sink: Box::new(sink),
        })
    }

    /// Returns the path. The one of a numbered file may get a number when the file is created.
    pub(super) fn path(&self) -> PathBuf {
        match &self.0 {
            Target::File(path) | Target::Sink { path, .. } => path.clone(),
            Target::Numbered { folder, name } => folder.join(std::format!("{name}.wav")),
        }
    }

    /// Creates the file without writing to it, and returns it with its path.
    pub(super) fn open(self) -> Result<(Box<dyn Sink>, PathBuf), CallRecordingError> {
        let wanted = self.path();
        let in_file = |(file, path): (File, PathBuf)| (Box::new(file) as Box<dyn Sink>, path);
        match self.0 {
            Target::File(path) => create_new_file(&path).map(|file| in_file((file, path))),
            Target::Numbered { folder, name } => create_numbered_file(&folder, &name).map(in_file),
            Target::Sink { path, sink } => Ok((sink, path)),
        }
        .map_err(|error| CallRecordingError::create(wanted, error))
    }
}

impl From<&str> for RecordingTarget {
    fn from(path: &str) -> RecordingTarget {
        RecordingTarget::file(path)
    }
}

impl From<String> for RecordingTarget {
    fn from(path: String) -> RecordingTarget {
        RecordingTarget::file(path)
    }
}

impl From<&Path> for RecordingTarget {
    fn from(path: &Path) -> RecordingTarget {
        RecordingTarget::file(path)
    }
}

impl From<PathBuf> for RecordingTarget {
    fn from(path: PathBuf) -> RecordingTarget {
        RecordingTarget::file(path)
    }
}

impl fmt::Debug for RecordingTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RecordingTarget")
            .field(&self.path())
            .finish()
    }
}
