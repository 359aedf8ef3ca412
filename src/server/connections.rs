//! The connections of a server: their limits, their lists, and their ends.

use core::fmt;
use std::collections::BTreeMap;
use std::format;
use std::net::{SocketAddr, TcpStream};
use std::string::String;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::{CallInfo, ServerStats};
use crate::call::{Line, PATIENCE, Refusal, Transport, Voice, hang_up_all};
use crate::wire::Uuid;

// A connection has an `Entry` from `enter` on. It is first in the list `pending`, until its UUID has arrived; then in
// `being_admitted`, while the `admit` hook runs; then in `calls`.
//
// Invariants, each with the test or the model (`tests/models`) that shows it:
// 1. A connection is in exactly one list until its `Entry` is dropped. Only a replaced connection, which never becomes a call,
//    leaves its list earlier. (`replaced_connection_never_becomes_a_call`, model `replacement_meets_a_uuid`)
// 2. `pending` has at most `max_pending` connections, `being_admitted` and `calls` together at most `max_calls`.
//    (`call_over_the_limit_is_refused_until_one_ends`, `new_connections_replace_old_silent_ones`, model `arrivals_meet_the_limit`)
// 3. The lists keep no connection open. An `Entry` is dropped after its connection was closed or passed to `Lingering`, so the
//    limits are limits of descriptors, too. (`connections_keep_no_descriptor_open`,
//    `descriptors_stay_within_the_documented_limit`)
// 4. Code that holds the lock never waits, calls a hook, sends, or locks a playback queue.
//    (`listing_calls_waits_for_no_queue_under_the_lock`)
// 5. Hanging up, by UUID or at the end of the grace period, waits 0.1 s in all, whatever the peers do. Calls that are left
//    `PATIENCE` (2 s) later are aborted. (`hang_up_all_waits_once_for_50_full_peers`,
//    `shutdown_takes_one_patience_whatever_peers_do`)
// 6. When the last connection leaves, the thread that waits for it is woken. No call starts after a shutdown has listed the
//    calls to hang up. (model `shutdown_meets_arrivals`)

/// The connections of a server, in three lists, and the end of the grace period during a shutdown.
pub(super) struct Connections {
    state: Mutex<State>,
    changed: Condvar,
    max_calls: usize,
    max_pending: usize,
}

#[derive(Default)]
struct State {
    /// Numbers increase, so the first entry of each map is the oldest.
    last_number: u64,
    pending: BTreeMap<u64, Pending>,
    /// These connections already count towards `max_calls`.
    being_admitted: BTreeMap<u64, Uuid>,
    calls: BTreeMap<u64, Live>,
    counts: ServerStats,
    /// The end of the grace period. Set when the shutdown starts.
    grace_ends: Option<Instant>,
}

impl State {
    fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.being_admitted.is_empty() && self.calls.is_empty()
    }

    /// Removes the oldest connection without a UUID, if it has waited for [`SURELY_SILENT`].
    fn dismiss_a_silent_one(&mut self) -> Option<Dismissed> {
        let oldest = self.pending.first_entry()?;
        if oldest.get().since.elapsed() < SURELY_SILENT {
            return None;
        }
        let oldest = oldest.remove();
        oldest.dismissal.store(REPLACED, Ordering::Relaxed);
        Some(Dismissed(oldest.stream.upgrade()))
    }

    fn lines(&self) -> Vec<Weak<Line<TcpStream>>> {
        let lines = self.calls.values().map(|live| &live.line);
        lines.cloned().collect()
    }
}

struct Pending {
    since: Instant,
    dismissal: Arc<AtomicU8>,
    stream: Weak<TcpStream>,
}

struct Live {
    uuid: Uuid,
    line: Weak<Line<TcpStream>>,
}

/// A connection that has lost its place to a newer one; `None` if it has just been closed. The caller has to hang up on it.
#[must_use = "the caller has to hang up on it"]
pub(super) struct Dismissed(pub(super) Option<Arc<TcpStream>>);

// The values of a connection's `dismissal`.
const NOT_DISMISSED: u8 = 0;
const REPLACED: u8 = 1;
const SHUTTING_DOWN: u8 = 2;

