//! Text of a packet capture in tshark's format, written from the description of its fields.

#![allow(
    dead_code,
    reason = "each test that includes this file uses a part of it"
)]

use super::tap_file::{From, TapFile};

/// The start of every capture: 2026-11-22 19:40:12 UTC.
const STARTED: u64 = 1_795_376_412;

const FIN: u8 = 0x01;
const SYN: u8 = 0x02;
const RST: u8 = 0x04;
const ACK: u8 = 0x10;

/// One connection of a capture.
pub struct Connection {
    stream: usize,
    /// The next sequence numbers of the caller and the server.
    next: [u32; 2],
    pub lines: Vec<String>,
}

impl Connection {
    /// A connection that opens at this time.
    pub fn open(stream: usize, at_us: u64) -> Connection {
        let mut connection = Connection::in_call(stream);
        connection.add(From::Caller, at_us, SYN, &[]);
        connection.add(From::Server, at_us, SYN | ACK, &[]);
        connection
    }

    /// A connection whose handshake is not in the capture.
    pub fn in_call(stream: usize) -> Connection {
        Connection {
            stream,
            // The caller's sequence numbers wrap around during the call.
            next: [u32::MAX - 1000, 0],
            lines: Vec::new(),
        }
    }

    /// The call of a tap recording, with a segment for each entry.
    pub fn of_tap_file(tap: &TapFile) -> Connection {
        let mut connection = Connection::open(0, 0);
        let mut entries = &tap.bytes[16..];
        while let [sender, what, high, low, rest @ ..] = entries {
            let len = usize::from(u16::from_be_bytes([*high, *low]));
            let (time, rest) = rest.split_first_chunk().unwrap();
            let (bytes, rest) = rest.split_at(len);
            let from = if *sender == b'>' {
                From::Caller
            } else {
                From::Server
            };
            let flags = match what {
                b'd' => ACK,
                b'c' => FIN | ACK,
                _ => RST,
            };
            connection.add(from, u64::from_be_bytes(*time), flags, bytes);
            entries = rest;
        }
        connection
    }

    pub fn data(&mut self, from: From, at_us: u64, bytes: &[u8]) {
        self.add(from, at_us, ACK, bytes);
    }

    pub fn close(&mut self, from: From, at_us: u64) {
        self.add(from, at_us, FIN | ACK, &[]);
    }

    pub fn text(&self) -> String {
        self.lines.concat()
    }

    fn add(&mut self, from: From, at_us: u64, flags: u8, bytes: &[u8]) {
        let next = &mut self.next[usize::from(from == From::Server)];
        let port = if from == From::Server { 9092 } else { 40_000 };
        let payload: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.lines.push(format!(
            "{}\t{}.{:06}000\t{port}\t{next}\t{}\t{flags:#06x}\t{payload}\n",
            self.stream,
            STARTED + at_us / 1_000_000,
            at_us % 1_000_000,
            bytes.len()
        ));
        let len = u32::try_from(bytes.len()).unwrap() + u32::from(flags & (SYN | FIN) != 0);
        *next = next.wrapping_add(len);
    }
}
