//! The chunks of a WAV file.

use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Take};
use std::vec::Vec;

use super::{OtherFile, WavErrorReason};

/// A reader of a WAV file, chunk by chunk, forward only.
///
/// A chunk has four letters, a size and its bytes, padded to an even number (*Multimedia Programming Interface and Data
/// Specifications 1.0*, chapter 2).
pub(super) struct ChunkReader<R> {
    /// The source, limited to the current chunk.
    source: Take<Peekable<R>>,
    /// The length of the whole file, if the source is a file.
    file_len: Option<u64>,
    riff_len: u32,
    /// The position in the file of the current chunk's first byte after its header.
    start: u64,
    id: [u8; 4],
    len: u32,
    /// Whether the size of the current chunk is 0 although audio follows.
    is_unsized: bool,
}

/// The least size of a data chunk that its writer did not know: sox writes this value, others larger ones.
const UNKNOWN_LEN: u32 = 0x7fff_f000;

/// The least number of bytes after the data chunk that count as audio: 20 ms at 8 kHz. Fewer are not worth an error.
const LEAST_AUDIO: u64 = 320;

impl<R: Read> ChunkReader<R> {
    /// Reads the header of the file. `file_len` is the file's length, if it is known.
    pub(super) fn new(source: R, file_len: Option<u64>) -> Result<ChunkReader<R>, WavErrorReason> {
        let mut source = Peekable::new(source).take(u64::MAX);
        let mut beginning = [0; OtherFile::BEGINNING_LEN];
        let (header, more) = beginning.split_at_mut(12);
        let mut len = fill(&mut source, header)?;
        let [b'R', b'I', b'F', b'F', a, b, c, d, b'W', b'A', b'V', b'E'] = *header else {
            len = len.saturating_add(fill(&mut source, more)?);
            let file = OtherFile::new(beginning.get(..len).unwrap_or_default());
            return Err(WavErrorReason::NotWav(file.with_tagged(&mut source)?));
        };
        source.set_limit(0);
        Ok(ChunkReader {
            source,
            file_len,
            riff_len: u32::from_le_bytes([a, b, c, d]),
            start: 12,
            id: *b"WAVE",
            len: 0,
            is_unsized: false,
        })
    }

    /// Moves to the next chunk and returns its letters; `None` at the end of the file.
    pub(super) fn next_chunk(&mut self) -> io::Result<Option<[u8; 4]>> {
        self.skip()?;
        let mut header = [0; 8];
        self.source.set_limit(8);
        if fill(&mut self.source, &mut header)? < 8 {
            return Ok(None);
        }
        let [id @ .., a, b, c, d] = header;
        self.start = self.end().saturating_add(8);
        self.id = id;
        self.len = u32::from_le_bytes([a, b, c, d]);
        self.source.set_limit(u64::from(self.len));
        self.is_unsized = false;
        if id == *b"data" && self.len() == Some(0) {
            let riff_end = u64::from(self.riff_len).saturating_add(8);
            self.is_unsized = match self.source.get_mut().peek()? {
                [] => false,
                [a, b, c, d, size @ ..] if is_id([*a, *b, *c, *d]) => {
                    let size = size
                        .first_chunk()
                        .map_or(u32::MAX, |size| u32::from_le_bytes(*size));
                    self.start.saturating_add(8).saturating_add(u64::from(size)) > riff_end
                }
                _ => true,
            };
        }
        Ok(Some(id))
    }

    /// Returns the letters of the current chunk.
    pub(super) const fn id(&self) -> [u8; 4] {
        self.id
    }

    /// Returns the size in the current chunk's header; `None` if its writer did not know the size.
    pub(super) fn len(&self) -> Option<u32> {
        // The size in the RIFF header does not count the first 8 bytes of the file.
        let riff_end = u64::from(self.riff_len).saturating_add(8);
        let more_chunks = riff_end > self.start && self.riff_len < UNKNOWN_LEN && !self.is_unsized;
        let is_known = self.len < UNKNOWN_LEN && (self.len > 0 || more_chunks);
        is_known.then_some(self.len)
    }

    /// Returns the number of bytes from the current chunk's start to the end of the file, if known.
    pub(super) fn left(&self) -> Option<u64> {
        Some(self.file_len?.saturating_sub(self.start))
    }

