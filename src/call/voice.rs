//! What is said on a call.

use core::fmt;
use std::net::TcpStream;
use std::sync::Arc;

use super::Stats;
use super::line::Line;
use super::transport::Transport;
use crate::stream::WriteError;
use crate::wire::{Audio, Message, Uuid};

/// A handle to speak on a call: from the thread that listens, while an event is borrowed, and from any other thread.
///
/// Cloning it is cheap, and every clone speaks on the same call. Only what Asterisk accepts can be said: audio and the hangup.
/// Frames from several threads go out whole, one after the other.
pub struct Voice<T = TcpStream> {
    line: Arc<Line<T>>,
}

impl<T: Transport> Voice<T> {
    pub(super) const fn new(line: Arc<Line<T>>) -> Voice<T> {
        Voice { line }
    }

    /// Sends audio at once, as one frame. For audio that comes in real time, such as an echo: Asterisk plays what it gets as
    /// fast as it gets it, and drops what is seconds ahead.
    ///
    /// # Errors
    ///
    /// [`SendError`]. An application may ignore it: when the peer has gone, the listener ends and says how.
    pub fn send(&self, audio: Audio<'_>) -> Result<(), SendError> {
        self.line.send(&Message::Audio(audio))
    }

    /// Ends the call: sends the hangup frame and closes our direction. Asterisk goes on in its dialplan. The listener ends with
    /// [`End::HungUpHere`](super::End::HungUpHere), within 0.25 s. Hanging up twice is hanging up once.
    pub fn hang_up(&self) {
        self.line.hang_up();
    }

    /// The UUID of the call.
    pub fn uuid(&self) -> Uuid {
        self.line.uuid
    }

    /// What has been counted on the call so far.
    pub fn stats(&self) -> Stats {
        self.line.stats()
    }

    pub(super) fn line(&self) -> &Line<T> {
        &self.line
    }
}

impl<T> Clone for Voice<T> {
    fn clone(&self) -> Voice<T> {
        Voice {
            line: Arc::clone(&self.line),
        }
    }
}

impl<T> fmt::Debug for Voice<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Voice")
            .field("uuid", &self.line.uuid)
            .finish_non_exhaustive()
    }
}

/// Why something could not be said.
#[derive(Debug)]
#[non_exhaustive]
pub enum SendError {
    /// This side has hung up, or the peer has.
    HungUp,
    /// The connection did not take it: the peer has gone, or has not read for 2 s.
    Write(WriteError),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::HungUp => f.write_str("the call has been hung up"),
            SendError::Write(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for SendError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            SendError::HungUp => None,
            SendError::Write(error) => core::error::Error::source(error),
        }
    }
}
