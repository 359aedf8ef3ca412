//! Properties of all bytes, all frames and all messages, tested with many random ones.

use crate::common::pieces::{Event, Outcome, through_buffer, through_reader};
use audiosocket::wire::{
    Audio, Decoded, Digit, Dtmf, ErrorCode, Frame, FrameBuffer, Frames, Header, Kind, Message,
    Parsed, SampleRate, Samples, Uuid,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// Parses a stream byte by byte in the simplest way. Shares only names with the library.
fn oracle(bytes: &[u8], max_payload_len: usize) -> Outcome {
    let mut events = Vec::new();
    let mut header = Vec::new();
    let mut payload = Vec::new();
    for byte in bytes {
        if header.len() < 3 {
            header.push(*byte);
        } else {
            payload.push(*byte);
        }
        if header.len() < 3 {
            continue;
        }
        let len = usize::from(header[1]) * 256 + usize::from(header[2]);
        if len > max_payload_len && payload.is_empty() {
            let kind = Kind::from_byte(header[0]);
            events.push(Event::TooLong(Header::new(kind, len as u16)));
        }
        if payload.len() == len {
            if len <= max_payload_len {
                events.push(Event::Frame(Kind::from_byte(header[0]), payload));
            }
            (header, payload) = (Vec::new(), Vec::new());
        }
    }
    let needed = match header[..] {
        [] => 0,
        [_, high, low] => usize::from(high) * 256 + usize::from(low) - payload.len(),
        _ => 3 - header.len(),
    };
    Outcome { events, needed }
}

/// A frame of any kind, more often of a defined one, with lengths on both sides of every limit tested.
fn any_frame() -> impl Strategy<Value = Vec<u8>> {
    let kind = prop_oneof![
        select(vec![0x00, 0x01, 0x02, 0x03, 0x10, 0x12, 0xff]),
        any::<u8>()
    ];
    let payload = prop_oneof![vec(any::<u8>(), 0..8), vec(any::<u8>(), 0..80)];
    (kind, payload).prop_map(|(kind, payload)| {
        let len = payload.len() as u16;
        [&[kind][..], &len.to_be_bytes(), &payload].concat()
    })
}

/// Frames. The last one may be cut.
fn any_stream() -> impl Strategy<Value = Vec<u8>> {
    (vec(any_frame(), 0..12), any::<Index>(), any::<bool>()).prop_map(|(frames, cut, whole)| {
        let mut stream = frames.concat();
        if !whole {
            stream.truncate(cut.index(stream.len() + 1));
        }
        stream
    })
}

fn any_lengths() -> impl Strategy<Value = Vec<usize>> {
    prop_oneof![vec(1..5_usize, 1..10), vec(1..200_usize, 1..10)]
}

fn any_digit() -> impl Strategy<Value = Digit> {
    select(Digit::ALL.to_vec())
}

/// A message of any variant. It borrows its bytes.
fn message_of<'a>(
    variant: u8,
    bytes: &'a [u8],
    digit: Digit,
    duration_ms: u32,
    rate: SampleRate,
    kind: u8,
) -> Message<'a> {
    let whole_samples = &bytes[..bytes.len() / 2 * 2];
    match variant {
        0 => Message::Hangup,
        1 => Message::Uuid(Uuid::from_bytes(
            u128::from(duration_ms).wrapping_pow(5).to_be_bytes(),
        )),
        2 => Message::Dtmf(Dtmf::Start(digit)),
        3 => Message::Dtmf(Dtmf::Stop { digit, duration_ms }),
        4 => Message::Dtmf(Dtmf::Digit(digit)),
        5 => Message::Audio(Audio::new(rate, whole_samples).expect("at least one sample")),
        6 => Message::Error(ErrorCode::new(bytes).expect("it fits")),
        7 => Message::LegacySilence,
        _ => {
            // The first kind at or above this one that has no meaning.
            let unknown = (0..=255)
                .map(|step| Kind::from_byte(kind.wrapping_add(step)))
                .find(|kind| kind.name().is_none())
                .expect("most kinds have none");
            Message::Unknown(Frame::new(unknown, bytes).expect("it fits"))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1536,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn frame_prefix_is_incomplete_and_needs_progress(
        bytes in any_frame()
    ) {
        let mut len = 0;
        while len < bytes.len() {
            let Parsed::Incomplete { needed } = Frame::parse(&bytes[..len]) else {
                panic!("{len} of {} bytes", bytes.len());
            };
            let stage = if len < 3 { 3 } else { bytes.len() };
            prop_assert_eq!(needed, stage - len);
            len += 1;
        }
        let mut steps = vec![0];
        while let Parsed::Incomplete { needed } = Frame::parse(&bytes[..steps[steps.len() - 1]]) {
            prop_assert!(needed > 0);
            steps.push(steps[steps.len() - 1] + needed);
        }
        prop_assert!(steps == [0, 3] || steps == [0, 3, bytes.len()]);
    }

    #[test]
    fn any_bytes_parse_as_the_oracle_parses_them(bytes in vec(any::<u8>(), 0..200)) {
        let mut frames = Frames::new(&bytes);
        let events: Vec<Event> = frames.by_ref().map(Event::from).collect();
        let needed = match Frame::parse(frames.rest()) {
            Parsed::Incomplete { .. } if frames.rest().is_empty() => 0,
            Parsed::Incomplete { needed } => needed,
            Parsed::Complete { .. } => panic!("the iterator has ended"),
        };
        prop_assert_eq!(Outcome { events, needed }, oracle(&bytes, Frame::MAX_PAYLOAD_LEN));
    }

    #[test]
    fn reader_result_does_not_depend_on_splits(
        bytes in any_stream(),
        lengths in any_lengths(),
        limit in prop_oneof![Just(Frame::MAX_PAYLOAD_LEN), 0..80_usize],
    ) {
        prop_assert_eq!(through_reader(&bytes, &lengths, limit), oracle(&bytes, limit));
    }

    #[test]
    fn buffer_result_does_not_depend_on_splits_or_size(
        bytes in any_stream(),
        lengths in any_lengths(),
        storage_len in 3..100_usize,
        limit in prop_oneof![Just(usize::MAX), 0..80_usize],
    ) {
        let effective = limit.min(storage_len - 3);
        prop_assert_eq!(
            through_buffer(&bytes, &lengths, storage_len, limit),
            oracle(&bytes, effective)
        );
    }

    #[test]
    fn buffer_result_does_not_depend_on_storage_moves(
        bytes in any_stream(),
        moves in vec((1..40_usize, 83..120_usize), 1..8),
        limit in prop_oneof![Just(usize::MAX), 0..80_usize],
    ) {
        let mut moves = moves.into_iter().cycle();
        let mut buffer = FrameBuffer::new(vec![0; 83]).with_max_payload_len(limit);
        let mut events = Vec::new();
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            let (len, storage_len) = moves.next().expect("endless");
            let spare = buffer.spare();
            let len = len.min(spare.len()).min(rest.len());
            spare[..len].copy_from_slice(&rest[..len]);
            rest = &rest[len..];
            buffer.commit(len);
            loop {
                match buffer.next_frame() {
                    Decoded::Frame(frame) => events.push(Event::from(frame)),
                    Decoded::TooLong(header) => events.push(Event::TooLong(header)),
                    Decoded::Incomplete { .. } => break,
                }
            }
            let waiting = buffer.len();
            buffer = match buffer.move_to(vec![0; waiting.saturating_sub(1)]) {
                Ok(buffer) => {
                    prop_assert_eq!(waiting, 0);
                    buffer
                }
                Err(same) => same,
            };
            buffer = buffer.move_to(vec![0; storage_len]).expect("room for all");
            prop_assert_eq!(buffer.len(), waiting);
        }
        prop_assert_eq!(events, oracle(&bytes, limit).events);
    }

    #[test]
    fn buffer_accepts_absurd_counts_in_any_order(
        storage in vec(any::<u8>(), 0..40),
        calls in vec((0..6_u8, prop_oneof![0..50_usize, select(vec![usize::MAX, usize::MAX - 1])]), 0..60),
        limit in prop_oneof![Just(usize::MAX), 0..40_usize],
    ) {
        let storage_len = storage.len();
        let mut buffer = FrameBuffer::new(storage).with_max_payload_len(limit);
        for (call, count) in calls {
            match call {
                0 | 1 => buffer.commit(count),
                2 => drop(buffer.spare().len()),
                3 => drop(buffer.needed()),
                _ => match buffer.next_frame() {
                    Decoded::Frame(frame) => {
                        prop_assert!(frame.encoded_len() <= storage_len);
                        prop_assert!(frame.payload().len() <= limit);
                    }
                    Decoded::TooLong(header) => prop_assert!(
                        header.payload_len() > limit || header.frame_len() > storage_len
                    ),
                    Decoded::Incomplete { needed } => prop_assert!(needed > 0),
                }
            }
            prop_assert!(buffer.len() <= storage_len);
        }
        prop_assert_eq!(buffer.into_storage().len(), storage_len);
    }

    #[test]
    fn parsed_frames_encode_to_the_same_bytes(bytes in any_stream(), spare in 0..9_usize) {
        let mut written = Vec::new();
        let mut frames = Frames::new(&bytes);
        for frame in frames.by_ref() {
            let len = frame.encoded_len();
            let mut short = vec![0xaa; len - 1];
            let error = frame.encode(&mut short).expect_err("one byte too few");
            prop_assert_eq!((error.needed, error.len), (len, len - 1));
            prop_assert!(short.iter().all(|byte| *byte == 0xaa), "nothing is written then");
            let mut buffer = vec![0xaa; len + spare];
            written.extend_from_slice(frame.encode(&mut buffer).expect("room"));
            prop_assert!(buffer[len..].iter().all(|byte| *byte == 0xaa));
        }
        written.extend_from_slice(frames.rest());
        prop_assert_eq!(written, bytes);
    }

    #[test]
    fn message_of_any_variant_round_trips(
        variant in 0..9_u8,
        bytes in vec(any::<u8>(), 2..700),
        digit in any_digit(),
        duration_ms in any::<u32>(),
        rate in select(SampleRate::ALL.to_vec()),
        kind in any::<u8>(),
    ) {
        let message = message_of(variant, &bytes, digit, duration_ms, rate, kind);
        let mut buffer = vec![0; 703];
        let encoded = message.encode(&mut buffer).expect("room");
        let len = encoded.len();
        let Parsed::Complete { frame, rest: [] } = Frame::parse(encoded) else {
            panic!("a whole frame");
        };
        prop_assert_eq!(frame.message(), Ok(message));
        let error = message.encode(&mut buffer[..len - 1]).expect_err("one byte too few");
        prop_assert_eq!((error.needed, error.len), (len, len - 1));
    }

    #[test]
    fn frame_of_any_payload_is_a_message_or_an_error(bytes in any_frame()) {
        let Parsed::Complete { frame, .. } = Frame::parse(&bytes) else {
            panic!("a whole frame");
        };
        let payload = frame.payload();
        let suits = match frame.kind().byte() {
            0x01 => payload.len() == 16,
            0x02 => payload.is_empty()
                || payload.len() == 6
                    && payload[0] < 2
                    && b"0123456789*#ABCDabcd".contains(&payload[1]),
            0x03 => payload.len() == 1 && b"0123456789*#ABCDabcd".contains(&payload[0]),
            0x10..=0x18 => !payload.is_empty() && payload.len() % 2 == 0,
            _ => true,
        };
        prop_assert_eq!(frame.message().is_ok(), suits, "{:?}", bytes);
        if let Err(error) = frame.message() {
            prop_assert_eq!(error.header(), frame.header());
        }
    }

    #[test]
    fn samples_from_both_ends_equal_a_plain_loop(
        bytes in vec(any::<u8>(), 0..50),
        picks in vec((0..4_u8, 0..6_usize), 0..40),
    ) {
        let mut plain = std::collections::VecDeque::new();
        for pair in bytes.chunks(2) {
            if let [low, high] = *pair {
                plain.push_back((u16::from(low) + 256 * u16::from(high)) as i16);
            }
        }
        let mut samples = Samples::new(&bytes);
        let odd = bytes.last().filter(|_| bytes.len() % 2 == 1).copied();
        for (pick, n) in picks {
            match pick {
                0 => prop_assert_eq!(samples.next(), plain.pop_front()),
                1 => prop_assert_eq!(samples.next_back(), plain.pop_back()),
                2 => {
                    plain.drain(..n.min(plain.len()));
                    prop_assert_eq!(samples.nth(n), plain.pop_front());
                }
                _ => {
                    plain.truncate(plain.len().saturating_sub(n));
                    prop_assert_eq!(samples.nth_back(n), plain.pop_back());
                }
            }
            prop_assert_eq!(samples.len(), plain.len());
            prop_assert_eq!(samples.trailing(), odd);
        }
        prop_assert!(samples.eq(plain));
    }

    #[test]
    fn samples_to_bytes_equal_a_plain_loop(
        samples in vec(any::<i16>(), 0..50),
        spare in -3..4_isize,
        rate in select(SampleRate::ALL.to_vec()),
    ) {
        let plain: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let mut buffer = vec![0xaa; plain.len().saturating_add_signed(spare)];
        let room = buffer.len() >= plain.len();
        let audio = Audio::from_samples(rate, &samples, &mut buffer);
        prop_assert_eq!(audio.is_ok(), room && !samples.is_empty());
        match audio {
            Ok(audio) => {
                prop_assert_eq!(audio.bytes(), &plain[..]);
                prop_assert!(audio.samples().eq(samples.iter().copied()));
                let microseconds = samples.len() as u64 * 1_000_000 / u64::from(rate.hz());
                prop_assert_eq!(u64::from(audio.duration_us()), microseconds);
            }
            Err(_) => prop_assert!(buffer.iter().all(|byte| *byte == 0xaa)),
        }
    }

    #[test]
    fn uuid_text_round_trips(bytes in any::<[u8; 16]>(), upper in any::<bool>()) {
        let uuid = Uuid::from_bytes(bytes);
        let text = uuid.to_string();
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        prop_assert_eq!(text.replace('-', ""), &digits[..]);
        prop_assert_eq!(text.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12]);
        let text = if upper { text.to_uppercase() } else { text };
        prop_assert_eq!(text.parse(), Ok(uuid));
        prop_assert_eq!(digits.parse(), Ok(uuid));
    }

    #[test]
    fn uuid_text_needs_its_digits_and_hyphens(
        text in prop_oneof![any::<String>(), "[0-9a-fA-F-]{30,38}", "[0-9a-g]{32}",
            "[0-9a-f]{8}-[0-9a-f-]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{11}[0-9a-gé]"],
    ) {
        let bytes = text.as_bytes();
        let hyphens = |place| matches!(place, 8 | 13 | 18 | 23);
        let suits = match bytes.len() {
            32 => bytes.iter().all(u8::is_ascii_hexdigit),
            36 => bytes.iter().enumerate().all(|(place, byte)| {
                if hyphens(place) { *byte == b'-' } else { byte.is_ascii_hexdigit() }
            }),
            _ => false,
        };
        prop_assert_eq!(text.parse::<Uuid>().is_ok(), suits, "{}", text);
        if let Err(error) = text.parse::<Uuid>() {
            prop_assert!(error.to_string().contains("UUID"));
        }
    }

    #[test]
    fn any_character_is_a_digit_or_refused(character in any::<char>()) {
        let digit = Digit::try_from(character);
        prop_assert_eq!(digit.is_ok(), "0123456789*#ABCDabcd".contains(character));
    }
}
