//! Writing of tap files.

use std::io::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Entry, HEADER_LEN, MAGIC, Seen, Sender, VERSION};

/// Writer of a tap file.
#[derive(Debug)]
pub struct TapWriter<W> {
    file: W,
    entry: Vec<u8>,
}

impl<W: Write> TapWriter<W> {
    pub fn begin(mut file: W, started: SystemTime) -> io::Result<TapWriter<W>> {
        let since_1970 = started.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut header = Vec::with_capacity(HEADER_LEN);
        header.extend(MAGIC);
        header.extend([VERSION, 0, 0, 0]);
        header.extend(microseconds(since_1970).to_be_bytes());
        file.write_all(&header)?;
        Ok(TapWriter {
            file,
            entry: Vec::new(),
        })
    }

    /// Writes an entry with one write, so that a killed program leaves whole entries. Bytes that exceed the size of an entry go
    /// into further entries.
    pub fn add(&mut self, entry: Entry<'_>) -> io::Result<()> {
        let (what, bytes) = match entry.what {
            Seen::Bytes(bytes) => (b'd', bytes),
            Seen::Closed => (b'c', &[][..]),
            Seen::Reset => (b'r', &[][..]),
            Seen::StoppedReading => (b'e', &[][..]),
        };
        let (piece, rest) = bytes.split_at(bytes.len().min(usize::from(u16::MAX)));
        self.entry.clear();
        self.entry.push(match entry.sender {
            Sender::Caller => b'>',
            Sender::Server => b'<',
        });
        self.entry.push(what);
        self.entry
            .extend(u16::try_from(piece.len()).unwrap_or(u16::MAX).to_be_bytes());
        self.entry.extend(microseconds(entry.at).to_be_bytes());
        self.entry.extend(piece);
        self.file.write_all(&self.entry)?;
        match rest {
            [] => Ok(()),
            _ => self.add(Entry {
                what: Seen::Bytes(rest),
                ..entry
            }),
        }
    }
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
