//! Byte strings and splits that other implementations of AudioSocket handle wrongly. Each test is named after the fault.

use crate::common::pieces::{Event, Outcome, Pieces, through_reader};
use audiosocket::stream::{FrameReader, FrameWriter, ReadError, WriteError};
use audiosocket::wire::{
    Audio, AudioError, Digit, Dtmf, ErrorCode, ErrorFlags, Frame, Frames, Header, Kind, Message,
    Parsed, PayloadErrorReason, PayloadTooLong, SampleRate, Uuid,
};

const UUID_FRAME: [u8; 19] = [
    0x01, 0x00, 0x10, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd,
    0xee, 0xff, 0x00,
];

#[track_caller]
fn whole(bytes: &[u8]) -> Frame<'_> {
    match Frame::parse(bytes) {
        Parsed::Complete { frame, rest: [] } => frame,
        other => panic!("{other:?}"),
    }
}

fn digit(character: char) -> Digit {
    character.try_into().expect("a digit")
}

fn audio_frame(kind: u8, len: u16) -> Vec<u8> {
    let [high, low] = len.to_be_bytes();
    let samples = (0..len).map(|place| place as u8);
    [kind, high, low].into_iter().chain(samples).collect()
}

// ivan770/audiosocket adds the length and 3 in 16 bits. Debug builds panic, and release builds return audio without samples.
#[test]
fn length_near_65535_is_a_length() {
    for len in 65_532..=65_535_u16 {
        let [high, low] = len.to_be_bytes();
        let needed = usize::from(len);
        assert_eq!(
            Frame::parse(&[0x10, high, low]),
            Parsed::Incomplete { needed }
        );
        assert_eq!(whole(&audio_frame(0x10, len)).payload().len(), needed);
    }
    assert_eq!(
        Frame::parse(&[0x10, 0xff, 0xfd]),
        Parsed::Incomplete { needed: 65_533 }
    );
}

// ivan770/audiosocket reads it as audio without samples. CyCoreSystems/audiosocket returns a length of 320 and no payload.
#[test]
fn cut_frame_is_incomplete_and_not_empty() {
    let bytes = audio_frame(0x10, 320);
    assert_eq!(
        Frame::parse(&bytes[..103]),
        Parsed::Incomplete { needed: 220 }
    );
    assert_eq!(
        Frame::parse(&bytes[..3]),
        Parsed::Incomplete { needed: 320 }
    );
}

// ivan770/audiosocket refuses it. In three servers in JavaScript and PHP it ends the whole process.
#[test]
fn digit_of_asterisk_is_a_digit() {
    let message = whole(&[0x03, 0x00, 0x01, 0x35]).message();
    assert_eq!(message, Ok(Message::Dtmf(Dtmf::Digit(digit('5')))));
}

// ivan770/audiosocket refuses it. An npm package treats it as an error, and uses the name slin16 for 8 kHz.
#[test]
fn audio_at_16_khz_is_audio() {
    let bytes = audio_frame(0x12, 640);
    let Ok(Message::Audio(audio)) = whole(&bytes).message() else {
        panic!("audio");
    };
    assert_eq!(audio.rate(), SampleRate::Hz16000);
    assert_eq!(audio.bytes().len(), 640);
    assert_eq!(audio.duration_us(), 20_000);
}

// SvenKube's Go library sends 16 kHz as 0x11, which Asterisk plays at 12 kHz.
#[test]
fn kinds_of_12_and_16_khz_differ() {
    let (twelve, sixteen) = (SampleRate::Hz12000.kind(), SampleRate::Hz16000.kind());
    assert_eq!((twelve.byte(), sixteen.byte()), (0x11, 0x12));
}

// ivan770/audiosocket knows only the codes 1, 2 and 4. reactphp-audiosocket reads the kind as -1, and its process ends.
#[test]
fn error_is_a_set_of_unsigned_flags() {
    for (code, flags) in [
        (1, ErrorFlags::HANGUP.bits()),
        (
            3,
            ErrorFlags::HANGUP.bits() | ErrorFlags::FRAME_FORWARDING.bits(),
        ),
    ] {
        let bytes = [0xff, 0x00, 0x01, code];
        let Ok(Message::Error(error)) = whole(&bytes).message() else {
            panic!("an error");
        };
        assert_eq!(error.flags(), Some(ErrorFlags::from_bits(flags)));
    }
}

