//! What a server has to report.

use core::fmt;
use std::error::Error;
use std::io;
use std::net::SocketAddr;

use crate::call::Refusal;
use crate::wire::Uuid;

/// Something that went wrong on a server without ending it. See [`ServerBuilder::on_incident`](super::ServerBuilder::on_incident).
#[derive(Debug)]
#[non_exhaustive]
pub enum Incident<'a> {
    /// A connection did not become a call.
    Refused {
        /// Where it came from.
        peer: SocketAddr,
        /// Its UUID, if it had sent one.
        uuid: Option<Uuid>,
        /// Why.
        refusal: &'a Refusal,
    },
    /// The handler of a call returned an error, which ended that call.
    HandlerFailed {
        /// The call.
        uuid: Uuid,
        /// What the handler returned.
        error: &'a (dyn Error + Send + Sync + 'static),
    },
    /// The handler of a call panicked, which ended that call.
    HandlerPanicked {
        /// The call.
        uuid: Uuid,
        /// What the panic said, if it was text.
        message: &'a str,
    },
    /// A connection could not be accepted: for want of descriptors, most likely. The server pauses for 50 ms and tries again.
    AcceptFailed {
        /// Why.
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
            Incident::HandlerFailed { uuid, error } => {
                write!(f, "call {uuid}: its handler failed: {error}")
            }
            Incident::HandlerPanicked { uuid, message } => {
                write!(f, "call {uuid}: its handler panicked: {message}")
            }
            Incident::AcceptFailed { error } => write!(f, "cannot accept a connection: {error}"),
        }
    }
}
