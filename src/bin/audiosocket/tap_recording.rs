//! The bytes of both directions of a call, with their times, in a file.
//!
//! A file begins with `89 41 53 54` (which no AudioSocket stream does: there is no kind 0x89), the version of the format, `01`, three
//! zero bytes, and when the recording began, in microseconds since 1970, UTC, as a big-endian u64. Entries follow:
//!
//! | bytes | |
//! |---|---|
//! | 1 | who sent it: `>` (0x3e) the caller, to the server; `<` (0x3c) the server, to the caller |
//! | 1 | what: `d` (0x64) bytes, `c` (0x63) the end of what it sends, `r` (0x72) a reset, `e` (0x65) no byte for the other could be passed on |
//! | 2 | how many bytes follow, big-endian; 0 unless it is `d` |
//! | 8 | when, in microseconds since the recording began, big-endian |
//! | n | the bytes, as one read brought them: frames may be cut anywhere |
//!
//! The entries of each direction are in the order in which they came; those of two directions may be out of order by the time it
//! takes to write one.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// With what such a file begins.
pub const MAGIC: [u8; 4] = [0x89, b'A', b'S', b'T'];
const VERSION: u8 = 1;
const HEADER_LEN: usize = 16;
const ENTRY_HEADER_LEN: usize = 12;

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

/// Writes a tap recording.
#[derive(Debug)]
pub struct TapRecorder<W> {
    file: W,
    entry: Vec<u8>,
}

impl<W: Write> TapRecorder<W> {
    pub fn begin(mut file: W, begun: SystemTime) -> io::Result<TapRecorder<W>> {
        let since_1970 = begun.duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut header = Vec::with_capacity(HEADER_LEN);
        header.extend(MAGIC);
        header.extend([VERSION, 0, 0, 0]);
        header.extend(microseconds(since_1970).to_be_bytes());
        file.write_all(&header)?;
        Ok(TapRecorder {
            file,
            entry: Vec::new(),
        })
    }

    /// Writes an entry, with one write, so that a program that is killed leaves whole ones. More bytes than an entry holds make more.
    pub fn add(&mut self, entry: Entry<'_>) -> io::Result<()> {
        let (what, bytes) = match entry.what {
            Seen::Bytes(bytes) => (b'd', bytes),
            Seen::Closed => (b'c', &[][..]),
            Seen::Reset => (b'r', &[][..]),
            Seen::TakesNoMore => (b'e', &[][..]),
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

/// Reads a tap recording.
#[derive(Debug)]
pub struct TapRecording<R> {
    file: R,
    begun: SystemTime,
    bytes: Vec<u8>,
    cut: usize,
}

impl<R: Read> TapRecording<R> {
    /// Of a file that begins with the magic.
    pub fn open(mut file: R) -> Result<TapRecording<R>, TapRecordingError> {
        let mut header = [0; HEADER_LEN];
        let count = read_as_much(&mut file, &mut header)?;
        if !header.starts_with(&MAGIC) {
            return Err(TapRecordingError::NoRecording);
        }
        if count < HEADER_LEN {
            return Err(TapRecordingError::CutInHeader);
        }
        let [_, _, _, _, version, ..] = header;
        if version != VERSION {
            return Err(TapRecordingError::OtherVersion(version));
        }
        let since_1970 = Duration::from_micros(big_endian(&header[8..]));
        Ok(TapRecording {
            file,
            begun: UNIX_EPOCH.checked_add(since_1970).unwrap_or(UNIX_EPOCH),
            bytes: Vec::new(),
            cut: 0,
        })
    }

    pub fn begun(&self) -> SystemTime {
        self.begun
    }

    /// How many bytes there were of an entry that the end of the file has cut.
    pub const fn cut(&self) -> usize {
        self.cut
    }

    /// The next entry; `None` at the end, also if the end is inside an entry.
    pub fn next_entry(&mut self) -> Result<Option<Entry<'_>>, TapRecordingError> {
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
            _ => return Err(TapRecordingError::NoEntry),
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
                (b'e', true) => Seen::TakesNoMore,
                _ => return Err(TapRecordingError::NoEntry),
            },
        }))
    }
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

/// Fills the buffer, unless the file ends before; answers how many bytes there were.
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

/// Why a tap recording cannot be read.
#[derive(Debug)]
pub enum TapRecordingError {
    Io(io::Error),
    /// It does not begin with the magic.
    NoRecording,
    CutInHeader,
    OtherVersion(u8),
    /// There is something else where an entry is due.
    NoEntry,
}

impl fmt::Display for TapRecordingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TapRecordingError::Io(error) => error.fmt(f),
            TapRecordingError::NoRecording => f.write_str("it is no tap recording"),
            TapRecordingError::CutInHeader => {
                f.write_str("this tap recording ends inside its header")
            }
            TapRecordingError::OtherVersion(version) => {
                write!(
                    f,
                    "a tap recording of version {version}, this program reads {VERSION}"
                )
            }
            TapRecordingError::NoEntry => {
                f.write_str("this tap recording is damaged: no entry where one is due")
            }
        }
    }
}

