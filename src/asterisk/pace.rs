//! The pace of a server's audio.

use std::time::{Duration, Instant};

use crate::wire::SampleRate;

/// The pace of a server's audio: its lead over real time, and the length of Asterisk's queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    /// The time when all audio so far will have been played, in real time.
    played_by: Instant,
    /// The time when Asterisk's queue will be empty.
    queue_empty_by: Instant,
}

/// The interval in which some bytes arrived.
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

/// The most that audio may be ahead of real time. A burst of 1 s was played without loss (measured with 22.10), so a server that
/// stalls for less on a busy machine may catch up.
const MOST_AHEAD: Duration = Duration::from_secs(1);

/// The number of audio frames that Asterisk's queue holds before it drops some, and the number that it drops (`channel.c`).
/// Measured with 22.10: a burst of 50 frames lost none, a burst of 100 lost 64, a burst of 500 lost 256 to 320.
const QUEUE_FRAMES: u32 = 96;
const DROPPED_FRAMES: u32 = 64;
/// The assumed time until the queue is one frame shorter. Nothing was lost with one frame every 10 ms, twice real time (measured
/// with 22.10), so the real queue empties faster than that. 5 ms is a safe assumption: up to four times real time.
const QUEUE_PACE: Duration = Duration::from_millis(5);

impl Pace {
    pub(super) const fn new(started: Instant) -> Pace {
        Pace {
            played_by: started,
            queue_empty_by: started,
        }
    }

    // To report no false violation, both methods assume that the audio arrived as early as possible, and compare it with the
    // latest possible time.

    /// Returns whether more audio is too far ahead of real time.
    pub(super) fn is_ahead_with(&mut self, samples: usize, rate: SampleRate, came: Came) -> bool {
        let microseconds = (samples as u64)
            .saturating_mul(1_000_000)
            .checked_div(u64::from(rate.hz()))
            .unwrap_or(0);
        let starts = self.played_by.max(came.not_before);
        self.played_by = after(starts, Duration::from_micros(microseconds));
        self.played_by.saturating_duration_since(came.not_after) > MOST_AHEAD
    }

    /// Returns whether one more frame overflows the queue, which then drops some frames.
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
    // The addition overflows only beyond the range of any clock, and so of any call.
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
        // At the 97th frame, and at every 64th after it.
        assert_eq!(
            overflows.collect::<std::vec::Vec<u32>>(),
            [97, 161, 225, 289, 353, 417, 481]
        );
    }
}
