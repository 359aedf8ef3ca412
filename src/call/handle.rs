//! A server seen from other threads.

use core::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::Stats;
use super::connections::Connections;
use crate::wire::Uuid;

/// A handle to a [`Server`](super::Server), for other threads: what calls there are, hanging one up, shutting all down. Cloning it
/// is cheap.
///
/// ```
/// use std::time::Duration;
/// use audiosocket::call::Server;
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
pub struct Handle {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    pub(super) address: SocketAddr,
    pub(super) connections: Arc<Connections>,
    /// A second descriptor of the listener, as long as someone waits for callers there. From the start, because it is needed when
    /// there are no more descriptors to be had.
    pub(super) waker: Mutex<Option<Waker>>,
}

/// A call under way, as a [`Handle`] lists it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LiveCall {
    /// Its UUID. Two calls may have the same one.
    pub uuid: Uuid,
    /// Where it comes from.
    pub peer: SocketAddr,
    /// When its UUID had come.
    pub begun: Instant,
    /// What has been counted on it so far.
    pub stats: Stats,
}

/// What a server has counted.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Counts {
    /// Connections accepted so far, health checks among them.
    pub accepted: usize,
    /// Connections that were refused so far, for whatever reason.
    pub refused: usize,
    /// Calls begun so far.
    pub calls_begun: usize,
    /// Calls under way.
    pub calls: usize,
    /// Connections without a UUID as yet.
    pub pending: usize,
}

impl Handle {
    /// The calls under way, the oldest first.
    pub fn calls(&self) -> Vec<LiveCall> {
        self.shared.connections.live_calls()
    }

    /// What has been counted so far.
    pub fn counts(&self) -> Counts {
        self.shared.connections.counts()
    }

    /// Hangs up the calls that have this UUID, and answers how many those were: one, unless Asterisk used it twice at once, or
    /// none.
    pub fn hang_up(&self, uuid: Uuid) -> usize {
        self.shared.connections.hang_up(uuid)
    }

    /// Shuts the server down: it accepts no more calls, lets those under way end by themselves for the time of `grace`, then
    /// hangs up the rest. Does not wait; [`Server::run`](super::Server::run) returns when the last handler has. Called again, it
    /// can only shorten the grace.
    ///
    /// A handler that neither receives nor sends cannot be ended by anyone, and is waited for.
    pub fn shut_down(&self, grace: Duration) {
        self.shared.connections.stop(grace);
        self.shared.wake_acceptor();
    }
}

impl Shared {
    /// Makes `accept` return. Nothing but a connection does so without harm to callers who wait in the backlog; if none can be
    /// made, for want of descriptors, say, the listener itself is shut down.
    fn wake_acceptor(&self) {
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waker) = &*waker {
            let address = reachable(self.address);
            if TcpStream::connect_timeout(&address, Duration::from_millis(100)).is_err() {
                waker.shut_down_listener();
            }
        }
    }
}

/// The address to reach a listener of ours at: one that listens everywhere is reached over loopback.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

/// A listener under the type of a stream, which std can shut down: on Linux `accept` answers with an error then.
pub(super) struct Waker {
    #[cfg(unix)]
    listener: TcpStream,
}

impl Waker {
    #[cfg(unix)]
    pub(super) fn of(listener: &TcpListener) -> io::Result<Waker> {
        use std::os::fd::OwnedFd;

        Ok(Waker {
            listener: TcpStream::from(OwnedFd::from(listener.try_clone()?)),
        })
    }

    #[cfg(not(unix))]
    pub(super) fn of(_: &TcpListener) -> io::Result<Waker> {
        Ok(Waker {})
    }

    fn shut_down_listener(&self) {
        #[cfg(unix)]
        let _ = self.listener.shutdown(std::net::Shutdown::Both);
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("address", &self.shared.address)
            .finish_non_exhaustive()
    }
}
