//! Readers of sources that follow a script, byte by byte.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read};

use crate::common::pieces::Event;
use audiosocket::stream::{Filled, FrameReader, FrameWriter, ReadError};
use audiosocket::wire::{Frame, Frames, Kind};

/// A digit, a hangup, two samples and four: 4 + 3 + 7 + 11 bytes.
const STREAM: [u8; 25] = [
    0x03, 0x00, 0x01, b'5', //
    0x00, 0x00, 0x00, //
    0x10, 0x00, 0x04, 1, 2, 3, 4, //
    0x12, 0x00, 0x08, 5, 6, 7, 8, 9, 10, 11, 12,
];

/// The ends of its frames.
const BOUNDARIES: [usize; 5] = [0, 4, 7, 14, 25];

fn frames_of_stream() -> Vec<Event> {
    Frames::new(&STREAM).map(Event::from).collect()
}

/// The result of one call of `read`. After the last step the stream has ended.
enum Step {
    Give(Vec<u8>),
    Fail(ErrorKind),
    /// Claims to have returned this number of bytes, and returns none.
    Claim(usize),
}

#[derive(Default)]
struct Source {
    steps: VecDeque<Step>,
    reads: usize,
}

impl Source {
    fn new(steps: impl IntoIterator<Item = Step>) -> Source {
        Source {
            steps: steps.into_iter().collect(),
            reads: 0,
        }
    }

    /// The bytes one by one, with an error before each byte and before the end.
    fn failing_before_every_byte(bytes: &[u8], kind: ErrorKind) -> Source {
        let steps = bytes
            .iter()
            .flat_map(|byte| [Step::Fail(kind), Step::Give(vec![*byte])]);
        Source::new(steps.chain([Step::Fail(kind)]))
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        assert!(!buffer.is_empty(), "a read of nothing looks like the end");
        self.reads += 1;
        match self.steps.pop_front() {
            None => Ok(0),
            Some(Step::Fail(kind)) => Err(kind.into()),
            Some(Step::Claim(count)) => Ok(count),
            Some(Step::Give(bytes)) => {
                let len = bytes.len().min(buffer.len());
                buffer[..len].copy_from_slice(&bytes[..len]);
                if len < bytes.len() {
                    self.steps.push_front(Step::Give(bytes[len..].to_vec()));
                }
                Ok(len)
            }
        }
    }
}

#[test]
fn reader_is_at_a_boundary_only_between_frames() {
    let bytes = [0x03, 0x00, 0x01, b'5', 0x03, 0x00];
    let mut reader = FrameReader::new(&bytes[..]);
    assert!(reader.at_frame_boundary());
    reader.read_frame().unwrap().unwrap();
    assert!(
        !reader.at_frame_boundary(),
        "two bytes of the next are there"
    );
    let mut reader = FrameReader::new(&bytes[..4]);
    reader.read_frame().unwrap().unwrap();
    assert!(reader.at_frame_boundary());
}

#[test]
fn time_out_before_every_byte_loses_nothing() {
    for kind in [ErrorKind::WouldBlock, ErrorKind::TimedOut] {
        let mut reader = FrameReader::new(Source::failing_before_every_byte(&STREAM, kind));
        let mut frames = Vec::new();
        let mut timeouts = 0;
        loop {
            let waiting = reader.buffered_len();
            match reader.read_frame() {
                Ok(Some(frame)) => frames.push(Event::from(frame)),
                Ok(None) => break,
                Err(error) => {
                    assert!(error.is_timeout(), "{error}");
                    assert!(reader.buffered_len() <= waiting + 1);
                    timeouts += 1;
                }
            }
        }
        assert_eq!(frames, frames_of_stream());
        assert_eq!(timeouts, STREAM.len() + 1);
    }
}

