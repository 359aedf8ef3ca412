//! A server for calls: one thread each.

use core::fmt;
use std::any::Any;
use std::boxed::Box;
use std::error::Error;
use std::format;
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::string::String;
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::builder::Settings;
use super::call;
use super::connections::{Connections, Entry};
use super::handle::{Shared, Waker};
use super::lingering::Lingering;
use super::{Builder, Call, Caller, End, Handle, Incident, Refusal, SendError};

// Invariants:
// - One thread accepts and does nothing else, least of all what a peer or the application's hooks can hold up. It hands over to
//   the thread that called `run`, which starts the threads of calls and reports.
// - Nothing gets out of a connection's thread: a panic in the handler, in a hook, or in what they leave behind is caught there,
//   since `thread::scope` would panic at its end for it.
// - Each connection is entered in `Connections` before its thread starts and leaves when that is done, so that the last one can
//   be waited for. What is over but for the peer's close is in `Lingering`.

/// A server that calls a handler for each call, on a thread of its own.
///
/// ```no_run
/// use audiosocket::call::Server;
///
/// Server::bind("127.0.0.1:9092")?.run(|call| {
///     let voice = call.voice();
///     while let Some(event) = call.receive() {
///         if let Some(audio) = event.audio() {
///             voice.send(audio)?;
///         }
///     }
///     Ok(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// `TCP_NODELAY` is set on every connection: two writes with Nagle's algorithm on end a call on Asterisk 22.10, which waits 5 ms
/// for a payload (measured); the price is a packet for each frame, which at 50 frames a second is what is wanted.
pub struct Server {
    listener: TcpListener,
    shared: Arc<Shared>,
    settings: Settings,
}

impl Server {
    /// A server at the given address, with the settings of [`Builder`] as they are by default. Port 0 lets the system choose.
    ///
    /// # Errors
    ///
    /// The system's: the address is in use, not ours, or not to be found.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Server> {
        Server::builder().bind(address)
    }

    /// A server on a listener from elsewhere: from a service manager, or with a longer backlog than std's 128.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn from_listener(listener: TcpListener) -> io::Result<Server> {
        Server::builder().from_listener(listener)
    }

    /// The settings to choose before the server is bound.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(super) fn new(listener: TcpListener, settings: Settings) -> io::Result<Server> {
        // A listener that does not wait would make the accept loop spin.
        listener.set_nonblocking(false)?;
        let shared = Arc::new(Shared {
            address: listener.local_addr()?,
            connections: Arc::new(Connections::new(settings.max_calls, settings.max_pending)),
            waker: Mutex::new(Some(Waker::of(&listener)?)),
        });
        Ok(Server {
            listener,
            shared,
            settings,
        })
    }

    /// The address the server listens at, with the port the system chose if that was 0.
    pub fn local_address(&self) -> SocketAddr {
        self.shared.address
    }

    /// A handle to list calls, hang them up and shut the server down, from any thread.
    pub fn handle(&self) -> Handle {
        Handle {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Serves calls until [`Handle::shut_down`], and returns when the last one is over. The handler is called on a thread for
    /// each call and may borrow what outlives this call.
    ///
    /// When the handler returns, with or without an error, or panics, its call is ended properly, so that Asterisk goes on in
    /// its dialplan. An error or a panic ends no other call; both are an [`Incident`], except for a [`SendError`], with which a
    /// handler only says that the call is over. (With `panic = "abort"`, and when a stack overflows, the process ends.)
    ///
    /// # Errors
    ///
    /// The system's, if there is no thread to begin with. What goes wrong later is an [`Incident`] and does not end the server.
    pub fn run<F>(self, handler: F) -> io::Result<()>
    where
        F: Fn(&mut Call) -> Result<(), Box<dyn Error + Send + Sync>> + Sync,
    {
        let Server {
            listener,
            shared,
            settings,
        } = self;
        let lingering = Lingering::default();
        let reception = Reception {
            shared: &shared,
            lingering: &lingering,
        };
        let connection = Connection {
            settings: &settings,
            connections: &shared.connections,
            lingering: &lingering,
            handler: &handler,
        };
        thread::scope(|scope| {
            let (arrival, arrivals) = mpsc::sync_channel(MOST_ARRIVALS);
            let name =
                |suffix| thread::Builder::new().name(format!("{}-{suffix}", settings.thread_name));
            name("ends").spawn_scoped(scope, || lingering.run())?;
            if let Err(error) =
                name("accept").spawn_scoped(scope, move || reception.receive(listener, &arrival))
            {
                lingering.close();
                return Err(error);
            }
            // What ends last, a slow hook's refusal, still needs somebody to wait for its peer; so all of them end before that thread.
            thread::scope(|calls| {
                for arrival in arrivals {
                    match arrival {
                        Arrival::Connection(stream, peer, entry) => {
                            let kept = Arc::clone(&stream);
                            let mut thread =
                                name("0").name(entry.thread_name(&settings.thread_name));
                            if let Some(bytes) = settings.stack_size {
                                thread = thread.stack_size(bytes);
                            }
                            let connection = &connection;
                            let serve = move || connection.serve(stream, peer, entry);
                            if let Err(error) = thread.spawn_scoped(calls, serve) {
                                lingering.refuse(kept);
                                shared.connections.count_refused();
                                settings.report_refusal(peer, &Refusal::NoThread(error));
                            }
                        }
                        Arrival::Refused(peer, refusal) => settings.report_refusal(peer, &refusal),
                        Arrival::Failed(error) => {
                            settings.report(&Incident::AcceptFailed { error: &error });
                        }
                    }
                }
                shared.connections.wait_for_the_last();
            });
            lingering.close();
            Ok(())
        })
    }
}

/// How many connections may be waiting for their thread to be started. Starting one takes 20 us or so.
const MOST_ARRIVALS: usize = 1024;

/// How long to pause when a connection could not be accepted: long enough for calls to end, short enough for a caller to wait.
const PAUSE_AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(50);

/// How many callers are still taken out of the backlog when nobody accepts any more; std's backlog is 128, others' at most 4096.
const MOST_LATE_CALLERS: usize = 4096;

enum Arrival {
    Connection(Arc<TcpStream>, SocketAddr, Entry),
    Refused(SocketAddr, Refusal),
    Failed(io::Error),
}

/// Where connections come in.
struct Reception<'a> {
    shared: &'a Shared,
    lingering: &'a Lingering,
}

