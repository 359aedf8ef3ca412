//! A stereo WAV file of a call, while the call goes on.

use core::fmt;
use std::ffi::OsStr;
use std::format;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;
use std::vec;
use std::vec::Vec;

use super::side::Side;
use crate::wire::{Audio, SampleRate};

// Invariants:
// - The file is whole at any time: first samples are written behind its end, then the header that counts them. The sizes in the
//   header never count a sample that is not there, even if only the first bytes of a header were written: sizes only grow, and
//   their low bytes come first.
// - Both sides are written up to the same place, `written`; what they have beyond it waits in memory.

/// A recording of both sides of a call: a WAV file, 16-bit stereo, what was heard on the left, what was said on the right.
///
/// **By the clock.** Audio lies in the file as long after the beginning as it came, or went. What comes up to 60 ms after the end
/// of what its side has so far goes on there, so that what was continuous stays so, however irregularly it arrives. What comes
/// later is put where the clock is, and between is silence: for a held digit 120 ms. What comes faster than real time is put
/// behind what is there; then that side is ahead of the clock, until it pauses for as long. So it is after a
/// second in which the connection stalled, or a handler did not receive: silence in the file, then all that came late. A peer
/// whose clock is slow by 50 parts in a million has a gap of 60 ms after 20 minutes; with a fast one it is ahead by 0.2 s after
/// an hour.
///
/// **Valid at any time.** Four times a second, what is more than half a second old is written, then the header: two seeks and two
/// writes. So a program that is killed leaves a file that plays, and lacks 0.8 s at the most. (The data is handed to the
/// operating system, not forced onto the disk: a power cut can cost more.)
///
/// **Limited.** If a peer floods a side, so that it is more than 10 s ahead of the clock, further frames are left out, and
/// counted by [`dropped_frames`](Recording::dropped_frames). So a recording takes the memory of 15 s of audio a side at the most (240 KB at 8
/// kHz, and as much again while it grows), and usually that of one second. A WAV file ends at 4 GiB: after 37 hours at 8 kHz, an
/// hour and a half at 192 kHz.
///
/// **One rate.** Audio of another rate is resampled to that of the file with the accuracy of
/// [`resample`](crate::resample#limits), without a delay and in step for any length of time: both sides stay aligned to the sample.
///
/// It writes in the thread that calls it: microseconds, unless the disk is overloaded. No frame costs an allocation. It has no
/// clock of its own, the times are passed in; threads that share a recording may bring theirs in a slightly wrong order. Dropped
/// without [`finish`](Recording::finish), it writes what it has and says nothing of errors.
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
    heard: Side,
    said: Side,
    /// How many samples of each side are in the file.
    written: u64,
    /// How many there may be.
    most: u64,
    /// For what is written at once.
    block: Vec<u8>,
    dropped_frames: u64,
    is_over: bool,
}

/// How far behind the clock the file is kept, in milliseconds, so that late audio finds its place free.
const HELD_BACK: u16 = 500;

/// How much is written at once, in milliseconds: a whole number of samples at every rate.
const BLOCK: u16 = 250;

const HEADER_LEN: usize = 44;

/// What the size in the RIFF header counts besides the samples: all but the first 8 bytes.
const RIFF_LEN: u32 = HEADER_LEN as u32 - 8;

/// A sample of each side.
const PAIR_LEN: usize = 4;

/// As many as that size, of 32 bits, can count.
const MOST_PAIRS: u64 = (u32::MAX - RIFF_LEN) as u64 / PAIR_LEN as u64;

impl Recording<File> {
    /// Begins a recording in a new file.
    ///
    /// # Errors
    ///
    /// [`RecordingError::Io`], of the kind [`AlreadyExists`](ErrorKind::AlreadyExists) if there is a file at `path`. None is
    /// ever overwritten.
    pub fn create_new(
        path: impl AsRef<Path>,
        rate: SampleRate,
        started: Instant,
    ) -> Result<Recording<File>, RecordingError> {
        let path = path.as_ref();
        Recording::begin(File::create_new(path)?, path, rate, started)
    }

    /// Begins a recording in a new file in `folder`, and answers with its path as well: `NAME.wav` or, if that exists,
    /// `NAME-2.wav`, `NAME-3.wav` and so on. Two that begin at once get two files, even in two programs.
    ///
    /// # Errors
    ///
    /// [`RecordingError::Io`], of the kind [`InvalidInput`](ErrorKind::InvalidInput) if `name` would lead out of the folder.
    pub fn create_numbered(
        folder: impl AsRef<Path>,
        name: &str,
        rate: SampleRate,
        started: Instant,
    ) -> Result<(Recording<File>, PathBuf), RecordingError> {
        let (file, path) = create_numbered_file(folder.as_ref(), name)?;
        let recording = Recording::begin(file, &path, rate, started)?;
        Ok((recording, path))
    }

    /// Begins a recording in a file that was just created, and removes the file if that fails.
    fn begin(
        file: File,
        path: &Path,
        rate: SampleRate,
        started: Instant,
    ) -> Result<Recording<File>, RecordingError> {
        Recording::new(file, rate, started).inspect_err(|_| {
            // It holds not even a header.
            let _ = fs::remove_file(path);
        })
    }
}