/// The shortest wait for a UUID before a newer connection may replace this one. Asterisk sends the UUID within 12 ms of connecting
/// (measured with 22.10), so an older connection is probably a silent peer. To block calls with silent connections, an attacker
/// has to make `max_pending` of them every 0.25 s.
const SURELY_SILENT: Duration = Duration::from_millis(250);

impl Connections {
    pub(super) fn new(max_calls: usize, max_pending: usize) -> Connections {
        Connections {
            state: Mutex::default(),
            changed: Condvar::new(),
            max_calls,
            max_pending,
        }
    }

    /// Enters an accepted connection, and returns its entry and the connection that it has replaced, if any.
    ///
    /// The connection keeps its place until the entry is dropped.
    pub(super) fn enter(
        self: &Arc<Self>,
        stream: &Arc<TcpStream>,
    ) -> Result<(Entry, Option<Dismissed>), Refusal> {
        let mut state = self.state();
        state.counts.accepted = state.counts.accepted.saturating_add(1);
        if state.grace_ends.is_some() {
            return Err(Refusal::ShuttingDown);
        }
        let dismissed = match state.pending.len() >= self.max_pending {
            true => Some(
                state
                    .dismiss_a_silent_one()
                    .ok_or(Refusal::TooManyPending)?,
            ),
            false => None,
        };
        state.last_number = state.last_number.wrapping_add(1);
        let number = state.last_number;
        let dismissal = Arc::new(AtomicU8::new(NOT_DISMISSED));
        let pending = Pending {
            since: Instant::now(),
            dismissal: Arc::clone(&dismissal),
            stream: Arc::downgrade(stream),
        };
        state.pending.insert(number, pending);
        let entry = Entry {
            connections: Arc::clone(self),
            number,
            dismissal,
        };
        Ok((entry, dismissed))
    }

    pub(super) fn count_refused(&self) {
        let mut state = self.state();
        state.counts.refused = state.counts.refused.saturating_add(1);
    }

    pub(super) fn counts(&self) -> ServerStats {
        let state = self.state();
        ServerStats {
            pending: state
                .pending
                .len()
                .saturating_add(state.being_admitted.len()),
            calls: state.calls.len(),
            ..state.counts
        }
    }

    pub(super) fn live_calls(&self) -> Vec<CallInfo> {
        // Outside the lock (invariant 4): the statistics lock a playback queue, which a long `play` may hold.
        let lines = self.state().lines();
        let lines = lines.iter().filter_map(Weak::upgrade);
        lines.map(|line| CallInfo::of(&line)).collect()
    }

    /// Hangs up the live calls that have this UUID, and returns their number.
    pub(super) fn hang_up(&self, uuid: Uuid) -> usize {
        let lines: Vec<_> = {
            let state = self.state();
            let with_uuid = state.calls.values().filter(|live| live.uuid == uuid);
            with_uuid.map(|live| Weak::clone(&live.line)).collect()
        };
        let lines: Vec<_> = lines.iter().filter_map(Weak::upgrade).collect();
        hang_up_all(&lines);
        lines.len()
    }

    /// Dismisses a silent connection, if there is one, to free its descriptor.
    pub(super) fn dismiss_a_silent_one(&self) -> Option<Dismissed> {
        self.state().dismiss_a_silent_one()
    }

    /// Starts the shutdown. Connections may end by themselves during `grace`. If called again, the earlier end applies.
    pub(super) fn stop(&self, grace: Duration) {
        // A grace period beyond the clock's range lasts until the calls end.
        let grace_ends = Instant::now().checked_add(grace).unwrap_or_else(far_future);
        let mut state = self.state();
        state.grace_ends = Some(
            state
                .grace_ends
                .map_or(grace_ends, |earlier| earlier.min(grace_ends)),
        );
        for pending in state.pending.values() {
            pending.dismissal.store(SHUTTING_DOWN, Ordering::Relaxed);
        }
        self.changed.notify_all();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.state().grace_ends.is_some()
    }

