//! A stereo WAV file of a call, written while the call goes on.

use core::fmt;
use std::ffi::OsStr;
use std::format;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;
use std::vec;
use std::vec::Vec;

use super::side::Side;
use crate::wire::{Audio, SampleRate};

// Invariants:
// 1. The file is valid at any time (tests below and `tests/it/recording_files.rs`). New samples are written after its end first,
//    then the header that counts them. Even a partly written header never counts a missing sample, because the sizes only grow
//    and their low bytes come first.
// 2. Both sides are in the file up to the same position, `written`. Later audio is in memory.

/// A recording of both sides of a call in a 16-bit stereo WAV file.
///
/// Received audio is on the left, sent audio on the right.
///
/// **Aligned to the clock.** A frame's position in the file is the time at which it was received or sent. There are two
/// exceptions:
/// - A frame up to 60 ms late follows the audio before it without a gap, so irregular arrival does not break continuous audio.
/// - An early frame follows the audio before it, too. That side is then ahead of the clock until it pauses for as long.
///
/// A frame more than 60 ms late leaves a gap of silence. A digit that is held for 100 ms, for example, leaves a gap of 120 ms,
/// because Asterisk sends no audio meanwhile. If the connection stalls for a second, or the handler does not receive for a second,
/// the file has a second of silence and then all of the late audio. A peer's clock that is slow by 50 parts per million causes a
/// gap of 60 ms every 20 minutes. If the clock is fast by as much, that side is ahead by 0.2 s after an hour.
///
/// **Valid at any time.** The recording has no clock: it writes when it gets audio or a [`tick`](Recording::tick). Each time, it
/// writes the audio that is more than half a second old, in blocks of 0.25 s, then the header: two seeks and two writes for a
/// block. If the program is killed, the file can be played. It lacks at most the last 0.8 s if the recording got audio until then.
/// The recording does not force the data onto the disk, so a power failure can lose more.
///
/// **Limited.** If a peer floods a side until it is more than 10 s ahead of the clock, the recording drops further frames.
/// [`dropped_frames`](Recording::dropped_frames) counts them. The memory for each side is usually 1 s of audio and at most 15 s,
/// which is 234 KiB at 8 kHz, and twice that while the buffer grows. A WAV file ends at 4 GiB: after 37 hours at 8 kHz, or 1.5
/// hours at 192 kHz.
///
/// **One rate.** Audio at another rate is resampled to the file's rate with the accuracy of
/// [`resample`](crate::resample#limits). Resampling adds no delay and does not drift, so both sides stay aligned to the sample.
///
/// The recording writes in the thread that calls it. A write takes microseconds unless the disk is overloaded, and no frame costs
/// an allocation. You pass all times to it; threads that share a recording may pass theirs in slightly the wrong order. If you
/// drop a recording without [`finish`](Recording::finish), it writes its audio but reports no error.
///
/// ```
/// use std::io::Cursor;
/// use std::time::{Duration, Instant};
/// use audiosocket::wav::Recording;
/// use audiosocket::wire::{Audio, SampleRate};
///
/// let mut file = Cursor::new(Vec::new());
/// let started = Instant::now();
/// let mut recording = Recording::new(&mut file, SampleRate::Hz8000, started)?;
/// recording.received(Audio::new(SampleRate::Hz8000, &[1; 320])?, started)?;
/// recording.sent(Audio::new(SampleRate::Hz8000, &[2; 320])?, started + Duration::from_millis(500))?;
/// recording.finish(started + Duration::from_secs(1))?;
/// assert_eq!(file.into_inner().len(), 44 + 8000 * 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Recording<W: Write + Seek> {
    sink: W,
    rate: SampleRate,
    started: Instant,
    received: Side,
    sent: Side,
    /// The number of samples of each side in the file.
    written: u64,
    /// The maximum of `written`.
    most: u64,
    /// The buffer for one write.
    block: Vec<u8>,
    dropped_frames: u64,
    is_over: bool,
}

/// The time that audio stays in memory, in milliseconds, so that late audio can still take its position.
const HELD_BACK: u16 = 500;

