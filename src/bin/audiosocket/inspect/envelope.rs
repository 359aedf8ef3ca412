//! Extremes of values over time, in bounded memory.

use std::time::Duration;

use audiosocket::wire::Audio;

/// Lowest and highest value in each step of time. The number of steps is limited. When time exceeds them, each pair of steps
/// becomes one step of twice the length.
#[derive(Debug)]
pub struct Envelope {
    step_us: u64,
    steps: Vec<Option<Extremes>>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Extremes {
    pub low: f32,
    pub high: f32,
}

/// Limit of the steps: two to four for each column of a picture.
const MOST_STEPS: usize = 4096;
/// One sample at 8 kHz.
const FIRST_STEP_US: u64 = 125;

impl Default for Envelope {
    fn default() -> Envelope {
        Envelope {
            step_us: FIRST_STEP_US,
            steps: Vec::new(),
        }
    }
}

impl Envelope {
    pub fn add(&mut self, at: Duration, value: f32) {
        self.widen(microseconds(at), value, value);
    }

    /// Adds one value for a span of time.
    pub fn add_span(&mut self, from: Duration, to: Duration, value: f32) {
        let (from, to) = (microseconds(from), microseconds(to.max(from)));
        // The end comes first, because only it can change the length of a step.
        self.widen(to, value, value);
        for step in from / self.step_us..to / self.step_us {
            self.widen(step * self.step_us, value, value);
        }
    }

    pub fn add_audio(&mut self, at: Duration, audio: Audio<'_>) {
        let at = microseconds(at);
        let hz = u64::from(audio.rate().hz());
        let mut samples = audio.samples().map(f32::from).enumerate();
        let Some((_, first)) = samples.next() else {
            return;
        };
        // Samples of the same step are added together.
        let (mut step_at, mut low, mut high) = (at, first, first);
        for (place, sample) in samples {
            let sample_at = at.saturating_add(place as u64 * 1_000_000 / hz);
            if sample_at / self.step_us == step_at / self.step_us {
                low = low.min(sample);
                high = high.max(sample);
            } else {
                self.widen(step_at, low, high);
                (step_at, low, high) = (sample_at, sample, sample);
            }
        }
        self.widen(step_at, low, high);
    }

    /// Returns the highest absolute value.
    pub fn peak(&self) -> f32 {
        let values = self.steps.iter().flatten();
        values.fold(0.0, |peak, value| {
            peak.max(value.low.abs()).max(value.high.abs())
        })
    }

    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Returns the extremes in each of `count` columns that divide `length` equally.
    pub fn columns(&self, length: Duration, count: usize) -> Vec<Option<Extremes>> {
        let begin_of = |column: usize| {
            let microseconds = length.as_micros() * column as u128 / count.max(1) as u128;
            u64::try_from(microseconds).unwrap_or(u64::MAX)
        };
        (0..count)
            .map(|column| {
                let begin = begin_of(column);
                let last = begin_of(column + 1).saturating_sub(1).max(begin);
                let [first, last] = [begin, last]
                    .map(|at| usize::try_from(at / self.step_us).unwrap_or(usize::MAX));
                let end = last.saturating_add(1).min(self.steps.len());
                let steps = self.steps.get(first..end).unwrap_or_default();
                steps.iter().copied().flatten().reduce(Extremes::and)
            })
            .collect()
    }

    fn widen(&mut self, at_us: u64, low: f32, high: f32) {
        let place = loop {
            match usize::try_from(at_us / self.step_us) {
                Ok(place) if place < MOST_STEPS => break place,
                _ => self.double_step(),
            }
        };
        if self.steps.len() <= place {
            self.steps.resize(place + 1, None);
        }
        let new = Extremes { low, high };
        let step = &mut self.steps[place];
        *step = Some(step.map_or(new, |old| old.and(new)));
    }

    fn double_step(&mut self) {
        self.step_us = self.step_us.saturating_mul(2);
        self.steps = self
            .steps
            .chunks(2)
            .map(|pair| pair.iter().copied().flatten().reduce(Extremes::and))
            .collect();
    }
}

impl Extremes {
    pub fn and(self, other: Extremes) -> Extremes {
        Extremes {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
        }
    }
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use audiosocket::wire::SampleRate;
    use proptest::prelude::*;

    use super::*;

    const fn us(microseconds: u64) -> Duration {
        Duration::from_micros(microseconds)
    }

    #[test]
    fn short_envelope_has_one_column_per_sample() {
        let bytes: Vec<u8> = (1..=80_i16).flat_map(i16::to_le_bytes).collect();
        let mut envelope = Envelope::default();
        envelope.add_audio(us(1000), Audio::new(SampleRate::Hz8000, &bytes).unwrap());
        let columns = envelope.columns(us(11_000), 88);
        assert!(columns[..8].iter().all(Option::is_none));
        for (place, column) in columns[8..].iter().enumerate() {
            let value = place as f32 + 1.0;
            assert_eq!(
                *column,
                Some(Extremes {
                    low: value,
                    high: value
                })
            );
        }
        assert_eq!(envelope.peak(), 80.0);
    }

    #[test]
    fn span_fills_all_columns_between() {
        let mut envelope = Envelope::default();
        envelope.add_span(us(2_000_000), us(4_000_000), 1.0);
        let columns = envelope.columns(us(10_000_000), 10);
        let filled: Vec<bool> = columns.iter().map(Option::is_some).collect();
        let none = [false; 5];
        assert_eq!(filled[..5], [false, false, true, true, true]);
        assert_eq!(filled[5..], none);
    }

    #[test]
    fn envelope_accepts_the_largest_time() {
        let mut envelope = Envelope::default();
        envelope.add(us(0), 1.0);
        envelope.add_span(us(5), Duration::MAX, 2.0);
        assert!(envelope.steps.len() <= MOST_STEPS);
        let columns = envelope.columns(us(u64::MAX), 2);
        assert_eq!(
            columns[0],
            Some(Extremes {
                low: 1.0,
                high: 2.0
            })
        );
        // An envelope that ends long before the last column.
        let mut short = Envelope::default();
        short.add(us(0), 1.0);
        assert!(short.columns(us(u64::MAX), 2)[1].is_none());
    }

    proptest! {
        #[test]
        fn long_envelope_keeps_every_value(
            values in prop::collection::vec((0_u64..1 << 44, -9.0_f32..9.0), 1..60),
            count in 1_usize..50,
        ) {
            let mut envelope = Envelope::default();
            for (at, value) in &values {
                envelope.add(us(*at), *value);
            }
            prop_assert!(envelope.steps.len() <= MOST_STEPS);
            let end = values.iter().map(|(at, _)| *at).max().unwrap_or(0) + 1;
            let columns = envelope.columns(us(end), count);
            let all = columns.iter().copied().flatten().reduce(Extremes::and).unwrap();
            prop_assert_eq!(all.low, values.iter().map(|(_, value)| *value).fold(9.0, f32::min));
            prop_assert_eq!(all.high, values.iter().map(|(_, value)| *value).fold(-9.0, f32::max));
            for (at, value) in &values {
                let column = usize::try_from(u128::from(*at) * count as u128 / u128::from(end)).unwrap();
                let seen = columns[column].unwrap();
                prop_assert!(seen.low <= *value && *value <= seen.high);
            }
        }
    }
}
