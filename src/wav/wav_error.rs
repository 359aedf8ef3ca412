//! The error of a file that cannot be played.

use core::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::string::String;

use super::conversion::{Conversion, one_line};
use super::format::StatedLen;
use super::{Format, OtherFile, Wav};

/// The error for a file that cannot be played, if possible with a command that converts it.
///
/// It displays as one line. `{:?}` prints the same line, because a program prints `{:?}` if its `main` returns the error:
///
/// ```
/// use audiosocket::wav::Wav;
///
/// let stereo = *b"RIFF\x28\0\0\0WAVEfmt \x10\0\0\0\x01\0\x02\0\x44\xac\0\0\x10\xb1\x02\0\x04\0\x10\0data\x04\0\0\0\0\0\0\0";
/// let error = Wav::read(&stereo[..]).unwrap_err().with_path("prompt.wav");
/// assert_eq!(
///     error.to_string(),
///     "prompt.wav is stereo, 16-bit, 44100 Hz; convert it: sox prompt.wav -r 8000 -c 1 -b 16 out.wav",
/// );
/// assert_eq!(format!("{error:?}"), error.to_string());
/// ```
pub struct WavError {
    fault: WavErrorReason,
    path: Option<PathBuf>,
}

impl WavError {
    pub(super) const fn new(fault: WavErrorReason) -> WavError {
        WavError { fault, path: None }
    }

    /// Returns what is wrong with the file.
    pub const fn reason(&self) -> &WavErrorReason {
        &self.fault
    }

    /// Returns the file's path, if it is known.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// Adds the path of the file. [`Wav::read`] does not know it.
    #[must_use]
    pub fn with_path(self, path: impl Into<PathBuf>) -> WavError {
        WavError {
            path: Some(path.into()),
            ..self
        }
    }

    /// Returns a shell command that converts the file to 16-bit mono at 8 kHz.
    ///
    /// Returns `None` if no such command is known.
    ///
    /// The command uses sox, or ffmpeg for files that sox does not read. Without a path, its input file is `in.wav`. A file without
    /// a header is recognised by its name's ending if that is one of Asterisk's: `.gsm`, `.ulaw`, `.sln16` and so on.
    pub fn suggested_command(&self) -> Option<String> {
        let path = self.path().unwrap_or(Path::new("in.wav"));
        Some(self.chosen_conversion()?.command(path))
    }

    fn chosen_conversion(&self) -> Option<Conversion> {
        match self.fault.conversion() {
            Some(Conversion::SoxFromRaw(rate)) => {
                self.by_name().or(Some(Conversion::SoxFromRaw(rate)))
            }
            // G.711 samples can look like text.
            None if matches!(&self.fault, WavErrorReason::NotWav(file) if file.is_unknown()) => {
                self.by_name()
            }
            known => known,
        }
    }

    fn by_name(&self) -> Option<Conversion> {
        self.path().and_then(Conversion::by_name)
    }
}

impl fmt::Debug for WavError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for WavError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path() {
            Some(path) => write!(f, "{} {}", one_line(path), self.fault)?,
            None => write!(f, "the audio {}", self.fault)?,
        }
        let Some(command) = self.suggested_command() else {
            return Ok(());
        };
        match (&self.fault, self.chosen_conversion()) {
            (WavErrorReason::Truncated { .. } | WavErrorReason::HalfSample { .. }, _) => {
                write!(f, "; convert the audio that it has: {command}")
            }
            (WavErrorReason::Understated { .. }, _) => write!(f, "; convert all of it: {command}"),
            (_, Some(Conversion::SoxFromRaw(rate))) => {
                write!(
                    f,
                    "; convert it if it is raw 16-bit audio at {rate} Hz: {command}"
                )
            }
            _ => write!(f, "; convert it: {command}"),
        }
    }
}

impl core::error::Error for WavError {
    // `Display` already includes the I/O error, so this returns the source of that error.
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.fault {
            WavErrorReason::Io(error) => error.source(),
            _ => None,
        }
    }
}

