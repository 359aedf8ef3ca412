//! How many bytes a second come as linear audio of 8 kHz.

use std::time::{Duration, Instant};

/// Tells G.711 from linear audio where the kind does not: Asterisk's channel driver sends u-law and a-law under 0x10 as well
/// (measured with 22.10, without `c()` in the dial string). Linear audio of 8 kHz is 16,000 bytes a second, G.711 8,000. The
/// length of a frame would not do: 160 bytes are 20 ms of the one and 10 ms of the other.
#[derive(Debug, Default)]
pub(super) struct ByteRate {
    started: Option<Instant>,
    last: Option<Instant>,
    bytes: u64,
    is_of_g711: bool,
}

/// For how long bytes are counted before they are judged.
const WINDOW: Duration = Duration::from_secs(1);
/// A pause longer than this is none of the spacing of frames: the line was silent, or a digit was held.
const PAUSE: Duration = Duration::from_millis(100);

impl ByteRate {
    /// ServerStats a payload; answers whether the last whole second that was counted looks like G.711.
    pub(super) fn add(&mut self, payload_len: usize, at: Instant) -> bool {
        let pause = self.last.map(|last| at.saturating_duration_since(last));
        self.last = Some(at);
        let started = match (self.started, pause) {
            (Some(started), Some(pause)) if pause <= PAUSE => started,
            _ => {
                self.begin(at);
                return self.is_of_g711;
            }
        };
        self.bytes = self
            .bytes
            .saturating_add(u64::try_from(payload_len).unwrap_or(u64::MAX));
        let counted_for = at.saturating_duration_since(started);
        if counted_for >= WINDOW {
            let milliseconds = u64::try_from(counted_for.as_millis()).unwrap_or(u64::MAX);
            let a_second = self.bytes.saturating_mul(1000).checked_div(milliseconds);
            // A fifth to each side for frames that came late; linear audio is at twice the rate.
            self.is_of_g711 = a_second.is_some_and(|bytes| (6_400..=9_600).contains(&bytes));
            self.begin(at);
        }
        self.is_of_g711
    }

    /// The frame that comes now is the one from which the time is taken, so it does not count.
    fn begin(&mut self, at: Instant) {
        self.started = Some(at);
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds frames so far apart and answers what is thought at the end.
    fn thought(payload_len: usize, spacing_ms: &[u64], frames: usize) -> bool {
        let mut rate = ByteRate::default();
        let mut at = Instant::now();
        let mut thought = false;
        for spacing in spacing_ms.iter().cycle().take(frames) {
            at += Duration::from_millis(*spacing);
            thought = rate.add(payload_len, at);
        }
        thought
    }

    #[test]
    fn g711_is_told_from_linear_audio() {
        for (payload_len, spacing, is_of_g711) in [
            (160, &[20][..], true),
            (80, &[10], true),
            (480, &[60], true),
            (320, &[20], false),
            (160, &[10], false),
            (960, &[60], false),
            // Frames that come late and then together are as many.
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
    fn nothing_is_thought_before_a_second_nor_of_pauses() {
        assert!(!thought(160, &[20], 45));
        // A frame each time and then a pause: 320 bytes in 140 ms would be few.
        assert!(!thought(320, &[20, 120], 400));
    }

    #[test]
    fn it_changes_its_mind() {
        let mut rate = ByteRate::default();
        let mut at = Instant::now();
        let mut feed = |payload_len| {
            let mut thought = false;
            for _ in 0..120 {
                at += Duration::from_millis(20);
                thought = rate.add(payload_len, at);
            }
            thought
        };
        assert!(feed(160));
        assert!(!feed(320));
        assert!(feed(160));
    }
}
