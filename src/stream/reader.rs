//! Frames from a `Read`.

use core::fmt;
use std::io::{self, Read};
use std::vec;
use std::vec::Vec;

use crate::wire::{Decoded, Frame, FrameBuffer, Header};

/// A reader of frames from a stream. Each frame borrows from the reader's own buffer.
///
/// - An error loses nothing. The reader keeps its place in the stream, so after a time-out the next call continues where the last
///   one stopped, even inside a header.
/// - One `read` returns as many frames as have arrived. The reader then returns them without further reads.
/// - The buffer of 4 KiB is allocated once, and a second time if a header announces a longer frame. No frame costs an allocation.
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

/// Room for twelve 20 ms frames at 8 kHz. 1,000 calls then use 16 MB in all; with 64 KiB each, they use 24 to 76 MB.
const FIRST_STORAGE_LEN: usize = 4096;

impl<R> FrameReader<R> {
    /// Returns a reader that accepts frames of any length.
    pub fn new(source: R) -> FrameReader<R> {
        FrameReader::with_max_payload_len(source, Frame::MAX_PAYLOAD_LEN)
    }

    /// Returns a reader that limits payloads to `len` bytes.
    ///
    /// It skips and reports longer frames. Its buffer never exceeds the longest accepted frame, or 4 KiB if that is larger.
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

    /// Returns the source. If you read from it directly, the reader misses those bytes.
    pub fn get_ref(&self) -> &R {
        &self.source
    }

    /// Returns the source, mutably. If you read from it directly, the reader misses those bytes.
    pub fn get_mut(&mut self) -> &mut R {
        &mut self.source
    }

    /// Returns the source. Bytes that were read but not yet handed out are lost.
    pub fn into_inner(self) -> R {
        self.source
    }

    /// Returns the number of bytes that were read but not yet handed out.
    ///
    /// At the end of a stream, these are the bytes of a truncated frame.
    pub fn buffered_len(&self) -> usize {
        self.buffer.len()
    }

    /// Returns whether the stream is between two frames, so that it may end here.
    ///
    /// True if all bytes read belong to frames that have been handed out or skipped.
    pub const fn at_frame_boundary(&self) -> bool {
        self.buffer.at_frame_boundary()
    }

    /// Returns the header of the next frame once it is complete, even before its payload.
    pub fn header(&self) -> Option<Header> {
        self.buffer.header()
    }
}

impl<R: Read> FrameReader<R> {
    /// Reads the next frame; returns `None` at the end of the stream, between two frames.
    ///
    /// Reads as often as the frame requires. To meet a deadline, read step by step with [`fill`](FrameReader::fill).
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the source fails, if the stream ends inside a frame, or if a frame is over the limit. After a time-out
    /// or a frame over the limit, call again.
    pub fn read_frame(&mut self) -> Result<Option<Frame<'_>>, ReadError> {
        while self.needed() > 0 {
            if self.fill()? == Filled::End {
                return Ok(None);
            }
        }
        self.buffered_frame()
    }

    /// Reads once, as many bytes as have room.
    ///
    /// # Errors
    ///
    /// [`ReadError::Io`] and [`ReadError::Truncated`].
    pub fn fill(&mut self) -> Result<Filled, ReadError> {
        let needed = self.needed();
        if let Some(header) = self.buffer.header() {
            self.make_room_for(header);
        }
        let spare = self.buffer.spare();
        if spare.is_empty() {
            return Ok(Filled::FrameWaiting);
        }
        let count = loop {
            match self.source.read(spare) {
                Ok(count) => break count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(ReadError::Io(error)),
            }
        };
        if count > 0 {
            self.buffer.commit(count);
            return Ok(Filled::Bytes(count));
        }
        match needed {
            0 => Ok(Filled::FrameWaiting),
            _ if self.at_frame_boundary() => Ok(Filled::End),
            _ => Err(ReadError::Truncated { needed }),
        }
    }

    /// Returns how many bytes [`buffered_frame`](FrameReader::buffered_frame) still needs; 0 if it has a result.
    pub fn needed(&self) -> usize {
        match self.buffer.header() {
            // Not `buffer.needed()`: for a frame that the buffer still has to grow for, it returns 0.
            Some(header) if header.payload_len() <= self.max_payload_len => {
                header.frame_len().saturating_sub(self.buffer.len())
            }
            _ => self.buffer.needed(),
        }
    }

    /// Returns the next frame among the bytes already read, without reading.
    ///
    /// Returns `None` if there is no complete frame.
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

    /// Grows the buffer to the longest accepted frame, at most once in its life.
    fn make_room_for(&mut self, header: Header) {
        if header.frame_len() <= self.storage_len || header.payload_len() > self.max_payload_len {
            return;
        }
        let storage_len = self.max_payload_len.saturating_add(Header::LEN);
        let small = core::mem::replace(&mut self.buffer, FrameBuffer::new(Vec::new()));
        // `move_to` also keeps the limit of the payload length.
        self.buffer = match small.move_to(vec![0; storage_len]) {
            Ok(large) => large,
            // Cannot happen, because the new storage is larger. If it did, the frame would be reported as too long.
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

/// The result of [`FrameReader::fill`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
// Exhaustive on purpose: a read has no other result.
#[expect(clippy::exhaustive_enums)]
pub enum Filled {
    /// This many bytes were read, at least one.
    Bytes(usize),
    /// Nothing was read, but a frame is waiting. Call [`buffered_frame`](FrameReader::buffered_frame) first.
    FrameWaiting,
    /// The stream has ended, between two frames.
    End,
}

/// The reason why a reader has no frame.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The source failed. After a time-out you can continue to read; see [`is_timeout`](ReadError::is_timeout).
    Io(io::Error),
    /// The stream ended inside a frame.
    #[non_exhaustive]
    Truncated {
        /// The number of missing bytes: to the end of the header, or to the end of the frame.
        needed: usize,
    },
    /// A frame is longer than the reader accepts. The reader skips it, and you can continue to read.
    #[non_exhaustive]
    TooLong {
        /// The header of the frame.
        header: Header,
        /// The longest payload that the reader accepts, in bytes.
        max_payload_len: usize,
    },
}

impl ReadError {
    /// Returns whether the read timed out or a non-blocking source had no data.
    ///
    /// Nothing is lost, and you can continue to read.
    pub fn is_timeout(&self) -> bool {
        // Linux reports a socket's time-out as `WouldBlock`, other systems report it as `TimedOut`.
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
                    "frame too long: {header}, expected at most {max_payload_len}"
                )
            }
        }
    }
}

/// Returns the source's own error; [`ReadError`] in an `UnexpectedEof` or `InvalidData` otherwise.
impl From<ReadError> for io::Error {
    fn from(error: ReadError) -> io::Error {
        match error {
            ReadError::Io(error) => error,
            ReadError::Truncated { .. } => io::Error::new(io::ErrorKind::UnexpectedEof, error),
            ReadError::TooLong { .. } => io::Error::new(io::ErrorKind::InvalidData, error),
        }
    }
}

impl core::error::Error for ReadError {
    // `Display` shows the error below, so it is skipped here.
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            ReadError::Io(error) => error.source(),
            _ => None,
        }
    }
}
