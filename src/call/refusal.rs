//! Connections that never became calls.

use core::fmt;
use std::io;

use crate::wire::Header;

/// Why a connection did not become a call: it did not begin with a UUID.
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
        }
    }
}

impl core::error::Error for Refusal {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Refusal::Io(error) => Some(error),
            _ => None,
        }
    }
}