/// The duration of the audio in one write, in milliseconds: a whole number of samples at every rate.
const BLOCK: u16 = 250;

const HEADER_LEN: usize = 44;

/// The part of the header that the size in the RIFF header counts: all except the first 8 bytes.
const RIFF_LEN: u32 = HEADER_LEN as u32 - 8;

/// The length of one sample of each side.
const PAIR_LEN: usize = 4;

/// The maximum that the 32-bit size in the RIFF header can count.
const MOST_PAIRS: u64 = (u32::MAX - RIFF_LEN) as u64 / PAIR_LEN as u64;

impl Recording<File> {
    /// Starts a recording in a new file. It never overwrites a file.
    ///
    /// # Errors
    ///
    /// Returns [`RecordingError::Io`], of the kind [`AlreadyExists`](ErrorKind::AlreadyExists) if a file exists at `path`. On
    /// Windows, the names of devices such as `NUL` and names with a colon are errors, too.
    pub fn create_new(
        path: impl AsRef<Path>,
        rate: SampleRate,
        started: Instant,
    ) -> Result<Recording<File>, RecordingError> {
        let path = path.as_ref();
        Recording::start(create_new_file(path)?, path, rate, started)
    }

    /// Starts a recording in a new file in `folder` and returns it with its path.
    ///
    /// The file is `NAME.wav` or, if that exists, `NAME-2.wav`, `NAME-3.wav` and so on. Two recordings that start at the same time
    /// get two files, even in two programs.
    ///
    /// # Errors
    ///
    /// Returns [`RecordingError::Io`], of the kind [`InvalidInput`](ErrorKind::InvalidInput) if `name` is not a plain file name, so
    /// no recording leaves the folder.
    pub fn create_numbered(
        folder: impl AsRef<Path>,
        name: &str,
        rate: SampleRate,
        started: Instant,
    ) -> Result<(Recording<File>, PathBuf), RecordingError> {
        let (file, path) = create_numbered_file(folder.as_ref(), name)?;
        let recording = Recording::start(file, &path, rate, started)?;
        Ok((recording, path))
    }

    /// Starts a recording in a file that was just created, and removes the file if that fails.
    fn start(
        file: File,
        path: &Path,
        rate: SampleRate,
        started: Instant,
    ) -> Result<Recording<File>, RecordingError> {
        Recording::new(file, rate, started).inspect_err(|_| {
            // The file may not even have a header.
            let _ = fs::remove_file(path);
        })
    }
}

/// Creates a file. It never opens one that exists, nor anything else than a file.
///
/// Windows opens its devices under names such as `NUL` in every folder, as if they were new files. After a colon in a name, it
/// writes to a part of the file that no other program shows.
pub(crate) fn create_new_file(path: &Path) -> io::Result<File> {
    let name = path.file_name().unwrap_or_default();
    if cfg!(windows) && name.as_encoded_bytes().contains(&b':') {
        let message = "choose a name without a colon";
        return Err(io::Error::new(ErrorKind::InvalidInput, message));
    }
    let file = File::create_new(path)?;
    let metadata = file.metadata();
    only_a_file(file, metadata, path)
}

/// Returns the created file, if its metadata is that of a file.
fn only_a_file(file: File, metadata: io::Result<Metadata>, path: &Path) -> io::Result<File> {
    match metadata {
        Ok(metadata) if metadata.is_file() => Ok(file),
        Ok(_) => Err(io::Error::new(
            ErrorKind::InvalidInput,
            "choose another name, this one is a device",
        )),
        Err(error) => {
            drop(file);
            // If it cannot be removed, an empty file stays.
            let _ = fs::remove_file(path);
            Err(error)
        }
    }
}

/// Creates `NAME.wav` in a folder or, if that exists, `NAME-2.wav`, `NAME-3.wav` and so on.
pub(crate) fn create_numbered_file(folder: &Path, name: &str) -> io::Result<(File, PathBuf)> {
    if Path::new(name).file_name() != Some(OsStr::new(name)) {
        return Err(io::Error::new(
            ErrorKind::InvalidInput,
            format!("invalid recording name {name:?}: expected a file name without a folder"),
        ));
    }
    let mut path = folder.join(format!("{name}.wav"));
    let mut number = 1_u64;
    loop {
        match create_new_file(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            created => return created.map(|file| (file, path)),
        }
        number = number.saturating_add(1);
        path = folder.join(format!("{name}-{number}.wav"));
    }
}

