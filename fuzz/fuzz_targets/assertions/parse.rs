//! What must hold for any bytes, read from a slice. Used by the fuzz target and by `tests/corpus.rs`.

use std::fmt::{Debug, Display};

use audiosocket::wire::{Digit, Frame, Frames, Header, Kind, Message, Parsed, Samples, Uuid};

pub fn check(bytes: &[u8]) {
    let mut rest = bytes;
    let mut frames = Frames::new(bytes);
    while let Some((frame, after)) = check_parse(rest) {
        assert_eq!(frames.next(), Some(frame));
        assert_eq!(frames.rest(), after);
        check_frame(frame, &rest[..rest.len() - after.len()]);
        rest = after;
    }
    assert_eq!(frames.next(), None);
    assert_eq!(frames.rest(), rest);
    check_texts(bytes);
}

/// How many bytes the stage at the start of `bytes` has: a header, or a frame. Worked out without the library.
fn stage_len(bytes: &[u8]) -> usize {
    match *bytes {
        [_, high, low, ..] => 3 + 256 * usize::from(high) + usize::from(low),
        _ => 3,
    }
}

fn check_parse(bytes: &[u8]) -> Option<(Frame<'_>, &[u8])> {
    let parsed = Frame::parse(bytes);
    reads_well(&parsed);
    let len = stage_len(bytes);
    match parsed {
        Parsed::Complete { frame, rest } => {
            assert_eq!(frame.encoded_len(), len);
            assert_eq!(frame.kind().byte(), bytes[0]);
            assert_eq!(frame.payload(), &bytes[3..len]);
            assert_eq!(rest, &bytes[len..]);
            Some((frame, rest))
        }
        Parsed::Incomplete { needed } => {
            assert!(bytes.len() < len);
            assert_eq!(needed, len - bytes.len());
            let mut more = bytes.to_vec();
            more.resize(len - 1, 0);
            assert_eq!(Frame::parse(&more), Parsed::Incomplete { needed: 1 });
            more.resize(len, 0);
            match Frame::parse(&more) {
                Parsed::Complete { frame, rest } => {
                    assert_eq!((frame.encoded_len(), rest.len()), (len, 0));
                }
                // The header has become whole, and says how long the payload is.
                Parsed::Incomplete { needed } => {
                    assert!(bytes.len() < 3);
                    assert_eq!(needed, stage_len(&more) - 3);
                    assert!(needed > 0);
                }
            }
            None
        }
    }
}

fn check_frame(frame: Frame<'_>, bytes: &[u8]) {
    reads_well(&frame);
    displays_well(&frame);
    let header = frame.header();
    reads_well(&header);
    displays_well(&header);
    displays_well(&header.kind());
    assert_eq!(header.to_bytes(), bytes[..3]);
    assert_eq!(Header::parse(header.to_bytes()), header);
    assert_eq!(header.frame_len(), bytes.len());
    assert_eq!(Frame::new(frame.kind(), frame.payload()), Ok(frame));
    encodes_as(bytes, |buffer| frame.encode(buffer).map(|bytes| &*bytes));
    check_samples(frame.payload());
    match frame.message() {
        Ok(message) => check_message(message, frame, bytes),
        Err(error) => {
            reads_well(&error);
            displays_well(&error);
            displays_well(&error.reason());
            assert_eq!(error.header(), frame.header());
            assert!(!suits(frame));
        }
    }
}

/// Encoding gives these bytes, touches nothing behind them, and refuses a buffer that is one byte short.
fn encodes_as(
    bytes: &[u8],
    encode: impl Fn(&mut [u8]) -> Result<&[u8], audiosocket::wire::BufferTooShort>,
) {
    let mut buffer = vec![0xaa; bytes.len() + 2];
    assert_eq!(encode(&mut buffer), Ok(bytes));
    assert_eq!(buffer[bytes.len()..], [0xaa; 2]);
    let error = encode(&mut buffer[..bytes.len() - 1]).expect_err("one byte too few");
    assert_eq!((error.needed, error.len), (bytes.len(), bytes.len() - 1));
    reads_well(&error);
    displays_well(&error);
}

