//! The energy of the input.

use core::num::Wrapping;

use super::band::{Comb, Decimation};
use super::low_pass::{Coefficients, LowPass};
use super::track::WINDOW;
use crate::wire::SampleRate;

/// The energy of the input in the window of a [`Track`](super::track::Track), tones included.
///
/// Energy above 3,400 Hz is left out because no telephone line transmits it. The energy below 250 Hz, such as DC and hum, is
/// measured separately.
#[derive(Clone, Debug)]
pub(super) struct Energy {
    upper_limit: LowPass,
    all: Sum<{ WINDOW + LATE }>,
    decimation: Decimation,
    comb: Comb,
    lower_limit: LowPass,
    lowest: Sum<{ WINDOW + LATE - LOWEST_LATE }>,
}

/// The delay of the tracks' filters in ticks, rounded: 4.75, minus 0.5 because a tick's energy is complete at its end.
const LATE: usize = 4;
/// The delay of the energy below 250 Hz in ticks.
const LOWEST_LATE: usize = 2;

/// Passes DC to 190 Hz within 0.05 dB. At 250 Hz 57 % of the energy passes, at 300 Hz 11 %, from 350 Hz less than 1 %.
const LOWER_LIMIT: Coefficients = [13_380, -37_460, 21_170];

/// Passes DC to 3,320 Hz within 0.4 dB. Less than half of the energy passes at 3,700 Hz, less than 4 % above 4.4 kHz.
fn upper_limit(rate: SampleRate) -> Coefficients {
    match rate {
        SampleRate::Hz8000 => [-17_953, 53_353, 27_789],
        SampleRate::Hz12000 => [-1683, 13_870, 23_322],
        SampleRate::Hz16000 => [5451, -10_297, 23_205],
        SampleRate::Hz24000 => [12_910, -34_132, 24_726],
        SampleRate::Hz32000 => [17_011, -44_874, 26_136],
        SampleRate::Hz44100 => [20_699, -52_618, 27_618],
        SampleRate::Hz48000 => [21_539, -54_116, 27_973],
        SampleRate::Hz96000 => [26_694, -61_226, 30_207],
        SampleRate::Hz192000 => [29_592, -63_772, 31_452],
    }
}

impl Energy {
    // Not inlined: a call writes the result in place, inlined code would build it on the stack and copy it.
    #[inline(never)]
    pub(super) fn new(rate: SampleRate) -> Energy {
        Energy {
            upper_limit: LowPass::new(upper_limit(rate)),
            all: Sum::new(),
            decimation: Decimation::of(rate),
            comb: Comb::default(),
            lower_limit: LowPass::new(LOWER_LIMIT),
            lowest: Sum::new(),
        }
    }

    /// Adds a sample of the input.
    pub(super) fn add(&mut self, sample: i16) {
        self.all.add(square(self.upper_limit.filter(sample)));
        let product = Wrapping(i32::from(sample)) << 15;
        self.comb.add(self.decimation.before_sums(product));
    }

    /// Makes one sample at 2 kHz from the last [`Decimation::factor`] samples of the input.
    pub(super) fn decimate(&mut self) {
        let sample = self.decimation.after_sums(self.comb.take());
        let factor = Wrapping(u64::from(self.decimation.factor()));
        let square = square(self.lower_limit.filter(sample));
        self.lowest.add(square * factor);
    }

    pub(super) fn end_tick(&mut self) {
        self.all.end_tick();
        self.lowest.end_tick();
    }

    /// Returns the sum of the squares up to 3,400 Hz, divided by 2^[`SHIFT`]. Below 2^37.
    pub(super) fn all(&self) -> u64 {
        self.all.sum.0
    }

    /// Returns that sum without the energy below 250 Hz.
    pub(super) fn without_lowest(&self) -> u64 {
        // The two delays differ by a fraction of a tick, so the lowest part can exceed the whole for a moment.
        self.all().saturating_sub(self.lowest.sum.0)
    }
}

/// The binary logarithm of the energies' divisor. Divided by 2^8, the energy of 192 samples fits in 32 bits.
pub(super) const SHIFT: usize = 8;

/// The sum of squares over the oldest [`WINDOW`] of the last `TICKS` ticks, so that it is as late as the tracks.
#[derive(Clone, Debug)]
struct Sum<const TICKS: usize> {
    /// The squares since the end of the last tick.
    since_tick: Wrapping<u64>,
    /// Oldest first.
    ticks: [u32; TICKS],
    sum: Wrapping<u64>,
}

impl<const TICKS: usize> Sum<TICKS> {
    fn new() -> Self {
        Sum {
            since_tick: Wrapping(0),
            ticks: [0; TICKS],
            sum: Wrapping(0),
        }
    }