    /// Waits until all connections have ended, or until `PATIENCE` (2 s) after the grace period, after [`stop`](Connections::stop).
    ///
    /// Hangs up the remaining calls at the end of the grace period, and aborts those that are left `PATIENCE` later. Connections
    /// without a UUID notice the shutdown within 0.25 s, and those that are being admitted end when the hook returns.
    pub(super) fn wait_for_the_last(&self) {
        self.wait_until(|state| state.grace_ends);
        hang_up_all(&self.live_lines());
        let patience_ends = Instant::now().checked_add(PATIENCE);
        self.wait_until(|_| patience_ends);
        for line in self.live_lines() {
            line.transport.abort();
        }
    }

    fn live_lines(&self) -> Vec<Arc<Line<TcpStream>>> {
        let lines = self.state().lines();
        lines.iter().filter_map(Weak::upgrade).collect()
    }

    /// Waits until no connection is left, or until the given time.
    fn wait_until(&self, time: impl Fn(&State) -> Option<Instant>) {
        let mut state = self.state();
        while !state.is_empty() {
            let left = time(&state).map_or(Duration::ZERO, |at| {
                at.saturating_duration_since(Instant::now())
            });
            if left.is_zero() {
                return;
            }
            state = match self.changed.wait_timeout(state, left) {
                Ok((state, _)) => state,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs while the lock is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn far_future() -> Instant {
    let now = Instant::now();
    now.checked_add(Duration::from_secs(1 << 30)).unwrap_or(now)
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections")
            .field("counts", &self.counts())
            .finish_non_exhaustive()
    }
}

/// The place of a connection in the lists. Dropping it frees the place, on every path and in a panic.
#[derive(Debug)]
pub(super) struct Entry {
    connections: Arc<Connections>,
    number: u64,
    dismissal: Arc<AtomicU8>,
}

impl Entry {
    pub(super) fn thread_name(&self, prefix: &str) -> String {
        format!("{prefix}-{}", self.number)
    }

    /// Returns the reason to give up the connection, if there is one.
    pub(super) fn dismissal(&self) -> Option<Refusal> {
        match self.dismissal.load(Ordering::Relaxed) {
            REPLACED => Some(Refusal::TooManyPending),
            SHUTTING_DOWN => Some(Refusal::ShuttingDown),
            _ => None,
        }
    }

    /// Returns whether the connection has lost its place to a newer one. The accept loop has hung up on it.
    pub(super) fn is_replaced(&self) -> bool {
        self.dismissal.load(Ordering::Relaxed) == REPLACED
    }

    /// Counts a connection that has sent its UUID towards `max_calls`, ahead of the `admit` hook.
    ///
    /// Returns the number of other calls with the same UUID, including those being admitted.
    ///
    /// A connection that is refused here stays in `pending` until its entry is dropped, so that the server waits for it. It may
    /// still be replaced meanwhile. The peer can then get two hangups, and ends at the first.
    pub(super) fn start_admission(&self, uuid: Uuid) -> Result<usize, Refusal> {
        let mut state = self.connections.state();
        if self.is_replaced() {
            return Err(Refusal::TooManyPending);
        }
        if state.grace_ends.is_some() {
            return Err(Refusal::ShuttingDown);
        }
        if state.calls.len().saturating_add(state.being_admitted.len())
            >= self.connections.max_calls
        {
            return Err(Refusal::TooManyCalls);
        }
        let calls = state.calls.values().map(|live| live.uuid);
        let same = calls
            .chain(state.being_admitted.values().copied())
            .filter(|other| *other == uuid)
            .count();
        state.pending.remove(&self.number);
        state.being_admitted.insert(self.number, uuid);
        Ok(same)
    }

    /// Makes the admitted connection a call.
    ///
    /// A connection that is refused here stays in `being_admitted` until its entry is dropped, so that the server waits for it.
    pub(super) fn become_call(&self, voice: &Voice) -> Result<(), Refusal> {
        let mut state = self.connections.state();
        if state.grace_ends.is_some() {
            return Err(Refusal::ShuttingDown);
        }
        state.being_admitted.remove(&self.number);
        let live = Live {
            uuid: voice.uuid(),
            line: Arc::downgrade(voice.line()),
        };
        state.calls.insert(self.number, live);
        state.counts.calls_started = state.counts.calls_started.saturating_add(1);
        Ok(())
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut state = self.connections.state();
        state.pending.remove(&self.number);
        state.being_admitted.remove(&self.number);
        state.calls.remove(&self.number);
        drop(state);
        self.connections.changed.notify_all();
    }
}

impl CallInfo {
    fn of(line: &Line<TcpStream>) -> CallInfo {
        CallInfo {
            uuid: line.uuid,
            peer: line.peer_addr.unwrap_or(UNKNOWN_PEER),
            started: line.started(),
            stats: line.stats(),
        }
    }
}

/// A placeholder that is never shown, because a server knows the peer of each call.
const UNKNOWN_PEER: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;
    use std::sync::mpsc;
    use std::thread;

    use super::*;
    use crate::call::{Call, CallOptions};
    use crate::wire::Message;

    /// A server's end of a call, and the peer's.
    fn open() -> (Call, Arc<TcpStream>, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut frame = [0; 19];
        let uuid = Message::Uuid(Uuid::from_bytes([7; 16]));
        uuid.encode(&mut frame).unwrap();
        peer.write_all(&frame).unwrap();
        let stream = Arc::new(listener.accept().unwrap().0);
        let options = CallOptions::default();
        let call = Call::open(Arc::clone(&stream), None, options, || None).unwrap();
        (call, stream, peer)
    }

    #[test]
    fn listing_calls_waits_for_no_queue_under_the_lock() {
        let connections = Arc::new(Connections::new(1, 2));
        let (call, stream, _peer) = open();
        let (entry, _) = connections.enter(&stream).unwrap();
        entry.start_admission(call.uuid()).unwrap();
        entry.become_call(&call.voice()).unwrap();
        let (listed, is_listed) = mpsc::channel();
        thread::scope(|scope| {
            call.voice().line().while_queue_is_locked(|| {
                let connections = &connections;
                scope.spawn(move || {
                    listed.send(connections.live_calls().len()).unwrap();
                });
                // Most likely, the other thread waits for the queue by now. Whatever it does, the next connection is accepted.
                thread::sleep(Duration::from_millis(50));
                let is_free = connections.state.try_lock().is_ok();
                assert!(is_free, "accepting waits for a playback queue");
                assert!(is_listed.try_recv().is_err(), "the queue was not locked");
            });
        });
        assert_eq!(is_listed.recv(), Ok(1));
    }

    #[test]
    fn replaced_connection_never_becomes_a_call() {
        let connections = Arc::new(Connections::new(1, 1));
        let (call, stream, _peer) = open();
        let (entry, dismissed) = connections.enter(&stream).unwrap();
        assert!(dismissed.is_none());
        let too_early = connections.enter(&stream);
        assert!(matches!(too_early, Err(Refusal::TooManyPending)));
        thread::sleep(SURELY_SILENT);
        let (_newer, dismissed) = connections.enter(&stream).unwrap();
        let dismissed = dismissed.and_then(|Dismissed(stream)| stream).unwrap();
        assert!(Arc::ptr_eq(&dismissed, &stream));
        // Its UUID has come too late.
        let asked = entry.start_admission(call.uuid());
        assert!(matches!(asked, Err(Refusal::TooManyPending)), "{asked:?}");
        let counts = connections.counts();
        assert_eq!((counts.pending, counts.calls), (1, 0));
    }

    #[test]
    fn connections_keep_no_descriptor_open() {
        let connections = Arc::new(Connections::new(1, 1));
        let (call, stream, mut peer) = open();
        let (entry, _) = connections.enter(&stream).unwrap();
        entry.start_admission(call.uuid()).unwrap();
        entry.become_call(&call.voice()).unwrap();
        let connection = Arc::downgrade(&stream);
        drop((call.without_hangup_on_drop(), stream));
        assert_eq!(connection.strong_count(), 0);
        assert_eq!(std::io::Read::read(&mut peer, &mut [0]).unwrap_or(0), 0);
        // The place is taken until the entry is dropped, after the close.
        assert_eq!(connections.counts().calls, 1);
        drop(entry);
        assert_eq!(connections.counts().calls, 0);
    }
}
