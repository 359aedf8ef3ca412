//! Calls of a packet capture, read from the text of tshark.
//!
//! tshark reads the packet formats and numbers the connections. This module puts the bytes of each connection in order.

mod boundary;
mod captured_call;
mod reassembly;
mod segment;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, BufRead, Read};

pub use captured_call::CapturedCall;
pub use reassembly::{Lost, Received};
pub use segment::is_text_of_segments;
use segment::{LineError, Segment};

/// Command that prints the segments of a capture and passes them to `inspect`.
pub const COMMAND: &str = "tshark -r capture.pcap -Y 'tcp.port==9092' -T fields -e tcp.stream -e frame.time_epoch \
                           -e tcp.srcport -e tcp.seq -e tcp.len -e tcp.flags -e tcp.payload | audiosocket inspect -";

/// Limit of the bytes in a line. The payload of the longest segment has 64 KiB, and each byte takes up to three characters.
const MAX_LINE: u64 = 1 << 20;

/// Connections of a capture that carried bytes.
#[derive(Debug)]
pub struct Capture {
    /// In the order of their first segments.
    pub calls: Vec<CapturedCall>,
    /// Number of connections without a byte. Health checks open such connections.
    pub silent: usize,
}

/// Error that ends the text before its end.
#[derive(Debug)]
pub struct TextError {
    line: usize,
    error: LineError,
}

impl Capture {
    /// Reads the whole text. At a line with an error, the capture has the segments before it.
    pub fn read(mut text: impl BufRead) -> io::Result<(Capture, Option<TextError>)> {
        let mut connections: BTreeMap<u64, Vec<Segment>> = BTreeMap::new();
        let mut line = Vec::new();
        let mut number = 0;
        let damage = loop {
            line.clear();
            (&mut text).take(MAX_LINE).read_until(b'\n', &mut line)?;
            if line.is_empty() {
                break None;
            }
            number += 1;
            match Segment::parse(&line) {
                Ok(Some(segment)) => connections.entry(segment.stream).or_default().push(segment),
                Ok(None) => {}
                Err(error) => {
                    let line = number;
                    break Some(TextError { line, error });
                }
            }
        };
        let count = connections.len();
        let calls = connections.into_values().filter_map(CapturedCall::new);
        let mut calls: Vec<CapturedCall> = calls.collect();
        calls.sort_by_key(|call| (call.started(), call.stream()));
        let silent = count - calls.len();
        Ok((Capture { calls, silent }, damage))
    }
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.error)
    }
}