impl<W: Write + Seek> Recording<W> {
    /// Starts a recording in a sink, which must be empty and unbuffered.
    ///
    /// A buffered sink could write a header before the samples that it counts.
    ///
    /// # Errors
    ///
    /// Returns [`RecordingError::Io`] if the header cannot be written.
    pub fn new(
        sink: W,
        rate: SampleRate,
        started: Instant,
    ) -> Result<Recording<W>, RecordingError> {
        let mut recording = Recording::without_header(sink, rate, started);
        recording.write_header()?;
        Ok(recording)
    }

    /// Returns a recording without a header, so that another thread can write the header.
    pub(crate) fn without_header(sink: W, rate: SampleRate, started: Instant) -> Recording<W> {
        Recording {
            sink,
            rate,
            started,
            received: Side::new(rate),
            sent: Side::new(rate),
            written: 0,
            most: MOST_PAIRS,
            block: vec![0; rate.samples_in(BLOCK).saturating_mul(PAIR_LEN)],
            dropped_frames: 0,
            is_over: false,
        }
    }

    /// Writes the header, which makes the file valid.
    pub(crate) fn write_header(&mut self) -> Result<(), RecordingError> {
        // For the reason in `write_up_to`.
        self.is_over = true;
        write_header(&mut self.sink, self.rate, self.written)?;
        self.is_over = false;
        Ok(())
    }

    /// Returns the sample rate of the file.
    pub const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Sets the rate of a recording that has no audio yet. The header gets it with the first samples.
    pub(crate) fn set_rate(&mut self, rate: SampleRate) {
        self.rate = rate;
        self.received = Side::new(rate);
        self.sent = Side::new(rate);
        self.block = vec![0; rate.samples_in(BLOCK).saturating_mul(PAIR_LEN)];
    }

    /// Returns the number of frames that were dropped, because their side was over 10 s ahead.
    pub const fn dropped_frames(&self) -> u64 {
        self.dropped_frames
    }

    /// Records audio from the peer, which arrived at the time `at`.
    ///
    /// # Errors
    ///
    /// Returns a [`RecordingError`] if audio could not be written. The recording is then over.
    pub fn received(&mut self, audio: Audio<'_>, at: Instant) -> Result<(), RecordingError> {
        self.put(audio, at, |recording| &mut recording.received)
    }

    /// Records audio to the peer, which was sent at the time `at`.
    ///
    /// # Errors
    ///
    /// Returns a [`RecordingError`] if audio could not be written. The recording is then over.
    pub fn sent(&mut self, audio: Audio<'_>, at: Instant) -> Result<(), RecordingError> {
        self.put(audio, at, |recording| &mut recording.sent)
    }

    /// Writes the audio that is more than half a second old. `at` is the current time.
    ///
    /// [`received`](Recording::received) and [`sent`](Recording::sent) do this themselves. While a call is silent in both
    /// directions, call this about once per second.
    ///
    /// # Errors
    ///
    /// Returns a [`RecordingError`] if audio could not be written. The recording is then over.
    pub fn tick(&mut self, at: Instant) -> Result<(), RecordingError> {
        if self.is_over {
            return Err(RecordingError::Over);
        }
        let old = self
            .place(at)
            .saturating_sub(self.rate.samples_in(HELD_BACK) as u64);
        let block = self.rate.samples_in(BLOCK) as u64;
        let due = old.saturating_sub(self.written);
        match due.checked_rem(block).map(|rest| due.saturating_sub(rest)) {
            None | Some(0) => Ok(()),
            Some(blocks) => self.write_up_to(self.written.saturating_add(blocks)),
        }
    }

