//! DTMF digits to samples.

use core::borrow::Borrow;
use core::iter::Fuse;
use core::num::Wrapping;

use super::group::pair;
use super::level::peak;
use super::sine::{cosine, phase_step, sine};
use crate::wire::{Digit, SampleRate};

/// A generator of DTMF tones: their rate, levels and lengths.
///
/// ```
/// use audiosocket::tone::Generator;
/// use audiosocket::wire::{Digit, SampleRate};
///
/// let digits = "42#".chars().filter_map(|character| Digit::try_from(character).ok());
/// let mut tones = Generator::new(SampleRate::Hz8000).with_lengths(60, 40).digits(digits);
/// let mut frame = [0; 160];
/// let mut samples = 0;
/// loop {
///     let count = tones.fill(&mut frame);
///     if count == 0 {
///         break;
///     }
///     samples += count;
/// }
/// assert_eq!(samples, 3 * (480 + 320));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Generator {
    rate: SampleRate,
    low_peak: i32,
    high_peak: i32,
    tone_len: u32,
    pause_len: u32,
}

impl Generator {
    /// Creates a generator of 100 ms tones and 100 ms pauses.
    ///
    /// The low tone has -9 dBm0, the high tone -7 dBm0, so their sum stays 5 dB below clipping. The high tone is louder, as in
    /// telephones, because lines weaken it more. Receivers need 40 ms of tone and 40 ms of pause (ITU-T Q.24).
    pub fn new(rate: SampleRate) -> Generator {
        let silent = Generator {
            rate,
            low_peak: 0,
            high_peak: 0,
            tone_len: 0,
            pause_len: 0,
        };
        silent.with_levels(-9, -7).with_lengths(100, 100)
    }

    /// Sets the levels of the two tones in dBm0, from -70 to +3. Levels beyond are clamped.
    ///
    /// A sine of 0 dBm0 has [a peak of 22,827](super#levels). Two tones above -3 dBm0 clip.
    #[must_use]
    pub fn with_levels(self, low_dbm0: i8, high_dbm0: i8) -> Generator {
        Generator {
            low_peak: peak(low_dbm0),
            high_peak: peak(high_dbm0),
            ..self
        }
    }

    /// Sets the lengths of each tone and of the pause after it, in milliseconds.
    ///
    /// A tone has at least 1 ms. It starts and ends with a ramp of 2 ms, so that it does not click.
    #[must_use]
    pub fn with_lengths(self, tone_ms: u16, pause_ms: u16) -> Generator {
        Generator {
            tone_len: self.rate.samples_in(tone_ms.max(1)) as u32,
            pause_len: self.rate.samples_in(pause_ms) as u32,
            ..self
        }
    }

    /// Returns the samples of these digits, which may be references or values.
    ///
    /// A pause follows each tone. The last pause keeps the tone apart from the audio after it.
    pub fn digits<I>(self, digits: I) -> Tones<I::IntoIter>
    where
        I: IntoIterator,
        I::Item: Borrow<Digit>,
    {
        Tones {
            generator: self,
            digits: digits.into_iter().fuse(),
            sounding: None,
        }
    }
}

/// An iterator over the samples of some digits, created by [`Generator::digits`].
///
/// [`fill`](Tones::fill) writes them to slices.
#[derive(Clone, Debug)]
pub struct Tones<I> {
    generator: Generator,
    digits: Fuse<I>,
    sounding: Option<Sounding>,
}

impl<I> Tones<I>
where
    I: Iterator,
    I::Item: Borrow<Digit>,
{
    /// Writes the next samples and returns their number.
    ///
    /// The number is smaller than the slice where the tones end, and 0 after that. The rest of the slice stays unchanged.
    pub fn fill(&mut self, samples: &mut [i16]) -> usize {
        let mut filled = 0_usize;
        for (sample, next) in samples.iter_mut().zip(self) {
            *sample = next;
            filled = filled.wrapping_add(1);
        }
        filled
    }
}

impl<I> Iterator for Tones<I>
where
    I: Iterator,
    I::Item: Borrow<Digit>,
{
    type Item = i16;

    #[inline]
    fn next(&mut self) -> Option<i16> {
        loop {
            let sounding = self.sounding.as_mut();
            if let Some(sample) = sounding.and_then(|digit| digit.next_sample(&self.generator)) {
                return Some(sample);
            }
            let digit = self.digits.next()?;
            self.sounding = Some(Sounding::new(*digit.borrow(), &self.generator));
        }
    }
}

