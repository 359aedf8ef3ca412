//! Frames out of a `Read`.

use core::fmt;
use std::io::{self, Read};
use std::vec;
use std::vec::Vec;

use crate::wire::{Decoded, Frame, FrameBuffer, Header};

/// Reads frames from a stream, each borrowed from the reader's own buffer.
///
/// - Nothing is lost by an error: the place in the stream is part of the reader, so after a time-out the next call goes on where
///   the last one stopped, even inside a header.
/// - One `read` brings as many frames as have arrived; they are then handed out without reading.
/// - The buffer has 4 KiB and is allocated once, and a second time if a longer frame is announced. No frame costs an allocation.
///
/// ```
/// use audiosocket::stream::FrameReader;
/// use audiosocket::wire::Message;
///
/// let bytes = [0x03, 0x00, 0x01, b'5', 0x00, 0x00, 0x00];
/// let mut reader = FrameReader::new(&bytes[..]);
/// while let Some(frame) = reader.read_frame()? {
///     match frame.message() {
///         Ok(Message::Dtmf(dtmf)) => println!("the caller pressed {}", dtmf.digit()),
///         Ok(message) => println!("{message:?}"),
///         Err(error) => eprintln!("{error}"),
///     }
/// }
/// # Ok::<(), audiosocket::stream::ReadError>(())
/// ```
pub struct FrameReader<R> {
    source: R,
    buffer: FrameBuffer<Vec<u8>>,
    storage_len: usize,
    max_payload_len: usize,
}

/// Room for a dozen frames of 20 ms at 8 kHz; 1000 calls with it take 16 MB in all, with 64 KiB each they take 24 to 76 MB.
const FIRST_STORAGE_LEN: usize = 4096;

impl<R> FrameReader<R> {
    /// A reader that takes frames of any length.
    pub fn new(source: R) -> FrameReader<R> {
        FrameReader::with_max_payload_len(source, Frame::MAX_PAYLOAD_LEN)
    }

    /// A reader that skips, and reports, frames with a payload of more than `len` bytes. Its buffer never holds more than such a
    /// frame, or 4 KiB.
    pub fn with_max_payload_len(source: R, len: usize) -> FrameReader<R> {
        let max_payload_len = len.min(Frame::MAX_PAYLOAD_LEN);
        let storage_len = FIRST_STORAGE_LEN;
        FrameReader {
            source,
            buffer: FrameBuffer::new(vec![0; storage_len]).with_max_payload_len(max_payload_len),
            storage_len,
            max_payload_len,
        }
    }

    /// The source. Reading from it directly takes bytes from under the reader.
    pub fn get_ref(&self) -> &R {
        &self.source
    }

    /// The source, to change. Reading from it directly takes bytes from under the reader.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.source
    }

    /// The source again; bytes read and not handed out are lost.
    pub fn into_inner(self) -> R {
        self.source
    }

    /// The number of bytes read and not yet handed out: at the end of a stream, those of a frame that was cut.
    pub fn buffered_len(&self) -> usize {
        self.buffer.len()
    }

    /// Whether the stream may end here: every frame that has started is whole and has been handed out, or skipped.
    pub const fn at_frame_boundary(&self) -> bool {
        self.buffer.is_empty()
    }

    /// The header at the front, as soon as it has been read, before its payload has.
    pub fn header(&self) -> Option<Header> {
        self.buffer.header()
    }
}

