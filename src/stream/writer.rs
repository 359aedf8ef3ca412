//! Frames to a `Write`.

use core::fmt;
use std::io::{self, Write};
use std::vec::Vec;

use crate::wire::{Frame, Message};

/// A writer of frames to a stream, each complete and in one `write`.
///
/// Asterisk ends the call if a header and its payload arrive more than 5 ms apart (measured with 22.10). Before 20.15, 21.10 and
/// 22.5, any gap ends it. With two writes, Nagle's algorithm can delay the second and so cause a gap.
///
/// The writer sends each frame at once, so there is nothing to flush. If a frame is sent only in part, the writer sends nothing
/// after it, because the peer would take the next bytes for the rest of that frame.
///
/// The writer builds each frame in its own buffer. The buffer is as long as the longest frame, or [batch](FrameWriter::batch), so
/// far.
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
    /// Returns a writer to `sink`.
    pub const fn new(sink: W) -> FrameWriter<W> {
        FrameWriter {
            sink,
            buffer: Vec::new(),
            cut_short: false,
        }
    }

    /// Returns the sink. If you write to it directly, write complete frames.
    pub fn get_ref(&self) -> &W {
        &self.sink
    }

    /// Returns the sink, mutably. If you write to it directly, write complete frames.
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.sink
    }

    /// Returns the sink. Nothing is lost, because the writer keeps no frame.
    pub fn into_inner(self) -> W {
        self.sink
    }
}

impl<W: Write> FrameWriter<W> {
    /// Writes a frame with any content. The writer does not check what Asterisk accepts.
    ///
    /// # Errors
    ///
    /// [`WriteError`]. After [`WriteError::Io`], such as a time-out, nothing of the frame has been sent and you can continue to
    /// write.
    pub fn write_frame(&mut self, frame: Frame<'_>) -> Result<(), WriteError> {
        let mut batch = self.batch();
        batch.add_frame(frame);
        batch.write()
    }

    /// Returns an empty batch, whose frames go out in one `write`. See [`Batch`].
    pub fn batch(&mut self) -> Batch<'_, W> {
        Batch {
            writer: self,
            len: 0,
        }
    }

    /// Writes a message as a frame.
    ///
    /// # Errors
    ///
    /// The errors of [`write_frame`](FrameWriter::write_frame).
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

/// A batch of frames that go out in one `write`, created by [`FrameWriter::batch`].
///
/// Use it to send several frames at the same time, because a system call costs more than a frame. This echo sends back all
/// frames of one `read` and delays none of them:
///
/// ```
/// use std::io::{Read, Write};
/// use audiosocket::stream::{Filled, FrameReader, FrameWriter};
///
/// fn echo(from: impl Read, to: impl Write) -> Result<(), Box<dyn std::error::Error>> {
///     let (mut reader, mut writer) = (FrameReader::new(from), FrameWriter::new(to));
///     while reader.fill()? != Filled::End {
///         let mut batch = writer.batch();
///         while let Some(frame) = reader.buffered_frame()? {
///             // Asterisk ends a call on any other frame.
///             if frame.kind().sample_rate().is_some() {
///                 batch.add_frame(frame);
///             }
///         }
///         batch.write()?;
///     }
///     Ok(())
/// }
/// # let (bytes, mut echoed) = ([0x10, 0x00, 0x02, 1, 2, 0x10, 0x00, 0x02, 3, 4], Vec::new());
/// # echo(&bytes[..], &mut echoed)?;
/// # assert_eq!(echoed, bytes);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Do not use a batch for speech, because Asterisk plays audio as fast as it arrives. Use the [`Pacer`](super::Pacer) for that.
///
/// If you drop the batch, frames not yet written are never written.
#[must_use = "nothing is sent until it is written"]
pub struct Batch<'a, W> {
    writer: &'a mut FrameWriter<W>,
    /// The number of bytes used in the writer's buffer.
    len: usize,
}

