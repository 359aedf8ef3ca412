//! A resampler without a delay.

use core::iter::repeat_n;
use std::collections::VecDeque;

use crate::resample::Resampler;
use crate::wire::{Audio, SampleRate};

/// A resampler whose output is aligned with its input.
///
/// It drops the samples of the filter's delay at the start, and [`finish`](AlignedResampler::finish) returns as many at the end.
/// To avoid a click when the rate changes between frames, it extends the audio at both ends by constant samples: before the
/// start, the last sample of the earlier audio; after the end, its own last sample.
#[derive(Debug)]
pub(super) struct AlignedResampler {
    resampler: Resampler,
    /// The number of output samples still to be dropped.
    early: usize,
    /// The last sample of the input.
    last: i16,
}

/// The extension of the audio at each end, in milliseconds: longer than the filter, and whole samples at every rate.
const EXTENSION: u16 = 10;

impl AlignedResampler {
    pub(super) fn new(from: SampleRate, to: SampleRate, last: i16) -> AlignedResampler {
        let mut resampler = Resampler::new(from, to);
        drop(resampler.feed(repeat_n(last, from.samples_in(EXTENSION))));
        AlignedResampler {
            early: resampler.delay(),
            resampler,
            last,
        }
    }

    pub(super) const fn input_rate(&self) -> SampleRate {
        self.resampler.input_rate()
    }

    /// Returns how many samples [`finish`](AlignedResampler::finish) will append.
    pub(super) const fn pending(&self) -> usize {
        self.resampler.delay().saturating_sub(self.early)
    }

    /// Resamples a frame and appends the samples to `output`.
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
        let last = repeat_n(self.last, self.input_rate().samples_in(EXTENSION));
        let resampled = self.resampler.feed(last).skip(self.early);
        output.extend(resampled.take(pending));
    }
}
