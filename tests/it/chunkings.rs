//! A short stream, cut into pieces in every possible way.

use crate::common::pieces::{Event, Outcome, through_buffer, through_reader};
use audiosocket::wire::{Frame, Header, Kind};

/// A digit, an empty hangup, and two samples: 4 + 3 + 7 bytes.
const STREAM: [u8; 14] = [
    0x03, 0x00, 0x01, b'5', //
    0x00, 0x00, 0x00, //
    0x10, 0x00, 0x04, 1, 2, 3, 4,
];

fn digit() -> Event {
    Event::Frame(Kind::DTMF_DIGIT, b"5".to_vec())
}

fn hangup() -> Event {
    Event::Frame(Kind::HANGUP, Vec::new())
}

fn audio() -> Event {
    Event::Frame(Kind::SLIN, vec![1, 2, 3, 4])
}

/// Calls `check` with the lengths of the pieces for each of the 2^(len - 1) ways to cut `len` bytes.
fn for_every_chunking(len: usize, mut check: impl FnMut(&[usize])) {
    for cuts in 0..1_u32 << (len - 1) {
        let mut lengths = vec![1];
        for place in 0..len - 1 {
            if cuts >> place & 1 == 1 {
                lengths.push(1);
            } else if let Some(last) = lengths.last_mut() {
                *last += 1;
            }
        }
        check(&lengths);
    }
}

#[test]
fn number_of_chunkings_is_as_expected() {
    let mut met = std::collections::HashSet::new();
    for_every_chunking(STREAM.len(), |lengths| {
        assert_eq!(lengths.iter().sum::<usize>(), STREAM.len());
        met.insert(lengths.to_vec());
    });
    assert_eq!(met.len(), 8192);
}

#[test]
fn reader_returns_same_frames_for_every_chunking() {
    let expected = Outcome {
        events: vec![digit(), hangup(), audio()],
        needed: 0,
    };
    for_every_chunking(STREAM.len(), |lengths| {
        let read = through_reader(&STREAM, lengths, Frame::MAX_PAYLOAD_LEN);
        assert_eq!(read, expected, "{lengths:?}");
    });
}

#[test]
fn buffer_returns_same_frames_for_every_chunking() {
    let expected = Outcome {
        events: vec![digit(), hangup(), audio()],
        needed: 0,
    };
    for storage_len in [7, 8, 10, 14] {
        for_every_chunking(STREAM.len(), |lengths| {
            let read = through_buffer(&STREAM, lengths, storage_len, Frame::MAX_PAYLOAD_LEN);
            assert_eq!(read, expected, "{storage_len} bytes, {lengths:?}");
        });
    }
}

#[test]
fn small_buffer_skips_same_frames_for_every_chunking() {
    let long_digit = || Event::TooLong(Header::new(Kind::DTMF_DIGIT, 1));
    let long_audio = || Event::TooLong(Header::new(Kind::SLIN, 4));
    for (storage_len, events) in [
        (3, [long_digit(), hangup(), long_audio()]),
        (4, [digit(), hangup(), long_audio()]),
        (6, [digit(), hangup(), long_audio()]),
    ] {
        let expected = Outcome {
            events: events.to_vec(),
            needed: 0,
        };
        for_every_chunking(STREAM.len(), |lengths| {
            let read = through_buffer(&STREAM, lengths, storage_len, Frame::MAX_PAYLOAD_LEN);
            assert_eq!(read, expected, "{storage_len} bytes, {lengths:?}");
        });
    }
}

#[test]
fn limit_skips_same_frames_in_reader_and_buffer() {
    let expected = Outcome {
        events: vec![
            digit(),
            hangup(),
            Event::TooLong(Header::new(Kind::SLIN, 4)),
        ],
        needed: 0,
    };
    for_every_chunking(STREAM.len(), |lengths| {
        let read = through_reader(&STREAM, lengths, 3);
        assert_eq!(read, expected, "{lengths:?}");
        let read = through_buffer(&STREAM, lengths, 14, 3);
        assert_eq!(read, expected, "{lengths:?}");
    });
}