impl Reception<'_> {
    /// The accepting thread's work, until the server is shut down.
    fn receive(&self, listener: TcpListener, arrival: &SyncSender<Arrival>) {
        let connections = &self.shared.connections;
        let mut is_failing = false;
        while !connections.is_stopping() {
            match listener.accept() {
                Ok((stream, peer)) => {
                    is_failing = false;
                    self.take_in(Arc::new(stream), peer, arrival);
                }
                // The caller was gone again before we came to him, or a signal came: nothing is wrong with us.
                Err(error) if is_passing(&error) => {}
                Err(error) => {
                    // Said once for each time that it begins.
                    if !core::mem::replace(&mut is_failing, true) && !connections.is_stopping() {
                        let _ = arrival.try_send(Arrival::Failed(error));
                    }
                    thread::sleep(PAUSE_AFTER_ACCEPT_ERROR);
                }
            }
        }
        *self
            .shared
            .waker
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = None;
        self.refuse_late_callers(&listener);
    }

    fn take_in(&self, stream: Arc<TcpStream>, peer: SocketAddr, arrival: &SyncSender<Arrival>) {
        match self.shared.connections.enter() {
            Ok(entry) => {
                // The receiver is there for as long as this thread is.
                let _ = arrival.send(Arrival::Connection(stream, peer, entry));
            }
            Err(refusal) => {
                self.lingering.refuse(stream);
                // Either `shut_down` waking us, or a caller who came too late.
                if !matches!(refusal, Refusal::ShuttingDown) {
                    self.shared.connections.count_refused();
                    // If the application cannot keep up with being told, it still has the count.
                    let _ = arrival.try_send(Arrival::Refused(peer, refusal));
                }
            }
        }
    }

    /// Those who have connected and not been accepted would get a reset when the listener closes.
    fn refuse_late_callers(&self, listener: &TcpListener) {
        if listener.set_nonblocking(true).is_err() {
            return;
        }
        for _ in 0..MOST_LATE_CALLERS {
            match listener.accept() {
                Ok((stream, _)) => self.lingering.refuse(Arc::new(stream)),
                Err(error) if is_passing(&error) => {}
                Err(_) => return,
            }
        }
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted
    )
}

