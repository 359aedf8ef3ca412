//! How fast audio comes.

use std::time::{Duration, Instant};

use crate::wire::SampleRate;

/// How far audio is ahead of real time, and how much of it waits in Asterisk's queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// When all the audio will have been played, in real time.
    played_by: Instant,
    /// When Asterisk's queue will be empty.
    queue_empty_by: Instant,
}

/// Between which two times something came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Came {
    not_before: Instant,
    not_after: Instant,
}

impl Came {
    pub(super) const fn between(not_before: Instant, not_after: Instant) -> Came {
        Came {
            not_before,
            not_after,
        }
    }
}

/// How far ahead of real time audio may be. A second at once was played without loss (measured with 22.10), and a server that has
/// stood still for less than that on a busy machine is not to be blamed for catching up.
const MOST_AHEAD: Duration = Duration::from_secs(1);

/// How many frames of audio wait in Asterisk's queue before it drops some, and how many those are (`channel.c`; measured with
/// 22.10: of 50 frames at once none were lost, of 100 it was 64, of 500 it was 256 to 320).
const QUEUE_FRAMES: u32 = 96;
const DROPPED_FRAMES: u32 = 64;
/// How fast the queue empties, for each frame. At twice real time, a frame each 10 ms, nothing was lost (measured with 22.10); so
/// it is faster than that, and all that is slower than four times real time is taken to fit.
const QUEUE_PACE: Duration = Duration::from_millis(5);

impl Pace {
    pub(super) const fn new(started: Instant) -> Pace {
        Pace {
            played_by: started,
            queue_empty_by: started,
        }
    }

    // Both take the audio to have come as early as it can have, and look at what is left of it as late as they can: so that
    // nobody is blamed for what came while nobody looked.

    /// Whether more audio is too far ahead of real time.
    pub(super) fn is_ahead_with(&mut self, samples: usize, rate: SampleRate, came: Came) -> bool {
        let microseconds = (samples as u64)
            .saturating_mul(1_000_000)
            .checked_div(u64::from(rate.hz()))
            .unwrap_or(0);
        let starts = self.played_by.max(came.not_before);
        self.played_by = after(starts, Duration::from_micros(microseconds));
        self.played_by.saturating_duration_since(came.not_after) > MOST_AHEAD
    }

    /// Whether one more frame is too much for the queue, which then drops some.
    pub(super) fn overflows_with_a_frame(&mut self, came: Came) -> bool {
        let starts = self.queue_empty_by.max(came.not_before);
        self.queue_empty_by = after(starts, QUEUE_PACE);
        let queued = self
            .queue_empty_by
            .saturating_duration_since(came.not_after);
        let overflows = queued > QUEUE_PACE.saturating_mul(QUEUE_FRAMES);
        if overflows {
            let dropped = QUEUE_PACE.saturating_mul(DROPPED_FRAMES);
            self.queue_empty_by = self.queue_empty_by.checked_sub(dropped).unwrap_or(starts);
        }
        overflows
    }
}

fn after(time: Instant, duration: Duration) -> Instant {
    // Further than any clock counts, and so than any call lasts.
    time.checked_add(duration).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_overflow_drops_sixty_four_frames() {
        let now = Instant::now();
        let mut pace = Pace::new(now);
        let overflows = (1..=500).filter(|_| pace.overflows_with_a_frame(Came::between(now, now)));
        // At the 97th, and at each 64th from there on.
        assert_eq!(
            overflows.collect::<std::vec::Vec<u32>>(),
            [97, 161, 225, 289, 353, 417, 481]
        );
    }
}
