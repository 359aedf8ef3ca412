//! A server for calls: one thread each.

use core::fmt;
use std::boxed::Box;
use std::error::Error;
use std::format;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

use super::accept_loop::{AcceptLoop, Arrival, time_accepts};
use super::connection::Serving;
use super::connections::Connections;
use super::hooks::Report;
use super::lingering::Lingering;
use super::server_builder::Settings;
use super::server_handle::Shared;
use super::{ServerBuilder, ServerHandle};
use crate::call::{Call, Refusal};

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
/// use audiosocket::server::Server;
///
/// Server::bind("127.0.0.1:9092")?.run(|call| {
///     let voice = call.voice();
///     while let Some(event) = call.receive() {
///         if let Some(audio) = event.audio() {
///             voice.send_now(audio)?;
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
    /// A server at the given address, with the settings of [`ServerBuilder`] as they are by default. Port 0 lets the system choose.
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
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    pub(super) fn new(listener: TcpListener, settings: Settings) -> io::Result<Server> {
        // A listener that does not wait would make the accept loop spin.
        listener.set_nonblocking(false)?;
        time_accepts(&listener)?;
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
    pub fn local_addr(&self) -> SocketAddr {
        self.shared.address
    }

    /// A handle to list calls, hang them up and shut the server down, from any thread.
    pub fn handle(&self) -> ServerHandle {
        ServerHandle {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Serves calls until [`ServerHandle::shut_down`], and returns when the last one is over. The handler is called on a thread for
    /// each call and may borrow what outlives this call.
    ///
    /// When the handler returns, with or without an error, or panics, its call is ended properly, so that Asterisk goes on in
    /// its dialplan. An error or a panic ends no other call; both are an [`Incident`](super::Incident), of which nobody hears
    /// unless [`ServerBuilder::on_incident`] is set, except for a [`SendError`](crate::call::SendError), with which a handler only says that
    /// the call is over. (With `panic = "abort"`, and when a stack overflows, the process ends.)
    ///
    /// # Errors
    ///
    /// The system's, if there is no thread to begin with. What goes wrong later is an [`Incident`](super::Incident) and does not
    /// end the server.
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
        let serving = Serving {
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
                name("reports").spawn_scoped(scope, || settings.hooks.tell(reports, &is_over))?;
                let (arrival, arrivals) = mpsc::sync_channel(MOST_ARRIVALS);
                let accept_loop = AcceptLoop {
                    connections: &shared.connections,
                    lingering: &lingering,
                    report: report.clone(),
                };
                name("accept").spawn_scoped(scope, move || accept_loop.run(listener, arrival))?;
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
                    let serving = &serving;
                    let serve = move || serving.serve(stream, peer, entry);
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

/// How many incidents may wait to be reported by a hook that is slow. Those beyond are counted and not reported.
const MOST_REPORTS: usize = 1024;

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.shared.address)
            .finish_non_exhaustive()
    }
}