/// Whether the payload suits the kind, by the protocol's table.
fn suits(frame: Frame<'_>) -> bool {
    let is_digit = |code| b"0123456789*#ABCDabcd".contains(&code);
    match (frame.kind().byte(), frame.payload()) {
        (0x01, payload) => payload.len() == 16,
        (0x02, []) => true,
        (0x02, &[state, code, _, _, _, _]) => state < 2 && is_digit(code),
        (0x02, _) => false,
        (0x03, &[code]) => is_digit(code),
        (0x03, _) => false,
        (0x10..=0x18, payload) => !payload.is_empty() && payload.len() % 2 == 0,
        _ => true,
    }
}

fn check_message(message: Message<'_>, frame: Frame<'_>, bytes: &[u8]) {
    reads_well(&message);
    assert!(suits(frame));
    // What the library may change in reading: a hangup loses its payload, and a start its duration.
    let mut expected = bytes.to_vec();
    match (frame.kind(), &mut expected[3..]) {
        (Kind::HANGUP, _) => expected = vec![0, 0, 0],
        (Kind::DTMF_START_STOP, [1, _, duration @ ..]) => duration.fill(0),
        _ => {}
    }
    encodes_as(&expected, |buffer| {
        message.encode(buffer).map(|bytes| &*bytes)
    });
    let Parsed::Complete { frame: again, .. } = Frame::parse(&expected) else {
        panic!("a message is encoded as a whole frame");
    };
    assert_eq!(again.message(), Ok(message));
    match message {
        Message::Uuid(uuid) => {
            reads_well(&uuid);
            assert_eq!(displays_well(&uuid).parse(), Ok(uuid));
        }
        Message::Dtmf(dtmf) => {
            displays_well(&dtmf.digit());
            assert_eq!(Digit::try_from(dtmf.digit().to_char()), Ok(dtmf.digit()));
        }
        Message::Audio(audio) => {
            displays_well(&audio.rate());
            let samples: Vec<i16> = audio.samples().collect();
            let mut buffer = vec![0; audio.bytes().len()];
            let again = audiosocket::wire::Audio::from_samples(audio.rate(), &samples, &mut buffer);
            assert_eq!(again, Ok(audio));
            assert!(audio.duration_us() > 0);
        }
        Message::Error(code) => {
            displays_well(&code);
            assert_eq!(code.flags().is_some(), frame.payload().len() == 1);
        }
        _ => {}
    }
}

/// From the front, from the back, and from both ends by turns, against a plain loop.
fn check_samples(payload: &[u8]) {
    let plain: Vec<i16> = payload
        .chunks(2)
        .filter(|pair| pair.len() == 2)
        .map(|pair| (u16::from(pair[0]) + 256 * u16::from(pair[1])) as i16)
        .collect();
    let samples = Samples::new(payload);
    reads_well(&samples);
    assert_eq!(samples.len(), plain.len());
    assert_eq!(samples.trailing().is_some(), payload.len() % 2 == 1);
    assert!(samples.clone().eq(plain.iter().copied()));
    assert!(samples.clone().rev().eq(plain.iter().rev().copied()));
    let (mut both, mut expected) = (samples, plain.iter().copied());
    while expected.len() > 0 {
        assert_eq!(both.next(), expected.next());
        assert_eq!(both.next_back(), expected.next_back());
        assert_eq!(both.nth(1), expected.nth(1));
    }
    assert_eq!((both.next(), both.next_back()), (None, None));
}

/// Texts that users type are parsed too.
fn check_texts(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match text.parse::<Uuid>() {
        Ok(uuid) => {
            let hyphens = text.contains('-');
            let again = uuid.to_string();
            let again = if hyphens {
                again
            } else {
                again.replace('-', "")
            };
            assert_eq!(again, text.to_lowercase());
        }
        Err(error) => drop((reads_well(&error), displays_well(&error))),
    }
    if let Some(Err(error)) = text.chars().next().map(Digit::try_from) {
        displays_well(&error);
    }
}

fn reads_well(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    assert!(!text.is_empty());
    text
}

fn displays_well(value: &impl Display) -> String {
    let text = value.to_string();
    assert!(!text.is_empty());
    text
}
