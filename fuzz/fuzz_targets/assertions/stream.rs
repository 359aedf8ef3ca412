//! What must hold for any bytes that come, or go, in pieces. Used by the fuzz target and by `tests/corpus.rs`.
//!
//! The first seven bytes are the script: the storage of the buffer (1 byte), the longest payload (2, little-endian), and four
//! steps, done over and over, each with a length in its low six bits and a failure before it in the high two. What follows is
//! the stream.

use std::io::{self, ErrorKind, Read, Write};

use audiosocket::stream::{FrameReader, FrameWriter, ReadError, WriteError};
use audiosocket::wire::{Decoded, Frame, FrameBuffer, Frames, Header, Parsed};

pub fn check(bytes: &[u8]) {
    let Some((&[storage_len, low, high, a, b, c, d], stream)) = bytes.split_first_chunk() else {
        return;
    };
    let limit = usize::from(u16::from_le_bytes([low, high]));
    let steps = [a, b, c, d];
    check_reader(stream, limit, steps);
    check_buffer(stream, usize::from(storage_len), limit, steps);
    check_writer(stream, steps);
}

/// What a decoder should say of a stream: its frames or, if over the limit, their headers; then what was missing at the end.
fn expected(stream: &[u8], limit: usize) -> (Vec<Result<Frame<'_>, Header>>, usize) {
    let mut frames = Frames::new(stream);
    let mut said: Vec<_> = frames
        .by_ref()
        .map(|frame| {
            if frame.payload().len() > limit {
                Err(frame.header())
            } else {
                Ok(frame)
            }
        })
        .collect();
    let rest = frames.rest();
    if let Some((header, _)) = rest.split_first_chunk() {
        let header = Header::parse(*header);
        if header.payload_len() > limit {
            said.push(Err(header));
        }
    }
    match Frame::parse(rest) {
        Parsed::Incomplete { .. } if rest.is_empty() => (said, 0),
        Parsed::Incomplete { needed } => (said, needed),
        Parsed::Complete { .. } => panic!("a frame is left"),
    }
}

/// Does the steps; each failure happens once.
struct Script<'a> {
    stream: &'a [u8],
    taken: Vec<u8>,
    steps: [u8; 4],
    done: usize,
    failed: bool,
}

impl<'a> Script<'a> {
    fn new(stream: &'a [u8], steps: [u8; 4]) -> Script<'a> {
        Script {
            stream,
            taken: Vec::new(),
            steps,
            done: 0,
            failed: false,
        }
    }

    fn next_len(&mut self) -> io::Result<usize> {
        let step = self.steps[self.done % 4];
        let failure = match step >> 6 {
            1 => Some(ErrorKind::Interrupted),
            2 => Some(ErrorKind::WouldBlock),
            3 => Some(ErrorKind::TimedOut),
            _ => None,
        };
        if let Some(kind) = failure.filter(|_| !self.failed) {
            self.failed = true;
            return Err(kind.into());
        }
        self.failed = false;
        self.done += 1;
        Ok(1 + usize::from(step & 0x3f))
    }
}

impl Read for Script<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        assert!(!buffer.is_empty(), "a read of nothing looks like the end");
        let len = self.next_len()?.min(buffer.len()).min(self.stream.len());
        let (piece, rest) = self.stream.split_at(len);
        buffer[..len].copy_from_slice(piece);
        self.stream = rest;
        Ok(len)
    }
}

impl Write for Script<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = self.next_len()?.min(bytes.len());
        self.taken.extend_from_slice(&bytes[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn check_reader(stream: &[u8], limit: usize, steps: [u8; 4]) {
    let (said, missing) = expected(stream, limit);
    let mut said = said.into_iter();
    let mut reader = FrameReader::with_max_payload_len(Script::new(stream, steps), limit);
    let needed = loop {
        match reader.read_frame() {
            Ok(Some(frame)) => assert_eq!(Some(Ok(frame)), said.next()),
            Ok(None) => break 0,
            Err(error) if error.is_timeout() => assert!(!error.to_string().is_empty()),
            Err(ReadError::TooLong { header, .. }) => assert_eq!(Some(Err(header)), said.next()),
            Err(ReadError::Truncated { needed, .. }) => break needed,
            Err(error) => panic!("{error}"),
        }
        assert!(!format!("{reader:?}").is_empty());
    };
    assert_eq!((said.next(), needed), (None, missing));
}

impl std::fmt::Debug for Script<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Script")
    }
}

fn check_buffer(stream: &[u8], storage_len: usize, limit: usize, steps: [u8; 4]) {
    let mut script = Script::new(stream, steps);
    let mut buffer = FrameBuffer::new(vec![0xaa; storage_len]).with_max_payload_len(limit);
    let (said, missing) = expected(stream, limit.min(storage_len.saturating_sub(3)));
    let mut said = said.into_iter();
    loop {
        let told = buffer.needed();
        match buffer.next_frame() {
            Decoded::Frame(frame) => assert_eq!((Some(Ok(frame)), told), (said.next(), 0)),
            Decoded::TooLong(header) => assert_eq!((Some(Err(header)), told), (said.next(), 0)),
            Decoded::Incomplete { needed } => {
                assert_eq!(told, needed);
                let spare = buffer.spare();
                if spare.is_empty() {
                    assert!(storage_len < 3, "no room and no frame");
                    return;
                }
                match script.read(spare) {
                    Ok(0) if storage_len < 3 => return,
                    Ok(0) => {
                        let met = if buffer.at_frame_boundary() {
                            0
                        } else {
                            needed
                        };
                        assert_eq!((said.next(), met), (None, missing));
                        return;
                    }
                    Ok(count) => buffer.commit(count),
                    Err(_) => {}
                }
            }
        }
        assert!(!format!("{buffer:?}").is_empty());
    }
}

/// The frames of the stream go out as they came in, up to the first failure inside one.
fn check_writer(stream: &[u8], steps: [u8; 4]) {
    let mut writer = FrameWriter::new(Script::new(&[], steps));
    let mut written = 0;
    for frame in Frames::new(stream) {
        let len = frame.encoded_len();
        let outcome = loop {
            match writer.write_frame(frame) {
                Err(error) if error.is_timeout() => {
                    assert_eq!(writer.get_ref().taken.len(), written, "nothing was sent");
                    assert!(!error.to_string().is_empty());
                }
                other => break other,
            }
        };
        match outcome {
            Ok(()) => written += len,
            Err(WriteError::Partial { sent, len: due, .. }) => {
                assert!(0 < sent && sent < len && due == len);
                assert!(matches!(
                    writer.write_frame(frame),
                    Err(WriteError::Desynchronized)
                ));
                assert_eq!(writer.get_ref().taken, stream[..written + sent]);
                return;
            }
            Err(error) => panic!("{error}"),
        }
        assert_eq!(writer.get_ref().taken.len(), written);
    }
    assert_eq!(writer.into_inner().taken, stream[..written]);
}
