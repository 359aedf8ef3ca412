//! Distribution of times in bounded memory.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Counts of measured times, added from any thread. A time is stored with a precision of 1/128, so percentiles have that
/// precision. The longest time is exact.
#[derive(Debug)]
pub struct Histogram {
    counts: Vec<AtomicUsize>,
    /// In nanoseconds.
    longest: Mutex<u64>,
}

/// Steps for each power of two. Each value below this many nanoseconds has its own count.
const STEPS: u64 = 128;

impl Histogram {
    pub fn add(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.counts[place(nanoseconds)].fetch_add(1, Ordering::Relaxed);
        let mut longest = self.longest();
        *longest = nanoseconds.max(*longest);
    }

    /// Returns the time in milliseconds that `percent` percent of the values do not exceed. Returns `None` without values.
    pub fn percentile_ms(&self, percent: u64) -> Option<f64> {
        let counts = self
            .counts
            .iter()
            .map(|count| count.load(Ordering::Relaxed) as u64);
        let all: u64 = counts.clone().sum();
        let rank = (all * percent).div_ceil(100).max(1);
        let longest = *self.longest();
        counts
            .scan(0, |so_far, count| {
                *so_far += count;
                Some(*so_far)
            })
            .position(|so_far| so_far >= rank)
            .map(|place| highest(place).min(longest) as f64 / 1e6)
    }

    pub fn longest_ms(&self) -> Option<f64> {
        self.percentile_ms(100)
    }

    fn longest(&self) -> MutexGuard<'_, u64> {
        self.longest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram {
            counts: (0..=place(u64::MAX)).map(|_| AtomicUsize::new(0)).collect(),
            longest: Mutex::default(),
        }
    }
}

fn place(nanoseconds: u64) -> usize {
    let shift = nanoseconds
        .checked_ilog2()
        .unwrap_or(0)
        .saturating_sub(STEPS.ilog2());
    (u64::from(shift) * STEPS + (nanoseconds >> shift)) as usize
}

/// Returns the largest number of nanoseconds counted at this place.
fn highest(place: usize) -> u64 {
    let shift = (place as u64 / STEPS).saturating_sub(1);
    let lowest = place as u64 - shift * STEPS;
    (lowest << shift) + ((1 << shift) - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_precise_to_a_128th() {
        let mut last = 0;
        for shift in 0..64 {
            for time in [
                1_u64 << shift,
                (1 << shift) + ((1 << shift) / 3),
                u64::MAX >> shift,
            ] {
                let highest = highest(place(time));
                assert!(highest >= time, "{time}");
                assert!(highest - time <= time / 128, "{time}");
                assert_eq!(place(highest), place(time));
                if let Some(next) = highest.checked_add(1) {
                    assert_eq!(place(next), place(time) + 1);
                }
            }
            assert!(place(1 << shift) >= last);
            last = place(1 << shift);
        }
        assert_eq!(highest(place(u64::MAX)), u64::MAX);
    }

    #[test]
    fn percentiles_equal_sorted_times_within_precision() {
        let histogram = Histogram::default();
        assert_eq!(histogram.percentile_ms(50), None);
        assert_eq!(histogram.longest_ms(), None);
        for microseconds in (1..=20_000).rev() {
            histogram.add(Duration::from_micros(microseconds));
        }
        for percent in [1, 50, 90, 99, 100] {
            let exact = percent as f64 / 5.0;
            let found = histogram.percentile_ms(percent).unwrap();
            assert!(
                found >= exact && found <= exact * 1.01,
                "{percent}: {found}"
            );
        }
        assert_eq!(histogram.longest_ms(), Some(20.0));
    }
}
