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
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use super::builder::Settings;
use super::call;
use super::connections::{Connections, Entry};
use super::handle::Shared;
use super::line::is_timeout;
use super::lingering::Lingering;
use super::{Builder, Call, Caller, End, Handle, Incident, Refusal, SayError, SendError};
use crate::wire::Uuid;

// Invariants:
// - One thread accepts, the one that called `run` starts the threads of calls, one waits for peers to close (`Lingering`), and
//   one calls the application's hook for those who have no thread of their own. So neither a peer nor a hook can hold up a call.
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
/// It needs Linux, where `accept` keeps to a time-out; elsewhere it answers with an error when it is made.
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
        time_accepts(&listener, BETWEEN_LOOKS)?;
        let shared = Arc::new(Shared {
            address: listener.local_addr()?,
            connections: Arc::new(Connections::new(settings.max_calls, settings.max_pending)),
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
    /// its dialplan. An error or a panic ends no other call; both are an [`Incident`], of which nobody hears unless
    /// [`Builder::on_incident`] is set, except for a [`SendError`], with which a handler only says that the call is over. (With
    /// `panic = "abort"`, and when a stack overflows, the process ends.)
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
        let (report, reports) = mpsc::sync_channel(MOST_REPORTS);
        let is_over = AtomicBool::new(false);
        let connection = Connection {
            settings: &settings,
            connections: &shared.connections,
            lingering: &lingering,
            handler: &handler,
        };
        let name =
            |suffix| thread::Builder::new().name(format!("{}-{suffix}", settings.thread_name));
        thread::scope(|helpers| {
            name("ends").spawn_scoped(helpers, || lingering.run())?;
            // What ends last, a slow hook's refusal, still needs somebody to wait for its peer; so all of them end before that
            // thread does.
            let result = thread::scope(|scope| {
                let settings = &settings;
                name("reports").spawn_scoped(scope, || settings.tell(reports, &is_over))?;
                let (arrival, arrivals) = mpsc::sync_channel(MOST_ARRIVALS);
                let reception = Reception {
                    connections: &shared.connections,
                    lingering: &lingering,
                    report: report.clone(),
                };
                name("accept").spawn_scoped(scope, move || reception.receive(listener, arrival))?;
                for Arrival {
                    stream,
                    peer,
                    entry,
                } in arrivals
                {
                    let kept = Arc::clone(&stream);
                    let mut thread =
                        thread::Builder::new().name(entry.thread_name(&settings.thread_name));
                    if let Some(bytes) = settings.stack_size {
                        thread = thread.stack_size(bytes);
                    }
                    let connection = &connection;
                    let serve = move || connection.serve(stream, peer, entry);
                    if let Err(error) = thread.spawn_scoped(scope, serve) {
                        lingering.refuse(kept);
                        shared.connections.count_refused();
                        let _ = report.try_send(Report::Refused(peer, Refusal::NoThread(error)));
                    }
                }
                drop(report);
                shared.connections.wait_for_the_last();
                is_over.store(true, Ordering::Relaxed);
                Ok(())
            });
            lingering.close();
            result
        })
    }
}

/// How many connections may be waiting for their thread to be started. Starting one takes 20 us or so.
const MOST_ARRIVALS: usize = 1024;

/// How long to pause when a connection could not be accepted: long enough for calls to end, short enough for a caller to wait.
const PAUSE_AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(50);

/// How many callers are still taken out of the backlog when nobody accepts any more; std's backlog is 128, others' at most 4096.
const MOST_LATE_CALLERS: usize = 4096;

/// How many incidents may wait to be reported by a hook that is slow. Those beyond are counted and not reported.
const MOST_REPORTS: usize = 1024;

/// How often the accepting thread looks whether the server is being shut down.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// How long callers in the backlog may go on waiting for a descriptor when the server is being shut down.
const LONGEST_LOOK_FOR_DESCRIPTORS: Duration = Duration::from_secs(2);

/// A connection that wants its thread.
struct Arrival {
    stream: Arc<TcpStream>,
    peer: SocketAddr,
    entry: Entry,
}

/// What there is to report of those who have no thread of their own.
enum Report {
    Refused(SocketAddr, Refusal),
    AcceptFailed(io::Error),
}

/// Where connections come in.
struct Reception<'a> {
    connections: &'a Arc<Connections>,
    lingering: &'a Lingering,
    report: SyncSender<Report>,
}

