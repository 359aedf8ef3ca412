//! The ends of calls.

use core::fmt;
use std::io;

use crate::stream::ReadError;

/// The way a call ended, seen from this side. Every call has exactly one end, and most ends are normal.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum End {
    /// The peer closed the connection between two frames, usually because the caller hung up. Asterisk never sends a hangup frame
    /// (measured with 22.10).
    Closed,
    /// The peer's side reset the connection. Asterisk's kernel does this instead of closing if audio from this side is unread. So
    /// a reset is as normal as [`Closed`](End::Closed) when the caller hangs up.
    Reset,
    /// The peer sent a hangup frame.
    RemoteHangup,
    /// This side hung up: the handler, another thread, or the server during its shutdown.
    LocalHangup,
    /// The peer closed the connection inside a frame.
    #[non_exhaustive]
    Truncated {
        /// The number of missing bytes: to the end of the header, or to the end of the frame.
        needed: usize,
    },
    /// This side ended the call because a timeout had passed. See [`CallOptions`](super::CallOptions).
    TimedOut(Timeout),
    /// The connection failed in another way.
    Failed(io::ErrorKind),
}

/// The timeout that ended a call.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Timeout {
    /// The peer sent nothing for too long.
    Idle,
    /// The peer started a frame and did not finish it.
    Frame,
    /// The peer did not read the frames sent.
    Write,
    /// The call reached its maximum duration.
    Call,
}

impl End {
    /// Returns a stable name for logs and scripts.
    ///
    /// The names are `closed`, `reset`, `remote-hangup`, `local-hangup`, `truncated`, `idle`, `frame-timed-out`,
    /// `write-timed-out`, `call-timed-out` and `failed`.
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

    /// Returns whether this side ended the call and therefore has to send a hangup.
    pub(super) const fn is_from_here(&self) -> bool {
        matches!(self, End::LocalHangup | End::TimedOut(_))
    }

    pub(super) fn from_io(error: &io::Error) -> End {
        if EndedLocally::is(error) {
            return End::LocalHangup;
        }
        match error.kind() {
            // After the peer has closed, a write fails with a broken pipe and a read with a reset.
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => End::Reset,
            kind => End::Failed(kind),
        }
    }
}

/// Returns the end of a call whose connection failed with this error of a [`FrameReader`](crate::stream::FrameReader).
impl From<ReadError> for End {
    fn from(error: ReadError) -> End {
        match error {
            ReadError::Io(error) => End::from_io(&error),
            ReadError::Truncated { needed } => End::Truncated { needed },
            ReadError::TooLong { .. } => End::Failed(io::ErrorKind::InvalidData),
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
            End::TimedOut(Timeout::Idle) => f.write_str("the peer sent nothing for too long"),
            End::TimedOut(Timeout::Frame) => f.write_str("the peer did not finish a frame in time"),
            End::TimedOut(Timeout::Write) => f.write_str("the peer did not read in time"),
            End::TimedOut(Timeout::Call) => f.write_str("the call reached its maximum duration"),
            End::Failed(kind) => write!(f, "the connection failed: {kind}"),
        }
    }
}

/// The inner error of an I/O error of a transport that has ended the call from this side.
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
