//! Connections that never became calls.

use core::fmt;
use std::boxed::Box;
use std::error::Error;
use std::io;

use crate::wire::Header;

/// Why a connection did not become a call. It was ended properly all the same: an Asterisk at its other end goes on in its
/// dialplan.
#[derive(Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// It was closed without a byte, as health checks do. Nothing is wrong with that.
    NothingSent,
    /// Its first frame is something else than a UUID of 16 bytes.
    FirstFrame(Header),
    /// The UUID had not come when the deadline passed.
    TimedOut {
        /// How many bytes of it had.
        received: usize,
    },
    /// It was closed inside its first frame.
    Truncated {
        /// How many bytes of the frame had come.
        received: usize,
    },
    /// It failed.
    Io(io::Error),
    /// There were as many calls as there may be. See [`ServerBuilder::max_calls`](crate::server::ServerBuilder::max_calls).
    TooManyCalls,
    /// There were as many connections without a UUID as there may be. See
    /// [`ServerBuilder::max_pending`](crate::server::ServerBuilder::max_pending).
    TooManyPending,
    /// The application did not want it. See [`ServerBuilder::admit`](crate::server::ServerBuilder::admit).
    NotAdmitted(Box<dyn Error + Send + Sync>),
    /// The server was being shut down.
    ShuttingDown,
    /// There was no thread to be had for it.
    NoThread(io::Error),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NothingSent => f.write_str("closed without a byte"),
            Refusal::FirstFrame(header) => {
                write!(f, "the first frame is {header}, not a UUID of 16 bytes")
            }
            Refusal::TimedOut { received } => {
                write!(f, "no UUID in time: {received} of its 19 bytes came")
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
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Refusal::Io(error) | Refusal::NoThread(error) => Some(error),
            Refusal::NotAdmitted(reason) => Some(&**reason),
            _ => None,
        }
    }
}
