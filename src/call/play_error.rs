//! The errors of playing and sending.

use core::fmt;
use std::io;

use super::End;
use crate::wire::{InvalidDigit, SampleRate};

/// An error of queueing audio or digits for playback.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum PlayError {
    /// The playback queue has no room for all of it.
    #[non_exhaustive]
    QueueFull {
        /// How much of the input was accepted, in its unit: bytes, samples or digits. The accepted part will be played.
        accepted: usize,
    },
    /// The text contains a character that is not a DTMF digit.
    InvalidDigit(InvalidDigit),
    /// Audio of this rate is still queued, and the queue holds one rate at a time.
    RateMismatch(SampleRate),
    /// Nothing more can be sent on the call.
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
                "audio at {} Hz is still queued: wait until it has been played, or clear it",
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

/// A frame was not sent: the call is over, the peer is gone, or only this frame was lost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum SendError {
    /// The call is over: a side hung up, or a timeout passed, for example.
    CallEnded(End),
    /// The peer accepts no more bytes. Frames may still arrive; the receiver returns them and then reports how the call ended.
    Disconnected,
    /// This frame could not be sent, for example for lack of memory. The peer received nothing of it, so you can send the next
    /// frame.
    FrameLost(io::ErrorKind),
}

impl SendError {
    pub(super) const fn is_passing(&self) -> bool {
        matches!(self, SendError::FrameLost(_))
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::CallEnded(end) => write!(f, "the call is over: {end}"),
            SendError::Disconnected => f.write_str("the connection is closed for sending"),
            SendError::FrameLost(kind) => write!(f, "one frame was not sent: {kind}"),
        }
    }
}

impl core::error::Error for SendError {}
