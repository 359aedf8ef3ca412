//! One side of a call in a recording.

use core::iter::repeat_n;
use std::collections::VecDeque;

use super::aligned_resampler::AlignedResampler;
use crate::wire::{Audio, SampleRate};

/// The audio of one side of a call that is not yet in the file. All positions count samples from the start of the recording.
#[derive(Debug)]
pub(super) struct Side {
    rate: SampleRate,
    /// The samples that follow after the end of the file.
    unwritten: VecDeque<i16>,
    /// Set while the audio's rate differs from the file's.
    resampler: Option<AlignedResampler>,
    /// The last sample before resampling; 0 after silence.
    last: i16,
    has_started: bool,
}

/// The largest lateness in milliseconds of audio that follows the audio before it without a gap.
const JITTER: u16 = 60;

/// The most that a side may be ahead of the clock, in milliseconds. Further audio is dropped.
const MOST_AHEAD: u16 = 10_000;

impl Side {
    pub(super) const fn new(rate: SampleRate) -> Side {
        Side {
            rate,
            unwritten: VecDeque::new(),
            resampler: None,
            last: 0,
            has_started: false,
        }
    }

    /// Returns the position at which this side's audio ends. The file ends at `written`.
    pub(super) fn end(&self, written: u64) -> u64 {
        let pending = self.resampler.as_ref().map_or(0, AlignedResampler::pending);
        let unwritten = self.unwritten.len().saturating_add(pending);
        written.saturating_add(unwritten as u64)
    }

    /// Adds audio; by the clock, it belongs at `due`. Returns `false` if it dropped the audio because the side is too far ahead.
    pub(super) fn put(&mut self, audio: Audio<'_>, due: u64, written: u64) -> bool {
        let end = self.end(written);
        if end.saturating_sub(due) > self.rate.samples_in(MOST_AHEAD) as u64 {
            return false;
        }
        let gap = due.saturating_sub(end);
        if !self.has_started || gap > self.rate.samples_in(JITTER) as u64 {
            // The gap is short, because the recording has already written everything older than half a second.
            let gap = usize::try_from(gap).unwrap_or(usize::MAX);
            self.finish_resampler();
            self.last = 0;
            self.unwritten.extend(repeat_n(0, gap));
        }
        self.has_started = true;
        self.append(audio);
        true
    }

    fn append(&mut self, audio: Audio<'_>) {
        let rate = audio.rate();
        if self.resampler.as_ref().map(AlignedResampler::input_rate) != Some(rate) {
            self.finish_resampler();
        }
        if rate == self.rate {
            self.unwritten.extend(audio.samples());
        } else {
            let (to, last) = (self.rate, self.last);
            let resampler = self
                .resampler
                .get_or_insert_with(|| AlignedResampler::new(rate, to, last));
            resampler.feed(audio, &mut self.unwritten);
        }
        self.last = audio.samples().next_back().unwrap_or(self.last);
    }

    fn finish_resampler(&mut self) {
        if let Some(resampler) = self.resampler.take() {
            resampler.finish(&mut self.unwritten);
        }
    }

    /// Returns the next sample to write, or silence.
    pub(super) fn next_sample(&mut self) -> i16 {
        if self.unwritten.is_empty() {
            // The position is long past, or the recording ends. Either way, the resampler gets no more audio.
            self.finish_resampler();
        }
        self.unwritten.pop_front().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;

    /// Returns all samples of a side that receives these frames one after the other.
    fn recorded(rate: SampleRate, frames: &[(SampleRate, &[i16])]) -> Vec<i16> {
        let mut side = Side::new(rate);
        for (rate, samples) in frames {
            let mut buffer = std::vec![0; samples.len() * 2];
            let audio = Audio::from_samples(*rate, samples, &mut buffer).unwrap();
            assert!(side.put(audio, 0, 0));
        }
        let end = side.end(0) as usize;
        let all: Vec<i16> = core::iter::repeat_with(|| side.next_sample())
            .take(end + 3)
            .collect();
        assert_eq!(all[end..], [0, 0, 0]);
        all[..end].to_vec()
    }

    #[test]
    fn change_of_rate_makes_no_click() {
        let all = recorded(
            SampleRate::Hz16000,
            &[
                (SampleRate::Hz16000, &[0, 8000, 8000]),
                (SampleRate::Hz8000, &[8000; 160]),
                (SampleRate::Hz16000, &[8000; 5]),
                (SampleRate::Hz44100, &[8000; 441]),
                (SampleRate::Hz24000, &[8000; 240]),
            ],
        );
        assert_eq!(all.len(), 3 + 320 + 5 + 160 + 160);
        assert_eq!(all[0], 0);
        let steady = |sample: &i16| sample.abs_diff(8000) <= 2;
        assert!(all[1..].iter().all(steady), "{all:?}");
    }

    #[test]
    fn resampled_sample_stays_in_its_place() {
        for &rate in SampleRate::ALL {
            for &from in SampleRate::ALL {
                let mut samples = std::vec![0; from.samples_in(20)];
                samples[from.samples_in(10)] = i16::MAX;
                let all = recorded(rate, &[(from, &samples)]);
                assert_eq!(all.len(), rate.samples_in(20), "{from} {rate}");
                let largest = all.iter().enumerate().max_by_key(|(_, sample)| **sample);
                let place = largest.map(|(place, _)| place);
                assert_eq!(place, Some(rate.samples_in(10)), "{from} {rate}");
            }
        }
    }

    #[test]
    fn gap_follows_the_end_of_resampled_audio() {
        let mut side = Side::new(SampleRate::Hz16000);
        let mut buffer = [0; 320];
        let audio = Audio::from_samples(SampleRate::Hz8000, &[8000; 160], &mut buffer).unwrap();
        // One second of silence separates the two frames.
        for (due, end) in [(0, 320), (16_320, 16_640)] {
            assert!(side.put(audio, due, 0));
            assert_eq!(side.end(0), end);
        }
        let all: Vec<i16> = core::iter::repeat_with(|| side.next_sample())
            .take(16_640)
            .collect();
        assert_eq!(all[320..16_320], [0; 16_000]);
        let inner = |samples: &[i16]| samples.iter().all(|it| it.abs_diff(8000) <= 2);
        assert!(inner(&all[40..320]) && inner(&all[16_360..]));
    }
}
