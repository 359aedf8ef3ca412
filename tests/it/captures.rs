//! Every byte that Asterisk sent on eighteen connections, read in three ways and encoded again.

use crate::common::pieces::{Event, through_buffer, through_reader};
use audiosocket::wire::{Digit, Dtmf, DtmfDialect, Frame, Frames, Kind, Message, Parsed, Uuid};

const CALL: &str = "11223344-5566-7788-99aa-bbccddeeff00";

struct Capture {
    name: &'static str,
    bytes: &'static [u8],
    /// The frames after the UUID: kind, payload length, and their number.
    frames: &'static [(u8, usize, usize)],
    /// The digits in the order of the key presses, as sent.
    digits: &'static str,
}

macro_rules! capture {
    ($name:literal, $frames:expr, $digits:literal) => {
        Capture {
            name: $name,
            bytes: include_bytes!(concat!("../captures/", $name, ".bin")),
            frames: &$frames,
            digits: $digits,
        }
    };
}

const CAPTURES: [Capture; 18] = [
    capture!("app-play", [(0x10, 320, 149)], ""),
    capture!("slin-play", [(0x10, 320, 150)], ""),
    capture!("slin12-play", [(0x11, 480, 59)], ""),
    capture!("slin16-play", [(0x12, 640, 59)], ""),
    capture!("slin24-play", [(0x13, 960, 49)], ""),
    capture!("slin32-play", [(0x14, 1280, 39)], ""),
    capture!("slin48-play", [(0x16, 1920, 39)], ""),
    capture!("slin96-play", [(0x17, 3840, 19)], ""),
    capture!("slin192-play", [(0x18, 7680, 11)], ""),
    capture!("app-dtmf", [(0x03, 1, 16)], "1234567890*#ABCD"),
    capture!("slin-dtmflower", [(0x03, 1, 4)], "abcd"),
    capture!("slin-mix", [(0x10, 320, 130), (0x03, 1, 4)], "12#A"),
    capture!("ulaw-play", [(0x10, 160, 59)], ""),
    capture!("hu-app-none", [(0x10, 320, 50)], ""),
    capture!("seed-none-dtmf", [(0x02, 6, 32)], "1234567890*#ABCD"),
    capture!("seed-none-dtmflower", [(0x02, 6, 8)], "abcd"),
    capture!("seed-none-dtmflong", [(0x02, 6, 4)], "56"),
    capture!("seed-none-mix", [(0x10, 320, 130), (0x02, 6, 8)], "12#A"),
];

fn dtmf_of(capture: &Capture) -> Vec<Dtmf> {
    Frames::new(capture.bytes)
        .filter_map(|frame| match frame.message() {
            Ok(Message::Dtmf(dtmf)) => Some(dtmf),
            _ => None,
        })
        .collect()
}

#[test]
fn every_capture_has_its_uuid_and_counted_frames() {
    for capture in &CAPTURES {
        let mut frames = Frames::new(capture.bytes);
        let first = frames.next().expect("a frame");
        let uuid: Uuid = CALL.parse().expect("a UUID");
        assert_eq!(first.message(), Ok(Message::Uuid(uuid)), "{}", capture.name);
        for &(kind, len, count) in capture.frames {
            let met = Frames::new(capture.bytes)
                .filter(|frame| frame.kind().byte() == kind && frame.payload().len() == len)
                .count();
            assert_eq!(met, count, "{}: {kind:#04x}/{len}", capture.name);
        }
        let total: usize = capture.frames.iter().map(|(_, _, count)| count).sum();
        assert_eq!(frames.by_ref().count(), total, "{}", capture.name);
        assert_eq!(frames.rest(), [], "{}", capture.name);
    }
}

#[test]
fn every_captured_frame_is_valid_for_its_kind() {
    for capture in &CAPTURES {
        for frame in Frames::new(capture.bytes) {
            let message = frame.message().expect("Asterisk sends no wrong payload");
            match message {
                Message::Audio(audio) => {
                    assert_eq!(Some(audio.rate()), frame.kind().sample_rate());
                    assert_eq!(audio.bytes(), frame.payload());
                    // u-law under a kind of linear audio has half as many bytes, so it seems to last half as long.
                    let lasts = if capture.name == "ulaw-play" {
                        10_000
                    } else {
                        20_000
                    };
                    assert_eq!(audio.duration_us(), lasts, "{}", capture.name);
                }
                Message::Uuid(_) => assert_eq!(frame.kind(), Kind::UUID),
                Message::Dtmf(_) => assert_eq!(frame.kind().name(), Some("DTMF")),
                other => panic!("{}: {other:?}", capture.name),
            }
        }
    }
}