/// Creates `NAME.wav` in a folder or, if that exists, `NAME-2.wav`, `NAME-3.wav` and so on.
pub(crate) fn create_numbered_file(folder: &Path, name: &str) -> io::Result<(File, PathBuf)> {
    if Path::new(name).file_name() != Some(OsStr::new(name)) {
        return Err(io::Error::new(
            ErrorKind::InvalidInput,
            "the name of a recording is no file name",
        ));
    }
    let mut path = folder.join(format!("{name}.wav"));
    let mut number = 1_u64;
    loop {
        match File::create_new(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            created => return created.map(|file| (file, path)),
        }
        number = number.saturating_add(1);
        path = folder.join(format!("{name}-{number}.wav"));
    }
}

impl<W: Write + Seek> Recording<W> {
    /// Begins a recording in a sink that is empty and, so that a header is not seen before its samples, does not hold back what
    /// is written to it.
    ///
    /// # Errors
    ///
    /// [`RecordingError::Io`].
    pub fn new(
        sink: W,
        rate: SampleRate,
        started: Instant,
    ) -> Result<Recording<W>, RecordingError> {
        let mut recording = Recording::without_header(sink, rate, started);
        recording.write_header()?;
        Ok(recording)
    }

    /// Begins a recording to which nothing is written yet, so that another thread can write the header.
    pub(crate) fn without_header(sink: W, rate: SampleRate, started: Instant) -> Recording<W> {
        Recording {
            sink,
            rate,
            started,
            heard: Side::new(rate),
            said: Side::new(rate),
            written: 0,
            most: MOST_PAIRS,
            block: vec![0; rate.samples_in(BLOCK).saturating_mul(PAIR_LEN)],
            dropped_frames: 0,
            is_over: false,
        }
    }

    /// Writes the header, which makes the file valid.
    pub(crate) fn write_header(&mut self) -> Result<(), RecordingError> {
        // As in `write_up_to`.
        self.is_over = true;
        write_header(&mut self.sink, self.rate, self.written)?;
        self.is_over = false;
        Ok(())
    }

    /// Samples a second in the file.
    pub const fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Sets the rate of a recording that has no audio yet. The header has it when the first samples are written.
    pub(crate) fn set_rate(&mut self, rate: SampleRate) {
        self.rate = rate;
        self.heard = Side::new(rate);
        self.said = Side::new(rate);
        self.block = vec![0; rate.samples_in(BLOCK).saturating_mul(PAIR_LEN)];
    }

    /// How many frames were left out because their side was more than 10 s ahead of the clock.
    pub const fn dropped_frames(&self) -> u64 {
        self.dropped_frames
    }

    /// Records what came from the peer, at the time it came.
    ///
    /// # Errors
    ///
    /// [`RecordingError`]: of what was written meanwhile. The recording is over then.
    pub fn received(&mut self, audio: Audio<'_>, at: Instant) -> Result<(), RecordingError> {
        self.put(audio, at, |recording| &mut recording.heard)
    }

    /// Records what went to the peer, at the time it went.
    ///
    /// # Errors
    ///
    /// [`RecordingError`]: of what was written meanwhile. The recording is over then.
    pub fn sent(&mut self, audio: Audio<'_>, at: Instant) -> Result<(), RecordingError> {
        self.put(audio, at, |recording| &mut recording.said)
    }

    /// Writes what has become old enough: for a call on which nothing is heard or said, once a second, say.
    ///
    /// # Errors
    ///
    /// [`RecordingError`]. The recording is over then.
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

    /// Ends the recording at the given time, or where the audio ends if that is later, and writes all of it.
    ///
    /// # Errors
    ///
    /// [`RecordingError`]; [`Over`](RecordingError::Over) if there was one before.
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

    /// How many samples after the beginning a time is.
    fn place(&self, at: Instant) -> u64 {
        let nanoseconds = at.saturating_duration_since(self.started).as_nanos();
        let samples = nanoseconds.saturating_mul(u128::from(self.rate.hz())) / 1_000_000_000;
        u64::try_from(samples).unwrap_or(u64::MAX)
    }

    /// Where the longer side ends.
    fn end(&self) -> u64 {
        self.heard
            .end(self.written)
            .max(self.said.end(self.written))
    }

    /// Writes samples up to `end`, then the header, which counts what is there even if not all could be written.
    fn write_up_to(&mut self, end: u64) -> Result<(), RecordingError> {
        // So that a sink that panics is not written to again when the recording is dropped, which would abort the program.
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
                let [a, b] = self.heard.next_sample().to_le_bytes();
                let [c, d] = self.said.next_sample().to_le_bytes();
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

/// The header of a file with so many samples of each side.
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

/// Why a recording is over. The file that there is can be played.
#[derive(Debug)]
#[non_exhaustive]
pub enum RecordingError {
    /// The file cannot be made or written: the disk is full, say.
    Io(io::Error),
    /// The file has reached 4 GiB, the most that a WAV file can hold.
    TooLong,
    /// Nothing was tried, because an error ended the recording before.
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
                f.write_str("4 GiB are recorded, the most that a WAV file can hold")
            }
            RecordingError::Over => f.write_str("the recording ended with an earlier error"),
        }
    }
}

impl core::error::Error for RecordingError {
    // `Display` shows the error below, so it is skipped here.
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
        assert!(error.to_string().starts_with("4 GiB are recorded"));
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