/// What is wrong with a file.
///
/// It displays as the rest of a sentence that starts with the file's name: `is stereo, 16-bit, 44100 Hz`.
#[derive(Debug)]
#[non_exhaustive]
pub enum WavErrorReason {
    /// The file cannot be opened or read.
    Io(io::Error),
    /// The file is not a WAV file.
    NotWav(OtherFile),
    /// The audio is not 16-bit mono linear PCM at one of the nine rates.
    Format(Format),
    /// The fmt chunk, which describes the audio, is too short.
    #[non_exhaustive]
    ShortFormat {
        /// The number of bytes in the chunk.
        len: usize,
        /// The number of bytes expected: 16, or 40 in the extensible form.
        expected: usize,
    },
    /// The file has no fmt chunk, or its audio lasts to the end of the file and no fmt chunk precedes it.
    NoFormat,
    /// The file has no data chunk, and so no audio.
    NoData,
    /// The data chunk is empty.
    Empty,
    /// The file ends before the audio that its header states.
    #[non_exhaustive]
    Truncated {
        /// The number of bytes of audio that the data chunk's header states.
        announced: u32,
        /// The number of bytes of audio in the file.
        present: u64,
    },
    /// The audio ends inside a sample.
    #[non_exhaustive]
    HalfSample {
        /// The number of bytes of audio, which is odd.
        len: usize,
    },
    /// The header states a size that is smaller than the audio.
    Understated {
        /// The number of bytes of audio that the data chunk's header states.
        announced: u32,
        /// The number of bytes from the start of the audio to the end of the file.
        present: u64,
    },
    /// The file has more than [`Wav::MAX_LEN`] bytes of audio.
    TooLong,
}

impl WavErrorReason {
    fn conversion(&self) -> Option<Conversion> {
        match self {
            WavErrorReason::NotWav(file) => file.conversion(),
            WavErrorReason::Format(format) => format.conversion(),
            WavErrorReason::Truncated { present, .. } if *present < 2 => None,
            WavErrorReason::Truncated { .. } | WavErrorReason::HalfSample { .. } => {
                Some(Conversion::Sox)
            }
            WavErrorReason::Understated { .. } => Some(Conversion::SoxIgnoringLength),
            _ => None,
        }
    }
}

impl From<io::Error> for WavErrorReason {
    fn from(error: io::Error) -> WavErrorReason {
        WavErrorReason::Io(error)
    }
}

impl fmt::Display for WavErrorReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WavErrorReason::Io(error) => write!(f, "cannot be read: {error}"),
            WavErrorReason::NotWav(file) => write!(f, "is {file}"),
            WavErrorReason::Format(format) => {
                write!(f, "is {format}")?;
                match format.stated_len() {
                    StatedLen::TooSmall => {
                        f.write_str(", and has more audio than its header states")
                    }
                    StatedLen::Right | StatedLen::Zero => Ok(()),
                }
            }
            WavErrorReason::ShortFormat { len, expected } => {
                write!(f, "has a fmt chunk of {len} bytes, expected {expected}")
            }
            WavErrorReason::NoFormat => f.write_str("has no fmt chunk, which describes the audio"),
            WavErrorReason::NoData => f.write_str("has no data chunk, which holds the audio"),
            WavErrorReason::Empty => f.write_str("has no audio in its data chunk"),
            WavErrorReason::Truncated { announced, present } => {
                write!(
                    f,
                    "is truncated: it has {present} of {announced} bytes of audio"
                )
            }
            WavErrorReason::Understated { announced, present } => write!(
                f,
                "has {present} bytes of audio, but its header states {announced}"
            ),
            WavErrorReason::HalfSample { len } => {
                write!(f, "ends inside a sample: it has {len} bytes of audio")
            }
            WavErrorReason::TooLong => {
                write!(
                    f,
                    "has too much audio: expected at most {} bytes",
                    Wav::MAX_LEN
                )
            }
        }
    }
}
