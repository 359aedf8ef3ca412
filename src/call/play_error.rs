//! Why something is not said.

use core::fmt;

use super::End;
use crate::wire::{InvalidDigit, SampleRate};

/// Why something was not accepted in to be said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PlayError {
    /// There is no room for all of it.
    QueueFull {
        /// How much of it there was room for, from its beginning, in bytes, samples or digits as it was given. That will be said.
        accepted: usize,
    },
    /// The text has a character in it that is no DTMF digit.
    InvalidDigit(InvalidDigit),
    /// Something of this rate still waits to be said.
    RateMismatch(SampleRate),
    /// Nothing can be said any more.
    NotSent(SendError),
}

impl fmt::Display for PlayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlayError::QueueFull { accepted } => write!(
                f,
                "the playback queue is full: {accepted} accepted, play the rest later or raise CallOptions::max_queued"
            ),
            PlayError::InvalidDigit(error) => error.fmt(f),
            PlayError::RateMismatch(rate) => write!(
                f,
                "audio at {} Hz is still queued, and only one rate can be queued at a time",
                rate.hz()
            ),
            PlayError::NotSent(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for PlayError {}

impl From<SendError> for PlayError {
    fn from(error: SendError) -> PlayError {
        PlayError::NotSent(error)
    }
}

/// Why something could not be sent. The call is over, or about to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// The call is over, and so it ended: hung up by either side, or because a deadline had passed.
    CallEnded(End),
    /// The connection takes no more. There may be something still to be heard on it; after that the listener says how it ended.
    Disconnected,
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::CallEnded(end) => write!(f, "the call is over: {end}"),
            SendError::Disconnected => f.write_str("the connection is closed for sending"),
        }
    }
}

impl core::error::Error for SendError {}
