//! What is said on a call.

use core::fmt;
use std::net::TcpStream;
use std::sync::Arc;

use super::line::Line;
use super::transport::Transport;
use super::{End, Stats};
use crate::wire::{Audio, Message, Uuid};

/// A handle to speak on a call: from the thread that listens, while an event is borrowed, and from any other thread.
///
/// Cloning it is cheap, and every clone speaks on the same call. Only what Asterisk accepts can be said: audio and the hangup.
/// Frames from several threads go out whole, one after the other. A clone that is kept after its call has ended keeps a
/// descriptor, and can do nothing with it.
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
    /// [`SendError`]. An application may ignore it: the listener ends then, after what there is still to hear, and says how.
    pub fn send(&self, audio: Audio<'_>) -> Result<(), SendError> {
        self.line.send(&Message::Audio(audio))
    }

    /// Ends the call: sends the hangup frame and closes our direction. Asterisk goes on in its dialplan. The listener ends with
    /// [`End::HungUpHere`](super::End::HungUpHere), at its next event or after about a quarter of a second. Does not wait for another
    /// thread that is just sending, whose frame the hangup then follows, and for a peer that does not read 0.1 s at the most.
    /// Hanging up a call that is over does nothing.
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

    pub(super) fn line(&self) -> &Arc<Line<T>> {
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

/// Why something could not be said. The call is over, or about to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// The call is over, and so it ended: hung up by either side, or because a deadline had passed.
    Over(End),
    /// The connection takes no more. There may be something still to be heard on it; after that the listener says how it ended.
    PeerGone,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::Over(end) => write!(f, "the call is over: {end}"),
            SendError::PeerGone => f.write_str("the connection takes no more"),
        }
    }
}

impl core::error::Error for SendError {}
