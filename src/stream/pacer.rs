//! The clock by which audio is sent.

use std::time::{Duration, Instant};

/// Says when the next frame is due, on an absolute schedule: one frame a frame time, without drift.
///
/// Asterisk plays what it gets as fast as it comes and drops what overflows its queue (measured with 22.10), so the sender has
/// to keep real time. Sleeping for a frame time after each frame drifts by the time everything else takes (0.5 % measured); a
/// schedule does not.
///
/// A sender that is late keeps the schedule and so catches up, as long as it is less than one frame late. If it is later,
/// the listener has heard the gap already: the schedule starts anew instead of sending the missed frames in a burst.
///
/// It has no clock of its own: the time is passed in, so that schedules can be tested with invented times.
///
/// ```
/// use std::time::{Duration, Instant};
/// use audiosocket::stream::Pacer;
///
/// let mut pacer = Pacer::new(Duration::from_millis(20));
/// let start = Instant::now();
/// assert_eq!(pacer.delay(start), Duration::ZERO);
/// pacer.frame_sent(start);
/// assert_eq!(pacer.delay(start + Duration::from_millis(5)), Duration::from_millis(15));
/// ```
#[derive(Clone, Debug)]
pub struct Pacer {
    frame_duration: Duration,
    due: Option<Instant>,
}

impl Pacer {
    /// A clock for frames that last `frame_duration`: 20 ms, unless both sides are known to use something else.
    pub const fn new(frame_duration: Duration) -> Pacer {
        Pacer {
            frame_duration,
            due: None,
        }
    }

    /// When the next frame is due: `None` before the first, which may go at once.
    pub const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// How long to wait until the next frame is due; zero if it is due already.
    pub fn delay(&self, now: Instant) -> Duration {
        self.due
            .map_or(Duration::ZERO, |due| due.saturating_duration_since(now))
    }

    /// Moves the schedule on by one frame, and answers how late the frame was; zero for one that was early, which the schedule
    /// does not mind.
    pub fn frame_sent(&mut self, now: Instant) -> Duration {
        let due = self.due.unwrap_or(now);
        let late = now.saturating_duration_since(due);
        let start = if late < self.frame_duration { due } else { now };
        self.due = start.checked_add(self.frame_duration);
        late
    }

    /// Forgets the schedule: the next frame is due at once and starts a new one. For the pause after which speech begins again.
    pub const fn restart(&mut self) {
        self.due = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME_TIME: Duration = Duration::from_millis(20);

    fn milliseconds(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn schedule_restarts_when_a_whole_frame_late() {
        let start = Instant::now();
        let mut pacer = Pacer::new(Duration::from_millis(20));
        pacer.frame_sent(start);
        // Due at 20 ms and sent at 40 ms: the next frame is not due at once.
        let late = pacer.frame_sent(start + Duration::from_millis(40));
        assert_eq!(late, Duration::from_millis(20));
        assert_eq!(pacer.due(), Some(start + Duration::from_millis(60)));
    }

    #[test]
    fn lateness_does_not_add_up() {
        let mut pacer = Pacer::new(FRAME_TIME);
        let start = Instant::now();
        for frame in 0..1000 {
            let due = start + FRAME_TIME * frame;
            assert!(pacer.due().is_none_or(|at| at == due));
            let late = milliseconds(u64::from(frame) * 7 % 20);
            assert_eq!(pacer.delay(due + late), Duration::ZERO);
            assert_eq!(pacer.frame_sent(due + late), late, "frame {frame}");
            if frame == 0 {
                assert_eq!(late, Duration::ZERO, "the first frame sets the schedule");
            }
        }
    }

    #[test]
    fn a_stall_restarts_the_schedule_instead_of_a_burst() {
        let mut pacer = Pacer::new(FRAME_TIME);
        let start = Instant::now();
        pacer.frame_sent(start);
        let stalled = start + milliseconds(20 + 3000);
        assert_eq!(pacer.frame_sent(stalled), milliseconds(3000));
        assert_eq!(pacer.delay(stalled), FRAME_TIME);
        assert_eq!(pacer.delay(stalled + milliseconds(4)), milliseconds(16));
    }

    #[test]
    fn one_frame_may_follow_another_at_once_but_not_two() {
        let mut pacer = Pacer::new(FRAME_TIME);
        let start = Instant::now();
        pacer.frame_sent(start);
        let late = start + milliseconds(39);
        assert_eq!(pacer.frame_sent(late), milliseconds(19));
        assert_eq!(pacer.delay(late), milliseconds(1));
    }

    #[test]
    fn early_frames_and_restarts_keep_the_distance() {
        let mut pacer = Pacer::new(FRAME_TIME);
        let start = Instant::now();
        pacer.frame_sent(start);
        assert_eq!(pacer.frame_sent(start + milliseconds(5)), Duration::ZERO);
        assert_eq!(pacer.due(), Some(start + milliseconds(40)));
        pacer.restart();
        assert_eq!(pacer.delay(start), Duration::ZERO);
    }
}
