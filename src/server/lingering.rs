//! Connections that are over but for their end: our hangup has been sent, the peer has not closed yet.

use std::io;
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::vec::Vec;

use crate::call::{PATIENCE, Transport, discard, hang_up};
use crate::stream::FrameWriter;

/// The connections of a server that wait for their peer to close, looked after by one thread.
///
/// To close with bytes unread makes the kernel send a reset, upon which Asterisk hangs the caller up instead of going on in its
/// dialplan (measured with 22.10). So what still comes is read and forgotten until the peer has closed too, or [`PATIENCE`] is
/// over. One thread does it for all, since calls that end must not cost those that go on.
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

/// How often each connection is looked at. std has no way to wait for many sockets at once.
const ROUND: Duration = Duration::from_millis(20);

/// How many connections may linger; beyond that the oldest are dropped. The price of each is a descriptor and a `read` a round.
const MOST: usize = 1024;

/// How many times a connection is read from in a round, 4 KiB each: a peer that floods us is not to hold up the others. 50
/// rounds a second take in 800 KiB, and Asterisk sends 384 KB a second at most (192 kHz).
const READS_A_ROUND: usize = 4;

impl Lingering {
    /// Takes over a connection on which the hangup has been sent.
    pub(super) fn add(&self, stream: Arc<TcpStream>) {
        let deadline = Instant::now().checked_add(PATIENCE);
        // If it fails the connection has, and the first read tells.
        let _ = stream.set_nonblocking(true);
        self.state().arrived.push(Departing { stream, deadline });
        self.changed.notify_one();
    }

    /// Sends the hangup on a connection of which nothing has been read, without waiting, and takes it over.
    pub(super) fn refuse(&self, stream: Arc<TcpStream>) {
        // Three bytes fit into an empty send buffer; if not even they do, there is nothing to be said to this peer.
        let _ = stream.set_nonblocking(true);
        hang_up(&mut FrameWriter::new(&*stream), &*stream);
        self.add(stream);
    }

    /// No more connections will come: [`run`](Lingering::run) returns after the last.
    pub(super) fn close(&self) {
        self.state().is_closing = true;
        self.changed.notify_one();
    }

    /// The thread's work.
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
    /// Reads what has come; answers whether the peer has closed, failed, or run out of time.
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
