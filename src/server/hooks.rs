//! The application's hooks, which a server calls.

use std::any::Any;
use std::boxed::Box;
use std::error::Error;
use std::format;
use std::io;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::string::String;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Receiver;

use super::{Incident, IncomingCall};
use crate::call::Refusal;

/// The hooks of a [`ServerBuilder`](super::ServerBuilder).
///
/// A panic in a hook affects only the call or the incident that was passed to it.
pub(super) struct Hooks {
    pub(super) admit: Box<Admit>,
    pub(super) on_incident: Box<dyn Fn(&Incident<'_>) + Send + Sync>,
}

type Admit = dyn Fn(&IncomingCall) -> Result<(), Box<dyn Error + Send + Sync>> + Send + Sync;

impl Default for Hooks {
    fn default() -> Hooks {
        Hooks {
            admit: Box::new(|_| Ok(())),
            on_incident: Box::new(|_| {}),
        }
    }
}

impl Hooks {
    pub(super) fn admit(&self, incoming: &IncomingCall) -> Result<(), Refusal> {
        match catch_unwind(AssertUnwindSafe(|| (self.admit)(incoming))) {
            Ok(answer) => answer.map_err(Refusal::NotAdmitted),
            Err(panic) => {
                let message = format!("panicked: {}", panic_message(&*panic));
                // The payload may panic again when it is dropped.
                core::mem::forget(panic);
                Err(Refusal::NotAdmitted(message.into()))
            }
        }
    }

    /// Reports incidents until no more can arrive. Runs on its own thread, so a slow hook delays no call.
    pub(super) fn report_all(&self, reports: Receiver<Report>, is_over: &AtomicBool) {
        for report in reports {
            // The server does not wait for a slow hook after the last call, so the remaining reports are dropped.
            if is_over.load(Ordering::Relaxed) {
                continue;
            }
            match report {
                Report::Refused(peer, refusal) => {
                    self.report(&Incident::Refused {
                        peer,
                        uuid: None,
                        refusal: &refusal,
                    });
                }
                Report::AcceptFailed(error) => {
                    self.report(&Incident::AcceptFailed { error: &error });
                }
            }
        }
    }

    /// Reports an incident to the application. A panic there has been printed by the panic hook, and must not end a call.
    pub(super) fn report(&self, incident: &Incident<'_>) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| (self.on_incident)(incident))) {
            core::mem::forget(payload);
        }
    }
}

/// A report about a connection that was refused before it got a thread.
pub(super) enum Report {
    Refused(SocketAddr, Refusal),
    AcceptFailed(io::Error),
}

pub(super) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(message), _) => message,
        (None, Some(message)) => message,
        (None, None) => "a value that is not text",
    }
}