/// What becomes of a connection on its own thread.
struct Connection<'a, F> {
    settings: &'a Settings,
    connections: &'a Connections,
    lingering: &'a Lingering,
    handler: &'a F,
}

impl<F> Connection<'_, F>
where
    F: Fn(&mut Call) -> Result<(), Box<dyn Error + Send + Sync>> + Sync,
{
    fn serve(&self, stream: Arc<TcpStream>, peer: SocketAddr, entry: Entry) {
        // The handler's and the hooks' own panics are caught where they happen. This is for what they leave behind: a value that
        // panics when it is dropped, which the payload of a panic may do once more.
        let serve = AssertUnwindSafe(|| match self.open(&stream, peer, &entry) {
            Ok(call) => {
                let outcome = self.handle(call, &stream);
                drop(entry);
                self.report(outcome);
            }
            Err(refusal) => {
                self.lingering.add(stream);
                drop(entry);
                if !matches!(refusal, Refusal::NothingSent) {
                    self.connections.count_refused();
                    self.settings.report_refusal(peer, &refusal);
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
    ) -> Result<Call, Refusal> {
        let options = self.settings.call_options;
        let opened = stream
            .set_nodelay(true)
            .map_err(Refusal::Io)
            .and_then(|()| {
                let (stream, deadline) = (Arc::clone(stream), self.settings.uuid_deadline);
                Call::open(stream, Some(peer), deadline, options, || entry.dismissal())
            });
        let call = match opened {
            Ok(call) => call,
            Err(refusal) => {
                call::refuse(&**stream);
                return Err(refusal);
            }
        };
        let uuid = call.uuid();
        let caller = Caller {
            peer,
            uuid,
            live_with_same_uuid: self.connections.count_of(uuid),
        };
        let admitted = self
            .settings
            .admit(&caller)
            .and_then(|()| entry.become_call(call.voice()));
        match admitted {
            Ok(()) => {
                call.greet(options);
                Ok(call)
            }
            Err(refusal) => {
                call.hang_up_for_certain();
                Err(refusal)
            }
        }
    }

    /// Runs the handler, and ends the call in whichever way that ended.
    fn handle(&self, mut call: Call, stream: &Arc<TcpStream>) -> Outcome {
        let uuid = call.uuid();
        // Whatever a panic left behind in the handler's own state is the handler's to judge at its next call; ours is whole.
        let result = catch_unwind(AssertUnwindSafe(|| (self.handler)(&mut call)));
        match call.hang_up_for_certain() {
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
            Ok(Err(error)) if error.is::<SendError>() => {}
            Ok(Err(error)) => self.settings.report(&Incident::HandlerFailed {
                uuid,
                error: &*error,
            }),
            Err(panic) => {
                let message = panic_message(&*panic);
                self.settings
                    .report(&Incident::HandlerPanicked { uuid, message });
            }
        }
    }
}

/// How a handler ended.
struct Outcome {
    uuid: crate::wire::Uuid,
    result: thread::Result<Result<(), Box<dyn Error + Send + Sync>>>,
}

impl Settings {
    fn admit(&self, caller: &Caller) -> Result<(), Refusal> {
        match catch_unwind(AssertUnwindSafe(|| (self.admit)(caller))) {
            Ok(answer) => answer.map_err(Refusal::NotAdmitted),
            Err(panic) => {
                let message = format!("panicked: {}", panic_message(&*panic));
                Err(Refusal::NotAdmitted(message.into()))
            }
        }
    }

    fn report_refusal(&self, peer: SocketAddr, refusal: &Refusal) {
        self.report(&Incident::Refused { peer, refusal });
    }

    /// Tells the application. A panic in its hook has been printed by the panic hook and is not to cost a call.
    fn report(&self, incident: &Incident<'_>) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| (self.on_incident)(incident))) {
            core::mem::forget(payload);
        }
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(message), _) => message,
        (None, Some(message)) => message,
        (None, None) => "a value that is no text",
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.shared.address)
            .finish_non_exhaustive()
    }
}
