//! The statistics of a call, and the lateness of its frames.

use core::fmt;
use std::time::Duration;

/// The statistics of a call so far.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct CallStats {
    /// Frames received after the UUID, of any kind. The hangup frame does not count.
    pub frames_received: usize,
    /// Frames sent. The hangup frame does not count.
    pub frames_sent: usize,
    /// The lateness of the frames of [played](super::Voice::play) audio, against the call's clock.
    pub lateness: Lateness,
    /// Played frames that were late by half a frame or more: 10 ms for frames of 20 ms.
    pub late_frames: usize,
    /// Played frames that were late by a whole frame or more, or lost. Each is an audible gap. The handler or the machine was busy.
    pub gaps: usize,
    /// How often the queue was empty in the middle of audio, because its source was too slow.
    ///
    /// An empty queue counts if it is empty for a frame or more, if more audio is queued within half a second, and if neither a
    /// [mark](super::Voice::mark) nor a [clear](super::Voice::clear) was at that place.
    pub underruns: usize,
    /// Whether the audio received at 8 kHz is probably G.711.
    ///
    /// Read as linear audio, G.711 is noise. Asterisk's channel driver sends it as kind 0x10 if the dial string does not request a
    /// linear format, `/c(slin)` (measured with 22.10). The value is reliable after a second of audio. See
    /// [`ByteRate`](crate::stream::ByteRate).
    pub is_g711_suspected: bool,
}

/// The distribution of the lateness of a call's frames, against their scheduled times.
///
/// Percentiles are rounded up: by at most 16 µs below 128 µs, and by at most an eighth above.
///
/// ```
/// use std::time::Duration;
/// use audiosocket::call::Lateness;
///
/// let mut lateness = Lateness::default();
/// for _ in 0..99 {
///     lateness.record(Duration::from_micros(100));
/// }
/// lateness.record(Duration::from_millis(7));
/// assert_eq!(lateness.count(), 100);
/// assert_eq!(lateness.percentile(50), Some(Duration::from_micros(112)));
/// assert_eq!(lateness.max(), Some(Duration::from_millis(7)));
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Lateness {
    counts: [u32; BUCKETS],
    worst: Duration,
}

/// The smallest step: 16 µs.
const UNIT_US: u128 = 16;
/// The number of steps in an octave. Times below this many units count in steps of one unit.
const STEPS_PER_OCTAVE: usize = 8;
/// The number of buckets: enough for a second. The last bucket also counts all longer times.
const BUCKETS: usize = 112;

impl Lateness {
    /// Adds a frame with this lateness.
    pub fn record(&mut self, late: Duration) {
        if let Some(count) = self.counts.get_mut(bucket(late)) {
            *count = count.saturating_add(1);
        }
        self.worst = self.worst.max(late);
    }

    /// Adds all frames of another distribution, for example of another call.
    pub fn merge(&mut self, other: &Lateness) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count = count.saturating_add(more);
        }
        self.worst = self.worst.max(other.worst);
    }

    /// Returns the number of frames.
    pub fn count(&self) -> u64 {
        self.counts.iter().map(|count| u64::from(*count)).sum()
    }

    /// Returns the lateness that `percent` percent of the frames did not exceed; `None` without frames.
    ///
    /// A value above 100 means 100.
    pub fn percentile(&self, percent: u8) -> Option<Duration> {
        let count = self.count();
        // The rank is at least 1 and is rounded up, so the 99th percentile of ten frames is the latest frame.
        let rank = count
            .saturating_mul(u64::from(percent))
            .div_ceil(100)
            .clamp(1, count.max(1));
        let mut frames = 0_u64;
        for (bucket, in_bucket) in self.counts.iter().enumerate() {
            frames = frames.saturating_add(u64::from(*in_bucket));
            if frames >= rank {
                return Some(end_of(bucket).map_or(self.worst, |end| end.min(self.worst)));
            }
        }
        None
    }

    /// Returns the lateness of the latest frame, to the nanosecond; `None` without frames.
    pub fn max(&self) -> Option<Duration> {
        (self.count() > 0).then_some(self.worst)
    }
}

impl Default for Lateness {
    fn default() -> Lateness {
        Lateness {
            counts: [0; BUCKETS],
            worst: Duration::ZERO,
        }
    }
}

/// Prints the number of frames, the median, the 99th percentile and the maximum.
impl fmt::Debug for Lateness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lateness")
            .field("count", &self.count())
            .field("median", &self.percentile(50))
            .field("p99", &self.percentile(99))
            .field("worst", &self.max())
            .finish()
    }
}

fn bucket(late: Duration) -> usize {
    let units = usize::try_from(late.as_micros() / UNIT_US).unwrap_or(usize::MAX);
    let Some(octave) = (units / STEPS_PER_OCTAVE).checked_ilog2() else {
        return units;
    };
    // In its octave, the value has 8 to 15 steps of 2^octave units.
    let steps = units >> octave;
    let octave = usize::try_from(octave).unwrap_or(usize::MAX);
    octave
        .saturating_mul(STEPS_PER_OCTAVE)
        .saturating_add(steps)
        .min(BUCKETS.saturating_sub(1))
}

/// Returns the exclusive upper bound of a bucket; `None` for the last, which is unbounded.
fn end_of(bucket: usize) -> Option<Duration> {
    if bucket >= BUCKETS.saturating_sub(1) {
        return None;
    }
    let next = u64::try_from(bucket.saturating_add(1)).ok()?;
    let octave = (next / 8).saturating_sub(1);
    let units = next
        .saturating_sub(octave.saturating_mul(8))
        .checked_shl(u32::try_from(octave).ok()?)?;
    Some(Duration::from_micros(units.saturating_mul(16)))
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        let mut last = None;
        for micros in 0..1_100_000_u64 {
            let late = Duration::from_micros(micros);
            let bucket = bucket(late);
            assert!(
                last.is_none_or(|last| bucket == last || bucket == last + 1),
                "{late:?}"
            );
            if let Some(end) = end_of(bucket) {
                assert!(late < end, "{late:?} in the bucket that ends at {end:?}");
                let step = end / 8;
                assert!(end <= late + step.max(Duration::from_micros(16)));
            }
            last = Some(bucket);
        }
        assert_eq!(last, Some(BUCKETS - 1));
        assert_eq!(bucket(Duration::MAX), BUCKETS - 1);
    }

    #[test]
    fn percentile_without_frames_is_none() {
        let lateness = Lateness::default();
        assert_eq!(lateness.percentile(50), None);
        assert_eq!(lateness.max(), None);
    }

    proptest! {
        #[test]
        fn percentiles_equal_sorted_list_to_an_eighth(
            mut values in prop::collection::vec(0_u64..900_000, 1..200),
            percent in 0_u8..=100,
        ) {
            let mut first = Lateness::default();
            let mut second = Lateness::default();
            for (place, value) in values.iter().enumerate() {
                let half = if place % 2 == 0 { &mut first } else { &mut second };
                half.record(Duration::from_micros(*value));
            }
            first.merge(&second);
            values.sort_unstable();
            let sorted: Vec<Duration> = values.into_iter().map(Duration::from_micros).collect();
            let rank = (sorted.len() * usize::from(percent)).div_ceil(100).max(1);
            let exact = sorted[rank - 1];
            let answered = first.percentile(percent).unwrap();
            prop_assert!(answered >= exact);
            prop_assert!(answered <= exact + (exact / 8).max(Duration::from_micros(16)));
            prop_assert_eq!(first.max(), sorted.last().copied());
            prop_assert_eq!(first.count(), sorted.len() as u64);
        }
    }
}
