//! The connections of a server: how many there may be, which they are, and how they are waited for and cut.

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

/// The connections of a server, those without a UUID and those that are calls, and once it is stopping the time by which they
/// have to be over.
pub(super) struct Connections {
    state: Mutex<State>,
    changed: Condvar,
    max_calls: usize,
    max_pending: usize,
}

#[derive(Default)]
struct State {
    /// Counts up, so the first in either map is the oldest.
    last_number: usize,
    pending: BTreeMap<usize, Pending>,
    /// Those that have sent their UUID and wait to be admitted. They have the place of a call already.
    asking: BTreeMap<usize, Uuid>,
    calls: BTreeMap<usize, Voice>,
    counts: ServerStats,
    cut_at: Option<Instant>,
}

impl State {
    fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.asking.is_empty() && self.calls.is_empty()
    }

    /// Sends away the connection that has been without a UUID for longest, if that is long enough; answers whether.
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

/// A connection that has been without a UUID for so long gives its place to a newer one when there are too many. Asterisk sends
/// the UUID within 12 ms of connecting (measured with 22.10), so it is more likely to be a silent peer than a call; and whoever
/// wants to keep calls out with silent connections needs as many of them every quarter of a second as may be pending.
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

    /// Enters a connection that has been accepted. It has its place until the answer is dropped.
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

    /// Hangs up the live calls that have this UUID, and answers how many those were.
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

    /// Frees a descriptor, if a silent connection holds one.
    pub(super) fn dismiss_a_silent_one(&self) {
        self.state().dismiss_a_silent_one();
    }

    /// Lets the connections end by themselves for the time of `grace`. Called again, the earlier end counts.
    pub(super) fn stop(&self, grace: Duration) {
        // A grace that no clock can count to ends when the calls do.
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

    /// After [`stop`](Connections::stop): waits until all connections are over. At the end of the grace those left are hung up,
    /// and those left after that are cut.
    pub(super) fn wait_for_the_last(&self) {
        self.wait_until(|state| state.cut_at);
        let left: Vec<Voice> = self.state().calls.values().cloned().collect();
        left.iter().for_each(Voice::hang_up);
        let patience_ends = Instant::now().checked_add(PATIENCE);
        self.wait_until(|_| patience_ends);
        let left: Vec<Voice> = self.state().calls.values().cloned().collect();
        left.iter().for_each(|voice| voice.line().transport.abort());
    }

    /// Waits until no connection is left, or the time has come.
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
        // Nothing that can panic runs while it is held.
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

/// A connection's place among those that are live; dropping it gives it up, on every path and in a panic.
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

    /// Why the connection is to be given up, if it is.
    pub(super) fn dismissal(&self) -> Option<Refusal> {
        if !self.is_dismissed.load(Ordering::Relaxed) {
            return None;
        }
        Some(match self.connections.is_stopping() {
            true => Refusal::ShuttingDown,
            false => Refusal::TooManyPending,
        })
    }

    /// The connection has sent its UUID and gets the place of a call, if there is one. Answers how many calls there are with the
    /// same UUID, those that are just asking included.
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

    /// The connection has been admitted. One that is refused instead keeps its place until it has been handed over to be ended,
    /// since until then it is to be waited for.
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

/// A server knows the peer of each of its calls, so this is never seen.
const UNKNOWN_PEER: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED), 0);
