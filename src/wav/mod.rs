//! WAV files as far as calls need them: audio to say, and recordings of both sides.
//!
//! [`Wav`] reads what can be said as it is: 16-bit mono at one of the nine rates. What is in another format is refused in one
//! line that names what was found and the command that converts it. [`Recording`] writes a stereo file while a call goes on,
//! aligned to the clock, that can be played at any time.
//!
//! ```
//! use std::time::{Duration, Instant};
//! use audiosocket::wav::{Recording, Wav};
//! use audiosocket::wire::{Audio, SampleRate};
//!
//! # let folder = std::env::temp_dir().join(format!("audiosocket-wav-{}", std::process::id()));
//! # std::fs::create_dir_all(&folder)?;
//! let started = Instant::now();
//! let (mut recording, path) = Recording::create_numbered(&folder, "a069a524", SampleRate::Hz8000, started)?;
//! recording.received(Audio::new(SampleRate::Hz8000, &[0; 320])?, started)?;
//! recording.sent(Audio::new(SampleRate::Hz16000, &[0; 640])?, started + Duration::from_millis(20))?;
//! recording.finish(started + Duration::from_millis(40))?;
//!
//! let error = Wav::open(&path).unwrap_err();
//! assert_eq!(error.reason().to_string(), "is stereo, 16-bit, 8000 Hz");
//! # std::fs::remove_dir_all(&folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The format
//!
//! A file is `RIFF`, a size, `WAVE`, and chunks: each four letters, a size, so many bytes, and one of padding if that is odd. All
//! numbers are little-endian. Two chunks matter: `fmt ` says what the audio is, `data` is the audio.
//!
//! | source | for |
//! |---|---|
//! | *Multimedia Programming Interface and Data Specifications 1.0*, IBM and Microsoft, 1991, chapters 2, 3 | RIFF, WAVE, fmt |
//! | RFC 2361, *WAVE and AVI Codec Registries* | format tags: 1 linear PCM, 6 A-law, 7 u-law and so on |
//! | Microsoft's `mmreg.h` and `ksmedia.h` | WAVE_FORMAT_EXTENSIBLE, KSDATAFORMAT_SUBTYPE_PCM |
//! | measured with sox 14.4.2 and ffmpeg 5.1 | the sizes written to a pipe, and what each of them can convert |

mod aligned_resampler;
mod chunk_reader;
mod conversion;
mod format;
mod other_file;
mod recording;
mod side;
// The house has one file a noun, and the noun of this one is the WAV file.
#[allow(clippy::module_inception)]
mod wav;
mod wav_error;

pub use format::Format;
pub use other_file::OtherFile;
pub use recording::{Recording, RecordingError};
pub use wav::Wav;
pub use wav_error::{WavError, WavErrorReason};

pub(crate) use recording::create_numbered_file;