#[test]
fn timed_out_reader_knows_header_and_missing_bytes() {
    let steps = [
        Step::Give(STREAM[7..10].to_vec()),
        Step::Fail(ErrorKind::WouldBlock),
        Step::Give(vec![1]),
        Step::Fail(ErrorKind::WouldBlock),
        Step::Give(vec![2, 3, 4]),
    ];
    let mut reader = FrameReader::new(Source::new(steps));
    assert_eq!((reader.header(), reader.needed()), (None, 3));
    for (needed, buffered) in [(4, 3), (3, 4)] {
        assert!(reader.read_frame().is_err_and(|error| error.is_timeout()));
        let header = reader.header().expect("a whole header");
        assert_eq!((header.kind(), header.payload_len()), (Kind::SLIN, 4));
        assert_eq!((reader.needed(), reader.buffered_len()), (needed, buffered));
    }
    let frame = reader.read_frame().expect("no error").expect("a frame");
    assert_eq!(frame.payload(), [1, 2, 3, 4]);
}

#[test]
fn interrupted_reads_are_repeated() {
    let source = Source::failing_before_every_byte(&STREAM, ErrorKind::Interrupted);
    let mut reader = FrameReader::new(source);
    let mut frames = Vec::new();
    while let Some(frame) = reader.read_frame().expect("no error") {
        frames.push(Event::from(frame));
    }
    assert_eq!(frames, frames_of_stream());
}

