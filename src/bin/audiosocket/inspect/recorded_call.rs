//! Frames of a tap recording. It contains the bytes of both directions of a call, with their times.

use std::io::Read;
use std::time::Duration;

use crate::failure::Failure;
use crate::tap_file::{Sender, TapReader};

use super::{Input, unfinished};
use crate::analysis::ended::{Ended, Ends};
use crate::analysis::finding::Show;
use crate::analysis::side::Side;
use crate::analysis::summary::{CallSummary, Summary};

/// Shows the findings in the recording. The inner result is an error if the recording is damaged.
pub fn read(
    source: impl Read,
    input: &Input,
    show: &mut Show<'_>,
) -> Result<(Summary, Result<(), Failure>), Failure> {
    let mut recording = TapReader::open(source).map_err(|error| input.unreadable(error))?;
    let [mut caller, mut server] = Sender::BOTH.map(Side::new);
    let mut length = Duration::ZERO;
    let mut ends = Ends::default();
    let damage = loop {
        match recording.next_entry() {
            Ok(Some(entry)) => {
                length = length.max(entry.at);
                let side = match entry.sender {
                    Sender::Caller => &mut caller,
                    Sender::Server => &mut server,
                };
                if let Some(how) = side.take(entry, show)? {
                    let (by, at) = (entry.sender, entry.at);
                    ends.add(Ended { by, how, at });
                }
            }
            Ok(None) => break None,
            Err(error) => break Some(input.unreadable(error)),
        }
    };
    let mut summary = Summary::default();
    let sides = [caller.finish(length, show)?, server.finish(length, show)?];
    for (side, bytes) in &sides {
        summary.frames += side.frames;
        summary.bytes += bytes;
        summary.truncated += side.truncated;
    }
    let sides = sides.map(|(side, _)| side);
    let result = match (
        damage,
        recording.cut(),
        sides.iter().find(|side| side.truncated > 0),
    ) {
        (Some(damage), _, _) => Err(damage),
        (None, 1.., _) => Err(Failure::Failed(format!(
            "{input} ends inside an entry (bytes present: {})",
            recording.cut()
        ))),
        (None, 0, Some(side)) => {
            let whose = format!(" of the {}", side.sender);
            Err(unfinished(input, &whose, side.truncated, side.needed))
        }
        (None, 0, None) => Ok(()),
    };
    summary.call = Some(CallSummary {
        started: recording.started(),
        length,
        sides,
        ended: ends.first(),
        verdict: None,
    });
    Ok((summary, result))
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
    use crate::analysis::finding::{Finding, What};
    use crate::tap_file::{Entry, Seen};
    use crate::tap_file::{MAGIC, TapWriter};

    fn input() -> Input {
        Input { file: "x".into() }
    }

    /// Offset, kind and payload.
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
        // Each case draws two pictures, or reads streams twice.
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn stream_in_pieces_has_the_same_frames(
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
            let mut recorder = TapWriter::begin(&mut file, UNIX_EPOCH).unwrap();
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
        fn any_bytes_after_the_magic_cause_no_panic(
            entries in prop::collection::vec(
                (
                    prop::sample::select(b"><".to_vec()),
                    prop::sample::select(b"dddddcre".to_vec()),
                    prop::collection::vec(prop::sample::select(vec![0, 1, 2, 3, 0x10, 0x18, b'5', 0xff]), 0..60),
                    prop_oneof![any::<u64>(), 0_u64..10_000_000],
                ),
                0..30,
            ),
            started in any::<u64>(),
            noise in prop::collection::vec(any::<u8>(), 0..30),
        ) {
            let mut file = MAGIC.to_vec();
            file.extend([1, 0, 0, 0]);
            file.extend(started.to_be_bytes());
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
