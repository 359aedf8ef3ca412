//! What a tap file is made of.

use std::fmt;
use std::time::Duration;

/// Who sent something.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Sender {
    Caller,
    Server,
}

impl Sender {
    pub const BOTH: [Sender; 2] = [Sender::Caller, Sender::Server];

    /// The way it went, as the tool's JSON names it.
    pub const fn direction(self) -> &'static str {
        match self {
            Sender::Caller => "to-server",
            Sender::Server => "to-caller",
        }
    }
}

/// For people.
impl fmt::Display for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Sender::Caller => "caller",
            Sender::Server => "server",
        })
    }
}

/// Something that was seen on the way.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Entry<'a> {
    pub sender: Sender,
    /// Since the recording began.
    pub at: Duration,
    pub what: Seen<'a>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Seen<'a> {
    Bytes(&'a [u8]),
    /// The sender sends no more: the end of its stream.
    Closed,
    /// The sender's connection was reset.
    Reset,
    /// What came for the sender could not be passed on to it: it takes no more.
    TakesNoMore,
}

/// The same, to be kept.
#[derive(Clone, Debug)]
pub struct OwnedEntry {
    sender: Sender,
    at: Duration,
    /// What there was if it was no bytes.
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

    /// How many bytes it holds.
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
            Seen::TakesNoMore => (Some(Seen::TakesNoMore), Vec::new()),
        };
        OwnedEntry {
            sender: entry.sender,
            at: entry.at,
            end,
            bytes,
        }
    }
}
