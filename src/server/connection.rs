//! The work of a connection's thread, from the first byte to the end.

use std::boxed::Box;
use std::error::Error;
use std::net::{SocketAddr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use super::connections::{Connections, Entry};
use super::hooks::panic_message;
use super::lingering::Lingering;
use super::server_builder::Settings;
use super::{Incident, IncomingCall};
use crate::call::{Call, CallOptions, End, PlayError, Refusal, SendError, hang_up};
use crate::stream::FrameWriter;
use crate::wire::Uuid;

/// The work of a connection's thread.
pub(super) struct Serving<'a, F> {
    pub(super) settings: &'a Settings,
    pub(super) connections: &'a Connections,
    pub(super) lingering: &'a Lingering,
    pub(super) handler: &'a F,
}

impl<F> Serving<'_, F>
where
    F: Fn(&mut Call) -> Result<(), Box<dyn Error + Send + Sync>> + Sync,
{
    pub(super) fn serve(&self, stream: Arc<TcpStream>, peer: SocketAddr, entry: Entry) {
        // Panics of the handler and of the hooks are caught where they happen. This catches the panic of a value that they leave
        // behind, when it is dropped. The payload of a panic may be such a value too, so it is never dropped.
        let serve = AssertUnwindSafe(|| match self.open(&stream, peer, &entry) {
            Ok(call) => {
                let outcome = self.handle(call, &stream);
                close_and_leave(stream, entry);
                self.report(peer, outcome);
            }
            Err((uuid, refusal)) => {
                // The accept loop has already passed a replaced connection to `lingering`.
                if !entry.is_replaced() {
                    self.lingering.add(Arc::clone(&stream));
                }
                close_and_leave(stream, entry);
                if !matches!(refusal, Refusal::NothingSent) {
                    self.connections.count_refused();
                    self.settings.hooks.report(&Incident::Refused {
                        peer,
                        uuid,
                        refusal: &refusal,
                    });
                }
            }
        });
        if let Err(payload) = catch_unwind(serve) {
            core::mem::forget(payload);
        }
    }

    /// Waits for the UUID, calls the `admit` hook, and sends the first frame of silence. Hangs up a refused connection.
    fn open(
        &self,
        stream: &Arc<TcpStream>,
        peer: SocketAddr,
        entry: &Entry,
    ) -> Result<Box<Call>, (Option<Uuid>, Refusal)> {
        let options = self.settings.call_options;
        let opened = stream
            .set_nodelay(true)
            .map_err(Refusal::Io)
            .and_then(|()| open_boxed(Arc::clone(stream), peer, options, entry));
        let mut call = match opened {
            Ok(call) => call,
            Err(refusal) => {
                if !entry.is_replaced() {
                    hang_up(&mut FrameWriter::new(&**stream), &**stream);
                }
                return Err((None, refusal));
            }
        };
        let uuid = call.uuid();
        let admitted = entry.start_admission(uuid).and_then(|live_with_same_uuid| {
            self.settings.hooks.admit(&IncomingCall {
                peer,
                uuid,
                live_with_same_uuid,
            })?;
            entry.become_call(&call.voice())
        });
        match admitted {
            Ok(()) => {
                call.greet(options);
                Ok(call)
            }
            Err(refusal) => {
                if entry.is_replaced() {
                    // The accept loop sends the hangup.
                    let _ = Arc::clone(call.voice().line()).without_hangup();
                }
                call.hang_up_and_wait();
                Err((Some(uuid), refusal))
            }
        }
    }

    /// Runs the handler, and hangs up however the handler ended.
    fn handle(&self, mut call: Box<Call>, stream: &Arc<TcpStream>) -> Outcome {
        let uuid = call.uuid();
        // After a panic, the handler's own state may be inconsistent, which is the handler's concern. The server's state is
        // consistent.
        let result = catch_unwind(AssertUnwindSafe(|| (self.handler)(&mut call)));
        match call.hang_up_and_wait() {
            // The peer has already closed, or the connection has failed.
            End::Closed | End::Reset | End::Truncated { .. } | End::Failed(_) => {}
            _ => self.lingering.add(Arc::clone(stream)),
        }
        Outcome { uuid, result }
    }

    fn report(&self, peer: SocketAddr, outcome: Outcome) {
        let uuid = outcome.uuid;
        match outcome.result {
            Ok(Ok(())) => {}
            Ok(Err(error)) if is_end_of_call(&*error) => {}
            Ok(Err(error)) => self.settings.hooks.report(&Incident::HandlerFailed {
                peer,
                uuid,
                error: &*error,
            }),
            Err(panic) => {
                let message = panic_message(&*panic);
                self.settings.hooks.report(&Incident::HandlerPanicked {
                    peer,
                    uuid,
                    message,
                });
            }
        }
    }
}

/// Closes a connection, unless it lingers, and then frees its place, so that limits of connections are limits of descriptors.
fn close_and_leave(stream: Arc<TcpStream>, entry: Entry) {
    drop(stream);
    drop(entry);
}

/// Opens a call on the heap.
// Not inlined, because the thread's stack would reserve space for every move of the call, which is one more page.
#[inline(never)]
fn open_boxed(
    stream: Arc<TcpStream>,
    peer: SocketAddr,
    options: CallOptions,
    entry: &Entry,
) -> Result<Box<Call>, Refusal> {
    Call::open(stream, Some(peer), options, || entry.dismissal()).map(Box::new)
}

/// The result of a handler.
struct Outcome {
    uuid: Uuid,
    result: thread::Result<Result<(), Box<dyn Error + Send + Sync>>>,
}

/// Returns whether the error only means that the call is over. A lost frame does not.
fn is_end_of_call(error: &(dyn Error + Send + Sync + 'static)) -> bool {
    let error = match error.downcast_ref() {
        Some(PlayError::NotSent(error)) => Some(error),
        _ => error.downcast_ref(),
    };
    matches!(
        error,
        Some(SendError::CallEnded(_) | SendError::Disconnected)
    )
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn lost_frame_is_not_the_end_of_a_call() {
        let ended = SendError::CallEnded(End::Closed);
        let lost = SendError::FrameLost(ErrorKind::OutOfMemory);
        for (error, is_end) in [
            (ended, true),
            (SendError::Disconnected, true),
            (lost, false),
        ] {
            assert_eq!(is_end_of_call(&error), is_end, "{error:?}");
            assert_eq!(is_end_of_call(&PlayError::NotSent(error)), is_end);
        }
    }
}
