//! The clock that paces audio.

use std::time::{Duration, Instant};

/// An absolute schedule for sending audio: one frame per frame duration, without drift.
///
/// Asterisk plays audio as fast as it arrives and drops what overflows its queue (measured with 22.10), so the sender has to
/// pace it. A sender that sleeps for a frame duration after each frame is too slow, because its own work takes time too (0.5 %
/// measured). A schedule does not drift.
///
/// A sender that is less than one frame late keeps the schedule and so catches up. If it is later, the caller has already heard
/// a gap. The schedule then restarts, so that the missed frames are not sent in a burst.
///
/// The pacer has no clock of its own. You pass the time to it, so tests can use invented times.
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
    /// Returns a pacer for frames that last `frame_duration`.
    ///
    /// Use 20 ms, unless both sides are known to use another duration.
    pub const fn new(frame_duration: Duration) -> Pacer {
        Pacer {
            frame_duration,
            due: None,
        }
    }

    /// Returns the scheduled time of the next frame.
    ///
    /// Returns `None` before the first frame, which may be sent at once.
    pub const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Returns the wait until the next frame's scheduled time; zero if that has passed.
    pub fn delay(&self, now: Instant) -> Duration {
        self.due
            .map_or(Duration::ZERO, |due| due.saturating_duration_since(now))
    }

    /// Advances the schedule by one frame and returns how late the frame was.
    ///
    /// The lateness of an early frame is zero. Early frames do not shift the schedule.
    pub fn frame_sent(&mut self, now: Instant) -> Duration {
        let due = self.due.unwrap_or(now);
        let late = now.saturating_duration_since(due);
        let start = if late < self.frame_duration { due } else { now };
        self.due = start.checked_add(self.frame_duration);
        late
    }

    /// Discards the schedule. The next frame may be sent at once and starts a new schedule.
    ///
    /// Use this after a pause, before playback starts again.
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
        // Scheduled for 20 ms and sent at 40 ms: the next frame may not follow at once.
        let late = pacer.frame_sent(start + Duration::from_millis(40));
        assert_eq!(late, Duration::from_millis(20));
        assert_eq!(pacer.due(), Some(start + Duration::from_millis(60)));
    }

    #[test]
    fn pacer_lateness_does_not_accumulate() {
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
    fn stall_restarts_schedule_without_a_burst() {
        let mut pacer = Pacer::new(FRAME_TIME);
        let start = Instant::now();
        pacer.frame_sent(start);
        let stalled = start + milliseconds(20 + 3000);
        assert_eq!(pacer.frame_sent(stalled), milliseconds(3000));
        assert_eq!(pacer.delay(stalled), FRAME_TIME);
        assert_eq!(pacer.delay(stalled + milliseconds(4)), milliseconds(16));
    }

    #[test]
    fn one_frame_may_follow_at_once_but_not_two() {
        let mut pacer = Pacer::new(FRAME_TIME);
        let start = Instant::now();
        pacer.frame_sent(start);
        let late = start + milliseconds(39);
        assert_eq!(pacer.frame_sent(late), milliseconds(19));
        assert_eq!(pacer.delay(late), milliseconds(1));
    }

    #[test]
    fn early_frames_and_restarts_keep_frame_distance() {
        let mut pacer = Pacer::new(FRAME_TIME);
        let start = Instant::now();
        pacer.frame_sent(start);
        assert_eq!(pacer.frame_sent(start + milliseconds(5)), Duration::ZERO);
        assert_eq!(pacer.due(), Some(start + milliseconds(40)));
        pacer.restart();
        assert_eq!(pacer.delay(start), Duration::ZERO);
    }
}
