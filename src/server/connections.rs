//! The connections of a server: their limits, their list, and how they are ended.

use core::fmt;
use std::collections::BTreeMap;
use std::format;
use std::net::SocketAddr;
use std::string::String;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::{CallInfo, ServerStats};
use crate::call::{PATIENCE, Refusal, Transport, Voice};
use crate::wire::Uuid;

/// The connections of a server, with and without a UUID. During a shutdown, also the time at which they must have ended.
pub(super) struct Connections {
    state: Mutex<State>,
    changed: Condvar,
    max_calls: usize,
    max_pending: usize,
}

#[derive(Default)]
struct State {
    /// Counts up, so the first entry of each map is the oldest.
    last_number: usize,
    pending: BTreeMap<usize, Pending>,
    /// Connections that have sent their UUID and wait to be admitted. They already take the place of a call.
    asking: BTreeMap<usize, Uuid>,
    calls: BTreeMap<usize, Voice>,
    counts: ServerStats,
    cut_at: Option<Instant>,
}

impl State {
    fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.asking.is_empty() && self.calls.is_empty()
    }

    /// Dismisses the oldest connection without a UUID, if it has waited for [`SURELY_SILENT`]. Returns whether it did.
    fn dismiss_a_silent_one(&mut self) -> bool {
        match self.pending.first_entry() {
            Some(oldest) if oldest.get().since.elapsed() >= SURELY_SILENT => {
                oldest.remove().is_dismissed.store(true, Ordering::Relaxed);
                true
            }
            _ => false,
        }
    }
}

struct Pending {
    since: Instant,
    is_dismissed: Arc<AtomicBool>,
}

