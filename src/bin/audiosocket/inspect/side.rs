//! What one of both sends in a call.

use std::time::Duration;

use audiosocket::wire::{Decoded, Frame, FrameBuffer, Message};

use crate::cadence::Cadence;
use crate::failure::Failure;
use crate::tap_recording::{Entry, Seen, Sender};
use crate::tones::{Tone, Tones};

use super::audio_times::AudioTimes;
use super::finding::{Ending, Finding, Passage, Show, Split, What};
use super::summary::{HowEnded, SideSummary, suspicion};

/// One direction of a call, as it is seen.
pub struct Side {
    sender: Sender,
    buffer: FrameBuffer<Vec<u8>>,
    /// Where the next frame begins.
    offset: usize,
    frames: usize,
    malformed: usize,
    splits: usize,
    /// Of the frame that is not whole yet: when it began, and with how many bytes.
    begun: Option<(Duration, usize)>,
    cadence: Cadence,
    tones: Tones,
    times: AudioTimes,
}

/// From which time between its first byte and its last a frame counts as split: Asterisk waits 5 ms for the rest of a payload
/// (measured with 22.10: 4 ms are fine, and 6 ms end the call).
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
            begun: None,
            cadence: Cadence::default(),
            tones: Tones::default(),
            times: AudioTimes::default(),
        }
    }

    pub const fn sender(&self) -> Sender {
        self.sender
    }

    /// What is to be thought of its audio.
    pub fn suspicion(&self) -> Option<&'static str> {
        suspicion(self.sender, &self.cadence)
    }

    /// Shows what is found in the entry, and answers how that ends the call, if it does.
    pub fn take(
        &mut self,
        entry: Entry<'_>,
        show: &mut Show<'_>,
    ) -> Result<Option<HowEnded>, Failure> {
        let ending = match entry.what {
            Seen::Bytes(bytes) => return self.take_bytes(entry.at, bytes, show),
            Seen::Closed => Ending::Closed,
            Seen::Reset => Ending::Reset,
            Seen::TakesNoMore => Ending::TakesNoMore,
        };
        show(&self.found(entry.at, entry.at, What::Ending(ending)))?;
        Ok(Some(HowEnded::Ended(ending)))
    }

    fn take_bytes(
        &mut self,
        at: Duration,
        mut bytes: &[u8],
        show: &mut Show<'_>,
    ) -> Result<Option<HowEnded>, Failure> {
        let mut ended = None;
        // Frames are lent by the buffer, so it is outside while they are looked at.
        let mut buffer = std::mem::replace(&mut self.buffer, FrameBuffer::new(Vec::new()));
        let mut shown = Ok(());
        while !bytes.is_empty() && shown.is_ok() {
            let spare = buffer.spare();
            let (piece, rest) = bytes.split_at(bytes.len().min(spare.len()));
            spare[..piece.len()].copy_from_slice(piece);
            buffer.filled(piece.len());
            bytes = rest;
            // Storage for the longest frame there can be makes none too long.
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
        if self.begun.is_none() && !buffer.is_empty() {
            self.begun = Some((at, buffer.len()));
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
        if let Some((since, after)) = self.begun.take() {
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
                for tone in self.tones.hear(audio) {
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
        self.offset += frame.encoded_len();
        Ok(())
    }

    /// Answers also how many bytes there were in all.
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
            cadence: std::mem::take(&mut self.cadence),
        };
        Ok((side, self.offset + truncated))
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

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use proptest::prelude::*;

    use super::super::drawing::draw;
    use super::super::json_lines::JsonLines;
    use super::super::lines::Lines;
    use super::super::picture::Picture;
    use super::super::raw_stream;
    use super::super::text_lines::TextLines;
    use super::*;
    use crate::tap_recording::{MAGIC, TapRecorder};

    fn input() -> Input {
        Input { file: "x".into() }
    }

    /// An offset, a kind, a payload.
    type OwnedFrame = (usize, u8, Vec<u8>);

    fn frames_of(
        sender: Option<Sender>,
        read: impl FnOnce(&mut Show<'_>) -> Result<(Summary, Result<(), Failure>), Failure>,
    ) -> (Vec<OwnedFrame>, Summary, bool) {
        let mut frames = Vec::new();
        let mut show = |finding: &Finding<'_>| {
            if let What::Frame(frame) = finding.what {
                assert_eq!(finding.passage.map(|passage| passage.sender), sender);
                let payload = frame.payload().to_vec();
                frames.push((finding.offset, frame.kind().byte(), payload));
            }
            Ok(())
        };
        let (summary, result) = read(&mut show).unwrap();
        (frames, summary, result.is_ok())
    }

    proptest! {
        // Each draws two pictures, or reads streams twice.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_stream_in_pieces_has_the_frames_it_has_as_a_whole(
            frames in prop::collection::vec(
                (prop::sample::select(vec![0, 1, 2, 3, 0x10, 0x12, 0x77, 0xff]), prop::collection::vec(any::<u8>(), 0..400)),
                0..20,
            ),
            cut in 0_usize..5,
            pieces in prop::collection::vec((1_usize..700, 0_u64..50_000), 1..20),
            sender in prop::sample::select(Sender::BOTH.to_vec()),
        ) {
            let mut stream = Vec::new();
            for (kind, payload) in &frames {
                stream.push(*kind);
                stream.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
                stream.extend(payload);
            }
            stream.truncate(stream.len() - cut.min(stream.len()));
            let mut file = Vec::new();
            let mut recorder = TapRecorder::begin(&mut file, UNIX_EPOCH).unwrap();
            let (mut rest, mut at) = (&stream[..], Duration::ZERO);
            for (len, later) in pieces.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, others) = rest.split_at(rest.len().min(*len));
                recorder.add(Entry { sender, at, what: Seen::Bytes(piece) }).unwrap();
                rest = others;
                at += Duration::from_micros(*later);
            }
            let (expected, whole, whole_ok) =
                frames_of(None, |show| raw_stream::read(&*stream, &input(), show));
            let (found, in_pieces, pieces_ok) =
                frames_of(Some(sender), |show| read(&*file, &input(), show));
            prop_assert_eq!(found, expected);
            prop_assert_eq!(
                (in_pieces.frames, in_pieces.bytes, in_pieces.truncated, pieces_ok),
                (whole.frames, whole.bytes, whole.truncated, whole_ok)
            );
        }

        #[test]
        fn whatever_follows_the_magic_is_no_panic(
            entries in prop::collection::vec(
                (
                    prop::sample::select(b"><".to_vec()),
                    prop::sample::select(b"dddddcre".to_vec()),
                    prop::collection::vec(prop::sample::select(vec![0, 1, 2, 3, 0x10, 0x18, b'5', 0xff]), 0..60),
                    prop_oneof![any::<u64>(), 0_u64..10_000_000],
                ),
                0..30,
            ),
            begun in any::<u64>(),
            noise in prop::collection::vec(any::<u8>(), 0..30),
        ) {
            let mut file = MAGIC.to_vec();
            file.extend([1, 0, 0, 0]);
            file.extend(begun.to_be_bytes());
            for (sender, what, bytes, at) in entries {
                file.extend([sender, what, 0, u8::try_from(bytes.len()).unwrap()]);
                file.extend(at.to_be_bytes());
                file.extend(bytes);
            }
            file.extend(noise);
            for lines in [&mut JsonLines as &mut dyn Lines, &mut TextLines::default()] {
                let mut picture = Picture::default();
                let mut text = String::new();
                let mut show = |finding: &Finding<'_>| {
                    picture.add(finding);
                    text += &lines.finding(finding);
                    Ok(())
                };
                let (summary, _) = read(&*file, &input(), &mut show).unwrap();
                text += &lines.end(&summary);
                prop_assert!(draw(&picture, &summary, "x").ends_with("</svg>\n"));
                if !text.starts_with('{') {
                    for line in text.lines() {
                        prop_assert!(line.chars().count() <= 60, "{}", line);
                    }
                }
            }
        }
    }
}
