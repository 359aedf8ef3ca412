//! The receivers of all audio of a call: a hook, and the recordings of the call.

use core::fmt;
use std::boxed::Box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};
use std::time::Instant;
use std::vec::Vec;

use super::recording_queue::RecordingQueue;
use crate::wire::Audio;

/// The direction of audio on a call. See [`Call::set_audio_hook`](super::Call::set_audio_hook).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Direction {
    /// Audio from the peer: the caller.
    Received,
    /// Audio from this side, including the silence that keeps the call alive.
    Sent,
}

/// The hook and the recordings that receive all audio of a call.
#[derive(Default)]
pub(super) struct AudioHook {
    /// Checked at each frame, so a call without a hook locks nothing.
    is_on: AtomicBool,
    /// Likewise, for a call without a recording.
    is_recorded: AtomicBool,
    recordings: Mutex<Vec<Arc<RecordingQueue>>>,
    slot: Mutex<Slot>,
    /// Held while the hook handles a frame.
    running: Mutex<()>,
    /// The thread on which the hook is handling a frame.
    runs_on: Mutex<Option<ThreadId>>,
}

type Hook = dyn FnMut(Direction, Audio<'_>, Instant) + Send;

#[derive(Default)]
struct Slot {
    hook: Option<Box<Hook>>,
    /// The number of times the hook was set or cleared. It shows that a hook has replaced itself while it ran.
    generation: u64,
}

impl AudioHook {
    pub(super) fn set(&self, hook: Box<Hook>) {
        self.replace(Some(hook));
    }

    pub(super) fn clear(&self) {
        self.replace(None);
    }

    fn replace(&self, hook: Option<Box<Hook>>) {
        // Waits for a frame that the old hook is handling on another thread. A hook that replaces itself must not wait.
        let is_inside = *lock(&self.runs_on) == Some(thread::current().id());
        let running = (!is_inside).then(|| lock(&self.running));
        let mut slot = lock(&self.slot);
        self.is_on.store(hook.is_some(), Ordering::Relaxed);
        slot.generation = slot.generation.wrapping_add(1);
        let old = core::mem::replace(&mut slot.hook, hook);
        drop(slot);
        drop(running);
        // Last, because a value that the hook holds may use the call when it is dropped.
        drop(old);
    }

    pub(super) fn add_recording(&self, recording: Arc<RecordingQueue>) {
        let mut recordings = lock(&self.recordings);
        recordings.push(recording);
        self.is_recorded.store(true, Ordering::Relaxed);
    }

    /// Ends all recordings, because the call has ended.
    pub(super) fn end_recordings(&self) {
        let now = Instant::now();
        for recording in lock(&self.recordings).drain(..) {
            recording.end(now);
        }
    }

    /// Hands a frame to the recordings and to the hook, if there are any.
    // Inlined, because almost no call has a hook and every frame asks.
    #[inline]
    pub(super) fn run(&self, direction: Direction, audio: Audio<'_>, at: impl FnOnce() -> Instant) {
        let is_on = self.is_on.load(Ordering::Relaxed);
        if is_on || self.is_recorded.load(Ordering::Relaxed) {
            self.run_all(direction, audio, at());
        }
    }

    #[inline(never)]
    fn run_all(&self, direction: Direction, audio: Audio<'_>, at: Instant) {
        // Before the hook, because that may be slow or panic.
        let mut recordings = lock(&self.recordings);
        recordings.retain(|recording| recording.add(direction, audio, at));
        if recordings.is_empty() {
            self.is_recorded.store(false, Ordering::Relaxed);
        }
        drop(recordings);
        if self.is_on.load(Ordering::Relaxed) {
            self.run_hook(direction, audio, at);
        }
    }

    fn run_hook(&self, direction: Direction, audio: Audio<'_>, at: Instant) {
        // Declared first and so dropped last, also in a panic: a value that the hook holds may use the call when it is dropped.
        let mut taken;
        let _running = lock(&self.running);
        let generation = {
            let mut slot = lock(&self.slot);
            taken = slot.hook.take();
            slot.generation
        };
        let Some(hook) = &mut taken else { return };
        *lock(&self.runs_on) = Some(thread::current().id());
        let inside = Inside(&self.runs_on);
        hook(direction, audio, at);
        drop(inside);
        let mut slot = lock(&self.slot);
        if slot.generation == generation {
            slot.hook = taken.take();
        }
    }
}

/// Ends the recordings of a line that is dropped without an end.
impl Drop for AudioHook {
    fn drop(&mut self) {
        self.end_recordings();
    }
}

/// A guard that notes the end of a hook's run, also in a panic.
struct Inside<'a>(&'a Mutex<Option<ThreadId>>);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        *lock(self.0) = None;
    }
}

/// Locks a mutex. After a panic in a hook, its contents are consistent, because a hook that panics is dropped.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for AudioHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AudioHook")
            .field("is_on", &self.is_on)
            .field("is_recorded", &self.is_recorded)
            .finish_non_exhaustive()
    }
}