impl Reception<'_> {
    /// The accepting thread's work, until the server is shut down.
    fn receive(&self, listener: TcpListener, arrival: SyncSender<Arrival>) {
        let mut is_failing = false;
        while !self.connections.is_stopping() {
            match listener.accept() {
                Ok((stream, peer)) => {
                    is_failing = false;
                    self.take_in(Arc::new(stream), peer, &arrival);
                }
                // It had a descriptor while it waited.
                Err(error) if is_timeout(&error) => is_failing = false,
                Err(error) if is_passing(&error) => {}
                Err(error) => {
                    // Said once for each time that it begins.
                    if !core::mem::replace(&mut is_failing, true) {
                        self.tell(Report::AcceptFailed(error));
                    }
                    // For want of descriptors, most likely: these are the first to do without.
                    self.connections.dismiss_a_silent_one();
                    thread::sleep(PAUSE_AFTER_ACCEPT_ERROR);
                }
            }
        }
        // No more calls begin, so that those under way can be waited for.
        drop(arrival);
        self.refuse_late_callers(&listener);
    }

    fn take_in(&self, stream: Arc<TcpStream>, peer: SocketAddr, arrival: &SyncSender<Arrival>) {
        match self.connections.enter() {
            Ok(entry) => {
                // The receiver is there for as long as this thread is.
                let _ = arrival.send(Arrival {
                    stream,
                    peer,
                    entry,
                });
            }
            Err(refusal) => self.refuse(stream, peer, refusal),
        }
    }

    /// Those who have connected and not been accepted would get a reset when the listener closes.
    fn refuse_late_callers(&self, listener: &TcpListener) {
        // Not by the time-out: to set that takes a descriptor, of which there may be none.
        if listener.set_nonblocking(true).is_err() {
            return;
        }
        let begun = Instant::now();
        for _ in 0..MOST_LATE_CALLERS {
            match listener.accept() {
                // Entered only to be counted: the answer is that we are shutting down.
                Ok((stream, peer)) => {
                    if let Err(refusal) = self.connections.enter() {
                        self.refuse(Arc::new(stream), peer, refusal);
                    }
                }
                Err(error) if is_timeout(&error) => return,
                Err(error) if is_passing(&error) => {}
                // Calls that end free descriptors.
                Err(_) if begun.elapsed() < LONGEST_LOOK_FOR_DESCRIPTORS => {
                    thread::sleep(PAUSE_AFTER_ACCEPT_ERROR);
                }
                Err(_) => return,
            }
        }
    }

    fn refuse(&self, stream: Arc<TcpStream>, peer: SocketAddr, refusal: Refusal) {
        self.lingering.refuse(stream);
        self.connections.count_refused();
        self.tell(Report::Refused(peer, refusal));
    }

    fn tell(&self, report: Report) {
        // If the application cannot keep up with being told, it still has the count.
        let _ = self.report.try_send(report);
    }
}

/// Limits how long `accept` waits, without which a thread in it could not be ended: only the system can wake it.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn time_accepts(listener: &TcpListener, timeout: Duration) -> io::Result<()> {
    use std::os::fd::OwnedFd;

    // Linux keeps to a socket's read time-out in accept too (socket(7)); std offers that for streams alone, but on the same
    // socket.
    TcpStream::from(OwnedFd::from(listener.try_clone()?)).set_read_timeout(Some(timeout))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn time_accepts(_: &TcpListener, _: Duration) -> io::Result<()> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "a server needs Linux, whose accept can be timed",
    ))
}

/// Nothing is wrong with us: nobody came, the caller was gone again before we came to him, or a signal came.
fn is_passing(error: &io::Error) -> bool {
    is_timeout(error)
        || matches!(
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
            Err((uuid, refusal)) => {
                self.lingering.add(stream);
                drop(entry);
                if !matches!(refusal, Refusal::NothingSent) {
                    self.connections.count_refused();
                    self.settings.report(&Incident::Refused {
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
    ) -> Result<Call, (Option<Uuid>, Refusal)> {
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
                return Err((None, refusal));
            }
        };
        let uuid = call.uuid();
        let admitted = entry.ask(uuid).and_then(|live_with_same_uuid| {
            self.settings.admit(&Caller {
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
                call.hang_up_for_certain();
                Err((Some(uuid), refusal))
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
            Ok(Err(error)) if is_end_of_call(&*error) => {}
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
    uuid: Uuid,
    result: thread::Result<Result<(), Box<dyn Error + Send + Sync>>>,
}

impl Settings {
    fn admit(&self, caller: &Caller) -> Result<(), Refusal> {
        match catch_unwind(AssertUnwindSafe(|| (self.admit)(caller))) {
            Ok(answer) => answer.map_err(Refusal::NotAdmitted),
            Err(panic) => {
                let message = format!("panicked: {}", panic_message(&*panic));
                // What it carried may panic once more when it is dropped.
                core::mem::forget(panic);
                Err(Refusal::NotAdmitted(message.into()))
            }
        }
    }

    /// The reporting thread's work: a hook that takes its time holds up no call.
    fn tell(&self, reports: Receiver<Report>, is_over: &AtomicBool) {
        for report in reports {
            // What a slow hook has not been told by the end is not waited for.
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

    /// Tells the application. A panic in its hook has been printed by the panic hook and is not to cost a call.
    fn report(&self, incident: &Incident<'_>) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| (self.on_incident)(incident))) {
            core::mem::forget(payload);
        }
    }
}

/// Whether the handler only passes on that nothing more can be said.
fn is_end_of_call(error: &(dyn Error + Send + Sync + 'static)) -> bool {
    error.is::<SendError>() || matches!(error.downcast_ref(), Some(SayError::NotSent(_)))
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
