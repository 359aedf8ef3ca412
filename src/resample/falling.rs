//! From a higher rate to a lower one.

use super::kernel::{Row, TAPS};
use super::position::Position;

/// Adds each sample of the higher rate to the [`TAPS`] samples of the lower rate that it reaches.
#[derive(Clone, Debug)]
pub(super) struct Falling {
    position: Position,
    /// Samples of the lower rate under way, earliest first, in units of 2^`shift` / 2^15.
    sums: [i32; TAPS],
    /// By how many bits products are shifted so that the sums stay in 31 bits.
    shift: u32,
    /// What a sum becomes a sample by: 2^35 is 1.
    gain: i32,
}

impl Falling {
    /// The rates are in hundreds of hertz.
    pub(super) const fn new(from: u32, to: u32) -> Falling {
        // The magnitudes of the taps that reach a sample add up to less than 2.4 times the ratio of the rates.
        let magnitudes = from.wrapping_mul(12).checked_div(to.wrapping_mul(5));
        let shift = match magnitudes {
            Some(magnitudes @ 1..) => magnitudes.ilog2(),
            _ => 0,
        };
        // The rate is below 2^11.
        let gain = match to.wrapping_shl(20).checked_div(from) {
            Some(gain) => gain.wrapping_shl(shift) as i32,
            None => 0,
        };
        Falling {
            position: Position::new(to, from, 0),
            sums: [0; TAPS],
            shift,
            gain,
        }
    }

    /// A sample of the lower rate is whole when the input passes the end of its filter.
    pub(super) const fn delay() -> usize {
        TAPS / 2 - 1
    }

    pub(super) fn take(&mut self, sample: i16) -> Option<i16> {
        let mut room = None;
        let row = Row::at(&self.position, &mut room);
        if row.is_mirrored {
            self.add(sample, row.taps.iter().rev());
        } else {
            self.add(sample, row.taps.iter());
        }
        if !self.position.advance() {
            return None;
        }
        let [whole, ..] = self.sums;
        self.sums.copy_within(1.., 0);
        if let Some(last) = self.sums.last_mut() {
            *last = 0;
        }
        let scaled = i64::from(whole).wrapping_mul(i64::from(self.gain));
        let rounded = scaled.wrapping_add(1 << 34) >> 35;
        Some(rounded.clamp(i16::MIN.into(), i16::MAX.into()) as i16)
    }

    fn add<'t>(&mut self, sample: i16, taps: impl Iterator<Item = &'t i16>) {
        for (sum, tap) in self.sums.iter_mut().zip(taps) {
            let product = i32::from(sample).wrapping_mul(i32::from(*tap));
            *sum = sum.wrapping_add(product.wrapping_shr(self.shift));
        }
    }
}
