//! State shared by the threads of a load: all its calls, and its clock.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::placed_call::PlacedCall;
use super::tally::Tally;
use crate::histogram::Histogram;

#[derive(Debug)]
pub struct Run {
    /// Number of the run. See [`Stamp::run`](super::stamp::Stamp::run).
    pub number: u32,
    pub address: SocketAddr,
    pub started: Instant,
    pub frames_per_call: u32,
    pub calls: Vec<PlacedCall>,
    pub round_trips: Histogram,
    /// How late frames were sent, measured by the clock.
    pub lateness: Histogram,
    /// Delay because this machine could not keep up.
    behind: Mutex<Duration>,
    is_stopped: AtomicBool,
}

pub const FRAME_TIME: Duration = Duration::from_millis(20);
const CALLS_PER_SHARE: usize = 250;
/// Limits the rate to 1000 new calls per second, as with real callers at their busiest.
const CALLS_PER_FRAME_TIME: usize = 20;
/// Frame times for the start of up to 1000 calls, one second in all. Each call starts a frame time after the one before, so fewer
/// than 50 calls take less than a second.
const FRAME_TIMES_TO_START: usize = 50;

impl Run {
    pub fn new(
        number: u32,
        address: SocketAddr,
        frames_per_call: u32,
        calls: Vec<PlacedCall>,
    ) -> Run {
        Run {
            number,
            address,
            started: Instant::now(),
            frames_per_call,
            calls,
            round_trips: Histogram::default(),
            lateness: Histogram::default(),
            behind: Mutex::default(),
            is_stopped: AtomicBool::new(false),
        }
    }

    /// Returns the nanoseconds since the start.
    pub fn nanoseconds(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// Returns when a call is placed, as the time since the start.
    pub fn start_of(&self, call: u32) -> Duration {
        start(call, self.calls.len())
    }

    pub fn time_left_to(&self, time: Duration) -> Duration {
        time.saturating_sub(self.started.elapsed())
    }

    /// Returns how far the last frames were behind their original schedule. It is above zero if this machine is too slow.
    pub fn behind(&self) -> Duration {
        *self.most_behind()
    }

    fn most_behind(&self) -> MutexGuard<'_, Duration> {
        self.behind.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes all calls hang up.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }

    pub fn is_stopped(&self) -> bool {
        self.is_stopped.load(Ordering::Relaxed)
    }

    /// Returns the frames sent and received so far, for all calls.
    pub fn tally(&self) -> Tally {
        let mut all = Tally::default();
        for call in &self.calls {
            all += call.tally();
        }
        all
    }

    /// Returns how many threads [`pace`](Run::pace) the calls. For 1000 calls, with the server on the same two cores, one thread
    /// sent half of the frames over 6 ms late. With four threads it was 0.5 ms.
    pub fn shares(calls: usize) -> usize {
        calls.div_ceil(CALLS_PER_SHARE)
    }

    /// Sends all frames of a share of the calls, each at its scheduled time.
    pub fn pace(&self, share: usize) {
        let shares = Run::shares(self.calls.len());
        let calls = || (0..).zip(&self.calls).skip(share).step_by(shares);
        let (mut round, mut behind) = (Duration::ZERO, Duration::ZERO);
        while !self.is_stopped() && !calls().all(|(_, call)| call.has_sent_all(self)) {
            for (number, call) in calls() {
                let due = round + behind + phase(number, self.calls.len());
                thread::sleep(self.time_left_to(due));
                if call.has_sent_all(self) || !call.is_under_way() {
                    continue;
                }
                let late = self.started.elapsed().saturating_sub(due);
                self.lateness.add(late);
                if late >= FRAME_TIME {
                    // A call never sends two frames at once, so the schedule moves by the delay.
                    behind += late;
                }
                call.send_next(self);
            }
            round += FRAME_TIME;
        }
        let mut most_behind = self.most_behind();
        *most_behind = behind.max(*most_behind);
    }
}

/// Returns when one of `calls` calls is placed. The calls start within a second or more, and no two at the same time. Each call
/// starts at the scheduled time of its first frame.
fn start(call: u32, calls: usize) -> Duration {
    let frame_times = FRAME_TIMES_TO_START.max(calls.div_ceil(CALLS_PER_FRAME_TIME));
    FRAME_TIME * (call % frame_times as u32) + phase(call, calls)
}

/// Returns the offset of a call's frames in each frame time. The offsets are spread evenly, so the server's load is even too.
fn phase(call: u32, calls: usize) -> Duration {
    FRAME_TIME * call / calls.max(1) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_start_within_1_s_or_at_1000_per_second() {
        for (calls, last) in [(1, 0), (10, 198), (500, 999), (1000, 999), (5000, 4999)] {
            let mut starts: Vec<Duration> =
                (0..calls as u32).map(|call| start(call, calls)).collect();
            starts.sort_unstable();
            assert_eq!(starts[0], Duration::ZERO);
            assert_eq!(starts[calls - 1].as_millis(), last, "{calls}");
            starts.dedup();
            assert_eq!(starts.len(), calls);
            for second in 0..5 {
                let begin = Duration::from_secs(second);
                let within =
                    |start: &&Duration| (begin..begin + Duration::from_secs(1)).contains(*start);
                assert!(starts.iter().filter(within).count() <= 1000.min(calls));
            }
        }
    }

    #[test]
    fn phases_are_spread_evenly() {
        for calls in [1, 3, 10, 500, 1000] {
            let phases: Vec<Duration> = (0..calls as u32).map(|call| phase(call, calls)).collect();
            let step = FRAME_TIME / calls as u32;
            for pair in phases.windows(2) {
                let gap = pair[1] - pair[0];
                assert!(gap.abs_diff(step) <= Duration::from_nanos(1));
            }
            assert!(phases[calls - 1] < FRAME_TIME);
        }
    }
}
