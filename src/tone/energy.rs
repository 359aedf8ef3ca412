//! How much energy the input has in all.

use core::num::Wrapping;

use super::track::WINDOW;

/// The energy of the input in those ticks that a [`Track`](super::track::Track) looks at, tones and all else.
#[derive(Clone, Debug)]
pub(super) struct Energy {
    in_tick: Wrapping<u32>,
    /// Oldest first. The filters are late, so the newest are not counted yet.
    ticks: [u32; WINDOW + LATE],
    sum: Wrapping<u64>,
}

/// By how many ticks the filters are late: 4.75 of their middle, less the half from the middle of a tick to its end.
const LATE: usize = 4;

impl Energy {
    pub(super) fn new() -> Energy {
        Energy {
            in_tick: Wrapping(0),
            ticks: [0; WINDOW + LATE],
            sum: Wrapping(0),
        }
    }

    /// Takes a sample of the input: 192 in a tick at most, so the sum of the squares has 38 bits, of which the lowest six go.
    pub(super) fn add(&mut self, sample: i16) {
        let sample = Wrapping(i32::from(sample));
        self.in_tick += (sample * sample).0.unsigned_abs() >> 6;
    }

    pub(super) fn end_tick(&mut self) {
        let [oldest, ..] = self.ticks;
        self.ticks.copy_within(1.., 0);
        if let Some(last) = self.ticks.last_mut() {
            *last = self.in_tick.0;
        }
        self.in_tick = Wrapping(0);
        let newest = self.ticks.get(WINDOW - 1).copied().unwrap_or(0);
        self.sum += Wrapping(u64::from(newest)) - Wrapping(u64::from(oldest));
    }

    /// The sum of the squares of all samples, divided by 64. Below 2^38.
    pub(super) fn sum(&self) -> u64 {
        self.sum.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loudest_input_at_the_highest_rate_fits() {
        let mut energy = Energy::new();
        for _ in 0..100 {
            (0..192).for_each(|_| energy.add(i16::MIN));
            energy.end_tick();
        }
        assert_eq!(energy.sum(), 30 * 192 * (1 << 24));
    }

    #[test]
    fn a_tick_is_counted_four_ticks_late_and_for_thirty() {
        let mut energy = Energy::new();
        energy.add(80);
        for tick in 0..40 {
            energy.end_tick();
            let counts = (4..34).contains(&tick);
            assert_eq!(energy.sum(), if counts { 100 } else { 0 }, "tick {tick}");
        }
    }
}
