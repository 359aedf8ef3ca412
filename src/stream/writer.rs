//! Frames into a `Write`.

use core::fmt;
use std::io::{self, Write};
use std::vec::Vec;

use crate::wire::{Frame, Message};

/// Writes frames to a stream, each whole and in one `write`.
///
/// One `write` because a header and its payload that reach Asterisk more than 5 ms apart end the call (measured with 22.10;
/// before 20.15, 21.10 and 22.5 any gap does), and two writes meet that fate as soon as Nagle's algorithm holds one back. For
/// the same reason the writer keeps nothing back, so there is nothing to flush; and a frame of which the stream took only part
/// because of an error is the last: after it the peer would take audio for headers.
///
/// The frame is put together in a buffer of the writer's own, as long as the longest frame so far.
///
/// ```
/// use audiosocket::stream::FrameWriter;
/// use audiosocket::wire::{Frame, Kind};
///
/// let mut writer = FrameWriter::new(Vec::new());
/// writer.write_frame(Frame::new(Kind::DTMF_DIGIT, b"5")?)?;
/// assert_eq!(writer.into_inner(), [0x03, 0x00, 0x01, b'5']);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FrameWriter<W> {
    sink: W,
    buffer: Vec<u8>,
    cut_short: bool,
}

impl<W> FrameWriter<W> {
    /// A writer to `sink`.
    pub const fn new(sink: W) -> FrameWriter<W> {
        FrameWriter {
            sink,
            buffer: Vec::new(),
            cut_short: false,
        }
    }

    /// The sink. What is written to it directly must be whole frames.
    pub fn get_ref(&self) -> &W {
        &self.sink
    }

    /// The sink, to change. What is written to it directly must be whole frames.
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.sink
    }

    /// The sink again. Nothing is lost, since nothing is held back.
    pub fn into_inner(self) -> W {
        self.sink
    }
}

impl<W: Write> FrameWriter<W> {
    /// Writes a frame, whatever it carries. What Asterisk makes of it is not checked here.
    ///
    /// # Errors
    ///
    /// [`WriteError`]. After [`WriteError::Io`], a time-out among them, nothing of the frame has been sent and writing can go on.
    pub fn write_frame(&mut self, frame: Frame<'_>) -> Result<(), WriteError> {
        if self.cut_short {
            return Err(WriteError::OutOfStep);
        }
        if self.buffer.len() < frame.encoded_len() {
            self.buffer.resize(frame.encoded_len(), 0);
        }
        let bytes: &[u8] = match frame.encode(&mut self.buffer) {
            Ok(bytes) => bytes,
            Err(too_short) => return Err(WriteError::Io(io::Error::other(too_short))),
        };
        let mut unsent = bytes;
        while !unsent.is_empty() {
            let error = match self.sink.write(unsent) {
                Ok(0) => io::Error::from(io::ErrorKind::WriteZero),
                Ok(count) => {
                    unsent = unsent.get(count..).unwrap_or_default();
                    continue;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => error,
            };
            let sent = bytes.len().saturating_sub(unsent.len());
            if sent == 0 {
                return Err(WriteError::Io(error));
            }
            self.cut_short = true;
            return Err(WriteError::CutShort {
                sent,
                len: bytes.len(),
                error,
            });
        }
        Ok(())
    }

    /// Writes a message as a frame.
    ///
    /// # Errors
    ///
    /// Those of [`write_frame`](FrameWriter::write_frame).
    pub fn write_message(&mut self, message: &Message<'_>) -> Result<(), WriteError> {
        self.write_frame(message.frame(&mut [0; Message::INLINE_LEN]))
    }
}

impl<W: fmt::Debug> fmt::Debug for FrameWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameWriter")
            .field("sink", &self.sink)
            .field("cut_short", &self.cut_short)
            .finish_non_exhaustive()
    }
}

/// Why a frame could not be written.
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteError {
    /// The sink failed before it took anything of the frame. The stream is in step, and writing can go on if the sink can.
    Io(io::Error),
    /// The sink failed inside the frame. The stream is out of step for good.
    CutShort {
        /// How many bytes of the frame were sent.
        sent: usize,
        /// How many bytes the frame has.
        len: usize,
        /// The sink's error.
        error: io::Error,
    },
    /// Nothing was tried, because an earlier frame was cut short.
    OutOfStep,
}

impl WriteError {
    /// Whether the sink would not take the frame in time, so that it can be tried again: nothing of it was sent.
    pub fn is_timeout(&self) -> bool {
        matches!(self, WriteError::Io(error)
            if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut))
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WriteError::Io(error) => write!(f, "cannot write: {error}"),
            WriteError::CutShort { sent, len, error } => {
                write!(
                    f,
                    "cannot write: {error}, after {sent} of {len} bytes of a frame"
                )
            }
            WriteError::OutOfStep => f.write_str("cannot write: an earlier frame was cut short"),
        }
    }
}

impl core::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            WriteError::Io(error) | WriteError::CutShort { error, .. } => Some(error),
            WriteError::OutOfStep => None,
        }
    }
}
