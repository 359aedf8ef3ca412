//! Why something is not said.

use core::fmt;

use super::End;
use crate::wire::{NotADigit, SampleRate};

/// Why something was not taken in to be said.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SayError {
    /// There is no room for all of it.
    Full {
        /// How much of it there was room for, from its beginning, in bytes, samples or digits as it was given. That will be said.
        taken: usize,
    },
    /// The text has a character in it that is no DTMF digit.
    NotADigit(NotADigit),
    /// Something of this rate still waits to be said.
    OtherRate(SampleRate),
    /// Nothing can be said any more.
    NotSent(SendError),
}

impl fmt::Display for SayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SayError::Full { taken } => write!(
                f,
                "too much waits to be said: {taken} of it taken in, say the rest later or raise CallOptions::speech_limit"
            ),
            SayError::NotADigit(error) => error.fmt(f),
            SayError::OtherRate(rate) => write!(
                f,
                "speech at {} Hz still waits to be said, and only one rate can",
                rate.hz()
            ),
            SayError::NotSent(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for SayError {}

impl From<SendError> for SayError {
    fn from(error: SendError) -> SayError {
        SayError::NotSent(error)
    }
}

/// Why something could not be sent. The call is over, or about to be.
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