impl<R: Read> FrameReader<R> {
    /// The next frame; `None` at the end of the stream, if that lies between two frames.
    ///
    /// Reads as often as the frame takes. To keep a deadline, read step by step with [`fill`](FrameReader::fill).
    ///
    /// # Errors
    ///
    /// [`ReadError`]: the source's, a stream cut inside a frame, or a frame over the limit, which is then skipped. After a
    /// time-out and after a frame over the limit, call again.
    pub fn read_frame(&mut self) -> Result<Option<Frame<'_>>, ReadError> {
        while self.needed() > 0 {
            if self.fill()? == 0 {
                return Ok(None);
            }
        }
        self.buffered_frame()
    }

    /// Reads once, as much as there is room for, and answers the number of bytes: 0 at the end of the stream, if that lies
    /// between two frames. While a frame is waiting, at least 1 is answered, even if it leaves no room to read into or if the
    /// stream has ended behind it: take the frame and call again.
    ///
    /// # Errors
    ///
    /// [`ReadError::Io`] and [`ReadError::Truncated`].
    pub fn fill(&mut self) -> Result<usize, ReadError> {
        let needed = self.needed();
        if let Some(header) = self.buffer.header() {
            self.make_room_for(header);
        }
        let spare = self.buffer.spare();
        if spare.is_empty() {
            return Ok(1);
        }
        let count = loop {
            match self.source.read(spare) {
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ReadError::Io(error)),
            }
        };
        if count == 0 && needed == 0 {
            return Ok(1);
        }
        if count == 0 && !self.buffer.is_empty() {
            return Err(ReadError::Truncated { needed });
        }
        self.buffer.commit(count);
        Ok(count)
    }

    /// How many bytes have to be read before [`buffered_frame`](FrameReader::buffered_frame) has an answer: 0 if it has one.
    pub fn needed(&self) -> usize {
        match self.buffer.header() {
            // Not a question for the buffer, which may yet have to grow for this frame.
            Some(header) if header.payload_len() <= self.max_payload_len => {
                header.frame_len().saturating_sub(self.buffer.len())
            }
            _ => self.buffer.needed(),
        }
    }

    /// The next frame among the bytes already read; `None` if there is no whole one. Never reads.
    ///
    /// # Errors
    ///
    /// [`ReadError::TooLong`], once for each frame over the limit.
    pub fn buffered_frame(&mut self) -> Result<Option<Frame<'_>>, ReadError> {
        if self.needed() > 0 {
            return Ok(None);
        }
        let max_payload_len = self.max_payload_len;
        match self.buffer.next_frame() {
            Decoded::Frame(frame) => Ok(Some(frame)),
            Decoded::Incomplete { .. } => Ok(None),
            Decoded::TooLong(header) => Err(ReadError::TooLong {
                header,
                max_payload_len,
            }),
        }
    }

    /// Grows the buffer to the longest frame allowed, at most once in its life.
    fn make_room_for(&mut self, header: Header) {
        if header.frame_len() <= self.storage_len || header.payload_len() > self.max_payload_len {
            return;
        }
        let storage_len = self.max_payload_len.saturating_add(Header::LEN);
        let small = core::mem::replace(&mut self.buffer, FrameBuffer::new(Vec::new()));
        self.buffer = match small.move_to(vec![0; storage_len]) {
            Ok(large) => large,
            // The larger storage holds what the smaller one held; if not, the frame is reported as too long, nothing worse.
            Err(small) => small,
        };
        self.storage_len = storage_len;
    }
}

impl<R: fmt::Debug> fmt::Debug for FrameReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameReader")
            .field("source", &self.source)
            .field("buffer", &self.buffer)
            .finish_non_exhaustive()
    }
}

/// Why a reader has no frame to give.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The source failed. After a time-out, see [`is_timeout`](ReadError::is_timeout), reading can go on.
    Io(io::Error),
    /// The stream ended inside a frame.
    Truncated {
        /// How many bytes are missing: to the end of the header, or to the end of the frame.
        needed: usize,
    },
    /// A frame is longer than the reader takes. It is skipped, and reading can go on.
    TooLong {
        /// Its header.
        header: Header,
        /// The longest payload the reader takes, in bytes.
        max_payload_len: usize,
    },
}

impl ReadError {
    /// Whether a read time-out ran out or a non-blocking source had nothing: reading can go on, nothing is lost.
    pub fn is_timeout(&self) -> bool {
        // Linux reports a socket's time-out as `WouldBlock`, other systems as `TimedOut`.
        matches!(self, ReadError::Io(error)
            if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut))
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Io(error) => write!(f, "cannot read: {error}"),
            ReadError::Truncated { needed } => {
                write!(
                    f,
                    "the stream ended inside a frame, which lacks {needed} of its bytes"
                )
            }
            ReadError::TooLong {
                header,
                max_payload_len,
            } => {
                write!(
                    f,
                    "frame too long: {header}, at most {max_payload_len} is taken"
                )
            }
        }
    }
}

impl core::error::Error for ReadError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            ReadError::Io(error) => Some(error),
            _ => None,
        }
    }
}
