//! Connections that the server has hung up and the peer has not closed.

use core::ops::Bound;
use std::collections::BTreeMap;
use std::io;
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use std::vec::Vec;

use crate::call::{PATIENCE, Transport, discard, hang_up};
use crate::stream::FrameWriter;

// Invariants, each with the test or the model (`tests/models`) that shows it:
// 1. Each connection is read until its peer has closed or `PATIENCE` (2 s) has passed, so a peer that closes in time gets no reset.
//    Then it leaves. (`hangup_with_unread_audio_causes_no_reset`, model `lingering_ends`) The oldest leaves earlier if there are
//    more than `MOST`, or if the server lacks descriptors. (`oldest_leaves_when_too_many_linger`,
//    `lingering_peer_is_dropped_after_enough_time`)
// 2. The list never has more than `MOST` connections. The thread may keep up to `BATCH` others open that have just left.
//    (`oldest_leaves_when_too_many_linger`, `descriptors_stay_within_the_documented_limit`)
// 3. A peer that floods the server delays no other connection. (`flooding_peer_holds_up_no_other`)
// 4. `run` returns when the list is closed and the last connection has left. (models `lingering_ends`, `lingering_ends_empty`) The
//    guard of `close_on_drop` closes the list even in a panic. (`lingering_ends_although_its_scope_panics`)

/// The connections of a server that wait for their peer to close.
///
/// If a connection is closed with unread bytes, the kernel sends a reset. Asterisk then hangs up the caller instead of continuing
/// in the dialplan (measured with 22.10). So each connection is read, and the bytes discarded, until the peer has closed or
/// [`PATIENCE`] has passed. One thread does this for all connections, so that ended calls do not occupy threads.
#[derive(Debug, Default)]
pub(super) struct Lingering {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Numbers increase, so the first connection is the oldest.
    last_number: u64,
    departing: BTreeMap<u64, Departing>,
    is_closing: bool,
}

#[derive(Clone, Debug)]
struct Departing {
    stream: Arc<TcpStream>,
    since: Instant,
}

/// The shortest time that a connection lingers, even if the server lacks descriptors. Asterisk closes within milliseconds of a
/// hangup.
const ENOUGH_TIME_TO_CLOSE: Duration = Duration::from_millis(250);

/// The pause between two rounds. Each round reads every connection, because std cannot wait for many sockets at once.
const ROUND: Duration = Duration::from_millis(20);

/// The most connections that may linger. Each costs a descriptor and a `read` every round.
const MOST: usize = 1024;

/// The number of connections that a round takes from the list at a time.
const BATCH: usize = 32;

/// The most reads of 4 KiB from one connection in a round. That is up to 819 kB/s, and Asterisk sends at most 384 kB/s (192 kHz).
const READS_A_ROUND: usize = 4;

impl Lingering {
    /// Takes over a connection on which the hangup has been sent.
    pub(super) fn add(&self, stream: Arc<TcpStream>) {
        let since = Instant::now();
        // If this fails, the connection has failed, and the first read returns its error.
        let _ = stream.set_nonblocking(true);
        let surplus = {
            let mut state = self.state();
            state.last_number = state.last_number.wrapping_add(1);
            let number = state.last_number;
            state.departing.insert(number, Departing { stream, since });
            match state.departing.len() > MOST {
                true => state.departing.pop_first(),
                false => None,
            }
        };
        self.changed.notify_one();
        if let Some((_, departing)) = surplus {
            departing.stream.abort();
        }
    }

    /// Sends the hangup on a connection on which no thread is sending, and takes it over. Does not wait.
    pub(super) fn refuse(&self, stream: Arc<TcpStream>) {
        // The three bytes of a hangup fit into an empty send buffer. If they do not, this peer cannot be reached.
        let _ = stream.set_nonblocking(true);
        hang_up(&mut FrameWriter::new(&*stream), &*stream);
        self.add(stream);
    }

    /// Drops the oldest connection to free its descriptor, if its peer has had enough time to close.
    pub(super) fn drop_one_that_stays(&self) {
        let oldest = {
            let mut state = self.state();
            match state.departing.first_entry() {
                Some(oldest) if oldest.get().since.elapsed() >= ENOUGH_TIME_TO_CLOSE => {
                    Some(oldest.remove())
                }
                _ => None,
            }
        };
        if let Some(departing) = oldest {
            departing.stream.abort();
        }
    }

