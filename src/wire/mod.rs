//! Bytes, frames and messages: the protocol itself.
//!
//! This module uses core only: no std, no heap, no I/O, no clock. It never panics, whatever the bytes.
//!
//! Bytes become messages in two steps:
//!
//! 1. [`Frame::parse`] finds a *frame* in bytes. A frame is complete or incomplete, never malformed, because every byte is a
//!    possible [`Kind`] and every two bytes are a possible length.
//! 2. [`Frame::message`] reads a frame as a [`Message`]. A payload that does not suit its kind is a [`PayloadError`], and you
//!    can continue with the next frame.
//!
//! [`FrameBuffer`] does the first step for bytes that arrive in pieces. [`Frame::encode`] and [`Message::encode`] work in the
//! other direction, into a buffer that you provide.
//!
//! # The protocol
//!
//! A frame is one byte of kind, a big-endian `u16` of payload length, and the payload.
//!
//! The *start-stop dialect* is that of the document "AudioSocket with DTMF": it sends a frame when a key goes down and another
//! when it comes up, in both directions. Only a *fork* speaks it: an Asterisk with modules of that dialect. Facts marked
//! *measured* were observed with Asterisk 22.10.1 or, for the start-stop dialect, with the fork's modules loaded into it.
//!
//! | kind | meaning | payload | sent by |
//! |---|---|---|---|
//! | 0x00 | hangup | none | the server; never Asterisk (measured) |
//! | 0x01 | UUID of the call | 16 bytes, in written order | Asterisk, as the first frame (measured) |
//! | 0x02 | DTMF start or stop | state (1 start, 0 stop), ASCII code, `u32` little-endian milliseconds | both, in the start-stop dialect |
//! | 0x02 | silence, in old libraries | none | nobody |
//! | 0x03 | DTMF digit | ASCII code | Asterisk since 20.14, 21.9, 22.4, 23.0 (measured) |
//! | 0x10 | audio at 8 kHz | signed linear samples, 16 bits, little-endian, mono | both |
//! | 0x11 to 0x18 | audio at 12, 16, 24, 32, 44.1, 48, 96, 192 kHz | samples as for 0x10 | both, Asterisk since 20.17, 21.12, 22.7, 23.1 |
//! | 0xff | error | a code of the application, or none | nobody in practice |
//!
//! The protocol's document leaves some points open. This crate decides them as follows:
//!
//! - A duration is unsigned. A start may have a duration, which is ignored.
//! - A hangup may have a payload, which is ignored.
//! - `0` is a digit, and the letters a to d mean A to D.

mod audio;
mod dtmf;
mod error_code;
mod frame;
mod frame_buffer;
mod kind;
mod message;
mod uuid;

pub use audio::{Audio, AudioError, SampleRate, Samples, UnsupportedRate};
pub use dtmf::{Digit, Dtmf, DtmfDialect, InvalidDigit, ParseDialectError};
pub use error_code::{ErrorCode, ErrorFlags};
pub use frame::{BufferTooShort, Frame, Frames, Header, Parsed, PayloadTooLong};
pub use frame_buffer::{Decoded, FrameBuffer};
pub use kind::Kind;
pub use message::{Message, PayloadError, PayloadErrorReason};
pub use uuid::{ParseUuidError, Uuid};