// In CyCoreSystems/audiosocket, a message that could not be read has the kind of an error.
#[test]
fn stream_end_or_failure_is_no_error_frame() {
    let mut ended = FrameReader::new(&[][..]);
    assert!(matches!(ended.read_frame(), Ok(None)));
    let mut cut = FrameReader::new(&[0xff][..]);
    assert!(matches!(
        cut.read_frame(),
        Err(ReadError::Truncated { needed: 2, .. })
    ));
}

// ivan770/audiosocket reads every frame of kind 0x02 as silence.
#[test]
fn digit_of_the_start_stop_dialect_is_no_silence() {
    let start = [0x02, 0x00, 0x06, 0x01, 0x31, 0x00, 0x00, 0x00, 0x00];
    let message = whole(&start).message();
    assert_eq!(message, Ok(Message::Dtmf(Dtmf::Start(digit('1')))));
    let silence = whole(&[0x02, 0x00, 0x00]).message();
    assert_eq!(silence, Ok(Message::LegacySilence));
}

// fastaudiosocket treats the bytes of one read as a header, and then expects 256 bytes of kind 0x10 and 258 of kind 0x02.
#[test]
fn header_in_two_segments_is_one_header() {
    let bytes = [audio_frame(0x10, 320), audio_frame(0x10, 320)].concat();
    let expected: Vec<Event> = Frames::new(&bytes).map(Event::from).collect();
    for first in [1, 2] {
        let read = through_reader(&bytes, &[first, 321 - first], 320);
        assert_eq!((read.events, read.needed), (expected.clone(), 0));
    }
}

// fastaudiosocket plays 220 zero bytes instead and stays out of step. The process of nodejs-audiosocket-server ends.
#[test]
fn payload_in_two_segments_is_one_payload() {
    let bytes = [audio_frame(0x10, 320), audio_frame(0x10, 320)].concat();
    let expected: Vec<Event> = Frames::new(&bytes).map(Event::from).collect();
    let read = through_reader(&bytes, &[103, 220], 320);
    assert_eq!((read.events, read.needed), (expected, 0));
}

// @fonoster/streams loses both halves and reads the payload as a header.
#[test]
fn header_and_payload_in_two_segments_are_one_frame() {
    let bytes = audio_frame(0x10, 320);
    let read = through_reader(&bytes, &[3, 320], 320);
    let frame = Event::Frame(Kind::SLIN, bytes[3..].to_vec());
    assert_eq!((read.events, read.needed), (vec![frame], 0));
}

// NormHarrison/audiosocket reads it as one UUID of 640 digits. @fonoster/streams and reactphp-audiosocket drop the audio. The
// process of nodejs-audiosocket-server ends.
#[test]
fn uuid_and_five_frames_in_one_segment_are_six() {
    let mut bytes = UUID_FRAME.to_vec();
    for _ in 0..5 {
        bytes.extend(audio_frame(0x10, 320));
    }
    let lengths = [bytes.len()];
    let mut reader = FrameReader::new(Pieces::new(&bytes, &lengths));
    let first = reader.read_frame().expect("no error").expect("a frame");
    let Ok(Message::Uuid(uuid)) = first.message() else {
        panic!("a UUID");
    };
    assert_eq!(uuid.to_string(), "11223344-5566-7788-99aa-bbccddeeff00");
    for _ in 0..5 {
        let frame = reader.read_frame().expect("no error").expect("a frame");
        assert_eq!((frame.kind(), frame.payload().len()), (Kind::SLIN, 320));
    }
    assert!(matches!(reader.read_frame(), Ok(None)));
}