    /// Returns a guard that closes the list when it is dropped, so that [`run`](Lingering::run) returns after the last connection.
    pub(super) fn close_on_drop(&self) -> CloseOnDrop<'_> {
        CloseOnDrop(self)
    }

    /// Reads the connections until the list is closed and the last one has ended.
    pub(super) fn run(&self) {
        while self.wait_for_connections() {
            let mut last = 0;
            loop {
                let batch = self.batch_after(last);
                let Some((number, _)) = batch.last() else {
                    break;
                };
                last = *number;
                let is_over = |(_, departing): &&(u64, Departing)| departing.is_over();
                for (number, departing) in batch.iter().filter(is_over) {
                    departing.stream.abort();
                    self.state().departing.remove(number);
                }
            }
            thread::sleep(ROUND);
        }
    }

    /// Waits for a connection. Returns `false` if the list is closed and empty.
    fn wait_for_connections(&self) -> bool {
        let is_idle = |state: &mut State| state.departing.is_empty() && !state.is_closing;
        let state = self
            .changed
            .wait_while(self.state(), is_idle)
            .unwrap_or_else(PoisonError::into_inner);
        !state.departing.is_empty()
    }

    fn batch_after(&self, number: u64) -> Vec<(u64, Departing)> {
        let state = self.state();
        let after = (Bound::Excluded(number), Bound::Unbounded);
        let batch = state.departing.range(after).take(BATCH);
        batch
            .map(|(number, departing)| (*number, departing.clone()))
            .collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A guard that closes the list of a [`Lingering`] when it is dropped.
pub(super) struct CloseOnDrop<'a>(&'a Lingering);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        self.0.state().is_closing = true;
        self.0.changed.notify_one();
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
        self.since.elapsed() >= PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    fn pair() -> (Arc<TcpStream>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (Arc::new(listener.accept().unwrap().0), peer)
    }

    #[test]
    fn oldest_leaves_when_too_many_linger() {
        let lingering = Lingering::default();
        let (oldest, mut its_peer) = pair();
        let (other, _peer) = pair();
        lingering.add(oldest);
        for _ in 0..MOST {
            lingering.add(Arc::clone(&other));
        }
        assert_eq!(lingering.state().departing.len(), MOST);
        assert_eq!(its_peer.read(&mut [0]).unwrap(), 0, "it is closed");
        assert_eq!(Arc::strong_count(&other), 1 + MOST);
    }

    #[test]
    fn lingering_peer_is_dropped_after_enough_time() {
        let lingering = Lingering::default();
        let (stream, mut peer) = pair();
        let since = Instant::now();
        lingering.add(stream);
        lingering.drop_one_that_stays();
        let is_left = lingering.state().departing.len() == 1;
        assert!(is_left || since.elapsed() >= ENOUGH_TIME_TO_CLOSE);
        thread::sleep(ENOUGH_TIME_TO_CLOSE);
        lingering.drop_one_that_stays();
        assert!(lingering.state().departing.is_empty());
        assert_eq!(peer.read(&mut [0]).unwrap(), 0, "it is closed");
    }

    #[test]
    fn lingering_ends_although_its_scope_panics() {
        let lingering = Lingering::default();
        let result = catch_unwind(AssertUnwindSafe(|| {
            thread::scope(|scope| {
                scope.spawn(|| lingering.run());
                let _closes = lingering.close_on_drop();
                panic!("as it should");
            })
        }));
        assert!(result.is_err());
    }

    #[test]
    fn flooding_peer_holds_up_no_other() {
        let lingering = Lingering::default();
        let (flooded, mut flooder) = pair();
        let (closed, its_peer) = pair();
        let is_left = Arc::downgrade(&closed);
        thread::scope(|scope| {
            scope.spawn(|| lingering.run());
            let closes = lingering.close_on_drop();
            lingering.add(Arc::clone(&flooded));
            lingering.add(closed);
            drop(its_peer);
            flooder.set_nonblocking(true).unwrap();
            // The flooded connection itself leaves after its patience.
            let started = Instant::now();
            while is_left.strong_count() > 0 && started.elapsed() < PATIENCE {
                let _ = flooder.write(&[1; 1 << 16]);
                thread::sleep(Duration::from_millis(1));
            }
            assert_eq!(is_left.strong_count(), 0);
            flooded.abort();
            drop(closes);
        });
    }
}
