//! A stream in pieces, and what the two incremental decoders return for it.

#![allow(
    dead_code,
    reason = "each test that includes this file uses a part of it"
)]

use std::io::{self, Read};

use audiosocket::stream::{FrameReader, ReadError};
use audiosocket::wire::{Decoded, Frame, FrameBuffer, Header, Kind};

/// A result of a decoder, copied because its buffer moves on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Event {
    Frame(Kind, Vec<u8>),
    TooLong(Header),
}

impl From<Frame<'_>> for Event {
    fn from(frame: Frame<'_>) -> Event {
        Event::Frame(frame.kind(), frame.payload().to_vec())
    }
}

/// All results for a stream. `needed` is the number of bytes missing at its end, or none if it ended between two frames.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outcome {
    pub events: Vec<Event>,
    pub needed: usize,
}

/// A source that returns at most the given numbers of bytes, one per read, over and over.
pub struct Pieces<'a> {
    bytes: &'a [u8],
    lengths: &'a [usize],
    reads: usize,
}

impl<'a> Pieces<'a> {
    pub fn new(bytes: &'a [u8], lengths: &'a [usize]) -> Pieces<'a> {
        assert!(!lengths.contains(&0), "a read of 0 bytes is the end");
        Pieces {
            bytes,
            lengths,
            reads: 0,
        }
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let due = self.lengths[self.reads % self.lengths.len()];
        self.reads += 1;
        let len = due.min(buffer.len()).min(self.bytes.len());
        let (piece, rest) = self.bytes.split_at(len);
        buffer[..len].copy_from_slice(piece);
        self.bytes = rest;
        Ok(len)
    }
}

/// Returns the results of a `FrameReader`.
#[track_caller]
pub fn through_reader(bytes: &[u8], lengths: &[usize], max_payload_len: usize) -> Outcome {
    let source = Pieces::new(bytes, lengths);
    let mut reader = FrameReader::with_max_payload_len(source, max_payload_len);
    let mut events = Vec::new();
    loop {
        match reader.read_frame() {
            Ok(Some(frame)) => events.push(frame.into()),
            Ok(None) => return Outcome { events, needed: 0 },
            Err(ReadError::TooLong { header, .. }) => events.push(Event::TooLong(header)),
            Err(ReadError::Truncated { needed, .. }) => return Outcome { events, needed },
            Err(error) => panic!("{error}"),
        }
    }
}

/// Returns the results of a `FrameBuffer` over `storage_len` bytes.
#[track_caller]
pub fn through_buffer(
    bytes: &[u8],
    lengths: &[usize],
    storage_len: usize,
    max_payload_len: usize,
) -> Outcome {
    let mut source = Pieces::new(bytes, lengths);
    let mut buffer =
        FrameBuffer::new(vec![0xaa; storage_len]).with_max_payload_len(max_payload_len);
    let mut events = Vec::new();
    loop {
        let needed = loop {
            let told = buffer.needed();
            match buffer.next_frame() {
                Decoded::Frame(frame) => events.push(frame.into()),
                Decoded::TooLong(header) => events.push(Event::TooLong(header)),
                Decoded::Incomplete { needed } => {
                    assert_eq!(told, needed);
                    assert!(needed > 0);
                    break needed;
                }
            }
            assert_eq!(told, 0);
        };
        let spare = buffer.spare();
        assert!(!spare.is_empty(), "no room and no frame");
        match source.read(spare).expect("a slice does not fail") {
            0 if buffer.at_frame_boundary() => return Outcome { events, needed: 0 },
            0 => return Outcome { events, needed },
            count => buffer.commit(count),
        }
    }
}
