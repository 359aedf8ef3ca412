//! A server that runs each call on its own thread.

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

use super::accept_loop::{AcceptLoop, Arrival};
use super::acceptor::Acceptor;
use super::connection::Serving;
use super::connections::Connections;
use super::hooks::Report;
use super::lingering::Lingering;
use super::server_builder::Settings;
use super::server_handle::Shared;
use super::{ServerBuilder, ServerHandle};
use crate::call::{Call, Refusal, canonical};

// The threads of a server: the thread that called `run` starts the threads of calls; "accept" accepts connections; "ends" reads
// connections until their peers close (`Lingering`); "reports" calls the incident hook for connections without a thread.
//
// Invariants, each with the test that shows it:
// 1. Neither a peer nor a hook can delay another call, because each of these tasks has its own thread.
//    (`blocked_incident_hook_delays_no_call`, `tests/it/hostile_peers.rs`)
// 2. A connection's thread catches every panic: of the handler, of a hook, or of a value that one of them leaves behind and that
//    panics when it is dropped. Otherwise `thread::scope` would panic when it ends.
//    (`handler_error_or_panic_ends_only_its_call`)
// 3. Each connection is entered in `Connections` before its thread starts, and leaves when its work is done, so `run` can wait for
//    the last one. If the peer has not closed by then, the connection is in `Lingering`.
//    (`shutdown_ends_pending_first_and_calls_after_grace`)
// 4. If a thread cannot be started, the server refuses the connection, or `run` returns an error. It never panics, and never waits
//    for a thread that did not start. (`every_program_ends_cleanly_without_threads`)
// 5. A peer's address is canonical from `accept` on. (`dual_stack_server_sees_ipv4_peers_as_ipv4`)

/// A server that calls a handler for each call, on a separate thread.
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
/// On systems other than Linux and Android, a server connects to its own address when it is created and when it is shut down. The
/// second connection wakes the thread that accepts; the first one tests whether that will work. If it does not, for example
/// because of a packet filter, the server checks for connections every 10 ms instead. Its own connections are not counted.
///
/// The server sets `TCP_NODELAY` on every connection, so each frame is sent at once, in a packet of its own. Nagle's algorithm can
/// delay a part of a frame by more than the 5 ms that Asterisk waits for a payload (measured with 22.10).
pub struct Server {
    pub(super) acceptor: Acceptor,
    shared: Arc<Shared>,
    settings: Settings,
}

impl Server {
    /// Binds a server to an address, with the default settings of [`ServerBuilder`].
    ///
    /// With port 0 the system chooses the port.
    ///
    /// # Errors
    ///
    /// Returns the system's error if the address is in use, is not local, or does not resolve.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Server> {
        Server::builder().bind(address)
    }

    /// Creates a server on an existing listener.
    ///
    /// The listener may come from a service manager, or have a longer backlog than std's 128. See
    /// [`ServerBuilder::from_listener`].
    ///
    /// # Errors
    ///
    /// Returns the system's error if the listener cannot be configured.
    pub fn from_listener(listener: TcpListener) -> io::Result<Server> {
        Server::builder().from_listener(listener)
    }

    /// Returns a builder for a server with other settings.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    pub(super) fn new(listener: TcpListener, settings: Settings) -> io::Result<Server> {
        let address = canonical(listener.local_addr()?);
        let acceptor = Acceptor::new(listener)?;
        let shared = Arc::new(Shared {
            address,
            connections: Arc::new(Connections::new(settings.max_calls, settings.max_pending)),
        });
        Ok(Server {
            acceptor,
            shared,
            settings,
        })
    }

    /// Returns the address the server listens on. For port 0, it has the port that the system chose.
    pub fn local_addr(&self) -> SocketAddr {
        self.shared.address
    }

    /// Returns a handle that other threads can use to list calls and shut down.
    pub fn handle(&self) -> ServerHandle {
        ServerHandle {
            shared: Arc::clone(&self.shared),
        }
    }

    /// Serves calls until [`ServerHandle::shut_down`], and returns when the last call has ended.
    ///
    /// Each call runs the handler on its own thread. The handler may borrow anything that outlives `run`.
    ///
    /// When the handler returns, fails or panics, the server hangs up cleanly, so the dialplan continues. Errors and panics do
    /// not affect other calls. They are reported only as an [`Incident`](super::Incident), to the hook set with
    /// [`ServerBuilder::on_incident`]. A [`SendError`](crate::call::SendError) or a
    /// [`PlayError::NotSent`](crate::call::PlayError::NotSent) is not reported if it only means that the call is over. A
    /// [`SendError::FrameLost`](crate::call::SendError::FrameLost) is reported. With `panic = "abort"`, a panic ends the process. A
    /// stack overflow always does.
    ///
    /// # Errors
    ///
    /// Returns the system's error if it cannot start the server's own threads. Later failures are reported as an
    /// [`Incident`](super::Incident) and do not end the server.
    pub fn run<F>(self, handler: F) -> io::Result<()>
    where
        F: Fn(&mut Call) -> Result<(), Box<dyn Error + Send + Sync>> + Sync,
    {
        let Server {
            mut acceptor,
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
            // The thread of `lingering` ends last, because the other threads may pass connections to it until they end. The guard
            // ends it even if the scope below panics.
            let _closes_lingering = lingering.close_on_drop();
            thread::scope(|scope| {
                let settings = &settings;
                name("reports")
                    .spawn_scoped(scope, || settings.hooks.report_all(reports, &is_over))?;
                let (arrival, arrivals) = mpsc::sync_channel(MOST_ARRIVALS);
                let accept_loop = AcceptLoop {
                    connections: &shared.connections,
                    lingering: &lingering,
                    report: report.clone(),
                };
                acceptor.start(format!("{}-waiting", settings.thread_name))?;
                name("accept").spawn_scoped(scope, move || accept_loop.run(acceptor, arrival))?;
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
            })
        })
    }
}

/// The most connections that wait for their thread to start. Starting a thread takes about 20 us.
const MOST_ARRIVALS: usize = 1024;

/// The most reports that wait for a slow hook. Further refusals are counted, but not reported.
const MOST_REPORTS: usize = 1024;

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.shared.address)
            .finish_non_exhaustive()
    }
}
