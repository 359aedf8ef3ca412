//! Connections on which the server has hung up, but which the peer has not closed.

use std::io;
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::vec::Vec;

use crate::call::{PATIENCE, Transport, discard, hang_up};
use crate::stream::FrameWriter;

/// The connections of a server that wait for their peer to close.
///
/// If a connection is closed with unread bytes, the kernel sends a reset. Asterisk then hangs up the caller instead of continuing
/// in the dialplan (measured with 22.10). So each connection is read, and the bytes discarded, until the peer has closed or
/// [`PATIENCE`] has passed. One thread does this for all connections, so that calls that have ended do not slow down live ones.
#[derive(Debug, Default)]
pub(super) struct Lingering {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    arrived: Vec<Departing>,
    is_closing: bool,
}

#[derive(Debug)]
struct Departing {
    stream: Arc<TcpStream>,
    deadline: Option<Instant>,
}

/// How often each connection is read. std cannot wait for many sockets at once.
const ROUND: Duration = Duration::from_millis(20);

/// How many connections may linger. Beyond that, the oldest are dropped. Each costs a descriptor and a `read` every round.
const MOST: usize = 1024;

/// How many reads of 4 KiB a connection gets in a round. With this limit, a peer that floods the server cannot hold up the
/// others. 50 rounds a second read up to 800 KiB from each connection. Asterisk sends at most 384 kB/s (192 kHz).
const READS_A_ROUND: usize = 4;

impl Lingering {
    /// Takes over a connection on which the hangup has been sent.
    pub(super) fn add(&self, stream: Arc<TcpStream>) {
        let deadline = Instant::now().checked_add(PATIENCE);
        // If this fails, the connection has failed, and the first read returns its error.
        let _ = stream.set_nonblocking(true);
        self.state().arrived.push(Departing { stream, deadline });
        self.changed.notify_one();
    }

    /// Sends the hangup on a connection that was never read, and takes it over. Does not wait.
    pub(super) fn refuse(&self, stream: Arc<TcpStream>) {
        // The three bytes of a hangup fit into an empty send buffer. If they do not, this peer cannot be reached.
        let _ = stream.set_nonblocking(true);
        hang_up(&mut FrameWriter::new(&*stream), &*stream);
        self.add(stream);
    }

    /// Closes the list for new connections. [`run`](Lingering::run) returns after the last one.
    pub(super) fn close(&self) {
        self.state().is_closing = true;
        self.changed.notify_one();
    }

    /// Reads the connections until the list is closed and the last one has ended.
    pub(super) fn run(&self) {
        let mut departing: Vec<Departing> = Vec::new();
        loop {
            {
                let mut state = self.state();
                while departing.is_empty() && state.arrived.is_empty() {
                    if state.is_closing {
                        return;
                    }
                    state = self
                        .changed
                        .wait(state)
                        .unwrap_or_else(PoisonError::into_inner);
                }
                departing.append(&mut state.arrived);
            }
            let surplus = departing.len().saturating_sub(MOST);
            departing
                .drain(..surplus)
                .for_each(|departing| departing.stream.abort());
            departing.retain(|departing| {
                let is_over = departing.is_over();
                if is_over {
                    departing.stream.abort();
                }
                !is_over
            });
            if !departing.is_empty() {
                std::thread::sleep(ROUND);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Departing {
    /// Discards the bytes received. Returns whether the peer has closed, failed, or run out of time.
    fn is_over(&self) -> bool {
        for _ in 0..READS_A_ROUND {
            match discard(&*self.stream) {
                Ok(true) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Ok(false) | Err(_) => return true,
            }
        }
        self.deadline
            .is_none_or(|deadline| Instant::now() >= deadline)
    }
}
