//! The settings of a server.

use core::fmt;
use std::boxed::Box;
use std::error::Error;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::string::String;

use super::hooks::Hooks;
use super::{Incident, Server};
use crate::call::CallOptions;
use crate::wire::Uuid;

/// The settings of a [`Server`]: its limits, its hooks and its threads.
///
/// ```
/// use std::time::Duration;
/// use audiosocket::server::Server;
///
/// let server = Server::builder()
///     .max_calls(100)
///     .admit(|incoming| match incoming.peer.ip().is_loopback() {
///         true => Ok(()),
///         false => Err("only from this machine".into()),
///     })
///     .on_incident(|incident| eprintln!("{incident}"))
///     .bind("127.0.0.1:0")?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "a server exists only once it is bound"]
pub struct ServerBuilder {
    pub(super) settings: Settings,
}

pub(super) struct Settings {
    pub(super) max_calls: usize,
    pub(super) max_pending: usize,
    pub(super) call_options: CallOptions,
    pub(super) hooks: Hooks,
    pub(super) thread_name: String,
    pub(super) stack_size: Option<usize>,
}

/// A connection that has sent its UUID and wants to become a call.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct IncomingCall {
    /// The address of the peer. An IPv4 peer has an IPv4 address, also on a listener for both families such as `[::]`.
    pub peer: SocketAddr,
    /// The UUID it sent.
    pub uuid: Uuid,
    /// The number of other calls with this UUID that are live or being admitted.
    ///
    /// It is 0 unless the dialplan uses a UUID twice, which Asterisk accepts.
    pub live_with_same_uuid: usize,
}

impl ServerBuilder {
    /// Sets how many calls there may be at once, including those being admitted. The default is 1000.
    ///
    /// Further calls are refused. A machine with two cores can echo 1000 calls (bench/README.md); more work for each call lowers
    /// that number.
    ///
    /// Each call costs a thread, about 15 KiB of memory and a descriptor. The server needs up to `max_calls` +
    /// [`max_pending`](ServerBuilder::max_pending) + 1100 descriptors (`ulimit -n`), so 3100 with the default settings. 1024 of
    /// them are for connections that have ended and that the peer has not closed yet.
    pub fn max_calls(mut self, calls: usize) -> ServerBuilder {
        self.settings.max_calls = calls;
        self
    }

    /// Sets how many connections may wait for their UUID at once. The default is 1000; 0 refuses every connection.
    ///
    /// They do not count towards [`max_calls`](ServerBuilder::max_calls), so silent connections keep no calls out. At the limit, a
    /// new connection replaces the oldest one if that has waited for at least 0.25 s, which is twenty times as long as Asterisk
    /// needs. Otherwise the new connection is refused. A pending connection costs as much as a call, until the [UUID
    /// timeout](CallOptions::uuid_timeout). The thread of a replaced connection ends within 0.25 s.
    pub fn max_pending(mut self, connections: usize) -> ServerBuilder {
        self.settings.max_pending = connections;
        self
    }

    /// Sets the timeouts and limits of each call, and how silent calls are kept alive.
    pub fn call_options(mut self, options: CallOptions) -> ServerBuilder {
        self.settings.call_options = options;
        self
    }

    /// Sets the hook that decides whether to admit a call. By default, every call is admitted.
    ///
    /// The server calls the hook when a connection has sent its UUID. If the hook returns an error, the server refuses the
    /// connection with a hangup, so the dialplan continues. The error becomes the reason in
    /// [`Refusal::NotAdmitted`](crate::call::Refusal::NotAdmitted).
    ///
    /// The hook runs on the connection's own thread, so it delays no other call. Meanwhile the connection counts towards
    /// `max_calls`. The hook must return well within 2 s, because Asterisk ends a call after 2 s without traffic, and the server
    /// sends its first frame of silence only after the hook.
    pub fn admit(
        mut self,
        hook: impl Fn(&IncomingCall) -> Result<(), Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
    ) -> ServerBuilder {
        self.settings.hooks.admit = Box::new(hook);
        self
    }

    /// Sets the hook for failures that do not end the server. By default, they are not reported.
    ///
    /// The hook is called from several threads at once. A slow hook delays no call, and its connection no longer counts
    /// towards `max_calls`. Reports about connections that were refused before they got a thread are queued, up to 1024; beyond that, refusals are only counted.
    /// When the last call has ended, reports still queued are dropped. [`Server::run`] waits for a hook that is running.
    pub fn on_incident(
        mut self,
        hook: impl Fn(&Incident<'_>) + Send + Sync + 'static,
    ) -> ServerBuilder {
        self.settings.hooks.on_incident = Box::new(hook);
        self
    }

    /// Sets the prefix of thread names. The default is `call`.
    ///
    /// The name of a call's thread is the prefix, a hyphen and a number. Linux shows 15 bytes of it. Zero bytes are removed,
    /// because a thread's name cannot contain them.
    pub fn thread_name(mut self, name: impl Into<String>) -> ServerBuilder {
        self.settings.thread_name = name.into().replace('\0', "");
        self
    }

    /// Sets the stack size of a call's thread in bytes. The default is the platform's, 2 MiB on Linux.
    ///
    /// Only the used part of a stack takes memory, so a small stack saves nothing. A stack overflow ends the whole process. If the
    /// system cannot provide a stack of this size, every call is refused with
    /// [`Refusal::NoThread`](crate::call::Refusal::NoThread).
    pub fn stack_size(mut self, bytes: usize) -> ServerBuilder {
        self.settings.stack_size = Some(bytes);
        self
    }

    /// Binds a server with these settings to the given address. See [`Server::bind`].
    ///
    /// # Errors
    ///
    /// Returns the system's error if the address is in use, is not local, or does not resolve.
    pub fn bind(self, address: impl ToSocketAddrs) -> io::Result<Server> {
        self.from_listener(TcpListener::bind(address)?)
    }

    /// Creates a server with these settings on an existing listener.
    ///
    /// The listener may come from a service manager, or have a longer backlog than std's 128. The server sets a timeout on it or
    /// changes its blocking mode, so no other code may accept connections on it.
    ///
    /// # Errors
    ///
    /// Returns the system's error if the listener cannot be configured.
    // Named like the method of `Server`. A builder is not a type to convert from.
    #[allow(clippy::wrong_self_convention)]
    pub fn from_listener(self, listener: TcpListener) -> io::Result<Server> {
        Server::new(listener, self.settings)
    }
}

impl Default for ServerBuilder {
    fn default() -> ServerBuilder {
        ServerBuilder {
            settings: Settings {
                max_calls: 1000,
                max_pending: 1000,
                call_options: CallOptions::default(),
                hooks: Hooks::default(),
                thread_name: String::from("call"),
                stack_size: None,
            },
        }
    }
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder")
            .field("max_calls", &self.settings.max_calls)
            .field("max_pending", &self.settings.max_pending)
            .field("call_options", &self.settings.call_options)
            .finish_non_exhaustive()
    }
}
