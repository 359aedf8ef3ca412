//! A WAV file as audio to play.

use core::fmt;
use core::time::Duration;
use std::fs::{self, File};
use std::io::{BufReader, Read, Seek};
use std::path::Path;
use std::vec::Vec;

use super::chunk_reader::ChunkReader;
use super::format::StatedLen;
use super::{Format, WavError, WavErrorReason};
use crate::wire::{SampleRate, Samples};

/// All audio of a WAV file, in memory: at least one sample, 16-bit mono.
///
/// The sample rate is one of the nine of AudioSocket. This plays a file to the caller:
///
/// ```no_run
/// # use audiosocket::{Call, wav::Wav};
/// # fn handle(call: &mut Call) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// call.play_wav(&Wav::open("prompt.wav")?)?;
/// # Ok(())
/// # }
/// ```
///
/// Open the file once, before the server's first call, and let the handlers borrow it, as the example `announcement` does.
///
/// `Wav` accepts linear PCM, also as WAVE_FORMAT_EXTENSIBLE, with chunks in any order. It uses the first fmt chunk and the first
/// data chunk, and skips the others.
///
/// A program that writes to a pipe cannot go back and fill in the length of its audio. In two cases, `Wav` therefore ignores the
/// size in the header of the data chunk and reads audio to the end of the file:
/// - The size is 0x7ffff000 or more. Sox writes 0x7ffff000, other programs 0x7fffffff, and ffmpeg 0xffffffff (measured with sox
///   14.4.2 and ffmpeg 5.1).
/// - The size is 0 and no further chunk follows, because the writer was killed.
///
/// Any other size must be right. A file that ends earlier is an error. [`open`](Wav::open) also returns an error if more audio
/// follows; [`read`](Wav::read) does not look for it.
///
/// ```
/// use audiosocket::wav::Wav;
/// use audiosocket::wire::SampleRate;
///
/// let file = *b"RIFF\x28\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data\x04\0\0\0\x01\0\xff\xff";
/// let wav = Wav::read(&file[..])?;
/// assert_eq!(wav.rate(), SampleRate::Hz8000);
/// assert_eq!(wav.samples().collect::<Vec<i16>>(), [1, -1]);
/// assert_eq!(wav.duration(), std::time::Duration::from_micros(250));
/// # Ok::<(), audiosocket::wav::WavError>(())
/// ```
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Wav {
    rate: SampleRate,
    bytes: Vec<u8>,
}

impl Wav {
    /// The maximum number of bytes of audio, a little less than 2 GiB: 37 hours at 8 kHz, 1.5 hours at 192 kHz.
    pub const MAX_LEN: usize = 0x7fff_effe;

    /// Reads the file at `path`.
    ///
    /// # Errors
    ///
    /// Returns a [`WavError`] with the path.
    pub fn open(path: impl AsRef<Path>) -> Result<Wav, WavError> {
        let path = path.as_ref();
        open(path).map_err(|reason| WavError::new(reason).with_path(path))
    }

    /// Reads a file from any source, for example bytes in memory or standard input.
    ///
    /// The memory used depends on the bytes read, not on the size in a header. It is at most twice the size of the audio.
    ///
    /// # Errors
    ///
    /// Returns a [`WavError`] without a path; [`with_path`](WavError::with_path) adds one.
    pub fn read(source: impl Read) -> Result<Wav, WavError> {
        ChunkReader::new(source, None)
            .and_then(|mut chunks| parse(&mut chunks))
            .map_err(WavError::new)
    }

    /// Returns the sample rate.
    pub const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Returns the samples as little-endian bytes, as in a frame: an even number of bytes, at least 2.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns an iterator over the samples, numbers from -32,768 to 32,767.
    pub fn samples(&self) -> Samples<'_> {
        Samples::new(&self.bytes)
    }

    /// Returns the duration of the audio.
    pub fn duration(&self) -> Duration {
        let samples = u64::try_from(self.bytes.len() / 2).unwrap_or(u64::MAX);
        let rate = u64::from(self.rate.hz());
        // There are at most 2^30 samples, so the product fits into 64 bits.
        let nanoseconds = samples.saturating_mul(1_000_000_000).checked_div(rate);
        Duration::from_nanos(nanoseconds.unwrap_or(0))
    }
}

impl fmt::Debug for Wav {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wav({}, {} samples)", self.rate, self.bytes.len() / 2)
    }
}

fn open(path: &Path) -> Result<Wav, WavErrorReason> {
    let file = File::open(path)?;
    // A pipe or a device has no length.
    let len = file.metadata().ok().filter(fs::Metadata::is_file);
    let mut chunks = ChunkReader::new(BufReader::new(file), len.map(|file| file.len()))?;
    match parse(&mut chunks) {
        Err(WavErrorReason::Format(format)) if has_unstated_audio(&mut chunks) => Err(
            WavErrorReason::Format(format.with_stated_len(StatedLen::TooSmall)),
        ),
        parsed => parsed,
    }
}

