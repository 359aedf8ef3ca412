//! Audio at another rate, in its place.

use core::iter::repeat_n;
use std::collections::VecDeque;

use crate::resample::Resampler;
use crate::wire::{Audio, SampleRate};

/// A resampler whose output is aligned with its input: the delay is left out at the start and follows at the end.
///
/// Rates may change from frame to frame without a click: it starts as if the sample before had lasted, and ends as if its own last
/// sample lasted.
#[derive(Debug)]
pub(super) struct AlignedResampler {
    resampler: Resampler,
    /// The number of output samples still to be left out.
    early: usize,
    last: i16,
}

/// How long a sample lasts at either end, in milliseconds: longer than the filter, and a whole number of samples at every rate.
const LASTING: u16 = 10;

impl AlignedResampler {
    pub(super) fn new(from: SampleRate, to: SampleRate, last: i16) -> AlignedResampler {
        let mut resampler = Resampler::new(from, to);
        drop(resampler.feed(repeat_n(last, from.samples_in(LASTING))));
        AlignedResampler {
            early: resampler.delay(),
            resampler,
            last,
        }
    }

    pub(super) const fn input_rate(&self) -> SampleRate {
        self.resampler.input_rate()
    }

    /// How many samples [`finish`](AlignedResampler::finish) brings.
    pub(super) const fn pending(&self) -> usize {
        self.resampler.delay().saturating_sub(self.early)
    }

    /// Resamples a frame to the end of `output`.
    pub(super) fn feed(&mut self, audio: Audio<'_>, output: &mut VecDeque<i16>) {
        let samples = audio.samples();
        self.last = samples.clone().next_back().unwrap_or(self.last);
        let mut resampled = self.resampler.feed(samples);
        while self.early > 0 && resampled.next().is_some() {
            self.early = self.early.saturating_sub(1);
        }
        output.extend(resampled);
    }

    pub(super) fn finish(mut self, output: &mut VecDeque<i16>) {
        let pending = self.pending();
        let last = repeat_n(self.last, self.input_rate().samples_in(LASTING));
        let resampled = self.resampler.feed(last).skip(self.early);
        output.extend(resampled.take(pending));
    }
}
