//! A server for calls: one thread each.

use core::fmt;
use std::any::Any;
use std::boxed::Box;
use std::error::Error;
use std::io::{self, Write};
use std::net::{
    IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::string::String;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::call;
use super::connections::{Connections, Entry};
use super::{Call, Incident, Refusal, SendError};
use crate::wire::{Header, Kind};

// Invariants:
// - The accept loop does nothing that a peer can hold up: reading, ending and reporting happen on the connection's thread.
// - Nothing on a connection's thread gets out of it: a panic in the handler or in the application's hook is caught there, since
//   `thread::scope` would panic at its end for it.
// - Each connection is entered in `Connections` before its thread starts and leaves when that is done, so that the last one can
//   be waited for.

/// A server that calls a handler for each call, on a thread of its own.
///
/// ```no_run
/// use audiosocket::call::Server;
///
/// let server = Server::bind("127.0.0.1:9092")?;
/// server.run(|call| {
///     let voice = call.voice();
///     while let Some(event) = call.receive() {
///         if let Some(audio) = event.audio() {
///             voice.send(audio)?;
///         }
///     }
///     Ok(())
/// });
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

struct Shared {
    address: SocketAddr,
    connections: Connections,
}

struct Settings {
    uuid_deadline: Duration,
    on_incident: Box<dyn Fn(&Incident<'_>) + Send + Sync>,
}

/// How long to pause when a connection could not be accepted: long enough for calls to end, short enough for a caller to wait.
const PAUSE_AFTER_ACCEPT_ERROR: Duration = Duration::from_millis(50);

impl Server {
    /// A server at the given address, with the settings of [`Builder`] as they are by default. Port 0 lets the system choose.
    ///
    /// # Errors
    ///
    /// The system's: the address is in use, not ours, or not to be found.
    pub fn bind(address: impl ToSocketAddrs) -> io::Result<Server> {
        Server::builder().bind(address)
    }

    /// A server on a listener from elsewhere, as a service manager passes one on.
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

    /// The address the server listens at, with the port the system chose if that was 0.
    pub fn local_address(&self) -> SocketAddr {
        self.shared.address
    }

    /// A handle to shut the server down from another thread.
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
    /// handler only says that the peer has gone. (With `panic = "abort"`, and when a stack overflows, the process ends.)
    pub fn run<F>(self, handler: F)
    where
        F: Fn(&mut Call) -> Result<(), Box<dyn Error + Send + Sync>> + Sync,
    {
        let Server {
            listener,
            shared,
            settings,
        } = self;
        let (connections, settings, handler) = (&shared.connections, &settings, &handler);
        thread::scope(|scope| {
            while !connections.is_stopping() {
                let (stream, peer) = match listener.accept() {
                    Ok((stream, peer)) => (Arc::new(stream), peer),
                    Err(error) => {
                        settings.survive(&error);
                        continue;
                    }
                };
                if connections.is_stopping() {
                    // Either `shut_down` waking us, or a caller who came too late.
                    end_at_once(&stream);
                    break;
                }
                let entry = connections.enter(Arc::clone(&stream));
                let kept = Arc::clone(&stream);
                let serve = move || settings.serve(stream, peer, &entry, handler);
                if let Err(error) = thread::Builder::new().spawn_scoped(scope, serve) {
                    end_at_once(&kept);
                    settings.report(&Incident::NoThread {
                        peer,
                        error: &error,
                    });
                }
            }
            // From here on callers are refused by the system, instead of waiting for nobody.
            drop(listener);
            connections.wait_for_the_last();
        });
    }
}

impl Settings {
    /// The life of one connection, on its own thread.
    fn serve<F>(&self, stream: Arc<TcpStream>, peer: SocketAddr, entry: &Entry<'_>, handler: &F)
    where
        F: Fn(&mut Call) -> Result<(), Box<dyn Error + Send + Sync>>,
    {
        let opened = stream
            .set_nodelay(true)
            .map_err(Refusal::Io)
            .and_then(|()| Call::open(Arc::clone(&stream), self.uuid_deadline));
        let mut call = match opened {
            Ok(call) => call,
            Err(refusal) => {
                if !matches!(refusal, Refusal::NothingSent) {
                    self.report(&Incident::Refused {
                        peer,
                        refusal: &refusal,
                    });
                }
                call::refuse(&stream);
                return;
            }
        };
        entry.set_voice(call.voice());
        let uuid = call.uuid();
        // Whatever a panic left behind in the handler's own state is the handler's to judge at its next call; ours is whole.
        match catch_unwind(AssertUnwindSafe(|| handler(&mut call))) {
            Ok(Ok(())) => {}
            Ok(Err(error)) if error.is::<SendError>() => {}
            Ok(Err(error)) => self.report(&Incident::HandlerFailed {
                uuid,
                error: &*error,
            }),
            Err(panic) => {
                let message = panic_message(&*panic);
                self.report(&Incident::HandlerPanicked { uuid, message });
            }
        }
        call.close();
    }

    fn survive(&self, error: &io::Error) {
        // The caller was gone again before we came to him, or a signal came: nothing is wrong with us.
        if matches!(
            error.kind(),
            io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted
        ) {
            return;
        }
        self.report(&Incident::AcceptFailed { error });
        thread::sleep(PAUSE_AFTER_ACCEPT_ERROR);
    }

    /// Tells the application. A panic in its hook has been printed by the panic hook and is not to cost a call.
    fn report(&self, incident: &Incident<'_>) {
        let _ = catch_unwind(AssertUnwindSafe(|| (self.on_incident)(incident)));
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(message), _) => message,
        (None, Some(message)) => message,
        (None, None) => "a value that is no text",
    }
}

/// Ends a connection without waiting for anything, on the accept loop.
fn end_at_once(mut stream: &TcpStream) {
    // Three bytes fit into an empty send buffer; if not even they do, there is nothing to be said to this peer.
    let _ = stream.set_nonblocking(true);
    let _ = stream.write(&Header::new(Kind::HANGUP, 0).to_bytes());
    let _ = stream.shutdown(Shutdown::Write);
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.shared.address)
            .finish_non_exhaustive()
    }
}

