//! Reading of tap files.

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Entry, HEADER_LEN, MAGIC, Seen, Sender, VERSION};

/// Reader of a tap file.
#[derive(Debug)]
pub struct TapReader<R> {
    file: R,
    started: SystemTime,
    bytes: Vec<u8>,
    cut: usize,
}

const ENTRY_HEADER_LEN: usize = 12;

impl<R: Read> TapReader<R> {
    /// Opens a file that starts with the magic bytes.
    pub fn open(mut file: R) -> Result<TapReader<R>, TapFileError> {
        let mut header = [0; HEADER_LEN];
        let count = read_as_much(&mut file, &mut header)?;
        if !header.starts_with(&MAGIC) {
            return Err(TapFileError::NoRecording);
        }
        if count < HEADER_LEN {
            return Err(TapFileError::CutInHeader);
        }
        let [_, _, _, _, version, ..] = header;
        if version != VERSION {
            return Err(TapFileError::OtherVersion(version));
        }
        let since_1970 = Duration::from_micros(big_endian(&header[8..]));
        Ok(TapReader {
            file,
            started: UNIX_EPOCH.checked_add(since_1970).unwrap_or(UNIX_EPOCH),
            bytes: Vec::new(),
            cut: 0,
        })
    }

    pub fn started(&self) -> SystemTime {
        self.started
    }

    /// Returns how many bytes of an incomplete entry are at the end of the file.
    pub const fn cut(&self) -> usize {
        self.cut
    }

    /// Returns the next entry. Returns `None` at the end of the file, also if an entry is incomplete there.
    pub fn next_entry(&mut self) -> Result<Option<Entry<'_>>, TapFileError> {
        let mut header = [0; ENTRY_HEADER_LEN];
        let count = read_as_much(&mut self.file, &mut header)?;
        if count < ENTRY_HEADER_LEN {
            self.cut = count;
            return Ok(None);
        }
        let [sender, what, high, low, ..] = header;
        let sender = match sender {
            b'>' => Sender::Caller,
            b'<' => Sender::Server,
            _ => return Err(TapFileError::NoEntry),
        };
        self.bytes
            .resize(usize::from(u16::from_be_bytes([high, low])), 0);
        let count = read_as_much(&mut self.file, &mut self.bytes)?;
        if count < self.bytes.len() {
            self.cut = ENTRY_HEADER_LEN + count;
            return Ok(None);
        }
        Ok(Some(Entry {
            sender,
            at: Duration::from_micros(big_endian(&header[4..])),
            what: match (what, self.bytes.is_empty()) {
                (b'd', _) => Seen::Bytes(&self.bytes),
                (b'c', true) => Seen::Closed,
                (b'r', true) => Seen::Reset,
                (b'e', true) => Seen::StoppedReading,
                _ => return Err(TapFileError::NoEntry),
            },
        }))
    }
}

/// Error that makes a tap file unreadable.
#[derive(Debug)]
pub enum TapFileError {
    Io(io::Error),
    /// The file does not start with the magic bytes.
    NoRecording,
    CutInHeader,
    OtherVersion(u8),
    /// The file contains other bytes where an entry is expected.
    NoEntry,
}

impl fmt::Display for TapFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TapFileError::Io(error) => error.fmt(f),
            TapFileError::NoRecording => f.write_str("it is not a tap recording"),
            TapFileError::CutInHeader => f.write_str("the tap recording ends inside its header"),
            TapFileError::OtherVersion(version) => {
                write!(
                    f,
                    "the tap recording has version {version}, expected {VERSION}"
                )
            }
            TapFileError::NoEntry => {
                f.write_str("the tap recording is damaged: expected an entry, found other bytes")
            }
        }
    }
}

impl From<io::Error> for TapFileError {
    fn from(error: io::Error) -> TapFileError {
        TapFileError::Io(error)
    }
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Fills the buffer, unless the file ends first. Returns the number of bytes read.
fn read_as_much(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut count = 0;
    while count < buffer.len() {
        match file.read(&mut buffer[count..]) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}
