//! Tap files: the bytes of both directions of a call, with their times.
//!
//! A file starts with `89 41 53 54`. No AudioSocket stream starts like this, because there is no kind 0x89. The version of the
//! format, `01`, and three zero bytes follow. The header ends with the start time in microseconds since 1970, UTC, as a
//! big-endian u64. After the header there are entries:
//!
//! | bytes | |
//! |---|---|
//! | 1 | sender: `>` (0x3e) the caller, to the server; `<` (0x3c) the server, to the caller |
//! | 1 | event: `d` (0x64) bytes, `c` (0x63) stream end, `r` (0x72) reset, `e` (0x65) bytes to the sender not forwarded |
//! | 2 | number of bytes that follow, big-endian; 0 unless the event is `d` |
//! | 8 | microseconds since the start of the recording, big-endian |
//! | n | the bytes of one read; frames may be cut anywhere |
//!
//! The entries of each direction are in order of arrival. Entries of different directions may be out of order by the time needed
//! to write one entry.

mod entry;
mod reader;
mod writer;

pub use entry::{Entry, OwnedEntry, Seen, Sender};
pub use reader::TapReader;
pub use writer::TapWriter;

/// First bytes of a tap file.
pub const MAGIC: [u8; 4] = [0x89, b'A', b'S', b'T'];
const VERSION: u8 = 1;
const HEADER_LEN: usize = 16;

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::reader::TapFileError;
    use super::*;

    fn recorded() -> Vec<u8> {
        let started = UNIX_EPOCH + Duration::from_micros(0x0102_0304_0506);
        let mut file = Vec::new();
        let mut writer = TapWriter::begin(&mut file, started).unwrap();
        for (sender, at, what) in [
            (Sender::Caller, 7, Seen::Bytes(&[1, 2, 3])),
            (Sender::Server, 8, Seen::Closed),
            (Sender::Caller, 9, Seen::Reset),
            (Sender::Server, 256, Seen::StoppedReading),
        ] {
            let at = Duration::from_micros(at);
            writer.add(Entry { sender, at, what }).unwrap();
        }
        file
    }

    fn read(file: &[u8]) -> (Vec<String>, usize) {
        let mut reader = TapReader::open(file).unwrap();
        let mut entries = Vec::new();
        while let Some(entry) = reader.next_entry().unwrap() {
            entries.push(format!("{entry:?}"));
        }
        (entries, reader.cut())
    }

    #[test]
    fn tap_file_format_is_as_documented() {
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
    fn tap_file_is_read_as_written() {
        let file = recorded();
        let reader = TapReader::open(&*file).unwrap();
        assert_eq!(
            reader.started(),
            UNIX_EPOCH + Duration::from_micros(0x0102_0304_0506)
        );
        let (entries, cut) = read(&file);
        assert_eq!(
            entries,
            [
                "Entry { sender: Caller, at: 7µs, what: Bytes([1, 2, 3]) }",
                "Entry { sender: Server, at: 8µs, what: Closed }",
                "Entry { sender: Caller, at: 9µs, what: Reset }",
                "Entry { sender: Server, at: 256µs, what: StoppedReading }",
            ]
        );
        assert_eq!(cut, 0);
    }

    #[test]
    fn cut_tap_file_gives_entries_before_the_cut() {
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
                TapReader::open(&file[..len]),
                Err(TapFileError::CutInHeader)
            ));
        }
    }

    #[test]
    fn bytes_beyond_an_entry_make_more_entries() {
        let bytes = vec![7; 150_000];
        let mut file = Vec::new();
        let mut writer = TapWriter::begin(&mut file, UNIX_EPOCH).unwrap();
        let (sender, at) = (Sender::Caller, Duration::ZERO);
        let what = Seen::Bytes(&bytes);
        writer.add(Entry { sender, at, what }).unwrap();
        let mut reader = TapReader::open(&*file).unwrap();
        let mut read = Vec::<u8>::new();
        while let Some(entry) = reader.next_entry().unwrap() {
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
        // The end of a stream, but with the three bytes of the entry before it.
        let mut no_end = recorded();
        no_end[17] = b'c';
        other_version[4] = 2;
        no_sender[16] = 0x10;
        no_what[17] = 0;
        assert!(matches!(
            TapReader::open(&[0x01, 0, 16][..]),
            Err(TapFileError::NoRecording)
        ));
        assert!(matches!(
            TapReader::open(&*other_version),
            Err(TapFileError::OtherVersion(2))
        ));
        for file in [no_sender, no_what, no_end] {
            let mut reader = TapReader::open(&*file).unwrap();
            assert!(matches!(reader.next_entry(), Err(TapFileError::NoEntry)));
        }
    }
}