/// The settings of a [`Server`].
///
/// ```
/// use std::time::Duration;
/// use audiosocket::call::Server;
///
/// let server = Server::builder()
///     .uuid_deadline(Duration::from_secs(2))
///     .on_incident(|incident| eprintln!("{incident}"))
///     .bind("127.0.0.1:0")?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "a server exists only once it is bound"]
pub struct Builder {
    settings: Settings,
}

impl Builder {
    /// How long a connection may take for its UUID as a whole: 5 s by default. Asterisk sends it within 12 ms of connecting
    /// (measured), so the rest is for a bad network; the price is a thread for as long, for each connection that stays silent.
    pub fn uuid_deadline(mut self, deadline: Duration) -> Builder {
        self.settings.uuid_deadline = deadline;
        self
    }

    /// What to do when something goes wrong that does not end the server; nothing by default. Called on the thread it happens
    /// on, from several at once.
    pub fn on_incident(mut self, hook: impl Fn(&Incident<'_>) + Send + Sync + 'static) -> Builder {
        self.settings.on_incident = Box::new(hook);
        self
    }

    /// A server with these settings at the given address. See [`Server::bind`].
    ///
    /// # Errors
    ///
    /// The system's: the address is in use, not ours, or not to be found.
    pub fn bind(self, address: impl ToSocketAddrs) -> io::Result<Server> {
        self.from_listener(TcpListener::bind(address)?)
    }

    /// A server with these settings on a listener from elsewhere.
    ///
    /// # Errors
    ///
    /// The system's.
    // Named after what `Server` calls it; a builder is no type one converts from.
    #[allow(clippy::wrong_self_convention)]
    pub fn from_listener(self, listener: TcpListener) -> io::Result<Server> {
        // A listener that does not wait would make the accept loop spin.
        listener.set_nonblocking(false)?;
        let shared = Arc::new(Shared {
            address: listener.local_addr()?,
            connections: Connections::default(),
        });
        Ok(Server {
            listener,
            shared,
            settings: self.settings,
        })
    }
}

impl Default for Builder {
    fn default() -> Builder {
        Builder {
            settings: Settings {
                uuid_deadline: Duration::from_secs(5),
                on_incident: Box::new(|_| {}),
            },
        }
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("uuid_deadline", &self.settings.uuid_deadline)
            .finish_non_exhaustive()
    }
}

/// A handle to a [`Server`], for other threads. Cloning it is cheap.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl Handle {
    /// Shuts the server down: it accepts no more calls, lets those under way end by themselves for the time of `grace`, then
    /// hangs up the rest. Returns at once; [`Server::run`] returns when the last handler has. Called again, it can only shorten
    /// the grace.
    ///
    /// A handler that neither receives nor sends cannot be ended by anyone, and is waited for.
    pub fn shut_down(&self, grace: Duration) {
        self.shared.connections.stop(grace);
        // Nothing but a connection wakes a thread that waits in `accept`. If none can be made, it is not waiting.
        let _ = TcpStream::connect_timeout(&reachable(self.shared.address), Duration::from_secs(1));
    }
}

/// The address to reach a listener of ours at: one that listens everywhere is reached over loopback.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("address", &self.shared.address)
            .finish_non_exhaustive()
    }
}
