//! Timing of the audio frames in one direction: gaps, bursts and jitter.

use std::time::Duration;

use audiosocket::stream::ByteRate;
use audiosocket::wire::{Audio, SampleRate};

/// Monitor that compares the arrival times of audio frames with the duration of their audio.
#[derive(Debug, Default)]
pub struct Cadence {
    first: Option<Duration>,
    last: Option<Last>,
    audio: Duration,
    /// When the last digit arrived, if one has arrived since the last audio frame.
    digit: Option<Duration>,
    run: Option<Run>,
    gaps: usize,
    gaps_with_digit: usize,
    worst_gap: Option<Gap>,
    bursts: usize,
    jitter: Jitter,
    byte_rate: ByteRate,
}

/// Time before a frame that arrived more than two frame durations late.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Gap {
    /// When the previous frame arrived.
    pub since: Duration,
    /// Time from the previous frame to the late one.
    pub lasted: Duration,
    /// Whether a digit ended the gap. Asterisk sends no audio while a digit is held (measured with 22.10: a gap of 120 ms for a
    /// digit of 100 ms).
    pub had_digit: bool,
}

/// Frames that arrived faster than their audio lasts, and got at least two frame durations ahead.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Burst {
    /// When the first frame arrived.
    pub since: Duration,
    pub frames: usize,
    pub audio: Duration,
    /// Time from the first frame to the last.
    pub within: Duration,
}

/// Findings about one audio frame.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Noted {
    /// Time since the previous audio frame.
    pub spacing: Option<Duration>,
    pub gap: Option<Gap>,
    /// Burst that ended with the previous frame.
    pub burst: Option<Burst>,
}

/// A digit explains a gap only if it arrived at most this long before the frame.
const PAUSE: Duration = Duration::from_millis(100);

/// Minimum slack for gaps and bursts. Frames of one or two samples always deviate by more than their own duration.
const LEAST_SLACK: Duration = Duration::from_millis(20);

#[derive(Clone, Copy, Debug)]
struct Last {
    at: Duration,
    length: Duration,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    burst: Burst,
    ahead: Duration,
}

impl Cadence {
    /// Adds a frame that arrived at `at`.
    pub fn add(&mut self, at: Duration, audio: Audio<'_>) -> Noted {
        let length = Duration::from_micros(u64::from(audio.duration_us()));
        let last = self.last.replace(Last { at, length });
        let digit = self.digit.take();
        let had_digit = digit.is_some_and(|digit| at.saturating_sub(digit) <= PAUSE);
        self.audio = self.audio.saturating_add(length);
        let was_g711 = self.is_g711_suspected();
        if audio.rate() == SampleRate::Hz8000 {
            self.byte_rate.add(audio.bytes().len(), at);
        }
        let Some(last) = last else {
            self.first = self.first.or(Some(at));
            return Noted::default();
        };
        let spacing = at.saturating_sub(last.at);
        if self.is_g711_suspected() != was_g711 {
            // The earlier values were measured against the wrong frame duration.
            self.jitter = Jitter::default();
        }
        let due = last.length * self.length_factor();
        let slack = (due * 2).max(LEAST_SLACK);
        let is_gap = spacing.saturating_sub(due) > slack;
        let gap = is_gap.then_some(Gap {
            since: last.at,
            lasted: spacing,
            had_digit,
        });
        match gap {
            Some(gap) => self.count_gap(gap),
            None => self.jitter.add(spacing.abs_diff(due)),
        }
        let burst = if spacing < due * 3 / 4 {
            let run = self.run.get_or_insert(Run {
                burst: Burst {
                    since: last.at,
                    frames: 1,
                    audio: last.length,
                    within: Duration::ZERO,
                },
                ahead: Duration::ZERO,
            });
            run.burst.frames += 1;
            run.burst.audio = run.burst.audio.saturating_add(length);
            run.burst.within = at.saturating_sub(run.burst.since);
            run.ahead = run.ahead.saturating_add(due.saturating_sub(spacing));
            None
        } else {
            self.end_run(slack)
        };
        Noted {
            spacing: Some(spacing),
            gap,
            burst,
        }
    }

