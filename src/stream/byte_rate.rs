//! The byte rate of audio, which distinguishes G.711 from linear audio of 8 kHz.

use std::time::Duration;

/// A detector that distinguishes G.711 from 8 kHz linear audio by its byte rate.
///
/// Asterisk's channel driver also sends u-law and A-law under kind 0x10 if the dial string does not request a linear format
/// (measured with 22.10, without `/c(slin)`). Linear audio of 8 kHz is 16,000 bytes per second; G.711 is 8,000. The length of a
/// frame is not enough: 160 bytes are 20 ms of G.711 or 10 ms of linear audio.
///
/// ```
/// use std::time::Duration;
/// use audiosocket::stream::ByteRate;
///
/// let mut rate = ByteRate::default();
/// for frame in 0..100 {
///     rate.add(160, Duration::from_millis(20 * frame));
/// }
/// assert!(rate.is_g711_suspected());
/// ```
#[derive(Clone, Debug, Default)]
pub struct ByteRate {
    started: Option<Duration>,
    last: Option<Duration>,
    bytes: u64,
    is_g711_suspected: bool,
}

/// The time over which bytes are counted before they are judged.
const WINDOW: Duration = Duration::from_secs(1);
/// The longest distance between two frames. A longer pause means that the line was silent or a digit was held.
const PAUSE: Duration = Duration::from_millis(100);

impl ByteRate {
    /// Counts a payload of kind 0x10 that arrived at `at`, measured from any fixed start.
    pub fn add(&mut self, payload_len: usize, at: Duration) {
        let pause = self.last.map(|last| at.saturating_sub(last));
        self.last = Some(at);
        let started = match (self.started, pause) {
            (Some(started), Some(pause)) if pause <= PAUSE => started,
            _ => return self.restart(at),
        };
        self.bytes = self
            .bytes
            .saturating_add(u64::try_from(payload_len).unwrap_or(u64::MAX));
        let counted_for = at.saturating_sub(started);
        if counted_for >= WINDOW {
            let milliseconds = u64::try_from(counted_for.as_millis()).unwrap_or(u64::MAX);
            let a_second = self.bytes.saturating_mul(1000).checked_div(milliseconds);
            // A tolerance of a fifth to each side covers late frames. Linear audio has twice the rate.
            self.is_g711_suspected = a_second.is_some_and(|bytes| (6_400..=9_600).contains(&bytes));
            self.restart(at);
        }
    }

    /// Returns whether the last second in which frames came without a pause had the rate of G.711.
    ///
    /// Returns false until there has been such a second.
    pub const fn is_g711_suspected(&self) -> bool {
        self.is_g711_suspected
    }

    /// Restarts the count with the frame that arrives now. That frame's bytes are not counted.
    fn restart(&mut self, at: Duration) {
        self.started = Some(at);
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adds frames at this spacing and returns the last verdict.
    fn thought(payload_len: usize, spacing_ms: &[u64], frames: usize) -> bool {
        let mut rate = ByteRate::default();
        let mut at = Duration::ZERO;
        let mut thought = false;
        for spacing in spacing_ms.iter().cycle().take(frames) {
            at += Duration::from_millis(*spacing);
            rate.add(payload_len, at);
            thought = rate.is_g711_suspected();
        }
        thought
    }

    #[test]
    fn g711_is_suspected_by_its_byte_rate() {
        for (payload_len, spacing, is_of_g711) in [
            (160, &[20][..], true),
            (80, &[10], true),
            (480, &[60], true),
            (320, &[20], false),
            (160, &[10], false),
            (960, &[60], false),
            // Frames that arrive late and then together have the same rate.
            (160, &[38, 2], true),
            (320, &[0, 0, 60], false),
        ] {
            assert_eq!(
                thought(payload_len, spacing, 200),
                is_of_g711,
                "{spacing:?}"
            );
        }
    }

    #[test]
    fn g711_is_not_suspected_early_or_after_pauses() {
        assert!(!thought(160, &[20], 45));
        // Two frames 20 ms apart, then a pause: 320 bytes each would be too low a rate.
        assert!(!thought(320, &[20, 120], 400));
        // Two frames of 640 bytes in 140 ms would have about the rate of G.711.
        assert!(!thought(640, &[20, 120], 400));
    }

    #[test]
    fn g711_suspicion_follows_later_audio() {
        let mut rate = ByteRate::default();
        let mut at = Duration::ZERO;
        let mut feed = |payload_len| {
            let mut thought = false;
            for _ in 0..120 {
                at += Duration::from_millis(20);
                rate.add(payload_len, at);
                thought = rate.is_g711_suspected();
            }
            thought
        };
        assert!(feed(160));
        assert!(!feed(320));
        assert!(feed(160));
    }
}