// @fonoster/streams requires the version and variant of RFC 4122 and never answers such a call. Asterisk requires neither.
#[test]
fn uuid_without_version_is_accepted() {
    for (text, byte) in [
        ("07070707-0707-0707-0707-070707070707", 7),
        ("00000000-0000-0000-0000-000000000000", 0),
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", 0xff),
    ] {
        let bytes: Vec<u8> = [1, 0, 16].into_iter().chain([byte; 16]).collect();
        let uuid = Uuid::from_bytes([byte; 16]);
        assert_eq!(whole(&bytes).message(), Ok(Message::Uuid(uuid)));
        assert_eq!((uuid.to_string(), text.parse()), (text.into(), Ok(uuid)));
    }
}

// asterisk-ai-bridge reads it as the nil UUID.
#[test]
fn uuid_of_four_bytes_is_refused() {
    let error = whole(&[0x01, 0x00, 0x04, 1, 2, 3, 4]).message();
    let reason = error.expect_err("16 bytes are expected").reason();
    assert_eq!(format!("{reason:?}"), "Length { actual: 4, expected: 16 }");
}

// CyCoreSystems/audiosocket returns a length of 2 and four bytes of payload.
#[test]
fn payload_has_the_length_in_its_header() {
    let bytes = [0x10, 0x00, 0x02, 0xaa, 0xbb, 0xcc, 0xdd];
    let Parsed::Complete { frame, rest } = Frame::parse(&bytes) else {
        panic!("a whole frame");
    };
    assert_eq!(frame.payload(), [0xaa, 0xbb]);
    assert_eq!(rest, [0xcc, 0xdd]);
}

// 7-zete-7/audiosocket throws before it advances, so it throws at the same frame forever. AudioSocket.Net loops.
#[test]
fn bad_frame_is_reported_once_and_the_next_follows() {
    let table: [(&[u8], Option<&str>); 5] = [
        (&[0x02, 0x00, 0x00], None),
        (&[0x77, 0x00, 0x02, 1, 2], None),
        (&[0x03, 0x00, 0x01, 0x66], Some("DtmfDigit { code: 102 }")),
        (
            &[0x01, 0x00, 0x03, 1, 2, 3],
            Some("Length { actual: 3, expected: 16 }"),
        ),
        (&[0x10, 0x00, 0x00], Some("EmptyAudio")),
    ];
    for (poison, reason) in table {
        let bytes = [poison, &UUID_FRAME].concat();
        let mut reader = FrameReader::new(bytes.as_slice());
        let first = reader.read_frame().expect("no error").expect("a frame");
        let error = first.message().err();
        let actual = error.map(|error| format!("{:?}", error.reason()));
        assert_eq!(actual.as_deref(), reason, "{poison:?}");
        let second = reader.read_frame().expect("no error").expect("a frame");
        assert_eq!(second.kind(), Kind::UUID);
        assert!(matches!(reader.read_frame(), Ok(None)));
    }
}

// fastaudiosocket does not know 0x00.
#[test]
fn frame_of_kind_0_is_a_hangup() {
    assert_eq!(whole(&[0x00, 0x00, 0x00]).message(), Ok(Message::Hangup));
}

// AudioSocket.Net loses the bytes after the last whole frame of a segment.
#[test]
fn partial_frame_after_whole_frames_is_kept() {
    let bytes = [&UUID_FRAME[..], &audio_frame(0x10, 320)[..], &UUID_FRAME].concat();
    let read = through_reader(&bytes, &[19 + 323 + 2, 17], 320);
    assert_eq!((read.events.len(), read.needed), (3, 0));
    let cut = &bytes[..bytes.len() - 17];
    let read = through_reader(cut, &[cut.len()], 320);
    assert_eq!((read.events.len(), read.needed), (2, 1));
}

// asterisk-ai-bridge writes 65,536 bytes after a length of 0, rustvani drops them, and the Go libraries panic.
#[test]
fn payload_over_65535_bytes_is_refused() {
    let bytes = vec![0; 65_536];
    let Err(PayloadTooLong { len, .. }) = Frame::new(Kind::SLIN, &bytes) else {
        panic!("65,535 bytes are the most");
    };
    assert_eq!(len, 65_536);
    assert!(ErrorCode::new(&bytes).is_err());
    let samples = vec![0; 32_768];
    let mut buffer = vec![0; 65_536];
    for result in [
        Audio::new(SampleRate::Hz8000, &bytes),
        Audio::from_samples(SampleRate::Hz8000, &samples, &mut buffer),
    ] {
        assert!(matches!(
            result,
            Err(AudioError::TooLong { len: 65_536, .. })
        ));
    }
}