    /// Returns whether the current chunk has the size 0.
    pub(super) const fn has_zero_len(&self) -> bool {
        self.len == 0
    }

    /// Reads the first bytes of the current chunk into `buffer`. Returns their number.
    pub(super) fn read_start(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        fill(&mut self.source, buffer)
    }

    /// Reads the current chunk, or the part of it that exists.
    ///
    /// A chunk without a known size lasts to the end of the file. Of such a chunk, at most 0x7ffff000 bytes are read.
    pub(super) fn read_all(&mut self) -> io::Result<Vec<u8>> {
        let len = self.len().unwrap_or(UNKNOWN_LEN);
        self.source.set_limit(u64::from(len));
        let mut bytes = Vec::new();
        self.source.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Returns whether audio follows after the current chunk. Call it only when that chunk has been read.
    ///
    /// Zeros, tags and text do not count as audio. Returns `false` for a source that is not a file, because a read could wait for
    /// its writer.
    pub(super) fn has_more_audio(&mut self) -> io::Result<bool> {
        let more = self.file_len.unwrap_or(0).saturating_sub(self.end());
        if more < LEAST_AUDIO {
            return Ok(false);
        }
        self.skip()?;
        match self.source.get_mut().peek()? {
            [b'I', b'D', b'3', ..] => return Ok(false),
            [a, b, c, d, ..] if is_id([*a, *b, *c, *d]) => return Ok(false),
            _ => {}
        }
        self.source.set_limit(more);
        let mut bytes = [0; 4096];
        loop {
            let count = fill(&mut self.source, &mut bytes)?;
            let bytes = bytes.get(..count).unwrap_or_default();
            if bytes.is_empty() {
                return Ok(false);
            }
            if bytes.iter().any(|byte| *byte != 0) {
                return Ok(true);
            }
        }
    }

    /// Skips the rest of the current chunk and its padding.
    fn skip(&mut self) -> io::Result<()> {
        let unread = self.source.limit().saturating_add(u64::from(self.len % 2));
        self.source.set_limit(unread);
        io::copy(&mut self.source, &mut io::sink())?;
        Ok(())
    }

    /// Returns where the current chunk ends, with its padding.
    fn end(&self) -> u64 {
        let padded = u64::from(self.len).saturating_add(u64::from(self.len % 2));
        self.start.saturating_add(padded)
    }
}

impl<R: Read + Seek> ChunkReader<R> {
    /// Skips the current chunk without reading it. Call it only before its bytes are read.
    pub(super) fn seek_to_end(&mut self) -> io::Result<()> {
        let len = i64::from(self.len);
        self.source.get_mut().source.seek(SeekFrom::Current(len))?;
        self.source.set_limit(0);
        Ok(())
    }
}

/// Returns whether these can be the letters of a chunk.
fn is_id(letters: [u8; 4]) -> bool {
    letters.iter().all(|letter| matches!(letter, b' '..=b'~'))
}

/// A source whose next 8 bytes can be inspected before they are read.
struct Peekable<R> {
    source: R,
    peeked: [u8; 8],
    start: usize,
    end: usize,
}

impl<R: Read> Peekable<R> {
    const fn new(source: R) -> Peekable<R> {
        Peekable {
            source,
            peeked: [0; 8],
            start: 0,
            end: 0,
        }
    }

    /// Returns the next 8 bytes, or fewer at the end of the source. Call it only when the bytes of the last call have been read.
    fn peek(&mut self) -> io::Result<&[u8]> {
        self.start = 0;
        self.end = fill(&mut self.source, &mut self.peeked)?;
        Ok(self.peeked.get(..self.end).unwrap_or_default())
    }
}

impl<R: Read> Read for Peekable<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut peeked = self.peeked.get(self.start..self.end).unwrap_or_default();
        if peeked.is_empty() {
            return self.source.read(buffer);
        }
        let count = peeked.read(buffer)?;
        self.start = self.start.saturating_add(count);
        Ok(count)
    }
}

/// Fills `buffer`, or part of it if the source ends. Returns the number of bytes read.
pub(super) fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0_usize;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match source.read(rest) {
            Ok(0) => break,
            Ok(count) => filled = filled.saturating_add(count),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}
