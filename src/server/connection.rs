//! A connection of a server on its own thread, from its first byte to its end.

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

/// What becomes of a connection on its own thread.
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
        // The handler's and the hooks' own panics are caught where they happen. This is for what they leave behind: a value that
        // panics when it is dropped, which the payload of a panic may do once more.
        let serve = AssertUnwindSafe(|| match self.open(&stream, peer, &entry) {
            Ok(call) => {
                let outcome = self.handle(call, &stream);
                drop(entry);
                self.report(outcome);
            }
            Err((uuid, refusal)) => {
                self.lingering.add(stream);
                drop(entry);
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

    /// Waits for the UUID, asks whether the call is wanted, and greets it. A connection that is refused has been hung up.
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
                hang_up(&mut FrameWriter::new(&**stream), &**stream);
                return Err((None, refusal));
            }
        };
        let uuid = call.uuid();
        let admitted = entry.ask(uuid).and_then(|live_with_same_uuid| {
            self.settings.hooks.admit(&IncomingCall {
                peer,
                uuid,
                live_with_same_uuid,
            })?;
            entry.become_call(call.voice())
        });
        match admitted {
            Ok(()) => {
                call.greet(options);
                Ok(call)
            }
            Err(refusal) => {
                call.hang_up_and_wait();
                Err((Some(uuid), refusal))
            }
        }
    }

    /// Runs the handler, and ends the call in whichever way that ended.
    fn handle(&self, mut call: Box<Call>, stream: &Arc<TcpStream>) -> Outcome {
        let uuid = call.uuid();
        // Whatever a panic left behind in the handler's own state is the handler's to judge at its next call; ours is whole.
        let result = catch_unwind(AssertUnwindSafe(|| (self.handler)(&mut call)));
        match call.hang_up_and_wait() {
            // The peer has closed already.
            End::Closed | End::Reset | End::Truncated { .. } | End::Failed(_) => {}
            _ => self.lingering.add(Arc::clone(stream)),
        }
        Outcome { uuid, result }
    }

    fn report(&self, outcome: Outcome) {
        let uuid = outcome.uuid;
        match outcome.result {
            Ok(Ok(())) => {}
            Ok(Err(error)) if is_end_of_call(&*error) => {}
            Ok(Err(error)) => self.settings.hooks.report(&Incident::HandlerFailed {
                uuid,
                error: &*error,
            }),
            Err(panic) => {
                let message = panic_message(&*panic);
                self.settings
                    .hooks
                    .report(&Incident::HandlerPanicked { uuid, message });
            }
        }
    }
}

/// Opens a call on the heap. Not inlined: the thread's stack would keep room for every place that the call is moved through, which
/// is a page more for each call.
#[inline(never)]
fn open_boxed(
    stream: Arc<TcpStream>,
    peer: SocketAddr,
    options: CallOptions,
    entry: &Entry,
) -> Result<Box<Call>, Refusal> {
    Call::open(stream, Some(peer), options, || entry.dismissal()).map(Box::new)
}

/// How a handler ended.
struct Outcome {
    uuid: Uuid,
    result: thread::Result<Result<(), Box<dyn Error + Send + Sync>>>,
}

/// Whether the handler only passes on that nothing more can be said.
fn is_end_of_call(error: &(dyn Error + Send + Sync + 'static)) -> bool {
    error.is::<SendError>() || matches!(error.downcast_ref(), Some(PlayError::NotSent(_)))
}
