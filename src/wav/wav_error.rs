//! Why a file cannot be said.

use core::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::string::String;

use super::conversion::{Conversion, one_line};
use super::format::StatedLen;
use super::{Format, OtherFile, Wav};

/// Why a file is not taken: what was found and, where there is one, the command that makes a file that is.
///
/// Displayed, it is one line; and so it is with `{:?}`, since that is what a program prints whose `main` returns it:
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

    /// What was found.
    pub const fn reason(&self) -> &WavErrorReason {
        &self.fault
    }

    /// The file's path, if it is known.
    pub fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The error with the path of the file that was read, for a source that did not know it.
    #[must_use]
    pub fn with_path(self, path: impl Into<PathBuf>) -> WavError {
        WavError {
            path: Some(path.into()),
            ..self
        }
    }

    /// The command line, for a shell, that makes a file that is taken of this one: 16-bit mono at 8 kHz. It is for sox or, where
    /// sox does not read the file, for ffmpeg; `None` where nothing would help. Without a path the input is called `in.wav`. What
    /// a file is that does not say so, the end of its name tells if it is one of Asterisk's: `.gsm`, `.ulaw`, `.sln16` and so on.
    pub fn suggested_command(&self) -> Option<String> {
        let path = self.path().unwrap_or(Path::new("in.wav"));
        Some(self.chosen_conversion()?.command(path))
    }

    fn chosen_conversion(&self) -> Option<Conversion> {
        match self.fault.conversion() {
            Some(Conversion::SoxFromRaw(rate)) => {
                self.by_name().or(Some(Conversion::SoxFromRaw(rate)))
            }
            // Samples of G.711 can look like text.
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
                write!(f, "; convert what is there: {command}")
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
    // `Display` shows the error below, so it is skipped here.
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match &self.fault {
            WavErrorReason::Io(error) => error.source(),
            _ => None,
        }
    }
}

/// What is wrong with a file. Displayed, it goes on where the file's name ends: `is stereo, 16-bit, 44100 Hz`.
#[derive(Debug)]
#[non_exhaustive]
pub enum WavErrorReason {
    /// It cannot be opened or read.
    Io(io::Error),
    /// It is no WAV file.
    NotWav(OtherFile),
    /// Its audio is not 16-bit mono linear PCM at one of the nine rates.
    Format(Format),
    /// Its fmt chunk, which says what its audio is, is too short.
    #[non_exhaustive]
    ShortFormat {
        /// How many bytes the chunk has.
        len: usize,
        /// How many are due: 16 or, in the extensible form, 40.
        expected: usize,
    },
    /// It has no fmt chunk, or its audio lasts to the end of the file and no fmt chunk comes before.
    NoFormat,
    /// It has no data chunk, which would hold its audio.
    NoData,
    /// Its data chunk has no audio in it.
    Empty,
    /// It ends before its audio does.
    #[non_exhaustive]
    Truncated {
        /// How many bytes of audio its data chunk announces.
        announced: u32,
        /// How many there are.
        present: u64,
    },
    /// Its audio ends inside a sample.
    #[non_exhaustive]
    HalfSample {
        /// How many bytes of audio there are: an odd number.
        len: usize,
    },
    /// Its header states a size that is smaller than its audio.
    Understated {
        /// How many bytes of audio its data chunk announces.
        announced: u32,
        /// How many there are to the end of the file.
        present: u64,
    },
    /// It has more than [`Wav::MAX_LEN`] bytes of audio.
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
            WavErrorReason::NoFormat => f.write_str("has no fmt chunk to say what its audio is"),
            WavErrorReason::NoData => f.write_str("has no data chunk, and so no audio"),
            WavErrorReason::Empty => f.write_str("has no audio in its data chunk"),
            WavErrorReason::Truncated { announced, present } => {
                write!(f, "is cut: it has {present} of {announced} bytes of audio")
            }
            WavErrorReason::Understated { announced, present } => write!(
                f,
                "has {present} bytes of audio, but its header states {announced}"
            ),
            WavErrorReason::HalfSample { len } => {
                write!(f, "ends inside a sample: it has {len} bytes of audio")
            }
            WavErrorReason::TooLong => {
                write!(f, "has more than {} bytes of audio", Wav::MAX_LEN)
            }
        }
    }
}
