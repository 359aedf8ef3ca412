//! Failures that a server reports.

use core::fmt;
use std::error::Error;
use std::io;
use std::net::SocketAddr;

use crate::call::Refusal;
use crate::wire::Uuid;

/// A failure that did not end the server: a refused connection or a failed handler, for example.
///
/// See [`ServerBuilder::on_incident`](super::ServerBuilder::on_incident).
#[derive(Debug)]
#[non_exhaustive]
pub enum Incident<'a> {
    /// A connection did not become a call.
    #[non_exhaustive]
    Refused {
        /// The address of the peer.
        peer: SocketAddr,
        /// The UUID of the connection, if it had sent one.
        uuid: Option<Uuid>,
        /// The reason.
        refusal: &'a Refusal,
    },
    /// The handler of a call returned an error, which ended that call.
    #[non_exhaustive]
    HandlerFailed {
        /// The address of the peer.
        peer: SocketAddr,
        /// The UUID of the call.
        uuid: Uuid,
        /// The error that the handler returned.
        error: &'a (dyn Error + Send + Sync + 'static),
    },
    /// The handler of a call panicked, which ended that call.
    #[non_exhaustive]
    HandlerPanicked {
        /// The address of the peer.
        peer: SocketAddr,
        /// The UUID of the call.
        uuid: Uuid,
        /// The message of the panic, if it was text.
        message: &'a str,
    },
    /// A connection could not be accepted, most likely for lack of descriptors (`ulimit -n`).
    ///
    /// The server pauses for 50 ms and tries again. Only the first of several failures in a row is reported.
    #[non_exhaustive]
    AcceptFailed {
        /// The error of the system.
        error: &'a io::Error,
    },
}

impl fmt::Display for Incident<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Incident::Refused {
                peer,
                uuid: None,
                refusal,
            } => {
                write!(f, "{peer} refused: {refusal}")
            }
            Incident::Refused {
                peer,
                uuid: Some(uuid),
                refusal,
            } => {
                write!(f, "call {uuid} from {peer} refused: {refusal}")
            }
            Incident::HandlerFailed { peer, uuid, error } => {
                write!(f, "call {uuid} from {peer}: its handler failed: {error}")
            }
            Incident::HandlerPanicked {
                peer,
                uuid,
                message,
            } => {
                write!(
                    f,
                    "call {uuid} from {peer}: its handler panicked: {message}"
                )
            }
            Incident::AcceptFailed { error } => write!(f, "cannot accept a connection: {error}"),
        }
    }
}
