//! The reasons for refusing a connection.

use core::fmt;
use std::boxed::Box;
use std::error::Error;
use std::io;

use crate::wire::Header;

/// The reason why a connection did not become a call.
///
/// The connection was ended cleanly, so the dialplan of an Asterisk at the other end continues.
#[derive(Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// The peer closed the connection without sending a byte, as health checks do. This is normal.
    NothingSent,
    /// The first frame is not a UUID of 16 bytes.
    FirstFrame(Header),
    /// The UUID was not complete when the timeout passed.
    #[non_exhaustive]
    TimedOut {
        /// The number of bytes received.
        received: usize,
    },
    /// The connection was closed inside its first frame.
    #[non_exhaustive]
    Truncated {
        /// The number of bytes received of the frame.
        received: usize,
    },
    /// The connection failed.
    Io(io::Error),
    /// The server had its maximum number of calls. See [`ServerBuilder::max_calls`](crate::server::ServerBuilder::max_calls).
    TooManyCalls,
    /// The server had its maximum number of connections without a UUID. See
    /// [`ServerBuilder::max_pending`](crate::server::ServerBuilder::max_pending).
    TooManyPending,
    /// The application did not admit the call. See [`ServerBuilder::admit`](crate::server::ServerBuilder::admit).
    NotAdmitted(Box<dyn Error + Send + Sync>),
    /// The server was shutting down.
    ShuttingDown,
    /// The server could not start a thread for the connection.
    NoThread(io::Error),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NothingSent => f.write_str("closed without a byte"),
            Refusal::FirstFrame(header) => {
                write!(
                    f,
                    "the first frame is {header}: expected a UUID of 16 bytes"
                )
            }
            Refusal::TimedOut { received } => {
                write!(f, "no UUID in time: received {received} of its 19 bytes")
            }
            Refusal::Truncated { received } => {
                write!(
                    f,
                    "closed inside its first frame, after {received} of its bytes"
                )
            }
            Refusal::Io(error) => write!(f, "the connection failed: {error}"),
            Refusal::TooManyCalls => f.write_str("too many calls"),
            Refusal::TooManyPending => f.write_str("too many connections without a UUID"),
            Refusal::NotAdmitted(reason) => write!(f, "not admitted: {reason}"),
            Refusal::ShuttingDown => f.write_str("shutting down"),
            Refusal::NoThread(error) => write!(f, "cannot start a thread: {error}"),
        }
    }
}

impl Error for Refusal {
    // `Display` shows the error below, so it is skipped here.
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Refusal::Io(error) | Refusal::NoThread(error) => error.source(),
            Refusal::NotAdmitted(reason) => reason.source(),
            _ => None,
        }
    }
}
