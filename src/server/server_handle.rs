//! A server seen from other threads.

use core::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::connections::Connections;
use crate::call::CallStats;
use crate::wire::Uuid;

/// A handle to a [`Server`](super::Server), for other threads: what calls there are, hanging one up, shutting all down. Cloning
/// it is cheap.
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

/// A call under way, as a [`ServerHandle`] lists it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallInfo {
    /// Its UUID. Two calls may have the same one.
    pub uuid: Uuid,
    /// Where it comes from.
    pub peer: SocketAddr,
    /// When its UUID had come.
    pub started: Instant,
    /// What has been counted on it so far.
    pub stats: CallStats,
}

/// What a server has counted.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct ServerStats {
    /// Connections accepted so far, health checks among them.
    pub accepted: usize,
    /// Connections that were refused so far, for whatever reason.
    pub refused: usize,
    /// Calls started so far.
    pub calls_started: usize,
    /// Calls under way.
    pub calls: usize,
    /// Connections that are no calls yet: without a UUID, or waiting to be admitted.
    pub pending: usize,
}

impl ServerHandle {
    /// The calls under way, the oldest first.
    pub fn calls(&self) -> Vec<CallInfo> {
        self.shared.connections.live_calls()
    }

    /// What has been counted so far.
    pub fn stats(&self) -> ServerStats {
        self.shared.connections.counts()
    }

    /// Hangs up the calls that have this UUID, and answers how many those were: one, unless Asterisk used it twice at once, or
    /// none. Waits for a peer that does not read for 0.1 s at the most.
    pub fn hang_up(&self, uuid: Uuid) -> usize {
        self.shared.connections.hang_up(uuid)
    }

    /// Shuts the server down: it accepts no more calls, lets those under way end by themselves for the time of `grace`, then
    /// hangs up the rest, and cuts what is still there 2 s later. Does not wait; [`Server::run`](super::Server::run) returns when
    /// the last handler has. Called again, it can only shorten the grace.
    ///
    /// A handler that neither receives nor sends cannot be ended by anyone, and is waited for.
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
