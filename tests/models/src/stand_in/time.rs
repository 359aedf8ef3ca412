//! A clock that advances only when a thread sleeps or a wait times out.

use core::cell::Cell;
use core::ops::{Add, Sub};

pub use core::time::Duration;

/// A time after the start of a schedule.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Instant(Duration);

real_std::thread_local! {
    // All threads of a schedule run on one thread of the system.
    static NOW: Cell<Duration> = const { Cell::new(STARTED) };
}

/// Room for times before the start.
const STARTED: Duration = Duration::from_secs(1 << 20);

/// Starts the clock of the next schedule.
pub(crate) fn restart() {
    NOW.set(STARTED);
}

/// Sets the clock, which never goes back.
pub(crate) fn advance_to(time: Instant) {
    NOW.set(NOW.get().max(time.0));
}

impl Instant {
    pub fn now() -> Instant {
        Instant(NOW.get())
    }

    pub fn elapsed(&self) -> Duration {
        Instant::now().saturating_duration_since(*self)
    }

    pub fn duration_since(&self, earlier: Instant) -> Duration {
        self.saturating_duration_since(earlier)
    }

    pub fn saturating_duration_since(&self, earlier: Instant) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    pub fn checked_duration_since(&self, earlier: Instant) -> Option<Duration> {
        self.0.checked_sub(earlier.0)
    }

    pub fn checked_add(&self, duration: Duration) -> Option<Instant> {
        self.0.checked_add(duration).map(Instant)
    }

    pub fn checked_sub(&self, duration: Duration) -> Option<Instant> {
        self.0.checked_sub(duration).map(Instant)
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;

    fn add(self, duration: Duration) -> Instant {
        Instant(self.0 + duration)
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Instant) -> Duration {
        self.saturating_duration_since(earlier)
    }
}
