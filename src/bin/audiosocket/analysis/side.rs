//! Analysis of one direction of a call.

use std::time::Duration;

use audiosocket::wire::{Decoded, Frame, FrameBuffer, Message};

use super::cadence::Cadence;
use super::tones::{Tone, Tones};
use crate::capture::Lost;
use crate::failure::Failure;
use crate::tap_file::{Entry, Seen, Sender};

use super::audio_times::AudioTimes;
use super::ended::HowEnded;
use super::finding::{Ending, Finding, Passage, Show, Split, What};
use super::summary::{SideSummary, suspicion};
use super::wav_headers::WavHeaders;

/// One direction of a call, fed with entries as they arrive.
pub struct Side {
    sender: Sender,
    buffer: FrameBuffer<Vec<u8>>,
    /// Offset of the next frame.
    offset: usize,
    frames: usize,
    malformed: usize,
    splits: usize,
    missing: usize,
    /// For an incomplete frame: when it started, and with how many bytes.
    started: Option<(Duration, usize)>,
    cadence: Cadence,
    tones: Tones,
    wav_headers: WavHeaders,
    times: AudioTimes,
}

/// Minimum time between a frame's first and last byte that counts as a split. Asterisk waits 5 ms for the rest of a payload
/// (measured with 22.10: 4 ms work, and 6 ms end the call).
const SPLIT: Duration = Duration::from_millis(5);

impl Side {
    pub fn new(sender: Sender) -> Side {
        Side {
            sender,
            buffer: FrameBuffer::new(vec![0; Frame::MAX_LEN]),
            offset: 0,
            frames: 0,
            malformed: 0,
            splits: 0,
            missing: 0,
            started: None,
            cadence: Cadence::default(),
            tones: Tones::default(),
            wav_headers: WavHeaders::default(),
            times: AudioTimes::default(),
        }
    }

    pub const fn sender(&self) -> Sender {
        self.sender
    }

    /// Returns whether this side has sent a byte.
    pub fn has_sent(&self) -> bool {
        self.offset > 0 || !self.buffer.is_empty()
    }

