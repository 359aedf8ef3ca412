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
/// The frame is put together in a buffer of the writer's own, as long as the longest frame, or [batch](FrameWriter::batch), so
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
        let mut batch = self.batch();
        batch.add_frame(frame);
        batch.write()
    }

    /// Puts frames together that go out in one `write`. See [`Batch`].
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

/// Frames that go out in one `write`: for a program that has several at hand at the same moment, since a system call costs more
/// than a frame. From [`FrameWriter::batch`].
///
/// An echo that answers all frames that one `read` has brought, and delays none of them:
///
/// ```
/// use std::io::{Read, Write};
/// use audiosocket::stream::{FrameReader, FrameWriter};
///
/// fn echo(from: impl Read, to: impl Write) -> Result<(), Box<dyn std::error::Error>> {
///     let (mut reader, mut writer) = (FrameReader::new(from), FrameWriter::new(to));
///     while reader.fill()? > 0 {
///         let mut batch = writer.batch();
///         while let Some(frame) = reader.buffered_frame()? {
///             // Asterisk ends a call upon anything else.
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
/// Not for speech: Asterisk plays what it gets as fast as it comes. That is what the [`Pacer`](super::Pacer) is for.
///
/// What is not written when the batch is dropped is never written.
#[must_use = "nothing is sent until it is written"]
pub struct Batch<'a, W> {
    writer: &'a mut FrameWriter<W>,
    /// How much of the writer's buffer is taken.
    len: usize,
}

impl<W> Batch<'_, W> {
    /// Adds a frame behind those that are in it.
    pub fn add_frame(&mut self, frame: Frame<'_>) {
        let buffer = &mut self.writer.buffer;
        let len = self.len.saturating_add(frame.encoded_len());
        if buffer.len() < len {
            buffer.resize(len, 0);
        }
        // There is room for it.
        let room = buffer.get_mut(self.len..).unwrap_or_default();
        if frame.encode(room).is_ok() {
            self.len = len;
        }
    }

    /// Adds a message as a frame.
    pub fn add_message(&mut self, message: &Message<'_>) {
        self.add_frame(message.frame(&mut [0; Message::INLINE_LEN]));
    }

    /// Its length on the wire in bytes.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no frame in it.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl<W: Write> Batch<'_, W> {
    /// Writes its frames in one `write`, or in more if the sink takes only part, and empties it. An empty one writes nothing.
    ///
    /// # Errors
    ///
    /// [`WriteError`], as for a single frame as long as all of them: after [`WriteError::Io`] nothing has been sent, the frames
    /// are still in the batch, and it can be written again; any other is the writer's last, even if the cut lies between two
    /// frames.
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

/// Why a frame, or a batch of them, could not be written.
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteError {
    /// The sink failed before it took anything of the frame or the batch. The stream is in step, and writing can go on if the
    /// sink can.
    Io(io::Error),
    /// The sink failed inside the frame, or anywhere inside the batch. The stream is out of step for good.
    Partial {
        /// How many bytes of the frame, or the batch, were sent.
        sent: usize,
        /// How many bytes it has.
        len: usize,
        /// The sink's error.
        error: io::Error,
    },
    /// Nothing was tried, because an earlier frame was cut short.
    Desynchronized,
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
            WriteError::Partial { sent, len, error } => {
                write!(f, "cannot write: {error}, after {sent} of {len} bytes")
            }
            WriteError::Desynchronized => {
                f.write_str("cannot write: an earlier frame was cut short")
            }
        }
    }
}

impl core::error::Error for WriteError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            WriteError::Io(error) | WriteError::Partial { error, .. } => Some(error),
            WriteError::Desynchronized => None,
        }
    }
}
