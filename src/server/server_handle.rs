//! A handle to a running server, for other threads.

use core::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::connections::Connections;
use crate::call::CallStats;
use crate::wire::Uuid;

/// A handle to a [`Server`](super::Server) for other threads. It is cheap to clone.
///
/// It lists the calls, hangs up individual calls, and shuts the server down.
///
/// ```
/// use std::time::Duration;
/// use audiosocket::server::Server;
///
/// let server = Server::bind("127.0.0.1:0")?;
/// let handle = server.handle();
/// let running = std::thread::spawn(move || server.run(|_| Ok(())));
/// assert!(handle.calls().is_empty());
/// handle.shut_down(Duration::from_secs(5));
/// running.join().expect("no panic gets out of a server");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct ServerHandle {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) address: SocketAddr,
    pub(super) connections: Arc<Connections>,
}

/// A live call, as listed by a [`ServerHandle`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallInfo {
    /// The UUID of the call. Two calls may have the same UUID.
    pub uuid: Uuid,
    /// The address of the peer. An IPv4 peer has an IPv4 address, also on a listener for both families.
    pub peer: SocketAddr,
    /// The time at which the UUID was complete.
    pub started: Instant,
    /// The statistics of the call so far.
    pub stats: CallStats,
}

/// The statistics of a server.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ServerStats {
    /// Connections accepted so far, including health checks.
    pub accepted: usize,
    /// Connections refused so far, for any reason.
    pub refused: usize,
    /// Calls started so far.
    pub calls_started: usize,
    /// Live calls, including those whose connection is just being closed.
    pub calls: usize,
    /// Connections that are not calls yet: those without a UUID, and those being admitted.
    ///
    /// [`max_pending`](super::ServerBuilder::max_pending) limits only those without a UUID. Those being admitted count towards
    /// [`max_calls`](super::ServerBuilder::max_calls).
    pub pending: usize,
}

impl ServerHandle {
    /// Returns the live calls, oldest first.
    pub fn calls(&self) -> Vec<CallInfo> {
        self.shared.connections.live_calls()
    }

    /// Returns the statistics of the server so far.
    pub fn stats(&self) -> ServerStats {
        self.shared.connections.counts()
    }

    /// Hangs up the calls that have this UUID, and returns their number.
    ///
    /// The number is 0 or 1, unless the dialplan uses a UUID for several calls at once. This method waits at most 0.1 s in all for
    /// peers that do not read.
    pub fn hang_up(&self, uuid: Uuid) -> usize {
        self.shared.connections.hang_up(uuid)
    }

    /// Shuts the server down, without waiting.
    ///
    /// The server stops accepting calls. Live calls may end by themselves during `grace`. Then the server hangs up the rest, all
    /// at once, and cuts the remaining connections 2 s later. So [`Server::run`](super::Server::run) returns at most about 2.5 s
    /// after the grace period, whatever the peers do. Another `shut_down` can only shorten the grace period.
    ///
    /// `run` also waits for handlers and hooks. A server cannot stop a handler that neither receives nor sends.
    pub fn shut_down(&self, grace: Duration) {
        self.shared.connections.stop(grace);
    }
}

impl fmt::Debug for ServerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerHandle")
            .field("address", &self.shared.address)
            .finish_non_exhaustive()
    }
}