    /// Writes all audio and ends the recording. The file ends at `at`, or after the last audio if that is later.
    ///
    /// # Errors
    ///
    /// Returns a [`RecordingError`] if audio could not be written. It is [`Over`](RecordingError::Over) if an earlier call failed.
    pub fn finish(mut self, at: Instant) -> Result<(), RecordingError> {
        if self.is_over {
            return Err(RecordingError::Over);
        }
        self.write_up_to(self.place(at).max(self.end()))?;
        self.is_over = true;
        Ok(self.sink.flush()?)
    }

    fn put(
        &mut self,
        audio: Audio<'_>,
        at: Instant,
        side: fn(&mut Self) -> &mut Side,
    ) -> Result<(), RecordingError> {
        self.tick(at)?;
        let (due, written) = (self.place(at), self.written);
        if !side(self).put(audio, due, written) {
            self.dropped_frames = self.dropped_frames.saturating_add(1);
        }
        Ok(())
    }

    /// Returns the position of a time, in samples from the start.
    fn place(&self, at: Instant) -> u64 {
        let nanoseconds = at.saturating_duration_since(self.started).as_nanos();
        let samples = nanoseconds.saturating_mul(u128::from(self.rate.hz())) / 1_000_000_000;
        u64::try_from(samples).unwrap_or(u64::MAX)
    }

    /// Returns the position at which the longer side ends.
    fn end(&self) -> u64 {
        self.received
            .end(self.written)
            .max(self.sent.end(self.written))
    }

    /// Writes samples up to `end`, then the header. If some samples cannot be written, the header counts only the others.
    fn write_up_to(&mut self, end: u64) -> Result<(), RecordingError> {
        // If the sink panics, `drop` must not write to it again, because a second panic would abort the program.
        self.is_over = true;
        let samples = self.write_samples(end.min(self.most));
        let header = write_header(&mut self.sink, self.rate, self.written);
        let outcome = match samples.and(header) {
            Ok(()) if end > self.most => Err(RecordingError::TooLong),
            Ok(()) => Ok(()),
            Err(error) => Err(RecordingError::Io(error)),
        };
        self.is_over = outcome.is_err();
        outcome
    }

    fn write_samples(&mut self, end: u64) -> io::Result<()> {
        let place = self
            .written
            .saturating_mul(PAIR_LEN as u64)
            .saturating_add(HEADER_LEN as u64);
        self.sink.seek(SeekFrom::Start(place))?;
        while self.written < end {
            let due = usize::try_from(end.saturating_sub(self.written)).unwrap_or(usize::MAX);
            let len = due.saturating_mul(PAIR_LEN).min(self.block.len());
            let (block, _) = self.block.split_at_mut(len);
            for pair in block.chunks_exact_mut(PAIR_LEN) {
                let [a, b] = self.received.next_sample().to_le_bytes();
                let [c, d] = self.sent.next_sample().to_le_bytes();
                pair.copy_from_slice(&[a, b, c, d]);
            }
            self.sink.write_all(block)?;
            self.written = self.written.saturating_add((len / PAIR_LEN) as u64);
        }
        Ok(())
    }
}

fn write_header<W: Write + Seek>(sink: &mut W, rate: SampleRate, pairs: u64) -> io::Result<()> {
    sink.seek(SeekFrom::Start(0))?;
    sink.write_all(&header(rate, pairs))
}

/// Returns the header of a file with `pairs` samples of each side.
fn header(rate: SampleRate, pairs: u64) -> [u8; HEADER_LEN] {
    let audio_len = pairs.saturating_mul(PAIR_LEN as u64);
    let audio_len = u32::try_from(audio_len).unwrap_or(u32::MAX);
    let riff_len = audio_len.saturating_add(RIFF_LEN);
    let bytes_a_second = rate.hz().saturating_mul(PAIR_LEN as u32);
    let mut header = *b"RIFF....WAVEfmt \x10\0\0\0\x01\0\x02\0rate.a.s\x04\0\x10\0data....";
    for (place, number) in [
        (4, riff_len),
        (24, rate.hz()),
        (28, bytes_a_second),
        (40, audio_len),
    ] {
        for (to, from) in header.iter_mut().skip(place).zip(number.to_le_bytes()) {
            *to = from;
        }
    }
    header
}