#[test]
fn read_error_is_returned_and_reader_can_continue() {
    for cut in 0..STREAM.len() {
        let steps = [
            Step::Give(STREAM[..cut].to_vec()),
            Step::Fail(ErrorKind::ConnectionReset),
            Step::Give(STREAM[cut..].to_vec()),
        ];
        // A step that returns nothing would be the end.
        let steps = steps.into_iter().skip(usize::from(cut == 0));
        let mut reader = FrameReader::new(Source::new(steps));
        let mut frames = Vec::new();
        let mut errors = 0;
        loop {
            match reader.read_frame() {
                Ok(Some(frame)) => frames.push(Event::from(frame)),
                Ok(None) => break,
                Err(ReadError::Io(error)) => {
                    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
                    errors += 1;
                }
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!((frames, errors), (frames_of_stream(), 1), "cut at {cut}");
    }
}

#[test]
fn end_is_clean_only_between_frames() {
    for cut in 0..=STREAM.len() {
        for limit in [Frame::MAX_PAYLOAD_LEN, 0] {
            let mut reader = FrameReader::with_max_payload_len(&STREAM[..cut], limit);
            let end = loop {
                match reader.read_frame() {
                    Ok(Some(_)) | Err(ReadError::TooLong { .. }) => {}
                    other => break other.map(|_| ()),
                }
            };
            let start = BOUNDARIES
                .into_iter()
                .rfind(|start| *start <= cut)
                .expect("0");
            let header_end = start + 3;
            let frame_end = BOUNDARIES.into_iter().find(|end| *end >= cut).expect("25");
            match end {
                Ok(()) => assert_eq!(start, cut, "limit {limit}"),
                Err(ReadError::Truncated { needed, .. }) => {
                    let end = if cut < header_end {
                        header_end
                    } else {
                        frame_end
                    };
                    assert_eq!(needed, end - cut, "cut at {cut}, limit {limit}");
                    assert_ne!(start, cut);
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn end_is_returned_again() {
    let mut whole = FrameReader::new(&STREAM[..4]);
    assert!(matches!(whole.read_frame(), Ok(Some(_))));
    let mut cut = FrameReader::new(&STREAM[..2]);
    for _ in 0..3 {
        assert!(matches!(whole.read_frame(), Ok(None)));
        let error = cut.read_frame().map(|_| ());
        assert!(matches!(error, Err(ReadError::Truncated { needed: 1, .. })));
    }
    assert_eq!((whole.buffered_len(), cut.buffered_len()), (0, 2));
}

#[test]
fn end_comes_after_all_buffered_frames() {
    for (len, last) in [(STREAM.len(), None), (STREAM.len() - 1, Some(1))] {
        let mut reader = FrameReader::new(&STREAM[..len]);
        assert_eq!(reader.fill().expect("bytes"), Filled::Bytes(len));
        assert_eq!(reader.fill().expect("frames"), Filled::FrameWaiting);
        let mut frames = 0;
        while reader.buffered_frame().expect("no error").is_some() {
            frames += 1;
        }
        let end = reader.fill();
        match last {
            None => assert!(matches!(end, Ok(Filled::End)) && frames == 4, "{end:?}"),
            Some(due) => assert!(
                matches!(end, Err(ReadError::Truncated { needed, .. }) if needed == due)
                    && frames == 3,
                "{end:?}"
            ),
        }
    }
}

#[test]
fn end_inside_long_frame_reports_missing_bytes() {
    let mut reader = FrameReader::new(&[0x10, 0x40, 0x00][..]);
    assert_eq!(reader.fill().expect("a header"), Filled::Bytes(3));
    let end = reader.fill();
    assert!(
        matches!(end, Err(ReadError::Truncated { needed: 0x4000, .. })),
        "{end:?}"
    );
}

#[test]
fn one_read_returns_many_frames() {
    let bytes = STREAM.repeat(100);
    let mut reader = FrameReader::new(Source::new([Step::Give(bytes.clone())]));
    for _ in 0..400 {
        assert!(matches!(reader.read_frame(), Ok(Some(_))));
    }
    assert_eq!(reader.get_ref().reads, 1, "{} bytes", bytes.len());
}

#[test]
fn growing_buffer_loses_nothing() {
    let payload: Vec<u8> = (0..=255).cycle().take(65_535).collect();
    for long in [4092, 4093, 4094, 7680, 65_534, 65_535] {
        let mut writer = FrameWriter::new(Vec::new());
        let lengths = [1, long, 0, 320, long, 2];
        for len in lengths {
            let frame = Frame::new(Kind::ERROR, &payload[..len]).expect("it fits");
            writer.write_frame(frame).expect("a vector accepts all");
        }
        let mut reader = FrameReader::with_max_payload_len(writer.get_ref().as_slice(), long);
        for len in lengths {
            let frame = reader.read_frame().expect("no error").expect("a frame");
            assert!(frame.payload() == &payload[..len], "{len} of {long}");
        }
        assert!(matches!(reader.read_frame(), Ok(None)));
    }
}

#[test]
fn frames_over_the_limit_are_reported_once_each() {
    let long = vec![0xff; 65_535];
    let mut writer = FrameWriter::new(Vec::new());
    for len in [320, 321, 0, 65_535, 65_535, 1] {
        let frame = Frame::new(Kind::SLIN, &long[..len]).expect("it fits");
        writer.write_frame(frame).expect("a vector accepts all");
    }
    let mut reader = FrameReader::with_max_payload_len(writer.get_ref().as_slice(), 320);
    let mut told = Vec::new();
    loop {
        match reader.read_frame() {
            Ok(Some(frame)) => told.push((frame.payload().len(), true)),
            Ok(None) => break,
            Err(ReadError::TooLong {
                header,
                max_payload_len,
                ..
            }) => {
                assert_eq!((header.kind(), max_payload_len), (Kind::SLIN, 320));
                told.push((header.payload_len(), false));
            }
            Err(error) => panic!("{error}"),
        }
    }
    let expected = [
        (320, true),
        (321, false),
        (0, true),
        (65_535, false),
        (65_535, false),
        (1, true),
    ];
    assert_eq!(told, expected);
}

#[test]
fn source_claiming_too_many_bytes_is_harmless() {
    for count in [4097, 1 << 20, usize::MAX] {
        let steps = [Step::Give(vec![0x10, 0]), Step::Claim(count)];
        let mut reader = FrameReader::new(Source::new(steps));
        let mut read = 0;
        while let Ok(Some(frame)) = reader.read_frame() {
            read += frame.encoded_len();
        }
        assert!(read + reader.buffered_len() <= 4096, "{count}");
    }
}

#[test]
fn frame_larger_than_the_buffer_is_awaited() {
    let mut bytes = vec![0x10, 0x40, 0x00];
    bytes.resize(3 + 0x4000, 7);
    let mut reader = FrameReader::new(bytes[..3].chain(&bytes[3..]));
    assert_eq!(reader.fill().expect("a header"), Filled::Bytes(3));
    assert!(matches!(reader.buffered_frame(), Ok(None)));
    let frame = reader.read_frame().expect("no error").expect("a frame");
    assert_eq!(frame.payload(), &bytes[3..]);
}
