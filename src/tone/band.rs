//! One group of frequencies, moved to zero and filtered.

use core::num::Wrapping;

use super::complex::Complex;
use super::group::{Group, Taps};
use super::sine::{cosine, phase_step, sine};
use crate::wire::SampleRate;

/// A mixer and a filter for one group of frequencies.
///
/// It moves the centre of the group to zero, so that the group's tones are below a few hundred hertz, and filters them at 2 kHz.
#[derive(Clone, Debug)]
pub(super) struct Band {
    decimation: Decimation,
    phase: Wrapping<u32>,
    /// The phase advance for each sample: negative, to move the centre of the group to zero.
    step: Wrapping<u32>,
    real: Comb,
    imaginary: Comb,
    /// The samples under the filter, oldest first.
    recent: [Complex; TAPS],
    taps: &'static Taps,
}

/// The length of the filter. [`Taps`] has half of it.
const TAPS: usize = 17;

impl Band {
    pub(super) fn new(group: &'static Group, rate: SampleRate) -> Band {
        Band {
            decimation: Decimation::of(rate),
            phase: Wrapping(0),
            step: Wrapping(0) - phase_step(group.centre, rate),
            real: Comb::default(),
            imaginary: Comb::default(),
            recent: [Complex::default(); TAPS],
            taps: &group.taps,
        }
    }

    /// Mixes one sample of the input.
    pub(super) fn mix(&mut self, sample: i16) {
        let sample = Wrapping(i32::from(sample));
        let product = |wave: i32| self.decimation.before_sums(sample * Wrapping(wave));
        self.real.add(product(cosine(self.phase)));
        self.imaginary.add(product(sine(self.phase)));
        self.phase += self.step;
    }

    /// Makes one sample at 2 kHz from the last [`Decimation::factor`] samples of the input.
    pub(super) fn decimate(&mut self) {
        let newest = Complex {
            real: self.decimation.after_sums(self.real.take()),
            imaginary: self.decimation.after_sums(self.imaginary.take()),
        };
        self.recent.copy_within(1.., 0);
        if let Some(last) = self.recent.last_mut() {
            *last = newest;
        }
    }

    /// Returns the output of the filter, `TAPS / 2` samples at 2 kHz late. A tone has half of its amplitude there.
    pub(super) fn filtered(&self) -> Complex {
        let middle = self.recent.get(TAPS / 2).copied().unwrap_or_default();
        let [tap, taps @ ..] = self.taps;
        let (mut real, mut imaginary) =
            (middle.real() * wide(*tap), middle.imaginary() * wide(*tap));
        let (before, after) = (self.recent.iter(), self.recent.iter().rev());
        // The magnitudes of the taps add up to less than 2^15, so the sums stay within 31 bits.
        for ((tap, before), after) in taps.iter().rev().zip(before).zip(after) {
            real += (before.real() + after.real()) * wide(*tap);
            imaginary += (before.imaginary() + after.imaginary()) * wide(*tap);
        }
        Complex {
            real: narrowed(rounded_shift(real, 14)),
            imaginary: narrowed(rounded_shift(imaginary, 14)),
        }
    }
}

/// Returns how many input samples make one sample at 2 kHz; at 2,004.5 Hz for 44.1 kHz.
pub(super) fn decimation_factor(rate: SampleRate) -> u32 {
    Decimation::of(rate).factor
}

/// The decimation of the input to about 2 kHz.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decimation {
    factor: u32,
    shift: usize,
    gain: i32,
}

impl Decimation {
    pub(super) const fn of(rate: SampleRate) -> Decimation {
        match rate {
            SampleRate::Hz8000 => const { Decimation::by(4) },
            SampleRate::Hz12000 => const { Decimation::by(6) },
            SampleRate::Hz16000 => const { Decimation::by(8) },
            SampleRate::Hz24000 => const { Decimation::by(12) },
            SampleRate::Hz32000 => const { Decimation::by(16) },
            SampleRate::Hz44100 => const { Decimation::by(22) },
            SampleRate::Hz48000 => const { Decimation::by(24) },
            SampleRate::Hz96000 => const { Decimation::by(48) },
            SampleRate::Hz192000 => const { Decimation::by(96) },
        }
    }

    #[expect(
        clippy::arithmetic_side_effects,
        reason = "the compiler evaluates it, and rejects an overflow"
    )]
    const fn by(factor: u64) -> Decimation {
        // The gain of the comb.
        let sums = factor * factor * factor;
        // The product of a sample and a sine has 30 bits and a sign. After this shift its sums have 31.
        let shift = sums.next_power_of_two().ilog2() - 1;
        Decimation {
            factor: factor as u32,
            shift: shift as usize,
            gain: ((1 << (shift + 15)) / sums) as i32,
        }
    }

    /// Returns how many input samples make one sample at 2 kHz.
    pub(super) fn factor(self) -> u32 {
        self.factor
    }

    pub(super) fn before_sums(self, product: Wrapping<i32>) -> Wrapping<i32> {
        rounded_shift(product, self.shift)
    }

    pub(super) fn after_sums(self, sums: Wrapping<i32>) -> i16 {
        narrowed(rounded_shift((sums >> 15) * Wrapping(self.gain), 15))
    }
}

