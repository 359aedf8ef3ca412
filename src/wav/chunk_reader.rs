//! The chunks of a WAV file.

use std::io::{self, ErrorKind, Read, Take};
use std::vec::Vec;

use super::{OtherFile, WavErrorReason};

/// Reads a RIFF file of the form WAVE, chunk by chunk: each has four letters, a size, and so many bytes, padded to an even number
/// (*Multimedia Programming Interface and Data Specifications 1.0*, chapter 2).
///
/// It goes forward only, and keeps nothing.
pub(super) struct ChunkReader<R> {
    /// The source, as far as the chunk at hand goes.
    source: Take<R>,
    riff_len: u32,
    /// Where in the file the chunk at hand begins, behind its header.
    begin: u64,
    len: u32,
}

/// From this on, the size of a data chunk means that its writer did not know it: sox leaves this one, others larger ones.
const UNKNOWN_LEN: u32 = 0x7fff_f000;

impl<R: Read> ChunkReader<R> {
    /// Reads the header of the file.
    pub(super) fn new(source: R) -> Result<ChunkReader<R>, WavErrorReason> {
        let mut source = source.take(u64::MAX);
        let mut beginning = [0; OtherFile::BEGINNING_LEN];
        let (header, more) = beginning.split_at_mut(12);
        let mut len = fill(&mut source, header)?;
        let [b'R', b'I', b'F', b'F', a, b, c, d, b'W', b'A', b'V', b'E'] = *header else {
            len = len.saturating_add(fill(&mut source, more)?);
            let beginning = beginning.get(..len).unwrap_or_default();
            return Err(WavErrorReason::NotWav(OtherFile::new(beginning)));
        };
        source.set_limit(0);
        Ok(ChunkReader {
            source,
            riff_len: u32::from_le_bytes([a, b, c, d]),
            begin: 12,
            len: 0,
        })
    }

    /// Goes on to the next chunk, past what has not been read of the last one. `None` at the end of the file.
    pub(super) fn next_chunk(&mut self) -> io::Result<Option<[u8; 4]>> {
        let padding = u64::from(self.len % 2);
        let unread = self.source.limit().saturating_add(padding);
        self.source.set_limit(unread);
        io::copy(&mut self.source, &mut io::sink())?;

        let mut header = [0; 8];
        self.source.set_limit(8);
        if fill(&mut self.source, &mut header)? < 8 {
            return Ok(None);
        }
        let [id @ .., a, b, c, d] = header;
        let begin = self.begin.saturating_add(u64::from(self.len));
        self.begin = begin.saturating_add(padding).saturating_add(8);
        self.len = u32::from_le_bytes([a, b, c, d]);
        self.source.set_limit(u64::from(self.len));
        Ok(Some(id))
    }

    /// How many bytes the chunk at hand has by its header; `None` for what is left there by a writer that did not know.
    pub(super) fn len(&self) -> Option<u32> {
        // The size in the RIFF header does not count the first 8 bytes of the file.
        let riff_end = u64::from(self.riff_len).saturating_add(8);
        let more_chunks = riff_end > self.begin && self.riff_len < UNKNOWN_LEN;
        let is_known = self.len < UNKNOWN_LEN && (self.len > 0 || more_chunks);
        is_known.then_some(self.len)
    }

    /// Reads the first bytes of the chunk at hand, and answers with how many there were for `buffer`.
    pub(super) fn read_start(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        fill(&mut self.source, buffer)
    }

    /// Reads the chunk at hand, or as much of it as there is. One of no known size lasts to the end of the file; of that,
    /// 0x7ffff000 bytes are read at the most.
    pub(super) fn read_all(&mut self) -> io::Result<Vec<u8>> {
        let len = self.len().unwrap_or(UNKNOWN_LEN);
        self.source.set_limit(u64::from(len));
        let mut bytes = Vec::new();
        self.source.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// Fills `buffer`, or as much of it as the source can, and answers with how much that is.
fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
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