    /// Notes that a digit arrived as a DTMF frame.
    pub fn note_digit(&mut self, at: Duration) {
        self.digit = Some(at);
    }

    /// Notes that frames are unknown, so the next one is neither late nor early. Returns the burst before them, if there is one.
    pub fn interrupt(&mut self) -> Option<Burst> {
        let burst = self.finish();
        self.last = None;
        self.digit = None;
        self.byte_rate = ByteRate::default();
        burst
    }

    /// Returns the burst at the end of the audio, if there is one.
    pub fn finish(&mut self) -> Option<Burst> {
        let due = self.due_spacing()?;
        self.end_run((due * 2).max(LEAST_SLACK))
    }

    fn end_run(&mut self, slack: Duration) -> Option<Burst> {
        let run = self.run.take().filter(|run| run.ahead >= slack)?;
        self.bursts += 1;
        Some(run.burst)
    }

    fn count_gap(&mut self, gap: Gap) {
        if gap.had_digit {
            self.gaps_with_digit += 1;
            return;
        }
        self.gaps += 1;
        if self.worst_gap.is_none_or(|worst| gap.lasted > worst.lasted) {
            self.worst_gap = Some(gap);
        }
    }

    /// Returns the total duration of the audio.
    pub const fn audio(&self) -> Duration {
        self.audio
    }

    /// Returns the time from the first frame to the end of the last frame's audio.
    pub fn elapsed(&self) -> Duration {
        match (self.first, self.last) {
            (Some(first), Some(last)) => last.at.saturating_add(last.length).saturating_sub(first),
            _ => Duration::ZERO,
        }
    }

    /// Returns the expected time between the last frame and the next.
    pub fn due_spacing(&self) -> Option<Duration> {
        self.last.map(|last| last.length * self.length_factor())
    }

    fn length_factor(&self) -> u32 {
        // G.711 has one sample per byte.
        if self.is_g711_suspected() { 2 } else { 1 }
    }

    /// Returns the number of gaps that no digit explains.
    pub const fn gaps(&self) -> usize {
        self.gaps
    }

    pub const fn gaps_with_digit(&self) -> usize {
        self.gaps_with_digit
    }

    /// Returns the longest gap that no digit explains.
    pub const fn worst_gap(&self) -> Option<Gap> {
        self.worst_gap
    }

    pub const fn bursts(&self) -> usize {
        self.bursts
    }

    /// Returns the mean deviation of frame spacing from frame duration, in milliseconds. Gaps do not count. `None` means that
    /// fewer than two frames were measured.
    ///
    /// The deviation is D in RFC 3550, section 6.4.1. The jitter there is the running mean of D.
    pub fn jitter_ms(&self) -> Option<f64> {
        self.jitter.mean_ms()
    }

    /// Returns whether audio marked as 8 kHz linear arrives at the byte rate of G.711. Linear audio has 16,000 bytes per second,
    /// G.711 has 8,000. The result is known after one second.
    pub fn is_g711_suspected(&self) -> bool {
        self.byte_rate.is_g711_suspected()
    }
}

#[derive(Debug, Default)]
struct Jitter {
    sum_ms: f64,
    frames: usize,
}

impl Jitter {
    fn add(&mut self, deviation: Duration) {
        self.sum_ms += deviation.as_secs_f64() * 1000.0;
        self.frames += 1;
    }

