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

/// The settings of a [`Server`]: how much it takes on, whom it admits, and whom it tells when something goes wrong.
///
/// ```
/// use std::time::Duration;
/// use audiosocket::server::Server;
///
/// let server = Server::builder()
///     .max_calls(100)
///     .admit(|caller| match caller.peer.ip().is_loopback() {
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
    /// Where it comes from.
    pub peer: SocketAddr,
    /// Its UUID.
    pub uuid: Uuid,
    /// How many live calls have the same UUID, those that are just being admitted included: 0, unless the dialplan uses one
    /// twice. Asterisk does not mind.
    pub live_with_same_uuid: usize,
}

impl ServerBuilder {
    /// How many calls there may be at once, those that wait to be admitted included: 1000 by default, which a machine with two
    /// cores takes in and echoes (bench/README.md); how many it keeps time with depends on what is done for each. A call more is
    /// refused. The price of a call is a thread, some 15 KB of memory and a descriptor; the defaults together need up to some
    /// 3100 descriptors (`ulimit -n`), of which up to 1024 are connections that are over but for the peer's close.
    pub fn max_calls(mut self, calls: usize) -> ServerBuilder {
        self.settings.max_calls = calls;
        self
    }

    /// How many connections may be waiting for their UUID at once: 1000 by default. They are counted apart, so that silent
    /// connections do not take the place of calls. If there are more, the oldest gives way to the new one, provided it has been
    /// waiting for 0.25 s, twenty times what Asterisk needs; otherwise the new one is refused. The price is that of a call, until
    /// the [UUID time-out](CallOptions::uuid_timeout). 0 refuses everybody.
    pub fn max_pending(mut self, connections: usize) -> ServerBuilder {
        self.settings.max_pending = connections;
        self
    }

    /// The deadlines and limits of each call, and what keeps it alive.
    pub fn call_options(mut self, options: CallOptions) -> ServerBuilder {
        self.settings.call_options = options;
        self
    }

    /// Whom to admit, asked once a connection has sent its UUID; everybody by default. An error refuses it, with a hangup upon
    /// which Asterisk goes on in its dialplan, and is the reason in [`Refusal::NotAdmitted`](crate::call::Refusal::NotAdmitted). Called
    /// on the connection's own thread, so that it holds up nobody else, but has the place of a call meanwhile; and it has to be
    /// done well within 2 s, after which Asterisk gives up a call on which nothing has moved, and the greeting is only sent after
    /// it.
    pub fn admit(
        mut self,
        hook: impl Fn(&IncomingCall) -> Result<(), Box<dyn Error + Send + Sync>> + Send + Sync + 'static,
    ) -> ServerBuilder {
        self.settings.hooks.admit = Box::new(hook);
        self
    }

    /// What to do when something goes wrong that does not end the server; nothing by default. Called from several threads at
    /// once, never from one that other calls wait for. Of those who were refused before they had a thread, 1024 may wait to be
    /// reported; those beyond are only counted, as are those that it has not been told when the last call is over. A hook that
    /// does not return keeps [`Server::run`] from returning.
    pub fn on_incident(
        mut self,
        hook: impl Fn(&Incident<'_>) + Send + Sync + 'static,
    ) -> ServerBuilder {
        self.settings.hooks.on_incident = Box::new(hook);
        self
    }

    /// What the threads of calls are called, before a hyphen and a number: `call` by default. Linux shows 15 bytes. A zero byte,
    /// which no thread's name may have, is left out.
    pub fn thread_name(mut self, name: impl Into<String>) -> ServerBuilder {
        self.settings.thread_name = name.into().replace('\0', "");
        self
    }

    /// The stack of a call's thread in bytes. By default the platform's, 2 MiB on Linux, of which only what is used takes memory:
    /// an overflow ends the whole process, so do not make it small to save what it does not cost. One that cannot be had refuses
    /// every call with [`Refusal::NoThread`](crate::call::Refusal::NoThread).
    pub fn stack_size(mut self, bytes: usize) -> ServerBuilder {
        self.settings.stack_size = Some(bytes);
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

    /// A server with these settings on a listener from elsewhere: from a service manager, or with a longer backlog than std's
    /// 128. The server gives it a time-out, so it must not be shared with somebody else who accepts on it.
    ///
    /// # Errors
    ///
    /// The system's.
    // Named after what `Server` calls it; a builder is no type one converts from.
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