/// Returns whether audio follows after the stated size of the data chunk.
fn has_unstated_audio(chunks: &mut ChunkReader<impl Read + Seek>) -> bool {
    // The file is rejected anyway, so an error of the source does not matter.
    while chunks.id() != *b"data" {
        if !matches!(chunks.next_chunk(), Ok(Some(_))) {
            return false;
        }
    }
    chunks.len().is_some_and(|len| len > 0)
        && chunks.seek_to_end().is_ok()
        && chunks.has_more_audio().unwrap_or(false)
}

fn parse(chunks: &mut ChunkReader<impl Read>) -> Result<Wav, WavErrorReason> {
    let mut rate = None;
    let mut audio = None;
    while let Some(id) = chunks.next_chunk()? {
        match &id {
            b"fmt " if rate.is_none() => rate = Some(rate_of(chunks)?),
            b"data" if audio.is_none() => {
                if rate.is_none() && chunks.len().is_none() {
                    // The audio lasts to the end of the file, so no fmt chunk follows.
                    break;
                }
                audio = Some(audio_of(chunks)?);
            }
            _ => {}
        }
        if let (Some(rate), Some(_)) = (rate, &audio) {
            return whole_samples(rate, audio.unwrap_or_default());
        }
    }
    Err(match rate {
        None => WavErrorReason::NoFormat,
        Some(_) => WavErrorReason::NoData,
    })
}

/// Reads the sample rate from the current chunk, an fmt chunk. Any format other than 16-bit mono PCM is an error.
fn rate_of(chunks: &mut ChunkReader<impl Read>) -> Result<SampleRate, WavErrorReason> {
    let mut bytes = [0; Format::MAX_LEN];
    let len = chunks.read_start(&mut bytes)?;
    let bytes = bytes.get(..len).unwrap_or_default();
    let format =
        Format::parse(bytes).map_err(|expected| WavErrorReason::ShortFormat { len, expected })?;
    match format.rate() {
        Some(rate) => Ok(rate),
        None if is_before_zero_len(chunks) => Err(WavErrorReason::Format(
            format.with_stated_len(StatedLen::Zero),
        )),
        None => Err(WavErrorReason::Format(format)),
    }
}

/// Returns whether the next chunk is a data chunk of size 0 with audio.
fn is_before_zero_len(chunks: &mut ChunkReader<impl Read>) -> bool {
    // The format is rejected anyway, so an error of the source does not matter.
    let next = chunks.next_chunk().ok().flatten();
    next == Some(*b"data") && chunks.has_zero_len() && chunks.len().is_none()
}

/// Reads the audio of the current chunk, a data chunk.
fn audio_of(chunks: &mut ChunkReader<impl Read>) -> Result<Vec<u8>, WavErrorReason> {
    if let Some(present) = chunks.left() {
        // A file with a wrong length is rejected before gigabytes are read.
        check_len(chunks.len(), present)?;
    }
    let bytes = chunks.read_all()?;
    let announced = chunks.len();
    let present = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    check_len(announced, present)?;
    match (announced, chunks.left()) {
        (Some(announced), Some(present)) if chunks.has_more_audio()? => {
            Err(WavErrorReason::Understated { announced, present })
        }
        _ => Ok(bytes),
    }
}

/// Compares the number of bytes present with the size in the header, if that is known.
fn check_len(announced: Option<u32>, present: u64) -> Result<(), WavErrorReason> {
    match announced {
        Some(announced) if present < u64::from(announced) => {
            Err(WavErrorReason::Truncated { announced, present })
        }
        None if present > Wav::MAX_LEN as u64 => Err(WavErrorReason::TooLong),
        _ => Ok(()),
    }
}

fn whole_samples(rate: SampleRate, mut bytes: Vec<u8>) -> Result<Wav, WavErrorReason> {
    match bytes.len() {
        0 => Err(WavErrorReason::Empty),
        len if len % 2 != 0 => Err(WavErrorReason::HalfSample { len }),
        _ => {
            bytes.shrink_to_fit();
            Ok(Wav { rate, bytes })
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::string::ToString;

    use super::*;

    /// Fails if more than the header is read.
    struct HeaderOnly<'a>(&'a [u8]);

    impl Read for HeaderOnly<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            assert!(!self.0.is_empty(), "the audio was read");
            self.0.read(buffer)
        }
    }

    #[test]
    fn file_with_a_wrong_length_is_refused_unread() {
        let header = |audio_len: u32| {
            let mut header = b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0\x02\0\x10\0data".to_vec();
            header.extend(audio_len.to_le_bytes());
            header
        };
        for (audio_len, file_len, message) in [
            (
                0xffff_ffff,
                1 << 40,
                "has too much audio: expected at most 2147479550 bytes",
            ),
            (
                0,
                1 << 40,
                "has too much audio: expected at most 2147479550 bytes",
            ),
            (
                1000,
                1043,
                "is truncated: it has 999 of 1000 bytes of audio",
            ),
            (1000, 10, "is truncated: it has 0 of 1000 bytes of audio"),
        ] {
            let header = header(audio_len);
            let mut chunks = ChunkReader::new(HeaderOnly(&header), Some(file_len)).unwrap();
            let reason = parse(&mut chunks).unwrap_err();
            assert_eq!(reason.to_string(), message);
        }
    }
}
