//! How calls end.

use core::fmt;
use std::io;

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
    RemoteHangup,
    /// This side hung up: the handler, another thread, or the server that was shut down.
    LocalHangup,
    /// The peer closed the connection inside a frame.
    Truncated {
        /// How many bytes the frame is short of, or its header if that was cut.
        needed: usize,
    },
    /// This side ended the call because a deadline had passed. See [`CallOptions`](super::CallOptions).
    TimedOut(Timeout),
    /// The connection failed in some other way.
    Failed(io::ErrorKind),
}

/// The deadlines of a call.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Timeout {
    /// Nothing came from the peer for too long.
    Idle,
    /// A frame was started and not finished.
    Frame,
    /// The peer did not read what was sent.
    Write,
    /// The call had lasted as long as a call may.
    Call,
}

impl End {
    /// A name for logs and scripts that does not change: `closed`, `reset`, `remote-hangup`, `local-hangup`, `truncated`, `idle`,
    /// `frame-timed-out`, `write-timed-out`, `call-timed-out` or `failed`.
    pub const fn name(&self) -> &'static str {
        match self {
            End::Closed => "closed",
            End::Reset => "reset",
            End::RemoteHangup => "remote-hangup",
            End::LocalHangup => "local-hangup",
            End::Truncated { .. } => "truncated",
            End::TimedOut(Timeout::Idle) => "idle",
            End::TimedOut(Timeout::Frame) => "frame-timed-out",
            End::TimedOut(Timeout::Write) => "write-timed-out",
            End::TimedOut(Timeout::Call) => "call-timed-out",
            End::Failed(_) => "failed",
        }
    }

    /// Whether this side ended the call, and so owes the peer a hangup.
    pub(super) const fn is_from_here(&self) -> bool {
        matches!(self, End::LocalHangup | End::TimedOut(_))
    }

    pub(super) fn from_io(error: &io::Error) -> End {
        if EndedLocally::is(error) {
            return End::LocalHangup;
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
            End::RemoteHangup => f.write_str("the peer hung up"),
            End::LocalHangup => f.write_str("this side hung up"),
            End::Truncated { needed } => {
                write!(
                    f,
                    "the peer closed inside a frame, which lacks {needed} of its bytes"
                )
            }
            End::TimedOut(Timeout::Idle) => f.write_str("nothing came for too long"),
            End::TimedOut(Timeout::Frame) => f.write_str("a frame was started and not finished"),
            End::TimedOut(Timeout::Write) => f.write_str("the peer does not read"),
            End::TimedOut(Timeout::Call) => f.write_str("the call lasted too long"),
            End::Failed(kind) => write!(f, "the connection failed: {kind}"),
        }
    }
}

/// What an error of a transport holds if the transport itself has ended the call from this side.
#[derive(Debug)]
pub(crate) struct EndedLocally;

impl EndedLocally {
    pub(crate) fn error() -> io::Error {
        io::Error::new(io::ErrorKind::ConnectionAborted, EndedLocally)
    }

    fn is(error: &io::Error) -> bool {
        error
            .get_ref()
            .is_some_and(|inner| inner.is::<EndedLocally>())
    }
}

impl fmt::Display for EndedLocally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("this side has ended the call")
    }
}

impl core::error::Error for EndedLocally {}