/// How long a connection waits for its UUID before a newer one may replace it. Asterisk sends the UUID within 12 ms of connecting
/// (measured with 22.10), so a connection that has waited this long is more likely a silent peer than a call. To keep calls out
/// with silent connections, an attacker needs `max_pending` of them every 0.25 s.
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

    /// Enters an accepted connection. It keeps its place until the returned entry is dropped.
    pub(super) fn enter(self: &Arc<Self>) -> Result<Entry, Refusal> {
        let mut state = self.state();
        state.counts.accepted = state.counts.accepted.saturating_add(1);
        if state.cut_at.is_some() {
            return Err(Refusal::ShuttingDown);
        }
        if state.pending.len() >= self.max_pending && !state.dismiss_a_silent_one() {
            return Err(Refusal::TooManyPending);
        }
        state.last_number = state.last_number.wrapping_add(1);
        let number = state.last_number;
        let is_dismissed = Arc::new(AtomicBool::new(false));
        let pending = Pending {
            since: Instant::now(),
            is_dismissed: Arc::clone(&is_dismissed),
        };
        state.pending.insert(number, pending);
        Ok(Entry {
            connections: Arc::clone(self),
            number,
            is_dismissed,
        })
    }

    pub(super) fn count_refused(&self) {
        let mut state = self.state();
        state.counts.refused = state.counts.refused.saturating_add(1);
    }

    pub(super) fn counts(&self) -> ServerStats {
        let state = self.state();
        ServerStats {
            pending: state.pending.len().saturating_add(state.asking.len()),
            calls: state.calls.len(),
            ..state.counts
        }
    }

    pub(super) fn live_calls(&self) -> Vec<CallInfo> {
        self.state().calls.values().map(CallInfo::of).collect()
    }

    /// Hangs up the live calls that have this UUID, and returns their number.
    pub(super) fn hang_up(&self, uuid: Uuid) -> usize {
        let voices: Vec<Voice> = {
            let state = self.state();
            state
                .calls
                .values()
                .filter(|voice| voice.uuid() == uuid)
                .cloned()
                .collect()
        };
        voices.iter().for_each(Voice::hang_up);
        voices.len()
    }

    /// Dismisses a silent connection, if there is one, to free its descriptor.
    pub(super) fn dismiss_a_silent_one(&self) {
        self.state().dismiss_a_silent_one();
    }

    /// Starts the shutdown: connections may end by themselves during `grace`. If called again, the earlier end applies.
    pub(super) fn stop(&self, grace: Duration) {
        // A grace period beyond the clock's range lasts until the calls end.
        let cut_at = Instant::now().checked_add(grace).unwrap_or_else(far_future);
        let mut state = self.state();
        state.cut_at = Some(state.cut_at.map_or(cut_at, |earlier| earlier.min(cut_at)));
        for pending in state.pending.values() {
            pending.is_dismissed.store(true, Ordering::Relaxed);
        }
        self.changed.notify_all();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.state().cut_at.is_some()
    }

    /// Waits until all connections have ended, after [`stop`](Connections::stop). Hangs up the remaining calls at the end of the
    /// grace period, and aborts those that are left `PATIENCE` later.
    pub(super) fn wait_for_the_last(&self) {
        self.wait_until(|state| state.cut_at);
        let left: Vec<Voice> = self.state().calls.values().cloned().collect();
        left.iter().for_each(Voice::hang_up);
        let patience_ends = Instant::now().checked_add(PATIENCE);
        self.wait_until(|_| patience_ends);
        let left: Vec<Voice> = self.state().calls.values().cloned().collect();
        left.iter().for_each(|voice| voice.line().transport.abort());
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

/// The place of a connection among the live ones. Dropping it frees the place, on every path and in a panic.
#[derive(Debug)]
pub(super) struct Entry {
    connections: Arc<Connections>,
    number: usize,
    is_dismissed: Arc<AtomicBool>,
}

impl Entry {
    pub(super) fn thread_name(&self, prefix: &str) -> String {
        format!("{prefix}-{}", self.number)
    }

    /// Returns why the connection must be given up, if it must.
    pub(super) fn dismissal(&self) -> Option<Refusal> {
        if !self.is_dismissed.load(Ordering::Relaxed) {
            return None;
        }
        Some(match self.connections.is_stopping() {
            true => Refusal::ShuttingDown,
            false => Refusal::TooManyPending,
        })
    }

    /// Gives the connection the place of a call, now that it has sent its UUID. Returns how many other calls have the same UUID,
    /// including those being admitted.
    pub(super) fn ask(&self, uuid: Uuid) -> Result<usize, Refusal> {
        let mut state = self.connections.state();
        if state.cut_at.is_some() {
            return Err(Refusal::ShuttingDown);
        }
        if state.calls.len().saturating_add(state.asking.len()) >= self.connections.max_calls {
            return Err(Refusal::TooManyCalls);
        }
        let calls = state.calls.values().map(Voice::uuid);
        let same = calls
            .chain(state.asking.values().copied())
            .filter(|other| *other == uuid)
            .count();
        state.pending.remove(&self.number);
        state.asking.insert(self.number, uuid);
        Ok(same)
    }

    /// Makes the admitted connection a call. A refused connection keeps its place until it has been passed on to be ended,
    /// because the server must wait for it until then.
    pub(super) fn become_call(&self, voice: Voice) -> Result<(), Refusal> {
        let mut state = self.connections.state();
        if state.cut_at.is_some() {
            return Err(Refusal::ShuttingDown);
        }
        state.asking.remove(&self.number);
        state.calls.insert(self.number, voice);
        state.counts.calls_started = state.counts.calls_started.saturating_add(1);
        Ok(())
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut state = self.connections.state();
        state.pending.remove(&self.number);
        state.asking.remove(&self.number);
        let voice = state.calls.remove(&self.number);
        drop(state);
        drop(voice);
        self.connections.changed.notify_all();
    }
}

impl CallInfo {
    fn of(voice: &Voice) -> CallInfo {
        let line = voice.line();
        CallInfo {
            uuid: line.uuid,
            peer: line.peer_addr.unwrap_or(UNKNOWN_PEER),
            started: line.started(),
            stats: line.stats(),
        }
    }
}

/// A placeholder that is never shown. A server knows the peer of each of its calls.
const UNKNOWN_PEER: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);