impl From<io::Error> for TapRecordingError {
    fn from(error: io::Error) -> TapRecordingError {
        TapRecordingError::Io(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded() -> Vec<u8> {
        let begun = UNIX_EPOCH + Duration::from_micros(0x0102_0304_0506);
        let mut file = Vec::new();
        let mut recorder = TapRecorder::begin(&mut file, begun).unwrap();
        for (sender, at, what) in [
            (Sender::Caller, 7, Seen::Bytes(&[1, 2, 3])),
            (Sender::Server, 8, Seen::Closed),
            (Sender::Caller, 9, Seen::Reset),
            (Sender::Server, 256, Seen::TakesNoMore),
        ] {
            let at = Duration::from_micros(at);
            recorder.add(Entry { sender, at, what }).unwrap();
        }
        file
    }

    fn read(file: &[u8]) -> (Vec<String>, usize) {
        let mut recording = TapRecording::open(file).unwrap();
        let mut entries = Vec::new();
        while let Some(entry) = recording.next_entry().unwrap() {
            entries.push(format!("{entry:?}"));
        }
        (entries, recording.cut())
    }

    #[test]
    fn the_format_is_as_documented() {
        #[rustfmt::skip]
        let expected = [
            0x89, 0x41, 0x53, 0x54, 1, 0, 0, 0,  0, 0, 1, 2, 3, 4, 5, 6,
            0x3e, 0x64, 0, 3,  0, 0, 0, 0, 0, 0, 0, 7,  1, 2, 3,
            0x3c, 0x63, 0, 0,  0, 0, 0, 0, 0, 0, 0, 8,
            0x3e, 0x72, 0, 0,  0, 0, 0, 0, 0, 0, 0, 9,
            0x3c, 0x65, 0, 0,  0, 0, 0, 0, 0, 0, 1, 0,
        ];
        assert_eq!(recorded(), expected);
    }

    #[test]
    fn what_was_written_is_read() {
        let file = recorded();
        let recording = TapRecording::open(&*file).unwrap();
        assert_eq!(
            recording.begun(),
            UNIX_EPOCH + Duration::from_micros(0x0102_0304_0506)
        );
        let (entries, cut) = read(&file);
        assert_eq!(
            entries,
            [
                "Entry { sender: Caller, at: 7µs, what: Bytes([1, 2, 3]) }",
                "Entry { sender: Server, at: 8µs, what: Closed }",
                "Entry { sender: Caller, at: 9µs, what: Reset }",
                "Entry { sender: Server, at: 256µs, what: TakesNoMore }",
            ]
        );
        assert_eq!(cut, 0);
    }

    #[test]
    fn a_file_cut_anywhere_gives_the_entries_before_the_cut() {
        let file = recorded();
        let (whole, _) = read(&file);
        let ends = [16, 31, 43, 55, 67];
        for len in HEADER_LEN..file.len() {
            let (entries, cut) = read(&file[..len]);
            let before = ends.iter().filter(|end| **end <= len).count() - 1;
            assert_eq!(entries, whole[..before], "{len} bytes");
            assert_eq!(cut, len - ends[before], "{len} bytes");
        }
        for len in MAGIC.len()..HEADER_LEN {
            assert!(matches!(
                TapRecording::open(&file[..len]),
                Err(TapRecordingError::CutInHeader)
            ));
        }
    }

    #[test]
    fn more_bytes_than_an_entry_holds_make_more_entries() {
        let bytes = vec![7; 150_000];
        let mut file = Vec::new();
        let mut recorder = TapRecorder::begin(&mut file, UNIX_EPOCH).unwrap();
        let (sender, at) = (Sender::Caller, Duration::ZERO);
        let what = Seen::Bytes(&bytes);
        recorder.add(Entry { sender, at, what }).unwrap();
        let mut recording = TapRecording::open(&*file).unwrap();
        let mut read = Vec::<u8>::new();
        while let Some(entry) = recording.next_entry().unwrap() {
            let Seen::Bytes(bytes) = entry.what else {
                panic!("{entry:?}")
            };
            read.extend(bytes);
        }
        assert_eq!(read, bytes);
    }

    #[test]
    fn other_files_and_damage_are_named() {
        let (mut other_version, mut no_sender, mut no_what) = (recorded(), recorded(), recorded());
        // The end of what is sent, with the three bytes of the entry before.
        let mut no_end = recorded();
        no_end[17] = b'c';
        other_version[4] = 2;
        no_sender[16] = 0x10;
        no_what[17] = 0;
        assert!(matches!(
            TapRecording::open(&[0x01, 0, 16][..]),
            Err(TapRecordingError::NoRecording)
        ));
        assert!(matches!(
            TapRecording::open(&*other_version),
            Err(TapRecordingError::OtherVersion(2))
        ));
        for file in [no_sender, no_what, no_end] {
            let mut recording = TapRecording::open(&*file).unwrap();
            assert!(matches!(
                recording.next_entry(),
                Err(TapRecordingError::NoEntry)
            ));
        }
    }
}