    /// Returns a warning about the format of the audio, if it looks wrong.
    pub fn suspicion(&self) -> Option<&'static str> {
        suspicion(self.sender, &self.cadence)
    }

    /// Shows the findings in the entry. Returns how the entry ends the call, if it does.
    pub fn take(
        &mut self,
        entry: Entry<'_>,
        show: &mut Show<'_>,
    ) -> Result<Option<HowEnded>, Failure> {
        let ending = match entry.what {
            Seen::Bytes(bytes) => return self.take_bytes(entry.at, bytes, show),
            Seen::Closed => Ending::Closed,
            Seen::Reset => Ending::Reset,
            Seen::StoppedReading => Ending::StoppedReading,
        };
        show(&self.found(entry.at, entry.at, What::Ending(ending)))?;
        Ok(Some(HowEnded::Ended(ending)))
    }

    /// Notes that bytes are unknown. The next bytes start with a frame.
    pub fn lose(&mut self, at: Duration, lost: Lost, show: &mut Show<'_>) -> Result<(), Failure> {
        if let Some(burst) = self.cadence.interrupt() {
            show(&self.found(at, burst.since, What::Burst(burst)))?;
        }
        for tone in self.tones.finish() {
            self.show_tone(at, tone, show)?;
        }
        show(&self.found(at, at, What::Lost(lost)))?;
        let missing = lost.missing.unwrap_or_default();
        self.missing = self.missing.saturating_add(missing);
        let unread = self.buffer.len() + lost.skipped;
        self.offset = self.offset.saturating_add(unread).saturating_add(missing);
        self.buffer = FrameBuffer::new(vec![0; Frame::MAX_LEN]);
        self.started = None;
        Ok(())
    }

    fn take_bytes(
        &mut self,
        at: Duration,
        mut bytes: &[u8],
        show: &mut Show<'_>,
    ) -> Result<Option<HowEnded>, Failure> {
        let mut ended = None;
        // Frames borrow from the buffer, so it is taken out of `self` while they are processed.
        let mut buffer = std::mem::replace(&mut self.buffer, FrameBuffer::new(Vec::new()));
        let mut shown = Ok(());
        while !bytes.is_empty() && shown.is_ok() {
            let spare = buffer.spare();
            let (piece, rest) = bytes.split_at(bytes.len().min(spare.len()));
            spare[..piece.len()].copy_from_slice(piece);
            buffer.commit(piece.len());
            bytes = rest;
            // The buffer fits the longest possible frame, so no frame is too long.
            while let Decoded::Frame(frame) = buffer.next_frame() {
                shown = self.take_frame(at, frame, show);
                if frame.message() == Ok(Message::Hangup) {
                    ended = ended.or(Some(HowEnded::HungUp));
                }
                if shown.is_err() {
                    break;
                }
            }
        }
        if self.started.is_none() && !buffer.is_empty() {
            self.started = Some((at, buffer.len()));
        }
        self.buffer = buffer;
        shown.map(|()| ended)
    }

    fn take_frame(
        &mut self,
        at: Duration,
        frame: Frame<'_>,
        show: &mut Show<'_>,
    ) -> Result<(), Failure> {
        if let Some((since, after)) = self.started.take() {
            let split = Split {
                since,
                after,
                frame_len: frame.encoded_len(),
                lasted: at.saturating_sub(since),
            };
            if split.lasted >= SPLIT {
                self.splits += 1;
                show(&self.found(at, since, What::Split(split)))?;
            }
        }
        match frame.message() {
            Ok(Message::Audio(audio)) => {
                let noted = self.cadence.add(at, audio);
                if let Some(burst) = noted.burst {
                    show(&self.found(at, burst.since, What::Burst(burst)))?;
                }
                if let Some(gap) = noted.gap {
                    show(&self.found(at, gap.since, What::Gap(gap)))?;
                }
                if let Some(spacing) = noted.spacing {
                    show(&self.found(at, at, What::Spacing(spacing)))?;
                }
                let samples = audio.samples().len();
                let time = self.times.place(at, samples, audio.rate().hz());
                show(&self.found(at, time, What::Frame(frame)))?;
                if self.wav_headers.add(audio) {
                    show(&self.found(at, time, What::WavHeader))?;
                }
                for tone in self.tones.add(audio) {
                    self.show_tone(at, tone, show)?;
                }
            }
            message => {
                match message {
                    Ok(Message::Dtmf(_)) => self.cadence.note_digit(at),
                    Err(_) => self.malformed += 1,
                    Ok(_) => {}
                }
                show(&self.found(at, at, What::Frame(frame)))?;
            }
        }
        self.frames += 1;
        // A capture that lacks gigabytes has an offset beyond a 32-bit `usize`.
        self.offset = self.offset.saturating_add(frame.encoded_len());
        Ok(())
    }

    /// Shows the remaining findings. Returns the summary and the total number of bytes.
    pub fn finish(
        &mut self,
        at: Duration,
        show: &mut Show<'_>,
    ) -> Result<(SideSummary, usize), Failure> {
        if let Some(burst) = self.cadence.finish() {
            show(&self.found(at, burst.since, What::Burst(burst)))?;
        }
        for tone in self.tones.finish() {
            self.show_tone(at, tone, show)?;
        }
        let truncated = self.buffer.len();
        let side = SideSummary {
            sender: self.sender,
            frames: self.frames,
            truncated,
            needed: self.buffer.needed(),
            malformed: self.malformed,
            splits: self.splits,
            missing: self.missing,
            cadence: std::mem::take(&mut self.cadence),
        };
        Ok((side, self.offset.saturating_add(truncated)))
    }

    fn show_tone(&self, at: Duration, tone: Tone, show: &mut Show<'_>) -> Result<(), Failure> {
        let tone = Tone {
            at_ms: self.times.at_ms(tone.at_ms),
            ..tone
        };
        let time = Duration::try_from_secs_f64(tone.at_ms / 1000.0).unwrap_or(at);
        show(&self.found(at, time, What::Tone(tone)))
    }

    fn found<'a>(&self, at: Duration, time: Duration, what: What<'a>) -> Finding<'a> {
        Finding {
            passage: Some(Passage {
                sender: self.sender,
                at,
            }),
            offset: self.offset,
            time,
            what,
        }
    }
}
