//! A tap recording, built from the description of the format without the tool's code.

#![allow(
    dead_code,
    reason = "each test that includes this file uses a part of it"
)]

/// The bytes of a tap recording as it grows.
pub struct TapFile {
    pub bytes: Vec<u8>,
}

/// The sender.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum From {
    Caller,
    Server,
}

impl TapFile {
    /// A recording that starts at 2026-11-22 19:40:12 UTC.
    pub fn new() -> TapFile {
        let mut bytes = vec![0x89, b'A', b'S', b'T', 1, 0, 0, 0];
        bytes.extend(1_795_376_412_000_000_u64.to_be_bytes());
        TapFile { bytes }
    }

    /// Bytes that arrive at this time in microseconds.
    pub fn data(&mut self, from: From, at_us: u64, data: &[u8]) {
        self.entry(from, b'd', at_us, data);
    }

    /// `c` for the end of a sender's stream, `r` for a reset, `e` when a peer has stopped reading.
    pub fn end(&mut self, from: From, at_us: u64, what: u8) {
        self.entry(from, what, at_us, &[]);
    }

    fn entry(&mut self, from: From, what: u8, at_us: u64, data: &[u8]) {
        self.bytes.push(match from {
            From::Caller => b'>',
            From::Server => b'<',
        });
        self.bytes.push(what);
        self.bytes
            .extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        self.bytes.extend(at_us.to_be_bytes());
        self.bytes.extend(data);
    }
}

/// A frame as bytes on the wire.
pub fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![kind];
    frame.extend(u16::try_from(payload.len()).unwrap().to_be_bytes());
    frame.extend(payload);
    frame
}

/// A frame of 8 kHz audio.
pub fn audio(samples: &[i16]) -> Vec<u8> {
    let bytes: Vec<u8> = samples
        .iter()
        .flat_map(|sample| sample.to_le_bytes())
        .collect();
    frame(0x10, &bytes)
}