impl<W: Write + Seek> Drop for Recording<W> {
    fn drop(&mut self) {
        if !self.is_over {
            let _ = self.write_up_to(self.end());
        }
    }
}

impl<W: Write + Seek> fmt::Debug for Recording<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording")
            .field("rate", &self.rate)
            .field("written", &self.written)
            .field("dropped_frames", &self.dropped_frames)
            .field("is_over", &self.is_over)
            .finish_non_exhaustive()
    }
}

/// The error that ended a recording. The file written so far can be played.
#[derive(Debug)]
#[non_exhaustive]
pub enum RecordingError {
    /// The file cannot be created or written, for example because the disk is full.
    Io(io::Error),
    /// The file has reached 4 GiB, the maximum of a WAV file.
    TooLong,
    /// An earlier error ended the recording, so nothing was written.
    Over,
}

impl From<io::Error> for RecordingError {
    fn from(error: io::Error) -> RecordingError {
        RecordingError::Io(error)
    }
}

impl fmt::Display for RecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordingError::Io(error) => write!(f, "cannot write: {error}"),
            RecordingError::TooLong => {
                f.write_str("the recording has 4 GiB, the maximum of a WAV file: start a new one")
            }
            RecordingError::Over => {
                f.write_str("the recording ended with an earlier error: start a new one")
            }
        }
    }
}

impl core::error::Error for RecordingError {
    // `Display` already includes the I/O error, so this returns the source of that error.
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            RecordingError::Io(error) => error.source(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;
    use std::io::Cursor;
    use std::string::ToString;

    use super::*;

    #[test]
    fn file_with_unreadable_metadata_is_removed() {
        let id = std::process::id();
        let path = std::env::temp_dir().join(format!("audiosocket-metadata-{id}"));
        let create = || File::create_new(&path).unwrap();
        let of_no_file = fs::metadata(std::env::temp_dir());
        let error = only_a_file(create(), of_no_file, &path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        fs::remove_file(&path).unwrap();
        let unreadable = Err(ErrorKind::PermissionDenied.into());
        let error = only_a_file(create(), unreadable, &path).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        assert!(!path.exists());
    }

    #[test]
    fn largest_file_is_counted_right() {
        let header = header(SampleRate::Hz192000, MOST_PAIRS);
        assert_eq!(header[4..8], (u32::MAX - 3).to_le_bytes());
        assert_eq!(header[40..], (u32::MAX - 3 - 36).to_le_bytes());
        assert_eq!(
            header[24..32],
            [0x00, 0xee, 0x02, 0x00, 0x00, 0xb8, 0x0b, 0x00]
        );
        assert_eq!(header[8..24], *b"WAVEfmt \x10\0\0\0\x01\0\x02\0");
        assert_eq!(header[32..40], *b"\x04\0\x10\0data");
    }

    #[test]
    fn full_recording_is_reported_once_and_stays_whole() {
        let started = Instant::now();
        let mut file = Cursor::new(Vec::new());
        let mut recording = Recording::new(&mut file, SampleRate::Hz8000, started).unwrap();
        recording.most = 2500;
        let frame = [1; 320];
        let audio = Audio::new(SampleRate::Hz8000, &frame).unwrap();
        recording
            .received(audio, started + Duration::from_millis(250))
            .unwrap();
        recording
            .tick(started + Duration::from_millis(750))
            .unwrap();
        let now = started + Duration::from_secs(1);
        let error = recording.sent(audio, now).unwrap_err();
        assert!(matches!(error, RecordingError::TooLong), "{error}");
        assert!(error.to_string().starts_with("the recording has 4 GiB"));
        assert!(matches!(
            recording.received(audio, now),
            Err(RecordingError::Over)
        ));
        assert!(matches!(recording.tick(now), Err(RecordingError::Over)));
        assert!(matches!(recording.finish(now), Err(RecordingError::Over)));
        let file = file.into_inner();
        assert_eq!(file.len(), 44 + 4 * 2500);
        assert_eq!(file[40..44], 10_000_u32.to_le_bytes());
        assert_eq!(file[44 + 4 * 2159..44 + 4 * 2161], [1, 1, 0, 0, 0, 0, 0, 0]);
    }
}
