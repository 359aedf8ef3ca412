//! One side of a call in a recording.

use core::iter::repeat_n;
use std::collections::VecDeque;

use super::interpolator::Interpolator;
use crate::wire::{Audio, SampleRate};

/// What one side of a call has to put into a recording and has not been written yet. All places are numbers of samples since the
/// recording began.
#[derive(Debug)]
pub(super) struct Side {
    rate: SampleRate,
    /// From where the file ends.
    unwritten: VecDeque<i16>,
    /// In use while the audio has another rate.
    interpolator: Option<Interpolator>,
    /// The last sample, as it came.
    last: i16,
    has_begun: bool,
}

/// Audio up to this late, in milliseconds, goes on where the last ended.
const JITTER: u16 = 60;

/// How far a side may be ahead of the clock, in milliseconds, before its audio is left out.
const MOST_AHEAD: u16 = 10_000;

impl Side {
    pub(super) const fn new(rate: SampleRate) -> Side {
        Side {
            rate,
            unwritten: VecDeque::new(),
            interpolator: None,
            last: 0,
            has_begun: false,
        }
    }

    /// Where its audio ends, if the file ends at `written`.
    pub(super) fn end(&self, written: u64) -> u64 {
        written.saturating_add(self.unwritten.len() as u64)
    }

    /// Puts audio where it belongs that is due at `due` by the clock; `false` if the side is so far ahead that it was left out.
    pub(super) fn put(&mut self, audio: Audio<'_>, due: u64, written: u64) -> bool {
        let end = self.end(written);
        if end.saturating_sub(due) > self.rate.samples_in(MOST_AHEAD) as u64 {
            return false;
        }
        let gap = due.saturating_sub(end);
        if !self.has_begun || gap > self.rate.samples_in(JITTER) as u64 {
            // The recording writes out what lies further back than this gap can be long.
            let gap = usize::try_from(gap).unwrap_or(usize::MAX);
            self.unwritten.extend(repeat_n(0, gap));
        }
        self.has_begun = true;
        self.append(audio);
        true
    }

    fn append(&mut self, audio: Audio<'_>) {
        let samples = audio.samples();
        let last = self.last;
        self.last = samples.clone().next_back().unwrap_or(last);
        if audio.rate() == self.rate {
            self.interpolator = None;
            self.unwritten.extend(samples);
            return;
        }
        let from = audio.rate().hz();
        let interpolator = self
            .interpolator
            .take()
            .filter(|interpolator| interpolator.from() == from);
        let mut interpolator =
            interpolator.unwrap_or(Interpolator::new(from, self.rate.hz(), last));
        for sample in samples {
            interpolator.push(sample, &mut self.unwritten);
        }
        self.interpolator = Some(interpolator);
    }

    /// The next sample to write: silence where there is none.
    pub(super) fn next_sample(&mut self) -> i16 {
        self.unwritten.pop_front().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    #[test]
    fn a_side_whose_rate_changes_goes_on_from_its_last_sample() {
        let mut side = Side::new(SampleRate::Hz16000);
        for (rate, samples) in [
            (SampleRate::Hz8000, [0, 40]),
            (SampleRate::Hz16000, [50, 60]),
            (SampleRate::Hz8000, [80, 40]),
            (SampleRate::Hz8000, [20, 20]),
            (SampleRate::Hz32000, [10, 10]),
        ] {
            let mut buffer = [0; 4];
            let audio = Audio::from_samples(rate, &samples, &mut buffer).unwrap();
            assert!(side.put(audio, 0, 0));
        }
        let end = side.end(7);
        let all: Vec<i16> = core::iter::repeat_with(|| side.next_sample())
            .take(16)
            .collect();
        assert_eq!(
            all,
            [0, 0, 0, 20, 50, 60, 60, 70, 80, 60, 40, 30, 20, 20, 20, 0]
        );
        assert_eq!(end, 7 + 15);
    }
}
