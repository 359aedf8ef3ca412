//! The connections of a server, so that they can be waited for and cut.

use core::fmt;
use std::collections::HashMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use std::vec::Vec;

use super::Voice;
use super::line::PATIENCE;

/// The live connections of a server and, once it is stopping, the time by which they have to be over.
#[derive(Default)]
pub(super) struct Connections {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    live: HashMap<usize, Connection>,
    accepted: usize,
    cut_at: Option<Instant>,
}

struct Connection {
    stream: Arc<TcpStream>,
    /// None until the UUID has come.
    voice: Option<Voice>,
}

impl Connections {
    /// Enters a connection, which is live until the answer is dropped.
    pub(super) fn enter(&self, stream: Arc<TcpStream>) -> Entry<'_> {
        let mut state = self.state();
        state.accepted = state.accepted.wrapping_add(1);
        let number = state.accepted;
        state.live.insert(
            number,
            Connection {
                stream,
                voice: None,
            },
        );
        Entry {
            connections: self,
            number,
        }
    }

    /// Lets the connections end by themselves for the time of `grace`. Called again, the earlier end counts.
    pub(super) fn stop(&self, grace: Duration) {
        // A grace that no clock can count to ends when the calls do.
        let cut_at = Instant::now().checked_add(grace).unwrap_or_else(far_future);
        let mut state = self.state();
        state.cut_at = Some(state.cut_at.map_or(cut_at, |earlier| earlier.min(cut_at)));
        self.changed.notify_all();
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.state().cut_at.is_some()
    }

    /// After [`stop`](Connections::stop): waits until all connections are over. At the end of the grace those left are hung up,
    /// and those left after that are cut.
    pub(super) fn wait_for_the_last(&self) {
        self.wait_until(|state| state.cut_at);
        let voices: Vec<Voice> = {
            let state = self.state();
            let (calls, strangers): (Vec<_>, Vec<_>) = state
                .live
                .values()
                .partition(|connection| connection.voice.is_some());
            strangers.iter().for_each(|connection| connection.cut());
            calls
                .into_iter()
                .filter_map(|connection| connection.voice.clone())
                .collect()
        };
        // Each on a thread: a peer that does not read holds the writer for a while, which must not cost the others their grace.
        thread::scope(|scope| {
            for voice in &voices {
                let hang_up = || voice.hang_up();
                if thread::Builder::new().spawn_scoped(scope, hang_up).is_err() {
                    voice.hang_up();
                }
            }
        });
        let patience_ends = Instant::now().checked_add(PATIENCE);
        self.wait_until(|_| patience_ends);
        self.state().live.values().for_each(Connection::cut);
    }

    /// Waits until no connection is live, or the time has come.
    fn wait_until(&self, time: impl Fn(&State) -> Option<Instant>) {
        let mut state = self.state();
        while !state.live.is_empty() {
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

impl Connection {
    fn cut(&self) {
        // An error means that it is cut already.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections")
            .field("live", &self.state().live.len())
            .finish_non_exhaustive()
    }
}

/// A connection's place among those that are live; dropping it gives it up, on every path and in a panic.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    connections: &'a Connections,
    number: usize,
}

impl Entry<'_> {
    /// The connection has become a call.
    pub(super) fn set_voice(&self, voice: Voice) {
        if let Some(connection) = self.connections.state().live.get_mut(&self.number) {
            connection.voice = Some(voice);
        }
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        let connection = self.connections.state().live.remove(&self.number);
        drop(connection);
        self.connections.changed.notify_all();
    }
}