    fn mean_ms(&self) -> Option<f64> {
        (self.frames > 0).then(|| self.sum_ms / self.frames as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adds frames of kind 0x10 with `payload_len` bytes. Each spacing is the time since the previous frame, in milliseconds.
    fn watched(
        payload_len: usize,
        spacings: impl IntoIterator<Item = u64>,
    ) -> (Cadence, Vec<Noted>) {
        let bytes = vec![0; payload_len];
        let mut cadence = Cadence::default();
        let mut at = Duration::from_millis(7);
        let mut noted = Vec::new();
        let mut add = |cadence: &mut Cadence, at| {
            noted.push(cadence.add(at, Audio::new(SampleRate::Hz8000, &bytes).unwrap()));
        };
        add(&mut cadence, at);
        for spacing in spacings {
            at += Duration::from_millis(spacing);
            add(&mut cadence, at);
        }
        (cadence, noted)
    }

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn gap_starts_above_two_frames_of_lateness() {
        let (cadence, noted) = watched(320, [20, 60, 61, 20]);
        let gap = Gap {
            since: ms(87),
            lasted: ms(61),
            had_digit: false,
        };
        let gaps: Vec<Option<Gap>> = noted.iter().map(|noted| noted.gap).collect();
        assert_eq!(gaps, [None, None, None, Some(gap), None]);
        assert_eq!((cadence.gaps(), cadence.worst_gap()), (1, Some(gap)));
        // The deviations are 0, 40 and 0 ms. The gap does not count.
        assert!((cadence.jitter_ms().unwrap() - 40.0 / 3.0).abs() < 1e-9);
        assert_eq!((cadence.audio(), cadence.elapsed()), (ms(100), ms(181)));
    }

    #[test]
    fn gap_during_a_digit_is_counted_separately() {
        let bytes = [0; 320];
        let audio = Audio::new(SampleRate::Hz8000, &bytes).unwrap();
        let mut cadence = Cadence::default();
        cadence.add(ms(0), audio);
        cadence.note_digit(ms(101));
        assert!(cadence.add(ms(120), audio).gap.unwrap().had_digit);
        assert!(!cadence.add(ms(240), audio).gap.unwrap().had_digit);
        // A digit long before the audio frame does not explain the gap.
        cadence.note_digit(ms(260));
        assert!(!cadence.add(ms(365), audio).gap.unwrap().had_digit);
        assert_eq!((cadence.gaps_with_digit(), cadence.gaps()), (1, 2));
        assert_eq!(cadence.worst_gap().unwrap().since, ms(240));
    }

    #[test]
    fn burst_of_two_frames_is_reported_when_it_ends() {
        let (mut cadence, noted) = watched(320, [20, 0, 1, 20, 0, 20]);
        let burst = Burst {
            since: ms(27),
            frames: 3,
            audio: ms(60),
            within: ms(1),
        };
        // The frames are ahead by 20 and 19 ms, which is less than two frames.
        assert!(noted.iter().all(|noted| noted.burst.is_none()));
        assert_eq!(cadence.finish(), None);
        let (cadence, noted) = watched(320, [20, 0, 0, 20, 0, 20]);
        assert_eq!(
            noted[4].burst,
            Some(Burst {
                within: ms(0),
                ..burst
            })
        );
        assert_eq!(cadence.bursts(), 1);
        // The server sends at twice the playback speed until the end.
        let (mut cadence, noted) = watched(320, [10; 49]);
        assert!(noted.iter().all(|noted| noted.burst.is_none()));
        let whole = Burst {
            since: ms(7),
            frames: 50,
            audio: ms(1000),
            within: ms(490),
        };
        assert_eq!(cadence.finish(), Some(whole));
        assert_eq!(cadence.finish(), None);
    }

    #[test]
    fn g711_is_detected_and_its_frames_are_not_late() {
        for (payload_len, spacing, is_of_g711) in [
            (160, 20, true),
            (80, 10, true),
            (480, 60, true),
            (320, 20, false),
            (160, 10, false),
            (960, 60, false),
        ] {
            let (cadence, noted) = watched(payload_len, [spacing; 150]);
            assert_eq!(cadence.is_g711_suspected(), is_of_g711, "{payload_len}");
            assert_eq!(cadence.jitter_ms(), Some(0.0));
            assert!(
                noted
                    .iter()
                    .all(|noted| noted.gap.is_none() && noted.burst.is_none())
            );
        }
        let (cadence, _) = watched(160, [20; 45]);
        assert!(!cadence.is_g711_suspected(), "a second is not over");
        let (cadence, _) = watched(320, [20, 120].repeat(400));
        assert!(!cadence.is_g711_suspected(), "pauses do not count");
    }
}
