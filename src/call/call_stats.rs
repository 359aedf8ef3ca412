//! What is counted on a call, and how late its frames were.

use core::fmt;
use std::time::Duration;

/// What has been counted on a call so far.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct CallStats {
    /// Frames received after the UUID, of any kind. The hangup frame does not count.
    pub frames_received: usize,
    /// Frames sent. The hangup frame does not count.
    pub frames_sent: usize,
    /// How late the frames of what was [said](super::Voice::play) were sent, against the call's clock.
    pub lateness: Lateness,
    /// How many of them were late by half a frame or more: 10 ms, unless frames are longer.
    pub late_frames: usize,
    /// How many of them were late by a whole frame or more, which is heard as a hole. The handler was busy, or the machine.
    pub gaps: usize,
    /// How often there was nothing to say for a frame or more in the middle of speech: more was said within half a second, and
    /// neither had a [mark](super::Voice::mark) or a [flush](super::Voice::clear) been at that place. The source of the speech
    /// was too slow.
    pub underruns: usize,
    /// Whether the audio of kind 0x10 comes at about 8,000 bytes a second: that is G.711, and noise to whoever takes it for
    /// linear audio of 8 kHz, which is 16,000. Asterisk's channel driver sends it if the caller's codec is u-law or a-law and the
    /// dial string does not ask for a linear format, `/c(slin)` (measured with 22.10). Known after a second of audio.
    pub is_g711_suspected: bool,
}

/// How late the frames of a call were sent, against the clock by which they were due: a distribution, in steps of 16 µs up to
/// 128 µs and of an eighth beyond.
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
#[derive(Clone)]
pub struct Lateness {
    counts: [u32; BUCKETS],
    worst: Duration,
}

/// Sixteen microseconds, in which the steps are counted.
const UNIT_US: u128 = 16;
/// What an octave is divided into; below the first octave that has as many units, each unit is a step.
const STEPS_PER_OCTAVE: usize = 8;
/// Enough for a second; the last also holds what is beyond.
const BUCKETS: usize = 112;

impl Lateness {
    /// Adds a frame that was so late.
    pub fn record(&mut self, late: Duration) {
        if let Some(count) = self.counts.get_mut(bucket(late)) {
            *count = count.saturating_add(1);
        }
        self.worst = self.worst.max(late);
    }

    /// Adds all frames of another distribution: of another call, say.
    pub fn merge(&mut self, other: &Lateness) {
        for (count, more) in self.counts.iter_mut().zip(other.counts) {
            *count = count.saturating_add(more);
        }
        self.worst = self.worst.max(other.worst);
    }

    /// How many frames there are.
    pub fn count(&self) -> u64 {
        self.counts.iter().map(|count| u64::from(*count)).sum()
    }

    /// How late so many of a hundred frames were at most; `None` without frames. More than 100 means 100.
    pub fn percentile(&self, percent: u8) -> Option<Duration> {
        let count = self.count();
        // At least the first frame, and rounded up: the 99th percentile of ten frames is the latest of them.
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

    /// How late the latest frame was, to the nanosecond; `None` without frames.
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

/// The number of frames, the median, the 99th percentile and the worst.
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
    // Within its octave it counts in steps of 2^octave units, of which it has 8 to 15.
    let steps = units >> octave;
    let octave = usize::try_from(octave).unwrap_or(usize::MAX);
    octave
        .saturating_mul(STEPS_PER_OCTAVE)
        .saturating_add(steps)
        .min(BUCKETS.saturating_sub(1))
}

/// What every value in a bucket is below; `None` for the last, which has no end.
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
    fn without_frames_there_is_no_answer() {
        let lateness = Lateness::default();
        assert_eq!(lateness.percentile(50), None);
        assert_eq!(lateness.max(), None);
    }

    proptest! {
        #[test]
        fn percentiles_are_those_of_a_sorted_list_to_an_eighth(
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
