//! Entries of a tap file.

use std::fmt;
use std::time::Duration;

/// Sender of an entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sender {
    Caller,
    Server,
}

impl Sender {
    pub const BOTH: [Sender; 2] = [Sender::Caller, Sender::Server];

    /// Returns the direction as the tool's JSON names it.
    pub const fn direction(self) -> &'static str {
        match self {
            Sender::Caller => "to-server",
            Sender::Server => "to-caller",
        }
    }
}

/// Formats the sender for text output.
impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Sender::Caller => "caller",
            Sender::Server => "server",
        })
    }
}

/// Event that the tap saw.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Entry<'a> {
    pub sender: Sender,
    /// Time since the start of the recording.
    pub at: Duration,
    pub what: Seen<'a>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Seen<'a> {
    Bytes(&'a [u8]),
    /// The sender's stream has ended.
    Closed,
    /// The sender's connection was reset.
    Reset,
    /// Bytes for the sender could not be forwarded: it has stopped reading.
    StoppedReading,
}

/// Entry that owns its bytes.
#[derive(Clone, Debug)]
pub struct OwnedEntry {
    sender: Sender,
    at: Duration,
    /// Event, unless the entry contains bytes.
    end: Option<Seen<'static>>,
    bytes: Vec<u8>,
}

impl OwnedEntry {
    pub fn entry(&self) -> Entry<'_> {
        Entry {
            sender: self.sender,
            at: self.at,
            what: self.end.unwrap_or(Seen::Bytes(&self.bytes)),
        }
    }

    /// Returns the number of bytes in the entry.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }
}

impl From<Entry<'_>> for OwnedEntry {
    fn from(entry: Entry<'_>) -> OwnedEntry {
        let (end, bytes) = match entry.what {
            Seen::Bytes(bytes) => (None, bytes.to_vec()),
            Seen::Closed => (Some(Seen::Closed), Vec::new()),
            Seen::Reset => (Some(Seen::Reset), Vec::new()),
            Seen::StoppedReading => (Some(Seen::StoppedReading), Vec::new()),
        };
        OwnedEntry {
            sender: entry.sender,
            at: entry.at,
            end,
            bytes,
        }
    }
}
