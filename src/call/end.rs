//! How calls end.

use core::fmt;
use std::io;

use super::witness::EndedHere;

/// How a call ended, seen from this side. Every call has exactly one end, and most of them are nothing wrong.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum End {
    /// The peer closed the connection between two frames. This is how Asterisk ends every call it ends: it never sends a
    /// hangup frame (measured with 22.10).
    Closed,
    /// The peer's side reset the connection. Asterisk's kernel does that instead of a close if audio from us was still unread,
    /// so after a hangup of the caller this is as normal as [`Closed`](End::Closed).
    Reset,
    /// The peer sent a hangup frame.
    HungUp,
    /// This side hung up: the handler, another thread, or the server that was shut down.
    HungUpHere,
    /// The peer closed the connection inside a frame.
    Truncated {
        /// How many bytes the frame is short of, or its header if that was cut.
        needed: usize,
    },
    /// This side ended the call because a deadline had passed. See [`CallOptions`](super::CallOptions).
    TimedOut(Deadline),
    /// The connection failed in some other way.
    Failed(io::ErrorKind),
}

/// The deadlines of a call.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Deadline {
    /// Nothing came from the peer for too long.
    Idle,
    /// A frame was begun and not finished.
    Frame,
    /// The peer did not read what was sent.
    Write,
    /// The call had lasted as long as a call may.
    Call,
}

impl End {
    /// A name for logs and scripts that does not change: `closed`, `reset`, `hung-up`, `hung-up-here`, `truncated`, `idle`,
    /// `frame-timed-out`, `write-timed-out`, `call-timed-out` or `failed`.
    pub const fn name(&self) -> &'static str {
        match self {
            End::Closed => "closed",
            End::Reset => "reset",
            End::HungUp => "hung-up",
            End::HungUpHere => "hung-up-here",
            End::Truncated { .. } => "truncated",
            End::TimedOut(Deadline::Idle) => "idle",
            End::TimedOut(Deadline::Frame) => "frame-timed-out",
            End::TimedOut(Deadline::Write) => "write-timed-out",
            End::TimedOut(Deadline::Call) => "call-timed-out",
            End::Failed(_) => "failed",
        }
    }

    /// Whether this side ended the call, and so owes the peer a hangup.
    pub(super) const fn is_from_here(&self) -> bool {
        matches!(self, End::HungUpHere | End::TimedOut(_))
    }

    pub(super) fn from_io(error: &io::Error) -> End {
        if EndedHere::is(error) {
            return End::HungUpHere;
        }
        match error.kind() {
            // A write after the peer has gone is answered with a broken pipe, a read with a reset.
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => End::Reset,
            kind => End::Failed(kind),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            End::Closed => f.write_str("the peer closed the connection"),
            End::Reset => f.write_str("the peer reset the connection"),
            End::HungUp => f.write_str("the peer hung up"),
            End::HungUpHere => f.write_str("this side hung up"),
            End::Truncated { needed } => {
                write!(
                    f,
                    "the peer closed inside a frame, which lacks {needed} of its bytes"
                )
            }
            End::TimedOut(Deadline::Idle) => f.write_str("nothing came for too long"),
            End::TimedOut(Deadline::Frame) => f.write_str("a frame was begun and not finished"),
            End::TimedOut(Deadline::Write) => f.write_str("the peer does not read"),
            End::TimedOut(Deadline::Call) => f.write_str("the call lasted too long"),
            End::Failed(kind) => write!(f, "the connection failed: {kind}"),
        }
    }
}
