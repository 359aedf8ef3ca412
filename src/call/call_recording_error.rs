//! The errors of recordings.

use core::fmt;
use std::format;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::string::String;

use crate::wav::RecordingError;

/// The error of a recording that is missing or incomplete. The call itself continues.
///
/// It prints one line, with the path:
///
/// ```
/// use std::time::Instant;
/// use audiosocket::call::RecordingWriter;
///
/// let writer = RecordingWriter::start(|_| {})?;
/// let error = writer.record("no/such/folder/7.wav", Instant::now()).unwrap_err();
/// assert!(error.to_string().starts_with("cannot record in \"no/such/folder/7.wav\": create its folder first ("));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct CallRecordingError {
    path: PathBuf,
    reason: CallRecordingErrorReason,
}

impl CallRecordingError {
    pub(super) fn new(path: PathBuf, reason: CallRecordingErrorReason) -> CallRecordingError {
        CallRecordingError { path, reason }
    }

    pub(super) fn create(path: PathBuf, error: io::Error) -> CallRecordingError {
        CallRecordingError::new(path, CallRecordingErrorReason::Create(error))
    }

    /// Returns the path of the recording.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what happened.
    pub fn reason(&self) -> &CallRecordingErrorReason {
        &self.reason
    }
}

impl fmt::Display for CallRecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (path, reason) = (quoted(&self.path), &self.reason);
        match reason {
            CallRecordingErrorReason::Create(_) => write!(f, "cannot record in {path}: {reason}"),
            CallRecordingErrorReason::Write(_) => write!(f, "recording {path} stopped: {reason}"),
            _ => write!(f, "recording {path} {reason}"),
        }
    }
}

/// Returns the path in quotes and escaped, because it may contain a line break. Windows forbids those, and separates folders with
/// backslashes, which stay as they are.
fn quoted(path: &Path) -> String {
    let quoted = format!("{path:?}");
    match cfg!(windows) {
        true => quoted.replace(r"\\", r"\"),
        false => quoted,
    }
}

impl core::error::Error for CallRecordingError {
    // `Display` prints the reason, so its source is next.
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.reason {
            CallRecordingErrorReason::Create(error) => error.source(),
            CallRecordingErrorReason::Write(error) => error.source(),
            _ => None,
        }
    }
}

/// The reason of a [`CallRecordingError`].
#[derive(Debug)]
#[non_exhaustive]
pub enum CallRecordingErrorReason {
    /// The file could not be created, or the thread could not be started. There is no recording.
    Create(io::Error),
    /// The file could not be written: the disk is full, for example. The file has the call up to that time.
    Write(RecordingError),
    /// The disk was too slow, so frames are missing. The file has silence in their place.
    #[non_exhaustive]
    SlowDisk {
        /// The number of missing frames.
        frames: u64,
    },
    /// A side was more than 10 s ahead of the clock, so frames are missing.
    #[non_exhaustive]
    AheadOfTime {
        /// The number of missing frames.
        frames: u64,
    },
}

impl fmt::Display for CallRecordingErrorReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CallRecordingErrorReason::Create(error) => {
                let hint = match error.kind() {
                    ErrorKind::NotFound => "create its folder first",
                    ErrorKind::AlreadyExists => "choose a name that does not exist",
                    _ => return fmt::Display::fmt(error, f),
                };
                write!(f, "{hint} ({error})")
            }
            CallRecordingErrorReason::Write(error) => fmt::Display::fmt(error, f),
            CallRecordingErrorReason::SlowDisk { frames } => {
                write!(f, "lacks {}: the disk is too slow", Frames(*frames))
            }
            CallRecordingErrorReason::AheadOfTime { frames } => {
                let frames = Frames(*frames);
                write!(f, "lacks {frames}: audio arrived seconds ahead of its time")
            }
        }
    }
}

struct Frames(u64);

impl fmt::Display for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            1 => f.write_str("1 frame"),
            frames => write!(f, "{frames} frames"),
        }
    }
}
