//! WAV files for calls: audio to play, and recordings of both sides.
//!
//! [`Wav`] reads audio that a call can play without conversion: 16-bit mono at one of the nine rates. For any other format, its
//! error is one line with the format found and a command that converts the file. [`Recording`] writes a stereo file during a
//! call. Both sides are aligned to the clock, and the file can be played at any time.
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
//! A file consists of `RIFF`, a size, `WAVE`, and chunks. A chunk consists of four letters, a size and that number of bytes, plus a
//! byte of padding if the size is odd. All numbers are little-endian. The chunk `fmt ` describes the audio, and `data` holds it.
//!
//! | source | for |
//! |---|---|
//! | *Multimedia Programming Interface and Data Specifications 1.0*, IBM and Microsoft, 1991, chapters 2, 3 | RIFF, WAVE, fmt |
//! | RFC 2361, *WAVE and AVI Codec Registries* | format tags: 1 linear PCM, 6 A-law, 7 u-law and so on |
//! | Microsoft's `mmreg.h` and `ksmedia.h` | WAVE_FORMAT_EXTENSIBLE, KSDATAFORMAT_SUBTYPE_PCM |
//! | measured with sox 14.4.2 and ffmpeg 5.1 | the sizes that programs write to a pipe, the formats that each program converts |

mod aligned_resampler;
mod chunk_reader;
mod conversion;
mod format;
mod other_file;
mod recording;
mod side;
// Each file here is named after its type, and this one's type is `Wav`.
#[allow(clippy::module_inception)]
mod wav;
mod wav_error;

pub use format::Format;
pub use other_file::OtherFile;
pub use recording::{Recording, RecordingError};
pub use wav::Wav;
pub use wav_error::{WavError, WavErrorReason};

pub(crate) use recording::{create_new_file, create_numbered_file};