/// The length of a ramp. A shorter ramp clicks; a longer ramp takes too much of a tone of 40 ms.
const RAMP_MS: u16 = 2;

/// One digit and the pause after it.
#[derive(Clone, Copy, Debug)]
struct Sounding {
    low: Oscillator,
    high: Oscillator,
    ramp_len: u32,
    /// The phase advance in each sample of a ramp; half a turn in all.
    ramp_step: Wrapping<u32>,
    done: u32,
}

impl Sounding {
    fn new(digit: Digit, generator: &Generator) -> Sounding {
        let (low, high) = pair(digit);
        let ramp_len = generator.rate.samples_in(RAMP_MS) as u32;
        let ramp_len = ramp_len.min(generator.tone_len / 2);
        let ramp_step = HALF_TURN.checked_div(ramp_len.wrapping_add(1));
        Sounding {
            low: Oscillator::new(low, generator.rate),
            high: Oscillator::new(high, generator.rate),
            ramp_len,
            ramp_step: Wrapping(ramp_step.unwrap_or(0)),
            done: 0,
        }
    }

    fn next_sample(&mut self, generator: &Generator) -> Option<i16> {
        let done = self.done;
        if done >= generator.tone_len.wrapping_add(generator.pause_len) {
            return None;
        }
        self.done = done.wrapping_add(1);
        let Some(left) = generator.tone_len.checked_sub(self.done) else {
            return Some(0);
        };
        // Peaks are below 2^15, so the sum of two products stays below 2^31, like the weighted sum below.
        let low = Wrapping(generator.low_peak) * self.low.next_sine();
        let high = Wrapping(generator.high_peak) * self.high.next_sine();
        let mut sum = (low + high + Wrapping(1 << 14)) >> 15;
        let from_edge = done.min(left);
        if from_edge < self.ramp_len {
            let place = self.ramp_step * Wrapping(from_edge.wrapping_add(1));
            let weight = (Wrapping(1 << 15) - Wrapping(cosine(place))) >> 1;
            sum = (sum * weight) >> 15;
        }
        Some(sum.0.clamp(i16::MIN.into(), i16::MAX.into()) as i16)
    }
}

const HALF_TURN: u32 = 1 << 31;

/// An endless sine. Its phase is an exact integer, so neither frequency nor amplitude drifts.
#[derive(Clone, Copy, Debug)]
struct Oscillator {
    phase: Wrapping<u32>,
    step: Wrapping<u32>,
}

impl Oscillator {
    fn new(hertz: u16, rate: SampleRate) -> Oscillator {
        Oscillator {
            phase: Wrapping(0),
            step: phase_step(hertz, rate),
        }
    }

