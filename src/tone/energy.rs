//! The energy of the input.

use core::num::Wrapping;

use super::band::{Comb, Decimation};
use super::low_pass::{Coefficients, LowPass};
use super::track::WINDOW;
use crate::wire::SampleRate;

/// The energy of the input between 250 and 3,400 Hz in the ticks of a [`Track`](super::track::Track)'s window, tones included.
///
/// DC and hum below the telephone band say nothing about the sender, and neither does noise above it. The energy is that of the
/// input without its upper part, less that of its lowest part, which a decimated copy measures.
#[derive(Clone, Debug)]
pub(super) struct Energy {
    upper: LowPass,
    /// The sum of the squares since the last tick.
    squares: Wrapping<u64>,
    decimation: Decimation,
    comb: Comb,
    lower: LowPass,
    /// The same of the lowest part, at 2 kHz.
    lower_squares: Wrapping<u64>,
    /// Oldest first. The newest ones are not part of the sum, because the filters of the tracks are late.
    ticks: [i32; WINDOW + LATE],
    sum: Wrapping<i64>,
}

/// The delay of the tracks' filters in ticks: 4.75 to their middle, less the half from the middle of a tick to its end.
const LATE: usize = 4;
/// The delay of the lowest part in ticks.
const LOWER_LATE: usize = 2;
/// The energies are divided by 2^8, so that a tick with 192 samples fits in 31 bits.
const SHIFT: usize = 8;

/// Passes 190 Hz within 0.05 dB, stops 350 Hz by 20 dB at 2 kHz. At 300 Hz a tenth of the energy passes.
const LOWER: Coefficients = [13_380, -37_460, 21_170];

/// Passes 3,320 Hz within 0.4 dB; less than a twentieth of the energy passes above 4.2 kHz.
fn upper(rate: SampleRate) -> Coefficients {
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
    pub(super) fn new(rate: SampleRate) -> Energy {
        Energy {
            upper: LowPass::new(upper(rate)),
            squares: Wrapping(0),
            decimation: Decimation::of(rate),
            comb: Comb::default(),
            lower: LowPass::new(LOWER),
            lower_squares: Wrapping(0),
            ticks: [0; WINDOW + LATE],
            sum: Wrapping(0),
        }
    }

    /// Takes a sample of the input.
    pub(super) fn add(&mut self, sample: i16) {
        self.squares += square(self.upper.filter(sample));
        let product = Wrapping(i32::from(sample)) << 15;
        self.comb.add(self.decimation.before_sums(product));
    }

    /// Takes the sample of the lowest part that ends here.
    pub(super) fn decimate(&mut self) {
        let sample = self.decimation.after_sums(self.comb.take());
        self.lower_squares += square(self.lower.filter(sample));
    }

    pub(super) fn end_tick(&mut self) {
        let [oldest, ..] = self.ticks;
        self.ticks.copy_within(1.., 0);
        let lower = self.lower_squares * Wrapping(self.decimation.factor().into());
        if let Some(last) = self.ticks.last_mut() {
            *last = in_tick(self.squares);
        }
        if let Some(tick) = self.ticks.iter_mut().nth_back(LOWER_LATE) {
            *tick = tick.wrapping_sub(in_tick(lower));
        }
        self.squares = Wrapping(0);
        self.lower_squares = Wrapping(0);
        let newest = self.ticks.get(WINDOW - 1).copied().unwrap_or(0);
        self.sum += Wrapping(i64::from(newest)) - Wrapping(i64::from(oldest));
    }

    /// The sum of the squares in the window, divided by 2^[`SHIFT`]. Below 2^36.
    pub(super) fn sum(&self) -> u64 {
        // The two parts are not late by exactly the same, so the difference can be negative for a moment.
        self.sum.0.max(0) as u64
    }
}

fn square(value: i32) -> Wrapping<u64> {
    let value = Wrapping(i64::from(value));
    Wrapping((value * value).0 as u64)
}

fn in_tick(squares: Wrapping<u64>) -> i32 {
    (squares.0 >> SHIFT).min(i32::MAX as u64) as i32
}