/// A decimating comb filter of the third order (E. Hogenauer, 1981).
///
/// It sums the input three times and takes three differences of the sums. An overflow of a sum cancels in the differences.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Comb {
    sums: [Wrapping<i32>; 3],
    last: [Wrapping<i32>; 3],
}

impl Comb {
    pub(super) fn add(&mut self, value: Wrapping<i32>) {
        let mut value = value;
        for sum in &mut self.sums {
            *sum += value;
            value = *sum;
        }
    }

    pub(super) fn take(&mut self) -> Wrapping<i32> {
        let [_, _, mut value] = self.sums;
        for last in &mut self.last {
            let difference = value - *last;
            *last = value;
            value = difference;
        }
        value
    }
}

fn wide(tap: i16) -> Wrapping<i32> {
    Wrapping(tap.into())
}

fn rounded_shift(value: Wrapping<i32>, bits: usize) -> Wrapping<i32> {
    let half = Wrapping(1_i32) << bits.wrapping_sub(1);
    (value + half) >> bits
}

fn narrowed(value: Wrapping<i32>) -> i16 {
    value.0.clamp(i16::MIN.into(), i16::MAX.into()) as i16
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::super::group::{HIGH, LOW};
    use super::*;

    /// The greatest magnitude of the output for a sine with a peak of 10,000, once it is steady.
    fn answer(group: &'static Group, rate: SampleRate, hertz: f64) -> f64 {
        let mut band = Band::new(group, rate);
        let factor = decimation_factor(rate) as usize;
        let mut greatest = 0.0_f64;
        for place in 0..factor * 60 {
            let angle = TAU * hertz * place as f64 / f64::from(rate.hz());
            band.mix((10_000.0 * angle.sin()).round() as i16);
            if place % factor == factor - 1 {
                band.decimate();
                if place > factor * 20 {
                    greatest = greatest.max((band.filtered().power() as f64).sqrt());
                }
            }
        }
        greatest
    }

    #[test]
    fn band_halves_its_group_and_stops_the_other() {
        for &rate in SampleRate::ALL {
            for (group, other) in [(&LOW, &HIGH), (&HIGH, &LOW)] {
                for off in [-0.025, -0.015, 0.0, 0.015, 0.025] {
                    for hertz in group.hertz {
                        let hertz = f64::from(hertz) * (1.0 + off);
                        let decibels = 20.0 * (answer(group, rate, hertz) / 5000.0).log10();
                        assert!(decibels.abs() < 0.4, "{hertz} Hz at {rate}: {decibels} dB");
                    }
                    for hertz in other.hertz {
                        let hertz = f64::from(hertz) * (1.0 + off);
                        let decibels = 20.0 * (answer(group, rate, hertz) / 5000.0).log10();
                        assert!(decibels < -38.0, "{hertz} Hz at {rate}: {decibels} dB");
                    }
                }
            }
        }
    }

    #[test]
    fn decimation_stops_all_higher_frequencies() {
        for &rate in SampleRate::ALL {
            for hertz in (2200..rate.hz() / 2).step_by(if rate.hz() > 48_000 { 1130 } else { 170 })
            {
                for group in [&LOW, &HIGH] {
                    let decibels = 20.0 * (answer(group, rate, hertz.into()) / 5000.0).log10();
                    assert!(decibels < -38.0, "{hertz} Hz at {rate}: {decibels} dB");
                }
            }
        }
    }

    #[test]
    fn loudest_input_stays_within_16_bits() {
        for &rate in SampleRate::ALL {
            for group in [&LOW, &HIGH] {
                let factor = decimation_factor(rate);
                let mut band = Band::new(group, rate);
                let mut greatest = 0;
                for place in 0..factor * 100 {
                    // No input has more power in the group than a square wave in phase with the mixer.
                    let is_up = cosine(band.phase) >= 0;
                    band.mix(if is_up { i16::MAX } else { i16::MIN });
                    if place % factor == factor - 1 {
                        band.decimate();
                        greatest = greatest.max(band.filtered().power());
                    }
                }
                // 2 / pi of full scale.
                let magnitude = (greatest as f64).sqrt();
                assert!(
                    (19_500.0..23_500.0).contains(&magnitude),
                    "{magnitude} at {rate}"
                );
            }
        }
    }
}