    fn next_sine(&mut self) -> Wrapping<i32> {
        let value = sine(self.phase);
        self.phase += self.step;
        Wrapping(value)
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{PI, TAU};
    use std::vec::Vec;

    use super::*;

    /// The exact samples of a digit, in floating point.
    fn oracle(rate: SampleRate, hertz: [f64; 2], dbm0: [f64; 2], ms: f64) -> impl Fn(usize) -> f64 {
        let rate = f64::from(rate.hz());
        let len = (rate * ms / 1000.0).floor();
        let ramp_len = (rate * 0.002).floor();
        move |place| {
            let place = place as f64;
            let tone = |index: usize| {
                let peak = 22_827.0 * 10_f64.powf(dbm0[index] / 20.0);
                peak * (TAU * hertz[index] * place / rate).sin()
            };
            let from_edge = place.min(len - 1.0 - place) + 1.0;
            let weight = (1.0 - (PI * (from_edge / (ramp_len + 1.0)).min(1.0)).cos()) / 2.0;
            weight * (tone(0) + tone(1))
        }
    }

    fn digit(character: char) -> Digit {
        Digit::try_from(character).unwrap()
    }

    #[test]
    fn every_digit_is_two_sines_with_ramps() {
        for &rate in SampleRate::ALL {
            for key in Digit::ALL {
                let (low, high) = pair(key);
                let sine = oracle(rate, [low.into(), high.into()], [-9.0, -7.0], 40.0);
                let tones = Generator::new(rate).with_lengths(40, 20).digits([key]);
                let samples: Vec<i16> = tones.collect();
                let (tone, pause) = samples.split_at(rate.samples_in(40));
                for (place, sample) in tone.iter().enumerate() {
                    let off = (f64::from(*sample) - sine(place)).abs();
                    assert!(off < 6.0, "{key} at {rate}, sample {place}: {off} off");
                }
                assert_eq!(pause, std::vec![0; rate.samples_in(20)], "{key} at {rate}");
            }
        }
    }

    #[test]
    fn ten_seconds_of_tone_do_not_drift() {
        for (&rate, key) in SampleRate::ALL.iter().zip(Digit::ALL) {
            let (low, high) = pair(key);
            let sine = oracle(rate, [low.into(), high.into()], [-9.0, -7.0], 10_000.0);
            let tones = Generator::new(rate).with_lengths(10_000, 0).digits([key]);
            // The sines of the oracle are slow, so this compares every seventh sample.
            for (place, sample) in tones.enumerate().step_by(7) {
                // Only one error grows: a step is up to 2^-32 of a turn too short, 0.000,06 % at 192 kHz.
                let behind = TAU * place as f64 / 4_294_967_296.0 * 18_500.0;
                let off = (f64::from(sample) - sine(place)).abs();
                assert!(
                    off < 6.0 + behind,
                    "{key} at {rate}, sample {place}: {off} off"
                );
            }
        }
    }

    #[test]
    fn too_loud_tones_clip_without_wrapping() {
        let loud = Generator::new(SampleRate::Hz8000).with_levels(100, 3);
        let sine = oracle(SampleRate::Hz8000, [941.0, 1336.0], [3.0, 3.0], 100.0);
        let mut clipped = 0;
        for (place, sample) in loud.digits([digit('0')]).take(800).enumerate() {
            let expected = sine(place).clamp(-32_768.0, 32_767.0);
            assert!(
                (f64::from(sample) - expected).abs() < 12.0,
                "sample {place}"
            );
            clipped += i32::from(sample == i16::MIN || sample == i16::MAX);
        }
        assert!(clipped > 100);
    }

    #[test]
    fn tone_and_pause_lengths_are_as_set() {
        for &rate in SampleRate::ALL {
            for (tone_ms, pause_ms) in [(0, 0), (1, 0), (3, 7), (40, 40)] {
                let generator = Generator::new(rate).with_lengths(tone_ms, pause_ms);
                let len = rate.samples_in(tone_ms.max(1)) + rate.samples_in(pause_ms);
                assert_eq!(
                    generator.digits([digit('7')]).count(),
                    len,
                    "{tone_ms} ms at {rate}"
                );
            }
        }
        let none: [Digit; 0] = [];
        assert_eq!(Generator::new(SampleRate::Hz8000).digits(none).next(), None);
    }

    #[test]
    fn longest_tone_has_its_length() {
        // Milliseconds times hertz exceed 32 bits.
        let generator = Generator::new(SampleRate::Hz96000).with_lengths(u16::MAX, 0);
        assert_eq!(generator.digits([digit('7')]).count(), 65_535 * 96);
    }

    #[test]
    fn fill_in_any_pieces_yields_the_same_samples() {
        let tones = || {
            Generator::new(SampleRate::Hz8000)
                .with_lengths(5, 3)
                .digits(Digit::ALL)
        };
        let whole: Vec<i16> = tones().collect();
        for len in 1..=whole.len() + 1 {
            let (mut tones, mut pieces) = (tones(), Vec::new());
            loop {
                let mut piece = std::vec![-1; len + 1];
                let count = tones.fill(&mut piece[..len]);
                assert_eq!(piece[count..], std::vec![-1; len + 1 - count]);
                pieces.extend_from_slice(&piece[..count]);
                if count < len {
                    break;
                }
            }
            assert_eq!(pieces, whole, "pieces of {len}");
            assert_eq!(tones.fill(&mut [0; 4]), 0);
        }
        assert_eq!(tones().fill(&mut []), 0);
    }
}