#[test]
fn captured_digits_are_those_pressed() {
    for capture in &CAPTURES {
        let pressed: Vec<Digit> = capture
            .digits
            .chars()
            .map(|character| character.try_into().expect("a digit"))
            .collect();
        let mut expected = Vec::new();
        for digit in pressed {
            if capture.name.starts_with("seed") {
                let long = capture.name == "seed-none-dtmflong" && digit.to_char() == '5';
                let duration_ms = if long { 1000 } else { 100 };
                expected.push(Dtmf::Start(digit));
                expected.push(Dtmf::Stop { digit, duration_ms });
            } else {
                expected.push(Dtmf::Digit(digit));
            }
        }
        assert_eq!(dtmf_of(capture), expected, "{}", capture.name);
    }
}

#[test]
fn only_the_fork_sends_the_start_stop_dialect() {
    for capture in &CAPTURES {
        let dialect = if capture.name.starts_with("seed") {
            DtmfDialect::StartStop
        } else {
            DtmfDialect::Asterisk
        };
        assert!(
            dtmf_of(capture)
                .iter()
                .all(|dtmf| dtmf.dialect() == dialect)
        );
    }
}

#[test]
fn captured_sine_has_every_sample_as_played() {
    for capture in &CAPTURES[..2] {
        let samples: Vec<i16> = Frames::new(capture.bytes)
            .filter_map(|frame| match frame.message() {
                Ok(Message::Audio(audio)) => Some(audio.samples()),
                _ => None,
            })
            .flatten()
            .collect();
        // 1 kHz at 8 kHz: a period has eight samples.
        let period = [0, 5656, 8000, 5656, 0, -5656, -8000, -5656];
        assert_eq!(samples.len(), capture.frames[0].2 * 160);
        assert!(
            samples.chunks(8).all(|eight| eight == period),
            "{}: {:?}",
            capture.name,
            &samples[..16]
        );
    }
}

#[test]
fn capture_in_odd_pieces_gives_the_same_frames() {
    for capture in &CAPTURES {
        let frames: Vec<Event> = Frames::new(capture.bytes).map(Event::from).collect();
        for lengths in [&[1][..], &[2, 1], &[7, 1, 319, 4], &[323], &[100_000]] {
            let read = through_reader(capture.bytes, lengths, Frame::MAX_PAYLOAD_LEN);
            assert_eq!(
                (&read.events, read.needed),
                (&frames, 0),
                "{}",
                capture.name
            );
            let longest = frames_longest(capture);
            for storage_len in [longest, longest + 1, longest * 3] {
                let read =
                    through_buffer(capture.bytes, lengths, storage_len, Frame::MAX_PAYLOAD_LEN);
                assert_eq!(
                    (&read.events, read.needed),
                    (&frames, 0),
                    "{}",
                    capture.name
                );
            }
        }
    }
}

fn frames_longest(capture: &Capture) -> usize {
    Frames::new(capture.bytes)
        .map(|frame| frame.encoded_len())
        .max()
        .expect("a frame")
}

#[test]
fn captured_frames_encode_to_the_capture() {
    for capture in &CAPTURES {
        let mut written = Vec::new();
        for frame in Frames::new(capture.bytes) {
            let mut buffer = vec![0; frame.encoded_len()];
            written.extend_from_slice(frame.encode(&mut buffer).expect("the room asked for"));
        }
        assert!(written == capture.bytes, "{}", capture.name);
    }
}

#[test]
fn captured_messages_encode_to_the_capture() {
    for capture in &CAPTURES {
        let mut written = Vec::new();
        for frame in Frames::new(capture.bytes) {
            let message = frame.message().expect("a payload that suits its kind");
            let mut buffer = vec![0; frame.encoded_len()];
            written.extend_from_slice(message.encode(&mut buffer).expect("the same room"));
        }
        assert!(written == capture.bytes, "{}", capture.name);
    }
}

#[test]
fn cut_capture_needs_exactly_the_missing_bytes() {
    for capture in &CAPTURES {
        let len = capture.bytes.len();
        for cut in len.saturating_sub(700)..len {
            let mut frames = Frames::new(&capture.bytes[..cut]);
            let start: usize = frames.by_ref().map(|frame| frame.encoded_len()).sum();
            let end = match capture.bytes[start..] {
                _ if cut - start < 3 => start + 3,
                [_, high, low, ..] => start + 3 + usize::from(high) * 256 + usize::from(low),
                _ => unreachable!("the capture has whole headers"),
            };
            assert_eq!(
                Frame::parse(frames.rest()),
                Parsed::Incomplete { needed: end - cut },
                "{} cut at {cut}",
                capture.name
            );
        }
    }
}
