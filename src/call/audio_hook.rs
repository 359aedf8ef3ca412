//! All audio of a call, for recording or measuring it.

use core::fmt;
use std::boxed::Box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::wire::Audio;

/// Which way audio went. See [`Call::set_audio_hook`](super::Call::set_audio_hook).
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Direction {
    /// From the peer: the caller.
    Received,
    /// From this side, silence that keeps the call alive included.
    Sent,
}

/// The hook of a call that receives all its audio.
#[derive(Default)]
pub(super) struct AudioHook {
    /// Looked at for each frame, so that a call without a hook locks nothing.
    is_on: AtomicBool,
    hook: Mutex<Option<Box<Hook>>>,
}

type Hook = dyn FnMut(Direction, Audio<'_>, Instant) + Send;

impl AudioHook {
    pub(super) fn set(&self, hook: Box<Hook>) {
        *self.hook.lock().unwrap_or_else(PoisonError::into_inner) = Some(hook);
        self.is_on.store(true, Ordering::Relaxed);
    }

    pub(super) fn tell(
        &self,
        direction: Direction,
        audio: Audio<'_>,
        at: impl FnOnce() -> Instant,
    ) {
        if !self.is_on.load(Ordering::Relaxed) {
            return;
        }
        let mut hook = self.hook.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hook) = hook.as_mut() {
            hook(direction, audio, at());
        }
    }
}

impl fmt::Debug for AudioHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AudioHook")
            .field("is_on", &self.is_on)
            .finish_non_exhaustive()
    }
}
