//! What was taken back before it was said.

use core::fmt;
use std::time::Duration;
use std::vec::Vec;

use super::Mark;
use super::playout::duration_of;
use crate::wire::SampleRate;

/// Speech that [`Voice::flush`](super::Voice::flush) has taken back. To go on with it after all, say its bytes again.
#[derive(Clone, Eq, PartialEq)]
pub struct Unsaid {
    pub(super) rate: SampleRate,
    pub(super) bytes: Vec<u8>,
    pub(super) marks: Vec<Mark>,
}

impl Unsaid {
    /// Whether all had been said.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// How long it would have lasted.
    pub fn duration(&self) -> Duration {
        duration_of(self.bytes.len(), self.rate)
    }

    /// Its samples a second.
    pub fn rate(&self) -> SampleRate {
        self.rate
    }

    /// Its samples, as they were given to [`Voice::say`](super::Voice::say).
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The marks in it and at its end, which will not come as events.
    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }
}

impl fmt::Debug for Unsaid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsaid")
            .field("duration", &self.duration())
            .field("rate", &self.rate)
            .field("marks", &self.marks)
            .finish()
    }
}