// SvenKube's Go library sends empty audio forever if its chunk size is 0 bytes. One such frame ends the call.
#[test]
fn audio_that_ends_calls_cannot_be_made() {
    let empty = Audio::new(SampleRate::Hz8000, &[]);
    assert_eq!(empty, Err(AudioError::Empty));
    let odd = Audio::new(SampleRate::Hz8000, &[0; 65_535]);
    assert!(matches!(
        odd,
        Err(AudioError::OddLength { len: 65_535, .. })
    ));
}

// fastaudiosocket ignores the errors of its sender.
#[test]
fn failed_write_of_a_frame_is_an_error() {
    let mut room = [0; 2];
    let mut writer = FrameWriter::new(&mut room[..]);
    let frame = Frame::new(Kind::HANGUP, &[]).expect("a payload that fits");
    let error = writer
        .write_frame(frame)
        .expect_err("room for 2 of 3 bytes");
    assert!(matches!(
        error,
        WriteError::Partial {
            sent: 2,
            len: 3,
            ..
        }
    ));
}

// fastaudiosocket pads the caller's own slice, and so overwrites the bytes after it.
#[test]
fn encoding_leaves_the_rest_of_a_buffer_alone() {
    let mut buffer = [0xee; 10];
    let frame = Frame::new(Kind::SLIN, &[1, 2]).expect("a payload that fits");
    frame.encode(&mut buffer).expect("room");
    assert_eq!(buffer, [0x10, 0, 2, 1, 2, 0xee, 0xee, 0xee, 0xee, 0xee]);
    Audio::from_samples(SampleRate::Hz8000, &[3], &mut buffer).expect("room");
    assert_eq!(buffer, [3, 0, 2, 1, 2, 0xee, 0xee, 0xee, 0xee, 0xee]);
}

// AudioSocket.Net writes headers of two bytes. Verbara and another server wrote and read four.
#[test]
fn header_has_three_bytes_in_both_directions() {
    let header = Header::new(Kind::UUID, 16);
    assert_eq!(header.to_bytes(), [0x01, 0x00, 0x10]);
    let mut buffer = [0; 19];
    let uuid = "11223344-5566-7788-99aa-bbccddeeff00".parse();
    let message = Message::Uuid(uuid.expect("a UUID"));
    let encoded = message.encode(&mut buffer).expect("room");
    assert_eq!(encoded, UUID_FRAME);
}

// Verbara used 0x00 for the UUID and 0x01 for audio. Other servers used 0x02 and 0x11 for audio or silence.
#[test]
fn invented_kinds_are_unknown_kinds() {
    let uuid_as_text: Vec<u8> = [0x01, 0x00, 0x24]
        .into_iter()
        .chain(*b"11223344-5566-7788-99aa-bbccddeeff00")
        .collect();
    let lengths = |bytes: &[u8]| match whole(bytes).message().map_err(|error| error.reason()) {
        Err(PayloadErrorReason::Length {
            actual, expected, ..
        }) => (actual, expected),
        other => panic!("{other:?}"),
    };
    assert_eq!(lengths(&uuid_as_text), (36, 16));
    assert_eq!(lengths(&audio_frame(0x01, 320)), (320, 16));
    assert_eq!(lengths(&audio_frame(0x02, 320)), (320, 6));
}

// The reader thread of NormHarrison/audiosocket ends after two bytes, and its call stays connected forever.
#[test]
fn reader_waits_for_the_third_header_byte() {
    let read = through_reader(&[0x00, 0x00, 0x00], &[2, 1], 320);
    let expected = Outcome {
        events: vec![Event::Frame(Kind::HANGUP, Vec::new())],
        needed: 0,
    };
    assert_eq!(read, expected);
}