impl<W> Batch<'_, W> {
    /// Adds a frame after those already in the batch.
    pub fn add_frame(&mut self, frame: Frame<'_>) {
        let buffer = &mut self.writer.buffer;
        let len = self.len.saturating_add(frame.encoded_len());
        if buffer.len() < len {
            buffer.resize(len, 0);
        }
        // The frame fits because the buffer was resized for it.
        let room = buffer.get_mut(self.len..).unwrap_or_default();
        if frame.encode(room).is_ok() {
            self.len = len;
        }
    }

    /// Adds a message as a frame.
    pub fn add_message(&mut self, message: &Message<'_>) {
        self.add_frame(message.frame(&mut [0; Message::INLINE_LEN]));
    }

    /// Returns the length of the batch on the wire in bytes.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Returns whether the batch has no frames.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<W: Write> Batch<'_, W> {
    /// Writes the frames in one `write` and empties the batch.
    ///
    /// If the sink accepts only a part, it writes again. An empty batch writes nothing.
    ///
    /// # Errors
    ///
    /// [`WriteError`]. After [`WriteError::Io`], nothing has been sent, the frames are still in the batch, and you can write it
    /// again. After any other error, the writer sends nothing more, even if the sink stopped between two frames.
    pub fn write(&mut self) -> Result<(), WriteError> {
        let writer = &mut *self.writer;
        if writer.cut_short {
            return Err(WriteError::Desynchronized);
        }
        let bytes = writer.buffer.get(..self.len).unwrap_or_default();
        let mut unsent = bytes;
        while !unsent.is_empty() {
            let error = match writer.sink.write(unsent) {
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
            writer.cut_short = true;
            return Err(WriteError::Partial {
                sent,
                len: bytes.len(),
                error,
            });
        }
        self.len = 0;
        Ok(())
    }
}

impl<W: fmt::Debug> fmt::Debug for Batch<'_, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch")
            .field("writer", &self.writer)
            .field("len", &self.len)
            .finish()
    }
}

/// The reason why a frame or a batch could not be written.
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteError {
    /// The sink failed before it accepted any byte of the frame or batch. The stream is in step, and you can continue to write if
    /// the sink can.
    Io(io::Error),
    /// The sink failed inside the frame, or anywhere inside the batch. The stream is permanently out of step.
    #[non_exhaustive]
    Partial {
        /// The number of bytes of the frame or batch that were sent.
        sent: usize,
        /// The length of the frame or batch in bytes.
        len: usize,
        /// The sink's error.
        error: io::Error,
    },
    /// The writer sent nothing, because an earlier frame was sent only in part.
    Desynchronized,
}

impl WriteError {
    /// Returns whether the sink timed out before it accepted any byte.
    ///
    /// If so, you can try again. Returns `false` for a [`Partial`](WriteError::Partial) frame, even if the sink timed out.
    pub fn is_timeout(&self) -> bool {
        matches!(self, WriteError::Io(error)
            if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut))
    }
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WriteError::Io(error) => write!(f, "cannot write: {error}"),
            WriteError::Partial { sent, len, error } => {
                write!(f, "cannot write: {error}, after {sent} of {len} bytes")
            }
            WriteError::Desynchronized => f.write_str(
                "cannot write after a frame that was sent only in part: close the connection",
            ),
        }
    }
}

/// Returns the sink's own error. After a partial frame, returns the [`WriteError`] in an error of the same kind.
impl From<WriteError> for io::Error {
    fn from(error: WriteError) -> io::Error {
        let kind = match error {
            WriteError::Io(error) => return error,
            WriteError::Partial { ref error, .. } => error.kind(),
            WriteError::Desynchronized => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, error)
    }
}

impl core::error::Error for WriteError {
    // `Display` shows the error below, so it is skipped here.
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            WriteError::Io(error) | WriteError::Partial { error, .. } => error.source(),
            WriteError::Desynchronized => None,
        }
    }
}
