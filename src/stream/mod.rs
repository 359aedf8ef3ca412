//! Frames over any [`Read`](std::io::Read) and [`Write`](std::io::Write), and a clock that paces audio.
//!
//! Use this module instead of [`call`](crate::call) to read and write frames yourself: on a TLS stream, a pipe, a file.
//!
//! ```
//! use audiosocket::stream::{FrameReader, FrameWriter};
//! use audiosocket::wire::{Audio, Message, SampleRate};
//!
//! let mut wire = Vec::new();
//! let mut writer = FrameWriter::new(&mut wire);
//! writer.write_message(&Message::Audio(Audio::new(SampleRate::Hz8000, &[0; 320])?))?;
//! writer.write_message(&Message::Hangup)?;
//!
//! let mut reader = FrameReader::new(wire.as_slice());
//! let mut lengths = Vec::new();
//! while let Some(frame) = reader.read_frame()? {
//!     lengths.push(frame.payload().len());
//! }
//! assert_eq!(lengths, [320, 0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod byte_rate;
mod pacer;
mod reader;
mod writer;

pub use byte_rate::ByteRate;
pub use pacer::Pacer;
pub use reader::{Filled, FrameReader, ReadError};
pub use writer::{Batch, FrameWriter, WriteError};