    fn add(&mut self, square: Wrapping<u64>) {
        self.since_tick += square;
    }

    fn end_tick(&mut self) {
        let oldest = self.ticks.first().copied().unwrap_or(0);
        self.ticks.copy_within(1.., 0);
        if let Some(last) = self.ticks.last_mut() {
            *last = (self.since_tick.0 >> SHIFT).min(u32::MAX.into()) as u32;
        }
        self.since_tick = Wrapping(0);
        let newest = self.ticks.get(WINDOW - 1).copied().unwrap_or(0);
        self.sum += Wrapping(u64::from(newest)) - Wrapping(u64::from(oldest));
    }
}

fn square(value: i32) -> Wrapping<u64> {
    let value = Wrapping(i64::from(value));
    Wrapping((value * value).0 as u64)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;
    use std::vec::Vec;

    use super::*;

    /// Feeds 60 ticks of a function of the seconds.
    fn energy_of(rate: SampleRate, wave: impl Fn(f64) -> f64) -> Energy {
        let mut energy = Energy::new(rate);
        let factor = Decimation::of(rate).factor();
        for place in 0..120 * factor {
            let sample = wave(f64::from(place) / f64::from(rate.hz())).round();
            energy.add(sample as i16);
            if place % factor == factor - 1 {
                energy.decimate();
            }
            if place % (2 * factor) == 2 * factor - 1 {
                energy.end_tick();
            }
        }
        energy
    }

    /// The energies of a sine compared with what its peak gives: all, and without the lowest part.
    fn shares(rate: SampleRate, hertz: f64) -> [f64; 2] {
        let peak = 10_000.0;
        let energy = energy_of(rate, |seconds| peak * (TAU * hertz * seconds).sin());
        let samples = 60.0 * f64::from(Decimation::of(rate).factor());
        let expected = peak * peak / 2.0 * samples / 256.0;
        [energy.all(), energy.without_lowest()].map(|energy| energy as f64 / expected)
    }

    #[test]
    fn telephone_band_counts_and_the_rest_does_not() {
        for &rate in SampleRate::ALL {
            for hertz in [350.0, 440.0, 697.0, 1209.0, 1633.0, 2500.0, 3000.0, 3300.0] {
                let shares = shares(rate, hertz);
                let is_right = |share: &f64| (0.88..1.02).contains(share);
                assert!(
                    shares.iter().all(is_right),
                    "{hertz} Hz at {rate}: {shares:?}"
                );
            }
            for hertz in [50.0, 60.0, 100.0, 120.0, 150.0, 180.0] {
                let [all, without_lowest] = shares(rate, hertz);
                // The window is no whole number of periods.
                assert!((0.9..1.1).contains(&all), "{hertz} Hz at {rate}: {all}");
                assert!(
                    without_lowest < 0.1,
                    "{hertz} Hz at {rate}: {without_lowest}"
                );
            }
            let above: Vec<f64> = [3700.0, 4500.0, 8000.0, 20_000.0]
                .into_iter()
                .filter(|hertz| *hertz < f64::from(rate.hz()) / 2.0)
                .collect();
            for (hertz, most) in above.into_iter().zip([0.46, 0.04, 0.04, 0.04]) {
                let [all, _] = shares(rate, hertz);
                assert!(all < most, "{hertz} Hz at {rate}: {all}");
            }
        }
    }

    #[test]
    fn dc_is_the_lowest_part_to_a_thousandth() {
        for &rate in SampleRate::ALL {
            for level in [-32_768.0, 1000.0, 3276.0] {
                let energy = energy_of(rate, |_| level);
                let (all, rest) = (energy.all(), energy.without_lowest());
                assert!(rest <= all / 500, "{level} at {rate}: {rest} of {all}");
            }
        }
    }

    #[test]
    fn loudest_input_at_the_highest_rate_fits() {
        let square = |seconds: f64| {
            if seconds * 500.0 % 1.0 < 0.5 {
                32_767.0
            } else {
                -32_768.0
            }
        };
        let energy = energy_of(SampleRate::Hz192000, square);
        let whole = 30.0 * 192.0 * 4_194_304.0;
        let share = energy.all() as f64 / whole;
        assert!((0.9..1.0).contains(&share), "{share}");
    }

    #[test]
    fn sum_covers_thirty_ticks_after_its_delay() {
        let mut sum = Sum::<{ WINDOW + LATE }>::new();
        sum.add(Wrapping(25_600));
        for tick in 0..40 {
            sum.end_tick();
            let counts = (4..34).contains(&tick);
            assert_eq!(sum.sum.0, if counts { 100 } else { 0 }, "tick {tick}");
        }
    }
}
